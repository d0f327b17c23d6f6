//! Creates: intent, search, create with the marker in the same call, adopt.

use super::call::{CreateCall, Persisted};
use super::journal::{Commit, History, JournalEntry, LinkChange, NewLink};
use super::machine::{Context, Next, stored_forms};
use super::protocol::{
    Duplicate, Event, MarkerHit, MarkerQuery, OpResult, Outcome, Record, RecordKey, Reject, RejectClass, Step,
};
use crate::base::{BaseCell, BaseRow, CreateSpec, Intent, Overwritten};
use crate::field::{FieldId, FieldRow};
use crate::guard::{self, Guard};
use crate::ids::{ItemId, Kind, Side, TicketId};
use crate::plan::{Op, Precond};
use crate::record::HaloTicket;
use crate::stamp::Stamp;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A create in progress.
#[derive(Debug)]
pub(super) struct CreateTask {
    state: State,
    intent: Box<Intent>,
    /// The unresolved intent of an earlier run, if there is one.
    older: Option<Box<Intent>>,
    searched_at: Option<Stamp>,
    /// Whether the server said that it created the record, without showing it.
    created_unseen: bool,
    looked_for_project: bool,
    /// Nothing is created any more: only what became of an earlier create is found out.
    only_resolve: bool,
    pub(super) duplicate: Option<Duplicate>,
    /// The record that was made or found.
    pub(super) made: Option<(ItemId, TicketId, Option<Record>)>,
}

/// Where the record that is linked comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Made just now; its reply shows it.
    Reply,
    /// Made just now; its reply does not show it in full.
    Unseen,
    /// Made by an earlier call of ours whose reply was lost.
    Ours,
    /// Made by someone else.
    Foreign,
}

#[derive(Debug)]
enum State {
    Start,
    PersistIntent,
    Search,
    Empty,
    FindProject(TicketId),
    PersistSent,
    Create(Persisted<Box<Intent>>),
    /// Read the record that was found, or made without being shown in full.
    Look {
        record: RecordKey,
        origin: Origin,
    },
    Commit(Box<Commit>, OpResult),
    Drop(OpResult),
    End(OpResult),
}

impl CreateTask {
    pub(super) fn new(op: &Op, spec: &CreateSpec) -> Self {
        let intent = Intent {
            op: op.id,
            spec: spec.clone(),
            source: op.source.clone(),
            payload: op.set.clone(),
            sent_at: None,
            settle_until: None,
        };
        Self {
            state: State::Start,
            intent: Box::new(intent),
            older: None,
            searched_at: None,
            created_unseen: false,
            looked_for_project: false,
            only_resolve: false,
            duplicate: None,
            made: None,
        }
    }

    /// Finds out what became of a create that the plan no longer wants: the record is linked if it exists, and the
    /// intent is forgotten if it does not.
    pub(super) fn resolve(op: &Op, intent: &Intent) -> Self {
        let mut task = Self::new(op, &intent.spec);
        task.state = State::Search;
        task.older = Some(Box::new(intent.clone()));
        task.only_resolve = true;
        task
    }

    fn spec(&self) -> &CreateSpec {
        &self.intent.spec
    }

    pub(super) fn next(&mut self, cx: &Context<'_>) -> Next {
        match &self.state {
            State::Start => {
                let linked = self.spec().item.as_ref().and_then(|item| cx.link(item));
                let taken = linked.is_some_and(|link| link.ticket(self.spec().kind).is_some());
                let forbidden = cx
                    .op
                    .pre
                    .iter()
                    .any(|pre| matches!(pre, Precond::NotLinked(kind) if *kind == self.spec().kind));
                let imported =
                    self.spec().ticket.is_some_and(|ticket| cx.memory.link_of_ticket(ticket).is_some());
                if (taken && forbidden) || imported {
                    return Next::Finish(OpResult::ChangedSincePlan);
                }
                let known = cx.memory.intents.get(&self.spec().marker);
                self.older = known.filter(|intent| intent.sent_at.is_some()).cloned().map(Box::new);
                self.state = match &self.older {
                    Some(_) => State::Search,
                    None if !guard::on(Guard::Intent) => State::Search,
                    None => State::PersistIntent,
                };
                self.next(cx)
            }
            State::PersistIntent => Next::Step(Step::Persist(JournalEntry::Intent(self.intent.clone()))),
            State::Search => {
                self.searched_at = Some(cx.now);
                let spec = self.spec();
                Next::Step(Step::FindMarker(MarkerQuery {
                    side: spec.target,
                    kind: spec.kind,
                    marker: spec.marker.clone(),
                }))
            }
            State::Empty => self.empty(cx),
            State::FindProject(opportunity) => Next::Step(Step::FindProject(*opportunity)),
            State::PersistSent if !guard::on(Guard::Intent) => {
                self.state = State::Create(Persisted::confirmed(self.intent.clone()));
                self.next(cx)
            }
            State::PersistSent => {
                self.intent.sent_at = Some(cx.now);
                self.intent.settle_until = Some(cx.now.plus_ms(cx.settle_ms));
                Next::Step(Step::Persist(JournalEntry::Intent(self.intent.clone())))
            }
            State::Create(stored) => Next::Step(Step::Create(CreateCall::new(stored.clone()))),
            State::Look { record, .. } => Next::Step(Step::Read(record.clone())),
            State::Commit(commit, _) => Next::Step(Step::Commit(commit.clone())),
            State::Drop(_) => Next::Step(Step::Persist(JournalEntry::DropIntent(self.spec().marker.clone()))),
            State::End(result) => Next::Finish(result.clone()),
        }
    }

    /// No record carries the marker.
    fn empty(&mut self, cx: &Context<'_>) -> Next {
        if self.created_unseen {
            // The server says that it exists and its search does not show it yet: the next run looks again.
            return Next::Finish(OpResult::Unknown);
        }
        if let Some(older) = &mut self.older
            && older.sent_at.is_some_and(|sent| sent > cx.now)
            && guard::on(Guard::ClockBack)
        {
            // Our clock has gone back since it was sent: it is waited out from now on.
            older.sent_at = Some(cx.now);
            older.settle_until = Some(cx.now.plus_ms(cx.settle_ms));
        }
        let settle_until = self.older.as_ref().and_then(|older| older.settle_until);
        if let Some(settle_until) = settle_until.filter(|_| guard::on(Guard::Settle))
            && !self.searched_at.is_some_and(|at| at >= settle_until)
        {
            // An earlier create may still arrive. Search again once it no longer can.
            if cx.now >= settle_until {
                self.state = State::Search;
                return self.next(cx);
            }
            return Next::Park(settle_until);
        }
        if self.only_resolve {
            self.state = State::Drop(OpResult::Done);
            return self.next(cx);
        }
        self.state = match self.spec().from_opportunity {
            Some(opportunity) if !self.looked_for_project && guard::on(Guard::LastLook) => {
                State::FindProject(opportunity)
            }
            _ => State::PersistSent,
        };
        self.next(cx)
    }

    pub(super) fn on(&mut self, event: Event, cx: &Context<'_>) {
        let state = core::mem::replace(&mut self.state, State::End(OpResult::NotTried));
        self.state = match (state, event) {
            (State::PersistIntent, Event::Persisted) => State::Search,
            (State::Search, Event::Markers(Ok(hits))) => self.found(hits, cx),
            (State::Search, Event::Markers(Err(reject))) => State::End(OpResult::Rejected(reject)),
            (State::FindProject(opportunity), Event::Projects(Ok(tickets))) => {
                self.projects(opportunity, &tickets, cx)
            }
            (State::FindProject(_), Event::Projects(Err(reject))) => State::End(OpResult::Rejected(reject)),
            (State::PersistSent, Event::Persisted) => {
                State::Create(Persisted::confirmed(self.intent.clone()))
            }
            (State::Create(_), Event::Written(outcome)) => self.created(outcome, cx),
            (State::Look { record, origin }, Event::Read(Ok(Some(seen)))) if seen.key() == record => {
                self.adopt(&record, Some(&seen), origin, cx)
            }
            // Without a look at it, its base would be a guess. The intent stays, and the next run finds it again.
            (State::Look { .. }, Event::Read(Err(reject))) => State::End(OpResult::Rejected(reject)),
            (State::Look { .. }, Event::Read(Ok(_))) => State::End(OpResult::Unknown),
            (State::Commit(_, result) | State::Drop(result), Event::Persisted) => State::End(result),
            (state, _) => state,
        };
    }

    /// The search has answered. Hits with another marker come from servers that ignored the filter.
    fn found(&mut self, mut hits: Vec<MarkerHit>, cx: &Context<'_>) -> State {
        let (marker, target) = (self.spec().marker.clone(), self.spec().target);
        if !guard::on(Guard::Marker) {
            hits.clear();
        }
        let ours = |hit: &MarkerHit| hit.marker == marker || !guard::on(Guard::ForeignHits);
        hits.retain(|hit| ours(hit) && hit.record.side() == target);
        let mut records: Vec<RecordKey> = hits.into_iter().map(|hit| hit.record).collect();
        records.sort();
        records.dedup();
        let linked = records.iter().position(|record| match record {
            RecordKey::Ticket(ticket) => cx
                .memory
                .link_of_ticket(*ticket)
                .is_some_and(|link| Some(&link.item) == self.spec().item.as_ref()),
            RecordKey::Item(item) => cx.link(item).is_some(),
        });
        if records.is_empty() {
            return State::Empty;
        }
        let kept = records.remove(linked.unwrap_or(0));
        if !records.is_empty() {
            self.duplicate = Some(Duplicate { marker, kept: kept.clone(), others: records });
        }
        if self.known_payload().is_some() {
            State::Look {
                record: kept,
                origin: if self.created_unseen { Origin::Unseen } else { Origin::Ours },
            }
        } else {
            self.adopt(&kept, None, Origin::Ours, cx)
        }
    }

    /// What is known to have been sent: by an earlier run, or by this one.
    fn known_payload(&self) -> Option<&Intent> {
        if self.created_unseen { Some(&self.intent) } else { self.older.as_deref() }
    }

    /// Halo's own workflow may have made the project in the meantime.
    fn projects(&mut self, opportunity: TicketId, tickets: &[HaloTicket], cx: &Context<'_>) -> State {
        self.looked_for_project = true;
        let link = self.spec().item.as_ref().and_then(|item| cx.link(item));
        let parted = |ticket| link.is_some_and(|link| link.is_parted_from(ticket));
        let fits = |ticket: &&HaloTicket| {
            ticket.kind == Some(Kind::Project)
                && !ticket.deleted
                && !ticket.is_task
                && !ticket.is_probe
                && ticket.merged_into.is_none()
                && ticket.marker.as_ref().is_none_or(|marker| *marker == self.spec().marker)
                && (ticket.created_from == Some(opportunity)
                    || ticket.parent == Some(opportunity)
                    || ticket.related.contains(&opportunity))
                && cx.memory.link_of_ticket(ticket.id).is_none()
                && !parted(ticket.id)
        };
        let mut found = tickets.iter().filter(fits);
        match (found.next(), found.next()) {
            (None, _) => State::Empty,
            (Some(only), None) => self.adopt(&RecordKey::Ticket(only.id), None, Origin::Foreign, cx),
            _ => State::Drop(OpResult::Ambiguous),
        }
    }

    fn created(&mut self, outcome: Outcome, cx: &Context<'_>) -> State {
        match outcome {
            Outcome::Applied(Some(record)) if record.key().side() == self.spec().target => {
                let complete =
                    self.intent.payload.iter().all(|(field, _)| record.fields().get(field).is_seen());
                if complete {
                    self.adopt(&record.key(), Some(&record), Origin::Reply, cx)
                } else {
                    State::Look { record: record.key(), origin: Origin::Unseen }
                }
            }
            Outcome::Applied(_) => {
                self.created_unseen = true;
                State::Search
            }
            Outcome::Rejected(reject) => State::Drop(OpResult::Rejected(reject)),
            Outcome::Unknown => State::End(OpResult::Unknown),
        }
    }

    /// Links the record that was found or made.
    fn adopt(
        &mut self,
        record: &RecordKey,
        seen: Option<&Record>,
        origin: Origin,
        cx: &Context<'_>,
    ) -> State {
        let spec = self.spec();
        let ends = match record {
            RecordKey::Ticket(ticket) => spec.item.clone().map(|item| (item, *ticket)),
            RecordKey::Item(item) => spec.ticket.map(|ticket| (item.clone(), ticket)),
        };
        let Some((item, ticket)) = ends else {
            return State::Drop(OpResult::Rejected(Reject::new(
                RejectClass::Invalid,
                "the create names no source",
            )));
        };
        if cx.memory.link_of_ticket(ticket).is_some_and(|link| link.item != item) {
            return State::Drop(OpResult::Ambiguous);
        }
        let kind = spec.kind;
        let other = cx.link(&item).and_then(|link| link.ticket(kind)).filter(|linked| *linked != ticket);
        if let Some(linked) = other {
            // The item has got another ticket in the meantime.
            let (kept, marker) = (RecordKey::Ticket(linked), spec.marker.clone());
            self.duplicate = Some(Duplicate { marker, kept, others: Vec::from([RecordKey::Ticket(ticket)]) });
            return State::Drop(OpResult::Ambiguous);
        }
        let nothing = FieldRow::new();
        let held = seen.map_or(&nothing, Record::fields);
        let touched = seen.is_none_or(Record::was_touched);
        let cells = match origin {
            Origin::Reply => self.cells(held, cx.op),
            Origin::Unseen => self.intent.base_cells(held, touched),
            Origin::Ours => {
                self.older.as_ref().map(|older| older.base_cells(held, touched)).unwrap_or_default()
            }
            Origin::Foreign => BaseRow::new(),
        };
        let made = matches!(origin, Origin::Reply | Origin::Unseen);
        let mut change = LinkChange::none(item.clone());
        change.make = Some(NewLink { client: spec.client.clone(), halo_client: spec.halo_client });
        change.tickets = Vec::from([(kind, Some(ticket))]);
        change.base = Vec::from([(kind, cells)]);
        change.end_await = kind == Kind::Project;
        if origin == Origin::Reply {
            change.overwritten = self.overwritten(held);
        }
        if made {
            change.stored = stored_forms(spec.target, kind, &self.intent.payload, held);
        }
        let history = made.then(|| History {
            record: record.clone(),
            kind,
            created: true,
            before: FieldRow::new(),
            sent: self.intent.payload.clone(),
            after: seen.map(|seen| seen.fields().clone()).unwrap_or_default(),
        });
        let commit = Commit {
            op: Some(cx.op.id),
            links: Vec::from([change]),
            drop_intent: Some(spec.marker.clone()),
            history,
            clean: Vec::new(),
        };
        self.made = Some((item, ticket, seen.cloned()));
        State::Commit(Box::new(commit), if made { OpResult::Done } else { OpResult::Adopted })
    }

    /// What the template has put in place of what was sent, by the reply to the create: nobody else can have changed it
    /// by then. A status is left as it is: the workflow that the template brings begins with it.
    fn overwritten(&self, held: &FieldRow) -> Vec<Overwritten> {
        let spec = self.spec();
        if spec.template.is_none() || spec.target != Side::Halo {
            return Vec::new();
        }
        let lost = self.intent.payload.iter().filter(|(field, _)| *field != FieldId::Status);
        lost.filter_map(|(field, sent)| {
            let (sent, held) = (sent.value()?, held.get(field).seen()?);
            let kept = held.is_some_and(|held| held.is_spelling_of(sent));
            let held = held.cloned();
            (!kept).then(|| Overwritten { kind: spec.kind, field, sent: sent.clone(), held })
        })
        .collect()
    }

    /// The base of a record that was made just now: what the server says that it holds.
    fn cells(&self, held: &FieldRow, op: &Op) -> BaseRow {
        let mut cells = op.base.clone();
        for (field, source) in self.intent.source.iter() {
            let Some(held) = held.get(field).seen() else { continue };
            // What was left out on purpose is written next: the server's choice stands against blank.
            let sent = self.intent.payload.get(field).is_seen();
            let source = if sent { source.value().cloned() } else { None };
            let held = held.cloned();
            let cell = match self.spec().target {
                Side::Halo => BaseCell { halo: held, hit: source },
                Side::Hit => BaseCell { halo: source, hit: held },
            };
            cells.insert(field, cell);
        }
        cells
    }
}
