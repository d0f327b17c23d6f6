//! Promotion: an item moves from an opportunity status to a project status.

use super::LinkPlan;
use super::context::{Context, issue, skip_item};
use super::create::{adopt, create, waits_for_pairing};
use super::link::{Target, link_back, local_op};
use crate::base::{BaseCell, BaseRow, Link, LinkState};
use crate::decision::{IssueCode, Subject};
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::ids::{Kind, Side};
use crate::kernel::Mapped;
use crate::plan::{Adoption, OpKind, Precond, Proposal, ProposalKind, Rank, SkipReason, Why};
use crate::record::{HaloTicket, HitItem};
use crate::settings::{PromotionMode, StatusHow};
use crate::value::{Obs, Value};
use alloc::boxed::Box;
use alloc::vec::Vec;

pub(super) struct Promotion {
    /// Why the opportunity's status does not get the item's.
    pub(super) held: Option<SkipReason>,
    /// Whether the opportunity's type is about to change.
    pub(super) converted: bool,
}

/// The item is in a project status and has no project yet.
pub(super) fn plan_promotion(
    context: &Context<'_>,
    link: &Link,
    item: &HitItem,
    opportunity: &HaloTicket,
    out: &mut LinkPlan,
) -> Promotion {
    let rule = &context.input.settings.sync.promotion;
    let Some(status) = item.status() else { return Promotion { held: None, converted: false } };
    let reason = Why::Promotion { status, mode: rule.mode };
    let project = project_for(context, link, opportunity, out);
    let kind = ProposalKind::Promote { mode: rule.mode, project: project.map(|p| p.id) };
    let approval = Proposal::name(&kind, link, Some(opportunity.id), item.status().as_ref());
    let asked = !context.input.settings.sync.scope.is_global();
    let approved = context.input.decisions.approvals.contains(&approval);
    if asked && !approved {
        out.proposals.push(Proposal {
            id: approval,
            kind,
            item: link.item.clone(),
            client: link.client.clone(),
            ticket: Some(opportunity.id),
        });
    }
    let may = !asked || approved;
    if !may && link.promotion_since.is_none() {
        // Remembered so that calling it off ends what was asked for.
        let mut op = local_op(OpKind::AwaitProject, Some(&link.item), &link.client, Some(opportunity.id));
        op.why.push(reason.clone());
        out.ops.push(op.named());
    }
    // What waits for a person is not looked at again and again: the answer says when.
    let held = Some(if may { SkipReason::AwaitsProject } else { SkipReason::NeedsApproval(approval) });
    let mut reasons = alloc::vec![reason];
    if asked && approved {
        reasons.push(Why::Approved);
    }
    if let Some(project) = project {
        if may {
            adopt_project(context, link, item, opportunity, project, reasons, out);
        } else {
            skip_item(out, &link.item, Some(Kind::Project), SkipReason::NeedsApproval(approval));
        }
        return Promotion { held, converted: false };
    }
    if rule.mode == PromotionMode::Convert {
        if may {
            let converted = convert(context, link, item, opportunity, reasons, out);
            return Promotion { held, converted };
        }
        skip_item(out, &link.item, Some(Kind::Project), SkipReason::NeedsApproval(approval));
        return Promotion { held, converted: false };
    }
    let waited = link.promotion_since.and_then(|since| context.input.now.since(since));
    match waited {
        // Our clock has gone back: the waiting begins anew.
        Some(ms) if ms < 0 && guard::on(Guard::ClockBack) => {
            let mut op = local_op(OpKind::AwaitProject, Some(&link.item), &link.client, Some(opportunity.id));
            op.why = reasons;
            out.ops.push(op.named());
            skip_item(out, &link.item, Some(Kind::Project), SkipReason::AwaitsProject);
        }
        _ if !may && rule.mode != PromotionMode::AdoptOnly => {
            skip_item(out, &link.item, Some(Kind::Project), SkipReason::NeedsApproval(approval));
        }
        None if !may => {}
        None => {
            let mut op = local_op(OpKind::AwaitProject, Some(&link.item), &link.client, Some(opportunity.id));
            op.why = reasons;
            out.ops.push(op.named());
            skip_item(out, &link.item, Some(Kind::Project), SkipReason::AwaitsProject);
        }
        Some(ms) if ms < rule.wait_ms && guard::on(Guard::PromotionWait) => {
            skip_item(out, &link.item, Some(Kind::Project), SkipReason::AwaitsProject);
        }
        Some(_) if rule.mode == PromotionMode::AdoptOnly => {
            let subject = Subject::item(&link.item).with_ticket(opportunity.id, Kind::Opportunity);
            issue(out, IssueCode::PromotionWithoutProject, subject);
        }
        Some(_) => {
            if !waits_for_pairing(context, item, Kind::Project, out) {
                let why = Why::NoProjectAppeared { waited_ms: rule.wait_ms };
                let before = out.ops.len();
                create(context, item, Kind::Project, link.halo_client, Some(opportunity.id), why, out);
                if let Some(op) = out.ops.get_mut(before) {
                    op.why.splice(0..0, reasons);
                }
            }
        }
    }
    Promotion { held, converted: false }
}

/// The project to adopt: with our marker, named by a person, or made by Halo from the opportunity. More than one is
/// reported; the one with the lowest id is taken.
fn project_for<'a>(
    context: &Context<'a>,
    link: &Link,
    opportunity: &HaloTicket,
    out: &mut LinkPlan,
) -> Option<&'a HaloTicket> {
    let marker = context.marker_for(&link.item, Kind::Project);
    let mut found: Vec<&HaloTicket> = context
        .marked(&marker)
        .iter()
        .copied()
        .filter(|t| t.kind == Some(Kind::Project) && context.is_free(t))
        .collect();
    if let Some(crate::decision::PairingAnswer::Link(id)) = context.input.decisions.pairings.get(&link.item) {
        found.extend(context.ticket(*id).filter(|t| t.kind == Some(Kind::Project) && context.is_free(t)));
    }
    let of_client =
        |t: &&HaloTicket| t.client == link.halo_client && t.marker.is_none() && !link.is_parted_from(t.id);
    found.extend(context.projects_of(opportunity.id).into_iter().filter(of_client));
    let mut seen = Vec::new();
    found.retain(|t| {
        let new = !seen.contains(&t.id);
        seen.push(t.id);
        new
    });
    for second in found.iter().skip(1) {
        issue(out, IssueCode::SecondProject, Subject::item(&link.item).with_ticket(second.id, Kind::Project));
    }
    found.first().copied()
}

fn adopt_project(
    context: &Context<'_>,
    link: &Link,
    item: &HitItem,
    opportunity: &HaloTicket,
    project: &HaloTicket,
    reasons: Vec<Why>,
    out: &mut LinkPlan,
) {
    let marker = context.marker_for(&link.item, Kind::Project);
    let ours = project.marker.as_ref() == Some(&marker);
    let intent = context.intent(&marker).filter(|_| ours);
    let base = intent.map(|intent| intent.base_cells(&project.fields, project.was_touched()));
    let why = if ours {
        Why::MarkerFound { ticket: project.id }
    } else {
        Why::MadeByWorkflow { opportunity: opportunity.id, project: project.id }
    };
    let before = out.ops.len();
    adopt(context, item, Kind::Project, link.halo_client, project, Adoption::Promotion, base, why, out);
    if let Some(op) = out.ops.get_mut(before) {
        op.why.splice(0..0, reasons);
    }
}

/// Changes the type of the opportunity. What both kinds hold alike keeps its base.
fn convert(
    context: &Context<'_>,
    link: &Link,
    item: &HitItem,
    opportunity: &HaloTicket,
    reasons: Vec<Why>,
    out: &mut LinkPlan,
) -> bool {
    let Some(to_type) = context.input.settings.kind(Kind::Project).create_type else {
        issue(out, IssueCode::CreateTypeMissing, Subject::value(Kind::Project.name()));
        skip_item(out, &link.item, Some(Kind::Project), SkipReason::CreateTypeMissing(Kind::Project));
        return false;
    };
    if opportunity.closed {
        let subject = Subject::item(&link.item).with_ticket(opportunity.id, Kind::Opportunity);
        issue(out, IssueCode::EditForClosed, subject);
        skip_item(out, &link.item, Some(Kind::Project), SkipReason::TicketClosed);
        return false;
    }
    let mut op = local_op(OpKind::Promote { to_type }, Some(&link.item), &link.client, Some(opportunity.id));
    op.rank = Rank::Create;
    op.pre = alloc::vec![
        Precond::NotLinked(Kind::Project),
        Precond::TicketType(opportunity.ticket_type),
        Precond::TicketClient(opportunity.client),
        Precond::Closed(false),
    ];
    let relation = context.relation(FieldId::Status, to_type);
    let status = item.fields.get(FieldId::Status);
    if let Mapped::To(Some(to)) = relation.map(Side::Hit, status.value())
        && item.status().and_then(|status| relation.how(&status)) == Some(StatusHow::Set)
    {
        op.before.set(FieldId::Status, opportunity.fields.get(FieldId::Status).clone());
        op.source.set(FieldId::Status, status.clone());
        op.set.set(FieldId::Status, Obs::Value(to));
    }
    op.base = shared_cells(context, link);
    op.why = reasons;
    let op = op.named();
    let id = op.id;
    out.ops.push(op);
    link_back(context, &link.client, item, Kind::Project, Target::By(id, Some(opportunity.id)), out);
    true
}

/// The opportunity has become a project: by a conversion of ours whose end nobody saw, or by a person's hand. The
/// link follows; no server is written to. What both kinds hold alike keeps its base.
pub(super) fn became_project(
    context: &Context<'_>,
    link: &Link,
    item: &HitItem,
    ticket: &HaloTicket,
    out: &mut LinkPlan,
) {
    let to_type = ticket.ticket_type;
    let mut op = local_op(OpKind::Promote { to_type }, Some(&link.item), &link.client, Some(ticket.id));
    op.rank = Rank::Create;
    op.pre = alloc::vec![
        Precond::NotLinked(Kind::Project),
        Precond::TicketType(to_type),
        Precond::TicketClient(ticket.client),
    ];
    op.base = shared_cells(context, link);
    let relation = context.relation(FieldId::Status, to_type);
    let (halo, hit) = (ticket.fields.get(FieldId::Status), item.fields.get(FieldId::Status));
    if let (Some(halo), Some(hit)) = (halo.seen(), hit.seen())
        && relation.consistent(halo, hit)
    {
        op.base.insert(FieldId::Status, BaseCell { halo: halo.cloned(), hit: hit.cloned() });
    }
    op.why.push(Why::MadeByWorkflow { opportunity: ticket.id, project: ticket.id });
    let op = op.named();
    let id = op.id;
    out.ops.push(op);
    link_back(context, &link.client, item, Kind::Project, Target::By(id, Some(ticket.id)), out);
}

/// The base of the fields that both kinds have, without the status, whose map is another.
fn shared_cells(context: &Context<'_>, link: &Link) -> BaseRow {
    let shared =
        |field: &FieldId| *field != FieldId::Status && context.active_rule(Kind::Project, *field).is_some();
    let cells = link.base.opportunity.iter().filter(|(field, _)| shared(field));
    cells.map(|(field, cell)| (*field, cell.clone())).collect()
}

/// The item is no longer in a project status: a promotion that was only waited for is forgotten.
pub(super) fn call_off(link: &Link, item: &HitItem, out: &mut LinkPlan) {
    let mut op = local_op(OpKind::EndAwait, Some(&link.item), &link.client, link.opportunity);
    op.why.push(Why::PromotionCalledOff { status: item.status() });
    out.ops.push(op.named());
}

/// The opportunity of a link, if it could be closed.
fn open_opportunity<'a>(context: &Context<'a>, link: &Link) -> Option<&'a HaloTicket> {
    link.opportunity.and_then(|id| context.ticket(id)).filter(|opportunity| {
        !opportunity.closed
            && !opportunity.deleted
            && opportunity.merged_into.is_none()
            && opportunity.kind == Some(Kind::Opportunity)
            && opportunity.client == link.halo_client
    })
}

/// Says once that opportunities stay open although their projects are linked. One issue for all: what is missing is a
/// setting, and whoever closes them by hand puts it aside once. It is no part of a link's own plan, because it would
/// keep such a link from ever being clean.
pub(super) fn note_missing_recipe(context: &Context<'_>, out: &mut LinkPlan) {
    let input = context.input;
    let stays_open = |link: &&Link| {
        link.state == LinkState::Active
            && link.project.is_some()
            && context.in_scope(&link.client)
            && input.only.is_none_or(|only| only.contains(&link.item))
            && context.item(&link.item).is_some_and(|item| !item.archived)
            && open_opportunity(context, link).is_some()
    };
    if input.settings.sync.promotion.won.is_none()
        && context.links.values().copied().any(|link| stays_open(&link))
    {
        issue(out, IssueCode::WonRecipeMissing, Subject::default());
    }
}

/// Once the project is linked, the opportunity can be closed as won, if the user has shown how and agrees.
pub(super) fn close_won(context: &Context<'_>, link: &Link, out: &mut LinkPlan) {
    let Some(recipe) = &context.input.settings.sync.promotion.won else { return };
    let Some(opportunity) = open_opportunity(context, link) else { return };
    let kind = ProposalKind::CloseWon;
    let id = Proposal::name(&kind, link, Some(opportunity.id), None);
    let asked = !context.input.settings.sync.scope.is_global();
    if asked && !context.input.decisions.approvals.contains(&id) {
        out.proposals.push(Proposal {
            id,
            kind,
            item: link.item.clone(),
            client: link.client.clone(),
            ticket: Some(opportunity.id),
        });
        return skip_item(out, &link.item, Some(Kind::Opportunity), SkipReason::NeedsApproval(id));
    }
    let recipe_op = OpKind::CloseWon { recipe: Box::new(recipe.clone()) };
    let mut op = local_op(recipe_op, Some(&link.item), &link.client, Some(opportunity.id));
    op.rank = Rank::Close;
    op.pre = alloc::vec![
        Precond::TicketType(opportunity.ticket_type),
        Precond::TicketClient(opportunity.client),
        Precond::Closed(false),
    ];
    op.before.set(FieldId::Status, opportunity.fields.get(FieldId::Status).clone());
    op.set.set(FieldId::Status, Obs::Value(Value::halo_status(recipe.status)));
    op.why.push(Why::OpportunityWon { status: recipe.status });
    if asked {
        op.why.push(Why::Approved);
    }
    out.ops.push(op.named());
}

/// A project that appears beside the linked one.
pub(super) fn second_projects(context: &Context<'_>, link: &Link, out: &mut LinkPlan) {
    let Some(opportunity) = link.opportunity else { return };
    for second in context.projects_of(opportunity) {
        if Some(second.id) != link.project && !link.is_parted_from(second.id) {
            issue(
                out,
                IssueCode::SecondProject,
                Subject::item(&link.item).with_ticket(second.id, Kind::Project),
            );
        }
    }
}
