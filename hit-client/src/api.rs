//! [`HitApi`]: what a synchronisation needs of HumanizeIT, whoever speaks to it.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::error::{Error, Result, unsupported};
use crate::types::{
    Account, Client, ClientId, CreatedWebhook, Integration, IntegrationPatch, IntegrationTest, Item, ItemId,
    ItemPatch, NewItem, NewWebhook, ReferenceFilter, ReferenceKey, ReferenceTarget, Status, StatusId,
    TeamMember, Version, Webhook, WebhookId, WebhookPatch, WebhookTest,
};

/// Where a list goes on. Opaque, and only good for the query it came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// Wraps a cursor as the server gave it.
    pub fn new(cursor: impl Into<Box<str>>) -> Self {
        Self(cursor.into())
    }

    /// The text to send back.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One page of a list.
///
/// A row that cannot be read stands in its place as an error with
/// [`is_bad_record`](Error::is_bad_record): a list with such a row was not read completely.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The rows; there may be none although more pages follow.
    pub rows: Vec<Result<T>>,
    /// Where the list goes on; `None` at its end, and only there.
    pub next: Option<Cursor>,
}

/// Makes a create repeatable: the server answers a second request with the same key with the first
/// reply. 1 to 128 visible ASCII characters.
///
/// Take a fresh one per create, and keep it with the intent so that a repetition uses the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Box<str>);

impl IdempotencyKey {
    /// A key of this text.
    ///
    /// # Errors
    /// [`is_configuration`](Error::is_configuration) when the text is empty, longer than 128 characters, or
    /// holds anything but visible ASCII.
    pub fn new(key: impl Into<Box<str>>) -> Result<Self> {
        let key = key.into();
        if key.is_empty() || key.len() > 128 || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::configuration("an idempotency key is 1 to 128 visible ASCII characters"));
        }
        Ok(Self(key))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which items to list. All conditions must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemQuery {
    /// Only items of this client.
    pub client_id: Option<ClientId>,
    /// Only items in one of these statuses; empty for all.
    pub status_ids: Vec<StatusId>,
    /// Only items changed at or after this instant. Servers stamp milliseconds.
    pub updated_since: Option<Timestamp>,
    /// Whether items that left the roadmap are listed too.
    pub include_archived: bool,
    /// Only items with this reference. Needs [`Capability::ExternalReferences`](crate::Capability).
    pub external_reference: Option<ReferenceFilter>,
    /// Rows per page, 1 to 200; `None` leaves it to the implementation.
    pub page_size: Option<u16>,
}

impl ItemQuery {
    /// All items that stand on a roadmap.
    pub fn new() -> Self {
        Self::default()
    }

    /// Only items of this client.
    #[must_use]
    pub fn client(mut self, id: impl Into<ClientId>) -> Self {
        self.client_id = Some(id.into());
        self
    }

    /// Also items in this status; without any, all statuses.
    #[must_use]
    pub fn status(mut self, id: impl Into<StatusId>) -> Self {
        self.status_ids.push(id.into());
        self
    }

    /// Only items changed at or after this instant.
    #[must_use]
    pub fn updated_since(mut self, instant: Timestamp) -> Self {
        self.updated_since = Some(instant);
        self
    }

    /// Also items that left the roadmap.
    #[must_use]
    pub fn include_archived(mut self) -> Self {
        self.include_archived = true;
        self
    }

    /// Only items with this reference.
    #[must_use]
    pub fn external_reference(mut self, filter: ReferenceFilter) -> Self {
        self.external_reference = Some(filter);
        self
    }

    /// Rows per page, 1 to 200.
    #[must_use]
    pub fn page_size(mut self, rows: u16) -> Self {
        self.page_size = Some(rows);
        self
    }
}

/// What a synchronisation needs of HumanizeIT.
///
/// [`HitClient`](crate::HitClient) implements it over the contract that this project assumes. Whoever
/// holds HumanizeIT's private API implements it over that one: the methods without a body are all
/// that must be there. [`account`](Self::account) says which of the rest are; an implementation that
/// offers something overrides its methods *and* lists the capability.
///
/// The trait is made for `dyn HitApi`. Reading whole lists: [`HitApiExt`](crate::HitApiExt).
///
/// # Errors
/// Every method fails with [`Error`]; what it means is asked with its `is_*` methods, and with
/// [`is_unsupported`](crate::error::is_unsupported). A write that
/// fails with [`is_outcome_unknown`](Error::is_outcome_unknown) may have been applied.
///
/// # Cancel safety
/// Dropping the future of a read has no effect. Dropping the future of a write leaves its outcome unknown.
#[async_trait]
pub trait HitApi: Send + Sync {
    /// The account, with what the server offers.
    async fn account(&self) -> Result<Account>;

    /// One page of all clients, archived ones too.
    async fn clients_page(&self, cursor: Option<&Cursor>) -> Result<Page<Client>>;

    /// One page of all team members, active or not.
    async fn team_members_page(&self, cursor: Option<&Cursor>) -> Result<Page<TeamMember>>;

    /// One page of the statuses.
    async fn statuses_page(&self, cursor: Option<&Cursor>) -> Result<Page<Status>>;

    /// One page of the items that a query asks for, in the order of their last change.
    ///
    /// An item that changes while its list is read may be met twice and is never skipped.
    async fn items_page(&self, query: &ItemQuery, cursor: Option<&Cursor>) -> Result<Page<Item>>;

    /// One item, archived or not.
    async fn item(&self, id: &ItemId) -> Result<Item>;

    /// Makes an item and returns it as the server has it.
    ///
    /// A key makes the create repeatable where the account has
    /// [`Capability::Idempotency`](crate::Capability); elsewhere it is ignored, and a create whose
    /// outcome is unknown must be looked for before it is repeated.
    async fn create_item(&self, item: &NewItem, key: Option<&IdempotencyKey>) -> Result<Item>;

    /// Changes an item and returns it as the server has it now.
    ///
    /// With `expected` nothing is written unless the item still has that version
    /// ([`is_precondition_failed`](Error::is_precondition_failed)), where the account has
    /// [`Capability::Etag`](crate::Capability); elsewhere it is ignored: read the item just before.
    async fn update_item(&self, id: &ItemId, patch: &ItemPatch, expected: Option<Version>) -> Result<Item>;

    /// Says which record of another system an item stands for; replaces what was said for that key.
    ///
    /// Needs [`Capability::ExternalReferences`](crate::Capability). Repeatable. A record belongs to at most
    /// one item: [`is_conflict`](Error::is_conflict) with the code `external_reference_taken`.
    async fn put_external_reference(
        &self,
        id: &ItemId,
        key: &ReferenceKey,
        target: &ReferenceTarget,
    ) -> Result<Item> {
        let _ = (id, key, target);
        Err(unsupported("external references"))
    }

    /// Takes such a reference away. An item without it counts as success.
    ///
    /// Needs [`Capability::ExternalReferences`](crate::Capability).
    async fn delete_external_reference(&self, id: &ItemId, key: &ReferenceKey) -> Result<()> {
        let _ = (id, key);
        Err(unsupported("external references"))
    }

    /// HumanizeIT's own settings of its HaloPSA integration.
    async fn integration(&self) -> Result<Integration> {
        Err(unsupported("the settings of its HaloPSA integration"))
    }

    /// Changes those settings, conditionally as [`update_item`](Self::update_item) does.
    async fn update_integration(
        &self,
        patch: &IntegrationPatch,
        expected: Option<Version>,
    ) -> Result<Integration> {
        let _ = (patch, expected);
        Err(unsupported("the settings of its HaloPSA integration"))
    }

    /// Lets HumanizeIT try its stored connection to Halo. A failed test is a success of this method.
    async fn test_integration(&self) -> Result<IntegrationTest> {
        Err(unsupported("a test of its connection to Halo"))
    }

    /// One page of the webhooks. This and the methods below need
    /// [`Capability::Webhooks`](crate::Capability).
    async fn webhooks_page(&self, cursor: Option<&Cursor>) -> Result<Page<Webhook>> {
        let _ = cursor;
        Err(unsupported("webhooks"))
    }

    /// One webhook.
    async fn webhook(&self, id: &WebhookId) -> Result<Webhook> {
        let _ = id;
        Err(unsupported("webhooks"))
    }

    /// Makes a webhook; the reply is the only one that shows its secret. The key as in
    /// [`create_item`](Self::create_item).
    async fn create_webhook(
        &self,
        webhook: &NewWebhook,
        key: Option<&IdempotencyKey>,
    ) -> Result<CreatedWebhook> {
        let _ = (webhook, key);
        Err(unsupported("webhooks"))
    }

    /// Changes a webhook.
    async fn update_webhook(&self, id: &WebhookId, patch: &WebhookPatch) -> Result<Webhook> {
        let _ = (id, patch);
        Err(unsupported("webhooks"))
    }

    /// Removes a webhook. One that is gone already counts as success.
    async fn delete_webhook(&self, id: &WebhookId) -> Result<()> {
        let _ = id;
        Err(unsupported("webhooks"))
    }

    /// Lets the server deliver a test event now. A failed delivery is a success of this method.
    async fn test_webhook(&self, id: &WebhookId) -> Result<WebhookTest> {
        let _ = id;
        Err(unsupported("webhooks"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idempotency_keys_fit_into_a_header() {
        assert!(IdempotencyKey::new("HS1-ABC/create").is_ok());
        for bad in ["", "a b", "ä", "a\n", &"x".repeat(129)] {
            assert!(IdempotencyKey::new(bad).unwrap_err().is_configuration(), "{bad:?}");
        }
    }
}
