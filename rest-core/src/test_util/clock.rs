//! A clock that stands still until it is moved.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, SystemTime};

use crate::clock::{Clock, Moment, Sleep, Sleeping};

/// A clock under the test's control. Clones show the same time.
///
/// [`advance`](Self::advance) moves it by hand. [`block_on`](Self::block_on) and [`drive`](Self::drive) run a
/// future and jump to the next moment that anything sleeps until whenever all of it is waiting, so that hours
/// pass at once and always in the same order. They see only what the future itself waits for: do not use them
/// with real sockets, whose timeouts would pass at once.
#[derive(Clone)]
pub struct ManualClock(Arc<Mutex<State>>);

struct State {
    now: Duration,
    wall: SystemTime,
    next_id: u64,
    sleepers: BTreeMap<(Duration, u64), Waker>,
}

impl ManualClock {
    /// A clock at its origin; its calendar begins in January 2026.
    pub fn new() -> Self {
        // 2026-01-05T09:00:00Z, a Monday.
        Self::at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_603_600))
    }

    /// A clock at its origin on this date.
    pub fn at(wall: SystemTime) -> Self {
        Self(Arc::new(Mutex::new(State { now: Duration::ZERO, wall, next_id: 0, sleepers: BTreeMap::new() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the clock was moved in all.
    pub fn elapsed(&self) -> Duration {
        self.state().now
    }

    /// Moves the clock and wakes whatever sleeps until then.
    pub fn advance(&self, by: Duration) {
        let to = self.elapsed() + by;
        self.move_to(to);
    }

    fn move_to(&self, to: Duration) {
        let woken = {
            let mut state = self.state();
            state.now = state.now.max(to);
            let later = state.sleepers.split_off(&(to, u64::MAX));
            std::mem::replace(&mut state.sleepers, later)
        };
        for waker in woken.into_values() {
            waker.wake();
        }
    }

    /// Moves to the next moment that something sleeps until; false when nothing sleeps.
    fn jump(&self) -> bool {
        let next = self.state().sleepers.keys().next().map(|(until, _)| *until);
        next.is_some_and(|until| {
            self.move_to(until);
            true
        })
    }

    /// Runs a future, moving the clock whenever all of it waits.
    ///
    /// # Cancel safety
    ///
    /// As the future inside.
    pub fn drive<F: Future>(&self, future: F) -> impl Future<Output = F::Output> {
        Drive { clock: self.clone(), future: Box::pin(future) }
    }

    /// Runs a future to its end on this thread, moving the clock whenever all of it waits. Needs no runtime.
    ///
    /// When the future waits for something that is not a sleep, the thread is parked until it is woken.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        struct Unpark(Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut driven = std::pin::pin!(self.drive(future));
        loop {
            match driven.as_mut().poll(&mut context) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ManualClock({:?})", self.elapsed())
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Moment {
        Moment::from_origin(self.elapsed())
    }

    fn wall(&self) -> SystemTime {
        let state = self.state();
        state.wall + state.now
    }
}

impl Sleep for ManualClock {
    fn sleep(&self, duration: Duration) -> Sleeping {
        let (until, id) = {
            let mut state = self.state();
            state.next_id += 1;
            (state.now + duration, state.next_id)
        };
        Box::pin(Sleeper { clock: self.clone(), key: (until, id) })
    }
}

struct Sleeper {
    clock: ManualClock,
    key: (Duration, u64),
}

impl Future for Sleeper {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.clock.state();
        if state.now >= self.key.0 {
            return Poll::Ready(());
        }
        state.sleepers.insert(self.key, cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        self.clock.state().sleepers.remove(&self.key);
    }
}

struct Drive<F> {
    clock: ManualClock,
    future: Pin<Box<F>>,
}

/// Remembers that it was woken, and passes it on.
struct Flag {
    woken: AtomicBool,
    outer: Waker,
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.outer.wake_by_ref();
    }
}

impl<F: Future> Future for Drive<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let flag = Arc::new(Flag { woken: AtomicBool::new(false), outer: cx.waker().clone() });
        let waker = Waker::from(Arc::clone(&flag));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(output) = self.future.as_mut().poll(&mut context) {
                return Poll::Ready(output);
            }
            let woken = flag.woken.swap(false, Ordering::SeqCst);
            if !woken && !self.clock.jump() {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join;

    #[test]
    fn time_passes_in_order_and_only_as_far_as_needed() {
        let clock = ManualClock::new();
        let order = Mutex::new(Vec::new());
        let sleeper = |name: &'static str, seconds| {
            let (clock, order) = (clock.clone(), &order);
            async move {
                clock.sleep(Duration::from_secs(seconds)).await;
                order.lock().unwrap().push(name);
            }
        };
        clock.block_on(join(sleeper("late", 7200), sleeper("early", 60)));
        assert_eq!(*order.lock().unwrap(), ["early", "late"]);
        assert_eq!(clock.elapsed(), Duration::from_secs(7200));
    }

    #[test]
    fn a_dropped_sleep_is_forgotten() {
        let clock = ManualClock::new();
        let long = clock.sleep(Duration::from_secs(100));
        clock.block_on(crate::clock::until(long, clock.sleep(Duration::from_secs(1))));
        assert_eq!(clock.elapsed(), Duration::from_secs(1));
        assert!(clock.state().sleepers.is_empty());
    }
}
