//! The body of a webhook delivery.

use rest_core::decode::DecodeError;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use super::{Instant, Reply};
use crate::types::{ClientId, EventId, EventType, ItemId, Version};
use crate::webhook::Event;

/// `WebhookEvent`. Only the id must be there: a delivery is a hint where to look, nothing more.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct EventBody {
    id: EventId,
    #[serde(rename = "type")]
    kind: EventType,
    occurred_at: Option<Instant>,
    item_id: Option<ItemId>,
    client_id: Option<ClientId>,
    version: Option<Version>,
}

impl Reply for EventBody {
    type Value = Event;

    fn into_value(self) -> Result<Event, DecodeError> {
        Ok(Event {
            id: self.id,
            kind: self.kind,
            occurred_at: self.occurred_at.map(|instant| instant.0),
            item_id: self.item_id,
            client_id: self.client_id,
            version: self.version,
        })
    }
}
