//! Many links, few changes: what a run asks of the servers follows the changes, not the links.

use e2e::{Size, State, grow};
use serde_json::{Value, json};

use crate::budgets::IDLE;
use crate::story;

/// What was found out about a run over `links` links of which `dirty` had changed.
async fn run(links: usize, dirty: usize) {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let like = state
        .pairs
        .values()
        .find(|pair| {
            pair.project.is_none() && pair.opportunity.is_some() && pair.item["status_id"] == "st_qualified"
        })
        .unwrap();
    // A page of a large world takes its time in a sandbox that was built for tests.
    for (key, short, long) in
        [("request_timeout", "300ms", "20s"), ("deadline", "4s", "60s"), ("settle", "300ms", "20s")]
    {
        desk.configure(&format!("\n{key} = \"{short}\""), &format!("\n{key} = \"{long}\""));
    }
    let items = grow(&desk, like, links).await;
    desk.configure("updates = 500\n", &format!("updates = {links}\n"));

    // Clean at first: one run settles what nobody has looked at yet, without a write.
    let before = desk.counts().await;
    let (first, cold) = desk.measured(&["sync"]).await;
    assert_eq!(first.code, 0, "{first:?}");
    let after = desk.counts().await;
    let writes = |counts: &Value| [counts["halo"]["writes"].clone(), counts["hit"]["writes"].clone()];
    assert_eq!(writes(&after), writes(&before));

    // What may have changed while that long read went on is asked for once more.
    let again = desk.run(&["sync"]).await;
    assert_eq!(again.code, 0, "{again:?}");

    // An idle run asks for one list per record kind and side.
    let before = desk.requests().await;
    let (idle, warm) = desk.measured(&["sync"]).await;
    assert_eq!(idle.code, 0, "{idle:?}");
    let after = desk.requests().await;
    assert_eq!((after.0 - before.0, after.1 - before.1), IDLE, "an idle run");

    // One in a hundred is renamed: each costs the read that verifies it, and its write. The list of changes holds them
    // and the newest record, to which every read reaches back; HIT's pages hold 200.
    let step = links / dirty;
    let renamed = items.iter().step_by(step).take(dirty).enumerate();
    let edits = renamed
        .map(|(number, item)| json!({"side": "hit", "item_id": item, "set": {"name": format!("Renamed {number}")}}));
    desk.edit(edits.collect()).await;
    let before = desk.requests().await;
    let (changed, busy) = desk.measured(&["sync"]).await;
    assert_eq!(changed.code, 2, "{changed:?}");
    let after = desk.requests().await;
    let pages = u64::try_from((dirty + 1).div_ceil(200)).unwrap();
    let dirty = u64::try_from(dirty).unwrap();
    let expected = (IDLE.0 + 2 * dirty, IDLE.1 + pages - 1);
    assert_eq!((after.0 - before.0, after.1 - before.1), expected, "{dirty} of {links} changed");
    desk.assert_unharmed("after a change in a hundred").await;
    let last = desk.run(&["sync"]).await;
    assert_eq!(last.code, 0, "{last:?}");
    tell(links, dirty, [cold, warm, busy]);
}

#[allow(clippy::print_stdout, reason = "figures for BENCHMARKS.md")]
fn tell(links: usize, dirty: u64, [cold, warm, busy]: [e2e::Load; 3]) {
    let shown = |load: e2e::Load| format!("{:.2} s, {} MB", load.took.as_secs_f64(), load.memory / 1_000_000);
    println!(
        "{links} links: first run {}; idle {}; {dirty} changed {} ({:.1} ms per change)",
        shown(cold),
        shown(warm),
        shown(busy),
        (busy.took.as_secs_f64() - warm.took.as_secs_f64()) * 1_000.0 / dirty as f64
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_in_a_hundred_of_many_links_costs_what_it_has_to() {
    run(2_000, 20).await;
}

/// `E2E_LINKS` links, 10,000 if it is not set; one in a hundred is changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long; .ci/deep runs it"]
async fn ten_thousand_links() {
    let links = std::env::var("E2E_LINKS").ok().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    run(links, links / 100).await;
}
