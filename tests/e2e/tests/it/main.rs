//! The clients and the integration against the sandbox, over sockets.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has to fail")]

mod absence;
mod budgets;
mod built;
mod cancel;
mod capabilities;
mod clients;
mod converge;
mod cookbook;
mod faults;
mod first_day;
mod gate;
mod kill;
mod mistakes;
mod pairing;
mod past;
mod rows;
mod scale;
mod serve;
mod settings;
mod stop;
mod store;
mod story;
mod webhooks;

/// The program `halo-hit`.
const PROGRAM: &str = env!("CARGO_BIN_EXE_halo-hit-under-test");
