//! What has to hold for any bytes that a server, or somebody who claims to be one, sends.
//!
//! Shared by the fuzz targets and by the crate's own tests, which feed it generated bodies and the corpus. Uses the
//! public interface alone. Every function takes any bytes and panics when a promise is broken.

use halo_client::resource::{Resource, Tickets};
use halo_client::rest_core::decode;
use halo_client::rest_core::page;
use halo_client::rest_core::record::integer_from_text;
use halo_client::schema::{
    Agent, Attachment, CustomField, Priority, Site, Ticket, User, Webhook, WebhookEvent,
};
use halo_client::test_util::{ManualClock, ReplayTransport, Reply, replayed, token};
use halo_client::value::{Decimal, QueryTime, Time};
use halo_client::webhook::{Delivery, Encoding, Hash, Verifier};
use halo_client::{CustomFields, Id, Record, Resume, Seen, Untyped};

/// The record reader: lists, single records, fields of every kind.
pub fn records(data: &[u8]) {
    if let Ok(page) = page::read::<Ticket, Ticket>(data, &Tickets::SHAPE) {
        for row in page.rows {
            match row {
                Ok(record) => look(&record),
                // What is shown of a bad row must be showable.
                Err(bad) => drop(format!("{bad:?} {}", bad.clone().into_error())),
            }
        }
    }
    if let Ok(record) = page::read_one::<Ticket, Ticket>(data) {
        look(&record);
    }
    let _ = page::read::<User, User>(data, &page::Shape::rows(&[]));
    let _ = page::read_one::<Agent, Agent>(data).map(|one| one.oddities());
    let _ = page::read_one::<Priority, Priority>(data).map(|one| one.oddities());
    let _ = page::read_one::<Attachment, Attachment>(data).map(|one| one.oddities());
    let _ = page::read_one::<WebhookEvent, WebhookEvent>(data).map(|one| one.oddities());
    let _ = page::read_one::<Untyped, Untyped>(data).map(|one| one.entries().len());
}

fn look(record: &Record<Ticket>) {
    let ticket = record.value();
    let _ = format!("{:?} {:?} {:?}", ticket.id, ticket.last_update, ticket.oppvalue);
    for odd in record.oddities() {
        let _ = format!("{} {}", odd.field, odd.raw);
    }
    // What was read is what was sent: the kept text reads the same again.
    let again: Record<Ticket> = Record::parse(record.raw_text()).expect("a record's own text is a record");
    assert_eq!(again.value().id, ticket.id);
    assert_eq!(again.oddities().len(), record.oddities().len());
    assert_eq!(again.entries().len(), record.entries().len());

    // `get` and the struct agree where the struct does not read "not set" into a value.
    if let Some(summary) = &ticket.summary {
        assert_eq!(record.get(Ticket::SUMMARY).as_value(), Some(summary));
    }
    if let Some(status) = ticket.status_id {
        assert_eq!(record.get(Ticket::STATUS_ID), Seen::Value(status));
    }
    let _ = record.get(Ticket::DATEOCCURRED);
    let _ = record.get(Ticket::HASBEENCLOSED);
    if let Seen::Value(fields) = record.get(Ticket::CUSTOMFIELDS) {
        for field in &fields {
            custom(field);
        }
        let all = CustomFields::of(record, Ticket::CUSTOMFIELDS).expect("they are there").set("CFx", 1);
        let patch = halo_client::Patch::<Ticket>::of(7).replace(Ticket::CUSTOMFIELDS, all);
        let body = patch.to_json().expect("what was read can be written");
        assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok(), "{body}");
    }
}

fn custom(field: &Record<CustomField>) {
    let _ = (field.value().id, field.oddities().len());
}

/// Points in time, as texts of a record and as parameters.
pub fn dates(data: &[u8]) {
    let Ok(text) = decode::text(data) else { return };
    let Ok(quoted) = serde_json::to_string(text) else { return };
    let record: Record<Ticket> =
        Record::parse(&format!("{{\"id\":1,\"dateoccurred\":{quoted},\"last_update\":{quoted}}}"))
            .expect("a record with a text");
    // Halo's "not set" is none in the struct, but nothing else is lost.
    if let Seen::Value(time) = record.get(Ticket::DATEOCCURRED) {
        assert_eq!(record.value().dateoccurred.is_none(), time.is_unset());
        let written = serde_json::to_string(&time).expect("a time can be written");
        let read: Time = serde_json::from_str(&written).expect("and read again");
        assert_eq!(read, time, "{written}");
        let asked = QueryTime::from(time).to_string();
        assert!(asked.ends_with('Z') && asked.is_ascii(), "{asked}");
    } else {
        assert!(record.value().dateoccurred.is_none());
    }
}

/// Numbers and ids, which servers send as integers, floats and texts.
pub fn numbers(data: &[u8]) {
    let Ok(text) = decode::text(data) else { return };
    if let Some(number) = Decimal::from_text(text) {
        let again = Decimal::from_text(number.as_str()).expect("a number's own text is a number");
        assert_eq!(again.to_scaled(2), number.to_scaled(2));
        if let Some(cents) = number.to_scaled(2) {
            assert_eq!(Decimal::from_scaled(cents, 2).to_scaled(2), Some(cents));
            assert_eq!(number.to_scaled_rounded(2), Some(cents), "what is exact is not rounded");
        }
        let _ = number.to_scaled_rounded(0);
        let written = serde_json::to_string(&number).expect("a number can be written");
        let read: Record<Ticket> = Record::parse(&format!("{{\"oppvalue\":{written}}}")).expect("a record");
        let read = read.get(Ticket::OPPVALUE).value().expect("and read again");
        assert_eq!(read.to_scaled(4), number.to_scaled(4), "{written}");
    }
    let _ = integer_from_text(text);
    if let Ok(id) = serde_json::from_str::<Id<Site>>(text) {
        let written = serde_json::to_string(&id).expect("an id can be written");
        assert_eq!(serde_json::from_str::<Id<Site>>(&written).expect("and read again"), id);
    }
    if let Ok(id) = serde_json::from_str::<Id<Webhook>>(text) {
        let written = serde_json::to_string(&id).expect("an id can be written");
        assert_eq!(serde_json::from_str::<Id<Webhook>>(&written).expect("and read again"), id);
    }
    if let Ok(place) = text.parse::<Resume>() {
        assert_eq!(place.to_string().parse::<Resume>().ok(), Some(place));
    }
    let embedded =
        format!("{{\"id\":{text},\"site_id\":{text},\"oppvalue\":{text},\"hasbeenclosed\":{text}}}");
    let _ = Record::<Ticket>::parse(&embedded).map(|record| look(&record));
}

/// Refusals through the whole pipeline: status, headers and body of the server's choice.
pub fn errors(data: &[u8]) {
    const STATUSES: [u16; 12] = [200, 302, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503];
    let Some((first, rest)) = data.split_first() else { return };
    let status = STATUSES[usize::from(*first) % STATUSES.len()];
    // A line as a header, if it can be one.
    let (wait, body) = match rest.iter().position(|byte| *byte == b'\n') {
        Some(end) if first & 0x80 != 0 => (&rest[..end], &rest[end + 1..]),
        _ => (&b""[..], rest),
    };
    let wait = std::str::from_utf8(wait).ok().filter(|text| http::HeaderValue::from_str(text).is_ok());
    let reply = || {
        let reply = Reply::status(status).body(body.to_vec());
        match wait {
            Some(wait) if !wait.is_empty() => reply.header("retry-after", wait),
            _ => reply,
        }
    };
    for as_token in [true, false] {
        let clock = ManualClock::new();
        let mut answered = 0;
        let script = {
            let (answer, token) = (reply(), token());
            move |_: &halo_client::test_util::Recorded| {
                answered += 1;
                if answered == 1 && !as_token { token.clone() } else { answer.clone() }
            }
        };
        let server = ReplayTransport::with(clock.clone(), script);
        let client = replayed(&server, &clock).build().expect("the settings are complete");
        if let Err(error) = clock.block_on(client.tickets().get(1).send()) {
            let shown = format!("{error} {error:?} {:?} {:?}", error.code(), error.body());
            assert!(!shown.contains("secret=") && error.message().len() < 4096, "{shown}");
            assert!(!error.message().chars().any(|c| c.is_control()), "{shown:?}");
        }
    }
}

/// Deliveries of webhooks: unauthenticated bytes from anywhere.
pub fn webhooks(data: &[u8]) {
    if let Ok(delivery) = Delivery::parse(data) {
        for change in delivery.changes() {
            let _ = (change.event(), change.id());
            if let Some(ticket) = change.ticket() {
                assert!(ticket.get() > 0);
            }
            if let Some(record) = change.record() {
                look(record);
            }
        }
    }
    // The first line as the proof, the rest as the body.
    let end = data.iter().position(|byte| *byte == b'\n').unwrap_or(data.len());
    let (proof, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let Ok(value) = http::HeaderValue::from_bytes(proof) else { return };
    let mut headers = http::HeaderMap::new();
    headers.insert("x-proof", value.clone());
    headers.insert(http::header::AUTHORIZATION, value);
    let mut verifiers = vec![
        Verifier::basic("user", "the password"),
        Verifier::bearer("the token"),
        Verifier::shared_header("x-proof", "the secret"),
    ];
    for encoding in [Encoding::Base64, Encoding::Hex] {
        for hash in [Hash::Sha256, Hash::Sha384, Hash::Sha512] {
            let verifier = Verifier::hmac("x-proof", "the key");
            verifiers.push(verifier.map(|one| one.with_encoding(encoding).with_hash(hash).with_prefix("v=")));
        }
    }
    for verifier in verifiers {
        let _ = verifier.expect("a verifier").verify(&headers, body);
    }
}
