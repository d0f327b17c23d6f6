//! The real planner and executor against two simulated servers, under every schedule of faults.
//!
//! A *schedule* says what happens at each step: nothing special, the engine dies, a request or a reply is lost, a
//! request is applied late, or a person edits a record just then. [`explore::exhaustive`] runs all schedules with at
//! most `k` special steps, [`explore::random`] long runs with a seed. Every person's edit is remembered; in the end
//! it must be visible on both sides, be replaced by a later edit, or be part of a conflict.

#![allow(dead_code, reason = "shared between the tests and the proof example, which use different parts")]

pub(crate) mod check;
pub(crate) mod chooser;
pub(crate) mod engine;
pub(crate) mod explore;
pub(crate) mod scenario;
#[cfg(test)]
mod tests;
pub(crate) mod world;
