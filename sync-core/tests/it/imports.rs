//! What a person's answers make of tickets that would be imported.

use crate::links::codes;
use crate::world::*;
use sync_core::decision::PairingAnswer;
use sync_core::ids::{Kind, Side, TicketId};
use sync_core::plan::{Plan, SkipReason};
use sync_core::settings::ImportRule;
use sync_core::value::Obs;

/// A ticket that would be imported, and an item that looks like it and creates nothing by itself.
fn alike() -> World {
    let mut w = World::new();
    w.settings.sync.import = ImportRule {
        enabled: true,
        created_after: Some(jiff::civil::date(2023, 1, 1)),
        ..ImportRule::default()
    };
    w.item(1, 1, "Recommended", "Migration");
    w.ticket(900, Kind::Opportunity, 1, OPEN, "Migration").link_back = Obs::Null;
    w.candidates.by_item.insert(item_id(1), vec![TicketId(900)]);
    w.candidates.by_ticket.insert(TicketId(900), vec![item_id(1)]);
    w
}

fn reasons(plan: &Plan) -> Vec<&SkipReason> {
    plan.skips.iter().filter(|skip| skip.ticket.is_some()).map(|skip| &skip.reason).collect()
}

#[test]
fn a_ticket_that_may_be_an_items_waits_until_a_person_says_which() {
    let mut w = alike();
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(reasons(&plan), [&SkipReason::WaitsForImportPairing(vec![item_id(1)])]);
    // An item of its own.
    w.decisions.imports.insert(TicketId(900), PairingAnswer::Create);
    let plan = w.plan();
    assert_eq!((codes(&plan)[0], plan.ops[0].kind.side()), ("create", Some(Side::Hit)));
    // Left alone.
    w.decisions.imports.insert(TicketId(900), PairingAnswer::Ignore);
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(reasons(&plan), [&SkipReason::LeftAlone]);
    // It is that item, although the item's status creates nothing.
    w.decisions.imports.clear();
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(900)));
    let plan = w.plan();
    assert_eq!((codes(&plan)[0], plan.ops[0].ticket), ("adopt", Some(TicketId(900))));
    // Taken back, it is asked about again.
    w.decisions.pairings.clear();
    assert_eq!(reasons(&w.plan()), [&SkipReason::WaitsForImportPairing(vec![item_id(1)])]);
}

/// A ticket that a person has called an item's is never imported beside it, whatever keeps the two from being linked.
#[test]
fn a_ticket_that_was_named_is_not_imported_while_its_item_waits() {
    for (at, change) in [(|w: &mut World| w.snapshot.items[0].archived = true) as fn(&mut World), |w| {
        w.snapshot.items.clear()
    }]
    .into_iter()
    .enumerate()
    {
        let mut w = alike();
        w.candidates = Default::default();
        assert_eq!(codes(&w.plan())[0], "create", "it would be imported");
        w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(900)));
        change(&mut w);
        let plan = w.plan();
        assert!(plan.is_empty(), "case {at}: {:?}", codes(&plan));
        assert_eq!(reasons(&plan), [&SkipReason::LeftAlone], "case {at}");
    }
    // Of an item that has another ticket by now, the answer says nothing any more.
    let mut w = alike();
    w.candidates = Default::default();
    w.ticket(901, Kind::Opportunity, 1, OPEN, "Migration");
    w.link(1, 901);
    w.decisions.pairings.insert(item_id(1), PairingAnswer::Link(TicketId(900)));
    assert_eq!(codes(&w.plan())[0], "create");
}
