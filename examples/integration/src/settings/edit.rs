//! Changes in the text of the configuration file that leave everything else as it is, comments included.

use toml_edit::{Array, DocumentMut, Item, Key, Table, TableLike, Value};

use crate::exit::Failure;

/// What the versions of the settings hold; the rest of the file is about connections and this machine.
const SETTINGS: [&str; 5] = ["scope", "project_settings", "sync", "status_map", "limits"];
/// Single keys that count as settings.
const SINGLE: [(&str, &str); 6] = [
    ("halo", "time_zone"),
    ("halo", "currency"),
    ("hit", "currency"),
    ("timing", "settle"),
    ("timing", "promotion_wait"),
    ("timing", "absence"),
];

fn wrong(what: impl Into<String>, way_out: &str) -> Failure {
    Failure::usage("setting_unknown", what, way_out)
}

/// Reads the file as a document.
///
/// # Errors
/// [`Exit::Configuration`](crate::exit::Exit::Configuration), without the line, which may hold anything.
pub(super) fn document(text: &str) -> Result<DocumentMut, Failure> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        let what = format!("the configuration is not valid TOML ({})", error.message().trim());
        Failure::configuration("configuration_not_toml", what, "correct the line")
    })
}

/// The value that somebody typed: TOML, or a bare word, which is a text.
pub(super) fn value_of(typed: &str) -> Value {
    typed.trim().parse().unwrap_or_else(|_| Value::from(typed.trim()))
}

/// Sets a key, making its tables where they are missing. `comment` names what the value means; without one, the comment
/// that is there stays.
///
/// # Errors
/// [`Exit::Usage`](crate::exit::Exit::Usage) for a key that cannot be read or that is a table.
pub(super) fn set(
    document: &mut DocumentMut,
    key: &str,
    value: Value,
    comment: Option<&str>,
) -> Result<(), Failure> {
    let example = "write it as the file does, such as limits.creates or status_map.31.to_halo.st_approved";
    let path = Key::parse(key).map_err(|_| wrong(format!("{key:?} is no key"), example))?;
    let Some((last, tables)) = path.split_last() else { return Err(wrong("the key is empty", example)) };
    let mut table: &mut dyn TableLike = document.as_table_mut();
    for part in tables {
        let entry = table.entry(part.get()).or_insert_with(|| {
            let mut made = Table::new();
            made.set_implicit(true);
            Item::Table(made)
        });
        table = entry
            .as_table_like_mut()
            .ok_or_else(|| wrong(format!("{:?} of {key} is no table", part.get()), example))?;
    }
    let mut value = value;
    match table.get_mut(last.get()) {
        Some(item) => {
            let Some(old) = item.as_value_mut() else {
                return Err(wrong(format!("{key} is a table"), "name one of its keys"));
            };
            value = like(old, value);
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        None => {
            value = tidy(value);
            table.insert(last.get(), Item::Value(value));
        }
    }
    if let (Some(comment), Some(value)) = (comment, table.get_mut(last.get()).and_then(Item::as_value_mut)) {
        value.decor_mut().set_suffix(format!(" # {comment}"));
    }
    Ok(())
}

/// A value in the manner of the old one: what was a text stays a text, what was a list becomes one.
fn like(old: &Value, new: Value) -> Value {
    let bare = |value: &Value| value.clone().decorated("", "").to_string();
    match (old, &new) {
        (Value::String(_), Value::Integer(_) | Value::Float(_) | Value::Datetime(_)) => bare(&new).into(),
        (Value::Array(_), Value::String(text)) => {
            let parts = text.value().split(',').map(str::trim).filter(|part| !part.is_empty());
            Value::Array(parts.map(value_of).collect::<Array>())
        }
        (Value::Array(_), Value::Integer(_)) => Value::Array([tidy(new)].into_iter().collect::<Array>()),
        _ => tidy(new),
    }
}

fn tidy(value: Value) -> Value {
    value.decorated(" ", "")
}

/// Puts the settings of another text in place of those of the document.
pub(super) fn replace_settings(document: &mut DocumentMut, other: &DocumentMut) {
    for name in SETTINGS {
        match other.get(name) {
            Some(item) => {
                document.insert(name, item.clone());
            }
            None => {
                document.remove(name);
            }
        }
    }
    for (table, key) in SINGLE {
        let value = other.get(table).and_then(|item| item.get(key)).cloned();
        let there = document.entry(table).or_insert_with(|| Item::Table(Table::new()));
        let Some(there) = there.as_table_like_mut() else { continue };
        match value {
            Some(value) => drop(there.insert(key, value)),
            None => drop(there.remove(key)),
        }
        if there.is_empty() {
            document.remove(table);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# mine\nformat = 1\n\n[limits] # few\ncreates = 3 # three\n\n[status_map.31.to_halo]\nst_a = 30                          # Approved -> Planning\n[scope]\nvalidation_clients = [\"cl_1\"]\n";

    fn changed(key: &str, value: &str, comment: Option<&str>) -> String {
        let mut document = document(FILE).unwrap();
        set(&mut document, key, value_of(value), comment).unwrap();
        document.to_string()
    }

    #[test]
    fn one_value_changes_and_nothing_else() {
        assert_eq!(changed("limits.creates", "7", None), FILE.replace("creates = 3", "creates = 7"));
        assert_eq!(
            changed("status_map.31.to_halo.st_a", "32", Some("Approved -> Work")),
            FILE.replace("30                          # Approved -> Planning", "32 # Approved -> Work")
        );
        assert_eq!(
            changed("scope.validation_clients", "cl_1, cl_2", None),
            FILE.replace("[\"cl_1\"]", "[\"cl_1\", \"cl_2\"]")
        );
    }

    #[test]
    fn missing_tables_are_made() {
        let text = changed("sync.closed.write", "true", None);
        assert!(text.starts_with(FILE.trim_end()), "{text}");
        assert!(text.contains("[sync.closed]\nwrite = true\n"), "{text}");
        assert!(!text.contains("[sync]\n"), "{text}");
        let text = changed("status_map.31.to_halo.st_b", "ignore", Some("let be"));
        assert!(text.contains("st_b = \"ignore\" # let be\n"), "{text}");
    }

    #[test]
    fn tables_and_nonsense_are_refused() {
        for key in ["limits", "a b", "", "limits.creates.more"] {
            let mut document = document(FILE).unwrap();
            assert!(set(&mut document, key, 1.into(), None).is_err(), "{key}");
        }
    }

    #[test]
    fn only_settings_are_brought_back() {
        let mut now =
            document("format = 1\n[halo]\ntenant = \"new\"\ncurrency = \"EUR\"\n[limits]\ncreates = 9\n")
                .unwrap();
        let then = document("format = 1\n[halo]\ntenant = \"old\"\ncurrency = \"USD\"\n[scope]\nglobal = true # once\n[timing]\npoll = \"1m\"\nsettle = \"3m\"\n").unwrap();
        replace_settings(&mut now, &then);
        let read: toml::Table = now.to_string().parse().unwrap();
        assert_eq!(read["halo"]["tenant"].as_str(), Some("new"));
        assert_eq!(read["halo"]["currency"].as_str(), Some("USD"));
        assert!(read.get("limits").is_none() && now.to_string().contains("global = true # once"));
        assert_eq!(read["timing"]["settle"].as_str(), Some("3m"));
        assert!(read["timing"].get("poll").is_none());
    }
}
