//! The rate limit: an exact sliding window.

use std::collections::VecDeque;

use super::clock::Millis;

/// At most `limit` requests in any `window`.
#[derive(Debug, Clone)]
pub struct Limiter {
    limit: usize,
    window: Millis,
    seen: VecDeque<Millis>,
}

impl Limiter {
    /// A window of `seconds` that admits `limit` requests.
    #[must_use]
    pub fn new(limit: u32, seconds: u32) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            window: i64::from(seconds) * 1000,
            seen: VecDeque::new(),
        }
    }

    /// How many requests in how many seconds.
    #[must_use]
    pub fn admits(&self) -> (usize, Millis) {
        (self.limit, self.window / 1000)
    }

    /// Admits a request at `now`, or says after how many milliseconds one will be admitted. A refused request
    /// does not count.
    pub fn admit(&mut self, now: Millis) -> Result<(), Millis> {
        while self.seen.front().is_some_and(|first| now - first >= self.window) {
            self.seen.pop_front();
        }
        if self.seen.len() < self.limit {
            self.seen.push_back(now);
            return Ok(());
        }
        Err(self.seen.front().map_or(self.window, |first| first + self.window - now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_window_holds_more_than_the_limit() {
        let mut limiter = Limiter::new(2, 1);
        assert_eq!(limiter.admit(0), Ok(()));
        assert_eq!(limiter.admit(900), Ok(()));
        assert_eq!(limiter.admit(950), Err(50));
        assert_eq!(limiter.admit(1000), Ok(()));
        assert_eq!(limiter.admit(1001), Err(899));
    }
}
