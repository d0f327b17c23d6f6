//! The first widget, project settings, and the third, status maps, from the file's keys.

use std::collections::BTreeMap;

use sync_core::ids::{AgentId, HaloClientId, HitClientId, HitStatusId, Kind, MemberId, OutcomeId, StatusId};
use sync_core::ids::{TeamId, TemplateId, TicketTypeId};
use sync_core::settings::{HitTarget, KindSettings, Settings, StatusMap, StatusTarget};

use super::reader::{Entry, Reader};
use crate::exit::Failure;

/// The word for a status that is known and means nothing to the other side.
const IGNORE: &str = "ignore";

/// Reads `[project_settings]` and `[status_map]`.
pub(super) fn read(root: &mut Reader<'_>, settings: &mut Settings) -> Result<(), Failure> {
    let mut project = root.section("project_settings")?;
    settings.project.opportunity = read_kind(project.section(Kind::Opportunity.name())?)?;
    settings.project.project = read_kind(project.section(Kind::Project.name())?)?;
    for entry in project.section("clients")?.entries() {
        settings.project.clients.insert(HitClientId::from(entry.key.as_str()), HaloClientId(entry.id()?));
    }
    for entry in project.section("people")?.entries() {
        settings.project.people.insert(MemberId::from(entry.key.as_str()), AgentId(entry.id()?));
    }
    project.finish()?;
    for entry in root.section("status_map")?.entries() {
        let ticket_type = TicketTypeId(key_id(&entry, "a ticket type")?);
        settings.status.insert(ticket_type, read_map(entry.reader()?)?);
    }
    Ok(())
}

fn read_kind(mut section: Reader<'_>) -> Result<KindSettings, Failure> {
    let kind = KindSettings {
        create_type: section.id("create_type")?.map(TicketTypeId),
        followed: section.ids("followed_types")?.into_iter().map(TicketTypeId).collect(),
        default_agent: section.id("default_agent")?.map(AgentId),
        team: section.id("team")?.map(TeamId),
        template: section.id("template")?.map(TemplateId),
        constants: read_constants(section.section("required_values")?)?,
    };
    section.finish()?;
    Ok(kind)
}

/// Fields of Halo's API with values of any kind.
pub(super) fn read_constants(mut section: Reader<'_>) -> Result<BTreeMap<Box<str>, Box<str>>, Failure> {
    section
        .entries()
        .into_iter()
        .map(|entry| {
            if entry.key.starts_with("_novalidate") {
                let way_out = "give the fields that Halo asks for their values here instead";
                return Err(entry.wrong(
                    "validation_stays_on",
                    "would switch off Halo's own checks",
                    way_out,
                ));
            }
            let value = entry.json()?;
            Ok((entry.key.as_str().into(), value.into()))
        })
        .collect()
}

fn read_map(mut section: Reader<'_>) -> Result<StatusMap, Failure> {
    let mut map = StatusMap::default();
    for entry in section.section("to_halo")?.entries() {
        map.to_halo.insert(HitStatusId::from(entry.key.as_str()), read_halo_target(&entry)?);
    }
    for entry in section.section("to_hit")?.entries() {
        let status = StatusId(key_id(&entry, "a Halo status")?);
        let target = match entry.text()?.trim() {
            IGNORE => HitTarget::Ignore,
            "" => {
                return Err(entry.wrong(
                    "status_empty",
                    "is empty",
                    "write a HumanizeIT status id, or \"ignore\"",
                ));
            }
            id => HitTarget::To(HitStatusId::from(id)),
        };
        map.to_hit.insert(status, target);
    }
    section.finish()?;
    Ok(map)
}

fn read_halo_target(entry: &Entry<'_>) -> Result<StatusTarget, Failure> {
    if entry.is_text() {
        return entry.word(&[(IGNORE, StatusTarget::Ignore)]).map_err(|_| {
            entry.wrong(
                "status_not_an_id",
                "is no status id",
                "write the number of a Halo status, or \"ignore\"",
            )
        });
    }
    if !entry.is_table() {
        return entry.id().map(|status| StatusTarget::set(StatusId(status)));
    }
    let mut table = entry.reader()?;
    let (status, action) = (table.id("status")?, table.id("action")?);
    table.finish()?;
    match (status, action) {
        (Some(status), None) => Ok(StatusTarget::set(StatusId(status))),
        (Some(status), Some(outcome)) => Ok(StatusTarget::action(OutcomeId(outcome), StatusId(status))),
        (None, _) => Err(entry.wrong(
            "status_missing_in_row",
            "names no status",
            "write { status = ID, action = OUTCOME }, with the status that the action sets",
        )),
    }
}

/// A key that is a Halo id.
fn key_id(entry: &Entry<'_>, what: &str) -> Result<i64, Failure> {
    entry.key.parse().ok().filter(|id| *id > 0).ok_or_else(|| {
        let wrong = format!("is not under the id of {what}");
        entry.wrong("key_not_an_id", wrong, "write the number that Halo shows for it as the key")
    })
}

/// The key of this file that a place in [`Settings`] comes from.
pub(crate) fn key_of(place: &str) -> String {
    const PLACES: [(&str, &str); 11] = [
        ("project.time_zone", "halo.time_zone"),
        ("project.halo_currency", "halo.currency"),
        ("project.hit_currency", "hit.currency"),
        ("project.", "project_settings."),
        ("status.", "status_map."),
        ("sync.limits", "limits"),
        ("sync.scope", "scope"),
        ("sync.write_closed", "sync.closed.write"),
        ("sync.settle_ms", "timing.settle"),
        ("sync.promotion.wait_ms", "timing.promotion_wait"),
        ("version", "format"),
    ];
    let mapped = PLACES
        .iter()
        .find_map(|(from, to)| place.strip_prefix(from).map(|rest| format!("{to}{rest}")))
        .unwrap_or_else(|| place.to_owned());
    mapped.replace(".followed", ".followed_types").replace(".constants", ".required_values")
}

/// The codes of sync-core's findings as stable codes of failures. Unknown ones share one.
pub(super) fn stable_code(code: &str) -> &'static str {
    const CODES: [&str; 28] = [
        "time_zone_missing",
        "currency_missing",
        "create_type_missing",
        "ticket_type_missing",
        "ticket_type_wrong_use",
        "ticket_type_of_two_kinds",
        "status_missing",
        "status_not_of_type",
        "status_round_trip",
        "hit_status_missing",
        "hit_status_without_rule",
        "hit_status_unmapped",
        "outcome_not_of_type",
        "outcome_sets_other_status",
        "assignee_missing",
        "assignee_not_of_type",
        "assignee_api_only",
        "team_missing",
        "team_not_of_type",
        "mandatory_field_without_constant",
        "constant_not_json",
        "field_not_of_kind",
        "newest_not_allowed",
        "form_not_allowed",
        "client_missing",
        "client_unassigned",
        "client_linked_twice",
        "import_without_date",
    ];
    CODES.into_iter().find(|known| *known == code).unwrap_or("settings_do_not_fit")
}
