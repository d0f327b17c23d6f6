//! What a template of Halo's put in place of values that a create had sent.

use crate::links::{codes, opportunity};
use crate::world::World;
use sync_core::base::{BaseCell, Overwritten};
use sync_core::field::FieldId;
use sync_core::ids::Kind;
use sync_core::plan::{OpKind, explain_op};
use sync_core::settings::{Direction, FieldRule};
use sync_core::value::{Obs, Value};

/// The item was created with its name, and the template has replaced that.
fn replaced(direction: Direction) -> World {
    let mut w = opportunity();
    let held = Value::text("From the template");
    let sent = w.hit(1).fields.get(FieldId::Name).value().unwrap().clone();
    w.halo(1001).fields.set(FieldId::Name, Obs::Value(held.clone()));
    w.settings.sync.opportunity.insert(FieldId::Name, FieldRule::new(direction));
    let link = &mut w.links[0];
    let cell = BaseCell { halo: Some(held.clone()), hit: Some(sent.clone()) };
    link.base.of_mut(Kind::Opportunity).insert(FieldId::Name, cell);
    link.overwritten =
        vec![Overwritten { kind: Kind::Opportunity, field: FieldId::Name, sent, held: Some(held) }];
    w
}

const ON_CREATE: [Direction; 4] = [
    Direction::OnCreate,
    Direction::OnCreateThenHaloToHit,
    Direction::HitToHalo { until_quoted: false },
    Direction::Both,
];

#[test]
fn it_is_put_back_whatever_the_direction() {
    for direction in ON_CREATE {
        let mut w = replaced(direction);
        assert_eq!(w.mark_clean(), 0, "{direction:?}");
        let plan = w.plan();
        assert_eq!(codes(&plan), ["update"], "{direction:?}");
        let op = &plan.ops[0];
        assert_eq!(op.kind.side(), Some(sync_core::ids::Side::Halo));
        assert_eq!(op.set.get(FieldId::Name), w.hit(1).fields.get(FieldId::Name));
        assert!(explain_op(op).contains("a template in Halo had replaced the name"), "{}", explain_op(op));
    }
}

#[test]
fn who_has_changed_it_since_is_not_overruled_and_it_is_over() {
    for direction in ON_CREATE {
        let mut w = replaced(direction);
        w.halo(1001).fields.set(FieldId::Name, Obs::Value(Value::text("By a person")));
        let plan = w.plan();
        let writes_halo = plan.ops.iter().any(|op| op.kind.side() == Some(sync_core::ids::Side::Halo));
        match direction {
            // The rule would do this without any template: Halo may not change it.
            Direction::HitToHalo { .. } => {}
            Direction::OnCreate => {
                assert!(matches!(plan.ops[..], [ref op] if is_rebase(&op.kind)), "{plan:?}")
            }
            _ => assert!(!writes_halo && codes(&plan) == ["update"], "{direction:?}: {plan:?}"),
        }
    }
}

fn is_rebase(kind: &OpKind) -> bool {
    matches!(kind, OpKind::Rebase { .. })
}

#[test]
fn without_a_template_nothing_of_this_happens() {
    let mut w = replaced(Direction::OnCreate);
    w.links[0].overwritten.clear();
    assert!(w.plan().is_empty());
    // It belongs to one field of one ticket.
    let mut w = replaced(Direction::OnCreate);
    w.links[0].overwritten[0].kind = Kind::Project;
    assert!(w.plan().is_empty());
}
