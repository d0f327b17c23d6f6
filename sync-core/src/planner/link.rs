//! One existing link.

use super::LinkPlan;
use super::context::{Context, issue, skip_item};
use super::fields::PairOf;
use super::{gone, promote};
use crate::base::{BaseRow, Link, LinkState, LinkedBack, SuspendReason};
use crate::decision::{IssueCode, OpId, Subject};
use crate::field::FieldRow;
use crate::guard::{self, Guard};
use crate::ids::{HitClientId, ItemId, Kind, Side, TicketId};
use crate::plan::{Op, OpKind, Rank, SkipReason, Why};
use crate::record::{HaloTicket, HitItem};
use crate::settings::CreateRule;
use alloc::vec::Vec;

pub(super) fn plan_link(context: &Context<'_>, link: &Link, out: &mut LinkPlan) {
    match &link.state {
        LinkState::Ended if !super::create::is_answered(context, &link.item) => {
            return skip_item(out, &link.item, None, SkipReason::LeftAlone);
        }
        // Without tickets there is nothing that could be gone, or belong to another client; and an item that was not
        // read is one of many.
        LinkState::Active | LinkState::Ended if link.leading().is_none() => {
            if let Some(item) = context.item(&link.item) {
                super::create::plan_unlinked(context, item, out);
            }
            return;
        }
        LinkState::Active | LinkState::Ended => {}
    }
    if !context.in_scope(&link.client) {
        return skip_item(out, &link.item, None, SkipReason::OutOfScope);
    }
    if gone::plan_gone(context, link, out) {
        return;
    }
    let Some(item) = context.item(&link.item) else {
        return skip_item(out, &link.item, None, SkipReason::RecordNotRead(Side::Hit));
    };
    if item.archived {
        return skip_item(out, &link.item, None, SkipReason::Archived);
    }
    if client_stops(context, link, item, out) {
        return;
    }
    let Some(kind) = link.leading() else { return };
    let Some(ticket) = link.ticket(kind).and_then(|id| context.ticket(id)) else {
        return skip_item(out, &link.item, Some(kind), SkipReason::RecordNotRead(Side::Halo));
    };
    if ticket.client != link.halo_client && guard::on(Guard::ClientMoved) {
        let subject = Subject::item(&link.item).with_ticket(ticket.id, kind);
        issue(out, IssueCode::TicketMoved, subject);
        return skip_item(out, &link.item, Some(kind), SkipReason::Suspended(SuspendReason::ClientMoved));
    }
    let followed = context.input.settings.followed_kind(ticket.ticket_type);
    if kind == Kind::Opportunity && ticket.kind == Some(Kind::Project) && followed == Some(Kind::Project) {
        return promote::became_project(context, link, item, ticket, out);
    }
    if ticket.kind != Some(kind) {
        let subject = Subject::item(&link.item).with_ticket(ticket.id, kind);
        issue(out, IssueCode::TicketTypeNotFollowed, subject);
        return skip_item(out, &link.item, Some(kind), SkipReason::TypeNotFollowed(ticket.ticket_type));
    }
    twins(context, link, kind, out);
    let rule = item.status().and_then(|status| context.input.settings.create_rule(&status));
    let mut status_held = None;
    let mut converted = false;
    match (kind, rule) {
        (Kind::Opportunity, Some(CreateRule::Project)) => {
            let promotion = promote::plan_promotion(context, link, item, ticket, out);
            status_held = promotion.held;
            converted = promotion.converted;
        }
        (Kind::Project, Some(CreateRule::Opportunity)) => {
            status_held = Some(SkipReason::WentBack);
            went_back(context, link, item, ticket, out);
        }
        _ => {}
    }
    if kind == Kind::Opportunity && rule != Some(CreateRule::Project) && link.promotion_since.is_some() {
        promote::call_off(link, item, out);
    }
    if kind == Kind::Project {
        promote::close_won(context, link, out);
        promote::second_projects(context, link, out);
    }
    // A ticket that is about to change its type is planned by the rules of the new one, next time.
    if !converted {
        let base = link.base.of(kind);
        PairOf { context, link, item, ticket, kind, base, status_held }.plan(out);
    }
    link_back(context, &link.client, item, kind, Target::Known(ticket), out);
}

/// The issue stands while the statuses say so; it is not repeated in the plan of a pair that agrees.
fn went_back(context: &Context<'_>, link: &Link, item: &HitItem, ticket: &HaloTicket, out: &mut LinkPlan) {
    let relation = context.relation(crate::field::FieldId::Status, ticket.ticket_type);
    let status = crate::field::FieldId::Status;
    if !relation.consistent(ticket.fields.get(status).value(), item.fields.get(status).value()) {
        issue(out, IssueCode::WentBack, Subject::item(&link.item).with_ticket(ticket.id, Kind::Project));
    }
}

/// Other tickets with the marker of this link.
fn twins(context: &Context<'_>, link: &Link, kind: Kind, out: &mut LinkPlan) {
    let marker = context.marker_for(&link.item, kind);
    if context.marked(&marker).iter().any(|t| Some(t.id) != link.ticket(kind)) {
        let subject = Subject::item(&link.item).with_value(marker.as_str());
        issue(out, IssueCode::DuplicateMarker, subject);
    }
}

fn client_stops(context: &Context<'_>, link: &Link, item: &HitItem, out: &mut LinkPlan) -> bool {
    if item.client != link.client {
        issue(out, IssueCode::TicketMoved, Subject::item(&link.item).with_value(item.client.as_str()));
        skip_item(out, &link.item, None, SkipReason::Suspended(SuspendReason::ClientMoved));
        return true;
    }
    if context.input.directory.clients.get(&link.client) != Some(&link.halo_client) {
        issue(out, IssueCode::ClientNotLinked, Subject::client(&link.client));
        skip_item(out, &link.item, None, SkipReason::ClientNotLinked);
        return true;
    }
    if context.halo_client(link.halo_client).is_none() {
        issue(out, IssueCode::ClientVanished, Subject::client(&link.client));
        skip_item(out, &link.item, None, SkipReason::Suspended(SuspendReason::ClientVanished));
        return true;
    }
    false
}

/// The ticket to which a link back leads.
pub(super) enum Target<'a> {
    /// It exists.
    Known(&'a HaloTicket),
    /// It is linked or made by an operation of this plan; known if that operation adopts it.
    By(OpId, Option<TicketId>),
}

/// Writes the link back on both sides, where it is missing.
pub(super) fn link_back(
    context: &Context<'_>,
    client: &HitClientId,
    item: &HitItem,
    kind: Kind,
    target: Target<'_>,
    out: &mut LinkPlan,
) {
    let (after, ticket) = match &target {
        Target::Known(ticket) => (None, Some(ticket.id)),
        Target::By(op, ticket) => (Some(*op), *ticket),
    };
    if context.links_back(kind, Side::Hit) {
        // Where HIT does not show references, nobody can say that one is missing.
        let missing = ticket.map_or(!item.references_hidden, |id| item.refers_to(kind, id) == Some(false));
        if missing && !does_not_stay(context, item, kind, Side::Hit, ticket, out) {
            out.ops.push(link_back_op(Some(&item.id), client, kind, Side::Hit, ticket, after));
        }
    }
    // A ticket that we created carries the link from its create; others get it when Halo shows that there is none.
    if let Some(found) = ticket.and_then(|id| context.ticket(id))
        && context.links_back(kind, Side::Halo)
        && found.marker.is_none()
        && found.link_back == crate::value::Obs::Null
        && !found.closed
        && !does_not_stay(context, item, kind, Side::Halo, ticket, out)
    {
        out.ops.push(link_back_op(Some(&item.id), client, kind, Side::Halo, ticket, after));
    }
}

/// Whether the link back was written often enough: something takes it out again, or the server does not take it.
fn does_not_stay(
    context: &Context<'_>,
    item: &HitItem,
    kind: Kind,
    side: Side,
    ticket: Option<TicketId>,
    out: &mut LinkPlan,
) -> bool {
    let Some((link, ticket)) = context.links.get(&item.id).zip(ticket) else { return false };
    let stays_out = link.times_linked_back(side, kind, ticket) >= LinkedBack::MOST;
    if !stays_out || !guard::on(Guard::LinkBack) {
        return false;
    }
    let subject = Subject::item(&item.id).with_ticket(ticket, kind).with_value(side.name());
    issue(out, IssueCode::LinkBackNotKept, subject);
    true
}

pub(super) fn link_back_op(
    item: Option<&ItemId>,
    client: &HitClientId,
    kind: Kind,
    side: Side,
    ticket: Option<TicketId>,
    after: Option<OpId>,
) -> Op {
    let mut op = local_op(OpKind::LinkBack { kind, side }, item, client, ticket);
    op.rank = Rank::LinkBack;
    op.after.extend(after);
    op.why.push(Why::LinkBackMissing { side });
    op.named()
}

/// An operation with nothing in it yet, and without its name.
pub(super) fn local_op(
    kind: OpKind,
    item: Option<&ItemId>,
    client: &HitClientId,
    ticket: Option<TicketId>,
) -> Op {
    Op {
        id: crate::plan::UNNAMED,
        rank: Rank::Local,
        after: Vec::new(),
        kind,
        item: item.cloned(),
        client: client.clone(),
        ticket,
        pre: Vec::new(),
        before: FieldRow::new(),
        set: FieldRow::new(),
        source: FieldRow::new(),
        base: BaseRow::new(),
        why: Vec::new(),
    }
}
