//! What another document adds, removes and retypes.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use crate::model::{Kind, Model, Operation};
use crate::overrides::Overrides;

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It is new, with this type where it has one.
    Added(String),
    /// It is gone.
    Removed(String),
    /// Its type was the first and is the second.
    Retyped(String, String),
}

/// All differences, each list in the order of its names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Path roots.
    pub resources: BTreeMap<String, Change>,
    /// Operations as `METHOD PATH`; retyped where the body or the answer differs.
    pub operations: BTreeMap<String, Change>,
    /// Parameters as `METHOD PATH NAME`, without those of new and gone operations.
    pub parameters: BTreeMap<String, Change>,
    /// Schemas and enumerations; retyped where an enumeration's values differ.
    pub schemas: BTreeMap<String, Change>,
    /// Properties as `SCHEMA.PROPERTY`, without those of new and gone schemas.
    pub properties: BTreeMap<String, Change>,
    /// What stops the new document from being generated with the table as it is.
    pub table: Option<String>,
}

impl Diff {
    /// Compares two models. `overrides` is the table that the next run will use.
    pub fn between(old: &Model, new: &Model, overrides: &Overrides) -> Diff {
        let mut diff = Diff::default();
        let roots = |model: &Model| -> BTreeMap<String, String> {
            let root = |path: &str| format!("/{}", path.split('/').nth(1).unwrap_or_default());
            model.operations.keys().map(|(path, _)| (root(path), String::new())).collect()
        };
        diff.resources = compare(&roots(old), &roots(new));

        let operations = |model: &Model| -> BTreeMap<String, String> {
            model.operations.iter().map(|(key, operation)| (title(key), shape(operation))).collect()
        };
        diff.operations = compare(&operations(old), &operations(new));
        for (key, before) in &old.operations {
            let Some(after) = new.operations.get(key) else { continue };
            let parameters = |operation: &Operation| -> BTreeMap<String, String> {
                let path = operation.path.iter().map(|(name, kind)| (format!("{{{name}}}"), kind));
                let query = operation.query.iter().map(|(name, kind)| (name.clone(), kind));
                path.chain(query)
                    .map(|(name, kind)| (format!("{} {name}", title(key)), kind.text()))
                    .collect()
            };
            diff.parameters.extend(compare(&parameters(before), &parameters(after)));
        }

        diff.schemas = compare(&names(old), &names(new));
        for (schema, before) in &old.schemas {
            let Some(after) = new.schemas.get(schema) else { continue };
            let properties = |all: &crate::model::Schema| -> BTreeMap<String, String> {
                let text = |property: &crate::model::Property| {
                    let mark = if property.read_only { ", read only" } else { "" };
                    format!("{}{mark}", property.kind.text())
                };
                all.iter().map(|(name, about)| (format!("{schema}.{name}"), text(about))).collect()
            };
            diff.properties.extend(compare(&properties(before), &properties(after)));
        }
        diff.table = crate::emit::emit(new, overrides).err().map(|failure| failure.0);
        diff
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        self.sections().iter().all(|(_, changes)| changes.is_empty()) && self.table.is_none()
    }

    fn sections(&self) -> [(&'static str, &BTreeMap<String, Change>); 5] {
        [
            ("resources", &self.resources),
            ("operations", &self.operations),
            ("parameters", &self.parameters),
            ("schemas", &self.schemas),
            ("properties", &self.properties),
        ]
    }
}

fn title((path, method): &(String, String)) -> String {
    format!("{method} {path}")
}

fn shape(operation: &Operation) -> String {
    let kind = |kind: &Option<Kind>| kind.as_ref().map_or_else(|| "nothing".to_owned(), Kind::text);
    let form = if operation.multipart { " as a form" } else { "" };
    format!("takes {}{form}, answers {}", kind(&operation.body), kind(&operation.answer))
}

fn names(model: &Model) -> BTreeMap<String, String> {
    let schemas = model.schemas.keys().map(|name| (name.clone(), "object".to_owned()));
    let enums = model.enums.iter().map(|(name, values)| (name.clone(), format!("one of {values:?}")));
    schemas.chain(enums).collect()
}

fn compare(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> BTreeMap<String, Change> {
    let gone = old
        .iter()
        .filter(|(name, _)| !new.contains_key(*name))
        .map(|(name, kind)| (name.clone(), Change::Removed(kind.clone())));
    let other = new.iter().filter_map(|(name, kind)| match old.get(name) {
        None => Some((name.clone(), Change::Added(kind.clone()))),
        Some(before) if before != kind => Some((name.clone(), Change::Retyped(before.clone(), kind.clone()))),
        Some(_) => None,
    });
    gone.chain(other).collect()
}

impl Display for Diff {
    /// A line per difference (`+` added, `-` removed, `~` retyped) below a heading with counts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("nothing differs");
        }
        let mut first = true;
        for (title, changes) in self.sections() {
            if changes.is_empty() {
                continue;
            }
            let count = |wanted: fn(&Change) -> bool| changes.values().filter(|one| wanted(one)).count();
            let added = count(|one| matches!(one, Change::Added(_)));
            let removed = count(|one| matches!(one, Change::Removed(_)));
            let retyped = count(|one| matches!(one, Change::Retyped(..)));
            let gap = if std::mem::take(&mut first) { "" } else { "\n" };
            writeln!(f, "{gap}{title}: {added} added, {removed} removed, {retyped} retyped")?;
            for (name, change) in changes {
                let line = match change {
                    Change::Added(kind) => format!("  + {name} {kind}"),
                    Change::Removed(kind) => format!("  - {name} {kind}"),
                    Change::Retyped(before, after) => format!("  ~ {name}: {before}, now {after}"),
                };
                writeln!(f, "{}", line.trim_end())?;
            }
        }
        match &self.table {
            Some(reason) => write!(f, "\nbefore it can be generated: {reason}"),
            None => write!(f, "\nthe overrides table fits the new document"),
        }
    }
}
