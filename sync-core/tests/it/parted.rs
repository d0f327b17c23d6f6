//! Links that a person has ended because they were wrong, and what the person says afterwards.

use crate::links::{codes, issues};
use crate::world::*;
use sync_core::base::{Link, LinkState};
use sync_core::decision::{IssueCode, PairingAnswer};
use sync_core::exec::{Commit, LinkChange, Memory, NewLink};
use sync_core::field::FieldId;
use sync_core::ids::{HaloClientId, Kind, TicketId};
use sync_core::marker::Marker;
use sync_core::plan::{OpKind, Plan, SkipReason};
use sync_core::record::ExternalRef;
use sync_core::settings::Scope;
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
    assert_eq!(link.parted, [[TicketId(7), TicketId(8)]]);
    assert!(link.is_parted_from(TicketId(8)) && !link.is_parted_from(TicketId(9)));
    // An approval given for the link of before is none for the next one.
    assert_eq!(link.called_off, 1);
    assert!(link.take_back_end());
    assert_eq!((link.state.clone(), link.parted.len(), link.called_off), (LinkState::Active, 0, 1));
    assert!(!link.take_back_end(), "there is no second one");
    link.end();
    link.project = Some(TicketId(9));
    assert!(!link.take_back_end(), "it is linked by now");
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

/// Taking the word back leads to where the marker and the reference lead.
#[test]
fn taken_back_it_is_linked_again_and_differences_are_asked_about() {
    let mut w = parted();
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("Renamed")));
    assert!(w.links[0].take_back_end());
    let plan = w.plan();
    assert_eq!((codes(&plan)[0], plan.ops[0].ticket), ("adopt", Some(TicketId(2001))));
    w.apply(&plan);
    w.settle();
    assert_eq!(w.plan().conflicts.len(), 1, "nobody knows who changed the name");
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
        // A new one is what the marker says already.
        w.decisions.pairings.insert(item_id(1), PairingAnswer::Create);
        assert_eq!(w.plan().ops[0].ticket, Some(TicketId(900)));
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
    assert_eq!((&w2.links[0].state, w2.links[0].parted.len()), (&LinkState::Ended, 1));
    assert!(!w2.links[0].clone().take_back_end(), "nobody has said that it was wrong");
    w2.halo(1001).marker = Some(Marker::for_item(&w2.pair, &item_id(1), Kind::Opportunity));
    w2.decisions.pairings.insert(item_id(1), PairingAnswer::Create);
    let plan = w2.plan();
    let OpKind::Create(spec) = &plan.ops[0].kind else { panic!("{:?}", codes(&plan)) };
    assert_eq!(spec.marker, Marker::for_item_after(&w2.pair, &item_id(1), Kind::Opportunity, 1));
    // Of the old link nothing is left but what people have said.
    w.links[0].called_off = 3;
    w.links[0].parted = vec![vec![TicketId(5)]];
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
        assert_eq!((link.called_off, link.parted.len(), link.base.opportunity.len()), (3, 1, 0));
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
