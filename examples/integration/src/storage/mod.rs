//! What is remembered between runs, behind one trait.
//!
//! All writes of the engine go through [`Store::commit`]: one transaction, refused if the caller no longer holds
//! the lease. People's decisions go through [`Store::decide`] and need no lease.

mod about;
mod change;
mod error;
mod inbox;
mod past;
mod questions;
mod settings;
mod sqlite;
#[cfg(test)]
mod suite;
mod types;

use std::time::Duration;

use async_trait::async_trait;
use sync_core::base::{BaseHead, Intent, Link};
use sync_core::decision::Decisions;
use sync_core::ids::{AgentId, ItemId, MemberId, TicketId};

pub use self::about::{About, Edit};
pub use self::change::{Answer, Change};
pub use self::error::StoreError;
pub use self::inbox::{Delivery, Reception, Told, Waiting};
pub use self::past::{HistoryEntry, HistoryFilter, HistoryRow, Outcome, Settled};
pub use self::questions::*;
pub use self::settings::{SettingsHow, SettingsNote, SettingsVersion};
pub use self::sqlite::SqliteStore;
pub use self::types::*;

/// The reason of marks that come from webhooks.
pub const WEBHOOK: &str = "webhook";

/// The right to change the engine's state. One process holds it; it ends when dropped, and when the process dies.
#[derive(Debug)]
pub struct Lease {
    /// Grows with every lease. A commit with an older one is refused, whatever became of its holder.
    pub fence: i64,
    // What the backend holds as long as the lease lasts: a locked file, for SQLite.
    _guard: Box<dyn std::any::Any + Send + Sync>,
}

impl Lease {
    /// A lease with the number `fence` that lasts as long as `guard` lives. For backends.
    #[must_use]
    pub fn new(fence: i64, guard: Box<dyn std::any::Any + Send + Sync>) -> Self {
        Lease { fence, _guard: guard }
    }
}

/// What the engine and the commands remember. Every method is one transaction.
///
/// Cancelling a method leaves the state as it was before or as it is after, never between.
#[async_trait]
pub trait Store: Send + Sync {
    /// Lineage and serial of the database.
    async fn head(&self) -> Result<BaseHead, StoreError>;

    /// Whose database it is; nothing for a new one.
    async fn identity(&self) -> Result<Option<Identity>, StoreError>;

    /// Makes the database that of `identity`, or fails with [`StoreError::OtherTenant`] if it is another's. A HIT
    /// account that was unknown before is added.
    async fn claim(&self, identity: &Identity, now: UnixMs) -> Result<(), StoreError>;

    /// Takes the lease, waiting for another holder for at most `wait`. `holder` is shown to whoever waits.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process still holds it.
    async fn lease(&self, holder: &str, wait: Duration) -> Result<Lease, StoreError>;

    /// Applies all changes, or none. Returns the new head; the serial grows if any change outdates plans.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if another lease was given since.
    async fn commit(&self, lease: &Lease, changes: &[Change], now: UnixMs) -> Result<BaseHead, StoreError>;

    /// Applies people's decisions, all or none, and logs them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a decision about a conflict, issue, or proposal that is not open.
    async fn decide(&self, answers: &[Answer], now: UnixMs) -> Result<BaseHead, StoreError>;

    /// Stores deliveries, all or none, and says of each whether it is new. Needs no lease: they wait beside the dirty
    /// set until a read [takes them up](Self::take_up). When it returns, they survive a power cut.
    async fn receive(&self, deliveries: &[Delivery], now: UnixMs) -> Result<Vec<Reception>, StoreError>;

    /// Moves what deliveries have told into the dirty set, with the reason [`WEBHOOK`]. To be called at the start of a
    /// read.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] if another lease was given since.
    async fn take_up(&self, lease: &Lease, now: UnixMs) -> Result<Told, StoreError>;

    /// What deliveries have told and no read has taken up.
    async fn waiting(&self) -> Result<Waiting, StoreError>;

    /// What the program has noted about itself under this name, as JSON.
    async fn fact(&self, name: &str) -> Result<Option<String>, StoreError>;

    /// Notes something about the program, replacing what was noted under the name. Needs no lease: nothing is planned
    /// from it.
    async fn note_fact(&self, name: &str, body: &str, now: UnixMs) -> Result<(), StoreError>;

    /// Writes a complete copy into the new file `to`, while others may go on reading and writing.
    ///
    /// # Errors
    /// [`StoreError::CopyExists`] if there is such a file already; [`StoreError::CannotCopy`] if it cannot be written,
    /// or does not pass SQLite's own check. No half copy is left behind.
    async fn copy_to(&self, to: &std::path::Path) -> Result<(), StoreError>;

    /// Begins a run and returns its number.
    async fn begin_run(&self, lease: &Lease, command: &str, now: UnixMs) -> Result<RunId, StoreError>;

    /// Links in the order of their items, after `after`, at most `limit`.
    async fn links(&self, after: Option<&ItemId>, limit: u32) -> Result<Vec<Link>, StoreError>;

    /// All links in the order of their items.
    async fn all_links(&self) -> Result<Vec<Link>, StoreError> {
        const PAGE: u32 = 10_000;
        let mut links: Vec<Link> = Vec::new();
        loop {
            let page = self.links(links.last().map(|link| &link.item), PAGE).await?;
            let full = page.len() == PAGE as usize;
            links.extend(page);
            if !full {
                return Ok(links);
            }
        }
    }

    /// Links that have ended at least once, in the order of their items: also those that were made anew.
    async fn links_with_ends(&self) -> Result<Vec<Link>, StoreError>;

    /// The link of an item.
    async fn link(&self, item: &ItemId) -> Result<Option<Link>, StoreError>;

    /// The link of a ticket.
    async fn link_of_ticket(&self, ticket: TicketId) -> Result<Option<Link>, StoreError>;

    /// How many links there are.
    async fn count_links(&self) -> Result<u64, StoreError>;

    /// Client links, by HIT client.
    async fn client_links(&self) -> Result<Vec<ClientLink>, StoreError>;

    /// People that a person has matched.
    async fn people(&self) -> Result<Vec<(MemberId, AgentId)>, StoreError>;

    /// Creates that were decided and not finished, by marker.
    async fn intents(&self) -> Result<Vec<Intent>, StoreError>;

    /// Records that may have changed, by side and id.
    async fn dirty(&self) -> Result<Vec<Dirty>, StoreError>;

    /// All cursors.
    async fn cursors(&self) -> Result<Vec<Cursor>, StoreError>;

    /// Records as they were last read, as JSON.
    async fn seen(&self) -> Result<Vec<(RecordKey, String)>, StoreError>;

    /// One record as it was last read, as JSON.
    async fn seen_one(&self, key: &RecordKey) -> Result<Option<String>, StoreError>;

    /// What both tenants have, as it was last kept.
    async fn catalogue(&self) -> Result<Option<String>, StoreError>;

    /// Conflicts, oldest first, without those put aside.
    async fn conflicts(&self) -> Result<Vec<OpenConflict>, StoreError>;

    /// Issues, oldest first, with those put aside.
    async fn issues(&self) -> Result<Vec<OpenIssue>, StoreError>;

    /// What the last plan asks people and they have not answered.
    async fn questions(&self) -> Result<Questions, StoreError>;

    /// Everything people have decided, as the planner wants it.
    async fn decisions(&self) -> Result<Decisions, StoreError>;

    /// History, newest first.
    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<HistoryRow>, StoreError>;

    /// The last runs, newest first.
    async fn runs(&self, limit: u32) -> Result<Vec<Run>, StoreError>;

    /// The evidence for going global.
    async fn gate(&self) -> Result<GateFacts, StoreError>;

    /// Notes that the open gate to global scope was passed, or that the scope is back to validation clients. Whoever
    /// has passed it once need not pass it again until then.
    async fn note_gate(&self, passed: bool, now: UnixMs) -> Result<(), StoreError>;

    /// Whether nothing is to be written.
    async fn paused(&self) -> Result<Option<Paused>, StoreError>;

    /// Versions of the settings, newest first.
    async fn settings_versions(&self, limit: u32) -> Result<Vec<SettingsVersion>, StoreError>;

    /// The requests of the last rate window, as the client wrote them.
    async fn rate_window(&self) -> Result<Option<String>, StoreError>;

    /// Keeps the requests of the last rate window, so that the next process does not exceed the tenant's limit.
    async fn keep_rate_window(&self, text: &str) -> Result<(), StoreError>;
}
