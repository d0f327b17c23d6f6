//! The export of all tickets without `halo-client`: reqwest, serde_json, and nothing that a careful programmer would add
//! later. What `halo-client/benches/list_100k` compares `export_tickets` with.
//!
//! Reads the same variables as the programs beside it: `HALO_RESOURCE_SERVER`, `HALO_AUTHORISATION_SERVER`, `HALO_TENANT`,
//! `HALO_CLIENT_ID`, `HALO_CLIENT_SECRET`. No limit, no retries, no second token, one list.

use std::collections::HashSet;
use std::error::Error;
use std::io::{self, BufWriter, Write};

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

#[derive(Deserialize)]
struct Page<'a> {
    record_count: u64,
    #[serde(borrow)]
    tickets: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Row {
    id: i64,
}

fn variable(name: &str) -> Result<String, Box<dyn Error>> {
    std::env::var(name).map_err(|_| format!("{name} is not set").into())
}

fn main() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run())
}

async fn run() -> Result<(), Box<dyn Error>> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let (id, secret) = (variable("HALO_CLIENT_ID")?, variable("HALO_CLIENT_SECRET")?);
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("scope", "all:standard"),
    ];
    let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let address =
        format!("{}/token?tenant={}", variable("HALO_AUTHORISATION_SERVER")?, variable("HALO_TENANT")?);
    let reply = http.post(address).header("content-type", "application/x-www-form-urlencoded").body(form);
    let token: Token = serde_json::from_slice(&reply.send().await?.error_for_status()?.bytes().await?)?;

    let base = variable("HALO_RESOURCE_SERVER")?;
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let (mut number, mut seen) = (1, HashSet::new());
    loop {
        let address =
            format!("{base}/Tickets?pageinate=true&page_size=100&page_no={number}&order=id&orderdesc=false");
        let reply = http.get(address).bearer_auth(&token.access_token).send().await?.error_for_status()?;
        let body = reply.bytes().await?;
        let page: Page<'_> = serde_json::from_slice(&body)?;
        for raw in &page.tickets {
            let row: Row = serde_json::from_str(raw.get())?;
            if seen.insert(row.id) {
                out.write_all(raw.get().as_bytes())?;
                out.write_all(b"\n")?;
            }
        }
        if page.tickets.len() < 100 || seen.len() as u64 >= page.record_count {
            break;
        }
        number += 1;
    }
    out.flush()?;
    Ok(())
}
