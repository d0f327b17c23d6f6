//! Canaries: known records whose presence in a read vouches for it.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::base::Link;
use sync_core::ids::{HitClientId, Side};

use super::rows::Rows;

/// Which linked records a read held, by side and client.
pub(super) struct Canaries {
    seen: BTreeMap<Side, BTreeSet<HitClientId>>,
    /// How many links each client has.
    links: BTreeMap<HitClientId, usize>,
}

impl Canaries {
    pub(super) fn of(links: &[Link], rows: &Rows) -> Self {
        let mut canaries = Self { seen: BTreeMap::new(), links: BTreeMap::new() };
        for link in links {
            *canaries.links.entry(link.client.clone()).or_default() += 1;
            let tickets = || link.opportunity.into_iter().chain(link.project);
            let present = [
                (Side::Halo, tickets().any(|ticket| rows.tickets.contains_key(&ticket))),
                (Side::Hit, rows.items.contains_key(&link.item)),
            ];
            for (side, _) in present.into_iter().filter(|(_, present)| *present) {
                canaries.seen.entry(side).or_default().insert(link.client.clone());
            }
        }
        canaries
    }

    /// Whether any linked record of a side was read.
    pub(super) fn any(&self, side: Side) -> bool {
        self.seen.get(&side).is_some_and(|clients| !clients.is_empty())
    }

    /// Whether the absence of one record of a client means anything: another record of the client was read, or it has no
    /// other and any client's was.
    pub(super) fn vouch(&self, side: Side, client: &HitClientId) -> bool {
        let alone = self.links.get(client).is_none_or(|count| *count <= 1);
        self.seen.get(&side).is_some_and(|clients| clients.contains(client)) || alone && self.any(side)
    }
}

#[cfg(test)]
mod tests {
    use sync_core::ids::{HaloClientId, ItemId, Kind, TicketId, TicketTypeId};
    use sync_core::record::{HaloTicket, HitItem};

    use super::*;

    fn link(item: &str, client: &str, project: i64) -> Link {
        let mut link = Link::new(ItemId::from(item), client.into(), HaloClientId(12));
        link.project = Some(TicketId(project));
        link
    }

    #[test]
    fn a_client_that_is_hidden_as_a_whole_is_no_evidence() {
        let links = [link("a1", "a", 1), link("a2", "a", 2), link("b1", "b", 3), link("c1", "c", 4)];
        let mut rows = Rows::default();
        let ticket = HaloTicket::new(TicketId(3), Some(Kind::Project), TicketTypeId(31), HaloClientId(12));
        rows.tickets.insert(ticket.id, ticket);
        rows.items.insert("a1".into(), HitItem::new("a1".into(), "a".into()));
        let canaries = Canaries::of(&links, &rows);
        let vouch = |side| ["a", "b", "c"].map(|client| canaries.vouch(side, &client.into()));
        // None of the two tickets of client a was read; c has one record, and another client's was read.
        assert_eq!(vouch(Side::Halo), [false, true, true]);
        assert_eq!(vouch(Side::Hit), [true, true, true]);
        let nothing = Canaries::of(&links, &Rows::default());
        assert!(!nothing.any(Side::Hit) && !nothing.vouch(Side::Hit, &"c".into()));
    }
}
