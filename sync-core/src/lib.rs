#![no_std]
#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

extern crate alloc;
#[cfg(any(test, feature = "ablation"))]
extern crate std;

pub mod base;
pub mod catalogue;
pub mod decision;
pub mod evidence;
pub mod exec;
pub mod field;
pub mod gate;
pub mod guard;
pub mod hash;
pub mod ids;
pub mod kernel;
pub mod learn;
pub mod marker;
pub mod matching;
mod parting;
pub mod plan;
pub mod planner;
pub mod record;
pub mod settings;
pub mod stamp;
pub mod text;
pub mod value;
