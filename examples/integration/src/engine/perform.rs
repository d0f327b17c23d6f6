//! Carrying out a plan: the loop that does what [`Exec`] asks for.
//!
//! `sync_core` decides, this talks, stores and waits. Every journal entry is durable before the next step is asked for,
//! so the process may die between any two lines below.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use rest_core::clock::Time;
use sync_core::catalogue::Catalogue;
use sync_core::decision::OpId;
use sync_core::exec::{
    Commit, Event, Exec, JournalEntry, Memory, OpResult, Outcome, Record, RecordKey, Reject, RejectClass,
    Report, Step,
};
use sync_core::hash::Hash256;
use sync_core::ids::{ItemId, Side, TicketId};
use sync_core::plan::{Op, OpKind, Plan, explain_op_named};
use sync_core::record::{HaloTicket, Snapshot};
use sync_core::stamp::Stamp;
use sync_core::value::Obs;

use super::chronicle::{Chronicle, Late, written};
use super::halo::{HaloSide, Known};
use super::hit::HitSide;
use super::outage::{self, Outages};
use super::rows::keep_ticket;
use super::stop::Stop;
use crate::exit::Failure;
use crate::storage::{self, Change, HistoryFilter, Lease, RunId, Store};

/// Told what is being done, for progress bars and plain lines.
pub trait Watch: Send + Sync {
    /// An operation is over (or was left out); `done` of `all` are.
    fn operation(&self, sentence: &str, done: usize, all: usize);
    /// The run waits for this many milliseconds, and why.
    fn waiting(&self, milliseconds: i64);
}

/// How much further back than the wait the last look for a project goes.
const A_DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Why a run ended before its plan was through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Early {
    /// Somebody asked this process to stop.
    Stopped,
    /// Somebody has paused everything, and why.
    Paused(String),
    /// A system does not answer any more.
    Outage(Side),
}

impl fmt::Display for Early {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => f.write_str("asked to stop"),
            Self::Paused(why) => write!(f, "paused meanwhile ({why})"),
            Self::Outage(side) => write!(f, "{} does not answer", side.name()),
        }
    }
}

/// What came of a plan, and how it ended.
#[derive(Clone, Debug, Default)]
pub struct Performed {
    /// What came of each operation.
    pub report: Report,
    /// Why it ended before its plan was through; nothing if it did not, or if credentials were refused.
    pub early: Option<Early>,
    /// Operations of which something was not waited for, because the end was asked for.
    pub given_up: BTreeSet<OpId>,
}

/// Why a step has no answer: the end was asked for while it waited, for its turn under the rate limit or for the server.
const GIVEN_UP: &str = "asked to stop before there was an answer";

/// Says nothing.
pub struct Silent;

impl Watch for Silent {
    fn operation(&self, _: &str, _: usize, _: usize) {}
    fn waiting(&self, _: i64) {}
}

/// Where a plan is carried out.
pub struct Performer<'a> {
    /// The state.
    pub store: &'a dyn Store,
    /// The right to change it.
    pub lease: &'a Lease,
    /// HaloPSA.
    pub halo: &'a HaloSide,
    /// HumanizeIT.
    pub hit: &'a HitSide,
    /// What both tenants have, for the names in sentences.
    pub catalogue: &'a Catalogue,
    /// What was read before the plan was made.
    pub snapshot: &'a Snapshot,
    /// The time, and waiting.
    pub time: &'a dyn Time,
    /// Who is told.
    pub watch: &'a dyn Watch,
    /// The run that this belongs to.
    pub run: RunId,
    /// Whether somebody asks for an early end.
    pub stop: &'a Stop,
    /// How long a server is waited for after that.
    pub last_step: Duration,
}

/// How many lines of an operation are looked through for those of one request.
const LINES: u32 = 1_000;

impl Performer<'_> {
    /// Carries out a plan. `memory` is the state that the plan was made from.
    ///
    /// # Errors
    /// Only when the state cannot be stored any more. What servers refuse is in the report.
    ///
    /// # Cancel safety
    /// May be dropped anywhere: the next run goes on from what was stored.
    pub async fn perform(
        &self,
        mut exec: Exec,
        plan: &Plan,
        plan_hash: Hash256,
        mut memory: Memory,
    ) -> Result<Performed, Failure> {
        let ops: BTreeMap<OpId, &Op> = plan.ops.iter().map(|op| (op.id, op)).collect();
        let mut chronicle = Chronicle::new(plan, plan_hash, self.run, self.catalogue, self.snapshot);
        let mut done = 0;
        let mut seen = Vec::new();
        let mut outages = Outages::default();
        // The operation that has sent something last, and those that something was not waited for of.
        let (mut sent, mut parted) = (None, BTreeSet::new());
        let mut early = None;
        let mut end = |exec: &mut Exec, why: Early| {
            exec.stop(why.to_string());
            early.get_or_insert(why);
        };
        loop {
            let event = match exec.poll(self.now()) {
                Step::Done(mut report) => {
                    parted.extend(chronicle.tell_given_up(&mut report, is_given_up));
                    let mut changes = chronicle.end(&report, now_ms(self.time));
                    changes.extend(overtaken(plan, &report));
                    changes.append(&mut seen);
                    self.commit(&changes).await?;
                    // Refused credentials are the reason, whatever was asked for afterwards.
                    let why = report.aborted.as_ref().map(|reject| &*reject.detail);
                    let early = early.filter(|early: &Early| why == Some(&*early.to_string()));
                    return Ok(Performed { report, early, given_up: parted });
                }
                Step::Wait(until) => {
                    if self.stop.unless(self.wait(until)).await.is_none() {
                        end(&mut exec, Early::Stopped);
                    }
                    continue;
                }
                Step::Persist(entry) => {
                    let lines = chronicle.entry(&entry, &memory, now_ms(self.time));
                    let mut changes = persist(&mut memory, &entry);
                    changes.extend(lines);
                    self.commit(&changes).await?;
                    Event::Persisted
                }
                Step::Commit(commit) => {
                    let op = commit.op.and_then(|id| ops.get(&id).copied());
                    let mut lines = chronicle.commit(&commit, &memory, now_ms(self.time));
                    lines.extend(self.settle(chronicle.late(&commit, &memory)).await?);
                    let mut changes = apply(&mut memory, &commit);
                    changes.append(&mut lines);
                    changes.append(&mut seen);
                    self.commit(&changes).await?;
                    if let Some(op) = op {
                        if let Some(paused) = self.store.paused().await? {
                            end(&mut exec, Early::Paused(paused.why));
                        }
                        done += 1;
                        self.watch.operation(&explain_op_named(op, self.catalogue), done, plan.ops.len());
                    }
                    Event::Persisted
                }
                step => {
                    if let Step::LinkBack(call) = &step {
                        // It needs no pending write; the commit of its line also proves that the lease still holds.
                        self.commit(&chronicle.link_back(call, now_ms(self.time))).await?;
                    }
                    sent = sends(&step, plan).or(sent);
                    let answer = self.answer(&step, &memory);
                    let event = match self.stop.unless_after(self.last_step, self.time, answer).await {
                        Some(event) => event?,
                        None => {
                            let read_back = || sent.filter(|op| reads_back(&step, ops.get(op).copied()));
                            parted.extend(sends(&step, plan).or_else(read_back));
                            given_up(&step)
                        }
                    };
                    let (side, answered) = answered(&step, &event);
                    if outages.heard(side, answered)
                        && !outage::is_there(self.halo, self.hit, side, self.stop).await
                    {
                        end(&mut exec, Early::Outage(side));
                    }
                    event
                }
            };
            chronicle.heard(&event);
            match &event {
                Event::Written(Outcome::Unknown) => {
                    tracing::warn!("the outcome of a write is unknown; the next run looks for it");
                }
                Event::Written(Outcome::Applied(Some(Record::Ticket(ticket)))) => seen.extend(keep(ticket)),
                _ => {}
            }
            exec.on(event).map_err(|error| internal(error.to_string()))?;
            if self.stop.is_requested() {
                end(&mut exec, Early::Stopped);
            }
        }
    }

    /// Asks the servers.
    async fn answer(&self, step: &Step, memory: &Memory) -> Result<Event, Failure> {
        let (halo, hit) = (self.halo, self.hit);
        Ok(match step {
            Step::Read(RecordKey::Ticket(id)) => Event::Read(
                halo.read(*id).await.map(|found| found.map(|found| Record::Ticket(Box::new(found)))),
            ),
            Step::Read(RecordKey::Item(id)) => {
                Event::Read(hit.read(id).await.map(|found| found.map(|found| Record::Item(Box::new(found)))))
            }
            Step::FindMarker(query) => Event::Markers(match query.side {
                Side::Halo => halo.find_marker(query.kind, &query.marker).await,
                Side::Hit => hit.find_marker(query).await,
            }),
            Step::FindProject(opportunity) => Event::Projects(self.projects_of(*opportunity, memory).await),
            Step::FindNote(query) => Event::Note(halo.find_note(query).await),
            Step::Create(call) => Event::Written(match call.intent().spec.target {
                Side::Halo => halo.create(call).await,
                Side::Hit => hit.create(call).await,
            }),
            Step::Update(call) => Event::Written(match call.side() {
                Side::Halo => halo.update(call).await,
                Side::Hit => hit.update(call).await,
            }),
            Step::StatusWrite(call) => Event::Written(halo.write_status(call).await),
            Step::LinkBack(call) => Event::Written(match call.side() {
                Side::Halo => halo.link_back(call).await,
                Side::Hit => hit.link_back(call).await,
            }),
            // `Step` may grow; a step that this loop does not know must not be skipped silently.
            other => {
                return Err(internal(format!("the executor asked for an unknown step, {}", other.name())));
            }
        })
    }

    /// The last look before a project is made: those of the client that changed since the wait began, or a day before,
    /// since the two clocks may differ.
    async fn projects_of(&self, opportunity: TicketId, memory: &Memory) -> Result<Vec<HaloTicket>, Reject> {
        let Some(link) = memory.links.values().find(|link| link.opportunity == Some(opportunity)) else {
            return Err(Reject::new(RejectClass::Invalid, format!("ticket {opportunity} is not linked")));
        };
        let since = link.promotion_since.map(|since| Stamp::halo(since.unix_ms.saturating_sub(A_DAY_MS)));
        let known = |row: &HaloTicket| {
            if memory.link_of_ticket(row.id).is_some() {
                return Known::Linked;
            }
            let same = |seen: &&HaloTicket| {
                seen.link_back.is_seen() && seen.last_update.is_some() && seen.last_update == row.last_update
            };
            match self.snapshot.ticket(row.id).filter(same) {
                Some(seen) => Known::InDetail(Box::new(seen.clone())),
                None => Known::No,
            }
        };
        self.halo.find_projects(opportunity, link.halo_client, since, known).await
    }

    /// What became of writes whose replies were lost.
    async fn settle(&self, late: Vec<Late>) -> Result<Vec<Change>, Failure> {
        let mut changes = Vec::new();
        for late in late {
            let filter = HistoryFilter { op: Some(late.write.op), limit: LINES, ..HistoryFilter::default() };
            let lines = self.store.history(&filter).await?;
            changes.extend(late.settled(&lines).map(|settled| Change::Settle(Box::new(settled))));
        }
        Ok(changes)
    }

    fn now(&self) -> Stamp {
        Stamp::ours(now_ms(self.time))
    }

    async fn wait(&self, until: Stamp) {
        let milliseconds = until.since(self.now()).unwrap_or(0).max(1);
        self.watch.waiting(milliseconds);
        self.time.sleep(Duration::from_millis(u64::try_from(milliseconds).unwrap_or(1))).await;
    }

    async fn commit(&self, changes: &[Change]) -> Result<(), Failure> {
        if changes.is_empty() {
            return Ok(());
        }
        self.store.commit(self.lease, changes, now_ms(self.time)).await?;
        Ok(())
    }
}

/// The system that a step asks, and whether what came back is an answer.
fn answered(step: &Step, event: &Event) -> (Side, bool) {
    let side = match step {
        Step::Read(record) => record.side(),
        Step::FindMarker(query) => query.side,
        Step::Create(call) => call.intent().spec.target,
        Step::Update(call) => call.side(),
        Step::LinkBack(call) => call.side(),
        _ => Side::Halo,
    };
    let answered = match event {
        Event::Read(Err(reject))
        | Event::Markers(Err(reject))
        | Event::Projects(Err(reject))
        | Event::Note(Err(reject))
        | Event::Written(Outcome::Rejected(reject)) => outage::is_answer(reject),
        Event::Written(Outcome::Unknown) => false,
        _ => true,
    };
    (side, answered)
}

/// The operation that a step writes for.
fn sends(step: &Step, plan: &Plan) -> Option<OpId> {
    match step {
        Step::Create(call) => Some(call.intent().op),
        Step::Update(call) => Some(call.op()),
        Step::StatusWrite(call) => Some(call.op()),
        Step::LinkBack(call) => {
            let meant = |op: &&Op| {
                matches!(op.kind, OpKind::LinkBack { kind, side } if (kind, side) == (call.kind(), call.side()))
                    && (op.item.as_ref() == Some(call.item()) || op.ticket == Some(call.ticket()))
            };
            plan.ops.iter().find(meant).map(|op| op.id)
        }
        _ => None,
    }
}

/// Whether a step looks at what the operation has written.
fn reads_back(step: &Step, op: Option<&Op>) -> bool {
    matches!(step, Step::Read(record) if op.and_then(written).as_ref() == Some(record))
}

/// What is said of a step whose answer was not waited for: a write may have arrived, and a question has no answer.
fn given_up(step: &Step) -> Event {
    let why = || Reject::new(RejectClass::Unavailable, GIVEN_UP);
    match step {
        Step::Read(_) => Event::Read(Err(why())),
        Step::FindMarker(_) => Event::Markers(Err(why())),
        Step::FindProject(_) => Event::Projects(Err(why())),
        Step::FindNote(_) => Event::Note(Err(why())),
        _ => Event::Written(Outcome::Unknown),
    }
}

fn is_given_up(reject: &Reject) -> bool {
    &*reject.detail == GIVEN_UP
}

/// Milliseconds since 1970 by this machine's clock.
#[must_use]
pub fn now_ms(time: &dyn Time) -> i64 {
    let since = time.wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn internal(what: String) -> Failure {
    Failure::other("internal", what, "nothing was lost; please report this")
}

/// Marks the targets of operations that were not done because they no longer held what the plan saw. What was read of
/// them is old, and no list need bring anything newer: a ticket whose type was changed has left the lists of its kind.
fn overtaken<'a>(plan: &'a Plan, report: &'a Report) -> impl Iterator<Item = Change> + 'a {
    let results = plan.ops.iter().zip(&report.ops);
    let overtaken = results.filter(|(_, done)| done.result == OpResult::ChangedSincePlan);
    overtaken
        .filter_map(|(op, _)| Some(Change::Mark { key: key(&written(op)?), reason: "overtaken".to_owned() }))
}

/// Applies a journal entry to the memory, and says what that changes in the store.
fn persist(memory: &mut Memory, entry: &JournalEntry) -> Vec<Change> {
    match entry {
        JournalEntry::Intent(intent) => {
            let replaced =
                memory.intents.get(&intent.spec.marker).map(|old| old.op).filter(|op| *op != intent.op);
            memory.apply(entry);
            replaced
                .map(Change::RemoveIntent)
                .into_iter()
                .chain([Change::PutIntent(intent.clone())])
                .collect()
        }
        JournalEntry::DropIntent(marker) => {
            let op = memory.intents.get(marker).map(|intent| intent.op);
            memory.apply(entry);
            op.map(Change::RemoveIntent).into_iter().collect()
        }
        JournalEntry::Pending { item, .. } | JournalEntry::DropPending { item, .. } => {
            memory.apply(entry);
            put_link(memory, item).into_iter().collect()
        }
        _ => {
            memory.apply(entry);
            memory.links.values().map(|link| Change::PutLink(Box::new(link.clone()))).collect()
        }
    }
}

fn apply(memory: &mut Memory, commit: &Commit) -> Vec<Change> {
    let intent =
        commit.drop_intent.as_ref().and_then(|marker| memory.intents.get(marker)).map(|intent| intent.op);
    memory.commit(commit);
    let mut changes: Vec<Change> =
        commit.links.iter().filter_map(|link| put_link(memory, &link.item)).collect();
    changes.extend(intent.map(Change::RemoveIntent));
    changes.extend(commit.clean.iter().map(|mark| Change::Clean {
        key: key(&mark.record),
        mark: i64::try_from(mark.mark).unwrap_or(i64::MAX),
    }));
    changes
}

/// A record in the store's words.
pub(super) fn key(record: &RecordKey) -> storage::RecordKey {
    match record {
        RecordKey::Ticket(id) => storage::RecordKey::Ticket(*id),
        RecordKey::Item(id) => storage::RecordKey::Item(id.clone()),
    }
}

/// A reply that shows the links of the ticket saves reading it in detail for them.
fn keep(ticket: &HaloTicket) -> Option<Change> {
    let Obs::Value(_) = ticket.link_back else { return None };
    keep_ticket(ticket.clone()).ok()
}

fn put_link(memory: &Memory, item: &ItemId) -> Option<Change> {
    memory.links.get(item).map(|link| Change::PutLink(Box::new(link.clone())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_reply_is_no_answer_of_the_system_that_was_asked() {
        let (halo, hit) =
            (Step::Read(RecordKey::Ticket(TicketId(7))), Step::Read(RecordKey::Item("i1".into())));
        let refused = |class| Event::Read(Err(Reject::new(class, "x")));
        assert_eq!(answered(&halo, &refused(RejectClass::Unavailable)), (Side::Halo, false));
        assert_eq!(answered(&halo, &refused(RejectClass::Forbidden)), (Side::Halo, true));
        assert_eq!(answered(&hit, &Event::Read(Ok(None))), (Side::Hit, true));
        assert_eq!(answered(&halo, &Event::Written(Outcome::Unknown)), (Side::Halo, false));
    }
}
