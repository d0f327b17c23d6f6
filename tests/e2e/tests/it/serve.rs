//! `halo-hit serve`: webhooks in, and a process that lives long.

use e2e::served::{HALO_PROOF, Served, configure_webhooks, until};
use e2e::{Desk, Size, State};
use sandbox::net;
use serde_json::{Value, json};
use std::time::Duration;

use crate::story;

/// A desk in step, with webhooks configured and polls an hour apart; the public address.
async fn desk(poll: &str, grace: &str) -> (Desk, String) {
    let desk = story::in_step(&Size::default()).await;
    let address = configure_webhooks(&desk, poll, grace);
    (desk, address)
}

fn pair<'a>(state: &'a State, name: &str) -> &'a e2e::Pair {
    state.pairs.values().find(|pair| pair.item["name"] == name).unwrap()
}

async fn status(desk: &Desk) -> Value {
    desk.json(&["status"]).await.1["data"].clone()
}

#[tokio::test]
async fn a_change_on_either_side_crosses_over_without_a_poll() {
    let (desk, _) = desk("1h", "1h").await;
    let mut served = Served::start(&desk, &[]).await;
    served.hears().await;
    let state = State::read(&desk).await;
    let windows = pair(&state, "Windows 11 refresh");
    let (item, project) = (windows.item["id"].clone(), windows.project.as_ref().unwrap()["id"].clone());
    let factor = pair(&state, "Roll out multi-factor authentication");
    let ticket = factor.opportunity.as_ref().unwrap()["id"].clone();

    // Halo tells of a date.
    let before = desk.requests().await;
    desk.edit(json!([{"side": "halo", "ticket_id": project, "set": {"targetdate": "2027-03-01T18:00:00"}}]))
        .await;
    let path = format!("/roadmap-items/{}", item.as_str().unwrap());
    until("the date is in HIT", async || desk.hit(&path).await["due_date"] == "2027-03-01").await;
    served.says("webhook").await;
    // HIT tells of a name.
    desk.edit(json!([{"side": "hit", "item_id": factor.item["id"], "set": {"name": "Factors"}}])).await;
    let path = format!("/Tickets/{}", ticket.to_string().trim_end_matches(".0"));
    until("the name is in Halo", async || desk.halo(&path).await["summary"] == "Factors").await;

    // Our own writes are told too, and lead to nothing but a look at the lists.
    until("nothing waits", async || status(&desk).await["deliveries_waiting"] == 0).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let after = desk.requests().await;
    let (halo, hit) = (after.0 - before.0, after.1 - before.1);
    // Four looks at most (each change, each echo): two lists of Halo and one of HIT; the rest are reads before a write,
    // writes, and the two reads of this test on the way.
    assert!(halo <= 16 + 40 && hit <= 12 + 40, "{halo} {hit}");
    desk.assert_unharmed("after two deliveries").await;
    let shown = status(&desk).await;
    assert_eq!((&shown["served"], &shown["webhooks"]["halo"]["phase"]), (&json!(true), &json!("ready")));
    assert!(shown["webhooks"]["hit"]["accepted"].as_u64().unwrap() >= 1, "{shown:#}");

    served.signal("TERM").await;
    let (code, said) = served.ends().await;
    assert_eq!(code, Some(0), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("Stopped in good order")), "{said:#?}");
    assert_eq!(status(&desk).await["served"], json!(false));
}

#[tokio::test]
async fn a_storm_is_answered_fast_and_costs_few_requests() {
    let (desk, _) = desk("1h", "1h").await;
    desk.configure("debounce = \"100ms\"", "debounce = \"2s\"");
    let mut served = Served::start(&desk, &[]).await;
    served.hears().await;
    let before = desk.requests().await;
    for side in ["halo", "hit"] {
        let one =
            desk.control("POST", "/storm", Some(json!({"side": side, "count": 100, "at_once": 1}))).await;
        println!("{side}, one after the other: {one}");
        assert_eq!(one["answers"], json!({"204": 100}));
        let storm = desk.control("POST", "/storm", Some(json!({"side": side, "count": 2_000}))).await;
        println!("{side}, 32 at once: {storm}");
        assert_eq!(storm["answers"], json!({"204": 2_000}));
        // Milliseconds each; the bounds are those of a busy machine and a build without optimisation.
        assert!(one["ms"]["p50"].as_f64().unwrap() < 50.0, "{one}");
        assert!(storm["ms"]["p50"].as_f64().unwrap() < 250.0, "{storm}");
    }
    until("nothing waits", async || status(&desk).await["deliveries_waiting"] == 0).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let after = desk.requests().await;
    let (halo, hit) = (after.0 - before.0, after.1 - before.1);
    // A linked record is read at most once a pass, and passes are seconds apart: far from a request per delivery.
    println!("requests for 4,200 deliveries: Halo {halo}, HIT {hit}");
    assert!(halo + hit < 420, "{halo} {hit}");
    desk.assert_unharmed("after the storm").await;
    served.signal("INT").await;
    assert_eq!(served.ends().await.0, Some(0));
}

#[tokio::test]
async fn what_was_answered_survives_a_kill() {
    let (desk, _) = desk("1h", "1h").await;
    // Nothing is taken up in time: the pass is an hour away.
    desk.configure("debounce = \"100ms\"", "debounce = \"1h\"");
    let mut served = Served::start(&desk, &[]).await;
    served.hears().await;
    let state = State::read(&desk).await;
    let project = pair(&state, "Windows 11 refresh").project.as_ref().unwrap()["id"].as_f64().unwrap() as i64;
    let storm = json!({"side": "halo", "count": 3, "records": [project]});
    assert_eq!(desk.control("POST", "/storm", Some(storm)).await["answers"], json!({"204": 3}));
    served.kill().await;
    // Three deliveries of one ticket are one record to look at.
    let shown = status(&desk).await;
    assert_eq!((&shown["deliveries_waiting"], &shown["served"]), (&json!(1), &json!(false)));
    assert_eq!(desk.run(&["sync"]).await.code, 0);
    assert_eq!(status(&desk).await["deliveries_waiting"], json!(0));
}

#[tokio::test]
async fn forged_deliveries_are_refused_and_counted() {
    let (desk, address) = desk("1h", "1h").await;
    let mut served = Served::start(&desk, &[]).await;
    served.hears().await;
    for side in ["halo", "hit"] {
        let storm = json!({"side": side, "count": 50, "forged": true});
        assert_eq!(desk.control("POST", "/storm", Some(storm)).await["answers"], json!({"401": 50}));
    }
    let post = async |path: &str, headers: &[(String, String)], body: &str| {
        let url = format!("{address}{path}");
        net::post(&url, "application/json", headers, body, Duration::from_secs(10)).await.unwrap().status
    };
    // No proof at all, the secret itself in place of a proof, too large a body, another path, another method.
    assert_eq!(post("/hooks/halo", &[], "{}").await, 401);
    let secret = [("Token".to_owned(), HALO_PROOF.to_owned())];
    assert_eq!(post("/hooks/halo", &secret, "{}").await, 401);
    assert_eq!(post("/hooks/hit", &[("HIT-Signature".to_owned(), "t=1,v1=00".to_owned())], "{}").await, 401);
    assert_eq!(post("/hooks/halo", &secret, &" ".repeat(2 << 20)).await, 413);
    assert_eq!(post("/hooks/other", &[], "{}").await, 404);
    let health =
        net::request("GET", &format!("{address}/health"), &[], "", Duration::from_secs(5)).await.unwrap();
    assert_eq!(health.status, 200, "{}", health.body);
    assert!(health.body.contains("\"status\":\"ok\""), "{}", health.body);
    served.signal("TERM").await;
    let (_, said) = served.ends().await;
    let shown = status(&desk).await;
    assert_eq!(shown["deliveries_waiting"], json!(0));
    assert_eq!(shown["webhooks"]["halo"]["forged"], json!(52));
    assert_eq!(shown["webhooks"]["hit"]["forged"], json!(51));
    assert!(!said.concat().contains(HALO_PROOF) && !shown.to_string().contains(HALO_PROOF));
}

#[tokio::test]
async fn a_silent_webhook_is_reported_until_it_is_heard_again() {
    let (desk, _) = desk("300ms", "200ms").await;
    let mut served = Served::start(&desk, &[]).await;
    served.hears().await;
    desk.control("PUT", "/deliveries", Some(json!({"lose": 1.0}))).await;
    let state = State::read(&desk).await;
    let project = pair(&state, "Windows 11 refresh").project.as_ref().unwrap()["id"].clone();
    let edit = |day: u8| json!([{"side": "halo", "ticket_id": project, "set": {"targetdate": format!("2027-04-{day:02}T18:00:00")}}]);
    desk.edit(edit(1)).await;
    let silent = async || {
        let (_, open) = desk.json(&["issues"]).await;
        let issues = open["data"]["issues"].as_array().unwrap().clone();
        issues.into_iter().find(|issue| issue["code"] == "webhook_silent")
    };
    until("it is reported", async || silent().await.is_some()).await;
    let sentence = silent().await.unwrap()["sentence"].to_string();
    assert!(sentence.contains("Halo's webhook told nothing of 1 changes"), "{sentence}");
    assert_eq!(status(&desk).await["webhooks"]["halo"]["phase"], json!("silent"));
    desk.control("PUT", "/deliveries", Some(json!({}))).await;
    desk.edit(edit(2)).await;
    until("it is heard again", async || silent().await.is_none()).await;
    served.signal("TERM").await;
    served.ends().await;
}

#[tokio::test]
async fn a_webhook_that_was_spoilt_by_hand_is_mended_at_the_next_start() {
    let (desk, _) = desk("1h", "1h").await;
    let mut served = Served::start(&desk, &[]).await;
    served.hears().await;
    served.kill().await;
    let hooks = desk.halo("/Webhook").await;
    let (hook, subscriptions) = (hooks[0].clone(), desk.halo("/Notification").await);
    assert_eq!(subscriptions.as_array().unwrap().len(), 5, "{subscriptions:#}");
    // Somebody switches it off, types another secret, and ends a subscription.
    let spoilt = json!([{"id": hook["id"], "active": false, "basic_password": "another one entirely"}]);
    desk.halo_post("/Webhook", spoilt).await;
    desk.halo_post("/Notification", json!([{"id": subscriptions[1]["id"], "eventno": 19}])).await;

    let mut again = Served::start(&desk, &[]).await;
    again.hears().await;
    let hooks = desk.halo("/Webhook").await;
    assert_eq!((hooks.as_array().unwrap().len(), &hooks[0]["active"]), (1, &json!(true)), "{hooks:#}");
    let events: std::collections::BTreeSet<i64> = desk
        .halo("/Notification")
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["eventno"].as_f64().unwrap() as i64)
        .collect();
    assert_eq!(events, [3, 39, 61, 76, 1072].into());
    assert_eq!(desk.hit("/webhooks").await["data"].as_array().unwrap().len(), 1, "made once");
    let storm = desk.control("POST", "/storm", Some(json!({"side": "halo", "count": 1}))).await;
    assert_eq!(storm["answers"], json!({"204": 1}), "with the right secret again");
    again.signal("TERM").await;
    again.ends().await;
}

#[tokio::test]
async fn an_address_that_does_not_lead_here_is_not_registered() {
    let (desk, address) = desk("1h", "1h").await;
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let elsewhere = format!("http://{}", other.local_addr().unwrap());
    desk.configure(&format!("public_url = \"{address}\""), &format!("public_url = \"{elsewhere}\""));
    drop(other);
    let mut served = Served::start(&desk, &[]).await;
    served.says("Halo's webhook is not used").await;
    assert_eq!(desk.halo("/Webhook").await, json!([]));
    served.signal("TERM").await;
    served.ends().await;
    let (_, open) = desk.json(&["issues"]).await;
    assert!(open.to_string().contains("webhook_not_working"), "{open:#}");
}

#[tokio::test]
async fn one_serves_and_others_take_their_turn() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure("[timing]\n", "[timing]\npoll = \"200ms\"\n");
    let mut served = Served::start(&desk, &["--listen", "127.0.0.1:0"]).await;
    let second = desk.run(&["serve"]).await;
    assert_eq!(second.code, 14, "{second:?}");
    assert!(second.err.contains("another `halo-hit serve`"), "{second:?}");
    // Commands take their turn between two passes.
    for _ in 0..3 {
        let ended = desk.run(&["sync", "--wait", "20"]).await;
        assert!([0, 2].contains(&ended.code), "{ended:?}");
    }
    // A pause stops the passes, and not the process.
    assert_eq!(desk.run(&["pause", "--reason", "audit"]).await.code, 0);
    served.says("Paused (audit)").await;
    let state = State::read(&desk).await;
    let project = pair(&state, "Windows 11 refresh").project.as_ref().unwrap()["id"].clone();
    desk.edit(json!([{"side": "halo", "ticket_id": project, "set": {"targetdate": "2027-03-09T18:00:00"}}]))
        .await;
    let before = desk.writes().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(desk.writes().await, before, "nothing is written during a pause");
    assert_eq!(desk.run(&["resume"]).await.code, 0);
    served.says("The pause is over").await;
    until("the date crosses over", async || desk.writes().await > before).await;
    served.signal("INT").await;
    assert_eq!(served.ends().await.0, Some(0));
}

#[tokio::test]
async fn an_idle_pass_is_one_list_call_per_kind_and_side() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure("[timing]\n", "[timing]\npoll = \"150ms\"\n");
    let served = Served::start(&desk, &[]).await;
    assert!(served.said[0].contains("without a listener"), "{:?}", served.said);
    until("it has polled", async || status(&desk).await["serve"]["last_poll"].is_i64()).await;
    let first = desk.requests().await;
    until("it has polled some more", async || desk.requests().await.1 > first.1 + 5).await;
    let second = desk.requests().await;
    let (halo, hit) = (second.0 - first.0, second.1 - first.1);
    // Two kinds of tickets and one of items; one pass may be half way at either look.
    assert!((2 * hit).abs_diff(halo) <= 4, "{halo} {hit}");
    served.signal("TERM").await;
    assert_eq!(served.ends().await.0, Some(0));
    // Nothing was done, so nothing was written into the history of runs but what the gate counts.
    desk.assert_unharmed("idle").await;
}

#[tokio::test]
async fn killed_again_and_again_under_lost_doubled_and_late_deliveries_it_converges() {
    let (desk, _) = desk("400ms", "1h").await;
    desk.control("PUT", "/deliveries", Some(json!({"lose": 0.3, "double": 0.5, "late_ms": 300}))).await;
    let mut people = e2e::People::new(7);
    for round in 0..5_u64 {
        let served = Served::start(&desk, &[]).await;
        let edits = people.edits(&State::read(&desk).await, 3);
        desk.edit(edits).await;
        tokio::time::sleep(Duration::from_millis(200 + 170 * round)).await;
        served.kill().await;
    }
    desk.control("PUT", "/deliveries", Some(json!({}))).await;
    story::rest(&desk).await;
    desk.assert_unharmed("killed five times").await;
    let undecided = story::undecided(&desk).await;
    assert_eq!(State::read(&desk).await.discord(&undecided), Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_configuration_holds_from_the_next_pass_on() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure("[timing]\n", "[timing]\npoll = \"200ms\"\n");
    let mut served = Served::start(&desk, &[]).await;
    let polled = async || status(&desk).await["serve"]["last_poll"].as_i64();
    until("it has polled", async || polled().await.is_some()).await;
    let set = ["settings", "set", "limits.creates", "40", "--author", "Maya", "--wait", "30"];
    let (code, value) = desk.json(&set).await;
    assert_eq!(code, 0, "{value}");
    served.says("it holds from now on").await;
    // Passes later the version is still the one that was set: nobody has written the old settings down again.
    let before = polled().await;
    until("it has polled again", async || polled().await > before).await;
    let (_, versions) = desk.json(&["settings", "versions"]).await;
    assert_eq!(
        (&versions["data"][0]["version"], &versions["data"][0]["how"]),
        (&value["data"]["version"], &json!("set"))
    );
    // A slip in the file stops the passes until it is mended, not the process.
    desk.configure("creates = 40", "creates = \"many\"");
    served.says("It is tried again").await;
    desk.configure("creates = \"many\"", "creates = 40");
    served.says("It works again").await;
    // What the listener was opened with is only told.
    desk.configure("[scope]\n", "[webhooks]\ngrace = \"5m\"\n[scope]\n");
    served.says("restart this process").await;
    served.signal("TERM").await;
    assert_eq!(served.ends().await.0, Some(0));
}

#[tokio::test]
async fn a_process_that_ends_in_its_first_pass_leaves_the_state_of_the_webhooks_as_it_was() {
    let (desk, _) = desk("1h", "1h").await;
    let mut served = Served::start(&desk, &[]).await;
    served.hears().await;
    served.signal("TERM").await;
    assert_eq!(served.ends().await.0, Some(0));
    let before = status(&desk).await;
    assert_eq!(before["webhooks"]["halo"]["phase"], "ready");

    // Halo does not answer the first question of the next process.
    let held = json!({"side": "halo", "fault": "timeout", "times": 50});
    desk.faults(json!({"hold_ms": 5_000, "next": [held]})).await;
    let served = Served::start(&desk, &[]).await;
    until("its first pass has begun", async || {
        desk.control("GET", "/faults", None).await["next"][0]["times"] != json!(50)
    })
    .await;
    let during = status(&desk).await;
    assert_eq!((&during["served"], &during["serve"]["stopped_at"]), (&json!(true), &json!(null)));
    assert_ne!(during["serve"]["process"], before["serve"]["process"], "it is named while it reads");
    served.signal("TERM").await;
    assert_eq!(served.ends().await.0, Some(0));
    desk.faults(json!({"next": []})).await;
    let after = status(&desk).await;
    assert_eq!(after["webhooks"], before["webhooks"]);
    assert_eq!(desk.json(&["issues"]).await.1["data"]["issues"], json!([]));
}

#[tokio::test]
async fn an_outage_in_the_middle_of_a_run_is_a_failed_pass() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure("deadline = \"4s\"", "deadline = \"2s\"");
    desk.configure("[timing]\n", "[timing]\npoll = \"100ms\"\n");
    let mut served = Served::start(&desk, &[]).await;
    let silent = |path: &str| json!({"side": "halo", "path": path, "fault": "status_503", "times": 1_000});
    desk.faults(json!({"next": [silent("/ExternalLink"), silent("/Agent/me")]})).await;
    let new = |number: u64| {
        let item = json!({"client_id": desk.clients()[0], "name": format!("New {number}"), "status_id": "st_qualified"});
        json!({"side": "hit", "create": item})
    };
    desk.edit(json!((1..=4).map(new).collect::<Vec<_>>())).await;
    served.says("ended early: Halo does not answer.").await;
    served.says("Halo does not answer as it should").await;
    until("it is noted", async || status(&desk).await["serve"]["failure"].is_string()).await;
    assert!(served.said.iter().all(|line| !line.contains("It works again")), "{:#?}", served.said);
    desk.faults(json!({"next": []})).await;
    served.says("It works again").await;
    until("they are made", async || desk.counts().await["halo"]["creates"] == 6).await;
    served.signal("TERM").await;
    assert_eq!(served.ends().await.0, Some(0));
    desk.assert_unharmed("after an outage").await;
}
