//! `gate` and `history`: what has happened, and what it is worth.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::decision::OpId;
use sync_core::gate::{GateReport, overridden};
use sync_core::ids::ItemId;
use sync_core::value::Value;

use super::ids::{find, short};
use super::state::when;
use super::{Context, GateAction, GateArgs, HistoryAction, HistoryArgs, words};
use crate::app::App;
use crate::engine::{client_named, kept_catalogue};
use crate::exit::{Exit, Failure};
use crate::render::{Style, Table};
use crate::storage::{Answer, GateFacts, HistoryEntry, HistoryFilter, HistoryRow, Outcome};

#[derive(Serialize)]
struct GateAnswer {
    open: bool,
    unlocked: bool,
    path: Vec<super::path::Step>,
    report: GateReport,
    facts: GateFacts,
}

pub(super) async fn gate(args: &GateArgs, context: &mut Context) -> Result<Exit, Failure> {
    if let Some(GateAction::Compare) = &args.action {
        return super::compare::compare(context).await;
    }
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
    let path = super::path::steps(&app).await?;
    let unlocked = facts.unlocked.clone();
    let answer = GateAnswer {
        open: report.open || facts.opened.is_some() || unlocked.is_some(),
        unlocked: unlocked.is_some(),
        path,
        report,
        facts,
    };
    context.out.result("gate", Exit::Done, &answer);
    let out = &mut context.out;
    super::path::show(&answer.path, out);
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
        (None, false) => out.paragraph(
            0,
            "The gate is closed. A run that finds nothing to do proves nothing: let the sync do what is missing. A clean \
             run is one that carries something out, or reads everything (`halo-hit sync --full`).",
        ),
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
    let catalogue = kept_catalogue(&*app.store).await?;
    let client = args.client.as_deref().map(|typed| {
        // A client that nobody knows any more may still have a history, under its id.
        catalogue.as_ref().and_then(|known| client_named(known, typed)).unwrap_or_else(|| typed.into())
    });
    let item = args.item.as_deref().map(ItemId::from);
    let filter = HistoryFilter { run: args.run, item, client, limit: args.limit, ..HistoryFilter::default() };
    let lines = app.store.history(&filter).await?;
    context.out.result("history", Exit::Done, &Lines { lines: &lines });
    let mut table = Table::new(["When", "Run", "Id", "What", "Outcome"]).right(1);
    let mut told = BTreeSet::new();
    for HistoryRow { entry, .. } in lines.iter().rev() {
        // A create is one event, however many fields it filled.
        let once = entry.action == "create" && entry.field.is_some();
        if once && !told.insert((entry.op, entry.attempt)) {
            continue;
        }
        let style = match entry.outcome {
            Outcome::Applied => Style::Plain,
            Outcome::Skipped | Outcome::NotApplied => Style::Faint,
            Outcome::Rejected | Outcome::Unknown | Outcome::NotKept => Style::Warning,
        };
        table.styled_row([
            (Style::Faint, when(&app, entry.at)),
            (Style::Plain, entry.run.map_or(String::new(), |run| run.to_string())),
            (Style::Name, entry.op.as_ref().map_or(String::new(), short)),
            (Style::Plain, words::what(entry, catalogue.as_ref())),
            (style, entry.outcome.spoken().to_owned()),
        ]);
    }
    let out = &mut context.out;
    if table.is_empty() {
        let filtered = args.run.is_some() || args.item.is_some() || args.client.is_some();
        out.line(if filtered { "Nothing of that is in the history." } else { "Nothing has been done yet." });
    } else {
        out.table(&table);
        out.line("");
        out.line("halo-hit history explain ID tells why; halo-hit undo RUN shows what can be taken back.");
    }
    Ok(Exit::Done)
}

/// How far back an operation is looked for by the beginning of its id.
const LOOK_BACK: u32 = 10_000;

#[derive(Serialize)]
struct Explained<'a> {
    /// The operation, conflict, issue or proposal.
    op: OpId,
    /// The last thing that happened to it, in one sentence.
    told: &'a str,
    lines: &'a [HistoryRow],
}

async fn explain(app: &App, typed: &str, context: &mut Context) -> Result<Exit, Failure> {
    let recent = app.store.history(&HistoryFilter { limit: LOOK_BACK, ..HistoryFilter::default() }).await?;
    let known: BTreeSet<OpId> = recent.iter().filter_map(|row| row.entry.op).collect();
    let op = find(typed, "operation", "halo-hit history", known)?;
    let filter = HistoryFilter { op: Some(op), limit: LOOK_BACK, ..HistoryFilter::default() };
    let mut lines = app.store.history(&filter).await?;
    lines.reverse();
    let catalogue = kept_catalogue(&*app.store).await?;
    let told = lines.last().map(|row| tell(app, &row.entry)).unwrap_or_default();
    context.out.result("history explain", Exit::Done, &Explained { op, told: &told, lines: &lines });
    let out = &mut context.out;
    let mut last = String::new();
    for HistoryRow { entry, .. } in &lines {
        let sentence = tell(app, entry);
        if sentence != last {
            if !last.is_empty() {
                out.line("");
            }
            out.paragraph(0, &sentence);
            last = sentence;
        }
        if let (Some(field), Some(record)) = (entry.field, &entry.record) {
            let shown = |held: &Option<Value>| words::value(catalogue.as_ref(), record.side(), held.as_ref());
            let (before, after) = (shown(&entry.before), shown(&entry.after));
            let outcome = entry.outcome.spoken();
            out.paragraph(2, &format!("{}: {before} -> {after} ({outcome})", field.label()));
        }
    }
    out.line("");
    out.line(out.paint(Style::Faint, &format!("operation {op}")));
    if let Some(plan) = lines.iter().rev().find_map(|row| row.entry.plan) {
        out.line(out.paint(Style::Faint, &format!("plan {plan}")));
    }
    Ok(Exit::Done)
}

/// What a line says, in one sentence: when, in which run, what and why, and how it ended if not well.
fn tell(app: &App, entry: &HistoryEntry) -> String {
    let run = entry.run.map_or(String::new(), |run| format!(" in run {run}"));
    let name = entry.name.as_ref().map(|name| format!(", {name:?}")).unwrap_or_default();
    let record = match &entry.record {
        Some(record) if !entry.sentence.contains(&words::record(record)) => {
            format!(" ({})", words::record(record))
        }
        _ => String::new(),
    };
    let sentence = words::past(&entry.sentence, entry.outcome);
    let ending = words::ending(entry);
    format!("{}{run}{name}{record}: {sentence} {ending}", when(app, entry.at)).trim_end().to_owned()
}
