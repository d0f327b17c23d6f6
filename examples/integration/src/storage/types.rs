//! What is stored beside sync-core's own types: rows about runs, people's answers and the state of the program.

use serde::{Deserialize, Serialize};
use sync_core::decision::{Conflict, Issue, IssueId, Subject};
use sync_core::gate::{GateNeedName, GateReport, RunFacts, gate};
use sync_core::hash::Hash256;
use sync_core::ids::{HaloClientId, HitClientId, ItemId, Side, TicketId};
use sync_core::plan::explain_issue;

use super::About;

/// Milliseconds since 1970-01-01T00:00:00Z, by this machine's clock.
pub type UnixMs = i64;
/// A run of the engine; they count up from 1.
pub type RunId = i64;

/// Whose database it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The Halo tenant, from the configuration: its name, or the host of the resource server where it has none.
    pub halo: String,
    /// The HIT account, once it was asked.
    pub hit: Option<String>,
}

/// One record of one side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordKey {
    /// A ticket of Halo.
    Ticket(TicketId),
    /// A roadmap item of HIT.
    Item(ItemId),
}

impl RecordKey {
    /// The side it is on.
    #[must_use]
    pub fn side(&self) -> Side {
        match self {
            RecordKey::Ticket(_) => Side::Halo,
            RecordKey::Item(_) => Side::Hit,
        }
    }

    /// Its id as text.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            RecordKey::Ticket(id) => id.to_string(),
            RecordKey::Item(id) => id.to_string(),
        }
    }
}

/// A record that may have changed and was not handled yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dirty {
    /// The record.
    pub key: RecordKey,
    /// The number of its last mark. Pass it to [`Change::Clean`](super::Change::Clean): a record that was marked again since stays.
    pub mark: i64,
    /// Why it was marked last: `feed`, `webhook`, `retry`, `decision`, `pending` ...
    pub reason: String,
    /// Since when it waits.
    pub since: UnixMs,
}

/// How far a feed of changes was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cursor {
    /// The side.
    pub side: Side,
    /// Which feed: `tickets`, `items`, or the name of a full read.
    pub feed: String,
    /// The bound, as the adapter wrote it.
    pub value: String,
    /// When it was moved.
    pub moved_at: UnixMs,
}

/// A HIT client and its Halo client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientLink {
    /// The client at HIT.
    pub hit: HitClientId,
    /// The client at Halo.
    pub halo: HaloClientId,
    /// Who said so: `person`.
    pub how: String,
}

/// A conflict with its age.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenConflict {
    /// The conflict.
    #[serde(flatten)]
    pub conflict: Conflict,
    /// When it was first seen.
    pub since: UnixMs,
    /// The run that first saw it.
    pub run: Option<RunId>,
    /// What a person has already decided for exactly these values.
    pub decided: Option<Side>,
    /// What it is about, in people's words, and who wrote there last.
    pub about: About,
}

/// An issue to report: one of the planner's, or a failure of the run that concerns one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIssue {
    /// Stable name.
    pub id: IssueId,
    /// Stable code.
    pub code: String,
    /// What it is about.
    pub subject: Subject,
    /// What is wrong and what ends it.
    pub sentence: String,
    /// Whether it stands in the way of global scope.
    pub blocks_gate: bool,
}

impl From<&Issue> for NewIssue {
    fn from(issue: &Issue) -> Self {
        NewIssue {
            id: issue.id,
            code: issue.code.code().to_owned(),
            subject: issue.subject.clone(),
            sentence: explain_issue(issue),
            blocks_gate: issue.blocks_gate(),
        }
    }
}

/// An issue as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenIssue {
    /// Stable name.
    pub id: IssueId,
    /// Stable code.
    pub code: String,
    /// What it is about.
    pub subject: Subject,
    /// What is wrong and what ends it.
    pub sentence: String,
    /// Whether it stands in the way of global scope.
    pub blocks_gate: bool,
    /// When it was first seen.
    pub since: UnixMs,
    /// When it was last seen.
    pub last_seen: UnixMs,
    /// How often it was reported.
    pub seen: i64,
    /// Whether a person has put it aside.
    pub dismissed: bool,
    /// What it is about, in people's words.
    pub about: About,
}

#[cfg(test)]
impl OpenIssue {
    /// An issue as it is stored the first time.
    pub(crate) fn seen_once(issue: NewIssue) -> Self {
        OpenIssue {
            id: issue.id,
            code: issue.code,
            subject: issue.subject,
            sentence: issue.sentence,
            blocks_gate: issue.blocks_gate,
            since: 1,
            last_seen: 1,
            seen: 1,
            dismissed: false,
            about: About::default(),
        }
    }
}

/// A run of the engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// Its number.
    pub id: RunId,
    /// The command.
    pub command: String,
    /// When it began.
    pub started_at: UnixMs,
    /// When it ended; nothing while it runs, or when it was killed.
    pub ended_at: Option<UnixMs>,
    /// The plan it applied, or was stopped from applying.
    pub plan: Option<Hash256>,
    /// The exit code it ended with.
    pub exit: Option<u8>,
    /// What it did, or the limits that have stopped it, as JSON.
    pub summary: Option<String>,
}

/// The evidence collected for going global.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GateFacts {
    /// Links that are there now.
    pub links: u64,
    /// Runs without failure or open conflict, in a row, that carried something out or read both systems whole.
    pub clean_runs: u64,
    /// Creates that were applied.
    pub creates: u64,
    /// Edits of people in Halo that reached HIT.
    pub halo_edits: u64,
    /// Edits of people in HIT that reached Halo.
    pub hit_edits: u64,
    /// Promotions that were applied.
    pub promotions: u64,
    /// Issues that stand in its way and were not dismissed.
    pub blocking_issues: u64,
    /// When global scope began with this evidence. What goes wrong afterwards concerns the records it goes wrong with.
    pub opened: Option<UnixMs>,
    /// When a person unlocked it by typing the tenant's name, and that name.
    pub unlocked: Option<(UnixMs, String)>,
}

/// What a run adds to the gate's evidence.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GateStep {
    /// `Some(true)` counts one more clean run, `Some(false)` starts again at 0, nothing leaves the count alone.
    pub clean_run: Option<bool>,
    /// Creates that were applied.
    pub creates: u64,
    /// Edits of people in Halo that reached HIT.
    pub halo_edits: u64,
    /// Edits of people in HIT that reached Halo.
    pub hit_edits: u64,
    /// Promotions that were applied.
    pub promotions: u64,
}

/// That nothing is written, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paused {
    /// Since when.
    pub since: UnixMs,
    /// Why, in the words of whoever paused.
    pub why: String,
}

impl GateFacts {
    /// Whether the gate is open, and what is missing.
    #[must_use]
    pub fn report(&self) -> GateReport {
        // Single runs are not kept, only how many were clean in a row: that is all the gate asks of them.
        let links = self.links.max(1);
        let clean = RunFacts { complete: true, whole: true, links, ..RunFacts::default() };
        let clean_runs = usize::try_from(self.clean_runs).unwrap_or(usize::MAX).min(100);
        let mut report = gate(&sync_core::gate::GateFacts {
            links: self.links,
            creates: self.creates,
            edits_from_halo: self.halo_edits,
            edits_from_hit: self.hit_edits,
            promotions: self.promotions,
            runs: vec![clean; clean_runs],
            issues: Vec::new(),
        });
        // Issues of the run, which sync-core does not know, count as well.
        for need in report.needs.iter_mut().filter(|need| need.need == GateNeedName::NoIssues) {
            need.have = self.blocking_issues;
            need.met = self.blocking_issues == 0;
        }
        report.open = report.needs.iter().all(|need| need.met);
        report
    }
}
