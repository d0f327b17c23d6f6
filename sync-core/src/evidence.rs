//! Gathering evidence that a record is gone. Absence alone proves nothing: rights, filters and broken pages hide
//! records too.

use crate::base::{Evidence, Link};
use crate::exec::RecordKey;
use crate::guard::{self, Guard};
use crate::hash::Hash128;
use crate::ids::{ItemId, Kind, Side};
use crate::record::{Coverage, Snapshot};
use crate::stamp::Stamp;
use alloc::collections::BTreeSet;
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
///   another scope or filter starts the count anew, and so does a clock that has gone back.
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
    let read = Read::of(snapshot);
    let mut changed = Vec::new();
    for link in links {
        let mut gone = link.gone.clone();
        for kind in Kind::ALL {
            let Some(ticket) = link.ticket(kind) else { continue };
            let key = RecordKey::Ticket(ticket);
            let present = snapshot.ticket(ticket).is_some();
            let canary = read.halo.iter().any(|(client, id)| *client == link.halo_client && *id != ticket);
            note(&mut gone, Some(kind), &read, Side::Halo, present, canary, not_found.contains(&key), ended);
        }
        let key = RecordKey::Item(link.item.clone());
        let present = snapshot.item(&link.item).is_some();
        let canary = read.hit.iter().any(|(client, id)| **client == link.client && **id != link.item);
        note(&mut gone, None, &read, Side::Hit, present, canary, not_found.contains(&key), ended);
        if gone != link.gone {
            changed.push((link.item.clone(), gone));
        }
    }
    changed
}

/// The read: which clients it shows, and what its absences mean.
struct Read<'a> {
    halo: BTreeSet<(crate::ids::HaloClientId, crate::ids::TicketId)>,
    hit: BTreeSet<(&'a crate::ids::HitClientId, &'a ItemId)>,
    scopes: [Option<Hash128>; 2],
}

impl<'a> Read<'a> {
    fn of(snapshot: &'a Snapshot) -> Self {
        let scope = |coverage: &Coverage| match coverage {
            Coverage::Full { scope, .. } if coverage.is_complete() || !guard::on(Guard::CompleteRead) => {
                Some(*scope)
            }
            _ => None,
        };
        Self {
            halo: snapshot.tickets.iter().map(|ticket| (ticket.client, ticket.id)).collect(),
            hit: snapshot.items.iter().map(|item| (&item.client, &item.id)).collect(),
            scopes: [scope(&snapshot.halo), scope(&snapshot.hit)],
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
