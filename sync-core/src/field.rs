//! The fields that can be kept in step, and a row of them.

use crate::hash::Hasher;
use crate::value::{Obs, Value};
use alloc::collections::BTreeMap;
use core::fmt;

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $label:literal;)*) => {
        /// A field that can be kept in step. Closed: which field of each system it is, is decided by the adapters.
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        #[serde(rename_all = "snake_case")]
        pub enum FieldId {
            $($(#[$doc])* $name,)*
        }

        impl FieldId {
            /// All fields, in order.
            pub const ALL: [Self; [$(Self::$name),*].len()] = [$(Self::$name),*];

            /// The stable code, as in settings and plan files.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The name a person reads.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

fields! {
    /// The title. Users rename items: it is never a key. [`Value::Text`].
    Name = "name", "Name";
    /// The description. [`Value::Rich`].
    Description = "description", "Description";
    /// The status, by its id on each side. [`Value::Code`].
    Status = "status", "Status";
    /// The responsible person: a team member in HIT, an agent in Halo. [`Value::Ref`].
    Responsible = "responsible", "Responsible";
    /// The start date. [`Value::Date`].
    Start = "start", "Start date";
    /// The due date. [`Value::Date`].
    Due = "due", "Due date";
    /// One-time budget. [`Value::Money`], on HIT's side the sum of its lines.
    BudgetOnce = "budget_once", "One-time budget";
    /// Monthly budget. [`Value::Money`], on HIT's side the sum of its lines.
    BudgetMonthly = "budget_monthly", "Monthly budget";
    /// Annual budget. [`Value::Money`], on HIT's side the sum of its lines.
    BudgetAnnual = "budget_annual", "Annual budget";
    /// Planned hours. [`Value::Minutes`].
    Hours = "hours", "Hours";
    /// The link back: Halo's external link, HIT's external reference. Never merged; its rule only says whether it
    /// is written. [`Value::Text`].
    LinkBack = "link_back", "Link back";
}

impl FieldId {
    /// Number of fields.
    pub const COUNT: usize = Self::ALL.len();

    /// Money fields, frozen once a ticket was priced in Halo.
    #[must_use]
    pub const fn is_money(self) -> bool {
        matches!(self, Self::BudgetOnce | Self::BudgetMonthly | Self::BudgetAnnual)
    }

    /// Date fields; they form one group with the rule that start is not after due.
    #[must_use]
    pub const fn is_date(self) -> bool {
        matches!(self, Self::Start | Self::Due)
    }
}

impl fmt::Display for FieldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What was observed of every field of one record (or what is to be written: fields not to be written are
/// [`Obs::NotFetched`]). JSON holds only the fields that are not `NotFetched`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldRow {
    cells: [Obs<Value>; FieldId::COUNT],
}

impl FieldRow {
    /// A row in which nothing was fetched.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What was observed of the field.
    #[must_use]
    pub const fn get(&self, field: FieldId) -> &Obs<Value> {
        &self.cells[field as usize]
    }

    /// Sets the observation.
    pub fn set(&mut self, field: FieldId, obs: Obs<Value>) {
        self.cells[field as usize] = obs;
    }

    /// The row with the field holding the value.
    #[must_use]
    pub fn with(mut self, field: FieldId, value: Value) -> Self {
        self.set(field, Obs::Value(value));
        self
    }

    /// The row with the field read and blank.
    #[must_use]
    pub fn with_null(mut self, field: FieldId) -> Self {
        self.set(field, Obs::Null);
        self
    }

    /// The fields that carry something else than `NotFetched`, in the order of [`FieldId`].
    pub fn iter(&self) -> impl Iterator<Item = (FieldId, &Obs<Value>)> {
        FieldId::ALL.into_iter().map(|field| (field, self.get(field))).filter(|(_, o)| **o != Obs::NotFetched)
    }

    /// Whether no field carries anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Number of fields that carry something.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Feeds the row into a digest.
    pub fn digest_into(&self, hasher: &mut Hasher) {
        for obs in &self.cells {
            match obs {
                Obs::NotFetched => {
                    hasher.number(10);
                }
                Obs::Forbidden => {
                    hasher.number(11);
                }
                Obs::Null => {
                    hasher.number(12);
                }
                Obs::Value(value) => value.digest_into(hasher),
            }
        }
    }
}

impl FromIterator<(FieldId, Obs<Value>)> for FieldRow {
    fn from_iter<I: IntoIterator<Item = (FieldId, Obs<Value>)>>(iter: I) -> Self {
        let mut row = Self::new();
        for (field, obs) in iter {
            row.set(field, obs);
        }
        row
    }
}

impl serde::Serialize for FieldRow {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> serde::Deserialize<'de> for FieldRow {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        BTreeMap::<FieldId, Obs<Value>>::deserialize(deserializer).map(|map| map.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_holds_only_what_was_seen() {
        let row = FieldRow::new().with(FieldId::Name, Value::text("Firewall")).with_null(FieldId::Due);
        let json = serde_json::to_string(&row).unwrap();
        assert_eq!(json, r#"{"name":{"value":{"text":"Firewall"}},"due":"null"}"#);
        assert_eq!(serde_json::from_str::<FieldRow>(&json).unwrap(), row);
        assert_eq!(*row.get(FieldId::Hours), Obs::NotFetched);
    }

    #[test]
    fn codes_are_those_of_serde() {
        for field in FieldId::ALL {
            assert_eq!(serde_json::to_string(&field).unwrap(), alloc::format!("\"{field}\""));
        }
    }
}
