//! The client over sockets.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use hit_client::test_util::{MemoryHit, suite};
use hit_client::{
    Capabilities, Engine, HitApi, HitApiExt as _, HitClient, IdempotencyKey, ItemPatch, ItemQuery, NewItem,
    Origin, Seen, Version,
};
use rest_core::retry::RetryPolicy;
use serde_json::json;
use wiremock::matchers::{body_json, header, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::server::{KEY, serve};

fn client(server: &MockServer) -> HitClient {
    let base = format!("{}/api/v1", server.uri()).parse().unwrap();
    // The servers here are ours: a rate limit would only make the tests wait.
    HitClient::builder(base, KEY).http(|http| http.limiter(unlimited()).retry(quick())).build().unwrap()
}

fn unlimited() -> rest_core::limit::RateLimiter {
    rest_core::limit::RateLimiter::new(None, rest_core::clock::SystemClock)
}

fn quick() -> RetryPolicy {
    RetryPolicy::default().backoff(Duration::from_millis(1), Duration::from_millis(2))
}

fn item(rest: serde_json::Value) -> serde_json::Value {
    let mut item = json!({"id": "it_1", "client_id": "cl_1", "name": "A", "status_id": "st_1"});
    item.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    item
}

#[tokio::test]
async fn shows_the_behaviour_of_the_contract() {
    let server = serve(Arc::new(MemoryHit::example())).await;
    let report = suite::run(&client(&server)).await.unwrap();
    assert_eq!(report.skipped, []);
}

#[tokio::test]
async fn shows_it_without_any_capability() {
    let hit = MemoryHit::example();
    hit.set_capabilities(Capabilities::none());
    let server = serve(Arc::new(hit)).await;
    let report = suite::run(&client(&server)).await.unwrap();
    assert_eq!(report.skipped.len(), 2, "{report:?}");
}

#[tokio::test]
async fn a_wrong_key_is_an_authentication_error_and_is_not_shown() {
    let server = serve(Arc::new(MemoryHit::example())).await;
    let base = format!("{}/api/v1", server.uri()).parse().unwrap();
    let client = HitClient::new(base, "canary-wrong-key").unwrap();
    let error = client.account().await.unwrap_err();
    assert!(error.is_authentication(), "{error}");
    assert_eq!(error.code(), Some("unauthenticated"));
    let shown = format!("{client:?} {error} {error:?}");
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn no_key_leaves_over_plain_http() {
    for base in [
        "http://hit.example/api/v1",
        "ftp://hit.example/",
        "https://user:pw@hit.example/",
        "https://h.example/?a=1",
    ] {
        let error = HitClient::new(base.parse().unwrap(), "canary-key").unwrap_err();
        assert!(error.is_configuration(), "{base}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    for base in ["https://hit.example/api/v1", "https://hit.example/api/v1/", "http://127.0.0.1:1/api/v1"] {
        assert!(HitClient::new(base.parse().unwrap(), "canary-key").is_ok(), "{base}");
    }
}

#[tokio::test]
async fn a_write_carries_its_condition_and_its_media_type() {
    let server = MockServer::start().await;
    Mock::given(method("PATCH"))
        .and(path("/api/v1/roadmap-items/it_1"))
        .and(header("authorization", format!("Bearer {KEY}")))
        .and(header("if-match", "\"7\""))
        .and(header("content-type", "application/merge-patch+json"))
        .and(body_json(json!({"name": "B", "due_date": null})))
        .respond_with(ResponseTemplate::new(200).set_body_json(item(json!({"version": 8}))))
        .expect(1)
        .mount(&server)
        .await;
    let patch = ItemPatch::new().name("B").due_date(None);
    let after = client(&server).update_item(&"it_1".into(), &patch, Some(Version(7))).await.unwrap();
    assert_eq!(after.version(), Some(Version(8)));
}

/// A server whose first reply to a create is lost on the way.
async fn forgetful(capabilities: serde_json::Value, creates: u64) -> MockServer {
    let server = MockServer::start().await;
    let account =
        json!({"id": "a", "name": "A", "time_zone": null, "currency": null, "capabilities": capabilities});
    Mock::given(method("GET"))
        .and(path("/api/v1/account"))
        .respond_with(ResponseTemplate::new(200).set_body_json(account))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(header("idempotency-key", "key-1"))
        .respond_with(ResponseTemplate::new(502))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(header("idempotency-key", "key-1"))
        .respond_with(ResponseTemplate::new(201).set_body_json(item(json!({}))))
        .expect(creates)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn a_create_is_repeated_only_where_the_server_keeps_keys() {
    let key = IdempotencyKey::new("key-1").unwrap();
    let new = NewItem::new("cl_1", "A");

    let server = forgetful(json!(["idempotency"]), 1).await;
    let hit = client(&server);
    hit.account().await.unwrap();
    assert_eq!(hit.create_item(&new, Some(&key)).await.unwrap().id.as_str(), "it_1");

    let server = forgetful(json!(["hours"]), 0).await;
    let hit = client(&server);
    hit.account().await.unwrap();
    let error = hit.create_item(&new, Some(&key)).await.unwrap_err();
    assert!(error.is_outcome_unknown() && !error.is_not_sent(), "{error:?}");

    // What the server offers is not known yet: nothing is taken for granted.
    let server = forgetful(json!(["idempotency"]), 0).await;
    let error = client(&server).create_item(&new, Some(&key)).await.unwrap_err();
    assert!(error.is_outcome_unknown());
}

#[tokio::test]
async fn an_update_is_not_repeated() {
    let server = MockServer::start().await;
    Mock::given(method("PATCH")).respond_with(ResponseTemplate::new(500)).expect(1).mount(&server).await;
    let error =
        client(&server).update_item(&"it_1".into(), &ItemPatch::new().name("B"), None).await.unwrap_err();
    assert!(error.is_outcome_unknown());
}

#[tokio::test]
async fn pages_are_followed_with_their_filters() {
    let server = MockServer::start().await;
    let page = |id: &str, next: Option<&str>| {
        let row = json!({"id": id, "client_id": "c d", "name": "A", "status_id": "s"});
        ResponseTemplate::new(200).set_body_json(json!({"data": [row], "next_cursor": next, "total": 9}))
    };
    let list = || {
        Mock::given(method("GET"))
            .and(path("/api/v1/roadmap-items"))
            .and(query_param("client_id", "c d"))
            .and(query_param("updated_since", "2026-03-01T09:30:00.123Z"))
            .and(query_param("include_archived", "true"))
            .and(query_param("page_size", "200"))
    };
    let first = list().and(query_param_is_missing("cursor"));
    first.respond_with(page("it_1", Some("a+b/="))).expect(1).mount(&server).await;
    let second = list().and(query_param("cursor", "a+b/="));
    second.respond_with(page("it_2", None)).expect(1).mount(&server).await;
    let since = "2026-03-01T09:30:00.1239Z".parse().unwrap();
    let query = ItemQuery::new().client("c d").updated_since(since).include_archived();
    let hit = client(&server);
    let ids: Vec<_> = hit.items(&query).map(|row| row.unwrap().id.to_string()).collect().await;
    assert_eq!(ids, ["it_1", "it_2"]);
}

#[tokio::test]
async fn what_is_unknown_is_tolerated_and_one_bad_row_hides_no_other() {
    let server = MockServer::start().await;
    let rows = json!([
        item(json!({"origin": "crystal_ball", "status_id": "st_unheard", "due_date": "whenever", "new": {"a": [1]}})),
        {"id": "it_2", "name": "no client"},
        "not even an object",
        item(json!({"id": "it_4"})),
    ]);
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"data": rows, "next_cursor": null})))
        .mount(&server)
        .await;
    let hit = client(&server);
    let rows: Vec<_> = hit.items(&ItemQuery::new()).collect().await;
    assert_eq!(rows.len(), 4);
    let first = rows[0].as_ref().unwrap();
    assert!(matches!(&first.origin, Seen::Value(Origin::Other(text)) if &**text == "crystal_ball"));
    assert!(matches!(first.due_date, Seen::Odd(_)));
    for bad in [&rows[1], &rows[2]] {
        assert!(bad.as_ref().unwrap_err().is_bad_record());
    }
    assert!(rows[3].is_ok());
}

#[tokio::test]
async fn refusals_say_what_and_where() {
    let server = MockServer::start().await;
    let respond = |status: u16, code: &str| {
        let entry = json!({"code": code, "title": "T", "detail": "No such status.", "field": "status_id"});
        ResponseTemplate::new(status).set_body_json(json!({"errors": [entry]}))
    };
    for (id, status, code) in [
        ("invalid", 422, "unknown_status"),
        ("stale", 412, "precondition_failed"),
        ("archived", 409, "item_archived"),
        ("forbidden", 403, "forbidden"),
        ("missing", 404, "not_found"),
        ("absent", 404, "capability_absent"),
    ] {
        Mock::given(path(format!("/api/v1/roadmap-items/{id}")))
            .respond_with(respond(status, code))
            .mount(&server)
            .await;
    }
    let hit = client(&server);
    let refusal = async |id: &str| hit.update_item(&id.into(), &ItemPatch::new(), None).await.unwrap_err();
    let invalid = refusal("invalid").await;
    assert!(invalid.is_invalid() && invalid.code() == Some("unknown_status"));
    assert!(invalid.to_string().contains("status_id: No such status."), "{invalid}");
    assert!(refusal("stale").await.is_precondition_failed());
    assert!(refusal("archived").await.is_conflict());
    assert!(refusal("forbidden").await.is_permission());
    assert!(refusal("missing").await.is_not_found());
    let absent = refusal("absent").await;
    assert!(hit_client::error::is_unsupported(&absent) && !absent.is_not_found());
    assert!([invalid, absent].iter().all(|error| !error.is_outcome_unknown()));
}

#[tokio::test]
async fn too_many_requests_say_how_long_to_wait() {
    let server = MockServer::start().await;
    let body =
        json!({"errors": [{"code": "rate_limited", "title": "Slow down", "detail": null, "field": null}]});
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(429).insert_header("Retry-After", "7").set_body_json(body))
        .expect(1)
        .mount(&server)
        .await;
    let base = format!("{}/api/v1", server.uri()).parse().unwrap();
    let hit = HitClient::builder(base, KEY).http(|http| http.retry(RetryPolicy::none())).build().unwrap();
    let error = hit.integration().await.unwrap_err();
    assert!(error.is_throttled() && error.code() == Some("rate_limited"), "{error:?}");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = MockServer::start().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&elsewhere).await;
    let server = MockServer::start().await;
    let redirect = ResponseTemplate::new(302).insert_header("Location", elsewhere.uri());
    Mock::given(method("GET")).respond_with(redirect).mount(&server).await;
    assert!(client(&server).account().await.unwrap_err().is_redirect());
}

#[tokio::test]
async fn a_web_page_is_no_account() {
    let server = MockServer::start().await;
    let page = ResponseTemplate::new(200).set_body_raw("<html>Sign in</html>", "text/html");
    Mock::given(method("GET")).respond_with(page).mount(&server).await;
    let error = client(&server).account().await.unwrap_err();
    assert!(error.is_decode(), "{error:?}");
}

#[tokio::test]
async fn what_is_gone_already_is_a_removal_that_worked() {
    let server = MockServer::start().await;
    let body = |code: &str| json!({"errors": [{"code": code, "title": "T", "detail": null, "field": null}]});
    let missing = ResponseTemplate::new(404).set_body_json(body("not_found"));
    Mock::given(path("/api/v1/webhooks/wh_1")).respond_with(missing).mount(&server).await;
    let absent = ResponseTemplate::new(404).set_body_json(body("capability_absent"));
    Mock::given(path("/api/v1/webhooks/wh_2")).respond_with(absent).mount(&server).await;
    let hit = client(&server);
    hit.delete_webhook(&"wh_1".into()).await.unwrap();
    let error = hit.delete_webhook(&"wh_2".into()).await.unwrap_err();
    assert!(hit_client::error::is_unsupported(&error), "{error:?}");
}

#[tokio::test]
async fn an_unknown_engine_is_kept() {
    let server = MockServer::start().await;
    let settings = json!({
        "connection": {"resource_server": null, "authorisation_server": null, "tenant": null, "client_id": null,
            "secret_set": false},
        "types": {"opportunity": null, "project": null}, "global_sync": false, "validation_client_ids": [],
        "status_map": [], "engine": "quantum",
    });
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(settings))
        .mount(&server)
        .await;
    let settings = client(&server).integration().await.unwrap();
    assert_eq!(settings.engine, Engine::Other("quantum".into()));
    assert_eq!(settings.version, None);
}
