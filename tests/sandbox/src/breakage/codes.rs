//! What each code changes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Cell, Code};
use crate::world::store::{int, text};
use crate::world::{Key, Row, World};

/// The ticket type most projects have.
const PROJECT: i64 = 31;

/// The status that projects are delivered in.
const IN_PROGRESS: i64 = 32;

/// The action that sets it.
const BEGIN_DELIVERY: i64 = 60;

/// The field that becomes mandatory.
const COST_CENTRE: i64 = 106;

/// The team that projects belong to, and its department.
const TEAM: &str = "Projects";

/// HIT's status of an item that is being delivered.
const WORKING: &str = "st_work_in_progress";

type Change = (Cell, Option<Value>);

/// The cells a code changes, and to what.
pub(super) fn cells(code: Code, world: &World) -> Vec<Change> {
    match code {
        Code::ResourceServerMisplacedApi
        | Code::AuthorisationServerMissingAuth
        | Code::ResourceServerUnreachable
        | Code::AuthorisationServerUnreachable
        | Code::HitUnreachable => Vec::new(),
        Code::TenantUnknown => vec![(Cell::Tenant, Some(json!(format!("{}-msp", world.halo.tenant))))],
        Code::CredentialsRefused => application(world, "clientSecret", json!("replaced-by-somebody-else")),
        Code::ScopeMissing => {
            application(world, "scopes", json!([{"id": 1, "application_id": null, "name": "read:customers"}]))
        }
        Code::ApplicationInactive => application(world, "inactive", json!(true)),
        Code::ApplicationMethodWrong => application(world, "grant_type", json!("password")),
        Code::LoginTypeNotAgent => {
            let agents = application(world, "allowagents", json!(false));
            agents.into_iter().chain(application(world, "allowusers", json!(true))).collect()
        }
        Code::WebhookScopeMissing => without_webhooks(world),
        Code::WrongProduct => oddity("app_name", json!("HaloITSM")),
        Code::DiscoveryDisagrees => oddity("auth_url", json!("https://elsewhere.example/auth")),
        Code::HaloUnreadable => oddity("statuses_refused", json!(true)),
        Code::TeamsScopeMissing => oddity("teams_refused", json!(true)),
        Code::MarkerNotFound => oddity("links_dropped", json!(true)),
        Code::WriteNotKept => oddity("status_undone", json!(true)),
        Code::ClockSkewed => oddity("clock_ms", json!(600_000)),
        Code::RateLimitRefused => vec![(Cell::HaloLimit, Some(json!([25, 1])))],
        Code::CustomersRightMissing => claims(world, &[("customers", 0)]),
        Code::TicketsRightMissing => claims(world, &[("tickets", 1), ("projects", 1)]),
        Code::SalesRightMissing => claims(world, &[("sales", 0)]),
        Code::AddTicketsRightMissing => claims(world, &[("add_new_tickets", 0)]),
        Code::ViewUnassignedRightMissing => claims(world, &[("view_unassigned_tickets", 0)]),
        Code::ViewOthersRightMissing => claims(world, &[("view_others_tickets", 0)]),
        Code::EditOthersRightMissing => claims(world, &[("edit_tickets_not_assigned", 0)]),
        Code::StatusRightMissing => claims(world, &[("update_status_outside_actions", 0)]),
        Code::ReassignRightMissing => claims(world, &[("reassign_tickets", 0)]),
        Code::ChangeTypeRightMissing => claims(world, &[("change_ticket_type", 0)]),
        Code::EditClosedRightMissing => claims(world, &[("edit_closed_tickets", 0)]),
        Code::TicketTypeRightMissing => types(world),
        Code::ListsFiltered => restricted(world),
        Code::WorkHoursNotFull => agent(world, "workday_id", json!(1)),
        Code::AgentNotInDepartment => departments(world, |_| None),
        Code::MembershipNotModifyAll => departments(world, |mut row| {
            row.insert("membershiplevel".into(), json!(1));
            Some(row)
        }),
        Code::AgentInactive => agent(world, "isdisabled", json!(true)),
        Code::AgentNotApiOnly => agent(world, "isapiagent", json!(false)),
        Code::AgentNotInTeam => agent_teams(world),
        Code::DefaultTeamMissing => agent(world, "team", json!("")),
        Code::TicketTypeMissing => vec![(Cell::HaloRow("tickettype", Key::Int(PROJECT)), None)],
        Code::TicketTypeWrongUse => {
            [("use", json!("ticket")), ("itilrequesttype", json!(1)), ("project_type", json!(0))]
                .map(|(field, value)| kind(field, value))
                .into()
        }
        Code::StatusNotOfType => allowed(world, "allowed_status", |row| int(row, "status_id") != IN_PROGRESS),
        Code::OutcomeNotOfType => vec![(Cell::HaloRow("outcome", Key::Int(BEGIN_DELIVERY)), None)],
        Code::TeamNotOfType => vec![only_team(2, "Escalations")],
        Code::AssigneeNotOfType => vec![only_team(1, "Service Desk")],
        Code::MandatoryFieldWithoutConstant => mandatory(world),
        Code::TypeActsByItself => {
            vec![kind("statusafteruserupdate", json!(31)), kind("statusaftertechupdate", json!(IN_PROGRESS))]
        }
        Code::AcknowledgementMail => vec![kind("default_sendack", json!(1))],
        Code::StatusMail => {
            vec![(Cell::HaloField("status", Key::Int(IN_PROGRESS), "notifystatuschange"), Some(json!(1)))]
        }
        Code::HitStatusWithoutRule => {
            let new = json!({"id": "st_procurement", "name": "In Procurement", "class": "project", "initial": false,
                "sort_order": 900});
            let rows = world.hit.statuses.iter().cloned().map(Value::Object).chain([new]);
            vec![(Cell::HitStatuses, Some(rows.collect()))]
        }
        Code::HitStatusMissing => {
            let rows = world.hit.statuses.iter().filter(|row| text(row, "id") != WORKING);
            vec![(Cell::HitStatuses, Some(rows.cloned().map(Value::Object).collect()))]
        }
        Code::ClientUnmatched => unmatched(world),
        Code::ClientAmbiguous => ambiguous(world),
        Code::ClientMissing => linked(world)
            .map(|(hit, _)| (Cell::HitClient(hit, "archived_at"), Some(json!("2024-01-01T00:00:00Z"))))
            .into_iter()
            .collect(),
        Code::ClientVanished => linked(world)
            .map(|(_, halo)| (Cell::HaloRow("client", Key::Int(halo)), None))
            .into_iter()
            .collect(),
        Code::ClientStopped => linked(world)
            .map(|(_, halo)| (Cell::HaloField("client", Key::Int(halo), "stopped"), Some(json!(1))))
            .into_iter()
            .collect(),
        Code::ExcessRight => claims(world, &[("administrator", 1)]),
        Code::ExcessArea => claims(world, &[("contracts", 1)]),
        Code::WebhookMissing => webhooks(world).map(|key| (Cell::HaloRow("webhook", key), None)).collect(),
        Code::WebhookInactive => webhooks(world)
            .map(|key| (Cell::HaloField("webhook", key, "active"), Some(json!(false))))
            .collect(),
        Code::WebhookNotDelivering => oddity("deliveries_refused", json!(true)),
        Code::HitCredentialsRefused => vec![(Cell::ApiKey, Some(json!("revoked")))],
        Code::HitBuiltInSyncOn => vec![
            (Cell::HitIntegration("engine"), Some(json!("built_in"))),
            (Cell::HitIntegration("global_sync"), Some(json!(true))),
        ],
        Code::CurrencyUnequal => vec![(Cell::HitAccount("currency"), Some(json!("EUR")))],
        Code::HitConnectionDiffers => vec![(
            Cell::HitIntegration("connection"),
            Some(json!({"resource_server": "https://contoso.halopsa.com/api",
                "authorisation_server": "https://contoso.halopsa.com/auth", "tenant": "contoso",
                "client_id": "00000000-0000-0000-0000-000000000000", "secret_set": true})),
        )],
        Code::TimeZoneUnequal => vec![(Cell::HitAccount("time_zone"), Some(json!("Europe/Berlin")))],
        Code::TimeZoneMissing => vec![(Cell::HitAccount("time_zone"), Some(Value::Null))],
    }
}

fn application(world: &World, field: &'static str, value: Value) -> Vec<Change> {
    let id = &world.halo.integration_client_id;
    let rows = world.halo.root("application");
    let key = rows.and_then(|store| store.iter().find(|(_, row)| text(row, "clientId") == id));
    key.map(|(key, _)| (Cell::HaloField("application", key.clone(), field), Some(value)))
        .into_iter()
        .collect()
}

fn agent(world: &World, field: &'static str, value: Value) -> Vec<Change> {
    vec![(Cell::HaloField("agent", Key::Int(world.halo.api_agent_id), field), Some(value))]
}

/// The rows of a list field that stay.
fn kept(row: Option<&Row>, field: &str, stays: impl Fn(&Row) -> bool) -> Value {
    let rows = row.and_then(|row| row.get(field)).and_then(Value::as_array);
    let rows = rows.into_iter().flatten().filter(|v| v.as_object().is_none_or(&stays));
    rows.cloned().collect()
}

fn agent_teams(world: &World) -> Vec<Change> {
    let row = world.halo.row("agent", world.halo.api_agent_id);
    agent(world, "teams", kept(row, "teams", |team| text(team, "team_name") != TEAM))
}

fn kind(field: &'static str, value: Value) -> Change {
    (Cell::HaloField("tickettype", Key::Int(PROJECT), field), Some(value))
}

/// The one team that may have projects.
fn only_team(id: i64, name: &str) -> Change {
    let row =
        json!({"id": PROJECT * 10 + id, "tickettype_id": PROJECT, "section_id": id, "section_name": name});
    kind("allowed_teams", json!([row]))
}

fn allowed(world: &World, field: &'static str, stays: impl Fn(&Row) -> bool) -> Vec<Change> {
    vec![kind(field, kept(world.halo.row("tickettype", PROJECT), field, stays))]
}

fn mandatory(world: &World) -> Vec<Change> {
    let wanted = |row: &Row| int(row, "rtid") == PROJECT && int(row, "fieldid") == COST_CENTRE;
    let rows = world.halo.root("tickettypefield");
    let found = rows.and_then(|store| store.iter().find(|(_, row)| wanted(row)));
    let fields = found
        .map(|(key, _)| (Cell::HaloField("tickettypefield", key.clone(), "technew"), Some(json!(2))))
        .into_iter();
    fields.chain([kind("hasmandatorytechfields", json!(true))]).collect()
}

/// The first HIT client that is linked to a Halo client, and that one's number.
fn linked(world: &World) -> Option<(String, i64)> {
    let mut all: Vec<(i64, String)> = world
        .hit
        .clients
        .values()
        .filter(|client| client.get("archived_at").is_none_or(Value::is_null))
        .filter_map(|client| {
            let references = client.get("external_references")?.as_array()?;
            let halo = references.iter().find(|r| r["kind"] == "client")?["id"].as_str()?.parse().ok()?;
            Some((halo, text(client, "id").to_owned()))
        })
        .collect();
    all.sort();
    all.into_iter().next().map(|(halo, hit)| (hit, halo))
}

fn unmatched(world: &World) -> Vec<Change> {
    let Some((hit, halo)) = linked(world) else { return Vec::new() };
    let field = |field| Cell::HaloField("client", Key::Int(halo), field);
    vec![
        (Cell::HitClient(hit, "external_references"), Some(json!([]))),
        (field("name"), Some(json!("Quite Another Name Holdings"))),
        (field("domain"), Some(json!(""))),
        (field("website"), Some(json!(""))),
    ]
}

/// The other client takes the first one's name, and no reference tells them apart.
fn ambiguous(world: &World) -> Vec<Change> {
    let Some((hit, halo)) = linked(world) else { return Vec::new() };
    let name = world.hit.clients.get(&hit).map_or("", |client| text(client, "name")).to_owned();
    let clients = world.halo.root("client").into_iter().flat_map(|store| store.iter());
    // The last one: nothing else in the world hangs on it.
    let other = clients.map(|(_, row)| int(row, "id")).filter(|id| *id != halo).max().unwrap_or(0);
    let mut cells = vec![
        (Cell::HitClient(hit.clone(), "external_references"), Some(json!([]))),
        (Cell::HitClient(hit, "domain"), Some(Value::Null)),
    ];
    for id in [halo, other] {
        cells.push((Cell::HaloField("client", Key::Int(id), "name"), Some(json!(name))));
    }
    cells
}

fn oddity(name: &'static str, value: Value) -> Vec<Change> {
    vec![(Cell::Oddity(name), Some(value))]
}

fn without_webhooks(world: &World) -> Vec<Change> {
    let id = &world.halo.integration_client_id;
    let rows = world.halo.root("application");
    let row = rows.and_then(|store| store.iter().map(|(_, row)| row).find(|row| text(row, "clientId") == id));
    application(world, "scopes", kept(row, "scopes", |scope| text(scope, "name") != "admin:webhooks"))
}

fn departments(world: &World, change: impl Fn(Row) -> Option<Row>) -> Vec<Change> {
    let row = world.halo.row("agent", world.halo.api_agent_id);
    let Value::Array(rows) = kept(row, "departments", |_| true) else { return Vec::new() };
    let rows = rows.into_iter().filter_map(|value| match value {
        Value::Object(row) if text(&row, "department_name") == TEAM => change(row).map(Value::Object),
        other => Some(other),
    });
    agent(world, "departments", rows.collect())
}

/// The key and the row of the integration's role.
fn integration_role(world: &World) -> Option<(Key, &Row)> {
    let agent = world.halo.row("agent", world.halo.api_agent_id)?;
    let roles = agent.get("roles").and_then(Value::as_array)?;
    let key = roles.first().and_then(|role| role.get("id")).and_then(Key::of)?;
    let row = world.halo.root("roles")?.get(&key)?;
    Some((key, row))
}

fn role_field(world: &World, field: &'static str, value: Value) -> Vec<Change> {
    let role = integration_role(world);
    role.map(|(key, _)| (Cell::HaloField("roles", key, field), Some(value))).into_iter().collect()
}

/// The role with these levels; 0 is "Not set".
fn claims(world: &World, levels: &[(&str, i64)]) -> Vec<Change> {
    let role = integration_role(world).map(|(_, row)| row);
    let mut claims =
        kept(role, "claims", |claim| levels.iter().all(|(name, _)| text(claim, "type") != *name));
    if let Value::Array(claims) = &mut claims {
        let set = levels.iter().filter(|(_, level)| *level > 0);
        claims.extend(set.map(|(name, level)| json!({"type": name, "value": level.to_string()})));
    }
    role_field(world, "claims", claims)
}

/// All clients but the last three with a project or an opportunity.
fn restricted(world: &World) -> Vec<Change> {
    let tickets = world.halo.tickets.iter().map(|(_, row)| row);
    let busy: BTreeSet<i64> =
        tickets.filter(|row| int(row, "tickettype_id") >= 21).map(|row| int(row, "client_id")).collect();
    let hidden: Vec<i64> = busy.into_iter().rev().take(3).collect();
    let clients = world.halo.root("client").into_iter().flat_map(|store| store.iter());
    let shown = clients.map(|(_, row)| int(row, "id")).filter(|id| !hidden.contains(id));
    role_field(world, "clients", shown.map(|id| json!({"client_id": id})).collect())
}

fn types(world: &World) -> Vec<Change> {
    let role = integration_role(world).map(|(_, row)| row);
    let Value::Array(mut rows) = kept(role, "tickettypes", |_| true) else { return Vec::new() };
    for row in rows.iter_mut().filter(|row| row["tickettype_id"] == PROJECT) {
        row["cancreate"] = json!(false);
        row["canedit"] = json!(false);
    }
    role_field(world, "tickettypes", Value::Array(rows))
}

/// The webhooks that Halo has now.
fn webhooks(world: &World) -> impl Iterator<Item = Key> {
    world.halo.root("webhook").into_iter().flat_map(|store| store.iter()).map(|(key, _)| key.clone())
}
