//! Items and tickets that people may have made for the same thing by hand.

use super::names::name_key;
use crate::decision::Candidates;
use crate::ids::{HaloClientId, ItemId, Kind, TicketId};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// An unlinked record: an item (with the Halo client its own client is linked to) or a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a, I> {
    /// The id.
    pub id: I,
    /// The Halo client.
    pub client: HaloClientId,
    /// What it is: for an item, the kind its status maps to.
    pub kind: Kind,
    /// Its name, as written.
    pub name: &'a str,
}

/// An item and a ticket that are each other's only namesake in one client and kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct PairingSuggestion {
    /// The item.
    pub item: ItemId,
    /// The ticket.
    pub ticket: TicketId,
    /// What both are.
    pub kind: Kind,
}

/// Namesakes of one client and kind of which nobody can tell which belongs to which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct AmbiguousPairing {
    /// What they are.
    pub kind: Kind,
    /// The items.
    pub items: Vec<ItemId>,
    /// The tickets.
    pub tickets: Vec<TicketId>,
}

/// What was found. Nothing of it links by itself: a create with a candidate waits for a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Pairings {
    /// Unique on both sides, by item.
    pub suggestions: Vec<PairingSuggestion>,
    /// Several on a side.
    pub ambiguous: Vec<AmbiguousPairing>,
}

impl Pairings {
    /// The tickets that may be the item already. A create for the item waits while there are any.
    #[must_use]
    pub fn candidates(&self, item: &ItemId) -> Vec<TicketId> {
        if let Ok(at) = self.suggestions.binary_search_by(|s| s.item.cmp(item)) {
            return Vec::from([self.suggestions[at].ticket]);
        }
        let found = self.ambiguous.iter().find(|group| group.items.binary_search(item).is_ok());
        found.map(|group| group.tickets.clone()).unwrap_or_default()
    }
}

impl From<Pairings> for Candidates {
    fn from(pairings: Pairings) -> Self {
        let mut out = Self::default();
        let suggested =
            pairings.suggestions.into_iter().map(|pair| (Vec::from([pair.item]), Vec::from([pair.ticket])));
        let ambiguous = pairings.ambiguous.into_iter().map(|group| (group.items, group.tickets));
        for (items, tickets) in suggested.chain(ambiguous) {
            for ticket in &tickets {
                out.by_ticket.insert(*ticket, items.clone());
            }
            for item in items {
                out.by_item.insert(item, tickets.clone());
            }
        }
        out
    }
}

/// Finds unlinked items and tickets of the same client and kind whose names are equal under [`name_key`].
///
/// Pass only unlinked, live records; leave out tasks, the probe ticket, closed tickets and what a person decided to
/// ignore.
#[must_use]
pub fn suggest_pairs(items: &[Candidate<'_, ItemId>], tickets: &[Candidate<'_, TicketId>]) -> Pairings {
    let tickets = grouped(tickets);
    let mut found = Pairings::default();
    for (key, items) in grouped(items) {
        let Some(tickets) = tickets.get(&key) else { continue };
        let kind = key.1;
        match (items.first(), tickets.first()) {
            (Some(item), Some(ticket)) if items.len() == 1 && tickets.len() == 1 => {
                found.suggestions.push(PairingSuggestion { item: (*item).clone(), ticket: **ticket, kind });
            }
            _ => found.ambiguous.push(AmbiguousPairing {
                kind,
                items: items.iter().map(|id| (*id).clone()).collect(),
                tickets: tickets.iter().map(|id| **id).collect(),
            }),
        }
    }
    found.suggestions.sort();
    found.ambiguous.sort();
    found
}

type Key = (HaloClientId, Kind, String);

fn grouped<'a, I: Ord>(records: &'a [Candidate<'_, I>]) -> BTreeMap<Key, BTreeSet<&'a I>> {
    let mut groups: BTreeMap<Key, BTreeSet<&I>> = BTreeMap::new();
    for record in records {
        let name = name_key(record.name);
        if !name.is_empty() && record.client != HaloClientId::UNASSIGNED {
            groups.entry((record.client, record.kind, name)).or_default().insert(&record.id);
        }
    }
    groups
}
