//! The real planner and executor against two simulated servers, under every schedule of faults.
//!
//! A *schedule* says what happens at each step: nothing special, the engine dies, a request or a reply is lost, a
//! request is applied late, a list is cut short, or something of the story happens just then: a person edits, decides
//! or approves, a record goes, a right is lost, another process takes over, the database is lost.
//! [`explore::exhaustive`] runs all schedules with at most `k` special steps, [`explore::random`] long runs with a
//! seed. Every person's edit is remembered outside of the engine; in the end it must be visible on both sides, be
//! replaced by an edit that knew it, give way by the field's own rule, or be part of a conflict.

#![allow(dead_code, reason = "shared between the tests and the proof example, which use different parts")]

pub(crate) mod ablations;
pub(crate) mod carry;
pub(crate) mod check;
#[cfg(test)]
mod checked;
pub(crate) mod chooser;
pub(crate) mod engine;
pub(crate) mod events;
pub(crate) mod explore;
mod fingerprint;
mod leads;
pub(crate) mod lives;
pub(crate) mod people;
pub(crate) mod requests;
pub(crate) mod scenario;
pub(crate) mod shrink;
pub(crate) mod stories;
#[cfg(test)]
mod tests;
mod trials;
mod watch;
pub(crate) mod world;
