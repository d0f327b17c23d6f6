//! The pretended products over sockets.

mod halo;
mod http;
