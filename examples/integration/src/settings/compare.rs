//! What differs between two versions, key by key, in the words of the configuration file.

use std::collections::BTreeMap;

use serde_json::Value;
use sync_core::catalogue::Catalogue;

use super::Difference;
use crate::config::key_of;

/// What differs between two settings as JSON.
pub(super) fn differences(before: &str, after: &str) -> Vec<Difference> {
    let (before, after) = (flat(before), flat(after));
    let mut keys: Vec<&String> = before.keys().chain(after.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| Difference {
            key: key_of(key),
            before: before.get(key).cloned(),
            after: after.get(key).cloned(),
        })
        .collect()
}

fn flat(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // What an earlier program wrote and nobody can read differs in every key, which is true.
    walk("", &serde_json::from_str(text).unwrap_or(Value::Null), &mut found);
    found
}

fn walk(path: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) if !is_value(map) => {
            for (key, value) in map {
                let place = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(&place, value, found);
            }
        }
        Value::Null => {}
        Value::Array(list) => {
            let words: Vec<String> = list.iter().map(word).collect();
            found.insert(path.to_owned(), format!("[{}]", words.join(", ")));
        }
        other => {
            found.insert(path.to_owned(), word(other));
        }
    }
}

/// Small tables that are one value to people: a target of a status map, the scope.
fn is_value(map: &serde_json::Map<String, Value>) -> bool {
    map.len() == 1 && map.keys().any(|key| ["to", "validation"].contains(&key.as_str()))
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) if is_value(map) => match map.values().next() {
            // A target with its way: the status is what people read.
            Some(Value::Object(to)) => match (to.get("status"), to.get("how")) {
                (Some(status), Some(Value::String(_))) => word(status),
                (Some(status), Some(how)) => format!("{} by {how}", word(status)),
                _ => value.to_string(),
            },
            Some(Value::Array(list)) => {
                format!("[{}]", list.iter().map(word).collect::<Vec<_>>().join(", "))
            }
            Some(other) => word(other),
            None => String::new(),
        },
        other => other.to_string(),
    }
}

/// A value with the name behind its id, where the key says what it is an id of.
pub(super) fn named(key: &str, value: &str, has: &Catalogue) -> String {
    match name_behind(key, value, has) {
        Some(name) => format!("{value} ({name})"),
        None => value.to_owned(),
    }
}

/// The names of the ids that are a key's value.
pub(super) fn name_behind(key: &str, value: &str, has: &Catalogue) -> Option<String> {
    let number = || value.parse::<i64>().ok();
    let last = key.rsplit('.').next().unwrap_or(key);
    let names = match last {
        "create_type" => has.ticket_types.get(&number()?.into()).map(|of| of.name.to_string()),
        "default_agent" => has.agents.get(&number()?.into()).map(|agent| agent.name.to_string()),
        "team" => has.teams.get(&number()?.into()).map(ToString::to_string),
        "won_status" => has.statuses.get(&number()?.into()).map(|status| status.name.to_string()),
        "followed_types" | "validation_clients" => {
            let ids = value.trim_matches(['[', ']']).split(',').map(|id| id.trim().trim_matches('"'));
            let name = |id: &str| match last {
                "followed_types" => {
                    has.ticket_types.get(&id.parse::<i64>().ok()?.into()).map(|of| of.name.to_string())
                }
                _ => has.hit_clients.get(&id.into()).map(|client| client.name.to_string()),
            };
            let names: Vec<String> = ids.filter_map(name).collect();
            (!names.is_empty()).then(|| names.join(", "))
        }
        _ if key.starts_with("project_settings.clients.") => {
            has.halo_clients.get(&number()?.into()).map(|client| client.name.to_string())
        }
        _ if key.starts_with("project_settings.people.") => {
            has.agents.get(&number()?.into()).map(|agent| agent.name.to_string())
        }
        _ if key.contains(".to_halo.") => {
            let from = has.hit_statuses.get(&last.into())?.name.to_string();
            let to = has.statuses.get(&number()?.into())?.name.to_string();
            Some(format!("{from} -> {to}"))
        }
        _ if key.contains(".to_hit.") => {
            let from = has.statuses.get(&last.parse::<i64>().ok()?.into())?.name.to_string();
            let to = has.hit_statuses.get(&value.into())?.name.to_string();
            Some(format!("{from} -> {to}"))
        }
        _ => None,
    };
    // One line, whatever the other system put into its names.
    names.map(|name| name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
}

#[cfg(test)]
mod tests {
    use sync_core::ids::{HitStatusId, StatusId, TicketTypeId};
    use sync_core::settings::{Scope, Settings, StatusTarget};

    use super::*;

    #[test]
    fn differences_speak_the_files_language() {
        let json = |settings: &Settings| serde_json::to_string(settings).unwrap();
        let before = Settings::default();
        let mut after = before.clone();
        after.project.project.create_type = Some(TicketTypeId(33));
        after.sync.limits.creates = 7;
        after.sync.scope = Scope::Validation(["cl_1".into()].into());
        let map = after.status.entry(TicketTypeId(33)).or_default();
        map.to_halo.insert(HitStatusId::from("st_a"), StatusTarget::set(StatusId(30)));
        let told: Vec<String> = differences(&json(&before), &json(&after))
            .into_iter()
            .map(|d| {
                format!("{}: {} -> {}", d.key, d.before.unwrap_or_default(), d.after.unwrap_or_default())
            })
            .collect();
        assert_eq!(
            told,
            [
                "project_settings.project.create_type:  -> 33",
                "status_map.33.to_halo.st_a:  -> 30",
                "limits.creates: 25 -> 7",
                "scope: [] -> [cl_1]",
            ]
        );
        assert!(differences(&json(&after), &json(&after)).is_empty());
    }
}
