//! Operations that write to one of two linked records: carrying changes over and taking a run back make them alike.

use super::context::Context;
use super::link::local_op;
use crate::base::Link;
use crate::field::{FieldId, FieldRow};
use crate::guard::{self, Guard};
use crate::ids::{Kind, Side, StatusId};
use crate::plan::{Op, OpKind, Precond, Rank, StatusMove, Why};
use crate::record::{HaloTicket, HitItem};
use crate::value::{Obs, Value};
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

/// Both records of a link, as they are.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) link: &'a Link,
    pub(super) item: &'a HitItem,
    pub(super) ticket: &'a HaloTicket,
    pub(super) kind: Kind,
}

/// A field's new value, and why it gets it.
pub(super) struct Write {
    pub(super) value: Option<Value>,
    pub(super) why: Vec<Why>,
}

pub(super) type Writes = BTreeMap<FieldId, Write>;

impl Pair<'_> {
    pub(super) const fn row(&self, side: Side) -> &FieldRow {
        match side {
            Side::Halo => &self.ticket.fields,
            Side::Hit => &self.item.fields,
        }
    }

    /// An operation about the pair with nothing in it yet, and without its name.
    pub(super) fn op(&self, rank: Rank, kind: OpKind) -> Op {
        let Pair { link, ticket, .. } = self;
        Op { rank, ..local_op(kind, Some(&link.item), &link.client, Some(ticket.id)) }
    }

    /// The write of fields other than a status that goes with an action. `frozen` are the fields that must not be
    /// written once the ticket is priced, besides money.
    pub(super) fn update(&self, side: Side, writes: Writes, frozen: impl Fn(FieldId) -> bool) -> Op {
        let mut op = self.op(Rank::Update, OpKind::Update { kind: self.kind, side });
        self.fill(&mut op, side, writes, frozen);
        op.named()
    }

    /// Puts into an operation what it writes, what it replaces, and what must still hold right before.
    pub(super) fn fill(&self, op: &mut Op, side: Side, writes: Writes, frozen: impl Fn(FieldId) -> bool) {
        let (target, source) = (self.row(side), self.row(side.other()));
        if side == Side::Halo {
            op.pre.push(Precond::TicketType(self.ticket.ticket_type));
            op.pre.push(Precond::TicketClient(self.ticket.client));
            op.pre.push(Precond::Closed(self.ticket.closed));
            if writes.keys().any(|field| field.is_money() || frozen(*field)) {
                op.pre.push(Precond::NotPriced);
            }
        }
        for (field, write) in writes {
            op.pre.push(Precond::Field { side, field, is: target.get(field).clone() });
            op.before.set(field, target.get(field).clone());
            op.source.set(field, source.get(field).clone());
            op.set.set(field, Obs::from_seen(write.value));
            op.why.extend(write.why);
        }
    }

    /// Which way a status goes from where the ticket is.
    pub(super) fn moves(&self, context: &Context<'_>, to: Option<StatusId>) -> StatusMove {
        let statuses = &context.input.catalogue.statuses;
        let closes = to.and_then(|to| statuses.get(&to)).is_some_and(|status| status.closed);
        match (self.ticket.closed, closes) {
            (true, false) => StatusMove::Reopen,
            (false, true) => StatusMove::Close,
            _ => StatusMove::Between,
        }
    }
}

/// When a status is written, among the operations of its ticket.
pub(super) fn status_rank(moves: StatusMove) -> Rank {
    match moves {
        StatusMove::Reopen => Rank::Reopen,
        StatusMove::Close if guard::on(Guard::CloseLast) => Rank::Close,
        StatusMove::Between | StatusMove::Close => Rank::Update,
    }
}

/// Names a status write, and puts it and the update of the same ticket in order: a ticket is reopened before its
/// fields are written, and closed after.
pub(super) fn in_order(moves: StatusMove, mut status: Op, update: &mut Option<Op>) -> Op {
    if moves == StatusMove::Close && guard::on(Guard::CloseLast) {
        status.after.extend(update.as_ref().map(|update| update.id));
    }
    let status = status.named();
    if moves == StatusMove::Reopen
        && let Some(update) = update
    {
        update.after.push(status.id);
        // The ticket will be open by then.
        update.pre.retain(|pre| !matches!(pre, Precond::Closed(_)));
    }
    status
}
