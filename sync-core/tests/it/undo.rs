//! Taking back what a run has written.

use crate::links::{codes, opportunity, project};
use crate::world::*;
use std::collections::BTreeSet;
use sync_core::base::{LinkState, PendingWrite};
use sync_core::field::FieldId;
use sync_core::hash::Hash128;
use sync_core::ids::{HaloClientId, Kind, OutcomeId, Side, TicketId};
use sync_core::plan::{OpKind, Plan, StatusMove, Verdict, explain_op};
use sync_core::planner::undo::{Kept, Undo, Wrote, undo};
use sync_core::settings::{Direction, FieldRule, Scope, StatusHow, StatusTarget};
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

/// What a plan writes, as the history tells it afterwards.
fn wrote(plan: &Plan) -> Vec<Wrote> {
    let of = |op: &sync_core::plan::Op| {
        let ticket = if op.kind.side() == Some(Side::Halo) { op.ticket } else { None };
        let one = |(field, set): (FieldId, &Obs<Value>)| Wrote {
            item: op.item.clone().unwrap(),
            ticket,
            field,
            before: op.before.get(field).value().cloned(),
            after: set.value().cloned(),
        };
        op.set.iter().map(one).collect::<Vec<_>>()
    };
    plan.ops.iter().filter(|op| op.kind.is_write()).flat_map(of).collect()
}

/// Plans, carries out, and gives what was written.
fn sync(w: &mut World) -> Vec<Wrote> {
    let plan = w.plan();
    w.apply(&plan);
    wrote(&plan)
}

fn back(w: &World, done: &[Wrote]) -> Undo {
    undo(&w.input(), 7, done)
}

fn text(value: &str) -> Obs<Value> {
    Obs::Value(Value::text(value))
}

#[test]
fn the_old_value_comes_back_and_stays_through_later_syncs() {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::Name, text("Renamed by mistake"));
    let done = sync(&mut w);
    assert_eq!(done.len(), 1);
    let Undo { plan, kept } = back(&w, &done);
    assert_eq!((codes(&plan), kept), (vec!["update"], vec![]));
    let sentence = explain_op(&plan.ops[0]);
    assert!(sentence.ends_with("because a person takes back what run 7 wrote to the name."), "{sentence}");
    w.apply(&plan);
    let old = done[0].before.clone().unwrap();
    assert_eq!(*w.halo(1001).fields.get(FieldId::Name), Obs::Value(old.clone()));
    // The other side keeps its value, and no sync does the undone change again.
    for _ in 0..3 {
        let plan = w.plan();
        assert!(plan.is_empty() && plan.conflicts.is_empty(), "{plan:?}");
        w.apply(&plan);
    }
    // The next edit of the field is an ordinary change.
    w.hit(1).fields.set(FieldId::Name, text("Renamed again"));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["update"]);
    w.apply(&plan);
    assert_eq!(*w.halo(1001).fields.get(FieldId::Name), text("Renamed again"));
}

#[test]
fn an_undo_can_be_undone() {
    let mut w = project();
    w.halo(1001).fields.set(FieldId::Due, Obs::Value(day(20)));
    let done = sync(&mut w);
    let first = back(&w, &done);
    w.apply(&first.plan);
    let undone = wrote(&first.plan);
    let second = back(&w, &undone);
    assert_eq!(second.kept, []);
    w.apply(&second.plan);
    assert_eq!(*w.hit(1).fields.get(FieldId::Due), Obs::Value(day(20)));
    assert!(w.plan().is_empty());
}

fn pending(field: FieldId) -> PendingWrite {
    PendingWrite {
        before: Obs::NotFetched,
        op: Hash128::default(),
        side: Side::Halo,
        kind: Kind::Opportunity,
        field,
        sent: None,
        sent_at: Stamp::ours(0),
        settle_until: Stamp::ours(1),
    }
}

#[test]
fn nothing_that_somebody_has_changed_since_is_touched() {
    type Change = fn(&mut World);
    let cases: [(Change, Kept); 19] = [
        (|w| w.halo(1001).fields.set(FieldId::Name, text("By sales")), Kept::ChangedSince(Side::Halo)),
        (|w| w.hit(1).fields.set(FieldId::Name, text("Again")), Kept::SourceChanged(Side::Hit)),
        (|w| w.halo(1001).deleted = true, Kept::Gone(Side::Halo)),
        (|w| w.hit(1).archived = true, Kept::Gone(Side::Hit)),
        (|w| w.halo(1001).closed = true, Kept::TicketClosed),
        (|w| w.halo(1001).fields.set(FieldId::Name, Obs::NotFetched), Kept::NotRead(Side::Halo)),
        (|w| w.links.clear(), Kept::NotLinked),
        (|w| w.links[0].state = LinkState::Ended, Kept::NotLinked),
        (|w| w.links[0].set_ticket(Kind::Opportunity, Some(TicketId(9))), Kept::NotLinked),
        (|w| drop(w.links[0].base.of_mut(Kind::Opportunity).remove(&FieldId::Name)), Kept::NotLinked),
        (|w| w.settings.sync.scope = Scope::Validation([client(2)].into()), Kept::OutOfScope),
        (|w| w.halo(1001).merged_into = Some(TicketId(77)), Kept::Gone(Side::Halo)),
        (|w| w.halo(1001).client = HaloClientId(102), Kept::Gone(Side::Halo)),
        (|w| w.halo(1001).kind = Some(Kind::Project), Kept::Gone(Side::Halo)),
        (|w| w.hit(1).client = client(2), Kept::Gone(Side::Hit)),
        (|w| w.snapshot.items.clear(), Kept::NotRead(Side::Hit)),
        (|w| w.snapshot.tickets.clear(), Kept::NotRead(Side::Halo)),
        (|w| w.hit(1).fields.set(FieldId::Name, Obs::NotFetched), Kept::NotRead(Side::Hit)),
        (|w| w.links[0].pending.push(pending(FieldId::Name)), Kept::Settling),
    ];
    for (change, reason) in cases {
        let mut w = opportunity();
        w.hit(1).fields.set(FieldId::Name, text("Renamed by mistake"));
        let done = sync(&mut w);
        change(&mut w);
        let Undo { plan, kept } = back(&w, &done);
        assert_eq!((codes(&plan), kept), (vec![], vec![(0, reason)]));
    }
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::Name, text("Renamed by mistake"));
    let done = sync(&mut w);
    let undone = back(&w, &done);
    w.apply(&undone.plan);
    assert_eq!(back(&w, &done).kept, [(0, Kept::AlreadyBack)], "twice is as once");
}

#[test]
fn money_that_was_priced_since_stays() {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::BudgetOnce, Obs::Value(eur(90_000)));
    let done = sync(&mut w);
    w.halo(1001).priced = Some(true);
    assert_eq!(back(&w, &done).kept, [(0, Kept::Priced)]);
}

#[test]
fn a_ticket_that_the_run_closed_is_reopened_first() {
    let mut w = opportunity();
    let before = w.halo(1001).fields.clone();
    let closed = Value::halo_status(WON);
    // As a run has left it that closed the ticket and renamed it: both are in the base.
    w.halo(1001).fields.set(FieldId::Status, Obs::Value(closed.clone()));
    w.halo(1001).fields.set(FieldId::Name, text("New"));
    w.halo(1001).closed = true;
    let base = w.links[0].base.of_mut(Kind::Opportunity);
    base.get_mut(&FieldId::Status).unwrap().halo = Some(closed.clone());
    base.get_mut(&FieldId::Name).unwrap().halo = Some(Value::text("New"));
    let one = |field: FieldId, after: Value| Wrote {
        item: item_id(1),
        ticket: Some(TicketId(1001)),
        field,
        before: before.get(field).value().cloned(),
        after: Some(after),
    };
    let done = [one(FieldId::Status, closed), one(FieldId::Name, Value::text("New"))];
    let Undo { plan, kept } = back(&w, &done);
    assert_eq!(kept, []);
    assert_eq!(codes(&plan), ["status_write", "update"]);
    assert!(matches!(plan.ops[0].kind, OpKind::StatusWrite { moves: StatusMove::Reopen, .. }));
    assert_eq!(plan.ops[1].after, [plan.ops[0].id]);
}

#[test]
fn limits_hold_for_an_undo_too() {
    let mut w = opportunity();
    w.settings.sync.limits.updates = 0;
    w.settings.sync.limits.updates_percent = 0;
    w.hit(1).fields.set(FieldId::Name, text("Renamed by mistake"));
    let plan = w.plan();
    assert!(matches!(plan.head.verdict, Verdict::Blocked(_)));
    w.apply(&plan);
    let Undo { plan, .. } = back(&w, &wrote(&plan));
    assert!(matches!(plan.head.verdict, Verdict::Blocked(_)));
    assert!(!plan.head.complete, "it says nothing about records that it does not mention");
}

/// What a later look at one record forbids holds for the side and the field that it is about, and for no other.
#[test]
fn what_is_frozen_since_is_frozen_for_its_side_and_field() {
    type Change = fn(&mut World);
    let minutes = |n| Obs::Value(Value::Minutes(n));
    let cases: [(Side, FieldId, Obs<Value>, Change, Option<Kept>); 11] = [
        (Side::Halo, FieldId::Name, text("New"), |_| {}, None),
        (Side::Halo, FieldId::Name, text("New"), |w| w.halo(1001).priced = Some(true), None),
        (Side::Halo, FieldId::Name, text("New"), |w| w.halo(1001).computed_hours = true, None),
        (Side::Halo, FieldId::Name, text("New"), |w| w.links[0].pending.push(pending(FieldId::Due)), None),
        (Side::Halo, FieldId::Hours, minutes(60), |_| {}, None),
        (
            Side::Halo,
            FieldId::Hours,
            minutes(60),
            |w| w.halo(1001).computed_hours = true,
            Some(Kept::Computed),
        ),
        (Side::Hit, FieldId::Hours, minutes(60), |w| w.halo(1001).computed_hours = true, None),
        (Side::Hit, FieldId::BudgetOnce, Obs::Value(eur(5)), |w| w.halo(1001).priced = Some(true), None),
        (Side::Hit, FieldId::BudgetOnce, Obs::Value(eur(5)), |w| w.hit(1).budget_lines.once = 1, None),
        (
            Side::Hit,
            FieldId::BudgetOnce,
            Obs::Value(eur(5)),
            |w| w.hit(1).budget_lines.once = 2,
            Some(Kept::SeveralLines),
        ),
        (Side::Halo, FieldId::BudgetOnce, Obs::Value(eur(5)), |w| w.hit(1).budget_lines.once = 2, None),
    ];
    for (side, field, value, change, reason) in cases {
        let mut w = if field == FieldId::Hours { project() } else { opportunity() };
        w.settings.sync.opportunity.insert(field, FieldRule::new(Direction::Both));
        w.settings.sync.project.insert(field, FieldRule::new(Direction::Both));
        match side {
            Side::Halo => w.hit(1).fields.set(field, value),
            Side::Hit => w.halo(1001).fields.set(field, value),
        }
        let done = sync(&mut w);
        assert_eq!((done.len(), done[0].side()), (1, side), "{field:?}");
        change(&mut w);
        let Undo { plan, kept } = back(&w, &done);
        let want: Vec<_> = reason.map(|reason| (0, reason)).into_iter().collect();
        assert_eq!((kept, plan.ops.len()), (want.clone(), 1 - want.len()), "{side:?} {field:?}");
        assert_eq!((plan.head.counts.links, plan.head.counts.links_total), (1, 1));
    }
}

#[test]
fn another_spelling_of_what_was_written_is_what_was_written() {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::Name, text("Renamed"));
    let done = sync(&mut w);
    w.halo(1001).fields.set(FieldId::Name, text("RENAMED"));
    let base = w.links[0].base.of_mut(Kind::Opportunity).get_mut(&FieldId::Name).unwrap();
    base.halo = Some(Value::text("RENAMED"));
    assert_eq!(back(&w, &done).kept, []);
    // Held alike, but not what both held when the run was done: an edit that nobody has carried yet.
    w.halo(1001).fields.set(FieldId::Name, text("Renamed"));
    assert_eq!(back(&w, &done).kept, [(0, Kept::ChangedSince(Side::Halo))]);
}

#[test]
fn a_closed_ticket_is_written_only_where_the_settings_say_so() {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::Name, text("Renamed"));
    let done = sync(&mut w);
    w.halo(1001).closed = true;
    assert_eq!(back(&w, &done).kept, [(0, Kept::TicketClosed)]);
    w.settings.sync.write_closed = true;
    assert_eq!(codes(&back(&w, &done).plan), ["update"]);
    // What was written to the item does not depend on it.
    let mut w = project();
    w.halo(1001).fields.set(FieldId::Due, Obs::Value(day(20)));
    let done = sync(&mut w);
    w.halo(1001).closed = true;
    assert_eq!(codes(&back(&w, &done).plan), ["update"]);
}

#[test]
fn dates_are_not_put_out_of_order() {
    let dates = |w: &mut World, start: i8, due: i8| {
        for (field, value) in [(FieldId::Start, start), (FieldId::Due, due)] {
            w.halo(1001).fields.set(field, Obs::Value(day(value)));
            w.hit(1).fields.set(field, Obs::Value(day(value)));
        }
        w.link(1, 1001);
    };
    for (start, kept) in [(4, vec![]), (5, vec![]), (6, vec![(0, Kept::DateOrder)])] {
        let mut w = project();
        w.settings.sync.project.insert(FieldId::Due, FieldRule::new(Direction::Both));
        dates(&mut w, 3, 5);
        w.hit(1).fields.set(FieldId::Due, Obs::Value(day(9)));
        let done = sync(&mut w);
        assert_eq!((done.len(), done[0].side()), (1, Side::Halo));
        dates(&mut w, start, 9);
        let Undo { plan, kept: found } = back(&w, &done);
        assert_eq!((plan.ops.len(), found), (1 - kept.len(), kept), "{start}");
    }
}

/// The old status is set by its field, or by the action that the map names and the workflow offers.
#[test]
fn the_old_status_comes_back_the_way_that_the_map_says() {
    let action = || StatusTarget::action(OutcomeId(5), OPEN);
    let parked = |w: &mut World| {
        w.settings
            .status
            .get_mut(&SALES)
            .unwrap()
            .to_halo
            .insert(hit_status("Parked"), StatusTarget::set(QUOTED));
        w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Parked"))));
    };
    for (only_action, from, how) in [
        (false, vec![WON], Ok(StatusHow::Set)),
        (true, vec![WON], Err(Kept::ActionNotOffered)),
        (true, vec![WON, QUOTED], Ok(StatusHow::Action(OutcomeId(5)))),
        (true, vec![], Ok(StatusHow::Action(OutcomeId(5)))),
    ] {
        let mut w = opportunity();
        parked(&mut w);
        let done = sync(&mut w);
        assert_eq!(w.halo(1001).status(), Some(QUOTED));
        let rows = &mut w.settings.status.get_mut(&SALES).unwrap().to_halo;
        rows.insert(hit_status("Qualified"), action());
        if only_action {
            rows.insert(hit_status("Recommended"), action());
        }
        let outcomes = &mut w.catalogue.ticket_types.get_mut(&SALES).unwrap().outcomes;
        outcomes.get_mut(&OutcomeId(5)).unwrap().from = from.iter().copied().collect();
        let Undo { plan, kept } = back(&w, &done);
        match how {
            Err(reason) => assert_eq!((kept, plan.ops.len()), (vec![(0, reason)], 0)),
            Ok(how) => {
                assert_eq!(kept, []);
                let OpKind::StatusWrite { how: found, moves, .. } = &plan.ops[0].kind else {
                    panic!("{plan:?}")
                };
                assert_eq!((*found, *moves), (how, StatusMove::Between));
                assert_eq!(plan.ops[0].set.get(FieldId::Status).value(), Some(&Value::halo_status(OPEN)));
            }
        }
    }
}

#[test]
fn every_reason_has_words_of_its_own() {
    let all = [
        Kept::AlreadyBack,
        Kept::ChangedSince(Side::Halo),
        Kept::ChangedSince(Side::Hit),
        Kept::SourceChanged(Side::Halo),
        Kept::SourceChanged(Side::Hit),
        Kept::NotLinked,
        Kept::OutOfScope,
        Kept::NotRead(Side::Halo),
        Kept::NotRead(Side::Hit),
        Kept::Gone(Side::Halo),
        Kept::Gone(Side::Hit),
        Kept::Settling,
        Kept::TicketClosed,
        Kept::Priced,
        Kept::Computed,
        Kept::SeveralLines,
        Kept::DateOrder,
        Kept::ActionNotOffered,
    ];
    let words: BTreeSet<_> = all.iter().map(|kept| kept.words()).collect();
    assert_eq!(words.len(), all.len());
}
