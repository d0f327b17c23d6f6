//! What is planned for records without a link: adopting, pairing, creating, importing; and limits.

use crate::links::{codes, issues};
use crate::world::*;
use sync_core::base::{CreateSpec, Intent};
use sync_core::decision::{IssueCode, PairingAnswer};
use sync_core::field::FieldId;
use sync_core::ids::{AgentId, HaloClientId, Kind, OutcomeId, Side, TicketId};
use sync_core::marker::Marker;
use sync_core::plan::{
    LimitName, OpKind, Plan, ProposalKind, Skip, SkipReason, Stale, Verdict, plan_hash, verify,
};
use sync_core::record::ExternalRef;
use sync_core::settings::{Direction, FieldRule, Scope, StatusTarget};
use sync_core::value::{Obs, Value};

fn spec(plan: &Plan) -> &CreateSpec {
    plan.ops
        .iter()
        .find_map(|op| match &op.kind {
            OpKind::Create(spec) => Some(&**spec),
            _ => None,
        })
        .unwrap()
}

fn skip(plan: &Plan) -> &SkipReason {
    let [Skip { reason, .. }] = &plan.skips[..] else { panic!("{:?}", plan.skips) };
    reason
}

#[test]
fn the_status_says_what_an_item_becomes() {
    for (status, want) in [
        ("Recommended", None),
        ("Qualified", Some(Kind::Opportunity)),
        ("Approved", Some(Kind::Project)),
        ("Work in Progress", Some(Kind::Project)),
        ("Completed", None),
    ] {
        let mut w = World::new();
        w.item(1, 1, status, "Firewall");
        let plan = w.plan();
        match want {
            None => assert_eq!(*skip(&plan), SkipReason::NothingToCreate(hit_status(status))),
            Some(kind) => {
                let spec = spec(&plan);
                assert_eq!((spec.kind, spec.target), (kind, Side::Halo));
                assert_eq!(spec.marker, Marker::for_item(&w.pair, &item_id(1), kind));
                w.apply(&plan);
                assert!(w.plan().is_empty());
            }
        }
    }
    let mut w = World::new();
    w.item(1, 1, "Blue", "Firewall");
    let plan = w.plan();
    assert_eq!(*skip(&plan), SkipReason::UnknownStatus(hit_status("Blue")));
    assert_eq!(issues(&plan), [IssueCode::HitStatusUnknown]);
}

#[test]
fn the_payload_holds_what_the_rules_send_on_create() {
    let mut w = World::new();
    w.settings.project.project.default_agent = Some(AgentId(8));
    let item = w.item(1, 1, "Approved", "Firewall");
    item.fields.set(FieldId::Responsible, Obs::Value(Value::member(&"m7".into())));
    item.fields.set(FieldId::Due, Obs::Value(day(3)));
    item.fields.set(FieldId::BudgetOnce, Obs::Value(eur(900)));
    item.fields.set(FieldId::BudgetMonthly, Obs::Value(eur(10)));
    let plan = w.plan();
    let op = &plan.ops[0];
    let fields: Vec<_> = op.set.iter().map(|(field, _)| field).collect();
    assert_eq!(fields, [FieldId::Name, FieldId::Status, FieldId::Responsible, FieldId::Due]);
    assert_eq!(op.set.get(FieldId::Responsible).value(), Some(&Value::agent(AgentId(7))));
    // Who cannot be responsible gives way to the default; the API agent never is.
    w.catalogue.agents.get_mut(&AgentId(7)).unwrap().active = false;
    let plan = w.plan();
    assert_eq!(plan.ops[0].set.get(FieldId::Responsible).value(), Some(&Value::agent(AgentId(8))));
    w.catalogue.agents.get_mut(&AgentId(8)).unwrap().api_only = true;
    assert_eq!(*w.plan().ops[0].set.get(FieldId::Responsible), Obs::NotFetched);
}

#[test]
fn a_status_that_needs_an_action_is_left_to_the_next_plan() {
    let mut w = World::new();
    let row = StatusTarget::action(OutcomeId(5), QUOTED);
    w.settings.status.get_mut(&SALES).unwrap().to_halo.insert(hit_status("Qualified"), row);
    w.item(1, 1, "Qualified", "Firewall");
    let op = &w.plan().ops[0];
    assert_eq!(*op.set.get(FieldId::Status), Obs::NotFetched);
    assert!(op.source.get(FieldId::Status).is_seen());
}

#[test]
fn a_client_that_cannot_take_a_ticket_is_an_issue() {
    type Change = fn(&mut World);
    let table: [(Change, IssueCode); 6] = [
        (
            |w| {
                w.directory.clients.remove(&client(1));
            },
            IssueCode::ClientNotLinked,
        ),
        (
            |w| {
                w.directory.clients.insert(client(1), HaloClientId(1));
            },
            IssueCode::ClientUnassigned,
        ),
        (|w| drop(w.catalogue.halo_clients.remove(&HaloClientId(101))), IssueCode::ClientVanished),
        (
            |w| w.catalogue.halo_clients.get_mut(&HaloClientId(101)).unwrap().stopped = true,
            IssueCode::ClientStopped,
        ),
        (
            |w| w.catalogue.halo_clients.get_mut(&HaloClientId(101)).unwrap().inactive = true,
            IssueCode::ClientInactive,
        ),
        (
            |w| w.catalogue.halo_clients.get_mut(&HaloClientId(101)).unwrap().sites.clear(),
            IssueCode::SiteMissing,
        ),
    ];
    for (change, code) in table {
        let mut w = World::new();
        w.item(1, 1, "Qualified", "Firewall");
        w.item(2, 1, "Qualified", "Switch");
        change(&mut w);
        let plan = w.plan();
        assert!(plan.is_empty(), "{code:?}");
        assert_eq!(issues(&plan), [code], "one issue for all items of the client");
        let reason = match code {
            IssueCode::ClientNotLinked => SkipReason::ClientNotLinked,
            _ => SkipReason::ClientUnusable,
        };
        assert!(plan.skips.iter().all(|skip| skip.reason == reason), "{:?}", plan.skips);
    }
}

#[test]
fn what_is_ours_is_adopted_and_never_made_twice() {
    // The database is lost: the marker leads back.
    let mut w = World::new();
    w.item(1, 1, "Qualified", "Firewall");
    w.settle();
    w.links.clear();
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("New")));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["adopt"]);
    assert!(!plan.ops[0].base.contains_key(&FieldId::Name), "differing values do not enter the base");
    w.apply(&plan);
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(plan.conflicts.len(), 1, "and are decided by a person");
    // With the intent, the edit made in between is known to be one.
    let mut w = World::new();
    w.item(1, 1, "Qualified", "Firewall");
    let create = w.plan().ops[0].clone();
    let OpKind::Create(spec) = &create.kind else { panic!() };
    w.apply_op(&create);
    w.links.clear();
    w.intents = vec![Intent {
        op: create.id,
        spec: (**spec).clone(),
        source: create.source.clone(),
        payload: create.set.clone(),
        sent_at: Some(w.now),
        settle_until: Some(w.now),
    }];
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("New")));
    let plan = w.plan();
    w.apply(&plan);
    w.intents.clear();
    assert_eq!(codes(&w.plan()), ["update"]);
    // Two tickets with one marker: the lower id, and an issue.
    let marker = Marker::for_item(&w.pair, &item_id(1), Kind::Opportunity);
    w.ticket(5000, Kind::Opportunity, 1, OPEN, "Firewall").marker = Some(marker);
    assert_eq!(issues(&w.plan()), [IssueCode::DuplicateMarker]);
    w.links.clear();
    let plan = w.plan();
    assert_eq!(issues(&plan), [IssueCode::DuplicateMarker]);
    assert_eq!(plan.ops[0].ticket, Some(TicketId(2001)));
}

#[test]
fn a_create_waits_while_something_looks_like_the_item() {
    let mut w = World::new();
    w.item(1, 1, "Qualified", "Firewall");
    w.ticket(900, Kind::Opportunity, 1, OPEN, "firewall");
    w.candidates.by_item.insert(item_id(1), vec![TicketId(900)]);
    w.candidates.by_ticket.insert(TicketId(900), vec![item_id(1)]);
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(plan.proposals[0].kind, ProposalKind::Pair { candidates: vec![TicketId(900)] });
    assert!(plan.issues.is_empty());
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(900)));
    assert_eq!(codes(&w.plan()), ["adopt"]);
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Create);
    assert_eq!(codes(&w.plan()), ["create"]);
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Ignore);
    assert_eq!(*skip(&w.plan()), SkipReason::LeftAlone);
    // Two candidates are ambiguous.
    w.decisions.pairings.clear();
    w.ticket(901, Kind::Opportunity, 1, OPEN, "FIREWALL");
    w.candidates.by_item.insert(item_id(1), vec![TicketId(900), TicketId(901)]);
    assert_eq!(issues(&w.plan()), [IssueCode::PairingAmbiguous]);
    // Two items that are answered with one ticket: only one gets it.
    w.item(2, 1, "Qualified", "Firewall");
    for n in [1, 2] {
        w.decisions.pairings.insert(item_id(n), PairingAnswer::Link(TicketId(900)));
    }
    let plan = w.plan();
    assert_eq!(codes(&plan), ["adopt"]);
    assert_eq!(issues(&plan), [IssueCode::TicketAlreadyLinked]);
}

/// A ticket to which the item refers is ours, unless it is of another system or kind, or taken.
#[test]
fn a_ticket_to_which_the_item_refers_is_adopted() {
    let cases: [(&str, Kind, &str, fn(&mut World), bool); 6] = [
        ("halopsa", Kind::Opportunity, "900", |_| {}, true),
        ("other", Kind::Opportunity, "900", |_| {}, false),
        ("halopsa", Kind::Project, "900", |_| {}, false),
        ("halopsa", Kind::Opportunity, "901", |_| {}, false),
        ("halopsa", Kind::Opportunity, "900", |w| w.halo(900).is_task = true, false),
        ("halopsa", Kind::Opportunity, "900", |w| w.halo(900).kind = Some(Kind::Project), false),
    ];
    for (system, kind, id, change, adopted) in cases {
        let mut w = World::new();
        w.catalogue.capabilities.external_references = true;
        w.ticket(900, Kind::Opportunity, 1, OPEN, "Firewall");
        w.item(1, 1, "Recommended", "Firewall").references.push(ExternalRef {
            system: system.into(),
            instance: "tenant".into(),
            kind: Some(kind),
            id: id.into(),
            url: None,
            marker: None,
        });
        change(&mut w);
        let plan = w.plan();
        let want: &[&str] = if adopted { &["adopt"] } else { &[] };
        assert_eq!(codes(&plan), want, "{system} {kind:?} {id}");
        // Linked, it is referred to once more only where the reference is not that one.
        if adopted {
            continue;
        }
        w.halo(900).kind = Some(Kind::Opportunity);
        w.halo(900).is_task = false;
        w.link(1, 900);
        w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Qualified"))));
        let missing = system != "halopsa" || kind != Kind::Opportunity || id != "900";
        assert_eq!(codes(&w.plan()).contains(&"link_back"), missing, "{system} {kind:?} {id}");
    }
}

#[test]
fn a_marked_ticket_that_cannot_be_linked_is_not_adopted() {
    let cases: [fn(&mut World); 3] = [
        |w| w.halo(900).is_task = true,
        |w| w.halo(900).kind = Some(Kind::Project),
        |w| w.halo(900).deleted = true,
    ];
    for change in cases {
        let mut w = World::new();
        w.item(1, 1, "Recommended", "Firewall");
        let marker = Marker::for_item(&w.pair, &item_id(1), Kind::Opportunity);
        w.ticket(900, Kind::Opportunity, 1, OPEN, "Firewall").marker = Some(marker);
        let plan = w.plan();
        assert_eq!((codes(&plan), issues(&plan)), (vec!["adopt"], vec![]));
        change(&mut w);
        assert!(w.plan().is_empty());
    }
}

/// What the record itself says about a candidate counts more than that it was one.
#[test]
fn a_candidate_that_cannot_be_linked_stops_nothing() {
    let cases: [(fn(&mut World), &str); 5] = [
        (|_| {}, ""),
        (|w| w.snapshot.tickets.clear(), ""),
        (|w| w.halo(900).is_task = true, "create"),
        (|w| w.halo(900).kind = Some(Kind::Project), "create"),
        (
            |w| {
                w.item(2, 1, "Qualified", "Firewall");
                w.link(2, 900);
            },
            "create",
        ),
    ];
    for (at, (change, want)) in cases.into_iter().enumerate() {
        let mut w = World::new();
        w.item(1, 1, "Qualified", "Firewall");
        w.ticket(900, Kind::Opportunity, 1, OPEN, "Firewall");
        w.candidates.by_item.insert(item_id(1), vec![TicketId(900)]);
        change(&mut w);
        assert_eq!(codes(&w.plan()).join(" "), want, "case {at}");
    }
}

/// An imported item gets what the rules send to HIT; what else was seen is remembered.
#[test]
fn an_imported_item_gets_what_the_rules_send() {
    let both = FieldRule::new(Direction::Both);
    let to_halo = FieldRule::new(Direction::HitToHalo { until_quoted: false });
    for (rule, currency, minor, set, source) in [
        (both, "EUR", 500, true, true),
        (both, "USD", 500, false, false),
        (both, "EUR", 0, false, true),
        (to_halo, "EUR", 500, false, true),
        (FieldRule::new(Direction::Off), "EUR", 500, false, false),
    ] {
        let mut w = World::new();
        w.settings.sync.import.enabled = true;
        w.settings.sync.import.created_after = Some(jiff::civil::date(2023, 1, 1));
        w.settings.sync.project.insert(FieldId::BudgetOnce, rule);
        w.settings.sync.project.insert(FieldId::Name, FieldRule::new(Direction::Off));
        w.settings.project.hit_currency = Some(currency.parse().unwrap());
        w.ticket(900, Kind::Project, 1, RUNNING, "Migration");
        w.halo(900).link_back = Obs::Null;
        w.halo(900).fields.set(FieldId::BudgetOnce, Obs::Value(eur(minor)));
        let plan = w.plan();
        let op = &plan.ops[0];
        let found = [&op.set, &op.source].map(|row| row.get(FieldId::BudgetOnce).is_seen());
        assert_eq!(found, [set, source], "{rule:?} {currency} {minor}");
        let name = Obs::Value(Value::text("Migration"));
        assert_eq!([op.set.get(FieldId::Name), op.source.get(FieldId::Name)], [&name, &name], "always");
    }
}

#[test]
fn candidates_of_an_import_wait_for_an_answer_if_there_are_any() {
    let mut w = World::new();
    w.settings.sync.import.enabled = true;
    w.settings.sync.import.created_after = Some(jiff::civil::date(2023, 1, 1));
    w.ticket(900, Kind::Project, 1, RUNNING, "Migration");
    w.candidates.by_ticket.insert(TicketId(900), vec![]);
    assert!(w.plan().is_empty(), "its links were not read, so it may be our own");
    w.halo(900).link_back = Obs::Null;
    assert_eq!(codes(&w.plan()), ["create", "link_back"]);
    // Made in the first moment of the day that the settings name.
    w.halo(900).created = Some(sync_core::stamp::Stamp::halo(1_672_531_200_000));
    assert_eq!(codes(&w.plan()), ["create", "link_back"]);
    w.halo(900).created = Some(sync_core::stamp::Stamp::halo(1_672_531_199_999));
    assert!(w.plan().is_empty());
    w.halo(900).created = Some(sync_core::stamp::Stamp::halo(1_672_531_200_000));
    w.candidates.by_ticket.insert(TicketId(900), vec![item_id(1)]);
    assert!(w.plan().is_empty());
    w.decisions.imports.insert(TicketId(900), PairingAnswer::Create);
    assert_eq!(codes(&w.plan()), ["create", "link_back"]);
}

#[test]
fn import_takes_what_the_settings_name_and_nothing_else() {
    let mut w = World::new();
    w.settings.sync.import.enabled = true;
    w.settings.sync.import.created_after = Some(jiff::civil::date(2023, 1, 1));
    w.ticket(900, Kind::Project, 1, RUNNING, "Migration").fields.set(FieldId::Due, Obs::Value(day(7)));
    w.halo(900).fields.set(FieldId::Description, Obs::Value(Value::text("internal")));
    // Nobody has looked yet whether it is our own: a row of a list does not say.
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(
        (plan.skips[0].field, skip(&plan)),
        (Some(FieldId::LinkBack), &SkipReason::NotObserved(Side::Halo))
    );
    assert_eq!(sync_core::planner::unread_sources(&w.input()), [TicketId(900)]);
    w.halo(900).link_back = Obs::Value("a link of somebody else".into());
    let created = w.halo(900).created.take();
    assert!(w.plan().is_empty());
    assert_eq!(*skip(&w.plan()), SkipReason::AgeUnknown);
    w.halo(900).created = created;
    assert_eq!(sync_core::planner::unread_sources(&w.input()), []);
    let plan = w.plan();
    assert_eq!(codes(&plan), ["create"]);
    let op = &plan.ops[0];
    assert_eq!(op.kind.side(), Some(Side::Hit));
    assert_eq!(
        op.set.get(FieldId::Status).value(),
        Some(&Value::hit_status(&hit_status("Work in Progress")))
    );
    assert_eq!(*op.set.get(FieldId::Description), Obs::NotFetched, "no text of Halo unless named");
    w.apply(&plan);
    w.settle();
    assert_eq!(w.snapshot.items.len(), 1);
    type Change = fn(&mut World);
    let not: [Change; 8] = [
        |w| w.settings.sync.import.enabled = false,
        |w| w.halo(900).closed = true,
        |w| w.halo(900).is_task = true,
        |w| w.halo(900).is_probe = true,
        |w| w.halo(900).created = Some(sync_core::stamp::Stamp::halo(0)),
        |w| w.halo(900).client = HaloClientId(999),
        |w| w.settings.project.project.create_type = None,
        |w| w.settings.sync.scope = Scope::Validation([client(2)].into()),
    ];
    for change in not {
        let mut w = World::new();
        w.settings.sync.import.enabled = true;
        w.settings.sync.import.created_after = Some(jiff::civil::date(2023, 1, 1));
        w.ticket(900, Kind::Project, 1, RUNNING, "Migration").link_back = Obs::Null;
        change(&mut w);
        assert!(w.plan().is_empty());
    }
}

#[test]
fn our_own_image_is_never_a_source() {
    let mut w = World::new();
    w.item(1, 1, "Qualified", "Firewall");
    w.settle();
    w.links.clear();
    w.snapshot.items.clear();
    w.settings.sync.import.enabled = true;
    w.settings.sync.import.created_after = Some(jiff::civil::date(2023, 1, 1));
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(plan.diags.len(), 1);
    // It is said only where the client takes part, and by a plan of everything.
    let only = [item_id(1)].into();
    let input = sync_core::planner::PlanInput { only: Some(&only), ..w.input() };
    assert!(sync_core::planner::plan(&input).diags.is_empty());
    w.settings.sync.scope = Scope::Validation([client(2)].into());
    assert!(w.plan().diags.is_empty());
}

#[test]
fn limits_block_the_whole_plan_and_are_lifted_by_its_hash_alone() {
    let mut w = World::new();
    for n in 1..=6 {
        w.item(n, 1, "Qualified", &format!("Item {n}"));
    }
    let plan = w.plan();
    let Verdict::Blocked(hits) = &plan.head.verdict else { panic!() };
    assert_eq!(hits.len(), 1);
    assert_eq!((hits[0].limit, hits[0].planned, hits[0].allowed), (LimitName::CreatesPerClient, 6, 5));
    assert!(matches!(plan.check_verdict(None), Err(Stale::Blocked(_))));
    assert_eq!(plan.check_verdict(Some(plan_hash(&plan))), Ok(()));
    assert!(matches!(plan.check_verdict(Some(Default::default())), Err(Stale::Hash { .. })));
    w.snapshot.items.truncate(5);
    assert_eq!(w.plan().head.verdict, Verdict::Ok);
    // While validating, ten in all.
    w.settings.sync.scope = Scope::Validation([client(1), client(2), client(3)].into());
    for n in 1..=11 {
        w.snapshot.items.retain(|i| i.id != item_id(n));
        w.item(n, 1 + n % 3, "Qualified", &format!("Item {n}"));
    }
    let Verdict::Blocked(hits) = w.plan().head.verdict else { panic!() };
    assert_eq!(hits[0].limit, LimitName::CreatesValidating);
}

#[test]
fn updates_are_limited_by_number_or_share_whichever_is_more() {
    let mut w = World::new();
    for n in 1..=51 {
        w.pair(n, 1, Kind::Opportunity);
        w.hit(n).fields.set(FieldId::Name, Obs::Value(Value::text("New")));
    }
    assert!(matches!(w.plan().head.verdict, Verdict::Blocked(_)));
    let mut input = w.input();
    input.links_total = 255;
    assert_eq!(sync_core::planner::plan(&input).head.verdict, Verdict::Ok);
}

#[test]
fn a_plan_is_stale_when_anything_moved_on() {
    let w = World::new();
    let plan = w.plan();
    assert_eq!(verify(&plan, &w.head, &w.settings), Ok(()));
    let mut head = w.head.clone();
    head.serial += 1;
    assert!(matches!(verify(&plan, &head, &w.settings), Err(Stale::Serial { .. })));
    head.lineage = "other".into();
    assert!(matches!(verify(&plan, &head, &w.settings), Err(Stale::Lineage { .. })));
    let mut settings = w.settings.clone();
    settings.sync.limits.creates += 1;
    assert_eq!(verify(&plan, &w.head, &settings), Err(Stale::Settings));
}
