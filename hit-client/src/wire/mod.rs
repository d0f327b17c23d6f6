//! The wire format, all of it: what `openapi.yaml` describes and nothing else knows.
//!
//! Replies are read leniently (unknown properties are passed over, a field of an unexpected form is kept
//! as [`Seen::Odd`]); requests are written exactly.

#[cfg(test)]
mod agreement;
pub(crate) mod errors;
pub(crate) mod event;
mod integration;
mod item;
mod item_write;
mod records;
#[cfg(test)]
mod roundtrip;
mod webhook;

use jiff::{Timestamp, civil::Date};
use rest_core::client::HttpClient;
use rest_core::decode::{self, DecodeError};
use rest_core::page::BadRow;
use rest_core::record::Seen;
use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::api::{Cursor, Page};
use crate::types::Change;

pub(crate) use integration::{IntegrationBody, IntegrationReply, TestReply};
pub(crate) use item::ItemReply;
pub(crate) use item_write::{ItemPatchBody, NewItemBody, TargetBody};
pub(crate) use records::{AccountReply, ClientReply, StatusReply, TeamMemberReply};
pub(crate) use webhook::{
    CreatedWebhookReply, NewWebhookBody, WebhookPatchBody, WebhookReply, WebhookTestReply,
};

/// A reply that becomes a domain value, or says why it cannot.
pub(crate) trait Reply: DeserializeOwned {
    /// The domain value.
    type Value;

    /// The domain value of this reply.
    fn into_value(self) -> Result<Self::Value, DecodeError>;
}

/// Reads one record.
pub(crate) fn record<R: Reply>(body: &[u8]) -> Result<R::Value, DecodeError> {
    decode::json::<R>(body)?.into_value()
}

#[derive(Deserialize)]
struct ListReply {
    data: Vec<Box<RawValue>>,
    // With a function of its own, so that null ends the list and absence is an error: taken for the end, it would hide
    // the rest of the list.
    #[serde(deserialize_with = "nullable")]
    next_cursor: Option<String>,
}

fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(deserializer)
}

/// A page as it was read: the rows that cannot be are not yet errors, since only the client knows what an error must not
/// show.
pub(crate) struct Rows<T> {
    rows: Vec<Result<T, BadRow>>,
    next: Option<Cursor>,
}

impl<T> Rows<T> {
    /// The page, in whose errors no secret stands that this client knows.
    pub(crate) fn redacted_by(self, client: &HttpClient) -> Page<T> {
        let rows = self.rows.into_iter();
        let rows = rows.map(|row| row.map_err(|bad| bad.redacted_by(client).into_error())).collect();
        Page { rows, next: self.next }
    }
}

/// Reads one page. A row that cannot be read takes its place as an error.
pub(crate) fn page<R: Reply>(body: &[u8]) -> Result<Rows<R::Value>, DecodeError> {
    let list: ListReply = decode::json(body)?;
    let read = |(index, row): (usize, &str)| {
        let value = decode::from_text::<R>(row).and_then(R::into_value);
        value.map_err(|fault| BadRow::new(index, fault, row))
    };
    let rows = list.data.iter().map(|row| row.get()).enumerate().map(read).collect();
    // An empty cursor would be sent as no cursor, and the list would start over for ever.
    if list.next_cursor.as_deref() == Some("") {
        return Err(DecodeError::new("an empty cursor").at("next_cursor"));
    }
    Ok(Rows { rows, next: list.next_cursor.map(Cursor::new) })
}

/// A property as it came: `None` when it was absent, the text `null` when it was null.
type Raw = Option<Box<RawValue>>;

/// Keeps `null` apart from absence; used with `#[serde(default)]`.
fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// What a property holds, as `read` understands it.
fn seen_with<T>(raw: Raw, read: impl FnOnce(&str) -> Option<T>) -> Seen<T> {
    match raw {
        None => Seen::Absent,
        Some(raw) if raw.get() == "null" => Seen::Null,
        Some(raw) => match read(raw.get()) {
            Some(value) => Seen::Value(value),
            None => Seen::Odd(raw),
        },
    }
}

/// What a property holds.
fn seen<T: DeserializeOwned>(raw: Raw) -> Seen<T> {
    seen_with(raw, |text| serde_json::from_str(text).ok())
}

/// What a property of a reply type holds.
fn seen_reply<R: Reply>(raw: Raw) -> Seen<R::Value> {
    seen_with(raw, |text| serde_json::from_str::<R>(text).ok()?.into_value().ok())
}

/// A civil date and nothing more: a time of day would be a sign that a zone was lost on the way.
fn date(text: &str) -> Option<Date> {
    let text: String = serde_json::from_str(text).ok()?;
    (text.len() == "YYYY-MM-DD".len()).then(|| text.parse().ok()).flatten()
}

/// An instant with an offset.
struct Instant(Timestamp);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("not an RFC 3339 instant"))
    }
}

impl Serialize for Instant {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&instant(self.0))
    }
}

/// An instant as the contract writes it: UTC, three fraction digits. Finer digits are cut off, which for
/// `updated_since` only asks for more.
pub(crate) fn instant(timestamp: Timestamp) -> String {
    format!("{timestamp:.3}")
}

/// A property of a merge patch: left out, null, or a value.
type Patched<T> = Option<Option<T>>;

/// A change as a property of a merge patch.
fn patched<'a, T, U>(change: &'a Change<T>, write: impl FnOnce(&'a T) -> U) -> Patched<U> {
    match change {
        Change::Keep => None,
        Change::Blank => Some(None),
        Change::Set(value) => Some(Some(write(value))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_milliseconds_and_cut_downwards() {
        let instant_of = |text: &str| instant(text.parse().unwrap());
        assert_eq!(instant_of("2026-03-01T09:30:00Z"), "2026-03-01T09:30:00.000Z");
        assert_eq!(instant_of("2026-03-01T09:30:00.1239999Z"), "2026-03-01T09:30:00.123Z");
        assert_eq!(instant_of("2026-03-01T10:30:00.5+01:00"), "2026-03-01T09:30:00.500Z");
    }

    #[test]
    fn a_date_with_a_time_is_odd() {
        assert!(date("\"2026-06-30\"").is_some());
        for odd in
            ["\"2026-06-30T00:00\"", "\"2026-06-30T00:00:00Z\"", "20260630", "\"2026-02-30\"", "\"20260630\""]
        {
            assert!(date(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn only_null_ends_a_list() {
        let read = |body: &str| page::<StatusReply>(body.as_bytes());
        assert!(read(r#"{"data":[],"next_cursor":null}"#).is_ok_and(|page| page.next.is_none()));
        for body in [r#"{"data":[],"next_cursor":""}"#, r#"{"data":[],"nextCursor":"a"}"#] {
            assert!(read(body).is_err(), "{body}");
        }
    }
}
