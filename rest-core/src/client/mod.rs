//! The client: sends endpoints through the pipeline.

mod builder;
mod hook;
mod options;
mod pipeline;
pub(crate) mod wire;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use url::Url;

pub use self::builder::HttpClientBuilder;
pub use self::hook::{CallInfo, ExtraHeaders, Hook, Outcome};
pub use self::options::CallOptions;
use self::pipeline::{Call, Done, same_origin, without_credentials};
use self::wire::{Wire, full};
use crate::auth::{Exchange, TokenCache, TokenSource};
use crate::clock::Time;
use crate::decode::DecodeError;
use crate::endpoint::{Endpoint, Idempotency};
use crate::error::{Error, ErrorKind, Sent};
use crate::limit::RateLimiter;
use crate::sanitize::Secrets;
use crate::transport::Body;

/// Sends [`Endpoint`]s to one server, with retries, credentials, rate limit and timeouts.
///
/// Clones are cheap and share everything: connections, token, rate window, retry budget.
///
/// Each call goes, from the outside in, through: its span, the overall deadline, retries under a global
/// budget, the credential, the concurrency limit, a rate permit of its own for every attempt, the attempt's
/// span, the attempt's timeout, the transport, and the cap on the body.
///
/// # Cancel safety
///
/// Dropping the future of a call gives back what it reserved. A request that was under way may have been
/// applied; use a [deadline](CallOptions::deadline) instead, whose error says so.
#[derive(Clone)]
pub struct HttpClient {
    inner: Arc<Inner>,
    /// What all calls of this clone do differently.
    options: Option<Arc<CallOptions>>,
}

struct Inner {
    wire: Wire,
    base: Url,
    base_uri: Uri,
    signer: Signer,
    limiter: RateLimiter,
    concurrency: Semaphore,
    deadline: Option<Duration>,
    headers: HeaderMap,
    call_id_header: Option<HeaderName>,
    hooks: Vec<Arc<dyn Hook>>,
}

enum Signer {
    None,
    Fixed(HeaderName, HeaderValue),
    Tokens { source: Arc<dyn TokenSource>, cache: Box<TokenCache> },
}

/// A decoded answer with what stood around it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer<T> {
    /// What the endpoint read.
    pub value: T,
    /// The status.
    pub status: StatusCode,
    /// How many requests were sent.
    pub attempts: u32,
    /// How long it took in all.
    pub elapsed: Duration,
    /// The call's id, the same for all its attempts.
    pub call_id: String,
}

impl HttpClient {
    /// Starts a client for the API under `base`, whose path is kept: `https://example.com/api`.
    pub fn builder(base: Url) -> HttpClientBuilder {
        HttpClientBuilder::new(base)
    }

    /// A clone whose calls all have these settings, over those that it has already. Settings of a single call
    /// come before them.
    ///
    /// ```no_run
    /// # async fn example(client: rest_core::client::HttpClient, endpoint: impl rest_core::endpoint::Endpoint)
    /// # -> Result<(), rest_core::error::Error> {
    /// use rest_core::client::CallOptions;
    /// use std::time::Duration;
    ///
    /// let patient = client.with_options(CallOptions::new().attempt_timeout(Duration::from_secs(120)));
    /// patient.send(&endpoint).await?;
    /// # Ok(()) }
    /// ```
    pub fn with_options(&self, options: CallOptions) -> HttpClient {
        let options = self.settings(&options).into_owned();
        HttpClient { inner: Arc::clone(&self.inner), options: Some(Arc::new(options)) }
    }

    /// A call's settings over those of this clone.
    fn settings<'a>(&self, options: &'a CallOptions) -> Cow<'a, CallOptions> {
        match &self.options {
            Some(standing) => Cow::Owned(options.over(standing)),
            None => Cow::Borrowed(options),
        }
    }

    /// Sends an endpoint and reads its answer.
    ///
    /// # Errors
    ///
    /// See [`Error`]; ask [`Error::is_outcome_unknown`] first when the endpoint changes something.
    ///
    /// # Cancel safety
    ///
    /// See [`HttpClient`].
    pub async fn send<E: Endpoint>(&self, endpoint: &E) -> Result<E::Response, Error> {
        self.call(endpoint, &CallOptions::default()).await.map(|answer| answer.value)
    }

    /// Sends an endpoint with settings of its own.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// See [`HttpClient`].
    pub async fn send_with<E: Endpoint>(
        &self,
        endpoint: &E,
        options: &CallOptions,
    ) -> Result<E::Response, Error> {
        self.call(endpoint, options).await.map(|answer| answer.value)
    }

    /// Sends an endpoint and tells how it went.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// See [`HttpClient`].
    pub async fn call<E: Endpoint>(
        &self,
        endpoint: &E,
        options: &CallOptions,
    ) -> Result<Answer<E::Response>, Error> {
        self.call_reading(endpoint, options, |response| endpoint.decode(response)).await
    }

    /// Sends an endpoint and reads its answer's JSON into a type of your own, instead of the endpoint's.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// See [`HttpClient`].
    pub async fn send_as<T: DeserializeOwned>(
        &self,
        endpoint: &impl Endpoint,
        options: &CallOptions,
    ) -> Result<T, Error> {
        let read = |response: http::Response<Bytes>| crate::decode::json(response.body());
        self.call_reading(endpoint, options, read).await.map(|answer| answer.value)
    }

    async fn call_reading<E: Endpoint, T>(
        &self,
        endpoint: &E,
        options: &CallOptions,
        read: impl FnOnce(http::Response<Bytes>) -> Result<T, DecodeError>,
    ) -> Result<Answer<T>, Error> {
        let options = &*self.settings(options);
        let request = endpoint.request(&self.inner.base)?;
        let idempotency = options.idempotency.unwrap_or_else(|| endpoint.idempotency());
        let method = request.method().clone();
        let template = endpoint.template();
        let accepts = |status| endpoint.accepts(status);
        let call = Call {
            request,
            template,
            idempotency,
            accepts: &accepts,
            options,
            collect: true,
            foreign: false,
        };
        let Done { response, attempts, elapsed, call_id } = self.inner.run(call).await?;
        let response = full(response);
        let status = response.status();
        // Sharing the bytes is cheap, and an answer that cannot be read must be quoted.
        let kept = response.body().clone();
        let server_id = response.headers().contains_key("x-request-id").then(|| response.headers().clone());
        match read(response) {
            Ok(value) => Ok(Answer { value, status, attempts, elapsed, call_id }),
            Err(cause) => {
                let id =
                    server_id.and_then(|headers| self.inner.wire.request_id(&headers)).unwrap_or(call_id);
                let error = self.unreadable(cause, &kept, idempotency);
                Err(error
                    .with_endpoint(method, template)
                    .with_status(status)
                    .with_request_id(id)
                    .with_effort(attempts, elapsed))
            }
        }
    }

    fn unreadable(&self, cause: DecodeError, body: &[u8], idempotency: Idempotency) -> Error {
        // A write that was answered with success but unreadably was most likely applied: but as what? The
        // caller has to read back either way.
        let sent = if idempotency == Idempotency::Once { Sent::MayBeApplied } else { Sent::Answered };
        let cause = cause.cleaned(|text| self.inner.wire.words(text));
        Error::new(ErrorKind::Decode, cause.to_string())
            .with_body(self.inner.wire.excerpt(body))
            .with_sent(sent)
            .with_source(cause)
    }

    /// Sends an endpoint and hands out the body as it arrives, uncapped; the attempt timeout covers only the
    /// head. The endpoint's `decode` is not called.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), up to the head; then the body's own.
    ///
    /// # Cancel safety
    ///
    /// See [`HttpClient`]. Dropping the body closes its connection.
    pub async fn download<E: Endpoint>(
        &self,
        endpoint: &E,
        options: &CallOptions,
    ) -> Result<http::Response<Body>, Error> {
        let options = &*self.settings(options);
        let request = endpoint.request(&self.inner.base)?;
        let call = Call {
            request,
            template: endpoint.template(),
            idempotency: options.idempotency.unwrap_or_else(|| endpoint.idempotency()),
            accepts: &|status| endpoint.accepts(status),
            options,
            collect: false,
            foreign: false,
        };
        self.inner.run(call).await.map(|done| done.response)
    }

    /// Sends any request through the same credentials, limits and retries.
    ///
    /// The address is a path below the base (`/things?x=1`), or absolute with the base's origin. Whether it
    /// may be repeated follows from its method unless the options say otherwise. An `authorization` header in
    /// it is dropped. Every status but 2xx is an error.
    ///
    /// # Errors
    ///
    /// A configuration error for another origin; otherwise as [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// See [`HttpClient`].
    pub async fn raw(
        &self,
        request: http::Request<Bytes>,
        options: &CallOptions,
    ) -> Result<http::Response<Bytes>, Error> {
        self.send_raw(request, options, true).await.map(full)
    }

    /// Sends any request as [`raw`](Self::raw) does and hands out the body as it arrives, uncapped; the
    /// attempt timeout covers only the head.
    ///
    /// # Errors
    ///
    /// As [`raw`](Self::raw), up to the head; then the body's own.
    ///
    /// # Cancel safety
    ///
    /// See [`HttpClient`]. Dropping the body closes its connection.
    pub async fn download_raw(
        &self,
        request: http::Request<Bytes>,
        options: &CallOptions,
    ) -> Result<http::Response<Body>, Error> {
        self.send_raw(request, options, false).await
    }

    async fn send_raw(
        &self,
        mut request: http::Request<Bytes>,
        options: &CallOptions,
        collect: bool,
    ) -> Result<http::Response<Body>, Error> {
        let options = &*self.settings(options);
        let uri = request.uri();
        if uri.scheme().is_none() && uri.authority().is_none() {
            let path = uri.path_and_query().map_or("/", |path| path.as_str());
            // Everything but the query must be plain; see the same check for endpoints.
            if uri.path().split('/').any(|segment| matches!(segment, "." | "..")) {
                return Err(Error::configuration("a raw request's path must not hold `.` or `..` segments"));
            }
            let address = format!("{}{path}", self.inner.base.as_str().trim_end_matches('/'));
            *request.uri_mut() = address
                .parse()
                .map_err(|_| Error::configuration("the raw request's address cannot be written"))?;
        } else if !same_origin(uri, &self.inner.base_uri) {
            return Err(Error::configuration(
                "a raw request must be relative or go to the base's origin; use `send_foreign` for others",
            ));
        }
        without_credentials(request.headers_mut());
        let idempotency = options.idempotency.unwrap_or_else(|| Idempotency::of(request.method()));
        let call = Call {
            request,
            template: "{raw}",
            idempotency,
            accepts: &|status| status.is_success(),
            options,
            collect,
            foreign: false,
        };
        self.inner.run(call).await.map(|done| done.response)
    }

    /// Sends a request to any other server, such as a presigned upload: without credentials, without the
    /// client's own headers and those of its hooks, without a rate permit; with its timeouts, retries and body cap.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    ///
    /// # Cancel safety
    ///
    /// See [`HttpClient`].
    pub async fn send_foreign(
        &self,
        request: http::Request<Bytes>,
        options: &CallOptions,
    ) -> Result<http::Response<Bytes>, Error> {
        self.run_foreign(request, options, true).await.map(full)
    }

    /// Sends a request to any other server as [`send_foreign`](Self::send_foreign) does, such as to a presigned
    /// address, and hands out the body as it arrives, uncapped; the attempt timeout covers only the head.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), up to the head; then the body's own.
    ///
    /// # Cancel safety
    ///
    /// See [`HttpClient`]. Dropping the body closes its connection.
    pub async fn download_foreign(
        &self,
        request: http::Request<Bytes>,
        options: &CallOptions,
    ) -> Result<http::Response<Body>, Error> {
        self.run_foreign(request, options, false).await
    }

    async fn run_foreign(
        &self,
        request: http::Request<Bytes>,
        options: &CallOptions,
        collect: bool,
    ) -> Result<http::Response<Body>, Error> {
        // Headers that were meant for the client's own server stay out.
        let options =
            &CallOptions { headers: options.headers.clone(), ..self.settings(options).into_owned() };
        if request.uri().scheme().is_none() || request.uri().host().is_none() {
            return Err(Error::configuration("a request to another server needs an absolute address"));
        }
        let idempotency = options.idempotency.unwrap_or_else(|| Idempotency::of(request.method()));
        let call = Call {
            request,
            template: "{foreign}",
            idempotency,
            accepts: &|status| status.is_success(),
            options,
            collect,
            foreign: true,
        };
        self.inner.run(call).await.map(|done| done.response)
    }

    /// Fetches a token now unless there is a living one: a first test of the credentials. Does nothing with
    /// fixed credentials or none.
    ///
    /// # Errors
    ///
    /// Those of the token source.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing; another caller that waits for the same token fetches it.
    pub async fn authenticate(&self) -> Result<(), Error> {
        match &self.inner.signer {
            Signer::Tokens { source, cache } => {
                let exchange = Exchange { wire: &self.inner.wire };
                cache.get(|| source.fetch(&exchange)).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    /// Takes a secret out of everything that servers send back from now on, before it reaches an error or a log:
    /// for secrets that a call sends in its body. The client's own credentials are known already.
    pub fn redact(&self, secret: impl Into<secrecy::SecretString>) {
        self.inner.wire.secrets.add(secret.into());
    }

    /// One line of at most 400 bytes of a server's own words, without control characters and without the secrets
    /// that this client knows: for what an answer of success says against itself, before it becomes part of an error.
    pub fn words(&self, text: &str) -> String {
        self.inner.wire.words(text)
    }

    pub(crate) fn secrets(&self) -> &Secrets {
        &self.inner.wire.secrets
    }

    /// The address that endpoints' paths are appended to.
    pub fn base(&self) -> &Url {
        &self.inner.base
    }

    /// The limiter, to look at it, to store its window, or to share it with another client.
    pub fn limiter(&self) -> &RateLimiter {
        &self.inner.limiter
    }

    /// The client's clock.
    pub fn clock(&self) -> Arc<dyn Time> {
        Arc::clone(&self.inner.wire.time)
    }

    /// How many retries all calls together have left at the moment.
    pub fn retries_left(&self) -> u32 {
        self.inner.wire.budget.left()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let auth = match &self.inner.signer {
            Signer::None => "none",
            Signer::Fixed(..) => "fixed",
            Signer::Tokens { .. } => "tokens",
        };
        f.debug_struct("HttpClient")
            .field("base", &self.inner.base.as_str())
            .field("auth", &auth)
            .field("limiter", &self.inner.limiter)
            .finish_non_exhaustive()
    }
}
