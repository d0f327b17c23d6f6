//! The seeded world: a believable managed service provider.

mod access;
mod catalogue;
mod hit;
mod names;
mod people;
mod stock;
mod tickets;
mod workflows;

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
    stock::fill_stock(&mut world.halo, &mut random, &clients);
    world
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::world::store::{int, text};

    #[test]
    fn equal_seeds_make_equal_worlds_and_others_do_not() {
        let all = |seed: u64| {
            let world = super::seed(&SeedOptions { seed, tickets: 200, items: 50, ..SeedOptions::default() });
            let tickets: Vec<_> = world.halo.tickets.iter().map(|(_, row)| row.clone()).collect();
            (tickets, world.hit.items.clone(), world.hit.clients.clone(), world.hit.api_key.clone())
        };
        assert_eq!(all(3), all(3));
        assert_ne!(all(3), all(4));
    }

    #[test]
    fn the_default_world_is_what_it_says() {
        for seed in 1..=20 {
            let world = super::seed(&SeedOptions { seed, ..SeedOptions::default() });
            let halo = &world.halo;
            assert_eq!(halo.tickets.len(), 1_500, "seed {seed}");
            let kinds = halo.tickets.iter().filter(|(_, t)| int(t, "tickettype_id") >= 21).count();
            assert!((210..=230).contains(&kinds), "seed {seed}: {kinds}");
            assert_eq!(
                (halo.roots["client"].len(), halo.roots["team"].len(), halo.roots["tickettype"].len()),
                (60, 4, 9)
            );
            assert_eq!(world.hit.items.len(), 300);
            let mut statuses: BTreeMap<&str, usize> = BTreeMap::new();
            for item in world.hit.items.values() {
                *statuses.entry(text(item, "status_id")).or_default() += 1;
            }
            assert_eq!(statuses.len(), 6, "seed {seed}: {statuses:?}");
            // Every ticket hangs together.
            for (_, ticket) in halo.tickets.iter() {
                for (field, root) in [
                    ("client_id", "client"),
                    ("site_id", "site"),
                    ("user_id", "users"),
                    ("status_id", "status"),
                ] {
                    assert!(halo.row(root, int(ticket, field)).is_some(), "{field} of {ticket:?}");
                }
            }
        }
    }

    #[test]
    fn every_size_can_be_made() {
        for (clients, tickets, items) in [(2, 0, 0), (3, 10, 5), (200, 3_000, 700)] {
            let world = super::seed(&SeedOptions { clients, tickets, items, ..SeedOptions::default() });
            assert!(world.halo.tickets.len() >= tickets);
            assert_eq!(world.hit.items.len(), items);
        }
    }
}
