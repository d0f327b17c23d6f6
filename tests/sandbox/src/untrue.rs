//! Beliefs about the two systems that the sandbox can be told to make false, by their numbers in ASSUMPTIONS.md, so that
//! whoever probes for them is seen to notice.

use serde_json::json;

use crate::world::{Key, World};

/// A belief that is false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Untrue {
    /// `/AuthInfo` does not name the tenant.
    H12,
    /// Halo's own currency cannot be told from its list.
    H15,
    /// The filter of external links by `third_party_id` is ignored.
    H21,
    /// Agent 1 is a person.
    H24,
    /// Ticket types do not say what they are for.
    H34,
    /// The filter of tickets by time of change is ignored.
    H37,
    /// HIT has another name for a status.
    T2,
}

impl Untrue {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::H12, Self::H15, Self::H21, Self::H24, Self::H34, Self::H37, Self::T2];

    /// Its number in ASSUMPTIONS.md.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::H12 => "H12",
            Self::H15 => "H15",
            Self::H21 => "H21",
            Self::H24 => "H24",
            Self::H34 => "H34",
            Self::H37 => "H37",
            Self::T2 => "T2",
        }
    }

    /// The belief of a number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|belief| belief.name().eq_ignore_ascii_case(text))
    }
}

/// Makes beliefs false that are about what the world holds; the others are asked for where requests are answered.
pub(crate) fn apply(world: &mut World, beliefs: &[Untrue]) {
    world.untrue = beliefs.iter().copied().collect();
    for belief in beliefs {
        match belief {
            Untrue::H15 => {
                let store = world.halo.root_mut("currency");
                if let Some(row) = store.get_mut(&Key::Int(1)) {
                    row.insert("default".into(), json!(false));
                    let mut other = row.clone();
                    other.insert("id".into(), json!(2));
                    other.insert("code".into(), json!("EUR"));
                    store.put(Key::Int(2), other);
                }
            }
            Untrue::H24 => {
                if let Some(row) = world.halo.root_mut("agent").get_mut(&Key::Int(1)) {
                    row.insert("name".into(), json!("Front Desk"));
                }
            }
            Untrue::H34 => {
                for id in [21, 22, 31, 32, 33, 34] {
                    if let Some(row) = world.halo.root_mut("tickettype").get_mut(&Key::Int(id)) {
                        row.insert("use".into(), json!("ticket"));
                    }
                }
            }
            Untrue::T2 => {
                for row in &mut world.hit.statuses {
                    if row.get("name").is_some_and(|name| name == "Qualified") {
                        row.insert("name".into(), json!("Shortlisted"));
                    }
                }
            }
            Untrue::H21 => {
                // Only where there is a link can a filter be seen to be ignored.
                let link = json!({"id": 9001, "halo_id": 1, "third_party_id": "OTHER-1", "third_party_type": "Other"});
                if let serde_json::Value::Object(row) = link {
                    world.halo.root_mut("externallink").put(Key::Int(9001), row);
                }
            }
            Untrue::H12 | Untrue::H37 => {}
        }
    }
}
