//! Custom fields, their definitions, lookups and budget types.

use rest_core::lean;
use rest_core::record::{Decimal, Record};

use super::CustomFieldKind;
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
