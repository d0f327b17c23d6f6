//! A runtime for the planner and the executor, as small as it can be: what it must store survives a crash, the rest
//! does not.

use super::chooser::{Choice, Chooser};
use super::scenario::{Edit, Scenario, pair};
use super::world::{LATE_MS, Late, Request, STEP_MS, World};
use std::collections::{BTreeMap, BTreeSet};
use sync_core::base::{BaseHead, Intent};
use sync_core::decision::{Candidates, Decisions};
use sync_core::exec::{
    DirtyMark, Event, Exec, JournalEntry, JournalView, Memory, OpResult, Outcome, Record, RecordKey, Reject,
    RejectClass, Report, StatusWay, Step,
};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{ItemId, Kind, Side, TicketId};
use sync_core::plan::Plan;
use sync_core::planner::{PlanInput, plan};
use sync_core::record::{Coverage, Snapshot};
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

/// A mechanism to leave out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Without {
    Nothing,
    /// The create carries no marker that anything could find.
    Marker,
    /// An older create is not waited for.
    Settle,
    /// The intent is forgotten when the engine dies.
    Intent,
    /// The stored intent holds no payload.
    Payload,
    /// Changes are only remembered in memory while the cursor is stored.
    DirtySet,
    /// Writes whose reply was lost are not remembered.
    Pending,
    /// The target is not read again before a write.
    VerifyRead,
    /// What the server holds after a write is taken to be what was sent.
    ReadBack,
    /// The base of a link is forgotten after every run.
    Base,
}

impl Without {
    /// Every mechanism that can be left out.
    pub(crate) const ABLATIONS: [Self; 9] = [
        Self::Marker,
        Self::Settle,
        Self::Intent,
        Self::Payload,
        Self::DirtySet,
        Self::Pending,
        Self::VerifyRead,
        Self::ReadBack,
        Self::Base,
    ];
}

/// Everything that survives a crash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durable {
    pub(crate) memory: Memory,
    pub(crate) cursor: u64,
    pub(crate) dirty: BTreeMap<RecordKey, u64>,
    pub(crate) mark: u64,
    pub(crate) serial: u64,
}

/// What has come of a run of the model so far, for the checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Duplicates that were reported.
    pub(crate) reported: BTreeSet<String>,
    pub(crate) conflicts: usize,
    pub(crate) rounds: usize,
}

/// The engine died.
#[derive(Debug)]
pub(crate) struct Died;

#[derive(Clone, Debug)]
pub(crate) struct Engine<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) world: World,
    pub(crate) durable: Durable,
    pub(crate) seen: Seen,
    pub(crate) chooser: Chooser,
    /// Edits that have not happened yet.
    pub(crate) waiting: Vec<usize>,
    /// Whether anything special may still happen.
    pub(crate) faults: bool,
    pub(crate) without: Without,
    pub(crate) last_plan: Option<Plan>,
    pub(crate) last_report: Option<Report>,
    /// Rounds since the last edit that waited for quiet.
    pub(crate) phase_rounds: usize,
    volatile_dirty: BTreeMap<RecordKey, u64>,
}

impl<'a> Engine<'a> {
    pub(crate) fn new(scenario: &'a Scenario, chooser: Chooser, without: Without) -> Self {
        Self {
            scenario,
            world: scenario.world(),
            durable: Durable::default(),
            seen: Seen::default(),
            chooser,
            waiting: (0..scenario.edits.len()).collect(),
            faults: true,
            without,
            last_plan: None,
            last_report: None,
            phase_rounds: 0,
            volatile_dirty: BTreeMap::new(),
        }
    }

    /// One step of the model: time passes, and something may happen.
    fn step(&mut self, name: &str, own: &[Choice]) -> Choice {
        self.world.step += 1;
        self.world.advance(self.world.now + STEP_MS);
        if !self.faults {
            return Choice::Proceed;
        }
        loop {
            let mut options = vec![Choice::Proceed];
            options.extend_from_slice(own);
            let possible = self.waiting.iter().filter(|edit| self.world.can(&self.scenario.edits[**edit]));
            options.extend(possible.map(|edit| Choice::Edit(*edit)));
            match self.chooser.choose(name, &options) {
                Choice::Edit(edit) => self.edit(edit),
                other => return other,
            }
        }
    }

    pub(crate) fn edit(&mut self, edit: usize) {
        self.waiting.retain(|waiting| *waiting != edit);
        let edit: &Edit = &self.scenario.edits[edit];
        let memory = &self.durable.memory;
        self.world.edit(edit, |field, other, held| {
            let link = memory.links.values().find(|link| link.item.as_str() == other.item);
            let cells =
                link.into_iter().flat_map(|link| Kind::ALL.map(|kind| link.base.of(kind).get(&field)));
            cells.flatten().any(|cell| {
                cell.side(other.side).as_ref() == Some(&other.value)
                    && cell.side(other.side.other()).as_ref() == Some(held)
            })
        });
    }

    /// Runs until nothing is left to do, or gives up.
    pub(crate) fn run_until_quiet(&mut self, rounds: usize) -> bool {
        for _ in 0..rounds {
            if self.round().is_ok() && self.is_quiet() {
                return true;
            }
            self.volatile_dirty.retain(|_, _| self.without == Without::DirtySet && !self.faults);
            // Between two runs some time passes.
            self.world.advance(self.world.now + 4 * STEP_MS);
        }
        false
    }

    pub(crate) fn is_quiet(&self) -> bool {
        let news = self.world.changed.values().any(|change| *change > self.durable.cursor);
        !news && self.durable.dirty.is_empty() && self.world.late.is_empty()
    }

    /// One run: what changed, read it, plan it, do it.
    pub(crate) fn round(&mut self) -> Result<(), Died> {
        self.seen.rounds += 1;
        // 1. What changed. The bound of the read is fixed before it.
        match self.step("list changes", &[Choice::Crash, Choice::Fail]) {
            Choice::Crash => return Err(self.die()),
            Choice::Fail => return Ok(()),
            _ => {}
        }
        let bound = self.world.change;
        let cursor = self.durable.cursor;
        let fresh: Vec<RecordKey> =
            self.world.changed.iter().filter(|(_, at)| **at > cursor).map(|(key, _)| key.clone()).collect();
        // 2. One transaction: remember them, move the cursor.
        if self.step("store changes", &[Choice::Crash]) == Choice::Crash {
            return Err(self.die());
        }
        for key in fresh {
            self.durable.mark += 1;
            let marks = if self.without == Without::DirtySet {
                &mut self.volatile_dirty
            } else {
                &mut self.durable.dirty
            };
            marks.insert(key, self.durable.mark);
        }
        self.durable.cursor = bound;
        // 3. Read the dirty records in detail.
        let mut marks = self.durable.dirty.clone();
        marks.extend(std::mem::take(&mut self.volatile_dirty));
        let read_at = Stamp::ours(self.world.now);
        let mut snapshot = Snapshot { halo: Coverage::Ids, hit: Coverage::Ids, ..Snapshot::default() };
        match self.step("read items", &[Choice::Crash, Choice::Fail]) {
            Choice::Crash => return Err(self.die()),
            Choice::Fail => return Ok(()),
            _ => {}
        }
        snapshot.items = self.world.items.keys().filter_map(|id| self.world.item(id)).collect();
        match self.step("read tickets", &[Choice::Crash, Choice::Fail]) {
            Choice::Crash => return Err(self.die()),
            Choice::Fail => return Ok(()),
            _ => {}
        }
        snapshot.tickets = self.world.tickets.keys().filter_map(|id| self.world.ticket(*id)).collect();
        if self.without == Without::Marker {
            snapshot.tickets.iter_mut().for_each(|ticket| ticket.marker = None);
        }
        snapshot.normalise();
        // 4. Plan.
        let only = self.dirty_items(&marks);
        let plan = self.plan(&snapshot, Some(&only));
        self.seen.conflicts += plan.conflicts.len();
        self.note_issues(&plan);
        self.last_plan = Some(plan.clone());
        // 5. Carry it out.
        let marks = marks.into_iter().map(|(record, mark)| DirtyMark { record, mark }).collect();
        let journal =
            JournalView { head: self.head(), memory: self.durable.memory.clone(), read_at, dirty: marks };
        let exec =
            Exec::new(plan, journal, &self.scenario.settings, None).expect("a fresh plan is not stale");
        self.carry_out(exec)?;
        if self.without == Without::Base {
            for link in self.durable.memory.links.values_mut() {
                link.base = sync_core::base::Base::default();
            }
        }
        Ok(())
    }

    fn dirty_items(&self, marks: &BTreeMap<RecordKey, u64>) -> BTreeSet<ItemId> {
        marks
            .keys()
            .filter_map(|key| match key {
                RecordKey::Item(item) => Some(item.clone()),
                RecordKey::Ticket(ticket) => {
                    self.durable.memory.link_of_ticket(*ticket).map(|link| link.item.clone())
                }
            })
            .collect()
    }

    pub(crate) fn head(&self) -> BaseHead {
        BaseHead { lineage: "model".into(), serial: self.durable.serial }
    }

    pub(crate) fn plan(&self, snapshot: &Snapshot, only: Option<&BTreeSet<ItemId>>) -> Plan {
        let links: Vec<_> = self.durable.memory.links.values().cloned().collect();
        let intents: Vec<Intent> = self.durable.memory.intents.values().cloned().collect();
        plan(&PlanInput {
            pair: &pair(),
            head: &self.head(),
            settings: &self.scenario.settings,
            catalogue: &self.scenario.catalogue,
            directory: &self.scenario.directory,
            links: &links,
            intents: &intents,
            snapshot,
            candidates: &Candidates::default(),
            decisions: &Decisions::default(),
            now: Stamp::ours(self.world.now),
            only,
            taken: None,
            links_total: 1,
        })
    }

    fn note_issues(&mut self, plan: &Plan) {
        use sync_core::decision::IssueCode::{DuplicateMarker, SecondProject};
        for issue in &plan.issues {
            if matches!(issue.code, DuplicateMarker | SecondProject) {
                self.seen.reported.extend(issue.subject.item.as_ref().map(|item| item.as_str().to_string()));
            }
        }
    }

    /// Forgets everything that was not stored.
    fn die(&mut self) -> Died {
        self.volatile_dirty.clear();
        if self.without == Without::Intent {
            self.durable.memory.intents.clear();
        }
        Died
    }

    fn carry_out(&mut self, mut exec: Exec) -> Result<(), Died> {
        loop {
            let step = exec.poll(Stamp::ours(self.world.now));
            // Asking twice changes nothing.
            debug_assert_eq!(step, exec.poll(Stamp::ours(self.world.now)));
            let event = match &step {
                Step::Wait(until) => {
                    self.world.advance(until.unix_ms);
                    continue;
                }
                Step::Done(report) => {
                    self.note_report(report, exec.memory());
                    self.last_report = Some(report.clone());
                    return Ok(());
                }
                Step::Persist(entry) => {
                    if self.step(step.name(), &[Choice::Crash]) == Choice::Crash {
                        return Err(self.die());
                    }
                    let entry = self.stored(entry);
                    self.durable.memory.apply(&entry);
                    Event::Persisted
                }
                Step::Commit(commit) => {
                    if self.step(step.name(), &[Choice::Crash]) == Choice::Crash {
                        return Err(self.die());
                    }
                    self.durable.memory.commit(commit);
                    self.durable.serial += 1;
                    for clean in &commit.clean {
                        if self.durable.dirty.get(&clean.record).is_some_and(|mark| *mark <= clean.mark) {
                            self.durable.dirty.remove(&clean.record);
                        }
                    }
                    Event::Persisted
                }
                Step::Read(key) => match self.step(step.name(), &[Choice::Crash, Choice::Fail]) {
                    Choice::Crash => return Err(self.die()),
                    Choice::Fail => Event::Read(Err(unavailable())),
                    _ if self.without == Without::VerifyRead => Event::Read(Ok(self.as_planned(key))),
                    _ => Event::Read(Ok(self.world.read(key))),
                },
                Step::FindMarker(query) => match self.step(step.name(), &[Choice::Crash, Choice::Fail]) {
                    Choice::Crash => return Err(self.die()),
                    Choice::Fail => Event::Markers(Err(unavailable())),
                    _ if self.without == Without::Marker => Event::Markers(Ok(Vec::new())),
                    _ => Event::Markers(Ok(self.world.search(&query.marker))),
                },
                Step::FindProject(opportunity) => {
                    match self.step(step.name(), &[Choice::Crash, Choice::Fail]) {
                        Choice::Crash => return Err(self.die()),
                        Choice::Fail => Event::Projects(Err(unavailable())),
                        _ => Event::Projects(Ok(self
                            .world
                            .tickets
                            .keys()
                            .filter_map(|id| self.world.ticket(*id))
                            .filter(|ticket| ticket.created_from == Some(*opportunity))
                            .collect())),
                    }
                }
                Step::FindNote(query) => match self.step(step.name(), &[Choice::Crash, Choice::Fail]) {
                    Choice::Crash => return Err(self.die()),
                    Choice::Fail => Event::Note(Err(unavailable())),
                    _ => {
                        let found = self
                            .world
                            .notes
                            .iter()
                            .any(|(t, tag)| *t == query.ticket.0 && **tag == *query.tag);
                        Event::Note(Ok(found))
                    }
                },
                Step::Create(call) => {
                    self.send(step.name(), &Request::Create(Box::new(call.intent().clone())))?
                }
                Step::Update(call) => {
                    let request =
                        Request::Write { target: call.target().clone(), set: Box::new(call.set().clone()) };
                    self.send(step.name(), &request)?
                }
                Step::StatusWrite(call) => {
                    let request = match call.way() {
                        StatusWay::Set(status) => Request::Write {
                            target: RecordKey::Ticket(call.ticket()),
                            set: Box::new(FieldRow::new().with(FieldId::Status, Value::halo_status(*status))),
                        },
                        StatusWay::Action { status, .. } => Request::Note {
                            ticket: call.ticket().0,
                            status: Some(status.to_string()),
                            tag: call.note_tag().into(),
                        },
                        other => panic!("the model does not know {other:?}"),
                    };
                    self.send(step.name(), &request)?
                }
                Step::LinkBack(call) => {
                    let request = Request::Reference {
                        item: call.item().clone(),
                        kind: call.kind(),
                        ticket: call.ticket().0,
                    };
                    self.send(step.name(), &request)?
                }
                other => panic!("the model does not know {other:?}"),
            };
            exec.on(event).expect("the event answers the step");
        }
    }

    fn send(&mut self, name: &str, request: &Request) -> Result<Event, Died> {
        let options = [Choice::Crash, Choice::LoseRequest, Choice::LoseReply, Choice::Late];
        let sent = self.world.step + 1;
        Ok(Event::Written(match self.step(name, &options) {
            Choice::Crash => return Err(self.die()),
            Choice::LoseRequest => Outcome::Unknown,
            Choice::LoseReply => {
                self.world.apply(request, sent);
                Outcome::Unknown
            }
            Choice::Late => {
                let at = self.world.now + LATE_MS;
                self.world.late.push(Late { at, request: request.clone(), sent });
                Outcome::Unknown
            }
            _ => {
                let reply = self.world.apply(request, sent);
                Outcome::Applied(match (self.without, request, reply) {
                    (Without::ReadBack, Request::Write { set, .. }, Some(reply)) => Some(as_sent(reply, set)),
                    (_, _, reply) => reply,
                })
            }
        }))
    }

    /// What a journal without one of its mechanisms would store.
    fn stored(&self, entry: &JournalEntry) -> JournalEntry {
        match (self.without, entry.clone()) {
            (Without::Pending, JournalEntry::Pending { item, .. }) => {
                JournalEntry::Pending { item, writes: Vec::new() }
            }
            (Without::Payload, JournalEntry::Intent(mut intent)) => {
                intent.payload = FieldRow::new();
                intent.source = FieldRow::new();
                JournalEntry::Intent(intent)
            }
            (Without::Settle, JournalEntry::Intent(mut intent)) => {
                intent.settle_until = intent.sent_at;
                JournalEntry::Intent(intent)
            }
            (_, entry) => entry,
        }
    }

    /// What the plan believes of a record, instead of what it is now.
    fn as_planned(&self, key: &RecordKey) -> Option<Record> {
        let mut record = self.world.read(key)?;
        for op in self.last_plan.iter().flat_map(|plan| &plan.ops) {
            let target = match (op.kind.side(), &op.item, op.ticket) {
                (Some(Side::Halo), _, Some(ticket)) => RecordKey::Ticket(ticket),
                (Some(Side::Hit), Some(item), _) => RecordKey::Item(item.clone()),
                _ => continue,
            };
            if target == *key {
                record = as_sent(record, &op.before);
            }
        }
        Some(record)
    }

    fn note_report(&mut self, report: &Report, memory: &Memory) {
        for duplicate in &report.duplicates {
            if let RecordKey::Ticket(ticket) = &duplicate.kept {
                let item = memory.link_of_ticket(*ticket).map(|link| link.item.as_str().to_string());
                self.seen.reported.extend(item);
            }
        }
        for op in report.ops.iter().filter(|op| op.result == OpResult::Ambiguous) {
            let item = self.last_plan.as_ref().and_then(|plan| plan.op(op.op)).and_then(|op| op.item.clone());
            self.seen.reported.extend(item.map(|item| item.as_str().to_string()));
        }
    }

    pub(crate) fn ticket_ids(&self, kind: Kind) -> Vec<TicketId> {
        self.world.tickets.iter().filter(|(_, t)| t.kind == kind).map(|(id, _)| TicketId(*id)).collect()
    }
}

fn unavailable() -> Reject {
    Reject::new(RejectClass::Unavailable, "the model says no")
}

fn as_sent(reply: Record, set: &FieldRow) -> Record {
    let put = |fields: &mut FieldRow| {
        for (field, obs) in set.iter() {
            if *obs != Obs::NotFetched {
                fields.set(field, obs.clone());
            }
        }
    };
    match reply {
        Record::Ticket(mut ticket) => {
            put(&mut ticket.fields);
            Record::Ticket(ticket)
        }
        Record::Item(mut item) => {
            put(&mut item.fields);
            Record::Item(item)
        }
    }
}
