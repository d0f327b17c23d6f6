//! "Be told when an opportunity's status changes", over sockets: the webhook is made, the delivery is genuine, the record
//! says what happened, and the history knows it.

use std::time::Duration;

use e2e::{Desk, Size};
use halo_client::Patch;
use halo_client::http::{HeaderMap, HeaderName, HeaderValue};
use halo_client::schema::{Ticket, Webhook};
use halo_client::webhook::{Adjustment, Authentication, Delivery, Event, WantedWebhook};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{PROGRAM, clients};

/// Takes one POST and answers 204.
async fn take(listener: &TcpListener) -> (HeaderMap, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut raw = Vec::new();
    let mut buffer = [0_u8; 8192];
    loop {
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(read > 0, "the delivery ended early");
        raw.extend_from_slice(&buffer[..read]);
        let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        let headers: HeaderMap = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| {
                let name: HeaderName = name.trim().parse().unwrap();
                (name, HeaderValue::from_str(value.trim()).unwrap())
            })
            .collect();
        let length: usize = headers["content-length"].to_str().unwrap().parse().unwrap();
        if raw.len() >= end + 4 + length {
            stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
            return (headers, raw[end + 4..].to_vec());
        }
    }
}

#[tokio::test]
async fn a_change_of_an_opportunitys_status_is_told() {
    let desk = Desk::start(PROGRAM, &Size::default()).await;
    let client = clients::halo(&desk);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/halo", listener.local_addr().unwrap());
    let proof = Authentication::hmac("x-halo-signature", "a key that nobody guesses");
    let wanted = WantedWebhook::new("status watch", url, proof).on(Event::TICKET_STATUS_CHANGED);

    let done = client.webhooks().ensure(&wanted).await.unwrap();
    assert_eq!(done.adjustments(), [Adjustment::Create, Adjustment::Subscribe(Event::TICKET_STATUS_CHANGED)]);
    assert!(client.webhooks().ensure(&wanted).await.unwrap().is_unchanged());

    // Somebody switches it off; the next start repairs it.
    let id = done.id().unwrap().clone();
    client.webhooks().update(&Patch::<Webhook>::of(&id).set(Webhook::ACTIVE, false)).await.unwrap();
    let repaired = client.webhooks().ensure(&wanted).await.unwrap();
    assert_eq!(repaired.adjustments(), [Adjustment::Set(vec!["active"])]);

    // An opportunity moves on. Its workflow may refuse some statuses: the first that takes.
    let opportunity = client.opportunities().list().first_page().await.unwrap().rows.remove(0).unwrap();
    let (ticket, before) = (opportunity.value().id.unwrap(), opportunity.value().status_id.unwrap());
    let mut moved = false;
    for status in client.statuses().list().all().await.unwrap() {
        let status = status.value().id.unwrap();
        let patch = Patch::<Ticket>::of(ticket).set(Ticket::STATUS_ID, status);
        if status != before
            && let Ok(saved) = client.opportunities().update(&patch).await
            && saved.record().value().status_id == Some(status)
        {
            moved = true;
            break;
        }
    }
    assert!(moved, "no status could be set");

    let (headers, body) = tokio::time::timeout(Duration::from_secs(10), take(&listener)).await.unwrap();
    let verifier = wanted.verifier().unwrap().unwrap();
    assert_eq!(verifier.verify(&headers, &body), Ok(()));
    assert!(verifier.verify(&headers, b"another body").is_err());
    let delivery = Delivery::parse(&body).unwrap();
    assert_eq!(delivery.changes()[0].ticket(), Some(ticket));
    let record = client.tickets().get(ticket).includedetails(true).await.unwrap();
    assert_eq!(record.value().is_opportunity, Some(true));
    assert_ne!(record.value().status_id, Some(before));

    // The history is written once the answer has come.
    let mut history = Vec::new();
    for _ in 0..100 {
        history = client.webhooks().deliveries(&id).all().await.unwrap();
        if !history.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(history[0].value().responsestatus, Some(204));
    assert_eq!(history[0].value().entity_id, Some(ticket.get()));

    client.webhooks().remove_named("status watch").await.unwrap();
    assert!(client.webhooks().get(&id).await.unwrap_err().is_not_found());
}
