//! Custom fields of records: read by name or id, changed, and written back as a whole.

use std::fmt;

use rest_core::record::{Field, FieldValue, Record, ReplacesAll, Schema, Seen};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::change::json;
use crate::schema::CustomField;
use crate::{Error, IntoField};

/// A schema with custom fields.
#[diagnostic::on_unimplemented(
    message = "records of `{Self}` have no custom fields",
    label = "Halo's document has no `customfields` for this schema"
)]
pub trait HasCustomFields: Schema + Sized {
    /// Where they stand.
    const CUSTOM_FIELDS: Field<Self, Vec<Record<CustomField>>, ReplacesAll>;
}

/// What names a custom field: its name, which starts with `CF`, in any case of letters; or its definition's id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CustomFieldKey {
    /// The name.
    Name(String),
    /// The id.
    Id(i64),
}

impl From<&str> for CustomFieldKey {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<&String> for CustomFieldKey {
    fn from(name: &String) -> Self {
        Self::Name(name.clone())
    }
}

impl From<String> for CustomFieldKey {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<i64> for CustomFieldKey {
    fn from(id: i64) -> Self {
        Self::Id(id)
    }
}

impl From<crate::Id<crate::schema::FieldInfo>> for CustomFieldKey {
    fn from(id: crate::Id<crate::schema::FieldInfo>) -> Self {
        Self::Id(id.get())
    }
}

impl fmt::Display for CustomFieldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "custom field `{name}`"),
            Self::Id(id) => write!(f, "custom field {id}"),
        }
    }
}

/// The custom fields of a record, to be read, changed and written back as a whole.
///
/// Whether Halo keeps custom fields that a write leaves out is not known for sure, so they are all sent.
/// [`Handle::set_custom_field`](crate::Handle::set_custom_field) does that for many records.
///
/// ```
/// use halo_client::schema::Ticket;
/// use halo_client::{CustomFields, Patch, Record, Seen};
///
/// # fn example(ticket: &Record<Ticket>) -> Result<(), halo_client::Error> {
/// // `ticket` was read with `includedetails(true)`.
/// let fields = CustomFields::of(ticket, Ticket::CUSTOMFIELDS)?;
/// if let Seen::Value(code) = fields.get::<String>("CFBudgetCode") {
///     println!("was {code}");
/// }
/// let patch = Patch::<Ticket>::of(4711).replace(Ticket::CUSTOMFIELDS, fields.set("CFBudgetCode", "A-12"));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct CustomFields {
    rows: Vec<Row>,
}

#[derive(Clone)]
struct Row {
    id: Option<i64>,
    name: Option<String>,
    /// None where the record lists the field without a value, or with one that is not the stored one.
    value: Result<Option<String>, Error>,
}

impl Row {
    fn is(&self, key: &CustomFieldKey) -> bool {
        match key {
            CustomFieldKey::Name(name) => {
                self.name.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(name))
            }
            CustomFieldKey::Id(id) => self.id == Some(*id),
        }
    }
}

impl fmt::Debug for Row {
    /// What names it, not its value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.id) {
            (Some(name), _) => f.write_str(name),
            (None, Some(id)) => write!(f, "{id}"),
            (None, None) => f.write_str("?"),
        }
    }
}

/// The value that a write sends back. A table's rows come without one, and what an encrypted field shows need not be
/// what it holds: such a field is sent by its name alone, so that the write says nothing of its value.
fn shown(row: &Record<CustomField>) -> Option<&RawValue> {
    let marked = |name| row.get_raw(name).is_some_and(|raw| bool::from_raw(raw) == Some(true));
    if marked("isencrypted") || marked("value_is_password_id") { None } else { row.get_raw("value") }
}

impl CustomFields {
    /// None yet, for a record to be made.
    pub fn none() -> Self {
        Self::default()
    }

    /// Those of a record's detail.
    ///
    /// # Errors
    /// A configuration error when the record was read without its custom fields, or they are not a list:
    /// writing back what was not read would delete it.
    pub fn of<S, T, W, B>(
        record: &Record<S, T>,
        field: Field<S, Vec<Record<CustomField>>, W, B>,
    ) -> Result<Self, Error> {
        let Some(rows) = record.get(field).value() else {
            return Err(Error::configuration(
                "the record was read without its custom fields; get it with `includedetails(true)`",
            ));
        };
        let rows = rows.iter().map(|row| Row {
            id: row.value().id,
            name: row.value().name.clone(),
            value: Ok(shown(row).map(|value| value.get().to_owned())),
        });
        Ok(Self { rows: rows.collect() })
    }

    /// Sets a field by its name, which starts with `CF`, or by its id. What the record does not list is added.
    #[must_use]
    pub fn set<T: Serialize>(mut self, key: impl Into<CustomFieldKey>, value: T) -> Self {
        let (key, value) = (key.into(), json(&value).map(Some));
        match self.rows.iter_mut().find(|row| row.is(&key)) {
            Some(row) => row.value = value,
            None => self.rows.push(match key {
                CustomFieldKey::Name(name) => Row { id: None, name: Some(name), value },
                CustomFieldKey::Id(id) => Row { id: Some(id), name: None, value },
            }),
        }
        self
    }

    /// The value of a field: absent where the record does not list it, or lists it without a value, and for
    /// encrypted ones.
    pub fn get<V: FieldValue>(&self, key: impl Into<CustomFieldKey>) -> Seen<V> {
        let key = key.into();
        let Some(row) = self.rows.iter().find(|row| row.is(&key)) else { return Seen::Absent };
        let json = row.value.as_ref().ok().cloned().flatten();
        let raw = json.and_then(|json| RawValue::from_string(json).ok());
        match raw {
            None => Seen::Absent,
            Some(raw) if raw.get() == "null" => Seen::Null,
            Some(raw) => V::from_raw(&raw).map_or(Seen::Odd(raw), Seen::Value),
        }
    }

    /// Whether a field has just this value; one that is listed without a value has none.
    pub(crate) fn holds(&self, key: &CustomFieldKey, value: &Value) -> bool {
        let row = self.rows.iter().find(|row| row.is(key));
        match row.and_then(|row| row.value.as_ref().ok()?.as_deref()) {
            Some(json) => serde_json::from_str::<Value>(json).is_ok_and(|held| held == *value),
            None => false,
        }
    }

    /// Whether a field is not listed or has no value.
    pub(crate) fn holds_nothing(&self, key: &CustomFieldKey) -> bool {
        let row = self.rows.iter().find(|row| row.is(key));
        row.is_none_or(|row| {
            row.value.as_ref().is_ok_and(|json| json.as_deref().is_none_or(|json| json == "null"))
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl IntoField<Vec<Record<CustomField>>> for CustomFields {
    fn to_json(&self) -> Result<String, Error> {
        let mut all = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let id = row.id.map(|id| format!("\"id\":{id}"));
            let name = row.name.as_deref().map(json).transpose()?.map(|name| format!("\"name\":{name}"));
            let value = row.value.as_ref().map_err(Clone::clone)?;
            let value = value.as_ref().map(|value| format!("\"value\":{value}"));
            let fields: Vec<String> = [id, name, value].into_iter().flatten().collect();
            all.push(format!("{{{}}}", fields.join(",")));
        }
        Ok(format!("[{}]", all.join(",")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Ticket;

    fn detail() -> CustomFields {
        let detail = r#"{"id":7,"customfields":[{"id":90,"name":"CFA","value":["x"],"label":"A"},{"id":91,"name":"CFB","value":null},{"id":92,"value":3},{"id":94,"name":"CFD"},{"id":95,"name":"CFE","isencrypted":true,"value":"***"}]}"#;
        let record: Record<Ticket> = Record::parse(detail).expect("a ticket");
        CustomFields::of(&record, Ticket::CUSTOM_FIELDS).expect("there")
    }

    #[test]
    fn custom_fields_are_all_written_back() {
        let fields = detail().set("cfb", "new").set(92, true).set(93, 1);
        assert_eq!(
            fields.to_json().expect("writable"),
            r#"[{"id":90,"name":"CFA","value":["x"]},{"id":91,"name":"CFB","value":"new"},{"id":92,"value":true},{"id":94,"name":"CFD"},{"id":95,"name":"CFE"},{"id":93,"value":1}]"#
        );
        assert_eq!(format!("{fields:?}"), "CustomFields { rows: [CFA, CFB, 92, CFD, CFE, 93] }");
        let row: Record<Ticket> = Record::parse(r#"{"id":7}"#).expect("a ticket");
        assert!(CustomFields::of(&row, Ticket::CUSTOMFIELDS).expect_err("not read").is_configuration());
    }

    #[test]
    fn a_field_is_read_by_name_or_id() {
        let fields = detail();
        assert_eq!(fields.get::<Vec<String>>("cfa"), Seen::Value(vec!["x".to_owned()]));
        assert_eq!(fields.get::<i64>(92), Seen::Value(3));
        assert!(fields.get::<i64>(90).is_odd() && fields.get::<i64>("CFB").is_null());
        assert_eq!((fields.get::<i64>("CFD"), fields.get::<String>("CFE")), (Seen::Absent, Seen::Absent));
        assert_eq!(fields.get::<i64>("CFC"), Seen::Absent);
        assert!(fields.holds(&"CFA".into(), &serde_json::json!(["x"])));
        assert!(fields.holds(&"CFB".into(), &Value::Null) && !fields.holds(&"CFC".into(), &Value::Null));
    }
}
