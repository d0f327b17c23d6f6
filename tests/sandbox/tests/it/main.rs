//! The pretended products over sockets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod control;
mod faults;
mod halo;
mod hit;
mod http;
mod program;
mod support;
