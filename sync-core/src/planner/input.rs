//! Everything a plan is made from.

use crate::base::{BaseHead, Intent, Link};
use crate::catalogue::{Catalogue, Directory};
use crate::decision::{Candidates, Decisions};
use crate::hash::{Hash128, Hash256};
use crate::ids::{ItemId, PairId};
use crate::plan::canonical::hash_of;
use crate::record::Snapshot;
use crate::settings::Settings;
use crate::stamp::Stamp;
use alloc::collections::BTreeSet;

/// Everything a plan is made from. All of it is data: planning the same input again gives the same bytes.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// The pair of tenants.
    pub pair: &'a PairId,
    /// The local database and its state.
    pub head: &'a BaseHead,
    /// The settings.
    pub settings: &'a Settings,
    /// What both tenants have.
    pub catalogue: &'a Catalogue,
    /// Which client and which person is which.
    pub directory: &'a Directory,
    /// The links, in any order, each item once. A plan over the dirty set gets these links alone, but see `taken`.
    pub links: &'a [Link],
    /// Creates whose outcome is not known.
    pub intents: &'a [Intent],
    /// What was read. Must be normalised, see [`Snapshot::normalise`].
    pub snapshot: &'a Snapshot,
    /// Unlinked records that look like each other.
    pub candidates: &'a Candidates,
    /// What people have decided.
    pub decisions: &'a Decisions,
    /// Now, by our clock. Decides nothing but whether a waiting time is over.
    pub now: Stamp,
    /// Plan only these items (the dirty set); nothing plans everything that was read.
    pub only: Option<&'a BTreeSet<ItemId>>,
    /// Tickets of links that are not in `links`, so that a ticket is never linked twice.
    pub taken: Option<&'a BTreeSet<crate::ids::TicketId>>,
    /// Number of all links of the database, for limits in percent.
    pub links_total: u64,
    /// Digests of `settings`, `catalogue` and `directory` where they are known already; nothing makes them anew.
    pub digests: Option<&'a Digests>,
}

/// Digests of what decides besides the records. Making them reads all settings, so whoever plans often under the same
/// ones makes them once.
///
/// They must be those of the very settings, catalogue and directory of the input: what a plan says of itself, and which
/// links it takes for clean, rests on them. Debug builds check it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digests {
    pub(crate) settings: Hash256,
    pub(crate) rules: Hash256,
    pub(crate) scope: Hash128,
}

impl Digests {
    /// Makes them. O(size of the settings, the catalogue and the directory).
    #[must_use]
    pub fn of(settings: &Settings, catalogue: &Catalogue, directory: &Directory) -> Self {
        Self {
            settings: settings.settings_hash(),
            rules: hash_of(&(settings, catalogue, directory)),
            scope: settings.scope_hash(),
        }
    }

    /// Those of an input, as given or made anew.
    pub(super) fn of_input(input: &PlanInput<'_>) -> Self {
        let anew = || Self::of(input.settings, input.catalogue, input.directory);
        debug_assert!(input.digests.is_none_or(|given| *given == anew()), "digests of another input");
        input.digests.copied().unwrap_or_else(anew)
    }
}
