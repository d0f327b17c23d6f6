//! What a run proves about going global, and what is left of one that limits have stopped.

use sync_core::exec::{OpReport, OpResult, Report};
use sync_core::gate::RunFacts;
use sync_core::ids::Side;
use sync_core::plan::{Adoption, LimitHit, Op, OpKind, Plan, Verdict, Why};

use super::{Engine, Planned, View, perform};
use crate::exit::{Exit, Failure};
use crate::storage::{Change, GateStep, HistoryEntry, Lease, Outcome, Run};

/// The command of the process that goes on by itself.
pub(crate) const SERVE: &str = "serve";

impl Engine {
    /// What the run adds to the evidence for going global.
    pub(super) async fn evidence(
        &self,
        view: &View,
        planned: &Planned,
        report: &Report,
    ) -> Result<GateStep, Failure> {
        let done = || {
            let pairs = planned.plan.ops.iter().zip(&report.ops);
            pairs.filter(|(_, done)| done.result.is_success()).map(|(op, _)| op)
        };
        let count = |wanted: &dyn Fn(&Op) -> bool| done().filter(|op| wanted(op)).count() as u64;
        let from = |op: &Op, changed: Side| {
            op.why.iter().any(|why| matches!(why, Why::Changed { side, .. } if *side == changed))
        };
        let links = self.store.count_links().await?;
        let facts = judge(&planned.plan, Some(report), links, view.whole);
        // One that somebody has ended early says nothing.
        let ended = self.stop.is_requested() || self.store.paused().await?.is_some();
        let clean_run = if ended { None } else { facts.evidence() };
        Ok(GateStep {
            clean_run,
            creates: count(&|op| matches!(op.kind, OpKind::Create(_))),
            halo_edits: count(&|op| op.kind.side() == Some(Side::Hit) && from(op, Side::Halo)),
            hit_edits: count(&|op| op.kind.side() == Some(Side::Halo) && from(op, Side::Hit)),
            promotions: count(&is_promotion),
        })
    }

    /// A pass that limits have stopped is one that was not clean. It is a run with a line of its own in the history, so that
    /// it is seen where nobody watched it; a serving process that is stopped again and again by the same adds no more.
    pub(super) async fn note_blocked(
        &self,
        lease: &Lease,
        view: &View,
        planned: &Planned,
        command: &str,
    ) -> Result<(), Failure> {
        let now = perform::now_ms(&*self.time);
        let facts = judge(&planned.plan, None, self.store.count_links().await?, view.whole);
        let mut changes = vec![Change::Gate(GateStep { clean_run: facts.evidence(), ..GateStep::default() })];
        let Verdict::Blocked(hits) = &planned.plan.head.verdict else { return Ok(()) };
        let summary = serde_json::to_string(hits).map_err(|error| super::internal(&error))?;
        let last = self.store.runs(1).await?.pop();
        if command != SERVE || !last.is_some_and(|last| is_same_stop(&last, &summary)) {
            let run = self.store.begin_run(lease, command, now).await?;
            let line = HistoryEntry {
                run: Some(run),
                op: None,
                at: now,
                record: None,
                item: None,
                name: None,
                client: None,
                action: "blocked".to_owned(),
                field: None,
                before: None,
                after: None,
                why: "[]".to_owned(),
                sentence: format!("Stopped by limits, and nothing was written: {}.", in_words(hits)),
                plan: Some(planned.hash),
                attempt: None,
                outcome: Outcome::Skipped,
                detail: None,
            };
            let (plan, exit) = (Some(planned.hash), Exit::Blocked.number());
            changes.push(Change::Log(Box::new(line)));
            changes.push(Change::EndRun { run, plan, exit, summary });
        }
        self.store.commit(lease, &changes, now).await?;
        Ok(())
    }
}

/// Whether the run before was stopped by the same.
fn is_same_stop(last: &Run, summary: &str) -> bool {
    last.command == SERVE
        && last.exit == Some(Exit::Blocked.number())
        && last.summary.as_deref() == Some(summary)
}

/// The limits that were met, in one sentence without a full stop.
pub(super) fn in_words(hits: &[LimitHit]) -> String {
    hits.iter().map(|hit| hit.sentence().to_string()).collect::<Vec<_>>().join("; ")
}

/// What a run is as evidence for going global. One beyond limits that a person has lifted is no example of how runs go, and
/// counts as one over a part. Without a report, limits have stopped it.
fn judge(plan: &Plan, report: Option<&Report>, links: u64, whole: bool) -> RunFacts {
    let lifted = report.is_some() && plan.head.verdict != Verdict::Ok;
    let results = || report.into_iter().flat_map(|report| plan.ops.iter().zip(&report.ops));
    let carried_out = |(op, done): &(&Op, &OpReport)| {
        let counts = op.kind.is_write() || matches!(op.kind, OpKind::Adopt { .. });
        counts && matches!(done.result, OpResult::Done | OpResult::Adopted)
    };
    let unknown = results().filter(|(_, done)| done.result == OpResult::Unknown).count() as u64;
    let unsuccessful = results().filter(|(_, done)| !done.result.is_success()).count() as u64;
    let aside = report.map_or(0, |report| report.duplicates.len() + usize::from(report.aborted.is_some()));
    RunFacts {
        complete: plan.head.complete && !lifted,
        links,
        whole,
        done: results().filter(carried_out).count() as u64,
        failed: unsuccessful - unknown + aside as u64,
        unknown,
        conflicts: plan.conflicts.len() as u64,
        blocked: report.is_none(),
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
    use sync_core::hash::Hash128;
    use sync_core::ids::Kind;
    use sync_core::plan::{PlanHead, Rank};

    use super::*;

    fn plan(kind: Option<OpKind>) -> Plan {
        let op = |kind| Op {
            id: Hash128([1; 16]),
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

    fn report(result: OpResult) -> Report {
        Report { ops: vec![OpReport { op: Hash128([1; 16]), result }], ..Report::default() }
    }

    fn update() -> Plan {
        plan(Some(OpKind::Update { kind: Kind::Project, side: Side::Halo }))
    }

    #[test]
    fn a_poll_that_finds_nothing_to_do_proves_nothing() {
        let (idle, done) = (plan(None), Report::default());
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
}
