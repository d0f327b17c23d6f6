//! Whether a plan may still be applied.

use super::Plan;
use super::head::{LimitHit, Verdict};
use crate::base::BaseHead;
use crate::guard::{self, Guard};
use crate::hash::Hash256;
use crate::settings::Settings;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// Why a plan may not be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stale {
    /// It was made from another database.
    #[error("this plan was made from another database ({planned}); this one is {here}; plan again")]
    Lineage {
        /// The lineage of the plan.
        planned: Box<str>,
        /// The lineage of the database.
        here: Box<str>,
    },
    /// The database has moved on.
    #[error("this plan is stale: it was made at state {planned}, the database is at {here}; plan again")]
    Serial {
        /// The serial of the plan.
        planned: u64,
        /// The serial of the database.
        here: u64,
    },
    /// The settings have changed.
    #[error("the settings have changed since this plan was made; plan again")]
    Settings,
    /// It exceeds limits that were not lifted for it.
    #[error("this plan exceeds its limits; lift them for exactly this plan by its hash, or plan less")]
    Blocked(Vec<LimitHit>),
    /// It has another hash than expected.
    #[error("this plan has hash {found}, not the expected one; look at it again")]
    Hash {
        /// The hash of the plan.
        found: Hash256,
    },
}

/// Checks that a plan belongs to this state of the database and to these settings.
///
/// Limits are not looked at: see [`Plan::check_verdict`].
///
/// # Errors
/// [`Stale`] says what has changed.
pub fn verify(plan: &Plan, head: &BaseHead, settings: &Settings) -> Result<(), Stale> {
    if !guard::on(Guard::Stale) {
        return Ok(());
    }
    let planned = &plan.head.base;
    if planned.lineage != head.lineage {
        return Err(Stale::Lineage { planned: planned.lineage.clone(), here: head.lineage.clone() });
    }
    if planned.serial != head.serial {
        return Err(Stale::Serial { planned: planned.serial, here: head.serial });
    }
    if plan.head.settings_hash != settings.settings_hash() {
        return Err(Stale::Settings);
    }
    Ok(())
}

impl Plan {
    /// Checks the limits: a blocked plan passes only if the person has lifted them for exactly this plan, by its
    /// hash.
    ///
    /// # Errors
    /// [`Stale::Blocked`], or [`Stale::Hash`] if the lift names another plan.
    pub fn check_verdict(&self, lifted: Option<Hash256>) -> Result<(), Stale> {
        match (&self.head.verdict, lifted) {
            (Verdict::Ok, None) => Ok(()),
            (Verdict::Blocked(hits), None) => Err(Stale::Blocked(hits.clone())),
            (_, Some(hash)) => self.expect_hash(hash),
        }
    }

    /// Checks that it is the plan that a person has seen.
    ///
    /// # Errors
    /// [`Stale::Hash`].
    pub fn expect_hash(&self, expected: Hash256) -> Result<(), Stale> {
        let found = super::plan_hash(self);
        if found == expected { Ok(()) } else { Err(Stale::Hash { found }) }
    }
}
