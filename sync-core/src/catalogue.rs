//! What both tenants have: types, statuses, people, clients, capabilities. Settings are checked against it.

use crate::ids::{
    AgentId, HaloClientId, HitClientId, HitStatusId, Kind, MemberId, OutcomeId, SiteId, StatusId, TeamId,
    TicketTypeId,
};
use crate::value::Currency;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// What both tenants have, as read by the runtime.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Catalogue {
    /// Halo's ticket types that our agent can see.
    pub ticket_types: BTreeMap<TicketTypeId, TicketType>,
    /// Halo's ticket statuses.
    pub statuses: BTreeMap<StatusId, HaloStatus>,
    /// Halo's agents.
    pub agents: BTreeMap<AgentId, Agent>,
    /// Halo's teams, by name.
    pub teams: BTreeMap<TeamId, Box<str>>,
    /// Halo's clients.
    pub halo_clients: BTreeMap<HaloClientId, HaloClient>,
    /// HIT's statuses.
    pub hit_statuses: BTreeMap<HitStatusId, HitStatus>,
    /// HIT's team members.
    pub members: BTreeMap<MemberId, Member>,
    /// HIT's clients.
    pub hit_clients: BTreeMap<HitClientId, HitClient>,
    /// What HIT can do.
    pub capabilities: Capabilities,
    /// Halo's currency, where it could be read.
    pub halo_currency: Option<Currency>,
    /// HIT's currency, where it could be read.
    pub hit_currency: Option<Currency>,
}

/// A ticket type of Halo.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct TicketType {
    /// Its name.
    pub name: Box<str>,
    /// What its tickets are, by the type's use and project type; nothing for service types and tasks.
    pub kind: Option<Kind>,
    /// Halo's own word for the use, for messages.
    pub usage: Box<str>,
    /// Statuses that its tickets may have. Empty: all of them.
    pub statuses: BTreeSet<StatusId>,
    /// Agents that may be responsible. Empty: all of them.
    pub agents: BTreeSet<AgentId>,
    /// Teams that work on it. Empty: all of them.
    pub teams: BTreeSet<TeamId>,
    /// The agent that Halo chooses when none is sent.
    pub default_agent: Option<AgentId>,
    /// The team that Halo chooses when none is sent.
    pub default_team: Option<TeamId>,
    /// Fields that Halo demands on create, apart from those we always send: name of the field in the API, and label.
    pub required: BTreeMap<Box<str>, Box<str>>,
    /// Outcomes that an action may have, with the status that each sets.
    pub outcomes: BTreeMap<OutcomeId, Outcome>,
    /// Whether our agent may create tickets of it; nothing if it could not be told.
    pub can_create: Option<bool>,
    /// Whether our agent may edit tickets of it; nothing if it could not be told.
    pub can_edit: Option<bool>,
}

impl TicketType {
    /// Whether its tickets may have the status.
    #[must_use]
    pub fn allows(&self, status: StatusId) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&status)
    }
}

/// An outcome of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// Its name.
    pub name: Box<str>,
    /// The status it sets, where it sets one.
    pub sets: Option<StatusId>,
    /// The statuses from which the workflow offers it. Empty: from any.
    pub from: BTreeSet<StatusId>,
}

/// A ticket status of Halo.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct HaloStatus {
    /// Its name.
    pub name: Box<str>,
    /// Whether tickets in it are closed.
    pub closed: bool,
}

/// An agent of Halo.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Agent {
    /// Name.
    pub name: Box<str>,
    /// E-mail address.
    pub email: Option<Box<str>>,
    /// Whether active.
    pub active: bool,
    /// Whether it can only use the API: never responsible for a ticket.
    pub api_only: bool,
    /// Its teams.
    pub teams: Vec<TeamId>,
}

/// A site of a Halo client.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Site {
    /// Whether active.
    pub active: bool,
}

/// A client of Halo.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct HaloClient {
    /// Name.
    pub name: Box<str>,
    /// Whether inactive.
    pub inactive: bool,
    /// Whether "stopped": no work may be booked.
    pub stopped: bool,
    /// The main site.
    pub main_site: Option<SiteId>,
    /// The sites.
    pub sites: BTreeMap<SiteId, Site>,
    /// Domains, for suggestions.
    pub domains: Vec<Box<str>>,
    /// Ids that other systems stored, for matching.
    pub third_party_ids: Vec<Box<str>>,
}

impl HaloClient {
    /// The site for a new ticket: the main site if active, else the only active one.
    #[must_use]
    pub fn site_for_create(&self) -> Option<SiteId> {
        let active = |id: &SiteId| self.sites.get(id).is_some_and(|site| site.active);
        if let Some(main) = self.main_site.filter(|id| active(id)) {
            return Some(main);
        }
        let mut all = self.sites.keys().filter(|id| active(id));
        match (all.next(), all.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
    }
}

/// The class of a HIT status.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum StatusClass {
    /// Items in it are proposals.
    Opportunity,
    /// Items in it are work.
    Project,
    /// Anything else, also a class we do not know.
    #[default]
    #[serde(other)]
    Other,
}

/// A status of HIT.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct HitStatus {
    /// Name.
    pub name: Box<str>,
    /// Class.
    pub class: StatusClass,
    /// Whether new items start in it.
    pub initial: bool,
    /// Place in HIT's own order.
    pub sort_order: i64,
}

/// A team member of HIT.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Member {
    /// Name.
    pub name: Box<str>,
    /// E-mail address.
    pub email: Option<Box<str>>,
    /// Whether active.
    pub active: bool,
}

/// A client of HIT.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct HitClient {
    /// Name.
    pub name: Box<str>,
    /// Domain, for suggestions.
    pub domain: Option<Box<str>>,
    /// Whether archived.
    pub archived: bool,
}

/// What HIT can do beyond list, get, create and update. The sync is correct with none of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// Items have a start date.
    pub start_date: bool,
    /// Items have hours.
    pub hours: bool,
    /// Items have recurring budgets.
    pub recurring_budget: bool,
    /// Writes can be conditional.
    pub etag: bool,
    /// Creates take an idempotency key.
    pub idempotency: bool,
    /// Changes can be announced.
    pub webhooks: bool,
    /// Items can hold references.
    pub external_references: bool,
}

impl Capabilities {
    /// Everything HIT may offer.
    #[must_use]
    pub const fn all() -> Self {
        Self {
            start_date: true,
            hours: true,
            recurring_budget: true,
            etag: true,
            idempotency: true,
            webhooks: true,
            external_references: true,
        }
    }
}

/// Which client and which person on one side is which on the other, as decided by explicit settings, stored ids and
/// confirmations (see [`crate::matching`]). The planner never guesses beyond it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Directory {
    /// HIT client to Halo client.
    pub clients: BTreeMap<HitClientId, HaloClientId>,
    /// HIT team member to Halo agent.
    pub people: BTreeMap<MemberId, AgentId>,
}

impl Directory {
    /// The HIT client of a Halo client, if exactly one is linked to it.
    #[must_use]
    pub fn hit_client(&self, halo: HaloClientId) -> Option<&HitClientId> {
        let mut all = self.clients.iter().filter(|(_, id)| **id == halo).map(|(hit, _)| hit);
        match (all.next(), all.next()) {
            (Some(only), None) => Some(only),
            _ => None,
        }
    }

    /// The team member of an agent: the first by id, if several are matched to it.
    #[must_use]
    pub fn member(&self, agent: AgentId) -> Option<&MemberId> {
        self.people.iter().find(|(_, id)| **id == agent).map(|(member, _)| member)
    }
}
