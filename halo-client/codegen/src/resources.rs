//! Resource types, what each can do, and the client's methods that lead to them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::api::{Api, Resource, UNTYPED, envelope};
use crate::emit::HEAD;
use crate::model::Model;
use crate::overrides::{Overrides, Source};

/// Width of a line of docs.
const WIDTH: usize = 108;

/// The files of resources, by name.
pub(crate) fn emit(model: &Model, overrides: &Overrides, api: &Api) -> BTreeMap<String, String> {
    let mut files: BTreeMap<String, String> = BTreeMap::new();
    let mut handles = String::new();
    for resource in api.resources.values() {
        let initial = resource.name[..1].to_ascii_lowercase();
        let file = files
            .entry(format!("resources_{initial}.rs"))
            .or_insert_with(|| format!("//! Resources by initial letter.\n\n{HEAD}"));
        one(file, model, overrides, api, resource);
        if resource.list || resource.get || resource.write || resource.delete {
            let _ = writeln!(handles, "    /// {}", sentence(resource));
            let _ =
                writeln!(handles, "    pub fn {}(&self) -> Handle<{}> {{", resource.handle, resource.name);
            handles.push_str("        Handle::new(self)\n    }\n\n");
        }
    }
    for text in files.values_mut() {
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    let handles = format!(
        "//! The client's methods, one per resource.\n\n{HEAD}use crate::resource::*;\nuse crate::{{Client, Handle}};\n\n\
         /// Resources.\nimpl Client {{\n{}\n}}\n",
        handles.trim_end()
    );
    files.insert("handles.rs".to_owned(), handles);
    files
}

fn sentence(resource: &Resource) -> String {
    if resource.doc.is_empty() { format!("The route `{}`.", resource.path) } else { resource.doc.clone() }
}

fn one(out: &mut String, model: &Model, overrides: &Overrides, api: &Api, resource: &Resource) {
    let _ = writeln!(out, "/// {}\n///", sentence(resource));
    for paragraph in paragraphs(model, overrides, api, resource) {
        for line in wrap(&paragraph) {
            let _ = writeln!(out, "/// {line}");
        }
        out.push_str("///\n");
    }
    out.truncate(out.len() - "///\n".len());
    let _ = writeln!(out, "#[derive(Debug, Clone, Copy)]\npub enum {} {{}}\n", resource.name);
    let one = resource.one.clone().unwrap_or_else(|| format!("{}/{{id}}", resource.path));
    let keys: Vec<String> =
        keys(model, overrides, resource).0.iter().map(|key| format!("\"{key}\"")).collect();
    let mut can: Vec<&str> = Vec::new();
    let abilities = [
        (resource.list, "Listable"),
        (resource.paged, "Pageable"),
        (resource.get, "Readable"),
        (resource.write, "Writes"),
        (resource.delete, "Deletable"),
    ];
    can.extend(abilities.iter().filter(|(able, _)| *able).map(|(_, name)| *name));
    let list = model.operations.get(&(resource.path.clone(), "GET".to_owned())).filter(|_| resource.list);
    let takes = |name: &str| list.is_some_and(|list| list.query.contains_key(name));
    let by_parameter =
        [("order", "Orderable"), ("lastupdatefromdate", "Incremental"), ("advanced_search", "Searchable")];
    can.extend(by_parameter.iter().filter(|(wire, _)| takes(wire)).map(|(_, name)| *name));
    can.extend(resource.shared.as_deref());
    let _ = writeln!(
        out,
        "resource! {{ {} {} \"{}\" \"{one}\" [{}] {}: {} }}\n",
        resource.name,
        resource.schema,
        resource.path,
        keys.join(", "),
        resource.paged,
        can.join(" ")
    );
}

/// Keys of the envelope, and where they are known from. None where lists are bare arrays, or nobody knows.
fn keys(model: &Model, overrides: &Overrides, resource: &Resource) -> (Vec<String>, Option<Source>) {
    if let Some((keys, source)) = overrides.routes.rows.get(&resource.path) {
        return (keys.clone(), *source);
    }
    let list = model.operations.get(&(resource.path.clone(), "GET".to_owned()));
    match list.and_then(|list| envelope(list, model)) {
        Some((Some(key), _)) => (vec![key], Some(Source::Halo)),
        _ => (Vec::new(), None),
    }
}

fn paragraphs(model: &Model, overrides: &Overrides, api: &Api, resource: &Resource) -> Vec<String> {
    let mut all = vec![operations(resource)];
    let marked =
        |source: &Option<Source>| source.map(|source| format!(" ({})", source.words())).unwrap_or_default();
    if resource.schema == UNTYPED {
        all.push("Halo's document does not say what its records are made of: read them by name.".to_owned());
    } else {
        let halo = model.schemas.keys().find(|halo| overrides.ours(halo) == resource.schema);
        let known_as = halo
            .filter(|halo| **halo != resource.schema)
            .map(|halo| format!(", Halo's `{halo}`"))
            .unwrap_or_default();
        all.push(format!(
            "Its records are [`{0}`](crate::schema::{0}){known_as}{1}.",
            resource.schema,
            marked(&resource.schema_source)
        ));
    }
    if resource.list {
        let (keys, source) = keys(model, overrides, resource);
        all.push(if let Some(source) = overrides.routes.bare.get(&resource.path) {
            format!("Lists are bare arrays{}; an envelope would be read too.", marked(source))
        } else if keys.is_empty() {
            "Whether lists have an envelope is not documented; both forms are read.".to_owned()
        } else {
            let names: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
            format!(
                "Lists keep their rows under {}{}; bare arrays are read too.",
                names.join(" or "),
                marked(&source)
            )
        });
    }
    all.push(match overrides.routes.scopes.get(&resource.path) {
        Some((scopes, source)) => {
            let names: Vec<String> = scopes.iter().map(|scope| format!("`{scope}`")).collect();
            format!("Scopes: {}{}, or `all`.", names.join(", "), marked(source))
        }
        None => "Scopes: not documented; `all` covers everything.".to_owned(),
    });
    for (quirk, source) in overrides.routes.quirks.get(&resource.path).into_iter().flatten() {
        let text = quirk.trim_end_matches('.');
        all.push(format!("{text}{}.", marked(source)));
    }
    for (suffix, method, name) in
        [("", "GET", "list"), ("/{id}", "GET", "read"), ("/{id}", "DELETE", "deletion")]
    {
        let path = if suffix.is_empty() { Some(resource.path.clone()) } else { resource.one.clone() };
        let operation = path.and_then(|path| model.operations.get(&(path, method.to_owned())));
        let claimed = match (suffix, method) {
            ("", _) => resource.list,
            (_, "GET") => resource.get,
            _ => resource.delete,
        };
        let Some(operation) = operation.filter(|_| claimed) else { continue };
        let methods: Vec<String> = operation
            .query
            .keys()
            .filter(|wire| !overrides.is_handled(operation, wire))
            .map(|wire| format!("`{}`", overrides.method(wire)))
            .collect();
        if !methods.is_empty() {
            all.push(format!("The {name} takes {}.", methods.join(", ")));
        }
    }
    let others: Vec<String> = api
        .endpoints
        .iter()
        .filter(|endpoint| resource.endpoints.contains(&endpoint.name))
        .map(|endpoint| format!("[`{0}`](crate::endpoint::{0})", endpoint.name))
        .collect();
    if !others.is_empty() {
        all.push(format!("Other operations, to be [sent](crate::Client::send): {}.", others.join(", ")));
    }
    all
}

fn operations(resource: &Resource) -> String {
    let mut can = Vec::new();
    if resource.list {
        can.push(if resource.paged { "lists in pages" } else { "lists in one answer" });
    }
    if resource.get {
        can.push("reads one");
    }
    if resource.write {
        can.push("creates and changes");
    }
    if resource.delete {
        can.push("deletes");
    }
    match can.as_slice() {
        [] => format!("`{}` has neither list nor records.", resource.path),
        all => format!("`{}`: {}.", resource.path, all.join(", ")),
    }
}

/// Breaks a paragraph into lines; what stands between backticks or brackets stays whole.
pub(crate) fn wrap(paragraph: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in paragraph.split(' ') {
        if !line.is_empty() && line.len() + 1 + word.len() > WIDTH {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}
