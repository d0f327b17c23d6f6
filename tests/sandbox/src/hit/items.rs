//! Creating and patching roadmap items.

use serde_json::{Value, json};

use super::budget::{self, Setting};
use super::record::{Event, insert_item, store_item};
use super::refs;
use super::refusal::Refusal;
use super::route::offers;
use super::values::{self, Check, is_date, join, length};
use crate::world::store::{Row, flag, text};
use crate::world::{Actor, World, WriteKind};

/// What a patch may name.
const WRITABLE: [&str; 8] = [
    "name",
    "status_id",
    "due_date",
    "responsible_id",
    "description",
    "start_date",
    "hours_minutes",
    "budget",
];

/// What an item has besides.
const READ_ONLY: [&str; 12] = [
    "id",
    "client_id",
    "pillar",
    "origin",
    "template_id",
    "external_references",
    "url",
    "created_at",
    "updated_at",
    "updated_by",
    "version",
    "archived_at",
];

/// Judges the values both a create and a patch may carry, and puts them into the item.
fn put_values(world: &World, item: &mut Row, body: &Row, check: &mut Check, number: &mut u64) {
    let account = &world.hit.account;
    if let Some(name) = check.text(
        body,
        "",
        "name",
        |t| (1..=255).contains(&length(t)) && !t.trim().is_empty(),
        "It is a text of 1 to 255 characters that are not all white space.",
    ) {
        item.insert("name".into(), json!(values::title(name)));
    }
    if let Some(id) = check.text(body, "", "status_id", |_| true, "It is a text.") {
        if world.hit.statuses.iter().any(|s| text(s, "id") == id) {
            item.insert("status_id".into(), json!(id));
        } else {
            check.fault("unknown_status", "status_id", format!("No status has the id {id}."));
        }
    }
    let is_day = |v: &Value| v.as_str().is_some_and(is_date);
    if let Some(day) = check.nullable(body, "", "due_date", is_day, "It is a date, YYYY-MM-DD, or null.") {
        item.insert("due_date".into(), day.clone());
    }
    if let Some(id) = check.nullable(body, "", "responsible_id", Value::is_string, "It is a text or null.") {
        let known = id.as_str().is_none_or(|id| world.hit.members.get(id).is_some_and(|m| flag(m, "active")));
        if known {
            item.insert("responsible_id".into(), id.clone());
        } else {
            check.fault(
                "unknown_team_member",
                "responsible_id",
                format!("No active team member has the id {id}."),
            );
        }
    }
    if let Some(value) = check.nullable(body, "", "description", Value::is_object, "It is an object or null.")
    {
        put_description(item, value, check);
    }
    for (capability, field) in [("start_date", "start_date"), ("hours", "hours_minutes")] {
        if body.contains_key(field) && !offers(account, capability) {
            check.fault("capability_absent", field, "This account does not offer it.");
        }
    }
    if offers(account, "start_date")
        && let Some(day) =
            check.nullable(body, "", "start_date", is_day, "It is a date, YYYY-MM-DD, or null.")
    {
        item.insert("start_date".into(), day.clone());
    }
    let is_minutes = |v: &Value| v.as_i64().is_some_and(|n| n >= 0);
    if offers(account, "hours")
        && let Some(minutes) = check.nullable(
            body,
            "",
            "hours_minutes",
            is_minutes,
            "It is a whole number of minutes, 0 or more, or null.",
        )
    {
        item.insert("hours_minutes".into(), minutes.clone());
    }
    if let Some(patch) = body.get("budget") {
        let setting = Setting {
            currency: account.get("currency").and_then(Value::as_str),
            recurring: offers(account, "recurring_budget"),
        };
        let present = item.get("budget").cloned().unwrap_or_default();
        let budget = budget::patched(&present, patch, setting, check, number);
        item.insert("budget".into(), budget);
    }
}

fn put_description(item: &mut Row, value: &Value, check: &mut Check) {
    let Some(row) = value.as_object() else {
        item.insert("description".into(), Value::Null);
        return;
    };
    check.known(row, "description", &["format", "body"], &[]);
    let mut fine = check.required(row, "description", "format");
    fine &= check.required(row, "description", "body");
    let format =
        check.text(row, "description", "format", |t| matches!(t, "html" | "text"), "It is html or text.");
    let body = check.text(
        row,
        "description",
        "body",
        |t| length(t) <= 65_536,
        "It is a text of at most 65536 characters.",
    );
    if let (true, Some(format), Some(body)) = (fine, format, body) {
        item.insert("description".into(), json!({"format": format, "body": body}));
    }
}

/// Creates an item.
///
/// # Errors
/// 422, 409 `external_reference_taken`.
pub fn create(world: &mut World, actor: &Actor, body: &Row) -> Result<(Row, Event), Refusal> {
    let mut check = Check::default();
    let mut writable = vec!["client_id", "external_references"];
    writable.extend(WRITABLE);
    check.known(body, "", &writable, &READ_ONLY);
    let mut number = world.hit.last_number;
    let initial = world.hit.statuses.iter().find(|s| flag(s, "initial"));
    let mut item = blank(initial.map_or("", |s| text(s, "id")), actor);
    if check.required(body, "", "client_id")
        && let Some(id) = check.text(body, "", "client_id", |_| true, "It is a text.")
    {
        let open = |c: &Row| c.get("archived_at").is_none_or(Value::is_null);
        if world.hit.clients.get(id).is_some_and(open) {
            item.insert("client_id".into(), json!(id));
        } else {
            check.fault(
                "unknown_client",
                "client_id",
                format!("No client that is not archived has the id {id}."),
            );
        }
    }
    check.required(body, "", "name");
    put_values(world, &mut item, body, &mut check, &mut number);
    let references = new_references(world, body, &mut check);
    check.done()?;
    for reference in &references {
        refs::free(world, reference, "")?;
    }
    item.insert("external_references".into(), json!(references));
    number += 1;
    world.hit.last_number = number;
    let id = format!("it_{}", 100 + number);
    item.insert("url".into(), json!(format!("https://hit.example/#/roadmap/{id}")));
    item.insert("id".into(), json!(id));
    let event = insert_item(world, actor, item);
    Ok((world.hit.items.get(&id).cloned().unwrap_or_default(), event))
}

fn new_references(world: &World, body: &Row, check: &mut Check) -> Vec<Value> {
    let Some(sent) = body.get("external_references") else { return Vec::new() };
    if !offers(&world.hit.account, "external_references") {
        check.fault("capability_absent", "external_references", "This account does not offer it.");
        return Vec::new();
    }
    let Some(sent) = sent.as_array() else {
        check.fault("invalid_value", "external_references", "It is a list.");
        return Vec::new();
    };
    let mut references: Vec<Value> = Vec::new();
    for (index, row) in sent.iter().enumerate() {
        let at = format!("external_references[{index}]");
        let Some(row) = row.as_object() else {
            check.fault("invalid_value", &at, "It is an object.");
            continue;
        };
        check.known(row, &at, &["system", "instance", "kind", "id", "url", "marker"], &[]);
        let mut path = [""; 3];
        for (slot, name) in path.iter_mut().zip(["system", "instance", "kind"]) {
            let fits = |t: &str| if name == "system" { t == "halopsa" } else { values::word(t) };
            if check.required(row, &at, name)
                && let Some(found) = check.text(row, &at, name, fits, "It is not a value for this property.")
            {
                *slot = found;
            }
        }
        let [system, instance, kind] = path;
        let Some(reference) = refs::read(row, &at, [system, instance, kind], check) else { continue };
        if references.iter().any(|r| refs::same_place(r, [system, instance, kind])) {
            check.fault("invalid_value", &join(&at, "kind"), "There is one per system, instance and kind.");
        }
        references.push(reference);
    }
    references.sort_by_key(refs::place);
    references
}

fn blank(status: &str, actor: &Actor) -> Row {
    let origin = if actor.is_api() { "psa_import" } else { "manual" };
    let value = json!({"client_id": null, "name": "", "status_id": status, "due_date": null, "responsible_id": null, "pillar": null,
        "origin": origin, "template_id": null, "description": null, "start_date": null, "hours_minutes": null,
        "budget": null, "external_references": [], "archived_at": null});
    value.as_object().cloned().unwrap_or_default()
}

/// Patches an item whose other preconditions hold.
///
/// # Errors
/// 409 `item_archived`, 422.
pub fn patch(world: &mut World, actor: &Actor, id: &str, body: &Row) -> Result<Option<Event>, Refusal> {
    let item = world.hit.items.get(id).ok_or_else(|| Refusal::not_found(format!("No item {id}.")))?;
    if !actor.is_person() && !item.get("archived_at").is_none_or(Value::is_null) {
        return Err(Refusal::new(409, "item_archived", format!("The item {id} is archived.")));
    }
    let mut item = item.clone();
    let mut check = Check::default();
    check.known(body, "", &WRITABLE, &READ_ONLY);
    let mut number = world.hit.last_number;
    put_values(world, &mut item, body, &mut check, &mut number);
    check.done()?;
    world.hit.last_number = number;
    Ok(store_item(world, actor, WriteKind::Update, item))
}
