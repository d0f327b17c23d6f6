//! What a check works with: addresses as they were typed, ways to build clients, and the settings in force.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use halo_client::Client as HaloClient;
use halo_client::secrecy::ExposeSecret;
use hit_client::{HitApi, HitClient};
use rest_core::limit::RateLimit;
use rest_core::retry::RetryPolicy;
use sync_core::settings::Settings;

use crate::config::Config;
use crate::secrets::Secrets;

/// The longest that one attempt may take: somebody is waiting for the answer.
const PATIENCE: Duration = Duration::from_secs(15);

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

/// Everything that a check works with.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// HaloPSA.
    pub halo: HaloTarget,
    /// HumanizeIT.
    pub hit: HitTarget,
    /// The settings in force, with what people have answered.
    pub settings: Settings,
}

impl Inputs {
    /// The inputs of a configuration. Nothing is sent.
    #[must_use]
    pub fn new(config: &Config, secrets: &Secrets, settings: Settings) -> Self {
        let timeout = config.timing.request_timeout.min(PATIENCE);
        Inputs { halo: halo(config, secrets, timeout), hit: hit(config, secrets, timeout), settings }
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
    HaloTarget {
        resource_server: halo.resource_server.to_string(),
        authorisation_server: halo.authorisation_server.to_string(),
        tenant: halo.tenant.clone(),
        instance: halo.tenant_name().to_owned(),
        client_id: halo.client_id.clone(),
        scopes: halo.scopes.clone(),
        timeout,
        connect: Arc::new(move |scopes| {
            let mut builder = HaloClient::builder()
                .resource_server(halo.resource_server.as_str())
                .authorisation_server(halo.authorisation_server.as_str())
                .credentials(halo.client_id.clone(), secret.clone())
                .scopes(scopes.join(" "))
                .rate_limit(halo.rate_limit.requests, halo.rate_limit.window)
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
        api: api.map(|client| Arc::new(client) as Arc<dyn HitApi>),
        built_in_sync_is_off: hit.built_in_sync_is_off,
    }
}

const USER_AGENT: &str = concat!("halo-hit/", env!("CARGO_PKG_VERSION"));
