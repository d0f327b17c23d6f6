//! The overrides table: what we know better than the document.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Kind, Model};
use crate::{Result, fail, names};

/// How the id of a record is represented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// An integer.
    Int,
    /// A GUID or another text.
    Text,
}

/// How a field is emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Blank {
    /// With JSON `null`.
    Null,
    /// With an empty text.
    Text,
    /// With an id that means nothing.
    Sentinel(i64),
}

/// The table, keyed by our names.
#[derive(Debug, Default)]
pub struct Overrides {
    names: BTreeMap<String, String>,
    /// Schemas whose struct is written by hand.
    pub lean: BTreeSet<String>,
    /// Records with an id.
    pub entities: BTreeMap<String, Key>,
    refs: BTreeMap<String, String>,
    types: BTreeMap<String, Kind>,
    /// Other names of a field, by `Schema.property`.
    pub aliases: BTreeMap<String, Vec<String>>,
    /// Fields that are not written, by `Schema.property`.
    pub read_only: BTreeSet<String>,
    /// Fields whose write replaces a whole set, by `Schema.property`.
    pub replaces: BTreeSet<String>,
    /// How a field is emptied, by `Schema.property`.
    pub blanks: BTreeMap<String, Blank>,
    /// Routes with builder methods, and the trait or resource that carries them.
    pub lists: BTreeMap<String, String>,
    parameters: BTreeMap<String, Kind>,
    methods: BTreeMap<String, String>,
}

impl Overrides {
    /// Reads the table.
    ///
    /// # Errors
    /// Names the line that cannot be read.
    pub fn read(text: &str) -> Result<Overrides> {
        let mut table = Overrides::default();
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default();
            let words: Vec<&str> = line.split_whitespace().collect();
            let Some((&directive, rest)) = words.split_first() else { continue };
            if !table.take(directive, rest) {
                return fail(format!(
                    "overrides.txt line {}: `{}` is not understood",
                    index + 1,
                    line.trim()
                ));
            }
        }
        Ok(table)
    }

    fn take(&mut self, directive: &str, rest: &[&str]) -> bool {
        let plain = |kind: &str| match kind.strip_prefix('[').and_then(|k| k.strip_suffix(']')) {
            Some(inner) => Kind::List(Box::new(Kind::plain(inner))),
            None => Kind::plain(kind),
        };
        match (directive, rest) {
            ("name", [halo, ours]) => self.names.insert((*halo).into(), (*ours).into()).is_none(),
            ("lean", names) => {
                self.lean.extend(names.iter().map(|name| (*name).to_owned()));
                true
            }
            ("entity", [ours, "int"]) => self.entities.insert((*ours).into(), Key::Int).is_none(),
            ("entity", [ours, "text"]) => self.entities.insert((*ours).into(), Key::Text).is_none(),
            ("ref", [property, ours]) => self.refs.insert((*property).into(), (*ours).into()).is_none(),
            ("type", [property, kind]) => self.types.insert((*property).into(), plain(kind)).is_none(),
            ("alias", [property, others @ ..]) if !others.is_empty() => {
                let others = others.iter().map(|other| (*other).to_owned()).collect();
                self.aliases.insert((*property).into(), others).is_none()
            }
            ("readonly", properties) => {
                self.read_only.extend(properties.iter().map(|property| (*property).to_owned()));
                true
            }
            ("replaces", properties) => {
                self.replaces.extend(properties.iter().map(|property| (*property).to_owned()));
                true
            }
            ("blank", [properties @ .., how]) if !properties.is_empty() => {
                let how = match *how {
                    "null" => Blank::Null,
                    "text" => Blank::Text,
                    other => match other.parse() {
                        Ok(id) => Blank::Sentinel(id),
                        Err(_) => return false,
                    },
                };
                self.blanks.extend(properties.iter().map(|property| ((*property).to_owned(), how.clone())));
                true
            }
            ("list", [route, carrier]) => self.lists.insert((*route).into(), (*carrier).into()).is_none(),
            ("param", [name, kind]) => self.parameters.insert((*name).into(), plain(kind)).is_none(),
            ("param", [name, kind, route]) => {
                self.parameters.insert(format!("{name} {route}"), plain(kind)).is_none()
            }
            ("method", [name, ours]) => self.methods.insert((*name).into(), (*ours).into()).is_none(),
            _ => false,
        }
    }

    /// Our name of a schema.
    pub fn ours(&self, halo: &str) -> String {
        self.names.get(halo).cloned().unwrap_or_else(|| names::type_name(halo))
    }

    /// The type of a property, and the record whose id it holds.
    pub fn property(&self, schema: &str, property: &str, documented: &Kind) -> (Kind, Option<&str>) {
        let full = format!("{schema}.{property}");
        let kind = self.types.get(&full).unwrap_or(documented).clone();
        let refers = self.refs.get(&full).or_else(|| self.refs.get(property)).map(String::as_str);
        let refers = if property == "id" && self.entities.contains_key(schema) {
            self.entities.get_key_value(schema).map(|(name, _)| name.as_str())
        } else {
            refers
        };
        (kind.clone(), refers.filter(|record| self.fits(&kind, record)))
    }

    /// Whether a property of this type can hold the id of that record.
    fn fits(&self, kind: &Kind, record: &str) -> bool {
        let Kind::Plain(kind) = kind else { return false };
        match self.entities.get(record) {
            Some(Key::Int) => ["i32", "i64", "f64"].contains(&kind.as_str()),
            Some(Key::Text) => ["str", "uuid"].contains(&kind.as_str()),
            None => false,
        }
    }

    /// The type of a query parameter, and the record whose id it holds.
    pub fn parameter(&self, route: &str, name: &str, documented: &Kind) -> (Kind, Option<&str>) {
        let special = self.parameters.get(&format!("{name} {route}"));
        let kind = special.or_else(|| self.parameters.get(name)).unwrap_or(documented).clone();
        let refers = self.refs.get(name).map(String::as_str);
        (kind.clone(), refers.filter(|record| self.fits(&kind, record)))
    }

    /// The builder method of a query parameter.
    pub fn method(&self, name: &str) -> String {
        self.methods.get(name).cloned().unwrap_or_else(|| names::method(name))
    }

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
        let mut structs = self.lean.iter().chain(self.entities.keys());
        if let Some(name) = structs.find(|name| !ours.contains_key(*name)) {
            return fail(format!("overrides.txt speaks of `{name}`, which is no schema's name"));
        }
        let fields = (self.aliases.keys())
            .chain(&self.read_only)
            .chain(&self.replaces)
            .chain(self.blanks.keys())
            .chain(self.types.keys())
            .chain(self.refs.keys().filter(|key| key.contains('.')));
        for field in fields {
            let known = field.split_once('.').is_some_and(|(schema, property)| {
                ours.get(schema).is_some_and(|halo| model.schemas[*halo].contains_key(property))
            });
            if !known {
                return fail(format!("overrides.txt speaks of `{field}`, which the model does not know"));
            }
        }
        for route in self.lists.keys() {
            if !model.operations.contains_key(&(route.clone(), "GET".to_owned())) {
                return fail(format!("overrides.txt lists `{route}`, which the model does not know"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_named() {
        let model = Model::read("schema Faults\n id i32\n", "").expect("readable");
        let table = Overrides::read("name Faults Ticket\nreadonly Ticket.idd # typo\n").expect("readable");
        let error = table.check(&model).expect_err("unknown");
        assert_eq!(error.to_string(), "overrides.txt speaks of `Ticket.idd`, which the model does not know");
    }

    #[test]
    fn a_reference_needs_a_fitting_type() {
        let table = Overrides::read("entity Site int\nref site_id Site\n").expect("readable");
        assert_eq!(table.property("User", "site_id", &Kind::plain("f64")).1, Some("Site"));
        assert_eq!(table.property("User", "site_id", &Kind::plain("str")).1, None);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Overrides::read("alias Ticket.x\n").is_err());
        assert!(Overrides::read("frobnicate\n").is_err());
    }
}
