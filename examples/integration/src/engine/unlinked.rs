//! Tickets of no link: which of them are our own.
//!
//! Rows of lists carry no external links and no reference of the customer, so nothing in them tells a ticket that we
//! made and whose reply was lost from one that a person made.

use std::collections::BTreeSet;

use sync_core::base::Link;
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{HaloClientId, Kind, TicketId};
use sync_core::matching::name_key;
use sync_core::planner;
use sync_core::record::Snapshot;
use sync_core::value::{Obs, Value};

use super::rows::{Rows, keep_ticket};
use super::{Engine, View};
use crate::exit::Failure;
use crate::storage::{Change, Lease, RecordKey};

impl Engine {
    /// Takes the markers of all tickets from one list of our external links, so that a complete read shows a create that
    /// arrived late.
    ///
    /// # Errors
    /// Those of a list; a refusal leaves the markers to the details.
    pub(super) async fn read_marks(&self, rows: &mut Rows) -> Result<(), Failure> {
        match self.halo.marks(&self.full_reads).await {
            Ok(marks) => marks.into_iter().try_for_each(|(ticket, marker)| rows.put_marker(ticket, marker)),
            Err(error) if error.is_permission() || error.is_not_found() => {
                tracing::warn!(%error, "external links cannot be listed: a ticket that was made twice shows late");
                Ok(())
            }
            Err(error) => Err(self.halo_failure(&error)),
        }
    }

    /// Reads in detail what would be imported, or offered as the counterpart of an item, before it is planned: it may
    /// be our own. Where only the reference of the customer says so, no list shows it: then each ticket is read that has
    /// the name of a linked one, for a create that arrived late has it. What cannot be read now is not imported, and
    /// asked for again by the next run; what is not shown to us, when it has changed.
    ///
    /// # Errors
    /// Refused credentials, a system that does not answer any more, and those of the store.
    pub(super) async fn read_sources(&self, lease: &Lease, view: &mut View) -> Result<(), Failure> {
        let mut wanted: BTreeSet<TicketId> = planner::unread_sources(&view.input(self)).into_iter().collect();
        if self.halo.marks_by_reference() {
            wanted.extend(namesakes(&view.links, &view.snapshot));
        }
        wanted.retain(|id| !is_hidden(&view.snapshot, *id));
        let wanted = wanted.into_iter().map(RecordKey::Ticket).collect();
        let read = self.read_details(lease, view, &wanted, &|| {}).await?;
        let mut hidden = hide(&mut view.snapshot, &read.refused)?;
        self.keep(lease, view, &mut hidden).await?;
        if read.changed {
            view.find_candidates();
        }
        Ok(())
    }
}

/// Whether the detail of a ticket of no link was refused, and the ticket has not changed since.
fn is_hidden(snapshot: &Snapshot, id: TicketId) -> bool {
    snapshot.ticket(id).is_some_and(|ticket| ticket.link_back == Obs::Forbidden)
}

/// Notes of tickets of no link that their details are not shown to us, so that they are not asked for with every poll.
fn hide(snapshot: &mut Snapshot, refused: &[RecordKey]) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    for key in refused {
        let RecordKey::Ticket(id) = key else { continue };
        if let Some(ticket) = snapshot.tickets.iter_mut().find(|ticket| ticket.id == *id) {
            ticket.link_back = Obs::Forbidden;
            changes.push(keep_ticket(ticket.clone())?);
        }
    }
    Ok(changes)
}

/// Tickets of no link, never read in detail, that are called as a linked ticket or its item of the same client and kind.
fn namesakes(links: &[Link], snapshot: &Snapshot) -> Vec<TicketId> {
    let name = |fields: &FieldRow| match fields.get(FieldId::Name).value() {
        Some(Value::Text(name)) => Some(name_key(name)),
        _ => None,
    };
    let mut linked = BTreeSet::new();
    let mut names: BTreeSet<(HaloClientId, Kind, String)> = BTreeSet::new();
    for link in links {
        let item = snapshot.item(&link.item).and_then(|item| name(&item.fields));
        for kind in Kind::ALL {
            let Some(id) = link.ticket(kind) else { continue };
            linked.insert(id);
            let ticket = snapshot.ticket(id).and_then(|ticket| name(&ticket.fields));
            names.extend(item.clone().into_iter().chain(ticket).map(|name| (link.halo_client, kind, name)));
        }
    }
    let is_namesake = |ticket: &&sync_core::record::HaloTicket| {
        let alive = !ticket.deleted && !ticket.is_task && !ticket.is_probe && ticket.merged_into.is_none();
        let unread = ticket.marker.is_none() && ticket.link_back == Obs::NotFetched;
        let called = || Some((ticket.client, ticket.kind?, name(&ticket.fields)?));
        alive
            && unread
            && !linked.contains(&ticket.id)
            && called().is_some_and(|called| names.contains(&called))
    };
    snapshot.tickets.iter().filter(is_namesake).map(|ticket| ticket.id).collect()
}

#[cfg(test)]
mod tests {
    use sync_core::ids::{HitClientId, TicketTypeId};
    use sync_core::record::{HaloTicket, HitItem};

    use super::*;

    fn ticket(id: i64, client: i64, name: &str) -> HaloTicket {
        let (kind, client) = (Some(Kind::Opportunity), HaloClientId(client));
        let mut ticket = HaloTicket::new(TicketId(id), kind, TicketTypeId(21), client);
        ticket.fields.set(FieldId::Name, Obs::Value(Value::text(name)));
        ticket
    }

    #[test]
    fn a_namesake_of_a_linked_ticket_is_read_once() {
        let mut item = HitItem::new("i1".into(), HitClientId::from("c1"));
        item.fields.set(FieldId::Name, Obs::Value(Value::text("Renamed since")));
        let mut link = Link::new("i1".into(), HitClientId::from("c1"), HaloClientId(12));
        link.opportunity = Some(TicketId(1));
        let read = |ticket: HaloTicket| HaloTicket { link_back: Obs::Null, ..ticket };
        let project = HaloTicket { kind: Some(Kind::Project), ..ticket(8, 12, "Backup") };
        let mut snapshot = Snapshot {
            tickets: vec![
                ticket(1, 12, "Backup"),
                ticket(2, 12, " backup "),
                ticket(3, 12, "Renamed since"),
                ticket(4, 12, "Another"),
                ticket(5, 13, "Backup"),
                read(ticket(6, 12, "Backup")),
                HaloTicket { deleted: true, ..ticket(7, 12, "Backup") },
                project,
            ],
            items: vec![item],
            ..Snapshot::default()
        };
        snapshot.normalise();
        assert_eq!(namesakes(&[link], &snapshot), [TicketId(2), TicketId(3)]);
        assert_eq!(namesakes(&[], &snapshot), []);
    }
    #[test]
    fn a_namesake_that_is_not_shown_to_us_is_not_asked_for_with_every_poll() {
        let mut link = Link::new("i1".into(), HitClientId::from("c1"), HaloClientId(12));
        link.opportunity = Some(TicketId(1));
        let mut snapshot = Snapshot {
            tickets: vec![ticket(1, 12, "Backup"), ticket(2, 12, "Backup")],
            ..Snapshot::default()
        };
        assert_eq!(namesakes(std::slice::from_ref(&link), &snapshot), [TicketId(2)]);
        let changes = hide(&mut snapshot, &[RecordKey::Ticket(TicketId(2))]).unwrap();
        assert!(matches!(&changes[..], [Change::PutSeen { key: RecordKey::Ticket(TicketId(2)), .. }]));
        assert!(is_hidden(&snapshot, TicketId(2)) && !is_hidden(&snapshot, TicketId(1)));
        assert_eq!(namesakes(&[link], &snapshot), []);
        // What was refused was not read: it is still not imported.
        assert!(!snapshot.tickets[1].links_read());
    }
}
