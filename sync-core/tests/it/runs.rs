//! How a run orders its operations, waits, and ends.

use crate::exec::*;
use std::collections::BTreeMap;
use sync_core::base::{BaseCell, Intent, PendingWrite};
use sync_core::decision::{Conflict, ConflictKind};
use sync_core::exec::{
    DirtyMark, Duplicate, Event, Exec, JournalView, Memory, OpReport, OpResult, RecordKey, Reject,
    RejectClass, Report, Step,
};
use sync_core::field::FieldId;
use sync_core::hash::Hash128;
use sync_core::ids::{ItemId, Kind, PairId, Side};
use sync_core::marker::Marker;
use sync_core::plan::{Op, OpKind, Plan, Rank, Skip, SkipReason};
use sync_core::settings::Settings;
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

#[test]
fn what_must_come_first_comes_first_wherever_it_stands() {
    let rebase = |field, value: &str| {
        let mut op = op(OpKind::Rebase { kind: Kind::Opportunity }, Rank::Local);
        let cell = BaseCell { halo: Some(Value::text(value)), hit: None };
        op.base = BTreeMap::from([(field, cell)]);
        op.named()
    };
    let first = rebase(FieldId::Name, "a");
    let mut second = rebase(FieldId::Due, "b");
    second.after = vec![first.id];
    let (_, report, _) =
        play(&mut exec(vec![second, first], linked()), &mut linked(), |step| panic!("{step:?}"));
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn a_report_is_clean_if_all_succeeded_and_nothing_else_happened() {
    let op = |result| OpReport { op: Hash128::default(), result };
    let good = Report { ops: vec![op(OpResult::Done), op(OpResult::Adopted)], ..Report::default() };
    assert!(good.is_clean());
    let bad = Report { ops: vec![op(OpResult::Done), op(OpResult::Unknown)], ..Report::default() };
    let aborted = Some(Reject::new(RejectClass::Credentials, "no"));
    let kept = RecordKey::Ticket(TICKET);
    let duplicates = vec![Duplicate { marker: marker(), kept, others: vec![] }];
    for report in [bad, Report { aborted, ..good.clone() }, Report { duplicates, ..good }] {
        assert!(!report.is_clean(), "{report:?}");
    }
}

#[test]
fn what_was_stored_is_part_of_the_memory_at_once() {
    let mut run = exec(vec![rename()], linked());
    run.poll(Stamp::ours(1));
    run.on(Event::Read(Ok(Some(ticket(name("old")))))).unwrap();
    assert!(matches!(run.poll(Stamp::ours(2)), Step::Persist(_)));
    assert!(run.memory().links[&item()].pending.is_empty());
    run.on(Event::Persisted).unwrap();
    assert_eq!(run.memory().links[&item()].pending.len(), 1);
}

/// The end of a run: writes that can no longer arrive are forgotten and their link is clean; the others keep it dirty,
/// and begin anew where our clock has gone back.
#[test]
fn pending_writes_keep_their_link_dirty_until_a_later_read() {
    let settings = Settings::default();
    // The records were read at 50, and the run ends at 60.
    for (sent, until, left, clean) in [
        (1, 50, None, true),
        (1, 51, Some((1, 51)), false),
        (60, 900, Some((60, 900)), false),
        (61, 900, Some((60, 60 + settings.sync.settle_ms)), false),
    ] {
        let mut memory = linked();
        memory.links.get_mut(&item()).unwrap().pending.push(PendingWrite {
            before: Obs::NotFetched,
            op: Hash128::default(),
            side: Side::Halo,
            kind: Kind::Opportunity,
            field: FieldId::Name,
            sent: None,
            sent_at: Stamp::ours(sent),
            settle_until: Stamp::ours(until),
        });
        let mut plan = Plan::default();
        plan.head.settings_hash = settings.settings_hash();
        let mark = |record| DirtyMark { record, mark: 1 };
        let marks = [RecordKey::Ticket(TICKET), RecordKey::Item(ItemId::from("i2"))].map(mark);
        let head = plan.head.base.clone();
        let journal =
            JournalView { head, memory: memory.clone(), read_at: Stamp::ours(50), dirty: marks.to_vec() };
        let mut run = Exec::new(plan, journal, &settings, None).unwrap();
        let Step::Commit(commit) = run.poll(Stamp::ours(60)) else { panic!("it ends with a commit") };
        memory.commit(&commit);
        let pending = memory.links[&item()].pending.first();
        let found = pending.map(|one| (one.sent_at.unix_ms, one.settle_until.unix_ms));
        assert_eq!(found, left);
        let want: Vec<_> = if clean { marks.to_vec() } else { marks[1..].to_vec() };
        assert_eq!(commit.clean, want, "{sent} {until}");
    }
}

/// What was sent of a field in conflict is part of the reason, and is kept after it has settled; what was sent of another
/// field, or of another item's, is not.
#[test]
fn what_was_sent_of_a_field_in_conflict_is_kept() {
    let settings = Settings::default();
    let pending = |field, until| PendingWrite {
        before: Obs::NotFetched,
        op: Hash128::default(),
        side: Side::Halo,
        kind: Kind::Opportunity,
        field,
        sent: None,
        sent_at: Stamp::ours(1),
        settle_until: Stamp::ours(until),
    };
    // The records were read at 50.
    for (of, conflict, writes, left, commits) in [
        (
            item(),
            FieldId::Name,
            vec![pending(FieldId::Name, 2), pending(FieldId::Due, 2)],
            vec![FieldId::Name],
            1,
        ),
        (item(), FieldId::Name, vec![pending(FieldId::Name, 2)], vec![FieldId::Name], 0),
        (item(), FieldId::Name, vec![pending(FieldId::Due, 90)], vec![FieldId::Due], 0),
        (item(), FieldId::Due, vec![pending(FieldId::Name, 2)], vec![], 1),
        (ItemId::from("i2"), FieldId::Name, vec![pending(FieldId::Name, 2)], vec![], 1),
    ] {
        let mut memory = linked();
        memory.links.get_mut(&item()).unwrap().pending.clone_from(&writes);
        let waits = Conflict {
            id: Hash128::default(),
            item: of.clone(),
            ticket: TICKET,
            kind: Kind::Opportunity,
            field: conflict,
            reason: ConflictKind::BothChanged,
            base: None,
            halo: Obs::Null,
            hit: Obs::Null,
            ways_out: vec![],
        };
        let mut plan = Plan { conflicts: vec![waits], ..Plan::default() };
        plan.head.settings_hash = settings.settings_hash();
        let dirty = vec![DirtyMark { record: RecordKey::Item(item()), mark: 1 }];
        let head = plan.head.base.clone();
        let journal = JournalView { head, memory: memory.clone(), read_at: Stamp::ours(50), dirty };
        let mut run = Exec::new(plan, journal, &settings, None).unwrap();
        let found = match run.poll(Stamp::ours(60)) {
            Step::Commit(commit) => {
                memory.commit(&commit);
                commit.links.len()
            }
            Step::Done(_) => 0,
            other => panic!("{other:?}"),
        };
        let kept: Vec<FieldId> = memory.links[&item()].pending.iter().map(|one| one.field).collect();
        assert_eq!((kept, found), (left, commits), "{of} {conflict:?} {writes:?}");
    }
}

/// Where several operations wait, the run goes on with the first that may.
#[test]
fn a_run_waits_for_the_first_of_several() {
    for (one, other) in [(500, 900), (900, 500)] {
        let of = |name: &str, until: i64| {
            let item = ItemId::from(name);
            let mut op = create();
            let mut spec = spec(Side::Halo);
            spec.marker = Marker::for_item(&PairId::from(""), &item, Kind::Opportunity);
            (op.item, spec.item) = (Some(item.clone()), Some(item));
            op.kind = OpKind::Create(Box::new(spec.clone()));
            let op = op.named();
            let intent = Intent {
                op: op.id,
                spec,
                source: crate::exec::name("new"),
                payload: crate::exec::name("new"),
                sent_at: Some(Stamp::ours(1)),
                settle_until: Some(Stamp::ours(until)),
            };
            (op, intent)
        };
        let (ops, intents): (Vec<Op>, Vec<Intent>) = [of("i1", one), of("i2", other)].into_iter().unzip();
        let intents = intents.into_iter().map(|intent| (intent.spec.marker.clone(), intent)).collect();
        let mut run = exec(ops, Memory { intents, ..Memory::default() });
        for _ in 0..2 {
            assert!(matches!(run.poll(Stamp::ours(10)), Step::FindMarker(_)));
            run.on(Event::Markers(Ok(vec![]))).unwrap();
        }
        assert_eq!(run.poll(Stamp::ours(10)), Step::Wait(Stamp::ours(500)));
    }
}

/// What the plan put off is looked at again; what it left out for good waits for the next change.
#[test]
fn what_a_plan_put_off_stays_dirty() {
    let settings = Settings::default();
    for (reason, clean) in [
        (SkipReason::RecordNotRead(Side::Halo), false),
        (SkipReason::CreatePending, false),
        (SkipReason::AwaitsProject, false),
        (SkipReason::Archived, true),
        (SkipReason::OutOfScope, true),
    ] {
        let skip = |item, ticket| Skip { item, ticket, kind: None, field: None, reason: reason.clone() };
        for skip in [skip(Some(item()), None), skip(None, Some(TICKET))] {
            let mut plan = Plan { skips: vec![skip], ..Plan::default() };
            plan.head.settings_hash = settings.settings_hash();
            let dirty = vec![DirtyMark { record: RecordKey::Item(item()), mark: 1 }];
            let head = plan.head.base.clone();
            let journal =
                JournalView { head, memory: linked(), read_at: Stamp::ours(0), dirty: dirty.clone() };
            let mut run = Exec::new(plan, journal, &settings, None).unwrap();
            let (_, _, cleaned) = play(&mut run, &mut linked(), |step| panic!("{step:?}"));
            assert_eq!(cleaned, if clean { dirty } else { vec![] }, "{reason:?}");
        }
    }
}
