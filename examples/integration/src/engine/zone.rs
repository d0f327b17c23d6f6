//! Halo's instants without a zone, and the civil dates that people mean by them.
//!
//! Halo stores UTC; HumanizeIT has days. Between the two stands the time zone of the settings: a day is written as its
//! local noon, so that no offset of any season moves it to a neighbour, and an instant is read as the day on which it
//! falls locally.

use halo_client::value::Time;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// The zone of the settings, resolved.
#[derive(Clone, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// A zone that was looked up already.
    #[must_use]
    pub const fn new(zone: TimeZone) -> Self {
        Self(zone)
    }

    /// Looks up an IANA name.
    ///
    /// # Errors
    /// A sentence that says what a right name looks like.
    pub fn named(name: &str) -> Result<Self, String> {
        TimeZone::get(name).map(Self).map_err(|_| {
            format!(
                "`{name}` is not a time zone; give an IANA name such as Europe/Berlin or America/New_York"
            )
        })
    }

    /// The day on which an instant of Halo falls; `None` for the dates by which Halo says "not set".
    #[must_use]
    pub fn day_of(&self, time: Time) -> Option<Date> {
        (!time.is_unset()).then(|| self.0.to_datetime(time.timestamp()).date())
    }

    /// The instant that makes Halo hold a day: its local noon.
    ///
    /// # Errors
    /// A sentence, if the day is outside what the calendar can hold.
    pub fn noon_of(&self, day: Date) -> Result<Time, String> {
        Time::noon_of(day, &self.0)
            .map_err(|_| format!("{day} cannot be written in this time zone; use another date"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        serde_json::from_value(serde_json::Value::from(text)).expect("a time")
    }

    #[test]
    fn every_day_survives_the_way_to_halo_and_back() {
        // Zones far from UTC in both directions, with half hours, and with a change of the clock at midnight.
        let names = [
            "UTC",
            "Europe/Berlin",
            "America/New_York",
            "Pacific/Kiritimati",
            "Pacific/Pago_Pago",
            "America/Havana",
        ];
        for name in names {
            let zone = Zone::named(name).expect("a known zone");
            let mut day: Date = "2026-01-01".parse().expect("a date");
            for _ in 0..731 {
                let noon = zone.noon_of(day).expect("noon exists");
                assert_eq!(zone.day_of(noon), Some(day), "{name}");
                // As a reply writes it: no zone, a fraction.
                assert_eq!(zone.day_of(time(&format!("{noon}.23"))), Some(day), "{name}");
                day = day.tomorrow().expect("tomorrow");
            }
        }
    }

    #[test]
    fn dates_of_long_ago_mean_not_set() {
        let zone = Zone::named("Europe/Berlin").expect("a known zone");
        for text in
            ["1899-12-30T00:00:00", "1900-01-01T00:00:00", "1901-01-01T00:00:00.000", "1980-06-01T00:00:00Z"]
        {
            assert_eq!(zone.day_of(time(text)), None, "{text}");
        }
    }

    #[test]
    fn offsets_are_honoured() {
        let zone = Zone::named("Europe/Berlin").expect("a known zone");
        assert_eq!(zone.day_of(time("2026-03-01T23:30:00")), Some("2026-03-02".parse().expect("a date")));
        assert_eq!(
            zone.day_of(time("2026-03-01T23:30:00+01:00")),
            Some("2026-03-01".parse().expect("a date"))
        );
    }

    #[test]
    fn an_unknown_zone_says_what_a_right_one_looks_like() {
        let error = Zone::named("Berlin").expect_err("no such zone");
        assert!(error.contains("Europe/Berlin"), "{error}");
    }
}
