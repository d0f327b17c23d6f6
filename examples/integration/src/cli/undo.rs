//! `undo`: a plan that restores what a run has overwritten.

use serde::Serialize;
use sync_core::hash::Hash256;
use sync_core::plan::{Counts, Plan, Verdict};

use super::words;
use super::work::{Session, show_plan, write_plan};
use super::{Context, UndoArgs};
use crate::engine::{Left, Reach, Undone, View};
use crate::exit::{Exit, Failure};
use crate::render::{Progress, Style, Table};

#[derive(Serialize)]
struct UndoReport<'a> {
    run: i64,
    hash: Hash256,
    counts: Counts,
    verdict: &'a Verdict,
    file: Option<String>,
    plan: &'a Plan,
    left: &'a [Left],
}

pub(super) async fn undo(args: &UndoArgs, context: &mut Context) -> Result<Exit, Failure> {
    let session = Session::open(context, "undo").await?;
    let app = session.app.clone();
    let progress = context.out.progress(&format!("looking at what run {} has written", args.run), None);
    let looked = look(&session, args.run, &progress).await;
    drop(progress);
    let (view, Undone { planned, left }) = session.end(looked).await?;
    let file = match &args.out {
        Some(path) if planned.plan.writes() => {
            write_plan(&app, path, &planned).await?;
            Some(path.display().to_string())
        }
        _ => None,
    };
    // What cannot be taken back is an answer, not work that waits.
    let exit = match planned.exit() {
        Exit::Done if !left.is_empty() => Exit::Partial,
        exit => exit,
    };
    let out = &mut context.out;
    show_plan(out, &planned, &view.catalogue);
    if !left.is_empty() {
        out.line(
            out.paint(Style::Heading, &format!("Stays as run {} has left it ({})", args.run, left.len())),
        );
        let mut table = Table::new(["What", "Why"]);
        for Left { line, reason } in &left {
            table.row([words::what(&line.entry, Some(&view.catalogue)), reason.clone()]);
        }
        out.table(&table);
    }
    match (&file, planned.plan.writes()) {
        (Some(file), _) => {
            out.line(format!("Written to {file}; `halo-hit apply {file}` applies exactly this."));
        }
        (None, true) => {
            out.line(format!(
                "`halo-hit undo {} --out FILE` writes it to a file, and `halo-hit apply FILE` applies it.",
                args.run
            ));
        }
        (None, false) => {}
    }
    if planned.plan.writes() {
        out.paragraph(
            0,
            "The other side keeps its values: both differ then, and no sync does the undone change again. Whoever \
             edits such a field next, on either side, makes an ordinary change.",
        );
    }
    let report = UndoReport {
        run: args.run,
        hash: planned.hash,
        counts: planned.plan.head.counts,
        verdict: &planned.plan.head.verdict,
        file,
        plan: &planned.plan,
        left: &left,
    };
    out.result("undo", exit, &report);
    Ok(exit)
}

async fn look(session: &Session, run: i64, progress: &Progress) -> Result<(View, Undone), Failure> {
    let (mut view, _) = session.look(Reach::Changes).await?;
    let read = || progress.advance(1);
    let undone = session.unless_stopped(session.engine.undo(&session.lease, &mut view, run, &read)).await?;
    Ok((view, undone))
}
