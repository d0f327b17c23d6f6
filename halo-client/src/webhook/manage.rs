//! Making, repairing and removing webhooks.

use std::fmt;

use super::Event;
use super::wanted::{WantedWebhook, differences_of_subscription, subscription_patch};
use crate::resource::{Handle, List, WebhookEvents, Webhooks};
use crate::schema::{Notification, Webhook};
use crate::{Client, Error, Id, Record};

/// One thing that was, or would be, changed so that a webhook is as wanted. Shown as an order: `set url, active`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Adjustment {
    /// The webhook is made.
    Create,
    /// These fields of it are set.
    Set(Vec<&'static str>),
    /// It is told of this event.
    Subscribe(Event),
    /// Its subscription to this event goes to a webhook again.
    Resubscribe(Event, Id<Notification>),
    /// It is no longer told of this event; of which number, where the server shows it.
    Unsubscribe(Option<Event>, Id<Notification>),
    /// A second webhook of the same name and address, which would send everything twice, goes.
    RemoveTwin(Id<Webhook>),
    /// The webhook goes.
    Remove(Id<Webhook>),
}

impl fmt::Display for Adjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create => f.write_str("make the webhook"),
            Self::Set(fields) => write!(f, "set {}", fields.join(", ")),
            Self::Subscribe(event) => write!(f, "subscribe to {event}"),
            Self::Resubscribe(event, _) => write!(f, "repair the subscription to {event}"),
            Self::Unsubscribe(Some(event), _) => write!(f, "end the subscription to {event}"),
            Self::Unsubscribe(None, id) => write!(f, "end subscription {id}"),
            Self::RemoveTwin(id) => write!(f, "remove the second webhook of the same name, {id}"),
            Self::Remove(id) => write!(f, "remove the webhook {id}"),
        }
    }
}

/// What [`ensure`](Handle::ensure) did, or [`compare`](Handle::compare) would do.
#[derive(Debug, Clone)]
pub struct Ensured {
    id: Option<Id<Webhook>>,
    adjustments: Vec<Adjustment>,
}

impl Ensured {
    /// The webhook. `None` only from a comparison that did not find it, and after its removal.
    pub fn id(&self) -> Option<&Id<Webhook>> {
        self.id.as_ref()
    }

    /// What was changed, in this order; nothing if all was as wanted.
    pub fn adjustments(&self) -> &[Adjustment] {
        &self.adjustments
    }

    /// Whether all was as wanted already.
    pub fn is_unchanged(&self) -> bool {
        self.adjustments.is_empty()
    }
}

impl Handle<Webhooks> {
    /// Makes a webhook as it should be, with a subscription for each event: makes what is missing, repairs what
    /// differs, removes subscriptions to other events and second webhooks of the same name and address. Doing it
    /// again changes nothing.
    ///
    /// A webhook alone sends nothing: Halo wants a row of `/Notification` for each event. Conditions that a person
    /// added to such a row are left alone. The application needs the scope `admin:webhooks` (named by two public
    /// set-up guides).
    ///
    /// ```no_run
    /// # async fn example(client: halo_client::Client, key: String) -> Result<(), Box<dyn std::error::Error>> {
    /// use halo_client::webhook::{Authentication, Event, WantedWebhook};
    ///
    /// let wanted = WantedWebhook::new(
    ///     "roadmap sync",
    ///     "https://sync.example.com/hooks/halo",
    ///     Authentication::hmac("x-halo-signature", key),
    /// )
    /// .on(Event::TICKET_UPDATED)
    /// .on(Event::TICKET_STATUS_CHANGED);
    ///
    /// let done = client.webhooks().ensure(&wanted).await?;
    /// for adjustment in done.adjustments() {
    ///     println!("{adjustment}"); // make the webhook / subscribe to ticket updated (61) / ...
    /// }
    /// let verifier = wanted.verifier()?; // checks the deliveries
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// A configuration error, before anything is sent, when name, address, events or authentication cannot be
    /// used; or when several webhooks have the name and none the address, so that it is not known which is meant.
    /// Otherwise those of reads and writes. After any of them what was done stays done, and doing it again goes on
    /// from there: a webhook whose creation was not confirmed is found by its name.
    ///
    /// # Cancel safety
    /// Dropping the future may leave a part of the changes made. Doing it again makes the rest.
    pub async fn ensure(&self, wanted: &WantedWebhook) -> Result<Ensured, Error> {
        let client = self.client();
        if let Some(secret) = wanted.authentication().secret() {
            client.http().redact(secret.clone());
        }
        let (mut id, adjustments) = plan(client, wanted).await?;
        for adjustment in &adjustments {
            if *adjustment == Adjustment::Create {
                id = Some(create(client, wanted).await?);
            } else if let Some(id) = &id {
                adjust(client, wanted, id, adjustment).await?;
            }
        }
        Ok(Ensured { id, adjustments })
    }

    /// What [`ensure`](Handle::ensure) would change. Only reads.
    ///
    /// # Errors
    /// As [`ensure`](Handle::ensure).
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn compare(&self, wanted: &WantedWebhook) -> Result<Ensured, Error> {
        let (id, adjustments) = plan(self.client(), wanted).await?;
        Ok(Ensured { id, adjustments })
    }

    /// Removes every webhook of this name, with its subscriptions. That there is none is no error.
    ///
    /// # Errors
    /// Those of reads and writes.
    ///
    /// # Cancel safety
    /// Dropping the future may leave a part removed. Doing it again removes the rest.
    pub async fn remove_named(&self, name: &str) -> Result<Ensured, Error> {
        let client = self.client();
        let mut adjustments = Vec::new();
        for webhook in named(client, name).await? {
            let Some(id) = webhook.value().id.clone() else { continue };
            for row in subscriptions(client, &id).await? {
                if let Some((event, id)) = key(&row) {
                    gone(client.notifications().delete(id).await)?;
                    adjustments.push(Adjustment::Unsubscribe(event, id));
                }
            }
            gone(self.delete(&id).await)?;
            adjustments.push(Adjustment::Remove(id));
        }
        Ok(Ensured { id: None, adjustments })
    }

    /// The delivery history of a webhook: what was sent when, and what the receiver answered.
    ///
    /// Request and response are in the fields [`REQUESTBODY`](crate::schema::WebhookEvent::REQUESTBODY),
    /// [`RESPONSEBODY`](crate::schema::WebhookEvent::RESPONSEBODY) and their headers.
    ///
    /// ```no_run
    /// # async fn example(client: halo_client::Client) -> Result<(), halo_client::Error> {
    /// let mut deliveries = client.webhooks().deliveries("6f9e1c1e-8a7b-4a43-9d52-6c2f0f1f4a11").stream();
    /// while let Some(row) = deliveries.next().await {
    ///     let delivery = row?;
    ///     let delivery = delivery.value();
    ///     println!("{:?} {:?} {:?}", delivery.timestamp, delivery.responsestatus, delivery.entity_id);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn deliveries(&self, webhook: impl Into<Id<Webhook>>) -> List<WebhookEvents> {
        self.client().webhook_events().list().param("webhook_id", webhook.into())
    }
}

/// Reads what there is and says what differs.
async fn plan(
    client: &Client,
    wanted: &WantedWebhook,
) -> Result<(Option<Id<Webhook>>, Vec<Adjustment>), Error> {
    wanted.check()?;
    let mut candidates = named(client, wanted.name()).await?;
    let with_address: Vec<usize> = (0..candidates.len())
        .filter(|index| candidates.get(*index).is_some_and(|one| wanted.same_address(one)))
        .collect();
    let chosen = match (with_address.first(), candidates.len()) {
        (Some(first), _) => *first,
        (None, 0) => {
            let events = wanted.events().iter().copied().map(Adjustment::Subscribe);
            return Ok((None, std::iter::once(Adjustment::Create).chain(events).collect()));
        }
        (None, 1) => 0,
        (None, _) => {
            return Err(Error::configuration(
                "several webhooks have this name and none this address; remove those that are not needed, or take another name",
            ));
        }
    };
    let twins: Vec<Id<Webhook>> = with_address
        .iter()
        .skip(1)
        .filter_map(|index| candidates.get(*index).and_then(|one| one.value().id.clone()))
        .collect();
    let row = candidates.swap_remove(chosen);
    let Some(id) = row.value().id.clone() else {
        return Err(Error::configuration("the server shows a webhook of this name without its id"));
    };
    let detail = client.webhooks().get(&id).includedetails(true).await?;
    let mut adjustments = Vec::new();
    let fields = wanted.differences(&detail);
    if !fields.is_empty() {
        adjustments.push(Adjustment::Set(fields));
    }
    adjustments.extend(compare_events(wanted.events(), &subscriptions(client, &id).await?));
    adjustments.extend(twins.into_iter().map(Adjustment::RemoveTwin));
    Ok((Some(id), adjustments))
}

/// Which subscriptions are missing, broken, doubled or no longer wanted.
fn compare_events(wanted: &[Event], rows: &[Record<Notification>]) -> Vec<Adjustment> {
    let mut out = Vec::new();
    let mut kept: Vec<Event> = Vec::new();
    for row in rows {
        let Some((event, id)) = key(row) else { continue };
        match event {
            Some(event) if wanted.contains(&event) && !kept.contains(&event) => {
                kept.push(event);
                if !differences_of_subscription(row).is_empty() {
                    out.push(Adjustment::Resubscribe(event, id));
                }
            }
            event => out.push(Adjustment::Unsubscribe(event, id)),
        }
    }
    let missing = wanted.iter().filter(|event| !kept.contains(event));
    missing.copied().map(Adjustment::Subscribe).chain(out).collect()
}

fn key(row: &Record<Notification>) -> Option<(Option<Event>, Id<Notification>)> {
    let notification = row.value();
    Some((notification.eventno.map(Event::number), notification.id?))
}

/// All webhooks with this name, in the server's order.
async fn named(client: &Client, name: &str) -> Result<Vec<Record<Webhook>>, Error> {
    let all = client.webhooks().list().all().await?;
    let same = |one: &Record<Webhook>| one.value().name.as_deref().map(str::trim) == Some(name.trim());
    Ok(all.into_iter().filter(same).collect())
}

/// The subscriptions of a webhook. The server is asked for them alone, and each is looked at again: Halo ignores
/// parameters that it does not know, and deleting what belongs to another webhook would be bad.
async fn subscriptions(client: &Client, webhook: &Id<Webhook>) -> Result<Vec<Record<Notification>>, Error> {
    let rows =
        client.notifications().list().param("webhook_id", webhook).param("showall", true).all().await?;
    let belongs = |row: &Record<Notification>| {
        row.value().webhook_id.as_ref().is_some_and(|id| id.as_str().eq_ignore_ascii_case(webhook.as_str()))
    };
    let mut out = Vec::new();
    for row in rows {
        if belongs(&row) {
            out.push(row);
        } else if row.get(Notification::WEBHOOK_ID).is_absent()
            && let Some(id) = row.value().id
        {
            // A list row that leaves the webhook out: the detail has it.
            let detail = client.notifications().get(id).includedetails(true).await?;
            if belongs(&detail) {
                out.push(detail);
            }
        }
    }
    Ok(out)
}

async fn create(client: &Client, wanted: &WantedWebhook) -> Result<Id<Webhook>, Error> {
    let saved = client.webhooks().create(&wanted.to_new()?).await?;
    if let Some(id) = saved.id() {
        return Ok(id);
    }
    // A reply without the id; the name finds it.
    let found = named(client, wanted.name()).await?.into_iter().find_map(|one| one.value().id.clone());
    found.ok_or_else(|| Error::configuration("the webhook was made, but the server does not list it"))
}

async fn adjust(
    client: &Client,
    wanted: &WantedWebhook,
    webhook: &Id<Webhook>,
    adjustment: &Adjustment,
) -> Result<(), Error> {
    match adjustment {
        Adjustment::Create => Ok(()),
        Adjustment::Set(_) => client.webhooks().update(&wanted.to_patch(webhook)?).await.map(drop),
        Adjustment::Subscribe(event) => {
            client.notifications().create(&wanted.to_notification(webhook, *event)?).await.map(drop)
        }
        Adjustment::Resubscribe(_, id) => {
            client.notifications().update(&subscription_patch(*id)).await.map(drop)
        }
        Adjustment::Unsubscribe(_, id) => gone(client.notifications().delete(*id).await),
        Adjustment::RemoveTwin(id) | Adjustment::Remove(id) => {
            for row in subscriptions(client, id).await? {
                if let Some((_, id)) = key(&row) {
                    gone(client.notifications().delete(id).await)?;
                }
            }
            gone(client.webhooks().delete(id).await)
        }
    }
}

/// What is gone already need not be removed.
fn gone(removed: Result<(), Error>) -> Result<(), Error> {
    match removed {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}
