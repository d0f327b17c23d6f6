//! Links that a person ends because they were wrong, and what begins anew afterwards.

use crate::base::{Link, LinkState};
use crate::ids::{HaloClientId, HitClientId, TicketId};
use alloc::vec::Vec;

impl Link {
    /// Ends the link because a person has said that it was wrong. What both sides held is forgotten, the tickets are
    /// remembered as [parted](Self::parted), and what was approved for this link does not hold for the next one.
    ///
    /// Only without pending writes: one that arrived later would look like an edit by a person.
    pub fn end(&mut self) {
        let tickets = self.opportunity.into_iter().chain(self.project).collect();
        let mut ended = self.afresh(self.client.clone(), self.halo_client);
        ended.state = LinkState::Ended;
        ended.called_off = self.called_off.saturating_add(1);
        ended.parted.push(tickets);
        *self = ended;
    }

    /// Ends a link whose tickets are gone. They still carry its marker, so what is made next needs another one; but
    /// nobody has said that they were wrong. A change that is applied once more ends it once.
    pub(crate) fn end_as_gone(&mut self) {
        if self.state != LinkState::Ended {
            self.state = LinkState::Ended;
            self.parted.push(Vec::new());
        }
    }

    /// Takes the last [`end`](Self::end) back: the item is treated as one that nobody has said anything about. False if
    /// there is none, the link has ended for another reason, or the item is linked by now.
    pub fn take_back_end(&mut self) -> bool {
        if self.leading().is_some() || self.parted.last().is_none_or(Vec::is_empty) {
            return false;
        }
        self.parted.pop();
        self.state = LinkState::Active;
        true
    }

    /// Whether a person has parted the item from the ticket.
    #[must_use]
    pub fn is_parted_from(&self, ticket: TicketId) -> bool {
        self.parted.iter().flatten().any(|parted| *parted == ticket)
    }

    /// A link of the same item without tickets, base or writes. What people have said of it before stays.
    pub(crate) fn afresh(&self, client: HitClientId, halo_client: HaloClientId) -> Self {
        let mut link = Self::new(self.item.clone(), client, halo_client);
        link.called_off = self.called_off;
        link.parted.clone_from(&self.parted);
        link
    }
}
