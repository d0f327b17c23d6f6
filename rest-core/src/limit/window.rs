//! An exact sliding window, pure: time comes in as an argument.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Moment;

/// How many requests any stretch of time may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RateLimit {
    max: u32,
    per: Duration,
    learn: bool,
}

impl RateLimit {
    /// At most `max` requests in any stretch of `per`. Zero requests are read as one, because nothing at all
    /// could be sent otherwise.
    ///
    /// The limit learns: a 429 lowers it for this client, and quiet times raise it again, never above `max`.
    pub const fn new(max: u32, per: Duration) -> Self {
        Self { max: if max == 0 { 1 } else { max }, per, learn: true }
    }

    /// The same limit that stays as it is whatever the server answers; a 429 still freezes the window.
    #[must_use]
    pub const fn fixed(mut self) -> Self {
        self.learn = false;
        self
    }

    /// The most requests in any stretch of [`per`](Self::per).
    pub const fn max(&self) -> u32 {
        self.max
    }

    /// The length of the stretch.
    pub const fn per(&self) -> Duration {
        self.per
    }

    /// What is added to `per` on this side, because clocks tick unevenly: a hundredth, at most 250 ms.
    pub fn margin(&self) -> Duration {
        (self.per / 100).min(Duration::from_millis(250))
    }
}

/// The answer of [`RateWindow::reserve`] when there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// There will be room at this moment, if nothing else takes it.
    Until(Moment),
    /// All room is taken by requests under way; ask again when one ends.
    UntilOneEnds,
}

/// An exact sliding window over the sends of one client.
///
/// Each request goes through *reserve* (takes room), *stamp* (is about to be sent) and *settle* (was answered
/// or given up), or *give back* instead of stamp. A request takes room from its reservation until one window
/// length after it was settled: the server saw it at some moment between stamp and settle, so no stretch of
/// that length ever holds more than the limit, as the server counts, whatever the network's delays are.
///
/// The window is pure; [`RateLimiter`](super::RateLimiter) adds the clock and the waiting.
#[derive(Clone, Debug)]
pub struct RateWindow {
    limit: RateLimit,
    /// When settled requests were settled, oldest first; only those that still take room.
    settled: VecDeque<Moment>,
    reserved: u32,
    sent: u32,
    frozen_until: Option<Moment>,
    learning: Learning,
}

/// What the server taught about the limit.
#[derive(Clone, Copy, Debug)]
struct Learning {
    effective: u32,
    refusals_in_a_row: u32,
    changed: Moment,
}

/// After this many windows without a refusal the limit rises by a step.
const QUIET_WINDOWS: u32 = 4;

impl RateWindow {
    /// An empty window.
    pub fn new(limit: RateLimit) -> Self {
        let learning = Learning { effective: limit.max, refusals_in_a_row: 0, changed: Moment::default() };
        Self { limit, settled: VecDeque::new(), reserved: 0, sent: 0, frozen_until: None, learning }
    }

    /// The configured limit.
    pub fn limit(&self) -> RateLimit {
        self.limit
    }

    /// The most requests in a window at present: the limit, or less after the server refused.
    pub fn effective(&self) -> u32 {
        self.learning.effective
    }

    /// How much room is taken now.
    pub fn used(&mut self, now: Moment) -> u32 {
        self.forget(now);
        self.taken()
    }

    /// Until when nothing may be sent, if so.
    pub fn frozen_until(&self, now: Moment) -> Option<Moment> {
        self.frozen_until.filter(|until| *until > now)
    }

    fn taken(&self) -> u32 {
        // The settled ones are at most as many as the limit, which is a u32.
        u32::try_from(self.settled.len())
            .unwrap_or(u32::MAX)
            .saturating_add(self.reserved)
            .saturating_add(self.sent)
    }

    pub(super) fn length(&self) -> Duration {
        self.limit.per.saturating_add(self.limit.margin())
    }

    fn forget(&mut self, now: Moment) {
        let length = self.length();
        while self.settled.front().is_some_and(|settled| *settled + length <= now) {
            self.settled.pop_front();
        }
    }

    /// Takes room for one request.
    ///
    /// # Errors
    ///
    /// [`Full`] says when to ask again.
    pub fn reserve(&mut self, now: Moment) -> Result<(), Full> {
        if let Some(until) = self.frozen_until(now) {
            return Err(Full::Until(until));
        }
        self.recover(now);
        self.forget(now);
        let taken = self.taken();
        if taken < self.learning.effective {
            self.reserved += 1;
            return Ok(());
        }
        // So many settled ones must go before there is room; a lowered limit may need several.
        let surplus = usize::try_from(taken - self.learning.effective).unwrap_or(usize::MAX);
        match self.settled.get(surplus) {
            Some(settled) => Err(Full::Until(*settled + self.length())),
            None => Err(Full::UntilOneEnds),
        }
    }

    /// Gives a reservation back that was never stamped.
    pub fn give_back(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
    }

    /// Turns a reservation into a request under way. Call it immediately before sending.
    pub fn stamp(&mut self) {
        self.reserved = self.reserved.saturating_sub(1);
        self.sent += 1;
    }

    /// A stamped request was answered, failed or was given up.
    pub fn settle(&mut self, now: Moment) {
        self.sent = self.sent.saturating_sub(1);
        self.settled.push_back(now);
    }

    /// The server refused because of too many requests: freezes the window and learns from it.
    ///
    /// `wait` is what the server asked for; without it the freeze starts at a twentieth of the window and
    /// doubles while refusals go on. The answer that brought the news must still be unsettled.
    pub fn refused(&mut self, now: Moment, wait: Option<Duration>) -> Moment {
        self.forget(now);
        // Requests that were under way together bring the same news; only the first of them is a lesson.
        if self.frozen_until(now).is_none() {
            self.learn(now);
        }
        let doubled = 1_u32 << (self.learning.refusals_in_a_row.clamp(1, 7) - 1);
        let own = (self.limit.per / 20).clamp(Duration::from_millis(100), Duration::from_secs(10)) * doubled;
        let wait = wait.unwrap_or(own.min(Duration::from_secs(60)));
        let until = self.frozen_until.map_or(now + wait, |known| known.max(now + wait));
        self.frozen_until = Some(until);
        until
    }

    fn learn(&mut self, now: Moment) {
        self.learning.refusals_in_a_row = self.learning.refusals_in_a_row.saturating_add(1);
        self.learning.changed = now;
        // So many went through, without this one.
        let sent = u32::try_from(self.settled.len()).unwrap_or(u32::MAX).saturating_add(self.sent);
        let seen = sent.saturating_sub(1);
        let effective = self.learning.effective;
        // With most of the window unused, a single refusal says little about the limit: a server that was
        // busy, or somebody else's burst. Two in a row do say something.
        if self.limit.learn && (seen >= effective / 2 || self.learning.refusals_in_a_row > 1) {
            // Never below three quarters at once, because others may share the allowance; and never below an
            // eighth of the limit.
            let lowered = seen.max(effective - effective.div_ceil(4)).min(effective);
            self.learning.effective = lowered.max(self.limit.max / 8).max(1);
        }
    }

    /// A request was answered without a refusal.
    pub fn accepted(&mut self) {
        self.learning.refusals_in_a_row = 0;
    }

    fn recover(&mut self, now: Moment) {
        let step = self.length().saturating_mul(QUIET_WINDOWS);
        while self.learning.effective < self.limit.max && now.since(self.learning.changed) >= step {
            self.learning.effective =
                self.learning.effective.saturating_add(self.limit.max.div_ceil(16)).min(self.limit.max);
            self.learning.changed = self.learning.changed + step;
        }
    }

    /// Freezes the window until this moment, if it is not frozen for longer.
    pub fn freeze_until(&mut self, until: Moment) {
        self.frozen_until = Some(self.frozen_until.map_or(until, |known| known.max(until)));
    }

    /// When the requests that still take room were settled, oldest first; those under way count as now.
    pub fn recent(&mut self, now: Moment) -> Vec<Moment> {
        self.forget(now);
        let mut recent: Vec<Moment> = self.settled.iter().copied().collect();
        recent.extend(std::iter::repeat_n(now, usize::try_from(self.sent).unwrap_or(0)));
        recent
    }

    /// Adds requests that were settled earlier, such as by an earlier run of the program.
    pub fn preload(&mut self, settled: impl IntoIterator<Item = Moment>) {
        self.settled.extend(settled);
        self.settled.make_contiguous().sort_unstable();
    }
}
