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
pub(super) async fn raw(client: &Client, path: &str) -> Result<http::Response<Bytes>, Error> {
    let request = http::Request::get(path).body(Bytes::new());
    client.raw(request.map_err(|_| Error::configuration("a path of our own is no path"))?).await
}

/// One answer, read.
pub(super) async fn get<T: DeserializeOwned>(client: &Client, path: &str) -> Result<T, String> {
    let answer = raw(client, path).await.map_err(|error| plainly(&error))?;
    serde_json::from_slice(answer.body()).map_err(|_| "an answer of another shape".to_owned())
}

/// How many rows a list has, with one row of it.
pub(super) async fn count(client: &Client, path: &str) -> Result<u64, Error> {
    let sign = if path.contains('?') { '&' } else { '?' };
    let answer = raw(client, &format!("{path}{sign}pageinate=true&page_size=1&page_no=1&count=1")).await?;
    rows(answer.body()).ok_or_else(|| Error::configuration("an answer that is no list"))
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
    if let Ok(rows) = serde_json::from_slice::<Vec<IgnoredAny>>(body) {
        return Some(rows.len() as u64);
    }
    let envelope: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_slice(body).ok()?;
    if let Some(count) = envelope.get("record_count").and_then(|count| count.get().parse::<u64>().ok()) {
        return Some(count);
    }
    let arrays = envelope.values().filter_map(|raw| serde_json::from_str::<Vec<IgnoredAny>>(raw.get()).ok());
    arrays.map(|rows| rows.len() as u64).max()
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
