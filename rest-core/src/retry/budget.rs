//! A bound on retries over all calls of a client.

use std::sync::atomic::{AtomicU32, Ordering};

/// What one retry costs.
const COST: u32 = 5;

/// A store of retries that failures empty and successes fill, shared by all calls of a client.
///
/// When a server is down, every call fails, and retrying each of them would multiply the load on it. Each
/// retry takes five from the store and each success gives one back, so over a long time at most one call in
/// five is retried. Waiting for a throttling server takes nothing, since the server named its time.
#[derive(Debug)]
pub struct RetryBudget {
    left: AtomicU32,
    capacity: u32,
}

impl RetryBudget {
    /// A full store that holds `retries` retries.
    pub fn new(retries: u32) -> Self {
        let capacity = retries.saturating_mul(COST);
        Self { left: AtomicU32::new(capacity), capacity }
    }

    /// Takes one retry; false when the store is empty.
    pub fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST)).is_ok()
    }

    /// Gives back a little after a success.
    pub fn refill(&self) {
        // Fails when it is full, which is fine.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
            (left < self.capacity).then(|| left + 1)
        });
    }

    /// How many retries are left.
    pub fn left(&self) -> u32 {
        self.left.load(Ordering::Relaxed) / COST
    }
}
