//! Each check can fail: the end of a story is spoilt by hand, or a guard is left out, and the check says so.

use super::check::{Violation, final_check, link_backs, newest};
use super::chooser::Special;
use super::engine::Engine;
use super::explore::{exhaustive, played, replay};
use super::people::Over;
use super::scenario::Scenario;
use super::world::bit;
use super::{lives, stories};
use sync_core::decision::{Conflict, ConflictKind};
use sync_core::exec::RecordKey;
use sync_core::field::FieldId;
use sync_core::guard::{Guard, without};
use sync_core::ids::{ItemId, Kind, TicketId};
use sync_core::plan::{Plan, Proposal, ProposalKind};
use sync_core::value::{Obs, Value};

fn ends(scenario: &Scenario, spoil: impl FnOnce(&mut Engine<'_>)) -> Option<Violation> {
    let mut engine = played(scenario);
    spoil(&mut engine);
    final_check(&mut engine).err()
}

fn is_lost(found: Option<Violation>) -> bool {
    matches!(found, Some(Violation::LostEdit(_)))
}

/// The newer record wins by the stamps of the plan and beyond the tolerance, and only what it carried can have won.
#[test]
fn newest_wins_by_the_stamps_alone() {
    let newest = stories::newest();
    let over = |knows, lead| {
        ends(&newest, |engine| {
            // The edit of the item, and then that of the ticket, as if neither person had seen the other's.
            engine.world.edits[1].knew = 0;
            engine.world.edits[0].overwritten = Some(Over { knows, lead });
        })
    };
    assert_eq!(over(bit(1), Some(5_001)), None);
    for (knows, lead) in [
        (bit(1), Some(5_000)),
        (bit(1), Some(-9_000)),
        (bit(1), None),
        (0, Some(9_000)),
        (bit(0), Some(9_000)),
    ] {
        assert!(is_lost(over(knows, lead)), "{knows} {lead:?}");
    }
    let nothing_came_over_it = ends(&newest, |engine| {
        engine.world.edits[1].knew = 0;
        engine.world.edits[0].overwritten = None;
    });
    assert!(is_lost(nothing_came_over_it));
}

/// A person is asked where the stamps are too near to each other, and not where one is clearly newer.
#[test]
fn a_clear_case_is_no_conflict() {
    let story = stories::newest();
    let mut engine = played(&story);
    let ticket = *engine.world.tickets.keys().next().expect("a ticket");
    let asked = Conflict {
        id: sync_core::hash::Hash128::default(),
        item: ItemId::from("i1"),
        ticket: TicketId(ticket),
        kind: Kind::Opportunity,
        field: FieldId::Name,
        reason: ConflictKind::BothChanged,
        base: None,
        halo: Obs::Null,
        hit: Obs::Null,
        ways_out: vec![],
    };
    let plan = Plan { conflicts: vec![asked], ..Plan::default() };
    let mut with_lead = |lead: i64| {
        let ahead = story.stamps.expect("stamps");
        let held = engine.world.tickets.get_mut(&ticket).expect("a ticket");
        held.updated = engine.world.items["i1"].updated - ahead + lead;
        newest(&engine, &plan).is_err()
    };
    assert_eq!([5_000, -5_000, 5_001, -5_001].map(&mut with_lead), [false, false, true, true]);
}

/// What a person has agreed to forget excuses nothing but what nobody can carry: the values stay where they were put.
#[test]
fn a_forgotten_link_excuses_no_value_that_is_lost() {
    for story in [lives::deleted(), lives::merged()] {
        assert_eq!(ends(&story, |_| {}), None);
        let renamed = |engine: &mut Engine<'_>| {
            engine.world.items.get_mut("i1").expect("an item").fields.name = "lost".into();
        };
        assert!(is_lost(ends(&story, renamed)), "{}", story.name);
        let priced = |engine: &mut Engine<'_>| {
            let of_i1 = engine.world.edits[0].record.clone();
            engine.world.fields_mut(&of_i1).expect("a ticket").0.budget = 8;
        };
        assert!(is_lost(ends(&story, priced)), "{}", story.name);
        let unasked = ends(&story, |engine| engine.seen.forgotten.clear());
        assert!(unasked.is_some(), "{}", story.name);
    }
    let story = lives::item_deleted();
    assert!(is_lost(ends(&story, |engine| {
        let edit = engine.world.edits.iter().find(|edit| edit.item == "i1" && edit.kind.is_some());
        let ticket = edit.expect("an edit of the ticket").record.clone();
        engine.world.fields_mut(&ticket).expect("a ticket").0.budget = 8;
    })));
}

/// What was settled before a record went must have arrived by then, whatever is agreed to later.
#[test]
fn an_edit_that_was_left_behind_before_the_record_went_is_found() {
    let found = without(Some(Guard::StickyDirty), || exhaustive(&lives::deleted(), 1, None, true));
    assert!(found.violations > 0);
    let found = without(Some(Guard::PairBase), || exhaustive(&lives::parted_from_ours(), 1, None, true));
    assert!(found.violations > 0);
}

/// Nobody may be asked to forget an item, or a ticket, that was there when the plan was made.
#[test]
fn a_false_proposal_is_found_on_either_side() {
    let story = lives::item_deleted();
    let engine = played(&story);
    let link = engine.durable.memory.links[&ItemId::from("i2")].clone();
    for ticket in [None, link.opportunity] {
        let evidence = sync_core::base::Evidence::Flag;
        let kind = ProposalKind::Unlink { evidence, instead: None };
        let id = Proposal::name(&kind, &link, ticket, None);
        let (item, client) = (link.item.clone(), link.client.clone());
        let plan = Plan { proposals: vec![Proposal { id, kind, item, client, ticket }], ..Plan::default() };
        let mut engine = engine.clone();
        engine.watch_proposals(&plan);
        assert!(matches!(engine.seen.breach, Some(Violation::FalseEvidence(_))), "{ticket:?}");
        // One that was gone when it was read is another matter.
        let key = ticket.map_or_else(|| RecordKey::Item(link.item.clone()), RecordKey::Ticket);
        engine.seen.breach = None;
        engine.looks.get_mut(&key).expect("it was read").there = false;
        engine.watch_proposals(&plan);
        assert_eq!(engine.seen.breach, None);
    }
    // Lists of items that are cut short twice, taken for complete.
    let truncated = lives::truncated();
    let cut = |nth| Special { step: "read items".into(), nth, choice: "Truncate".into() };
    let found = without(Some(Guard::CompleteRead), || {
        (1..30).find_map(|nth| replay(&truncated, &[cut(nth), cut(nth + 1), cut(nth + 2)], None).err())
    });
    let Some(Violation::FalseEvidence(what)) = found else { panic!("{found:?}") };
    assert!(what.contains("ticket: None"), "{what}");
}

/// A link back that is missing, on either side, must have been told.
#[test]
fn a_missing_link_back_is_found() {
    let story = lives::linking_back("links back: kept", super::requests::LinkBacks::Kept);
    let engine = played(&story);
    let plan = Plan::default();
    assert_eq!(link_backs(&engine, &plan), Ok(()));
    let mut spoilt = engine.clone();
    spoilt.world.items.get_mut("i1").expect("an item").references.clear();
    assert!(matches!(link_backs(&spoilt, &plan), Err(Violation::NoLinkBack(_))));
    let mut spoilt = engine;
    spoilt.world.tickets.values_mut().for_each(|ticket| ticket.link_back = None);
    assert!(matches!(link_backs(&spoilt, &plan), Err(Violation::NoLinkBack(_))));
}

/// Where people have linked records by a rule that prefers Halo, only what HIT held until then gives way.
#[test]
fn linking_excuses_no_later_edit() {
    let story = lives::pairing_by_rule();
    let spoil = |first: bool| {
        ends(&story, |engine| {
            let edit = &mut engine.world.edits[0];
            (edit.first, edit.overwritten) = (first, Some(Over { knows: 0, lead: None }));
            let value =
                Value::Money(sync_core::value::Money { minor: 1, currency: super::world::currency() });
            let (item, ticket) = (engine.world.edits[0].record.clone(), RecordKey::Ticket(TicketId(50)));
            for key in [item, ticket] {
                engine.world.fields_mut(&key).expect("a record").0.set(FieldId::BudgetOnce, &value);
                engine.world.touch(key);
            }
        })
    };
    assert_eq!(spoil(true), None);
    assert!(is_lost(spoil(false)));
}
