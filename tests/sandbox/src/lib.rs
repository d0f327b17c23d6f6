//! A local HaloPSA and a local HumanizeIT: in memory, seeded, with the real ones' manners.

pub mod halo;
pub mod world;
