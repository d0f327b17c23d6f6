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
    assert_clean(&exhaustive(&Scenario::one_link(), 2, Without::Nothing), "one link");
}
