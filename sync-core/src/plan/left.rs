//! What a plan does not do: skips, and proposals that wait for a person.

use crate::base::{Evidence, Link, SuspendReason};
use crate::decision::{ConflictId, ProposalId};
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::hash::Hasher;
use crate::ids::{HitClientId, HitStatusId, ItemId, Kind, Side, StatusId, TicketId, TicketTypeId};
use crate::settings::PromotionMode;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkipReason {
    /// The field was not read, or may not be read, on this side.
    NotObserved(Side),
    /// The direction forbids the write; the two sides differ on purpose.
    Direction,
    /// The value has no counterpart on the other side.
    Unmapped {
        /// The side that holds the value.
        side: Side,
        /// The value.
        value: Box<str>,
    },
    /// The status is known and set to be ignored.
    IgnoredStatus {
        /// The side that holds the status.
        side: Side,
        /// The status.
        value: Box<str>,
    },
    /// The item's status has no rule.
    UnknownStatus(HitStatusId),
    /// Blank does not overwrite.
    Blank(Side),
    /// The opportunity is frozen: its project exists.
    Frozen,
    /// The money was priced in Halo.
    Priced,
    /// The ticket is closed.
    TicketClosed,
    /// Halo computes this value.
    Computed,
    /// HIT has no such field.
    CapabilityMissing,
    /// Currencies are unequal or unknown.
    CurrencyUnequal,
    /// A person must decide first.
    Conflict(ConflictId),
    /// A write is under way whose result was not seen yet.
    Pending(Side),
    /// It moves together with another field, which waits.
    Group(FieldId),
    /// The client does not take part.
    OutOfScope,
    /// The client is not linked.
    ClientNotLinked,
    /// Nothing can be created for the client.
    ClientUnusable,
    /// The settings create nothing for this status.
    NothingToCreate(HitStatusId),
    /// The item left the roadmap.
    Archived,
    /// Unlinked tickets look like the item; a person says which it is.
    WaitsForPairing(Vec<TicketId>),
    /// Halo does not say when the ticket was created, and only newer ones are imported.
    AgeUnknown,
    /// Unlinked items look like the ticket; a person says which it is.
    WaitsForImportPairing(Vec<ItemId>),
    /// A person said that it is left alone.
    LeftAlone,
    /// The create type of the kind is not chosen.
    CreateTypeMissing(Kind),
    /// A create is under way whose result is not known yet.
    CreatePending,
    /// The promotion waits for Halo's own workflow.
    AwaitsProject,
    /// It waits for an approval.
    NeedsApproval(ProposalId),
    /// The item went back to an opportunity status.
    WentBack,
    /// The link is suspended.
    Suspended(SuspendReason),
    /// A record of the link was not read.
    RecordNotRead(Side),
    /// A record of the link is gone.
    RecordGone(Side),
    /// The ticket's type is not followed.
    TypeNotFollowed(TicketTypeId),
    /// The workflow does not offer the action in the present status.
    ActionNotOffered(StatusId),
    /// Set aside by a person for these values.
    Dismissed,
}

impl SkipReason {
    /// Whether it is so by design: it ends when a record, a setting or a decision changes, and looking again without
    /// such a change finds the same. Such a skip needs nobody's attention and does not keep a record dirty.
    #[must_use]
    pub const fn is_by_design(&self) -> bool {
        matches!(
            self,
            Self::Direction
                | Self::IgnoredStatus { .. }
                | Self::Blank(_)
                | Self::Frozen
                | Self::Priced
                | Self::Computed
                | Self::CapabilityMissing
                | Self::OutOfScope
                | Self::NothingToCreate(_)
                | Self::Archived
                | Self::LeftAlone
                | Self::AgeUnknown
                | Self::WentBack
                | Self::Dismissed
        )
    }
}

/// Something that is not done, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    /// The item.
    pub item: Option<ItemId>,
    /// The ticket.
    pub ticket: Option<TicketId>,
    /// The kind of pair.
    pub kind: Option<Kind>,
    /// The field; nothing if the whole record is meant.
    pub field: Option<FieldId>,
    /// Why.
    pub reason: SkipReason,
}

/// What a proposal asks for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProposalKind {
    /// Go through with a promotion.
    Promote {
        /// How.
        mode: PromotionMode,
        /// The project to adopt; nothing if one would be created or the ticket converted.
        project: Option<TicketId>,
    },
    /// Close the opportunity as won.
    CloseWon,
    /// Forget the ticket of a kind.
    Unlink {
        /// Why.
        evidence: Evidence,
        /// The ticket to link instead, if the old one was merged into it.
        instead: Option<TicketId>,
    },
    /// Link the item to the ticket. Answered by [`crate::decision::Decisions::pairings`], not by an approval.
    Pair {
        /// The candidates; one is a suggestion, more are ambiguous.
        candidates: Vec<TicketId>,
    },
}

/// Something that is done only after a person has agreed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Stable name; what `approve` takes.
    pub id: ProposalId,
    /// What it asks for.
    pub kind: ProposalKind,
    /// The item.
    pub item: ItemId,
    /// The client.
    pub client: HitClientId,
    /// The ticket.
    pub ticket: Option<TicketId>,
}

impl Proposal {
    /// The name of a proposal about a link: what it asks for, of which ticket, and what it rests on: the evidence,
    /// the way a promotion is done and the status that asks for it. What was called off and is wanted again is
    /// another proposal, so that no approval is ever used for something that nobody was asked about.
    ///
    /// Whether Halo has made the project in the meantime takes no part: the person has agreed to the promotion.
    #[must_use]
    pub fn name(
        kind: &ProposalKind,
        link: &Link,
        ticket: Option<TicketId>,
        status: Option<&HitStatusId>,
    ) -> ProposalId {
        let mut h = Hasher::new("proposal");
        match kind {
            ProposalKind::Promote { .. } => h.text("promote"),
            ProposalKind::CloseWon => h.text("close_won"),
            ProposalKind::Unlink { .. } => h.text("unlink"),
            ProposalKind::Pair { candidates } => return Self::pair_name(candidates, &link.item, ticket),
        };
        h.text(link.item.as_str()).number(ticket.map_or(i64::MIN, |t| t.0));
        if guard::on(Guard::ApprovalBound) {
            h.number(i64::from(link.called_off)).text(status.map_or("", HitStatusId::as_str));
            match kind {
                ProposalKind::Promote { mode, .. } => h.number(*mode as i64),
                ProposalKind::Unlink { evidence, .. } => match evidence {
                    Evidence::Flag => h.text("flag"),
                    Evidence::NotFoundWithCanary => h.text("not_found"),
                    Evidence::Merged(into) => h.text("merged").number(into.0),
                    // Of repeated absence, when it began: a record that was back in between is asked about anew.
                    Evidence::Absent { scope, first, .. } => {
                        h.text("absent").bytes(&scope.0).number(first.unix_ms)
                    }
                },
                ProposalKind::CloseWon | ProposalKind::Pair { .. } => &mut h,
            };
        }
        h.finish()
    }

    /// The name of the question which ticket an item is.
    #[must_use]
    pub fn pair_name(candidates: &[TicketId], item: &ItemId, ticket: Option<TicketId>) -> ProposalId {
        let mut h = Hasher::new("proposal");
        for candidate in candidates {
            h.number(candidate.0);
        }
        h.text("pair").text(item.as_str()).number(ticket.map_or(i64::MIN, |t| t.0));
        h.finish()
    }
}
