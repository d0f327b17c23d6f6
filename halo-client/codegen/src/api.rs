//! What is generated, before it is Rust: resources with their capabilities, and endpoints for the rest.
//!
//! Every operation of the model ends up in exactly one place: as the list, read, write or deletion of the
//! resource of its path root, or as an endpoint of its own.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Kind, Model, Operation};
use crate::overrides::{Answer, Key, Overrides, Source};
use crate::{Result, fail, names};

/// The schema of records that nobody describes.
pub const UNTYPED: &str = "Untyped";

/// Everything to be generated.
#[derive(Debug)]
pub struct Api {
    /// Resources by root.
    pub resources: BTreeMap<String, Resource>,
    /// Endpoints, in the order of their paths.
    pub endpoints: Vec<Endpoint>,
    /// Records with ids.
    pub entities: BTreeMap<String, Key>,
}

/// A path root.
#[derive(Debug, Default)]
pub struct Resource {
    /// `/Tickets`.
    pub path: String,
    /// The path of one record, `/Tickets/{id}`.
    pub one: Option<String>,
    /// `Tickets`.
    pub name: String,
    /// `tickets`.
    pub handle: String,
    /// What it is.
    pub doc: String,
    /// Our name of its records' schema, or [`UNTYPED`].
    pub schema: String,
    /// Where that name comes from, if not from the document.
    pub schema_source: Option<Source>,
    /// The trait whose parameters it shares.
    pub shared: Option<String>,
    /// GET of the collection.
    pub list: bool,
    /// Whether that comes in pages.
    pub paged: bool,
    /// GET of one.
    pub get: bool,
    /// POST of an array.
    pub write: bool,
    /// DELETE of one.
    pub delete: bool,
    /// Names of its other endpoints.
    pub endpoints: Vec<String>,
}

/// An operation with a struct of its own.
#[derive(Debug)]
pub struct Endpoint {
    /// `InvoiceVoid`.
    pub name: String,
    /// `POST`.
    pub method: String,
    /// `/Invoice/{id}/void`.
    pub path: String,
    /// What it does, if anybody says so.
    pub doc: String,
    /// Names in the path, each with its type and the record whose id it is.
    pub arguments: Vec<(String, Kind, Option<String>)>,
    /// The body, if the document has one.
    pub body: Option<Kind>,
    /// Whether the body is a multipart form.
    pub multipart: bool,
    /// What is answered.
    pub answer: Answer,
    /// Where that comes from.
    pub answer_source: Option<Source>,
    /// Whether a GET changes something.
    pub once: bool,
}

impl Api {
    /// Sorts the model's operations.
    ///
    /// # Errors
    /// When two things would share a name, or routes that share parameters differ in them.
    pub fn build(model: &Model, overrides: &Overrides) -> Result<Api> {
        let mut api = Api { resources: BTreeMap::new(), endpoints: Vec::new(), entities: BTreeMap::new() };
        let mut rest: Vec<(&(String, String), &Operation)> = Vec::new();
        for (key, operation) in &model.operations {
            let (path, method) = key;
            let root = path.split('/').nth(1).unwrap_or_default();
            let resource = api.resources.entry(root.to_owned()).or_insert_with(|| resource(root, overrides));
            if !claim(resource, path, method, operation, overrides) {
                rest.push((key, operation));
            }
        }
        for resource in api.resources.values_mut() {
            settle_record(resource, model, overrides)?;
        }
        api.entities = entities(&api.resources, model, overrides)?;
        let counts = name_counts(&rest);
        for ((path, method), operation) in rest {
            let endpoint = endpoint(path, method, operation, model, overrides, &api, &counts);
            let root = path.split('/').nth(1).unwrap_or_default();
            if let Some(resource) = api.resources.get_mut(root) {
                resource.endpoints.push(endpoint.name.clone());
            }
            api.endpoints.push(endpoint);
        }
        api.unique(model)?;
        Ok(api)
    }

    fn unique(&self, model: &Model) -> Result<()> {
        let mut taken = BTreeSet::new();
        let mut handles = BTreeSet::new();
        for resource in self.resources.values() {
            if !taken.insert(&resource.name) {
                return fail(format!("two resources would be named `{}`", resource.name));
            }
            if !handles.insert(&resource.handle) {
                return fail(format!("two resources would be reached by `{}()`", resource.handle));
            }
        }
        let mut taken = BTreeSet::new();
        if let Some(twice) = self.endpoints.iter().find(|endpoint| !taken.insert(&endpoint.name)) {
            return fail(format!("two endpoints would be named `{}`", twice.name));
        }
        // Routes that share a trait must take the same parameters.
        let mut first: BTreeMap<&String, &Resource> = BTreeMap::new();
        for resource in self.resources.values() {
            let Some(shared) = &resource.shared else { continue };
            let other = *first.entry(shared).or_insert(resource);
            for suffix in ["", "/{id}"] {
                for method in ["GET", "DELETE"] {
                    let of = |resource: &Resource| {
                        let key = (format!("{}{suffix}", resource.path), method.to_owned());
                        model.operations.get(&key).map(|operation| &operation.query)
                    };
                    if of(other) != of(resource) {
                        return fail(format!(
                            "`{}` and `{}` share `{shared}` and differ in the parameters of {method}{suffix}",
                            other.path, resource.path
                        ));
                    }
                }
            }
        }
        Ok(())
    }
}

fn resource(root: &str, overrides: &Overrides) -> Resource {
    let path = format!("/{root}");
    let line = overrides.routes.resources.get(&path);
    let name = line.map_or_else(|| names::plural(&names::type_name(root)), |line| line.name.clone());
    let handle = line.and_then(|line| line.handle.clone()).unwrap_or_else(|| names::method(&name));
    Resource {
        name,
        handle,
        doc: line.map(|line| line.doc.clone()).unwrap_or_default(),
        shared: overrides.routes.shared.get(&path).cloned(),
        path,
        ..Resource::default()
    }
}

/// Whether the operation is one of the resource's own.
fn claim(
    resource: &mut Resource,
    path: &str,
    method: &str,
    operation: &Operation,
    overrides: &Overrides,
) -> bool {
    let key = (method.to_owned(), path.to_owned());
    if overrides.routes.answers.contains_key(&key) || overrides.routes.operations.contains_key(&key) {
        return false;
    }
    if path == resource.path {
        let body = overrides.routes.bodies.get(&key).or(operation.body.as_ref());
        match (method, body) {
            ("GET", _) => {
                resource.list = true;
                resource.paged = operation.query.contains_key("pageinate");
                true
            }
            ("POST", Some(Kind::List(inner))) if matches!(**inner, Kind::Named(_)) => {
                resource.write = true;
                true
            }
            _ => false,
        }
    } else {
        let Some(variable) = path.strip_prefix(&resource.path).and_then(|rest| rest.strip_prefix('/')) else {
            return false;
        };
        let whole = variable.starts_with('{') && variable.find('}') == Some(variable.len() - 1);
        match method {
            "GET" | "DELETE" if whole => {
                resource.one = Some(path.to_owned());
                resource.get |= method == "GET";
                resource.delete |= method == "DELETE";
                true
            }
            _ => false,
        }
    }
}

/// The schema of the records: what is written, else what the answer says, else what the table says.
fn settle_record(resource: &mut Resource, model: &Model, overrides: &Overrides) -> Result<()> {
    resource.schema = UNTYPED.to_owned();
    let operation = |method: &str| model.operations.get(&(resource.path.clone(), method.to_owned()));
    if let Some((schema, source)) = overrides.routes.records.get(&resource.path) {
        resource.schema = schema.clone();
        resource.schema_source = *source;
    } else if let Some(Kind::List(inner)) = operation("POST").and_then(|post| post.body.as_ref()) {
        if let Kind::Named(halo) = &**inner {
            resource.schema = overrides.ours(halo);
        }
    } else if let Some(Kind::Named(halo)) = operation("POST").and_then(|post| post.body.as_ref()) {
        resource.schema = overrides.ours(halo);
    } else if let Some((_, halo)) = operation("GET").and_then(|list| envelope(list, model)) {
        resource.schema = overrides.ours(&halo);
    }
    if resource.write && resource.schema == UNTYPED {
        return fail(format!("`{}` is written, but its schema is not known", resource.path));
    }
    Ok(())
}

/// Where the document says what a list answers: the key of its only array of records, and their schema.
pub fn envelope(list: &Operation, model: &Model) -> Option<(Option<String>, String)> {
    let records = |kind: &Kind| match kind {
        Kind::List(inner) => match &**inner {
            Kind::Named(halo) if model.schemas.contains_key(halo) => Some(halo.clone()),
            _ => None,
        },
        _ => None,
    };
    let answer = list.answer.as_ref()?;
    if let Some(halo) = records(answer) {
        return Some((None, halo));
    }
    let Kind::Named(view) = answer else { return None };
    // A view names its columns too.
    let mut arrays = model.schemas.get(view)?.iter().filter_map(|(key, property)| {
        let halo = records(&property.kind)?;
        (!halo.starts_with("ViewColumns")).then(|| (Some(key.clone()), halo))
    });
    let first = arrays.next()?;
    arrays.next().is_none().then_some(first)
}

/// Records have an id where a route names them by it, and every record of a resource has some.
fn entities(
    resources: &BTreeMap<String, Resource>,
    model: &Model,
    overrides: &Overrides,
) -> Result<BTreeMap<String, Key>> {
    let mut found: BTreeMap<String, (Key, &str)> = BTreeMap::new();
    for resource in resources.values().filter(|resource| resource.schema != UNTYPED) {
        let Some(one) = &resource.one else { continue };
        let kind = ["GET", "DELETE"].iter().find_map(|method| {
            model.operations.get(&(one.clone(), (*method).to_owned()))?.path.values().next()
        });
        let key = if kind.is_some_and(|kind| Key::Text.fits(kind)) { Key::Text } else { Key::Int };
        match found.insert(resource.schema.clone(), (key, &resource.path)) {
            Some((other, path)) if other != key && !overrides.entities.contains_key(&resource.schema) => {
                return fail(format!(
                    "`{path}` and `{}` disagree about the id of `{}`; say `entity`",
                    resource.path, resource.schema
                ));
            }
            _ => {}
        }
    }
    let schemas: BTreeMap<String, &String> =
        model.schemas.keys().map(|halo| (overrides.ours(halo), halo)).collect();
    for resource in resources.values().filter(|resource| resource.schema != UNTYPED) {
        let id = schemas.get(&resource.schema).and_then(|halo| model.schemas[*halo].get("id"));
        let key = if id.is_some_and(|id| Key::Text.fits(&id.kind)) { Key::Text } else { Key::Int };
        found.entry(resource.schema.clone()).or_insert((key, &resource.path));
    }
    let mut entities: BTreeMap<String, Key> =
        found.into_iter().map(|(schema, (key, _))| (schema, key)).collect();
    entities.extend(overrides.entities.iter().map(|(schema, key)| (schema.clone(), *key)));
    Ok(entities)
}

/// How many operations would have each name, without and with their method in it.
fn name_counts(rest: &[(&(String, String), &Operation)]) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for ((path, method), _) in rest {
        *counts.entry(words(path)).or_default() += 1;
        *counts.entry(format!("{method} {}", words(path))).or_default() += 1;
    }
    counts
}

/// The name of an operation: its path; with its method where others share the path or it is a root; with its
/// variables where that is not enough.
fn endpoint_name(path: &str, method: &str, counts: &BTreeMap<String, usize>) -> String {
    let name = words(path);
    let is_root = path.split('/').filter(|part| !part.is_empty() && !part.starts_with('{')).count() == 1;
    if !is_root && counts.get(&name) == Some(&1) {
        return name;
    }
    let lower = names::type_name(&method.to_ascii_lowercase());
    if counts.get(&format!("{method} {name}")).is_some_and(|count| *count > 1) {
        let variables = path.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        let by: String = variables.map(|(variable, _)| names::type_name(variable)).collect();
        if !by.is_empty() {
            return format!("{name}By{by}{lower}");
        }
    }
    format!("{name}{lower}")
}

/// The path as a name: `/Invoice/{id}/void` as `InvoiceVoid`.
fn words(path: &str) -> String {
    let parts = path.split('/').filter(|part| !part.starts_with('{'));
    parts.map(names::type_name).collect()
}

fn endpoint(
    path: &str,
    method: &str,
    operation: &Operation,
    model: &Model,
    overrides: &Overrides,
    api: &Api,
    counts: &BTreeMap<String, usize>,
) -> Endpoint {
    let key = (method.to_owned(), path.to_owned());
    let routes = &overrides.routes;
    let (name, doc) = routes
        .operations
        .get(&key)
        .cloned()
        .unwrap_or_else(|| (endpoint_name(path, method, counts), String::new()));
    let root = path.split('/').nth(1).unwrap_or_default();
    let record = api.resources.get(root).map_or(UNTYPED, |resource| &resource.schema);
    let arguments = path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(variable, _)| {
        let kind = operation.path.get(variable).cloned().unwrap_or_else(|| Kind::plain("str"));
        let first = path.starts_with(&format!("/{root}/{{"));
        let named = routes.paths.get(&key).map(String::as_str).or_else(|| first.then_some(record));
        let fits = |schema: &&str| api.entities.get(*schema).is_some_and(|key| key.fits(&kind));
        let schema = named.filter(|_| variable == "id").filter(fits).map(str::to_owned);
        (variable.to_owned(), kind, schema)
    });
    let documented = || match &operation.answer {
        Some(Kind::Named(halo)) if model.schemas.contains_key(halo) => {
            let ours = overrides.ours(halo);
            Some((Answer::One(ours.clone(), ours), None))
        }
        _ => None,
    };
    let (answer, answer_source) =
        routes.answers.get(&key).cloned().or_else(documented).unwrap_or((Answer::Unknown, None));
    Endpoint {
        name,
        method: method.to_owned(),
        path: path.to_owned(),
        doc,
        arguments: arguments.collect(),
        body: routes.bodies.get(&key).or(operation.body.as_ref()).cloned(),
        multipart: operation.multipart,
        answer,
        answer_source,
        once: routes.once.contains(&key),
    }
}
