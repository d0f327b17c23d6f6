//! A typed client for the assumed HumanizeIT API.

#![forbid(unsafe_code)]

pub mod api;
pub mod error;
mod lists;
#[cfg(feature = "test-util")]
pub mod test_util;
mod types;
pub mod webhook;
mod wire;

pub use api::{Cursor, HitApi, IdempotencyKey, ItemQuery, Page};
pub use error::{Error, Result};
pub use lists::HitApiExt;
pub use rest_core::record::Seen;
pub use types::*;
pub use {futures_core, http, jiff, secrecy, url};
