//! Reasons, each a stable code with its evidence. `explain` turns them into a sentence from the evidence alone.

use crate::base::Evidence;
use crate::field::FieldId;
use crate::ids::{AgentId, HitStatusId, ItemId, Kind, Side, StatusId, TicketId, TicketTypeId};
use crate::settings::{ConflictRule, PromotionMode};
use crate::value::{Obs, Value};
use alloc::boxed::Box;

/// Why an operation is planned. Readers must tolerate codes that they do not know.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "code")]
#[non_exhaustive]
pub enum Why {
    /// A side changed since both agreed, the other did not.
    Changed {
        /// The field.
        field: FieldId,
        /// The side that changed.
        side: Side,
        /// What it held when both agreed.
        was: Option<Value>,
        /// What it holds.
        now: Option<Value>,
    },
    /// Both sides changed to values that agree.
    Agreed {
        /// The field.
        field: FieldId,
    },
    /// On linking, both sides already agreed.
    FirstLinkEqual {
        /// The field.
        field: FieldId,
    },
    /// On linking, one side was blank and is filled.
    FirstLinkFilled {
        /// The field.
        field: FieldId,
        /// The side whose value is taken.
        from: Side,
    },
    /// On linking, the rule decided.
    FirstLinkRule {
        /// The field.
        field: FieldId,
        /// The side whose value is taken.
        from: Side,
    },
    /// Both sides changed, and the rule decided.
    BothChanged {
        /// The field.
        field: FieldId,
        /// The side whose value is taken.
        winner: Side,
        /// The rule.
        rule: ConflictRule,
    },
    /// A person decided for exactly these values.
    Decided {
        /// The field.
        field: FieldId,
        /// The side whose value is kept.
        keep: Side,
    },
    /// A value that we had sent earlier turned up late; the other side is asserted again.
    LateWriteSeen {
        /// The field.
        field: FieldId,
        /// The side on which it turned up.
        side: Side,
    },
    /// The row of the status map that was used.
    StatusRow {
        /// The ticket type whose map it is.
        ticket_type: TicketTypeId,
        /// The side whose status is translated.
        from: Side,
        /// That status.
        status: Box<str>,
        /// What it becomes.
        to: Box<str>,
    },
    /// The settings create this kind for items in the status.
    CreateRule {
        /// The status.
        status: HitStatusId,
        /// The kind.
        kind: Kind,
    },
    /// A person said that a new record is to be created although candidates exist.
    CreateAnyway,
    /// The settings import tickets of this type.
    Import {
        /// The ticket.
        ticket: TicketId,
        /// Its type.
        ticket_type: TicketTypeId,
    },
    /// The item's person has no counterpart; the default is used.
    DefaultAgent {
        /// The agent; nothing leaves it to the ticket type.
        agent: Option<AgentId>,
    },
    /// A ticket with our marker for this item was found.
    MarkerFound {
        /// The ticket.
        ticket: TicketId,
    },
    /// The item refers to the ticket.
    ReferenceFound {
        /// The ticket.
        ticket: TicketId,
    },
    /// A person linked the item to the ticket.
    Paired {
        /// The ticket.
        ticket: TicketId,
    },
    /// The item moved on to a project status.
    Promotion {
        /// The status.
        status: HitStatusId,
        /// How promotions are done.
        mode: PromotionMode,
    },
    /// Halo's own workflow made the project.
    MadeByWorkflow {
        /// The opportunity.
        opportunity: TicketId,
        /// The project.
        project: TicketId,
    },
    /// No project appeared within the waiting time.
    NoProjectAppeared {
        /// The waiting time in milliseconds.
        waited_ms: i64,
    },
    /// A person approved it.
    Approved,
    /// The record on this side does not refer to the other yet.
    LinkBackMissing {
        /// The side.
        side: Side,
    },
    /// The record is gone.
    Gone {
        /// The evidence.
        evidence: Evidence,
    },
    /// The reading HIT sees no opportunity any more: a waiting promotion is called off.
    PromotionCalledOff {
        /// The status that called it off.
        status: Option<HitStatusId>,
    },
    /// The status of the ticket that decides.
    OpportunityWon {
        /// The closed status that the recipe sets.
        status: StatusId,
    },
    /// The write is repeated because the other side did not keep it, while the source is the owner.
    Enforced {
        /// The field.
        field: FieldId,
        /// What was found.
        found: Obs<Value>,
    },
    /// When the ticket was created, a template of Halo's had replaced what was sent.
    TemplateOverwrote {
        /// The field.
        field: FieldId,
    },
    /// A person takes back what a run has written.
    Undone {
        /// The field.
        field: FieldId,
        /// The run.
        run: i64,
    },
}

/// What a diagnostic says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DiagnosticCode {
    /// A value alternates: an automation fights us.
    Flapping,
    /// The server stores another form than the one sent.
    Normalised,
    /// A row was given twice in the input and the later one was taken.
    RepeatedRow,
    /// Deletions were not considered in this run.
    DeletesNotConsidered,
    /// A record with our marker exists for an item that is not in the read.
    MarkerOfUnknownItem,
}

/// An observation about the run itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnostic {
    /// What.
    pub code: DiagnosticCode,
    /// The item.
    pub item: Option<ItemId>,
    /// The ticket.
    pub ticket: Option<TicketId>,
    /// The field.
    pub field: Option<FieldId>,
    /// More, for a person.
    pub detail: Box<str>,
}
