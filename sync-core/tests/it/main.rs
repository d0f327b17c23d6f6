//! Tests of the public API, in one binary.

mod links;
mod plan_file;
mod properties;
mod settings;
mod unlinked;
mod world;
