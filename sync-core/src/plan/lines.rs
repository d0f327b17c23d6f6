//! One sentence for what is not done: conflicts, issues, proposals, skips.

use super::left::{Proposal, ProposalKind, Skip, SkipReason};
use super::names::Names;
use crate::base::SuspendReason;
use crate::catalogue::Catalogue;
use crate::decision::{Conflict, ConflictKind, Issue};
use crate::ids::{Kind, Side};
use crate::settings::PromotionMode;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// One sentence about a conflict.
#[must_use]
pub fn explain_conflict(c: &Conflict) -> String {
    conflict_sentence(c, Names(None))
}

/// The same, with names from the catalogue instead of ids of statuses and people.
#[must_use]
pub fn explain_conflict_named(c: &Conflict, catalogue: &Catalogue) -> String {
    conflict_sentence(c, Names(Some(catalogue)))
}

pub(super) fn conflict_sentence(c: &Conflict, names: Names<'_>) -> String {
    let field = c.field.label();
    let (halo, hit) = (names.obs(Side::Halo, &c.halo), names.obs(Side::Hit, &c.hit));
    let why = match c.reason {
        ConflictKind::BothChanged => "both sides changed it since they agreed",
        ConflictKind::FirstLink => "they were linked with different values",
        ConflictKind::ManyBudgetLines => "HIT's budget has several lines and Halo one number",
        ConflictKind::DateOrder => "the dates would be out of order",
        ConflictKind::BlankAgainstValue => "one side is blank",
        ConflictKind::Flapping => "something keeps changing back what is written",
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
        SkipReason::AgeUnknown => {
            "is not imported, since Halo does not say when it was created or occurred".into()
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

fn any_of(what: &str, ids: &[impl core::fmt::Display]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("{what} {}", ids.join(" or "))
}
