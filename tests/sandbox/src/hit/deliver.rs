//! Deliveries to webhooks: signed, at least once, in no order.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::record::Event;
use super::route::offers;
use super::values::hex;
use super::webhooks;
use crate::control::storm::Letter;
use crate::net;
use crate::world::clock::{Millis, rfc3339};
use crate::world::store::{Row, flag, text};
use crate::world::{Handle, World};

/// How long a receiver has.
const LIMIT: Duration = Duration::from_secs(10);

/// Attempts per delivery. The real contract goes on for 24 hours; a sandbox need not.
const ATTEMPTS: u32 = 8;

/// Takes events and delivers them.
#[derive(Debug, Clone)]
pub struct Courier {
    queue: mpsc::UnboundedSender<(Event, Millis)>,
    handle: Handle,
    task: AbortHandle,
}

impl Courier {
    /// Starts to deliver.
    #[must_use]
    pub fn start(handle: Handle, seed: u64) -> Self {
        let (queue, inbox) = mpsc::unbounded_channel();
        let task = tokio::spawn(work(handle.clone(), inbox, fastrand::Rng::with_seed(seed))).abort_handle();
        Self { queue, handle, task }
    }

    /// Queues events. Call it without holding the world.
    pub fn send(&self, events: impl IntoIterator<Item = Event>) {
        let now = self.handle.lock().clock.now();
        for event in events {
            // The receiver is gone only after the end of the sandbox.
            let _ = self.queue.send((event, now));
        }
    }

    /// Stops; what was not delivered stays so.
    pub fn stop(&self) {
        self.task.abort();
    }
}

async fn work(
    handle: Handle,
    mut inbox: mpsc::UnboundedReceiver<(Event, Millis)>,
    mut random: fastrand::Rng,
) {
    let mut running = JoinSet::new();
    let mut number = 0_u64;
    while let Some((event, at)) = inbox.recv().await {
        while running.try_join_next().is_some() {}
        number += 1;
        let (body, targets) = addressed(&handle.lock(), &event, at, number);
        for webhook in targets {
            let fares = handle.lock().fares;
            if fares.lose > 0.0 && random.f64() < fares.lose {
                continue;
            }
            // Now and then twice, never in order.
            let copies = if random.u8(..8) == 0 { 2 } else { 1 };
            for _ in 0..copies {
                let pause = Duration::from_millis(random.u64(..60));
                running.spawn(carry(handle.clone(), webhook.clone(), body.clone(), pause));
            }
        }
    }
}

/// The body of an event, and the webhooks that want it.
fn addressed(world: &World, event: &Event, at: Millis, number: u64) -> (String, Vec<String>) {
    let account = &world.hit.account;
    if !offers(account, "webhooks") {
        return (String::new(), Vec::new());
    }
    let version = event.version.filter(|_| offers(account, "etag"));
    let body = json!({"id": format!("ev_{number}"), "type": event.kind, "occurred_at": rfc3339(at),
        "item_id": event.item, "client_id": event.client, "version": version});
    let wants = |row: &Row| {
        flag(row, "active")
            && row
                .get("events")
                .and_then(Value::as_array)
                .is_some_and(|all| all.iter().any(|e| e.as_str() == Some(event.kind)))
    };
    let targets =
        world.hit.webhooks.values().filter(|r| wants(r)).map(|r| text(r, "id").to_owned()).collect();
    (body.to_string(), targets)
}

/// Deliveries for a storm: of updates of these items (all, if none is named), round and round.
pub(crate) fn storm(world: &mut World, ids: Vec<String>, count: usize) -> Vec<Letter> {
    let ids: Vec<String> = if ids.is_empty() { world.hit.items.keys().cloned().collect() } else { ids };
    let now = world.clock.now();
    let mut letters = Vec::new();
    for (number, id) in ids.iter().cycle().take(if ids.is_empty() { 0 } else { count }).enumerate() {
        let body = json!({"id": format!("ev_s{now}_{number}"), "type": "roadmap_item.updated",
            "occurred_at": rfc3339(now), "item_id": id, "client_id": null, "version": null})
        .to_string();
        let Some(webhook) = world.hit.webhooks.values().find(|row| flag(row, "active")) else { break };
        let webhook = text(webhook, "id").to_owned();
        let Some((url, signature)) = sealed(world, &webhook, &body) else { break };
        letters.push(Letter { url, headers: vec![("HIT-Signature".into(), signature)], body });
    }
    letters
}

async fn carry(handle: Handle, webhook: String, body: String, mut pause: Duration) {
    for attempt in 0..ATTEMPTS {
        tokio::time::sleep(pause).await;
        let Some((url, signature)) = sealed(&handle.lock(), &webhook, &body) else { return };
        let answer =
            net::post(&url, "application/json", &[("HIT-Signature".into(), signature)], &body, LIMIT).await;
        if answer.is_ok_and(|a| (200..300).contains(&a.status)) {
            return;
        }
        pause = Duration::from_millis(200) * 2_u32.pow(attempt);
    }
}

fn sealed(world: &World, webhook: &str, body: &str) -> Option<(String, String)> {
    let row = world.hit.webhooks.get(webhook).filter(|row| flag(row, "active"))?;
    let now = world.clock.now();
    Some((text(row, "url").to_owned(), signature(&webhooks::secrets(row, now), now / 1000, body)))
}

/// `t=..,v1=..` of a body.
#[must_use]
pub fn signature(secrets: &[String], seconds: i64, body: &str) -> String {
    let mut value = format!("t={seconds}");
    for secret in secrets {
        // HMAC takes keys of every length; were it not so, an empty signature would be refused.
        let digest = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map(|mut mac| {
            mac.update(format!("{seconds}.{body}").as_bytes());
            hex(&mac.finalize().into_bytes())
        });
        value.push_str(&format!(",v1={}", digest.unwrap_or_default()));
    }
    value
}

/// Delivers a `webhook.test` event once, and tells how it went.
pub async fn try_out(handle: &Handle, id: &str) -> Option<Value> {
    let (url, headers, body, event) = {
        let mut world = handle.lock();
        world.hit.last_number += 1;
        let event = format!("ev_t{}", world.hit.last_number);
        let now = world.clock.now();
        let row = world.hit.webhooks.get(id)?;
        let body = json!({"id": event, "type": "webhook.test", "occurred_at": rfc3339(now), "item_id": null,
            "client_id": null, "version": null})
        .to_string();
        let seal = signature(&webhooks::secrets(row, now), now / 1000, &body);
        (text(row, "url").to_owned(), [("HIT-Signature".to_owned(), seal)], body, event)
    };
    let answer = net::post(&url, "application/json", &headers, &body, LIMIT).await;
    let status = answer.as_ref().ok().map(|a| a.status);
    let delivered = status.is_some_and(|s| (200..300).contains(&s));
    Some(json!({"delivered": delivered, "event_id": event, "status_code": status, "detail": answer.err()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_in_force_signs() {
        // The digest was made with an independent tool: printf '5.{}' | openssl dgst -sha256 -hmac abc
        let value = signature(&["abc".to_owned(), "def".to_owned()], 5, "{}");
        let parts: Vec<&str> = value.split(',').collect();
        assert_eq!(parts[0], "t=5");
        assert_eq!(parts[1], "v1=dd1e1521bacac018ae7ce89e7f1d575c47d9c1e0a5c9894a2200175c7bd1a81e");
        assert_eq!(parts.len(), 3);
    }
}
