//! Which process serves, and what it last noted about itself.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sync_core::ids::Side;

use super::hooks::HookState;
use super::schedule::Cause;
use crate::exit::{Exit, Failure};
use crate::storage::{Store, StoreError, UnixMs};

/// Under which name the state of the serving process stands among the facts.
const FACT: &str = "serve";

const fn hook_fact(side: Side) -> &'static str {
    match side {
        Side::Halo => "hook/halo",
        Side::Hit => "hook/hit",
    }
}

/// What a serving process notes about itself, for `status`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServeState {
    /// The process.
    pub process: u32,
    /// When it began.
    pub started_at: UnixMs,
    /// When it ended, if it ended well.
    pub stopped_at: Option<UnixMs>,
    /// Where it listens, if it does.
    pub listen: Option<String>,
    /// When both systems were last asked for changes.
    pub last_poll: Option<UnixMs>,
    /// When they will be asked next.
    pub next_poll: Option<UnixMs>,
    /// When everything was last read.
    pub last_full: Option<UnixMs>,
    /// When everything will be read next.
    pub next_full: Option<UnixMs>,
    /// Why the last pass was made.
    pub last_cause: Option<Cause>,
    /// Why the last pass failed; nothing if it went well.
    pub failure: Option<String>,
}

/// The right to be the serving process of a database; ends with the process, however that ends.
#[derive(Debug)]
pub(super) struct Presence(#[allow(dead_code, reason = "held, not read")] File);

fn lock_file(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".serve");
    PathBuf::from(name)
}

impl Presence {
    /// Takes it.
    pub(super) fn claim(database: &Path) -> Result<Self, Failure> {
        let path = lock_file(database);
        let unopenable =
            |error| Failure::from(StoreError::CannotOpen { path: path.clone(), source: Box::new(error) });
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(unopenable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Failure::new(
                Exit::Locked,
                "served_already",
                format!("another `halo-hit serve` works on the database {}", database.display()),
                "`halo-hit status` tells which; one per database is enough",
            )),
            Err(TryLockError::Error(error)) => Err(unopenable(error)),
        }
    }
}

/// Whether a process serves the database now.
#[must_use]
pub fn is_served(database: &Path) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(lock_file(database)) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// What the last serving process noted, if there was one.
///
/// # Errors
/// Those of the store.
pub async fn state(store: &dyn Store) -> Result<Option<ServeState>, StoreError> {
    read(store, FACT).await
}

/// What was last noted of a side's webhook.
///
/// # Errors
/// Those of the store.
pub async fn hook(store: &dyn Store, side: Side) -> Result<Option<HookState>, StoreError> {
    read(store, hook_fact(side)).await
}

pub(super) async fn note_state(store: &dyn Store, state: &ServeState, now: UnixMs) -> Result<(), StoreError> {
    note(store, FACT, state, now).await
}

pub(super) async fn note_hook(
    store: &dyn Store,
    side: Side,
    state: &HookState,
    now: UnixMs,
) -> Result<(), StoreError> {
    note(store, hook_fact(side), state, now).await
}

/// What cannot be read was noted by another version, and is only shown.
async fn read<T: for<'a> Deserialize<'a>>(store: &dyn Store, name: &str) -> Result<Option<T>, StoreError> {
    let text = store.fact(name).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn note<T: Serialize>(store: &dyn Store, name: &str, value: &T, now: UnixMs) -> Result<(), StoreError> {
    let body = serde_json::to_string(value)
        .map_err(|error| StoreError::BadRow { table: "facts", source: Box::new(error) })?;
    store.note_fact(name, &body, now).await
}
