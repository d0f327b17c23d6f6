//! The forms values have in HIT, and the collector of what is wrong with a body.

use serde_json::Value;

use super::refusal::{Reason, Refusal};
use crate::world::clock::{self, Millis};
use crate::world::store::Row;

/// Lower case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether a text is a civil date, `YYYY-MM-DD`, that the calendar has.
#[must_use]
pub fn is_date(text: &str) -> bool {
    text.len() == 10 && clock::parse(text).is_some_and(|at| clock::date_text(at) == text)
}

/// An instant: RFC 3339 with `Z` and up to three fraction digits.
#[must_use]
pub fn instant(text: &str) -> Option<Millis> {
    let body = text.strip_suffix('Z')?;
    let (date, time) = body.split_once('T')?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let dotted = time.contains('.');
    let in_range = |part: Option<&str>, top: u32| {
        part.is_some_and(|p| p.len() == 2 && digits(p) && p.parse().is_ok_and(|n: u32| n < top))
    };
    let mut clock_parts = whole.split(':');
    let fine = is_date(date)
        && in_range(clock_parts.next(), 24)
        && in_range(clock_parts.next(), 60)
        && in_range(clock_parts.next(), 60)
        && clock_parts.next().is_none()
        && fraction.len() <= 3
        && digits(fraction)
        && dotted != fraction.is_empty();
    fine.then(|| clock::parse(text)).flatten()
}

/// Whether a text is 1 to 64 characters out of letters, digits, dot, underscore and hyphen.
#[must_use]
pub fn word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// Whether a text is a currency code.
#[must_use]
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}

/// Whether a text is an http or https URL, as far as the sandbox looks.
#[must_use]
pub fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text.len() <= 2048
        && rest.is_some_and(|r| !r.is_empty() && !r.starts_with('/'))
        && !text.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control())
}

/// The title as HIT stores it: trimmed, runs of white space collapsed to one space.
#[must_use]
pub fn title(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Collects what is wrong with a body.
#[derive(Debug, Default)]
pub struct Check {
    reasons: Vec<Reason>,
}

impl Check {
    /// Notes a fault.
    pub fn fault(&mut self, code: &'static str, field: &str, detail: impl Into<String>) {
        self.reasons.push(Reason::at(code, field, detail));
    }

    /// Nothing, or a 422 with all faults.
    ///
    /// # Errors
    /// 422.
    pub fn done(self) -> Result<(), Refusal> {
        if self.reasons.is_empty() { Ok(()) } else { Err(Refusal::because(422, self.reasons)) }
    }

    /// Notes properties that are not known.
    pub fn known(&mut self, row: &Row, at: &str, writable: &[&str], read_only: &[&str]) {
        for name in row.keys().map(String::as_str).filter(|n| !writable.contains(n)) {
            let field = join(at, name);
            if read_only.contains(&name) {
                self.fault("read_only", &field, "It cannot be written.");
            } else {
                self.fault("unknown_field", &field, "There is no such property.");
            }
        }
    }

    /// Notes a missing property; true when it is there.
    pub fn required(&mut self, row: &Row, at: &str, name: &str) -> bool {
        let there = row.contains_key(name);
        if !there {
            self.fault("required", &join(at, name), "It is required.");
        }
        there
    }

    /// The text of a property that is not nullable, when it is there and right.
    pub fn text<'a>(
        &mut self,
        row: &'a Row,
        at: &str,
        name: &str,
        fits: impl Fn(&str) -> bool,
        form: &str,
    ) -> Option<&'a str> {
        let value = row.get(name)?;
        let found = value.as_str().filter(|t| fits(t));
        if found.is_none() {
            self.fault("invalid_value", &join(at, name), form);
        }
        found
    }

    /// Whether a nullable property is there and right: then its value, null included.
    pub fn nullable<'a>(
        &mut self,
        row: &'a Row,
        at: &str,
        name: &str,
        fits: impl Fn(&Value) -> bool,
        form: &str,
    ) -> Option<&'a Value> {
        let value = row.get(name)?;
        if value.is_null() || fits(value) {
            return Some(value);
        }
        self.fault("invalid_value", &join(at, name), form);
        None
    }
}

/// `a.b`, or `b` at the top.
#[must_use]
pub fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

/// Length in characters.
#[must_use]
pub fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_the_calendars() {
        assert!(is_date("2028-02-29"));
        for bad in ["2026-02-29", "2026-2-9", "2026-02-28T00:00:00Z", "", "2026-13-01"] {
            assert!(!is_date(bad), "{bad}");
        }
    }

    #[test]
    fn instants_are_utc_to_the_millisecond() {
        assert_eq!(instant("1970-01-01T00:00:01.5Z"), Some(1_500));
        assert_eq!(instant("1970-01-01T00:00:01Z"), Some(1_000));
        for bad in [
            "1970-01-01T00:00:01",
            "1970-01-01T00:00:01.Z",
            "1970-01-01T00:00:01.1234Z",
            "1970-01-01T24:00:00Z",
        ] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }

    #[test]
    fn titles_are_tidied() {
        assert_eq!(title("  Replace\u{a0} the\n firewall "), "Replace the firewall");
    }
}
