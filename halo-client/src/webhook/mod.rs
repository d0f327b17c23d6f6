//! Webhooks: make and repair them, check who sent a delivery, and read what may have changed.
//!
//! Halo sends what happens to an address of yours, if it has a *webhook* (where to, proven how) and for each event a
//! *notification* that points to it. [`ensure`](crate::Handle::ensure) keeps both as wanted:
//!
//! ```no_run
//! # async fn example(client: halo_client::Client, key: String) -> Result<(), Box<dyn std::error::Error>> {
//! use halo_client::webhook::{Authentication, Event, WantedWebhook};
//!
//! let proof = Authentication::hmac("x-halo-signature", key);
//! let wanted = WantedWebhook::new("roadmap sync", "https://sync.example.com/hooks/halo", proof)
//!     .on(Event::NEW_TICKET)
//!     .on(Event::TICKET_STATUS_CHANGED);
//!
//! let done = client.webhooks().ensure(&wanted).await?; // again at every start: nothing is done twice
//! for adjustment in done.adjustments() {
//!     println!("{adjustment}");
//! }
//! # Ok(()) }
//! ```
//!
//! A delivery is checked and then read for what it may be:
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
//! record anew, and keep a poll for what was never delivered. What was sent, and what your receiver answered, is in
//! [`deliveries`](crate::Handle::deliveries).

mod delivery;
mod event;
mod manage;
mod verify;
mod wanted;

pub use delivery::{Change, Delivery};
pub use event::Event;
pub use manage::{Adjustment, Ensured};
pub use verify::{Encoding, Hash, Unverified, Verifier, VerifierError};
pub use wanted::{Authentication, WantedWebhook};
