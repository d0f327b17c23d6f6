//! The seeded world: a believable managed service provider.

mod catalogue;
mod hit;
mod names;
mod people;
mod tickets;

use super::clock::{DAY, SEED_END};

use super::limiter::Limiter;
use super::state::World;

/// The tenant's name.
pub const TENANT: &str = "northwind";

/// How large the world is, and which one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedOptions {
    /// Which world; equal seeds and sizes give equal worlds.
    pub seed: u64,
    /// Halo clients, the unassigned one among them.
    pub clients: usize,
    /// Halo tickets of all kinds.
    pub tickets: usize,
    /// HIT roadmap items.
    pub items: usize,
    /// Requests per seconds each side admits; none: no limit.
    pub rate_limit: Option<(u32, u32)>,
}

impl Default for SeedOptions {
    fn default() -> Self {
        Self { seed: 1, clients: 60, tickets: 1_500, items: 300, rate_limit: Some((500, 180)) }
    }
}

/// Makes the world of these options.
#[must_use]
pub fn seed(options: &SeedOptions) -> World {
    let mut world = World::empty(options.seed);
    world.halo_limit = options.rate_limit.map(|(limit, seconds)| Limiter::new(limit, seconds));
    world.hit_limit = world.halo_limit.clone();
    let mut random = fastrand::Rng::with_seed(options.seed);
    world.halo.tenant = TENANT.to_owned();
    catalogue::fill_configuration(&mut world.halo, &mut random, SEED_END - 900 * DAY);
    let clients = people::fill_clients(&mut world.halo, &mut random, options.clients);
    let mut tickets = tickets::Tickets::new(&mut world.halo, &mut random);
    // The items first: the mirrors made of them count among the tickets.
    hit::fill_hit(&mut world.hit, &mut tickets, &clients, TENANT, options.items);
    tickets.fill(&clients, options.tickets);
    world
}
