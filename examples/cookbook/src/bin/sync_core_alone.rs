//! Keeps two lists in memory in step with `sync-core` alone: no server, no clock, no database.
//!
//! Shows: the settings, a plan and its sentences, carrying it out step by step, and that a second plan is empty.
//!
//! ```text
//! cargo run -p cookbook --bin sync_core_alone
//! ```
//!
//! `sync-core` decides; whoever embeds it reads, writes and stores. Here that is `Lists`: two maps that stand for
//! HumanizeIT and Halo, and the memory of what both held when they last agreed.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::process::ExitCode;

use cookbook::{Failure, finish};
use sync_core::base::{BaseHead, Intent, Link};
use sync_core::catalogue::{Catalogue, Directory, HaloClient, HaloStatus, HitStatus, Site};
use sync_core::decision::{Candidates, Decisions};
use sync_core::exec::{
    Event, Exec, JournalView, MarkerHit, Memory, Outcome, Record, RecordKey, Reject, RejectClass, Report,
    StatusWay, Step,
};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{
    HaloClientId, HitClientId, HitStatusId, ItemId, PairId, SiteId, StatusId, TicketId, TicketTypeId,
};
use sync_core::plan::{Plan, explain_op_named};
use sync_core::planner::{self, PlanInput};
use sync_core::record::{HaloTicket, HitItem, Snapshot};
use sync_core::settings::{HitTarget, Scope, Settings, StatusMap, StatusTarget};
use sync_core::stamp::Stamp;
use sync_core::value::{Obs, Value};

const OPPORTUNITIES: TicketTypeId = TicketTypeId(30);
const LEAD: StatusId = StatusId(1);
const LOST: StatusId = StatusId(2);

fn main() -> ExitCode {
    finish(run())
}

fn run() -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let mut lists = Lists::new();

    writeln!(out, "Two roadmap items, no tickets:")?;
    sync(&mut lists, &mut out)?;

    // People edit both sides: sales loses a deal in Halo, and somebody renames an item.
    let lost = lists
        .tickets
        .values_mut()
        .find(|ticket| ticket.fields.get(FieldId::Name) == &text("Train the staff"));
    if let Some(ticket) = lost {
        ticket.fields.set(FieldId::Status, Obs::Value(Value::halo_status(LOST)));
    }
    if let Some(item) = lists.items.get_mut(&ItemId::from("41")) {
        item.fields.set(FieldId::Name, text("New firewall, both sites"));
    }
    writeln!(out, "One deal lost in Halo, one item renamed in HIT:")?;
    sync(&mut lists, &mut out)
}

/// Plans, prints, applies, and plans again.
fn sync(lists: &mut Lists, out: &mut impl io::Write) -> Result<(), Failure> {
    let plan = lists.plan();
    for op in &plan.ops {
        writeln!(out, "  {}", explain_op_named(op, &lists.catalogue))?;
    }
    for conflict in &plan.conflicts {
        writeln!(out, "  waits for a person: {} of item {}", conflict.field.label(), conflict.item)?;
    }
    let report = lists.apply(plan)?;
    writeln!(out, "  {} operations, all done: {}", report.ops.len(), report.is_clean())?;
    let again = lists.plan();
    writeln!(out, "  planned again: {} operations", again.ops.len())?;
    Ok(())
}

/// Both sides, and what must survive from one run to the next.
struct Lists {
    items: BTreeMap<ItemId, HitItem>,
    tickets: BTreeMap<TicketId, HaloTicket>,
    memory: Memory,
    serial: u64,
    catalogue: Catalogue,
    directory: Directory,
    settings: Settings,
}

impl Lists {
    fn new() -> Self {
        let (qualified, lost) = (HitStatusId::from("qualified"), HitStatusId::from("lost"));
        let item = |id: &str, name: &str| {
            let mut item = HitItem::new(ItemId::from(id), HitClientId::from("acme"));
            item.fields.set(FieldId::Name, text(name));
            item.fields.set(FieldId::Status, Obs::Value(Value::hit_status(&qualified)));
            (item.id.clone(), item)
        };

        // What both sides have. A real program reads it from the servers.
        let mut catalogue = Catalogue::default();
        for (id, name) in [(&qualified, "Qualified"), (&lost, "Lost")] {
            catalogue
                .hit_statuses
                .insert(id.clone(), HitStatus { name: name.into(), ..HitStatus::default() });
        }
        for (id, name, closed) in [(LEAD, "Lead", false), (LOST, "Lost", true)] {
            catalogue.statuses.insert(id, HaloStatus { name: name.into(), closed });
        }
        let sites = [(SiteId(1), Site { active: true })].into();
        let acme = HaloClient { name: "Acme".into(), sites, ..HaloClient::default() };
        catalogue.halo_clients.insert(HaloClientId(12), acme);

        // What the user chose: careful defaults, then all clients, the type of new tickets, and the status map.
        let mut settings = Settings::defaults_for(&catalogue);
        settings.sync.scope = Scope::Global;
        settings.project.opportunity.create_type = Some(OPPORTUNITIES);
        let map = StatusMap {
            to_halo: [(qualified.clone(), StatusTarget::set(LEAD)), (lost.clone(), StatusTarget::set(LOST))]
                .into(),
            to_hit: [(LEAD, HitTarget::To(qualified.clone())), (LOST, HitTarget::To(lost))].into(),
        };
        settings.status.insert(OPPORTUNITIES, map);

        Self {
            items: [item("41", "New firewall"), item("42", "Train the staff")].into(),
            tickets: BTreeMap::new(),
            memory: Memory::default(),
            serial: 0,
            catalogue,
            directory: Directory {
                clients: [(HitClientId::from("acme"), HaloClientId(12))].into(),
                ..Directory::default()
            },
            settings,
        }
    }

    fn head(&self) -> BaseHead {
        BaseHead { lineage: "these lists".into(), serial: self.serial }
    }

    /// The same lists, settings and memory always give the same plan, byte for byte.
    fn plan(&self) -> Plan {
        let mut snapshot = Snapshot {
            items: self.items.values().cloned().collect(),
            tickets: self.tickets.values().cloned().collect(),
            ..Snapshot::default()
        };
        snapshot.normalise();
        let links: Vec<Link> = self.memory.links.values().cloned().collect();
        let intents: Vec<Intent> = self.memory.intents.values().cloned().collect();
        planner::plan(&PlanInput {
            pair: &PairId::from("halo list|hit list"),
            head: &self.head(),
            settings: &self.settings,
            catalogue: &self.catalogue,
            directory: &self.directory,
            links: &links,
            intents: &intents,
            snapshot: &snapshot,
            candidates: &Candidates::default(),
            decisions: &Decisions::default(),
            now: now(),
            only: None,
            taken: None,
            links_total: links.len() as u64,
            digests: None,
        })
    }

    /// Carries a plan out. The executor says what to do next, and is told what came of it.
    fn apply(&mut self, plan: Plan) -> Result<Report, Failure> {
        let journal =
            JournalView { head: self.head(), memory: self.memory.clone(), read_at: now(), dirty: Vec::new() };
        let mut exec = Exec::new(plan, journal, &self.settings, None)
            .map_err(|stale| Failure::Failed(format!("the plan cannot be applied: {stale}")))?;
        loop {
            let event = match exec.poll(now()) {
                Step::Done(report) => return Ok(report),
                // A real program stores these durably before it goes on: they are what a crash must not lose.
                Step::Persist(entry) => {
                    self.memory.apply(&entry);
                    Event::Persisted
                }
                Step::Commit(commit) => {
                    self.memory.commit(&commit);
                    self.serial += 1;
                    Event::Persisted
                }
                Step::Read(key) => Event::Read(Ok(self.read(&key))),
                Step::FindMarker(query) => {
                    let carries = |ticket: &&HaloTicket| ticket.marker.as_ref() == Some(&query.marker);
                    let hit = |ticket: &HaloTicket| MarkerHit {
                        record: RecordKey::Ticket(ticket.id),
                        marker: query.marker.clone(),
                    };
                    Event::Markers(Ok(self.tickets.values().filter(carries).map(hit).collect()))
                }
                Step::Create(call) => Event::Written(self.create(call.intent())),
                Step::Update(call) => Event::Written(self.write(call.target(), call.set())),
                Step::StatusWrite(call) => match call.way() {
                    StatusWay::Set(status) => {
                        let set = FieldRow::new().with(FieldId::Status, Value::halo_status(*status));
                        Event::Written(self.write(&RecordKey::Ticket(call.ticket()), &set))
                    }
                    _ => Event::Written(refused("this list knows no actions")),
                },
                step => {
                    return Err(Failure::Failed(format!("these lists do not know the step {}", step.name())));
                }
            };
            exec.on(event).map_err(|error| Failure::Failed(error.to_string()))?;
        }
    }

    fn read(&self, key: &RecordKey) -> Option<Record> {
        match key {
            RecordKey::Ticket(id) => {
                self.tickets.get(id).map(|ticket| Record::Ticket(Box::new(ticket.clone())))
            }
            RecordKey::Item(id) => self.items.get(id).map(|item| Record::Item(Box::new(item.clone()))),
        }
    }

    /// A create call cannot be made without a stored intent, and carries a marker by which it is found again.
    fn create(&mut self, intent: &Intent) -> Outcome {
        let Some(ticket_type) = intent.spec.ticket_type else {
            return refused("tickets are all that is created here");
        };
        let id = TicketId(1001 + self.tickets.len() as i64);
        let mut ticket = HaloTicket::new(id, Some(intent.spec.kind), ticket_type, intent.spec.halo_client);
        ticket.site = intent.spec.site;
        ticket.marker = Some(intent.spec.marker.clone());
        ticket.fields = intent.payload.clone();
        self.tickets.insert(id, ticket);
        Outcome::Applied(self.read(&RecordKey::Ticket(id)))
    }

    fn write(&mut self, target: &RecordKey, set: &FieldRow) -> Outcome {
        let fields = match target {
            RecordKey::Ticket(id) => self.tickets.get_mut(id).map(|ticket| &mut ticket.fields),
            RecordKey::Item(id) => self.items.get_mut(id).map(|item| &mut item.fields),
        };
        let Some(fields) = fields else { return refused("there is no such record") };
        for (field, value) in set.iter().filter(|(_, value)| value.is_seen()) {
            fields.set(field, value.clone());
        }
        Outcome::Applied(self.read(target))
    }
}

fn refused(why: &str) -> Outcome {
    Outcome::Rejected(Reject::new(RejectClass::Invalid, why))
}

/// Time decides nothing here, so it may stand still.
fn now() -> Stamp {
    Stamp::ours(0)
}

fn text(text: &str) -> Obs<Value> {
    Obs::Value(Value::text(text))
}
