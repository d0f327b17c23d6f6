//! The pretended HaloPSA: `/auth` and `/api` of one origin, with the real one's manners.
//!
//! Paths and query names are compared without case. What a request may do follows from the token's scopes,
//! the agent's role, teams and ticket types; nothing is hard-wired to an application.

mod actions;
mod attachments;
mod auth;
mod config;
mod fields;
mod generic;
mod list;
mod people;
mod rights;
mod roots;
mod tickets;
mod webhooks;
mod wire;
mod workflow;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use self::auth::Caller;
use self::wire::{Answer, Reply, Req};
use crate::untrue::Untrue;
use crate::world::store::flag;
use crate::world::{Handle, Side, World};

pub use people::{create_as_person, update_as_person};

/// Largest body taken.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// What the routes share.
#[derive(Clone)]
struct App {
    handle: Handle,
    memory: Arc<Mutex<tickets::list::Memory>>,
}

/// The server's routes: everything below `/api` and `/auth`; other paths answer with pages.
pub fn router(handle: Handle) -> Router {
    Router::new().fallback(serve).with_state(App { handle, memory: Arc::default() })
}

/// Sends the webhook deliveries that wait; to be called after people's edits, within a runtime.
pub fn send_deliveries(handle: &Handle) {
    webhooks::send_waiting(handle, &mut handle.lock());
}

/// Deliveries for a storm.
pub(crate) fn storm(
    world: &mut crate::world::World,
    ids: Vec<i64>,
    count: usize,
) -> Vec<crate::control::storm::Letter> {
    webhooks::storm(world, ids, count)
}

async fn serve(State(app): State<App>, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else { return Reply::empty(413).into_response() };
    let req = Req::new(head.method, &head.uri, head.headers, body);
    let reply = {
        let mut world = app.handle.lock();
        let mut memory = app.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = route(&mut world, &mut memory, &req);
        webhooks::send_waiting(&app.handle, &mut world);
        answer.unwrap_or_else(|reply| reply)
    };
    if req.method != Method::GET {
        app.handle.wake();
    }
    reply.into_response()
}

fn route(world: &mut World, memory: &mut tickets::list::Memory, req: &Req) -> Answer {
    match req.segment(0).as_str() {
        "auth" => auth::answer(world, req),
        "api" => api(world, memory, req),
        "upload" => attachments::receive(world, req),
        "" => Ok(Reply::page(200, "HaloPSA (sandbox)")),
        _ => Ok(Reply::page(404, "404 - File or directory not found.")),
    }
}

fn api(world: &mut World, memory: &mut tickets::list::Memory, req: &Req) -> Answer {
    let name = req.segment(1);
    if name == "authinfo" && req.method == Method::GET {
        let origin = req.origin();
        let auth = world.oddities.get("auth_url").cloned().unwrap_or_else(|| json!(format!("{origin}/auth")));
        let mut found = json!({"auth_url": auth, "tenant_id": world.halo.tenant,
            "resource_url": format!("{origin}/api"), "agent_url": origin});
        if world.untrue.contains(&Untrue::H12) {
            found["tenant_id"] = Value::Null;
        }
        return Ok(Reply::ok(&found));
    }
    if let Err(wait) = world.arrive(Side::Halo) {
        let seconds = (wait + 999) / 1000;
        return Err(Reply::error(429, "too_many_requests", "Rate limit exceeded.")
            .with("retry-after", seconds.max(1).to_string()));
    }
    if req.path.len() == 2 && name == "health" {
        return Ok(Reply::ok(&json!({"status": "Healthy"})));
    }
    let caller = Caller::of(world, req)?;
    if caller.is_user {
        // A user's token opens the user's own pages, and nothing of an agent's.
        return match (name.as_str(), req.segment(2).as_str()) {
            ("users", "me") if !world.untrue.contains(&Untrue::H50) => {
                Ok(Reply::ok(&json!({"id": 1, "name": "API user", "use": "user"})))
            }
            _ => Err(Reply::empty(403)),
        };
    }
    if name == "team" && flag(&world.oddities, "teams_refused") && !caller.scoped("all:teams", false) {
        return Err(Reply::empty(403));
    }
    if name == "status" && caller.actor.is_api() && flag(&world.oddities, "statuses_refused") {
        return Err(Reply::empty(403));
    }
    let root = roots::find(&name);
    if root.is_none() && name != "milestone" {
        return Ok(Reply::empty(404));
    }
    let (scope, right) = roots::area(&name);
    let writes = req.method != Method::GET;
    if !caller.scoped(scope, writes) {
        return Err(Reply::empty(403));
    }
    let level = if writes { 2 } else { 1 };
    if !right.is_empty()
        && caller.rights.level(right) < level
        && !(right == "administrator" && caller.rights.admin)
    {
        // A list without the right is refused; a single record is answered as if the token were bad.
        return Err(Reply::empty(if req.path.len() > 2 && !writes && right != "sales" { 401 } else { 403 }));
    }
    match name.as_str() {
        "tickets" | "projects" | "opportunities" => tickets::answer(world, memory, &caller, req, &name),
        "actions" => actions::answer(world, &caller, req),
        "attachment" => attachments::answer(world, &caller, req),
        _ => match config::answer(world, &caller, req, &name) {
            Some(answer) => answer,
            None => generic::answer(world, &caller, req, &name, root),
        },
    }
}
