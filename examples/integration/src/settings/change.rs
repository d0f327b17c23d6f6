//! Changes: held against both systems, counted, then made.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::catalogue::Catalogue;
use sync_core::ids::{Kind, TicketTypeId};
use sync_core::settings::{Finding, HitTarget, Severity, StatusTarget, validate as check};
use toml_edit::DocumentMut;

use super::compare::{differences, name_behind};
use super::edit::{document, replace_settings, set as set_key, value_of};
use super::impact::{Impact, measure};
use super::versions::{find, show};
use super::{Difference, HowArgs, SetArgs};
use crate::app::{App, Systems};
use crate::cli::Context;
use crate::config::{Config, key_of};
use crate::engine::halo::HaloSide;
use crate::engine::halo::read::Reading;
use crate::engine::hit::HitSide;
use crate::exit::{Exit, Failure};
use crate::remote;
use crate::render::Style;
use crate::setup::suggest::suggest;
use crate::setup::write::replace;
use crate::storage::{Change, SettingsHow};

/// A change that brings more writes than this needs a yes.
const MANY: usize = 10;

#[derive(Serialize)]
struct ChangeReport {
    file: String,
    changes: Vec<Difference>,
    notes: Vec<String>,
    impact: Option<Impact>,
    version: Option<i64>,
}

/// A change on its way.
struct Wanted<'a> {
    document: DocumentMut,
    /// Keys that were set, with their values as typed.
    keys: Vec<(String, String)>,
    suggest_map: bool,
    how: SettingsHow,
    by: &'a HowArgs,
    command: &'static str,
}

pub(super) async fn set(args: &SetArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let mut keys = vec![(args.key.trim().to_owned(), args.value.clone())];
    for also in &args.also {
        let (key, value) = also.split_once('=').ok_or_else(|| {
            Failure::usage(
                "also_unreadable",
                format!("{also:?} is no KEY=VALUE"),
                "write the two with = between them",
            )
        })?;
        keys.push((key.trim().to_owned(), value.trim().to_owned()));
    }
    let mut document = document(&read(&app)?)?;
    for (key, value) in &keys {
        set_key(&mut document, key, value_of(value), None)?;
    }
    let wanted = Wanted {
        document,
        keys,
        suggest_map: args.suggest_map,
        how: SettingsHow::Set,
        by: &args.how,
        command: "settings set",
    };
    change(&app, wanted, context).await
}

pub(super) async fn roll_back(version: i64, by: &HowArgs, context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let found = find(&app, version).await?;
    let Some(file) = found.file else {
        return Err(Failure::usage(
            "version_without_file",
            format!("version {version} was recorded without its file, so it cannot be brought back"),
            "`halo-hit settings compare` shows what it was; `halo-hit settings set` changes single keys",
        ));
    };
    let mut now = document(&read(&app)?)?;
    replace_settings(&mut now, &document(&file)?);
    let wanted = Wanted {
        document: now,
        keys: Vec::new(),
        suggest_map: false,
        how: SettingsHow::RollBack,
        by,
        command: "settings roll-back",
    };
    change(&app, wanted, context).await
}

#[derive(Serialize)]
struct Validated {
    findings: Vec<Finding>,
}

pub(super) async fn validate(context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let systems = app.connect(&context.secrets()?).await?;
    let catalogue = live(&app, &systems).await;
    app.keep_rate_window(&systems.halo).await?;
    let catalogue = catalogue?;
    let findings = check(&app.settings().await?, &catalogue);
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let exit = if errors > 0 { Exit::Configuration } else { Exit::Done };
    let out = &mut context.out;
    for finding in &findings {
        let (style, word) = match finding.severity {
            Severity::Error => (Style::Bad, "error"),
            Severity::Warning => (Style::Warning, "to know"),
        };
        out.line(out.paint(style, &format!("{word}: {} ({})", key_of(&finding.place), finding.code)));
        out.paragraph(2, &finding.message);
        if let Some(choices) = choices(finding, &app.config, &catalogue) {
            out.paragraph(2, &choices);
        }
    }
    out.line(match (errors, findings.len()) {
        (0, 0) => "The settings fit what both systems have.".to_owned(),
        (0, count) => format!("The settings fit what both systems have; {count} to know of."),
        (errors, _) => {
            format!("{errors} do not fit what the systems have; what they touch waits until they do.")
        }
    });
    out.result("settings validate", exit, &Validated { findings });
    Ok(exit)
}

async fn change(app: &App, mut wanted: Wanted<'_>, context: &mut Context) -> Result<Exit, Failure> {
    let path = &app.config.path;
    let new = Config::parse(path, &wanted.document.to_string())?;
    if new.settings == app.config.settings {
        return same_settings(app, &wanted, context);
    }
    let secrets = context.secrets()?;
    let lease = app.lease("settings").await?;
    let systems = app.connect(&secrets).await?;
    let prepared = prepare(app, &systems, &mut wanted, new).await;
    app.keep_rate_window(&systems.halo).await?;
    let (new, catalogue, notes, impact) = prepared?;

    let json = |settings| serde_json::to_string(settings).unwrap_or_default();
    let changes = differences(&json(&app.config.settings), &json(&new.settings));
    let out = &mut context.out;
    show(&changes, &catalogue, out);
    for note in &notes {
        out.paragraph(0, note);
    }
    out.paragraph(0, &impact.sentence());
    for sentence in &impact.blocked {
        out.line(out.paint(Style::Warning, &format!("A limit stops it: {sentence}")));
    }
    if impact.more() > MANY && !wanted.by.yes && !confirmed(context)? {
        return Err(Failure::new(
            Exit::Blocked,
            "writes_unconfirmed",
            format!(
                "{} more writes would follow, and nobody has said yes; nothing was changed",
                impact.more()
            ),
            "run it again with --yes, or look with `halo-hit plan` after a smaller change",
        ));
    }
    write(app, &wanted.document)?;
    let settings = App { config: std::sync::Arc::new(new), ..app.clone() }.settings().await?;
    let file = wanted.document.to_string();
    let note = super::note(&settings, Some(wanted.by.author()), wanted.how, Some(file));
    app.store.commit(&lease, &[Change::NoteSettings(Box::new(note))], app.now()).await?;
    let version = app.store.settings_versions(1).await?.first().map(|version| version.id);
    let out = &mut context.out;
    let number = version.map_or(String::new(), |id| format!(" as version {id}"));
    out.line(out.paint(Style::Good, &format!("Changed{number}; the next plan knows.")));
    let report =
        ChangeReport { file: path.display().to_string(), changes, notes, impact: Some(impact), version };
    out.result(wanted.command, Exit::Done, &report);
    Ok(Exit::Done)
}

/// A change of something that is no setting of the sync: how a system is reached, how long things may take.
fn same_settings(app: &App, wanted: &Wanted<'_>, context: &mut Context) -> Result<Exit, Failure> {
    let changed = wanted.document.to_string() != read(app)?;
    if changed {
        write(app, &wanted.document)?;
    }
    let note = if changed {
        "Changed in the file. What is synced stays the same, so there is no new version."
    } else {
        "It is so already; nothing was changed."
    };
    let report = ChangeReport {
        file: app.config.path.display().to_string(),
        changes: Vec::new(),
        notes: vec![note.to_owned()],
        impact: None,
        version: None,
    };
    context.out.line(note);
    context.out.result(wanted.command, Exit::Done, &report);
    Ok(Exit::Done)
}

/// Everything before the change is made: what belongs to it is added, and it is held against both systems and counted.
async fn prepare(
    app: &App,
    systems: &Systems,
    wanted: &mut Wanted<'_>,
    new: Config,
) -> Result<(Config, Catalogue, Vec<String>, Impact), Failure> {
    let catalogue = live(app, systems).await?;
    let mut notes = Vec::new();
    keep_following(app, wanted, &new, &catalogue, &mut notes).await?;
    for (key, value) in wanted.keys.clone() {
        if let Some(name) = name_behind(&key, value.trim(), &catalogue) {
            set_key(&mut wanted.document, &key, value_of(&value), Some(&name))?;
        }
    }
    let mut new = Config::parse(&app.config.path, &wanted.document.to_string())?;
    let missing = maps(app, wanted, &new, &catalogue, &mut notes)?;
    new = Config::parse(&app.config.path, &wanted.document.to_string())?;
    let mut problems = missing;
    for finding in check(&new.settings, &catalogue).iter().filter(|found| found.severity == Severity::Error) {
        let mut line = format!("{}: {}", key_of(&finding.place), finding.message.trim_end_matches('.'));
        if let Some(choices) = choices(finding, &new, &catalogue) {
            line.push_str(&format!(" ({choices})"));
        }
        problems.push(line);
    }
    if !problems.is_empty() {
        return Err(Failure::configuration(
            "change_does_not_fit",
            format!(
                "the change does not fit what both systems have, and nothing was changed: {}",
                problems.join("; ")
            ),
            "choose what depends on it in the same command with --also KEY=VALUE",
        ));
    }
    let impact = measure(app, systems, &new).await?;
    Ok((new, catalogue, notes, impact))
}

/// A type that new tickets no longer get stays followed while links exist: existing tickets keep theirs.
async fn keep_following(
    app: &App,
    wanted: &mut Wanted<'_>,
    new: &Config,
    catalogue: &Catalogue,
    notes: &mut Vec<String>,
) -> Result<(), Failure> {
    let links = app.store.all_links().await?;
    for kind in Kind::ALL {
        let (before, after) = (app.config.settings.kind(kind), new.settings.kind(kind));
        let Some(old) = before.create_type.filter(|old| after.create_type != Some(*old)) else { continue };
        let count = links
            .iter()
            .filter(|link| match kind {
                Kind::Opportunity => link.opportunity.is_some(),
                Kind::Project => link.project.is_some(),
            })
            .count();
        if after.follows(old) || count == 0 {
            continue;
        }
        let mut followed: BTreeSet<TicketTypeId> = after.followed.clone();
        followed.insert(old);
        let ids: toml_edit::Value = followed.iter().map(|id| id.0).collect();
        let names: Vec<String> = followed.iter().map(|id| type_name(*id, catalogue)).collect();
        let key = format!("project_settings.{kind}.followed_types");
        set_key(&mut wanted.document, &key, ids, Some(&names.join(", ")))?;
        notes.push(format!(
            "{} stays followed: {count} linked {kind} tickets keep their type.",
            type_name(old, catalogue)
        ));
    }
    Ok(())
}

fn type_name(id: TicketTypeId, catalogue: &Catalogue) -> String {
    catalogue.ticket_types.get(&id).map_or_else(|| format!("type {id}"), |of| of.name.to_string())
}

/// Status depends on the type: a newly followed one needs a map of its own.
fn maps(
    app: &App,
    wanted: &mut Wanted<'_>,
    new: &Config,
    catalogue: &Catalogue,
    notes: &mut Vec<String>,
) -> Result<Vec<String>, Failure> {
    let mut missing = Vec::new();
    for kind in Kind::ALL {
        let of = new.settings.kind(kind);
        for id in of.create_type.iter().chain(&of.followed) {
            let known = app.config.settings.followed_kind(*id).is_some();
            if known || new.settings.status.contains_key(id) {
                continue;
            }
            let name = type_name(*id, catalogue);
            if !wanted.suggest_map {
                missing.push(format!(
                    "status_map.{id}: {name} has no status map; --suggest-map writes the one that names suggest"
                ));
                continue;
            }
            let suggested = suggest(catalogue, *id, kind);
            for (hit, target) in &suggested.map.to_halo {
                let value = match target {
                    StatusTarget::To { status, .. } => toml_edit::Value::from(status.0),
                    StatusTarget::Ignore => "ignore".into(),
                };
                row(wanted, &format!("status_map.{id}.to_halo"), hit.as_str(), value, catalogue)?;
            }
            for (halo, target) in &suggested.map.to_hit {
                let value = match target {
                    HitTarget::To(hit) => hit.as_str().into(),
                    HitTarget::Ignore => "ignore".into(),
                };
                row(wanted, &format!("status_map.{id}.to_hit"), &halo.to_string(), value, catalogue)?;
            }
            notes.push(format!(
                "The status map of {name} was suggested by names; look at [status_map.{id}] in the file."
            ));
        }
    }
    Ok(missing)
}

fn row(
    wanted: &mut Wanted<'_>,
    table: &str,
    key: &str,
    value: toml_edit::Value,
    catalogue: &Catalogue,
) -> Result<(), Failure> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let name = name_behind(&format!("{table}.{key}"), text.trim(), catalogue);
    let path = format!("{table}.{}", toml_edit::Key::new(key));
    set_key(&mut wanted.document, &path, value, name.as_deref())
}

/// What there is to choose for a finding.
fn choices(finding: &Finding, config: &Config, has: &Catalogue) -> Option<String> {
    let kind = Kind::ALL.into_iter().find(|kind| finding.place.starts_with(&format!("project.{kind}.")));
    let of = kind
        .and_then(|kind| config.settings.kind(kind).create_type)
        .or_else(|| finding.place.strip_prefix("status.")?.split('.').next()?.parse().ok().map(TicketTypeId))
        .and_then(|id| has.ticket_types.get(&id));
    let list = |rows: Vec<String>| (!rows.is_empty()).then(|| format!("there are {}", rows.join(", ")));
    match &*finding.code {
        "assignee_missing" | "assignee_not_of_type" | "assignee_api_only" => {
            let fits = |id| of.is_none_or(|of| of.agents.is_empty() || of.agents.contains(id));
            let people = has.agents.iter().filter(|(id, agent)| agent.active && !agent.api_only && fits(id));
            list(people.map(|(id, agent)| format!("{id} {}", agent.name)).collect())
        }
        "team_missing" | "team_not_of_type" => {
            list(has.teams.iter().map(|(id, name)| format!("{id} {name}")).collect())
        }
        "status_missing" | "status_not_of_type" => {
            let statuses = has.statuses.iter().filter(|(id, _)| of.is_none_or(|of| of.allows(**id)));
            list(statuses.map(|(id, status)| format!("{id} {}", status.name)).collect())
        }
        "ticket_type_missing" | "ticket_type_wrong_use" | "create_type_missing" => {
            let types = has.ticket_types.iter().filter(|(_, of)| kind.is_none() || of.kind == kind);
            list(types.map(|(id, of)| format!("{id} {}", of.name)).collect())
        }
        "hit_status_missing" | "hit_status_without_rule" => {
            list(has.hit_statuses.iter().map(|(id, status)| format!("{id} {}", status.name)).collect())
        }
        _ => None,
    }
}

/// What both systems have at this moment.
async fn live(app: &App, systems: &Systems) -> Result<Catalogue, Failure> {
    let config = &app.config;
    let mut catalogue = Catalogue::default();
    let halo = HaloSide::new(systems.halo.clone(), config.halo.marker, Reading::nothing());
    halo.catalogue(&mut catalogue).await.map_err(|error| remote::halo_failure(&error, config))?;
    let hit = HitSide::new(std::sync::Arc::clone(&systems.hit), config.halo.tenant_name());
    hit.catalogue(&mut catalogue).await.map_err(|error| remote::hit_failure(&error, config))?;
    catalogue.halo_currency = config.settings.project.halo_currency;
    Ok(catalogue)
}

/// Asks whoever sits at the terminal; anywhere else nobody has said yes.
fn confirmed(context: &mut Context) -> Result<bool, Failure> {
    use std::io::IsTerminal;
    if context.common.json || !std::io::stdin().is_terminal() {
        return Ok(false);
    }
    context.out.prompt("Make the change? [no] ");
    let mut answer = String::new();
    // Whoever leaves at the question has not said yes.
    std::io::stdin().read_line(&mut answer).map_err(|error| {
        Failure::other("nobody_answered", "the answer could not be read", "run it again with --yes")
            .with_source(error)
    })?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

fn read(app: &App) -> Result<String, Failure> {
    let path = &app.config.path;
    std::fs::read_to_string(path).map_err(|error| {
        let what = format!("the configuration file {} cannot be read", path.display());
        Failure::configuration("configuration_unreadable", what, "see the cause").with_source(error)
    })
}

fn write(app: &App, document: &DocumentMut) -> Result<(), Failure> {
    let path = &app.config.path;
    replace(path, &document.to_string()).map_err(|error| {
        let what = format!("the configuration file {} cannot be written", path.display());
        Failure::configuration("configuration_unwritable", what, "nothing was changed; see the cause")
            .with_source(error)
    })
}
