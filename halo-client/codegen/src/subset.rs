//! The part of the API that the client's own sources name, to measure what the rest costs.

use std::collections::BTreeSet;

use crate::api::{Api, Resource, UNTYPED};
use crate::model::Model;
use crate::overrides::Overrides;
use crate::{Result, names};

/// The model without everything whose name does not occur in `sources`: schemas, properties, operations and
/// parameters. Too much stays where a word means something else there; never too little.
///
/// # Errors
/// When the table and the model contradict each other.
pub fn named_in(model: &Model, overrides: &Overrides, sources: &str) -> Result<Model> {
    let words: BTreeSet<&str> = sources
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .collect();
    let named = |name: &str| words.contains(name);
    let api = Api::build(model, overrides)?;
    let mut part = Model { enums: model.enums.clone(), ..Model::default() };

    let endpoints: BTreeSet<(&str, &str)> = api
        .endpoints
        .iter()
        .filter(|endpoint| named(&endpoint.name))
        .map(|endpoint| (endpoint.path.as_str(), endpoint.method.as_str()))
        .collect();
    let used = |resource: &Resource| named(&resource.name) || named(&resource.handle);
    let mut records: BTreeSet<&str> = BTreeSet::new();
    for resource in api.resources.values().filter(|resource| used(resource)) {
        records.insert(resource.schema.as_str());
    }
    let own: BTreeSet<(&str, &str)> =
        api.endpoints.iter().map(|endpoint| (endpoint.path.as_str(), endpoint.method.as_str())).collect();
    for ((path, method), operation) in &model.operations {
        let key = (path.as_str(), method.as_str());
        let root = path.split('/').nth(1).unwrap_or_default();
        let of_resource = api.resources.get(root).is_some_and(&used);
        if if own.contains(&key) { endpoints.contains(&key) } else { of_resource } {
            let mut operation = operation.clone();
            operation.query.retain(|wire, _| named(&overrides.method(wire)) || wire == "pageinate");
            part.operations.insert((path.clone(), method.clone()), operation);
        }
    }
    for (halo, properties) in &model.schemas {
        let ours = overrides.ours(halo);
        if ours == UNTYPED || !(named(&ours) || records.contains(ours.as_str())) {
            continue;
        }
        let constants = names::constants(properties.keys());
        let kept = properties.iter().filter(|(wire, _)| {
            *wire == "id" || *wire == "customfields" || constants.get(*wire).is_some_and(|name| named(name))
        });
        part.schemas.insert(halo.clone(), kept.map(|(wire, about)| (wire.clone(), about.clone())).collect());
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emit::emit_unchecked;

    #[test]
    fn only_what_is_named_stays() {
        let schemas = "schema Area\n id i32\n name str\n notes [@Gone]\nschema Gone\n id i32\n";
        let operations =
            "GET /Client\n open bool\n search str\nPOST /Client [@Area]\nGET /Client/me\nGET /Gone\n";
        let model = Model::read(schemas, operations).expect("readable");
        let table =
            "name Area Client\nresource /Client Clients : Customers.\noperation GET /Client/me ClientMe\n";
        let overrides = Overrides::read(table).expect("readable");
        let part = named_in(&model, &overrides, "Clients, Client::NOTES .search(1)").expect("a part");
        assert_eq!(
            part.operations_text().lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>(),
            ["GET /Client", " search str", "POST /Client [@Area]"]
        );
        assert_eq!(part.schemas.keys().collect::<Vec<_>>(), ["Area"]);
        assert_eq!(part.schemas["Area"].keys().collect::<Vec<_>>(), ["id", "notes"]);
        let files = emit_unchecked(&part, &overrides).expect("emits");
        assert!(files["schemas_c.rs"].contains("NOTES: Field<Self, Vec<Json>>"), "what is gone is any JSON");
    }
}
