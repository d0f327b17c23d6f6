//! The way from nothing to all clients, step by step: what is done, what still blocks, and what to type next.

use serde::Serialize;
use sync_core::settings::Scope;

use super::work::counted;
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style, Table};

/// One step.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Step {
    name: &'static str,
    done: bool,
    /// What blocks it, or what shows that it is done.
    state: String,
    /// What to type next.
    command: &'static str,
}

/// The steps in their order.
pub(super) async fn steps(app: &App) -> Result<Vec<Step>, Failure> {
    let store = &app.store;
    let questions = store.questions().await?;
    let open = questions.about_pairing();
    let runs = store.runs(1).await?;
    let (report, facts) = app.gate().await?;
    let scope = &app.config.settings.sync.scope;
    let chosen = match scope {
        Scope::Global => usize::MAX,
        Scope::Validation(clients) => clients.len(),
    };
    let read = !runs.is_empty() || store.catalogue().await?.is_some();
    let missing = report.needs.iter().filter(|need| !need.met).count();
    let passed = report.open || facts.opened.is_some() || facts.unlocked.is_some();
    let step = |name, done, state: String, command| Step { name, done, state, command };
    let clients = match chosen {
        usize::MAX => "all clients take part".to_owned(),
        0 => "scope.validation_clients is empty".to_owned(),
        count => format!("{count} chosen"),
    };
    let preview = if read { "both systems were read" } else { "nothing was read yet" };
    let pairing = match (read, open) {
        (false, _) => "questions arise when both systems were read".to_owned(),
        (true, 0) => "no question is open".to_owned(),
        (true, 1) => "1 question is open".to_owned(),
        (true, open) => format!("{open} questions are open"),
    };
    let stopped = runs.first().is_some_and(|last| last.exit == Some(Exit::Blocked.number()));
    let clean = facts.clean_runs;
    let in_a_row = format!("{} in a row", counted(clean, "clean run"));
    let undecided = store.conflicts().await?.into_iter().filter(|open| open.decided.is_none());
    let waits = [(undecided.count() as u64, "conflict"), (facts.blocking_issues, "issue")];
    let waits: Vec<String> =
        waits.into_iter().filter(|(open, _)| *open > 0).map(|(open, what)| counted(open, what)).collect();
    Ok(vec![
        step("choose validation clients", chosen > 0, clients, "halo-hit setup"),
        step("preview", read, preview.to_owned(), "halo-hit plan"),
        step("pairing", read && open == 0, pairing, "halo-hit pair"),
        step("run", facts.links > 0, counted(facts.links, "link"), "halo-hit sync"),
        // A run that asks what has changed and is told "nothing" does not count; a complete read does, but none while
        // somebody has to decide, while the same write is refused again and again, or beyond limits.
        match (waits.is_empty(), stopped) {
            (true, false) => step("clean twice", clean >= 2, in_a_row, "halo-hit sync --full"),
            (true, true) => {
                let stopped = format!("{in_a_row}; limits have stopped the last run");
                step("clean twice", clean >= 2, stopped, "halo-hit plan")
            }
            (false, _) => {
                let waits = format!("{in_a_row}; open: {}", waits.join(" and "));
                step("clean twice", clean >= 2, waits, "halo-hit issues")
            }
        },
        step(
            "compare",
            report.open || passed,
            match missing {
                1 => "1 of the things to be seen is missing".to_owned(),
                more => format!("{more} of the things to be seen are missing"),
            },
            "halo-hit gate compare",
        ),
        step(
            "unlock",
            scope.is_global() && passed,
            if passed { "the gate is open" } else { "the gate is closed" }.to_owned(),
            "halo-hit settings set scope.global true",
        ),
    ])
}

/// The first step that is not done.
pub(super) fn next(steps: &[Step]) -> Option<&Step> {
    steps.iter().find(|step| !step.done)
}

impl Step {
    /// In one line, for `status`.
    pub(super) fn line(&self) -> String {
        format!("{}: {} ({})", self.name, self.state, self.command)
    }
}

/// The way as a table, with what to type next.
pub(super) fn show(steps: &[Step], out: &mut Out) {
    let mut table = Table::new(["", "Step", "State"]);
    for step in steps {
        let (style, mark) = if step.done { (Style::Good, "done") } else { (Style::Warning, "open") };
        table.styled_row([
            (style, mark.to_owned()),
            (Style::Plain, step.name.to_owned()),
            (Style::Plain, step.state.clone()),
        ]);
    }
    out.table(&table);
    if let Some(step) = next(steps) {
        out.line(format!("Next: {}", step.command));
    }
    out.line("");
}
