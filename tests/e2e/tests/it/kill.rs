//! `kill -9` at any moment of `sync`, then `sync` again: the same end, nothing twice.

use std::time::{Duration, Instant};

use e2e::{Desk, Size, State};
use futures_util::StreamExt as _;

use crate::story;

/// How long an unkilled first run and an unkilled run after a day of edits take, and what both systems hold in the end.
struct Unkilled {
    first: Duration,
    second: Duration,
    end: String,
}

#[allow(clippy::disallowed_methods, reason = "the length of a run of a real process")]
async fn timed(desk: &Desk) -> Duration {
    let start = Instant::now();
    desk.run(&["sync"]).await;
    start.elapsed()
}

async fn unkilled(size: &Size) -> Unkilled {
    let desk = story::answered(size).await;
    let first = timed(&desk).await;
    story::rest(&desk).await;
    desk.edit(story::day(&State::read(&desk).await)).await;
    let second = timed(&desk).await;
    story::rest(&desk).await;
    Unkilled { first, second, end: State::read(&desk).await.text() }
}

/// The same story, with `sync` killed after these shares of its length; whether it was killed at all.
async fn killed(size: &Size, unkilled: &Unkilled, share: f64) -> bool {
    let when = format!("killed at {share:.3} of the run");
    let desk = story::answered(size).await;
    let first = desk.kill_after(&["sync"], unkilled.first.mul_f64(share)).await;
    story::rest(&desk).await;
    desk.assert_unharmed(&when).await;
    desk.edit(story::day(&State::read(&desk).await)).await;
    let second = desk.kill_after(&["sync"], unkilled.second.mul_f64(share)).await;
    story::rest(&desk).await;
    desk.assert_unharmed(&when).await;
    let end = State::read(&desk).await.text();
    assert_eq!(end, unkilled.end, "{when}");
    !(first && second)
}

async fn at_moments(count: u32, size: &Size) {
    let unkilled = unkilled(size).await;
    let shares = (0..count).map(|moment| f64::from(moment + 1) / f64::from(count + 1));
    let runs = futures_util::stream::iter(shares.map(|share| killed(size, &unkilled, share)));
    // Some at once: most of a run is waiting, and a loaded machine moves the moments about.
    let kills = runs.buffer_unordered(4).filter(|killed| std::future::ready(*killed)).count().await;
    let count = usize::try_from(count).unwrap();
    assert!(kills * 3 >= count, "only {kills} of {count} runs were still going when they were killed");
}

#[tokio::test]
async fn killed_at_some_moments() {
    at_moments(15, &Size::default()).await;
}

/// `E2E_KILLS` moments, 200 if it is not set.
#[tokio::test]
#[ignore = "long; .ci/deep runs it"]
async fn killed_at_many_moments() {
    let count = std::env::var("E2E_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(200);
    at_moments(count, &Size { clients: 3, ..Size::default() }).await;
}
