//! Lists against servers that page in all the ways that are known of Halo's.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use halo_client::resource::{Listable, Tickets};
use halo_client::schema::{Client as Customer, Ticket};
use halo_client::test_util::MockHalo;
use halo_client::test_util::wiremock::matchers::{method, path};
use halo_client::test_util::wiremock::{Mock, Request, Respond, ResponseTemplate};
use halo_client::{Client, Conditions, Id, Record, jiff};

/// A list of rows with the ids from 1 on, and what a server makes of it.
struct Server<F>(F);

/// A request for a list.
struct Asked(BTreeMap<String, String>);

impl Asked {
    fn number(&self, name: &str) -> Option<usize> {
        self.0.get(name)?.parse().ok()
    }

    fn paged(&self) -> bool {
        self.0.get("pageinate").is_some_and(|value| value == "true")
    }

    /// The ids of the page asked for, out of `rows`, with at most `cap` on a page.
    fn ids(&self, rows: usize, cap: usize) -> Vec<usize> {
        let size = self.number("page_size").expect("a size").min(cap);
        let page = self.number("page_no").expect("a number");
        (1..=rows).skip((page - 1) * size).take(size).collect()
    }
}

fn envelope(total: Option<usize>, ids: impl IntoIterator<Item = usize>) -> String {
    let rows: Vec<String> = ids.into_iter().map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    let total = total.map(|total| format!(r#""record_count":{total},"#)).unwrap_or_default();
    format!(r#"{{{total}"tickets":[{}]}}"#, rows.join(","))
}

impl<F: Fn(&Asked) -> String + Send + Sync> Respond for Server<F> {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let asked = Asked(request.url.query_pairs().into_owned().collect());
        ResponseTemplate::new(200).set_body_raw((self.0)(&asked), "application/json")
    }
}

async fn server<R: Listable>(answer: impl Fn(&Asked) -> String + Send + Sync + 'static) -> MockHalo {
    let halo = MockHalo::start().await;
    let list = format!("/api{}", R::PATH);
    Mock::given(method("GET")).and(path(list)).respond_with(Server(answer)).mount(halo.server()).await;
    halo
}

fn ids(rows: &[Record<Ticket>]) -> Vec<i64> {
    rows.iter().filter_map(|row| row.value().id).map(Id::get).collect()
}

async fn read(client: &Client) -> Vec<i64> {
    ids(&client.tickets().list().all().await.expect("a list"))
}

fn upto(last: i64) -> Vec<i64> {
    (1..=last).collect()
}

#[tokio::test]
async fn a_page_size_that_is_cut_silently_loses_no_row() {
    // 100 are asked for, 50 come (seen for assets); or 30, which divides nothing.
    for cap in [50, 30] {
        let halo = server::<Tickets>(move |asked| envelope(Some(205), asked.ids(205, cap))).await;
        assert_eq!(read(&halo.client()).await, upto(205), "cut to {cap}");
    }
}

#[tokio::test]
async fn a_list_without_a_count_ends_with_a_short_page() {
    let halo = server::<Tickets>(|asked| envelope(None, asked.ids(230, 100))).await;
    assert_eq!(read(&halo.client()).await, upto(230));
    assert_eq!(halo.requests().await.len(), 3);
    // A full last page tells nothing: one more is asked for.
    let halo = server::<Tickets>(|asked| envelope(None, asked.ids(200, 100))).await;
    assert_eq!(read(&halo.client()).await, upto(200));
}

#[tokio::test]
async fn a_route_that_ignores_pages_is_read_once() {
    // The same hundred rows again and again, in an envelope without a count or bare.
    let halo = server::<Tickets>(|_| envelope(None, 1..=100)).await;
    assert_eq!(read(&halo.client()).await, upto(100));
    assert!(halo.requests().await.len() <= 2);

    let halo = server::<Tickets>(|_| {
        let rows: Vec<String> = (1..=100).map(|id| format!(r#"{{"id":{id}}}"#)).collect();
        format!("[{}]", rows.join(","))
    })
    .await;
    assert_eq!(read(&halo.client()).await, upto(100));

    // All of it at once, though a hundred were asked for.
    let halo = server::<Tickets>(|_| envelope(Some(250), 1..=250)).await;
    assert_eq!(read(&halo.client()).await, upto(250));
    assert_eq!(halo.requests().await.len(), 1);
}

#[tokio::test]
async fn a_page_that_comes_again_although_more_are_counted_is_an_error() {
    let halo = server::<Tickets>(|_| envelope(Some(717), 1..=100)).await;
    let mut rows = halo.client().tickets().list().stream();
    let mut read = 0;
    let error = loop {
        match rows.next().await.expect("not the end: 617 rows are missing") {
            Ok(_) => read += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(read, 100);
    assert!(error.is_paging(), "{error}");
}

#[tokio::test]
async fn a_page_that_comes_again_is_known_by_its_ids_although_a_value_in_it_moves() {
    // Tickets of a hundred, whatever page is asked for; the time left for each runs down meanwhile.
    let same = |total: Option<usize>| {
        let asked = AtomicUsize::new(0);
        move |_: &Asked| {
            let left = 1000 - asked.fetch_add(1, Ordering::SeqCst);
            envelope(total, 1..=100).replace('}', &format!(r#","slatimeleft":{left}}}"#))
        }
    };
    let halo = server::<Tickets>(same(Some(250))).await;
    let error = halo.client().tickets().list().all().await.expect_err("150 rows are missing");
    assert!(error.is_paging(), "{error}");
    let halo = server::<Tickets>(same(None)).await;
    assert_eq!(read(&halo.client()).await, upto(100));
    assert!(halo.requests().await.len() <= 2);
}

#[tokio::test]
async fn a_count_of_none_at_the_end_ends_the_list() {
    // Seen by a public client: behind the last page `record_count` is 0.
    let halo = server::<Tickets>(|asked| {
        let ids = asked.ids(200, 100);
        envelope(if ids.is_empty() { Some(0) } else { None }, ids)
    })
    .await;
    assert_eq!(read(&halo.client()).await, upto(200));
}

#[tokio::test]
async fn rows_that_vanish_meanwhile_take_no_others_with_them() {
    // After the first page, five of its rows are gone, and all others move forward.
    let asked_before = AtomicUsize::new(0);
    let halo = server::<Tickets>(move |asked| {
        let gone = if asked_before.fetch_add(1, Ordering::SeqCst) == 0 { 0 } else { 5 };
        let left: Vec<usize> = (1..=230).filter(|id| *id > gone).collect();
        let page = asked.number("page_no").expect("a number");
        envelope(Some(left.len()), left.iter().skip((page - 1) * 100).take(100).copied())
    })
    .await;
    let mut seen = read(&halo.client()).await;
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, upto(230), "rows may come twice, and none is skipped");
}

#[tokio::test]
async fn reading_goes_on_from_every_place_that_was_stored() {
    for cap in [100, 40] {
        let halo = server::<Tickets>(move |asked| envelope(Some(250), asked.ids(250, cap))).await;
        let client = halo.client();
        let list = || client.tickets().list();
        let mut pages = list().pages();
        let mut before: Vec<i64> = Vec::new();
        loop {
            let stored = pages.resume_point().to_string();
            let rest = list().resume(&stored.parse().expect("a place")).all().await.expect("the rest");
            let mut all: Vec<i64> = before.iter().copied().chain(ids(&rest)).collect();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all, upto(250), "from {stored}");
            let Some(page) = pages.next().await else { break };
            before.extend(
                page.expect("a page").rows.iter().flatten().filter_map(|row| row.value().id).map(Id::get),
            );
        }
    }
}

#[tokio::test]
async fn a_list_without_pages_is_asked_for_all_it_counts() {
    // Actions have no pages, and servers stop at fifty unless told otherwise.
    let answer = |asked: &Asked| {
        assert!(!asked.paged(), "there are no pages to ask for");
        let count = asked.number("count").unwrap_or(50);
        envelope(Some(120), 1..=count.min(120)).replace("tickets", "actions")
    };
    let halo = server::<halo_client::resource::Actions>(answer).await;
    let actions = halo.client().actions().list().ticket_id(7).all().await.expect("actions");
    assert_eq!(actions.len(), 120);
    assert_eq!(
        halo.requests().await,
        ["GET /api/Actions?ticket_id=7", "GET /api/Actions?ticket_id=7&count=120"]
    );

    // A count of the caller's stands.
    let halo = server::<halo_client::resource::Actions>(answer).await;
    let latest = halo.client().actions().list().ticket_id(7).count(5).all().await.expect("actions");
    assert_eq!((latest.len(), halo.requests().await.len()), (5, 1));
}

#[tokio::test]
async fn a_list_without_pages_that_stays_behind_its_count_is_an_error() {
    // The count that is asked for changes nothing, or not enough.
    for cap in [50, 100] {
        let halo = server::<halo_client::resource::Actions>(move |asked| {
            let count = asked.number("count").unwrap_or(50).min(cap);
            envelope(Some(250), 1..=count).replace("tickets", "actions")
        })
        .await;
        let client = halo.client();
        let list = || client.actions().list().ticket_id(7);
        let error = list().all().await.expect_err("rows are missing");
        assert!(error.is_paging() && !error.is_outcome_unknown(), "{error}");
        assert!(error.to_string().contains(&format!("GET /Actions: the list ends after {cap} of 250 rows")));
        assert_eq!(halo.requests().await.len(), 2);
        // What there is can be had by asking for so many.
        assert_eq!(list().count(1000).all().await.expect("actions").len(), cap);
        assert_eq!(list().first_page().await.expect("actions").total, Some(250));
    }
}

#[tokio::test]
async fn a_list_without_pages_that_is_far_too_long_is_not_asked_for_whole() {
    let halo = server::<halo_client::resource::Actions>(|_| {
        envelope(Some(2_000_000), 1..=100).replace("tickets", "actions")
    })
    .await;
    let error = halo.client().actions().list().all().await.expect_err("two million rows in one answer");
    assert!(error.is_paging() && error.to_string().contains("100 of 2000000 rows"), "{error}");
    assert_eq!(halo.requests().await.len(), 1);
}

#[tokio::test]
async fn what_does_not_go_with_pages_is_asked_for_without() {
    let answer = |asked: &Asked| {
        assert!(!asked.paged());
        envelope(None, 1..=asked.number("count").unwrap_or(230))
    };
    let halo = server::<Tickets>(answer).await;
    let all = halo.client().tickets().list().ticketidonly(true).all().await.expect("ids");
    assert_eq!(all.len(), 230);
    let halo = server::<Tickets>(answer).await;
    assert_eq!(halo.client().tickets().list().count(7).all().await.expect("rows").len(), 7);
    assert_eq!(halo.requests().await, ["GET /api/Tickets?count=7"]);
}

#[tokio::test]
async fn order_changes_and_conditions_reach_the_server_as_it_takes_them() {
    let halo = MockHalo::start().await;
    halo.list::<Tickets>(Vec::<String>::new()).await;
    let at: jiff::Timestamp = "2026-10-06T05:04:29.5Z".parse().expect("a time");
    let client = halo.client();
    let page = client
        .tickets()
        .list()
        .order_by(Ticket::PRIORITY_ID)
        .order_by_descending(Ticket::ID)
        .changed_since(at)
        .changed_until("2026-10-07".parse::<jiff::civil::Date>().expect("a date"))
        .advanced_search(Conditions::new().equals(Ticket::CLIENT_REFERENCE, "A & B"))
        .first_page()
        .await
        .expect("a page");
    assert!(page.rows.is_empty());
    assert_eq!(
        halo.requests().await[0],
        "GET /api/Tickets?pageinate=true&page_size=100&page_no=1&order=priority_id&orderdesc=false&order2=id\
         &orderdesc2=true&lastupdatefromdate=2026-10-06T05:04:29.5Z&lastupdatetodate=2026-10-07T00:00:00Z\
         &advanced_search=%5B%7B%22filter_name%22:%22client_reference%22,%22filter_type%22:2,\
         %22filter_value%22:%22A%20%26%20B%22%7D%5D"
    );
}

#[tokio::test]
async fn a_list_that_cannot_be_asked_for_says_so_and_asks_nothing() {
    let halo = MockHalo::start().await;
    let client = halo.client();
    let mut list = client.clients().list();
    for _ in 0..6 {
        list = list.order_by(Customer::NAME);
    }
    let error = list.clone().all().await.expect_err("six columns");
    assert!(error.is_configuration() && error.to_string().contains("five"), "{error}");
    assert!(list.first_page().await.expect_err("six columns").is_configuration());
    let empty = client.clients().list().advanced_search(Conditions::new()).stream().next().await;
    assert!(empty.expect("an error").expect_err("no condition").is_configuration());
    assert!(halo.requests().await.is_empty());
}

#[tokio::test]
async fn a_condition_that_the_instance_does_not_allow_is_an_error() {
    let halo = MockHalo::start().await;
    Mock::given(method("GET"))
        .and(path("/api/Users"))
        .respond_with(
            ResponseTemplate::new(400)
                .set_body_raw(r#""Invalid advanced search parameter""#, "application/json"),
        )
        .mount(halo.server())
        .await;
    let search = Conditions::new().equals(halo_client::schema::User::AZUREOID, "6f9e");
    let error = halo.client().users().list().advanced_search(search).all().await.expect_err("refused");
    assert_eq!(error.message(), "Invalid advanced search parameter");
}
