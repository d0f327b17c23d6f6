//! What a delivery says may have changed.

use rest_core::decode::DecodeError;
use rest_core::record::{FieldValue, Record, Seen, Untyped};
use serde_json::value::RawValue;

use crate::Id;
use crate::schema::Ticket;

/// The content of a delivery.
///
/// The body's form depends on how the webhook is set up: a small object, the whole ticket, or a batch of
/// either. It is read for what it may be.
#[derive(Debug, Clone)]
pub struct Delivery {
    changes: Vec<Change>,
}

/// One record that may have changed.
#[derive(Debug, Clone)]
pub struct Change {
    event: Option<String>,
    id: Option<String>,
    ticket: Option<Id<Ticket>>,
    record: Option<Record<Ticket>>,
}

impl Delivery {
    /// Reads a body.
    ///
    /// # Errors
    /// Only when it is not a JSON object or a list of them. What is inside may be anything: a change without
    /// a ticket means that something happened, and that a poll is due.
    pub fn parse(body: &[u8]) -> Result<Delivery, DecodeError> {
        let text = rest_core::decode::text(body)?.trim();
        let changes = if text.starts_with('[') {
            let all: Vec<&RawValue> = rest_core::decode::from_text(text)?;
            all.into_iter().map(|one| Change::read(one.get())).collect::<Result<_, _>>()?
        } else {
            vec![Change::read(text)?]
        };
        Ok(Delivery { changes })
    }

    /// What may have changed, in the order of the body.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }
}

impl Change {
    fn read(text: &str) -> Result<Change, DecodeError> {
        let all: Record<Untyped> = Record::parse(text)?;
        let record: Option<Record<Ticket>> = all.get_named("ticket").value();
        // Receivers of others disagree on the names, so all that were seen are tried, the surest first. 0 names none.
        let candidates = [
            record.as_ref().and_then(|record| record.value().id),
            named(&all, "ticket_id"),
            named(&all, "object_id"),
        ];
        let ticket = candidates.into_iter().flatten().find(|id: &Id<Ticket>| id.get() > 0);
        Ok(Change {
            event: named(&all, "event").or_else(|| named(&all, "event_name")),
            id: named(&all, "id").or_else(|| named::<i64>(&all, "id").map(|id| id.to_string())),
            ticket,
            record,
        })
    }

    /// The ticket that may have changed. With an event about another kind of record the number can be
    /// that record's: read it before believing it.
    pub fn ticket(&self) -> Option<Id<Ticket>> {
        self.ticket
    }

    /// The name of what happened.
    pub fn event(&self) -> Option<&str> {
        self.event.as_deref()
    }

    /// The delivery's id, for recognising repetitions.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The ticket as it was sent. It may be older than what the server says now, and fields have the names
    /// of POST replies, which the field constants know.
    pub fn record(&self) -> Option<&Record<Ticket>> {
        self.record.as_ref()
    }
}

fn named<V: FieldValue>(record: &Record<Untyped>, name: &str) -> Option<V> {
    match record.get_named(name) {
        Seen::Value(value) => Some(value),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tickets(body: &str) -> Vec<Option<i64>> {
        let delivery = Delivery::parse(body.as_bytes()).expect("readable");
        delivery.changes().iter().map(|change| change.ticket().map(Id::get)).collect()
    }

    #[test]
    fn the_ticket_is_found_under_all_names() {
        assert_eq!(tickets(r#"{"ticket":{"id":7},"ticket_id":8,"object_id":9}"#), [Some(7)]);
        assert_eq!(tickets(r#"{"ticket":{},"ticket_id":"8"}"#), [Some(8)]);
        assert_eq!(tickets(r#"{"object_id":9.0}"#), [Some(9)]);
        assert_eq!(tickets(r#"{"ticket":null,"ticket_id":0}"#), [None]);
        assert_eq!(tickets(r#"{"ticket":{"id":0},"ticket_id":-1,"object_id":9}"#), [Some(9)]);
        assert_eq!(tickets(r#"[{"ticket_id":1},{"object_id":2},{}]"#), [Some(1), Some(2), None]);
    }

    #[test]
    fn the_sent_ticket_is_read_with_the_names_of_replies() {
        let body =
            br#"{"id":"d1","event":"Ticket Updated","ticket":{"id":7,"lastupdate":"2026-10-06T05:04:29"}}"#;
        let delivery = Delivery::parse(body).expect("readable");
        let change = &delivery.changes()[0];
        assert_eq!((change.id(), change.event()), (Some("d1"), Some("Ticket Updated")));
        let record = change.record().expect("a ticket");
        assert!(record.get(Ticket::LAST_UPDATE).value().is_some());
        assert!(record.value().last_update.is_some());
    }

    #[test]
    fn nonsense_is_an_error_and_surprises_are_not() {
        for body in ["", "x", "12", "\"hi\"", "[1]", "<html>"] {
            assert!(Delivery::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(tickets(r#"{"ticket":[1,2],"event":{"a":1}}"#), [None]);
    }
}
