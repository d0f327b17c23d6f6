//! Records: a typed row with the JSON it came from.
//!
//! A product's schema is a type `S` with one [`Field`] constant per property. A [`Record<S>`] keeps the
//! JSON object and a typed row; [`Record::get`] reads any property, modelled in the row or not, and tells
//! [absent](Seen::Absent), [null](Seen::Null) and [unreadable](Seen::Odd) apart.

mod field;
mod lean;
pub(crate) mod number;
mod scan;
mod value;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

pub use self::field::{
    BlankMode, BlankNull, BlankSentinel, BlankText, CanBlank, CanWrite, Field, FieldCheck, NoBlank, ReadOnly,
    ReplacesAll, Writable, WriteKind, WriteMode,
};
pub use self::number::{Decimal, integer_from_text};
pub(crate) use self::scan::find;
pub use self::value::{FieldValue, Json, lenient};
use crate::decode::{self, DecodeError};

/// The names under which a macro of this crate finds what it needs; not part of the API.
#[doc(hidden)]
pub mod private {
    pub use serde;
    pub use serde_json::value::RawValue;

    pub use super::scan::Key;
}

/// What a record says about one field.
#[derive(Clone, Debug)]
pub enum Seen<V> {
    /// The object has no such key: not asked for, not visible, or not of this kind of record.
    Absent,
    /// The key is there and says null.
    Null,
    /// The key is there with a value.
    Value(V),
    /// The key is there, with something that is not of the field's kind. The raw JSON is kept.
    Odd(Box<RawValue>),
}

impl<V> Seen<V> {
    /// The value, if there is one.
    pub fn value(self) -> Option<V> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// The value by reference, if there is one.
    pub fn as_value(&self) -> Option<&V> {
        match self {
            Self::Value(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the key is missing.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether the key says null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether the key holds something unexpected.
    pub fn is_odd(&self) -> bool {
        matches!(self, Self::Odd(_))
    }

    /// The same with the value converted.
    pub fn map<U>(self, convert: impl FnOnce(V) -> U) -> Seen<U> {
        match self {
            Self::Absent => Seen::Absent,
            Self::Null => Seen::Null,
            Self::Value(value) => Seen::Value(convert(value)),
            Self::Odd(raw) => Seen::Odd(raw),
        }
    }
}

impl<V: PartialEq> PartialEq for Seen<V> {
    /// Odd values are equal when their JSON texts are.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Absent, Self::Absent) | (Self::Null, Self::Null) => true,
            (Self::Value(one), Self::Value(two)) => one == two,
            (Self::Odd(one), Self::Odd(two)) => one.get() == two.get(),
            _ => false,
        }
    }
}

/// A product's kind of record: the marker type that its [`Field`]s belong to.
pub trait Schema: 'static {
    /// The name people know it by.
    const NAME: &'static str;

    /// The fields that the lean row reads, for [`Record::oddities`]; none unless overridden.
    const LEAN: &'static [FieldCheck] = &[];
}

/// The schema of routes whose record type is unknown: everything is read through [`Record::get`] with
/// fields made on the spot, or from the raw JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Untyped;

impl Schema for Untyped {
    const NAME: &'static str = "record";
}

impl<'de> Deserialize<'de> for Untyped {
    /// Accepts any object.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scan::any_object(deserializer).map(|()| Self)
    }
}

/// One record: a typed row and the JSON object that it was read from.
///
/// `S` says which [`Field`]s apply; `T` is the row's type: the schema's own lean struct unless you bring
/// yours. Nothing that the server sent is lost.
///
/// ```
/// use rest_core::record::{Field, Record, Seen};
///
/// rest_core::lean! {
///     /// A thing.
///     pub struct Thing as "thing" {
///         /// What it is called.
///         name: String = "name",
///     }
/// }
///
/// const WEIGHT: Field<Thing, i64> = Field::new("weight");
///
/// let record: Record<Thing> = Record::parse(r#"{"name": "anvil", "weight": 12.0, "more": [1]}"#)?;
/// assert_eq!(record.value().name.as_deref(), Some("anvil"));
/// assert_eq!(record.get(WEIGHT), Seen::Value(12));
/// assert!(record.raw().get().contains("more"));
/// # Ok::<(), rest_core::decode::DecodeError>(())
/// ```
pub struct Record<S, T = S> {
    value: T,
    // The text is known to be one JSON object, because the row was read from it.
    raw: Box<str>,
    schema: PhantomData<fn() -> S>,
}

impl<S, T> Record<S, T> {
    /// A record from text that `value` was read from.
    pub(crate) fn from_parts(value: T, raw: &str) -> Self {
        Self { value, raw: raw.into(), schema: PhantomData }
    }

    /// The typed row.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The typed row, taken out.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The JSON object as text, exactly as it came.
    pub fn raw_text(&self) -> &str {
        &self.raw
    }

    /// The JSON object. It is checked anew on every call, at about a gigabyte per second; for mere text
    /// use [`raw_text`](Self::raw_text).
    pub fn raw(&self) -> &RawValue {
        // The row was read from the same text, so it is JSON.
        serde_json::from_str(&self.raw).unwrap_or(RawValue::NULL)
    }

    /// Both parts, taken out.
    pub fn into_parts(self) -> (T, Box<str>) {
        (self.value, self.raw)
    }

    /// Reads one field from the JSON object; its aliases are tried when its name is missing.
    ///
    /// Costs one pass over the object.
    pub fn get<V: FieldValue, W, B>(&self, field: Field<S, V, W, B>) -> Seen<V> {
        match scan::find(&self.raw, field.name(), field.aliases()) {
            None => Seen::Absent,
            Some(raw) => value::see(raw),
        }
    }

    /// Reads one field by a name that no constant covers.
    pub fn get_named<V: FieldValue>(&self, name: &str) -> Seen<V> {
        scan::find(&self.raw, name, &[]).map_or(Seen::Absent, value::see)
    }

    /// The JSON of one key by its exact name; `None` when it is missing.
    pub fn get_raw(&self, name: &str) -> Option<&RawValue> {
        scan::find(&self.raw, name, &[])
    }

    /// Every key with its JSON, in the order in which they came. Costs one allocation for the list.
    pub fn entries(&self) -> Vec<(String, &RawValue)> {
        scan::entries(&self.raw)
    }

    /// The same record with another row type.
    ///
    /// # Errors
    ///
    /// When the object is not readable as `U`.
    pub fn retype<'de, U: Deserialize<'de>>(&'de self) -> Result<U, DecodeError> {
        decode::from_text(&self.raw)
    }
}

impl<S, T: for<'de> Deserialize<'de>> Record<S, T> {
    /// Reads one JSON object.
    ///
    /// # Errors
    ///
    /// When the text is not an object that `T` can be read from.
    pub fn parse(text: &str) -> Result<Self, DecodeError> {
        let trimmed = text.trim();
        if !trimmed.starts_with('{') {
            return Err(DecodeError::new("a record must be a JSON object"));
        }
        Ok(Self::from_parts(decode::from_text(trimmed)?, trimmed))
    }
}

impl<S: Schema, T> Record<S, T> {
    /// The fields of the schema's lean row whose JSON is neither null nor of the field's kind.
    ///
    /// The row reads `None` for them. Costs one pass per field.
    pub fn oddities(&self) -> Vec<Oddity> {
        S::LEAN
            .iter()
            .filter_map(|check| {
                let raw = scan::find(&self.raw, check.name(), check.aliases())?;
                check.is_odd(raw).then(|| Oddity { field: check.name(), raw: raw.to_owned() })
            })
            .collect()
    }
}

/// A field whose JSON is not of its kind.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Oddity {
    /// The field's name.
    pub field: &'static str,
    /// What stands there.
    pub raw: Box<RawValue>,
}

impl<S, T: Clone> Clone for Record<S, T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), raw: self.raw.clone(), schema: PhantomData }
    }
}

impl<S, T: fmt::Debug> fmt::Debug for Record<S, T> {
    /// Shows the row and the size of the raw object, not its content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("value", &self.value)
            .field("raw", &format_args!("{} bytes", self.raw.len()))
            .finish()
    }
}

impl<S, T: PartialEq> PartialEq for Record<S, T> {
    /// Equal when the JSON texts are.
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<'de, S, T: for<'a> Deserialize<'a>> Deserialize<'de> for Record<S, T> {
    /// Reads a record that is nested in something else. Works from JSON text only.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
