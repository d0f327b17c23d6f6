//! What every command works with: the configuration, the store, the clock, and the two clients.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use halo_client::Client as HaloClient;
use halo_client::secrecy::ExposeSecret;
use hit_client::{HitApi, HitClient};
use rest_core::clock::{Clock, SystemClock};
use rest_core::limit::{RateLimit, RateLimiter};
use sync_core::gate::GateReport;
use sync_core::ids::PairId;
use sync_core::settings::Settings;

use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::remote;
use crate::secrets::Secrets;
use crate::storage::{self, Identity, Lease, SqliteStore, Store, StoreError, UnixMs};

/// One pair of tenants, opened for a command. Holds no secret and has sent nothing.
#[derive(Clone)]
pub struct App {
    /// The configuration.
    pub config: Arc<Config>,
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// The time, and waiting.
    pub time: SystemClock,
    /// How long to wait for another process's lease.
    pub wait: Duration,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("config", &self.config.path).finish_non_exhaustive()
    }
}

/// The clients of both systems.
#[derive(Clone)]
pub struct Systems {
    /// HaloPSA.
    pub halo: HaloClient,
    /// HumanizeIT.
    pub hit: Arc<dyn HitApi>,
    /// The account behind the HIT key, checked to be the database's own.
    pub account: hit_client::Account,
    /// The pair, as it enters every marker.
    pub pair: PairId,
}

impl std::fmt::Debug for Systems {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Systems").field("pair", &self.pair).finish_non_exhaustive()
    }
}

impl App {
    /// Reads the configuration and opens the database, which must belong to the configured tenant.
    ///
    /// # Errors
    /// Those of [`Config::load`] and of the [store](crate::storage::StoreError).
    pub async fn open(config_file: &Path, wait: Duration) -> Result<Self, Failure> {
        Self::with_config(Config::load(config_file)?, wait).await
    }

    /// Opens the database of a configuration.
    ///
    /// # Errors
    /// Those of the [store](crate::storage::StoreError).
    pub async fn with_config(config: Config, wait: Duration) -> Result<Self, Failure> {
        let time = SystemClock;
        let now = unix_ms(time.wall());
        let store = SqliteStore::open(&config.database, now).await?;
        // Only looked at: a tenant that was never reached may be a slip of the pen, and must not own the database.
        if let Some(found) = store.identity().await?
            && found.halo != config.halo.tenant_name()
        {
            return Err(
                StoreError::other_tenant(&config.database, &found.halo, config.halo.tenant_name()).into()
            );
        }
        Ok(App { config: Arc::new(config), store: Arc::new(store), time, wait })
    }

    /// The same with another store, for trials.
    #[must_use]
    pub fn with_store(config: Config, store: Arc<dyn Store>, wait: Duration) -> Self {
        App { config: Arc::new(config), store, time: SystemClock, wait }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> UnixMs {
        unix_ms(self.time.wall())
    }

    /// The settings in force: the configuration's, with the clients and people that were linked by answers. What the
    /// configuration says about a client or a person goes before an answer.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = self.config.settings.clone();
        for link in self.store.client_links().await? {
            settings.project.clients.entry(link.hit).or_insert(link.halo);
        }
        for (member, agent) in self.store.people().await? {
            settings.project.people.entry(member).or_insert(agent);
        }
        Ok(settings)
    }

    /// Takes the lease for a command that writes.
    ///
    /// # Errors
    /// [`Exit::Locked`] while another process holds it, after waiting as long as the user asked for.
    pub async fn lease(&self, command: &str) -> Result<Lease, Failure> {
        let holder = format!("halo-hit {command}, process {}", std::process::id());
        Ok(self.store.lease(&holder, self.wait).await?)
    }

    /// What speaks for going global, and what is missing.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn gate(&self) -> Result<(GateReport, storage::GateFacts), Failure> {
        let facts = self.store.gate().await?;
        Ok((facts.report(), facts))
    }

    /// Notes that global scope began, if the gate is open now, and forgets it while the scope is not global. Issues of
    /// all the other clients appear with the first global plan, and must not close the gate behind it.
    pub(crate) async fn pass_gate(&self) -> Result<(), Failure> {
        let global = self.config.settings.sync.scope.is_global();
        let (report, facts) = self.gate().await?;
        if global != facts.opened.is_some() && (!global || report.open) {
            self.store.note_gate(global, self.now()).await?;
        }
        Ok(())
    }

    /// Refuses to write while the scope is global and the gate was neither open when that began, nor unlocked.
    ///
    /// # Errors
    /// [`Exit::Blocked`] with what is missing.
    pub async fn require_gate(&self) -> Result<(), Failure> {
        if !self.config.settings.sync.scope.is_global() {
            return Ok(());
        }
        let (report, facts) = self.gate().await?;
        if report.open || facts.opened.is_some() || facts.unlocked.is_some() {
            return Ok(());
        }
        let missing: Vec<String> =
            report.needs.iter().filter(|need| !need.met).map(|need| need.sentence()).collect();
        Err(Failure::new(
            Exit::Blocked,
            "gate_closed",
            format!("scope.global is on, but the gate to it is closed ({})", missing.join("; ")),
            "set scope.global = false and go on with validation clients, or run `halo-hit gate unlock --tenant NAME`",
        ))
    }

    /// Refuses to write while somebody has paused.
    ///
    /// # Errors
    /// [`Exit::Blocked`] with the reason given.
    pub async fn require_running(&self) -> Result<(), Failure> {
        let Some(paused) = self.store.paused().await? else { return Ok(()) };
        Err(Failure::new(
            Exit::Blocked,
            "paused",
            format!("the sync is paused ({})", paused.why),
            "`halo-hit resume` ends the pause",
        ))
    }

    /// Builds the Halo client. Nothing is sent.
    ///
    /// # Errors
    /// [`Exit::Address`] for an address that cannot be right.
    pub fn halo(&self, secrets: &Secrets) -> Result<HaloClient, Failure> {
        self.config.check_addresses()?;
        let (halo, timing) = (&self.config.halo, &self.config.timing);
        let mut builder = HaloClient::builder()
            .resource_server(halo.resource_server.as_str())
            .authorisation_server(halo.authorisation_server.as_str())
            .credentials(halo.client_id.clone(), secrets.halo.clone())
            .scopes(halo.scopes.join(" "))
            .rate_limit(halo.rate_limit.requests, halo.rate_limit.window)
            .concurrency(halo.concurrency as usize)
            .attempt_timeout(timing.request_timeout)
            .deadline(Some(timing.deadline))
            .user_agent(USER_AGENT);
        if let Some(tenant) = &halo.tenant {
            builder = builder.tenant(tenant.clone());
        }
        builder.build().map_err(|error| remote::halo_failure(&error, &self.config))
    }

    /// Builds the HIT client. Nothing is sent.
    ///
    /// # Errors
    /// [`Exit::Address`] for an address that cannot be right, [`Exit::Credentials`] for a key that cannot be one.
    pub fn hit(&self, secrets: &Secrets) -> Result<HitClient, Failure> {
        let (hit, timing) = (&self.config.hit, &self.config.timing);
        HitClient::builder(hit.base_url.clone(), secrets.hit.expose_secret().to_owned())
            .http(|http| {
                http.rate_limit(RateLimit::new(hit.rate_limit.requests, hit.rate_limit.window))
                    .concurrency(hit.concurrency as usize)
                    .attempt_timeout(timing.request_timeout)
                    .deadline(Some(timing.deadline))
                    .user_agent(USER_AGENT)
            })
            .build()
            .map_err(|error| remote::hit_failure(&error, &self.config))
    }

    /// Builds both clients, takes over the requests that earlier processes have sent, fetches Halo's token, and
    /// asks HIT whose key it is.
    ///
    /// # Errors
    /// Those of a first contact: [`Exit::Address`], [`Exit::Credentials`]; and [`Exit::Database`] when the account is
    /// not the one that the database was made with.
    pub async fn connect(&self, secrets: &Secrets) -> Result<Systems, Failure> {
        let halo = self.halo(secrets)?;
        let hit = self.hit(secrets)?;
        self.preload(halo.http().limiter()).await?;
        halo.authenticate().await.map_err(|error| remote::halo_failure(&error, &self.config))?;
        let account = hit.account().await.map_err(|error| remote::hit_failure(&error, &self.config))?;
        let tenant = self.config.halo.tenant_name();
        let identity = Identity { halo: tenant.to_owned(), hit: Some(account.id.to_string()) };
        self.store.claim(&identity, self.now()).await?;
        self.pass_gate().await?;
        let pair = PairId::from(format!("{tenant}|{}", account.id));
        Ok(Systems { halo, hit: Arc::new(hit), account, pair })
    }

    async fn preload(&self, limiter: &RateLimiter) -> Result<(), Failure> {
        let Some(text) = self.store.rate_window().await? else { return Ok(()) };
        // What cannot be read is the window of another version: a cautious start is all that is lost.
        let sent: Vec<u64> = serde_json::from_str(&text).unwrap_or_default();
        limiter.preload(sent.into_iter().filter_map(|ms| UNIX_EPOCH.checked_add(Duration::from_millis(ms))));
        Ok(())
    }

    /// Keeps what the next process must know of Halo's rate window. Call it before the process ends.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn keep_rate_window(&self, halo: &HaloClient) -> Result<(), Failure> {
        let sent: Vec<UnixMs> = halo.http().limiter().recent().into_iter().map(unix_ms).collect();
        let text = serde_json::to_string(&sent).map_err(|error| {
            Failure::other("rate_window_unprintable", "the rate window is odd", "").with_source(error)
        })?;
        Ok(self.store.keep_rate_window(&text).await?)
    }
}

const USER_AGENT: &str = concat!("halo-hit/", env!("CARGO_PKG_VERSION"));

/// Milliseconds since 1970; 0 for a clock before that.
#[must_use]
pub fn unix_ms(time: SystemTime) -> UnixMs {
    time.duration_since(UNIX_EPOCH).ok().and_then(|age| i64::try_from(age.as_millis()).ok()).unwrap_or(0)
}
