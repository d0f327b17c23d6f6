//! What a run proves about going global.

use sync_core::exec::{OpReport, OpResult};
use sync_core::gate::RunFacts;
use sync_core::ids::Side;
use sync_core::plan::{Adoption, Op, OpKind, Plan, Verdict, Why};

use super::perform::{Early, Performed};
use super::{Engine, Planned, View};
use crate::exit::Failure;
use crate::storage::GateStep;

impl Engine {
    /// What the run adds to the evidence for going global.
    pub(super) async fn evidence(
        &self,
        view: &View,
        planned: &Planned,
        performed: &Performed,
    ) -> Result<GateStep, Failure> {
        let done = || {
            let pairs = planned.plan.ops.iter().zip(&performed.report.ops);
            pairs.filter(|(_, done)| done.result.is_success()).map(|(op, _)| op)
        };
        let count = |wanted: &dyn Fn(&Op) -> bool| done().filter(|op| wanted(op)).count() as u64;
        let from = |op: &Op, changed: Side| {
            op.why.iter().any(|why| matches!(why, Why::Changed { side, .. } if *side == changed))
        };
        let links = self.store.count_links().await?;
        Ok(GateStep {
            clean_run: evidence(&planned.plan, performed, links, view.whole),
            creates: count(&|op| matches!(op.kind, OpKind::Create(_))),
            halo_edits: count(&|op| op.kind.side() == Some(Side::Hit) && from(op, Side::Halo)),
            hit_edits: count(&|op| op.kind.side() == Some(Side::Halo) && from(op, Side::Hit)),
            promotions: count(&is_promotion),
        })
    }

    /// What it says of going global that limits have stopped a run.
    pub(super) async fn evidence_of_a_stop(
        &self,
        view: &View,
        planned: &Planned,
    ) -> Result<GateStep, Failure> {
        let facts = judge(&planned.plan, None, self.store.count_links().await?, view.whole);
        Ok(GateStep { clean_run: facts.evidence(), ..GateStep::default() })
    }
}

/// What a run says as evidence for going global. One that somebody has ended early does not speak for it, whatever it
/// had done until then; but what went wrong until then speaks against it.
fn evidence(plan: &Plan, performed: &Performed, links: u64, whole: bool) -> Option<bool> {
    let evidence = judge(plan, Some(performed), links, whole).evidence();
    evidence.filter(|good| !(*good && is_cut_short(performed)))
}

/// Whether somebody has ended it early.
const fn is_cut_short(performed: &Performed) -> bool {
    matches!(performed.early, Some(Early::Stopped | Early::Paused(_)))
}

/// What a run is as evidence for going global. One beyond limits that a person has lifted is no example of how runs go, and
/// counts as one over a part. What was left because somebody has ended it early is no failure. Without a result, limits
/// have stopped it.
fn judge(plan: &Plan, performed: Option<&Performed>, links: u64, whole: bool) -> RunFacts {
    let lifted = performed.is_some() && plan.head.verdict != Verdict::Ok;
    let results = || performed.into_iter().flat_map(|performed| plan.ops.iter().zip(&performed.report.ops));
    let carried_out = |(op, done): &(&Op, &OpReport)| {
        let counts = op.kind.is_write() || matches!(op.kind, OpKind::Adopt { .. });
        counts && matches!(done.result, OpResult::Done | OpResult::Adopted)
    };
    let cut = performed.filter(|performed| is_cut_short(performed));
    let left = |done: &OpReport| match &done.result {
        OpResult::NotTried | OpResult::Blocked => cut.is_some(),
        OpResult::Unknown => cut.is_some_and(|performed| performed.given_up.contains(&done.op)),
        _ => false,
    };
    let failures = || results().filter(|(_, done)| !done.result.is_success() && !left(done));
    let unknown = failures().filter(|(_, done)| done.result == OpResult::Unknown).count() as u64;
    let aside = performed.map_or(0, |performed| {
        let aborted = performed.report.aborted.is_some() && cut.is_none();
        performed.report.duplicates.len() + usize::from(aborted)
    });
    RunFacts {
        complete: plan.head.complete && !lifted,
        links,
        whole,
        done: results().filter(carried_out).count() as u64,
        failed: failures().count() as u64 - unknown + aside as u64,
        unknown,
        conflicts: plan.conflicts.len() as u64,
        blocked: performed.is_none(),
    }
}

fn is_promotion(op: &Op) -> bool {
    match &op.kind {
        OpKind::Adopt { how: Adoption::Promotion, .. } | OpKind::Promote { .. } => true,
        OpKind::Create(spec) => spec.from_opportunity.is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use sync_core::exec::{Reject, RejectClass, Report};
    use sync_core::hash::Hash128;
    use sync_core::ids::Kind;
    use sync_core::plan::{PlanHead, Rank};

    use super::*;

    fn plan(kind: Option<OpKind>) -> Plan {
        let op = |kind| Op {
            id: OP,
            rank: Rank::Local,
            after: Vec::new(),
            kind,
            item: Some("i1".into()),
            client: "c1".into(),
            ticket: None,
            pre: Vec::new(),
            before: Default::default(),
            set: Default::default(),
            source: Default::default(),
            base: Default::default(),
            why: Vec::new(),
        };
        let head = PlanHead { complete: true, ..PlanHead::default() };
        Plan { head, ops: kind.into_iter().map(op).collect(), ..Plan::default() }
    }

    const OP: Hash128 = Hash128([1; 16]);

    fn report(result: OpResult) -> Performed {
        let report = Report { ops: vec![OpReport { op: OP, result }], ..Report::default() };
        Performed { report, ..Performed::default() }
    }

    fn update() -> Plan {
        plan(Some(OpKind::Update { kind: Kind::Project, side: Side::Halo }))
    }

    #[test]
    fn a_poll_that_finds_nothing_to_do_proves_nothing() {
        let (idle, done) = (plan(None), Performed::default());
        assert_eq!(judge(&idle, Some(&done), 3, false).evidence(), None);
        assert_eq!(judge(&idle, Some(&done), 3, true).evidence(), Some(true), "both systems were read whole");
        assert_eq!(judge(&idle, Some(&done), 0, true).evidence(), None, "over no links");
        // That both sides agree is remembered; nothing was carried out by that.
        let agreed = plan(Some(OpKind::Rebase { kind: Kind::Project }));
        assert_eq!(judge(&agreed, Some(&report(OpResult::Done)), 3, false).evidence(), None);
        assert_eq!(judge(&update(), Some(&report(OpResult::AlreadyThere)), 3, false).evidence(), None);
    }

    #[test]
    fn a_run_that_carried_something_out_is_judged_by_how_it_went() {
        let adopt = plan(Some(OpKind::Adopt { kind: Kind::Project, how: Adoption::Answer }));
        for plan in [&update(), &adopt] {
            assert_eq!(judge(plan, Some(&report(OpResult::Done)), 3, false).evidence(), Some(true));
        }
        let mut part = update();
        part.head.complete = false;
        assert_eq!(judge(&part, Some(&report(OpResult::Done)), 3, true).evidence(), None, "over a part");
        for failed in [OpResult::Unknown, OpResult::NotKept, OpResult::ChangedSincePlan, OpResult::NotTried] {
            let facts = judge(&update(), Some(&report(failed.clone())), 3, true);
            assert_eq!((facts.evidence(), facts.done), (Some(false), 0), "{failed:?}");
            assert_eq!(facts.failed + facts.unknown, 1, "{failed:?}");
        }
    }

    #[test]
    fn limits_that_were_met_are_no_clean_run_and_lifted_ones_prove_nothing() {
        let mut blocked = update();
        blocked.head.verdict = Verdict::Blocked(Vec::new());
        assert_eq!(judge(&blocked, None, 3, false).evidence(), Some(false));
        assert_eq!(judge(&blocked, Some(&report(OpResult::Done)), 3, true).evidence(), None);
        assert_eq!(judge(&blocked, Some(&report(OpResult::Unknown)), 3, true).evidence(), Some(false));
    }

    #[test]
    fn a_run_that_somebody_has_ended_says_only_what_had_gone_wrong_until_then() {
        let clean = update();
        let rejected = || OpResult::Rejected(Reject::new(RejectClass::Invalid, "no"));
        let ended = |result, early: &Early, given_up: bool| {
            let mut performed = report(result);
            performed.report.aborted = Some(Reject::new(RejectClass::Unavailable, early.to_string()));
            performed.early = Some(early.clone());
            performed.given_up.extend(given_up.then_some(OP));
            evidence(&clean, &performed, 3, true)
        };
        for early in [Early::Stopped, Early::Paused("inventory".into())] {
            for left in [OpResult::NotTried, OpResult::Blocked, OpResult::Done] {
                assert_eq!(ended(left.clone(), &early, false), None, "{early}, {left:?}");
            }
            assert_eq!(ended(OpResult::Unknown, &early, true), None, "{early}: not waited for");
            for wrong in [OpResult::Unknown, rejected(), OpResult::NotKept] {
                assert_eq!(ended(wrong.clone(), &early, false), Some(false), "{early}, {wrong:?}");
            }
        }
        // Nobody has asked for that.
        assert_eq!(ended(OpResult::NotTried, &Early::Outage(Side::Halo), false), Some(false));
        assert_eq!(ended(OpResult::Done, &Early::Outage(Side::Halo), false), Some(false));
    }
}
