//! Steps 13 and 14: one change explained, and what the servers have counted.

use serde::Serialize;

use sync_core::plan::{explain_conflict_named, explain_op_named};
use sync_core::value::Value;

use super::Story;
use super::days::nothing_to_show;
use crate::engine::Reach;
use crate::exit::Failure;
use crate::storage::HistoryFilter;

/// How many operations and reasons of an undo are told.
const SHOWN: usize = 3;

/// Requests that arrived.
#[derive(Debug, Serialize)]
pub(super) struct Requests {
    halo: u64,
    hit: u64,
}

/// How it ended. Everything but the first two, the links and the conflicts comes from the servers.
#[derive(Debug, Serialize)]
pub(super) struct Sums {
    seed: u64,
    converged: bool,
    final_plan_ops: usize,
    duplicates: u64,
    lost_updates: u64,
    customer_emails: u64,
    deletes: u64,
    links: u64,
    conflicts: usize,
    requests: Requests,
    rate_limited: u64,
    rate_limited_on_purpose: u64,
    creates: u64,
    updates: u64,
    link_backs: u64,
    people_field_changes: u64,
    writes_per_change: f64,
}

impl Story {
    pub(super) async fn explain(&mut self) -> Result<(), Failure> {
        self.tell.step("History: why one value was written, and what was there before");
        let Some(op) = self.explained else { return Err(nothing_to_show("a change to explain")) };
        let short: String = op.to_string().chars().take(8).collect();
        self.tell.command(&format!("halo-hit history explain {short}"));
        let filter = HistoryFilter { op: Some(op), limit: 50, ..HistoryFilter::default() };
        let rows = self.desk.app.store.history(&filter).await?;
        for entry in rows.iter().map(|row| &row.entry).filter(|entry| entry.field.is_some()) {
            let run = entry.run.map_or("no run".to_owned(), |run| format!("run {run}"));
            self.tell.say(format!("{run}: {}", entry.sentence));
            let (Some(field), Some(record)) = (entry.field, &entry.record) else { continue };
            let shown =
                |value: &Option<Value>| value.as_ref().map_or("blank".to_owned(), ToString::to_string);
            self.tell.say(format!(
                "Kept: {} of {}, {} -> {}.",
                field.label(),
                record.id(),
                shown(&entry.before),
                shown(&entry.after)
            ));
        }
        let Some(run) = rows.iter().find_map(|row| row.entry.run) else {
            return Err(nothing_to_show("the run of the change"));
        };
        self.undo(run).await
    }

    /// What taking a run back would do. The plan is shown, and not applied.
    async fn undo(&mut self, run: i64) -> Result<(), Failure> {
        self.tell.command(&format!("halo-hit undo {run}"));
        let mut looked = self.desk.plan(Reach::Changes).await?;
        let undone = looked.engine.undo(&looked.lease, &mut looked.view, run, &|| {}).await?;
        let ops = &undone.planned.plan.ops;
        self.tell.say(format!(
            "Shown only: {} would be restored, {} would stay as the run left them.",
            ops.iter().filter(|op| op.kind.is_write()).count(),
            undone.left.len()
        ));
        for op in ops.iter().filter(|op| op.kind.is_write()).take(SHOWN) {
            self.tell.item(explain_op_named(op, &looked.view.catalogue));
        }
        let mut reasons: Vec<&str> = undone.left.iter().map(|left| left.reason.as_str()).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons.into_iter().take(SHOWN) {
            self.tell.item(format!("stays: {reason}"));
        }
        Ok(())
    }

    pub(super) async fn totals(&mut self) -> Result<(Sums, Option<Failure>), Failure> {
        let looked = self.desk.plan(Reach::Everything).await?;
        let counts = self.control.counts().await?;
        let provoked = self.control.struck("status_429").await?;
        let store = &self.desk.app.store;
        let open = store.conflicts().await?.len().max(looked.planned.plan.conflicts.len());
        let final_plan_ops = looked.planned.plan.ops.len();
        let sums = Sums {
            seed: self.seed,
            converged: final_plan_ops == 0 && open == 0,
            final_plan_ops,
            duplicates: counts.duplicates(),
            lost_updates: counts.lost_updates,
            customer_emails: counts.customer_emails,
            deletes: counts.deletes(),
            links: store.count_links().await?,
            conflicts: open,
            requests: Requests { halo: counts.halo.requests, hit: counts.hit.requests },
            rate_limited: counts.rate_limited().saturating_sub(provoked),
            rate_limited_on_purpose: provoked,
            creates: counts.halo.creates + counts.hit.creates,
            updates: counts.updates(),
            link_backs: counts.halo.link_backs + counts.hit.link_backs,
            people_field_changes: counts.people_field_changes,
            writes_per_change: ratio(counts.updates(), counts.people_field_changes),
        };
        self.tell.step("Totals, as the servers counted them");
        self.tell.say(format!(
            "customer e-mails {}, deletes {}, duplicates {}, people's edits lost {}",
            sums.customer_emails, sums.deletes, sums.duplicates, sums.lost_updates
        ));
        self.tell.say(format!(
            "requests: Halo {}, HumanizeIT {}; refused for rate {}, besides {} on purpose",
            sums.requests.halo, sums.requests.hit, sums.rate_limited, sums.rate_limited_on_purpose
        ));
        self.tell.say(format!(
            "creates {}, link-backs {}; updates {} for {} changes by people: {} each",
            sums.creates, sums.link_backs, sums.updates, sums.people_field_changes, sums.writes_per_change
        ));
        for open in store.conflicts().await?.iter().take(3) {
            self.tell.bad(explain_conflict_named(&open.conflict, &looked.view.catalogue));
        }
        let wrong = sums.wrong();
        match &wrong {
            None => self.tell.good(format!(
                "By the sync itself: {} links, {} open conflicts, {} operations left in a full plan.",
                sums.links, sums.conflicts, sums.final_plan_ops
            )),
            Some(why) => self.tell.bad(format!("Not as it must be: {why}")),
        }
        Ok((sums, wrong))
    }
}

impl Sums {
    /// What is not as it must be.
    fn wrong(&self) -> Option<Failure> {
        let wrong: Vec<String> = [
            ("operations in the last plan", self.final_plan_ops as u64),
            ("open conflicts", self.conflicts as u64),
            ("duplicates", self.duplicates),
            ("lost edits", self.lost_updates),
            ("customer e-mails", self.customer_emails),
            ("deletes", self.deletes),
            ("requests refused for rate", self.rate_limited),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
        if wrong.is_empty() {
            return None;
        }
        let what = format!("the demo ended with {}", wrong.join(", "));
        Some(Failure::other("demo_not_clean", what, format!("please report it, with seed {}", self.seed)))
    }
}

/// With two decimals.
fn ratio(writes: u64, changes: u64) -> f64 {
    if changes == 0 {
        return 0.0;
    }
    let hundredths = (writes * 100 + changes / 2) / changes;
    f64::from(u32::try_from(hundredths).unwrap_or(u32::MAX)) / 100.0
}
