//! From what was read to a plan.

mod input;

pub use input::PlanInput;
