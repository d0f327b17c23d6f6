//! Copies of the whole database, for backups.

use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use super::{SqliteStore, make_private, schema};
use crate::storage::StoreError;

impl SqliteStore {
    /// `VACUUM INTO` makes a copy of one moment, in one file without a log beside it.
    pub(super) async fn write_copy(&self, to: &Path) -> Result<(), StoreError> {
        if to.exists() {
            return Err(StoreError::CopyExists { path: to.to_owned() });
        }
        let done = self.vacuum_into(to).await;
        if done.is_err() {
            // What cannot be removed was not written either; the failure that is reported is the first one.
            let _ = std::fs::remove_file(to);
        }
        done
    }

    async fn vacuum_into(&self, to: &Path) -> Result<(), StoreError> {
        let fail = |source: Box<dyn std::error::Error + Send + Sync>| StoreError::CannotCopy {
            path: to.to_owned(),
            source,
        };
        let name = to.to_str().ok_or_else(|| fail("the file name is not UTF-8".into()))?;
        // An empty file is accepted as the target: made first, it is private from its first byte on.
        make_private(to).map_err(|error| fail(Box::new(error)))?;
        sqlx::query("VACUUM INTO ?")
            .bind(name.to_owned())
            .execute(&self.pool)
            .await
            .map_err(|error| fail(Box::new(error)))?;
        let options = SqliteConnectOptions::new().filename(to);
        let mut copy =
            SqliteConnection::connect_with(&options).await.map_err(|error| fail(Box::new(error)))?;
        schema::check(&mut copy, to).await?;
        let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
            .fetch_one(&mut copy)
            .await
            .map_err(|error| fail(Box::new(error)))?;
        copy.close().await.map_err(|error| fail(Box::new(error)))?;
        if verdict != "ok" {
            return Err(fail(verdict.into()));
        }
        let file = std::fs::File::open(to).map_err(|error| fail(Box::new(error)))?;
        file.sync_all().map_err(|error| fail(Box::new(error)))
    }
}
