//! Tests of the public API, in one binary.
#![allow(clippy::unwrap_used, clippy::type_complexity)] // tests: a panic is a failure, tables are tuples

mod creates;
mod exec;
mod fields;
mod gone;
mod imports;
mod link_backs;
mod links;
mod memory;
mod parted;
mod plan_file;
mod promotion;
mod properties;
mod runs;
mod schedules;
mod settings;
mod template;
mod undo;
mod unlinked;
mod values;
mod world;
mod writes;
