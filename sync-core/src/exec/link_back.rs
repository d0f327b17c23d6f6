//! Links back: one write, verified by its reply.

use super::call::LinkBackCall;
use super::journal::Commit;
use super::machine::{Context, Next};
use super::protocol::{Event, OpResult, Outcome, Record, RecordKey, Step};
use crate::ids::{ItemId, Kind, Side, TicketId};
use crate::marker::Marker;
use crate::value::Obs;
use alloc::boxed::Box;
use alloc::string::ToString as _;

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
    Commit,
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
        let marker = made
            .and_then(|made| made.marker.clone())
            .unwrap_or_else(|| Marker::for_item(cx.pair, &item, self.kind));
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
            State::ReadBack => Next::Step(Step::Read(key)),
            State::Commit => {
                Next::Step(Step::Commit(Box::new(Commit { op: Some(cx.op.id), ..Commit::default() })))
            }
            State::End(result) => Next::Finish(result.clone()),
        }
    }

    pub(super) fn on(&mut self, event: Event) {
        self.state = match (&self.state, event) {
            (State::Send, Event::Written(Outcome::Applied(reply))) => {
                match reply.map(|reply| self.verify(&reply)) {
                    Some(Some(true)) => State::Commit,
                    Some(Some(false)) => State::End(OpResult::NotKept),
                    _ => State::ReadBack,
                }
            }
            (State::Send, Event::Written(Outcome::Rejected(reject))) => {
                State::End(OpResult::Rejected(reject))
            }
            (State::Send, Event::Written(Outcome::Unknown)) => State::End(OpResult::Unknown),
            (State::ReadBack, Event::Read(Ok(Some(record)))) => match self.verify(&record) {
                Some(false) => State::End(OpResult::NotKept),
                // Where a server does not show links back, its word has to do.
                _ => State::Commit,
            },
            (State::ReadBack, Event::Read(_)) => State::End(OpResult::Unknown),
            (State::Commit, Event::Persisted) => State::End(OpResult::Done),
            _ => return,
        };
    }

    /// Whether the record shows the link back; nothing if it does not show such things.
    fn verify(&self, record: &Record) -> Option<bool> {
        let ends = self.ends.as_ref()?;
        match (record, self.side) {
            (Record::Item(item), Side::Hit) if item.id == ends.item => {
                let ticket = ends.ticket.to_string();
                Some(
                    item.references.iter().any(|known| known.kind == Some(self.kind) && *known.id == *ticket),
                )
            }
            (Record::Ticket(ticket), Side::Halo) if ticket.id == ends.ticket => match &ticket.link_back {
                Obs::NotFetched | Obs::Forbidden => None,
                Obs::Null => Some(false),
                Obs::Value(text) => Some(text.contains(ends.item.as_str())),
            },
            _ => None,
        }
    }
}
