//! What the written Rust offers, found by reading it: not by asking the generator what it meant to write.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use halo_codegen::names;
use halo_codegen::overrides::Overrides;

/// An operation: method and path.
pub(crate) type Operation = (String, String);

/// Everything that can be counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) operations: BTreeSet<Operation>,
    /// Operation and query parameter.
    pub(crate) parameters: BTreeSet<(Operation, String)>,
    /// Schema, by our name, and property.
    pub(crate) properties: BTreeSet<(String, String)>,
}

/// The files of `halo-client/src/generated`, by name.
pub(crate) fn files() -> BTreeMap<String, String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../src/generated");
    let entries = std::fs::read_dir(&folder).expect("the generated files are there");
    entries
        .map(|entry| {
            let path = entry.expect("a file").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("readable"))
        })
        .collect()
}

pub(crate) fn overrides() -> Overrides {
    Overrides::read(include_str!("../../overrides.txt")).expect("readable")
}

/// A resource as its macro states it.
#[derive(Debug, Clone)]
pub(crate) struct Resource {
    pub(crate) schema: String,
    pub(crate) path: String,
    pub(crate) one: String,
    pub(crate) can: Vec<String>,
}

/// `resource! { Tickets Ticket "/Tickets" "/Tickets/{id}" ["tickets"] true: Listable .. }`.
pub(crate) fn resources(files: &BTreeMap<String, String>) -> BTreeMap<String, Resource> {
    let lines = files.values().flat_map(|text| text.lines());
    lines
        .filter_map(|line| {
            let rest = line.strip_prefix("resource! { ")?.strip_suffix(" }")?;
            let (facts, can) = rest.rsplit_once(':').expect("capabilities");
            let mut words = facts.split(' ').map(|word| word.trim_matches('"').to_owned());
            let mut next = || words.next().expect("a word");
            let (name, schema, path, one) = (next(), next(), next(), next());
            let can = can.split_whitespace().map(str::to_owned).collect();
            Some((name, Resource { schema, path, one, can }))
        })
        .collect()
}

/// `    InvoiceVoid POST "/Invoice/{id}/void" -> Content`, by name; the answer too.
pub(crate) fn endpoints(files: &BTreeMap<String, String>) -> BTreeMap<String, (Operation, String)> {
    let named = files.iter().filter(|(name, _)| name.starts_with("endpoints_"));
    named
        .flat_map(|(_, text)| text.lines())
        .filter_map(|line| {
            let (facts, answer) = line.strip_prefix("    ")?.split_once(" -> ")?;
            let words: Vec<&str> = facts.split(' ').collect();
            let (name, method) = (words.first()?, words.get(1)?);
            let path = words.last()?.strip_prefix('"')?.strip_suffix('"')?;
            Some(((*name).to_owned(), (((*method).to_owned(), path.to_owned()), answer.to_owned())))
        })
        .collect()
}

/// What the files offer. `once` is told of each operation, so that none is offered twice.
pub(crate) fn offered(files: &BTreeMap<String, String>) -> Parts {
    let mut parts = Parts::default();
    let resources = resources(files);
    let endpoints = endpoints(files);
    let operation = |method: &str, path: &str| (method.to_owned(), path.to_owned());
    let mut add = |operation: Operation| {
        let text = format!("{operation:?}");
        assert!(parts.operations.insert(operation), "{text} is offered twice");
    };
    for resource in resources.values() {
        for can in &resource.can {
            match can.as_str() {
                "Listable" => add(operation("GET", &resource.path)),
                "Readable" => add(operation("GET", &resource.one)),
                "Writes" => add(operation("POST", &resource.path)),
                "Deletable" => add(operation("DELETE", &resource.one)),
                _ => {}
            }
        }
    }
    endpoints.values().for_each(|(operation, _)| add(operation.clone()));
    for (name, text) in files {
        if name.starts_with("params_") {
            builders(text, &resources, &mut parts.parameters);
        } else if name.starts_with("endpoints_") {
            blocks(text, |head, wire| {
                let name = head.strip_prefix("impl ").and_then(|rest| rest.strip_suffix(" {"));
                if let Some((operation, _)) = name.and_then(|name| endpoints.get(name)) {
                    parts.parameters.insert((operation.clone(), wire.to_owned()));
                }
            });
        } else if name.starts_with("schemas_") {
            fields(text, &mut parts.properties);
        }
    }
    parts
}

/// Calls `found` with the head of the block and the name of each parameter that is sent in it.
fn blocks(text: &str, mut found: impl FnMut(&str, &str)) {
    let mut head = "";
    for line in text.lines() {
        if line.starts_with("impl") {
            head = line;
        } else if let Some(rest) = line.trim_start().strip_prefix("self.param(\"") {
            found(head, rest.split('"').next().expect("a name"));
        }
    }
}

/// `impl<T> List<Clients, T> {` and `impl<R: TicketRoute, T> List<R, T> {`.
fn builders(
    text: &str,
    resources: &BTreeMap<String, Resource>,
    parameters: &mut BTreeSet<(Operation, String)>,
) {
    blocks(text, |head, wire| {
        let (bound, rest) = head.split_once("> ").expect("a head");
        let (builder, of) = rest.split_once('<').expect("a builder");
        let of = of.split(',').next().expect("a resource");
        let shared = bound.strip_prefix("impl<R: ").and_then(|rest| rest.split(',').next());
        let whose = resources.iter().filter(|(name, resource)| match shared {
            Some(shared) => resource.can.iter().any(|can| can == shared),
            None => *name == of,
        });
        for (_, resource) in whose {
            let operation = match builder {
                "List" => ("GET", &resource.path),
                "Get" => ("GET", &resource.one),
                "Delete" => ("DELETE", &resource.one),
                other => panic!("{other} is no builder"),
            };
            parameters.insert(((operation.0.to_owned(), operation.1.clone()), wire.to_owned()));
        }
    });
}

/// `    pub const CLIENT_ID: Field<..> = Field::new("client_id");` within `impl Ticket {`.
fn fields(text: &str, properties: &mut BTreeSet<(String, String)>) {
    let mut schema = "";
    let mut pending = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("impl ").and_then(|rest| rest.strip_suffix(" {")) {
            schema = name;
        }
        pending |= line.starts_with("    pub const ");
        let Some((_, rest)) = line.split_once("Field::").filter(|_| pending) else { continue };
        pending = false;
        let wire = rest.split('"').nth(1).expect("a name");
        let new = properties.insert((schema.to_owned(), wire.to_owned()));
        assert!(new, "{schema}.{wire} has two constants");
    }
}

/// Our name of a schema of Halo's.
pub(crate) fn ours(overrides: &Overrides, halo: &str) -> String {
    let name = overrides.ours(halo);
    assert_eq!(name, names::type_name(&name));
    name
}
