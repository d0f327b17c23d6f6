//! The crate from outside.

mod memory;
