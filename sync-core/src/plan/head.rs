//! What a plan was made from, what it adds up to, and whether it may be applied.

use crate::base::BaseHead;
use crate::hash::{Hash128, Hash256};
use crate::ids::{HitClientId, PairId};
use crate::record::Coverage;
use alloc::boxed::Box;
use alloc::vec::Vec;

/// What a plan was made from. Holds no time, so that planning the same again gives the same bytes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanHead {
    /// Format of the file: `1`. A reader refuses another number.
    pub format: u32,
    /// The pair of tenants.
    pub pair: PairId,
    /// The local database and its state.
    pub base: BaseHead,
    /// Digest of the settings.
    pub settings_hash: Hash256,
    /// Digest of settings, catalogue and directory: everything besides the records that decides.
    pub rules_hash: Hash256,
    /// Digest of the scope.
    pub scope_hash: Hash128,
    /// Whether all clients take part.
    pub global: bool,
    /// How Halo was read.
    pub halo: Coverage,
    /// How HIT was read.
    pub hit: Coverage,
    /// Digest of the records read.
    pub snapshot_hash: Hash128,
    /// Whether every link was looked at, or only the dirty ones.
    pub complete: bool,
    /// What the plan adds up to.
    pub counts: Counts,
    /// Whether it is within the limits.
    pub verdict: Verdict,
}

impl PlanHead {
    /// The format that this crate writes and reads.
    pub const FORMAT: u32 = 1;
}

impl Default for PlanHead {
    fn default() -> Self {
        Self {
            format: Self::FORMAT,
            pair: PairId::from(""),
            base: BaseHead::default(),
            settings_hash: Hash256::default(),
            rules_hash: Hash256::default(),
            scope_hash: Hash128::default(),
            global: false,
            halo: Coverage::Ids,
            hit: Coverage::Ids,
            snapshot_hash: Hash128::default(),
            complete: false,
            counts: Counts::default(),
            verdict: Verdict::Ok,
        }
    }
}

/// What a plan adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Counts {
    /// Links that were looked at.
    pub links: u64,
    /// All links of the database: what percentages refer to.
    pub links_total: u64,
    /// Links with nothing to do.
    pub unchanged: u64,
    /// Creates at Halo, promotions included.
    pub creates_halo: u64,
    /// Creates at HIT.
    pub creates_hit: u64,
    /// Updates at Halo, status writes and conversions included.
    pub updates_halo: u64,
    /// Updates at HIT.
    pub updates_hit: u64,
    /// Field values written by updates.
    pub fields: u64,
    /// Promotions: projects created for, or adopted by, or converted from an opportunity.
    pub promotions: u64,
    /// Tickets closed.
    pub closes: u64,
    /// Records linked without being created.
    pub adoptions: u64,
    /// Links back.
    pub link_backs: u64,
    /// Local corrections of the base: nothing is written to a server.
    pub rebases: u64,
    /// Deletes. This version proposes, and never deletes.
    pub deletes: u64,
    /// Conflicts.
    pub conflicts: u64,
    /// Skips.
    pub skips: u64,
    /// Issues.
    pub issues: u64,
    /// Proposals.
    pub proposals: u64,
}

impl Counts {
    /// All creates.
    #[must_use]
    pub const fn creates(&self) -> u64 {
        self.creates_halo + self.creates_hit
    }

    /// All updates.
    #[must_use]
    pub const fn updates(&self) -> u64 {
        self.updates_halo + self.updates_hit
    }
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LimitName {
    /// Creates of the run.
    Creates,
    /// Creates of the run while validating.
    CreatesValidating,
    /// Creates for one client.
    CreatesPerClient,
    /// Updates of the run.
    Updates,
    /// Promotions of the run.
    Promotions,
    /// Tickets closed by the run.
    Closes,
    /// Deletes of the run.
    Deletes,
}

impl LimitName {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Creates => "creates",
            Self::CreatesValidating => "creates_validating",
            Self::CreatesPerClient => "creates_per_client",
            Self::Updates => "updates",
            Self::Promotions => "promotions",
            Self::Closes => "closes",
            Self::Deletes => "deletes",
        }
    }
}

/// A limit that a plan exceeds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitHit {
    /// Which.
    pub limit: LimitName,
    /// The client, for limits per client.
    pub client: Option<HitClientId>,
    /// How many the plan holds.
    pub planned: u64,
    /// How many are allowed.
    pub allowed: u64,
}

impl LimitHit {
    /// One sentence for a person.
    #[must_use]
    pub fn sentence(&self) -> Box<str> {
        let what = match self.limit {
            LimitName::Creates => "creates",
            LimitName::CreatesValidating => "creates while validating",
            LimitName::CreatesPerClient => "creates for one client",
            LimitName::Updates => "updates",
            LimitName::Promotions => "promotions",
            LimitName::Closes => "closed tickets",
            LimitName::Deletes => "deletes",
        };
        let client = self.client.as_ref().map_or_else(Default::default, |c| alloc::format!(" (client {c})"));
        alloc::format!("{} {what} are planned{client}, {} are allowed", self.planned, self.allowed).into()
    }
}

/// Whether a plan may be applied.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may.
    #[default]
    Ok,
    /// It exceeds limits: nothing at all is written, unless the limits are lifted for this very plan by its hash.
    Blocked(Vec<LimitHit>),
}
