//! The clients and the integration against the sandbox, over sockets.

mod budgets;
mod capabilities;
mod clients;
mod converge;
mod cookbook;
mod faults;
mod kill;
mod mistakes;
mod story;

/// The program `halo-hit`.
const PROGRAM: &str = env!("CARGO_BIN_EXE_halo-hit-under-test");
