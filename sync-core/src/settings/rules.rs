//! Rules of fields, of creating, of promotion, of import, and limits.

use crate::field::FieldId;
use crate::ids::{HitClientId, HitStatusId};
use crate::learn::TargetForm;
use alloc::collections::{BTreeMap, BTreeSet};

/// Where a field's values go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// HIT's value is written to Halo.
    HitToHalo {
        /// Stops for good once the ticket is priced in Halo (quotation or sales order).
        until_quoted: bool,
    },
    /// Halo's value is written to HIT.
    HaloToHit,
    /// Either way, whoever changed.
    Both,
    /// Written once, with the create.
    OnCreate,
    /// Written once with the create; afterwards Halo's value is written to HIT.
    OnCreateThenHaloToHit,
    /// Not synced.
    Off,
}

impl Direction {
    /// Whether a change made in HIT is written to Halo after the create.
    #[must_use]
    pub const fn to_halo(self) -> bool {
        matches!(self, Self::Both | Self::HitToHalo { .. })
    }

    /// Whether a change made in Halo is written to HIT.
    #[must_use]
    pub const fn to_hit(self) -> bool {
        matches!(self, Self::Both | Self::HaloToHit | Self::OnCreateThenHaloToHit)
    }

    /// Whether a new ticket gets HIT's value.
    #[must_use]
    pub const fn on_create(self) -> bool {
        matches!(self, Self::Both | Self::HitToHalo { .. } | Self::OnCreate | Self::OnCreateThenHaloToHit)
    }
}

/// Who wins when both sides changed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ConflictRule {
    /// A person decides.
    #[default]
    Manual,
    /// Halo's value.
    HaloWins,
    /// HIT's value.
    HitWins,
    /// The record that was changed later, if both servers' stamps exist and differ by more than the tolerance; else
    /// a person decides. For texts only.
    Newest {
        /// Milliseconds below which the two stamps count as equal.
        tolerance_ms: u32,
    },
}

/// Whether blank may overwrite.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// Blank never overwrites a value; the field is skipped with the reason.
    #[default]
    NeverOverwrites,
    /// Blank is a value like any other.
    IsValue,
}

/// What happens to differing values when two records are linked.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum FirstLink {
    /// Blanks are filled from the other side where the direction allows; other differences are conflicts.
    #[default]
    FillBlanks,
    /// The direction decides, and for both directions the conflict rule.
    Policy,
    /// Every difference is a conflict.
    Manual,
}

/// The rule of one field of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRule {
    /// Where values go.
    pub direction: Direction,
    /// Who wins.
    #[serde(default)]
    pub conflict: ConflictRule,
    /// Whether blank overwrites.
    #[serde(default)]
    pub blank: Blank,
    /// What happens on linking.
    #[serde(default)]
    pub first_link: FirstLink,
    /// What Halo makes of a text that it is sent; nothing leaves it as it is. Texts only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halo_form: Option<TargetForm>,
    /// What HIT makes of a text that it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hit_form: Option<TargetForm>,
}

/// Rules by field.
pub type FieldRules = BTreeMap<FieldId, FieldRule>;

/// Which clients take part.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Only these, on which the MSP tries the sync first.
    Validation(BTreeSet<HitClientId>),
    /// All linked clients.
    Global,
}

impl Default for Scope {
    fn default() -> Self {
        Self::Validation(BTreeSet::new())
    }
}

impl Scope {
    /// Whether the client takes part.
    #[must_use]
    pub fn contains(&self, client: &HitClientId) -> bool {
        match self {
            Self::Validation(clients) => clients.contains(client),
            Self::Global => true,
        }
    }

    /// Whether all clients take part.
    #[must_use]
    pub const fn is_global(&self) -> bool {
        matches!(self, Self::Global)
    }
}

/// What an unlinked item becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreateRule {
    /// Nothing.
    Nothing,
    /// An opportunity.
    Opportunity,
    /// A project.
    Project,
}

impl CreateRule {
    /// The kind that is created.
    #[must_use]
    pub const fn kind(self) -> Option<crate::ids::Kind> {
        match self {
            Self::Nothing => None,
            Self::Opportunity => Some(crate::ids::Kind::Opportunity),
            Self::Project => Some(crate::ids::Kind::Project),
        }
    }
}

/// How an opportunity becomes a project.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionMode {
    /// Wait for a project made by Halo's own workflow and adopt it; if none appears, create one beside the
    /// opportunity.
    #[default]
    Linked,
    /// Adopt, never create.
    AdoptOnly,
    /// Change the type of the ticket.
    Convert,
}

/// What happens when an item moves from an opportunity status to a project status.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PromotionRule {
    /// How.
    pub mode: PromotionMode,
    /// How long to wait for Halo's own workflow, in milliseconds.
    pub wait_ms: i64,
    /// How an opportunity is closed as won, as learned from an example; nothing leaves it open.
    pub won: Option<CloseRecipe>,
}

/// What must be written to close an opportunity, as learned from one that sales has closed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloseRecipe {
    /// The closed status.
    pub status: crate::ids::StatusId,
    /// Further fields: name in Halo's API, JSON text of the value.
    #[serde(default)]
    pub constants: BTreeMap<alloc::boxed::Box<str>, alloc::boxed::Box<str>>,
}

/// Import of tickets that have no item.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportRule {
    /// Whether it is on.
    pub enabled: bool,
    /// Only tickets created on or after this day (UTC). Required when on.
    pub created_after: Option<jiff::civil::Date>,
    /// HIT status of an item made from an opportunity whose status is not mapped.
    pub opportunity_status: Option<HitStatusId>,
    /// HIT status of an item made from a project whose status is not mapped.
    pub project_status: Option<HitStatusId>,
}

/// How much one run may do. Beyond it, the plan is blocked as a whole and nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Creates.
    pub creates: u32,
    /// Creates for one client.
    pub creates_per_client: u32,
    /// Creates while only validation clients take part.
    pub creates_validating: u32,
    /// Updates that are always allowed.
    pub updates: u32,
    /// Updates in percent of all links; the greater of both counts.
    pub updates_percent: u32,
    /// Promotions.
    pub promotions: u32,
    /// Tickets closed.
    pub closes: u32,
    /// Records deleted.
    pub deletes: u32,
}
