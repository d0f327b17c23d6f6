//! A transport that answers from a script.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};

use crate::clock::{Moment, Time};
use crate::transport::{Body, Transport, TransportError, TransportErrorKind};

/// A scripted answer.
#[derive(Clone, Debug)]
#[must_use]
pub struct Reply {
    delay: Duration,
    answer: Answer,
}

#[derive(Clone, Debug)]
enum Answer {
    Response { status: StatusCode, headers: HeaderMap, body: Bytes, breaks_after: Option<usize> },
    Fails(TransportErrorKind),
    Never,
}

impl Reply {
    /// A status without a body. A number that is no status is read as 500.
    pub fn status(status: u16) -> Self {
        Self {
            delay: Duration::ZERO,
            answer: Answer::Response {
                status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
                headers: HeaderMap::new(),
                body: Bytes::new(),
                breaks_after: None,
            },
        }
    }

    /// 200 with this JSON.
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self::status(200).header("content-type", "application/json").body(body)
    }

    /// The transport fails like this.
    pub fn fails(kind: TransportErrorKind) -> Self {
        Self { delay: Duration::ZERO, answer: Answer::Fails(kind) }
    }

    /// No answer ever comes.
    pub fn never() -> Self {
        Self { delay: Duration::ZERO, answer: Answer::Never }
    }

    /// The same, so much later on the test's clock.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// The same with this body.
    pub fn body(mut self, bytes: impl Into<Bytes>) -> Self {
        if let Answer::Response { body, .. } = &mut self.answer {
            *body = bytes.into();
        }
        self
    }

    /// The same with this header; one that HTTP does not allow is left out.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let (Answer::Response { headers, .. }, Ok(name), Ok(value)) =
            (&mut self.answer, HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            headers.append(name, value);
        }
        self
    }

    /// The connection breaks after so many bytes of the body.
    pub fn breaks_after(mut self, bytes: usize) -> Self {
        if let Answer::Response { breaks_after, .. } = &mut self.answer {
            *breaks_after = Some(bytes);
        }
        self
    }
}

/// A request that a [`ReplayTransport`] saw. `Debug` shows method and path.
#[derive(Clone)]
#[non_exhaustive]
pub struct Recorded {
    /// The method.
    pub method: Method,
    /// The address.
    pub uri: Uri,
    /// The headers, credentials included.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// When it was sent.
    pub at: Moment,
}

impl Recorded {
    /// Path and query, as sent.
    pub fn path_and_query(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; empty if it is none.
    pub fn body_text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.uri.path())
    }
}

type Responder = Box<dyn FnMut(&Recorded) -> Reply + Send>;

/// Answers requests from a script, or from a function, and remembers them. Clones share everything.
///
/// Answers that were pushed are used in their order; after them the function answers, if there is one. A
/// request for which nothing is left fails with [`TransportErrorKind::Request`], which is never retried.
#[derive(Clone)]
pub struct ReplayTransport {
    state: Arc<Mutex<State>>,
    time: Arc<dyn Time>,
}

struct State {
    script: VecDeque<Reply>,
    responder: Option<Responder>,
    requests: Vec<Recorded>,
    under_way: usize,
    most_under_way: usize,
}

impl ReplayTransport {
    /// A transport with an empty script; delays pass on this clock.
    pub fn new(clock: impl Time) -> Self {
        let state = State {
            script: VecDeque::new(),
            responder: None,
            requests: Vec::new(),
            under_way: 0,
            most_under_way: 0,
        };
        Self { state: Arc::new(Mutex::new(state)), time: Arc::new(clock) }
    }

    /// A transport whose answers come from a function.
    pub fn with(clock: impl Time, responder: impl FnMut(&Recorded) -> Reply + Send + 'static) -> Self {
        let transport = Self::new(clock);
        transport.state().responder = Some(Box::new(responder));
        transport
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an answer to the script.
    pub fn push(&self, reply: Reply) {
        self.state().script.push_back(reply);
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state().requests.clone()
    }

    /// The answers that were not used.
    pub fn unused(&self) -> usize {
        self.state().script.len()
    }

    /// The most requests that were under way at once.
    pub fn most_under_way(&self) -> usize {
        self.state().most_under_way
    }
}

/// Nothing in the script answers this request.
#[derive(Debug, thiserror::Error)]
#[error("no scripted answer is left for {method} {path}")]
struct Unscripted {
    method: Method,
    path: String,
}

struct UnderWay<'a>(&'a ReplayTransport);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().under_way -= 1;
    }
}

#[async_trait::async_trait]
impl Transport for ReplayTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        let (parts, body) = request.into_parts();
        let at = self.time.now();
        let recorded = Recorded { method: parts.method, uri: parts.uri, headers: parts.headers, body, at };
        let (reply, _under_way) = {
            let mut state = self.state();
            state.requests.push(recorded.clone());
            state.under_way += 1;
            state.most_under_way = state.most_under_way.max(state.under_way);
            let reply = match state.script.pop_front() {
                Some(reply) => Some(reply),
                None => state.responder.as_mut().map(|respond| respond(&recorded)),
            };
            (reply, UnderWay(self))
        };
        let Some(reply) = reply else {
            let path = recorded.uri.path().to_owned();
            let cause = Unscripted { method: recorded.method, path };
            return Err(TransportError::with_source(TransportErrorKind::Request, cause));
        };
        if !reply.delay.is_zero() {
            self.time.sleep(reply.delay).await;
        }
        match reply.answer {
            Answer::Never => std::future::pending().await,
            Answer::Fails(kind) => Err(TransportError::new(kind)),
            Answer::Response { status, headers, body, breaks_after } => {
                let body = match breaks_after {
                    None => Body::full(body),
                    Some(at) => Body::stream(stream::iter([
                        Ok(body.slice(..at.min(body.len()))),
                        Err(TransportError::new(TransportErrorKind::Interrupted)),
                    ])),
                };
                let mut response = http::Response::new(body);
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                Ok(response)
            }
        }
    }
}

impl fmt::Debug for ReplayTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("ReplayTransport")
            .field("requests", &state.requests)
            .field("unused", &state.script.len())
            .finish_non_exhaustive()
    }
}
