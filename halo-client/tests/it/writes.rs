//! Writes: replies, refusals, warnings, and what happens when nobody knows.

use halo_client::resource::{Actions, BatchOutcome, Tickets};
use halo_client::schema::{Action, Ticket};
use halo_client::test_util::{ManualClock, MockHalo, ReplayTransport, Reply, replayed, token};
use halo_client::{ActionKey, Id, New, Patch};
use rest_core::transport::TransportErrorKind;

fn patch() -> Patch<Ticket> {
    Patch::of(7).set(Ticket::SUMMARY, "New firewall")
}

#[tokio::test]
async fn replies_are_objects_or_arrays() {
    for reply in [r#"{"id":7,"summary":"New firewall"}"#, r#"[{"id":7.0,"summary":"New firewall"}]"#] {
        let halo = MockHalo::start().await;
        halo.saves::<Tickets>(reply).await;
        let saved = halo.client().tickets().update(&patch()).await.expect("changed");
        assert_eq!(saved.id(), Some(7.into()));
        assert_eq!(saved.warning(), None);
        assert_eq!(halo.requests().await, [r#"POST /api/Tickets [{"id":7,"summary":"New firewall"}]"#]);
    }
}

#[test]
fn what_would_write_another_record_is_not_sent() {
    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    let client = replayed(&server, &clock).build().expect("a client");
    clock.block_on(async {
        let new = New::<Ticket>::record().set(Ticket::ID, 4711).set(Ticket::SUMMARY, "x");
        assert!(client.tickets().create(&new).await.expect_err("overwrites").is_configuration());
        let report = client.tickets().batch().create([new]).await;
        assert!(matches!(&report.outcomes()[0], BatchOutcome::NotSent(error) if error.is_configuration()));
        let patches =
            [Patch::<Ticket>::of(7).set(Ticket::ID, 8), Patch::of(0), Patch::of(7).set_named("id", "7")];
        for patch in patches {
            let error = client.tickets().update(&patch).await.expect_err("another record");
            assert!(error.is_configuration(), "{error}");
        }
        let action = Id::new(ActionKey { ticket: 7, number: 3 });
        let patch = Patch::<Action>::of(action).set(Action::TICKET_ID, 8);
        assert!(client.actions().update(&patch).await.expect_err("another ticket").is_configuration());
        assert!(client.webhooks().get("").await.expect_err("no record").is_configuration());
        assert!(client.webhooks().delete("").await.expect_err("all of them").is_configuration());
    });
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn a_saved_action_tells_its_ticket_and_number() {
    let halo = MockHalo::start().await;
    halo.saves::<Actions>(r#"{"id":3,"ticket_id":7}"#).await;
    let new = New::<Action>::record().set(Action::TICKET_ID, 7).set(Action::NOTE, "x");
    let saved = halo.client().actions().create(&new).await.expect("made");
    assert_eq!(saved.id(), Some(Id::new(ActionKey { ticket: 7, number: 3 })));
}

#[tokio::test]
async fn a_warning_is_told_and_one_that_is_an_error_fails() {
    let halo = MockHalo::start().await;
    halo.saves::<Tickets>(r#"{"id":7,"_warning":"The agent is on holiday"}"#).await;
    let saved = halo.client().tickets().update(&patch()).await.expect("changed");
    assert_eq!(saved.warning(), Some("The agent is on holiday"));

    let halo = MockHalo::start().await;
    halo.saves::<Tickets>(r#"{"id":7,"_warning":"Not allowed","_warning_is_error":"true"}"#).await;
    let error = halo.client().tickets().update(&patch()).await.expect_err("an error in disguise");
    assert!(error.is_invalid() && !error.is_outcome_unknown());
    assert_eq!((error.code(), error.message()), (Some("warning_is_error"), "Not allowed"));
}

#[tokio::test]
async fn a_warning_becomes_one_line_without_secrets_in_an_error() {
    let halo = MockHalo::start().await;
    let client = halo.client();
    client.http().redact("s3cr3t-value");
    let warning = format!("Not\\r\\nallowed: s3cr3t-value, password=hunter2; {}", "x".repeat(5000));
    halo.saves::<Tickets>(format!(r#"{{"id":7,"_warning":"{warning}","_warning_is_error":true}}"#)).await;
    let error = client.tickets().update(&patch()).await.expect_err("an error in disguise");
    let text = error.message();
    assert!(text.starts_with("Not allowed: [redacted], password=[redacted]; xxx"), "{text}");
    assert!(text.len() <= 400, "{} bytes", text.len());
}

#[tokio::test]
async fn refusals_say_what_halo_said() {
    let halo = MockHalo::start().await;
    let body = r#"{"ClassName":"System.Exception","Message":"An Outcome must be entered for this Action"}"#;
    halo.refuses::<Actions>(400, body).await;
    let new = New::<Action>::record().set(Action::TICKET_ID, 7).set(Action::NOTE, "x");
    let error = halo.client().actions().create(&new).await.expect_err("refused");
    assert!(error.is_invalid());
    assert_eq!(
        error.to_string().split(" (").next(),
        Some("POST /Actions: 400 Bad Request: An Outcome must be entered for this Action")
    );
}

#[test]
fn a_write_that_may_have_arrived_is_not_repeated() {
    for reply in [Reply::fails(TransportErrorKind::Interrupted), Reply::status(500), Reply::json("<html>")] {
        let clock = ManualClock::new();
        let server = ReplayTransport::new(clock.clone());
        server.push(token());
        server.push(reply);
        server.push(Reply::json(r#"{"id":7}"#));
        let client = replayed(&server, &clock).build().expect("a client");
        let error = clock.block_on(client.tickets().update(&patch())).expect_err("nobody knows");
        assert!(error.is_outcome_unknown(), "{error}");
        assert_eq!(server.requests().len(), 2, "the token and one write");
    }
}

#[test]
fn a_refused_token_is_renewed_once_and_a_throttled_write_waits() {
    let clock = ManualClock::new();
    let server = ReplayTransport::new(clock.clone());
    server.push(token());
    server.push(Reply::status(401));
    server.push(token());
    server.push(Reply::status(429).header("retry-after", "30"));
    server.push(Reply::json(r#"{"id":7}"#));
    let client = replayed(&server, &clock).build().expect("a client");
    clock.block_on(client.tickets().update(&patch())).expect("changed");
    assert!(clock.elapsed().as_secs() >= 30);
    assert_eq!(server.unused(), 0);
}

#[test]
fn clones_share_one_rate_window() {
    let clock = ManualClock::new();
    let server = ReplayTransport::with(clock.clone(), |request| {
        if request.path_and_query().contains("token") { token() } else { Reply::json("[]") }
    });
    let client = replayed(&server, &clock)
        .rate_limit(2, std::time::Duration::from_secs(60))
        .build()
        .expect("a client");
    clock.block_on(async {
        for _ in 0..3 {
            client.clone().statuses().list().all().await.expect("a list");
        }
    });
    assert!(clock.elapsed().as_secs() >= 60);
}
