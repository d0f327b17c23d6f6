//! Faults over real sockets.

use std::time::{Duration, Instant};

use sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{control, halo, hit, hit_full, json_of, send, start, token};

async fn script(sandbox: &Sandbox, faults: Value) {
    control(sandbox, "PUT", "/faults", Some(json!({ "next": faults, "hold_ms": 300, "late_ms": 80 }))).await;
}

/// Renames an item; what came back.
async fn rename(sandbox: &Sandbox, name: &str) -> Result<u16, String> {
    let info = &sandbox.info().hit;
    let url = format!("{}/roadmap-items/it_101", info.base_url);
    send("PATCH", &url, &info.api_key, &[], Some(&json!({ "name": name }))).await.map(|o| o.status)
}

async fn name(sandbox: &Sandbox) -> Value {
    hit(sandbox, "GET", "/roadmap-items/it_101", None).await.1["name"].clone()
}

async fn writes(sandbox: &Sandbox) -> Value {
    control(sandbox, "GET", "/counts", None).await["hit"]["writes"].clone()
}

#[tokio::test]
async fn a_lost_request_was_never_there() {
    let sandbox = start().await;
    script(&sandbox, json!([{"side": "hit", "method": "PATCH", "fault": "lost_request"}])).await;
    assert!(rename(&sandbox, "A").await.is_err());
    assert_eq!(writes(&sandbox).await, 0);
    assert_eq!(rename(&sandbox, "A").await, Ok(200), "it strikes once");
}

#[tokio::test]
async fn a_lost_reply_leaves_the_write() {
    let sandbox = start().await;
    script(&sandbox, json!([{"path": "/roadmap-items/{id}", "fault": "lost_reply"}])).await;
    assert!(rename(&sandbox, "B").await.is_err());
    assert_eq!(name(&sandbox).await, "B");
    assert_eq!(writes(&sandbox).await, 1);
}

#[tokio::test]
async fn a_late_request_is_done_later() {
    let sandbox = start().await;
    script(&sandbox, json!([{"fault": "late_apply"}])).await;
    assert!(rename(&sandbox, "C").await.is_err());
    assert_ne!(name(&sandbox).await, "C");
    tokio::time::sleep(Duration::from_millis(160)).await;
    assert_eq!(name(&sandbox).await, "C");
}

#[tokio::test]
async fn a_reply_that_never_comes_leaves_the_write() {
    let sandbox = start().await;
    script(&sandbox, json!([{"fault": "timeout"}])).await;
    #[expect(clippy::disallowed_methods, reason = "the wait on a real socket is what is measured")]
    let began = Instant::now();
    assert!(rename(&sandbox, "D").await.is_err());
    assert!(began.elapsed() >= Duration::from_millis(290));
    assert_eq!(name(&sandbox).await, "D");
}

#[tokio::test]
async fn refusals_change_nothing_and_say_when_to_come_back() {
    let sandbox = start().await;
    let faults = json!([{"fault": "status_429", "retry_after": 7}, {"fault": "status_429"},
        {"fault": "status_503"}, {"fault": "status_500"}]);
    script(&sandbox, faults).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let body = Some(json!({"name": "E"}));
        let outcome = hit_full(&sandbox, "PATCH", "/roadmap-items/it_101", &[], body).await;
        assert!(json_of(&outcome)["errors"][0]["code"].is_string());
        seen.push((outcome.status, outcome.header("retry-after").map(str::to_owned)));
    }
    assert_eq!(seen, [(429, Some("7".to_owned())), (429, None), (503, None), (500, None)]);
    let counts = control(&sandbox, "GET", "/counts", None).await;
    assert_eq!((&counts["hit"]["rate_limited"], &counts["hit"]["writes"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn a_body_can_end_early() {
    let sandbox = start().await;
    script(&sandbox, json!([{"side": "halo", "path": "/Tickets", "fault": "truncated_body"}])).await;
    let token = token(&sandbox).await;
    let path = "/Tickets?pageinate=true&page_no=1&page_size=50";
    assert!(halo(&sandbox, &token, "GET", path, None).await.is_err());
    assert_eq!(halo(&sandbox, &token, "GET", path, None).await.unwrap().status, 200);
}

#[tokio::test]
async fn tokens_can_die_in_between() {
    let sandbox = start().await;
    let old = token(&sandbox).await;
    script(&sandbox, json!([{"side": "halo", "fault": "token_expiry"}])).await;
    assert_eq!(halo(&sandbox, &old, "GET", "/Agent/me", None).await.unwrap().status, 401);
    assert_eq!(halo(&sandbox, &old, "GET", "/Agent/me", None).await.unwrap().status, 401);
    let new = token(&sandbox).await;
    assert_eq!(halo(&sandbox, &new, "GET", "/Agent/me", None).await.unwrap().status, 200);
}

#[tokio::test]
async fn pages_can_be_short_or_come_twice() {
    let sandbox = start().await;
    let token = token(&sandbox).await;
    let ids = |page: i32| {
        let (sandbox, token) = (&sandbox, &token);
        async move {
            let path = format!("/Tickets?pageinate=true&page_no={page}&page_size=20&order=id");
            let outcome = halo(sandbox, token, "GET", &path, None).await.unwrap();
            let rows = json_of(&outcome)["tickets"].as_array().unwrap().clone();
            rows.iter().map(|r| r["id"].as_i64().unwrap()).collect::<Vec<_>>()
        }
    };
    let first = ids(1).await;
    script(&sandbox, json!([{"side": "halo", "fault": "page_repeat"}])).await;
    assert_eq!(ids(1).await, first, "the first page cannot be a repetition: the fault waits");
    assert_eq!(ids(2).await, first);
    assert_ne!(ids(2).await, first);
    script(&sandbox, json!([{"side": "halo", "fault": "page_cap"}])).await;
    assert_eq!(ids(1).await.len(), 10);
    script(&sandbox, json!([{"side": "hit", "fault": "page_cap"}])).await;
    let (_, page) = hit(&sandbox, "GET", "/roadmap-items?page_size=40", None).await;
    assert_eq!(page["data"].as_array().unwrap().len(), 20);
    assert!(page["next_cursor"].is_string());
}

#[tokio::test]
async fn at_a_rate_faults_strike_and_a_third_try_gets_through() {
    let sandbox = start().await;
    control(&sandbox, "PUT", "/faults", Some(json!({"rate": 0.5, "seed": 4, "hold_ms": 20}))).await;
    let info = &sandbox.info().hit;
    for n in 0..20 {
        let url = format!("{}/roadmap-items/it_{}", info.base_url, 101 + n);
        let mut fine = false;
        for _ in 0..3 {
            fine |= send("GET", &url, &info.api_key, &[], None).await.is_ok_and(|o| o.status == 200);
        }
        assert!(fine, "{url}");
    }
    let struck = control(&sandbox, "GET", "/faults", None).await["struck"].clone();
    assert!(struck.as_object().unwrap().len() >= 4, "{struck}");
}
