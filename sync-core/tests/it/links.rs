//! What is planned for links that exist.

use crate::world::*;
use sync_core::base::{Evidence, FlapRing, LinkState, SuspendReason};
use sync_core::decision::{ConflictKind, IssueCode};
use sync_core::field::FieldId;
use sync_core::ids::{HaloClientId, Kind, OutcomeId, Side, TicketId};
use sync_core::plan::{OpKind, Plan, Precond, ProposalKind, Rank, SkipReason, StatusMove, explain_op};
use sync_core::settings::{ConflictRule, Direction, FieldRule, Scope, StatusHow, StatusTarget};
use sync_core::value::{Obs, Value};

pub(crate) fn codes(plan: &Plan) -> Vec<&'static str> {
    plan.ops.iter().map(|op| op.kind.code()).collect()
}

pub(crate) fn issues(plan: &Plan) -> Vec<IssueCode> {
    plan.issues.iter().map(|issue| issue.code).collect()
}

pub(crate) fn reasons(plan: &Plan) -> Vec<&SkipReason> {
    plan.skips.iter().map(|skip| &skip.reason).collect()
}

pub(crate) fn opportunity() -> World {
    let mut w = World::new();
    w.pair(1, 1, Kind::Opportunity);
    w
}

pub(crate) fn project() -> World {
    let mut w = World::new();
    w.pair(1, 1, Kind::Project);
    w
}

#[test]
fn agreement_plans_nothing() {
    for w in [opportunity(), project()] {
        let plan = w.plan();
        assert!(plan.is_empty() && plan.skips.is_empty() && plan.issues.is_empty(), "{plan:?}");
        assert_eq!(plan.head.counts.unchanged, 1);
    }
}

#[test]
fn a_clean_link_is_opened_again_by_any_news() {
    type Change = fn(&mut World);
    let news: [Change; 6] = [
        |w| w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("New"))),
        |w| w.halo(1001).fields.set(FieldId::Status, Obs::Value(Value::halo_status(WON))),
        |w| w.halo(1001).deleted = true,
        |w| w.halo(1001).client = HaloClientId(102),
        |w| w.hit(1).archived = true,
        |w| {
            let marker = sync_core::marker::Marker::for_item(&w.pair, &item_id(1), Kind::Opportunity);
            w.ticket(1099, Kind::Opportunity, 1, OPEN, "Firewall").marker = Some(marker);
        },
    ];
    for change in news {
        let mut w = opportunity();
        assert_eq!(w.mark_clean(), 1);
        assert_eq!(w.plan().head.counts.unchanged, 1);
        change(&mut w);
        let plan = w.plan();
        assert_eq!(plan.head.counts.unchanged, 0);
        w.links[0].clean = None;
        assert_eq!(w.plan(), plan);
    }
    // Other rules open it too.
    let mut w = opportunity();
    w.mark_clean();
    w.settings.sync.opportunity.insert(FieldId::Name, FieldRule::new(Direction::Both));
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("New")));
    assert_eq!(codes(&w.plan()), ["update"]);
}

#[test]
fn a_change_in_hit_becomes_one_write_with_its_conditions() {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("New firewall")));
    w.hit(1).fields.set(FieldId::BudgetOnce, Obs::Value(eur(125_000)));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["update"]);
    let op = &plan.ops[0];
    assert_eq!(op.kind.side(), Some(Side::Halo));
    assert!(op.pre.contains(&Precond::NotPriced) && op.pre.contains(&Precond::Closed(false)));
    assert_eq!(
        explain_op(op),
        "Name in Halo will change from \"Firewall\" to \"New firewall\" and One-time budget in Halo will change from \
         blank to \"1250.00 EUR\" (opportunity ticket 1001), because HIT changed the name from \"Firewall\" to \
         \"New firewall\" and Halo did not and HIT changed the one-time budget from blank to \"1250.00 EUR\" and Halo \
         did not."
    );
    w.apply(&plan);
    assert!(w.plan().is_empty());
}

#[test]
fn many_to_one_statuses_do_not_flip() {
    // Qualified covers both Open and Quoted; sales moves on, HIT says the same.
    let mut w = opportunity();
    w.halo(1001).fields.set(FieldId::Status, Obs::Value(Value::halo_status(QUOTED)));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["rebase"]);
    assert!(!plan.writes());
    w.apply(&plan);
    assert!(w.plan().is_empty());
    assert_eq!(w.halo(1001).status(), Some(QUOTED));
}

#[test]
fn closing_comes_after_the_other_fields_and_reopening_is_not_done_unasked() {
    let mut w = project();
    let rule = FieldRule::new(Direction::Both);
    w.settings.sync.project.insert(FieldId::Due, rule);
    w.hit(1).fields.set(FieldId::Due, Obs::Value(day(4)));
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Completed"))));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["update", "status_write"]);
    let close = &plan.ops[1];
    assert!(matches!(close.kind, OpKind::StatusWrite { moves: StatusMove::Close, how: StatusHow::Set, .. }));
    assert_eq!((close.rank, &close.after), (Rank::Close, &vec![plan.ops[0].id]));
    assert_eq!(plan.head.counts.closes, 1);
    w.apply(&plan);
    assert!(w.plan().is_empty());
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Approved"))));
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(issues(&plan), [IssueCode::EditForClosed]);
    assert_eq!(reasons(&plan), [&SkipReason::TicketClosed]);
    // Halo's own reopening is followed.
    w.halo(1001).closed = false;
    w.halo(1001).fields.set(FieldId::Status, Obs::Value(Value::halo_status(PLANNED)));
    assert_eq!(codes(&w.plan()), ["rebase"]);
}

#[test]
fn an_action_is_used_where_the_map_says_so_and_the_workflow_offers_it() {
    let mut w = opportunity();
    let row = StatusTarget::action(OutcomeId(5), QUOTED);
    w.settings.status.get_mut(&SALES).unwrap().to_halo.insert(hit_status("Parked"), row);
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Parked"))));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["status_write"]);
    assert!(matches!(plan.ops[0].kind, OpKind::StatusWrite { how: StatusHow::Action(OutcomeId(5)), .. }));
    assert!(explain_op(&plan.ops[0]).contains("without mail"));
    let map = &mut w.catalogue.ticket_types.get_mut(&SALES).unwrap().outcomes;
    map.get_mut(&OutcomeId(5)).unwrap().from = [WON].into();
    assert_eq!(reasons(&w.plan()), [&SkipReason::ActionNotOffered(OPEN)]);
}

#[test]
fn an_unknown_status_stops_its_field_alone() {
    let mut w = opportunity();
    w.pair(2, 1, Kind::Opportunity);
    for n in [1, 2] {
        w.hit(n).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Blue"))));
        w.hit(n).fields.set(FieldId::Name, Obs::Value(Value::text("New")));
    }
    let plan = w.plan();
    assert_eq!(codes(&plan), ["update", "update"]);
    assert_eq!(issues(&plan), [IssueCode::HitStatusUnknown], "one issue per value");
    assert!(!plan.issues[0].blocks_gate());
    let row = StatusTarget::set(QUOTED);
    w.apply(&plan);
    assert!(w.plan().is_empty());
    w.settings.status.get_mut(&SALES).unwrap().to_halo.insert(hit_status("Blue"), row);
    assert_eq!(codes(&w.plan()), ["update", "update"].map(|_| "status_write"), "the row releases them");
}

/// Where Halo's status alone counts, one of HIT's that nobody has explained is simply replaced.
#[test]
fn an_unknown_status_is_replaced_where_only_halo_counts() {
    for (direction, codes_, reason) in [
        (Direction::HaloToHit, vec!["update"], None),
        (Direction::Both, vec![], Some(SkipReason::UnknownStatus(hit_status("Blue")))),
        (
            Direction::HitToHalo { until_quoted: false },
            vec![],
            Some(SkipReason::UnknownStatus(hit_status("Blue"))),
        ),
    ] {
        let mut w = opportunity();
        w.settings.sync.opportunity.insert(FieldId::Status, FieldRule::new(direction));
        w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Blue"))));
        w.halo(1001).fields.set(FieldId::Status, Obs::Value(Value::halo_status(WON)));
        let plan = w.plan();
        assert_eq!(codes(&plan), codes_, "{direction:?}");
        assert_eq!(reasons(&plan), reason.iter().collect::<Vec<_>>(), "{direction:?}");
    }
}

#[test]
fn money_is_frozen_once_priced_and_stopped_by_currencies() {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::BudgetOnce, Obs::Value(eur(500)));
    w.halo(1001).priced = Some(true);
    assert_eq!(reasons(&w.plan()), [&SkipReason::Priced]);
    w.halo(1001).priced = Some(false);
    w.settings.project.halo_currency = Some("USD".parse().unwrap());
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(reasons(&plan), [&SkipReason::CurrencyUnequal]);
    assert_eq!(issues(&plan), [IssueCode::CurrencyUnequal]);
    w.settings.project.halo_currency = None;
    assert!(w.plan().is_empty());
    w.settings.project.halo_currency = Some("EUR".parse().unwrap());
    w.halo(1001).currency = Some("USD".parse().unwrap());
    assert_eq!(issues(&w.plan()), [IssueCode::CurrencyUnequal]);
    w.halo(1001).currency = None;
    assert_eq!(codes(&w.plan()), ["update"]);
}

#[test]
fn several_budget_lines_take_no_single_number() {
    let mut w = opportunity();
    w.settings.sync.opportunity.insert(FieldId::BudgetOnce, FieldRule::new(Direction::Both));
    w.hit(1).budget_lines.once = 2;
    w.halo(1001).fields.set(FieldId::BudgetOnce, Obs::Value(eur(700)));
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(plan.conflicts[0].reason, ConflictKind::ManyBudgetLines);
    assert_eq!(plan.conflicts[0].ways_out, [Side::Hit]);
    w.hit(1).budget_lines.once = 1;
    let plan = w.plan();
    assert_eq!(plan.ops[0].kind.side(), Some(Side::Hit));
}

#[test]
fn a_conflict_waits_and_is_decided_for_exactly_its_values() {
    let mut w = opportunity();
    w.settings.sync.opportunity.insert(FieldId::Name, FieldRule::new(Direction::Both));
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("A")));
    w.halo(1001).fields.set(FieldId::Name, Obs::Value(Value::text("B")));
    let plan = w.plan();
    assert!(plan.is_empty());
    let id = plan.conflicts[0].id;
    assert_eq!(w.plan().conflicts[0].id, id);
    w.decisions.conflicts.insert(id, Side::Hit);
    assert_eq!(codes(&w.plan()), ["update"]);
    // A third value is another conflict, which nobody has decided.
    w.halo(1001).fields.set(FieldId::Name, Obs::Value(Value::text("C")));
    let other = w.plan();
    assert!(other.is_empty() && other.conflicts[0].id != id);
    w.decisions.dismissed.insert(other.conflicts[0].id);
    let plan = w.plan();
    assert!(plan.conflicts.is_empty());
    assert_eq!(reasons(&plan), [&SkipReason::Dismissed]);
}

#[test]
fn dates_move_together_and_in_order() {
    let mut w = project();
    for field in [FieldId::Start, FieldId::Due] {
        w.settings.sync.project.insert(field, FieldRule::new(Direction::Both));
    }
    w.hit(1).fields.set(FieldId::Start, Obs::Value(day(9)));
    w.halo(1001).fields.set(FieldId::Due, Obs::Value(day(4)));
    let plan = w.plan();
    assert!(plan.is_empty(), "{:?}", plan.ops);
    let kinds: Vec<_> = plan.conflicts.iter().map(|c| (c.field, c.reason)).collect();
    assert_eq!(kinds, [(FieldId::Start, ConflictKind::DateOrder), (FieldId::Due, ConflictKind::DateOrder)]);
    w.halo(1001).fields.set(FieldId::Due, Obs::Value(day(12)));
    assert_eq!(w.plan().ops.len(), 2);
    // If one of them waits for a person, so does the other.
    let mut w = project();
    for field in [FieldId::Start, FieldId::Due] {
        w.settings.sync.project.insert(field, FieldRule::new(Direction::Both));
    }
    w.hit(1).fields.set(FieldId::Start, Obs::Value(day(1)));
    w.hit(1).fields.set(FieldId::Due, Obs::Value(day(9)));
    w.halo(1001).fields.set(FieldId::Due, Obs::Value(day(8)));
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(reasons(&plan), [&SkipReason::Group(FieldId::Due)]);
}

#[test]
fn an_alternating_value_is_quarantined() {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("A")));
    let a = FlapRing::digest(Some(&Value::text("A")));
    let b = FlapRing::digest(Some(&Value::text("B")));
    let ring = |written| FlapRing {
        side: Side::Halo,
        kind: Kind::Opportunity,
        field: FieldId::Name,
        written,
        released: 0,
    };
    w.links[0].flap = vec![ring(vec![a, b, a, b])];
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(issues(&plan), [IssueCode::Flapping]);
    assert_eq!(plan.conflicts[0].reason, ConflictKind::Flapping);
    assert!(plan.diags[0].detail.contains("look for a ticket rule"), "{}", plan.diags[0].detail);
    // A decision lets one write through, and holds for this quarantine alone.
    let mut decided = w.clone();
    decided.decisions.conflicts.insert(plan.conflicts[0].id, Side::Hit);
    assert_eq!(codes(&decided.plan()), ["update"]);
    decided.links[0].flap[0].released = 1;
    assert!(decided.plan().is_empty());
    w.links[0].flap = vec![ring(vec![a, b, a])];
    assert!(!w.plan().is_empty());
    w.links[0].flap = vec![ring(vec![a, a, a, a])];
    assert!(w.plan().is_empty(), "a value that is never kept");
}

#[test]
fn what_is_out_of_scope_suspended_archived_or_moved_is_left_alone() {
    type Change = fn(&mut World);
    let table: [(Change, SkipReason, Option<IssueCode>); 8] = [
        (|w| w.settings.sync.scope = Scope::Validation([client(2)].into()), SkipReason::OutOfScope, None),
        (|w| w.hit(1).archived = true, SkipReason::Archived, None),
        (|w| w.links[0].state = LinkState::Ended, SkipReason::LeftAlone, None),
        (
            |w| w.halo(1001).client = HaloClientId(102),
            SkipReason::Suspended(SuspendReason::ClientMoved),
            Some(IssueCode::TicketMoved),
        ),
        (
            |w| drop(w.catalogue.halo_clients.remove(&HaloClientId(101))),
            SkipReason::Suspended(SuspendReason::ClientVanished),
            Some(IssueCode::ClientVanished),
        ),
        (
            |w| {
                w.directory.clients.remove(&client(1));
            },
            SkipReason::ClientNotLinked,
            Some(IssueCode::ClientNotLinked),
        ),
        (
            |w| w.halo(1001).kind = None,
            SkipReason::TypeNotFollowed(SALES),
            Some(IssueCode::TicketTypeNotFollowed),
        ),
        (|w| w.snapshot.tickets.clear(), SkipReason::RecordNotRead(Side::Halo), None),
    ];
    for (change, reason, issue) in table {
        let mut w = opportunity();
        w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("New")));
        change(&mut w);
        let plan = w.plan();
        assert!(plan.is_empty(), "{reason:?}");
        assert_eq!(reasons(&plan), [&reason]);
        assert_eq!(issues(&plan), issue.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_stopped_client_keeps_its_links() {
    let mut w = opportunity();
    w.catalogue.halo_clients.get_mut(&HaloClientId(101)).unwrap().stopped = true;
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("New")));
    assert_eq!(codes(&w.plan()), ["update"]);
}

#[test]
fn absence_proves_nothing_and_evidence_only_proposes() {
    let mut w = World::new();
    for n in 1..=10 {
        w.pair(n, 1, Kind::Opportunity);
    }
    w.snapshot.tickets.retain(|t| t.id != TicketId(1001));
    let plan = w.plan();
    assert!(plan.is_empty() && plan.proposals.is_empty());
    let absent = |w: &World, ms| Evidence::Absent {
        scope: w.settings.scope_hash(),
        first: w.now,
        latest: w.now.plus_ms(ms),
        reads: 2,
    };
    let kind = Some(Kind::Opportunity);
    w.links[0].gone = vec![(kind, absent(&w, 1))];
    assert!(w.plan().proposals.is_empty(), "too short");
    w.links[0].gone = vec![(kind, absent(&w, w.settings.sync.absence_interval_ms))];
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(issues(&plan), [IssueCode::RecordGone]);
    // A changed scope makes the evidence worthless.
    let mut other = w.clone();
    other.settings.sync.scope = Scope::Validation([client(1)].into());
    assert!(other.plan().proposals.is_empty());
    // Approved: forgotten, not deleted. The item then waits like any other without a ticket.
    w.decisions.approvals.insert(plan.proposals[0].id);
    let plan = w.plan();
    assert_eq!(codes(&plan), ["unlink"]);
    assert!(!plan.writes());
    // A read that lacks much proves nothing at all.
    w.snapshot.tickets.truncate(5);
    let plan = w.plan();
    assert!(plan.is_empty());
    assert!(issues(&plan).contains(&IssueCode::ReadSuspicious));
}

#[test]
fn a_deleted_or_merged_ticket_is_proposed_and_withdrawn_when_it_is_back() {
    let mut w = opportunity();
    w.halo(1001).merged_into = Some(TicketId(77));
    let plan = w.plan();
    assert!(matches!(plan.proposals[0].kind, ProposalKind::Unlink { instead: Some(TicketId(77)), .. }));
    w.halo(1001).merged_into = None;
    w.halo(1001).deleted = true;
    assert_eq!(w.plan().proposals.len(), 1);
    w.halo(1001).deleted = false;
    w.links[0].gone = vec![(Some(Kind::Opportunity), Evidence::NotFoundWithCanary)];
    assert!(w.plan().proposals.is_empty(), "it was read");
}

#[test]
fn a_removed_responsible_or_api_agent_is_not_written() {
    let mut w = opportunity();
    w.settings.sync.opportunity.insert(FieldId::Responsible, FieldRule::new(Direction::Both));
    w.hit(1).fields.set(FieldId::Responsible, Obs::Value(Value::member(&"m7".into())));
    assert_eq!(codes(&w.plan()), ["update"]);
    w.catalogue.agents.get_mut(&sync_core::ids::AgentId(7)).unwrap().api_only = true;
    assert!(w.plan().is_empty());
}

#[test]
fn link_backs_are_written_once_where_there_is_a_place() {
    let mut w = opportunity();
    w.catalogue.capabilities.external_references = true;
    w.halo(1001).link_back = Obs::Null;
    let plan = w.plan();
    assert_eq!(codes(&plan), ["link_back", "link_back"]);
    w.apply(&plan);
    assert!(w.plan().is_empty());
}

#[test]
fn halo_wins_for_the_status_of_projects_and_nobody_for_opportunities() {
    let mut w = project();
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Work in Progress"))));
    w.halo(1001).fields.set(FieldId::Status, Obs::Value(Value::halo_status(DONE)));
    let plan = w.plan();
    assert_eq!(plan.ops[0].kind.side(), Some(Side::Hit));
    assert_eq!(w.settings.rule(Kind::Opportunity, FieldId::Status).conflict, ConflictRule::Manual);
}
