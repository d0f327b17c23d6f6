//! Links back: one write, verified by its reply, and counted.

use super::call::LinkBackCall;
use super::journal::{Commit, LinkChange};
use super::machine::{Context, Next};
use super::protocol::{Event, OpResult, Outcome, Record, RecordKey, Reject, RejectClass, Step};
use crate::base::{Link, LinkedBack};
use crate::ids::{ItemId, Kind, Side, TicketId};
use crate::marker::Marker;
use crate::value::Obs;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Writing a link back. It is idempotent by its nature, so nothing needs to be stored before.
#[derive(Debug)]
pub(super) struct LinkBackTask {
    state: State,
    kind: Kind,
    side: Side,
    ends: Option<Ends>,
}

#[derive(Clone, Debug)]
struct Ends {
    item: ItemId,
    ticket: TicketId,
    marker: Marker,
    url: Option<Box<str>>,
}

#[derive(Debug)]
enum State {
    Start,
    Send,
    ReadBack,
    /// There is no such record, it says; or no such place in it. Which of the two, a look will tell.
    Look(Reject),
    /// Count it, with this result.
    Commit(OpResult),
    End(OpResult),
}

impl LinkBackTask {
    pub(super) const fn new(kind: Kind, side: Side) -> Self {
        Self { state: State::Start, kind, side, ends: None }
    }

    fn key(&self) -> Option<RecordKey> {
        let ends = self.ends.as_ref()?;
        Some(match self.side {
            Side::Halo => RecordKey::Ticket(ends.ticket),
            Side::Hit => RecordKey::Item(ends.item.clone()),
        })
    }

    /// Both ends: from the operation, from what was made before it in this run, or from the link.
    fn find_ends(&self, cx: &Context<'_>) -> Option<Ends> {
        let made = cx.op.after.iter().rev().find_map(|op| cx.made.get(op));
        let item = cx.op.item.clone().or_else(|| made.map(|made| made.item.clone()))?;
        let linked = || cx.link(&item).and_then(|link| link.ticket(self.kind));
        let ticket = cx.op.ticket.or_else(|| made.map(|made| made.ticket)).or_else(linked)?;
        let marker = made.and_then(|made| made.marker.clone()).unwrap_or_else(|| {
            let ended = cx.link(&item).map_or(0, |link| link.ends.len());
            Marker::for_item_after(cx.pair, &item, self.kind, ended)
        });
        // The address belongs to the record that is pointed to.
        let url =
            made.and_then(|made| made.record.as_ref()).filter(|record| record.key().side() != self.side);
        Some(Ends { item, ticket, marker, url: url.and_then(Record::url) })
    }

    pub(super) fn next(&mut self, cx: &Context<'_>) -> Next {
        if matches!(self.state, State::Start) {
            self.ends = self.find_ends(cx);
            self.state = State::Send;
        }
        let (Some(ends), Some(key)) = (&self.ends, self.key()) else {
            return Next::Finish(OpResult::Blocked);
        };
        match &self.state {
            State::Start | State::Send => Next::Step(Step::LinkBack(LinkBackCall::new(
                self.side,
                ends.item.clone(),
                ends.ticket,
                self.kind,
                ends.marker.clone(),
                ends.url.clone(),
            ))),
            State::ReadBack | State::Look(_) => Next::Step(Step::Read(key)),
            State::Commit(result) => {
                let before = cx
                    .link(&ends.item)
                    .map_or(0, |link| link.times_linked_back(self.side, self.kind, ends.ticket));
                // The server's own word that it does not keep it needs no second try.
                let times = match result {
                    OpResult::NotKept => LinkedBack::MOST,
                    _ => before.saturating_add(1),
                };
                let mut change = LinkChange::none(ends.item.clone());
                let (side, kind, ticket) = (self.side, self.kind, ends.ticket);
                let kept = *result == OpResult::Done;
                change.linked_back = Some(LinkedBack { side, kind, ticket, times, kept });
                let links = Vec::from([change]);
                Next::Step(Step::Commit(Box::new(Commit { op: Some(cx.op.id), links, ..Commit::default() })))
            }
            State::End(result) => Next::Finish(result.clone()),
        }
    }

    pub(super) fn on(&mut self, event: Event) {
        let state = core::mem::replace(&mut self.state, State::End(OpResult::NotTried));
        self.state = match (state, event) {
            (State::Send, Event::Written(Outcome::Applied(reply))) => {
                match reply.map(|reply| self.verify(&reply)) {
                    Some(Some(true)) => State::Commit(OpResult::Done),
                    Some(Some(false)) => State::Commit(OpResult::NotKept),
                    _ => State::ReadBack,
                }
            }
            (State::Send, Event::Written(Outcome::Rejected(reject))) => refused(reject),
            (State::Send, Event::Written(Outcome::Unknown)) => State::End(OpResult::Unknown),
            (State::ReadBack, Event::Read(Ok(Some(record)))) => match self.verify(&record) {
                Some(false) => State::Commit(OpResult::NotKept),
                // Where a server does not show links back, its word has to do.
                _ => State::Commit(OpResult::Done),
            },
            (State::ReadBack, Event::Read(_)) => State::End(OpResult::Unknown),
            // The record is there, so it is what we write that has no place in it.
            (State::Look(reject), Event::Read(Ok(Some(_)))) => State::Commit(OpResult::Rejected(reject)),
            (State::Look(reject), Event::Read(_)) => State::End(OpResult::Rejected(reject)),
            (State::Commit(result), Event::Persisted) => State::End(result),
            (state, _) => state,
        };
    }

    /// Whether the record shows the link back; nothing if it does not show such things.
    fn verify(&self, record: &Record) -> Option<bool> {
        let ends = self.ends.as_ref()?;
        (record.key().side() == self.side).then(|| leads_back(record, &ends.item, self.kind, ends.ticket))?
    }
}

/// Whether a record leads to the other one of its pair; nothing if it does not show such things, or is another.
fn leads_back(record: &Record, of: &ItemId, kind: Kind, to: TicketId) -> Option<bool> {
    match record {
        Record::Item(item) if item.id == *of => item.refers_to(kind, to),
        Record::Ticket(ticket) if ticket.id == to => match &ticket.link_back {
            Obs::NotFetched | Obs::Forbidden => None,
            Obs::Null => Some(false),
            Obs::Value(text) => Some(text.contains(of.as_str())),
        },
        _ => None,
    }
}

/// The count of a link back that the record shows after all: it begins anew.
pub(super) fn in_place(link: &Link, record: &Record) -> Option<LinkedBack> {
    let side = record.key().side();
    let shown = |known: &&LinkedBack| {
        known.side == side
            && known.times > 1
            && leads_back(record, &link.item, known.kind, known.ticket) == Some(true)
    };
    link.linked_back.iter().find(shown).map(|known| LinkedBack { times: 0, kept: true, ..*known })
}

/// A server that refuses what was sent will refuse it again. One that is not there, or that does not let us write now,
/// may take it later: rights come back, and each run says that they are missing.
fn refused(reject: Reject) -> State {
    match reject.class {
        RejectClass::Invalid => State::Commit(OpResult::Rejected(reject)),
        RejectClass::NotFound => State::Look(reject),
        _ => State::End(OpResult::Rejected(reject)),
    }
}
