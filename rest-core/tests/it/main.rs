//! The whole pipeline over a scripted transport in virtual time, and the reqwest transport over a socket.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod credentials;
mod leaks;
mod limits;
mod options;
mod retries;
mod sockets;

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use rest_core::client::{HttpClient, HttpClientBuilder};
use rest_core::decode::{self, DecodeError};
use rest_core::endpoint::{Endpoint, Idempotency, Payload};
use rest_core::error::Error;
use rest_core::test_util::{ManualClock, ReplayTransport};
use rest_core::{bytes, http};

/// An endpoint for tests: a method, and whether it may be repeated.
#[derive(Clone)]
struct Thing {
    method: Method,
    idempotency: Option<Idempotency>,
}

impl Thing {
    fn get() -> Self {
        Self { method: Method::GET, idempotency: None }
    }

    fn post() -> Self {
        Self { method: Method::POST, idempotency: None }
    }

    fn delete() -> Self {
        Self { method: Method::DELETE, idempotency: None }
    }

    fn idempotent(mut self) -> Self {
        self.idempotency = Some(Idempotency::Idempotent);
        self
    }
}

#[derive(Debug, Default, PartialEq, serde::Deserialize)]
struct Body {
    id: u64,
}

impl Endpoint for Thing {
    type Response = Body;

    fn method(&self) -> Method {
        self.method.clone()
    }

    fn template(&self) -> &'static str {
        "/things/{id}"
    }

    fn path(&self) -> Cow<'_, str> {
        "/things/1".into()
    }

    fn body(&self) -> Result<Option<Payload>, Error> {
        Ok((self.method == Method::POST).then(|| Payload::json_text(r#"{"id":1}"#)))
    }

    fn idempotency(&self) -> Idempotency {
        self.idempotency.unwrap_or_else(|| Idempotency::of(&self.method))
    }

    fn decode(&self, response: http::Response<Bytes>) -> Result<Body, DecodeError> {
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(Body::default());
        }
        decode::json(response.body())
    }
}

const OK: &str = r#"{"id":1}"#;

struct Stage {
    clock: ManualClock,
    server: ReplayTransport,
    client: HttpClient,
}

impl Stage {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(set: impl FnOnce(HttpClientBuilder) -> HttpClientBuilder) -> Self {
        let clock = ManualClock::new();
        let server = ReplayTransport::new(clock.clone());
        let builder = HttpClient::builder("https://api.example.com/v1/".parse().unwrap())
            .transport(server.clone())
            .clock(clock.clone())
            .seed(7);
        let client = set(builder).build().unwrap();
        Self { clock, server, client }
    }

    fn send(&self, thing: &Thing) -> Result<Body, Error> {
        self.clock.block_on(self.client.send(thing))
    }

    fn sent(&self) -> usize {
        self.server.requests().len()
    }
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
