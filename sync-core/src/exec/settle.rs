//! The end of a run: what is settled is forgotten, and what is clean leaves the dirty set.

use super::journal::{Commit, LinkChange, has_settled};
use super::machine::Exec;
use super::protocol::{OpResult, RecordKey};
use crate::base::{Link, PendingWrite};
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::ids::{ItemId, Kind, TicketId};
use crate::plan::{Op, OpKind, SkipReason};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

impl Exec {
    /// A record leaves the dirty set when it was read, planned, and nothing about it is left open: every operation
    /// on it succeeded, no write or create of it may still arrive, and the plan did not put anything off.
    pub(super) fn settle(&self) -> Commit {
        let mut unfinished: BTreeSet<RecordKey> = BTreeSet::new();
        for op in &self.plan.ops {
            let result = self.results.get(&op.id);
            if !result.is_some_and(OpResult::is_success) || opens_more(op, result) {
                unfinished.extend(op.item.clone().map(RecordKey::Item));
                unfinished.extend(op.ticket.map(RecordKey::Ticket));
            }
        }
        for skip in self.plan.skips.iter().filter(|skip| is_put_off(&skip.reason)) {
            unfinished.extend(skip.item.clone().map(RecordKey::Item));
            unfinished.extend(skip.ticket.map(RecordKey::Ticket));
        }
        for intent in self.memory.intents.values().filter(|intent| intent.sent_at.is_some()) {
            unfinished.extend(intent.spec.item.clone().map(RecordKey::Item));
            unfinished.extend(intent.spec.ticket.map(RecordKey::Ticket));
        }
        let items_of: BTreeMap<TicketId, &ItemId> = self
            .memory
            .links
            .values()
            .flat_map(|link| {
                link.opportunity.into_iter().chain(link.project).map(move |ticket| (ticket, &link.item))
            })
            .collect();
        let mut commit = Commit::default();
        let mut seen = BTreeSet::new();
        for mark in &self.dirty {
            let link = match &mark.record {
                RecordKey::Item(item) => self.memory.links.get(item),
                RecordKey::Ticket(ticket) => {
                    items_of.get(ticket).and_then(|item| self.memory.links.get(*item))
                }
            };
            let open = unfinished.contains(&mark.record)
                || link.is_some_and(|link| {
                    let tickets = link.opportunity.into_iter().chain(link.project).map(RecordKey::Ticket);
                    tickets.chain([RecordKey::Item(link.item.clone())]).any(|key| unfinished.contains(&key))
                });
            let back = |link: &&Link| link.pending.iter().any(|pending| pending.sent_at > self.now);
            if let Some(link) = link.filter(back).filter(|_| guard::on(Guard::ClockBack)) {
                let mut change = LinkChange::none(link.item.clone());
                change.clock_back = Some((self.now, self.now.plus_ms(self.settle_ms)));
                commit.links.push(change);
            }
            if open && guard::on(Guard::StickyDirty) {
                continue;
            }
            if let Some(link) = link {
                let kept: Vec<(Kind, FieldId)> = self
                    .plan
                    .conflicts
                    .iter()
                    .filter(|conflict| conflict.item == link.item)
                    .map(|conflict| (conflict.kind, conflict.field))
                    .collect();
                let by = if guard::on(Guard::PendingUntilReread) { self.read_at } else { self.now };
                let over = |pending: &PendingWrite| {
                    has_settled(pending, by) && !kept.contains(&(pending.kind, pending.field))
                };
                if seen.insert(&link.item) && link.pending.iter().any(over) {
                    let mut change = LinkChange::none(link.item.clone());
                    change.settled_by = Some(by);
                    change.kept.clone_from(&kept);
                    commit.links.push(change);
                }
                if !link.pending.iter().all(|pending| has_settled(pending, by))
                    && guard::on(Guard::StickyDirty)
                {
                    continue;
                }
            }
            commit.clean.push(mark.clone());
        }
        commit
    }
}

/// Whether an operation that succeeded leaves something for the next plan: a pair that was never planned as one.
fn opens_more(op: &Op, result: Option<&OpResult>) -> bool {
    let left_out = |op: &Op| op.source.iter().any(|(field, _)| !op.set.get(field).is_seen());
    result == Some(&OpResult::Adopted)
        || match &op.kind {
            OpKind::Adopt { .. } | OpKind::Promote { .. } => true,
            OpKind::Create(_) => left_out(op),
            _ => false,
        }
}

/// Whether a skip must be looked at again without anything else changing.
const fn is_put_off(reason: &SkipReason) -> bool {
    matches!(
        reason,
        SkipReason::RecordNotRead(_)
            | SkipReason::Pending(_)
            | SkipReason::CreatePending
            | SkipReason::AwaitsProject
    )
}
