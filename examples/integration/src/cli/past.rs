//! `gate` and `history`: what has happened, and what it is worth.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::decision::OpId;
use sync_core::gate::{GateReport, overridden};
use sync_core::ids::ItemId;

use super::ids::{find, short};
use super::state::when;
use super::{Context, GateAction, GateArgs, HistoryAction, HistoryArgs};
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::{Style, Table};
use crate::storage::{Answer, GateFacts, HistoryEntry, HistoryFilter, HistoryRow};

#[derive(Serialize)]
struct GateAnswer {
    open: bool,
    unlocked: bool,
    report: GateReport,
    facts: GateFacts,
}

pub(super) async fn gate(args: &GateArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    if let Some(GateAction::Unlock { tenant }) = &args.action {
        let name = app.config.halo.tenant_name();
        if !overridden(tenant, name) {
            return Err(Failure::new(
                Exit::Blocked,
                "tenant_name_differs",
                format!("{tenant:?} is not the name of the tenant"),
                format!("type it as the configuration has it, {name:?}, if you mean this tenant"),
            ));
        }
        app.store.decide(&[Answer::UnlockGate(tenant.trim().to_owned())], app.now()).await?;
    }
    let (report, facts) = app.gate().await?;
    let unlocked = facts.unlocked.clone();
    let answer = GateAnswer {
        open: report.open || facts.opened.is_some() || unlocked.is_some(),
        unlocked: unlocked.is_some(),
        report,
        facts,
    };
    context.out.result("gate", Exit::Done, &answer);
    let out = &mut context.out;
    let mut table = Table::new(["", "What must have been seen on validation clients"]);
    for need in &answer.report.needs {
        let (style, mark) = if need.met { (Style::Good, "ok") } else { (Style::Warning, "missing") };
        table.styled_row([(style, mark.to_owned()), (Style::Plain, need.sentence())]);
    }
    out.table(&table);
    out.line("");
    if let Some(at) = answer.facts.opened {
        out.line(format!("Global scope began on {}, with the gate open.", when(&app, at)));
        return Ok(Exit::Done);
    }
    match (&unlocked, answer.report.open) {
        (_, true) => out.line("The gate is open: scope.global = true lets all linked clients take part."),
        (Some((at, name)), false) => out.line(format!(
            "The gate was unlocked on {} by typing {name:?}, without this evidence.",
            when(&app, *at)
        )),
        (None, false) => {
            out.line("The gate is closed. An empty run proves nothing: let the sync do what is missing.")
        }
    }
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct Lines<'a> {
    lines: &'a [HistoryRow],
}

pub(super) async fn history(args: &HistoryArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    if let Some(HistoryAction::Explain { id }) = &args.action {
        return explain(&app, id, context).await;
    }
    let item = args.item.as_deref().map(ItemId::from);
    let filter = HistoryFilter { run: args.run, item, limit: args.limit, ..HistoryFilter::default() };
    let lines = app.store.history(&filter).await?;
    context.out.result("history", Exit::Done, &Lines { lines: &lines });
    let mut table = Table::new(["When", "Run", "Id", "What", "Outcome"]).right(1);
    for row in lines.iter().rev() {
        let entry = &row.entry;
        table.row([
            when(&app, entry.at),
            entry.run.map_or(String::new(), |run| run.to_string()),
            entry.op.as_ref().map_or(String::new(), short),
            entry.sentence.clone(),
            entry.outcome.word().to_owned(),
        ]);
    }
    if table.is_empty() {
        context.out.line("Nothing has been done yet.");
    } else {
        context.out.table(&table);
    }
    Ok(Exit::Done)
}

/// How far back an operation is looked for by the beginning of its id.
const LOOK_BACK: u32 = 10_000;

async fn explain(app: &App, typed: &str, context: &mut Context) -> Result<Exit, Failure> {
    let recent = app.store.history(&HistoryFilter { limit: LOOK_BACK, ..HistoryFilter::default() }).await?;
    let known: BTreeSet<OpId> = recent.iter().filter_map(|row| row.entry.op).collect();
    let op = find(typed, "operation", "halo-hit history", known)?;
    let filter = HistoryFilter { op: Some(op), limit: LOOK_BACK, ..HistoryFilter::default() };
    let mut lines = app.store.history(&filter).await?;
    lines.reverse();
    context.out.result("history explain", Exit::Done, &Lines { lines: &lines });
    let out = &mut context.out;
    out.line(out.paint(Style::Faint, &format!("operation {op}")));
    let mut told = String::new();
    for HistoryRow { entry, .. } in &lines {
        let head = headline(app, entry);
        if head != told {
            out.line("");
            out.line(out.paint(Style::Heading, &head));
            out.paragraph(0, &entry.sentence);
            told = head;
        }
        if let Some(field) = entry.field {
            let shown = |value: &Option<sync_core::value::Value>| {
                value.as_ref().map_or("(blank)".to_owned(), ToString::to_string)
            };
            out.paragraph(
                2,
                &format!("{}: {} -> {}", field.label(), shown(&entry.before), shown(&entry.after)),
            );
        }
    }
    Ok(Exit::Done)
}

fn headline(app: &App, entry: &HistoryEntry) -> String {
    let run = entry.run.map_or("by a person".to_owned(), |run| format!("run {run}"));
    let record = entry.record.as_ref().map_or(String::new(), |record| {
        let sort = match record.side() {
            sync_core::ids::Side::Halo => "ticket",
            sync_core::ids::Side::Hit => "item",
        };
        format!(", {sort} {}", record.id())
    });
    format!("{}, {run}: {}{record}, {}", when(app, entry.at), entry.action, entry.outcome.word())
}
