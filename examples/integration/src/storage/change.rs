//! What can be changed: by the engine, in commits, and by people, in decisions.

use sync_core::base::{CleanMark, Intent, Link};
use sync_core::decision::{Conflict, ConflictId, IssueId, OpId, PairingAnswer, ProposalId};
use sync_core::hash::{Hash128, Hash256};
use sync_core::ids::{AgentId, HaloClientId, HitClientId, ItemId, MemberId, Side, TicketId};

use super::{
    About, GateStep, HistoryEntry, NewIssue, Questions, RecordKey, RunId, SettingsNote, Settled, UnixMs,
};

/// One change of the engine's state. A list of them is committed in one transaction, in order.
#[derive(Debug, Clone)]
pub enum Change {
    /// Writes a link, with base and pending writes: the whole link is replaced. An answer that a ticket of it carries
    /// out is used up; so is every answer about a link that ends.
    PutLink(Box<Link>),
    /// Notes with which rows a link was found completely clean, or that it is no longer. It saves the next plan work and
    /// changes nothing in it.
    NoteClean {
        /// The link.
        item: ItemId,
        /// The rows.
        mark: Option<CleanMark>,
    },
    /// Writes an intent, replacing the one with the same marker.
    PutIntent(Box<Intent>),
    /// Removes the intent of an operation.
    RemoveIntent(OpId),
    /// Marks a record as changed.
    Mark {
        /// The record.
        key: RecordKey,
        /// Why.
        reason: String,
    },
    /// Takes a record off the dirty set, unless it was marked again after `mark`.
    Clean {
        /// The record.
        key: RecordKey,
        /// The mark it had when it was read.
        mark: i64,
    },
    /// Moves a cursor. Put the marks of what was read before it into the same commit.
    MoveCursor {
        /// The side.
        side: Side,
        /// The feed.
        feed: String,
        /// The new bound.
        value: String,
    },
    /// Keeps a record as it was read. Put it into the commit that moves the cursor past it.
    PutSeen {
        /// The record.
        key: RecordKey,
        /// The record as JSON.
        body: String,
    },
    /// Forgets a record that was read once.
    DropSeen(RecordKey),
    /// Keeps what both tenants have (types, statuses, people, clients), as JSON.
    KeepCatalogue(String),
    /// Writes a conflict; one that is there already keeps its age.
    PutConflict {
        /// The conflict.
        conflict: Box<Conflict>,
        /// The run that saw it.
        run: Option<RunId>,
    },
    /// Says what a conflict or an issue is about; nothing happens if it is not open.
    Describe {
        /// The conflict or issue.
        id: Hash128,
        /// What it is about.
        about: Box<About>,
    },
    /// Removes a conflict, and the decision about it.
    RemoveConflict(ConflictId),
    /// Reports an issue; one that is there already keeps its age and is counted once more.
    OpenIssue(Box<NewIssue>),
    /// Closes an issue, and ends the dismissal of this issue or conflict.
    CloseIssue(IssueId),
    /// Replaces the questions to people.
    SetQuestions(Box<Questions>),
    /// Removes approvals that were given before this moment and never used.
    LapseApprovals(UnixMs),
    /// Logs a line of history.
    Log(Box<HistoryEntry>),
    /// Says what became of lines of history whose outcome was unknown.
    Settle(Box<Settled>),
    /// Ends a run.
    EndRun {
        /// The run.
        run: RunId,
        /// The plan it applied.
        plan: Option<Hash256>,
        /// The exit code.
        exit: u8,
        /// What it did, as JSON.
        summary: String,
    },
    /// Writes down the settings in force, if they differ from the last version.
    NoteSettings(Box<SettingsNote>),
    /// Adds to the gate's evidence.
    Gate(GateStep),
}

impl Change {
    /// Whether a plan made before it could be wrong after it. Such a change makes the serial grow.
    #[must_use]
    pub fn outdates_plans(&self) -> bool {
        match self {
            Change::PutLink(_) | Change::PutIntent(_) | Change::RemoveIntent(_) | Change::NoteSettings(_) => {
                true
            }
            Change::NoteClean { .. }
            | Change::Mark { .. }
            | Change::Clean { .. }
            | Change::MoveCursor { .. }
            | Change::PutSeen { .. }
            | Change::DropSeen(_)
            | Change::KeepCatalogue(_)
            | Change::PutConflict { .. }
            | Change::Describe { .. }
            | Change::RemoveConflict(_)
            | Change::OpenIssue(_)
            | Change::CloseIssue(_)
            | Change::SetQuestions(_)
            | Change::LapseApprovals(_)
            | Change::Log(_)
            | Change::Settle(_)
            | Change::EndRun { .. }
            | Change::Gate(_) => false,
        }
    }
}

/// What a person decides. Decisions need no lease: they can be made while a sync runs, which reads them at its
/// next plan. Each is logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What an unlinked item is.
    Pair(ItemId, PairingAnswer),
    /// That what was said about an unlinked item holds no more: it is asked about again. Only while a lease is held,
    /// so that nobody carries the answer out meanwhile.
    WithdrawPair(ItemId),
    /// What an unlinked ticket is, for imports.
    Import(TicketId, PairingAnswer),
    /// That what was said about an unlinked ticket holds no more. Only while a lease is held.
    WithdrawImport(TicketId),
    /// Which Halo client a HIT client is.
    LinkClient(HitClientId, HaloClientId),
    /// That a client link was wrong. Links of its items stay and are suspended by the next plan.
    UnlinkClient(HitClientId),
    /// Which agent a team member is.
    MatchPerson(MemberId, AgentId),
    /// That what was said about a team member holds no more.
    UnmatchPerson(MemberId),
    /// Which side of a conflict to keep, for exactly its values.
    Resolve(ConflictId, Side),
    /// That a proposed operation may be done.
    Approve(ProposalId),
    /// That a conflict or an issue is put aside for its very values, until its cause is gone.
    Dismiss(Hash128),
    /// That an issue's record is tried again at once.
    Retry(IssueId),
    /// That nothing is written until [`Answer::Resume`].
    Pause(String),
    /// The end of a pause.
    Resume,
    /// That global scope is allowed without the evidence; holds the tenant's name as typed.
    UnlockGate(String),
}
