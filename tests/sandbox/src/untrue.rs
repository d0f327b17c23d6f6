//! Beliefs about the two systems that the sandbox can be told to make false, by their numbers in ASSUMPTIONS.md, so that
//! whoever probes for them is seen to notice.

use serde_json::json;

use crate::world::{Key, World};

macro_rules! beliefs {
    ($($(#[$doc:meta])* $id:ident;)*) => {
        /// A belief that is false.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Untrue {
            $($(#[$doc])* $id,)*
        }

        impl Untrue {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$id),*];

            /// Its number in ASSUMPTIONS.md.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$id => stringify!($id),)* }
            }
        }
    };
}

beliefs! {
    /// `/AuthInfo` does not name the tenant.
    H12;
    /// Halo's own currency cannot be told from its list.
    H15;
    /// The filter of external links by `third_party_id` is ignored.
    H21;
    /// Agent 1 is a person.
    H24;
    /// Ticket types do not say what they are for.
    H34;
    /// The filter of tickets by time of change is ignored.
    H37;
    /// A user's token is refused everywhere. Matters only with the fault `login_type_not_agent`.
    H50;
    /// `/InstanceInfo` does not name the product.
    H51;
    /// A type counts the open tickets alone.
    H53;
    /// The lists of types that may be created or edited name types that the agent may not see.
    H54;
    /// The filter of tickets by agent is ignored.
    H55;
    /// The days of "24 Hours" are told one by one.
    H56;
    /// Statuses do not say whether they mail.
    H57;
    /// Ticket types do not say what they do by themselves.
    H58;
    /// Tickets do not say whether they may be changed.
    H60;
    /// The teams that a type allows have other numbers than `/Team` shows.
    H61;
    /// Conditions on tickets are ignored.
    H92;
    /// The number of actions that are asked for is ignored.
    H93;
    /// The detail of a ticket lacks its external links.
    H130;
    /// HIT has another name for a status.
    T2;
}

impl Untrue {
    /// The belief of a number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|belief| belief.name().eq_ignore_ascii_case(text))
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
            Untrue::H56 => {
                if let Some(row) = world.halo.root_mut("workday").get_mut(&Key::Int(2)) {
                    row.insert("alldayssame".into(), json!(false));
                }
            }
            Untrue::H57 => {
                for (_, row) in world.halo.root_mut("status").iter_mut() {
                    row.remove("notifystatuschange");
                }
            }
            Untrue::H58 => {
                for (_, row) in world.halo.root_mut("tickettype").iter_mut() {
                    for field in ["statusafteruserupdate", "statusaftertechupdate", "autoCloseHours"] {
                        row.remove(field);
                    }
                }
            }
            Untrue::H93 => {
                // Only where a ticket has two can it be seen that one was asked for.
                for actions in world.halo.actions.values_mut() {
                    if let [only] = &actions[..] {
                        let mut second = only.clone();
                        second.insert("id".into(), json!(2));
                        actions.push(second);
                    }
                }
            }
            Untrue::H61 => {
                for (_, row) in world.halo.root_mut("tickettype").iter_mut() {
                    let teams = row.get_mut("allowed_teams").and_then(serde_json::Value::as_array_mut);
                    for team in teams.into_iter().flatten() {
                        team["section_id"] = team["id"].clone();
                    }
                }
            }
            // Asked for where requests are answered.
            Untrue::H12
            | Untrue::H37
            | Untrue::H50
            | Untrue::H51
            | Untrue::H53
            | Untrue::H54
            | Untrue::H55
            | Untrue::H60
            | Untrue::H92
            | Untrue::H130 => {}
        }
    }
}
