//! What the engine asks of the servers, and what they make of it.

use super::people::Over;
use super::scenario::{Automation, Going};
use super::world::{Fields, Knows, OPPORTUNITY_TYPE, PROJECT_TYPE, Ticket, World, place};
use sync_core::base::Intent;
use sync_core::exec::{Record, RecordKey};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{ItemId, Kind, Side, TicketId};
use sync_core::value::Value;

/// A request that changes something.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Create { intent: Box<Intent> },
    Write { target: RecordKey, set: Box<FieldRow> },
    Note { ticket: i64, status: String, tag: String },
    Convert { ticket: i64, status: Option<String> },
    LinkBack { side: Side, item: ItemId, kind: Kind, ticket: i64 },
}

/// What the checks know of a request, and no server does.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ghost {
    /// The edits that the values go back to.
    pub(crate) knows: Knows,
    /// How much newer Halo's record looked than HIT's, by the stamps that the plan read.
    pub(crate) lead: Option<i64>,
    /// The step of the last look at the target before it.
    pub(crate) looked: usize,
}

/// A request under way.
#[derive(Clone, Debug)]
pub(crate) struct Late {
    pub(crate) at: i64,
    pub(crate) request: Request,
    pub(crate) ghost: Ghost,
}

/// What becomes of a link back that we write on a side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum LinkBacks {
    /// It stays.
    #[default]
    Kept,
    /// The server says yes and does not keep it.
    NotKept,
    /// It stays until an automation, which starts after the answer, takes it out again.
    TakenOut,
    /// An automation refuses it.
    Refused,
}

/// How often a link back may be written at most: something that takes it out again is not answered for ever.
pub(super) const MOST_LINK_BACKS: u32 = 3;

impl World {
    pub(crate) const fn link_backs(&self, side: Side) -> LinkBacks {
        self.link_backs[side as usize]
    }

    /// Whether the server refuses the request although it has the record.
    pub(crate) fn refuses(&self, request: &Request) -> bool {
        matches!(request, Request::LinkBack { side, .. } if self.link_backs(*side) == LinkBacks::Refused)
    }

    /// Whether the server can do it at all.
    pub(crate) fn accepts(&self, request: &Request) -> bool {
        let ticket = |id: i64| self.tickets.get(&id).is_some_and(Ticket::is_readable);
        match request {
            Request::Write { target: RecordKey::Ticket(id), .. } => ticket(id.0),
            Request::Note { ticket: id, .. } | Request::Convert { ticket: id, .. } => ticket(*id),
            Request::LinkBack { side: Side::Halo, ticket: id, .. } => ticket(*id),
            Request::Write { target: RecordKey::Item(id), .. }
            | Request::LinkBack { item: id, side: Side::Hit, .. } => {
                self.items.get(id.as_str()).is_some_and(|item| item.going != Some(Going::Deleted))
            }
            Request::Create { .. } => true,
        }
    }

    /// Applies a request of the engine, and returns what the record then is.
    pub(crate) fn apply(&mut self, request: &Request, ghost: &Ghost) -> Option<Record> {
        if !self.accepts(request) || self.refuses(request) {
            return None;
        }
        self.writes += 1;
        let reply = match request {
            Request::Create { intent } => self.create(intent, ghost.knows),
            Request::Write { target, set } => {
                for (field, obs) in set.iter() {
                    let Some(value) = obs.value() else { continue };
                    self.overwrite(target, field, value, ghost);
                }
                self.touch(target.clone());
                self.read(target)
            }
            Request::Note { ticket, status, tag } => {
                self.notes.push((*ticket, tag.clone()));
                let target = RecordKey::Ticket(TicketId(*ticket));
                let value = Value::Code(status.as_str().into());
                self.overwrite(&target, FieldId::Status, &value, ghost);
                self.touch(target);
                // The reply to an action is the action.
                None
            }
            Request::Convert { ticket, status } => {
                let target = RecordKey::Ticket(TicketId(*ticket));
                if let Some(status) = status {
                    let value = Value::Code(status.as_str().into());
                    self.overwrite(&target, FieldId::Status, &value, ghost);
                }
                if let Some(held) = self.tickets.get_mut(ticket) {
                    (held.kind, held.ticket_type) = (Kind::Project, PROJECT_TYPE);
                }
                self.touch(target.clone());
                self.read(&target)
            }
            Request::LinkBack { side, item, kind, ticket } => {
                let there = self.link_backs(*side) != LinkBacks::NotKept;
                self.set_link_back(*side, item, *kind, *ticket, there);
                let target = match side {
                    Side::Halo => RecordKey::Ticket(TicketId(*ticket)),
                    Side::Hit => RecordKey::Item(item.clone()),
                };
                self.touch(target.clone());
                self.read(&target)
            }
        };
        self.automate(request);
        reply
    }

    fn set_link_back(&mut self, side: Side, item: &ItemId, kind: Kind, ticket: i64, there: bool) {
        match side {
            Side::Halo => {
                if let Some(held) = self.tickets.get_mut(&ticket) {
                    held.link_back = there.then(|| item.as_str().into());
                }
            }
            Side::Hit => {
                if let Some(held) = self.items.get_mut(item.as_str()) {
                    held.references.retain(|(known, _)| *known != kind);
                    held.references.extend(there.then_some((kind, ticket)));
                }
            }
        }
    }

    /// What the servers themselves do after a write of ours. The reply was given before.
    fn automate(&mut self, request: &Request) {
        let (target, fields): (RecordKey, Vec<FieldId>) = match request {
            Request::Write { target, set, .. } => {
                (target.clone(), set.iter().map(|(field, _)| field).collect())
            }
            Request::Note { ticket, .. } => (RecordKey::Ticket(TicketId(*ticket)), vec![FieldId::Status]),
            Request::LinkBack { side, item, kind, ticket }
                if self.link_backs(*side) == LinkBacks::TakenOut =>
            {
                let key = match side {
                    Side::Halo => RecordKey::Ticket(TicketId(*ticket)),
                    Side::Hit => RecordKey::Item(item.clone()),
                };
                self.set_link_back(*side, item, *kind, *ticket, false);
                return self.touch(key);
            }
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
            was_gone: false,
            hidden: false,
            knows,
            updated: self.now,
            made: self.step,
            link_back: None,
        };
        self.tickets.insert(id, ticket);
        let key = RecordKey::Ticket(TicketId(id));
        self.touch(key.clone());
        self.read(&key)
    }

    fn overwrite(&mut self, target: &RecordKey, field: FieldId, value: &Value, ghost: &Ghost) {
        let side = target.side();
        let knows = ghost.knows[place(field)];
        let Some(before) = self.fields(target).map(|fields| fields.get(field)) else { return };
        // The engine looks, stores (or looks for a note first) and writes, in steps of their own: what a person does in
        // between, or while the request is under way, nothing can save on a server without conditional writes.
        for edit in &mut self.edits {
            let same = edit.record == *target && edit.field == field;
            if same && edit.value == before && before != *value {
                edit.unavoidable |= edit.step > ghost.looked;
                edit.overwritten = Some(Over { knows, lead: ghost.lead });
            }
        }
        let value = match (side, value) {
            (Side::Hit, Value::Text(text)) => Value::text(self.hit_spelling(text)),
            _ => value.clone(),
        };
        if let Some((fields, known)) = self.fields_mut(target) {
            fields.set(field, &value);
            known[place(field)] = knows;
        }
    }
}
