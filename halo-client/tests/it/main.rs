//! The client against scripted servers.

mod bodies;
mod compile_fail;
mod connect;
mod lists;
mod requests;
mod writes;
