//! The three widgets: project settings, sync settings, status map.
//!
//! Every type reads and writes JSON and TOML; what is left out takes the default.

mod defaults;
mod rules;
mod status;
mod validate;
mod vanished;

pub use rules::{
    Blank, CloseRecipe, ConflictRule, CreateRule, Direction, FieldRule, FieldRules, FirstLink, ImportRule,
    Limits, PromotionMode, PromotionRule, Scope,
};
pub use status::{HitTarget, StatusHow, StatusMap, StatusTarget};
pub use validate::{Finding, Severity, validate};
pub use vanished::CODES as VANISHED_CODES;

use crate::hash::Hash256;
use crate::ids::{
    AgentId, HaloClientId, HitClientId, HitStatusId, Kind, MemberId, TeamId, TemplateId, TicketTypeId,
};
use crate::value::Currency;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};

/// The version of the settings format that this crate writes and reads.
pub const SETTINGS_VERSION: u32 = 1;

/// All settings of one pair of tenants.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Version of the format, [`SETTINGS_VERSION`]. A greater one is refused by [`validate`].
    pub version: u32,
    /// What is created where: types, people, constants, clients.
    pub project: ProjectSettings,
    /// What is synced, in which direction, and how much at once.
    pub sync: SyncSettings,
    /// The status map of every followed ticket type.
    pub status: BTreeMap<TicketTypeId, StatusMap>,
}

/// Project settings: what is created where.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProjectSettings {
    /// Opportunities.
    pub opportunity: KindSettings,
    /// Projects.
    pub project: KindSettings,
    /// Clients that a person has linked: HIT client to Halo client.
    pub clients: BTreeMap<HitClientId, HaloClientId>,
    /// People that a person has matched: HIT team member to Halo agent.
    pub people: BTreeMap<MemberId, AgentId>,
    /// IANA name of the zone in which Halo's dates are days. Required.
    pub time_zone: Option<Box<str>>,
    /// Currency of Halo's amounts. Required for money to be synced.
    pub halo_currency: Option<Currency>,
    /// Currency of HIT's amounts. Required for money to be synced.
    pub hit_currency: Option<Currency>,
}

/// Settings of one kind of ticket.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KindSettings {
    /// The ticket type of new tickets. Required before anything of the kind is created.
    pub create_type: Option<TicketTypeId>,
    /// Types that are followed; the create type is followed in any case.
    pub followed: BTreeSet<TicketTypeId>,
    /// Who is responsible when the item's person has no counterpart; nothing leaves it to the type's default.
    pub default_agent: Option<AgentId>,
    /// The team of new tickets; nothing leaves it to the type's default.
    pub team: Option<TeamId>,
    /// The template of new tickets; nothing switches templates off.
    pub template: Option<TemplateId>,
    /// Values for required fields: name of the field in Halo's API, JSON text of the value.
    pub constants: BTreeMap<Box<str>, Box<str>>,
}

impl KindSettings {
    /// Whether tickets of the type take part.
    #[must_use]
    pub fn follows(&self, ticket_type: TicketTypeId) -> bool {
        self.create_type == Some(ticket_type) || self.followed.contains(&ticket_type)
    }
}

/// Sync settings: what is synced, and how much at once.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SyncSettings {
    /// Which clients take part.
    pub scope: Scope,
    /// The rules of an item's fields against its opportunity. Fields left out take the default of the kind.
    pub opportunity: FieldRules,
    /// The rules of an item's fields against its project. Fields left out take the default of the kind.
    pub project: FieldRules,
    /// What an unlinked item in a HIT status becomes. A status without a row is unknown: it creates, promotes and
    /// demotes nothing, and its items are reported.
    pub create: BTreeMap<HitStatusId, CreateRule>,
    /// What happens when an item moves from an opportunity status to a project status.
    pub promotion: PromotionRule,
    /// Import of tickets that have no item.
    pub import: ImportRule,
    /// How much one run may do.
    pub limits: Limits,
    /// Whether fields of closed tickets may be written (needs that right in Halo).
    pub write_closed: bool,
    /// How long a record must be absent from complete reads before its removal is proposed, in milliseconds.
    pub absence_interval_ms: i64,
    /// How long a write whose reply was lost may still be applied, in milliseconds.
    pub settle_ms: i64,
}

impl Settings {
    /// The settings of a kind.
    #[must_use]
    pub const fn kind(&self, kind: Kind) -> &KindSettings {
        match kind {
            Kind::Opportunity => &self.project.opportunity,
            Kind::Project => &self.project.project,
        }
    }

    /// The rule of a field of a kind: as set, else the default.
    #[must_use]
    pub fn rule(&self, kind: Kind, field: crate::field::FieldId) -> FieldRule {
        let rules = match kind {
            Kind::Opportunity => &self.sync.opportunity,
            Kind::Project => &self.sync.project,
        };
        rules.get(&field).copied().unwrap_or_else(|| FieldRule::default_for(kind, field))
    }

    /// The kind as which tickets of the type take part.
    #[must_use]
    pub fn followed_kind(&self, ticket_type: TicketTypeId) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| self.kind(*kind).follows(ticket_type))
    }

    /// What an item in the status becomes; nothing if the status has no rule.
    #[must_use]
    pub fn create_rule(&self, status: &HitStatusId) -> Option<CreateRule> {
        self.sync.create.get(status).copied()
    }

    /// Digest of everything in the settings. A plan made under other settings is stale.
    #[must_use]
    pub fn settings_hash(&self) -> Hash256 {
        crate::plan::canonical::hash_of(self)
    }

    /// Digest of what decides which records a read shows: the clients that take part, and the ticket types that are
    /// followed. Absence under another digest proves nothing.
    #[must_use]
    pub fn scope_hash(&self) -> crate::hash::Hash128 {
        let types = Kind::ALL.map(|kind| (self.kind(kind).create_type, &self.kind(kind).followed));
        crate::plan::canonical::hash_of(&(&self.sync.scope, types)).into()
    }
}
