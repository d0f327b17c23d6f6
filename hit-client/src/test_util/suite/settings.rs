//! HumanizeIT's settings of its HaloPSA integration, and webhooks.

use super::{Outcome, Trouble, World, all, expect, refused, unsupported};
use crate::api::IdempotencyKey;
use crate::error::{Error, is_unsupported};
use crate::lists::HitApiExt as _;
use crate::types::{
    Capability, Change, EventType, IntegrationPatch, NewWebhook, StatusMapRow, TicketKind, TypeChoice,
    WebhookPatch,
};
use secrecy::ExposeSecret as _;

pub(super) async fn integration_settings(world: &World<'_>) -> Outcome {
    let before = match world.api.integration().await {
        Err(error) if is_unsupported(&error) => {
            return Err(Trouble::Skip("the settings cannot be read".to_owned()));
        }
        before => before?,
    };
    let mut patch = IntegrationPatch::new();
    patch.validation_client_ids = Some(vec![world.clients[1].clone()]);
    patch.status_map = Some(vec![StatusMapRow::new(world.statuses[1].clone(), TicketKind::Project, 12)]);
    let mut choice = TypeChoice::new(33);
    choice.assignee_agent_id = Some(5);
    patch.project = Change::Set(choice);
    patch.opportunity = Change::Blank;
    patch.connection.client_secret = Change::Set("not-a-real-secret".into());
    let after = world.api.update_integration(&patch, before.version).await?;
    expect(Some(&after.validation_client_ids) == patch.validation_client_ids.as_ref(), || {
        format!("{after:?}")
    })?;
    expect(Some(&after.status_map) == patch.status_map.as_ref(), || format!("{after:?}"))?;
    expect(after.project == Some(choice) && after.opportunity.is_none(), || format!("{after:?}"))?;
    expect(after.connection.secret_set, || "the secret was not stored".to_owned())?;
    expect(after.connection.tenant == before.connection.tenant, || format!("{after:?}"))?;
    expect(after.global_sync == before.global_sync && after.engine == before.engine, || {
        format!("{after:?}")
    })?;
    expect(world.api.integration().await? == after, || "they read back otherwise".to_owned())?;
    if world.has(Capability::Etag) {
        let mut late = IntegrationPatch::new();
        late.global_sync = Some(!after.global_sync);
        let result = world.api.update_integration(&late, before.version).await;
        refused("a write on stale settings", result, Error::is_precondition_failed)?;
    }
    let mut unknown = IntegrationPatch::new();
    unknown.validation_client_ids = Some(vec!["no-such-client".into()]);
    refused(
        "a missing validation client",
        world.api.update_integration(&unknown, None).await,
        Error::is_invalid,
    )?;
    let mut forget = IntegrationPatch::new();
    forget.connection.client_secret = Change::Blank;
    let after = world.api.update_integration(&forget, None).await?;
    expect(!after.connection.secret_set, || "the secret is still stored".to_owned())?;
    refused("a test without a secret", world.api.test_integration().await, Error::is_conflict)
}

pub(super) async fn webhooks(world: &World<'_>) -> Outcome {
    let url = |text: &str| text.parse().map_err(|_| Trouble::Seen(text.to_owned()));
    let new = NewWebhook::new(url("https://sync.example/hooks/hit")?, [EventType::ItemUpdated]);
    if !world.has(Capability::Webhooks) {
        unsupported("a webhook", world.api.create_webhook(&new, None).await)?;
        unsupported("a list of webhooks", world.api.webhooks_page(None).await)?;
        return unsupported("a webhook's removal", world.api.delete_webhook(&"wh".into()).await);
    }
    let key = IdempotencyKey::new(format!("suite-webhook-{}", world.run))?;
    let made = world.api.create_webhook(&new, Some(&key)).await?;
    let id = made.webhook.id.clone();
    expect(!made.secret.expose_secret().is_empty(), || "it has no secret".to_owned())?;
    expect(made.webhook.active && made.webhook.events == new.events, || format!("{:?}", made.webhook))?;
    if world.has(Capability::Idempotency) {
        let again = world.api.create_webhook(&new, Some(&key)).await?;
        let same =
            again.webhook == made.webhook && again.secret.expose_secret() == made.secret.expose_secret();
        expect(same, || "the repeated create made another".to_owned())?;
    }
    expect(world.api.webhook(&id).await? == made.webhook, || "it reads back otherwise".to_owned())?;
    let mut patch = WebhookPatch::new();
    patch.active = Some(false);
    patch.events = Some(vec![EventType::ItemCreated, EventType::ClientUpdated]);
    let after = world.api.update_webhook(&id, &patch).await?;
    expect(!after.active && Some(&after.events) == patch.events.as_ref(), || format!("{after:?}"))?;
    expect(after.url == made.webhook.url, || format!("{after:?}"))?;
    let listed = all(world.api.webhooks()).await?;
    expect(listed.contains(&after), || "it is not listed".to_owned())?;
    let open = NewWebhook::new(url("http://sync.example/hooks/hit")?, [EventType::ItemUpdated]);
    refused("a webhook over plain http", world.api.create_webhook(&open, None).await, Error::is_invalid)?;
    let test = NewWebhook::new(new.url.clone(), [EventType::Test]);
    refused("a subscription to tests", world.api.create_webhook(&test, None).await, Error::is_invalid)?;
    world.api.delete_webhook(&id).await?;
    world.api.delete_webhook(&id).await?;
    refused("a removed webhook", world.api.webhook(&id).await, Error::is_not_found)
}
