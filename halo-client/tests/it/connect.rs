//! Connecting: discovery, tokens, and what is wrong with them.

use halo_client::Client;
use halo_client::test_util::wiremock::matchers::{body_string_contains, method, path, query_param};
use halo_client::test_util::wiremock::{Mock, ResponseTemplate};
use halo_client::test_util::{ManualClock, MockHalo, ReplayTransport, Reply, replayed, token};

fn json(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.to_owned(), "application/json")
}

#[test]
fn a_client_is_shareable() {
    fn check<T: Clone + Send + Sync + std::fmt::Debug + 'static>() {}
    check::<Client>();
}

#[tokio::test]
async fn the_resource_server_names_the_rest() {
    let halo = MockHalo::start_without_tokens().await;
    let auth = format!("{}/auth", halo.server().uri());
    Mock::given(method("GET"))
        .and(path("/api/AuthInfo"))
        .respond_with(json(200, &format!(r#"{{"auth_url":"{auth}","tenant_id":"acme"}}"#)))
        .expect(1)
        .mount(halo.server())
        .await;
    Mock::given(method("POST"))
        .and(path("/auth/token"))
        .and(query_param("tenant", "acme"))
        .and(body_string_contains("grant_type=client_credentials"))
        .respond_with(json(200, r#"{"access_token":"t","token_type":"Bearer","expires_in":3600}"#))
        .expect(1)
        .mount(halo.server())
        .await;
    let client = Client::builder()
        .resource_server(format!("{}/api/", halo.server().uri()))
        .credentials("id", "secret")
        .no_rate_limit()
        .discover()
        .await
        .expect("a client");
    client.authenticate().await.expect("a token");
}

#[test]
fn refused_tokens_say_what_to_do() {
    for (reply, code, words) in [
        (Reply::status(401).body(r#"{"error":"invalid_client"}"#), "invalid_client", "may have changed"),
        (Reply::status(400).body(r#"{"error":"invalid_scope"}"#), "invalid_scope", "`all:standard`"),
        (Reply::status(404).body("<html>"), "authorisation_server_not_found", "ends in /auth"),
    ] {
        let clock = ManualClock::new();
        let server = ReplayTransport::new(clock.clone());
        server.push(reply);
        let client = replayed(&server, &clock).build().expect("a client");
        let error = clock.block_on(client.authenticate()).expect_err("refused");
        assert_eq!(error.code(), Some(code), "{error}");
        assert!(error.message().contains(words), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret="), "{error:?}");
    }
}

#[test]
fn an_unknown_tenant_is_named() {
    let clock = ManualClock::new();
    let server = ReplayTransport::with(clock.clone(), |_| Reply::status(500));
    let client = replayed(&server, &clock).build().expect("a client");
    let error = clock.block_on(client.authenticate()).expect_err("refused");
    assert_eq!(error.code(), Some("tenant_unknown"));
    assert!(error.message().contains("check the tenant `acme`"), "{error}");
}

#[test]
fn an_outage_of_the_authorisation_server_is_no_unknown_tenant() {
    let clock = ManualClock::new();
    let outage = |_: &_| Reply::status(500).body(r#"{"Message":"Database unavailable"}"#);
    let server = ReplayTransport::with(clock.clone(), outage);
    let client = replayed(&server, &clock).build().expect("a client");
    let error = clock.block_on(client.authenticate()).expect_err("refused");
    assert!(error.is_server() && !error.is_authentication(), "{error}");
    assert_eq!(error.message(), "Database unavailable");
}

#[test]
fn mistaken_addresses_are_refused_before_anything_is_sent() {
    let complete = || {
        Client::builder()
            .resource_server("https://acme.halopsa.com/api")
            .authorisation_server("https://acme.halopsa.com/auth")
            .credentials("id", "secret")
    };
    for (builder, code) in [
        (complete().resource_server("https://acme.halopsa.com/api/x"), Some("resource_server_misplaced_api")),
        (
            complete().authorisation_server("https://acme.halopsa.com"),
            Some("authorisation_server_missing_auth"),
        ),
        (complete().resource_server("http://acme.halopsa.com/api"), Some("resource_server_plain_http")),
        (complete().resource_server(""), Some("resource_server_not_a_url")),
        (complete().credentials("", "secret"), Some("client_id_mistaken")),
        (complete().credentials("id", "secret\n"), Some("client_secret_mistaken")),
    ] {
        let error = builder.build().expect_err("mistaken");
        assert!(error.is_configuration());
        assert_eq!(error.code(), code);
    }
    assert!(complete().build().is_ok());
}

#[test]
fn raw_requests_share_everything_and_stay_at_home() {
    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    server.push(token());
    server.push(Reply::json("{}"));
    let client = replayed(&server, &clock).build().expect("a client");
    let request = http::Request::get("/Control?x=1").body(bytes::Bytes::new()).expect("a request");
    clock.block_on(client.raw(request)).expect("an answer");
    let sent = server.requests();
    assert_eq!(sent[1].path_and_query(), "/api/Control?x=1");
    assert_eq!(sent[1].header("authorization"), Some("Bearer token"));
    let foreign =
        http::Request::get("https://elsewhere.example/x").body(bytes::Bytes::new()).expect("a request");
    assert!(clock.block_on(client.raw(foreign)).expect_err("refused").is_configuration());
}

#[test]
fn no_secret_is_shown() {
    let builder = Client::builder()
        .resource_server("https://acme.halopsa.com/api")
        .authorisation_server("https://acme.halopsa.com/auth")
        .credentials("id", "hunter2-secret");
    assert!(!format!("{builder:?}").contains("hunter2"));
    assert!(!format!("{:?}", builder.build().expect("a client")).contains("hunter2"));
}
