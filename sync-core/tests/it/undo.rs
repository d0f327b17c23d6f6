//! Taking back what a run has written.

use crate::links::{codes, opportunity, project};
use crate::world::*;
use sync_core::field::FieldId;
use sync_core::ids::{Kind, Side, TicketId};
use sync_core::plan::{OpKind, Plan, StatusMove, Verdict, explain_op};
use sync_core::planner::undo::{Kept, Undo, Wrote, undo};
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

#[test]
fn nothing_that_somebody_has_changed_since_is_touched() {
    type Change = fn(&mut World);
    let cases: [(Change, Kept); 7] = [
        (|w| w.halo(1001).fields.set(FieldId::Name, text("By sales")), Kept::ChangedSince(Side::Halo)),
        (|w| w.hit(1).fields.set(FieldId::Name, text("Again")), Kept::SourceChanged(Side::Hit)),
        (|w| w.halo(1001).deleted = true, Kept::Gone(Side::Halo)),
        (|w| w.hit(1).archived = true, Kept::Gone(Side::Hit)),
        (|w| w.halo(1001).closed = true, Kept::TicketClosed),
        (|w| w.halo(1001).fields.set(FieldId::Name, Obs::NotFetched), Kept::NotRead(Side::Halo)),
        (|w| w.links.clear(), Kept::NotLinked),
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
