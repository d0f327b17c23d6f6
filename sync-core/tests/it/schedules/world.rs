//! Two servers, in memory. Halo answers with its record; HIT rewrites names; searches lag behind.

use super::scenario::{Edit, EditAction};
use std::collections::BTreeMap;
use sync_core::base::Intent;
use sync_core::exec::{MarkerHit, Record, RecordKey};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{HaloClientId, HitClientId, ItemId, Kind, Side, TicketId, TicketTypeId};
use sync_core::marker::Marker;
use sync_core::record::{ExternalRef, HaloTicket, HitItem};
use sync_core::value::{Currency, Money, Obs, Value};

pub(crate) const CLIENT: HaloClientId = HaloClientId(7);
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

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket {
    pub(crate) kind: Kind,
    pub(crate) fields: Fields,
    pub(crate) marker: Option<Marker>,
    pub(crate) created_from: Option<i64>,
    /// When searches begin to find it.
    pub(crate) indexed_at: i64,
    pub(crate) by_us: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    pub(crate) fields: Fields,
    pub(crate) references: Vec<(Kind, i64)>,
}

/// A request that changes something.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Create(Box<Intent>),
    Write { target: RecordKey, set: Box<FieldRow> },
    Note { ticket: i64, status: Option<String>, tag: String },
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

/// A person's edit that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Done {
    pub(crate) side: Side,
    /// The ticket or item.
    pub(crate) item: String,
    pub(crate) kind: Option<Kind>,
    pub(crate) field: FieldId,
    pub(crate) value: Value,
    /// Earlier edits on the other side that had been brought over, and stored as agreed, when this one was made.
    pub(crate) knew: Vec<usize>,
    /// Earlier edits on the other side whose meaning the person could see and replaced. Between this and `knew` lies
    /// the moment in which the engine has looked and not stored yet.
    pub(crate) saw: Vec<usize>,
    /// Step at which it happened.
    pub(crate) step: usize,
    /// A write that nothing could have stopped came over it: sent before the edit, or in the moment between our last
    /// look and our write, on a server without conditional writes.
    pub(crate) unavoidable: bool,
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
        }
    }

    pub(crate) fn touch(&mut self, key: RecordKey) {
        self.change += 1;
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
        let held = self.tickets.get(&id)?;
        let ticket_type = match held.kind {
            Kind::Opportunity => OPPORTUNITY_TYPE,
            Kind::Project => PROJECT_TYPE,
        };
        let mut out = HaloTicket::new(TicketId(id), Some(held.kind), ticket_type, CLIENT);
        out.marker = held.marker.clone().filter(|_| held.indexed_at <= self.now);
        out.created_from = held.created_from.map(TicketId);
        out.created_by_us = held.by_us;
        out.link_back = Obs::NotFetched;
        out.fields = held.fields.row();
        Some(out)
    }

    pub(crate) fn item(&self, id: &str) -> Option<HitItem> {
        let held = self.items.get(id)?;
        let mut out = HitItem::new(ItemId::from(id), HitClientId::from("c"));
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
        out.fields = held.fields.row();
        Some(out)
    }

    pub(crate) fn read(&self, key: &RecordKey) -> Option<Record> {
        match key {
            RecordKey::Ticket(id) => self.ticket(id.0).map(|t| Record::Ticket(Box::new(t))),
            RecordKey::Item(id) => self.item(id.as_str()).map(|i| Record::Item(Box::new(i))),
        }
    }

    pub(crate) fn search(&self, marker: &Marker) -> Vec<MarkerHit> {
        let shown =
            |ticket: &&Ticket| ticket.marker.as_ref() == Some(marker) && ticket.indexed_at <= self.now;
        self.tickets
            .iter()
            .filter(|(_, ticket)| shown(ticket))
            .map(|(id, _)| MarkerHit { record: RecordKey::Ticket(TicketId(*id)), marker: marker.clone() })
            .collect()
    }

    pub(crate) fn fields(&self, key: &RecordKey) -> Option<&Fields> {
        match key {
            RecordKey::Ticket(id) => self.tickets.get(&id.0).map(|ticket| &ticket.fields),
            RecordKey::Item(id) => self.items.get(id.as_str()).map(|item| &item.fields),
        }
    }

    /// Applies a request of the engine that was sent at a step, and returns what the record then is.
    pub(crate) fn apply(&mut self, request: &Request, sent: usize) -> Option<Record> {
        self.writes += 1;
        match request {
            Request::Create(intent) => self.create(intent),
            Request::Write { target, set } => {
                for (field, obs) in set.iter() {
                    let Some(value) = obs.value() else { continue };
                    self.overwrite(target, field, value, sent);
                }
                self.touch(target.clone());
                self.read(target)
            }
            Request::Note { ticket, status, tag } => {
                self.notes.push((*ticket, tag.clone()));
                let target = RecordKey::Ticket(TicketId(*ticket));
                if let Some(status) = status {
                    self.overwrite(&target, FieldId::Status, &Value::Code(status.as_str().into()), sent);
                }
                self.touch(target);
                // The reply to an action is the action.
                None
            }
            Request::Reference { item, kind, ticket } => {
                let held = self.items.get_mut(item.as_str())?;
                held.references.retain(|(known, _)| known != kind);
                held.references.push((*kind, *ticket));
                self.touch(RecordKey::Item(item.clone()));
                self.item(item.as_str()).map(|item| Record::Item(Box::new(item)))
            }
        }
    }

    fn create(&mut self, intent: &Intent) -> Option<Record> {
        let id = self.next_ticket;
        self.next_ticket += 1;
        let kind = intent.spec.kind;
        let first = match kind {
            Kind::Opportunity => "1",
            Kind::Project => "11",
        };
        let mut fields = Fields { name: String::new(), status: first.into(), budget: 0 };
        for (field, obs) in intent.payload.iter() {
            if let Some(value) = obs.value() {
                fields.set(field, value);
            }
        }
        let ticket = Ticket {
            kind,
            fields,
            marker: Some(intent.spec.marker.clone()),
            created_from: None,
            indexed_at: self.now + self.index_lag,
            by_us: true,
        };
        self.tickets.insert(id, ticket);
        let key = RecordKey::Ticket(TicketId(id));
        self.touch(key.clone());
        self.read(&key)
    }

    fn overwrite(&mut self, target: &RecordKey, field: FieldId, value: &Value, sent: usize) {
        let side = target.side();
        let Some(before) = self.fields(target).map(|fields| fields.get(field)) else { return };
        let owner = self.item_of(target);
        let kind = self.kind_of(target);
        // The engine looks, stores and writes in three steps: what a person does in between, or while the request is
        // under way, nothing can save on a server without conditional writes.
        for edit in &mut self.edits {
            let same = edit.side == side
                && Some(&edit.item) == owner.as_ref()
                && edit.field == field
                && edit.kind == kind;
            if same && edit.value == before && before != *value && edit.step + 3 > sent {
                edit.unavoidable = true;
            }
        }
        let value = match (side, value) {
            (Side::Hit, Value::Text(text)) => Value::text(hit_spelling(text)),
            _ => value.clone(),
        };
        match target {
            RecordKey::Ticket(id) => {
                if let Some(ticket) = self.tickets.get_mut(&id.0) {
                    ticket.fields.set(field, &value);
                }
            }
            RecordKey::Item(id) => {
                if let Some(item) = self.items.get_mut(id.as_str()) {
                    item.fields.set(field, &value);
                }
            }
        }
    }

    /// The item that a record belongs to: itself, or the item whose marker or reference leads to the ticket.
    pub(crate) fn item_of(&self, key: &RecordKey) -> Option<String> {
        match key {
            RecordKey::Item(id) => Some(id.as_str().into()),
            RecordKey::Ticket(id) => {
                let ticket = self.tickets.get(&id.0)?;
                self.items
                    .keys()
                    .find(|item| {
                        let marker = Marker::for_item(
                            &super::scenario::pair(),
                            &ItemId::from(item.as_str()),
                            ticket.kind,
                        );
                        ticket.marker.as_ref() == Some(&marker)
                    })
                    .or_else(|| {
                        let referring =
                            |item: &&String| self.items[*item].references.iter().any(|(_, t)| *t == id.0);
                        self.items.keys().find(referring)
                    })
                    .cloned()
            }
        }
    }

    fn kind_of(&self, key: &RecordKey) -> Option<Kind> {
        match key {
            RecordKey::Item(_) => None,
            RecordKey::Ticket(id) => self.tickets.get(&id.0).map(|ticket| ticket.kind),
        }
    }

    /// The ticket of an item that a person would work on: the one that the roadmap shows, else the first.
    pub(crate) fn ticket_of(&self, item: &str, kind: Kind) -> Option<i64> {
        let marker = Marker::for_item(&super::scenario::pair(), &ItemId::from(item), kind);
        let referred = self.items.get(item)?.references.iter().find(|(k, _)| *k == kind).map(|(_, id)| *id);
        referred.or_else(|| {
            self.tickets
                .iter()
                .find(|(_, t)| t.kind == kind && t.marker.as_ref() == Some(&marker))
                .map(|(id, _)| *id)
        })
    }

    /// Whether the edit is possible now.
    pub(crate) fn can(&self, edit: &Edit) -> bool {
        match &edit.action {
            EditAction::Hit(..) => self.items.contains_key(&edit.item),
            EditAction::Halo(kind, ..) => self.ticket_of(&edit.item, *kind).is_some(),
            EditAction::SalesWins => self.ticket_of(&edit.item, Kind::Opportunity).is_some(),
        }
    }

    /// A person edits. `knows` says whether an earlier edit on the other side has reached the value that the person
    /// now replaces.
    pub(crate) fn edit(&mut self, edit: &Edit, knows: impl Fn(FieldId, &Done, &Value) -> bool) {
        let (side, kind, key, field, value) = match &edit.action {
            EditAction::Hit(field, value) => {
                (Side::Hit, None, RecordKey::Item(ItemId::from(edit.item.as_str())), *field, value.clone())
            }
            EditAction::Halo(kind, field, value) => {
                let Some(id) = self.ticket_of(&edit.item, *kind) else { return };
                (Side::Halo, Some(*kind), RecordKey::Ticket(TicketId(id)), *field, value.clone())
            }
            EditAction::SalesWins => {
                let Some(opportunity) = self.ticket_of(&edit.item, Kind::Opportunity) else { return };
                let name = self.tickets[&opportunity].fields.name.clone();
                let fields = Fields { name, status: "11".into(), budget: 0 };
                let id = self.next_ticket;
                self.next_ticket += 1;
                let ticket = Ticket {
                    kind: Kind::Project,
                    fields,
                    marker: None,
                    created_from: Some(opportunity),
                    indexed_at: self.now,
                    by_us: false,
                };
                self.tickets.insert(id, ticket);
                self.touch(RecordKey::Ticket(TicketId(id)));
                // Looking at the opportunity again is what makes the new project known.
                self.touch(RecordKey::Ticket(TicketId(opportunity)));
                return;
            }
        };
        let held = self.fields(&key).map(|fields| fields.get(field));
        let earlier = |wanted: &dyn Fn(&Done, &Value) -> bool| -> Vec<usize> {
            let of_other =
                |other: &Done| other.item == edit.item && other.field == field && other.side != side;
            let all = self.edits.iter().enumerate().filter(|(_, other)| of_other(other));
            all.filter(|(_, other)| held.as_ref().is_some_and(|held| wanted(other, held)))
                .map(|(at, _)| at)
                .collect()
        };
        let knew = earlier(&|other, held| knows(field, other, held));
        let saw = earlier(&|other, held| super::check::agrees(side, held, &other.value));
        match &key {
            RecordKey::Ticket(id) => {
                if let Some(ticket) = self.tickets.get_mut(&id.0) {
                    ticket.fields.set(field, &value);
                }
            }
            RecordKey::Item(id) => {
                if let Some(item) = self.items.get_mut(id.as_str()) {
                    item.fields.set(field, &value);
                }
            }
        }
        self.touch(key);
        let item = edit.item.clone();
        let step = self.step;
        self.edits.push(Done { side, item, kind, field, value, knew, saw, step, unavoidable: false });
    }
}
