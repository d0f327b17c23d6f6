//! Sockets: the servers' listener, and the little HTTP client with which the servers call out.

pub mod client;
pub mod plug;

pub use client::{Outcome, post, request};
pub use plug::{Plug, Tapped};
