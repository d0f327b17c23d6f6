//! What the table says of routes: names, envelopes, records, answers, scopes, quirks.

use std::collections::{BTreeMap, BTreeSet};

use super::Source;
use crate::model::Kind;

/// A resource with a name of ours.
#[derive(Debug, Clone)]
pub struct ResourceLine {
    /// The type's name.
    pub name: String,
    /// The client's method, where it is not made of the name.
    pub handle: Option<String>,
    /// What it is, one sentence.
    pub doc: String,
}

/// What an operation answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// One record of a schema, read into a row type.
    One(String, String),
    /// Records of a schema.
    Rows(String),
    /// Nothing worth reading.
    Nothing,
    /// Bytes, text or JSON of a form that nobody describes.
    Unknown,
}

/// Facts of routes, by path.
#[derive(Debug, Default)]
pub struct Routes {
    /// Names of resources.
    pub resources: BTreeMap<String, ResourceLine>,
    /// Records of resources whose bodies do not name them.
    pub records: BTreeMap<String, (String, Option<Source>)>,
    /// Keys of the envelope.
    pub rows: BTreeMap<String, (Vec<String>, Option<Source>)>,
    /// Lists without an envelope.
    pub bare: BTreeMap<String, Option<Source>>,
    /// Answers of operations, by method and path.
    pub answers: BTreeMap<(String, String), (Answer, Option<Source>)>,
    /// Scopes.
    pub scopes: BTreeMap<String, (Vec<String>, Option<Source>)>,
    /// Oddities.
    pub quirks: BTreeMap<String, Vec<(String, Option<Source>)>>,
    /// Traits whose parameters several routes share.
    pub shared: BTreeMap<String, String>,
    /// Names of endpoints, by method and path, with a sentence.
    pub operations: BTreeMap<(String, String), (String, String)>,
    /// The record whose id stands in a path, by method and path.
    pub paths: BTreeMap<(String, String), String>,
    /// GETs that change something.
    pub once: BTreeSet<(String, String)>,
    /// Bodies that the document mistypes, by method and path.
    pub bodies: BTreeMap<(String, String), Kind>,
}

impl Routes {
    pub(super) fn take(
        &mut self,
        directive: &str,
        rest: &[&str],
        prose: &str,
        source: Option<Source>,
    ) -> bool {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let operation = |method: &str, path: &str| (method.to_owned(), path.to_owned());
        match (directive, rest) {
            ("resource", [route, name, handle @ ..]) if handle.len() < 2 => {
                let line = ResourceLine {
                    name: (*name).to_owned(),
                    handle: handle.first().map(|handle| (*handle).to_owned()),
                    doc: prose.to_owned(),
                };
                self.resources.insert((*route).into(), line).is_none()
            }
            ("record", [routes @ .., schema]) if !routes.is_empty() => routes
                .iter()
                .all(|route| self.records.insert((*route).into(), ((*schema).into(), source)).is_none()),
            ("rows", [route, keys @ ..]) if !keys.is_empty() => {
                self.rows.insert((*route).into(), (texts(keys), source)).is_none()
            }
            ("bare", routes) => {
                routes.iter().all(|route| self.bare.insert((*route).into(), source).is_none())
            }
            ("answer", [method, path, what @ ..]) => {
                let answer = match what {
                    ["one", schema] => Answer::One((*schema).into(), (*schema).into()),
                    ["one", schema, row] => Answer::One((*schema).into(), (*row).into()),
                    ["rows", schema] => Answer::Rows((*schema).into()),
                    ["nothing"] => Answer::Nothing,
                    ["unknown"] => Answer::Unknown,
                    _ => return false,
                };
                self.answers.insert(operation(method, path), (answer, source)).is_none()
            }
            ("scope", [scopes, routes @ ..]) if !routes.is_empty() => {
                let scopes: Vec<String> = scopes.split(',').map(str::to_owned).collect();
                routes
                    .iter()
                    .all(|route| self.scopes.insert((*route).into(), (scopes.clone(), source)).is_none())
            }
            ("quirk", routes) if !prose.is_empty() => {
                for route in routes {
                    self.quirks.entry((*route).into()).or_default().push((prose.to_owned(), source));
                }
                true
            }
            ("share", [name, routes @ ..]) => {
                routes.iter().all(|route| self.shared.insert((*route).into(), (*name).into()).is_none())
            }
            ("operation", [method, path, name]) => {
                self.operations.insert(operation(method, path), ((*name).into(), prose.to_owned())).is_none()
            }
            ("path", [method, path, schema]) => {
                self.paths.insert(operation(method, path), (*schema).into()).is_none()
            }
            ("once", [method, path]) => self.once.insert(operation(method, path)),
            ("body", [method, path, kind]) => {
                Kind::read(kind).is_ok_and(|kind| self.bodies.insert(operation(method, path), kind).is_none())
            }
            _ => false,
        }
    }
}
