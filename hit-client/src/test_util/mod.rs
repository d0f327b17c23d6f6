//! For tests: a HumanizeIT in memory, and the behaviour that every [`HitApi`](crate::HitApi) must show.

mod memory;
pub mod suite;

pub use memory::MemoryHit;
