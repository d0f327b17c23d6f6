//! Builder methods for the query parameters of the hand-shaped resources.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::emit::HEAD;
use crate::model::{Kind, Model};
use crate::overrides::Overrides;

/// Parameters the paging machinery sends itself.
const PAGING: [&str; 3] = ["pageinate", "page_no", "page_size"];

/// The file of query builders.
pub(crate) fn emit(model: &Model, overrides: &Overrides) -> (String, String) {
    let mut body = String::new();
    for (route, carrier) in &overrides.lists {
        let one = format!("{route}/{{id}}");
        block(&mut body, model, overrides, (route, route, "GET"), carrier, "List");
        block(&mut body, model, overrides, (route, &one, "GET"), carrier, "Get");
        block(&mut body, model, overrides, (route, &one, "DELETE"), carrier, "Delete");
    }
    let mut head =
        format!("//! Query parameters of lists, reads and deletes, one builder method each.\n\n{HEAD}");
    head.push_str(
        "use crate::Id;\nuse crate::resource::*;\nuse crate::schema::*;\nuse crate::value::QueryTime;\n\n",
    );
    ("params.rs".to_owned(), head + body.trim_end() + "\n")
}

fn block(
    out: &mut String,
    model: &Model,
    overrides: &Overrides,
    (route, path, method): (&str, &str, &str),
    carrier: &str,
    builder: &str,
) {
    let Some(operation) = model.operations.get(&(path.to_owned(), method.to_owned())) else { return };
    let mut methods: BTreeMap<String, (&String, &Kind)> = BTreeMap::new();
    for (name, kind) in &operation.query {
        if !PAGING.contains(&name.as_str()) {
            methods.insert(overrides.method(name), (name, kind));
        }
    }
    if methods.is_empty() {
        return;
    }
    // A carrier that ends in `Route` is a trait several resources share.
    let _ = if carrier.ends_with("Route") {
        writeln!(out, "impl<R: {carrier}, T> {builder}<R, T> {{")
    } else {
        writeln!(out, "impl<T> {builder}<{carrier}, T> {{")
    };
    for (index, (rust, (wire, kind))) in methods.into_iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        let (kind, refers) = overrides.parameter(route, wire, kind);
        parameter(out, &rust, wire, &kind, refers);
    }
    out.push_str("}\n\n");
}

fn parameter(out: &mut String, rust: &str, wire: &str, kind: &Kind, refers: Option<&str>) {
    let plain = match kind {
        Kind::Plain(name) => name.as_str(),
        Kind::Named(_) => "i32",
        Kind::List(_) => "str",
    };
    let (words, argument, call) = match (refers, plain) {
        (Some(record), _) => (
            format!("the id of a [`{record}`]"),
            format!("id: impl Into<Id<{record}>>"),
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
        (None, _) => ("a text".to_owned(), "value: impl Into<String>".to_owned(), "value.into()".to_owned()),
    };
    let _ = writeln!(out, "    /// Sends `{wire}`, {words}.");
    let _ = writeln!(out, "    pub fn {rust}(self, {argument}) -> Self {{");
    let _ = writeln!(out, "        self.param(\"{wire}\", {call})\n    }}");
}
