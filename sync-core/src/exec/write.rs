//! Updates and status writes of records that exist.

use super::call::{Persisted, StatusCall, StatusWay, UpdateCall, note_tag};
use super::journal::{Commit, History, JournalEntry, LinkChange};
use super::link_back::in_place;
use super::machine::{Context, Next, stored_forms};
use super::protocol::{Event, NoteQuery, OpResult, Outcome, Record, RecordKey, Reject, RejectClass, Step};
use crate::base::{BaseCell, BaseRow, LinkedBack, PendingWrite};
use crate::field::{FieldId, FieldRow};
use crate::guard::{self, Guard};
use crate::ids::{ItemId, Kind, Side, TicketTypeId};
use crate::learn::StoredForm;
use crate::plan::{Op, OpKind, Precond, Why};
use crate::record::HaloTicket;
use crate::settings::StatusHow;
use crate::stamp::Stamp;
use crate::value::{Obs, Value};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A write to an existing record: read, compare, store what will be sent, send, see what came of it, commit.
#[derive(Debug)]
pub(super) struct WriteTask {
    state: State,
    item: ItemId,
    target: RecordKey,
    kind: Kind,
    /// What is to be written; shrinks to what differs once the target was read.
    set: FieldRow,
    to_type: Option<TicketTypeId>,
    /// What the target held right before the write.
    before: FieldRow,
    version: Option<Box<str>>,
    sent_at: Option<Stamp>,
    /// A link back that the target shows although it was thought not to stay.
    in_place: Option<LinkedBack>,
}

#[derive(Debug)]
enum State {
    Read,
    FindNote { settle_until: Stamp, asked_at: Option<Stamp> },
    NoNote { settle_until: Stamp, asked_at: Option<Stamp> },
    Persist(Vec<PendingWrite>),
    Send(Persisted<Vec<PendingWrite>>),
    ReadBack,
    Commit(Box<Commit>, OpResult),
    Drop(JournalEntry, OpResult),
    End(OpResult),
}

impl WriteTask {
    /// Nothing if the operation does not say what it writes to.
    pub(super) fn new(op: &Op) -> Option<Self> {
        let item = op.item.clone()?;
        let kind = op.kind.pair_kind();
        let target = match op.kind.side()? {
            Side::Halo => RecordKey::Ticket(op.ticket?),
            Side::Hit => RecordKey::Item(item.clone()),
        };
        let mut set = op.set.clone();
        let mut to_type = None;
        match &op.kind {
            OpKind::CloseWon { recipe } => {
                set.set(FieldId::Status, Obs::Value(Value::halo_status(recipe.status)))
            }
            OpKind::Promote { to_type: wanted } => to_type = Some(*wanted),
            _ => {}
        }
        Some(Self {
            state: State::Read,
            item,
            target,
            kind,
            set,
            to_type,
            before: FieldRow::new(),
            version: None,
            sent_at: None,
            in_place: None,
        })
    }

    pub(super) fn next(&mut self, cx: &Context<'_>) -> Next {
        match &mut self.state {
            State::Read | State::ReadBack => Next::Step(Step::Read(self.target.clone())),
            State::FindNote { asked_at, .. } => {
                *asked_at = Some(cx.now);
                let RecordKey::Ticket(ticket) = self.target else {
                    return Next::Finish(OpResult::ChangedSincePlan);
                };
                Next::Step(Step::FindNote(NoteQuery { ticket, tag: note_tag(cx.op.id) }))
            }
            State::NoNote { settle_until, asked_at } => {
                let settle_until = *settle_until;
                if asked_at.is_some_and(|asked| asked >= settle_until) {
                    // It can not be applied any more: send it again.
                    self.state = State::Persist(Vec::new());
                    self.next(cx)
                } else if cx.now >= settle_until {
                    // The status may have moved while we waited.
                    self.state = State::Read;
                    self.next(cx)
                } else {
                    Next::Park(settle_until)
                }
            }
            State::Persist(writes) => {
                self.sent_at = Some(cx.now);
                *writes = self
                    .set
                    .iter()
                    .map(|(field, obs)| PendingWrite {
                        op: cx.op.id,
                        side: self.target.side(),
                        kind: self.kind,
                        field,
                        before: self.before.get(field).clone(),
                        sent: obs.value().cloned(),
                        sent_at: cx.now,
                        settle_until: cx.now.plus_ms(cx.settle_ms),
                    })
                    .collect();
                Next::Step(Step::Persist(JournalEntry::Pending {
                    item: self.item.clone(),
                    writes: writes.clone(),
                }))
            }
            State::Send(stored) => {
                let stored = stored.clone();
                Next::Step(self.call(cx.op, stored))
            }
            State::Commit(commit, _) => Next::Step(Step::Commit(commit.clone())),
            State::Drop(entry, _) => Next::Step(Step::Persist(entry.clone())),
            State::End(result) => Next::Finish(result.clone()),
        }
    }

    fn call(&self, op: &Op, stored: Persisted<Vec<PendingWrite>>) -> Step {
        let status = self.set.get(FieldId::Status).value().and_then(Value::as_halo_status);
        let way = match (&op.kind, status) {
            (OpKind::StatusWrite { how: StatusHow::Action(outcome), .. }, Some(status)) => {
                Some(StatusWay::Action { outcome: *outcome, status })
            }
            (OpKind::StatusWrite { how: StatusHow::Set, .. }, Some(status)) => Some(StatusWay::Set(status)),
            (OpKind::CloseWon { recipe }, _) => Some(StatusWay::CloseWon(recipe.clone())),
            (OpKind::Promote { to_type }, status) => Some(StatusWay::Convert { to_type: *to_type, status }),
            _ => None,
        };
        match (way, &self.target) {
            (Some(way), RecordKey::Ticket(ticket)) => {
                Step::StatusWrite(StatusCall::new(op.id, *ticket, way, stored))
            }
            _ => Step::Update(UpdateCall::new(
                op.id,
                self.target.clone(),
                self.kind,
                Box::new(self.set.clone()),
                self.version.clone(),
                stored,
            )),
        }
    }

    pub(super) fn on(&mut self, event: Event, cx: &Context<'_>) {
        let state = core::mem::replace(&mut self.state, State::End(OpResult::NotTried));
        self.state = match (state, event) {
            (State::Read, Event::Read(Ok(Some(record)))) => self.compare(&record, cx),
            (State::Read, Event::Read(Ok(None))) => State::End(OpResult::Rejected(Reject::new(
                RejectClass::NotFound,
                "the record could not be read",
            ))),
            (State::Read, Event::Read(Err(reject))) => State::End(OpResult::Rejected(reject)),
            // The note is there, so the action was done, and the status is not what it set: somebody moved on.
            (State::FindNote { .. }, Event::Note(Ok(true))) => State::End(OpResult::ChangedSincePlan),
            (State::FindNote { settle_until, asked_at }, Event::Note(Ok(false))) => {
                State::NoNote { settle_until, asked_at }
            }
            (State::FindNote { .. }, Event::Note(Err(reject))) => State::End(OpResult::Rejected(reject)),
            (State::Persist(writes), Event::Persisted) => State::Send(Persisted::confirmed(writes)),
            (State::Send(_), Event::Written(outcome)) => self.written(outcome, cx),
            (State::ReadBack, Event::Read(Ok(Some(record)))) => self.settle(&record, false, cx.op),
            // Written, and nobody could see what came of it: the pending write stays and the next run looks.
            (State::ReadBack, Event::Read(_)) => State::End(OpResult::Unknown),
            (State::Commit(_, result) | State::Drop(_, result), Event::Persisted) => State::End(result),
            (state, _) => state,
        };
    }

    /// Compares what the target holds with what the plan saw.
    fn compare(&mut self, record: &Record, cx: &Context<'_>) -> State {
        let op = cx.op;
        self.in_place = cx.link(&self.item).and_then(|link| in_place(link, record));
        let held = record.fields();
        let type_there = match (record, self.to_type) {
            (Record::Ticket(ticket), Some(wanted)) => ticket.ticket_type == wanted,
            _ => true,
        };
        if type_there && self.set.iter().all(|(field, wanted)| held.get(field) == wanted) {
            let cells = self.cells(op, |field| held.get(field).clone());
            let mut commit = self.commit(op, cells, Vec::new(), None);
            self.promote(op, &mut commit);
            return State::Commit(Box::new(commit), OpResult::AlreadyThere);
        }
        if !self.preconditions_hold(record, op) {
            return State::End(OpResult::ChangedSincePlan);
        }
        if let Record::Item(item) = record {
            self.version.clone_from(&item.version);
        }
        // Only what differs is sent: every field more is a person's edit at risk.
        for (field, wanted) in self.set.clone().iter() {
            self.before.set(field, held.get(field).clone());
            if held.get(field) == wanted {
                self.set.set(field, Obs::NotFetched);
            }
        }
        let earlier = cx.link(&self.item).and_then(|link| {
            let same = link.pending.iter().filter(|pending| pending.op == op.id);
            same.map(|pending| pending.settle_until).reduce(|a, b| if a >= b { a } else { b })
        });
        match (&op.kind, earlier) {
            (OpKind::StatusWrite { how: StatusHow::Action(_), .. }, Some(settle_until))
                if guard::on(Guard::ActionNote) =>
            {
                State::FindNote { settle_until, asked_at: None }
            }
            _ => State::Persist(Vec::new()),
        }
    }

    fn preconditions_hold(&self, record: &Record, op: &Op) -> bool {
        let held = record.fields();
        let as_planned = |field: FieldId, planned: &Obs<Value>| {
            let now = held.get(field);
            now.is_seen() && (now == planned || (self.set.get(field).is_seen() && now == self.set.get(field)))
        };
        let ticket: Option<&HaloTicket> = match record {
            Record::Ticket(ticket) => Some(ticket),
            Record::Item(_) => None,
        };
        let pre = op.pre.iter().all(|pre| match (pre, ticket) {
            (Precond::Field { side, field, is }, _) if *side == self.target.side() => as_planned(*field, is),
            (Precond::TicketType(wanted), Some(ticket)) => ticket.ticket_type == *wanted,
            (Precond::TicketClient(wanted), Some(ticket)) => ticket.client == *wanted,
            (Precond::Closed(wanted), Some(ticket)) => ticket.closed == *wanted,
            (Precond::NotPriced, Some(ticket)) => ticket.priced != Some(true),
            // What is said of the other record was checked when it was read: a write costs one read, of its target.
            _ => true,
        });
        let live = ticket.is_none_or(|ticket| !ticket.deleted && ticket.merged_into.is_none());
        let planned = |(field, _): (FieldId, &Obs<Value>)| {
            !op.before.get(field).is_seen() || as_planned(field, op.before.get(field))
        };
        let known = |(field, _): (FieldId, &Obs<Value>)| {
            op.before.get(field).is_seen()
                || op.pre.iter().any(|pre| {
                    matches!(pre, Precond::Field { side, field: f, .. } if *f == field && *side == self.target.side())
                })
                || matches!(op.kind, OpKind::CloseWon { .. } | OpKind::Promote { .. })
        };
        if !guard::on(Guard::VerifyRead) {
            return true;
        }
        pre && live && self.set.iter().all(planned) && self.set.iter().all(known)
    }

    fn written(&mut self, outcome: Outcome, cx: &Context<'_>) -> State {
        match outcome {
            Outcome::Applied(Some(record)) if record.key() == self.target && self.is_answered(&record) => {
                self.settle(&record, true, cx.op)
            }
            Outcome::Applied(_) => State::ReadBack,
            Outcome::Rejected(reject) => {
                let result = OpResult::Rejected(reject);
                match self.sent_at {
                    Some(sent_at) => State::Drop(
                        JournalEntry::DropPending { item: self.item.clone(), op: cx.op.id, sent_at },
                        result,
                    ),
                    None => State::End(result),
                }
            }
            Outcome::Unknown => State::End(OpResult::Unknown),
        }
    }

    /// Whether the reply carries everything that was written.
    fn is_answered(&self, record: &Record) -> bool {
        self.set.iter().all(|(field, _)| record.fields().get(field).is_seen())
    }

    /// The write was applied, and this is what the target holds now.
    fn settle(&mut self, record: &Record, from_reply: bool, op: &Op) -> State {
        let held = record.fields();
        let mut kept = true;
        let mut not_kept = Vec::new();
        for (field, sent) in self.set.iter() {
            let now = held.get(field);
            if !now.is_seen() || (now == self.before.get(field) && !is_spelling_of(now, sent)) {
                not_kept.push(field);
            }
        }
        if let (Record::Ticket(ticket), Some(wanted)) = (record, self.to_type) {
            kept = ticket.ticket_type == wanted;
        }
        let cells = self.cells(op, |field| {
            if not_kept.contains(&field) {
                return Obs::NotFetched;
            }
            let (now, sent) = (held.get(field), self.set.get(field));
            if sent.is_seen() && !guard::on(Guard::ReadBack) {
                return sent.clone();
            }
            if sent.is_seen() && (from_reply || is_spelling_of(now, sent)) {
                return now.clone();
            }
            // A later read shows a third value, or the field was not sent because it held the value already: whatever
            // it holds now, a person was faster. What we know it held before enters the base, so that the person's
            // value counts as a change.
            self.before.get(field).clone()
        });
        kept &= not_kept.is_empty();
        let cells = if kept || self.to_type.is_none() { cells } else { BaseRow::new() };
        let written = self
            .set
            .iter()
            .map(|(field, sent)| (self.target.side(), self.kind, field, sent.value().cloned()))
            .collect();
        let history = History {
            record: self.target.clone(),
            kind: self.kind,
            created: false,
            before: self.before.clone(),
            sent: self.set.clone(),
            after: held.clone(),
        };
        let mut commit = self.commit(op, cells, written, Some(history));
        for change in &mut commit.links {
            // A third value in a later read is somebody's, not the server's spelling.
            let spelt = |form: &StoredForm| {
                let (now, sent) = (held.get(form.field), self.set.get(form.field));
                (from_reply && kept) || is_spelling_of(now, sent)
            };
            let side = self.target.side();
            change.stored =
                stored_forms(side, self.kind, &self.set, held).into_iter().filter(spelt).collect();
            change.released = decided_fields(op).map(|field| (self.kind, field)).collect();
        }
        if kept {
            self.promote(op, &mut commit);
        }
        State::Commit(Box::new(commit), if kept { OpResult::Done } else { OpResult::NotKept })
    }

    /// A converted ticket is the project of the link from now on, and no longer its opportunity.
    fn promote(&self, op: &Op, commit: &mut Commit) {
        if let (OpKind::Promote { .. }, RecordKey::Ticket(ticket)) = (&op.kind, &self.target) {
            for change in &mut commit.links {
                change.tickets = Vec::from([(Kind::Opportunity, None), (Kind::Project, Some(*ticket))]);
                change.end_await = true;
            }
        }
    }

    /// The base cells of everything the operation was to write, from what the target holds.
    fn cells(&self, op: &Op, held: impl Fn(FieldId) -> Obs<Value>) -> BaseRow {
        let mut cells = op.base.clone();
        let wanted = op.set.iter().map(|(field, _)| field).chain(self.set.iter().map(|(field, _)| field));
        for field in wanted {
            let (now, source) = (held(field), op.source.get(field));
            if !now.is_seen() || !source.is_seen() {
                continue;
            }
            let (now, source) = (now.value().cloned(), source.value().cloned());
            let cell = match self.target.side() {
                Side::Halo => BaseCell { halo: now, hit: source },
                Side::Hit => BaseCell { halo: source, hit: now },
            };
            cells.insert(field, cell);
        }
        cells
    }

    fn commit(
        &self,
        op: &Op,
        cells: BaseRow,
        written: Vec<(Side, Kind, FieldId, Option<Value>)>,
        history: Option<History>,
    ) -> Commit {
        let mut change = LinkChange::none(self.item.clone());
        change.base = Vec::from([(self.kind, cells)]);
        change.resolved = self.sent_at.map(|sent_at| (op.id, sent_at)).into_iter().collect();
        change.written = written;
        change.linked_back = self.in_place;
        Commit { op: Some(op.id), links: Vec::from([change]), history, ..Commit::default() }
    }
}

/// The fields about which a person has decided.
fn decided_fields(op: &Op) -> impl Iterator<Item = FieldId> {
    op.why.iter().filter_map(|why| match why {
        Why::Decided { field, .. } => Some(*field),
        _ => None,
    })
}

/// Whether what is held is what was sent, or another spelling of it.
fn is_spelling_of(now: &Obs<Value>, sent: &Obs<Value>) -> bool {
    match (now, sent) {
        (Obs::Value(now), Obs::Value(sent)) => now.is_spelling_of(sent),
        _ => now == sent,
    }
}
