//! The records of both systems as they are kept between runs, and what a read changes in them.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::base::{Link, LinkState};
use sync_core::exec::{DirtyMark, RecordKey as ExecKey, Reject, RejectClass};
use sync_core::field::FieldId;
use sync_core::ids::{HaloClientId, ItemId, Kind, Side, TicketId};
use sync_core::marker::Marker;
use sync_core::record::{HaloTicket, HitItem};
use sync_core::settings::{CreateRule, Settings};
use sync_core::value::Obs;

use super::feed::Feed;
use super::outage::Outages;
use crate::exit::Failure;
use crate::storage::{Change, Dirty, RecordKey, Store};

/// What a mark is for: a feed has brought the record itself, so it need not be read again.
pub(super) const BY_FEED: &str = "feed";

/// A record as it is kept between runs.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum SeenRow {
    Ticket(Box<HaloTicket>),
    Item(Box<HitItem>),
}

/// A record as the store keeps it.
fn row_text(row: &SeenRow) -> Result<String, Failure> {
    serde_json::to_string(row).map_err(|error| super::internal(&error))
}

/// An item as it was last read; nothing if it never was, or was kept by another version.
///
/// # Errors
/// Those of the store.
pub async fn kept_item(store: &dyn Store, id: &ItemId) -> Result<Option<HitItem>, Failure> {
    let kept = store.seen_one(&RecordKey::Item(id.clone())).await?;
    Ok(match kept.and_then(|text| serde_json::from_str(&text).ok()) {
        Some(SeenRow::Item(item)) => Some(*item),
        _ => None,
    })
}

/// A ticket as it was last read; nothing if it never was, or was kept by another version.
///
/// # Errors
/// Those of the store.
pub async fn kept_ticket(store: &dyn Store, id: TicketId) -> Result<Option<HaloTicket>, Failure> {
    let kept = store.seen_one(&RecordKey::Ticket(id)).await?;
    Ok(match kept.and_then(|text| serde_json::from_str(&text).ok()) {
        Some(SeenRow::Ticket(ticket)) => Some(*ticket),
        _ => None,
    })
}

/// Keeps what was read of a ticket, which is no news of it.
pub(super) fn keep_ticket(ticket: HaloTicket) -> Result<Change, Failure> {
    let key = RecordKey::Ticket(ticket.id);
    Ok(Change::PutSeen { key, body: row_text(&SeenRow::Ticket(Box::new(ticket)))? })
}

/// Keeps what was read of an item, which is no news of it.
pub(super) fn keep_item(item: HitItem) -> Result<Change, Failure> {
    let key = RecordKey::Item(item.id.clone());
    Ok(Change::PutSeen { key, body: row_text(&SeenRow::Item(Box::new(item)))? })
}

/// The records of both sides by id, and what changed in them.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) tickets: BTreeMap<TicketId, HaloTicket>,
    pub(super) items: BTreeMap<ItemId, HitItem>,
    pub(super) changes: Vec<Change>,
    /// What was asked for and could not be read.
    pub(super) unread: BTreeSet<RecordKey>,
    /// What was asked for and is not there, as the server says.
    pub(super) not_found: BTreeSet<RecordKey>,
    pub(super) complete: BTreeMap<Side, bool>,
    /// How many kept records could not be read. What changed since the cursors is then not enough to read.
    pub(super) lost: usize,
    /// What this read has shown, whether it had changed or not.
    pub(super) met: BTreeSet<RecordKey>,
    /// Tickets that no read before this one has seen.
    pub(super) fresh: BTreeSet<TicketId>,
    /// How often in a row single records could not be read.
    pub(super) outages: Outages,
}

impl Rows {
    /// What was kept. It is only a copy of what the servers have: a record that cannot be read was kept by another version
    /// or is damaged, so it is dropped, and marked in case no list holds it.
    pub(super) fn kept(seen: Vec<(RecordKey, String)>) -> Self {
        let mut rows = Rows::default();
        for (key, text) in seen {
            match serde_json::from_str(&text) {
                Ok(SeenRow::Ticket(ticket)) => {
                    rows.tickets.insert(ticket.id, *ticket);
                }
                Ok(SeenRow::Item(item)) => {
                    rows.items.insert(item.id.clone(), *item);
                }
                Err(error) => {
                    tracing::warn!(record = ?key, %error, "a kept record cannot be read; everything is read anew");
                    rows.lost += 1;
                    rows.changes.push(Change::DropSeen(key.clone()));
                    rows.changes.push(Change::Mark { key, reason: "retry".to_owned() });
                }
            }
        }
        rows
    }

    pub(super) fn put_ticket(&mut self, ticket: HaloTicket, by_feed: bool) -> Result<(), Failure> {
        let key = RecordKey::Ticket(ticket.id);
        let known = self.tickets.remove(&ticket.id);
        if known.is_none() && by_feed {
            self.fresh.insert(ticket.id);
        }
        let merged = match known {
            Some(known) if by_feed => keep_details(known, ticket),
            _ => ticket,
        };
        let body = row_text(&SeenRow::Ticket(Box::new(merged.clone())));
        self.tickets.insert(merged.id, merged);
        self.note(key, body?, by_feed);
        Ok(())
    }

    /// The marker of a ticket that is kept, where it was not known. That is no news of the ticket itself.
    pub(super) fn put_marker(&mut self, id: TicketId, marker: Marker) -> Result<(), Failure> {
        if let Some(ticket) = self.tickets.get_mut(&id)
            && ticket.marker.is_none()
        {
            ticket.marker = Some(marker);
            self.changes.push(keep_ticket(ticket.clone())?);
        }
        Ok(())
    }

    pub(super) fn put_item(&mut self, item: HitItem, by_feed: bool) -> Result<(), Failure> {
        let key = RecordKey::Item(item.id.clone());
        let body = row_text(&SeenRow::Item(Box::new(item.clone())));
        self.items.insert(item.id.clone(), item);
        self.note(key, body?, by_feed);
        Ok(())
    }

    /// Whether a listed ticket says something else than what is kept of it. A stamp alone does not tell: two changes
    /// within the resolution of a server's clock carry the same one.
    pub(super) fn ticket_differs(&self, listed: &HaloTicket) -> bool {
        self.tickets.get(&listed.id).is_none_or(|known| keep_details(known.clone(), listed.clone()) != *known)
    }

    /// The same for an item.
    pub(super) fn item_differs(&self, listed: &HitItem) -> bool {
        self.items.get(&listed.id) != Some(listed)
    }

    /// Whether a ticket was brought by a list in this read and does not say what one of these fields holds.
    pub(super) fn came_without(&self, id: TicketId, fields: impl Fn(Kind) -> Vec<FieldId>) -> bool {
        let came =
            |change: &Change| matches!(change, Change::Mark { key, .. } if *key == RecordKey::Ticket(id));
        let lacks = |ticket: &HaloTicket| {
            let fields = ticket.kind.map(&fields).unwrap_or_default();
            fields.into_iter().any(|field| *ticket.fields.get(field) == Obs::NotFetched)
        };
        self.tickets.get(&id).is_some_and(lacks) && self.changes.iter().any(came)
    }

    /// Whether one of these fields of a ticket differs from what the item holds, and nobody knows whether the ticket was
    /// priced: its list row has changed since its detail was read, and does not say.
    pub(super) fn price_matters(
        &self,
        id: TicketId,
        item: &ItemId,
        fields: impl Fn(Kind) -> Vec<FieldId>,
    ) -> bool {
        let (Some(ticket), Some(item)) = (self.tickets.get(&id), self.items.get(item)) else { return false };
        let fields = ticket.kind.map(fields).unwrap_or_default();
        ticket.priced.is_none()
            && fields.into_iter().any(|field| ticket.fields.get(field) != item.fields.get(field))
    }

    /// Unlinked projects that Halo may have made from the opportunity of a link, which only their detail says (rows of
    /// lists name what is above a project, not what it was created from): newer ones of the client than the opportunity,
    /// while a project is waited for; and beside a project that is linked, new ones as they appear.
    pub(super) fn possible_offspring(&self, links: &[Link], settings: &Settings) -> Vec<TicketId> {
        let mut waiting: BTreeMap<HaloClientId, TicketId> = BTreeMap::new();
        let mut promoted = waiting.clone();
        let mut linked = BTreeSet::new();
        for link in links {
            linked.extend(link.opportunity.into_iter().chain(link.project));
            let Some(opportunity) = link.opportunity else { continue };
            if link.state != LinkState::Active || !settings.sync.scope.contains(&link.client) {
                continue;
            }
            let to_be_project = self
                .items
                .get(&link.item)
                .and_then(HitItem::status)
                .is_some_and(|status| settings.create_rule(&status) == Some(CreateRule::Project));
            let (bounds, newer_than) = match link.project {
                Some(project) => (&mut promoted, project.max(opportunity)),
                None if to_be_project || link.promotion_since.is_some() => (&mut waiting, opportunity),
                None => continue,
            };
            let bound = bounds.entry(link.halo_client).or_insert(newer_than);
            *bound = newer_than.min(*bound);
        }
        let newer = |bounds: &BTreeMap<HaloClientId, TicketId>, ticket: &HaloTicket| {
            bounds.get(&ticket.client).is_some_and(|bound| ticket.id > *bound)
        };
        let unseen = |ticket: &&HaloTicket| {
            ticket.kind == Some(Kind::Project)
                && !ticket.is_task
                && !ticket.link_back.is_seen()
                && !linked.contains(&ticket.id)
        };
        let may_be = |ticket: &&HaloTicket| {
            newer(&waiting, ticket) || (self.fresh.contains(&ticket.id) && newer(&promoted, ticket))
        };
        self.tickets.values().filter(unseen).filter(may_be).map(|ticket| ticket.id).collect()
    }

    /// Forgets everything that was kept, so that it is read again from scratch.
    pub(super) fn forget_all(&mut self) {
        let tickets = std::mem::take(&mut self.tickets).into_keys().map(RecordKey::Ticket);
        let items = std::mem::take(&mut self.items).into_keys().map(RecordKey::Item);
        self.changes.extend(tickets.chain(items).map(Change::DropSeen));
    }

    fn note(&mut self, key: RecordKey, body: String, by_feed: bool) {
        if by_feed {
            self.changes.push(Change::Mark { key: key.clone(), reason: BY_FEED.to_owned() });
        }
        self.met.insert(key.clone());
        self.changes.push(Change::PutSeen { key, body });
    }

    /// A record that could not be read now: it is marked, so that the next run asks for it again.
    ///
    /// # Errors
    /// Refused credentials end the run: nothing else could be read either.
    pub(super) fn unread(&mut self, key: RecordKey, reject: &Reject) -> Result<(), Failure> {
        self.changes.push(Change::Mark { key: key.clone(), reason: "retry".to_owned() });
        self.not_shown(key, reject)
    }

    /// A record that could not be read now, and that the next run need not ask for.
    ///
    /// # Errors
    /// Refused credentials end the run.
    pub(super) fn not_shown(&mut self, key: RecordKey, reject: &Reject) -> Result<(), Failure> {
        if reject.class == RejectClass::Credentials {
            return Err(super::run::credentials_refused(reject));
        }
        tracing::warn!(record = ?key, reason = %reject.detail, "a record could not be read");
        self.unread.insert(key);
        Ok(())
    }

    /// A record of which the server says that there is none.
    pub(super) fn not_found(&mut self, key: RecordKey) {
        self.drop(&key);
        self.met.remove(&key);
        self.not_found.insert(key);
    }

    fn drop(&mut self, key: &RecordKey) {
        match key {
            RecordKey::Ticket(id) => drop(self.tickets.remove(id)),
            RecordKey::Item(id) => drop(self.items.remove(id)),
        }
        self.changes.push(Change::DropSeen(key.clone()));
    }

    /// What a complete list does not hold is no longer there, or no longer shown to us: it is not kept. Unless it said
    /// itself that it was deleted or merged: lists leave such tickets out, and what it said is the evidence.
    pub(super) fn forget_tickets(&mut self, kind: Kind, listed: &[HaloTicket]) {
        let listed: BTreeSet<_> = listed.iter().map(|ticket| ticket.id).collect();
        let lacking = |ticket: &&HaloTicket| {
            ticket.kind == Some(kind)
                && !listed.contains(&ticket.id)
                && !ticket.deleted
                && ticket.merged_into.is_none()
        };
        let gone: Vec<_> =
            self.tickets.values().filter(lacking).map(|ticket| RecordKey::Ticket(ticket.id)).collect();
        gone.iter().for_each(|key| self.drop(key));
    }

    pub(super) fn forget_items(&mut self, listed: &[HitItem]) {
        let listed: BTreeSet<_> = listed.iter().map(|item| &item.id).collect();
        let lacking = self.items.keys().filter(|id| !listed.contains(id));
        let gone: Vec<_> = lacking.cloned().map(RecordKey::Item).collect();
        gone.iter().for_each(|key| self.drop(key));
    }

    pub(super) fn move_cursor(&mut self, side: Side, feed: &str, before: &Feed, next: &Feed) {
        if before != next {
            self.changes.push(Change::MoveCursor { side, feed: feed.to_owned(), value: next.to_text() });
        }
    }
}

/// A record in the planner's words.
pub(super) fn exec_key(key: &RecordKey) -> ExecKey {
    match key {
        RecordKey::Ticket(id) => ExecKey::Ticket(*id),
        RecordKey::Item(id) => ExecKey::Item(id.clone()),
    }
}

/// A mark in the planner's words.
pub(super) fn dirty_mark(dirty: &Dirty) -> DirtyMark {
    DirtyMark { record: exec_key(&dirty.key), mark: u64::try_from(dirty.mark).unwrap_or(0) }
}

/// A list row has fewer fields than the detail. What it does not carry stays as the detail said, until the detail is
/// read again; the marker and the links of a ticket do not change by themselves.
fn keep_details(known: HaloTicket, mut listed: HaloTicket) -> HaloTicket {
    listed.marker = listed.marker.or(known.marker);
    let unchanged = listed.last_update.is_some() && listed.last_update == known.last_update;
    // A link once seen stays; where none was seen, a change may be the link, so the detail is read again.
    if listed.link_back == Obs::NotFetched && (unchanged || matches!(known.link_back, Obs::Value(_))) {
        listed.link_back = known.link_back;
    }
    if listed.related.is_empty() {
        listed.related = known.related;
    }
    listed.created_from = listed.created_from.or(known.created_from);
    listed.created = known.created.or(listed.created);
    listed.computed_hours |= known.computed_hours;
    listed.web_url = listed.web_url.or(known.web_url);
    // What was priced stays priced; that it was not may be over with this very change.
    listed.priced = listed.priced.or(known.priced.filter(|priced| *priced || unchanged));
    // Of an unchanged ticket, what only the detail carries still holds; of a changed one it may not.
    if unchanged {
        for (field, value) in known.fields.iter() {
            if *listed.fields.get(field) == Obs::NotFetched {
                listed.fields.set(field, value.clone());
            }
        }
    }
    listed
}

/// A ticket of a project type below a project is a task or a sub-project; both are left alone.
pub(super) fn tell_tasks(rows: &mut Rows) {
    let projects: BTreeSet<_> = rows
        .tickets
        .values()
        .filter(|ticket| ticket.kind == Some(Kind::Project))
        .map(|ticket| ticket.id)
        .collect();
    for ticket in rows.tickets.values_mut() {
        ticket.is_task |= ticket.parent.is_some_and(|parent| projects.contains(&parent));
    }
}

#[cfg(test)]
mod tests {
    use sync_core::ids::TicketTypeId;
    use sync_core::stamp::Stamp;
    use sync_core::value::Value;

    use super::*;

    fn ticket(stamp: i64, name: &str) -> HaloTicket {
        let mut ticket =
            HaloTicket::new(TicketId(7), Some(Kind::Opportunity), TicketTypeId(21), HaloClientId(12));
        ticket.last_update = Some(Stamp::halo(stamp));
        ticket.fields.set(FieldId::Name, Obs::Value(Value::text(name)));
        ticket
    }

    fn detail(stamp: i64, name: &str) -> HaloTicket {
        let mut ticket = ticket(stamp, name);
        ticket.fields.set(FieldId::BudgetOnce, Obs::Null);
        ticket
    }

    #[test]
    fn what_only_the_detail_carries_holds_until_the_ticket_changes() {
        let same = keep_details(detail(1, "a"), ticket(1, "a"));
        assert_eq!(*same.fields.get(FieldId::BudgetOnce), Obs::Null);
        let newer = keep_details(detail(1, "a"), ticket(2, "a"));
        assert_eq!(*newer.fields.get(FieldId::BudgetOnce), Obs::NotFetched);
    }

    #[test]
    fn a_price_once_seen_stays_and_its_absence_holds_until_the_ticket_changes() {
        let known = |priced| HaloTicket { priced: Some(priced), ..detail(1, "a") };
        assert_eq!(keep_details(known(true), ticket(2, "a")).priced, Some(true));
        assert_eq!(keep_details(known(false), ticket(1, "a")).priced, Some(false));
        assert_eq!(keep_details(known(false), ticket(2, "a")).priced, None);
    }

    #[test]
    fn the_price_matters_where_it_is_unknown_and_a_field_differs() {
        let item = ItemId::from("it_1");
        let mut rows = Rows::default();
        rows.put_item(HitItem::new(item.clone(), "cl_1".into()), false).unwrap();
        let matters = |rows: &Rows, field| rows.price_matters(TicketId(7), &item, |_: Kind| vec![field]);
        rows.put_ticket(detail(1, "a"), false).unwrap();
        assert!(matters(&rows, FieldId::Name));
        assert!(!matters(&rows, FieldId::Due), "neither side has a value to write");
        rows.put_ticket(HaloTicket { priced: Some(false), ..detail(1, "a") }, false).unwrap();
        assert!(!matters(&rows, FieldId::Name));
    }

    #[test]
    fn a_changed_row_that_lacks_a_followed_field_is_read_in_detail() {
        let followed = |_| vec![FieldId::Name, FieldId::BudgetOnce];
        let mut rows = Rows::default();
        rows.put_ticket(ticket(1, "a"), true).unwrap();
        assert!(rows.came_without(TicketId(7), followed));
        assert!(!rows.came_without(TicketId(7), |_| vec![FieldId::Name]));
        rows.put_ticket(detail(1, "a"), false).unwrap();
        assert!(!rows.came_without(TicketId(7), followed));
    }

    /// A ticket and an item as the first version kept them.
    const TICKET: &str = r#"{"ticket":{"id":"7","kind":"opportunity","ticket_type":"21","client":"12","site":null,
        "closed":false,"deleted":false,"merged_into":null,"parent":null,"created_from":null,
        "related":[],"marker":null,"link_back":"not_fetched","priced":false,"is_task":false,
        "computed_hours":false,"is_probe":false,"created_by_us":false,"created":null,
        "last_update":{"clock":"halo","unix_ms":1},"currency":"EUR","web_url":null,
        "fields":{"name":{"value":{"text":"a"}},"budget_once":"null"}}}"#;
    const ITEM: &str = r#"{"item":{"id":"i1","client":"c1","archived":false,"origin":"manual","references":[],
        "budget_lines":{"once":0,"monthly":0,"annual":0},"version":null,"created":null,
        "last_update":null,"currency":null,"url":null,"fields":{"name":{"value":{"text":"a"}}}}}"#;

    #[test]
    fn what_the_first_version_kept_is_read() {
        let [ticket, item] = [RecordKey::Ticket(TicketId(7)), RecordKey::Item("i1".into())];
        let rows = Rows::kept(vec![(ticket, TICKET.to_owned()), (item, ITEM.to_owned())]);
        assert_eq!((rows.lost, rows.changes.len()), (0, 0));
        let mut known = HaloTicket { priced: Some(false), ..detail(1, "a") };
        known.currency = "EUR".parse().ok();
        assert_eq!(rows.tickets[&TicketId(7)], known);
        let mut known = HitItem::new("i1".into(), "c1".into());
        known.fields.set(FieldId::Name, Obs::Value(Value::text("a")));
        assert_eq!(rows.items[&ItemId::from("i1")], known);
    }

    #[test]
    fn what_cannot_be_read_is_dropped_and_asked_for_again() {
        let key = RecordKey::Ticket(TicketId(8));
        let later = TICKET.replace("\"kind\":\"opportunity\"", "\"kind\":{\"later\":1}");
        for text in ["{", "{}", later.as_str()] {
            let good = (RecordKey::Ticket(TicketId(7)), TICKET.to_owned());
            let rows = Rows::kept(vec![good, (key.clone(), text.to_owned())]);
            assert_eq!((rows.lost, rows.tickets.len()), (1, 1), "{text}");
            assert!(
                matches!(&rows.changes[..], [Change::DropSeen(dropped), Change::Mark { key: marked, reason }]
                    if *dropped == key && *marked == key && reason != BY_FEED),
                "{:?}",
                rows.changes
            );
        }
    }

    #[test]
    fn a_second_change_under_the_same_stamp_is_seen() {
        let mut rows = Rows::default();
        rows.put_ticket(detail(1, "a"), false).unwrap();
        assert!(!rows.ticket_differs(&ticket(1, "a")));
        assert!(rows.ticket_differs(&ticket(1, "b")));
    }
}
