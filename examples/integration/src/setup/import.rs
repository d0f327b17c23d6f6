//! What is known already: a configuration that is there, and HumanizeIT's own settings of its HaloPSA integration.
//! Both only suggest; the secret is in neither.

use std::collections::BTreeMap;

use hit_client::{Integration, TicketKind};
use sync_core::catalogue::Catalogue;
use sync_core::ids::{HitStatusId, Kind, StatusId, TicketTypeId};
use sync_core::settings::{CreateRule, Scope, Settings, StatusHow, StatusTarget};

use super::talk::Talk;
use crate::config::Config;

/// Who suggests.
const FILE: &str = "as it is";
const HIT: &str = "HumanizeIT has it so";

/// Suggests the connection of a configuration.
pub(super) fn suggest_file(config: &Config, talk: &mut Talk<'_>) {
    let halo = &config.halo;
    talk.suggest("halo.resource_server", vec![halo.resource_server.to_string()], FILE);
    talk.suggest("halo.authorisation_server", vec![halo.authorisation_server.to_string()], FILE);
    if let Some(tenant) = &halo.tenant {
        talk.suggest("halo.tenant", vec![tenant.clone()], FILE);
    }
    talk.suggest("halo.client_id", vec![halo.client_id.clone()], FILE);
    talk.suggest("hit.base_url", vec![config.hit.base_url.to_string()], FILE);
    let settings = &config.settings;
    if let Some(zone) = &settings.project.time_zone {
        talk.suggest("halo.time_zone", vec![zone.to_string()], FILE);
    }
    if let Some(currency) = settings.project.halo_currency {
        talk.suggest("halo.currency", vec![currency.to_string()], FILE);
    }
    if let Some(currency) = settings.project.hit_currency {
        talk.suggest("hit.currency", vec![currency.to_string()], FILE);
    }
    for kind in Kind::ALL {
        let of = settings.kind(kind);
        if let Some(id) = of.create_type {
            talk.suggest(&format!("{kind}.type"), vec![id.to_string()], FILE);
        }
        if !of.followed.is_empty() {
            let ids = of.followed.iter().map(ToString::to_string).collect();
            talk.suggest(&format!("{kind}.followed"), ids, FILE);
        }
        if let Some(id) = of.default_agent {
            talk.suggest(&format!("{kind}.agent"), vec![id.to_string()], FILE);
        }
        if let Some(id) = of.team {
            talk.suggest(&format!("{kind}.team"), vec![id.to_string()], FILE);
        }
        for (field, value) in &of.constants {
            let word = serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_string());
            talk.suggest(&format!("{kind}.required.{field}"), vec![word], FILE);
        }
    }
    for (status, rule) in &settings.sync.create {
        talk.suggest(&format!("create.{status}"), vec![super::write::rule_word(*rule).to_owned()], FILE);
    }
    for (id, map) in &settings.status {
        for (hit, target) in &map.to_halo {
            // A row by action is kept as it is, see `super::statuses`.
            let word = match target {
                StatusTarget::To { status, how: StatusHow::Set } => status.to_string(),
                StatusTarget::To { .. } => continue,
                StatusTarget::Ignore => "ignore".to_owned(),
            };
            talk.suggest(&format!("map.{id}.to_halo.{hit}"), vec![word], FILE);
        }
        for (halo, target) in &map.to_hit {
            let word = match target {
                sync_core::settings::HitTarget::To(id) => id.to_string(),
                sync_core::settings::HitTarget::Ignore => "ignore".to_owned(),
            };
            talk.suggest(&format!("map.{id}.to_hit.{halo}"), vec![word], FILE);
        }
    }
    if let Scope::Validation(clients) = &settings.sync.scope
        && !clients.is_empty()
    {
        let ids = clients.iter().map(ToString::to_string).collect();
        talk.suggest("validation.clients", ids, FILE);
    }
    for (hit, halo) in &settings.project.clients {
        talk.suggest(&format!("clients.{hit}"), vec![halo.to_string()], FILE);
    }
}

/// Whether HumanizeIT's settings hold anything to take over.
pub(super) fn has_something(found: &Integration) -> bool {
    found.opportunity.is_some()
        || found.project.is_some()
        || !found.status_map.is_empty()
        || !found.validation_client_ids.is_empty()
}

/// HumanizeIT's settings in words, with names where Halo has them.
pub(super) fn describe(found: &Integration, catalogue: &Catalogue) -> Vec<String> {
    let mut lines = Vec::new();
    for (kind, choice) in [(Kind::Opportunity, &found.opportunity), (Kind::Project, &found.project)] {
        let Some(choice) = choice else { continue };
        let id = TicketTypeId(choice.ticket_type_id);
        let name = catalogue.ticket_types.get(&id).map_or("not a type our agent can see", |of| &*of.name);
        lines.push(format!("type of {kind} tickets: {name} ({id})"));
    }
    if !found.status_map.is_empty() {
        let names: Vec<String> = found
            .status_map
            .iter()
            .map(|row| {
                let hit = HitStatusId::from(row.status_id.as_str());
                let from =
                    catalogue.hit_statuses.get(&hit).map_or(row.status_id.as_str(), |s| &*s.name).to_owned();
                let halo = StatusId(row.halo_status_id);
                let to =
                    catalogue.statuses.get(&halo).map_or_else(|| halo.to_string(), |s| s.name.to_string());
                format!("{from} -> {to} ({})", row.kind)
            })
            .collect();
        lines.push(format!("status map: {}", names.join(", ")));
    }
    if !found.validation_client_ids.is_empty() {
        let names: Vec<String> = found
            .validation_client_ids
            .iter()
            .map(|id| {
                let known = catalogue.hit_clients.get(&sync_core::ids::HitClientId::from(id.as_str()));
                known.map_or_else(|| id.to_string(), |client| client.name.to_string())
            })
            .collect();
        lines.push(format!("validation clients: {}", names.join(", ")));
    }
    lines
}

/// Suggests what HumanizeIT has stored. Its map goes one way; the way back is suggested by names.
pub(super) fn suggest_integration(found: &Integration, catalogue: &Catalogue, talk: &mut Talk<'_>) {
    let mut types: BTreeMap<Kind, TicketTypeId> = BTreeMap::new();
    for (kind, choice) in [(Kind::Opportunity, &found.opportunity), (Kind::Project, &found.project)] {
        let Some(choice) = choice else { continue };
        types.insert(kind, TicketTypeId(choice.ticket_type_id));
        talk.suggest(&format!("{kind}.type"), vec![choice.ticket_type_id.to_string()], HIT);
        if let Some(agent) = choice.assignee_agent_id {
            talk.suggest(&format!("{kind}.agent"), vec![agent.to_string()], HIT);
        }
    }
    let mut mapped = Vec::new();
    for row in &found.status_map {
        let kind = match &row.kind {
            TicketKind::Opportunity => Kind::Opportunity,
            TicketKind::Project => Kind::Project,
            _ => continue,
        };
        if let Some(id) = types.get(&kind) {
            let question = format!("map.{id}.to_halo.{}", row.status_id);
            talk.suggest(&question, vec![row.halo_status_id.to_string()], HIT);
        }
        mapped.push((HitStatusId::from(row.status_id.as_str()), kind));
    }
    for (status, kind) in becomes(&mapped, &Settings::defaults_for(catalogue).sync.create) {
        talk.suggest(&format!("create.{status}"), vec![kind.to_string()], HIT);
    }
    if !found.validation_client_ids.is_empty() {
        let ids = found.validation_client_ids.iter().map(ToString::to_string).collect();
        talk.suggest("validation.clients", ids, HIT);
    }
}

/// What the items of a status become, for statuses that we know nothing of and that are mapped for one kind alone. That
/// a status is mapped does not say that its items are to be created: `Recommended` is mapped, and creates nothing.
fn becomes(
    mapped: &[(HitStatusId, Kind)],
    usual: &BTreeMap<HitStatusId, CreateRule>,
) -> BTreeMap<HitStatusId, Kind> {
    let unclear = |status: &HitStatusId, kind: Kind| {
        usual.contains_key(status) || mapped.iter().any(|(other, of)| other == status && *of != kind)
    };
    mapped.iter().filter(|(status, kind)| !unclear(status, *kind)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_status_creates_only_where_nothing_else_is_known() {
        let mapped = [
            ("recommended".into(), Kind::Opportunity),
            ("sold".into(), Kind::Project),
            ("both".into(), Kind::Opportunity),
            ("both".into(), Kind::Project),
        ];
        let usual = BTreeMap::from([("recommended".into(), CreateRule::Nothing)]);
        assert_eq!(becomes(&mapped, &usual), BTreeMap::from([("sold".into(), Kind::Project)]));
    }
}
