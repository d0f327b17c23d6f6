//! Making and changing records: one POST of an array.

use std::marker::PhantomData;

use bytes::Bytes;
use http::Method;
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Endpoint, Payload, Query};
use rest_core::error::{ErrorDetails, ErrorKind, Refusal, Sent};
use rest_core::page;
use rest_core::record::{FieldValue, Record};
use serde_json::value::RawValue;

use super::Resource;
use crate::{Client, Entity, Error, Id};

/// A record as Halo answered a write.
///
/// The reply names some fields otherwise than a read does (`lastupdate` for `last_update`), which field constants
/// and structs know. It shows what the server took, not what its workflows did afterwards: read the record for
/// that.
#[derive(Debug, Clone)]
pub struct Saved<S> {
    record: Record<S>,
    warning: Option<String>,
}

impl<S> Saved<S> {
    /// The record.
    pub fn record(&self) -> &Record<S> {
        &self.record
    }

    /// The record, taken out.
    pub fn into_record(self) -> Record<S> {
        self.record
    }

    /// What Halo did not like, although it answered with success.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

impl<S: Entity> Saved<S> {
    /// The record's id, where the reply holds one.
    pub fn id(&self) -> Option<Id<S>> {
        Id::of(&self.record)
    }
}

pub(super) async fn one<R: Resource>(client: &Client, body: String) -> Result<Saved<R::Schema>, Error> {
    let call = Call::<R> { body: format!("[{body}]"), all: false, route: PhantomData };
    let mut saved = client.http().send(&call).await?;
    match saved.pop() {
        Some(record) if saved.is_empty() => checked::<R>(client, record),
        _ => Err(unreadable::<R>("the reply to one write must hold one record")),
    }
}

/// A reply's id, where it holds one, and the reply, or the error that it is in disguise.
pub(super) type Reply<S> = (Option<Id<S>>, Result<Saved<S>, Error>);

/// Sends some records at once.
pub(super) async fn many<R: Resource>(
    client: &Client,
    bodies: Vec<String>,
) -> Result<Vec<Reply<R::Schema>>, Error> {
    // The reply to a single record is that record without being asked for.
    let all = bodies.len() > 1;
    let call = Call::<R> { body: format!("[{}]", bodies.join(",")), all, route: PhantomData };
    let replies = client.http().send(&call).await?;
    Ok(replies.into_iter().map(|record| (Id::of(&record), checked::<R>(client, record))).collect())
}

fn unreadable<R: Resource>(message: &'static str) -> Error {
    Error::new(ErrorKind::Decode, message).with_endpoint(Method::POST, R::PATH).with_sent(Sent::MayBeApplied)
}

/// Some failures are answered with success and a warning that calls itself an error.
fn checked<R: Resource>(client: &Client, record: Record<R::Schema>) -> Result<Saved<R::Schema>, Error> {
    let warning: Option<String> =
        record.get_named("_warning").value().filter(|text: &String| !text.trim().is_empty());
    let is_error = record.get_raw("_warning_is_error").is_some_and(truthy);
    match warning {
        Some(warning) if is_error => Err(Error::new(ErrorKind::Status, client.http().words(&warning))
            .with_endpoint(Method::POST, R::PATH)
            .with_status(http::StatusCode::OK)
            .with_details(ErrorDetails::new().with_code("warning_is_error").with_refusal(Refusal::Invalid))
            .with_sent(Sent::Answered)),
        warning => Ok(Saved { record, warning }),
    }
}

/// The document types the mark as a text; its values are not documented.
fn truthy(raw: &RawValue) -> bool {
    match bool::from_raw(raw) {
        Some(flag) => flag,
        None => String::from_raw(raw).is_some_and(|text| !text.trim().is_empty()),
    }
}

struct Call<R> {
    body: String,
    all: bool,
    route: PhantomData<fn() -> R>,
}

impl<R: Resource> Endpoint for Call<R> {
    type Response = Vec<Record<R::Schema>>;

    fn method(&self) -> Method {
        Method::POST
    }

    fn template(&self) -> &'static str {
        R::PATH
    }

    fn query(&self, query: &mut Query) {
        if self.all {
            query.push("returnall", true);
        }
    }

    fn body(&self) -> Result<Option<Payload>, Error> {
        Ok(Some(Payload::json_text(self.body.clone())))
    }

    /// An object, or an array of them.
    fn decode(&self, response: http::Response<Bytes>) -> Result<Self::Response, DecodeError> {
        let text = rest_core::decode::text(response.body())?.trim();
        if !text.starts_with('[') {
            return page::read_one(text.as_bytes()).map(|record| vec![record]);
        }
        let rows: Vec<&RawValue> = rest_core::decode::from_text(text)?;
        rows.into_iter()
            .enumerate()
            .map(|(index, row)| Record::parse(row.get()).map_err(|error| error.at(format!("[{index}]"))))
            .collect()
    }
}
