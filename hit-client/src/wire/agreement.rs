//! `openapi.yaml` and the wire types agree: every schema's example is valid under its schema, shows every
//! property, and goes through the wire type without losing one.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::*;
use crate::types::*;

fn document() -> Value {
    yaml_serde::from_str(include_str!("../../openapi.yaml")).expect("openapi.yaml is YAML")
}

fn schemas(document: &Value) -> &Map<String, Value> {
    document["components"]["schemas"].as_object().expect("schemas")
}

fn resolve<'a>(document: &'a Value, mut schema: &'a Value) -> &'a Value {
    while let Some(pointer) = schema["$ref"].as_str() {
        schema =
            document.pointer(pointer.trim_start_matches('#')).unwrap_or_else(|| panic!("dangling {pointer}"));
    }
    schema
}

/// Every object in the document that has this key, with its path.
fn holding<'a>(value: &'a Value, key: &str, path: &str, found: &mut Vec<(String, &'a Value)>) {
    match value {
        Value::Object(map) => {
            if map.contains_key(key) {
                found.push((path.to_owned(), value));
            }
            for (name, child) in map {
                // Examples are data, not schema.
                if name != "example" && name != "examples" {
                    holding(child, key, &format!("{path}/{name}"), found);
                }
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate() {
                holding(child, key, &format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
}

fn says_its_evidence(value: &Value) -> bool {
    matches!(value["x-evidence"].as_str(), Some("known" | "assumed"))
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1.")));
    let mut found = Vec::new();
    holding(&document, "$ref", "", &mut found);
    assert!(found.len() > 100);
    for (_, value) in found {
        resolve(&document, value);
    }
}

#[test]
fn every_property_parameter_header_and_operation_says_its_evidence() {
    let document = document();
    let mut silent = Vec::new();
    for (name, schema) in schemas(&document) {
        for (property, value) in schema["properties"].as_object().into_iter().flatten() {
            if !says_its_evidence(value) {
                silent.push(format!("{name}.{property}"));
            }
        }
    }
    for group in ["parameters", "headers", "securitySchemes"] {
        for (name, value) in document["components"][group].as_object().expect(group) {
            if !says_its_evidence(value) {
                silent.push(format!("{group}/{name}"));
            }
        }
    }
    let mut operations = Vec::new();
    holding(&document, "operationId", "", &mut operations);
    assert!(operations.len() >= 20);
    silent.extend(
        operations.iter().filter(|(_, value)| !says_its_evidence(value)).map(|(path, _)| path.clone()),
    );
    let ids: BTreeSet<_> = operations.iter().map(|(_, value)| value["operationId"].as_str()).collect();
    assert_eq!(ids.len(), operations.len(), "an operationId twice");
    assert_eq!(silent, Vec::<String>::new());
}

#[test]
fn what_a_capability_governs_is_not_required_and_the_capability_exists() {
    let document = document();
    let known: Vec<_> = Capability::KNOWN.iter().map(Capability::as_str).collect();
    let listed = &document["components"]["schemas"]["Account"]["properties"]["capabilities"]["items"]["enum"];
    assert_eq!(*listed, json!(known));
    let mut found = Vec::new();
    holding(&document, "x-capability", "", &mut found);
    for (path, value) in &found {
        assert!(known.contains(&value["x-capability"].as_str().unwrap_or_default()), "{path}");
    }
    for (name, schema) in schemas(&document) {
        for required in schema["required"].as_array().into_iter().flatten() {
            let property = &schema["properties"][required.as_str().unwrap_or_default()];
            assert!(property.is_object(), "{name} requires {required}, which it does not have");
            assert!(property["x-capability"].is_null(), "{name} requires {required}, which may be absent");
        }
    }
}

/// Whether a value fits a schema: the part of JSON Schema that the document uses.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolve(document, schema);
    if let Some(any) = schema["anyOf"].as_array() {
        let fit = any.iter().any(|schema| fits(document, schema, value).is_ok());
        return fit.then_some(()).ok_or_else(|| format!("{value} fits no variant"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        other => return Err(format!("no type: {other}")),
    };
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.contains(&found) {
        return Err(format!("{value} is no {types:?}"));
    }
    if let (Some(allowed), Value::String(_)) = (schema["enum"].as_array(), value)
        && !allowed.contains(value)
    {
        return Err(format!("{value} is not one of {allowed:?}"));
    }
    if let Value::String(text) = value {
        let well_formed = match schema["format"].as_str() {
            Some("date") => date(&value.to_string()).is_some(),
            Some("date-time") => text.parse().is_ok_and(|stamp| instant(stamp) == *text),
            Some("uri") => text.parse::<url::Url>().is_ok(),
            _ => true,
        };
        if !well_formed {
            return Err(format!("{value} is no {}", schema["format"]));
        }
    }
    for item in value.as_array().into_iter().flatten() {
        fits(document, &schema["items"], item)?;
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let property = schema["properties"].get(name).ok_or_else(|| format!("no property {name}"))?;
        fits(document, property, member).map_err(|why| format!("{name}: {why}"))?;
    }
    for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if value.is_object() && value.get(required).is_none() {
            return Err(format!("{required} is missing"));
        }
    }
    Ok(())
}

#[test]
fn every_example_fits_its_schema_and_shows_every_property() {
    let document = document();
    for (name, schema) in schemas(&document) {
        let example = &schema["example"];
        assert!(!example.is_null(), "{name} has no example");
        if let Err(why) = fits(&document, schema, example) {
            panic!("the example of {name}: {why}");
        }
        // A patch shows what it needs; every other example shows all there is.
        let names = |value: &Value| value.as_object().map(|map| map.keys().cloned().collect::<BTreeSet<_>>());
        if !name.starts_with("RoadmapItemPatch") && name != "BudgetPatch" {
            assert_eq!(
                names(example),
                names(&schema["properties"]).filter(|_| example.is_object()),
                "{name}"
            );
        }
    }
}

/// Reads the example with a wire type, writes it again, and finds nothing lost.
fn reads<R: DeserializeOwned + Serialize>(name: &str) {
    let document = document();
    let example = &schemas(&document)[name]["example"];
    // Through text: a `RawValue` is only readable from text.
    let reply: R = serde_json::from_str(&example.to_string()).unwrap_or_else(|why| panic!("{name}: {why}"));
    let again: Value = serde_json::from_str(&serde_json::to_string(&reply).expect(name)).expect(name);
    assert_eq!(again, *example, "{name}");
}

/// Reads the example as the domain value.
fn value_of<R: Reply>(name: &str) -> R::Value {
    let document = document();
    record::<R>(schemas(&document)[name]["example"].to_string().as_bytes())
        .unwrap_or_else(|why| panic!("{name}: {why}"))
}

#[test]
fn replies_lose_no_property() {
    reads::<AccountReply>("Account");
    reads::<ClientReply>("Client");
    reads::<TeamMemberReply>("TeamMember");
    reads::<StatusReply>("Status");
    reads::<ItemReply>("RoadmapItem");
    reads::<item::BudgetReply>("Budget");
    reads::<item::LineReply>("BudgetLine");
    reads::<item::DescriptionReply>("Description");
    reads::<item::ActorReply>("Actor");
    reads::<records::ReferenceReply>("ExternalReference");
    reads::<IntegrationReply>("Integration");
    reads::<TestReply>("IntegrationTest");
    reads::<WebhookReply>("Webhook");
    reads::<CreatedWebhookReply>("CreatedWebhook");
    reads::<WebhookTestReply>("WebhookTest");
    reads::<event::EventBody>("WebhookEvent");
    reads::<errors::ErrorsReply>("Errors");
    reads::<errors::EntryReply>("ErrorEntry");
    reads::<EventType>("EventType");
}

#[test]
fn the_example_item_is_read_to_its_last_field() {
    let item = value_of::<ItemReply>("RoadmapItem");
    // Every field that the example fills, so nothing may be odd or absent.
    assert!(matches!(item.due_date, Seen::Value(_)));
    assert!(matches!(&item.responsible_id, Seen::Value(id) if id.as_str() == "tm_3"));
    assert!(matches!(item.pillar, Seen::Null));
    assert!(matches!(item.origin, Seen::Value(Origin::SmartScore)));
    assert!(matches!(&item.template_id, Seen::Value(id) if id.as_str() == "tpl_9"));
    assert!(matches!(&item.description, Seen::Value(text) if text.format == DescriptionFormat::Html));
    assert!(matches!(item.start_date, Seen::Value(_)));
    assert!(matches!(item.effort_minutes, Seen::Value(960)));
    assert!(matches!(&item.budget, Seen::Value(budget)
        if budget.one_time_total() == Some(249_900)
        && budget.recurring_total(&Frequency::Monthly) == Some(4_900)));
    assert!(matches!(&item.external_references, Seen::Value(references)
        if references[0].key == ReferenceKey::halopsa("contoso", "opportunity")
        && references[0].target.marker.as_deref() == Some("HS1-ABCDEFGHIJKLMNOP")));
    assert!(matches!(item.url, Seen::Value(_)));
    assert!(matches!(item.created_at, Seen::Value(_)));
    assert!(matches!(item.updated_at, Seen::Value(stamp) if instant(stamp) == "2026-03-02T14:05:12.345Z"));
    assert!(matches!(&item.updated_by, Seen::Value(actor) if actor.kind == ActorKind::User));
    assert_eq!(item.version(), Some(Version(7)));
    assert!(!item.is_archived());
}

/// What is written fits the request schema, and every property of the schema can be written.
fn writes(name: &str, written: &[Value]) {
    let document = document();
    let schema = &schemas(&document)[name];
    let mut shown = BTreeSet::new();
    for body in written {
        if let Err(why) = fits(&document, schema, body) {
            panic!("{name}: {why}: {body}");
        }
        shown.extend(body.as_object().expect(name).keys().cloned());
    }
    let all: BTreeSet<_> = schema["properties"].as_object().expect(name).keys().cloned().collect();
    assert_eq!(shown, all, "{name}");
}

fn body(value: impl Serialize) -> Value {
    serde_json::to_value(value).expect("a body")
}

fn everything() -> (NewItem, ItemPatch) {
    let day = date("\"2026-06-30\"").expect("a date");
    let budget = BudgetPatch::in_currency(Currency::new("USD").expect("a currency"))
        .one_time([BudgetLineWrite::once("Firewall", 1)])
        .recurring([BudgetLineWrite::recurring("Watch", 2, Frequency::Annual)]);
    let target = ReferenceTarget::new("4711").url("https://h.example/".parse().expect("url")).marker("HS1");
    let new = NewItem::new("cl_1", "A")
        .status("st_1")
        .due_date(day)
        .responsible("tm_1")
        .description(Description::text("b"))
        .start_date(day)
        .effort_minutes(60)
        .budget(budget.clone())
        .external_reference(ExternalReference::new(ReferenceKey::halopsa("t", "project"), target));
    let patch = ItemPatch::new()
        .name("A")
        .status("st_1")
        .due_date(Some(day))
        .responsible(None)
        .description(Some(Description::html("b")))
        .start_date(None)
        .effort_minutes(Some(1))
        .budget(Some(budget));
    (new, patch)
}

#[test]
fn requests_fit_their_schemas_and_reach_every_property() {
    let (new, patch) = everything();
    let new_body = body(NewItemBody::from(&new));
    writes("NewRoadmapItem", &[new_body.clone(), body(NewItemBody::from(&NewItem::new("c", "n")))]);
    writes("NewExternalReference", new_body["external_references"].as_array().expect("references"));
    writes("BudgetPatch", &[new_body["budget"].clone()]);
    let line = BudgetLineWrite::from(&BudgetLine::new("bl_1", "", -5, Frequency::Monthly));
    let lines = BudgetPatch::default().recurring([line, BudgetLineWrite::once("", 0)]);
    let lines = body(ItemPatchBody::from(&ItemPatch::new().budget(Some(lines))));
    writes("BudgetLineWrite", lines["budget"]["recurring"].as_array().expect("lines"));
    writes("RoadmapItemPatch", &[body(ItemPatchBody::from(&patch)), json!({})]);
    writes("Description", &[body(ItemPatchBody::from(&patch))["description"].clone()]);
    let target = &new.external_references[0].target;
    writes("ExternalReferenceTarget", &[body(TargetBody::from(target))]);
    assert_eq!(body(ItemPatchBody::from(&ItemPatch::new())), json!({}));
}

#[test]
fn settings_and_webhooks_fit_their_schemas_and_reach_every_property() {
    let integration = value_of::<IntegrationReply>("Integration");
    let mut patch = IntegrationPatch::new();
    patch.connection.resource_server = Change::Set("https://h.example/api".into());
    patch.connection.authorisation_server = Change::Blank;
    patch.connection.tenant = Change::Set("t".into());
    patch.connection.client_id = Change::Set("i".into());
    patch.connection.client_secret = Change::Set("not-a-real-secret".into());
    patch.opportunity = integration.opportunity.into();
    patch.project = Change::Blank;
    patch.global_sync = Some(true);
    patch.validation_client_ids = Some(integration.validation_client_ids);
    patch.status_map = Some(integration.status_map);
    patch.engine = Some(Engine::External);
    let written = body(IntegrationBody::from(&patch));
    writes("ConnectionPatch", &[written["connection"].clone()]);
    writes("TypeChoicesPatch", &[written["types"].clone()]);
    writes("TypeChoicePatch", &[written["types"]["opportunity"].clone()]);
    writes("StatusMapRow", written["status_map"].as_array().expect("rows"));
    writes("IntegrationPatch", &[written]);

    let url: url::Url = "https://sync.example/hooks/hit".parse().expect("url");
    let new = NewWebhook::new(url.clone(), [EventType::ItemCreated]).secret("not-a-real-secret".into());
    writes("NewWebhook", &[body(NewWebhookBody::from(&new))]);
    let mut patch = WebhookPatch::new();
    patch.url = Some(url);
    patch.events = Some(vec![EventType::ItemUpdated]);
    patch.active = Some(false);
    patch.secret = Some("not-a-real-secret".into());
    writes("WebhookPatch", &[body(WebhookPatchBody::from(&patch))]);
}

#[test]
fn open_enumerations_know_the_same_values() {
    let document = document();
    let listed = |pointer: &str| {
        document.pointer(&format!("/components/schemas/{pointer}/enum")).cloned().unwrap_or_default()
    };
    fn known<T: Serialize>(values: &[T]) -> Value {
        serde_json::to_value(values).expect("values")
    }
    assert_eq!(listed("RoadmapItem/properties/origin"), known(Origin::KNOWN));
    assert_eq!(listed("Status/properties/class"), known(StatusClass::KNOWN));
    assert_eq!(listed("BudgetLine/properties/frequency"), known(Frequency::KNOWN));
    assert_eq!(listed("Description/properties/format"), known(DescriptionFormat::KNOWN));
    assert_eq!(listed("Actor/properties/type"), known(ActorKind::KNOWN));
    assert_eq!(listed("Integration/properties/engine"), known(Engine::KNOWN));
    assert_eq!(listed("StatusMapRow/properties/kind"), known(TicketKind::KNOWN));
    assert_eq!(listed("EventType"), known(EventType::KNOWN));
}
