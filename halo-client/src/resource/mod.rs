//! Resources: the routes of the API, and what each can do.
//!
//! A resource is not a schema: [`Tickets`], [`Projects`] and [`Opportunities`] are three routes to records of one
//! schema, [`Ticket`](crate::schema::Ticket). What a route can do is in its traits ([`Listable`], [`Pageable`],
//! [`Readable`], [`Writes`], [`Deletable`]); a method that the route lacks does not compile.
//!
//! List, read and delete take their query parameters as builder methods, one per documented parameter, named as
//! Halo names them. Halo ignores parameters that it does not know, so a misspelt filter would silently answer
//! everything; [`param`](List::param) is there for those newer than this crate.

mod delete;
mod get;
mod list;
mod special;
mod write;

use std::fmt;
use std::fmt::Display;
use std::marker::PhantomData;

use rest_core::page::Shape;
use rest_core::record::Schema;
use serde::de::DeserializeOwned;

pub use delete::Delete;
pub use get::Get;
pub use list::List;
pub use special::Upload;
pub(crate) use special::auth_info;
pub use write::Saved;

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
    /// The key under which lists keep their rows, where they are not bare arrays.
    const ROWS: &'static str;
    /// Where lists keep their rows.
    const SHAPE: Shape;
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

macro_rules! resources {
    ($(
        $(#[$doc:meta])*
        $name:ident $schema:ident $path:literal $rows:literal: $($capability:ident)+;
    )+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl Resource for $name {
            type Schema = schema::$schema;
            const PATH: &'static str = $path;
            const ONE: &'static str = concat!($path, "/{id}");
            const ROWS: &'static str = $rows;
            const SHAPE: Shape = Shape::rows(&[$rows]).with_total(&["record_count"]);
            const PAGED: bool = $(resources!(@paged $capability))||+;
        }

        $(impl $capability for $name {})+
    )+};
    (@paged Pageable) => { true };
    (@paged $other:ident) => { false };
}

// The capabilities are those of Halo's document, the names of the rows those that public clients agree on.
resources! {
    /// Tickets of all kinds.
    Tickets Ticket "/Tickets" "tickets": Listable Pageable Readable Writes Deletable TicketRoute;
    /// Tickets of project types.
    Projects Ticket "/Projects" "tickets": Listable Pageable Readable Writes Deletable TicketRoute;
    /// Tickets of sales types.
    Opportunities Ticket "/Opportunities" "tickets": Listable Pageable Readable Writes Deletable TicketRoute;
    /// Notes, e-mails and time entries on tickets. A list wants a `ticket_id`, or a range of at most a day.
    Actions Action "/Actions" "actions": Listable Readable Writes Deletable;
    /// Customers.
    Clients Client "/Client" "clients": Listable Pageable Readable Writes Deletable;
    /// Places of customers.
    Sites Site "/Site" "sites": Listable Pageable Readable Writes Deletable;
    /// People at customers.
    Users User "/Users" "users": Listable Pageable Readable Writes Deletable;
    /// Staff.
    Agents Agent "/Agent" "results": Listable Readable Writes Deletable;
    /// Teams.
    Teams Team "/Team" "teams": Listable Readable Writes Deletable;
    /// The organisations that use the instance, with their departments.
    Organisations Organisation "/Organisation" "organisations": Listable Readable Writes Deletable;
    /// Types of tickets.
    TicketTypes TicketType "/TicketType" "tickettypes": Listable Readable Writes Deletable;
    /// Statuses of tickets and other things.
    Statuses Status "/Status" "statuses": Listable Readable Writes Deletable;
    /// Priorities, a set per SLA.
    Priorities Priority "/Priority" "priorities": Listable Readable Writes Deletable;
    /// What actions can be.
    Outcomes Outcome "/Outcome" "outcomes": Listable Readable Writes Deletable;
    /// Workflows.
    Workflows Workflow "/Workflow" "workflows": Listable Readable Writes Deletable;
    /// Roles.
    Roles Role "/Roles" "roles": Listable Readable Writes Deletable;
    /// Applications that may use the API.
    Applications Application "/Application" "applications": Listable Readable Writes Deletable;
    /// Where Halo sends what happens.
    Webhooks Webhook "/Webhook" "webhooks": Listable Readable Writes Deletable;
    /// What is told to whom, also to webhooks.
    Notifications Notification "/Notification" "notifications": Listable Readable Writes Deletable;
    /// Deliveries of webhooks.
    WebhookEvents WebhookEvent "/WebhookEvent" "webhookevents": Listable Pageable Readable Writes;
    /// Definitions of fields, custom ones above all.
    FieldInfos FieldInfo "/FieldInfo" "fields": Listable Readable Writes Deletable;
    /// What budget lines can be for.
    BudgetTypes BudgetType "/BudgetType" "budgettypes": Listable Readable Writes Deletable;
    /// Choices.
    Lookups Lookup "/Lookup" "lookups": Listable Readable Writes Deletable;
    /// Files.
    Attachments Attachment "/Attachment" "attachments": Listable Readable Writes Deletable;
    /// Links to records of other systems.
    ExternalLinks ExternalLink "/ExternalLink" "externallinks": Listable Pageable Readable Writes Deletable;
}

/// A resource of a client: where calls begin.
pub struct Handle<R> {
    client: Client,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> Handle<R> {
    pub(crate) fn new(client: &Client) -> Self {
        Handle { client: client.clone(), resource: PhantomData }
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
    /// Those of a write. [`is_outcome_unknown`](crate::Error::is_outcome_unknown) means that the record may have
    /// been made: search it before trying again, or there may be two.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the record made.
    pub async fn create(&self, new: &New<R::Schema>) -> Result<Saved<R::Schema>, crate::Error>
    where
        R: Writes,
    {
        write::one::<R>(&self.client, new.to_json()?).await
    }

    /// Changes a record. Fields that the patch does not set stay as they are.
    ///
    /// # Errors
    /// Those of a write. After [`is_outcome_unknown`](crate::Error::is_outcome_unknown) read the record before
    /// trying again: a late repetition would undo what a person changed meanwhile.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the change made.
    pub async fn update(&self, patch: &Patch<R::Schema>) -> Result<Saved<R::Schema>, crate::Error>
    where
        R: Writes,
    {
        write::one::<R>(&self.client, patch.to_json()?).await
    }

    /// Changes several records with one request.
    ///
    /// Halo answers a list of writes with its last record only, unless asked for all; that question is
    /// documented for some routes alone, so fewer records may come back than were sent.
    ///
    /// # Errors
    /// Those of a write. Whether a refused list was applied in part is not known.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the changes made.
    pub async fn update_all(
        &self,
        patches: &[Patch<R::Schema>],
    ) -> Result<Vec<Saved<R::Schema>>, crate::Error>
    where
        R: Writes,
    {
        let bodies = patches.iter().map(Patch::to_json).collect::<Result<Vec<_>, _>>()?;
        write::many::<R>(&self.client, bodies).await
    }

    /// Makes several records with one request; see [`update_all`](Handle::update_all).
    ///
    /// # Errors
    /// Those of a write. Whether a refused list was applied in part is not known.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the records made.
    pub async fn create_all(&self, new: &[New<R::Schema>]) -> Result<Vec<Saved<R::Schema>>, crate::Error>
    where
        R: Writes,
    {
        let bodies = new.iter().map(New::to_json).collect::<Result<Vec<_>, _>>()?;
        write::many::<R>(&self.client, bodies).await
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
