//! The stories: each is short, so that all its schedules can be run, and together they cover what the engine does.

use super::scenario::{Action, Automation, Scenario, code, money, rule, rules, status_maps};
use Action::{
    Approve, Clock, Configure, Copy, Halo, Hit, Hook, LoseDatabase, Resolve, RestoreCopy, SalesWins, Takeover,
};
use sync_core::field::FieldId;
use sync_core::ids::{HitClientId, Kind, Side};
use sync_core::learn::TargetForm;
use sync_core::settings::{ConflictRule, Direction, FirstLink, PromotionMode, Scope};
use sync_core::value::Value;

pub(super) const ONE: &[(&str, &str)] = &[("i1", "c")];
pub(super) const OPP: Kind = Kind::Opportunity;

pub(super) fn name(text: &str) -> Value {
    Value::text(text)
}

/// Create, then one edit of each field from alternating sides.
pub(crate) fn one_link() -> Scenario {
    Scenario::new(
        "one link",
        ONE,
        vec![
            ("i1", Halo(OPP, FieldId::Status, code("4"))),
            ("i1", Hit(FieldId::Name, name("Switch"))),
            ("i1", Halo(OPP, FieldId::BudgetOnce, money(300_000))),
            ("i1", Hit(FieldId::Status, code("lost"))),
        ],
    )
}

fn both_sides(name_: &'static str, values: ConflictRule) -> Scenario {
    Scenario::new(
        name_,
        ONE,
        vec![
            ("i1", Hit(FieldId::Name, name("Router"))),
            ("i1", Halo(OPP, FieldId::Name, name("Switch"))),
            ("i1", Halo(OPP, FieldId::BudgetOnce, money(300_000))),
            ("i1", Hit(FieldId::BudgetOnce, money(400_000))),
        ],
    )
    .with(|s| s.sync.opportunity = rules(ConflictRule::HaloWins, values, FirstLink::Policy))
}

/// Both sides edit the same fields, and a person has to decide.
pub(crate) fn manual() -> Scenario {
    both_sides("rule: a person decides", ConflictRule::Manual)
}

/// The later change wins, by the servers' own clocks, which differ by less than the tolerance.
pub(crate) fn newest() -> Scenario {
    let mut scenario = Scenario::new(
        "rule: newest wins",
        ONE,
        vec![("i1", Hit(FieldId::Name, name("Router"))), ("i1", Halo(OPP, FieldId::Name, name("Switch")))],
    )
    .with(|s| {
        s.sync.opportunity =
            rules(ConflictRule::HaloWins, ConflictRule::Newest { tolerance_ms: 5_000 }, FirstLink::Policy);
    });
    scenario.stamps = Some(2_000);
    scenario.with_k(3)
}

/// A conflict is decided while people go on editing.
pub(crate) fn decided() -> Scenario {
    Scenario::new(
        "a decision",
        ONE,
        vec![
            ("i1", Hit(FieldId::Name, name("Router"))),
            ("i1", Halo(OPP, FieldId::Name, name("Switch"))),
            ("i1", Resolve(Side::Hit)),
            ("i1", Halo(OPP, FieldId::Name, name("Hub"))),
            ("i1", Hit(FieldId::Name, name("Bridge"))),
        ],
    )
}

/// Name goes to Halo alone, budget to HIT alone; people edit the wrong side too.
pub(crate) fn one_way() -> Scenario {
    Scenario::new(
        "one-way fields",
        ONE,
        vec![
            ("i1", Halo(OPP, FieldId::Name, name("Switch"))),
            ("i1", Hit(FieldId::Name, name("Router"))),
            ("i1", Hit(FieldId::BudgetOnce, money(400_000))),
            ("i1", Halo(OPP, FieldId::BudgetOnce, money(300_000))),
        ],
    )
    .with(|s| {
        let to_halo = Direction::HitToHalo { until_quoted: false };
        let first = FirstLink::Policy;
        s.sync.opportunity.insert(FieldId::Name, rule(to_halo, ConflictRule::Manual, first));
        s.sync
            .opportunity
            .insert(FieldId::BudgetOnce, rule(Direction::OnCreateThenHaloToHit, ConflictRule::Manual, first));
    })
}

fn promotion(name: &'static str, mode: PromotionMode) -> Scenario {
    Scenario::new(
        name,
        ONE,
        vec![
            ("i1", Hit(FieldId::Status, code("approved"))),
            ("i1", Halo(Kind::Project, FieldId::Status, code("13"))),
        ],
    )
    .with(|s| s.sync.promotion.mode = mode)
}

/// The item is approved; no workflow of Halo's makes the project, so the engine does.
pub(crate) fn promotion_created() -> Scenario {
    promotion("promotion: create", PromotionMode::Linked)
        .with(|s| s.sync.promotion.wait_ms = 25_000)
        .with_k(3)
}

/// The item is approved and sales wins the deal: Halo's workflow makes the project, before, while or after we do.
pub(crate) fn promotion_by_workflow() -> Scenario {
    Scenario::new(
        "promotion: workflow",
        ONE,
        vec![("i1", SalesWins), ("i1", Hit(FieldId::Status, code("approved")))],
    )
    .with_k(3)
}

/// Only Halo's workflow may make the project.
pub(crate) fn promotion_adopt_only() -> Scenario {
    Scenario::new(
        "promotion: adopt only",
        ONE,
        vec![("i1", Hit(FieldId::Status, code("approved"))), ("i1", SalesWins)],
    )
    .with(|s| s.sync.promotion.mode = PromotionMode::AdoptOnly)
    .with_k(3)
}

/// The opportunity becomes the project.
pub(crate) fn promotion_converted() -> Scenario {
    promotion("promotion: convert", PromotionMode::Convert).with_k(3)
}

/// Before global scope each promotion is asked about: wanted, approved, called off, wanted again.
pub(crate) fn promotion_asked() -> Scenario {
    Scenario::new(
        "promotion: asked",
        ONE,
        vec![
            ("i1", Hit(FieldId::Status, code("approved"))),
            ("i1", Approve),
            ("i1", Hit(FieldId::Status, code("hold"))),
            ("i1", Hit(FieldId::Status, code("approved"))),
        ],
    )
    .with(|s| s.sync.scope = Scope::Validation([HitClientId::from("c")].into()))
}

/// Statuses are written by actions, which must never be repeated blindly.
pub(crate) fn actions() -> Scenario {
    Scenario::new(
        "status by action",
        ONE,
        vec![("i1", Hit(FieldId::Status, code("hold"))), ("i1", Hit(FieldId::Status, code("lost")))],
    )
    .with(|s| s.status = status_maps(true))
    .with_k(3)
}

/// Two edits of one field, and hardly more settle time than a late request takes.
pub(crate) fn late_writes() -> Scenario {
    Scenario::new(
        "writes arrive late",
        ONE,
        vec![("i1", Hit(FieldId::Status, code("hold"))), ("i1", Hit(FieldId::Status, code("lost")))],
    )
    .with(|s| s.sync.settle_ms = 19_000)
    .with_k(3)
}

/// Three items of one name at one client.
pub(crate) fn namesakes() -> Scenario {
    Scenario::new(
        "three namesakes",
        &[("i1", "c"), ("i2", "c"), ("i3", "c")],
        vec![
            ("i1", Hit(FieldId::Name, name("Router"))),
            ("i2", Halo(OPP, FieldId::Status, code("4"))),
            ("i3", Hit(FieldId::BudgetOnce, money(1))),
            ("i2", Hit(FieldId::BudgetOnce, money(2))),
        ],
    )
}

/// A process stalls, another takes the lease, and the first wakes up.
pub(crate) fn two_engines() -> Scenario {
    Scenario::new(
        "two engines",
        ONE,
        vec![
            ("i1", Halo(OPP, FieldId::Status, code("4"))),
            ("i1", Hit(FieldId::Name, name("Router"))),
            ("i1", Takeover),
            ("i1", Takeover),
        ],
    )
}

/// Halo and HIT both rewrite the name after every write.
pub(crate) fn fighting() -> Scenario {
    let mut scenario = Scenario::new(
        "automations fight",
        ONE,
        vec![("i1", Hit(FieldId::Name, name("Router"))), ("i1", Hit(FieldId::BudgetOnce, money(5)))],
    );
    scenario.automations = vec![
        Automation { side: Side::Halo, field: FieldId::Name, makes: name("Ticket: router") },
        Automation { side: Side::Hit, field: FieldId::Name, makes: name("Project router") },
    ];
    scenario
}

/// Halo sets another status after every write of ours.
pub(crate) fn automation() -> Scenario {
    let mut scenario = Scenario::new(
        "an automation answers",
        ONE,
        vec![("i1", Hit(FieldId::Status, code("hold"))), ("i1", Halo(OPP, FieldId::Name, name("Switch")))],
    );
    scenario.automations = vec![Automation { side: Side::Halo, field: FieldId::Status, makes: code("6") }];
    scenario
}

/// The database is lost, at any moment.
pub(crate) fn database_lost() -> Scenario {
    Scenario::new(
        "the database is lost",
        ONE,
        vec![
            ("i1", Halo(OPP, FieldId::Name, name("Switch"))),
            ("i1", Hit(FieldId::BudgetOnce, money(400_000))),
            ("i1", LoseDatabase),
        ],
    )
    .with(|s| s.sync.opportunity = rules(ConflictRule::Manual, ConflictRule::Manual, FirstLink::FillBlanks))
}

/// The database is put back to an old copy, at any moment.
pub(crate) fn database_restored() -> Scenario {
    Scenario::new(
        "an old copy is restored",
        ONE,
        vec![
            ("i1", Halo(OPP, FieldId::Name, name("Switch"))),
            ("i1", Hit(FieldId::BudgetOnce, money(400_000))),
            ("i1", Copy),
            ("i1", RestoreCopy),
        ],
    )
    .with(|s| s.sync.opportunity = rules(ConflictRule::Manual, ConflictRule::Manual, FirstLink::FillBlanks))
}

/// The name stops going to Halo between plan and apply, and goes again.
pub(crate) fn configured() -> Scenario {
    let mut scenario = Scenario::new(
        "settings change",
        ONE,
        vec![
            ("i1", Hit(FieldId::Name, name("Router"))),
            ("i1", Halo(OPP, FieldId::BudgetOnce, money(7))),
            ("i1", Configure(1)),
            ("i1", Configure(0)),
        ],
    );
    let mut other = scenario.settings[0].clone();
    other
        .sync
        .opportunity
        .insert(FieldId::Name, rule(Direction::HaloToHit, ConflictRule::Manual, FirstLink::Policy));
    scenario.settings.push(other);
    scenario
}

/// Our clock goes back by an hour, and jumps ahead by less than the settle time leaves room for.
pub(crate) fn clocks() -> Scenario {
    Scenario::new(
        "our clock jumps",
        ONE,
        vec![
            ("i1", Hit(FieldId::Name, name("Router"))),
            ("i1", Halo(OPP, FieldId::Name, name("Switch"))),
            ("i1", Clock(-3_600_000)),
            ("i1", Clock(4_000)),
        ],
    )
}

/// Halo's template replaces name and budget of new tickets. What was sent is put back where the reply shows it;
/// where the reply was lost, nobody can tell the template from a person, and a person is asked.
pub(crate) fn template() -> Scenario {
    let mut scenario = Scenario::new(
        "a template replaces what was sent",
        ONE,
        vec![("i1", Halo(OPP, FieldId::Name, name("Switch"))), ("i1", Hit(FieldId::Name, name("Router")))],
    )
    .with(|s| {
        s.project.opportunity.template = Some(sync_core::ids::TemplateId(5));
        s.sync.opportunity = rules(ConflictRule::Manual, ConflictRule::Manual, FirstLink::Manual);
    });
    scenario.template = vec![(FieldId::Name, name("From the template")), (FieldId::BudgetOnce, money(100))];
    scenario
}

/// HIT cuts names, and the settings say so: an edit behind the cut, and replies that are lost. It also makes the first
/// letter a capital, and a cut that falls on a space leaves none, which the settings do not say.
pub(crate) fn cut_and_declared() -> Scenario {
    let mut scenario = Scenario::new(
        "a server cuts names",
        ONE,
        vec![
            ("i1", Halo(OPP, FieldId::Name, name("Switch for rack one"))),
            ("i1", Halo(OPP, FieldId::Name, name("Switch for rack two"))),
            ("i1", Hit(FieldId::Name, name("Router"))),
            ("i1", Halo(OPP, FieldId::Name, name("hub for the second rack"))),
        ],
    )
    .with(|s| {
        s.sync.opportunity = rules(ConflictRule::HaloWins, ConflictRule::HitWins, FirstLink::Policy);
        for rule in s.sync.opportunity.iter_mut().filter(|(field, _)| **field == FieldId::Name) {
            rule.1.hit_form = Some(TargetForm::Cut(12));
        }
    });
    scenario.hit_cuts = 12;
    scenario
}

/// Every change is announced, ours too: announcements are lost, doubled, overtaken, and come for nothing, also while a
/// run is under way.
pub(crate) fn webhooks() -> Scenario {
    let mut scenario = Scenario::new(
        "webhooks",
        ONE,
        vec![
            ("i1", Halo(OPP, FieldId::Name, name("switch"))),
            ("i1", Hit(FieldId::Status, code("hold"))),
            ("i1", Hook),
        ],
    );
    scenario.webhooks = true;
    scenario
}

/// Every story.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = vec![
        one_link(),
        both_sides("rule: Halo wins", ConflictRule::HaloWins),
        both_sides("rule: HIT wins", ConflictRule::HitWins),
        newest(),
        manual(),
        decided(),
        one_way(),
        promotion_created(),
        promotion_by_workflow(),
        promotion_adopt_only(),
        promotion_converted(),
        promotion_asked(),
        actions(),
        late_writes(),
        namesakes(),
        two_engines(),
        fighting(),
        automation(),
        database_lost(),
        database_restored(),
        configured(),
        clocks(),
        webhooks(),
        template(),
        cut_and_declared(),
    ];
    all.extend(super::lives::all());
    all
}
