//! Records that are gone: gathering the evidence, and when it is enough.

use crate::links::{codes, issues, opportunity, reasons};
use crate::world::*;
use std::collections::BTreeSet;
use sync_core::base::Evidence;
use sync_core::decision::IssueCode;
use sync_core::evidence::{Gathered, gather};
use sync_core::exec::RecordKey;
use sync_core::field::FieldId;
use sync_core::hash::Hash128;
use sync_core::ids::{HaloClientId, Kind, Side, TicketId};
use sync_core::plan::{DiagnosticCode, OpKind, SkipReason};
use sync_core::record::Coverage;
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

const OPPORTUNITY: Option<Kind> = Some(Kind::Opportunity);

fn absent(w: &World, first: Stamp, latest: Stamp, reads: u32) -> Evidence {
    Evidence::Absent { scope: w.settings.scope_hash(), first, latest, reads }
}

/// Gathers, stores it with the links, and gives what changed.
fn read(w: &mut World, not_found: &[RecordKey]) -> Vec<(i64, Gathered)> {
    let not_found: BTreeSet<RecordKey> = not_found.iter().cloned().collect();
    let changed = gather(&w.links, &w.snapshot, &not_found, w.now);
    for (item, gone) in &changed {
        w.links.iter_mut().find(|link| link.item == *item).unwrap().gone.clone_from(gone);
    }
    let number = |item: &sync_core::ids::ItemId| item.as_str()[1..].parse().unwrap();
    changed.into_iter().map(|(item, gone)| (number(&item), gone)).collect()
}

fn lose_ticket(w: &mut World, id: i64) {
    w.snapshot.tickets.retain(|ticket| ticket.id != TicketId(id));
}

fn lose_item(w: &mut World, n: i64) {
    w.snapshot.items.retain(|item| item.id != item_id(n));
}

/// Nine pairs of client 1, so that two that are missing are few, and the third of ten is of client 2.
fn ten() -> World {
    let mut w = World::new();
    for n in 1..=10 {
        w.pair(n, if n == 3 { 2 } else { 1 }, Kind::Opportunity);
    }
    w
}

#[test]
fn absences_are_counted_beside_a_canary_and_withdrawn_when_the_record_is_back() {
    let mut w = ten();
    assert_eq!(read(&mut w, &[]), [], "everything is there");
    let whole = w.clone();
    lose_ticket(&mut w, 1001);
    lose_item(&mut w, 2);
    // The only ones of their client: nothing of it was seen, so nothing is concluded.
    lose_ticket(&mut w, 1003);
    lose_item(&mut w, 3);
    let first = w.now;
    let once = absent(&w, first, first, 1);
    let want = [(1, vec![(OPPORTUNITY, once.clone())]), (2, vec![(None, once)])];
    assert_eq!(read(&mut w, &[]), want);
    w.now = w.now.plus_ms(10);
    let twice = absent(&w, first, w.now, 2);
    assert_eq!(read(&mut w, &[]), [(1, vec![(OPPORTUNITY, twice.clone())]), (2, vec![(None, twice)])]);
    // Our clock has gone back: the count begins anew.
    w.now = first.plus_ms(-1);
    let anew = absent(&w, w.now, w.now, 1);
    assert_eq!(read(&mut w, &[])[0], (1, vec![(OPPORTUNITY, anew)]));
    // So does a read of another scope.
    w.now = first.plus_ms(20);
    let other = Hash128([9; 16]);
    let full = Coverage::Full { scope: other, expected: None, pages_closed: true, canaries_seen: true };
    (w.snapshot.halo, w.snapshot.hit) = (full.clone(), full);
    let anew = Evidence::Absent { scope: other, first: w.now, latest: w.now, reads: 1 };
    assert_eq!(read(&mut w, &[])[0], (1, vec![(OPPORTUNITY, anew)]));
    w.snapshot = whole.snapshot;
    assert_eq!(read(&mut w, &[]), [(1, vec![]), (2, vec![])]);
}

#[test]
fn a_read_that_is_not_complete_says_nothing_of_its_side() {
    let scope = ten().settings.scope_hash();
    let full =
        |pages_closed, canaries_seen| Coverage::Full { scope, expected: None, pages_closed, canaries_seen };
    for coverage in [full(false, true), full(true, false), Coverage::Delta, Coverage::Ids] {
        let mut w = ten();
        lose_ticket(&mut w, 1001);
        lose_item(&mut w, 2);
        w.snapshot.halo = coverage.clone();
        let changed = read(&mut w, &[]);
        assert_eq!(changed.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [2], "{coverage:?}");
    }
}

#[test]
fn a_direct_read_without_an_answer_is_enough_beside_a_canary() {
    let mut w = ten();
    for id in [1001, 1003] {
        lose_ticket(&mut w, id);
    }
    lose_item(&mut w, 2);
    read(&mut w, &[]);
    let keys =
        [RecordKey::Ticket(TicketId(1001)), RecordKey::Ticket(TicketId(1003)), RecordKey::Item(item_id(2))];
    let found = Evidence::NotFoundWithCanary;
    let want = [(1, vec![(OPPORTUNITY, found.clone())]), (2, vec![(None, found)])];
    assert_eq!(read(&mut w, &keys), want, "in place of what was counted");
    assert_eq!(read(&mut w, &keys), []);
}

#[test]
fn each_ticket_of_a_link_has_evidence_of_its_own() {
    let mut w = ten();
    w.ticket(2001, Kind::Project, 1, PLANNED, "Firewall");
    w.link(1, 2001);
    lose_ticket(&mut w, 1001);
    lose_ticket(&mut w, 2001);
    let once = absent(&w, w.now, w.now, 1);
    let both = vec![(OPPORTUNITY, once.clone()), (Some(Kind::Project), once.clone())];
    assert_eq!(read(&mut w, &[]), [(1, both)]);
    w.ticket(2001, Kind::Project, 1, PLANNED, "Firewall");
    let again = absent(&w, w.now, w.now, 2);
    assert_eq!(read(&mut w, &[]), [(1, vec![(OPPORTUNITY, again)])]);
}

#[test]
fn absence_is_enough_after_two_reads_with_the_interval_between() {
    let at = Stamp::ours;
    let absent =
        |latest, reads| Evidence::Absent { scope: Hash128::default(), first: at(100), latest, reads };
    for (evidence, enough) in [
        (absent(at(150), 2), true),
        (absent(at(150), 3), true),
        (absent(at(149), 2), false),
        (absent(at(900), 1), false),
        (absent(Stamp::halo(900), 2), false),
        (Evidence::Flag, true),
        (Evidence::Merged(TicketId(1)), true),
        (Evidence::NotFoundWithCanary, true),
    ] {
        assert_eq!(evidence.is_enough(50), enough, "{evidence:?}");
    }
}

/// A read that misses much of what is linked is itself broken: everything of a side, five records, or more than
/// 30 % of three or more.
#[test]
fn a_read_that_misses_much_is_suspicious() {
    for (all, missing, suspicious) in [
        (1, 0, false),
        (1, 1, false),
        (2, 1, false),
        (2, 2, true),
        (3, 0, false),
        (3, 1, true),
        (4, 1, false),
        (10, 3, false),
        (10, 4, true),
        (14, 4, false),
        (20, 4, false),
        (20, 5, true),
    ] {
        let mut whole = World::new();
        for n in 1..=all {
            whole.pair(n, 1, Kind::Opportunity);
        }
        for side in [Side::Halo, Side::Hit] {
            let mut w = whole.clone();
            for n in 1..=missing {
                match side {
                    Side::Halo => lose_ticket(&mut w, n + 1000),
                    Side::Hit => lose_item(&mut w, n),
                }
            }
            let plan = w.plan();
            let noted = issues(&plan).contains(&IssueCode::ReadSuspicious);
            assert_eq!(noted, suspicious, "{side:?}: {missing} of {all}");
            let diagnosed = plan.diags.iter().any(|d| d.code == DiagnosticCode::DeletesNotConsidered);
            assert_eq!(diagnosed, suspicious);
            // Read in part, absence is no surprise.
            match side {
                Side::Halo => w.snapshot.halo = Coverage::Ids,
                Side::Hit => w.snapshot.hit = Coverage::Delta,
            }
            assert!(!issues(&w.plan()).contains(&IssueCode::ReadSuspicious), "{side:?}: {missing} of {all}");
        }
    }
}

#[test]
fn both_tickets_of_a_link_count_for_what_a_read_misses() {
    let mut w = World::new();
    for n in 1..=2 {
        w.pair(n, 1, Kind::Opportunity);
        w.ticket(n + 2000, Kind::Project, 1, PLANNED, "Firewall");
        w.link(n, n + 2000);
    }
    lose_ticket(&mut w, 2001);
    assert!(!issues(&w.plan()).contains(&IssueCode::ReadSuspicious), "one of four");
    lose_ticket(&mut w, 1001);
    assert!(issues(&w.plan()).contains(&IssueCode::ReadSuspicious), "two of four");
}

/// Counted absences say nothing beside a suspicious read; the others hold.
#[test]
fn a_suspicious_read_silences_absences_alone() {
    let mut w = World::new();
    for n in 1..=3 {
        w.pair(n, 1, Kind::Opportunity);
    }
    lose_ticket(&mut w, 1001);
    let interval = w.settings.sync.absence_interval_ms;
    w.links[0].gone = vec![(OPPORTUNITY, absent(&w, w.now, w.now.plus_ms(interval), 2))];
    assert_eq!(w.plan().proposals.len(), 0);
    w.links[0].gone = vec![(OPPORTUNITY, Evidence::NotFoundWithCanary)];
    assert_eq!(w.plan().proposals.len(), 1);
}

#[test]
fn an_item_that_is_gone_takes_its_tickets_out_once_approved() {
    let mut w = ten();
    w.ticket(2001, Kind::Project, 1, PLANNED, "Firewall");
    w.link(1, 2001);
    w.links[0].gone = vec![(None, Evidence::NotFoundWithCanary)];
    assert!(w.plan().proposals.is_empty(), "it was read");
    lose_item(&mut w, 1);
    w.snapshot.hit = Coverage::Ids;
    let plan = w.plan();
    assert!(plan.is_empty());
    assert_eq!(issues(&plan), [IssueCode::RecordGone]);
    assert_eq!(reasons(&plan), [&SkipReason::RecordGone(Side::Hit)]);
    let [proposal] = &plan.proposals[..] else { panic!("{:?}", plan.proposals) };
    assert_eq!(proposal.ticket, None);
    w.decisions.approvals.insert(proposal.id);
    let plan = w.plan();
    assert_eq!(codes(&plan), ["unlink", "unlink"]);
    assert!(plan.proposals.is_empty() && plan.issues.is_empty());
}

#[test]
fn only_the_ticket_that_leads_stops_its_link() {
    let mut w = ten();
    w.ticket(2001, Kind::Project, 1, PLANNED, "Firewall");
    let approved = Obs::Value(Value::hit_status(&hit_status("Approved")));
    w.hit(1).fields.set(FieldId::Status, approved);
    w.link(1, 2001);
    w.halo(1001).deleted = true;
    let plan = w.plan();
    assert_eq!((plan.proposals.len(), plan.issues.len(), plan.skips.len()), (1, 0, 0), "{plan:?}");
    w.halo(2001).deleted = true;
    let plan = w.plan();
    assert_eq!((plan.proposals.len(), plan.issues.len(), plan.skips.len()), (2, 1, 1));
    assert_eq!(reasons(&plan), [&SkipReason::RecordGone(Side::Halo)]);
    // Approved for the one that does not lead: it alone is forgotten.
    let opportunity = plan.proposals.iter().find(|p| p.ticket == Some(TicketId(1001))).unwrap();
    w.decisions.approvals.insert(opportunity.id);
    let plan = w.plan();
    assert!(matches!(plan.ops[0].kind, OpKind::Unlink { kind: Kind::Opportunity, .. }));
    assert_eq!((plan.ops.len(), plan.proposals.len()), (1, 1));
}

#[test]
fn evidence_about_a_moved_ticket_is_withdrawn_by_any_read_of_it() {
    let mut w = opportunity();
    w.links[0].gone = vec![(OPPORTUNITY, Evidence::NotFoundWithCanary)];
    w.halo(1001).client = HaloClientId(102);
    assert_eq!(read(&mut w, &[]), [(1, vec![])]);
}

#[test]
fn a_link_whose_record_is_gone_is_not_written() {
    let mut w = opportunity();
    w.halo(1001).deleted = true;
    w.hit(1).fields.set(FieldId::Name, Obs::Value(Value::text("New")));
    assert!(w.plan().is_empty());
}
