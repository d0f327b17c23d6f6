//! Workflows: where a ticket stands, which actions a step allows, and steps that act on their own.

use serde_json::{Value, json};

use super::rights::{Kind, list};
use super::tickets::rules::plain;
use super::tickets::write::pair;
use super::webhooks;
use crate::world::clock::zoneless;
use crate::world::store::{flag, int, text};
use crate::world::{Actor, FieldChange, Key, Row, Side, World, WriteKind};

fn step(world: &World, workflow: i64, number: i64) -> Option<Row> {
    let flow = world.halo.row("workflow", workflow)?;
    list(flow, "steps").find(|step| int(step, "step_id") == number).cloned()
}

fn stand(ticket: &mut Row, workflow: i64, step: &Row) {
    ticket.insert("workflow_id".into(), json!(workflow));
    ticket.insert("workflow_step".into(), json!(int(step, "step_id")));
    ticket.insert("workflow_stage".into(), json!(text(step, "name")));
    if int(step, "pipeline_stage_id") > 0 {
        ticket.insert("pipeline_stage_id".into(), json!(int(step, "pipeline_stage_id")));
        ticket.insert("pipeline_stage_name".into(), json!(text(step, "pipeline_stage_name")));
    }
    if flag(step, "overrideprobabiliywhenatthisstep") {
        ticket.insert(
            "oppconversionprobability".into(),
            step.get("probabilityoverridevalue").cloned().unwrap_or(json!(0.0)),
        );
    }
}

/// Puts a new ticket at the start of its type's workflow.
pub(super) fn start(world: &World, kind: &Row, ticket: &mut Row) {
    let workflow = int(kind, "workflow_id");
    let Some(flow) = world.halo.row("workflow", workflow).filter(|flow| flag(flow, "active")) else { return };
    if let Some(first) = list(flow, "steps").find(|step| flag(step, "isstart")) {
        stand(ticket, workflow, first);
    }
}

/// The step an action leads to; none when the step does not offer it, an inner none when it stays.
pub(super) fn offered(world: &World, ticket: &Row, outcome: i64) -> Option<Option<i64>> {
    let workflow = int(ticket, "workflow_id");
    let Some(flow) = world.halo.row("workflow", workflow) else {
        let kind = world.halo.row("tickettype", int(ticket, "tickettype_id"))?;
        let allowed = flag(kind, "allowall_actions")
            || list(kind, "allowed_actions").any(|row| int(row, "key2") == outcome);
        return allowed.then_some(None);
    };
    if list(flow, "always_allow_actions").any(|row| int(row, "id") == outcome) {
        return Some(None);
    }
    let here = list(flow, "steps").find(|step| int(step, "step_id") == int(ticket, "workflow_step"))?;
    list(here, "actions").find(|row| int(row, "action_id") == outcome).map(|row| Some(int(row, "end_step")))
}

/// Walks to the step that belongs to a status set at the keyboard.
pub(super) fn follow(world: &mut World, id: i64, status: i64) {
    let Some(ticket) = world.halo.tickets.by_id(id) else { return };
    let Some(flow) = world.halo.row("workflow", int(ticket, "workflow_id")) else { return };
    let here = int(ticket, "workflow_step");
    let leads = |row: &&Row| {
        world.halo.row("outcome", int(row, "action_id")).is_some_and(|o| int(o, "newstatus") == status)
    };
    let mut moves: Vec<&Row> =
        list(flow, "steps").flat_map(|step| list(step, "actions")).filter(leads).collect();
    moves.sort_by_key(|row| int(row, "start_step") != here);
    let end = moves.first().map(|row| int(row, "end_step"));
    if let Some(end) = end {
        enter(world, id, end);
    }
}

/// Enters a step; one that makes a ticket makes it now.
pub(super) fn enter(world: &mut World, id: i64, number: i64) {
    let Some(ticket) = world.halo.tickets.by_id(id) else { return };
    let workflow = int(ticket, "workflow_id");
    let already = int(ticket, "workflow_step") == number;
    let Some(step) = step(world, workflow, number) else { return };
    if let Some(ticket) = world.halo.tickets.by_id_mut(id) {
        stand(ticket, workflow, &step);
    }
    let makes = int(&step, "newticket_tickettype_id");
    if makes > 0 && !already {
        make(world, id, makes);
    }
}

/// The workflow makes a ticket out of another.
fn make(world: &mut World, from: i64, kind_id: i64) {
    let Some(origin) = world.halo.tickets.by_id(from).cloned() else { return };
    let Some(kind) = world.halo.row("tickettype", kind_id).cloned() else { return };
    let now = zoneless(world.clock.now());
    let id = world.halo.tickets.fresh_id();
    let mut ticket = Row::new();
    for field in [
        "summary",
        "details",
        "details_html",
        "client_id",
        "site_id",
        "user_id",
        "sla_id",
        "priority_id",
        "targetdate",
    ] {
        if let Some(value) = origin.get(field) {
            ticket.insert(field.into(), value.clone());
        }
    }
    for (field, value) in [
        ("id", json!(id)),
        ("tickettype_id", json!(kind_id)),
        ("status_id", json!(int(&kind, "initial_status"))),
        ("agent_id", json!(1)),
        ("team", json!(text(&kind, "default_team"))),
        ("createdfrom_id", json!(from)),
        ("hasbeenclosed", json!(false)),
        ("dateoccurred", json!(now)),
        ("datecreated", json!(now)),
        ("last_update", json!(now)),
        ("lastactiondate", json!(now)),
    ] {
        ticket.insert(field.into(), value);
    }
    if Kind::of_type(&kind) == Kind::Project {
        ticket.insert(
            "projectmoneybudget".into(),
            origin.get("oppvalue_oneoff").cloned().unwrap_or(json!(0.0)),
        );
    }
    start(world, &kind, &mut ticket);
    let note = plain(text(&ticket, "details_html"));
    let first = json!({"id": 1, "ticket_id": id, "outcome": "Logged", "outcome_id": 0, "who": "Workflow", "who_type": 0,
        "who_agentid": 1, "datetime": now, "actiondatecreated": now, "note": note, "hiddenfromuser": true});
    if let Value::Object(first) = first {
        world.halo.actions.insert(id, vec![first]);
    }
    let changes: Vec<FieldChange> = ticket
        .iter()
        .map(|(name, value)| FieldChange { field: name.clone(), old: Value::Null, new: value.clone() })
        .collect();
    world.halo.tickets.put(Key::Int(id), ticket);
    pair(world, from, id);
    world.record(Side::Halo, &Actor::Product, WriteKind::Create, "tickets", &id.to_string(), changes);
    webhooks::fire(world, 3, id);
}
