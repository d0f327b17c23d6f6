//! The clients and the integration against the sandbox, over sockets.
//!
//! This is the harness: a [`Desk`] is a sandbox, a folder with a configuration, and the real program `halo-hit` to run
//! in it. What the servers hold and counted is asked over HTTP, never from the program that is tested.

#![allow(clippy::unwrap_used, reason = "a harness that cannot work has to stop the test")]

mod configuration;
mod desk;
mod people;
mod scale;
pub mod served;
mod state;

pub use configuration::configuration;
pub use desk::{Desk, Ended, Size};
pub use people::People;
pub use scale::{Load, grow};
pub use state::{Pair, State};

/// The first page of the project: what it shows has to compile.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct FirstPage;
