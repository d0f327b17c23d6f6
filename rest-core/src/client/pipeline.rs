//! The life of one call, from the outside in: span, deadline, retry, credential, concurrency, rate permit,
//! attempt span, attempt timeout, transport, body cap.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use tracing::Instrument as _;
use tracing::field::Empty;

use super::hook::{CallInfo, ExtraHeaders, Outcome};
use super::wire::{Failure, full, names_token, redirect};
use super::{CallOptions, Inner, Signer};
use crate::auth::{Credential, Exchange, guard_destination};
use crate::clock::{self, Moment};
use crate::endpoint::Idempotency;
use crate::error::{Error, ErrorKind, Refusal, Sent};
use crate::limit::Permit;
use crate::retry::{FailureClass, Verdict, verdict};
use crate::transport::Body;

/// One call with everything decided but its attempts.
pub(super) struct Call<'a> {
    pub(super) request: http::Request<Bytes>,
    pub(super) template: &'static str,
    pub(super) idempotency: Idempotency,
    pub(super) accepts: &'a (dyn Fn(StatusCode) -> bool + Send + Sync),
    pub(super) options: &'a CallOptions,
    /// Whether the body is collected; a download's is not.
    pub(super) collect: bool,
    /// A request to another origin: no credential, no permit, none of the client's headers.
    pub(super) foreign: bool,
}

/// A call that succeeded.
pub(super) struct Done {
    pub(super) response: http::Response<Body>,
    pub(super) attempts: u32,
    pub(super) elapsed: Duration,
    pub(super) call_id: String,
}

/// What is known about a call while it runs; outlives the attempts when the deadline cuts them off.
#[derive(Default)]
struct Progress(Mutex<Known>);

#[derive(Default)]
struct Known {
    attempts: u32,
    /// An attempt is with the transport.
    under_way: bool,
    /// An attempt got further than "provably not sent".
    reached: bool,
    /// An attempt that changes something may have been applied.
    may_be_applied: bool,
    last: Option<Error>,
}

impl Progress {
    fn with<R>(&self, act: impl FnOnce(&mut Known) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Done, Error>> + Send + 'a>>;

impl Inner {
    /// Runs a call. Boxed, so that callers' futures stay small and this is compiled once.
    pub(super) fn run<'a>(&'a self, mut call: Call<'a>) -> Running<'a> {
        Box::pin(async move {
            self.complete_headers(&mut call)?;
            let started = self.wire.time.now();
            let call_id = self.wire.call_id();
            if let Some(name) = self.call_id_header.as_ref().filter(|_| !call.foreign)
                && let Ok(value) = http::HeaderValue::from_str(&call_id)
            {
                call.request.headers_mut().insert(name, value);
            }
            let span = tracing::info_span!(
                "http.call",
                otel.kind = "client",
                otel.name = %format_args!("{} {}", call.request.method(), call.template),
                http.request.method = %call.request.method(),
                url.template = call.template,
                server.address = call.request.uri().host(),
                server.port = call.request.uri().port_u16(),
                call.id = %call_id,
                http.response.status_code = Empty,
                http.request.resend_count = Empty,
                error.r#type = Empty,
            );
            let progress = Progress::default();
            let deadline = call.options.deadline.or(self.deadline);
            let ends = deadline.map(|deadline| started + deadline);
            let attempts = self.attempts(&call, &call_id, &progress, ends).instrument(span.clone());
            let result = match deadline {
                None => attempts.await,
                Some(deadline) => match clock::until(attempts, self.wire.time.sleep(deadline)).await {
                    Some(result) => result,
                    None => Err(self.overdue(&call, &progress)),
                },
            };
            let elapsed = self.wire.time.now().since(started);
            let attempts = progress.with(|known| known.attempts);
            span.record("http.request.resend_count", attempts.saturating_sub(1));
            match result {
                Ok(response) => {
                    span.record("http.response.status_code", response.status().as_u16());
                    Ok(Done { response, attempts, elapsed, call_id })
                }
                Err(error) => {
                    if let Some(status) = error.status() {
                        span.record("http.response.status_code", status.as_u16());
                    }
                    span.record("error.type", error.kind().as_str());
                    // An error of the token endpoint names its own route and attempts.
                    let error = if error.endpoint().is_some_and(|endpoint| endpoint != call.template) {
                        error
                    } else {
                        error
                            .with_endpoint(call.request.method().clone(), call.template)
                            .with_effort(attempts, elapsed)
                    };
                    Err(if error.request_id().is_none() { error.with_request_id(call_id) } else { error })
                }
            }
        })
    }

    /// The headers that all attempts share.
    fn complete_headers(&self, call: &mut Call<'_>) -> Result<(), Error> {
        let headers = call.request.headers_mut();
        if !call.foreign {
            for (name, value) in &self.headers {
                if !headers.contains_key(name) {
                    headers.insert(name, value.clone());
                }
            }
        }
        for (name, value) in &call.options.headers {
            headers.insert(name, value.clone());
        }
        if call.request.headers().contains_key(AUTHORIZATION) {
            guard_destination(call.request.uri())?;
        }
        Ok(())
    }

    async fn credential(&self, call: &Call<'_>) -> Result<Option<Credential>, Error> {
        match &self.signer {
            Signer::Tokens { source, cache } if !call.foreign => {
                guard_destination(call.request.uri())?;
                let exchange = Exchange { wire: &self.wire };
                cache.get(|| source.fetch(&exchange)).await.map(Some)
            }
            Signer::Fixed(..) if !call.foreign => guard_destination(call.request.uri()).map(|()| None),
            _ => Ok(None),
        }
    }

    fn signed(
        &self,
        call: &Call<'_>,
        info: &CallInfo<'_>,
        credential: Option<&Credential>,
    ) -> http::Request<Bytes> {
        let mut request = call.request.clone();
        for hook in &self.hooks {
            hook.before(info, &mut ExtraHeaders { headers: request.headers_mut(), foreign: call.foreign });
        }
        if !call.foreign {
            match (&self.signer, credential) {
                (Signer::Fixed(name, value), _) => {
                    request.headers_mut().insert(name, value.clone());
                }
                (Signer::Tokens { .. }, Some(credential)) => {
                    request.headers_mut().insert(AUTHORIZATION, credential.header.clone());
                }
                _ => {}
            }
        }
        request
    }

    async fn attempts(
        &self,
        call: &Call<'_>,
        call_id: &str,
        progress: &Progress,
        ends: Option<Moment>,
    ) -> Result<http::Response<Body>, Error> {
        let (mut retries, mut throttled, mut renewed) = (0, 0, false);
        loop {
            let credential = self.credential(call).await.map_err(|error| {
                // Whatever became of the token's request, the call itself was not sent this time.
                let sent =
                    if progress.with(|known| known.may_be_applied) { Sent::MayBeApplied } else { Sent::No };
                error.with_sent(sent)
            })?;
            // The semaphore is never closed.
            let slot = self.concurrency.acquire().await.ok();
            let permit = if call.foreign { None } else { Some(self.limiter.acquire().await) };
            let tried = self.attempt(call, call_id, progress, credential.as_ref(), permit).await;
            drop(slot);
            let failed = match tried {
                Tried::Done(response) => return Ok(response),
                Tried::Failed(failed) => failed,
            };

            let sent = failed.sent;
            let error = progress.with(|known| {
                let applied = sent == Sent::MayBeApplied
                    || sent == Sent::Answered && failed.class == FailureClass::Transient;
                known.reached |= sent != Sent::No;
                known.may_be_applied |= applied && call.idempotency != Idempotency::Safe;
                let error = failed.error.with_sent(match () {
                    () if known.may_be_applied => Sent::MayBeApplied,
                    () if sent == Sent::No => Sent::No,
                    () => Sent::Answered,
                });
                known.last = Some(error.clone());
                error
            });

            if error.is_authentication()
                && let (Signer::Tokens { cache, .. }, Some(credential), false) =
                    (&self.signer, &credential, renewed)
                && cache.refused(credential.generation, failed.names_token)
            {
                tracing::debug!("the server refused the access token; it is renewed and the call sent again");
                renewed = true;
                continue;
            }
            match verdict(sent, call.idempotency, failed.class) {
                Verdict::Retry if call.options.repeats(&error) => {}
                _ => return Err(error),
            }
            let now = self.wire.time.now();
            let wait = if failed.class == FailureClass::Throttled {
                throttled += 1;
                if throttled > self.wire.retry.max_throttled {
                    return Err(error.with_exhausted());
                }
                match failed.frozen_until {
                    // The limiter holds everybody back until then; sleeping here as well would only add to it.
                    Some(until) if ends.is_some_and(|ends| until >= ends) => {
                        return Err(error.with_exhausted());
                    }
                    Some(_) => continue,
                    None => self.wire.retry.wait(throttled, error.retry_after(), self.wire.random()),
                }
            } else {
                retries += 1;
                if retries > self.wire.retry.max_retries || !self.wire.budget.take() {
                    return Err(if retries > 1 { error.with_exhausted() } else { error });
                }
                self.wire.retry.wait(retries, error.retry_after(), self.wire.random())
            };
            if ends.is_some_and(|ends| now + wait >= ends) {
                return Err(error.with_exhausted());
            }
            tracing::debug!(
                error.r#type = error.kind().as_str(),
                http.response.status_code = error.status().map(|status| status.as_u16()),
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                "the attempt failed; trying again"
            );
            self.wire.time.sleep(wait).await;
        }
    }

    /// Sends once, with one permit, and says what came of it.
    async fn attempt(
        &self,
        call: &Call<'_>,
        call_id: &str,
        progress: &Progress,
        credential: Option<&Credential>,
        mut permit: Option<Permit>,
    ) -> Tried {
        let attempt = progress.with(|known| {
            known.attempts += 1;
            known.under_way = true;
            known.attempts
        });
        let info = CallInfo { method: call.request.method(), template: call.template, attempt, call_id };
        let request = self.signed(call, &info, credential);
        let span = tracing::debug_span!(
            "http.attempt",
            otel.kind = "client",
            http.request.method = %call.request.method(),
            url.template = call.template,
            http.request.resend_count = attempt - 1,
            http.response.status_code = Empty,
            error.r#type = Empty,
        );
        let timeout = call.options.attempt_timeout.unwrap_or(self.wire.attempt_timeout);
        let cap = call.collect.then(|| call.options.body_cap.unwrap_or(self.wire.body_cap));
        let started = self.wire.time.now();
        if let Some(permit) = &mut permit {
            permit.stamp();
        }
        let result = self.wire.attempt(request, timeout, cap).instrument(span.clone()).await;
        let elapsed = self.wire.time.now().since(started);
        progress.with(|known| known.under_way = false);

        let (tried, status, bytes) = match result {
            Ok(response) => {
                let status = response.status();
                let accepted = (call.accepts)(status);
                let (response, bytes) = if accepted && !call.collect {
                    (response, None)
                } else {
                    let whole = match call.collect {
                        true => full(response),
                        // A download's refusal is small and wanted as a text.
                        false => collect_refusal(response, self.wire.time.sleep(timeout)).await,
                    };
                    let bytes = u64::try_from(whole.body().len()).ok();
                    (whole.map(Body::full), bytes)
                };
                (self.judge(call, progress, response, accepted, permit.take()), Some(status), bytes)
            }
            Err(failure) => {
                let status = failure.status();
                (Tried::Failed(Failed::of(failure)), status, None)
            }
        };
        let failure = match &tried {
            Tried::Done(_) => None,
            Tried::Failed(failed) => Some(failed.error.kind()),
        };
        if let Some(status) = status {
            span.record("http.response.status_code", status.as_u16());
        }
        if let Some(failure) = failure {
            span.record("error.type", failure.as_str());
        }
        let outcome = Outcome { status, failure, elapsed, body_bytes: bytes };
        for hook in &self.hooks {
            hook.after(&info, &outcome);
        }
        tried
    }

    /// What an answer means, and what the rate limiter learns from it.
    fn judge(
        &self,
        call: &Call<'_>,
        progress: &Progress,
        response: http::Response<Body>,
        accepted: bool,
        permit: Option<Permit>,
    ) -> Tried {
        let status = response.status();
        if accepted {
            settled(permit);
            self.wire.budget.refill();
            return Tried::Done(response);
        }
        let method = call.request.method();
        if *method == Method::DELETE
            && status == StatusCode::NOT_FOUND
            && progress.with(|known| known.may_be_applied)
        {
            settled(permit);
            let mut gone = http::Response::new(Body::empty());
            *gone.status_mut() = StatusCode::NO_CONTENT;
            return Tried::Done(gone);
        }
        if status.is_redirection() {
            settled(permit);
            let error = redirect(status, response.headers());
            return Tried::Failed(Failed::answered(error, FailureClass::Permanent, None));
        }
        let response = full(response);
        let names_token = names_token(response.headers());
        let details = self.wire.details(&response);
        let by_product = details.refusal;
        let error = self.wire.refusal(method.clone(), call.template, &response, details);
        let class = match by_product {
            Some(Refusal::Throttled) => FailureClass::Throttled,
            Some(_) => FailureClass::Permanent,
            None => FailureClass::of(status, error.retry_after().is_some()),
        };
        let refused = class == FailureClass::Throttled && status != StatusCode::SERVICE_UNAVAILABLE;
        let frozen_until = match permit {
            Some(permit) if refused => {
                let until = permit.refused(error.retry_after());
                tracing::warn!(
                    url.template = call.template,
                    wait_ms =
                        u64::try_from(until.since(self.wire.time.now()).as_millis()).unwrap_or(u64::MAX),
                    "the server throttles; all calls wait"
                );
                Some(until)
            }
            permit => {
                settled(permit);
                None
            }
        };
        Tried::Failed(Failed { names_token, ..Failed::answered(error, class, frozen_until) })
    }

    /// The error of a call that its deadline cut off.
    fn overdue(&self, call: &Call<'_>, progress: &Progress) -> Error {
        let error = Error::new(ErrorKind::Deadline, "the call took longer than its deadline");
        progress.with(|known| {
            let changes = call.idempotency != Idempotency::Safe;
            let sent = match () {
                () if known.may_be_applied || known.under_way && changes => Sent::MayBeApplied,
                () if known.reached || known.under_way => Sent::Answered,
                () => Sent::No,
            };
            let error = error.with_sent(sent);
            match known.last.take() {
                Some(last) => match last.retry_after() {
                    Some(wait) => error.with_retry_after(wait),
                    None => error,
                }
                .with_source(last),
                None => error,
            }
        })
    }
}

enum Tried {
    Done(http::Response<Body>),
    Failed(Failed),
}

struct Failed {
    error: Error,
    sent: Sent,
    class: FailureClass,
    frozen_until: Option<Moment>,
    /// The answer says that the token is the reason.
    names_token: bool,
}

impl Failed {
    fn of(failure: Failure) -> Self {
        let (sent, class) = (failure.sent(), failure.class());
        Self { error: failure.into_error(), sent, class, frozen_until: None, names_token: false }
    }

    fn answered(error: Error, class: FailureClass, frozen_until: Option<Moment>) -> Self {
        Self { error, sent: Sent::Answered, class, frozen_until, names_token: false }
    }
}

/// The server answered, and not with a refusal for its load.
fn settled(permit: Option<Permit>) {
    if let Some(permit) = permit {
        permit.accepted();
    }
}

async fn collect_refusal(response: http::Response<Body>, sleeping: clock::Sleeping) -> http::Response<Bytes> {
    let (parts, body) = response.into_parts();
    let bytes = clock::until(body.collect(1 << 20, None), sleeping).await;
    http::Response::from_parts(parts, bytes.and_then(Result::ok).unwrap_or_default())
}

/// Whether two addresses have the same origin.
pub(super) fn same_origin(one: &http::Uri, two: &http::Uri) -> bool {
    let port = |uri: &http::Uri| {
        uri.port_u16().or(match uri.scheme_str() {
            Some("https") => Some(443),
            Some("http") => Some(80),
            _ => None,
        })
    };
    let host = |uri: &http::Uri| uri.host().map(str::to_ascii_lowercase);
    one.scheme() == two.scheme() && host(one) == host(two) && port(one) == port(two)
}

/// Keeps a header map out of reach of what must not be replaced by callers.
pub(super) fn without_credentials(headers: &mut HeaderMap) {
    headers.remove(AUTHORIZATION);
    headers.remove(http::header::PROXY_AUTHORIZATION);
}
