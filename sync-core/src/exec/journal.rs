//! What must be stored, and what it does to the stored state. Applying an entry twice is the same as once.

use super::protocol::RecordKey;
use crate::base::{BaseHead, BaseRow, Intent, Link, LinkState, LinkedBack, Overwritten, PendingWrite};
use crate::decision::OpId;
use crate::field::{FieldId, FieldRow};
use crate::ids::{HaloClientId, HitClientId, ItemId, Kind, Side, TicketId};
use crate::learn::StoredForm;
use crate::marker::Marker;
use crate::stamp::Stamp;
use crate::value::Value;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// The part of the stored state that carrying out a plan changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Links, by item.
    pub links: BTreeMap<ItemId, Link>,
    /// Creates whose outcome is not known, by marker.
    pub intents: BTreeMap<Marker, Intent>,
}

/// The stored state at the time of the read that the plan was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalView {
    /// The database and its state.
    pub head: BaseHead,
    /// Links and intents.
    pub memory: Memory,
    /// When reading the records of the plan **began**, by our clock. Late writes that had settled before can not
    /// come any more.
    pub read_at: Stamp,
    /// The dirty marks that were set before that read. A mark is removed only if it was not set anew since.
    pub dirty: Vec<DirtyMark>,
}

/// A mark in the dirty set.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct DirtyMark {
    /// The record.
    pub record: RecordKey,
    /// Which mark: grows whenever the record is marked again. Remove only rows with this number or a lower one.
    pub mark: u64,
}

/// An entry that must be stored before the next step.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JournalEntry {
    /// Store the intent of a create, replacing the one with the same marker.
    Intent(alloc::boxed::Box<Intent>),
    /// Forget the intent: the create has certainly not happened.
    DropIntent(Marker),
    /// Add these writes to the link's pending ones.
    Pending {
        /// The link.
        item: ItemId,
        /// The writes.
        writes: Vec<PendingWrite>,
    },
    /// Forget pending writes: they have certainly not happened.
    DropPending {
        /// The link.
        item: ItemId,
        /// The operation.
        op: OpId,
        /// When they were sent: earlier attempts of the same operation stay.
        sent_at: Stamp,
    },
}

/// Whether a pending write could no longer be applied after this moment. Stamps of another clock say nothing.
pub(super) fn has_settled(pending: &PendingWrite, by: Stamp) -> bool {
    pending.settle_until <= by
}

/// A link to be made, if it is not there yet.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct NewLink {
    /// The client at HIT.
    pub client: HitClientId,
    /// The client at Halo.
    pub halo_client: HaloClientId,
}

/// What a commit changes in a link.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LinkChange {
    /// The link.
    pub item: ItemId,
    /// Make it, if it is not there.
    pub make: Option<NewLink>,
    /// Tickets to set or (nothing) to forget. The base of a forgotten ticket is forgotten with it.
    pub tickets: Vec<(Kind, Option<TicketId>)>,
    /// Cells that enter the base.
    pub base: Vec<(Kind, BaseRow)>,
    /// Attempts whose outcome is known: forget their pending writes.
    pub resolved: Vec<(OpId, Stamp)>,
    /// Forget all pending writes that had settled by then.
    pub settled_by: Option<Stamp>,
    /// Of these fields they are kept: their conflicts are open, and the writes are part of the reason.
    #[serde(default)]
    pub kept: Vec<(Kind, FieldId)>,
    /// Our clock has gone back to the first of these: what was sent later than that was sent then, and may still
    /// arrive until the second.
    #[serde(default)]
    pub clock_back: Option<(Stamp, Stamp)>,
    /// What was written, for the guard against endless alternation.
    pub written: Vec<(Side, Kind, FieldId, Option<Value>)>,
    /// Since when a promotion waits: set if nothing, or a later moment, is set.
    pub await_since: Option<Stamp>,
    /// Forget since when a promotion waits.
    pub end_await: bool,
    /// What a person was asked for was called off: an approval of it no longer holds.
    #[serde(default)]
    pub called_off: bool,
    /// Fields whose quarantine a person's decision has ended.
    #[serde(default)]
    pub released: Vec<(Kind, FieldId)>,
    /// Texts that the server stored in another form.
    #[serde(default)]
    pub stored: Vec<StoredForm>,
    /// What a template put in place of values that a create had sent.
    #[serde(default)]
    pub overwritten: Vec<Overwritten>,
    /// A link back that was written, and how often by now.
    #[serde(default)]
    pub linked_back: Option<LinkedBack>,
}

impl LinkChange {
    /// No change to a link.
    #[must_use]
    pub const fn none(item: ItemId) -> Self {
        Self {
            item,
            make: None,
            tickets: Vec::new(),
            base: Vec::new(),
            resolved: Vec::new(),
            settled_by: None,
            kept: Vec::new(),
            clock_back: None,
            written: Vec::new(),
            await_since: None,
            end_await: false,
            called_off: false,
            released: Vec::new(),
            stored: Vec::new(),
            overwritten: Vec::new(),
            linked_back: None,
        }
    }

    fn apply(&self, link: &mut Link) {
        for (kind, ticket) in &self.tickets {
            link.set_ticket(*kind, *ticket);
            if ticket.is_none() {
                link.base.of_mut(*kind).clear();
                link.pending.retain(|pending| pending.kind != *kind);
                link.flap.retain(|ring| ring.kind != *kind);
                link.gone.retain(|(gone, _)| *gone != Some(*kind));
                link.overwritten.retain(|lost| lost.kind != *kind);
                link.linked_back.retain(|written| written.kind != *kind);
            }
        }
        let forgotten = self.tickets.iter().any(|(_, ticket)| ticket.is_none());
        if forgotten && link.leading().is_none() {
            link.end_as_gone();
        }
        for (kind, cells) in &self.base {
            link.base.of_mut(*kind).extend(cells.iter().map(|(field, cell)| (*field, cell.clone())));
            // Both sides were seen anew: what a template did before is over.
            link.overwritten.retain(|lost| lost.kind != *kind || !cells.contains_key(&lost.field));
        }
        link.overwritten.extend(self.overwritten.iter().cloned());
        let count = link.pending.len();
        link.pending.retain(|pending| !self.resolved.contains(&(pending.op, pending.sent_at)));
        let first_time = link.pending.len() < count;
        if let Some(by) = self.settled_by {
            let kept = |pending: &PendingWrite| self.kept.contains(&(pending.kind, pending.field));
            link.pending.retain(|pending| kept(pending) || !has_settled(pending, by));
        }
        if let Some((now, until)) = self.clock_back {
            for pending in link.pending.iter_mut().filter(|pending| pending.sent_at > now) {
                (pending.sent_at, pending.settle_until) = (now, until);
            }
        }
        if first_time {
            for (kind, field) in &self.released {
                link.release(Side::Halo, *kind, *field);
                link.release(Side::Hit, *kind, *field);
            }
        }
        if let Some(written) = self.linked_back {
            link.linked_back.retain(|old| (old.side, old.kind) != (written.side, written.kind));
            link.linked_back.push(written);
        }
        for form in &self.stored {
            link.note_stored(form.clone());
        }
        // A commit that is applied once more finds no pending write, and must not count its writes twice.
        for (side, kind, field, value) in self.written.iter().filter(|_| first_time) {
            link.note_written(*side, *kind, *field, value.as_ref());
        }
        if let Some(since) = self.await_since {
            // An earlier moment than the one that is stored means that our clock has gone back.
            if link.promotion_since.is_none_or(|known| known > since) {
                link.promotion_since = Some(since);
            }
        }
        if self.end_await {
            // Applied once more, there is nothing left to call off.
            if self.called_off && link.promotion_since.is_some() {
                link.called_off = link.called_off.saturating_add(1);
            }
            link.promotion_since = None;
        }
    }
}

/// What was written to a server, for the history and for undoing it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct History {
    /// The record.
    pub record: RecordKey,
    /// The kind of ticket of the pair.
    pub kind: Kind,
    /// Whether the record was created.
    pub created: bool,
    /// What it held right before. The value that a person may want back is here.
    pub before: FieldRow,
    /// What was sent.
    pub sent: FieldRow,
    /// What it held right after, as far as the server said.
    pub after: FieldRow,
}

/// The result of an operation, stored in one transaction. Every commit moves the serial of the database on.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Commit {
    /// The operation; nothing for the commit that ends the run.
    pub op: Option<OpId>,
    /// Changes of links: one for an operation, any number for the commit that ends the run.
    pub links: Vec<LinkChange>,
    /// Forget this intent.
    pub drop_intent: Option<Marker>,
    /// For the history.
    pub history: Option<History>,
    /// Remove these marks from the dirty set. A mark that was set anew since stays.
    pub clean: Vec<DirtyMark>,
}

impl Memory {
    /// Applies a journal entry.
    pub fn apply(&mut self, entry: &JournalEntry) {
        match entry {
            JournalEntry::Intent(intent) => {
                self.intents.insert(intent.spec.marker.clone(), (**intent).clone());
            }
            JournalEntry::DropIntent(marker) => {
                self.intents.remove(marker);
            }
            JournalEntry::Pending { item, writes } => {
                if let Some(link) = self.links.get_mut(item) {
                    for write in writes {
                        link.pending.retain(|old| {
                            (old.op, old.sent_at, old.field) != (write.op, write.sent_at, write.field)
                        });
                        link.pending.push(write.clone());
                    }
                }
            }
            JournalEntry::DropPending { item, op, sent_at } => {
                if let Some(link) = self.links.get_mut(item) {
                    link.pending.retain(|pending| (pending.op, pending.sent_at) != (*op, *sent_at));
                }
            }
        }
    }

    /// Applies a commit. The dirty set, the history and the serial are the runtime's.
    pub fn commit(&mut self, commit: &Commit) {
        for change in &commit.links {
            if let Some(make) = &change.make {
                let made = || Link::new(change.item.clone(), make.client.clone(), make.halo_client);
                let link = self.links.entry(change.item.clone()).or_insert_with(made);
                if link.state == LinkState::Ended {
                    *link = link.afresh(make.client.clone(), make.halo_client);
                } else if link.leading().is_none() {
                    (link.client, link.halo_client) = (make.client.clone(), make.halo_client);
                }
            }
            if let Some(link) = self.links.get_mut(&change.item) {
                change.apply(link);
            }
        }
        if let Some(marker) = &commit.drop_intent {
            self.intents.remove(marker);
        }
    }

    /// The link that holds the ticket.
    #[must_use]
    pub fn link_of_ticket(&self, ticket: TicketId) -> Option<&Link> {
        self.links.values().find(|link| link.opportunity == Some(ticket) || link.project == Some(ticket))
    }
}
