//! The rate limit of one server, shared by all clones of a client.

mod window;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::sync::Notify;

pub use self::window::{Full, RateLimit, RateWindow};
use crate::clock::{self, Moment, Time};

/// Hands out permits to send, exactly as many as a sliding window allows.
///
/// Clones share the window. Callers get their turn in the order in which they asked. A limiter without a
/// limit hands out permits at once, except while a refusal freezes it.
///
/// ```
/// # #[cfg(feature = "test-util")]
/// # {
/// use rest_core::limit::{RateLimit, RateLimiter};
/// use rest_core::test_util::ManualClock;
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let limiter = RateLimiter::new(Some(RateLimit::new(2, Duration::from_secs(60))), clock.clone());
/// clock.block_on(async {
///     for _ in 0..3 {
///         let mut permit = limiter.acquire().await; // the third waits a virtual minute
///         permit.stamp();
///     }
/// });
/// assert!(clock.elapsed() >= Duration::from_secs(60));
/// # }
/// ```
#[derive(Clone)]
pub struct RateLimiter(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Whoever holds it is next; tokio's mutex is fair, so this is the queue.
    turn: tokio::sync::Mutex<()>,
    /// Wakes the one whose turn it is, when room may have come early.
    changed: Notify,
    time: Arc<dyn Time>,
}

enum State {
    Limited(RateWindow),
    Unlimited { window: RateWindow },
}

impl State {
    fn window(&mut self) -> &mut RateWindow {
        match self {
            Self::Limited(window) | Self::Unlimited { window } => window,
        }
    }
}

impl RateLimiter {
    /// A limiter with this limit, or without any.
    pub fn new(limit: Option<RateLimit>, time: impl Time) -> Self {
        Self::with_time(limit, Arc::new(time))
    }

    pub(crate) fn with_time(limit: Option<RateLimit>, time: Arc<dyn Time>) -> Self {
        let state = match limit {
            Some(limit) => State::Limited(RateWindow::new(limit)),
            // Only its freeze is used; the length scales the freeze after a refusal without a wait.
            None => State::Unlimited {
                window: RateWindow::new(RateLimit::new(u32::MAX, Duration::from_secs(20)).fixed()),
            },
        };
        Self(Arc::new(Shared {
            state: Mutex::new(state),
            turn: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            time,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is consistent between any two statements, so a panic elsewhere does not spoil it.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room and reserves it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in the queue and nothing else. Dropping the permit before
    /// [`stamp`](Permit::stamp) gives the room back.
    pub async fn acquire(&self) -> Permit {
        if let Some(permit) = self.try_acquire_unlimited() {
            return permit;
        }
        let _turn = self.0.turn.lock().await;
        loop {
            let changed = self.0.changed.notified();
            let full = {
                let now = self.0.time.now();
                match self.state().window().reserve(now) {
                    Ok(()) => return Permit { limiter: self.clone(), stage: Stage::Reserved },
                    Err(Full::Until(moment)) => Some(moment.since(now)),
                    Err(Full::UntilOneEnds) => None,
                }
            };
            match full {
                Some(wait) => {
                    tracing::trace!(wait_ms = wait.as_millis(), "waiting for the rate window");
                    clock::until(changed, self.0.time.sleep(wait)).await;
                }
                None => changed.await,
            }
        }
    }

    fn try_acquire_unlimited(&self) -> Option<Permit> {
        let now = self.0.time.now();
        match &*self.state() {
            State::Unlimited { window } if window.frozen_until(now).is_none() => {
                Some(Permit { limiter: self.clone(), stage: Stage::Free })
            }
            _ => None,
        }
    }

    /// The server refused because of too many requests: nobody sends until the returned moment.
    ///
    /// For refusals that the pipeline does not see; those of its own requests reach the limiter through
    /// their permits.
    pub fn refused(&self, wait: Option<Duration>) -> Moment {
        let now = self.0.time.now();
        self.state().window().refused(now, wait)
    }

    /// The limiter as it is now.
    pub fn status(&self) -> RateStatus {
        let now = self.0.time.now();
        let mut state = self.state();
        let limit = match &*state {
            State::Limited(window) => Some(window.limit()),
            State::Unlimited { .. } => None,
        };
        let window = state.window();
        RateStatus {
            limit,
            effective: limit.map(|_| window.effective()),
            used: window.used(now),
            frozen_for: window.frozen_until(now).map(|until| until.since(now)),
        }
    }

    /// When the requests that still take room were sent, for storing over a restart.
    pub fn recent(&self) -> Vec<SystemTime> {
        let (now, wall) = (self.0.time.now(), self.0.time.wall());
        let recent = self.state().window().recent(now);
        recent.into_iter().filter_map(|moment| wall.checked_sub(now.since(moment))).collect()
    }

    /// Counts requests that an earlier run of the program sent, as stored from [`recent`](Self::recent).
    ///
    /// Times in the future count as now, because the machine's clock was set back.
    pub fn preload(&self, sent: impl IntoIterator<Item = SystemTime>) {
        let (now, wall) = (self.0.time.now(), self.0.time.wall());
        let ages = sent.into_iter().map(|time| wall.duration_since(time).unwrap_or_default());
        let mut state = self.state();
        if let State::Limited(window) = &mut *state {
            // The scale begins with this process, so what is older than it is held back as if sent at its
            // beginning: a little cautious, never too bold.
            let length = window.length();
            let moments = ages
                .filter(|age| *age < length)
                .map(|age| Moment::from_origin(now.since_origin().saturating_sub(age)));
            window.preload(moments.collect::<Vec<_>>());
        }
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RateLimiter").field(&self.status()).finish()
    }
}

/// What a limiter says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateStatus {
    /// The configured limit.
    pub limit: Option<RateLimit>,
    /// The most requests per window at present; lower than configured after refusals.
    pub effective: Option<u32>,
    /// How much room is taken.
    pub used: u32,
    /// How long nothing will be sent, after a refusal.
    pub frozen_for: Option<Duration>,
}

/// The right to send one request.
///
/// Dropped before [`stamp`](Self::stamp), it gives its room back. Dropped after, its request counts from then
/// on for one window length: at that moment the answer is there or given up.
#[derive(Debug)]
#[must_use = "a permit that is dropped gives its room back"]
pub struct Permit {
    limiter: RateLimiter,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Of a limiter without a limit: nothing to account for.
    Free,
    Reserved,
    Stamped,
}

impl Permit {
    /// Declares that the request is about to be sent. A second call does nothing.
    pub fn stamp(&mut self) {
        if self.stage == Stage::Reserved {
            self.stage = Stage::Stamped;
            self.limiter.state().window().stamp();
        }
    }

    /// The server answered with something other than a refusal.
    pub fn accepted(self) {
        self.limiter.state().window().accepted();
    }

    /// The server refused because of too many requests: nobody sends until the returned moment.
    pub fn refused(self, wait: Option<Duration>) -> Moment {
        self.limiter.refused(wait)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        match self.stage {
            Stage::Free => return,
            Stage::Reserved => self.limiter.state().window().give_back(),
            Stage::Stamped => {
                let now = self.limiter.0.time.now();
                self.limiter.state().window().settle(now);
            }
        }
        self.limiter.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests;
