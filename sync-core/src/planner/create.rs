//! Items that have no ticket: adopt what is ours already, wait for a person where something looks like it, else
//! create.

use super::LinkPlan;
use super::context::{Context, issue, skip_item};
use super::link::{Target, link_back, local_op};
use super::payload;
use crate::base::{BaseCell, BaseRow, CreateSpec};
use crate::decision::{IssueCode, PairingAnswer, Subject};
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::ids::{HaloClientId, ItemId, Kind, Side, SiteId, TicketId, TicketTypeId};
use crate::plan::{Adoption, OpKind, Precond, Proposal, ProposalKind, Rank, SkipReason, Why};
use crate::record::{HaloTicket, HitItem};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Every item without a link.
pub(super) fn plan_creates(context: &Context<'_>, out: &mut LinkPlan) {
    for item in &context.input.snapshot.items {
        if context.links.contains_key(&item.id)
            || context.input.only.is_some_and(|only| !only.contains(&item.id))
        {
            continue;
        }
        plan_unlinked(context, item, out);
    }
}

/// Items of one plan that claim the same ticket: one gets it, by a person's word before what the records say, and by id
/// where both have it. The others are reported, and what hangs on their claim is left out.
pub(super) fn keep_one_claim(out: &mut LinkPlan) {
    if !guard::on(Guard::UniqueLink) {
        return;
    }
    let mut claims: Vec<_> = out
        .ops
        .iter()
        .filter_map(|op| match op.kind {
            OpKind::Adopt { how, .. } => Some((op.ticket?, how != Adoption::Answer, op.item.clone()?, op.id)),
            _ => None,
        })
        .collect();
    claims.sort();
    let mut first: BTreeMap<TicketId, ItemId> = BTreeMap::new();
    for (ticket, _, item, op) in claims {
        if *first.entry(ticket).or_insert_with(|| item.clone()) == item {
            continue;
        }
        let mut dropped = BTreeSet::from([op]);
        loop {
            let known = dropped.len();
            dropped.extend(
                out.ops
                    .iter()
                    .filter(|op| op.after.iter().any(|id| dropped.contains(id)))
                    .map(|op| op.id)
                    .collect::<Vec<_>>(),
            );
            if dropped.len() == known {
                break;
            }
        }
        out.ops.retain(|op| !dropped.contains(&op.id));
        let subject = Subject::item(&item).with_value(alloc::format!("{ticket}"));
        issue(out, IssueCode::TicketAlreadyLinked, subject);
        skip_item(out, &item, None, SkipReason::WaitsForPairing(alloc::vec![ticket]));
    }
}

/// Whether a person has said what becomes of the item, so that it is no longer left alone.
pub(super) fn is_answered(context: &Context<'_>, item: &ItemId) -> bool {
    let answer = context.input.decisions.pairings.get(item);
    matches!(answer, Some(PairingAnswer::Link(_) | PairingAnswer::Create))
}

/// One item without a ticket: one without a link, or whose link has ended or lost its ticket. What a person has said
/// of it goes before what markers and references say.
pub(super) fn plan_unlinked(context: &Context<'_>, item: &HitItem, out: &mut LinkPlan) {
    if !context.in_scope(&item.client) {
        return skip_item(out, &item.id, None, SkipReason::OutOfScope);
    }
    if item.archived {
        return skip_item(out, &item.id, None, SkipReason::Archived);
    }
    let answer = context.input.decisions.pairings.get(&item.id);
    if answer == Some(&PairingAnswer::Ignore) {
        return skip_item(out, &item.id, None, SkipReason::LeftAlone);
    }
    let Some(halo_client) = linked_client(context, item, out) else { return };
    if let Some(PairingAnswer::Link(ticket)) = answer {
        return adopt_answer(context, item, halo_client, *ticket, out);
    }
    if adopt_ours(context, item, halo_client, out) {
        return;
    }
    let Some(status) = item.status() else {
        return skip_item(out, &item.id, None, SkipReason::NotObserved(Side::Hit));
    };
    let Some(rule) = context.input.settings.create_rule(&status) else {
        issue(out, IssueCode::HitStatusUnknown, Subject::value(status.as_str()));
        return skip_item(out, &item.id, None, SkipReason::UnknownStatus(status));
    };
    let Some(kind) = rule.kind() else {
        return skip_item(out, &item.id, None, SkipReason::NothingToCreate(status));
    };
    if waits_for_pairing(context, item, kind, out) {
        return;
    }
    let why = Why::CreateRule { status, kind };
    create(context, item, kind, halo_client, None, why, out);
}

/// The Halo client of an item, for linking existing tickets. Reports why there is none.
fn linked_client(context: &Context<'_>, item: &HitItem, out: &mut LinkPlan) -> Option<HaloClientId> {
    let linked = context.input.directory.clients.get(&item.client).copied();
    let code = match linked {
        None => IssueCode::ClientNotLinked,
        Some(HaloClientId::UNASSIGNED) => IssueCode::ClientUnassigned,
        Some(client) if context.halo_client(client).is_none() => IssueCode::ClientVanished,
        Some(client) => return Some(client),
    };
    // Items that would create nothing need no client.
    let idle = item
        .status()
        .and_then(|status| context.input.settings.create_rule(&status))
        .is_some_and(|rule| rule.kind().is_none());
    if idle {
        if let Some(status) = item.status() {
            skip_item(out, &item.id, None, SkipReason::NothingToCreate(status));
        }
        return None;
    }
    issue(out, code, Subject::client(&item.client));
    let reason = match code {
        IssueCode::ClientNotLinked => SkipReason::ClientNotLinked,
        _ => SkipReason::ClientUnusable,
    };
    skip_item(out, &item.id, None, reason);
    None
}

/// Links tickets that carry our marker for this item, or to which the item refers: the reply of a create was lost,
/// or the database was. Where a person wants a new ticket, a reference says nothing: it leads to one that was there
/// before, and that the person has seen.
fn adopt_ours(context: &Context<'_>, item: &HitItem, halo_client: HaloClientId, out: &mut LinkPlan) -> bool {
    let wants_own = context.input.decisions.pairings.get(&item.id) == Some(&PairingAnswer::Create);
    let mut adopted = false;
    for kind in Kind::ALL {
        let marker = context.marker_for(&item.id, kind);
        let marked: Vec<&HaloTicket> = context
            .marked(&marker)
            .iter()
            .copied()
            .filter(|t| t.kind == Some(kind) && context.is_free(t) && !context.is_parted(&item.id, t.id))
            .collect();
        if marked.len() > 1 {
            issue(out, IssueCode::DuplicateMarker, Subject::item(&item.id).with_value(marker.as_str()));
        }
        if let Some(ticket) = marked.first().copied() {
            let base =
                context.intent(&marker).map(|intent| intent.base_cells(&ticket.fields, ticket.was_touched()));
            let why = Why::MarkerFound { ticket: ticket.id };
            adopt(context, item, kind, halo_client, ticket, Adoption::Marker, base, why, out);
            adopted = true;
            continue;
        }
        let referred = item
            .references
            .iter()
            .filter(|_| !wants_own)
            .filter(|r| &*r.system == "halopsa" && r.kind == Some(kind))
            .filter_map(|r| context.ticket(r.id.parse().ok()?))
            .find(|t| t.kind == Some(kind) && context.is_free(t) && !context.is_parted(&item.id, t.id));
        if let Some(ticket) = referred {
            let why = Why::ReferenceFound { ticket: ticket.id };
            adopt(context, item, kind, halo_client, ticket, Adoption::Reference, None, why, out);
            adopted = true;
        }
    }
    adopted
}

fn adopt_answer(
    context: &Context<'_>,
    item: &HitItem,
    halo_client: HaloClientId,
    id: TicketId,
    out: &mut LinkPlan,
) {
    let Some(ticket) = context.ticket(id) else {
        return skip_item(out, &item.id, None, SkipReason::RecordNotRead(Side::Halo));
    };
    let Some(kind) = ticket.kind else {
        issue(
            out,
            IssueCode::TicketTypeNotFollowed,
            Subject::item(&item.id).with_value(alloc::format!("{id}")),
        );
        return skip_item(out, &item.id, None, SkipReason::TypeNotFollowed(ticket.ticket_type));
    };
    if !context.is_free(ticket) {
        let code = match context.is_linked(id) {
            true => IssueCode::TicketAlreadyLinked,
            false => IssueCode::TicketUnusable,
        };
        issue(out, code, Subject::item(&item.id).with_ticket(id, kind));
        return skip_item(out, &item.id, Some(kind), SkipReason::WaitsForPairing(alloc::vec![id]));
    }
    let why = Why::Paired { ticket: id };
    adopt(context, item, kind, halo_client, ticket, Adoption::Answer, None, why, out);
}

#[allow(clippy::too_many_arguments)] // one call site each, all of them different things
pub(super) fn adopt(
    context: &Context<'_>,
    item: &HitItem,
    kind: Kind,
    halo_client: HaloClientId,
    ticket: &HaloTicket,
    how: Adoption,
    base: Option<BaseRow>,
    why: Why,
    out: &mut LinkPlan,
) {
    if ticket.client != halo_client {
        issue(out, IssueCode::TicketMoved, Subject::item(&item.id).with_ticket(ticket.id, kind));
        return skip_item(
            out,
            &item.id,
            Some(kind),
            SkipReason::Suspended(crate::base::SuspendReason::ClientMoved),
        );
    }
    let mut op = local_op(OpKind::Adopt { kind, how }, Some(&item.id), &item.client, Some(ticket.id));
    op.pre = alloc::vec![
        Precond::NotLinked(kind),
        Precond::TicketType(ticket.ticket_type),
        Precond::TicketClient(ticket.client),
    ];
    op.base = base.unwrap_or_else(|| equal_cells(context, item, ticket, kind));
    op.why.push(why);
    let op = op.named();
    let id = op.id;
    out.ops.push(op);
    link_back(context, &item.client, item, kind, Target::By(id, Some(ticket.id)), out);
}

/// Fields that agree on linking enter the base at once; the others are decided by the first-link rule next time.
fn equal_cells(context: &Context<'_>, item: &HitItem, ticket: &HaloTicket, kind: Kind) -> BaseRow {
    let mut base = BaseRow::new();
    for field in FieldId::ALL {
        if context.active_rule(kind, field).is_none() || (field.is_money() && !context.money) {
            continue;
        }
        let (Some(halo), Some(hit)) = (ticket.fields.get(field).seen(), item.fields.get(field).seen()) else {
            continue;
        };
        if context.relation(field, ticket.ticket_type).consistent(halo, hit) {
            base.insert(field, BaseCell { halo: halo.cloned(), hit: hit.cloned() });
        }
    }
    base
}

/// Whether something unlinked looks like the item and nobody has said yet what it is.
pub(super) fn waits_for_pairing(
    context: &Context<'_>,
    item: &HitItem,
    kind: Kind,
    out: &mut LinkPlan,
) -> bool {
    if context.input.decisions.pairings.get(&item.id) == Some(&PairingAnswer::Create) {
        return false;
    }
    let candidates: Vec<TicketId> = context
        .input
        .candidates
        .by_item
        .get(&item.id)
        .into_iter()
        .flatten()
        .copied()
        // The record itself has the last word, where it was read.
        .filter(|id| context.ticket(*id).is_none_or(|t| context.is_free(t) && t.kind == Some(kind)))
        .filter(|id| !context.is_linked(*id) && !context.is_parted(&item.id, *id))
        .collect();
    if candidates.is_empty() {
        return false;
    }
    if context.input.candidates.suggestion(&item.id).is_none() {
        issue(out, IssueCode::PairingAmbiguous, Subject::item(&item.id));
    }
    let proposal = ProposalKind::Pair { candidates: candidates.clone() };
    out.proposals.push(Proposal {
        id: Proposal::pair_name(&candidates, &item.id, None),
        kind: proposal,
        item: item.id.clone(),
        client: item.client.clone(),
        ticket: match candidates[..] {
            [one] => Some(one),
            _ => None,
        },
    });
    skip_item(out, &item.id, Some(kind), SkipReason::WaitsForPairing(candidates));
    true
}

/// The site, if a ticket can be created for the client at all. Reports why not.
fn site(
    context: &Context<'_>,
    item: &ItemId,
    client: &HitItem,
    halo: HaloClientId,
    out: &mut LinkPlan,
) -> Option<SiteId> {
    let found = context.halo_client(halo)?;
    let code = if found.stopped {
        IssueCode::ClientStopped
    } else if found.inactive {
        IssueCode::ClientInactive
    } else if let Some(site) = found.site_for_create() {
        return Some(site);
    } else {
        IssueCode::SiteMissing
    };
    issue(out, code, Subject::client(&client.client));
    skip_item(out, item, None, SkipReason::ClientUnusable);
    None
}

/// Plans the create of a ticket for an item, and the link back after it.
pub(super) fn create(
    context: &Context<'_>,
    item: &HitItem,
    kind: Kind,
    halo_client: HaloClientId,
    from_opportunity: Option<TicketId>,
    why: Why,
    out: &mut LinkPlan,
) {
    let settings = context.input.settings.kind(kind);
    let Some(ticket_type): Option<TicketTypeId> = settings.create_type else {
        issue(out, IssueCode::CreateTypeMissing, Subject::value(kind.name()));
        return skip_item(out, &item.id, Some(kind), SkipReason::CreateTypeMissing(kind));
    };
    let Some(site) = site(context, &item.id, item, halo_client, out) else { return };
    let mut payload = payload::for_ticket(context, item, kind, ticket_type);
    if let Some(opportunity) = from_opportunity.and_then(|id| context.ticket(id)) {
        payload::take_whole_texts(context, item, opportunity, ticket_type, &mut payload);
    }
    let marker = context.marker_for(&item.id, kind);
    let spec = CreateSpec {
        marker: marker.clone(),
        target: Side::Halo,
        kind,
        item: Some(item.id.clone()),
        ticket: None,
        client: item.client.clone(),
        halo_client,
        site: Some(site),
        ticket_type: Some(ticket_type),
        team: settings.team,
        template: settings.template,
        constants: settings.constants.clone(),
        from_opportunity,
    };
    let mut op = local_op(OpKind::Create(Box::new(spec)), Some(&item.id), &item.client, None);
    op.rank = Rank::Create;
    op.pre = alloc::vec![Precond::NotLinked(kind), Precond::MarkerFree(marker)];
    op.set = payload.set;
    op.source = payload.source;
    op.why.push(why);
    if context.input.decisions.pairings.get(&item.id) == Some(&PairingAnswer::Create) {
        op.why.push(Why::CreateAnyway);
    }
    op.why.extend(payload.why);
    let op = op.named();
    let id = op.id;
    out.ops.push(op);
    link_back(context, &item.client, item, kind, Target::By(id, None), out);
}
