//! `approve` and `issues`: what waits for a person, the ways out, and the person's answers.

use serde::Serialize;
use sync_core::catalogue::Catalogue;
use sync_core::decision::{ConflictKind, IssueCode};
use sync_core::hash::Hash128;
use sync_core::ids::Side;

use super::ids::{find, short};
use super::state::when;
use super::ways::{self, Way};
use super::{ApproveArgs, Context, IssueAction, IssuesArgs, words};
use crate::app::App;
use crate::engine::kept_catalogue;
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style, Table};
use crate::storage::{About, Answer, Edit, OpenConflict, OpenIssue, Proposal};

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
            let mut table = Table::new(["Id", "Since", "What", "Sentence"]);
            for proposal in &open {
                table.styled_row([
                    (Style::Name, short(&proposal.id)),
                    (Style::Faint, when(&app, proposal.since)),
                    (Style::Plain, proposal.sort.clone()),
                    (Style::Plain, proposal.sentence.clone()),
                ]);
            }
            out.table(&table);
            out.line("");
            out.paragraph(
                0,
                "halo-hit approve ID approves one. A proposal withdraws itself when its cause is gone, and an \
                 approval that was not used within seven days lapses.",
            );
        }
    }
    Ok(Exit::Done)
}

/// A conflict with everything a person needs to decide it.
#[derive(Serialize)]
struct ShownConflict {
    #[serde(flatten)]
    open: OpenConflict,
    /// Why it is one, in a sentence.
    sentence: String,
    /// What Halo holds, in words.
    halo_text: String,
    /// What HIT holds, in words.
    hit_text: String,
    /// What both held when they last agreed: Halo, HIT. Nothing on a first link.
    agreed_text: Option<[String; 2]>,
    ways: Vec<Way>,
}

#[derive(Serialize)]
struct ShownIssue {
    #[serde(flatten)]
    issue: OpenIssue,
    ways: Vec<Way>,
}

#[derive(Serialize)]
struct IssuesReport {
    conflicts: Vec<ShownConflict>,
    issues: Vec<ShownIssue>,
}

impl IssuesReport {
    fn new(conflicts: Vec<OpenConflict>, issues: Vec<OpenIssue>, catalogue: Option<&Catalogue>) -> Self {
        IssuesReport {
            conflicts: conflicts.into_iter().map(|open| show(open, catalogue)).collect(),
            issues: issues
                .into_iter()
                .map(|issue| ShownIssue { ways: ways::of_issue(&issue), issue })
                .collect(),
        }
    }
}

fn show(open: OpenConflict, catalogue: Option<&Catalogue>) -> ShownConflict {
    let conflict = &open.conflict;
    let halo_text = words::observed(catalogue, Side::Halo, &conflict.halo);
    let hit_text = words::observed(catalogue, Side::Hit, &conflict.hit);
    let agreed_text = conflict.base.as_ref().map(|base| {
        let held = |side: Side| words::value(catalogue, side, base.side(side).as_ref());
        [held(Side::Halo), held(Side::Hit)]
    });
    let why = match conflict.reason {
        ConflictKind::BothChanged => "both sides changed it since they agreed",
        ConflictKind::FirstLink => "they were linked with different values",
        ConflictKind::ManyBudgetLines => "HIT's budget has several lines and Halo one number",
        ConflictKind::DateOrder => "the start would come after the due date",
        ConflictKind::BlankAgainstValue => "one side is blank, and blank does not overwrite",
        ConflictKind::Flapping => "something keeps changing it back",
        _ => "a person has to decide",
    };
    let of = match &open.about.item {
        Some(name) => format!("{name:?}"),
        None => format!("item {}", conflict.item),
    };
    let sentence = format!(
        "{} of {of} is {hit_text:?} in HIT and {halo_text:?} in Halo ({} {}): {why}.",
        conflict.field.label(),
        conflict.kind,
        conflict.ticket,
    );
    let ways = ways::of_conflict(conflict, &halo_text, &hit_text);
    ShownConflict { sentence, halo_text, hit_text, agreed_text, ways, open }
}

pub(super) async fn issues(args: &IssuesArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let catalogue = kept_catalogue(&*app.store).await?;
    let conflicts = app.store.conflicts().await?;
    let issues = app.store.issues().await?;
    if let Some(action) = &args.action {
        let (answer, before) = (issue_answer(action, &conflicts, &issues)?, issues);
        app.store.decide(std::slice::from_ref(&answer), app.now()).await?;
        let (conflicts, issues) = (app.store.conflicts().await?, app.store.issues().await?);
        context.out.result("issues", Exit::Done, &IssuesReport::new(conflicts, issues, catalogue.as_ref()));
        context.out.line(match answer {
            Answer::Resolve(_, side) => format!(
                "{}'s value stays; the next sync writes it, unless one of the two values changes before.",
                side.name()
            ),
            Answer::Retry(id) => retried(before.iter().find(|issue| issue.id == id)).to_owned(),
            _ => "Put aside; it comes back if its values change.".to_owned(),
        });
        return Ok(Exit::Done);
    }
    let issues: Vec<OpenIssue> = issues.into_iter().filter(|issue| args.all || !issue.dismissed).collect();
    let report = IssuesReport::new(conflicts, issues, catalogue.as_ref());
    context.out.result("issues", Exit::Done, &report);
    show_issues(&app, &report, &mut context.out);
    Ok(Exit::Done)
}

/// What comes of asking once more.
fn retried(issue: Option<&OpenIssue>) -> &'static str {
    match issue {
        // More writes would only feed whatever changes the value back.
        Some(issue) if issue.code == IssueCode::Flapping.code() => {
            "The next sync reads the record again; the field waits until its conflict is decided (`halo-hit issues`)."
        }
        Some(issue) if issue.subject.item.is_none() && issue.subject.ticket.is_none() => {
            "It is about no record that could be read again; it is reported for as long as it holds."
        }
        _ => "The next sync tries it again.",
    }
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
        out.line(out.paint(Style::Heading, &format!("Conflicts ({})", report.conflicts.len())));
        for shown in &report.conflicts {
            show_conflict(app, shown, out);
        }
        out.line("");
    }
    if !report.issues.is_empty() {
        out.line(out.paint(Style::Heading, &format!("Issues ({})", report.issues.len())));
        for ShownIssue { issue, ways } in &report.issues {
            let head = format!("{}  {}, since {}", short(&issue.id), issue.code, when(app, issue.since));
            let style = if issue.dismissed { Style::Faint } else { Style::Name };
            out.line(out.paint(style, &head));
            let about = about(&issue.about);
            let value = issue.about.value.as_ref().map(|value| format!(" {value:?}.")).unwrap_or_default();
            out.paragraph(2, &format!("{about}{}{value}", issue.sentence));
            show_ways(ways, out);
        }
    }
}

fn show_conflict(app: &App, shown: &ShownConflict, out: &mut Out) {
    let OpenConflict { conflict, since, about: names, decided, .. } = &shown.open;
    let of = names.item.clone().unwrap_or_else(|| format!("item {}", conflict.item));
    let client = names.client.as_ref().map(|client| format!(" ({client})")).unwrap_or_default();
    let (id, field) = (short(&conflict.id), conflict.field.label());
    out.line(out.paint(Style::Name, &format!("{id}  {field} of {of}{client}, since {}", when(app, *since))));
    let place = format!("{} {}", conflict.kind, conflict.ticket);
    out.paragraph(2, &format!("HIT:  {:?}{}", shown.hit_text, edited(app, names.hit.as_ref())));
    out.paragraph(2, &format!("Halo: {:?} ({place}){}", shown.halo_text, edited(app, names.halo.as_ref())));
    if let Some([halo, hit]) = &shown.agreed_text {
        out.paragraph(2, &format!("They agreed on {hit:?} in HIT and {halo:?} in Halo."));
    }
    let why = shown.sentence.rsplit_once("): ").map_or("", |(_, why)| why);
    out.paragraph(2, &format!("Why: {why}"));
    match decided {
        Some(side) => {
            out.paragraph(2, &format!("Decided: {}'s value stays; the next sync writes it.", side.name()))
        }
        None => show_ways(&shown.ways, out),
    }
}

/// Who changed the record last, as far as the system says.
fn edited(app: &App, edit: Option<&Edit>) -> String {
    let Some(edit) = edit else { return String::new() };
    let by = edit.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    let at = edit.at.map(|at| format!(" on {}", when(app, at))).unwrap_or_default();
    let what = edit.what.as_ref().map(|what| format!(" ({what})")).unwrap_or_default();
    if by.is_empty() && at.is_empty() { String::new() } else { format!(", last changed{by}{at}{what}") }
}

fn about(about: &About) -> String {
    let what = about.item.as_ref().or(about.ticket.as_ref());
    match (what, &about.client) {
        (Some(what), Some(client)) => format!("{what} ({client}): "),
        (Some(only), None) | (None, Some(only)) => format!("{only}: "),
        (None, None) => String::new(),
    }
}

fn show_ways(ways: &[Way], out: &mut Out) {
    for way in ways {
        match &way.command {
            Some(command) => {
                out.line(format!("    {command}"));
                out.paragraph(8, &way.what);
            }
            None => out.paragraph(4, &format!("- {}", way.what)),
        }
    }
}
