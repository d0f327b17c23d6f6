//! The sandbox's clock, and its dates as text.
//!
//! The clock is the machine's, but never behind the seeded history. It is read here and nowhere else.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// One day in milliseconds.
pub const DAY: Millis = 86_400_000;

/// The moment the seeded history ends: 2026-06-01T08:00:00Z. Fixed, so that a seed gives the same world on
/// every day.
pub const SEED_END: Millis = 1_780_300_800_000;

/// The sandbox's clock.
#[derive(Debug, Clone)]
pub struct Clock {
    started: Instant,
    base: Millis,
}

impl Clock {
    /// A clock that starts at the machine's time, or at the end of the seeded history if that is later.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the sandbox is its own clock; this is its one reading")]
    pub fn start() -> Self {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| millis(d.as_millis()));
        Self { started: Instant::now(), base: wall.max(SEED_END) }
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.base.saturating_add(millis(self.started.elapsed().as_millis()))
    }

    /// Time since the clock was started, for windows and lifetimes.
    #[must_use]
    pub fn elapsed(&self) -> Millis {
        millis(self.started.elapsed().as_millis())
    }
}

fn millis(value: u128) -> Millis {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Year, month and day of a day number counted from 1970-01-01.
#[must_use]
pub fn civil(day: i64) -> (i64, u32, u32) {
    let z = day + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let d = doy - (153 * mp + 2) / 5 + 1;
    let m = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(m <= 2);
    (year, u32::try_from(m).unwrap_or(1), u32::try_from(d).unwrap_or(1))
}

/// Day number of a civil date, counted from 1970-01-01.
#[must_use]
pub fn day_number(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let m = i64::from(month);
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + i64::from(day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// `2026-06-01` of a moment, in UTC.
#[must_use]
pub fn date_text(at: Millis) -> String {
    let (y, m, d) = civil(at.div_euclid(DAY));
    format!("{y:04}-{m:02}-{d:02}")
}

/// A moment as .NET writes it without a zone: `2026-06-01T08:00:04.23`, the fraction only as long as needed.
#[must_use]
pub fn zoneless(at: Millis) -> String {
    let mut text = format!("{}T{}", date_text(at), time_text(at));
    let ms = at.rem_euclid(1000);
    if ms != 0 {
        let fraction = format!(".{ms:03}");
        text.push_str(fraction.trim_end_matches('0'));
    }
    text
}

/// A moment as RFC 3339 with milliseconds and `Z`: `2026-06-01T08:00:04.230Z`.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    format!("{}T{}.{:03}Z", date_text(at), time_text(at), at.rem_euclid(1000))
}

fn time_text(at: Millis) -> String {
    let secs = at.rem_euclid(DAY) / 1000;
    format!("{:02}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
}

/// Reads a date or date-time with or without fraction and zone; without a zone it is UTC.
#[must_use]
pub fn parse(text: &str) -> Option<Millis> {
    let text = text.trim();
    let date = text.get(..10)?;
    let mut parts = date.split('-');
    let (y, m, d) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    if parts.next().is_some() || !(1..=12).contains(&m) || !(1..=31).contains(&d) {
        return None;
    }
    let mut at = day_number(y, m, d) * DAY;
    let Some(rest) = text.get(10..).filter(|r| !r.is_empty()) else { return Some(at) };
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = split_zone(rest)?;
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut hms = whole.split(':');
    let h: i64 = hms.next()?.parse().ok()?;
    let mi: i64 = hms.next()?.parse().ok()?;
    let s: i64 = hms.next().map_or(Some(0), |s| s.parse().ok())?;
    at += (h * 3600 + mi * 60 + s) * 1000;
    if !fraction.is_empty() {
        let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
        at += digits.parse::<i64>().ok()?;
    }
    Some(at - offset)
}

/// The clock part, and the zone's offset in milliseconds.
fn split_zone(text: &str) -> Option<(&str, Millis)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let (clock, zone) = (text.get(..at)?, text.get(at + 1..)?);
    let sign = if text.as_bytes().get(at) == Some(&b'-') { -1 } else { 1 };
    let (h, m) = zone.split_once(':').unwrap_or((zone.get(..2)?, zone.get(2..)?));
    let minutes = h.parse::<i64>().ok()? * 60 + if m.is_empty() { 0 } else { m.parse::<i64>().ok()? };
    Some((clock, sign * minutes * 60_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seed_ends_on_the_named_day() {
        assert_eq!(zoneless(SEED_END), "2026-06-01T08:00:00");
    }

    #[test]
    fn days_round_trip_over_four_centuries() {
        for day in (-25_600..146_100).step_by(17) {
            let (y, m, d) = civil(day);
            assert_eq!(day_number(y, m, d), day);
        }
    }

    #[test]
    fn fractions_are_as_short_as_needed() {
        assert_eq!(zoneless(SEED_END + 230), "2026-06-01T08:00:00.23");
        assert_eq!(rfc3339(SEED_END + 230), "2026-06-01T08:00:00.230Z");
    }

    #[test]
    fn reads_what_clients_send() {
        let at = SEED_END + 230;
        for text in [
            "2026-06-01T08:00:00.23",
            "2026-06-01T08:00:00.2300000Z",
            "2026-06-01T10:00:00.230+02:00",
            "2026-06-01 08:00:00.23",
        ] {
            assert_eq!(parse(text), Some(at), "{text}");
        }
        assert_eq!(parse("2026-06-01"), Some(SEED_END - 8 * 3_600_000));
        assert_eq!(parse("true"), None);
    }
}
