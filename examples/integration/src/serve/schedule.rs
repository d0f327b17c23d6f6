//! When the next pass is due, and how much it reads. Pure: the time is given.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::time::Duration;

use crate::engine::Reach;
use crate::storage::UnixMs;

/// The hour of the tenant's night at which a daily complete read begins.
const NIGHT: i8 = 2;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The first pause after a failure; it doubles up to the time between two polls.
const FIRST_RETRY_MS: i64 = 5_000;
/// How soon to look again whether another process has given the database back.
const BUSY_RETRY_MS: i64 = 2_000;
/// The longest pause between two attempts at a complete read: each costs a good part of Halo's rate.
const LAST_FULL_RETRY_MS: i64 = HOUR_MS;

/// Why a pass is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It was time to ask.
    Poll,
    /// A delivery said that something changed.
    Webhook,
    /// It was time to read everything.
    FullRead,
}

impl Cause {
    /// How much such a pass reads.
    #[must_use]
    pub const fn reach(self) -> Reach {
        match self {
            Cause::Poll | Cause::Webhook => Reach::Changes,
            Cause::FullRead => Reach::Everything,
        }
    }

    /// A word for lines.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Cause::Poll => "poll",
            Cause::Webhook => "webhook",
            Cause::FullRead => "full read",
        }
    }
}

/// The times of one serving process. Deliveries wait in the store; what is said here of them is when they came.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    poll_ms: i64,
    full_ms: i64,
    debounce_ms: i64,
    zone: TimeZone,
    next_poll: UnixMs,
    next_full: UnixMs,
    /// When the first delivery came that no pass has taken up.
    told: Option<UnixMs>,
    /// Nothing is tried before.
    not_before: UnixMs,
    failures: u32,
    /// Complete reads that failed in a row. They are put off apart from the polls.
    full_failures: u32,
    /// The latest time that was seen, to notice a clock that was set back.
    latest: UnixMs,
}

impl Schedule {
    /// The first pass is due at once; a complete read, a whole interval after `last_full`.
    pub(super) fn new(
        timing: &crate::config::Timing,
        debounce: Duration,
        zone: TimeZone,
        last_full: Option<UnixMs>,
        now: UnixMs,
    ) -> Self {
        let mut schedule = Self {
            poll_ms: millis(timing.poll),
            full_ms: millis(timing.full_read),
            debounce_ms: millis(debounce),
            zone,
            next_poll: now,
            next_full: 0,
            told: None,
            not_before: 0,
            failures: 0,
            full_failures: 0,
            latest: now,
        };
        // A database that was never read completely gets its first complete read as its first read: it has no cursors.
        schedule.next_full = schedule.full_after(last_full.unwrap_or(now));
        schedule
    }

    /// The pass that is due now, if any.
    pub(super) fn due(&mut self, now: UnixMs) -> Option<Cause> {
        self.mend(now);
        if now < self.not_before {
            return None;
        }
        if now >= self.next_full {
            Some(Cause::FullRead)
        } else if now >= self.next_poll {
            Some(Cause::Poll)
        } else if self.told.is_some_and(|told| now >= told + self.debounce_ms) {
            Some(Cause::Webhook)
        } else {
            None
        }
    }

    /// When something can be due next.
    pub(super) fn next(&self) -> UnixMs {
        let told = self.told.map_or(UnixMs::MAX, |told| told + self.debounce_ms);
        self.next_full.min(self.next_poll).min(told).max(self.not_before)
    }

    pub(super) const fn next_poll(&self) -> UnixMs {
        self.next_poll
    }

    pub(super) const fn next_full(&self) -> UnixMs {
        self.next_full
    }

    /// A delivery was stored. Later ones do not put the pass off.
    pub(super) fn told(&mut self, now: UnixMs) {
        self.told.get_or_insert(now);
    }

    /// A pass begins: it takes up what was told until now.
    pub(super) fn begins(&mut self) {
        self.told = None;
    }

    /// A pass has ended well. Every pass asks for everything that changed, so the next poll is a whole interval away.
    pub(super) fn done(&mut self, cause: Cause, now: UnixMs) {
        self.failures = 0;
        self.not_before = 0;
        self.next_poll = now + self.poll_ms;
        if cause == Cause::FullRead {
            self.full_failures = 0;
            self.next_full = self.full_after(now);
        }
    }

    /// A pass has failed. It is tried again soon, then less often, at most as often as is polled. A complete read asks
    /// for more than a poll does, and may fail where a poll would not: it is put off by itself, at most to an hour, and
    /// holds no poll back. A delivery that it had taken up waits for the next poll.
    pub(super) fn failed(&mut self, cause: Cause, now: UnixMs) {
        if cause == Cause::FullRead {
            let longest = self.full_ms.clamp(FIRST_RETRY_MS, LAST_FULL_RETRY_MS);
            self.next_full = now + pause(self.full_failures, longest);
            self.full_failures += 1;
        } else {
            self.not_before = now + pause(self.failures, self.poll_ms.max(FIRST_RETRY_MS));
            self.failures += 1;
            self.next_poll = self.next_poll.min(self.not_before);
        }
    }

    /// Another process works on the database.
    pub(super) fn busy(&mut self, now: UnixMs) {
        self.not_before = now + BUSY_RETRY_MS;
        self.next_poll = self.next_poll.min(self.not_before);
    }

    /// A daily read begins in the tenant's night, at least half a day after the last; others keep to their interval.
    fn full_after(&self, last: UnixMs) -> UnixMs {
        if self.full_ms != DAY_MS {
            return last + self.full_ms;
        }
        let earliest = last + DAY_MS / 2;
        let night = || {
            let from = Timestamp::from_millisecond(earliest).ok()?.to_zoned_datetime(self.zone.clone());
            let tonight = from.with().hour(NIGHT).minute(0).second(0).subsec_nanosecond(0).build().ok()?;
            let night = if tonight < from { tonight.checked_add(1.day()).ok()? } else { tonight };
            Some(night.timestamp().as_millisecond())
        };
        night().unwrap_or(last + DAY_MS)
    }

    /// After the clock was set back, nothing may be further away than its interval.
    fn mend(&mut self, now: UnixMs) {
        if now < self.latest {
            self.next_poll = self.next_poll.min(now + self.poll_ms);
            self.next_full = self.next_full.min(now + self.full_ms.max(DAY_MS) + DAY_MS / 2);
            self.not_before = self.not_before.min(now + self.poll_ms);
            self.told = self.told.map(|told| told.min(now));
        }
        self.latest = now;
    }
}

/// The pause after this many failures before this one.
fn pause(failures: u32, longest: i64) -> i64 {
    FIRST_RETRY_MS.saturating_mul(1 << failures.min(16)).min(longest)
}

pub(super) fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMs = 1_780_000_000_000;

    fn timing(poll: u64, full: u64) -> crate::config::Timing {
        let seconds = Duration::from_secs;
        crate::config::Timing {
            request_timeout: seconds(30),
            deadline: seconds(300),
            settle: seconds(120),
            promotion_wait: seconds(900),
            poll: seconds(poll),
            full_read: seconds(full),
            overlap: seconds(120),
            plan_expiry: seconds(86_400),
        }
    }

    fn schedule() -> Schedule {
        let zone = TimeZone::get("America/Chicago").unwrap();
        Schedule::new(&timing(300, 86_400), Duration::from_secs(5), zone, None, START)
    }

    #[test]
    fn a_poll_comes_at_once_and_then_every_interval() {
        let mut schedule = schedule();
        assert_eq!(schedule.due(START), Some(Cause::Poll));
        schedule.done(Cause::Poll, START + 1_000);
        assert_eq!(schedule.due(START + 300_999), None);
        assert_eq!(schedule.due(START + 301_000), Some(Cause::Poll));
    }

    #[test]
    fn deliveries_are_waited_for_together_but_not_for_ever() {
        let mut schedule = schedule();
        schedule.done(Cause::Poll, START);
        schedule.told(START + 1_000);
        schedule.told(START + 5_900);
        assert_eq!(schedule.due(START + 5_999), None);
        assert_eq!(schedule.next(), START + 6_000);
        assert_eq!(schedule.due(START + 6_000), Some(Cause::Webhook));
        schedule.begins();
        // What comes while the pass is under way is for the next.
        schedule.told(START + 7_000);
        schedule.done(Cause::Webhook, START + 8_000);
        assert_eq!(schedule.due(START + 12_000), Some(Cause::Webhook));
    }

    #[test]
    fn the_complete_read_comes_in_the_tenants_night_once_a_day() {
        let mut schedule = schedule();
        schedule.done(Cause::Poll, START);
        let night = schedule.next_full();
        let local = Timestamp::from_millisecond(night)
            .unwrap()
            .to_zoned_datetime(TimeZone::get("America/Chicago").unwrap());
        assert_eq!((local.hour(), local.minute()), (2, 0));
        assert!((START + DAY_MS / 2..START + DAY_MS * 3 / 2).contains(&night), "{night}");
        assert_eq!(schedule.due(night), Some(Cause::FullRead));
        schedule.done(Cause::FullRead, night + 60_000);
        assert_eq!(schedule.next_full(), night + DAY_MS);

        let hourly = Schedule::new(&timing(300, 3_600), Duration::ZERO, TimeZone::UTC, Some(START), START);
        assert_eq!(hourly.next_full(), START + HOUR_MS);
    }

    #[test]
    fn failures_are_repeated_ever_less_often_and_a_success_ends_that() {
        let mut schedule = schedule();
        let mut now = START;
        let mut pauses = Vec::new();
        for _ in 0..8 {
            assert!(schedule.due(now).is_some());
            schedule.failed(Cause::Poll, now);
            pauses.push(schedule.next() - now);
            now = schedule.next();
        }
        assert_eq!(pauses, [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
        schedule.done(Cause::Poll, now);
        assert_eq!(schedule.next(), now + 300_000);
    }

    #[test]
    fn a_complete_read_that_keeps_failing_holds_no_poll_back() {
        let mut schedule = schedule();
        schedule.done(Cause::Poll, START);
        let night = schedule.next_full();
        let (mut now, mut polls, mut reads) = (night, 0, 0);
        while now < night + 4 * HOUR_MS {
            match schedule.due(now) {
                Some(Cause::FullRead) => {
                    reads += 1;
                    schedule.failed(Cause::FullRead, now);
                }
                Some(cause) => {
                    polls += 1;
                    schedule.done(cause, now);
                }
                None => now = schedule.next(),
            }
        }
        assert_eq!(polls, 4 * 12, "a poll every five minutes");
        // 5, 10, .. 2560 seconds: ten in the first hour and a half; then one an hour.
        assert_eq!(reads, 13);
        assert!(schedule.next_full() <= now + HOUR_MS);
        schedule.done(Cause::FullRead, now);
        assert!(schedule.next_full() > now + DAY_MS / 2);
        schedule.next_full = now;
        schedule.failed(Cause::FullRead, now);
        assert_eq!(schedule.next_full(), now + 5_000, "a success ends the pauses");
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_the_polls() {
        let mut schedule = schedule();
        schedule.done(Cause::Poll, START);
        let back = START - 30 * DAY_MS;
        assert_eq!(schedule.due(back), None);
        assert_eq!(schedule.due(back + 300_000), Some(Cause::Poll));
    }
}
