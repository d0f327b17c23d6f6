//! From an opportunity to a project.

use crate::links::{codes, issues, opportunity, project, reasons};
use crate::world::*;
use sync_core::decision::{IssueCode, PairingAnswer};
use sync_core::field::FieldId;
use sync_core::ids::{HaloClientId, Kind, Side, TicketId, TicketTypeId};
use sync_core::learn::TargetForm;
use sync_core::marker::Marker;
use sync_core::plan::{Adoption, OpKind, ProposalKind, SkipReason, Why};
use sync_core::settings::{CloseRecipe, Direction, FieldRule, PromotionMode, Scope, StatusTarget};
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
        assert_eq!(issues(&plan), [IssueCode::SecondProject, IssueCode::WonRecipeMissing]);
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

#[test]
fn an_approval_is_a_reason_only_where_it_was_asked_for() {
    let approved_why = |w: &World| w.plan().ops[0].why.contains(&Why::Approved);
    let mut w = approved();
    w.links[0].promotion_since = Some(w.now.plus_ms(-w.settings.sync.promotion.wait_ms));
    assert!(!approved_why(&w));
    w.settings.sync.scope = Scope::Validation([client(1)].into());
    w.decisions.approvals.insert(w.plan().proposals[0].id);
    assert!(approved_why(&w));
    assert!(w.plan().proposals.is_empty());
    w.settings.sync.scope = Scope::Global;
    assert!(!approved_why(&w), "nobody is asked any more");
}

/// After going back Halo's own changes still count, and only HIT's status waits.
#[test]
fn a_project_goes_on_after_its_item_went_back() {
    let back = |halo| {
        let mut w = project();
        w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Qualified"))));
        w.halo(1001).fields.set(FieldId::Status, Obs::Value(Value::halo_status(halo)));
        w.plan()
    };
    let waits = back(PLANNED);
    assert!(waits.is_empty());
    assert_eq!(reasons(&waits), [&SkipReason::WentBack], "whether or not the map has a row for it");
    let plan = back(RUNNING);
    assert_eq!((codes(&plan), plan.ops[0].kind.side()), (vec!["update"], Some(Side::Hit)));
    let unmapped = back(sync_core::ids::StatusId(99));
    assert!(
        matches!(reasons(&unmapped)[..], [SkipReason::Unmapped { side: Side::Halo, .. }]),
        "{unmapped:?}"
    );
}

#[test]
fn what_waits_for_an_approval_is_remembered_once() {
    for mode in [PromotionMode::Linked, PromotionMode::AdoptOnly, PromotionMode::Convert] {
        let mut w = approved();
        w.settings.sync.promotion.mode = mode;
        w.settings.sync.scope = Scope::Validation([client(1)].into());
        let plan = w.plan();
        assert_eq!(codes(&plan), ["await_project"], "{mode:?}");
        w.apply(&plan);
        let plan = w.plan();
        assert!(plan.is_empty() && plan.proposals.len() == 1, "{mode:?} {:?}", plan.ops);
    }
}

#[test]
fn the_waiting_begins_anew_when_our_clock_has_gone_back() {
    let mut w = approved();
    w.links[0].promotion_since = Some(w.now);
    assert!(w.plan().is_empty(), "no time has gone by");
    w.links[0].promotion_since = Some(w.now.plus_ms(1));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["await_project"]);
    assert!(reasons(&plan).contains(&&SkipReason::AwaitsProject));
}

/// Which project an item gets: one with its marker, one that a person has named, or one that hangs on the opportunity.
#[test]
fn only_a_fitting_project_is_adopted() {
    type Change = fn(&mut World);
    let marked: Change = |w| {
        let marker = Marker::for_item(&w.pair, &item_id(1), Kind::Project);
        w.halo(1050).marker = Some(marker);
    };
    let named: Change = |w| {
        w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(1050)));
    };
    let made: Change = |w| w.halo(1050).created_from = Some(TicketId(1001));
    let related: Change = |w| w.halo(1001).related = vec![TicketId(1050)];
    let task: Change = |w| w.halo(1050).is_task = true;
    let kind: Change = |w| w.halo(1050).kind = Some(Kind::Opportunity);
    let moved: Change = |w| w.halo(1050).client = HaloClientId(102);
    let foreign: Change = |w| {
        let marker = Marker::for_item(&w.pair, &item_id(9), Kind::Project);
        w.halo(1050).marker = Some(marker);
    };
    let nothing: Change = |_| {};
    for (at, (how, but, adopted)) in [
        (nothing, nothing, false),
        (marked, nothing, true),
        (marked, task, false),
        (marked, kind, false),
        (named, nothing, true),
        (named, task, false),
        (named, kind, false),
        (made, nothing, true),
        (made, task, false),
        (made, moved, false),
        (made, foreign, false),
        (related, nothing, true),
        (related, task, false),
        (related, kind, false),
    ]
    .into_iter()
    .enumerate()
    {
        let mut w = approved();
        w.ticket(1050, Kind::Project, 1, PLANNED, "Firewall");
        how(&mut w);
        but(&mut w);
        let plan = w.plan();
        let adopts = plan.ops.iter().any(|op| matches!(op.kind, OpKind::Adopt { kind: Kind::Project, .. }));
        assert_eq!(adopts, adopted, "case {at}");
        let by_marker =
            plan.ops.iter().any(|op| op.why.contains(&Why::MarkerFound { ticket: TicketId(1050) }));
        assert_eq!(by_marker, adopted && w.halo(1050).marker.is_some(), "case {at}");
    }
}

/// A person has made the opportunity a project: the link follows, and what both kinds hold alike keeps its base.
#[test]
fn an_opportunity_that_became_a_project_leads_as_one() {
    for (status, agrees) in [("Approved", true), ("Work in Progress", false)] {
        let mut w = opportunity();
        let due = Obs::Value(day(4));
        w.halo(1001).fields.set(FieldId::Due, due.clone());
        w.hit(1).fields.set(FieldId::Due, due);
        w.link(1, 1001);
        w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status(status))));
        let ticket = w.halo(1001);
        (ticket.kind, ticket.ticket_type) = (Some(Kind::Project), PROJECT);
        ticket.fields.set(FieldId::Status, Obs::Value(Value::halo_status(PLANNED)));
        let plan = w.plan();
        assert_eq!(codes(&plan), ["promote"]);
        let base = &plan.ops[0].base;
        assert!(base.contains_key(&FieldId::Due) && base.contains_key(&FieldId::Name));
        assert!(!base.contains_key(&FieldId::BudgetMonthly), "a project has no such field");
        assert_eq!(base.get(&FieldId::Status).is_some(), agrees);
        w.apply(&plan);
        assert_eq!((w.links[0].opportunity, w.links[0].project), (None, Some(TicketId(1001))));
        // Of a type that nobody follows, it is no project of ours.
        let mut w = opportunity();
        let ticket = w.halo(1001);
        (ticket.kind, ticket.ticket_type) = (Some(Kind::Project), TicketTypeId(99));
        assert_eq!(issues(&w.plan()), [IssueCode::TicketTypeNotFollowed]);
    }
}

#[test]
fn an_opportunity_that_is_no_longer_ours_is_not_closed_as_won() {
    type Change = fn(&mut World);
    let cases: [(Change, bool); 4] = [
        (|_| {}, true),
        (|w| w.halo(1001).closed = true, false),
        (|w| w.halo(1001).kind = None, false),
        (|w| w.halo(1001).client = HaloClientId(102), false),
    ];
    for (change, closed) in cases {
        let mut w = approved();
        w.ticket(1050, Kind::Project, 1, PLANNED, "Firewall").created_from = Some(TicketId(1001));
        w.settle();
        w.settings.sync.promotion.won = Some(CloseRecipe { status: WON, constants: Default::default() });
        change(&mut w);
        assert_eq!(codes(&w.plan()).contains(&"close_won"), closed);
    }
}

/// The item holds what HIT made of the opportunity's name: the project gets the name itself.
#[test]
fn a_project_gets_the_whole_name_of_its_opportunity() {
    let whole = "Firewall for the second office";
    for (opportunity, item, want) in
        [(whole, "Firewall", whole), (whole, "Router", "Router"), ("Firewall", "Firewall", "Firewall")]
    {
        let mut w = approved();
        for rules in [&mut w.settings.sync.opportunity, &mut w.settings.sync.project] {
            let rule = FieldRule { hit_form: Some(TargetForm::Cut(8)), ..FieldRule::new(Direction::Both) };
            rules.insert(FieldId::Name, rule);
        }
        w.halo(1001).fields.set(FieldId::Name, Obs::Value(Value::text(opportunity)));
        w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text(item)));
        w.links[0].promotion_since = Some(w.now.plus_ms(-w.settings.sync.promotion.wait_ms));
        let plan = w.plan();
        let create = plan.ops.iter().find(|op| matches!(op.kind, OpKind::Create(_))).expect("a create");
        assert_eq!(create.set.get(FieldId::Name), &Obs::Value(Value::text(want)), "{opportunity} {item}");
        assert_eq!(create.source.get(FieldId::Name), &Obs::Value(Value::text(item)));
    }
    // What Halo's opportunity was cut to is not the whole name: that is the item's.
    let mut w = approved();
    let rule = |halo_form| FieldRule { halo_form, ..FieldRule::new(Direction::Both) };
    w.settings.sync.opportunity.insert(FieldId::Name, rule(Some(TargetForm::Cut(8))));
    w.settings.sync.project.insert(FieldId::Name, rule(Some(TargetForm::Cut(20))));
    w.halo(1001).fields.set(FieldId::Name, Obs::Value(Value::text("Firewall")));
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text(whole)));
    w.links[0].promotion_since = Some(w.now.plus_ms(-w.settings.sync.promotion.wait_ms));
    let plan = w.plan();
    let create = plan.ops.iter().find(|op| matches!(op.kind, OpKind::Create(_))).expect("a create");
    assert_eq!(create.set.get(FieldId::Name), &Obs::Value(Value::text("Firewall for the sec")));
}
