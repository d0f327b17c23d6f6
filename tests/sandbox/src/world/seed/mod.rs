//! The seeded world: a believable managed service provider.

use super::limiter::Limiter;
use super::state::World;

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
    world
}
