//! [`HitClient`]: the contract over HTTP.

mod builder;
mod call;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use http::Method;
use rest_core::client::HttpClient;
use rest_core::endpoint::Idempotency;
use secrecy::SecretString;
use url::Url;

use crate::api::{Cursor, HitApi, IdempotencyKey, ItemQuery, Page};
use crate::error::Result;
use crate::types::{
    Account, Capabilities, Capability, Client, CreatedWebhook, Integration, IntegrationPatch,
    IntegrationTest, Item, ItemId, ItemPatch, NewItem, NewWebhook, ReferenceKey, ReferenceTarget, Status,
    TeamMember, Version, Webhook, WebhookId, WebhookPatch, WebhookTest,
};
use crate::wire::{
    self, AccountReply, ClientReply, CreatedWebhookReply, IntegrationBody, IntegrationReply, ItemPatchBody,
    ItemReply, NewItemBody, NewWebhookBody, Reply, Rows, StatusReply, TargetBody, TeamMemberReply, TestReply,
    WebhookPatchBody, WebhookReply, WebhookTestReply,
};

pub use builder::HitClientBuilder;
use call::{Call, segment};

/// Rows per page where a query does not say: the most that the contract allows, for the fewest requests.
const PAGE_SIZE: u16 = 200;

/// The HumanizeIT API as this project assumes it, over HTTP.
///
/// Clones are cheap and share connections, rate limit and retry budget. Every call goes through the pipeline
/// of [`rest_core`]: rate permit, timeout, retries where repeating is harmless.
///
/// | Operation | Repeated after a failure in which it may have arrived |
/// |---|---|
/// | reads, [`test_integration`](HitApi::test_integration), [`test_webhook`](HitApi::test_webhook) | yes |
/// | creates | only with an [`IdempotencyKey`], once [`account`](HitApi::account) has shown that the server keeps keys |
/// | updates | no: a late repetition would undo a person's edit; see [`Error::is_outcome_unknown`](crate::Error::is_outcome_unknown) |
/// | references, deletions | yes: they say how it shall be, and nobody else writes them |
#[derive(Clone)]
pub struct HitClient(Arc<Inner>);

struct Inner {
    http: HttpClient,
    /// Whether the server is known to keep idempotency keys.
    keeps_keys: AtomicBool,
}

impl HitClient {
    /// A client with the default settings of [`HitClientBuilder`]. `base_url` is the whole address up to the version,
    /// such as `https://hit.example/api/v1`.
    ///
    /// # Errors
    ///
    /// As [`HitClientBuilder::build`].
    #[cfg(feature = "reqwest")]
    pub fn new(base_url: Url, api_key: impl Into<SecretString>) -> Result<Self> {
        Self::builder(base_url, api_key).build()
    }

    /// The settings of a client.
    pub fn builder(base_url: Url, api_key: impl Into<SecretString>) -> HitClientBuilder {
        HitClientBuilder::new(base_url, api_key.into())
    }

    /// The HTTP client below, for requests that this crate does not know: same credentials, limits and retries.
    pub fn http(&self) -> &HttpClient {
        &self.0.http
    }

    fn learn(&self, capabilities: &Capabilities) {
        self.0.keeps_keys.store(capabilities.has(&Capability::Idempotency), Ordering::Relaxed);
    }

    /// Whether a create may be repeated.
    fn create_idempotency(&self, key: Option<&IdempotencyKey>) -> Idempotency {
        match key {
            Some(_) if self.0.keeps_keys.load(Ordering::Relaxed) => Idempotency::Idempotent,
            _ => Idempotency::Once,
        }
    }

    async fn send<T: Send + 'static>(&self, call: Call<T>) -> Result<T> {
        self.0.http.send(&call).await
    }

    async fn list<R: Reply>(
        &self,
        template: &'static str,
        cursor: Option<&Cursor>,
        size: Option<u16>,
        filters: impl FnOnce(&mut Call<Rows<R::Value>>),
    ) -> Result<Page<R::Value>>
    where
        R::Value: Send + 'static,
    {
        let mut call = Call::new(Method::GET, template, wire::page::<R>);
        filters(&mut call);
        call.query.push("page_size", size.unwrap_or(PAGE_SIZE));
        call.query.push_some("cursor", cursor.map(Cursor::as_str));
        Ok(self.send(call).await?.redacted_by(&self.0.http))
    }

    /// A deletion that finds nothing has reached its end.
    async fn delete(&self, call: Call<()>) -> Result<()> {
        match self.send(call).await {
            Err(error) if error.is_not_found() => Ok(()),
            outcome => outcome,
        }
    }
}

impl fmt::Debug for HitClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HitClient").field("http", &self.0.http).finish_non_exhaustive()
    }
}

const ITEMS: &str = "/roadmap-items";
const ITEM: &str = "/roadmap-items/{id}";
const REFERENCE: &str = "/roadmap-items/{id}/external-references/{system}/{instance}/{kind}";
const INTEGRATION: &str = "/integrations/halopsa";
const WEBHOOKS: &str = "/webhooks";
const WEBHOOK: &str = "/webhooks/{id}";

fn item_path(id: &ItemId) -> Result<String> {
    Ok(format!("/roadmap-items/{}", segment(id)?))
}

fn reference_path(id: &ItemId, key: &ReferenceKey) -> Result<String> {
    let [system, instance, kind] = [segment(&key.system)?, segment(&key.instance)?, segment(&key.kind)?];
    Ok(format!("{}/external-references/{system}/{instance}/{kind}", item_path(id)?))
}

fn webhook_path(id: &WebhookId) -> Result<String> {
    Ok(format!("/webhooks/{}", segment(id)?))
}

#[async_trait]
impl HitApi for HitClient {
    async fn account(&self) -> Result<Account> {
        let account = self.send(Call::new(Method::GET, "/account", wire::record::<AccountReply>)).await?;
        self.learn(&account.capabilities);
        Ok(account)
    }

    async fn clients_page(&self, cursor: Option<&Cursor>) -> Result<Page<Client>> {
        self.list::<ClientReply>("/clients", cursor, None, |call| {
            call.query.push("include_archived", true);
        })
        .await
    }

    async fn team_members_page(&self, cursor: Option<&Cursor>) -> Result<Page<TeamMember>> {
        self.list::<TeamMemberReply>("/team-members", cursor, None, |_| {}).await
    }

    async fn statuses_page(&self, cursor: Option<&Cursor>) -> Result<Page<Status>> {
        self.list::<StatusReply>("/statuses", cursor, None, |_| {}).await
    }

    async fn items_page(&self, query: &ItemQuery, cursor: Option<&Cursor>) -> Result<Page<Item>> {
        self.list::<ItemReply>(ITEMS, cursor, query.page_size, |call| {
            let parameters = &mut call.query;
            parameters.push_some("client_id", query.client_id.as_ref());
            for status in &query.status_ids {
                parameters.push("status", status);
            }
            parameters.push_some("updated_since", query.updated_since.map(wire::instant));
            if query.include_archived {
                parameters.push("include_archived", true);
            }
            if let Some(filter) = &query.external_reference {
                let ReferenceKey { system, instance, kind, .. } = &filter.key;
                let id = filter.id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
                parameters.push("external_reference", format_args!("{system}/{instance}/{kind}{id}"));
            }
        })
        .await
    }

    async fn item(&self, id: &ItemId) -> Result<Item> {
        self.send(Call::new(Method::GET, ITEM, wire::record::<ItemReply>).path(item_path(id)?)).await
    }

    async fn create_item(&self, item: &NewItem, key: Option<&IdempotencyKey>) -> Result<Item> {
        let call = Call::new(Method::POST, ITEMS, wire::record::<ItemReply>)
            .json(&NewItemBody::from(item))?
            .idempotency_key(key)?
            .idempotency(self.create_idempotency(key));
        self.send(call).await
    }

    async fn update_item(&self, id: &ItemId, patch: &ItemPatch, expected: Option<Version>) -> Result<Item> {
        let call = Call::new(Method::PATCH, ITEM, wire::record::<ItemReply>)
            .path(item_path(id)?)
            .merge_patch(&ItemPatchBody::from(patch))?
            .if_match(expected);
        self.send(call).await
    }

    async fn put_external_reference(
        &self,
        id: &ItemId,
        key: &ReferenceKey,
        target: &ReferenceTarget,
    ) -> Result<Item> {
        let call = Call::new(Method::PUT, REFERENCE, wire::record::<ItemReply>)
            .path(reference_path(id, key)?)
            .json(&TargetBody::from(target))?
            .idempotency(Idempotency::Idempotent);
        self.send(call).await
    }

    async fn delete_external_reference(&self, id: &ItemId, key: &ReferenceKey) -> Result<()> {
        let call = Call::new(Method::DELETE, REFERENCE, |_| Ok(()));
        self.delete(call.path(reference_path(id, key)?)).await
    }

    async fn integration(&self) -> Result<Integration> {
        self.send(Call::new(Method::GET, INTEGRATION, wire::record::<IntegrationReply>)).await
    }

    async fn update_integration(
        &self,
        patch: &IntegrationPatch,
        expected: Option<Version>,
    ) -> Result<Integration> {
        let call = Call::new(Method::PATCH, INTEGRATION, wire::record::<IntegrationReply>)
            .merge_patch(&IntegrationBody::from(patch))?
            .if_match(expected);
        self.send(call).await
    }

    async fn test_integration(&self) -> Result<IntegrationTest> {
        let call = Call::new(Method::POST, "/integrations/halopsa/test", wire::record::<TestReply>);
        self.send(call.idempotency(Idempotency::Safe)).await
    }

    async fn webhooks_page(&self, cursor: Option<&Cursor>) -> Result<Page<Webhook>> {
        self.list::<WebhookReply>(WEBHOOKS, cursor, None, |_| {}).await
    }

    async fn webhook(&self, id: &WebhookId) -> Result<Webhook> {
        self.send(Call::new(Method::GET, WEBHOOK, wire::record::<WebhookReply>).path(webhook_path(id)?)).await
    }

    async fn create_webhook(
        &self,
        webhook: &NewWebhook,
        key: Option<&IdempotencyKey>,
    ) -> Result<CreatedWebhook> {
        let call = Call::new(Method::POST, WEBHOOKS, wire::record::<CreatedWebhookReply>)
            .json(&NewWebhookBody::from(webhook))?
            .idempotency_key(key)?
            .idempotency(self.create_idempotency(key));
        self.send(call).await
    }

    async fn update_webhook(&self, id: &WebhookId, patch: &WebhookPatch) -> Result<Webhook> {
        let call = Call::new(Method::PATCH, WEBHOOK, wire::record::<WebhookReply>)
            .path(webhook_path(id)?)
            .merge_patch(&WebhookPatchBody::from(patch))?;
        self.send(call).await
    }

    async fn delete_webhook(&self, id: &WebhookId) -> Result<()> {
        self.delete(Call::new(Method::DELETE, WEBHOOK, |_| Ok(())).path(webhook_path(id)?)).await
    }

    async fn test_webhook(&self, id: &WebhookId) -> Result<WebhookTest> {
        let path = format!("{}/test", webhook_path(id)?);
        let call =
            Call::new(Method::POST, "/webhooks/{id}/test", wire::record::<WebhookTestReply>).path(path);
        self.send(call.idempotency(Idempotency::Idempotent)).await
    }
}
