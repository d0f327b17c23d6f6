//! What an instance says about itself. Halo's document has no schemas for these.

use rest_core::lean;
use rest_core::record::Record;

use super::Claim;
use crate::Id;

lean! {
    /// Where tokens come from: the answer of `/AuthInfo`, which needs no token.
    pub struct AuthInfo as "auth info" {
        /// The authorisation server.
        auth_url: String = "auth_url",
        /// The tenant.
        tenant_id: String = "tenant_id",
    }

    /// The instance and its version: the answer of `/InstanceInfo` (fields observed by a public client).
    pub struct InstanceInfo as "instance info" {
        /// Version of the application.
        app_version: String = "app_version",
        /// Version of the database.
        database_version: String = "database_version",
        /// Name of the application.
        app_name: String = "app_name",
        /// Where agents log in.
        agent_url: String = "agent_url",
        /// Where customers log in.
        portal_url: String = "portal_url",
        /// How many agents there are.
        agent_count: i64 = "agent_count",
    }

    /// Who a token stands for: the answer of `/Agent/me`, in either of its two shapes.
    ///
    /// Most instances answer the agent; at least one answers nothing but the claims of an application.
    pub struct Me as "me" {
        /// The agent's id; none in the shape that holds only claims.
        id: Id<super::Agent> = "id",
        /// The agent's name.
        name: String = "name",
        /// Whether the agent is for applications only.
        isapiagent: bool = "isapiagent",
        /// Whether the agent is an administrator.
        is_admin: bool = "is_admin",
        /// Whether the agent cannot log in.
        isdisabled: bool = "isdisabled",
        /// The default team, by name.
        team: String = "team",
        /// The agent's teams.
        teams: Vec<Record<super::AgentTeam>> = "teams",
        /// The agent's departments.
        departments: Vec<Record<super::AgentDepartment>> = "departments",
        /// The agent's rights on ticket types.
        tickettypes: Vec<Record<super::AgentTicketType>> = "tickettypes",
        /// The rights.
        claims: Vec<Record<Claim>> = "claims",
    }
}

impl Me {
    /// Whether this is the shape that names the agent.
    pub fn is_agent(&self) -> bool {
        self.id.is_some()
    }
}
