//! What is known of both systems without asking them: so that an answer about nothing is refused, and names can be told.

use sync_core::base::Link;
use sync_core::catalogue::Catalogue;
use sync_core::decision::{Decisions, PairingAnswer};
use sync_core::field::{FieldId, FieldRow};
use sync_core::ids::{HaloClientId, HitClientId, ItemId, Kind, TicketId};
use sync_core::value::Value;

use crate::app::App;
use crate::engine::{kept_catalogue, kept_client_references, kept_item, kept_ticket};
use crate::exit::Failure;
use crate::storage::{Answer, Questions};

/// The state in which an answer is given.
pub(super) struct Known {
    pub(super) app: App,
    pub(super) questions: Questions,
    pub(super) decisions: Decisions,
    /// Nothing before the first read.
    pub(super) catalogue: Option<Catalogue>,
}

impl Known {
    pub(super) async fn read(app: &App) -> Result<Self, Failure> {
        Ok(Known {
            questions: app.store.questions().await?,
            decisions: app.store.decisions().await?,
            catalogue: kept_catalogue(&*app.store).await?,
            app: app.clone(),
        })
    }

    pub(super) async fn decide(&self, answers: &[Answer]) -> Result<(), Failure> {
        self.app.store.decide(answers, self.app.now()).await?;
        Ok(())
    }

    pub(super) async fn link(&self, item: &ItemId) -> Result<Option<Link>, Failure> {
        Ok(self.app.store.link(item).await?)
    }

    /// The name of the item, which may be empty, if it was ever read, asked about or linked.
    pub(super) async fn item(&self, id: &ItemId) -> Result<Option<String>, Failure> {
        if let Some(item) = kept_item(&*self.app.store, id).await? {
            return Ok(Some(name(&item.fields)));
        }
        let asked = self.questions.pairings.iter().find(|question| question.item.id == *id);
        if let Some(question) = asked {
            return Ok(Some(question.item.name.clone()));
        }
        let mut offered = self.questions.imports.iter().flat_map(|question| &question.candidates);
        if let Some(item) = offered.find(|item| item.id == *id) {
            return Ok(Some(item.name.clone()));
        }
        let link = self.link(id).await?;
        Ok(link.map(|_| String::new()))
    }

    /// The name of the ticket, which may be empty, if it was ever read, offered or linked.
    pub(super) async fn ticket(&self, id: TicketId) -> Result<Option<String>, Failure> {
        if let Some(ticket) = kept_ticket(&*self.app.store, id).await? {
            return Ok(Some(name(&ticket.fields)));
        }
        let asked = self.questions.imports.iter().map(|question| &question.ticket);
        let mut offered =
            self.questions.pairings.iter().flat_map(|question| &question.candidates).chain(asked);
        if let Some(ticket) = offered.find(|ticket| ticket.id == id) {
            return Ok(Some(ticket.name.clone()));
        }
        let link = self.app.store.link_of_ticket(id).await?;
        Ok(link.map(|_| String::new()))
    }

    /// The kind of a ticket, as far as it was read.
    pub(super) async fn kind(&self, id: TicketId) -> Result<Option<Kind>, Failure> {
        Ok(kept_ticket(&*self.app.store, id).await?.and_then(|ticket| ticket.kind))
    }

    /// Whether a person has parted the ticket from an item.
    pub(super) async fn was_parted(&self, ticket: TicketId) -> Result<bool, Failure> {
        let links = self.app.store.links_with_ends().await?;
        Ok(links.iter().any(|link| link.is_parted_from(ticket)))
    }

    /// Another item of which a person has said that it is the ticket, and that is not linked to it yet.
    pub(super) fn named_by(&self, ticket: TicketId, besides: &ItemId) -> Option<&ItemId> {
        let named = PairingAnswer::Link(ticket);
        let mut all = self.decisions.pairings.iter();
        all.find(|(item, answer)| **answer == named && *item != besides).map(|(item, _)| item)
    }

    /// The Halo client that the item's client is, by what goes first, as far as anybody has said so.
    pub(super) async fn halo_client(&self, item: &ItemId) -> Result<Option<HaloClientId>, Failure> {
        let store = &*self.app.store;
        let Some(item) = kept_item(store, item).await? else { return Ok(None) };
        if let Some(halo) = self.app.config.settings.project.clients.get(&item.client) {
            return Ok(Some(*halo));
        }
        if let Some(link) = store.client_links().await?.into_iter().find(|link| link.hit == item.client) {
            return Ok(Some(link.halo));
        }
        let references = kept_client_references(store).await?;
        Ok(references.into_iter().find(|(hit, _)| *hit == item.client).map(|(_, halo)| halo))
    }

    /// The item that a person has parted from the ticket and that still refers to it in HIT, where one target belongs to
    /// one item. Also one that was linked anew, where its reference was not replaced.
    pub(super) async fn still_refers(&self, ticket: TicketId) -> Result<Option<ItemId>, Failure> {
        for link in self.app.store.links_with_ends().await? {
            if !link.is_parted_from(ticket) {
                continue;
            }
            let item = kept_item(&*self.app.store, &link.item).await?;
            if item.is_some_and(|item| {
                Kind::ALL.into_iter().any(|kind| item.refers_to(kind, ticket) == Some(true))
            }) {
                return Ok(Some(link.item));
            }
        }
        Ok(None)
    }

    pub(super) async fn require_item(&self, id: &ItemId) -> Result<String, Failure> {
        let way = "type the item's id, as `halo-hit pair`, `halo-hit plan` and HumanizeIT show it";
        self.item(id).await?.ok_or_else(|| super::unknown("item", id.as_str(), way))
    }

    pub(super) async fn require_ticket(&self, id: TicketId) -> Result<String, Failure> {
        let way = "a ticket has to be of a type that is followed";
        self.ticket(id).await?.ok_or_else(|| super::unknown("ticket", &id.to_string(), way))
    }

    /// The name of a HIT client, or its id.
    pub(super) fn client_name(&self, id: &HitClientId) -> String {
        let known = self.catalogue.as_ref().and_then(|known| known.hit_clients.get(id));
        known.map_or_else(|| id.to_string(), |client| client.name.to_string())
    }
}

fn name(row: &FieldRow) -> String {
    match row.get(FieldId::Name).value() {
        Some(Value::Text(name)) => name.to_string(),
        _ => String::new(),
    }
}

/// A record in words: its name, if it is known, and its id.
pub(super) fn spoken(name: &str, id: &impl ToString) -> String {
    if name.is_empty() { id.to_string() } else { format!("{name:?} ({})", id.to_string()) }
}

/// The tickets of a link in words.
pub(super) fn tickets(link: &Link) -> String {
    let one = |(kind, id): (&str, Option<TicketId>)| id.map(|id| format!("{kind} {id}"));
    let both = [("opportunity", link.opportunity), ("project", link.project)];
    both.into_iter().filter_map(one).collect::<Vec<_>>().join(" and ")
}
