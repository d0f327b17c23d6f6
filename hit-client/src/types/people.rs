//! Clients, team members and statuses: what items refer to.

use jiff::Timestamp;
use rest_core::record::Seen;

use crate::types::{ClientId, ExternalReference, StatusId, TeamMemberId, open::open_enum};

/// A client of the MSP. Read-only: the API writes no clients.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Client {
    /// The client.
    pub id: ClientId,
    /// Its name. Not unique.
    pub name: String,
    /// Its domain in lower case, where one is known.
    pub domain: Option<String>,
    /// Since when it is archived; `None` for a live client.
    pub archived_at: Option<Timestamp>,
    /// Records of other systems that stand for this client. [`Seen::Absent`] without the capability.
    pub external_references: Seen<Vec<ExternalReference>>,
}

impl Client {
    /// A live client without a domain.
    pub fn new(id: impl Into<ClientId>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            domain: None,
            archived_at: None,
            external_references: Seen::Absent,
        }
    }
}

/// A user of the MSP, who can be responsible for items.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TeamMember {
    /// The team member.
    pub id: TeamMemberId,
    /// The name to show.
    pub name: String,
    /// The e-mail address, where one is known.
    pub email: Option<String>,
    /// Whether new work may be given to them.
    pub active: bool,
}

impl TeamMember {
    /// An active team member without an address.
    pub fn new(id: impl Into<TeamMemberId>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), email: None, active: true }
    }
}

open_enum! {
    /// What a status makes of the items that carry it.
    StatusClass {
        /// An idea that the client has not approved.
        Opportunity = "opportunity",
        /// Approved work.
        Project = "project",
        /// Neither.
        Neither = "other",
    }
}

/// A status of roadmap items.
///
/// HumanizeIT's help names four: Recommended (the initial one) and Qualified are opportunities,
/// Approved and Work in Progress are projects. More exist; an item may carry one that no list shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The status.
    pub id: StatusId,
    /// The name to show.
    pub name: String,
    /// What it makes of an item.
    pub class: StatusClass,
    /// Whether new items start here.
    pub initial: bool,
    /// Where it stands among the others; not unique.
    pub sort_order: i64,
}

impl Status {
    /// A status that is not the initial one, first in order.
    pub fn new(id: impl Into<StatusId>, name: impl Into<String>, class: StatusClass) -> Self {
        Self { id: id.into(), name: name.into(), class, initial: false, sort_order: 0 }
    }
}
