//! Resources without manners of their own: list, get, upsert and delete over a store, as the API document
//! says the root has them.

use axum::http::Method;
use serde_json::{Value, json};

use super::auth::Caller;
use super::config;
use super::fields::clean;
use super::list::{Window, conditions, holds, orders, sort};
use super::rights::Switch;
use super::roots::{Root, area, envelope, guid_ids};
use super::tickets::parse_id;
use super::tickets::view::{closes, visible};
use super::wire::{Answer, Query, Reply, Req};
use crate::untrue::Untrue;
use crate::world::clock::{parse, zoneless};
use crate::world::store::{flag, int, text};
use crate::world::{FieldChange, Key, Row, Side, World, WriteKind};

/// Roots whose rows are active or not, and leave the inactive out of lists unless asked.
const ACTIVE: &[&str] = &["client", "site", "users", "asset", "kbarticle", "clientcontract"];

/// Fields an advanced search may name.
const SEARCHABLE: &[&str] = &[
    "id",
    "name",
    "emailaddress",
    "domain",
    "azureoid",
    "aaduserid",
    "client_id",
    "site_id",
    "inactive",
    "ref",
    "accountsid",
    "inventory_number",
    "key_field",
    "assettype_id",
    "firstname",
    "surname",
    "website",
];

/// Answers a root; none stands for one newer than the document, which can only be listed.
pub(super) fn answer(
    world: &mut World,
    caller: &Caller,
    req: &Req,
    name: &str,
    root: Option<&Root>,
) -> Answer {
    let newer = Root { name: "Milestone", list: true, paged: true, ..Root::default() };
    let root = root.unwrap_or(&newer);
    let rest: Vec<String> = req.path.iter().skip(2).cloned().collect();
    match (&req.method, rest.as_slice()) {
        (&Method::GET, []) if root.list => list(world, caller, &req.query, name, root),
        (&Method::POST, []) if root.write => upsert(world, caller, req, name),
        (&Method::GET, [id]) if root.get && root.other(&rest).is_none() => get(world, caller, name, id),
        (&Method::DELETE, [id]) if root.delete => delete(world, caller, name, id),
        (_, []) => Ok(Reply::empty(405).with("allow", if root.list { "GET" } else { "POST" }.into())),
        (method, _) => match root.other(&rest) {
            Some(methods) if method == Method::GET && methods.contains('G') => Ok(Reply::ok(&json!([]))),
            Some(methods) if method == Method::POST && methods.contains('P') => echo(req),
            Some(methods) if method == Method::DELETE && methods.contains('D') => Ok(Reply::ok(&json!({}))),
            Some(_) => Ok(Reply::empty(405)),
            None => Ok(Reply::empty(404)),
        },
    }
}

/// Paths that do something the sandbox does not imitate take their body and give it back.
fn echo(req: &Req) -> Answer {
    let value = if req.body.is_empty() { Value::Null } else { req.json()? };
    Ok(Reply::json(
        201,
        &match value {
            Value::Array(mut values) => values.pop().unwrap_or_default(),
            other => other,
        },
    ))
}

fn key_of(name: &str, id: &str) -> Result<Key, Reply> {
    if guid_ids(name) {
        return match Key::parse(id) {
            Key::Int(_) => Err(Reply::empty(404)),
            key => Ok(key),
        };
    }
    parse_id(id).map(Key::Int)
}

fn get(world: &World, caller: &Caller, name: &str, id: &str) -> Answer {
    let key = key_of(name, id)?;
    let row = world.halo.root(name).and_then(|store| store.get(&key)).ok_or_else(|| Reply::empty(404))?;
    if !seen(caller, name, row) {
        return Err(Reply::empty(401));
    }
    Ok(Reply::ok(&config::shaped(world, name, row, true)))
}

/// Whether a row is of a client the agent may see.
fn seen(caller: &Caller, name: &str, row: &Row) -> bool {
    match name {
        "client" => caller.rights.may_see_client(int(row, "id")),
        "site" | "users" | "asset" => caller.rights.may_see_client(int(row, "client_id")),
        _ => true,
    }
}

fn list(world: &World, caller: &Caller, query: &Query, name: &str, root: &Root) -> Answer {
    let conditions = conditions(query, SEARCHABLE)?;
    let (active, inactive) = activity(query);
    let since = query.get("lastupdatefromdate").and_then(parse);
    let until = query.get("lastupdatetodate").and_then(parse);
    let updated = |row: &Row| {
        ["last_modified", "last_update", "lastupdate", "datecreated"].iter().find_map(|f| parse(text(row, f)))
    };
    let same = |row: &Row, filter: &str, field: &str| {
        let wanted = query.ints(filter);
        wanted.is_empty() || wanted.iter().all(|n| *n <= 0) || wanted.contains(&int(row, field))
    };
    let wanted = |row: &&Row| {
        seen(caller, name, row)
            && (!ACTIVE.contains(&name) || if flag(row, "inactive") { inactive } else { active })
            && [
                "client_id",
                "site_id",
                "ticket_id",
                "toplevel_id",
                "assettype_id",
                "supplier_id",
                "lookupid",
                "slaid",
                "halo_id",
                "user_id",
            ]
            .iter()
            .all(|field| {
                *field == "client_id" && name == "client" || !applies(name, field) || same(row, field, field)
            })
            && config::admits(world, caller, name, row, query)
            && query.get("search").is_none_or(|s| holds(row, searched(name), s))
            && query.get("search_name_only").is_none_or(|s| holds(row, &["name"], s))
            && since.is_none_or(|since| updated(row).is_some_and(|at| at >= since))
            && until.is_none_or(|until| updated(row).is_some_and(|at| at <= until))
            && conditions.iter().all(|c| c.admits(row))
    };
    let mut rows: Vec<&Row> =
        world.halo.root(name).into_iter().flat_map(|s| s.iter()).map(|(_, row)| row).filter(wanted).collect();
    sort(&mut rows, &orders(query));
    let total = rows.len();
    let mut window = Window::of(query, root.paged);
    // Users and sites give everything that `count` asks for when paging is turned off by name.
    if query.flag("idonly") {
        window = Window { skip: 0, take: usize::MAX, page: None };
    }
    let shown = rows
        .into_iter()
        .skip(window.skip)
        .take(window.take)
        .map(|row| {
            if query.flag("idonly") {
                json!({"id": row.get("id")})
            } else {
                let mut row = config::shaped(world, name, row, false);
                if name == "tickettype" && query.flag("showcounts") {
                    row["ticket_count"] = json!(tickets_of(world, row["id"].as_i64().unwrap_or(0)));
                }
                row
            }
        })
        .collect();
    let plural = format!("{name}s");
    let key = envelope(name).or(root.paged.then_some(plural.as_str())).filter(|_| match name {
        "externallink" => false,
        // Bare to the older clients; wrapped for those that page, though it does not page.
        "agent" => query.flag("pageinate"),
        _ => true,
    });
    Ok(window.wrap(key, total, shown))
}

/// How many tickets of a type there are, whoever may see them.
fn tickets_of(world: &World, kind: i64) -> usize {
    let open_only = world.untrue.contains(&Untrue::H53);
    let tickets = world.halo.tickets.iter().map(|(_, row)| row);
    let counted = tickets.filter(|row| int(row, "tickettype_id") == kind && !flag(row, "deleted"));
    counted.filter(|row| !open_only || !closes(world, int(row, "status_id"))).count()
}

/// Whether a filter means something for a root.
fn applies(name: &str, field: &str) -> bool {
    match field {
        "lookupid" => name == "lookup",
        "slaid" => name == "priority",
        "halo_id" => name == "externallink",
        "user_id" => matches!(name, "asset" | "quotation"),
        "ticket_id" => matches!(
            name,
            "quotation" | "salesorder" | "invoice" | "appointment" | "todo" | "asset" | "milestone"
        ),
        "assettype_id" => name == "asset",
        "site_id" => matches!(name, "users" | "asset" | "clientcontract" | "invoice" | "site")
            .then_some(name != "site")
            .unwrap_or(false),
        "client_id" => !matches!(name, "agent" | "tickettype" | "category" | "team"),
        _ => matches!(name, "client" | "asset" | "item" | "purchaseorder"),
    }
}

fn searched(name: &str) -> &'static [&'static str] {
    match name {
        "users" => {
            &["name", "firstname", "surname", "emailaddress", "email2", "email3", "login", "phonenumber"]
        }
        "agent" => &["name", "email", "firstname", "surname"],
        "asset" => &["inventory_number", "key_field", "key_field2", "key_field3"],
        "quotation" | "salesorder" | "purchaseorder" => &["title", "po_ref", "client_name"],
        "externallink" => &["third_party_id", "third_party_desc", "halo_desc"],
        "clientcontract" => &["ref"],
        _ => &["name", "domain", "ref", "description", "subject"],
    }
}

/// Whether active and inactive rows are wanted.
fn activity(query: &Query) -> (bool, bool) {
    if let [active, inactive] = query.list("activeinactive").as_slice() {
        let on = |s: &String| s.eq_ignore_ascii_case("true") || s == "1";
        return (on(active), on(inactive));
    }
    (!query.denied("includeactive"), query.flag("includeinactive"))
}

fn may_write(caller: &Caller, name: &str) -> bool {
    let (scope, right) = area(name);
    match (scope, right) {
        ("webhooks", _) => true,
        ("tickets", _) => caller.rights.level("tickets") >= 2 || caller.rights.level("sales") >= 2,
        ("", _) => caller.rights.may(Switch::ADMINISTRATOR) && caller.scoped("admin", true),
        (_, right) => caller.rights.level(right) >= 2,
    }
}

fn upsert(world: &mut World, caller: &Caller, req: &Req, name: &str) -> Answer {
    if !may_write(caller, name) {
        return Err(Reply::empty(403));
    }
    if name == "report" && !req.body.trim_ascii_start().starts_with(b"[") {
        return Err(Reply::model(
            "",
            "Cannot deserialize the current JSON object (e.g. {\"name\":\"value\"}) into an array. Path '', line 1, position 1.",
        ));
    }
    let mut keys = Vec::new();
    for (at, sent) in req.rows()?.into_iter().enumerate() {
        if name == "report" && flag(&sent, "_loadreportonly") {
            // There is no database to ask; a report that fails does so with status 200.
            return Ok(Reply::json(
                201,
                &json!({"id": 0, "report": {"rows": [], "load_error": "This sandbox has no database."}}),
            ));
        }
        let sent = clean(name, sent, at)?;
        keys.push(write(world, caller, name, sent)?);
    }
    let shown = |key: &Key| {
        world
            .halo
            .root(name)
            .and_then(|s| s.get(key))
            .map_or(Value::Null, |row| config::shaped(world, name, row, true))
    };
    let reply = if req.query.flag("returnall") {
        keys.iter().map(shown).collect()
    } else {
        keys.last().map_or(Value::Null, shown)
    };
    Ok(Reply::json(201, &reply))
}

fn write(world: &mut World, caller: &Caller, name: &str, sent: Row) -> Result<Key, Reply> {
    let key = sent
        .get("id")
        .and_then(Key::of)
        .filter(|key| !matches!(key, Key::Int(0)) && !matches!(key, Key::Text(t) if t.is_empty()));
    let fields: Row =
        sent.into_iter().filter(|(field, _)| !field.starts_with('_') && field != "id").collect();
    if let Some(key) = key {
        let row = world.halo.root(name).and_then(|s| s.get(&key)).cloned();
        let mut row = row.ok_or_else(|| Reply::exception(400, "Record not found"))?;
        let mut changes = Vec::new();
        for (field, value) in fields {
            if row.get(&field) != Some(&value) {
                let old = row.insert(field.clone(), value.clone()).unwrap_or_default();
                changes.push(FieldChange { field, old, new: value });
            }
        }
        row.insert("last_modified".into(), json!(zoneless(world.clock.now())));
        world.halo.root_mut(name).put(key.clone(), row);
        let what = if name == "externallink" { WriteKind::LinkBack } else { WriteKind::Update };
        world.record(Side::Halo, &caller.actor, what, name, &key.to_string(), changes);
        return Ok(key);
    }
    config::demands(world, name, &fields)?;
    let key =
        if guid_ids(name) { Key::Text(world.guid()) } else { Key::Int(world.halo.root_mut(name).fresh_id()) };
    let mut row = fields;
    row.insert("id".into(), key.to_json());
    let now = json!(zoneless(world.clock.now()));
    row.insert("last_modified".into(), now.clone());
    row.entry("datecreated").or_insert(now);
    config::defaults(world, name, &mut row);
    let changes =
        row.iter().map(|(n, v)| FieldChange { field: n.clone(), old: Value::Null, new: v.clone() }).collect();
    world.halo.root_mut(name).put(key.clone(), row.clone());
    config::made(world, name, &row);
    let what = if name == "externallink" { WriteKind::LinkBack } else { WriteKind::Create };
    world.record(Side::Halo, &caller.actor, what, name, &key.to_string(), changes);
    Ok(key)
}

fn delete(world: &mut World, caller: &Caller, name: &str, id: &str) -> Answer {
    if !may_write(caller, name) {
        return Err(Reply::empty(403));
    }
    if matches!(name, "lookup" | "itemstock" | "field") {
        return Err(Reply::text(400, "This record cannot be deleted."));
    }
    let key = key_of(name, id)?;
    let gone = world.halo.root_mut(name).remove(&key).ok_or_else(|| Reply::empty(404))?;
    if name == "webhook" {
        let id = text(&gone, "id").to_owned();
        let store = world.halo.root_mut("notification");
        let orphans: Vec<Key> =
            store.iter().filter(|(_, row)| text(row, "webhook_id") == id).map(|(k, _)| k.clone()).collect();
        for key in orphans {
            store.remove(&key);
        }
    }
    world.record(Side::Halo, &caller.actor, WriteKind::Delete, name, &key.to_string(), Vec::new());
    Ok(Reply::ok(&visible(&gone)))
}
