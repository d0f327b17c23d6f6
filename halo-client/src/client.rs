//! The client and how it is built.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use rest_core::auth::Auth;
use rest_core::client::{CallOptions, Hook, HttpClient, HttpClientBuilder};
use rest_core::clock::{Clock, Moment, Sleep, Sleeping, Time};
use rest_core::endpoint::Endpoint;
use rest_core::limit::{RateLimit, RateLimiter};
use rest_core::retry::RetryPolicy;
use rest_core::transport::Transport;
use secrecy::SecretString;
use url::Url;

use crate::Error;
use crate::address;
use crate::auth::HaloTokens;
use crate::error_body::HaloErrors;

/// The cautious default: reports of Halo's limit lie between 60 a minute and 500 in three minutes.
const DEFAULT_RATE: (u32, Duration) = (60, Duration::from_secs(60));

/// The scopes asked for where nothing else is said.
const DEFAULT_SCOPES: &str = "all:standard";

/// A client of one Halo instance. Clones are cheap and share connections, token and rate limit.
///
/// ```no_run
/// # async fn example() -> Result<(), halo_client::Error> {
/// let client = halo_client::Client::builder()
///     .resource_server("https://acme.halopsa.com/api")
///     .authorisation_server("https://acme.halopsa.com/auth")
///     .tenant("acme")
///     .credentials("client-id", "client-secret")
///     .build()?;
/// client.authenticate().await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    http: HttpClient,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.http.base().as_str()).finish()
    }
}

impl Client {
    /// Starts to put a client together.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Fetches a token now unless there is one: a first test of addresses, tenant, credentials and scopes.
    ///
    /// # Errors
    /// What is wrong with them. [`code`](Error::code) is `invalid_client`, `invalid_scope`, `tenant_unknown` or
    /// `authorisation_server_not_found` where the server's answer tells.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn authenticate(&self) -> Result<(), Error> {
        self.http.authenticate().await
    }

    /// Sends an [endpoint](crate::endpoint): an operation that is neither list, read, write nor deletion of a
    /// resource. Also endpoints of your own.
    ///
    /// ```no_run
    /// # async fn example(client: halo_client::Client) -> Result<(), halo_client::Error> {
    /// use halo_client::endpoint::InvoiceVoid;
    ///
    /// client.send(&InvoiceVoid::new(4711)).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Those of a request. A POST is never repeated after it may have arrived.
    ///
    /// # Cancel safety
    /// Dropping the future may leave a write applied.
    pub async fn send<E: Endpoint>(&self, endpoint: &E) -> Result<E::Response, Error> {
        self.http.send(endpoint).await
    }

    /// Sends any request through the same credentials, rate limit and retries: for routes without methods.
    ///
    /// The address is a path below the resource server, such as `/Control?cache=false`, or absolute with its
    /// origin.
    ///
    /// ```no_run
    /// # async fn example(client: halo_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = http::Request::get("/BudgetType?ticket_id=4711").body(bytes::Bytes::new())?;
    /// let response = client.raw(request).await?;
    /// println!("{}", String::from_utf8_lossy(response.body()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Every status but 2xx is an error; other origins are refused. A POST is never repeated after it may have
    /// arrived.
    ///
    /// # Cancel safety
    /// Dropping the future may leave a write applied.
    pub async fn raw(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, Error> {
        self.http.raw(request, &CallOptions::new()).await
    }

    /// The pipeline under this client: calls with options of their own, downloads as streams, the limiter.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The resource server.
    pub fn resource_server(&self) -> &Url {
        self.http.base()
    }
}

/// Puts a [`Client`] together. `Debug` shows no secret.
#[must_use = "a builder does nothing until it builds"]
pub struct ClientBuilder {
    resource_server: Option<String>,
    authorisation_server: Option<String>,
    tenant: Option<String>,
    credentials: Option<(String, SecretString)>,
    scopes: String,
    rate: Option<RateLimit>,
    transport: Option<Arc<dyn Transport>>,
    clock: Option<SharedTime>,
    settings: Vec<Setting>,
}

/// One clock for discovery and the client.
#[derive(Clone)]
struct SharedTime(Arc<dyn Time>);

impl Clock for SharedTime {
    fn now(&self) -> Moment {
        self.0.now()
    }
    fn wall(&self) -> SystemTime {
        self.0.wall()
    }
}

impl Sleep for SharedTime {
    fn sleep(&self, duration: Duration) -> Sleeping {
        self.0.sleep(duration)
    }
}

type Setting = Box<dyn FnOnce(HttpClientBuilder) -> HttpClientBuilder + Send>;

impl Default for ClientBuilder {
    fn default() -> Self {
        ClientBuilder {
            resource_server: None,
            authorisation_server: None,
            tenant: None,
            credentials: None,
            scopes: DEFAULT_SCOPES.to_owned(),
            rate: Some(RateLimit::new(DEFAULT_RATE.0, DEFAULT_RATE.1)),
            transport: None,
            clock: None,
            settings: Vec::new(),
        }
    }
}

impl ClientBuilder {
    /// The resource server, which ends in `/api`.
    pub fn resource_server(mut self, address: impl Into<String>) -> Self {
        self.resource_server = Some(address.into());
        self
    }

    /// The authorisation server, which ends in `/auth`.
    pub fn authorisation_server(mut self, address: impl Into<String>) -> Self {
        self.authorisation_server = Some(address.into());
        self
    }

    /// The tenant. Hosted instances need it, others ignore it.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        let tenant = tenant.into();
        self.tenant = Some(tenant.trim().to_owned()).filter(|tenant| !tenant.is_empty());
        self
    }

    /// The client id and secret of an application with the method "Client ID and Secret (Services)".
    pub fn credentials(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<SecretString>,
    ) -> Self {
        self.credentials = Some((client_id.into(), client_secret.into()));
        self
    }

    /// The scopes to ask for, separated by spaces. `all:standard` unless set.
    pub fn scopes(mut self, scopes: impl Into<String>) -> Self {
        self.scopes = scopes.into();
        self
    }

    /// At most this many requests in any stretch of this length. 60 a minute unless set: Halo publishes no
    /// number, and reports differ. A refusal of the server lowers it for a while.
    pub fn rate_limit(mut self, requests: u32, per: Duration) -> Self {
        self.rate = Some(RateLimit::new(requests, per));
        self
    }

    /// No limit of our own; refusals of the server still make all clones wait.
    pub fn no_rate_limit(mut self) -> Self {
        self.rate = None;
        self
    }

    /// Shares the limiter of another client of the same tenant.
    pub fn limiter(self, limiter: RateLimiter) -> Self {
        self.setting(|http| http.limiter(limiter))
    }

    /// How many requests may be under way at once; 8 unless set.
    pub fn concurrency(self, requests: usize) -> Self {
        self.setting(move |http| http.concurrency(requests))
    }

    /// How failed attempts are repeated.
    pub fn retry(self, policy: RetryPolicy) -> Self {
        self.setting(move |http| http.retry(policy))
    }

    /// How long one attempt may take. 30 seconds unless set.
    pub fn attempt_timeout(self, timeout: Duration) -> Self {
        self.setting(move |http| http.attempt_timeout(timeout))
    }

    /// How long a whole call may take with waits and repetitions; `None` for ever. Ten minutes unless set.
    pub fn deadline(self, deadline: Option<Duration>) -> Self {
        self.setting(move |http| http.deadline(deadline))
    }

    /// The largest answer that is read into memory, in bytes. 64 MiB unless set.
    pub fn body_cap(self, bytes: u64) -> Self {
        self.setting(move |http| http.body_cap(bytes))
    }

    /// The `user-agent`.
    pub fn user_agent(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.setting(move |http| http.user_agent(text))
    }

    /// Observes every attempt.
    pub fn hook(self, hook: impl Hook + 'static) -> Self {
        self.setting(move |http| http.hook(hook))
    }

    /// What sends the requests: a configured reqwest client, or a scripted one in tests.
    pub fn transport(mut self, transport: impl Transport + 'static) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// The clock, for tests.
    pub fn clock(mut self, clock: impl Time + 'static) -> Self {
        self.clock = Some(SharedTime(Arc::new(clock)));
        self
    }

    /// Makes jitter and request ids repeatable, for tests.
    pub fn seed(self, seed: u64) -> Self {
        self.setting(move |http| http.seed(seed))
    }

    /// A client of that address with the transport and the clock of this one.
    fn bare(&self, base: Url) -> HttpClientBuilder {
        let mut http = HttpClient::builder(base)
            .error_decoder(HaloErrors)
            .user_agent(concat!("halo-client/", env!("CARGO_PKG_VERSION")));
        if let Some(transport) = &self.transport {
            http = http.transport(Arc::clone(transport));
        }
        if let Some(clock) = &self.clock {
            http = http.clock(clock.clone());
        }
        http
    }

    fn checked_resource_server(&self) -> Result<Url, Error> {
        match &self.resource_server {
            Some(address) => address::resource_server(address),
            None => Err(Error::configuration("the resource server is missing, such as https://HOST/api")),
        }
    }

    fn setting(
        mut self,
        change: impl FnOnce(HttpClientBuilder) -> HttpClientBuilder + Send + 'static,
    ) -> Self {
        self.settings.push(Box::new(change));
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    /// [`is_configuration`](Error::is_configuration) with one sentence and its way out: something is missing, or
    /// an address is mistaken. [`code`](Error::code) names the mistake, such as `resource_server_misplaced_api` or
    /// `authorisation_server_missing_auth`.
    pub fn build(mut self) -> Result<Client, Error> {
        let resource_server = self.checked_resource_server()?;
        let authorisation_server =
            address::authorisation_server(self.authorisation_server.as_deref().ok_or_else(|| {
                Error::configuration(
                    "the authorisation server is missing, such as https://HOST/auth; or discover it",
                )
            })?)?;
        let (client_id, client_secret) = self
            .credentials
            .take()
            .ok_or_else(|| Error::configuration("the client id and secret of an application are missing"))?;
        let mut http = self.bare(resource_server);
        let tokens =
            HaloTokens::new(&authorisation_server, self.tenant, client_id, client_secret, self.scopes);
        http = http.auth(Auth::tokens(tokens));
        if let Some(rate) = self.rate {
            http = http.rate_limit(rate);
        }
        for change in self.settings {
            http = change(http);
        }
        Ok(Client { http: http.build()? })
    }

    /// Asks the resource server for the authorisation server and the tenant, sets what is not set yet, and
    /// builds the client.
    ///
    /// The question needs no token and carries no secret. Credentials then go to the authorisation server that
    /// the resource server names.
    ///
    /// # Errors
    /// As [`build`](ClientBuilder::build), and those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn discover(mut self) -> Result<Client, Error> {
        let anonymous = self.bare(self.checked_resource_server()?).build()?;
        let info = anonymous.send(&crate::endpoint::AuthInfoGet::new()).await?;
        let info = info.value();
        if self.authorisation_server.is_none() {
            self.authorisation_server = Some(info.auth_url.clone().ok_or_else(|| {
                Error::configuration("the resource server does not name its authorisation server; set it")
            })?);
        }
        if self.tenant.is_none() {
            self.tenant = info.tenant_id.clone().filter(|tenant| !tenant.is_empty());
        }
        self.build()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("tenant", &self.tenant)
            .field("scopes", &self.scopes)
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}
