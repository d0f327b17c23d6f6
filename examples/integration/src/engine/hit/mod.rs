//! HumanizeIT as the engine uses it.

mod read;
mod write;

use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt as _;
use hit_client::{
    self as hit, HitApi, HitApiExt as _, IdempotencyKey, ItemQuery, ReferenceFilter, ReferenceKey,
    ReferenceTarget,
};
use sync_core::catalogue::Catalogue;
use sync_core::exec::{
    CreateCall, LinkBackCall, MarkerHit, MarkerQuery, Outcome, Record, RecordKey, Reject, RejectClass,
    UpdateCall,
};
use sync_core::ids::{HaloClientId, HitClientId, ItemId};
use sync_core::record::HitItem;
use sync_core::stamp::Stamp;

/// One HumanizeIT account.
pub struct HitSide {
    api: Arc<dyn HitApi>,
    /// The name of the Halo tenant in references.
    instance: Box<str>,
    /// The item that was read last: an update follows its verifying read and needs the same budget lines.
    last: Mutex<Option<hit::Item>>,
}

/// What a list brought.
#[derive(Debug)]
pub struct Items {
    /// The items.
    pub rows: Vec<HitItem>,
    /// Whether every row could be read.
    pub complete: bool,
}

impl HitSide {
    /// An account, for references to the Halo tenant `instance`.
    #[must_use]
    pub fn new(api: Arc<dyn HitApi>, instance: impl Into<Box<str>>) -> Self {
        Self { api, instance: instance.into(), last: Mutex::new(None) }
    }

    /// The interface behind it.
    #[must_use]
    pub fn api(&self) -> &Arc<dyn HitApi> {
        &self.api
    }

    /// Adds everything that HumanizeIT contributes to the catalogue, and returns the clients that are linked there
    /// already by a reference to this Halo tenant.
    ///
    /// # Errors
    /// [`hit::Error`].
    pub async fn catalogue(
        &self,
        into: &mut Catalogue,
    ) -> Result<Vec<(HitClientId, HaloClientId)>, hit::Error> {
        let account = self.api.account().await?;
        into.capabilities = read::capabilities(&account);
        into.hit_currency = account.currency.as_ref().and_then(|currency| currency.as_str().parse().ok());
        into.hit_statuses = all(self.api.statuses()).await?.iter().map(read::status).collect();
        into.members = all(self.api.team_members()).await?.iter().map(read::member).collect();
        let clients = all(self.api.clients()).await?;
        into.hit_clients = clients.iter().map(read::client).collect();
        Ok(clients.iter().filter_map(|client| self.stored_link(client)).collect())
    }

    fn stored_link(&self, client: &hit::Client) -> Option<(HitClientId, HaloClientId)> {
        let hit::Seen::Value(references) = &client.external_references else { return None };
        let mine = references.iter().find(|reference| {
            &*reference.key.system == ReferenceKey::HALOPSA
                && reference.key.instance == self.instance
                && &*reference.key.kind == "client"
        })?;
        Some((HitClientId::new(client.id.as_str()), HaloClientId(mine.target.id.parse().ok()?)))
    }

    /// The items of one client, or of all, changed since an instant, or all of them. Archived ones are included: an
    /// item that left the roadmap must be seen to have left.
    ///
    /// # Errors
    /// [`hit::Error`] of the list as a whole. A row that cannot be read makes the list incomplete.
    pub async fn list(
        &self,
        client: Option<&HitClientId>,
        since: Option<Stamp>,
    ) -> Result<Items, hit::Error> {
        let mut query = ItemQuery::new().include_archived().page_size(200);
        if let Some(client) = client {
            query = query.client(client.as_str());
        }
        if let Some(since) = since.and_then(|stamp| jiff::Timestamp::from_millisecond(stamp.unix_ms).ok()) {
            query = query.updated_since(since);
        }
        let mut items = Items { rows: Vec::new(), complete: true };
        let mut rows = self.api.items(&query);
        while let Some(row) = rows.next().await {
            match row {
                Ok(item) => items.rows.push(self.row(&item)),
                Err(error) if error.is_bad_record() => {
                    tracing::warn!(%error, "an item could not be read");
                    items.complete = false;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(items)
    }

    /// One item; nothing if the server says that there is none.
    ///
    /// # Errors
    /// [`Reject`].
    pub async fn read(&self, id: &ItemId) -> Result<Option<HitItem>, Reject> {
        match self.api.item(&hit::ItemId::new(id.as_str())).await {
            Ok(item) => {
                let row = self.row(&item);
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(item);
                Ok(Some(row))
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(reject(&error)),
        }
    }

    /// Items that carry a marker in one of their references to this tenant.
    ///
    /// # Errors
    /// [`Reject`].
    pub async fn find_marker(&self, query: &MarkerQuery) -> Result<Vec<MarkerHit>, Reject> {
        let key = ReferenceKey::halopsa(self.instance.clone(), query.kind.name());
        let query_items =
            ItemQuery::new().include_archived().external_reference(ReferenceFilter::any(key)).page_size(200);
        let mut hits = Vec::new();
        let mut rows = self.api.items(&query_items);
        while let Some(row) = rows.next().await {
            match row {
                Ok(item) => {
                    let item = self.row(&item);
                    if let Some(marker) =
                        item.references.iter().find_map(|r| r.marker.clone().filter(|m| *m == query.marker))
                    {
                        hits.push(MarkerHit { record: RecordKey::Item(item.id), marker });
                    }
                }
                // An item that cannot be read could be the one that is looked for.
                Err(error) => return Err(reject(&error)),
            }
        }
        Ok(hits)
    }

    /// Creates an item, with its reference and marker in the same call.
    pub async fn create(&self, call: &CreateCall) -> Outcome {
        let intent = call.intent();
        let mut item = match write::new_item(&intent.spec, &intent.payload) {
            Ok(item) => item,
            Err(error) => return invalid(error.to_string()),
        };
        if let Some(ticket) = intent.spec.ticket {
            let target = ReferenceTarget::new(ticket.to_string()).marker(call.marker().as_str());
            item = item.external_reference(hit::ExternalReference::new(self.key(intent.spec.kind), target));
        }
        let key = IdempotencyKey::new(call.marker().as_str()).ok();
        self.outcome(self.api.create_item(&item, key.as_ref()).await)
    }

    /// Writes fields of an item, on the condition that it still has the version that the executor has just read.
    ///
    /// Budget lists are replaced whole by the server, so the lines of that same read are sent along.
    pub async fn update(&self, call: &UpdateCall) -> Outcome {
        let RecordKey::Item(id) = call.target() else { return invalid("not an item".to_owned()) };
        let id = hit::ItemId::new(id.as_str());
        let last =
            self.last.lock().unwrap_or_else(PoisonError::into_inner).take().filter(|item| item.id == id);
        let current = match last {
            Some(item) => item,
            None => match self.api.item(&id).await {
                Ok(item) => item,
                Err(error) => return Outcome::Rejected(reject(&error)),
            },
        };
        let expected = call.version().and_then(|version| version.parse().ok()).map(hit::Version);
        if expected.is_some() && current.version() != expected {
            return Outcome::Rejected(Reject::new(
                RejectClass::Changed,
                "the item changed since it was read",
            ));
        }
        match write::patch(&current, call.set()) {
            Ok(patch) => self.outcome(self.api.update_item(&id, &patch, current.version()).await),
            Err(error) => invalid(error.to_string()),
        }
    }

    /// Writes the reference to the ticket.
    pub async fn link_back(&self, call: &LinkBackCall) -> Outcome {
        let mut target = ReferenceTarget::new(call.ticket().to_string()).marker(call.marker().as_str());
        if let Some(url) = call.url().and_then(|url| url.parse().ok()) {
            target = target.url(url);
        }
        let id = hit::ItemId::new(call.item().as_str());
        self.outcome(self.api.put_external_reference(&id, &self.key(call.kind()), &target).await)
    }

    fn row(&self, item: &hit::Item) -> HitItem {
        read::item(item, &self.instance)
    }

    fn outcome(&self, result: Result<hit::Item, hit::Error>) -> Outcome {
        match result {
            Ok(item) => Outcome::Applied(Some(Record::Item(Box::new(self.row(&item))))),
            Err(error) if error.is_outcome_unknown() => Outcome::Unknown,
            Err(error) => Outcome::Rejected(reject(&error)),
        }
    }

    fn key(&self, kind: sync_core::ids::Kind) -> ReferenceKey {
        ReferenceKey::halopsa(self.instance.clone(), kind.name())
    }
}

async fn all<T>(rows: impl futures_core::Stream<Item = Result<T, hit::Error>>) -> Result<Vec<T>, hit::Error> {
    let mut rows = std::pin::pin!(rows);
    let mut all = Vec::new();
    while let Some(row) = rows.next().await {
        match row {
            Ok(row) => all.push(row),
            Err(error) if error.is_bad_record() => tracing::warn!(%error, "a row could not be read"),
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

fn invalid(detail: String) -> Outcome {
    Outcome::Rejected(Reject::new(RejectClass::Invalid, detail))
}

/// What a refusal means to the executor.
#[must_use]
pub fn reject(error: &hit::Error) -> Reject {
    let class = if error.is_authentication() {
        RejectClass::Credentials
    } else if error.is_permission() {
        RejectClass::Forbidden
    } else if error.is_not_found() {
        RejectClass::NotFound
    } else if error.is_precondition_failed() {
        RejectClass::Changed
    } else if error.is_throttled() {
        RejectClass::Throttled
    } else if error.is_invalid() || error.is_conflict() || hit::error::is_unsupported(error) {
        RejectClass::Invalid
    } else {
        RejectClass::Unavailable
    };
    Reject::new(class, error.to_string())
}
