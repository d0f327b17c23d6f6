//! Questions of which only the number of rows matters, or whether they are answered at all.

use std::collections::BTreeMap;

use halo_client::bytes::Bytes;
use halo_client::{Client, Error, http};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::connect::plainly;

/// What one list answered.
pub(super) enum Door {
    /// So many rows at least.
    Open(u64),
    /// No row, or a refusal.
    Shut,
    /// Neither.
    Unknown(String),
}

/// One answer as it came.
pub(crate) async fn raw(client: &Client, path: &str) -> Result<http::Response<Bytes>, Error> {
    let request = http::Request::get(path).body(Bytes::new());
    client.raw(request.map_err(|_| Error::configuration("a path of our own is no path"))?).await
}

/// One answer, read.
pub(super) async fn get<T: DeserializeOwned>(client: &Client, path: &str) -> Result<T, String> {
    let answer = raw(client, path).await.map_err(|error| plainly(&error))?;
    serde_json::from_slice(answer.body()).map_err(|_| "an answer of another shape".to_owned())
}

/// A list with one row of it.
async fn one_row(client: &Client, path: &str) -> Result<http::Response<Bytes>, Error> {
    let sign = if path.contains('?') { '&' } else { '?' };
    raw(client, &format!("{path}{sign}pageinate=true&page_size=1&page_no=1&count=1")).await
}

/// How many rows a list has.
pub(super) async fn count(client: &Client, path: &str) -> Result<u64, Error> {
    let answer = one_row(client, path).await?;
    rows(answer.body()).ok_or_else(|| Error::configuration("an answer that is no list"))
}

/// The id of the first row of a list, where it has one.
pub(super) async fn first_id(client: &Client, path: &str) -> Result<Option<i64>, String> {
    #[derive(serde::Deserialize)]
    struct Row {
        id: i64,
    }
    let answer = one_row(client, path).await.map_err(|error| plainly(&error))?;
    let row: Option<Row> = array(answer.body()).and_then(|rows| rows.into_iter().next());
    Ok(row.map(|row| row.id))
}

/// Whether a list is open to the agent.
pub(super) async fn door(client: &Client, path: &str) -> Door {
    match count(client, path).await {
        Ok(0) => Door::Shut,
        Ok(rows) => Door::Open(rows),
        // A missing right is answered with either status (observed by a public client); a route that this instance
        // does not have is shut as well.
        Err(error) if error.is_permission() || error.is_authentication() || error.is_not_found() => {
            Door::Shut
        }
        Err(error) => Door::Unknown(plainly(&error)),
    }
}

/// How many rows a list has: those of a bare array, or of the array in an envelope, or the envelope's own count.
fn rows(body: &[u8]) -> Option<u64> {
    let envelope = serde_json::from_slice::<BTreeMap<String, Box<serde_json::value::RawValue>>>(body);
    let told = envelope.ok().and_then(|envelope| envelope.get("record_count")?.get().parse().ok());
    told.or_else(|| array::<IgnoredAny>(body).map(|rows| rows.len() as u64))
}

/// The rows of a bare array, or of the longest array in an envelope.
fn array<T: DeserializeOwned>(body: &[u8]) -> Option<Vec<T>> {
    if let Ok(rows) = serde_json::from_slice(body) {
        return Some(rows);
    }
    let envelope: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_slice(body).ok()?;
    let arrays = envelope.values().filter_map(|raw| serde_json::from_str::<Vec<T>>(raw.get()).ok());
    arrays.max_by_key(Vec::len)
}

#[cfg(test)]
mod tests {
    use super::rows;

    #[test]
    fn rows_are_counted_in_every_shape() {
        assert_eq!(rows(b"[]"), Some(0));
        assert_eq!(rows(b"[{},{}]"), Some(2));
        assert_eq!(rows(br#"{"record_count": 12, "users": [{}]}"#), Some(12));
        assert_eq!(rows(br#"{"users": [{}]}"#), Some(1));
        assert_eq!(rows(br#"{"message": "hello"}"#), None);
        assert_eq!(rows(b"<html>"), None);
    }
}
