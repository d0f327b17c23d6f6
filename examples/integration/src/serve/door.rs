//! The listener: deliveries come in, are verified, stored, and only then answered.
//!
//! Nothing here waits for a system. Many deliveries that arrive together share one transaction, so that a storm costs
//! few of them; beyond a bounded number the sender is asked to come again, and the next poll finds the change anyway.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use halo_client::webhook as halo;
use hit_client::{EventType, webhook as hit};
use http::{HeaderMap, StatusCode, header};
use rest_core::clock::{Clock, SystemClock};
use serde::de::IgnoredAny;
use sync_core::hash::Hash128;
use sync_core::ids::{ItemId, Side, TicketId};
use tokio::sync::{Notify, Semaphore, mpsc, oneshot};

use crate::app::unix_ms;
use crate::storage::{Delivery, Reception, RecordKey, Store, UnixMs};

/// The largest body that is read; Halo can send a ticket with everything that belongs to it.
const LARGEST: usize = 1 << 20;
/// How long a body may take to arrive.
const SLOWEST: Duration = Duration::from_secs(10);
/// How many deliveries may be under way at once, and how many wait to be stored.
const AT_ONCE: usize = 1_024;
/// How many are stored in one transaction.
const TOGETHER: usize = 512;
/// The event of our own test deliveries.
pub(super) const TEST_EVENT: &str = "halo-hit test delivery";

/// What was counted since the process began.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) accepted: AtomicU64,
    pub(super) repeated: AtomicU64,
    /// Without the right proof of their sender.
    pub(super) forged: AtomicU64,
    /// Proven, and not readable.
    pub(super) unreadable: AtomicU64,
    /// Asked to come again.
    pub(super) turned_away: AtomicU64,
    /// When the last one was accepted, in milliseconds since 1970; 0 for never.
    pub(super) last: AtomicU64,
}

/// What the listener and the loop share.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) halo: Counts,
    pub(super) hit: Counts,
    /// Test deliveries that came through.
    tests: Mutex<BTreeSet<String>>,
    /// Told after each transaction with deliveries.
    pub(super) news: Notify,
    /// Whether the last pass of the sync went well, in one word.
    pub(super) health: Mutex<Health>,
}

/// What `/health` tells. No names, no texts of servers: whoever asks need not be a friend.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub(super) struct Health {
    /// `starting`, `ok`, `paused` or `failing`.
    pub(super) status: &'static str,
    /// The last pass that went well, in milliseconds since 1970.
    pub(super) last_pass: Option<UnixMs>,
}

impl Heard {
    pub(super) fn counts(&self, side: Side) -> &Counts {
        match side {
            Side::Halo => &self.halo,
            Side::Hit => &self.hit,
        }
    }

    pub(super) fn came_through(&self, test: &str) -> bool {
        self.tests.lock().unwrap_or_else(PoisonError::into_inner).remove(test)
    }

    pub(super) fn set_health(&self, status: &'static str, last_pass: Option<UnixMs>) {
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        let last_pass = last_pass.or(health.last_pass);
        *health = Health { status, last_pass };
    }
}

/// Whose deliveries are accepted, and how they are proven.
#[derive(Default)]
pub(super) struct Verifiers {
    pub(super) halo: Option<halo::Verifier>,
    pub(super) hit: Option<hit::Verifier>,
}

struct Letter {
    delivery: Delivery,
    answer: oneshot::Sender<Reception>,
}

struct Door {
    verifiers: Verifiers,
    inbox: mpsc::Sender<Letter>,
    under_way: Semaphore,
    heard: Arc<Heard>,
}

/// The routes, and the task that stores what they take in; it ends when the routes are dropped.
pub(super) fn open(
    verifiers: Verifiers,
    store: Arc<dyn Store>,
    heard: Arc<Heard>,
) -> (Router, impl Future<Output = ()>) {
    let (inbox, letters) = mpsc::channel(AT_ONCE);
    let door =
        Arc::new(Door { verifiers, inbox, under_way: Semaphore::new(AT_ONCE), heard: Arc::clone(&heard) });
    let routes = Router::new()
        .route("/hooks/halo", post(from_halo))
        .route("/hooks/hit", post(from_hit))
        .route("/health", get(health))
        .with_state(door);
    (routes, keep(store, letters, heard))
}

/// Stores what comes, as many at once as have come meanwhile.
async fn keep(store: Arc<dyn Store>, mut letters: mpsc::Receiver<Letter>, heard: Arc<Heard>) {
    let mut batch = Vec::with_capacity(TOGETHER);
    while letters.recv_many(&mut batch, TOGETHER).await > 0 {
        let now = unix_ms(SystemClock.wall());
        let (deliveries, answers): (Vec<_>, Vec<_>) =
            batch.drain(..).map(|letter| (letter.delivery, letter.answer)).unzip();
        match store.receive(&deliveries, now).await {
            Ok(receptions) => {
                for (answer, reception) in answers.into_iter().zip(receptions) {
                    // A sender that has gone meanwhile is not told; the delivery is stored all the same.
                    let _ = answer.send(reception);
                }
                heard.news.notify_one();
            }
            // Dropping the answers tells the senders to come again.
            Err(error) => tracing::error!(%error, "deliveries cannot be stored"),
        }
    }
}

async fn health(State(door): State<Arc<Door>>) -> Response {
    let health = door.heard.health.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let status = if health.status == "failing" { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    (status, axum::Json(health)).into_response()
}

async fn from_halo(State(door): State<Arc<Door>>, request: Request) -> Response {
    door.take(Side::Halo, request).await
}

async fn from_hit(State(door): State<Arc<Door>>, request: Request) -> Response {
    door.take(Side::Hit, request).await
}

/// What a delivery that was looked at is.
enum Read {
    News(Delivery),
    /// A test that shows that deliveries come through.
    Test(String),
    Forged,
    Unreadable,
}

impl Door {
    async fn take(&self, side: Side, request: Request) -> Response {
        let expected = match side {
            Side::Halo => self.verifiers.halo.is_some(),
            Side::Hit => self.verifiers.hit.is_some(),
        };
        if !expected {
            return StatusCode::NOT_FOUND.into_response();
        }
        let counts = self.heard.counts(side);
        let Ok(_place) = self.under_way.try_acquire() else { return turned_away(counts) };
        let (head, body) = request.into_parts();
        let body = match tokio::time::timeout(SLOWEST, to_bytes(body, LARGEST)).await {
            Ok(Ok(body)) => body,
            Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
            Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
        };
        match self.read(side, &head.headers, &body) {
            Read::Forged => {
                counts.forged.fetch_add(1, Ordering::Relaxed);
                StatusCode::UNAUTHORIZED.into_response()
            }
            Read::Unreadable => {
                counts.unreadable.fetch_add(1, Ordering::Relaxed);
                StatusCode::BAD_REQUEST.into_response()
            }
            Read::Test(id) => {
                self.heard.tests.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
                StatusCode::NO_CONTENT.into_response()
            }
            Read::News(delivery) => self.store(delivery, counts).await,
        }
    }

    async fn store(&self, delivery: Delivery, counts: &Counts) -> Response {
        let (answer, stored) = oneshot::channel();
        if self.inbox.try_send(Letter { delivery, answer }).is_err() {
            return turned_away(counts);
        }
        match stored.await {
            Ok(reception) => {
                let count =
                    if reception == Reception::Repeated { &counts.repeated } else { &counts.accepted };
                count.fetch_add(1, Ordering::Relaxed);
                let now = u64::try_from(unix_ms(SystemClock.wall())).unwrap_or(0);
                counts.last.store(now, Ordering::Relaxed);
                StatusCode::NO_CONTENT.into_response()
            }
            Err(_) => turned_away(counts),
        }
    }

    /// Nothing of the body is looked at before its sender is proven.
    fn read(&self, side: Side, headers: &HeaderMap, body: &Bytes) -> Read {
        match side {
            Side::Halo => match &self.verifiers.halo {
                Some(verifier) if verifier.verify(headers, body).is_ok() => read_halo(body),
                _ => Read::Forged,
            },
            Side::Hit => {
                let signature = headers.get(hit::SIGNATURE_HEADER).and_then(|value| value.to_str().ok());
                let (Some(verifier), Some(signature)) = (&self.verifiers.hit, signature) else {
                    return Read::Forged;
                };
                let now = jiff::Timestamp::from_millisecond(unix_ms(SystemClock.wall())).unwrap_or_default();
                match verifier.verify(signature, body, now) {
                    Ok(event) => read_hit(event),
                    Err(hit::Refused::Body) => Read::Unreadable,
                    Err(_) => Read::Forged,
                }
            }
        }
    }
}

fn turned_away(counts: &Counts) -> Response {
    counts.turned_away.fetch_add(1, Ordering::Relaxed);
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response()
}

/// Halo documents no name of a delivery. The same bytes with an id and a time in them are taken for a repetition;
/// without both, two changes of one ticket could look the same.
fn read_halo(body: &Bytes) -> Read {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(default)]
        id: Option<IgnoredAny>,
        #[serde(default)]
        timestamp: Option<IgnoredAny>,
    }
    let Ok(delivery) = halo::Delivery::parse(body) else { return Read::Unreadable };
    let changes = delivery.changes();
    if let [change] = changes
        && change.event() == Some(TEST_EVENT)
    {
        return Read::Test(change.id().unwrap_or_default().to_owned());
    }
    let named = serde_json::from_slice::<Named>(body)
        .is_ok_and(|named| named.id.is_some() && named.timestamp.is_some());
    let tickets = changes.iter().filter_map(halo::Change::ticket);
    Read::News(Delivery {
        side: Side::Halo,
        name: named.then(|| Hash128::of(body)),
        records: tickets.map(|id| RecordKey::Ticket(TicketId(id.get()))).collect(),
        catalogue: false,
    })
}

fn read_hit(event: hit::Event) -> Read {
    if event.kind == EventType::Test {
        return Read::Test(event.id.as_str().to_owned());
    }
    let about_others = [EventType::ClientUpdated, EventType::ClientArchived, EventType::IntegrationUpdated];
    Read::News(Delivery {
        side: Side::Hit,
        name: Some(Hash128::of(event.id.as_str().as_bytes())),
        records: event.item_id.iter().map(|id| RecordKey::Item(ItemId::from(id.as_str()))).collect(),
        catalogue: about_others.contains(&event.kind),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halo(body: &str) -> Delivery {
        match read_halo(&Bytes::copy_from_slice(body.as_bytes())) {
            Read::News(delivery) => delivery,
            _ => panic!("{body} is news"),
        }
    }

    #[test]
    fn only_a_delivery_that_tells_its_name_and_time_can_be_a_repetition() {
        let full = r#"{"id":"d1","timestamp":"2026-10-06T05:04:29","object_id":7}"#;
        assert_eq!(halo(full).name, halo(full).name);
        assert!(halo(full).name.is_some());
        assert_ne!(halo(full).name, halo(&full.replace("29", "30")).name);
        for body in [r#"{"ticket_id":7}"#, r#"{"id":7,"object_id":7}"#, r#"[{"id":"d1","timestamp":"x"}]"#] {
            assert_eq!(halo(body).name, None, "{body}");
        }
    }

    #[test]
    fn a_batch_tells_of_all_its_tickets_and_a_delivery_without_one_of_none() {
        let batch = halo(r#"[{"ticket":{"id":7}},{"object_id":8.0},{}]"#);
        assert_eq!(batch.records, [7, 8].map(|id| RecordKey::Ticket(TicketId(id))));
        assert_eq!(halo("{}").records, []);
    }
}
