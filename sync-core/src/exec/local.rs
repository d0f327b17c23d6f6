//! Operations that change only our own memory.

use super::journal::{Commit, LinkChange, NewLink};
use super::machine::{Context, Next};
use super::protocol::{Event, OpResult, Step};
use crate::field::FieldRow;
use crate::guard::{self, Guard};
use crate::ids::{HaloClientId, Kind, Side, TicketId};
use crate::plan::{Adoption, Op, OpKind, Precond, Why};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A change of our own memory: one commit.
#[derive(Debug, Default)]
pub(super) struct LocalTask {
    done: bool,
}

impl LocalTask {
    pub(super) fn next(&self, cx: &Context<'_>) -> Next {
        if self.done {
            return Next::Finish(OpResult::Done);
        }
        match commit(cx) {
            Ok(commit) => Next::Step(Step::Commit(Box::new(commit))),
            Err(result) => Next::Finish(result),
        }
    }

    pub(super) fn on(&mut self, event: &Event) {
        self.done |= matches!(event, Event::Persisted);
    }
}

fn commit(cx: &Context<'_>) -> Result<Commit, OpResult> {
    let op = cx.op;
    let item = op.item.clone().ok_or(OpResult::ChangedSincePlan)?;
    let mut change = LinkChange::none(item);
    let mut drop_intent = None;
    match &op.kind {
        OpKind::Rebase { kind } => change.base = Vec::from([(*kind, op.base.clone())]),
        OpKind::Adopt { kind, how } => {
            let ticket = op.ticket.ok_or(OpResult::ChangedSincePlan)?;
            check_adoption(cx, *kind, ticket)?;
            // What was sent says nothing about a ticket that is not ours; a create of ours may then still arrive.
            let ours =
                *how == Adoption::Marker || op.why.iter().any(|why| matches!(why, Why::MarkerFound { .. }));
            let intent = cx.memory.intents.values().find(|intent| {
                let of_item = intent.spec.target == Side::Halo && intent.spec.item == op.item;
                ours && of_item && intent.spec.kind == *kind
            });
            // What the plan saw of the record is better informed than what was sent.
            let mut cells =
                intent.map(|intent| intent.base_cells(&FieldRow::new(), true)).unwrap_or_default();
            cells.extend(op.base.clone());
            drop_intent = intent.map(|intent| intent.spec.marker.clone());
            change.make = Some(NewLink { client: op.client.clone(), halo_client: halo_client(op) });
            change.tickets = Vec::from([(*kind, Some(ticket))]);
            change.base = Vec::from([(*kind, cells)]);
            change.end_await = *kind == Kind::Project;
        }
        OpKind::AwaitProject => change.await_since = Some(cx.now),
        OpKind::EndAwait => (change.end_await, change.called_off) = (true, true),
        OpKind::Unlink { kind, .. } => change.tickets = Vec::from([(*kind, None)]),
        _ => return Err(OpResult::NotTried),
    }
    Ok(Commit { op: Some(op.id), links: Vec::from([change]), drop_intent, ..Commit::default() })
}

/// One ticket belongs to one item, and one item has one ticket of a kind.
fn check_adoption(cx: &Context<'_>, kind: Kind, ticket: TicketId) -> Result<(), OpResult> {
    if !guard::on(Guard::UniqueLink) {
        return Ok(());
    }
    let item = cx.op.item.as_ref();
    if cx.memory.link_of_ticket(ticket).is_some_and(|link| Some(&link.item) != item) {
        return Err(OpResult::Ambiguous);
    }
    let held = item.and_then(|item| cx.link(item)).and_then(|link| link.ticket(kind));
    match held {
        Some(other) if other != ticket => Err(OpResult::ChangedSincePlan),
        _ => Ok(()),
    }
}

fn halo_client(op: &Op) -> HaloClientId {
    let named = op.pre.iter().find_map(|pre| match pre {
        Precond::TicketClient(client) => Some(*client),
        _ => None,
    });
    named.unwrap_or(HaloClientId::UNASSIGNED)
}
