use super::engine::Without;
use super::explore::{Tally, exhaustive, random};
use super::scenario::Scenario;

fn assert_clean(tally: &Tally, what: &str) {
    if let Some(first) = &tally.first {
        panic!(
            "{what}: {} of {} schedules; the first:\n{:?}\n{}",
            tally.violations, tally.schedules, first.violation, first.schedule
        );
    }
}

#[test]
fn without_faults_every_story_ends_well() {
    for scenario in Scenario::all() {
        assert_clean(&exhaustive(&scenario, 0, Without::Nothing), scenario.name);
    }
}

#[test]
fn one_link_survives_any_two_faults() {
    let tally = exhaustive(&Scenario::one_link(), 2, Without::Nothing);
    assert_clean(&tally, "one link");
    assert!(tally.schedules > 5_000, "only {} schedules", tally.schedules);
}

#[test]
fn promotion_survives_any_two_faults() {
    for scenario in [Scenario::promotion(), Scenario::promotion_by_workflow()] {
        assert_clean(&exhaustive(&scenario, 2, Without::Nothing), scenario.name);
    }
}

#[test]
fn status_by_action_survives_any_two_faults() {
    assert_clean(&exhaustive(&Scenario::actions(), 2, Without::Nothing), "status by action");
}

#[test]
fn collisions_and_namesakes_survive_any_fault() {
    for scenario in [Scenario::collisions(), Scenario::namesakes()] {
        assert_clean(&exhaustive(&scenario, 1, Without::Nothing), scenario.name);
    }
}

#[test]
fn random_schedules_end_well() {
    for scenario in Scenario::all() {
        for seed in 0..60 {
            for per_mille in [30, 120] {
                assert_clean(&random(&scenario, seed, per_mille, Without::Nothing), scenario.name);
            }
        }
    }
}

/// Seeds that once broke something.
#[test]
fn seeds_that_once_failed_end_well() {
    for (scenario, seed, per_mille) in [
        (Scenario::promotion(), 15, 120),
        (Scenario::promotion(), 170, 60),
        (Scenario::promotion_by_workflow(), 170, 60),
        (Scenario::actions(), 27, 60),
        (Scenario::actions(), 223, 60),
    ] {
        assert_clean(&random(&scenario, seed, per_mille, Without::Nothing), scenario.name);
    }
}

/// Leaving a mechanism out must break something, or nobody would notice if it stopped working.
#[test]
fn every_mechanism_is_needed() {
    for without in Without::ABLATIONS.into_iter().filter(|without| *without != Without::Settle) {
        let broken = (0..1_500).any(|seed| {
            let scenarios = [Scenario::one_link(), Scenario::actions()];
            scenarios.iter().any(|scenario| random(scenario, seed, 100, without).violations > 0)
        });
        assert!(broken, "leaving out {without:?} broke nothing");
    }
}

/// Without waiting for an older create, it arrives beside the new one: a twin, which is reported.
#[test]
fn not_waiting_for_an_older_create_makes_twins() {
    let with = exhaustive(&Scenario::one_link(), 1, Without::Nothing);
    let without = exhaustive(&Scenario::one_link(), 1, Without::Settle);
    assert_eq!(with.notes.duplicates, 0);
    assert!(without.notes.duplicates > 0);
    assert_clean(&without, "twins are reported");
}
