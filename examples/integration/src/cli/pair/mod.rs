//! `pair`: what may belong together, a person's answers, and the ways back.

mod bulk;
mod clients;
mod given;
mod items;
mod known;
mod people;
mod show;
mod tickets;

use super::{Context, PairArgs, PairWord};
use crate::exit::{Exit, Failure};

use self::known::Known;

/// The word for every clear suggestion at once.
const ALL: &str = "all";

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    Item,
    Ticket,
    Client,
    Person,
}

impl PairArgs {
    const fn sort(&self) -> Sort {
        match (self.ticket, self.client, self.person) {
            (true, ..) => Sort::Ticket,
            (_, true, _) => Sort::Client,
            (_, _, true) => Sort::Person,
            _ => Sort::Item,
        }
    }
}

pub(super) async fn pair(args: &PairArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let known = Known::read(&app).await?;
    let said = match (&args.id, args.answer) {
        (Some(id), Some(word)) => {
            if !matches!(word, PairWord::Link) && args.with.is_some() {
                return Err(id_without_link());
            }
            let with = args.with.as_deref();
            Some(match (id.as_str(), args.sort()) {
                (ALL, sort) => bulk::answer(&known, sort, word, with).await?,
                (id, Sort::Item) => items::answer(&known, &id.into(), word, with).await?,
                (id, Sort::Ticket) => {
                    tickets::answer(&known, number(id, "ticket")?.into(), word, with).await?
                }
                (id, Sort::Client) => clients::answer(&known, &id.into(), word, with).await?,
                (id, Sort::Person) => people::answer(&known, &id.into(), word, with).await?,
            })
        }
        _ => None,
    };
    show::report(args, said, &app, &mut context.out).await?;
    Ok(Exit::Done)
}

/// What became of an answer.
#[derive(Debug)]
struct Said {
    /// How many answers were taken.
    count: usize,
    /// What happens next, in sentences.
    next: Vec<String>,
}

impl Said {
    fn one(next: impl Into<String>) -> Self {
        Said { count: 1, next: vec![next.into()] }
    }
}

/// A number that Halo calls something by.
fn number(text: &str, sort: &str) -> Result<i64, Failure> {
    text.trim().parse().map_err(|_| {
        let what = format!("{text:?} is no number of a {sort} of Halo");
        Failure::usage("no_halo_id", what, format!("type the {sort}'s number, as Halo shows it"))
    })
}

fn unknown(sort: &str, id: &str, where_from: &str) -> Failure {
    let what = format!("there is no {sort} {id}, as far as the last read has shown");
    Failure::usage(UNKNOWN, what, format!("{where_from}; `halo-hit plan` reads both systems"))
}

/// The code of every answer about something that nobody knows.
const UNKNOWN: &str = "unknown_id";

fn no_suggestion(sort: &str, id: &str, example: &str) -> Failure {
    let what = format!("there is no clear suggestion for the {sort} {id}");
    Failure::usage("no_suggestion", what, format!("say what it is: halo-hit {example}"))
}

fn id_without_link() -> Failure {
    Failure::usage(
        "id_without_link",
        "an id of the other side goes with link alone",
        "leave it out, or write link",
    )
}

fn nothing_to_withdraw(sort: &str, id: &str) -> Failure {
    let what = format!("nothing that was said about the {sort} {id} could be taken back");
    Failure::usage(
        "nothing_to_withdraw",
        what,
        "`halo-hit pair` lists what was answered and not carried out yet",
    )
}

fn not_for(word: &str, sort: &str, instead: &str) -> Failure {
    let what = format!("{word} is no answer about a {sort}");
    Failure::usage("no_such_answer", what, instead)
}
