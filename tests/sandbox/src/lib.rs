//! A local HaloPSA and a local HumanizeIT: in memory, seeded, with the real ones' manners, and with faults
//! on demand. What they imitate and what they do not is in the README beside this crate.
//!
//! ```no_run
//! # async fn run() -> std::io::Result<()> {
//! let sandbox = sandbox::Sandbox::start(sandbox::Options::default()).await?;
//! println!("{}", sandbox.info().hit.base_url);
//! sandbox.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod breakage;
pub mod control;
pub mod faults;
pub mod halo;
pub mod hit;
pub mod net;
pub mod options;
mod start;
pub mod untrue;
pub mod world;

pub use options::{Info, Options};
pub use start::Sandbox;
