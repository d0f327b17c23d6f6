//! Every guard, and a trial that must find something wrong once it is left out.

use super::check::Violation;
use super::engine::Duty;
use super::explore::{Harm, any, exhaustive, random, until};
use super::scenario::Scenario;
use super::{lives, stories, trials};
use sync_core::guard::{Guard, without};

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Off {
    Guard(Guard),
    Duty(Duty),
}

impl Off {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Guard(guard) => guard.code(),
            Self::Duty(Duty::DirtySet) => "dirty_set",
            Self::Duty(Duty::Fence) => "fence",
        }
    }

    pub(crate) const fn duty(self) -> Option<Duty> {
        match self {
            Self::Guard(_) => None,
            Self::Duty(duty) => Some(duty),
        }
    }

    pub(crate) const fn guard(self) -> Option<Guard> {
        match self {
            Self::Guard(guard) => Some(guard),
            Self::Duty(_) => None,
        }
    }
}

/// How it is found out.
#[derive(Clone, Copy)]
pub(crate) enum Trial {
    /// Schedules of a story, with up to so many special steps, until one does the harm.
    Schedules(fn() -> Scenario, usize, Harm),
    /// Long random runs of a story, up to so many, until one does the harm.
    Random(fn() -> Scenario, u64, Harm),
    /// Schedules in which twins are made, although they are reported.
    Twins(fn() -> Scenario, usize),
    /// One plan: true if it does what the guard forbids.
    Plan(fn() -> bool),
}

impl Trial {
    /// Whether a violation is what the guard is there to prevent.
    pub(crate) fn does_harm(&self, violation: &Violation) -> bool {
        match self {
            Self::Schedules(_, _, harm) | Self::Random(_, _, harm) => harm(violation),
            Self::Twins(..) | Self::Plan(_) => true,
        }
    }
}

/// An edit of an item is lost.
fn lost_in_hit(violation: &Violation) -> bool {
    matches!(violation, Violation::LostEdit(edit) if edit.contains("side: Hit"))
}

/// A function that says whether a violation is of one of these kinds.
macro_rules! harm {
    ($($kind:ident)|+) => {
        |violation| matches!(violation, $(Violation::$kind(_))|+)
    };
}

/// An edit of a ticket is lost.
fn lost_in_halo(violation: &Violation) -> bool {
    matches!(violation, Violation::LostEdit(edit) if edit.contains("side: Halo"))
}

pub(crate) struct Ablation {
    pub(crate) off: Off,
    /// What breaks without it.
    pub(crate) breaks: &'static str,
    pub(crate) trial: Trial,
}

const fn guard(guard: Guard, breaks: &'static str, trial: Trial) -> Ablation {
    Ablation { off: Off::Guard(guard), breaks, trial }
}

/// Every guard of the engine and every duty of the runtime.
#[rustfmt::skip]
pub(crate) const ALL: &[Ablation] = {
    use Trial::{Plan, Random, Schedules, Twins};
    &[
        guard(Guard::Marker, "a create whose reply was lost is done again", Schedules(stories::one_link, 2, harm!(Duplicate))),
        guard(Guard::ForeignHits, "a create that finds another item's ticket comes to no end", Schedules(stories::namesakes, 1, harm!(NotSettled))),
        guard(Guard::Settle, "a late create arrives beside the second one", Twins(stories::one_link, 1)),
        guard(Guard::Intent, "an edit of an item is lost whose create nobody saw", Schedules(stories::one_link, 2, lost_in_hit)),
        guard(Guard::IntentPayload, "the same: nobody knows what was sent", Schedules(stories::one_link, 2, lost_in_hit)),
        guard(Guard::Strays, "a record stays dirty for ever, its create unresolved", Random(stories::promotion_created, 4_000, harm!(NotSettled))),
        guard(Guard::LastLook, "Halo's workflow and we make two projects", Schedules(stories::promotion_by_workflow, 2, harm!(Impatient))),
        guard(Guard::PromotionWait, "the same, although the workflow was only slow", Schedules(stories::promotion_created, 0, harm!(Impatient))),
        guard(Guard::StickyDirty, "what failed is forgotten, and no run does it", Schedules(stories::one_link, 1, harm!(NotSettled))),
        guard(Guard::LateWrite, "a late write of ours is taken for an edit", Schedules(stories::late_writes, 2, harm!(LostEdit))),
        guard(Guard::UnseenWrite, "the rule overwrites somebody who had seen our write", Schedules(stories::one_link, 2, harm!(LostEdit))),
        guard(Guard::ClockBack, "after the clock went back, waits take as long as it went", Schedules(stories::clocks, 2, harm!(NotSettled))),
        guard(Guard::PendingUntilReread, "a write that arrived after the read is taken for an edit", Plan(trials::pending_until_reread)),
        guard(Guard::VerifyRead, "an edit made after the read is overwritten", Schedules(stories::manual, 1, harm!(LostEdit))),
        guard(Guard::ReadBack, "a server's spelling comes back as an edit, over a person's", Schedules(stories::webhooks, 0, lost_in_halo)),
        guard(Guard::PairBase, "no pair is known to agree, and nothing comes to rest", Schedules(stories::one_link, 0, harm!(NotSettled))),
        guard(Guard::Consistent, "a status flips on linking", Plan(trials::consistent)),
        guard(Guard::ActionNote, "an action is done twice", Schedules(stories::actions, 1, harm!(DoubleAction))),
        guard(Guard::NotObserved, "a field that was not read is blanked", Plan(trials::not_observed)),
        guard(Guard::Blank, "blank overwrites a value", Plan(trials::blank)),
        guard(Guard::Direction, "a field is written on its source side", Schedules(stories::one_way, 0, harm!(WrongWay))),
        guard(Guard::ClosedTicket, "a closed ticket is edited", Plan(trials::closed_ticket)),
        guard(Guard::CloseLast, "a ticket is closed before its other fields are written", Plan(trials::close_last)),
        guard(Guard::DateOrder, "start comes after due", Plan(trials::date_order)),
        guard(Guard::Currency, "an amount changes its currency", Plan(trials::currency)),
        guard(Guard::UniqueLink, "two items share a ticket", Plan(trials::unique_link)),
        guard(Guard::OwnImage, "our own ticket is imported as a new item", Plan(trials::own_image)),
        guard(Guard::ClientMoved, "another client's ticket is written", Plan(trials::client_moved)),
        guard(Guard::Evidence, "one look is taken for proof", Plan(trials::evidence)),
        guard(Guard::CompleteRead, "a list cut short looks like a deletion", Schedules(lives::truncated, 2, harm!(FalseEvidence))),
        guard(Guard::Canary, "a lost right looks like a deletion", Schedules(lives::hidden, 0, harm!(FalseEvidence))),
        guard(Guard::ScopeHash, "a changed filter looks like a deletion", Plan(trials::scope_hash)),
        guard(Guard::SuspiciousRead, "a broken read looks like many deletions", Plan(trials::suspicious_read)),
        guard(Guard::Withdrawal, "a record that is back is still to be forgotten", Plan(trials::withdrawal)),
        guard(Guard::AskFirst, "a link is forgotten unasked", Schedules(lives::deleted, 0, harm!(Forgotten))),
        guard(Guard::ApprovalBound, "what was called off is done without asking again", Plan(trials::approval_bound)),
        guard(Guard::DecisionBound, "a decision overwrites values nobody decided about", Schedules(stories::decided, 2, harm!(LostEdit))),
        guard(Guard::ReasonBound, "a decision about one question answers another", Plan(trials::reason_bound)),
        guard(Guard::Limits, "a wrong map creates hundreds of tickets", Plan(trials::limits)),
        guard(Guard::Stale, "a plan writes what the settings now forbid", Schedules(stories::configured, 1, harm!(WrongWay))),
        guard(Guard::Flap, "two automations make us write for ever", Schedules(stories::fighting, 0, harm!(NotSettled))),
        guard(Guard::TargetForm, "a text that a server has cut comes back over the whole one", Schedules(stories::cut_and_declared, 1, harm!(LostEdit))),
        guard(Guard::LinkBack, "something that takes links back out makes us write them for ever", Schedules(lives::links_taken_out, 0, harm!(PingPong))),
        Ablation { off: Off::Duty(Duty::DirtySet), breaks: "a crash after the cursor moved loses the change, and no run carries it", trial: Schedules(stories::one_link, 1, harm!(NotSettled)) },
        Ablation { off: Off::Duty(Duty::Fence), breaks: "a process that wakes up too late loses an edit of a ticket", trial: Schedules(stories::two_engines, 1, lost_in_halo) },
    ]
};

/// What the trial says: the violation that was found, if one was, and the schedules that it took.
pub(crate) struct Finding {
    pub(crate) found: bool,
    pub(crate) schedules: u64,
    pub(crate) failure: Option<super::explore::Failure>,
}

impl Ablation {
    /// The trial with the guard left out, or with everything in place.
    pub(crate) fn run(&self, leave_out: bool) -> Finding {
        let duty = self.off.duty().filter(|_| leave_out);
        without(self.off.guard().filter(|_| leave_out), || match self.trial {
            Trial::Schedules(story, k, harm) => {
                // With everything in place nothing at all may be wrong.
                let tally = until(&story(), k, duty, if leave_out { harm } else { any });
                Finding { found: tally.violations > 0, schedules: tally.schedules, failure: tally.first }
            }
            Trial::Random(story, runs, harm) => {
                let story = story();
                // With everything in place the random runs of the proof say the same.
                let runs = if leave_out { runs } else { 200 };
                for seed in 0..runs {
                    let tally = random(&story, seed, 100, duty, if leave_out { harm } else { any });
                    if tally.violations > 0 {
                        return Finding { found: true, schedules: seed + 1, failure: tally.first };
                    }
                }
                Finding { found: false, schedules: runs, failure: None }
            }
            Trial::Twins(story, k) => {
                let tally = exhaustive(&story(), k, duty);
                // Some twins nobody can prevent: Halo's workflow acts right after our last look.
                let usual = without(None, || exhaustive(&story(), k, None).notes.duplicates);
                let found = tally.notes.duplicates > usual || tally.violations > 0;
                Finding { found, schedules: tally.schedules, failure: tally.first }
            }
            Trial::Plan(does) => Finding { found: does(), schedules: 1, failure: None },
        })
    }

    /// The name of its test.
    pub(crate) fn test(&self) -> String {
        format!("without_{}", self.off.code())
    }
}
