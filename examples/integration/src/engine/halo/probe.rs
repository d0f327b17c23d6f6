//! The one ticket of our own on which `check --probe-writes` tries what only a write shows.
//!
//! It is made by the sync's own create, so that what it proves holds for the sync: hidden from the portal, not
//! acknowledged, with the General User as requester. It stays open and is used again, because no right to delete
//! exists.

use halo_client::schema::Ticket;
use halo_client::{Error, Patch, Record};
use serde::de::IgnoredAny;
use sync_core::base::{CreateSpec, Intent};
use sync_core::exec::RecordKey;
use sync_core::field::{FieldId, FieldRow};
use sync_core::hash::Hash128;
use sync_core::ids::{AgentId, HaloClientId, Kind, StatusId, TicketId, TicketTypeId};
use sync_core::marker::Marker;
use sync_core::value::{Obs, Value};

use super::HaloSide;
use super::read::{PROBE_REFERENCE, PROBE_SUMMARY};
use crate::config::MarkerPlace;

/// What a probe met.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Whether Halo refused it for want of a right.
    pub refused: bool,
    /// Whether Halo says that the ticket is not there.
    pub gone: bool,
    /// In words.
    pub words: String,
}

impl Problem {
    fn of(error: &Error) -> Self {
        let refused = error.is_permission() || error.is_authentication();
        let status =
            error.status().map_or_else(String::new, |status| format!("status {}, ", status.as_u16()));
        let said = error.body().filter(|body| !body.trim().is_empty());
        let words =
            said.map_or_else(|| error.message().to_owned(), |body| format!("{}: {body}", error.message()));
        Problem { refused, gone: error.is_not_found(), words: format!("{status}{words}") }
    }
}

/// The probe ticket as it is now.
#[derive(Debug, Clone)]
pub struct Probe {
    /// The ticket.
    pub id: TicketId,
    /// Its status.
    pub status: Option<StatusId>,
    /// Who is responsible; agent 1 is nobody.
    pub agent: Option<AgentId>,
    /// Its type.
    pub ticket_type: Option<TicketTypeId>,
    /// Whether somebody has closed or deleted it.
    pub shut: bool,
    /// Whether the portal shows it.
    pub shown: bool,
}

impl HaloSide {
    /// The probe tickets that carry the marker.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn find_probe(&self, kind: Kind, marker: &Marker) -> Result<Vec<TicketId>, Problem> {
        let hits = self.find_marker(kind, marker).await.map_err(|reject| Problem {
            refused: reject.class == sync_core::exec::RejectClass::Forbidden,
            gone: false,
            words: reject.detail.to_string(),
        })?;
        Ok(hits
            .into_iter()
            .filter_map(|hit| match hit.record {
                RecordKey::Ticket(id) => Some(id),
                _ => None,
            })
            .collect())
    }

    /// The probe tickets of a client by their name, where the marker does not find them.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn find_probe_by_name(&self, client: HaloClientId) -> Result<Vec<TicketId>, Problem> {
        let list = self.client.tickets().list().client_id(client.0).param("search_summary", PROBE_SUMMARY);
        let page = list.rows_as::<IgnoredAny>().first_page().await.map_err(|error| Problem::of(&error))?;
        // Halo ignores filters that it does not know: each row is looked at again.
        let ours = page
            .rows
            .iter()
            .flatten()
            .filter(|row| row.get(Ticket::SUMMARY).value().as_deref() == Some(PROBE_SUMMARY));
        Ok(ours.filter_map(|row| row.get(Ticket::ID).value()).map(|id| TicketId(id.get())).collect())
    }

    /// Makes the probe ticket, by the sync's own create.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn create_probe(&self, spec: CreateSpec) -> Result<TicketId, Problem> {
        let mut payload = FieldRow::new();
        payload.set(FieldId::Name, Obs::Value(Value::text(PROBE_SUMMARY)));
        let intent = Intent {
            op: Hash128::default(),
            spec,
            source: FieldRow::new(),
            payload,
            sent_at: None,
            settle_until: None,
        };
        let new = self.with_writing(|writing| writing.new_ticket(&intent, None));
        let mut new =
            new.map_err(|error| Problem { refused: false, gone: false, words: error.to_string() })?;
        if self.place == MarkerPlace::ExternalLink {
            new = new.set(Ticket::CLIENT_REFERENCE, PROBE_REFERENCE);
        }
        let saved = self.client.tickets().create(&new).await.map_err(|error| Problem::of(&error))?;
        saved.record().get(Ticket::ID).value().map(|id| TicketId(id.get())).ok_or_else(|| Problem {
            refused: false,
            gone: false,
            words: "the reply names no ticket".to_owned(),
        })
    }

    /// The probe ticket as it is now.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn read_probe(&self, id: TicketId) -> Result<Probe, Problem> {
        let row = self.client.tickets().get(id.0).includedetails(true).row_as::<IgnoredAny>().await;
        let row: Record<Ticket, IgnoredAny> = row.map_err(|error| Problem::of(&error))?;
        let read = self.reading().ticket(&row);
        Ok(Probe {
            id,
            status: row.get(Ticket::STATUS_ID).value().map(|id| StatusId(id.get())),
            agent: row.get(Ticket::AGENT_ID).value().map(|id| AgentId(id.get())),
            ticket_type: row.get(Ticket::TICKETTYPE_ID).value().map(|id| TicketTypeId(id.get())),
            shut: read.is_none_or(|ticket| ticket.closed || ticket.deleted || !ticket.is_probe),
            shown: row.get(Ticket::SHOWFORUSERS).value().unwrap_or(false),
        })
    }

    /// Writes the probe ticket's own name again, which changes nothing and needs the right to edit it.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn edit_probe(&self, id: TicketId) -> Result<(), Problem> {
        self.patch_probe(Patch::<Ticket>::of(id.0).set(Ticket::SUMMARY, PROBE_SUMMARY)).await
    }

    /// Sets the probe ticket's status.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn set_probe_status(&self, id: TicketId, status: StatusId) -> Result<(), Problem> {
        self.patch_probe(Patch::<Ticket>::of(id.0).set(Ticket::STATUS_ID, status.0)).await
    }

    /// Makes an agent responsible for the probe ticket.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn assign_probe(&self, id: TicketId, agent: AgentId) -> Result<(), Problem> {
        self.patch_probe(Patch::<Ticket>::of(id.0).set(Ticket::AGENT_ID, agent.0)).await
    }

    /// Makes the probe ticket one of another type, in a status that this type has.
    ///
    /// # Errors
    /// [`Problem`].
    pub async fn convert_probe(
        &self,
        id: TicketId,
        to: TicketTypeId,
        status: Option<StatusId>,
    ) -> Result<(), Problem> {
        let patch = Patch::<Ticket>::of(id.0).set(Ticket::TICKETTYPE_ID, to.0);
        let patch = match status {
            Some(status) => patch.set(Ticket::STATUS_ID, status.0),
            None => patch,
        };
        self.patch_probe(patch).await
    }

    async fn patch_probe(&self, patch: Patch<Ticket>) -> Result<(), Problem> {
        self.client.tickets().update(&patch).await.map(drop).map_err(|error| Problem::of(&error))
    }
}
