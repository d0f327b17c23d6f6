//! The integration of HumanizeIT and HaloPSA as a library: configuration, storage, engine and commands.
//!
//! The program `halo-hit` is a thin shell over this library. See [`exit`] for how commands end, [`config`] for the
//! configuration file and [`storage`] for what is remembered between runs.

pub mod app;
pub mod check;
pub mod cli;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
pub mod engine;
pub mod exit;
mod home;
pub mod probe;
pub mod remote;
pub mod render;
pub mod secrets;
pub mod serve;
pub mod settings;
pub mod setup;
pub mod storage;
