//! What the settings name, held against what both systems have.

mod lossy;
mod reading;
mod words;

use std::collections::BTreeMap;

use hit_client::Account;
use sync_core::field::FieldId;
use sync_core::ids::Kind;
use sync_core::settings::{self, Direction, FieldRule, Settings, Severity, validate};

pub(super) use self::reading::{Read, halo_currency, read};
use self::words::{choices, fitting, place_of};
use super::finding::{Finding, State};
use super::inputs::Inputs;
use super::ledger::Ledger;

/// What is always reported, also when nothing is wrong.
const STANDING: [&str; 11] = [
    "ticket_type_missing",
    "ticket_type_wrong_use",
    "status_map_missing",
    "status_not_of_type",
    "outcome_not_of_type",
    "assignee_not_of_type",
    "team_not_of_type",
    "mandatory_field_without_constant",
    "hit_status_missing",
    "hit_status_without_rule",
    "status_lossy",
];
/// What is judged elsewhere, with more to go by than the settings alone.
const ELSEWHERE: [&str; 3] = ["time_zone_missing", "currency_unequal", "client_stopped"];

/// Judges the settings.
pub(super) async fn judge(
    inputs: &Inputs,
    read: &Read,
    account: Option<&Account>,
    halo: Option<&halo_client::Client>,
    ledger: &mut Ledger,
) {
    let settings = &inputs.settings;
    let found = validate(settings, &read.catalogue);
    let named = |code: &str| found.iter().any(|finding| &*finding.code == code);
    time_zone(settings, account, named("time_zone_missing"), ledger);
    currency(settings, account, halo, ledger).await;

    let typeless = named("ticket_type_missing") || named("ticket_type_wrong_use");
    let mut grouped: BTreeMap<&str, (State, Vec<String>)> = BTreeMap::new();
    for finding in &found {
        let code = kin(wrong_use(finding, read, settings));
        let echoes = echo(code, &finding.place) || (typeless && of_no_type(finding, read, settings));
        if ELSEWHERE.contains(&code) || !answerable(code, read, ledger) || echoes {
            continue;
        }
        let (state, lines) = grouped.entry(code).or_insert((State::Warning, Vec::new()));
        if finding.severity == Severity::Error {
            *state = State::Fails;
        }
        let of_two = &*finding.code == "ticket_type_of_two_kinds";
        lines.push(match code == "ticket_type_wrong_use" && !of_two {
            true => format!("{}: {}", place_of(&finding.place), words::not_that_use(finding, read, settings)),
            false => format!("{}: {}", place_of(&finding.place), finding.message.trim_end_matches('.')),
        });
        let offer = choices(&finding.code, finding, read, settings).filter(|line| !lines.contains(line));
        lines.extend(offer);
    }
    if read.halo {
        let lossy = lossy::rows(settings, &read.catalogue);
        if !lossy.is_empty() {
            grouped.entry("status_lossy").or_insert((State::Warning, Vec::new())).1.extend(lossy);
        }
    }
    for (code, (state, lines)) in &grouped {
        let mut finding = Finding::new((*code).to_owned(), *state).saw_all(lines);
        if !STANDING.contains(code) {
            finding = match state {
                State::Fails => finding
                    .means("What it touches is not applied until it is corrected; where that is everything, nothing is.")
                    .fixed_by("correct the key named above in the configuration"),
                _ => finding
                    .means("The sync works; what is named above does not take part.")
                    .fixed_by("change the key named above in the configuration, if this is not meant"),
            };
        }
        ledger.put(finding);
    }
    for code in STANDING {
        let asked = read.halo && (read.hit || !code.starts_with("hit_"));
        if asked && !grouped.contains_key(code) && ledger.before(code).is_none() {
            if code == "assignee_not_of_type" && read.catalogue.agents.is_empty() {
                ledger.cannot_tell(code, "GET /Agent: nobody is listed, and no error");
            } else {
                ledger.put(Finding::new(code, State::Ok).saw_all(fitting(code, read, settings)));
            }
        }
    }
}

/// Whether the tenants were read that this finding speaks of.
fn answerable(code: &str, read: &Read, ledger: &Ledger) -> bool {
    match code {
        "assignee_missing" | "assignee_not_of_type" | "assignee_api_only" => {
            // Without a default team Halo lists nobody; that is reported where it belongs.
            read.halo && !read.catalogue.agents.is_empty() && !ledger.fails("default_team_missing")
        }
        code if code.starts_with("hit_status") || code == "capability_missing" => read.hit && read.halo,
        code if code.starts_with("ticket_type_of") || code.starts_with("status_map") => true,
        code if ["ticket_type", "status_", "outcome_", "mandatory_", "team_"]
            .iter()
            .any(|p| code.starts_with(p)) =>
        {
            read.halo
        }
        "client_missing" => read.halo,
        _ => true,
    }
}

/// The catalogue knows sales and project types only; a type of another use is there all the same.
fn wrong_use<'f>(finding: &'f settings::Finding, read: &Read, settings: &Settings) -> &'f str {
    let code = &*finding.code;
    let there =
        || words::type_of(finding, settings).is_some_and(|id| read.found.type_names.contains_key(&id));
    if code == "ticket_type_missing" && there() { "ticket_type_wrong_use" } else { code }
}

/// Codes of the settings that are one precondition here.
fn kin(code: &str) -> &str {
    match code {
        "outcome_sets_other_status" => "outcome_not_of_type",
        "assignee_missing" | "assignee_api_only" => "assignee_not_of_type",
        "team_missing" => "team_not_of_type",
        "status_missing" => "status_not_of_type",
        "hit_status_unmapped" => "hit_status_without_rule",
        "status_round_trip" => "status_lossy",
        // A type has one use, so for one of the two kinds it is the wrong one.
        "ticket_type_of_two_kinds" => "ticket_type_wrong_use",
        other => other,
    }
}

/// A map of a type that is missing is no second fault of it.
fn echo(code: &str, place: &str) -> bool {
    matches!(code, "ticket_type_missing" | "ticket_type_wrong_use") && place.starts_with("status.")
}

/// Nor is it that the map of the right type is not used, or that of the wrong one is missing or has no rows.
fn of_no_type(finding: &settings::Finding, read: &Read, settings: &Settings) -> bool {
    let there = |id| read.catalogue.ticket_types.contains_key(&id);
    match &*finding.code {
        "status_map_unused" => true,
        "status_map_missing" => !words::type_of(finding, settings).is_some_and(there),
        "hit_status_unmapped" => {
            Kind::ALL.into_iter().any(|kind| settings.kind(kind).create_type.is_some_and(|id| !there(id)))
        }
        _ => false,
    }
}

fn time_zone(settings: &Settings, account: Option<&Account>, missing: bool, ledger: &mut Ledger) {
    const CODE: &str = "time_zone_missing";
    let ours = settings.project.time_zone.as_deref().filter(|zone| !zone.trim().is_empty());
    if ours.is_none() && missing {
        ledger.put(Finding::new(CODE, State::Fails).saw("halo.time_zone is not set"));
        return;
    }
    let Some(account) = account else { return };
    let halo = format!("halo.time_zone is {}", ours.unwrap_or("not set, and no date is synced"));
    match account.time_zone.as_deref().filter(|zone| !zone.trim().is_empty()) {
        Some(zone) => {
            let hit = format!("GET /account: HumanizeIT's account is in {zone}");
            let unequal = ours.is_some_and(|ours| !ours.trim().eq_ignore_ascii_case(zone.trim()));
            let state = if unequal { State::Warning } else { State::Ok };
            ledger.put(Finding::new("time_zone_unequal", state).saw(&halo).saw(&hit));
            ledger.put(Finding::new(CODE, State::Ok).saw(halo).saw(hit));
        }
        None => ledger.put(
            Finding::new(CODE, State::Fails)
                .saw(halo)
                .saw("GET /account: HumanizeIT's account has no time zone"),
        ),
    }
}

fn syncs_money(settings: &Settings) -> bool {
    Kind::ALL.into_iter().any(|kind| {
        let synced = |field| settings.rule(kind, field).direction != Direction::Off;
        FieldId::ALL
            .into_iter()
            .any(|field| field.is_money() && FieldRule::exists(kind, field) && synced(field))
    })
}

async fn currency(
    settings: &Settings,
    account: Option<&Account>,
    halo: Option<&halo_client::Client>,
    ledger: &mut Ledger,
) {
    const CODE: &str = "currency_unequal";
    if !syncs_money(settings) {
        ledger.ok(CODE, "no budget is synced");
        return;
    }
    let project = &settings.project;
    let (ours, theirs) = (project.halo_currency, project.hit_currency);
    let told = |currency: Option<sync_core::value::Currency>| {
        currency.map_or_else(|| "not set".to_owned(), |currency| currency.to_string())
    };
    let mut lines = vec![format!("halo.currency is {}, hit.currency is {}", told(ours), told(theirs))];
    let mut unequal = matches!((ours, theirs), (Some(ours), Some(theirs)) if ours != theirs);
    let mut unknown = ours.is_none() || theirs.is_none();
    if let Some(found) = account.map(|account| account.currency.as_ref().map(ToString::to_string)) {
        let code = found.as_deref().unwrap_or("none");
        lines.push(format!("GET /account: HumanizeIT's account counts in {code}"));
        unequal |=
            found.as_ref().is_some_and(|found| theirs.is_some_and(|theirs| theirs.to_string() != *found));
        unknown |= found.is_none();
    }
    if let Some(client) = halo
        && let Some(found) = halo_currency(client).await
    {
        lines.push(format!("GET /Currency: Halo counts in {found}"));
        unequal |= ours.is_some_and(|ours| ours.to_string() != found);
    }
    let state = match (unequal, unknown, account.is_some()) {
        (true, ..) => State::Fails,
        (_, true, true) => State::Warning,
        (_, _, true) => State::Ok,
        // The key of the currency is there; whether HumanizeIT agrees, nobody can tell.
        (_, _, false) => return,
    };
    ledger.put(Finding::new(CODE, state).saw_all(lines));
}
