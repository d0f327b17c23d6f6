//! Operations.

use super::why::Why;
use crate::base::{BaseRow, CreateSpec, Evidence};
use crate::decision::OpId;
use crate::field::{FieldId, FieldRow};
use crate::hash::{Hash128, Hasher};
use crate::ids::{HaloClientId, HitClientId, ItemId, Kind, Side, TicketId, TicketTypeId};
use crate::marker::Marker;
use crate::settings::{CloseRecipe, StatusHow};
use crate::value::{Obs, Value};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Dependency ranks: closed tickets refuse edits, so reopening comes before updates and closing after them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rank {
    /// Changes of our own memory: adopt, rebase, await, unlink.
    Local,
    /// Creates and conversions.
    Create,
    /// Reopening.
    Reopen,
    /// Field updates.
    Update,
    /// Closing.
    Close,
    /// Links back.
    LinkBack,
}

/// Which way a status write goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusMove {
    /// Between two open statuses, or between two closed ones.
    Between,
    /// From a closed status to an open one.
    Reopen,
    /// From an open status to a closed one.
    Close,
}

/// Why an existing ticket becomes part of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Adoption {
    /// It carries our marker for this item: a create of ours whose reply was lost, or a lost database.
    Marker,
    /// The item refers to it.
    Reference,
    /// A person said so.
    Answer,
    /// Halo's own workflow made the project from the linked opportunity.
    Promotion,
}

/// What an operation does.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum OpKind {
    /// Remembers that both sides agree: `Op::base` enters the base. No server is written to.
    Rebase {
        /// The kind of pair.
        kind: Kind,
    },
    /// Links an existing ticket: `Op::ticket` becomes the ticket of the kind, `Op::base` enters the base. No server
    /// is written to. If there is an intent for the marker, its base is used instead where it is better informed.
    Adopt {
        /// The kind.
        kind: Kind,
        /// Why.
        how: Adoption,
    },
    /// Creates a record: `Op::set` is the payload in the target's form, `Op::source` the source's values. A field
    /// that is in `source` and not in `set` was left out (blank, unmapped, a status that only an action can set): its
    /// base becomes what the new record holds against a blank on the source's side, so that whatever the source
    /// holds counts as a change.
    Create(Box<CreateSpec>),
    /// Writes `Op::set` to one side. A status in it (Halo: by field, no action) neither opens nor closes the ticket.
    Update {
        /// The kind of pair.
        kind: Kind,
        /// The side that is written to.
        side: Side,
    },
    /// Writes Halo's status, `Op::set[Status]`.
    StatusWrite {
        /// The kind of ticket.
        kind: Kind,
        /// How.
        how: StatusHow,
        /// Which way.
        moves: StatusMove,
    },
    /// Promotion by changing the opportunity's type: `Op::ticket` becomes the project and is no longer the
    /// opportunity. `Op::set` may hold the status of the new type.
    Promote {
        /// The new type.
        to_type: TicketTypeId,
    },
    /// Closes the won opportunity by the recipe.
    CloseWon {
        /// What to write.
        recipe: Box<CloseRecipe>,
    },
    /// Remembers that a promotion waits for Halo's workflow: `Link::promotion_since` becomes the time of commit,
    /// unless it is set. No server is written to.
    AwaitProject,
    /// Forgets that a promotion was waited for. No server is written to.
    EndAwait,
    /// Writes the link back: on HIT the external reference of the kind, on Halo the external link. The ticket is
    /// `Op::ticket`, or the one made by the operations in `Op::after`.
    LinkBack {
        /// The kind of ticket.
        kind: Kind,
        /// The side that is written to.
        side: Side,
    },
    /// Ends the part of a link: the ticket of the kind is forgotten. No server is written to.
    Unlink {
        /// The kind.
        kind: Kind,
        /// Why.
        evidence: Evidence,
    },
}

impl OpKind {
    /// Whether a server is written to.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        !matches!(
            self,
            Self::Rebase { .. }
                | Self::Adopt { .. }
                | Self::AwaitProject
                | Self::EndAwait
                | Self::Unlink { .. }
        )
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Rebase { .. } => "rebase",
            Self::Adopt { .. } => "adopt",
            Self::Create(_) => "create",
            Self::Update { .. } => "update",
            Self::StatusWrite { .. } => "status_write",
            Self::Promote { .. } => "promote",
            Self::CloseWon { .. } => "close_won",
            Self::AwaitProject => "await_project",
            Self::EndAwait => "end_await",
            Self::LinkBack { .. } => "link_back",
            Self::Unlink { .. } => "unlink",
        }
    }

    /// The kind of pair it is about.
    #[must_use]
    pub const fn pair_kind(&self) -> Kind {
        match self {
            Self::Rebase { kind }
            | Self::Adopt { kind, .. }
            | Self::Update { kind, .. }
            | Self::StatusWrite { kind, .. }
            | Self::LinkBack { kind, .. }
            | Self::Unlink { kind, .. } => *kind,
            Self::Create(spec) => spec.kind,
            Self::Promote { .. } | Self::AwaitProject | Self::EndAwait => Kind::Project,
            Self::CloseWon { .. } => Kind::Opportunity,
        }
    }

    /// The side that is written to, if a server is.
    #[must_use]
    pub const fn side(&self) -> Option<Side> {
        match self {
            Self::Update { side, .. } | Self::LinkBack { side, .. } => Some(*side),
            Self::Create(spec) => Some(spec.target),
            Self::StatusWrite { .. } | Self::Promote { .. } | Self::CloseWon { .. } => Some(Side::Halo),
            _ => None,
        }
    }
}

/// What must still hold right before the write. If it does not, only this operation is left out, and its link is
/// planned again.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Precond {
    /// The field of the record on that side still holds this.
    Field {
        /// The side.
        side: Side,
        /// The field.
        field: FieldId,
        /// What it holds.
        is: Obs<Value>,
    },
    /// The ticket still has this type.
    TicketType(TicketTypeId),
    /// The ticket still belongs to this client.
    TicketClient(HaloClientId),
    /// The ticket is still closed, or still open.
    Closed(bool),
    /// The ticket still has neither quotation nor order.
    NotPriced,
    /// The item is still not linked to a ticket of this kind (local).
    NotLinked(Kind),
    /// No record carries the marker.
    MarkerFree(Marker),
}

/// One operation of a plan.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Op {
    /// Stable name: digest of what it does, to what, from which values to which. The same decision has the same
    /// name in every run, and an approval of it is an approval of exactly that.
    pub id: OpId,
    /// Its place in the order.
    pub rank: Rank,
    /// Operations of this plan that must have succeeded before.
    pub after: Vec<OpId>,
    /// What it does.
    pub kind: OpKind,
    /// The link; nothing for an import, whose item does not exist yet.
    pub item: Option<ItemId>,
    /// The client.
    pub client: HitClientId,
    /// The ticket; nothing while it does not exist.
    pub ticket: Option<TicketId>,
    /// What must still hold.
    pub pre: Vec<Precond>,
    /// What the written fields hold on the written side.
    pub before: FieldRow,
    /// What is written, in the target's form. Blank is [`Obs::Null`].
    pub set: FieldRow,
    /// What the written fields hold on the other side: with the value read back, it becomes the new base.
    pub source: FieldRow,
    /// Cells that enter the base without a write.
    pub base: BaseRow,
    /// Why, in the order of the fields.
    pub why: Vec<Why>,
}

impl Op {
    /// Computes the stable name from what the operation does; reasons, order and preconditions take no part.
    #[must_use]
    pub fn name(&self) -> OpId {
        let mut h = Hasher::new("op");
        h.text(self.kind.code())
            .text(self.kind.pair_kind().name())
            .text(self.kind.side().map_or("", Side::code));
        h.text(self.item.as_ref().map_or("", ItemId::as_str)).number(self.ticket.map_or(i64::MIN, |t| t.0));
        match &self.kind {
            OpKind::Create(spec) => {
                h.text(spec.marker.as_str()).number(spec.ticket_type.map_or(i64::MIN, |t| t.0));
            }
            OpKind::StatusWrite { how: StatusHow::Action(outcome), .. } => {
                h.number(outcome.0);
            }
            OpKind::Promote { to_type } => {
                h.number(to_type.0);
            }
            _ => {}
        }
        // A create is the same create whatever its payload has become since: its marker says so.
        if !matches!(self.kind, OpKind::Create(_)) {
            self.before.digest_into(&mut h);
            self.set.digest_into(&mut h);
            for (field, cell) in &self.base {
                h.text(field.code());
                for half in [&cell.halo, &cell.hit] {
                    match half {
                        Some(value) => value.digest_into(&mut h),
                        None => {
                            h.number(0);
                        }
                    }
                }
            }
        }
        h.finish()
    }

    /// Gives the operation its name.
    #[must_use]
    pub fn named(mut self) -> Self {
        self.id = self.name();
        self
    }
}

/// The name of nothing, before [`Op::named`] gives the real one.
pub(crate) const UNNAMED: Hash128 = Hash128([0; 16]);
