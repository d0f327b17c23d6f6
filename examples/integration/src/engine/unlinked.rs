//! Tickets of no link: which of them are our own.
//!
//! Rows of lists carry no external links and no reference of the customer, so nothing in them tells a ticket that we
//! made and whose reply was lost from one that a person made.

use sync_core::planner;

use super::rows::Rows;
use super::{Engine, View};
use crate::exit::Failure;
use crate::storage::{Lease, RecordKey};

impl Engine {
    /// Takes the markers of all tickets from one list of our external links, so that a complete read shows a create that
    /// arrived late.
    ///
    /// # Errors
    /// Those of a list; a refusal leaves the markers to the details.
    pub(super) async fn read_marks(&self, rows: &mut Rows) -> Result<(), Failure> {
        match self.halo.marks(&self.full_reads).await {
            Ok(marks) => marks.into_iter().try_for_each(|(ticket, marker)| rows.put_marker(ticket, marker)),
            Err(error) if error.is_permission() || error.is_not_found() => {
                tracing::warn!(%error, "external links cannot be listed: a ticket that was made twice shows late");
                Ok(())
            }
            Err(error) => Err(self.halo_failure(&error)),
        }
    }

    /// Reads in detail what would be imported, or offered as the counterpart of an item, before it is planned: it may
    /// be our own. What cannot be read now is not imported, and asked for again by the next run.
    ///
    /// # Errors
    /// Refused credentials, and those of the store.
    pub(super) async fn read_sources(&self, lease: &Lease, view: &mut View) -> Result<(), Failure> {
        let wanted = planner::unread_sources(&view.input(self)).into_iter().map(RecordKey::Ticket);
        if self.read_details(lease, view, wanted).await? {
            view.find_candidates();
        }
        Ok(())
    }
}
