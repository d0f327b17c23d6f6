//! What is remembered of a link, and what entries and commits do to it.

use crate::exec::{item, spec};
use std::collections::BTreeMap;
use sync_core::base::{BaseCell, Evidence, FlapRing, Intent, Link, LinkState, PendingWrite};
use sync_core::exec::{Commit, JournalEntry, LinkChange, Memory, NewLink};
use sync_core::field::{FieldId, FieldRow};
use sync_core::hash::Hash128;
use sync_core::ids::{HaloClientId, HitClientId, Kind, Side, TicketId};
use sync_core::learn::StoredForm;
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

const OP: Hash128 = Hash128([1; 16]);
const OTHER: Hash128 = Hash128([2; 16]);

fn text(value: &str) -> Option<Value> {
    Some(Value::text(value))
}

fn cell(halo: &str, hit: &str) -> BaseCell {
    BaseCell { halo: text(halo), hit: text(hit) }
}

fn pending(op: Hash128, kind: Kind, field: FieldId, sent: i64) -> PendingWrite {
    let (sent_at, settle_until) = (Stamp::ours(sent), Stamp::ours(sent + 100));
    PendingWrite {
        op,
        side: Side::Halo,
        kind,
        field,
        before: Obs::NotFetched,
        sent: text("x"),
        sent_at,
        settle_until,
    }
}

/// A link with both tickets.
fn link() -> Link {
    let mut link = Link::new(item(), HitClientId::from("c"), HaloClientId(7));
    (link.opportunity, link.project) = (Some(TicketId(1)), Some(TicketId(2)));
    link
}

fn change() -> LinkChange {
    LinkChange::none(item())
}

/// Applies a change to a link: once, and once more, which changes nothing any more.
fn after(link: &Link, change: LinkChange) -> Link {
    let mut memory = Memory { links: BTreeMap::from([(item(), link.clone())]), intents: BTreeMap::new() };
    let commit = Commit { links: vec![change], ..Commit::default() };
    memory.commit(&commit);
    let once = memory.links[&item()].clone();
    memory.commit(&commit);
    assert_eq!(memory.links[&item()], once);
    once
}

#[test]
fn a_value_that_would_come_back_once_more_flaps() {
    for (written, next, flaps) in [
        ("ABAB", "A", true),
        ("ABAB", "B", true),
        ("ABAB", "C", false),
        ("AAAA", "A", true),
        ("AAAA", "B", false),
        ("ABAC", "A", false),
        ("ABCB", "B", false),
        ("ABBA", "A", false),
        ("ABA", "A", false),
        ("", "A", false),
    ] {
        let mut link = link();
        for letter in written.chars() {
            link.note_written(Side::Halo, Kind::Project, FieldId::Name, text(&letter.to_string()).as_ref());
        }
        let ring = link.flap.first();
        let would = ring.is_some_and(|ring| ring.would_flap(text(next).as_ref()));
        assert_eq!(would, flaps, "{written} then {next}");
    }
    assert_ne!(FlapRing::digest(None), FlapRing::digest(text("A").as_ref()));
}

#[test]
fn the_last_four_writes_of_each_side_kind_and_field_are_remembered() {
    let mut link = link();
    for letter in ["A", "B", "C", "D", "E"] {
        link.note_written(Side::Halo, Kind::Project, FieldId::Name, text(letter).as_ref());
    }
    let places = [
        (Side::Hit, Kind::Project, FieldId::Name),
        (Side::Halo, Kind::Opportunity, FieldId::Name),
        (Side::Halo, Kind::Project, FieldId::Due),
    ];
    for (side, kind, field) in places {
        link.note_written(side, kind, field, None);
    }
    let digests: Vec<_> = ["B", "C", "D", "E"].map(|letter| FlapRing::digest(text(letter).as_ref())).to_vec();
    assert_eq!(link.flap.len(), 4);
    assert_eq!(link.flap[0].written, digests);
    link.release(Side::Halo, Kind::Project, FieldId::Name);
    assert_eq!((link.flap[0].written.len(), link.flap[0].released), (0, 1));
    assert!(link.flap[1..].iter().all(|ring| ring.written.len() == 1 && ring.released == 0));
}

#[test]
fn the_last_stored_form_of_each_side_kind_and_field_is_remembered() {
    let form = |side, kind, field, stored| {
        StoredForm::of(side, kind, field, &Value::text("a"), &Value::text(stored)).unwrap()
    };
    let mut link = link();
    let name = |stored| form(Side::Halo, Kind::Project, FieldId::Name, stored);
    link.note_stored(name("A"));
    link.note_stored(form(Side::Hit, Kind::Project, FieldId::Name, "A"));
    link.note_stored(form(Side::Halo, Kind::Opportunity, FieldId::Name, "A"));
    link.note_stored(form(Side::Halo, Kind::Project, FieldId::Description, "A"));
    assert_eq!(link.stored.len(), 4);
    link.note_stored(name("AA"));
    assert_eq!(link.stored.len(), 4);
    assert_eq!(link.stored.last(), Some(&name("AA")));
}

#[test]
fn the_project_leads_as_soon_as_there_is_one() {
    let mut link = link();
    assert_eq!(link.leading(), Some(Kind::Project));
    link.set_ticket(Kind::Project, None);
    assert_eq!(link.leading(), Some(Kind::Opportunity));
    link.set_ticket(Kind::Opportunity, None);
    assert_eq!(link.leading(), None);
}

#[test]
fn pending_writes_are_found_by_kind_and_field() {
    let mut link = link();
    let (name, due) = (FieldId::Name, FieldId::Due);
    link.pending = vec![
        pending(OP, Kind::Project, name, 1),
        pending(OP, Kind::Opportunity, name, 2),
        pending(OP, Kind::Project, due, 3),
        pending(OTHER, Kind::Project, name, 4),
    ];
    let found: Vec<_> = link.pending_for(Kind::Project, name).map(|one| one.sent_at.unix_ms).collect();
    assert_eq!(found, [1, 4]);
}

/// Stored links of earlier versions lack what they do not need.
#[test]
fn what_is_nothing_is_not_stored() {
    let mut link = link();
    let json = serde_json::to_value(&link).unwrap();
    assert!(json.get("called_off").is_none() && json.get("stored").is_none());
    assert_eq!(serde_json::from_value::<Link>(json).unwrap(), link);
    link.called_off = 1;
    let json = serde_json::to_value(&link).unwrap();
    assert_eq!(json["called_off"], 1);
    assert_eq!(serde_json::from_value::<Link>(json).unwrap(), link);
}

#[test]
fn a_found_record_gets_the_base_of_what_was_sent() {
    let row = |pairs: &[(FieldId, &str)]| {
        pairs.iter().fold(FieldRow::new(), |row, (field, value)| row.with(*field, Value::text(*value)))
    };
    let (name, text_of, site) = (FieldId::Name, FieldId::Description, FieldId::Responsible);
    let mut intent = intent(Side::Halo);
    intent.source = row(&[(name, "a b"), (text_of, "long"), (site, "left out")]);
    intent.payload = row(&[(name, "a b"), (text_of, "long")]);
    let held = row(&[(name, "A B"), (text_of, "a person's"), (site, "by the server")]);
    let cells = intent.base_cells(&held, false);
    assert_eq!(cells[&name], cell("A B", "a b"), "another spelling is what the server made of it");
    assert_eq!(cells[&text_of], cell("long", "long"), "another text is somebody's change");
    assert_eq!(cells[&site], BaseCell { halo: text("by the server"), hit: None }, "is written next");
    // Whoever has touched the record may have chosen what was left out.
    let touched = intent.base_cells(&held, true);
    assert_eq!(touched.keys().copied().collect::<Vec<_>>(), [name, text_of]);
    // What was not seen says nothing.
    assert!(!intent.base_cells(&FieldRow::new(), false).contains_key(&site));
    intent.source.set(name, Obs::NotFetched);
    assert!(!intent.base_cells(&held, false).contains_key(&name));
    // At the other side it is the other way round.
    intent.spec.target = Side::Hit;
    let cells = intent.base_cells(&row(&[(text_of, "LONG")]), false);
    assert_eq!(cells[&text_of], cell("long", "LONG"));
}

fn intent(target: Side) -> Intent {
    let (source, payload) = (FieldRow::new(), FieldRow::new());
    Intent { op: OP, spec: spec(target), source, payload, sent_at: None, settle_until: None }
}

/// What belongs to a ticket goes with it, and nothing else.
#[test]
fn a_forgotten_ticket_takes_what_is_remembered_of_it_along() {
    let mut both = link();
    for kind in Kind::ALL {
        both.base.of_mut(kind).insert(FieldId::Name, cell("a", "a"));
        both.pending.push(pending(OP, kind, FieldId::Name, 1));
        both.note_written(Side::Halo, kind, FieldId::Name, None);
        both.gone.push((Some(kind), Evidence::Flag));
    }
    both.gone.push((None, Evidence::Flag));
    for (gone, stays) in [(Kind::Opportunity, Kind::Project), (Kind::Project, Kind::Opportunity)] {
        let link = after(&both, LinkChange { tickets: vec![(gone, None)], ..change() });
        assert_eq!((link.ticket(gone), link.ticket(stays)), (None, both.ticket(stays)));
        assert!(link.base.of(gone).is_empty() && !link.base.of(stays).is_empty());
        assert!(link.pending.iter().map(|one| one.kind).eq([stays]));
        assert!(link.flap.iter().map(|ring| ring.kind).eq([stays]));
        assert!(link.gone.iter().map(|(kind, _)| *kind).eq([Some(stays), None]));
        assert_eq!(link.state, LinkState::Active);
        let ended = after(&link, LinkChange { tickets: vec![(stays, None)], ..change() });
        assert_eq!(ended.state, LinkState::Ended, "it was the last one");
    }
    // A link that never had a ticket does not end because of another change.
    let mut empty = link();
    (empty.opportunity, empty.project) = (None, None);
    assert_eq!(after(&empty, change()).state, LinkState::Active);
    let given = after(&empty, LinkChange { tickets: vec![(Kind::Project, Some(TicketId(9)))], ..change() });
    assert_eq!((given.project, given.state), (Some(TicketId(9)), LinkState::Active));
}

#[test]
fn a_resolved_attempt_is_forgotten_and_counts_once() {
    let mut before = link();
    let (name, kind) = (FieldId::Name, Kind::Project);
    let attempts = [(OP, 1), (OP, 2), (OTHER, 1)];
    before.pending = attempts.map(|(op, at)| pending(op, kind, name, at)).to_vec();
    before.note_written(Side::Hit, kind, name, None);
    let resolved = LinkChange {
        resolved: vec![(OP, Stamp::ours(1))],
        written: vec![(Side::Halo, kind, name, text("x"))],
        released: vec![(kind, name)],
        ..change()
    };
    let link = after(&before, resolved.clone());
    assert_eq!(link.pending, before.pending[1..]);
    let rings: Vec<_> = link.flap.iter().map(|r| (r.side, r.written.len(), r.released)).collect();
    assert_eq!(rings, [(Side::Hit, 0, 1), (Side::Halo, 1, 1)]);
    // Without the attempt in memory it was counted before.
    before.pending.clear();
    assert_eq!(after(&before, resolved), before);
}

#[test]
fn writes_that_have_settled_are_forgotten_except_those_in_conflict() {
    let mut before = link();
    let (project, opportunity) = (Kind::Project, Kind::Opportunity);
    before.pending = vec![
        pending(OP, project, FieldId::Name, 0),
        pending(OP, project, FieldId::Due, 0),
        pending(OP, opportunity, FieldId::Due, 0),
        pending(OP, project, FieldId::Start, 1),
    ];
    let settled =
        LinkChange { settled_by: Some(Stamp::ours(100)), kept: vec![(project, FieldId::Due)], ..change() };
    assert_eq!(after(&before, settled).pending, [before.pending[1].clone(), before.pending[3].clone()]);
}

#[test]
fn what_was_sent_in_the_future_was_sent_when_the_clock_went_back() {
    let mut before = link();
    before.pending = [5, 10, 11].map(|at| pending(OP, Kind::Project, FieldId::Name, at)).to_vec();
    let back = LinkChange { clock_back: Some((Stamp::ours(10), Stamp::ours(70))), ..change() };
    let link = after(&before, back);
    assert_eq!(link.pending[..2], before.pending[..2]);
    assert_eq!((link.pending[2].sent_at, link.pending[2].settle_until), (Stamp::ours(10), Stamp::ours(70)));
}

#[test]
fn the_waiting_for_a_project_begins_ends_and_is_called_off() {
    let since = |at| LinkChange { await_since: Some(Stamp::ours(at)), ..change() };
    let waits = after(&link(), since(50));
    assert_eq!(waits.promotion_since, Some(Stamp::ours(50)));
    assert_eq!(after(&waits, since(60)).promotion_since, Some(Stamp::ours(50)), "it waits already");
    assert_eq!(after(&waits, since(40)).promotion_since, Some(Stamp::ours(40)), "our clock has gone back");
    let end = |called_off| LinkChange { end_await: true, called_off, ..change() };
    for (before, called_off, times) in [(&waits, false, 0), (&waits, true, 1), (&link(), true, 0)] {
        let ended = after(before, end(called_off));
        assert_eq!((ended.promotion_since, ended.called_off), (None, times));
    }
}

#[test]
fn a_link_is_made_only_where_there_is_none() {
    let make = Some(NewLink { client: HitClientId::from("new"), halo_client: HaloClientId(8) });
    let cells = BTreeMap::from([(FieldId::Name, cell("a", "b"))]);
    let base = vec![(Kind::Project, cells.clone())];
    let change = LinkChange { make, base, ..change() };
    let held = after(&link(), change.clone());
    assert_eq!((held.client.as_str(), held.project), ("c", Some(TicketId(2))));
    assert_eq!((held.base.project, held.base.opportunity), (cells, BTreeMap::new()));
    let mut memory = Memory::default();
    memory.commit(&Commit { links: vec![LinkChange { make: None, ..change.clone() }], ..Commit::default() });
    assert_eq!(memory, Memory::default(), "there is nothing to change");
    memory.commit(&Commit { links: vec![change], ..Commit::default() });
    assert_eq!(memory.links[&item()].client.as_str(), "new");
}

#[test]
fn intents_and_pending_writes_come_and_go() {
    let mut memory = Memory { links: BTreeMap::from([(item(), link())]), intents: BTreeMap::new() };
    let intent = intent(Side::Halo);
    let marker = intent.spec.marker.clone();
    memory.apply(&JournalEntry::Intent(Box::new(intent.clone())));
    assert_eq!(memory.intents[&marker], intent);
    let kept = memory.clone();
    memory.apply(&JournalEntry::DropIntent(marker.clone()));
    assert!(memory.intents.is_empty());
    memory = kept;
    memory.commit(&Commit { drop_intent: Some(marker), ..Commit::default() });
    assert!(memory.intents.is_empty());

    let one = |op, field, at| pending(op, Kind::Project, field, at);
    let (name, due) = (FieldId::Name, FieldId::Due);
    let mut write = |writes: Vec<PendingWrite>| {
        memory.apply(&JournalEntry::Pending { item: item(), writes });
    };
    write(vec![one(OP, name, 1), one(OP, due, 1)]);
    write(vec![one(OP, name, 2), one(OTHER, name, 1)]);
    write(vec![one(OP, due, 1)]);
    let all = |memory: &Memory| -> Vec<_> {
        memory.links[&item()].pending.iter().map(|p| (p.op, p.field, p.sent_at.unix_ms)).collect()
    };
    assert_eq!(all(&memory), [(OP, name, 1), (OP, name, 2), (OTHER, name, 1), (OP, due, 1)]);
    memory.apply(&JournalEntry::DropPending { item: item(), op: OP, sent_at: Stamp::ours(1) });
    assert_eq!(all(&memory), [(OP, name, 2), (OTHER, name, 1)], "other attempts stay");
}

#[test]
fn a_link_is_found_by_either_ticket() {
    let memory = Memory { links: BTreeMap::from([(item(), link())]), intents: BTreeMap::new() };
    for (id, found) in [(1, true), (2, true), (3, false)] {
        assert_eq!(memory.link_of_ticket(TicketId(id)).is_some(), found, "{id}");
    }
}
