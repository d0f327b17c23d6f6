//! Settings of single calls, and of clones.

use rest_core::client::CallOptions;
use rest_core::test_util::Reply;
use rest_core::transport::TransportErrorKind as Kind;

use super::*;

const fn shared_and_shown<T: Clone + Send + Sync + std::fmt::Debug>() {}

#[test]
fn clients_can_be_cloned_shared_and_shown() {
    const {
        shared_and_shown::<HttpClient>();
        shared_and_shown::<CallOptions>();
        shared_and_shown::<Error>();
        shared_and_shown::<rest_core::limit::RateLimiter>();
    }
}

fn header(name: &'static str, value: &'static str) -> CallOptions {
    CallOptions::new().header(name.parse().unwrap(), value.parse().unwrap())
}

#[test]
fn a_call_may_be_declared_idempotent_and_then_is_repeated() {
    let stage = Stage::new();
    stage.server.push(Reply::fails(Kind::Interrupted));
    stage.server.push(Reply::json(OK));
    let options = CallOptions::new().idempotency(Idempotency::Idempotent);
    let client = stage.client.with_options(options);
    stage.clock.block_on(client.send(&Thing::post())).unwrap();
    assert_eq!(stage.sent(), 2);
}

#[test]
fn a_call_may_give_up_at_once_or_after_a_time_of_its_own() {
    let stage = Stage::new();
    stage.server.push(Reply::status(500));
    let once = CallOptions::new().without_retries();
    stage.clock.block_on(stage.client.send_with(&Thing::get(), &once)).unwrap_err();
    assert_eq!(stage.sent(), 1);

    let stage = Stage::with(|builder| builder.attempt_timeout(secs(30)).deadline(Some(secs(600))));
    for _ in 0..50 {
        stage.server.push(Reply::json(OK).after(secs(8)));
    }
    let hasty = stage.client.with_options(CallOptions::new().attempt_timeout(secs(5)).deadline(secs(12)));
    let error = stage.clock.block_on(hasty.send(&Thing::get())).unwrap_err();
    assert!(error.is_timeout() && stage.clock.elapsed() <= secs(12), "{error} {:?}", stage.clock.elapsed());
    // The other clone keeps its own.
    stage.clock.block_on(stage.client.send(&Thing::get())).unwrap();
}

#[test]
fn a_call_may_give_up_after_a_timeout_and_repeat_all_else() {
    let options = CallOptions::new().without_retries_of_timeouts();
    for (reply, sent) in [
        (Reply::status(504), 1),
        (Reply::never(), 1),
        (Reply::fails(rest_core::transport::TransportErrorKind::Timeout), 1),
        (Reply::status(502), 2),
        (Reply::fails(rest_core::transport::TransportErrorKind::Connect), 2),
    ] {
        let stage = Stage::new();
        stage.server.push(reply);
        stage.server.push(Reply::json(OK));
        let clone = stage.client.with_options(options.clone());
        let result = stage.clock.block_on(clone.send(&Thing::get()));
        assert_eq!((stage.sent(), result.is_ok()), (sent, sent == 2), "{result:?}");
    }
}

#[test]
fn an_attempt_has_a_second_more_for_every_128_kib_that_it_sends() {
    let put = |bytes: usize| {
        http::Request::put("https://files.example.com/x").body(Bytes::from(vec![b'x'; bytes])).unwrap()
    };
    let once = CallOptions::new().attempt_timeout(secs(10)).without_retries();
    for (bytes, takes, arrives) in
        [(100, 9, true), (100, 11, false), (20 * (128 << 10), 29, true), (20 * (128 << 10), 31, false)]
    {
        let stage = Stage::new();
        stage.server.push(Reply::json(OK).after(secs(takes)));
        let sent = stage.clock.block_on(stage.client.send_foreign(put(bytes), &once));
        assert_eq!(sent.is_ok(), arrives, "{bytes} bytes in {takes} s");
    }
}

#[test]
fn a_clones_settings_hold_for_all_its_calls_and_a_calls_own_come_first() {
    let stage = Stage::new();
    for _ in 0..4 {
        stage.server.push(Reply::json(OK));
    }
    let clone = stage.client.with_options(header("x-one", "clone")).with_options(header("x-two", "clone"));
    stage.clock.block_on(async {
        clone.send(&Thing::get()).await.unwrap();
        clone.send_with(&Thing::get(), &header("x-two", "call")).await.unwrap();
        let raw = http::Request::get("/things").body(Bytes::new()).unwrap();
        clone.raw(raw, &CallOptions::new()).await.unwrap();
        let elsewhere = http::Request::get("https://other.example/").body(Bytes::new()).unwrap();
        clone.send_foreign(elsewhere, &CallOptions::new()).await.unwrap();
    });
    let seen: Vec<_> = stage
        .server
        .requests()
        .iter()
        .map(|sent| (sent.header("x-one").map(str::to_owned), sent.header("x-two").map(str::to_owned)))
        .collect();
    let pair = |one: &str, two: &str| (Some(one.to_owned()), Some(two.to_owned()));
    assert_eq!(
        seen,
        [pair("clone", "clone"), pair("clone", "call"), pair("clone", "clone"), (None, None)],
        "headers for the own server stay away from others"
    );
}

#[test]
fn a_cap_of_a_call_is_its_own() {
    let stage = Stage::new();
    stage.server.push(Reply::json(OK));
    let small = CallOptions::new().body_cap(3);
    let error = stage.clock.block_on(stage.client.send_with(&Thing::get(), &small)).unwrap_err();
    assert!(error.is_body_too_large(), "{error}");
}

#[test]
fn an_answer_can_be_read_into_another_type() {
    #[derive(serde::Deserialize)]
    struct Mine {
        id: String,
    }
    let stage = Stage::new();
    stage.server.push(Reply::json(r#"{"id":"seven"}"#));
    let mine: Mine = stage.clock.block_on(stage.client.send_as(&Thing::get(), &CallOptions::new())).unwrap();
    assert_eq!(mine.id, "seven");
    stage.server.push(Reply::json(r#"{"id":7}"#));
    let unreadable = stage.clock.block_on(stage.client.send_as::<Mine>(&Thing::get(), &CallOptions::new()));
    assert!(unreadable.err().unwrap().is_decode());
}
