//! Answers about items: which ticket it is, that it gets one, that it is left alone, and the ways back.

use sync_core::base::{Link, LinkState};
use sync_core::decision::PairingAnswer;
use sync_core::ids::{ItemId, Kind, TicketId};

use super::known::{Known, spoken, tickets};
use super::{PairWord, Said, no_suggestion, nothing_to_withdraw, number};
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
        PairWord::Create => {
            require_open(known, item).await?;
            known.decide(&[Answer::Pair(item.clone(), PairingAnswer::Create)]).await?;
            Ok(Said::one(NOTED))
        }
        PairWord::Ignore => {
            require_open(known, item).await?;
            known.decide(&[Answer::Pair(item.clone(), PairingAnswer::Ignore)]).await?;
            Ok(Said::one(NOTED))
        }
        PairWord::Withdraw => withdraw(known, item).await,
        PairWord::Unlink => unlink(known, item).await,
    }
}

const NOTED: &str = "Noted; the next plan knows.";

async fn suggested(known: &Known, item: &ItemId) -> Result<TicketId, Failure> {
    known.require_item(item).await?;
    let question = known.questions.pairings.iter().find(|question| question.item.id == *item);
    let suggestion = question.and_then(|question| question.suggestion);
    suggestion.ok_or_else(|| no_suggestion("item", item.as_str(), "pair ITEM link TICKET"))
}

/// Says that the item is the ticket.
pub(super) async fn link(known: &Known, item: &ItemId, ticket: TicketId) -> Result<Said, Failure> {
    known.require_item(item).await?;
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
    // Beside an opportunity there may be a project.
    if let Some(link) = known.link(item).await?.filter(|link| link.leading().is_some())
        && (link.project.is_some() || known.kind(ticket).await? == Some(Kind::Opportunity))
    {
        return Err(linked(item, &link));
    }
    known.decide(&[Answer::Pair(item.clone(), PairingAnswer::Link(ticket))]).await?;
    let mut said = Said::one(NOTED);
    if let Some(other) = known.still_refers(ticket).await?.filter(|other| other != item) {
        said.next.push(format!(
            "In HumanizeIT the item {other} still refers to this ticket, and only one may: the link works, its reference is \
             refused until the other one is removed there, or {other} is linked to another ticket."
        ));
    }
    Ok(said)
}

/// Refuses an answer about an item that is linked already.
async fn require_open(known: &Known, item: &ItemId) -> Result<(), Failure> {
    known.require_item(item).await?;
    match known.link(item).await? {
        Some(link) if link.leading().is_some() => Err(linked(item, &link)),
        _ => Ok(()),
    }
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
    let decisions = known.app.store.decisions().await?;
    if let Some(link) = link.as_ref().filter(|link| link.leading().is_some()) {
        // Which project the item is can be said while its opportunity is linked.
        let waits = match decisions.pairings.get(item) {
            Some(PairingAnswer::Link(ticket)) => link.project.is_none() && link.opportunity != Some(*ticket),
            _ => false,
        };
        if !waits {
            return Err(linked(item, link));
        }
    }
    if decisions.pairings.contains_key(item) {
        known.decide(&[Answer::WithdrawPair(item.clone())]).await?;
        let ended = link.as_ref().is_some_and(|link| link.state == LinkState::Ended);
        return Ok(Said::one(match ended {
            true => format!(
                "Taken back: {whole} is left alone, because its link was ended. `halo-hit pair {item} withdraw` takes \
                 that back too."
            ),
            false => {
                format!("Taken back: the next plan asks about {whole} again, or does what the settings say.")
            }
        }));
    }
    match link {
        Some(link) if link.parted.last().is_some_and(|tickets| !tickets.is_empty()) => {
            take_back_end(known, &lease, link, &whole).await
        }
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

async fn take_back_end(known: &Known, lease: &Lease, mut link: Link, whole: &str) -> Result<Said, Failure> {
    let tickets = link.parted.last().cloned().unwrap_or_default();
    link.take_back_end();
    let sentence = format!("A person took back that the item {} was unlinked.", link.item);
    put(known, lease, link, &tickets, sentence).await?;
    let tickets = tickets.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    Ok(Said::one(format!(
        "Taken back: the next plan treats {whole} like one that nobody has said anything about. What still names the \
         ticket {tickets} as its own (a marker in Halo, a reference in HumanizeIT) links the two again; else it is \
         asked, or created, as the settings say."
    )))
}

/// Ends the link of an item because a person says that it was wrong. Nothing is written to either system.
///
/// With the lease: whoever planned with the link in mind would write it back.
async fn unlink(known: &Known, item: &ItemId) -> Result<Said, Failure> {
    let name = known.require_item(item).await?;
    let lease = known.app.lease("pair").await?;
    let whole = spoken(&name, item);
    let link = known.link(item).await?.filter(|link| link.leading().is_some());
    let Some(mut link) = link else {
        let what = format!("the item {item} is not linked to a ticket");
        let way_out = format!("`halo-hit pair {item} ignore` leaves it alone, withdraw takes an answer back");
        return Err(Failure::usage("not_linked", what, way_out));
    };
    if !link.pending.is_empty() {
        return Err(under_way("a write", &whole));
    }
    let intents = known.app.store.intents().await?;
    if intents.iter().any(|intent| intent.spec.item.as_ref() == Some(item) && intent.sent_at.is_some()) {
        return Err(under_way("a create", &whole));
    }
    let tickets: Vec<TicketId> = link.opportunity.into_iter().chain(link.project).collect();
    let named = super::known::tickets(&link);
    link.end();
    let sentence = format!("A person said that the item {item} and the {named} do not belong together.");
    put(known, &lease, link, &tickets, sentence).await?;
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

fn under_way(what: &str, whole: &str) -> Failure {
    Failure::new(
        Exit::Blocked,
        "outcome_unknown",
        format!("{what} for {whole} was sent, and what became of it is not known yet"),
        "run `halo-hit sync`, which finds out, and then unlink",
    )
}

/// Writes a link, with what follows from its ending or its return: conflicts of the link are over, both records are looked
/// at anew, and the history tells of it.
async fn put(
    known: &Known,
    lease: &Lease,
    link: Link,
    tickets: &[TicketId],
    sentence: String,
) -> Result<(), Failure> {
    let store = &known.app.store;
    let item = link.item.clone();
    let name = known.item(&item).await?;
    let mut changes: Vec<Change> = tickets.iter().copied().map(RecordKey::Ticket).map(mark).collect();
    changes.push(mark(RecordKey::Item(item.clone())));
    let conflicts = store.conflicts().await?;
    let over = conflicts.iter().filter(|open| open.conflict.item == item);
    changes.extend(over.map(|open| Change::RemoveConflict(open.conflict.id)));
    // A create that was decided and never sent belongs to the link that was.
    let intents = store.intents().await?;
    let unsent = intents.iter().filter(|intent| intent.spec.item.as_ref() == Some(&item));
    changes.extend(
        unsent.filter(|intent| intent.sent_at.is_none()).map(|intent| Change::RemoveIntent(intent.op)),
    );
    changes.push(Change::Log(Box::new(HistoryEntry {
        run: None,
        op: None,
        at: known.app.now(),
        record: Some(RecordKey::Item(item.clone())),
        item: Some(item),
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
    })));
    changes.push(Change::PutLink(Box::new(link)));
    store.commit(lease, &changes, known.app.now()).await?;
    Ok(())
}

fn mark(key: RecordKey) -> Change {
    Change::Mark { key, reason: "decision".to_owned() }
}
