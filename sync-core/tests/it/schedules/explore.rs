//! All schedules up to a number of special steps, or many random ones.

use super::check::{Notes, Violation, final_check};
use super::chooser::{Chooser, Mode, Rng};
use super::engine::{Engine, Without};
use super::scenario::Scenario;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::rc::Rc;

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
    /// The state at the start of every round: where other schedules can branch off.
    starts: Vec<Rc<Engine<'a>>>,
}

/// Plays the scenario on from the start of a round: link, edit, settle, check. `known` says at the start of each
/// round whether its future was explored before.
fn run<'a>(mut engine: Engine<'a>, keep: bool, known: &mut dyn FnMut(&Engine<'_>) -> bool) -> Run<'a> {
    let mut starts = Vec::new();
    let result = loop {
        if known(&engine) {
            break Ok(None);
        }
        if keep {
            starts.push(Rc::new(engine.clone()));
        }
        engine.phase_rounds += 1;
        if engine.run_until_quiet(1) {
            engine.phase_rounds = 0;
            // Whatever no schedule has made earlier is edited now, one by one, each once things are quiet.
            let edits = &engine.scenario.edits;
            match engine.waiting.iter().copied().find(|edit| engine.world.can(&edits[*edit])) {
                Some(edit) => engine.edit(edit),
                None => break final_check(&mut engine).map(Some),
            }
        } else if engine.phase_rounds > 60 {
            let open: Vec<_> =
                engine.last_plan.iter().flat_map(|plan| &plan.ops).map(|op| op.kind.code()).collect();
            let skips = engine.last_plan.as_ref().map(|plan| &plan.skips);
            break Err(Violation::NotSettled(format!(
                "60 rounds; open: {open:?}, skips: {skips:?}, dirty: {:?}, memory: {:?}",
                engine.durable.dirty, engine.durable.memory
            )));
        }
    };
    Run { engine, result, starts }
}

/// All schedules with at most `k` special steps.
pub(crate) fn exhaustive(scenario: &Scenario, k: usize, without: Without) -> Tally {
    let mut tally = Tally::default();
    let mut seen: HashMap<u64, usize> = HashMap::new();
    let chooser = Chooser::new(Mode::Script(BTreeMap::new()));
    let mut open = vec![(Rc::new(Engine::new(scenario, chooser, without)), BTreeMap::new())];
    while let Some((start, script)) = open.pop() {
        let budget = k - script.len();
        let mut engine = (*start).clone();
        engine.chooser.mode = Mode::Script(script.clone());
        let one = run(engine, budget > 0, &mut |engine| {
            // Only once all special steps of this script are behind us, its future is that of the state alone.
            if engine.chooser.left() > 0 {
                return false;
            }
            match seen.entry(fingerprint(engine)) {
                Entry::Occupied(known) if *known.get() >= budget => true,
                Entry::Occupied(mut known) => {
                    known.insert(budget);
                    false
                }
                Entry::Vacant(new) => {
                    new.insert(budget);
                    false
                }
            }
        });
        tally.count(scenario, &one);
        if budget > 0 {
            let from = script.last_key_value().map_or(0, |(at, _)| at + 1);
            for (at, options) in one.engine.chooser.options.iter().enumerate().skip(from) {
                let branch = one.starts.partition_point(|start| start.chooser.options.len() <= at);
                let Some(start) = branch.checked_sub(1).and_then(|index| one.starts.get(index)) else {
                    continue;
                };
                for option in 1..*options {
                    let mut longer = script.clone();
                    longer.insert(at, option);
                    open.push((start.clone(), longer));
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
    let one = run(Engine::new(scenario, chooser, without), false, &mut |_| false);
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
