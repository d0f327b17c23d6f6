//! The second widget: which fields go which way, what is created, and how much at once.

use std::collections::BTreeSet;

use sync_core::field::FieldId;
use sync_core::ids::{HitClientId, HitStatusId, Kind, StatusId};
use sync_core::learn::TargetForm;
use sync_core::settings::{
    Blank, CloseRecipe, ConflictRule, CreateRule, Direction, FieldRule, FieldRules, FirstLink, PromotionMode,
    Scope, Settings,
};

use super::reader::{Entry, Reader};
use super::settings::read_constants;
use crate::exit::Failure;

const DIRECTIONS: [(&str, Direction); 7] = [
    ("hit_to_halo", Direction::HitToHalo { until_quoted: false }),
    ("hit_to_halo_until_quoted", Direction::HitToHalo { until_quoted: true }),
    ("halo_to_hit", Direction::HaloToHit),
    ("both", Direction::Both),
    ("on_create", Direction::OnCreate),
    ("on_create_then_halo_to_hit", Direction::OnCreateThenHaloToHit),
    ("off", Direction::Off),
];
const CONFLICTS: [(&str, ConflictRule); 3] = [
    ("manual", ConflictRule::Manual),
    ("halo_wins", ConflictRule::HaloWins),
    ("hit_wins", ConflictRule::HitWins),
];
const BLANKS: [(&str, Blank); 2] =
    [("never_overwrites", Blank::NeverOverwrites), ("is_value", Blank::IsValue)];
const FIRST_LINKS: [(&str, FirstLink); 3] =
    [("fill_blanks", FirstLink::FillBlanks), ("policy", FirstLink::Policy), ("manual", FirstLink::Manual)];
const CREATES: [(&str, CreateRule); 3] = [
    ("nothing", CreateRule::Nothing),
    ("opportunity", CreateRule::Opportunity),
    ("project", CreateRule::Project),
];
const PROMOTIONS: [(&str, PromotionMode); 3] = [
    ("linked", PromotionMode::Linked),
    ("adopt_only", PromotionMode::AdoptOnly),
    ("convert", PromotionMode::Convert),
];

/// Reads `[scope]`, `[sync]` and `[limits]`.
pub(super) fn read(root: &mut Reader<'_>, settings: &mut Settings) -> Result<(), Failure> {
    let mut scope = root.section("scope")?;
    let global = scope.flag("global", false)?;
    let clients: BTreeSet<HitClientId> =
        scope.texts("validation_clients")?.unwrap_or_default().into_iter().map(HitClientId::from).collect();
    settings.sync.scope = if global { Scope::Global } else { Scope::Validation(clients) };
    scope.finish()?;

    let mut sync = root.section("sync")?;
    settings.sync.opportunity = read_rules(sync.section(Kind::Opportunity.name())?, Kind::Opportunity)?;
    settings.sync.project = read_rules(sync.section(Kind::Project.name())?, Kind::Project)?;
    for entry in sync.section("create")?.entries() {
        settings.sync.create.insert(HitStatusId::from(entry.key.as_str()), entry.word(&CREATES)?);
    }
    read_promotion(sync.section("promotion")?, settings)?;
    read_import(sync.section("import")?, settings)?;
    let mut closed = sync.section("closed")?;
    settings.sync.write_closed = closed.flag("write", settings.sync.write_closed)?;
    closed.finish()?;
    sync.finish()?;
    read_limits(root.section("limits")?, settings)
}

/// Only rules that differ from the defaults are kept, so that saying a default aloud changes no settings hash.
fn read_rules(mut section: Reader<'_>, kind: Kind) -> Result<FieldRules, Failure> {
    let mut rules = FieldRules::new();
    for field in FieldId::ALL {
        let Some(entry) = section.get(field.code()) else { continue };
        let default = FieldRule::default_for(kind, field);
        let rule = read_rule(&entry, default)?;
        if rule.direction != Direction::Off && !FieldRule::exists(kind, field) {
            let what = format!("cannot be synced, because Halo's {kind} tickets have no such field");
            return Err(entry.wrong("field_not_of_kind", what, "write \"off\", or remove the line"));
        }
        if rule != default {
            rules.insert(field, rule);
        }
    }
    section.finish()?;
    Ok(rules)
}

fn read_rule(entry: &Entry<'_>, default: FieldRule) -> Result<FieldRule, Failure> {
    if !entry.is_table() {
        return Ok(FieldRule { direction: entry.word(&DIRECTIONS)?, ..default });
    }
    let mut table = entry.reader()?;
    let rule = FieldRule {
        direction: table.get("direction").map_or(Ok(default.direction), |entry| entry.word(&DIRECTIONS))?,
        conflict: table.get("conflict").map_or(Ok(default.conflict), |entry| read_conflict(&entry))?,
        blank: table.get("blank").map_or(Ok(default.blank), |entry| entry.word(&BLANKS))?,
        first_link: table
            .get("first_link")
            .map_or(Ok(default.first_link), |entry| entry.word(&FIRST_LINKS))?,
        halo_form: table
            .get("halo_form")
            .map_or(Ok(default.halo_form), |entry| read_form(&entry).map(Some))?,
        hit_form: table.get("hit_form").map_or(Ok(default.hit_form), |entry| read_form(&entry).map(Some))?,
    };
    table.finish()?;
    Ok(rule)
}

fn read_form(entry: &Entry<'_>) -> Result<TargetForm, Failure> {
    TargetForm::from_code(entry.text()?).ok_or_else(|| {
        let way_out =
            "write \"first_upper\", \"upper\", \"lower\", \"title\", \"spaces\" or \"cut:CHARACTERS\"";
        entry.wrong("word_unknown", "is not what a server could make of a text", way_out)
    })
}

fn read_conflict(entry: &Entry<'_>) -> Result<ConflictRule, Failure> {
    let Some(seconds) = entry.text()?.strip_prefix("newest") else { return entry.word(&CONFLICTS) };
    let tolerance = seconds.strip_prefix(':').and_then(|seconds| seconds.parse::<u32>().ok());
    tolerance.and_then(|seconds| seconds.checked_mul(1000)).map_or_else(
        || {
            let way_out =
                "write \"newest:SECONDS\", with the seconds by which the servers' clocks may differ";
            Err(entry.wrong("word_unknown", "lacks its tolerance", way_out))
        },
        |tolerance_ms| Ok(ConflictRule::Newest { tolerance_ms }),
    )
}

fn read_promotion(mut section: Reader<'_>, settings: &mut Settings) -> Result<(), Failure> {
    let rule = &mut settings.sync.promotion;
    if let Some(entry) = section.get("mode") {
        rule.mode = entry.word(&PROMOTIONS)?;
    }
    let status = section.id("won_status")?;
    let values = section.section("won_values")?;
    let constants = read_constants(values)?;
    rule.won = match status {
        Some(status) => Some(CloseRecipe { status: StatusId(status), constants }),
        None if constants.is_empty() => None,
        None => {
            return Err(Failure::configuration(
                "won_status_missing",
                "sync.promotion.won_values is given without sync.promotion.won_status",
                "write the closed status of a won opportunity, or remove the values",
            ));
        }
    };
    section.finish()
}

fn read_import(mut section: Reader<'_>, settings: &mut Settings) -> Result<(), Failure> {
    let rule = &mut settings.sync.import;
    rule.enabled = section.flag("enabled", rule.enabled)?;
    let way_out = "write the day from which tickets are imported, as \"2026-01-31\"";
    if let Some(entry) = section.get("created_after") {
        let day = entry.text()?.parse();
        rule.created_after = Some(day.map_err(|_| entry.wrong("date_unreadable", "is no day", way_out))?);
    }
    rule.opportunity_status = section.text("opportunity_status")?.map(HitStatusId::from);
    rule.project_status = section.text("project_status")?.map(HitStatusId::from);
    section.finish()?;
    if rule.enabled && rule.created_after.is_none() {
        let what = "sync.import is enabled without sync.import.created_after";
        return Err(Failure::configuration("import_without_date", what, way_out));
    }
    Ok(())
}

fn read_limits(mut section: Reader<'_>, settings: &mut Settings) -> Result<(), Failure> {
    const MOST: u32 = 1_000_000;
    let limits = &mut settings.sync.limits;
    for (key, limit, most) in [
        ("creates", &mut limits.creates, MOST),
        ("creates_per_client", &mut limits.creates_per_client, MOST),
        ("creates_validating", &mut limits.creates_validating, MOST),
        ("updates", &mut limits.updates, MOST),
        ("updates_percent", &mut limits.updates_percent, 100),
        ("promotions", &mut limits.promotions, MOST),
        ("closes", &mut limits.closes, MOST),
        // Nothing is ever deleted; the key exists so that the file can say so.
        ("deletes", &mut limits.deletes, 0),
    ] {
        *limit = section.number(key, *limit, 0, most)?;
    }
    section.finish()
}
