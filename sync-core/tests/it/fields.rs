//! Which fields of a pair are written, and what stands in the way of one.

use crate::links::{codes, issues, opportunity, project, reasons};
use crate::world::*;
use sync_core::base::FlapRing;
use sync_core::catalogue::Capabilities;
use sync_core::decision::ConflictKind;
use sync_core::field::FieldId;
use sync_core::ids::{AgentId, Kind, OutcomeId, Side};
use sync_core::plan::{OpKind, Plan, SkipReason, StatusMove};
use sync_core::settings::{Direction, FieldRule, StatusHow, StatusTarget};
use sync_core::value::{Obs, Value};

const BOTH: FieldRule = FieldRule::new(Direction::Both);

fn text(value: &str) -> Obs<Value> {
    Obs::Value(Value::text(value))
}

fn status(name: &str) -> Obs<Value> {
    Obs::Value(Value::hit_status(&hit_status(name)))
}

/// The fields that operations write.
fn written(plan: &Plan) -> Vec<FieldId> {
    plan.ops.iter().flat_map(|op| op.set.iter().map(|(field, _)| field)).collect()
}

#[test]
fn a_field_that_hit_does_not_have_takes_no_part() {
    type Lacks = fn(&mut Capabilities);
    let cases: [(FieldId, Kind, Obs<Value>, Lacks); 4] = [
        (FieldId::Start, Kind::Project, Obs::Value(day(3)), |can| can.start_date = false),
        (FieldId::Hours, Kind::Project, Obs::Value(Value::Minutes(60)), |can| can.hours = false),
        (FieldId::BudgetMonthly, Kind::Opportunity, Obs::Value(eur(5)), |can| can.recurring_budget = false),
        (FieldId::BudgetAnnual, Kind::Opportunity, Obs::Value(eur(5)), |can| can.recurring_budget = false),
    ];
    for (field, kind, value, lacks) in cases {
        let mut w = if kind == Kind::Project { project() } else { opportunity() };
        w.settings.sync.project.insert(field, BOTH);
        w.settings.sync.opportunity.insert(field, BOTH);
        w.hit(1).fields.set(field, value);
        w.hit(1).fields.set(FieldId::Name, text("New"));
        w.settings.sync.project.insert(FieldId::Name, BOTH);
        assert_eq!(written(&w.plan()), [FieldId::Name, field]);
        lacks(&mut w.catalogue.capabilities);
        assert_eq!(written(&w.plan()), [FieldId::Name]);
    }
}

#[test]
fn what_is_priced_or_computed_is_frozen_by_field() {
    let frozen = FieldRule::new(Direction::HitToHalo { until_quoted: true });
    let to_halo = FieldRule::new(Direction::HitToHalo { until_quoted: false });
    let minutes = || Obs::Value(Value::Minutes(60));
    type Change = fn(&mut World);
    let priced: Change = |w| w.halo(1001).priced = Some(true);
    let computed: Change = |w| w.halo(1001).computed_hours = true;
    let cases: [(FieldId, Obs<Value>, FieldRule, Change, Option<SkipReason>); 7] = [
        (FieldId::Name, text("New"), frozen, |_| {}, None),
        (FieldId::Name, text("New"), frozen, priced, Some(SkipReason::Priced)),
        (FieldId::Name, text("New"), to_halo, priced, None),
        (FieldId::BudgetOnce, Obs::Value(eur(5)), to_halo, priced, Some(SkipReason::Priced)),
        (FieldId::Hours, minutes(), to_halo, computed, Some(SkipReason::Computed)),
        (FieldId::Hours, minutes(), to_halo, priced, None),
        (FieldId::Name, text("New"), to_halo, computed, None),
    ];
    for (field, value, rule, change, reason) in cases {
        let mut w = project();
        w.settings.sync.project.insert(field, rule);
        w.hit(1).fields.set(field, value);
        change(&mut w);
        let plan = w.plan();
        assert_eq!(reasons(&plan), reason.iter().collect::<Vec<_>>(), "{field:?} {rule:?}");
        assert_eq!(plan.ops.len(), usize::from(reason.is_none()));
    }
}

#[test]
fn an_agent_is_responsible_only_where_the_catalogue_allows_it() {
    type Change = fn(&mut World);
    let cases: [(Change, bool); 7] = [
        (|_| {}, true),
        (|w| drop(w.catalogue.agents.remove(&AgentId(7))), true),
        (|w| w.catalogue.agents.get_mut(&AgentId(7)).unwrap().active = false, false),
        (|w| w.catalogue.agents.get_mut(&AgentId(7)).unwrap().api_only = true, false),
        (|w| w.catalogue.ticket_types.get_mut(&SALES).unwrap().agents = [AgentId(8)].into(), false),
        (|w| w.catalogue.ticket_types.get_mut(&SALES).unwrap().agents = [AgentId(7)].into(), true),
        (|w| drop(w.catalogue.ticket_types.remove(&SALES)), true),
    ];
    for (at, (change, written)) in cases.into_iter().enumerate() {
        let mut w = opportunity();
        w.settings.sync.opportunity.insert(FieldId::Responsible, BOTH);
        w.hit(1).fields.set(FieldId::Responsible, Obs::Value(Value::member(&"m7".into())));
        change(&mut w);
        let plan = w.plan();
        assert_eq!(plan.ops.len(), usize::from(written), "case {at}");
        assert!(plan.issues.is_empty(), "no row of a status map is missing");
    }
}

#[test]
fn a_quarantine_holds_for_its_side_kind_and_field() {
    let a = FlapRing::digest(Some(&Value::text("A")));
    let b = FlapRing::digest(Some(&Value::text("B")));
    for (side, kind, field, stops) in [
        (Side::Halo, Kind::Opportunity, FieldId::Name, true),
        (Side::Hit, Kind::Opportunity, FieldId::Name, false),
        (Side::Halo, Kind::Project, FieldId::Name, false),
        (Side::Halo, Kind::Opportunity, FieldId::Description, false),
    ] {
        let mut w = opportunity();
        w.hit(1).fields.set(FieldId::Name, text("A"));
        w.links[0].flap = vec![FlapRing { side, kind, field, written: vec![a, b, a, b], released: 0 }];
        assert_eq!(w.plan().conflicts.len(), usize::from(stops), "{side:?} {kind:?} {field:?}");
    }
}

/// A decision about a quarantine holds for that one; what happened to another field or kind has no part in it.
#[test]
fn a_quarantine_has_its_own_turns() {
    let a = FlapRing::digest(Some(&Value::text("A")));
    let b = FlapRing::digest(Some(&Value::text("B")));
    let ring = |kind, field, released| FlapRing {
        side: Side::Halo,
        kind,
        field,
        written: vec![a, b, a, b],
        released,
    };
    let named = |others: &[FlapRing]| {
        let mut w = opportunity();
        w.hit(1).fields.set(FieldId::Name, text("A"));
        w.links[0].flap = vec![ring(Kind::Opportunity, FieldId::Name, 0)];
        w.links[0].flap.extend_from_slice(others);
        w.plan().conflicts[0].id
    };
    let alone = named(&[]);
    assert_eq!(named(&[ring(Kind::Opportunity, FieldId::Description, 1)]), alone);
    assert_eq!(named(&[ring(Kind::Project, FieldId::Name, 1)]), alone);
    let mut of_hit = ring(Kind::Opportunity, FieldId::Name, 1);
    of_hit.side = Side::Hit;
    assert_ne!(named(&[of_hit]), alone, "the field's turns are those of both sides");
}

/// A status that is set by its field goes with the other fields; one that closes, or goes by an action, is a write of
/// its own.
#[test]
fn a_status_goes_with_the_other_fields_where_their_order_does_not_matter() {
    for (row, want) in [
        (StatusTarget::set(QUOTED), vec!["update"]),
        (StatusTarget::set(WON), vec!["update", "status_write"]),
        (StatusTarget::action(OutcomeId(5), QUOTED), vec!["status_write", "update"]),
    ] {
        let mut w = opportunity();
        w.settings.status.get_mut(&SALES).unwrap().to_halo.insert(hit_status("Parked"), row);
        w.settings.sync.create.insert(hit_status("Parked"), sync_core::settings::CreateRule::Nothing);
        w.hit(1).fields.set(FieldId::Status, status("Parked"));
        w.hit(1).fields.set(FieldId::Name, text("New"));
        let plan = w.plan();
        let mut found = codes(&plan);
        found.sort_unstable();
        let mut sorted = want.clone();
        sorted.sort_unstable();
        assert_eq!(found, sorted);
        let mut fields = written(&plan);
        fields.sort_unstable();
        assert_eq!(fields, [FieldId::Name, FieldId::Status]);
        for op in &plan.ops {
            let closes = matches!(op.kind, OpKind::StatusWrite { moves: StatusMove::Close, .. });
            assert_eq!(op.after.len(), usize::from(closes), "only closing waits for the other fields");
        }
        // Alone, it is a write of its own in any case.
        w.hit(1).fields.set(FieldId::Name, text("Firewall"));
        let plan = w.plan();
        assert_eq!(codes(&plan), ["status_write"]);
        let OpKind::StatusWrite { how, .. } = plan.ops[0].kind else { panic!("{plan:?}") };
        assert_eq!(how == StatusHow::Set, want.len() == 1 || want[0] == "update");
    }
}

/// A ticket is reopened before its fields are written, and they are then written to an open one.
#[test]
fn a_ticket_is_reopened_before_its_fields_are_written() {
    let mut w = project();
    w.settings.sync.write_closed = true;
    w.settings.sync.project.insert(FieldId::Due, BOTH);
    w.halo(1001).fields.set(FieldId::Status, Obs::Value(Value::halo_status(DONE)));
    w.hit(1).fields.set(FieldId::Status, status("Completed"));
    w.halo(1001).closed = true;
    w.link(1, 1001);
    w.hit(1).fields.set(FieldId::Status, status("Approved"));
    w.hit(1).fields.set(FieldId::Due, Obs::Value(day(4)));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["status_write", "update"]);
    let (reopen, update) = (&plan.ops[0], &plan.ops[1]);
    assert!(matches!(reopen.kind, OpKind::StatusWrite { moves: StatusMove::Reopen, .. }));
    assert_eq!((&reopen.after, &update.after), (&vec![], &vec![reopen.id]));
    let closed = |op: &sync_core::plan::Op| {
        op.pre.iter().filter(|pre| matches!(pre, sync_core::plan::Precond::Closed(_))).count()
    };
    assert_eq!((closed(reopen), closed(update)), (1, 0));
    assert!(update.pre.len() >= 3, "the other conditions stay");
}

#[test]
fn dates_out_of_order_can_only_be_mended_by_hand() {
    let mut w = project();
    for field in [FieldId::Start, FieldId::Due] {
        w.settings.sync.project.insert(field, BOTH);
    }
    for (start, due, conflicts) in [(5, 4, 2), (4, 4, 0), (3, 4, 0)] {
        w.hit(1).fields.set(FieldId::Start, Obs::Value(day(start)));
        w.hit(1).fields.set(FieldId::Due, Obs::Value(day(due)));
        let plan = w.plan();
        assert_eq!(plan.conflicts.len(), conflicts);
        assert!(plan.conflicts.iter().all(|c| c.reason == ConflictKind::DateOrder && c.ways_out.is_empty()));
        assert_eq!(plan.ops.is_empty(), conflicts > 0);
    }
}

/// Amounts of a record in another currency than the settings say are not compared.
#[test]
fn an_amount_counts_only_in_the_currency_of_its_side() {
    type Change = fn(&mut World);
    let usd = || Some("USD".parse().unwrap());
    let cases: [(Change, bool); 4] = [
        (|_| {}, true),
        (|w| w.hit(1).currency = Some("EUR".parse().unwrap()), true),
        (|w| w.hit(1).currency = Some("USD".parse().unwrap()), false),
        (
            |w| {
                let money = sync_core::value::Money { minor: 500, currency: "USD".parse().unwrap() };
                w.hit(1).fields.set(FieldId::BudgetOnce, Obs::Value(Value::Money(money)));
            },
            false,
        ),
    ];
    for (at, (change, fits)) in cases.into_iter().enumerate() {
        let mut w = opportunity();
        w.hit(1).fields.set(FieldId::BudgetOnce, Obs::Value(eur(500)));
        change(&mut w);
        let plan = w.plan();
        assert_eq!((plan.ops.len(), issues(&plan).len()), if fits { (1, 0) } else { (0, 1) }, "case {at}");
        // The same for a ticket that is made.
        w.links.clear();
        w.snapshot.tickets.clear();
        let plan = w.plan();
        assert_eq!(plan.ops[0].set.get(FieldId::BudgetOnce).is_seen(), fits, "case {at}");
        // Without a common currency no amount is sent, nor remembered.
        w.settings.project.hit_currency = usd();
        let plan = w.plan();
        assert!(!plan.ops[0].set.get(FieldId::BudgetOnce).is_seen());
        assert!(!plan.ops[0].source.get(FieldId::BudgetOnce).is_seen());
    }
}

#[test]
fn a_write_of_what_is_frozen_once_priced_says_so() {
    let frozen = FieldRule::new(Direction::HitToHalo { until_quoted: true });
    let to_halo = FieldRule::new(Direction::HitToHalo { until_quoted: false });
    for (field, value, rule, said) in [
        (FieldId::Name, text("New"), to_halo, false),
        (FieldId::Name, text("New"), frozen, true),
        (FieldId::BudgetOnce, Obs::Value(eur(5)), to_halo, true),
    ] {
        let mut w = opportunity();
        w.settings.sync.opportunity.insert(field, rule);
        w.hit(1).fields.set(field, value);
        let plan = w.plan();
        assert_eq!(plan.ops[0].pre.contains(&sync_core::plan::Precond::NotPriced), said, "{field:?}");
    }
}

/// What goes the other way, or is blank, is left out of a create and remembered.
#[test]
fn a_create_sends_what_its_rules_send_on_create() {
    for (direction, value, sent) in [
        (Direction::Both, text("long"), true),
        (Direction::OnCreate, text("long"), true),
        (Direction::HaloToHit, text("long"), false),
        (Direction::Both, text(""), false),
    ] {
        let mut w = World::new();
        w.settings.sync.opportunity.insert(FieldId::Description, FieldRule::new(direction));
        w.item(1, 1, "Qualified", "Firewall").fields.set(FieldId::Description, value);
        let plan = w.plan();
        let found =
            [&plan.ops[0].set, &plan.ops[0].source].map(|row| row.get(FieldId::Description).is_seen());
        assert_eq!(found, [sent, true], "{direction:?}");
    }
}
