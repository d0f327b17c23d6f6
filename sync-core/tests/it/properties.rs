//! What must hold for any pair of tenants. A failing case prints its seed and stays in `proptest-regressions`.

use crate::world::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use sync_core::field::FieldId;
use sync_core::ids::{ItemId, Kind, TicketId};
use sync_core::plan::{Op, OpKind, Plan, explain_op, parse, to_canonical_json};
use sync_core::planner::{plan, plan_one};
use sync_core::settings::{ConflictRule, Direction, FieldRule, Scope};
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

/// One pair or loose record, generated in agreement and then changed on either side.
#[derive(Clone, Debug)]
struct Seed {
    client: i64,
    kind: Kind,
    what: What,
    hit_status: Option<u8>,
    halo_status: Option<u8>,
    hit_name: Option<u8>,
    halo_name: Option<u8>,
    hit_due: Option<i8>,
    halo_due: Option<i8>,
    hit_start: Option<i8>,
    halo_start: Option<i8>,
    hit_budget: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum What {
    Linked,
    Item,
    Ticket,
}

fn seed() -> impl Strategy<Value = Seed> {
    let what = prop_oneof![4 => Just(What::Linked), 2 => Just(What::Item), 1 => Just(What::Ticket)];
    let kind = prop_oneof![Just(Kind::Opportunity), Just(Kind::Project)];
    let status = || proptest::option::of(0..6_u8);
    let name = || proptest::option::of(0..3_u8);
    let date = || proptest::option::of(1..9_i8);
    (
        (1..4_i64, kind, what, status(), status(), name(), name()),
        (date(), date(), date(), date(), proptest::option::of(0..3_i64)),
    )
        .prop_map(|((client, kind, what, hit_status, halo_status, hit_name, halo_name), rest)| {
            let (hit_due, halo_due, hit_start, halo_start, hit_budget) = rest;
            Seed {
                client,
                kind,
                what,
                hit_status,
                halo_status,
                hit_name,
                halo_name,
                hit_due,
                halo_due,
                hit_start,
                halo_start,
                hit_budget,
            }
        })
}

const HIT: [&str; 6] = ["Recommended", "Qualified", "Approved", "Work in Progress", "Completed", "Blue"];

fn name(n: u8) -> Obs<Value> {
    Obs::Value(Value::text(format!("Name {n}")))
}

fn build(seeds: &[Seed], both_ways: bool) -> World {
    let mut w = World::new();
    w.catalogue.capabilities.external_references = true;
    if both_ways {
        for field in [FieldId::Name, FieldId::Due, FieldId::Start] {
            w.settings.sync.project.insert(field, FieldRule::new(Direction::Both));
        }
        let halo = FieldRule { conflict: ConflictRule::HaloWins, ..FieldRule::new(Direction::Both) };
        w.settings.sync.opportunity.insert(FieldId::Name, halo);
    }
    for (at, s) in seeds.iter().enumerate() {
        let n = at as i64 + 1;
        match s.what {
            What::Linked => w.pair(n, s.client, s.kind),
            What::Item => drop(w.item(n, s.client, "Qualified", "Firewall").clone()),
            What::Ticket => drop(w.ticket(n + 1000, s.kind, s.client, OPEN, "Firewall").clone()),
        }
        if s.what != What::Ticket {
            let item = w.hit(n);
            let mut set = |field, value: Option<Obs<Value>>| {
                if let Some(value) = value {
                    item.fields.set(field, value);
                }
            };
            let status =
                s.hit_status.map(|x| Obs::Value(Value::hit_status(&hit_status(HIT[usize::from(x)]))));
            set(FieldId::Status, status);
            set(FieldId::Name, s.hit_name.map(name));
            set(FieldId::Due, s.hit_due.map(|d| Obs::Value(day(d))));
            set(FieldId::Start, s.hit_start.map(|d| Obs::Value(day(d))));
            set(FieldId::BudgetOnce, s.hit_budget.map(|b| Obs::Value(eur(b))));
        }
        if s.what != What::Item {
            let statuses = match s.kind {
                Kind::Opportunity => [OPEN, QUOTED, WON],
                Kind::Project => [PLANNED, RUNNING, DONE],
            };
            let closed: BTreeMap<_, _> = w.catalogue.statuses.iter().map(|(id, s)| (*id, s.closed)).collect();
            let ticket = w.halo(n + 1000);
            let mut set = |field, value: Option<Obs<Value>>| {
                if let Some(value) = value {
                    ticket.fields.set(field, value);
                }
            };
            let status = s.halo_status.map(|x| statuses[usize::from(x) % 3]);
            set(FieldId::Status, status.map(|x| Obs::Value(Value::halo_status(x))));
            set(FieldId::Name, s.halo_name.map(name));
            set(FieldId::Due, s.halo_due.map(|d| Obs::Value(day(d))));
            set(FieldId::Start, s.halo_start.map(|d| Obs::Value(day(d))));
            ticket.closed = ticket.status().is_some_and(|s| closed.get(&s) == Some(&true));
        }
    }
    w
}

fn worlds() -> impl Strategy<Value = World> {
    (proptest::collection::vec(seed(), 0..8), any::<bool>()).prop_map(|(seeds, both)| build(&seeds, both))
}

fn ops_of(plan: &Plan, item: &ItemId) -> Vec<Op> {
    plan.ops.iter().filter(|op| op.item.as_ref() == Some(item)).cloned().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A1, A2: the order of the input does not matter, to the byte; and a plan survives its file.
    #[test]
    fn the_order_of_the_input_does_not_matter(w in worlds(), turn in any::<prop::sample::Index>()) {
        let bytes = to_canonical_json(&w.plan());
        let mut other = w.clone();
        other.links.reverse();
        if !other.links.is_empty() {
            let by = turn.index(other.links.len());
            other.links.rotate_left(by);
        }
        other.snapshot.items.reverse();
        other.snapshot.tickets.reverse();
        other.snapshot.normalise();
        prop_assert_eq!(&to_canonical_json(&other.plan()), &bytes);
        prop_assert_eq!(parse(&bytes).unwrap(), w.plan());
    }

    /// C1, C2: three faultless runs at most until nothing is left to do, and then nothing is written.
    #[test]
    fn three_runs_are_enough(mut w in worlds()) {
        let rounds = w.settle();
        prop_assert!(rounds <= 3, "{rounds}");
        let plan = w.plan();
        prop_assert!(plan.is_empty() && !plan.writes());
        prop_assert_eq!(plan.head.counts.creates() + plan.head.counts.updates() + plan.head.counts.link_backs, 0);
    }

    /// A3: planning and applying record by record ends where all at once ends.
    #[test]
    fn splitting_a_run_changes_nothing(w in worlds()) {
        let mut whole = w.clone();
        whole.settle();
        let mut split = w;
        for _ in 0..4 {
            let items: Vec<ItemId> = split.snapshot.items.iter().map(|i| i.id.clone()).collect();
            for item in items {
                let only = BTreeSet::from([item]);
                let mut input = split.input();
                input.only = Some(&only);
                let part = plan(&input);
                split.apply(&part);
            }
        }
        prop_assert!(split.plan().is_empty());
        let ids = |w: &World| -> BTreeMap<ItemId, (Option<TicketId>, Option<TicketId>)> {
            w.links.iter().map(|l| (l.item.clone(), (l.opportunity, l.project))).collect()
        };
        prop_assert_eq!(ids(&whole).len(), ids(&split).len());
        let values = |w: &World| -> Vec<_> { w.snapshot.items.iter().map(|i| i.fields.clone()).collect() };
        prop_assert_eq!(values(&whole), values(&split));
        let values = |w: &World| -> BTreeSet<String> {
            w.snapshot.tickets.iter().map(|t| format!("{:?} {:?}", t.marker, t.fields)).collect()
        };
        prop_assert_eq!(values(&whole), values(&split));
    }

    /// A7: operations of equal rank may be carried out in any order.
    #[test]
    fn equal_ranks_commute(w in worlds()) {
        let plan = w.plan();
        let mut there = w.clone();
        there.apply(&plan);
        let mut back = plan.clone();
        back.ops.reverse();
        back.ops.sort_by_key(|op| op.rank);
        let mut here = w;
        here.apply(&back);
        // New ids depend on the order in which the server gives them; everything else must not.
        let tickets = |w: &World| -> BTreeSet<String> {
            w.snapshot.tickets.iter().map(|t| format!("{:?} {:?} {}", t.marker, t.fields, t.closed)).collect()
        };
        prop_assert_eq!(tickets(&there), tickets(&here));
        let bases = |w: &World| -> BTreeMap<_, _> { w.links.iter().map(|l| (l.item.clone(), l.base.clone())).collect() };
        prop_assert_eq!(bases(&there), bases(&here));
    }

    /// A4: an unrelated record changes no other operation, conflict or skip.
    #[test]
    fn an_unrelated_record_changes_nothing_else(w in worlds(), extra in seed()) {
        let before = w.plan();
        let mut more = w.clone();
        let n = 90;
        match extra.what {
            What::Linked => more.pair(n, extra.client, extra.kind),
            What::Item => drop(more.item(n, extra.client, "Qualified", "X").clone()),
            What::Ticket => drop(more.ticket(n + 1000, extra.kind, extra.client, OPEN, "X").clone()),
        }
        let mut after = more.plan();
        let is_new = |item: &Option<ItemId>| *item == Some(item_id(n));
        after.ops.retain(|op| !is_new(&op.item));
        after.skips.retain(|s| !is_new(&s.item));
        prop_assert_eq!(after.ops, before.ops);
        prop_assert_eq!(after.conflicts, before.conflicts);
        prop_assert_eq!(after.skips, before.skips);
    }

    /// A6: no clock decides anything here.
    #[test]
    fn clocks_do_not_matter(w in worlds(), shift in -10_000_000_i64..10_000_000) {
        let bytes = to_canonical_json(&w.plan());
        let mut other = w;
        other.now = other.now.plus_ms(shift);
        for item in &mut other.snapshot.items {
            item.last_update = Some(Stamp::hit(shift));
        }
        for ticket in &mut other.snapshot.tickets {
            ticket.last_update = Some(Stamp::halo(-shift));
        }
        prop_assert_eq!(to_canonical_json(&other.plan()), bytes);
    }

    /// S5: hiding fields only takes away; nothing hidden is written, nothing else changes.
    #[test]
    fn hidden_fields_only_take_away(w in worlds(), mask in proptest::collection::vec(any::<(u8, bool, bool)>(), 1..6)) {
        let before = w.plan();
        let mut other = w.clone();
        let mut hidden = BTreeSet::new();
        for (field, halo, forbidden) in mask {
            // Without its status or name an item is another case; those have their own tests.
            let field = [FieldId::Due, FieldId::Start, FieldId::BudgetOnce][usize::from(field) % 3];
            let obs = if forbidden { Obs::Forbidden } else { Obs::NotFetched };
            hidden.insert(field);
            if halo {
                other.snapshot.tickets.iter_mut().for_each(|t| t.fields.set(field, obs.clone()));
            } else {
                other.snapshot.items.iter_mut().for_each(|i| i.fields.set(field, obs.clone()));
            }
        }
        let after = other.plan();
        let writes = |plan: &Plan| -> BTreeSet<String> {
            plan.ops
                .iter()
                .filter(|op| !matches!(op.kind, OpKind::Create(_)))
                .flat_map(|op| op.set.iter().map(|(f, v)| format!("{:?} {:?} {} {f} {v:?}", op.item, op.kind.side(), op.kind.pair_kind())).collect::<Vec<_>>())
                .collect()
        };
        // Dates are a group: without one, the rule about their order can no longer hold the other back.
        let dates = hidden.iter().any(|f| f.is_date());
        let (many, few) = (writes(&before), writes(&after));
        for write in &few {
            prop_assert!(many.contains(write) || dates && (write.contains(" due ") || write.contains(" start ")), "{write}");
        }
        for op in &after.ops {
            for (field, _) in op.set.iter() {
                let source = op.source.get(field);
                prop_assert!(source.is_seen(), "{field} was written without being seen");
            }
        }
    }

    /// S11: a smaller scope is the same plan with fewer lines.
    #[test]
    fn a_smaller_scope_only_takes_away(w in worlds()) {
        let global = w.plan();
        let mut small = w;
        small.settings.sync.scope = Scope::Validation([client(1)].into());
        let few = small.plan();
        let want: Vec<_> = global
            .ops
            .iter()
            .filter(|op| op.client == client(1) && !matches!(op.kind, OpKind::Create(_) | OpKind::LinkBack { .. }))
            .collect();
        let got: Vec<_> = few
            .ops
            .iter()
            .filter(|op| !matches!(op.kind, OpKind::Create(_) | OpKind::LinkBack { .. }))
            .collect();
        prop_assert_eq!(got, want);
        prop_assert!(few.ops.iter().all(|op| op.client == client(1)));
    }

    /// S15: no ticket is linked twice, no item gets two tickets of a kind.
    #[test]
    fn one_ticket_belongs_to_one_item(mut w in worlds()) {
        w.settle();
        let mut seen = BTreeSet::new();
        for link in &w.links {
            for ticket in [link.opportunity, link.project].into_iter().flatten() {
                prop_assert!(seen.insert(ticket));
            }
        }
        let mut markers = BTreeSet::new();
        for marker in w.snapshot.tickets.iter().filter_map(|t| t.marker.clone()) {
            prop_assert!(markers.insert(marker));
        }
    }

    /// A8: names are stable, and different things have different names.
    #[test]
    fn names_are_stable_and_unique(w in worlds()) {
        let (one, two) = (w.plan(), w.plan());
        let names: Vec<_> = one.ops.iter().map(|op| op.id).collect();
        prop_assert_eq!(&names, &two.ops.iter().map(|op| op.id).collect::<Vec<_>>());
        prop_assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for op in &one.ops {
            prop_assert_eq!(op.name(), op.id);
            for dependency in &op.after {
                let at = |id| one.ops.iter().position(|op| op.id == id);
                prop_assert!(at(*dependency).unwrap() < at(op.id).unwrap(), "executable in order");
            }
        }
    }

    /// A9: the sentence is made from the line alone, and names every value that is written.
    #[test]
    fn explanations_need_nothing_but_the_line(w in worlds()) {
        let plan = w.plan();
        let read = parse(&to_canonical_json(&plan)).unwrap();
        for (op, again) in plan.ops.iter().zip(&read.ops) {
            let text = explain_op(op);
            prop_assert_eq!(&text, &explain_op(again));
            prop_assert!(text.ends_with('.') && text.contains(", because "), "{text}");
            if let OpKind::Update { .. } = op.kind {
                for (field, value) in op.set.iter() {
                    prop_assert!(text.contains(field.label()), "{text}");
                    if let Obs::Value(value) = value {
                        prop_assert!(text.contains(&format!("{value}")), "{text}");
                    }
                }
            }
        }
    }

    /// V12: start is never after due on a side that was written.
    #[test]
    fn dates_stay_in_order(mut w in worlds()) {
        let before: BTreeMap<_, _> = w.snapshot.tickets.iter().map(|t| (t.id, t.fields.clone())).collect();
        w.settle();
        for ticket in &w.snapshot.tickets {
            let changed = before.get(&ticket.id).is_some_and(|old| {
                [FieldId::Start, FieldId::Due].into_iter().any(|f| old.get(f) != ticket.fields.get(f))
            });
            let (start, due) = (ticket.fields.get(FieldId::Start), ticket.fields.get(FieldId::Due));
            if let (true, Obs::Value(start), Obs::Value(due)) = (changed, start, due) {
                prop_assert!(start <= due, "{start} {due}");
            }
        }
    }

    /// One link planned alone is what the whole plan says of it, and a clean mark never hides anything.
    #[test]
    fn one_link_alone_and_clean_marks_agree_with_the_whole(mut w in worlds()) {
        let whole = w.plan();
        for link in &w.links {
            let mut alone = plan_one(&w.input(), link).ops;
            alone.sort_by_key(|op| op.id);
            let mut part = ops_of(&whole, &link.item);
            part.sort_by_key(|op| op.id);
            prop_assert_eq!(alone, part);
        }
        w.settle();
        let whole = w.plan();
        w.mark_clean();
        prop_assert_eq!(&w.plan(), &whole);
        for item in &mut w.snapshot.items {
            item.fields.set(FieldId::Name, Obs::Value(Value::text("Else")));
        }
        let marked = w.plan();
        w.links.iter_mut().for_each(|l| l.clean = None);
        prop_assert_eq!(marked, w.plan());
    }
}
