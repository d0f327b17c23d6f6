//! The engine: reading both systems, planning, carrying out.
//!
//! `sync_core` decides everything; this talks to servers, keeps what must be kept, and converts between the systems'
//! wire values and the planner's.

pub mod halo;
pub mod hit;
mod perform;
mod zone;

pub use perform::{Performer, Silent, Watch};
pub use zone::Zone;
