//! The staff: agents, teams, departments, organisations.

use rest_core::lean;
use rest_core::record::Record;

use super::{Claim, TicketType};
use crate::Id;
use crate::id::positive;
use crate::value::{Time, set_time};

lean! {
    /// Someone who works in Halo, or an application that does. Halo's `Uname`.
    pub struct Agent as "agent" {
        /// Their id; 1 is "unassigned".
        id: Id<Agent> = "id",
        /// Their name.
        name: String = "name",
        /// Their address.
        email: String = "email",
        /// Their initials.
        initials: String = "initials",
        /// First name.
        firstname: String = "firstname",
        /// Last name.
        surname: String = "surname",
        /// Their job.
        jobtitle: String = "jobtitle",
        /// Whether they cannot log in.
        isdisabled: bool = "isdisabled",
        /// Whether they are for applications only.
        isapiagent: bool = "isapiagent",
        /// Whether they are an administrator.
        is_admin: bool = "is_admin",
        /// Their default team, by name.
        team: String = "team",
        /// Their teams.
        teams: Vec<Record<AgentTeam>> = "teams",
        /// Their departments.
        departments: Vec<Record<AgentDepartment>> = "departments",
        /// Their rights on ticket types.
        tickettypes: Vec<Record<AgentTicketType>> = "tickettypes",
        /// Their rights.
        claims: Vec<Record<Claim>> = "claims",
        /// When they last logged in.
        lastlogindate: Time = "lastlogindate" via set_time,
    }

    /// An agent's place in a team. Halo's `UnameSection`.
    pub struct AgentTeam as "agent's team" {
        /// The row's id.
        id: i64 = "id",
        /// The agent.
        agent_id: Id<Agent> = "agent_id",
        /// The agent's name.
        agent_name: String = "agent_name",
        /// The team.
        team_id: Id<Team> = "team_id",
        /// The team's name.
        team_name: String = "team_name",
        /// The team's department.
        department_id: Id<Department> = "department_id" via positive,
        /// Whether the agent is in it; rows of teams the agent is not in occur too.
        in_section: bool = "in_section",
        /// Whether the agent leads it.
        is_manager: bool = "is_manager",
        /// Whether its unassigned tickets are visible.
        unassigned_access: bool = "unassigned_access",
        /// Whether other agents' tickets are visible.
        otheragent_access: bool = "otheragent_access",
        /// Whether it holds for tickets.
        fortickets: bool = "fortickets",
        /// Whether it holds for opportunities.
        foropps: bool = "foropps",
        /// Whether it holds for projects.
        forprojects: bool = "forprojects",
    }

    /// An agent's place in a department. Halo's `UnameDepartment`.
    pub struct AgentDepartment as "agent's department" {
        /// The row's id.
        id: i64 = "id",
        /// The agent.
        agent_id: Id<Agent> = "agent_id",
        /// The department.
        department_id: Id<Department> = "department_id",
        /// The department's name.
        department_name: String = "department_name",
        /// How much the agent may do there; the meaning of the numbers is not documented.
        membershiplevel: i64 = "membershiplevel",
    }

    /// An agent's rights on a ticket type. Halo's `UnameRequestType`.
    pub struct AgentTicketType as "agent's ticket type" {
        /// The row's id.
        id: i64 = "id",
        /// The ticket type.
        tickettype_id: Id<TicketType> = "tickettype_id",
        /// Its name.
        tickettype_name: String = "tickettype_name",
        /// Whether the agent may create such tickets.
        cancreate: bool = "cancreate",
        /// Whether the agent may see them.
        canview: bool = "canview",
        /// Whether the agent may change them.
        canedit: bool = "canedit",
    }

    /// A team. Halo's `SectionDetail`.
    pub struct Team as "team" {
        /// Its id.
        id: Id<Team> = "id",
        /// Its name, by which tickets carry it.
        name: String = "name",
        /// Its department.
        department_id: Id<Department> = "department_id" via positive,
        /// The department's name.
        department_name: String = "department_name",
        /// Whether it was set inactive.
        inactive: bool = "inactive",
        /// Whether it takes service tickets.
        forrequests: bool = "forrequests",
        /// Whether it takes opportunities.
        foropps: bool = "foropps",
        /// Whether it takes projects.
        forprojects: bool = "forprojects",
        /// How many tickets it has, where asked for.
        ticket_count: i64 = "ticket_count",
        /// Its members: on the detail; lists carry agents here where asked for.
        agents: Vec<Record<AgentTeam>> = "agents",
    }

    /// A department. Halo's `Tree`. There is no route of its own: departments stand in organisations.
    pub struct Department as "department" {
        /// Its id.
        id: Id<Department> = "id",
        /// Its name.
        name: String = "name",
        /// The organisation.
        organisation_id: Id<Organisation> = "organisation_id" via positive,
        /// The organisation's name.
        organisation_name: String = "organisation_name",
        /// Its teams.
        teams: Vec<Record<Team>> = "teams",
    }

    /// One of the organisations that use the instance.
    pub struct Organisation as "organisation" {
        /// Its id.
        id: Id<Organisation> = "id",
        /// Its name.
        name: String = "name",
        /// Its address.
        email: String = "email",
        /// Its telephone number.
        phone: String = "phone",
        /// Its web site.
        website: String = "website",
        /// Its departments.
        departments: Vec<Record<Department>> = "departments",
    }
}

impl Agent {
    /// Whether this is the placeholder for "unassigned".
    pub fn is_unassigned(&self) -> bool {
        self.id.is_some_and(|id| id.get() == 1)
    }
}
