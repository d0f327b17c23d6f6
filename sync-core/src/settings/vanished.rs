//! Settings that name what a tenant no longer has.
//!
//! People delete statuses, agents leave, a right is taken away: nobody at the sync has made a mistake, and what the rest
//! of the settings say still holds. So a run leaves out what names such a thing, and reports it; it is not refused.

use super::status::{HitTarget, StatusHow, StatusTarget};
use super::validate::{Finding, Severity, validate};
use super::{Settings, StatusMap};
use crate::catalogue::{Catalogue, TicketType};
use crate::ids::{HitStatusId, StatusId};
use alloc::vec::Vec;

/// The codes of findings that say that a thing is not there (any more), or does not fit any more.
///
/// Ticket types are not among them: without a followed type whole lists are missing, and records that are not listed
/// look like deleted ones. A Halo client is: its links are suspended by the planner.
pub const CODES: [&str; 12] = [
    "hit_status_missing",
    "status_missing",
    "status_not_of_type",
    "outcome_not_of_type",
    "outcome_sets_other_status",
    "assignee_missing",
    "assignee_not_of_type",
    "assignee_api_only",
    "team_missing",
    "team_not_of_type",
    "client_missing",
    "mandatory_field_without_constant",
];

impl Finding {
    /// Whether a run goes on without what it is about: an error whose cause lies in a tenant and touches only a part.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.severity == Severity::Error && CODES.contains(&&*self.code)
    }
}

impl Settings {
    /// The settings without what names a thing that the tenants do not have, and the [findings](validate) about all of
    /// it. A status whose row is gone waits, as one that was never mapped; new tickets get no default agent or team.
    ///
    /// Settings that fit come back unchanged.
    #[must_use]
    pub fn without_vanished(&self, catalogue: &Catalogue) -> (Self, Vec<Finding>) {
        let found: Vec<Finding> = validate(self, catalogue).into_iter().filter(Finding::is_partial).collect();
        let mut settings = self.clone();
        for finding in &found {
            let agent = finding.code.starts_with("assignee_");
            let kind = match &*finding.place {
                "project.opportunity.default_agent" | "project.opportunity.team" => {
                    &mut settings.project.opportunity
                }
                "project.project.default_agent" | "project.project.team" => &mut settings.project.project,
                _ => continue,
            };
            if agent {
                kind.default_agent = None;
            } else {
                kind.team = None;
            }
        }
        for (id, map) in &mut settings.status {
            if let Some(of_type) = catalogue.ticket_types.get(id) {
                keep_known(map, of_type, catalogue);
            }
        }
        (settings, found)
    }
}

fn keep_known(map: &mut StatusMap, of_type: &TicketType, catalogue: &Catalogue) {
    let at_hit = |status: &HitStatusId| catalogue.hit_statuses.contains_key(status);
    let at_halo = |status: &StatusId| catalogue.statuses.contains_key(status) && of_type.allows(*status);
    map.to_halo.retain(|hit, target| {
        let reached = match target {
            StatusTarget::Ignore => true,
            StatusTarget::To { status, how: StatusHow::Action(outcome) } => {
                at_halo(status) && of_type.outcomes.get(outcome).is_some_and(|o| o.sets == Some(*status))
            }
            StatusTarget::To { status, .. } => at_halo(status),
        };
        at_hit(hit) && reached
    });
    map.to_hit.retain(|halo, target| {
        at_halo(halo)
            && match target {
                HitTarget::To(hit) => at_hit(hit),
                HitTarget::Ignore => true,
            }
    });
}
