//! Gathering evidence that a record is gone. Absence alone proves nothing: rights, filters and broken pages hide
//! records too.

use crate::base::{Evidence, Link};
use crate::exec::RecordKey;
use crate::guard::{self, Guard};
use crate::hash::Hash128;
use crate::ids::{HaloClientId, HitClientId, ItemId, Kind, Side, TicketId};
use crate::record::{Coverage, Snapshot};
use crate::stamp::Stamp;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// The evidence of one link: about the ticket of a kind, or (no kind) about the item.
pub type Gathered = Vec<(Option<Kind>, Evidence)>;

/// What a read adds to, or takes from, the evidence of every link: the links whose evidence changed, with all of it.
/// Store it with the link ([`Link::gone`]) in one transaction, before planning.
///
/// * A record that was read withdraws everything that was held against it.
/// * A record in `not_found` (a direct read answered "no such record") is gone if a *canary* was seen: another record
///   of the same client on the same side.
/// * A record that a complete read lacks is counted as absent once more, again only beside a canary. A read of
///   another scope or filter starts the count anew, and so does a clock that has gone back. A read that lacks much of
///   what is linked on its side counts for nothing: it is the read that is broken.
/// * Anything else leaves the evidence as it is.
///
/// `ended` is when the read ended, by our clock.
#[must_use]
pub fn gather<'a>(
    links: impl IntoIterator<Item = &'a Link>,
    snapshot: &Snapshot,
    not_found: &BTreeSet<RecordKey>,
    ended: Stamp,
) -> Vec<(ItemId, Gathered)> {
    // Of a link that has ended nothing is missed.
    let links: Vec<&Link> = links.into_iter().filter(|link| link.leading().is_some()).collect();
    let read = Read::of(snapshot, &links, not_found);
    let mut changed = Vec::new();
    for link in links {
        let mut gone = link.gone.clone();
        for kind in Kind::ALL {
            let Some(ticket) = link.ticket(kind) else { continue };
            let key = RecordKey::Ticket(ticket);
            let present = snapshot.ticket(ticket).is_some();
            let canary = read.halo.get(&link.halo_client).is_some_and(|seen| seen.another(ticket));
            note(&mut gone, Some(kind), &read, Side::Halo, present, canary, not_found.contains(&key), ended);
        }
        let key = RecordKey::Item(link.item.clone());
        let present = snapshot.item(&link.item).is_some();
        let canary = read.hit.get(&link.client).is_some_and(|seen| seen.another(&link.item));
        note(&mut gone, None, &read, Side::Hit, present, canary, not_found.contains(&key), ended);
        if gone != link.gone {
            changed.push((link.item.clone(), gone));
        }
    }
    changed
}

/// Whether a complete read misses so much of what is linked that it is the read that is broken: everything of one
/// side, at least five records, or more than 30 % of three or more.
pub(crate) fn lacks_too_much(missing: usize, all: usize) -> bool {
    guard::on(Guard::SuspiciousRead)
        && all > 0
        && (missing == all && all > 1 || missing >= 5 || all >= 3 && missing * 10 > all * 3)
}

/// The read: which clients it shows, and what its absences mean.
struct Read<'a> {
    halo: BTreeMap<HaloClientId, Seen<TicketId>>,
    hit: BTreeMap<&'a HitClientId, Seen<&'a ItemId>>,
    scopes: [Option<Hash128>; 2],
}

/// The records of one client: one of them, and whether there are others.
struct Seen<T> {
    one: T,
    more: bool,
}

impl<T: PartialEq> Seen<T> {
    /// Whether one was seen besides this one.
    fn another(&self, than: T) -> bool {
        self.more || self.one != than
    }
}

fn by_client<C: Ord, T>(records: impl Iterator<Item = (C, T)>) -> BTreeMap<C, Seen<T>> {
    let mut clients = BTreeMap::new();
    for (client, one) in records {
        clients
            .entry(client)
            .and_modify(|seen: &mut Seen<T>| seen.more = true)
            .or_insert(Seen { one, more: false });
    }
    clients
}

impl<'a> Read<'a> {
    fn of(snapshot: &'a Snapshot, links: &[&Link], not_found: &BTreeSet<RecordKey>) -> Self {
        let scope = |coverage: &Coverage, broken: bool| match coverage {
            Coverage::Full { scope, .. } if coverage.is_complete() || !guard::on(Guard::CompleteRead) => {
                (!broken).then_some(*scope)
            }
            _ => None,
        };
        let (mut tickets, mut tickets_missing, mut items_missing) = (0, 0, 0);
        for link in links {
            for id in link.opportunity.into_iter().chain(link.project) {
                tickets += 1;
                let missing = snapshot.ticket(id).is_none() && !not_found.contains(&RecordKey::Ticket(id));
                tickets_missing += usize::from(missing);
            }
            let missing = snapshot.item(&link.item).is_none()
                && !not_found.contains(&RecordKey::Item(link.item.clone()));
            items_missing += usize::from(missing);
        }
        Self {
            halo: by_client(snapshot.tickets.iter().map(|ticket| (ticket.client, ticket.id))),
            hit: by_client(snapshot.items.iter().map(|item| (&item.client, &item.id))),
            scopes: [
                scope(&snapshot.halo, lacks_too_much(tickets_missing, tickets)),
                scope(&snapshot.hit, lacks_too_much(items_missing, links.len())),
            ],
        }
    }

    const fn scope(&self, side: Side) -> Option<Hash128> {
        match side {
            Side::Halo => self.scopes[0],
            Side::Hit => self.scopes[1],
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "two call sites, above")]
fn note(
    gone: &mut Gathered,
    what: Option<Kind>,
    read: &Read<'_>,
    side: Side,
    present: bool,
    canary: bool,
    not_found: bool,
    ended: Stamp,
) {
    if present {
        gone.retain(|(of, _)| *of != what);
        return;
    }
    if !canary && guard::on(Guard::Canary) {
        return;
    }
    if not_found {
        gone.retain(|(of, _)| *of != what);
        gone.push((what, Evidence::NotFoundWithCanary));
        return;
    }
    let Some(scope) = read.scope(side) else { return };
    let known =
        gone.iter_mut().find(|(of, evidence)| *of == what && matches!(evidence, Evidence::Absent { .. }));
    let once = Evidence::Absent { scope, first: ended, latest: ended, reads: 1 };
    match known {
        Some((_, Evidence::Absent { scope: of, first, latest, reads }))
            if *of == scope && *first <= ended =>
        {
            *latest = ended;
            *reads = reads.saturating_add(1);
        }
        Some((_, evidence)) => *evidence = once,
        None => gone.push((what, once)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TicketTypeId;
    use crate::record::HaloTicket;

    fn link(number: i64) -> Link {
        let mut link = Link::new(ItemId::new(alloc::format!("i{number}")), "c".into(), HaloClientId(1));
        link.opportunity = Some(TicketId(number));
        link
    }

    /// A complete read of Halo's tickets with these numbers.
    fn read(numbers: impl Iterator<Item = i64>) -> Snapshot {
        let ticket = |number| {
            HaloTicket::new(TicketId(number), Some(Kind::Opportunity), TicketTypeId(21), HaloClientId(1))
        };
        let halo = Coverage::Full {
            scope: Hash128::of(b"scope"),
            expected: None,
            pages_closed: true,
            canaries_seen: true,
        };
        Snapshot { halo, hit: Coverage::Delta, tickets: numbers.map(ticket).collect(), items: Vec::new() }
    }

    #[test]
    fn a_read_that_lacks_much_counts_for_nothing() {
        let links: Vec<Link> = (1..=10).map(link).collect();
        let found = |from: i64, not_found: &[i64]| {
            let not_found = not_found.iter().map(|id| RecordKey::Ticket(TicketId(*id))).collect();
            gather(&links, &read(from..=10), &not_found, Stamp::ours(1)).len()
        };
        assert_eq!(found(4, &[]), 3);
        assert_eq!(found(5, &[]), 0, "four of ten");
        assert_eq!(found(5, &[1]), 4, "one of the four is known to be gone, so the list lacks three");
        assert_eq!(found(6, &[1, 2, 3, 4, 5]), 5, "each was asked for by itself");
    }

    #[test]
    fn only_another_record_of_the_same_client_is_a_canary() {
        let mut links = [link(1), link(2)];
        links[1].halo_client = HaloClientId(2);
        let gone = |links: &[Link], shown: &[i64]| {
            let not_found = [RecordKey::Ticket(TicketId(1))].into();
            gather(links, &read(shown.iter().copied()), &not_found, Stamp::ours(1)).len()
        };
        assert_eq!(gone(&links[..1], &[]), 0);
        assert_eq!(gone(&links, &[7]), 1, "an unlinked ticket of the client does");
        links[0].halo_client = HaloClientId(3);
        assert_eq!(gone(&links, &[7, 8]), 0, "two of another client do not");
    }
}
