//! Gives the integration a role and nothing more: what `halo-hit check --role --json` prints, taken word by word.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::store::{int, text};
use crate::world::{Key, Row, World};

/// A role as it is told.
#[derive(Debug, Clone, Deserialize)]
pub struct Role {
    /// The rights that are set; everything else is "Not set".
    pub rights: Vec<Right>,
    /// Ticket types that may be viewed, created and edited, by number.
    pub ticket_types: Vec<i64>,
    /// Teams, by name.
    pub teams: Vec<String>,
    /// Departments with the membership "Modify All", by name. A department without a name of its own is that of a team.
    #[serde(default)]
    pub departments: Vec<String>,
    /// The scopes of the application.
    pub scopes: Vec<String>,
}

/// One right of a role.
#[derive(Debug, Clone, Deserialize)]
pub struct Right {
    /// The claim's name here, such as `tickets` or `add_new_tickets`.
    pub right: String,
    /// `read_only`, `read_and_modify` or `yes`.
    pub level: String,
}

/// Sets the role of the agent that the integration logs in as, the agent's own rights, and the application's scopes.
///
/// # Errors
/// What the world does not have.
pub fn set(world: &mut World, role: &Role) -> Result<(), String> {
    let claims = role.rights.iter().map(claim).collect::<Result<Vec<_>, _>>()?;
    let agent = world.halo.api_agent_id;
    let mut rows = Vec::new();
    let mut departments: Vec<Row> = Vec::new();
    for name in &role.teams {
        let team = named(world, "team", name).ok_or_else(|| format!("There is no team {name}."))?;
        rows.push(
            json!({"id": agent * 100 + int(&team, "id"), "agent_id": agent, "team_id": int(&team, "id"),
            "team_name": name, "department_id": int(&team, "department_id"), "is_manager": false,
            "unassigned_access": true, "otheragent_access": true, "fortickets": false, "foropps": true,
            "forprojects": true, "in_section": true}),
        );
    }
    for name in &role.departments {
        departments.push(department(world, name).ok_or_else(|| format!("There is no department {name}."))?);
    }
    let departments: Vec<Value> = departments
        .iter()
        .map(|row| {
            json!({"id": agent * 100 + int(row, "id"), "agent_id": agent, "department_id": int(row, "id"),
                "department_name": text(row, "name"), "membershiplevel": 2, "includeteamsintree": true})
        })
        .collect();
    let types: Vec<Value> = role
        .ticket_types
        .iter()
        .map(|id| json!({"id": id, "tickettype_id": id, "cancreate": true, "canview": true, "canedit": true}))
        .collect();
    let held =
        world.halo.row("agent", agent).and_then(|row| row.get("roles")?.as_array()?.first()?.get("id"));
    let Some(key) = held.and_then(Key::of) else { return Err("The agent has no role.".into()) };
    let Some(row) = world.halo.root_mut("roles").get_mut(&key) else {
        return Err("The agent's role is gone.".into());
    };
    for (field, value) in [
        ("claims", json!(claims)),
        ("tickettypes", json!(types)),
        ("teams", json!([])),
        ("departments", json!([])),
        ("clients", json!([])),
    ] {
        row.insert(field.into(), value);
    }
    if let Some(row) = world.halo.root_mut("agent").by_id_mut(agent) {
        row.insert("team".into(), json!(role.teams.first().map_or("", String::as_str)));
        row.insert("teams".into(), json!(rows));
        row.insert("departments".into(), json!(departments));
        row.insert("claims".into(), json!([]));
        row.insert("is_admin".into(), json!(false));
    }
    let client_id = world.halo.integration_client_id.clone();
    let scopes: Vec<Value> = role.scopes.iter().map(|name| json!({"name": name})).collect();
    let applications = world.halo.root_mut("application");
    if let Some((_, row)) = applications.iter_mut().find(|(_, row)| text(row, "clientId") == client_id) {
        row.insert("scopes".into(), json!(scopes));
    }
    world.halo.expire_tokens();
    Ok(())
}

fn claim(right: &Right) -> Result<Value, String> {
    let level = match right.level.as_str() {
        "read_only" | "yes" => "1",
        "read_and_modify" => "2",
        other => return Err(format!("{}: there is no level {other}.", right.right)),
    };
    Ok(json!({"type": right.right, "value": level}))
}

fn named(world: &World, root: &str, name: &str) -> Option<Row> {
    let mut rows = world.halo.root(root)?.iter();
    rows.find(|(_, row)| text(row, "name") == name).map(|(_, row)| row.clone())
}

fn department(world: &World, name: &str) -> Option<Row> {
    let organisations = world.halo.root("organisation")?.iter();
    let mut all = organisations.filter_map(|(_, row)| row.get("departments")?.as_array()).flatten();
    all.find(|row| row["name"] == name).and_then(Value::as_object).cloned()
}
