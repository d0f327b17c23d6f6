//! A sandbox, and short ways to talk to it.

use std::time::Duration;

use sandbox::net::{self, Outcome};
use sandbox::world::SeedOptions;
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};

/// A small world without a rate limit.
pub(crate) fn small() -> Options {
    let seed =
        SeedOptions { clients: 20, tickets: 200, items: 60, rate_limit: None, ..SeedOptions::default() };
    Options { seed, ..Options::default() }
}

/// A sandbox with a small world.
pub(crate) async fn start() -> Sandbox {
    Sandbox::start(small()).await.unwrap()
}

const LIMIT: Duration = Duration::from_secs(5);

/// Sends a request with a token and a JSON body.
pub(crate) async fn send(
    method: &str,
    url: &str,
    token: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<Outcome, String> {
    let mut all: Vec<(String, String)> =
        headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    if !token.is_empty() {
        all.push(("Authorization".into(), format!("Bearer {token}")));
    }
    let text = body.map(Value::to_string).unwrap_or_default();
    if body.is_some() && !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type")) {
        all.push(("Content-Type".into(), "application/json".into()));
    }
    net::request(method, url, &all, &text, LIMIT).await
}

/// HIT's answer: status and body.
pub(crate) async fn hit(sandbox: &Sandbox, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let outcome = hit_full(sandbox, method, path, &[], body).await;
    (outcome.status, json_of(&outcome))
}

/// HIT's whole answer.
pub(crate) async fn hit_full(
    sandbox: &Sandbox,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<Value>,
) -> Outcome {
    let info = &sandbox.info().hit;
    send(method, &format!("{}{path}", info.base_url), &info.api_key, headers, body.as_ref()).await.unwrap()
}

/// A body as JSON, null when empty.
pub(crate) fn json_of(outcome: &Outcome) -> Value {
    if outcome.body.is_empty() { Value::Null } else { serde_json::from_str(&outcome.body).unwrap() }
}

/// The control port's answer.
pub(crate) async fn control(sandbox: &Sandbox, method: &str, path: &str, body: Option<Value>) -> Value {
    let url = format!("{}{path}", sandbox.info().control.base_url);
    let outcome = send(method, &url, "", &[], body.as_ref()).await.unwrap();
    assert_eq!(outcome.status, 200, "{}", outcome.body);
    json_of(&outcome)
}

/// A token of the integration's application.
pub(crate) async fn token(sandbox: &Sandbox) -> String {
    let info = sandbox.info();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}&scope=all:standard",
        info.halo_integration.client_id, info.halo_integration.client_secret
    );
    let url = format!("{}/token", info.halo.authorisation_server);
    let outcome = net::post(&url, "application/x-www-form-urlencoded", &[], &form, LIMIT).await.unwrap();
    json_of(&outcome)["access_token"].as_str().unwrap().to_owned()
}

/// Halo's answer to the integration.
pub(crate) async fn halo(
    sandbox: &Sandbox,
    token: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> Result<Outcome, String> {
    let url = format!("{}{path}", sandbox.info().halo.resource_server);
    send(method, &url, token, &[], body.as_ref()).await
}

/// The item of a status that has not changed for longest.
pub(crate) async fn some_item(sandbox: &Sandbox, status: &str) -> Value {
    let (_, page) = hit(sandbox, "GET", &format!("/roadmap-items?page_size=1&status={status}"), None).await;
    page["data"][0].clone()
}

/// What somebody else may write into a new opportunity.
pub(crate) fn opportunity(client: i64, summary: &str, marker: &str, item: &Value) -> Value {
    json!([{"tickettype_id": 21, "client_id": client, "summary": summary, "details_html": "<p>x</p>", "sendack": false,
        "new_external_link": {"third_party_id": marker, "third_party_type": "humanizeit", "third_party_desc": summary,
            "third_party_url": item["url"]}}])
}
