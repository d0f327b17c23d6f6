//! The client.

mod builder;

use std::fmt;

use bytes::Bytes;
use rest_core::client::{CallOptions, HttpClient};
use rest_core::endpoint::Endpoint;
use url::Url;

pub use self::builder::{
    ClientBuilder, CompleteClientBuilder, Given, NeedsAuthorisationServer, NeedsCredentials,
    NeedsResourceServer, Provided,
};
use crate::Error;

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

    /// A clone whose calls all have these settings: timeouts, a deadline, no repetitions, headers, a body cap.
    ///
    /// ```no_run
    /// # async fn example(client: halo_client::Client) -> Result<(), halo_client::Error> {
    /// use halo_client::CallOptions;
    /// use std::time::Duration;
    ///
    /// let hasty = client.with_options(CallOptions::new().deadline(Duration::from_secs(3)).without_retries());
    /// let ticket = hasty.tickets().get(4711).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// Beware of [`idempotency`](CallOptions::idempotency) here: it would declare every write of the clone repeatable.
    pub fn with_options(&self, options: CallOptions) -> Client {
        Client { http: self.http.with_options(options) }
    }

    /// The pipeline under this client: endpoints of your own, answers read into types of your own, downloads as
    /// streams, the limiter.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The resource server.
    pub fn resource_server(&self) -> &Url {
        self.http.base()
    }
}
