//! History: what was written to which record, what it replaced, and how it ended.

use serde::{Deserialize, Serialize};
use sync_core::decision::OpId;
use sync_core::field::FieldId;
use sync_core::hash::Hash256;
use sync_core::ids::{HitClientId, ItemId};
use sync_core::value::Value;

use super::{RecordKey, RunId, UnixMs};

/// How a logged operation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done, and read back where it was a write.
    Applied,
    /// The server refused it.
    Rejected,
    /// It may or may not have been done: the reply was lost, or the process died while waiting for it.
    Unknown,
    /// Its outcome was unknown, and a later read shows that it never arrived.
    NotApplied,
    /// The server said yes and holds what it held before.
    NotKept,
    /// It was not tried, because the record had changed or something that had to come first did not succeed.
    Skipped,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 6] = [
        Outcome::Applied,
        Outcome::Rejected,
        Outcome::Unknown,
        Outcome::NotApplied,
        Outcome::NotKept,
        Outcome::Skipped,
    ];

    /// The stable word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Rejected => "rejected",
            Outcome::Unknown => "unknown",
            Outcome::NotApplied => "not_applied",
            Outcome::NotKept => "not_kept",
            Outcome::Skipped => "skipped",
        }
    }

    /// The outcome as a table shows it.
    #[must_use]
    pub const fn spoken(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Rejected => "refused",
            Outcome::Unknown => "unknown",
            Outcome::NotApplied => "not applied",
            Outcome::NotKept => "not kept",
            Outcome::Skipped => "skipped",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// One line of history: one field of one operation, or the operation itself where it has no field.
///
/// The line of a write is stored *before* the write leaves, with the value it is about to replace and the outcome
/// [`Outcome::Unknown`]; whoever learns more, this process or a later one, changes that line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// The run; nothing for a person's decision.
    pub run: Option<RunId>,
    /// The operation, or the conflict, issue or proposal a person decided.
    pub op: Option<OpId>,
    /// When.
    pub at: UnixMs,
    /// The record written to, or decided about; nothing for a create whose record is not known.
    pub record: Option<RecordKey>,
    /// The item of the link.
    pub item: Option<ItemId>,
    /// The name of the item at that time.
    pub name: Option<String>,
    /// The client at HIT.
    pub client: Option<HitClientId>,
    /// The sort of operation: `create`, `update`, `adopt`, `decision` ...
    pub action: String,
    /// The field.
    pub field: Option<FieldId>,
    /// What was there before; kept so that an overwritten value can be found again.
    pub before: Option<Value>,
    /// What is there now, as it was read back; what was sent, while the outcome is not "applied".
    pub after: Option<Value>,
    /// The reasons, as the plan file writes them (JSON).
    pub why: String,
    /// The operation in one sentence.
    pub sentence: String,
    /// The plan it was part of.
    pub plan: Option<Hash256>,
    /// When the request was sent; nothing where none was.
    pub attempt: Option<UnixMs>,
    /// How it ended.
    pub outcome: Outcome,
    /// What the server said, or how the outcome became known.
    pub detail: Option<String>,
}

/// A line of history with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HistoryRow {
    /// Its number; they grow.
    pub id: i64,
    /// The line.
    #[serde(flatten)]
    pub entry: HistoryEntry,
}

/// What became of requests whose lines say "unknown".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The operation.
    pub op: OpId,
    /// When the request was sent; nothing: every request of the operation.
    pub attempt: Option<UnixMs>,
    /// Only the line of this field, which then holds `after`; nothing: every line, and what was sent stays.
    pub field: Option<(FieldId, Option<Value>)>,
    /// The record, where it became known only now.
    pub record: Option<RecordKey>,
    /// How it ended.
    pub outcome: Outcome,
    /// What the server said, or how this became known.
    pub detail: Option<String>,
}

/// Which lines of history to read.
#[derive(Debug, Clone, Default)]
pub struct HistoryFilter {
    /// Only of this run.
    pub run: Option<RunId>,
    /// Only of this operation.
    pub op: Option<OpId>,
    /// Only of this item.
    pub item: Option<ItemId>,
    /// Only of this client at HIT.
    pub client: Option<HitClientId>,
    /// Only of this record.
    pub record: Option<RecordKey>,
    /// Only lines with smaller numbers, for paging backwards.
    pub before: Option<i64>,
    /// How many at most.
    pub limit: u32,
}
