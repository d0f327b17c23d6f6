//! What becomes of answers: redirects, caps, decoders, hooks, downloads.

use std::sync::{Arc, Mutex};

use http::HeaderMap;
use rest_core::client::{CallInfo, CallOptions, ExtraHeaders, Hook, Outcome};
use rest_core::error::{ErrorDecoder, ErrorDetails, ErrorKind, Refusal};
use rest_core::test_util::Reply;

use super::*;

#[test]
fn redirects_are_errors_that_name_the_place_without_its_query() {
    for status in [301, 302, 307, 308] {
        let stage = Stage::new();
        stage
            .server
            .push(Reply::status(status).header("location", "https://login.example.com/a?token=hidden"));
        let error = stage.send(&Thing::get()).unwrap_err();
        assert!(error.is_redirect() && !error.is_outcome_unknown());
        assert!(error.to_string().contains("https://login.example.com;"), "{error}");
        assert!(!error.to_string().contains("hidden"));
        assert_eq!(stage.sent(), 1);
    }
}

#[test]
fn a_body_over_the_cap_is_not_read() {
    let stage = Stage::with(|builder| builder.body_cap(100));
    stage.server.push(Reply::json(vec![b' '; 101]));
    assert!(stage.send(&Thing::get()).unwrap_err().is_body_too_large());
    assert_eq!(stage.sent(), 1);
    stage.server.push(Reply::json(format!("{OK}{}", " ".repeat(200))));
    let options = CallOptions::new().body_cap(1000);
    assert!(stage.clock.block_on(stage.client.send_with(&Thing::get(), &options)).is_ok());
}

#[test]
fn an_unreadable_answer_names_the_place_and_keeps_the_beginning() {
    let stage = Stage::new();
    stage.server.push(Reply::json(r#"{"id":"twelve"}"#).header("x-request-id", "srv-9"));
    let error = stage.send(&Thing::get()).unwrap_err();
    assert!(error.is_decode() && !error.is_outcome_unknown());
    assert_eq!(error.request_id(), Some("srv-9"));
    assert_eq!(error.body(), Some(r#"{"id":"twelve"}"#));
    assert_eq!(error.status().unwrap(), 200);
    assert!(error.to_string().contains("at id"), "{error}");
    assert!(!error.to_string().contains("twelve"), "{error}");
}

struct Decoder;

impl ErrorDecoder for Decoder {
    fn decode(&self, status: StatusCode, _: &HeaderMap, body: &[u8]) -> ErrorDetails {
        let details = ErrorDetails::new().with_message(String::from_utf8_lossy(body)).with_code("E7");
        match status.as_u16() {
            400 => details.with_refusal(Refusal::Permission),
            418 => details.with_refusal(Refusal::Throttled),
            500 => details.with_refusal(Refusal::Invalid),
            _ => details,
        }
    }
}

#[test]
fn the_products_decoder_fills_code_message_and_meaning() {
    let stage = Stage::with(|builder| builder.error_decoder(Decoder));
    stage.server.push(Reply::status(400).body("you\r\n may not\u{7}"));
    let error = stage.send(&Thing::get()).unwrap_err();
    assert_eq!((error.code(), error.message()), (Some("E7"), "you may not"));
    assert!(error.is_permission() && !error.is_invalid());

    stage.server.push(Reply::status(418));
    stage.server.push(Reply::json(OK));
    assert!(stage.send(&Thing::post()).is_ok(), "what the product calls throttling is waited out");

    stage.server.push(Reply::status(500).body("mandatory field"));
    let error = stage.send(&Thing::post()).unwrap_err();
    assert!(error.is_invalid() && !error.is_outcome_unknown(), "a refusal in a server error's clothes");
}

#[derive(Clone, Default)]
struct Watch(Arc<Mutex<Vec<String>>>);

impl Hook for Watch {
    fn before(&self, call: &CallInfo<'_>, headers: &mut ExtraHeaders<'_>) {
        let value = http::HeaderValue::from_str(call.call_id).unwrap();
        assert!(headers.add(http::HeaderName::from_static("traceparent"), value.clone()));
        assert!(!headers.add(http::header::AUTHORIZATION, value.clone()));
        assert!(!headers.add(http::header::ACCEPT, value));
    }

    fn after(&self, call: &CallInfo<'_>, outcome: &Outcome) {
        let line = format!(
            "{} {} #{} {:?} {:?} {:?} {:?}",
            call.method,
            call.template,
            call.attempt,
            outcome.status.map(|status| status.as_u16()),
            outcome.failure,
            outcome.elapsed,
            outcome.body_bytes
        );
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn hooks_see_every_attempt_and_may_add_headers() {
    let watch = Watch::default();
    let stage = Stage::with(|builder| {
        builder.hook(watch.clone()).call_id_header(http::HeaderName::from_static("x-call-id"))
    });
    stage.server.push(Reply::never());
    stage.server.push(Reply::status(500));
    stage.server.push(Reply::json(OK).after(secs(1)));
    stage.send(&Thing::get()).unwrap();
    assert_eq!(
        *watch.0.lock().unwrap(),
        [
            "GET /things/{id} #1 None Some(Timeout) 30s None",
            "GET /things/{id} #2 Some(500) Some(Status) 0ns Some(0)",
            "GET /things/{id} #3 Some(200) None 1s Some(8)",
        ]
    );
    let requests = stage.server.requests();
    let ids: Vec<_> = requests.iter().map(|request| request.header("x-call-id").unwrap()).collect();
    assert!(ids[0].len() == 32 && ids.iter().all(|id| *id == ids[0]), "one id for all attempts");
    assert_eq!(requests[0].header("traceparent"), Some(ids[0]));
    assert!(requests[0].header("user-agent").unwrap().starts_with("rest-core/"));
}

#[test]
fn a_download_arrives_in_pieces_and_is_not_capped() {
    let stage = Stage::with(|builder| builder.body_cap(10));
    stage.server.push(Reply::status(200).body(vec![1; 5000]));
    let options = CallOptions::new();
    let mut answer = stage.clock.block_on(stage.client.download(&Thing::get(), &options)).unwrap();
    let chunk = stage.clock.block_on(answer.body_mut().chunk()).unwrap().unwrap();
    assert_eq!(chunk.len(), 5000);
    assert!(stage.clock.block_on(answer.body_mut().chunk()).unwrap().is_none());

    stage.server.push(Reply::status(404).body("no such file"));
    let error = stage.clock.block_on(stage.client.download(&Thing::get(), &options)).unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.body(), Some("no such file"));
}

#[test]
fn a_call_tells_how_it_went() {
    let stage = Stage::new();
    stage.server.push(Reply::status(500));
    stage.server.push(Reply::status(201).body(OK));
    let answer = stage.clock.block_on(stage.client.call(&Thing::get(), &CallOptions::new())).unwrap();
    assert_eq!((answer.value, answer.status, answer.attempts), (Body { id: 1 }, StatusCode::CREATED, 2));
}

#[test]
fn a_base_that_cannot_work_is_refused_at_once() {
    for base in [
        "ftp://example.com",
        "https://user:pw@example.com",
        "https://example.com/?a=1",
        "https://example.com/#x",
    ] {
        let clock = ManualClock::new();
        let client = HttpClient::builder(base.parse().unwrap())
            .transport(ReplayTransport::new(clock.clone()))
            .clock(clock)
            .build();
        let error = client.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{base}");
        assert!(!error.to_string().contains("pw"), "{error}");
    }
}

#[test]
fn futures_of_calls_stay_small() {
    let stage = Stage::new();
    let thing = Thing::get();
    let future = stage.client.send(&thing);
    assert!(size_of_val(&future) < 1500, "{} bytes", size_of_val(&future));
    drop(future);
    fn is_send<T: Send>(_: &T) {}
    is_send(&stage.client.send(&thing));
}

#[test]
fn everything_that_is_held_over_an_await_can_change_threads() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<HttpClient>();
    shared::<Error>();
    shared::<rest_core::auth::TokenCache>();
    shared::<rest_core::limit::RateLimiter>();
    shared::<rest_core::limit::Permit>();
    shared::<rest_core::record::Record<rest_core::record::Untyped>>();
    shared::<ManualClock>();
    shared::<ReplayTransport>();
    sent::<rest_core::transport::Body>();
    sent::<rest_core::paging::Rows<u8>>();
}
