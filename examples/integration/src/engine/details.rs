//! Records that a plan needs in detail, after what changed was read.

use halo_client::rest_core::limit::Permit;
use sync_core::exec::{Reject, RejectClass};

use super::rows::{keep_item, keep_ticket};
use super::{Engine, View, perform};
use crate::exit::Failure;
use crate::storage::{Change, Lease, RecordKey};

impl Engine {
    /// Reads these records in detail into the view, and keeps them. What cannot be read now stays as it was. Whether the
    /// view has changed.
    ///
    /// # Errors
    /// Refused credentials, and those of the store.
    pub(super) async fn read_details(
        &self,
        lease: &Lease,
        view: &mut View,
        wanted: impl IntoIterator<Item = RecordKey>,
    ) -> Result<bool, Failure> {
        let mut changes = Vec::new();
        for key in wanted {
            match self.detail(view, &key).await {
                Ok(Some(change)) => changes.push(change),
                Ok(None) => {}
                Err(Lost::Reject(reject)) if reject.class == RejectClass::Credentials => {
                    return Err(super::run::credentials_refused(&reject));
                }
                Err(Lost::Reject(reject)) => {
                    tracing::warn!(record = %key.id(), reason = %reject.detail, "a record could not be read");
                }
                Err(Lost::Failure(failure)) => return Err(failure),
            }
        }
        if changes.is_empty() {
            return Ok(false);
        }
        view.head = self.store.commit(lease, &changes, perform::now_ms(&*self.time)).await?;
        Ok(true)
    }

    /// One record that the view holds; nothing where it holds none.
    async fn detail(&self, view: &mut View, key: &RecordKey) -> Result<Option<Change>, Lost> {
        let dropped = || Ok(Some(Change::DropSeen(key.clone())));
        match key {
            RecordKey::Ticket(id) => {
                let tickets = &mut view.snapshot.tickets;
                let Ok(place) = tickets.binary_search_by_key(id, |ticket| ticket.id) else { return Ok(None) };
                let mut turn = self.full_reads.acquire().await;
                Permit::stamp(&mut turn);
                let Some(mut ticket) = self.halo.read(*id).await? else {
                    tickets.remove(place);
                    return dropped();
                };
                ticket.is_task |= tickets[place].is_task;
                tickets[place] = ticket.clone();
                Ok(Some(keep_ticket(ticket)?))
            }
            RecordKey::Item(id) => {
                let items = &mut view.snapshot.items;
                let Ok(place) = items.binary_search_by(|item| item.id.cmp(id)) else { return Ok(None) };
                let Some(item) = self.hit.read(id).await? else {
                    items.remove(place);
                    return dropped();
                };
                items[place] = item.clone();
                Ok(Some(keep_item(item)?))
            }
        }
    }
}

/// Why a record was not read.
enum Lost {
    /// The server does not give it.
    Reject(Reject),
    /// A fault of this program.
    Failure(Failure),
}

impl From<Reject> for Lost {
    fn from(reject: Reject) -> Self {
        Lost::Reject(reject)
    }
}

impl From<Failure> for Lost {
    fn from(failure: Failure) -> Self {
        Lost::Failure(failure)
    }
}
