//! Structs for the operations that are neither list, read, write nor deletion of a resource.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::api::{Api, Endpoint};
use crate::emit::{HEAD, rust_type, words};
use crate::model::{Kind, Model};
use crate::overrides::{Answer, Overrides};
use crate::params::{self, Parameter};
use crate::resources::wrap;

/// The files of endpoints, by name.
pub(crate) fn emit(model: &Model, overrides: &Overrides, api: &Api) -> BTreeMap<String, String> {
    let mut bodies: BTreeMap<String, String> = BTreeMap::new();
    for endpoint in &api.endpoints {
        let initial = endpoint.name[..1].to_ascii_lowercase();
        let body = bodies.entry(format!("endpoints_{initial}.rs")).or_default();
        one(body, model, overrides, api, endpoint);
    }
    bodies
        .into_iter()
        .map(|(name, body)| {
            let mut head = format!("//! Endpoints by initial letter.\n\n{HEAD}use crate::endpoint::*;\n");
            if body.contains("schema::") {
                head.push_str("use crate::schema;\n");
            }
            let values: Vec<&str> =
                ["Json", "QueryTime"].into_iter().filter(|value| contains_word(&body, value)).collect();
            match values.as_slice() {
                [] => {}
                [one] => {
                    let _ = writeln!(head, "use crate::value::{one};");
                }
                all => {
                    let _ = writeln!(head, "use crate::value::{{{}}};", all.join(", "));
                }
            }
            let ours: Vec<&str> = ["Id", "IntoField", "Page", "Record"]
                .into_iter()
                .filter(|value| body.contains(&format!("{value}<")) && contains_word(&body, value))
                .collect();
            match ours.as_slice() {
                [] => {}
                [one] => {
                    let _ = writeln!(head, "use crate::{one};");
                }
                all => {
                    let _ = writeln!(head, "use crate::{{{}}};", all.join(", "));
                }
            }
            (name, format!("{head}\n{}\n", body.trim_end()))
        })
        .collect()
}

fn contains_word(body: &str, word: &str) -> bool {
    body.match_indices(word).any(|(at, _)| {
        let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        !letter(body[..at].chars().next_back()) && !letter(body[at + word.len()..].chars().next())
    })
}

fn one(out: &mut String, model: &Model, overrides: &Overrides, api: &Api, endpoint: &Endpoint) {
    let operation = &model.operations[&(endpoint.path.clone(), endpoint.method.clone())];
    let mut methods = params::methods(operation, overrides, api, &endpoint.path);
    let answer = match &endpoint.answer {
        Answer::One(schema, row) if schema == row => format!("Record<schema::{schema}>"),
        Answer::One(schema, row) => format!("Record<schema::{schema}, schema::{row}>"),
        Answer::Rows(schema) => format!("Page<Record<schema::{schema}>>"),
        Answer::Nothing => "()".to_owned(),
        Answer::Unknown => "Content".to_owned(),
    };
    for (index, paragraph) in paragraphs(endpoint).iter().enumerate() {
        if index > 0 {
            out.push_str("    ///\n");
        } else {
            out.push_str("endpoint! {\n");
        }
        for line in wrap(paragraph) {
            let _ = writeln!(out, "    /// {line}");
        }
    }
    let repeat = if endpoint.once { " once" } else { "" };
    let _ = writeln!(
        out,
        "    {} {}{repeat} \"{}\" -> {answer}\n}}\n",
        endpoint.name, endpoint.method, endpoint.path
    );
    let _ = writeln!(out, "impl {} {{", endpoint.name);
    constructor(out, model, overrides, api, endpoint);
    if endpoint.multipart {
        methods.remove("form");
    }
    for (rust, Parameter { wire, words, argument, value }) in methods {
        let _ = writeln!(out, "\n    /// Sends `{wire}`, {words}.");
        let _ = writeln!(out, "    pub fn {rust}(self, {argument}) -> Self {{");
        let _ = writeln!(out, "        self.param(\"{wire}\", {value})\n    }}");
    }
    out.push_str("}\n\n");
    let plain = endpoint.arguments.is_empty() && endpoint.body.is_none();
    if plain {
        let _ = writeln!(
            out,
            "impl Default for {} {{\n    fn default() -> Self {{\n        Self::new()\n    }}\n}}\n",
            endpoint.name
        );
    }
}

fn paragraphs(endpoint: &Endpoint) -> Vec<String> {
    let route = format!("`{} {}`", endpoint.method, endpoint.path);
    let mut all = match endpoint.doc.as_str() {
        "" => vec![format!("{route}.")],
        doc => vec![doc.to_owned(), format!("{route}.")],
    };
    let marked = endpoint.answer_source.map(|source| format!(" ({})", source.words())).unwrap_or_default();
    all.push(match &endpoint.answer {
        Answer::Unknown => "What it answers is not documented.".to_owned(),
        Answer::Nothing => format!("Its answer holds nothing{marked}."),
        Answer::One(schema, _) => format!("Answers a [`{schema}`](schema::{schema}){marked}."),
        Answer::Rows(schema) => format!("Answers a list of [`{schema}`](schema::{schema}){marked}."),
    });
    if endpoint.method == "POST" && endpoint.body.is_none() {
        all.push("The document names no body; one can be [given](Self::payload) all the same.".to_owned());
    }
    if endpoint.once {
        all.push("It changes something, although it is a GET, and is not repeated.".to_owned());
    }
    all
}

fn constructor(out: &mut String, model: &Model, overrides: &Overrides, api: &Api, endpoint: &Endpoint) {
    let mut arguments: Vec<String> = Vec::new();
    let mut chain = String::new();
    let mut told: Vec<String> = Vec::new();
    for (variable, kind, schema) in &endpoint.arguments {
        let rust = crate::names::method(variable);
        match schema {
            Some(schema) => {
                arguments.push(format!("{rust}: impl Into<Id<schema::{schema}>>"));
                let _ = write!(chain, ".segment({rust}.into())");
                told.push(format!("the [`{schema}`](schema::{schema})"));
            }
            None => {
                let integer = matches!(kind, Kind::Plain(name) if name == "i32" || name == "i64");
                if integer {
                    arguments.push(format!("{rust}: i64"));
                    let _ = write!(chain, ".segment({rust})");
                } else {
                    arguments.push(format!("{rust}: &str"));
                    let _ = write!(chain, ".segment({rust})");
                }
                told.push(format!("`{variable}`, {}", words(kind, None, overrides, api)));
            }
        }
    }
    match &endpoint.body {
        Some(_) if endpoint.multipart => {
            arguments.push("form: &Form".to_owned());
            chain.push_str(".form(form)");
            told.push("a multipart form".to_owned());
        }
        Some(kind) => {
            let value = rust_type(kind, model, overrides).replace("Record<", "Record<schema::");
            arguments.push(format!("body: impl IntoField<{value}>"));
            chain.push_str(".json(body.to_json())");
            told.push(match kind {
                Kind::List(inner) => {
                    format!("an array of {} as its body", words(inner, None, overrides, api))
                }
                other => format!("{} as its body", words(other, None, overrides, api)),
            });
        }
        None => {}
    }
    let doc =
        if told.is_empty() { "The request.".to_owned() } else { format!("With {}.", told.join(" and ")) };
    for line in wrap(&doc) {
        let _ = writeln!(out, "    /// {line}");
    }
    let _ = writeln!(out, "    pub fn new({}) -> Self {{", arguments.join(", "));
    let _ = writeln!(out, "        Self(Args::default(){chain})\n    }}");
}
