//! The control port judges by what was really written.

use sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{control, halo, hit, json_of, opportunity, start, token};

async fn counts(sandbox: &Sandbox) -> Value {
    control(sandbox, "GET", "/counts", None).await
}

async fn people(sandbox: &Sandbox, edits: Value) -> Value {
    control(sandbox, "POST", "/edits", Some(json!({ "edits": edits }))).await["results"].clone()
}

/// Creates a linked pair: an item, and an opportunity the integration made for it.
async fn pair(sandbox: &Sandbox, token: &str) -> (String, i64) {
    let made = json!({"client_id": "cl_1", "name": "Nobody else has this", "status_id": "st_qualified"});
    let item = people(sandbox, json!([{"side": "hit", "create": made}])).await[0]["id"].clone();
    let (_, item) = hit(sandbox, "GET", &format!("/roadmap-items/{}", item.as_str().unwrap()), None).await;
    let body = opportunity(11, "Nobody else has this", "HS1-AAAA", &item);
    let outcome = halo(sandbox, token, "POST", "/Tickets", Some(body)).await.unwrap();
    assert_eq!(outcome.status, 201, "{}", outcome.body);
    (item["id"].as_str().unwrap().to_owned(), json_of(&outcome)["id"].as_i64().unwrap())
}

async fn set(sandbox: &Sandbox, token: &str, ticket: i64, field: &str, value: Value) {
    let body = json!([{ "id": ticket, field: value }]);
    let outcome = halo(sandbox, token, "POST", "/Tickets", Some(body)).await.unwrap();
    assert_eq!(outcome.status, 201, "{}", outcome.body);
}

#[tokio::test]
async fn an_edit_carried_over_counts_as_one_write_and_loses_nothing() {
    let sandbox = start().await;
    let token = token(&sandbox).await;
    let (item, ticket) = pair(&sandbox, &token).await;
    let before = counts(&sandbox).await;
    assert_eq!((&before["halo"]["creates"], &before["people_edits"]), (&json!(1), &json!(1)));
    people(&sandbox, json!([{"side": "hit", "item_id": item, "set": {"name": "Renamed"}}])).await;
    set(&sandbox, &token, ticket, "summary", json!("Renamed")).await;
    let after = counts(&sandbox).await;
    assert_eq!(after["halo"]["updates"], 1);
    assert_eq!((&after["people_field_changes"], &after["lost_updates"]), (&json!(1), &json!(0)));
    assert_eq!((&after["halo"]["duplicates"], &after["customer_emails"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn writing_over_a_person_is_a_lost_update_unless_somebody_decided() {
    let sandbox = start().await;
    let token = token(&sandbox).await;
    let (item, ticket) = pair(&sandbox, &token).await;
    people(
        &sandbox,
        json!([{"side": "halo", "ticket_id": ticket, "set": {"summary": "Sales knows better"}}]),
    )
    .await;
    people(&sandbox, json!([{"side": "halo", "decision": {"id": ticket, "field": "summary"}}])).await;
    set(&sandbox, &token, ticket, "summary", json!("As decided")).await;
    assert_eq!(counts(&sandbox).await["lost_updates"], 0);
    people(&sandbox, json!([{"side": "halo", "ticket_id": ticket, "set": {"summary": "Again"}}])).await;
    set(&sandbox, &token, ticket, "summary", json!("Gone")).await;
    assert_eq!(counts(&sandbox).await["lost_updates"], 1);
    let audit = control(&sandbox, "GET", "/audit", None).await;
    let lost = &audit["lost_updates"][0];
    assert_eq!((&lost["field"], &lost["overwritten"]["old"]), (&json!("summary"), &json!("Again")));
    assert!(audit["links"].as_array().unwrap().contains(&json!([item, ticket.to_string()])));
    let counts = counts(&sandbox).await;
    assert_eq!((&counts["people_edits"], &counts["people_field_changes"]), (&json!(3), &json!(2)));
}

#[tokio::test]
async fn a_create_that_is_repeated_is_a_duplicate() {
    let sandbox = start().await;
    let token = token(&sandbox).await;
    let (item, _) = pair(&sandbox, &token).await;
    let (_, item) = hit(&sandbox, "GET", &format!("/roadmap-items/{item}"), None).await;
    assert_eq!(counts(&sandbox).await["halo"]["duplicates"], 0);
    // With its marker, and without.
    for marker in ["HS1-AAAA", ""] {
        let body = opportunity(11, "Nobody else has this", marker, &item);
        halo(&sandbox, &token, "POST", "/Tickets", Some(body)).await.unwrap();
    }
    assert_eq!(counts(&sandbox).await["halo"]["duplicates"], 2);
}

#[tokio::test]
async fn a_won_deal_becomes_a_project_by_itself() {
    let sandbox = start().await;
    let token = token(&sandbox).await;
    let (_, ticket) = pair(&sandbox, &token).await;
    people(
        &sandbox,
        json!([{"side": "halo", "ticket_id": ticket, "set": {"status_id": 24}, "by": "Diego Fuentes"}]),
    )
    .await;
    let log = control(&sandbox, "GET", "/log?since=0", None).await;
    let born = log["events"].as_array().unwrap().iter().any(|e| {
        e["actor"] == "product"
            && e["kind"] == "create"
            && e["changes"]
                .as_array()
                .unwrap()
                .contains(&json!({"field": "createdfrom_id", "old": null, "new": ticket}))
    });
    assert!(born, "{log}");
    assert_eq!(counts(&sandbox).await["halo"]["duplicates"], 0, "nobody but the workflow made it");
}

#[tokio::test]
async fn people_are_not_bound_by_faults_and_are_told_what_is_wrong() {
    let sandbox = start().await;
    control(&sandbox, "PUT", "/faults", Some(json!({"rate": 0.5, "seed": 1}))).await;
    let item = loop {
        if let Some(item) = some_item_quietly(&sandbox).await {
            break item;
        }
    };
    let set = json!({"status_id": "st_approved"});
    people(&sandbox, json!([{"side": "hit", "item_id": item, "set": set}])).await;
    let url = format!("{}/edits", sandbox.info().control.base_url);
    let bad = json!({"edits": [{"side": "hit", "item_id": item, "set": {"status_id": 5}}]});
    let outcome = crate::support::send("POST", &url, "", &[], Some(&bad)).await.unwrap();
    assert_eq!(outcome.status, 422);
    assert_eq!(counts(&sandbox).await["people_edits"], 1);
}

/// The id of some item, if no fault strikes.
async fn some_item_quietly(sandbox: &Sandbox) -> Option<Value> {
    let info = &sandbox.info().hit;
    let url = format!("{}/roadmap-items?page_size=1", info.base_url);
    let outcome = crate::support::send("GET", &url, &info.api_key, &[], None).await.ok()?;
    let body: Value = serde_json::from_str(&outcome.body).ok()?;
    body["data"].get(0).map(|item| item["id"].clone())
}

#[tokio::test]
async fn breaking_hides_projects_and_mending_shows_them() {
    let sandbox = start().await;
    let seen = || async {
        let token = token(&sandbox).await;
        let path = "/Tickets?pageinate=true&page_no=1&page_size=1&domain=prjs";
        json_of(&halo(&sandbox, &token, "GET", path, None).await.unwrap())["record_count"].as_i64().unwrap()
    };
    let whole = seen().await;
    let broken = control(&sandbox, "PUT", "/break", Some(json!({"codes": ["agent_not_in_team"]}))).await;
    assert_eq!(broken["codes"], json!(["agent_not_in_team"]));
    assert!(seen().await < whole, "hidden without a word");
    control(&sandbox, "PUT", "/break", Some(json!({"codes": []}))).await;
    assert_eq!(seen().await, whole);
}

#[tokio::test]
async fn a_revoked_key_and_a_foreign_currency_are_seen_by_clients() {
    let sandbox = start().await;
    control(&sandbox, "PUT", "/break", Some(json!({"codes": ["currency_unequal", "time_zone_missing"]})))
        .await;
    let (_, account) = hit(&sandbox, "GET", "/account", None).await;
    assert_eq!((&account["currency"], &account["time_zone"]), (&json!("EUR"), &Value::Null));
    control(&sandbox, "PUT", "/break", Some(json!({"codes": ["hit_credentials_refused"]}))).await;
    assert_eq!(hit(&sandbox, "GET", "/account", None).await.0, 401);
    control(&sandbox, "PUT", "/break", Some(json!({"codes": []}))).await;
    assert_eq!(hit(&sandbox, "GET", "/account", None).await.1["currency"], "USD");
}
