//! The decision for one field of one link: a three-way merge against the pair base.
//!
//! A side has changed if it differs from its own half of the base. No clock, no order of events and no mapping takes
//! part in that. Pairs that are consistent under the mapping are left alone, so many-to-one maps cannot flip.

mod decide;
#[cfg(test)]
mod laws;
mod relation;
#[cfg(test)]
mod tests;

pub use decide::{Cell, Decided, Outcome, decide, keep, ways_out};
pub use relation::{Mapped, Relation, is_blank};
