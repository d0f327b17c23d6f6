//! People who work in HIT. They are bound neither by capabilities nor by rate limits.

use serde_json::{Value, json};

use super::items;
use super::record::{Event, item_view, store_item};
use super::refusal::Refusal;
use super::values::title;
use crate::world::clock::rfc3339;
use crate::world::store::{Row, text};
use crate::world::{Actor, Side, World, WriteKind};

/// Lets somebody with every capability do something.
fn with_everything<T>(world: &mut World, act: impl FnOnce(&mut World) -> T) -> T {
    let all = json!(super::CAPABILITIES);
    let held = world.hit.account.insert("capabilities".into(), all);
    let done = act(world);
    match held {
        Some(held) => world.hit.account.insert("capabilities".into(), held),
        None => world.hit.account.remove("capabilities"),
    };
    done
}

/// A person edits an item. Besides what the API may write, `archived` (true or false), `pillar`, `origin`
/// and `client_id` can be set; a `status_id` that no list shows as well.
///
/// # Errors
/// 404, 422.
pub fn edit(world: &mut World, actor: &Actor, id: &str, set: &Row) -> Result<Option<Event>, Refusal> {
    let mut body = set.clone();
    let hidden_status = body
        .get("status_id")
        .and_then(Value::as_str)
        .is_some_and(|s| !world.hit.statuses.iter().any(|row| text(row, "id") == s))
        .then(|| body.remove("status_id"))
        .flatten();
    let own: Vec<(String, Value)> = ["archived", "pillar", "origin", "client_id"]
        .iter()
        .filter_map(|name| body.remove(*name).map(|v| ((*name).to_owned(), v)))
        .collect();
    let now = rfc3339(world.clock.now());
    with_everything(world, |world| {
        if own.is_empty() && hidden_status.is_none() {
            return items::patch(world, actor, id, &body);
        }
        let mut item =
            world.hit.items.get(id).cloned().ok_or_else(|| Refusal::not_found(format!("No item {id}.")))?;
        let mut events = if body.is_empty() { None } else { items::patch(world, actor, id, &body)? };
        if let Some(fresh) = world.hit.items.get(id) {
            item = fresh.clone();
        }
        for (name, value) in own {
            match name.as_str() {
                "archived" if value == true => item.insert("archived_at".into(), json!(now)),
                "archived" => item.insert("archived_at".into(), Value::Null),
                _ => item.insert(name, value),
            };
        }
        if let Some(status) = hidden_status {
            item.insert("status_id".into(), status);
        }
        if let Some(event) = store_item(world, actor, WriteKind::Update, item) {
            events = Some(event);
        }
        Ok(events)
    })
}

/// A person, or a rule of HIT's in his name, creates an item. Besides what the API may write, `origin`,
/// `pillar`, `template_id` and the `external_references` of an earlier life can be given.
///
/// # Errors
/// 422.
pub fn create(world: &mut World, actor: &Actor, body: &Row) -> Result<(Value, Event), Refusal> {
    let mut body = body.clone();
    let own =
        ["origin", "pillar", "template_id", "external_references"].map(|name| (name, body.remove(name)));
    with_everything(world, |world| {
        let (mut item, event) = items::create(world, actor, &body)?;
        // Set before anybody can have seen the item: part of the create, not a change.
        for (name, value) in own {
            if let Some(value) = value {
                item.insert(name.into(), value);
            }
        }
        let view = item_view(&world.hit.account, &item);
        world.hit.items.insert(text(&item, "id").to_owned(), item);
        Ok((view, event))
    })
}

/// A person adds a status to the account, or renames one.
///
/// # Errors
/// 422 for an id or class that cannot be.
pub fn create_status(world: &mut World, actor: &Actor, body: &Row) -> Result<String, Refusal> {
    let id = text(body, "id").to_owned();
    let name = title(text(body, "name"));
    let class = text(body, "class").to_owned();
    if !super::values::word(&id) || name.is_empty() || class.is_empty() {
        return Err(Refusal::at(422, "required", "create_status", "It needs id, name and class."));
    }
    let order = world.hit.statuses.iter().filter_map(|s| s["sort_order"].as_i64()).max().unwrap_or(0) + 10;
    let row = json!({"id": id, "name": name, "class": class, "initial": false, "sort_order": order});
    let row = row.as_object().cloned().unwrap_or_default();
    world.hit.statuses.retain(|s| text(s, "id") != id);
    let changes = super::record::differences(&Row::new(), &row);
    world.hit.statuses.push(row);
    world.record(Side::Hit, actor, WriteKind::Create, "statuses", &id, changes);
    Ok(id)
}

/// A person edits a client: `name`, `domain`, `archived`.
///
/// # Errors
/// 404, 422.
pub fn edit_client(world: &mut World, actor: &Actor, id: &str, set: &Row) -> Result<Event, Refusal> {
    let now = rfc3339(world.clock.now());
    let old =
        world.hit.clients.get(id).cloned().ok_or_else(|| Refusal::not_found(format!("No client {id}.")))?;
    let mut client = old.clone();
    let mut kind = "client.updated";
    for (name, value) in set {
        match name.as_str() {
            "name" | "domain" => client.insert(name.clone(), value.clone()),
            "archived" if *value == true => {
                kind = "client.archived";
                client.insert("archived_at".into(), json!(now))
            }
            "archived" => client.insert("archived_at".into(), Value::Null),
            _ => {
                return Err(Refusal::at(
                    422,
                    "unknown_field",
                    name,
                    "A client has name, domain and archived.",
                ));
            }
        };
    }
    let changes = super::record::differences(&old, &client);
    world.hit.clients.insert(id.to_owned(), client);
    world.record(Side::Hit, actor, WriteKind::Update, "clients", id, changes);
    Ok(Event { kind, item: None, client: Some(id.to_owned()), version: None })
}
