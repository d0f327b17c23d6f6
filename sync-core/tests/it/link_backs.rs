//! Links back: what the executor makes of the answers, and how often they are written.

use crate::creates::{OPPORTUNITY, halo, refused};
use crate::exec::*;
use crate::links::{codes, issues, opportunity};
use sync_core::base::LinkedBack;
use sync_core::decision::IssueCode;
use sync_core::exec::{Event, Memory, OpResult, Outcome, Record, Reject, RejectClass, Step};
use sync_core::ids::{HaloClientId, HitClientId, ItemId, Kind, Side, TicketId, TicketTypeId};
use sync_core::plan::{Op, OpKind, Rank};
use sync_core::record::{ExternalRef, HaloTicket, HitItem};
use sync_core::value::Obs;

fn hit(change: impl FnOnce(&mut HitItem)) -> Record {
    let mut found = HitItem::new(item(), HitClientId::from("c"));
    change(&mut found);
    Record::Item(Box::new(found))
}

fn reference(kind: Kind, id: &str) -> ExternalRef {
    let (system, instance) = ("halopsa".into(), "tenant".into());
    ExternalRef { system, instance, kind: Some(kind), id: id.into(), url: None, marker: None }
}

fn link_back(side: Side) -> Op {
    op(OpKind::LinkBack { kind: OPPORTUNITY, side }, Rank::LinkBack).named()
}

#[test]
fn a_link_back_is_done_when_the_record_shows_it() {
    let applied = |record| Outcome::Applied(Some(record));
    let at_halo = |text: Obs<Box<str>>| halo(|ticket| ticket.link_back = text);
    let shown = || at_halo(Obs::Value("see i1".into()));
    let at_hit = |kind, id| hit(|item| item.references.push(reference(kind, id)));
    let no_read = || Event::Read(Ok(None));
    let read = |record| Event::Read(Ok(Some(record)));
    let other = || {
        let mut other = HaloTicket::new(TicketId(6), Some(OPPORTUNITY), TicketTypeId(1), HaloClientId(7));
        other.link_back = Obs::Value("see i1".into());
        Record::Ticket(Box::new(other))
    };
    let other_item = || {
        let mut other = HitItem::new(ItemId::from("i2"), HitClientId::from("c"));
        other.references.push(reference(OPPORTUNITY, "5"));
        Record::Item(Box::new(other))
    };
    let (sent, looked) = (1, 2);
    for (side, reply, then, steps, want) in [
        (Side::Halo, applied(shown()), no_read(), sent, OpResult::Done),
        (Side::Halo, applied(at_halo(Obs::Null)), no_read(), sent, OpResult::NotKept),
        (Side::Halo, applied(at_halo(Obs::Value("see i2".into()))), no_read(), sent, OpResult::NotKept),
        (Side::Halo, applied(at_halo(Obs::NotFetched)), read(shown()), looked, OpResult::Done),
        (Side::Halo, applied(at_halo(Obs::Forbidden)), read(at_halo(Obs::Null)), looked, OpResult::NotKept),
        (Side::Halo, Outcome::Applied(None), read(at_halo(Obs::NotFetched)), looked, OpResult::Done),
        (Side::Halo, Outcome::Applied(None), no_read(), looked, OpResult::Unknown),
        (Side::Halo, Outcome::Applied(None), Event::Read(Err(refused())), looked, OpResult::Unknown),
        (Side::Halo, applied(other()), read(at_halo(Obs::Null)), looked, OpResult::NotKept),
        (Side::Halo, applied(at_hit(OPPORTUNITY, "5")), read(at_halo(Obs::Null)), looked, OpResult::NotKept),
        (Side::Halo, Outcome::Rejected(refused()), no_read(), sent, OpResult::Rejected(refused())),
        (Side::Halo, Outcome::Unknown, no_read(), sent, OpResult::Unknown),
        (Side::Hit, applied(at_hit(OPPORTUNITY, "5")), no_read(), sent, OpResult::Done),
        (Side::Hit, applied(at_hit(Kind::Project, "5")), no_read(), sent, OpResult::NotKept),
        (Side::Hit, applied(at_hit(OPPORTUNITY, "6")), no_read(), sent, OpResult::NotKept),
        (Side::Hit, applied(other_item()), read(hit(|_| {})), looked, OpResult::NotKept),
        (Side::Hit, applied(shown()), read(hit(|_| {})), looked, OpResult::NotKept),
    ] {
        let case = format!("{side:?} {reply:?} {then:?}");
        let mut memory = linked();
        let (names, report, clean) =
            play(&mut exec(vec![link_back(side)], linked()), &mut memory, |step| match step {
                Step::LinkBack(call) => {
                    assert_eq!((call.side(), call.kind(), call.ticket()), (side, OPPORTUNITY, TICKET));
                    assert_eq!((call.item(), call.url()), (&item(), None));
                    assert_eq!(call.marker(), &marker());
                    Event::Written(reply.clone())
                }
                Step::Read(key) => {
                    assert_eq!(key.side(), side);
                    then.clone()
                }
                other => panic!("{other:?}"),
            });
        assert_eq!(result(&report), &want, "{case}");
        let calls = names.iter().filter(|name| ["link_back", "read"].contains(name)).count();
        assert_eq!((calls, clean.is_empty()), (steps, want != OpResult::Done), "{case}");
        // How often it was written is remembered, and nothing else.
        let times = match want {
            OpResult::Done | OpResult::Rejected(_) => 1,
            OpResult::NotKept => LinkedBack::MOST,
            _ => 0,
        };
        let mut link = memory.links.remove(&item()).unwrap();
        assert_eq!(link.times_linked_back(side, OPPORTUNITY, TICKET), times, "{case}");
        assert!(link.linked_back.iter().all(|written| written.kept == (want == OpResult::Done)), "{case}");
        link.linked_back.clear();
        assert_eq!(Some(&link), linked().links.get(&item()), "{case}");
    }
}

/// Both ends come from the operation, from what this run has made, or from the link; else nothing is sent.
#[test]
fn a_link_back_finds_its_ends() {
    for (memory, want) in [(linked(), Some(TICKET)), (Memory::default(), None)] {
        let mut back = link_back(Side::Hit);
        back.ticket = None;
        let mut seen = None;
        let (_, report, _) = play(&mut exec(vec![back], memory.clone()), &mut memory.clone(), |step| {
            let Step::LinkBack(call) = step else { panic!("{step:?}") };
            seen = Some(call.ticket());
            Event::Written(Outcome::Unknown)
        });
        assert_eq!(seen, want);
        assert_eq!(result(&report), if want.is_some() { &OpResult::Unknown } else { &OpResult::Blocked });
    }
    // The record that was made before it: its address goes to the other side only.
    for (side, url) in [(Side::Hit, Some("https://halo/5")), (Side::Halo, None)] {
        let made = create();
        let mut back = link_back(side);
        (back.after, back.ticket) = (vec![made.id], None);
        let mut asked = false;
        play(&mut exec(vec![made, back], Memory::default()), &mut Memory::default(), |step| match step {
            Step::FindMarker(_) => Event::Markers(Ok(vec![])),
            Step::Create(_) => Event::Written(Outcome::Applied(Some(halo(|ticket| {
                ticket.web_url = Some("https://halo/5".into());
                ticket.fields = name("new");
            })))),
            Step::LinkBack(call) => {
                asked = true;
                assert_eq!((call.ticket(), call.url(), call.marker()), (TICKET, url, &marker()));
                Event::Written(Outcome::Unknown)
            }
            other => panic!("{other:?}"),
        });
        assert!(asked);
    }
}

/// One that is taken out again is written a few times; a refusal counts. What nobody has answered does not, nor a right
/// that is missing: it may be back tomorrow.
#[test]
fn a_link_back_that_does_not_stay_is_written_a_few_times_alone() {
    let shown = || hit(|item| item.references.push(reference(OPPORTUNITY, "5")));
    let class = |class| Outcome::Rejected(Reject::new(class, "no"));
    let (there, gone) = (|| Event::Read(Ok(Some(hit(|_| {})))), || Event::Read(Ok(None)));
    for (reply, looks, counts) in [
        (Outcome::Applied(Some(shown())), gone(), true),
        (class(RejectClass::Invalid), gone(), true),
        // No such record, or no such place in it: a look tells.
        (class(RejectClass::NotFound), there(), true),
        (class(RejectClass::NotFound), gone(), false),
        (class(RejectClass::NotFound), Event::Read(Err(refused())), false),
        (class(RejectClass::Forbidden), there(), false),
        (class(RejectClass::Unavailable), there(), false),
        (class(RejectClass::Throttled), there(), false),
        (class(RejectClass::Credentials), there(), false),
        (Outcome::Unknown, there(), false),
    ] {
        let mut memory = linked();
        for times in 1..=LinkedBack::MOST {
            let before = memory.clone();
            let (_, report, _) =
                play(&mut exec(vec![link_back(Side::Hit)], before), &mut memory, |step| match step {
                    Step::LinkBack(_) => Event::Written(reply.clone()),
                    Step::Read(_) => looks.clone(),
                    other => panic!("{other:?}"),
                });
            if let Outcome::Rejected(reject) = &reply {
                assert_eq!(result(&report), &OpResult::Rejected(reject.clone()));
            }
            let counted = memory.links[&item()].times_linked_back(Side::Hit, OPPORTUNITY, TICKET);
            assert_eq!(counted, if counts { times } else { 0 }, "{reply:?}");
        }
    }
    for side in [Side::Halo, Side::Hit] {
        let mut w = opportunity();
        w.catalogue.capabilities.external_references = true;
        w.halo(1001).link_back = Obs::Null;
        let written = |side, kind, ticket, times| LinkedBack { side, kind, ticket, times, kept: true };
        for (linked_back, left) in [
            (written(side, OPPORTUNITY, TicketId(1001), LinkedBack::MOST), 1),
            (written(side, OPPORTUNITY, TicketId(1001), LinkedBack::MOST - 1), 2),
            (written(side, OPPORTUNITY, TicketId(1002), LinkedBack::MOST), 2),
            (written(side, Kind::Project, TicketId(1001), LinkedBack::MOST), 2),
        ] {
            w.links[0].linked_back = vec![linked_back];
            let plan = w.plan();
            assert_eq!(codes(&plan), vec!["link_back"; left], "{linked_back:?}");
            let told: &[IssueCode] = if left == 1 { &[IssueCode::LinkBackNotKept] } else { &[] };
            assert_eq!(issues(&plan), told, "{linked_back:?}");
            assert!(left == 2 || plan.ops[0].kind.side() == Some(side.other()));
        }
    }
}

/// A link back that is there after all, as a write to its record sees before it begins, may be written again later.
#[test]
fn a_link_back_that_is_in_place_is_counted_no_more() {
    let known = |side, times| LinkedBack { side, kind: OPPORTUNITY, ticket: TICKET, times, kept: false };
    let shows = |text: &'static str| {
        halo(move |ticket| {
            ticket.link_back = Obs::Value(text.into());
            ticket.fields = name("old");
        })
    };
    for (before, record, left) in [
        (known(Side::Halo, 3), shows("see i1"), 0),
        (known(Side::Halo, 2), shows("see i1"), 0),
        (known(Side::Halo, 1), shows("see i1"), 1),
        (known(Side::Halo, 3), shows("see i2"), 3),
        (known(Side::Hit, 3), shows("see i1"), 3),
    ] {
        let mut memory = linked();
        memory.links.get_mut(&item()).unwrap().linked_back = vec![before];
        let mut exec = exec(vec![rename()], memory.clone());
        play(&mut exec, &mut memory, |step| match step {
            Step::Read(_) => Event::Read(Ok(Some(record.clone()))),
            Step::Update(_) => Event::Written(Outcome::Applied(Some(halo(|t| t.fields = name("new"))))),
            other => panic!("{other:?}"),
        });
        let link = &memory.links[&item()];
        assert_eq!(link.times_linked_back(before.side, OPPORTUNITY, TICKET), left, "{before:?} {record:?}");
    }
}

/// Where HIT does not show references, or shows those of other systems, nothing is known of one to the ticket.
#[test]
fn references_that_are_not_shown_are_not_missing() {
    let refers = |system: &str, id: &str| ExternalRef { system: system.into(), ..reference(OPPORTUNITY, id) };
    for (references, hidden, planned) in [
        (vec![], false, 1),
        (vec![], true, 0),
        (vec![refers("halopsa", "1001")], false, 0),
        (vec![refers("halopsa", "1001")], true, 0),
        (vec![refers("jira", "1001")], false, 1),
        (vec![refers("halopsa", "1002")], false, 1),
    ] {
        let mut w = opportunity();
        w.catalogue.capabilities.external_references = true;
        let case = format!("{references:?} {hidden}");
        (w.hit(1).references, w.hit(1).references_hidden) = (references.clone(), hidden);
        assert_eq!(codes(&w.plan()).len(), planned, "{case}");
        // The same record as the reply to a link back: it is judged by what it shows.
        let reply = hit(|item| {
            item.references =
                references.iter().map(|r| ExternalRef { id: "5".into(), ..r.clone() }).collect();
            item.references_hidden = hidden;
        });
        let ours = references.iter().any(|r| &*r.system == "halopsa");
        let want = if ours || hidden { OpResult::Done } else { OpResult::NotKept };
        let (_, report, _) =
            play(&mut exec(vec![link_back(Side::Hit)], linked()), &mut linked(), |step| match step {
                Step::LinkBack(_) => Event::Written(Outcome::Applied(Some(reply.clone()))),
                _ => Event::Read(Ok(Some(reply.clone()))),
            });
        assert_eq!(result(&report), &want, "{case}");
    }
}
