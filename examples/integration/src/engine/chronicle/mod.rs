//! What the history says about a run.
//!
//! The line of a write is stored together with the pending write (or the intent of a create), *before* the request
//! leaves: with the value that is about to be replaced, and the outcome "unknown". What is learned afterwards, by this
//! process or by a later one, changes that line. So no value that was overwritten is ever without a line that holds it.

mod late;

use std::collections::{BTreeMap, BTreeSet};

use sync_core::base::PendingWrite;
use sync_core::catalogue::Catalogue;
use sync_core::decision::OpId;
use sync_core::exec::{
    Commit, Event, JournalEntry, LinkBackCall, LinkChange, Memory, OpResult, Outcome, Record, RecordKey,
    Reject, Report,
};
use sync_core::field::{FieldId, FieldRow};
use sync_core::hash::Hash256;
use sync_core::ids::{ItemId, Side};
use sync_core::plan::{Op, OpKind, Plan, Why, explain_op_named};
use sync_core::record::Snapshot;
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

pub(super) use self::late::Late;
use super::perform::key;
use crate::storage::{Change, HistoryEntry, Outcome as Ended, RunId, Settled, UnixMs};

/// Said of a write whose reply was lost and that is sent once more.
const AGAIN: &str = "the reply was lost; the old value was still there when it was sent again";
const NOT_KEPT: &str = "the server said yes and did not keep it";

/// What became of all lines of an operation whose outcome is not known.
fn settled(op: OpId, outcome: Ended, detail: Option<String>) -> Change {
    Change::Settle(Box::new(Settled { op, attempt: None, field: None, record: None, outcome, detail }))
}

/// Turns what the executor asks for, and what came of it, into lines of history.
pub(super) struct Chronicle<'a> {
    ops: BTreeMap<OpId, &'a Op>,
    catalogue: &'a Catalogue,
    /// What was read before the plan was made.
    snapshot: &'a Snapshot,
    run: RunId,
    plan: Hash256,
    /// The record read last: what a write that follows is going to replace.
    read: Option<Record>,
    /// Why the last write was refused.
    refused: Option<String>,
    /// Operations that have a line of this run.
    told: BTreeSet<OpId>,
    /// Links back whose line was stored before they were sent.
    linking: BTreeSet<OpId>,
}

impl<'a> Chronicle<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        hash: Hash256,
        run: RunId,
        catalogue: &'a Catalogue,
        snapshot: &'a Snapshot,
    ) -> Self {
        Self {
            ops: plan.ops.iter().map(|op| (op.id, op)).collect(),
            catalogue,
            snapshot,
            run,
            plan: hash,
            read: None,
            refused: None,
            told: BTreeSet::new(),
            linking: BTreeSet::new(),
        }
    }

    /// The line of a link back, to be stored before it is sent. It overwrites nothing, but that it was sent must be known
    /// if its reply is lost.
    pub(super) fn link_back(&mut self, call: &LinkBackCall, now: UnixMs) -> Vec<Change> {
        let meant = |op: &&&Op| {
            matches!(op.kind, OpKind::LinkBack { kind, side } if (kind, side) == (call.kind(), call.side()))
                && (op.item.as_ref() == Some(call.item()) || op.ticket == Some(call.ticket()))
                && !self.told.contains(&op.id)
        };
        let Some(op) = self.ops.values().find(meant).copied() else { return Vec::new() };
        self.told.insert(op.id);
        self.linking.insert(op.id);
        let record = match call.side() {
            Side::Halo => RecordKey::Ticket(call.ticket()),
            Side::Hit => RecordKey::Item(call.item().clone()),
        };
        let line = HistoryEntry {
            record: Some(key(&record)),
            outcome: Ended::Unknown,
            attempt: Some(now),
            ..self.line(op, now)
        };
        // It is sent only where there is none: an earlier one has not arrived.
        let earlier = settled(op.id, Ended::NotApplied, Some(AGAIN.to_owned()));
        vec![earlier, Change::Log(Box::new(line))]
    }

    /// Takes notice of what a server said.
    pub(super) fn heard(&mut self, event: &Event) {
        // A refusal is the reason for the entry right behind it, and for none after that.
        self.refused = None;
        match event {
            Event::Read(Ok(Some(record))) => self.read = Some(record.clone()),
            Event::Written(Outcome::Rejected(reject)) => self.refused = Some(reject.detail.to_string()),
            _ => {}
        }
    }

    /// The lines that go with a journal entry. `memory` is as it was before the entry.
    pub(super) fn entry(&mut self, entry: &JournalEntry, memory: &Memory, now: UnixMs) -> Vec<Change> {
        match entry {
            JournalEntry::Pending { writes, .. } => self.sent(writes, now),
            JournalEntry::Intent(intent) => {
                let Some(sent_at) = intent.sent_at else { return Vec::new() };
                let Some(op) = self.ops.get(&intent.op).copied() else { return Vec::new() };
                self.told.insert(op.id);
                // It is sent again only when an earlier request can no longer arrive and was searched for in vain.
                let never = Settled {
                    op: op.id,
                    attempt: None,
                    field: None,
                    record: None,
                    outcome: Ended::NotApplied,
                    detail: Some(
                        "the reply was lost; a search found no such record, so it never arrived".to_owned(),
                    ),
                };
                let line = HistoryEntry {
                    attempt: Some(sent_at.unix_ms),
                    outcome: Ended::Unknown,
                    ..self.line(op, now)
                };
                let mut lines = fields_of(&line, &FieldRow::new(), &intent.payload);
                if lines.is_empty() {
                    lines.push(line);
                }
                std::iter::once(Change::Settle(Box::new(never)))
                    .chain(lines.into_iter().map(|line| Change::Log(Box::new(line))))
                    .collect()
            }
            JournalEntry::DropIntent(marker) => {
                let op = memory.intents.get(marker).map(|intent| intent.op);
                op.map(|op| self.refused(op, None)).into_iter().collect()
            }
            JournalEntry::DropPending { op, sent_at, .. } => {
                vec![self.refused(*op, Some(sent_at.unix_ms))]
            }
            _ => Vec::new(),
        }
    }

    fn sent(&mut self, writes: &[PendingWrite], now: UnixMs) -> Vec<Change> {
        let Some(first) = writes.first() else { return Vec::new() };
        let Some(op) = self.ops.get(&first.op).copied() else { return Vec::new() };
        self.told.insert(op.id);
        let record = target(op);
        let held = self.read.as_ref().filter(|read| Some(read.key()) == record).map(Record::fields);
        let line = HistoryEntry {
            record: record.as_ref().map(key),
            outcome: Ended::Unknown,
            attempt: Some(first.sent_at.unix_ms),
            ..self.line(op, now)
        };
        let one = |write: &PendingWrite| HistoryEntry {
            field: Some(write.field),
            before: held.and_then(|held| held.get(write.field).value().cloned()),
            after: write.sent.clone(),
            ..line.clone()
        };
        // An operation has the same id whenever the same value is to be replaced by the same other. Where that value is
        // still there, an earlier request has not arrived; later it could not be told from the one that follows.
        let before = |write: &&PendingWrite| held.is_some_and(|held| held.get(write.field).is_seen());
        let again = writes.iter().filter(before).map(|write| {
            Change::Settle(Box::new(Settled {
                op: write.op,
                attempt: None,
                field: Some((write.field, write.sent.clone())),
                record: None,
                outcome: Ended::NotApplied,
                detail: Some(AGAIN.to_owned()),
            }))
        });
        again.chain(writes.iter().map(|write| Change::Log(Box::new(one(write))))).collect()
    }

    fn refused(&self, op: OpId, attempt: Option<UnixMs>) -> Change {
        let outcome = if self.refused.is_some() { Ended::Rejected } else { Ended::NotApplied };
        let detail = self.refused.clone().or_else(|| Some("a search found no such record".to_owned()));
        Change::Settle(Box::new(Settled { op, attempt, field: None, record: None, outcome, detail }))
    }

    /// The lines that go with a commit. `memory` is as it was before the commit.
    pub(super) fn commit(&mut self, commit: &Commit, memory: &Memory, now: UnixMs) -> Vec<Change> {
        let intent = commit.drop_intent.as_ref().and_then(|marker| memory.intents.get(marker));
        let found = |op: OpId| {
            let ticket = commit.links.iter().flat_map(|link| &link.tickets).find_map(|(_, ticket)| *ticket);
            Settled {
                op,
                attempt: None,
                field: None,
                record: ticket.map(|ticket| key(&RecordKey::Ticket(ticket))),
                outcome: Ended::Applied,
                detail: Some("the reply was lost; the record was found by its marker".to_owned()),
            }
        };
        let mut changes = Vec::new();
        let Some(history) = &commit.history else {
            // A create of an earlier run, found again, is what its lines say now.
            if let Some(sent) = intent.filter(|intent| intent.sent_at.is_some()) {
                changes.push(Change::Settle(Box::new(found(sent.op))));
            }
            let Some(op) = commit.op.and_then(|op| self.ops.get(&op).copied()) else { return changes };
            if self.linking.contains(&op.id) {
                // One that was refused or not kept is counted too; the end of the run says what became of it.
                let taken = |link: &LinkChange| link.linked_back.is_none_or(|written| written.kept);
                let applied = commit.links.iter().all(taken);
                changes.extend(applied.then(|| settled(op.id, Ended::Applied, None)));
                return changes;
            }
            self.told.insert(op.id);
            // Agreeing with what is there already is no event that anybody looks for; a decision is.
            let decided = op.why.iter().any(|why| matches!(why, Why::Decided { .. }));
            if decided || !matches!(op.kind, OpKind::Rebase { .. }) {
                changes.push(Change::Log(Box::new(self.line(op, now))));
            }
            return changes;
        };
        let Some(op) = commit.op else { return changes };
        let resolved = commit.links.iter().flat_map(|link| &link.resolved).map(|(_, sent_at)| *sent_at);
        let attempt = resolved.chain(intent.and_then(|intent| intent.sent_at)).next();
        for (field, sent) in history.sent.iter() {
            let after = history.after.get(field);
            let before = history.before.get(field);
            let kept = history.created || !after.is_seen() || after == sent || after != before;
            let held = if after.is_seen() { after.value() } else { sent.value() };
            changes.push(Change::Settle(Box::new(Settled {
                op,
                attempt: attempt.map(|attempt: Stamp| attempt.unix_ms),
                field: Some((field, held.cloned())),
                record: Some(key(&history.record)),
                outcome: if kept { Ended::Applied } else { Ended::NotKept },
                detail: None,
            })));
        }
        // A request without fields: a create of nothing but what its type demands, a change of type.
        changes.push(Change::Settle(Box::new(Settled {
            op,
            attempt: attempt.map(|attempt| attempt.unix_ms),
            field: None,
            record: Some(key(&history.record)),
            outcome: Ended::Applied,
            detail: None,
        })));
        if !self.told.contains(&op)
            && let Some(op) = self.ops.get(&op).copied()
        {
            // A type that was changed has no field, and so no pending write.
            let line = HistoryEntry { record: Some(key(&history.record)), ..self.line(op, now) };
            changes.push(Change::Log(Box::new(line)));
            self.told.insert(op.id);
        }
        changes
    }

    /// An operation whose question was given up was not refused: nothing was tried, unless something was sent before.
    /// Which ones these are.
    pub(super) fn tell_given_up(&self, report: &mut Report, given_up: fn(&Reject) -> bool) -> Vec<OpId> {
        let mut found = Vec::new();
        for done in &mut report.ops {
            if matches!(&done.result, OpResult::Rejected(reject) if given_up(reject)) {
                let sent = self.told.contains(&done.op);
                done.result = if sent { OpResult::Unknown } else { OpResult::NotTried };
                found.push(done.op);
            }
        }
        found
    }

    /// What came of operations that nothing was said about yet: refused before anything was sent, left out, not reached.
    pub(super) fn end(&self, report: &Report, now: UnixMs) -> Vec<Change> {
        let untold = |op: &OpId| !self.told.contains(op);
        let mut changes = Vec::new();
        for done in report.ops.iter().filter(|done| self.linking.contains(&done.op)) {
            let (outcome, detail) = match &done.result {
                OpResult::Rejected(reject) => (Ended::Rejected, reject.detail.to_string()),
                OpResult::NotKept => (Ended::NotKept, NOT_KEPT.to_owned()),
                _ => continue,
            };
            changes.push(settled(done.op, outcome, Some(detail)));
        }
        for done in report.ops.iter().filter(|done| untold(&done.op)) {
            let Some(op) = self.ops.get(&done.op).filter(|op| op.kind.is_write()) else { continue };
            let (outcome, detail) = match &done.result {
                OpResult::Rejected(reject) => (Ended::Rejected, reject.detail.to_string()),
                OpResult::Unknown => (Ended::Unknown, "the reply was lost".to_owned()),
                OpResult::NotKept => (Ended::NotKept, NOT_KEPT.to_owned()),
                OpResult::ChangedSincePlan => (Ended::Skipped, "changed since the plan".to_owned()),
                OpResult::Ambiguous => (Ended::Skipped, "several records answer the description".to_owned()),
                OpResult::Blocked => (Ended::Skipped, "what had to come first did not succeed".to_owned()),
                OpResult::NotTried => (Ended::Skipped, "the run ended before its turn".to_owned()),
                _ => continue,
            };
            let line = HistoryEntry {
                record: target(op).as_ref().map(key),
                outcome,
                detail: Some(detail),
                ..self.line(op, now)
            };
            let mut lines = fields_of(&line, &op.before, &op.set);
            if lines.is_empty() {
                lines.push(line);
            }
            changes.extend(lines.into_iter().map(|line| Change::Log(Box::new(line))));
        }
        changes
    }

    fn line(&self, op: &Op, now: UnixMs) -> HistoryEntry {
        HistoryEntry {
            run: Some(self.run),
            op: Some(op.id),
            at: now,
            record: None,
            item: op.item.clone(),
            name: self.name(op.item.as_ref(), op),
            client: Some(op.client.clone()),
            action: op.kind.code().to_owned(),
            field: None,
            before: None,
            after: None,
            why: serde_json::to_string(&op.why).unwrap_or_default(),
            sentence: explain_op_named(op, self.catalogue),
            plan: Some(self.plan),
            attempt: None,
            outcome: Ended::Applied,
            detail: None,
        }
    }

    fn name(&self, item: Option<&ItemId>, op: &Op) -> Option<String> {
        let read = item.and_then(|item| self.snapshot.item(item)).map(|item| item.fields.get(FieldId::Name));
        match read.unwrap_or_else(|| op.set.get(FieldId::Name)).value() {
            Some(Value::Text(name)) => Some(name.to_string()),
            _ => None,
        }
    }
}

/// The record that an operation writes to, if it is there yet.
fn target(op: &Op) -> Option<RecordKey> {
    if matches!(op.kind, OpKind::Create(_)) { None } else { written(op) }
}

/// The record that an operation names on the side to which it writes.
pub(super) fn written(op: &Op) -> Option<RecordKey> {
    match op.kind.side()? {
        Side::Halo => op.ticket.map(RecordKey::Ticket),
        Side::Hit => op.item.clone().map(RecordKey::Item),
    }
}

/// A line for each field that is written.
fn fields_of(line: &HistoryEntry, before: &FieldRow, sent: &FieldRow) -> Vec<HistoryEntry> {
    let one = |(field, sent): (FieldId, &Obs<Value>)| HistoryEntry {
        field: Some(field),
        before: before.get(field).value().cloned(),
        after: sent.value().cloned(),
        ..line.clone()
    };
    sent.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use sync_core::exec::{Exec, JournalView, Reject, RejectClass, Step};
    use sync_core::hash::Hash128;
    use sync_core::ids::{Kind, TicketId};
    use sync_core::plan::{Rank, plan_hash};
    use sync_core::settings::Settings;

    use super::*;
    use crate::storage::RecordKey as Stored;

    fn plan(settings: &Settings) -> Plan {
        let mut op = Op {
            id: Hash128([0; 16]),
            rank: Rank::LinkBack,
            after: Vec::new(),
            kind: OpKind::LinkBack { kind: Kind::Project, side: Side::Halo },
            item: Some("i1".into()),
            client: "c1".into(),
            ticket: Some(TicketId(7)),
            pre: Vec::new(),
            before: FieldRow::new(),
            set: FieldRow::new(),
            source: FieldRow::new(),
            base: Default::default(),
            why: Vec::new(),
        };
        op.id = op.name();
        let mut plan = Plan { ops: vec![op], ..Plan::default() };
        plan.head.settings_hash = settings.settings_hash();
        plan
    }

    /// The changes before the request, and those after a run in which it ended so.
    fn told(outcome: Outcome) -> (Vec<Change>, Vec<Change>) {
        let settings = Settings::default();
        let plan = plan(&settings);
        let journal = JournalView {
            head: plan.head.base.clone(),
            memory: Memory::default(),
            read_at: Stamp::ours(0),
            dirty: Vec::new(),
        };
        let mut exec = Exec::new(plan.clone(), journal, &settings, None).unwrap();
        let Step::LinkBack(call) = exec.poll(Stamp::ours(1)) else { panic!("no link back") };
        let (catalogue, snapshot) = (Catalogue::default(), Snapshot::default());
        let mut chronicle = Chronicle::new(&plan, plan_hash(&plan), 3, &catalogue, &snapshot);
        let before = chronicle.link_back(&call, 1);
        let mut after = Vec::new();
        exec.on(Event::Written(outcome)).unwrap();
        loop {
            match exec.poll(Stamp::ours(2)) {
                Step::Done(report) => {
                    after.extend(chronicle.end(&report, 2));
                    return (before, after);
                }
                Step::Read(_) => exec.on(Event::Read(Ok(None))).unwrap(),
                Step::Commit(commit) => {
                    after.extend(chronicle.commit(&commit, &Memory::default(), 2));
                    exec.on(Event::Persisted).unwrap();
                }
                other => panic!("{}", other.name()),
            }
        }
    }

    #[test]
    fn a_link_back_has_its_line_before_it_is_sent() {
        let (before, after) = told(Outcome::Unknown);
        let [Change::Settle(earlier), Change::Log(line)] = &before[..] else { panic!("{before:?}") };
        assert_eq!(
            (earlier.outcome, line.outcome, line.attempt),
            (Ended::NotApplied, Ended::Unknown, Some(1))
        );
        assert_eq!(line.record, Some(Stored::Ticket(TicketId(7))));
        assert!(after.is_empty(), "the line stands: {after:?}");

        let (_, after) = told(Outcome::Rejected(Reject::new(RejectClass::Invalid, "no")));
        let [Change::Settle(end)] = &after[..] else { panic!("{after:?}") };
        assert_eq!((end.op, end.outcome, end.detail.as_deref()), (earlier.op, Ended::Rejected, Some("no")));

        for (shown, outcome) in [(Obs::Null, Ended::NotKept), (Obs::Value("i1".into()), Ended::Applied)] {
            let mut ticket = sync_core::record::HaloTicket::new(
                TicketId(7),
                Some(Kind::Project),
                sync_core::ids::TicketTypeId(31),
                sync_core::ids::HaloClientId(12),
            );
            ticket.link_back = shown;
            let (_, after) = told(Outcome::Applied(Some(Record::Ticket(Box::new(ticket)))));
            let [Change::Settle(end)] = &after[..] else { panic!("{after:?}") };
            assert_eq!((end.op, end.outcome), (earlier.op, outcome));
        }
    }
}
