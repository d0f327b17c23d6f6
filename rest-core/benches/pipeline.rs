//! What the policies cost per request over a transport that answers at once, and what reading a list costs
//! that keeps every row's JSON, beside serde_json reading the same bytes into the same struct.
//!
//! `cargo bench -p rest-core` prints times and allocations per iteration.

#![allow(missing_docs, clippy::unwrap_used)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use divan::{AllocProfiler, Bencher};
use futures_util::FutureExt as _;
use rest_core::auth::{Auth, Token, TokenSource};
use rest_core::client::HttpClient;
use rest_core::clock::{Clock, Moment, Sleep, Sleeping};
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Endpoint, Query};
use rest_core::error::Error;
use rest_core::limit::RateLimit;
use rest_core::page::{self, Shape};
use rest_core::record::Untyped;
use rest_core::transport::{Body, Transport, TransportError};
use rest_core::{bytes, http};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// Time stands still, so that only the policies are measured.
struct Still;

impl Clock for Still {
    fn now(&self) -> Moment {
        Moment::default()
    }

    fn wall(&self) -> std::time::SystemTime {
        std::time::SystemTime::UNIX_EPOCH
    }
}

impl Sleep for Still {
    fn sleep(&self, _: Duration) -> Sleeping {
        Box::pin(std::future::pending())
    }
}

struct Null;

#[async_trait::async_trait]
impl Transport for Null {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        black_box(request);
        Ok(http::Response::new(Body::full(Bytes::from_static(b"{}"))))
    }
}

struct Tokens;

#[async_trait::async_trait]
impl TokenSource for Tokens {
    async fn fetch(&self, _: &rest_core::auth::Exchange<'_>) -> Result<Token, Error> {
        Ok(Token::new("a-token-of-ordinary-length-0123456789").expires_in(Duration::from_secs(3600)))
    }
}

struct Get;

impl Endpoint for Get {
    type Response = usize;

    fn template(&self) -> &'static str {
        "/things/{id}"
    }

    fn path(&self) -> std::borrow::Cow<'_, str> {
        "/things/12".into()
    }

    fn query(&self, query: &mut Query) {
        query.push("details", true).push("size", 100);
    }

    fn decode(&self, response: http::Response<Bytes>) -> Result<usize, DecodeError> {
        Ok(response.body().len())
    }
}

fn base() -> url::Url {
    "https://api.example.com/v1".parse().unwrap()
}

/// Building the request, sending it and collecting the body, with no policy in between: what is not counted.
#[divan::bench]
fn bare_transport(bencher: Bencher<'_, '_>) {
    let base = base();
    let transport: Box<dyn Transport> = Box::new(Null);
    bencher.bench_local(|| {
        let request = Get.request(&base).unwrap();
        transport.send(request).now_or_never().unwrap().unwrap().into_body()
    });
}

/// The same through the whole pipeline: token cache, window, budget, timeouts, spans without a subscriber.
#[divan::bench]
fn all_policies(bencher: Bencher<'_, '_>) {
    let client = HttpClient::builder(base())
        .transport(Null)
        .clock(Still)
        .auth(Auth::tokens(Tokens))
        // Under a clock that stands still nothing leaves the window, so it must hold the whole run.
        .rate_limit(RateLimit::new(u32::MAX, Duration::from_secs(60)))
        .build()
        .unwrap();
    client.send(&Get).now_or_never().unwrap().unwrap();
    bencher.bench_local(|| client.send(&Get).now_or_never().unwrap().unwrap());
}

rest_core::lean! {
    /// Twenty typed fields of sixty-six.
    pub struct Lean as "row" {
        /// .
        id: i64 = "id",
        /// .
        summary: String = "summary",
        /// .
        details: String = "details",
        /// .
        status_id: i64 = "status_id",
        /// .
        type_id: i64 = "type_id",
        /// .
        client_id: i64 = "client_id",
        /// .
        client_name: String = "client_name",
        /// .
        site_id: i64 = "site_id",
        /// .
        site_name: String = "site_name",
        /// .
        user_id: i64 = "user_id",
        /// .
        user_name: String = "user_name",
        /// .
        agent_id: i64 = "agent_id",
        /// .
        team: String = "team",
        /// .
        priority_id: i64 = "priority_id",
        /// .
        category: String = "category",
        /// .
        opened: String = "opened",
        /// .
        updated: String = "updated",
        /// .
        target: String = "target",
        /// .
        closed: bool = "closed",
        /// .
        estimate: f64 = "estimate",
    }
}

/// The same fields as somebody writes them by hand.
#[derive(serde::Deserialize)]
#[allow(dead_code)]
struct Plain {
    id: Option<i64>,
    summary: Option<String>,
    details: Option<String>,
    status_id: Option<i64>,
    type_id: Option<i64>,
    client_id: Option<i64>,
    client_name: Option<String>,
    site_id: Option<i64>,
    site_name: Option<String>,
    user_id: Option<i64>,
    user_name: Option<String>,
    agent_id: Option<i64>,
    team: Option<String>,
    priority_id: Option<i64>,
    category: Option<String>,
    opened: Option<String>,
    updated: Option<String>,
    target: Option<String>,
    closed: Option<bool>,
    estimate: Option<f64>,
}

#[derive(serde::Deserialize)]
#[allow(dead_code)]
struct Envelope<T> {
    record_count: u64,
    rows: Vec<T>,
}

/// 100 rows of 66 keys and about 2 KB.
fn list() -> Bytes {
    let mut body = String::from(r#"{"record_count":100,"rows":["#);
    for id in 0..100 {
        if id > 0 {
            body.push(',');
        }
        write!(
            body,
            r#"{{"id":{id},"summary":"Replace the firewall of the {id}. branch office","details":"A longer text about what is to be done, with a line\nbreak and a \"quote\" in it, as people write them.","status_id":{},"type_id":29,"client_id":{},"client_name":"Northwind Traders {id}","site_id":{id},"site_name":"Head office","user_id":{id},"user_name":"Maria Anders","agent_id":7,"team":"Projects","priority_id":3,"category":"Network>Firewall","opened":"2026-10-06T05:04:29.23","updated":"2026-10-07T05:04:29.23","target":"2026-12-01T00:00:00","closed":false,"estimate":12.5"#,
            id % 9,
            id % 60
        )
        .unwrap();
        for field in 0..43 {
            write!(body, r#","unmodelled_{field}":"{} value {field}""#, "x".repeat(field % 7)).unwrap();
        }
        body.push_str(r#","customfields":[{"id":1,"name":"CFa","value":"1"},{"id":2,"name":"CFb","value":null},{"id":3,"name":"CFc","value":"text"}],"nothing":null,"more":{"a":[1,2,3]}}"#);
    }
    body.push_str("]}");
    body.into()
}

#[divan::bench_group]
mod list_of_100 {
    use super::*;

    /// The yardstick: bytes into a struct, the rest thrown away.
    #[divan::bench]
    fn serde_json_typed(bencher: Bencher<'_, '_>) {
        let body = list();
        bencher
            .counter(divan::counter::BytesCount::new(body.len()))
            .bench_local(|| serde_json::from_slice::<Envelope<Plain>>(black_box(&body)).unwrap());
    }

    /// The same struct, with every row's JSON kept and bad rows isolated.
    #[divan::bench]
    fn records_of_the_same_struct(bencher: Bencher<'_, '_>) {
        let body = list();
        let shape = Shape::rows(&["rows"]).with_total(&["record_count"]);
        bencher
            .counter(divan::counter::BytesCount::new(body.len()))
            .bench_local(|| page::read::<Untyped, Plain>(black_box(&body), &shape).unwrap());
    }

    /// A lean row: odd fields read as none besides.
    #[divan::bench]
    fn records_of_a_lean_row(bencher: Bencher<'_, '_>) {
        let body = list();
        let shape = Shape::rows(&["rows"]).with_total(&["record_count"]);
        bencher
            .counter(divan::counter::BytesCount::new(body.len()))
            .bench_local(|| page::read::<Lean, Lean>(black_box(&body), &shape).unwrap());
    }
}
