//! How well the rate window is used, counted at the server in virtual time: sends in the fullest window
//! (more than the limit would be a violation) and the share of the allowance that a saturated client gets.
//!
//! `cargo bench -p rest-core --bench window` prints one line per limit and way of sending.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use rest_core::clock::Sleep;
use rest_core::limit::{RateLimit, RateLimiter};
use rest_core::test_util::ManualClock;

/// When requests arrive at a server that answers after `latency`, with so many senders that never rest.
fn arrivals(limit: RateLimit, latency: Duration, senders: u32, windows: u32) -> Vec<Duration> {
    let clock = ManualClock::new();
    let limiter = RateLimiter::new(Some(limit), clock.clone());
    let arrivals = Mutex::new(Vec::new());
    let mut random = fastrand::Rng::with_seed(u64::from(limit.max()));
    let parts: Vec<f64> = (0..senders).map(|_| random.f64()).collect();
    let sender = |part: f64| {
        let (clock, limiter, arrivals) = (&clock, &limiter, &arrivals);
        async move {
            while clock.elapsed() <= limit.per() * windows {
                let mut permit = limiter.acquire().await;
                permit.stamp();
                // The request is under way for a part of the latency, the answer for the rest; every sender's
                // network is another one, so requests overtake each other.
                let there = latency.mul_f64(part);
                clock.sleep(there).await;
                arrivals.lock().unwrap().push(clock.elapsed());
                clock.sleep(latency - there).await;
                permit.accepted();
            }
        }
    };
    clock.block_on(join_all(parts.into_iter().map(sender)));
    let mut arrivals = arrivals.into_inner().unwrap();
    arrivals.sort_unstable();
    arrivals
}

/// The most arrivals that any stretch of this length holds.
fn fullest(arrivals: &[Duration], length: Duration) -> usize {
    let (mut fullest, mut from) = (0, 0);
    for to in 0..arrivals.len() {
        while arrivals[to] - arrivals[from] >= length {
            from += 1;
        }
        fullest = fullest.max(to - from + 1);
    }
    fullest
}

fn main() {
    const WINDOWS: u32 = 200;
    const SENDERS: u32 = 64;
    println!("limit        latency   fullest window   used of the allowance");
    for (max, seconds, latencies) in
        [(500, 180, [40, 1_000]), (60, 60, [40, 1_000]), (450, 300, [40, 1_000]), (500, 3, [5, 40])]
    {
        for latency in latencies {
            let limit = RateLimit::new(max, Duration::from_secs(seconds));
            let latency = Duration::from_millis(latency);
            let arrivals = arrivals(limit, latency, SENDERS, WINDOWS);
            // From the end of the first burst on: a window that begins full would flatter the rest.
            let (begin, end) = (limit.per(), limit.per() * WINDOWS);
            let counted = arrivals.iter().filter(|at| (begin..end).contains(at)).count();
            println!(
                "{:<12} {:>4} ms   {:>7} of {max:<5} {:>8.1} %",
                format!("{max}/{seconds} s"),
                latency.as_millis(),
                fullest(&arrivals, limit.per()),
                counted as f64 / f64::from(max * (WINDOWS - 1)) * 100.0,
            );
        }
    }
}
