//! Settings against what the tenants have. Nothing is written while a finding of severity
//! [`Severity::Error`] stands, unless it [touches only a part](Finding::is_partial): then that part waits.

use super::rules::{ConflictRule, Direction, FieldRule};
use super::status::{HitTarget, StatusHow, StatusMap, StatusTarget};
use super::{SETTINGS_VERSION, Settings};
use crate::catalogue::{Catalogue, TicketType};
use crate::field::FieldId;
use crate::ids::{HaloClientId, Kind, TicketTypeId};
use crate::learn::TargetForm;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// How bad a [`Finding`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Works, but somebody should know.
    Warning,
    /// Nothing is applied until it is corrected, or only what it [does not touch](Finding::is_partial).
    Error,
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code, such as `status_not_of_type`.
    pub code: Box<str>,
    /// The place in the settings, such as `status.12.to_halo.qualified`.
    pub place: Box<str>,
    /// One sentence with the way out.
    pub message: Box<str>,
}

/// Checks settings against what the tenants have. An empty list, or one of warnings alone, may be applied.
///
/// Codes: `version_unknown`, `time_zone_missing`, `currency_missing`, `currency_unequal`, `create_type_missing`,
/// `ticket_type_missing`, `ticket_type_wrong_use`, `ticket_type_of_two_kinds`, `status_missing`,
/// `status_not_of_type`, `status_round_trip`, `hit_status_missing`, `hit_status_without_rule`,
/// `hit_status_unmapped`, `outcome_not_of_type`, `outcome_sets_other_status`, `assignee_missing`,
/// `assignee_not_of_type`, `assignee_api_only`, `team_missing`, `team_not_of_type`,
/// `mandatory_field_without_constant`, `constant_not_json`, `field_not_of_kind`, `newest_not_allowed`,
/// `capability_missing`, `client_missing`, `client_unassigned`, `client_stopped`, `client_linked_twice`,
/// `import_without_date`, `limit_zero`, `status_map_missing`, `status_map_unused`.
#[must_use]
pub fn validate(settings: &Settings, catalogue: &Catalogue) -> Vec<Finding> {
    let mut v = Validator { settings, catalogue, found: Vec::new() };
    v.general();
    for kind in Kind::ALL {
        v.kind(kind);
        v.fields(kind);
    }
    v.statuses();
    v.create_rules();
    v.clients();
    v.found.sort();
    v.found.dedup();
    v.found
}

struct Validator<'a> {
    settings: &'a Settings,
    catalogue: &'a Catalogue,
    found: Vec<Finding>,
}

impl Validator<'_> {
    fn error(&mut self, code: &str, place: impl Into<String>, message: impl Into<String>) {
        self.push(Severity::Error, code, place.into(), message.into());
    }

    fn warning(&mut self, code: &str, place: impl Into<String>, message: impl Into<String>) {
        self.push(Severity::Warning, code, place.into(), message.into());
    }

    fn push(&mut self, severity: Severity, code: &str, place: String, message: String) {
        self.found.push(Finding {
            severity,
            code: code.into(),
            place: place.into(),
            message: message.into(),
        });
    }

    fn syncs(&self, test: impl Fn(FieldId) -> bool) -> bool {
        Kind::ALL.into_iter().any(|kind| {
            FieldId::ALL.into_iter().any(|f| {
                test(f)
                    && FieldRule::exists(kind, f)
                    && self.settings.rule(kind, f).direction != Direction::Off
            })
        })
    }

    fn general(&mut self) {
        let settings = self.settings;
        if settings.version == 0 || settings.version > SETTINGS_VERSION {
            let text = format!(
                "These settings have version {}, this program knows versions up to {SETTINGS_VERSION}; use the program that wrote them.",
                settings.version
            );
            self.error("version_unknown", "version", text);
        }
        if self.syncs(FieldId::is_date)
            && settings.project.time_zone.as_deref().is_none_or(|z| z.trim().is_empty())
        {
            self.error(
                "time_zone_missing",
                "project.time_zone",
                "Halo's dates have no zone; choose the zone of the tenant, such as Europe/London.",
            );
        }
        if self.syncs(FieldId::is_money) {
            match (settings.project.halo_currency, settings.project.hit_currency) {
                (Some(halo), Some(hit)) if halo != hit => {
                    let text = format!(
                        "Halo counts in {halo}, HIT in {hit}; amounts are not synced until they are equal."
                    );
                    self.warning("currency_unequal", "project.halo_currency", text);
                }
                (Some(_), Some(_)) => {}
                (halo, _) => {
                    let place = if halo.is_none() { "project.halo_currency" } else { "project.hit_currency" };
                    self.error(
                        "currency_missing",
                        place,
                        "Say in which currency this side counts, such as EUR.",
                    );
                }
            }
        }
        if settings.sync.import.enabled && settings.sync.import.created_after.is_none() {
            self.error(
                "import_without_date",
                "sync.import.created_after",
                "Import from Halo needs a date; older tickets are left alone.",
            );
        }
        let limits = settings.sync.limits;
        for (name, limit) in [("creates", limits.creates), ("updates", limits.updates)] {
            if limit == 0 {
                self.warning(
                    "limit_zero",
                    format!("sync.limits.{name}"),
                    "Nothing of this sort can be applied.",
                );
            }
        }
    }

    fn kind(&mut self, kind: Kind) {
        let of = self.settings.kind(kind);
        let place = |rest: &str| format!("project.{kind}.{rest}");
        for ticket_type in of.create_type.iter().chain(&of.followed) {
            let spot =
                if of.create_type == Some(*ticket_type) { place("create_type") } else { place("followed") };
            match self.catalogue.ticket_types.get(ticket_type) {
                None => {
                    let text = format!(
                        "Ticket type {ticket_type} does not exist or our agent cannot see it; choose another."
                    );
                    self.error("ticket_type_missing", spot, text);
                }
                Some(found) if found.kind != Some(kind) => {
                    let text = format!(
                        "Ticket type {} is used for {}, not for {kind} tickets; choose another.",
                        found.name, found.usage
                    );
                    self.error("ticket_type_wrong_use", spot, text);
                }
                Some(_) => {}
            }
        }
        let other = kind.other();
        for ticket_type in of.create_type.iter().chain(&of.followed) {
            if self.settings.kind(other).follows(*ticket_type) {
                let text = format!("Ticket type {ticket_type} is chosen for both kinds; choose it for one.");
                self.error("ticket_type_of_two_kinds", place("followed"), text);
            }
        }
        let creates = self.settings.sync.create.values().any(|rule| rule.kind() == Some(kind));
        let Some(create_type) = of.create_type else {
            if creates {
                self.error(
                    "create_type_missing",
                    place("create_type"),
                    "Choose the ticket type of new tickets.",
                );
            }
            return;
        };
        for (name, text) in &of.constants {
            if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
                let message = format!("The value for {name} is not JSON; a text needs quotation marks.");
                self.error("constant_not_json", place(&format!("constants.{name}")), message);
            }
        }
        if let Some(found) = self.catalogue.ticket_types.get(&create_type) {
            self.create_type(kind, found);
        }
    }

    fn create_type(&mut self, kind: Kind, found: &TicketType) {
        let of = self.settings.kind(kind);
        let place = |rest: &str| format!("project.{kind}.{rest}");
        for (name, label) in &found.required {
            if !of.constants.contains_key(name) {
                let text =
                    format!("Type {} demands {label} ({name}); give it a value for new tickets.", found.name);
                self.error("mandatory_field_without_constant", place(&format!("constants.{name}")), text);
            }
        }
        if let Some(agent) = of.default_agent {
            match self.catalogue.agents.get(&agent) {
                None => {
                    let text = format!("Agent {agent} does not exist; choose another.");
                    self.error("assignee_missing", place("default_agent"), text);
                }
                Some(a) if !a.active || (!found.agents.is_empty() && !found.agents.contains(&agent)) => {
                    let text = format!(
                        "Agent {} cannot be responsible for type {}; choose another.",
                        a.name, found.name
                    );
                    self.error("assignee_not_of_type", place("default_agent"), text);
                }
                Some(a) if a.api_only => {
                    let text = format!(
                        "Agent {} only uses the API and would never see a ticket; choose a person.",
                        a.name
                    );
                    self.error("assignee_api_only", place("default_agent"), text);
                }
                Some(_) => {}
            }
        }
        if let Some(team) = of.team {
            if !self.catalogue.teams.contains_key(&team) {
                self.error(
                    "team_missing",
                    place("team"),
                    format!("Team {team} does not exist; choose another."),
                );
            } else if !found.teams.is_empty() && !found.teams.contains(&team) {
                let text = format!("Team {team} does not work on type {}; choose another.", found.name);
                self.error("team_not_of_type", place("team"), text);
            }
        }
    }

    fn fields(&mut self, kind: Kind) {
        let set = match kind {
            Kind::Opportunity => &self.settings.sync.opportunity,
            Kind::Project => &self.settings.sync.project,
        };
        for (field, rule) in set {
            let place = format!("sync.{kind}.{field}");
            if rule.direction == Direction::Off {
                continue;
            }
            if !FieldRule::exists(kind, *field) {
                let text = format!("Halo has no such field on a {kind}: {}; switch it off.", field.label());
                self.error("field_not_of_kind", place.clone(), text);
            }
            let text_field = matches!(field, FieldId::Name | FieldId::Description);
            if matches!(rule.conflict, ConflictRule::Newest { .. }) && !text_field {
                self.error(
                    "newest_not_allowed",
                    place.clone(),
                    "\"Newest\" is only for texts; choose a side or a person.",
                );
            }
            for form in [rule.halo_form, rule.hit_form].into_iter().flatten() {
                if !TargetForm::can_be_declared(*field) {
                    let text = "What a server makes of texts can be said of the name alone; take it out.";
                    self.error("form_not_allowed", place.clone(), text);
                } else if form == TargetForm::Cut(0) {
                    self.error(
                        "form_not_allowed",
                        place.clone(),
                        "A text that is cut must keep a character.",
                    );
                }
            }
            let can = self.catalogue.capabilities;
            let missing = match field {
                FieldId::Start => !can.start_date,
                FieldId::Hours => !can.hours,
                FieldId::BudgetMonthly | FieldId::BudgetAnnual => !can.recurring_budget,
                _ => false,
            };
            if missing {
                let text = format!(
                    "This HIT account has no {}; the field is not synced.",
                    field.label().to_lowercase()
                );
                self.warning("capability_missing", place, text);
            }
        }
    }

    fn statuses(&mut self) {
        for kind in Kind::ALL {
            if self.settings.rule(kind, FieldId::Status).direction == Direction::Off {
                continue;
            }
            for ticket_type in
                self.settings.kind(kind).create_type.iter().chain(&self.settings.kind(kind).followed)
            {
                if !self.settings.status.contains_key(ticket_type) {
                    let text = format!(
                        "Ticket type {ticket_type} is followed but has no status map; its statuses wait."
                    );
                    self.warning("status_map_missing", format!("status.{ticket_type}"), text);
                }
            }
        }
        for (ticket_type, map) in &self.settings.status {
            match self.catalogue.ticket_types.get(ticket_type) {
                Some(found) => self.map(*ticket_type, found, map),
                None => {
                    let text = format!(
                        "Ticket type {ticket_type} does not exist or our agent cannot see it; remove its map."
                    );
                    self.error("ticket_type_missing", format!("status.{ticket_type}"), text);
                }
            }
            if self.settings.followed_kind(*ticket_type).is_none() {
                let text = format!("Ticket type {ticket_type} is not followed; its map is not used.");
                self.warning("status_map_unused", format!("status.{ticket_type}"), text);
            }
        }
    }

    fn map(&mut self, id: TicketTypeId, found: &TicketType, map: &StatusMap) {
        for (hit, target) in &map.to_halo {
            let place = format!("status.{id}.to_halo.{hit}");
            if !self.catalogue.hit_statuses.contains_key(hit) {
                let text = format!("HIT has no status {hit}; remove the row.");
                self.error("hit_status_missing", place.clone(), text);
            }
            let StatusTarget::To { status, how } = target else { continue };
            match self.catalogue.statuses.get(status) {
                None => {
                    let text = format!("Halo has no status {status}; choose another.");
                    self.error("status_missing", place.clone(), text);
                }
                Some(s) if !found.allows(*status) => {
                    let text =
                        format!("Status {} is not one of type {}; choose another.", s.name, found.name);
                    self.error("status_not_of_type", place.clone(), text);
                }
                Some(_) => {}
            }
            if let StatusHow::Action(outcome) = how {
                match found.outcomes.get(outcome) {
                    None => {
                        let text = format!("Type {} has no outcome {outcome}; choose another.", found.name);
                        self.error("outcome_not_of_type", place.clone(), text);
                    }
                    Some(o) if o.sets != Some(*status) => {
                        let text =
                            format!("Outcome {} does not set status {status}; choose another.", o.name);
                        self.error("outcome_sets_other_status", place.clone(), text);
                    }
                    Some(_) => {}
                }
            }
            // A written status must read back as the one it was written for, or HIT would be changed in return.
            let back = map.to_hit.get(status);
            if matches!(back, Some(HitTarget::To(to)) if to != hit) && self.both_ways(id) {
                let text = format!(
                    "HIT status {hit} becomes Halo status {status}, but that one leads back to another; make both rows agree, or accept that the pair counts as equal."
                );
                self.warning("status_round_trip", place, text);
            }
        }
        for (halo, target) in &map.to_hit {
            let place = format!("status.{id}.to_hit.{halo}");
            match self.catalogue.statuses.get(halo) {
                None => self.error(
                    "status_missing",
                    place.clone(),
                    format!("Halo has no status {halo}; remove the row."),
                ),
                Some(s) if !found.allows(*halo) => {
                    let text =
                        format!("Status {} is not one of type {}; remove the row.", s.name, found.name);
                    self.error("status_not_of_type", place.clone(), text);
                }
                Some(_) => {}
            }
            if let HitTarget::To(hit) = target
                && !self.catalogue.hit_statuses.contains_key(hit)
            {
                self.error("hit_status_missing", place, format!("HIT has no status {hit}; choose another."));
            }
        }
    }

    fn both_ways(&self, ticket_type: TicketTypeId) -> bool {
        self.settings
            .followed_kind(ticket_type)
            .is_some_and(|kind| self.settings.rule(kind, FieldId::Status).direction == Direction::Both)
    }

    fn create_rules(&mut self) {
        for (hit, rule) in &self.settings.sync.create {
            let place = format!("sync.create.{hit}");
            if !self.catalogue.hit_statuses.contains_key(hit) {
                self.error("hit_status_missing", place, format!("HIT has no status {hit}; remove the row."));
                continue;
            }
            let Some(kind) = rule.kind() else { continue };
            let Some(ticket_type) = self.settings.kind(kind).create_type else { continue };
            let mapped =
                self.settings.status.get(&ticket_type).is_some_and(|map| map.to_halo.contains_key(hit));
            if !mapped && self.settings.rule(kind, FieldId::Status).direction.on_create() {
                let text = format!(
                    "Items in {hit} become a {kind}, but the status is not mapped for its type; the ticket starts in the type's first status."
                );
                self.warning("hit_status_unmapped", place, text);
            }
        }
        for (hit, status) in &self.catalogue.hit_statuses {
            if !self.settings.sync.create.contains_key(hit) {
                let text = format!("HIT status {} has no rule; its items wait.", status.name);
                self.warning("hit_status_without_rule", format!("sync.create.{hit}"), text);
            }
        }
    }

    fn clients(&mut self) {
        let clients = &self.settings.project.clients;
        for (hit, halo) in clients {
            let place = format!("project.clients.{hit}");
            if *halo == HaloClientId::UNASSIGNED {
                self.error(
                    "client_unassigned",
                    place.clone(),
                    "Halo client 1 stands for no client; choose a real one.",
                );
                continue;
            }
            match self.catalogue.halo_clients.get(halo) {
                None => {
                    let text = format!(
                        "Halo client {halo} does not exist or our agent cannot see it; choose another."
                    );
                    self.error("client_missing", place.clone(), text);
                }
                Some(c) if c.stopped || c.inactive => {
                    let text =
                        format!("Halo client {} is stopped or inactive; nothing is created for it.", c.name);
                    self.warning("client_stopped", place.clone(), text);
                }
                Some(_) => {}
            }
            let twins = clients.iter().filter(|(_, other)| *other == halo).count();
            if twins > 1 {
                let text = format!("Halo client {halo} is linked to {} HIT clients; link it to one.", twins);
                self.error("client_linked_twice", place, text);
            }
        }
    }
}
