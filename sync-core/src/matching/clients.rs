//! Clients of HIT and clients of Halo.

use super::names::{client_name_key, domain_key, is_freemail};
use crate::catalogue::Catalogue;
use crate::ids::{HaloClientId, HitClientId, Side};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// Why a client can not be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ineligible {
    /// Inactive in Halo.
    Inactive,
    /// "Stopped" in Halo: no work may be booked.
    Stopped,
    /// Archived in HIT.
    Archived,
    /// Halo's stand-in for "no client" (id 1).
    Unassigned,
    /// It is not among the clients that were read.
    Vanished,
}

/// A client of one side, as far as matching needs it. `I` is its id, `O` the id of the other side's clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRow<I, O> {
    /// Its id.
    pub id: I,
    /// Its name.
    pub name: Box<str>,
    /// Domains, addresses or e-mail addresses it is known by.
    pub domains: Vec<Box<str>>,
    /// Clients of the other side that a stored id on this row names.
    pub stored: Vec<O>,
    /// Why it can not be linked, if so.
    pub ineligible: Option<Ineligible>,
}

/// A link that was made explicitly or confirmed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct KnownLink<H, T> {
    /// The Halo client.
    pub halo: H,
    /// The HIT client.
    pub hit: T,
}

/// The kind of evidence, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// A person said so, or confirmed it.
    Explicit,
    /// One of the systems stores the other's id.
    Stored,
    /// The same registrable domain. A suggestion.
    Domain,
    /// The same name. A suggestion.
    Name,
}

/// Two clients that belong together, or may.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct MatchedClients<H, T> {
    /// The Halo client.
    pub halo: H,
    /// The HIT client.
    pub hit: T,
    /// The evidence.
    pub tier: Tier,
}

/// Something a person has to look at. `halo` and `hit` list ids in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientIssue<H, T> {
    /// Several clients fit each other equally well.
    Ambiguous {
        /// The evidence they share.
        tier: Tier,
        /// The candidates in Halo.
        halo: Vec<H>,
        /// The candidates in HIT.
        hit: Vec<T>,
    },
    /// Weak evidence says that they belong together and stronger evidence says that they do not.
    Contradiction {
        /// The weaker evidence, which was not followed.
        tier: Tier,
        /// The Halo client.
        halo: H,
        /// The HIT client.
        hit: T,
    },
    /// A link that was decided can not be used now. It is kept: its records are suspended.
    Suspended {
        /// The Halo client.
        halo: H,
        /// The HIT client.
        hit: T,
        /// The side that is at fault.
        side: Side,
        /// What is wrong there.
        reason: Ineligible,
    },
}

/// What belongs together, what may, and what a person has to look at. All lists are sorted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClientMatches<H, T> {
    /// Decided by an explicit link or a stored id.
    pub linked: Vec<MatchedClients<H, T>>,
    /// Looks alike; to be confirmed by a person.
    pub suggested: Vec<MatchedClients<H, T>>,
    /// To be looked at.
    pub issues: Vec<ClientIssue<H, T>>,
    /// Eligible Halo clients without link, suggestion or issue.
    pub unmatched_halo: Vec<H>,
    /// Eligible HIT clients without link, suggestion or issue.
    pub unmatched_hit: Vec<T>,
}

/// Matches the clients of both sides.
///
/// `known` are explicit and confirmed links; `own_domains` are the managed service provider's own domains, which
/// say nothing about a client. Rows that repeat an id are read once.
#[must_use]
pub fn match_clients<H: Ord + Clone, T: Ord + Clone>(
    halo: &[ClientRow<H, T>],
    hit: &[ClientRow<T, H>],
    known: &[KnownLink<H, T>],
    own_domains: &[&str],
) -> ClientMatches<H, T> {
    let own: BTreeSet<String> = own_domains.iter().filter_map(|domain| domain_key(domain)).collect();
    let mut work = Matcher {
        halo: Table::new(halo, &own),
        hit: Table::new(hit, &own),
        linked: Vec::new(),
        suggested: Vec::new(),
        issues: BTreeSet::new(),
    };
    work.explicit(known);
    work.stored();
    let mut open = BTreeSet::new();
    work.similar(Tier::Domain, &mut open);
    work.similar(Tier::Name, &mut open);
    work.finish(open)
}

/// One side's clients, with what was decided about each.
struct Table<I, O> {
    rows: BTreeMap<I, Entry<O>>,
}

struct Entry<O> {
    name: String,
    domains: BTreeSet<String>,
    stored: BTreeSet<O>,
    ineligible: Option<Ineligible>,
    /// Decided, suggested, or waiting for a person: weaker evidence is no longer asked.
    taken: bool,
}

impl<I: Ord + Clone, O: Ord + Clone> Table<I, O> {
    fn new(rows: &[ClientRow<I, O>], own: &BTreeSet<String>) -> Self {
        let mut table: BTreeMap<I, Entry<O>> = BTreeMap::new();
        for row in rows {
            let domains = row
                .domains
                .iter()
                .filter_map(|domain| domain_key(domain))
                .filter(|d| !is_freemail(d) && !own.contains(d));
            let entry = Entry {
                name: client_name_key(&row.name),
                domains: domains.collect(),
                stored: row.stored.iter().cloned().collect(),
                ineligible: row.ineligible,
                taken: false,
            };
            // Of rows that repeat an id, the greatest stays, so that the order does not matter.
            match table.get_mut(&row.id) {
                Some(old) if old.sort_key() >= entry.sort_key() => {}
                _ => {
                    table.insert(row.id.clone(), entry);
                }
            }
        }
        Self { rows: table }
    }

    fn fault(&self, id: &I) -> Option<Ineligible> {
        self.rows.get(id).map_or(Some(Ineligible::Vanished), |entry| entry.ineligible)
    }

    fn take(&mut self, id: &I) {
        if let Some(entry) = self.rows.get_mut(id) {
            entry.taken = true;
        }
    }

    fn is_taken(&self, id: &I) -> bool {
        self.rows.get(id).is_some_and(|entry| entry.taken)
    }

    fn is_free(&self, id: &I) -> bool {
        self.rows.get(id).is_some_and(|entry| entry.ineligible.is_none() && !entry.taken)
    }

    /// All eligible clients, taken or not, by a key. A taken namesake still makes a name ambiguous.
    fn by_key(&self, tier: Tier) -> BTreeMap<String, BTreeSet<I>> {
        let mut keys: BTreeMap<String, BTreeSet<I>> = BTreeMap::new();
        for (id, entry) in self.rows.iter().filter(|(_, entry)| entry.ineligible.is_none()) {
            let own: &mut dyn Iterator<Item = &String> = match tier {
                Tier::Domain => &mut entry.domains.iter(),
                _ => &mut core::iter::once(&entry.name).filter(|name| !name.is_empty()),
            };
            for key in own {
                keys.entry(key.clone()).or_default().insert(id.clone());
            }
        }
        keys
    }
}

impl<O: Ord> Entry<O> {
    fn sort_key(&self) -> (Option<Ineligible>, &str, &BTreeSet<String>, &BTreeSet<O>) {
        (self.ineligible, &self.name, &self.domains, &self.stored)
    }
}

/// Similar clients of one key that nothing stronger has told apart.
type OpenGroup<H, T> = (Tier, Vec<H>, Vec<T>);

struct Matcher<H, T> {
    halo: Table<H, T>,
    hit: Table<T, H>,
    linked: Vec<MatchedClients<H, T>>,
    suggested: Vec<MatchedClients<H, T>>,
    issues: BTreeSet<ClientIssue<H, T>>,
}

impl<H: Ord + Clone, T: Ord + Clone> Matcher<H, T> {
    fn explicit(&mut self, known: &[KnownLink<H, T>]) {
        let edges = known.iter().map(|link| (link.halo.clone(), link.hit.clone())).collect();
        self.decide(edges, Tier::Explicit);
    }

    fn stored(&mut self) {
        let mut edges: BTreeSet<(H, T)> = BTreeSet::new();
        for (id, entry) in &self.halo.rows {
            edges.extend(entry.stored.iter().map(|other| (id.clone(), other.clone())));
        }
        for (id, entry) in &self.hit.rows {
            edges.extend(entry.stored.iter().map(|other| (other.clone(), id.clone())));
        }
        // Stored ids that repeat what was decided are no news; those that contradict it are.
        let decided: BTreeSet<(H, T)> =
            self.linked.iter().map(|link| (link.halo.clone(), link.hit.clone())).collect();
        let suspended: BTreeSet<(H, T)> = self
            .issues
            .iter()
            .filter_map(|issue| match issue {
                ClientIssue::Suspended { halo, hit, .. } => Some((halo.clone(), hit.clone())),
                _ => None,
            })
            .collect();
        edges.retain(|edge| !decided.contains(edge) && !suspended.contains(edge));
        self.decide(edges, Tier::Stored);
    }

    /// Links edges that are unique on both sides; the rest is for a person. All ends are taken either way: whoever
    /// is named by an id is not matched by looks.
    fn decide(&mut self, edges: BTreeSet<(H, T)>, tier: Tier) {
        let mut by_halo: BTreeMap<&H, BTreeSet<&T>> = BTreeMap::new();
        let mut by_hit: BTreeMap<&T, BTreeSet<&H>> = BTreeMap::new();
        for (halo, hit) in &edges {
            by_halo.entry(halo).or_default().insert(hit);
            by_hit.entry(hit).or_default().insert(halo);
        }
        let taken_before: BTreeSet<&(H, T)> =
            edges.iter().filter(|(halo, hit)| self.halo.is_taken(halo) || self.hit.is_taken(hit)).collect();
        for edge @ (halo, hit) in &edges {
            self.halo.take(halo);
            self.hit.take(hit);
            let (hits, halos) = (&by_halo[halo], &by_hit[hit]);
            if taken_before.contains(edge) {
                self.issues.insert(ClientIssue::Contradiction { tier, halo: halo.clone(), hit: hit.clone() });
                continue;
            }
            if hits.len() > 1 || halos.len() > 1 {
                self.issues.insert(ClientIssue::Ambiguous {
                    tier,
                    halo: halos.iter().map(|id| (*id).clone()).collect(),
                    hit: hits.iter().map(|id| (*id).clone()).collect(),
                });
                continue;
            }
            let mut usable = true;
            for (side, fault) in [(Side::Halo, self.halo.fault(halo)), (Side::Hit, self.hit.fault(hit))] {
                if let Some(reason) = fault {
                    usable = false;
                    self.issues.insert(ClientIssue::Suspended {
                        halo: halo.clone(),
                        hit: hit.clone(),
                        side,
                        reason,
                    });
                }
            }
            if usable {
                self.linked.push(MatchedClients { halo: halo.clone(), hit: hit.clone(), tier });
            }
        }
    }

    fn similar(&mut self, tier: Tier, open: &mut BTreeSet<OpenGroup<H, T>>) {
        let hits_by_key = self.hit.by_key(tier);
        let mut pairs: BTreeSet<(H, T)> = BTreeSet::new();
        for (key, halos) in self.halo.by_key(tier) {
            let Some(hits) = hits_by_key.get(&key) else { continue };
            let free_halos: Vec<H> = halos.iter().filter(|id| self.halo.is_free(id)).cloned().collect();
            let free_hits: Vec<T> = hits.iter().filter(|id| self.hit.is_free(id)).cloned().collect();
            match (halos.len(), hits.len()) {
                _ if free_halos.is_empty() || free_hits.is_empty() => {}
                (1, 1) => {
                    pairs.extend(free_halos.into_iter().zip(free_hits));
                }
                _ => {
                    open.insert((tier, free_halos, free_hits));
                }
            }
        }
        // A client of two domains may have found two partners: that is one case for a person.
        let mut by_halo: BTreeMap<&H, Vec<&T>> = BTreeMap::new();
        let mut by_hit: BTreeMap<&T, Vec<&H>> = BTreeMap::new();
        for (halo, hit) in &pairs {
            by_halo.entry(halo).or_default().push(hit);
            by_hit.entry(hit).or_default().push(halo);
        }
        let mut found = Vec::new();
        for (halo, hit) in &pairs {
            let (hits, halos) = (&by_halo[halo], &by_hit[hit]);
            if hits.len() > 1 || halos.len() > 1 {
                self.issues.insert(ClientIssue::Ambiguous {
                    tier,
                    halo: halos.iter().map(|id| (*id).clone()).collect(),
                    hit: hits.iter().map(|id| (*id).clone()).collect(),
                });
                found.push((halo.clone(), hit.clone(), false));
            } else if tier == Tier::Name && self.domains_differ(halo, hit) {
                self.issues.insert(ClientIssue::Contradiction { tier, halo: halo.clone(), hit: hit.clone() });
                found.push((halo.clone(), hit.clone(), false));
            } else {
                found.push((halo.clone(), hit.clone(), true));
            }
        }
        for (halo, hit, good) in found {
            self.halo.take(&halo);
            self.hit.take(&hit);
            if good {
                self.suggested.push(MatchedClients { halo, hit, tier });
            }
        }
    }

    /// Whether both have domains and share none.
    fn domains_differ(&self, halo: &H, hit: &T) -> bool {
        let (Some(halo), Some(hit)) = (self.halo.rows.get(halo), self.hit.rows.get(hit)) else {
            return false;
        };
        !halo.domains.is_empty() && !hit.domains.is_empty() && halo.domains.is_disjoint(&hit.domains)
    }

    fn finish(mut self, open: BTreeSet<OpenGroup<H, T>>) -> ClientMatches<H, T> {
        // A group is reported as far as no weaker tier has told its members apart.
        for (tier, halo, hit) in open {
            let halo: Vec<H> = halo.into_iter().filter(|id| self.halo.is_free(id)).collect();
            let hit: Vec<T> = hit.into_iter().filter(|id| self.hit.is_free(id)).collect();
            if !halo.is_empty() && !hit.is_empty() {
                self.issues.insert(ClientIssue::Ambiguous { tier, halo, hit });
            }
        }
        for issue in &self.issues {
            if let ClientIssue::Ambiguous { halo, hit, .. } = issue {
                halo.iter().for_each(|id| self.halo.take(id));
                hit.iter().for_each(|id| self.hit.take(id));
            }
        }
        self.linked.sort();
        self.suggested.sort();
        let unmatched_halo = self.halo.rows.keys().filter(|id| self.halo.is_free(id)).cloned().collect();
        let unmatched_hit = self.hit.rows.keys().filter(|id| self.hit.is_free(id)).cloned().collect();
        ClientMatches {
            linked: self.linked,
            suggested: self.suggested,
            issues: self.issues.into_iter().collect(),
            unmatched_halo,
            unmatched_hit,
        }
    }
}

/// Halo's clients as rows for [`match_clients`]. A third-party id counts if it is the id of a HIT client that was
/// read: other systems store theirs in the same place.
#[must_use]
pub fn halo_client_rows(catalogue: &Catalogue) -> Vec<ClientRow<HaloClientId, HitClientId>> {
    let row = |(id, client): (&HaloClientId, &crate::catalogue::HaloClient)| ClientRow {
        id: *id,
        name: client.name.clone(),
        domains: client.domains.clone(),
        stored: client
            .third_party_ids
            .iter()
            .map(|text| HitClientId::new(text.clone()))
            .filter(|id| catalogue.hit_clients.contains_key(id))
            .collect(),
        ineligible: if *id == HaloClientId::UNASSIGNED {
            Some(Ineligible::Unassigned)
        } else if client.inactive {
            Some(Ineligible::Inactive)
        } else if client.stopped {
            Some(Ineligible::Stopped)
        } else {
            None
        },
    };
    catalogue.halo_clients.iter().map(row).collect()
}

/// HIT's clients as rows for [`match_clients`].
#[must_use]
pub fn hit_client_rows(catalogue: &Catalogue) -> Vec<ClientRow<HitClientId, HaloClientId>> {
    let row = |(id, client): (&HitClientId, &crate::catalogue::HitClient)| ClientRow {
        id: id.clone(),
        name: client.name.clone(),
        domains: client.domain.iter().cloned().collect(),
        stored: Vec::new(),
        ineligible: client.archived.then_some(Ineligible::Archived),
    };
    catalogue.hit_clients.iter().map(row).collect()
}
