//! Which schema a file has, and how an older one becomes the newest.

use std::path::Path;

use sqlx::SqliteConnection;

use crate::storage::{StoreError, UnixMs};

/// Marks a file as ours, in the header field that SQLite keeps for that.
const APPLICATION: i64 = 0x4853_5931;

/// Each brings the schema of its place to the next. They are never changed, only added to.
const MIGRATIONS: [&str; 5] = [
    include_str!("../../../migrations/0001_first.sql"),
    include_str!("../../../migrations/0002_serve.sql"),
    include_str!("../../../migrations/0003_history.sql"),
    include_str!("../../../migrations/0004_settings.sql"),
    include_str!("../../../migrations/0005_pairing.sql"),
];

/// The newest schema this program knows.
pub(super) const NEWEST: i64 = MIGRATIONS.len() as i64;

async fn number(
    connection: &mut SqliteConnection,
    path: &Path,
    sql: &'static str,
) -> Result<i64, StoreError> {
    sqlx::query_scalar(sql).fetch_one(connection).await.map_err(|error| StoreError::from_driver(path, error))
}

/// Refuses files that are not ours or too new. Reads only.
pub(super) async fn check(connection: &mut SqliteConnection, path: &Path) -> Result<(), StoreError> {
    let application = number(connection, path, "PRAGMA application_id").await?;
    let tables = number(connection, path, "SELECT count(*) FROM sqlite_schema").await?;
    if application != APPLICATION && (application != 0 || tables > 0) {
        return Err(StoreError::NotOurs { path: path.to_owned() });
    }
    let found = number(connection, path, "PRAGMA user_version").await?;
    if found > NEWEST {
        return Err(StoreError::NewerSchema { path: path.to_owned(), found, known: NEWEST });
    }
    Ok(())
}

/// Brings the schema up to date, in one transaction: two processes that start together migrate once.
pub(super) async fn migrate(
    connection: &mut SqliteConnection,
    path: &Path,
    now: UnixMs,
) -> Result<(), StoreError> {
    if number(connection, path, "PRAGMA user_version").await? == NEWEST {
        return Ok(());
    }
    let fail = |error| StoreError::from_driver(path, error);
    sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await.map_err(fail)?;
    let done = steps(connection, path, now).await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    sqlx::query(end).execute(&mut *connection).await.map_err(fail)?;
    done
}

async fn steps(connection: &mut SqliteConnection, path: &Path, now: UnixMs) -> Result<(), StoreError> {
    let fail = |error| StoreError::from_driver(path, error);
    // Read again inside the transaction: another process may have migrated in between.
    let found = number(connection, path, "PRAGMA user_version").await?;
    for step in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        sqlx::raw_sql(*step).execute(&mut *connection).await.map_err(fail)?;
    }
    if found == 0 {
        sqlx::query(
            "INSERT INTO state (one, lineage, serial, fence, holder, next_mark)
             VALUES (1, lower(hex(randomblob(16))), 0, 0, '', 1)",
        )
        .execute(&mut *connection)
        .await
        .map_err(fail)?;
        sqlx::query(
            "INSERT INTO gate (one, clean_runs, creates, halo_edits, hit_edits, promotions)
             VALUES (1, 0, 0, 0, 0, 0)",
        )
        .execute(&mut *connection)
        .await
        .map_err(fail)?;
        sqlx::query(
            "INSERT INTO runs (id, command, started_at, ended_at, exit) VALUES (0, 'create', ?, ?, 0)",
        )
        .bind(now)
        .bind(now)
        .execute(&mut *connection)
        .await
        .map_err(fail)?;
    }
    // Pragmas take no bound values; both numbers are constants of this program.
    let marks = format!("PRAGMA user_version = {NEWEST}; PRAGMA application_id = {APPLICATION}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *connection).await.map_err(fail)?;
    Ok(())
}
