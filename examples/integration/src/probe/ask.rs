//! Questions of a probe, and rows of the answers as Halo wrote them.

use halo_client::{Client, Error};
use serde_json::{Map, Value};

use crate::check::raw;

/// A record as it came.
pub(super) type Row = Map<String, Value>;

/// A refusal without anything of the tenant.
pub(super) fn plainly(error: &Error) -> String {
    let status =
        error.status().map_or("no answer".to_owned(), |status| format!("status {}", status.as_u16()));
    error.code().map_or(status.clone(), |code| format!("{status}, {code}"))
}

/// One answer.
pub(super) async fn get(client: &Client, path: &str) -> Result<Value, Error> {
    let answer = raw(client, path).await?;
    serde_json::from_slice(answer.body()).map_err(|_| Error::configuration("the answer is no JSON"))
}

/// The rows of a bare array, or of the array in an envelope.
fn rows(value: Value) -> Vec<Row> {
    let list = match value {
        Value::Array(list) => list,
        Value::Object(map) => map
            .into_values()
            .find_map(|value| if let Value::Array(list) = value { Some(list) } else { None })
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    list.into_iter().filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None }).collect()
}

/// One record; none where it is not answered as one.
pub(super) async fn record(client: &Client, path: &str) -> Option<Row> {
    match get(client, path).await {
        Ok(Value::Object(row)) => Some(row),
        _ => None,
    }
}

/// The rows of one answer.
pub(super) async fn list(client: &Client, path: &str) -> Result<Vec<Row>, Error> {
    get(client, path).await.map(rows)
}

/// How many rows a paged list has by its own word.
pub(super) async fn total(client: &Client, path: &str) -> Option<i64> {
    get(client, path).await.ok()?.get("record_count")?.as_i64()
}

pub(super) fn whole(row: &Row, field: &str) -> Option<i64> {
    let value = row.get(field)?;
    value.as_i64().or_else(|| value.as_f64().map(|number| number as i64))
}

pub(super) fn text<'r>(row: &'r Row, field: &str) -> Option<&'r str> {
    row.get(field)?.as_str()
}

pub(super) fn flag(row: &Row, field: &str) -> bool {
    row.get(field).is_some_and(|value| value.as_bool().unwrap_or(false) || value.as_i64() == Some(1))
}
