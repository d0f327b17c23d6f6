//! No secret is shown: not by `Debug`, not by an error, even when the server sends it back.

use hit_client::webhook::Verifier;
use hit_client::{
    Change, EventType, HitApi as _, HitClient, IntegrationPatch, ItemQuery, NewWebhook, WebhookPatch,
};
use serde_json::json;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

const CANARY: &str = "canary-9f2b6c-secret";

#[test]
fn debug_shows_none() {
    let url: url::Url = "https://sync.example/hooks".parse().unwrap();
    let new = NewWebhook::new(url, [EventType::ItemUpdated]).secret(CANARY.into());
    let mut patch = WebhookPatch::new();
    patch.secret = Some(CANARY.into());
    let mut settings = IntegrationPatch::new();
    settings.connection.client_secret = Change::Set(CANARY.into());
    let builder = HitClient::builder("https://hit.example/api/v1".parse().unwrap(), CANARY);
    let shown = format!("{new:?} {patch:?} {settings:?} {builder:?} {:?}", Verifier::new(CANARY.into()));
    assert!(!shown.contains("canary"), "{shown}");
    let shown = format!("{:?}", builder.build().unwrap());
    assert!(!shown.contains("canary"), "{shown}");
}

#[tokio::test]
async fn a_server_that_echoes_the_key_is_silenced() {
    let server = MockServer::start().await;
    let echo = format!("The header was Bearer {CANARY}");
    let entry = json!({"code": "forbidden", "title": echo, "detail": echo, "field": CANARY});
    let errors = ResponseTemplate::new(403).set_body_json(json!({"errors": [entry]}));
    Mock::given(matchers::path("/account")).respond_with(errors).mount(&server).await;
    let garbage =
        ResponseTemplate::new(200).set_body_string(format!("{{\"id\": \"{CANARY}\", \"name\": 5}}"));
    Mock::given(matchers::any()).respond_with(garbage).mount(&server).await;
    let hit = HitClient::new(server.uri().parse().unwrap(), CANARY).unwrap();
    for error in [hit.account().await.unwrap_err(), hit.item(&"it_1".into()).await.unwrap_err()] {
        assert!(!said(&error).contains(CANARY), "{}", said(&error));
    }
}

/// Everything that an error says, its causes included.
fn said(error: &hit_client::Error) -> String {
    let mut shown = format!("{error} {error:?} {:?}", error.body());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        shown.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    shown
}

#[tokio::test]
async fn a_row_of_a_list_that_echoes_the_key_is_silenced() {
    // What cannot be read is named by its kind, and numbers with their digits.
    const DIGITS: &str = "846293057193";
    let server = MockServer::start().await;
    let body = format!("{{\"data\": [{{\"id\": {DIGITS}, \"name\": \"x\"}}], \"next_cursor\": null}}");
    Mock::given(matchers::any())
        .respond_with(ResponseTemplate::new(200).set_body_string(body))
        .mount(&server)
        .await;
    let hit = HitClient::new(server.uri().parse().unwrap(), DIGITS).unwrap();
    let query = ItemQuery::new();
    let lists = [
        hit.items_page(&query, None).await.unwrap().rows.remove(0).map(|_| ()),
        hit.clients_page(None).await.unwrap().rows.remove(0).map(|_| ()),
        hit.team_members_page(None).await.unwrap().rows.remove(0).map(|_| ()),
        hit.statuses_page(None).await.unwrap().rows.remove(0).map(|_| ()),
        hit.webhooks_page(None).await.unwrap().rows.remove(0).map(|_| ()),
    ];
    for row in lists {
        let error = row.unwrap_err();
        assert!(error.is_bad_record() && said(&error).contains("row 0"), "{error:?}");
        assert!(!said(&error).contains(DIGITS), "{}", said(&error));
    }
}

#[tokio::test]
async fn a_made_webhook_hides_its_secret() {
    let hit = hit_client::test_util::MemoryHit::example();
    let new = NewWebhook::new("https://sync.example/h".parse().unwrap(), [EventType::ItemUpdated]);
    let made = hit.create_webhook(&new.secret(CANARY.into()), None).await.unwrap();
    assert!(!format!("{made:?} {hit:?}").contains("canary"));
}
