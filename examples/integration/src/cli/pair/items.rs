//! Answers about items: which ticket it is, that it gets one, that it is left alone, and the ways back.

use sync_core::base::{Intent, Link, LinkState};
use sync_core::decision::{Conflict, PairingAnswer};
use sync_core::ids::{ItemId, Kind, TicketId};

use super::known::{Known, spoken, tickets};
use super::{PairWord, Said, no_suggestion, nothing_to_withdraw, number};
use crate::cli::ids::short;
use crate::engine::kept_ticket;
use crate::exit::{Exit, Failure};
use crate::storage::{Answer, Change, HistoryEntry, Lease, Outcome, RecordKey};

pub(super) async fn answer(
    known: &Known,
    item: &ItemId,
    word: PairWord,
    with: Option<&str>,
) -> Result<Said, Failure> {
    match word {
        PairWord::Link => {
            let ticket = match with {
                Some(text) => TicketId(number(text, "ticket")?),
                None => suggested(known, item).await?,
            };
            link(known, item, ticket).await
        }
        PairWord::Create => say(known, item, PairingAnswer::Create).await,
        PairWord::Ignore => say(known, item, PairingAnswer::Ignore).await,
        PairWord::Withdraw => withdraw(known, item).await,
        PairWord::Unlink => unlink(known, item).await,
    }
}

const NOTED: &str = "Noted; the next plan knows.";

/// Stores an answer about an item that is not linked.
async fn say(known: &Known, item: &ItemId, answer: PairingAnswer) -> Result<Said, Failure> {
    known.require_item(item).await?;
    if let Some(link) = stands_against(known, item, answer).await? {
        return Err(linked(item, &link));
    }
    known.decide(&[Answer::Pair(item.clone(), answer)]).await?;
    Ok(Said::one(NOTED))
}

/// The link that keeps an answer about its item from being carried out. Beside an opportunity there may be a project.
pub(super) async fn stands_against(
    known: &Known,
    item: &ItemId,
    answer: PairingAnswer,
) -> Result<Option<Link>, Failure> {
    let link = known.link(item).await?.filter(|link| link.leading().is_some());
    let Some(link) = link else { return Ok(None) };
    let beside = match answer {
        PairingAnswer::Link(ticket) => {
            link.project.is_none() && known.kind(ticket).await? != Some(Kind::Opportunity)
        }
        PairingAnswer::Create | PairingAnswer::Ignore => false,
    };
    Ok((!beside).then_some(link))
}

async fn suggested(known: &Known, item: &ItemId) -> Result<TicketId, Failure> {
    known.require_item(item).await?;
    let question = known.questions.pairings.iter().find(|question| question.item.id == *item);
    let suggestion = question.and_then(|question| question.suggestion);
    suggestion.ok_or_else(|| no_suggestion("item", item.as_str(), "pair ITEM link TICKET"))
}

/// Says that the item is the ticket.
pub(super) async fn link(known: &Known, item: &ItemId, ticket: TicketId) -> Result<Said, Failure> {
    let name = known.require_item(item).await?;
    known.require_ticket(ticket).await?;
    if let Some(other) = known.app.store.link_of_ticket(ticket).await? {
        let (whose, way_out) = match other.item == *item {
            true => ("this item".to_owned(), "nothing is left to do".to_owned()),
            false => (
                format!("the item {}", other.item),
                format!("if that is wrong, `halo-hit pair {} unlink` ends that link", other.item),
            ),
        };
        let what = format!("the ticket {ticket} is linked to {whose} already");
        return Err(Failure::usage("ticket_linked", what, way_out));
    }
    if let Some(other) = known.named_by(ticket, item) {
        let what =
            format!("the item {other} was said to be the ticket {ticket}, which waits for the next sync");
        let way_out = format!("if that is wrong, `halo-hit pair {other} withdraw` takes it back");
        return Err(Failure::usage("ticket_named", what, way_out));
    }
    require_usable(known, item, ticket).await?;
    // An item may have been made of it already.
    let made_of = |intent: &Intent| intent.spec.ticket == Some(ticket) && intent.sent_at.is_some();
    if known.app.store.intents().await?.iter().any(made_of) {
        return Err(under_way("a create", &spoken(&name, item), "link"));
    }
    let answer = PairingAnswer::Link(ticket);
    if let Some(link) = stands_against(known, item, answer).await? {
        return Err(linked(item, &link));
    }
    known.decide(&[Answer::Pair(item.clone(), answer)]).await?;
    let mut said = Said::one(NOTED);
    if let Some(other) = known.still_refers(ticket).await?.filter(|other| other != item) {
        said.next.push(format!(
            "In HumanizeIT the item {other} still refers to this ticket, and only one may: the link works, its reference is \
             refused until the other one is removed there, or {other} is linked to another ticket."
        ));
    }
    Ok(said)
}

/// Refuses a ticket that no item can be linked to, or not this one, as far as it was read.
async fn require_usable(known: &Known, item: &ItemId, ticket: TicketId) -> Result<(), Failure> {
    let Some(read) = kept_ticket(&*known.app.store, ticket).await? else { return Ok(()) };
    let unusable = |what: &str| {
        let what = format!("the ticket {ticket} {what}");
        Failure::usage(
            "ticket_unusable",
            what,
            "name another ticket, or change that in Halo and run `halo-hit plan`",
        )
    };
    if let Some(into) = read.merged_into {
        return Err(unusable(&format!("was merged into the ticket {into}")));
    }
    let what = match &read {
        read if read.deleted => "is deleted",
        read if read.is_task => "is a task, not a ticket of its own",
        read if read.is_probe => "is a probe of `halo-hit setup`",
        read if read.kind.is_none() => "is of a type that is not followed",
        _ => match known.halo_client(item).await? {
            Some(halo) if halo != read.client => {
                return Err(unusable(&format!(
                    "belongs to Halo's client {}, and the item's client is {halo}",
                    read.client
                )));
            }
            _ => return Ok(()),
        },
    };
    Err(unusable(what))
}

fn linked(item: &ItemId, link: &Link) -> Failure {
    let what = format!("the item {item} is linked to the {} already", tickets(link));
    Failure::usage(
        "linked_already",
        what,
        format!("if that is wrong, `halo-hit pair {item} unlink` ends the link"),
    )
}

/// Takes back the last thing that a person has said of the item and that was not carried out.
///
/// With the lease, so that nobody carries it out meanwhile.
async fn withdraw(known: &Known, item: &ItemId) -> Result<Said, Failure> {
    // What an earlier program stored about nothing can be taken back as well.
    let name = match known.item(item).await? {
        None if known.decisions.pairings.contains_key(item) => String::new(),
        None => known.require_item(item).await?,
        Some(name) => name,
    };
    let lease = known.app.lease("pair").await?;
    let link = known.link(item).await?;
    let whole = spoken(&name, item);
    if known.app.store.decisions().await?.pairings.contains_key(item) {
        known.decide(&[Answer::WithdrawPair(item.clone())]).await?;
        return Ok(Said::one(match link {
            Some(link) if link.last_parting().is_some() => format!(
                "Taken back: {whole} is left alone, because its link was ended. `halo-hit pair {item} withdraw` takes \
                 that back too."
            ),
            Some(link) if link.leading().is_some() => {
                format!("Taken back: {whole} stays linked to the {}.", tickets(&link))
            }
            Some(link) if link.state == LinkState::Ended => {
                format!("Taken back: {whole} is left alone, because its ticket was gone.")
            }
            _ => {
                format!("Taken back: the next plan asks about {whole} again, or does what the settings say.")
            }
        }));
    }
    match link {
        Some(link) if link.leading().is_some() => Err(linked(item, &link)),
        Some(link) if link.last_parting().is_some() => take_back_end(known, &lease, link, &whole).await,
        Some(link) if link.state == LinkState::Ended => {
            let what = format!(
                "the link of the item {item} has ended because its ticket is gone, which was approved"
            );
            let way_out = format!("say what it is now: `halo-hit pair {item} link TICKET`, or create");
            Err(Failure::usage("nothing_to_withdraw", what, way_out))
        }
        _ => Err(nothing_to_withdraw("item", item.as_str())),
    }
}

/// Links the item to its tickets again, unless somebody has one of them by now. What the two sides agreed about is
/// forgotten: they begin as newly linked records do.
async fn take_back_end(known: &Known, lease: &Lease, mut link: Link, whole: &str) -> Result<Said, Failure> {
    let item = link.item.clone();
    link.take_back_end();
    // As it is stored now: the lease is held.
    let decisions = known.app.store.decisions().await?;
    for ticket in link.opportunity.into_iter().chain(link.project) {
        let holder = known.app.store.link_of_ticket(ticket).await?.map(|link| link.item);
        let named = || decisions.pairings.iter().find(|(_, answer)| **answer == PairingAnswer::Link(ticket));
        let (other, has, word) = match (holder, named()) {
            (Some(other), _) => (other, "is linked to", "unlink"),
            (None, Some((other, _))) => (other.clone(), "was said to be", "withdraw"),
            (None, None) => continue,
        };
        let what = match word {
            "unlink" => {
                format!("the ticket {ticket} {has} the item {other} by now, so {item} cannot have it again")
            }
            _ => format!("the item {other} {has} the ticket {ticket} by now, so {item} cannot have it again"),
        };
        let way_out = format!(
            "if that is wrong, `halo-hit pair {other} {word}` first; else say what {item} is: `halo-hit pair {item} link \
             TICKET`, or create"
        );
        return Err(Failure::usage("ticket_taken", what, way_out));
    }
    let named = tickets(&link);
    let sentence = format!("A person took back that the item {item} was unlinked from the {named}.");
    let mut changes = without_creates(known, &link, whole, "withdraw").await?;
    changes.extend(anew(&link));
    changes.push(told(known, &link, sentence).await?);
    changes.push(Change::PutLink(Box::new(link)));
    known.app.store.commit(lease, &changes, known.app.now()).await?;
    Ok(Said::one(format!(
        "Taken back: {whole} and the {named} are linked again, as two records that a person links for the first time: what \
         both sides agreed about before is forgotten, and where they differ the rule for newly linked records decides."
    )))
}

/// Ends the link of an item because a person says that it was wrong. Nothing is written to either system.
///
/// With the lease: whoever planned with the link in mind would write it back.
async fn unlink(known: &Known, item: &ItemId) -> Result<Said, Failure> {
    let name = known.require_item(item).await?;
    let lease = known.app.lease("pair").await?;
    let store = &known.app.store;
    let whole = spoken(&name, item);
    let link = known.link(item).await?.filter(|link| link.leading().is_some());
    let Some(mut link) = link else {
        let what = format!("the item {item} is not linked to a ticket");
        let way_out = format!("`halo-hit pair {item} ignore` leaves it alone, withdraw takes an answer back");
        return Err(Failure::usage("not_linked", what, way_out));
    };
    let conflicts: Vec<Conflict> = store
        .conflicts()
        .await?
        .into_iter()
        .map(|open| open.conflict)
        .filter(|open| open.item == *item)
        .collect();
    if !link.pending.is_empty() {
        let waits = |open: &&Conflict| link.pending_for(open.kind, open.field).next().is_some();
        return Err(match conflicts.iter().find(waits) {
            Some(conflict) => undecided(conflict, &whole),
            None => under_way("a write", &whole, "unlink"),
        });
    }
    let mut changes = without_creates(known, &link, &whole, "unlink").await?;
    let named = tickets(&link);
    changes.extend(anew(&link));
    changes.extend(conflicts.iter().map(|conflict| Change::RemoveConflict(conflict.id)));
    let sentence = format!("A person said that the item {item} and the {named} do not belong together.");
    changes.push(told(known, &link, sentence).await?);
    link.end();
    changes.push(Change::PutLink(Box::new(link)));
    store.commit(&lease, &changes, known.app.now()).await?;
    Ok(Said {
        count: 1,
        next: vec![
            format!("Unlinked: {whole} and the {named}. Nothing was written to either system."),
            format!(
                "Both are left alone until you say otherwise: `halo-hit pair {item} link TICKET` or create; \
                 `halo-hit pair {item} withdraw` takes this back."
            ),
        ],
    })
}

/// Forgets creates, for the item or of an item for one of the tickets, that were decided and never sent: they belong to
/// the state that was. Refused where one was sent.
async fn without_creates(
    known: &Known,
    link: &Link,
    whole: &str,
    then: &str,
) -> Result<Vec<Change>, Failure> {
    let intents = known.app.store.intents().await?;
    let tickets = [link.opportunity, link.project];
    let concerned = |intent: &&Intent| {
        let (item, ticket) = (&intent.spec.item, intent.spec.ticket);
        item.as_ref() == Some(&link.item) || ticket.is_some() && tickets.contains(&ticket)
    };
    let concerned: Vec<_> = intents.iter().filter(concerned).collect();
    if concerned.iter().any(|intent| intent.sent_at.is_some()) {
        return Err(under_way("a create", whole, then));
    }
    Ok(concerned.into_iter().map(|intent| Change::RemoveIntent(intent.op)).collect())
}

fn under_way(what: &str, whole: &str, then: &str) -> Failure {
    Failure::new(
        Exit::Blocked,
        "outcome_unknown",
        format!("{what} for {whole} was sent, and what became of it is not known yet"),
        format!("run `halo-hit sync`, which finds out, and then {then}"),
    )
}

/// A write is kept under way while its field has an open conflict, by every run.
fn undecided(conflict: &Conflict, whole: &str) -> Failure {
    let id = short(&conflict.id);
    Failure::new(
        Exit::Blocked,
        "conflict_open",
        format!(
            "a write of the {} for {whole} was sent, and what became of it stays unknown while its conflict is open",
            conflict.field.label()
        ),
        format!(
            "decide it (`halo-hit issues` shows it: `halo-hit issues resolve {id} --keep halo` or hit) or put it aside \
             (`halo-hit issues dismiss {id}`), run `halo-hit sync`, and then unlink"
        ),
    )
}

/// Both records of a link are looked at anew.
fn anew(link: &Link) -> Vec<Change> {
    let tickets = link.opportunity.into_iter().chain(link.project).map(RecordKey::Ticket);
    let marks = tickets.chain([RecordKey::Item(link.item.clone())]);
    marks.map(|key| Change::Mark { key, reason: "decision".to_owned() }).collect()
}

/// What the history says of a link that a person has changed.
async fn told(known: &Known, link: &Link, sentence: String) -> Result<Change, Failure> {
    let item = &link.item;
    let name = known.item(item).await?;
    Ok(Change::Log(Box::new(HistoryEntry {
        run: None,
        op: None,
        at: known.app.now(),
        record: Some(RecordKey::Item(item.clone())),
        item: Some(item.clone()),
        name: name.filter(|name| !name.is_empty()),
        client: Some(link.client.clone()),
        action: "decision".to_owned(),
        field: None,
        before: None,
        after: None,
        why: "[]".to_owned(),
        sentence,
        plan: None,
        attempt: None,
        outcome: Outcome::Applied,
        detail: None,
    })))
}
