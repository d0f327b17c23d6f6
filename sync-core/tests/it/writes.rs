//! What the executor checks before a write, and what it makes of the answer.

use crate::exec::*;
use std::collections::BTreeMap;
use sync_core::base::PendingWrite;
use sync_core::exec::{Event, Exec, Memory, OpResult, Outcome, Record, RecordKey, StatusWay, Step};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{HaloClientId, HitClientId, Kind, Side, StatusId, TicketId, TicketTypeId};
use sync_core::plan::{Op, OpKind, Precond, Rank, StatusMove, Why};
use sync_core::record::{HaloTicket, HitItem};
use sync_core::settings::{CloseRecipe, StatusHow};
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

type Change = fn(&mut HaloTicket);

fn old(change: Change) -> HaloTicket {
    let mut ticket = HaloTicket::new(TICKET, Some(Kind::Opportunity), TicketTypeId(1), HaloClientId(7));
    ticket.fields = name("old").with(FieldId::Due, Value::text("4"));
    change(&mut ticket);
    ticket
}

/// Carries out one write to a ticket that is read as given; the answer holds what was sent.
fn write(op: Op, held: HaloTicket) -> (OpResult, Memory) {
    let mut memory = linked();
    let (_, report, _) = play(&mut exec(vec![op], linked()), &mut memory, |step| match step {
        Step::Read(_) => Event::Read(Ok(Some(Record::Ticket(Box::new(held.clone()))))),
        Step::Update(call) => Event::Written(Outcome::Applied(Some(ticket(call.set().clone())))),
        other => panic!("{other:?}"),
    });
    (result(&report).clone(), memory)
}

#[test]
fn a_write_is_sent_only_while_its_conditions_hold() {
    let due = |side, is: &str| Precond::Field { side, field: FieldId::Due, is: Obs::Value(Value::text(is)) };
    let same: Change = |_| {};
    let cases: [(Option<Precond>, Change, bool); 18] = [
        (None, same, true),
        (Some(due(Side::Halo, "4")), same, true),
        (Some(due(Side::Halo, "5")), same, false),
        (Some(due(Side::Halo, "4")), |ticket| ticket.fields.set(FieldId::Due, Obs::NotFetched), false),
        (Some(due(Side::Hit, "5")), same, true),
        (Some(Precond::TicketType(TicketTypeId(1))), same, true),
        (Some(Precond::TicketType(TicketTypeId(2))), same, false),
        (Some(Precond::TicketClient(HaloClientId(7))), same, true),
        (Some(Precond::TicketClient(HaloClientId(8))), same, false),
        (Some(Precond::Closed(false)), same, true),
        (Some(Precond::Closed(true)), same, false),
        (Some(Precond::NotPriced), same, true),
        (Some(Precond::NotPriced), |ticket| ticket.priced = Some(true), false),
        (None, |ticket| ticket.deleted = true, false),
        (None, |ticket| ticket.merged_into = Some(TicketId(9)), false),
        (None, |ticket| ticket.fields.set(FieldId::Name, Obs::NotFetched), false),
        (None, |ticket| ticket.fields.set(FieldId::Name, Obs::Null), false),
        (None, |ticket| ticket.closed = true, true),
    ];
    for (at, (pre, change, sent)) in cases.into_iter().enumerate() {
        let mut op = rename();
        op.pre.extend(pre);
        let want = if sent { OpResult::Done } else { OpResult::ChangedSincePlan };
        assert_eq!(write(op, old(change)).0, want, "case {at}");
    }
    // Nobody knows what would be replaced: the plan has not seen it.
    let mut op = rename();
    op.before = FieldRow::new();
    assert_eq!(write(op.clone(), old(same)).0, OpResult::ChangedSincePlan);
    let of_name = |side| Precond::Field { side, field: FieldId::Name, is: Obs::Value(Value::text("old")) };
    op.pre = vec![of_name(Side::Halo)];
    assert_eq!(write(op.clone(), old(same)).0, OpResult::Done);
    op.pre = vec![of_name(Side::Hit), due(Side::Halo, "4")];
    assert_eq!(write(op, old(same)).0, OpResult::ChangedSincePlan, "of another field, or of the other side");
}

/// A field that holds the new value already is not sent, and does not stop the others.
#[test]
fn only_what_differs_is_sent() {
    let mut op = rename();
    for row in [&mut op.set, &mut op.source] {
        row.set(FieldId::Due, Obs::Value(Value::text("5")));
    }
    op.before.set(FieldId::Due, Obs::Value(Value::text("4")));
    let held = old(|ticket| ticket.fields.set(FieldId::Due, Obs::Value(Value::text("5"))));
    let mut memory = linked();
    let (_, report, _) = play(&mut exec(vec![op], linked()), &mut memory, |step| match step {
        Step::Read(_) => Event::Read(Ok(Some(Record::Ticket(Box::new(held.clone()))))),
        Step::Update(call) => {
            assert_eq!(call.set(), &name("new"));
            let mut now = held.fields.clone();
            now.set(FieldId::Name, Obs::Value(Value::text("new")));
            Event::Written(Outcome::Applied(Some(ticket(now))))
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(result(&report), &OpResult::Done);
    let base = &memory.links[&item()].base.opportunity;
    assert_eq!(base[&FieldId::Due].halo, Some(Value::text("5")));
    assert_eq!(base[&FieldId::Name].halo, Some(Value::text("new")));
}

/// A field that held the value already is not sent; what somebody enters in it between our look and the answer is an
/// edit, wherever we see it first.
#[test]
fn an_edit_of_a_field_that_was_not_sent_stays_an_edit() {
    let mut op = rename();
    for row in [&mut op.set, &mut op.source] {
        row.set(FieldId::Due, Obs::Value(Value::text("5")));
    }
    op.before.set(FieldId::Due, Obs::Value(Value::text("4")));
    let holds = |name_: &str, due: &str| ticket(name(name_).with(FieldId::Due, Value::text(due)));
    for in_reply in [true, false] {
        let mut memory = linked();
        let mut reads = 0;
        play(&mut exec(vec![op.clone()], linked()), &mut memory, |step| match step {
            Step::Read(_) => {
                reads += 1;
                Event::Read(Ok(Some(if reads == 1 { holds("old", "5") } else { holds("new", "6") })))
            }
            _ => Event::Written(Outcome::Applied(in_reply.then(|| holds("new", "6")))),
        });
        let base = &memory.links[&item()].base.opportunity[&FieldId::Due];
        assert_eq!((&base.halo, &base.hit), (&Some(Value::text("5")), &Some(Value::text("5"))));
    }
}

#[test]
fn the_version_of_an_item_goes_with_its_write() {
    let mut op = op(OpKind::Update { kind: Kind::Opportunity, side: Side::Hit }, Rank::Update);
    (op.before, op.set, op.source) = (name("old"), name("new"), name("new"));
    let op = op.named();
    let mut found = HitItem::new(item(), HitClientId::from("c"));
    (found.version, found.fields) = (Some("v7".into()), name("old"));
    let mut asked = false;
    play(&mut exec(vec![op.clone()], linked()), &mut linked(), |step| match step {
        Step::Read(_) => Event::Read(Ok(Some(Record::Item(Box::new(found.clone()))))),
        Step::Update(call) => {
            asked = true;
            assert_eq!((call.version(), call.op(), call.side()), (Some("v7"), op.id, Side::Hit));
            assert_eq!((call.target(), call.kind()), (&RecordKey::Item(item()), Kind::Opportunity));
            Event::Written(Outcome::Unknown)
        }
        other => panic!("{other:?}"),
    });
    assert!(asked);
}

/// An answer that is about another record, or does not carry what was written, is no proof: it is read back.
#[test]
fn an_answer_that_shows_too_little_is_read_back() {
    let other = {
        let mut other = old(|_| {});
        other.id = TicketId(6);
        other.fields = name("new");
        Record::Ticket(Box::new(other))
    };
    for (reply, reads) in [(ticket(name("new")), 1), (ticket(FieldRow::new()), 2), (other, 2)] {
        let mut seen = 0;
        let mut memory = linked();
        let (_, report, _) = play(&mut exec(vec![rename()], linked()), &mut memory, |step| match step {
            Step::Read(_) => {
                seen += 1;
                Event::Read(Ok(Some(ticket(name(if seen == 1 { "old" } else { "new" })))))
            }
            _ => Event::Written(Outcome::Applied(Some(reply.clone()))),
        });
        assert_eq!((result(&report), seen), (&OpResult::Done, reads));
    }
}

/// What the server makes of a text is remembered; what somebody else has written since is not the server's doing.
#[test]
fn the_servers_spelling_is_remembered_and_nobody_elses() {
    for (reply, then, remembered, known) in [
        (Some("NEW"), "", 1, "NEW"),
        (Some("cut"), "", 1, "cut"),
        (Some("new"), "", 0, "new"),
        // It is as it was before: the write was not kept, and that is no spelling.
        (Some("old"), "", 0, "old"),
        (None, "NEW", 1, "NEW"),
        (None, "new", 0, "new"),
        (None, "a person's", 0, "old"),
    ] {
        let mut reads = 0;
        let mut memory = linked();
        play(&mut exec(vec![rename()], linked()), &mut memory, |step| match step {
            Step::Read(_) => {
                reads += 1;
                Event::Read(Ok(Some(ticket(name(if reads == 1 { "old" } else { then })))))
            }
            _ => Event::Written(Outcome::Applied(reply.map(|reply| ticket(name(reply))))),
        });
        let link = &memory.links[&item()];
        assert_eq!(link.stored.len(), remembered, "{reply:?} {then}");
        let base = link.base.opportunity[&FieldId::Name].halo.clone();
        assert_eq!(base, Some(Value::text(known)), "{reply:?} {then}");
    }
}

#[test]
fn a_write_that_a_person_decided_ends_the_quarantine_of_its_field() {
    for (field, released) in [(FieldId::Name, 1), (FieldId::Due, 0)] {
        let mut op = rename();
        op.why = vec![Why::Decided { field, keep: Side::Hit }];
        let (_, memory) = write(op, old(|_| {}));
        let ring = memory.links[&item()].flap.iter().find(|ring| ring.field == FieldId::Name).unwrap();
        assert_eq!(ring.released, released);
    }
}

/// A ticket of the wanted type is converted, whoever did it; one whose status alone fits is not.
#[test]
fn a_conversion_is_there_only_with_its_type() {
    let mut convert = op(OpKind::Promote { to_type: TicketTypeId(2) }, Rank::Create);
    let status = |n| FieldRow::new().with(FieldId::Status, Value::halo_status(StatusId(n)));
    (convert.set, convert.before, convert.source) = (status(4), status(4), status(4));
    let convert = convert.named();
    for (held, kept, want) in
        [(2, 2, OpResult::AlreadyThere), (1, 2, OpResult::Done), (1, 1, OpResult::NotKept)]
    {
        let record = |ticket_type| {
            let mut ticket = old(|_| {});
            (ticket.ticket_type, ticket.fields) = (TicketTypeId(ticket_type), status(4));
            Record::Ticket(Box::new(ticket))
        };
        let mut memory = linked();
        let mut reads = 0;
        let (_, report, _) =
            play(&mut exec(vec![convert.clone()], linked()), &mut memory, |step| match step {
                Step::Read(_) => {
                    reads += 1;
                    Event::Read(Ok(Some(record(if reads == 1 { held } else { kept }))))
                }
                Step::StatusWrite(call) => {
                    assert_eq!((call.op(), call.ticket()), (convert.id, TICKET));
                    Event::Written(Outcome::Applied(Some(record(kept))))
                }
                other => panic!("{other:?}"),
            });
        assert_eq!(result(&report), &want);
        let project = (want != OpResult::NotKept).then_some(TICKET);
        assert_eq!(memory.links[&item()].project, project);
    }
}

#[test]
fn a_status_goes_the_way_that_its_operation_says() {
    let recipe = CloseRecipe { status: StatusId(4), constants: BTreeMap::new() };
    let set =
        OpKind::StatusWrite { kind: Kind::Opportunity, how: StatusHow::Set, moves: StatusMove::Between };
    for (kind, way) in [
        (set, StatusWay::Set(StatusId(4))),
        (OpKind::CloseWon { recipe: Box::new(recipe.clone()) }, StatusWay::CloseWon(Box::new(recipe))),
    ] {
        let mut op = op(kind, Rank::Update);
        let status = |n| FieldRow::new().with(FieldId::Status, Value::halo_status(StatusId(n)));
        (op.before, op.set, op.source) = (status(1), status(4), status(4));
        let mut asked = None;
        play(&mut exec(vec![op.named()], linked()), &mut linked(), |step| match step {
            Step::Read(_) => Event::Read(Ok(Some(ticket(status(1))))),
            Step::StatusWrite(call) => {
                asked = Some(call.way().clone());
                Event::Written(Outcome::Unknown)
            }
            other => panic!("{other:?}"),
        });
        assert_eq!(asked, Some(way));
    }
}

/// An action whose reply was lost is waited out to the millisecond, the ticket is looked at again, and only then it is
/// done once more.
#[test]
fn an_action_without_its_note_is_waited_out() {
    let action = status_by_action();
    let mut tried = linked();
    tried.links.get_mut(&item()).unwrap().pending.push(PendingWrite {
        before: Obs::NotFetched,
        op: action.id,
        side: Side::Halo,
        kind: Kind::Opportunity,
        field: FieldId::Status,
        sent: None,
        sent_at: Stamp::ours(1),
        settle_until: Stamp::ours(100),
    });
    let mut run = exec(vec![action], tried);
    let before = || ticket(FieldRow::new().with(FieldId::Status, Value::halo_status(StatusId(1))));
    let look = |run: &mut Exec, now: i64| {
        assert!(matches!(run.poll(Stamp::ours(now)), Step::Read(_)), "{now}");
        run.on(Event::Read(Ok(Some(before())))).unwrap();
        assert!(matches!(run.poll(Stamp::ours(now)), Step::FindNote(_)), "{now}");
        run.on(Event::Note(Ok(false))).unwrap();
    };
    look(&mut run, 50);
    let wait = Step::Wait(Stamp::ours(100));
    assert_eq!(run.poll(Stamp::ours(50)), wait);
    assert_eq!(run.poll(Stamp::ours(99)), wait);
    look(&mut run, 100);
    assert!(matches!(run.poll(Stamp::ours(100)), Step::Persist(_)));
}

#[test]
fn only_calls_that_change_a_server_are_writes() {
    let mut seen = vec![];
    play(&mut exec(vec![rename()], linked()), &mut linked(), |step| {
        seen.push((step.name(), step.is_write()));
        match step {
            Step::Read(_) => Event::Read(Ok(Some(ticket(name("old"))))),
            _ => Event::Written(Outcome::Unknown),
        }
    });
    assert_eq!(seen, [("read", false), ("update", true)]);
}

/// A blank that was sent and is there was kept, also where it was there before.
#[test]
fn a_blank_is_kept_like_a_value() {
    for (now, want) in [(Obs::Null, OpResult::Done), (Obs::Value(Value::text("old")), OpResult::NotKept)] {
        let mut op = rename();
        for row in [&mut op.set, &mut op.source] {
            row.set(FieldId::Name, Obs::Null);
        }
        let mut memory = linked();
        let (_, report, _) = play(&mut exec(vec![op], linked()), &mut memory, |step| match step {
            Step::Read(_) => Event::Read(Ok(Some(ticket(name("old"))))),
            _ => {
                let mut held = FieldRow::new();
                held.set(FieldId::Name, now.clone());
                Event::Written(Outcome::Applied(Some(ticket(held))))
            }
        });
        assert_eq!(result(&report), &want);
    }
}
