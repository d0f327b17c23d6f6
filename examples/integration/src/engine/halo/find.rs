//! Finding tickets that are ours, or that Halo made of ours: by marker, by relation, by note.

use halo_client::schema::Ticket;
use halo_client::{Error, Record};
use rest_core::limit::RateLimiter;
use serde::de::IgnoredAny;
use sync_core::exec::{MarkerHit, NoteQuery, RecordKey, Reject, RejectClass};
use sync_core::ids::{HaloClientId, Kind, TicketId};
use sync_core::marker::Marker;
use sync_core::record::HaloTicket;
use sync_core::stamp::Stamp;

use super::{HaloSide, read, reject};
use crate::config::MarkerPlace;

/// How many hits of a search by reference are looked at. There is one at most, unless something went wrong.
const REFERENCE_HITS: u32 = 10;

/// What is known of a listed project.
#[derive(Debug)]
pub enum Known {
    /// Its detail was read, and it has not changed since.
    InDetail(Box<HaloTicket>),
    /// It belongs to a link.
    Linked,
    /// Nothing that its row does not say.
    No,
}

impl HaloSide {
    /// Tickets of a kind that carry a marker. Hits are checked again here, because Halo ignores filters that it does not
    /// know.
    ///
    /// # Errors
    /// [`Reject`]. A filter that is evidently ignored is one: what cannot be searched must not be created.
    pub async fn find_marker(&self, kind: Kind, marker: &Marker) -> Result<Vec<MarkerHit>, Reject> {
        let mut ids = match self.place {
            MarkerPlace::ExternalLink => self.marked_by_link(marker).await.map_err(|error| reject(&error))?,
            MarkerPlace::ClientReference => self.marked_by_reference(kind, marker).await?,
        };
        ids.sort_unstable();
        ids.dedup();
        let hit = |id| MarkerHit { record: RecordKey::Ticket(TicketId(id)), marker: marker.clone() };
        Ok(ids.into_iter().map(hit).collect())
    }

    /// The tickets that our external links name, with their markers. One page for a hundred links, each in its turn.
    ///
    /// # Errors
    /// Those of a list.
    pub async fn marks(&self, pace: &RateLimiter) -> Result<Vec<(TicketId, Marker)>, Error> {
        let mut pages = self.client.external_links().list().third_party_type(read::LINK_TYPE).pages();
        let mut marks = Vec::new();
        loop {
            let mut turn = pace.acquire().await;
            turn.stamp();
            let Some(page) = pages.next().await else { break };
            for link in page?.rows.into_iter().flatten() {
                let link = link.into_value();
                if link.third_party_type.as_deref() != Some(read::LINK_TYPE) {
                    // The filter is not known here: the other links of the tenant may be very many.
                    tracing::warn!("Halo does not list external links by their type");
                    return Ok(marks);
                }
                let marker = link.third_party_id.as_deref().and_then(Marker::parse);
                marks.extend(link.halo_id.map(TicketId).zip(marker));
            }
        }
        Ok(marks)
    }

    async fn marked_by_link(&self, marker: &Marker) -> Result<Vec<i64>, Error> {
        let links = self.client.external_links().list().third_party_id(marker.as_str()).all().await?;
        let ours = links.into_iter().map(Record::into_value).filter(|link| {
            link.third_party_type.as_deref() == Some(read::LINK_TYPE)
                && link.third_party_id.as_deref().and_then(Marker::parse).as_ref() == Some(marker)
        });
        Ok(ours.filter_map(|link| link.halo_id).collect())
    }

    /// Rows of lists lack the reference, so each hit is read in detail. One page tells whether the filter filters: no
    /// two tickets are meant to carry one marker.
    async fn marked_by_reference(&self, kind: Kind, marker: &Marker) -> Result<Vec<i64>, Reject> {
        macro_rules! page {
            ($route:expr) => {
                $route
                    .list()
                    .client_ref(marker.as_str())
                    .page_size(REFERENCE_HITS + 1)
                    .rows_as::<IgnoredAny>()
                    .pages()
            };
        }
        let mut pages = match kind {
            Kind::Opportunity => page!(self.client.opportunities()),
            Kind::Project => page!(self.client.projects()),
        };
        let Some(page) = pages.next().await else { return Ok(Vec::new()) };
        let rows = page.map_err(|error| reject(&error))?.rows;
        if rows.len() > REFERENCE_HITS as usize {
            return Err(Reject::new(
                RejectClass::Invalid,
                "Halo does not find tickets by the customer's reference; set halo.marker = \"external_link\"",
            ));
        }
        let mut ours = Vec::new();
        for row in rows {
            let row = row.map_err(|bad| reject(&bad.into_error()))?;
            let Some(id) = row.get(Ticket::ID).value() else { continue };
            let ticket = self.read(TicketId(id.get())).await?;
            ours.extend(
                ticket.filter(|ticket| ticket.marker.as_ref() == Some(marker)).map(|ticket| ticket.id.0),
            );
        }
        Ok(ours)
    }

    /// Projects that were made from an opportunity: created from it, related to it, or below it.
    ///
    /// Rows of lists name only what is above a project, so each project of the client that is listed is read in detail,
    /// besides the opportunity, which names what is related to it. `since` bounds the list by the time of change.
    /// `known` gives a project whose detail was read already and has not changed since, or nothing to leave one out.
    ///
    /// # Errors
    /// [`Reject`]. A project that cannot be read could be the one that is looked for.
    pub async fn find_projects(
        &self,
        opportunity: TicketId,
        client: HaloClientId,
        since: Option<Stamp>,
        known: impl Fn(&HaloTicket) -> Known,
    ) -> Result<Vec<HaloTicket>, Reject> {
        let beside = self.read(opportunity).await?.map(|ticket| ticket.related).unwrap_or_default();
        let listed = self.listed(Kind::Project, since, Some(client), None).await;
        let listed = listed.map_err(|error| reject(&error))?;
        if !listed.complete {
            return Err(Reject::new(RejectClass::Unavailable, "not every project could be read"));
        }
        let mut found = Vec::new();
        let ids: Vec<TicketId> = listed.rows.iter().map(|row| row.id).collect();
        for row in listed.rows.into_iter().filter(|row| row.client == client) {
            match known(&row) {
                Known::InDetail(ticket) => found.push(*ticket),
                Known::Linked => {}
                Known::No => found.extend(self.read(row.id).await?),
            }
        }
        // What is related and was not listed, because nothing else of it has changed for long.
        for id in beside.iter().filter(|id| !ids.contains(id)) {
            found.extend(self.read(*id).await?.filter(|ticket| ticket.kind == Some(Kind::Project)));
        }
        for ticket in &mut found {
            if beside.contains(&ticket.id) && !ticket.related.contains(&opportunity) {
                ticket.related.push(opportunity);
            }
        }
        let from = |ticket: &HaloTicket| {
            ticket.created_from == Some(opportunity)
                || ticket.parent == Some(opportunity)
                || ticket.related.contains(&opportunity)
        };
        found.retain(from);
        Ok(found)
    }

    /// Whether the ticket has a note with our tag.
    ///
    /// # Errors
    /// [`Reject`].
    pub async fn find_note(&self, query: &NoteQuery) -> Result<bool, Reject> {
        let actions = self.client.actions().list().ticket_id(query.ticket.0).all().await;
        let actions = actions.map_err(|error| reject(&error))?;
        Ok(actions
            .iter()
            .any(|action| action.value().note.as_deref().is_some_and(|note| note.contains(&*query.tag))))
    }
}
