//! What the server does of its own accord around a write: mandatory fields, custom fields, whole sets,
//! closing, e-mails, workflow steps.

use serde_json::{Value, json};

use super::super::fields::UNSET;
use super::super::rights::list;
use super::super::wire::Reply;
use super::view::closes;
use crate::world::clock::zoneless;
use crate::world::state::Mail;
use crate::world::store::{flag, int, text, whole};
use crate::world::{Actor, Key, Row, World};

/// How a change reached the ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Via {
    /// A write of the ticket itself; `silent` when it asked that nobody be told.
    Edit { silent: bool },
    /// An action; `silent` when it mails the user itself or forbade mail outright.
    Action { silent: bool },
}

/// The fields a type demands and the ticket lacks.
pub(super) fn mandatory(world: &World, kind: i64, ticket: &Row) -> Result<(), Reply> {
    let Some(rows) = world.halo.root("tickettypefield") else { return Ok(()) };
    for row in
        rows.iter().map(|(_, row)| row).filter(|row| int(row, "rtid") == kind && int(row, "technew") == 2)
    {
        let Some(info) = world.halo.row("fieldinfo", int(row, "fieldid")) else { continue };
        let filled = |value: Option<&Value>| match value {
            None | Some(Value::Null) => false,
            Some(Value::String(s)) => !s.trim().is_empty(),
            Some(Value::Number(n)) => n.as_f64() != Some(0.0),
            Some(Value::Array(values)) => !values.is_empty(),
            Some(_) => true,
        };
        let name = text(info, "name");
        let there = if int(info, "custom") == 1 {
            list(ticket, "customfields").any(|f| int(f, "id") == int(info, "id") && filled(f.get("value")))
        } else {
            filled(ticket.get(name))
        };
        if !there {
            return Err(Reply::text(400, &format!("{} must be entered", text(info, "label"))));
        }
    }
    Ok(())
}

/// Writes sent custom fields over held ones, by id or by name; unknown ones are passed over.
pub(super) fn merge_custom(world: &World, held: Option<&Value>, sent: &Value) -> Result<Value, Reply> {
    let mut fields: Vec<Value> = held.and_then(Value::as_array).cloned().unwrap_or_default();
    let Some(sent) = sent.as_array() else {
        return Err(Reply::model(
            "[0].customfields",
            "Cannot deserialize the current JSON object into an array. Path '[0].customfields', line 1, position 1.",
        ));
    };
    for field in sent.iter().filter_map(Value::as_object) {
        let infos = world.halo.root("fieldinfo").into_iter().flat_map(|s| s.iter()).map(|(_, row)| row);
        let id = int(field, "id");
        let name = text(field, "name");
        let Some(info) = infos.filter(|info| int(info, "custom") == 1).find(|info| {
            if id > 0 { int(info, "id") == id } else { text(info, "name").eq_ignore_ascii_case(name) }
        }) else {
            continue;
        };
        let id = int(info, "id");
        let value = coerce(int(info, "type"), field.get("value").cloned().unwrap_or(Value::Null));
        fields.retain(|f| f.get("id").and_then(Value::as_i64) != Some(id));
        fields.push(json!({"id": id, "value": value}));
    }
    fields.sort_by_key(|f| f.get("id").and_then(Value::as_i64));
    Ok(Value::Array(fields))
}

/// A custom value in the form its type is kept in.
fn coerce(kind: i64, value: Value) -> Value {
    match (kind, &value) {
        (_, Value::Null) => Value::Null,
        (2, Value::String(s)) if s.is_empty() => Value::Null,
        (2, _) => whole(&value).map_or(value, Value::from),
        (3, Value::String(s)) => s.split(',').filter_map(|part| part.trim().parse::<i64>().ok()).collect(),
        (3, Value::Array(values)) => values
            .iter()
            .filter_map(|v| whole(v).or_else(|| v.get("id").and_then(whole)))
            .map(Value::from)
            .collect(),
        (4, Value::String(s)) => crate::world::clock::parse(s).map_or(Value::Null, |at| json!(zoneless(at))),
        (6, _) => json!(crate::world::store::truth(&value)),
        (0 | 1 | 10, Value::Number(n)) => json!(n.to_string()),
        _ => value,
    }
}

/// Replaces the budget lines as a whole, and the sums that follow from them.
pub(super) fn set_budgets(world: &mut World, ticket: &mut Row, sent: &Value) {
    let id = int(ticket, "id");
    let (mut hours, mut money) = (0.0, 0.0);
    let mut rows = Vec::new();
    for line in sent.as_array().into_iter().flatten().filter_map(Value::as_object) {
        let mut line = line.clone();
        if int(&line, "id") <= 0 {
            let fresh = world.halo.root_mut("_budget").fresh_id();
            line.insert("id".into(), json!(fresh + 100_000));
        }
        line.insert("ticket_id".into(), json!(id));
        let name = world
            .halo
            .row("budgettype", int(&line, "budgettype_id"))
            .map_or("", |b| text(b, "name"))
            .to_owned();
        line.insert("budgettype_name".into(), json!(name));
        let amount = |field: &str| line.get(field).and_then(Value::as_f64).unwrap_or(0.0);
        hours += amount("hours");
        money += if amount("money") > 0.0 { amount("money") } else { amount("hours") * amount("rate") };
        rows.push(Value::Object(line));
    }
    ticket.insert("budgets".into(), Value::Array(rows));
    ticket.insert("projecttimebudget".into(), json!(hours));
    ticket.insert("projectmoneybudget".into(), json!(money));
}

/// Replaces the milestones as a whole; who belongs to one follows from its `tickets_list`.
pub(super) fn set_milestones(world: &mut World, ticket: &mut Row, sent: &Value) {
    let id = int(ticket, "id");
    let mut rows = Vec::new();
    for members in world.halo.tickets.iter_mut().map(|(_, row)| row) {
        if int(members, "_milestone_of") == id {
            members.insert("milestone_id".into(), json!(0));
            members.remove("_milestone_of");
        }
    }
    for (milestone, n) in sent.as_array().into_iter().flatten().filter_map(Value::as_object).zip(1_i64..) {
        let own = int(milestone, "id");
        let own = if own > 0 { own } else { world.halo.root_mut("milestone").fresh_id() };
        let members: Vec<i64> = list(milestone, "tickets_list").map(|t| int(t, "id")).collect();
        let mut tickets = Vec::new();
        for member in &members {
            if let Some(row) = world.halo.tickets.by_id_mut(*member) {
                row.insert("milestone_id".into(), json!(own));
                row.insert("_milestone_of".into(), json!(id));
                tickets.push(json!({"id": tickets.len() + 1, "milestone_id": own, "ticket_id": member, "ticket_name": row.get("summary")}));
            }
        }
        let row = json!({"id": own, "ticket_id": id, "name": text(milestone, "name"), "sequence": milestone.get("sequence").and_then(whole).unwrap_or(n),
            "state": 0, "start_date": milestone.get("start_date").cloned().unwrap_or(json!(UNSET)),
            "target_date": milestone.get("target_date").cloned().unwrap_or(json!(UNSET)), "tickets": tickets,
            "tickets_list": members.iter().map(|m| json!({"id": m})).collect::<Vec<_>>(), "dependencies": [], "milestone_dependencies": []});
        if let Value::Object(stored) = &row {
            world.halo.root_mut("milestone").put(Key::Int(own), stored.clone());
        }
        rows.push(row);
    }
    let kept: Vec<i64> = rows.iter().filter_map(|r| r["id"].as_i64()).collect();
    let gone: Vec<Key> = world
        .halo
        .root("milestone")
        .into_iter()
        .flat_map(|s| s.iter())
        .filter(|(_, m)| int(m, "ticket_id") == id && !kept.contains(&int(m, "id")))
        .map(|(key, _)| key.clone())
        .collect();
    for key in gone {
        world.halo.root_mut("milestone").remove(&key);
    }
    ticket.insert("milestones".into(), Value::Array(rows));
}

/// Replaces the linked assets; they must be objects.
pub(super) fn set_assets(world: &World, ticket: &mut Row, sent: &Value) -> Result<(), Reply> {
    let Some(rows) = sent.as_array() else { return Ok(()) };
    let mut assets = Vec::new();
    for row in rows {
        let Some(row) = row.as_object() else {
            return Err(Reply::model(
                "[0].assets[0]",
                "Error converting value to type 'Device_List'. Path '[0].assets[0]', line 1, position 1.",
            ));
        };
        let id = int(row, "id");
        let tag = world.halo.row("asset", id).map_or("", |a| text(a, "inventory_number"));
        assets.push(json!({"id": id, "inventory_number": tag}));
    }
    ticket.insert("assets".into(), Value::Array(assets));
    Ok(())
}

/// Keeps the sum of an opportunity's values.
pub(super) fn sum_values(ticket: &mut Row, sent: &Row) {
    let parts = ["oppvalue_oneoff", "oppvalue_monthly", "oppvalue_annual"];
    if parts.iter().any(|part| sent.contains_key(*part)) && !sent.contains_key("oppvalue") {
        let sum: f64 = parts.iter().filter_map(|part| ticket.get(*part).and_then(Value::as_f64)).sum();
        ticket.insert("oppvalue".into(), json!(sum));
    }
}

/// Whether a status may be given to a ticket of a type.
pub(super) fn status_allowed(world: &World, kind: &Row, status: i64) -> bool {
    world.halo.row("status", status).is_some_and(|row| int(row, "type") == 0)
        && (flag(kind, "allowall_status")
            || list(kind, "allowed_status").any(|row| int(row, "status_id") == status))
}

/// The address of a ticket's user; the General User has none.
fn address(world: &World, ticket: &Row) -> Option<String> {
    let user = world.halo.row("users", int(ticket, "user_id"))?;
    let to = text(user, "emailaddress");
    (!to.is_empty() && !flag(user, "neversendemails")).then(|| to.to_owned())
}

/// Puts a mail to the ticket's user into the outbox, if he can get one.
pub(in super::super) fn mail(world: &mut World, actor: &Actor, ticket: &Row, reason: &str) {
    let at = world.clock.now();
    let mut receivers: Vec<String> = address(world, ticket).into_iter().collect();
    if reason == "acknowledgement" {
        receivers.extend(
            text(ticket, "emailtolist")
                .split([';', ','])
                .map(str::trim)
                .filter(|a| a.contains('@'))
                .map(str::to_owned),
        );
    }
    for to in receivers {
        let mail =
            Mail { at, to, ticket_id: int(ticket, "id"), reason: reason.to_owned(), actor: actor.clone() };
        world.outbox.push(mail);
    }
}

/// What a new status brings with it.
pub(super) fn status_changed(
    world: &mut World,
    actor: &Actor,
    ticket: &mut Row,
    old: i64,
    new: i64,
    via: Via,
) {
    let now = zoneless(world.clock.now());
    let (was, is) = (closes(world, old), closes(world, new));
    if is && !was {
        ticket.insert("dateclosed".into(), json!(now));
        ticket.insert("hasbeenclosed".into(), json!(true));
        if new == 24 {
            ticket.insert("oppconverteddate".into(), json!(now));
        }
    } else if was && !is {
        ticket.insert("dateclosed".into(), json!(UNSET));
    }
    let silent = match via {
        Via::Edit { silent } | Via::Action { silent } => silent,
    };
    if silent {
        return;
    }
    let told = world.halo.row("status", new).is_some_and(|row| flag(row, "notifystatuschange"));
    let closing = world
        .halo
        .row("tickettype", int(ticket, "tickettype_id"))
        .is_some_and(|kind| flag(kind, "_closuremail"));
    if is && !was && closing {
        mail(world, actor, ticket, "closure");
    } else if told {
        mail(world, actor, ticket, "status");
    }
}

/// Whether children keep a ticket from closing.
pub(super) fn open_children(world: &World, ticket: &Row) -> bool {
    let demands = world
        .halo
        .row("tickettype", int(ticket, "tickettype_id"))
        .is_some_and(|kind| flag(kind, "mustclosechildbeforeclosurebool"));
    demands
        && ticket
            .get("child_ticket_ids")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_i64)
            .filter_map(|id| world.halo.tickets.by_id(id))
            .any(|child| !closes(world, int(child, "status_id")))
}

/// Adds or renews a reference to another system.
pub(super) fn link(world: &mut World, ticket: &Row, sent: &Value) {
    let Some(sent) = sent.as_object().filter(|row| !text(row, "third_party_id").is_empty()) else { return };
    if flag(&world.oddities, "links_dropped") {
        return;
    }
    let id = int(ticket, "id");
    let now = zoneless(world.clock.now());
    let store = world.halo.root_mut("externallink");
    let held = store
        .iter()
        .find(|(_, row)| {
            int(row, "halo_id") == id
                && text(row, "third_party_id") == text(sent, "third_party_id")
                && text(row, "third_party_type") == text(sent, "third_party_type")
        })
        .map(|(key, row)| (key.clone(), row.clone()));
    let (key, mut row) = held.unwrap_or_else(|| (Key::Int(store.fresh_id()), Row::new()));
    for (field, value) in sent.iter().filter(|(field, _)| !field.starts_with('_') && *field != "id") {
        row.insert(field.clone(), value.clone());
    }
    row.insert("id".into(), key.to_json());
    row.insert("halo_id".into(), json!(id));
    row.insert("halo_desc".into(), ticket.get("summary").cloned().unwrap_or_default());
    if int(&row, "table_id") == 0 {
        row.insert("table_id".into(), json!(1));
    }
    row.entry("module_id").or_insert(json!(0));
    row.entry("date_created").or_insert(json!(now));
    row.insert("date_updated".into(), json!(now));
    store.put(key, row);
}

/// Text without its tags.
pub(in super::super) fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => {
                inside = false;
                if !out.is_empty() && !out.ends_with([' ', '\n']) {
                    out.push(' ');
                }
            }
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    let out = out.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ");
    out.trim().to_owned()
}

/// HTML without scripts, which the server does not keep.
pub(super) fn sanitised(html: &str) -> String {
    let mut out = html.to_owned();
    while let Some(start) = out.to_ascii_lowercase().find("<script") {
        let end = out
            .to_ascii_lowercase()
            .get(start..)
            .and_then(|rest| rest.find("</script>"))
            .map_or(out.len(), |e| start + e + 9);
        out.replace_range(start..end, "");
    }
    out
}
