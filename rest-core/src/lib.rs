#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod auth;
pub mod client;
pub mod clock;
pub mod decode;
pub mod endpoint;
pub mod error;
pub mod limit;
pub mod page;
pub mod paging;
pub mod record;
pub mod retry;
mod sanitize;
#[cfg(any(test, feature = "test-util"))]
pub mod test_util;
pub mod transport;

pub use error::{Error, ErrorKind};
pub use {bytes, futures_core, http, jiff, secrecy, serde, serde_json, url};

/// The result of every call.
pub type Result<T, E = Error> = std::result::Result<T, E>;
