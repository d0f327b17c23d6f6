//! The marker of a create: how a record made by us is found again when the reply was lost.

use crate::hash::Hasher;
use crate::ids::{ItemId, Kind, PairId, Side, TicketId};
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

const PREFIX: &str = "HS1-";
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A text of 20 characters (`HS1-` and 16 characters of base 32, 80 bits of SHA-256) that is written into a
/// created record by the very call that creates it.
///
/// It is a pure function of the pair of tenants, the source side, the source id and the kind: no stored state is
/// needed to compute it again, it is the same on every machine, and it does not reveal the source id. Only where a
/// link has ended, by a person's word or because its tickets were gone, does the number of times enter as well.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Marker(Box<str>);

impl Marker {
    /// The marker of the ticket that is created for an item.
    #[must_use]
    pub fn for_item(pair: &PairId, item: &ItemId, kind: Kind) -> Self {
        Self::for_item_after(pair, item, kind, 0)
    }

    /// The same, after the item's link has ended `ended` times, taken back or not. The ticket of before still carries the
    /// marker of before, so what is made or linked next needs another one.
    #[must_use]
    pub fn for_item_after(pair: &PairId, item: &ItemId, kind: Kind, ended: usize) -> Self {
        Self::compute(pair, Side::Hit, item.as_str(), kind, ended)
    }

    /// The marker of the item that is created for a ticket (import from Halo).
    #[must_use]
    pub fn for_ticket(pair: &PairId, ticket: TicketId, kind: Kind) -> Self {
        Self::for_ticket_after(pair, ticket, kind, 0)
    }

    /// The same, after a person has ended a link of the ticket `ended` times, taken back or not: the item that was wrong
    /// carries the marker of before.
    #[must_use]
    pub fn for_ticket_after(pair: &PairId, ticket: TicketId, kind: Kind, ended: usize) -> Self {
        Self::compute(pair, Side::Halo, &alloc::format!("{ticket}"), kind, ended)
    }

    fn compute(pair: &PairId, source: Side, id: &str, kind: Kind, ended: usize) -> Self {
        let mut hasher = Hasher::new("marker");
        hasher.text(pair.as_str()).text(source.code()).text(id).text(kind.name());
        if ended > 0 {
            hasher.number(i64::try_from(ended).unwrap_or(i64::MAX));
        }
        let hash = hasher.finish_full();
        let mut text = String::from(PREFIX);
        for chunk in hash.0[..10].chunks_exact(5) {
            let bits = chunk.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
            for place in (0..8).rev() {
                text.push(char::from(ALPHABET[((bits >> (place * 5)) & 31) as usize]));
            }
        }
        Self(text.into())
    }

    /// Reads a marker of this or a later format from a text field of a record: surrounding white space is
    /// ignored, anything that does not look like a marker is nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (version, code) = text.split_once('-')?;
        let known = version.strip_prefix("HS")?;
        let digits = !known.is_empty() && known.bytes().all(|b| b.is_ascii_digit());
        (digits && code.len() == 16 && code.bytes().all(|b| ALPHABET.contains(&b))).then(|| Self(text.into()))
    }

    /// The text to write and to search for.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Marker({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depends_on_every_part_and_on_nothing_else() {
        let pair = PairId::from("acme|hit-1");
        let marker = Marker::for_item(&pair, &ItemId::from("42"), Kind::Opportunity);
        assert_eq!(marker, Marker::for_item(&pair, &ItemId::from("42"), Kind::Opportunity));
        assert_eq!(marker.as_str().len(), 20);
        assert_eq!(Marker::parse(&alloc::format!(" {marker}\n")), Some(marker.clone()));
        let others = [
            Marker::for_item(&pair, &ItemId::from("42"), Kind::Project),
            Marker::for_item(&pair, &ItemId::from("43"), Kind::Opportunity),
            Marker::for_item(&PairId::from("acme|hit-2"), &ItemId::from("42"), Kind::Opportunity),
            Marker::for_item_after(&pair, &ItemId::from("42"), Kind::Opportunity, 1),
            Marker::for_item_after(&pair, &ItemId::from("42"), Kind::Opportunity, 2),
            Marker::for_ticket(&pair, TicketId(42), Kind::Opportunity),
            Marker::for_ticket_after(&pair, TicketId(42), Kind::Opportunity, 1),
        ];
        assert!(others.iter().all(|other| *other != marker));
    }

    #[test]
    fn foreign_text_is_no_marker() {
        for text in
            ["", "PO-1234", "HS1-", "HS1-abcdefghijklmnop", "HSX-ABCDEFGHIJKLMNOP", "HS1-ABCDEFGHIJKLMNO1"]
        {
            assert_eq!(Marker::parse(text), None, "{text}");
        }
    }
}
