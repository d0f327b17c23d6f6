//! Runs that limits have stopped, as the history keeps them.

use sync_core::plan::{LimitHit, Verdict};

use super::{Engine, Planned, View, perform};
use crate::exit::{Exit, Failure};
use crate::storage::{Change, HistoryEntry, Lease, Outcome, Run};

/// The command of the process that goes on by itself.
pub(crate) const SERVE: &str = "serve";

impl Engine {
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
        let mut changes = vec![Change::Gate(self.evidence_of_a_stop(view, planned).await?)];
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
