//! A runtime for the planner and the executor, as small as it can be: what it must store survives a crash, the rest
//! does not.

use super::check::Violation;
use super::chooser::{Choice, Chooser};
use super::scenario::{Action, Going, Scenario, halo_client, pair};
use super::world::{Knows, STEP_MS, World};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use sync_core::base::{BaseHead, Intent};
use sync_core::catalogue::Catalogue;
use sync_core::decision::{Candidates, Decisions};
use sync_core::evidence::gather;
use sync_core::exec::{DirtyMark, Exec, JournalView, Memory, RecordKey};
use sync_core::field::FieldId;
use sync_core::ids::{ItemId, Kind, Side, TicketId};
use sync_core::matching::{Candidate, suggest_pairs};
use sync_core::plan::Plan;
use sync_core::planner::{Digests, PlanInput, plan};
use sync_core::record::{Coverage, Snapshot};
use sync_core::settings::Settings;
use sync_core::stamp::Stamp;

/// A duty of the runtime to leave out, to see that it is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Duty {
    /// Changes are stored in the dirty set by the transaction that moves the cursor.
    DirtySet,
    /// A process that has lost its lease stores and sends nothing more.
    Fence,
}

/// Everything that survives a crash.
#[derive(Clone, Debug, Default)]
pub(crate) struct Durable {
    pub(crate) memory: Memory,
    pub(crate) decisions: Decisions,
    pub(crate) cursor: u64,
    pub(crate) dirty: BTreeMap<RecordKey, u64>,
    pub(crate) mark: u64,
    pub(crate) serial: u64,
    /// Which database it is: another one after a loss.
    pub(crate) lineage: u32,
    /// The number of the process that holds the lease.
    pub(crate) lease: u64,
}

/// What a person decided about a conflict, for the checks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ruling {
    pub(crate) item: String,
    pub(crate) field: sync_core::field::FieldId,
    pub(crate) loser: Side,
    pub(crate) value: sync_core::value::Value,
    /// Step at which it was made.
    pub(crate) step: usize,
}

/// What a record was when it was read for a plan.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// What its values go back to.
    pub(crate) knows: Knows,
    /// Its stamp, by the clock of its own server.
    pub(crate) stamp: Option<i64>,
    /// Whether it was there, whoever may read it, and was shown, or was never gone.
    pub(crate) there: bool,
}

/// What has come of a run of the model so far, for the checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Duplicates that were reported, by item and kind.
    pub(crate) reported: BTreeSet<(String, Kind)>,
    /// Links that a person has agreed to forget.
    pub(crate) forgotten: BTreeSet<String>,
    /// Items whose link a person has ended, without saying anything else about them since.
    pub(crate) parted: BTreeSet<String>,
    /// Tickets that a person has parted from their item, and linked to none since.
    pub(crate) parted_from: BTreeSet<i64>,
    /// Fields that both linked records have held alike after something was stored.
    pub(crate) agreed: BTreeSet<(String, FieldId)>,
    pub(crate) rulings: Vec<Ruling>,
    /// How often a link back was written, by item, side and ticket: answered, and stored that it was.
    pub(crate) linked_back: BTreeMap<(ItemId, Side, i64), u32>,
    /// What must never happen and did.
    pub(crate) breach: Option<Violation>,
}

/// The engine died.
#[derive(Debug)]
pub(crate) struct Died;

#[derive(Clone, Debug)]
pub(crate) struct Engine<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) world: World,
    pub(crate) durable: Durable,
    pub(crate) seen: Seen,
    pub(crate) chooser: Chooser,
    /// Events that have not happened yet.
    pub(crate) waiting: Vec<u8>,
    /// Whether anything special may still happen.
    pub(crate) faults: bool,
    pub(crate) without: Option<Duty>,
    pub(crate) last_plan: Option<Rc<Plan>>,
    /// Rounds since the last event that waited for quiet.
    pub(crate) phase_rounds: usize,
    /// Quiet rounds in a row.
    pub(crate) idle: usize,
    /// The settings in force, and those under which the present run carries out its plan.
    pub(crate) config: usize,
    pub(crate) run_config: usize,
    pub(crate) client_gone: bool,
    /// How far our clock is off.
    pub(crate) clock: i64,
    /// The number under which this process took the lease.
    pub(crate) lease: u64,
    pub(super) copy: Option<Rc<Durable>>,
    /// Those of each of the story's settings with its whole catalogue.
    digests: Rc<[Digests]>,
    pub(super) volatile_dirty: BTreeMap<RecordKey, u64>,
    /// The records read for the present plan, as they were.
    pub(super) looks: BTreeMap<RecordKey, Look>,
    /// Step of the last look at a record right before a write.
    pub(super) looked: BTreeMap<RecordKey, usize>,
    /// A link back that was answered, while it is not stored that it was written.
    pub(super) answered: Option<(ItemId, Side, i64)>,
}

impl<'a> Engine<'a> {
    pub(crate) fn new(scenario: &'a Scenario, chooser: Chooser, without: Option<Duty>) -> Self {
        Self {
            scenario,
            world: scenario.world(),
            durable: Durable::default(),
            seen: Seen::default(),
            chooser,
            waiting: (0..scenario.events.len()).map(|event| u8::try_from(event).expect("few")).collect(),
            faults: true,
            without,
            last_plan: None,
            phase_rounds: 0,
            idle: 0,
            config: 0,
            run_config: 0,
            client_gone: false,
            clock: 0,
            lease: 0,
            copy: None,
            digests: scenario
                .settings
                .iter()
                .map(|settings| Digests::of(settings, &scenario.catalogue, &scenario.directory))
                .collect(),
            volatile_dirty: BTreeMap::new(),
            looks: BTreeMap::new(),
            looked: BTreeMap::new(),
            answered: None,
        }
    }

    pub(crate) fn settings(&self) -> &'a Settings {
        &self.scenario.settings[self.config]
    }

    /// Now, by our clock.
    pub(crate) fn now(&self) -> Stamp {
        Stamp::ours(self.world.now + self.clock)
    }

    /// One step of the model: time passes, and something may happen.
    pub(super) fn step(&mut self, name: &'static str, own: &[Choice]) -> Choice {
        self.world.step += 1;
        self.world.advance(self.world.now + STEP_MS);
        if self.lost_lease() {
            return Choice::Crash;
        }
        self.deliver();
        if !self.faults {
            return Choice::Proceed;
        }
        loop {
            let mut options = Vec::with_capacity(1 + own.len() + self.waiting.len());
            options.push(Choice::Proceed);
            options.extend_from_slice(own);
            let possible = self.waiting.iter().filter(|event| self.can(**event));
            options.extend(possible.map(|event| Choice::Event(*event)));
            match self.chooser.choose(name, &options) {
                Choice::Event(event) => {
                    if self.happen(event) || self.lost_lease() {
                        return Choice::Crash;
                    }
                }
                other => return other,
            }
        }
    }

    /// What the servers have announced arrives: or it is lost, is sent again because its answer was lost, or is overtaken
    /// by what was sent after it.
    fn deliver(&mut self) {
        for key in std::mem::take(&mut self.world.deliveries) {
            let ways = [Choice::Proceed, Choice::LoseRequest, Choice::LoseReply, Choice::Late];
            let way = if self.faults { self.chooser.choose("deliver", &ways) } else { Choice::Proceed };
            if matches!(way, Choice::LoseReply | Choice::Late) {
                self.world.deliveries.push(key.clone());
            }
            if matches!(way, Choice::Proceed | Choice::LoseReply) {
                self.mark(key);
            }
        }
    }

    pub(super) fn lost_lease(&self) -> bool {
        self.lease != self.durable.lease && self.without != Some(Duty::Fence)
    }

    /// Runs once. True if nothing is left to do.
    pub(crate) fn run_once(&mut self) -> bool {
        if self.round().is_ok() && self.is_quiet() {
            self.note_agreed();
            return true;
        }
        self.volatile_dirty.retain(|_, _| self.without == Some(Duty::DirtySet) && !self.faults);
        // Between two runs some time passes.
        self.world.advance(self.world.now + 4 * STEP_MS);
        false
    }

    pub(crate) fn is_quiet(&self) -> bool {
        let news = self.world.changed.values().any(|change| *change > self.durable.cursor);
        let underway = !self.world.late.is_empty() || !self.world.deliveries.is_empty();
        !news && self.durable.dirty.is_empty() && !underway
    }

    /// One run: what changed, read it, plan it, do it.
    pub(crate) fn round(&mut self) -> Result<(), Died> {
        // A new run is by the process that holds the lease.
        self.lease = self.durable.lease;
        // 1. What changed. The bound of the read is fixed before it.
        match self.step("list changes", &[Choice::Crash, Choice::Fail]) {
            Choice::Crash => return Err(self.die()),
            Choice::Fail => return Ok(()),
            _ => {}
        }
        let bound = self.world.change;
        let cursor = self.durable.cursor;
        let fresh: Vec<RecordKey> =
            self.world.changed.iter().filter(|(_, at)| **at > cursor).map(|(key, _)| key.clone()).collect();
        // 2. One transaction: remember them, move the cursor.
        if self.step("store changes", &[Choice::Crash]) == Choice::Crash {
            return Err(self.die());
        }
        for key in fresh {
            self.durable.mark += 1;
            let mark = self.durable.mark;
            match self.without {
                Some(Duty::DirtySet) => self.volatile_dirty.insert(key, mark),
                _ => self.durable.dirty.insert(key, mark),
            };
        }
        self.durable.cursor = bound;
        // 3. Read the dirty records in detail, or everything.
        let mut marks = self.durable.dirty.clone();
        marks.extend(std::mem::take(&mut self.volatile_dirty));
        let read_at = self.now();
        let Some(snapshot) = self.read()? else { return Ok(()) };
        if self.scenario.full_reads {
            self.gather(&snapshot)?;
        }
        self.note_shown(&snapshot);
        // 4. Plan.
        let only = (!self.scenario.full_reads).then(|| self.dirty_items(&marks));
        let plan = Rc::new(self.plan(&snapshot, only.as_ref()));
        self.note_issues(&plan);
        self.watch_proposals(&plan);
        self.last_plan = Some(plan.clone());
        // 5. Carry it out, if it still fits.
        if self.step("apply", &[Choice::Crash]) == Choice::Crash {
            return Err(self.die());
        }
        let marks = marks.into_iter().map(|(record, mark)| DirtyMark { record, mark }).collect();
        let journal =
            JournalView { head: self.head(), memory: self.durable.memory.clone(), read_at, dirty: marks };
        self.run_config = self.config;
        match Exec::new((*plan).clone(), journal, self.settings(), None) {
            Ok(exec) => self.carry_out(exec),
            // Something was decided or set since: the next run plans anew.
            Err(_) => Ok(()),
        }
    }

    /// Reads both sides. Nothing: a read failed.
    fn read(&mut self) -> Result<Option<Snapshot>, Died> {
        let mut snapshot = Snapshot { halo: Coverage::Ids, hit: Coverage::Ids, ..Snapshot::default() };
        let ways: &[Choice] = if self.scenario.full_reads {
            &[Choice::Crash, Choice::Fail, Choice::Truncate]
        } else {
            &[Choice::Crash, Choice::Fail]
        };
        let mut closed = [true, true];
        match self.step("read items", ways) {
            Choice::Crash => return Err(self.die()),
            Choice::Fail => return Ok(None),
            Choice::Truncate => closed[1] = false,
            _ => {}
        }
        snapshot.items = self.world.items.keys().filter_map(|id| self.world.item(id)).collect();
        if !closed[1] {
            snapshot.items.pop();
        }
        self.looks.clear();
        for (id, item) in &self.world.items {
            let id = ItemId::from(id.as_str());
            let shown = snapshot.item(&id).is_some() || !item.was_gone;
            let there = item.going != Some(Going::Deleted) && shown;
            let stamp = self.world.stamps.map(|_| item.updated);
            self.looks.insert(RecordKey::Item(id), Look { knows: item.knows, stamp, there });
        }
        match self.step("read tickets", ways) {
            Choice::Crash => return Err(self.die()),
            Choice::Fail => return Ok(None),
            Choice::Truncate => closed[0] = false,
            _ => {}
        }
        snapshot.tickets = self.world.tickets.keys().filter_map(|id| self.world.ticket(*id)).collect();
        if !closed[0] {
            snapshot.tickets.pop();
        }
        for (id, ticket) in &self.world.tickets {
            let id = TicketId(*id);
            let shown = snapshot.ticket(id).is_some() || !ticket.was_gone;
            let there = ticket.going.is_none() && shown;
            let stamp = self.world.stamps.map(|ahead| ticket.updated + ahead);
            self.looks.insert(RecordKey::Ticket(id), Look { knows: ticket.knows, stamp, there });
        }
        if self.scenario.full_reads {
            let full = |pages_closed| Coverage::Full {
                scope: self.settings().scope_hash(),
                expected: None,
                pages_closed,
                canaries_seen: true,
            };
            (snapshot.halo, snapshot.hit) = (full(closed[0]), full(closed[1]));
        }
        snapshot.normalise();
        Ok(Some(snapshot))
    }

    /// What the read says about records that are gone, stored with the links.
    fn gather(&mut self, snapshot: &Snapshot) -> Result<(), Died> {
        let now = self.now();
        let changed = gather(self.durable.memory.links.values(), snapshot, &BTreeSet::new(), now);
        if changed.is_empty() {
            return Ok(());
        }
        if self.step("store evidence", &[Choice::Crash]) == Choice::Crash {
            return Err(self.die());
        }
        for (item, gone) in changed {
            if let Some(link) = self.durable.memory.links.get_mut(&item) {
                link.gone = gone;
            }
        }
        Ok(())
    }

    fn dirty_items(&self, marks: &BTreeMap<RecordKey, u64>) -> BTreeSet<ItemId> {
        marks
            .keys()
            .filter_map(|key| match key {
                RecordKey::Item(item) => Some(item.clone()),
                RecordKey::Ticket(ticket) => {
                    self.durable.memory.link_of_ticket(*ticket).map(|link| link.item.clone())
                }
            })
            .collect()
    }

    pub(crate) fn head(&self) -> BaseHead {
        let lineage = if self.durable.lineage == 0 { "model" } else { "another" };
        BaseHead { lineage: lineage.into(), serial: self.durable.serial }
    }

    /// Unlinked records that look like each other, as a runtime would look for them.
    fn candidates(&self, snapshot: &Snapshot) -> Candidates {
        if self.scenario.tickets.is_empty() {
            return Candidates::default();
        }
        let memory = &self.durable.memory;
        let name =
            |fields: &sync_core::field::FieldRow| match fields.get(sync_core::field::FieldId::Name).value() {
                Some(sync_core::value::Value::Text(text)) => text.to_string(),
                _ => String::new(),
            };
        let unlinked = snapshot.items.iter().filter(|item| !memory.links.contains_key(&item.id));
        let items: Vec<_> = unlinked.map(|item| (item.id.clone(), name(&item.fields))).collect();
        let free =
            snapshot.tickets.iter().filter(|t| memory.link_of_ticket(t.id).is_none() && t.marker.is_none());
        let tickets: Vec<_> = free.map(|t| (t.id, t.client, name(&t.fields))).collect();
        let items: Vec<_> = items
            .iter()
            .map(|(id, name)| Candidate {
                id: id.clone(),
                client: self.scenario.client_of(id.as_str()),
                kind: Kind::Opportunity,
                name,
            })
            .collect();
        let tickets: Vec<_> = tickets
            .iter()
            .map(|(id, client, name)| Candidate { id: *id, client: *client, kind: Kind::Opportunity, name })
            .collect();
        suggest_pairs(&items, &tickets).into()
    }

    pub(crate) fn plan(&self, snapshot: &Snapshot, only: Option<&BTreeSet<ItemId>>) -> Plan {
        let links: Vec<_> = self.durable.memory.links.values().cloned().collect();
        let intents: Vec<Intent> = self.durable.memory.intents.values().cloned().collect();
        let mut without: Catalogue;
        let (catalogue, digests) = if self.client_gone {
            without = self.scenario.catalogue.clone();
            without.halo_clients.remove(&halo_client("c"));
            (&without, None)
        } else {
            (&self.scenario.catalogue, Some(&self.digests[self.config]))
        };
        plan(&PlanInput {
            pair: &pair(),
            head: &self.head(),
            settings: self.settings(),
            catalogue,
            directory: &self.scenario.directory,
            links: &links,
            intents: &intents,
            snapshot,
            candidates: &self.candidates(snapshot),
            decisions: &self.durable.decisions,
            now: self.now(),
            only,
            taken: None,
            links_total: 1,
            digests,
        })
    }

    /// Forgets everything that was not stored.
    pub(super) fn die(&mut self) -> Died {
        self.volatile_dirty.clear();
        self.answered = None;
        Died
    }
}

impl Engine<'_> {
    /// Whether a copy can still be put in place of the database.
    pub(crate) fn may_restore(&self) -> bool {
        let restores =
            |event: &u8| matches!(self.scenario.events[usize::from(*event)].action, Action::RestoreCopy);
        self.waiting.iter().any(restores)
    }

    /// Whether what a plan shows people decides what they can do next.
    pub(crate) fn people_look_at_plans(&self) -> bool {
        let looks = |event: &u8| {
            let action = &self.scenario.events[usize::from(*event)].action;
            matches!(action, Action::Approve | Action::Resolve(_))
        };
        self.waiting.iter().any(looks)
    }
}
