//! Time as a dependency: the clock and the sleep that everything here is given.
//!
//! Nothing in this crate reads the time or waits on its own. A client is built with one value that
//! implements [`Clock`] and [`Sleep`]; [`SystemClock`] is the real one, and tests use the manual clock of
//! the `test-util` feature, under which hours pass in microseconds.

use std::fmt;
use std::future::Future;
use std::ops::Add;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

/// A point on a clock's monotonic scale.
///
/// Moments of the same clock can be compared and subtracted; a moment says nothing about the calendar.
///
/// ```
/// use rest_core::clock::Moment;
/// use std::time::Duration;
///
/// let start = Moment::from_origin(Duration::from_secs(5));
/// let later = start + Duration::from_secs(2);
/// assert_eq!(later.since(start), Duration::from_secs(2));
/// assert_eq!(start.since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The moment that lies `elapsed` after the clock's origin.
    pub const fn from_origin(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How far this moment lies after the clock's origin.
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// The time that passed from `earlier` to this moment; zero when `earlier` is not earlier.
    pub const fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    /// Saturates at the end of the scale.
    fn add(self, rhs: Duration) -> Moment {
        Moment(self.0.saturating_add(rhs))
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Moment({:?})", self.0)
    }
}

/// Reads the time.
pub trait Clock: Send + Sync {
    /// Now, on a scale that never goes back.
    fn now(&self) -> Moment;

    /// Now, on the calendar: needed to read `Retry-After` dates and to store what must outlive the process.
    fn wall(&self) -> SystemTime;
}

/// The future that [`Sleep::sleep`] returns.
pub type Sleeping = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Waits.
pub trait Sleep: Send + Sync {
    /// A future that completes once `duration` has passed, counted from this call.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the wait and has no other effect.
    fn sleep(&self, duration: Duration) -> Sleeping;
}

/// A clock that can also wait: what clients are built with. Implemented for everything that is both.
pub trait Time: Clock + Sleep + 'static {}

impl<T: Clock + Sleep + 'static> Time for T {}

/// Waits for `future` at most until `sleeping` is over; `None` when time ran out first.
///
/// The future is asked first, so one that is ready in the same instant wins.
pub(crate) async fn until<F: Future>(future: F, mut sleeping: Sleeping) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(move |cx| {
        if let std::task::Poll::Ready(output) = future.as_mut().poll(cx) {
            return std::task::Poll::Ready(Some(output));
        }
        sleeping.as_mut().poll(cx).map(|()| None)
    })
    .await
}

/// The operating system's clock; it sleeps on tokio's timer.
///
/// All values share one origin, so their moments compare.
#[cfg(feature = "tokio")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[cfg(feature = "tokio")]
mod system {
    use super::{Clock, Moment, Sleep, Sleeping, SystemClock};
    use std::sync::OnceLock;
    use std::time::{Duration, Instant, SystemTime};

    static ORIGIN: OnceLock<Instant> = OnceLock::new();

    // The one place that reads the machine's clocks; everything else takes them from here.
    #[allow(clippy::disallowed_methods)]
    fn instant() -> Instant {
        Instant::now()
    }

    impl Clock for SystemClock {
        fn now(&self) -> Moment {
            let now = instant();
            Moment::from_origin(now.saturating_duration_since(*ORIGIN.get_or_init(|| now)))
        }

        #[allow(clippy::disallowed_methods)]
        fn wall(&self) -> SystemTime {
            SystemTime::now()
        }
    }

    impl Sleep for SystemClock {
        fn sleep(&self, duration: Duration) -> Sleeping {
            Box::pin(tokio::time::sleep(duration))
        }
    }
}
