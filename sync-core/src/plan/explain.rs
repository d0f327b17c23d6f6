//! One sentence for any line of a plan, from the evidence in that line alone.

use super::Plan;
use super::lines::{conflict_sentence, explain_issue, explain_proposal};
use super::names::Names;
use super::op::{Adoption, Op, OpKind, Precond, StatusMove};
use super::why::Why;
use crate::base::Evidence;
use crate::catalogue::Catalogue;
use crate::field::FieldId;
use crate::hash::Hash128;
use crate::ids::{Kind, Side};
use crate::settings::{ConflictRule, PromotionMode, StatusHow};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// One sentence about the operation, conflict, issue or proposal of that name.
#[must_use]
pub fn explain(plan: &Plan, id: Hash128) -> Option<String> {
    by_name(plan, id, Names(None))
}

/// The same, with names from the catalogue instead of ids of statuses, people and types.
#[must_use]
pub fn explain_named(plan: &Plan, id: Hash128, catalogue: &Catalogue) -> Option<String> {
    by_name(plan, id, Names(Some(catalogue)))
}

fn by_name(plan: &Plan, id: Hash128, names: Names<'_>) -> Option<String> {
    let op = plan.ops.iter().find(|op| op.id == id).map(|op| sentence(op, names));
    op.or_else(|| plan.conflicts.iter().find(|c| c.id == id).map(|c| conflict_sentence(c, names)))
        .or_else(|| plan.issues.iter().find(|i| i.id == id).map(explain_issue))
        .or_else(|| plan.proposals.iter().find(|p| p.id == id).map(explain_proposal))
}

/// One sentence about an operation.
#[must_use]
pub fn explain_op(op: &Op) -> String {
    sentence(op, Names(None))
}

/// The same, with names from the catalogue.
#[must_use]
pub fn explain_op_named(op: &Op, catalogue: &Catalogue) -> String {
    sentence(op, Names(Some(catalogue)))
}

fn sentence(op: &Op, names: Names<'_>) -> String {
    let mut text = what(op, names);
    let reasons: Vec<String> = op.why.iter().map(|why| reason(why, names)).collect();
    if !reasons.is_empty() {
        text.push_str(", because ");
        text.push_str(&join(&reasons));
    }
    text.push('.');
    text
}

fn what(op: &Op, names: Names<'_>) -> String {
    let ticket = op.ticket.map_or_else(|| "the new ticket".to_string(), |t| format!("ticket {t}"));
    let item = op.item.as_ref().map_or_else(|| "the new item".to_string(), |i| format!("item {i}"));
    match &op.kind {
        OpKind::Rebase { kind } => {
            let fields: Vec<String> = op.base.keys().map(|f| f.label().to_lowercase()).collect();
            format!("It is remembered that {item} and its {kind} {ticket} agree on {}", join(&fields))
        }
        OpKind::Adopt { kind, how } => {
            let how = match how {
                Adoption::Marker => "by its marker",
                Adoption::Reference => "by its reference",
                Adoption::Answer => "as a person said",
                Adoption::Promotion => "as its project",
            };
            format!("{item} is linked to the existing {kind} {ticket} {how}", item = upper(&item))
        }
        OpKind::Create(spec) => match spec.target {
            Side::Halo => {
                let name = names.obs(spec.target, op.set.get(FieldId::Name));
                let beside =
                    spec.from_opportunity.map_or_else(String::new, |o| format!(" beside opportunity {o}"));
                let mark = &spec.marker;
                format!(
                    "{kind} {name} will be created in Halo for {item}{beside}, marked {mark}",
                    kind = a(spec.kind)
                )
            }
            Side::Hit => {
                let name = names.obs(spec.target, op.set.get(FieldId::Name));
                format!("An item {name} will be created in HIT for {} {ticket}", spec.kind)
            }
        },
        OpKind::Update { kind, side } => {
            let changes: Vec<String> = op
                .set
                .iter()
                .map(|(field, now)| {
                    let before = names.obs(*side, op.before.get(field));
                    format!(
                        "{} in {} will change from {before} to {}",
                        field.label(),
                        side.name(),
                        names.obs(*side, now)
                    )
                })
                .collect();
            let place = match side {
                Side::Halo => format!("{kind} {ticket}"),
                Side::Hit => item,
            };
            format!("{} ({place})", join(&changes))
        }
        OpKind::StatusWrite { kind, how, moves } => {
            let how = match how {
                StatusHow::Set => String::new(),
                StatusHow::Action(outcome) => format!(" by an action with outcome {outcome}, without mail"),
            };
            let moves = match moves {
                StatusMove::Between => "",
                StatusMove::Reopen => ", which reopens it",
                StatusMove::Close => ", which closes it",
            };
            let (before, now) = (
                names.obs(Side::Halo, op.before.get(FieldId::Status)),
                names.obs(Side::Halo, op.set.get(FieldId::Status)),
            );
            format!("Status in Halo will change from {before} to {now}{how}{moves} ({kind} {ticket})")
        }
        OpKind::Promote { to_type } => {
            format!("Opportunity {ticket} will become a project by changing its type to {to_type}")
        }
        OpKind::CloseWon { recipe } => {
            format!("Opportunity {ticket} will be closed as won with status {}", recipe.status)
        }
        OpKind::AwaitProject => format!("{} waits for Halo's own workflow to make its project", upper(&item)),
        OpKind::EndAwait => format!("{} no longer waits for a project", upper(&item)),
        OpKind::LinkBack { kind, side } => {
            let ticket = op.ticket.map_or_else(|| format!("new {kind}"), |t| format!("{kind} {t}"));
            format!("The link between {item} and its {ticket} will be written to {}", side.name())
        }
        OpKind::Unlink { kind, .. } => format!("{} will be unlinked from its {kind} {ticket}", upper(&item)),
    }
}

fn reason(why: &Why, names: Names<'_>) -> String {
    match why {
        Why::Changed { field, side, was, now } => format!(
            "{} changed the {} from {} to {} and {} did not",
            side.name(),
            field.label().to_lowercase(),
            names.half(*side, was.as_ref()),
            names.half(*side, now.as_ref()),
            side.other().name()
        ),
        Why::Agreed { field } => format!("both sides now agree on the {}", field.label().to_lowercase()),
        Why::FirstLinkEqual { field } => {
            format!("the {} was equal when they were linked", field.label().to_lowercase())
        }
        Why::FirstLinkFilled { field, from } => {
            format!("the {} was blank and {} has one", field.label().to_lowercase(), from.name())
        }
        Why::FirstLinkRule { field, from } => {
            format!("on linking, the rule takes the {} from {}", field.label().to_lowercase(), from.name())
        }
        Why::BothChanged { field, winner, rule } => {
            let rule = match rule {
                ConflictRule::Manual => "a person",
                ConflictRule::HaloWins | ConflictRule::HitWins => "the rule",
                ConflictRule::Newest { .. } => "the later change",
            };
            let field = field.label().to_lowercase();
            format!("both sides changed the {field} and {rule} takes that of {}", winner.name())
        }
        Why::Decided { field, keep } => {
            format!("a person decided to keep the {} of {}", field.label().to_lowercase(), keep.name())
        }
        Why::LateWriteSeen { field, side } => {
            let field = field.label().to_lowercase();
            format!("an earlier write of the {field} reached {} late and has been overtaken", side.name())
        }
        Why::StatusRow { ticket_type, from, status, to } => {
            let (status, to) = (names.status(*from, status), names.status(from.other(), to));
            let (to_side, from) = (from.other().name(), from.name());
            let ticket_type = names.ticket_type(*ticket_type);
            format!("the map of type {ticket_type} turns {from} status {status} into {to_side} status {to}")
        }
        Why::CreateRule { status, kind } => {
            format!("items in status {} become {}", names.status(Side::Hit, status.as_str()), article(*kind))
        }
        Why::CreateAnyway => "a person said to create it although a similar ticket exists".into(),
        Why::Import { ticket, ticket_type } => {
            format!("tickets of type {ticket_type} are imported (ticket {ticket})")
        }
        Why::DefaultAgent { agent: Some(agent) } => {
            let agent = names.person(Side::Halo, &agent.to_string());
            format!("its person has no counterpart, so agent {agent} is used")
        }
        Why::DefaultAgent { agent: None } => {
            "its person has no counterpart, so the type's default is used".into()
        }
        Why::MarkerFound { ticket } => format!("ticket {ticket} carries the marker of this item"),
        Why::ReferenceFound { ticket } => format!("the item refers to ticket {ticket}"),
        Why::Paired { ticket } => format!("a person paired it with ticket {ticket}"),
        Why::Promotion { status, mode } => {
            let mode = match mode {
                PromotionMode::Linked => "a project made by Halo comes first",
                PromotionMode::AdoptOnly => "projects are only adopted",
                PromotionMode::Convert => "opportunities are converted",
            };
            let status = names.status(Side::Hit, status.as_str());
            format!("the item moved on to status {status} ({mode})")
        }
        Why::MadeByWorkflow { opportunity, project } => {
            format!("Halo made project {project} from opportunity {opportunity}")
        }
        Why::NoProjectAppeared { waited_ms } => {
            format!("Halo made no project within {} seconds", waited_ms / 1000)
        }
        Why::Approved => "a person approved it".into(),
        Why::LinkBackMissing { side } => format!("{} does not refer to it yet", side.name()),
        Why::Gone { evidence } => match evidence {
            Evidence::Flag => "the record says that it is deleted".into(),
            Evidence::Merged(into) => format!("the ticket was merged into {into}"),
            Evidence::NotFoundWithCanary => "the record cannot be found although its neighbours can".into(),
            Evidence::Absent { reads, .. } => format!("the record was missing from {reads} complete reads"),
        },
        Why::PromotionCalledOff { status: Some(status) } => {
            format!("the item is in status {} again", names.status(Side::Hit, status.as_str()))
        }
        Why::PromotionCalledOff { status: None } => "its project is linked".into(),
        Why::OpportunityWon { .. } => "its project is linked and the way to close as won is set up".into(),
        Why::Enforced { field, found } => {
            format!(
                "the {} was found to be {} instead",
                field.label().to_lowercase(),
                names.obs(Side::Halo, found)
            )
        }
        Why::TemplateOverwrote { field } => {
            let field = field.label().to_lowercase();
            format!("a template in Halo had replaced the {field} when the ticket was created")
        }
        Why::Undone { field, run } => {
            format!("a person takes back what run {run} wrote to the {}", field.label().to_lowercase())
        }
    }
}

impl Precond {
    /// One sentence about a condition that does not hold any more.
    #[must_use]
    pub fn broken(&self) -> String {
        match self {
            Self::Field { side, field, .. } => {
                format!("the {} in {} has changed since the plan", field.label().to_lowercase(), side.name())
            }
            Self::TicketType(_) => "the ticket has another type since the plan".into(),
            Self::TicketClient(_) => "the ticket was moved to another client since the plan".into(),
            Self::Closed(true) => "the ticket was reopened since the plan".into(),
            Self::Closed(false) => "the ticket was closed since the plan".into(),
            Self::NotPriced => "the ticket was priced since the plan".into(),
            Self::NotLinked(kind) => format!("the item was linked to another {kind} since the plan"),
            Self::MarkerFree(_) => "a record with this marker exists already".into(),
        }
    }
}

fn join(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

fn a(kind: Kind) -> &'static str {
    match kind {
        Kind::Opportunity => "An opportunity",
        Kind::Project => "A project",
    }
}

fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Opportunity => "an opportunity",
        Kind::Project => "a project",
    }
}
