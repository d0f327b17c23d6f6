//! Single records in detail: those that a read has to look at, and those that a plan needs besides.

use std::collections::BTreeSet;

use halo_client::rest_core::limit::Permit;
use sync_core::exec::{Reject, RejectClass};
use sync_core::ids::Side;

use super::absence::keys;
use super::outage::{self, Outages, not_answering};
use super::rows::{Rows, keep_item, keep_ticket};
use super::{Engine, View, perform};
use crate::exit::Failure;
use crate::storage::{Change, Lease, RecordKey};

/// After how many records what was read is stored: each may have waited for its turn, and the end may be asked for.
const BATCH: usize = 20;

/// What came of reading records in detail.
#[derive(Default)]
pub(super) struct Details {
    /// Whether the view has changed.
    pub(super) changed: bool,
    /// Records that the server does not show to us.
    pub(super) refused: Vec<RecordKey>,
}

impl Engine {
    /// Reads one record in detail, or learns that there is none.
    ///
    /// # Errors
    /// The outer ones are faults of this program, and a system that does not answer any more; the inner one says why the
    /// record could not be read.
    pub(super) async fn look_at(
        &self,
        key: &RecordKey,
        rows: &mut Rows,
    ) -> Result<Result<(), Reject>, Failure> {
        let mut refused = None;
        match key {
            RecordKey::Ticket(id) => match self.halo.read(*id).await {
                Ok(Some(ticket)) => rows.put_ticket(ticket, false)?,
                Ok(None) => rows.not_found(key.clone()),
                Err(reject) => refused = Some(reject),
            },
            RecordKey::Item(id) => match self.hit.read(id).await {
                Ok(Some(item)) => rows.put_item(item, false)?,
                Ok(None) => rows.not_found(key.clone()),
                Err(reject) => refused = Some(reject),
            },
        }
        let answered = refused.as_ref().is_none_or(outage::is_answer);
        if self.is_gone(&mut rows.outages, key.side(), answered).await {
            return Err(not_answering(key.side()));
        }
        Ok(refused.map_or(Ok(()), Err))
    }

    /// Reads these records in detail into the view, and keeps them. What cannot be read now stays as it was; the view is
    /// not whole then. `read` is told after each.
    ///
    /// # Errors
    /// Refused credentials, a system that does not answer any more, and those of the store.
    ///
    /// # Cancel safety
    /// May be dropped anywhere: what was read is stored every now and then.
    pub(super) async fn read_details(
        &self,
        lease: &Lease,
        view: &mut View,
        wanted: &BTreeSet<RecordKey>,
        read: &(dyn Fn() + Sync),
    ) -> Result<Details, Failure> {
        if wanted.is_empty() {
            return Ok(Details::default());
        }
        let linked: BTreeSet<RecordKey> =
            view.links.iter().flat_map(|link| keys(link).map(|(_, key)| key).collect::<Vec<_>>()).collect();
        let (mut details, mut outages, mut changes) = (Details::default(), Outages::default(), Vec::new());
        for key in wanted {
            let reject = match self.detail(view, key, linked.contains(key)).await? {
                Ok(change) => {
                    changes.extend(change);
                    None
                }
                Err(reject) if reject.class == RejectClass::Credentials => {
                    return Err(super::run::credentials_refused(&reject));
                }
                Err(reject) => Some(reject),
            };
            read();
            let answered = reject.as_ref().is_none_or(outage::is_answer);
            if let Some(reject) = reject {
                tracing::warn!(record = %key.id(), reason = %reject.detail, "a record could not be read");
                view.whole = false;
                if reject.class == RejectClass::Forbidden {
                    details.refused.push(key.clone());
                }
            }
            let gone = self.is_gone(&mut outages, key.side(), answered).await;
            if gone || changes.len() >= BATCH {
                details.changed |= self.keep(lease, view, &mut changes).await?;
            }
            if gone {
                return Err(not_answering(key.side()));
            }
        }
        details.changed |= self.keep(lease, view, &mut changes).await?;
        Ok(details)
    }

    /// Stores what was read; whether there was anything.
    pub(super) async fn keep(
        &self,
        lease: &Lease,
        view: &mut View,
        changes: &mut Vec<Change>,
    ) -> Result<bool, Failure> {
        if changes.is_empty() {
            return Ok(false);
        }
        view.head = self.store.commit(lease, changes, perform::now_ms(&*self.time)).await?;
        changes.clear();
        Ok(true)
    }

    /// One record that the view holds; nothing where it holds none. That a linked one is not there takes more than this
    /// to believe: it is looked at again by the next run, which gathers the evidence.
    async fn detail(
        &self,
        view: &mut View,
        key: &RecordKey,
        linked: bool,
    ) -> Result<Result<Option<Change>, Reject>, Failure> {
        let again = || Change::Mark { key: key.clone(), reason: "retry".to_owned() };
        let change = match key {
            RecordKey::Ticket(id) => {
                let tickets = &mut view.snapshot.tickets;
                let Ok(place) = tickets.binary_search_by_key(id, |ticket| ticket.id) else {
                    return Ok(Ok(None));
                };
                let mut turn = self.full_reads.acquire().await;
                Permit::stamp(&mut turn);
                match self.halo.read(*id).await {
                    Ok(Some(mut ticket)) => {
                        ticket.is_task |= tickets[place].is_task;
                        tickets[place] = ticket.clone();
                        keep_ticket(ticket)?
                    }
                    Ok(None) if linked => again(),
                    Ok(None) => {
                        tickets.remove(place);
                        Change::DropSeen(key.clone())
                    }
                    Err(reject) => return Ok(Err(reject)),
                }
            }
            RecordKey::Item(id) => {
                let items = &mut view.snapshot.items;
                let Ok(place) = items.binary_search_by(|item| item.id.cmp(id)) else { return Ok(Ok(None)) };
                match self.hit.read(id).await {
                    Ok(Some(item)) => {
                        items[place] = item.clone();
                        keep_item(item)?
                    }
                    Ok(None) if linked => again(),
                    Ok(None) => {
                        items.remove(place);
                        Change::DropSeen(key.clone())
                    }
                    Err(reject) => return Ok(Err(reject)),
                }
            }
        };
        Ok(Ok(Some(change)))
    }

    /// Whether a system is found not to answer any more, after one more answer of it or none.
    async fn is_gone(&self, outages: &mut Outages, side: Side, answered: bool) -> bool {
        outages.heard(side, answered) && !outage::is_there(&self.halo, &self.hit, side, &self.stop).await
    }
}
