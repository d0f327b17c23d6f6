//! Deliveries of webhooks out of the ordinary: lost, doubled, late; and storms of them, genuine or forged.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::faults::SideName;
use crate::world::World;

/// How many deliveries a storm may have.
const MOST: usize = 20_000;

/// A storm as it is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    side: SideName,
    /// How many deliveries; they go round the records.
    count: usize,
    /// Ids of tickets or items; all of the side when left out.
    #[serde(default)]
    records: Vec<Value>,
    /// Whether the proof is wrong.
    #[serde(default)]
    forged: bool,
    /// How many are under way at once.
    #[serde(default = "at_once")]
    at_once: usize,
}

const fn at_once() -> usize {
    32
}

impl Wish {
    pub(super) const fn at_once(&self) -> usize {
        self.at_once
    }
}

/// One delivery that is ready to go.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Where to.
    pub url: String,
    /// Headers besides the usual ones, with the proof.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// Makes the deliveries of a storm. Nothing in the world changes but the names that are used up.
pub(super) fn letters(world: &mut World, wish: &Wish) -> Result<Vec<Letter>, String> {
    if wish.count > MOST || wish.at_once == 0 {
        return Err(format!("count is at most {MOST}, and at_once at least 1."));
    }
    let mut letters = match wish.side {
        SideName::Halo => {
            let ids = wish.records.iter().filter_map(Value::as_i64).collect();
            crate::halo::storm(world, ids, wish.count)
        }
        SideName::Hit => {
            let ids = wish.records.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
            crate::hit::deliver::storm(world, ids, wish.count)
        }
    };
    if letters.is_empty() && wish.count > 0 {
        return Err("There is no webhook that wants them, or no such record.".to_owned());
    }
    if wish.forged {
        for letter in &mut letters {
            // Another body under the proof of the first: what an attacker could do with a delivery that was seen.
            letter.body = letter.body.replacen('{', "{\"forged\":true,", 1);
        }
    }
    Ok(letters)
}

/// Sends them, and tells what was answered and how fast.
#[allow(clippy::disallowed_methods, reason = "the receiver's speed is what is measured")]
pub(super) async fn blow(letters: Vec<Letter>, at_once: usize) -> Value {
    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    let mut times = Vec::with_capacity(letters.len());
    let mut running = JoinSet::new();
    let mut take = |done: Result<(String, Duration), tokio::task::JoinError>| {
        if let Ok((answer, time)) = done {
            *answers.entry(answer).or_default() += 1;
            times.push(time);
        }
    };
    let began = Instant::now();
    for letter in letters {
        if running.len() >= at_once
            && let Some(done) = running.join_next().await
        {
            take(done);
        }
        running.spawn(async move {
            let began = Instant::now();
            let limit = Duration::from_secs(30);
            let sent =
                crate::net::post(&letter.url, "application/json", &letter.headers, &letter.body, limit);
            let answer = sent.await.map_or_else(|why| why, |outcome| outcome.status.to_string());
            (answer, began.elapsed())
        });
    }
    while let Some(done) = running.join_next().await {
        take(done);
    }
    let all = began.elapsed();
    times.sort_unstable();
    let at = |share: usize| {
        let place = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times.get(place).map(|time| time.as_secs_f64() * 1000.0)
    };
    json!({"sent": times.len(), "answers": answers, "seconds": all.as_secs_f64(),
        "ms": {"p50": at(50), "p95": at(95), "p99": at(99), "max": at(100)}})
}

/// How deliveries fare on their way.
#[derive(Debug, Clone, Copy, Default, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fares {
    /// The share of deliveries that never arrive, from 0 to 1. Halo tries once, HIT again and again.
    pub lose: f64,
    /// The share of those that arrive twice.
    pub double: f64,
    /// Each is late by up to so many milliseconds, so that they overtake each other.
    pub late_ms: u64,
}

impl Fares {
    /// How often one delivery is sent, and how late each copy is. Nothing random happens while nothing is set.
    pub fn copies(&self, random: &mut fastrand::Rng) -> Vec<Duration> {
        if self.lose > 0.0 && random.f64() < self.lose {
            return Vec::new();
        }
        let copies = if self.double > 0.0 && random.f64() < self.double { 2 } else { 1 };
        let mut late = || {
            if self.late_ms > 0 { Duration::from_millis(random.u64(..=self.late_ms)) } else { Duration::ZERO }
        };
        (0..copies).map(|_| late()).collect()
    }
}
