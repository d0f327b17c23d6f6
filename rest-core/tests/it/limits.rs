//! Rate and concurrency as the pipeline uses them.

use futures_util::future::join_all;
use rest_core::limit::RateLimit;
use rest_core::test_util::Reply;
use rest_core::transport::TransportErrorKind as Kind;

use super::*;

#[test]
fn every_attempt_takes_a_permit_of_its_own() {
    let stage = Stage::with(|builder| builder.rate_limit(RateLimit::new(2, secs(60)).fixed()));
    stage.server.push(Reply::status(500));
    stage.server.push(Reply::status(500));
    stage.server.push(Reply::json(OK));
    stage.send(&Thing::get()).unwrap();
    let at: Vec<_> = stage.server.requests().iter().map(|request| request.at.since_origin()).collect();
    assert!(at[1] < secs(1) && at[2] >= secs(60), "{at:?}");
}

#[test]
fn a_429_freezes_all_clones_and_costs_each_of_them_nothing() {
    let stage = Stage::with(|builder| builder.rate_limit(RateLimit::new(100, secs(60))).concurrency(100));
    stage.server.push(Reply::status(429).header("retry-after", "30"));
    for _ in 0..20 {
        stage.server.push(Reply::json(OK));
    }
    let first = stage.client.clone();
    let rest = stage.client.clone();
    let clock = stage.clock.clone();
    stage.clock.block_on(async {
        let refused = async { first.send(&Thing::post()).await };
        let others = async {
            rest_core::clock::Sleep::sleep(&clock, secs(1)).await;
            let thing = Thing::post();
            join_all((0..19).map(|_| rest.send(&thing))).await
        };
        let (refused, others) = futures_util::future::join(refused, others).await;
        assert!(refused.is_ok() && others.iter().all(Result::is_ok));
    });
    let at: Vec<_> = stage.server.requests().iter().map(|request| request.at.since_origin()).collect();
    assert_eq!(at.len(), 21);
    assert!(at[1..].iter().all(|at| *at >= secs(30)), "{at:?}");
}

#[test]
fn a_server_that_only_throttles_is_given_up_on() {
    let stage = Stage::with(|builder| builder.deadline(None));
    for _ in 0..50 {
        stage.server.push(Reply::status(429));
    }
    let error = stage.send(&Thing::get()).unwrap_err();
    assert!(error.is_throttled() && error.is_exhausted());
    assert_eq!(stage.sent(), 11);
}

#[test]
fn no_more_requests_are_under_way_than_allowed() {
    let stage = Stage::with(|builder| builder.concurrency(3));
    for _ in 0..10 {
        stage.server.push(Reply::json(OK).after(secs(1)));
    }
    let thing = Thing::get();
    let all = stage.clock.block_on(join_all((0..10).map(|_| stage.client.send(&thing))));
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(stage.server.most_under_way(), 3);
    assert_eq!(stage.clock.elapsed(), secs(4));
}

#[test]
fn a_dropped_call_gives_back_what_it_holds() {
    let stage = Stage::with(|builder| builder.concurrency(1).rate_limit(RateLimit::new(10, secs(60))));
    stage.server.push(Reply::never());
    stage.server.push(Reply::json(OK));
    let thing = Thing::get();
    {
        let waiting = stage.client.send(&thing);
        let sleep = rest_core::clock::Sleep::sleep(&stage.clock, secs(1));
        stage.clock.block_on(futures_util::future::select(Box::pin(waiting), sleep));
    }
    assert!(stage.send(&thing).is_ok());
    assert_eq!(stage.client.limiter().status().used, 2, "what was sent counts although nobody waited");
}

/// A server that counts as strictly as a server can, on its own clock, at the moment of arrival.
#[test]
fn a_saturated_client_never_provokes_a_refusal_and_uses_the_allowance() {
    let clock = ManualClock::new();
    let (max, per) = (50, secs(10));
    let arrivals = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&arrivals);
    let server = ReplayTransport::with(clock.clone(), move |request| {
        let mut seen = seen.lock().unwrap();
        let now = request.at.since_origin();
        let recent = seen.iter().filter(|at| now - **at < per).count();
        if recent >= max {
            return Reply::status(429);
        }
        seen.push(now);
        match seen.len() % 7 {
            0 => Reply::status(500),
            1 => Reply::fails(Kind::Timeout).after(Duration::from_millis(300)),
            _ => Reply::json(OK).after(Duration::from_millis(40)),
        }
    });
    let client = HttpClient::builder("https://api.example.com".parse().unwrap())
        .transport(server.clone())
        .clock(clock.clone())
        .rate_limit(RateLimit::new(50, per))
        .concurrency(16)
        .retry_budget(100_000)
        .deadline(None)
        .seed(1)
        .build()
        .unwrap();
    let thing = Thing::get();
    clock.block_on(async {
        let _ = join_all((0..800).map(|_| client.send(&thing))).await;
    });
    let accepted = arrivals.lock().unwrap().len();
    assert_eq!(server.requests().len(), accepted, "nothing was refused");
    let windows = (clock.elapsed().as_secs_f64() / per.as_secs_f64()).ceil();
    assert!(accepted as f64 >= 0.95 * (windows - 1.0) * max as f64, "{accepted} in {windows} windows");
    assert_eq!(client.limiter().status().effective, Some(50));
}
