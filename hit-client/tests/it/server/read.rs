//! Requests as the contract describes them. What it does not describe fails the test.

use hit_client::{
    BudgetLineWrite, BudgetPatch, Change, Currency, Description, DescriptionFormat, Engine, EventType,
    ExternalReference, IntegrationPatch, ItemPatch, NewItem, NewWebhook, ReferenceKey, ReferenceTarget,
    StatusMapRow, TicketKind, TypeChoice, WebhookPatch,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An object whose properties are taken out one by one; none may be left.
struct Object(serde_json::Map<String, Value>);

impl Object {
    fn new(value: Value) -> Self {
        match value {
            Value::Object(map) => Self(map),
            other => panic!("not an object: {other}"),
        }
    }

    /// A property that may be left out but not be null.
    fn maybe<T: DeserializeOwned>(&mut self, name: &str) -> Option<T> {
        self.0.remove(name).map(|value| of(name, value))
    }

    fn must<T: DeserializeOwned>(&mut self, name: &str) -> T {
        self.maybe(name).unwrap_or_else(|| panic!("{name} is missing"))
    }

    fn change<T>(&mut self, name: &str, read: impl FnOnce(Value) -> T) -> Change<T> {
        match self.0.remove(name) {
            None => Change::Keep,
            Some(Value::Null) => Change::Blank,
            Some(value) => Change::Set(read(value)),
        }
    }

    /// A property that may be left out or null, with the same meaning.
    fn value<T>(&mut self, name: &str, read: impl FnOnce(Value) -> T) -> Option<T> {
        match self.change(name, read) {
            Change::Set(value) => Some(value),
            _ => None,
        }
    }

    fn end(self) {
        assert!(self.0.is_empty(), "unknown properties: {:?}", self.0.keys());
    }
}

fn of<T: DeserializeOwned>(name: &str, value: Value) -> T {
    serde_json::from_value(value).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn plain<T: DeserializeOwned>(value: Value) -> T {
    of("a value", value)
}

fn description(value: Value) -> Description {
    let mut object = Object::new(value);
    let description =
        Description::new(object.must::<DescriptionFormat>("format"), object.must::<String>("body"));
    object.end();
    description
}

fn line(value: &Value) -> BudgetLineWrite {
    let mut object = Object::new(value.clone());
    let mut line = BudgetLineWrite::once(object.must::<String>("label"), object.must("amount_minor"));
    line.id = object.maybe("id");
    line.frequency = object.maybe("frequency");
    object.end();
    line
}

fn budget(value: Value) -> BudgetPatch {
    let mut object = Object::new(value);
    let mut budget = BudgetPatch::default();
    budget.currency = object.maybe::<Currency>("currency");
    budget.one_time = object.maybe::<Vec<Value>>("one_time").map(|lines| lines.iter().map(line).collect());
    budget.recurring = object.maybe::<Vec<Value>>("recurring").map(|lines| lines.iter().map(line).collect());
    object.end();
    budget
}

fn target_of(object: &mut Object) -> ReferenceTarget {
    let mut target = ReferenceTarget::new(object.must::<String>("id"));
    target.url = object.value("url", |url| url.as_str().expect("text").parse().expect("an address"));
    target.marker = object.value("marker", plain);
    target
}

pub(super) fn target(value: Value) -> ReferenceTarget {
    let mut object = Object::new(value);
    let target = target_of(&mut object);
    object.end();
    target
}

fn reference(value: Value) -> ExternalReference {
    let mut object = Object::new(value);
    let key = ReferenceKey::new(
        object.must::<String>("system"),
        object.must::<String>("instance"),
        object.must::<String>("kind"),
    );
    let target = target_of(&mut object);
    object.end();
    ExternalReference::new(key, target)
}

pub(super) fn new_item(value: Value) -> NewItem {
    let mut object = Object::new(value);
    let mut item = NewItem::new(object.must::<String>("client_id"), object.must::<String>("name"));
    item.status_id = object.maybe("status_id");
    item.due_date = object.value("due_date", plain);
    item.responsible_id = object.value("responsible_id", plain);
    item.description = object.value("description", description);
    item.start_date = object.value("start_date", plain);
    item.effort_minutes = object.value("hours_minutes", plain);
    item.budget = object.value("budget", budget);
    let references: Vec<Value> = object.maybe("external_references").unwrap_or_default();
    item.external_references = references.into_iter().map(reference).collect();
    object.end();
    item
}

pub(super) fn item_patch(value: Value) -> ItemPatch {
    let mut object = Object::new(value);
    let mut patch = ItemPatch::new();
    patch.name = object.maybe("name");
    patch.status_id = object.maybe("status_id");
    patch.due_date = object.change("due_date", plain);
    patch.responsible_id = object.change("responsible_id", plain);
    patch.description = object.change("description", description);
    patch.start_date = object.change("start_date", plain);
    patch.effort_minutes = object.change("hours_minutes", plain);
    patch.budget = object.change("budget", budget);
    object.end();
    patch
}

fn choice(value: Value) -> TypeChoice {
    let mut object = Object::new(value);
    let mut choice = TypeChoice::new(object.must("ticket_type_id"));
    choice.assignee_agent_id = object.value("assignee_agent_id", plain);
    choice.status_id = object.value("status_id", plain);
    object.end();
    choice
}

fn row(value: &Value) -> StatusMapRow {
    let mut object = Object::new(value.clone());
    let row = StatusMapRow::new(
        object.must::<String>("status_id"),
        object.must::<TicketKind>("kind"),
        object.must("halo_status_id"),
    );
    object.end();
    row
}

pub(super) fn integration_patch(value: Value) -> IntegrationPatch {
    let mut object = Object::new(value);
    let mut patch = IntegrationPatch::new();
    if let Some(connection) = object.maybe("connection") {
        let mut connection = Object::new(connection);
        patch.connection.resource_server = connection.change("resource_server", plain);
        patch.connection.authorisation_server = connection.change("authorisation_server", plain);
        patch.connection.tenant = connection.change("tenant", plain);
        patch.connection.client_id = connection.change("client_id", plain);
        patch.connection.client_secret =
            connection.change("client_secret", |secret| plain::<String>(secret).into());
        connection.end();
    }
    if let Some(types) = object.maybe("types") {
        let mut types = Object::new(types);
        patch.opportunity = types.change("opportunity", choice);
        patch.project = types.change("project", choice);
        types.end();
    }
    patch.global_sync = object.maybe("global_sync");
    patch.validation_client_ids = object.maybe("validation_client_ids");
    patch.status_map = object.maybe::<Vec<Value>>("status_map").map(|rows| rows.iter().map(row).collect());
    patch.engine = object.maybe::<Engine>("engine");
    object.end();
    patch
}

pub(super) fn new_webhook(value: Value) -> NewWebhook {
    let mut object = Object::new(value);
    let url = object.must::<String>("url").parse().expect("an address");
    let mut webhook = NewWebhook::new(url, object.must::<Vec<EventType>>("events"));
    webhook.active = object.maybe("active").unwrap_or(true);
    webhook.secret = object.maybe::<String>("secret").map(Into::into);
    object.end();
    webhook
}

pub(super) fn webhook_patch(value: Value) -> WebhookPatch {
    let mut object = Object::new(value);
    let mut patch = WebhookPatch::new();
    patch.url = object.maybe::<String>("url").map(|url| url.parse().expect("an address"));
    patch.events = object.maybe("events");
    patch.active = object.maybe("active");
    patch.secret = object.maybe::<String>("secret").map(Into::into);
    object.end();
    patch
}
