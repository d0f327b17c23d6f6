//! Two servers, in memory. Halo answers with its record; HIT rewrites names; searches lag behind.
//!
//! The servers also keep what the checks need and the engine cannot see: which people's edits each value goes back to.

use super::people::Done;
use super::scenario::{Automation, Going, halo_client};
use std::collections::BTreeMap;
use std::rc::Rc;
use sync_core::base::Intent;
use sync_core::exec::{MarkerHit, Record, RecordKey};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{HaloClientId, HitClientId, ItemId, Kind, Side, TicketId, TicketTypeId};
use sync_core::marker::Marker;
use sync_core::record::{ExternalRef, HaloTicket, HitItem};
use sync_core::stamp::Stamp;
use sync_core::value::{Currency, Money, Obs, Value};

pub(crate) const CLIENT: HaloClientId = HaloClientId(7);
pub(crate) const OTHER_CLIENT: HaloClientId = HaloClientId(8);
pub(crate) const OPPORTUNITY_TYPE: TicketTypeId = TicketTypeId(10);
pub(crate) const PROJECT_TYPE: TicketTypeId = TicketTypeId(20);

pub(crate) fn currency() -> Currency {
    "EUR".parse().expect("a currency")
}

/// The fields that the model syncs, as a person sees them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fields {
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) budget: i64,
}

impl Fields {
    pub(crate) fn get(&self, field: FieldId) -> Value {
        match field {
            FieldId::Name => Value::text(self.name.as_str()),
            FieldId::Status => Value::Code(self.status.as_str().into()),
            _ => Value::Money(Money { minor: self.budget, currency: currency() }),
        }
    }

    pub(crate) fn set(&mut self, field: FieldId, value: &Value) {
        match value {
            Value::Text(text) => self.name = text.to_string(),
            Value::Code(code) => self.status = code.to_string(),
            Value::Money(money) => self.budget = money.minor,
            other => panic!("the model does not sync {field:?} {other:?}"),
        }
    }

    fn row(&self) -> FieldRow {
        SYNCED.into_iter().map(|field| (field, Obs::Value(self.get(field)))).collect()
    }
}

pub(crate) const SYNCED: [FieldId; 3] = [FieldId::Name, FieldId::Status, FieldId::BudgetOnce];

/// The place of a field in [`SYNCED`].
pub(crate) fn place(field: FieldId) -> usize {
    SYNCED.iter().position(|synced| *synced == field).unwrap_or(2)
}

/// The edits that a value goes back to, as bits by their number. What comes after the last bit is not followed.
pub(crate) type Knows = [u128; 3];

pub(crate) fn bit(edit: usize) -> u128 {
    u32::try_from(edit).ok().and_then(|edit| 1_u128.checked_shl(edit)).unwrap_or(0)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket {
    pub(crate) kind: Kind,
    pub(crate) ticket_type: TicketTypeId,
    pub(crate) client: HaloClientId,
    pub(crate) fields: Fields,
    pub(crate) marker: Option<Marker>,
    pub(crate) created_from: Option<i64>,
    /// When searches begin to find it.
    pub(crate) indexed_at: i64,
    pub(crate) by_us: bool,
    pub(crate) going: Option<Going>,
    /// Whether we may not read it.
    pub(crate) hidden: bool,
    pub(crate) knows: Knows,
    pub(crate) updated: i64,
    /// Step at which it was made.
    pub(crate) made: usize,
}

impl Ticket {
    const fn is_readable(&self) -> bool {
        !self.hidden && !matches!(self.going, Some(Going::Deleted))
    }

    fn record(&self, id: i64, now: i64, stamps: Option<i64>) -> HaloTicket {
        let mut out = HaloTicket::new(TicketId(id), Some(self.kind), self.ticket_type, self.client);
        out.marker = self.marker.clone().filter(|_| self.indexed_at <= now);
        out.created_from = self.created_from.map(TicketId);
        out.created_by_us = self.by_us;
        out.link_back = Obs::NotFetched;
        out.deleted = self.going == Some(Going::Flagged);
        out.merged_into = (self.going == Some(Going::Merged)).then_some(TicketId(1));
        out.last_update = stamps.map(|ahead| Stamp::halo(self.updated + ahead));
        out.fields = self.fields.row();
        out
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    pub(crate) fields: Fields,
    pub(crate) client: &'static str,
    pub(crate) references: Vec<(Kind, i64)>,
    pub(crate) knows: Knows,
    pub(crate) updated: i64,
}

/// A request that changes something.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Create { intent: Box<Intent>, knows: Knows },
    Write { target: RecordKey, set: Box<FieldRow>, knows: Knows },
    Note { ticket: i64, status: String, tag: String, knows: Knows },
    Convert { ticket: i64, status: Option<String>, knows: Knows },
    Reference { item: ItemId, kind: Kind, ticket: i64 },
}

/// A request under way.
#[derive(Clone, Debug)]
pub(crate) struct Late {
    pub(crate) at: i64,
    pub(crate) request: Request,
    /// Number of steps when it was sent.
    pub(crate) sent: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) now: i64,
    pub(crate) step: usize,
    pub(crate) tickets: BTreeMap<i64, Ticket>,
    pub(crate) items: BTreeMap<String, Item>,
    pub(crate) next_ticket: i64,
    /// Records with the number of their last change.
    pub(crate) changed: BTreeMap<RecordKey, u64>,
    pub(crate) change: u64,
    pub(crate) late: Vec<Late>,
    pub(crate) notes: Vec<(i64, String)>,
    pub(crate) edits: Vec<Done>,
    pub(crate) index_lag: i64,
    /// Writes by the engine, for ping-pong.
    pub(crate) writes: usize,
    pub(crate) automations: Vec<Automation>,
    pub(crate) stamps: Option<i64>,
    /// What Halo's template puts into new tickets that ask for one, whatever was sent.
    pub(crate) template: Vec<(FieldId, Value)>,
    /// Whether every change is announced, and what was announced and has not arrived.
    pub(crate) webhooks: bool,
    pub(crate) deliveries: Vec<RecordKey>,
    /// The markers of the items' tickets, made once.
    pub(crate) markers: Rc<BTreeMap<String, [Marker; 2]>>,
}

pub(crate) const STEP_MS: i64 = 1_000;
/// Longer than a run takes to come back to the same record, so that the settle time has something to do.
pub(crate) const LATE_MS: i64 = 15_000;

/// HIT's spelling of a name: trimmed, first letter upper-case.
pub(crate) fn hit_spelling(name: &str) -> String {
    let name = name.trim();
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: 1_000_000,
            step: 0,
            tickets: BTreeMap::new(),
            items: BTreeMap::new(),
            next_ticket: 100,
            changed: BTreeMap::new(),
            change: 0,
            late: Vec::new(),
            notes: Vec::new(),
            edits: Vec::new(),
            index_lag: 2_000,
            writes: 0,
            automations: Vec::new(),
            stamps: None,
            template: Vec::new(),
            webhooks: false,
            deliveries: Vec::new(),
            markers: Rc::default(),
        }
    }

    pub(crate) fn touch(&mut self, key: RecordKey) {
        self.change += 1;
        match &key {
            RecordKey::Ticket(id) => {
                if let Some(ticket) = self.tickets.get_mut(&id.0) {
                    ticket.updated = self.now;
                }
            }
            RecordKey::Item(id) => {
                if let Some(item) = self.items.get_mut(id.as_str()) {
                    item.updated = self.now;
                }
            }
        }
        if self.webhooks {
            self.deliveries.push(key.clone());
        }
        self.changed.insert(key, self.change);
    }

    /// Time passes; late requests arrive, each at its own moment.
    pub(crate) fn advance(&mut self, to: i64) {
        while let Some(next) =
            (0..self.late.len()).min_by_key(|at| self.late[*at].at).filter(|at| self.late[*at].at <= to)
        {
            let late = self.late.remove(next);
            self.now = self.now.max(late.at);
            self.apply(&late.request, late.sent);
        }
        self.now = self.now.max(to);
    }

    pub(crate) fn ticket(&self, id: i64) -> Option<HaloTicket> {
        let held = self.tickets.get(&id).filter(|ticket| ticket.is_readable())?;
        Some(held.record(id, self.now, self.stamps))
    }

    pub(crate) fn item(&self, id: &str) -> Option<HitItem> {
        let held = self.items.get(id)?;
        let mut out = HitItem::new(ItemId::from(id), HitClientId::from(held.client));
        out.budget_lines.once = 1;
        out.references = held
            .references
            .iter()
            .map(|(kind, ticket)| ExternalRef {
                system: "halopsa".into(),
                instance: "t".into(),
                kind: Some(*kind),
                id: ticket.to_string().into(),
                url: None,
                marker: None,
            })
            .collect();
        out.last_update = self.stamps.map(|_| Stamp::hit(held.updated));
        out.fields = held.fields.row();
        Some(out)
    }

    pub(crate) fn read(&self, key: &RecordKey) -> Option<Record> {
        match key {
            RecordKey::Ticket(id) => self.ticket(id.0).map(|t| Record::Ticket(Box::new(t))),
            RecordKey::Item(id) => self.item(id.as_str()).map(|i| Record::Item(Box::new(i))),
        }
    }

    /// Searches for a marker. Halo ignores filters that it does not know: a record with another marker comes along.
    pub(crate) fn search(&self, marker: &Marker) -> Vec<MarkerHit> {
        let shown = |ticket: &&Ticket| {
            ticket.marker.is_some() && ticket.indexed_at <= self.now && ticket.is_readable()
        };
        self.tickets
            .iter()
            .filter(|(_, ticket)| shown(ticket))
            .map(|(id, ticket)| MarkerHit {
                record: RecordKey::Ticket(TicketId(*id)),
                marker: ticket.marker.clone().unwrap_or_else(|| marker.clone()),
            })
            .collect()
    }

    pub(crate) fn fields(&self, key: &RecordKey) -> Option<&Fields> {
        match key {
            RecordKey::Ticket(id) => self.tickets.get(&id.0).map(|ticket| &ticket.fields),
            RecordKey::Item(id) => self.items.get(id.as_str()).map(|item| &item.fields),
        }
    }

    pub(crate) fn fields_mut(&mut self, key: &RecordKey) -> Option<(&mut Fields, &mut Knows)> {
        match key {
            RecordKey::Ticket(id) => self.tickets.get_mut(&id.0).map(|t| (&mut t.fields, &mut t.knows)),
            RecordKey::Item(id) => self.items.get_mut(id.as_str()).map(|i| (&mut i.fields, &mut i.knows)),
        }
    }

    pub(crate) fn knows(&self, key: &RecordKey) -> Knows {
        match key {
            RecordKey::Ticket(id) => self.tickets.get(&id.0).map(|t| t.knows).unwrap_or_default(),
            RecordKey::Item(id) => self.items.get(id.as_str()).map(|i| i.knows).unwrap_or_default(),
        }
    }

    /// Whether the server can do it at all.
    pub(crate) fn accepts(&self, request: &Request) -> bool {
        let ticket = |id: i64| self.tickets.get(&id).is_some_and(Ticket::is_readable);
        match request {
            Request::Write { target: RecordKey::Ticket(id), .. } => ticket(id.0),
            Request::Note { ticket: id, .. } | Request::Convert { ticket: id, .. } => ticket(*id),
            Request::Write { .. } | Request::Create { .. } | Request::Reference { .. } => true,
        }
    }

    /// Applies a request of the engine that was sent at a step, and returns what the record then is.
    pub(crate) fn apply(&mut self, request: &Request, sent: usize) -> Option<Record> {
        if !self.accepts(request) {
            return None;
        }
        self.writes += 1;
        let reply = match request {
            Request::Create { intent, knows } => self.create(intent, *knows),
            Request::Write { target, set, knows } => {
                for (field, obs) in set.iter() {
                    let Some(value) = obs.value() else { continue };
                    self.overwrite(target, field, value, knows[place(field)], (sent, 2));
                }
                self.touch(target.clone());
                self.read(target)
            }
            Request::Note { ticket, status, tag, knows } => {
                self.notes.push((*ticket, tag.clone()));
                let target = RecordKey::Ticket(TicketId(*ticket));
                let value = Value::Code(status.as_str().into());
                self.overwrite(&target, FieldId::Status, &value, knows[1], (sent, 3));
                self.touch(target);
                // The reply to an action is the action.
                None
            }
            Request::Convert { ticket, status, knows } => {
                let target = RecordKey::Ticket(TicketId(*ticket));
                if let Some(status) = status {
                    let value = Value::Code(status.as_str().into());
                    self.overwrite(&target, FieldId::Status, &value, knows[1], (sent, 2));
                }
                if let Some(held) = self.tickets.get_mut(ticket) {
                    (held.kind, held.ticket_type) = (Kind::Project, PROJECT_TYPE);
                }
                self.touch(target.clone());
                self.read(&target)
            }
            Request::Reference { item, kind, ticket } => {
                let held = self.items.get_mut(item.as_str())?;
                held.references.retain(|(known, _)| known != kind);
                held.references.push((*kind, *ticket));
                self.touch(RecordKey::Item(item.clone()));
                self.item(item.as_str()).map(|item| Record::Item(Box::new(item)))
            }
        };
        self.automate(request);
        reply
    }

    /// What the servers themselves do after a write of ours. The reply was given before.
    fn automate(&mut self, request: &Request) {
        let (target, fields): (RecordKey, Vec<FieldId>) = match request {
            Request::Write { target, set, .. } => {
                (target.clone(), set.iter().map(|(field, _)| field).collect())
            }
            Request::Note { ticket, .. } => (RecordKey::Ticket(TicketId(*ticket)), vec![FieldId::Status]),
            _ => return,
        };
        for at in 0..self.automations.len() {
            let Automation { side, field, makes } = self.automations[at].clone();
            if side == target.side() && fields.contains(&field) {
                self.machine_edit(&target, field, &makes);
            }
        }
    }

    fn create(&mut self, intent: &Intent, knows: Knows) -> Option<Record> {
        let id = self.next_ticket;
        self.next_ticket += 1;
        let kind = intent.spec.kind;
        let (first, ticket_type) = match kind {
            Kind::Opportunity => ("1", OPPORTUNITY_TYPE),
            Kind::Project => ("11", PROJECT_TYPE),
        };
        let mut fields = Fields { name: String::new(), status: first.into(), budget: 0 };
        for (field, obs) in intent.payload.iter() {
            if let Some(value) = obs.value() {
                fields.set(field, value);
            }
        }
        for (field, value) in self.template.iter().filter(|_| intent.spec.template.is_some()) {
            fields.set(*field, value);
        }
        let ticket = Ticket {
            kind,
            ticket_type,
            client: intent.spec.halo_client,
            fields,
            marker: Some(intent.spec.marker.clone()),
            created_from: None,
            indexed_at: self.now + self.index_lag,
            by_us: true,
            going: None,
            hidden: false,
            knows,
            updated: self.now,
            made: self.step,
        };
        self.tickets.insert(id, ticket);
        let key = RecordKey::Ticket(TicketId(id));
        self.touch(key.clone());
        self.read(&key)
    }

    fn overwrite(
        &mut self,
        target: &RecordKey,
        field: FieldId,
        value: &Value,
        knows: u128,
        (sent, window): (usize, usize),
    ) {
        let side = target.side();
        let Some(before) = self.fields(target).map(|fields| fields.get(field)) else { return };
        // The engine looks, stores (or looks for a note first) and writes, in steps of their own: what a person does in
        // between, or while the request is under way, nothing can save on a server without conditional writes.
        for edit in &mut self.edits {
            let same = edit.record == *target && edit.field == field;
            if same && edit.value == before && before != *value {
                edit.unavoidable |= edit.step + window > sent;
                edit.overwritten.get_or_insert(self.step);
            }
        }
        let value = match (side, value) {
            (Side::Hit, Value::Text(text)) => Value::text(hit_spelling(text)),
            _ => value.clone(),
        };
        if let Some((fields, known)) = self.fields_mut(target) {
            fields.set(field, &value);
            known[place(field)] = knows;
        }
    }

    /// The item that a record belongs to: itself, or the item whose marker or reference leads to the ticket.
    pub(crate) fn item_of(&self, key: &RecordKey) -> Option<String> {
        match key {
            RecordKey::Item(id) => Some(id.as_str().into()),
            RecordKey::Ticket(id) => {
                let ticket = self.tickets.get(&id.0)?;
                let marked = |item: &&String| {
                    let of_item = self.markers.get(*item);
                    ticket.marker.as_ref().is_some_and(|held| of_item.is_some_and(|all| all.contains(held)))
                };
                let referring = |item: &&String| self.items[*item].references.iter().any(|(_, t)| *t == id.0);
                self.items.keys().find(marked).or_else(|| self.items.keys().find(referring)).cloned()
            }
        }
    }

    /// The ticket of an item that a person would work on: the one that the roadmap shows, else the first.
    pub(crate) fn ticket_of(&self, item: &str, kind: Kind) -> Option<i64> {
        let of_kind = |id: &i64| self.tickets.get(id).is_some_and(|t| t.kind == kind);
        let marker = self.markers.get(item).map(|all| &all[kind as usize]);
        let referred = self.items.get(item)?.references.iter().find(|(k, id)| *k == kind && of_kind(id));
        referred.map(|(_, id)| *id).or_else(|| {
            let mut all = self.tickets.iter();
            all.find(|(_, t)| t.kind == kind && marker.is_some() && t.marker.as_ref() == marker)
                .map(|(id, _)| *id)
        })
    }

    /// The tickets of an item's client that we may not read, or may read.
    pub(crate) fn any_hidden(&self, item: &str) -> bool {
        let client = self.items.get(item).map(|item| halo_client(item.client));
        self.tickets.values().any(|ticket| Some(ticket.client) == client && ticket.hidden)
    }
}
