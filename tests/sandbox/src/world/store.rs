//! Stores of records that are plain JSON objects.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// One record.
pub type Row = Map<String, Value>;

/// The key of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A whole number.
    Int(i64),
    /// A text, such as a GUID.
    Text(String),
}

impl Key {
    /// The key a JSON value stands for: a whole number (also `12.0` and `"12"`), else a text in lower case.
    #[must_use]
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(_) => whole(value).map(Self::Int),
            Value::String(text) => Some(Self::parse(text)),
            _ => None,
        }
    }

    /// The key a path segment stands for.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        text.parse::<i64>().map_or_else(|_| Self::Text(text.to_ascii_lowercase()), Self::Int)
    }

    /// The key as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Int(id) => Value::from(*id),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int(id) => write!(f, "{id}"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// The whole number a JSON value stands for: `12`, `12.0` or `"12"`.
#[must_use]
pub fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(n) => n.as_i64().or_else(|| {
            let f = n.as_f64()?;
            #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
            (f.fract() == 0.0 && f.abs() < 9e15).then_some(f as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The number a JSON value stands for.
#[must_use]
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => n.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The whole number in a field, 0 when there is none.
#[must_use]
pub fn int(row: &Row, field: &str) -> i64 {
    row.get(field).and_then(whole).unwrap_or(0)
}

/// The text in a field, empty when there is none.
#[must_use]
pub fn text<'a>(row: &'a Row, field: &str) -> &'a str {
    row.get(field).and_then(Value::as_str).unwrap_or("")
}

/// Whether a field holds true (`true`, a number other than 0, or the text of one).
#[must_use]
pub fn flag(row: &Row, field: &str) -> bool {
    row.get(field).is_some_and(truth)
}

/// Whether a JSON value means true.
#[must_use]
pub fn truth(value: &Value) -> bool {
    match value {
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64().is_some_and(|n| n != 0.0),
        Value::String(s) => s.eq_ignore_ascii_case("true") || s == "1",
        _ => false,
    }
}

/// The rows of one resource, in key order.
#[derive(Debug, Default, Clone)]
pub struct Store {
    rows: BTreeMap<Key, Row>,
    next: i64,
    version: u64,
}

impl Store {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Grows with every change; equal versions mean equal contents.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The row of a key.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Row> {
        self.rows.get(key)
    }

    /// The row of a numeric key.
    #[must_use]
    pub fn by_id(&self, id: i64) -> Option<&Row> {
        self.rows.get(&Key::Int(id))
    }

    /// The row of a key, to change.
    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Row> {
        self.version += 1;
        self.rows.get_mut(key)
    }

    /// The row of a numeric key, to change.
    pub fn by_id_mut(&mut self, id: i64) -> Option<&mut Row> {
        self.get_mut(&Key::Int(id))
    }

    /// Puts a row under its key, replacing any there.
    pub fn put(&mut self, key: Key, row: Row) {
        self.version += 1;
        if let Key::Int(id) = key {
            self.next = self.next.max(id);
        }
        self.rows.insert(key, row);
    }

    /// A numeric key no row has had.
    pub fn fresh_id(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// Takes a row out.
    pub fn remove(&mut self, key: &Key) -> Option<Row> {
        self.version += 1;
        self.rows.remove(key)
    }

    /// All rows in key order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Row)> {
        self.rows.iter()
    }

    /// All rows, to change.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = (&Key, &mut Row)> {
        self.version += 1;
        self.rows.iter_mut()
    }
}
