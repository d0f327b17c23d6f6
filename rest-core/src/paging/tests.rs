use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use proptest::prelude::*;

use super::*;
use crate::decode::DecodeError;

/// A list on a server that pages by number.
#[derive(Clone, Debug)]
struct Server {
    rows: Vec<u64>,
    counts: bool,
    /// The page size that it never exceeds.
    cap: u32,
    /// A smaller cap for single requests.
    passing_caps: Vec<(usize, u32)>,
    /// The row that is deleted before each request in turn, as a place in what is left.
    deletions: Vec<Option<usize>>,
    ignores_paging: bool,
    requests: usize,
    /// A page of another place had just the number of rows that was expected: nobody can notice.
    fooled: bool,
}

impl Server {
    fn of(rows: u64) -> Self {
        Self {
            rows: (0..rows).collect(),
            counts: true,
            cap: u32::MAX,
            passing_caps: Vec::new(),
            deletions: Vec::new(),
            ignores_paging: false,
            requests: 0,
            fooled: false,
        }
    }

    fn answer(&mut self, request: &PageRequest) -> (Vec<u64>, Option<u64>) {
        let at = self.requests;
        self.requests += 1;
        if let Some(Some(place)) = self.deletions.get(at)
            && !self.rows.is_empty()
        {
            self.rows.remove(place % self.rows.len());
        }
        let passing = self.passing_caps.iter().find(|(request, _)| *request == at).map(|(_, cap)| *cap);
        let size = request.size.min(self.cap).min(passing.unwrap_or(u32::MAX)) as usize;
        let from = (request.number as usize - 1) * size;
        let meant = (request.number as usize - 1) * request.size as usize;
        let expected = self.rows.len().saturating_sub(meant).min(request.size as usize);
        self.fooled |= from != meant && self.rows.len().saturating_sub(from).min(size) == expected;
        let rows = if self.ignores_paging {
            self.rows.clone()
        } else {
            self.rows.iter().skip(from).take(size).copied().collect()
        };
        (rows, self.counts.then_some(self.rows.len() as u64))
    }
}

fn digest(rows: &[u64]) -> u64 {
    let end = |row: Option<&u64>| row.map_or(7, |row| row + 1000);
    end(rows.first()) * 1_000_003 + end(rows.last()) * 31 + rows.len() as u64
}

fn read_all(server: &mut Server, size: u32) -> Result<Vec<u64>, Stuck> {
    let mut cursor = Cursor::new(Paging::Numbered { first: 1, size });
    read_from(server, &mut cursor, usize::MAX)
}

fn read_from(server: &mut Server, cursor: &mut Cursor, pages: usize) -> Result<Vec<u64>, Stuck> {
    let mut seen = Vec::new();
    let mut taken = 0;
    while let Some(request) = cursor.request() {
        assert!(server.requests < 5000, "the cursor does not come to an end");
        let (rows, total) = server.answer(&request);
        let facts = PageFacts { rows: rows.len() as u32, total, next: None, digest: digest(&rows) };
        if let Step::Take { skip } = cursor.on_page(&facts)? {
            seen.extend(&rows[skip as usize..]);
            taken += 1;
            if taken == pages {
                break;
            }
        }
    }
    Ok(seen)
}

#[test]
fn a_silently_capped_page_size_loses_nothing() {
    let mut server = Server { cap: 100, ..Server::of(717) };
    let seen = read_all(&mut server, 1000).unwrap();
    assert_eq!(seen, (0..717).collect::<Vec<_>>());
    assert_eq!(server.requests, 8);
}

#[test]
fn a_list_costs_no_request_more_than_its_pages() {
    for (rows, requests) in [(0, 1), (1, 1), (100, 1), (101, 2), (200, 2)] {
        let mut server = Server::of(rows);
        assert_eq!(read_all(&mut server, 100).unwrap().len() as u64, rows);
        assert_eq!(server.requests, requests, "{rows} rows");
    }
}

#[test]
fn a_page_capped_once_in_the_middle_loses_nothing() {
    for capped in 0..5 {
        let mut server = Server { passing_caps: vec![(capped, 50)], ..Server::of(430) };
        let seen = read_all(&mut server, 100).unwrap();
        assert_eq!(seen, (0..430).collect::<Vec<_>>(), "capped at request {capped}");
    }
}

#[test]
fn a_route_that_ignores_paging_is_read_once() {
    for (rows, counts) in [(7, true), (7, false), (250, true), (250, false), (100, false)] {
        let mut server = Server { ignores_paging: true, counts, ..Server::of(rows) };
        assert_eq!(read_all(&mut server, 100).unwrap(), (0..rows).collect::<Vec<_>>());
        assert!(server.requests <= 2);
    }
}

#[test]
fn a_repeated_page_is_asked_for_again_and_then_an_error() {
    let paging = Paging::Numbered { first: 1, size: 2 };
    let facts = |digest| PageFacts { rows: 2, total: Some(6), next: None, digest };
    let mut cursor = Cursor::new(paging);
    assert_eq!(cursor.on_page(&facts(1)), Ok(Step::Take { skip: 0 }));
    assert_eq!(cursor.on_page(&facts(1)), Ok(Step::Discard));
    assert_eq!(cursor.request().unwrap().number, 2, "the same page again");
    let mut healed = cursor.clone();
    assert_eq!(healed.on_page(&facts(2)), Ok(Step::Take { skip: 0 }));
    assert_eq!(healed.request().unwrap().number, 3);
    assert_eq!(cursor.on_page(&facts(1)), Err(Stuck::RepeatedPage { page: 2, covered: 2, total: 6 }));
}

#[test]
fn a_list_that_ends_before_its_count_is_an_error() {
    let mut cursor = Cursor::new(Paging::Numbered { first: 1, size: 2 });
    let full = PageFacts { rows: 2, total: Some(6), next: None, digest: 1 };
    let empty = PageFacts { rows: 0, total: Some(6), next: None, digest: 0 };
    cursor.on_page(&full).unwrap();
    assert_eq!(cursor.on_page(&empty), Ok(Step::Discard));
    assert_eq!(cursor.on_page(&empty), Err(Stuck::Missing { covered: 2, total: 6 }));
}

#[test]
fn rows_that_are_hidden_after_counting_end_the_list_without_an_error() {
    // Every page lacks one row of those it should have.
    let mut cursor = Cursor::new(Paging::Numbered { first: 1, size: 10 });
    let mut requests = 0;
    let mut rows = 0;
    while let Some(request) = cursor.request() {
        requests += 1;
        assert!(requests < 50);
        let given = request.size.saturating_sub(1);
        let facts = PageFacts { rows: given, total: Some(40), next: None, digest: requests };
        if let Step::Take { skip } = cursor.on_page(&facts).unwrap() {
            rows += given - skip;
        }
    }
    assert!(rows >= 35, "{rows}");
}

#[test]
fn tokens_are_followed_and_a_repeated_one_is_an_error() {
    let mut cursor = Cursor::new(Paging::Token { size: 5 });
    let page = |next| PageFacts { rows: 5, total: None, next, digest: 0 };
    assert_eq!(cursor.request().unwrap().token, None);
    cursor.on_page(&page(Some("a"))).unwrap();
    assert_eq!(cursor.resume_point().to_string(), "start");
    cursor.on_page(&page(Some("b"))).unwrap();
    assert_eq!(cursor.resume_point().to_string(), "token:a");
    let mut ended = cursor.clone();
    ended.on_page(&page(None)).unwrap();
    assert_eq!(ended.request(), None);
    assert_eq!(cursor.on_page(&page(Some("a"))), Err(Stuck::RepeatedToken));
}

#[test]
fn only_places_are_read_as_places() {
    for text in ["start", "offset:200:100", "token:ab:c"] {
        assert_eq!(text.parse::<Resume>().unwrap().to_string(), text);
    }
    // The last of them lies behind every page that can be asked for.
    for text in ["", "offset:1", "offset:1:0", "offset:x:1", "page:1", "offset:18446744073709551615:1"] {
        assert_eq!(text.parse::<Resume>(), Err(ParseResumeError), "{text}");
    }
}

#[test]
fn a_long_list_that_shrinks_again_and_again_is_read_to_its_end() {
    let deletions = (0..5000).map(|request| (request % 3 == 1).then_some(0)).collect();
    let mut server = Server { deletions, ..Server::of(1000) };
    let seen: BTreeSet<u64> = read_all(&mut server, 10).unwrap().into_iter().collect();
    assert!(server.rows.iter().all(|row| seen.contains(row)), "rows were skipped");
}

#[test]
fn a_count_that_falls_and_rises_for_ever_does_not_keep_the_reader_for_ever() {
    // As two servers would that take turns and do not agree.
    let mut cursor = Cursor::new(Paging::Numbered { first: 1, size: 100 });
    let ended = (0..1000_u64).find_map(|digest| {
        let total = if digest % 2 == 0 { 1000 } else { 900 };
        cursor.on_page(&PageFacts { rows: 100, total: Some(total), next: None, digest }).err()
    });
    assert_eq!(ended, Some(Stuck::Shrinking));
}

proptest! {
    /// Whatever a server does to the page size and whatever vanishes meanwhile, rows that were there all the
    /// time come, or the list says that it cannot be trusted.
    #[test]
    fn no_row_is_skipped(
        rows in 0_u64..400,
        size in 1_u32..120,
        cap in 1_u32..150,
        passing in proptest::collection::vec((0_usize..12, 1_u32..150), 0..4),
        deletions in proptest::collection::vec(proptest::option::weighted(0.3, any::<usize>()), 0..12),
    ) {
        // A cap that changes with every request is no cap; what happens once may happen at any request.
        let passing_caps = passing.into_iter().map(|(request, cap)| (request * 3, cap)).collect();
        let mut server = Server { cap, passing_caps, deletions, ..Server::of(rows) };
        if let Ok(seen) = read_all(&mut server, size) {
            prop_assume!(!server.fooled);
            let seen: BTreeSet<u64> = seen.into_iter().collect();
            for row in &server.rows {
                prop_assert!(seen.contains(row), "row {row} was skipped");
            }
        }
    }

    /// On a list that nobody changes, every row comes exactly once, whatever the cap, counted or not.
    #[test]
    fn a_quiet_list_comes_exactly_once(rows in 0_u64..400, size in 1_u32..120, cap in 1_u32..150, counts: bool) {
        let mut server = Server { cap, counts, ..Server::of(rows) };
        let seen = read_all(&mut server, size).unwrap();
        prop_assert_eq!(seen, (0..rows).collect::<Vec<_>>());
        let real = u64::from(size.min(cap));
        prop_assert!(server.requests as u64 <= rows.div_ceil(real) + 1);
    }

    /// Whatever place a stored text names, the list is read on from there without a fault of arithmetic.
    #[test]
    fn going_on_anywhere_is_sound(
        covered in prop_oneof![any::<u64>(), u64::MAX - 300..=u64::MAX, 0_u64..300],
        size in prop_oneof![any::<u32>(), 1_u32..9, u32::MAX - 3..=u32::MAX],
        pages in proptest::collection::vec((any::<u32>(), proptest::option::of(any::<u64>())), 0..6),
    ) {
        let Ok(place) = format!("offset:{covered}:{size}").parse::<Resume>() else { return Ok(()) };
        let mut cursor = Cursor::resume(Paging::Numbered { first: 1, size: 1 }, &place);
        for (digest, (rows, total)) in (0..).zip(pages) {
            let Some(request) = cursor.request() else { break };
            let rows = if digest % 2 == 0 { request.size } else { rows };
            let _ = cursor.on_page(&PageFacts { rows, total, next: None, digest });
        }
    }

    /// A reader that stops anywhere and goes on at its resume point skips nothing.
    #[test]
    fn going_on_skips_nothing(rows in 1_u64..400, size in 1_u32..120, cap in 1_u32..150, pages in 1_usize..6) {
        let mut server = Server { cap, ..Server::of(rows) };
        let paging = Paging::Numbered { first: 1, size };
        let mut cursor = Cursor::new(paging);
        let mut seen = read_from(&mut server, &mut cursor, pages).unwrap();
        let place: Resume = cursor.resume_point().to_string().parse().unwrap();
        seen.extend(read_from(&mut server, &mut Cursor::resume(paging, &place), usize::MAX).unwrap());
        let seen: BTreeSet<u64> = seen.into_iter().collect();
        prop_assert_eq!(seen.len() as u64, rows);
    }
}

fn rows(pages: Vec<Result<Page<u64>, Error>>) -> (Rows<u64>, Arc<Mutex<usize>>) {
    let asked = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&asked);
    let pages = Mutex::new(pages.into_iter());
    let rows = Rows::new(Paging::Token { size: 2 }, move |_| {
        *counter.lock().unwrap() += 1;
        let page = pages.lock().unwrap().next().unwrap();
        async move { page }
    });
    (rows, asked)
}

fn page(rows: Vec<Result<u64, BadRow>>, next: Option<&str>) -> Result<Page<u64>, Error> {
    Ok(Page::new(rows, None, next.map(str::to_owned), 0))
}

fn next(rows: &mut Rows<u64>) -> Option<Result<u64, Error>> {
    rows.next().now_or_never().expect("nothing waits")
}

#[test]
fn a_bad_row_does_not_end_the_stream() {
    let bad = BadRow::new(1, DecodeError::new("odd"), "{}");
    let (mut rows, asked) = rows(vec![page(vec![Ok(1), Err(bad)], Some("t")), page(vec![Ok(2)], None)]);
    assert_eq!(*asked.lock().unwrap(), 0, "nothing is asked before it is wanted");
    assert_eq!(next(&mut rows).unwrap().unwrap(), 1);
    assert!(next(&mut rows).unwrap().unwrap_err().is_bad_record());
    assert_eq!(next(&mut rows).unwrap().unwrap(), 2);
    assert!(next(&mut rows).is_none() && rows.is_terminated());
    assert!(next(&mut rows).is_none());
    assert_eq!(*asked.lock().unwrap(), 2);
}

#[test]
fn any_other_error_ends_the_stream() {
    let failed = Err(Error::new(ErrorKind::Connect, "gone"));
    let (mut rows, _) = rows(vec![page(vec![Ok(1)], Some("t")), failed]);
    assert_eq!(next(&mut rows).unwrap().unwrap(), 1);
    assert!(next(&mut rows).unwrap().unwrap_err().is_connect());
    assert!(next(&mut rows).is_none() && rows.is_terminated());
    assert_eq!(rows.resume_point().to_string(), "start", "the first page was the last that came");
}
