//! The pretended HumanizeIT. It speaks the contract written down in `hit-client/openapi.yaml`, from that
//! document and not from the client's code.

pub mod budget;
pub mod deliver;
pub mod integration;
pub mod items;
pub mod people;
pub mod query;
pub mod record;
pub mod refs;
pub mod refusal;
pub mod route;
pub mod values;
pub mod webhooks;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use deliver::Courier;
use query::{ListQuery, Place, Query};
use record::{Event, client_view, item_view, precondition};
use refusal::{Refusal, reply};
use route::{Payload, Route, offers};

use crate::world::clock::parse;
use crate::world::state::Remembered;
use crate::world::store::{Row, text};
use crate::world::{Actor, Handle, Side, World};

/// Where the API begins.
pub const BASE: &str = "/api/v1";

/// Everything HIT may offer.
pub const CAPABILITIES: [&str; 7] =
    ["start_date", "hours", "recurring_budget", "etag", "idempotency", "webhooks", "external_references"];

/// The largest body that is read.
const CAP: usize = 8 << 20;

/// What the handlers need.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The world.
    pub handle: Handle,
    /// The courier of webhook deliveries.
    pub courier: Courier,
}

/// The server.
pub fn router(hit: Hit) -> Router {
    Router::new().fallback(answer).with_state(hit)
}

async fn answer(State(hit): State<Hit>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, CAP).await;
    let arrived = Arrived {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or("").to_owned(),
        headers: parts.headers,
        body: body.map(|b| b.to_vec()).unwrap_or_default(),
    };
    let mut events = Vec::new();
    let (id, judged) = {
        let mut world = hit.handle.lock();
        let id = format!("req_{}", &world.guid()[..8]);
        (id, judge(&mut world, &arrived, &mut events))
    };
    if !events.is_empty() {
        hit.handle.wake();
        hit.courier.send(events);
    }
    let mut response = match judged {
        Ok(Verdict::Reply(response)) => response,
        Ok(Verdict::TestIntegration(connection)) => {
            let now = hit.handle.lock().clock.now();
            reply(200, &integration::test(connection, now).await)
        }
        Ok(Verdict::TestWebhook(webhook)) => match deliver::try_out(&hit.handle, &webhook).await {
            Some(outcome) => reply(200, &outcome),
            None => Refusal::not_found(format!("No webhook {webhook}.")).into_reply(),
        },
        Err(refusal) => refusal.into_reply(),
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

/// A request that was read.
struct Arrived {
    method: axum::http::Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Arrived {
    fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap_or("\u{fffd}"))
    }
}

/// What is to be answered, where it takes no waiting; else what to wait for.
enum Verdict {
    Reply(Response),
    TestIntegration(integration::Connection),
    TestWebhook(String),
}

/// Judges a request in the order the contract gives.
fn judge(world: &mut World, arrived: &Arrived, events: &mut Vec<Event>) -> Result<Verdict, Refusal> {
    let admitted = world.arrive(Side::Hit);
    authenticate(world, arrived)?;
    admitted.map_err(|wait| Refusal::throttled(u64::try_from(wait).unwrap_or(0).div_ceil(1000).max(1)))?;
    let path = arrived.path.strip_prefix(BASE).filter(|p| p.starts_with('/'));
    let route = Route::of(&arrived.method, path.ok_or_else(|| Refusal::not_found("No such path."))?)?;
    if let Some(capability) = route.capability().filter(|c| !offers(&world.hit.account, c)) {
        return Err(Refusal::new(
            404,
            "capability_absent",
            format!("This account does not offer {capability}."),
        ));
    }
    let body = read_body(&route, arrived)?;
    let query = Query::read(&arrived.query, route.parameters())?;
    let memory = idempotency(world, &route, arrived)?;
    if let Some((key, print)) = &memory
        && let Some(known) = world.hit.remembered.get(key)
    {
        if known.fingerprint != *print {
            let why = "The key was used for another body.";
            return Err(Refusal::at(422, "idempotency_key_reused", "Idempotency-Key", why));
        }
        let mut response = shown(world, known.status, &known.body);
        response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
        return Ok(Verdict::Reply(response));
    }
    match act(world, &route, &query, &body, arrived, events)? {
        Acted::Data(status, body) => {
            if let Some((key, fingerprint)) = memory {
                let remembered = Remembered { fingerprint, status, body: body.clone() };
                world.hit.remembered.insert(key, remembered);
            }
            Ok(Verdict::Reply(shown(world, status, &body)))
        }
        Acted::Empty => {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = axum::http::StatusCode::NO_CONTENT;
            Ok(Verdict::Reply(response))
        }
        Acted::Wait(verdict) => Ok(verdict),
    }
}

/// A reply that shows data; one that shows an item or the integration has an `ETag`.
fn shown(world: &World, status: u16, body: &Value) -> Response {
    let mut response = reply(status, body);
    if let Some(version) = body.get("version").filter(|_| offers(&world.hit.account, "etag"))
        && let Ok(tag) = HeaderValue::from_str(&format!("\"{version}\""))
    {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

fn authenticate(world: &World, arrived: &Arrived) -> Result<(), Refusal> {
    let key = arrived
        .header(header::AUTHORIZATION)
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, key)| key.trim());
    match key {
        Some(key) if !key.is_empty() && key == world.hit.api_key => Ok(()),
        Some(_) => Err(Refusal::new(401, "unauthenticated", "The API key is unknown or was revoked.")),
        None => Err(Refusal::new(401, "unauthenticated", "There is no API key.")),
    }
}

fn read_body(route: &Route, arrived: &Arrived) -> Result<Row, Refusal> {
    if route.body() == Payload::None {
        return Ok(Row::new());
    }
    let kind = arrived.header(header::CONTENT_TYPE).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let merge = route.body() == Payload::MergePatch && kind == "application/merge-patch+json";
    if kind != "application/json" && !merge {
        return Err(Refusal::at(415, "unsupported_media_type", "Content-Type", format!("It is {kind:?}.")));
    }
    let value: Value = serde_json::from_slice(&arrived.body).map_err(|e| {
        Refusal::new(400, "invalid_json", format!("Line {}, column {}.", e.line(), e.column()))
    })?;
    match value {
        Value::Object(row) => Ok(row),
        _ => Err(Refusal::new(400, "invalid_json", "The body is an object.")),
    }
}

/// The key under which the reply is remembered, and the fingerprint of the body.
fn idempotency(world: &World, route: &Route, arrived: &Arrived) -> Result<Option<(String, String)>, Refusal> {
    let Some(name) = route.idempotent().filter(|_| offers(&world.hit.account, "idempotency")) else {
        return Ok(None);
    };
    let Some(key) = arrived.header("idempotency-key") else { return Ok(None) };
    if !(1..=128).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Refusal::parameter("Idempotency-Key", "It is 1 to 128 visible ASCII characters."));
    }
    Ok(Some((format!("{name}\n{key}"), values::hex(&Sha256::digest(&arrived.body)))))
}

enum Acted {
    Data(u16, Value),
    Empty,
    Wait(Verdict),
}

fn act(
    world: &mut World,
    route: &Route,
    query: &Query,
    body: &Row,
    arrived: &Arrived,
    events: &mut Vec<Event>,
) -> Result<Acted, Refusal> {
    let actor = Actor::Integration;
    let if_match = arrived.header(header::IF_MATCH);
    let show = |world: &World, status: u16, id: &str| -> Result<Acted, Refusal> {
        let item = world.hit.items.get(id).ok_or_else(|| Refusal::not_found(format!("No item {id}.")))?;
        Ok(Acted::Data(status, item_view(&world.hit.account, item)))
    };
    match route {
        Route::Account => Ok(Acted::Data(200, Value::Object(world.hit.account.clone()))),
        Route::Clients | Route::Members | Route::Statuses | Route::Items | Route::Webhooks => {
            list(world, route, query).map(|body| Acted::Data(200, body))
        }
        Route::CreateItem => {
            let (item, event) = items::create(world, &actor, body)?;
            events.push(event);
            show(world, 201, text(&item, "id"))
        }
        Route::Item(id) => show(world, 200, id),
        Route::PatchItem(id) => {
            let item = world.hit.items.get(id).ok_or_else(|| Refusal::not_found(format!("No item {id}.")))?;
            precondition(&world.hit.account, item, if_match)?;
            events.extend(items::patch(world, &actor, id, body)?);
            show(world, 200, id)
        }
        Route::PutReference(path) => {
            let (new, event) = refs::put(world, &actor, path, body)?;
            events.extend(event);
            show(world, if new { 201 } else { 200 }, &path.item)
        }
        Route::DeleteReference(path) => {
            events.extend(refs::delete(world, &actor, path)?);
            Ok(Acted::Empty)
        }
        Route::Integration => Ok(Acted::Data(200, integration::view(world))),
        Route::PatchIntegration => {
            precondition(&world.hit.account, &world.hit.integration, if_match)?;
            events.extend(integration::patch(world, &actor, body)?);
            Ok(Acted::Data(200, integration::view(world)))
        }
        Route::TestIntegration => Ok(Acted::Wait(Verdict::TestIntegration(integration::connection(world)?))),
        Route::CreateWebhook => {
            let row = webhooks::create(world, &actor, body)?;
            let mut shown = webhooks::view(&row);
            shown["secret"] = json!(text(&row, "_secret"));
            Ok(Acted::Data(201, shown))
        }
        Route::Webhook(id) => Ok(Acted::Data(200, webhooks::view(webhooks::find(world, id)?))),
        Route::PatchWebhook(id) => {
            Ok(Acted::Data(200, webhooks::view(&webhooks::patch(world, &actor, id, body)?)))
        }
        Route::DeleteWebhook(id) => webhooks::delete(world, &actor, id).map(|()| Acted::Empty),
        Route::TestWebhook(id) => {
            webhooks::find(world, id)?;
            Ok(Acted::Wait(Verdict::TestWebhook(id.clone())))
        }
    }
}

fn list(world: &World, route: &Route, query: &Query) -> Result<Value, Refusal> {
    let account = &world.hit.account;
    let now = world.clock.now();
    let name = format!("{route:?}");
    let list = ListQuery::read(&name, query, offers(account, "external_references"), now)?;
    let open = |row: &&Row| list.archived || row.get("archived_at").is_none_or(Value::is_null);
    let (rows, next): (Vec<Value>, _) = match route {
        Route::Clients => {
            let (rows, next) = list.page(world.hit.clients.values().filter(open), by_id, now);
            (rows.into_iter().map(|row| client_view(account, row)).collect(), next)
        }
        Route::Members => {
            let (rows, next) = list.page(world.hit.members.values(), by_id, now);
            (rows.into_iter().cloned().map(Value::Object).collect(), next)
        }
        Route::Webhooks => {
            let (rows, next) = list.page(world.hit.webhooks.values(), by_id, now);
            (rows.into_iter().map(webhooks::view).collect(), next)
        }
        Route::Statuses => {
            let (rows, next) = list.page(world.hit.statuses.iter(), by_order, now);
            (rows.into_iter().cloned().map(Value::Object).collect(), next)
        }
        _ => {
            let wanted = |row: &&Row| open(row) && matches(row, &list);
            let (rows, next) = list.page(world.hit.items.values().filter(wanted), by_update, now);
            (rows.into_iter().map(|row| item_view(account, row)).collect(), next)
        }
    };
    Ok(json!({"data": rows, "next_cursor": next}))
}

fn by_id(row: &Row) -> Place<'_> {
    Place::new("", text(row, "id"))
}

fn by_order(row: &Row) -> Place<'_> {
    Place::new(format!("{:020}", row["sort_order"].as_i64().unwrap_or(0)), text(row, "id"))
}

fn by_update(row: &Row) -> Place<'_> {
    Place::new(text(row, "updated_at"), text(row, "id"))
}

fn matches(item: &Row, list: &ListQuery) -> bool {
    list.client.as_ref().is_none_or(|id| text(item, "client_id") == id)
        && (list.statuses.is_empty() || list.statuses.iter().any(|s| text(item, "status_id") == s))
        && list.since.is_none_or(|since| parse(text(item, "updated_at")).is_some_and(|at| at >= since))
        && list.reference.as_ref().is_none_or(|target| {
            refs::of(item).iter().any(|r| {
                refs::same_place(r, [&target.system, &target.instance, &target.kind])
                    && target.id.as_ref().is_none_or(|id| r["id"] == id.as_str())
            })
        })
}
