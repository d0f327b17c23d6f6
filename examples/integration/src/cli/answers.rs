//! `pair`, `approve`, `issues`: what waits for a person, and the person's answers.

use serde::Serialize;
use sync_core::decision::PairingAnswer;
use sync_core::hash::Hash128;
use sync_core::ids::{HaloClientId, HitClientId, ItemId, Side, TicketId};
use sync_core::plan::explain_conflict;

use super::ids::{find, short};
use super::state::when;
use super::{ApproveArgs, Context, IssueAction, IssuesArgs, PairArgs, PairWord};
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style, Table};
use crate::storage::{Answer, OpenConflict, OpenIssue, Proposal, Questions};

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
}

#[derive(Serialize)]
struct ApproveReport {
    approved: Option<Proposal>,
    open: Vec<Proposal>,
}

pub(super) async fn approve(args: &ApproveArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let open = app.store.questions().await?.proposals;
    let approved = match &args.id {
        None => None,
        Some(typed) => {
            let id = find(typed, "proposal", "halo-hit approve", open.iter().map(|proposal| proposal.id))?;
            app.store.decide(&[Answer::Approve(id)], app.now()).await?;
            open.iter().find(|proposal| proposal.id == id).cloned()
        }
    };
    let open: Vec<Proposal> =
        open.into_iter().filter(|proposal| Some(proposal) != approved.as_ref()).collect();
    let out = &mut context.out;
    out.result("approve", Exit::Done, &ApproveReport { approved: approved.clone(), open: open.clone() });
    match approved {
        Some(proposal) => {
            out.line(out.paint(Style::Good, "Approved; the next plan contains it:"));
            out.paragraph(2, &proposal.sentence);
        }
        None if open.is_empty() => out.line("Nothing waits for approval."),
        None => {
            let mut table = Table::new(["Id", "What", "Sentence"]);
            for proposal in &open {
                table.row([short(&proposal.id), proposal.sort.clone(), proposal.sentence.clone()]);
            }
            out.table(&table);
        }
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct IssuesReport {
    conflicts: Vec<OpenConflict>,
    issues: Vec<OpenIssue>,
}

pub(super) async fn issues(args: &IssuesArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let conflicts = app.store.conflicts().await?;
    let issues = app.store.issues().await?;
    if let Some(action) = &args.action {
        let answer = issue_answer(action, &conflicts, &issues)?;
        app.store.decide(std::slice::from_ref(&answer), app.now()).await?;
        let report =
            IssuesReport { conflicts: app.store.conflicts().await?, issues: app.store.issues().await? };
        context.out.result("issues", Exit::Done, &report);
        context.out.line(match answer {
            Answer::Resolve(_, side) => format!("{}'s value stays; the next sync writes it.", side.name()),
            Answer::Retry(_) => "The next sync tries it again.".to_owned(),
            _ => "Put aside; it comes back if its values change.".to_owned(),
        });
        return Ok(Exit::Done);
    }
    let issues: Vec<OpenIssue> = issues.into_iter().filter(|issue| args.all || !issue.dismissed).collect();
    let report = IssuesReport { conflicts, issues };
    context.out.result("issues", Exit::Done, &report);
    show_issues(&app, &report, &mut context.out);
    Ok(Exit::Done)
}

fn issue_answer(
    action: &IssueAction,
    conflicts: &[OpenConflict],
    issues: &[OpenIssue],
) -> Result<Answer, Failure> {
    const LIST: &str = "halo-hit issues";
    let conflict_ids = || conflicts.iter().map(|open| open.conflict.id);
    let issue_ids = || issues.iter().map(|issue| issue.id);
    match action {
        IssueAction::Resolve { id, keep } => {
            let id = find(id, "conflict", LIST, conflict_ids())?;
            let side = Side::from(*keep);
            let known = conflicts.iter().find(|open| open.conflict.id == id);
            if known.is_some_and(|open| !open.conflict.ways_out.contains(&side)) {
                let what = format!(
                    "{}'s value cannot be kept here, because it cannot be written across",
                    side.name()
                );
                let other =
                    format!("keep {}'s, or change the value by hand and let it be", side.other().name());
                return Err(Failure::usage("side_not_offered", what, other));
            }
            Ok(Answer::Resolve(id, side))
        }
        IssueAction::Retry { id } => Ok(Answer::Retry(find(id, "issue", LIST, issue_ids())?)),
        IssueAction::Dismiss { id } => {
            let all: Vec<Hash128> = conflict_ids().chain(issue_ids()).collect();
            Ok(Answer::Dismiss(find(id, "conflict or issue", LIST, all)?))
        }
    }
}

fn show_issues(app: &App, report: &IssuesReport, out: &mut Out) {
    if report.conflicts.is_empty() && report.issues.is_empty() {
        out.line("No conflicts and no issues.");
        return;
    }
    if !report.conflicts.is_empty() {
        out.line(out.paint(Style::Heading, "Conflicts (halo-hit issues resolve ID --keep halo|hit)"));
        let mut table = Table::new(["Id", "Since", "Item", "What"]);
        for open in &report.conflicts {
            let mut sentence = explain_conflict(&open.conflict);
            if let Some(side) = open.decided {
                sentence.push_str(&format!(" Decided: {}'s value stays.", side.name()));
            }
            table.row([
                short(&open.conflict.id),
                when(app, open.since),
                open.conflict.item.to_string(),
                sentence,
            ]);
        }
        out.table(&table);
        out.line("");
    }
    if !report.issues.is_empty() {
        out.line(out.paint(Style::Heading, "Issues (halo-hit issues retry|dismiss ID)"));
        let mut table = Table::new(["Id", "Since", "Code", "What"]);
        for issue in &report.issues {
            let style = if issue.dismissed { Style::Faint } else { Style::Plain };
            table.styled_row([
                (Style::Name, short(&issue.id)),
                (style, when(app, issue.since)),
                (style, issue.code.clone()),
                (style, issue.sentence.clone()),
            ]);
        }
        out.table(&table);
    }
}
