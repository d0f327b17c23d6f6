//! What must never happen, watched at every step, and what people have been told.

use super::check::Violation;
use super::engine::Engine;
use super::requests::{MOST_LINK_BACKS, Request};
use super::world::{SYNCED, Ticket};
use sync_core::base::{Intent, LinkState};
use sync_core::exec::{Memory, OpResult, RecordKey, Report};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{ItemId, Kind, Side, TicketId};
use sync_core::plan::{OpKind, Plan, ProposalKind};
use sync_core::record::Snapshot;

impl Engine<'_> {
    pub(super) fn note_issues(&mut self, plan: &Plan) {
        for issue in &plan.issues {
            let Some(item) = issue.subject.item.as_ref().map(|item| item.as_str().to_string()) else {
                continue;
            };
            let kinds = Kind::ALL.into_iter().filter(|kind| super::check::reports(&self.world, issue, *kind));
            self.seen.reported.extend(kinds.map(|kind| (item.clone(), kind)));
        }
    }

    /// Nobody may be asked to forget a record that was there when the plan was made. One that was gone and is back may
    /// not have been shown yet.
    pub(super) fn watch_proposals(&mut self, plan: &Plan) {
        for proposal in &plan.proposals {
            if matches!(proposal.kind, ProposalKind::Unlink { .. }) {
                let key =
                    proposal.ticket.map_or_else(|| RecordKey::Item(proposal.item.clone()), RecordKey::Ticket);
                self.watch_gone(&key, &format!("{proposal:?}"));
            }
        }
    }

    /// What is said to be gone must have been.
    pub(super) fn watch_gone(&mut self, key: &RecordKey, what: &str) {
        if self.looks.get(key).is_some_and(|look| look.there) {
            self.breach(Violation::FalseEvidence(what.into()));
        }
    }

    /// What was gone and has been shown since, and taken note of, is there like everything else.
    pub(super) fn note_shown(&mut self, snapshot: &Snapshot) {
        for item in &snapshot.items {
            if let Some(held) = self.world.items.get_mut(item.id.as_str()) {
                held.was_gone &= held.going.is_some();
            }
        }
        for ticket in &snapshot.tickets {
            if let Some(held) = self.world.tickets.get_mut(&ticket.id.0) {
                held.was_gone &= held.going.is_some();
            }
        }
    }

    /// Once both linked records were seen to hold the same, differences are changes.
    pub(super) fn note_agreed(&mut self) {
        for (id, item) in &self.world.items {
            let link = self.durable.memory.links.get(&ItemId::from(id.as_str()));
            let ticket = link.and_then(|link| link.ticket(link.leading()?));
            let Some(ticket) = ticket.and_then(|id| self.world.tickets.get(&id.0)) else { continue };
            let alike = SYNCED.into_iter().filter(|field| {
                super::check::agrees(
                    &self.world,
                    Side::Halo,
                    &ticket.fields.get(*field),
                    &item.fields.get(*field),
                )
            });
            self.seen.agreed.extend(alike.map(|field| (id.clone(), field)));
        }
    }

    pub(super) fn breach(&mut self, violation: Violation) {
        self.seen.breach.get_or_insert(violation);
    }

    /// The item whose link a person has ended is left alone until somebody says otherwise.
    pub(super) fn watch_parted(&mut self) {
        let linked = |item: &&String| {
            let link = self.durable.memory.links.get(&ItemId::from(item.as_str()));
            link.is_some_and(|link| link.leading().is_some())
        };
        if let Some(item) = self.seen.parted.iter().find(linked) {
            self.breach(Violation::NotLeftAlone(format!("{item} was linked again")));
        }
    }

    /// Nothing is sent to records whose link has ended.
    pub(super) fn watch_left_alone(&mut self, request: &Request) {
        let item = match request {
            Request::Create { intent } => intent.spec.item.as_ref().map(|item| item.as_str().to_string()),
            Request::Write { target, .. } => self.world.item_of(target),
            Request::Note { ticket, .. } | Request::Convert { ticket, .. } => {
                self.world.item_of(&RecordKey::Ticket(TicketId(*ticket)))
            }
            Request::LinkBack { item, .. } => Some(item.as_str().to_string()),
        };
        let at = match request {
            Request::Write { target: RecordKey::Ticket(id), .. } => Some(id.0),
            Request::Note { ticket, .. } | Request::Convert { ticket, .. } => Some(*ticket),
            _ => None,
        };
        if at.is_some_and(|ticket| self.seen.parted_from.contains(&ticket)) {
            self.breach(Violation::NotLeftAlone(format!("{request:?}")));
        }
        let Some(item) = item else { return };
        let link = self.durable.memory.links.get(&ItemId::from(item.as_str()));
        let ended = link.is_some_and(|link| link.state == LinkState::Ended && link.last_parting().is_none());
        let answered = self.durable.decisions.pairings.contains_key(&ItemId::from(item.as_str()));
        if ended && !answered || self.seen.parted.contains(&item) {
            self.breach(Violation::NotLeftAlone(format!("{request:?}")));
        }
    }

    pub(super) fn note_link_back(&mut self, request: &Request) {
        if let Request::LinkBack { side, item, ticket, .. } = request {
            self.answered = Some((item.clone(), *side, *ticket));
        }
    }

    /// A link back that was answered often enough is not written again.
    pub(super) fn watch_link_backs(&mut self) {
        let Some(written) = self.answered.take() else { return };
        let times = self.seen.linked_back.entry(written.clone()).or_default();
        *times += 1;
        if *times > MOST_LINK_BACKS {
            self.breach(Violation::PingPong(format!("a link back was written too often: {written:?}")));
        }
    }

    /// A one-way field must never be written on its source side.
    pub(super) fn watch_direction(&mut self, side: Side, kind: Kind, set: &FieldRow) {
        for (field, _) in set.iter() {
            let rule = self.scenario.settings[self.run_config].rule(kind, field);
            let may = match side {
                Side::Halo => rule.direction.to_halo() || rule.direction.on_create(),
                Side::Hit => rule.direction.to_hit(),
            };
            if !may {
                self.breach(Violation::WrongWay(format!(
                    "{field} of the {kind} is written in {}",
                    side.name()
                )));
            }
        }
    }

    /// Halo's own workflow comes first: it has its time, and what it has made by our last look is not made again.
    pub(super) fn watch_project(&mut self, intent: &Intent) {
        let (Some(opportunity), Some(item)) = (intent.spec.from_opportunity, &intent.spec.item) else {
            return;
        };
        // The last look, and storing the intent.
        let looked_at = self.world.step.saturating_sub(1);
        let of_workflow = |t: &&Ticket| t.created_from == Some(opportunity.0) && t.made <= looked_at;
        let wait = self.settings().sync.promotion.wait_ms;
        // The first wish counts: nobody need have seen that it was taken back for a moment.
        let mut edits = self.world.edits.iter();
        let wanted = edits.find(|edit| {
            let wish = edit.value == super::scenario::code("approved");
            edit.item == item.as_str() && edit.field == FieldId::Status && wish
        });
        if self.world.tickets.values().any(|ticket| of_workflow(&ticket)) {
            self.breach(Violation::Impatient(format!("there was a project of {opportunity}")));
        } else if wanted.is_some_and(|edit| self.world.now - edit.at < wait) {
            self.breach(Violation::Impatient(format!("{opportunity} had no time")));
        }
    }

    /// Nothing is forgotten unless a person has agreed.
    pub(super) fn watch_unlinks(&mut self, op: Option<sync_core::decision::OpId>) {
        let Some(plan) = self.last_plan.clone() else { return };
        let Some(op) = op.and_then(|id| plan.op(id)) else { return };
        let asked = |item: &ItemId| self.seen.forgotten.contains(item.as_str());
        let OpKind::Unlink { kind, .. } = &op.kind else { return };
        if !op.item.as_ref().is_some_and(asked) {
            self.breach(Violation::Forgotten(format!("{:?} was forgotten unasked", op.item)));
        }
        // Either the ticket was gone, or the item.
        let ticket = op.ticket.map(RecordKey::Ticket);
        let item = op.item.clone().map(RecordKey::Item);
        let there = |key: &RecordKey| self.looks.get(key).is_some_and(|look| look.there);
        if ticket.iter().chain(&item).all(there) {
            self.breach(Violation::FalseEvidence(format!("the {kind} of {:?} was forgotten", op.item)));
        }
    }

    pub(super) fn note_report(&mut self, report: &Report, memory: &Memory) {
        for duplicate in &report.duplicates {
            if let RecordKey::Ticket(ticket) = &duplicate.kept
                && let Some(link) = memory.link_of_ticket(*ticket)
            {
                let kind = if link.project == Some(*ticket) { Kind::Project } else { Kind::Opportunity };
                self.seen.reported.insert((link.item.as_str().to_string(), kind));
            }
        }
        for op in report.ops.iter().filter(|op| op.result == OpResult::Ambiguous) {
            let Some(op) = self.last_plan.as_ref().and_then(|plan| plan.op(op.op)) else { continue };
            let item = op.item.as_ref().map(|item| (item.as_str().to_string(), op.kind.pair_kind()));
            self.seen.reported.extend(item);
        }
    }
}
