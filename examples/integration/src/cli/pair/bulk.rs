//! One answer for every clear suggestion.

use sync_core::decision::PairingAnswer;

use super::clients::clients_only_link;
use super::known::Known;
use super::{PairWord, Said, Sort};
use crate::exit::Failure;
use crate::storage::Answer;

pub(super) async fn answer(
    known: &Known,
    sort: Sort,
    word: PairWord,
    with: Option<&str>,
) -> Result<Said, Failure> {
    if with.is_some() {
        let what = "\"all\" takes the suggestions as they are";
        return Err(Failure::usage("id_with_all", what, "leave the id out, or answer one by one"));
    }
    let questions = &known.questions;
    let answers: Vec<Answer> = match (sort, word) {
        (_, PairWord::Withdraw | PairWord::Unlink) | (Sort::Person, _) => {
            let what =
                "\"all\" stands for the clear suggestions about items, tickets or clients, to be accepted";
            let way_out = "withdraw and unlink, and whatever is said of a person, go one by one: `halo-hit pair --all` \
                           lists the commands";
            return Err(Failure::usage("not_in_bulk", what, way_out));
        }
        (Sort::Client, PairWord::Link) => {
            let clear =
                questions.clients.iter().filter_map(|question| Some((question, question.suggestion?)));
            clear.map(|(question, halo)| Answer::LinkClient(question.client.id.clone(), halo)).collect()
        }
        (Sort::Client, _) => return Err(clients_only_link()),
        (Sort::Item, word) => {
            let clear =
                questions.pairings.iter().filter_map(|question| Some((question, question.suggestion?)));
            clear
                .map(|(question, ticket)| {
                    let link = PairingAnswer::Link(ticket);
                    Answer::Pair(question.item.id.clone(), pairing(word, link))
                })
                .collect()
        }
        (Sort::Ticket, word) => {
            let clear = questions
                .imports
                .iter()
                .filter_map(|question| Some((question, question.suggestion.clone()?)));
            clear
                .map(|(question, item)| {
                    let ticket = question.ticket.id;
                    match word {
                        PairWord::Link => Answer::Pair(item, PairingAnswer::Link(ticket)),
                        word => Answer::Import(ticket, pairing(word, PairingAnswer::Create)),
                    }
                })
                .collect()
        }
    };
    if !answers.is_empty() {
        known.decide(&answers).await?;
    }
    let count = answers.len();
    let next = match count {
        0 => "There is no clear suggestion left; the others need an answer each.".to_owned(),
        1 => "Noted; the next plan knows.".to_owned(),
        count => format!("{count} suggestions were answered; the next plan knows."),
    };
    Ok(Said { count, next: vec![next] })
}

const fn pairing(word: PairWord, link: PairingAnswer) -> PairingAnswer {
    match word {
        PairWord::Create => PairingAnswer::Create,
        PairWord::Ignore => PairingAnswer::Ignore,
        _ => link,
    }
}
