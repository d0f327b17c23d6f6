//! Tools for tests of programs that use this crate: a manual clock and a scripted transport.
//!
//! ```
//! use rest_core::client::{CallOptions, HttpClient};
//! use rest_core::test_util::{ManualClock, Reply, ReplayTransport};
//!
//! let clock = ManualClock::new();
//! let server = ReplayTransport::new(clock.clone());
//! server.push(Reply::status(503).header("retry-after", "60"));
//! server.push(Reply::json(r#"{"id": 1}"#));
//!
//! let client = HttpClient::builder("https://api.example.com".parse()?)
//!     .transport(server.clone())
//!     .clock(clock.clone())
//!     .build()?;
//! let request = rest_core::http::Request::get("/things/1").body(Default::default())?;
//! let answer = clock.block_on(client.raw(request, &CallOptions::new()))?;
//!
//! assert_eq!(answer.body().as_ref(), br#"{"id": 1}"#);
//! assert_eq!(server.requests().len(), 2);
//! assert!(clock.elapsed().as_secs() >= 60, "a virtual minute passed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock;
mod replay;

pub use self::clock::ManualClock;
pub use self::replay::{Recorded, ReplayTransport, Reply};
