//! Whole lists over any [`HitApi`]: streams that follow the cursors.

use std::collections::{HashSet, VecDeque};
use std::future::Future;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use futures_core::Stream;
use futures_util::StreamExt as _;

use crate::api::{Cursor, HitApi, ItemQuery, Page};
use crate::error::{Error, ErrorKind, Result};
use crate::types::{Client, Item, Status, TeamMember, Webhook};

/// Whole lists, for every [`HitApi`] and for `dyn HitApi`.
///
/// The streams fetch a page when its first row is asked for. A row that cannot be read is an `Err`
/// with [`is_bad_record`](Error::is_bad_record) and the stream goes on; any other error is the last
/// element. Dropping a stream stops it.
pub trait HitApiExt: HitApi {
    /// All clients, archived ones too.
    fn clients(&self) -> impl Stream<Item = Result<Client>> + Send + Unpin + '_ {
        rows(move |cursor| async move { self.clients_page(cursor.as_ref()).await })
    }

    /// All team members, active or not.
    fn team_members(&self) -> impl Stream<Item = Result<TeamMember>> + Send + Unpin + '_ {
        rows(move |cursor| async move { self.team_members_page(cursor.as_ref()).await })
    }

    /// All statuses that the server shows.
    fn statuses(&self) -> impl Stream<Item = Result<Status>> + Send + Unpin + '_ {
        rows(move |cursor| async move { self.statuses_page(cursor.as_ref()).await })
    }

    /// All items that the query asks for. An item that changes meanwhile may come twice.
    fn items<'a>(&'a self, query: &'a ItemQuery) -> impl Stream<Item = Result<Item>> + Send + Unpin + 'a {
        rows(move |cursor| async move { self.items_page(query, cursor.as_ref()).await })
    }

    /// All webhooks.
    fn webhooks(&self) -> impl Stream<Item = Result<Webhook>> + Send + Unpin + '_ {
        rows(move |cursor| async move { self.webhooks_page(cursor.as_ref()).await })
    }
}

impl<A: HitApi + ?Sized> HitApiExt for A {}

/// What is left of a list.
struct Walk<T> {
    ready: VecDeque<Result<T>>,
    /// `Some(cursor)` while there is a page to fetch.
    next: Option<Option<Cursor>>,
    /// The cursors that were given so far, as hashes: eight bytes per page.
    given: HashSet<u64>,
}

impl<T> Walk<T> {
    /// Notes a cursor; whether it was given before.
    fn came_before(&mut self, cursor: &Cursor) -> bool {
        let mut hasher = DefaultHasher::new();
        cursor.hash(&mut hasher);
        !self.given.insert(hasher.finish())
    }
}

fn rows<'a, T, F, Fut>(fetch: F) -> impl Stream<Item = Result<T>> + Send + Unpin + 'a
where
    T: Send + 'a,
    F: Fn(Option<Cursor>) -> Fut + Clone + Send + 'a,
    Fut: Future<Output = Result<Page<T>>> + Send + 'a,
{
    let start = Walk { ready: VecDeque::new(), next: Some(None), given: HashSet::new() };
    futures_util::stream::unfold(start, move |mut walk| {
        let fetch = fetch.clone();
        async move {
            loop {
                if let Some(row) = walk.ready.pop_front() {
                    return Some((row, walk));
                }
                let cursor = walk.next.take()?;
                match fetch(cursor).await {
                    Ok(page) => {
                        walk.ready = page.rows.into();
                        // A server that hands out a cursor again would be asked for ever.
                        if page.next.as_ref().is_some_and(|next| walk.came_before(next)) {
                            walk.ready.push_back(Err(Error::new(
                                ErrorKind::Paging,
                                "the list does not move on: the server gave a cursor a second time",
                            )));
                        } else {
                            walk.next = page.next.map(Some);
                        }
                    }
                    Err(error) => return Some((Err(error), walk)),
                }
            }
        }
    })
    .boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(rows: &[i32], next: Option<&str>) -> Page<i32> {
        Page { rows: rows.iter().map(|row| Ok(*row)).collect(), next: next.map(Cursor::new) }
    }

    async fn read(
        fetch: impl Fn(Option<&str>) -> Result<Page<i32>> + Clone + Send + Sync,
    ) -> Vec<Result<i32>> {
        rows(move |cursor: Option<Cursor>| {
            let page = fetch(cursor.as_ref().map(Cursor::as_str));
            async move { page }
        })
        .collect()
        .await
    }

    #[tokio::test]
    async fn an_empty_page_is_not_the_end() {
        let all = read(|cursor| {
            Ok(match cursor {
                None => page(&[1, 2], Some("a")),
                Some("a") => page(&[], Some("b")),
                _ => page(&[3], None),
            })
        })
        .await;
        let all: Vec<_> = all.into_iter().map(|row| row.unwrap()).collect();
        assert_eq!(all, [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_cursor_that_repeats_ends_the_list_with_an_error() {
        let all = read(|_| Ok(page(&[1], Some("a")))).await;
        assert_eq!(all.len(), 3);
        assert!(all[2].as_ref().unwrap_err().is_paging());
    }

    #[tokio::test]
    async fn a_failed_page_is_the_last_element() {
        let all = read(|cursor| match cursor {
            None => Ok(page(&[1], Some("a"))),
            _ => Err(crate::error::refused(http::StatusCode::TOO_MANY_REQUESTS, "rate_limited", "slow down")),
        })
        .await;
        assert_eq!(all.len(), 2);
        assert!(all[1].as_ref().unwrap_err().is_throttled());
    }

    #[tokio::test]
    async fn a_bad_row_does_not_end_the_list() {
        let all = read(|cursor| {
            Ok(match cursor {
                None => Page {
                    rows: vec![Err(Error::new(ErrorKind::BadRecord, "no id")), Ok(1)],
                    next: Some(Cursor::new("a")),
                },
                _ => page(&[2], None),
            })
        })
        .await;
        assert!(all[0].as_ref().unwrap_err().is_bad_record());
        assert_eq!(all.len(), 3);
    }
}
