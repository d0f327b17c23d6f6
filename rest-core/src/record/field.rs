//! A property of a schema as a constant: its name, its type, how it is written and how it is blanked.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde_json::value::RawValue;

use super::value::{self, FieldValue};

/// One property of the schema `S` with values of type `V`.
///
/// `W` says how it is written ([`ReadOnly`], [`Writable`], [`ReplacesAll`]) and `B` how it is blanked
/// ([`NoBlank`], [`BlankNull`], [`BlankText`], [`BlankSentinel`]). Both are types, so that a product's
/// `set` and `clear` can refuse a wrong field at compile time through [`CanWrite`] and [`CanBlank`].
pub struct Field<S, V, W = Writable, B = NoBlank> {
    name: &'static str,
    aliases: &'static [&'static str],
    sentinel: i64,
    marker: Marker<S, V, W, B>,
}

// A field owns none of its types, so it is `Send`, `Sync` and `Copy` whatever they are.
type Marker<S, V, W, B> = PhantomData<fn() -> (S, V, W, B)>;

impl<S, V, W, B> Field<S, V, W, B> {
    /// A field that has the same name everywhere.
    pub const fn new(name: &'static str) -> Self {
        Self { name, aliases: &[], sentinel: 0, marker: PhantomData }
    }

    /// A field that some answers call otherwise. Requests use `name`.
    pub const fn with_aliases(name: &'static str, aliases: &'static [&'static str]) -> Self {
        Self { name, aliases, sentinel: 0, marker: PhantomData }
    }

    /// Its name in requests.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Its other names in answers.
    pub const fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// The field without its types, for lists of checks.
    pub const fn check(&self) -> FieldCheck
    where
        V: FieldValue,
    {
        FieldCheck { name: self.name, aliases: self.aliases, odd: value::is_odd::<V> }
    }

    /// The JSON that blanks the field.
    pub fn blank(&self) -> Cow<'static, str>
    where
        B: CanBlank,
    {
        B::blank(self.sentinel)
    }

    /// How the field is written.
    pub fn write_kind(&self) -> WriteKind
    where
        W: WriteMode,
    {
        W::KIND
    }
}

impl<S, V, W> Field<S, V, W, BlankSentinel> {
    /// A field that is blanked by writing this number.
    pub const fn with_sentinel(name: &'static str, sentinel: i64) -> Self {
        Self { name, aliases: &[], sentinel, marker: PhantomData }
    }

    /// The number that means "none".
    pub const fn sentinel(&self) -> i64 {
        self.sentinel
    }

    /// The same field with other names in answers.
    #[must_use]
    pub const fn and_aliases(self, aliases: &'static [&'static str]) -> Self {
        Self { name: self.name, aliases, sentinel: self.sentinel, marker: PhantomData }
    }
}

impl<S, V, W, B> Clone for Field<S, V, W, B> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, V, W, B> Copy for Field<S, V, W, B> {}

impl<S, V, W, B> fmt::Debug for Field<S, V, W, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({})", self.name)
    }
}

/// A [`Field`] without its types: what [`Record::oddities`](super::Record::oddities) goes through.
#[derive(Clone, Copy)]
pub struct FieldCheck {
    name: &'static str,
    aliases: &'static [&'static str],
    odd: fn(&RawValue) -> bool,
}

impl FieldCheck {
    /// A check with its own test, which says whether a JSON value is unreadable for the field.
    pub const fn new(
        name: &'static str,
        aliases: &'static [&'static str],
        odd: fn(&RawValue) -> bool,
    ) -> Self {
        Self { name, aliases, odd }
    }

    /// The field's name in requests.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The field's other names in answers.
    pub const fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    /// Whether this JSON is neither null nor of the field's kind.
    pub fn is_odd(&self, raw: &RawValue) -> bool {
        raw.get() != "null" && (self.odd)(raw)
    }
}

impl fmt::Debug for FieldCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldCheck({})", self.name)
    }
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! markers {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;
        impl sealed::Sealed for $name {}
    )+};
}

markers! {
    /// The server computes the field; writing it does nothing or fails.
    ReadOnly,
    /// Writing the field changes it alone.
    Writable,
    /// The field is a collection, and writing it replaces the whole: what is left out is deleted.
    ReplacesAll,
    /// The field cannot be blanked.
    NoBlank,
    /// The field is blanked by null.
    BlankNull,
    /// The field is blanked by an empty text.
    BlankText,
    /// The field is blanked by a number that means "none", carried by [`Field::with_sentinel`].
    BlankSentinel,
}

/// How a field is written, as a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WriteKind {
    /// See [`ReadOnly`].
    ReadOnly,
    /// See [`Writable`].
    Writable,
    /// See [`ReplacesAll`].
    ReplacesAll,
}

/// How a field is written, as a type. Sealed: [`ReadOnly`], [`Writable`] and [`ReplacesAll`].
pub trait WriteMode: sealed::Sealed {
    /// The same as a value.
    const KIND: WriteKind;
}

impl WriteMode for ReadOnly {
    const KIND: WriteKind = WriteKind::ReadOnly;
}
impl WriteMode for Writable {
    const KIND: WriteKind = WriteKind::Writable;
}
impl WriteMode for ReplacesAll {
    const KIND: WriteKind = WriteKind::ReplacesAll;
}

/// The write modes of fields that can be set. Sealed.
#[diagnostic::on_unimplemented(
    message = "this field cannot be written",
    label = "the server computes this field",
    note = "a field is writable when its third parameter is `Writable` or `ReplacesAll`"
)]
pub trait CanWrite: WriteMode {}

impl CanWrite for Writable {}
impl CanWrite for ReplacesAll {}

/// How a field is blanked, as a type. Sealed: [`NoBlank`] and the implementors of [`CanBlank`].
pub trait BlankMode: sealed::Sealed {}

impl BlankMode for NoBlank {}
impl BlankMode for BlankNull {}
impl BlankMode for BlankText {}
impl BlankMode for BlankSentinel {}

/// The blank modes of fields that can be cleared. Sealed.
#[diagnostic::on_unimplemented(
    message = "this field cannot be cleared",
    label = "there is no known way to blank this field",
    note = "a field can be cleared when its fourth parameter is `BlankNull`, `BlankText` or `BlankSentinel`"
)]
pub trait CanBlank: BlankMode {
    /// The JSON that blanks a field with this sentinel.
    fn blank(sentinel: i64) -> Cow<'static, str>;
}

impl CanBlank for BlankNull {
    fn blank(_: i64) -> Cow<'static, str> {
        Cow::Borrowed("null")
    }
}
impl CanBlank for BlankText {
    fn blank(_: i64) -> Cow<'static, str> {
        Cow::Borrowed("\"\"")
    }
}
impl CanBlank for BlankSentinel {
    fn blank(sentinel: i64) -> Cow<'static, str> {
        Cow::Owned(sentinel.to_string())
    }
}
