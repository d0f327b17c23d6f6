//! HumanizeIT's own settings of its HaloPSA integration: its three widgets and its connection.

use jiff::Timestamp;
use secrecy::SecretString;

use crate::types::{Change, ClientId, StatusId, Version, open::open_enum};

open_enum! {
    /// Who keeps HumanizeIT and Halo in step.
    Engine {
        /// HumanizeIT's built-in synchronisation. Another writer beside it makes both fight.
        BuiltIn = "built_in",
        /// A program outside.
        External = "external",
        /// Nobody.
        Off = "off",
    }
}

open_enum! {
    /// What an item becomes in Halo.
    TicketKind {
        /// A ticket of a sales type.
        Opportunity = "opportunity",
        /// A ticket of a project type.
        Project = "project",
    }
}

/// How HumanizeIT reaches Halo. The secret is write-only and never part of this.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// Halo's resource server, which HumanizeIT's form calls Tenant URL. As typed there, unchecked.
    pub resource_server: Option<String>,
    /// Halo's authorisation server.
    pub authorisation_server: Option<String>,
    /// The tenant.
    pub tenant: Option<String>,
    /// The client id of the API application in Halo.
    pub client_id: Option<String>,
    /// Whether a secret is stored.
    pub secret_set: bool,
}

/// What is chosen for one kind of ticket. Assignee and status depend on the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeChoice {
    /// Id of the ticket type in Halo.
    pub ticket_type_id: i64,
    /// Id of the agent in Halo who gets new tickets.
    pub assignee_agent_id: Option<i64>,
    /// Id of the status in Halo that new tickets get.
    pub status_id: Option<i64>,
}

impl TypeChoice {
    /// A type without assignee and status.
    pub fn new(ticket_type_id: i64) -> Self {
        Self { ticket_type_id, assignee_agent_id: None, status_id: None }
    }
}

/// One row of the status map.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusMapRow {
    /// The status of the item.
    pub status_id: StatusId,
    /// For which kind of ticket.
    pub kind: TicketKind,
    /// Id of the status in Halo.
    pub halo_status_id: i64,
}

impl StatusMapRow {
    /// A row.
    pub fn new(status_id: impl Into<StatusId>, kind: TicketKind, halo_status_id: i64) -> Self {
        Self { status_id: status_id.into(), kind, halo_status_id }
    }
}

/// HumanizeIT's settings of its HaloPSA integration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Integration {
    /// How HumanizeIT reaches Halo.
    pub connection: Connection,
    /// The type of opportunity tickets.
    pub opportunity: Option<TypeChoice>,
    /// The type of project tickets.
    pub project: Option<TypeChoice>,
    /// Whether all clients are synchronised, not only the validation clients.
    pub global_sync: bool,
    /// The clients on which the synchronisation is tried first.
    pub validation_client_ids: Vec<ClientId>,
    /// Which Halo status an item's status means.
    pub status_map: Vec<StatusMapRow>,
    /// Who keeps the two in step.
    pub engine: Engine,
    /// The version of these settings, where the server keeps versions.
    pub version: Option<Version>,
}

impl Default for Integration {
    /// Nothing configured.
    fn default() -> Self {
        Self {
            connection: Connection::default(),
            opportunity: None,
            project: None,
            global_sync: false,
            validation_client_ids: Vec::new(),
            status_map: Vec::new(),
            engine: Engine::Off,
            version: None,
        }
    }
}

/// A change of the connection: what is not mentioned stays.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ConnectionPatch {
    /// Halo's resource server.
    pub resource_server: Change<String>,
    /// Halo's authorisation server.
    pub authorisation_server: Change<String>,
    /// The tenant.
    pub tenant: Change<String>,
    /// The client id of the API application in Halo.
    pub client_id: Change<String>,
    /// The secret of the API application in Halo; it can be written, never read.
    pub client_secret: Change<SecretString>,
}

/// A change of HumanizeIT's settings: what is not mentioned stays; lists are replaced whole.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct IntegrationPatch {
    /// The connection.
    pub connection: ConnectionPatch,
    /// The type of opportunity tickets, with its assignee and status.
    pub opportunity: Change<TypeChoice>,
    /// The type of project tickets, with its assignee and status.
    pub project: Change<TypeChoice>,
    /// Whether all clients are synchronised.
    pub global_sync: Option<bool>,
    /// All validation clients from now on.
    pub validation_client_ids: Option<Vec<ClientId>>,
    /// The whole status map from now on.
    pub status_map: Option<Vec<StatusMapRow>>,
    /// Who keeps the two in step.
    pub engine: Option<Engine>,
}

impl IntegrationPatch {
    /// A patch that changes nothing yet; set its fields.
    pub fn new() -> Self {
        Self::default()
    }
}

/// One thing that HumanizeIT tried on its way to Halo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntegrationCheck {
    /// What was tried: `token`, then `read`; servers may name more.
    pub code: String,
    /// Whether it worked.
    pub ok: bool,
    /// What Halo answered, shortened.
    pub detail: Option<String>,
}

impl IntegrationCheck {
    /// A check with its outcome.
    pub fn new(code: impl Into<String>, ok: bool, detail: Option<String>) -> Self {
        Self { code: code.into(), ok, detail }
    }
}

/// What came of HumanizeIT's test of its connection to Halo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IntegrationTest {
    /// Whether everything worked.
    pub ok: bool,
    /// When it was tried.
    pub checked_at: Timestamp,
    /// What was tried, in order; ends with the first that failed.
    pub checks: Vec<IntegrationCheck>,
}

impl IntegrationTest {
    /// The outcome of these checks.
    pub fn new(checked_at: Timestamp, checks: Vec<IntegrationCheck>) -> Self {
        Self { ok: checks.iter().all(|check| check.ok), checked_at, checks }
    }
}
