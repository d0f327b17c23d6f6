//! A runtime for the planner and the executor, as small as it can be: what it must store survives a crash, the rest
//! does not.

use super::check::Violation;
use super::chooser::{Choice, Chooser};
use super::scenario::{Action, Scenario, halo_client, pair};
use super::world::{Knows, STEP_MS, World};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use sync_core::base::{BaseHead, Intent};
use sync_core::catalogue::Catalogue;
use sync_core::decision::{Candidates, Decisions, PairingAnswer};
use sync_core::evidence::gather;
use sync_core::exec::{DirtyMark, Exec, JournalView, Memory, RecordKey};
use sync_core::ids::{ItemId, Kind, Side, TicketId};
use sync_core::matching::{Candidate, suggest_pairs};
use sync_core::plan::{Plan, ProposalKind};
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
}

/// What has come of a run of the model so far, for the checks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// Duplicates that were reported.
    pub(crate) reported: BTreeSet<String>,
    /// Links that a person has agreed to forget.
    pub(crate) forgotten: BTreeSet<String>,
    pub(crate) rulings: Vec<Ruling>,
    /// Whether an old copy was put in place of the database.
    pub(crate) restored: bool,
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
    copy: Option<Rc<Durable>>,
    /// Those of each of the story's settings with its whole catalogue.
    digests: Rc<[Digests]>,
    pub(super) volatile_dirty: BTreeMap<RecordKey, u64>,
    /// What the records read for the present plan go back to.
    pub(super) read_knows: Vec<(RecordKey, Knows)>,
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
            read_knows: Vec::new(),
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

    fn lost_lease(&self) -> bool {
        self.lease != self.durable.lease && self.without != Some(Duty::Fence)
    }

    /// Whether an event is possible now.
    pub(crate) fn can(&self, event: u8) -> bool {
        let event = &self.scenario.events[usize::from(event)];
        let answer = || self.durable.decisions.pairings.get(&ItemId::from(event.item.as_str()));
        let plan = || self.last_plan.as_deref();
        match event.action {
            Action::ClientGone => !self.client_gone,
            Action::ClientBack => self.client_gone,
            Action::SayLink | Action::SayCreate => answer().is_none(),
            Action::SayNothing => answer().is_some(),
            Action::Approve => plan().is_some_and(|plan| {
                let open = |id| !self.durable.decisions.approvals.contains(id);
                plan.proposals.iter().any(|p| !matches!(p.kind, ProposalKind::Pair { .. }) && open(&p.id))
            }),
            Action::Resolve(_) => plan().is_some_and(|plan| !plan.conflicts.is_empty()),
            Action::Configure(to) => self.config != to,
            Action::RestoreCopy => self.copy.is_some(),
            _ => self.world.can(event),
        }
    }

    /// Lets an event happen. True if the engine dies of it.
    pub(crate) fn happen(&mut self, number: u8) -> bool {
        self.waiting.retain(|waiting| *waiting != number);
        self.idle = 0;
        let scenario = self.scenario;
        let event = &scenario.events[usize::from(number)];
        let item = ItemId::from(event.item.as_str());
        match event.action {
            Action::ClientGone => self.client_gone = true,
            Action::ClientBack => {
                self.client_gone = false;
                self.mark(RecordKey::Item(item));
            }
            Action::SayLink => self.say(item, Some(PairingAnswer::Link(TicketId(50)))),
            Action::SayCreate => self.say(item, Some(PairingAnswer::Create)),
            Action::SayNothing => self.say(item, None),
            Action::Approve => self.approve(),
            Action::Resolve(keep) => self.resolve(keep),
            Action::Configure(to) => {
                self.config = to;
                // Other settings look at everything anew.
                self.mark_all();
            }
            Action::Copy => self.copy = Some(Rc::new(self.durable.clone())),
            Action::LoseDatabase => {
                let (lineage, lease) = (self.durable.lineage + 1, self.durable.lease + 1);
                self.durable = Durable { lineage, lease, ..Durable::default() };
                self.lease = lease;
                return true;
            }
            Action::RestoreCopy => {
                let lease = self.durable.lease + 1;
                if let Some(copy) = &self.copy {
                    self.durable = (**copy).clone();
                }
                self.durable.lease = lease;
                self.lease = lease;
                self.seen.restored = true;
                return true;
            }
            Action::Clock(ms) => self.clock += ms,
            Action::Takeover => self.takeover(),
            Action::Hook => self.mark(RecordKey::Item(item)),
            _ => self.world.happen(event),
        }
        false
    }

    fn mark(&mut self, key: RecordKey) {
        self.durable.mark += 1;
        self.durable.dirty.insert(key, self.durable.mark);
    }

    fn mark_all(&mut self) {
        let items: Vec<ItemId> = self.world.items.keys().map(|id| ItemId::from(id.as_str())).collect();
        for item in items {
            self.mark(RecordKey::Item(item));
        }
    }

    fn say(&mut self, item: ItemId, answer: Option<PairingAnswer>) {
        match answer {
            Some(answer) => self.durable.decisions.pairings.insert(item.clone(), answer),
            None => self.durable.decisions.pairings.remove(&item),
        };
        self.durable.serial += 1;
        self.mark(RecordKey::Item(item));
    }

    fn approve(&mut self) {
        let Some(plan) = self.last_plan.clone() else { return };
        for proposal in &plan.proposals {
            match proposal.kind {
                ProposalKind::Pair { .. } => continue,
                ProposalKind::Unlink { .. } => {
                    self.seen.forgotten.insert(proposal.item.as_str().into());
                }
                _ => {}
            }
            self.durable.decisions.approvals.insert(proposal.id);
            self.mark(RecordKey::Item(proposal.item.clone()));
        }
        self.durable.serial += 1;
    }

    fn resolve(&mut self, keep: Side) {
        let Some(plan) = self.last_plan.clone() else { return };
        for conflict in plan.conflicts.iter().filter(|conflict| conflict.ways_out.contains(&keep)) {
            self.durable.decisions.conflicts.insert(conflict.id, keep);
            let loser = keep.other();
            let value = match loser {
                Side::Halo => conflict.halo.value(),
                Side::Hit => conflict.hit.value(),
            };
            self.seen.rulings.extend(value.map(|value| Ruling {
                item: conflict.item.as_str().into(),
                field: conflict.field,
                loser,
                value: value.clone(),
            }));
            self.mark(RecordKey::Item(conflict.item.clone()));
        }
        self.durable.serial += 1;
    }

    /// This process stalls. Another one takes the lease and does two runs, without faults of its own.
    fn takeover(&mut self) {
        let mine = (self.lease, self.faults, self.run_config);
        let reads = std::mem::take(&mut self.read_knows);
        let last = self.last_plan.clone();
        self.durable.lease += 1;
        self.lease = self.durable.lease;
        self.faults = false;
        for _ in 0..2 {
            let _ = self.round();
            self.world.advance(self.world.now + 4 * STEP_MS);
        }
        (self.lease, self.faults, self.run_config) = mine;
        self.read_knows = reads;
        self.last_plan = last;
    }

    /// Runs once. True if nothing is left to do.
    pub(crate) fn run_once(&mut self) -> bool {
        if self.round().is_ok() && self.is_quiet() {
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
        match self.step("read items", &[Choice::Crash, Choice::Fail]) {
            Choice::Crash => return Err(self.die()),
            Choice::Fail => return Ok(None),
            _ => {}
        }
        snapshot.items = self.world.items.keys().filter_map(|id| self.world.item(id)).collect();
        self.read_knows.clear();
        self.read_knows.extend(
            self.world
                .items
                .iter()
                .map(|(id, item)| (RecordKey::Item(ItemId::from(id.as_str())), item.knows)),
        );
        let ways: &[Choice] = if self.scenario.full_reads {
            &[Choice::Crash, Choice::Fail, Choice::Truncate]
        } else {
            &[Choice::Crash, Choice::Fail]
        };
        let mut closed = true;
        match self.step("read tickets", ways) {
            Choice::Crash => return Err(self.die()),
            Choice::Fail => return Ok(None),
            Choice::Truncate => closed = false,
            _ => {}
        }
        snapshot.tickets = self.world.tickets.keys().filter_map(|id| self.world.ticket(*id)).collect();
        self.read_knows.extend(
            self.world.tickets.iter().map(|(id, ticket)| (RecordKey::Ticket(TicketId(*id)), ticket.knows)),
        );
        if !closed {
            snapshot.tickets.pop();
        }
        if self.scenario.full_reads {
            let full = |pages_closed| Coverage::Full {
                scope: self.settings().scope_hash(),
                expected: None,
                pages_closed,
                canaries_seen: true,
            };
            (snapshot.halo, snapshot.hit) = (full(closed), full(true));
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

    fn note_issues(&mut self, plan: &Plan) {
        use sync_core::decision::IssueCode::{DuplicateMarker, SecondProject};
        for issue in &plan.issues {
            if matches!(issue.code, DuplicateMarker | SecondProject) {
                self.seen.reported.extend(issue.subject.item.as_ref().map(|item| item.as_str().to_string()));
            }
        }
    }

    /// Nobody may be asked to forget a record that is there.
    fn watch_proposals(&mut self, plan: &Plan) {
        for proposal in &plan.proposals {
            if !matches!(proposal.kind, ProposalKind::Unlink { .. }) {
                continue;
            }
            let there = proposal.ticket.and_then(|id| self.world.tickets.get(&id.0));
            // One that came back while the plan was made is withdrawn by the next.
            if there
                .is_some_and(|ticket| ticket.going.is_none() && ticket.updated + 5 * STEP_MS < self.world.now)
            {
                self.breach(Violation::FalseEvidence(format!("{proposal:?}")));
            }
        }
    }

    pub(super) fn breach(&mut self, violation: Violation) {
        self.seen.breach.get_or_insert(violation);
    }

    /// Forgets everything that was not stored.
    pub(super) fn die(&mut self) -> Died {
        self.volatile_dirty.clear();
        Died
    }
}

impl Engine<'_> {
    pub(crate) const fn has_copy(&self) -> bool {
        self.copy.is_some()
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
