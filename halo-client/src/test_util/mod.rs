//! Tools for tests of programs that use this crate. Feature `test-util`.
//!
//! - [`MockHalo`], a server on a loopback port: [`list`](MockHalo::list), [`record`](MockHalo::record),
//!   [`saves`](MockHalo::saves), [`deletes`](MockHalo::deletes) for each resource, [`keep`](MockHalo::keep) for one
//!   that remembers, [`answers`](MockHalo::answers) for any other call, [`refuses`](MockHalo::refuses),
//!   [`hides`](MockHalo::hides) and [`fails_next`](MockHalo::fails_next) for trouble.
//! - [`ReplayTransport`] and [`ManualClock`], a script without a port and time without waiting: hours pass at once.
//! - [`signed_delivery`], what Halo would send to a webhook receiver of yours.
//!
//! The guide shows a [service tested without Halo](crate::guide::testing).
//!
//! ```
//! use halo_client::resource::Tickets;
//! use halo_client::test_util::MockHalo;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), halo_client::Error> {
//! let halo = MockHalo::start().await;
//! halo.list::<Tickets>([r#"{"id": 1, "summary": "New firewall"}"#]).await;
//!
//! let tickets = halo.client().tickets().list().all().await?;
//! assert_eq!(tickets[0].value().summary.as_deref(), Some("New firewall"));
//! # Ok(()) }
//! ```

mod delivery;
mod mock;
mod store;

pub use delivery::signed_delivery;
pub use mock::MockHalo;
pub use rest_core::test_util::{ManualClock, Recorded, ReplayTransport, Reply};
pub use store::Store;
pub use wiremock;

use crate::{Client, CompleteClientBuilder};

/// A builder of clients for a [`ReplayTransport`]: complete, without rate limit, with repeatable jitter. The
/// first answer of the script must be a token, such as [`token`].
pub fn replayed(transport: &ReplayTransport, clock: &ManualClock) -> CompleteClientBuilder {
    Client::builder()
        .resource_server("https://acme.halopsa.test/api")
        .authorisation_server("https://acme.halopsa.test/auth")
        .tenant("acme")
        .credentials("client", "secret")
        .no_rate_limit()
        .transport(transport.clone())
        .clock(clock.clone())
        .seed(1)
}

/// A token for an hour.
pub fn token() -> Reply {
    Reply::json(r#"{"access_token":"token","token_type":"Bearer","expires_in":3600,"scope":"all"}"#)
}
