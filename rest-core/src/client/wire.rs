//! One attempt: timeout, transport, body cap; and what its failure means.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, LOCATION, USER_AGENT, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tracing::Instrument as _;

use crate::clock::{self, Time};
use crate::error::{Error, ErrorDecoder, ErrorDetails, ErrorKind, Sent};
use crate::retry::{FailureClass, RetryBudget, RetryPolicy, retry_after};
use crate::sanitize::{EXCERPT, MESSAGE, Secrets};
use crate::transport::{Body, Collect, Transport, TransportError, TransportErrorKind};

/// What every request of a client goes through, calls and token fetches alike.
pub(crate) struct Wire {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) time: Arc<dyn Time>,
    pub(crate) secrets: Secrets,
    pub(crate) decoder: Option<Arc<dyn ErrorDecoder>>,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: RetryBudget,
    pub(crate) attempt_timeout: Duration,
    pub(crate) body_cap: u64,
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) random: Mutex<fastrand::Rng>,
}

/// The slowest line that a large body is expected to travel on.
const BYTES_A_SECOND: u64 = 128 << 10;

/// Token endpoints answer in a few hundred bytes.
const TOKEN_CAP: u64 = 1 << 20;

/// Why an attempt brought no usable answer.
pub(crate) enum Failure {
    Transport(TransportError),
    Timeout,
    /// The server said success, but its body did not arrive whole.
    Body(StatusCode, TransportError),
    TooLarge(StatusCode, u64),
}

impl Failure {
    pub(crate) fn sent(&self) -> Sent {
        match self {
            Self::Transport(error) if !error.may_have_been_sent() => Sent::No,
            _ => Sent::MayBeApplied,
        }
    }

    pub(crate) fn class(&self) -> FailureClass {
        match self {
            Self::Transport(error) if error.kind() == TransportErrorKind::Request => FailureClass::Permanent,
            Self::TooLarge(..) => FailureClass::Permanent,
            _ => FailureClass::Transient,
        }
    }

    pub(crate) fn status(&self) -> Option<StatusCode> {
        match self {
            Self::Body(status, _) | Self::TooLarge(status, _) => Some(*status),
            _ => None,
        }
    }

    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::Transport(error) => match error.kind() {
                TransportErrorKind::Connect => ErrorKind::Connect,
                TransportErrorKind::Request => ErrorKind::Configuration,
                TransportErrorKind::Timeout => ErrorKind::Timeout,
                TransportErrorKind::Interrupted | TransportErrorKind::Decode => ErrorKind::Interrupted,
            },
            Self::Timeout => ErrorKind::Timeout,
            Self::Body(_, error) if error.kind() == TransportErrorKind::Timeout => ErrorKind::Timeout,
            Self::Body(..) => ErrorKind::Interrupted,
            Self::TooLarge(..) => ErrorKind::BodyTooLarge,
        }
    }

    pub(crate) fn into_error(self) -> Error {
        let kind = self.kind();
        let status = self.status();
        let error = match self {
            Self::Transport(source) => Error::new(kind, source.kind().to_string()).with_source(source),
            Self::Timeout => Error::new(kind, "the attempt took longer than its timeout"),
            Self::Body(_, source) => {
                Error::new(kind, "the answer's body did not arrive whole").with_source(source)
            }
            Self::TooLarge(_, cap) => {
                Error::new(kind, format!("the answer's body is larger than {cap} bytes"))
            }
        };
        match status {
            Some(status) => error.with_status(status),
            None => error,
        }
    }
}

impl Wire {
    /// A random number from 0 to 1.
    pub(crate) fn random(&self) -> f64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).f64()
    }

    /// 128 random bits: the id of a call.
    pub(crate) fn call_id(&self) -> String {
        let bits = self.random.lock().unwrap_or_else(PoisonError::into_inner).u128(..);
        format!("{bits:032x}")
    }

    /// Sends once. With a cap the answer's body is full; without, it is still arriving and the timeout only
    /// covers its head. What the request's own body needs for its way is added to the timeout.
    pub(crate) async fn attempt(
        &self,
        request: http::Request<Bytes>,
        timeout: Duration,
        cap: Option<u64>,
    ) -> Result<http::Response<Body>, Failure> {
        let timeout = timeout.saturating_add(time_to_send(request.body()));
        let work = async {
            let response = self.transport.send(request).await.map_err(Failure::Transport)?;
            let Some(cap) = cap else { return Ok(response) };
            let (parts, body) = response.into_parts();
            let expected =
                parts.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
            let bytes = match body.collect(cap, expected).await {
                Ok(bytes) => bytes,
                // The status already says that it failed; the body would only have said it better.
                Err(_) if !parts.status.is_success() => Bytes::new(),
                Err(Collect::TooLarge) => return Err(Failure::TooLarge(parts.status, cap)),
                Err(Collect::Transport(error)) => return Err(Failure::Body(parts.status, error)),
            };
            Ok(http::Response::from_parts(parts, Body::full(bytes)))
        };
        clock::until(work, self.time.sleep(timeout)).await.unwrap_or(Err(Failure::Timeout))
    }

    /// The wait that an answer asks for, within reason.
    pub(crate) fn asked_wait(&self, headers: &HeaderMap) -> Option<Duration> {
        retry_after(headers, self.time.wall()).map(|wait| wait.min(self.retry.longest_wait))
    }

    /// Sends a token source's request, with retries and without rate permits.
    pub(crate) async fn exchange(
        &self,
        mut request: http::Request<Bytes>,
        template: &'static str,
    ) -> Result<http::Response<Bytes>, Error> {
        if let (Some(agent), false) = (&self.user_agent, request.headers().contains_key(USER_AGENT)) {
            request.headers_mut().insert(USER_AGENT, agent.clone());
        }
        let (method, started) = (request.method().clone(), self.time.now());
        let mut attempts = 0;
        loop {
            attempts += 1;
            let span = tracing::debug_span!(
                "http.token",
                otel.kind = "client",
                http.request.method = %method,
                url.template = template,
                server.address = request.uri().host(),
                http.request.resend_count = attempts - 1,
            );
            let cap = Some(TOKEN_CAP.min(self.body_cap));
            let result = self.attempt(request.clone(), self.attempt_timeout, cap).instrument(span).await;
            let (class, asked) = match &result {
                Ok(response) if response.status().is_success() => {
                    return Ok(full(result.map_err(Failure::into_error)?));
                }
                Ok(response) => {
                    let asked = self.asked_wait(response.headers());
                    (FailureClass::of(response.status(), asked.is_some()), asked)
                }
                Err(failure) => (failure.class(), None),
            };
            if class != FailureClass::Permanent && attempts <= self.retry.max_retries && self.budget.take() {
                self.time.sleep(self.retry.wait(attempts, asked, self.random())).await;
                continue;
            }
            let context = |error: Error| {
                error
                    .with_endpoint(method.clone(), template)
                    .with_effort(attempts, self.time.now().since(started))
            };
            return match result {
                Ok(response) if response.status().is_redirection() => {
                    Err(context(redirect(response.status(), response.headers())))
                }
                Ok(response) => Ok(full(response)),
                Err(failure) => Err(context(failure.into_error())),
            };
        }
    }

    /// The error of an answer whose status is no success.
    pub(crate) fn refusal(
        &self,
        method: Method,
        template: impl Into<std::borrow::Cow<'static, str>>,
        response: &http::Response<Bytes>,
        details: ErrorDetails,
    ) -> Error {
        let status = response.status();
        let error = Error::new(ErrorKind::Status, status_sentence(status))
            .with_endpoint(method, template)
            .with_status(status)
            .with_details(self.clean(details))
            .with_sent(Sent::Answered);
        let error = match self.asked_wait(response.headers()) {
            Some(wait) => error.with_retry_after(wait),
            None => error,
        };
        let error = match self.request_id(response.headers()) {
            Some(id) => error.with_request_id(id),
            None => error,
        };
        if response.body().is_empty() { error } else { error.with_body(self.excerpt(response.body())) }
    }

    /// What the product's decoder reads from a refusal.
    pub(crate) fn details(&self, response: &http::Response<Bytes>) -> ErrorDetails {
        match &self.decoder {
            Some(decoder) => decoder.decode(response.status(), response.headers(), response.body()),
            None => ErrorDetails::new(),
        }
    }

    fn clean(&self, mut details: ErrorDetails) -> ErrorDetails {
        details.message =
            details.message.map(|text| self.secrets.clean(&text, MESSAGE)).filter(|text| !text.is_empty());
        details.code =
            details.code.map(|text| self.secrets.clean(&text, 100)).filter(|text| !text.is_empty());
        details
    }

    /// A text that holds a server's own words, without secrets.
    pub(crate) fn words(&self, text: &str) -> String {
        self.secrets.clean(text, MESSAGE)
    }

    pub(crate) fn excerpt(&self, body: &[u8]) -> String {
        // A little more than is kept, so that a secret on the border is still recognised.
        let beginning = &body[..body.len().min(EXCERPT * 4)];
        self.secrets.clean(&String::from_utf8_lossy(beginning), EXCERPT)
    }

    /// The id under which the server knows the request.
    pub(crate) fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        let names = ["x-request-id", "request-id", "x-correlation-id"];
        let value = names.iter().find_map(|name| headers.get(*name))?;
        Some(self.secrets.clean(value.to_str().ok()?, 100)).filter(|id| !id.is_empty())
    }
}

/// What a body's way up takes on a slow line of one megabit a second; nothing for what is small. Otherwise the
/// same timeout would be far too long for a question and too short for a file.
fn time_to_send(body: &Bytes) -> Duration {
    Duration::from_secs(u64::try_from(body.len()).unwrap_or(u64::MAX) / BYTES_A_SECOND)
}

/// The error of a redirect; names where to, without path and query, which may hold secrets.
pub(crate) fn redirect(status: StatusCode, headers: &HeaderMap) -> Error {
    let target = headers
        .get(LOCATION)
        .and_then(|location| url::Url::parse(location.to_str().ok()?).ok())
        .map(|location| location.origin().ascii_serialization());
    let message = match target {
        Some(origin) => format!("the server redirects to {origin}; redirects are not followed"),
        None => "the server redirects; redirects are not followed".to_owned(),
    };
    Error::new(ErrorKind::Redirect, message).with_status(status).with_sent(Sent::Answered)
}

/// Whether an answer blames the token (RFC 6750, section 3.1).
pub(crate) fn names_token(headers: &HeaderMap) -> bool {
    headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .any(|challenge| challenge.to_str().is_ok_and(|text| text.contains("invalid_token")))
}

/// The collected body of an answer.
pub(crate) fn full(response: http::Response<Body>) -> http::Response<Bytes> {
    // Only called on answers that were collected; a stream that got here by mistake would read as empty.
    response.map(|body| body.into_full().unwrap_or_default())
}

fn status_sentence(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 | 422 => "the server does not accept the request",
        401 => "the server does not accept the credentials",
        403 => "the credentials lack a right",
        404 | 410 => "not found",
        409 => "the request conflicts with the record's state",
        412 => "the record changed since it was read",
        429 => "too many requests",
        500..=599 => "the server failed",
        _ => "the server refused",
    }
}
