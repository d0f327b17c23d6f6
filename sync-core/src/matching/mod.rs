//! Which client, which person and which record on one side is which on the other. Nothing here ever guesses.
//!
//! Evidence comes in tiers. What a person said or a system stored ([`Tier::Explicit`], [`Tier::Stored`]) links; what
//! only looks alike ([`Tier::Domain`], [`Tier::Name`]) is a suggestion that a person confirms. A tier counts only if
//! it is unique on both sides and no stronger tier says otherwise. A confirmed link sticks by id: renaming a client
//! or adding a namesake never moves it.
//!
//! Every function is a pure function of its input's contents: the order of the input does not matter, the output is
//! sorted, and swapping the sides mirrors the result. Time is O(n log n).

mod clients;
mod names;
mod pairing;
mod people;

pub use clients::{
    ClientIssue, ClientMatches, ClientRow, Ineligible, KnownLink, MatchedClients, Tier, halo_client_rows,
    hit_client_rows, match_clients,
};
pub use names::{client_name_key, domain_key, is_freemail, name_key};
pub use pairing::{AmbiguousPairing, Candidate, PairingSuggestion, Pairings, suggest_pairs};
pub use people::{
    MatchedPeople, PeopleMatches, PersonIssue, PersonRow, agent_rows, match_people, member_rows,
};

#[cfg(test)]
mod tests;
