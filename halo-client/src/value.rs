//! Values as Halo writes them: times without a zone, and the dates of long ago that mean "not set".
//!
//! Numbers are [`Decimal`], which keeps the digits that the server wrote.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

pub use rest_core::record::Decimal;
use rest_core::record::FieldValue;

/// Any JSON value, as its text.
pub type Json = Box<RawValue>;

/// Any JSON value of a lean struct, as its text: comparable, unlike [`Json`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonText(Box<str>);

impl JsonText {
    /// The text, valid JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The content, if it is a JSON string.
    pub fn to_text(&self) -> Option<String> {
        serde_json::from_str(&self.0).ok()
    }
}

impl FieldValue for JsonText {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        Some(JsonText(raw.get().into()))
    }
}

/// A whole number that arrived as a float, such as `12.0`.
pub(crate) fn whole(value: f64) -> Option<i64> {
    // Beyond 2^53 a float no longer says which integer was meant.
    let exact = value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
    exact.then_some(value as i64)
}

/// A point in time of a field.
///
/// Halo writes times without a zone and with any number of fraction digits; they are read as UTC (observed by
/// public clients). A time that carries an offset keeps it. Written without a zone, as Halo itself does.
///
/// "Not set" is often a date long ago instead of null: [`is_unset`](Time::is_unset).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(Timestamp);

impl Time {
    /// The instant.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        self.0
    }

    /// Whether the year is 1980 or earlier, which is how Halo says "not set" (1899 to 1901 are common).
    #[must_use]
    pub fn is_unset(self) -> bool {
        TimeZone::UTC.to_datetime(self.0).year() <= 1980
    }

    /// What makes Halo hold a day in a field that means one, such as a start or target date: that day's noon in the
    /// zone in which people look at it, so that no offset of any season shows it as its neighbour (as a public
    /// client writes such dates).
    ///
    /// # Errors
    /// A configuration error for a day beyond the years that can be written.
    ///
    /// ```
    /// use halo_client::value::Time;
    /// use jiff::{civil::date, tz::TimeZone};
    ///
    /// let zone = TimeZone::fixed(jiff::tz::offset(-7));
    /// assert_eq!(Time::noon_of(date(2026, 10, 6), &zone)?.to_string(), "2026-10-06T19:00:00");
    /// # Ok::<(), halo_client::Error>(())
    /// ```
    pub fn noon_of(day: civil::Date, zone: &TimeZone) -> Result<Time, crate::Error> {
        zone.to_timestamp(day.at(12, 0, 0, 0)).map(Time).map_err(|error| {
            crate::Error::configuration(format!("the noon of {day} is no time that can be written"))
                .with_source(error)
        })
    }

    /// Reads Halo's forms of a time: with or without fraction, `T` or blank between, with or without an
    /// offset, or a date alone.
    pub(crate) fn read(text: &str) -> Option<Time> {
        let text = text.trim();
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Some(Time(instant));
        }
        let civil = text.parse::<civil::DateTime>().ok()?;
        TimeZone::UTC.to_timestamp(civil).ok().map(Time)
    }
}

impl From<Timestamp> for Time {
    fn from(instant: Timestamp) -> Self {
        Time(instant)
    }
}

impl fmt::Display for Time {
    /// Without a zone, in UTC.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", TimeZone::UTC.to_datetime(self.0))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Time::read(&text).ok_or_else(|| D::Error::custom("not a point in time"))
    }
}

/// A point in time of a query parameter: sent in UTC with a `Z`, which all public clients that filter by time
/// do or tolerate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryTime(Timestamp);

impl From<Timestamp> for QueryTime {
    fn from(instant: Timestamp) -> Self {
        QueryTime(instant)
    }
}

impl From<SystemTime> for QueryTime {
    /// A time before 1970 is taken for its beginning, one after the year 9999 for its end.
    fn from(at: SystemTime) -> Self {
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let instant = i64::try_from(since.as_secs())
            .ok()
            .and_then(|seconds| Timestamp::new(seconds, since.subsec_nanos().cast_signed()).ok());
        QueryTime(instant.unwrap_or(Timestamp::MAX))
    }
}

impl From<Time> for QueryTime {
    fn from(time: Time) -> Self {
        QueryTime(time.0)
    }
}

impl From<civil::Date> for QueryTime {
    /// Midnight UTC of that day.
    fn from(date: civil::Date) -> Self {
        let midnight = date.to_datetime(civil::Time::midnight());
        QueryTime(TimeZone::UTC.to_timestamp(midnight).unwrap_or(Timestamp::UNIX_EPOCH))
    }
}

impl fmt::Display for QueryTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FieldValue for Time {
    /// A text in any of Halo's forms.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        Time::read(&String::from_raw(raw)?)
    }
}

/// Reads a time for a lean struct: one that means "not set" is none.
pub(crate) fn set_time(raw: &RawValue) -> Option<Time> {
    Time::from_raw(raw).filter(|time| !time.is_unset())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_a_zone_are_utc() {
        for (text, utc) in [
            ("2026-10-06T05:04:29.23", "2026-10-06T05:04:29.23Z"),
            ("2026-10-06T05:04:29", "2026-10-06T05:04:29Z"),
            ("2026-10-06T05:04:29.2300000", "2026-10-06T05:04:29.23Z"),
            ("2026-10-06T07:04:29+02:00", "2026-10-06T05:04:29Z"),
            ("2026-10-06T05:04:29Z", "2026-10-06T05:04:29Z"),
            ("2026-10-06 05:04:29", "2026-10-06T05:04:29Z"),
            ("2026-10-06", "2026-10-06T00:00:00Z"),
        ] {
            assert_eq!(Time::read(text).expect(text).timestamp().to_string(), utc, "{text}");
        }
        assert_eq!(Time::read("soon"), None);
    }

    #[test]
    fn dates_long_ago_mean_not_set() {
        for text in ["1899-12-30T00:00:00", "1900-01-01T00:00:00", "1980-12-31T23:59:59"] {
            assert!(Time::read(text).expect(text).is_unset());
        }
        assert!(!Time::read("1981-01-01T00:00:00").expect("a time").is_unset());
    }

    #[test]
    fn a_time_is_written_as_halo_writes_it() {
        let time = Time::read("2026-10-06T07:04:29.5+02:00").expect("a time");
        assert_eq!(serde_json::to_string(&time).expect("writable"), "\"2026-10-06T05:04:29.5\"");
        assert_eq!(QueryTime::from(time).to_string(), "2026-10-06T05:04:29.5Z");
        let system = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1_500);
        assert_eq!(QueryTime::from(system).to_string(), "1970-01-01T00:00:01.5Z");
        let before = SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(9);
        assert_eq!(QueryTime::from(before).to_string(), "1970-01-01T00:00:00Z");
    }
}
