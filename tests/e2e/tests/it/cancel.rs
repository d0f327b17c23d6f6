//! A run whose future is dropped at an await, whichever: the next one goes on, and nothing is lost or done twice.
//!
//! Processes that are killed (`kill`) take everything with them. A dropped future leaves the process, its sockets and
//! its database connections alive, and what is dropped must let go of the lease.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use e2e::{Desk, Pair, People, Size, State};
use halo_hit::app::App;
use halo_hit::engine::{Engine, Reach, Silent};
use halo_hit::exit::{Exit, Failure};
use halo_hit::secrets::Secrets;
use serde_json::{Value, json};

use crate::story;

/// After how many rounds the desks are new: each round leaves one more pair behind, and the checks look at all of them.
const ROUNDS_PER_DESK: usize = 50;

/// Drops the future when it has waited for the n-th time; counts how often it has.
struct Cut<F> {
    work: Pin<Box<F>>,
    waited: usize,
    at: usize,
}

impl<F: Future> Future for Cut<F> {
    /// Nothing if it was cut off; and the number of waits.
    type Output = (Option<F::Output>, usize);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready((Some(done), self.waited)),
            Poll::Pending => {
                self.waited += 1;
                if self.waited >= self.at { Poll::Ready((None, self.waited)) } else { Poll::Pending }
            }
        }
    }
}

fn cut<F: Future>(at: usize, work: F) -> Cut<F> {
    Cut { work: Box::pin(work), waited: 0, at }
}

/// What `sync` does, in this process.
async fn sync(desk: &Desk) -> Result<Exit, Failure> {
    let app = App::open(&desk.path("halo-hit.toml"), Duration::ZERO).await?;
    let lease = app.lease("trial").await?;
    let secrets = Secrets {
        halo: desk.info().halo_integration.client_secret.clone().into(),
        hit: desk.info().hit.api_key.clone().into(),
    };
    let systems = app.connect(&secrets).await?;
    let engine = Engine::new(&app, &systems);
    let view = engine.read(&lease, Reach::Changes).await?;
    let planned = engine.plan(&view);
    engine.remember(&lease, &view, &planned, None).await?;
    let done = engine.carry_out(&lease, &view, &planned, None, "trial", &Silent).await?;
    Ok(done.exit)
}

/// New engines until nothing is written twice in a row.
async fn settle(desk: &Desk, when: &str) {
    let mut quiet = 0;
    for _ in 0..40 {
        let before = desk.writes().await;
        let exit = sync(desk).await.unwrap_or_else(|failure| panic!("{when}: {failure:?}"));
        quiet = if exit == Exit::Done && desk.writes().await == before { quiet + 1 } else { 0 };
        if quiet == 2 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
    panic!("{when}: does not come to rest");
}

/// A desk in step, with waits as short as they may be.
async fn desk() -> Desk {
    let desk = story::in_step(&Size::default()).await;
    for (this, that) in [("request_timeout = \"300ms\"", "120ms"), ("settle = \"300ms\"", "120ms")] {
        let (key, _) = this.split_once(" = ").unwrap();
        desk.configure(this, &format!("{key} = \"{that}\""));
    }
    desk
}

/// Edits in both directions, and something to create.
fn edits(desk: &Desk, state: &State, round: usize) -> Value {
    let of = |wanted: fn(&&Pair) -> bool| state.pairs.values().find(wanted).unwrap();
    let opportunity = of(|pair| pair.opportunity.is_some() && pair.project.is_none());
    let project = of(|pair| pair.project.is_some()).project.as_ref().unwrap();
    let day = format!("2027-{:02}-{:02}T18:00:00", round % 12 + 1, round % 27 + 1);
    let new =
        json!({"client_id": desk.clients()[0], "name": format!("New {round}"), "status_id": "st_qualified"});
    json!([
        {"side": "hit", "item_id": opportunity.item["id"], "set": {"name": format!("Renamed {round}")}},
        {"side": "halo", "ticket_id": project["id"], "set": {"targetdate": day}},
        {"side": "hit", "create": new},
    ])
}

/// Cuts `count` runs off, each at another wait; with none, one run at each of its waits.
#[allow(clippy::print_stdout, reason = "seeds and counts are told, for whoever has to repeat them")]
async fn cut_runs(count: usize) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seed = number("E2E_CUT_SEED").unwrap_or(1);
    let (mut whole, mut torn) = tokio::join!(desk(), desk());
    let mut chance = People::new(seed);
    let (mut waits, mut done, mut round) = (0, 0, 0);
    loop {
        if round > 0 && round % ROUNDS_PER_DESK == 0 {
            (whole, torn) = tokio::join!(desk(), desk());
        }
        let both = [&whole, &torn];
        for desk in both {
            desk.edit(edits(desk, &State::read(desk).await, round)).await;
        }
        let (ended, waited) = cut(usize::MAX, sync(&whole)).await;
        assert_eq!(ended.unwrap().unwrap(), Exit::Changes, "round {round}");
        waits = waits.max(waited);
        let at = if count == 0 { round + 1 } else { 1 + chance.below(waits) };
        let when = format!("seed {seed}, round {round}, dropped at wait {at} of about {waits}");
        let (ended, _) = cut(at, sync(&torn)).await;
        done += usize::from(ended.is_none());
        // The lease is free at once: this process goes on, and does not wait for it.
        let app = App::open(&torn.path("halo-hit.toml"), Duration::ZERO).await.unwrap();
        drop(app.lease("next").await.unwrap_or_else(|failure| panic!("{when}: {failure:?}")));
        tokio::join!(settle(&whole, &when), settle(&torn, &when));
        torn.assert_unharmed(&when).await;
        let (end, same) = (State::read(&torn).await, State::read(&whole).await);
        assert_eq!(end.text(), same.text(), "{when}");
        assert_eq!(end.discord(&story::undecided(&torn).await), Vec::<String>::new(), "{when}");
        round += 1;
        // How often a run waits differs from run to run: the longest one counts.
        let last = if count == 0 { at > waits } else { round == count };
        if last {
            break;
        }
    }
    println!("seed {seed} (E2E_CUT_SEED): {done} of {round} runs dropped, of about {waits} waits");
    assert!(done > 0, "no run was dropped");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_dropped_at_some_awaits_lose_nothing() {
    cut_runs(6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long; .ci/deep runs it"]
async fn runs_dropped_at_every_await_lose_nothing() {
    cut_runs(0).await;
}
