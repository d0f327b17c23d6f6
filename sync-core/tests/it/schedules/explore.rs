//! All schedules up to a number of special steps, or many random ones.

use super::check::{Notes, Violation, final_check};
use super::chooser::{Chooser, Mode, Rng};
use super::engine::{Engine, Without};
use super::scenario::Scenario;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// A schedule that broke something.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) scenario: &'static str,
    pub(crate) violation: Violation,
    /// The special steps, and everything that happened.
    pub(crate) schedule: String,
}

/// What came of many schedules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) schedules: u64,
    /// Of these, not carried to the end because an equal state had been explored with as many special steps left.
    pub(crate) pruned: u64,
    pub(crate) violations: u64,
    pub(crate) notes: Notes,
    pub(crate) first: Option<Failure>,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.pruned += other.pruned;
        self.violations += other.violations;
        self.notes.unavoidable += other.notes.unavoidable;
        self.notes.conflicts += other.notes.conflicts;
        self.notes.duplicates += other.notes.duplicates;
        self.first = self.first.take().or(other.first);
    }

    fn count(&mut self, scenario: &Scenario, run: &Run<'_>) {
        self.schedules += 1;
        match &run.result {
            Ok(Some(notes)) => {
                self.notes.unavoidable += notes.unavoidable;
                self.notes.conflicts += notes.conflicts;
                self.notes.duplicates += notes.duplicates;
            }
            Ok(None) => self.pruned += 1,
            Err(violation) => {
                self.violations += 1;
                if self.first.is_none() {
                    self.first = Some(Failure {
                        scenario: scenario.name,
                        violation: violation.clone(),
                        schedule: run.engine.chooser.describe(),
                    });
                }
            }
        }
    }
}

struct Run<'a> {
    engine: Engine<'a>,
    /// Nothing: pruned.
    result: Result<Option<Notes>, Violation>,
}

/// Plays the scenario: link, edit, settle, check. `known` says at the start of each round whether to go on.
fn run<'a>(
    scenario: &'a Scenario,
    chooser: Chooser,
    without: Without,
    known: &mut dyn FnMut(&Engine<'_>) -> bool,
) -> Run<'a> {
    let mut engine = Engine::new(scenario, chooser, without);
    // The last phase makes every edit that no schedule has made earlier, in order, each once things are quiet.
    loop {
        let mut quiet = false;
        for _ in 0..60 {
            if known(&engine) {
                return Run { engine, result: Ok(None) };
            }
            if engine.run_until_quiet(1) {
                quiet = true;
                break;
            }
        }
        if !quiet {
            let open = engine
                .last_plan
                .as_ref()
                .map(|plan| plan.ops.iter().map(|op| op.kind.code()).collect::<Vec<_>>());
            let why = format!("60 rounds; open: {open:?}, dirty: {:?}", engine.durable.dirty);
            return Run { engine, result: Err(Violation::NotSettled(why)) };
        }
        match engine.waiting.iter().copied().find(|edit| engine.world.can(&scenario.edits[*edit])) {
            Some(edit) => engine.edit(edit),
            None => break,
        }
    }
    let result = final_check(&mut engine).map(Some);
    Run { engine, result }
}

/// All schedules with at most `k` special steps.
pub(crate) fn exhaustive(scenario: &Scenario, k: usize, without: Without) -> Tally {
    let mut tally = Tally::default();
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let mut open: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new()];
    while let Some(script) = open.pop() {
        let budget = k - script.len();
        let chooser = Chooser::new(Mode::Script(script.clone()));
        let one = run(scenario, chooser, without, &mut |engine| {
            // Only once all special steps of this script are behind us, its future is that of the state alone.
            if engine.chooser.left() > 0 {
                return false;
            }
            let state = fingerprint(engine);
            match seen.get_mut(&state) {
                Some(known) if *known >= budget => true,
                Some(known) => {
                    *known = budget;
                    false
                }
                None => {
                    seen.insert(state, budget);
                    false
                }
            }
        });
        tally.count(scenario, &one);
        if budget > 0 {
            let from = script.last_key_value().map_or(0, |(at, _)| at + 1);
            for (at, options) in one.engine.chooser.options.iter().enumerate().skip(from) {
                for option in 1..*options {
                    let mut longer = script.clone();
                    longer.insert(at, option);
                    open.push(longer);
                }
            }
        }
    }
    tally
}

/// One long run with a seed: the story is played `laps` times over, faults and edits anywhere.
pub(crate) fn random(scenario: &Scenario, seed: u64, per_mille: u64, without: Without) -> Tally {
    let mut tally = Tally::default();
    let chooser = Chooser::new(Mode::Random { rng: Rng(seed), per_mille });
    let one = run(scenario, chooser, without, &mut |_| false);
    tally.count(scenario, &one);
    if let Some(first) = &mut tally.first {
        first.schedule = format!("seed {seed}, {per_mille} of 1000:\n{}", first.schedule);
    }
    tally
}

/// A digest of everything that decides the future, with times relative to now.
fn fingerprint(engine: &Engine<'_>) -> u64 {
    let mut h = DefaultHasher::new();
    let now = engine.world.now;
    let world = &engine.world;
    for (id, ticket) in &world.tickets {
        (id, ticket.kind, &ticket.fields, &ticket.marker, ticket.created_from).hash(&mut h);
        (ticket.indexed_at - now).max(0).hash(&mut h);
    }
    for item in &world.items {
        item.hash(&mut h);
    }
    for (key, change) in &world.changed {
        (key, *change > engine.durable.cursor).hash(&mut h);
    }
    for late in &world.late {
        (late.at - now).hash(&mut h);
        format!("{:?}", late.request).hash(&mut h);
    }
    world.notes.hash(&mut h);
    for edit in &world.edits {
        (&edit.item, edit.side, edit.field, &edit.value, &edit.knew, &edit.saw, edit.unavoidable)
            .hash(&mut h);
        // How long ago it was matters only for a moment.
        (edit.step + 16).saturating_sub(world.step).hash(&mut h);
    }
    engine.waiting.hash(&mut h);
    engine.seen.reported.hash(&mut h);
    let mut memory = engine.durable.memory.clone();
    for link in memory.links.values_mut() {
        for pending in &mut link.pending {
            pending.settle_until.unix_ms = (pending.settle_until.unix_ms - now).max(0);
            pending.sent_at.unix_ms = 0;
        }
        if let Some(since) = &mut link.promotion_since {
            since.unix_ms = (since.unix_ms - now).max(-60_000);
        }
    }
    for intent in memory.intents.values_mut() {
        if let Some(at) = &mut intent.settle_until {
            at.unix_ms = (at.unix_ms - now).max(0);
        }
        if let Some(at) = &mut intent.sent_at {
            at.unix_ms = 0;
        }
    }
    format!("{memory:?}").hash(&mut h);
    for key in engine.durable.dirty.keys() {
        key.hash(&mut h);
    }
    h.finish()
}
