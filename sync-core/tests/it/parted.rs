//! Links that a person has ended because they were wrong, and what the person says afterwards.

use crate::links::{codes, issues};
use crate::world::*;
use sync_core::base::{End, Link, LinkState};
use sync_core::decision::{IssueCode, PairingAnswer};
use sync_core::exec::{Commit, Event, Exec, JournalView, LinkChange, Memory, NewLink, Outcome, Step};
use sync_core::field::FieldId;
use sync_core::ids::{HaloClientId, Kind, TicketId};
use sync_core::marker::Marker;
use sync_core::plan::{OpKind, Plan, SkipReason};
use sync_core::record::ExternalRef;
use sync_core::settings::{PromotionMode, Scope};
use sync_core::value::{Obs, Value};

/// An item whose opportunity 2001 we have created, with a reference to it in HIT, and whose link a person has ended.
fn parted() -> World {
    let mut w = World::new();
    w.catalogue.capabilities.external_references = true;
    w.item(1, 1, "Qualified", "Firewall");
    w.settle();
    assert!(w.halo(2001).marker.is_some());
    assert_eq!(w.hit(1).references.len(), 1);
    w.links[0].end();
    w
}

fn left_alone(plan: &Plan) {
    assert!(plan.is_empty(), "{:?}", codes(plan));
    assert!(plan.skips.iter().all(|skip| skip.reason == SkipReason::LeftAlone), "{:?}", plan.skips);
    assert_eq!((plan.issues.len(), plan.proposals.len(), plan.diags.len()), (0, 0, 0), "{plan:?}");
}

#[test]
fn ending_a_link_forgets_everything_but_the_tickets() {
    let mut link = Link::new(item_id(1), client(1), HaloClientId(101));
    (link.opportunity, link.project) = (Some(TicketId(7)), Some(TicketId(8)));
    link.base.project.insert(FieldId::Name, sync_core::base::BaseCell { halo: None, hit: None });
    link.end();
    assert_eq!((link.leading(), &link.state), (None, &LinkState::Ended));
    assert!(link.base.project.is_empty());
    let end = End { opportunity: Some(TicketId(7)), project: Some(TicketId(8)), parted: true };
    assert_eq!((&link.ends[..], link.last_parting()), (&[end][..], Some(&end)));
    assert!(link.is_parted_from(TicketId(8)) && !link.is_parted_from(TicketId(9)));
    // An approval given for the link of before is none for the next one.
    assert_eq!(link.called_off, 1);
    assert!(link.take_back_end());
    assert_eq!((link.opportunity, link.project), (Some(TicketId(7)), Some(TicketId(8))));
    assert_eq!((&link.state, link.called_off, link.last_parting()), (&LinkState::Active, 1, None));
    assert!(!link.is_parted_from(TicketId(8)));
    assert_eq!(link.ends.len(), 1, "how often it ended does not go back");
    assert!(!link.take_back_end(), "there is no second one");
    link.end();
    assert_eq!(link.ends.len(), 2);
    link.project = Some(TicketId(9));
    assert!(!link.take_back_end(), "it is linked by now");
    link.project = None;
    link.state = LinkState::Active;
    assert!(!link.take_back_end(), "and is not at its end");
}

#[test]
fn neither_marker_nor_reference_nor_status_leads_back() {
    let mut w = parted();
    left_alone(&w.plan());
    // Whatever the item becomes, and although the ticket would be imported.
    w.settings.sync.import.enabled = true;
    w.settings.sync.import.created_after = Some(jiff::civil::date(2023, 1, 1));
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Approved"))));
    left_alone(&w.plan());
    w.halo(2001).marker = None;
    w.halo(2001).link_back = Obs::Null;
    left_alone(&w.plan());
    // Unless a person wants it as an item of its own, also with the old marker on it.
    w.decisions.imports.insert(TicketId(2001), PairingAnswer::Create);
    assert_eq!(codes(&w.plan()), ["create", "link_back", "link_back"]);
    w.halo(2001).marker = Some(Marker::for_item(&w.pair, &item_id(1), Kind::Opportunity));
    let plan = w.plan();
    let OpKind::Create(spec) = &plan.ops[0].kind else { panic!("{:?}", codes(&plan)) };
    assert_ne!(spec.marker, Marker::for_ticket(&w.pair, TicketId(2001), Kind::Opportunity));
    assert_eq!(spec.ticket, Some(TicketId(2001)));
    // But not with a marker that says that it is another item's.
    w.halo(2001).marker = Some(Marker::for_item(&w.pair, &item_id(9), Kind::Opportunity));
    assert!(w.plan().is_empty());
    // Nor one that nobody has parted from anything.
    w.links.clear();
    w.snapshot.items.clear();
    w.halo(2001).marker = Some(Marker::for_item(&w.pair, &item_id(1), Kind::Opportunity));
    let plan = w.plan();
    assert!(plan.is_empty() && plan.diags.len() == 1, "{plan:?}");
}

/// An item that was made of a ticket and parted from it, and the ticket becomes another item of its own.
#[test]
fn a_ticket_with_the_marker_of_its_own_import_can_be_imported_once_more() {
    let mut w = World::new();
    w.settings.sync.import.enabled = true;
    w.settings.sync.import.created_after = Some(jiff::civil::date(2023, 1, 1));
    w.item(1, 1, "Recommended", "Migration");
    w.ticket(900, Kind::Opportunity, 1, OPEN, "Migration").marker =
        Some(Marker::for_ticket(&w.pair, TicketId(900), Kind::Opportunity));
    w.link(1, 900);
    w.links[0].end();
    w.decisions.imports.insert(TicketId(900), PairingAnswer::Create);
    let OpKind::Create(spec) = &w.plan().ops[0].kind.clone() else { panic!() };
    assert_eq!(spec.marker, Marker::for_ticket_after(&w.pair, TicketId(900), Kind::Opportunity, 1));
}

#[test]
fn a_new_ticket_gets_another_marker_than_the_wrong_one() {
    let mut w = parted();
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Create);
    let plan = w.plan();
    assert_eq!(codes(&plan), ["create", "link_back"]);
    let OpKind::Create(spec) = &plan.ops[0].kind else { panic!() };
    let marker = Marker::for_item_after(&w.pair, &item_id(1), Kind::Opportunity, 1);
    assert_eq!(spec.marker, marker);
    w.apply(&plan);
    w.settle();
    assert_eq!((w.links[0].opportunity, &w.links[0].state), (Some(TicketId(2002)), &LinkState::Active));
    // The ticket that was wrong is nobody's, and no second one of this item.
    let plan = w.plan();
    assert!(plan.is_empty() && plan.issues.is_empty(), "{plan:?}");
    // A create whose reply was lost is still found by that marker, not by the one of before.
    w.links[0].set_ticket(Kind::Opportunity, None);
    w.links[0].base = Default::default();
    let plan = w.plan();
    assert_eq!((codes(&plan)[0], plan.ops[0].ticket), ("adopt", Some(TicketId(2002))));
}

#[test]
fn another_ticket_is_linked_and_the_reference_is_replaced() {
    let mut w = parted();
    w.ticket(2050, Kind::Opportunity, 1, OPEN, "Firewall").link_back = Obs::Null;
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(2050)));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["adopt", "link_back", "link_back"], "on both sides");
    w.apply(&plan);
    w.hit(1).references.remove(0);
    w.settle();
    assert_eq!(w.links[0].opportunity, Some(TicketId(2050)));
    assert!(w.plan().issues.is_empty(), "the old ticket is no twin");
    // The same ticket once more, if that is what the person says.
    w.links[0].end();
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(2050)));
    assert_eq!(codes(&w.plan())[0], "adopt");
    // And another item may have the one that was wrong, in spite of its marker.
    w.item(2, 1, "Recommended", "Switch");
    w.decisions.pairings.insert(item_id(2), PairingAnswer::Link(TicketId(2001)));
    let adopted: Vec<_> =
        w.plan().ops.iter().filter(|op| op.kind.code() == "adopt").map(|op| op.ticket).collect();
    assert_eq!(adopted, [Some(TicketId(2050)), Some(TicketId(2001))]);
}

/// Taking the word back makes the link again, whatever marker and reference say by then.
#[test]
fn taken_back_it_is_linked_again_and_differences_are_asked_about() {
    let mut w = parted();
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("Renamed")));
    w.hit(1).references.clear();
    w.halo(2001).marker = None;
    assert!(w.links[0].take_back_end());
    assert_eq!(w.links[0].opportunity, Some(TicketId(2001)));
    w.settle();
    let plan = w.plan();
    assert_eq!((plan.conflicts.len(), issues(&plan)), (1, vec![]), "nobody knows who changed the name");
    assert_eq!(w.links[0].opportunity, Some(TicketId(2001)));
}

/// What was made for an item while another one had its ticket carries another marker than that ticket, for ever.
#[test]
fn after_an_end_was_taken_back_what_is_made_still_has_a_marker_of_its_own() {
    let mut w = parted();
    assert!(w.links[0].take_back_end());
    w.links[0].end();
    w.item(2, 1, "Recommended", "Firewall");
    w.decisions.pairings.insert(item_id(2), PairingAnswer::Link(TicketId(2001)));
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Create);
    let plan = w.plan();
    let made = plan.ops.iter().find_map(|op| match &op.kind {
        OpKind::Create(spec) => Some(spec.marker.clone()),
        _ => None,
    });
    assert_eq!(made, Some(Marker::for_item_after(&w.pair, &item_id(1), Kind::Opportunity, 2)));
    // An item made of a ticket, likewise.
    let mut w = World::new();
    w.settings.sync.import.enabled = true;
    w.settings.sync.import.created_after = Some(jiff::civil::date(2023, 1, 1));
    w.item(1, 1, "Recommended", "Migration");
    w.ticket(900, Kind::Opportunity, 1, OPEN, "Migration").link_back = Obs::Null;
    w.link(1, 900);
    for ended in 1..3 {
        w.links[0].end();
        assert!(w.links[0].take_back_end());
        w.settle();
        let mut w = w.clone();
        w.links[0].end();
        w.decisions.imports.insert(TicketId(900), PairingAnswer::Create);
        let OpKind::Create(spec) = &w.plan().ops[0].kind.clone() else { panic!() };
        let marker = Marker::for_ticket_after(&w.pair, TicketId(900), Kind::Opportunity, ended + 1);
        assert_eq!(spec.marker, marker);
    }
}

#[test]
fn the_project_of_the_same_opportunity_is_not_taken_up_again() {
    let mut w = World::new();
    w.pair(1, 1, Kind::Opportunity);
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Approved"))));
    w.ticket(3000, Kind::Project, 1, PLANNED, "Firewall").created_from = Some(TicketId(1001));
    w.settle();
    assert_eq!(w.links[0].project, Some(TicketId(3000)));
    w.links[0].end();
    // The opportunity was right, the project was not.
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(1001)));
    let plan = w.plan();
    assert_eq!(codes(&plan), ["adopt"]);
    w.apply(&plan);
    let plan = w.plan();
    assert_eq!(codes(&plan)[0], "await_project", "{:?}", plan.ops);
    assert_eq!(issues(&plan), []);
    // Named by a person, it is.
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(3000)));
    let plan = w.plan();
    assert_eq!((codes(&plan)[0], plan.ops[0].ticket), ("adopt", Some(TicketId(3000))));
    // A project of its own is made beside it, and the executor's own look at Halo does not find the wrong one.
    w.decisions.pairings.clear();
    w.settings.sync.promotion.mode = PromotionMode::Linked;
    w.links[0].promotion_since = Some(w.now.plus_ms(-w.settings.sync.promotion.wait_ms));
    let plan = w.plan();
    assert_eq!(codes(&plan)[0], "create");
    let links = w.links.iter().map(|link| (link.item.clone(), link.clone())).collect();
    let mut memory = Memory { links, ..Memory::default() };
    let journal = JournalView {
        head: plan.head.base.clone(),
        memory: memory.clone(),
        read_at: w.now,
        dirty: Vec::new(),
    };
    let wrong = w.halo(3000).clone();
    let mut exec = Exec::new(plan, journal, &w.settings, None).unwrap();
    let (names, _, _) = crate::exec::play(&mut exec, &mut memory, |step| match step {
        Step::FindMarker(_) => Event::Markers(Ok(vec![])),
        Step::FindProject(_) => Event::Projects(Ok(vec![wrong.clone()])),
        Step::Create(_) => Event::Written(Outcome::Unknown),
        Step::LinkBack(_) => Event::Written(Outcome::Unknown),
        _ => Event::Read(Ok(None)),
    });
    assert!(names.contains(&"find_project"), "{names:?}");
    assert_eq!(memory.links[&item_id(1)].project, None);
}

/// Of two items that claim one ticket, the one of which a person has said so gets it, also where its link has ended.
#[test]
fn one_ticket_is_planned_for_one_item() {
    let mut w = parted();
    w.item(2, 1, "Recommended", "Switch");
    w.ticket(900, Kind::Opportunity, 1, OPEN, "Switch");
    for n in [1, 2] {
        w.decisions.pairings.insert(item_id(n), PairingAnswer::Link(TicketId(900)));
    }
    let adopts = |plan: &Plan| -> Vec<_> {
        let adopt = plan.ops.iter().filter(|op| op.kind.code() == "adopt");
        adopt.map(|op| (op.item.clone().unwrap(), op.ticket.unwrap())).collect()
    };
    let plan = w.plan();
    assert_eq!(adopts(&plan), [(item_id(1), TicketId(900))]);
    assert!(plan.ops.iter().all(|op| op.item == Some(item_id(1))), "no reference without a link");
    assert_eq!(issues(&plan), [IssueCode::TicketAlreadyLinked]);
    // A marker says that it is the first one's, a person that it is the second one's.
    let mut w = World::new();
    w.item(1, 1, "Qualified", "Firewall");
    w.item(2, 1, "Recommended", "Switch");
    w.ticket(900, Kind::Opportunity, 1, OPEN, "Switch").marker =
        Some(Marker::for_item(&w.pair, &item_id(1), Kind::Opportunity));
    w.decisions.pairings.insert(item_id(2), PairingAnswer::Link(TicketId(900)));
    assert_eq!(adopts(&w.plan()), [(item_id(2), TicketId(900))]);
}

/// What became of a named ticket is told as it is.
#[test]
fn a_named_ticket_that_cannot_be_linked_is_not_called_linked() {
    let changes: [fn(&mut World); 4] = [
        |w| w.halo(900).deleted = true,
        |w| w.halo(900).merged_into = Some(TicketId(5)),
        |w| w.halo(900).is_task = true,
        |w| w.halo(900).is_probe = true,
    ];
    for change in changes {
        let mut w = parted();
        w.ticket(900, Kind::Opportunity, 1, OPEN, "Switch");
        w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(900)));
        change(&mut w);
        let plan = w.plan();
        assert_eq!((codes(&plan).len(), issues(&plan)), (0, vec![IssueCode::TicketUnusable]));
    }
}

/// Links that have ended miss nothing, and are none of those that a plan counts.
#[test]
fn ended_links_count_no_more() {
    let mut w = World::new();
    for n in 1..=9 {
        w.pair(n, 1, Kind::Opportunity);
    }
    for n in 1..=6 {
        w.links[n - 1].end();
    }
    w.snapshot.items.retain(|item| item.id > item_id(6));
    let plan = w.plan();
    assert_eq!(issues(&plan), []);
    assert_eq!((plan.head.counts.links, plan.head.counts.links_total), (3, 3));
    let nothing = std::collections::BTreeSet::new();
    assert_eq!(sync_core::evidence::gather(&w.links, &w.snapshot, &nothing, w.now), []);
    // Nor do they hide what is missed of the others.
    w.snapshot.items.clear();
    assert_eq!(issues(&w.plan()), [IssueCode::ReadSuspicious]);
}

/// What a person has said goes before markers and references also where nothing was ever linked.
#[test]
fn an_answer_goes_before_the_marker_and_the_reference() {
    for by_marker in [true, false] {
        let mut w = World::new();
        w.catalogue.capabilities.external_references = true;
        w.item(1, 1, "Qualified", "Firewall");
        w.ticket(900, Kind::Opportunity, 1, OPEN, "Firewall");
        w.ticket(901, Kind::Opportunity, 1, OPEN, "Firewall");
        if by_marker {
            w.halo(900).marker = Some(Marker::for_item(&w.pair, &item_id(1), Kind::Opportunity));
        } else {
            let to = ExternalRef {
                system: "halopsa".into(),
                instance: "tenant".into(),
                kind: Some(Kind::Opportunity),
                id: "900".into(),
                url: None,
                marker: None,
            };
            w.hit(1).references.push(to);
        }
        assert_eq!(w.plan().ops[0].ticket, Some(TicketId(900)));
        w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(901)));
        assert_eq!(w.plan().ops[0].ticket, Some(TicketId(901)));
        w.decisions.pairings.insert(item_id(1), PairingAnswer::Ignore);
        let plan = w.plan();
        assert!(plan.is_empty() && plan.issues.is_empty(), "{plan:?}");
        // A new one: what the marker says was made for this very item, its reply was lost. A reference leads to a ticket
        // that the person has seen and does not want.
        w.decisions.pairings.insert(item_id(1), PairingAnswer::Create);
        let plan = w.plan();
        let want = if by_marker { ("adopt", Some(TicketId(900))) } else { ("create", None) };
        assert_eq!((codes(&plan)[0], plan.ops[0].ticket), want);
    }
}

/// A link ends also when its ticket is gone and a person has agreed. It is not the end of the item.
#[test]
fn an_item_whose_link_has_ended_can_be_linked_anew() {
    let mut w = World::new();
    w.pair(1, 1, Kind::Opportunity);
    w.links[0].opportunity = None;
    w.links[0].state = LinkState::Ended;
    w.halo(1001).deleted = true;
    left_alone(&w.plan());
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Ignore);
    left_alone(&w.plan());
    w.ticket(900, Kind::Opportunity, 1, OPEN, "Firewall");
    for (answer, want) in [(PairingAnswer::Link(TicketId(900)), "adopt"), (PairingAnswer::Create, "create")] {
        w.decisions.pairings.insert(item_id(1), answer);
        assert_eq!(codes(&w.plan())[0], want);
    }
    w.snapshot.items.clear();
    let plan = w.plan();
    assert!(
        plan.is_empty() && plan.skips.is_empty(),
        "nothing waits for an item that is not there: {plan:?}"
    );
    // The ticket that is gone may still be found by its marker, so the new one has another.
    let gone = vec![(Kind::Opportunity, None)];
    let mut w2 = World::new();
    w2.pair(1, 1, Kind::Opportunity);
    let mut memory = Memory { links: [(item_id(1), w2.links[0].clone())].into(), ..Memory::default() };
    let forget = Commit {
        links: vec![LinkChange { tickets: gone, ..LinkChange::none(item_id(1)) }],
        ..Commit::default()
    };
    for _ in 0..2 {
        memory.commit(&forget);
    }
    w2.links = memory.links.into_values().collect();
    assert_eq!((&w2.links[0].state, w2.links[0].ends.len()), (&LinkState::Ended, 1));
    assert!(!w2.links[0].clone().take_back_end(), "nobody has said that it was wrong");
    w2.halo(1001).marker = Some(Marker::for_item(&w2.pair, &item_id(1), Kind::Opportunity));
    w2.decisions.pairings.insert(item_id(1), PairingAnswer::Create);
    let plan = w2.plan();
    let OpKind::Create(spec) = &plan.ops[0].kind else { panic!("{:?}", codes(&plan)) };
    assert_eq!(spec.marker, Marker::for_item_after(&w2.pair, &item_id(1), Kind::Opportunity, 1));
    // Of the old link nothing is left but what people have said.
    w.links[0].called_off = 3;
    w.links[0].ends = vec![End { opportunity: Some(TicketId(5)), project: None, parted: true }];
    let mut memory = Memory { links: [(item_id(1), w.links[0].clone())].into(), ..Memory::default() };
    let make = Some(NewLink { client: client(2), halo_client: HaloClientId(102) });
    let tickets = vec![(Kind::Opportunity, Some(TicketId(900)))];
    let commit = Commit {
        links: vec![LinkChange { make, tickets, ..LinkChange::none(item_id(1)) }],
        ..Commit::default()
    };
    for _ in 0..2 {
        memory.commit(&commit);
        let link = &memory.links[&item_id(1)];
        assert_eq!((link.opportunity, &link.state), (Some(TicketId(900)), &LinkState::Active));
        assert_eq!((&link.client, link.halo_client), (&client(2), HaloClientId(102)));
        assert_eq!((link.called_off, link.ends.len(), link.base.opportunity.len()), (3, 1, 0));
    }
}

/// An opportunity that nobody has shown how to close is told of once, blocks nothing, and is put aside once.
#[test]
fn an_opportunity_that_stays_open_for_lack_of_a_recipe_is_told_of() {
    let mut w = World::new();
    for n in [1, 2] {
        w.pair(n, 1, Kind::Opportunity);
        w.ticket(3000 + n, Kind::Project, 1, PLANNED, "Firewall");
        w.hit(n).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Approved"))));
        w.link(n, 3000 + n);
    }
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(issues(&plan), [IssueCode::WonRecipeMissing]);
    assert!(!plan.issues[0].blocks_gate());
    assert_eq!(w.mark_clean(), 2, "it keeps no link from being clean");
    assert_eq!(issues(&w.plan()), [IssueCode::WonRecipeMissing], "nor does that close it");
    w.decisions.dismissed.insert(plan.issues[0].id);
    assert_eq!(issues(&w.plan()), []);
    w.decisions.dismissed.clear();
    // One closed, one deleted; or of clients that do not take part.
    type Change = fn(&mut World);
    let not: [Change; 4] = [
        |w| {
            w.halo(1001).closed = true;
            w.halo(1002).closed = true;
        },
        |w| {
            w.halo(1001).closed = true;
            w.halo(1002).merged_into = Some(TicketId(5));
        },
        |w| w.settings.sync.scope = Scope::Validation([client(2)].into()),
        |w| w.links.iter_mut().for_each(|link| link.project = None),
    ];
    for change in not {
        let mut w = w.clone();
        change(&mut w);
        assert!(!issues(&w.plan()).contains(&IssueCode::WonRecipeMissing));
    }
}
