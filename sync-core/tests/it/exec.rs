//! The executor's protocol, step by step.

use std::collections::BTreeMap;
use sync_core::base::{Base, BaseCell, CreateSpec, Intent, Link, PendingWrite};
use sync_core::exec::{
    DirtyMark, Event, Exec, JournalEntry, JournalView, MarkerHit, Memory, OpResult, Outcome, Record,
    RecordKey, Reject, RejectClass, Report, StatusWay, Step,
};
use sync_core::field::{FieldId, FieldRow};
use sync_core::hash::Hash128;
use sync_core::ids::{
    HaloClientId, HitClientId, ItemId, Kind, OutcomeId, PairId, Side, StatusId, TicketId, TicketTypeId,
};
use sync_core::marker::Marker;
use sync_core::plan::{Op, OpKind, Plan, Rank, Stale, StatusMove, Verdict};
use sync_core::record::HaloTicket;
use sync_core::settings::{Settings, StatusHow};
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

pub(crate) const TICKET: TicketId = TicketId(5);

pub(crate) fn item() -> ItemId {
    ItemId::from("i1")
}

pub(crate) fn op(kind: OpKind, rank: Rank) -> Op {
    Op {
        id: Hash128::default(),
        rank,
        after: vec![],
        kind,
        item: Some(item()),
        client: HitClientId::from("c"),
        ticket: Some(TICKET),
        pre: vec![],
        before: FieldRow::new(),
        set: FieldRow::new(),
        source: FieldRow::new(),
        base: BTreeMap::new(),
        why: vec![],
    }
}

pub(crate) fn name(text: &str) -> FieldRow {
    FieldRow::new().with(FieldId::Name, Value::text(text))
}

/// The name of the ticket goes from "old" to "new".
pub(crate) fn rename() -> Op {
    let mut op = op(OpKind::Update { kind: Kind::Opportunity, side: Side::Halo }, Rank::Update);
    op.before = name("old");
    op.set = name("new");
    op.source = name("new");
    op.named()
}

pub(crate) fn status_by_action() -> Op {
    let how = StatusHow::Action(OutcomeId(9));
    let kind = OpKind::StatusWrite { kind: Kind::Opportunity, how, moves: StatusMove::Between };
    let mut op = op(kind, Rank::Update);
    op.before = FieldRow::new().with(FieldId::Status, Value::halo_status(StatusId(1)));
    op.set = FieldRow::new().with(FieldId::Status, Value::halo_status(StatusId(2)));
    op.source = FieldRow::new().with(FieldId::Status, Value::Code("won".into()));
    op.named()
}

pub(crate) fn marker() -> Marker {
    Marker::for_item(&PairId::from(""), &item(), Kind::Opportunity)
}

/// What is made of the item, on a side.
pub(crate) fn spec(target: Side) -> CreateSpec {
    CreateSpec {
        marker: marker(),
        target,
        kind: Kind::Opportunity,
        item: Some(item()),
        ticket: None,
        client: HitClientId::from("c"),
        halo_client: HaloClientId(7),
        site: None,
        ticket_type: None,
        team: None,
        template: None,
        constants: BTreeMap::new(),
        from_opportunity: None,
    }
}

pub(crate) fn create() -> Op {
    let mut op = op(OpKind::Create(Box::new(spec(Side::Halo))), Rank::Create);
    op.ticket = None;
    op.set = name("new");
    op.source = name("new");
    op.named()
}

pub(crate) fn ticket(fields: FieldRow) -> Record {
    let mut ticket = HaloTicket::new(TICKET, Some(Kind::Opportunity), TicketTypeId(1), HaloClientId(7));
    ticket.fields = fields;
    Record::Ticket(Box::new(ticket))
}

pub(crate) fn linked() -> Memory {
    let mut link = Link::new(item(), HitClientId::from("c"), HaloClientId(7));
    link.opportunity = Some(TICKET);
    let cell = BaseCell { halo: Some(Value::text("old")), hit: Some(Value::text("old")) };
    link.base = Base { opportunity: BTreeMap::from([(FieldId::Name, cell)]), ..Base::default() };
    Memory { links: BTreeMap::from([(item(), link)]), intents: BTreeMap::new() }
}

pub(crate) fn exec(ops: Vec<Op>, memory: Memory) -> Exec {
    let settings = Settings::default();
    let mut plan = Plan { ops, ..Plan::default() };
    plan.head.settings_hash = settings.settings_hash();
    let dirty = vec![DirtyMark { record: RecordKey::Item(item()), mark: 3 }];
    let journal = JournalView { head: plan.head.base.clone(), memory, read_at: Stamp::ours(0), dirty };
    Exec::new(plan, journal, &settings, None).unwrap()
}

/// Answers every step by `answer`, stores what is to be stored, and returns the names of the steps and the report.
pub(crate) fn play(
    exec: &mut Exec,
    memory: &mut Memory,
    mut answer: impl FnMut(&Step) -> Event,
) -> (Vec<&'static str>, Report, Vec<DirtyMark>) {
    let (mut names, mut clean, mut now) = (vec![], vec![], 10);
    loop {
        now += 1;
        let step = exec.poll(Stamp::ours(now));
        assert_eq!(step, exec.poll(Stamp::ours(now + 1)), "polling again repeats the step");
        names.push(step.name());
        let event = match &step {
            Step::Done(report) => return (names, report.clone(), clean),
            Step::Wait(until) => {
                now = until.unix_ms;
                continue;
            }
            Step::Persist(entry) => {
                memory.apply(entry);
                memory.apply(entry);
                Event::Persisted
            }
            Step::Commit(commit) => {
                memory.commit(commit);
                memory.commit(commit);
                clean.extend(commit.clean.clone());
                Event::Persisted
            }
            other => answer(other),
        };
        exec.on(event).unwrap();
    }
}

pub(crate) fn result(report: &Report) -> &OpResult {
    &report.ops[0].result
}

#[test]
fn an_update_costs_one_read_and_one_write_and_ends_clean() {
    let mut memory = linked();
    let (steps, report, clean) = play(&mut exec(vec![rename()], linked()), &mut memory, |step| match step {
        Step::Read(_) => Event::Read(Ok(Some(ticket(name("old"))))),
        Step::Update(call) => {
            assert_eq!(call.set(), &name("new"));
            Event::Written(Outcome::Applied(Some(ticket(name("NEW")))))
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(steps, ["read", "persist", "update", "commit", "commit", "done"]);
    assert!(report.is_clean());
    assert_eq!(clean, [DirtyMark { record: RecordKey::Item(item()), mark: 3 }]);
    let link = &memory.links[&item()];
    // The base holds what the server said, not what was sent.
    let cell = BaseCell { halo: Some(Value::text("NEW")), hit: Some(Value::text("new")) };
    assert_eq!(link.base.opportunity[&FieldId::Name], cell);
    assert!(link.pending.is_empty());
    assert_eq!(link.flap[0].written.len(), 1, "applying a commit twice counts its write once");
}

#[test]
fn a_value_that_changed_since_the_plan_is_not_overwritten() {
    let mut memory = linked();
    let (steps, report, clean) = play(&mut exec(vec![rename()], linked()), &mut memory, |_| {
        Event::Read(Ok(Some(ticket(name("a person's")))))
    });
    assert_eq!(steps, ["read", "done"]);
    assert_eq!(result(&report), &OpResult::ChangedSincePlan);
    assert!(clean.is_empty() && memory == linked());
}

#[test]
fn a_value_that_is_there_already_is_not_written_again() {
    let mut memory = linked();
    let (steps, report, _) = play(&mut exec(vec![rename()], linked()), &mut memory, |_| {
        Event::Read(Ok(Some(ticket(name("new")))))
    });
    assert_eq!(steps, ["read", "commit", "commit", "done"]);
    assert_eq!(result(&report), &OpResult::AlreadyThere);
    assert_eq!(memory.links[&item()].base.opportunity[&FieldId::Name].halo, Some(Value::text("new")));
}

#[test]
fn a_write_that_the_server_ignores_never_enters_the_base() {
    let mut memory = linked();
    let (_, report, clean) = play(&mut exec(vec![rename()], linked()), &mut memory, |step| match step {
        Step::Read(_) => Event::Read(Ok(Some(ticket(name("old"))))),
        _ => Event::Written(Outcome::Applied(Some(ticket(name("old"))))),
    });
    assert_eq!(result(&report), &OpResult::NotKept);
    assert!(clean.is_empty());
    let link = &memory.links[&item()];
    assert_eq!(link.base, linked().links[&item()].base);
    assert!(link.pending.is_empty() && !link.flap.is_empty());
}

#[test]
fn a_third_value_in_a_later_read_counts_as_a_persons_edit() {
    let mut memory = linked();
    let mut reads = 0;
    let (_, report, _) = play(&mut exec(vec![rename()], linked()), &mut memory, |step| match step {
        Step::Read(_) => {
            reads += 1;
            Event::Read(Ok(Some(ticket(name(if reads == 1 { "old" } else { "a person's" })))))
        }
        _ => Event::Written(Outcome::Applied(None)),
    });
    assert_eq!(result(&report), &OpResult::Done);
    let cell = BaseCell { halo: Some(Value::text("old")), hit: Some(Value::text("new")) };
    assert_eq!(memory.links[&item()].base.opportunity[&FieldId::Name], cell);
}

#[test]
fn an_unknown_outcome_keeps_the_pending_write_and_the_dirty_mark() {
    let mut memory = linked();
    let (steps, report, clean) = play(&mut exec(vec![rename()], linked()), &mut memory, |step| match step {
        Step::Read(_) => Event::Read(Ok(Some(ticket(name("old"))))),
        _ => Event::Written(Outcome::Unknown),
    });
    assert_eq!(steps, ["read", "persist", "update", "done"]);
    assert_eq!(result(&report), &OpResult::Unknown);
    assert!(clean.is_empty());
    assert_eq!(memory.links[&item()].pending[0].sent, Some(Value::text("new")));
}

#[test]
fn a_refused_write_is_forgotten() {
    let mut memory = linked();
    let refused = || Reject::new(RejectClass::Invalid, "no");
    let (steps, report, _) = play(&mut exec(vec![rename()], linked()), &mut memory, |step| match step {
        Step::Read(_) => Event::Read(Ok(Some(ticket(name("old"))))),
        _ => Event::Written(Outcome::Rejected(refused())),
    });
    assert_eq!(steps, ["read", "persist", "update", "persist", "done"]);
    assert_eq!(result(&report), &OpResult::Rejected(refused()));
    assert_eq!(memory, linked());
}

#[test]
fn an_event_that_answers_nothing_changes_nothing() {
    let mut exec = exec(vec![rename()], linked());
    assert!(exec.on(Event::Persisted).is_err(), "nothing was asked yet");
    let step = exec.poll(Stamp::ours(1));
    let error = exec.on(Event::Written(Outcome::Unknown)).unwrap_err();
    assert_eq!((error.step, error.event), ("read", "written"));
    assert_eq!(exec.poll(Stamp::ours(2)), step);
    assert!(exec.on(Event::Read(Ok(None))).is_ok());
}

#[test]
fn a_create_stores_its_intent_first_and_adopts_what_carries_its_marker() {
    let mut memory = Memory::default();
    let other = Marker::for_ticket(&PairId::from(""), TICKET, Kind::Project);
    let hit =
        |id, marker: &Marker| MarkerHit { record: RecordKey::Ticket(TicketId(id)), marker: marker.clone() };
    // A server that ignores the filter shows foreign records: they are no hits.
    let mut found = vec![hit(3, &other)];
    let mut fresh = exec(vec![create()], Memory::default());
    let (steps, report, _) = play(&mut fresh, &mut memory, |step| match step {
        Step::FindMarker(_) => Event::Markers(Ok(found.clone())),
        Step::Create(call) => {
            assert_eq!(call.marker(), &marker());
            Event::Written(Outcome::Applied(Some(ticket(name("new")))))
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(steps, ["persist", "find_marker", "persist", "create", "commit", "commit", "done"]);
    assert!(report.is_clean() && memory.intents.is_empty());
    assert_eq!(memory.links[&item()].opportunity, Some(TICKET));

    // Two records with the marker: the lowest id is kept, the other is reported, and nothing is created.
    found.extend([hit(9, &marker()), hit(8, &marker())]);
    let mut memory = Memory::default();
    let mut again = exec(vec![create()], Memory::default());
    let (steps, report, clean) = play(&mut again, &mut memory, |_| Event::Markers(Ok(found.clone())));
    assert_eq!(steps, ["persist", "find_marker", "commit", "done"]);
    assert_eq!(result(&report), &OpResult::Adopted);
    assert_eq!(report.duplicates[0].kept, RecordKey::Ticket(TicketId(8)));
    assert_eq!(memory.links[&item()].opportunity, Some(TicketId(8)));
    assert!(clean.is_empty(), "the pair was never planned as one");
}

#[test]
fn an_older_create_is_waited_out_before_a_second_one() {
    let OpKind::Create(spec) = create().kind else { unreachable!() };
    let intent = Intent {
        op: create().id,
        spec: *spec,
        source: name("new"),
        payload: name("new"),
        sent_at: Some(Stamp::ours(5)),
        settle_until: Some(Stamp::ours(5_000)),
    };
    let older = Memory { links: BTreeMap::new(), intents: BTreeMap::from([(marker(), intent)]) };
    let mut memory = older.clone();
    let mut waits = exec(vec![create()], older);
    let (steps, _, _) = play(&mut waits, &mut memory, |step| match step {
        Step::FindMarker(_) => Event::Markers(Ok(vec![])),
        _ => Event::Written(Outcome::Unknown),
    });
    assert_eq!(steps, ["find_marker", "wait", "find_marker", "persist", "create", "done"]);
    assert!(memory.intents[&marker()].settle_until > Some(Stamp::ours(5_000)));
}

#[test]
fn an_action_is_repeated_only_if_its_note_is_not_there() {
    let action = status_by_action();
    let at = |status| ticket(FieldRow::new().with(FieldId::Status, Value::halo_status(StatusId(status))));
    let mut tried = linked();
    tried.apply(&JournalEntry::Pending {
        item: item(),
        writes: vec![PendingWrite {
            before: Obs::Value(Value::text("old")),
            op: action.id,
            side: Side::Halo,
            kind: Kind::Opportunity,
            field: FieldId::Status,
            sent: None,
            sent_at: Stamp::ours(1),
            settle_until: Stamp::ours(2),
        }],
    });
    for (note, expected) in [(true, OpResult::ChangedSincePlan), (false, OpResult::Done)] {
        let mut written = false;
        let mut memory = tried.clone();
        let mut run = exec(vec![action.clone()], tried.clone());
        let (_, report, _) = play(&mut run, &mut memory, |step| match step {
            Step::Read(_) => Event::Read(Ok(Some(at(if written { 2 } else { 1 })))),
            Step::FindNote(query) => {
                assert!(query.tag.ends_with(&action.id.to_string()));
                Event::Note(Ok(note))
            }
            Step::StatusWrite(call) => {
                assert!(matches!(call.way(), StatusWay::Action { outcome: OutcomeId(9), .. }));
                written = true;
                Event::Written(Outcome::Applied(None))
            }
            other => panic!("{other:?}"),
        });
        assert_eq!((result(&report), written), (&expected, !note));
    }
}

#[test]
fn a_conversion_turns_the_opportunity_into_the_project() {
    let mut convert = op(OpKind::Promote { to_type: TicketTypeId(2) }, Rank::Create);
    convert.set = FieldRow::new().with(FieldId::Status, Value::halo_status(StatusId(4)));
    convert.before = FieldRow::new().with(FieldId::Status, Value::halo_status(StatusId(1)));
    convert.source = FieldRow::new().with(FieldId::Status, Value::Code("approved".into()));
    let convert = convert.named();
    let held = |ticket_type, status| {
        let mut held = HaloTicket::new(TICKET, None, TicketTypeId(ticket_type), HaloClientId(7));
        held.fields.set(FieldId::Status, Obs::Value(Value::halo_status(StatusId(status))));
        Record::Ticket(Box::new(held))
    };
    let mut memory = linked();
    let (_, report, clean) = play(&mut exec(vec![convert], linked()), &mut memory, |step| match step {
        Step::Read(_) => Event::Read(Ok(Some(held(1, 1)))),
        _ => Event::Written(Outcome::Applied(Some(held(2, 4)))),
    });
    assert_eq!(result(&report), &OpResult::Done);
    let link = &memory.links[&item()];
    assert_eq!((link.opportunity, link.project), (None, Some(TICKET)));
    assert!(link.base.opportunity.is_empty());
    assert_eq!(link.base.project[&FieldId::Status].halo, Some(Value::halo_status(StatusId(4))));
    assert!(clean.is_empty());
}

#[test]
fn what_depends_on_a_failure_is_blocked_and_credentials_end_the_run() {
    let mut first = rename();
    let mut second = rename();
    second.set = name("newer");
    second = second.named();
    second.after = vec![first.id];
    let mut third = rename();
    third.set = name("newest");
    third = third.named();
    first.after = vec![];
    let mut memory = linked();
    let mut run = exec(vec![first, second, third], linked());
    let (steps, report, _) =
        play(&mut run, &mut memory, |_| Event::Read(Err(Reject::new(RejectClass::Credentials, "no"))));
    assert_eq!(steps, ["read", "done"]);
    let results: Vec<_> = report.ops.iter().map(|op| op.result.clone()).collect();
    assert!(matches!(&results[0], OpResult::Rejected(_)));
    assert_eq!(results[1..], [OpResult::NotTried, OpResult::NotTried]);
    assert!(report.aborted.is_some());
}

#[test]
fn a_plan_of_another_state_or_beyond_its_limits_is_refused() {
    let settings = Settings::default();
    let journal = |serial| {
        let head = sync_core::base::BaseHead { lineage: "".into(), serial };
        JournalView { head, memory: Memory::default(), read_at: Stamp::ours(0), dirty: vec![] }
    };
    let mut plan = Plan::default();
    plan.head.settings_hash = settings.settings_hash();
    let stale = Exec::new(plan.clone(), journal(1), &settings, None).unwrap_err();
    assert!(matches!(stale, Stale::Serial { planned: 0, here: 1 }));
    plan.head.verdict = Verdict::Blocked(vec![]);
    assert!(matches!(Exec::new(plan.clone(), journal(0), &settings, None), Err(Stale::Blocked(_))));
    let hash = sync_core::plan::plan_hash(&plan);
    assert!(Exec::new(plan, journal(0), &settings, Some(hash)).is_ok());
}

#[test]
fn a_run_that_is_stopped_ends_the_operation_in_hand_and_begins_no_other() {
    let mut exec = exec(vec![rename(), status_by_action()], linked());
    let mut memory = linked();
    let (mut names, mut now) = (vec![], 10);
    let report = loop {
        now += 1;
        let step = exec.poll(Stamp::ours(now));
        names.push(step.name());
        let event = match &step {
            Step::Done(report) => break report.clone(),
            // Asked for in the middle of the first operation: its write is on its way.
            Step::Read(_) => {
                exec.stop("asked to stop");
                Event::Read(Ok(Some(ticket(name("old")))))
            }
            Step::Persist(entry) => {
                memory.apply(entry);
                Event::Persisted
            }
            Step::Commit(commit) => {
                memory.commit(commit);
                Event::Persisted
            }
            _ => Event::Written(Outcome::Applied(Some(ticket(name("new"))))),
        };
        exec.on(event).unwrap();
    };
    assert_eq!(names, ["read", "persist", "update", "commit", "done"]);
    let results: Vec<_> = report.ops.iter().map(|op| &op.result).collect();
    assert_eq!(results, [&OpResult::Done, &OpResult::NotTried]);
    assert_eq!(report.aborted, Some(Reject::new(RejectClass::Unavailable, "asked to stop")));
    assert!(!report.is_clean());
    // The first one is committed; the item stays dirty for the sake of the second.
    let cell = BaseCell { halo: Some(Value::text("new")), hit: Some(Value::text("new")) };
    assert_eq!(memory.links[&item()].base.opportunity[&FieldId::Name], cell);
}

#[test]
fn a_run_that_is_stopped_does_not_wait_for_an_older_create() {
    let op = create();
    let OpKind::Create(spec) = &op.kind else { panic!("it is a create") };
    let older = Intent {
        op: op.id,
        spec: (**spec).clone(),
        payload: op.set.clone(),
        source: op.source.clone(),
        sent_at: Some(Stamp::ours(0)),
        settle_until: Some(Stamp::ours(1_000_000)),
    };
    let memory = Memory { links: BTreeMap::new(), intents: BTreeMap::from([(marker(), older.clone())]) };
    let mut exec = exec(vec![op], memory);
    loop {
        match exec.poll(Stamp::ours(10)) {
            Step::Wait(_) => break,
            Step::FindMarker(_) => exec.on(Event::Markers(Ok(vec![]))).unwrap(),
            Step::Persist(_) => exec.on(Event::Persisted).unwrap(),
            other => panic!("{other:?}"),
        }
    }
    exec.stop("asked to stop");
    let Step::Done(report) = exec.poll(Stamp::ours(11)) else { panic!("it ends") };
    assert_eq!(report.ops[0].result, OpResult::NotTried);
    assert_eq!(exec.memory().intents[&marker()].sent_at, older.sent_at, "the next run goes on with it");
}
