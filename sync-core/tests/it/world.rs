//! A small pair of tenants in memory, and a faultless runtime that carries out a plan.

use std::collections::BTreeMap;
use sync_core::base::{BaseCell, BaseHead, Intent, Link, LinkState};
use sync_core::catalogue::{
    Agent, Capabilities, Catalogue, Directory, HaloClient, HaloStatus, HitClient, HitStatus, Member, Outcome,
    Site, StatusClass, TicketType,
};
use sync_core::decision::{Candidates, Decisions};
use sync_core::field::FieldId;
use sync_core::ids::{
    AgentId, HaloClientId, HitClientId, HitStatusId, ItemId, Kind, MemberId, OutcomeId, PairId, Side, SiteId,
    StatusId, TicketId, TicketTypeId,
};
use sync_core::plan::{Op, OpKind, Plan};
use sync_core::planner::{PlanInput, clean_marks, plan};
use sync_core::record::{Coverage, ExternalRef, HaloTicket, HitItem, Snapshot};
use sync_core::settings::{HitTarget, Scope, Settings, StatusMap, StatusTarget};
use sync_core::stamp::Stamp;
use sync_core::value::{Money, Obs, Value};

pub(crate) const SALES: TicketTypeId = TicketTypeId(10);
pub(crate) const PROJECT: TicketTypeId = TicketTypeId(20);
pub(crate) const OPEN: StatusId = StatusId(1);
pub(crate) const QUOTED: StatusId = StatusId(2);
pub(crate) const WON: StatusId = StatusId(3);
pub(crate) const PLANNED: StatusId = StatusId(11);
pub(crate) const RUNNING: StatusId = StatusId(12);
pub(crate) const DONE: StatusId = StatusId(13);

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) pair: PairId,
    pub(crate) head: BaseHead,
    pub(crate) settings: Settings,
    pub(crate) catalogue: Catalogue,
    pub(crate) directory: Directory,
    pub(crate) links: Vec<Link>,
    pub(crate) intents: Vec<Intent>,
    pub(crate) snapshot: Snapshot,
    pub(crate) candidates: Candidates,
    pub(crate) decisions: Decisions,
    pub(crate) now: Stamp,
}

/// Only what differs from case to case.
impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for item in &self.snapshot.items {
            writeln!(f, "{} {} {:?}", item.id, item.client, item.fields.iter().collect::<Vec<_>>())?;
        }
        for t in &self.snapshot.tickets {
            writeln!(f, "{} {} {:?} {:?}", t.id, t.client, t.kind, t.fields.iter().collect::<Vec<_>>())?;
        }
        for link in &self.links {
            writeln!(f, "{} {:?} {:?}", link.item, link.opportunity, link.project)?;
        }
        Ok(())
    }
}

pub(crate) fn hit_status(name: &str) -> HitStatusId {
    HitStatusId::from(name)
}

pub(crate) fn client(n: i64) -> HitClientId {
    HitClientId::new(format!("c{n}"))
}

pub(crate) fn item_id(n: i64) -> ItemId {
    ItemId::new(format!("i{n:03}"))
}

pub(crate) fn eur(minor: i64) -> Value {
    Value::Money(Money { minor, currency: "EUR".parse().unwrap() })
}

pub(crate) fn day(d: i8) -> Value {
    Value::Date(jiff::civil::date(2026, 5, d))
}

fn ticket_type(name: &str, kind: Kind, statuses: &[StatusId]) -> TicketType {
    TicketType {
        name: name.into(),
        kind: Some(kind),
        usage: kind.name().into(),
        statuses: statuses.iter().copied().collect(),
        ..TicketType::default()
    }
}

fn map(to_halo: &[(&str, StatusId)], to_hit: &[(StatusId, &str)]) -> StatusMap {
    StatusMap {
        to_halo: to_halo.iter().map(|(t, h)| (hit_status(t), StatusTarget::set(*h))).collect(),
        to_hit: to_hit.iter().map(|(h, t)| (*h, HitTarget::To(hit_status(t)))).collect(),
    }
}

impl World {
    /// Three linked clients, all in scope globally; two types; the known statuses.
    pub(crate) fn new() -> Self {
        let mut catalogue = Catalogue {
            capabilities: Capabilities { external_references: false, ..Capabilities::all() },
            halo_currency: Some("EUR".parse().unwrap()),
            hit_currency: Some("EUR".parse().unwrap()),
            ..Catalogue::default()
        };
        let mut sales = ticket_type("Opportunity", Kind::Opportunity, &[OPEN, QUOTED, WON]);
        let outcome = Outcome { name: "Quote sent".into(), sets: Some(QUOTED), from: [OPEN].into() };
        sales.outcomes.insert(OutcomeId(5), outcome);
        catalogue.ticket_types.insert(SALES, sales);
        catalogue
            .ticket_types
            .insert(PROJECT, ticket_type("Project", Kind::Project, &[PLANNED, RUNNING, DONE]));
        for (id, name, closed) in [
            (OPEN, "Open", false),
            (QUOTED, "Quoted", false),
            (WON, "Won", true),
            (PLANNED, "Planned", false),
            (RUNNING, "Running", false),
            (DONE, "Done", true),
        ] {
            catalogue.statuses.insert(id, HaloStatus { name: name.into(), closed });
        }
        for (id, class) in [
            ("Recommended", StatusClass::Opportunity),
            ("Qualified", StatusClass::Opportunity),
            ("Approved", StatusClass::Project),
            ("Work in Progress", StatusClass::Project),
            ("Completed", StatusClass::Other),
            ("Parked", StatusClass::Other),
        ] {
            let status = HitStatus { name: id.into(), class, ..HitStatus::default() };
            catalogue.hit_statuses.insert(hit_status(id), status);
        }
        let mut directory = Directory::default();
        for n in 1..=3 {
            let site = SiteId(n * 10);
            let halo = HaloClient {
                name: format!("Client {n}").into(),
                main_site: Some(site),
                sites: BTreeMap::from([(site, Site { active: true })]),
                ..HaloClient::default()
            };
            catalogue.halo_clients.insert(HaloClientId(100 + n), halo);
            let hit = HitClient { name: format!("Client {n}").into(), ..HitClient::default() };
            catalogue.hit_clients.insert(client(n), hit);
            directory.clients.insert(client(n), HaloClientId(100 + n));
        }
        for n in 7..=8 {
            let agent = Agent { name: format!("Agent {n}").into(), active: true, ..Agent::default() };
            catalogue.agents.insert(AgentId(n), agent);
            let member = Member { name: format!("Member {n}").into(), active: true, ..Member::default() };
            catalogue.members.insert(MemberId::new(format!("m{n}")), member);
            directory.people.insert(MemberId::new(format!("m{n}")), AgentId(n));
        }
        let mut settings = Settings::defaults_for(&catalogue);
        settings.sync.create.insert(hit_status("Completed"), sync_core::settings::CreateRule::Nothing);
        settings.sync.scope = Scope::Global;
        settings.project.time_zone = Some("Europe/Berlin".into());
        settings.project.opportunity.create_type = Some(SALES);
        settings.project.project.create_type = Some(PROJECT);
        settings.status.insert(
            SALES,
            map(
                &[("Recommended", OPEN), ("Qualified", OPEN)],
                &[(OPEN, "Qualified"), (QUOTED, "Qualified"), (WON, "Approved")],
            ),
        );
        settings.status.insert(
            PROJECT,
            map(
                &[("Approved", PLANNED), ("Work in Progress", RUNNING), ("Completed", DONE)],
                &[(PLANNED, "Approved"), (RUNNING, "Work in Progress"), (DONE, "Completed")],
            ),
        );
        let full = Coverage::Full {
            scope: settings.scope_hash(),
            expected: None,
            pages_closed: true,
            canaries_seen: true,
        };
        Self {
            pair: PairId::from("tenant|account"),
            head: BaseHead { lineage: "test".into(), serial: 1 },
            settings,
            catalogue,
            directory,
            links: Vec::new(),
            intents: Vec::new(),
            snapshot: Snapshot { halo: full.clone(), hit: full, ..Snapshot::default() },
            candidates: Candidates::default(),
            decisions: Decisions::default(),
            now: Stamp::ours(1_000_000_000),
        }
    }

    /// An item with every field read.
    pub(crate) fn item(&mut self, n: i64, of: i64, status: &str, name: &str) -> &mut HitItem {
        let mut item = HitItem::new(item_id(n), client(of));
        for field in FieldId::ALL {
            item.fields.set(field, Obs::Null);
        }
        item.fields.set(FieldId::Status, Obs::Value(Value::hit_status(&hit_status(status))));
        item.fields.set(FieldId::Name, Obs::Value(Value::text(name)));
        self.snapshot.items.push(item);
        self.snapshot.items.sort_by(|a, b| a.id.cmp(&b.id));
        self.hit(n)
    }

    /// A ticket with every field read.
    pub(crate) fn ticket(
        &mut self,
        id: i64,
        kind: Kind,
        of: i64,
        status: StatusId,
        name: &str,
    ) -> &mut HaloTicket {
        let type_id = if kind == Kind::Project { PROJECT } else { SALES };
        let mut ticket = HaloTicket::new(TicketId(id), Some(kind), type_id, HaloClientId(100 + of));
        for field in FieldId::ALL {
            ticket.fields.set(field, Obs::Null);
        }
        ticket.fields.set(FieldId::Status, Obs::Value(Value::halo_status(status)));
        ticket.fields.set(FieldId::Name, Obs::Value(Value::text(name)));
        ticket.closed = self.catalogue.statuses[&status].closed;
        ticket.created = Some(Stamp::halo(1_700_000_000_000));
        self.snapshot.tickets.push(ticket);
        self.snapshot.tickets.sort_by_key(|t| t.id);
        self.halo(id)
    }

    pub(crate) fn hit(&mut self, n: i64) -> &mut HitItem {
        let id = item_id(n);
        self.snapshot.items.iter_mut().find(|i| i.id == id).unwrap()
    }

    pub(crate) fn halo(&mut self, id: i64) -> &mut HaloTicket {
        self.snapshot.tickets.iter_mut().find(|t| t.id == TicketId(id)).unwrap()
    }

    /// Links item and ticket with what they hold now as the base.
    pub(crate) fn link(&mut self, n: i64, ticket: i64) -> &mut Link {
        let (item, found) = (self.hit(n).clone(), self.halo(ticket).clone());
        let kind = found.kind.unwrap();
        let at = self.links.iter().position(|l| l.item == item.id).unwrap_or_else(|| {
            self.links.push(Link::new(item.id.clone(), item.client.clone(), found.client));
            self.links.len() - 1
        });
        let link = &mut self.links[at];
        link.set_ticket(kind, Some(found.id));
        for field in FieldId::ALL {
            if let (Some(halo), Some(hit)) = (found.fields.get(field).seen(), item.fields.get(field).seen()) {
                let cell = BaseCell { halo: halo.cloned(), hit: hit.cloned() };
                link.base.of_mut(kind).insert(field, cell);
            }
        }
        link
    }

    /// A linked pair in agreement: item `n`, ticket `n + 1000`.
    pub(crate) fn pair(&mut self, n: i64, of: i64, kind: Kind) {
        let (hit, halo) = if kind == Kind::Project { ("Approved", PLANNED) } else { ("Qualified", OPEN) };
        self.item(n, of, hit, "Firewall");
        self.ticket(n + 1000, kind, of, halo, "Firewall");
        self.link(n, n + 1000);
    }

    pub(crate) fn input(&self) -> PlanInput<'_> {
        PlanInput {
            pair: &self.pair,
            head: &self.head,
            settings: &self.settings,
            catalogue: &self.catalogue,
            directory: &self.directory,
            links: &self.links,
            intents: &self.intents,
            snapshot: &self.snapshot,
            candidates: &self.candidates,
            decisions: &self.decisions,
            now: self.now,
            only: None,
            taken: None,
            links_total: 0,
            digests: None,
        }
    }

    pub(crate) fn plan(&self) -> Plan {
        plan(&self.input())
    }

    /// Carries out a plan as servers without faults and manners would.
    pub(crate) fn apply(&mut self, plan: &Plan) {
        for op in &plan.ops {
            self.apply_op(op);
        }
        self.head.serial += 1;
    }

    pub(crate) fn apply_op(&mut self, op: &Op) {
        match &op.kind {
            OpKind::Create(spec) if spec.target == Side::Halo => {
                let id = self.snapshot.tickets.iter().map(|t| t.id.0).max().unwrap_or(2000) + 1;
                let start = if spec.kind == Kind::Project { PLANNED } else { OPEN };
                let n = spec.halo_client.0 - 100;
                let ticket = self.ticket(id, spec.kind, n, start, "");
                ticket.marker = Some(spec.marker.clone());
                for (field, value) in op.set.iter() {
                    ticket.fields.set(field, value.clone());
                }
                self.make(op, spec.kind, TicketId(id));
            }
            OpKind::Create(spec) => {
                let n = 500 + self.snapshot.items.len() as i64;
                let of = spec.halo_client.0 - 100;
                let item = self.item(n, of, "Qualified", "");
                for (field, value) in op.set.iter() {
                    item.fields.set(field, value.clone());
                }
                let made = Op { item: Some(item_id(n)), ..op.clone() };
                self.make(&made, spec.kind, spec.ticket.unwrap());
            }
            OpKind::Adopt { kind, .. } => self.make(op, *kind, op.ticket.unwrap()),
            OpKind::Promote { to_type } => {
                let id = op.ticket.unwrap();
                let ticket = self.halo(id.0);
                ticket.ticket_type = *to_type;
                ticket.kind = Some(Kind::Project);
                for (field, value) in op.set.iter() {
                    ticket.fields.set(field, value.clone());
                }
                self.make(op, Kind::Project, id);
                self.link_of(op).opportunity = None;
            }
            OpKind::AwaitProject => self.link_of(op).promotion_since = Some(self.now),
            OpKind::EndAwait => self.link_of(op).promotion_since = None,
            OpKind::Unlink { kind, .. } => self.link_of(op).set_ticket(*kind, None),
            OpKind::Rebase { kind } => self.link_of(op).base.of_mut(*kind).extend(op.base.clone()),
            OpKind::LinkBack { kind, side: Side::Hit } => {
                let ticket = self.link_of(op).ticket(*kind).unwrap();
                let item = op.item.clone().unwrap();
                let item = self.snapshot.items.iter_mut().find(|i| i.id == item).unwrap();
                item.references.push(ExternalRef {
                    system: "halopsa".into(),
                    instance: "tenant".into(),
                    kind: Some(*kind),
                    id: ticket.to_string().into(),
                    url: None,
                    marker: None,
                });
            }
            OpKind::LinkBack { .. } => {
                let item = op.item.clone().unwrap();
                self.halo(op.ticket.unwrap().0).link_back = Obs::Value(item.as_str().into());
            }
            OpKind::Update { kind, side: Side::Hit } => {
                let id = op.item.clone().unwrap();
                let item = self.snapshot.items.iter_mut().find(|i| i.id == id).unwrap();
                for (field, value) in op.set.iter() {
                    item.fields.set(field, value.clone());
                }
                self.agree(op, *kind, Side::Hit);
            }
            OpKind::Update { kind, .. } | OpKind::StatusWrite { kind, .. } => {
                self.write_halo(op);
                self.agree(op, *kind, Side::Halo);
            }
            OpKind::CloseWon { .. } => self.write_halo(op),
            other => panic!("{other:?} is new to this runtime"),
        }
    }

    fn write_halo(&mut self, op: &Op) {
        let statuses = self.catalogue.statuses.clone();
        let ticket = self.halo(op.ticket.unwrap().0);
        for (field, value) in op.set.iter() {
            ticket.fields.set(field, value.clone());
        }
        ticket.closed = ticket.status().is_some_and(|s| statuses[&s].closed);
    }

    fn link_of(&mut self, op: &Op) -> &mut Link {
        let item = op.item.clone().unwrap();
        let at = self.links.iter().position(|l| l.item == item).unwrap_or_else(|| {
            let halo_client = self.directory.clients[&op.client];
            self.links.push(Link::new(item, op.client.clone(), halo_client));
            self.links.len() - 1
        });
        &mut self.links[at]
    }

    fn make(&mut self, op: &Op, kind: Kind, ticket: TicketId) {
        let item_side = matches!(&op.kind, OpKind::Create(spec) if spec.target == Side::Hit);
        let link = self.link_of(op);
        link.state = LinkState::Active;
        link.set_ticket(kind, Some(ticket));
        link.base.of_mut(kind).extend(op.base.clone());
        if kind == Kind::Project {
            link.promotion_since = None;
        }
        self.agree(op, kind, if item_side { Side::Hit } else { Side::Halo });
        if matches!(op.kind, OpKind::Create(_)) {
            let (ticket, item) = (self.halo(ticket.0).clone(), op.item.clone().unwrap());
            let item = self.snapshot.item(&item).unwrap().clone();
            let left_out: Vec<_> =
                op.source.iter().map(|(f, _)| f).filter(|f| !op.set.get(*f).is_seen()).collect();
            for field in left_out {
                let cell = if item_side {
                    BaseCell { halo: None, hit: item.fields.get(field).value().cloned() }
                } else {
                    BaseCell { halo: ticket.fields.get(field).value().cloned(), hit: None }
                };
                self.link_of(op).base.of_mut(kind).insert(field, cell);
            }
        }
    }

    fn agree(&mut self, op: &Op, kind: Kind, side: Side) {
        let cells: Vec<_> = op
            .set
            .iter()
            .map(|(field, now)| {
                let (now, source) = (now.value().cloned(), op.source.get(field).value().cloned());
                match side {
                    Side::Halo => (field, BaseCell { halo: now, hit: source }),
                    Side::Hit => (field, BaseCell { halo: source, hit: now }),
                }
            })
            .collect();
        self.link_of(op).base.of_mut(kind).extend(cells);
    }

    /// Stores the marks of clean links, as a runtime does after a run; how many there are.
    pub(crate) fn mark_clean(&mut self) -> usize {
        let marks: BTreeMap<ItemId, _> = clean_marks(&self.input()).into_iter().collect();
        for link in &mut self.links {
            link.clean = marks.get(&link.item).copied();
        }
        marks.len()
    }

    /// Plans and applies until nothing is left to do; the number of plans that had operations.
    pub(crate) fn settle(&mut self) -> usize {
        for round in 0..8 {
            let plan = self.plan();
            if plan.is_empty() {
                return round;
            }
            self.apply(&plan);
        }
        panic!("does not come to rest: {:?}", self.plan().ops);
    }
}
