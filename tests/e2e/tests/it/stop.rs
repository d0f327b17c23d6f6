//! SIGTERM and SIGINT: an end in good order, and what a second one does.

use std::process::Stdio;
use std::time::Duration;

use e2e::{Desk, Size, State};
use serde_json::json;
use tokio::process::Child;

use crate::story;

async fn signal(child: &Child, name: &str) {
    let Some(id) = child.id() else { return };
    // The process may have ended by itself meanwhile.
    let _ = tokio::process::Command::new("kill")
        .args(["-s", name, &id.to_string()])
        .stderr(Stdio::null())
        .status()
        .await;
}

/// Starts `sync`, asks it to stop a while after its first request, and gives the exit code and what it said. A signal
/// that comes before a process listens for it would end any program.
async fn stopped_after(desk: &Desk, after: Duration, name: &str) -> (Option<i32>, String) {
    let before = desk.requests().await;
    let mut child = desk.command(&["sync"]).spawn().unwrap();
    while desk.requests().await == before && child.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(after).await;
    signal(&child, name).await;
    let output = tokio::time::timeout(Duration::from_secs(20), child.wait_with_output()).await;
    let output = output.expect("ends soon").unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[tokio::test]
async fn a_stopped_sync_says_so_and_the_next_one_goes_on() {
    let desk = story::answered(&Size::default()).await;
    let mut early = 0;
    for round in 0..8_u64 {
        let name = if round % 2 == 0 { "TERM" } else { "INT" };
        let (code, said) = stopped_after(&desk, Duration::from_millis(90 * round), name).await;
        let code = code.unwrap_or_else(|| panic!("it was killed by the signal: {said}"));
        // Done before the signal came, stopped in the middle, or stopped before it had planned.
        assert!([0, 1, 2, 3].contains(&code), "{code}: {said}");
        if said.contains("Stopping after the step in hand") {
            early += usize::from(said.contains("Ended early") || said.contains("asked to stop"));
        }
        if code == 1 {
            assert!(said.contains("had written nothing to either system yet"), "{said}");
        }
    }
    println!("{early} of 8 runs were stopped early");
    story::rest(&desk).await;
    desk.assert_unharmed("stopped again and again").await;
    assert_eq!(State::read(&desk).await.discord(&story::undecided(&desk).await), Vec::<String>::new());
}

#[tokio::test]
async fn the_operation_in_hand_is_finished_and_a_second_signal_does_not_wait_for_it() {
    let desk = story::answered(&Size::default()).await;
    // Replies may be late without being given up: that is where the signals meet them.
    let patient =
        [("request_timeout", "300ms", "15s"), ("settle", "300ms", "15s"), ("deadline", "4s", "20s")];
    for (key, short, long) in patient {
        desk.configure(&format!("{key} = \"{short}\""), &format!("{key} = \"{long}\""));
    }
    let create =
        |fault: &str| json!([{"side": "halo", "method": "POST", "path": "/Opportunities", "fault": fault}]);
    let new = async |name: &str| {
        let item = json!({"client_id": desk.clients()[0], "name": name, "status_id": "st_qualified"});
        desk.edit(json!([{"side": "hit", "create": item}])).await;
    };
    new("One more").await;
    new("And another").await;
    desk.faults(json!({"slow_ms": 1_500, "next": create("slow")})).await;
    let mut child = desk.command(&["sync"]).spawn().unwrap();
    until_struck(&desk).await;
    let before = desk.counts().await["halo"]["creates"].as_u64().unwrap();
    signal(&child, "TERM").await;
    let status = tokio::time::timeout(Duration::from_secs(20), child.wait()).await.expect("ends").unwrap();
    assert_eq!(status.code(), Some(3));
    let after = desk.counts().await["halo"]["creates"].as_u64().unwrap();
    assert!(after <= before + 1, "one was in hand, and no other was begun: {before}, {after}");
    let (_, status) = desk.json(&["status"]).await;
    assert_eq!(status["data"]["unfinished_creates"], 0, "its answer was waited for");
    assert_eq!(status["data"]["last_run"]["exit"], 3);

    new("The last one").await;
    desk.faults(json!({"hold_ms": 20_000, "next": create("timeout")})).await;
    let mut child = desk.command(&["sync"]).spawn().unwrap();
    until_struck(&desk).await;
    signal(&child, "TERM").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(child.try_wait().unwrap().is_none(), "it waits for the answer");
    signal(&child, "TERM").await;
    let status =
        tokio::time::timeout(Duration::from_secs(5), child.wait()).await.expect("ends at once").unwrap();
    assert_eq!(status.code(), Some(130));
    for (key, short, long) in patient {
        desk.configure(&format!("{key} = \"{long}\""), &format!("{key} = \"{short}\""));
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    story::rest(&desk).await;
    desk.assert_unharmed("interrupted twice").await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_does_not_hold_the_end_up() {
    let desk = story::in_step(&Size::default()).await;
    for (key, short, long) in
        [("request_timeout", "300ms", "1s"), ("settle", "300ms", "1s"), ("deadline", "4s", "60s")]
    {
        desk.configure(&format!("{key} = \"{short}\""), &format!("{key} = \"{long}\""));
    }
    let state = State::read(&desk).await;
    let wanted = |pair: &&e2e::Pair| pair.opportunity.is_some() && pair.project.is_none();
    let pair = state.pairs.values().find(wanted).unwrap();
    let ticket = pair.opportunity.as_ref().unwrap()["id"].as_f64().unwrap();
    for (method, path, outcome) in
        [("GET", format!("/Tickets/{ticket}"), "skipped"), ("POST", "/Tickets".to_owned(), "unknown")]
    {
        let name = format!("Renamed, {method}");
        desk.edit(json!([{"side": "hit", "item_id": pair.item["id"], "set": {"name": name}}])).await;
        // The first request is held, and so is what is asked again after it.
        let held = json!({"side": "halo", "method": method, "path": path, "fault": "timeout", "times": 50});
        desk.faults(json!({"hold_ms": 30_000, "next": [held]})).await;
        let child = desk.command(&["sync"]).spawn().unwrap();
        e2e::served::until("the fault strikes", async || {
            desk.control("GET", "/faults", None).await["next"][0]["times"] != json!(50)
        })
        .await;
        signal(&child, "INT").await;
        let output = tokio::time::timeout(Duration::from_secs(4), child.wait_with_output()).await;
        let output = output.unwrap_or_else(|_| panic!("{method}: it waits")).unwrap();
        assert_eq!(output.status.code(), Some(3), "{method}");
        desk.faults(json!({"next": []})).await;
        // Nobody has refused anything: there is no issue, and the line says what is known.
        let (_, open) = desk.json(&["issues"]).await;
        assert_eq!(open["data"]["issues"], json!([]), "{method}");
        let (_, told) = desk.json(&["history", "--limit", "1"]).await;
        assert_eq!(told["data"]["lines"][0]["outcome"], outcome, "{method}: {told}");
        story::rest(&desk).await;
        let now = desk.halo(&format!("/Tickets/{ticket}")).await;
        assert_eq!(now["summary"], name, "{method}");
    }
    desk.assert_unharmed("asked to stop while a server was silent").await;
}

#[tokio::test]
async fn an_undo_that_reads_in_detail_is_given_up() {
    let desk = story::in_step(&Size::default()).await;
    let (run, opportunity) = crate::rows::wrote_money(&desk, false).await;
    for (key, short, long) in
        [("request_timeout", "300ms", "20s"), ("settle", "300ms", "20s"), ("deadline", "4s", "60s")]
    {
        desk.configure(&format!("{key} = \"{short}\""), &format!("{key} = \"{long}\""));
    }
    let path = format!("/Tickets/{}", opportunity["id"].as_f64().unwrap());
    let held = json!({"side": "halo", "method": "GET", "path": path, "fault": "timeout"});
    desk.faults(json!({"hold_ms": 30_000, "next": [held]})).await;
    let child = desk.command(&["undo", &run]).spawn().unwrap();
    until_struck(&desk).await;
    signal(&child, "INT").await;
    let output = tokio::time::timeout(Duration::from_secs(5), child.wait_with_output()).await;
    let output = output.expect("it does not wait for the answer").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("had written nothing to either system yet"), "{said}");
}

/// Waits until the one scripted fault has struck.
async fn until_struck(desk: &Desk) {
    e2e::served::until("the fault strikes", async || {
        desk.control("GET", "/faults", None).await["next"] == json!([])
    })
    .await;
}
