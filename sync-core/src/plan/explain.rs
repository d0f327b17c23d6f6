//! One sentence for any line of a plan, from the evidence in that line alone.

use super::Plan;
use super::op::{Adoption, Op, OpKind, Precond, Proposal, ProposalKind, Skip, SkipReason, StatusMove};
use super::why::Why;
use crate::base::{Evidence, SuspendReason};
use crate::decision::{Conflict, ConflictKind, Issue};
use crate::field::FieldId;
use crate::hash::Hash128;
use crate::ids::{Kind, Side};
use crate::settings::{ConflictRule, PromotionMode, StatusHow};
use crate::value::{Obs, Value};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// One sentence about the operation, conflict, issue or proposal of that name.
#[must_use]
pub fn explain(plan: &Plan, id: Hash128) -> Option<String> {
    let op = plan.ops.iter().find(|op| op.id == id).map(explain_op);
    op.or_else(|| plan.conflicts.iter().find(|c| c.id == id).map(explain_conflict))
        .or_else(|| plan.issues.iter().find(|i| i.id == id).map(explain_issue))
        .or_else(|| plan.proposals.iter().find(|p| p.id == id).map(explain_proposal))
}

/// One sentence about an operation.
#[must_use]
pub fn explain_op(op: &Op) -> String {
    let mut text = what(op);
    let reasons: Vec<String> = op.why.iter().filter_map(reason).collect();
    if !reasons.is_empty() {
        text.push_str(", because ");
        text.push_str(&join(&reasons));
    }
    text.push('.');
    text
}

fn what(op: &Op) -> String {
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
                let name = spoken(op.set.get(FieldId::Name));
                let beside =
                    spec.from_opportunity.map_or_else(String::new, |o| format!(" beside opportunity {o}"));
                let mark = &spec.marker;
                format!(
                    "{kind} {name} will be created in Halo for {item}{beside}, marked {mark}",
                    kind = a(spec.kind)
                )
            }
            Side::Hit => {
                let name = spoken(op.set.get(FieldId::Name));
                format!("An item {name} will be created in HIT for {} {ticket}", spec.kind)
            }
        },
        OpKind::Update { kind, side } => {
            let changes: Vec<String> = op
                .set
                .iter()
                .map(|(field, now)| {
                    let before = spoken(op.before.get(field));
                    format!(
                        "{} in {} will change from {before} to {}",
                        field.label(),
                        side.name(),
                        spoken(now)
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
            let (before, now) = (spoken(op.before.get(FieldId::Status)), spoken(op.set.get(FieldId::Status)));
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

fn reason(why: &Why) -> Option<String> {
    Some(match why {
        Why::Changed { field, side, was, now } => format!(
            "{} changed the {} from {} to {} and {} did not",
            side.name(),
            field.label().to_lowercase(),
            half(was.as_ref()),
            half(now.as_ref()),
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
            let (to_side, from) = (from.other().name(), from.name());
            format!("the map of type {ticket_type} turns {from} status {status} into {to_side} status {to}")
        }
        Why::CreateRule { status, kind } => {
            format!("items in status {status} become a {kind}").replace("a opp", "an opp")
        }
        Why::CreateAnyway => "a person said to create it although a similar ticket exists".into(),
        Why::Import { ticket, ticket_type } => {
            format!("tickets of type {ticket_type} are imported (ticket {ticket})")
        }
        Why::DefaultAgent { agent: Some(agent) } => {
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
        Why::PromotionCalledOff { status: Some(status) } => format!("the item is in status {status} again"),
        Why::PromotionCalledOff { status: None } => "its project is linked".into(),
        Why::OpportunityWon { .. } => "its project is linked and the way to close as won is set up".into(),
        Why::Enforced { field, found } => {
            format!("the {} was found to be {} instead", field.label().to_lowercase(), spoken(found))
        }
    })
}

/// One sentence about a conflict.
#[must_use]
pub fn explain_conflict(c: &Conflict) -> String {
    let field = c.field.label();
    let (halo, hit) = (spoken(&c.halo), spoken(&c.hit));
    let why = match c.reason {
        ConflictKind::BothChanged => "both sides changed it since they agreed",
        ConflictKind::FirstLink => "they were linked with different values",
        ConflictKind::ManyBudgetLines => "HIT's budget has several lines and Halo one number",
        ConflictKind::DateOrder => "the dates would be out of order",
        ConflictKind::BlankAgainstValue => "one side is blank",
    };
    let ways: Vec<String> = c.ways_out.iter().map(|side| format!("keep {}", side.code())).collect();
    let ways = if ways.is_empty() { "change one side".into() } else { ways.join(" or ") };
    format!(
        "{field} of item {} is {hit} in HIT and {halo} in Halo ({} {}): {why}; {ways}.",
        c.item, c.kind, c.ticket
    )
}

/// One sentence about an issue.
#[must_use]
pub fn explain_issue(issue: &Issue) -> String {
    let s = &issue.subject;
    let mut about = Vec::new();
    if let Some(item) = &s.item {
        about.push(format!("item {item}"));
    }
    if let Some(ticket) = s.ticket {
        about.push(format!("{} {ticket}", s.kind.map_or("ticket", Kind::name)));
    }
    if let Some(field) = s.field {
        about.push(field.label().to_lowercase());
    }
    if let Some(client) = &s.client {
        about.push(format!("HIT client {client}"));
    }
    if let Some(client) = s.halo_client {
        about.push(format!("Halo client {client}"));
    }
    if let Some(value) = &s.value {
        about.push(format!("\"{value}\""));
    }
    if about.is_empty() {
        issue.code.sentence().into()
    } else {
        format!("{} ({})", issue.code.sentence(), about.join(", "))
    }
}

/// One sentence about a proposal.
#[must_use]
pub fn explain_proposal(p: &Proposal) -> String {
    let item = &p.item;
    match &p.kind {
        ProposalKind::Promote { project: Some(project), .. } => {
            format!(
                "Item {item} was approved and Halo has made project {project} for it; approve to link them."
            )
        }
        ProposalKind::Promote { mode: PromotionMode::Convert, .. } => {
            format!("Item {item} was approved; approve to turn its opportunity into a project.")
        }
        ProposalKind::Promote { .. } => {
            format!(
                "Item {item} was approved and Halo has no project for it; approve to create one beside the opportunity."
            )
        }
        ProposalKind::CloseWon => {
            format!("The project of item {item} is linked; approve to close its opportunity as won.")
        }
        ProposalKind::Unlink { instead: Some(instead), .. } => {
            format!(
                "The ticket of item {item} was merged into {instead}; approve to unlink it, then pair it with that one."
            )
        }
        ProposalKind::Unlink { .. } => format!("A record of item {item} is gone; approve to unlink it."),
        ProposalKind::Pair { candidates } => match candidates[..] {
            [one] => format!(
                "Item {item} looks like ticket {one}; link them, create a new one, or ignore the item."
            ),
            _ => format!(
                "Item {item} looks like {} tickets; link one, create a new one, or ignore the item.",
                candidates.len()
            ),
        },
    }
}

/// One sentence about a skip.
#[must_use]
pub fn explain_skip(skip: &Skip) -> String {
    let mut about = match (&skip.item, skip.ticket) {
        (Some(item), _) => format!("Item {item}"),
        (None, Some(ticket)) => format!("Ticket {ticket}"),
        (None, None) => "A record".into(),
    };
    if let Some(field) = skip.field {
        about = format!("{about}: {}", field.label());
    }
    let why = match &skip.reason {
        SkipReason::NotObserved(side) => format!("was not read, or may not be read, in {}", side.name()),
        SkipReason::Direction => "differs, and its direction forbids the write".into(),
        SkipReason::Unmapped { side, value } => {
            format!("waits, since {} value {value} has no counterpart", side.name())
        }
        SkipReason::IgnoredStatus { side, value } => {
            format!("is left alone, since {} status {value} is ignored", side.name())
        }
        SkipReason::UnknownStatus(status) => format!("waits, since HIT status {status} has no rule"),
        SkipReason::Blank(side) => format!("is blank in {}, and blank does not overwrite", side.name()),
        SkipReason::Frozen => "is frozen, since the project leads".into(),
        SkipReason::Priced => "is left to Halo, since it was priced there".into(),
        SkipReason::TicketClosed => "is held back, since the ticket is closed".into(),
        SkipReason::Computed => "is computed by Halo".into(),
        SkipReason::CapabilityMissing => "does not exist in this HIT account".into(),
        SkipReason::CurrencyUnequal => "is not synced, since the currencies are unequal or unknown".into(),
        SkipReason::Conflict(id) => format!("waits for conflict {id}"),
        SkipReason::Flapping(side) => {
            format!("is in quarantine, since something in {} keeps changing it back", side.name())
        }
        SkipReason::Pending(side) => format!("waits until an earlier write to {} is known", side.name()),
        SkipReason::Group(field) => format!("waits together with the {}", field.label().to_lowercase()),
        SkipReason::OutOfScope => "belongs to a client that does not take part".into(),
        SkipReason::ClientNotLinked => "waits, since its client is not linked".into(),
        SkipReason::ClientUnusable => "waits, since nothing can be created for its client".into(),
        SkipReason::NothingToCreate(status) => {
            format!("stays in HIT alone, since status {status} creates nothing")
        }
        SkipReason::Archived => "has left the roadmap".into(),
        SkipReason::WaitsForPairing(tickets) => {
            format!("waits for a person to say whether it is {}", any_of("ticket", tickets))
        }
        SkipReason::WaitsForImportPairing(items) => {
            format!("waits for a person to say whether it is {}", any_of("item", items))
        }
        SkipReason::LeftAlone => "is left alone, as a person said".into(),
        SkipReason::CreateTypeMissing(kind) => format!("waits, since no type is chosen for a new {kind}"),
        SkipReason::CreatePending => "waits until an earlier create is known".into(),
        SkipReason::AwaitsProject => "waits for the project that Halo's workflow may make".into(),
        SkipReason::NeedsApproval(id) => format!("waits for approval {id}"),
        SkipReason::WentBack => "went back to an opportunity status; nothing was undone".into(),
        SkipReason::Suspended(reason) => match reason {
            SuspendReason::ClientMoved => "is suspended, since its ticket moved to another client".into(),
            SuspendReason::ClientVanished => "is suspended, since its client vanished from Halo".into(),
            SuspendReason::ByPerson => "is suspended by a person".into(),
        },
        SkipReason::RecordNotRead(side) => format!("was not read in {}", side.name()),
        SkipReason::RecordGone(side) => format!("is gone in {}", side.name()),
        SkipReason::TypeNotFollowed(id) => format!("has ticket type {id}, which is not followed"),
        SkipReason::ActionNotOffered(status) => {
            format!("waits, since the workflow offers no such action in status {status}")
        }
        SkipReason::Dismissed => "was set aside by a person".into(),
    };
    format!("{about} {why}.")
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

fn spoken(obs: &Obs<Value>) -> String {
    match obs {
        Obs::NotFetched => "an unread value".into(),
        Obs::Forbidden => "a hidden value".into(),
        Obs::Null => "blank".into(),
        Obs::Value(value) => format!("\"{value}\""),
    }
}

fn half(value: Option<&Value>) -> String {
    value.map_or_else(|| "blank".into(), |value| format!("\"{value}\""))
}

fn join(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

fn any_of(what: &str, ids: &[impl core::fmt::Display]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("{what} {}", ids.join(" or "))
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
