//! Actions: notes, e-mails and time on a ticket, and the changes an action makes to it.

use axum::http::Method;
use serde_json::{Value, json};

use super::auth::Caller;
use super::fields::clean;
use super::list::Window;
use super::rights::{Kind, Switch};
use super::tickets::rules::{Via, mail};
use super::tickets::{parse_id, view, visible, write};
use super::wire::{Answer, Query, Reply, Req};
use super::workflow;
use crate::untrue::Untrue;
use crate::world::clock::{DAY, parse, zoneless};
use crate::world::store::{flag, int, text};
use crate::world::{FieldChange, Row, Side, World, WriteKind};

/// Fields of an action that change the ticket: action field, ticket field.
const CHANGES: &[(&str, &str)] = &[
    ("new_agent", "agent_id"),
    ("new_team", "team"),
    ("new_tickettype", "tickettype_id"),
    ("new_priority", "priority_id"),
    ("new_sla_id", "sla_id"),
    ("new_parent_id", "parent_id"),
    ("new_startdate", "startdate"),
    ("new_targetdate", "targetdate"),
    ("new_deadlinedate", "deadlinedate"),
    ("new_followupdate", "followupdate"),
    ("new_estimate", "estimate"),
    ("new_impact", "impact"),
    ("new_urgency", "urgency"),
    ("new_category1", "category_1"),
    ("new_category2", "category_2"),
    ("new_oppvalue", "oppvalue"),
    ("new_foppvalue_oneoff", "oppvalue_oneoff"),
    ("new_foppvalue_monthly", "oppvalue_monthly"),
    ("new_foppvalue_annual", "oppvalue_annual"),
    ("new_oppconversionprobability", "oppconversionprobability"),
    ("new_oppclosurecategory", "oppclosurecategory"),
    ("new_oppconverteddate", "oppconverteddate"),
    ("new_project_time_budget", "projecttimebudget"),
    ("new_project_money_budget", "projectmoneybudget"),
    ("new_client_id", "client_id"),
    ("new_site_id", "site_id"),
    ("new_user_id", "user_id"),
    ("new_external_link", "new_external_link"),
];

/// Answers `/Actions`.
pub(super) fn answer(world: &mut World, caller: &Caller, req: &Req) -> Answer {
    let third = req.segment(2);
    match (&req.method, third.as_str()) {
        (&Method::GET, "") => list(world, caller, req),
        (&Method::POST, "") => upsert(world, caller, req),
        (&Method::POST, "review" | "reaction") => {
            Ok(Reply::json(201, &json!(req.rows()?.into_iter().next_back())))
        }
        (&Method::GET, _) => {
            let ticket = owner(world, caller, &req.query)?;
            let id = parse_id(&third)?;
            let action =
                world.halo.actions.get(&ticket).and_then(|rows| rows.iter().find(|row| int(row, "id") == id));
            action.map(|row| Reply::ok(&Value::Object(row.clone()))).ok_or_else(|| Reply::empty(404))
        }
        (&Method::DELETE, _) if !third.is_empty() => delete(world, caller, req, parse_id(&third)?),
        _ => Ok(Reply::empty(405)),
    }
}

/// The ticket the query names; without it there is no action.
fn owner(world: &World, caller: &Caller, query: &Query) -> Result<i64, Reply> {
    let id = query
        .int("ticket_id")
        .ok_or_else(|| Reply::model("ticket_id", "The ticket_id field is required."))?;
    visible(world, caller, id, None).map(|ticket| int(ticket, "id"))
}

fn list(world: &World, caller: &Caller, req: &Req) -> Answer {
    let query = &req.query;
    let tickets: Vec<i64> = if let Some(id) = query.int("ticket_id") {
        vec![int(visible(world, caller, id, None)?, "id")]
    } else {
        // Without a ticket a range of at most a day is answered, anything else is empty.
        let range = (query.get("startdate").and_then(parse), query.get("enddate").and_then(parse));
        match range {
            (Some(from), Some(to)) if to >= from && to - from <= DAY => world
                .halo
                .tickets
                .iter()
                .filter(|(_, t)| !flag(t, "deleted") && caller.rights.sees(Kind::of_ticket(world, t), t))
                .map(|(_, t)| int(t, "id"))
                .collect(),
            _ => Vec::new(),
        }
    };
    let (from, to) = (query.get("startdate").and_then(parse), query.get("enddate").and_then(parse));
    let html = query.flag("includehtmlnote");
    let html_mail = query.flag("includehtmlemail");
    let wanted = |row: &&Row| {
        let at = parse(text(row, "datetime")).unwrap_or(0);
        from.is_none_or(|f| at >= f)
            && to.is_none_or(|t| at <= t)
            && (!query.flag("excludeprivate") || !flag(row, "hiddenfromuser"))
            && (!query.flag("excludesys") || int(row, "outcome_id") > 0 || int(row, "id") == 1)
            && (!query.flag("agentonly") || int(row, "who_type") == 0)
            && (!query.flag("conversationonly") || !flag(row, "hiddenfromuser"))
            && (!query.flag("timeentriesonly")
                || row.get("timetaken").and_then(Value::as_f64).unwrap_or(0.0) > 0.0)
            && query.int("actoutcomenum").is_none_or(|n| int(row, "outcome_id") == n)
            && query.get("actoutcome").is_none_or(|o| text(row, "outcome").eq_ignore_ascii_case(o))
    };
    let empty = Vec::new();
    let rows: Vec<&Row> = tickets
        .iter()
        .flat_map(|id| world.halo.actions.get(id).unwrap_or(&empty).iter().rev())
        .filter(wanted)
        .collect();
    let mut window = Window::of(query, false);
    if world.untrue.contains(&Untrue::H93) {
        window.take = usize::MAX;
    }
    let shown = rows
        .iter()
        .take(window.take)
        .map(|row| {
            let mut row = (*row).clone();
            if !html {
                row.remove("note_html");
            }
            if !html_mail {
                row.remove("emailbody_html");
            }
            Value::Object(row)
        })
        .collect();
    Ok(window.wrap(Some("actions"), rows.len(), shown))
}

fn upsert(world: &mut World, caller: &Caller, req: &Req) -> Answer {
    if !caller.scoped("tickets", true) {
        return Err(Reply::empty(403));
    }
    let mut replies = Vec::new();
    for (at, sent) in req.rows()?.into_iter().enumerate() {
        let row = clean("actions", sent, at)?;
        let (ticket, id) =
            if int(&row, "id") > 0 { change(world, caller, &row)? } else { add(world, caller, &row)? };
        let action =
            world.halo.actions.get(&ticket).and_then(|rows| rows.iter().find(|r| int(r, "id") == id));
        let mut reply = action.cloned().unwrap_or_default();
        if flag(&row, "_includeticketinresponse") {
            reply.insert("ticket".into(), view::reply(world, ticket, caller, &req.origin()));
        }
        replies.push(Value::Object(reply));
    }
    let reply =
        if req.query.flag("returnall") { Value::Array(replies) } else { replies.pop().unwrap_or_default() };
    Ok(Reply::json(201, &reply))
}

/// The outcome an action names, by number or by name.
fn outcome_of(world: &World, sent: &Row) -> Option<Row> {
    let outcomes = world.halo.root("outcome")?;
    let by_id = outcomes.by_id(int(sent, "outcome_id"));
    let name = text(sent, "outcome");
    by_id
        .or_else(|| {
            outcomes
                .iter()
                .map(|(_, row)| row)
                .find(|row| !name.is_empty() && text(row, "outcome").eq_ignore_ascii_case(name))
        })
        .cloned()
}

fn add(world: &mut World, caller: &Caller, sent: &Row) -> Result<(i64, i64), Reply> {
    let ticket_id = int(sent, "ticket_id");
    let ticket = world.halo.tickets.by_id(ticket_id).filter(|t| !flag(t, "deleted"));
    let ticket = ticket.ok_or_else(|| Reply::exception(400, "Ticket not found"))?.clone();
    let kind = Kind::of_ticket(world, &ticket);
    if !caller.rights.sees(kind, &ticket) || caller.rights.kind_level(kind) < 2 {
        return Err(Reply::exception(403, "You do not have access to this Ticket."));
    }
    let outcome = outcome_of(world, sent)
        .ok_or_else(|| Reply::text(400, "An Outcome must be entered for this Action"))?;
    let outcome_id = int(&outcome, "id");
    let next = workflow::offered(world, &ticket, outcome_id)
        .ok_or_else(|| Reply::exception(400, "You do not have access to this Action (at the moment)"))?;
    if int(&ticket, "client_id") == 1 && outcome_id != 7 {
        return Err(Reply::exception(
            400,
            "Tickets with the default Client/Site must be moved before working on the Ticket",
        ));
    }
    if view::closes(world, int(&ticket, "status_id")) && !caller.rights.may(Switch::EDIT_CLOSED) {
        return Err(Reply::exception(403, "You do not have permission to edit closed Tickets."));
    }
    if flag(&outcome, "mustaddnote") && text(sent, "note").is_empty() && text(sent, "note_html").is_empty() {
        return Err(Reply::text(400, "A Note must be entered for this Action"));
    }
    let mut changes = Row::new();
    for (from, to) in CHANGES {
        if let Some(value) = sent.get(*from) {
            changes.insert((*to).to_owned(), value.clone());
        }
    }
    let status = Some(int(sent, "new_status"))
        .filter(|s| *s > 0)
        .or(Some(int(&outcome, "newstatus")).filter(|s| *s > 0));
    if let Some(status) = status {
        changes.insert("status_id".into(), json!(status));
    }
    let mails = sent.get("sendemail").map_or(flag(&outcome, "sendemail"), |v| v == &Value::Bool(true));
    // An action that mails tells the status itself; one told not to mail keeps silent about it too.
    let silent = mails || sent.get("sendemail") == Some(&Value::Bool(false));
    let changed = write::apply(world, caller, ticket_id, &changes, Via::Action { silent })?;
    if let Some(Some(step)) = Some(next) {
        workflow::enter(world, ticket_id, step);
    }
    let id = append(world, caller, sent, &outcome, ticket_id, int(&ticket, "status_id"), mails);
    let mut log = changed;
    log.push(FieldChange { field: "action".into(), old: Value::Null, new: json!(text(sent, "note")) });
    world.record(Side::Halo, &caller.actor, WriteKind::Update, "tickets", &ticket_id.to_string(), log);
    if mails {
        let ticket = world.halo.tickets.by_id(ticket_id).cloned().unwrap_or_default();
        mail(world, &caller.actor, &ticket, "action");
    }
    Ok((ticket_id, id))
}

fn append(
    world: &mut World,
    caller: &Caller,
    sent: &Row,
    outcome: &Row,
    ticket: i64,
    old_status: i64,
    mails: bool,
) -> i64 {
    let now = zoneless(world.clock.now());
    let status = world.halo.tickets.by_id(ticket).map_or(0, |t| int(t, "status_id"));
    let status_name = world.halo.row("status", status).map_or("", |s| text(s, "name")).to_owned();
    let actions = world.halo.actions.entry(ticket).or_default();
    let id = actions.iter().map(|a| int(a, "id")).max().unwrap_or(0) + 1;
    let mut row: Row =
        sent.iter().filter(|(name, _)| !name.starts_with('_')).map(|(n, v)| (n.clone(), v.clone())).collect();
    let who =
        if text(sent, "who").is_empty() { caller.agent_name.clone() } else { text(sent, "who").to_owned() };
    for (field, value) in [
        ("id", json!(id)),
        ("ticket_id", json!(ticket)),
        ("outcome", json!(text(outcome, "outcome"))),
        ("outcome_id", json!(int(outcome, "id"))),
        ("who", json!(who)),
        ("who_type", json!(0)),
        ("who_agentid", json!(caller.agent_id)),
        ("datetime", sent.get("datetime").cloned().unwrap_or(json!(now))),
        ("actiondatecreated", json!(now)),
        ("last_updated", json!(now)),
        ("old_status", json!(old_status)),
        ("new_status", json!(status)),
        ("new_status_name", json!(status_name)),
        ("sendemail", json!(mails)),
        (
            "hiddenfromuser",
            sent.get("hiddenfromuser").cloned().unwrap_or(json!(flag(outcome, "hidefromuser"))),
        ),
        ("timetaken", sent.get("timetaken").cloned().unwrap_or(json!(0.0))),
    ] {
        row.insert(field.into(), value);
    }
    if row.contains_key("note_html") && !row.contains_key("note") {
        let note = super::tickets::rules::plain(text(&row, "note_html"));
        row.insert("note".into(), json!(note));
    }
    let taken = row.get("timetaken").and_then(Value::as_f64).unwrap_or(0.0);
    actions.push(row);
    world.halo.epoch += 1;
    if let Some(row) = world.halo.tickets.by_id_mut(ticket) {
        let total = row.get("timetaken").and_then(Value::as_f64).unwrap_or(0.0) + taken;
        row.insert("timetaken".into(), json!(total));
        row.insert("lastactiondate".into(), json!(now));
    }
    id
}

fn change(world: &mut World, caller: &Caller, sent: &Row) -> Result<(i64, i64), Reply> {
    let (ticket, id) = (int(sent, "ticket_id"), int(sent, "id"));
    visible(world, caller, ticket, None)?;
    let own = caller.agent_id;
    let action = world
        .halo
        .actions
        .get_mut(&ticket)
        .and_then(|rows| rows.iter_mut().find(|row| int(row, "id") == id))
        .ok_or_else(|| Reply::exception(400, "Record not found"))?;
    if int(action, "who_agentid") != own && !caller.rights.may(Switch::EDIT_ACTIONS) {
        return Err(Reply::exception(403, "You do not have permission to edit this Action."));
    }
    let mut changes = Vec::new();
    for field in ["note", "note_html", "timetaken", "hiddenfromuser", "important"] {
        if let Some(value) = sent.get(field) {
            let old = action.insert(field.into(), value.clone()).unwrap_or_default();
            changes.push(FieldChange { field: format!("action.{field}"), old, new: value.clone() });
        }
    }
    world.halo.epoch += 1;
    world.record(Side::Halo, &caller.actor, WriteKind::Update, "tickets", &ticket.to_string(), changes);
    Ok((ticket, id))
}

fn delete(world: &mut World, caller: &Caller, req: &Req, id: i64) -> Answer {
    let ticket = owner(world, caller, &req.query)?;
    if !caller.rights.may(Switch::EDIT_ACTIONS) {
        return Err(Reply::exception(403, "You do not have permission to delete this Action."));
    }
    let rows = world.halo.actions.get_mut(&ticket).ok_or_else(|| Reply::empty(404))?;
    let before = rows.len();
    rows.retain(|row| int(row, "id") != id);
    if rows.len() == before {
        return Err(Reply::empty(404));
    }
    world.halo.epoch += 1;
    world.record(
        Side::Halo,
        &caller.actor,
        WriteKind::Delete,
        "actions",
        &format!("{ticket}/{id}"),
        Vec::new(),
    );
    Ok(Reply::ok(&json!({"id": id, "ticket_id": ticket})))
}
