use super::ablations;
use super::explore::{Failure, Tally, any, exhaustive, random};
use super::scenario::Scenario;
use super::shrink::Schedule;
use super::stories;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schedules")
}

/// Writes a schedule that broke something into the folder that every later run plays again, and fails.
fn keep(failure: &Failure) -> ! {
    let text = format!("# {:?}\n# found by {}\n{}", failure.violation, failure.origin, failure.schedule);
    let name = sync_core::hash::Hash128::of(text.as_bytes()).to_string();
    let path = folder().join(format!("found-{}.schedule", &name[..8]));
    let kept = match std::fs::write(&path, &text) {
        Ok(()) => format!("kept in {}", path.display()),
        Err(error) => format!("could not be kept: {error}"),
    };
    panic!("this schedule breaks something ({kept}):\n{text}");
}

fn assert_clean(tally: &Tally) {
    if let Some(first) = &tally.first {
        keep(first);
    }
}

/// Two special steps anywhere, of whatever kind, in every story.
fn any_two(scenario: &Scenario) {
    assert_clean(&exhaustive(scenario, scenario.k.min(2), None));
}

#[test]
fn without_faults_every_story_ends_well() {
    for scenario in stories::all() {
        assert_clean(&exhaustive(&scenario, 0, None));
    }
}

macro_rules! stories {
    ($($name:ident: $($story:literal),+;)*) => {
        $(
            #[test]
            fn $name() {
                for name in [$($story),+] {
                    let story = stories::all().into_iter().find(|story| story.name == name).expect(name);
                    any_two(&story);
                }
            }
        )*

        #[test]
        fn every_story_has_its_test() {
            let tested = [$($($story),+),*];
            for story in stories::all() {
                assert!(tested.contains(&story.name), "{}", story.name);
            }
        }
    };
}

stories! {
    one_link_survives_any_two_faults: "one link";
    every_rule_survives_any_two_faults: "rule: Halo wins", "rule: HIT wins", "rule: newest wins", "rule: a person decides", "one-way fields";
    decisions_survive_any_two_faults: "a decision";
    promotions_survive_any_two_faults: "promotion: create", "promotion: workflow", "promotion: adopt only", "promotion: convert", "promotion: asked";
    actions_survive_any_two_faults: "status by action";
    late_writes_survive_any_two_faults: "writes arrive late";
    namesakes_survive_any_fault: "three namesakes";
    late_and_withdrawn_answers_survive_any_two_faults: "pairing: a link, by hand", "pairing: a link, by rule", "pairing: blanks filled", "pairing: taken back";
    ended_links_are_left_alone_under_any_two_faults: "a link is ended: ours", "a link is ended: theirs", "a link is ended: taken back";
    links_back_survive_any_two_faults: "links back: kept", "links back: not kept", "links back: taken out", "links back: refused", "links back: Halo takes out", "links back: HIT refuses";
    deletes_survive_any_fault: "a ticket is deleted", "a ticket goes and comes back", "a ticket is merged";
    deletes_of_items_survive_any_fault: "an item is deleted", "an item goes and comes back", "an item leaves the roadmap";
    lost_rights_and_short_lists_survive_any_fault: "rights are lost and return", "lists are cut short";
    a_client_that_vanishes_survives_any_two_faults: "a client vanishes and returns";
    two_engines_survive_any_two_faults: "two engines";
    automations_survive_any_fault: "automations fight", "an automation answers";
    a_lost_or_old_database_survives_any_two_faults: "the database is lost", "an old copy is restored";
    changed_settings_survive_any_two_faults: "settings change";
    declared_forms_survive_any_two_faults: "a server cuts names";
    templates_survive_any_two_faults: "a template replaces what was sent";
    jumping_clocks_and_odd_webhooks_survive_any_two_faults: "our clock jumps", "webhooks";
}

#[test]
fn random_schedules_end_well() {
    for scenario in stories::all() {
        for seed in 0..30 {
            for per_mille in [30, 120] {
                assert_clean(&random(&scenario, seed, per_mille, None, any));
            }
        }
    }
}

/// Schedules that once broke something, or that break something without a guard.
#[test]
fn kept_schedules_end_well() {
    let mut files: Vec<_> = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for path in files.iter().filter(|path| path.extension().is_some_and(|name| name == "schedule")) {
        let text = std::fs::read_to_string(path).unwrap();
        let schedule: Schedule = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Err(violation) = schedule.play(None) {
            panic!("{}: {violation:?}\n{schedule}", path.display());
        }
        if let Some(code) = &schedule.without {
            let ablation = ablations::ALL.iter().find(|one| one.off.code() == code).expect(code);
            let left_out = ablation.off;
            let broken = sync_core::guard::without(left_out.guard(), || schedule.play(left_out.duty()));
            let harmed = broken.as_ref().is_err_and(|violation| ablation.trial.does_harm(violation));
            assert!(harmed, "{} does other harm, or none: {broken:?}", path.display());
        }
    }
}

/// With the guard left out the trial finds what breaks; with everything in place it finds nothing.
fn needs(code: &str) {
    let ablation = ablations::ALL.iter().find(|ablation| ablation.off.code() == code).expect(code);
    let without = ablation.run(true);
    assert!(without.found, "leaving out {code} broke nothing in {} schedules", without.schedules);
    let with = ablation.run(false);
    let failure = with.failure.map(|failure| failure.schedule.to_string());
    assert!(!with.found, "with {code} in place: {}", failure.unwrap_or_default());
}

macro_rules! ablations {
    ($($test:ident = $code:literal;)*) => {
        $(
            #[test]
            fn $test() {
                needs($code);
            }
        )*

        #[test]
        fn every_guard_has_its_test() {
            let tested = [$($code),*];
            for ablation in ablations::ALL {
                assert!(tested.contains(&ablation.off.code()), "{}", ablation.off.code());
            }
            for guard in sync_core::guard::Guard::ALL {
                assert!(tested.contains(&guard.code()), "{}", guard.code());
            }
            assert_eq!(tested.len(), ablations::ALL.len());
        }
    };
}

ablations! {
    without_marker = "marker";
    without_foreign_hits = "foreign_hits";
    without_settle = "settle";
    without_intent = "intent";
    without_intent_payload = "intent_payload";
    without_strays = "strays";
    without_last_look = "last_look";
    without_promotion_wait = "promotion_wait";
    without_sticky_dirty = "sticky_dirty";
    without_late_write = "late_write";
    without_unseen_write = "unseen_write";
    without_clock_back = "clock_back";
    without_pending_until_reread = "pending_until_reread";
    without_verify_read = "verify_read";
    without_read_back = "read_back";
    without_pair_base = "pair_base";
    without_consistent = "consistent";
    without_action_note = "action_note";
    without_not_observed = "not_observed";
    without_blank = "blank";
    without_direction = "direction";
    without_closed_ticket = "closed_ticket";
    without_close_last = "close_last";
    without_date_order = "date_order";
    without_currency = "currency";
    without_unique_link = "unique_link";
    without_own_image = "own_image";
    without_client_moved = "client_moved";
    without_evidence = "evidence";
    without_complete_read = "complete_read";
    without_canary = "canary";
    without_scope_hash = "scope_hash";
    without_suspicious_read = "suspicious_read";
    without_withdrawal = "withdrawal";
    without_ask_first = "ask_first";
    without_approval_bound = "approval_bound";
    without_decision_bound = "decision_bound";
    without_reason_bound = "reason_bound";
    without_limits = "limits";
    without_stale = "stale";
    without_flap = "flap";
    without_target_form = "target_form";
    without_link_back = "link_back";
    without_dirty_set = "dirty_set";
    without_fence = "fence";
}
