//! How a client is put together.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rest_core::auth::Auth;
use rest_core::client::{Hook, HttpClient, HttpClientBuilder};
use rest_core::clock::{Clock, Moment, Sleep, Sleeping, Time};
use rest_core::error::ErrorDetails;
use rest_core::limit::{RateLimit, RateLimiter};
use rest_core::retry::RetryPolicy;
use rest_core::transport::Transport;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::Client;
use crate::Error;
use crate::address;
use crate::auth::HaloTokens;
use crate::error_body::HaloErrors;

/// The cautious default: reports of Halo's limit lie between 60 a minute and 500 in three minutes.
const DEFAULT_RATE: (u32, Duration) = (60, Duration::from_secs(60));

/// The scopes asked for where nothing else is said.
const DEFAULT_SCOPES: &str = "all:standard";

/// Puts a [`Client`] together. `Debug` shows no secret.
///
/// What has to be said is in its type: [`build`](ClientBuilder::build) compiles once resource server, authorisation
/// server and credentials are there, [`discover`](ClientBuilder::discover) without the authorisation server.
///
/// ```compile_fail,E0277
/// let client = halo_client::Client::builder()
///     .resource_server("https://acme.halopsa.com/api")
///     .authorisation_server("https://acme.halopsa.com/auth")
///     .build(); // error: the client is not complete: `NeedsCredentials`
/// ```
#[must_use = "a builder does nothing until it builds"]
pub struct ClientBuilder<
    Server = NeedsResourceServer,
    Auth = NeedsAuthorisationServer,
    Who = NeedsCredentials,
> {
    parts: Parts,
    given: Said<Server, Auth, Who>,
}

type Said<Server, Auth, Who> = PhantomData<fn() -> (Server, Auth, Who)>;

/// A [`ClientBuilder`] that lacks nothing.
pub type CompleteClientBuilder = ClientBuilder<Given, Given, Given>;

/// What a [`ClientBuilder`] must have, and has.
#[diagnostic::on_unimplemented(
    message = "the client is not complete: `{Self}`",
    label = "something must be said before this",
    note = "call `resource_server`, `authorisation_server` and `credentials` first; `discover` asks for the authorisation server"
)]
pub trait Provided: sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
}

/// It was said.
#[derive(Debug, Clone, Copy)]
pub enum Given {}

/// Still to be said with [`resource_server`](ClientBuilder::resource_server).
#[derive(Debug, Clone, Copy)]
pub enum NeedsResourceServer {}

/// Still to be said with [`authorisation_server`](ClientBuilder::authorisation_server), or left to
/// [`discover`](ClientBuilder::discover).
#[derive(Debug, Clone, Copy)]
pub enum NeedsAuthorisationServer {}

/// Still to be said with [`credentials`](ClientBuilder::credentials).
#[derive(Debug, Clone, Copy)]
pub enum NeedsCredentials {}

impl sealed::Sealed for Given {}
impl Provided for Given {}

struct Parts {
    resource_server: String,
    authorisation_server: Option<String>,
    tenant: Option<String>,
    credentials: (String, SecretString),
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
            parts: Parts {
                resource_server: String::new(),
                authorisation_server: None,
                tenant: None,
                credentials: (String::new(), String::new().into()),
                scopes: DEFAULT_SCOPES.to_owned(),
                rate: Some(RateLimit::new(DEFAULT_RATE.0, DEFAULT_RATE.1)),
                transport: None,
                clock: None,
                settings: Vec::new(),
            },
            given: PhantomData,
        }
    }
}

impl<Server, Auth, Who> ClientBuilder<Server, Auth, Who> {
    fn now<S, A, W>(self) -> ClientBuilder<S, A, W> {
        ClientBuilder { parts: self.parts, given: PhantomData }
    }

    /// The resource server, which ends in `/api`.
    pub fn resource_server(mut self, address: impl Into<String>) -> ClientBuilder<Given, Auth, Who> {
        self.parts.resource_server = address.into();
        self.now()
    }

    /// The authorisation server, which ends in `/auth`.
    pub fn authorisation_server(mut self, address: impl Into<String>) -> ClientBuilder<Server, Given, Who> {
        self.parts.authorisation_server = Some(address.into());
        self.now()
    }

    /// The tenant. Hosted instances need it, others ignore it.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        let tenant = tenant.into();
        self.parts.tenant = Some(tenant.trim().to_owned()).filter(|tenant| !tenant.is_empty());
        self
    }

    /// The client id and secret of an application with the method "Client ID and Secret (Services)".
    pub fn credentials(
        mut self,
        client_id: impl Into<String>,
        client_secret: impl Into<SecretString>,
    ) -> ClientBuilder<Server, Auth, Given> {
        self.parts.credentials = (client_id.into(), client_secret.into());
        self.now()
    }

    /// The scopes to ask for, separated by spaces. `all:standard` unless set.
    pub fn scopes(mut self, scopes: impl Into<String>) -> Self {
        self.parts.scopes = scopes.into();
        self
    }

    /// At most this many requests in any stretch of this length. 60 a minute unless set: Halo publishes no
    /// number, and reports differ. A refusal of the server lowers it for a while.
    pub fn rate_limit(mut self, requests: u32, per: Duration) -> Self {
        self.parts.rate = Some(RateLimit::new(requests, per));
        self
    }

    /// No limit of our own; refusals of the server still make all clones wait.
    pub fn no_rate_limit(mut self) -> Self {
        self.parts.rate = None;
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

    /// How long one attempt may take. 30 seconds unless set, and in any case a second more for every 128 KiB that
    /// are sent.
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
        self.parts.transport = Some(Arc::new(transport));
        self
    }

    /// The clock, for tests.
    pub fn clock(mut self, clock: impl Time + 'static) -> Self {
        self.parts.clock = Some(SharedTime(Arc::new(clock)));
        self
    }

    /// Makes jitter and request ids repeatable, for tests.
    pub fn seed(self, seed: u64) -> Self {
        self.setting(move |http| http.seed(seed))
    }

    /// Any setting of the pipeline below that has no method here: default headers, the header of the call's id, the
    /// retry budget, further secrets to keep out of errors.
    ///
    /// ```no_run
    /// # fn example(builder: halo_client::CompleteClientBuilder) {
    /// let builder = builder.http(|http| http.retry_budget(20));
    /// # }
    /// ```
    pub fn http(self, change: impl FnOnce(HttpClientBuilder) -> HttpClientBuilder + Send + 'static) -> Self {
        self.setting(change)
    }

    fn setting(
        mut self,
        change: impl FnOnce(HttpClientBuilder) -> HttpClientBuilder + Send + 'static,
    ) -> Self {
        self.parts.settings.push(Box::new(change));
        self
    }
}

impl<Server, Auth, Who> ClientBuilder<Server, Auth, Who> {
    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    /// [`is_configuration`](Error::is_configuration) with one sentence and its way out: something is missing or
    /// empty, a credential has white space around it, or an address is mistaken. [`code`](Error::code) names the mistake, such as `resource_server_misplaced_api` or
    /// `authorisation_server_missing_auth`.
    pub fn build(self) -> Result<Client, Error>
    where
        Server: Provided,
        Auth: Provided,
        Who: Provided,
    {
        self.parts.build()
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
    pub async fn discover(self) -> Result<Client, Error>
    where
        Server: Provided,
        Who: Provided,
    {
        let mut parts = self.parts;
        let anonymous = parts.bare(address::resource_server(&parts.resource_server)?).build()?;
        let info = anonymous.send(&crate::endpoint::AuthInfoGet::new()).await?;
        let info = info.value();
        if parts.authorisation_server.is_none() {
            parts.authorisation_server = Some(info.auth_url.clone().ok_or_else(|| {
                Error::configuration("the resource server does not name its authorisation server; set it")
            })?);
        }
        if parts.tenant.is_none() {
            parts.tenant = info.tenant_id.clone().filter(|tenant| !tenant.is_empty());
        }
        parts.build()
    }
}

impl Parts {
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

    fn build(self) -> Result<Client, Error> {
        let resource_server = address::resource_server(&self.resource_server)?;
        // The builder's type says that there is one, or `discover` has just asked for it.
        let authorisation_server = self.authorisation_server.as_deref().unwrap_or_default();
        let authorisation_server = address::authorisation_server(authorisation_server)?;
        let (client_id, client_secret) = self.credentials.clone();
        filled_in("client id", "client_id_mistaken", &client_id)?;
        filled_in("client secret", "client_secret_mistaken", client_secret.expose_secret())?;
        let mut http = self.bare(resource_server);
        let tokens = HaloTokens::new(
            &authorisation_server,
            self.tenant.clone(),
            client_id,
            client_secret,
            self.scopes.clone(),
        );
        http = http.auth(Auth::tokens(tokens));
        if let Some(rate) = self.rate {
            http = http.rate_limit(rate);
        }
        for change in self.settings {
            http = change(http);
        }
        Ok(Client { http: http.build()? })
    }
}

/// What Halo would refuse without a word of why: an empty credential, or one with the line end of its file.
fn filled_in(name: &str, code: &str, text: &str) -> Result<(), Error> {
    let words = if text.is_empty() {
        format!("the {name} is empty; copy it from the application in Halo")
    } else if text != text.trim() {
        format!("the {name} begins or ends with white space, such as the line end of a file; trim it")
    } else {
        return Ok(());
    };
    Err(Error::configuration(words).with_details(ErrorDetails::new().with_code(code)))
}

impl<Server, Auth, Who> fmt::Debug for ClientBuilder<Server, Auth, Who> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("tenant", &self.parts.tenant)
            .field("scopes", &self.parts.scopes)
            .field("rate", &self.parts.rate)
            .finish_non_exhaustive()
    }
}
