//! The gate to global scope: what must have been seen to work on validation clients first.

use crate::decision::Issue;
use crate::plan::Plan;
use alloc::string::String;
use alloc::vec::Vec;

/// What one run over validation clients came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct RunFacts {
    /// Whether every link was judged, not only some of them.
    pub complete: bool,
    /// Links that were looked at.
    pub links: u64,
    /// Whether both systems were read whole, not only what had changed since the run before.
    pub whole: bool,
    /// Operations that were carried out: something was written, or a record was linked.
    pub done: u64,
    /// Operations that were rejected, or left out because something had changed.
    pub failed: u64,
    /// Operations whose outcome is not known.
    pub unknown: u64,
    /// Conflicts that are open.
    pub conflicts: u64,
    /// Whether limits blocked it.
    pub blocked: bool,
}

impl RunFacts {
    /// Whether it was clean: nothing failed, hung, waited for a decision or met a limit.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.failed == 0 && self.unknown == 0 && self.conflicts == 0 && !self.blocked
    }

    /// What it says as evidence: for, against, or nothing. Against is every run that was not clean. A clean one speaks for
    /// only if it proved something: it carried something out, or it read both systems whole and found nothing amiss. One
    /// that asked what has changed and was told "nothing" has proved nothing, nor has one over no links or a part of them.
    #[must_use]
    pub const fn evidence(&self) -> Option<bool> {
        match self.is_clean() {
            _ if self.links == 0 => None,
            false => Some(false),
            true if self.complete && (self.whole || self.done > 0) => Some(true),
            true => None,
        }
    }
}

/// What has happened on validation clients so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct GateFacts {
    /// Links of validation clients.
    pub links: u64,
    /// Creates that succeeded.
    pub creates: u64,
    /// Values that people changed in Halo and that arrived in HIT.
    pub edits_from_halo: u64,
    /// Values that people changed in HIT and that arrived in Halo.
    pub edits_from_hit: u64,
    /// Promotions that succeeded.
    pub promotions: u64,
    /// The runs, oldest first. Those that say nothing ([`RunFacts::evidence`]) are passed over.
    pub runs: Vec<RunFacts>,
    /// Issues that are open on validation clients.
    pub issues: Vec<Issue>,
}

/// What must have been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateNeedName {
    /// Links.
    Links,
    /// A create.
    Create,
    /// An edit made in Halo.
    EditFromHalo,
    /// An edit made in HIT.
    EditFromHit,
    /// A promotion.
    Promotion,
    /// Clean runs in a row.
    CleanRuns,
    /// No open issue: `have` and `want` count issues, and `want` is 0.
    NoIssues,
}

impl GateNeedName {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Links => "links",
            Self::Create => "create",
            Self::EditFromHalo => "edit_from_halo",
            Self::EditFromHit => "edit_from_hit",
            Self::Promotion => "promotion",
            Self::CleanRuns => "clean_runs",
            Self::NoIssues => "no_issues",
        }
    }
}

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GateNeed {
    /// What.
    pub need: GateNeedName,
    /// How many there are.
    pub have: u64,
    /// How many there must be.
    pub want: u64,
    /// Whether it is met.
    pub met: bool,
}

impl GateNeed {
    /// One sentence for a person.
    #[must_use]
    pub fn sentence(&self) -> String {
        let want = self.want;
        // More than enough is all of them.
        let have = if self.need == GateNeedName::NoIssues { self.have } else { self.have.min(want) };
        match self.need {
            GateNeedName::Links => alloc::format!("{have} of {want} links exist on validation clients"),
            GateNeedName::Create => alloc::format!("{have} of {want} create was seen to work"),
            GateNeedName::EditFromHalo => alloc::format!("{have} of {want} edit made in Halo arrived in HIT"),
            GateNeedName::EditFromHit => alloc::format!("{have} of {want} edit made in HIT arrived in Halo"),
            GateNeedName::Promotion => alloc::format!("{have} of {want} promotion was seen to work"),
            GateNeedName::CleanRuns => alloc::format!(
                "{have} of {want} runs in a row that carried something out, or read both systems whole, were clean"
            ),
            GateNeedName::NoIssues if have == 1 => "1 issue is open on validation clients".into(),
            GateNeedName::NoIssues => alloc::format!("{have} issues are open on validation clients"),
        }
    }
}

/// Whether global scope may be switched on, and what is missing.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct GateReport {
    /// Whether all conditions are met.
    pub open: bool,
    /// All conditions.
    pub needs: Vec<GateNeed>,
}

/// Checks the gate: at least 3 links, a create, an edit from each side, a promotion, two clean runs in a row, and no
/// open issue apart from those that only say that a status has no row.
#[must_use]
pub fn gate(facts: &GateFacts) -> GateReport {
    let clean_runs = facts.runs.iter().rev().filter_map(RunFacts::evidence).take_while(|good| *good).count();
    let issues = facts.issues.iter().filter(|issue| issue.blocks_gate()).count() as u64;
    let at_least = |need, have: u64, want: u64| GateNeed { need, have, want, met: have >= want };
    let needs = alloc::vec![
        at_least(GateNeedName::Links, facts.links, 3),
        at_least(GateNeedName::Create, facts.creates, 1),
        at_least(GateNeedName::EditFromHalo, facts.edits_from_halo, 1),
        at_least(GateNeedName::EditFromHit, facts.edits_from_hit, 1),
        at_least(GateNeedName::Promotion, facts.promotions, 1),
        at_least(GateNeedName::CleanRuns, clean_runs as u64, 2),
        GateNeed { need: GateNeedName::NoIssues, have: issues, want: 0, met: issues == 0 },
    ];
    GateReport { open: needs.iter().all(|need| need.met), needs }
}

/// Whether the name that a person has typed to open a closed gate is that of the tenant: exactly, apart from
/// surrounding white space.
#[must_use]
pub fn overridden(typed: &str, tenant: &str) -> bool {
    !tenant.trim().is_empty() && typed.trim() == tenant.trim()
}

/// The issues of a plan that keep the gate closed.
pub fn blocking_issues(plan: &Plan) -> impl Iterator<Item = &Issue> {
    plan.issues.iter().filter(|issue| issue.blocks_gate())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{IssueCode, Subject};

    fn clean() -> RunFacts {
        RunFacts { complete: true, links: 3, done: 1, ..RunFacts::default() }
    }

    fn enough() -> GateFacts {
        GateFacts {
            links: 3,
            creates: 1,
            edits_from_halo: 1,
            edits_from_hit: 1,
            promotions: 1,
            runs: alloc::vec![clean(), clean()],
            issues: alloc::vec![Issue::new(IssueCode::HitStatusUnmapped, Subject::value("x"))],
        }
    }

    #[test]
    fn one_issue_is_one() {
        let sentence =
            |have| GateNeed { need: GateNeedName::NoIssues, have, want: 0, met: have == 0 }.sentence();
        assert_eq!(sentence(1), "1 issue is open on validation clients");
        assert_eq!(sentence(2), "2 issues are open on validation clients");
    }

    #[test]
    fn opens_when_everything_was_seen_and_for_nothing_less() {
        assert!(gate(&enough()).open);
        type Spoil = fn(&mut GateFacts);
        let less: [(&str, Spoil); 8] = [
            ("links", |f| f.links = 2),
            ("create", |f| f.creates = 0),
            ("edit_from_halo", |f| f.edits_from_halo = 0),
            ("edit_from_hit", |f| f.edits_from_hit = 0),
            ("promotion", |f| f.promotions = 0),
            ("clean_runs", |f| f.runs.push(RunFacts { failed: 1, ..clean() })),
            ("clean_runs", |f| f.runs[1].links = 0),
            ("no_issues", |f| f.issues.push(Issue::new(IssueCode::ClientStopped, Subject::value("x")))),
        ];
        for (code, spoil) in less {
            let mut facts = enough();
            spoil(&mut facts);
            let report = gate(&facts);
            let missing: Vec<_> = report.needs.iter().filter(|n| !n.met).map(|n| n.need.code()).collect();
            assert_eq!(missing, [code]);
            assert!(!report.open);
        }
    }

    #[test]
    fn a_run_speaks_for_going_global_only_if_it_proved_something() {
        let idle = RunFacts { done: 0, ..clean() };
        let cases = [
            ("something was carried out", clean(), Some(true)),
            ("both systems were read whole", RunFacts { whole: true, ..idle }, Some(true)),
            ("nothing had changed", idle, None),
            ("over no links", RunFacts { links: 0, whole: true, failed: 1, ..clean() }, None),
            ("over some of the links", RunFacts { complete: false, whole: true, ..clean() }, None),
            ("a part that failed", RunFacts { complete: false, failed: 1, ..clean() }, Some(false)),
            ("failed", RunFacts { failed: 1, ..clean() }, Some(false)),
            ("unknown", RunFacts { unknown: 1, ..clean() }, Some(false)),
            ("stopped by limits", RunFacts { blocked: true, ..idle }, Some(false)),
            ("an idle one with an open conflict", RunFacts { conflicts: 1, ..idle }, Some(false)),
        ];
        for (case, run, evidence) in cases {
            assert_eq!(run.evidence(), evidence, "{case}");
        }
    }

    #[test]
    fn a_run_that_proves_nothing_between_two_clean_ones_neither_helps_nor_harms() {
        let idle = RunFacts { done: 0, ..clean() };
        let empty = RunFacts { complete: true, ..RunFacts::default() };
        let clean_runs = |runs: &[RunFacts]| {
            let report = gate(&GateFacts { runs: runs.to_vec(), ..enough() });
            report.needs.iter().find(|need| need.need == GateNeedName::CleanRuns).map(|need| need.have)
        };
        assert_eq!(clean_runs(&[clean(), idle, empty, clean(), idle]), Some(2));
        assert_eq!(clean_runs(&[clean(), idle, idle, idle]), Some(1));
        assert_eq!(clean_runs(&[idle, idle, idle]), Some(0), "three polls of nothing");
        assert_eq!(clean_runs(&[clean(), RunFacts { conflicts: 1, ..idle }, clean()]), Some(1));
    }

    #[test]
    fn only_the_whole_name_overrides() {
        assert!(overridden(" acme ", "acme"));
        assert!(!overridden("Acme", "acme") && !overridden("", "") && !overridden("acm", "acme"));
    }
}
