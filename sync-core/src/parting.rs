//! Links that ended, and what begins anew afterwards.

use crate::base::{Link, LinkState};
use crate::ids::{HaloClientId, HitClientId, TicketId};

/// One end of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct End {
    /// The opportunity until then. Nothing where it was gone.
    #[serde(default)]
    pub opportunity: Option<TicketId>,
    /// The project until then. Nothing where it was gone.
    #[serde(default)]
    pub project: Option<TicketId>,
    /// Whether a person has said that the tickets are not the item's, and has not taken that back.
    #[serde(default)]
    pub parted: bool,
}

impl End {
    /// The tickets until then.
    pub fn tickets(&self) -> impl Iterator<Item = TicketId> {
        self.opportunity.into_iter().chain(self.project)
    }
}

impl Link {
    /// Ends the link because a person has said that it was wrong. What both sides held is forgotten, the item is
    /// [parted](Self::is_parted_from) from the tickets, and what was approved for this link does not hold for the next
    /// one.
    ///
    /// Only without pending writes: one that arrived later would look like an edit by a person.
    pub fn end(&mut self) {
        let mut ended = self.afresh(self.client.clone(), self.halo_client);
        ended.state = LinkState::Ended;
        ended.called_off = self.called_off.saturating_add(1);
        ended.ends.push(End { opportunity: self.opportunity, project: self.project, parted: true });
        *self = ended;
    }

    /// Ends a link whose tickets are gone. They still carry its marker, so what is made next needs another one; but
    /// nobody has said that they were wrong. A change that is applied once more ends it once.
    pub(crate) fn end_as_gone(&mut self) {
        if self.state != LinkState::Ended {
            self.state = LinkState::Ended;
            self.ends.push(End::default());
        }
    }

    /// Takes the last [`end`](Self::end) back: the item has its tickets again. What both sides held is not known any
    /// more, so the fields begin as they do on a first link; and that the link ended once still counts, because what was
    /// made since carries the marker of after. False if there is nothing to take back: the link has not ended, or for
    /// another reason.
    pub fn take_back_end(&mut self) -> bool {
        if self.last_parting().is_none() {
            return false;
        }
        let Some(end) = self.ends.last_mut() else { return false };
        end.parted = false;
        (self.opportunity, self.project) = (end.opportunity, end.project);
        self.state = LinkState::Active;
        true
    }

    /// The last end, if the link is at one that can be [taken back](Self::take_back_end).
    #[must_use]
    pub fn last_parting(&self) -> Option<&End> {
        let ended = self.state == LinkState::Ended && self.leading().is_none();
        self.ends.last().filter(|end| end.parted && ended)
    }

    /// Whether a person has parted the item from the ticket.
    #[must_use]
    pub fn is_parted_from(&self, ticket: TicketId) -> bool {
        self.ends.iter().any(|end| end.parted && end.tickets().any(|parted| parted == ticket))
    }

    /// A link of the same item without tickets, base or writes. What people have said of it before stays.
    pub(crate) fn afresh(&self, client: HitClientId, halo_client: HaloClientId) -> Self {
        let mut link = Self::new(self.item.clone(), client, halo_client);
        link.called_off = self.called_off;
        link.ends.clone_from(&self.ends);
        link
    }
}
