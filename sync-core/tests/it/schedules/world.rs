//! Two servers, in memory. Halo answers with its record; HIT rewrites names; searches lag behind.
//!
//! The servers also keep what the checks need and the engine cannot see: which people's edits each value goes back to.

use super::people::Done;
use super::requests::{Late, LinkBacks};
use super::scenario::{Automation, Going, halo_client};
use std::collections::BTreeMap;
use std::rc::Rc;
use sync_core::exec::{MarkerHit, Record, RecordKey};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{HaloClientId, HitClientId, ItemId, Kind, TicketId, TicketTypeId};
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
    /// Whether it was gone and has not been shown since.
    pub(crate) was_gone: bool,
    /// Whether we may not read it.
    pub(crate) hidden: bool,
    pub(crate) knows: Knows,
    pub(crate) updated: i64,
    /// Step at which it was made.
    pub(crate) made: usize,
    /// The item that its link back names.
    pub(crate) link_back: Option<String>,
}

impl Ticket {
    pub(super) const fn is_readable(&self) -> bool {
        !self.hidden && !matches!(self.going, Some(Going::Deleted))
    }

    fn record(&self, id: i64, now: i64, stamps: Option<i64>, shows_links: bool) -> HaloTicket {
        let mut out = HaloTicket::new(TicketId(id), Some(self.kind), self.ticket_type, self.client);
        out.marker = self.marker.clone().filter(|_| self.indexed_at <= now);
        out.created_from = self.created_from.map(TicketId);
        out.created_by_us = self.by_us;
        out.link_back = match &self.link_back {
            _ if !shows_links => Obs::NotFetched,
            Some(item) => Obs::Value(item.as_str().into()),
            None => Obs::Null,
        };
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
    pub(crate) going: Option<Going>,
    /// Whether it was gone and has not been shown since.
    pub(crate) was_gone: bool,
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
    /// How many characters of a name HIT keeps.
    pub(crate) hit_cuts: usize,
    /// What becomes of links back, in Halo and in HIT.
    pub(crate) link_backs: [LinkBacks; 2],
    /// Whether Halo shows the links of its tickets.
    pub(crate) shows_links: bool,
    pub(crate) deliveries: Vec<RecordKey>,
    /// The markers of the items' tickets by kind, made once: the first one, and those after a link was ended.
    pub(crate) markers: Rc<BTreeMap<String, [Vec<Marker>; 2]>>,
}

pub(crate) const STEP_MS: i64 = 1_000;
/// Longer than a run takes to come back to the same record, so that the settle time has something to do.
pub(crate) const LATE_MS: i64 = 15_000;

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
            hit_cuts: usize::MAX,
            link_backs: [LinkBacks::Kept; 2],
            shows_links: false,
            deliveries: Vec::new(),
            markers: Rc::default(),
        }
    }

    /// HIT's spelling of a name: first letter upper-case, cut where HIT cuts, and trimmed.
    pub(crate) fn hit_spelling(&self, name: &str) -> String {
        let mut chars = name.trim().chars();
        let first = chars.next().into_iter().flat_map(char::to_uppercase);
        let cut: String = first.chain(chars).take(self.hit_cuts).collect();
        cut.trim_end().into()
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
            self.apply(&late.request, &late.ghost);
        }
        self.now = self.now.max(to);
    }

    pub(crate) fn ticket(&self, id: i64) -> Option<HaloTicket> {
        let held = self.tickets.get(&id).filter(|ticket| ticket.is_readable())?;
        Some(held.record(id, self.now, self.stamps, self.shows_links))
    }

    pub(crate) fn item(&self, id: &str) -> Option<HitItem> {
        let held = self.items.get(id).filter(|item| item.going != Some(Going::Deleted))?;
        let mut out = HitItem::new(ItemId::from(id), HitClientId::from(held.client));
        out.budget_lines.once = 1;
        out.archived = held.going.is_some();
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

    /// The item that a record belongs to: itself, or the item whose marker or reference leads to the ticket.
    pub(crate) fn item_of(&self, key: &RecordKey) -> Option<String> {
        match key {
            RecordKey::Item(id) => Some(id.as_str().into()),
            RecordKey::Ticket(id) => {
                let ticket = self.tickets.get(&id.0)?;
                let marked = |item: &&String| {
                    let of_item = self.markers.get(*item).map(|all| &all[ticket.kind as usize]);
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
        let markers = self.markers.get(item).map(|all| &all[kind as usize]);
        let referred = self.items.get(item)?.references.iter().find(|(k, id)| *k == kind && of_kind(id));
        referred.map(|(_, id)| *id).or_else(|| {
            let marked = |marker: &Marker| {
                self.tickets.iter().find(|(_, t)| t.kind == kind && t.marker.as_ref() == Some(marker))
            };
            markers?.iter().rev().find_map(marked).map(|(id, _)| *id)
        })
    }

    /// The tickets of an item's client that we may not read, or may read.
    pub(crate) fn any_hidden(&self, item: &str) -> bool {
        let client = self.items.get(item).map(|item| halo_client(item.client));
        self.tickets.values().any(|ticket| Some(ticket.client) == client && ticket.hidden)
    }
}
