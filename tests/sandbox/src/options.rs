//! How a sandbox is started, and what it tells about itself.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::breakage::Code;
use crate::untrue::Untrue;
use crate::world::SeedOptions;

/// How a sandbox is started.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Which world, how large, and the rate limit of both sides.
    pub seed: SeedOptions,
    /// Where Halo listens; port 0 takes a free one.
    pub halo_addr: SocketAddr,
    /// Where HIT listens.
    pub hit_addr: SocketAddr,
    /// Share of requests that meet a random fault, 0 to 0.5.
    pub fault_rate: f64,
    /// Seed of the random faults.
    pub fault_seed: u64,
    /// What is wrong from the start.
    pub breaks: Vec<Code>,
    /// Beliefs about the two systems that are false here.
    pub untrue: Vec<Untrue>,
    /// What HIT offers; everything when none.
    pub hit_capabilities: Option<Vec<String>>,
    /// Seconds a Halo token lives; one hour when none.
    pub token_seconds: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        let loopback = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        Self {
            seed: SeedOptions::default(),
            halo_addr: loopback,
            hit_addr: loopback,
            fault_rate: 0.0,
            fault_seed: 1,
            breaks: Vec::new(),
            untrue: Vec::new(),
            hit_capabilities: None,
            token_seconds: None,
        }
    }
}

/// Where the sandbox is, and how to get in: the one line the program prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// Halo, with the application that has full rights.
    pub halo: HaloInfo,
    /// The application that logs in as the API-only agent with the least role.
    pub halo_integration: Application,
    /// HIT.
    pub hit: HitInfo,
    /// The control port.
    pub control: ControlInfo,
}

/// How to get into Halo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HaloInfo {
    /// `ORIGIN/api`.
    pub resource_server: String,
    /// `ORIGIN/auth`.
    pub authorisation_server: String,
    /// The tenant's name.
    pub tenant: String,
    /// Client id of the application with full rights.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
}

/// Credentials of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// The client id.
    pub client_id: String,
    /// The secret.
    pub client_secret: String,
}

/// How to get into HIT.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HitInfo {
    /// The base URL, whole.
    pub base_url: String,
    /// The API key.
    pub api_key: String,
}

/// The control port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlInfo {
    /// Its base URL.
    pub base_url: String,
}
