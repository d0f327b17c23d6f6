//! Lists in all their shapes, over a real socket.

use halo_client::resource::{Agents, Statuses, Tickets, Webhooks};
use halo_client::schema::Ticket;
use halo_client::test_util::MockHalo;
use halo_client::test_util::wiremock::matchers::{method, path};
use halo_client::test_util::wiremock::{Mock, ResponseTemplate};

fn rows(count: usize) -> Vec<String> {
    (1..=count).map(|id| format!(r#"{{"id":{id},"summary":"Ticket {id}"}}"#)).collect()
}

#[tokio::test]
async fn a_stream_reads_all_pages_and_no_more() {
    let halo = MockHalo::start().await;
    halo.list::<Tickets>(rows(250)).await;
    let mut stream = halo.client().tickets().list().stream();
    let mut ids = Vec::new();
    while let Some(row) = stream.next().await {
        ids.push(row.expect("a row").value().id.expect("an id").get());
    }
    assert_eq!(ids, (1..=250).collect::<Vec<_>>());
    assert_eq!(stream.total(), Some(250));
    assert_eq!(halo.requests().await.len(), 3);
}

#[tokio::test]
async fn reading_goes_on_where_it_stopped() {
    let halo = MockHalo::start().await;
    halo.list::<Tickets>(rows(250)).await;
    let list = || halo.client().tickets().list().page_size(100);
    let mut pages = list().pages();
    pages.next().await.expect("a page").expect("readable");
    pages.next().await.expect("a page").expect("readable");
    let place = pages.resume_point().to_string().parse().expect("a place");
    let rest = list().resume(&place).all().await.expect("the rest");
    let last: Vec<i64> = rest.iter().filter_map(|row| row.value().id).map(halo_client::Id::get).collect();
    assert_eq!(last.last(), Some(&250));
    assert!(last.contains(&201), "no row is skipped");
}

#[tokio::test]
async fn bare_arrays_and_envelopes_are_one() {
    let halo = MockHalo::start().await;
    let bare = r#"[{"id":1,"name":"New","type":0},{"id":"9","name":"Closed","type":"0"}]"#;
    Mock::given(method("GET"))
        .and(path("/api/Status"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(bare, "application/json"))
        .mount(halo.server())
        .await;
    let statuses = halo.client().statuses().list().all().await.expect("statuses");
    assert_eq!(statuses[1].value().id, Some(9.into()));
    assert_eq!(statuses[1].value().type_, Some(0));

    let halo = MockHalo::start().await;
    halo.list::<Statuses>([r#"{"id":1}"#]).await;
    assert_eq!(halo.client().statuses().list().all().await.expect("statuses").len(), 1);

    // Agents: newer servers say `results`, others use names of their own.
    for key in ["results", "agents"] {
        let halo = MockHalo::start().await;
        let body = format!(r#"{{"record_count":1,"{key}":[{{"id":3,"name":"Ada"}}],"columns":[1,2]}}"#);
        Mock::given(method("GET"))
            .and(path("/api/Agent"))
            .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/json"))
            .mount(halo.server())
            .await;
        let agents = halo.client().agents().list().all().await.expect("agents");
        assert_eq!(agents[0].value().name.as_deref(), Some("Ada"), "{key}");
    }
    let halo = MockHalo::start().await;
    halo.list::<Agents>(Vec::<String>::new()).await;
    assert!(halo.client().agents().list().all().await.expect("none").is_empty());
}

#[tokio::test]
async fn a_bad_row_does_not_end_the_list() {
    let halo = MockHalo::start().await;
    halo.list::<Tickets>([r#"{"id":1}"#, r#""what?""#, r#"{"id":3,"summary":{"odd":true}}"#]).await;
    let mut stream = halo.client().tickets().list().stream();
    assert!(stream.next().await.expect("a row").is_ok());
    assert!(stream.next().await.expect("a row").expect_err("no record").is_bad_record());
    let third = stream.next().await.expect("a row").expect("a record");
    assert_eq!(third.value().summary, None);
    assert_eq!(third.oddities().iter().map(|odd| odd.field).collect::<Vec<_>>(), ["summary"]);
    assert!(third.get(Ticket::SUMMARY).is_odd());
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn rows_of_your_own() {
    #[derive(serde::Deserialize)]
    struct Row {
        id: u32,
    }
    let halo = MockHalo::start().await;
    halo.list::<Tickets>(rows(2)).await;
    let own = halo.client().tickets().list().rows_as::<Row>().all().await.expect("rows");
    assert_eq!(own.iter().map(|row| row.value().id).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(own[0].get(Ticket::SUMMARY).value().as_deref(), Some("Ticket 1"));
}

#[tokio::test]
async fn a_bad_row_as_an_error_shows_no_secrets() {
    #[derive(Debug, serde::Deserialize)]
    struct Strict {
        #[allow(dead_code)]
        missing: i64,
    }
    let halo = MockHalo::start().await;
    halo.list::<Webhooks>([r#"{"id":"1","basic_password":"hunter2","value":"s3cr3t-value"}"#]).await;
    let client = halo.client();
    client.http().redact("s3cr3t-value");
    let excerpt = r#"{"id":"1","basic_password":"[redacted]","value":"[redacted]"}"#;
    let list = || client.webhooks().list().rows_as::<Strict>();
    let error = list().all().await.expect_err("a bad row");
    assert_eq!((error.is_bad_record(), error.body()), (true, Some(excerpt)));
    let bad = list().first_page().await.expect("a page").rows.remove(0).expect_err("a bad row");
    assert_eq!(bad.into_error().body(), Some(excerpt));
}
