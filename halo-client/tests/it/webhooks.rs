//! Webhooks made, repaired and removed, against a mock that remembers.

use halo_client::resource::{Notifications, Webhooks};
use halo_client::test_util::{MockHalo, Store};
use halo_client::webhook::{Adjustment, Authentication, Event, WantedWebhook};

const URL: &str = "https://sync.example.com/hooks/halo";

fn wanted() -> WantedWebhook {
    WantedWebhook::new("sync", URL, Authentication::hmac("x-signature", "s3cret-key"))
        .on(Event::TICKET_UPDATED)
        .on(Event::TICKET_STATUS_CHANGED)
}

async fn halo(hooks: &[&str], notifications: &[&str]) -> (MockHalo, Store<Webhooks>, Store<Notifications>) {
    let halo = MockHalo::start().await;
    let hooks = halo.keep::<Webhooks>(hooks.iter().copied()).await;
    let notifications = halo.keep::<Notifications>(notifications.iter().copied()).await;
    (halo, hooks, notifications)
}

fn shown(adjustments: &[Adjustment]) -> Vec<String> {
    adjustments.iter().map(ToString::to_string).collect()
}

/// How many requests changed something.
async fn writes(halo: &MockHalo) -> usize {
    halo.requests().await.iter().filter(|line| !line.starts_with("GET")).count()
}

#[tokio::test]
async fn a_missing_webhook_is_made_once() {
    let (halo, hooks, notifications) = halo(&[], &[]).await;
    let client = halo.client();
    let compared = client.webhooks().compare(&wanted()).await.expect("compared");
    assert_eq!((compared.id(), writes(&halo).await), (None, 0));

    let first = client.webhooks().ensure(&wanted()).await.expect("ensured");
    assert_eq!(first.adjustments(), compared.adjustments());
    assert_eq!(
        shown(first.adjustments()),
        ["make the webhook", "subscribe to ticket updated (61)", "subscribe to ticket status changed (76)"]
    );
    assert_eq!(writes(&halo).await, 3);
    let hook = &hooks.raw_rows()[0];
    for part in [r#""authentication_type":3"#, r#""basic_password":"s3cret-key""#, r#""active":true"#] {
        assert!(hook.contains(part), "{hook}");
    }
    let id = first.id().expect("an id").as_str();
    for (row, event) in notifications.raw_rows().iter().zip([61, 76]) {
        for part in
            [format!(r#""webhook_id":"{id}""#), format!(r#""eventno":{event}"#), r#""type":-2"#.into()]
        {
            assert!(row.contains(&part), "{row}");
        }
    }

    let second = client.webhooks().ensure(&wanted()).await.expect("ensured");
    assert!(second.is_unchanged(), "{:?}", second.adjustments());
    assert_eq!((second.id(), writes(&halo).await), (first.id(), 3));
}

#[tokio::test]
async fn what_people_changed_is_repaired_and_others_webhooks_are_left_alone() {
    let other = r#"{"id":"OTHER","name":"other","url":"https://sync.example.com/hooks/halo","active":false}"#;
    let others = r#"{"id":9,"webhook_id":"OTHER","eventno":"39","type":"-2","delivery_method":"6"}"#;
    let (halo, hooks, notifications) = halo(
        &[
            other,
            r#"{"id":"ours","name":" sync ","url":"https://old.example.com","active":false,"method":"0","authentication_type":"3","authentication_header":"X-Signature","basic_password":"********","signature_prefix":null}"#,
            r#"{"id":"no-url","name":"another"}"#,
        ],
        &[
            others,
            // Ours by the case of Halo's ids, told to agents instead of the webhook, and wanted.
            r#"{"id":10,"webhook_id":"OURS","eventno":61.0,"type":"1","delivery_method":"6"}"#,
            // Doubled.
            r#"{"id":11,"webhook_id":"ours","eventno":61,"type":-2,"delivery_method":6}"#,
            // No longer wanted.
            r#"{"id":12,"webhook_id":"ours","eventno":39,"type":-2,"delivery_method":6,"condition_count":1}"#,
        ],
    )
    .await;
    let client = halo.client();
    let done = client.webhooks().ensure(&wanted()).await.expect("ensured");
    assert_eq!(
        shown(done.adjustments()),
        [
            "set url, active",
            "subscribe to ticket status changed (76)",
            "repair the subscription to ticket updated (61)",
            "end the subscription to ticket updated (61)",
            "end the subscription to ticket closed (39)",
        ]
    );
    assert!(client.webhooks().ensure(&wanted()).await.expect("ensured").is_unchanged());
    assert_eq!(hooks.len(), 3);
    assert_eq!(hooks.rows()[0].value().active, Some(false));
    assert_eq!(notifications.len(), 3);
    assert_eq!(notifications.rows()[0].value().eventno, Some(39));
    assert!(
        hooks.raw_rows()[1].contains(r#""basic_password":"s3cret-key""#),
        "a repair writes the secret too"
    );
}

#[tokio::test]
async fn a_changed_secret_is_written_when_it_is_shown_or_said() {
    let (halo, hooks, _) = halo(&[], &[]).await;
    let client = halo.client();
    client.webhooks().ensure(&wanted()).await.expect("ensured");
    let changed = WantedWebhook::new("sync", URL, Authentication::hmac("x-signature", "another"))
        .on(Event::TICKET_UPDATED)
        .on(Event::TICKET_STATUS_CHANGED);
    // This mock shows secrets.
    let done = client.webhooks().ensure(&changed).await.expect("ensured");
    assert_eq!(shown(done.adjustments()), ["set basic_password"]);
    // Real servers do not, so that only the caller knows.
    hooks.put(&hooks.raw_rows()[0].replace("another", ""));
    assert!(client.webhooks().ensure(&changed).await.expect("ensured").is_unchanged());
    let done = client.webhooks().ensure(&changed.with_new_secret()).await.expect("ensured");
    assert_eq!(shown(done.adjustments()), ["set basic_password"]);
    assert!(hooks.raw_rows()[0].contains("another"));
}

#[tokio::test]
async fn twins_are_removed_and_namesakes_are_not_guessed() {
    let ours = |id: &str| format!(r#"{{"id":"{id}","name":"sync","url":"{URL}"}}"#);
    let (mock, hooks, notifications) = halo(
        &[&ours("a"), &ours("b")],
        &[r#"{"id":1,"webhook_id":"b","eventno":61}"#, r#"{"id":2,"webhook_id":"a","eventno":61}"#],
    )
    .await;
    let done = mock.client().webhooks().ensure(&wanted()).await.expect("ensured");
    assert_eq!(done.id(), Some(&"a".into()));
    assert!(done.adjustments().contains(&Adjustment::RemoveTwin("b".into())));
    assert_eq!(hooks.len(), 1);
    assert!(!notifications.raw_rows().iter().any(|row| row.contains(r#""webhook_id":"b""#)));

    let elsewhere = |id: &str| format!(r#"{{"id":"{id}","name":"sync","url":"https://{id}.example.com"}}"#);
    let (mock, hooks, _) = halo(&[&elsewhere("a"), &elsewhere("b")], &[]).await;
    let error = mock.client().webhooks().ensure(&wanted()).await.expect_err("which one?");
    assert!(error.is_configuration() && error.to_string().contains("several webhooks"), "{error}");
    assert_eq!((writes(&mock).await, hooks.len()), (0, 2));
}

#[tokio::test]
async fn an_interrupted_run_is_finished_by_the_next() {
    let (halo, hooks, notifications) = halo(&[], &[]).await;
    let client = halo.client();
    client.webhooks().ensure(&wanted()).await.expect("ensured");
    let rows = notifications.raw_rows();
    for id in 1..=2 {
        assert!(notifications.take(id));
    }
    notifications.put(&rows[1]);
    let done = client.webhooks().ensure(&wanted()).await.expect("ensured");
    assert_eq!(shown(done.adjustments()), ["subscribe to ticket updated (61)"]);
    assert_eq!((hooks.len(), notifications.len()), (1, 2));
}

#[tokio::test]
async fn removal_takes_the_subscriptions_along_and_may_be_repeated() {
    let (halo, hooks, notifications) =
        halo(&[r#"{"id":"x","name":"other"}"#], &[r#"{"id":50,"webhook_id":"x","eventno":61}"#]).await;
    let client = halo.client();
    client.webhooks().ensure(&wanted()).await.expect("ensured");
    let done = client.webhooks().remove_named("sync").await.expect("removed");
    assert_eq!(done.adjustments().len(), 3);
    assert_eq!((hooks.len(), notifications.len()), (1, 1));
    assert!(client.webhooks().remove_named("sync").await.expect("removed").is_unchanged());
}

#[tokio::test]
async fn a_row_that_hides_its_webhook_is_read_in_full() {
    // A server that ignores the filter and lists rows without the webhook: ids 5 and 6 are of somebody else.
    let halo = MockHalo::start().await;
    let ours = format!(r#"{{"id":"a","name":"sync","url":"{URL}"}}"#);
    let _hooks = halo.keep::<Webhooks>([ours]).await;
    halo.list::<Notifications>([r#"{"id":5,"eventno":39}"#, r#"{"id":6,"eventno":61,"webhook_id":null}"#])
        .await;
    halo.record::<Notifications>(5, r#"{"id":5,"eventno":39,"webhook_id":"theirs"}"#).await;
    let done = halo.client().webhooks().compare(&wanted()).await.expect("compared");
    assert_eq!(
        shown(done.adjustments()),
        ["subscribe to ticket updated (61)", "subscribe to ticket status changed (76)"]
    );
}

#[tokio::test]
async fn a_wish_that_cannot_work_is_refused_before_anything_is_sent() {
    let (halo, ..) = halo(&[], &[]).await;
    let none = Authentication::none;
    let wishes = [
        (WantedWebhook::new(" ", URL, none()).on(Event::NEW_TICKET), "name"),
        (WantedWebhook::new("sync", "sync.example.com", none()).on(Event::NEW_TICKET), "address"),
        (WantedWebhook::new("sync", URL, none()), "event"),
        (
            WantedWebhook::new("sync", URL, Authentication::hmac("a b", "k")).on(Event::NEW_TICKET),
            "authentication",
        ),
        (WantedWebhook::new("sync", URL, Authentication::bearer("")).on(Event::NEW_TICKET), "authentication"),
    ];
    for (wish, word) in wishes {
        let error = halo.client().webhooks().ensure(&wish).await.expect_err(word);
        assert!(error.is_configuration() && error.to_string().contains(word), "{error}");
    }
    assert_eq!(halo.requests().await, [""; 0]);
}

#[tokio::test]
async fn secrets_stay_out_of_debug_and_of_what_a_server_quotes() {
    assert!(!format!("{:?}", wanted()).contains("s3cret"));
    let halo = MockHalo::start().await;
    halo.list::<Webhooks>([""; 0]).await;
    halo.refuses::<Webhooks>(400, r#""s3cret-key is too short""#).await;
    let error = halo.client().webhooks().ensure(&wanted()).await.expect_err("refused");
    assert!(error.is_invalid() && !format!("{error} {error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn the_delivery_history_is_listed_in_pages() {
    let halo = MockHalo::start().await;
    halo.list::<halo_client::resource::WebhookEvents>([
        r#"{"id":"e1","webhook_id":"a","responsestatus":204}"#,
    ])
    .await;
    let rows = halo.client().webhooks().deliveries("a").all().await.expect("listed");
    assert_eq!(rows[0].value().responsestatus, Some(204));
    assert_eq!(
        halo.requests().await[0],
        "GET /api/WebhookEvent?pageinate=true&page_size=100&page_no=1&webhook_id=a"
    );
}
