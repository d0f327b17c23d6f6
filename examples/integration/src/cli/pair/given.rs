//! What was answered and is in force, with the way back: what was not carried out yet, and what was linked by hand.

use serde::Serialize;
use sync_core::decision::PairingAnswer;
use sync_core::ids::{ItemId, TicketId};

use super::known::{Known, spoken, tickets};
use crate::exit::Failure;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Given {
    /// `item`, `ticket`, `client` or `person`.
    about: &'static str,
    pub(super) id: String,
    pub(super) name: String,
    /// `link`, `create`, `ignore` or `unlink`.
    answer: &'static str,
    /// The record of the other side, for `link`; the tickets it was parted from, for `unlink`.
    with: Vec<String>,
    /// The answer in words.
    pub(super) sentence: String,
    /// The command that takes it back.
    pub(super) back: String,
}

/// What was answered about items and tickets and not carried out yet, and the links that a person has ended.
pub(super) async fn waiting(known: &Known) -> Result<Vec<Given>, Failure> {
    let mut given = Vec::new();
    for (item, answer) in &known.decisions.pairings {
        let mut one = of_item(known, item, *answer).await?;
        // Said while a run linked the item to something else.
        if let Some(link) = super::items::stands_against(known, item, *answer).await? {
            let linked = tickets(&link);
            one.sentence.push_str(&format!(
                "; not possible: it is linked to the {linked} already, which `halo-hit pair {item} unlink` ends"
            ));
        }
        given.push(one);
    }
    for (ticket, answer) in &known.decisions.imports {
        if known.app.store.link_of_ticket(*ticket).await?.is_none() {
            given.push(of_ticket(known, *ticket, *answer).await?);
        }
    }
    for link in known.app.store.links_with_ends().await? {
        if let Some(end) = link.last_parting()
            && !known.decisions.pairings.contains_key(&link.item)
        {
            let with: Vec<String> = end.tickets().map(|ticket| ticket.to_string()).collect();
            given.push(Given {
                about: "item",
                name: known.item(&link.item).await?.unwrap_or_default(),
                answer: "unlink",
                sentence: format!("is not the ticket {}; both are left alone", with.join(" or ")),
                with,
                back: format!("halo-hit pair {} withdraw", link.item),
                id: link.item.to_string(),
            });
        }
    }
    Ok(given)
}

async fn of_item(known: &Known, item: &ItemId, answer: PairingAnswer) -> Result<Given, Failure> {
    let (sentence, with) = match answer {
        PairingAnswer::Link(ticket) => {
            let name = known.ticket(ticket).await?.unwrap_or_default();
            (format!("is the ticket {}", spoken(&name, &ticket)), vec![ticket.to_string()])
        }
        PairingAnswer::Create => ("gets a new ticket".to_owned(), Vec::new()),
        PairingAnswer::Ignore => ("is left alone".to_owned(), Vec::new()),
    };
    Ok(Given {
        about: "item",
        id: item.to_string(),
        name: known.item(item).await?.unwrap_or_default(),
        answer: word(answer),
        with,
        sentence,
        back: format!("halo-hit pair {item} withdraw"),
    })
}

async fn of_ticket(known: &Known, ticket: TicketId, answer: PairingAnswer) -> Result<Given, Failure> {
    let sentence = match answer {
        PairingAnswer::Create => "is imported as a new item",
        _ => "is not imported",
    };
    Ok(Given {
        about: "ticket",
        id: ticket.to_string(),
        name: known.ticket(ticket).await?.unwrap_or_default(),
        answer: word(answer),
        with: Vec::new(),
        sentence: sentence.to_owned(),
        back: format!("halo-hit pair --ticket {ticket} withdraw"),
    })
}

const fn word(answer: PairingAnswer) -> &'static str {
    match answer {
        PairingAnswer::Link(_) => "link",
        PairingAnswer::Create => "create",
        PairingAnswer::Ignore => "ignore",
    }
}

/// The clients and people that were linked by an answer.
pub(super) async fn by_hand(known: &Known) -> Result<Vec<Given>, Failure> {
    let mut given = Vec::new();
    let catalogue = known.catalogue.as_ref();
    for link in known.app.store.client_links().await? {
        let halo = catalogue.and_then(|known| known.halo_clients.get(&link.halo));
        let halo = spoken(halo.map_or("", |client| &client.name), &link.halo);
        let name = catalogue.and_then(|known| known.hit_clients.get(&link.hit));
        given.push(Given {
            about: "client",
            name: name.map(|client| client.name.to_string()).unwrap_or_default(),
            answer: "link",
            with: vec![link.halo.to_string()],
            sentence: format!("is Halo's {halo}"),
            back: format!("halo-hit pair --client {} unlink", link.hit),
            id: link.hit.to_string(),
        });
    }
    for (member, agent) in known.app.store.people().await? {
        let name = catalogue.and_then(|known| known.agents.get(&agent)).map_or("", |agent| &agent.name);
        let of = catalogue.and_then(|known| known.members.get(&member));
        given.push(Given {
            about: "person",
            name: of.map(|member| member.name.to_string()).unwrap_or_default(),
            answer: "link",
            with: vec![agent.to_string()],
            sentence: format!("is the agent {}", spoken(name, &agent)),
            back: format!("halo-hit pair --person {member} unlink"),
            id: member.to_string(),
        });
    }
    Ok(given)
}
