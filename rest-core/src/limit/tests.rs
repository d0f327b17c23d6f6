use std::collections::VecDeque;

use futures_util::FutureExt;
use futures_util::future::join_all;
use proptest::prelude::*;

use super::*;
use crate::clock::{Clock, Sleep};
use crate::test_util::ManualClock;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn at(millis: u64) -> Moment {
    Moment::from_origin(Duration::from_millis(millis))
}

/// The most arrivals that any stretch of this length holds, from its first arrival on.
fn fullest(arrivals: &mut [u64], length: u64) -> usize {
    arrivals.sort_unstable();
    let mut fullest = 0;
    let mut from = 0;
    for to in 0..arrivals.len() {
        while arrivals[to] - arrivals[from] >= length {
            from += 1;
        }
        fullest = fullest.max(to - from + 1);
    }
    fullest
}

#[derive(Clone, Debug)]
enum Act {
    Wait(u64),
    Reserve,
    /// Stamps the oldest reservation; its request arrives after so many per cent of its time under way.
    Send(u8),
    Settle,
    GiveBack,
    Refused(Option<u64>),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (0_u64..400).prop_map(Act::Wait),
        6 => Just(Act::Reserve),
        5 => (0_u8..=100).prop_map(Act::Send),
        5 => Just(Act::Settle),
        1 => Just(Act::GiveBack),
        1 => proptest::option::of(0_u64..3000).prop_map(Act::Refused),
    ];
    proptest::collection::vec(act, 0..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever the order of events, and whenever between sending and answer a request arrives: no stretch of
    /// one window length holds more arrivals than the limit.
    #[test]
    fn no_window_ever_holds_more_than_the_limit(max in 1_u32..12, per in 1_u64..2000, acts in acts()) {
        let mut window = RateWindow::new(RateLimit::new(max, Duration::from_millis(per)));
        let (mut now, mut reserved) = (0_u64, 0_u32);
        let mut under_way: VecDeque<(u64, u8)> = VecDeque::new();
        let mut arrivals = Vec::new();
        for act in acts {
            match act {
                Act::Wait(millis) => now += millis,
                Act::Reserve => match window.reserve(at(now)) {
                    Ok(()) => reserved += 1,
                    Err(Full::Until(moment)) => prop_assert!(moment > at(now), "a wait must pass time"),
                    Err(Full::UntilOneEnds) => prop_assert!(reserved > 0 || !under_way.is_empty(), "waits for nothing"),
                },
                Act::Send(place) if reserved > 0 => {
                    reserved -= 1;
                    window.stamp();
                    under_way.push_back((now, place));
                }
                Act::Settle => if let Some((sent, place)) = under_way.pop_front() {
                    arrivals.push(sent + (now - sent) * u64::from(place) / 100);
                    window.settle(at(now));
                },
                Act::GiveBack if reserved > 0 => {
                    reserved -= 1;
                    window.give_back();
                }
                Act::Refused(wait) => {
                    let until = window.refused(at(now), wait.map(Duration::from_millis));
                    prop_assert!(window.effective() >= 1 && window.effective() <= max);
                    if until > at(now) {
                        prop_assert_eq!(window.reserve(at(now)), Err(Full::Until(until)), "frozen for everybody");
                    }
                }
                Act::Send(_) | Act::GiveBack => {}
            }
        }
        // Those still under way may have arrived at any time until now.
        arrivals.extend(under_way.into_iter().map(|(sent, place)| sent + (now - sent) * u64::from(place) / 100));
        prop_assert!(fullest(&mut arrivals, per) <= max as usize);
    }
}

#[test]
fn a_saturated_window_is_used_to_more_than_ninety_five_per_cent() {
    for (max, per) in [(500, secs(180)), (60, secs(60)), (500, secs(3)), (1, secs(1))] {
        let clock = ManualClock::new();
        let limiter = RateLimiter::new(Some(RateLimit::new(max, per)), clock.clone());
        let arrivals = Mutex::new(Vec::new());
        let latency = per / 1000;
        let windows = 5;
        let worker = || async {
            loop {
                let mut permit = limiter.acquire().await;
                if clock.elapsed() > per * windows {
                    break;
                }
                permit.stamp();
                clock.sleep(latency / 2).await;
                arrivals.lock().unwrap().push(u64::try_from(clock.elapsed().as_micros()).unwrap());
                clock.sleep(latency / 2).await;
                permit.accepted();
            }
        };
        clock.block_on(join_all((0..max.min(16)).map(|_| worker())));
        let mut arrivals = arrivals.into_inner().unwrap();
        let allowed = max * windows;
        assert!(
            arrivals.len() as f64 > f64::from(allowed) * 0.95,
            "{} of {allowed} in {per:?}",
            arrivals.len()
        );
        let per = u64::try_from(per.as_micros()).unwrap();
        assert!(fullest(&mut arrivals, per) <= max as usize, "{max} in {per} us");
    }
}

#[test]
fn a_refusal_freezes_everybody_and_nobody_burns_requests() {
    let clock = ManualClock::new();
    let limiter = RateLimiter::new(Some(RateLimit::new(10, secs(60))), clock.clone());
    clock.block_on(async {
        let mut permit = limiter.acquire().await;
        permit.stamp();
        permit.refused(Some(secs(30)));
        let waits = join_all((0..5).map(|_| limiter.acquire())).await;
        assert_eq!(clock.elapsed(), secs(30));
        drop(waits);
    });
}

#[test]
fn an_unlimited_limiter_still_freezes() {
    let clock = ManualClock::new();
    let limiter = RateLimiter::new(None, clock.clone());
    clock.block_on(async {
        let permits: Vec<_> = join_all((0..1000).map(|_| limiter.acquire())).await;
        assert_eq!(clock.elapsed(), secs(0));
        drop(permits);
        limiter.refused(Some(secs(7)));
        drop(limiter.acquire().await);
        assert_eq!(clock.elapsed(), secs(7));
    });
    assert_eq!(limiter.status().effective, None);
}

#[test]
fn refusals_lower_the_limit_once_per_episode_and_quiet_times_raise_it() {
    let mut window = RateWindow::new(RateLimit::new(100, secs(60)));
    let send = |window: &mut RateWindow, now| {
        window.reserve(at(now)).unwrap();
        window.stamp();
        window.settle(at(now));
    };
    for _ in 0..80 {
        send(&mut window, 0);
    }
    window.refused(at(10), Some(secs(20)));
    assert_eq!(window.effective(), 79, "the server let 79 through before it refused");
    window.refused(at(20), Some(secs(20)));
    assert_eq!(window.effective(), 79, "answers of the same episode teach nothing new");
    // Refused with next to nothing sent: somebody else uses the allowance, or it was bad luck.
    window.accepted();
    window.refused(at(200_000), Some(secs(1)));
    assert_eq!(window.effective(), 79, "one refusal says little when most of the window is unused");
    window.refused(at(210_000), Some(secs(1)));
    assert_eq!(window.effective(), 59, "two in a row do, but never below three quarters at once");
    for round in 1..20 {
        window.refused(at(210_000 + round * 10_000), Some(secs(1)));
    }
    assert_eq!(window.effective(), 12, "never below an eighth of the limit");
    window.reserve(at(20_000_000)).unwrap();
    assert_eq!(window.effective(), 100, "long after, it is as configured");
}

#[test]
fn without_a_wait_refusals_freeze_longer_and_longer() {
    let mut window = RateWindow::new(RateLimit::new(100, secs(60)));
    let mut now = 0;
    let mut waits = Vec::new();
    for _ in 0..6 {
        let until = window.refused(at(now), None);
        waits.push(until.since(at(now)).as_secs());
        now = u64::try_from(until.since_origin().as_millis()).unwrap();
    }
    assert_eq!(waits, [3, 6, 12, 24, 48, 60]);
    window.accepted();
    assert_eq!(window.refused(at(now), None).since(at(now)), secs(3));
}

#[test]
fn a_dropped_permit_gives_its_room_back_and_a_dropped_wait_its_turn() {
    let clock = ManualClock::new();
    let limiter = RateLimiter::new(Some(RateLimit::new(1, secs(60))), clock.clone());
    let permit = limiter.acquire().now_or_never().unwrap();
    {
        let first = limiter.acquire();
        let mut first = std::pin::pin!(first);
        assert!(first.as_mut().now_or_never().is_none());
    }
    let mut second = std::pin::pin!(limiter.acquire());
    assert!(second.as_mut().now_or_never().is_none());
    drop(permit);
    let permit = second.now_or_never().expect("the room is free at once");
    assert_eq!(limiter.status().used, 1);
    drop(permit);
    assert_eq!(limiter.status().used, 0);
}

#[test]
fn a_request_that_is_given_up_counts_from_then() {
    let clock = ManualClock::new();
    let limiter = RateLimiter::new(Some(RateLimit::new(1, secs(60)).fixed()), clock.clone());
    clock.block_on(async {
        let mut permit = limiter.acquire().await;
        permit.stamp();
        clock.sleep(secs(20)).await;
        drop(permit);
        drop(limiter.acquire().await);
    });
    assert_eq!(clock.elapsed(), secs(80) + RateLimit::new(1, secs(60)).margin());
}

#[test]
fn the_window_outlives_the_program() {
    let limit = RateLimit::new(3, secs(60));
    let clock = ManualClock::new();
    clock.advance(secs(1000));
    let before = RateLimiter::new(Some(limit), clock.clone());
    clock.block_on(async {
        for _ in 0..3 {
            before.acquire().await.stamp();
        }
    });
    clock.advance(secs(10));
    let stored = before.recent();
    assert_eq!(stored.len(), 3);

    let after = RateLimiter::new(Some(limit), clock.clone());
    after.preload(stored);
    after.preload([clock.wall() - secs(3600)]);
    assert_eq!(after.status().used, 3);
    let started = clock.elapsed();
    clock.block_on(async { drop(after.acquire().await) });
    assert_eq!(clock.elapsed() - started, secs(50) + limit.margin());
}

#[test]
fn turns_come_in_the_order_of_asking() {
    let clock = ManualClock::new();
    let limiter = RateLimiter::new(Some(RateLimit::new(1, secs(1))), clock.clone());
    let order = Mutex::new(Vec::new());
    clock.block_on(join_all((0..5).map(|number| {
        let (limiter, order) = (&limiter, &order);
        async move {
            let mut permit = limiter.acquire().await;
            permit.stamp();
            order.lock().unwrap().push(number);
        }
    })));
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn limits_at_the_edge_of_the_scale_are_limits_too() {
    for (max, per) in [(1, Duration::MAX), (u32::MAX, Duration::MAX), (u32::MAX, Duration::ZERO)] {
        let clock = ManualClock::new();
        let limiter = RateLimiter::new(Some(RateLimit::new(max, per)), clock.clone());
        limiter.preload([clock.wall()]);
        assert_eq!(limiter.acquire().now_or_never().is_some(), max > 1, "{max} in {per:?}");
    }
    // A learned limit rises again, up to the highest that there is.
    let mut window = RateWindow::new(RateLimit::new(u32::MAX, secs(1)));
    for _ in 0..2 {
        window.refused(at(0), Some(Duration::ZERO));
    }
    assert!(window.effective() < u32::MAX);
    window.reserve(at(1_000_000)).unwrap();
    assert_eq!(window.effective(), u32::MAX);
}
