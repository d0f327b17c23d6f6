//! The overrides table: what we know better than the document.

mod check;
mod routes;

use std::collections::{BTreeMap, BTreeSet};

pub use routes::{Answer, ResourceLine, Routes};

use crate::model::{Kind, Operation};
use crate::{Result, fail, names};

/// How the id of a record is represented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// An integer.
    Int,
    /// A GUID or another text.
    Text,
    /// The pair of a ticket and a number.
    Pair,
}

impl Key {
    /// The type in the client.
    pub fn rust(self) -> &'static str {
        match self {
            Key::Int => "i64",
            Key::Text => "TextKey",
            Key::Pair => "ActionKey",
        }
    }

    /// Whether a property or path parameter of this type can hold such an id.
    pub fn fits(self, kind: &Kind) -> bool {
        let Kind::Plain(kind) = kind else { return false };
        match self {
            Key::Int => ["i32", "i64", "f64"].contains(&kind.as_str()),
            Key::Text => ["str", "uuid"].contains(&kind.as_str()),
            Key::Pair => false,
        }
    }
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

/// Where a fact comes from, as the table marks it in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `[H]` Halo's own document or guides.
    Halo,
    /// `[D]` a public client in production, or a live instance.
    Production,
    /// `[S]` behaviour that several public clients agree on.
    Clients,
    /// `[1]` one public client.
    One,
    /// `[A]` assumed.
    Assumed,
}

impl Source {
    fn read(word: &str) -> Option<Source> {
        Some(match word {
            "[H]" => Source::Halo,
            "[D]" => Source::Production,
            "[S]" => Source::Clients,
            "[1]" => Source::One,
            "[A]" => Source::Assumed,
            _ => return None,
        })
    }

    /// In words, for the docs.
    pub fn words(self) -> &'static str {
        match self {
            Source::Halo => "Halo says so",
            Source::Production => "seen in production",
            Source::Clients => "public clients agree",
            Source::One => "one public client",
            Source::Assumed => "assumed",
        }
    }
}

/// The table, keyed by our names.
#[derive(Debug, Default)]
pub struct Overrides {
    /// Halo's name of a schema to ours.
    names: BTreeMap<String, String>,
    /// Schemas whose struct is written by hand.
    pub lean: BTreeSet<String>,
    /// Structs written by hand for records that the document does not describe.
    pub own: BTreeSet<String>,
    /// Records whose id the routes do not tell, or tell wrongly.
    pub entities: BTreeMap<String, Key>,
    refs: BTreeMap<String, String>,
    /// Properties that look like such an id and are none.
    unrefs: BTreeSet<String>,
    types: BTreeMap<String, Kind>,
    /// Other names of a field, by `Schema.property`.
    pub aliases: BTreeMap<String, Vec<String>>,
    read_only: BTreeSet<String>,
    replaces: BTreeSet<String>,
    /// How a field is emptied, by `Schema.property`.
    pub blanks: BTreeMap<String, Blank>,
    /// Query parameters that no builder method sends, with the reason.
    pub handled: BTreeMap<String, String>,
    parameters: BTreeMap<String, Kind>,
    methods: BTreeMap<String, String>,
    /// What the table says of routes.
    pub routes: Routes,
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
            let (facts, prose) = match line.split_once(" : ") {
                Some((facts, prose)) => (facts, Some(prose.trim())),
                None => (line, None),
            };
            let mut words: Vec<&str> = facts.split_whitespace().collect();
            // A mark may end the facts or the prose.
            let mut prose = prose;
            let mark = prose.and_then(|text| text.rsplit_once(' ')).and_then(|(text, last)| {
                let source = Source::read(last)?;
                prose = Some(text.trim_end());
                Some(source)
            });
            let source = mark.or_else(|| {
                let source = Source::read(words.last()?)?;
                words.pop();
                Some(source)
            });
            let Some((&directive, rest)) = words.split_first() else { continue };
            let taken = match prose {
                None => table.take(directive, rest) || table.routes.take(directive, rest, "", source),
                Some(prose) if directive == "handled" => table.handled(rest, prose),
                Some(prose) => table.routes.take(directive, rest, prose, source),
            };
            if !taken {
                return fail(format!(
                    "overrides.txt line {}: `{}` is not understood",
                    index + 1,
                    line.trim()
                ));
            }
        }
        Ok(table)
    }

    fn handled(&mut self, names: &[&str], reason: &str) -> bool {
        self.handled.extend(names.iter().map(|name| ((*name).to_owned(), reason.to_owned())));
        !names.is_empty()
    }

    fn take(&mut self, directive: &str, rest: &[&str]) -> bool {
        let extend = |set: &mut BTreeSet<String>| {
            set.extend(rest.iter().map(|name| (*name).to_owned()));
            true
        };
        match (directive, rest) {
            ("name", [halo, ours]) => self.names.insert((*halo).into(), (*ours).into()).is_none(),
            ("lean", _) => extend(&mut self.lean),
            ("own", _) => extend(&mut self.own),
            ("entity", [ours, key]) => {
                let key = match *key {
                    "int" => Key::Int,
                    "text" => Key::Text,
                    "pair" => Key::Pair,
                    _ => return false,
                };
                self.entities.insert((*ours).into(), key).is_none()
            }
            ("ref", [properties @ .., ours]) if !properties.is_empty() => properties
                .iter()
                .all(|property| self.refs.insert((*property).into(), (*ours).into()).is_none()),
            ("unref", _) => extend(&mut self.unrefs),
            ("type", [property, kind]) => {
                Kind::read(kind).is_ok_and(|kind| self.types.insert((*property).into(), kind).is_none())
            }
            ("alias", [property, others @ ..]) if !others.is_empty() => {
                let others = others.iter().map(|other| (*other).to_owned()).collect();
                self.aliases.insert((*property).into(), others).is_none()
            }
            ("readonly", _) => extend(&mut self.read_only),
            ("replaces", _) => extend(&mut self.replaces),
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
            ("param", [name, kind, routes @ ..]) => {
                let Ok(kind) = Kind::read(kind) else { return false };
                if routes.is_empty() {
                    return self.parameters.insert((*name).into(), kind).is_none();
                }
                routes
                    .iter()
                    .all(|route| self.parameters.insert(format!("{name} {route}"), kind.clone()).is_none())
            }
            ("method", [name, ours]) => self.methods.insert((*name).into(), (*ours).into()).is_none(),
            _ => false,
        }
    }

    /// Our name of a schema.
    pub fn ours(&self, halo: &str) -> String {
        self.names.get(halo).cloned().unwrap_or_else(|| names::type_name(halo))
    }

    /// The type of a property, and the record whose id it may hold.
    pub fn property(&self, schema: &str, property: &str, documented: &Kind) -> (Kind, Option<&str>) {
        let full = format!("{schema}.{property}");
        let kind = self.types.get(&full).unwrap_or(documented).clone();
        if self.unrefs.contains(&full) {
            return (kind, None);
        }
        (kind, self.refs.get(&full).or_else(|| self.refs.get(property)).map(String::as_str))
    }

    /// Whether a write of the field is ignored or refused.
    pub fn is_read_only(&self, schema: &str, property: &str) -> bool {
        self.marked(&self.read_only, schema, property)
    }

    /// Whether a write of the field replaces a whole set.
    pub fn replaces(&self, schema: &str, property: &str) -> bool {
        self.marked(&self.replaces, schema, property)
    }

    fn marked(&self, set: &BTreeSet<String>, schema: &str, property: &str) -> bool {
        set.contains(&format!("{schema}.{property}")) || set.contains(&format!("*.{property}"))
    }

    /// The type of a query parameter of a path, and the record whose id it may hold.
    pub fn parameter(&self, path: &str, name: &str, documented: &Kind) -> (Kind, Option<&str>) {
        let special = self.parameters.get(&format!("{name} {path}"));
        let kind = special.or_else(|| self.parameters.get(name)).unwrap_or(documented).clone();
        (kind, self.refs.get(name).map(String::as_str))
    }

    /// Whether the client sends this parameter itself, which it does where a list has pages.
    pub fn is_handled(&self, operation: &Operation, name: &str) -> bool {
        self.handled.contains_key(name) && operation.query.contains_key("pageinate")
    }

    /// The builder method of a query parameter.
    pub fn method(&self, name: &str) -> String {
        self.methods.get(name).cloned().unwrap_or_else(|| names::method(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;

    #[test]
    fn an_unknown_field_is_named() {
        let model = Model::read("schema Faults\n id i32\n", "").expect("readable");
        let table = Overrides::read("name Faults Ticket\nreadonly Ticket.idd # typo\n").expect("readable");
        let error = table.check(&model).expect_err("unknown");
        assert_eq!(error.to_string(), "overrides.txt speaks of `Ticket.idd`, which the model does not know");
    }

    #[test]
    fn an_unknown_route_or_parameter_is_named() {
        let model = Model::read("", "GET /Tickets\n search str\n").expect("readable");
        for (line, words) in [
            ("bare /Tickts", "`/Tickts`"),
            ("param serach str", "`serach`"),
            ("param search str /Tickts", "`/Tickts`"),
            ("operation GET /Tickets/me TicketsMe", "`GET /Tickets/me`"),
        ] {
            let error = Overrides::read(line).expect("readable").check(&model).expect_err(line);
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Overrides::read("alias Ticket.x\n").is_err());
        assert!(Overrides::read("frobnicate\n").is_err());
        assert!(Overrides::read("rows /Tickets\n").is_err());
    }

    #[test]
    fn a_source_may_end_facts_or_prose() {
        let table = Overrides::read("rows /A as [S]\nquirk /A : Needs a ticket. [1]\n").expect("readable");
        assert_eq!(table.routes.rows["/A"].1, Some(Source::Clients));
        assert_eq!(table.routes.quirks["/A"], [("Needs a ticket.".to_owned(), Some(Source::One))]);
    }
}
