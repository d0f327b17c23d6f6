//! Deleting one record.

use std::borrow::Cow;
use std::fmt;
use std::fmt::Display;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;

use bytes::Bytes;
use http::Method;
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Endpoint, Query};

use super::{Deletable, Params, Resource};
use crate::id::sealed::Read as _;
use crate::{Client, Error, Id};

/// A deletion. Await it, or [`send`](Delete::send) it.
#[must_use = "a deletion does nothing until it is awaited"]
pub struct Delete<R: Resource, T = <R as Resource>::Schema> {
    client: Client,
    id: Id<R::Schema>,
    params: Params,
    row: PhantomData<fn() -> T>,
}

impl<R: Deletable> Delete<R> {
    pub(crate) fn new(client: Client, id: Id<R::Schema>) -> Self {
        Delete { client, id, params: Params::default(), row: PhantomData }
    }

    /// Sends the deletion.
    ///
    /// # Errors
    /// [`is_not_found`](Error::is_not_found) when there was no such record; a repetition of our own that meets
    /// its own success is none.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the record deleted.
    pub async fn send(self) -> Result<(), Error> {
        super::get::named::<R>(&self.id)?;
        let call = Call::<R> { id: self.id, params: self.params };
        self.client.http().send(&call).await
    }
}

impl<R: Resource, T> Delete<R, T> {
    /// Sets a query parameter by name, for those newer than this crate.
    pub fn param(mut self, name: &'static str, value: impl Display) -> Self {
        self.params.set(name, value);
        self
    }
}

impl<R: Deletable> IntoFuture for Delete<R> {
    type Output = Result<(), Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<R: Resource, T> fmt::Debug for Delete<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delete({}/{}, {:?})", R::PATH, self.id, self.params)
    }
}

struct Call<R: Resource> {
    id: Id<R::Schema>,
    params: Params,
}

impl<R: Resource> Endpoint for Call<R> {
    type Response = ();

    fn method(&self) -> Method {
        Method::DELETE
    }

    fn template(&self) -> &'static str {
        R::ONE
    }

    fn path(&self) -> Cow<'_, str> {
        super::get::one::<R>(&self.id).into()
    }

    fn query(&self, query: &mut Query) {
        if let Some(ticket) = self.id.key().ticket() {
            query.push("ticket_id", ticket);
        }
        self.params.write(query);
    }

    /// 200 with the record, or 204: either way it is gone.
    fn decode(&self, _: http::Response<Bytes>) -> Result<(), DecodeError> {
        Ok(())
    }
}
