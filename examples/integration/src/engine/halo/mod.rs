//! HaloPSA as the engine uses it.

mod catalogue;
mod find;
pub mod probe;
pub mod read;
mod write;

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use halo_client::schema::{Action, ExternalLink, Ticket};
use halo_client::{Client, Error, New, Patch};
use rest_core::limit::{Permit, RateLimiter};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use sync_core::catalogue::Catalogue;
use sync_core::exec::{
    CreateCall, LinkBackCall, Outcome, Record as SyncRecord, RecordKey, Reject, RejectClass, StatusCall,
    StatusWay, UpdateCall,
};
use sync_core::ids::{HaloClientId, ItemId, Kind, TicketId};
use sync_core::record::{HaloTicket, HitItem};
use sync_core::stamp::Stamp;
use sync_core::value::Obs;

use crate::config::MarkerPlace;
use crate::storage::Edit;

pub use self::catalogue::{Found, OwnActs};
pub use self::find::Known;
use self::read::Reading;
use self::write::{Unwritable, Writing};

/// One HaloPSA tenant.
pub struct HaloSide {
    client: Client,
    /// Where the marker of a create goes.
    place: MarkerPlace,
    /// How rows are read: zone, currency, and what the catalogue says of types and statuses.
    reading: RwLock<Arc<Reading>>,
    catalogue: RwLock<Arc<Catalogue>>,
    /// Where people open the items, for the links that new tickets carry.
    item_urls: RwLock<BTreeMap<ItemId, Box<str>>>,
}

/// What a list brought.
#[derive(Debug, Default)]
pub struct Tickets {
    /// The tickets.
    pub rows: Vec<HaloTicket>,
    /// Whether every row could be read and the server's count was reached.
    pub complete: bool,
}

impl HaloSide {
    /// A tenant whose catalogue is not known yet: see [`Self::know`].
    #[must_use]
    pub fn new(client: Client, place: MarkerPlace, reading: Reading) -> Self {
        Self {
            client,
            place,
            reading: RwLock::new(Arc::new(reading)),
            catalogue: RwLock::new(Arc::new(Catalogue::default())),
            item_urls: RwLock::default(),
        }
    }

    /// The client behind it.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the reference of the customer alone tells our tickets.
    #[must_use]
    pub const fn marks_by_reference(&self) -> bool {
        matches!(self.place, MarkerPlace::ClientReference)
    }

    /// Takes over what the catalogue says of types, statuses and teams.
    pub fn know(&self, catalogue: &Catalogue, found: &Found) {
        let mut reading = (*self.reading()).clone();
        reading.kinds = catalogue
            .ticket_types
            .iter()
            .filter_map(|(id, ticket_type)| Some((*id, ticket_type.kind?)))
            .collect();
        reading.tasks.clone_from(&found.task_types);
        reading.closed =
            catalogue.statuses.iter().filter(|(_, status)| status.closed).map(|(id, _)| *id).collect();
        *self.reading.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(reading);
        *self.catalogue.write().unwrap_or_else(std::sync::PoisonError::into_inner) =
            Arc::new(catalogue.clone());
    }

    /// Takes over where people open the items.
    pub fn know_items<'a>(&self, items: impl Iterator<Item = &'a HitItem>) {
        let urls = items.filter_map(|item| Some((item.id.clone(), item.url.clone()?))).collect();
        *self.item_urls.write().unwrap_or_else(std::sync::PoisonError::into_inner) = urls;
    }

    fn item_url(&self, item: Option<&ItemId>) -> Option<Box<str>> {
        self.item_urls.read().unwrap_or_else(std::sync::PoisonError::into_inner).get(item?).cloned()
    }

    fn reading(&self) -> Arc<Reading> {
        self.reading.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// The tickets of one kind, changed since an instant, or all of them. Each page waits for its turn in `pace`, where
    /// there is one, besides the client's own limit.
    ///
    /// # Errors
    /// Those of a list. A row that cannot be read makes the list incomplete.
    pub async fn list(
        &self,
        kind: Kind,
        since: Option<Stamp>,
        pace: Option<&RateLimiter>,
    ) -> Result<Tickets, Error> {
        self.listed(kind, since, None, pace).await
    }

    /// The same, of one client alone where one is named. Halo ignores filters that it does not know.
    async fn listed(
        &self,
        kind: Kind,
        since: Option<Stamp>,
        client: Option<HaloClientId>,
        pace: Option<&RateLimiter>,
    ) -> Result<Tickets, Error> {
        let since = since.and_then(|stamp| jiff::Timestamp::from_millisecond(stamp.unix_ms).ok());
        // Ordered by id, so that a ticket that changes meanwhile does not move to a page that was read already.
        macro_rules! pages {
            ($route:expr) => {{
                let list = $route.list().order("id");
                let list = match client {
                    Some(client) => list.client_id(client.0),
                    None => list,
                };
                match since {
                    Some(since) => list.lastupdatefromdate(since),
                    None => list,
                }
                .rows_as::<IgnoredAny>()
                .pages()
            }};
        }
        let mut pages = match kind {
            Kind::Opportunity => pages!(self.client.opportunities()),
            Kind::Project => pages!(self.client.projects()),
        };
        let reading = self.reading();
        let mut tickets = Tickets { rows: Vec::new(), complete: true };
        loop {
            // Held while the page is read: its turn counts from the answer on.
            let mut turn = match pace {
                Some(pace) => Some(pace.acquire().await),
                None => None,
            };
            turn.iter_mut().for_each(Permit::stamp);
            let Some(page) = pages.next().await else { break };
            for row in page?.rows {
                match row {
                    Ok(row) => match reading.ticket(&row) {
                        Some(ticket) => tickets.rows.push(ticket),
                        None => tickets.complete = false,
                    },
                    Err(bad) => {
                        tracing::warn!(error = %bad.into_error(), "a ticket could not be read");
                        tickets.complete = false;
                    }
                }
            }
        }
        Ok(tickets)
    }

    /// One ticket in detail; nothing if the server says that there is none.
    ///
    /// # Errors
    /// [`Reject`].
    pub async fn read(&self, id: TicketId) -> Result<Option<HaloTicket>, Reject> {
        let row = self.client.tickets().get(id.0).includedetails(true).row_as::<IgnoredAny>().await;
        match row {
            Ok(row) => match self.reading().ticket(&row) {
                // Halo may answer another record than the one asked for by a badly formed id; never take it for ours.
                Some(mut ticket) if ticket.id == id => {
                    // A detail that counts no quotations has none, and one without links neither: there is nothing
                    // more to read.
                    ticket.priced.get_or_insert(false);
                    if ticket.link_back == Obs::NotFetched {
                        ticket.link_back = Obs::Null;
                    }
                    Ok(Some(ticket))
                }
                Some(_) | None => {
                    Err(Reject::new(RejectClass::Invalid, format!("the reply is not ticket {id}")))
                }
            },
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(reject(&error)),
        }
    }

    /// Who did what to a ticket last, as far as its actions say; nothing for a ticket without actions.
    ///
    /// # Errors
    /// [`Reject`].
    pub async fn last_action(&self, ticket: TicketId) -> Result<Option<Edit>, Reject> {
        let actions = self.client.actions().list().ticket_id(ticket.0).all().await;
        let actions = actions.map_err(|error| reject(&error))?;
        // Numbers of actions grow with every action of the ticket.
        let last = actions.iter().max_by_key(|action| action.value().id);
        Ok(last.map(|action| Edit {
            by: action.value().who.clone().filter(|who| !who.is_empty()),
            what: action.value().outcome.clone().filter(|outcome| !outcome.is_empty()),
            at: action.value().datetime.filter(|at| !at.is_unset()).map(|at| at.timestamp().as_millisecond()),
        }))
    }

    /// Creates a ticket, with its marker in the same call.
    pub async fn create(&self, call: &CreateCall) -> Outcome {
        let url = self.item_url(call.intent().spec.item.as_ref());
        let new = match self.with_writing(|writing| writing.new_ticket(call.intent(), url.as_deref())) {
            Ok(new) => new,
            Err(error) => return invalid(error.to_string()),
        };
        let saved = match call.intent().spec.kind {
            Kind::Opportunity => self.client.opportunities().create(&new).await,
            Kind::Project => self.client.projects().create(&new).await,
        };
        self.outcome(saved)
    }

    /// Writes fields of a ticket.
    pub async fn update(&self, call: &UpdateCall) -> Outcome {
        let RecordKey::Ticket(ticket) = call.target() else { return invalid("not a ticket".to_owned()) };
        match self.with_writing(|writing| writing.patch(*ticket, call.kind(), call.set())) {
            Ok(patch) => self.save(&patch).await,
            Err(error) => invalid(error.to_string()),
        }
    }

    /// Changes a ticket's status. Nobody is mailed.
    pub async fn write_status(&self, call: &StatusCall) -> Outcome {
        let ticket = call.ticket();
        match call.way() {
            StatusWay::Set(status) => {
                self.save(&Patch::<Ticket>::of(ticket.0).set(Ticket::STATUS_ID, status.0)).await
            }
            StatusWay::Action { outcome, .. } => {
                let action = New::<Action>::record()
                    .set(Action::TICKET_ID, ticket.0)
                    .set(Action::OUTCOME_ID, outcome.0)
                    .set(Action::NOTE, format!("Status changed from the roadmap. {}", call.note_tag()))
                    .set(Action::HIDDENFROMUSER, true)
                    .set(Action::SENDEMAIL, false);
                match self.client.actions().create(&action).await {
                    // The reply is the action, not the ticket: the executor reads the ticket back.
                    Ok(_) => Outcome::Applied(None),
                    Err(error) => failed(&error),
                }
            }
            StatusWay::CloseWon(recipe) => {
                let mut patch = Patch::<Ticket>::of(ticket.0).set(Ticket::STATUS_ID, recipe.status.0);
                for (name, json) in &recipe.constants {
                    match RawValue::from_string(json.to_string()) {
                        Ok(value) => patch = patch.set_named(name.to_string(), value),
                        Err(_) => return invalid(Unwritable::Constant(name.to_string()).to_string()),
                    }
                }
                self.save(&patch).await
            }
            StatusWay::Convert { to_type, status } => {
                let patch = Patch::<Ticket>::of(ticket.0).set(Ticket::TICKETTYPE_ID, to_type.0);
                let patch = match status {
                    Some(status) => patch.set(Ticket::STATUS_ID, status.0),
                    None => patch,
                };
                self.save(&patch).await
            }
            // `StatusWay` may grow; a way that is not known here must not be guessed.
            _ => invalid("this way of changing a status is not supported".to_owned()),
        }
    }

    /// Writes the external link to the item.
    pub async fn link_back(&self, call: &LinkBackCall) -> Outcome {
        let known = self.item_url(Some(call.item()));
        let url = call.url().or(known.as_deref());
        let link: New<ExternalLink> = write::external_link(call.marker(), call.item().as_str(), url);
        self.save(&Patch::<Ticket>::of(call.ticket().0).set(Ticket::NEW_EXTERNAL_LINK, link)).await
    }

    async fn save(&self, patch: &Patch<Ticket>) -> Outcome {
        self.outcome(self.client.tickets().update(patch).await)
    }

    fn outcome(&self, saved: Result<halo_client::Saved<Ticket>, Error>) -> Outcome {
        match saved {
            Ok(saved) => {
                if let Some(warning) = saved.warning() {
                    tracing::warn!(warning, "Halo saved a ticket with a warning");
                }
                let ticket = self.reading().ticket(saved.record());
                Outcome::Applied(ticket.map(|ticket| SyncRecord::Ticket(Box::new(ticket))))
            }
            Err(error) => failed(&error),
        }
    }

    fn with_writing<T>(
        &self,
        write: impl FnOnce(&Writing<'_>) -> Result<T, Unwritable>,
    ) -> Result<T, Unwritable> {
        let reading = self.reading();
        let catalogue = self.catalogue.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        write(&Writing { zone: reading.zone.as_ref(), catalogue: &catalogue, place: self.place })
    }
}

fn invalid(detail: String) -> Outcome {
    Outcome::Rejected(Reject::new(RejectClass::Invalid, detail))
}

fn failed(error: &Error) -> Outcome {
    if error.is_outcome_unknown() { Outcome::Unknown } else { Outcome::Rejected(reject(error)) }
}

/// What a refusal means to the executor.
#[must_use]
pub fn reject(error: &Error) -> Reject {
    // Credentials are refused where tokens are given out. A 401 with a token that was just given out is how Halo answers
    // where a right on the record is missing (H98).
    let no_token = error.endpoint() == Some("/auth/token") || error.code() == Some("invalid_client");
    let class = if error.is_authentication() && no_token {
        RejectClass::Credentials
    } else if error.is_permission() || error.is_authentication() {
        RejectClass::Forbidden
    } else if error.is_not_found() {
        RejectClass::NotFound
    } else if error.is_throttled() {
        RejectClass::Throttled
    } else if error.is_invalid() || error.is_conflict() {
        RejectClass::Invalid
    } else {
        RejectClass::Unavailable
    };
    Reject::new(class, error.to_string())
}
