//! Calls that change something on a server. Only the executor makes them, and only from what was stored.

use crate::base::{Intent, PendingWrite};
use crate::decision::OpId;
use crate::field::FieldRow;
use crate::ids::{ItemId, Kind, OutcomeId, Side, StatusId, TicketId, TicketTypeId};
use crate::marker::Marker;
use crate::settings::CloseRecipe;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Something that the runtime has confirmed to be stored. Can be made by the executor alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Persisted<T>(T);

impl<T> Persisted<T> {
    /// To be called for [`super::Event::Persisted`] and nowhere else.
    pub(super) const fn confirmed(value: T) -> Self {
        Self(value)
    }

    /// What was stored.
    #[must_use]
    pub const fn get(&self) -> &T {
        &self.0
    }
}

/// Create a record, with its marker in the same call. One record per request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateCall {
    intent: Persisted<Box<Intent>>,
}

impl CreateCall {
    pub(super) const fn new(intent: Persisted<Box<Intent>>) -> Self {
        Self { intent }
    }

    /// The stored intent: what is created (`spec`), with which marker, and the values (`payload`).
    #[must_use]
    pub fn intent(&self) -> &Intent {
        self.intent.get()
    }

    /// The marker that must be part of the call.
    #[must_use]
    pub fn marker(&self) -> &Marker {
        &self.intent().spec.marker
    }
}

/// Write fields of one record. Carries only fields that change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateCall {
    op: OpId,
    target: super::RecordKey,
    kind: Kind,
    set: Box<FieldRow>,
    version: Option<Box<str>>,
    _stored: Persisted<Vec<PendingWrite>>,
}

impl UpdateCall {
    pub(super) const fn new(
        op: OpId,
        target: super::RecordKey,
        kind: Kind,
        set: Box<FieldRow>,
        version: Option<Box<str>>,
        stored: Persisted<Vec<PendingWrite>>,
    ) -> Self {
        Self { op, target, kind, set, version, _stored: stored }
    }

    /// The operation.
    #[must_use]
    pub const fn op(&self) -> OpId {
        self.op
    }

    /// The record.
    #[must_use]
    pub const fn target(&self) -> &super::RecordKey {
        &self.target
    }

    /// The side that is written to.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.target.side()
    }

    /// The kind of ticket of the pair.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What is written, in the target's form. [`crate::value::Obs::Null`] is blank.
    #[must_use]
    pub fn set(&self) -> &FieldRow {
        &self.set
    }

    /// The version that was read, for a conditional write where the server offers one.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }
}

/// How a status is written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StatusWay {
    /// By the ticket's status field.
    Set(StatusId),
    /// By an action with this outcome: no mail, hidden from the user. Its note must carry [`StatusCall::note_tag`].
    Action {
        /// The outcome.
        outcome: OutcomeId,
        /// The status that it is expected to set.
        status: StatusId,
    },
    /// By the recipe for won opportunities.
    CloseWon(Box<CloseRecipe>),
    /// By changing the ticket's type, and the status with it if there is one.
    Convert {
        /// The new type.
        to_type: TicketTypeId,
        /// The status of the new type.
        status: Option<StatusId>,
    },
}

/// Change a ticket's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCall {
    op: OpId,
    ticket: TicketId,
    way: StatusWay,
    _stored: Persisted<Vec<PendingWrite>>,
}

impl StatusCall {
    pub(super) const fn new(
        op: OpId,
        ticket: TicketId,
        way: StatusWay,
        stored: Persisted<Vec<PendingWrite>>,
    ) -> Self {
        Self { op, ticket, way, _stored: stored }
    }

    /// The operation.
    #[must_use]
    pub const fn op(&self) -> OpId {
        self.op
    }

    /// The ticket.
    #[must_use]
    pub const fn ticket(&self) -> TicketId {
        self.ticket
    }

    /// How.
    #[must_use]
    pub const fn way(&self) -> &StatusWay {
        &self.way
    }

    /// The text by which the note of an action is found again if its reply is lost: `HS-` and 32 hexadecimal digits.
    #[must_use]
    pub fn note_tag(&self) -> Box<str> {
        note_tag(self.op)
    }
}

pub(super) fn note_tag(op: OpId) -> Box<str> {
    alloc::format!("HS-{op}").into()
}

/// Write the link back: in HIT the external reference of the kind, in Halo the external link. Repeating it changes
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkBackCall {
    side: Side,
    item: ItemId,
    ticket: TicketId,
    kind: Kind,
    marker: Marker,
    url: Option<Box<str>>,
}

impl LinkBackCall {
    pub(super) const fn new(
        side: Side,
        item: ItemId,
        ticket: TicketId,
        kind: Kind,
        marker: Marker,
        url: Option<Box<str>>,
    ) -> Self {
        Self { side, item, ticket, kind, marker, url }
    }

    /// The side that is written to.
    #[must_use]
    pub const fn side(&self) -> Side {
        self.side
    }

    /// The item.
    #[must_use]
    pub const fn item(&self) -> &ItemId {
        &self.item
    }

    /// The ticket.
    #[must_use]
    pub const fn ticket(&self) -> TicketId {
        self.ticket
    }

    /// The kind of ticket.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The marker of the pair, to be written along where the system keeps one.
    #[must_use]
    pub const fn marker(&self) -> &Marker {
        &self.marker
    }

    /// The address of the other record in its system's web interface, where this run has learned it.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}
