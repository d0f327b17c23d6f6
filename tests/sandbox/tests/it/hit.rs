//! HIT keeps to the written contract.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use sandbox::hit::deliver::signature;
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use crate::support::{control, hit, hit_full, json_of, send, small, some_item, start};

fn code(body: &Value) -> &str {
    body["errors"][0]["code"].as_str().unwrap_or("")
}

#[tokio::test]
async fn a_walk_meets_every_item_once_in_order() {
    let sandbox = start().await;
    let mut seen: Vec<(String, String)> = Vec::new();
    let mut cursor = String::new();
    loop {
        let (status, page) = hit(&sandbox, "GET", &format!("/roadmap-items?page_size=7{cursor}"), None).await;
        assert_eq!(status, 200);
        for row in page["data"].as_array().unwrap() {
            seen.push((row["updated_at"].as_str().unwrap().into(), row["id"].as_str().unwrap().into()));
        }
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 60);
    assert!(seen.windows(2).all(|w| w[0] < w[1]));
}

#[tokio::test]
async fn an_item_that_changes_during_a_walk_is_met_again() {
    let sandbox = start().await;
    let (_, first) = hit(&sandbox, "GET", "/roadmap-items?page_size=30", None).await;
    let id = first["data"][0]["id"].as_str().unwrap();
    hit(&sandbox, "PATCH", &format!("/roadmap-items/{id}"), Some(json!({"name": "Moved"}))).await;
    let next = first["next_cursor"].as_str().unwrap();
    let (_, rest) = hit(&sandbox, "GET", &format!("/roadmap-items?page_size=200&cursor={next}"), None).await;
    assert_eq!(rest["data"].as_array().unwrap().last().unwrap()["id"], id);
}

#[tokio::test]
async fn filters_hold_together() {
    let sandbox = start().await;
    let item = some_item(&sandbox, "st_qualified").await;
    let (client, since) = (item["client_id"].as_str().unwrap(), item["updated_at"].as_str().unwrap());
    let path = format!(
        "/roadmap-items?client_id={client}&status=st_qualified&status=st_approved&updated_since={since}"
    );
    let (_, page) = hit(&sandbox, "GET", &path, None).await;
    let rows = page["data"].as_array().unwrap();
    assert!(rows.iter().any(|r| r["id"] == item["id"]), "the moment itself belongs to it");
    for row in rows {
        assert_eq!(row["client_id"], client);
        assert!(row["status_id"] == "st_qualified" || row["status_id"] == "st_approved");
        assert!(row["updated_at"].as_str().unwrap() >= since);
    }
    let (_, none) = hit(&sandbox, "GET", "/roadmap-items?client_id=cl_none", None).await;
    assert_eq!(none, json!({"data": [], "next_cursor": null}));
}

#[tokio::test]
async fn requests_are_judged_in_the_written_order() {
    let sandbox = start().await;
    let base = &sandbox.info().hit.base_url;
    let nobody = send("GET", &format!("{base}/nowhere"), "wrong", &[], None).await.unwrap();
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, Some("Bearer")));
    assert!(nobody.header("x-request-id").is_some());
    for (method, path, body, status, word) in [
        ("GET", "/nowhere", None, 404, "not_found"),
        ("GET", "/roadmap-items/", None, 404, "not_found"),
        ("DELETE", "/roadmap-items/it_101", None, 405, "method_not_allowed"),
        ("GET", "/roadmap-items?sort=name", None, 400, "invalid_parameter"),
        ("PATCH", "/roadmap-items/it_none", Some(json!([])), 400, "invalid_json"),
        ("PATCH", "/roadmap-items/it_none", Some(json!({"name": 5})), 404, "not_found"),
        ("PATCH", "/roadmap-items/it_101", Some(json!({"name": "  "})), 422, "invalid_value"),
        ("PATCH", "/roadmap-items/it_101", Some(json!({"name": null})), 422, "invalid_value"),
        ("PATCH", "/roadmap-items/it_101", Some(json!({"pillar": "x"})), 422, "read_only"),
        ("PATCH", "/roadmap-items/it_101", Some(json!({"colour": "x"})), 422, "unknown_field"),
        ("PATCH", "/roadmap-items/it_101", Some(json!({"status_id": "st_x"})), 422, "unknown_status"),
        (
            "PATCH",
            "/roadmap-items/it_101",
            Some(json!({"responsible_id": "tm_x"})),
            422,
            "unknown_team_member",
        ),
        ("PATCH", "/roadmap-items/it_101", Some(json!({"due_date": "2026-02-30"})), 422, "invalid_value"),
        ("POST", "/roadmap-items", Some(json!({"name": "x"})), 422, "required"),
        ("POST", "/roadmap-items", Some(json!({"name": "x", "client_id": "cl_x"})), 422, "unknown_client"),
        ("POST", "/integrations/halopsa/test", None, 409, "integration_incomplete"),
    ] {
        let (got, answer) = hit(&sandbox, method, path, body).await;
        assert_eq!((got, code(&answer)), (status, word), "{method} {path}: {answer}");
    }
    let plain = [("Content-Type", "text/plain")];
    let media = hit_full(&sandbox, "PATCH", "/roadmap-items/it_101", &plain, Some(json!({}))).await;
    assert_eq!(media.status, 415);
    let counts = control(&sandbox, "GET", "/counts", None).await;
    assert_eq!(counts["hit"]["writes"], 0, "a refused request changes nothing");
}

#[tokio::test]
async fn versions_guard_writes_and_stand_still_without_a_change() {
    let sandbox = start().await;
    let path = "/roadmap-items/it_101";
    let patch = |tag: String, body: Value| {
        let sandbox = &sandbox;
        async move { hit_full(sandbox, "PATCH", path, &[("If-Match", &tag)], Some(body)).await }
    };
    let before = hit_full(&sandbox, "GET", path, &[], None).await;
    let tag = before.header("etag").unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", json_of(&before)["version"]));
    let same = patch(tag.clone(), json!({"name": json_of(&before)["name"]})).await;
    assert_eq!(json_of(&same), json_of(&before));
    let renamed = patch(tag.clone(), json!({"name": "  New \t name "})).await;
    assert_eq!(json_of(&renamed)["name"], "New name");
    assert_eq!(json_of(&renamed)["updated_by"]["type"], "api_key");
    let now = json_of(&renamed)["version"].as_i64().unwrap();
    assert_eq!(now, json_of(&before)["version"].as_i64().unwrap() + 1);
    for stale in [tag, format!("W/\"{now}\""), now.to_string()] {
        assert_eq!(patch(stale, json!({"name": "Late"})).await.status, 412);
    }
    assert_eq!(patch("*".into(), json!({"due_date": null})).await.status, 200);
}

#[tokio::test]
async fn a_repeated_create_with_its_key_makes_one_item() {
    let sandbox = start().await;
    let key = [("Idempotency-Key", "HS1-ABCDEF")];
    let body = json!({"client_id": "cl_1", "name": "Once"});
    let first = hit_full(&sandbox, "POST", "/roadmap-items", &key, Some(body.clone())).await;
    let again = hit_full(&sandbox, "POST", "/roadmap-items", &key, Some(body)).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("etag"), Some("\"1\""));
    assert_eq!(
        (first.header("idempotency-replayed"), again.header("idempotency-replayed")),
        (None, Some("true"))
    );
    let other = json!({"client_id": "cl_1", "name": "Twice"});
    let reused = hit_full(&sandbox, "POST", "/roadmap-items", &key, Some(other)).await;
    assert_eq!((reused.status, code(&json_of(&reused))), (422, "idempotency_key_reused"));
    let item = json_of(&first);
    assert_eq!((&item["origin"], &item["status_id"]), (&json!("psa_import"), &json!("st_recommended")));
    assert_eq!(control(&sandbox, "GET", "/counts", None).await["hit"]["creates"], 1);
}

#[tokio::test]
async fn a_target_belongs_to_one_item() {
    let sandbox = start().await;
    let path = |id: &str| format!("/roadmap-items/{id}/external-references/halopsa/northwind/opportunity");
    let body = Some(json!({"id": "4711", "url": "https://halo.example/t?id=4711", "marker": "HS1-X"}));
    let (status, item) = hit(&sandbox, "PUT", &path("it_101"), body.clone()).await;
    assert_eq!((status, &item["external_references"][0]["id"]), (201, &json!("4711")));
    assert_eq!(hit(&sandbox, "PUT", &path("it_101"), body.clone()).await.0, 200);
    let (status, taken) = hit(&sandbox, "PUT", &path("it_102"), body).await;
    assert_eq!((status, code(&taken)), (409, "external_reference_taken"));
    assert!(taken["errors"][0]["detail"].as_str().unwrap().contains("it_101"));
    let filter = "/roadmap-items?external_reference=halopsa/northwind/opportunity/4711";
    assert_eq!(hit(&sandbox, "GET", filter, None).await.1["data"][0]["id"], "it_101");
    assert_eq!(hit(&sandbox, "DELETE", &path("it_101"), None).await.0, 204);
    assert_eq!(hit(&sandbox, "DELETE", &path("it_101"), None).await.0, 404);
    let counts = control(&sandbox, "GET", "/counts", None).await;
    assert_eq!((&counts["hit"]["link_backs"], &counts["hit"]["writes"]), (&json!(3), &json!(0)));
}

#[tokio::test]
async fn what_is_not_offered_vanishes_and_refuses() {
    let sandbox = Sandbox::start(Options { hit_capabilities: Some(vec![]), ..small() }).await.unwrap();
    let full = hit_full(&sandbox, "GET", "/roadmap-items/it_101", &[], None).await;
    assert_eq!(full.header("etag"), None);
    let item = json_of(&full);
    for field in ["start_date", "hours_minutes", "external_references", "version"] {
        assert!(item.get(field).is_none(), "{field}");
    }
    assert!(item["budget"].get("recurring").is_none());
    let (_, clients) = hit(&sandbox, "GET", "/clients", None).await;
    assert!(clients["data"][0].get("external_references").is_none());
    let reference = "/roadmap-items/it_101/external-references/halopsa/northwind/project";
    for (method, path, body, status, field) in [
        ("GET", "/webhooks", None, 404, None),
        ("PUT", reference, Some(json!({"id": "1"})), 404, None),
        ("GET", "/roadmap-items?external_reference=halopsa/a/b", None, 400, Some("external_reference")),
        ("PATCH", "/roadmap-items/it_101", Some(json!({"start_date": null})), 422, Some("start_date")),
        ("PATCH", "/roadmap-items/it_101", Some(json!({"hours_minutes": 5})), 422, Some("hours_minutes")),
        (
            "PATCH",
            "/roadmap-items/it_101",
            Some(json!({"budget": {"recurring": []}})),
            422,
            Some("budget.recurring"),
        ),
    ] {
        let (got, answer) = hit(&sandbox, method, path, body).await;
        assert_eq!((got, code(&answer)), (status, "capability_absent"), "{method} {path}");
        assert_eq!(answer["errors"][0]["field"].as_str(), field);
    }
    // Ignored, not refused.
    let stale = [("If-Match", "\"999\"")];
    assert_eq!(
        hit_full(&sandbox, "PATCH", "/roadmap-items/it_101", &stale, Some(json!({}))).await.status,
        200
    );
    let key = [("Idempotency-Key", "k")];
    for _ in 0..2 {
        let body = json!({"client_id": "cl_1", "name": "Twice"});
        assert_eq!(hit_full(&sandbox, "POST", "/roadmap-items", &key, Some(body)).await.status, 201);
    }
    assert_eq!(control(&sandbox, "GET", "/counts", None).await["hit"]["creates"], 2);
}

type Inbox = Arc<Mutex<Vec<(String, String)>>>;

/// A receiver of deliveries; its URL.
async fn receiver(inbox: Inbox) -> String {
    async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: String) {
        let seal = headers["HIT-Signature"].to_str().unwrap().to_owned();
        inbox.lock().unwrap().push((seal, body));
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/hit", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/hooks/hit", axum::routing::post(take)).with_state(inbox);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[tokio::test]
async fn changes_are_delivered_signed_and_without_values() {
    let sandbox = start().await;
    let inbox = Inbox::default();
    let url = receiver(inbox.clone()).await;
    let body = json!({"url": url, "events": ["roadmap_item.updated"], "secret": "0123456789abcdef"});
    let (status, hook) = hit(&sandbox, "POST", "/webhooks", Some(body)).await;
    assert_eq!((status, &hook["secret"]), (201, &json!("0123456789abcdef")));
    let path = format!("/webhooks/{}", hook["id"].as_str().unwrap());
    assert!(hit(&sandbox, "GET", &path, None).await.1.get("secret").is_none());
    let (_, tested) = hit(&sandbox, "POST", &format!("{path}/test"), None).await;
    assert_eq!((&tested["delivered"], &tested["status_code"]), (&json!(true), &json!(200)));
    // Ours and a person's; a create is not asked for.
    hit(&sandbox, "PATCH", "/roadmap-items/it_101", Some(json!({"name": "Secret plan"}))).await;
    let edit = json!({"edits": [{"side": "hit", "item_id": "it_102", "set": {"due_date": "2027-01-01"}}]});
    control(&sandbox, "POST", "/edits", Some(edit)).await;
    hit(&sandbox, "POST", "/roadmap-items", Some(json!({"client_id": "cl_1", "name": "New"}))).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let got = inbox.lock().unwrap().clone();
    let mut items: Vec<Value> = Vec::new();
    for (seal, body) in &got {
        let t = seal.split(',').next().unwrap().strip_prefix("t=").unwrap().parse().unwrap();
        assert_eq!(*seal, signature(&["0123456789abcdef".to_owned()], t, body));
        assert!(!body.contains("Secret plan"));
        let event: Value = serde_json::from_str(body).unwrap();
        if event["type"] == "roadmap_item.updated" {
            items.push(event["item_id"].clone());
        }
    }
    items.sort_by_key(ToString::to_string);
    items.dedup();
    assert_eq!(items, [json!("it_101"), json!("it_102")]);
}

#[tokio::test]
async fn a_changed_secret_signs_beside_the_old_one() {
    let sandbox = start().await;
    let inbox = Inbox::default();
    let url = receiver(inbox.clone()).await;
    let body = json!({"url": url, "events": ["client.updated"], "secret": "0123456789abcdef"});
    let (_, hook) = hit(&sandbox, "POST", "/webhooks", Some(body)).await;
    let path = format!("/webhooks/{}", hook["id"].as_str().unwrap());
    hit(&sandbox, "PATCH", &path, Some(json!({"secret": "fedcba9876543210"}))).await;
    hit(&sandbox, "POST", &format!("{path}/test"), None).await;
    let (seal, _) = inbox.lock().unwrap()[0].clone();
    assert_eq!(seal.matches("v1=").count(), 2);
}

#[tokio::test]
async fn the_integrations_test_really_asks_halo() {
    let sandbox = start().await;
    let info = sandbox.info();
    let connection = json!({"resource_server": info.halo.resource_server, "authorisation_server": info.halo.authorisation_server,
        "tenant": info.halo.tenant, "client_id": info.halo_integration.client_id, "client_secret": info.halo_integration.client_secret});
    let (status, shown) =
        hit(&sandbox, "PATCH", "/integrations/halopsa", Some(json!({ "connection": connection }))).await;
    assert_eq!((status, &shown["connection"]["secret_set"]), (200, &json!(true)));
    assert!(!shown.to_string().contains(&info.halo_integration.client_secret));
    let (_, fine) = hit(&sandbox, "POST", "/integrations/halopsa/test", None).await;
    assert_eq!(fine["ok"], true, "{fine}");
    let wrong = json!({"connection": {"client_secret": "wrong"}});
    hit(&sandbox, "PATCH", "/integrations/halopsa", Some(wrong)).await;
    let (_, refused) = hit(&sandbox, "POST", "/integrations/halopsa/test", None).await;
    assert_eq!(refused["checks"], json!([{"code": "token", "ok": false, "detail": "invalid_client"}]));
    let log = control(&sandbox, "GET", "/log", None).await.to_string();
    assert!(!log.contains(&info.halo_integration.client_secret), "the log holds no secret");
}

#[tokio::test]
async fn dependent_choices_fall_with_their_type() {
    let sandbox = start().await;
    let set = json!({"types": {"project": {"ticket_type_id": 31, "assignee_agent_id": 9, "status_id": 30}}});
    hit(&sandbox, "PATCH", "/integrations/halopsa", Some(set)).await;
    let change = json!({"types": {"project": {"ticket_type_id": 33}}});
    let (_, after) = hit(&sandbox, "PATCH", "/integrations/halopsa", Some(change)).await;
    let want = json!({"ticket_type_id": 33, "assignee_agent_id": null, "status_id": null});
    assert_eq!(after["types"], json!({"opportunity": null, "project": want}));
}
