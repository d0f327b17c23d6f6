//! What people do at the beginning, and what several tests tell on from there.

use std::collections::BTreeSet;

use e2e::{Desk, Size, State};
use serde_json::{Value, json};

use crate::PROGRAM;

/// A desk on which every question about what belongs together has its answer, and nothing was written yet.
pub(crate) async fn answered(size: &Size) -> Desk {
    let desk = Desk::start(PROGRAM, size).await;
    answer(&desk).await;
    desk
}

/// Looks until no question is left: clear suggestions are accepted, an ambiguous item is the older of its candidates.
pub(crate) async fn answer(desk: &Desk) {
    for _ in 0..4 {
        let ended = desk.run(&["plan"]).await;
        assert!([0, 2, 3].contains(&ended.code), "{ended:?}");
        let (_, asked) = desk.json(&["pair"]).await;
        let open = &asked["data"]["open"];
        let (clients, items) = (rows(&open["clients"]), rows(&open["pairings"]));
        if clients.is_empty() && items.is_empty() {
            return;
        }
        for client in clients {
            let halo = client["candidates"][0]["id"].to_string();
            let id = client["client"]["id"].as_str().unwrap();
            good(desk, &["pair", "--client", id, "link", halo.trim_matches('"')]).await;
        }
        for question in items {
            let id = question["item"]["id"].as_str().unwrap();
            let ticket = question["candidates"][0]["id"].to_string();
            good(desk, &["pair", id, "link", ticket.trim_matches('"')]).await;
        }
    }
    panic!("questions do not end");
}

async fn good(desk: &Desk, arguments: &[&str]) {
    let ended = desk.run(arguments).await;
    assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
}

fn rows(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_else(|| panic!("{list} is no list"))
}

/// A day of both offices, made from the linked records in the order of their names: every direction in which a value
/// goes by default.
pub(crate) fn day(state: &State) -> Value {
    let pair = |name: &str| {
        state
            .pairs
            .values()
            .find(|pair| pair.item["name"] == name)
            .unwrap_or_else(|| panic!("no item {name}"))
    };
    let halo = |ticket: &Option<Value>, set: Value| {
        let id = ticket.as_ref().map(|ticket| ticket["id"].clone()).expect("is linked");
        json!({"side": "halo", "ticket_id": id, "set": set})
    };
    let hit = |item: &Value, set: Value| json!({"side": "hit", "item_id": item["id"], "set": set});
    let (firewall, factor) =
        (pair("Replace the edge firewall"), pair("Roll out multi-factor authentication"));
    let (backup, windows) = (pair("Backup and disaster recovery upgrade"), pair("Windows 11 refresh"));
    let (email, network) = (pair("Email security gateway"), pair("Network segmentation"));
    json!([
        hit(&factor.item, json!({"name": "Multi-factor authentication for all"})),
        hit(
            &factor.item,
            json!({"budget": {"currency": "USD", "recurring": [],
            "one_time": [{"label": "All", "amount_minor": 1_234_500, "frequency": "once"}]}})
        ),
        halo(
            &windows.project,
            json!({"targetdate": "2027-03-01T18:00:00", "startdate": "2027-01-11T18:00:00"})
        ),
        halo(&windows.project, json!({"status_id": 32})),
        hit(&backup.item, json!({"status_id": "st_work_in_progress"})),
        halo(&email.project, json!({"targetdate": "2027-05-03T18:00:00"})),
        halo(&network.opportunity, json!({"status_id": 20})),
        // Sales wins a deal; Halo's own workflow makes the project.
        halo(&firewall.opportunity, json!({"status_id": 24})),
    ])
}

/// A person approves everything that waits for it.
pub(crate) async fn approve_all(desk: &Desk) -> usize {
    let (_, waiting) = desk.json(&["approve"]).await;
    let open = rows(&waiting["data"]["open"]);
    for proposal in open {
        good(desk, &["approve", proposal["id"].as_str().unwrap()]).await;
    }
    open.len()
}

/// A person settles every conflict: dates as Halo has them, everything else as HIT has it, which is where these fields
/// go by default.
pub(crate) async fn resolve_all(desk: &Desk) -> usize {
    let (_, open) = desk.json(&["issues"]).await;
    let conflicts = rows(&open["data"]["conflicts"]);
    for conflict in conflicts {
        let side =
            if ["start", "due"].iter().any(|date| conflict["field"] == *date) { "halo" } else { "hit" };
        good(desk, &["issues", "resolve", conflict["id"].as_str().unwrap(), "--keep", side]).await;
    }
    conflicts.len()
}

/// Runs to rest, with approvals.
pub(crate) async fn rest(desk: &Desk) -> i32 {
    let mut code = desk.settle().await;
    while approve_all(desk).await > 0 {
        code = desk.settle().await;
    }
    code
}

/// A desk on which everything is linked and nothing waits for anybody: what differed between the mirrors that people
/// had made by hand was decided.
pub(crate) async fn in_step(size: &Size) -> Desk {
    let desk = answered(size).await;
    rest(&desk).await;
    resolve_all(&desk).await;
    let code = rest(&desk).await;
    assert_eq!(code, 0, "{:?}", desk.run(&["issues"]).await);
    desk
}

/// The items that a person still has to decide about.
pub(crate) async fn undecided(desk: &Desk) -> BTreeSet<String> {
    let (_, open) = desk.json(&["issues", "--all"]).await;
    let conflicts = rows(&open["data"]["conflicts"]).iter().map(|open| &open["item"]);
    let issues = rows(&open["data"]["issues"]).iter().map(|issue| &issue["subject"]["item"]);
    conflicts.chain(issues).filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// What the program knows of the items that these sentences begin with, and what the servers saw, for a message.
pub(crate) async fn told(desk: &Desk, discord: &[String]) -> String {
    let mut text = desk.run(&["plan"]).await.out;
    let log = desk.control("GET", "/log", None).await;
    for sentence in discord {
        let id = sentence.split(' ').next().unwrap_or_default();
        text.push_str(&desk.run(&["history", "--item", id]).await.out);
        let state = State::read(desk).await;
        let pair = &state.pairs[id];
        let tickets: Vec<String> = [&pair.opportunity, &pair.project]
            .into_iter()
            .flatten()
            .map(|ticket| ticket["id"].to_string())
            .collect();
        for event in rows(&log["events"]) {
            let record = event["record"].as_str().unwrap_or_default();
            if record == id || tickets.iter().any(|ticket| ticket.split('.').next() == Some(record)) {
                text.push_str(&format!("{event}\n"));
            }
        }
    }
    text
}
