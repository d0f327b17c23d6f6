//! Import: tickets that have no item become items, if the settings say so.

use super::LinkPlan;
use super::context::Context;
use super::link::{link_back_op, local_op};
use super::payload;
use crate::base::CreateSpec;
use crate::decision::PairingAnswer;
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::ids::{HitClientId, Kind, Side, TicketId};
use crate::kernel::Mapped;
use crate::marker::Marker;
use crate::plan::{Diagnostic, DiagnosticCode, OpKind, Precond, Rank, Skip, SkipReason, Why};
use crate::record::HaloTicket;
use crate::value::{Obs, Value};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;

pub(super) fn plan_imports(context: &Context<'_>, out: &mut LinkPlan) {
    // Tickets that this very plan links are taken.
    let adopted: BTreeSet<TicketId> = out
        .ops
        .iter()
        .filter(|op| matches!(op.kind, OpKind::Adopt { .. }))
        .filter_map(|op| op.ticket)
        .collect();
    for ticket in &context.input.snapshot.tickets {
        let Some(kind) = ticket.kind else { continue };
        if !context.is_free(ticket) || adopted.contains(&ticket.id) {
            continue;
        }
        let asked_for = context.input.decisions.imports.get(&ticket.id) == Some(&PairingAnswer::Create);
        let wanted = asked_for && context.is_marked_as_parted(ticket);
        let parted = context.was_parted(ticket.id) && !asked_for;
        if let Some(marker) = ticket.marker.as_ref().filter(|_| !wanted && guard::on(Guard::OwnImage)) {
            // Our own image is never a source, whatever became of its item, unless a person has parted the two and wants
            // an item of its own for it.
            if context.input.only.is_none() && context.in_scope_of(ticket) && !parted {
                out.diags.push(Diagnostic {
                    code: DiagnosticCode::MarkerOfUnknownItem,
                    item: None,
                    ticket: Some(ticket.id),
                    field: None,
                    detail: marker.as_str().into(),
                });
            }
            continue;
        }
        if context.input.settings.sync.import.enabled {
            plan_import(context, ticket, kind, out);
        }
    }
}

/// Unlinked tickets that the plan would import, or that it offers as an item's counterpart, and whose links were not
/// read.
pub(super) fn unread_sources(context: &Context<'_>) -> BTreeSet<TicketId> {
    let mut out = LinkPlan::default();
    if context.input.settings.sync.import.enabled {
        plan_imports(context, &mut out);
    }
    let unread = SkipReason::NotObserved(Side::Halo);
    let waits = |skip: &Skip| skip.field == Some(FieldId::LinkBack) && skip.reason == unread;
    let imported = out.skips.iter().filter(|skip| waits(skip)).filter_map(|skip| skip.ticket);
    let offered = context.input.candidates.by_ticket.keys().copied();
    let lacks = |id: &TicketId| context.ticket(*id).is_some_and(|ticket| !ticket.links_read());
    imported.chain(offered).filter(lacks).collect()
}

impl Context<'_> {
    fn in_scope_of(&self, ticket: &HaloTicket) -> bool {
        self.input.directory.hit_client(ticket.client).is_some_and(|client| self.in_scope(client))
    }
}

fn plan_import(context: &Context<'_>, ticket: &HaloTicket, kind: Kind, out: &mut LinkPlan) {
    let rule = &context.input.settings.sync.import;
    let settings = context.input.settings.kind(kind);
    let Some(after) = rule.created_after else { return };
    let from = after.duration_since(jiff::civil::date(1970, 1, 1)).as_secs().saturating_mul(1000);
    let old = ticket.created.is_some_and(|created| created.unix_ms < from);
    // A project that hangs below an opportunity belongs to that one's item.
    let child = ticket.created_from.into_iter().chain(ticket.parent).any(|id| context.is_linked(id));
    if ticket.closed || old || child || !settings.follows(ticket.ticket_type) {
        return;
    }
    let Some(client) = context.input.directory.hit_client(ticket.client) else { return };
    let archived = context.input.catalogue.hit_clients.get(client).is_some_and(|found| found.archived);
    if !context.in_scope(client) || archived {
        return;
    }
    let mut skip = |field, reason| {
        out.skips.push(Skip { item: None, ticket: Some(ticket.id), kind: Some(kind), field, reason });
    };
    let answer = context.input.decisions.imports.get(&ticket.id);
    // One that a person has parted from its item is left alone until somebody says otherwise, as that item is.
    let parted = context.was_parted(ticket.id) && answer != Some(&PairingAnswer::Create);
    if matches!(answer, Some(PairingAnswer::Ignore | PairingAnswer::Link(_)))
        || parted
        || is_named(context, ticket, kind)
    {
        return skip(None, SkipReason::LeftAlone);
    }
    // It may be our own image: its marker was not looked for yet.
    if !ticket.links_read() && guard::on(Guard::OwnImage) {
        return skip(Some(FieldId::LinkBack), SkipReason::NotObserved(Side::Halo));
    }
    if ticket.created.is_none() {
        return skip(None, SkipReason::AgeUnknown);
    }
    let candidates = context.input.candidates.by_ticket.get(&ticket.id).filter(|items| !items.is_empty());
    if let Some(items) = candidates
        && answer.is_none()
    {
        return skip(None, SkipReason::WaitsForImportPairing(items.clone()));
    }
    let relation = context.relation(FieldId::Status, ticket.ticket_type);
    let status = ticket.fields.get(FieldId::Status).value();
    let fallback = match kind {
        Kind::Opportunity => &rule.opportunity_status,
        Kind::Project => &rule.project_status,
    };
    let mapped = match relation.map(Side::Halo, status) {
        Mapped::To(Some(mapped)) => Some(mapped),
        _ => fallback.as_ref().map(Value::hit_status),
    };
    let Some(mapped) = mapped else {
        let value = status.map_or_else(Box::default, |status| alloc::format!("{status}").into());
        return skip(Some(FieldId::Status), SkipReason::Unmapped { side: Side::Halo, value });
    };
    if !matches!(ticket.fields.get(FieldId::Name), Obs::Value(_)) {
        return skip(Some(FieldId::Name), SkipReason::NotObserved(Side::Halo));
    }
    create(context, ticket, kind, client, mapped, out);
}

/// Whether a person has said that the ticket is an item's, which that item's own line of the plan tells about.
fn is_named(context: &Context<'_>, ticket: &HaloTicket, kind: Kind) -> bool {
    let waits = |item| context.links.get(item).is_none_or(|link| link.ticket(kind).is_none());
    let named = PairingAnswer::Link(ticket.id);
    context.input.decisions.pairings.iter().any(|(item, answer)| *answer == named && waits(item))
}

fn create(
    context: &Context<'_>,
    ticket: &HaloTicket,
    kind: Kind,
    client: &HitClientId,
    status: Value,
    out: &mut LinkPlan,
) {
    let ended = context.times_ended(ticket.id);
    let marker = Marker::for_ticket_after(context.input.pair, ticket.id, kind, ended);
    let payload = payload::for_item(context, ticket, kind, status);
    let spec = CreateSpec {
        marker: marker.clone(),
        target: Side::Hit,
        kind,
        item: None,
        ticket: Some(ticket.id),
        client: client.clone(),
        halo_client: ticket.client,
        site: None,
        ticket_type: Some(ticket.ticket_type),
        team: None,
        template: None,
        constants: alloc::collections::BTreeMap::new(),
        from_opportunity: None,
    };
    let mut op = local_op(OpKind::Create(Box::new(spec)), None, client, Some(ticket.id));
    op.rank = Rank::Create;
    op.pre = alloc::vec![
        Precond::TicketClient(ticket.client),
        Precond::Closed(false),
        Precond::MarkerFree(marker)
    ];
    op.set = payload.set;
    op.source = payload.source;
    op.why.push(Why::Import { ticket: ticket.id, ticket_type: ticket.ticket_type });
    let op = op.named();
    let id = op.id;
    out.ops.push(op);
    if context.links_back(kind, Side::Hit) {
        out.ops.push(link_back_op(None, client, kind, Side::Hit, Some(ticket.id), Some(id)));
    }
    if context.links_back(kind, Side::Halo) && ticket.link_back == Obs::Null {
        out.ops.push(link_back_op(None, client, kind, Side::Halo, Some(ticket.id), Some(id)));
    }
}
