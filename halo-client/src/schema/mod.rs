//! Schemas: what records are made of.
//!
//! Every schema of Halo's API document is a type here, with one constant per property, such as
//! [`Ticket::CLIENT_REFERENCE`]. A constant reads the property from any [`Record`](crate::Record) of the schema
//! and writes it in a [`Patch`](crate::Patch) or [`New`](crate::New), where that is possible.
//!
//! The everyday schemas are structs with the fields most programs need, all optional: nothing is required on
//! the wire, and a list row leaves out much of what the detail says. What a struct reads as `None` because it
//! means "not set" (a year of 1980 or earlier, the agent or client with id 1), `get` still shows as it stands.
//! The other schemas are empty structs that may gain fields; their properties are read by constant.
//!
//! Names are ours where Halo's are opaque: [`Ticket`] is `Faults`, [`Client`] is `Area`, [`Agent`] is `Uname`,
//! [`Team`] is `SectionDetail`, [`Department`] is `Tree`.

mod access;
mod assets;
mod calendar;
mod contracts;
mod customers;
mod enums;
mod fields;
mod files;
mod hooks;
mod instance;
mod invoices;
mod knowledge;
mod sales;
mod setup;
mod staff;
mod tickets;

pub use access::*;
pub use assets::*;
pub use calendar::*;
pub use contracts::*;
pub use customers::*;
pub use enums::*;
pub use fields::*;
pub use files::*;
pub use hooks::*;
pub use instance::*;
pub use invoices::*;
pub use knowledge::*;
pub use sales::*;
pub use setup::*;
pub use staff::*;
pub use tickets::*;

pub use crate::generated::schemas::*;
#[doc(no_inline)]
pub use rest_core::record::Untyped;
