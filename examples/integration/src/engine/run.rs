//! One run: a plan, what people are asked about it, carrying it out, and what is remembered of it.

use std::collections::BTreeSet;
use std::time::Duration;

use sync_core::decision::{Conflict, Decisions, Issue, IssueCode};
use sync_core::exec::{Exec, JournalView, Memory, Reject, RejectClass, Report};
use sync_core::hash::{Hash128, Hash256};
use sync_core::plan::{Op, Plan, Skip, Stale, Verdict, plan_hash};
use sync_core::planner::{self, PlanInput};
use sync_core::stamp::Stamp;

use super::perform::{self, Early, Performed, Performer, Watch};
use super::{Engine, View, questions, trouble};
use crate::exit::{Exit, Failure};
use crate::storage::{Change, Lease, NewIssue, OpenIssue, RunId};

/// A plan and its name.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The digest of its file.
    pub hash: Hash256,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Done {
    /// Its number.
    pub run: RunId,
    /// What came of each operation.
    pub report: Report,
    /// Why it ended before its plan was through.
    pub early: Option<Early>,
    /// The class of its end.
    pub exit: Exit,
}

/// How long an approval holds. What was approved is in the very next plan; an approval that was still not used after a
/// week was given for something that is no longer proposed.
const APPROVAL_HOLDS_MS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// How long a server is waited for at most after somebody has asked for the end: process managers soon get impatient.
const LAST_STEP: Duration = Duration::from_secs(10);

impl Planned {
    /// A plan with its name.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        let hash = plan_hash(&plan);
        Self { plan, hash }
    }

    /// The exit code of having planned this.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self.plan.head.verdict {
            Verdict::Blocked(_) => Exit::Blocked,
            Verdict::Ok if self.plan.writes() => Exit::Changes,
            Verdict::Ok if self.waits() => Exit::Partial,
            Verdict::Ok => Exit::Done,
        }
    }

    /// Whether something waits for a person.
    #[must_use]
    pub fn waits(&self) -> bool {
        let plan = &self.plan;
        // What the settings leave to people is told, and keeps no run from being done.
        let told = |issue: &Issue| issue.code == IssueCode::WonRecipeMissing;
        !plan.conflicts.is_empty()
            || !plan.issues.iter().all(told)
            || !plan.proposals.is_empty()
            || questions::asks_about_imports(plan)
    }
}

impl Engine {
    /// Plans everything that the view shows.
    #[must_use]
    pub fn plan(&self, view: &View) -> Planned {
        Planned::new(planner::plan(&view.input(self)))
    }

    /// Remembers what the plan asks people and reports to them: conflicts, issues, questions. What the plan no longer
    /// mentions is closed.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn remember(
        &self,
        lease: &Lease,
        view: &View,
        planned: &Planned,
        run: Option<RunId>,
    ) -> Result<(), Failure> {
        let plan = &planned.plan;
        let mut changes = Vec::new();
        let now_open: BTreeSet<Hash128> = plan.conflicts.iter().map(|conflict| conflict.id).collect();
        for known in self.store.conflicts().await? {
            // A decided conflict stays until the write that it released is done, which may wait for another field.
            let being_settled = known.decided.is_some() && is_being_settled(plan, &known.conflict);
            if !now_open.contains(&known.conflict.id) && !being_settled {
                changes.push(Change::RemoveConflict(known.conflict.id));
            }
        }
        for conflict in &plan.conflicts {
            changes.push(Change::PutConflict { conflict: Box::new(conflict.clone()), run });
        }
        let reported: BTreeSet<Hash128> = plan.issues.iter().map(|issue| issue.id).collect();
        let issues = self.store.issues().await?;
        changes.extend(trouble::taken_over(plan, &issues));
        changes.extend(trouble::vanished(&view.vanished, &issues));
        changes.extend(self.lapsed(view, &issues));
        for known in issues {
            // The planner does not repeat what a person has put aside; that is no sign that it is over.
            if trouble::is_planners(&known.code) && !known.dismissed && !reported.contains(&known.id) {
                changes.push(Change::CloseIssue(known.id));
            }
        }
        changes.extend(plan.issues.iter().map(|issue| Change::OpenIssue(Box::new(NewIssue::from(issue)))));
        changes.extend(self.describe(view, plan).await?);
        changes.push(Change::SetQuestions(Box::new(questions::of(view, plan))));
        changes.push(Change::LapseApprovals(perform::now_ms(&*self.time).saturating_sub(APPROVAL_HOLDS_MS)));
        self.store.commit(lease, &changes, perform::now_ms(&*self.time)).await?;
        Ok(())
    }

    /// Ends the dismissals whose cause is gone. Only a plan in which nothing is dismissed tells that.
    fn lapsed(&self, view: &View, known: &[OpenIssue]) -> Vec<Change> {
        let dismissed = &view.decisions.dismissed;
        if dismissed.is_empty() {
            return Vec::new();
        }
        let decisions = Decisions { dismissed: BTreeSet::new(), ..view.decisions.clone() };
        let plan = planner::plan(&PlanInput { decisions: &decisions, ..view.input(self) });
        trouble::lapsed(dismissed, &plan, known)
    }

    /// Carries out a plan that was made from this view.
    ///
    /// `lifted` is the hash of a plan whose limits a person has lifted.
    ///
    /// # Errors
    /// [`Exit::Stale`], [`Exit::Blocked`], [`Exit::Credentials`], or those of the store. What single records meet is in
    /// the report.
    ///
    /// # Cancel safety
    /// May be dropped anywhere: the next run goes on from what was stored.
    pub async fn carry_out(
        &self,
        lease: &Lease,
        view: &View,
        planned: &Planned,
        lifted: Option<Hash256>,
        command: &str,
        watch: &dyn Watch,
    ) -> Result<Done, Failure> {
        let memory = Memory {
            links: view.links.iter().map(|link| (link.item.clone(), link.clone())).collect(),
            intents: view.intents.iter().map(|intent| (intent.spec.marker.clone(), intent.clone())).collect(),
        };
        let journal = JournalView {
            head: view.head.clone(),
            memory: memory.clone(),
            read_at: view.read_at,
            dirty: view.dirty.clone(),
        };
        let exec = match Exec::new(planned.plan.clone(), journal, &view.settings, lifted) {
            Ok(exec) => exec,
            Err(error) => {
                if matches!(error, Stale::Blocked(_)) {
                    self.note_blocked(lease, view, planned, command).await?;
                }
                return Err(stale(error));
            }
        };
        // A run begins with its reading: what a person says after that is not what it carries out. A stored plan is stale
        // by whatever was said since.
        let now = perform::now_ms(&*self.time);
        let began = if view.read_at.unix_ms > 0 { view.read_at.unix_ms } else { now };
        let run = self.store.begin_run(lease, command, began).await?;
        let performer = Performer {
            store: &*self.store,
            lease,
            halo: &self.halo,
            hit: &self.hit,
            catalogue: &view.catalogue,
            snapshot: &view.snapshot,
            time: &*self.time,
            watch,
            run,
            stop: &self.stop,
            last_step: self.config.timing.request_timeout.min(LAST_STEP),
        };
        let performed = performer.perform(exec, &planned.plan, planned.hash, memory).await?;
        let exit = exit_of(planned, &performed.report);
        self.finish(lease, view, planned, &performed, run, exit).await?;
        let Performed { report, early, .. } = performed;
        if let Some(reject) = &report.aborted
            && reject.class == RejectClass::Credentials
        {
            return Err(credentials_refused(reject));
        }
        Ok(Done { run, report, early, exit })
    }

    async fn finish(
        &self,
        lease: &Lease,
        view: &View,
        planned: &Planned,
        performed: &Performed,
        run: RunId,
        exit: Exit,
    ) -> Result<(), Failure> {
        let (plan, report) = (&planned.plan, &performed.report);
        let mut changes = Vec::new();
        let results = || plan.ops.iter().zip(&report.ops);
        let earlier = self.store.runs(trouble::EARLIER).await?;
        changes.extend(trouble::changes(
            plan,
            report,
            &view.catalogue,
            &self.store.issues().await?,
            &earlier,
        ));
        for known in self.store.conflicts().await? {
            let settled =
                results().any(|(op, done)| settles(op, &known.conflict) && done.result.is_success());
            if known.decided.is_some() && settled {
                changes.push(Change::RemoveConflict(known.conflict.id));
            }
        }
        changes.push(Change::Gate(self.evidence(view, planned, performed).await?));
        let summary = serde_json::to_string(&report).map_err(|error| super::internal(&error))?;
        changes.push(Change::EndRun { run, plan: Some(planned.hash), exit: exit.number(), summary });
        self.store.commit(lease, &changes, perform::now_ms(&*self.time)).await?;
        Ok(())
    }
}

/// Whether the operation brings the field of the conflict to one value.
fn settles(op: &Op, conflict: &Conflict) -> bool {
    op.item.as_ref() == Some(&conflict.item)
        && (op.set.get(conflict.field).is_seen() || op.base.contains_key(&conflict.field))
}

fn is_being_settled(plan: &Plan, conflict: &Conflict) -> bool {
    let waits = |skip: &Skip| {
        skip.item.as_ref() == Some(&conflict.item) && skip.field.is_none_or(|field| field == conflict.field)
    };
    plan.ops.iter().any(|op| settles(op, conflict)) || plan.skips.iter().any(waits)
}

fn exit_of(planned: &Planned, report: &Report) -> Exit {
    let failed = !report.is_clean();
    let wrote = planned
        .plan
        .ops
        .iter()
        .zip(&report.ops)
        .any(|(op, done)| op.kind.is_write() && done.result.is_success());
    if failed || planned.waits() {
        Exit::Partial
    } else if wrote {
        Exit::Changes
    } else {
        Exit::Done
    }
}

/// Credentials that worked a moment ago and are refused now.
pub(super) fn credentials_refused(reject: &Reject) -> Failure {
    Failure::new(
        Exit::Credentials,
        "credentials_refused",
        format!("the credentials were refused during the run ({})", reject.detail),
        "`halo-hit check` tells what is wrong; run the command again afterwards, it goes on where it stopped",
    )
}

/// A plan that may not be applied, as a failure with a way out.
#[must_use]
pub fn stale(error: Stale) -> Failure {
    match error {
        Stale::Blocked(hits) => Failure::new(
            Exit::Blocked,
            "limits_exceeded",
            super::blocked::in_words(&hits),
            "look at the plan; `halo-hit apply --lift-limits HASH` lifts the limits for exactly that plan",
        ),
        other => {
            let text = other.to_string();
            let (what, way_out) = text.rsplit_once("; ").unwrap_or((&text, "plan again"));
            Failure::new(Exit::Stale, "plan_stale", what.to_owned(), way_out.to_owned())
        }
    }
}

impl View {
    /// The same state for a plan that was made earlier and written to a file: nothing counts as read for it.
    #[must_use]
    pub fn for_stored_plan(mut self) -> Self {
        self.read_at = Stamp::ours(0);
        self.dirty.clear();
        self
    }

    /// What people have decided.
    #[must_use]
    pub const fn decisions(&self) -> &Decisions {
        &self.decisions
    }
}

#[cfg(test)]
mod tests {
    use sync_core::decision::Subject;
    use sync_core::plan::SkipReason;

    use super::*;

    #[test]
    fn what_waits_for_a_person_and_what_is_only_told() {
        let exit = |plan: Plan| Planned::new(plan).exit();
        let issue = |code| Plan { issues: vec![Issue::new(code, Subject::default())], ..Plan::default() };
        assert_eq!(exit(Plan::default()), Exit::Done);
        assert_eq!(exit(issue(IssueCode::WonRecipeMissing)), Exit::Done);
        assert_eq!(exit(issue(IssueCode::DuplicateMarker)), Exit::Partial);
        let skip = |reason| Plan {
            skips: vec![Skip { item: None, ticket: None, kind: None, field: None, reason }],
            ..Plan::default()
        };
        assert_eq!(exit(skip(SkipReason::LeftAlone)), Exit::Done);
        assert_eq!(exit(skip(SkipReason::WaitsForImportPairing(vec!["i1".into()]))), Exit::Partial);
    }
}
