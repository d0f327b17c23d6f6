//! One request in ten goes wrong, in every way a server can cause, while people edit and processes are killed.

#![allow(clippy::print_stdout, reason = "a failing run is repeated from the seeds it prints")]

use std::time::Duration;

use e2e::{People, Size, State};
use futures_util::StreamExt as _;
use serde_json::json;

use crate::story;

/// The share of requests that meet a fault.
const RATE: f64 = 0.1;

/// How many seeds run at once.
const AT_ONCE: usize = 6;

/// What happened to the runs of one seed.
struct Struck {
    struck: u64,
    kills: u64,
}

/// A first contact without faults, then some rounds of edits, faults and kills, then peace.
async fn run(seed: u64) -> Struck {
    let desk = story::answered(&Size { seed, ..Size::default() }).await;
    let mut people = People::new(seed);
    let mut kills = 0;
    for round in 0..3_u64 {
        if round > 0 {
            let edits = people.edits(&State::read(&desk).await, 4);
            desk.edit(edits).await;
        }
        let faults = json!({"rate": RATE, "seed": seed * 10 + round, "hold_ms": 1_000, "slow_ms": 100});
        desk.faults(faults).await;
        if people.below(2) == 0 {
            let after = Duration::from_millis(50 + people.below(900) as u64);
            kills += u64::from(!desk.kill_after(&["sync"], after).await);
        }
        desk.run(&["sync"]).await;
        story::approve_all(&desk).await;
        if round == 0 {
            story::resolve_all(&desk).await;
        }
        desk.faults(json!({"rate": 0.0})).await;
    }
    let struck = desk.control("GET", "/faults", None).await["struck"].take();
    let struck: u64 =
        struck.as_object().map_or(0, |struck| struck.values().filter_map(serde_json::Value::as_u64).sum());
    story::rest(&desk).await;
    desk.assert_unharmed(&format!("seed {seed}")).await;
    let state = State::read(&desk).await;
    let discord = state.discord(&story::undecided(&desk).await);
    if !discord.is_empty() {
        let told = story::told(&desk, &discord).await;
        panic!("seed {seed}: {discord:#?}\n{told}");
    }
    Struck { struck, kills }
}

/// `E2E_FAULT_RUNS` seeds from `E2E_FAULT_SEED` on, some at once: most of a run is waiting. Every seed is tried and told
/// with how it went; a failure is counted in the end.
#[allow(clippy::print_stdout, reason = "seeds and counts are told, for whoever has to repeat them")]
async fn seeds(runs: u64) {
    let number = |name: &str, default: u64| {
        std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let first = number("E2E_FAULT_SEED", 1);
    let seeds = first..first + number("E2E_FAULT_RUNS", runs);
    println!("seeds {seeds:?}, one request in ten meets a fault (E2E_FAULT_SEED, E2E_FAULT_RUNS)");
    let runs = seeds.map(|seed| async move { (seed, tokio::spawn(run(seed)).await) });
    let done = futures_util::stream::iter(runs).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await;
    let failed: Vec<u64> = done.iter().filter(|(_, done)| done.is_err()).map(|(seed, _)| *seed).collect();
    let struck: u64 = done.iter().filter_map(|(_, done)| done.as_ref().ok()).map(|done| done.struck).sum();
    let kills: u64 = done.iter().filter_map(|(_, done)| done.as_ref().ok()).map(|done| done.kills).sum();
    println!("{} seeds: {struck} faults struck, {kills} runs killed; failed: {failed:?}", done.len());
    assert!(failed.is_empty(), "seeds {failed:?} failed");
    assert!(kills > 0, "no run was killed");
    // With some seven faults a seed, one in a thousand meets none.
    let spared =
        done.iter().filter_map(|(_, done)| done.as_ref().ok()).filter(|done| done.struck == 0).count();
    assert!(spared * 20 <= done.len(), "nothing went wrong in {spared} of {} seeds", done.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_five_seeds_converge() {
    seeds(25).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long; .ci/deep runs it"]
async fn a_thousand_seeds_converge() {
    seeds(1_000).await;
}

#[tokio::test]
async fn an_outage_in_the_middle_of_a_run_ends_it_and_records_that_fail_by_themselves_do_not() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure("deadline = \"4s\"", "deadline = \"2s\"");
    let new = |name: String| {
        let item = json!({"client_id": desk.clients()[0], "name": name, "status_id": "st_qualified"});
        json!({"side": "hit", "create": item})
    };
    desk.edit(json!((1..=6).map(|number| new(format!("New {number}"))).collect::<Vec<_>>())).await;
    // The searches for the marker fail; whether Halo is there is asked for otherwise.
    let silent = |path: &str| json!({"side": "halo", "path": path, "fault": "status_503", "times": 1_000});
    let tried = async |faults: serde_json::Value| {
        desk.faults(json!({"next": faults})).await;
        let (code, done) = desk.json(&["sync"]).await;
        assert_eq!(code, 3, "{done}");
        desk.faults(json!({"next": []})).await;
        let report = &done["data"]["report"];
        let ops = report["ops"].as_array().unwrap();
        let tried = ops.iter().filter(|op| op["result"] != "not_tried" && op["result"] != "blocked").count();
        (tried, report["aborted"]["detail"].clone())
    };
    let creates = desk.counts().await["halo"]["creates"].clone();
    let (count, why) = tried(json!([silent("/ExternalLink"), silent("/Agent/me")])).await;
    assert_eq!((count, why), (3, json!("Halo does not answer")));
    let (count, why) = tried(json!([silent("/ExternalLink")])).await;
    assert_eq!((count, why), (6, json!(null)), "Halo is there: each has its turn");
    assert_eq!(desk.counts().await["halo"]["creates"], creates);
    story::rest(&desk).await;
    assert_eq!(desk.counts().await["halo"]["creates"].as_u64(), creates.as_u64().map(|before| before + 6));
    desk.assert_unharmed("after an outage").await;
}

#[tokio::test]
async fn an_outage_while_single_records_are_read_ends_the_reading() {
    let desk = story::in_step(&Size { clients: 3, ..Size::default() }).await;
    desk.configure("deadline = \"4s\"", "deadline = \"1500ms\"");
    let state = State::read(&desk).await;
    let deals: Vec<_> = state.pairs.values().filter(|pair| pair.project.is_none()).collect();
    let deals: Vec<_> =
        deals.into_iter().filter_map(|pair| Some((&pair.item, pair.opportunity.as_ref()?))).collect();
    assert!(deals.len() > 3, "{}", deals.len());
    let paid = async |amount: u64| {
        let budget = json!({"currency": "USD", "recurring": [],
            "one_time": [{"label": "All", "amount_minor": amount, "frequency": "once"}]});
        let edit = |item: &serde_json::Value| json!({"side": "hit", "item_id": item["id"], "set": {"budget": budget}});
        desk.edit(deals.iter().map(|(item, _)| edit(item)).collect()).await;
    };
    paid(471_100).await;
    let (code, done) = desk.json(&["sync"]).await;
    assert!([2, 3].contains(&code), "{done}");
    let run = done["data"]["run"].to_string();
    // Rows of lists do not say whether the changed ones were priced: they are read in detail, one by one.
    let change = |ticket: &serde_json::Value| json!({"side": "halo", "ticket_id": ticket["id"], "set": {"oppconversionprobability": 60}});
    desk.edit(deals.iter().map(|(_, ticket)| change(ticket)).collect()).await;
    let silent = |path: &str| json!({"side": "halo", "path": path, "fault": "status_503", "times": 1_000});
    let outage = json!({"next": [silent("/Tickets/*"), silent("/Agent/me")]});
    desk.faults(outage.clone()).await;
    let ended = desk.run(&["undo", &run]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("Halo does not answer as it should"), "{ended:?}");
    paid(81_500).await;
    let ended = desk.run(&["sync"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("Halo does not answer as it should"), "{ended:?}");
    desk.faults(json!({"next": []})).await;
    story::rest(&desk).await;
    desk.assert_unharmed("after an outage").await;
}
