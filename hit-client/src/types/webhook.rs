//! Webhooks as records: where deliveries go, and for what.

use jiff::Timestamp;
use secrecy::SecretString;
use url::Url;

use crate::types::{EventId, WebhookId, open::open_enum};

open_enum! {
    /// What may have happened.
    EventType {
        /// An item appeared on a roadmap.
        ItemCreated = "roadmap_item.created",
        /// An item changed, or came back to its roadmap.
        ItemUpdated = "roadmap_item.updated",
        /// An item left its roadmap.
        ItemArchived = "roadmap_item.archived",
        /// A client changed.
        ClientUpdated = "client.updated",
        /// A client was archived.
        ClientArchived = "client.archived",
        /// HumanizeIT's settings of the HaloPSA integration changed.
        IntegrationUpdated = "integration.updated",
        /// A test delivery. Never subscribed to.
        Test = "webhook.test",
    }
}

/// A webhook. Its secret is shown once, when it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Webhook {
    /// The webhook.
    pub id: WebhookId,
    /// Where deliveries go.
    pub url: Url,
    /// For what.
    pub events: Vec<EventType>,
    /// Whether anything is delivered.
    pub active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Webhook {
    /// An active webhook.
    pub fn new(id: impl Into<WebhookId>, url: Url, events: Vec<EventType>, created_at: Timestamp) -> Self {
        Self { id: id.into(), url, events, active: true, created_at }
    }
}

/// A webhook that was just made, with the secret that signs its deliveries.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// The secret. No other reply shows it.
    pub secret: SecretString,
}

impl CreatedWebhook {
    /// A webhook with its secret.
    pub fn new(webhook: Webhook, secret: SecretString) -> Self {
        Self { webhook, secret }
    }
}

/// A webhook to be made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewWebhook {
    /// Where deliveries go: https, or http to a loopback host.
    pub url: Url,
    /// For what; at least one.
    pub events: Vec<EventType>,
    /// Whether anything is delivered from the start.
    pub active: bool,
    /// The secret, 16 to 128 visible ASCII characters; `None` lets the server make one.
    pub secret: Option<SecretString>,
}

impl NewWebhook {
    /// An active webhook whose secret the server makes.
    pub fn new(url: Url, events: impl IntoIterator<Item = EventType>) -> Self {
        Self { url, events: events.into_iter().collect(), active: true, secret: None }
    }

    /// Sets the secret.
    #[must_use]
    pub fn secret(mut self, secret: SecretString) -> Self {
        self.secret = Some(secret);
        self
    }
}

/// A change of a webhook: what is not mentioned stays.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WebhookPatch {
    /// Where deliveries go.
    pub url: Option<Url>,
    /// For what, from now on.
    pub events: Option<Vec<EventType>>,
    /// Whether anything is delivered.
    pub active: Option<bool>,
    /// A new secret; for an hour deliveries are signed with both.
    pub secret: Option<SecretString>,
}

impl WebhookPatch {
    /// A patch that changes nothing yet; set its fields.
    pub fn new() -> Self {
        Self::default()
    }
}

/// What came of a test delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookTest {
    /// Whether the receiver answered 2xx.
    pub delivered: bool,
    /// The id in the delivered body.
    pub event_id: EventId,
    /// What the receiver answered, if anything.
    pub status_code: Option<u16>,
    /// Why nothing came back.
    pub detail: Option<String>,
}

impl WebhookTest {
    /// The outcome of one delivery.
    pub fn new(event_id: impl Into<EventId>, status_code: Option<u16>, detail: Option<String>) -> Self {
        let delivered = status_code.is_some_and(|code| (200..300).contains(&code));
        Self { delivered, event_id: event_id.into(), status_code, detail }
    }
}
