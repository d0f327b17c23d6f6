//! Whether the table speaks only of what the model knows.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answer, Overrides};
use crate::model::Model;
use crate::{Result, fail};

impl Overrides {
    /// Checks that every line speaks of something the model knows and that no two schemas share a name.
    ///
    /// # Errors
    /// Names the first that does not.
    pub fn check(&self, model: &Model) -> Result<()> {
        let mut ours = BTreeMap::new();
        for halo in model.schemas.keys() {
            if let Some(other) = ours.insert(self.ours(halo), halo) {
                return fail(format!("`{halo}` and `{other}` would share the name `{}`", self.ours(halo)));
            }
        }
        if let Some(halo) = self.names.keys().find(|halo| !model.schemas.contains_key(*halo)) {
            return fail(format!("overrides.txt names `{halo}`, which the model does not know"));
        }
        self.check_schemas(&ours)?;
        self.check_fields(model, &ours)?;
        self.check_routes(model)
    }

    fn check_schemas(&self, ours: &BTreeMap<String, &String>) -> Result<()> {
        let known =
            |name: &String| ours.contains_key(name) || self.own.contains(name) || name == crate::api::UNTYPED;
        let entities = self.entities.keys().chain(self.refs.values()).chain(&self.lean);
        let records = self.routes.records.values().map(|(schema, _)| schema);
        let answers = self.routes.answers.values().flat_map(|(answer, _)| match answer {
            Answer::One(schema, row) => vec![schema, row],
            Answer::Rows(schema) => vec![schema],
            _ => Vec::new(),
        });
        let mut all = entities.chain(records).chain(answers).chain(self.routes.paths.values());
        match all.find(|name| !known(name)) {
            Some(name) => fail(format!("overrides.txt speaks of `{name}`, which is no schema's name")),
            None => Ok(()),
        }
    }

    fn check_fields(&self, model: &Model, ours: &BTreeMap<String, &String>) -> Result<()> {
        let fields = (self.aliases.keys())
            .chain(&self.read_only)
            .chain(&self.replaces)
            .chain(&self.unrefs)
            .chain(self.blanks.keys())
            .chain(self.types.keys())
            .chain(self.refs.keys().filter(|key| key.contains('.')));
        for field in fields {
            let known = field.split_once('.').is_some_and(|(schema, property)| match schema {
                "*" => model.schemas.values().any(|properties| properties.contains_key(property)),
                _ => ours.get(schema).is_some_and(|halo| model.schemas[*halo].contains_key(property)),
            });
            if !known {
                return fail(format!("overrides.txt speaks of `{field}`, which the model does not know"));
            }
        }
        Ok(())
    }

    fn check_routes(&self, model: &Model) -> Result<()> {
        let root = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
        let roots: BTreeSet<String> = model.operations.keys().map(|(path, _)| root(path)).collect();
        let routes = &self.routes;
        let mut named = (routes.resources.keys())
            .chain(routes.records.keys())
            .chain(routes.rows.keys())
            .chain(routes.bare.keys())
            .chain(routes.scopes.keys())
            .chain(routes.quirks.keys())
            .chain(routes.shared.keys());
        if let Some(route) = named.find(|route| !roots.contains(route.trim_start_matches('/'))) {
            return fail(format!("overrides.txt speaks of `{route}`, which the model does not know"));
        }
        let mut operations = (routes.answers.keys())
            .chain(routes.operations.keys())
            .chain(routes.paths.keys())
            .chain(routes.bodies.keys())
            .chain(&routes.once);
        let known = |(method, path): &(String, String)| {
            model.operations.contains_key(&(path.clone(), method.clone()))
        };
        if let Some((method, path)) = operations.find(|operation| !known(operation)) {
            return fail(format!("overrides.txt speaks of `{method} {path}`, which the model does not know"));
        }
        let parameters: BTreeSet<&String> =
            model.operations.values().flat_map(|operation| operation.query.keys()).collect();
        for key in self.parameters.keys().chain(self.methods.keys()).chain(self.handled.keys()) {
            let (name, path) = match key.split_once(' ') {
                Some((name, path)) => (name.to_owned(), Some(path)),
                None => (key.clone(), None),
            };
            let there = match path {
                None => parameters.contains(&name),
                Some(path) => model
                    .operations
                    .iter()
                    .any(|((known, _), operation)| known == path && operation.query.contains_key(&name)),
            };
            if !there {
                let at = path.map(|path| format!(" of `{path}`")).unwrap_or_default();
                return fail(format!(
                    "overrides.txt speaks of the parameter `{name}`{at}, which the model does not know"
                ));
            }
        }
        Ok(())
    }
}
