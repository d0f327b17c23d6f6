//! HIT's clients, team, statuses and roadmap items.

use serde_json::{Value, json};

use super::super::clock::{DAY, SEED_END, date_text, rfc3339};
use super::super::state::{HitSide, guid};
use super::super::store::Row;
use super::catalogue::{AGENTS, agent_email, row};
use super::names::{FIRST, LAST, ROADMAP};
use super::people::{Client, past};
use super::tickets::Tickets;

/// How many items of each of the first clients are drawn by plan and not by chance.
const PLANNED: &[(&str, &str, Mirror)] = &[
    ("Replace the edge firewall", "st_qualified", Mirror::Opportunity),
    ("Roll out multi-factor authentication", "st_qualified", Mirror::None),
    ("Backup and disaster recovery upgrade", "st_approved", Mirror::Project),
    ("Windows 11 refresh", "st_approved", Mirror::None),
    ("Email security gateway", "st_work_in_progress", Mirror::Project),
    ("Network segmentation", "st_qualified", Mirror::Two),
    ("Security awareness training", "st_recommended", Mirror::None),
    ("Cyber insurance readiness", "st_awaiting_board", Mirror::None),
];

/// Whether somebody has made the item in Halo by hand.
#[derive(Clone, Copy, PartialEq)]
enum Mirror {
    None,
    Opportunity,
    Project,
    Two,
}

const STATUSES: &[(&str, &str, &str)] = &[
    ("st_recommended", "Recommended", "opportunity"),
    ("st_qualified", "Qualified", "opportunity"),
    ("st_approved", "Approved", "project"),
    ("st_work_in_progress", "Work in Progress", "project"),
    // Nobody outside knows the remaining names; these two are plainly a customer's own.
    ("st_awaiting_board", "Custom: awaiting board", "other"),
    ("st_parked", "Custom: parked", "other"),
];

/// Fills HIT's side; mirrors made by hand go into Halo.
pub(super) fn fill_hit(
    hit: &mut HitSide,
    tickets: &mut Tickets<'_>,
    clients: &[Client],
    tenant: &str,
    count: usize,
) {
    hit.api_key = format!("hit_{}", guid(tickets.random).replace('-', ""));
    hit.account = row(
        json!({"id": "acc_1", "name": "Northwind MSP", "time_zone": "America/Chicago", "currency": "USD",
        "capabilities": ["start_date", "hours", "recurring_budget", "etag", "idempotency", "webhooks", "external_references"]}),
    );
    hit.statuses = STATUSES
        .iter()
        .zip(1_i64..)
        .map(|((id, name, class), n)| {
            row(json!({"id": id, "name": name, "class": class, "initial": n == 1, "sort_order": n * 10}))
        })
        .collect();
    hit.integration = row(
        json!({"connection": {"resource_server": null, "authorisation_server": null, "tenant": null,
        "client_id": null, "secret_set": false}, "types": {"opportunity": null, "project": null}, "global_sync": false,
        "validation_client_ids": [], "status_map": [], "engine": "off", "version": 1}),
    );
    fill_members(hit);
    let known = fill_clients(hit, tickets.random, clients, tenant);
    fill_items(hit, tickets, clients, &known, count);
}

fn fill_members(hit: &mut HitSide) {
    let mut n = 0;
    for &(_, name, _, disabled) in AGENTS.iter().take(9) {
        n += 1;
        let id = format!("tm_{n}");
        hit.members.insert(
            id.clone(),
            row(json!({"id": id, "name": name, "email": agent_email(name), "active": !disabled})),
        );
    }
    for (name, email, active) in [
        ("Nadia Volkov", "nadia.volkov@advisory-partner.example", true),
        ("Robin Ellis", "robin@northwind.example", true),
        ("Former Colleague", "former.colleague@northwind-msp.example", false),
    ] {
        n += 1;
        let id = format!("tm_{n}");
        hit.members
            .insert(id.clone(), row(json!({"id": id, "name": name, "email": email, "active": active})));
    }
}

/// Which HIT client is which Halo client.
fn fill_clients(
    hit: &mut HitSide,
    random: &mut fastrand::Rng,
    clients: &[Client],
    tenant: &str,
) -> Vec<(String, usize)> {
    let mut known = Vec::new();
    for (index, client) in clients.iter().enumerate().skip(1) {
        // Some Halo clients are not on a roadmap; the second of two namesakes always is.
        if index % 9 == 8 && index < 50 {
            continue;
        }
        let id = format!("cl_{index}");
        let references = if index % 4 == 1 {
            json!([{"system": "halopsa", "instance": tenant, "kind": "client", "id": client.id.to_string(), "url": null, "marker": null}])
        } else {
            json!([])
        };
        let archived =
            if !client.open && index % 2 == 0 { json!(rfc3339(SEED_END - 40 * DAY)) } else { Value::Null };
        let domain =
            if client.domain.is_empty() || random.u8(..5) == 0 { Value::Null } else { json!(client.domain) };
        hit.clients.insert(
            id.clone(),
            row(json!({"id": id, "name": client.plain, "domain": domain, "archived_at": archived, "external_references": references})),
        );
        known.push((id, index));
    }
    let prospect = "cl_9001";
    hit.clients.insert(
        prospect.into(),
        row(json!({"id": prospect, "name": "Prospect without a Halo client", "domain": null, "archived_at": null, "external_references": []})),
    );
    known
}

fn fill_items(
    hit: &mut HitSide,
    tickets: &mut Tickets<'_>,
    clients: &[Client],
    known: &[(String, usize)],
    count: usize,
) {
    let active: Vec<&(String, usize)> = known.iter().filter(|(_, index)| clients[*index].open).collect();
    if active.is_empty() {
        return;
    }
    let mut made = 0;
    for (client, index) in active.iter().take(3) {
        for (name, status, mirror) in PLANNED {
            if made == count {
                return;
            }
            made += 1;
            put_item(hit, tickets, client, name, status);
            let halo = &clients[*index];
            match mirror {
                Mirror::None => {}
                Mirror::Opportunity => {
                    tickets.opportunity(halo, Some(name), Some(21));
                }
                Mirror::Two => {
                    tickets.opportunity(halo, Some(name), Some(20));
                    tickets.opportunity(halo, Some(name), Some(21));
                }
                Mirror::Project => {
                    tickets.project(halo, Some(name), Some(if *status == "st_approved" { 30 } else { 32 }));
                }
            }
        }
    }
    while made < count {
        made += 1;
        let (client, index) = active[tickets.random.usize(..active.len())];
        let name = ROADMAP[tickets.random.usize(..ROADMAP.len())];
        let status = match tickets.random.u8(..100) {
            0..=33 => "st_recommended",
            34..=59 => "st_qualified",
            60..=79 => "st_approved",
            80..=91 => "st_work_in_progress",
            92..=96 => "st_awaiting_board",
            _ => "st_parked",
        };
        put_item(hit, tickets, client, name, status);
        if tickets.random.u8(..14) == 0 {
            let halo = &clients[*index];
            match status {
                "st_qualified" => {
                    tickets.opportunity(halo, Some(name), Some(21));
                }
                "st_approved" => {
                    tickets.project(halo, Some(name), Some(30));
                }
                "st_work_in_progress" => {
                    tickets.project(halo, Some(name), Some(32));
                }
                _ => {}
            }
        }
    }
}

fn put_item(hit: &mut HitSide, tickets: &mut Tickets<'_>, client: &str, name: &str, status: &str) {
    let random = &mut *tickets.random;
    hit.last_number += 1;
    let id = format!("it_{}", 100 + hit.last_number);
    let created = past(random, 300);
    let updated = (created + random.i64(0..30 * DAY)).min(SEED_END);
    let origins = ["smart_score", "smart_score", "gap_analysis", "budget", "manual"];
    let origin = origins[random.usize(..origins.len())];
    let item: Row = row(json!({"id": id, "client_id": client, "name": name, "status_id": status,
        "due_date": maybe(random, 5, |r| json!(date_text(SEED_END + r.i64(10..300) * DAY))),
        "start_date": maybe(random, 3, |r| json!(date_text(SEED_END + r.i64(-30..10) * DAY))),
        "responsible_id": maybe(random, 4, |r| json!(format!("tm_{}", r.u8(1..13)))),
        "pillar": null,
        "origin": origin,
        "template_id": null,
        "description": maybe(random, 4, |r| json!({"format": "html", "body": format!("<p>{name}: agreed with {} {}.</p>", FIRST[r.usize(..FIRST.len())], LAST[r.usize(..LAST.len())])})),
        "hours_minutes": maybe(random, 3, |r| json!(r.i64(2..60) * 60)),
        "budget": maybe(random, 5, budget),
        "external_references": [],
        "url": format!("https://hit.example/#/roadmap/{id}"),
        "created_at": rfc3339(created), "updated_at": rfc3339(updated),
        "updated_by": {"type": "user", "id": "tm_1"}, "version": 1 + random.u8(..6), "archived_at": null}));
    hit.items.insert(id, item);
}

/// A value in `share` of six cases, else null.
fn maybe(random: &mut fastrand::Rng, share: u8, value: impl FnOnce(&mut fastrand::Rng) -> Value) -> Value {
    if random.u8(..6) < share { value(random) } else { Value::Null }
}

fn budget(random: &mut fastrand::Rng) -> Value {
    let n = random.u32(1..1_000_000);
    let mut one_time = vec![
        json!({"id": format!("bl_{n}a"), "label": "Hardware and licences", "amount_minor": random.i64(10..400) * 10_000, "frequency": "once"}),
    ];
    if random.u8(..3) == 0 {
        one_time.push(json!({"id": format!("bl_{n}b"), "label": "Labour", "amount_minor": random.i64(2..80) * 10_000, "frequency": "once"}));
    }
    let recurring: Vec<Value> = (random.u8(..3) == 0)
        .then(|| json!({"id": format!("bl_{n}c"), "label": "Monitoring", "amount_minor": random.i64(1..30) * 1_000, "frequency": "monthly"}))
        .into_iter()
        .collect();
    json!({"currency": "USD", "one_time": one_time, "recurring": recurring})
}
