//! `pair`: what may belong together, and a person's answers.

use serde::Serialize;
use sync_core::decision::PairingAnswer;
use sync_core::ids::{HaloClientId, HitClientId, ItemId, TicketId};

use super::{Context, PairArgs, PairWord};
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style, Table};
use crate::storage::{Answer, Questions};

/// The word for every clear suggestion at once.
const ALL: &str = "all";

#[derive(Serialize)]
struct PairReport<'a> {
    answered: usize,
    open: &'a Questions,
}

pub(super) async fn pair(args: &PairArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let questions = app.store.questions().await?;
    let answers = match (&args.id, args.answer) {
        (Some(id), Some(word)) => pair_answers(id, word, args, &questions)?,
        _ => Vec::new(),
    };
    if !answers.is_empty() {
        app.store.decide(&answers, app.now()).await?;
    }
    let open = app.store.questions().await?;
    context.out.result("pair", Exit::Done, &PairReport { answered: answers.len(), open: &open });
    let out = &mut context.out;
    match answers.len() {
        0 if args.id.is_some() => {
            out.line("There is no clear suggestion left; the others need an answer each.")
        }
        0 => {}
        1 => out.line("Noted; the next plan knows."),
        count => out.line(format!("{count} suggestions were accepted; the next plan knows.")),
    }
    if args.id.is_none() {
        show_clients(&open, out);
        show_items(&open, out);
        if open.clients.is_empty() && open.pairings.is_empty() {
            let planned = !app.store.runs(1).await?.is_empty();
            out.line(if planned {
                "Nothing waits to be paired."
            } else {
                "Nothing is known yet: questions arise when both systems have been read."
            });
        }
    }
    Ok(Exit::Done)
}

fn pair_answers(
    id: &str,
    word: PairWord,
    args: &PairArgs,
    questions: &Questions,
) -> Result<Vec<Answer>, Failure> {
    if id == ALL {
        return all_answers(word, args.client, questions);
    }
    if args.client {
        return client_answer(id, word, args.with, questions).map(|answer| vec![answer]);
    }
    let item = ItemId::from(id);
    let answer = match (word, args.with) {
        (PairWord::Link, Some(ticket)) => PairingAnswer::Link(TicketId(ticket)),
        (PairWord::Link, None) => {
            let question = questions.pairings.iter().find(|question| question.item.id == item);
            let suggestion = question.and_then(|question| question.suggestion);
            PairingAnswer::Link(suggestion.ok_or_else(|| no_suggestion("item", id, "pair ITEM link TICKET"))?)
        }
        (PairWord::Create, None) => PairingAnswer::Create,
        (PairWord::Ignore, None) => PairingAnswer::Ignore,
        (PairWord::Create | PairWord::Ignore, Some(_)) => return Err(id_without_link()),
    };
    Ok(vec![Answer::Pair(item, answer)])
}

fn all_answers(word: PairWord, clients: bool, questions: &Questions) -> Result<Vec<Answer>, Failure> {
    if clients && word != PairWord::Link {
        return Err(clients_only_link());
    }
    if clients {
        let clear = questions.clients.iter().filter_map(|question| Some((question, question.suggestion?)));
        return Ok(clear
            .map(|(question, halo)| Answer::LinkClient(question.client.id.clone(), halo))
            .collect());
    }
    let clear = questions.pairings.iter().filter_map(|question| Some((question, question.suggestion?)));
    Ok(clear
        .map(|(question, ticket)| {
            let answer = match word {
                PairWord::Link => PairingAnswer::Link(ticket),
                PairWord::Create => PairingAnswer::Create,
                PairWord::Ignore => PairingAnswer::Ignore,
            };
            Answer::Pair(question.item.id.clone(), answer)
        })
        .collect())
}

fn client_answer(
    id: &str,
    word: PairWord,
    with: Option<i64>,
    questions: &Questions,
) -> Result<Answer, Failure> {
    if word != PairWord::Link {
        return Err(clients_only_link());
    }
    let hit = HitClientId::from(id);
    let halo = match with {
        Some(halo) => HaloClientId(halo),
        None => questions
            .clients
            .iter()
            .find(|question| question.client.id == hit)
            .and_then(|question| question.suggestion)
            .ok_or_else(|| no_suggestion("client", id, "pair --client CLIENT link HALO_ID"))?,
    };
    if halo == HaloClientId::UNASSIGNED {
        return Err(Failure::usage(
            "client_unassigned",
            "Halo's client 1 stands for tickets without a client",
            "name the Halo client that this client really is",
        ));
    }
    Ok(Answer::LinkClient(hit, halo))
}

fn no_suggestion(sort: &str, id: &str, example: &str) -> Failure {
    let what = format!("there is no clear suggestion for the {sort} {id}");
    Failure::usage("no_suggestion", what, format!("say what it is: halo-hit {example}"))
}

fn id_without_link() -> Failure {
    Failure::usage("id_without_link", "a Halo id goes with link alone", "leave it out, or write link")
}

fn clients_only_link() -> Failure {
    Failure::usage(
        "clients_only_link",
        "clients are linked or left alone, never created",
        "write link; without an answer a client is left alone",
    )
}

fn show_clients(open: &Questions, out: &mut Out) {
    if open.clients.is_empty() {
        return;
    }
    out.line(out.paint(Style::Heading, "Clients (halo-hit pair --client ID link [HALO_ID])"));
    let mut table = Table::new(["HumanizeIT", "Name", "Suggested", "Why"]);
    for question in &open.clients {
        let names: Vec<String> =
            question.candidates.iter().map(|halo| format!("{} ({})", halo.name, halo.id)).collect();
        let suggested =
            if question.suggestion.is_some() { names.concat() } else { format!("? {}", names.join(" / ")) };
        table.row([question.client.id.as_str(), &question.client.name, &suggested, &question.reason]);
    }
    out.table(&table);
    out.line("");
}

fn show_items(open: &Questions, out: &mut Out) {
    if open.pairings.is_empty() {
        return;
    }
    out.line(out.paint(Style::Heading, "Items (halo-hit pair ID link|create|ignore)"));
    let mut table = Table::new(["HumanizeIT", "Name", "Client", "Halo", ""]);
    for question in &open.pairings {
        let names: Vec<String> =
            question.candidates.iter().map(|ticket| format!("{} ({})", ticket.name, ticket.id)).collect();
        let clear = if question.suggestion.is_some() { "suggested" } else { "ambiguous" };
        table.row([
            question.item.id.as_str(),
            &question.item.name,
            &question.client.name,
            &names.join(" / "),
            clear,
        ]);
    }
    out.table(&table);
    if open.pairings.iter().any(|question| question.suggestion.is_some()) {
        out.line("halo-hit pair all link accepts everything that is \"suggested\".");
    }
    if let Some(question) = open.pairings.iter().find(|question| question.suggestion.is_none())
        && let Some(ticket) = question.candidates.first()
    {
        let item = question.item.id.as_str();
        out.line(format!(
            "What is \"ambiguous\" needs the ticket's number: halo-hit pair {item} link {}.",
            ticket.id
        ));
    }
}
