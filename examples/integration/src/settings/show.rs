//! The settings in force.

use serde::Serialize;
use sync_core::field::FieldId;
use sync_core::hash::Hash256;
use sync_core::ids::Kind;
use sync_core::settings::{Direction, Settings};

use crate::cli::Context;
use crate::exit::{Exit, Failure};
use crate::render::{Out, Style, Table};

#[derive(Serialize)]
struct SettingsReport<'a> {
    file: String,
    hash: Hash256,
    settings: &'a Settings,
}

pub(super) async fn show(context: &mut Context) -> Result<Exit, Failure> {
    let app = context.open().await?;
    let settings = app.settings().await?;
    let hash = settings.settings_hash();
    let file = app.config.path.display().to_string();
    context.out.result(
        "settings",
        Exit::Done,
        &SettingsReport { file: file.clone(), hash, settings: &settings },
    );
    let out = &mut context.out;
    out.line(out.paint(Style::Heading, &format!("Settings of {file}")));
    out.line(out.paint(Style::Faint, &format!("hash {hash}")));
    out.line("");
    show_kinds(&settings, out);
    out.line("");
    show_fields(&settings, out);
    out.line("");
    let mut table = Table::new(["At HumanizeIT", "An unlinked item becomes"]);
    for (status, rule) in &settings.sync.create {
        let word = rule.kind().map_or("nothing", Kind::name);
        table.row([status.as_str(), word]);
    }
    if table.is_empty() {
        out.line("No status creates anything yet ([sync.create]).");
    } else {
        out.table(&table);
    }
    Ok(Exit::Done)
}

fn show_kinds(settings: &Settings, out: &mut Out) {
    let mut table = Table::new(["", "Opportunity", "Project"]);
    let id = |id: Option<String>| id.unwrap_or_else(|| "not chosen".to_owned());
    let both = |value: &dyn Fn(Kind) -> String| Kind::ALL.map(value);
    let [opportunity, project] = both(&|kind| id(settings.kind(kind).create_type.map(|id| id.to_string())));
    table.row(["Type of new tickets".to_owned(), opportunity, project]);
    let [opportunity, project] = both(&|kind| {
        let followed: Vec<String> = settings.kind(kind).followed.iter().map(ToString::to_string).collect();
        if followed.is_empty() { "no others".to_owned() } else { followed.join(", ") }
    });
    table.row(["Types followed as well".to_owned(), opportunity, project]);
    let [opportunity, project] = both(&|kind| {
        settings.kind(kind).default_agent.map_or("the type's default".to_owned(), |id| id.to_string())
    });
    table.row(["Responsible otherwise".to_owned(), opportunity, project]);
    out.table(&table);
    out.line(format!(
        "Linked clients {}, matched people {}, status maps {}.",
        settings.project.clients.len(),
        settings.project.people.len(),
        settings.status.len()
    ));
}

fn show_fields(settings: &Settings, out: &mut Out) {
    let mut table = Table::new(["Field", "Opportunity", "Project"]);
    for field in FieldId::ALL {
        let [opportunity, project] = Kind::ALL.map(|kind| direction(settings.rule(kind, field).direction));
        table.row([field.label(), opportunity, project]);
    }
    out.table(&table);
}

fn direction(direction: Direction) -> &'static str {
    match direction {
        Direction::HitToHalo { until_quoted: false } => "HIT -> Halo",
        Direction::HitToHalo { until_quoted: true } => "HIT -> Halo until quoted",
        Direction::HaloToHit => "Halo -> HIT",
        Direction::Both => "both ways",
        Direction::OnCreate => "on create",
        Direction::OnCreateThenHaloToHit => "on create, then Halo -> HIT",
        Direction::Off => "off",
    }
}
