//! The program as a user runs it: its help, its complaints, its exit codes, and commands that need no network.

// Helpers are no test functions, where clippy allows it by itself.
#![allow(clippy::unwrap_used)]

mod check;
mod command_line;
mod decisions;
#[cfg(feature = "demo")]
mod demo;
mod mistakes;
mod pairing;
mod probe;
mod program;
mod setup;
mod ways_back;
