//! Records as the runtime delivers them, and what their absence means.

use crate::field::{FieldId, FieldRow};
use crate::hash::{Hash128, Hasher};
use crate::ids::{
    HaloClientId, HitClientId, HitStatusId, ItemId, Kind, SiteId, StatusId, TicketId, TicketTypeId,
};
use crate::marker::Marker;
use crate::stamp::Stamp;
use crate::value::{Currency, Obs};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A Halo ticket. The status is `fields[Status]`, as text of its id.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct HaloTicket {
    /// The id.
    pub id: TicketId,
    /// What the ticket is, by its type's place in Halo's hierarchy; nothing for tasks and every other type.
    pub kind: Option<Kind>,
    /// The ticket type.
    pub ticket_type: TicketTypeId,
    /// The client. Id 1 is "no client".
    pub client: HaloClientId,
    /// The site, where known.
    pub site: Option<SiteId>,
    /// Whether the ticket is closed, by its status, its closing date or Halo's own flag.
    pub closed: bool,
    /// Whether Halo says that the ticket is deleted (positive evidence, not absence).
    pub deleted: bool,
    /// The ticket into which this one was merged.
    pub merged_into: Option<TicketId>,
    /// The parent ticket. A project's parent can be an opportunity.
    pub parent: Option<TicketId>,
    /// The ticket from which Halo made this one (`createdfrom_id`).
    pub created_from: Option<TicketId>,
    /// Tickets that Halo lists as related.
    pub related: Vec<TicketId>,
    /// Our marker, if the ticket carries one.
    pub marker: Option<Marker>,
    /// The external link in Halo that points to the item, if it was read: the item's id or URL.
    pub link_back: Obs<Box<str>>,
    /// Whether quotations or sales orders exist: from then on the money belongs to Halo. Nothing where it was not read,
    /// as in rows of lists: a write of money then rests on the look at the ticket right before it.
    pub priced: Option<bool>,
    /// Whether it is a project task: tasks are ignored.
    pub is_task: bool,
    /// Whether Halo computes the hours from budget lines: then they are never written.
    pub computed_hours: bool,
    /// Whether it is the reusable ticket of `check --probe-writes`: never paired, imported or counted.
    pub is_probe: bool,
    /// Whether our own agent created it.
    pub created_by_us: bool,
    /// When it was created, by Halo's clock.
    pub created: Option<Stamp>,
    /// When it was changed last, by Halo's clock. Also moved by our own writes.
    pub last_update: Option<Stamp>,
    /// Currency of the amounts, where Halo says one for this ticket.
    pub currency: Option<Currency>,
    /// Address in Halo's web interface, for the link back.
    pub web_url: Option<Box<str>>,
    /// The fields. Money and dates are converted already (local civil dates, minor units).
    pub fields: FieldRow,
}

impl Default for HaloTicket {
    fn default() -> Self {
        Self {
            id: TicketId(0),
            kind: None,
            ticket_type: TicketTypeId(0),
            client: HaloClientId::UNASSIGNED,
            site: None,
            closed: false,
            deleted: false,
            merged_into: None,
            parent: None,
            created_from: None,
            related: Vec::new(),
            marker: None,
            link_back: Obs::NotFetched,
            priced: None,
            is_task: false,
            computed_hours: false,
            is_probe: false,
            created_by_us: false,
            created: None,
            last_update: None,
            currency: None,
            web_url: None,
            fields: FieldRow::new(),
        }
    }
}

impl HaloTicket {
    /// A ticket of a type for a client, with nothing else known.
    #[must_use]
    pub fn new(id: TicketId, kind: Option<Kind>, ticket_type: TicketTypeId, client: HaloClientId) -> Self {
        Self { id, kind, ticket_type, client, ..Self::default() }
    }

    /// The status, if it was read.
    #[must_use]
    pub fn status(&self) -> Option<StatusId> {
        self.fields.get(FieldId::Status).value().and_then(crate::value::Value::as_halo_status)
    }

    /// Whether its links were read, so that a missing marker means that it has none: rows of lists carry neither.
    #[must_use]
    pub const fn links_read(&self) -> bool {
        self.marker.is_some() || self.link_back.is_seen()
    }

    /// Whether it was changed after it was created, as far as Halo's own stamps say: more than a second lies between
    /// them.
    #[must_use]
    pub fn was_touched(&self) -> bool {
        let since = self.created.zip(self.last_update).and_then(|(created, update)| update.since(created));
        since.is_some_and(|ms| ms > 1_000)
    }

    /// Digest of everything a plan depends on. Clock stamps, `created_by_us` and addresses are left out, so that a
    /// record that only "was touched" is unchanged.
    #[must_use]
    pub fn digest(&self) -> Hash128 {
        let mut h = Hasher::new("halo-ticket");
        let number = |id: Option<TicketId>| id.map_or(i64::MIN, |id| id.0);
        h.number(self.id.0)
            .number(self.kind.map_or(-1, |kind| kind as i64))
            .number(self.ticket_type.0)
            .number(self.client.0)
            .number(self.site.map_or(i64::MIN, |site| site.0))
            .number(number(self.merged_into))
            .number(number(self.parent))
            .number(number(self.created_from))
            .text(self.marker.as_ref().map_or("", Marker::as_str))
            .text(self.currency.as_ref().map_or("", Currency::as_str));
        let priced = self.priced == Some(true);
        for flag in [self.closed, self.deleted, priced, self.is_task, self.computed_hours, self.is_probe] {
            h.number(i64::from(flag));
        }
        match &self.link_back {
            Obs::NotFetched => h.number(0),
            Obs::Forbidden => h.number(1),
            Obs::Null => h.number(2),
            Obs::Value(text) => h.number(3).text(text),
        };
        for related in &self.related {
            h.number(related.0);
        }
        self.fields.digest_into(&mut h);
        h.finish()
    }
}

/// Where a roadmap item came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// Entered by a person.
    #[default]
    Manual,
    /// From a gap analysis.
    GapAnalysis,
    /// From a budget.
    Budget,
    /// Imported from a PSA. Our own imports carry a reference too.
    PsaImport,
    /// Made by a Smart Score rule; such rules make bursts of equal names across clients.
    SmartScore,
    /// Another word of the server, kept as it is.
    #[serde(untagged)]
    Other(Box<str>),
}

/// A reference from an item to a record elsewhere. Unique per item, system, instance and kind.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ExternalRef {
    /// The system: `halopsa` for ours.
    pub system: Box<str>,
    /// The tenant.
    pub instance: Box<str>,
    /// What kind of ticket it points to; nothing if the word is not ours.
    pub kind: Option<Kind>,
    /// The id of the record there.
    pub id: Box<str>,
    /// The address of the record there.
    pub url: Option<Box<str>>,
    /// Our marker, if it carries one.
    pub marker: Option<Marker>,
}

/// How many budget lines an item has. Halo has one number: amounts are summed outward and written inward only into
/// a single line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BudgetLines {
    /// One-time lines.
    pub once: u16,
    /// Monthly lines.
    pub monthly: u16,
    /// Annual lines.
    pub annual: u16,
}

impl BudgetLines {
    /// The number of lines behind a budget field; 0 for other fields.
    #[must_use]
    pub const fn of(self, field: FieldId) -> u16 {
        match field {
            FieldId::BudgetOnce => self.once,
            FieldId::BudgetMonthly => self.monthly,
            FieldId::BudgetAnnual => self.annual,
            _ => 0,
        }
    }
}

/// A roadmap item of HIT. The status is `fields[Status]`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HitItem {
    /// The id.
    pub id: ItemId,
    /// The client.
    pub client: HitClientId,
    /// Whether it left the roadmap (`archived_at`). Never evidence of deletion.
    #[serde(default)]
    pub archived: bool,
    /// Where it came from.
    #[serde(default)]
    pub origin: Origin,
    /// References to records elsewhere.
    #[serde(default)]
    pub references: Vec<ExternalRef>,
    /// Whether the reply did not show its references: then nothing is known of them.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub references_hidden: bool,
    /// How many budget lines it has.
    #[serde(default)]
    pub budget_lines: BudgetLines,
    /// The server's version text for conditional writes, where it has one. Takes no part in comparing.
    #[serde(default)]
    pub version: Option<Box<str>>,
    /// When it was created, by HIT's clock.
    #[serde(default)]
    pub created: Option<Stamp>,
    /// When it was changed last, by HIT's clock.
    #[serde(default)]
    pub last_update: Option<Stamp>,
    /// Currency of the budget, where the item says one.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// Address in HIT's web interface.
    #[serde(default)]
    pub url: Option<Box<str>>,
    /// The fields.
    #[serde(default)]
    pub fields: FieldRow,
}

impl HitItem {
    /// An item of a client, with nothing else known.
    #[must_use]
    pub fn new(id: ItemId, client: HitClientId) -> Self {
        Self {
            id,
            client,
            archived: false,
            origin: Origin::Manual,
            references: Vec::new(),
            references_hidden: false,
            budget_lines: BudgetLines::default(),
            version: None,
            created: None,
            last_update: None,
            currency: None,
            url: None,
            fields: FieldRow::new(),
        }
    }

    /// The status, if it was read.
    #[must_use]
    pub fn status(&self) -> Option<HitStatusId> {
        self.fields.get(FieldId::Status).value().and_then(crate::value::Value::as_hit_status)
    }

    /// Whether it refers to the ticket; nothing where it does not show its references.
    #[must_use]
    pub fn refers_to(&self, kind: Kind, ticket: TicketId) -> Option<bool> {
        let refers = self.references.iter().any(|reference| {
            &*reference.system == "halopsa"
                && reference.kind == Some(kind)
                && reference.id.parse() == Ok(ticket)
        });
        (refers || !self.references_hidden).then_some(refers)
    }

    /// Whether it was changed after it was created, as far as HIT's own stamps say: more than a second lies between
    /// them.
    #[must_use]
    pub fn was_touched(&self) -> bool {
        let since = self.created.zip(self.last_update).and_then(|(created, update)| update.since(created));
        since.is_some_and(|ms| ms > 1_000)
    }

    /// Digest of everything a plan depends on. Clock stamps, version and addresses are left out.
    #[must_use]
    pub fn digest(&self) -> Hash128 {
        let mut h = Hasher::new("hit-item");
        h.text(self.id.as_str())
            .text(self.client.as_str())
            .number(i64::from(self.archived))
            .number(i64::from(self.budget_lines.once))
            .number(i64::from(self.budget_lines.monthly))
            .number(i64::from(self.budget_lines.annual))
            .text(self.currency.as_ref().map_or("", Currency::as_str));
        if self.references_hidden {
            h.text("references hidden");
        }
        for reference in &self.references {
            h.text(&reference.system)
                .text(&reference.instance)
                .number(reference.kind.map_or(-1, |kind| kind as i64))
                .text(&reference.id)
                .text(reference.marker.as_ref().map_or("", Marker::as_str));
        }
        self.fields.digest_into(&mut h);
        h.finish()
    }
}

/// What the absence of a record from a read means.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// Everything in a scope was asked for.
    Full {
        /// Digest of the scope and filters of the read.
        scope: Hash128,
        /// The count the server announced, where it did.
        expected: Option<u64>,
        /// Whether the last page was reached without a doubt.
        pages_closed: bool,
        /// Whether known records of the clients were readable.
        canaries_seen: bool,
    },
    /// Only what changed: absence means unchanged.
    Delta,
    /// Only the records that were asked for by id.
    Ids,
}

impl Coverage {
    /// Whether absence can count as one observation of "missing". One observation is not evidence yet.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self, Self::Full { pages_closed: true, canaries_seen: true, .. })
    }
}

/// What was read of both sides. The lists are sorted by id and hold every id once, see [`Snapshot::normalise`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Snapshot {
    /// How Halo was read.
    pub halo: Coverage,
    /// How HIT was read.
    pub hit: Coverage,
    /// Tickets: the linked ones, and the unlinked ones of followed types.
    pub tickets: Vec<HaloTicket>,
    /// Items.
    pub items: Vec<HitItem>,
}

impl Default for Snapshot {
    fn default() -> Self {
        Self { halo: Coverage::Ids, hit: Coverage::Ids, tickets: Vec::new(), items: Vec::new() }
    }
}

impl Snapshot {
    /// Sorts both lists and drops repeated ids. Of several rows with one id (a record that moved between pages) the
    /// one with the latest stamp stays; with equal or no stamps, the greatest digest, so that the order of reading
    /// does not matter.
    pub fn normalise(&mut self) {
        self.tickets.sort_by_cached_key(|t| (t.id, core::cmp::Reverse((millis(t.last_update), t.digest()))));
        self.tickets.dedup_by(|b, a| a.id == b.id);
        self.items
            .sort_by_cached_key(|i| (i.id.clone(), core::cmp::Reverse((millis(i.last_update), i.digest()))));
        self.items.dedup_by(|b, a| a.id == b.id);
    }

    /// The ticket, by binary search.
    #[must_use]
    pub fn ticket(&self, id: TicketId) -> Option<&HaloTicket> {
        self.tickets.binary_search_by_key(&id, |t| t.id).ok().map(|at| &self.tickets[at])
    }

    /// The item, by binary search.
    #[must_use]
    pub fn item(&self, id: &ItemId) -> Option<&HitItem> {
        self.items.binary_search_by(|i| i.id.cmp(id)).ok().map(|at| &self.items[at])
    }
}

fn millis(stamp: Option<Stamp>) -> i64 {
    stamp.map_or(i64::MIN, |stamp| stamp.unix_ms)
}
