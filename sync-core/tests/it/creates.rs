//! What the executor does with creates and its own memory.

use crate::exec::*;
use std::collections::BTreeMap;
use sync_core::base::{BaseCell, Intent, Link};
use sync_core::exec::{
    DirtyMark, Event, Exec, JournalView, MarkerHit, Memory, OpResult, Outcome, Record, RecordKey, Reject,
    RejectClass, Step,
};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{HaloClientId, HitClientId, ItemId, Kind, PairId, Side, TicketId, TicketTypeId};
use sync_core::marker::Marker;
use sync_core::plan::{Adoption, Op, OpKind, Plan, Precond, Rank, Why};
use sync_core::record::HaloTicket;
use sync_core::settings::Settings;
use sync_core::stamp::Stamp;
use sync_core::value::Value;

pub(crate) const OPPORTUNITY: Kind = Kind::Opportunity;

pub(crate) fn refused() -> Reject {
    Reject::new(RejectClass::Invalid, "no")
}

pub(crate) fn halo(change: impl FnOnce(&mut HaloTicket)) -> Record {
    let mut ticket = HaloTicket::new(TICKET, Some(OPPORTUNITY), TicketTypeId(1), HaloClientId(7));
    change(&mut ticket);
    Record::Ticket(Box::new(ticket))
}

/// Plays an operation that needs no server; what it leaves in memory, and its result. A create of an earlier run that
/// it does not take up is looked for afterwards, in vain.
fn local(op: Op, before: &Memory) -> (Memory, OpResult) {
    let mut memory = before.clone();
    let (_, report, _) = play(&mut exec(vec![op], before.clone()), &mut memory, |step| match step {
        Step::FindMarker(_) => Event::Markers(Err(refused())),
        other => panic!("{other:?}"),
    });
    (memory, result(&report).clone())
}

fn cells(halo: &str, hit: &str) -> BTreeMap<FieldId, BaseCell> {
    let cell = BaseCell { halo: Some(Value::text(halo)), hit: Some(Value::text(hit)) };
    BTreeMap::from([(FieldId::Name, cell)])
}

#[test]
fn operations_on_our_own_memory_are_one_commit() {
    let mut rebase = op(OpKind::Rebase { kind: OPPORTUNITY }, Rank::Local);
    rebase.base = cells("b", "b");
    let (memory, done) = local(rebase.clone(), &linked());
    assert_eq!((&memory.links[&item()].base.opportunity, done), (&cells("b", "b"), OpResult::Done));
    rebase.item = None;
    assert_eq!(local(rebase, &linked()), (linked(), OpResult::ChangedSincePlan));

    let (waits, _) = local(op(OpKind::AwaitProject, Rank::Local), &linked());
    assert!(waits.links[&item()].promotion_since.is_some());
    let (ended, _) = local(op(OpKind::EndAwait, Rank::Local), &waits);
    let link = &ended.links[&item()];
    assert_eq!((link.promotion_since, link.called_off), (None, 1));
    let unlink = OpKind::Unlink { kind: OPPORTUNITY, evidence: sync_core::base::Evidence::Flag };
    let (gone, _) = local(op(unlink, Rank::Local), &linked());
    assert_eq!(gone.links[&item()].opportunity, None);
}

fn adopt(kind: Kind, how: Adoption) -> Op {
    let mut adopt = op(OpKind::Adopt { kind, how }, Rank::Local);
    adopt.pre = vec![Precond::NotLinked(kind), Precond::TicketClient(HaloClientId(7))];
    adopt.base = cells("seen", "seen");
    adopt
}

fn intent() -> Intent {
    let create = create();
    let OpKind::Create(spec) = create.kind else { unreachable!() };
    let due = || name("sent").with(FieldId::Description, Value::text("long"));
    let (sent_at, settle_until) = (Some(Stamp::ours(1)), Some(Stamp::ours(2)));
    Intent { op: create.id, spec: *spec, source: due(), payload: due(), sent_at, settle_until }
}

#[test]
fn an_adoption_links_the_ticket_and_takes_up_the_create_that_made_it() {
    let plain = adopt(OPPORTUNITY, Adoption::Answer);
    let (memory, done) = local(plain.clone(), &Memory::default());
    let link = &memory.links[&item()];
    assert_eq!((link.opportunity, link.halo_client, done), (Some(TICKET), HaloClientId(7), OpResult::Done));
    assert_eq!(link.base.opportunity, cells("seen", "seen"));

    let with = |intent: Intent| Memory {
        intents: BTreeMap::from([(intent.spec.marker.clone(), intent)]),
        ..Memory::default()
    };
    let mut marked = plain.clone();
    marked.why.push(Why::MarkerFound { ticket: TICKET });
    let changed = |change: fn(&mut Intent)| {
        let mut intent = intent();
        change(&mut intent);
        intent
    };
    for (op, intent, ours) in [
        (adopt(OPPORTUNITY, Adoption::Marker), intent(), true),
        (marked, intent(), true),
        (plain, intent(), false),
        (adopt(OPPORTUNITY, Adoption::Marker), changed(|intent| intent.spec.kind = Kind::Project), false),
        (adopt(OPPORTUNITY, Adoption::Marker), changed(|intent| intent.spec.target = Side::Hit), false),
        (adopt(OPPORTUNITY, Adoption::Marker), changed(|intent| intent.spec.item = None), false),
    ] {
        let case = format!("{op:?} {intent:?}");
        let (memory, _) = local(op, &with(intent));
        let base = &memory.links[&item()].base.opportunity;
        assert_eq!(base[&FieldId::Name], cells("seen", "seen")[&FieldId::Name], "what the plan saw counts");
        assert_eq!(
            (base.contains_key(&FieldId::Description), memory.intents.is_empty()),
            (ours, ours),
            "{case}"
        );
    }
}

#[test]
fn one_ticket_belongs_to_one_item_and_one_item_has_one_ticket_of_a_kind() {
    let held = |id: &str, ticket: i64| {
        let mut link = Link::new(ItemId::from(id), HitClientId::from("c"), HaloClientId(7));
        link.opportunity = Some(TicketId(ticket));
        Memory { links: BTreeMap::from([(link.item.clone(), link)]), ..Memory::default() }
    };
    for (before, kind, want) in [
        (held("i1", 5), OPPORTUNITY, OpResult::Done),
        (held("i1", 6), OPPORTUNITY, OpResult::ChangedSincePlan),
        (held("i1", 6), Kind::Project, OpResult::Done),
        (held("i2", 5), OPPORTUNITY, OpResult::Ambiguous),
        (held("i2", 6), OPPORTUNITY, OpResult::Done),
    ] {
        assert_eq!(local(adopt(kind, Adoption::Answer), &before).1, want, "{before:?} {kind:?}");
    }
    // So it is with what a search finds.
    for (before, want, dropped) in [
        (held("i2", 5), OpResult::Ambiguous, true),
        (held("i2", 6), OpResult::Adopted, true),
        (held("i1", 6), OpResult::Ambiguous, true),
        (held("i1", 5), OpResult::Adopted, true),
    ] {
        let mut memory = before.clone();
        let hit = MarkerHit { record: RecordKey::Ticket(TICKET), marker: marker() };
        let (_, report, _) = play(&mut exec(vec![create()], before.clone()), &mut memory, |_| {
            Event::Markers(Ok(vec![hit.clone()]))
        });
        assert_eq!((result(&report), memory.intents.is_empty()), (&want, dropped), "{before:?}");
        let twice = before.links.get(&item()).is_some_and(|link| link.opportunity == Some(TicketId(6)));
        assert_eq!(report.duplicates.len(), usize::from(twice), "{before:?}");
    }
}

#[test]
fn a_create_whose_item_got_a_ticket_is_not_begun() {
    let mut forbidden = create();
    forbidden.pre = vec![Precond::NotLinked(OPPORTUNITY)];
    let mut memory = linked();
    let (_, report, _) = play(&mut exec(vec![forbidden], linked()), &mut memory, |step| panic!("{step:?}"));
    assert_eq!(result(&report), &OpResult::ChangedSincePlan);
    // A project is another kind.
    let mut project = create();
    let OpKind::Create(spec) = &mut project.kind else { unreachable!() };
    spec.kind = Kind::Project;
    project.pre = vec![Precond::NotLinked(OPPORTUNITY)];
    let (names, _, _) = play(&mut exec(vec![project], linked()), &mut memory, |step| match step {
        Step::FindMarker(_) => Event::Markers(Err(refused())),
        other => panic!("{other:?}"),
    });
    assert_eq!(names[1], "find_marker");
}

/// The base of a new record is what the server says it holds; what was left out stands against a blank.
#[test]
fn a_new_record_has_the_base_that_its_reply_or_a_look_shows() {
    let mut op = create();
    op.source = name("new").with(FieldId::Description, Value::text("long"));
    let held = name("NEW").with(FieldId::Description, Value::text("by the server"));
    let want = BTreeMap::from([
        (FieldId::Name, cells("NEW", "new").remove(&FieldId::Name).unwrap()),
        (FieldId::Description, BaseCell { halo: Some(Value::text("by the server")), hit: None }),
    ]);
    // Shown by the reply; not shown, so it is read; not even named, so it is searched.
    for (reply, steps) in [
        (Some(ticket(held.clone())), vec!["create", "commit"]),
        (Some(ticket(FieldRow::new())), vec!["create", "read", "commit"]),
        (None, vec!["create", "find_marker", "read", "commit"]),
    ] {
        let mut memory = Memory::default();
        let mut created = false;
        let mut run = exec(vec![op.clone()], Memory::default());
        let (names, report, clean) = play(&mut run, &mut memory, |step| match step {
            Step::FindMarker(_) if created => {
                let record = RecordKey::Ticket(TICKET);
                Event::Markers(Ok(vec![MarkerHit { record, marker: marker() }]))
            }
            Step::FindMarker(_) => Event::Markers(Ok(vec![])),
            Step::Create(_) => {
                created = true;
                Event::Written(Outcome::Applied(reply.clone()))
            }
            Step::Read(_) => Event::Read(Ok(Some(ticket(held.clone())))),
            other => panic!("{other:?}"),
        });
        let at = names.iter().position(|name| *name == "create").unwrap();
        assert_eq!(names[at..at + steps.len()], steps);
        assert_eq!(result(&report), &OpResult::Done);
        assert_eq!(memory.links[&item()].base.opportunity, want, "{steps:?}");
        assert_eq!(memory.links[&item()].stored.len(), 1, "the server spells the name in capitals");
        assert!(clean.is_empty(), "what was left out is written next");
    }
}

/// Without a look at the record its base would be a guess: it is found again by the next run.
#[test]
fn a_new_record_that_cannot_be_looked_at_waits_for_the_next_run() {
    let other = || {
        let other = HaloTicket::new(TicketId(6), Some(OPPORTUNITY), TicketTypeId(1), HaloClientId(7));
        Event::Read(Ok(Some(Record::Ticket(Box::new(other)))))
    };
    for (answer, want) in [
        (Event::Read(Ok(None)), OpResult::Unknown),
        (Event::Read(Err(refused())), OpResult::Rejected(refused())),
        (other(), OpResult::Unknown),
    ] {
        let mut memory = Memory::default();
        let (_, report, _) =
            play(&mut exec(vec![create()], Memory::default()), &mut memory, |step| match step {
                Step::FindMarker(_) => Event::Markers(Ok(vec![])),
                Step::Create(_) => Event::Written(Outcome::Applied(Some(ticket(FieldRow::new())))),
                _ => answer.clone(),
            });
        assert_eq!(result(&report), &want);
        assert!(memory.links.is_empty() && memory.intents.len() == 1);
    }
}

/// Halo's own workflow may have made the project since the plan.
#[test]
fn a_project_that_appeared_since_the_plan_is_adopted() {
    type Change = fn(&mut HaloTicket);
    let fits: [(Change, bool); 10] = [
        (|_| {}, true),
        (|ticket| (ticket.created_from, ticket.parent) = (None, Some(TicketId(1))), true),
        (|ticket| (ticket.created_from, ticket.related) = (None, vec![TicketId(1)]), true),
        (|ticket| ticket.created_from = Some(TicketId(2)), false),
        (|ticket| ticket.kind = Some(Kind::Opportunity), false),
        (|ticket| ticket.deleted = true, false),
        (|ticket| ticket.is_task = true, false),
        (|ticket| ticket.is_probe = true, false),
        (|ticket| ticket.merged_into = Some(TicketId(9)), false),
        (|ticket| ticket.marker = Some(Marker::for_ticket(&PairId::from(""), TICKET, Kind::Project)), false),
    ];
    let mut op = create();
    let OpKind::Create(spec) = &mut op.kind else { unreachable!() };
    spec.kind = Kind::Project;
    spec.marker = Marker::for_item(&PairId::from(""), &item(), Kind::Project);
    spec.from_opportunity = Some(TicketId(1));
    let marker = spec.marker.clone();
    let found = |id: i64, change: Change| {
        let mut ticket = HaloTicket::new(TicketId(id), Some(Kind::Project), TicketTypeId(1), HaloClientId(7));
        ticket.created_from = Some(TicketId(1));
        change(&mut ticket);
        ticket
    };
    let run = |tickets: Vec<HaloTicket>, before: Memory| {
        let mut memory = before.clone();
        let (names, report, _) = play(&mut exec(vec![op.clone()], before), &mut memory, |step| match step {
            Step::FindMarker(_) => Event::Markers(Ok(vec![])),
            Step::FindProject(opportunity) => {
                assert_eq!(*opportunity, TicketId(1));
                Event::Projects(Ok(tickets.clone()))
            }
            Step::Create(_) => Event::Written(Outcome::Unknown),
            other => panic!("{other:?}"),
        });
        assert_eq!(names.iter().filter(|name| **name == "find_project").count(), 1);
        (result(&report).clone(), memory)
    };
    for (at, (change, fits)) in fits.into_iter().enumerate() {
        let (done, memory) = run(vec![found(20, change)], Memory::default());
        assert_eq!(done, if fits { OpResult::Adopted } else { OpResult::Unknown }, "case {at}");
        let link = memory.links.get(&item());
        assert_eq!(link.and_then(|link| link.project), fits.then_some(TicketId(20)), "case {at}");
        assert!(link.is_none_or(|link| link.base.project.is_empty()), "nothing is known of it");
    }
    let ours = |ticket: &mut HaloTicket| ticket.marker = None;
    let (done, memory) = run(vec![found(20, ours), found(21, ours)], Memory::default());
    assert_eq!((done, memory.intents.len()), (OpResult::Ambiguous, 0));
    let mut marked = found(20, ours);
    marked.marker = Some(marker);
    assert_eq!(run(vec![marked], Memory::default()).0, OpResult::Adopted);
    let mut taken = linked();
    taken.links.values_mut().for_each(|link| link.item = ItemId::from("i2"));
    let taken =
        Memory { links: taken.links.into_values().map(|link| (link.item.clone(), link)).collect(), ..taken };
    let mut of_other = found(20, ours);
    of_other.id = TICKET;
    assert_eq!(run(vec![of_other], taken).0, OpResult::Unknown, "it belongs to another item");
    // The item was parted from it, by a link of the same opportunity: the project is made beside it.
    let mut link = Link::new(item(), HitClientId::from("c"), HaloClientId(7));
    (link.opportunity, link.project) = (Some(TicketId(1)), Some(TicketId(20)));
    link.end();
    let parted = Memory { links: BTreeMap::from([(item(), link)]), ..Memory::default() };
    let (done, memory) = run(vec![found(20, ours)], parted.clone());
    assert_eq!((done, memory.links[&item()].project), (OpResult::Unknown, None));
    let (done, memory) = run(vec![found(20, ours), found(21, ours)], parted);
    assert_eq!((done, memory.links[&item()].project), (OpResult::Adopted, Some(TicketId(21))));
}

/// Creates of earlier runs that this plan does not want: looked for once they can no longer arrive, if their source was
/// marked as changed.
#[test]
fn creates_of_earlier_runs_are_looked_for() {
    let settings = Settings::default();
    let run = |intent: Intent, ops: Vec<Op>, dirty: RecordKey| {
        let mut plan = Plan { ops, ..Plan::default() };
        plan.head.settings_hash = settings.settings_hash();
        let mut memory =
            Memory { intents: BTreeMap::from([(intent.spec.marker.clone(), intent)]), ..Memory::default() };
        let journal = JournalView {
            head: plan.head.base.clone(),
            memory: memory.clone(),
            read_at: Stamp::ours(0),
            dirty: vec![DirtyMark { record: dirty, mark: 1 }],
        };
        let mut run = Exec::new(plan, journal, &settings, None).unwrap();
        let (names, report, _) = play(&mut run, &mut memory, |step| match step {
            Step::FindMarker(_) => Event::Markers(Ok(vec![])),
            other => panic!("{other:?}"),
        });
        assert!(report.ops.is_empty(), "it is not an operation of the plan");
        (names.contains(&"find_marker"), memory.intents.is_empty())
    };
    let source = || RecordKey::Item(item());
    let at = |sent, until| {
        let mut intent = intent();
        (intent.sent_at, intent.settle_until) = (sent, until);
        intent
    };
    let ours = |ms| Some(Stamp::ours(ms));
    assert_eq!(run(at(ours(1), ours(2)), vec![], source()), (true, true));
    // The time of the first poll is 11.
    assert_eq!(run(at(ours(1), ours(11)), vec![], source()), (true, true));
    assert_eq!(run(at(ours(1), ours(13)), vec![], source()), (false, false), "it may still arrive");
    assert_eq!(run(at(None, None), vec![], source()), (false, false), "it was never sent");
    assert_eq!(run(at(ours(11), ours(900)), vec![], source()), (false, false));
    assert_eq!(run(at(ours(1), ours(2)), vec![], RecordKey::Item(ItemId::from("i2"))), (false, false));
    assert_eq!(run(at(ours(1), ours(2)), vec![], RecordKey::Ticket(TICKET)), (false, false));
    // Sent in the future: our clock has gone back, and it is waited out from now on.
    assert_eq!(run(at(ours(12), ours(900)), vec![], source()), (true, true));
    let mut import = at(ours(1), ours(2));
    (import.spec.item, import.spec.ticket) = (None, Some(TICKET));
    assert_eq!(
        run(import, vec![], RecordKey::Ticket(TICKET)),
        (true, true),
        "an import's source is its ticket"
    );
}

/// A create that could still arrive when the run ended is for the next run: nobody carries out what comes after the end.
#[test]
fn a_run_that_has_ended_begins_nothing_more() {
    let mut older = intent();
    older.settle_until = Some(Stamp::ours(900));
    let memory = Memory { intents: BTreeMap::from([(marker(), older)]), ..Memory::default() };
    let mut run = exec(vec![], memory);
    let end = run.poll(Stamp::ours(10));
    assert!(matches!(end, Step::Done(_)), "{end:?}");
    for later in [10, 900, 90_000] {
        assert_eq!(run.poll(Stamp::ours(later)), end, "at {later}");
    }
    assert!(run.on(Event::Markers(Ok(vec![]))).is_err());
}

/// Of several records with the marker the one that is linked is kept, wherever it stands among the hits.
#[test]
fn of_several_records_with_the_marker_the_linked_one_is_kept() {
    let mut memory = linked();
    memory.intents.insert(marker(), intent());
    let hits = [TicketId(3), TICKET, TicketId(9)];
    let mut left = memory.clone();
    let (_, report, _) = play(&mut exec(vec![], memory), &mut left, |step| match step {
        Step::FindMarker(_) => Event::Markers(Ok(hits
            .map(|ticket| MarkerHit { record: RecordKey::Ticket(ticket), marker: marker() })
            .to_vec())),
        Step::Read(key) => {
            assert_eq!(*key, RecordKey::Ticket(TICKET));
            Event::Read(Ok(Some(ticket(name("new")))))
        }
        other => panic!("{other:?}"),
    });
    let [twin] = &report.duplicates[..] else { panic!("{report:?}") };
    assert_eq!(twin.kept, RecordKey::Ticket(TICKET));
    assert_eq!(twin.others, [3, 9].map(|id| RecordKey::Ticket(TicketId(id))));
    assert_eq!((left.links[&item()].opportunity, left.intents.len()), (Some(TICKET), 0));
}

/// An older create of the same item is waited out to the millisecond, and from now on where our clock has gone back.
#[test]
fn an_older_create_is_waited_out_and_no_longer() {
    let settle = Settings::default().sync.settle_ms;
    for (sent, until, wait) in [(1, 500, 500), (10, 900, 900), (11, 900_000, 10 + settle)] {
        let mut older = intent();
        (older.sent_at, older.settle_until) = (Some(Stamp::ours(sent)), Some(Stamp::ours(until)));
        let memory = Memory { intents: BTreeMap::from([(marker(), older)]), ..Memory::default() };
        let mut run = exec(vec![create()], memory);
        assert!(matches!(run.poll(Stamp::ours(10)), Step::FindMarker(_)));
        run.on(Event::Markers(Ok(vec![]))).unwrap();
        let at = Stamp::ours(wait);
        assert_eq!(run.poll(Stamp::ours(10)), Step::Wait(at));
        assert_eq!(run.poll(at.plus_ms(-1)), Step::Wait(at));
        assert!(matches!(run.poll(at), Step::FindMarker(_)));
    }
}

#[test]
fn a_run_that_is_stopped_looks_for_no_create_of_earlier_runs() {
    let memory = Memory { intents: BTreeMap::from([(marker(), intent())]), ..Memory::default() };
    assert!(matches!(exec(vec![], memory.clone()).poll(Stamp::ours(10)), Step::FindMarker(_)));
    let mut run = exec(vec![], memory);
    run.stop("asked to stop");
    assert!(matches!(run.poll(Stamp::ours(10)), Step::Done(_)));
}

/// Whoever has touched a record that is found again may have chosen what the create left out.
#[test]
fn a_touched_record_keeps_what_the_create_left_out() {
    for (touched, known) in [(1_000, true), (1_001, false)] {
        let mut older = intent();
        older.payload = name("sent");
        let memory = Memory { intents: BTreeMap::from([(marker(), older)]), ..Memory::default() };
        let mut left = memory.clone();
        play(&mut exec(vec![create()], memory), &mut left, |step| match step {
            Step::FindMarker(_) => {
                Event::Markers(Ok(vec![MarkerHit { record: RecordKey::Ticket(TICKET), marker: marker() }]))
            }
            _ => Event::Read(Ok(Some(halo(|ticket| {
                ticket.fields = name("sent").with(FieldId::Description, Value::text("by somebody"));
                (ticket.created, ticket.last_update) = (Some(Stamp::halo(0)), Some(Stamp::halo(touched)));
            })))),
        });
        let base = &left.links[&item()].base.opportunity;
        assert_eq!(base.contains_key(&FieldId::Description), known, "{touched}");
    }
}

/// A project ends the waiting for one; an opportunity does not.
#[test]
fn only_a_project_ends_the_waiting_for_one() {
    for kind in Kind::ALL {
        let mut link = Link::new(item(), HitClientId::from("c"), HaloClientId(7));
        link.promotion_since = Some(Stamp::ours(1));
        let before = Memory { links: BTreeMap::from([(item(), link)]), ..Memory::default() };
        let ends = kind == Kind::Project;
        let (memory, _) = local(adopt(kind, Adoption::Answer), &before);
        assert_eq!(memory.links[&item()].promotion_since.is_none(), ends, "{kind:?}");
        let mut found = create();
        let OpKind::Create(spec) = &mut found.kind else { unreachable!() };
        spec.kind = kind;
        let mut memory = before.clone();
        play(&mut exec(vec![found], before), &mut memory, |step| match step {
            Step::FindMarker(_) => {
                Event::Markers(Ok(vec![MarkerHit { record: RecordKey::Ticket(TICKET), marker: marker() }]))
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(memory.links[&item()].promotion_since.is_none(), ends, "{kind:?}");
    }
}
