//! Values to and from columns.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use sync_core::ids::{ItemId, Side, TicketId};

use crate::storage::{RecordKey, StoreError};

/// A value as the JSON text that is stored.
pub(super) fn to_json<T: Serialize>(table: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::BadRow { table, source: Box::new(error) })
}

/// A value from its stored JSON text.
pub(super) fn from_json<T: DeserializeOwned>(table: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::BadRow { table, source: Box::new(error) })
}

/// A value from its text form: ids, digests.
pub(super) fn from_text<T>(table: &'static str, text: &str) -> Result<T, StoreError>
where
    T: std::str::FromStr,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    text.parse().map_err(|error| StoreError::BadRow { table, source: Box::new(error) })
}

/// A column of a row.
pub(super) fn column<'r, T>(table: &'static str, row: &'r SqliteRow, name: &str) -> Result<T, StoreError>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(name).map_err(|error| StoreError::BadRow { table, source: Box::new(error) })
}

/// A side from its code.
pub(super) fn side(table: &'static str, code: &str) -> Result<Side, StoreError> {
    match code {
        "halo" => Ok(Side::Halo),
        "hit" => Ok(Side::Hit),
        other => Err(odd(table, format!("{other:?} is no side"))),
    }
}

/// A record key from its two columns.
pub(super) fn record(table: &'static str, code: &str, id: &str) -> Result<RecordKey, StoreError> {
    Ok(match side(table, code)? {
        Side::Halo => RecordKey::Ticket(from_text::<TicketId>(table, id)?),
        Side::Hit => RecordKey::Item(ItemId::from(id)),
    })
}

/// A row that this program would not have written.
pub(super) fn odd(table: &'static str, what: String) -> StoreError {
    StoreError::BadRow { table, source: what.into() }
}
