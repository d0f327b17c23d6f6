//! Webhook subscriptions.

use serde_json::{Value, json};

use super::record::differences;
use super::refusal::Refusal;
use super::values::{Check, hex, is_url};
use crate::world::clock::{Millis, rfc3339};
use crate::world::store::{Row, text};
use crate::world::{Actor, Side, World, WriteKind};

/// The events one may subscribe to.
const EVENTS: [&str; 6] = [
    "roadmap_item.created",
    "roadmap_item.updated",
    "roadmap_item.archived",
    "client.updated",
    "client.archived",
    "integration.updated",
];

/// How long the secret before the present one still signs.
const OVERLAP: Millis = 3_600_000;

/// A webhook as it may be seen.
#[must_use]
pub fn view(row: &Row) -> Value {
    let shown = ["id", "url", "events", "active", "created_at"];
    Value::Object(shown.iter().map(|n| ((*n).to_owned(), row.get(*n).cloned().unwrap_or_default())).collect())
}

fn put_values(row: &mut Row, body: &Row, now: Millis, check: &mut Check) {
    if let Some(url) =
        check.text(body, "", "url", deliverable, "It is an https URL, or http to a loopback host.")
    {
        row.insert("url".into(), json!(url));
    }
    if let Some(value) = body.get("events") {
        let names = value.as_array().filter(|a| !a.is_empty());
        if names.is_some_and(|a| a.iter().all(|e| e.as_str().is_some_and(|e| EVENTS.contains(&e)))) {
            row.insert("events".into(), value.clone());
        } else {
            check.fault("invalid_value", "events", "It is a list of at least one event that exists.");
        }
    }
    if let Some(value) = body.get("active") {
        if !value.is_boolean() {
            check.fault("invalid_value", "active", "It is true or false.");
        }
        row.insert("active".into(), value.clone());
    }
    let fits = |t: &str| (16..=128).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_graphic());
    if let Some(secret) = check.text(body, "", "secret", fits, "It is 16 to 128 visible ASCII characters.")
        && text(row, "_secret") != secret
    {
        if row.contains_key("_secret") {
            row.insert("_old_secret".into(), json!(text(row, "_secret")));
            row.insert("_old_until".into(), json!(now + OVERLAP));
        }
        row.insert("_secret".into(), json!(secret));
    }
}

/// Whether HIT would deliver to a URL: https anywhere, http to a loopback host.
#[must_use]
pub fn deliverable(url: &str) -> bool {
    if !is_url(url) {
        return false;
    }
    let Some(rest) = url.strip_prefix("http://") else { return true };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let host = if let Some(v6) = authority.strip_prefix('[') {
        v6.split(']').next().unwrap_or("")
    } else {
        authority.split(':').next().unwrap_or("")
    };
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// Creates a webhook; the row with its secret.
///
/// # Errors
/// 422.
pub fn create(world: &mut World, actor: &Actor, body: &Row) -> Result<Row, Refusal> {
    let mut check = Check::default();
    check.known(body, "", &["url", "events", "active", "secret"], &["id", "created_at"]);
    check.required(body, "", "url");
    check.required(body, "", "events");
    let now = world.clock.now();
    let mut row = Row::new();
    row.insert("active".into(), json!(true));
    put_values(&mut row, body, now, &mut check);
    check.done()?;
    if !row.contains_key("_secret") {
        let secret = format!("whsec_{}", hex(&world.random.u128(..).to_be_bytes()));
        row.insert("_secret".into(), json!(secret));
    }
    world.hit.last_number += 1;
    let id = format!("wh_{}", world.hit.last_number);
    row.insert("id".into(), json!(id));
    row.insert("created_at".into(), json!(rfc3339(now)));
    log(world, actor, WriteKind::Create, &id, &Row::new(), &row);
    world.hit.webhooks.insert(id, row.clone());
    Ok(row)
}

/// Patches a webhook.
///
/// # Errors
/// 404, 422.
pub fn patch(world: &mut World, actor: &Actor, id: &str, body: &Row) -> Result<Row, Refusal> {
    let old = find(world, id)?.clone();
    let mut check = Check::default();
    check.known(body, "", &["url", "events", "active", "secret"], &["id", "created_at"]);
    let mut row = old.clone();
    put_values(&mut row, body, world.clock.now(), &mut check);
    check.done()?;
    log(world, actor, WriteKind::Update, id, &old, &row);
    world.hit.webhooks.insert(id.to_owned(), row.clone());
    Ok(row)
}

/// Removes a webhook.
///
/// # Errors
/// 404.
pub fn delete(world: &mut World, actor: &Actor, id: &str) -> Result<(), Refusal> {
    let old = find(world, id)?.clone();
    world.hit.webhooks.remove(id);
    log(world, actor, WriteKind::Delete, id, &old, &Row::new());
    Ok(())
}

/// A webhook by id.
///
/// # Errors
/// 404.
pub fn find<'a>(world: &'a World, id: &str) -> Result<&'a Row, Refusal> {
    world.hit.webhooks.get(id).ok_or_else(|| Refusal::not_found(format!("No webhook {id}.")))
}

fn log(world: &mut World, actor: &Actor, kind: WriteKind, id: &str, old: &Row, new: &Row) {
    let open = |row: &Row| -> Row {
        row.iter().filter(|(n, _)| !n.starts_with('_')).map(|(n, v)| (n.clone(), v.clone())).collect()
    };
    world.record(Side::Hit, actor, kind, "webhooks", id, differences(&open(old), &open(new)));
}

/// The secrets that sign now.
#[must_use]
pub fn secrets(row: &Row, now: Millis) -> Vec<String> {
    let old = row.get("_old_until").and_then(Value::as_i64).is_some_and(|until| now < until);
    let mut all = vec![text(row, "_secret").to_owned()];
    if old {
        all.push(text(row, "_old_secret").to_owned());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_goes_to_loopback_only() {
        for fine in ["https://a.example/x", "http://127.0.0.1:9/h", "http://localhost", "http://[::1]:8/x"] {
            assert!(deliverable(fine), "{fine}");
        }
        for bad in
            ["http://a.example/x", "ftp://127.0.0.1", "http://localhost.a.example/", "http://10.0.0.1/"]
        {
            assert!(!deliverable(bad), "{bad}");
        }
    }
}
