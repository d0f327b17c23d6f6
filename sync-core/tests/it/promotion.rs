//! From an opportunity to a project.

use crate::links::{codes, issues, opportunity, project, reasons};
use crate::world::*;
use sync_core::decision::IssueCode;
use sync_core::field::FieldId;
use sync_core::ids::{Kind, Side, TicketId};
use sync_core::plan::{Adoption, OpKind, ProposalKind, SkipReason};
use sync_core::settings::{CloseRecipe, PromotionMode, Scope, StatusTarget};
use sync_core::value::{Obs, Value};

fn approved() -> World {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Approved"))));
    w
}

#[test]
fn promotion_waits_then_creates_beside_the_opportunity() {
    let mut w = approved();
    let plan = w.plan();
    assert_eq!(codes(&plan), ["await_project"]);
    assert!(!plan.writes());
    w.apply(&plan);
    let waiting = w.plan();
    assert!(waiting.is_empty());
    assert!(reasons(&waiting).contains(&&SkipReason::AwaitsProject));
    w.now = w.now.plus_ms(w.settings.sync.promotion.wait_ms);
    let plan = w.plan();
    assert_eq!(codes(&plan), ["create"]);
    assert_eq!(plan.head.counts.promotions, 1);
    w.apply(&plan);
    assert!(w.plan().is_empty());
    assert_eq!(w.links[0].opportunity, Some(TicketId(1001)));
    assert_eq!(w.links[0].project, Some(TicketId(1002)));
    assert_eq!(w.halo(1001).status(), Some(OPEN), "the opportunity stays as it is");
    // From now on the project leads, and the opportunity is frozen.
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("New")));
    w.halo(1002).fields.set(FieldId::Status, Obs::Value(Value::halo_status(RUNNING)));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["update"]);
    assert_eq!(plan.ops[0].kind.side(), Some(Side::Hit));
}

#[test]
fn promotion_adopts_the_project_that_halo_made() {
    for how in 0..3 {
        let mut w = approved();
        w.ticket(1050, Kind::Project, 1, PLANNED, "Firewall");
        match how {
            0 => w.halo(1050).created_from = Some(TicketId(1001)),
            1 => w.halo(1050).parent = Some(TicketId(1001)),
            _ => w.halo(1001).related = vec![TicketId(1050)],
        }
        let plan = w.plan();
        assert_eq!(codes(&plan), ["adopt"]);
        assert!(matches!(plan.ops[0].kind, OpKind::Adopt { kind: Kind::Project, how: Adoption::Promotion }));
        w.apply(&plan);
        w.settle();
        assert_eq!(w.links[0].project, Some(TicketId(1050)));
        // A second one is reported and not linked, even beside a clean link.
        assert_eq!(w.mark_clean(), 1);
        w.ticket(1060, Kind::Project, 1, PLANNED, "Firewall").created_from = Some(TicketId(1001));
        let plan = w.plan();
        assert!(plan.is_empty());
        assert_eq!(issues(&plan), [IssueCode::SecondProject]);
    }
}

#[test]
fn promotion_needs_approval_until_global() {
    let mut w = approved();
    w.settings.sync.scope = Scope::Validation([client(1)].into());
    w.links[0].promotion_since = Some(w.now.plus_ms(-w.settings.sync.promotion.wait_ms));
    let plan = w.plan();
    assert!(plan.is_empty());
    let id = plan.proposals[0].id;
    assert!(matches!(
        plan.proposals[0].kind,
        ProposalKind::Promote { mode: PromotionMode::Linked, project: None }
    ));
    w.decisions.approvals.insert(id);
    assert_eq!(codes(&w.plan()), ["create"]);
    // The approval also holds if Halo makes the project after all.
    w.ticket(1050, Kind::Project, 1, PLANNED, "Firewall").created_from = Some(TicketId(1001));
    assert_eq!(codes(&w.plan()), ["adopt"]);
}

#[test]
fn the_other_promotion_modes() {
    let mut w = approved();
    w.settings.sync.promotion.mode = PromotionMode::AdoptOnly;
    w.links[0].promotion_since = Some(w.now.plus_ms(-w.settings.sync.promotion.wait_ms));
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(issues(&plan), [IssueCode::PromotionWithoutProject]);
    w.settings.sync.promotion.mode = PromotionMode::Convert;
    let plan = w.plan();
    assert_eq!(codes(&plan), ["promote"]);
    w.apply(&plan);
    w.settle();
    assert_eq!((w.links[0].opportunity, w.links[0].project), (None, Some(TicketId(1001))));
    assert_eq!(w.halo(1001).status(), Some(PLANNED));
}

#[test]
fn going_back_is_reported_and_undoes_nothing() {
    let mut w = project();
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Qualified"))));
    let row = StatusTarget::set(RUNNING);
    w.settings.status.get_mut(&PROJECT).unwrap().to_halo.insert(hit_status("Qualified"), row);
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(issues(&plan), [IssueCode::WentBack]);
    // An opportunity that is approved and taken back before anything happened only stops waiting.
    let mut w = approved();
    w.settle();
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Qualified"))));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["end_await"]);
    w.apply(&plan);
    assert!(w.plan().is_empty());
}

#[test]
fn the_won_opportunity_is_closed_only_by_a_recipe() {
    let mut w = approved();
    w.ticket(1050, Kind::Project, 1, PLANNED, "Firewall").created_from = Some(TicketId(1001));
    w.settle();
    assert!(w.plan().is_empty());
    w.settings.sync.promotion.won = Some(CloseRecipe { status: WON, constants: Default::default() });
    let plan = w.plan();
    assert_eq!(codes(&plan), ["close_won"]);
    assert_eq!(plan.head.counts.closes, 1);
    w.settings.sync.scope = Scope::Validation([client(1)].into());
    let asked = w.plan();
    assert!(asked.is_empty());
    assert_eq!(asked.proposals[0].kind, ProposalKind::CloseWon);
    w.apply(&plan);
    assert!(w.plan().is_empty());
}
