//! What the agent may do, row by row of the role that the settings need.
//!
//! Halo's claims have no public names or levels, so behaviour is the evidence: what a list shows, what it refuses, and
//! which ticket types Halo names when it is asked which the agent may create and edit. What only a write would show
//! is left to `check --probe-writes`, and is unknown without it.

mod closed;
mod excess;
mod visible;

use std::collections::BTreeSet;

use halo_client::Client;
use halo_client::schema::Me;
use serde::Deserialize;
use sync_core::ids::{Kind, TicketTypeId};

use super::ask;
use super::connect::plainly;
use super::finding::{Finding, State};
use super::inputs::Inputs;
use super::ledger::Ledger;
use super::role;
use super::settings::Read;
use super::teams::Followed;

/// Rights of which the lists do not tell.
const UNLISTED: [&str; 5] = [
    "edit_tickets_not_assigned",
    "update_status_outside_actions",
    "reassign_tickets",
    "change_ticket_type",
    "edit_closed_tickets",
];

/// Ticket types that Halo names when it is asked what the agent may do with them.
#[derive(Debug, Default)]
pub(super) struct Types {
    creatable: BTreeSet<TicketTypeId>,
    editable: BTreeSet<TicketTypeId>,
    /// Why it could not be asked.
    unknown: Option<String>,
}

#[derive(Deserialize)]
struct TypeRow {
    id: i64,
    #[serde(default)]
    ticket_count: Option<i64>,
}

/// The rights without which the sync cannot even read; asked before it reads.
pub(super) async fn doors(client: &Client, inputs: &Inputs, ledger: &mut Ledger) {
    const TEAMS: &str = "teams_scope_missing";
    match ask::count(client, "/Team").await {
        Ok(rows) => ledger.ok(TEAMS, format!("GET /Team: {rows} teams")),
        Err(error) if error.is_permission() || error.is_authentication() => {
            ledger.put(Finding::new(TEAMS, State::Fails).saw(format!("GET /Team: {}", plainly(&error))));
        }
        Err(error) => ledger.cannot_tell(TEAMS, format!("GET /Team: {}", plainly(&error))),
    }
    const CUSTOMERS: &str = "customers_right_missing";
    match ask::count(client, "/Client").await {
        Ok(0) => ledger.cannot_tell(CUSTOMERS, "GET /Client: no client, and no error"),
        Ok(rows) => ledger.ok(CUSTOMERS, format!("GET /Client: {rows} clients")),
        Err(error) if error.is_permission() || error.is_authentication() => {
            let saw = format!("GET /Client: {}", plainly(&error));
            ledger.put(Finding::new(CUSTOMERS, State::Fails).saw(saw));
        }
        Err(error) => ledger.cannot_tell(CUSTOMERS, format!("GET /Client: {}", plainly(&error))),
    }
    for right in role::rights(&inputs.settings) {
        let Some(code) = right.finding.filter(|_| UNLISTED.contains(&right.right)) else { continue };
        match right.level {
            None => ledger.ok(code, "not needed with the settings in force"),
            // Judged once tickets can be counted.
            Some(_) if right.right == "edit_closed_tickets" => {}
            Some(_) => ledger.cannot_tell(
                code,
                "reading does not show it; `halo-hit check --probe-writes` tries it on a ticket of its own",
            ),
        }
    }
}

/// Judges what reading shows.
pub(super) async fn judge(
    client: &Client,
    inputs: &Inputs,
    me: Option<&Me>,
    read: &Read,
    followed: &[Followed],
    ledger: &mut Ledger,
) {
    let types = types(client).await;
    if read.halo {
        let counts = visible::counts(client, inputs, me).await;
        areas(inputs, read, &types, &counts, ledger);
        of_types(inputs, read, &types, ledger);
        visible::judge(client, followed, &counts, ledger).await;
        closed::judge(client, inputs, followed, ledger).await;
    }
    excess::judge(client, inputs, me, read, &types, ledger).await;
}

async fn types(client: &Client) -> Types {
    let mut types = Types::default();
    for (flag, into) in [("can_create_only", &mut types.creatable), ("can_edit_only", &mut types.editable)] {
        match ask::get::<Vec<TypeRow>>(client, &format!("/TicketType?{flag}=true")).await {
            Ok(rows) => into.extend(rows.into_iter().map(|row| TicketTypeId(row.id))),
            Err(why) => types.unknown = Some(format!("GET /TicketType?{flag}=true: {why}")),
        }
    }
    types
}

/// Sales and projects: open at all, and open for changes.
fn areas(
    inputs: &Inputs,
    read: &Read,
    types: &Types,
    counts: &[(Kind, visible::Counts)],
    ledger: &mut Ledger,
) {
    for (kind, code, right) in [
        (Kind::Project, "tickets_right_missing", "projects"),
        (Kind::Opportunity, "sales_right_missing", "sales"),
    ] {
        let needed = role::rights(&inputs.settings).into_iter().find(|row| row.right == right);
        let Some(level) = needed.and_then(|row| row.level) else {
            ledger.ok(code, format!("no {kind} type is followed"));
            continue;
        };
        let Some((_, counts)) = counts.iter().find(|(of, _)| *of == kind) else { continue };
        let shown = match &counts.all {
            Ok(rows) => format!("GET {}: {rows} tickets", visible::route(kind)),
            Err((refused, why)) => {
                let saw = format!("GET {}: {why}", visible::route(kind));
                let state = if *refused { State::Fails } else { State::CannotTell };
                ledger.put(Finding::new(code, state).saw(saw));
                continue;
            }
        };
        let of_kind = |ids: &BTreeSet<TicketTypeId>| {
            let visible = read.catalogue.ticket_types.iter().filter(|(_, found)| found.kind == Some(kind));
            visible.filter(|(id, _)| ids.contains(id)).count()
        };
        let finding = match (&types.unknown, of_kind(&types.editable)) {
            _ if level == role::Level::ReadOnly => Finding::new(code, State::Ok).saw(shown),
            (Some(why), _) => Finding::new(code, State::CannotTell).saw(shown).saw(why),
            (None, 0) => Finding::new(code, State::Fails).saw(shown).saw(format!(
                "GET /TicketType?can_edit_only=true: no {kind} type, so the level is Read Only or the types are not \
                 allowed"
            )),
            (None, number) => Finding::new(code, State::Ok)
                .saw(shown)
                .saw(format!("GET /TicketType?can_edit_only=true: {number} {kind} types")),
        };
        ledger.put(finding);
    }
}

fn of_types(inputs: &Inputs, read: &Read, types: &Types, ledger: &mut Ledger) {
    const TYPE: &str = "ticket_type_right_missing";
    const ADD: &str = "add_tickets_right_missing";
    if let Some(why) = &types.unknown {
        for code in [TYPE, ADD] {
            if ledger.before(code).is_none() {
                ledger.cannot_tell(code, why);
            }
        }
        return;
    }
    if ledger.before(TYPE).is_some() {
        return;
    }
    let name = |id: &TicketTypeId| {
        let name = read.catalogue.ticket_types.get(id).map_or("", |found| &found.name);
        format!("{name} ({id})")
    };
    // None at all is the switch for adding tickets, not the types.
    let may_add = types.creatable.iter().any(|id| read.catalogue.ticket_types.contains_key(id));
    let (mut missing, mut fine) = (Vec::new(), Vec::new());
    for kind in Kind::ALL {
        let of = inputs.settings.kind(kind);
        let creates = inputs.settings.sync.create.values().any(|rule| rule.kind() == Some(kind));
        for id in of.create_type.iter().chain(&of.followed) {
            if read.catalogue.ticket_types.get(id).is_none_or(|found| found.kind != Some(kind)) {
                continue;
            }
            if !types.editable.contains(id) {
                missing.push(format!("GET /TicketType?can_edit_only=true: not {}", name(id)));
            } else if of.create_type == Some(*id) && creates && may_add && !types.creatable.contains(id) {
                missing.push(format!("GET /TicketType?can_create_only=true: not {}", name(id)));
            } else {
                fine.push(name(id));
            }
        }
    }
    let fine = if fine.is_empty() { "none".to_owned() } else { fine.join(", ") };
    let fails = !missing.is_empty();
    ledger.put(
        Finding::new(TYPE, if fails { State::Fails } else { State::Ok })
            .saw_all(missing)
            .saw(format!("may be used as the sync does: {fine}")),
    );
    if fails {
        return;
    }
    if !role::needs(&inputs.settings, "add_new_tickets") {
        ledger.ok(ADD, "not needed with the settings in force");
    } else if may_add {
        ledger.ok(ADD, "GET /TicketType?can_create_only=true names sales or project types");
    } else {
        let saw = "GET /TicketType?can_create_only=true: no sales or project type, though some may be edited";
        ledger.put(Finding::new(ADD, State::Fails).saw(saw));
    }
}
