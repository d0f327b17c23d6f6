//! What happens in the model: people who decide, processes that take over, databases that are lost.

use super::engine::{Durable, Engine, Ruling};
use super::scenario::Action;
use super::world::STEP_MS;
use std::rc::Rc;
use sync_core::decision::PairingAnswer;
use sync_core::exec::RecordKey;
use sync_core::ids::{ItemId, Side, TicketId};
use sync_core::plan::ProposalKind;

impl Engine<'_> {
    /// Whether an event is possible now.
    pub(crate) fn can(&self, event: u8) -> bool {
        let event = &self.scenario.events[usize::from(event)];
        let answer = || self.durable.decisions.pairings.get(&ItemId::from(event.item.as_str()));
        let plan = || self.last_plan.as_deref();
        match event.action {
            Action::ClientGone => !self.client_gone,
            Action::ClientBack => self.client_gone,
            Action::SayLink | Action::SayCreate => {
                answer().is_none_or(|answer| *answer == PairingAnswer::Ignore)
            }
            Action::Part => self.may_part(&ItemId::from(event.item.as_str())),
            Action::TakeBack => self.may_take_back(&ItemId::from(event.item.as_str())),
            Action::SayNothing => answer().is_some(),
            Action::Approve => plan().is_some_and(|plan| {
                let open = |id| !self.durable.decisions.approvals.contains(id);
                plan.proposals.iter().any(|p| !matches!(p.kind, ProposalKind::Pair { .. }) && open(&p.id))
            }),
            Action::Resolve(_) => plan().is_some_and(|plan| !plan.conflicts.is_empty()),
            Action::Configure(to) => self.config != to,
            Action::RestoreCopy => self.copy.is_some(),
            _ => self.world.can(event),
        }
    }

    /// Lets an event happen. True if the engine dies of it.
    pub(crate) fn happen(&mut self, number: u8) -> bool {
        self.waiting.retain(|waiting| *waiting != number);
        self.idle = 0;
        let scenario = self.scenario;
        let event = &scenario.events[usize::from(number)];
        let item = ItemId::from(event.item.as_str());
        if matches!(event.action, Action::Gone(..) | Action::ItemGone(_) | Action::Part) && self.is_quiet() {
            // What was settled until then must have arrived; later nothing can carry it any more.
            if let Err(lost) = super::check::settled(self) {
                self.breach(lost);
            }
        }
        match event.action {
            Action::ClientGone => self.client_gone = true,
            Action::ClientBack => {
                self.client_gone = false;
                self.mark(RecordKey::Item(item));
            }
            Action::SayLink => {
                self.seen.parted_from.remove(&50);
                self.say(item, Some(PairingAnswer::Link(TicketId(50))));
            }
            Action::SayCreate => self.say(item, Some(PairingAnswer::Create)),
            Action::SayNothing => self.say(item, None),
            Action::Approve => self.approve(),
            Action::Part => {
                self.part(&item);
                return true;
            }
            Action::TakeBack => {
                self.take_back(&item);
                return true;
            }
            Action::Resolve(keep) => self.resolve(keep),
            Action::Configure(to) => {
                self.config = to;
                // Other settings look at everything anew.
                self.mark_all();
            }
            Action::Copy => self.copy = Some(Rc::new(self.durable.clone())),
            Action::LoseDatabase => {
                let (lineage, lease) = (self.durable.lineage + 1, self.durable.lease + 1);
                self.seen.linked_back.clear();
                self.durable = Durable { lineage, lease, ..Durable::default() };
                self.lease = lease;
                return true;
            }
            Action::RestoreCopy => {
                let lease = self.durable.lease + 1;
                self.seen.linked_back.clear();
                if let Some(copy) = &self.copy {
                    self.durable = (**copy).clone();
                }
                self.durable.lease = lease;
                self.lease = lease;
                return true;
            }
            Action::Clock(ms) => self.clock += ms,
            Action::Takeover => self.takeover(),
            Action::Hook => self.mark(RecordKey::Item(item)),
            _ => {
                let made = self.world.edits.len();
                self.world.happen(event);
                let agreed = &self.seen.agreed;
                for edit in &mut self.world.edits[made..] {
                    edit.first = !agreed.contains(&(edit.item.clone(), edit.field));
                }
            }
        }
        false
    }

    pub(super) fn mark(&mut self, key: RecordKey) {
        self.durable.mark += 1;
        self.durable.dirty.insert(key, self.durable.mark);
    }

    fn mark_all(&mut self) {
        let items: Vec<ItemId> = self.world.items.keys().map(|id| ItemId::from(id.as_str())).collect();
        for item in items {
            self.mark(RecordKey::Item(item));
        }
    }

    /// Ending a link is refused while the outcome of something that was sent for the item is not known.
    fn may_part(&self, item: &ItemId) -> bool {
        let memory = &self.durable.memory;
        let mut of_item = memory.intents.values().filter(|intent| intent.spec.item.as_ref() == Some(item));
        let link = memory.links.get(item).filter(|link| link.leading().is_some());
        link.is_some_and(|link| link.pending.is_empty()) && of_item.all(|intent| intent.sent_at.is_none())
    }

    /// A person ends a link, with a process of their own that takes the lease: what is under way in another ends here.
    fn part(&mut self, item: &ItemId) {
        let memory = &mut self.durable.memory;
        let Some(link) = memory.links.get_mut(item) else { return };
        self.seen.parted_from.extend([link.opportunity, link.project].into_iter().flatten().map(|id| id.0));
        link.end();
        memory.intents.retain(|_, intent| intent.spec.item.as_ref() != Some(item));
        self.durable.lease += 1;
        self.lease = self.durable.lease;
        self.seen.agreed.retain(|(of, _)| of != item.as_str());
        self.seen.linked_back.retain(|(of, ..), _| of != item);
        self.say(item.clone(), None);
        self.seen.parted.insert(item.as_str().into());
    }

    /// Taking an end back is refused while a create is under way, or another item has a ticket.
    fn may_take_back(&self, item: &ItemId) -> bool {
        let memory = &self.durable.memory;
        let mut of_item = memory.intents.values().filter(|intent| intent.spec.item.as_ref() == Some(item));
        let end = memory.links.get(item).and_then(|link| link.last_parting());
        let answered = self.durable.decisions.pairings.contains_key(item);
        let free = |ticket| {
            memory.links.values().all(|link| ![link.opportunity, link.project].contains(&Some(ticket)))
        };
        end.is_some_and(|end| end.tickets().all(free))
            && !answered
            && of_item.all(|intent| intent.sent_at.is_none())
    }

    /// A person takes back that the link has ended, with a process of their own as well.
    fn take_back(&mut self, item: &ItemId) {
        let memory = &mut self.durable.memory;
        let Some(link) = memory.links.get_mut(item) else { return };
        if !link.take_back_end() {
            return;
        }
        for ticket in link.opportunity.into_iter().chain(link.project) {
            self.seen.parted_from.remove(&ticket.0);
            self.durable.mark += 1;
            self.durable.dirty.insert(RecordKey::Ticket(ticket), self.durable.mark);
        }
        memory.intents.retain(|_, intent| intent.spec.item.as_ref() != Some(item));
        self.durable.lease += 1;
        self.lease = self.durable.lease;
        self.say(item.clone(), None);
    }

    fn say(&mut self, item: ItemId, answer: Option<PairingAnswer>) {
        self.seen.parted.remove(item.as_str());
        match answer {
            Some(answer) => self.durable.decisions.pairings.insert(item.clone(), answer),
            None => self.durable.decisions.pairings.remove(&item),
        };
        self.durable.serial += 1;
        self.mark(RecordKey::Item(item));
    }

    fn approve(&mut self) {
        let Some(plan) = self.last_plan.clone() else { return };
        for proposal in &plan.proposals {
            match proposal.kind {
                ProposalKind::Pair { .. } => continue,
                ProposalKind::Unlink { .. } => {
                    self.seen.forgotten.insert(proposal.item.as_str().into());
                }
                _ => {}
            }
            self.durable.decisions.approvals.insert(proposal.id);
            self.mark(RecordKey::Item(proposal.item.clone()));
        }
        self.durable.serial += 1;
    }

    fn resolve(&mut self, keep: Side) {
        let Some(plan) = self.last_plan.clone() else { return };
        for conflict in plan.conflicts.iter().filter(|conflict| conflict.ways_out.contains(&keep)) {
            self.durable.decisions.conflicts.insert(conflict.id, keep);
            let loser = keep.other();
            let value = match loser {
                Side::Halo => conflict.halo.value(),
                Side::Hit => conflict.hit.value(),
            };
            self.seen.rulings.extend(value.map(|value| Ruling {
                item: conflict.item.as_str().into(),
                field: conflict.field,
                loser,
                value: value.clone(),
                step: self.world.step,
            }));
            self.mark(RecordKey::Item(conflict.item.clone()));
        }
        self.durable.serial += 1;
    }

    /// This process stalls. Another one takes the lease and does two runs, without faults of its own.
    fn takeover(&mut self) {
        let mine = (self.lease, self.faults, self.run_config);
        let looks = (std::mem::take(&mut self.looks), std::mem::take(&mut self.looked));
        let last = self.last_plan.clone();
        self.durable.lease += 1;
        self.lease = self.durable.lease;
        self.faults = false;
        for _ in 0..2 {
            let _ = self.round();
            self.world.advance(self.world.now + 4 * STEP_MS);
        }
        (self.lease, self.faults, self.run_config) = mine;
        (self.looks, self.looked) = looks;
        self.last_plan = last;
    }
}
