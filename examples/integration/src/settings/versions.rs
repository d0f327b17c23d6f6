//! Versions of the settings: listed, and compared.

use serde::Serialize;
use sync_core::catalogue::Catalogue;

use super::Difference;
use super::compare::{differences, named};
use crate::app::App;
use crate::cli::Context;
use crate::engine::kept_catalogue;
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style, Table};
use crate::storage::{SettingsHow, SettingsVersion};

/// How many versions are listed.
const LISTED: u32 = 100;
/// How many keys of a version are named in the list.
const NAMED: usize = 3;

#[derive(Serialize)]
struct Listed {
    version: i64,
    since: i64,
    author: Option<String>,
    how: SettingsHow,
    can_be_brought_back: bool,
    changes: Vec<Difference>,
}

pub(super) async fn list(context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let versions = app.store.settings_versions(LISTED).await?;
    let rows: Vec<Listed> = versions
        .iter()
        .enumerate()
        .map(|(at, version)| Listed {
            version: version.id,
            since: version.since,
            author: version.author.clone(),
            how: version.how,
            can_be_brought_back: version.file.is_some(),
            changes: versions.get(at + 1).map_or(Vec::new(), |older| differences(&older.text, &version.text)),
        })
        .collect();
    context.out.result("settings versions", Exit::Done, &rows);
    let out = &mut context.out;
    if rows.is_empty() {
        out.line("No version is recorded yet; the first plan or change records one.");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(["Version", "Since", "Who", "How", "What changed"]).right(0);
    for row in &rows {
        let mut keys: Vec<&str> = row.changes.iter().take(NAMED).map(|change| change.key.as_str()).collect();
        let more = format!("and {} more", row.changes.len().saturating_sub(NAMED));
        if row.changes.len() > NAMED {
            keys.push(&more);
        }
        table.row([
            row.version.to_string(),
            crate::cli::clock_time(&app, row.since),
            row.author.clone().unwrap_or_else(|| "not known".to_owned()),
            how(row.how).to_owned(),
            keys.join(", "),
        ]);
    }
    out.table(&table);
    out.line("`halo-hit settings compare A B` shows what differs, `halo-hit settings roll-back A` brings one back.");
    Ok(Exit::Done)
}

const fn how(how: SettingsHow) -> &'static str {
    match how {
        SettingsHow::First => "first seen",
        SettingsHow::Set => "settings set",
        SettingsHow::RollBack => "rolled back",
        SettingsHow::File => "the file was edited",
        SettingsHow::Answers => "answers to pair",
        SettingsHow::Noticed => "noticed",
    }
}

#[derive(Serialize)]
struct Compared {
    a: i64,
    b: Option<i64>,
    changes: Vec<Difference>,
}

pub(super) async fn compare(a: i64, b: Option<i64>, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let before = find(&app, a).await?.text;
    let after = match b {
        Some(b) => find(&app, b).await?.text,
        None => serde_json::to_string(&app.settings().await?).unwrap_or_default(),
    };
    let changes = differences(&before, &after);
    let catalogue = kept_catalogue(&*app.store).await?.unwrap_or_default();
    let report = Compared { a, b, changes };
    context.out.result("settings compare", Exit::Done, &report);
    let with = b.map_or("the settings in force".to_owned(), |b| format!("version {b}"));
    let out = &mut context.out;
    if report.changes.is_empty() {
        out.line(format!("Version {a} and {with} are the same."));
    } else {
        out.line(out.paint(Style::Heading, &format!("From version {a} to {with}")));
        show(&report.changes, &catalogue, out);
    }
    Ok(Exit::Done)
}

/// Differences as a table, with the names behind the ids.
pub(super) fn show(changes: &[Difference], catalogue: &Catalogue, out: &mut Out) {
    let mut table = Table::new(["Key", "Before", "After"]);
    for change in changes {
        let shown = |value: &Option<String>| {
            value.as_deref().map_or("(not set)".to_owned(), |value| named(&change.key, value, catalogue))
        };
        table.row([change.key.clone(), shown(&change.before), shown(&change.after)]);
    }
    out.table(&table);
}

/// A version by its number.
pub(super) async fn find(app: &App, id: i64) -> Result<SettingsVersion, Failure> {
    let versions = app.store.settings_versions(u32::MAX).await?;
    versions.into_iter().find(|version| version.id == id).ok_or_else(|| {
        let what = format!("there is no version {id} of the settings");
        Failure::usage("version_unknown", what, "`halo-hit settings versions` lists them")
    })
}
