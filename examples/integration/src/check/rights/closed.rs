//! The right to edit closed tickets, as far as Halo says of a ticket whether the agent may change it.
//!
//! Nothing is tried: whoever lacks this right could not open the probe ticket again.

use halo_client::Client;
use serde::Deserialize;
use sync_core::ids::Kind;

use super::visible;
use crate::check::ask;
use crate::check::finding::{Finding, State};
use crate::check::inputs::Inputs;
use crate::check::ledger::Ledger;
use crate::check::role;
use crate::check::teams::Followed;

const CODE: &str = "edit_closed_right_missing";

#[derive(Deserialize)]
struct Detail {
    #[serde(rename = "_canupdate")]
    can_update: Option<bool>,
}

/// Holds a closed ticket against an open one of the same kind: only where the open one may be changed does a closed one
/// that may not tell of this right.
pub(super) async fn judge(client: &Client, inputs: &Inputs, followed: &[Followed], ledger: &mut Ledger) {
    if !role::needs(&inputs.settings, "edit_closed_tickets") || ledger.before(CODE).is_some() {
        return;
    }
    for kind in Kind::ALL {
        let types: Vec<&Followed> = followed.iter().filter(|of| of.kind == kind).collect();
        let closed = first(client, &types, "closed_only").await;
        let open = first(client, &types, "open_only").await;
        // Not both: perhaps the next kind has them.
        let (Some((closed, line)), Some((open, other))) = (closed, open) else { continue };
        let state = match (closed, open) {
            (Some(true), _) => State::Ok,
            (Some(false), Some(true)) => State::Fails,
            _ => State::CannotTell,
        };
        return ledger.put(Finding::new(CODE, state).saw(line).saw(other));
    }
    ledger.cannot_tell(CODE, "there are no closed and open tickets of the followed types to look at");
}

/// What Halo says of the first ticket that a list shows, and in words what was asked.
async fn first(client: &Client, types: &[&Followed], filter: &str) -> Option<(Option<bool>, String)> {
    for of in types {
        let list = format!("{}?requesttype_id={}&{filter}=true", visible::route(of.kind), of.id);
        let Ok(Some(id)) = ask::first_id(client, &list).await else { continue };
        let path = format!("/Tickets/{id}");
        let (answer, told) = match ask::get::<Detail>(client, &path).await {
            Ok(Detail { can_update: Some(can) }) => (Some(can), can.to_string()),
            Ok(_) => (None, "not told".to_owned()),
            Err(why) => (None, why),
        };
        return Some((answer, format!("GET {path}, of {list}: _canupdate is {told}")));
    }
    None
}
