//! Webhooks as records.

use rest_core::decode::DecodeError;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Instant, Reply};
use crate::types::{
    CreatedWebhook, EventId, EventType, NewWebhook, Webhook, WebhookId, WebhookPatch, WebhookTest,
};

/// `Webhook`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct WebhookReply {
    id: WebhookId,
    url: String,
    events: Vec<EventType>,
    active: bool,
    created_at: Instant,
}

impl Reply for WebhookReply {
    type Value = Webhook;

    fn into_value(self) -> Result<Webhook, DecodeError> {
        let url: Url = self.url.parse().map_err(|_| DecodeError::new("not an address").at("url"))?;
        let mut webhook = Webhook::new(self.id, url, self.events, self.created_at.0);
        webhook.active = self.active;
        Ok(webhook)
    }
}

/// `CreatedWebhook`. Its `Debug` is missing on purpose.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct CreatedWebhookReply {
    id: WebhookId,
    url: String,
    events: Vec<EventType>,
    active: bool,
    created_at: Instant,
    secret: String,
}

impl Reply for CreatedWebhookReply {
    type Value = CreatedWebhook;

    fn into_value(self) -> Result<CreatedWebhook, DecodeError> {
        let webhook = WebhookReply {
            id: self.id,
            url: self.url,
            events: self.events,
            active: self.active,
            created_at: self.created_at,
        };
        Ok(CreatedWebhook::new(webhook.into_value()?, SecretString::from(self.secret)))
    }
}

/// `NewWebhook`.
#[derive(Serialize)]
pub(crate) struct NewWebhookBody<'a> {
    url: &'a str,
    events: &'a [EventType],
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> From<&'a NewWebhook> for NewWebhookBody<'a> {
    fn from(webhook: &'a NewWebhook) -> Self {
        Self {
            url: webhook.url.as_str(),
            events: &webhook.events,
            active: webhook.active,
            secret: webhook.secret.as_ref().map(|secret| secret.expose_secret()),
        }
    }
}

/// `WebhookPatch`.
#[derive(Serialize)]
pub(crate) struct WebhookPatchBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<&'a [EventType]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl<'a> From<&'a WebhookPatch> for WebhookPatchBody<'a> {
    fn from(patch: &'a WebhookPatch) -> Self {
        Self {
            url: patch.url.as_ref().map(Url::as_str),
            events: patch.events.as_deref(),
            active: patch.active,
            secret: patch.secret.as_ref().map(|secret| secret.expose_secret()),
        }
    }
}

/// `WebhookTest`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct WebhookTestReply {
    delivered: bool,
    event_id: EventId,
    status_code: Option<u16>,
    detail: Option<String>,
}

impl Reply for WebhookTestReply {
    type Value = WebhookTest;

    fn into_value(self) -> Result<WebhookTest, DecodeError> {
        let mut test = WebhookTest::new(self.event_id, self.status_code, self.detail);
        test.delivered = self.delivered;
        Ok(test)
    }
}
