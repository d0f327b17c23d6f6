//! The control port: counts, people's edits, faults and breakage. It is no part of either product.

pub mod audit;
pub mod edits;
pub mod fields;
pub mod lost;
pub mod role;
pub mod storm;
pub mod twins;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post, put};
use serde_json::{Value, json};

use crate::breakage::{Breakage, Code};
use crate::faults::{Faults, HIGHEST_RATE, Scripted, Timing};
use crate::hit::deliver::Courier;
use crate::hit::refusal::reply;
use crate::world::clock::rfc3339;
use crate::world::state::Counts;
use crate::world::{Actor, Handle, Side, World, WriteKind};
use lost::{Decision, Lost};

/// What the control port has its hands on.
#[derive(Debug, Clone)]
pub struct Control {
    handle: Handle,
    courier: Courier,
    faults: Faults,
    own: Arc<Mutex<Own>>,
}

#[derive(Debug, Default)]
struct Own {
    breakage: Breakage,
    decisions: Vec<Decision>,
    edits: u64,
    fields: u64,
}

impl Control {
    /// A control port over a world.
    #[must_use]
    pub fn new(handle: Handle, courier: Courier, faults: Faults, breakage: Breakage) -> Self {
        let own = Own { breakage, ..Own::default() };
        Self { handle, courier, faults, own: Arc::new(Mutex::new(own)) }
    }

    fn own(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The server.
pub fn router(control: Control) -> Router {
    Router::new()
        .route("/counts", get(counts))
        .route("/audit", get(audit_report))
        .route("/log", get(log))
        .route("/edits", post(edit))
        .route("/faults", put(set_faults).get(show_faults))
        .route("/deliveries", put(set_deliveries))
        .route("/storm", post(storm_of_deliveries))
        .route("/break", put(set_break).get(show_break))
        .route("/role", put(set_role))
        .with_state(control)
}

fn refuse(why: &str) -> Response {
    reply(422, &json!({ "error": why }))
}

fn body(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|e| format!("The body is not JSON: {e}"))
}

async fn counts(State(control): State<Control>) -> Response {
    let own = control.own();
    let world = control.handle.lock();
    let facts = audit::facts(&world);
    let lost = lost::lost_updates(&world.log, &audit::links(&world), &own.decisions);
    let side = |counts: &Counts, duplicates: usize| {
        json!({"requests": counts.requests, "writes": counts.writes(), "creates": counts.creates, "updates": counts.updates,
            "deletes": counts.deletes, "link_backs": counts.link_backs, "duplicates": duplicates, "rate_limited": counts.rate_limited})
    };
    let emails = world.outbox.iter().filter(|mail| !mail.actor.is_person()).count();
    reply(
        200,
        &json!({"halo": side(&world.halo_counts, facts.surplus_tickets().len()),
            "hit": side(&world.hit_counts, facts.surplus_items().len()),
            "customer_emails": emails, "lost_updates": lost.len(), "people_edits": own.edits,
            "people_field_changes": own.fields}),
    )
}

/// What stands behind the counts.
async fn audit_report(State(control): State<Control>) -> Response {
    let own = control.own();
    let world = control.handle.lock();
    let facts = audit::facts(&world);
    let links = audit::links(&world);
    let lost: Vec<Value> =
        lost::lost_updates(&world.log, &links, &own.decisions).iter().map(|l| lost_json(&world, l)).collect();
    let mails: Vec<Value> = world
        .outbox
        .iter()
        .map(|m| json!({"at": rfc3339(m.at), "to": m.to, "ticket_id": m.ticket_id, "reason": m.reason, "actor": actor(&m.actor)}))
        .collect();
    reply(
        200,
        &json!({"lost_updates": lost, "links": links.pairs(), "outbox": mails,
            "duplicates": {"halo": facts.surplus_tickets(), "hit": facts.surplus_items()}}),
    )
}

fn lost_json(world: &World, lost: &Lost) -> Value {
    let change = |index: usize| {
        let event = world.log.get(index)?;
        event.changes.iter().find(|c| c.field == lost.field).map(|c| json!({"old": c.old, "new": c.new}))
    };
    json!({"side": side_name(lost.side), "record": lost.record, "field": lost.field, "event": lost.event,
        "person_event": lost.person, "overwritten": change(lost.event), "person_wrote": change(lost.person)})
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Halo => "halo",
        Side::Hit => "hit",
    }
}

fn actor(actor: &Actor) -> String {
    match actor {
        Actor::Integration => "integration".into(),
        Actor::FullRights => "full_rights".into(),
        Actor::Product => "product".into(),
        Actor::Person(name) => format!("person: {name}"),
    }
}

async fn log(State(control): State<Control>, RawQuery(query): RawQuery) -> Response {
    let since = query.as_deref().unwrap_or("").split('&').find_map(|p| p.strip_prefix("since="));
    let Ok(since) = since.unwrap_or("0").parse::<usize>() else { return refuse("since is a whole number.") };
    let world = control.handle.lock();
    let events: Vec<Value> = world
        .log
        .iter()
        .enumerate()
        .skip(since)
        .map(|(n, e)| {
            let kind = match e.kind {
                WriteKind::Create => "create",
                WriteKind::Update => "update",
                WriteKind::LinkBack => "link_back",
                WriteKind::Delete => "delete",
            };
            let changes: Vec<Value> =
                e.changes.iter().map(|c| json!({"field": c.field, "old": c.old, "new": c.new})).collect();
            json!({"n": n, "at": rfc3339(e.at), "side": side_name(e.side), "actor": actor(&e.actor), "kind": kind,
                "resource": e.resource, "record": e.record, "changes": changes})
        })
        .collect();
    reply(200, &json!({"next": world.log.len(), "events": events}))
}

async fn edit(State(control): State<Control>, bytes: Bytes) -> Response {
    let wish = match body(&bytes) {
        Ok(wish) => wish,
        Err(why) => return refuse(&why),
    };
    let Some(edits) = wish["edits"].as_array() else { return refuse("edits is a list.") };
    let mut results = Vec::new();
    let mut events = Vec::new();
    let mut failed = None;
    {
        let mut own = control.own();
        let mut world = control.handle.lock();
        for wish in edits {
            match edits::edit(&mut world, wish) {
                Ok(done) => {
                    results.push(json!({"id": done.id}));
                    events.extend(done.events);
                    own.fields += done.fields;
                    own.edits += u64::from(done.decision.is_none());
                    own.decisions.extend(done.decision);
                }
                Err(why) => {
                    failed = Some(why);
                    break;
                }
            }
        }
    }
    crate::halo::send_deliveries(&control.handle);
    control.handle.wake();
    control.courier.send(events);
    match failed {
        None => reply(200, &json!({ "results": results })),
        Some(why) => reply(422, &json!({"error": why, "results": results})),
    }
}

async fn set_faults(State(control): State<Control>, bytes: Bytes) -> Response {
    let wish = match body(&bytes) {
        Ok(wish) => wish,
        Err(why) => return refuse(&why),
    };
    let Some(row) = wish.as_object() else { return refuse("The body is an object.") };
    let words = ["rate", "seed", "next", "late_ms", "slow_ms", "hold_ms"];
    if let Some(word) = row.keys().find(|k| !words.contains(&k.as_str())) {
        return refuse(&format!("There is no {word}; there are {}.", words.join(", ")));
    }
    let script = match row.get("next").map(|next| serde_json::from_value::<Vec<Scripted>>(next.clone())) {
        Some(Err(e)) => return refuse(&format!("next: {e}")),
        Some(Ok(script)) => Some(script),
        None => None,
    };
    let rate = match row.get("rate").map(Value::as_f64) {
        Some(Some(rate)) if (0.0..=HIGHEST_RATE).contains(&rate) => Some(rate),
        Some(_) => return refuse("rate is a number from 0 to 0.5."),
        None => None,
    };
    let Some(seed) = row.get("seed").map_or(Some(1), Value::as_u64) else {
        return refuse("seed is a whole number.");
    };
    let mut timing = control.faults.timing();
    let Timing { late, slow, hold } = &mut timing;
    for (name, slot) in [("late_ms", late), ("slow_ms", slow), ("hold_ms", hold)] {
        match row.get(name).map(Value::as_u64) {
            Some(Some(ms)) => *slot = Duration::from_millis(ms.min(600_000)),
            Some(None) => return refuse(&format!("{name} is a whole number.")),
            None => {}
        }
    }
    control.faults.set_timing(timing);
    if let Some(rate) = rate {
        control.faults.set_random(rate, seed);
    }
    if let Some(script) = script {
        control.faults.set_script(script);
    }
    show_faults(State(control)).await
}

async fn show_faults(State(control): State<Control>) -> Response {
    let faults = &control.faults;
    reply(200, &json!({"rate": faults.rate(), "next": faults.waiting(), "struck": faults.struck()}))
}

async fn set_deliveries(State(control): State<Control>, bytes: Bytes) -> Response {
    let fares: storm::Fares = match serde_json::from_slice(&bytes) {
        Ok(fares) => fares,
        Err(e) => return refuse(&format!("The body is {{lose, double, late_ms}}: {e}")),
    };
    control.handle.lock().fares = fares;
    reply(200, &json!(fares))
}

async fn storm_of_deliveries(State(control): State<Control>, bytes: Bytes) -> Response {
    let wish: storm::Wish = match serde_json::from_slice(&bytes) {
        Ok(wish) => wish,
        Err(e) => return refuse(&e.to_string()),
    };
    let letters = storm::letters(&mut control.handle.lock(), &wish);
    match letters {
        Ok(letters) => reply(200, &storm::blow(letters, wish.at_once()).await),
        Err(why) => refuse(&why),
    }
}

async fn set_break(State(control): State<Control>, bytes: Bytes) -> Response {
    let wish = match body(&bytes) {
        Ok(wish) => wish,
        Err(why) => return refuse(&why),
    };
    let Some(names) = wish["codes"].as_array() else { return refuse("codes is a list.") };
    let mut codes = Vec::new();
    for name in names {
        let Some(code) = name.as_str().and_then(Code::parse) else {
            return refuse(&format!("There is no code {name}."));
        };
        if code.only_at_start() {
            return refuse(&format!("{} is about the JSON line; give it to --break.", code.name()));
        }
        codes.push(code);
    }
    {
        let mut own = control.own();
        let mut world = control.handle.lock();
        own.breakage.set(&mut world, &codes);
    }
    show_break(State(control)).await
}

/// Gives the integration the role of the body and nothing more.
async fn set_role(State(control): State<Control>, bytes: Bytes) -> Response {
    let role: role::Role = match serde_json::from_slice(&bytes) {
        Ok(role) => role,
        Err(error) => return refuse(&format!("The body is no role: {error}")),
    };
    match role::set(&mut control.handle.lock(), &role) {
        Ok(()) => reply(200, &json!({"rights": role.rights.len()})),
        Err(why) => refuse(&why),
    }
}

async fn show_break(State(control): State<Control>) -> Response {
    let names: Vec<&str> = control.own().breakage.codes().iter().map(|c| c.name()).collect();
    reply(200, &json!({ "codes": names }))
}
