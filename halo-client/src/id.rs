//! Ids that know what they name.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use rest_core::record::{FieldValue, Record, Untyped};

/// A record type with an id of its own.
pub trait Entity: Sized + 'static {
    /// How its id is represented: an integer, or a text (mostly a GUID).
    type Key: Key;
}

/// Records that nobody describes are named by whatever their route takes.
impl Entity for Untyped {
    type Key = AnyKey;
}

/// A representation of an id. Sealed: an `i64`, a [`TextKey`], an [`ActionKey`] or an [`AnyKey`].
pub trait Key: Clone + Eq + Ord + Hash + fmt::Display + sealed::Read + Send + Sync + 'static {}

impl Key for i64 {}
impl Key for TextKey {}
impl Key for ActionKey {}
impl Key for AnyKey {}

/// The text of an id, cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextKey(pub(crate) Arc<str>);

impl fmt::Display for TextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of an [`Untyped`] record: an integer or a text, as its route takes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnyKey(Arc<str>);

impl fmt::Display for AnyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of an action: numbers of actions start anew on every ticket (observed by public clients), so that
/// only the pair names one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionKey {
    /// The ticket.
    pub ticket: i64,
    /// The action's number on that ticket.
    pub number: i64,
}

impl fmt::Display for ActionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ticket, self.number)
    }
}

/// The id of a record of type `R`, such as `Id<Ticket>`.
///
/// Read from a number (`12`, `12.0`) or a text (`"12"`), as servers send both; written as the number or the
/// text that it is. Ticket, opportunity and project share `Id<Ticket>`, because they are one kind of record.
///
/// ```
/// use halo_client::Id;
/// use halo_client::schema::{Client, Ticket};
///
/// let ticket: Id<Ticket> = 4711.into();
/// assert_eq!(ticket.to_string(), "4711");
/// let client: Id<Client> = serde_json::from_str("12.0")?;
/// assert_eq!(client.get(), 12);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Id<R: Entity>(R::Key);

impl<R: Entity> Id<R> {
    /// The id made of this key.
    pub const fn new(key: R::Key) -> Self {
        Id(key)
    }

    /// The key.
    pub const fn key(&self) -> &R::Key {
        &self.0
    }

    /// The id of a record as it was read: its `id`, and of an action also its `ticket_id`. None where these are
    /// missing or are no ids.
    pub fn of<S, T>(record: &Record<S, T>) -> Option<Self> {
        let ticket = record.get_raw("ticket_id");
        sealed::Read::of_fields(record.get_raw("id")?, ticket).map(Id)
    }
}

impl<R: Entity<Key = i64>> Id<R> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl<R: Entity<Key = TextKey>> Id<R> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0.0
    }
}

impl<R: Entity<Key = i64>> From<i64> for Id<R> {
    fn from(key: i64) -> Self {
        Id(key)
    }
}

impl<R: Entity<Key = i64>> From<Id<R>> for i64 {
    fn from(id: Id<R>) -> i64 {
        id.0
    }
}

impl<R: Entity<Key = TextKey>> From<&str> for Id<R> {
    fn from(key: &str) -> Self {
        Id(TextKey(key.into()))
    }
}

impl<R: Entity<Key = TextKey>> From<String> for Id<R> {
    fn from(key: String) -> Self {
        Id(TextKey(key.into()))
    }
}

impl From<i64> for Id<Untyped> {
    fn from(key: i64) -> Self {
        Id(AnyKey(key.to_string().into()))
    }
}

impl From<&str> for Id<Untyped> {
    fn from(key: &str) -> Self {
        Id(AnyKey(key.into()))
    }
}

impl<R: Entity> From<&Id<R>> for Id<R> {
    fn from(id: &Id<R>) -> Self {
        id.clone()
    }
}

impl<R: Entity> Clone for Id<R> {
    fn clone(&self) -> Self {
        Id(self.0.clone())
    }
}

impl<R: Entity<Key: Copy>> Copy for Id<R> {}

impl<R: Entity> PartialEq for Id<R> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<R: Entity> Eq for Id<R> {}

impl<R: Entity> PartialOrd for Id<R> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<R: Entity> Ord for Id<R> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<R: Entity> Hash for Id<R> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<R: Entity> fmt::Display for Id<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<R: Entity> fmt::Debug for Id<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", name::<R>(), self.0)
    }
}

/// The name of a record type, as its schema has it.
pub(crate) fn name<R>() -> &'static str {
    std::any::type_name::<R>().rsplit(':').next().unwrap_or("record")
}

impl<R: Entity> Serialize for Id<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        sealed::Read::write(&self.0, serializer)
    }
}

impl<'de, R: Entity> Deserialize<'de> for Id<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        sealed::Read::read(deserializer).map(Id)
    }
}

impl<R: Entity> FieldValue for Id<R> {
    /// A number in any notation, or a text.
    fn from_raw(raw: &RawValue) -> Option<Self> {
        read_key(raw).map(Id)
    }
}

fn read_key<K: Key>(raw: &RawValue) -> Option<K> {
    // A text of digits stays a text where ids are texts.
    match String::from_raw(raw) {
        Some(text) if text.is_empty() => None,
        Some(text) => K::from_text(&text),
        None => i64::from_raw(raw).and_then(K::from_integer),
    }
}

/// Reads an id for a lean struct: id 1 is Halo's "unassigned" agent and "unknown" client, hence none.
pub(crate) fn assigned<R: Entity<Key = i64>>(raw: &RawValue) -> Option<Id<R>> {
    Id::<R>::from_raw(raw).filter(|id| id.get() != 1)
}

/// Reads an id for a lean struct where 0 and less mean "none".
pub(crate) fn positive<R: Entity<Key = i64>>(raw: &RawValue) -> Option<Id<R>> {
    Id::<R>::from_raw(raw).filter(|id| id.get() > 0)
}

/// Reads an id for a lean struct where less than 0 means "none".
pub(crate) fn not_negative<R: Entity<Key = i64>>(raw: &RawValue) -> Option<Id<R>> {
    Id::<R>::from_raw(raw).filter(|id| id.get() >= 0)
}

pub(crate) mod sealed {
    use super::{
        ActionKey, AnyKey, Arc, Deserializer, FieldValue as _, RawValue, Serializer, TextKey, Visitor, fmt,
    };
    use rest_core::record::Decimal;
    use serde::de::Error;

    /// Reading and writing of a key.
    pub trait Read: Sized {
        /// Reads it from a number or a text.
        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
        /// Writes it.
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
        /// From an integer, where it can be one.
        fn from_integer(value: i64) -> Option<Self>;
        /// From a text, where it can be one.
        fn from_text(value: &str) -> Option<Self>;
        /// What names the record in a path.
        fn segment(&self) -> String;
        /// What names a record that has these fields.
        fn of_fields(id: &RawValue, _ticket_id: Option<&RawValue>) -> Option<Self>
        where
            Self: super::Key,
        {
            super::read_key(id)
        }
        /// The ticket that names the record too.
        fn ticket(&self) -> Option<i64> {
            None
        }
        /// Whether it names no record: 0, or an empty text.
        fn is_blank(&self) -> bool {
            matches!(self.segment().as_str(), "" | "0")
        }
        /// Names the record in a body: name and JSON of each field.
        fn identify(&self, put: &mut dyn FnMut(&'static str, String));
    }

    impl Read for i64 {
        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Either(std::marker::PhantomData))
        }
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_i64(*self)
        }
        fn from_integer(value: i64) -> Option<Self> {
            Some(value)
        }
        fn from_text(value: &str) -> Option<Self> {
            Decimal::from_text(value.trim())?.to_scaled(0)
        }
        fn segment(&self) -> String {
            self.to_string()
        }
        fn identify(&self, put: &mut dyn FnMut(&'static str, String)) {
            put("id", self.to_string());
        }
    }

    impl Read for TextKey {
        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Either(std::marker::PhantomData))
        }
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(&self.0)
        }
        fn from_integer(value: i64) -> Option<Self> {
            Some(TextKey(value.to_string().into()))
        }
        fn from_text(value: &str) -> Option<Self> {
            Some(TextKey(Arc::from(value)))
        }
        fn segment(&self) -> String {
            self.0.to_string()
        }
        fn identify(&self, put: &mut dyn FnMut(&'static str, String)) {
            // A string is always writable as JSON.
            put("id", serde_json::to_string(&*self.0).unwrap_or_default());
        }
    }

    impl Read for AnyKey {
        fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserializer.deserialize_any(Either(std::marker::PhantomData))
        }
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0.parse() {
                Ok(number) => serializer.serialize_i64(number),
                Err(_) => serializer.serialize_str(&self.0),
            }
        }
        fn from_integer(value: i64) -> Option<Self> {
            Some(AnyKey(value.to_string().into()))
        }
        fn from_text(value: &str) -> Option<Self> {
            Some(AnyKey(Arc::from(value)))
        }
        fn segment(&self) -> String {
            self.0.to_string()
        }
        fn identify(&self, put: &mut dyn FnMut(&'static str, String)) {
            let json = match self.0.parse::<i64>() {
                Ok(number) => number.to_string(),
                // A string is always writable as JSON.
                Err(_) => serde_json::to_string(&*self.0).unwrap_or_default(),
            };
            put("id", json);
        }
    }

    impl Read for ActionKey {
        fn read<'de, D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Err(D::Error::custom("an action's id is the pair of its ticket and its number"))
        }
        fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_i64(self.number)
        }
        fn of_fields(id: &RawValue, ticket_id: Option<&RawValue>) -> Option<Self> {
            Some(ActionKey { ticket: i64::from_raw(ticket_id?)?, number: i64::from_raw(id)? })
        }
        fn from_integer(_: i64) -> Option<Self> {
            None
        }
        fn from_text(_: &str) -> Option<Self> {
            None
        }
        fn segment(&self) -> String {
            self.number.to_string()
        }
        fn ticket(&self) -> Option<i64> {
            Some(self.ticket)
        }
        fn identify(&self, put: &mut dyn FnMut(&'static str, String)) {
            put("id", self.number.to_string());
            put("ticket_id", self.ticket.to_string());
        }
    }

    struct Either<K>(std::marker::PhantomData<K>);

    impl<K: Read> Visitor<'_> for Either<K> {
        type Value = K;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an id")
        }
        fn visit_i64<E: Error>(self, value: i64) -> Result<K, E> {
            K::from_integer(value).ok_or_else(|| E::custom("not an id"))
        }
        fn visit_u64<E: Error>(self, value: u64) -> Result<K, E> {
            i64::try_from(value).map_err(E::custom).and_then(|value| self.visit_i64(value))
        }
        fn visit_f64<E: Error>(self, value: f64) -> Result<K, E> {
            let value = crate::value::whole(value).ok_or_else(|| E::custom("an id is a whole number"))?;
            self.visit_i64(value)
        }
        fn visit_str<E: Error>(self, value: &str) -> Result<K, E> {
            K::from_text(value).ok_or_else(|| E::custom("not an id"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Site, Ticket, Webhook};

    #[test]
    fn numbers_floats_and_texts_are_one_id() {
        for text in ["12", "12.0", "\"12\"", "\" 12 \"", "\"12.0\""] {
            assert_eq!(serde_json::from_str::<Id<Site>>(text).expect(text).get(), 12);
        }
        for text in ["12.5", "\"a\"", "null", "true", "{}"] {
            assert!(serde_json::from_str::<Id<Site>>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::to_string(&Id::<Ticket>::from(-33)).expect("writable"), "-33");
    }

    #[test]
    fn a_text_id_keeps_its_text() {
        let id: Id<Webhook> = serde_json::from_str("\"6f9e-1\"").expect("readable");
        assert_eq!(id.as_str(), "6f9e-1");
        assert_eq!(format!("{id:?}"), "Webhook(6f9e-1)");
    }
}
