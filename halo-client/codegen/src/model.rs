//! The API model: what Halo's API document says, as facts in a line-oriented text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::{Result, fail};

/// Everything the generator knows from the document.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Model {
    /// Object schemas by Halo's name, list twins merged into their detail schema.
    pub schemas: BTreeMap<String, Schema>,
    /// Integer enumerations by Halo's name.
    pub enums: BTreeMap<String, Vec<i64>>,
    /// Operations by (path, method).
    pub operations: BTreeMap<(String, String), Operation>,
}

/// Properties by wire name.
pub type Schema = BTreeMap<String, Property>;

/// One property of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// Its type.
    pub kind: Kind,
    /// Whether the document calls it read-only.
    pub read_only: bool,
}

/// The type of a property, body or parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// `bool`, `i32`, `i64`, `f32`, `f64`, `str`, `time`, `span`, `uuid`, `bytes`, `uri`, `any`, `map`,
    /// and for parameters `ints` (integers joined by commas).
    Plain(String),
    /// A schema or enumeration by Halo's name.
    Named(String),
    /// An array.
    List(Box<Kind>),
}

/// One operation.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Path parameters by name.
    pub path: BTreeMap<String, Kind>,
    /// The body, if any.
    pub body: Option<Kind>,
    /// Whether the body is a multipart form instead of JSON.
    pub multipart: bool,
    /// What a successful answer holds, where the document says it.
    pub answer: Option<Kind>,
    /// Query parameters by name.
    pub query: BTreeMap<String, Kind>,
}

impl Kind {
    /// A plain kind.
    pub fn plain(name: &str) -> Kind {
        Kind::Plain(name.to_owned())
    }

    /// The kind's text, as in the model's files.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Kind::Plain(name) => out.push_str(name),
            Kind::Named(name) => {
                out.push('@');
                out.push_str(name);
            }
            Kind::List(inner) => {
                out.push('[');
                inner.write(out);
                out.push(']');
            }
        }
    }

    /// Reads a kind's text.
    ///
    /// # Errors
    /// When it is no kind.
    pub fn read(text: &str) -> Result<Kind> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return Ok(Kind::List(Box::new(Kind::read(inner)?)));
        }
        if let Some(name) = text.strip_prefix('@') {
            return Ok(Kind::Named(name.to_owned()));
        }
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return fail(format!("`{text}` is not a type"));
        }
        Ok(Kind::Plain(text.to_owned()))
    }
}

impl Model {
    /// The number of properties of all object schemas.
    pub fn property_count(&self) -> usize {
        self.schemas.values().map(BTreeMap::len).sum()
    }

    /// The text of `schemas.txt`.
    pub fn schemas_text(&self) -> String {
        let mut out = String::from(
            "# Names and types of Halo's API document. Derived; do not edit.\n\
             # A schema starts at the margin; its properties follow, `!` marks those called read-only.\n",
        );
        for (name, values) in &self.enums {
            let _ = write!(out, "enum {name}");
            for value in values {
                let _ = write!(out, " {value}");
            }
            out.push('\n');
        }
        for (name, properties) in &self.schemas {
            let _ = writeln!(out, "schema {name}");
            for (property, about) in properties {
                let _ = write!(out, " {property} ");
                about.kind.write(&mut out);
                out.push_str(if about.read_only { "!\n" } else { "\n" });
            }
        }
        out
    }

    /// The text of `operations.txt`.
    pub fn operations_text(&self) -> String {
        let mut out = String::from(
            "# Operations of Halo's API document. Derived; do not edit.\n\
             # An operation starts at the margin: method, path, body, `multipart` where the body is a form, and\n\
             # `-> TYPE` where the document says what is answered. Its path parameters (in braces) and query\n\
             # parameters follow.\n",
        );
        for ((path, method), about) in &self.operations {
            let _ = write!(out, "{method} {path}");
            if let Some(body) = &about.body {
                out.push(' ');
                body.write(&mut out);
            }
            if about.multipart {
                out.push_str(" multipart");
            }
            if let Some(answer) = &about.answer {
                out.push_str(" -> ");
                answer.write(&mut out);
            }
            out.push('\n');
            for (parameter, kind) in &about.path {
                let _ = writeln!(out, " {{{parameter}}} {}", kind.text());
            }
            for (parameter, kind) in &about.query {
                let _ = write!(out, " {parameter} ");
                kind.write(&mut out);
                out.push('\n');
            }
        }
        out
    }

    /// Reads the two texts.
    ///
    /// # Errors
    /// Names the file and line that cannot be read.
    pub fn read(schemas: &str, operations: &str) -> Result<Model> {
        let mut model = Model::default();
        model.read_schemas(schemas)?;
        model.read_operations(operations)?;
        Ok(model)
    }

    fn read_schemas(&mut self, text: &str) -> Result<()> {
        let mut current: Option<&mut Schema> = None;
        for (number, line) in lines(text) {
            let at = |what: &str| format!("schemas.txt line {number}: {what}");
            if let Some(rest) = line.strip_prefix(' ') {
                let Some((name, kind)) = rest.split_once(' ') else { return fail(at("no type")) };
                let (kind, read_only) = match kind.strip_suffix('!') {
                    Some(kind) => (kind, true),
                    None => (kind, false),
                };
                let Some(schema) = current.as_mut() else { return fail(at("a property before any schema")) };
                schema.insert(name.to_owned(), Property { kind: Kind::read(kind)?, read_only });
            } else if let Some(name) = line.strip_prefix("schema ") {
                current = Some(self.schemas.entry(name.to_owned()).or_default());
            } else if let Some(rest) = line.strip_prefix("enum ") {
                let mut words = rest.split(' ');
                let name = words.next().unwrap_or_default().to_owned();
                let values = words.map(str::parse).collect::<std::result::Result<Vec<i64>, _>>();
                let Ok(values) = values else { return fail(at("a value is not an integer")) };
                self.enums.insert(name, values);
            } else {
                return fail(at("neither schema, enum nor property"));
            }
        }
        Ok(())
    }

    fn read_operations(&mut self, text: &str) -> Result<()> {
        let mut current: Option<&mut Operation> = None;
        for (number, line) in lines(text) {
            let at = |what: &str| format!("operations.txt line {number}: {what}");
            let mut words = line.trim_start().split(' ');
            let (Some(first), Some(second)) = (words.next(), words.next()) else {
                return fail(at("too short"));
            };
            if line.starts_with(' ') {
                let Some(operation) = current.as_mut() else {
                    return fail(at("a parameter before any operation"));
                };
                let kind = Kind::read(second)?;
                match first.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                    Some(name) => operation.path.insert(name.to_owned(), kind),
                    None => operation.query.insert(first.to_owned(), kind),
                };
            } else {
                let operation = self.operations.entry((second.to_owned(), first.to_owned())).or_default();
                while let Some(word) = words.next() {
                    match word {
                        "multipart" => operation.multipart = true,
                        "->" => operation.answer = words.next().map(Kind::read).transpose()?,
                        body => operation.body = Some(Kind::read(body)?),
                    }
                }
                current = Some(operation);
            }
        }
        Ok(())
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line)).filter(|(_, line)| !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_survive_a_round_trip() {
        let schemas = "enum Table -1 0 987\nschema A\n _x [@B]\n id i32\n made time!\nschema B\n";
        let operations = "GET /A -> @A_View\n search str\nPOST /A [@A]\nGET /A/{id}\n {id} uuid\nPOST /A/file map multipart\n";
        let model = Model::read(schemas, operations).expect("readable");
        assert_eq!(model.property_count(), 3);
        assert!(model.schemas["A"]["made"].read_only);
        assert_eq!(
            model.operations[&("/A/{id}".to_owned(), "GET".to_owned())].path["id"],
            Kind::plain("uuid")
        );
        let again = Model::read(&model.schemas_text(), &model.operations_text()).expect("readable");
        assert_eq!(again, model);
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = Model::read("schema A\n id\n", "").expect_err("no type");
        assert_eq!(error.to_string(), "schemas.txt line 2: no type");
    }
}
