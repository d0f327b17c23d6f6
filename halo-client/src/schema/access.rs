//! Rights: roles, claims, applications.

use rest_core::lean;
use rest_core::record::Record;

use super::{Agent, AgentDepartment, AgentTeam, AgentTicketType};
use crate::Id;
use crate::id::assigned;

lean! {
    /// A role. Halo's `NHD_Roles`.
    pub struct Role as "role" {
        /// Its id, a text.
        id: Id<Role> = "id",
        /// Its number.
        id_int: i64 = "id_int",
        /// Its name.
        name: String = "name",
        /// Its rights; on the detail.
        claims: Vec<Record<Claim>> = "claims",
        /// Its teams; on the detail.
        teams: Vec<Record<AgentTeam>> = "teams",
        /// Its departments; on the detail.
        departments: Vec<Record<AgentDepartment>> = "departments",
        /// Its rights on ticket types; on the detail.
        tickettypes: Vec<Record<AgentTicketType>> = "tickettypes",
        /// Whether it is for integrations.
        is_integration: bool = "is_integration",
    }

    /// A right: a name and a value. Halo documents neither the names nor the levels. Halo's `NHD_Claim`.
    pub struct Claim as "claim" {
        /// Its name.
        type_: String = "type",
        /// Its value.
        value: String = "value",
    }

    /// Who may do what with one thing.
    pub struct AccessControl as "access control" {
        /// The row's id.
        id: i64 = "id",
        /// What it is about.
        entity: String = "entity",
        /// Which of them.
        entity_id: i64 = "entity_id",
        /// The agent it holds for.
        agent_id: Id<Agent> = "agent_id" via assigned,
        /// The level; the numbers are not documented.
        level: i64 = "level",
    }

    /// An application that may use the API. Halo's `NHD_Identity_Application`.
    pub struct Application as "application" {
        /// The row's id.
        id: Id<Application> = "id",
        /// Its name.
        display_name: String = "displayName",
        /// Its client id. It may change until it is saved for the first time.
        client_id: String = "clientId",
        /// How it gets tokens.
        grant_type: String = "grant_type",
        /// The agent it logs in as.
        loginas_agent_id: Id<Agent> = "loginas_agent_id" via assigned,
        /// That agent's name.
        loginas_agent_name: String = "loginas_agent_name",
        /// Whether it was set inactive.
        inactive: bool = "inactive",
        /// The scopes it may ask for.
        scopes: Vec<Record<ApplicationScope>> = "scopes",
    }

    /// A scope of an application. Halo's `NHD_Identity_ApplicationScope`.
    pub struct ApplicationScope as "application's scope" {
        /// The row's id.
        id: i64 = "id",
        /// The scope.
        name: String = "name",
    }
}
