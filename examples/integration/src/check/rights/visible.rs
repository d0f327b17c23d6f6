//! Whether lists show everything: Halo leaves out what the agent may not see, and says nothing.
//!
//! A ticket type knows how many tickets it has. More than the list shows proves that something is hidden; as many
//! proves little more than that nothing is.

use std::collections::BTreeMap;

use halo_client::Client;
use halo_client::schema::Me;
use sync_core::ids::Kind;

use super::TypeRow;
use crate::check::ask;
use crate::check::connect::plainly;
use crate::check::finding::{Finding, State};
use crate::check::inputs::Inputs;
use crate::check::ledger::Ledger;
use crate::check::teams::Followed;

/// How many tickets of a kind the agent is shown; or whether the list was refused, and the words.
pub(super) struct Counts {
    pub(super) all: Result<u64, (bool, String)>,
    /// Of nobody.
    unassigned: Option<u64>,
    /// Of our own agent.
    own: Option<u64>,
}

/// The list of a kind.
pub(super) fn route(kind: Kind) -> &'static str {
    match kind {
        Kind::Opportunity => "/Opportunities",
        Kind::Project => "/Projects",
    }
}

/// Counts the tickets of each kind that is followed.
pub(super) async fn counts(client: &Client, inputs: &Inputs, me: Option<&Me>) -> Vec<(Kind, Counts)> {
    let mut counts = Vec::new();
    for kind in Kind::ALL {
        let of = inputs.settings.kind(kind);
        if of.create_type.is_none() && of.followed.is_empty() {
            continue;
        }
        let path = route(kind);
        let all = ask::count(client, path)
            .await
            .map_err(|error| (error.is_permission() || error.is_authentication(), plainly(&error)));
        let mut found = Counts { all, unassigned: None, own: None };
        if found.all.is_ok() {
            found.unassigned = ask::count(client, &format!("{path}?agent_id=1")).await.ok();
            if let Some(id) = me.and_then(|me| me.id) {
                found.own = ask::count(client, &format!("{path}?agent_id={}", id.get())).await.ok();
            }
        }
        counts.push((kind, found));
    }
    counts
}

/// Judges what is hidden, and by which switch.
pub(super) async fn judge(
    client: &Client,
    followed: &[Followed],
    counts: &[(Kind, Counts)],
    ledger: &mut Ledger,
) {
    const FILTERED: &str = "lists_filtered";
    if ledger.before("view_unassigned_right_missing").is_some() || followed.is_empty() {
        return;
    }
    let own = ask::get::<Vec<TypeRow>>(client, "/TicketType?showcounts=true").await;
    let own: BTreeMap<i64, u64> = own
        .unwrap_or_default()
        .into_iter()
        .filter_map(|row| Some((row.id, row.ticket_count.and_then(|count| u64::try_from(count).ok())?)))
        .collect();
    let (mut hidden, mut known, mut lines) = (0, true, Vec::new());
    for of in followed {
        let shown = of.shown.as_ref().copied().unwrap_or_default();
        match own.get(&of.id.0).copied() {
            // A type that counts nothing while tickets are shown does not count at all.
            Some(count) if count > 0 || shown == 0 => {
                hidden += count.saturating_sub(shown);
                lines.push(format!("{}: Halo counts {count} tickets, and the list shows {shown}", of.name));
            }
            _ => {
                known = false;
                lines
                    .push(format!("{}: the list shows {shown}, and Halo tells no count of its own", of.name));
            }
        }
    }
    let sum =
        |of: fn(&Counts) -> Option<u64>| counts.iter().filter_map(|(_, counts)| of(counts)).sum::<u64>();
    let unassigned = sum(|counts| counts.unassigned);
    let others = sum(|counts| counts.all.as_ref().ok().copied())
        .saturating_sub(unassigned)
        .saturating_sub(sum(|counts| counts.own));
    for (code, seen, what) in [
        ("view_unassigned_right_missing", unassigned, "unassigned tickets"),
        ("view_others_right_missing", others, "tickets of other agents"),
    ] {
        let asked = format!("GET /Opportunities and /Projects: {seen} {what}");
        ledger.put(match (seen, hidden) {
            (1.., _) => Finding::new(code, State::Ok).saw(asked),
            (0, 1..) => {
                Finding::new(code, State::Fails).saw(format!("{asked}, and no error")).saw_all(&lines)
            }
            (0, 0) => Finding::new(code, State::CannotTell)
                .saw(asked)
                .saw("there may be none, or they are hidden: Halo says the same in both cases"),
        });
    }
    if ledger.before(FILTERED).is_none() {
        ledger.put(match (hidden, known) {
            (1.., _) => Finding::new(FILTERED, State::Fails).saw_all(lines),
            (0, true) => Finding::new(FILTERED, State::Ok).saw_all(lines),
            (0, false) => Finding::new(FILTERED, State::CannotTell).saw_all(lines),
        });
    }
}
