//! Runs the real planner and executor under every schedule of up to `k` faults, and under long random ones, and
//! prints one table.
//!
//! ```text
//! cargo run --release -p sync-core --example proof -- [--k N] [--random N] [--seed S] [--per-mille P] [--ablation] [--json]
//! ```
//! `--k 3 --random 20000` by default. The exit code is 1 if anything was lost, doubled or left undone.

#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs, reason = "a program that prints a report")]

#[path = "../tests/it/schedules/mod.rs"]
mod schedules;

use schedules::engine::Without;
use schedules::explore::{Tally, exhaustive, random};
use schedules::scenario::Scenario;
use std::process::ExitCode;

struct Options {
    k: usize,
    random: u64,
    seed: u64,
    per_mille: u64,
    ablation: bool,
    json: bool,
}

fn options() -> Result<Options, String> {
    let mut out = Options { k: 3, random: 20_000, seed: 1, per_mille: 60, ablation: false, json: false };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let mut number = || -> Result<u64, String> {
            let text = args.next().ok_or_else(|| format!("{arg} needs a number"))?;
            text.parse().map_err(|_| format!("{arg} needs a number, not {text}"))
        };
        match arg.as_str() {
            "--k" => out.k = usize::try_from(number()?).map_err(|_| "--k is too large")?,
            "--random" => out.random = number()?,
            "--seed" => out.seed = number()?,
            "--per-mille" => out.per_mille = number()?,
            "--ablation" => out.ablation = true,
            "--json" => out.json = true,
            other => return Err(format!("unknown option {other}; see the head of examples/proof.rs")),
        }
    }
    Ok(out)
}

struct Row {
    name: String,
    k: usize,
    exhaustive: Tally,
    random: Tally,
    seconds: f64,
}

fn measure(name: &str, options: &Options, scenarios: &[Scenario], without: Without) -> Row {
    // The report is about speed too, and nothing else here reads a clock.
    #[allow(clippy::disallowed_methods)]
    let start = std::time::Instant::now();
    let mut all = Tally::default();
    let mut some = Tally::default();
    for scenario in scenarios {
        all.add(exhaustive(scenario, options.k, without));
        for run in 0..options.random / scenarios.len().max(1) as u64 {
            some.add(random(scenario, options.seed + run, options.per_mille, without));
        }
    }
    Row {
        name: name.into(),
        k: options.k,
        exhaustive: all,
        random: some,
        seconds: start.elapsed().as_secs_f64(),
    }
}

impl Row {
    fn per_second(&self) -> f64 {
        (self.exhaustive.schedules + self.random.schedules) as f64 / self.seconds
    }

    fn json(&self) -> String {
        format!(
            r#"{{"name":"{}","k":{},"schedules":{},"pruned":{},"violations":{},"random":{},"random_violations":{},"unavoidable":{},"conflicts":{},"reported_duplicates":{},"seconds":{:.2},"per_second":{:.0}}}"#,
            self.name,
            self.k,
            self.exhaustive.schedules,
            self.exhaustive.pruned,
            self.exhaustive.violations,
            self.random.schedules,
            self.random.violations,
            self.exhaustive.notes.unavoidable + self.random.notes.unavoidable,
            self.exhaustive.notes.conflicts + self.random.notes.conflicts,
            self.exhaustive.notes.duplicates + self.random.notes.duplicates,
            self.seconds,
            self.per_second(),
        )
    }

    fn print(&self) {
        println!(
            "{:<22} {:>2} {:>10} {:>10} {:>10} {:>9} {:>10} {:>11} {:>9} {:>10} {:>9.0}",
            self.name,
            self.k,
            self.exhaustive.schedules,
            self.exhaustive.pruned,
            self.exhaustive.violations,
            self.random.schedules,
            self.random.violations,
            self.exhaustive.notes.unavoidable + self.random.notes.unavoidable,
            self.exhaustive.notes.conflicts + self.random.notes.conflicts,
            self.exhaustive.notes.duplicates + self.random.notes.duplicates,
            self.per_second(),
        );
    }

    fn first(&self) -> Option<&schedules::explore::Failure> {
        self.exhaustive.first.as_ref().or(self.random.first.as_ref())
    }
}

fn main() -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(64);
        }
    };
    if !options.json {
        println!(
            "{:<22} {:>2} {:>10} {:>10} {:>10} {:>9} {:>10} {:>11} {:>9} {:>10} {:>9}",
            "story",
            "k",
            "schedules",
            "pruned",
            "violations",
            "random",
            "violations",
            "unavoidable",
            "conflicts",
            "duplicates",
            "per s"
        );
    }
    let mut failed = false;
    let mut report = |row: &Row, expected: bool| {
        if options.json {
            println!("{}", row.json());
        } else {
            row.print();
        }
        let bad = row.exhaustive.violations + row.random.violations > 0;
        failed |= bad != expected;
        if let (true, false, Some(first)) = (bad, expected, row.first()) {
            eprintln!("{}: {:?}\n{}", first.scenario, first.violation, first.schedule);
        }
        if expected && !bad {
            eprintln!("{}: leaving this out broke nothing", row.name);
        }
    };
    for scenario in Scenario::all() {
        report(&measure(scenario.name, &options, std::slice::from_ref(&scenario), Without::Nothing), false);
    }
    if options.ablation {
        for without in Without::ABLATIONS {
            let name = format!("without {without:?}");
            // Without the settle time twins are made, and reported: that is counted, and is no violation.
            report(&measure(&name, &options, &Scenario::all(), without), without != Without::Settle);
        }
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
