//! Questions, answers and the ways back, as a person reads them.

use serde::Serialize;

use super::given::{self, Given};
use super::known::{Known, spoken};
use super::{PairArgs, Said};
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style, Table};
use crate::storage::{Named, Questions};

#[derive(Serialize)]
struct PairReport<'a> {
    answered: usize,
    /// What an answer leads to.
    next: &'a [String],
    open: &'a Questions,
    /// What was answered and not carried out yet.
    given: Vec<Given>,
    /// Links of clients and people that were made by an answer; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_hand: Option<Vec<Given>>,
}

/// Tells what an answer has led to, or lists everything.
pub(super) async fn report(
    args: &PairArgs,
    said: Option<Said>,
    app: &App,
    out: &mut Out,
) -> Result<(), Failure> {
    // Read anew: what was answered just now is open no more.
    let known = Known::read(app).await?;
    let said = said.unwrap_or_else(|| Said { count: 0, next: Vec::new() });
    let report = PairReport {
        answered: said.count,
        next: &said.next,
        open: &known.questions,
        given: given::waiting(&known).await?,
        by_hand: if args.all { Some(given::by_hand(&known).await?) } else { None },
    };
    out.result("pair", Exit::Done, &report);
    for line in &said.next {
        out.paragraph(0, line);
    }
    if args.id.is_some() {
        return Ok(());
    }
    show_clients(&known.questions, out);
    show_people(&known.questions, out);
    show_items(&known.questions, out);
    show_tickets(&known.questions, out);
    show_given("Answered, not carried out yet", &report.given, out);
    show_given("Linked by an answer", report.by_hand.as_deref().unwrap_or_default(), out);
    if known.questions.about_pairing() == 0 && known.questions.people.is_empty() {
        let planned = !app.store.runs(1).await?.is_empty() || known.catalogue.is_some();
        out.line(if planned {
            "Nothing waits to be paired."
        } else {
            "Nothing is known yet: questions arise when both systems have been read."
        });
    }
    Ok(())
}

fn heading(text: &str, out: &mut Out) {
    out.line(out.paint(Style::Heading, text));
}

fn names<I: ToString>(candidates: &[Named<I>]) -> Vec<String> {
    candidates.iter().map(|one| format!("{} ({})", one.name, one.id.to_string())).collect()
}

fn show_clients(open: &Questions, out: &mut Out) {
    if open.clients.is_empty() {
        return;
    }
    heading("Clients (halo-hit pair --client ID link [HALO_ID])", out);
    let mut table = Table::new(["HumanizeIT", "Name", "Suggested", "Why"]);
    for question in &open.clients {
        let names = names(&question.candidates);
        let suggested =
            if question.suggestion.is_some() { names.concat() } else { format!("? {}", names.join(" / ")) };
        table.row([question.client.id.as_str(), &question.client.name, &suggested, &question.reason]);
    }
    out.table(&table);
    out.line("");
}

fn show_people(open: &Questions, out: &mut Out) {
    if open.people.is_empty() {
        return;
    }
    heading(
        "People (halo-hit pair --person ID link AGENT); until then the type's default agent is used",
        out,
    );
    let mut table = Table::new(["HumanizeIT", "Name", "Items", "Could be", "Why"]);
    for question in &open.people {
        table.row([
            question.member.id.as_str(),
            &question.member.name,
            &question.items.to_string(),
            &names(&question.candidates).join(" / "),
            &question.reason,
        ]);
    }
    out.table(&table);
    out.line("");
}

const fn clear(is_clear: bool) -> &'static str {
    if is_clear { "suggested" } else { "ambiguous" }
}

fn show_items(open: &Questions, out: &mut Out) {
    if open.pairings.is_empty() {
        return;
    }
    heading("Items (halo-hit pair ID link|create|ignore)", out);
    let mut table = Table::new(["HumanizeIT", "Name", "Client", "Halo", ""]);
    for question in &open.pairings {
        table.row([
            question.item.id.as_str(),
            &question.item.name,
            &question.client.name,
            &names(&question.candidates).join(" / "),
            clear(question.suggestion.is_some()),
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

fn show_tickets(open: &Questions, out: &mut Out) {
    if open.imports.is_empty() {
        return;
    }
    if !open.pairings.is_empty() {
        out.line("");
    }
    heading("Tickets to import (halo-hit pair --ticket ID link [ITEM]|create|ignore)", out);
    let mut table = Table::new(["Halo", "Name", "Client", "HumanizeIT", ""]);
    for question in &open.imports {
        table.row([
            question.ticket.id.to_string(),
            question.ticket.name.clone(),
            question.client.name.clone(),
            names(&question.candidates).join(" / "),
            clear(question.suggestion.is_some()).to_owned(),
        ]);
    }
    out.table(&table);
    if open.imports.iter().any(|question| question.suggestion.is_some()) {
        out.line("halo-hit pair all link --ticket accepts everything that is \"suggested\".");
    }
}

fn show_given(title: &str, given: &[Given], out: &mut Out) {
    if given.is_empty() {
        return;
    }
    out.line("");
    heading(title, out);
    let mut table = Table::new(["What", "Answer", "To take it back"]);
    for one in given {
        table.row([spoken(&one.name, &one.id), one.sentence.clone(), one.back.clone()]);
    }
    out.table(&table);
}
