#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[macro_use]
mod macros;

mod address;
mod arrival;
pub mod attachment;
mod auth;
mod change;
mod client;
mod custom_field;
pub mod endpoint;
mod error_body;
// Written by the generator in its final form. The cfg is for measuring what it costs: `halo-codegen without` writes the
// little that the rest of this crate needs.
#[rustfmt::skip]
#[cfg_attr(halo_without_generated, path = "../../target/halo-client-without/mod.rs")]
mod generated;
// Pages of documentation; not part of a program.
#[cfg(any(doc, doctest))]
pub mod guide;
mod id;
pub mod report;
mod required;
pub mod resource;
pub mod schema;
#[cfg(feature = "test-util")]
pub mod test_util;
pub mod value;
pub mod webhook;

pub use change::{AnyJson, IntoField, New, Patch, Settable};
pub use client::{
    Client, ClientBuilder, CompleteClientBuilder, Given, NeedsAuthorisationServer, NeedsCredentials,
    NeedsResourceServer, Provided,
};
pub use custom_field::{CustomFieldKey, CustomFields, HasCustomFields};
pub use id::{ActionKey, AnyKey, Entity, Id, Key, TextKey};
pub use resource::{Conditions, Handle, Saved};
pub use rest_core::client::CallOptions;
pub use rest_core::error::Error;
pub use rest_core::page::Page;
pub use rest_core::paging::{Pages, Resume, Rows};
pub use rest_core::record::{Field, Oddity, Record, Seen, Untyped};
pub use rest_core::{self, bytes, http, jiff, secrecy, serde_json, url};
