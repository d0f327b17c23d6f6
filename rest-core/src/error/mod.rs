//! The error of every call: one pointer wide, cheap to clone, asked by predicates.

mod kind;
mod predicates;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};

pub use kind::{ErrorDecoder, ErrorDetails, ErrorKind, Refusal};

/// A boxed error from below, shared so that the error above stays `Clone`.
pub(crate) type SharedError = Arc<dyn std::error::Error + Send + Sync>;

/// What went wrong with a call.
///
/// Ask the `is_*` predicates what to do; ask the accessors what to tell. `Display` is one line that holds
/// no secrets; the cause from below is in [`source`](std::error::Error::source) and never repeated there.
///
/// The most important question is whether a write arrived:
///
/// | | meaning | way on |
/// |---|---|---|
/// | [`is_not_sent`](Self::is_not_sent) | nothing reached the server | repeat at will |
/// | [`is_outcome_unknown`](Self::is_outcome_unknown) | the write may have been applied | read back first |
/// | neither | the server answered and refused | change something |
///
/// ```
/// # use rest_core::error::{Error, ErrorKind};
/// fn next_step(error: &Error) -> &'static str {
///     if error.is_outcome_unknown() {
///         "read the record back before repeating"
///     } else if error.is_not_sent() || error.is_throttled() {
///         "repeat later"
///     } else {
///         "show it to a person"
///     }
/// }
/// # assert_eq!(next_step(&Error::new(ErrorKind::Connect, "no route")), "repeat later");
/// ```
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    method: Option<Method>,
    endpoint: Option<Cow<'static, str>>,
    status: Option<StatusCode>,
    refusal: Option<Refusal>,
    code: Option<String>,
    request_id: Option<String>,
    attempts: u32,
    elapsed: Duration,
    retry_after: Option<Duration>,
    body: Option<String>,
    may_have_been_sent: bool,
    outcome_unknown: bool,
    exhausted: bool,
    source: Option<SharedError>,
}

impl Error {
    /// An error with nothing but a class and one sentence.
    ///
    /// For implementations of traits that return this type, and for tests. The sentence is shown to people
    /// and logged: it must hold no secret. Unless [`with_sent`](Self::with_sent) says otherwise, only the
    /// kinds that imply an answer or a broken connection count as sent.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        let may_have_been_sent = !matches!(kind, ErrorKind::Configuration | ErrorKind::Connect);
        Self(Arc::new(Inner {
            kind,
            message: message.into(),
            method: None,
            endpoint: None,
            status: None,
            refusal: None,
            code: None,
            request_id: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            retry_after: None,
            body: None,
            may_have_been_sent,
            outcome_unknown: false,
            exhausted: false,
            source: None,
        }))
    }

    /// A refusal on this side, before anything was sent.
    pub fn configuration(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Configuration, message)
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// Sets the method and the endpoint's path template.
    #[must_use]
    pub fn with_endpoint(self, method: Method, template: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| {
            inner.method = Some(method);
            inner.endpoint = Some(template.into());
        })
    }

    /// Sets the status that the server answered.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        self.edit(|inner| inner.status = Some(status))
    }

    /// Sets code, message and meaning, as a product's decoder found them.
    #[must_use]
    pub fn with_details(self, details: ErrorDetails) -> Self {
        self.edit(|inner| {
            if details.code.is_some() {
                inner.code = details.code;
            }
            if let Some(message) = details.message {
                inner.message = Cow::Owned(message);
            }
            if details.refusal.is_some() {
                inner.refusal = details.refusal;
            }
        })
    }

    /// Sets the request's id.
    #[must_use]
    pub fn with_request_id(self, id: impl Into<String>) -> Self {
        self.edit(|inner| inner.request_id = Some(id.into()))
    }

    /// Sets how often it was tried and how long it took in all.
    #[must_use]
    pub fn with_effort(self, attempts: u32, elapsed: Duration) -> Self {
        self.edit(|inner| {
            inner.attempts = attempts;
            inner.elapsed = elapsed;
        })
    }

    /// Sets how long the server asked to wait.
    #[must_use]
    pub fn with_retry_after(self, wait: Duration) -> Self {
        self.edit(|inner| inner.retry_after = Some(wait))
    }

    /// Sets the excerpt of the answer's body. It must have been sanitised.
    #[must_use]
    pub fn with_body(self, excerpt: impl Into<String>) -> Self {
        self.edit(|inner| inner.body = Some(excerpt.into()))
    }

    /// Says whether the request may have reached the server.
    #[must_use]
    pub fn with_sent(self, sent: Sent) -> Self {
        self.edit(|inner| match sent {
            Sent::No => {
                inner.may_have_been_sent = false;
                inner.outcome_unknown = false;
            }
            Sent::Answered => {
                inner.may_have_been_sent = true;
                inner.outcome_unknown = false;
            }
            Sent::MayBeApplied => {
                inner.may_have_been_sent = true;
                inner.outcome_unknown = true;
            }
        })
    }

    /// Marks that retrying was tried, so that outer layers do not start over.
    #[must_use]
    pub(crate) fn with_exhausted(self) -> Self {
        self.edit(|inner| inner.exhausted = true)
    }

    /// Sets the cause. Its text must hold no secret.
    #[must_use]
    pub fn with_source(self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    /// The coarse class.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The status that the server answered, when it answered.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The product's stable code, when its error body named one.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// One sentence about what went wrong, without context.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The id under which the server, or else this client, knows the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// The method of the call.
    pub fn method(&self) -> Option<&Method> {
        self.0.method.as_ref()
    }

    /// The path template of the call, such as `/things/{id}`.
    pub fn endpoint(&self) -> Option<&str> {
        self.0.endpoint.as_deref()
    }

    /// How many requests were sent for this call; zero when it never came to that.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the call took in all, waits included.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// How long the server asked to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// A short excerpt of the answer's body, cut, without control characters and known secrets.
    ///
    /// It may hold personal data that the server put there; `Display` and `Debug` leave it out.
    pub fn body(&self) -> Option<&str> {
        self.0.body.as_deref()
    }
}

/// How far a request got, as told to [`Error::with_sent`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// It never left, or provably never arrived.
    No,
    /// It may have arrived and may have been applied; nobody knows.
    MayBeApplied,
    /// The server answered, so its outcome is known.
    Answered,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(method) = &inner.method {
            write!(f, "{method} ")?;
        }
        if let Some(endpoint) = &inner.endpoint {
            write!(f, "{endpoint}: ")?;
        }
        if let Some(status) = inner.status {
            write!(f, "{status}: ")?;
        }
        f.write_str(&inner.message)?;
        if inner.outcome_unknown {
            f.write_str("; it may have been applied")?;
        }
        let mut open = " (";
        let mut part = |f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>| {
            let lead = std::mem::replace(&mut open, ", ");
            write!(f, "{lead}{text}")
        };
        if let Some(code) = &inner.code {
            part(f, format_args!("code {code}"))?;
        }
        if let Some(id) = &inner.request_id {
            part(f, format_args!("request {id}"))?;
        }
        if inner.attempts > 1 {
            part(f, format_args!("{} attempts in {:.1?}", inner.attempts, inner.elapsed))?;
        }
        if open != " (" { f.write_str(")") } else { Ok(()) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("message", &inner.message)
            .field("method", &inner.method)
            .field("endpoint", &inner.endpoint)
            .field("status", &inner.status)
            .field("code", &inner.code)
            .field("request_id", &inner.request_id)
            .field("attempts", &inner.attempts)
            .field("elapsed", &inner.elapsed)
            .field("retry_after", &inner.retry_after)
            .field("outcome_unknown", &inner.outcome_unknown)
            .field("source", &inner.source)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_one_pointer_wide_and_shareable() {
        fn shareable<T: Send + Sync + Clone + 'static>() {}
        shareable::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }

    #[test]
    fn displays_one_line_with_context_and_without_the_cause() {
        let error = Error::new(ErrorKind::Status, "name is taken")
            .with_endpoint(Method::POST, "/things")
            .with_status(StatusCode::CONFLICT)
            .with_details(ErrorDetails::new().with_code("duplicate"))
            .with_request_id("r1")
            .with_effort(2, Duration::from_millis(1500))
            .with_body("the whole body")
            .with_source(std::io::Error::other("below"));
        assert_eq!(
            error.to_string(),
            "POST /things: 409 Conflict: name is taken (code duplicate, request r1, 2 attempts in 1.5s)"
        );
        assert_eq!(std::error::Error::source(&error).map(ToString::to_string).as_deref(), Some("below"));
        assert!(!format!("{error:?}").contains("the whole body"));
    }

    #[test]
    fn with_sent_decides_what_is_known_about_the_outcome() {
        let unknown = Error::new(ErrorKind::Timeout, "slow").with_sent(Sent::MayBeApplied);
        assert!(unknown.is_outcome_unknown() && !unknown.is_not_sent());
        let unsent = unknown.clone().with_sent(Sent::No);
        assert!(!unsent.is_outcome_unknown() && unsent.is_not_sent());
        assert!(unknown.is_outcome_unknown(), "an edit of a clone must not reach the original");
    }
}
