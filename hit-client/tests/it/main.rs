//! The crate from outside.

#![allow(clippy::unwrap_used)] // helpers of tests are tests too

mod client;
mod malformed;
mod memory;
mod secrets;
mod server;
