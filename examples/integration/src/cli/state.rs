//! `status`, `pause`, `resume`.

use std::collections::BTreeMap;

use serde::Serialize;
use sync_core::ids::Side;
use sync_core::settings::Scope;

use super::{Context, PauseArgs};
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style, Table};
use crate::serve::{HookState, Phase, ServeState, presence};
use crate::storage::{Answer, Paused, Run, UnixMs};

/// A time of ours, in the tenant's zone, to the minute.
pub(crate) fn when(app: &App, at: UnixMs) -> String {
    let stamp = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
    stamp.to_zoned_datetime(app.config.halo.time_zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

#[derive(Serialize)]
struct StatusReport {
    database: String,
    lineage: Box<str>,
    serial: u64,
    paused: Option<Paused>,
    global: bool,
    validation_clients: Vec<String>,
    gate_open: bool,
    gate_unlocked: bool,
    links: u64,
    unfinished_creates: usize,
    records_to_look_at: usize,
    conflicts: usize,
    issues: usize,
    issues_put_aside: usize,
    pairing_questions: usize,
    import_questions: usize,
    client_questions: usize,
    person_questions: usize,
    proposals: usize,
    last_run: Option<Run>,
    next_step: Option<super::path::Step>,
    /// Whether a process serves this database now.
    served: bool,
    /// What the last serving process noted.
    serve: Option<ServeState>,
    webhooks: BTreeMap<&'static str, HookState>,
    deliveries_waiting: u64,
}

pub(super) async fn status(context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let store = &app.store;
    let head = store.head().await?;
    let questions = store.questions().await?;
    let issues = store.issues().await?;
    let (report, facts) = app.gate().await?;
    let open_issues = issues.iter().filter(|issue| !issue.dismissed).count();
    let (global, validation_clients) = match &app.config.settings.sync.scope {
        Scope::Global => (true, Vec::new()),
        Scope::Validation(clients) => (false, clients.iter().map(ToString::to_string).collect()),
    };
    let mut webhooks = BTreeMap::new();
    for side in [Side::Halo, Side::Hit] {
        webhooks.extend(presence::hook(&**store, side).await?.map(|state| (side.code(), state)));
    }
    let report = StatusReport {
        database: app.config.database.display().to_string(),
        lineage: head.lineage,
        serial: head.serial,
        paused: store.paused().await?,
        global,
        validation_clients,
        gate_open: report.open || facts.opened.is_some(),
        gate_unlocked: facts.unlocked.is_some(),
        links: facts.links,
        unfinished_creates: store.intents().await?.len(),
        records_to_look_at: store.dirty().await?.len(),
        conflicts: store.conflicts().await?.iter().filter(|conflict| conflict.decided.is_none()).count(),
        issues: open_issues,
        issues_put_aside: issues.len() - open_issues,
        pairing_questions: questions.pairings.len(),
        import_questions: questions.imports.len(),
        client_questions: questions.clients.len(),
        person_questions: questions.people.len(),
        proposals: questions.proposals.len(),
        last_run: store.runs(1).await?.pop(),
        next_step: super::path::next(&super::path::steps(&app).await?).cloned(),
        served: presence::is_served(&app.config.database),
        serve: presence::state(&**store).await?,
        webhooks,
        deliveries_waiting: store.waiting().await?.count,
    };
    context.out.result("status", Exit::Done, &report);
    show_status(&app, &report, &mut context.out);
    Ok(Exit::Done)
}

fn show_status(app: &App, report: &StatusReport, out: &mut Out) {
    let tenant = app.config.halo.tenant_name();
    out.line(out.paint(Style::Heading, &format!("{tenant} and HumanizeIT")));
    if let Some(paused) = &report.paused {
        let text = format!("Paused since {}: {}", when(app, paused.since), paused.why);
        out.line(out.paint(Style::Warning, &text));
    }
    let scope = match (report.global, report.validation_clients.len()) {
        (true, _) => "all linked clients".to_owned(),
        (false, 0) => "no client is chosen for validation yet (scope.validation_clients)".to_owned(),
        (false, 1) => "1 validation client".to_owned(),
        (false, count) => format!("{count} validation clients"),
    };
    let gate = match (report.gate_open, report.gate_unlocked) {
        (true, _) => "open",
        (false, true) => "unlocked by a person",
        (false, false) => "closed (`halo-hit gate` tells what is missing)",
    };
    let mut table = Table::new(["", ""]);
    let count = |number: usize, hint: &str| {
        if number == 0 { "none".to_owned() } else { format!("{number}  ({hint})") }
    };
    table.row(["Scope", &scope]);
    table.row(["Gate", gate]);
    if let Some(step) = &report.next_step {
        table.row(["Next step", &step.line()]);
    }
    table.row(["Links", &report.links.to_string()]);
    table.row(["Conflicts", &count(report.conflicts, "halo-hit issues")]);
    table.row(["Issues", &count(report.issues, "halo-hit issues")]);
    let to_pair =
        [report.pairing_questions, report.import_questions, report.client_questions, report.person_questions];
    table.row(["To pair", &count(to_pair.iter().sum(), "halo-hit pair")]);
    table.row(["To approve", &count(report.proposals, "halo-hit approve")]);
    table.row(["Unfinished creates", &count(report.unfinished_creates, "the next sync goes on with them")]);
    table.row(["Records to look at", &count(report.records_to_look_at, "the next sync looks at them")]);
    let last = report.last_run.as_ref().map_or("none yet".to_owned(), |run| {
        let began = format!("{} at {}", run.command, when(app, run.started_at));
        match run.exit {
            Some(number) => {
                let exit = Exit::ALL.into_iter().find(|exit| exit.number() == number);
                let meaning = exit.map(|exit| format!(" ({})", exit.meaning())).unwrap_or_default();
                format!("{began}, exit code {number}{meaning}")
            }
            None => format!("{began}, still running or killed"),
        }
    });
    table.row(["Last run", &last]);
    show_serving(app, report, &mut table);
    out.table(&table);
}

fn show_serving(app: &App, report: &StatusReport, table: &mut Table) {
    let time = |at: Option<UnixMs>| at.map_or("never".to_owned(), |at| when(app, at));
    let Some(serve) = &report.serve else {
        table.row(["Serving", "never yet (`halo-hit serve` goes on by itself)"]);
        return;
    };
    let listens = serve.listen.as_ref().map_or("no listener".to_owned(), |at| format!("listens on {at}"));
    let serving = match (report.served, serve.stopped_at) {
        (true, _) => format!("process {} since {}, {listens}", serve.process, when(app, serve.started_at)),
        (false, Some(at)) => format!("no, ended {}", when(app, at)),
        (false, None) => format!("no; process {} was killed", serve.process),
    };
    table.row(["Serving", &serving]);
    if let Some(failure) = serve.failure.as_ref().filter(|_| report.served) {
        table.row(["Failing", failure]);
    }
    let next = |at: Option<UnixMs>| match at.filter(|_| report.served) {
        Some(at) => format!(", next {}", when(app, at)),
        None => String::new(),
    };
    table.row(["Last poll", &format!("{}{}", time(serve.last_poll), next(serve.next_poll))]);
    table.row(["Last full read", &format!("{}{}", time(serve.last_full), next(serve.next_full))]);
    for (side, name) in [(Side::Halo, "Halo's webhook"), (Side::Hit, "HumanizeIT's webhook")] {
        if let Some(state) = report.webhooks.get(side.code()) {
            table.row([name, &webhook(app, state)]);
        }
    }
    if report.deliveries_waiting > 0 {
        table.row(["Deliveries", &format!("{} wait for the next read", report.deliveries_waiting)]);
    }
}

fn webhook(app: &App, state: &HookState) -> String {
    let phase = match state.phase {
        Phase::Off => "off",
        Phase::Unreachable => "not used: a test delivery did not come through",
        Phase::Refused => "cannot be registered",
        Phase::Ready => "works",
        Phase::Silent => "silent",
    };
    let mut text = phase.to_owned();
    if !state.detail.is_empty() {
        text.push_str(&format!(" ({})", state.detail));
    }
    if state.phase != Phase::Off || state.accepted > 0 {
        let last = state.last_delivery.map_or("none yet".to_owned(), |at| when(app, at));
        text.push_str(&format!(
            ", {} deliveries, {} of them again, {} forged, last {last}",
            state.accepted + state.repeated,
            state.repeated,
            state.forged
        ));
    }
    text
}

#[derive(Serialize)]
struct PauseReport {
    paused: Option<Paused>,
    changed: bool,
}

pub(super) async fn pause(args: &PauseArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let before = app.store.paused().await?;
    app.store.decide(&[Answer::Pause(args.reason.trim().to_owned())], app.now()).await?;
    let report = PauseReport { paused: app.store.paused().await?, changed: before.is_none() };
    context.out.result("pause", Exit::Done, &report);
    context.out.line(match before {
        None => {
            "Paused. A run that is under way ends after the operation in hand; `halo-hit resume` goes on."
                .to_owned()
        }
        Some(before) => format!("It was paused already, since {}.", when(&app, before.since)),
    });
    Ok(Exit::Done)
}

pub(super) async fn resume(context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let before = app.store.paused().await?;
    if before.is_some() {
        app.store.decide(&[Answer::Resume], app.now()).await?;
    }
    let report = PauseReport { paused: None, changed: before.is_some() };
    context.out.result("resume", Exit::Done, &report);
    context.out.line(match before {
        Some(before) => format!("The pause of {} is over; the next sync goes on.", when(&app, before.since)),
        None => "It was not paused.".to_owned(),
    });
    Ok(Exit::Done)
}
