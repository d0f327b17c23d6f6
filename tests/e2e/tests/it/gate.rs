//! The gate to all clients, and runs that limits have stopped.

use e2e::served::{Served, until};
use e2e::{Desk, Size};
use serde_json::{Value, json};

use crate::story;

/// The evidence, and the step about clean runs.
async fn gate(desk: &Desk) -> (Value, Value) {
    let (code, told) = desk.json(&["gate"]).await;
    assert_eq!(code, 0, "{told}");
    let steps = told["data"]["path"].as_array().unwrap();
    let step = steps.iter().find(|step| step["name"] == "clean twice").unwrap();
    (told["data"]["facts"]["clean_runs"].clone(), step.clone())
}

async fn rename(desk: &Desk, item: &Value, name: &str) {
    desk.edit(json!([{"side": "hit", "item_id": item["id"], "set": {"name": name}}])).await;
}

/// The items that are opportunities.
async fn opportunities(desk: &Desk) -> Vec<Value> {
    let state = e2e::State::read(desk).await;
    let wanted = |pair: &&e2e::Pair| pair.opportunity.is_some() && pair.project.is_none();
    state.pairs.values().filter(wanted).map(|pair| pair.item.clone()).collect()
}

#[tokio::test]
async fn only_runs_that_prove_something_count_for_the_gate() {
    let desk = story::in_step(&Size::default()).await;
    let items = opportunities(&desk).await;
    // A run that limits have stopped begins the count anew.
    desk.configure("updates = 500", "updates = 1");
    rename(&desk, &items[0], "One of two").await;
    rename(&desk, &items[1], "Two of two").await;
    assert_eq!(desk.run(&["sync"]).await.code, 4);
    let (count, step) = gate(&desk).await;
    assert_eq!((count, &step["done"]), (json!(0), &json!(false)), "{step}");
    assert_eq!(step["command"], "halo-hit plan", "a complete read meets the same limits: {step}");
    desk.configure("updates = 1", "updates = 500");
    let refuse =
        json!({"side": "halo", "method": "POST", "path": "/Tickets", "fault": "status_429", "times": 50});
    desk.faults(json!({"next": [refuse]})).await;
    assert_eq!(desk.run(&["sync"]).await.code, 3);
    desk.faults(json!({"next": []})).await;
    let (_, step) = gate(&desk).await;
    assert_eq!(step["command"], "halo-hit issues", "nor is the same refused again a clean run: {step}");
    assert!(step["state"].as_str().unwrap().contains("open: 2 issues"), "{step}");
    assert_eq!(desk.run(&["sync"]).await.code, 2);
    assert_eq!(gate(&desk).await.1["command"], "halo-hit sync --full");
    assert_eq!(gate(&desk).await.0, json!(1), "two edits were carried over");

    // Polls that find nothing neither help nor harm; a complete read counts.
    for _ in 0..3 {
        assert_eq!(desk.run(&["sync"]).await.code, 0);
    }
    assert_eq!(gate(&desk).await.0, json!(1), "nothing had changed");
    assert_eq!(desk.run(&["sync", "--full"]).await.code, 0);
    let (count, step) = gate(&desk).await;
    assert_eq!((count, &step["done"]), (json!(2), &json!(true)), "{step}");

    // Nor do those of a process that goes on by itself, and they are no runs.
    let runs = async || desk.json(&["status"]).await.1["data"]["last_run"]["id"].clone();
    let before = runs().await;
    desk.configure("[timing]\n", "[timing]\npoll = \"100ms\"\n");
    let served = Served::start(&desk, &[]).await;
    let first = desk.requests().await;
    until("it has polled", async || desk.requests().await.1 > first.1 + 4).await;
    served.signal("TERM").await;
    assert_eq!(served.ends().await.0, Some(0));
    assert_eq!((gate(&desk).await.0, runs().await), (json!(2), before));
}

#[tokio::test]
async fn a_complete_read_that_lacks_a_detail_proves_nothing() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure("[halo]\n", "[halo]\nmarker = \"client_reference\"\n");
    story::rest(&desk).await;
    let state = e2e::State::read(&desk).await;
    let made = state.pairs.values().find_map(|pair| pair.opportunity.clone()).unwrap();
    // A namesake of a linked ticket may be our own: only its detail says.
    let namesake = json!({"summary": made["summary"], "tickettype_id": made["tickettype_id"],
        "client_id": made["client_id"], "site_id": made["site_id"]});
    let namesake = desk.edit(json!([{"side": "halo", "create": namesake}])).await.remove(0);
    let before = gate(&desk).await.0;
    let path = format!("/Tickets/{}", namesake.as_f64().unwrap());
    let silent = json!({"side": "halo", "path": path, "fault": "status_503", "times": 100});
    desk.faults(json!({"next": [silent]})).await;
    assert_eq!(desk.run(&["sync", "--full"]).await.code, 0);
    assert_eq!(gate(&desk).await.0, before);
    desk.faults(json!({"next": []})).await;
    assert_eq!(desk.run(&["sync", "--full"]).await.code, 0);
    assert_eq!(gate(&desk).await.0.as_u64(), before.as_u64().map(|before| before + 1));
}

#[tokio::test]
async fn a_pause_in_the_middle_of_a_run_does_not_begin_the_count_anew() {
    let desk = story::in_step(&Size::default()).await;
    let items = opportunities(&desk).await;
    for (key, short, long) in
        [("request_timeout", "300ms", "5s"), ("settle", "300ms", "5s"), ("deadline", "4s", "20s")]
    {
        desk.configure(&format!("{key} = \"{short}\""), &format!("{key} = \"{long}\""));
    }
    let before = gate(&desk).await.0;
    assert_ne!(before, json!(0));
    rename(&desk, &items[0], "One of two").await;
    rename(&desk, &items[1], "Two of two").await;
    let slow = json!({"side": "halo", "method": "POST", "path": "/Tickets", "fault": "slow"});
    desk.faults(json!({"slow_ms": 1_500, "next": [slow]})).await;
    let child = desk.command(&["sync"]).spawn().unwrap();
    until("the write is under way", async || desk.control("GET", "/faults", None).await["next"] == json!([]))
        .await;
    assert_eq!(desk.run(&["pause", "--reason", "inventory"]).await.code, 0);
    let ended = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.contains("paused meanwhile (inventory)"), "{said}");
    let shown = String::from_utf8(ended.stdout).unwrap();
    assert!(shown.ends_with("Next: halo-hit resume\n"), "{shown}");
    assert_eq!(gate(&desk).await.0, before, "nothing went wrong");
    let planned = desk.run(&["plan"]).await;
    assert!(planned.out.ends_with("Next: halo-hit resume, halo-hit sync\n"), "{planned:?}");
    assert_eq!(desk.run(&["sync"]).await.code, 4, "it is paused");
    assert_eq!(desk.run(&["resume"]).await.code, 0);
    assert_eq!(desk.run(&["sync"]).await.code, 2, "the other one");
    assert_eq!(gate(&desk).await.0.as_u64(), before.as_u64().map(|before| before + 1));
}

#[tokio::test]
async fn a_run_that_limits_have_stopped_is_seen_afterwards() {
    let desk = story::in_step(&Size::default()).await;
    let items = opportunities(&desk).await;
    desk.configure("updates = 500", "updates = 1");
    rename(&desk, &items[0], "One of two").await;
    rename(&desk, &items[1], "Two of two").await;
    let writes = desk.writes().await;
    let refused = desk.run(&["sync"]).await;
    assert_eq!(refused.code, 4, "{refused:?}");

    let (_, shown) = desk.json(&["status"]).await;
    let last = &shown["data"]["last_run"];
    assert_eq!((&last["command"], &last["exit"]), (&json!("sync"), &json!(4)), "{last}");
    assert!(last["ended_at"].is_i64() && last["plan"].is_string(), "{last}");
    let text = desk.run(&["status"]).await.out;
    assert!(text.contains("exit code 4 (blocked by limits or gate)"), "{text}");
    let run = last["id"].to_string();
    let (_, told) = desk.json(&["history", "--run", &run]).await;
    let lines = told["data"]["lines"].as_array().unwrap();
    assert_eq!(
        (lines.len(), &lines[0]["action"], &lines[0]["outcome"]),
        (1, &json!("blocked"), &json!("skipped"))
    );
    let sentence = lines[0]["sentence"].as_str().unwrap();
    assert!(sentence.contains("2 updates are planned, 1 are allowed"), "{sentence}");
    // Nothing was done that could be taken back.
    let (code, undone) = desk.json(&["undo", &run]).await;
    assert_eq!((code, undone["data"]["left"].as_array().map(Vec::len)), (0, Some(0)), "{undone}");

    // A process that meets the same limits with every poll says so once.
    desk.configure("[timing]\n", "[timing]\npoll = \"100ms\"\n");
    let mut served = Served::start(&desk, &[]).await;
    served.says("2 updates are planned").await;
    let first = desk.requests().await;
    until("it has tried again", async || desk.requests().await.1 > first.1 + 1).await;
    served.signal("TERM").await;
    assert_eq!(served.ends().await.0, Some(0));
    let (_, told) = desk.json(&["history", "--limit", "2"]).await;
    let actions: Vec<_> = told["data"]["lines"].as_array().unwrap().iter().map(|line| &line["run"]).collect();
    let next = last["id"].as_i64().unwrap() + 1;
    assert_eq!(actions, [&json!(next), &json!(next - 1)], "{told}");
    assert_eq!(desk.writes().await, writes);
}
