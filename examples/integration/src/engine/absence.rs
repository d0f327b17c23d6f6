//! Records that are gone: asking for what a complete read lacks, and gathering evidence.
//!
//! `sync_core::evidence` decides what counts. This sees to it that it is told the truth: what *this* read showed, which
//! is less than what is kept, and which records the server said it does not have.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::base::{Evidence, Link, LinkState};
use sync_core::evidence::gather;
use sync_core::ids::{Kind, Side, TicketTypeId};
use sync_core::record::{Coverage, HaloTicket, HitItem, Snapshot};
use sync_core::stamp::Stamp;

use super::Engine;
use super::rows::{Rows, exec_key};
use crate::exit::Failure;
use crate::storage::{Change, RecordKey};

/// How many records of a side that a complete read lacks are asked for one by one. A side that lacks more has lost a
/// right or a filter, and asking for each would tell nothing more.
const ASKED: usize = 20;

/// How many records of the same client are tried as canaries for one that was not found.
const CANARIES: usize = 2;

impl Engine {
    /// Asks for the linked records that the complete lists of this read did not hold: each may be deleted, merged, or
    /// hidden, and only the record itself tells.
    ///
    /// # Errors
    /// Refused credentials.
    pub(super) async fn ask_for_missing(&self, links: &[Link], rows: &mut Rows) -> Result<(), Failure> {
        for side in [Side::Halo, Side::Hit] {
            if !rows.complete.get(&side).copied().unwrap_or(false) {
                continue;
            }
            let missing = links.iter().filter(|link| link.state != LinkState::Ended).flat_map(|link| {
                let known_gone = |what| link.gone.contains(&(what, Evidence::NotFoundWithCanary));
                keys(link).filter(move |(what, _)| !known_gone(*what)).map(|(_, key)| key)
            });
            // Not what is kept: a ticket of another type now is kept from when it was last asked for, and in no list.
            let missing =
                missing.filter(|key| key.side() == side && !rows.met.contains(key) && !rows.is_asked(key));
            for key in missing.take(ASKED).collect::<Vec<_>>() {
                if let Err(reject) = self.look_at(&key, rows).await? {
                    rows.not_shown(key, &reject)?;
                }
            }
        }
        Ok(())
    }

    /// For every linked record that the server said it does not have: makes sure that another record of the same client
    /// was asked for as well, where this read has shown none. If that one is not shown either, nothing is proven.
    ///
    /// # Errors
    /// Refused credentials.
    pub(super) async fn ask_for_canaries(&self, links: &[Link], rows: &mut Rows) -> Result<(), Failure> {
        if rows.not_found.is_empty() {
            return Ok(());
        }
        for link in links.iter().filter(|link| link.leading().is_some()) {
            for (what, key) in keys(link) {
                let known = link.gone.contains(&(what, Evidence::NotFoundWithCanary));
                if known || !rows.not_found.contains(&key) {
                    continue;
                }
                let neighbours = rows.neighbours(link, &key);
                if neighbours.iter().any(|neighbour| rows.met.contains(neighbour)) {
                    continue;
                }
                for neighbour in neighbours.into_iter().take(CANARIES) {
                    match self.look_at(&neighbour, rows).await? {
                        Ok(()) if rows.met.contains(&neighbour) => break,
                        Ok(()) => {}
                        Err(reject) => rows.not_shown(neighbour, &reject)?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// Takes over into the links what the read says about records that are gone, and gives what has to be stored.
///
/// A link of which a record could not be read is left as it is: what is refused is not absent.
pub(super) fn take_evidence(
    links: &mut [Link],
    rows: &Rows,
    [halo, hit]: [Coverage; 2],
    ended: Stamp,
) -> Vec<Change> {
    let shown = |link: &&Link| keys(link).all(|(_, key)| !rows.unread.contains(&key));
    let not_found: BTreeSet<_> = rows.not_found.iter().map(exec_key).collect();
    let read = rows.shown(halo, hit);
    let mut changed: BTreeMap<_, _> =
        gather(links.iter().filter(shown), &read, &not_found, ended).into_iter().collect();
    let mut changes = Vec::new();
    for link in links {
        if let Some(gone) = changed.remove(&link.item) {
            link.gone = gone;
            changes.push(Change::PutLink(Box::new(link.clone())));
        }
    }
    changes
}

/// The records of a link, with what they are to it.
pub(super) fn keys(link: &Link) -> impl Iterator<Item = (Option<Kind>, RecordKey)> + '_ {
    let tickets =
        Kind::ALL.into_iter().filter_map(|kind| Some((Some(kind), RecordKey::Ticket(link.ticket(kind)?))));
    tickets.chain([(None, RecordKey::Item(link.item.clone()))])
}

impl Rows {
    /// Whether this read has asked for the record by itself, and it was not shown.
    fn is_asked(&self, key: &RecordKey) -> bool {
        self.not_found.contains(key) || self.unread.contains(key)
    }

    /// The records of the same client and side that were there when they were last read, those of this read first.
    fn neighbours(&self, link: &Link, of: &RecordKey) -> Vec<RecordKey> {
        let mut found: Vec<RecordKey> = match of {
            RecordKey::Ticket(_) => {
                let live = |ticket: &&HaloTicket| {
                    ticket.client == link.halo_client && !ticket.deleted && ticket.merged_into.is_none()
                };
                self.tickets.values().filter(live).map(|ticket| RecordKey::Ticket(ticket.id)).collect()
            }
            RecordKey::Item(_) => {
                let of_client = self.items.values().filter(|item| item.client == link.client);
                of_client.map(|item| RecordKey::Item(item.id.clone())).collect()
            }
        };
        found.retain(|key| key != of && !self.is_asked(key));
        found.sort_by_key(|key| !self.met.contains(key));
        found
    }

    /// What this read has shown, as far as evidence needs it: which records, and of which clients.
    fn shown(&self, halo: Coverage, hit: Coverage) -> Snapshot {
        let mut read = Snapshot { halo, hit, ..Snapshot::default() };
        for key in &self.met {
            match key {
                RecordKey::Ticket(id) => read.tickets.extend(
                    self.tickets
                        .get(id)
                        .map(|ticket| HaloTicket::new(*id, ticket.kind, TicketTypeId(0), ticket.client)),
                ),
                RecordKey::Item(id) => read
                    .items
                    .extend(self.items.get(id).map(|item| HitItem::new(id.clone(), item.client.clone()))),
            }
        }
        read.normalise();
        read
    }
}

#[cfg(test)]
mod tests {
    use sync_core::hash::Hash128;
    use sync_core::ids::{HaloClientId, ItemId, TicketId};

    use super::*;

    /// Two links of one client; what is kept of them was read earlier.
    fn kept() -> (Vec<Link>, Rows) {
        let mut rows = Rows::default();
        let link = |item: &str, project: i64| {
            let mut link = Link::new(ItemId::from(item), "a".into(), HaloClientId(12));
            link.project = Some(TicketId(project));
            link
        };
        for id in [1, 2] {
            let ticket =
                HaloTicket::new(TicketId(id), Some(Kind::Project), TicketTypeId(31), HaloClientId(12));
            rows.tickets.insert(ticket.id, ticket);
        }
        (vec![link("a1", 1), link("a2", 2)], rows)
    }

    fn ticket(id: i64) -> RecordKey {
        RecordKey::Ticket(TicketId(id))
    }

    fn full() -> [Coverage; 2] {
        let full = Coverage::Full {
            scope: Hash128::of(b"scope"),
            expected: None,
            pages_closed: true,
            canaries_seen: true,
        };
        [full, Coverage::Delta]
    }

    #[test]
    fn what_is_kept_from_an_earlier_read_is_no_canary() {
        let (mut links, mut rows) = kept();
        rows.not_found(ticket(1));
        let delta = [Coverage::Delta, Coverage::Delta];
        assert!(take_evidence(&mut links, &rows, delta.clone(), Stamp::ours(1)).is_empty());
        assert_eq!(rows.neighbours(&links[0], &ticket(1)), [ticket(2)]);
        // The neighbour was shown by this read.
        rows.met.insert(ticket(2));
        assert_eq!(take_evidence(&mut links, &rows, delta.clone(), Stamp::ours(1)).len(), 1);
        assert_eq!(links[0].gone, [(Some(Kind::Project), Evidence::NotFoundWithCanary)]);
        // And what is shown again is not gone.
        let (_, mut rows) = kept();
        rows.met.insert(ticket(1));
        assert_eq!(take_evidence(&mut links, &rows, delta, Stamp::ours(2)).len(), 1);
        assert_eq!(links[0].gone, []);
    }

    #[test]
    fn what_is_refused_is_not_absent() {
        let (mut links, mut rows) = kept();
        rows.tickets.remove(&TicketId(1));
        rows.met.insert(ticket(2));
        rows.unread.insert(ticket(1));
        assert!(take_evidence(&mut links, &rows, full(), Stamp::ours(1)).is_empty());
        rows.unread.clear();
        assert_eq!(take_evidence(&mut links, &rows, full(), Stamp::ours(1)).len(), 1);
        assert!(matches!(links[0].gone[..], [(Some(Kind::Project), Evidence::Absent { reads: 1, .. })]));
    }
}
