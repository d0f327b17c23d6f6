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
const AMBIGUOUS: &str = "client_ambiguous";
const MISSING: &str = "client_missing";
const VANISHED: &str = "client_vanished";
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
    /// Not in HumanizeIT, or archived there.
    missing: Vec<String>,
    /// Linked to a client that is gone.
    vanished: Vec<String>,
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
        for code in [MISSING, VANISHED, STOPPED, AMBIGUOUS] {
            ledger.ok(code, "no client is in scope");
        }
        return;
    }
    let matches = Matches::find(&read.catalogue, &inputs.settings, &read.stored);
    let linked: BTreeMap<&HitClientId, HaloClientId> =
        matches.clients.linked.iter().map(|pair| (&pair.hit, pair.halo)).collect();
    let mut trouble = Trouble::default();
    let mut ok = 0_usize;
    for id in &wanted {
        let archived = read.catalogue.hit_clients.get(id).is_some_and(|client| client.archived);
        if linked.contains_key(id) && archived {
            trouble.missing.push(format!("HumanizeIT has archived the client {id}"));
        } else if linked.contains_key(id) {
            ok += 1;
        } else {
            sort_out(id, read, &matches, &mut trouble);
        }
    }
    let asked = format!("{ok} of {} clients in scope are linked to an active Halo client", wanted.len());
    // With all clients in scope, prospects without a Halo client are nothing unusual, nor are a few that ended.
    let bad = if validating { State::Fails } else { State::Warning };
    for (code, state, lines) in [
        (UNMATCHED, bad, trouble.alone),
        // A person has to say yes, and `pair` asks for it: nothing is wrong with the setup.
        (AMBIGUOUS, State::Warning, trouble.open),
        (MISSING, bad, trouble.missing),
        (VANISHED, bad, trouble.vanished),
        (STOPPED, bad, trouble.stopped),
    ] {
        let finding = match lines.is_empty() {
            true => Finding::new(code, State::Ok),
            false => Finding::new(code, state).saw_all(some(lines)),
        };
        ledger.put(finding.saw(&asked));
    }
}

fn sort_out(id: &HitClientId, read: &Read, matches: &Matches, trouble: &mut Trouble) {
    let Some(client) = read.catalogue.hit_clients.get(id) else {
        trouble.missing.push(format!("HumanizeIT has no client {id}"));
        return;
    };
    if client.archived {
        trouble.missing.push(format!("{} ({id}) is archived in HumanizeIT", client.name));
        return;
    }
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
                    Ineligible::Vanished => trouble.vanished.push(line),
                    Ineligible::Archived => trouble.missing.push(line),
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

/// The first few lines, and how many there are besides.
fn some(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(NAMED);
    if more > 0 {
        lines.truncate(NAMED);
        lines.push(format!("and {more} more"));
    }
    lines
}
