//! External references of items.

use serde_json::{Value, json};

use super::record::{Event, store_item};
use super::refusal::Refusal;
use super::route::ReferencePath;
use super::values::{Check, is_url, length, word};
use crate::world::store::{Row, text};
use crate::world::{Actor, World, WriteKind};

/// What names the place of a reference on an item.
#[must_use]
pub fn place(reference: &Value) -> (String, String, String) {
    let part = |name: &str| reference[name].as_str().unwrap_or("").to_owned();
    (part("system"), part("instance"), part("kind"))
}

/// Whether a reference has this place.
#[must_use]
pub fn same_place(reference: &Value, [system, instance, kind]: [&str; 3]) -> bool {
    reference["system"] == system && reference["instance"] == instance && reference["kind"] == kind
}

/// An item's references.
#[must_use]
pub fn of(item: &Row) -> &[Value] {
    item.get("external_references").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The reference a body describes; faults go to `check`.
pub fn read(row: &Row, at: &str, [system, instance, kind]: [&str; 3], check: &mut Check) -> Option<Value> {
    let id = if check.required(row, at, "id") {
        check.text(row, at, "id", |t| (1..=128).contains(&length(t)), "It is a text of 1 to 128 characters.")
    } else {
        None
    };
    let is_link = |v: &Value| v.as_str().is_some_and(is_url);
    let url = check.nullable(row, at, "url", is_link, "It is an http or https URL, or null.");
    let short = |v: &Value| v.as_str().is_some_and(|t| length(t) <= 128);
    let marker = check.nullable(row, at, "marker", short, "It is a text of at most 128 characters, or null.");
    Some(
        json!({"system": system, "instance": instance, "kind": kind, "id": id?, "url": url, "marker": marker}),
    )
}

/// Whether no other item that is not archived carries the target.
///
/// # Errors
/// 409 `external_reference_taken`.
pub fn free(world: &World, reference: &Value, own: &str) -> Result<(), Refusal> {
    let taken = world.hit.items.iter().find(|(id, item)| {
        id.as_str() != own
            && item.get("archived_at").is_none_or(Value::is_null)
            && of(item).iter().any(|r| place(r) == place(reference) && r["id"] == reference["id"])
    });
    match taken {
        Some((id, _)) => {
            Err(Refusal::at(409, "external_reference_taken", "id", format!("The item {id} carries it.")))
        }
        None => Ok(()),
    }
}

fn item<'a>(world: &'a World, path: &ReferencePath) -> Result<&'a Row, Refusal> {
    if path.system != "halopsa" || !word(&path.instance) || !word(&path.kind) {
        return Err(Refusal::not_found("No such reference."));
    }
    world.hit.items.get(&path.item).ok_or_else(|| Refusal::not_found(format!("No item {}.", path.item)))
}

/// Sets a reference; whether it is new.
///
/// # Errors
/// 404, 409, 422.
pub fn put(
    world: &mut World,
    actor: &Actor,
    path: &ReferencePath,
    body: &Row,
) -> Result<(bool, Option<Event>), Refusal> {
    let mut item = item(world, path)?.clone();
    if !item.get("archived_at").is_none_or(Value::is_null) {
        return Err(Refusal::new(409, "item_archived", format!("The item {} is archived.", path.item)));
    }
    let mut check = Check::default();
    check.known(body, "", &["id", "url", "marker"], &["system", "instance", "kind"]);
    let spot = [path.system.as_str(), path.instance.as_str(), path.kind.as_str()];
    let reference = read(body, "", spot, &mut check);
    check.done()?;
    let Some(reference) = reference else {
        return Err(Refusal::at(422, "invalid_value", "id", "It is a text."));
    };
    free(world, &reference, &path.item)?;
    let mut references = of(&item).to_vec();
    let present = references.iter_mut().find(|r| same_place(r, spot));
    let new = present.is_none();
    match present {
        Some(present) => *present = reference,
        None => references.push(reference),
    }
    references.sort_by_key(place);
    item.insert("external_references".into(), json!(references));
    Ok((new, store_item(world, actor, WriteKind::LinkBack, item)))
}

/// Takes a reference away.
///
/// # Errors
/// 404.
pub fn delete(world: &mut World, actor: &Actor, path: &ReferencePath) -> Result<Option<Event>, Refusal> {
    let mut item = item(world, path)?.clone();
    let spot = [path.system.as_str(), path.instance.as_str(), path.kind.as_str()];
    let mut references = of(&item).to_vec();
    let before = references.len();
    references.retain(|r| !same_place(r, spot));
    if references.len() == before {
        return Err(Refusal::not_found(format!("The item {} has no such reference.", text(&item, "id"))));
    }
    item.insert("external_references".into(), json!(references));
    Ok(store_item(world, actor, WriteKind::LinkBack, item))
}
