//! Resources: the routes of the API, and what each can do.
//!
//! A resource is not a schema: [`Tickets`], [`Projects`] and [`Opportunities`] are three routes to records of one
//! schema, [`Ticket`](crate::schema::Ticket). What a route can do is in its traits ([`Listable`], [`Pageable`],
//! [`Readable`], [`Writes`], [`Deletable`]); a method that the route lacks does not compile.
//!
//! List, read and delete take their query parameters as builder methods, one per documented parameter, named as
//! Halo names them. Halo ignores parameters that it does not know, so a misspelt filter would silently answer
//! everything; [`param`](List::param) is there for those newer than this crate.

mod batch;
mod custom;
mod delete;
mod get;
mod list;
mod search;
mod special;
mod write;

use std::fmt;
use std::fmt::Display;
use std::marker::PhantomData;

use rest_core::page::Shape;
use rest_core::record::Schema;
use serde::de::DeserializeOwned;

pub use batch::{Batch, BatchOutcome, BatchReport};
pub use custom::SetCustomField;
pub use delete::Delete;
pub use get::Get;
pub use list::List;
pub use search::{Comparison, Conditions, Incremental, Orderable, Searchable};
pub use write::Saved;

pub use crate::generated::resources::*;
use crate::schema;
use crate::{Client, Entity, Id, New, Patch};

/// A route of the API.
pub trait Resource: Send + Sync + 'static {
    /// What its records are.
    type Schema: Schema + Entity + DeserializeOwned + Send + Sync;
    /// Its path.
    const PATH: &'static str;
    /// The path of one record, as a template.
    const ONE: &'static str;
    /// The keys under which lists may keep their rows; none where lists are bare arrays or nobody knows.
    const KEYS: &'static [&'static str];
    /// The first of these keys, or an empty text.
    const ROWS: &'static str = match Self::KEYS {
        [first, ..] => first,
        [] => "",
    };
    /// Where lists keep their rows.
    const SHAPE: Shape = Shape::rows(Self::KEYS).with_total(&["record_count"]);
    /// Whether lists come in pages.
    const PAGED: bool;
}

/// A route that lists.
#[diagnostic::on_unimplemented(
    message = "HaloPSA does not list `{Self}`",
    label = "this route has no list",
    note = "the API document has no GET without an id for it"
)]
pub trait Listable: Resource {}

/// A route whose list comes in pages.
#[diagnostic::on_unimplemented(
    message = "HaloPSA does not page the list of `{Self}`",
    label = "this list comes in one answer",
    note = "use `stream` or `all`; they work on every list"
)]
pub trait Pageable: Listable {}

/// A route that answers one record.
#[diagnostic::on_unimplemented(
    message = "HaloPSA does not answer one record of `{Self}`",
    label = "this route has no GET with an id"
)]
pub trait Readable: Resource {}

/// A route that makes and changes records.
#[diagnostic::on_unimplemented(message = "HaloPSA does not write `{Self}`", label = "this route has no POST")]
pub trait Writes: Resource {}

/// A route that deletes records.
#[diagnostic::on_unimplemented(
    message = "HaloPSA does not delete `{Self}`",
    label = "this route has no DELETE"
)]
pub trait Deletable: Resource {}

/// The three routes to tickets, which share their parameters.
pub trait TicketRoute: Resource<Schema = schema::Ticket> {}

/// A resource of a client: where calls begin.
pub struct Handle<R> {
    client: Client,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> Handle<R> {
    pub(crate) fn new(client: &Client) -> Self {
        Handle { client: client.clone(), resource: PhantomData }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// A list, to be narrowed by its methods and then streamed.
    pub fn list(&self) -> List<R>
    where
        R: Listable,
    {
        List::new(self.client.clone())
    }

    /// One record, to be awaited.
    pub fn get(&self, id: impl Into<Id<R::Schema>>) -> Get<R>
    where
        R: Readable,
    {
        Get::new(self.client.clone(), id.into())
    }

    /// Makes a record.
    ///
    /// # Errors
    /// A configuration error, and nothing is sent, when `new` sets `id`: that would overwrite another record. Those of a
    /// write. [`is_outcome_unknown`](crate::Error::is_outcome_unknown) means that the record may have been made: search it before trying again, or there may be two.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the record made.
    pub async fn create(&self, new: &New<R::Schema>) -> Result<Saved<R::Schema>, crate::Error>
    where
        R: Writes,
    {
        write::one::<R>(&self.client, new.to_send()?).await
    }

    /// Changes a record. Fields that the patch does not set stay as they are.
    ///
    /// # Errors
    /// A configuration error, and nothing is sent, when the patch's id is 0 or empty, of which Halo would make a new
    /// record, or when it sets another `id`. Those of a write. After [`is_outcome_unknown`](crate::Error::is_outcome_unknown) read the record before
    /// trying again: a late repetition would undo what a person changed meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the change made.
    pub async fn update(&self, patch: &Patch<R::Schema>) -> Result<Saved<R::Schema>, crate::Error>
    where
        R: Writes,
    {
        write::one::<R>(&self.client, patch.to_send()?).await
    }

    /// Deletes a record, once awaited.
    pub fn delete(&self, id: impl Into<Id<R::Schema>>) -> Delete<R>
    where
        R: Deletable,
    {
        Delete::new(self.client.clone(), id.into())
    }
}

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Handle { client: self.client.clone(), resource: PhantomData }
    }
}

impl<R: Resource> fmt::Debug for Handle<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({})", R::PATH)
    }
}

/// Query parameters in the making; a name that is set again is replaced.
#[derive(Clone, Default)]
pub(crate) struct Params(Vec<(&'static str, String)>);

impl Params {
    pub(crate) fn set(&mut self, name: &'static str, value: impl Display) {
        let value = value.to_string();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn write(&self, query: &mut rest_core::endpoint::Query) {
        for (name, value) in &self.0 {
            query.push(name, value);
        }
    }
}

impl fmt::Debug for Params {
    /// The names, not the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Integers joined by commas, as Halo takes lists in queries.
pub(crate) fn joined(values: impl IntoIterator<Item = impl Into<i64>>) -> String {
    let mut out = String::new();
    for value in values {
        if !out.is_empty() {
            out.push(',');
        }
        out.push_str(&value.into().to_string());
    }
    out
}
