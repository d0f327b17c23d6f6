//! What the crate promises about its types and settings.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use halo_client::rest_core::client::{CallInfo, ExtraHeaders, Hook, Outcome};
use halo_client::rest_core::endpoint::Idempotency;
use halo_client::rest_core::transport::TransportErrorKind;
use halo_client::schema::{Action, KbArticle, Site, Ticket, TicketType, User, Webhook};
use halo_client::test_util::{ManualClock, ReplayTransport, Reply, replayed, token};
use halo_client::webhook::{Authentication, Delivery, Verifier, WantedWebhook};
use halo_client::{CallOptions, Client, CompleteClientBuilder, Error, Handle, Id, New, Patch, Record, Saved};

const fn clone_send_sync_debug<T: Clone + Send + Sync + Debug>() {}
const fn send_sync_debug<T: Send + Sync + Debug>() {}
const fn send_debug<T: Send + Debug>() {}

const _: () = {
    clone_send_sync_debug::<Client>();
    clone_send_sync_debug::<Handle<halo_client::resource::Tickets>>();
    clone_send_sync_debug::<Error>();
    clone_send_sync_debug::<Id<Ticket>>();
    clone_send_sync_debug::<New<Ticket>>();
    clone_send_sync_debug::<Patch<Ticket>>();
    clone_send_sync_debug::<Record<Ticket>>();
    clone_send_sync_debug::<Saved<Ticket>>();
    clone_send_sync_debug::<CallOptions>();
    clone_send_sync_debug::<WantedWebhook>();
    clone_send_sync_debug::<Authentication>();
    clone_send_sync_debug::<Delivery>();
    send_sync_debug::<Verifier>();
    send_debug::<CompleteClientBuilder>();
};

const fn is_send<T: Send>(_: &T) {}

/// Futures and streams can be moved between threads: they can be spawned.
#[allow(dead_code, reason = "compiled, not run")]
fn what_is_awaited_can_be_spawned(client: &Client, new: &New<Ticket>, wanted: &WantedWebhook) {
    is_send(&client.authenticate());
    is_send(&client.tickets().get(1).send());
    is_send(&client.tickets().list().stream());
    is_send(&client.tickets().list().pages());
    is_send(&client.tickets().list().all());
    is_send(&client.tickets().create(new));
    is_send(&client.tickets().delete(1).send());
    is_send(&client.webhooks().ensure(wanted));
}

fn stage() -> (ManualClock, ReplayTransport) {
    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    server.push(token());
    (clock, server)
}

#[test]
fn an_error_is_as_small_as_a_pointer() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
    assert!(size_of::<Result<(), Error>>() <= 2 * size_of::<usize>());
}

#[test]
fn options_of_a_clone_reach_every_kind_of_call() {
    let (clock, server) = stage();
    let client = replayed(&server, &clock).build().expect("a client");
    let options = CallOptions::new()
        .header("x-audit".parse().expect("a name"), "night run".parse().expect("a value"))
        .deadline(Duration::from_secs(20))
        .without_retries();
    let marked = client.with_options(options);
    for reply in [r#"{"tickets":[]}"#, r#"{"id":1}"#, r#"{"id":1}"#, "{}", "{}"] {
        server.push(Reply::json(reply));
    }
    clock.block_on(async {
        marked.tickets().list().all().await.expect("a list");
        marked.tickets().get(1).await.expect("a ticket");
        marked.tickets().create(&New::<Ticket>::of("x")).await.expect("made");
        marked.tickets().delete(1).await.expect("deleted");
        marked
            .raw(http::Request::get("/x").body(bytes::Bytes::new()).expect("a request"))
            .await
            .expect("raw");
    });
    let sent = server.requests();
    assert_eq!(sent.len(), 6);
    assert!(sent[1..].iter().all(|one| one.header("x-audit") == Some("night run")));

    server.push(Reply::status(500));
    assert!(clock.block_on(marked.tickets().get(1).send()).expect_err("refused").is_server());
    assert_eq!(server.requests().len(), 7, "not repeated");
    server.push(Reply::never());
    assert!(clock.block_on(marked.tickets().get(1).send()).expect_err("late").is_deadline());
}

#[test]
fn a_write_that_is_declared_idempotent_is_repeated() {
    let (clock, server) = stage();
    let client = replayed(&server, &clock).build().expect("a client");
    server.push(Reply::fails(TransportErrorKind::Interrupted));
    server.push(Reply::json(r#"{"id":1}"#));
    let sure = client.with_options(CallOptions::new().idempotency(Idempotency::Idempotent));
    let patch = Patch::<Ticket>::of(1).set(Ticket::SUMMARY, "the same each time");
    clock.block_on(sure.tickets().update(&patch)).expect("changed");
    assert_eq!(server.requests().len(), 3);
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Hook for Log {
    fn before(&self, call: &CallInfo<'_>, headers: &mut ExtraHeaders<'_>) {
        let trace = http::HeaderValue::from_str(call.call_id).expect("an id");
        assert!(headers.add(http::HeaderName::from_static("x-trace"), trace.clone()));
        assert!(!headers.add(http::header::AUTHORIZATION, trace), "credentials are the client's");
    }

    fn after(&self, call: &CallInfo<'_>, outcome: &Outcome) {
        let line = format!("{} {} {}: {:?}", call.method, call.template, call.attempt, outcome.status);
        self.0.lock().expect("a log").push(line);
    }
}

#[test]
fn hooks_see_every_attempt_by_its_template() {
    let (clock, server) = stage();
    let log = Log::default();
    let client = replayed(&server, &clock).hook(log.clone()).build().expect("a client");
    server.push(Reply::status(500));
    server.push(Reply::json(r#"{"id":4711}"#));
    clock.block_on(client.tickets().get(4711).send()).expect("a ticket");
    assert_eq!(
        *log.0.lock().expect("a log"),
        ["GET /Tickets/{id} 1: Some(500)", "GET /Tickets/{id} 2: Some(200)"]
    );
    let sent = server.requests();
    let traces: Vec<_> = sent[1..].iter().map(|one| one.header("x-trace")).collect();
    assert!(traces[0].is_some() && traces[0] == traces[1]);
}

#[test]
fn a_body_cap_of_the_client_holds() {
    let (clock, server) = stage();
    let client = replayed(&server, &clock).body_cap(10).build().expect("a client");
    server.push(Reply::json(r#"{"id":1,"summary":"longer than ten bytes"}"#));
    assert!(clock.block_on(client.tickets().get(1).send()).expect_err("too large").is_body_too_large());
}

#[test]
fn new_records_start_with_what_halo_demands() {
    let json = |new: Result<String, Error>| new.expect("writable");
    assert_eq!(json(New::<Ticket>::of("x").to_json()), r#"{"summary":"x"}"#);
    assert_eq!(json(New::<Action>::of(7, 3, "x").to_json()), r#"{"ticket_id":7,"outcome_id":3,"note":"x"}"#);
    assert_eq!(json(New::<halo_client::schema::Client>::of("x").to_json()), r#"{"name":"x"}"#);
    assert_eq!(json(New::<Site>::of("x", 12).to_json()), r#"{"name":"x","client_id":12}"#);
    assert_eq!(json(New::<User>::of("x", 18).to_json()), r#"{"name":"x","site_id":18}"#);
    assert_eq!(json(New::<TicketType>::of("x").to_json()), r#"{"name":"x"}"#);
    assert_eq!(
        json(New::<Webhook>::of("x", "https://a.example").to_json()),
        r#"{"name":"x","url":"https://a.example"}"#
    );
    assert_eq!(json(New::<KbArticle>::of("x", "y").to_json()), r#"{"name":"x","description":"y"}"#);
}
