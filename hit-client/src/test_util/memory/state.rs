//! What the account holds, and what its lists show.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use http::StatusCode;
use jiff::{Timestamp, ToSpan as _};
use rest_core::record::Seen;
use secrecy::SecretString;

use crate::api::{Cursor, IdempotencyKey, ItemQuery, Page};
use crate::error::{Error, Result, code, refused};
use crate::types::{
    Account, Budget, Capability, Client, ClientId, CreatedWebhook, EventType, Integration, IntegrationCheck,
    Item, ItemId, NewItem, NewWebhook, Status, StatusId, TeamMember, TeamMemberId, Version, Webhook,
    WebhookId,
};
use crate::webhook::Event;

/// Rows per page where the query does not say.
const PAGE: usize = 50;

/// Everything that the account holds.
pub(super) struct State {
    pub(super) account: Account,
    pub(super) now: Timestamp,
    pub(super) clients: BTreeMap<ClientId, Client>,
    pub(super) members: BTreeMap<TeamMemberId, TeamMember>,
    pub(super) statuses: BTreeMap<StatusId, Status>,
    pub(super) items: BTreeMap<ItemId, Item>,
    pub(super) created: BTreeMap<Box<str>, (NewItem, Item)>,
    pub(super) integration: Integration,
    pub(super) secret: Option<SecretString>,
    pub(super) checks: Vec<IntegrationCheck>,
    pub(super) webhooks: BTreeMap<WebhookId, Webhook>,
    pub(super) created_webhooks: BTreeMap<Box<str>, (NewWebhook, CreatedWebhook)>,
    pub(super) events: Vec<Event>,
    last_id: u64,
}

/// A refusal of the request's content.
pub(super) fn invalid(code: &str, message: impl Into<String>) -> Error {
    refused(StatusCode::UNPROCESSABLE_ENTITY, code, message)
}

/// A record that is not there.
pub(super) fn missing(what: &str) -> Error {
    refused(StatusCode::NOT_FOUND, code::NOT_FOUND, format!("no such {what}"))
}

impl State {
    pub(super) fn new(account: Account) -> Self {
        Self {
            account,
            // 2026-01-01T00:00:00Z. Any fixed moment would do.
            now: Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH),
            clients: BTreeMap::new(),
            members: BTreeMap::new(),
            statuses: BTreeMap::new(),
            items: BTreeMap::new(),
            created: BTreeMap::new(),
            integration: Integration { version: Some(Version(1)), ..Integration::default() },
            secret: None,
            checks: vec![IntegrationCheck::new(
                "token",
                false,
                Some("no Halo is reached from memory".to_owned()),
            )],
            webhooks: BTreeMap::new(),
            created_webhooks: BTreeMap::new(),
            events: Vec::new(),
            last_id: 0,
        }
    }

    pub(super) fn has(&self, capability: &Capability) -> bool {
        self.account.capabilities.has(capability)
    }

    /// Refuses a property that the account does not have.
    pub(super) fn needs(&self, capability: &Capability, used: bool) -> Result<()> {
        if used && !self.has(capability) {
            return Err(invalid(code::CAPABILITY_ABSENT, format!("this account has no {capability}")));
        }
        Ok(())
    }

    /// Refuses a route that the account does not have.
    pub(super) fn needs_route(&self, capability: &Capability) -> Result<()> {
        if !self.has(capability) {
            let message = format!("this account has no {capability}");
            return Err(refused(StatusCode::NOT_FOUND, code::CAPABILITY_ABSENT, message));
        }
        Ok(())
    }

    /// A new identifier: padded, so that text order is order of creation.
    pub(super) fn next_id(&mut self, prefix: &str) -> String {
        self.last_id += 1;
        format!("{prefix}_{:06}", self.last_id)
    }

    /// The stamp of a write.
    pub(super) fn tick(&mut self) -> Timestamp {
        self.now = self.now.saturating_add(1.milliseconds()).unwrap_or(Timestamp::MAX);
        self.now
    }

    /// Remembers what webhooks would deliver.
    pub(super) fn tell(&mut self, kind: EventType, item: Option<&Item>, version: Option<Version>) {
        if !self.has(&Capability::Webhooks) {
            return;
        }
        let id = self.next_id("ev");
        self.events.push(Event {
            id: id.into(),
            kind,
            occurred_at: Some(self.now),
            item_id: item.map(|item| item.id.clone()),
            client_id: item.map(|item| item.client_id.clone()),
            version: version.filter(|_| self.has(&Capability::Etag)),
        });
    }

    /// Refuses a version that is not the present one, where versions are kept.
    pub(super) fn check_version(&self, present: Option<Version>, expected: Option<Version>) -> Result<()> {
        if self.has(&Capability::Etag) && expected.is_some() && expected != present {
            return Err(refused(
                StatusCode::PRECONDITION_FAILED,
                code::PRECONDITION_FAILED,
                "the record has changed since",
            ));
        }
        Ok(())
    }

    /// The reply that a key was given before, unless it was used for something else.
    pub(super) fn replay<N, R: Clone>(
        &self,
        remembered: &BTreeMap<Box<str>, (N, R)>,
        key: Option<&IdempotencyKey>,
        same: impl FnOnce(&N) -> bool,
    ) -> Result<Option<R>> {
        let Some(key) = key.filter(|_| self.has(&Capability::Idempotency)) else { return Ok(None) };
        match remembered.get(key.as_str()) {
            None => Ok(None),
            Some((sent, reply)) if same(sent) => Ok(Some(reply.clone())),
            Some(_) => Err(invalid(code::IDEMPOTENCY_KEY_REUSED, "the key was used for another create")),
        }
    }

    /// An item as this account shows it.
    pub(super) fn shown(&self, item: &Item) -> Item {
        let mut item = item.clone();
        if !self.has(&Capability::StartDate) {
            item.start_date = Seen::Absent;
        }
        if !self.has(&Capability::Hours) {
            item.effort_minutes = Seen::Absent;
        }
        if !self.has(&Capability::Etag) {
            item.version = Seen::Absent;
        }
        if !self.has(&Capability::ExternalReferences) {
            item.external_references = Seen::Absent;
        }
        if !self.has(&Capability::RecurringBudget)
            && let Seen::Value(Budget { recurring, .. }) = &mut item.budget
        {
            *recurring = None;
        }
        item
    }

    /// One page of the items that a query asks for.
    pub(super) fn items_page(&self, query: &ItemQuery, cursor: Option<&Cursor>) -> Result<Page<Item>> {
        let bad = |code, message: &str| Err(refused(StatusCode::BAD_REQUEST, code, message));
        if query.external_reference.is_some() && !self.has(&Capability::ExternalReferences) {
            return bad(code::CAPABILITY_ABSENT, "this account has no external references");
        }
        let size = usize::from(query.page_size.unwrap_or(PAGE as u16));
        if !(1..=200).contains(&size) {
            return bad("invalid_parameter", "page_size is 1 to 200");
        }
        let mut hasher = DefaultHasher::new();
        let filters = ItemQuery { page_size: None, ..query.clone() };
        format!("{filters:?}").hash(&mut hasher);
        let filters = hasher.finish();
        let after = match cursor.map(|cursor| position(cursor, filters)) {
            None => None,
            Some(Some(position)) => Some(position),
            Some(None) => return bad(code::INVALID_CURSOR, "the cursor is not of this list"),
        };
        let mut found: Vec<(i64, &Item)> = self
            .items
            .values()
            .filter(|item| wanted(item, query))
            .map(|item| (stamp(item), item))
            .filter(|(stamp, item)| {
                after.as_ref().is_none_or(|(at, id)| (*stamp, item.id.as_str()) > (*at, id.as_str()))
            })
            .collect();
        found.sort_by(|a, b| (a.0, &a.1.id).cmp(&(b.0, &b.1.id)));
        let next = found
            .get(..size)
            .filter(|_| found.len() > size)
            .and_then(|page| page.last())
            .map(|(stamp, item)| Cursor::new(format!("{stamp}.{filters:x}.{}", item.id)));
        let rows = found.into_iter().take(size).map(|(_, item)| Ok(self.shown(item))).collect();
        Ok(Page { rows, next })
    }
}

/// When an item changed, in milliseconds.
fn stamp(item: &Item) -> i64 {
    match item.updated_at {
        Seen::Value(stamp) => stamp.as_millisecond(),
        _ => i64::MIN,
    }
}

fn wanted(item: &Item, query: &ItemQuery) -> bool {
    let carries = |filter: &crate::types::ReferenceFilter| match &item.external_references {
        Seen::Value(references) => references.iter().any(|reference| {
            reference.key == filter.key && filter.id.as_ref().is_none_or(|id| reference.target.id == *id)
        }),
        _ => false,
    };
    query.client_id.as_ref().is_none_or(|id| item.client_id == *id)
        && (query.status_ids.is_empty() || query.status_ids.contains(&item.status_id))
        && query.updated_since.is_none_or(|since| stamp(item) >= since.as_millisecond())
        && (query.include_archived || !item.is_archived())
        && query.external_reference.as_ref().is_none_or(carries)
}

/// Where a cursor stands, if it belongs to these filters.
fn position(cursor: &Cursor, filters: u64) -> Option<(i64, String)> {
    let mut parts = cursor.as_str().splitn(3, '.');
    let stamp = parts.next()?.parse().ok()?;
    (parts.next()? == format!("{filters:x}")).then_some(())?;
    Some((stamp, parts.next()?.to_owned()))
}

/// One page of a list that is kept in order: the cursor is the number of rows before it.
pub(super) fn page_of<'a, T: Clone + 'a>(
    rows: impl IntoIterator<Item = &'a T>,
    cursor: Option<&Cursor>,
) -> Result<Page<T>> {
    let start: usize = match cursor {
        None => 0,
        Some(cursor) => cursor.as_str().parse().map_err(|_| {
            refused(StatusCode::BAD_REQUEST, code::INVALID_CURSOR, "the cursor is not of this list")
        })?,
    };
    let mut rest = rows.into_iter().skip(start);
    let rows: Vec<_> = rest.by_ref().take(PAGE).cloned().map(Ok).collect();
    let next = rest.next().is_some().then(|| Cursor::new((start + PAGE).to_string()));
    Ok(Page { rows, next })
}
