//! The executor: which operation is at work, which waits, and what came of all.

use super::create::CreateTask;
use super::journal::{DirtyMark, JournalView, Memory};
use super::link_back::LinkBackTask;
use super::local::LocalTask;
use super::protocol::{
    Duplicate, Event, OpReport, OpResult, ProtocolError, Record, RecordKey, Reject, RejectClass, Report, Step,
};
use super::write::WriteTask;
use crate::base::{BaseRow, Link};
use crate::decision::OpId;
use crate::field::FieldRow;
use crate::guard::{self, Guard};
use crate::hash::Hash256;
use crate::ids::{ItemId, Kind, PairId, Side, TicketId};
use crate::learn::StoredForm;
use crate::marker::Marker;
use crate::plan::{self, Op, OpKind, Plan, Stale};
use crate::settings::Settings;
use crate::stamp::Stamp;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

/// What a task sees of the world around it.
pub(super) struct Context<'a> {
    pub(super) op: &'a Op,
    pub(super) memory: &'a Memory,
    pub(super) made: &'a BTreeMap<OpId, Made>,
    pub(super) pair: &'a PairId,
    pub(super) settle_ms: i64,
    pub(super) now: Stamp,
}

impl Context<'_> {
    pub(super) fn link(&self, item: &ItemId) -> Option<&Link> {
        self.memory.links.get(item)
    }
}

/// What a task wants.
pub(super) enum Next {
    Step(Step),
    /// Nothing before this moment; let others go first.
    Park(Stamp),
    Finish(OpResult),
}

/// A record that an operation made or adopted.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) item: ItemId,
    pub(super) ticket: TicketId,
    pub(super) marker: Option<Marker>,
    pub(super) record: Option<Record>,
}

#[derive(Debug)]
enum Task {
    Local(LocalTask),
    Write(Box<WriteTask>),
    Create(Box<CreateTask>),
    LinkBack(Box<LinkBackTask>),
}

/// What the server made of the texts that were sent.
pub(super) fn stored_forms(side: Side, kind: Kind, sent: &FieldRow, held: &FieldRow) -> Vec<StoredForm> {
    sent.iter()
        .filter_map(|(field, sent)| {
            let (sent, held) = (sent.value()?, held.get(field).value()?);
            StoredForm::of(side, kind, field, sent, held)
        })
        .collect()
}

/// An operation that has not ended.
#[derive(Debug)]
struct Entry {
    op: usize,
    task: Option<Task>,
    until: Option<Stamp>,
}

/// Carries out a plan step by step. See the [module](super) for how.
///
/// ```
/// use sync_core::{exec::{Exec, Event, JournalView, Memory, Step}, plan::Plan, settings::Settings, stamp::Stamp};
///
/// let settings = Settings::default();
/// let mut plan = Plan::default();
/// plan.head.settings_hash = settings.settings_hash();
/// let journal = JournalView {
///     head: plan.head.base.clone(),
///     memory: Memory::default(),
///     read_at: Stamp::ours(0),
///     dirty: vec![],
/// };
/// let mut exec = Exec::new(plan, journal, &settings, None)?;
/// let Step::Done(report) = exec.poll(Stamp::ours(1)) else { panic!("an empty plan has no steps") };
/// assert!(report.is_clean());
/// // Nothing was asked, so nothing can have happened.
/// assert!(exec.on(Event::Persisted).is_err());
/// # Ok::<(), sync_core::plan::Stale>(())
/// ```
#[derive(Debug)]
pub struct Exec {
    /// The plan; behind its own operations, the search for creates of earlier runs that it no longer wants.
    pub(super) plan: Plan,
    planned: usize,
    pub(super) memory: Memory,
    pub(super) read_at: Stamp,
    pub(super) dirty: Vec<DirtyMark>,
    pub(super) settle_ms: i64,
    pub(super) now: Stamp,
    queue: VecDeque<Entry>,
    /// Whether the entry at this place of the queue is at work.
    active: Option<usize>,
    open: Option<Step>,
    pub(super) results: BTreeMap<OpId, OpResult>,
    made: BTreeMap<OpId, Made>,
    duplicates: Vec<Duplicate>,
    aborted: Option<Reject>,
    stopped: bool,
    settled: bool,
    /// What came of the run, once it has ended. Nothing begins after that.
    ended: Option<Report>,
}

impl Exec {
    /// Takes a plan and the stored state from which it was made.
    ///
    /// `lifted` is the hash of a plan whose limits a person has lifted; nothing lets only plans within the limits
    /// through. The settle time comes from the settings: it must be longer than a request may take from this call
    /// to the server's last possible reaction.
    ///
    /// # Errors
    /// [`Stale`] if the plan does not belong to this state or to these settings, or exceeds its limits.
    pub fn new(
        plan: Plan,
        journal: JournalView,
        settings: &Settings,
        lifted: Option<Hash256>,
    ) -> Result<Self, Stale> {
        plan::verify(&plan, &journal.head, settings)?;
        plan.check_verdict(lifted)?;
        let queue = (0..plan.ops.len()).map(|op| Entry { op, task: None, until: None }).collect();
        Ok(Self {
            planned: plan.ops.len(),
            plan,
            memory: journal.memory,
            now: journal.read_at,
            read_at: journal.read_at,
            dirty: journal.dirty,
            settle_ms: settings.sync.settle_ms,
            queue,
            active: None,
            open: None,
            results: BTreeMap::new(),
            made: BTreeMap::new(),
            duplicates: Vec::new(),
            aborted: None,
            stopped: false,
            settled: false,
            ended: None,
        })
    }

    /// What to do next, at this moment of our clock. Repeats the open step until its event has arrived, and
    /// [`Step::Done`] for ever.
    ///
    /// The time counts only where something is stored with it or waited for.
    pub fn poll(&mut self, now: Stamp) -> Step {
        if let Some(report) = &self.ended {
            return Step::Done(report.clone());
        }
        if let Some(open) = &self.open {
            return open.clone();
        }
        self.now = now;
        loop {
            let Some(at) = self.active.or_else(|| self.choose()) else {
                if self.stopped {
                    // What waits is parked: its intent or pending write is stored, and the next run goes on with it.
                    self.queue.clear();
                } else if let Some(until) = self.earliest() {
                    return Step::Wait(until);
                }
                if self.add_strays() {
                    continue;
                }
                return self.finish();
            };
            self.active = Some(at);
            match self.drive(at) {
                Next::Step(step) => {
                    self.open = Some(step.clone());
                    return step;
                }
                Next::Park(until) => {
                    if let Some(entry) = self.queue.get_mut(at) {
                        entry.until = Some(until);
                    }
                    self.active = None;
                }
                Next::Finish(result) => {
                    self.active = None;
                    self.end(at, result);
                }
            }
        }
    }

    /// Takes what came of the open step.
    ///
    /// # Errors
    /// [`ProtocolError`] if no step is open or the event does not answer it. Nothing changes then.
    pub fn on(&mut self, event: Event) -> Result<(), ProtocolError> {
        match self.open.take() {
            Some(step) if step.is_answered_by(&event) => {
                match &step {
                    Step::Persist(entry) => self.memory.apply(entry),
                    Step::Commit(commit) => {
                        self.memory.commit(commit);
                        self.settled |= commit.op.is_none();
                    }
                    _ => {}
                }
                self.deliver(event);
                Ok(())
            }
            open => {
                self.open = open;
                Err(ProtocolError::new(self.open.as_ref(), &event))
            }
        }
    }

    /// Ends the run early, for the reason given: the operation in hand goes on until it has ended or would have to wait;
    /// what has not begun is not tried. The open step, if there is one, is still to be answered. After it the run ends
    /// as usual, with a report.
    pub fn stop(&mut self, why: impl Into<Box<str>>) {
        self.stopped = true;
        self.aborted.get_or_insert_with(|| Reject::new(RejectClass::Unavailable, why));
    }

    /// The stored state as this run has changed it so far.
    #[must_use]
    pub const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The first operation that can go on: nothing it depends on is unfinished, and it does not wait.
    fn choose(&mut self) -> Option<usize> {
        let ready = |entry: &Entry| {
            let waits = entry.until.is_some_and(|until| until > self.now);
            let op = self.plan.ops.get(entry.op);
            !waits && op.is_some_and(|op| op.after.iter().all(|first| self.is_over(first)))
        };
        self.queue.iter().position(ready)
    }

    /// Whether an operation has ended. One that is not part of the plan was never begun, and is over.
    fn is_over(&self, op: &OpId) -> bool {
        self.results.contains_key(op) || self.plan.op(*op).is_none()
    }

    /// When the first waiting operation may go on.
    fn earliest(&self) -> Option<Stamp> {
        self.queue.iter().filter_map(|entry| entry.until).reduce(|a, b| if a <= b { a } else { b })
    }

    fn drive(&mut self, at: usize) -> Next {
        let Some(entry) = self.queue.get_mut(at) else { return Next::Finish(OpResult::NotTried) };
        let Some(op) = self.plan.ops.get(entry.op) else { return Next::Finish(OpResult::NotTried) };
        if entry.task.is_none() {
            if self.aborted.is_some() {
                return Next::Finish(OpResult::NotTried);
            }
            let built =
                op.after.iter().all(|first| self.results.get(first).is_some_and(OpResult::is_success));
            entry.task = if built { start(op) } else { None };
        }
        let cx = Context {
            op,
            memory: &self.memory,
            made: &self.made,
            pair: &self.plan.head.pair,
            settle_ms: self.settle_ms,
            now: self.now,
        };
        match &mut entry.task {
            None => Next::Finish(OpResult::Blocked),
            Some(Task::Local(task)) => task.next(&cx),
            Some(Task::Write(task)) => task.next(&cx),
            Some(Task::Create(task)) => task.next(&cx),
            Some(Task::LinkBack(task)) => task.next(&cx),
        }
    }

    fn deliver(&mut self, event: Event) {
        let Some(entry) = self.active.and_then(|at| self.queue.get_mut(at)) else { return };
        let Some(op) = self.plan.ops.get(entry.op) else { return };
        let cx = Context {
            op,
            memory: &self.memory,
            made: &self.made,
            pair: &self.plan.head.pair,
            settle_ms: self.settle_ms,
            now: self.now,
        };
        match &mut entry.task {
            None => {}
            Some(Task::Local(task)) => task.on(&event),
            Some(Task::Write(task)) => task.on(event, &cx),
            Some(Task::Create(task)) => task.on(event, &cx),
            Some(Task::LinkBack(task)) => task.on(event),
        }
    }

    fn end(&mut self, at: usize, result: OpResult) {
        let Some(entry) = self.queue.remove(at) else { return };
        let Some(op) = self.plan.ops.get(entry.op) else { return };
        if let Some(Task::Create(task)) = entry.task {
            self.duplicates.extend(task.duplicate);
            if let Some((item, ticket, record)) = task.made {
                let marker = match &op.kind {
                    OpKind::Create(spec) => Some(spec.marker.clone()),
                    _ => None,
                };
                self.made.insert(op.id, Made { item, ticket, marker, record });
            }
        }
        if let OpResult::Rejected(reject) = &result
            && reject.class == RejectClass::Credentials
        {
            self.aborted.get_or_insert(reject.clone());
        }
        self.results.insert(op.id, result);
    }

    /// Creates of earlier runs whose reply was lost and that this plan has not taken up: an item may have moved on in
    /// the meantime. Once they can no longer arrive, it is found out what became of them.
    fn add_strays(&mut self) -> bool {
        if self.planned < self.plan.ops.len() || self.aborted.is_some() || !guard::on(Guard::Strays) {
            return false;
        }
        let dirty: BTreeSet<&RecordKey> = self.dirty.iter().map(|mark| &mark.record).collect();
        for intent in self.memory.intents.values() {
            let item = intent.spec.item.clone().map(RecordKey::Item);
            let source = item.or(intent.spec.ticket.map(RecordKey::Ticket));
            let settled =
                intent.sent_at.is_some() && intent.settle_until.is_some_and(|until| until <= self.now);
            // Sent in the future: our clock has gone back. The search waits as long as it must.
            let back = intent.sent_at.is_some_and(|sent| sent > self.now) && guard::on(Guard::ClockBack);
            let taken_up = self
                .plan
                .ops
                .iter()
                .any(|op| matches!(&op.kind, OpKind::Create(spec) if spec.marker == intent.spec.marker));
            if !(settled || back) || taken_up || !source.is_some_and(|source| dirty.contains(&source)) {
                continue;
            }
            let op = Op {
                id: intent.op,
                rank: plan::Rank::Create,
                after: Vec::new(),
                kind: OpKind::Create(Box::new(intent.spec.clone())),
                item: intent.spec.item.clone(),
                client: intent.spec.client.clone(),
                ticket: intent.spec.ticket,
                pre: Vec::new(),
                before: FieldRow::new(),
                set: intent.payload.clone(),
                source: intent.source.clone(),
                base: BaseRow::new(),
                why: Vec::new(),
            };
            let task = Some(Task::Create(Box::new(CreateTask::resolve(&op, intent))));
            self.queue.push_back(Entry { op: self.plan.ops.len(), task, until: None });
            self.plan.ops.push(op);
        }
        !self.queue.is_empty()
    }

    /// All operations have ended: forget what is settled, clean the dirty set, report.
    fn finish(&mut self) -> Step {
        // Operations whose dependencies form a circle can never start.
        while let Some(entry) = self.queue.pop_front() {
            if let Some(op) = self.plan.ops.get(entry.op) {
                self.results.insert(op.id, OpResult::Blocked);
            }
        }
        if !self.settled {
            let commit = self.settle();
            if !commit.links.is_empty() || !commit.clean.is_empty() {
                let step = Step::Commit(Box::new(commit));
                self.open = Some(step.clone());
                return step;
            }
            self.settled = true;
        }
        let ops = self.plan.ops.iter().take(self.planned).map(|op| OpReport {
            op: op.id,
            result: self.results.get(&op.id).cloned().unwrap_or(OpResult::NotTried),
        });
        let report =
            Report { ops: ops.collect(), duplicates: self.duplicates.clone(), aborted: self.aborted.clone() };
        self.ended = Some(report.clone());
        Step::Done(report)
    }
}

fn start(op: &Op) -> Option<Task> {
    Some(match &op.kind {
        OpKind::Rebase { .. }
        | OpKind::Adopt { .. }
        | OpKind::AwaitProject
        | OpKind::EndAwait
        | OpKind::Unlink { .. } => Task::Local(LocalTask::default()),
        OpKind::Create(spec) => Task::Create(Box::new(CreateTask::new(op, spec))),
        OpKind::Update { .. }
        | OpKind::StatusWrite { .. }
        | OpKind::Promote { .. }
        | OpKind::CloseWon { .. } => Task::Write(Box::new(WriteTask::new(op)?)),
        OpKind::LinkBack { kind, side } => Task::LinkBack(Box::new(LinkBackTask::new(*kind, *side))),
    })
}
