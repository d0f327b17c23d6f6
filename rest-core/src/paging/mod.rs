//! Lists over many pages: a pure cursor and thin streams over it.

mod cursor;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};

pub use self::cursor::{Cursor, PageFacts, PageRequest, Paging, ParseResumeError, Resume, Step, Stuck};
use crate::error::{Error, ErrorKind};
use crate::page::{BadRow, Page};

type Fetching<R> = Pin<Box<dyn Future<Output = Result<Page<R>, Error>> + Send>>;
type Fetch<R> = Box<dyn FnMut(PageRequest) -> Fetching<R> + Send>;

/// The pages of a list, as a fused stream.
///
/// Ends after the first error. Pages that the guards discard do not appear. See [`Cursor`].
#[must_use = "a stream does nothing unless it is polled"]
pub struct Pages<R> {
    cursor: Cursor,
    fetch: Fetch<R>,
    under_way: Option<Fetching<R>>,
    total: Option<u64>,
    ended: bool,
}

impl<R> Pages<R> {
    /// The pages that `fetch` brings, one request at a time, each only when it is asked for.
    pub fn new<F, Fut>(paging: Paging, fetch: F) -> Self
    where
        F: FnMut(PageRequest) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Page<R>, Error>> + Send + 'static,
    {
        Self::over(Cursor::new(paging), fetch)
    }

    /// The pages from a stored place on.
    pub fn resume<F, Fut>(paging: Paging, place: &Resume, fetch: F) -> Self
    where
        F: FnMut(PageRequest) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Page<R>, Error>> + Send + 'static,
    {
        Self::over(Cursor::resume(paging, place), fetch)
    }

    fn over<F, Fut>(cursor: Cursor, mut fetch: F) -> Self
    where
        F: FnMut(PageRequest) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Page<R>, Error>> + Send + 'static,
    {
        let fetch: Fetch<R> = Box::new(move |request| Box::pin(fetch(request)));
        Self { cursor, fetch, under_way: None, total: None, ended: false }
    }

    /// The next page; `None` at the end.
    ///
    /// # Errors
    ///
    /// Those of the request, and [`Error::is_paging`] when the list does not hold together.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: the request under way goes on with the next call.
    pub async fn next(&mut self) -> Option<Result<Page<R>, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// How many rows the server counts, once a page said so.
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Where to go on after the program stops now: repeats the page that came last.
    pub fn resume_point(&self) -> Resume {
        self.cursor.resume_point()
    }

    /// The rows one by one.
    pub fn rows(self) -> Rows<R> {
        Rows { pages: self, rows: Vec::new().into_iter() }
    }
}

impl<R> Stream for Pages<R> {
    type Item = Result<Page<R>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.ended {
            let under_way = match &mut this.under_way {
                Some(under_way) => under_way,
                none => match this.cursor.request() {
                    Some(request) => none.insert((this.fetch)(request)),
                    None => {
                        this.ended = true;
                        break;
                    }
                },
            };
            let page = ready!(under_way.as_mut().poll(cx));
            this.under_way = None;
            let mut page = match page {
                Ok(page) => page,
                Err(error) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
            };
            this.total = page.total.or(this.total);
            let facts = PageFacts {
                rows: u32::try_from(page.rows.len()).unwrap_or(u32::MAX),
                total: page.total,
                next: page.next.as_deref(),
                digest: page.digest,
            };
            match this.cursor.on_page(&facts) {
                Ok(Step::Take { skip }) => {
                    page.rows.drain(..usize::try_from(skip).unwrap_or(0).min(page.rows.len()));
                    return Poll::Ready(Some(Ok(page)));
                }
                Ok(Step::Discard) => tracing::debug!("a page of the list is read again"),
                Err(stuck) => {
                    this.ended = true;
                    let error = Error::new(ErrorKind::Paging, stuck.to_string())
                        .with_sent(crate::error::Sent::Answered)
                        .with_source(stuck);
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        Poll::Ready(None)
    }
}

impl<R> FusedStream for Pages<R> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<R> fmt::Debug for Pages<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("total", &self.total)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// The rows of a list over all its pages, as a fused stream.
///
/// A row that cannot be read is an `Err` with [`Error::is_bad_record`], and the stream goes on after it. Any
/// other error ends it.
#[must_use = "a stream does nothing unless it is polled"]
pub struct Rows<R> {
    pages: Pages<R>,
    rows: std::vec::IntoIter<Result<R, BadRow>>,
}

impl<R> Rows<R> {
    /// The rows of the pages that `fetch` brings. See [`Pages::new`].
    pub fn new<F, Fut>(paging: Paging, fetch: F) -> Self
    where
        F: FnMut(PageRequest) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Page<R>, Error>> + Send + 'static,
    {
        Pages::new(paging, fetch).rows()
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    ///
    /// A bad row, after which more may come; or an error of the list, after which nothing comes.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<R, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Page by page instead. Rows of a page that was already begun are left out.
    pub fn pages(self) -> Pages<R> {
        self.pages
    }

    /// All rows at once.
    ///
    /// # Errors
    ///
    /// The first error of any kind, bad rows included.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the rows read so far and changes nothing.
    pub async fn collect(mut self) -> Result<Vec<R>, Error> {
        let mut rows = Vec::new();
        while let Some(row) = self.next().await {
            rows.push(row?);
        }
        Ok(rows)
    }

    /// How many rows the server counts, once a page said so.
    pub fn total(&self) -> Option<u64> {
        self.pages.total()
    }

    /// Where to go on after the program stops now: repeats the page of the last row, and skips none.
    pub fn resume_point(&self) -> Resume {
        self.pages.resume_point()
    }
}

impl<R> Stream for Rows<R> {
    type Item = Result<R, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.rows.next() {
                return Poll::Ready(Some(row.map_err(BadRow::into_error)));
            }
            match ready!(Pin::new(&mut self.pages).poll_next(cx)) {
                Some(Ok(page)) => self.rows = page.rows.into_iter(),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rows.len(), None)
    }
}

impl<R> FusedStream for Rows<R> {
    fn is_terminated(&self) -> bool {
        self.rows.len() == 0 && self.pages.is_terminated()
    }
}

impl<R> fmt::Debug for Rows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("pages", &self.pages).finish_non_exhaustive()
    }
}

// Nothing in here is pinned structurally.
impl<R> Unpin for Pages<R> {}
impl<R> Unpin for Rows<R> {}

#[cfg(test)]
mod tests;
