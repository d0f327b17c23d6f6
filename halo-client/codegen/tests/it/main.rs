//! The generated API against the document and the model it comes from.

mod coverage;
mod diff;
mod source;
