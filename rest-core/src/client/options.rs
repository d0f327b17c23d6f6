//! What one call may do differently.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::endpoint::Idempotency;
use crate::error::Error;

/// Settings of one call that override the client's.
///
/// ```
/// use rest_core::client::CallOptions;
/// use std::time::Duration;
///
/// let options = CallOptions::new().attempt_timeout(Duration::from_secs(5)).without_retries();
/// # let _ = options;
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CallOptions {
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) idempotency: Option<Idempotency>,
    pub(crate) headers: HeaderMap,
    pub(crate) no_retries: bool,
    pub(crate) no_retries_of_timeouts: bool,
    pub(crate) body_cap: Option<u64>,
}

impl CallOptions {
    /// Nothing different.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long one attempt may take, from the transport call to the last byte; a second is added for every
    /// 128 KiB that the request sends.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// How long the whole call may take, with waits and retries.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Declares whether the call may be repeated, against what its endpoint says.
    ///
    /// Declaring a write idempotent that is not one can apply it twice.
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = Some(idempotency);
        self
    }

    /// Adds a header, replacing the endpoint's own; mark secrets sensitive. `authorization` stays the
    /// client's.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sends the request once, whatever happens; only a refused token is still renewed and tried again.
    pub fn without_retries(mut self) -> Self {
        self.no_retries = true;
        self
    }

    /// Does not send the request again after the server, or a gateway before it, took too long: for work that
    /// would take as long once more. Other failures are repeated as ever.
    pub fn without_retries_of_timeouts(mut self) -> Self {
        self.no_retries_of_timeouts = true;
        self
    }

    /// The largest body that is read, in bytes.
    pub fn body_cap(mut self, bytes: u64) -> Self {
        self.body_cap = Some(bytes);
        self
    }

    /// Whether these settings allow another attempt after this error.
    pub(crate) fn repeats(&self, error: &Error) -> bool {
        !(self.no_retries || self.no_retries_of_timeouts && error.is_timeout())
    }

    /// These settings, and those of `base` where these say nothing.
    pub(crate) fn over(&self, base: &CallOptions) -> CallOptions {
        let mut headers = base.headers.clone();
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        CallOptions {
            attempt_timeout: self.attempt_timeout.or(base.attempt_timeout),
            deadline: self.deadline.or(base.deadline),
            idempotency: self.idempotency.or(base.idempotency),
            headers,
            no_retries: self.no_retries || base.no_retries,
            no_retries_of_timeouts: self.no_retries_of_timeouts || base.no_retries_of_timeouts,
            body_cap: self.body_cap.or(base.body_cap),
        }
    }
}
