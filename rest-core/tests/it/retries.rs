//! What is repeated, how often, and what is said about what is not.

use rest_core::client::CallOptions;
use rest_core::endpoint::Idempotency;
use rest_core::retry::RetryPolicy;
use rest_core::test_util::Reply;
use rest_core::transport::TransportErrorKind as Kind;

use super::*;

#[test]
fn a_read_is_repeated_through_every_kind_of_failure() {
    let stage = Stage::new();
    for reply in
        [Reply::fails(Kind::Connect), Reply::status(502), Reply::json(OK).breaks_after(3), Reply::json(OK)]
    {
        stage.server.push(reply);
    }
    assert_eq!(stage.send(&Thing::get()).unwrap(), Body { id: 1 });
    assert_eq!(stage.sent(), 4);
}

#[test]
fn a_write_that_may_have_arrived_is_sent_once_and_its_outcome_is_unknown() {
    for reply in [
        Reply::fails(Kind::Timeout),
        Reply::fails(Kind::Interrupted),
        Reply::never(),
        Reply::status(500),
        Reply::status(503),
        Reply::json(OK).breaks_after(3),
        Reply::json("<html>"),
        Reply::json(OK).header("content-length", "99999999999"),
    ] {
        let stage = Stage::new();
        stage.server.push(reply.clone());
        let error = stage.send(&Thing::post()).unwrap_err();
        assert!(error.is_outcome_unknown() && !error.is_not_sent(), "{reply:?}: {error}");
        assert!(error.to_string().contains("may have been applied"), "{error}");
        assert_eq!(stage.sent(), 1, "{reply:?}");
    }
}

#[test]
fn a_write_that_was_not_sent_or_not_done_is_repeated() {
    let stage = Stage::new();
    for reply in [
        Reply::fails(Kind::Connect),
        Reply::status(429),
        Reply::status(503).header("retry-after", "1"),
        Reply::json(OK),
    ] {
        stage.server.push(reply);
    }
    assert_eq!(stage.send(&Thing::post()).unwrap(), Body { id: 1 });
    assert_eq!(stage.sent(), 4);
}

#[test]
fn a_refused_write_is_known_not_to_be_applied() {
    for status in [400, 403, 404, 409, 412, 422] {
        let stage = Stage::new();
        stage.server.push(Reply::status(status));
        let error = stage.send(&Thing::post()).unwrap_err();
        assert!(!error.is_outcome_unknown() && !error.is_not_sent(), "{status}");
        assert_eq!((error.status().unwrap().as_u16(), stage.sent()), (status, 1));
    }
}

#[test]
fn what_may_have_been_applied_once_stays_unknown_whatever_comes_after() {
    let stage = Stage::new();
    stage.server.push(Reply::fails(Kind::Timeout));
    stage.server.push(Reply::status(400));
    let error = stage.send(&Thing::post().idempotent()).unwrap_err();
    assert!(error.is_invalid() && error.is_outcome_unknown());

    let stage = Stage::with(|builder| builder.retry(RetryPolicy::default().max_retries(1)));
    stage.server.push(Reply::fails(Kind::Timeout));
    stage.server.push(Reply::fails(Kind::Connect));
    let error = stage.send(&Thing::post().idempotent()).unwrap_err();
    assert!(error.is_connect() && error.is_outcome_unknown() && !error.is_not_sent());
    assert!(error.is_exhausted());
}

#[test]
fn a_repeated_delete_that_meets_404_has_succeeded() {
    let stage = Stage::new();
    stage.server.push(Reply::fails(Kind::Interrupted));
    stage.server.push(Reply::status(404));
    assert_eq!(stage.send(&Thing::delete()).unwrap(), Body::default());

    for first in [None, Some(Reply::fails(Kind::Connect)), Some(Reply::status(429))] {
        let stage = Stage::new();
        if let Some(reply) = first {
            stage.server.push(reply);
        }
        stage.server.push(Reply::status(404));
        let error = stage.send(&Thing::delete()).unwrap_err();
        assert!(error.is_not_found() && !error.is_outcome_unknown(), "nothing of ours deleted it");
    }
}

#[test]
fn waits_grow_with_jitter_and_follow_the_server() {
    let stage = Stage::new();
    stage.server.push(Reply::status(500));
    stage.server.push(Reply::status(503).header("retry-after", "40"));
    stage.server.push(Reply::status(503).header("retry-after", "100000"));
    stage.server.push(Reply::json(OK));
    stage.send(&Thing::get()).unwrap();
    let at: Vec<_> = stage.server.requests().iter().map(|request| request.at.since_origin()).collect();
    assert!(at[1] - at[0] <= Duration::from_millis(500));
    assert!(at[2] - at[1] >= secs(40) && at[2] - at[1] < secs(45));
    assert!(at[3] - at[2] >= secs(180) && at[3] - at[2] < secs(185), "a wait is believed within reason");
}

#[test]
fn retries_end_and_say_so() {
    let stage = Stage::new();
    for _ in 0..10 {
        stage.server.push(Reply::status(500));
    }
    let error = stage.send(&Thing::get()).unwrap_err();
    assert!(error.is_server() && error.is_exhausted() && !error.is_outcome_unknown());
    assert_eq!((error.attempts(), stage.sent()), (4, 4));
}

#[test]
fn options_switch_retries_off_and_override_what_an_endpoint_says() {
    let stage = Stage::new();
    stage.server.push(Reply::status(500));
    let options = CallOptions::new().without_retries();
    assert!(stage.clock.block_on(stage.client.send_with(&Thing::get(), &options)).is_err());
    assert_eq!(stage.sent(), 1);

    let stage = Stage::new();
    stage.server.push(Reply::status(500));
    stage.server.push(Reply::json(OK));
    let options = CallOptions::new().idempotency(Idempotency::Idempotent);
    assert!(stage.clock.block_on(stage.client.send_with(&Thing::post(), &options)).is_ok());
    assert_eq!(stage.sent(), 2);
}

#[test]
fn the_budget_bounds_retries_over_all_calls() {
    let stage = Stage::with(|builder| builder.retry_budget(10).concurrency(50));
    let server = rest_core::test_util::ReplayTransport::with(stage.clock.clone(), |_| Reply::status(500));
    let client = rest_core::client::HttpClient::builder("https://api.example.com".parse().unwrap())
        .transport(server.clone())
        .clock(stage.clock.clone())
        .retry_budget(10)
        .build()
        .unwrap();
    for _ in 0..50 {
        assert!(stage.clock.block_on(client.send(&Thing::get())).is_err());
    }
    assert_eq!(server.requests().len(), 60, "50 calls and 10 retries in all");
    assert_eq!(client.retries_left(), 0);
}

#[test]
fn the_deadline_covers_everything_and_knows_how_far_it_got() {
    // Before anything was sent: nothing is unknown.
    let limit = rest_core::limit::RateLimit::new(1, secs(3600));
    let stage = Stage::with(|builder| builder.rate_limit(limit).deadline(Some(secs(5))));
    stage.server.push(Reply::json(OK));
    stage.send(&Thing::post()).unwrap();
    let error = stage.send(&Thing::post()).unwrap_err();
    assert!(error.is_deadline() && error.is_timeout() && error.is_not_sent());
    assert_eq!((error.attempts(), error.elapsed()), (0, secs(5)));

    // While it is under way: a write's outcome is unknown, a read's never is.
    for (thing, unknown) in [(Thing::post(), true), (Thing::delete(), true), (Thing::get(), false)] {
        let stage = Stage::with(|builder| builder.deadline(Some(secs(5))));
        stage.server.push(Reply::json(OK).after(secs(20)));
        let error = stage.send(&thing).unwrap_err();
        assert!(error.is_deadline() && !error.is_not_sent());
        assert_eq!(error.is_outcome_unknown(), unknown);
        assert_eq!((error.attempts(), stage.clock.elapsed()), (1, secs(5)));
    }

    // A wait that would outlast it is not begun.
    let stage = Stage::with(|builder| builder.deadline(Some(secs(60))));
    stage.server.push(Reply::status(503).header("retry-after", "100"));
    let error = stage.send(&Thing::get()).unwrap_err();
    assert!(error.is_throttled() && error.is_exhausted());
    assert_eq!(error.retry_after(), Some(secs(100)));
    assert_eq!(stage.clock.elapsed(), secs(0));
}

#[test]
fn each_attempt_has_its_own_timeout() {
    let stage = Stage::with(|builder| builder.attempt_timeout(secs(2)));
    stage.server.push(Reply::never());
    stage.server.push(Reply::json(OK).after(Duration::from_millis(1999)));
    assert!(stage.send(&Thing::get()).is_ok());
    assert!(stage.clock.elapsed() >= Duration::from_millis(3999));
}

#[test]
fn a_request_that_cannot_be_built_is_not_repeated() {
    let stage = Stage::new();
    stage.server.push(Reply::fails(Kind::Request));
    let error = stage.send(&Thing::get()).unwrap_err();
    assert!(error.is_configuration() && error.is_not_sent());
    assert_eq!(stage.sent(), 1);
}
