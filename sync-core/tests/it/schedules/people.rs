//! What people do, and what is remembered of it: the ghost variables of the proof. The engine sees none of this.

use super::scenario::{Action, Event, Going, halo_client};
use super::world::{Fields, Knows, PROJECT_TYPE, Ticket, World, bit, place};
use sync_core::exec::RecordKey;
use sync_core::field::FieldId;
use sync_core::ids::{ItemId, Kind, Side, TicketId};
use sync_core::value::Value;

/// An edit that has happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Done {
    pub(crate) side: Side,
    pub(crate) item: String,
    /// The ticket or item.
    pub(crate) record: RecordKey,
    pub(crate) kind: Option<Kind>,
    pub(crate) field: FieldId,
    pub(crate) value: Value,
    /// Earlier edits, of both sides, that the replaced value goes back to or whose meaning it showed.
    pub(crate) knew: u128,
    /// Step at which it happened, and when.
    pub(crate) step: usize,
    pub(crate) at: i64,
    /// A write that nothing could have stopped came over it: sent before the edit, or in the moment between our last
    /// look and our write, on a server without conditional writes.
    pub(crate) unavoidable: bool,
    /// The last write of ours that came over it.
    pub(crate) overwritten: Option<Over>,
    /// Made before both records were linked and held the same: what is done about differences on linking is no merge.
    pub(crate) first: bool,
    /// Done by a server's own automation: nobody misses it, but it replaces what it replaces.
    pub(crate) by_machine: bool,
}

/// A write of ours that came over an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Over {
    /// The edits that its value goes back to: another edit is no reason for it.
    pub(crate) knows: u128,
    /// How much newer Halo's record looked than HIT's when it was planned.
    pub(crate) lead: Option<i64>,
}

impl World {
    /// Whether the event is possible now, as far as the servers are concerned.
    pub(crate) fn can(&self, event: &Event) -> bool {
        let item = event.item.as_str();
        let going = |kind: Kind| self.ticket_of(item, kind).and_then(|id| self.tickets[&id].going);
        match &event.action {
            Action::Hit(..) | Action::ItemGone(_) => self.items.get(item).is_some_and(|i| i.going.is_none()),
            Action::ItemBack => self.items.get(item).is_some_and(|i| i.going.is_some()),
            Action::Halo(kind, ..) => self.ticket_of(item, *kind).is_some() && going(*kind).is_none(),
            Action::SalesWins => self.ticket_of(item, Kind::Opportunity).is_some(),
            Action::Gone(kind, _) => self.ticket_of(item, *kind).is_some() && going(*kind).is_none(),
            Action::Back(kind) => going(*kind).is_some(),
            Action::Hide => self.ticket_of(item, Kind::Opportunity).is_some() && !self.any_hidden(item),
            Action::Show => self.any_hidden(item),
            _ => true,
        }
    }

    /// Something happens on the servers.
    pub(crate) fn happen(&mut self, event: &Event) {
        let item = event.item.as_str();
        let ticket =
            |world: &Self, kind| world.ticket_of(item, kind).map(|id| RecordKey::Ticket(TicketId(id)));
        match &event.action {
            Action::Hit(field, value) => {
                self.edit(item, &RecordKey::Item(ItemId::from(item)), None, *field, value, false);
            }
            Action::Halo(kind, field, value) => {
                if let Some(key) = ticket(self, *kind) {
                    self.edit(item, &key, Some(*kind), *field, value, false);
                }
            }
            Action::SalesWins => self.sales_wins(item),
            Action::Gone(kind, going) => self.set_going(item, *kind, Some(*going)),
            Action::Back(kind) => self.set_going(item, *kind, None),
            Action::ItemGone(going) => self.set_item_going(item, Some(*going)),
            Action::ItemBack => self.set_item_going(item, None),
            Action::Hide | Action::Show => {
                let hidden = matches!(event.action, Action::Hide);
                let client = self.items.get(item).map(|item| halo_client(item.client));
                let of_client = self.tickets.iter_mut().filter(|(_, t)| Some(t.client) == client);
                let keys: Vec<i64> = of_client
                    .map(|(id, ticket)| {
                        ticket.hidden = hidden;
                        *id
                    })
                    .collect();
                // Seeing a record again shows in the list of changes; its vanishing does not.
                for id in keys.into_iter().filter(|_| !hidden) {
                    self.touch(RecordKey::Ticket(TicketId(id)));
                }
            }
            _ => {}
        }
    }

    fn set_going(&mut self, item: &str, kind: Kind, going: Option<Going>) {
        let Some(id) = self.ticket_of(item, kind) else { return };
        if let Some(ticket) = self.tickets.get_mut(&id) {
            ticket.going = going;
            ticket.was_gone = true;
        }
        if going != Some(Going::Deleted) {
            self.touch(RecordKey::Ticket(TicketId(id)));
        }
    }

    fn set_item_going(&mut self, id: &str, going: Option<Going>) {
        if let Some(item) = self.items.get_mut(id) {
            item.going = going;
            item.was_gone = true;
        }
        if going != Some(Going::Deleted) {
            self.touch(RecordKey::Item(ItemId::from(id)));
        }
    }

    fn sales_wins(&mut self, item: &str) {
        let Some(opportunity) = self.ticket_of(item, Kind::Opportunity) else { return };
        let (name, client) = {
            let held = &self.tickets[&opportunity];
            (held.fields.name.clone(), held.client)
        };
        let id = self.next_ticket;
        self.next_ticket += 1;
        let ticket = Ticket {
            kind: Kind::Project,
            ticket_type: PROJECT_TYPE,
            client,
            fields: Fields { name, status: "11".into(), budget: 0 },
            marker: None,
            created_from: Some(opportunity),
            indexed_at: self.now,
            by_us: false,
            going: None,
            was_gone: false,
            hidden: false,
            knows: Knows::default(),
            updated: self.now,
            made: self.step,
            link_back: None,
        };
        self.tickets.insert(id, ticket);
        self.touch(RecordKey::Ticket(TicketId(id)));
        // Looking at the opportunity again is what makes the new project known.
        self.touch(RecordKey::Ticket(TicketId(opportunity)));
    }

    /// A server's own automation sets a field.
    pub(crate) fn machine_edit(&mut self, key: &RecordKey, field: FieldId, value: &Value) {
        let kind = match key {
            RecordKey::Ticket(id) => self.tickets.get(&id.0).map(|ticket| ticket.kind),
            RecordKey::Item(_) => None,
        };
        let held = self.fields(key).map(|fields| fields.get(field));
        if let Some(item) = self.item_of(key)
            && held.as_ref() != Some(value)
        {
            self.edit(&item, key, kind, field, value, true);
        }
    }

    fn edit(
        &mut self,
        item: &str,
        key: &RecordKey,
        kind: Option<Kind>,
        field: FieldId,
        value: &Value,
        by_machine: bool,
    ) {
        let side = key.side();
        let Some(held) = self.fields(key).map(|fields| fields.get(field)) else { return };
        let mut knew = self.knows(key)[place(field)];
        for (at, other) in self.edits.iter().enumerate() {
            let shown = other.item == item
                && other.field == field
                && other.side != side
                && super::check::agrees(self, side, &held, &other.value);
            if shown {
                knew |= bit(at);
            }
        }
        let number = self.edits.len();
        if let Some((fields, knows)) = self.fields_mut(key) {
            fields.set(field, value);
            knows[place(field)] = knew | bit(number);
        }
        self.touch(key.clone());
        self.edits.push(Done {
            side,
            item: item.into(),
            record: key.clone(),
            kind,
            field,
            value: value.clone(),
            knew,
            step: self.step,
            at: self.now,
            unavoidable: false,
            overwritten: None,
            first: false,
            by_machine,
        });
    }
}
