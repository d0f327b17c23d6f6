//! A newer document, made of Halo's own model: a few things added, removed and retyped.

use halo_codegen::derive::derive;
use halo_codegen::diff::{Change, Diff};
use halo_codegen::emit::emit;
use halo_codegen::model::Model;
use halo_codegen::overrides::Overrides;
use serde_json::{Value, json};

use crate::source;

const OVERRIDES: &str = "\
name Area Client
resource /Client Clients : Customers.
rows /Client clients [S]
readonly Client.colour
operation GET /Client/me ClientMe : Who it is.
";

fn document() -> Value {
    json!({
        "openapi": "3.0.1",
        "components": {"schemas": {
            "Area": {"properties": {
                "id": {"type": "integer", "format": "int32"},
                "name": {"type": "string"},
                "colour": {"type": "string"},
                "size": {"type": "integer", "format": "int32"}
            }},
            "Gone": {"properties": {"id": {"type": "integer"}}},
            "Table": {"type": "integer", "enum": [0, 1]}
        }},
        "paths": {
            "/Client": {
                "get": {"parameters": [
                    {"name": "search", "in": "query", "schema": {"type": "string"}},
                    {"name": "toplevel", "in": "query", "schema": {"type": "int"}}
                ]},
                "post": {"requestBody": {"content": {"application/json": {"schema":
                    {"type": "array", "items": {"$ref": "#/components/schemas/Area"}}}}}}
            },
            "/Client/{id}": {"get": {"parameters": [
                {"name": "id", "in": "path", "schema": {"type": "integer", "format": "int32"}}
            ]}},
            "/Client/me": {"get": {}},
            "/Old": {"get": {}}
        }
    })
}

/// The next version: a resource more with its answer described, as later documents do, and one less.
fn newer() -> Value {
    let mut document = document();
    let schemas = &mut document["components"]["schemas"];
    schemas["Area"]["properties"]["size"] = json!({"type": "number", "format": "double"});
    schemas["Area"]["properties"]["vip"] = json!({"type": "boolean", "readOnly": true});
    schemas["Area"]["properties"]["parent"] =
        json!({"nullable": true, "allOf": [{"$ref": "#/components/schemas/Area"}]});
    schemas["Table"]["enum"] = json!([0, 1, 2]);
    schemas["Milestone"] = json!({"properties": {"id": {"type": "integer", "format": "int32"}}});
    schemas["Milestone_View"] = json!({"properties": {
        "record_count": {"type": "integer"},
        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Milestone"}}
    }});
    schemas.as_object_mut().expect("schemas").remove("Gone");
    let paths = document["paths"].as_object_mut().expect("paths");
    paths.remove("/Old");
    paths["/Client"]["get"]["parameters"][1] = json!({"$ref": "#/components/parameters/Fresh"});
    paths.insert(
        "/Milestone".to_owned(),
        json!({"get": {
            "parameters": [{"name": "pageinate", "in": "query", "schema": {"type": "boolean"}}],
            "responses": {"200": {"content": {"application/json": {"schema":
                {"$ref": "#/components/schemas/Milestone_View"}}}}}
        }}),
    );
    paths.insert(
        "/Client/{id}/merge".to_owned(),
        json!({"post": {"parameters": [
            {"name": "id", "in": "path", "schema": {"type": "integer", "format": "int32"}}
        ]}}),
    );
    document["components"]["parameters"] =
        json!({"Fresh": {"name": "fresh", "in": "query", "schema": {"type": "bool"}}});
    document
}

fn models() -> (Model, Model) {
    let read = |document: Value| derive(&document.to_string()).expect("derivable");
    (read(document()), read(newer()))
}

#[test]
fn a_newer_document_is_told_apart() {
    let (old, new) = models();
    let overrides = Overrides::read(OVERRIDES).expect("readable");
    let diff = Diff::between(&old, &new, &overrides);
    let expected = "\
resources: 1 added, 1 removed, 0 retyped
  + /Milestone
  - /Old

operations: 2 added, 1 removed, 0 retyped
  + GET /Milestone takes nothing, answers @Milestone_View
  - GET /Old takes nothing, answers nothing
  + POST /Client/{id}/merge takes nothing, answers nothing

parameters: 1 added, 1 removed, 0 retyped
  + GET /Client fresh bool
  - GET /Client toplevel i32

schemas: 2 added, 1 removed, 1 retyped
  - Gone object
  + Milestone object
  + Milestone_View object
  ~ Table: one of [0, 1], now one of [0, 1, 2]

properties: 2 added, 0 removed, 1 retyped
  + Area.parent @Area
  ~ Area.size: i32, now f64
  + Area.vip bool, read only

the overrides table fits the new document";
    assert_eq!(diff.to_string(), expected);
    assert_eq!(Diff::between(&old, &old, &overrides).to_string(), "nothing differs");
    // Backwards, what was added is removed.
    let back = Diff::between(&new, &old, &overrides);
    assert_eq!(back.resources["/Milestone"], Change::Removed(String::new()));
    assert_eq!(back.properties["Area.size"], Change::Retyped("f64".to_owned(), "i32".to_owned()));
}

#[test]
fn a_newer_document_is_generated_with_what_it_says_more() {
    let (_, new) = models();
    let files = emit(&new, &Overrides::read(OVERRIDES).expect("readable")).expect("emits");
    let offered = source::offered(&files);
    assert_eq!(offered.operations.len(), new.operations.len());
    let milestones = &source::resources(&files)["Milestones"];
    // The document itself tells the record and, in the same line, the envelope.
    assert_eq!(milestones.schema, "Milestone");
    assert!(files["resources_m.rs"].contains("[\"data\"] true: Listable Pageable"));
    let merge = &source::endpoints(&files)["ClientMerge"];
    assert_eq!(merge.0, ("POST".to_owned(), "/Client/{id}/merge".to_owned()));
    assert!(files["endpoints_c.rs"].contains("pub fn new(id: impl Into<Id<schema::Client>>) -> Self"));
}

#[test]
fn what_the_table_says_of_things_that_are_gone_is_named() {
    let (old, mut new) = models();
    new.schemas.get_mut("Area").expect("a schema").remove("colour");
    let overrides = Overrides::read(OVERRIDES).expect("readable");
    let text = Diff::between(&old, &new, &overrides).to_string();
    let expected =
        "before it can be generated: overrides.txt speaks of `Client.colour`, which the model does not know";
    assert!(text.ends_with(expected), "{text}");
}
