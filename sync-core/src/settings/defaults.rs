//! The defaults: careful ones, under which nothing is created in bulk and nobody is written to.

use super::rules::{
    Blank, ConflictRule, CreateRule, Direction, FieldRule, FirstLink, ImportRule, Limits, PromotionMode,
    PromotionRule, Scope,
};
use super::{ProjectSettings, SETTINGS_VERSION, Settings, SyncSettings};
use crate::catalogue::Catalogue;
use crate::field::FieldId;
use crate::ids::Kind;
use alloc::collections::BTreeMap;

impl FieldRule {
    /// A rule with the direction and careful defaults for the rest.
    #[must_use]
    pub const fn new(direction: Direction) -> Self {
        Self {
            direction,
            conflict: ConflictRule::Manual,
            blank: Blank::NeverOverwrites,
            first_link: FirstLink::FillBlanks,
            halo_form: None,
            hit_form: None,
        }
    }

    /// The rule that holds when the settings say nothing.
    #[must_use]
    pub const fn default_for(kind: Kind, field: FieldId) -> Self {
        use Direction::{Both, HitToHalo, Off, OnCreate, OnCreateThenHaloToHit};
        let direction = match (field, kind) {
            (FieldId::Name, Kind::Opportunity) | (FieldId::LinkBack, _) => HitToHalo { until_quoted: false },
            (FieldId::Name | FieldId::Hours, Kind::Project)
            | (FieldId::Description | FieldId::Responsible, _)
            | (FieldId::Due, Kind::Opportunity) => OnCreate,
            (FieldId::Status, _) => Both,
            (FieldId::Start | FieldId::Due, Kind::Project) => OnCreateThenHaloToHit,
            (FieldId::BudgetOnce | FieldId::BudgetMonthly | FieldId::BudgetAnnual, Kind::Opportunity) => {
                HitToHalo { until_quoted: true }
            }
            // Whether the project's money field is a price or a cost is the user's to say.
            (FieldId::BudgetOnce | FieldId::BudgetMonthly | FieldId::BudgetAnnual, Kind::Project)
            | (FieldId::Start | FieldId::Hours, Kind::Opportunity) => Off,
        };
        let mut rule = Self::new(direction);
        if matches!((field, kind), (FieldId::Status, Kind::Project)) {
            rule.conflict = ConflictRule::HaloWins;
        }
        rule
    }

    /// Whether tickets of the kind have the field at all.
    #[must_use]
    pub const fn exists(kind: Kind, field: FieldId) -> bool {
        !matches!(
            (field, kind),
            (FieldId::Start | FieldId::Hours, Kind::Opportunity)
                | (FieldId::BudgetMonthly | FieldId::BudgetAnnual, Kind::Project)
        )
    }
}

impl Default for PromotionRule {
    fn default() -> Self {
        Self { mode: PromotionMode::Linked, wait_ms: 15 * 60 * 1000, won: None }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            creates: 25,
            creates_per_client: 5,
            creates_validating: 10,
            updates: 50,
            updates_percent: 20,
            promotions: 5,
            closes: 3,
            deletes: 0,
        }
    }
}

impl Default for SyncSettings {
    fn default() -> Self {
        Self {
            scope: Scope::default(),
            opportunity: BTreeMap::new(),
            project: BTreeMap::new(),
            create: BTreeMap::new(),
            promotion: PromotionRule::default(),
            import: ImportRule::default(),
            limits: Limits::default(),
            write_closed: false,
            absence_interval_ms: 6 * 60 * 60 * 1000,
            settle_ms: 2 * 60 * 1000,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            version: SETTINGS_VERSION,
            project: ProjectSettings::default(),
            sync: SyncSettings::default(),
            status: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// The defaults for these tenants: the create rules of the HIT statuses whose names are known (`Recommended`:
    /// nothing, since Smart Score rules fill it in bursts; `Qualified`: opportunity; `Approved` and
    /// `Work in Progress`: project). Every other status stays without a rule until a person gives it one.
    #[must_use]
    pub fn defaults_for(catalogue: &Catalogue) -> Self {
        let mut settings = Self::default();
        for (id, status) in &catalogue.hit_statuses {
            let name = status.name.trim();
            let rule = if name.eq_ignore_ascii_case("recommended") {
                CreateRule::Nothing
            } else if name.eq_ignore_ascii_case("qualified") {
                CreateRule::Opportunity
            } else if name.eq_ignore_ascii_case("approved") || name.eq_ignore_ascii_case("work in progress") {
                CreateRule::Project
            } else {
                continue;
            };
            settings.sync.create.insert(id.clone(), rule);
        }
        settings.project.halo_currency = catalogue.halo_currency;
        settings.project.hit_currency = catalogue.hit_currency;
        settings
    }
}
