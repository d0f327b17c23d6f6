//! Reading one record.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Display;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use bytes::Bytes;
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Endpoint, Query, path_segment};
use rest_core::page;
use serde::de::DeserializeOwned;

use super::{Params, Readable, Resource};
use crate::id::sealed::Read as _;
use crate::{Client, Error, Id, Record};

/// A read of one record. Await it, or [`send`](Get::send) it.
///
/// What the detail holds beyond the list row often needs `includedetails(true)`.
#[must_use = "a read does nothing until it is awaited"]
pub struct Get<R: Resource, T = <R as Resource>::Schema> {
    client: Client,
    id: Id<R::Schema>,
    params: Params,
    row: PhantomData<fn() -> T>,
}

impl<R: Readable> Get<R> {
    pub(crate) fn new(client: Client, id: Id<R::Schema>) -> Self {
        Get { client, id, params: Params::default(), row: PhantomData }
    }
}

impl<R: Resource, T> Get<R, T> {
    /// Sets a query parameter by name, for those newer than this crate.
    pub fn param(mut self, name: &'static str, value: impl Display) -> Self {
        self.params.set(name, value);
        self
    }

    /// Reads the record into a type of your own instead of the schema's struct.
    pub fn row_as<U: DeserializeOwned + Send + 'static>(self) -> Get<R, U> {
        Get { client: self.client, id: self.id, params: self.params, row: PhantomData }
    }
}

impl<R: Readable, T: DeserializeOwned + Send + 'static> Get<R, T> {
    /// Sends the read.
    ///
    /// # Errors
    /// A configuration error when the id is empty. [`is_not_found`](Error::is_not_found) when there is no such record. Some servers answer 401 instead of
    /// 403 where the right to a module is missing (observed by a public client), which cannot be told from a
    /// refused token.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn send(self) -> Result<Record<R::Schema, T>, Error> {
        named::<R>(&self.id)?;
        let call = Call::<R, T> { id: self.id, params: self.params, row: PhantomData };
        self.client.http().send(&call).await
    }
}

impl<R: Readable, T: DeserializeOwned + Send + 'static> IntoFuture for Get<R, T> {
    type Output = Result<Record<R::Schema, T>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<R: Resource, T> fmt::Debug for Get<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Get({}/{}, {:?})", R::PATH, self.id, self.params)
    }
}

/// That an id names one record. Without it the path would be that of all.
pub(super) fn named<R: Resource>(id: &Id<R::Schema>) -> Result<(), Error> {
    match id.key().segment().as_str() {
        "" => Err(Error::configuration("an empty id names no record")),
        _ => Ok(()),
    }
}

/// The path of one record, and what else names it.
pub(super) fn one<R: Resource>(id: &Id<R::Schema>) -> String {
    format!("{}/{}", R::PATH, path_segment(id.key().segment()))
}

struct Call<R: Resource, T> {
    id: Id<R::Schema>,
    params: Params,
    row: PhantomData<fn() -> T>,
}

impl<R: Resource, T: DeserializeOwned + Send> Endpoint for Call<R, T> {
    type Response = Record<R::Schema, T>;

    fn template(&self) -> &'static str {
        R::ONE
    }

    fn path(&self) -> Cow<'_, str> {
        one::<R>(&self.id).into()
    }

    fn query(&self, query: &mut Query) {
        if let Some(ticket) = self.id.key().ticket() {
            query.push("ticket_id", ticket);
        }
        self.params.write(query);
    }

    fn decode(&self, response: http::Response<Bytes>) -> Result<Self::Response, DecodeError> {
        page::read_one(response.body())
    }
}
