//! The least role that the settings in force need: printed by `check --role`, and what the findings about rights go by.
//!
//! HumanizeIT's guide has such a table as a picture that is lost. This one is derived from the calls that the sync
//! makes, so it shrinks with what is switched on. What it does not list stays at "Not set".

mod print;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sync_core::field::FieldId;
use sync_core::ids::{Kind, TicketTypeId};
use sync_core::settings::{PromotionMode, Settings, StatusHow, StatusTarget};

use super::inputs::Inputs;
use super::settings::Read;

/// How far a right goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Read Only.
    ReadOnly,
    /// Read and Modify.
    ReadAndModify,
    /// Yes, of a switch.
    Yes,
}

impl Level {
    /// The word on Halo's screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Level::ReadOnly => "Read Only",
            Level::ReadAndModify => "Read and Modify",
            Level::Yes => "Yes",
        }
    }
}

/// One right of a role.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Right {
    /// A name for programs, such as `add_new_tickets`.
    pub right: &'static str,
    /// The name on Halo's screen, Permission tab of a role.
    pub label: &'static str,
    /// How far it must go. None: "Not set" or "No".
    pub level: Option<Level>,
    /// What it is for, or when it would be needed.
    #[serde(rename = "for")]
    pub purpose: &'static str,
    /// The finding of the check that is about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finding: Option<&'static str>,
    /// A list that only this right opens, where there is one.
    #[serde(skip)]
    pub(super) door: Option<&'static str>,
}

/// The API application.
#[derive(Debug, Clone, Serialize)]
pub struct Application {
    /// Authentication Method.
    pub method: &'static str,
    /// Login Type.
    pub login_type: &'static str,
    /// Agent to log in as: what the agent must be.
    pub agent: &'static str,
    /// The scopes to tick on the Permissions tab.
    pub scopes: Vec<String>,
}

/// A whole role with its agent and its application.
#[derive(Debug, Clone, Serialize)]
pub struct Role {
    /// The rights to set, in the order of Halo's screen.
    pub rights: Vec<Right>,
    /// The rights to leave at "Not set" or "No".
    pub not_set: Vec<Right>,
    /// Ticket types with view, create and edit: the followed ones.
    pub ticket_types: Vec<i64>,
    /// Their names, where Halo could be read.
    pub ticket_type_names: BTreeMap<i64, String>,
    /// Teams of those types. Empty where Halo could not be read.
    pub teams: Vec<String>,
    /// Departments, each with the membership "Modify All". Empty where Halo could not be read.
    pub departments: Vec<String>,
    /// The application's scopes, as in `application`, for programs that take only what must be set.
    pub scopes: Vec<String>,
    /// The application.
    pub application: Application,
}

/// What the settings want done in Halo.
struct Wants<'a>(&'a Settings);

impl Wants<'_> {
    fn kind(&self, kind: Kind) -> bool {
        let of = self.0.kind(kind);
        of.create_type.is_some() || !of.followed.is_empty()
    }

    fn creates(&self) -> bool {
        self.0.sync.create.values().any(|rule| rule.kind().is_some())
    }

    /// Whether anything is written to tickets of a kind.
    fn writes(&self, kind: Kind) -> bool {
        self.0.sync.create.values().any(|rule| rule.kind() == Some(kind))
            || FieldId::ALL.into_iter().any(|field| self.0.rule(kind, field).direction.to_halo())
    }

    fn updates(&self) -> bool {
        Kind::ALL
            .into_iter()
            .any(|kind| FieldId::ALL.into_iter().any(|field| self.0.rule(kind, field).direction.to_halo()))
    }

    /// Whether a status is ever set by its field.
    fn sets_status(&self) -> bool {
        let written = |kind| self.0.rule(kind, FieldId::Status).direction.to_halo();
        let set = |id: &TicketTypeId| {
            let rows = self.0.status.get(id).into_iter().flat_map(|map| map.to_halo.values());
            rows.into_iter().any(|row| matches!(row, StatusTarget::To { how: StatusHow::Set, .. }))
        };
        Kind::ALL.into_iter().filter(|kind| written(*kind)).any(|kind| {
            let of = self.0.kind(kind);
            of.create_type.iter().chain(&of.followed).any(set)
        }) || self.0.sync.promotion.won.is_some()
    }

    fn reassigns(&self) -> bool {
        Kind::ALL.into_iter().any(|kind| self.0.rule(kind, FieldId::Responsible).direction.to_halo())
    }

    fn converts(&self) -> bool {
        self.0.sync.promotion.mode == PromotionMode::Convert
    }
}

/// Every right that is spoken of, with the level that the settings need.
#[must_use]
pub fn rights(settings: &Settings) -> Vec<Right> {
    use Level::{ReadAndModify, ReadOnly, Yes};
    let wants = Wants(settings);
    let area = |kind| match (wants.kind(kind), wants.writes(kind)) {
        (false, _) => None,
        (true, true) => Some(ReadAndModify),
        (true, false) => Some(ReadOnly),
    };
    let yes = |needed: bool| needed.then_some(Yes);
    let both = wants.writes(Kind::Project) || wants.writes(Kind::Opportunity);
    let set = |right, label, level, purpose, finding| Right {
        right,
        label,
        level,
        purpose,
        finding: Some(finding),
        door: None,
    };
    let never =
        |right, label, purpose, door| Right { right, label, level: None, purpose, finding: None, door };
    let (tickets, sales) = ("tickets_right_missing", "sales_right_missing");
    vec![
        set(
            "tickets",
            "Tickets",
            Some(if both { ReadAndModify } else { ReadOnly }),
            "every ticket is read and written as one",
            tickets,
        ),
        set("projects", "Projects, where shown", area(Kind::Project), "project tickets", tickets),
        set("sales", "Sales (Opportunities)", area(Kind::Opportunity), "opportunity tickets", sales),
        set(
            "customers",
            "Customers",
            Some(ReadOnly),
            "clients and their sites; none is ever made",
            "customers_right_missing",
        ),
        set(
            "add_new_tickets",
            "Can add new Tickets",
            yes(wants.creates()),
            "creates",
            "add_tickets_right_missing",
        ),
        set(
            "view_unassigned_tickets",
            "Can view Unassigned Tickets",
            Some(Yes),
            "lists that leave nothing out",
            "view_unassigned_right_missing",
        ),
        set(
            "view_others_tickets",
            "Can view Tickets that are assigned to other Agents",
            Some(Yes),
            "lists that leave nothing out",
            "view_others_right_missing",
        ),
        set(
            "edit_tickets_not_assigned",
            "Can edit Tickets which are not assigned to them",
            yes(wants.updates()),
            "updates; tickets belong to people",
            "edit_others_right_missing",
        ),
        set(
            "update_status_outside_actions",
            "Always update status outside of actions",
            yes(wants.sets_status()),
            "status, unless every row of the map uses an action",
            "status_right_missing",
        ),
        set(
            "reassign_tickets",
            "Can re-assign Tickets",
            yes(wants.reassigns()),
            "only if responsible is written after the create",
            "reassign_right_missing",
        ),
        set(
            "change_ticket_type",
            "Can change Ticket Type",
            yes(wants.converts()),
            "only with promotion mode convert",
            "change_type_right_missing",
        ),
        set(
            "edit_closed_tickets",
            "Can edit Closed Tickets",
            yes(settings.sync.write_closed),
            "only if sync.closed.write is on",
            "edit_closed_right_missing",
        ),
        never("users", "Users", "the requester is each client's General User", Some("/Users")),
        never("assets", "Assets", "not synced", Some("/Asset")),
        never("items", "Items", "not synced", Some("/Item")),
        never("invoices", "Invoices", "not synced", Some("/Invoice")),
        never("contracts", "Contracts", "not synced", Some("/ClientContract")),
        never("suppliers", "Suppliers", "not synced", Some("/Supplier")),
        never(
            "quotes",
            "Quotations",
            "not synced; that a quote exists stands on the ticket",
            Some("/Quotation"),
        ),
        never("timesheets", "Timesheets", "not synced", Some("/TimesheetEvent")),
        never("calendar", "Calendar", "not synced", Some("/Appointment")),
        never("reports", "Reporting", "not synced", Some("/Report")),
        never("kb", "Knowledge Base", "not synced", Some("/KBArticle")),
        never("delete_tickets", "Can delete Tickets", "nothing is ever deleted", None),
        never("edit_all_actions", "Can edit all Actions", "actions are added, never changed", None),
        never("assign_outside_teams", "Can assign to Agents outside their Teams", "not needed", None),
        never("administrator", "Administrator", "never", Some("/Roles")),
    ]
}

/// Whether the settings need the right of this name.
#[must_use]
pub fn needs(settings: &Settings, right: &str) -> bool {
    rights(settings).iter().any(|of| of.right == right && of.level.is_some())
}

/// The scopes that the settings need.
pub(super) fn scopes(inputs: &Inputs) -> Vec<String> {
    let mut scopes = vec!["all:standard".to_owned()];
    let asks = |scope: &str| inputs.halo.scopes.iter().any(|held| held.eq_ignore_ascii_case(scope));
    // Only somebody whose Halo refuses teams writes it down.
    if asks("all:teams") {
        scopes.push("all:teams".to_owned());
    }
    if inputs.webhooks.as_ref().is_some_and(|webhooks| webhooks.halo) {
        scopes.push("admin:webhooks".to_owned());
    }
    scopes
}

/// The ticket types of the settings.
pub(super) fn types(settings: &Settings) -> BTreeSet<TicketTypeId> {
    let kinds = Kind::ALL.into_iter().map(|kind| settings.kind(kind));
    kinds.flat_map(|of| of.create_type.iter().chain(&of.followed).copied()).collect()
}

/// The role for the settings in force, with names as far as Halo could be read.
pub(super) fn role(inputs: &Inputs, read: &Read) -> Role {
    let settings = &inputs.settings;
    let (rights, not_set): (Vec<_>, Vec<_>) =
        rights(settings).into_iter().partition(|right| right.level.is_some());
    let types = types(settings);
    let mut teams = BTreeSet::new();
    for kind in Kind::ALL {
        let of = settings.kind(kind);
        teams.extend(of.team);
        let followed = of.create_type.iter().chain(&of.followed);
        teams.extend(followed.filter_map(|id| read.catalogue.ticket_types.get(id)?.default_team));
    }
    let departments: BTreeSet<String> = teams
        .iter()
        .filter_map(|team| read.found.departments.get(team).map(|(_, name)| name.clone()))
        .filter(|name| !name.is_empty())
        .collect();
    let scopes = scopes(inputs);
    Role {
        rights,
        not_set,
        ticket_type_names: types
            .iter()
            .filter_map(|id| Some((id.0, read.found.type_names.get(id)?.clone())))
            .collect(),
        ticket_types: types.into_iter().map(|id| id.0).collect(),
        teams: teams
            .iter()
            .filter_map(|team| read.catalogue.teams.get(team).map(ToString::to_string))
            .collect(),
        departments: departments.into_iter().collect(),
        application: Application {
            method: "Client ID and Secret (Services)",
            login_type: "Agent",
            agent: "the agent that has this role",
            scopes: scopes.clone(),
        },
        scopes,
    }
}
