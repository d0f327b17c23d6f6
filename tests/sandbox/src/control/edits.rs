//! People who work in both products.

use serde_json::{Value, json};

use super::lost::Decision;
use crate::hit::people;
use crate::hit::record::Event;
use crate::world::store::{int, text};
use crate::world::{Actor, FieldChange, Key, Row, Side, World, WriteKind};

/// What one edit did.
#[derive(Debug, Default, PartialEq)]
pub struct Done {
    /// The record.
    pub id: Value,
    /// How many of the fields the person named have changed; none for creates.
    pub fields: u64,
    /// What webhooks are to be told.
    pub events: Vec<Event>,
    /// A decision to remember.
    pub decision: Option<Decision>,
}

/// What an edit may say; anything else is refused.
const WORDS: [&str; 13] = [
    "side",
    "by",
    "ticket_id",
    "item_id",
    "client_id",
    "agent_id",
    "set",
    "create",
    "create_status",
    "decision",
    "delete",
    "purge",
    "action",
];

/// Does one edit.
///
/// # Errors
/// What is wrong with it, in words.
pub fn edit(world: &mut World, edit: &Value) -> Result<Done, String> {
    let row = edit.as_object().ok_or("An edit is an object.")?;
    if let Some(word) = row.keys().find(|k| !WORDS.contains(&k.as_str())) {
        return Err(format!("An edit has no {word}."));
    }
    let side = match text(row, "side") {
        "halo" => Side::Halo,
        "hit" => Side::Hit,
        other => return Err(format!("side is halo or hit, not {other:?}.")),
    };
    if let Some(decision) = row.get("decision") {
        return decide(world, side, decision);
    }
    let before = world.log.len();
    let by = Some(text(row, "by")).filter(|by| !by.is_empty());
    let mut done = match side {
        Side::Halo => halo(world, row, by.unwrap_or("Maya Lindgren"))?,
        Side::Hit => hit(world, row, by.unwrap_or("Nadia Volkov"))?,
    };
    if let Some(set) = row.get("set").and_then(Value::as_object) {
        done.fields = changed(world, before, set);
    }
    Ok(done)
}

fn decide(world: &World, side: Side, decision: &Value) -> Result<Done, String> {
    let id = match &decision["id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return Err("A decision has an id.".into()),
    };
    let field = decision["field"].as_str().ok_or("A decision has a field.")?.to_owned();
    let decision = Decision { at: world.log.len(), side, record: id.clone(), field };
    Ok(Done { id: json!(id), decision: Some(decision), ..Done::default() })
}

/// How many of the named fields a person's writes since `before` have changed.
fn changed(world: &World, before: usize, set: &Row) -> u64 {
    let mut names: Vec<&str> = world
        .log
        .iter()
        .skip(before)
        .filter(|event| event.actor.is_person() && event.kind == WriteKind::Update)
        .flat_map(|event| &event.changes)
        .map(|change| match change.field.as_str() {
            "archived_at" => "archived",
            field => field.split('.').next().unwrap_or(field),
        })
        .filter(|field| set.contains_key(*field))
        .collect();
    names.sort_unstable();
    names.dedup();
    u64::try_from(names.len()).unwrap_or(0)
}

fn object<'a>(row: &'a Row, name: &str) -> Result<&'a Row, String> {
    row.get(name).and_then(Value::as_object).ok_or_else(|| format!("{name} is an object."))
}

fn halo(world: &mut World, row: &Row, by: &str) -> Result<Done, String> {
    if row.contains_key("create") {
        let id = crate::halo::create_as_person(world, by, object(row, "create")?.clone())?;
        return Ok(Done { id: json!(id), ..Done::default() });
    }
    if row.contains_key("ticket_id") {
        let id = int(row, "ticket_id");
        if row.get("delete") == Some(&Value::Bool(true)) {
            delete_ticket(world, id, by)?;
        } else if row.get("purge") == Some(&Value::Bool(true)) {
            purge_ticket(world, id, by)?;
        } else {
            crate::halo::update_as_person(world, by, id, object(row, "set")?.clone())?;
        }
        return Ok(Done { id: json!(id), ..Done::default() });
    }
    for (name, root) in [("client_id", "client"), ("agent_id", "agent")] {
        if row.contains_key(name) {
            let id = int(row, name);
            set_row(world, root, id, object(row, "set")?, by)?;
            return Ok(Done { id: json!(id), ..Done::default() });
        }
    }
    Err("A Halo edit has create, ticket_id, client_id or agent_id.".into())
}

fn delete_ticket(world: &mut World, id: i64, by: &str) -> Result<(), String> {
    let ticket = world.halo.tickets.by_id_mut(id).ok_or_else(|| format!("No ticket {id}."))?;
    ticket.insert("deleted".into(), json!(true));
    world.halo.epoch += 1;
    let actor = Actor::Person(by.to_owned());
    world.record(Side::Halo, &actor, WriteKind::Delete, "tickets", &id.to_string(), Vec::new());
    Ok(())
}

/// Takes a ticket out for good, as an administrator does with what has been deleted.
fn purge_ticket(world: &mut World, id: i64, by: &str) -> Result<(), String> {
    world.halo.tickets.remove(&Key::Int(id)).ok_or_else(|| format!("No ticket {id}."))?;
    world.halo.epoch += 1;
    let actor = Actor::Person(by.to_owned());
    world.record(Side::Halo, &actor, WriteKind::Delete, "tickets", &id.to_string(), Vec::new());
    Ok(())
}

/// Sets fields of a client or agent.
fn set_row(world: &mut World, root: &str, id: i64, set: &Row, by: &str) -> Result<(), String> {
    let row = world.halo.root_mut(root).get_mut(&Key::Int(id)).ok_or_else(|| format!("No {root} {id}."))?;
    let mut changes = Vec::new();
    for (field, value) in set {
        let old = row.insert(field.clone(), value.clone()).unwrap_or_default();
        if old != *value {
            changes.push(FieldChange { field: field.clone(), old, new: value.clone() });
        }
    }
    // An agent's rights may be others now, so no list that was answered before still holds.
    world.halo.epoch += 1;
    let actor = Actor::Person(by.to_owned());
    world.record(Side::Halo, &actor, WriteKind::Update, root, &id.to_string(), changes);
    Ok(())
}

fn hit(world: &mut World, row: &Row, by: &str) -> Result<Done, String> {
    let actor = Actor::Person(by.to_owned());
    let told = |refusal: crate::hit::refusal::Refusal| refusal.body().to_string();
    if row.contains_key("create_status") {
        let id = people::create_status(world, &actor, object(row, "create_status")?).map_err(told)?;
        return Ok(Done { id: json!(id), ..Done::default() });
    }
    if row.contains_key("create") {
        let (item, event) = people::create(world, &actor, object(row, "create")?).map_err(told)?;
        return Ok(Done { id: item["id"].clone(), events: vec![event], ..Done::default() });
    }
    if row.contains_key("item_id") {
        let id = text(row, "item_id");
        let event = people::edit(world, &actor, id, object(row, "set")?).map_err(told)?;
        return Ok(Done { id: json!(id), events: event.into_iter().collect(), ..Done::default() });
    }
    if row.contains_key("client_id") {
        let id = text(row, "client_id");
        let event = people::edit_client(world, &actor, id, object(row, "set")?).map_err(told)?;
        return Ok(Done { id: json!(id), events: vec![event], ..Done::default() });
    }
    Err("A HIT edit has create, create_status, item_id or client_id.".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{SeedOptions, seed};

    fn world() -> World {
        seed(&SeedOptions { clients: 12, tickets: 40, items: 20, ..SeedOptions::default() })
    }

    #[test]
    fn named_fields_that_change_are_counted_once() {
        let mut world = world();
        let id = world.hit.items.keys().next().unwrap().clone();
        let set = json!({"name": "  New   name ", "due_date": "2027-01-02",
            "budget": {"one_time": [{"label": "a", "amount_minor": 1}], "recurring": []}});
        let done = edit(&mut world, &json!({"side": "hit", "item_id": id, "set": set})).unwrap();
        assert_eq!(done.fields, 3);
        assert_eq!(world.hit.items[&id]["name"], "New name");
        let again =
            edit(&mut world, &json!({"side": "hit", "item_id": id, "set": {"due_date": "2027-01-02"}}));
        assert_eq!(again.unwrap().fields, 0);
    }

    #[test]
    fn people_do_more_than_the_api() {
        let mut world = world();
        world.hit.account.insert("capabilities".into(), json!([]));
        let id = world.hit.items.keys().next().unwrap().clone();
        let set = json!({"archived": true, "start_date": "2027-01-02", "status_id": "st_hidden"});
        let done = edit(&mut world, &json!({"side": "hit", "item_id": id, "set": set})).unwrap();
        assert_eq!(done.fields, 3);
        assert_eq!(world.hit.account["capabilities"], json!([]));
        assert_eq!(world.hit.items[&id]["status_id"], "st_hidden");
        assert!(world.hit.items[&id]["archived_at"].is_string());
        assert_eq!(done.events[0].kind, "roadmap_item.archived");
    }

    #[test]
    fn a_burst_says_where_it_comes_from() {
        let mut world = world();
        let create =
            json!({"client_id": "cl_1", "name": "Burst", "origin": "smart_score", "template_id": "tpl_1"});
        let done = edit(&mut world, &json!({"side": "hit", "create": create})).unwrap();
        let item = &world.hit.items[done.id.as_str().unwrap()];
        assert_eq!((&item["origin"], &item["version"]), (&json!("smart_score"), &json!(1)));
        assert_eq!(done.fields, 0, "a create is no change");
    }

    #[test]
    fn what_does_not_fit_is_refused_and_changes_nothing() {
        let mut world = world();
        for bad in [
            json!({"side": "else"}),
            json!({"side": "hit"}),
            json!({"side": "halo", "ticket_id": 1}),
            json!({"side": "halo", "ticket_id": 999_999, "set": {"summary": "x"}}),
            json!({"side": "halo", "ticket_id": 999_999, "purge": true}),
            json!({"side": "hit", "item_id": "it_0", "set": {}}),
            json!({"side": "hit", "itemid": "it_101", "set": {}}),
        ] {
            assert!(edit(&mut world, &bad).is_err(), "{bad}");
        }
        assert!(world.log.is_empty());
    }
}
