//! What the engine remembers of a link: what both sides held when they last agreed, what it has sent and not seen
//! again yet, and what it intends.

use crate::field::{FieldId, FieldRow};
use crate::guard::{self, Guard};
use crate::hash::{Hash128, Hash256};
use crate::ids::{
    HaloClientId, HitClientId, ItemId, Kind, Side, SiteId, TeamId, TemplateId, TicketId, TicketTypeId,
};
use crate::learn::StoredForm;
use crate::marker::Marker;
pub use crate::parting::End;
use crate::stamp::Stamp;
use crate::value::{Obs, Value};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// What both sides held, each in its own domain, when they were last seen in agreement. `None` is blank.
///
/// Only values that were *observed* may enter, never values we meant to write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct BaseCell {
    /// What Halo held.
    pub halo: Option<Value>,
    /// What HIT held.
    pub hit: Option<Value>,
}

impl BaseCell {
    /// The half of one side.
    #[must_use]
    pub const fn side(&self, side: Side) -> &Option<Value> {
        match side {
            Side::Halo => &self.halo,
            Side::Hit => &self.hit,
        }
    }
}

/// Base cells by field.
pub type BaseRow = BTreeMap<FieldId, BaseCell>;

/// The base of a link, per kind of ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Base {
    /// Cells of the pair item and opportunity.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub opportunity: BaseRow,
    /// Cells of the pair item and project.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub project: BaseRow,
}

impl Base {
    /// The cells of one kind.
    #[must_use]
    pub const fn of(&self, kind: Kind) -> &BaseRow {
        match kind {
            Kind::Opportunity => &self.opportunity,
            Kind::Project => &self.project,
        }
    }

    /// The cells of one kind, to change.
    pub const fn of_mut(&mut self, kind: Kind) -> &mut BaseRow {
        match kind {
            Kind::Opportunity => &mut self.opportunity,
            Kind::Project => &mut self.project,
        }
    }
}

/// A write that was sent and whose result was not seen yet. While it lasts, the value sent turning up on that side
/// is our own late request, not an edit by a person.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PendingWrite {
    /// The operation.
    pub op: Hash128,
    /// The side that was written to.
    pub side: Side,
    /// The kind of ticket whose pair it belongs to.
    pub kind: Kind,
    /// The field.
    pub field: FieldId,
    /// What the target held right before, as far as it was read.
    #[serde(default)]
    pub before: Obs<Value>,
    /// What was sent, in the target's form. `None` is blank.
    pub sent: Option<Value>,
    /// When it was sent, by our clock.
    pub sent_at: Stamp,
    /// Until when a late application is possible, by our clock. It is dropped only after the link was re-read
    /// after this moment, never by the mere passing of time.
    pub settle_until: Stamp,
}

/// The last values we wrote to one field of one side: A, B, A, B means that an automation fights us.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FlapRing {
    /// The side that was written to.
    pub side: Side,
    /// The kind of ticket.
    pub kind: Kind,
    /// The field.
    pub field: FieldId,
    /// The digests of the last values written, oldest first, at most [`FlapRing::SIZE`].
    pub written: Vec<Hash128>,
    /// How often a person's decision has ended the quarantine: a decision holds for one quarantine.
    #[serde(default)]
    pub released: u32,
}

impl FlapRing {
    /// How many writes are remembered.
    pub const SIZE: usize = 4;

    /// The digest of a value as kept in the ring.
    #[must_use]
    pub fn digest(value: Option<&Value>) -> Hash128 {
        let mut h = crate::hash::Hasher::new("flap");
        if let Some(value) = value {
            value.digest_into(&mut h);
        }
        h.finish()
    }

    /// Remembers a write.
    pub fn push(&mut self, value: Option<&Value>) {
        if self.written.len() >= Self::SIZE {
            self.written.remove(0);
        }
        self.written.push(Self::digest(value));
    }

    /// Whether writing the value would be one turn too many: the ring is full and alternates between two values,
    /// or repeats one value that the server does not keep.
    #[must_use]
    pub fn would_flap(&self, value: Option<&Value>) -> bool {
        let [a, b, c, d] = self.written[..] else { return false };
        let next = Self::digest(value);
        a == c && b == d && (next == a || next == b)
    }
}

/// How often a link back was written to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct LinkedBack {
    /// The record's side.
    pub side: Side,
    /// The kind of ticket.
    pub kind: Kind,
    /// The ticket of the pair.
    pub ticket: TicketId,
    /// How often. [`LinkedBack::MOST`] if the server has said that it does not keep it.
    pub times: u32,
    /// Whether the server took it the last time.
    pub kept: bool,
}

impl LinkedBack {
    /// How often one is written at most: something that takes it out again each time would make us write for ever.
    pub const MOST: u32 = 3;
}

/// What people have said of a link. That it is out of scope, or that a record of it moved or vanished, is not stored:
/// every plan sees for itself, so that a link goes on as soon as the reason is gone.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LinkState {
    /// It takes part.
    #[default]
    Active,
    /// A person ended it. Kept so that the marker is not created again.
    Ended,
}

/// Why a link takes no part for the moment. Each plan finds it anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SuspendReason {
    /// The ticket moved to another client.
    ClientMoved,
    /// The Halo client vanished.
    ClientVanished,
}

/// One step of the evidence that a record is gone.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Evidence {
    /// The record itself says so (`deleted`).
    Flag,
    /// The record says that it was merged into another.
    Merged(TicketId),
    /// A direct read answered "not found" while a known record of the same client was readable.
    NotFoundWithCanary,
    /// Absent from complete full reads of one scope: when the first and the latest ended, by our clock, and how many.
    Absent {
        /// Scope of these reads.
        scope: Hash128,
        /// End of the first.
        first: Stamp,
        /// End of the latest.
        latest: Stamp,
        /// How many.
        reads: u32,
    },
}

impl Evidence {
    /// Whether it is enough to propose something.
    #[must_use]
    pub fn is_enough(&self, min_interval_ms: i64) -> bool {
        match self {
            _ if !guard::on(Guard::Evidence) => true,
            Self::Flag | Self::Merged(_) | Self::NotFoundWithCanary => true,
            Self::Absent { first, latest, reads, .. } => {
                *reads >= 2 && latest.since(*first).is_some_and(|ms| ms >= min_interval_ms)
            }
        }
    }
}

/// A value that a create had sent, and that Halo's template had replaced when the create was answered.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Overwritten {
    /// The ticket's kind.
    pub kind: Kind,
    /// The field.
    pub field: FieldId,
    /// What was sent.
    pub sent: Value,
    /// What the template made of it; nothing is blank.
    pub held: Option<Value>,
}

/// Digests of the rows with which a link was last found completely clean, and the settings under which it was.
/// A link whose rows still have these digests is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CleanMark {
    /// [`crate::plan::PlanHead::rules_hash`] at that time.
    pub rules: Hash256,
    /// Digest of the item.
    pub item: Hash128,
    /// Digest of the opportunity, if there is one.
    pub opportunity: Option<Hash128>,
    /// Digest of the project, if there is one.
    pub project: Option<Hash128>,
}

/// The durable pairing of one item with its ticket(s).
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Link {
    /// The item; also the identity of the link.
    pub item: ItemId,
    /// The client at HIT when the link was made.
    pub client: HitClientId,
    /// The client at Halo when the link was made; a ticket that moves away suspends the link.
    pub halo_client: HaloClientId,
    /// The opportunity.
    #[serde(default)]
    pub opportunity: Option<TicketId>,
    /// The project.
    #[serde(default)]
    pub project: Option<TicketId>,
    /// What both sides held when they last agreed.
    #[serde(default)]
    pub base: Base,
    /// Writes without a seen result.
    #[serde(default)]
    pub pending: Vec<PendingWrite>,
    /// The last writes per field.
    #[serde(default)]
    pub flap: Vec<FlapRing>,
    /// Whether it takes part.
    #[serde(default)]
    pub state: LinkState,
    /// Since when a promotion waits for Halo's own workflow, by our clock.
    #[serde(default)]
    pub promotion_since: Option<Stamp>,
    /// Evidence that the ticket of a kind, or (no kind) the item, is gone.
    #[serde(default)]
    pub gone: Vec<(Option<Kind>, Evidence)>,
    /// Rows with which it was last clean.
    #[serde(default)]
    pub clean: Option<CleanMark>,
    /// The last text per side and field that the server stored in another form than the one sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stored: Vec<StoredForm>,
    /// What Halo's template put in place of values that a create had sent, and that are to be put back once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overwritten: Vec<Overwritten>,
    /// How often links back were written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub linked_back: Vec<LinkedBack>,
    /// How often something that a person was asked for was called off. An approval holds for one time of asking.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub called_off: u32,
    /// How the link ended, each time, oldest first. Only ever added to: each needs another marker than the one before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<End>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Link {
    /// A link without tickets and without base.
    #[must_use]
    pub fn new(item: ItemId, client: HitClientId, halo_client: HaloClientId) -> Self {
        Self {
            item,
            client,
            halo_client,
            opportunity: None,
            project: None,
            base: Base::default(),
            pending: Vec::new(),
            flap: Vec::new(),
            state: LinkState::Active,
            promotion_since: None,
            gone: Vec::new(),
            clean: None,
            stored: Vec::new(),
            overwritten: Vec::new(),
            linked_back: Vec::new(),
            called_off: 0,
            ends: Vec::new(),
        }
    }

    /// The ticket of a kind.
    #[must_use]
    pub const fn ticket(&self, kind: Kind) -> Option<TicketId> {
        match kind {
            Kind::Opportunity => self.opportunity,
            Kind::Project => self.project,
        }
    }

    /// Sets the ticket of a kind.
    pub const fn set_ticket(&mut self, kind: Kind, ticket: Option<TicketId>) {
        match kind {
            Kind::Opportunity => self.opportunity = ticket,
            Kind::Project => self.project = ticket,
        }
    }

    /// The kind whose ticket feeds HIT: the project as soon as there is one.
    #[must_use]
    pub const fn leading(&self) -> Option<Kind> {
        if self.project.is_some() {
            Some(Kind::Project)
        } else if self.opportunity.is_some() {
            Some(Kind::Opportunity)
        } else {
            None
        }
    }

    /// The pending writes of one field, to either side, oldest first.
    pub fn pending_for(&self, kind: Kind, field: FieldId) -> impl Iterator<Item = &PendingWrite> {
        self.pending.iter().filter(move |pending| pending.kind == kind && pending.field == field)
    }

    /// Remembers that a value was written, for the flap guard.
    pub fn note_written(&mut self, side: Side, kind: Kind, field: FieldId, value: Option<&Value>) {
        self.ring_mut(side, kind, field).push(value);
    }

    /// Begins anew after a person has decided: the ring is empty, and an earlier decision no longer holds.
    pub fn release(&mut self, side: Side, kind: Kind, field: FieldId) {
        let ring = self.ring_mut(side, kind, field);
        ring.written.clear();
        ring.released = ring.released.saturating_add(1);
    }

    fn ring_mut(&mut self, side: Side, kind: Kind, field: FieldId) -> &mut FlapRing {
        let found = self.flap.iter().position(|r| r.side == side && r.kind == kind && r.field == field);
        let at = found.unwrap_or_else(|| {
            self.flap.push(FlapRing { side, kind, field, written: Vec::new(), released: 0 });
            self.flap.len() - 1
        });
        &mut self.flap[at]
    }

    /// How often the link back to, or from, a ticket was written on a side.
    #[must_use]
    pub fn times_linked_back(&self, side: Side, kind: Kind, ticket: TicketId) -> u32 {
        let same = |known: &&LinkedBack| (known.side, known.kind, known.ticket) == (side, kind, ticket);
        self.linked_back.iter().find(same).map_or(0, |known| known.times)
    }

    /// Remembers what a server made of a text, in place of what is remembered for the field.
    pub fn note_stored(&mut self, form: StoredForm) {
        self.stored.retain(|old| (old.side, old.kind, old.field) != (form.side, form.kind, form.field));
        self.stored.push(form);
    }
}

/// Everything a create needs besides the field values.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CreateSpec {
    /// The marker that goes into the create call.
    pub marker: Marker,
    /// The side on which the record is created: Halo normally, HIT for an import.
    pub target: Side,
    /// The kind of ticket: of the new ticket, or of the imported one.
    pub kind: Kind,
    /// The item; nothing while an import has not made it.
    pub item: Option<ItemId>,
    /// The imported ticket; nothing when a ticket is created.
    pub ticket: Option<TicketId>,
    /// The client at HIT.
    pub client: HitClientId,
    /// The client at Halo.
    pub halo_client: HaloClientId,
    /// The site (creating at Halo).
    pub site: Option<SiteId>,
    /// The ticket type (creating at Halo).
    pub ticket_type: Option<TicketTypeId>,
    /// The team, by id (creating at Halo).
    pub team: Option<TeamId>,
    /// The template (creating at Halo); nothing means that templates are switched off.
    pub template: Option<TemplateId>,
    /// Constants for fields that Halo demands: name of the field in the API, JSON text of the value.
    #[serde(default)]
    pub constants: BTreeMap<Box<str>, Box<str>>,
    /// The opportunity from which a project is made (promotion).
    #[serde(default)]
    pub from_opportunity: Option<TicketId>,
}

/// A create that was decided and persisted before its first call. It carries the payload and the values of the
/// source at that time, so that a record found again later gets an honest base.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Intent {
    /// The operation.
    pub op: Hash128,
    /// What is created.
    pub spec: CreateSpec,
    /// The values of the source when the create was decided, in the source's domain.
    pub source: FieldRow,
    /// The values sent, in the target's form.
    pub payload: FieldRow,
    /// When the create call was sent, by our clock; nothing if it never was.
    pub sent_at: Option<Stamp>,
    /// Until when a late application is possible, by our clock.
    pub settle_until: Option<Stamp>,
}

impl Intent {
    /// The base of a record that is found again: the values of the source when the create was decided, against what
    /// was sent. What a person has changed since, on either side, then counts as a change.
    ///
    /// `held` is what the record holds now: another spelling of what was sent is what the server made of it. A field
    /// that was left out of the create on purpose stands with what the server chose against a blank, so that it is
    /// written next, but only if nobody has touched the record since (`touched`).
    ///
    /// Where the create used a template of Halo's and the record does not hold what was sent, nobody can tell the template
    /// from a person: such a field has no cell, and the rule for newly linked records decides.
    #[must_use]
    pub fn base_cells(&self, held: &FieldRow, touched: bool) -> BaseRow {
        let mut cells = BaseRow::new();
        if !guard::on(Guard::IntentPayload) {
            return cells;
        }
        for (field, source) in self.source.iter() {
            let Some(source) = source.seen() else { continue };
            let now = held.get(field);
            let (target, source) = match (self.payload.get(field).seen(), now.seen()) {
                (Some(Some(sent)), Some(Some(now))) if now.is_spelling_of(sent) => (Some(now), source),
                (Some(_), _) if self.spec.template.is_some() => continue,
                (Some(sent), _) => (sent, source),
                (None, Some(now)) if !touched => (now, None),
                (None, _) => continue,
            };
            let (target, source) = (target.cloned(), source.cloned());
            let cell = match self.spec.target {
                Side::Halo => BaseCell { halo: target, hit: source },
                Side::Hit => BaseCell { halo: source, hit: target },
            };
            cells.insert(field, cell);
        }
        cells
    }
}

/// Which local database a plan belongs to, and which state of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct BaseHead {
    /// Random name of the database, given once when it was made.
    pub lineage: Box<str>,
    /// Grows with every committed change of links, base, decisions and settings.
    pub serial: u64,
}
