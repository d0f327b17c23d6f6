//! The store in one SQLite file.
//!
//! Write-ahead log with `synchronous = FULL`: a commit that was reported survives a power cut, not only a killed
//! process. The engine relies on it: an intent must be on disk before its call leaves the machine.
//!
//! One connection serves the whole process, so that two of its own tasks never meet as "database is locked".

mod answer;
mod copy;
mod history;
mod inbox;
mod read;
mod rows;
mod schema;
mod settings;
#[cfg(test)]
mod tests;
mod write;

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{Connection, SqliteConnection};
use sync_core::base::{BaseHead, Intent, Link};
use sync_core::decision::Decisions;
use sync_core::ids::{AgentId, ItemId, MemberId, TicketId};

use super::{
    Answer, Change, ClientLink, Cursor, Delivery, Dirty, GateFacts, HistoryFilter, HistoryRow, Identity,
    Lease, OpenConflict, OpenIssue, Paused, Questions, Reception, RecordKey, Run, RunId, SettingsVersion,
    Store, StoreError, Told, UnixMs, Waiting,
};

/// How long a statement waits for another process's transaction; transactions last milliseconds.
const BUSY: Duration = Duration::from_secs(5);
/// How often a waiting process looks whether the lease is free.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// A store in one SQLite file, or in memory. Clones share the connection.
#[derive(Debug, Clone)]
pub struct SqliteStore {
    pool: SqlitePool,
    path: PathBuf,
    // In memory there is no file to lock; the flag stands for it.
    in_memory: Option<Arc<AtomicBool>>,
}

impl SqliteStore {
    /// Opens the database at `path`, making or migrating it where needed. `now` dates a new one.
    ///
    /// # Errors
    /// A database of a newer program and a file that is none of ours are refused unchanged.
    pub async fn open(path: &Path, now: UnixMs) -> Result<Self, StoreError> {
        make_private(path)?;
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).foreign_keys(true);
        let fail = |source| StoreError::from_driver(path, source);
        // Looked at before any pragma that would write.
        let mut first = SqliteConnection::connect_with(&options).await.map_err(fail)?;
        schema::check(&mut first, path).await?;
        for pragma in ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"] {
            sqlx::query(pragma).execute(&mut first).await.map_err(fail)?;
        }
        schema::migrate(&mut first, path, now).await?;
        first.close().await.map_err(fail)?;
        let options = options.pragma("synchronous", "FULL");
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(fail)?;
        Ok(SqliteStore { pool, path: path.to_owned(), in_memory: None })
    }

    /// A store that is gone when dropped, for trials and tests.
    ///
    /// # Errors
    /// Only if SQLite itself fails.
    pub async fn in_memory(now: UnixMs) -> Result<Self, StoreError> {
        let path = PathBuf::from(":memory:");
        let fail = |source| StoreError::from_driver(Path::new(":memory:"), source);
        let options = SqliteConnectOptions::new().filename(":memory:").foreign_keys(true);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await
            .map_err(fail)?;
        let mut connection = pool.acquire().await.map_err(fail)?;
        schema::migrate(&mut connection, &path, now).await?;
        drop(connection);
        Ok(SqliteStore { pool, path, in_memory: Some(Arc::new(AtomicBool::new(false))) })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes the connection, which folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Limits the file to so many pages more than it has, as a full disk would.
    #[cfg(test)]
    pub(crate) async fn leave_room(&self, pages: i64) {
        let has: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&self.pool).await.unwrap();
        let limit = format!("PRAGMA max_page_count = {}", has + pages);
        sqlx::raw_sql(sqlx::AssertSqlSafe(limit)).execute(&self.pool).await.unwrap();
    }

    fn fail(&self, source: sqlx::Error) -> StoreError {
        StoreError::from_driver(&self.path, source)
    }

    /// The file whose lock is the lease. The kernel releases it when the process dies, however it dies.
    fn lock_path(&self) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".lock");
        PathBuf::from(name)
    }

    async fn lock(&self, wait: Duration) -> Result<Box<dyn std::any::Any + Send + Sync>, StoreError> {
        let mut looks = wait.as_millis() / LOOK_AGAIN.as_millis();
        let file = if self.in_memory.is_some() { None } else { Some(self.open_lock_file()?) };
        loop {
            match (&self.in_memory, &file) {
                (Some(taken), _) => {
                    if !taken.swap(true, Ordering::AcqRel) {
                        return Ok(Box::new(Flag(Arc::clone(taken))));
                    }
                }
                (None, Some(opened)) => match opened.try_lock() {
                    Ok(()) => {
                        let kept = opened.try_clone().map_err(|error| self.cannot_lock(error))?;
                        return Ok(Box::new(kept));
                    }
                    Err(std::fs::TryLockError::WouldBlock) => {}
                    Err(std::fs::TryLockError::Error(error)) => return Err(self.cannot_lock(error)),
                },
                (None, None) => {}
            }
            if looks == 0 {
                return Err(StoreError::Locked { path: self.path.clone(), holder: self.holder().await });
            }
            looks -= 1;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn open_lock_file(&self) -> Result<File, StoreError> {
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.lock_path())
            .map_err(|error| self.cannot_lock(error))
    }

    fn cannot_lock(&self, error: std::io::Error) -> StoreError {
        StoreError::CannotOpen { path: self.lock_path(), source: Box::new(error) }
    }

    async fn holder(&self) -> String {
        let holder: Result<String, _> =
            sqlx::query_scalar("SELECT holder FROM state").fetch_one(&self.pool).await;
        holder
            .ok()
            .filter(|holder| !holder.is_empty())
            .map_or_else(String::new, |holder| format!(" ({holder})"))
    }
}

struct Flag(Arc<AtomicBool>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Makes a new file readable for its owner alone: it holds customers' data.
fn make_private(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map(drop)
        .map_err(|error| StoreError::CannotOpen { path: path.to_owned(), source: Box::new(error) })
}

#[async_trait]
impl Store for SqliteStore {
    async fn head(&self) -> Result<BaseHead, StoreError> {
        self.read_head().await
    }

    async fn identity(&self) -> Result<Option<Identity>, StoreError> {
        self.read_identity().await
    }

    async fn claim(&self, identity: &Identity, now: UnixMs) -> Result<(), StoreError> {
        self.write_identity(identity, now).await
    }

    async fn lease(&self, holder: &str, wait: Duration) -> Result<Lease, StoreError> {
        let guard = self.lock(wait).await?;
        let fence: i64 = sqlx::query_scalar("UPDATE state SET fence = fence + 1, holder = ? RETURNING fence")
            .bind(holder)
            .fetch_one(&self.pool)
            .await
            .map_err(|error| self.fail(error))?;
        Ok(Lease::new(fence, guard))
    }

    async fn commit(&self, lease: &Lease, changes: &[Change], now: UnixMs) -> Result<BaseHead, StoreError> {
        self.write_changes(lease, changes, now).await
    }

    async fn decide(&self, answers: &[Answer], now: UnixMs) -> Result<BaseHead, StoreError> {
        self.write_answers(answers, now).await
    }

    async fn receive(&self, deliveries: &[Delivery], now: UnixMs) -> Result<Vec<Reception>, StoreError> {
        self.write_deliveries(deliveries, now).await
    }

    async fn take_up(&self, lease: &Lease, now: UnixMs) -> Result<Told, StoreError> {
        self.take_up_deliveries(lease, now).await
    }

    async fn waiting(&self) -> Result<Waiting, StoreError> {
        self.read_waiting().await
    }

    async fn fact(&self, name: &str) -> Result<Option<String>, StoreError> {
        self.read_fact(name).await
    }

    async fn note_fact(&self, name: &str, body: &str, now: UnixMs) -> Result<(), StoreError> {
        self.write_fact(name, body, now).await
    }

    async fn copy_to(&self, to: &Path) -> Result<(), StoreError> {
        self.write_copy(to).await
    }

    async fn begin_run(&self, lease: &Lease, command: &str, now: UnixMs) -> Result<RunId, StoreError> {
        self.write_run(lease, command, now).await
    }

    async fn links(&self, after: Option<&ItemId>, limit: u32) -> Result<Vec<Link>, StoreError> {
        self.read_links(after, limit).await
    }

    async fn links_with_ends(&self) -> Result<Vec<Link>, StoreError> {
        self.read_links_with_ends().await
    }

    async fn link(&self, item: &ItemId) -> Result<Option<Link>, StoreError> {
        self.read_link(item).await
    }

    async fn link_of_ticket(&self, ticket: TicketId) -> Result<Option<Link>, StoreError> {
        self.read_link_of_ticket(ticket).await
    }

    async fn count_links(&self) -> Result<u64, StoreError> {
        self.read_link_count().await
    }

    async fn client_links(&self) -> Result<Vec<ClientLink>, StoreError> {
        self.read_client_links().await
    }

    async fn people(&self) -> Result<Vec<(MemberId, AgentId)>, StoreError> {
        self.read_people().await
    }

    async fn intents(&self) -> Result<Vec<Intent>, StoreError> {
        self.read_intents().await
    }

    async fn dirty(&self) -> Result<Vec<Dirty>, StoreError> {
        self.read_dirty().await
    }

    async fn cursors(&self) -> Result<Vec<Cursor>, StoreError> {
        self.read_cursors().await
    }

    async fn conflicts(&self) -> Result<Vec<OpenConflict>, StoreError> {
        self.read_conflicts().await
    }

    async fn issues(&self) -> Result<Vec<OpenIssue>, StoreError> {
        self.read_issues().await
    }

    async fn questions(&self) -> Result<Questions, StoreError> {
        self.read_questions().await
    }

    async fn decisions(&self) -> Result<Decisions, StoreError> {
        self.read_decisions().await
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<HistoryRow>, StoreError> {
        self.read_history(filter).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<Run>, StoreError> {
        self.read_runs(limit).await
    }

    async fn gate(&self) -> Result<GateFacts, StoreError> {
        self.read_gate().await
    }

    async fn note_gate(&self, passed: bool, now: UnixMs) -> Result<(), StoreError> {
        self.write_gate(passed, now).await
    }

    async fn paused(&self) -> Result<Option<Paused>, StoreError> {
        self.read_paused().await
    }

    async fn settings_versions(&self, limit: u32) -> Result<Vec<SettingsVersion>, StoreError> {
        self.read_settings_versions(limit).await
    }

    async fn seen(&self) -> Result<Vec<(RecordKey, String)>, StoreError> {
        self.read_seen().await
    }

    async fn seen_one(&self, key: &RecordKey) -> Result<Option<String>, StoreError> {
        self.read_seen_one(key).await
    }

    async fn catalogue(&self) -> Result<Option<String>, StoreError> {
        self.read_catalogue().await
    }

    async fn rate_window(&self) -> Result<Option<String>, StoreError> {
        self.read_rate_window().await
    }

    async fn keep_rate_window(&self, text: &str) -> Result<(), StoreError> {
        self.write_rate_window(text).await
    }
}
