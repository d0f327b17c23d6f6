//! Webhooks: two rows to subscribe, signed deliveries, and their log.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::Halo;

/// Takes one request and answers 204.
async fn take(listener: &TcpListener) -> (String, Vec<u8>) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut raw = Vec::new();
    let mut buffer = [0_u8; 8192];
    loop {
        let n = stream.read(&mut buffer).await.unwrap();
        raw.extend_from_slice(&buffer[..n]);
        let Some(end) = raw.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&raw[..end]).into_owned();
        let length =
            head.lines().find_map(|l| l.strip_prefix("Content-Length: ")).unwrap().parse::<usize>().unwrap();
        if raw.len() >= end + 4 + length {
            stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").await.unwrap();
            return (head, raw[end + 4..].to_vec());
        }
    }
}

#[tokio::test]
async fn deliveries_are_signed_and_logged() {
    let halo = Halo::start().await;
    let api = halo.integration().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks/halo", listener.local_addr().unwrap());
    let hook = api
        .post("/api/Webhook", json!([{"name": "sync", "url": url, "active": true, "method": 0, "type": 0, "authentication_type": "3", "authentication_header": "Token", "basic_password": "a secret"}]))
        .await
        .json();
    let hook_id = hook["id"].as_str().unwrap();
    assert_eq!(hook_id.len(), 36);
    // A webhook alone sends nothing: it takes a subscription.
    for event in ["61", "76"] {
        let made = api
            .post(
                "/api/Notification",
                json!([{"webhook_id": hook_id, "type": "-2", "delivery_method": "6", "eventno": event}]),
            )
            .await;
        assert_eq!(made.status, 201);
    }
    let id = api.create(json!([{"summary": "x", "client_id": 12, "tickettype_id": 31}])).await;
    api.post("/api/Tickets", json!([{"id": id, "summary": "y"}])).await;

    let (head, body) = take(&listener).await;
    let mut mac = Hmac::<Sha256>::new_from_slice(b"a secret").unwrap();
    mac.update(&body);
    let expected = format!("Token: {}", STANDARD.encode(mac.finalize().into_bytes()));
    assert!(head.lines().any(|line| line == expected), "{head}");
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        (&told["object_id"], &told["ticket"]["summary"], &told["webhook_id"]),
        (&json!(id), &json!("y"), &json!(hook_id))
    );
    assert!(told["ticket"].get("last_update").is_none());

    // The log is written when the answer has come.
    let mut log = Value::Null;
    for _ in 0..100 {
        log = api.get(&format!("/api/WebhookEvent?webhook_id={hook_id}&pageinate=true")).await.json();
        if log["record_count"] == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(
        (&log["events"][0]["responsestatus"], &log["events"][0]["entity_id"]),
        (&json!(204), &json!(id))
    );
    assert!(!log.to_string().contains("a secret"));
    assert_eq!(api.send("DELETE", &format!("/api/Webhook/{hook_id}"), b"").await.status, 200);
    assert_eq!(api.get("/api/Notification").await.json(), json!([]));
}
