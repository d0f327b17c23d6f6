//! Tickets, projects and opportunities: three roots over one store.

pub(super) mod list;
mod place;
pub(super) mod rules;
pub(super) mod view;
pub(super) mod write;

use axum::http::Method;
use serde_json::{Value, json};

use super::auth::Caller;
use super::rights::{Kind, Switch};
use super::wire::{Answer, Reply, Req};
use crate::world::store::{flag, int};
use crate::world::{Key, Row, World};

/// The kind a root is limited to.
fn kind_of_root(root: &str) -> Option<Kind> {
    match root {
        "projects" => Some(Kind::Project),
        "opportunities" => Some(Kind::Opportunity),
        _ => None,
    }
}

/// Answers `/Tickets`, `/Projects` and `/Opportunities`.
pub(super) fn answer(
    world: &mut World,
    memory: &mut list::Memory,
    caller: &Caller,
    req: &Req,
    root: &str,
) -> Answer {
    let only = kind_of_root(root);
    let third = req.segment(2);
    if req.path.len() > 3 {
        return Ok(Reply::empty(404));
    }
    match (&req.method, third.as_str()) {
        (&Method::GET, "") => list::answer(world, memory, caller, req, only),
        (&Method::POST, "") => upsert(world, caller, req),
        (&Method::POST, "object") => upsert(world, caller, req),
        (&Method::POST, "view" | "vote" | "processchildren") => {
            Ok(Reply::json(201, &json!(req.rows()?.into_iter().next_back())))
        }
        (&Method::GET, "zapier") => list::answer(world, memory, caller, req, only),
        (&Method::GET, "salesmailbox") => Ok(Reply::page(500, "Internal Server Error")),
        (&Method::GET, _) => {
            let id = parse_id(&third)?;
            let ticket = visible(world, caller, id, only)?;
            let row = view::detail(world, ticket, req.query.flag("includedetails"), caller, &req.origin());
            Ok(Reply::ok(&Value::Object(row)))
        }
        (&Method::DELETE, _) if !third.is_empty() => delete(world, caller, parse_id(&third)?),
        _ => Ok(Reply::empty(405)),
    }
}

/// A path's number; anything else is a bad request.
pub(super) fn parse_id(segment: &str) -> Result<i64, Reply> {
    segment.parse().map_err(|_| Reply::model("id", &format!("The value '{segment}' is not valid.")))
}

/// A ticket the caller may open. One that is not among his is answered as a missing right.
pub(super) fn visible<'a>(
    world: &'a World,
    caller: &Caller,
    id: i64,
    only: Option<Kind>,
) -> Result<&'a Row, Reply> {
    let ticket = world.halo.tickets.by_id(id).ok_or_else(|| Reply::empty(404))?;
    let kind = Kind::of_ticket(world, ticket);
    if only.is_some_and(|only| only != kind) {
        return Err(Reply::empty(404));
    }
    if !caller.rights.sees(kind, ticket) {
        return Err(Reply::empty(401));
    }
    Ok(ticket)
}

fn upsert(world: &mut World, caller: &Caller, req: &Req) -> Answer {
    let rows = req.rows()?;
    let mut ids = Vec::new();
    for (at, sent) in rows.into_iter().enumerate() {
        ids.push(write::upsert(world, caller, sent, at)?);
    }
    let origin = req.origin();
    if req.query.flag("returnall") {
        let all: Vec<Value> = ids.iter().map(|id| view::reply(world, *id, caller, &origin)).collect();
        return Ok(Reply::json(201, &Value::Array(all)));
    }
    let last = ids.last().map_or(Value::Null, |id| view::reply(world, *id, caller, &origin));
    Ok(Reply::json(201, &last))
}

fn delete(world: &mut World, caller: &Caller, id: i64) -> Answer {
    let ticket = visible(world, caller, id, None)?;
    if flag(ticket, "deleted") {
        return Err(Reply::empty(404));
    }
    if !caller.rights.may(Switch::DELETE) {
        return Err(Reply::exception(403, "You do not have permission to delete Tickets."));
    }
    let parent = int(ticket, "parent_id");
    if let Some(ticket) = world.halo.tickets.get_mut(&Key::Int(id)) {
        ticket.insert("deleted".into(), json!(true));
    }
    if let Some(Value::Array(ids)) =
        world.halo.tickets.by_id_mut(parent).and_then(|p| p.get_mut("child_ticket_ids"))
    {
        ids.retain(|v| v.as_i64() != Some(id));
    }
    world.record(
        crate::world::Side::Halo,
        &caller.actor,
        crate::world::WriteKind::Delete,
        "tickets",
        &id.to_string(),
        Vec::new(),
    );
    super::webhooks::fire(world, 1072, id);
    Ok(Reply::ok(&json!({"id": id, "deleted": true})))
}
