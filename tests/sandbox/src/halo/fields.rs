//! The names and JSON types of the fields of the daily resources, from the API document, and what the server
//! does to a body that was sent: unknown names are dropped, values are brought to their type or refused.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::wire::Reply;
use crate::world::Row;
use crate::world::clock::{parse, zoneless};
use crate::world::store::{number, truth, whole};

/// Type letters by name: i whole number, n number, b flag, d date-time, s text, a array, o object, x any.
type Types = HashMap<&'static str, char>;

static FIELDS: LazyLock<HashMap<&'static str, Types>> = LazyLock::new(|| {
    let mut all: HashMap<&'static str, Types> = HashMap::new();
    let mut root = "";
    for line in include_str!("facts/fields.txt").lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            root = name;
            continue;
        }
        let mut words = line.split_whitespace();
        let Some(kind) = words.next().and_then(|k| k.chars().next()) else { continue };
        all.entry(root).or_default().extend(words.map(|word| (word, kind)));
    }
    // Found in servers newer than the document.
    if let Some(actions) = all.get_mut("actions") {
        actions.insert("new_status", 'i');
        actions.insert("userlookup", 'o');
    }
    if let Some(tickets) = all.get_mut("tickets") {
        tickets.insert("userlookup", 'o');
        tickets.insert("new_related_tickets", 'a');
    }
    all
});

/// The unset moment, as most columns hold it.
pub(super) const UNSET: &str = "1900-01-01T00:00:00";

/// Brings the fields of a sent object to their types. `at` is its place in the array.
pub(super) fn clean(root: &str, sent: Row, at: usize) -> Result<Row, Reply> {
    let Some(types) = FIELDS.get(root) else { return Ok(sent) };
    let mut row = Row::new();
    for (name, value) in sent {
        let name = name.to_ascii_lowercase_if_needed();
        let Some(&kind) = types.get(name.as_str()) else { continue };
        let path = format!("[{at}].{name}");
        let wrong = |what: &str| {
            Err(Reply::model(
                &path,
                &format!("Could not convert {what}: {}. Path '{path}', line 1, position 1.", plain(&value)),
            ))
        };
        let held = match (kind, &value) {
            ('a' | 'o' | 'x', _) => value,
            ('i', Value::Null) | ('n', Value::Null) | ('b', Value::Null) => continue,
            ('i', Value::Number(n)) if n.is_f64() => {
                return Err(Reply::model(
                    &path,
                    &format!("Input string '{n}' is not a valid integer. Path '{path}', line 1, position 1."),
                ));
            }
            ('i', _) => match whole(&value) {
                Some(n) => json!(n),
                None => return wrong("string to integer"),
            },
            ('n', _) => match number(&value) {
                Some(n) => json!(n),
                None => return wrong("string to double"),
            },
            ('b', _) => match &value {
                Value::Bool(_) | Value::Number(_) => Value::Bool(truth(&value)),
                Value::String(s) if s.eq_ignore_ascii_case("true") || s.eq_ignore_ascii_case("false") => {
                    Value::Bool(truth(&value))
                }
                _ => return wrong("string to boolean"),
            },
            ('d', Value::Null) => json!(UNSET),
            ('d', Value::String(s)) if s.is_empty() => json!(UNSET),
            ('d', Value::String(s)) => match parse(s) {
                Some(at) => json!(zoneless(at)),
                None => return wrong("string to DateTime"),
            },
            ('d', _) => return wrong("value to DateTime"),
            (_, Value::Null) => json!(""),
            (_, Value::String(_)) => value,
            (_, Value::Array(_) | Value::Object(_)) => return wrong("value to string"),
            (_, other) => json!(plain(other)),
        };
        row.insert(name, held);
    }
    Ok(row)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Names are compared without case, as .NET does.
trait LowerCase {
    fn to_ascii_lowercase_if_needed(self) -> String;
}

impl LowerCase for String {
    fn to_ascii_lowercase_if_needed(self) -> String {
        if self.bytes().any(|b| b.is_ascii_uppercase()) && !self.starts_with('_') && !self.contains("_CRM") {
            self.to_ascii_lowercase()
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(value: Value) -> Row {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn values_are_brought_to_their_types() {
        let row = clean(
            "tickets",
            sent(json!({"Summary": "x", "status_id": "4", "startdate": "2026-06-01T10:00:00+02:00", "oppvalue": 3, "tickettype": {"id": 1}, "deadlinedate": null})),
            0,
        )
        .unwrap();
        assert_eq!(
            row,
            sent(
                json!({"summary": "x", "status_id": 4, "startdate": "2026-06-01T08:00:00", "oppvalue": 3.0, "deadlinedate": UNSET})
            )
        );
    }

    #[test]
    fn a_fraction_is_no_id() {
        assert!(clean("tickets", sent(json!({"client_id": 95.0})), 0).is_err());
        assert!(clean("actions", sent(json!({"outcome_id": "abc"})), 0).is_err());
    }
}
