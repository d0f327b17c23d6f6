//! What the API is about, in types that know nothing of its wire format.

mod account;
mod budget;
mod ids;
mod integration;
mod item;
mod open;
mod people;
mod reference;
mod webhook;

pub use account::{Account, Capabilities, Capability};
pub use budget::{Budget, BudgetLine, BudgetLineWrite, BudgetPatch, Currency, Frequency};
pub use ids::{
    AccountId, BudgetLineId, ClientId, EventId, ItemId, StatusId, TeamMemberId, TemplateId, Version,
    WebhookId,
};
pub use integration::{
    Connection, ConnectionPatch, Engine, Integration, IntegrationCheck, IntegrationPatch, IntegrationTest,
    StatusMapRow, TicketKind, TypeChoice,
};
pub use item::{Actor, ActorKind, Change, Description, DescriptionFormat, Item, ItemPatch, NewItem, Origin};
pub use people::{Client, Status, StatusClass, TeamMember};
pub use reference::{ExternalReference, ReferenceFilter, ReferenceKey, ReferenceTarget};
pub use webhook::{CreatedWebhook, EventType, NewWebhook, Webhook, WebhookPatch, WebhookTest};
