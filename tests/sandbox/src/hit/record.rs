//! What every write to HIT has in common: stamps, version, the log, and the event for webhooks.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::route::offers;
use crate::world::clock::rfc3339;
use crate::world::store::{Row, text};
use crate::world::{Actor, FieldChange, Side, World, WriteKind};

/// Something that happened, to be told to webhooks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The event's name.
    pub kind: &'static str,
    /// The item.
    pub item: Option<String>,
    /// The client.
    pub client: Option<String>,
    /// The version.
    pub version: Option<i64>,
}

/// Fields that say when and by whom, not what.
pub const STAMPS: [&str; 4] = ["updated_at", "updated_by", "version", "created_at"];

/// The differences between two states of a record, budgets by their parts.
#[must_use]
pub fn differences(old: &Row, new: &Row) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let null = Value::Null;
        let (was, is) = (old.get(name).unwrap_or(&null), new.get(name).unwrap_or(&null));
        if was == is || STAMPS.contains(&name.as_str()) {
            continue;
        }
        if name == "budget" {
            for part in ["currency", "one_time", "recurring"] {
                if was[part] != is[part] {
                    changes.push(change(&format!("budget.{part}"), &was[part], &is[part]));
                }
            }
        } else {
            changes.push(change(name, was, is));
        }
    }
    changes
}

fn change(field: &str, old: &Value, new: &Value) -> FieldChange {
    FieldChange { field: field.to_owned(), old: old.clone(), new: new.clone() }
}

/// Who wrote, as `updated_by` shows it.
fn author(world: &World, actor: &Actor) -> Value {
    match actor {
        Actor::Integration | Actor::FullRights => json!({"type": "api_key", "id": "key_1"}),
        Actor::Product => json!({"type": "system", "id": null}),
        Actor::Person(name) => {
            let member =
                world.hit.members.values().find(|m| text(m, "name") == name || text(m, "id") == name);
            json!({"type": "user", "id": member.map_or("tm_1", |m| text(m, "id"))})
        }
    }
}

/// Stores a new item.
pub fn insert_item(world: &mut World, actor: &Actor, mut item: Row) -> Event {
    let now = rfc3339(world.clock.now());
    item.insert("created_at".into(), json!(now));
    item.insert("updated_at".into(), json!(now));
    item.insert("updated_by".into(), author(world, actor));
    item.insert("version".into(), json!(1));
    let id = text(&item, "id").to_owned();
    let changes = differences(&Row::new(), &item);
    let event = item_event(&item, "roadmap_item.created");
    world.hit.items.insert(id.clone(), item);
    world.record(Side::Hit, actor, WriteKind::Create, "roadmap-items", &id, changes);
    event
}

/// Stores an item's new state. Without a difference nothing changes, and there is no event.
pub fn store_item(world: &mut World, actor: &Actor, kind: WriteKind, mut item: Row) -> Option<Event> {
    let id = text(&item, "id").to_owned();
    let old = world.hit.items.get(&id).cloned().unwrap_or_default();
    let changes = differences(&old, &item);
    let quiet = changes.is_empty();
    let event = if quiet {
        None
    } else {
        let now = rfc3339(world.clock.now());
        // Text of equal form compares like the moments it stands for.
        let at =
            if text(&old, "updated_at") > now.as_str() { text(&old, "updated_at").to_owned() } else { now };
        item.insert("updated_at".into(), json!(at));
        item.insert("updated_by".into(), author(world, actor));
        item.insert("version".into(), json!(version(&old) + 1));
        let left = old.get("archived_at").is_none_or(Value::is_null) && !item["archived_at"].is_null();
        let event = item_event(&item, if left { "roadmap_item.archived" } else { "roadmap_item.updated" });
        world.hit.items.insert(id.clone(), item);
        Some(event)
    };
    world.record(Side::Hit, actor, kind, "roadmap-items", &id, changes);
    event
}

/// A record's version.
#[must_use]
pub fn version(row: &Row) -> i64 {
    row.get("version").and_then(Value::as_i64).unwrap_or(1)
}

fn item_event(item: &Row, kind: &'static str) -> Event {
    Event {
        kind,
        item: Some(text(item, "id").to_owned()),
        client: Some(text(item, "client_id").to_owned()),
        version: Some(version(item)),
    }
}

/// Judges `If-Match` against a record.
///
/// # Errors
/// 412 `precondition_failed`.
pub fn precondition(account: &Row, row: &Row, if_match: Option<&str>) -> Result<(), Refusal> {
    let present = format!("\"{}\"", version(row));
    match if_match.map(str::trim) {
        Some(value) if offers(account, "etag") && value != "*" && value != present => {
            Err(Refusal::at(412, "precondition_failed", "If-Match", format!("The version is {present}.")))
        }
        _ => Ok(()),
    }
}

/// An item as the account's capabilities let it be seen.
#[must_use]
pub fn item_view(account: &Row, item: &Row) -> Value {
    let mut view = item.clone();
    for (capability, field) in [
        ("start_date", "start_date"),
        ("hours", "hours_minutes"),
        ("external_references", "external_references"),
        ("etag", "version"),
    ] {
        if !offers(account, capability) {
            view.remove(field);
        }
    }
    if !offers(account, "recurring_budget")
        && let Some(Value::Object(budget)) = view.get_mut("budget")
    {
        budget.remove("recurring");
        if budget.get("one_time").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            view.insert("budget".into(), Value::Null);
        }
    }
    Value::Object(view)
}

/// A client as the account's capabilities let it be seen.
#[must_use]
pub fn client_view(account: &Row, client: &Row) -> Value {
    let mut view = client.clone();
    if !offers(account, "external_references") {
        view.remove("external_references");
    }
    Value::Object(view)
}
