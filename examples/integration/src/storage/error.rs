//! What can go wrong with the database, each with its way out.

use std::path::PathBuf;

use crate::exit::{Exit, Failure};

/// Why the store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database belongs to another pair of tenants.
    #[error("the database {path} belongs to {found}, not to {wanted}")]
    OtherTenant {
        /// The database.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
    /// The schema is newer than this program.
    #[error("the database {path} has schema {found}, and this program knows schemas up to {known}")]
    NewerSchema {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// The file is no database of this program.
    #[error("the file {path} is not a database of halo-hit")]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// Another process holds the lease, or the database.
    #[error("another process works on the database {path}{holder}")]
    Locked {
        /// The database.
        path: PathBuf,
        /// Who, where known, with a leading space.
        holder: String,
    },
    /// Another process took the lease while this one worked.
    #[error("another process took over the database while this one worked")]
    LeaseLost,
    /// The database cannot be written.
    #[error("the database {path} cannot be written")]
    ReadOnly {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The disk is full.
    #[error("there is no room left for the database {path}")]
    Full {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The file is damaged.
    #[error("the database {path} is damaged")]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The disk answers with errors.
    #[error("the disk of the database {path} answers with errors")]
    Disk {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// There is a file where a copy was to be written.
    #[error("there is a file {path} already")]
    CopyExists {
        /// The file.
        path: PathBuf,
    },
    /// A copy cannot be written.
    #[error("the copy {path} cannot be written")]
    CannotCopy {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file cannot be opened or made.
    #[error("the database {path} cannot be opened")]
    CannotOpen {
        /// The database.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A row does not hold what this program writes.
    #[error("a row of the table {table} cannot be read")]
    BadRow {
        /// The table.
        table: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A decision about something that is not open.
    #[error("there is no open {sort} {id}")]
    NotFound {
        /// The sort of thing.
        sort: &'static str,
        /// Its id.
        id: String,
    },
    /// A change that contradicts what is stored, such as a ticket that belongs to another item.
    #[error("the database refuses a change")]
    Refused {
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Anything else.
    #[error("the database answered with an error")]
    Other(#[source] sqlx::Error),
}

/// SQLite's primary result codes that have a way out of their own.
mod result_code {
    pub(super) const BUSY: u32 = 5;
    pub(super) const LOCKED: u32 = 6;
    pub(super) const READONLY: u32 = 8;
    pub(super) const CORRUPT: u32 = 11;
    pub(super) const FULL: u32 = 13;
    pub(super) const CANTOPEN: u32 = 14;
    pub(super) const CONSTRAINT: u32 = 19;
    pub(super) const NOTADB: u32 = 26;
    pub(super) const IOERR: u32 = 10;
}

impl StoreError {
    /// That the database at `path` belongs to the Halo tenant `found`, not to `wanted`.
    #[must_use]
    pub fn other_tenant(path: &std::path::Path, found: &str, wanted: &str) -> Self {
        StoreError::OtherTenant {
            path: path.to_owned(),
            found: format!("the Halo tenant {found:?}"),
            wanted: format!("{wanted:?}"),
        }
    }

    /// Classifies an error of the driver about the database at `path`.
    pub(super) fn from_driver(path: &std::path::Path, source: sqlx::Error) -> Self {
        let path = path.to_owned();
        let extended = source
            .as_database_error()
            .and_then(|error| error.code())
            .and_then(|code| code.parse::<u32>().ok())
            .unwrap_or(0);
        // The low byte of an extended result code is the primary one.
        match extended & 0xff {
            result_code::BUSY | result_code::LOCKED => StoreError::Locked { path, holder: String::new() },
            result_code::READONLY => StoreError::ReadOnly { path, source },
            result_code::FULL => StoreError::Full { path, source },
            result_code::CORRUPT => StoreError::Corrupt { path, source },
            result_code::NOTADB => StoreError::NotOurs { path },
            result_code::CANTOPEN => StoreError::CannotOpen { path, source: Box::new(source) },
            result_code::IOERR => StoreError::Disk { path, source },
            result_code::CONSTRAINT => StoreError::Refused { source },
            _ => StoreError::Other(source),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let (exit, code, way_out) = match &error {
            StoreError::OtherTenant { .. } => (
                Exit::Database,
                "database_of_another_tenant",
                "let storage.database name another file, or use the configuration this database was made with",
            ),
            StoreError::NewerSchema { .. } => (
                Exit::Database,
                "database_newer",
                "use the newer halo-hit that wrote it, or let storage.database name another file",
            ),
            StoreError::NotOurs { .. } => (
                Exit::Database,
                "database_not_ours",
                "let storage.database name a file that does not exist yet, or a database of halo-hit",
            ),
            StoreError::Locked { .. } => {
                (Exit::Locked, "database_locked", "wait until it has ended, or use --wait SECONDS")
            }
            StoreError::LeaseLost => (
                Exit::Locked,
                "lease_lost",
                "nothing more was written; run the command again when the other process has ended",
            ),
            StoreError::ReadOnly { .. } => (
                Exit::Other,
                "database_read_only",
                "make the file and its folder writable for the user that runs halo-hit",
            ),
            StoreError::Full { .. } => (
                Exit::Other,
                "disk_full",
                "free some space and run the command again; what was committed is kept",
            ),
            StoreError::Corrupt { .. } => (
                Exit::Other,
                "database_damaged",
                "restore it from a backup, or move it away: without it every link is found again by its marker, \
                 and differing fields wait for a person",
            ),
            StoreError::Disk { .. } => (
                Exit::Other,
                "disk_fails",
                "see the cause, the disk's free space and its health; what was committed is kept, and a run goes on \
                 where it stopped",
            ),
            StoreError::CopyExists { .. } => {
                (Exit::Usage, "copy_exists", "name a file that does not exist yet; nothing is overwritten")
            }
            StoreError::CannotCopy { .. } => (
                Exit::Other,
                "copy_unwritable",
                "name a file in a folder that exists, has room and may be written; nothing was left behind",
            ),
            StoreError::CannotOpen { .. } => (
                Exit::Other,
                "database_unopenable",
                "see that the folder of storage.database exists and can be written",
            ),
            StoreError::BadRow { .. } => (
                Exit::Other,
                "database_row_unreadable",
                "restore the database from a backup, or use the version of halo-hit that wrote it",
            ),
            StoreError::NotFound { .. } => {
                (Exit::Usage, "not_open", "`halo-hit status` lists what is open, with its ids")
            }
            StoreError::Refused { .. } => (
                Exit::Other,
                "database_refused",
                "nothing was changed; please report this with the cause shown below",
            ),
            StoreError::Other(_) => {
                (Exit::Other, "database_error", "see the cause, and run the command again")
            }
        };
        let what = error.to_string();
        match error {
            // Their causes are part of the sentence already.
            StoreError::OtherTenant { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::NotOurs { .. }
            | StoreError::Locked { .. }
            | StoreError::LeaseLost
            | StoreError::CopyExists { .. }
            | StoreError::NotFound { .. } => Failure::new(exit, code, what, way_out),
            StoreError::ReadOnly { source, .. }
            | StoreError::Full { source, .. }
            | StoreError::Corrupt { source, .. }
            | StoreError::Disk { source, .. }
            | StoreError::Refused { source }
            | StoreError::Other(source) => Failure::new(exit, code, what, way_out).with_source(source),
            StoreError::CannotOpen { source, .. }
            | StoreError::CannotCopy { source, .. }
            | StoreError::BadRow { source, .. } => {
                Failure::new(exit, code, what, way_out).with_source(source)
            }
        }
    }
}
