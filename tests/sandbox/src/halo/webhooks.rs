//! Webhooks: who is told what, signed how; and the sending, on loopback only.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use super::auth::Caller;
use super::tickets::view;
use crate::control::storm::Letter;
use crate::world::clock::zoneless;
use crate::world::state::Delivery;
use crate::world::store::{flag, int, text};
use crate::world::{Handle, Key, Row, World};

/// Names of the event numbers.
fn event_name(event: i64) -> &'static str {
    match event {
        3 => "New Ticket Logged",
        39 => "Ticket Closed",
        61 => "Ticket Updated",
        76 => "Ticket Status Changed",
        1072 => "Ticket Deleted",
        _ => "Event",
    }
}

/// Queues a delivery for every subscription to an event of a ticket.
pub(super) fn fire(world: &mut World, event: i64, ticket_id: i64) {
    let made = deliveries(world, event, ticket_id);
    world.halo.deliveries.extend(made);
}

/// The deliveries of an event of a ticket, one for each subscription.
fn deliveries(world: &mut World, event: i64, ticket_id: i64) -> Vec<Delivery> {
    let subscriptions: Vec<(i64, Key)> = world
        .halo
        .root("notification")
        .into_iter()
        .flat_map(|store| store.iter())
        .filter(|(_, row)| int(row, "eventno") == event)
        .filter_map(|(_, row)| Some((int(row, "id"), row.get("webhook_id").and_then(Key::of)?)))
        .collect();
    if subscriptions.is_empty() {
        return Vec::new();
    }
    let nobody = Caller::person("webhook");
    let origin = world.halo_origin.clone();
    let ticket = view::reply(world, ticket_id, &nobody, &origin);
    let mut made = Vec::new();
    for (notification, webhook) in subscriptions {
        let Some(hook) = world.halo.root("webhook").and_then(|store| store.get(&webhook)).cloned() else {
            continue;
        };
        if !flag(&hook, "active") || flag(&hook, "disabled") {
            continue;
        }
        let id = world.guid();
        let body = json!({"id": id, "notification_id": notification, "event": event_name(event), "event_id": event,
            "webhook_id": text(&hook, "id"), "object_id": ticket_id, "timestamp": zoneless(world.clock.now()), "ticket": ticket});
        let body = body.to_string();
        let headers = headers(&hook, &body);
        made.push(Delivery {
            webhook_id: text(&hook, "id").to_owned(),
            notification_id: notification,
            entity_id: ticket_id,
            url: text(&hook, "url").to_owned(),
            headers,
            body,
        });
    }
    made
}

/// Deliveries for a storm: of updates of these tickets (all, if none is named), round and round.
pub(super) fn storm(world: &mut World, ids: Vec<i64>, count: usize) -> Vec<Letter> {
    let ids =
        if ids.is_empty() { world.halo.tickets.iter().map(|(_, row)| int(row, "id")).collect() } else { ids };
    let letter =
        |delivery: Delivery| Letter { url: delivery.url, headers: delivery.headers, body: delivery.body };
    ids.iter()
        .cycle()
        .take(if ids.is_empty() { 0 } else { count })
        .flat_map(|id| deliveries(world, 61, *id).into_iter().take(1).map(letter).collect::<Vec<_>>())
        .collect()
}

/// The headers that authenticate a delivery: 0 none, 1 basic, 2 bearer, 3 HMAC.
fn headers(hook: &Row, body: &str) -> Vec<(String, String)> {
    let secret = text(hook, "basic_password");
    let named = |default: &str| {
        let name = text(hook, "authentication_header");
        if name.is_empty() { default.to_owned() } else { name.to_owned() }
    };
    match int(hook, "authentication_type") {
        1 => {
            let pair = STANDARD.encode(format!("{}:{secret}", text(hook, "basic_username")));
            vec![("Authorization".into(), format!("Basic {pair}"))]
        }
        2 => vec![("Authorization".into(), format!("Bearer {secret}"))],
        3 => {
            let mut mac = match Hmac::<Sha256>::new_from_slice(secret.as_bytes()) {
                Ok(mac) => mac,
                Err(_) => return Vec::new(),
            };
            mac.update(body.as_bytes());
            let value = STANDARD.encode(mac.finalize().into_bytes());
            vec![(named("Token"), format!("{}{value}", text(hook, "signature_prefix")))]
        }
        _ => Vec::new(),
    }
}

/// Sends what waits, each delivery on a task of its own, and logs the attempts as webhook events.
pub(super) fn send_waiting(handle: &Handle, world: &mut World) {
    for delivery in std::mem::take(&mut world.halo.deliveries) {
        let fares = world.fares;
        for late in fares.copies(&mut world.random) {
            let (handle, delivery) = (handle.clone(), delivery.clone());
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                let (began, refused) = {
                    let world = handle.lock();
                    (world.clock.elapsed(), flag(&world.oddities, "deliveries_refused"))
                };
                let outcome = if refused {
                    Ok(502)
                } else {
                    let sent = timeout(Duration::from_secs(10), post(&delivery)).await;
                    sent.unwrap_or_else(|_| Err("timed out".into()))
                };
                log(&mut handle.lock(), &delivery, began, &outcome);
            });
        }
    }
}

fn log(world: &mut World, delivery: &Delivery, began: i64, outcome: &Result<u16, String>) {
    let id = world.guid();
    let status = outcome.as_ref().copied().unwrap_or(0);
    let duration = world.clock.elapsed() - began;
    let event = json!({"id": id, "webhook_id": delivery.webhook_id, "notification_id": delivery.notification_id,
        "timestamp": zoneless(world.clock.now()), "status": i32::from(outcome.is_err() || status >= 300), "duration": duration,
        "requestheaders": delivery.headers.iter().map(|(n, _)| format!("{n}: ***")).collect::<Vec<_>>().join("\r\n"),
        "requestbody": delivery.body, "responsestatus": status, "responsebody": outcome.as_ref().err().cloned().unwrap_or_default(),
        "responseheaders": "", "entity_id": delivery.entity_id, "error": outcome.is_err()});
    if let Value::Object(event) = event {
        world.halo.root_mut("webhookevent").put(Key::parse(&id), event);
    }
}

/// One POST over plain HTTP to this machine; other hosts are not contacted.
async fn post(delivery: &Delivery) -> Result<u16, String> {
    let rest = delivery.url.strip_prefix("http://").ok_or("only http on loopback is delivered here")?;
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host).trim_matches(['[', ']']);
    if !matches!(host, "localhost" | "::1") && !host.starts_with("127.") {
        return Err("only loopback is delivered to here".into());
    }
    let address = if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let mut stream = TcpStream::connect(&address).await.map_err(|error| error.to_string())?;
    let mut head = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n",
        delivery.body.len()
    );
    for (name, value) in &delivery.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await.map_err(|error| error.to_string())?;
    stream.write_all(delivery.body.as_bytes()).await.map_err(|error| error.to_string())?;
    let mut reply = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut reply).await.map_err(|error| error.to_string())?;
    let line = String::from_utf8_lossy(&reply);
    line.split_whitespace().nth(1).and_then(|code| code.parse().ok()).ok_or_else(|| "no HTTP reply".into())
}
