//! Webhooks, the notifications that feed them, and their deliveries.

use rest_core::lean;
use rest_core::record::{Decimal, Record};

use super::Agent;
use crate::Id;
use crate::id::assigned;
use crate::value::{Time, set_time};

lean! {
    /// Where Halo sends what happens. Sends nothing until a [`Notification`] points to it.
    pub struct Webhook as "webhook" {
        /// Its id, a GUID.
        id: Id<Webhook> = "id",
        /// Its name.
        name: String = "name",
        /// Where it sends.
        url: String = "url",
        /// 0 outbound, 1 a runbook.
        type_: i64 = "type",
        /// 0 POST.
        method: i64 = "method",
        /// 0 none, 1 basic, 3 HMAC (observed by a public client), others unknown.
        authentication_type: i64 = "authentication_type",
        /// The header of the authentication.
        authentication_header: String = "authentication_header",
        /// Whether it is on.
        active: bool = "active",
        /// Whether it was switched off.
        disabled: bool = "disabled",
        /// The last answer's status.
        last_status: i64 = "last_status",
        /// What triggers it.
        events: Vec<Record<Notification>> = "events",
    }

    /// What is told to whom when something happens; to a webhook with
    /// [`webhook_id`](Notification::webhook_id). Halo's `UnameNotification`.
    pub struct Notification as "notification" {
        /// Its id.
        id: Id<Notification> = "id",
        /// Its name.
        name: String = "name",
        /// The event: 3 new ticket, 61 ticket updated, 39 closed, 76 status changed, 1072 deleted (observed by
        /// public clients).
        eventno: i64 = "eventno",
        /// The webhook it feeds.
        webhook_id: Id<Webhook> = "webhook_id",
        /// The agent it is for.
        agent_id: Id<Agent> = "agent_id" via assigned,
        /// -2 for webhooks.
        type_: i64 = "type",
        /// 6 for webhooks.
        delivery_method: i64 = "delivery_method",
    }

    /// One delivery of a webhook.
    pub struct WebhookEvent as "webhook event" {
        /// Its id, a GUID.
        id: Id<WebhookEvent> = "id",
        /// The webhook.
        webhook_id: Id<Webhook> = "webhook_id",
        /// The notification.
        notification_id: Id<super::Notification> = "notification_id",
        /// When.
        timestamp: Time = "timestamp" via set_time,
        /// The receiver's status.
        responsestatus: i64 = "responsestatus",
        /// How long it took.
        duration: Decimal = "duration",
        /// Whether it failed.
        error: bool = "error",
        /// The record it was about.
        entity_id: i64 = "entity_id",
    }
}
