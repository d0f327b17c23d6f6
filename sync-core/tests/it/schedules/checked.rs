//! Each check can fail: the end of a story is spoilt by hand, or a guard is left out, and the check says so.

use super::check::{Violation, actions, duplicates, final_check, links, newest, templates};
use super::chooser::Special;
use super::engine::{Durable, Engine};
use super::explore::{played, replay, until};
use super::fingerprint::fingerprint;
use super::leads::link_backs;
use super::people::Over;
use super::requests::{LinkBacks, Request};
use super::scenario::{Action, Going, Scenario};
use super::world::bit;
use super::{lives, stories};
use sync_core::decision::{Conflict, ConflictKind, Issue, IssueCode, Subject};
use sync_core::exec::RecordKey;
use sync_core::field::FieldId;
use sync_core::guard::{Guard, without};
use sync_core::ids::{ItemId, Kind, Side, TicketId};
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
    let lost = |guard, story: Scenario| {
        let harm = |violation: &Violation| matches!(violation, Violation::LostEdit(_));
        without(Some(guard), || until(&story, 1, None, harm)).violations > 0
    };
    assert!(lost(Guard::StickyDirty, lives::deleted()));
    // The moment a person ends the link, what was settled is asked for.
    let story = lives::parted_from_ours();
    let ending = |spoil: bool| {
        let mut engine = played(&story);
        if spoil {
            engine.world.items.get_mut("i1").expect("an item").fields.name = "lost".into();
        }
        let part = story.events.iter().position(|event| matches!(event.action, Action::Part));
        engine.happen(u8::try_from(part.expect("the link is ended")).expect("few"));
        engine.seen.breach
    };
    assert_eq!(ending(false), None);
    assert!(is_lost(ending(true)));
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
    let story = lives::links_kept();
    let engine = played(&story);
    let plan = Plan::default();
    assert_eq!(link_backs(&engine, &plan), Ok(()));
    let mut spoilt = engine.clone();
    spoilt.world.items.get_mut("i1").expect("an item").references.clear();
    assert!(matches!(link_backs(&spoilt, &plan), Err(Violation::NoLinkBack(_))));
    let mut spoilt = engine.clone();
    spoilt.world.tickets.values_mut().for_each(|ticket| ticket.link_back = None);
    assert!(matches!(link_backs(&spoilt, &plan), Err(Violation::NoLinkBack(_))));
    // Telling of the one side is no word about the other, and where a server keeps links, none at all.
    let tells = |side: Side| {
        let subject = Subject::item(&ItemId::from("i1")).with_value(side.name());
        Plan { issues: vec![Issue::new(IssueCode::LinkBackNotKept, subject)], ..Plan::default() }
    };
    assert!(link_backs(&engine, &tells(Side::Halo)).is_err());
    assert!(link_backs(&spoilt, &tells(Side::Halo)).is_err());
    spoilt.world.link_backs[Side::Halo as usize] = LinkBacks::NotKept;
    assert_eq!(link_backs(&spoilt, &tells(Side::Halo)), Ok(()));
    assert!(link_backs(&spoilt, &tells(Side::Hit)).is_err());
}

/// A link back that was answered and stored is not written for ever.
#[test]
fn a_link_back_that_is_written_too_often_is_found() {
    let story = lives::links_kept();
    let mut engine = played(&story);
    let (side, item, kind) = (Side::Hit, ItemId::from("i1"), Kind::Opportunity);
    let request = Request::LinkBack { side, item, kind, ticket: 50 };
    let mut breaches = (0..3).map(|_| {
        engine.note_link_back(&request);
        engine.watch_link_backs();
        engine.seen.breach.take()
    });
    let last = breaches.by_ref().flatten().next();
    // The story itself has written it once.
    assert!(matches!(last, Some(Violation::PingPong(_))), "{last:?}");
    assert_eq!(breaches.count(), 0, "not before");
}

/// An end is spoilt in each way that one can be wrong.
#[test]
fn each_kind_of_wrong_end_is_found() {
    let plan = Plan::default();
    let story = stories::one_link();
    let good = played(&story);
    let ticket = *good.world.tickets.keys().next().expect("a ticket");
    assert_eq!((links(&good, &plan), duplicates(&good, &plan), actions(&good)), (Ok(()), Ok(false), Ok(())));
    let spoilt = |spoil: &dyn Fn(&mut Engine<'_>)| {
        let mut engine = good.clone();
        spoil(&mut engine);
        engine
    };
    let missing =
        |spoil: &dyn Fn(&mut Engine<'_>)| matches!(links(&spoilt(spoil), &plan), Err(Violation::Missing(_)));
    assert!(missing(&|engine| engine.durable.memory.links.clear()));
    assert!(missing(&|engine| engine.world.tickets.clear()));
    assert!(missing(&|engine| {
        engine.world.tickets.get_mut(&ticket).expect("a ticket").going = Some(Going::Deleted);
    }));
    assert!(missing(&|engine| {
        engine.world.items.get_mut("i1").expect("an item").going = Some(Going::Deleted);
    }));
    assert!(missing(&|engine| {
        engine.world.items.get_mut("i1").expect("an item").fields.status = "approved".into();
        engine.durable.memory.links.get_mut(&ItemId::from("i1")).expect("a link").opportunity = None;
    }));
    let differs = spoilt(&|engine| engine.world.items.get_mut("i1").expect("an item").fields.budget = 8);
    assert!(matches!(links(&differs, &plan), Err(Violation::Differs(_))));
    let twin = spoilt(&|engine| {
        let second = engine.world.tickets[&ticket].clone();
        engine.world.tickets.insert(ticket + 1, second);
    });
    assert!(matches!(duplicates(&twin, &plan), Err(Violation::Duplicate(_))));
    let twice = spoilt(&|engine| engine.world.notes = vec![(ticket, "a".into()), (ticket, "a".into())]);
    assert!(matches!(actions(&twice), Err(Violation::DoubleAction(_))));
    let story = stories::template();
    let mut engine = played(&story);
    assert_eq!(templates(&engine), Ok(()));
    engine.world.items.get_mut("i1").expect("an item").fields.name = "from the template".into();
    assert!(matches!(templates(&engine), Err(Violation::WrongWay(_))));
}

/// What a person has parted is neither linked again nor written to.
#[test]
fn what_is_not_left_alone_is_found() {
    let story = stories::one_link();
    let engine = played(&story);
    let ticket = *engine.world.tickets.keys().next().expect("a ticket");
    let found = |parted: bool, from: bool, watch: &dyn Fn(&mut Engine<'_>)| {
        let mut engine = engine.clone();
        engine.seen.parted.extend(parted.then(|| "i1".to_string()));
        engine.seen.parted_from.extend(from.then_some(ticket));
        watch(&mut engine);
        matches!(engine.seen.breach, Some(Violation::NotLeftAlone(_)))
    };
    let linked = |engine: &mut Engine<'_>| engine.watch_parted();
    assert!(found(true, false, &linked) && !found(false, true, &linked));
    let item = || ItemId::from("i1");
    let set = Box::default();
    let to_ticket = Request::Write { target: RecordKey::Ticket(TicketId(ticket)), set };
    let to_item = Request::Write { target: RecordKey::Item(item()), set: Box::default() };
    let note = Request::Note { ticket, status: "1".into(), tag: "a".into() };
    let back = Request::LinkBack { side: Side::Hit, item: item(), kind: Kind::Opportunity, ticket };
    for (request, by_item, by_ticket) in
        [(to_ticket, true, true), (to_item, true, false), (note, true, true), (back, true, false)]
    {
        let sent = |engine: &mut Engine<'_>| engine.watch_left_alone(&request);
        assert_eq!(
            (found(true, false, &sent), found(false, true, &sent)),
            (by_item, by_ticket),
            "{request:?}"
        );
        assert!(!found(false, false, &sent), "{request:?}");
    }
}

/// What a copy holds is part of the state, as long as it can be put in place of the database.
#[test]
fn states_with_other_copies_have_other_futures() {
    let story = stories::database_restored();
    let mut engine = played(&story);
    let now = std::rc::Rc::new(engine.durable.clone());
    let with = |engine: &mut Engine<'_>, spoil: &dyn Fn(&mut Durable)| {
        let mut copy = (*now).clone();
        spoil(&mut copy);
        engine.copy = Some(std::rc::Rc::new(copy));
        fingerprint(engine)
    };
    let same = with(&mut engine, &|_| {});
    assert_eq!(same, with(&mut engine, &|copy| copy.serial += 1), "no schedule depends on it");
    let key = RecordKey::Item(ItemId::from("i1"));
    assert_ne!(same, with(&mut engine, &|copy| copy.memory.links.clear()));
    assert_ne!(same, with(&mut engine, &|copy| copy.cursor = 0));
    assert_ne!(same, with(&mut engine, &|copy| copy.dirty.extend([(key.clone(), 1)])));
    assert_ne!(
        same,
        with(&mut engine, &|copy| {
            copy.decisions.approvals.insert(sync_core::hash::Hash128::default());
        })
    );
    engine.waiting.clear();
    let over = with(&mut engine, &|_| {});
    assert_eq!(over, with(&mut engine, &|copy| copy.memory.links.clear()), "it can not come back");
}

/// Where people have linked records by a rule that prefers Halo, only what HIT held until then gives way.
#[test]
fn linking_excuses_no_later_edit() {
    let story = lives::pairing_by_rule();
    let spoil = |first: bool, knows: u128| {
        ends(&story, |engine| {
            let edit = &mut engine.world.edits[0];
            (edit.first, edit.overwritten) = (first, Some(Over { knows, lead: None }));
            let value =
                Value::Money(sync_core::value::Money { minor: 1, currency: super::world::currency() });
            let (item, ticket) = (engine.world.edits[0].record.clone(), RecordKey::Ticket(TicketId(50)));
            for key in [item, ticket] {
                engine.world.fields_mut(&key).expect("a record").0.set(FieldId::BudgetOnce, &value);
                engine.world.touch(key);
            }
        })
    };
    assert_eq!(spoil(true, 0), None);
    assert!(is_lost(spoil(false, 0)));
    assert!(is_lost(spoil(true, bit(0))), "what came over it was not Halo's");
}
