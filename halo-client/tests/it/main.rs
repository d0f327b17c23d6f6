//! The client against scripted servers.

mod attachments;
mod batch;
mod bodies;
mod compile_fail;
mod connect;
mod custom_fields;
mod endpoints;
mod everyday;
mod lean;
mod lists;
mod malformed;
mod mock;
mod paging;
mod promises;
mod reports;
mod requests;
mod webhooks;
mod writes;
