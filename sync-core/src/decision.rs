//! What waits for a person, and what people have answered.

use crate::base::BaseCell;
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::hash::{Hash128, Hasher};
use crate::ids::{HaloClientId, HitClientId, ItemId, Kind, Side, TicketId};
use crate::value::{Obs, Value};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Name of a conflict: a digest of the link, the kind, the field, the reason and both current values. The same conflict has the
/// same id in every run; another value makes another conflict.
pub type ConflictId = Hash128;
/// Name of an operation. See [`crate::plan::Op`].
pub type OpId = Hash128;
/// Name of an issue: a digest of its code and subject.
pub type IssueId = Hash128;
/// Name of a proposal. Equal to the id of the operation that an approval releases.
pub type ProposalId = Hash128;

/// Why a field of a link cannot be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConflictKind {
    /// Both sides changed since they last agreed.
    BothChanged,
    /// The records were linked with different values.
    FirstLink,
    /// HIT's budget has more than one line, and Halo has one number.
    ManyBudgetLines,
    /// The two dates of one side would be out of order.
    DateOrder,
    /// Blank against a value, where blank may not overwrite.
    BlankAgainstValue,
    /// The value alternates: something else keeps changing back what is written.
    Flapping,
}

impl ConflictKind {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BothChanged => "both_changed",
            Self::FirstLink => "first_link",
            Self::ManyBudgetLines => "many_budget_lines",
            Self::DateOrder => "date_order",
            Self::BlankAgainstValue => "blank_against_value",
            Self::Flapping => "flapping",
        }
    }
}

/// A field on which a person must decide. Nothing is written for it until then.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Conflict {
    /// Stable name.
    pub id: ConflictId,
    /// The link.
    pub item: ItemId,
    /// The ticket.
    pub ticket: TicketId,
    /// The kind of the ticket.
    pub kind: Kind,
    /// The field.
    pub field: FieldId,
    /// Why.
    pub reason: ConflictKind,
    /// What both held when they last agreed; nothing on a first link.
    pub base: Option<BaseCell>,
    /// What Halo holds.
    pub halo: Obs<Value>,
    /// What HIT holds.
    pub hit: Obs<Value>,
    /// The sides that a person may keep. Keeping a side that the direction does not send to the other accepts the
    /// difference. A side whose value the other cannot take is missing.
    pub ways_out: Vec<Side>,
}

impl Conflict {
    /// The name of a conflict over these values, for this reason: a decision about one is none about another.
    #[must_use]
    pub fn name(
        item: &ItemId,
        kind: Kind,
        field: FieldId,
        reason: ConflictKind,
        halo: &Obs<Value>,
        hit: &Obs<Value>,
    ) -> ConflictId {
        let mut h = Hasher::new("conflict");
        h.text(item.as_str()).text(kind.name()).text(field.code());
        if guard::on(Guard::ReasonBound) {
            h.text(reason.code());
        }
        for obs in [halo, hit].into_iter().filter(|_| guard::on(Guard::DecisionBound)) {
            match obs {
                Obs::Value(value) => value.digest_into(&mut h),
                _ => {
                    h.number(0);
                }
            }
        }
        h.finish()
    }
}

/// What an issue is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Subject {
    /// The item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<ItemId>,
    /// The ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketId>,
    /// The kind of ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<FieldId>,
    /// The client at HIT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<HitClientId>,
    /// The client at Halo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub halo_client: Option<HaloClientId>,
    /// A value or id that is the point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<str>>,
}

impl Subject {
    /// An item.
    #[must_use]
    pub fn item(item: &ItemId) -> Self {
        Self { item: Some(item.clone()), ..Self::default() }
    }

    /// A client at HIT.
    #[must_use]
    pub fn client(client: &HitClientId) -> Self {
        Self { client: Some(client.clone()), ..Self::default() }
    }

    /// A value.
    #[must_use]
    pub fn value(value: impl Into<Box<str>>) -> Self {
        Self { value: Some(value.into()), ..Self::default() }
    }

    /// The same, about a ticket.
    #[must_use]
    pub fn with_ticket(mut self, ticket: TicketId, kind: Kind) -> Self {
        self.ticket = Some(ticket);
        self.kind = Some(kind);
        self
    }

    /// The same, about a field.
    #[must_use]
    pub fn with_field(mut self, field: FieldId) -> Self {
        self.field = Some(field);
        self
    }

    /// The same, with a value.
    #[must_use]
    pub fn with_value(mut self, value: impl Into<Box<str>>) -> Self {
        self.value = Some(value.into());
        self
    }
}

macro_rules! issue_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $sentence:literal;)*) => {
        /// What a person should look at. Each has a stable code.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum IssueCode {
            $($(#[$doc])* $name,)*
        }

        impl IssueCode {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What is wrong and what ends it, in one sentence.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

issue_codes! {
    /// A HIT status without a rule.
    HitStatusUnknown = "hit_status_unknown", "This HIT status has no rule; give it one in the settings, and the items that carry it go on.";
    /// A HIT status without a row in the map of the ticket's type.
    HitStatusUnmapped = "hit_status_unmapped", "This HIT status is not mapped for the ticket's type; map or ignore it.";
    /// A Halo status without a row in the map of the ticket's type.
    HaloStatusUnmapped = "halo_status_unmapped", "This Halo status is not mapped for its ticket type; map or ignore it.";
    /// The client has no counterpart.
    ClientNotLinked = "client_not_linked", "This HIT client is not linked to a Halo client; link it, its items wait.";
    /// The client's counterpart is the unassigned client.
    ClientUnassigned = "client_unassigned", "The linked Halo client is the one for unassigned tickets; link a real client.";
    /// The client is stopped at Halo.
    ClientStopped = "client_stopped", "The linked Halo client is stopped; nothing is created for it.";
    /// The client is inactive at Halo.
    ClientInactive = "client_inactive", "The linked Halo client is inactive; nothing is created for it.";
    /// The client vanished from Halo.
    ClientVanished = "client_vanished", "The linked Halo client cannot be found any more; its links are suspended.";
    /// No site can be chosen.
    SiteMissing = "site_missing", "The Halo client has no main site and not exactly one active site; set its main site.";
    /// The ticket belongs to another client now.
    TicketMoved = "ticket_moved", "The ticket was moved to another client; the link is suspended until it is back or unlinked.";
    /// An edit is held because the ticket is closed.
    EditForClosed = "edit_for_closed", "The ticket is closed, so the change from HIT is held back; reopen the ticket, or undo the change.";
    /// The ticket's type is not followed any more.
    TicketTypeNotFollowed = "ticket_type_not_followed", "The ticket's type is not followed; follow it again or unlink the item.";
    /// A kind has no create type.
    CreateTypeMissing = "create_type_missing", "No ticket type is chosen for creating this kind; choose one in the settings.";
    /// Two or more records with one marker.
    DuplicateMarker = "duplicate_marker", "More than one ticket carries the same marker; keep one and remove the marker from the others.";
    /// A second project for a link.
    SecondProject = "second_project", "Another project exists for this opportunity; it was not linked.";
    /// The promotion found no project.
    PromotionWithoutProject = "promotion_without_project", "The item was approved but Halo has no project for it, and creating one is switched off; create it in Halo.";
    /// An item went back from a project status.
    WentBack = "went_back", "The item went back to an opportunity status although its project exists; nothing was undone.";
    /// The item's pairing is not clear.
    PairingAmbiguous = "pairing_ambiguous", "Several unlinked tickets look like this item; say which one it is, or create a new one.";
    /// A record of a link is gone.
    RecordGone = "record_gone", "A record of this link is gone; approve the proposal to unlink, or restore it.";
    /// Amounts in another currency.
    CurrencyUnequal = "currency_unequal", "The amounts are in different or unknown currencies and are not synced.";
    /// Two values fight each other.
    Flapping = "flapping", "The value keeps being changed back; look for an automation that writes this field.";
    /// A link back does not stay.
    LinkBackNotKept = "link_back_not_kept", "The reference to the other record is refused or does not stay on the side that is named, and is not written again; add it by hand, try it again, or switch the field link_back off.";
    /// A claimed ticket is linked to another item already.
    TicketAlreadyLinked = "ticket_already_linked", "The ticket is linked to another item already; one ticket belongs to one item.";
    /// A ticket that a person has named cannot be linked.
    TicketUnusable = "ticket_unusable", "The ticket that was named for the item is deleted, merged, a task or a probe; name another one, or take the answer back.";
    /// The read of one side looks broken.
    ReadSuspicious = "read_suspicious", "A complete read found far fewer records than are linked; deletions are not considered.";
    /// Opportunities stay open although their projects are linked, because nobody has shown how one is won.
    WonRecipeMissing = "won_recipe_missing", "How an opportunity is closed as won is not set up, so those whose project is linked stay open; close them in Halo, or set it up.";
}

/// Something that a person should look at. Not a failure of the run.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Issue {
    /// Stable name: code and subject.
    pub id: IssueId,
    /// The code.
    pub code: IssueCode,
    /// What it is about.
    pub subject: Subject,
}

impl Issue {
    /// An issue with its name.
    #[must_use]
    pub fn new(code: IssueCode, subject: Subject) -> Self {
        let mut h = Hasher::new("issue");
        h.text(code.code());
        h.text(subject.item.as_ref().map_or("", ItemId::as_str));
        h.number(subject.ticket.map_or(i64::MIN, |t| t.0));
        h.text(subject.kind.map_or("", Kind::name));
        h.text(subject.field.map_or("", FieldId::code));
        h.text(subject.client.as_ref().map_or("", HitClientId::as_str));
        h.number(subject.halo_client.map_or(i64::MIN, |c| c.0));
        h.text(subject.value.as_deref().unwrap_or(""));
        Self { id: h.finish(), code, subject }
    }

    /// Whether it stands in the way of global scope: issues that only say that a status has no map row do not, nor
    /// does one that only says that something is left to people by the settings.
    #[must_use]
    pub const fn blocks_gate(&self) -> bool {
        !matches!(
            self.code,
            IssueCode::HitStatusUnknown
                | IssueCode::HitStatusUnmapped
                | IssueCode::HaloStatusUnmapped
                | IssueCode::WonRecipeMissing
        )
    }
}

/// A person's answer about an unlinked item (or, for imports, an unlinked ticket).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairingAnswer {
    /// It is this ticket.
    Link(TicketId),
    /// It is none of the candidates: create.
    Create,
    /// Leave it alone.
    Ignore,
}

/// Everything people have decided. Decisions are data: applying one twice is the same as once.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Decisions {
    /// Answers about unlinked items.
    pub pairings: BTreeMap<ItemId, PairingAnswer>,
    /// Answers about unlinked tickets that could be imported. `Link` names no item here: use `pairings`.
    pub imports: BTreeMap<TicketId, PairingAnswer>,
    /// The side to keep, for exactly the values of the conflict.
    pub conflicts: BTreeMap<ConflictId, Side>,
    /// Approved proposals.
    pub approvals: BTreeSet<ProposalId>,
    /// Conflicts and issues that a person has put aside for these very values.
    pub dismissed: BTreeSet<Hash128>,
}

/// Unlinked records that look like each other: same linked client, same kind, equal normalised name. Made by
/// [`crate::matching`]; the planner lets a create wait while its item has a candidate.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Candidates {
    /// For an unlinked item: the tickets it could be, sorted. More than one is ambiguous.
    pub by_item: BTreeMap<ItemId, Vec<TicketId>>,
    /// For an unlinked ticket: the items it could be, sorted. More than one is ambiguous.
    pub by_ticket: BTreeMap<TicketId, Vec<ItemId>>,
}

impl Candidates {
    /// The one ticket that is a suggestion for the item: the only candidate, and not wanted by another item.
    #[must_use]
    pub fn suggestion(&self, item: &ItemId) -> Option<TicketId> {
        let [ticket] = self.by_item.get(item)?[..] else { return None };
        match self.by_ticket.get(&ticket).map(Vec::as_slice) {
            None => Some(ticket),
            Some([only]) if only == item => Some(ticket),
            Some(_) => None,
        }
    }
}
