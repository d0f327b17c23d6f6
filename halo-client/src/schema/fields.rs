//! Custom fields, their definitions, lookups and budget types.

use rest_core::lean;
use rest_core::record::{Decimal, Record};

use crate::Id;
use crate::value::JsonText;

lean! {
    /// The definition of a field, custom or built in.
    pub struct FieldInfo as "field definition" {
        /// Its id.
        id: Id<FieldInfo> = "id",
        /// Its name; custom fields start with `CF`.
        name: String = "name",
        /// Its label.
        label: String = "label",
        /// Its kind as a number; see [`CustomFieldKind`].
        type_: i64 = "type",
        /// The lookup its values come from.
        lookup: i64 = "lookup",
        /// Whether it is custom.
        custom: i64 = "custom",
        /// What kind of record it is on.
        usage: i64 = "usage",
        /// Whether it must be filled.
        mandatory: bool = "mandatory",
        /// Whether it cannot be written.
        readonly: bool = "readonly",
        /// The choices; where asked for.
        values: Vec<Record<Lookup>> = "values",
    }

    /// A custom field of a record with its value.
    pub struct CustomField as "custom field" {
        /// The definition's id.
        id: i64 = "id",
        /// Its name, starting with `CF`.
        name: String = "name",
        /// Its label.
        label: String = "label",
        /// Its kind as a number; see [`CustomFieldKind`].
        type_: i64 = "type",
        /// Its value, any JSON: a text, a number, a flag or a list.
        value: JsonText = "value",
        /// Its value as shown to people.
        display: String = "display",
    }

    /// What a budget line can be for.
    pub struct BudgetType as "budget type" {
        /// Its id.
        id: Id<BudgetType> = "id",
        /// Its name.
        name: String = "name",
        /// Its price of an hour.
        defaultrate: Decimal = "defaultrate",
        /// Its charge rate.
        chargerate: i64 = "chargerate",
    }

    /// One choice of a lookup.
    pub struct Lookup as "lookup" {
        /// Its id.
        id: Id<Lookup> = "id",
        /// The lookup it belongs to, such as 22 for request sources.
        lookupid: i64 = "lookupid",
        /// Its text.
        name: String = "name",
        /// A second value.
        value2: String = "value2",
        /// Its place.
        sequence: i64 = "sequence",
        /// Whether it was set inactive.
        inactive: bool = "inactive",
    }
}

/// The kind of a custom field (observed by a public client in production).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CustomFieldKind {
    /// A line of text.
    Text,
    /// Lines of text.
    Memo,
    /// One choice.
    SingleSelection,
    /// Several choices.
    MultipleSelection,
    /// A date.
    Date,
    /// A time of day.
    Time,
    /// A box to tick.
    Checkbox,
    /// Text with markup.
    RichText,
    /// A kind that we do not know.
    Unknown(i64),
}

impl From<i64> for CustomFieldKind {
    fn from(number: i64) -> Self {
        match number {
            0 => Self::Text,
            1 => Self::Memo,
            2 => Self::SingleSelection,
            3 => Self::MultipleSelection,
            4 => Self::Date,
            5 => Self::Time,
            6 => Self::Checkbox,
            10 => Self::RichText,
            other => Self::Unknown(other),
        }
    }
}

impl FieldInfo {
    /// The kind of its values.
    pub fn kind(&self) -> Option<CustomFieldKind> {
        self.type_.map(Into::into)
    }
}

impl CustomField {
    /// The kind of its value.
    pub fn kind(&self) -> Option<CustomFieldKind> {
        self.type_.map(Into::into)
    }
}
