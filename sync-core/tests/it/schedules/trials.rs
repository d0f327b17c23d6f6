//! Trials of guards that one plan is enough for: each says whether the plan does what the guard forbids.

use crate::world::*;
use sync_core::base::{Evidence, Link, PendingWrite};
use sync_core::decision::PairingAnswer;
use sync_core::exec::{DirtyMark, Exec, JournalView, Memory, RecordKey, Step};
use sync_core::field::FieldId;
use sync_core::ids::{HaloClientId, Kind, Side, TicketId};
use sync_core::plan::{OpKind, Plan, Proposal, ProposalKind, Rank, Verdict};
use sync_core::settings::{Blank, ConflictRule, Direction, FieldRule, FirstLink, PromotionMode, Scope};
use sync_core::value::{Obs, Value};

fn opportunity() -> World {
    let mut w = World::new();
    w.pair(1, 1, Kind::Opportunity);
    w
}

fn project() -> World {
    let mut w = World::new();
    w.pair(1, 1, Kind::Project);
    w
}

fn text(text: &str) -> Obs<Value> {
    Obs::Value(Value::text(text))
}

fn writes(plan: &Plan, side: Side) -> bool {
    plan.ops.iter().any(|op| op.kind.side() == Some(side) && !matches!(op.kind, OpKind::LinkBack { .. }))
}

fn forgets(plan: &Plan) -> bool {
    plan.proposals.iter().any(|proposal| matches!(proposal.kind, ProposalKind::Unlink { .. }))
}

/// Halo's "quoted" leads to HIT's "Qualified", which is what HIT holds: no reason to write anything.
pub(super) fn consistent() -> bool {
    let mut w = opportunity();
    let status = Obs::Value(Value::halo_status(QUOTED));
    w.halo(1001).fields.set(FieldId::Status, status);
    w.links[0].base.opportunity.remove(&FieldId::Status);
    let rule = FieldRule {
        conflict: ConflictRule::HitWins,
        first_link: FirstLink::Policy,
        ..FieldRule::new(Direction::Both)
    };
    w.settings.sync.opportunity.insert(FieldId::Status, rule);
    writes(&w.plan(), Side::Halo)
}

/// Halo's due date was not read this time.
pub(super) fn not_observed() -> bool {
    let mut w = project();
    let rule = FieldRule { blank: Blank::IsValue, ..FieldRule::new(Direction::Both) };
    w.settings.sync.project.insert(FieldId::Due, rule);
    w.hit(1).fields.set(FieldId::Due, Obs::Value(day(1)));
    w.halo(1001).fields.set(FieldId::Due, Obs::Value(day(1)));
    w.link(1, 1001);
    w.halo(1001).fields.set(FieldId::Due, Obs::NotFetched);
    writes(&w.plan(), Side::Hit)
}

/// Somebody emptied HIT's due date, and blank may not overwrite.
pub(super) fn blank() -> bool {
    let mut w = project();
    w.settings.sync.project.insert(FieldId::Due, FieldRule::new(Direction::Both));
    w.hit(1).fields.set(FieldId::Due, Obs::Value(day(1)));
    w.halo(1001).fields.set(FieldId::Due, Obs::Value(day(1)));
    w.link(1, 1001);
    w.hit(1).fields.set(FieldId::Due, Obs::Null);
    writes(&w.plan(), Side::Halo)
}

pub(super) fn closed_ticket() -> bool {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::Name, text("Router"));
    w.halo(1001).closed = true;
    writes(&w.plan(), Side::Halo)
}

/// The item is completed and its name was changed: the ticket must be open when the name is written.
pub(super) fn close_last() -> bool {
    let mut w = project();
    w.settings.sync.project.insert(FieldId::Name, FieldRule::new(Direction::Both));
    w.hit(1).fields.set(FieldId::Name, text("Router"));
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Completed"))));
    let plan = w.plan();
    let close = plan.ops.iter().position(|op| matches!(op.kind, OpKind::StatusWrite { .. }));
    let rename = plan.ops.iter().position(|op| matches!(op.kind, OpKind::Update { .. }));
    close < rename
        || plan.ops.iter().any(|op| matches!(op.kind, OpKind::StatusWrite { .. }) && op.rank < Rank::Close)
}

pub(super) fn date_order() -> bool {
    let mut w = project();
    for field in [FieldId::Start, FieldId::Due] {
        w.settings.sync.project.insert(field, FieldRule::new(Direction::Both));
    }
    w.hit(1).fields.set(FieldId::Start, Obs::Value(day(9)));
    w.halo(1001).fields.set(FieldId::Due, Obs::Value(day(4)));
    let plan = w.plan();
    writes(&plan, Side::Halo) || writes(&plan, Side::Hit)
}

pub(super) fn currency() -> bool {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::BudgetOnce, Obs::Value(eur(500)));
    w.settings.project.halo_currency = Some("USD".parse().expect("a currency"));
    writes(&w.plan(), Side::Halo)
}

/// Two items are said to be one ticket.
pub(super) fn unique_link() -> bool {
    let mut w = World::new();
    w.item(1, 1, "Qualified", "Firewall");
    w.item(2, 1, "Qualified", "Firewall");
    w.ticket(900, Kind::Opportunity, 1, OPEN, "Firewall");
    for n in 1..=2 {
        w.decisions.pairings.insert(item_id(n), PairingAnswer::Link(TicketId(900)));
    }
    w.plan().ops.iter().filter(|op| matches!(op.kind, OpKind::Adopt { .. })).count() > 1
}

/// The item of our own ticket is not in the read.
pub(super) fn own_image() -> bool {
    let mut w = World::new();
    w.item(1, 1, "Qualified", "Firewall");
    w.settle();
    w.links.clear();
    w.snapshot.items.clear();
    w.settings.sync.import.enabled = true;
    w.settings.sync.import.created_after = Some(jiff::civil::date(2023, 1, 1));
    for ticket in &mut w.snapshot.tickets {
        ticket.created = Some(sync_core::stamp::Stamp::halo(1_700_000_000_000));
    }
    writes(&w.plan(), Side::Hit)
}

pub(super) fn client_moved() -> bool {
    let mut w = opportunity();
    w.hit(1).fields.set(FieldId::Name, text("Router"));
    w.halo(1001).client = HaloClientId(102);
    writes(&w.plan(), Side::Halo)
}

/// Ten links; the first ticket was absent from so many complete reads of this scope.
fn absent(reads: u32, of: impl FnOnce(&World) -> sync_core::hash::Hash128) -> World {
    let mut w = World::new();
    for n in 1..=10 {
        w.pair(n, 1, Kind::Opportunity);
    }
    w.snapshot.tickets.retain(|ticket| ticket.id != TicketId(1001));
    let latest = w.now.plus_ms(w.settings.sync.absence_interval_ms);
    let evidence = Evidence::Absent { scope: of(&w), first: w.now, latest, reads };
    w.links[0].gone = vec![(Some(Kind::Opportunity), evidence)];
    w
}

pub(super) fn evidence() -> bool {
    forgets(&absent(1, |w| w.settings.scope_hash()).plan())
}

pub(super) fn scope_hash() -> bool {
    let mut w = absent(2, |w| w.settings.scope_hash());
    // A followed type less: its tickets vanish from every list.
    w.settings.project.opportunity.followed.insert(sync_core::ids::TicketTypeId(77));
    forgets(&w.plan())
}

pub(super) fn suspicious_read() -> bool {
    let mut w = absent(2, |w| w.settings.scope_hash());
    w.snapshot.tickets.truncate(4);
    forgets(&w.plan())
}

pub(super) fn withdrawal() -> bool {
    let mut w = absent(2, |w| w.settings.scope_hash());
    w.ticket(1001, Kind::Opportunity, 1, OPEN, "Firewall");
    forgets(&w.plan())
}

/// A promotion was approved, called off, and is wanted again.
pub(super) fn approval_bound() -> bool {
    let mut w = opportunity();
    w.settings.sync.scope = Scope::Validation([client(1)].into());
    w.hit(1).fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status("Approved"))));
    w.links[0].promotion_since = Some(w.now.plus_ms(-w.settings.sync.promotion.wait_ms));
    let kind = ProposalKind::Promote { mode: PromotionMode::Linked, project: None };
    let status = hit_status("Approved");
    let name = |link: &Link| Proposal::name(&kind, link, Some(TicketId(1001)), Some(&status));
    w.decisions.approvals.insert(name(&w.links[0]));
    w.links[0].called_off = 1;
    writes(&w.plan(), Side::Halo)
}

/// On linking, a person kept Halo's name. Later both sides are changed to the same two names again.
pub(super) fn reason_bound() -> bool {
    let mut w = opportunity();
    let rule = FieldRule { first_link: FirstLink::Manual, ..FieldRule::new(Direction::Both) };
    w.settings.sync.opportunity.insert(FieldId::Name, rule);
    w.hit(1).fields.set(FieldId::Name, text("A"));
    w.halo(1001).fields.set(FieldId::Name, text("B"));
    let base = w.links[0].base.opportunity.remove(&FieldId::Name).expect("a base");
    let asked = w.plan().conflicts[0].id;
    w.decisions.conflicts.insert(asked, Side::Halo);
    w.links[0].base.opportunity.insert(FieldId::Name, base);
    writes(&w.plan(), Side::Hit)
}

/// A write that could still be applied after the read began, and no longer can by now.
pub(super) fn pending_until_reread() -> bool {
    let mut w = opportunity();
    w.links[0].pending.push(PendingWrite {
        before: Obs::NotFetched,
        op: sync_core::hash::Hash128::of(b"a write"),
        side: Side::Halo,
        kind: Kind::Opportunity,
        field: FieldId::Name,
        sent: Some(Value::text("Router")),
        sent_at: w.now.plus_ms(-50),
        settle_until: w.now.plus_ms(50),
    });
    let item = w.links[0].item.clone();
    let memory = Memory {
        links: [(item.clone(), w.links[0].clone())].into(),
        intents: std::collections::BTreeMap::new(),
    };
    let dirty = vec![DirtyMark { record: RecordKey::Item(item), mark: 1 }];
    let plan = w.plan();
    let journal = JournalView { head: w.head.clone(), memory, read_at: w.now, dirty };
    let mut exec = Exec::new(plan, journal, &w.settings, None).expect("a fresh plan");
    match exec.poll(w.now.plus_ms(100)) {
        Step::Commit(commit) => commit.links.iter().any(|link| link.settled_by.is_some()),
        _ => false,
    }
}

pub(super) fn limits() -> bool {
    let mut w = World::new();
    for n in 1..=60 {
        w.item(n, 1 + n % 3, "Qualified", "Firewall");
    }
    w.plan().head.verdict == Verdict::Ok
}
