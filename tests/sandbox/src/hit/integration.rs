//! HIT's own settings of its HaloPSA integration, and their test.

use std::time::Duration;

use serde_json::{Value, json};

use super::record::{Event, differences, version};
use super::refusal::Refusal;
use super::route::offers;
use super::values::{Check, join};
use crate::net;
use crate::world::clock::rfc3339;
use crate::world::store::{Row, text};
use crate::world::{Actor, Side, World, WriteKind};

const SERVERS: [&str; 4] = ["resource_server", "authorisation_server", "tenant", "client_id"];

/// The settings as they may be seen.
#[must_use]
pub fn view(world: &World) -> Value {
    let mut view = world.hit.integration.clone();
    if let Some(Value::Object(connection)) = view.get_mut("connection") {
        let secret = connection.remove("client_secret");
        let set =
            secret.is_some_and(|s| s.is_string()) || connection.get("secret_set") == Some(&Value::Bool(true));
        connection.insert("secret_set".into(), json!(set));
    }
    if !offers(&world.hit.account, "etag") {
        view.remove("version");
    }
    Value::Object(view)
}

/// Patches the settings.
///
/// # Errors
/// 422.
pub fn patch(world: &mut World, actor: &Actor, body: &Row) -> Result<Option<Event>, Refusal> {
    let mut check = Check::default();
    let writable = ["connection", "types", "global_sync", "validation_client_ids", "status_map", "engine"];
    check.known(body, "", &writable, &["version"]);
    let mut next = world.hit.integration.clone();
    if let Some(patch) = object(body, "connection", &mut check) {
        put_connection(&mut next, patch, &mut check);
    }
    if let Some(patch) = object(body, "types", &mut check) {
        put_types(&mut next, patch, &mut check);
    }
    if let Some(value) = body.get("global_sync") {
        if !value.is_boolean() {
            check.fault("invalid_value", "global_sync", "It is true or false.");
        }
        next.insert("global_sync".into(), value.clone());
    }
    if let Some(value) = body.get("validation_client_ids") {
        put_clients(world, &mut next, value, &mut check);
    }
    if let Some(value) = body.get("status_map") {
        put_map(world, &mut next, value, &mut check);
    }
    let engines = ["built_in", "external", "off"];
    if let Some(engine) =
        check.text(body, "", "engine", |t| engines.contains(&t), "It is built_in, external or off.")
    {
        next.insert("engine".into(), json!(engine));
    }
    check.done()?;
    Ok(store(world, actor, next))
}

/// Stores the settings' new state, as [`super::record::store_item`] does an item's.
pub fn store(world: &mut World, actor: &Actor, mut next: Row) -> Option<Event> {
    let mut changes = differences(&world.hit.integration, &next);
    for change in changes.iter_mut().filter(|c| c.field == "connection") {
        // The log is shown by the control port; a secret has no place in it.
        for side in [&mut change.old, &mut change.new] {
            if let Some(secret) = side.get_mut("client_secret").filter(|s| s.is_string()) {
                *secret = json!("(hidden)");
            }
        }
    }
    let event = (!changes.is_empty()).then(|| {
        let number = version(&world.hit.integration) + 1;
        next.insert("version".into(), json!(number));
        world.hit.integration = next;
        Event { kind: "integration.updated", item: None, client: None, version: Some(number) }
    });
    world.record(Side::Hit, actor, WriteKind::Update, "integrations", "halopsa", changes);
    event
}

fn object<'a>(body: &'a Row, name: &str, check: &mut Check) -> Option<&'a Row> {
    let value = body.get(name)?;
    let found = value.as_object();
    if found.is_none() {
        check.fault("invalid_value", name, "It is an object.");
    }
    found
}

fn put_connection(next: &mut Row, patch: &Row, check: &mut Check) {
    let mut writable = SERVERS.to_vec();
    writable.push("client_secret");
    check.known(patch, "connection", &writable, &["secret_set"]);
    let Some(Value::Object(connection)) = next.get_mut("connection") else { return };
    for name in SERVERS {
        if let Some(value) =
            check.nullable(patch, "connection", name, Value::is_string, "It is a text or null.")
        {
            connection.insert(name.into(), value.clone());
        }
    }
    let secret = |v: &Value| v.as_str().is_some_and(|t| !t.is_empty());
    if let Some(value) = check.nullable(
        patch,
        "connection",
        "client_secret",
        secret,
        "It is a text that is not empty, or null.",
    ) {
        connection.insert("client_secret".into(), value.clone());
        connection.insert("secret_set".into(), json!(value.is_string()));
    }
}

fn put_types(next: &mut Row, patch: &Row, check: &mut Check) {
    check.known(patch, "types", &["opportunity", "project"], &[]);
    let Some(Value::Object(types)) = next.get_mut("types") else { return };
    for kind in ["opportunity", "project"] {
        let at = join("types", kind);
        let Some(value) = check.nullable(patch, "types", kind, Value::is_object, "It is an object or null.")
        else {
            continue;
        };
        let Some(row) = value.as_object() else {
            types.insert(kind.into(), Value::Null);
            continue;
        };
        check.known(row, &at, &["ticket_type_id", "assignee_agent_id", "status_id"], &[]);
        let old = types.get(kind).cloned().unwrap_or_default();
        let mut choice = json!({"ticket_type_id": old["ticket_type_id"], "assignee_agent_id": old["assignee_agent_id"], "status_id": old["status_id"]});
        if old.is_null() {
            check.required(row, &at, "ticket_type_id");
        }
        if let Some(id) = row.get("ticket_type_id") {
            if !id.is_i64() {
                check.fault("invalid_value", &join(&at, "ticket_type_id"), "It is a whole number.");
            }
            if *id != old["ticket_type_id"] {
                choice = json!({"ticket_type_id": id, "assignee_agent_id": null, "status_id": null});
            }
        }
        for name in ["assignee_agent_id", "status_id"] {
            if let Some(id) = check.nullable(row, &at, name, Value::is_i64, "It is a whole number or null.") {
                choice[name] = id.clone();
            }
        }
        types.insert(kind.into(), choice);
    }
}

fn put_clients(world: &World, next: &mut Row, value: &Value, check: &mut Check) {
    let Some(ids) = value.as_array() else {
        check.fault("invalid_value", "validation_client_ids", "It is a list.");
        return;
    };
    for (index, id) in ids.iter().enumerate() {
        if !id.as_str().is_some_and(|id| world.hit.clients.contains_key(id)) {
            check.fault(
                "unknown_client",
                &format!("validation_client_ids[{index}]"),
                format!("No client has the id {id}."),
            );
        }
    }
    next.insert("validation_client_ids".into(), value.clone());
}

fn put_map(world: &World, next: &mut Row, value: &Value, check: &mut Check) {
    let Some(rows) = value.as_array() else {
        check.fault("invalid_value", "status_map", "It is a list.");
        return;
    };
    let mut seen = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let at = format!("status_map[{index}]");
        let Some(row) = row.as_object() else {
            check.fault("invalid_value", &at, "It is an object.");
            continue;
        };
        check.known(row, &at, &["status_id", "kind", "halo_status_id"], &[]);
        for name in ["status_id", "kind", "halo_status_id"] {
            check.required(row, &at, name);
        }
        if let Some(id) = check.text(row, &at, "status_id", |_| true, "It is a text.")
            && !world.hit.statuses.iter().any(|s| text(s, "id") == id)
        {
            check.fault("unknown_status", &join(&at, "status_id"), format!("No status has the id {id}."));
        }
        check.text(
            row,
            &at,
            "kind",
            |t| matches!(t, "opportunity" | "project"),
            "It is opportunity or project.",
        );
        if row.get("halo_status_id").is_some_and(|v| !v.is_i64()) {
            check.fault("invalid_value", &join(&at, "halo_status_id"), "It is a whole number.");
        }
        let key = (text(row, "status_id").to_owned(), text(row, "kind").to_owned());
        if seen.contains(&key) {
            check.fault("invalid_value", &at, "There is one row per status and kind.");
        }
        seen.push(key);
    }
    next.insert("status_map".into(), value.clone());
}

/// A connection to try.
#[derive(Debug, Clone)]
pub struct Connection {
    resource: String,
    authorisation: Option<String>,
    tenant: Option<String>,
    client_id: String,
    secret: String,
}

/// The stored connection, when it is complete.
///
/// # Errors
/// 409 `integration_incomplete`.
pub fn connection(world: &World) -> Result<Connection, Refusal> {
    let row = &world.hit.integration["connection"];
    let part = |name: &str| row[name].as_str().filter(|t| !t.is_empty()).map(str::to_owned);
    let need = |name: &str| {
        part(name).ok_or_else(|| {
            Refusal::at(409, "integration_incomplete", &format!("connection.{name}"), "It is not set.")
        })
    };
    Ok(Connection {
        resource: need("resource_server")?,
        authorisation: part("authorisation_server"),
        tenant: part("tenant"),
        client_id: need("client_id")?,
        secret: need("client_secret")?,
    })
}

/// Tries a connection: obtains a token, and reads one ticket with it.
pub async fn test(connection: Connection, now: i64) -> Value {
    let limit = Duration::from_secs(10);
    let auth = connection.authorisation.clone().unwrap_or_else(|| {
        // Both servers of a hosted Halo have one origin.
        format!("{}/auth", connection.resource.trim_end_matches('/').trim_end_matches("/api"))
    });
    let mut url = format!("{}/token", auth.trim_end_matches('/'));
    if let Some(tenant) = &connection.tenant {
        url.push_str(&format!("?tenant={}", encode(tenant)));
    }
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=all%3Astandard",
        encode(&connection.client_id),
        encode(&connection.secret)
    );
    let answer = net::post(&url, "application/x-www-form-urlencoded", &[], &form, limit).await;
    let (token, refusal) = judge_token(answer);
    let mut checks = vec![json!({"code": "token", "ok": token.is_some(), "detail": refusal})];
    if let Some(token) = token {
        let url = format!("{}/Tickets?count=1", connection.resource.trim_end_matches('/'));
        let headers = [
            ("Authorization".to_owned(), format!("Bearer {token}")),
            ("Accept".to_owned(), "application/json".to_owned()),
        ];
        let problem = match net::request("GET", &url, &headers, "", limit).await {
            Ok(answer) if answer.status == 200 && answer.body.trim_start().starts_with(['{', '[']) => None,
            Ok(answer) => Some(format!("status {}", answer.status)),
            Err(why) => Some(why),
        };
        checks.push(json!({"code": "read", "ok": problem.is_none(), "detail": problem}));
    }
    let ok = checks.iter().all(|c| c["ok"] == true);
    json!({"ok": ok, "checked_at": rfc3339(now), "checks": checks})
}

fn judge_token(answer: Result<net::Outcome, String>) -> (Option<String>, Option<String>) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(why) => return (None, Some(why)),
    };
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match body["access_token"].as_str() {
        Some(token) if answer.status == 200 => (Some(token.to_owned()), None),
        _ => {
            let word = body["error"].as_str().map(|e| e.chars().take(80).collect());
            (None, Some(word.unwrap_or_else(|| format!("status {}", answer.status))))
        }
    }
}

/// Percent-encodes all but unreserved characters.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
