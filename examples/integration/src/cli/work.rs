//! `plan`, `apply`, `sync`: what reads both systems and may write to them.

use std::path::Path;

use serde::Serialize;
use sync_core::catalogue::Catalogue;
use sync_core::exec::{OpResult, Report};
use sync_core::hash::Hash256;
use sync_core::plan::{
    self, Counts, Plan, Proposal, ProposalKind, SkipReason, Verdict, Why, explain_conflict_named,
    explain_issue, explain_op_named, explain_proposal, explain_skip,
};

use super::{ApplyArgs, Context, PlanArgs, SyncArgs, plan_files};
use crate::app::App;
use crate::engine::{Done, Engine, Planned, Reach, Silent, Stop, View, Watch, asks_about_imports, stale};
use crate::exit::{Exit, Failure};
use crate::home;
use crate::render::{Out, Progress, Style, Table};
use crate::serve::signals;
use crate::storage::{Lease, RunId};

/// How many skips and rebases are listed before the rest is only counted: they are reasons, not work.
const SHOWN_SKIPS: usize = 20;

/// A command's connection to both systems, under the lease.
pub(super) struct Session {
    pub(super) app: App,
    pub(super) engine: Engine,
    pub(super) lease: Lease,
    stop: Stop,
}

impl Session {
    pub(super) async fn open(context: &mut Context, command: &str) -> Result<Self, Failure> {
        let app = context.open().await?;
        let secrets = context.secrets()?;
        let stop = Stop::new();
        signals::listen(&stop);
        let lease = stop.unless(app.lease(command)).await.ok_or_else(stopped)??;
        if let Some(warning) = home::look(&app, &lease).await? {
            context.out.note(&warning);
        }
        let systems = stop.unless(app.connect(&secrets)).await.ok_or_else(stopped)??;
        let engine = Engine::new(&app, &systems).with_stop(stop.clone());
        Ok(Self { app, engine, lease, stop })
    }

    /// What `work` gives, unless the end is asked for. Only for what writes nothing to either system.
    pub(super) async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        self.stop.unless(work).await.ok_or_else(stopped)?
    }

    pub(super) async fn look(&self, reach: Reach) -> Result<(View, Planned), Failure> {
        let view = self.unless_stopped(self.engine.read(&self.lease, reach)).await?;
        let planned = self.engine.plan(&view);
        self.engine.remember(&self.lease, &view, &planned, None).await?;
        Ok((view, planned))
    }

    async fn may_write(&self) -> Result<(), Failure> {
        self.app.require_running().await?;
        self.app.require_gate().await?;
        self.engine.require_only_writer().await
    }

    /// Ends the command, however it went: what was sent counts in Halo's rate window for the next process too.
    pub(super) async fn end<T>(&self, done: Result<T, Failure>) -> Result<T, Failure> {
        let kept = self.app.keep_rate_window(self.engine.halo.client()).await;
        let value = done?;
        kept?;
        Ok(value)
    }
}

/// The end was asked for before anything was planned.
fn stopped() -> Failure {
    Failure::other(
        "stopped",
        "it was asked to stop, and had written nothing to either system yet",
        "run the command again; it goes on where it stopped",
    )
}

#[derive(Serialize)]
struct PlanReport<'a> {
    hash: Hash256,
    counts: Counts,
    verdict: &'a Verdict,
    file: Option<String>,
    plan: &'a Plan,
}

/// `plan`.
pub(super) async fn plan(args: &PlanArgs, context: &mut Context) -> Result<Exit, Failure> {
    let session = Session::open(context, "plan").await?;
    let app = session.app.clone();
    let looked = session.look(reach(args.full)).await;
    let (view, planned) = session.end(looked).await?;
    let file = match &args.out {
        Some(path) => {
            write_plan(&app, path, &planned).await?;
            Some(path.display().to_string())
        }
        None => None,
    };
    let exit = planned.exit();
    show_plan(&mut context.out, &planned, &view.catalogue);
    if let Some(file) = &file {
        context.out.line(format!("Written to {file}; `halo-hit apply {file}` applies exactly this."));
    }
    let mut next = next_of_plan(&planned.plan);
    if app.store.paused().await?.is_some() {
        next.insert(0, "halo-hit resume");
    }
    show_next(&mut context.out, &next);
    let report = PlanReport {
        hash: planned.hash,
        counts: planned.plan.head.counts,
        verdict: &planned.plan.head.verdict,
        file,
        plan: &planned.plan,
    };
    context.out.result("plan", exit, &report);
    Ok(exit)
}

/// `apply`.
pub(super) async fn apply(args: &ApplyArgs, context: &mut Context) -> Result<Exit, Failure> {
    let stored = args.file.as_deref().map(read_plan).transpose()?;
    let session = Session::open(context, "apply").await?;
    let done = apply_in(&session, stored, args, context).await;
    session.end(done).await
}

async fn apply_in(
    session: &Session,
    stored: Option<Plan>,
    args: &ApplyArgs,
    context: &mut Context,
) -> Result<Exit, Failure> {
    session.may_write().await?;
    let (view, planned) = session.look(Reach::Changes).await?;
    match stored {
        // The file's plan is carried out, not the fresh one; the executor refuses it if anything has moved.
        Some(plan) => {
            let stored = Planned::new(plan);
            let (app, expiry) = (&session.app, session.app.config.timing.plan_expiry);
            let view = view.for_stored_plan();
            let fresh = plan_files::require_fresh(&*app.store, stored.hash, expiry, app.now()).await;
            let done = match fresh {
                Ok(()) => run(session, view, &stored, args.lift_limits, "apply", context).await,
                Err(expired) => Err(expired),
            };
            done.map_err(|failure| made_anew(failure, &stored.plan))
        }
        None => {
            if let Some(expected) = args.expect.or(args.lift_limits) {
                planned.plan.expect_hash(expected).map_err(stale)?;
            }
            run(session, view, &planned, args.lift_limits, "apply", context).await
        }
    }
}

/// `sync`.
pub(super) async fn sync(args: &SyncArgs, context: &mut Context) -> Result<Exit, Failure> {
    let session = Session::open(context, "sync").await?;
    let done = sync_in(&session, args, context).await;
    session.end(done).await
}

async fn sync_in(session: &Session, args: &SyncArgs, context: &mut Context) -> Result<Exit, Failure> {
    session.app.require_running().await?;
    session.app.require_gate().await?;
    let (view, planned) = session.look(reach(args.full)).await?;
    if planned.plan.writes() {
        session.engine.require_only_writer().await?;
    }
    run(session, view, &planned, None, "sync", context).await
}

async fn run(
    session: &Session,
    view: View,
    planned: &Planned,
    lifted: Option<Hash256>,
    command: &str,
    context: &mut Context,
) -> Result<Exit, Failure> {
    let progress = context.out.progress("carrying out the plan", Some(planned.plan.ops.len() as u64));
    let shown = Shown(progress.clone());
    let watch: &dyn Watch = if context.common.json { &Silent } else { &shown };
    let done = session.engine.carry_out(&session.lease, &view, planned, lifted, command, watch).await?;
    progress.done("");
    // What the run itself has met is open too, not only what its plan knew.
    let store = &session.app.store;
    let conflicts = store.conflicts().await?.iter().filter(|open| open.decided.is_none()).count();
    let issues = store.issues().await?.iter().filter(|issue| !issue.dismissed).count();
    show_done(&mut context.out, planned, &view.catalogue, &done, (conflicts, issues));
    let mut next = waiting(&planned.plan);
    if conflicts + issues > 0 && !next.contains(&ISSUES) {
        next.push(ISSUES);
    }
    let unfinished = |result: &OpResult| {
        matches!(result, OpResult::Unknown | OpResult::NotTried | OpResult::ChangedSincePlan)
    };
    let paused = store.paused().await?.is_some();
    if paused {
        next.push("halo-hit resume");
    }
    // No sync takes up the rest of a plan to undo, or of one beyond limits.
    let again = undone_run(&planned.plan).map(undo_command);
    let taken_up = again.is_none() && lifted.is_none();
    if done.report.ops.iter().any(|op| unfinished(&op.result)) {
        match &again {
            Some(undo) => next.push(undo),
            None if lifted.is_some() => next.push("halo-hit plan"),
            None if !paused => next.push("halo-hit sync"),
            None => {}
        }
    }
    show_next(&mut context.out, if next.is_empty() { &["halo-hit gate", "halo-hit history"] } else { &next });
    if let Some(why) = &done.report.aborted {
        let rest = if taken_up { " The next run goes on from here." } else { "" };
        context.out.note(&format!("Ended early: {}.{rest}", why.detail));
    }
    context.out.result(
        command,
        done.exit,
        &DoneReport {
            run: done.run,
            hash: planned.hash,
            counts: planned.plan.head.counts,
            report: &done.report,
        },
    );
    Ok(done.exit)
}

/// The run that a plan takes back.
fn undone_run(plan: &Plan) -> Option<RunId> {
    let mut reasons = plan.ops.iter().flat_map(|op| &op.why);
    reasons.find_map(|why| match why {
        Why::Undone { run, .. } => Some(*run),
        _ => None,
    })
}

fn undo_command(run: RunId) -> String {
    format!("halo-hit undo {run} --out FILE")
}

/// A plan from a file that is stale: one that takes a run back is made by another command than others.
fn made_anew(failure: Failure, plan: &Plan) -> Failure {
    match undone_run(plan) {
        Some(run) if failure.exit() == Exit::Stale => {
            let way_out = format!("make it anew with `{}`", undo_command(run));
            Failure::new(Exit::Stale, failure.code(), failure.what(), way_out)
        }
        _ => failure,
    }
}

#[derive(Serialize)]
struct DoneReport<'a> {
    run: i64,
    hash: Hash256,
    counts: Counts,
    report: &'a Report,
}

struct Shown(Progress);

impl Watch for Shown {
    fn operation(&self, sentence: &str, _: usize, _: usize) {
        self.0.remark(sentence);
        self.0.advance(1);
    }

    fn waiting(&self, milliseconds: i64) {
        if milliseconds >= 1_000 {
            self.0.remark(&format!("waiting {} s for a write that may still arrive", milliseconds / 1_000));
        }
    }
}

const fn reach(full: bool) -> Reach {
    if full { Reach::Everything } else { Reach::Changes }
}

/// Writes a plan to a file, and notes when: for how long it can be applied counts from here.
pub(super) async fn write_plan(app: &App, path: &Path, planned: &Planned) -> Result<(), Failure> {
    let Planned { plan, hash } = planned;
    plan_files::note(&*app.store, *hash, app.config.timing.plan_expiry, app.now()).await?;
    std::fs::write(path, plan::to_canonical_json(plan)).map_err(|error| {
        let what = format!("the plan cannot be written to {}", path.display());
        Failure::other(
            "plan_unwritable",
            what,
            "name a file in a folder that exists and that you may write to",
        )
        .with_source(error)
    })
}

fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let bytes = std::fs::read(path).map_err(|error| {
        let what = format!("the plan {} cannot be read", path.display());
        Failure::usage("plan_unreadable", what, "name a file that `halo-hit plan --out FILE` has written")
            .with_source(error)
    })?;
    plan::parse(&bytes).map_err(|error| {
        let what = format!("{} is not a plan as it was written", path.display());
        Failure::new(Exit::Stale, "plan_edited", what, "plan again; plans are applied unedited or not at all")
            .with_source(error)
    })
}

/// A plan for people: what would be done, what waits, what is left out, and why.
pub(crate) fn show_plan(out: &mut Out, planned: &Planned, catalogue: &Catalogue) {
    let plan = &planned.plan;
    let counts = &plan.head.counts;
    out.line(format!(
        "{} looked at, {} unchanged; {}, {}, {}, {}, {}. Customer e-mails: 0.",
        counted(counts.links, "link"),
        counts.unchanged,
        counted(counts.creates(), "create"),
        counted(counts.updates(), "update"),
        counted(counts.promotions, "promotion"),
        counted(counts.conflicts, "conflict"),
        counted(counts.issues, "issue")
    ));
    let (writes, local): (Vec<_>, Vec<_>) = plan.ops.iter().partition(|op| op.kind.is_write());
    section(out, "Would be done", writes.into_iter().map(|op| explain_op_named(op, catalogue)));
    section(out, "Would be remembered", local.into_iter().map(|op| explain_op_named(op, catalogue)));
    section(out, "Waits for you", plan.proposals.iter().map(explain_proposal));
    section(
        out,
        "Conflicts",
        plan.conflicts.iter().map(|conflict| explain_conflict_named(conflict, catalogue)),
    );
    section(out, "Issues", plan.issues.iter().map(explain_issue));
    let (elsewhere, left_out): (Vec<_>, Vec<_>) =
        plan.skips.iter().partition(|skip| skip.reason == SkipReason::OutOfScope);
    section(out, "Left out", left_out.into_iter().map(explain_skip));
    if !elsewhere.is_empty() {
        out.line(format!("  {} records belong to clients that do not take part.", elsewhere.len()));
    }
    if let Verdict::Blocked(hits) = &plan.head.verdict {
        out.line(out.paint(Style::Bad, "Blocked by limits; nothing would be written:"));
        for hit in hits {
            out.paragraph(2, &hit.sentence());
        }
    }
    if plan.is_empty() {
        out.line(out.paint(Style::Good, "Nothing to do."));
    }
    out.line(format!("Plan {}", planned.hash));
}

/// Where a person sees what is open.
const ISSUES: &str = "halo-hit issues";

/// The commands in which a person answers what a plan leaves open.
fn waiting(plan: &Plan) -> Vec<&'static str> {
    let pairs = plan.proposals.iter().any(is_pairing) || asks_about_imports(plan);
    let approvals = plan.proposals.iter().any(|proposal| !is_pairing(proposal));
    let open = [
        (pairs, "halo-hit pair"),
        (approvals, "halo-hit approve"),
        (!plan.conflicts.is_empty() || !plan.issues.is_empty(), ISSUES),
    ];
    open.into_iter().filter(|(there, _)| *there).map(|(_, command)| command).collect()
}

/// What follows a plan: questions can be answered before the rest is done, or after.
fn next_of_plan(plan: &Plan) -> Vec<&'static str> {
    let mut next = waiting(plan);
    if matches!(plan.head.verdict, Verdict::Blocked(_)) {
        next.push("halo-hit apply --lift-limits HASH");
    } else if !plan.ops.is_empty() {
        next.push("halo-hit sync");
    }
    next
}

const fn is_pairing(proposal: &Proposal) -> bool {
    matches!(proposal.kind, ProposalKind::Pair { .. })
}

fn show_next(out: &mut Out, commands: &[&str]) {
    if !commands.is_empty() {
        out.line(format!("Next: {}", commands.join(", ")));
    }
}

fn section(out: &mut Out, title: &str, sentences: impl ExactSizeIterator<Item = String>) {
    let all = sentences.len();
    if all == 0 {
        return;
    }
    out.line(out.paint(Style::Heading, &format!("{title} ({all})")));
    for sentence in sentences.take(SHOWN_SKIPS) {
        out.paragraph(2, &sentence);
    }
    if all > SHOWN_SKIPS {
        out.line(format!("  ... and {} more; --json has all of them", all - SHOWN_SKIPS));
    }
}

fn show_done(
    out: &mut Out,
    planned: &Planned,
    catalogue: &Catalogue,
    done: &Done,
    (conflicts, issues): (usize, usize),
) {
    let results = &done.report.ops;
    let succeeded = results.iter().filter(|op| op.result.is_success()).count();
    let mut table = Table::new(["Result", "Operation"]);
    for (op, result) in planned.plan.ops.iter().zip(results).filter(|(_, done)| !done.result.is_success()) {
        table.row([word(&result.result), &explain_op_named(op, catalogue)]);
    }
    if !table.is_empty() {
        out.table(&table);
    }
    for twin in &done.report.duplicates {
        let others: Vec<_> = twin.others.iter().map(|key| format!("{key:?}")).collect();
        out.line(out.paint(
            Style::Bad,
            &format!("{} is carried by more than one record: {}", twin.marker, others.join(", ")),
        ));
    }
    out.line(format!(
        "Run {}: {succeeded} of {} operations done; open: {} and {}.",
        done.run,
        results.len(),
        counted(conflicts as u64, "conflict"),
        counted(issues as u64, "issue")
    ));
}

/// A number and its noun.
pub(super) fn counted(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

const fn word(result: &OpResult) -> &'static str {
    match result {
        OpResult::Done => "done",
        OpResult::AlreadyThere => "was there already",
        OpResult::Adopted => "adopted",
        OpResult::ChangedSincePlan => "changed since the plan",
        OpResult::NotKept => "not kept by the server",
        OpResult::Rejected(_) => "refused",
        OpResult::Unknown => "outcome unknown",
        OpResult::Ambiguous => "ambiguous",
        OpResult::Blocked => "blocked by another",
        OpResult::NotTried => "not tried",
        _ => "other",
    }
}
