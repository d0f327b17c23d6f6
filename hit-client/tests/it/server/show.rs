//! Records as the contract shows them.

use hit_client::{
    Account, Actor, Budget, BudgetLine, Client, CreatedWebhook, Description, ExternalReference, Integration,
    IntegrationTest, Item, Seen, Status, TeamMember, TypeChoice, Webhook, WebhookTest,
};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use serde_json::{Map, Value, json};

fn stamp(stamp: &jiff::Timestamp) -> Value {
    json!(format!("{stamp:.3}"))
}

pub(super) fn account(account: &Account) -> Value {
    json!({
        "id": account.id, "name": account.name, "time_zone": account.time_zone, "currency": account.currency,
        "capabilities": account.capabilities.iter().collect::<Vec<_>>(),
    })
}

fn reference(reference: &ExternalReference) -> Value {
    let (key, target) = (&reference.key, &reference.target);
    json!({
        "system": key.system, "instance": key.instance, "kind": key.kind, "id": target.id,
        "url": target.url.as_ref().map(url::Url::as_str), "marker": target.marker,
    })
}

/// Sets a property; what is absent stays out.
fn set<T>(object: &mut Map<String, Value>, name: &str, seen: &Seen<T>, show: impl Fn(&T) -> Value) {
    let value = match seen {
        Seen::Absent => return,
        Seen::Null => Value::Null,
        Seen::Value(value) => show(value),
        Seen::Odd(raw) => panic!("odd: {raw}"),
    };
    object.insert(name.to_owned(), value);
}

fn plain<T: Serialize>(value: &T) -> Value {
    json!(value)
}

fn all<T>(show: impl Fn(&T) -> Value) -> impl Fn(&Vec<T>) -> Value {
    move |rows| Value::Array(rows.iter().map(&show).collect())
}

pub(super) fn client(client: &Client) -> Value {
    let archived = client.archived_at.as_ref().map(stamp);
    let shown =
        json!({"id": client.id, "name": client.name, "domain": client.domain, "archived_at": archived});
    let Value::Object(mut shown) = shown else { unreachable!() };
    set(&mut shown, "external_references", &client.external_references, all(reference));
    Value::Object(shown)
}

pub(super) fn member(member: &TeamMember) -> Value {
    json!({"id": member.id, "name": member.name, "email": member.email, "active": member.active})
}

pub(super) fn status(status: &Status) -> Value {
    json!({
        "id": status.id, "name": status.name, "class": status.class, "initial": status.initial,
        "sort_order": status.sort_order,
    })
}

fn line(line: &BudgetLine) -> Value {
    json!({"id": line.id, "label": line.label, "amount_minor": line.amount_minor, "frequency": line.frequency})
}

fn budget(budget: &Budget) -> Value {
    let mut shown = json!({"currency": budget.currency, "one_time": all(line)(&budget.one_time)});
    if let Some(recurring) = &budget.recurring {
        shown["recurring"] = all(line)(recurring);
    }
    shown
}

fn description(description: &Description) -> Value {
    json!({"format": description.format, "body": description.body})
}

fn actor(actor: &Actor) -> Value {
    json!({"type": actor.kind, "id": actor.id})
}

pub(super) fn references(item: &Item) -> Vec<ExternalReference> {
    match &item.external_references {
        Seen::Value(references) => references.clone(),
        _ => Vec::new(),
    }
}

pub(super) fn item(item: &Item) -> Value {
    let shown = json!({
        "id": item.id, "client_id": item.client_id, "name": item.name, "status_id": item.status_id,
        "not_in_the_contract": {"numbers": [1, 2.5]},
    });
    let Value::Object(mut shown) = shown else { unreachable!() };
    set(&mut shown, "due_date", &item.due_date, plain);
    set(&mut shown, "responsible_id", &item.responsible_id, plain);
    set(&mut shown, "pillar", &item.pillar, plain);
    set(&mut shown, "origin", &item.origin, plain);
    set(&mut shown, "template_id", &item.template_id, plain);
    set(&mut shown, "description", &item.description, description);
    set(&mut shown, "start_date", &item.start_date, plain);
    set(&mut shown, "hours_minutes", &item.effort_minutes, plain);
    set(&mut shown, "budget", &item.budget, budget);
    set(&mut shown, "external_references", &item.external_references, all(reference));
    set(&mut shown, "url", &item.url, |url| json!(url.as_str()));
    set(&mut shown, "created_at", &item.created_at, stamp);
    set(&mut shown, "updated_at", &item.updated_at, stamp);
    set(&mut shown, "updated_by", &item.updated_by, actor);
    set(&mut shown, "version", &item.version, plain);
    set(&mut shown, "archived_at", &item.archived_at, stamp);
    Value::Object(shown)
}

fn choice(choice: &TypeChoice) -> Value {
    json!({
        "ticket_type_id": choice.ticket_type_id, "assignee_agent_id": choice.assignee_agent_id,
        "status_id": choice.status_id,
    })
}

pub(super) fn integration(settings: &Integration) -> Value {
    let connection = &settings.connection;
    let rows = settings.status_map.iter().map(
        |row| json!({"status_id": row.status_id, "kind": row.kind, "halo_status_id": row.halo_status_id}),
    );
    let mut shown = json!({
        "connection": {
            "resource_server": connection.resource_server, "authorisation_server": connection.authorisation_server,
            "tenant": connection.tenant, "client_id": connection.client_id, "secret_set": connection.secret_set,
        },
        "types": {
            "opportunity": settings.opportunity.as_ref().map(choice),
            "project": settings.project.as_ref().map(choice),
        },
        "global_sync": settings.global_sync, "validation_client_ids": settings.validation_client_ids,
        "status_map": rows.collect::<Vec<_>>(), "engine": settings.engine,
    });
    if let Some(version) = settings.version {
        shown["version"] = json!(version);
    }
    shown
}

pub(super) fn integration_test(test: &IntegrationTest) -> Value {
    let checks = test.checks.iter();
    let checks = checks.map(|check| json!({"code": check.code, "ok": check.ok, "detail": check.detail}));
    json!({"ok": test.ok, "checked_at": stamp(&test.checked_at), "checks": checks.collect::<Vec<_>>()})
}

pub(super) fn webhook(webhook: &Webhook) -> Value {
    json!({
        "id": webhook.id, "url": webhook.url.as_str(), "events": webhook.events, "active": webhook.active,
        "created_at": stamp(&webhook.created_at),
    })
}

pub(super) fn created(created: &CreatedWebhook) -> Value {
    let mut shown = webhook(&created.webhook);
    shown["secret"] = json!(created.secret.expose_secret());
    shown
}

pub(super) fn webhook_test(test: &WebhookTest) -> Value {
    json!({
        "delivered": test.delivered, "event_id": test.event_id, "status_code": test.status_code,
        "detail": test.detail,
    })
}
