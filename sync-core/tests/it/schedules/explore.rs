//! All schedules up to a number of special steps, or many random ones.

use super::check::{Notes, Violation, final_check};
use super::chooser::{Chooser, Mode, Rng, Special};
use super::engine::{Duty, Engine};
use super::fingerprint::fingerprint;
use super::scenario::Scenario;
use super::shrink::{Schedule, shrink};
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// A schedule that broke something, made as short as it gets.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) violation: Violation,
    pub(crate) schedule: Schedule,
    /// Where it was found.
    pub(crate) origin: String,
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
        self.notes.misjudged += other.notes.misjudged;
        self.notes.conflicts += other.notes.conflicts;
        self.notes.duplicates += other.notes.duplicates;
        self.first = self.first.take().or(other.first);
    }

    fn count(&mut self, scenario: &Scenario, run: &Run<'_>, harm: Harm, origin: &dyn Fn() -> String) {
        self.schedules += 1;
        match &run.result {
            Ok(Some(notes)) => {
                self.notes.unavoidable += notes.unavoidable;
                self.notes.misjudged += notes.misjudged;
                self.notes.conflicts += notes.conflicts;
                self.notes.duplicates += notes.duplicates;
            }
            Ok(None) => self.pruned += 1,
            Err(violation) if !harm(violation) => {}
            Err(violation) => {
                self.violations += 1;
                if self.first.is_none() {
                    let special = run.engine.chooser.special.clone();
                    let (schedule, violation) =
                        shrink(scenario, special, run.engine.without, harm, violation.clone());
                    self.first = Some(Failure { violation, schedule, origin: origin() });
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

/// Plays the story on from the start of a round: link, events, settle, check. `known` says at the start of each
/// round whether its future was explored before.
fn run<'a>(mut engine: Engine<'a>, keep: bool, known: &mut dyn FnMut(&Engine<'_>) -> bool) -> Run<'a> {
    let mut starts = Vec::new();
    let result = loop {
        if let Some(breach) = engine.seen.breach.take() {
            break Err(breach);
        }
        if known(&engine) {
            break Ok(None);
        }
        if keep {
            starts.push(Rc::new(engine.clone()));
        }
        engine.phase_rounds += 1;
        // A run in which everything goes wrong all the time says nothing about whether things come to rest.
        engine.faults &= engine.phase_rounds < 40;
        let quiet = engine.run_once();
        // Whatever no schedule has made happen earlier happens now, one by one, each once things are quiet; people
        // do not wait for ever, though.
        if quiet || engine.phase_rounds.is_multiple_of(12) {
            let certain = |event: &u8| engine.scenario.events[usize::from(*event)].certain;
            let next = engine.waiting.iter().copied().find(|event| certain(event) && engine.can(*event));
            if let Some(event) = next {
                engine.phase_rounds = 0;
                engine.happen(event);
                continue;
            }
        }
        if quiet {
            engine.phase_rounds = 0;
            if engine.scenario.full_reads && engine.idle < 4 {
                engine.idle += 1;
                engine.world.advance(engine.world.now + 6_000);
                continue;
            }
            break final_check(&mut engine).map(Some);
        }
        if engine.phase_rounds > 60 {
            let open: Vec<_> =
                engine.last_plan.iter().flat_map(|plan| &plan.ops).map(|op| op.kind.code()).collect();
            let skips = engine.last_plan.as_ref().map(|plan| &plan.skips);
            break Err(Violation::NotSettled(format!(
                "60 rounds; open: {open:?}, skips: {skips:?}, dirty: {:?}",
                engine.durable.dirty
            )));
        }
    };
    Run { engine, result, starts }
}

/// Which violations count.
pub(crate) type Harm = fn(&Violation) -> bool;

/// Every violation counts.
pub(crate) const fn any(_: &Violation) -> bool {
    true
}

/// All schedules with at most `k` special steps.
pub(crate) fn exhaustive(scenario: &Scenario, k: usize, without: Option<Duty>) -> Tally {
    search(scenario, k, without, any, false)
}

/// The same, only until the first that does this harm.
pub(crate) fn until(scenario: &Scenario, k: usize, without: Option<Duty>, harm: Harm) -> Tally {
    search(scenario, k, without, harm, true)
}

fn search(scenario: &Scenario, k: usize, without: Option<Duty>, harm: Harm, stop: bool) -> Tally {
    let mut tally = Tally::default();
    let mut seen: HashMap<u64, (usize, u64)> = HashMap::new();
    let chooser = Chooser::new(Mode::Script(BTreeMap::new()));
    let mut open = vec![(Rc::new(Engine::new(scenario, chooser, without)), BTreeMap::new())];
    while let Some((start, script)) = open.pop() {
        let budget = k - script.len();
        let mut engine = (*start).clone();
        engine.chooser.mode = Mode::Script(script.clone());
        let number = tally.schedules;
        let one = run(engine, budget > 0, &mut |engine| {
            // Only once all special steps of this script are behind us, its future is that of the state alone.
            if engine.chooser.left() > 0 {
                return false;
            }
            match seen.entry(fingerprint(engine)) {
                // A state that comes back within one run is going round in a circle, and must be seen to.
                Entry::Occupied(known) if known.get().1 == number => false,
                Entry::Occupied(known) if known.get().0 >= budget => true,
                Entry::Occupied(mut known) => {
                    known.insert((budget, number));
                    false
                }
                Entry::Vacant(new) => {
                    new.insert((budget, number));
                    false
                }
            }
        });
        tally.count(scenario, &one, harm, &|| format!("all schedules with up to {k} special steps"));
        if stop && tally.violations > 0 {
            break;
        }
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

/// One long run with a seed: faults and events anywhere.
pub(crate) fn random(
    scenario: &Scenario,
    seed: u64,
    per_mille: u64,
    without: Option<Duty>,
    harm: Harm,
) -> Tally {
    let mut tally = Tally::default();
    let chooser = Chooser::new(Mode::Random { rng: Rng(seed), per_mille });
    let one = run(Engine::new(scenario, chooser, without), false, &mut |_| false);
    tally.count(scenario, &one, harm, &|| format!("seed {seed}, {per_mille} of 1000"));
    tally
}

/// Plays one schedule.
pub(crate) fn replay(
    scenario: &Scenario,
    special: &[Special],
    without: Option<Duty>,
) -> Result<Notes, Violation> {
    let chooser = Chooser::new(Mode::Named(special.to_vec()));
    let one = run(Engine::new(scenario, chooser, without), false, &mut |_| false);
    one.result.map(Option::unwrap_or_default)
}

/// The model at the end of a story in which nothing special happens.
#[cfg(test)]
pub(crate) fn played(scenario: &Scenario) -> Engine<'_> {
    let chooser = Chooser::new(Mode::Named(Vec::new()));
    let one = run(Engine::new(scenario, chooser, None), false, &mut |_| false);
    assert_eq!(one.result.err(), None);
    one.engine
}
