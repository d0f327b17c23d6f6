//! The status map of one ticket type, one table per direction.

use crate::ids::{HitStatusId, OutcomeId, StatusId};
use alloc::collections::BTreeMap;

/// How a Halo status is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusHow {
    /// The status field of the ticket.
    Set,
    /// An action with this outcome, whose outcome sets the status. No mail, hidden from the user.
    Action(OutcomeId),
}

/// A row of the table HIT to Halo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusTarget {
    /// Write this Halo status.
    To {
        /// The status.
        status: StatusId,
        /// How it is written.
        how: StatusHow,
    },
    /// The status is known and means nothing for Halo.
    Ignore,
}

impl StatusTarget {
    /// A status that is written by its field.
    #[must_use]
    pub const fn set(status: StatusId) -> Self {
        Self::To { status, how: StatusHow::Set }
    }

    /// A status that is written by an action.
    #[must_use]
    pub const fn action(outcome: OutcomeId, status: StatusId) -> Self {
        Self::To { status, how: StatusHow::Action(outcome) }
    }

    /// The status, unless ignored.
    #[must_use]
    pub const fn status(self) -> Option<StatusId> {
        match self {
            Self::To { status, .. } => Some(status),
            Self::Ignore => None,
        }
    }
}

/// A row of the table Halo to HIT.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HitTarget {
    /// Write this HIT status.
    To(HitStatusId),
    /// The status is known and means nothing for HIT.
    Ignore,
}

/// The status map of one ticket type. A value without a row is unmapped: it is reported and its field waits.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StatusMap {
    /// HIT status to Halo status.
    pub to_halo: BTreeMap<HitStatusId, StatusTarget>,
    /// Halo status to HIT status.
    pub to_hit: BTreeMap<StatusId, HitTarget>,
}

impl StatusMap {
    /// Whether the pair is consistent: either table leads from one to the other. Consistent pairs are left alone,
    /// so that many-to-one tables cannot make a status flip.
    #[must_use]
    pub fn consistent(&self, halo: StatusId, hit: &HitStatusId) -> bool {
        matches!(self.to_hit.get(&halo), Some(HitTarget::To(to)) if to == hit)
            || matches!(self.to_halo.get(hit), Some(StatusTarget::To { status, .. }) if *status == halo)
    }
}
