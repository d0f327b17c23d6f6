//! From an API document (OpenAPI 3.0, JSON) to the model.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::model::{Kind, Model, Operation, Property, Schema};
use crate::{Failure, Result, fail};

/// Derives the model from the text of Halo's own document, or of a tenant's.
///
/// List twins (`X_List` where `X` exists) are merged into their detail schema; where both know a property,
/// the detail schema decides its type.
///
/// # Errors
/// When the text is not JSON or holds no schemas or paths.
pub fn derive(document: &str) -> Result<Model> {
    let document: Value = serde_json::from_str(document)
        .map_err(|error| Failure(format!("the document is not JSON: {error}")))?;
    let Some(schemas) = document.pointer("/components/schemas").and_then(Value::as_object) else {
        return fail("the document has no components.schemas");
    };
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        return fail("the document has no paths");
    };

    let twin_of = |name: &str| {
        name.strip_suffix("_List").filter(|base| schemas.contains_key(*base)).unwrap_or(name).to_owned()
    };
    let mut model = Model::default();
    // Detail schemas first, so that a twin only adds what they lack.
    let (details, twins): (Vec<_>, Vec<_>) = schemas.iter().partition(|(name, _)| twin_of(name) == **name);
    for (name, schema) in details.into_iter().chain(twins) {
        let integers = schema.get("enum").and_then(Value::as_array);
        if let Some(values) = integers {
            let mut values: Vec<i64> = values.iter().filter_map(Value::as_i64).collect();
            values.sort_unstable();
            model.enums.insert(name.clone(), values);
            continue;
        }
        let entry: &mut Schema = model.schemas.entry(twin_of(name)).or_default();
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { continue };
        for (property, about) in properties {
            entry.entry(property.clone()).or_insert_with(|| Property {
                kind: kind(about, &twin_of),
                read_only: about.get("readOnly") == Some(&Value::Bool(true)),
            });
        }
    }
    for (path, item) in paths {
        let Some(item) = item.as_object() else { continue };
        for (method, about) in item {
            if !["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                continue;
            }
            // Parameters may stand on the path for all its methods, and by reference.
            let parameters: Vec<&Value> = [item.get("parameters"), about.get("parameters")]
                .into_iter()
                .flatten()
                .filter_map(Value::as_array)
                .flatten()
                .map(|parameter| resolve(&document, parameter))
                .collect();
            let (body, multipart) = body(&document, about, &twin_of);
            let operation = Operation {
                path: path_parameters(path, &parameters),
                body,
                multipart,
                answer: answer(about, &twin_of),
                query: query(&parameters, &twin_of),
            };
            model.operations.insert((path.clone(), method.to_uppercase()), operation);
        }
    }
    Ok(model)
}

/// What a local reference points to, or the thing itself.
fn resolve<'a>(document: &'a Value, about: &'a Value) -> &'a Value {
    let target = about.get("$ref").and_then(Value::as_str).and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(about)
}

fn body(document: &Value, operation: &Value, twin_of: &dyn Fn(&str) -> String) -> (Option<Kind>, bool) {
    let Some(about) = operation.get("requestBody") else { return (None, false) };
    let Some(content) = resolve(document, about).get("content").and_then(Value::as_object) else {
        return (None, false);
    };
    let json = content.get("application/json");
    let multipart = json.is_none() && content.contains_key("multipart/form-data");
    let schema = json.or_else(|| content.values().next()).and_then(|media| media.get("schema"));
    (schema.map(|schema| kind(schema, twin_of)), multipart)
}

/// What the first success holds: Halo's document of 2025 says it nowhere, later ones in part.
fn answer(operation: &Value, twin_of: &dyn Fn(&str) -> String) -> Option<Kind> {
    let responses = operation.get("responses")?.as_object()?;
    let success = responses.iter().find(|(status, _)| status.starts_with('2'))?.1;
    let content = success.get("content")?.as_object()?;
    let media = content.get("application/json").or_else(|| content.values().next())?;
    Some(kind(media.get("schema")?, twin_of))
}

fn kind(about: &Value, twin_of: &dyn Fn(&str) -> String) -> Kind {
    if let Some(reference) = about.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        return Kind::Named(twin_of(name));
    }
    // A reference that is wrapped to carry a description or `nullable`.
    for wrapper in ["allOf", "oneOf", "anyOf"] {
        if let Some([one]) = about.get(wrapper).and_then(Value::as_array).map(Vec::as_slice) {
            return kind(one, twin_of);
        }
    }
    let text = |key: &str| about.get(key).and_then(Value::as_str).unwrap_or_default();
    let plain = match (text("type"), text("format")) {
        ("array", _) => {
            let inner = about.get("items").map_or_else(|| Kind::plain("any"), |items| kind(items, twin_of));
            return Kind::List(Box::new(inner));
        }
        ("integer", "int64") => "i64",
        ("integer", _) => "i32",
        ("number", "float") => "f32",
        ("number", _) => "f64",
        ("boolean", _) => "bool",
        ("object", _) => "map",
        ("string", "date-time") => "time",
        ("string", "date-span") => "span",
        ("string", "uuid") => "uuid",
        ("string", "byte" | "binary") => "bytes",
        ("string", "uri") => "uri",
        ("string", _) => "str",
        _ => "any",
    };
    Kind::plain(plain)
}

/// The variables of a path. One that the document forgets to describe is a text.
fn path_parameters(path: &str, parameters: &[&Value]) -> BTreeMap<String, Kind> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name);
    let about = |name: &str| {
        parameters.iter().find(|parameter| {
            parameter.get("in").and_then(Value::as_str) == Some("path")
                && parameter.get("name").and_then(Value::as_str) == Some(name)
        })
    };
    let kinds = names.map(|name| {
        let schema = about(name).and_then(|parameter| parameter.get("schema"));
        let kind = schema.map_or_else(|| Kind::plain("str"), |schema| kind(schema, &str::to_owned));
        (name.to_owned(), kind)
    });
    kinds.collect()
}

/// Query parameters. Their declared types are loose; a type that starts the description in parentheses
/// is the truer one.
fn query(parameters: &[&Value], twin_of: &dyn Fn(&str) -> String) -> BTreeMap<String, Kind> {
    let mut found = BTreeMap::new();
    for parameter in parameters {
        let text = |key: &str| parameter.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("in") != "query" {
            continue;
        }
        let hint = text("description").trim_start().strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let schema = |key: &str| {
            parameter.pointer(&format!("/schema/{key}")).and_then(Value::as_str).unwrap_or_default()
        };
        let plain = match (hint.map(|(hint, _)| hint), schema("type"), schema("format")) {
            (Some("array of int"), ..) | (_, "List<int>", _) => "ints",
            (Some("int"), ..) => "i32",
            (Some("bool"), ..) => "bool",
            (Some("double"), ..) => "f64",
            (_, "bool" | "boolean", _) => "bool",
            (_, "int", _) => "i32",
            (_, "integer", "int64") => "i64",
            (_, "integer", _) => "i32",
            (_, "double" | "number", _) => "f64",
            (_, "DateTime", _) | (_, "string", "date-time") => "time",
            (_, "string", "uuid") => "uuid",
            (_, "array" | "obj", _) => "any",
            _ => "str",
        };
        let kind = match parameter.get("schema") {
            Some(schema) if schema.get("$ref").is_some() => kind(schema, twin_of),
            _ => Kind::plain(plain),
        };
        found.entry(text("name").to_owned()).or_insert(kind);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = r##"{
        "components": {"schemas": {
            "Area": {"properties": {"id": {"type": "integer", "format": "int32"}, "made": {"type": "string", "format": "date-time", "readOnly": true}}},
            "Area_List": {"properties": {"id": {"type": "number"}, "extra": {"type": "array", "items": {"$ref": "#/components/schemas/Area_List"}}}},
            "Only_List": {"properties": {}},
            "Table": {"enum": [3, -1], "type": "integer"}
        }},
        "paths": {"/Client": {
            "get": {"parameters": [
                {"name": "ids", "in": "query", "description": "(array of int) which", "schema": {"type": "string"}},
                {"name": "utcoffset", "in": "query", "schema": {"type": "double"}},
                {"name": "utcoffset", "in": "query", "schema": {"type": "double"}},
                {"name": "id", "in": "path", "schema": {"type": "integer"}}]},
            "post": {"requestBody": {"content": {"application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Area"}}}}}}
        }}
    }"##;

    #[test]
    fn twins_are_merged_and_the_detail_decides() {
        let model = derive(DOCUMENT).expect("derivable");
        assert_eq!(model.schemas.keys().collect::<Vec<_>>(), ["Area", "Only_List"]);
        let area = &model.schemas["Area"];
        assert_eq!(area["id"].kind, Kind::plain("i32"));
        assert_eq!(area["extra"].kind, Kind::List(Box::new(Kind::Named("Area".into()))));
        assert!(area["made"].read_only);
        assert_eq!(model.enums["Table"], [-1, 3]);
    }

    #[test]
    fn a_parameter_has_the_type_its_description_starts_with() {
        let model = derive(DOCUMENT).expect("derivable");
        let list = &model.operations[&("/Client".to_owned(), "GET".to_owned())];
        assert_eq!(list.query["ids"], Kind::plain("ints"));
        assert_eq!(list.query.len(), 2);
        let post = &model.operations[&("/Client".to_owned(), "POST".to_owned())];
        assert_eq!(post.body, Some(Kind::List(Box::new(Kind::Named("Area".into())))));
    }
}
