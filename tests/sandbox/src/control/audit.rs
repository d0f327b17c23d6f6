//! Reads from the world what the judgement about lost updates and duplicates needs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::lost::Links;
use super::twins::{Facts, Item, Ticket, tidy};
use crate::world::store::{flag, int, text, whole};
use crate::world::{Actor, Side, World, WriteEvent, WriteKind};

/// Which item is linked to which ticket, as far as either product says so now or ever did: by a reference in
/// HIT, or by an external link or URL in Halo that leads to an item.
#[must_use]
pub fn links(world: &World) -> Links {
    let mut pairs = Vec::new();
    let mut by_marker: BTreeMap<String, String> = BTreeMap::new();
    let mut by_url: BTreeMap<&str, &str> = BTreeMap::new();
    let mut note = |item: &str, references: &Value| {
        for reference in references.as_array().into_iter().flatten() {
            if let Some(id) = reference["id"].as_str().filter(|_| reference["kind"] != "client") {
                pairs.push((item.to_owned(), id.to_owned()));
            }
            if let Some(marker) = reference["marker"].as_str() {
                by_marker.insert(marker.to_owned(), item.to_owned());
            }
        }
    };
    for (id, item) in &world.hit.items {
        note(id, &item["external_references"]);
        if let Some(url) = item.get("url").and_then(Value::as_str) {
            by_url.insert(url, id);
        }
    }
    for event in &world.log {
        for change in event.changes.iter().filter(|c| c.field == "external_references") {
            if event.side == Side::Hit && event.resource == "roadmap-items" {
                note(&event.record, &change.new);
            }
        }
    }
    let rows = world.halo.root("externallink").into_iter().flat_map(|store| store.iter());
    for (_, row) in rows {
        let item = by_url
            .get(text(row, "third_party_url"))
            .map(|id| (*id).to_owned())
            .or_else(|| by_marker.get(text(row, "third_party_id")).cloned())
            .or_else(|| {
                Some(text(row, "third_party_id").to_owned()).filter(|id| world.hit.items.contains_key(id))
            });
        if let Some(item) = item {
            pairs.push((item, int(row, "halo_id").to_string()));
        }
    }
    for (key, ticket) in world.halo.tickets.iter() {
        for field in ["opportunity_third_party_url", "thirdparty_url"] {
            if let Some(item) = by_url.get(text(ticket, field)) {
                pairs.push(((*item).to_owned(), key.to_string()));
            }
        }
        if let Some(item) = by_marker.get(text(ticket, "client_reference")) {
            pairs.push((item.clone(), key.to_string()));
        }
    }
    Links::new(pairs)
}

/// The customer's reference of the ticket on which the integration tries what only a write shows.
const PROBE: &str = "HS-PROBE";

/// All names a record has had, and the one the integration made it with.
#[derive(Default)]
struct Past {
    names: BTreeSet<String>,
    made_as: Option<String>,
}

fn pasts(log: &[WriteEvent], side: Side, resource: &str, field: &str) -> BTreeMap<String, Past> {
    let mut pasts: BTreeMap<String, Past> = BTreeMap::new();
    for event in log.iter().filter(|e| e.side == side && e.resource == resource) {
        for change in event.changes.iter().filter(|c| c.field == field) {
            let past = pasts.entry(event.record.clone()).or_default();
            past.names.extend([&change.old, &change.new].into_iter().filter_map(Value::as_str).map(tidy));
            if event.kind == WriteKind::Create && event.actor == Actor::Integration {
                past.made_as = change.new.as_str().map(tidy);
            }
        }
    }
    pasts
}

/// What the judgement about duplicates needs.
#[must_use]
pub fn facts(world: &World) -> Facts {
    let mut markers: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
    for (_, row) in world.halo.root("externallink").into_iter().flat_map(|store| store.iter()) {
        let marker = text(row, "third_party_id");
        if !marker.is_empty() {
            markers.entry(int(row, "halo_id")).or_default().insert(marker.to_owned());
        }
    }
    let mut past = pasts(&world.log, Side::Halo, "tickets", "summary");
    let mut probed = false;
    let mut tickets = Vec::new();
    for (key, row) in world.halo.tickets.iter().filter(|(_, row)| !flag(row, "deleted")) {
        let id = int(row, "id");
        let Past { mut names, made_as } = past.remove(&key.to_string()).unwrap_or_default();
        // One ticket to try writes on is nobody's mirror; a second one counts.
        if text(row, "client_reference") == PROBE && !std::mem::replace(&mut probed, true) {
            continue;
        }
        names.insert(tidy(text(row, "summary")));
        let mut markers = markers.remove(&id).unwrap_or_default();
        markers
            .extend(Some(text(row, "client_reference")).filter(|m| m.starts_with("HS1-")).map(str::to_owned));
        let kind =
            world.halo.row("tickettype", int(row, "tickettype_id")).map_or("", |kind| text(kind, "use"));
        tickets.push(Ticket {
            id,
            client: int(row, "client_id"),
            kind: kind.to_owned(),
            names,
            made_as,
            markers,
        });
    }
    let mut past = pasts(&world.log, Side::Hit, "roadmap-items", "name");
    let mut items = Vec::new();
    for (id, row) in &world.hit.items {
        let Past { mut names, made_as } = past.remove(id).unwrap_or_default();
        names.insert(tidy(text(row, "name")));
        let alive = row.get("archived_at").is_none_or(Value::is_null);
        let references = row.get("external_references").and_then(Value::as_array);
        let targets = references
            .into_iter()
            .flatten()
            .filter(|_| alive)
            .map(|r| format!("{}/{}/{}/{}", r["system"], r["instance"], r["kind"], r["id"]))
            .collect();
        items.push(Item {
            id: id.clone(),
            client: text(row, "client_id").to_owned(),
            names,
            made_as,
            targets,
        });
    }
    let clients = clients(world);
    Facts { tickets, items, clients }
}

/// Which HIT client is known to be which Halo client: by reference, or because items and tickets are linked.
fn clients(world: &World) -> BTreeSet<(String, i64)> {
    let mut known = BTreeSet::new();
    for (id, client) in &world.hit.clients {
        for reference in client.get("external_references").and_then(Value::as_array).into_iter().flatten() {
            if let Some(halo) = whole(&reference["id"]).filter(|_| reference["kind"] == "client") {
                known.insert((id.clone(), halo));
            }
        }
    }
    for (item, ticket) in links(world).pairs() {
        let item = world.hit.items.get(item);
        let ticket = ticket.parse().ok().and_then(|id| world.halo.tickets.by_id(id));
        if let (Some(item), Some(ticket)) = (item, ticket) {
            known.insert((text(item, "client_id").to_owned(), int(ticket, "client_id")));
        }
    }
    known
}
