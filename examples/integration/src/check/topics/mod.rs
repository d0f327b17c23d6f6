//! The preconditions: what each is, what follows when it does not hold, and where to click.
//!
//! Screens are named as the vendors' own pages name them: Halo's under Configuration, HumanizeIT's under
//! My Company > Integrations > HaloPSA.

mod agent;
mod clients;
mod halo;
mod hit;
mod rights;
mod running;
mod settings;
mod statuses;

use crate::exit::Exit;

/// A part of the setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Addresses, credentials, scopes of HaloPSA.
    Halo,
    /// Address, key and settings of HumanizeIT.
    Hit,
    /// What the API agent is and may do.
    Agent,
    /// What the settings name.
    Settings,
    /// Which client is which.
    Clients,
    /// What shows only while it runs: webhooks, rate, clocks.
    Running,
}

impl Group {
    /// All of them, in order.
    pub const ALL: [Group; 6] =
        [Group::Halo, Group::Hit, Group::Agent, Group::Settings, Group::Clients, Group::Running];

    /// Its heading.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Group::Halo => "Connection to HaloPSA",
            Group::Hit => "Connection to HumanizeIT",
            Group::Agent => "API agent and role",
            Group::Settings => "Settings",
            Group::Clients => "Clients",
            Group::Running => "While it runs",
        }
    }
}

/// A precondition.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// Its stable name.
    pub code: &'static str,
    /// The part of the setup.
    pub group: Group,
    /// The precondition as a sentence.
    pub title: &'static str,
    /// What is the case when it does not hold, as a sentence.
    pub problem: &'static str,
    /// How it is found out.
    pub asks: &'static str,
    /// What follows when it does not hold.
    pub consequence: &'static str,
    /// Where to click.
    pub fix: &'static str,
    /// The exit code of its class.
    pub class: Exit,
    /// What must hold before it can be asked; all of them stand before it in the table.
    pub needs: &'static [&'static str],
}

/// The topic of a code.
#[must_use]
pub fn topic(code: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.code == code)
}

/// A token was issued, and it is an agent's.
const TOKEN: &[&str] = &["scope_missing", "resource_server_unreachable", "login_type_not_agent"];
/// Halo's types and statuses could be read.
const READ: &[&str] = &["scope_missing", "resource_server_unreachable", "halo_unreadable"];
/// The followed types are there.
const TYPES: &[&str] = &[
    "scope_missing",
    "resource_server_unreachable",
    "halo_unreadable",
    "ticket_type_missing",
    "ticket_type_wrong_use",
];
/// Types, statuses and clients of both sides could be read.
const BOTH_READ: &[&str] =
    &["scope_missing", "resource_server_unreachable", "halo_unreadable", "hit_credentials_refused"];
/// The same, and the followed types are there.
const BOTH_TYPES: &[&str] = &[
    "scope_missing",
    "resource_server_unreachable",
    "halo_unreadable",
    "hit_credentials_refused",
    "ticket_type_missing",
    "ticket_type_wrong_use",
];
/// Tickets may be counted, and no membership hides any.
const COUNTS: &[&str] = &[
    "scope_missing",
    "resource_server_unreachable",
    "halo_unreadable",
    "tickets_right_missing",
    "sales_right_missing",
    "agent_not_in_department",
    "agent_not_in_team",
];

const PARTS: &[&[Topic]] = &[
    halo::TOPICS,
    hit::TOPICS,
    agent::TOPICS,
    rights::TOPICS,
    settings::TOPICS,
    statuses::TOPICS,
    clients::TOPICS,
    running::TOPICS,
];

const fn count() -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < PARTS.len() {
        sum += PARTS[at].len();
        at += 1;
    }
    sum
}

const fn joined() -> [Topic; count()] {
    let mut all = [PARTS[0][0]; count()];
    let (mut place, mut part) = (0, 0);
    while part < PARTS.len() {
        let mut at = 0;
        while at < PARTS[part].len() {
            all[place] = PARTS[part][at];
            place += 1;
            at += 1;
        }
        part += 1;
    }
    all
}

/// All preconditions, in the order in which they are best put right.
pub static TOPICS: &[Topic] = &joined();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_needs_only_what_stands_before_it() {
        for (place, topic) in TOPICS.iter().enumerate() {
            for need in topic.needs {
                assert!(
                    TOPICS[..place].iter().any(|earlier| earlier.code == *need),
                    "{}: {need}",
                    topic.code
                );
            }
        }
    }

    #[test]
    fn groups_stand_together_and_codes_once() {
        assert!(TOPICS.iter().map(|topic| topic.group).is_sorted());
        for topic in TOPICS {
            assert_eq!(TOPICS.iter().filter(|other| other.code == topic.code).count(), 1, "{}", topic.code);
            assert!(!topic.title.is_empty() && !topic.consequence.is_empty() && !topic.fix.is_empty());
        }
    }
}
