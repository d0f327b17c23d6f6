//! Lists.

use std::fmt;
use std::fmt::Display;
use std::marker::PhantomData;

use bytes::Bytes;
use http::Method;
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Endpoint, Query};
use rest_core::error::{ErrorKind, Sent};
use rest_core::page::{self, Page};
use rest_core::paging::{PageRequest, Pages, Paging, Resume, Rows, Stuck};
use serde::de::DeserializeOwned;

use super::{Listable, Pageable, Params, Resource};
use crate::{Client, Error, Record};

/// Rows per page where nothing else is said; more than this is cut by the server without a word (observed by
/// several public clients).
const PAGE: u32 = 100;

/// How many rows to answer, where a list does not page.
const COUNT: &str = "count";

/// The most rows that a list without pages is asked to answer at once: they are all in memory.
const MOST: u64 = 50_000;

/// A list, narrowed by its methods and read by [`stream`](List::stream), [`pages`](List::pages) or
/// [`all`](List::all). Nothing is sent before.
#[must_use = "a list does nothing until it is read"]
pub struct List<R: Resource, T = <R as Resource>::Schema> {
    client: Client,
    params: Params,
    paging: Paging,
    resume: Option<Resume>,
    /// Why the list cannot be asked for; reported when it is read.
    refused: Option<Error>,
    route: PhantomData<fn() -> (R, T)>,
}

impl<R: Listable> List<R> {
    pub(crate) fn new(client: Client) -> Self {
        let paging = if R::PAGED { Paging::Numbered { first: 1, size: PAGE } } else { Paging::Single };
        List { client, params: Params::default(), paging, resume: None, refused: None, route: PhantomData }
    }
}

impl<R: Resource, T> List<R, T> {
    /// Sets a query parameter by name, for those newer than this crate. Halo ignores names that it does not
    /// know.
    pub fn param(mut self, name: &'static str, value: impl Display) -> Self {
        self.params.set(name, value);
        self
    }

    /// Reads rows into a type of your own instead of the schema's struct. Field constants still work on the
    /// records.
    ///
    /// ```no_run
    /// # async fn example(client: halo_client::Client) -> Result<(), halo_client::Error> {
    /// #[derive(serde::Deserialize)]
    /// struct Row {
    ///     id: i64,
    ///     summary: String,
    /// }
    ///
    /// let mut rows = client.tickets().list().open_only(true).rows_as::<Row>().stream();
    /// while let Some(row) = rows.next().await {
    ///     println!("{}", row?.value().summary);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn rows_as<U: DeserializeOwned + Send + 'static>(self) -> List<R, U> {
        List {
            client: self.client,
            params: self.params,
            paging: self.paging,
            resume: self.resume,
            refused: self.refused,
            route: PhantomData,
        }
    }

    pub(super) fn params(&self) -> &Params {
        &self.params
    }

    pub(super) fn params_mut(&mut self) -> &mut Params {
        &mut self.params
    }

    /// Keeps the first mistake.
    pub(super) fn refuse(mut self, error: Error) -> Self {
        self.refused = self.refused.or(Some(error));
        self
    }
}

impl<R: Resource, T> List<R, T> {
    /// Rows per page, 1 to 100; servers cut more than 100 without a word. 100 unless set.
    pub fn page_size(mut self, rows: u32) -> Self
    where
        R: Pageable,
    {
        self.paging = Paging::Numbered { first: 1, size: rows.clamp(1, PAGE) };
        self
    }

    /// Goes on where an earlier reading stopped; see [`Pages::resume_point`].
    pub fn resume(mut self, place: &Resume) -> Self
    where
        R: Pageable,
    {
        self.resume = Some(place.clone());
        self
    }
}

impl<R: Listable, T: DeserializeOwned + Send + 'static> List<R, T> {
    /// The pages, each read when it is asked for.
    ///
    /// Guards against what servers do to lists: a page that comes twice, a page size that is cut silently, a
    /// list that shrinks while it is read.
    ///
    /// A list that does not page, or that `ticketidonly` makes one answer, is asked once more when it counts more
    /// rows than it gave, now with that `count`: without one, servers stop at a number of their own. If rows are
    /// missing then, or more than 50,000 would have to come in one answer, it is an error with
    /// [`is_paging`](Error::is_paging). A list with a `count` of yours is left at what it answers.
    pub fn pages(self) -> Pages<Record<R::Schema, T>> {
        let paging = self.effective_paging();
        let List { client, params, resume, refused, .. } = self;
        let numbered = matches!(paging, Paging::Numbered { .. });
        let limited = params.get(COUNT).is_some();
        let fetch = move |request: PageRequest| {
            let page = numbered.then_some((request.number, request.size));
            let mut call = Call::<R, T> { params: params.clone(), page, route: PhantomData };
            let client = client.clone();
            let refused = refused.clone();
            async move {
                if let Some(error) = refused {
                    return Err(error);
                }
                let read = async |call: &Call<R, T>| {
                    client.http().send(call).await.map(|page| page.redacted_by(client.http()))
                };
                let mut answer = read(&call).await?;
                if numbered || limited {
                    return Ok(answer);
                }
                if let Some((_, total)) = missing(&answer)
                    && total <= MOST
                {
                    call.params.set(COUNT, total);
                    let whole = read(&call).await?;
                    if whole.rows.len() >= answer.rows.len() {
                        answer = whole;
                    }
                }
                match missing(&answer) {
                    Some((covered, total)) => Err(cut_off(R::PATH, covered, total)),
                    None => Ok(answer),
                }
            }
        };
        match resume {
            Some(place) => Pages::resume(paging, &place, fetch),
            None => Pages::new(paging, fetch),
        }
    }

    /// How the list is read with these parameters.
    fn effective_paging(&self) -> Paging {
        // With pages, `count` would mean nothing; `ticketidonly` does not go with pages (Halo's document).
        let whole = self.params.get(COUNT).is_some() || self.params.get("ticketidonly") == Some("true");
        if whole { Paging::Single } else { self.paging }
    }

    /// The rows of all pages, one by one; a row that cannot be read is an `Err` with
    /// [`is_bad_record`](Error::is_bad_record), and more rows follow. Any other error ends the stream.
    pub fn stream(self) -> Rows<Record<R::Schema, T>> {
        self.pages().rows()
    }

    /// All rows of all pages at once.
    ///
    /// # Errors
    /// The first error, also that of a row that cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future loses the rows read so far and changes nothing.
    pub async fn all(self) -> Result<Vec<Record<R::Schema, T>>, Error> {
        self.stream().collect().await
    }

    /// The first page only, with the count of all rows where the server says it.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn first_page(self) -> Result<Page<Record<R::Schema, T>>, Error> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        let page = match self.effective_paging() {
            Paging::Numbered { first, size } => Some((first, size)),
            _ => None,
        };
        let call = Call::<R, T> { params: self.params, page, route: PhantomData };
        self.client.http().send(&call).await.map(|page| page.redacted_by(self.client.http()))
    }
}

/// How many rows came, and how many the server counts, where that is more.
fn missing<T>(page: &Page<T>) -> Option<(u64, u64)> {
    let rows = page.rows.len() as u64;
    page.total.filter(|total| *total > rows).map(|total| (rows, total))
}

/// The error of a list without pages that does not come whole.
fn cut_off(path: &'static str, covered: u64, total: u64) -> Error {
    let stuck = Stuck::Missing { covered, total };
    Error::new(
        ErrorKind::Paging,
        format!("{stuck}; narrow the list, or take what comes by a `count` of your own"),
    )
    .with_endpoint(Method::GET, path)
    .with_sent(Sent::Answered)
    .with_source(stuck)
}

impl<R: Resource, T> Clone for List<R, T> {
    fn clone(&self) -> Self {
        List {
            client: self.client.clone(),
            params: self.params.clone(),
            paging: self.paging,
            resume: self.resume.clone(),
            refused: self.refused.clone(),
            route: PhantomData,
        }
    }
}

impl<R: Resource, T> fmt::Debug for List<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({}, {:?})", R::PATH, self.params)
    }
}

struct Call<R, T> {
    params: Params,
    page: Option<(u32, u32)>,
    route: PhantomData<fn() -> (R, T)>,
}

impl<R: Resource, T: DeserializeOwned + Send> Endpoint for Call<R, T> {
    type Response = Page<Record<R::Schema, T>>;

    fn template(&self) -> &'static str {
        R::PATH
    }

    fn query(&self, query: &mut Query) {
        if let Some((number, size)) = self.page {
            // Halo's spelling. Without it the other two are ignored.
            query.push("pageinate", true).push("page_size", size).push("page_no", number);
        }
        self.params.write(query);
    }

    fn decode(&self, response: http::Response<Bytes>) -> Result<Self::Response, DecodeError> {
        page::read(response.body(), &R::SHAPE)
    }
}
