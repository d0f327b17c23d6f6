//! The words of the protocol: steps, events, outcomes, the report.

use super::call::{CreateCall, LinkBackCall, StatusCall, UpdateCall};
use super::journal::{Commit, JournalEntry};
use crate::decision::OpId;
use crate::field::FieldRow;
use crate::ids::{ItemId, Kind, Side, TicketId};
use crate::marker::Marker;
use crate::record::{HaloTicket, HitItem};
use crate::stamp::Stamp;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Which record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKey {
    /// A Halo ticket.
    Ticket(TicketId),
    /// A roadmap item.
    Item(ItemId),
}

impl RecordKey {
    /// The side that holds it.
    #[must_use]
    pub const fn side(&self) -> Side {
        match self {
            Self::Ticket(_) => Side::Halo,
            Self::Item(_) => Side::Hit,
        }
    }
}

/// A record, read in detail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// A Halo ticket.
    Ticket(Box<HaloTicket>),
    /// A roadmap item.
    Item(Box<HitItem>),
}

impl Record {
    /// Which record it is.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        match self {
            Self::Ticket(ticket) => RecordKey::Ticket(ticket.id),
            Self::Item(item) => RecordKey::Item(item.id.clone()),
        }
    }

    /// Its fields.
    #[must_use]
    pub const fn fields(&self) -> &FieldRow {
        match self {
            Self::Ticket(ticket) => &ticket.fields,
            Self::Item(item) => &item.fields,
        }
    }

    pub(super) fn was_touched(&self) -> bool {
        match self {
            Self::Ticket(ticket) => ticket.was_touched(),
            Self::Item(item) => item.was_touched(),
        }
    }

    pub(super) fn url(&self) -> Option<Box<str>> {
        match self {
            Self::Ticket(ticket) => ticket.web_url.clone(),
            Self::Item(item) => item.url.clone(),
        }
    }
}

/// Search for a marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkerQuery {
    /// The side to search.
    pub side: Side,
    /// The kind of ticket.
    pub kind: Kind,
    /// The marker. Servers ignore filters that they do not know: hits with another marker are thrown away.
    pub marker: Marker,
}

/// A record that carries a marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkerHit {
    /// The record.
    pub record: RecordKey,
    /// The marker that was read on it.
    pub marker: Marker,
}

/// Search for the note of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteQuery {
    /// The ticket.
    pub ticket: TicketId,
    /// The tag that the note carries, see [`StatusCall::note_tag`].
    pub tag: Box<str>,
}

/// What the runtime must do next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Store the entry, durably. Answer: [`Event::Persisted`].
    Persist(JournalEntry),
    /// Store the result of an operation, in one transaction, durably. Answer: [`Event::Persisted`].
    Commit(Box<Commit>),
    /// Read a record in detail. Answer: [`Event::Read`].
    Read(RecordKey),
    /// Search for a marker. Answer: [`Event::Markers`].
    FindMarker(MarkerQuery),
    /// Look for projects that Halo's own workflow made from the opportunity: tickets created from it, related to it,
    /// or with it as their parent. Answer: [`Event::Projects`].
    FindProject(TicketId),
    /// Look for the note of an action of ours. Answer: [`Event::Note`].
    FindNote(NoteQuery),
    /// Create a record. Answer: [`Event::Written`].
    Create(CreateCall),
    /// Write fields. Answer: [`Event::Written`].
    Update(UpdateCall),
    /// Change a status. Answer: [`Event::Written`].
    StatusWrite(StatusCall),
    /// Write a link back. Answer: [`Event::Written`].
    LinkBack(LinkBackCall),
    /// Nothing can be done before this moment, by our clock. No event: poll again then.
    Wait(Stamp),
    /// The plan has been carried out as far as possible. No event.
    Done(Report),
}

/// Why a server did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RejectClass {
    /// It was not sent, or the server was too busy to look at it.
    Unavailable,
    /// Refused for the rate of requests.
    Throttled,
    /// The credentials are not accepted. Ends the run.
    Credentials,
    /// This right is missing.
    Forbidden,
    /// The record does not exist, or is hidden.
    NotFound,
    /// The record changed since it was read (a conditional write failed).
    Changed,
    /// The server does not accept the values.
    Invalid,
}

/// A refusal: the request has certainly not been applied.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Reject {
    /// Its class.
    pub class: RejectClass,
    /// What the server said, sanitised, for a person.
    pub detail: Box<str>,
}

impl Reject {
    /// A refusal.
    #[must_use]
    pub fn new(class: RejectClass, detail: impl Into<Box<str>>) -> Self {
        Self { class, detail: detail.into() }
    }
}

/// What came of a write. Three values, on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Applied. The record as the server now holds it, if the reply carries it; fields that the reply does not carry
    /// are [`crate::value::Obs::NotFetched`].
    Applied(Option<Record>),
    /// Certainly not applied.
    Rejected(Reject),
    /// Nobody knows: the reply was lost, or a server error came after the request was sent.
    Unknown,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The entry or commit of [`Step::Persist`] or [`Step::Commit`] is stored.
    Persisted,
    /// Answer to [`Step::Read`]. Nothing: the server says that there is no such record.
    Read(Result<Option<Record>, Reject>),
    /// Answer to [`Step::FindMarker`].
    Markers(Result<Vec<MarkerHit>, Reject>),
    /// Answer to [`Step::FindProject`].
    Projects(Result<Vec<HaloTicket>, Reject>),
    /// Answer to [`Step::FindNote`]: whether there is one.
    Note(Result<bool, Reject>),
    /// Answer to a write.
    Written(Outcome),
}

impl Event {
    const fn name(&self) -> &'static str {
        match self {
            Self::Persisted => "persisted",
            Self::Read(_) => "read",
            Self::Markers(_) => "markers",
            Self::Projects(_) => "projects",
            Self::Note(_) => "note",
            Self::Written(_) => "written",
        }
    }
}

/// An event that does not belong to the open step. The executor is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event {event:?} does not answer the step {step:?}")]
pub struct ProtocolError {
    /// The open step, or "none".
    pub step: &'static str,
    /// The event.
    pub event: &'static str,
}

impl ProtocolError {
    pub(super) const fn new(step: Option<&Step>, event: &Event) -> Self {
        let step = match step {
            None => "none",
            Some(step) => step.name(),
        };
        Self { step, event: event.name() }
    }
}

impl Step {
    /// The name of the step, for messages.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Persist(_) => "persist",
            Self::Commit(_) => "commit",
            Self::Read(_) => "read",
            Self::FindMarker(_) => "find_marker",
            Self::FindProject(_) => "find_project",
            Self::FindNote(_) => "find_note",
            Self::Create(_) => "create",
            Self::Update(_) => "update",
            Self::StatusWrite(_) => "status_write",
            Self::LinkBack(_) => "link_back",
            Self::Wait(_) => "wait",
            Self::Done(_) => "done",
        }
    }

    /// Whether a server is written to.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Update(_) | Self::StatusWrite(_) | Self::LinkBack(_))
    }

    pub(super) const fn is_answered_by(&self, event: &Event) -> bool {
        matches!(
            (self, event),
            (Self::Persist(_) | Self::Commit(_), Event::Persisted)
                | (Self::Read(_), Event::Read(_))
                | (Self::FindMarker(_), Event::Markers(_))
                | (Self::FindProject(_), Event::Projects(_))
                | (Self::FindNote(_), Event::Note(_))
                | (
                    Self::Create(_) | Self::Update(_) | Self::StatusWrite(_) | Self::LinkBack(_),
                    Event::Written(_)
                )
        )
    }
}

/// What came of an operation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OpResult {
    /// Done.
    Done,
    /// There was nothing left to write: the target held the values already.
    AlreadyThere,
    /// Instead of creating a record, one was found and adopted.
    Adopted,
    /// What the plan was based on no longer holds. The record stays dirty.
    ChangedSincePlan,
    /// The server said yes and holds what it held before.
    NotKept,
    /// Refused.
    Rejected(Reject),
    /// The reply was lost; the next run looks.
    Unknown,
    /// Several records answer the description; a person must choose.
    Ambiguous,
    /// An operation that must come first did not succeed.
    Blocked,
    /// The run ended before its turn.
    NotTried,
}

impl OpResult {
    /// Whether operations that build on it may go on.
    #[must_use]
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadyThere | Self::Adopted)
    }
}

/// What came of one operation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OpReport {
    /// The operation.
    pub op: OpId,
    /// What came of it.
    pub result: OpResult,
}

/// More than one record carries one marker.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Duplicate {
    /// The marker.
    pub marker: Marker,
    /// The record that was kept: the linked one, else the one with the lowest id.
    pub kept: RecordKey,
    /// The others.
    pub others: Vec<RecordKey>,
}

/// What came of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// Every operation of the plan, in its order.
    pub ops: Vec<OpReport>,
    /// Markers found more than once.
    pub duplicates: Vec<Duplicate>,
    /// What ended the run early.
    pub aborted: Option<Reject>,
}

impl Report {
    /// Whether every operation succeeded.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.aborted.is_none()
            && self.duplicates.is_empty()
            && self.ops.iter().all(|op| op.result.is_success())
    }
}
