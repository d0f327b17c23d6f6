//! Which client, which person, which record is which: what is decided, and what a person must answer.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::base::{Link, LinkState};
use sync_core::catalogue::{Catalogue, Directory, StatusClass};
use sync_core::decision::{Candidates, Decisions, PairingAnswer};
use sync_core::ids::{AgentId, HaloClientId, HitClientId, ItemId, Kind, MemberId, TicketId};
use sync_core::matching::{
    Candidate, ClientIssue, ClientMatches, KnownLink, PeopleMatches, Tier, agent_rows, halo_client_rows,
    hit_client_rows, match_clients, match_people, member_rows, suggest_pairs,
};
use sync_core::record::{HitItem, Snapshot};
use sync_core::settings::Settings;
use sync_core::value::Value;

use crate::storage::{ClientQuestion, Named};

/// How clients and people were matched.
#[derive(Clone, Debug)]
pub struct Matches {
    /// Clients.
    pub clients: ClientMatches<HaloClientId, HitClientId>,
    /// People.
    pub people: PeopleMatches<MemberId, AgentId>,
}

impl Matches {
    /// Matches by what a person has said, by stored ids and, for people, by e-mail address. Names and domains only
    /// suggest.
    #[must_use]
    pub fn find(catalogue: &Catalogue, settings: &Settings, stored: &[(HitClientId, HaloClientId)]) -> Self {
        let known: Vec<_> = settings
            .project
            .clients
            .iter()
            .map(|(hit, halo)| KnownLink { halo: *halo, hit: hit.clone() })
            .collect();
        let mut hit = hit_client_rows(catalogue);
        for row in &mut hit {
            row.stored.extend(stored.iter().filter(|(id, _)| *id == row.id).map(|(_, halo)| *halo));
        }
        Self {
            clients: match_clients(&halo_client_rows(catalogue), &hit, &known, &[]),
            people: match_people(&member_rows(catalogue), &agent_rows(catalogue), &settings.project.people),
        }
    }

    /// What is decided. A link that a person has made stays although the client cannot be used now: the planner says
    /// why nothing is written for it.
    #[must_use]
    pub fn directory(&self, settings: &Settings) -> Directory {
        let mut clients: BTreeMap<_, _> =
            self.clients.linked.iter().map(|pair| (pair.hit.clone(), pair.halo)).collect();
        clients.extend(settings.project.clients.iter().map(|(hit, halo)| (hit.clone(), *halo)));
        for issue in &self.clients.issues {
            if let ClientIssue::Suspended { halo, hit, .. } = issue {
                clients.insert(hit.clone(), *halo);
            }
        }
        let people = self.people.matched.iter().map(|pair| (pair.hit.clone(), pair.halo)).collect();
        Directory { clients, people }
    }

    /// The HIT clients that are linked to nothing, with what they could be. Only clients in `wanted` are asked about.
    #[must_use]
    pub fn questions(
        &self,
        catalogue: &Catalogue,
        wanted: impl Fn(&HitClientId) -> bool,
    ) -> Vec<ClientQuestion> {
        let hit = |id: &HitClientId| Named {
            id: id.clone(),
            name: catalogue.hit_clients.get(id).map(|client| client.name.to_string()).unwrap_or_default(),
        };
        let halo = |id: &HaloClientId| Named {
            id: *id,
            name: catalogue.halo_clients.get(id).map(|client| client.name.to_string()).unwrap_or_default(),
        };
        let mut questions: BTreeMap<HitClientId, ClientQuestion> = BTreeMap::new();
        for pair in &self.clients.suggested {
            questions.insert(
                pair.hit.clone(),
                ClientQuestion {
                    client: hit(&pair.hit),
                    candidates: vec![halo(&pair.halo)],
                    suggestion: Some(pair.halo),
                    reason: format!(
                        "the same {} on both sides, and no other client has it",
                        evidence(pair.tier)
                    ),
                },
            );
        }
        for issue in &self.clients.issues {
            match issue {
                ClientIssue::Ambiguous { tier, halo: halos, hit: hits } => {
                    for id in hits {
                        let question = ClientQuestion {
                            client: hit(id),
                            candidates: halos.iter().map(halo).collect(),
                            suggestion: None,
                            reason: format!(
                                "several clients share the same {}; only a person can tell",
                                evidence(*tier)
                            ),
                        };
                        questions.insert(id.clone(), question);
                    }
                }
                ClientIssue::Contradiction { tier, halo: other, hit: id } => {
                    let question = ClientQuestion {
                        client: hit(id),
                        candidates: vec![halo(other)],
                        suggestion: None,
                        reason: format!(
                            "the same {}, but stronger evidence speaks against it",
                            evidence(*tier)
                        ),
                    };
                    questions.entry(id.clone()).or_insert(question);
                }
                ClientIssue::Suspended { .. } => {}
            }
        }
        for id in &self.clients.unmatched_hit {
            let question = ClientQuestion {
                client: hit(id),
                candidates: Vec::new(),
                suggestion: None,
                reason: "no Halo client has its name or domain".to_owned(),
            };
            questions.insert(id.clone(), question);
        }
        questions.into_values().filter(|question| wanted(&question.client.id)).collect()
    }
}

const fn evidence(tier: Tier) -> &'static str {
    match tier {
        Tier::Explicit => "decision",
        Tier::Stored => "stored id",
        Tier::Domain => "domain",
        Tier::Name => "name",
    }
}

/// Unlinked items and tickets that look like each other. A create waits while its item has one.
#[must_use]
pub(super) fn candidates(
    snapshot: &Snapshot,
    links: &[Link],
    directory: &Directory,
    catalogue: &Catalogue,
    settings: &Settings,
    decisions: &Decisions,
) -> Candidates {
    // One whose link has ended is left alone; one that a person no longer leaves alone is asked about again.
    let taken = |link: &&Link| link.leading().is_some() || link.state == LinkState::Ended;
    let linked_items: BTreeSet<&ItemId> = links.iter().filter(taken).map(|link| &link.item).collect();
    let linked_tickets: BTreeSet<TicketId> =
        links.iter().flat_map(|link| link.opportunity.into_iter().chain(link.project)).collect();
    let items: Vec<Candidate<'_, ItemId>> = snapshot
        .items
        .iter()
        .filter(|item| !item.archived && !linked_items.contains(&item.id))
        .filter(|item| settings.sync.scope.contains(&item.client))
        .filter(|item| {
            !matches!(decisions.pairings.get(&item.id), Some(PairingAnswer::Ignore | PairingAnswer::Create))
        })
        .filter_map(|item| {
            let client = *directory.clients.get(&item.client)?;
            let kind = kind_of(item, catalogue, settings)?;
            Some(Candidate { id: item.id.clone(), client, kind, name: name(item.fields.get(NAME).value())? })
        })
        .collect();
    let tickets: Vec<Candidate<'_, TicketId>> = snapshot
        .tickets
        .iter()
        .filter(|ticket| !linked_tickets.contains(&ticket.id))
        .filter(|ticket| !ticket.is_task && !ticket.is_probe && !ticket.closed && !ticket.deleted)
        .filter(|ticket| ticket.merged_into.is_none() && ticket.marker.is_none())
        .filter(|ticket| settings.followed_kind(ticket.ticket_type).is_some())
        .filter_map(|ticket| {
            let name = name(ticket.fields.get(NAME).value())?;
            Some(Candidate { id: ticket.id, client: ticket.client, kind: ticket.kind?, name })
        })
        .collect();
    suggest_pairs(&items, &tickets).into()
}

const NAME: sync_core::field::FieldId = sync_core::field::FieldId::Name;

/// What an unlinked item would become: by the create rule of its status, else by the status' class.
fn kind_of(item: &HitItem, catalogue: &Catalogue, settings: &Settings) -> Option<Kind> {
    let status = item.status()?;
    if let Some(kind) = settings.create_rule(&status).and_then(|rule| rule.kind()) {
        return Some(kind);
    }
    match catalogue.hit_statuses.get(&status)?.class {
        StatusClass::Opportunity => Some(Kind::Opportunity),
        StatusClass::Project => Some(Kind::Project),
        StatusClass::Other => None,
    }
}

fn name(value: Option<&Value>) -> Option<&str> {
    match value {
        Some(Value::Text(name)) => Some(name),
        _ => None,
    }
}
