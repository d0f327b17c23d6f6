//! Tokens, scopes, rights, and what is hidden.

use sandbox::world::SeedOptions;
use serde_json::{Value, json};

use super::Halo;
use crate::http::send;

#[tokio::test]
async fn the_token_endpoint_refuses_as_the_real_one() {
    let halo = Halo::start().await;
    let (id, secret) = halo.credentials(true);
    let form = |id: &str, secret: &str, scope: &str| {
        format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope={scope}")
    };

    let wrong_secret = halo.form("/auth/token", &form(&id, "no", "all:standard")).await;
    assert_eq!((wrong_secret.status, wrong_secret.json()["error"].as_str()), (401, Some("invalid_client")));

    for scope in ["read:actions", "all"] {
        let scope = halo.form("/auth/token", &form(&id, &secret, scope)).await;
        assert_eq!((scope.status, scope.json()["error"].as_str()), (400, Some("invalid_scope")));
    }

    let tenant = halo.form("/auth/token?tenant=nobody", &form(&id, &secret, "all:standard")).await;
    assert_eq!(tenant.status, 500);
    assert!(serde_json::from_slice::<Value>(&tenant.body).is_err());

    // The tenant is optional on a host of its own, and is taken from the form as well.
    for target in ["/auth/token", "/AUTH/Token?tenant=Northwind"] {
        assert_eq!(halo.form(target, &form(&id, &secret, "edit:tickets%20read:customers")).await.status, 200);
    }
    let misplaced = halo.form("/token", &form(&id, &secret, "all:standard")).await;
    assert_eq!(
        (misplaced.status, misplaced.headers["content-type"].as_str()),
        (404, "text/html; charset=utf-8")
    );
}

#[tokio::test]
async fn the_servers_can_be_discovered() {
    let halo = Halo::start().await;
    let answer = send(halo.at, "GET", "/api/AuthInfo", &[], b"").await;
    assert_eq!(answer.json()["auth_url"], format!("http://{}/auth", halo.at));
    assert_eq!(answer.json()["tenant_id"], "northwind");
    let oidc = send(halo.at, "GET", "/auth/.well-known/openid-configuration", &[], b"").await;
    assert_eq!(oidc.json()["token_endpoint"], format!("http://{}/auth/token", halo.at));
}

#[tokio::test]
async fn a_dead_token_is_401_without_a_body() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    assert_eq!(api.get("/api/Tickets").await.status, 200);
    halo.handle.lock().halo.expire_tokens();
    let answer = api.get("/api/Tickets").await;
    assert_eq!((answer.status, answer.body.len()), (401, 0));
}

#[tokio::test]
async fn an_agent_outside_a_team_sees_nothing_of_it_and_no_error() {
    let halo = Halo::start().await;
    let api = halo.integration().await;
    let all = halo.full().await.get("/api/Projects").await.json()["record_count"].as_i64().unwrap();
    assert!(all > 0);
    assert_eq!(api.get("/api/Projects").await.json()["record_count"], all);
    let some = api.get("/api/Projects?pageinate=true&page_size=1").await.json()["tickets"][0]["id"]
        .as_i64()
        .unwrap();

    let agent = halo.handle.lock().halo.api_agent_id;
    if let Some(row) = halo.handle.lock().halo.root_mut("agent").by_id_mut(agent) {
        row["teams"].as_array_mut().unwrap().retain(|team| team["team_name"] != "Projects");
    }
    let hidden = api.get("/api/Projects").await;
    assert_eq!((hidden.status, &hidden.json()["record_count"]), (200, &json!(0)));
    assert_eq!(api.get(&format!("/api/Projects/{some}")).await.status, 401);
    assert!(api.get("/api/Opportunities").await.json()["record_count"].as_i64().unwrap() > 0);
}

#[tokio::test]
async fn a_missing_right_is_403_on_the_list_and_401_on_the_record() {
    let halo = Halo::start().await;
    let api = halo.integration().await;
    assert_eq!(api.get("/api/Users").await.status, 403);
    assert_eq!(api.get("/api/Users/21").await.status, 401);
    assert_eq!(api.get("/api/Roles").await.status, 403);
    assert_eq!(api.get("/api/Client").await.status, 200);
    assert_eq!(api.post("/api/Client", json!([{"name": "New"}])).await.status, 403);
    assert_eq!(api.post("/api/Status", json!([{"name": "New"}])).await.status, 403);
}

#[tokio::test]
async fn the_role_says_what_the_api_agent_may_write() {
    let halo = Halo::start().await;
    let api = halo.integration().await;
    let incident =
        api.post("/api/Tickets", json!([{"summary": "x", "tickettype_id": 1, "client_id": 12}])).await;
    assert_eq!(incident.status, 403);
    let id = api.create(json!([{"summary": "x", "tickettype_id": 31, "client_id": 12, "agent_id": 9}])).await;
    assert_eq!(api.post("/api/Tickets", json!([{"id": id, "status_id": 32}])).await.status, 201);
    assert_eq!(api.post("/api/Tickets", json!([{"id": id, "agent_id": 10}])).await.status, 403);
    assert_eq!(api.post("/api/Tickets", json!([{"id": id, "tickettype_id": 33}])).await.status, 403);
    assert_eq!(api.send("DELETE", &format!("/api/Tickets/{id}"), b"").await.status, 403);
    // Closing is a status like any other; afterwards the ticket is shut.
    assert_eq!(api.post("/api/Tickets", json!([{"id": id, "status_id": 35}])).await.status, 201);
    let closed = api.post("/api/Tickets", json!([{"id": id, "summary": "y"}])).await;
    assert_eq!(closed.status, 403);
    assert!(closed.json()["Message"].as_str().unwrap().contains("closed"));
}

#[tokio::test]
async fn more_requests_than_the_limit_are_told_when_to_come_back() {
    let halo = Halo::with(SeedOptions {
        tickets: 30,
        items: 3,
        rate_limit: Some((3, 180)),
        ..SeedOptions::default()
    })
    .await;
    let api = halo.full().await;
    for _ in 0..3 {
        assert_eq!(api.get("/api/Status").await.status, 200);
    }
    let refused = api.get("/api/Status").await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.headers["retry-after"].parse().unwrap();
    assert!((1..=180).contains(&wait));
    let world = halo.handle.lock();
    assert_eq!((world.halo_counts.requests, world.halo_counts.rate_limited), (4, 1));
}

#[tokio::test]
async fn without_a_default_team_an_agent_reads_no_others() {
    let halo = Halo::start().await;
    let api = halo.integration().await;
    assert!(api.get("/api/Agent").await.json().as_array().unwrap().len() > 5);
    let agent = halo.handle.lock().halo.api_agent_id;
    if let Some(row) = halo.handle.lock().halo.root_mut("agent").by_id_mut(agent) {
        row.insert("team".into(), json!(""));
    }
    assert_eq!(api.get("/api/Agent").await.json(), json!([]));
    let me = api.get("/api/Agent/me").await.json();
    assert_eq!(me["isapiagent"], true);
    assert!(me["claims"].as_array().unwrap().iter().any(|c| c["type"] == "update_status_outside_actions"));
}
