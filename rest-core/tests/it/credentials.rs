//! Where credentials come from and where they go.

use std::sync::Arc;
use std::sync::Mutex;

use futures_util::future::join_all;
use rest_core::auth::{Auth, ClientCredentials};
use rest_core::client::{CallInfo, CallOptions, ExtraHeaders, Hook};
use rest_core::limit::RateLimit;
use rest_core::test_util::{Recorded, Reply};
use rest_core::transport::TransportErrorKind as Kind;

use super::*;

fn tokens() -> Auth {
    let url = "https://id.example.com/token".parse().unwrap();
    Auth::tokens(ClientCredentials::new(url, "app", "app-secret").scope("all").parameter("tenant", "acme"))
}

fn token(number: u32) -> Reply {
    Reply::json(format!(r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":3600.0}}"#))
}

fn of_token(request: &Recorded) -> bool {
    request.uri.path() == "/token"
}

#[test]
fn a_token_is_fetched_once_and_signs_every_request() {
    let stage = Stage::with(|builder| builder.auth(tokens()).rate_limit(RateLimit::new(3, secs(60))));
    stage.server.push(token(1));
    for _ in 0..3 {
        stage.server.push(Reply::json(OK));
    }
    for _ in 0..3 {
        stage.send(&Thing::get()).unwrap();
    }
    let requests = stage.server.requests();
    assert_eq!(
        requests[0].body_text(),
        "grant_type=client_credentials&client_id=app&client_secret=app-secret&scope=all&tenant=acme"
    );
    assert!(requests[1..].iter().all(|request| request.header("authorization") == Some("Bearer token-1")));
    assert!(stage.clock.elapsed() < secs(1), "the token took no permit");
}

#[test]
fn a_refused_token_is_renewed_once_for_all_and_the_calls_sent_again() {
    let clock = ManualClock::new();
    let current = Arc::new(Mutex::new(1_u32));
    let server = ReplayTransport::with(clock.clone(), move |request| {
        let mut current = current.lock().unwrap();
        if of_token(request) {
            // The first token that is handed out is dead already.
            let reply = token(*current);
            *current += 1;
            return reply.after(Duration::from_millis(50));
        }
        let good = request.header("authorization") == Some("Bearer token-2");
        if good { Reply::json(OK) } else { Reply::status(401) }.after(Duration::from_millis(10))
    });
    let client = HttpClient::builder("https://api.example.com".parse().unwrap())
        .transport(server.clone())
        .clock(clock.clone())
        .auth(tokens())
        .concurrency(10)
        .build()
        .unwrap();
    let thing = Thing::post();
    let all = clock.block_on(join_all((0..10).map(|_| client.send(&thing))));
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(server.requests().iter().filter(|request| of_token(request)).count(), 2);
    assert_eq!(server.requests().iter().filter(|request| !of_token(request)).count(), 20);
    assert_eq!(client.retries_left(), 100, "a renewal is no retry");
}

#[test]
fn the_replay_after_a_refused_token_takes_its_own_permit() {
    let stage = Stage::with(|builder| builder.auth(tokens()).rate_limit(RateLimit::new(1, secs(60))));
    for reply in [token(1), Reply::status(401), token(2), Reply::json(OK)] {
        stage.server.push(reply);
    }
    stage.send(&Thing::post()).unwrap();
    assert!(stage.clock.elapsed() >= secs(60));
}

#[test]
fn calls_go_on_with_the_old_token_while_the_token_endpoint_hangs() {
    let clock = ManualClock::new();
    let fetches = Arc::new(Mutex::new(0_u32));
    let server = ReplayTransport::with(clock.clone(), move |request| {
        if !of_token(request) {
            return Reply::json(OK).after(Duration::from_millis(100));
        }
        let mut fetches = fetches.lock().unwrap();
        *fetches += 1;
        if *fetches == 1 { token(1) } else { Reply::never() }
    });
    let client = HttpClient::builder("https://api.example.com".parse().unwrap())
        .transport(server.clone())
        .clock(clock.clone())
        .auth(tokens())
        .deadline(Some(secs(3)))
        .build()
        .unwrap();
    clock.block_on(client.send(&Thing::get())).unwrap();
    clock.advance(secs(3600 - 240));
    for call in 0..100 {
        let answer = clock.block_on(client.send(&Thing::get()));
        assert!(answer.is_ok(), "call {call}: {answer:?}");
    }
    assert!(server.requests().iter().filter(|request| of_token(request)).count() <= 4);
}

#[test]
fn a_second_refusal_is_final() {
    let stage = Stage::with(|builder| builder.auth(tokens()));
    for reply in [token(1), Reply::status(401), token(2), Reply::status(401)] {
        stage.server.push(reply);
    }
    let error = stage.send(&Thing::get()).unwrap_err();
    assert!(error.is_authentication() && !error.is_not_sent());
    assert_eq!((error.attempts(), stage.server.unused()), (2, 0));
}

/// A server that refuses with this reply whatever token comes, and a client that asks so often, each call a second
/// after the last.
fn refused(calls: u32, refusal: Reply) -> (usize, usize) {
    let clock = ManualClock::new();
    let server =
        ReplayTransport::with(
            clock.clone(),
            move |request| {
                if of_token(request) { token(1) } else { refusal.clone() }
            },
        );
    let client = HttpClient::builder("https://api.example.com".parse().unwrap())
        .transport(server.clone())
        .clock(clock.clone())
        .auth(tokens())
        .build()
        .unwrap();
    for _ in 0..calls {
        let error = clock.block_on(client.send(&Thing::get())).unwrap_err();
        assert!(error.is_authentication() && !error.is_not_sent(), "{error}");
        clock.advance(secs(1));
    }
    let requests = server.requests();
    let fetches = requests.iter().filter(|request| of_token(request)).count();
    (fetches, requests.len() - fetches)
}

#[test]
fn a_refusal_that_a_new_token_did_not_mend_is_not_blamed_on_the_token_for_a_while() {
    // A missing right that is answered 401: one renewal a minute, not one for every call.
    let (fetches, calls) = refused(300, Reply::status(401));
    assert!((5..=7).contains(&fetches) && (305..=307).contains(&calls), "{fetches} fetches, {calls} calls");
}

#[test]
fn a_refusal_that_names_the_token_is_always_blamed_on_it() {
    let named = Reply::status(401).header("www-authenticate", "Bearer realm=\"x\", error=\"invalid_token\"");
    assert_eq!(refused(10, named), (11, 20));
}

#[test]
fn a_fixed_token_is_not_renewed() {
    let stage = Stage::with(|builder| builder.auth(Auth::bearer("fixed").unwrap()));
    stage.server.push(Reply::status(401));
    assert!(stage.send(&Thing::get()).unwrap_err().is_authentication());
    assert_eq!(stage.server.requests()[0].header("authorization"), Some("Bearer fixed"));
}

#[test]
fn refused_credentials_are_named_as_such_and_the_call_was_not_sent() {
    for (status, body, authentication) in [
        (400, r#"{"error":"invalid_client","error_description":"unknown application"}"#, true),
        (401, "", true),
        (400, r#"{"error":"invalid_scope"}"#, false),
    ] {
        let stage = Stage::with(|builder| builder.auth(tokens()));
        stage.server.push(Reply::status(status).body(body));
        let error = stage.send(&Thing::post()).unwrap_err();
        assert_eq!(error.is_authentication(), authentication, "{error}");
        assert_eq!(error.is_permission(), !authentication);
        assert!(error.is_not_sent() && !error.is_outcome_unknown());
        assert_eq!(error.endpoint(), Some("/token"));
        assert_eq!(stage.sent(), 1, "a refusal is not repeated");
    }
    let stage = Stage::with(|builder| builder.auth(tokens()));
    stage.server.push(Reply::status(400).body(r#"{"error":"invalid_client","error_description":"unknown"}"#));
    let error = stage.clock.block_on(stage.client.authenticate()).unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Some("invalid_client"), "the token endpoint refused: unknown")
    );
}

#[test]
fn a_refused_renewal_names_the_token_endpoint_in_the_middle_of_a_call_too() {
    let stage = Stage::with(|builder| builder.auth(tokens()));
    let refusal = Reply::status(400).body(r#"{"error":"invalid_client","error_description":"unknown"}"#);
    for reply in [token(1), Reply::status(401), refusal] {
        stage.server.push(reply);
    }
    let error = stage.send(&Thing::get()).unwrap_err();
    assert!(
        error.to_string().starts_with("POST /token: 400 Bad Request: the token endpoint refused: unknown")
    );
    // The call's own errors keep its name and count its attempts.
    let stage = Stage::with(|builder| builder.auth(tokens()));
    for reply in [token(1), Reply::status(401), token(2), Reply::status(403)] {
        stage.server.push(reply);
    }
    let error = stage.send(&Thing::get()).unwrap_err();
    assert_eq!((error.endpoint(), error.attempts()), (Some("/things/{id}"), 2));
}

#[test]
fn a_page_instead_of_a_token_says_what_to_check() {
    let stage = Stage::with(|builder| builder.auth(tokens()));
    stage.server.push(Reply::json("<html>welcome</html>"));
    let error = stage.send(&Thing::get()).unwrap_err();
    assert!(error.is_decode() && error.is_not_sent());
    assert!(error.message().contains("is the address right?"), "{error}");
}

#[test]
fn token_requests_are_repeated_when_the_server_stumbles() {
    let stage = Stage::with(|builder| builder.auth(tokens()));
    for reply in [Reply::status(503), Reply::fails(Kind::Timeout), token(1), Reply::json(OK)] {
        stage.server.push(reply);
    }
    assert!(stage.send(&Thing::post()).is_ok());
}

#[test]
fn credentials_never_leave_over_plain_http() {
    let build = |base: &str, auth: Auth| {
        let clock = ManualClock::new();
        let server = ReplayTransport::new(clock.clone());
        let client = HttpClient::builder(base.parse().unwrap())
            .transport(server.clone())
            .clock(clock.clone())
            .auth(auth)
            .build();
        (clock, server, client)
    };
    let error = build("http://api.example.com", tokens()).2.unwrap_err();
    assert!(error.is_configuration() && error.to_string().contains("plain http"), "{error}");
    assert!(build("http://api.example.com", Auth::none()).2.is_ok(), "without credentials it may");
    assert!(build("http://127.0.0.1:1234", tokens()).2.is_ok());

    // The token endpoint is guarded on its own.
    let plain = ClientCredentials::new("http://id.example.com/token".parse().unwrap(), "app", "secret");
    let (clock, server, client) = build("https://api.example.com", Auth::tokens(plain));
    let error = clock.block_on(client.unwrap().send(&Thing::get())).unwrap_err();
    assert!(error.is_configuration() && server.requests().is_empty());
}

#[test]
fn raw_requests_stay_at_home_and_foreign_ones_carry_nothing() {
    let stage = Stage::with(|builder| {
        builder
            .auth(Auth::bearer("fixed").unwrap())
            .default_header(http::HeaderName::from_static("x-tenant"), http::HeaderValue::from_static("acme"))
    });
    let raw = |address: &str| {
        let request =
            http::Request::get(address).header("authorization", "stolen").body(Bytes::new()).unwrap();
        stage.clock.block_on(stage.client.raw(request, &CallOptions::new()))
    };
    for address in
        ["https://evil.example.com/v1/x", "http://api.example.com/v1/x", "https://api.example.com:444/x"]
    {
        assert!(raw(address).unwrap_err().is_configuration(), "{address}");
    }
    assert!(raw("/../admin").unwrap_err().is_configuration());
    assert_eq!(stage.sent(), 0);
    for address in ["/x?a=1", "https://API.example.com/v1/x?a=1", "https://api.example.com:443/v1/x?a=1"] {
        stage.server.push(Reply::json(OK));
        raw(address).unwrap();
        let request = stage.server.requests().pop().unwrap();
        assert_eq!(request.path_and_query(), "/v1/x?a=1");
        assert_eq!(request.header("authorization"), Some("Bearer fixed"));
        assert_eq!(request.header("x-tenant"), Some("acme"));
    }
    stage.server.push(Reply::json(OK));
    let upload =
        http::Request::put("https://files.example.com/upload?sig=x").body(Bytes::from_static(b"data"));
    stage.clock.block_on(stage.client.send_foreign(upload.unwrap(), &CallOptions::new())).unwrap();
    let request = stage.server.requests().pop().unwrap();
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("x-tenant"), None);
}

/// Adds a header to every attempt, and counts what it saw.
#[derive(Default)]
struct Tracer(Arc<Mutex<Vec<(String, bool)>>>);

impl Hook for Tracer {
    fn before(&self, call: &CallInfo<'_>, headers: &mut ExtraHeaders<'_>) {
        let name = http::HeaderName::from_static("x-trace-key");
        let added = headers.add(name, http::HeaderValue::from_static("private"));
        self.0.lock().unwrap().push((call.template.to_owned(), added));
    }
}

#[test]
fn another_server_gets_the_requests_own_headers_and_no_others() {
    let tracer = Tracer::default();
    let seen = Arc::clone(&tracer.0);
    let stage = Stage::with(|builder| {
        builder
            .auth(Auth::bearer("fixed").unwrap())
            .user_agent("agent/1")
            .call_id_header(http::HeaderName::from_static("x-call-id"))
            .hook(tracer)
    });
    stage.server.push(Reply::json(OK));
    let upload = http::Request::put("https://files.example.com/x?sig=x")
        .header("content-type", "text/plain")
        .body(Bytes::from_static(b"data"))
        .unwrap();
    stage.clock.block_on(stage.client.send_foreign(upload, &CallOptions::new())).unwrap();
    let sent = stage.server.requests().pop().unwrap();
    assert_eq!(sent.headers.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(), ["content-type"]);

    stage.server.push(Reply::json(OK));
    stage.send(&Thing::get()).unwrap();
    let sent = stage.server.requests().pop().unwrap();
    assert!(sent.header("x-call-id").is_some() && sent.header("x-trace-key") == Some("private"));
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen, [("{foreign}".to_owned(), false), ("/things/{id}".to_owned(), true)]);
}

#[test]
fn options_cannot_replace_the_clients_credential() {
    let stage = Stage::with(|builder| builder.auth(Auth::bearer("fixed").unwrap()));
    stage.server.push(Reply::json(OK));
    let options = CallOptions::new()
        .header(http::header::AUTHORIZATION, http::HeaderValue::from_static("other"))
        .header(http::HeaderName::from_static("x-more"), http::HeaderValue::from_static("1"));
    stage.clock.block_on(stage.client.send_with(&Thing::get(), &options)).unwrap();
    let request = stage.server.requests().pop().unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer fixed"));
    assert_eq!(request.header("x-more"), Some("1"));
}
