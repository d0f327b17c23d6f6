//! Exact numbers from their text.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// The digits of a number: sign, digits without the point, and how many of them stand after it.
struct Digits<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
}

fn digits(text: &str) -> Option<Digits<'_>> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            // Rust would read a second sign; JSON does not.
            if !unsigned.starts_with(|first: char| first.is_ascii_digit()) {
                return None;
            }
            (mantissa, exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?)
        }
        None => (rest, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    (!whole.is_empty() && all_digits(whole) && all_digits(fraction) && !mantissa.ends_with('.'))
        .then_some(Digits { negative, whole, fraction, exponent })
}

/// The number times ten to the `scale`, if that is a whole number that fits.
fn scaled(text: &str, scale: u32) -> Option<i128> {
    let digits = digits(text)?;
    let point = i64::from(digits.exponent) + i64::from(scale);
    let mut value: i128 = 0;
    let all = digits.whole.bytes().chain(digits.fraction.bytes());
    // The digits up to the (moved) point make the value; those after it must all be zero.
    let keep = i64::try_from(digits.whole.len()).ok()? + point;
    for (index, byte) in (0_i64..).zip(all) {
        let digit = i128::from(byte - b'0');
        if index < keep {
            value = value.checked_mul(10)?.checked_add(digit)?;
        } else if digit != 0 {
            return None;
        }
    }
    let length = i64::try_from(digits.whole.len() + digits.fraction.len()).ok()?;
    if value != 0 {
        // i128 holds 38 digits, so anything longer fails soon instead of counting through the exponent.
        for _ in length..keep {
            value = value.checked_mul(10)?;
        }
    }
    Some(if digits.negative { -value } else { value })
}

/// A whole number from the text of a JSON number, in any notation, exactly.
///
/// ```
/// use rest_core::record::integer_from_text;
///
/// assert_eq!(integer_from_text("12"), Some(12));
/// assert_eq!(integer_from_text("12.0"), Some(12));
/// assert_eq!(integer_from_text("1.2e1"), Some(12));
/// assert_eq!(integer_from_text("12.5"), None);
/// assert_eq!(integer_from_text("9007199254740993.0"), Some(9_007_199_254_740_993));
/// ```
pub fn integer_from_text(text: &str) -> Option<i128> {
    // The plain case first: it is nearly all of them.
    if text.len() <= 18 && !text.contains(['.', 'e', 'E', '+']) {
        return text.parse::<i64>().ok().map(i128::from);
    }
    scaled(text, 0)
}

/// A decimal number with the digits that the server wrote: money, hours, percentages.
///
/// Two of them are equal when they are the same number, however written.
///
/// ```
/// use rest_core::record::Decimal;
///
/// let price = Decimal::from_text("1234.50").ok_or("not a number")?;
/// assert_eq!(price.to_scaled(2), Some(123_450));
/// assert_eq!(price.to_scaled(0), None, "nothing is rounded");
/// assert_eq!(Decimal::from_scaled(123_450, 2).to_string(), "1234.50");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone)]
pub struct Decimal(Box<str>);

impl Decimal {
    /// Reads the text of a JSON number; `None` when it is none. Zeros in front, which texts may have and JSON may not,
    /// are left out.
    pub fn from_text(text: &str) -> Option<Self> {
        let digits = digits(text)?;
        let extra = digits.whole.len() - digits.whole.trim_start_matches('0').len().max(1);
        if extra == 0 {
            return Some(Self(text.into()));
        }
        let (sign, rest) = if digits.negative { text.split_at(1) } else { ("", text) };
        Some(Self(format!("{sign}{}", &rest[extra..]).into()))
    }

    /// The number `value / 10^scale`, written with `scale` digits after the point.
    pub fn from_scaled(value: i64, scale: u32) -> Self {
        let width = usize::try_from(scale).unwrap_or(usize::MAX).saturating_add(1).min(64);
        let scale = width - 1;
        let digits = format!("{:0width$}", value.unsigned_abs());
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if value < 0 { "-" } else { "" };
        let point = if scale == 0 { "" } else { "." };
        Self(format!("{sign}{whole}{point}{fraction}").into())
    }

    /// The number times ten to the `scale`, exactly; `None` when that is no whole number or does not fit.
    pub fn to_scaled(&self, scale: u32) -> Option<i64> {
        scaled(&self.0, scale).and_then(|value| i64::try_from(value).ok())
    }

    /// The number times ten to the `scale`, rounded half away from zero; `None` when it does not fit.
    ///
    /// For values that a server computed with floats and that carry their noise, such as
    /// `1234.4999999999998`.
    pub fn to_scaled_rounded(&self, scale: u32) -> Option<i64> {
        if let Some(exact) = self.to_scaled(scale) {
            return Some(exact);
        }
        let digits = digits(&self.0)?;
        let keep = i64::from(digits.exponent) + i64::from(scale);
        let end = i64::try_from(digits.whole.len()).ok()? + keep;
        let all: String = format!("{}{}", digits.whole, digits.fraction);
        let (head, tail) = match usize::try_from(end) {
            Ok(end) => all.split_at_checked(end)?,
            Err(_) => return Some(0),
        };
        let mut value: i128 = if head.is_empty() { 0 } else { head.parse().ok()? };
        if tail.as_bytes().first().is_some_and(|digit| *digit >= b'5') {
            value += 1;
        }
        i64::try_from(if digits.negative { -value } else { value }).ok()
    }

    /// The text as the server wrote it, a number of JSON.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sign, digits without leading and trailing zeros, and the position of the point behind the first.
    fn canonical(&self) -> (bool, String, i64) {
        let Some(digits) = digits(&self.0) else { return (false, String::new(), 0) };
        let all = format!("{}{}", digits.whole, digits.fraction);
        let significant = all.trim_start_matches('0');
        let leading = all.len() - significant.len();
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return (false, String::new(), 0);
        }
        let point = i64::from(digits.exponent) + i64::try_from(digits.whole.len()).unwrap_or(0)
            - i64::try_from(leading).unwrap_or(0);
        (digits.negative, significant.to_owned(), point)
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.canonical() == other.canonical()
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({})", self.0)
    }
}

impl Serialize for Decimal {
    /// As a bare number with these digits. Works into JSON text only.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn zeros_in_front_do_not_keep_a_number_from_being_written() {
        for (text, written) in [
            ("00909900.00", "909900.00"),
            ("-007", "-7"),
            ("000", "0"),
            ("-00.50e1", "-0.50e1"),
            ("0.05", "0.05"),
            ("100", "100"),
        ] {
            let number = Decimal::from_text(text).expect(text);
            assert_eq!(serde_json::to_string(&number).expect(text), written);
        }
    }

    #[test]
    fn only_numbers_are_numbers() {
        for text in [
            "", "-", ".5", "1.", "1e", "+1", "0x1", "1 ", "NaN", "1.2.3", "--1", "1e1.5", "1e+-5", "1e++5",
            "1e--5", "1e+",
        ] {
            assert!(Decimal::from_text(text).is_none(), "{text}");
        }
        for text in ["1e99999999999", "170141183460469231731687303715884105728"] {
            assert_eq!(integer_from_text(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_equal_however_they_are_written() {
        let number = |text| Decimal::from_text(text).unwrap();
        for (one, two) in [("1", "1.0"), ("10", "1e1"), ("0.1", "1e-1"), ("-0", "0.00"), ("1200", "12E+2")] {
            assert_eq!(number(one), number(two));
        }
        for (one, two) in [("1", "-1"), ("1", "10"), ("0.1", "0.01"), ("12", "21")] {
            assert_ne!(number(one), number(two));
        }
    }

    #[test]
    fn floats_noise_is_rounded_half_away_from_zero() {
        let rounded = |text: &str, scale| Decimal::from_text(text).unwrap().to_scaled_rounded(scale);
        assert_eq!(rounded("1234.4999999999998", 2), Some(123_450));
        assert_eq!(rounded("0.30000000000000004", 2), Some(30));
        assert_eq!(rounded("-2.5", 0), Some(-3));
        assert_eq!(rounded("2.49", 0), Some(2));
        assert_eq!(rounded("0.004", 2), Some(0));
        assert_eq!(rounded("5e-10", 2), Some(0));
        assert_eq!(rounded("1e300", 2), None);
    }

    proptest! {
        #[test]
        fn scaled_numbers_survive_their_text(value: i64, scale in 0_u32..20) {
            let decimal = Decimal::from_scaled(value, scale);
            prop_assert_eq!(decimal.to_scaled(scale), Some(value), "{}", decimal);
            let json = serde_json::to_string(&decimal).unwrap();
            prop_assert_eq!(Decimal::from_text(&json), Some(decimal));
        }

        #[test]
        fn integers_are_exact_in_every_notation(value: i64, zeros in 0_usize..5) {
            let value128 = i128::from(value);
            prop_assert_eq!(integer_from_text(&value.to_string()), Some(value128));
            prop_assert_eq!(integer_from_text(&format!("{value}.{}", "0".repeat(zeros + 1))), Some(value128));
            prop_assert_eq!(integer_from_text(&format!("{value}{}e-{zeros}", "0".repeat(zeros))), Some(value128));
        }

        #[test]
        fn agrees_with_floats_where_they_are_exact(value in -1_000_000_i32..1_000_000, exponent in 0_u32..5) {
            let text = format!("{value}e-{exponent}");
            let float: f64 = text.parse().unwrap();
            let rounded = (float * 100.0).round();
            // Exactly half a unit is where floats themselves are off.
            if ((float * 100.0).fract().abs() - 0.5).abs() > 1e-6 {
                prop_assert_eq!(Decimal::from_text(&text).unwrap().to_scaled_rounded(2), Some(rounded as i64));
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[-+0-9.eE]{0,40}", scale in 0_u32..40) {
            let _ = integer_from_text(&text);
            if let Some(number) = Decimal::from_text(&text) {
                let _ = (number.to_scaled(scale), number.to_scaled_rounded(scale), number == number.clone());
            }
        }
    }
}
