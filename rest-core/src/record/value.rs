//! Values of fields, read from the text of their JSON.

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::value::RawValue;

use super::Seen;
use super::number::{Decimal, integer_from_text};

/// A type that a field's JSON can be read into.
///
/// Reading is lenient about the ways in which servers write the same thing (12, 12.0, "12") and exact about
/// the value: numbers are read from their text, never through a float.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a field",
    note = "wrap a type that implements `serde::Deserialize` in `rest_core::record::Json`"
)]
pub trait FieldValue: Sized {
    /// Reads the value; `None` when the JSON is of another kind. Never called with null.
    fn from_raw(raw: &RawValue) -> Option<Self>;
}

/// Reads what is there.
pub(crate) fn see<V: FieldValue>(raw: &RawValue) -> Seen<V> {
    if raw.get() == "null" {
        return Seen::Null;
    }
    match V::from_raw(raw) {
        Some(value) => Seen::Value(value),
        None => Seen::Odd(raw.to_owned()),
    }
}

pub(crate) fn is_odd<V: FieldValue>(raw: &RawValue) -> bool {
    V::from_raw(raw).is_none()
}

/// Reads a row's field: `None` for null and for anything that is not of the field's kind.
///
/// For structs with derived `Deserialize`, so that one odd field does not lose the row:
///
/// ```
/// #[derive(serde::Deserialize)]
/// struct Mine {
///     #[serde(default, deserialize_with = "rest_core::record::lenient")]
///     name: Option<String>,
/// }
///
/// let mine: Mine = rest_core::decode::json(br#"{"name": {"unexpected": true}}"#)?;
/// assert_eq!(mine.name, None);
/// # Ok::<(), rest_core::decode::DecodeError>(())
/// ```
///
/// # Errors
///
/// Only when the text is not JSON. Works from JSON text alone, not through `serde_json::Value`.
pub fn lenient<'de, D: Deserializer<'de>, V: FieldValue>(deserializer: D) -> Result<Option<V>, D::Error> {
    let raw = <&'de RawValue>::deserialize(deserializer)?;
    Ok(if raw.get() == "null" { None } else { V::from_raw(raw) })
}

/// The content of a JSON string; borrowed reading is not possible with escapes, so it is always owned.
fn string(raw: &RawValue) -> Option<String> {
    let text = raw.get();
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(text).ok() } else { Some(inner.to_owned()) }
}

/// The text of a number, whether it stands bare or in a string.
fn number_text(raw: &RawValue) -> Option<&str> {
    let text = raw.get();
    let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).map_or(text, str::trim);
    bare.starts_with(|c: char| c == '-' || c.is_ascii_digit()).then_some(bare)
}

impl FieldValue for String {
    /// Strings only.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        string(raw)
    }
}

impl FieldValue for bool {
    /// `true`, `false`, 0, 1, and the same in strings.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        match raw.get().trim_matches('"') {
            "true" | "True" | "1" => Some(true),
            "false" | "False" | "0" => Some(false),
            _ => None,
        }
    }
}

macro_rules! integers {
    ($($type:ty),+) => {$(
        impl FieldValue for $type {
            /// Whole numbers in any notation (12, 12.0, 1.2e1, "12") that fit.
            fn from_raw(raw: &RawValue) -> Option<Self> {
                <$type>::try_from(integer_from_text(number_text(raw)?)?).ok()
            }
        }
    )+};
}

integers!(i8, i16, i32, i64, u8, u16, u32, u64);

impl FieldValue for f64 {
    /// Any number. For money and hours use [`Decimal`], which keeps the digits.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        number_text(raw)?.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

impl FieldValue for Decimal {
    /// Any number, with the digits that the server wrote.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        Decimal::from_text(number_text(raw)?)
    }
}

impl FieldValue for Box<RawValue> {
    /// Anything, as it stands.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        Some(raw.to_owned())
    }
}

impl<V: FieldValue> FieldValue for Vec<V> {
    /// An array whose elements are all readable.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let elements: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        elements.into_iter().map(V::from_raw).collect()
    }
}

impl<S, T: DeserializeOwned> FieldValue for super::Record<S, T> {
    /// A nested object.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        Self::parse(raw.get()).ok()
    }
}

impl FieldValue for jiff::civil::Date {
    /// `2026-10-06`, also when a time of midnight follows.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let moment = jiff::civil::DateTime::from_raw(raw)?;
        (moment.time() == jiff::civil::Time::midnight()).then(|| moment.date())
    }
}

impl FieldValue for jiff::civil::DateTime {
    /// `2026-10-06T05:04:29.23` without an offset; a date alone is its midnight.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        let text = string(raw)?;
        // A text with an offset names a point in time: reading it as local time would move it.
        let time = text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time);
        if time.contains(['Z', 'z', '+', '-', '[']) {
            return None;
        }
        text.parse().ok()
    }
}

impl FieldValue for jiff::Timestamp {
    /// `2026-10-06T05:04:29Z` or with any offset; without an offset it is no point in time.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        string(raw)?.parse().ok()
    }
}

/// Any type that serde can read, as a field's value.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FieldValue for Json<T> {
    fn from_raw(raw: &RawValue) -> Option<Self> {
        serde_json::from_str(raw.get()).ok().map(Self)
    }
}
