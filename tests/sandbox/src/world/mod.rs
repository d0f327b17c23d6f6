//! The world both pretended servers live in: records, clock, counters, the log of every write, and the
//! seed that fills them.

pub mod clock;
pub mod limiter;
pub mod seed;
pub mod state;
pub mod store;

pub use clock::Clock;
pub use seed::{SeedOptions, seed};
pub use state::{Actor, FieldChange, Handle, Side, World, WriteEvent, WriteKind};
pub use store::{Key, Row, Store};
