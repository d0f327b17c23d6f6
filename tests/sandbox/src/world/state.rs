//! The state both pretended servers share.
//!
//! There is one lock. A handler takes it, does all of one request, and lets go before it answers; nothing
//! waits while holding it.
//!
//! Faults are not in here: they are a layer around each server's router. What they need of the Halo side is
//! [`HaloSide::expire_tokens`]; everything else (lost and late requests, statuses, time, truncation, a capped
//! or repeated page through the query) happens to the request or the reply.

use crate::control::storm::Fares;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;

use super::clock::{Clock, Millis};
use super::limiter::Limiter;
use super::store::{Row, Store};

/// One of the two pretended products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// HaloPSA.
    Halo,
    /// HumanizeIT.
    Hit,
}

/// Who wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The integration's account: the API-only agent in Halo, the API key in HIT.
    Integration,
    /// The application with full rights, which tests and outside clients use.
    FullRights,
    /// A person, by name.
    Person(String),
    /// The product itself: a workflow, a rule, an automation.
    Product,
}

impl Actor {
    /// Whether the write came through an API account, and so counts.
    #[must_use]
    pub fn is_api(&self) -> bool {
        matches!(self, Self::Integration | Self::FullRights)
    }

    /// Whether a person wrote.
    #[must_use]
    pub fn is_person(&self) -> bool {
        matches!(self, Self::Person(_))
    }
}

/// What kind of write it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteKind {
    /// A record was made.
    Create,
    /// Fields of a record were changed (in Halo also through an action on a ticket).
    Update,
    /// Nothing but the reference to the other system was written.
    LinkBack,
    /// A record was deleted.
    Delete,
}

/// One field of one write.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    /// The field's wire name.
    pub field: String,
    /// What it held; null when absent.
    pub old: Value,
    /// What it holds now.
    pub new: Value,
}

/// One write, by anybody. A write that changed no value has no changes, but stands here all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct WriteEvent {
    /// When.
    pub at: Millis,
    /// In which product.
    pub side: Side,
    /// By whom.
    pub actor: Actor,
    /// What kind.
    pub kind: WriteKind,
    /// The resource: in Halo the path root in lower case (tickets, projects and opportunities are all
    /// `tickets`), in HIT `roadmap-items` and the like.
    pub resource: String,
    /// The record's id as text.
    pub record: String,
    /// The values that changed.
    pub changes: Vec<FieldChange>,
}

/// What one server counted. People's edits and token fetches are not in it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Requests that arrived, refused ones too.
    pub requests: u64,
    /// Records made.
    pub creates: u64,
    /// Updates, actions on tickets among them.
    pub updates: u64,
    /// Writes of nothing but the reference to the other system.
    pub link_backs: u64,
    /// Records deleted.
    pub deletes: u64,
    /// Requests refused for their rate.
    pub rate_limited: u64,
}

impl Counts {
    /// All writes but the link-backs.
    #[must_use]
    pub fn writes(&self) -> u64 {
        self.creates + self.updates + self.deletes
    }
}

/// An e-mail the real product would have sent to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// When.
    pub at: Millis,
    /// The address.
    pub to: String,
    /// The ticket it is about.
    pub ticket_id: i64,
    /// Why: `acknowledgement`, `status`, `closure` or `action`.
    pub reason: String,
    /// Whose write caused it.
    pub actor: Actor,
}

/// An access token that was given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The application's client id.
    pub client_id: String,
    /// The scopes granted.
    pub scopes: BTreeSet<String>,
    /// The clock's elapsed time at which it dies.
    pub expires: Millis,
}

/// A webhook delivery that waits to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The webhook's id.
    pub webhook_id: String,
    /// The subscription's id.
    pub notification_id: i64,
    /// The ticket or other record.
    pub entity_id: i64,
    /// Where to.
    pub url: String,
    /// Headers besides the usual ones.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// HaloPSA's half of the world.
#[derive(Debug, Default)]
pub struct HaloSide {
    /// The tenant's name.
    pub tenant: String,
    /// Life of a token in seconds.
    pub token_seconds: i64,
    /// Tokens given out.
    pub tokens: HashMap<String, Token>,
    /// All tickets: service tickets, opportunities, projects and tasks. Fields that follow from ids (names)
    /// are not stored. A deleted ticket stays with `deleted` true.
    pub tickets: Store,
    /// Actions by ticket id; their ids count from 1 in each ticket.
    pub actions: HashMap<i64, Vec<Row>>,
    /// Every other resource, by path root in lower case (`client`, `site`, `users`, `agent`, `team`,
    /// `tickettype`, `status`, `application`, `roles`, `externallink`, ...).
    pub roots: BTreeMap<String, Store>,
    /// Ids of the applications' client ids: the integration's, and the one with full rights.
    pub integration_client_id: String,
    /// See `integration_client_id`.
    pub full_rights_client_id: String,
    /// Number of the agent the integration logs in as.
    pub api_agent_id: i64,
    /// Webhook deliveries not yet sent.
    pub deliveries: Vec<Delivery>,
    /// Grows with every ticket write; caches hang on it together with the stores' versions.
    pub epoch: u64,
}

impl HaloSide {
    /// Makes every token that was given out worthless.
    pub fn expire_tokens(&mut self) {
        self.tokens.clear();
    }

    /// The rows of a root (lower case), empty when it has none.
    #[must_use]
    pub fn root(&self, root: &str) -> Option<&Store> {
        self.roots.get(root)
    }

    /// The rows of a root (lower case), made when missing.
    pub fn root_mut(&mut self, root: &str) -> &mut Store {
        self.epoch += 1;
        self.roots.entry(root.to_owned()).or_default()
    }

    /// One row of a root by numeric id.
    #[must_use]
    pub fn row(&self, root: &str, id: i64) -> Option<&Row> {
        self.roots.get(root)?.by_id(id)
    }
}

/// A remembered answer to a request that carried an idempotency key.
#[derive(Debug, Clone, PartialEq)]
pub struct Remembered {
    /// Fingerprint of the request.
    pub fingerprint: String,
    /// Status of the answer.
    pub status: u16,
    /// Body of the answer.
    pub body: Value,
}

/// HumanizeIT's half of the world. Records have the names and shapes of the HIT contract; those of an item
/// include `external_references` and `version`.
#[derive(Debug, Default)]
pub struct HitSide {
    /// The API key.
    pub api_key: String,
    /// The account, with `capabilities`.
    pub account: Row,
    /// Clients by id.
    pub clients: BTreeMap<String, Row>,
    /// Team members by id.
    pub members: BTreeMap<String, Row>,
    /// Statuses in their order.
    pub statuses: Vec<Row>,
    /// Roadmap items by id.
    pub items: BTreeMap<String, Row>,
    /// The HaloPSA integration's settings.
    pub integration: Row,
    /// Webhook subscriptions by id.
    pub webhooks: BTreeMap<String, Row>,
    /// Answers remembered by idempotency key.
    pub remembered: HashMap<String, Remembered>,
    /// Number in the last id given out.
    pub last_number: u64,
}

/// Everything.
#[derive(Debug)]
pub struct World {
    /// The clock.
    pub clock: Clock,
    /// Beliefs about the two systems that are false here.
    pub untrue: std::collections::BTreeSet<crate::untrue::Untrue>,
    /// HaloPSA.
    pub halo: HaloSide,
    /// HumanizeIT.
    pub hit: HitSide,
    /// Every write since the start, in order. The seed is not in it.
    pub log: Vec<WriteEvent>,
    /// E-mails to customers.
    pub outbox: Vec<Mail>,
    /// What Halo counted.
    pub halo_counts: Counts,
    /// What HIT counted.
    pub hit_counts: Counts,
    /// What the servers say of themselves against their nature, where a set-up is wrong: `app_name`, `auth_url`,
    /// `teams_refused`, `statuses_refused`, `links_dropped`, `status_undone`, `deliveries_refused`, `clock_ms`.
    pub oddities: Row,
    /// Halo's rate limit.
    pub halo_limit: Option<Limiter>,
    /// HIT's rate limit.
    pub hit_limit: Option<Limiter>,
    /// The Halo base URL of this process (`http://127.0.0.1:PORT`), once it listens.
    pub halo_origin: String,
    /// The HIT base URL, once it listens.
    pub hit_origin: String,
    /// Seeded randomness for what happens while running (GUIDs, tokens).
    pub random: fastrand::Rng,
    /// How deliveries of webhooks fare on their way.
    pub fares: Fares,
}

impl World {
    /// An empty world.
    #[must_use]
    pub fn empty(seed: u64) -> Self {
        Self {
            clock: Clock::start(),
            untrue: Default::default(),
            halo: HaloSide { token_seconds: 3600, ..HaloSide::default() },
            hit: HitSide::default(),
            log: Vec::new(),
            outbox: Vec::new(),
            halo_counts: Counts::default(),
            hit_counts: Counts::default(),
            oddities: Row::new(),
            halo_limit: None,
            hit_limit: None,
            halo_origin: String::new(),
            hit_origin: String::new(),
            random: fastrand::Rng::with_seed(seed ^ 0x5a4d_b0c5),
            fares: Fares::default(),
        }
    }

    /// What a side counted.
    #[must_use]
    pub fn counts(&self, side: Side) -> &Counts {
        match side {
            Side::Halo => &self.halo_counts,
            Side::Hit => &self.hit_counts,
        }
    }

    /// What a side counted, to count more.
    pub fn counts_mut(&mut self, side: Side) -> &mut Counts {
        match side {
            Side::Halo => &mut self.halo_counts,
            Side::Hit => &mut self.hit_counts,
        }
    }

    /// Counts a request and asks the side's rate limit. On refusal the milliseconds to wait.
    pub fn arrive(&mut self, side: Side) -> Result<(), Millis> {
        let now = self.clock.elapsed();
        let limit = match side {
            Side::Halo => self.halo_limit.as_mut(),
            Side::Hit => self.hit_limit.as_mut(),
        };
        let verdict = limit.map_or(Ok(()), |limit| limit.admit(now));
        let counts = self.counts_mut(side);
        counts.requests += 1;
        if verdict.is_err() {
            counts.rate_limited += 1;
        }
        verdict
    }

    /// Records a write, and counts it if an API account made it.
    pub fn record(
        &mut self,
        side: Side,
        actor: &Actor,
        kind: WriteKind,
        resource: &str,
        record: &str,
        changes: Vec<FieldChange>,
    ) {
        let at = self.clock.now();
        if actor.is_api() {
            let counts = self.counts_mut(side);
            match kind {
                WriteKind::Create => counts.creates += 1,
                WriteKind::Update => counts.updates += 1,
                WriteKind::LinkBack => counts.link_backs += 1,
                WriteKind::Delete => counts.deletes += 1,
            }
        }
        self.log.push(WriteEvent {
            at,
            side,
            actor: actor.clone(),
            kind,
            resource: resource.to_owned(),
            record: record.to_owned(),
            changes,
        });
    }

    /// A new GUID from the seeded randomness.
    pub fn guid(&mut self) -> String {
        guid(&mut self.random)
    }
}

/// A GUID from a source of randomness.
#[must_use]
pub fn guid(random: &mut fastrand::Rng) -> String {
    let n = random.u128(..);
    format!(
        "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
        n >> 96,
        n >> 80 & 0xffff,
        n >> 64 & 0xfff,
        8 + (n >> 62 & 3),
        n >> 48 & 0xfff,
        n & 0xffff_ffff_ffff
    )
}

#[derive(Debug)]
struct Shared {
    world: Mutex<World>,
    written: Notify,
}

/// A cheap handle to the one world.
#[derive(Debug, Clone)]
pub struct Handle(Arc<Shared>);

impl Handle {
    /// Shares a world.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self(Arc::new(Shared { world: Mutex::new(world), written: Notify::new() }))
    }

    /// Locks the world. A panic of another holder is not passed on: the tests report it already.
    pub fn lock(&self) -> MutexGuard<'_, World> {
        self.0.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those who wait for a write.
    pub fn wake(&self) {
        self.0.written.notify_waiters();
    }

    /// Waits until the next [`Handle::wake`].
    pub async fn woken(&self) {
        self.0.written.notified().await;
    }
}
