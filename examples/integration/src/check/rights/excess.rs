//! Rights beyond what the sync needs, shown by what Halo answers to questions that it should refuse.
//!
//! Halo's claims have no public names or levels, so behaviour is the evidence: an area whose list brings a row is
//! open. An empty or refused list proves nothing against the role.

use halo_client::Client;
use halo_client::schema::Me;

use super::Types;
use crate::check::ask::{Door, door};
use crate::check::finding::{Finding, State};
use crate::check::inputs::Inputs;
use crate::check::ledger::Ledger;
use crate::check::role;
use crate::check::settings::Read;

const CODE: &str = "excess_right";

/// Judges the agent's rights.
pub(super) async fn judge(
    client: &Client,
    inputs: &Inputs,
    me: Option<&Me>,
    read: &Read,
    types: &Types,
    ledger: &mut Ledger,
) {
    let rights = role::rights(&inputs.settings);
    let doors =
        rights.iter().filter(|right| right.level.is_none()).filter_map(|right| Some((right, right.door?)));
    let mut proofs = Vec::new();
    if let Some(me) = me {
        if me.is_admin == Some(true) {
            proofs.push("GET /Agent/me: is_admin is true".to_owned());
        }
        proofs.extend(me.claims.iter().flatten().filter_map(|claim| {
            let (name, level) =
                (claim.value().type_.as_deref()?, claim.value().value.as_deref().unwrap_or_default());
            let none = matches!(level.trim(), "" | "0" | "false" | "False");
            (name.to_lowercase().contains("administrator") && !none)
                .then(|| format!("GET /Agent/me: the right {name} = {level}"))
        }));
    }
    let mut unknown = Vec::new();
    for (_, path) in doors.clone().filter(|(right, _)| right.right == "administrator") {
        match door(client, path).await {
            Door::Open(rows) => {
                proofs.push(format!("GET {path}: {rows} found, and only administrators may read roles"));
            }
            Door::Shut => {}
            Door::Unknown(why) => unknown.push(format!("GET {path}: {why}")),
        }
    }
    if !proofs.is_empty() {
        // An administrator may do everything; listing the areas one by one would only hide that.
        let finding = Finding::new(CODE, State::Fails).saw_all(proofs);
        ledger.put(finding.means(
            "The agent is an administrator: whoever gets hold of the secret can change and delete everything in this \
             Halo.",
        ));
        return;
    }
    let mut open = Vec::new();
    let mut shut = Vec::new();
    for (right, path) in doors.filter(|(right, _)| right.right != "administrator") {
        match door(client, path).await {
            Door::Open(rows) => {
                open.push(format!(
                    "GET {path}: {rows} rows, so {} is open; set it to \"Not set\"",
                    right.label
                ));
            }
            Door::Shut => shut.push(right.label),
            Door::Unknown(why) => unknown.push(format!("GET {path}: {why}")),
        }
    }
    let followed = role::types(&inputs.settings);
    let beyond: Vec<String> = types
        .editable
        .iter()
        .filter(|id| read.halo && !followed.contains(id) && !read.catalogue.ticket_types.contains_key(id))
        .map(|id| {
            read.found.type_names.get(id).map_or_else(|| id.to_string(), |name| format!("{name} ({id})"))
        })
        .collect();
    if !beyond.is_empty() {
        open.push(format!(
            "GET /TicketType?can_edit_only=true: also {}, which are neither sales nor project types",
            beyond.join(", ")
        ));
    }
    let wide: Vec<&str> = inputs
        .halo
        .scopes
        .iter()
        .map(String::as_str)
        .filter(|scope| scope.eq_ignore_ascii_case("all") || scope.eq_ignore_ascii_case("admin"))
        .collect();
    if !wide.is_empty() {
        open.push(format!("halo.scopes asks for {}, and all:standard is enough", wide.join(" ")));
    }
    let closed =
        format!("no rows of {}", if shut.is_empty() { "anything".to_owned() } else { shut.join(", ") });
    ledger.put(if !open.is_empty() {
        Finding::new(CODE, State::Warning).saw_all(open)
    } else if !unknown.is_empty() {
        Finding::new(CODE, State::CannotTell).saw(closed).saw_all(unknown)
    } else {
        let blind: Vec<&str> = rights
            .iter()
            .filter(|right| right.level.is_none() && right.door.is_none())
            .map(|right| right.label)
            .collect();
        Finding::new(CODE, State::Ok)
            .saw(format!("GET /Roles is refused; {closed}"))
            .saw(format!("no list shows whether these are \"No\": {}", blind.join(", ")))
    });
}
