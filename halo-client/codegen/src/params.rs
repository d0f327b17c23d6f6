//! Builder methods for the query parameters of lists, reads and deletes.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::api::{Api, Resource};
use crate::emit::HEAD;
use crate::model::{Kind, Model, Operation};
use crate::overrides::Overrides;

/// The files of query builders, by name.
pub(crate) fn emit(model: &Model, overrides: &Overrides, api: &Api) -> BTreeMap<String, String> {
    let mut bodies: BTreeMap<String, String> = BTreeMap::new();
    let mut shared = std::collections::BTreeSet::new();
    for resource in api.resources.values() {
        // Routes that share a trait share its methods.
        if resource.shared.as_ref().is_some_and(|name| !shared.insert(name)) {
            continue;
        }
        let initial = resource.name[..1].to_ascii_lowercase();
        let body = bodies.entry(format!("params_{initial}.rs")).or_default();
        let get = |path: &str, method: &str| model.operations.get(&(path.to_owned(), method.to_owned()));
        let path = &resource.path;
        if resource.list {
            block(body, overrides, api, get(path, "GET"), path, resource, "List");
        }
        let Some(one) = &resource.one else { continue };
        if resource.get {
            block(body, overrides, api, get(one, "GET"), one, resource, "Get");
        }
        if resource.delete {
            block(body, overrides, api, get(one, "DELETE"), one, resource, "Delete");
        }
    }
    bodies.retain(|_, body| !body.is_empty());
    bodies
        .into_iter()
        .map(|(name, body)| {
            let mut head = format!(
                "//! Query parameters of lists, reads and deletes, one builder method each.\n\n{HEAD}"
            );
            if body.contains("Id<") {
                head.push_str("use crate::Id;\n");
            }
            head.push_str("use crate::resource::*;\n");
            if body.contains("schema::") {
                head.push_str("use crate::schema;\n");
            }
            if body.contains("QueryTime") {
                head.push_str("use crate::value::QueryTime;\n");
            }
            (name, format!("{head}\n{}\n", body.trim_end()))
        })
        .collect()
}

fn block(
    out: &mut String,
    overrides: &Overrides,
    api: &Api,
    operation: Option<&Operation>,
    path: &str,
    resource: &Resource,
    builder: &str,
) {
    let methods = operation.map(|operation| methods(operation, overrides, api, path)).unwrap_or_default();
    if methods.is_empty() {
        return;
    }
    let _ = match &resource.shared {
        Some(name) => writeln!(out, "impl<R: {name}, T> {builder}<R, T> {{"),
        None => writeln!(out, "impl<T> {builder}<{}, T> {{", resource.name),
    };
    for (index, (rust, parameter)) in methods.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let Parameter { wire, words, argument, value } = parameter;
        let _ = writeln!(out, "    /// Sends `{wire}`, {words}.");
        let _ = writeln!(out, "    pub fn {rust}(self, {argument}) -> Self {{");
        let _ = writeln!(out, "        self.param(\"{wire}\", {value})\n    }}");
    }
    out.push_str("}\n\n");
}

/// A query parameter as a builder method sees it.
pub(crate) struct Parameter {
    pub(crate) wire: String,
    pub(crate) words: String,
    pub(crate) argument: String,
    pub(crate) value: String,
}

/// The parameters of an operation by method name.
pub(crate) fn methods(
    operation: &Operation,
    overrides: &Overrides,
    api: &Api,
    path: &str,
) -> BTreeMap<String, Parameter> {
    let shown = operation.query.iter().filter(|(wire, _)| !overrides.is_handled(operation, wire));
    shown
        .map(|(wire, kind)| {
            let (kind, refers) = overrides.parameter(path, wire, kind);
            let refers = refers.filter(|record| api.entities.get(*record).is_some_and(|key| key.fits(&kind)));
            (overrides.method(wire), parameter(wire, &kind, refers))
        })
        .collect()
}

fn parameter(wire: &str, kind: &Kind, refers: Option<&str>) -> Parameter {
    let plain = match kind {
        Kind::Plain(name) => name.as_str(),
        Kind::Named(_) => "i32",
        Kind::List(_) => "str",
    };
    let (words, argument, value) = match (refers, plain) {
        (Some(record), _) => (
            format!("the id of a [`{record}`](schema::{record})"),
            format!("id: impl Into<Id<schema::{record}>>"),
            "id.into()".to_owned(),
        ),
        (None, "bool") => ("a flag".to_owned(), "yes: bool".to_owned(), "yes".to_owned()),
        (None, "i32" | "i64") => ("an integer".to_owned(), "value: i64".to_owned(), "value".to_owned()),
        (None, "f64") => ("a number".to_owned(), "value: f64".to_owned(), "value".to_owned()),
        (None, "time") => {
            ("a point in time".to_owned(), "at: impl Into<QueryTime>".to_owned(), "at.into()".to_owned())
        }
        (None, "ints") => (
            "integers, sent joined by commas".to_owned(),
            "values: impl IntoIterator<Item = impl Into<i64>>".to_owned(),
            "crate::resource::joined(values)".to_owned(),
        ),
        (None, "uuid") => {
            ("a GUID".to_owned(), "value: impl Into<String>".to_owned(), "value.into()".to_owned())
        }
        (None, _) => ("a text".to_owned(), "value: impl Into<String>".to_owned(), "value.into()".to_owned()),
    };
    Parameter { wire: wire.to_owned(), words, argument, value }
}
