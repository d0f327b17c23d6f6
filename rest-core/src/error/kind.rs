//! What an error is about, in coarse classes.

/// The coarse class of an [`Error`](super::Error), for logs and counters.
///
/// Decisions are better taken on the error's predicates: they combine this class with the status, the
/// product's own codes and what is known about whether the request arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call was refused on this side before anything was sent: a bad URL, a credential that would
    /// have left over plain http, a value that cannot be written.
    Configuration,
    /// No connection: the request was never sent.
    Connect,
    /// The connection broke after the request may have been sent.
    Interrupted,
    /// An attempt took longer than its timeout.
    Timeout,
    /// The whole call, with its retries and waits, took longer than its deadline.
    Deadline,
    /// The server answered with a status that the endpoint does not accept.
    Status,
    /// The server answered with a redirect, which is never followed.
    Redirect,
    /// The answer's body could not be read as what the endpoint promises.
    Decode,
    /// One row of a list could not be read; the rows around it are unharmed.
    BadRecord,
    /// The answer's body is larger than the cap.
    BodyTooLarge,
    /// A list did not hold together over its pages.
    Paging,
    /// An error made by an implementation outside this crate that fits no other class.
    Other,
}

impl ErrorKind {
    /// A stable, lower-case name, as used for `error.type` in spans.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Connect => "connect",
            Self::Interrupted => "interrupted",
            Self::Timeout => "timeout",
            Self::Deadline => "deadline",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Decode => "decode",
            Self::BadRecord => "bad_record",
            Self::BodyTooLarge => "body_too_large",
            Self::Paging => "paging",
            Self::Other => "other",
        }
    }
}

/// What a refusal means when the status alone does not say it; set by an [`ErrorDecoder`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The credentials are not accepted.
    Authentication,
    /// The credentials are accepted, the right is missing.
    Permission,
    /// The record or route does not exist.
    NotFound,
    /// The request conflicts with the record's state.
    Conflict,
    /// The request's content is not acceptable.
    Invalid,
    /// Too many requests.
    Throttled,
}

/// What a product's error body says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorDetails {
    /// A stable code that programs can match on.
    pub code: Option<String>,
    /// One sentence for people.
    pub message: Option<String>,
    /// The meaning, where the status misleads.
    pub refusal: Option<Refusal>,
}

impl ErrorDetails {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sets the message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Sets the meaning.
    #[must_use]
    pub fn with_refusal(mut self, refusal: Refusal) -> Self {
        self.refusal = Some(refusal);
        self
    }
}

/// Reads a product's error bodies: fills [`Error::code`](super::Error::code) and the message.
///
/// What it returns is shown to people and written to logs, so it must pick fields it knows and never hand
/// on the whole body. Texts are cut and stripped of control characters and known secrets afterwards.
pub trait ErrorDecoder: Send + Sync {
    /// Reads the refused answer; `body` is the whole body, at most the body cap long.
    fn decode(&self, status: http::StatusCode, headers: &http::HeaderMap, body: &[u8]) -> ErrorDetails;
}
