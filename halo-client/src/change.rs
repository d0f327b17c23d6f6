//! Writes: [`Patch`] changes a record, [`New`] makes one.
//!
//! Halo writes both with one POST of an array, and tells them apart by the id alone: a change that lost its id
//! would silently make a second record, and a new record with an id would overwrite another one. So neither is sent.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use rest_core::record::{CanBlank, Field, Record, ReplacesAll, Schema, Writable, WriteMode};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::id::sealed::Read as _;
use crate::value::{Decimal, Json, Time};
use crate::{Entity, Error, Id};

/// A field that [`set`](Patch::set) writes alone. Implemented for [`Writable`].
#[diagnostic::on_unimplemented(
    message = "this field cannot be set on its own",
    label = "read only, or a write of it replaces a whole set",
    note = "a field marked `ReplacesAll` is written with `replace`, which takes the complete set",
    note = "a field marked `ReadOnly` is kept by Halo and cannot be written"
)]
pub trait Settable: WriteMode {}

impl Settable for Writable {}

/// A value that a field of type `V` can be set to.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value for a field of type `{V}`",
    note = "texts take `&str` and `String`, times `jiff::Timestamp`, numbers `i64` and `Decimal`, ids `Id<R>` or their key"
)]
pub trait IntoField<V> {
    /// The value as JSON.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    fn to_json(&self) -> Result<String, Error>;
}

pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::configuration("a field's value cannot be written as JSON").with_source(error))
}

macro_rules! plain {
    ($($field:ty: $($value:ty)+;)+) => {$($(
        impl IntoField<$field> for $value {
            fn to_json(&self) -> Result<String, Error> {
                json(self)
            }
        }
    )+)+};
}

plain! {
    bool: bool;
    i64: i64 i32 u32;
    String: &str String &String Cow<'_, str>;
    Decimal: Decimal &Decimal i64 i32;
    Time: Time;
    Json: Json &RawValue;
}

impl IntoField<Time> for jiff::Timestamp {
    fn to_json(&self) -> Result<String, Error> {
        json(&Time::from(*self))
    }
}

impl<R: Entity> IntoField<Id<R>> for Id<R> {
    fn to_json(&self) -> Result<String, Error> {
        json(self)
    }
}

impl<R: Entity> IntoField<Id<R>> for &Id<R> {
    fn to_json(&self) -> Result<String, Error> {
        json(*self)
    }
}

impl<R: Entity<Key = i64>> IntoField<Id<R>> for i64 {
    fn to_json(&self) -> Result<String, Error> {
        json(self)
    }
}

impl<R: Entity<Key = crate::TextKey>> IntoField<Id<R>> for &str {
    fn to_json(&self) -> Result<String, Error> {
        json(self)
    }
}

impl<V, A: IntoField<V>> IntoField<Vec<V>> for Vec<A> {
    fn to_json(&self) -> Result<String, Error> {
        self.as_slice().to_json()
    }
}

impl<V, A: IntoField<V>, const N: usize> IntoField<Vec<V>> for [A; N] {
    fn to_json(&self) -> Result<String, Error> {
        self.as_slice().to_json()
    }
}

impl<V, A: IntoField<V>> IntoField<Vec<V>> for [A] {
    fn to_json(&self) -> Result<String, Error> {
        let mut out = String::from("[");
        for (index, value) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(&value.to_json()?);
        }
        out.push(']');
        Ok(out)
    }
}

impl<S> IntoField<Record<S>> for New<S> {
    fn to_json(&self) -> Result<String, Error> {
        self.body.to_json()
    }
}

impl<S: Entity> IntoField<Record<S>> for Patch<S> {
    fn to_json(&self) -> Result<String, Error> {
        self.body.to_json()
    }
}

impl<S> IntoField<Record<S>> for Record<S> {
    fn to_json(&self) -> Result<String, Error> {
        Ok(self.raw_text().to_owned())
    }
}

impl<S> IntoField<Record<S>> for &Record<S> {
    fn to_json(&self) -> Result<String, Error> {
        Ok(self.raw_text().to_owned())
    }
}

/// Any type that serde can write, for fields that take any JSON.
#[derive(Debug, Clone)]
pub struct AnyJson<T>(pub T);

impl<T: Serialize> IntoField<Json> for AnyJson<T> {
    fn to_json(&self) -> Result<String, Error> {
        json(&self.0)
    }
}

/// The fields of a write, in the order in which they were set. A value that could not be written is kept until
/// the write is sent, and reported there.
#[derive(Clone, Default)]
struct Body {
    entries: Vec<(Cow<'static, str>, Result<String, Error>)>,
}

impl Body {
    fn put(&mut self, name: impl Into<Cow<'static, str>>, value: Result<String, Error>) {
        let name = name.into();
        match self.entries.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.entries.push((name, value)),
        }
    }

    fn value(&self, name: &str) -> Option<&Result<String, Error>> {
        self.entries.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn to_json(&self) -> Result<String, Error> {
        let mut out = String::from("{");
        for (index, (name, value)) in self.entries.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            out.push_str(&json(name.as_ref())?);
            out.push(':');
            out.push_str(value.as_deref().map_err(Clone::clone)?);
        }
        out.push('}');
        Ok(out)
    }
}

/// The names of what is set, not the values.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|(name, _)| name)).finish()
    }
}

macro_rules! setters {
    () => {
        /// Sets a field.
        #[must_use]
        pub fn set<V, W: Settable, B>(mut self, field: Field<S, V, W, B>, value: impl IntoField<V>) -> Self {
            self.body.put(field.name(), value.to_json());
            self
        }

        /// Writes a field whose write replaces the whole set: what is not in `all` is deleted. Read the
        /// record's detail first, and leave out nothing.
        #[must_use]
        pub fn replace<V, B>(mut self, field: Field<S, V, ReplacesAll, B>, all: impl IntoField<V>) -> Self {
            self.body.put(field.name(), all.to_json());
            self
        }

        /// Sets a field by its name on the wire, for what no constant covers, such as the fields of a version
        /// newer than this crate. Nothing is checked.
        #[must_use]
        pub fn set_named<T: Serialize>(mut self, name: impl Into<Cow<'static, str>>, value: T) -> Self {
            self.body.put(name, json(&value));
            self
        }

        /// The JSON object that is sent.
        ///
        /// # Errors
        /// A configuration error when a value that was set cannot be written as JSON.
        pub fn to_json(&self) -> Result<String, Error> {
            self.body.to_json()
        }
    };
}

/// A change of the record with this id. Fields that are not set stay as they are.
///
/// ```
/// use halo_client::Patch;
/// use halo_client::schema::Ticket;
///
/// let patch = Patch::<Ticket>::of(4711).set(Ticket::SUMMARY, "New firewall").clear(Ticket::AGENT_ID);
/// assert_eq!(patch.to_json()?, r#"{"id":4711,"summary":"New firewall","agent_id":1}"#);
/// # Ok::<(), halo_client::Error>(())
/// ```
pub struct Patch<S: Entity> {
    id: Id<S>,
    body: Body,
}

impl<S: Entity> Patch<S> {
    /// A change of nothing yet.
    pub fn of(id: impl Into<Id<S>>) -> Self {
        let id = id.into();
        let mut body = Body::default();
        id.key().identify(&mut |name, value| body.put(name, Ok(value)));
        Patch { id, body }
    }

    /// The record.
    pub fn id(&self) -> &Id<S> {
        &self.id
    }

    /// What is sent: a change of this record and of no other.
    pub(crate) fn to_send(&self) -> Result<String, Error> {
        let key = self.id.key();
        if key.is_blank() {
            return Err(Error::configuration(format!(
                "a change needs the id of its record; Halo would make a new {} of this one",
                crate::id::name::<S>()
            )));
        }
        let mut other = None;
        key.identify(&mut |name, value| {
            if !matches!(self.body.value(name), Some(Ok(sent)) if *sent == value) {
                other = Some(name);
            }
        });
        match other {
            Some(name) => Err(Error::configuration(format!(
                "the change of {:?} sets `{name}`, which names the record; make the patch with the id of the other one",
                self.id
            ))),
            None => self.to_json(),
        }
    }

    /// Whether nothing was set or cleared.
    pub fn is_empty(&self) -> bool {
        let mut identity = 0;
        self.id.key().identify(&mut |_, _| identity += 1);
        self.body.entries.len() == identity
    }

    setters!();

    /// Blanks a field, in the way in which Halo blanks it.
    #[must_use]
    pub fn clear<V, W: Settable, B: CanBlank>(mut self, field: Field<S, V, W, B>) -> Self {
        self.body.put(field.name(), Ok(field.blank().into_owned()));
        self
    }
}

/// A record to be made.
///
/// Where it is known what Halo refuses to do without, `of` takes it: `New::<User>::of(name, site)`. `record` starts
/// with nothing, for all others and for what an instance fills in by itself.
///
/// ```
/// use halo_client::New;
/// use halo_client::schema::Ticket;
///
/// let new = New::<Ticket>::record().set(Ticket::SUMMARY, "New firewall").set(Ticket::CLIENT_ID, 12);
/// assert_eq!(new.to_json()?, r#"{"summary":"New firewall","client_id":12}"#);
/// # Ok::<(), halo_client::Error>(())
/// ```
pub struct New<S> {
    body: Body,
    schema: PhantomData<fn() -> S>,
}

impl<S: Schema> New<S> {
    /// A record with nothing set yet.
    pub fn record() -> Self {
        New { body: Body::default(), schema: PhantomData }
    }

    /// What is sent to make a record.
    pub(crate) fn to_send(&self) -> Result<String, Error> {
        if self.body.value("id").is_some() {
            return Err(Error::configuration(format!(
                "a new {} must not set `id`: Halo would overwrite the record with that id; change it with a `Patch`",
                S::NAME
            )));
        }
        self.to_json()
    }

    setters!();
}

impl<S: Schema> Default for New<S> {
    fn default() -> Self {
        Self::record()
    }
}

impl<S: Entity> Clone for Patch<S> {
    fn clone(&self) -> Self {
        Patch { id: self.id.clone(), body: self.body.clone() }
    }
}

impl<S> Clone for New<S> {
    fn clone(&self) -> Self {
        New { body: self.body.clone(), schema: PhantomData }
    }
}

impl<S: Entity> fmt::Debug for Patch<S> {
    /// The id and the names of the fields, not their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patch({:?}, {:?})", self.id, self.body)
    }
}

impl<S: Schema> fmt::Debug for New<S> {
    /// The names of the fields, not their values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "New({}, {:?})", S::NAME, self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Action, ExternalLink, Ticket};
    use crate::{ActionKey, CustomFields};

    #[test]
    fn each_kind_of_value_is_written_as_halo_takes_it() {
        let at: jiff::Timestamp = "2026-10-06T12:00:00Z".parse().expect("a time");
        let link = New::<ExternalLink>::record().set(ExternalLink::THIRD_PARTY_ID, "HS1-A");
        let new = New::<Ticket>::record()
            .set(Ticket::SUMMARY, "Quote \"A\"")
            .set(Ticket::SENDACK, false)
            .set(Ticket::CLIENT_ID, 12)
            .set(Ticket::TARGETDATE, at)
            .set(Ticket::OPPVALUE_ONEOFF, Decimal::from_scaled(123_450, 2))
            .set(Ticket::NEW_EXTERNAL_LINK, link)
            .replace(Ticket::CUSTOMFIELDS, CustomFields::none().set("CFCode", 7));
        assert_eq!(
            new.to_json().expect("writable"),
            r#"{"summary":"Quote \"A\"","sendack":false,"client_id":12,"targetdate":"2026-10-06T12:00:00","oppvalue_oneoff":1234.50,"new_external_link":{"third_party_id":"HS1-A"},"customfields":[{"name":"CFCode","value":7}]}"#
        );
    }

    #[test]
    fn fields_are_blanked_in_their_own_way() {
        let patch = Patch::<Ticket>::of(7)
            .clear(Ticket::AGENT_ID)
            .clear(Ticket::TARGETDATE)
            .clear(Ticket::CLIENT_REFERENCE);
        assert_eq!(
            patch.to_json().expect("writable"),
            r#"{"id":7,"agent_id":1,"targetdate":null,"client_reference":""}"#
        );
    }

    #[test]
    fn an_action_is_named_by_ticket_and_number() {
        let patch = Patch::<Action>::of(Id::new(ActionKey { ticket: 7, number: 3 }));
        assert!(patch.is_empty());
        assert_eq!(
            patch.set(Action::NOTE, "x").to_json().expect("writable"),
            r#"{"id":3,"ticket_id":7,"note":"x"}"#
        );
    }

    #[test]
    fn a_later_value_wins_and_debug_shows_no_values() {
        let patch = Patch::<Ticket>::of(7).set(Ticket::SUMMARY, "one").set(Ticket::SUMMARY, "two");
        assert_eq!(patch.to_json().expect("writable"), r#"{"id":7,"summary":"two"}"#);
        assert_eq!(format!("{patch:?}"), r#"Patch(Ticket(7), ["id", "summary"])"#);
    }
}
