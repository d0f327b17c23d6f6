//! The mock server itself.

use std::borrow::Cow;

use bytes::Bytes;
use halo_client::resource::{Actions, Tickets, Webhooks};
use halo_client::rest_core::decode::DecodeError;
use halo_client::rest_core::endpoint::{Endpoint, Query};
use halo_client::schema::Ticket;
use halo_client::test_util::{MockHalo, signed_delivery};
use halo_client::webhook::{Authentication, Unverified};
use halo_client::{New, Patch};

#[tokio::test]
async fn a_kept_resource_remembers_what_clients_do() {
    let halo = MockHalo::start().await;
    let rows = (1..=150).map(|id| format!(r#"{{"id":{id},"summary":"t{id}","client_id":{}}}"#, 11 + id % 2));
    let tickets = halo.keep::<Tickets>(rows).await;
    let client = halo.client();
    assert_eq!(client.tickets().list().all().await.expect("a list").len(), 150);
    assert_eq!(client.tickets().list().client_id(12).all().await.expect("a list").len(), 75);

    let made = client.tickets().create(&New::<Ticket>::of("new")).await.expect("made");
    assert_eq!(made.id(), Some(151.into()));
    let patches = [1, 2].map(|id| Patch::<Ticket>::of(id).set(Ticket::SUMMARY, "changed"));
    assert_eq!(client.tickets().batch().update(patches).await.done(), 2);
    let read = client.tickets().get(1).await.expect("a ticket");
    assert_eq!(read.value().summary.as_deref(), Some("changed"));
    assert_eq!(read.value().client_id, Some(12.into()), "what was not written stays");

    client.tickets().delete(3).await.expect("deleted");
    assert!(client.tickets().get(3).await.expect_err("gone").is_not_found());
    assert!(client.tickets().delete(3).await.expect_err("gone").is_not_found());
    let nobody = Patch::<Ticket>::of(999).set(Ticket::SUMMARY, "x");
    assert!(client.tickets().update(&nobody).await.expect_err("unknown").is_not_found());
    assert_eq!(tickets.len(), 150);

    tickets.put(r#"{"id":2,"summary":"by a person"}"#);
    assert!(tickets.take(4));
    let read = client.tickets().get(2).await.expect("a ticket");
    assert_eq!(read.value().summary.as_deref(), Some("by a person"));
    assert!(client.tickets().get(4).await.expect_err("gone").is_not_found());
}

#[tokio::test]
async fn text_ids_are_made_up_too_and_routes_do_not_mix() {
    let halo = MockHalo::start().await;
    let hooks = halo.keep::<Webhooks>([""; 0]).await;
    let events = halo.keep::<halo_client::resource::WebhookEvents>([r#"{"id":"e"}"#]).await;
    let new = New::<halo_client::schema::Webhook>::of("a", "https://a.example");
    let saved = halo.client().webhooks().create(&new).await.expect("made");
    assert_eq!(saved.id().expect("an id").as_str().len(), 36);
    assert_eq!((hooks.len(), events.len()), (1, 1));
}

/// An endpoint that this crate does not have.
struct Version(i64);

impl Endpoint for Version {
    type Response = String;
    fn template(&self) -> &'static str {
        "/Version/{id}"
    }
    fn path(&self) -> Cow<'_, str> {
        format!("/Version/{}", self.0).into()
    }
    fn query(&self, query: &mut Query) {
        query.push("full", true);
    }
    fn decode(&self, response: http::Response<Bytes>) -> Result<String, DecodeError> {
        halo_client::rest_core::decode::json(response.body())
    }
}

#[tokio::test]
async fn any_endpoint_can_be_answered() {
    let halo = MockHalo::start().await;
    halo.answers(&Version(7), r#""2.250""#).await;
    halo.answers_with(&Version(8), 400, r#""no such version""#).await;
    let client = halo.client();
    assert_eq!(client.http().send(&Version(7)).await.expect("an answer"), "2.250");
    let error = client.http().send(&Version(8)).await.expect_err("refused");
    assert_eq!((error.is_invalid(), error.message()), (true, "no such version"));
    assert!(client.http().send(&Version(9)).await.expect_err("not mounted").is_not_found());
}

#[tokio::test]
async fn trouble_can_be_arranged() {
    let halo = MockHalo::start().await;
    halo.list::<Tickets>([r#"{"id":1}"#]).await;
    halo.hides::<Actions>(403, r#""no access""#).await;
    halo.fails_next(2, 503).await;
    let client = halo.client();
    assert_eq!(client.tickets().list().all().await.expect("repeated").len(), 1);
    assert_eq!(halo.requests().await.len(), 3);
    assert!(client.actions().list().ticket_id(1).all().await.expect_err("hidden").is_permission());
}

#[test]
fn deliveries_are_proven_in_every_way_that_is_checked() {
    let ways = [
        Authentication::basic("halo", "k"),
        Authentication::bearer("k"),
        Authentication::hmac("x-signature", "k"),
        Authentication::hmac("x-signature", "k").with_prefix("sha256="),
    ];
    for way in ways {
        let verifier = way.verifier().expect("a verifier").expect("something to check");
        let (headers, body) = signed_delivery(&way, r#"{"ticket_id":7}"#);
        assert_eq!(verifier.verify(&headers, &body), Ok(()), "{way:?}");
        assert_eq!(verifier.verify(&http::HeaderMap::new(), &body), Err(Unverified::Missing));
    }
    assert!(Authentication::none().verifier().expect("nothing wrong").is_none());
}
