//! The input with the indexes that several parts of the planner need.

use super::{Digests, LinkPlan, PlanInput};
use crate::base::{Intent, Link};
use crate::catalogue::HaloClient;
use crate::decision::{Issue, IssueCode, Subject};
use crate::field::FieldId;
use crate::guard::{self, Guard};
use crate::ids::{HaloClientId, HitClientId, ItemId, Kind, Side, TicketId, TicketTypeId};
use crate::kernel::Relation;
use crate::marker::Marker;
use crate::plan::{Skip, SkipReason};
use crate::record::{HaloTicket, HitItem};
use crate::settings::{Direction, FieldRule};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cell::OnceCell;

pub(super) struct Context<'a> {
    pub(super) input: &'a PlanInput<'a>,
    pub(super) links: BTreeMap<&'a ItemId, &'a Link>,
    /// Tickets of links.
    linked: BTreeSet<TicketId>,
    /// Tickets by marker, in order of id.
    markers: BTreeMap<&'a Marker, Vec<&'a HaloTicket>>,
    /// Unlinked projects by the ticket they came from.
    offspring: BTreeMap<TicketId, Vec<&'a HaloTicket>>,
    intents: BTreeMap<&'a Marker, &'a Intent>,
    /// How often a person has ended a link of the ticket, taken back or not.
    ended: BTreeMap<TicketId, usize>,
    /// Tickets that a person has parted from an item.
    parted: BTreeSet<TicketId>,
    /// Whether money may be synced at all.
    pub(super) money: bool,
    digests: OnceCell<Digests>,
}

impl<'a> Context<'a> {
    pub(super) fn new(input: &'a PlanInput<'a>) -> Self {
        let links: BTreeMap<_, _> = input.links.iter().map(|link| (&link.item, link)).collect();
        let linked: BTreeSet<TicketId> =
            links.values().flat_map(|link| [link.opportunity, link.project]).flatten().collect();
        let mut context = Self {
            input,
            links,
            linked,
            markers: BTreeMap::new(),
            offspring: BTreeMap::new(),
            intents: input.intents.iter().map(|intent| (&intent.spec.marker, intent)).collect(),
            ended: BTreeMap::new(),
            parted: BTreeSet::new(),
            money: input
                .settings
                .project
                .halo_currency
                .is_some_and(|halo| input.settings.project.hit_currency == Some(halo)),
            digests: OnceCell::new(),
        };
        for end in input.links.iter().flat_map(|link| &link.ends) {
            for ticket in end.tickets() {
                *context.ended.entry(ticket).or_default() += 1;
                if end.parted {
                    context.parted.insert(ticket);
                }
            }
        }
        for ticket in &input.snapshot.tickets {
            if let Some(marker) = &ticket.marker
                && !ticket.deleted
                && ticket.merged_into.is_none()
            {
                context.markers.entry(marker).or_default().push(ticket);
            }
            if ticket.kind == Some(Kind::Project) && context.is_free(ticket) {
                let origins: BTreeSet<TicketId> = ticket
                    .created_from
                    .into_iter()
                    .chain(ticket.parent)
                    .chain(ticket.related.iter().copied())
                    .collect();
                for origin in origins {
                    context.offspring.entry(origin).or_default().push(ticket);
                }
            }
        }
        context
    }

    pub(super) fn digests(&self) -> &Digests {
        self.digests.get_or_init(|| Digests::of_input(self.input))
    }

    pub(super) fn ticket(&self, id: TicketId) -> Option<&'a HaloTicket> {
        self.input.snapshot.ticket(id)
    }

    pub(super) fn item(&self, id: &ItemId) -> Option<&'a HitItem> {
        self.input.snapshot.item(id)
    }

    pub(super) fn is_linked(&self, ticket: TicketId) -> bool {
        self.linked.contains(&ticket) || self.input.taken.is_some_and(|taken| taken.contains(&ticket))
    }

    /// Whether a ticket could become part of a link: live, of a kind, no task, not ours to probe with, not linked.
    pub(super) fn is_free(&self, ticket: &HaloTicket) -> bool {
        ticket.kind.is_some()
            && !ticket.is_task
            && !ticket.is_probe
            && !ticket.deleted
            && ticket.merged_into.is_none()
            && !self.is_linked(ticket.id)
    }

    /// Tickets that carry the marker, in order of id.
    pub(super) fn marked(&self, marker: &Marker) -> &[&'a HaloTicket] {
        if !guard::on(Guard::Marker) {
            return &[];
        }
        self.markers.get(marker).map_or(&[], Vec::as_slice)
    }

    /// The marker of what is made for the item.
    pub(super) fn marker_for(&self, item: &ItemId, kind: Kind) -> Marker {
        let ended = self.links.get(item).map_or(0, |link| link.ends.len());
        Marker::for_item_after(self.input.pair, item, kind, ended)
    }

    /// How often a person has ended a link of the ticket, taken back or not.
    pub(super) fn times_ended(&self, ticket: TicketId) -> usize {
        self.ended.get(&ticket).copied().unwrap_or(0)
    }

    /// Whether a person has parted the ticket from any item.
    pub(super) fn was_parted(&self, ticket: TicketId) -> bool {
        self.parted.contains(&ticket)
    }

    /// Whether the ticket carries a marker only because it was an item's from which a person has parted it, or because an
    /// item was made of it that was parted from it.
    pub(super) fn is_marked_as_parted(&self, ticket: &HaloTicket) -> bool {
        let Some(marker) = &ticket.marker else { return false };
        let pair = self.input.pair;
        let of_item = |link: &&Link| {
            Kind::ALL.into_iter().any(|kind| {
                (0..link.ends.len())
                    .any(|ended| *marker == Marker::for_item_after(pair, &link.item, kind, ended))
            })
        };
        let of_itself = || {
            Kind::ALL.into_iter().any(|kind| {
                (0..self.times_ended(ticket.id))
                    .any(|ended| *marker == Marker::for_ticket_after(pair, ticket.id, kind, ended))
            })
        };
        self.was_parted(ticket.id)
            && (self
                .links
                .values()
                .copied()
                .filter(|link| link.is_parted_from(ticket.id))
                .any(|link| of_item(&link))
                || of_itself())
    }

    /// Whether a person has parted the item from the ticket. An answer that names it still goes before.
    pub(super) fn is_parted(&self, item: &ItemId, ticket: TicketId) -> bool {
        self.links.get(item).is_some_and(|link| link.is_parted_from(ticket))
    }

    pub(super) fn intent(&self, marker: &Marker) -> Option<&'a Intent> {
        self.intents.get(marker).copied()
    }

    /// Unlinked projects that Halo made from the opportunity, or that hang below it or beside it, in order of id.
    pub(super) fn projects_of(&self, opportunity: TicketId) -> Vec<&'a HaloTicket> {
        let mut found: Vec<&HaloTicket> = self.offspring.get(&opportunity).cloned().unwrap_or_default();
        if let Some(ticket) = self.ticket(opportunity) {
            found.extend(
                ticket
                    .related
                    .iter()
                    .filter_map(|id| self.ticket(*id))
                    .filter(|t| t.kind == Some(Kind::Project) && self.is_free(t)),
            );
        }
        found.sort_by_key(|t| t.id);
        found.dedup_by_key(|t| t.id);
        found
    }

    /// Whether other records have something to say about a link whose own rows are unchanged.
    pub(super) fn has_news_of(&self, link: &Link) -> bool {
        link.opportunity.is_some_and(|id| self.projects_of(id).iter().any(|t| !link.is_parted_from(t.id)))
            || Kind::ALL.into_iter().any(|kind| {
                self.marked(&self.marker_for(&link.item, kind))
                    .iter()
                    .any(|t| Some(t.id) != link.ticket(kind))
            })
    }

    pub(super) fn halo_client(&self, id: HaloClientId) -> Option<&'a HaloClient> {
        self.input.catalogue.halo_clients.get(&id)
    }

    pub(super) fn in_scope(&self, client: &HitClientId) -> bool {
        self.input.settings.sync.scope.contains(client)
    }

    pub(super) fn relation(&self, field: FieldId, ticket_type: TicketTypeId) -> Relation<'a> {
        match field {
            FieldId::Status => {
                Relation::Status { ticket_type, map: self.input.settings.status.get(&ticket_type) }
            }
            FieldId::Responsible => Relation::People(self.input.directory),
            _ => {
                let kind = self.input.settings.followed_kind(ticket_type);
                let rule = kind.map(|kind| self.input.settings.rule(kind, field));
                rule.map_or(Relation::Same, Relation::of_values)
            }
        }
    }

    /// The rule of a field, or nothing if it cannot take part: no such field at Halo or at HIT, switched off, or the
    /// link back, which is not merged.
    pub(super) fn active_rule(&self, kind: Kind, field: FieldId) -> Option<FieldRule> {
        if field == FieldId::LinkBack || !FieldRule::exists(kind, field) || !self.hit_has(field) {
            return None;
        }
        let rule = self.input.settings.rule(kind, field);
        (rule.direction != Direction::Off).then_some(rule)
    }

    fn hit_has(&self, field: FieldId) -> bool {
        let can = self.input.catalogue.capabilities;
        match field {
            FieldId::Start => can.start_date,
            FieldId::Hours => can.hours,
            FieldId::BudgetMonthly | FieldId::BudgetAnnual => can.recurring_budget,
            _ => true,
        }
    }

    /// Whether links back are written: there is a place for them on the side, and the rule is not off.
    pub(super) fn links_back(&self, kind: Kind, side: Side) -> bool {
        self.input.settings.rule(kind, FieldId::LinkBack).direction != Direction::Off
            && (side == Side::Halo || self.input.catalogue.capabilities.external_references)
    }
}

/// Adds a skip of a whole record.
pub(super) fn skip_item(out: &mut LinkPlan, item: &ItemId, kind: Option<Kind>, reason: SkipReason) {
    out.skips.push(Skip { item: Some(item.clone()), ticket: None, kind, field: None, reason });
}

/// Adds an issue.
pub(super) fn issue(out: &mut LinkPlan, code: IssueCode, subject: Subject) {
    out.issues.push(Issue::new(code, subject));
}
