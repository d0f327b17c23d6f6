//! The account, and what its server offers.

use std::collections::BTreeSet;

use crate::types::{AccountId, Currency, open::open_enum};

open_enum! {
    /// Something that a server may or may not offer. Assumed; see the crate's first page.
    Capability {
        /// Items carry a start date.
        StartDate = "start_date",
        /// Items carry planned effort.
        Hours = "hours",
        /// Budgets carry recurring lines.
        RecurringBudget = "recurring_budget",
        /// Records carry a version, and writes can be made conditional on it.
        Etag = "etag",
        /// Creates can be repeated safely under an [`IdempotencyKey`](crate::IdempotencyKey).
        Idempotency = "idempotency",
        /// The server delivers webhooks.
        Webhooks = "webhooks",
        /// Items carry references to records of other systems, and can be found by them.
        ExternalReferences = "external_references",
    }
}

/// What a server offers. Everything is correct without any of it, only slower or narrower.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities(BTreeSet<Capability>);

impl Capabilities {
    /// No capability at all.
    pub fn none() -> Self {
        Self::default()
    }

    /// Every capability that this version knows.
    pub fn all() -> Self {
        Capability::KNOWN.iter().cloned().collect()
    }

    /// Whether the server offers this.
    pub fn has(&self, capability: &Capability) -> bool {
        self.0.contains(capability)
    }

    /// The same set without one capability.
    #[must_use]
    pub fn without(mut self, capability: &Capability) -> Self {
        self.0.remove(capability);
        self
    }

    /// What the server offers, in a fixed order; values that this version does not know come last.
    pub fn iter(&self) -> impl Iterator<Item = &Capability> {
        self.0.iter()
    }
}

impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

/// The account that an API key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The account.
    pub id: AccountId,
    /// The MSP's name.
    pub name: String,
    /// IANA name of the time zone its users live in, where one is set. Not checked here.
    pub time_zone: Option<String>,
    /// The currency its users think in, where one is set.
    pub currency: Option<Currency>,
    /// What the server offers to this account.
    pub capabilities: Capabilities,
}

impl Account {
    /// An account with neither time zone nor currency, on a server without capabilities.
    pub fn new(id: impl Into<AccountId>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            time_zone: None,
            currency: None,
            capabilities: Capabilities::none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_capabilities_are_kept_and_known_ones_never_become_other() {
        let all: Capabilities = ["hours", "teleport"].into_iter().map(Capability::from).collect();
        assert!(all.has(&Capability::Hours));
        assert!(all.has(&Capability::Other("teleport".into())));
        assert_eq!(all.iter().last().map(Capability::as_str), Some("teleport"));
        for known in Capability::KNOWN {
            assert_eq!(&Capability::from(known.as_str()), known);
        }
    }
}
