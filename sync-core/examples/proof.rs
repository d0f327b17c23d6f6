//! Runs the real planner and executor under every schedule of up to `k` special steps, under long random ones, and
//! with each guard left out, and prints one table.
//!
//! ```text
//! cargo run --release -p sync-core --example proof -- [--k N] [--random N] [--seed S] [--per-mille P] [--story TEXT] [--json]
//! ```
//! Without `--k` every story is explored as deep as a minute allows: to 3 special steps where a story is short, to 2
//! where it is longer. The column `k` says it. With `--k`, all stories go as deep as it says. With `--story`, only the stories
//! whose names contain the text are explored, and no guard is left out. The exit code is 1 if
//! anything was lost, doubled or left undone,
//! or if a guard can be left out without anything breaking.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs, reason = "a program that prints a report")]

#[path = "../tests/it/schedules/mod.rs"]
mod schedules;
#[path = "../tests/it/world.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "shared with the tests, which use more of it")]
mod world;

use schedules::ablations;
use schedules::explore::{Failure, Tally, any, exhaustive, random};
use schedules::scenario::Scenario;
use schedules::stories;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

struct Options {
    k: Option<usize>,
    random: u64,
    seed: u64,
    per_mille: Option<u64>,
    story: Option<String>,
    json: bool,
}

fn options() -> Result<Options, String> {
    let mut out = Options { k: None, random: 6_600, seed: 1, per_mille: None, story: None, json: false };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut text = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        let mut number = || -> Result<u64, String> {
            let text = text()?;
            text.parse().map_err(|_| format!("{arg} needs a number, not {text}"))
        };
        match arg.as_str() {
            "--k" => match number()? {
                k @ 0..=9 => out.k = usize::try_from(k).ok(),
                k => return Err(format!("--k {k} would take years; 5 takes hours")),
            },
            "--random" => out.random = number()?,
            "--seed" => out.seed = number()?,
            "--per-mille" => out.per_mille = Some(number()?.min(1_000)),
            "--story" => out.story = Some(text()?),
            "--json" => out.json = true,
            other => return Err(format!("unknown option {other}; see the head of examples/proof.rs")),
        }
    }
    Ok(out)
}

/// The report is about speed too, and nothing else here reads a clock.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

struct Row {
    name: &'static str,
    k: usize,
    exhaustive: Tally,
    random: Tally,
    seconds: f64,
}

impl Row {
    fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.exhaustive.first.iter().chain(&self.random.first)
    }
}

fn explore(story: &Scenario, options: &Options, runs: u64) -> Row {
    let start = now();
    let k = options.k.unwrap_or(story.k);
    let all = exhaustive(story, k, None);
    let mut some = Tally::default();
    for run in 0..runs {
        // Few faults in a long run find other things than many.
        let per_mille = options.per_mille.unwrap_or([30, 60, 120, 250][(run % 4) as usize]);
        some.add(random(story, options.seed.wrapping_add(run), per_mille, None, any));
    }
    Row { name: story.name, k, exhaustive: all, random: some, seconds: start.elapsed().as_secs_f64() }
}

/// A guard left out: whether something broke, and the schedules it took.
struct Left {
    at: usize,
    found: bool,
    schedules: u64,
    schedule: Option<String>,
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(64);
        }
    };
    let start = now();
    let wanted =
        |story: &Scenario| options.story.as_ref().is_none_or(|text| story.name.contains(text.as_str()));
    let stories: Vec<Scenario> = stories::all().into_iter().filter(wanted).collect();
    if stories.is_empty() {
        eprintln!("no story is called like that");
        return ExitCode::from(64);
    }
    let guards = if options.story.is_some() { &[] } else { ablations::ALL };
    let share = options.random.div_ceil(stories.len() as u64);
    let rows: Mutex<Vec<Row>> = Mutex::default();
    let left: Mutex<Vec<Left>> = Mutex::default();
    // The deepest stories first, so that no processor waits long for the last one.
    let mut order: Vec<usize> = (0..stories.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(stories[*at].k));
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if let Some(at) = order.get(task) {
                let row = explore(&stories[*at], &options, share);
                rows.lock().expect("no panic").push(row);
            } else if let Some(ablation) = guards.get(task - order.len()) {
                let one = ablation.run(true);
                left.lock().expect("no panic").push(Left {
                    at: task - order.len(),
                    found: one.found,
                    schedules: one.schedules,
                    schedule: one.failure.map(|failure| failure.schedule.to_string()),
                });
            } else {
                break;
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let mut rows = rows.into_inner().expect("no panic");
    rows.sort_by_key(|row| stories.iter().position(|story| story.name == row.name));
    let mut left = left.into_inner().expect("no panic");
    left.sort_by_key(|one| one.at);
    report(&options, &rows, &left, start.elapsed().as_secs_f64(), threads)
}

fn report(options: &Options, rows: &[Row], left: &[Left], seconds: f64, threads: usize) -> ExitCode {
    let sum = |count: &dyn Fn(&Row) -> u64| rows.iter().map(count).sum::<u64>();
    let enumerated = sum(&|row| row.exhaustive.schedules);
    let runs = sum(&|row| row.random.schedules);
    let violations = sum(&|row| row.exhaustive.violations + row.random.violations);
    let misjudged = misjudged(rows);
    let trials: u64 = left.iter().map(|one| one.schedules).sum();
    let surviving: Vec<&Left> = left.iter().filter(|one| !one.found).collect();
    let per_second = (enumerated + runs + trials) as f64 / seconds;
    println!(
        "{:<30} {:>2} {:>10} {:>10} {:>8} {:>10} {:>11} {:>9} {:>10} {:>8}",
        "story",
        "k",
        "schedules",
        "pruned",
        "random",
        "violations",
        "unavoidable",
        "conflicts",
        "duplicates",
        "seconds"
    );
    for row in rows {
        let notes = (row.exhaustive.notes, row.random.notes);
        println!(
            "{:<30} {:>2} {:>10} {:>10} {:>8} {:>10} {:>11} {:>9} {:>10} {:>8.1}",
            row.name,
            row.k,
            row.exhaustive.schedules,
            row.exhaustive.pruned,
            row.random.schedules,
            row.exhaustive.violations + row.random.violations,
            notes.0.unavoidable + notes.1.unavoidable,
            notes.0.conflicts + notes.1.conflicts,
            notes.0.duplicates + notes.1.duplicates,
            row.seconds,
        );
    }
    for (what, value) in [
        ("schedules enumerated", enumerated.to_string()),
        ("random runs", format!("{runs} (seeds {} and up)", options.seed)),
        ("violations", violations.to_string()),
        ("newest wins, misjudged", misjudged.to_string()),
        ("ablations", format!("{} ({trials} schedules)", left.len())),
        ("ablations surviving", surviving.len().to_string()),
        ("schedules per second", format!("{per_second:.0} ({threads} threads, {seconds:.1} s)")),
    ] {
        println!("{what:<30} {value}");
    }
    for failure in rows.iter().flat_map(Row::failures) {
        eprintln!("\n# {:?}\n# found by {}\n{}", failure.violation, failure.origin, failure.schedule);
        eprintln!(
            "Put this into sync-core/tests/schedules/NAME.schedule, and every test run plays it again."
        );
    }
    for one in &surviving {
        let ablation = &ablations::ALL[one.at];
        eprintln!("without {}: nothing broke ({} expected)", ablation.off.code(), ablation.breaks);
    }
    if options.json {
        println!("{}", json(options, rows, left, seconds));
    }
    if violations == 0 && surviving.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Edits that gave way although they were the later ones.
fn misjudged(rows: &[Row]) -> usize {
    rows.iter().map(|row| row.exhaustive.notes.misjudged + row.random.notes.misjudged).sum()
}

fn json(options: &Options, rows: &[Row], left: &[Left], seconds: f64) -> String {
    let enumerated: u64 = rows.iter().map(|row| row.exhaustive.schedules).sum();
    let runs: u64 = rows.iter().map(|row| row.random.schedules).sum();
    let violations: u64 = rows.iter().map(|row| row.exhaustive.violations + row.random.violations).sum();
    let trials: u64 = left.iter().map(|one| one.schedules).sum();
    serde_json::json!({
        "schedules": enumerated,
        "pruned": rows.iter().map(|row| row.exhaustive.pruned).sum::<u64>(),
        "random_runs": runs,
        "seed": options.seed,
        "violations": violations,
        "unavoidable": rows.iter().map(|row| row.exhaustive.notes.unavoidable + row.random.notes.unavoidable).sum::<usize>(),
        "misjudged": misjudged(rows),
        "ablations": left.len(),
        "ablations_surviving": left.iter().filter(|one| !one.found).count(),
        "schedules_per_second": ((enumerated + runs + trials) as f64 / seconds).round() as u64,
        "seconds": (seconds * 10.0).round() / 10.0,
        "stories": rows.iter().map(|row| serde_json::json!({
            "name": row.name,
            "k": row.k,
            "schedules": row.exhaustive.schedules,
            "random_runs": row.random.schedules,
            "violations": row.exhaustive.violations + row.random.violations,
        })).collect::<Vec<_>>(),
        "guards": left.iter().map(|one| serde_json::json!({
            "guard": ablations::ALL[one.at].off.code(),
            "breaks": ablations::ALL[one.at].breaks,
            "test": ablations::ALL[one.at].test(),
            "found": one.found,
            "schedules": one.schedules,
            "shortest": one.schedule,
        })).collect::<Vec<_>>(),
    })
    .to_string()
}
