//! What a plan asks people.

use serde::{Deserialize, Serialize};
use sync_core::decision::ProposalId;
use sync_core::ids::{AgentId, HaloClientId, HitClientId, ItemId, Kind, MemberId, TicketId};

use super::UnixMs;

/// A candidate with the name a person reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named<I> {
    /// The id.
    pub id: I,
    /// The name.
    pub name: String,
}

/// An unlinked item that looks like unlinked tickets. Its create waits for the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairingQuestion {
    /// The item.
    pub item: Named<ItemId>,
    /// Its client.
    pub client: Named<HitClientId>,
    /// What it would become.
    pub kind: Kind,
    /// The tickets it could be; more than one is ambiguous.
    pub candidates: Vec<Named<TicketId>>,
    /// The one ticket that is suggested, if the case is clear on both sides.
    pub suggestion: Option<TicketId>,
}

/// A HIT client without a Halo client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientQuestion {
    /// The client at HIT.
    pub client: Named<HitClientId>,
    /// Halo clients it could be, best first.
    pub candidates: Vec<Named<HaloClientId>>,
    /// The one client that is suggested, if the case is clear on both sides.
    pub suggestion: Option<HaloClientId>,
    /// Why it is a suggestion, or why it is none.
    pub reason: String,
}

/// A ticket that would be imported and looks like unlinked items. The import waits for the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportQuestion {
    /// The ticket.
    pub ticket: Named<TicketId>,
    /// Its client.
    pub client: Named<HitClientId>,
    /// What it is.
    pub kind: Kind,
    /// The items it could be; more than one is ambiguous.
    pub candidates: Vec<Named<ItemId>>,
    /// The one item that is suggested, if the case is clear on both sides.
    pub suggestion: Option<ItemId>,
}

/// A team member who is responsible for items in scope and matches no agent of Halo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonQuestion {
    /// The team member.
    pub member: Named<MemberId>,
    /// The agents that share the member's address with others; only a person can tell.
    pub candidates: Vec<Named<AgentId>>,
    /// Of how many items in scope the member is responsible.
    pub items: u64,
    /// Why nobody is matched.
    pub reason: String,
}

/// An operation that waits for a person's approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// Its name; equal to the operation's.
    pub id: ProposalId,
    /// What would be done, in one sentence.
    pub sentence: String,
    /// The item it concerns.
    pub item: Option<ItemId>,
    /// The sort of operation: `promote`, `unlink`, `delete` ...
    pub sort: String,
    /// Since when it is asked; 0 in a plan that was not remembered.
    #[serde(default)]
    pub since: UnixMs,
}

/// What the last plan asks people. A new set replaces the old one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Questions {
    /// About items.
    pub pairings: Vec<PairingQuestion>,
    /// About tickets that would be imported.
    pub imports: Vec<ImportQuestion>,
    /// About clients.
    pub clients: Vec<ClientQuestion>,
    /// About people.
    pub people: Vec<PersonQuestion>,
    /// Operations to approve.
    pub proposals: Vec<Proposal>,
}

impl Questions {
    /// How many ask which records belong together.
    #[must_use]
    pub fn about_pairing(&self) -> usize {
        self.pairings.len() + self.imports.len() + self.clients.len()
    }
}
