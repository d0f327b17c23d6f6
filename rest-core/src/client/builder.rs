//! Putting a client together.

use std::sync::Arc;
use std::time::Duration;

use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use secrecy::SecretString;
use tokio::sync::Semaphore;
use url::Url;

use super::wire::Wire;
use super::{HttpClient, Inner, Signer};
use crate::auth::{Auth, Kind, TokenCache, guard_destination};
use crate::client::Hook;
use crate::clock::Time;
use crate::error::{Error, ErrorDecoder};
use crate::limit::{RateLimit, RateLimiter};
use crate::retry::{RetryBudget, RetryPolicy};
use crate::sanitize::Secrets;
use crate::transport::Transport;

/// Settings of an [`HttpClient`]. What is not set has the default that its method names.
#[must_use]
pub struct HttpClientBuilder {
    base: Url,
    transport: Option<Arc<dyn Transport>>,
    time: Option<Arc<dyn Time>>,
    auth: Auth,
    limit: Option<RateLimit>,
    limiter: Option<RateLimiter>,
    concurrency: usize,
    retry: RetryPolicy,
    budget: u32,
    attempt_timeout: Duration,
    deadline: Option<Duration>,
    body_cap: u64,
    user_agent: Option<String>,
    headers: HeaderMap,
    call_id_header: Option<HeaderName>,
    hooks: Vec<Arc<dyn Hook>>,
    decoder: Option<Arc<dyn ErrorDecoder>>,
    secrets: Vec<SecretString>,
    seed: Option<u64>,
}

impl HttpClientBuilder {
    pub(super) fn new(base: Url) -> Self {
        Self {
            base,
            transport: None,
            time: None,
            auth: Auth::none(),
            limit: None,
            limiter: None,
            concurrency: 8,
            retry: RetryPolicy::default(),
            budget: 100,
            attempt_timeout: Duration::from_secs(30),
            deadline: Some(Duration::from_secs(600)),
            body_cap: 64 << 20,
            user_agent: None,
            headers: HeaderMap::new(),
            call_id_header: None,
            hooks: Vec::new(),
            decoder: None,
            secrets: Vec::new(),
            seed: None,
        }
    }

    /// What sends the requests. The reqwest transport, if its feature is on.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The clock, and the sleep that goes with it. The system's, if the feature `tokio` is on.
    pub fn clock(mut self, clock: impl Time) -> Self {
        self.time = Some(Arc::new(clock));
        self
    }

    /// The credentials. None.
    pub fn auth(mut self, auth: Auth) -> Self {
        self.auth = auth;
        self
    }

    /// How many requests may be sent in any stretch of time. No limit.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Shares another client's limiter, for several clients that draw on one allowance.
    pub fn limiter(mut self, limiter: RateLimiter) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// How many requests may be under way at once. 8; zero is read as one.
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.clamp(1, Semaphore::MAX_PERMITS);
        self
    }

    /// How a failed attempt is retried. See [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many retries all calls together may have in store; see [`RetryBudget`]. 100.
    pub fn retry_budget(mut self, retries: u32) -> Self {
        self.budget = retries;
        self
    }

    /// How long one attempt may take, from the transport call to the last byte. 30 s, and in any case a second
    /// more for every 128 KiB that the request sends.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long a whole call may take, with waits and retries; `None` for ever. Ten minutes.
    pub fn deadline(mut self, deadline: Option<Duration>) -> Self {
        self.deadline = deadline;
        self
    }

    /// The largest body that is read into memory, in bytes, unpacked. 64 MiB.
    pub fn body_cap(mut self, bytes: u64) -> Self {
        self.body_cap = bytes;
        self
    }

    /// The `user-agent`. The name and version of this crate.
    pub fn user_agent(mut self, text: impl Into<String>) -> Self {
        self.user_agent = Some(text.into());
        self
    }

    /// Adds a header to every request to the base's origin; mark secrets sensitive.
    pub fn default_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends the call's id in this header, the same for all attempts of a call, and never to other servers. Not
    /// sent.
    pub fn call_id_header(mut self, name: HeaderName) -> Self {
        self.call_id_header = Some(name);
        self
    }

    /// Adds a hook.
    pub fn hook(mut self, hook: impl Hook + 'static) -> Self {
        self.hooks.push(Arc::new(hook));
        self
    }

    /// What reads the product's error bodies. Nothing: errors tell the status.
    pub fn error_decoder(mut self, decoder: impl ErrorDecoder + 'static) -> Self {
        self.decoder = Some(Arc::new(decoder));
        self
    }

    /// A secret that is taken out of everything a server sends back before it reaches an error or a log. The
    /// client's own credentials are known already.
    pub fn redact(mut self, secret: impl Into<SecretString>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// Makes the jitter and the call ids repeatable, for tests. Random.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Builds the client.
    ///
    /// # Errors
    ///
    /// A configuration error when the base is no http address, credentials would leave over plain http to
    /// another machine, the user agent cannot stand in a header, or a feature is off whose default is needed.
    pub fn build(self) -> Result<HttpClient, Error> {
        let base_uri = check_base(&self.base)?;
        if !matches!(self.auth.0, Kind::None) {
            guard_destination(&base_uri)?;
        }
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport()?,
        };
        let time = match self.time {
            Some(time) => time,
            None => default_time()?,
        };
        let mut headers = self.headers;
        if !headers.contains_key(USER_AGENT) {
            let agent =
                self.user_agent.as_deref().unwrap_or(concat!("rest-core/", env!("CARGO_PKG_VERSION")));
            let agent = HeaderValue::from_str(agent).map_err(|_| {
                Error::configuration("the user agent holds characters that no header may hold")
            })?;
            headers.insert(USER_AGENT, agent);
        }
        let secrets = Secrets::default();
        for secret in self.secrets {
            secrets.add(secret);
        }
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        let signer = match self.auth.0 {
            Kind::None => Signer::None,
            Kind::Header(name, value, secret) => {
                secrets.add(secret);
                Signer::Fixed(name, value)
            }
            Kind::Tokens(source) => {
                for secret in source.secrets() {
                    secrets.add(secret);
                }
                let cache = TokenCache::with(Arc::clone(&time), secrets.clone(), seed);
                Signer::Tokens { source, cache: Box::new(cache) }
            }
        };
        let limiter = self.limiter.unwrap_or_else(|| RateLimiter::with_time(self.limit, Arc::clone(&time)));
        let user_agent = headers.get(USER_AGENT).cloned();
        let inner = Arc::new(Inner {
            wire: Wire {
                transport,
                time,
                secrets,
                decoder: self.decoder,
                retry: self.retry,
                budget: RetryBudget::new(self.budget),
                attempt_timeout: self.attempt_timeout,
                body_cap: self.body_cap,
                user_agent,
                random: std::sync::Mutex::new(fastrand::Rng::with_seed(seed)),
            },
            base: self.base,
            base_uri,
            signer,
            limiter,
            concurrency: Semaphore::new(self.concurrency),
            deadline: self.deadline,
            headers,
            call_id_header: self.call_id_header,
            hooks: self.hooks,
        });
        Ok(HttpClient { inner, options: None })
    }
}

fn check_base(base: &Url) -> Result<Uri, Error> {
    if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
        return Err(Error::configuration("the base address must be an http or https address"));
    }
    if !base.username().is_empty() || base.password().is_some() {
        return Err(Error::configuration("the base address must hold no user name and password"));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(Error::configuration("the base address must hold no query and no fragment"));
    }
    base.as_str().parse().map_err(|_| Error::configuration("the base address cannot be used for requests"))
}

#[cfg(feature = "reqwest")]
fn default_transport() -> Result<Arc<dyn Transport>, Error> {
    Ok(Arc::new(crate::transport::ReqwestTransport::new()?))
}

#[cfg(not(feature = "reqwest"))]
fn default_transport() -> Result<Arc<dyn Transport>, Error> {
    Err(Error::configuration("a transport must be set, because the feature `reqwest` is off"))
}

#[cfg(feature = "tokio")]
fn default_time() -> Result<Arc<dyn Time>, Error> {
    Ok(Arc::new(crate::clock::SystemClock))
}

#[cfg(not(feature = "tokio"))]
fn default_time() -> Result<Arc<dyn Time>, Error> {
    Err(Error::configuration("a clock must be set, because the feature `tokio` is off"))
}

impl std::fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClientBuilder")
            .field("base", &self.base.origin().ascii_serialization())
            .field("auth", &self.auth)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
