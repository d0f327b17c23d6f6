//! The trait over the state.

use async_trait::async_trait;
use http::StatusCode;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::MemoryHit;
use super::state::{State, invalid, missing, page_of};
use crate::api::{Cursor, HitApi, IdempotencyKey, ItemQuery, Page};
use crate::error::{Result, code, refused};
use crate::types::{
    Account, Actor, ActorKind, Capability, Change, Client, Connection, ConnectionPatch, CreatedWebhook,
    EventType, ExternalReference, Integration, IntegrationPatch, IntegrationTest, Item, ItemId, ItemPatch,
    NewItem, NewWebhook, ReferenceKey, ReferenceTarget, Status, TeamMember, TypeChoice, Version, Webhook,
    WebhookId, WebhookPatch, WebhookTest,
};

fn program() -> Actor {
    Actor::new(ActorKind::ApiKey, Some("key_1".to_owned()))
}

#[async_trait]
impl HitApi for MemoryHit {
    async fn account(&self) -> Result<Account> {
        Ok(self.lock().account.clone())
    }

    async fn clients_page(&self, cursor: Option<&Cursor>) -> Result<Page<Client>> {
        page_of(self.lock().clients.values(), cursor)
    }

    async fn team_members_page(&self, cursor: Option<&Cursor>) -> Result<Page<TeamMember>> {
        page_of(self.lock().members.values(), cursor)
    }

    async fn statuses_page(&self, cursor: Option<&Cursor>) -> Result<Page<Status>> {
        let state = self.lock();
        let mut statuses: Vec<_> = state.statuses.values().collect();
        statuses.sort_by(|a, b| (a.sort_order, &a.id).cmp(&(b.sort_order, &b.id)));
        page_of(statuses, cursor)
    }

    async fn items_page(&self, query: &ItemQuery, cursor: Option<&Cursor>) -> Result<Page<Item>> {
        self.lock().items_page(query, cursor)
    }

    async fn item(&self, id: &ItemId) -> Result<Item> {
        let state = self.lock();
        state.items.get(id).map(|item| state.shown(item)).ok_or_else(|| missing("item"))
    }

    async fn create_item(&self, item: &NewItem, key: Option<&IdempotencyKey>) -> Result<Item> {
        self.lock().create(item, key, &program())
    }

    async fn update_item(&self, id: &ItemId, patch: &ItemPatch, expected: Option<Version>) -> Result<Item> {
        self.lock().update(id, patch, expected, &program())
    }

    async fn put_external_reference(
        &self,
        id: &ItemId,
        key: &ReferenceKey,
        target: &ReferenceTarget,
    ) -> Result<Item> {
        self.lock().put_reference(id, ExternalReference::new(key.clone(), target.clone()), &program())
    }

    async fn delete_external_reference(&self, id: &ItemId, key: &ReferenceKey) -> Result<()> {
        self.lock().delete_reference(id, key, &program())
    }

    async fn integration(&self) -> Result<Integration> {
        Ok(self.lock().shown_integration())
    }

    async fn update_integration(
        &self,
        patch: &IntegrationPatch,
        expected: Option<Version>,
    ) -> Result<Integration> {
        self.lock().update_integration(patch, expected)
    }

    async fn test_integration(&self) -> Result<IntegrationTest> {
        let state = self.lock();
        let connection = &state.integration.connection;
        if connection.resource_server.is_none() || connection.client_id.is_none() || !connection.secret_set {
            return Err(refused(
                StatusCode::CONFLICT,
                code::INTEGRATION_INCOMPLETE,
                "resource server, client id and secret are needed",
            ));
        }
        Ok(IntegrationTest::new(state.now, state.checks.clone()))
    }

    async fn webhooks_page(&self, cursor: Option<&Cursor>) -> Result<Page<Webhook>> {
        let state = self.lock();
        state.needs_route(&Capability::Webhooks)?;
        page_of(state.webhooks.values(), cursor)
    }

    async fn webhook(&self, id: &WebhookId) -> Result<Webhook> {
        let state = self.lock();
        state.needs_route(&Capability::Webhooks)?;
        state.webhooks.get(id).cloned().ok_or_else(|| missing("webhook"))
    }

    async fn create_webhook(
        &self,
        webhook: &NewWebhook,
        key: Option<&IdempotencyKey>,
    ) -> Result<CreatedWebhook> {
        self.lock().create_webhook(webhook, key)
    }

    async fn update_webhook(&self, id: &WebhookId, patch: &WebhookPatch) -> Result<Webhook> {
        let mut state = self.lock();
        state.needs_route(&Capability::Webhooks)?;
        let webhook = state.webhooks.get_mut(id).ok_or_else(|| missing("webhook"))?;
        check_webhook(patch.url.as_ref(), patch.events.as_deref())?;
        if let Some(url) = &patch.url {
            webhook.url = url.clone();
        }
        if let Some(events) = &patch.events {
            webhook.events.clone_from(events);
        }
        webhook.active = patch.active.unwrap_or(webhook.active);
        Ok(webhook.clone())
    }

    async fn delete_webhook(&self, id: &WebhookId) -> Result<()> {
        let mut state = self.lock();
        state.needs_route(&Capability::Webhooks)?;
        state.webhooks.remove(id);
        Ok(())
    }

    async fn test_webhook(&self, id: &WebhookId) -> Result<WebhookTest> {
        let mut state = self.lock();
        state.needs_route(&Capability::Webhooks)?;
        if !state.webhooks.contains_key(id) {
            return Err(missing("webhook"));
        }
        let event = state.next_id("ev");
        Ok(WebhookTest::new(event, None, Some("nothing is delivered from memory".to_owned())))
    }
}

fn check_webhook(url: Option<&Url>, events: Option<&[EventType]>) -> Result<()> {
    let loopback = |url: &Url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.is_some_and(|url| url.scheme() != "https" && !(url.scheme() == "http" && loopback(url))) {
        return Err(invalid(code::INVALID_VALUE, "a webhook's url is https, or http to a loopback host"));
    }
    let subscribable = |event: &EventType| EventType::KNOWN.contains(event) && *event != EventType::Test;
    if events.is_some_and(|events| events.is_empty() || !events.iter().all(subscribable)) {
        return Err(invalid(code::INVALID_VALUE, "unknown or no events"));
    }
    Ok(())
}

fn text(field: &mut Option<String>, change: &Change<String>) {
    match change {
        Change::Keep => {}
        Change::Blank => *field = None,
        Change::Set(value) => *field = Some(value.clone()),
    }
}

fn choice(field: &mut Option<TypeChoice>, change: &Change<TypeChoice>) {
    match change {
        Change::Keep => {}
        Change::Blank => *field = None,
        Change::Set(value) => *field = Some(*value),
    }
}

impl State {
    fn shown_integration(&self) -> Integration {
        let mut shown = self.integration.clone();
        shown.version = shown.version.filter(|_| self.has(&Capability::Etag));
        shown
    }

    fn update_integration(
        &mut self,
        patch: &IntegrationPatch,
        expected: Option<Version>,
    ) -> Result<Integration> {
        self.check_version(self.integration.version, expected)?;
        let mut next = self.integration.clone();
        let ConnectionPatch { resource_server, authorisation_server, tenant, client_id, client_secret } =
            &patch.connection;
        let connection: &mut Connection = &mut next.connection;
        text(&mut connection.resource_server, resource_server);
        text(&mut connection.authorisation_server, authorisation_server);
        text(&mut connection.tenant, tenant);
        text(&mut connection.client_id, client_id);
        choice(&mut next.opportunity, &patch.opportunity);
        choice(&mut next.project, &patch.project);
        next.global_sync = patch.global_sync.unwrap_or(next.global_sync);
        if let Some(clients) = &patch.validation_client_ids {
            if let Some(unknown) = clients.iter().find(|id| !self.clients.contains_key(*id)) {
                return Err(invalid(code::UNKNOWN_CLIENT, format!("no client {unknown}")));
            }
            next.validation_client_ids.clone_from(clients);
        }
        if let Some(rows) = &patch.status_map {
            for (index, row) in rows.iter().enumerate() {
                if !self.statuses.contains_key(&row.status_id) {
                    return Err(invalid(code::UNKNOWN_STATUS, format!("no status {}", row.status_id)));
                }
                let same = |other: &crate::types::StatusMapRow| {
                    (&other.status_id, &other.kind) == (&row.status_id, &row.kind)
                };
                if rows[..index].iter().any(same) {
                    return Err(invalid(code::INVALID_VALUE, "two rows for one status and kind"));
                }
            }
            next.status_map.clone_from(rows);
        }
        if let Some(engine) = &patch.engine {
            next.engine = engine.clone();
        }
        let mut changed = next != self.integration;
        let secret = match client_secret {
            Change::Keep => self.secret.clone(),
            Change::Blank => None,
            Change::Set(secret) => Some(secret.clone()),
        };
        let exposed = |secret: &Option<SecretString>| secret.as_ref().map(|s| s.expose_secret().to_owned());
        changed |= exposed(&secret) != exposed(&self.secret);
        next.connection.secret_set = secret.is_some();
        if changed {
            next.version = next.version.map(|version| Version(version.0 + 1));
            self.tick();
            self.secret = secret;
            self.integration = next;
            self.tell(EventType::IntegrationUpdated, None, self.integration.version);
        }
        Ok(self.shown_integration())
    }

    fn create_webhook(&mut self, new: &NewWebhook, key: Option<&IdempotencyKey>) -> Result<CreatedWebhook> {
        self.needs_route(&Capability::Webhooks)?;
        let same = |sent: &NewWebhook| {
            let secret = |webhook: &NewWebhook| webhook.secret.as_ref().map(|s| s.expose_secret().to_owned());
            (&sent.url, &sent.events, sent.active, secret(sent))
                == (&new.url, &new.events, new.active, secret(new))
        };
        if let Some(reply) = self.replay(&self.created_webhooks, key, same)? {
            return Ok(reply);
        }
        check_webhook(Some(&new.url), Some(&new.events))?;
        let now = self.tick();
        let mut webhook = Webhook::new(self.next_id("wh"), new.url.clone(), new.events.clone(), now);
        webhook.active = new.active;
        self.webhooks.insert(webhook.id.clone(), webhook.clone());
        let made = || SecretString::from(format!("in-memory-secret-of-{}", webhook.id));
        let created = CreatedWebhook::new(webhook.clone(), new.secret.clone().unwrap_or_else(made));
        if let Some(key) = key.filter(|_| self.has(&Capability::Idempotency)) {
            self.created_webhooks.insert(key.as_str().into(), (new.clone(), created.clone()));
        }
        Ok(created)
    }
}
