//! Whether to try again, and when.

mod after;
mod budget;

use std::time::Duration;

use http::StatusCode;

pub use self::after::retry_after;
pub use self::budget::RetryBudget;
use crate::endpoint::Idempotency;
pub use crate::error::Sent;

/// How often and how patiently a client tries again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    pub(crate) max_retries: u32,
    pub(crate) max_throttled: u32,
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
    pub(crate) longest_wait: Duration,
}

impl Default for RetryPolicy {
    /// Three retries with full jitter between 0 and 0.5, 1, 2 s; ten waits for a server that throttles, each
    /// at most three minutes.
    fn default() -> Self {
        Self {
            max_retries: 3,
            max_throttled: 10,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            longest_wait: Duration::from_secs(180),
        }
    }
}

impl RetryPolicy {
    /// No retries at all.
    pub fn none() -> Self {
        Self { max_retries: 0, max_throttled: 0, ..Self::default() }
    }

    /// How many retries a call may make after failures.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// How often a call waits and tries again when the server throttles; these do not count as retries.
    pub fn max_throttled(mut self, times: u32) -> Self {
        self.max_throttled = times;
        self
    }

    /// The ceiling of the first wait, doubled with every retry up to `cap`. The wait itself is drawn evenly
    /// between zero and the ceiling, so that clients that failed together do not come back together.
    pub fn backoff(mut self, base: Duration, cap: Duration) -> Self {
        self.base = base;
        self.cap = cap;
        self
    }

    /// The longest wait that is believed when a server asks for one.
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    /// The wait before retry number `retry` (from 1), for a random number between 0 and 1.
    pub(crate) fn wait(&self, retry: u32, asked: Option<Duration>, random: f64) -> Duration {
        let ceiling = self.base.saturating_mul(1 << retry.saturating_sub(1).min(16)).min(self.cap);
        ceiling.mul_f64(random.clamp(0.0, 1.0)).max(asked.unwrap_or_default())
    }
}

/// What a failure says about trying again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureClass {
    /// The server refuses to do it now: 429, or 503 with a wait.
    Throttled,
    /// It may pass: no connection, a timeout, a broken connection, a server error, a proxy that did not get through to the
    /// server (520 to 524, 598, 599). A write may have been applied, unless it was never sent.
    Transient,
    /// It will not pass by itself.
    Permanent,
}

impl FailureClass {
    /// The class of a status that is no success.
    pub fn of(status: StatusCode, has_retry_after: bool) -> Self {
        match status.as_u16() {
            429 => Self::Throttled,
            503 if has_retry_after => Self::Throttled,
            408 | 425 | 500 | 502 | 503 | 504 | 507 | 509 | 520..=524 | 529 | 598 | 599 => Self::Transient,
            _ => Self::Permanent,
        }
    }
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Send it again.
    Retry,
    /// It may have been applied and must not be repeated: the caller has to read back.
    OutcomeUnknown,
    /// Repeating is useless.
    Stop,
}

/// The retry verdict: how far the attempt got, whether the call may be repeated, and what failed.
///
/// ```
/// use rest_core::endpoint::Idempotency::{Once, Safe};
/// use rest_core::retry::{FailureClass::*, Sent::*, Verdict, verdict};
///
/// assert_eq!(verdict(No, Once, Transient), Verdict::Retry);
/// assert_eq!(verdict(Answered, Once, Throttled), Verdict::Retry);
/// assert_eq!(verdict(MayBeApplied, Safe, Transient), Verdict::Retry);
/// assert_eq!(verdict(MayBeApplied, Once, Transient), Verdict::OutcomeUnknown);
/// assert_eq!(verdict(Answered, Once, Permanent), Verdict::Stop);
/// ```
pub fn verdict(sent: Sent, idempotency: Idempotency, class: FailureClass) -> Verdict {
    use {FailureClass as Class, Idempotency as Repeat};
    match (sent, idempotency, class) {
        // A request that cannot even be built will not be built next time.
        (Sent::No, _, Class::Permanent) => Verdict::Stop,
        (Sent::No, _, _) => Verdict::Retry,
        (Sent::Answered, _, Class::Throttled) => Verdict::Retry,
        (Sent::Answered, _, Class::Permanent) => Verdict::Stop,
        // An answered server error was perhaps applied before the error.
        (
            Sent::Answered | Sent::MayBeApplied,
            Repeat::Safe | Repeat::Idempotent,
            Class::Transient | Class::Throttled,
        ) => Verdict::Retry,
        (Sent::MayBeApplied, Repeat::Safe, Class::Permanent) => Verdict::Stop,
        (Sent::Answered, Repeat::Once, Class::Transient)
        | (Sent::MayBeApplied, Repeat::Once, _)
        | (Sent::MayBeApplied, Repeat::Idempotent, Class::Permanent) => Verdict::OutcomeUnknown,
    }
}

#[cfg(test)]
mod tests;
