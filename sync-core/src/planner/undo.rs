//! Taking back what a run has written: a plan that restores the replaced values, where nobody has changed them since.
//!
//! It is a plan like any other: limits, hash, file, preconditions, executor. What the other side holds stays as it is.
//! After the undo both sides differ on purpose, and the base says so: it holds the pair (restored value, value of the
//! other side). No side has moved from its half, so the next sync leaves the field alone; whoever edits it next on
//! either side makes an ordinary change. Nothing is ever deleted, and a record that was created stays.

use super::context::Context;
use super::writes::{Pair, Write, Writes, in_order, status_rank};
use super::{LinkPlan, PlanInput, assemble};
use crate::base::LinkState;
use crate::field::FieldId;
use crate::ids::{ItemId, Kind, Side, StatusId, TicketId};
use crate::plan::{self, OpKind, Plan, StatusMove, Why};
use crate::settings::{StatusHow, StatusTarget};
use crate::value::Value;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// A value that a run has written over another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrote {
    /// The item of the link.
    pub item: ItemId,
    /// The ticket that was written to; nothing if the item was.
    pub ticket: Option<TicketId>,
    /// The field.
    pub field: FieldId,
    /// What was there before; nothing was blank.
    pub before: Option<Value>,
    /// What was read back after the write; nothing was blank.
    pub after: Option<Value>,
}

impl Wrote {
    /// The side that was written to.
    #[must_use]
    pub const fn side(&self) -> Side {
        if self.ticket.is_some() { Side::Halo } else { Side::Hit }
    }
}

/// Why a value is not restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kept {
    /// The old value is there again.
    AlreadyBack,
    /// The side that was written to holds another value than the run wrote.
    ChangedSince(Side),
    /// The side that the value came from holds another one now, and the next sync carries it.
    SourceChanged(Side),
    /// The record is not part of the link any more, or the link has ended or is suspended.
    NotLinked,
    /// The client does not take part.
    OutOfScope,
    /// The record, or the field, was not read.
    NotRead(Side),
    /// The record was deleted, merged, moved to another client, or archived.
    Gone(Side),
    /// An earlier write of the field has not been seen to arrive yet.
    Settling,
    /// The ticket is closed.
    TicketClosed,
    /// The ticket was priced since, and its money belongs to Halo.
    Priced,
    /// Halo computes the value now.
    Computed,
    /// The budget has several lines now, and the value was one number.
    SeveralLines,
    /// The two dates would be out of order.
    DateOrder,
    /// The workflow offers no action for the old status.
    ActionNotOffered,
}

impl Kept {
    /// Why, in words that follow the name of the field.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::AlreadyBack => "holds the old value already",
            Self::ChangedSince(Side::Halo) => "was changed in Halo since",
            Self::ChangedSince(Side::Hit) => "was changed in HIT since",
            Self::SourceChanged(Side::Halo) => "was changed in Halo since; the next sync carries that",
            Self::SourceChanged(Side::Hit) => "was changed in HIT since; the next sync carries that",
            Self::NotLinked => "belongs to a record that is not linked any more",
            Self::OutOfScope => "belongs to a client that does not take part",
            Self::NotRead(Side::Halo) => "could not be read in Halo",
            Self::NotRead(Side::Hit) => "could not be read in HIT",
            Self::Gone(Side::Halo) => "belongs to a ticket that was deleted, merged or moved",
            Self::Gone(Side::Hit) => "belongs to an item that left the roadmap or moved to another client",
            Self::Settling => "was written again and the outcome is not known yet; sync first",
            Self::TicketClosed => "belongs to a closed ticket",
            Self::Priced => "was priced in Halo since",
            Self::Computed => "is computed by Halo now",
            Self::SeveralLines => "is a budget of several lines now",
            Self::DateOrder => "would put start and due date out of order",
            Self::ActionNotOffered => "waits, since the workflow offers no action to the old status now",
        }
    }
}

/// What undoing would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The plan. It is marked as incomplete: it says nothing about records that it does not mention.
    pub plan: Plan,
    /// What is not restored, by its place in the list that was asked about, and why.
    pub kept: Vec<(usize, Kept)>,
}

/// Plans to restore what a run has written over, where both sides still hold what they held when the run was done.
///
/// `run` is named in the reasons. Only `wrote` decides what is touched; settings decide whether it may be (scope,
/// closed tickets, limits).
#[must_use]
pub fn undo(input: &PlanInput<'_>, run: i64, wrote: &[Wrote]) -> Undo {
    let items: BTreeSet<ItemId> = wrote.iter().map(|wrote| wrote.item.clone()).collect();
    let input = PlanInput { only: Some(&items), ..*input };
    let context = Context::new(&input);
    let mut kept = Vec::new();
    let mut groups: BTreeMap<(&ItemId, Option<TicketId>), Group<'_>> = BTreeMap::new();
    for (place, one) in wrote.iter().enumerate() {
        let group = groups.entry((&one.item, one.ticket)).or_default();
        match look(&context, one) {
            Err(reason) => kept.push((place, reason)),
            Ok(pair) => {
                group.pair = Some(pair);
                group.back.insert(one.field, (place, one.before.clone()));
            }
        }
    }
    let mut out = LinkPlan::default();
    for ((_, ticket), group) in groups {
        let Group { pair: Some(pair), back } = group else { continue };
        let side = if ticket.is_some() { Side::Halo } else { Side::Hit };
        Restore { context: &context, pair, side, run }.plan(back, &mut kept, &mut out);
    }
    kept.sort_unstable();
    let mut plan = assemble(&input, &context, out);
    plan.head.counts.links = items.len() as u64;
    plan.head.counts.links_total = input.links_total.max(super::linked(&input));
    plan.head.counts = plan::count(&plan);
    plan.head.verdict = plan::check_limits(&plan, input.settings);
    Undo { plan, kept }
}

/// The values of one record to restore, each with its place in the list.
type Back = BTreeMap<FieldId, (usize, Option<Value>)>;

#[derive(Default)]
struct Group<'a> {
    pair: Option<Pair<'a>>,
    back: Back,
}

/// Whether a value may be restored, seen for itself.
fn look<'a>(context: &Context<'a>, wrote: &Wrote) -> Result<Pair<'a>, Kept> {
    let link = *context.links.get(&wrote.item).ok_or(Kept::NotLinked)?;
    if link.state != LinkState::Active {
        return Err(Kept::NotLinked);
    }
    if !context.in_scope(&link.client) {
        return Err(Kept::OutOfScope);
    }
    let kind = match wrote.ticket {
        Some(ticket) => Kind::ALL.into_iter().find(|kind| link.ticket(*kind) == Some(ticket)),
        None => link.leading(),
    };
    let kind = kind.ok_or(Kept::NotLinked)?;
    let item = context.item(&link.item).ok_or(Kept::NotRead(Side::Hit))?;
    let ticket = link.ticket(kind).and_then(|id| context.ticket(id)).ok_or(Kept::NotRead(Side::Halo))?;
    if item.archived || item.client != link.client {
        return Err(Kept::Gone(Side::Hit));
    }
    if ticket.deleted
        || ticket.merged_into.is_some()
        || ticket.client != link.halo_client
        || ticket.kind != Some(kind)
    {
        return Err(Kept::Gone(Side::Halo));
    }
    let pair = Pair { link, item, ticket, kind };
    let (side, field) = (wrote.side(), wrote.field);
    if link.pending_for(kind, field).next().is_some() {
        return Err(Kept::Settling);
    }
    let held = pair.row(side).get(field).seen().ok_or(Kept::NotRead(side))?;
    let source = pair.row(side.other()).get(field).seen().ok_or(Kept::NotRead(side.other()))?;
    if held == wrote.before.as_ref() {
        return Err(Kept::AlreadyBack);
    }
    let as_written = match (held, &wrote.after) {
        (Some(held), Some(after)) => held.is_spelling_of(after),
        (held, after) => held == after.as_ref(),
    };
    if !as_written {
        return Err(Kept::ChangedSince(side));
    }
    // The base is what both held when the run was done. An edit that was not carried yet must not be swallowed.
    let base = link.base.of(kind).get(&field).ok_or(Kept::NotLinked)?;
    if base.side(side).as_ref() != held {
        return Err(Kept::ChangedSince(side));
    }
    if base.side(side.other()).as_ref() != source {
        return Err(Kept::SourceChanged(side.other()));
    }
    match side {
        Side::Hit if item.budget_lines.of(field) > 1 => Err(Kept::SeveralLines),
        Side::Halo if field.is_money() && ticket.priced == Some(true) => Err(Kept::Priced),
        Side::Halo if field == FieldId::Hours && ticket.computed_hours => Err(Kept::Computed),
        _ => Ok(pair),
    }
}

/// The operations that restore the values of one record.
struct Restore<'a> {
    context: &'a Context<'a>,
    pair: Pair<'a>,
    side: Side,
    run: i64,
}

impl Restore<'_> {
    fn plan(&self, mut back: Back, kept: &mut Vec<(usize, Kept)>, out: &mut LinkPlan) {
        let dates = [FieldId::Start, FieldId::Due];
        if self.out_of_order(&back) {
            kept.extend(
                dates.iter().filter_map(|date| back.remove(date)).map(|(at, _)| (at, Kept::DateOrder)),
            );
        }
        let mut status = None;
        if self.side == Side::Halo
            && let Some((place, value)) = back.remove(&FieldId::Status)
        {
            match self.status(value.as_ref().and_then(Value::as_halo_status)) {
                Ok((how, moves)) => status = Some((how, moves, value)),
                Err(reason) => kept.push((place, reason)),
            }
        }
        let closed = self.side == Side::Halo
            && self.pair.ticket.closed
            && !self.context.input.settings.sync.write_closed;
        let reopens = matches!(status, Some((_, StatusMove::Reopen, _)));
        if closed && !reopens {
            kept.extend(core::mem::take(&mut back).into_values().map(|(at, _)| (at, Kept::TicketClosed)));
        }
        let kind = self.pair.kind;
        let write =
            |field, value| (field, Write { value, why: Vec::from([Why::Undone { field, run: self.run }]) });
        let back: Writes = back.into_iter().map(|(field, (_, value))| write(field, value)).collect();
        let mut update = (!back.is_empty()).then(|| self.pair.update(self.side, back, |_| false));
        if let Some((how, moves, value)) = status {
            let mut op = self.pair.op(status_rank(moves), OpKind::StatusWrite { kind, how, moves });
            let back = Writes::from([write(FieldId::Status, value)]);
            self.pair.fill(&mut op, self.side, back, |_| false);
            out.ops.push(in_order(moves, op, &mut update));
        }
        out.ops.extend(update);
    }

    /// How the old status is written. A person asked for it, so a ticket that the run has closed may be reopened.
    fn status(&self, to: Option<StatusId>) -> Result<(StatusHow, StatusMove), Kept> {
        let to = to.ok_or(Kept::NotRead(Side::Halo))?;
        let (ticket, input) = (self.pair.ticket, self.context.input);
        let map = input.settings.status.get(&ticket.ticket_type);
        let ways = map.into_iter().flat_map(|map| map.to_halo.values()).filter_map(|target| match target {
            StatusTarget::To { status, how } if *status == to => Some(*how),
            _ => None,
        });
        // A status that no row leads to was a person's: it is set by its field.
        let how = ways.min().unwrap_or(StatusHow::Set);
        if let StatusHow::Action(outcome) = how {
            let of_type = input.catalogue.ticket_types.get(&ticket.ticket_type);
            let from = of_type.and_then(|found| found.outcomes.get(&outcome)).map(|outcome| &outcome.from);
            let offered = from.is_none_or(|from| {
                from.is_empty() || ticket.status().is_some_and(|status| from.contains(&status))
            });
            if !offered {
                return Err(Kept::ActionNotOffered);
            }
        }
        Ok((how, self.pair.moves(self.context, Some(to))))
    }

    fn out_of_order(&self, back: &Back) -> bool {
        let row = self.pair.row(self.side);
        let will_be = |field| match back.get(&field) {
            Some((_, value)) => value.as_ref(),
            None => row.get(field).value(),
        };
        match (will_be(FieldId::Start), will_be(FieldId::Due)) {
            (Some(Value::Date(start)), Some(Value::Date(due))) => start > due,
            _ => false,
        }
    }
}
