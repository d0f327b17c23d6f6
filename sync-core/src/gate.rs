//! The gate to global scope: what must have been seen to work on validation clients first.

use crate::decision::Issue;
use crate::plan::Plan;
use alloc::string::String;
use alloc::vec::Vec;

/// What one run over validation clients came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct RunFacts {
    /// Whether everything was read and looked at, not only what was dirty.
    pub complete: bool,
    /// Links that were looked at.
    pub links: u64,
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
    /// Whether it was clean: complete, and nothing failed, hung or waited for a decision.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.complete && self.failed == 0 && self.unknown == 0 && self.conflicts == 0 && !self.blocked
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
    /// The runs, oldest first. Runs over no links prove nothing and are ignored.
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
            GateNeedName::CleanRuns => alloc::format!("{have} of {want} complete runs in a row were clean"),
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
    let clean_runs =
        facts.runs.iter().rev().filter(|run| run.links > 0).take_while(|run| run.is_clean()).count();
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
        RunFacts { complete: true, links: 3, ..RunFacts::default() }
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
    fn an_empty_run_between_two_clean_ones_neither_helps_nor_harms() {
        let mut facts = enough();
        facts.runs = alloc::vec![clean(), RunFacts { complete: true, ..RunFacts::default() }, clean()];
        assert!(gate(&facts).open);
    }

    #[test]
    fn only_the_whole_name_overrides() {
        assert!(overridden(" acme ", "acme"));
        assert!(!overridden("Acme", "acme") && !overridden("", "") && !overridden("acm", "acme"));
    }
}
