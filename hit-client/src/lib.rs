#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod api;
mod client;
pub mod error;
mod lists;
#[cfg(feature = "test-util")]
pub mod test_util;
mod types;
pub mod webhook;
mod wire;

pub use api::{Cursor, HitApi, IdempotencyKey, ItemQuery, Page};
pub use client::{HitClient, HitClientBuilder};
pub use error::{Error, Result};
pub use lists::HitApiExt;
pub use rest_core::record::Seen;
pub use types::{
    Account, AccountId, Actor, ActorKind, Budget, BudgetLine, BudgetLineId, BudgetLineWrite, BudgetPatch,
    Capabilities, Capability, Change, Client, ClientId, Connection, ConnectionPatch, CreatedWebhook,
    Currency, Description, DescriptionFormat, Engine, EventId, EventType, ExternalReference, Frequency,
    Integration, IntegrationCheck, IntegrationPatch, IntegrationTest, Item, ItemId, ItemPatch, NewItem,
    NewWebhook, Origin, ReferenceFilter, ReferenceKey, ReferenceTarget, Status, StatusClass, StatusId,
    StatusMapRow, TeamMember, TeamMemberId, TemplateId, TicketKind, TypeChoice, Version, Webhook, WebhookId,
    WebhookPatch, WebhookTest,
};
pub use {futures_core, http, jiff, rest_core, secrecy, url};
