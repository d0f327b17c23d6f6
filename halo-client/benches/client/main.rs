//! What `halo-client` costs over plain `reqwest` and `serde_json`, against the same server, and how much memory a long
//! list takes.
//!
//! ```text
//! cargo bench -p halo-client --bench client
//! ```
//!
//! The arms take turns within every round, so that whatever else the machine does strikes both alike; what counts is
//! their ratio. The server is another process, for its memory not to be counted and its work to be on another core.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

mod memory;
mod server;

use std::time::{Duration, Instant};

use halo_client::Client;
use serde::Deserialize;

use self::server::Server;

/// The fields that a program may want of a ticket, as somebody writes them by hand: twenty of sixty-six.
#[derive(Deserialize)]
#[allow(dead_code, reason = "the bench reads them and looks at few")]
struct Row {
    id: i64,
    summary: Option<String>,
    details: Option<String>,
    status_id: Option<i64>,
    tickettype_id: Option<i64>,
    client_id: Option<i64>,
    client_name: Option<String>,
    site_id: Option<i64>,
    site_name: Option<String>,
    user_id: Option<i64>,
    user_name: Option<String>,
    agent_id: Option<i64>,
    team: Option<String>,
    priority_id: Option<i64>,
    category_1: Option<String>,
    dateoccurred: Option<String>,
    last_update: Option<String>,
    targetdate: Option<String>,
    hasbeenclosed: Option<bool>,
    estimate: Option<f64>,
}

#[derive(Deserialize)]
struct Envelope {
    record_count: u64,
    tickets: Vec<Row>,
}

/// By hand: no token to renew, no limit to keep, nothing repeated, unread fields thrown away.
struct Plain {
    http: reqwest::Client,
    origin: String,
}

impl Plain {
    async fn get(&self, path: &str) -> bytes::Bytes {
        let request = self.http.get(format!("{}/api{path}", self.origin)).bearer_auth("a-token");
        request.send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap()
    }

    async fn page(&self) -> usize {
        let body = self.get("/Tickets?pageinate=true&page_size=100&page_no=1").await;
        let page: Envelope = serde_json::from_slice(&body).unwrap();
        assert!(page.record_count > 0);
        page.tickets.len()
    }

    async fn one(&self) -> i64 {
        serde_json::from_slice::<Row>(&self.get("/Tickets/1").await).unwrap().id
    }
}

fn client(server: &Server) -> Client {
    Client::builder()
        .resource_server(format!("{}/api", server.origin))
        .authorisation_server(format!("{}/auth", server.origin))
        .credentials("an-id", "a-secret")
        .no_rate_limit()
        .build()
        .unwrap()
}

/// The same with a limit that is never reached: its accounting is part of the price.
fn limited(server: &Server) -> Client {
    Client::builder()
        .resource_server(format!("{}/api", server.origin))
        .authorisation_server(format!("{}/auth", server.origin))
        .credentials("an-id", "a-secret")
        .rate_limit(1_000_000, Duration::from_secs(60))
        .build()
        .unwrap()
}

async fn page(client: &Client) -> usize {
    client.tickets().list().rows_as::<Row>().first_page().await.unwrap().rows.len()
}

async fn one(client: &Client) -> i64 {
    client.tickets().get(1).row_as::<Row>().await.unwrap().value().id
}

/// The time of one turn: so many requests, one after the other.
macro_rules! turn {
    ($count:expr, $call:expr) => {{
        let start = Instant::now();
        for _ in 0..$count {
            std::hint::black_box($call.await);
        }
        start.elapsed().as_secs_f64() / f64::from($count) * 1e6
    }};
}

/// The middle of some numbers, and their range.
fn spread(numbers: &mut [f64]) -> (f64, f64, f64) {
    numbers.sort_by(f64::total_cmp);
    (numbers[numbers.len() / 2], numbers[0], numbers[numbers.len() - 1])
}

fn report(name: &str, arms: &mut [(&str, Vec<f64>)]) {
    let base = arms[0].1.clone();
    for (arm, times) in arms {
        // Rounds first, then the middle of them: a ratio compares turns that were next to each other.
        let mut ratios: Vec<f64> = times.iter().zip(&base).map(|(time, base)| time / base).collect();
        let (ratio, low, high) = spread(&mut ratios);
        let (time, ..) = spread(times);
        println!("{name:<16} {arm:<28} {time:>9.1} us   {ratio:>5.3} of plain ({low:.3} to {high:.3})");
    }
}

async fn compare(server: &Server) {
    const ROUNDS: usize = 31;
    let plain = Plain {
        http: reqwest::Client::builder().no_proxy().tcp_nodelay(true).build().unwrap(),
        origin: server.origin.clone(),
    };
    let (free, limited) = (client(server), limited(server));

    let mut arms =
        [("reqwest + serde_json", vec![]), ("halo-client, no limit", vec![]), ("halo-client, limit", vec![])];
    for round in 0..=ROUNDS {
        let times = [turn!(40, plain.page()), turn!(40, page(&free)), turn!(40, page(&limited))];
        // The first round warms up.
        if round > 0 {
            arms.iter_mut().zip(times).for_each(|((_, all), time)| all.push(time));
        }
    }
    report("list of 100", &mut arms);

    arms.iter_mut().for_each(|(_, times)| times.clear());
    for round in 0..=ROUNDS {
        let times = [turn!(200, plain.one()), turn!(200, one(&free)), turn!(200, one(&limited))];
        if round > 0 {
            arms.iter_mut().zip(times).for_each(|((_, all), time)| all.push(time));
        }
    }
    report("one record", &mut arms);
}

fn main() {
    if std::env::args().any(|argument| argument == server::SERVE) {
        return server::serve();
    }
    let server = Server::start();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // First, while nothing else has grown the process.
    runtime.block_on(memory::stream(&client(&server)));
    runtime.block_on(compare(&server));
}
