//! History, undo, conflicts and issues as a person meets them, with the servers asked what is true.

use e2e::{Desk, Pair, Size, State};
use serde_json::{Value, json};

use crate::story;

const FACTOR: &str = "Roll out multi-factor authentication";

fn find<'a>(state: &'a State, name: &str) -> &'a Pair {
    state.pairs.values().find(|pair| pair.item["name"] == name).unwrap_or_else(|| panic!("no item {name}"))
}

fn rows(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_else(|| panic!("{list} is no list"))
}

/// The lines of history of one field, oldest first.
async fn lines(desk: &Desk, item: &Value, field: &str) -> Vec<Value> {
    let (_, told) = desk.json(&["history", "--item", item.as_str().unwrap()]).await;
    let mut lines: Vec<Value> =
        rows(&told["data"]["lines"]).iter().filter(|line| line["field"] == field).cloned().collect();
    lines.reverse();
    lines
}

async fn rename(desk: &Desk, item: &Value, name: &str) {
    desk.edit(json!([{"side": "hit", "item_id": item["id"], "set": {"name": name}}])).await;
}

async fn run_of(desk: &Desk) -> String {
    let (code, done) = desk.json(&["sync"]).await;
    assert_eq!(code, 2, "{done}");
    done["data"]["run"].to_string()
}

async fn summary(desk: &Desk, ticket: &Value) -> String {
    let id = ticket["id"].as_f64().unwrap();
    desk.halo(&format!("/Tickets/{id}?includedetails=true")).await["summary"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_write_whose_reply_was_lost_keeps_its_old_value() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let pair = find(&state, FACTOR);
    let id = &pair.item["id"];
    for (fault, settled) in [("lost_reply", "applied"), ("lost_request", "not_applied")] {
        let before = lines(&desk, id, "name").await.len();
        let old = summary(&desk, pair.opportunity.as_ref().unwrap()).await;
        rename(&desk, &pair.item, &format!("Renamed, {fault}")).await;
        let next = json!({"side": "halo", "method": "POST", "path": "/Tickets", "fault": fault});
        desk.faults(json!({ "next": [next] })).await;
        let ended = desk.run(&["sync"]).await;
        assert!(ended.out.ends_with("Next: halo-hit sync\n"), "{ended:?}");
        let told = lines(&desk, id, "name").await;
        let line = &told[before];
        assert_eq!(line["outcome"], "unknown", "{line}");
        assert_eq!(line["before"]["text"], old.as_str(), "{line}");
        // The runs after that find out.
        story::rest(&desk).await;
        let told = lines(&desk, id, "name").await;
        let line = &told[before];
        assert_eq!(line["outcome"], settled, "{line}");
        assert_eq!(line["before"]["text"], old.as_str(), "{line}");
        assert!(line["detail"].as_str().unwrap().contains("the reply was lost"), "{line}");
        // What never arrived was sent again, under a line of its own.
        let again = told[before + 1..].iter().filter(|line| line["outcome"] == "applied").count();
        assert_eq!(again, usize::from(settled == "not_applied"), "{told:?}");
    }
    desk.assert_unharmed("after lost replies").await;
}

#[tokio::test]
async fn a_killed_run_leaves_its_line_and_a_refused_write_its_reason() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let pair = find(&state, FACTOR);
    let id = &pair.item["id"];
    rename(&desk, &pair.item, "Killed meanwhile").await;
    // The server has it, and its answer takes longer than the process lives.
    let slow = json!({"side": "halo", "method": "POST", "path": "/Tickets", "fault": "slow"});
    desk.faults(json!({"next": [slow], "slow_ms": 250})).await;
    let before = lines(&desk, id, "name").await.len();
    let mut child = desk.command(&["sync"]).spawn().unwrap();
    while summary(&desk, pair.opportunity.as_ref().unwrap()).await != "Killed meanwhile" {
        assert!(child.try_wait().unwrap().is_none(), "ended before it could be killed");
    }
    child.kill().await.unwrap();
    let line = &lines(&desk, id, "name").await[before];
    assert_eq!((&line["outcome"], &line["before"]["text"]), (&json!("unknown"), &json!(FACTOR)), "{line}");
    story::rest(&desk).await;
    let line = &lines(&desk, id, "name").await[before];
    assert_eq!(line["outcome"], "applied", "{line}");

    // A ticket without the right to change it: the line says what Halo said.
    rename(&desk, &pair.item, "Refused").await;
    let refuse =
        json!({"side": "halo", "method": "POST", "path": "/Tickets", "fault": "status_429", "times": 50});
    desk.faults(json!({ "next": [refuse] })).await;
    let ended = desk.run(&["sync"]).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("open: 0 conflicts and 1 issue.\nNext: halo-hit issues\n"), "{ended:?}");
    let told = lines(&desk, id, "name").await;
    let line = told.last().unwrap();
    assert_eq!(line["outcome"], "rejected", "{line}");
    assert!(!line["detail"].as_str().unwrap().is_empty(), "{line}");
    assert_eq!(line["before"]["text"], "Killed meanwhile", "{line}");
    desk.faults(json!({"rate": 0.0, "next": []})).await;
    // In one sentence.
    let explained = desk.run(&["history", "explain", line["op"].as_str().unwrap()]).await;
    assert_eq!(explained.code, 0, "{explained:?}");
    assert!(
        explained.out.contains("was to be changed") && explained.out.contains("It was refused"),
        "{explained:?}"
    );
}

#[tokio::test]
async fn a_run_is_taken_back_where_nobody_has_changed_it_since() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let (factor, network) = (find(&state, FACTOR), find(&state, "Network segmentation"));
    let windows = find(&state, "Windows 11 refresh");
    let ticket = factor.opportunity.as_ref().unwrap();
    let old_due = windows.item["due_date"].clone();
    rename(&desk, &factor.item, "Renamed by mistake").await;
    rename(&desk, &network.item, "Renamed too").await;
    let project = windows.project.as_ref().unwrap();
    let new = json!({"client_id": desk.clients()[0], "name": "Something new", "status_id": "st_qualified"});
    desk.edit(json!([
        {"side": "halo", "ticket_id": project["id"], "set": {"targetdate": "2027-03-01T18:00:00"}},
        {"side": "hit", "create": new},
    ]))
    .await;
    let run = run_of(&desk).await;
    // Somebody goes on with one of them.
    let sales = json!({"side": "halo", "ticket_id": network.opportunity.as_ref().unwrap()["id"],
        "set": {"summary": "Named by sales"}});
    desk.edit(json!([sales])).await;

    let before = desk.writes().await;
    let (code, looked) = desk.json(&["undo", &run, "--out", "undo.plan"]).await;
    assert_eq!((code, desk.writes().await), (2, before), "a preview: nothing is written\n{looked}");
    let data = &looked["data"];
    assert_eq!(rows(&data["plan"]["ops"]).len(), 2, "{data}");
    let left: Vec<(&str, &str)> = rows(&data["left"])
        .iter()
        .map(|left| (left["action"].as_str().unwrap(), left["reason"].as_str().unwrap()))
        .collect();
    assert!(left.contains(&("update", "was changed in Halo since")), "{left:?}");
    assert!(
        left.iter().any(|(action, why)| *action == "create" && why.contains("nothing is deleted")),
        "{left:?}"
    );

    let applied = desk.run(&["apply", "undo.plan"]).await;
    assert_eq!(applied.code, 2, "{applied:?}");
    assert_eq!(summary(&desk, ticket).await, FACTOR);
    let held = |state: &State, name: &str| find(state, name).item.clone();
    let state = State::read(&desk).await;
    assert_eq!(held(&state, "Windows 11 refresh")["due_date"], old_due);
    assert_eq!(
        held(&state, "Renamed by mistake")["name"],
        "Renamed by mistake",
        "the other side keeps its value"
    );

    // No later sync does the undone change again, not even one that reads everything.
    let before = desk.writes().await;
    for arguments in [&["sync"][..], &["sync", "--full"], &["sync"]] {
        let ended = desk.run(arguments).await;
        assert!([0, 3].contains(&ended.code), "{ended:?}");
    }
    assert_eq!(desk.writes().await, before);
    assert_eq!(summary(&desk, ticket).await, FACTOR);
    // The next edit is an ordinary change.
    rename(&desk, &factor.item, "Renamed on purpose").await;
    story::rest(&desk).await;
    assert_eq!(summary(&desk, ticket).await, "Renamed on purpose");
    // What was written again since is not taken back a second time, and the file is stale.
    let (_, again) = desk.json(&["undo", &run]).await;
    assert_eq!(rows(&again["data"]["plan"]["ops"]), [json!(null); 0], "{again}");
    assert_eq!(desk.run(&["apply", "undo.plan"]).await.code, 5);
    assert_eq!(desk.run(&["undo", "4711"]).await.code, 64);
    // The sandbox counts the restored value as a person's lost edit, which it is: a person asked for it.
    let counts = desk.counts().await;
    assert_eq!(counts["halo"]["duplicates"], 0);
    assert_eq!(counts["halo"]["deletes"], 0);
}

#[tokio::test]
async fn what_is_left_of_an_undo_is_for_another_undo_and_for_no_sync() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let (factor, network) = (find(&state, FACTOR), find(&state, "Network segmentation"));
    rename(&desk, &factor.item, "Renamed by mistake").await;
    rename(&desk, &network.item, "Renamed too").await;
    let run = run_of(&desk).await;
    assert_eq!(desk.run(&["undo", &run, "--out", "undo.plan"]).await.code, 2);
    // Somebody goes on with one of them before the plan is applied: that one is left out, the other is taken back.
    let sales = json!({"side": "halo", "ticket_id": network.opportunity.as_ref().unwrap()["id"],
        "set": {"summary": "Named by sales"}});
    desk.edit(json!([sales])).await;
    let applied = desk.run(&["apply", "undo.plan"]).await;
    assert_eq!(applied.code, 3, "{applied:?}");
    assert_eq!(summary(&desk, factor.opportunity.as_ref().unwrap()).await, FACTOR);
    let next = format!("Next: halo-hit undo {run} --out FILE\n");
    assert!(applied.out.ends_with(&next), "{applied:?}");
    // The file is old by now, and is made by no `plan`.
    let refused = desk.run(&["apply", "undo.plan"]).await;
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(
        refused.err.contains(&format!("make it anew with `halo-hit undo {run} --out FILE`")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_conflict_says_who_did_what_and_closes_by_itself() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let pair = find(&state, FACTOR);
    let ticket = pair.opportunity.as_ref().unwrap();
    let both = json!([
        {"side": "hit", "item_id": pair.item["id"], "set": {"status_id": "st_recommended"}},
        {"side": "halo", "ticket_id": ticket["id"], "set": {"status_id": 24}},
    ]);
    desk.edit(both).await;
    assert_eq!(desk.run(&["sync"]).await.code, 3);
    let (_, open) = desk.json(&["issues"]).await;
    let conflict = &rows(&open["data"]["conflicts"])[0];
    assert_eq!(conflict["about"]["item"], FACTOR, "{conflict}");
    assert_eq!(conflict["hit_text"], "Recommended", "{conflict}");
    assert!(conflict["halo_text"].as_str().unwrap().parse::<i64>().is_err(), "a name, not an id: {conflict}");
    assert!(conflict["about"]["hit"]["at"].is_i64(), "{conflict}");
    assert!(conflict["about"]["halo"]["at"].is_i64(), "{conflict}");
    let ways: Vec<&str> = rows(&conflict["ways"]).iter().filter_map(|way| way["command"].as_str()).collect();
    assert_eq!(ways.len(), 3, "{ways:?}");
    // The same conflict has the same id in every run.
    desk.run(&["sync"]).await;
    let (_, again) = desk.json(&["issues"]).await;
    assert_eq!(again["data"]["conflicts"][0]["id"], conflict["id"]);
    assert_eq!(again["data"]["conflicts"][0]["since"], conflict["since"]);
    // The way out is typed as shown, and applies to these values alone: they change before the next sync.
    let typed: Vec<&str> = ways[0].split(' ').skip(1).collect();
    assert_eq!(desk.run(&typed).await.code, 0);
    desk.edit(json!([{"side": "halo", "ticket_id": ticket["id"], "set": {"status_id": 22}}])).await;
    desk.run(&["sync"]).await;
    let (_, open) = desk.json(&["issues"]).await;
    let conflicts = rows(&open["data"]["conflicts"]);
    assert!(conflicts.iter().all(|open| open["id"] != conflict["id"]), "{conflicts:?}");
    let now = desk.halo(&format!("/Tickets/{}", ticket["id"].as_f64().unwrap())).await;
    assert_eq!(now["status_id"].as_f64(), Some(22.0), "an answer for other values decides nothing");
    // The cause goes away by hand: so does the conflict.
    desk.edit(json!([{"side": "hit", "item_id": pair.item["id"], "set": {"status_id": "st_qualified"}}]))
        .await;
    story::rest(&desk).await;
    let (_, open) = desk.json(&["issues"]).await;
    assert_eq!(rows(&open["data"]["conflicts"]).len(), 0, "{open}");
    desk.assert_unharmed("after a conflict").await;
}
