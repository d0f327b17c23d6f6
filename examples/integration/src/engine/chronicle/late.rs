//! Writes whose reply was lost, once they can no longer arrive: what became of them.

use sync_core::base::PendingWrite;
use sync_core::exec::{Commit, Memory};
use sync_core::ids::Side;
use sync_core::value::{Obs, Value};

use super::Chronicle;
use crate::storage::{HistoryRow, Outcome as Ended, Settled};

/// Said of a write whose reply was lost and that is there.
const FOUND: &str = "the reply was lost; a later read found the value there";
/// Said of a write whose reply was lost and that never arrived.
const MISSING: &str = "the reply was lost; a later read found the old value, so it never arrived";
/// Said of a write whose reply was lost, where somebody has written since.
const OVERTAKEN: &str = "the reply was lost, and the value was changed again before it could be read";

/// A write whose time to arrive is over, and what its field holds now.
pub(in super::super) struct Late {
    /// The write.
    pub(in super::super) write: PendingWrite,
    held: Obs<Value>,
}

impl Chronicle<'_> {
    /// The writes of earlier requests that a commit forgets because nothing can arrive any more.
    pub(in super::super) fn late(&self, commit: &Commit, before: &Memory) -> Vec<Late> {
        let mut late = Vec::new();
        for change in &commit.links {
            let (Some(by), Some(link)) = (change.settled_by, before.links.get(&change.item)) else {
                continue;
            };
            let over = |write: &&PendingWrite| {
                write.settle_until <= by && !change.resolved.contains(&(write.op, write.sent_at))
            };
            for write in link.pending.iter().filter(over) {
                let fields = match write.side {
                    Side::Halo => {
                        let ticket = link.ticket(write.kind).and_then(|id| self.snapshot.ticket(id));
                        ticket.map(|ticket| &ticket.fields)
                    }
                    Side::Hit => self.snapshot.item(&link.item).map(|item| &item.fields),
                };
                let held = fields.map_or(Obs::NotFetched, |fields| fields.get(write.field).clone());
                late.push(Late { write: write.clone(), held });
            }
        }
        late
    }
}

impl Late {
    /// What became of the write, by the lines of its operation; nothing without a line.
    pub(in super::super) fn settled(&self, lines: &[HistoryRow]) -> Option<Settled> {
        let attempt = self.write.sent_at.unix_ms;
        let line = lines.iter().map(|row| &row.entry).find(|line| {
            line.attempt == Some(attempt)
                && line.field == Some(self.write.field)
                && line.outcome == Ended::Unknown
        })?;
        let held = self.held.seen()?;
        let there = match (held, &self.write.sent) {
            (Some(held), Some(sent)) => held.is_spelling_of(sent),
            (held, sent) => held == sent.as_ref(),
        };
        let (outcome, after, detail) = if there {
            (Ended::Applied, held.cloned(), FOUND)
        } else if held == line.before.as_ref() {
            (Ended::NotApplied, line.after.clone(), MISSING)
        } else {
            (Ended::Unknown, line.after.clone(), OVERTAKEN)
        };
        Some(Settled {
            op: self.write.op,
            attempt: Some(attempt),
            field: Some((self.write.field, after)),
            record: None,
            outcome,
            detail: Some(detail.to_owned()),
        })
    }
}
