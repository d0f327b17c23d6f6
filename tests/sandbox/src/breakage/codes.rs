//! What each code changes.

use serde_json::{Value, json};

use super::{Cell, Code};
use crate::world::store::{int, text};
use crate::world::{Key, Row, World};

/// The ticket type most projects have.
const PROJECT: i64 = 31;

/// The status that projects are delivered in.
const IN_PROGRESS: i64 = 32;

/// The field that becomes mandatory.
const COST_CENTRE: i64 = 106;

/// The team that projects belong to.
const TEAM: &str = "Projects";

type Change = (Cell, Option<Value>);

/// The cells a code changes, and to what.
pub(super) fn cells(code: Code, world: &World) -> Vec<Change> {
    match code {
        Code::ResourceServerMisplacedApi | Code::AuthorisationServerMissingAuth => Vec::new(),
        Code::TenantUnknown => vec![(Cell::Tenant, Some(json!(format!("{}-msp", world.halo.tenant))))],
        Code::CredentialsRefused => application(world, "clientSecret", json!("replaced-by-somebody-else")),
        Code::ScopeMissing => {
            application(world, "scopes", json!([{"id": 1, "application_id": null, "name": "read:customers"}]))
        }
        Code::ApplicationInactive => application(world, "inactive", json!(true)),
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
        Code::AssigneeNotOfType => vec![kind(
            "allowed_teams",
            json!([{"id": PROJECT * 10 + 1, "tickettype_id": PROJECT, "section_id": 1, "section_name": "Service Desk"}]),
        )],
        Code::MandatoryFieldWithoutConstant => mandatory(world),
        Code::ClientUnmatched => unmatched(world),
        Code::ClientStopped => linked(world)
            .map(|(_, halo)| (Cell::HaloField("client", Key::Int(halo), "stopped"), Some(json!(1))))
            .into_iter()
            .collect(),
        Code::ExcessRight => role(world),
        Code::HitCredentialsRefused => vec![(Cell::ApiKey, Some(json!("revoked")))],
        Code::HitBuiltInSyncOn => vec![
            (Cell::HitIntegration("engine"), Some(json!("built_in"))),
            (Cell::HitIntegration("global_sync"), Some(json!(true))),
        ],
        Code::CurrencyUnequal => vec![(Cell::HitAccount("currency"), Some(json!("EUR")))],
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

fn role(world: &World) -> Vec<Change> {
    let agent = world.halo.row("agent", world.halo.api_agent_id);
    let roles = agent.and_then(|agent| agent.get("roles")).and_then(Value::as_array);
    let Some(key) = roles.and_then(|r| r.first()).and_then(|r| r.get("id")).and_then(Key::of) else {
        return Vec::new();
    };
    let row = world.halo.root("roles").and_then(|store| store.get(&key));
    let mut claims = kept(row, "claims", |claim| text(claim, "type") != "administrator");
    if let Value::Array(claims) = &mut claims {
        claims.push(json!({"type": "administrator", "value": "1"}));
    }
    vec![(Cell::HaloField("roles", key, "claims"), Some(claims))]
}
