//! Plain HTTP beside our own clients: the sandbox's control port, and Halo with a token of its own.
//!
//! Whatever the demo claims about the servers is asked here, so that no total comes from the engine it is about.

use std::time::Duration;

use sandbox::{Info, net};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::check::Role;
use crate::exit::Failure;

/// Longer than any answer of a server in this process takes.
const PATIENCE: Duration = Duration::from_secs(15);

/// What one server has counted.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct SideCounts {
    pub(super) requests: u64,
    pub(super) writes: u64,
    pub(super) creates: u64,
    pub(super) updates: u64,
    pub(super) deletes: u64,
    pub(super) link_backs: u64,
    pub(super) duplicates: u64,
    pub(super) rate_limited: u64,
}

/// What both servers have counted.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(super) struct Counts {
    pub(super) halo: SideCounts,
    pub(super) hit: SideCounts,
    pub(super) customer_emails: u64,
    pub(super) lost_updates: u64,
    pub(super) people_field_changes: u64,
}

impl Counts {
    pub(super) fn writes(&self) -> u64 {
        self.halo.writes + self.halo.link_backs + self.hit.writes + self.hit.link_backs
    }

    pub(super) fn updates(&self) -> u64 {
        self.halo.updates + self.hit.updates
    }

    pub(super) fn duplicates(&self) -> u64 {
        self.halo.duplicates + self.hit.duplicates
    }

    pub(super) fn deletes(&self) -> u64 {
        self.halo.deletes + self.hit.deletes
    }

    pub(super) fn rate_limited(&self) -> u64 {
        self.halo.rate_limited + self.hit.rate_limited
    }
}

/// The control port, and Halo asked directly.
#[derive(Debug)]
pub(super) struct Control {
    info: Info,
}

impl Control {
    pub(super) fn new(info: Info) -> Self {
        Self { info }
    }

    /// What the servers have counted so far.
    pub(super) async fn counts(&self) -> Result<Counts, Failure> {
        let answer = self.ask("GET", "/counts", None).await?;
        serde_json::from_value(answer).map_err(|error| odd("/counts", &error.to_string()))
    }

    /// People at work; answers the ids of what they touched.
    pub(super) async fn edits(&self, edits: Value) -> Result<Vec<Value>, Failure> {
        let mut answer = self.ask("POST", "/edits", Some(json!({ "edits": edits }))).await?;
        match answer["results"].take() {
            Value::Array(results) => Ok(results.into_iter().map(|mut row| row["id"].take()).collect()),
            _ => Err(odd("/edits", "no results")),
        }
    }

    /// What is to go wrong next.
    pub(super) async fn faults(&self, wish: Value) -> Result<(), Failure> {
        self.ask("PUT", "/faults", Some(wish)).await.map(drop)
    }

    /// How often a scripted fault has struck so far.
    pub(super) async fn struck(&self, fault: &str) -> Result<u64, Failure> {
        let answer = self.ask("GET", "/faults", None).await?;
        Ok(answer["struck"][fault].as_u64().unwrap_or(0))
    }

    /// Exactly this is wrong with the set-up from now on.
    pub(super) async fn breaks(&self, codes: &[&str]) -> Result<(), Failure> {
        self.ask("PUT", "/break", Some(json!({ "codes": codes }))).await.map(drop)
    }

    /// The integration has this role in Halo from now on, and nothing more.
    pub(super) async fn role(&self, role: &Role) -> Result<(), Failure> {
        let role = serde_json::to_value(role).map_err(|error| odd("/role", &error.to_string()))?;
        self.ask("PUT", "/role", Some(role)).await.map(drop)
    }

    /// The number of the next write by anybody.
    pub(super) async fn log_end(&self) -> Result<u64, Failure> {
        let answer = self.ask("GET", "/log?since=1000000000", None).await?;
        answer["next"].as_u64().ok_or_else(|| odd("/log", "no number"))
    }

    /// The tickets that the integration has made since a place in the log, oldest first.
    pub(super) async fn made_since(&self, since: u64) -> Result<Vec<i64>, Failure> {
        let answer = self.ask("GET", &format!("/log?since={since}"), None).await?;
        let events = answer["events"].as_array().cloned().unwrap_or_default();
        let ours = events.iter().filter(|event| {
            event["side"] == "halo"
                && event["actor"] == "integration"
                && event["kind"] == "create"
                && event["resource"] == "tickets"
        });
        Ok(ours.filter_map(|event| event["record"].as_str()?.parse().ok()).collect())
    }

    /// How many writes the product itself has made since a place in the log, in words of the log.
    pub(super) async fn product_made_since(&self, since: u64) -> Result<Vec<i64>, Failure> {
        let answer = self.ask("GET", &format!("/log?since={since}"), None).await?;
        let events = answer["events"].as_array().cloned().unwrap_or_default();
        let made = events.iter().filter(|event| {
            event["side"] == "halo" && event["actor"] == "product" && event["kind"] == "create"
        });
        Ok(made.filter_map(|event| event["record"].as_str()?.parse().ok()).collect())
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.info.control.base_url);
        let headers = [("Content-Type".to_owned(), "application/json".to_owned())];
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let answer = net::request(method, &url, &headers, &body, PATIENCE).await;
        let answer = answer.map_err(|why| odd(path, &why))?;
        if answer.status != 200 {
            return Err(odd(path, &format!("status {}: {}", answer.status, answer.body)));
        }
        serde_json::from_str(&answer.body).map_err(|error| odd(path, &error.to_string()))
    }

    /// A token of the integration's own application, fetched without our client; with the scopes it holds.
    pub(super) async fn token(&self) -> Result<(String, String), Failure> {
        let (halo, application) = (&self.info.halo, &self.info.halo_integration);
        let url = format!("{}/token?tenant={}", halo.authorisation_server, halo.tenant);
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=all%3Astandard",
            application.client_id, application.client_secret
        );
        let answer = net::post(&url, "application/x-www-form-urlencoded", &[], &form, PATIENCE).await;
        let answer = answer.map_err(|why| odd("/token", &why))?;
        let answer: Value =
            serde_json::from_str(&answer.body).map_err(|error| odd("/token", &error.to_string()))?;
        let word = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
        Ok((word("access_token"), word("scope")))
    }

    /// Asks Halo directly, without our client.
    pub(super) async fn halo(&self, token: &str, path: &str) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.info.halo.resource_server);
        let headers = [("Authorization".to_owned(), format!("Bearer {token}"))];
        let answer = net::request("GET", &url, &headers, "", PATIENCE).await;
        let answer = answer.map_err(|why| odd(path, &why))?;
        if answer.status != 200 {
            return Err(odd(path, &format!("status {}", answer.status)));
        }
        serde_json::from_str(&answer.body).map_err(|error| odd(path, &error.to_string()))
    }

    /// Asks HumanizeIT directly, without our client.
    pub(super) async fn hit(&self, path: &str) -> Result<Value, Failure> {
        let url = format!("{}{path}", self.info.hit.base_url);
        let headers = [("Authorization".to_owned(), format!("Bearer {}", self.info.hit.api_key))];
        let answer = net::request("GET", &url, &headers, "", PATIENCE).await;
        let answer = answer.map_err(|why| odd(path, &why))?;
        serde_json::from_str(&answer.body).map_err(|error| odd(path, &error.to_string()))
    }
}

fn odd(path: &str, why: &str) -> Failure {
    Failure::other(
        "sandbox_odd",
        format!("the sandbox answered {path} in an unexpected way ({why})"),
        "please report this, with the seed",
    )
}
