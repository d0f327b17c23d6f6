//! What the tenants look like and what people do in them.

use super::world::{CLIENT, Fields, Item, OPPORTUNITY_TYPE, PROJECT_TYPE, World, currency};
use std::collections::BTreeMap;
use sync_core::catalogue::{Capabilities, Catalogue, Directory, HaloClient, Site};
use sync_core::exec::RecordKey;
use sync_core::field::FieldId;
use sync_core::ids::{HitClientId, HitStatusId, ItemId, Kind, OutcomeId, PairId, SiteId, StatusId};
use sync_core::settings::{
    ConflictRule, CreateRule, Direction, FieldRule, FieldRules, FirstLink, HitTarget, Limits, Scope,
    Settings, StatusMap, StatusTarget,
};
use sync_core::value::{Money, Value};

/// Something a person does.
#[derive(Clone, Debug)]
pub(crate) struct Edit {
    pub(crate) item: String,
    pub(crate) action: EditAction,
}

#[derive(Clone, Debug)]
pub(crate) enum EditAction {
    /// Edits the roadmap item.
    Hit(FieldId, Value),
    /// Edits the ticket of the kind.
    Halo(Kind, FieldId, Value),
    /// Sales wins the deal, and Halo's workflow makes the project.
    SalesWins,
}

/// A story to run under all schedules.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) settings: Settings,
    pub(crate) catalogue: Catalogue,
    pub(crate) directory: Directory,
    pub(crate) items: Vec<&'static str>,
    /// Done in this order once the items are linked, or earlier if the schedule says so.
    pub(crate) edits: Vec<Edit>,
}

pub(crate) fn pair() -> PairId {
    PairId::from("tenant|account")
}

pub(crate) fn money(minor: i64) -> Value {
    Value::Money(Money { minor, currency: currency() })
}

pub(crate) fn code(status: &str) -> Value {
    Value::Code(status.into())
}

fn rule(direction: Direction, conflict: ConflictRule) -> FieldRule {
    FieldRule { conflict, first_link: FirstLink::Policy, ..FieldRule::new(direction) }
}

fn rules(status: ConflictRule, values: ConflictRule) -> FieldRules {
    let mut rules: FieldRules =
        FieldId::ALL.into_iter().map(|field| (field, FieldRule::new(Direction::Off))).collect();
    rules.insert(FieldId::Name, rule(Direction::Both, values));
    rules.insert(FieldId::BudgetOnce, rule(Direction::Both, values));
    rules.insert(FieldId::Status, rule(Direction::Both, status));
    rules.insert(FieldId::LinkBack, FieldRule::new(Direction::HitToHalo { until_quoted: false }));
    rules
}

/// Six statuses of Halo against three of HIT, for opportunities; three against two for projects.
pub(crate) fn status_maps(action: bool) -> BTreeMap<sync_core::ids::TicketTypeId, StatusMap> {
    let to_hit = |rows: &[(i64, &str)]| {
        rows.iter().map(|(halo, hit)| (StatusId(*halo), HitTarget::To(HitStatusId::from(*hit)))).collect()
    };
    let to_halo = |rows: &[(&str, i64)]| {
        rows.iter()
            .map(|(hit, halo)| {
                let target = if action {
                    StatusTarget::action(OutcomeId(*halo), StatusId(*halo))
                } else {
                    StatusTarget::set(StatusId(*halo))
                };
                (HitStatusId::from(*hit), target)
            })
            .collect()
    };
    BTreeMap::from([
        (
            OPPORTUNITY_TYPE,
            StatusMap {
                to_hit: to_hit(&[
                    (1, "qualified"),
                    (2, "qualified"),
                    (3, "hold"),
                    (4, "hold"),
                    (5, "lost"),
                    (6, "lost"),
                ]),
                to_halo: to_halo(&[("qualified", 1), ("hold", 3), ("lost", 5)]),
            },
        ),
        (
            PROJECT_TYPE,
            StatusMap {
                to_hit: to_hit(&[(11, "approved"), (12, "approved"), (13, "progress")]),
                to_halo: to_halo(&[("approved", 11), ("progress", 13)]),
            },
        ),
    ])
}

impl Scenario {
    fn new(name: &'static str, items: Vec<&'static str>, edits: Vec<(&'static str, EditAction)>) -> Self {
        let mut settings = Settings::default();
        settings.sync.scope = Scope::Global;
        settings.sync.opportunity = rules(ConflictRule::HaloWins, ConflictRule::Manual);
        settings.sync.project = rules(ConflictRule::HaloWins, ConflictRule::Manual);
        settings.sync.settle_ms = 20_000;
        settings.sync.promotion.wait_ms = 8_000;
        settings.sync.limits = Limits { updates_percent: 1_000, updates: 1_000, ..Limits::default() };
        settings.project.opportunity.create_type = Some(OPPORTUNITY_TYPE);
        settings.project.project.create_type = Some(PROJECT_TYPE);
        settings.project.halo_currency = Some(currency());
        settings.project.hit_currency = Some(currency());
        for (status, kind) in [
            ("qualified", CreateRule::Opportunity),
            ("hold", CreateRule::Opportunity),
            ("lost", CreateRule::Opportunity),
            ("approved", CreateRule::Project),
            ("progress", CreateRule::Project),
        ] {
            settings.sync.create.insert(HitStatusId::from(status), kind);
        }
        settings.status = status_maps(false);
        let mut catalogue = Catalogue { capabilities: Capabilities::all(), ..Catalogue::default() };
        let client = HaloClient {
            name: "Acme".into(),
            main_site: Some(SiteId(1)),
            sites: BTreeMap::from([(SiteId(1), Site { active: true })]),
            ..HaloClient::default()
        };
        catalogue.halo_clients.insert(CLIENT, client);
        let mut directory = Directory::default();
        directory.clients.insert(HitClientId::from("c"), CLIENT);
        let edits = edits.into_iter().map(|(item, action)| Edit { item: item.into(), action }).collect();
        Self { name, settings, catalogue, directory, items, edits }
    }

    pub(crate) fn world(&self) -> World {
        let mut world = World::new();
        for item in &self.items {
            let fields = Fields { name: "Firewall".into(), status: "qualified".into(), budget: 100_000 };
            world.items.insert((*item).into(), Item { fields, references: Vec::new() });
            world.touch(RecordKey::Item(ItemId::from(*item)));
        }
        world
    }

    /// One item becomes an opportunity; then each field is edited on one side, the status on both, in turn.
    pub(crate) fn one_link() -> Self {
        use EditAction::{Halo, Hit};
        let kind = Kind::Opportunity;
        Self::new(
            "one link",
            vec!["i1"],
            vec![
                ("i1", Hit(FieldId::BudgetOnce, money(250_000))),
                ("i1", Halo(kind, FieldId::Status, code("2"))),
                ("i1", Halo(kind, FieldId::Name, Value::text("new firewall"))),
                ("i1", Hit(FieldId::Status, code("hold"))),
            ],
        )
    }

    /// Both sides edit the same fields: whoever does not win must be part of a conflict.
    pub(crate) fn collisions() -> Self {
        use EditAction::{Halo, Hit};
        let kind = Kind::Opportunity;
        Self::new(
            "collisions",
            vec!["i1"],
            vec![
                ("i1", Hit(FieldId::Name, Value::text("Router"))),
                ("i1", Halo(kind, FieldId::Name, Value::text("Switch"))),
                ("i1", Halo(kind, FieldId::BudgetOnce, money(300_000))),
                ("i1", Hit(FieldId::BudgetOnce, money(400_000))),
            ],
        )
    }

    /// The item is approved; no workflow of Halo's makes the project, so the engine does.
    pub(crate) fn promotion() -> Self {
        use EditAction::{Halo, Hit};
        Self::new(
            "promotion, created",
            vec!["i1"],
            vec![
                ("i1", Hit(FieldId::Status, code("approved"))),
                ("i1", Halo(Kind::Project, FieldId::Status, code("13"))),
            ],
        )
    }

    /// The item is approved and sales wins the deal: Halo's workflow makes the project.
    pub(crate) fn promotion_by_workflow() -> Self {
        use EditAction::{Hit, SalesWins};
        Self::new(
            "promotion, adopted",
            vec!["i1"],
            vec![("i1", SalesWins), ("i1", Hit(FieldId::Status, code("approved")))],
        )
    }

    /// Statuses are written by actions, which must never be repeated blindly.
    pub(crate) fn actions() -> Self {
        use EditAction::Hit;
        let mut scenario = Self::new(
            "status by action",
            vec!["i1"],
            vec![("i1", Hit(FieldId::Status, code("hold"))), ("i1", Hit(FieldId::Status, code("lost")))],
        );
        scenario.settings.status = status_maps(true);
        scenario
    }

    /// Three items of one name at one client.
    pub(crate) fn namesakes() -> Self {
        use EditAction::{Halo, Hit};
        let kind = Kind::Opportunity;
        Self::new(
            "three namesakes",
            vec!["i1", "i2", "i3"],
            vec![
                ("i1", Hit(FieldId::Name, Value::text("Router"))),
                ("i2", Halo(kind, FieldId::Status, code("4"))),
                ("i3", Hit(FieldId::BudgetOnce, money(1))),
                ("i2", Hit(FieldId::BudgetOnce, money(2))),
            ],
        )
    }

    pub(crate) fn all() -> Vec<Self> {
        vec![
            Self::one_link(),
            Self::collisions(),
            Self::promotion(),
            Self::promotion_by_workflow(),
            Self::actions(),
            Self::namesakes(),
        ]
    }
}
