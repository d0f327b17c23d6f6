//! Team members of HIT and agents of Halo.

use crate::catalogue::Catalogue;
use crate::ids::{AgentId, MemberId};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

/// A person of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow<I> {
    /// The id.
    pub id: I,
    /// The e-mail address.
    pub email: Option<Box<str>>,
    /// Whether the person can be responsible for anything: active, and not an agent for the API alone.
    pub eligible: bool,
}

/// A team member and the agent who is the same person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct MatchedPeople<T, H> {
    /// The team member.
    pub hit: T,
    /// The agent.
    pub halo: H,
    /// Whether it was said explicitly; otherwise the e-mail addresses are equal.
    pub explicit: bool,
}

/// Why a team member has no agent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonIssue<T, H> {
    /// The agent that was said explicitly can not be responsible.
    AgentUnusable {
        /// The team member.
        hit: T,
        /// The agent.
        halo: H,
    },
    /// Several people share the address.
    Ambiguous {
        /// The team members.
        hit: Vec<T>,
        /// The agents.
        halo: Vec<H>,
    },
}

/// Who is who. Whoever is not listed has no counterpart: the field is skipped, not the record.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PeopleMatches<T, H> {
    /// The pairs, by team member.
    pub matched: Vec<MatchedPeople<T, H>>,
    /// What a person may want to look at.
    pub issues: Vec<PersonIssue<T, H>>,
}

/// Matches team members to agents: first what was said explicitly, by id; then equal e-mail addresses, if the
/// address is unique on both sides. Names are never compared.
///
/// Addresses are compared as written, apart from surrounding space and the case of ASCII letters.
#[must_use]
pub fn match_people<T: Ord + Clone, H: Ord + Clone>(
    hit: &[PersonRow<T>],
    halo: &[PersonRow<H>],
    explicit: &BTreeMap<T, H>,
) -> PeopleMatches<T, H> {
    let usable: BTreeSet<&H> =
        halo.iter().filter(|person| person.eligible).map(|person| &person.id).collect();
    let members: BTreeSet<&T> =
        hit.iter().filter(|person| person.eligible).map(|person| &person.id).collect();
    let mut matched = Vec::new();
    let mut issues = BTreeSet::new();
    for (member, agent) in explicit.iter().filter(|(member, _)| members.contains(member)) {
        if usable.contains(agent) {
            matched.push(MatchedPeople { hit: member.clone(), halo: agent.clone(), explicit: true });
        } else {
            issues.insert(PersonIssue::AgentUnusable { hit: member.clone(), halo: agent.clone() });
        }
    }
    let agents = by_email(halo);
    for (email, members) in by_email(hit) {
        let Some(agents) = agents.get(&email) else { continue };
        let open: Vec<T> = members.iter().filter(|member| !explicit.contains_key(*member)).cloned().collect();
        if open.is_empty() {
            continue;
        }
        if members.len() == 1 && agents.len() == 1 {
            matched.extend(open.into_iter().zip(agents.iter().cloned()).map(|(hit, halo)| MatchedPeople {
                hit,
                halo,
                explicit: false,
            }));
        } else {
            issues.insert(PersonIssue::Ambiguous { hit: open, halo: agents.iter().cloned().collect() });
        }
    }
    matched.sort();
    PeopleMatches { matched, issues: issues.into_iter().collect() }
}

fn by_email<I: Ord + Clone>(people: &[PersonRow<I>]) -> BTreeMap<String, BTreeSet<I>> {
    let mut map: BTreeMap<String, BTreeSet<I>> = BTreeMap::new();
    for person in people.iter().filter(|person| person.eligible) {
        let email = person.email.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
        if email.contains('@') {
            map.entry(email).or_default().insert(person.id.clone());
        }
    }
    map
}

/// HIT's team members as rows for [`match_people`].
#[must_use]
pub fn member_rows(catalogue: &Catalogue) -> Vec<PersonRow<MemberId>> {
    let rows = catalogue.members.iter();
    rows.map(|(id, member)| PersonRow {
        id: id.clone(),
        email: member.email.clone(),
        eligible: member.active,
    })
    .collect()
}

/// Halo's agents as rows for [`match_people`]. Agents for the API alone and the unassigned agent never match.
#[must_use]
pub fn agent_rows(catalogue: &Catalogue) -> Vec<PersonRow<AgentId>> {
    let rows = catalogue.agents.iter();
    rows.map(|(id, agent)| PersonRow {
        id: *id,
        email: agent.email.clone(),
        eligible: agent.active && !agent.api_only && *id != AgentId::UNASSIGNED,
    })
    .collect()
}
