//! What has to hold for any bytes that a server, or somebody who claims to be one, sends.
//!
//! Shared by the fuzz targets and by the crate's own tests. Every function takes any bytes and panics when a promise is
//! broken.

use hit_client::jiff::Timestamp;
use hit_client::rest_core::test_util::{ManualClock, ReplayTransport, Reply};
use hit_client::secrecy::SecretString;
use hit_client::webhook::{Refused, Verifier, sign};
use hit_client::{HitApi, HitClient, ItemQuery};

/// Deliveries of webhooks: unauthenticated bytes, and genuine ones with any body.
pub fn webhooks(data: &[u8]) {
    let secret = || SecretString::from("the secret of the webhook");
    let at = Timestamp::UNIX_EPOCH;
    let verifier = Verifier::new(secret());
    // The first line as the signature, the rest as the body.
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let body = data.get(end + 1..).unwrap_or_default();
    if let Ok(signature) = std::str::from_utf8(&data[..end]) {
        let refused = verifier.verify(signature, body, at);
        assert!(refused.is_err(), "nobody guesses a signature");
    }
    match verifier.verify(&sign(&secret(), data, at), data, at) {
        Ok(event) => drop(format!("{event:?}")),
        Err(why) => assert_eq!(why, Refused::Body, "a genuine delivery is refused for its content alone"),
    }
}

/// Answers of every kind of read, and refusals.
pub fn answers(data: &[u8]) {
    const STATUSES: [u16; 8] = [200, 200, 200, 400, 403, 409, 412, 500];
    const KEY: &str = "the api key";
    let Some((first, body)) = data.split_first() else { return };
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    let clock = ManualClock::new();
    let answer = Reply::status(status).body(body.to_vec()).header("content-type", "application/json");
    let server = ReplayTransport::with(clock.clone(), move |_| answer.clone());
    let base = "https://hit.example/api/v1".parse().expect("an address");
    let http = |http: hit_client::rest_core::client::HttpClientBuilder| {
        http.transport(server).clock(clock.clone()).seed(1)
    };
    let hit = HitClient::builder(base, KEY).http(http).build().expect("a client");
    clock.block_on(async {
        let errors = [
            hit.account().await.err(),
            hit.clients_page(None).await.err(),
            hit.team_members_page(None).await.err(),
            hit.statuses_page(None).await.err(),
            hit.items_page(&ItemQuery::default(), None).await.err(),
            hit.item(&"it_1".into()).await.err(),
            hit.integration().await.err(),
            hit.webhooks_page(None).await.err(),
        ];
        for error in errors.into_iter().flatten() {
            let shown = format!("{error} {error:?} {:?}", error.body());
            assert!(!shown.contains(KEY), "{shown}");
        }
    });
}
