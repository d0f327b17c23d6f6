//! Set-ups that are wrong, under the codes that `halo-hit check` gives them.
//!
//! Each code is a small list of cells of the world and what they are changed to. Undoing puts back what was
//! there, so codes combine and come off again.

mod codes;
mod list;

pub use self::list::Code;

use serde_json::{Value, json};

use crate::world::limiter::Limiter;
use crate::world::{Key, World};

/// One value of the world that a code may change.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Tenant,
    ApiKey,
    /// A whole row of a Halo root.
    HaloRow(&'static str, Key),
    /// A field of a row of a Halo root.
    HaloField(&'static str, Key, &'static str),
    HitAccount(&'static str),
    HitIntegration(&'static str),
    HitClient(String, &'static str),
    /// What a server says of itself against its nature.
    Oddity(&'static str),
    HitStatuses,
    HaloLimit,
}

impl Cell {
    fn read(&self, world: &World) -> Option<Value> {
        match self {
            Self::Tenant => Some(world.halo.tenant.as_str().into()),
            Self::ApiKey => Some(world.hit.api_key.as_str().into()),
            Self::HaloRow(root, key) => world.halo.root(root)?.get(key).cloned().map(Value::Object),
            Self::HaloField(root, key, field) => world.halo.root(root)?.get(key)?.get(*field).cloned(),
            Self::HitAccount(field) => world.hit.account.get(*field).cloned(),
            Self::HitIntegration(field) => world.hit.integration.get(*field).cloned(),
            Self::HitClient(id, field) => world.hit.clients.get(id)?.get(*field).cloned(),
            Self::Oddity(name) => world.oddities.get(*name).cloned(),
            Self::HitStatuses => Some(world.hit.statuses.iter().cloned().map(Value::Object).collect()),
            Self::HaloLimit => world.halo_limit.as_ref().map(|limit| {
                let (limit, seconds) = limit.admits();
                json!([limit, seconds])
            }),
        }
    }

    fn write(&self, world: &mut World, value: Option<Value>) {
        let row = match self {
            Self::Tenant => {
                world.halo.tenant = value.as_ref().and_then(Value::as_str).unwrap_or("").to_owned();
                return;
            }
            Self::ApiKey => {
                world.hit.api_key = value.as_ref().and_then(Value::as_str).unwrap_or("").to_owned();
                return;
            }
            Self::HaloRow(root, key) => {
                let store = world.halo.root_mut(root);
                match value {
                    Some(Value::Object(row)) => store.put(key.clone(), row),
                    _ => drop(store.remove(key)),
                }
                return;
            }
            Self::HitStatuses => {
                let rows = value.as_ref().and_then(Value::as_array).into_iter().flatten();
                world.hit.statuses = rows.filter_map(|row| row.as_object().cloned()).collect();
                return;
            }
            Self::HaloLimit => {
                let number =
                    |at: usize| value.as_ref()?.get(at)?.as_u64().and_then(|n| u32::try_from(n).ok());
                world.halo_limit =
                    number(0).zip(number(1)).map(|(limit, seconds)| Limiter::new(limit, seconds));
                return;
            }
            Self::HaloField(root, key, _) => world.halo.root_mut(root).get_mut(key),
            Self::Oddity(_) => Some(&mut world.oddities),
            Self::HitAccount(_) => Some(&mut world.hit.account),
            Self::HitIntegration(_) => Some(&mut world.hit.integration),
            Self::HitClient(id, _) => world.hit.clients.get_mut(id),
        };
        let (Some(row), Some(field)) = (row, self.field()) else { return };
        match value {
            Some(value) => row.insert(field.into(), value),
            None => row.remove(field),
        };
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::HaloField(_, _, field)
            | Self::HitAccount(field)
            | Self::HitIntegration(field)
            | Self::HitClient(_, field)
            | Self::Oddity(field) => Some(field),
            Self::Tenant | Self::ApiKey | Self::HaloRow(..) | Self::HitStatuses | Self::HaloLimit => None,
        }
    }
}

/// What is wrong now, and how it was.
#[derive(Debug, Default)]
pub struct Breakage {
    codes: Vec<Code>,
    before: Vec<(Cell, Option<Value>)>,
}

impl Breakage {
    /// What is wrong now.
    #[must_use]
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// Makes exactly these codes wrong; whatever else was wrong is put right. Tokens given out die, so that
    /// the next request meets the new state.
    pub fn set(&mut self, world: &mut World, codes: &[Code]) {
        for (cell, value) in self.before.drain(..).rev() {
            cell.write(world, value);
        }
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        codes.dedup();
        for code in &codes {
            // One after another: a later code builds on what an earlier one did.
            for (cell, value) in codes::cells(*code, world) {
                self.before.push((cell.clone(), cell.read(world)));
                cell.write(world, value);
            }
        }
        self.codes = codes;
        world.halo.expire_tokens();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{SeedOptions, seed};

    /// A world in which each code finds something to change: with a webhook, and with the rights that only some
    /// settings need.
    fn small() -> World {
        let mut world = seed(&SeedOptions { clients: 12, tickets: 40, items: 20, ..SeedOptions::default() });
        if let Value::Object(hook) = json!({"id": "hook-1", "active": true}) {
            world.halo.root_mut("webhook").put(Key::Text("hook-1".into()), hook);
        }
        let optional = ["reassign_tickets", "change_ticket_type", "edit_closed_tickets"];
        let claims = optional.map(|name| json!({"type": name, "value": "1"}));
        for (_, role) in world.halo.root_mut("roles").iter_mut() {
            if let Some(Value::Array(held)) = role.get_mut("claims") {
                held.extend(claims.clone());
            }
        }
        world
    }

    fn picture(world: &World) -> String {
        let about = (&world.hit, &world.halo.tenant, &world.oddities, &world.halo_limit);
        format!("{about:?} {:?} {:?}", world.halo.tickets.len(), {
            let rows = world.halo.roots.iter().map(|(name, store)| (name, store.iter().collect::<Vec<_>>()));
            rows.collect::<Vec<_>>()
        })
    }

    #[test]
    fn every_code_changes_something_and_comes_off_again() {
        let mut world = small();
        let whole = picture(&world);
        let mut breakage = Breakage::default();
        for code in Code::ALL.iter().copied().filter(|c| !c.only_at_start()) {
            breakage.set(&mut world, &[code]);
            assert_ne!(picture(&world), whole, "{}", code.name());
            breakage.set(&mut world, &[]);
            assert_eq!(picture(&world), whole, "{}", code.name());
        }
    }

    #[test]
    fn all_codes_together_come_off_again() {
        let mut world = small();
        let whole = picture(&world);
        let mut breakage = Breakage::default();
        breakage.set(&mut world, Code::ALL);
        breakage.set(&mut world, &[Code::AgentInactive, Code::ScopeMissing]);
        assert_eq!(breakage.codes(), [Code::AgentInactive, Code::ScopeMissing]);
        breakage.set(&mut world, &[]);
        assert_eq!(picture(&world), whole);
    }

    #[test]
    fn names_are_read_back() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.name()), Some(*code));
        }
    }
}
