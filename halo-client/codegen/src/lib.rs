//! Generates the typed HaloPSA API of `halo-client`.
//!
//! Three texts lie beside this crate:
//!
//! * `model/schemas.txt` and `model/operations.txt`, the *API model*: the names and types of Halo's
//!   API document and nothing else, derived by [`derive::derive`] from that document;
//! * `overrides.txt`, the one table of what we know better than the document: our names, other names
//!   of a field, what may be written and how a field is blanked, mistyped parameters.
//!
//! [`emit::emit`] turns them into the Rust files of `halo-client/src/generated`. Everything is sorted and
//! nothing depends on the machine, so the files can be checked against the model in any clone.

pub mod api;
pub mod derive;
pub mod diff;
pub mod emit;
mod endpoints;
pub mod model;
pub mod names;
pub mod overrides;
mod params;
mod resources;
pub mod subset;

/// What went wrong, in one sentence.
#[derive(Debug)]
pub struct Failure(pub String);

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// A [`Failure`] or a value.
pub type Result<T> = std::result::Result<T, Failure>;

/// Shorthand for an `Err` with a sentence.
pub(crate) fn fail<T>(text: impl Into<String>) -> Result<T> {
    Err(Failure(text.into()))
}
