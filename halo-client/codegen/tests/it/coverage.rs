//! Everything that Halo's document names is offered, or the overrides table says why not.

use std::collections::BTreeSet;
use std::path::PathBuf;

use halo_codegen::model::Model;
use halo_codegen::overrides::Overrides;
use serde_json::Value;

use crate::source::{self, Parts};

fn model() -> Model {
    Model::read(include_str!("../../model/schemas.txt"), include_str!("../../model/operations.txt"))
        .expect("the model is readable")
}

fn wanted_by_model(model: &Model, overrides: &Overrides) -> Parts {
    let mut parts = Parts::default();
    for ((path, method), operation) in &model.operations {
        let key = (method.clone(), path.clone());
        let parameters = operation.query.keys().map(|name| (key.clone(), name.clone()));
        parts.parameters.extend(parameters);
        parts.operations.insert(key);
    }
    for (halo, properties) in &model.schemas {
        let ours = source::ours(overrides, halo);
        parts.properties.extend(properties.keys().map(|property| (ours.clone(), property.clone())));
    }
    parts
}

/// Read here with nothing of the generator's but its table of names.
fn wanted_by_document(document: &Value, overrides: &Overrides) -> (Parts, [usize; 3]) {
    let mut parts = Parts::default();
    let mut counts = [0; 3];
    let object = |value: &Value| value.as_object().cloned().unwrap_or_default();
    for (path, item) in object(&document["paths"]) {
        for (method, about) in object(&item) {
            let key = (method.to_uppercase(), path.clone());
            for parameter in about["parameters"].as_array().into_iter().flatten() {
                if parameter["in"] == "query" {
                    counts[1] += 1;
                    let name = parameter["name"].as_str().expect("a name").to_owned();
                    parts.parameters.insert((key.clone(), name));
                }
            }
            counts[0] += 1;
            parts.operations.insert(key);
        }
    }
    let schemas = object(&document["components"]["schemas"]);
    for (halo, about) in &schemas {
        // List rows are the same schema with fields absent.
        let whole = halo.strip_suffix("_List").filter(|base| schemas.contains_key(*base)).unwrap_or(halo);
        for property in object(&about["properties"]).keys() {
            counts[2] += 1;
            parts.properties.insert((source::ours(overrides, whole), property.clone()));
        }
    }
    (parts, counts)
}

/// What is wanted and not offered, and what is offered though nobody knows it.
fn compare(wanted: &Parts, overrides: &Overrides) {
    let offered = source::offered(&source::files());
    let missing = |wanted: &BTreeSet<_>, offered: &BTreeSet<_>| -> Vec<String> {
        wanted.difference(offered).map(|one| format!("{one:?}")).collect()
    };
    assert_eq!(wanted.operations, offered.operations);
    assert_eq!(missing(&wanted.properties, &offered.properties), [""; 0]);
    assert_eq!(missing(&offered.properties, &wanted.properties), [""; 0]);
    // The client sends these itself where a list has pages; the table gives the reason.
    let handled = |(operation, name): &&(source::Operation, String)| {
        let pages = (operation.clone(), "pageinate".to_owned());
        overrides.handled.contains_key(name) && wanted.parameters.contains(&pages)
    };
    assert!(overrides.handled.values().all(|reason| !reason.is_empty()));
    let built: BTreeSet<_> = wanted.parameters.iter().filter(|one| !handled(one)).cloned().collect();
    let lacking: Vec<_> = built.difference(&offered.parameters).collect();
    assert!(lacking.is_empty(), "no builder method for {lacking:?}");
    let unknown: Vec<_> = offered.parameters.difference(&built).collect();
    assert!(unknown.is_empty(), "nobody documents {unknown:?}");
}

#[test]
fn everything_in_the_model_is_offered() {
    let overrides = source::overrides();
    let wanted = wanted_by_model(&model(), &overrides);
    assert_eq!(wanted.operations.len(), 1_331);
    assert_eq!(wanted.properties.len(), 18_612);
    compare(&wanted, &overrides);
}

/// Counts from Halo's own document, which is not part of the project.
#[test]
fn everything_in_the_document_is_offered() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/halo-openapi.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: Halo's API document is not at ../shared/reference/halo-openapi.json");
        return;
    };
    let document: Value = serde_json::from_str(&text).expect("JSON");
    let overrides = source::overrides();
    let (wanted, counts) = wanted_by_document(&document, &overrides);
    // 22 parameters stand twice in one operation, and 1,172 properties in both a schema and its list twin.
    assert_eq!(counts, [1_331, 3_213, 19_784]);
    assert_eq!(
        (wanted.operations.len(), wanted.parameters.len(), wanted.properties.len()),
        (1_331, 3_191, 18_612)
    );
    compare(&wanted, &overrides);
    assert_eq!(wanted, wanted_by_model(&model(), &overrides), "the model is not that of the document");
}

/// What is not known is counted, here and in the README.
#[test]
fn unknown_records_and_answers_are_counted() {
    let files = source::files();
    let resources = source::resources(&files);
    assert_eq!(resources.len(), 332);
    let able = |can: &str| resources.values().filter(|one| one.can.iter().any(|other| other == can)).count();
    let untyped = resources.values().filter(|one| one.schema == "Untyped" && !one.can.is_empty()).count();
    let bare = resources.values().filter(|one| one.can.is_empty()).count();
    let endpoints = source::endpoints(&files);
    let unknown = endpoints.values().filter(|(_, answer)| answer == "Content").count();
    let line = format!(
        "332 resources: {} list, {} of them in pages, {} read one, {} write, {} delete; {bare} have endpoints only; \
         the records of {untyped} are unknown. {} endpoints, the answers of {unknown} unknown.",
        able("Listable"),
        able("Pageable"),
        able("Readable"),
        able("Writes"),
        able("Deletable"),
        endpoints.len()
    );
    let readme = include_str!("../../README.md").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(readme.contains(&line), "README.md of the generator should say: {line}");
}
