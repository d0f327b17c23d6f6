//! Checks that a delivery of a webhook comes from our Halo, and tells which tickets may have changed.
//!
//! Shows: `halo_client::webhook`. No server is needed; save a delivery and try:
//!
//! ```text
//! export HALO_WEBHOOK_SECRET=the-webhook's-password
//! cargo run -p cookbook --bin verify_webhook -- hmac x-signature "x-signature: BASE64.." < body.json
//! cargo run -p cookbook --bin verify_webhook -- basic USER "authorization: Basic .." < body.json
//! cargo run -p cookbook --bin verify_webhook -- header x-key "x-key: .." < body.json
//! ```
//!
//! The arguments: how deliveries are proven, the header or the user of the proof, and the delivery's headers; its
//! body, byte by byte, on standard input. Exit codes: 0 genuine, 1 refused, 64 usage.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use cookbook::{Failure, finish};
use halo_client::http::{HeaderMap, HeaderName, HeaderValue};
use halo_client::webhook::{Delivery, Verifier};

fn main() -> ExitCode {
    finish(run())
}

fn run() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [way, name, headers @ ..] = arguments.as_slice() else {
        return Err(Failure::Usage(
            "verify_webhook hmac|basic|header NAME [\"HEADER: VALUE\"..] < BODY".into(),
        ));
    };
    // Never from the arguments: every process of the machine can read those.
    let secret = std::env::var("HALO_WEBHOOK_SECRET").unwrap_or_default();
    let verifier = match way.as_str() {
        "hmac" => Verifier::hmac(name, secret),
        "basic" => Verifier::basic(name, secret),
        "header" => Verifier::shared_header(name, secret),
        other => return Err(Failure::Usage(format!("{other:?} is none of hmac, basic and header."))),
    };
    let verifier = verifier.map_err(|error| {
        Failure::Usage(format!(
            "{error}; set HALO_WEBHOOK_SECRET, and name the header that the webhook uses."
        ))
    })?;
    let headers = headers.iter().map(|line| header(line)).collect::<Result<HeaderMap, Failure>>()?;
    // The signature covers the bytes as they came: parse them only afterwards, and never sign a re-written JSON.
    let mut body = Vec::new();
    io::stdin().lock().read_to_end(&mut body)?;

    verifier.verify(&headers, &body).map_err(|why| Failure::Failed(format!("refused: {why}")))?;

    let delivery =
        Delivery::parse(&body).map_err(|why| Failure::Failed(format!("genuine, but unreadable: {why}")))?;
    let mut out = io::stdout().lock();
    for change in delivery.changes() {
        let event = change.event().unwrap_or("something happened");
        match change.ticket() {
            // A hint, no more: deliveries are repeated, late and out of order. Read the ticket.
            Some(ticket) => writeln!(out, "genuine: {event}; read ticket {ticket} anew")?,
            None => writeln!(out, "genuine: {event}; it names no ticket, so poll for changes")?,
        }
    }
    Ok(())
}

/// Reads `Name: value`.
fn header(line: &str) -> Result<(HeaderName, HeaderValue), Failure> {
    let wrong = || Failure::Usage(format!("{line:?} is no header; write it as \"Name: value\"."));
    let (name, value) = line.split_once(':').ok_or_else(wrong)?;
    Ok((name.trim().parse().map_err(|_| wrong())?, value.trim().parse().map_err(|_| wrong())?))
}
