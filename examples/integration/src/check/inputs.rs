//! What a check works with: addresses as they were typed, ways to build clients, and the settings in force.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use halo_client::Client as HaloClient;
use halo_client::http::StatusCode;
use halo_client::secrecy::ExposeSecret;
use hit_client::{HitApi, HitClient};
use rest_core::client::{CallInfo, Hook, HttpClient, Outcome};
use rest_core::clock::SystemClock;
use rest_core::limit::{RateLimit, RateLimiter};
use rest_core::retry::RetryPolicy;
use sync_core::settings::Settings;

use crate::config::{Config, MarkerPlace};
use crate::secrets::Secrets;

/// The longest that one attempt may take: somebody is waiting for the answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// The longest time between two looks for a new record.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Builds a client that asks for these scopes. It holds the secret, so that nothing else here has to.
type Connect = Arc<dyn Fn(&[String]) -> Result<HaloClient, halo_client::Error> + Send + Sync>;

/// How HaloPSA is reached.
#[derive(Clone)]
pub struct HaloTarget {
    /// The resource server as typed.
    pub resource_server: String,
    /// The authorisation server as typed.
    pub authorisation_server: String,
    /// The tenant as typed.
    pub tenant: Option<String>,
    /// The name by which HumanizeIT's references mean this tenant; see [`Halo::tenant_name`](crate::config::Halo).
    pub instance: String,
    /// The client id, for messages.
    pub client_id: String,
    /// The scopes to ask for.
    pub scopes: Vec<String>,
    /// How long the first, anonymous request may take.
    pub timeout: Duration,
    /// The rate window that all of them share. Preload it with what other programs sent.
    pub limiter: RateLimiter,
    /// How many requests were sent, and how many of them were refused for their rate.
    pub sent: Sent,
    /// Builds clients.
    pub connect: Connect,
}

impl fmt::Debug for HaloTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HaloTarget").field("resource_server", &self.resource_server).finish_non_exhaustive()
    }
}

/// How HumanizeIT is reached.
#[derive(Clone)]
pub struct HitTarget {
    /// The base URL as typed.
    pub base_url: String,
    /// What is under the interface, for what only the transport shows.
    pub http: Option<HttpClient>,
    /// The interface, or why it could not be built.
    pub api: Result<Arc<dyn HitApi>, hit_client::Error>,
    /// Whether somebody has said that HumanizeIT's own Halo sync is off.
    pub built_in_sync_is_off: bool,
}

impl fmt::Debug for HitTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HitTarget").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// Counts the requests of a check.
#[derive(Debug, Clone, Default)]
pub struct Sent(Arc<[AtomicU32; 2]>);

impl Sent {
    /// How many were sent.
    #[must_use]
    pub fn all(&self) -> u32 {
        self.0[0].load(Ordering::Relaxed)
    }

    /// How many were refused for their rate.
    #[must_use]
    pub fn refused(&self) -> u32 {
        self.0[1].load(Ordering::Relaxed)
    }
}

impl Hook for Sent {
    fn after(&self, _: &CallInfo<'_>, outcome: &Outcome) {
        self.0[0].fetch_add(1, Ordering::Relaxed);
        if outcome.status == Some(StatusCode::TOO_MANY_REQUESTS) {
            self.0[1].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Where deliveries of webhooks should arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hooks {
    /// The address under which this program is reached from outside.
    pub public_url: String,
    /// Whether Halo should deliver to it.
    pub halo: bool,
    /// Whether HumanizeIT should.
    pub hit: bool,
}

/// Everything that a check works with.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// HaloPSA.
    pub halo: HaloTarget,
    /// HumanizeIT.
    pub hit: HitTarget,
    /// The settings in force, with what people have answered.
    pub settings: Settings,
    /// Webhooks, where they are wanted.
    pub webhooks: Option<Hooks>,
    /// How long to wait before looking again for what was just made, where something is written at all.
    pub patience: Duration,
    /// Where the marker of a new ticket goes.
    pub marker: MarkerPlace,
}

impl Inputs {
    /// The inputs of a configuration. Nothing is sent.
    #[must_use]
    pub fn new(config: &Config, secrets: &Secrets, settings: Settings) -> Self {
        let timeout = config.timing.request_timeout.min(PATIENCE);
        Inputs {
            halo: halo(config, secrets, timeout),
            hit: hit(config, secrets, timeout),
            settings,
            webhooks: config.webhooks.public_url.as_ref().map(|url| Hooks {
                public_url: url.to_string(),
                halo: config.webhooks.halo,
                hit: config.webhooks.hit,
            }),
            patience: config.timing.settle.min(LOOK_AGAIN),
            marker: config.halo.marker,
        }
    }
}

/// Enough to get over a lost connection, and no more.
fn retry() -> RetryPolicy {
    RetryPolicy::default().max_retries(1).max_throttled(3)
}

fn halo(config: &Config, secrets: &Secrets, timeout: Duration) -> HaloTarget {
    let halo = config.halo.clone();
    let secret = secrets.halo.clone();
    let deadline = config.timing.deadline;
    let rate = RateLimit::new(halo.rate_limit.requests, halo.rate_limit.window);
    let limiter = RateLimiter::new(Some(rate), SystemClock);
    let sent = Sent::default();
    let (shared, counted) = (limiter.clone(), sent.clone());
    HaloTarget {
        resource_server: halo.resource_server.to_string(),
        authorisation_server: halo.authorisation_server.to_string(),
        tenant: halo.tenant.clone(),
        instance: halo.tenant_name().to_owned(),
        client_id: halo.client_id.clone(),
        scopes: halo.scopes.clone(),
        timeout,
        limiter,
        sent,
        connect: Arc::new(move |scopes| {
            let mut builder = HaloClient::builder()
                .resource_server(halo.resource_server.as_str())
                .authorisation_server(halo.authorisation_server.as_str())
                .credentials(halo.client_id.clone(), secret.clone())
                .scopes(scopes.join(" "))
                .limiter(shared.clone())
                .hook(counted.clone())
                .concurrency(halo.concurrency as usize)
                .attempt_timeout(timeout)
                .deadline(Some(deadline))
                .retry(retry())
                .user_agent(USER_AGENT);
            if let Some(tenant) = &halo.tenant {
                builder = builder.tenant(tenant.clone());
            }
            builder.build()
        }),
    }
}

fn hit(config: &Config, secrets: &Secrets, timeout: Duration) -> HitTarget {
    let (hit, deadline) = (&config.hit, config.timing.deadline);
    let api = HitClient::builder(hit.base_url.clone(), secrets.hit.expose_secret().to_owned())
        .http(|http| {
            http.rate_limit(RateLimit::new(hit.rate_limit.requests, hit.rate_limit.window))
                .concurrency(hit.concurrency as usize)
                .attempt_timeout(timeout)
                .deadline(Some(deadline))
                .retry(retry())
                .user_agent(USER_AGENT)
        })
        .build();
    HitTarget {
        base_url: hit.base_url.to_string(),
        http: api.as_ref().ok().map(|client| client.http().clone()),
        api: api.map(|client| Arc::new(client) as Arc<dyn HitApi>),
        built_in_sync_is_off: hit.built_in_sync_is_off,
    }
}

const USER_AGENT: &str = concat!("halo-hit/", env!("CARGO_PKG_VERSION"));
