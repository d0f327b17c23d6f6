//! Answers about tickets that would be imported, and about tickets of links.

use sync_core::decision::PairingAnswer;
use sync_core::ids::{ItemId, TicketId};

use super::known::{Known, spoken};
use super::{PairWord, Said, items, no_suggestion, nothing_to_withdraw};
use crate::engine::kept_ticket;
use crate::exit::Failure;
use crate::storage::Answer;

pub(super) async fn answer(
    known: &Known,
    ticket: TicketId,
    word: PairWord,
    with: Option<&str>,
) -> Result<Said, Failure> {
    let name = match known.ticket(ticket).await? {
        None if word == PairWord::Withdraw && is_answered(known, ticket) => String::new(),
        None => known.require_ticket(ticket).await?,
        Some(name) => name,
    };
    let whole = spoken(&name, &ticket);
    match word {
        PairWord::Link => {
            let item = match with {
                Some(text) => ItemId::from(text),
                None => suggested(known, ticket)?,
            };
            items::link(known, &item, ticket).await
        }
        PairWord::Create => {
            require_open(known, ticket).await?;
            let read = kept_ticket(&*known.app.store, ticket).await?;
            if read.is_some_and(|read| read.marker.is_some()) && !known.was_parted(ticket).await? {
                let what = format!(
                    "the ticket {ticket} carries a marker of ours: it was made for an item, and is never a source of another"
                );
                let way_out = format!(
                    "say which item it is: `halo-hit pair --ticket {ticket} link ITEM`; or take the marker off in Halo, its \
                     external link or client reference"
                );
                return Err(Failure::usage("marked_as_ours", what, way_out));
            }
            if let Some(item) = known.still_refers(ticket).await? {
                let what = format!(
                    "in HumanizeIT the item {item} still refers to the ticket {ticket}, and only one may"
                );
                let way_out = "remove that reference there, run `halo-hit plan`, and say it again";
                return Err(Failure::usage("still_referred", what, way_out));
            }
            known.decide(&[Answer::Import(ticket, PairingAnswer::Create)]).await?;
            Ok(Said::one(match known.app.config.settings.sync.import.enabled {
                true => {
                    format!("Noted; the next plan makes an item of {whole}, if the import rule takes it.")
                }
                false => format!(
                    "Noted; the import from Halo is off ([sync.import]), so nothing is made of {whole} before it is on."
                ),
            }))
        }
        PairWord::Ignore => {
            require_open(known, ticket).await?;
            known.decide(&[Answer::Import(ticket, PairingAnswer::Ignore)]).await?;
            Ok(Said::one(format!("Noted; {whole} is not imported.")))
        }
        PairWord::Withdraw => withdraw(known, ticket, &whole).await,
        PairWord::Unlink => match known.app.store.link_of_ticket(ticket).await? {
            Some(link) => items::answer(known, &link.item, PairWord::Unlink, None).await,
            None => {
                let what = format!("the ticket {ticket} is not linked to an item");
                let way_out =
                    format!("`halo-hit pair --ticket {ticket} ignore` keeps it from being imported");
                Err(Failure::usage("not_linked", what, way_out))
            }
        },
    }
}

fn suggested(known: &Known, ticket: TicketId) -> Result<ItemId, Failure> {
    let question = known.questions.imports.iter().find(|question| question.ticket.id == ticket);
    let suggestion = question.and_then(|question| question.suggestion.clone());
    let id = ticket.to_string();
    suggestion.ok_or_else(|| no_suggestion("ticket", &id, "pair --ticket TICKET link ITEM"))
}

async fn require_open(known: &Known, ticket: TicketId) -> Result<(), Failure> {
    let Some(link) = known.app.store.link_of_ticket(ticket).await? else { return Ok(()) };
    let what = format!("the ticket {ticket} is linked to the item {} already", link.item);
    let way_out = format!("if that is wrong, `halo-hit pair {} unlink` ends the link", link.item);
    Err(Failure::usage("linked_already", what, way_out))
}

/// Whether anything was said of the ticket, by an earlier program perhaps about nothing.
fn is_answered(known: &Known, ticket: TicketId) -> bool {
    let decisions = &known.decisions;
    let named = PairingAnswer::Link(ticket);
    decisions.imports.contains_key(&ticket) || decisions.pairings.values().any(|answer| *answer == named)
}

/// Takes back what was said of the ticket itself, or which item it was said to be.
async fn withdraw(known: &Known, ticket: TicketId, whole: &str) -> Result<Said, Failure> {
    // So that nobody carries it out meanwhile.
    let _lease = known.app.lease("pair").await?;
    require_open(known, ticket).await?;
    let decisions = known.app.store.decisions().await?;
    let named = decisions.pairings.iter().filter(|(_, answer)| **answer == PairingAnswer::Link(ticket));
    let mut answers: Vec<Answer> = named.map(|(item, _)| Answer::WithdrawPair(item.clone())).collect();
    if decisions.imports.contains_key(&ticket) {
        answers.push(Answer::WithdrawImport(ticket));
    }
    if answers.is_empty() {
        return Err(nothing_to_withdraw("ticket", &ticket.to_string()));
    }
    known.decide(&answers).await?;
    Ok(Said::one(format!(
        "Taken back: the next plan asks about {whole} again, or does what the settings say."
    )))
}
