//! Webhook deliveries: is this one genuine, and which record may have changed?

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

use crate::types::{ClientId, EventId, EventType, ItemId, Version};
use crate::wire::{self, event::EventBody};

/// The name of the header that carries the signature.
pub const SIGNATURE_HEADER: &str = "HIT-Signature";

/// How far a delivery's time may be from the receiver's, either way, unless set otherwise.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// What a delivery says: something may have happened to this record. It carries no values, arrives at
/// least once and in any order: read the record.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The delivery; the same in every retry of it.
    pub id: EventId,
    /// What may have happened.
    pub kind: EventType,
    /// When, by the sender's clock.
    pub occurred_at: Option<Timestamp>,
    /// To which item.
    pub item_id: Option<ItemId>,
    /// To which client, or to whose item.
    pub client_id: Option<ClientId>,
    /// The version that the record had then.
    pub version: Option<Version>,
}

/// Why a delivery is refused. The text holds nothing of the delivery; answer 400 and no details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The signature header is missing a part or is not of the contract's form.
    #[error("the signature header is malformed")]
    Malformed,
    /// No secret gives this signature.
    #[error("the signature does not match")]
    Mismatch,
    /// The signature is right and too far from now: a replay, or a clock that is wrong.
    #[error("the delivery's time is too far from now")]
    Stale,
    /// The signature is right and the body is no event.
    #[error("the body is not an event")]
    Body,
}

/// Checks deliveries: HMAC-SHA256 over `t.body`, compared in constant time.
///
/// ```
/// use hit_client::webhook::{Refused, Verifier};
///
/// let verifier = Verifier::new("the webhook's secret".into());
/// let header = "t=1772357400,v1=00";                  // HIT-Signature
/// let body = br#"{"id":"ev_9","type":"roadmap_item.updated"}"#;
/// let now = jiff::Timestamp::from_second(1772357401)?; // from your clock
/// assert_eq!(verifier.verify(header, body, now), Err(Refused::Mismatch));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    secrets: Vec<SecretString>,
    tolerance: Duration,
}

impl Verifier {
    /// A verifier of deliveries signed with this secret. An empty one is none: anybody could sign with it, so every
    /// delivery is a [mismatch](Refused::Mismatch).
    pub fn new(secret: SecretString) -> Self {
        Self { secrets: vec![secret], tolerance: TOLERANCE }
    }

    /// Accepts this secret too: while a secret is being replaced, old deliveries are still on their way.
    #[must_use]
    pub fn also(mut self, secret: SecretString) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Sets how far a delivery's time may be from the receiver's, either way.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks a delivery and reads it. `signature` is the value of the header [`SIGNATURE_HEADER`], `body` the
    /// raw bytes, `now` the receiver's time.
    ///
    /// # Errors
    ///
    /// [`Refused`]; nothing is said about the body unless its signature is right.
    pub fn verify(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Event, Refused> {
        let mut stamp = None;
        let mut candidates = Vec::new();
        for pair in signature.split(',') {
            match pair.trim().split_once('=') {
                Some(("t", text)) if stamp.is_none() => stamp = Some(text),
                Some(("t", _)) | None => return Err(Refused::Malformed),
                Some(("v1", hex)) => candidates.extend(unhex(hex)),
                Some(_) => {}
            }
        }
        let stamp = stamp.ok_or(Refused::Malformed)?;
        if stamp.is_empty() || !stamp.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refused::Malformed);
        }
        let seconds: i64 = stamp.parse().map_err(|_| Refused::Malformed)?;
        if candidates.is_empty() {
            // Nothing that could be a signature is a wrong signature.
            return Err(Refused::Mismatch);
        }
        // Every secret and every candidate is tried, so that the time taken tells nothing about them.
        let mut genuine = false;
        for secret in self.secrets.iter().filter(|secret| !secret.expose_secret().is_empty()) {
            let signed = mac(secret, stamp, body);
            for candidate in &candidates {
                genuine |= signed.clone().verify_slice(candidate).is_ok();
            }
        }
        if !genuine {
            return Err(Refused::Mismatch);
        }
        let distance = now.as_second().abs_diff(seconds);
        if distance > self.tolerance.as_secs() {
            return Err(Refused::Stale);
        }
        wire::record::<EventBody>(body).map_err(|_| Refused::Body)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.secrets.len())
            .field("tolerance", &self.tolerance)
            .finish()
    }
}

/// The signature header of a delivery of `body` at `at`, as the server makes it. For servers in tests.
pub fn sign(secret: &SecretString, body: &[u8], at: Timestamp) -> String {
    let stamp = at.as_second().to_string();
    let mut header = format!("t={stamp},v1=");
    for byte in mac(secret, &stamp, body).finalize().into_bytes() {
        header.push(hex_digit(byte >> 4));
        header.push(hex_digit(byte & 15));
    }
    header
}

fn mac(secret: &SecretString, stamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = match Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) {
        Ok(mac) => mac,
        // HMAC takes keys of any length.
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    mac.update(stamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0')
}

/// 32 bytes out of 64 hex digits; `None` for anything else.
fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let nibble = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"id":"ev_9","type":"roadmap_item.updated","occurred_at":"2026-03-02T14:05:12.345Z","item_id":"it_101","client_id":"cl_17","version":7,"more":1}"#;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn verifier() -> Verifier {
        Verifier::new("first-secret-0000".into())
    }

    #[test]
    fn matches_an_independent_computation() {
        // Computed with `printf '1772357400.%s' '{}' | openssl dgst -sha256 -hmac key`.
        let header = sign(&"key".into(), b"{}", at(1_772_357_400));
        assert_eq!(header, EXPECTED);
    }

    const EXPECTED: &str = "t=1772357400,v1=f9bf49a628d1bfa5f9e738cf0335c53ed52686b56ef8ba42113c2955251cfaec";

    #[test]
    fn a_genuine_delivery_says_where_to_look() {
        let header = sign(&"first-secret-0000".into(), BODY, at(1000));
        let event = verifier().verify(&header, BODY, at(1000)).unwrap();
        assert_eq!(event.kind, EventType::ItemUpdated);
        assert_eq!(event.item_id, Some("it_101".into()));
        assert_eq!(event.version, Some(Version(7)));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let header = sign(&"first-secret-0000".into(), BODY, at(1000));
        for index in 0..BODY.len() {
            let mut body = BODY.to_vec();
            body[index] ^= 1;
            assert_eq!(verifier().verify(&header, &body, at(1000)), Err(Refused::Mismatch), "byte {index}");
        }
        let moved = header.replacen("t=1000", "t=1001", 1);
        assert_eq!(verifier().verify(&moved, BODY, at(1000)), Err(Refused::Mismatch));
    }

    #[test]
    fn five_minutes_either_way_and_no_second_more() {
        let header = sign(&"first-secret-0000".into(), BODY, at(1000));
        for now in [700, 1300] {
            assert!(verifier().verify(&header, BODY, at(now)).is_ok(), "{now}");
        }
        for now in [699, 1301] {
            assert_eq!(verifier().verify(&header, BODY, at(now)), Err(Refused::Stale), "{now}");
        }
    }

    #[test]
    fn one_of_several_signatures_and_secrets_suffices() {
        let new = sign(&"second-secret-000".into(), BODY, at(1000));
        let both = format!("{},v2=zz,v1={}", new, "0".repeat(64));
        assert!(verifier().verify(&both, BODY, at(1000)).is_err());
        assert!(verifier().also("second-secret-000".into()).verify(&both, BODY, at(1000)).is_ok());
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        let header = sign(&"".into(), BODY, at(1000));
        assert_eq!(Verifier::new("".into()).verify(&header, BODY, at(1000)), Err(Refused::Mismatch));
        assert_eq!(verifier().also("".into()).verify(&header, BODY, at(1000)), Err(Refused::Mismatch));
    }

    #[test]
    fn malformed_headers_are_refused_without_a_panic() {
        for header in
            ["", "t", "t=,v1=00", "v1=00", "t=+5,v1=00", "t=1,t=1,v1=00", "t=99999999999999999999,v1=00"]
        {
            assert_eq!(verifier().verify(header, BODY, at(1000)), Err(Refused::Malformed), "{header}");
        }
        for header in ["t=1", "t=1,v1=", "t=1,v1=zz", "t=1,v1=\u{e4}"] {
            assert_eq!(verifier().verify(header, BODY, at(1000)), Err(Refused::Mismatch), "{header}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", verifier()).contains("first-secret"));
    }
}
