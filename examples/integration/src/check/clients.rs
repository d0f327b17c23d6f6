//! Clients in scope: linked, suggested, ambiguous, stopped, without counterpart.

use std::collections::{BTreeMap, BTreeSet};

use sync_core::ids::{HaloClientId, HitClientId};
use sync_core::matching::{ClientIssue, Ineligible, Tier};
use sync_core::settings::Scope;

use crate::engine::Matches;

use super::finding::{Finding, State};
use super::inputs::Inputs;
use super::ledger::Ledger;
use super::settings::Read;

const UNMATCHED: &str = "client_unmatched";
const STOPPED: &str = "client_stopped";
/// So many clients are named one by one; the others are counted.
const NAMED: usize = 8;

/// What keeps a client in scope from being synced.
#[derive(Default)]
struct Trouble {
    /// Nothing fits.
    alone: Vec<String>,
    /// Something may fit; a person has to say so.
    open: Vec<String>,
    /// Linked to a client that cannot be used.
    stopped: Vec<String>,
}

/// Judges the clients in scope.
pub(super) fn judge(inputs: &Inputs, read: &Read, ledger: &mut Ledger) {
    if !read.halo || !read.hit {
        return;
    }
    let (validating, wanted): (bool, Vec<HitClientId>) = match &inputs.settings.sync.scope {
        Scope::Validation(clients) => (true, clients.iter().cloned().collect()),
        Scope::Global => {
            let live = read.catalogue.hit_clients.iter().filter(|(_, client)| !client.archived);
            (false, live.map(|(id, _)| id.clone()).collect())
        }
    };
    if wanted.is_empty() {
        let finding = Finding::new(UNMATCHED, State::Warning)
            .saw("scope.global is false and scope.validation_clients is empty")
            .means("No client takes part, so nothing is synced.")
            .fixed_by("write the HumanizeIT ids of one or two clients into scope.validation_clients");
        ledger.put(finding);
        ledger.ok(STOPPED, "no client is in scope");
        return;
    }
    let matches = Matches::find(&read.catalogue, &inputs.settings, &read.stored);
    let linked: BTreeMap<&HitClientId, HaloClientId> =
        matches.clients.linked.iter().map(|pair| (&pair.hit, pair.halo)).collect();
    let mut trouble = Trouble::default();
    let mut ok = 0_usize;
    for id in &wanted {
        if linked.contains_key(id) {
            ok += 1;
        } else {
            sort_out(id, read, &matches, &mut trouble);
        }
    }
    let asked = format!("{ok} of {} clients in scope are linked to an active Halo client", wanted.len());
    ledger.put(unmatched(validating, &asked, trouble.alone, trouble.open));
    ledger.put(if trouble.stopped.is_empty() {
        Finding::new(STOPPED, State::Ok).saw(asked)
    } else {
        let state = if validating { State::Fails } else { State::Warning };
        Finding::new(STOPPED, state).saw_all(some(trouble.stopped))
    });
}

fn sort_out(id: &HitClientId, read: &Read, matches: &Matches, trouble: &mut Trouble) {
    let Some(client) = read.catalogue.hit_clients.get(id) else {
        trouble.alone.push(format!("HumanizeIT has no client {id}"));
        return;
    };
    let name = format!("{} ({id})", client.name);
    let halo = |id: &HaloClientId| {
        let name = read.catalogue.halo_clients.get(id).map_or("unknown", |client| &*client.name);
        format!("{name} ({id})")
    };
    let found = &matches.clients;
    let mut candidates = BTreeSet::new();
    for issue in &found.issues {
        match issue {
            ClientIssue::Suspended { halo: other, hit, reason, .. } if hit == id => {
                let line = format!("{name} is linked to {}, which is {}", halo(other), why(*reason));
                match reason {
                    Ineligible::Stopped | Ineligible::Inactive => trouble.stopped.push(line),
                    _ => trouble.alone.push(line),
                }
                return;
            }
            ClientIssue::Ambiguous { halo: several, hit, .. } if hit.contains(id) => {
                candidates.extend(several.iter().map(&halo));
            }
            _ => {}
        }
    }
    if let Some(pair) = found.suggested.iter().find(|pair| pair.hit == *id) {
        let same = if pair.tier == Tier::Domain { "domain" } else { "name" };
        trouble
            .open
            .push(format!("{name} has the same {same} as {}; nobody has confirmed it", halo(&pair.halo)));
    } else if !candidates.is_empty() {
        let several = candidates.into_iter().collect::<Vec<_>>().join(", ");
        trouble.open.push(format!("{name} could be any of {several}"));
    } else {
        trouble.alone.push(format!("{name}: no stored id, no domain and no name of a Halo client fits"));
    }
}

fn why(reason: Ineligible) -> &'static str {
    match reason {
        Ineligible::Inactive => "inactive in Halo",
        Ineligible::Stopped => "stopped in Halo",
        Ineligible::Archived => "archived in HumanizeIT",
        Ineligible::Unassigned => "Halo's stand-in for no client",
        Ineligible::Vanished => "not there, or hidden from our agent",
    }
}

fn unmatched(validating: bool, asked: &str, alone: Vec<String>, open: Vec<String>) -> Finding {
    // With all clients in scope, prospects without a Halo client are nothing unusual.
    let state = match (alone.is_empty(), open.is_empty()) {
        (true, true) => State::Ok,
        (false, _) if validating => State::Fails,
        _ => State::Warning,
    };
    Finding::new(UNMATCHED, state).saw(asked).saw_all(some(alone)).saw_all(some(open))
}

/// The first few lines, and how many there are besides.
fn some(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(NAMED);
    if more > 0 {
        lines.truncate(NAMED);
        lines.push(format!("and {more} more"));
    }
    lines
}
