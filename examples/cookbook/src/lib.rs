//! What the programs share: where Halo is, read from the environment, and how a program ends.
//!
//! The recipes themselves are in `src/bin`, one idea each.

mod end;
mod environment;

pub use end::{Failure, finish, wait_for};
pub use environment::HaloAccess;
