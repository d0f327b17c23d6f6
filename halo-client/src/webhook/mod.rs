//! Deliveries of webhooks: is this one from our Halo, and what may have changed?
//!
//! ```
//! use halo_client::webhook::{Delivery, Verifier};
//! use http::HeaderMap;
//!
//! let verifier = Verifier::shared_header("x-halo-key", "s3cret")?;
//! let mut headers = HeaderMap::new();
//! headers.insert("x-halo-key", "s3cret".parse()?);
//! let body = br#"{"event": "Ticket Updated", "ticket": {"id": 4711, "summary": "New firewall"}}"#;
//!
//! verifier.verify(&headers, body)?;
//! let delivery = Delivery::parse(body)?;
//! assert_eq!(delivery.changes()[0].ticket(), Some(4711.into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Halo documents neither how often it repeats a delivery nor their order. Treat a delivery as a hint: read the
//! record anew, and keep a poll for what was never delivered.

mod delivery;
mod verify;

pub use delivery::{Change, Delivery};
pub use verify::{Encoding, Unverified, Verifier, VerifierError};
