//! Creating and changing tickets.

use serde_json::{Value, json};

use super::super::auth::Caller;
use super::super::fields::clean;
use super::super::rights::{Kind, Switch, list};
use super::super::wire::Reply;
use super::super::{webhooks, workflow};
use super::place::{assign, check_agent, place, team_named};
use super::rules::{self, Via};
use super::view::closes;
use crate::world::clock::zoneless;
use crate::world::store::{flag, int, text, whole};
use crate::world::{FieldChange, Key, Row, Side, World, WriteKind};

/// Fields a write does not set: they follow from others, or have their own way.
const FOLLOW: &[&str] = &[
    "id",
    "client_name",
    "site_name",
    "user_name",
    "users_name",
    "user_email",
    "agent_name",
    "status_name",
    "tickettype_name",
    "priority_name",
    "sla_name",
    "last_update",
    "lastactiondate",
    "datecreated",
    "child_count",
    "child_count_open",
    "child_ticket_ids",
    "quotation_count",
    "salesorder_count",
    "is_project",
    "is_opportunity",
    "milestone_id",
    "projecttimeactual",
    "projectmoneyactual",
    "projectlatestend",
    "projectearlieststart",
    "createdfrom_summary",
    "web_url",
    "api_url",
    "dateclosed",
    "date_fully_closed",
    "hasbeenclosed",
    "external_links",
    "related_tickets",
    "attachments",
    "attachment_count",
    "workflow_id",
    "workflow_step",
    "workflow_stage",
    "pipeline_stage_id",
    "pipeline_stage_name",
    "timetaken",
    "oppvalueadjusted",
    "table",
    "use",
    "deleted",
    "itil_requesttype_id",
    "access_level",
    "tickettype",
    "createdfrom_id",
    "new_external_link",
    "new_related_tickets",
    "userlookup",
    "customfields",
    "budgets",
    "milestones",
    "assets",
    "sendack",
    "createacknowledgement",
    "donotapplytemplateintheapi",
    "dont_do_rules",
    "apply_rules",
    "return_this",
];

/// Fields that are nothing but the reference to the other system.
const LINKS: &[&str] = &["new_external_link", "opportunity_third_party_url", "thirdparty_url"];

/// Longest summary kept.
const SUMMARY: usize = 255;

/// Creates or changes a ticket as sent; gives its number.
pub(in super::super) fn upsert(
    world: &mut World,
    caller: &Caller,
    sent: Row,
    at: usize,
) -> Result<i64, Reply> {
    if !caller.scoped("tickets", true) && !caller.scoped("projects", true) && !caller.scoped("sales", true) {
        return Err(Reply::empty(403));
    }
    let row = clean("tickets", sent, at)?;
    match int(&row, "id") {
        0 => create(world, caller, &row),
        id => update(world, caller, id, &row),
    }
}

pub(super) fn refused(message: &str) -> Reply {
    Reply::exception(403, message)
}

/// Creates a ticket.
pub(in super::super) fn create(world: &mut World, caller: &Caller, sent: &Row) -> Result<i64, Reply> {
    let kind_id = Some(int(sent, "tickettype_id")).filter(|id| *id > 0).unwrap_or(1);
    let kind = world
        .halo
        .row("tickettype", kind_id)
        .cloned()
        .ok_or_else(|| Reply::exception(400, "Ticket Type not found"))?;
    let area = Kind::of_type(&kind);
    if caller.rights.kind_level(area) < 2
        || !caller.rights.may(Switch::ADD)
        || !caller.rights.may_create_type(kind_id)
    {
        return Err(refused("You do not have permission to log Tickets of this Ticket Type."));
    }
    if flag(&kind, "inactive") || !flag(&kind, "visible") {
        return Err(Reply::text(400, "The selected Ticket Type is not active"));
    }
    let mut ticket = Row::new();
    place(world, caller, sent, &mut ticket)?;
    ticket.insert("tickettype_id".into(), json!(kind_id));
    copy_fields(world, sent, &mut ticket)?;
    // The one that is asked for, else the type's own.
    let template = [int(sent, "template_id"), int(&kind, "default_template_id")]
        .into_iter()
        .find(|id| *id > 0 && !flag(sent, "donotapplytemplateintheapi"));
    if let Some(template) = template.and_then(|id| world.halo.row("template", id)) {
        for field in ["details_html", "estimate", "category_1"] {
            if let Some(value) = template.get(field) {
                ticket.insert(field.into(), value.clone());
            }
        }
        ticket.insert("template_id".into(), json!(int(template, "id")));
        let details = rules::plain(text(&ticket, "details_html"));
        ticket.insert("details".into(), json!(details));
    }
    if text(&ticket, "summary").trim().is_empty() {
        return Err(Reply::text(400, "Summary must be entered"));
    }
    let status =
        Some(int(sent, "status_id")).filter(|id| *id > 0).unwrap_or_else(|| int(&kind, "initial_status"));
    if !rules::status_allowed(world, &kind, status) {
        return Err(Reply::text(400, "The selected Status is not available for this Ticket Type"));
    }
    ticket.insert("status_id".into(), json!(status));
    assign(world, sent, &kind, &mut ticket)?;
    let parent = int(sent, "parent_id");
    if parent > 0 && (world.halo.tickets.by_id(parent).is_none() || !flag(&kind, "allowtickettypetobechild"))
    {
        return Err(Reply::text(400, "The Ticket cannot be a child of the selected Ticket"));
    }
    if !flag(sent, "_novalidate") && !flag(sent, "_isimport") {
        rules::mandatory(world, kind_id, &ticket)?;
    }
    if flag(sent, "_validate_only") {
        return Ok(0);
    }
    Ok(store_new(world, caller, sent, &kind, ticket))
}

/// Fills what is left to the server and puts the ticket into the world.
fn store_new(world: &mut World, caller: &Caller, sent: &Row, kind: &Row, mut ticket: Row) -> i64 {
    let id = world.halo.tickets.fresh_id();
    let now = zoneless(world.clock.now());
    ticket.insert("id".into(), json!(id));
    for (field, value) in [
        ("dateoccurred", json!(now)),
        ("sla_id", kind.get("default_sla").cloned().unwrap_or(json!(1))),
        ("priority_id", kind.get("default_priority").cloned().unwrap_or(json!(3))),
        ("showforusers", kind.get("default_showforusers").cloned().unwrap_or(json!(true))),
        ("source", json!(0)),
        ("hasbeenclosed", json!(false)),
    ] {
        ticket.entry(field).or_insert(value);
    }
    for field in ["datecreated", "last_update", "lastactiondate"] {
        ticket.insert(field.into(), json!(now));
    }
    if let Some(origin) = sent.get("createdfrom_id").filter(|v| whole(v).unwrap_or(0) > 0) {
        ticket.insert("createdfrom_id".into(), origin.clone());
    }
    if let Some(sets) = sent.get("budgets") {
        rules::set_budgets(world, &mut ticket, sets);
    }
    rules::sum_values(&mut ticket, sent);
    workflow::start(world, kind, &mut ticket);
    if closes(world, int(&ticket, "status_id")) {
        ticket.insert("dateclosed".into(), json!(now));
        ticket.insert("hasbeenclosed".into(), json!(true));
    }
    let first = json!({"id": 1, "ticket_id": id, "outcome": "Logged", "outcome_id": 0, "who": caller.agent_name, "who_type": 0,
        "who_agentid": caller.agent_id, "datetime": now, "actiondatecreated": now, "note": text(&ticket, "details"),
        "note_html": text(&ticket, "details_html"), "hiddenfromuser": false, "new_status": ticket.get("status_id")});
    if let Value::Object(first) = first {
        world.halo.actions.insert(id, vec![first]);
    }
    let parent = int(&ticket, "parent_id");
    if let Some(parent) = world.halo.tickets.by_id_mut(parent) {
        match parent.get_mut("child_ticket_ids") {
            Some(Value::Array(ids)) => ids.push(json!(id)),
            _ => {
                parent.insert("child_ticket_ids".into(), json!([id]));
            }
        }
    }
    world.halo.tickets.put(Key::Int(id), ticket.clone());
    if let Some(sets) = sent.get("milestones") {
        rules::set_milestones(world, &mut ticket, sets);
        world.halo.tickets.put(Key::Int(id), ticket.clone());
    }
    relate(world, id, sent);
    if let Some(link) = sent.get("new_external_link") {
        rules::link(world, &ticket, link);
    }
    let changes = ticket
        .iter()
        .filter(|(name, _)| !name.starts_with('_'))
        .map(|(name, value)| FieldChange { field: name.clone(), old: Value::Null, new: value.clone() })
        .collect();
    world.record(Side::Halo, &caller.actor, WriteKind::Create, "tickets", &id.to_string(), changes);
    let denied = |field: &str| sent.get(field) == Some(&Value::Bool(false));
    if int(kind, "default_sendack") > 0 && !denied("sendack") && !denied("createacknowledgement") {
        rules::mail(world, &caller.actor, &ticket, "acknowledgement");
    }
    webhooks::fire(world, 3, id);
    id
}

/// Copies what a write sets directly.
fn copy_fields(world: &World, sent: &Row, ticket: &mut Row) -> Result<(), Reply> {
    const PLACED: &[&str] =
        &["client_id", "site_id", "user_id", "tickettype_id", "status_id", "team", "agent_id"];
    for (field, value) in sent {
        if field.starts_with('_') || FOLLOW.contains(&field.as_str()) || PLACED.contains(&field.as_str()) {
            continue;
        }
        let value = match field.as_str() {
            "summary" => {
                let one_line = value.as_str().unwrap_or("").replace(['\r', '\n', '\t'], " ");
                json!(one_line.trim().chars().take(SUMMARY).collect::<String>())
            }
            "details_html" => json!(rules::sanitised(value.as_str().unwrap_or(""))),
            _ => value.clone(),
        };
        ticket.insert(field.clone(), value);
    }
    if sent.contains_key("details_html") {
        let details = rules::plain(text(ticket, "details_html"));
        ticket.insert("details".into(), json!(details));
    } else if sent.contains_key("details") {
        let html = format!("<p>{}</p>", text(ticket, "details").replace('&', "&amp;").replace('<', "&lt;"));
        ticket.insert("details_html".into(), json!(html));
    }
    if let Some(fields) = sent.get("customfields").filter(|v| !v.is_null()) {
        let merged = rules::merge_custom(world, ticket.get("customfields"), fields)?;
        ticket.insert("customfields".into(), merged);
    }
    if let Some(assets) = sent.get("assets") {
        rules::set_assets(world, ticket, assets)?;
    }
    Ok(())
}

/// Whether the caller may change anything of a ticket, and else the words of the refusal.
pub(super) fn may_edit(world: &World, caller: &Caller, held: &Row) -> Result<(), &'static str> {
    let (kind, rights) = (Kind::of_ticket(world, held), &caller.rights);
    if !rights.sees(kind, held) {
        return Err("You do not have access to this Ticket.");
    }
    if rights.kind_level(kind) < 2
        || !rights.may_edit_type(int(held, "tickettype_id"))
        || !rights.may_modify(held)
    {
        return Err("You do not have permission to edit Tickets of this Ticket Type.");
    }
    let agent = int(held, "agent_id").max(1);
    if agent != caller.agent_id && !rights.may(Switch::EDIT_OTHERS) {
        return Err("You do not have permission to edit Tickets which are not assigned to you.");
    }
    if closes(world, int(held, "status_id")) && !rights.may(Switch::EDIT_CLOSED) {
        return Err("You do not have permission to edit closed Tickets.");
    }
    Ok(())
}

/// Changes a ticket, with the checks a caller must pass.
fn update(world: &mut World, caller: &Caller, id: i64, sent: &Row) -> Result<i64, Reply> {
    let recovering = flag(sent, "_recover");
    let held = world.halo.tickets.by_id(id).filter(|row| recovering || !flag(row, "deleted"));
    let held = held.ok_or_else(|| Reply::exception(400, "Record not found"))?;
    may_edit(world, caller, held).map_err(refused)?;
    let differs = |field: &str| {
        sent.get(field).and_then(whole).is_some_and(|new| new > 0 && new != int(held, field).max(1))
    };
    if differs("status_id") && !caller.rights.may(Switch::STATUS) {
        return Err(refused("You do not have permission to update the Status outside of Actions."));
    }
    let moved = team_named(world, text(sent, "team")).is_some_and(|team| team != text(held, "team"));
    if (differs("agent_id") || moved) && !caller.rights.may(Switch::REASSIGN) {
        return Err(refused("You do not have permission to re-assign Tickets."));
    }
    if differs("tickettype_id") && !caller.rights.may(Switch::CHANGE_TYPE) {
        return Err(refused("You do not have permission to change the Ticket Type."));
    }
    if flag(sent, "_validate_only") {
        return Ok(id);
    }
    let silent = flag(sent, "_dont_fire_automations");
    let changes = apply(world, caller, id, sent, Via::Edit { silent })?;
    let named: Vec<&String> = sent.keys().filter(|k| *k != "id" && !k.starts_with('_')).collect();
    let link_back = !named.is_empty() && named.iter().all(|k| LINKS.contains(&k.as_str()));
    let what = if link_back { WriteKind::LinkBack } else { WriteKind::Update };
    world.record(Side::Halo, &caller.actor, what, "tickets", &id.to_string(), changes);
    Ok(id)
}

/// Changes a ticket without asking for rights; gives the values that changed. The caller records the write.
pub(in super::super) fn apply(
    world: &mut World,
    caller: &Caller,
    id: i64,
    sent: &Row,
    via: Via,
) -> Result<Vec<FieldChange>, Reply> {
    let old =
        world.halo.tickets.by_id(id).cloned().ok_or_else(|| Reply::exception(400, "Record not found"))?;
    let mut new = old.clone();
    copy_fields(world, sent, &mut new)?;
    let wish = |field: &str| sent.get(field).and_then(whole).filter(|n| *n > 0);
    if let Some(kind) = wish("tickettype_id") {
        world.halo.row("tickettype", kind).ok_or_else(|| Reply::exception(400, "Ticket Type not found"))?;
        new.insert("tickettype_id".into(), json!(kind));
    }
    let kind = world.halo.row("tickettype", int(&new, "tickettype_id")).cloned().unwrap_or_default();
    if ["client_id", "site_id", "user_id"].iter().any(|f| wish(f).is_some_and(|n| n != int(&old, f))) {
        place(world, caller, sent, &mut new)?;
    }
    if let Some(team) = team_named(world, text(sent, "team")) {
        new.insert("team".into(), json!(team));
    }
    if let Some(agent) = wish("agent_id") {
        check_agent(world, agent)?;
        new.insert("agent_id".into(), json!(agent));
    }
    let before = int(&old, "status_id");
    if let Some(status) = wish("status_id").filter(|s| *s != before) {
        if !rules::status_allowed(world, &kind, status) {
            return Err(Reply::text(400, "The selected Status is not available for this Ticket Type"));
        }
        if closes(world, status) && rules::open_children(world, &new) {
            return Err(Reply::exception(
                400,
                "All child Tickets must be closed before this Ticket can be closed.",
            ));
        }
        let undone = caller.actor.is_api() && flag(&world.oddities, "status_undone");
        new.insert("status_id".into(), json!(if undone { before } else { status }));
    }
    if let Some(sets) = sent.get("budgets").filter(|v| !v.is_null()) {
        rules::set_budgets(world, &mut new, sets);
    }
    if let Some(sets) = sent.get("milestones").filter(|v| !v.is_null()) {
        rules::set_milestones(world, &mut new, sets);
    }
    rules::sum_values(&mut new, sent);
    if flag(sent, "_recover") {
        new.insert("deleted".into(), json!(false));
    }
    let now = zoneless(world.clock.now());
    let after = int(&new, "status_id");
    if after != before {
        rules::status_changed(world, &caller.actor, &mut new, before, after, via);
    }
    let changes = changed(&old, &new);
    new.insert("last_update".into(), json!(now));
    if old.get("details_html") != new.get("details_html")
        && let Some(first) = world.halo.actions.get_mut(&id).and_then(|actions| actions.first_mut())
    {
        first.insert("note".into(), new.get("details").cloned().unwrap_or_default());
        first.insert("note_html".into(), new.get("details_html").cloned().unwrap_or_default());
    }
    world.halo.tickets.put(Key::Int(id), new.clone());
    relate(world, id, sent);
    if let Some(link) = sent.get("new_external_link") {
        rules::link(world, &new, link);
    }
    // A person's change of status walks the workflow; a plain write leaves the step where it was.
    if after != before && caller.actor.is_person() {
        workflow::follow(world, id, after);
    }
    webhooks::fire(world, 61, id);
    if after != before {
        webhooks::fire(world, 76, id);
        if closes(world, after) {
            webhooks::fire(world, 39, id);
        }
    }
    Ok(changes)
}

/// The stored fields that differ.
fn changed(old: &Row, new: &Row) -> Vec<FieldChange> {
    new.iter()
        .filter(|(name, value)| {
            !name.starts_with('_') && *name != "last_update" && old.get(*name) != Some(*value)
        })
        .map(|(name, value)| FieldChange {
            field: name.clone(),
            old: old.get(name).cloned().unwrap_or_default(),
            new: value.clone(),
        })
        .collect()
}

fn relate(world: &mut World, id: i64, sent: &Row) {
    let others: Vec<i64> =
        list(sent, "new_related_tickets").map(|row| int(row, "id")).filter(|other| *other > 0).collect();
    for other in others {
        pair(world, id, other);
    }
}

/// Relates two tickets to each other.
pub(in super::super) fn pair(world: &mut World, a: i64, b: i64) {
    for (one, other) in [(a, b), (b, a)] {
        if let Some(row) = world.halo.tickets.by_id_mut(one) {
            match row.get_mut("_related") {
                Some(Value::Array(ids)) => ids.push(json!(other)),
                _ => {
                    row.insert("_related".into(), json!([other]));
                }
            }
        }
    }
}
