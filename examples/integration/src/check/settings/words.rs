//! Places and choices in the words of the configuration file.

use std::fmt::Display;

use sync_core::ids::{Kind, TicketTypeId};
use sync_core::settings::{Finding, Settings, StatusHow, StatusTarget};

use super::reading::Read;
use crate::config;

/// So many ids are offered.
const OFFERED: usize = 30;

/// The key of the configuration file that a place means.
pub(super) fn place_of(place: &str) -> String {
    config::key_of(place)
}

fn kind_of(place: &str) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| place.starts_with(&format!("project.{kind}.")))
}

/// The ticket type that a finding speaks of. Several are followed, and then the message alone says which.
pub(super) fn type_of(finding: &Finding, settings: &Settings) -> Option<TicketTypeId> {
    let number = |text: &str| text.parse().ok().map(TicketTypeId);
    if let Some(rest) = finding.place.strip_prefix("status.") {
        return number(rest.split('.').next()?);
    }
    if finding.place.ends_with(".followed") {
        return number(finding.message.strip_prefix("Ticket type ")?.split(' ').next()?);
    }
    settings.kind(kind_of(&finding.place)?).create_type
}

/// What is wrong with a type of another use.
pub(super) fn not_that_use(finding: &Finding, read: &Read, settings: &Settings) -> String {
    let id = type_of(finding, settings);
    let name = id.and_then(|id| read.found.type_names.get(&id)).map_or("the type", String::as_str);
    let kind = kind_of(&finding.place).map_or("project or opportunity", Kind::name);
    let id = id.map_or_else(String::new, |id| format!(" ({id})"));
    format!("in Halo, {name}{id} is not a type of {kind} tickets; choose another")
}

fn list(head: &str, rows: impl Iterator<Item = (String, impl Display)>) -> Option<String> {
    let mut rows: Vec<String> = rows.map(|(id, name)| format!("{id} {name}")).collect();
    let more = rows.len().saturating_sub(OFFERED);
    rows.truncate(OFFERED);
    if rows.is_empty() {
        return None;
    }
    let rest = if more > 0 { format!(", and {more} more") } else { String::new() };
    Some(format!("{head}: {}{rest}", rows.join(", ")))
}

/// The ids to choose from.
pub(super) fn choices(code: &str, finding: &Finding, read: &Read, settings: &Settings) -> Option<String> {
    let has = &read.catalogue;
    let of = type_of(finding, settings).and_then(|id| has.ticket_types.get(&id));
    match code {
        "ticket_type_missing" | "ticket_type_wrong_use" | "create_type_missing" => kind_of(&finding.place)
            .and_then(|kind| {
                let types = has.ticket_types.iter().filter(|(_, found)| found.kind == Some(kind));
                list(&format!("{kind} types in Halo"), types.map(|(id, found)| (id.to_string(), &found.name)))
            }),
        "status_not_of_type" | "status_missing" => of.and_then(|of| {
            let allowed = has.statuses.iter().filter(|(id, _)| of.allows(**id));
            list(
                &format!("statuses of {}", of.name),
                allowed.map(|(id, status)| (id.to_string(), &status.name)),
            )
        }),
        "assignee_missing" | "assignee_not_of_type" | "assignee_api_only" => of.and_then(|of| {
            let people = has.agents.iter().filter(|(id, agent)| {
                agent.active && !agent.api_only && (of.agents.is_empty() || of.agents.contains(id))
            });
            list(&format!("agents for {}", of.name), people.map(|(id, agent)| (id.to_string(), &agent.name)))
        }),
        "team_missing" => list("teams in Halo", has.teams.iter().map(|(id, name)| (id.to_string(), name))),
        "hit_status_missing" | "hit_status_without_rule" => {
            list("statuses in HumanizeIT", has.hit_statuses.iter().map(|(id, s)| (id.to_string(), &s.name)))
        }
        "outcome_not_of_type" | "outcome_sets_other_status" => of.and_then(|of| {
            list(
                &format!("outcomes of {}", of.name),
                of.outcomes.iter().map(|(id, o)| (id.to_string(), &o.name)),
            )
        }),
        _ => None,
    }
}

/// What speaks for a precondition that holds.
pub(super) fn fitting(code: &str, read: &Read, settings: &Settings) -> Vec<String> {
    let has = &read.catalogue;
    let mut lines = Vec::new();
    for kind in Kind::ALL {
        let of = settings.kind(kind);
        let create = of.create_type.and_then(|id| has.ticket_types.get(&id));
        match code {
            "ticket_type_missing" | "ticket_type_wrong_use" => {
                let types = has.ticket_types.iter().filter(|(id, _)| of.follows(**id));
                lines.extend(list(
                    &format!("{kind} types"),
                    types.map(|(id, found)| (id.to_string(), &found.name)),
                ));
            }
            "status_not_of_type" => {
                let maps = settings.status.iter().filter(|(id, _)| of.follows(**id));
                lines.extend(maps.filter_map(|(id, map)| {
                    let found = has.ticket_types.get(id)?;
                    Some(format!(
                        "{}: {} rows to Halo, {} to HumanizeIT",
                        found.name,
                        map.to_halo.len(),
                        map.to_hit.len()
                    ))
                }));
            }
            "assignee_not_of_type" => lines.extend(create.map(|found| {
                match of.default_agent.and_then(|id| Some((id, has.agents.get(&id)?))) {
                    Some((id, agent)) => format!("{}: {} ({id})", found.name, agent.name),
                    None => format!("{}: no default_agent, so Halo's own default", found.name),
                }
            })),
            "mandatory_field_without_constant" => lines.extend(create.map(|found| {
                match found.required.keys().map(|name| &**name).collect::<Vec<_>>() {
                    none if none.is_empty() => format!("{} demands no further field", found.name),
                    names => format!("{} demands {}, and each has a value", found.name, names.join(", ")),
                }
            })),
            _ => {}
        }
    }
    match code {
        "hit_status_missing" | "hit_status_without_rule" => {
            let of = |id: &sync_core::ids::HitStatusId| settings.sync.create.contains_key(id);
            let (known, all) = (has.hit_statuses.keys().filter(|id| of(id)).count(), has.hit_statuses.len());
            lines = vec![format!("GET /statuses: {known} of {all} statuses are decided")];
        }
        "status_map_missing" => {
            lines = vec![format!("{} status maps for the followed types", settings.status.len())];
        }
        "status_lossy" => lines = vec!["every row leads back to where it came from".to_owned()],
        "outcome_not_of_type" => {
            let rows = settings.status.values().flat_map(|map| map.to_halo.values());
            let actions =
                rows.filter(|row| matches!(row, StatusTarget::To { how: StatusHow::Action(_), .. }));
            lines = vec![format!("{} rows use an action", actions.count())];
        }
        "team_not_of_type" => {
            let chosen = Kind::ALL.into_iter().filter_map(|kind| Some((kind, settings.kind(kind).team?)));
            lines = chosen
                .map(|(kind, id)| {
                    let name = has.teams.get(&id).map_or("unknown", |name| &**name);
                    format!("{kind}: {name} ({id})")
                })
                .collect();
            if lines.is_empty() {
                lines.push("no team is chosen, so that of the ticket type".to_owned());
            }
        }
        _ => {}
    }
    if lines.is_empty() {
        lines.push("nothing is chosen yet".to_owned());
    }
    lines
}
