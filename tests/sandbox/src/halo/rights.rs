//! What an agent may see and do: its roles' claims, its teams and its ticket types.
//!
//! Halo's claim names are not public. These are the sandbox's own: areas `tickets`, `projects`, `sales`,
//! `customers`, `users`, `assets`, `items`, `invoices`, `contracts`, `suppliers`, `timesheets`, `calendar`,
//! `reports`, `kb`, `quotes` with the levels 0 none, 1 read only, 2 read and modify; the switches named in
//! [`Switch`] with 1 for yes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::world::store::{Key, flag, int, text, whole};
use crate::world::{Row, World};

/// Whether a ticket is a service ticket, an opportunity or a project (tasks among them).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Service,
    Opportunity,
    Project,
}

impl Kind {
    /// The kind of tickets of a type.
    pub(super) fn of_type(kind: &Row) -> Self {
        match text(kind, "use") {
            "opportunity" => Self::Opportunity,
            "project" => Self::Project,
            _ if matches!(int(kind, "itilrequesttype"), 22 | 23) => Self::Project,
            _ => Self::Service,
        }
    }

    /// The kind of every ticket type.
    pub(super) fn all(world: &World) -> BTreeMap<i64, Self> {
        let types = world.halo.root("tickettype");
        types
            .into_iter()
            .flat_map(|store| store.iter())
            .map(|(_, row)| (int(row, "id"), Self::of_type(row)))
            .collect()
    }

    /// The kind of a ticket.
    pub(super) fn of_ticket(world: &World, ticket: &Row) -> Self {
        world.halo.row("tickettype", int(ticket, "tickettype_id")).map_or(Self::Service, Self::of_type)
    }
}

/// The switches that matter for tickets.
pub(super) struct Switch;

impl Switch {
    pub(super) const ADD: &'static str = "add_new_tickets";
    pub(super) const VIEW_UNASSIGNED: &'static str = "view_unassigned_tickets";
    pub(super) const VIEW_OTHERS: &'static str = "view_others_tickets";
    pub(super) const EDIT_OTHERS: &'static str = "edit_tickets_not_assigned";
    pub(super) const EDIT_CLOSED: &'static str = "edit_closed_tickets";
    pub(super) const CHANGE_TYPE: &'static str = "change_ticket_type";
    pub(super) const REASSIGN: &'static str = "reassign_tickets";
    pub(super) const STATUS: &'static str = "update_status_outside_actions";
    pub(super) const DELETE: &'static str = "delete_tickets";
    pub(super) const EDIT_ACTIONS: &'static str = "edit_all_actions";
    pub(super) const ADMINISTRATOR: &'static str = "administrator";
}

/// What the agent may do with tickets of one type.
#[derive(Debug, Clone, Copy, Default)]
struct TypeRight {
    view: bool,
    create: bool,
    edit: bool,
}

/// Which tickets of a team the agent sees.
#[derive(Debug, Clone, Copy)]
struct TeamRight {
    service: bool,
    opportunities: bool,
    projects: bool,
    unassigned: bool,
    others: bool,
}

/// An agent's rights.
#[derive(Debug, Clone, Default)]
pub(super) struct Rights {
    pub(super) admin: bool,
    claims: BTreeMap<String, i64>,
    teams: BTreeMap<String, TeamRight>,
    /// The level of membership by department.
    departments: BTreeMap<i64, i64>,
    /// The department of each team.
    department_of: BTreeMap<String, i64>,
    /// Empty: all types.
    types: BTreeMap<i64, TypeRight>,
    /// Empty: all clients.
    clients: BTreeSet<i64>,
    pub(super) has_default_team: bool,
    agent_id: i64,
}

impl Rights {
    pub(super) fn administrator() -> Self {
        Self { admin: true, has_default_team: true, ..Self::default() }
    }

    /// The rights of an agent: the highest level of its roles, raised by its own claims.
    pub(super) fn of(world: &World, agent: &Row) -> Self {
        let roles: Vec<&Row> = list(agent, "roles")
            .filter_map(|role| role.get("id").and_then(Key::of))
            .filter_map(|key| world.halo.root("roles")?.get(&key))
            .collect();
        let mut rights = Self {
            has_default_team: !text(agent, "team").is_empty(),
            agent_id: int(agent, "id"),
            ..Self::default()
        };
        for source in roles.iter().copied().chain([agent]) {
            for claim in list(source, "claims") {
                let name = claim.get("type").and_then(Value::as_str).unwrap_or("").to_owned();
                let level = claim.get("value").and_then(whole).unwrap_or(0);
                let held = rights.claims.entry(name).or_default();
                *held = (*held).max(level);
            }
            for team in list(source, "teams") {
                let on = |field: &str| team.get(field).is_none_or(|v| v.as_bool().unwrap_or(true));
                let right = TeamRight {
                    service: on("fortickets"),
                    opportunities: on("foropps"),
                    projects: on("forprojects"),
                    unassigned: on("unassigned_access"),
                    others: on("otheragent_access"),
                };
                let name = team.get("team_name").and_then(Value::as_str).unwrap_or("").to_lowercase();
                rights.teams.insert(name, right);
            }
            for department in list(source, "departments") {
                let held = rights.departments.entry(int(department, "department_id")).or_default();
                *held = (*held).max(int(department, "membershiplevel"));
            }
            for kind in list(source, "tickettypes") {
                let on = |field: &str| kind.get(field).and_then(Value::as_bool).unwrap_or(false);
                let id = kind.get("tickettype_id").and_then(whole).unwrap_or(0);
                let held = rights.types.entry(id).or_default();
                held.view |= on("canview");
                held.create |= on("cancreate");
                held.edit |= on("canedit");
            }
            rights.clients.extend(list(source, "clients").filter_map(|c| c.get("client_id").and_then(whole)));
        }
        let teams = world.halo.root("team").into_iter().flat_map(|store| store.iter());
        rights.department_of =
            teams.map(|(_, row)| (text(row, "name").to_lowercase(), int(row, "department_id"))).collect();
        rights.admin = flag(agent, "is_admin") || rights.level(Switch::ADMINISTRATOR) > 0;
        rights
    }

    /// The claims in force, as rows.
    pub(super) fn claim_rows(&self) -> Value {
        self.claims.iter().map(|(name, level)| json!({"type": name, "value": level.to_string()})).collect()
    }

    pub(super) fn level(&self, claim: &str) -> i64 {
        if self.admin { 2 } else { self.claims.get(claim).copied().unwrap_or(0) }
    }

    /// Whether a switch is on.
    pub(super) fn may(&self, switch: &str) -> bool {
        self.level(switch) > 0
    }

    /// The level for tickets of a kind.
    pub(super) fn kind_level(&self, kind: Kind) -> i64 {
        match kind {
            Kind::Service => self.level("tickets"),
            Kind::Opportunity => self.level("sales"),
            Kind::Project if self.admin || self.claims.contains_key("projects") => self.level("projects"),
            Kind::Project => self.level("tickets"),
        }
    }

    pub(super) fn may_view_type(&self, id: i64) -> bool {
        self.admin || self.types.is_empty() || self.types.get(&id).is_some_and(|t| t.view)
    }

    pub(super) fn may_create_type(&self, id: i64) -> bool {
        self.admin || self.types.is_empty() || self.types.get(&id).is_some_and(|t| t.create)
    }

    pub(super) fn may_edit_type(&self, id: i64) -> bool {
        self.admin || self.types.is_empty() || self.types.get(&id).is_some_and(|t| t.edit)
    }

    pub(super) fn may_see_client(&self, id: i64) -> bool {
        self.admin || self.clients.is_empty() || self.clients.contains(&id)
    }

    /// The level of membership in the department of a ticket's team: 0 none, 1 view, 2 modify all. A team without a
    /// department is open.
    fn membership(&self, ticket: &Row) -> i64 {
        let department = self.department_of.get(&text(ticket, "team").to_lowercase());
        department.filter(|id| **id > 0).map_or(2, |id| self.departments.get(id).copied().unwrap_or(0))
    }

    /// Whether the membership of the ticket's department lets the agent change it.
    pub(super) fn may_modify(&self, ticket: &Row) -> bool {
        self.admin || self.membership(ticket) >= 2
    }

    /// Whether a ticket is among those the agent sees. The others are left out of lists without a word.
    pub(super) fn sees(&self, kind: Kind, ticket: &Row) -> bool {
        if self.admin {
            return true;
        }
        if self.kind_level(kind) < 1
            || !self.may_view_type(int(ticket, "tickettype_id"))
            || !self.may_see_client(int(ticket, "client_id"))
            || self.membership(ticket) < 1
        {
            return false;
        }
        let agent = int(ticket, "agent_id");
        if agent == self.agent_id && agent > 1 {
            return true;
        }
        let Some(team) = self.teams.get(&text(ticket, "team").to_lowercase()) else { return false };
        let area = match kind {
            Kind::Service => team.service,
            Kind::Opportunity => team.opportunities,
            Kind::Project => team.projects,
        };
        area && if agent <= 1 {
            team.unassigned && self.may(Switch::VIEW_UNASSIGNED)
        } else {
            team.others && self.may(Switch::VIEW_OTHERS)
        }
    }
}

/// The objects of an array field.
pub(super) fn list<'a>(row: &'a Row, field: &str) -> impl Iterator<Item = &'a Row> {
    row.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}
