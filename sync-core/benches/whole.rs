//! A whole plan over a million links: compare the sorted digests of both sides, then open and plan what differs.
//!
//! `cargo bench -p sync-core --bench whole` prints medians and ranges. Digests are ready and sorted; what it takes to
//! make them is in the bench `plan`. Loading the rows that differ from a database is not counted.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::time::Instant;

use sync_core::base::{BaseCell, BaseHead, Link};
use sync_core::catalogue::{Catalogue, Directory, HaloClient, HaloStatus, HitStatus, Site};
use sync_core::decision::{Candidates, Decisions};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{
    HaloClientId, HitClientId, HitStatusId, ItemId, Kind, PairId, SiteId, StatusId, TicketId, TicketTypeId,
};
use sync_core::plan::Plan;
use sync_core::planner::digest::{ItemRow, Row, TicketRow, compare, item_key};
use sync_core::planner::{PlanInput, clean_marks, plan};
use sync_core::record::{HaloTicket, HitItem, Snapshot};
use sync_core::settings::{HitTarget, Scope, Settings, StatusMap, StatusTarget};
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

const LINKS: i64 = 1_000_000;
const SALES: TicketTypeId = TicketTypeId(30);
const OPEN: StatusId = StatusId(1);
const CLIENTS: i64 = 500;

/// What the database remembers, and what was read. All links, as digests.
struct Lists {
    clean_tickets: Vec<TicketRow>,
    clean_items: Vec<ItemRow>,
    tickets: Vec<TicketRow>,
    items: Vec<ItemRow>,
    /// The rows and links behind the digests that differ, as the database would give them.
    by_key: BTreeMap<u128, usize>,
    rows: Vec<(Link, HitItem, HaloTicket)>,
}

struct Tenants {
    catalogue: Catalogue,
    directory: Directory,
    settings: Settings,
}

fn tenants() -> Tenants {
    let qualified = HitStatusId::from("qualified");
    let mut catalogue = Catalogue::default();
    catalogue
        .hit_statuses
        .insert(qualified.clone(), HitStatus { name: "Qualified".into(), ..HitStatus::default() });
    catalogue.statuses.insert(OPEN, HaloStatus { name: "Open".into(), closed: false });
    let mut directory = Directory::default();
    for n in 0..CLIENTS {
        let sites = [(SiteId(n), Site { active: true })].into();
        let client = HaloClient { name: format!("Client {n}").into(), sites, ..HaloClient::default() };
        catalogue.halo_clients.insert(HaloClientId(n), client);
        directory.clients.insert(HitClientId::new(format!("c{n}")), HaloClientId(n));
    }
    let mut settings = Settings::defaults_for(&catalogue);
    settings.sync.scope = Scope::Global;
    settings.project.opportunity.create_type = Some(SALES);
    let map = StatusMap {
        to_halo: [(qualified.clone(), StatusTarget::set(OPEN))].into(),
        to_hit: [(OPEN, HitTarget::To(qualified))].into(),
    };
    settings.status.insert(SALES, map);
    Tenants { catalogue, directory, settings }
}

fn pair(n: i64) -> (Link, HitItem, HaloTicket) {
    let client = HitClientId::new(format!("c{}", n % CLIENTS));
    // Everything was fetched, and most of it is blank.
    let blank = || FieldId::ALL.into_iter().fold(FieldRow::new(), FieldRow::with_null);
    let mut item = HitItem::new(ItemId::new(format!("5f0c1c1e-8f3c-4c0e-9a55-{n:012}")), client.clone());
    item.fields = blank();
    item.fields.set(FieldId::Name, Obs::Value(Value::text(format!("Firewall {n}").as_str())));
    item.fields.set(FieldId::Status, Obs::Value(Value::hit_status(&HitStatusId::from("qualified"))));
    let mut ticket = HaloTicket::new(TicketId(n), Some(Kind::Opportunity), SALES, HaloClientId(n % CLIENTS));
    ticket.fields = blank();
    ticket.fields.set(FieldId::Name, item.fields.get(FieldId::Name).clone());
    ticket.fields.set(FieldId::Status, Obs::Value(Value::halo_status(OPEN)));
    let mut link = Link::new(item.id.clone(), client, ticket.client);
    link.set_ticket(Kind::Opportunity, Some(ticket.id));
    for field in FieldId::ALL {
        let cell = BaseCell {
            halo: ticket.fields.get(field).value().cloned(),
            hit: item.fields.get(field).value().cloned(),
        };
        link.base.of_mut(Kind::Opportunity).insert(field, cell);
    }
    (link, item, ticket)
}

/// A million links of which one in `changed_every` was renamed in HIT since.
fn lists(changed_every: i64) -> Lists {
    let mut out = Lists {
        clean_tickets: Vec::with_capacity(LINKS as usize),
        clean_items: Vec::with_capacity(LINKS as usize),
        tickets: Vec::with_capacity(LINKS as usize),
        items: Vec::with_capacity(LINKS as usize),
        by_key: BTreeMap::new(),
        rows: Vec::new(),
    };
    for n in 1..=LINKS {
        let (link, mut item, ticket) = pair(n);
        let key = item_key(&item.id);
        let row = Row::new(ticket.id, ticket.digest());
        out.clean_tickets.push(row);
        out.tickets.push(row);
        out.clean_items.push(Row::new(key, item.digest()));
        if n % changed_every == 0 {
            let renamed = Value::text(format!("Firewall {n}, second site").as_str());
            item.fields.set(FieldId::Name, Obs::Value(renamed));
            out.items.push(Row::new(key, item.digest()));
            out.by_key.insert(key, out.rows.len());
            out.rows.push((link, item, ticket));
        } else {
            out.items.push(Row::new(key, item.digest()));
        }
    }
    out.clean_items.sort_unstable_by_key(|row| row.key);
    out.items.sort_unstable_by_key(|row| row.key);
    out
}

/// Both comparisons alone: how many rows are equal and how many differ.
fn counted(lists: &Lists) -> (usize, u64) {
    let mut changed = 0_u64;
    let equal = compare(&lists.clean_tickets, &lists.tickets, |_, _| changed += 1)
        + compare(&lists.clean_items, &lists.items, |_, _| changed += 1);
    (equal, changed)
}

/// The digests of both sides; the places of the rows that differ.
fn compared(lists: &Lists) -> Vec<usize> {
    let mut changed = BTreeSet::new();
    let equal = compare(&lists.clean_tickets, &lists.tickets, |_, _| unreachable!("no ticket changed"));
    assert_eq!(equal, lists.tickets.len());
    compare(&lists.clean_items, &lists.items, |key, _| {
        changed.insert(lists.by_key[&key]);
    });
    changed.into_iter().collect()
}

fn planned(lists: &Lists, tenants: &Tenants, changed: &[usize]) -> Plan {
    let links: Vec<Link> = changed.iter().map(|at| lists.rows[*at].0.clone()).collect();
    let mut snapshot = Snapshot {
        items: changed.iter().map(|at| lists.rows[*at].1.clone()).collect(),
        tickets: changed.iter().map(|at| lists.rows[*at].2.clone()).collect(),
        ..Snapshot::default()
    };
    snapshot.normalise();
    given(tenants, &links, &snapshot, LINKS, plan)
}

/// Puts the input of a plan together.
fn given<T>(
    tenants: &Tenants,
    links: &[Link],
    snapshot: &Snapshot,
    total: i64,
    make: impl FnOnce(&PlanInput<'_>) -> T,
) -> T {
    make(&PlanInput {
        pair: &PairId::from("tenant|account"),
        head: &BaseHead { lineage: "bench".into(), serial: 1 },
        settings: &tenants.settings,
        catalogue: &tenants.catalogue,
        directory: &tenants.directory,
        links,
        intents: &[],
        snapshot,
        candidates: &Candidates::default(),
        decisions: &Decisions::default(),
        now: Stamp::ours(0),
        only: None,
        taken: None,
        links_total: total as u64,
        digests: None,
    })
}

/// What a plan costs per link when everything was loaded, digests are not ready and nothing has changed.
fn loaded(tenants: &Tenants) {
    const LOADED: i64 = 100_000;
    let (mut links, mut snapshot) = (Vec::new(), Snapshot::default());
    for n in 1..=LOADED {
        let (link, item, ticket) = pair(n);
        links.push(link);
        snapshot.items.push(item);
        snapshot.tickets.push(ticket);
    }
    snapshot.normalise();
    let marks: BTreeMap<_, _> = given(tenants, &links, &snapshot, LOADED, clean_marks).into_iter().collect();
    for link in &mut links {
        link.clean = marks.get(&link.item).copied();
    }
    assert!(links.iter().all(|link| link.clean.is_some()), "everything agrees");
    let only_plan = || given(tenants, &links, &snapshot, LOADED, plan);
    assert_eq!(only_plan().head.counts.unchanged, LOADED as u64);
    let (middle, low, high) = timed(7, only_plan);
    println!(
        "everything loaded, digests made on the way: {:.2} us per unchanged link ({:.2} to {:.2})",
        middle * 1e3 / LOADED as f64,
        low * 1e3 / LOADED as f64,
        high * 1e3 / LOADED as f64
    );
}

/// Median and range of so many runs, in milliseconds.
fn timed<T>(rounds: usize, mut run: impl FnMut() -> T) -> (f64, f64, f64) {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            black_box(run());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    (times[rounds / 2], times[0], times[rounds - 1])
}

fn main() {
    let tenants = tenants();
    loaded(&tenants);
    let resident = 2 * (size_of::<ItemRow>() + size_of::<TicketRow>());
    println!("resident per link with one ticket: {resident} B (digests of both sides, clean and read)");
    println!(
        "one in    compare                      per unchanged link   compare and plan             operations"
    );
    for changed_every in [1_000, 100] {
        let lists = lists(changed_every);
        let changed = compared(&lists);
        let made = planned(&lists, &tenants, &changed);
        assert_eq!(made.ops.len(), lists.rows.len(), "every renamed item is written to Halo");
        let (middle, low, high) = timed(15, || counted(&lists));
        let (whole, whole_low, whole_high) = timed(7, || planned(&lists, &tenants, &compared(&lists)));
        println!(
            "{changed_every:<8} {middle:>6.1} ms ({low:.1} to {high:.1})   {:>8.1} ns            {whole:>6.1} ms ({whole_low:.1} to {whole_high:.1})   {:>8}",
            middle * 1e6 / (LINKS as f64 - lists.rows.len() as f64),
            made.ops.len()
        );
    }
}
