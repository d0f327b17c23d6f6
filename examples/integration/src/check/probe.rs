//! `check --probe-writes`: what only a write shows, tried on one ticket of our own.
//!
//! The ticket stands at a validation client, is hidden from the portal, is left open, and is used again. The sync never
//! pairs, imports or counts it. Each step is read back, and what was changed is changed back.

use sync_core::base::CreateSpec;
use sync_core::ids::{
    AgentId, HaloClientId, HitClientId, ItemId, Kind, PairId, Side, StatusId, TicketTypeId,
};
use sync_core::marker::Marker;
use sync_core::settings::{Scope, StatusHow, StatusTarget};

use crate::engine::Matches;
use crate::engine::halo::HaloSide;
use crate::engine::halo::probe::{Probe, Problem};

use super::finding::{Finding, State};
use super::inputs::Inputs;
use super::ledger::Ledger;
use super::role;
use super::settings::Read;

pub(super) const FOUND: &str = "marker_not_found";
pub(super) const KEPT: &str = "write_not_kept";
const ADD: &str = "add_tickets_right_missing";
const EDIT: &str = "edit_others_right_missing";
const STATUS: &str = "status_right_missing";
const ASSIGN: &str = "reassign_right_missing";
const TYPE: &str = "change_type_right_missing";
/// So often the new ticket is looked for: a search may lag behind a create.
const LOOKS: u32 = 4;

/// What would be written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) client: HaloClientId,
    hit: HitClientId,
    pub(super) kind: Kind,
    pub(super) ticket_type: TicketTypeId,
    /// In words, for whoever is asked before.
    pub(super) words: String,
}

/// Where the probe ticket belongs: at the first validation client that is linked and active, of the type of new
/// projects, or of new opportunities where there are no projects.
pub(super) fn target(inputs: &Inputs, read: &Read) -> Result<Target, &'static str> {
    if !read.halo || !read.hit {
        return Err("types and clients could not be read");
    }
    let Scope::Validation(clients) = &inputs.settings.sync.scope else {
        return Err("scope.global is on: a probe belongs at a validation client");
    };
    let matches = Matches::find(&read.catalogue, &inputs.settings, &read.stored);
    let linked = clients.iter().find_map(|id| {
        let pair = matches.clients.linked.iter().find(|pair| pair.hit == *id)?;
        Some((id.clone(), pair.halo))
    });
    let (hit, client) = linked.ok_or("no validation client is linked to an active Halo client")?;
    let chosen = [Kind::Project, Kind::Opportunity].into_iter().find_map(|kind| {
        let id = inputs.settings.kind(kind).create_type?;
        read.catalogue.ticket_types.get(&id).filter(|found| found.kind == Some(kind)).map(|of| (kind, id, of))
    });
    let (kind, ticket_type, of) = chosen.ok_or("no type of new tickets is chosen")?;
    let name = read.catalogue.halo_clients.get(&client).map_or("unknown", |client| &*client.name);
    let words = format!("one {} ({ticket_type}) ticket at the validation client {name} ({client})", of.name);
    Ok(Target { client, hit, kind, ticket_type, words })
}

/// Tries it. The findings that were unknown are told afterwards.
pub(super) async fn judge(inputs: &Inputs, read: &Read, account: &str, side: &HaloSide, ledger: &mut Ledger) {
    let target = match target(inputs, read) {
        Ok(target) => target,
        Err(why) => {
            for code in [FOUND, KEPT] {
                ledger.cannot_tell(code, format!("not tried: {why}"));
            }
            return;
        }
    };
    let pair = PairId::from(format!("{}|{account}", inputs.halo.instance));
    let marker = Marker::for_item(&pair, &ItemId::from("probe-writes"), target.kind);
    let Some(probe) = own_ticket(inputs, read, &target, &marker, side, ledger).await else { return };
    let ticket = format!("ticket {} of {}", probe.id, target.words.trim_start_matches("one "));
    let spoilt = match probe.ticket_type.filter(|of| *of != target.ticket_type) {
        _ if probe.shut => Some("is closed, deleted or renamed: open it again with its own name".to_owned()),
        Some(other) => Some(format!("is of the type {other}: make it one of type {}", target.ticket_type)),
        None => None,
    };
    if let Some(spoilt) = spoilt {
        for code in [KEPT, EDIT, STATUS] {
            ledger.cannot_tell(code, format!("{ticket} {spoilt}, and try again"));
        }
        return;
    }
    match side.edit_probe(probe.id).await {
        Ok(()) => ledger.ok(EDIT, format!("POST /Tickets: changed {ticket}, which is not our agent's")),
        Err(problem) => {
            ledger.put(refusal(EDIT, "POST /Tickets, its own name again", &problem));
            ledger.cannot_tell(KEPT, "nothing could be written");
            return;
        }
    }
    status(inputs, read, &target, &probe, side, ledger).await;
    if role::needs(&inputs.settings, "reassign_tickets") {
        assign(inputs, &target, &probe, side, ledger).await;
    }
    if role::needs(&inputs.settings, "change_ticket_type") {
        convert(inputs, read, &target, &probe, side, ledger).await;
    }
    if probe.shown {
        let finding = Finding::new(KEPT, State::Fails)
            .saw(format!("{ticket} is shown in the portal, though showforusers was false"));
        ledger.put(finding);
    }
}

/// Finds the ticket of an earlier check, or makes it; and finds it by its marker, as the sync does after a lost reply.
async fn own_ticket(
    inputs: &Inputs,
    read: &Read,
    target: &Target,
    marker: &Marker,
    side: &HaloSide,
    ledger: &mut Ledger,
) -> Option<Probe> {
    let asked = "GET /ExternalLink?third_party_id=MARKER";
    let earlier = match side.find_probe(target.kind, marker).await {
        Ok(found) => found,
        Err(problem) => {
            ledger.put(refusal(FOUND, asked, &problem));
            ledger.cannot_tell(KEPT, "not tried: an earlier probe ticket could not be looked for");
            return None;
        }
    };
    for id in earlier {
        match side.read_probe(id).await {
            Ok(probe) => {
                ledger.ok(FOUND, format!("{asked}: ticket {id}, of an earlier check"));
                return Some(probe);
            }
            // Deleted by a person; its link may outlive it.
            Err(problem) if problem.gone => {}
            Err(problem) => {
                ledger.put(refusal(KEPT, &format!("GET /Tickets/{id}"), &problem));
                return None;
            }
        }
    }
    if let Some(id) =
        side.find_probe_by_name(target.client).await.ok().and_then(|found| found.first().copied())
    {
        let saw = format!("{asked}: not ticket {id}, which an earlier check made with it");
        ledger.put(Finding::new(FOUND, State::Fails).saw(saw));
        return match side.read_probe(id).await {
            Ok(probe) => Some(probe),
            Err(problem) => {
                ledger.put(refusal(KEPT, &format!("GET /Tickets/{id}"), &problem));
                None
            }
        };
    }
    let id = match side.create_probe(spec(inputs, read, target, marker)).await {
        Ok(id) => id,
        Err(problem) => {
            ledger.put(refusal(ADD, "POST /Tickets, a new one", &problem));
            for code in [FOUND, KEPT] {
                ledger.cannot_tell(code, "not tried: the probe ticket could not be made");
            }
            return None;
        }
    };
    ledger.ok(ADD, format!("POST /Tickets: made ticket {id}, {}", target.words));
    let mut found = false;
    for _ in 0..LOOKS {
        found = side.find_probe(target.kind, marker).await.is_ok_and(|ids| ids.contains(&id));
        if found {
            break;
        }
        tokio::time::sleep(inputs.patience).await;
    }
    let state = if found { State::Ok } else { State::Fails };
    let words = if found { "found at once or shortly after" } else { "not found" };
    ledger
        .put(Finding::new(FOUND, state).saw(format!("{asked}: ticket {id}, just made with it, was {words}")));
    match side.read_probe(id).await {
        Ok(probe) => Some(probe),
        Err(problem) => {
            ledger.put(refusal(KEPT, &format!("GET /Tickets/{id}"), &problem));
            None
        }
    }
}

fn spec(inputs: &Inputs, read: &Read, target: &Target, marker: &Marker) -> CreateSpec {
    let of = inputs.settings.kind(target.kind);
    let client = read.catalogue.halo_clients.get(&target.client);
    CreateSpec {
        marker: marker.clone(),
        target: Side::Halo,
        kind: target.kind,
        item: None,
        ticket: None,
        client: target.hit.clone(),
        halo_client: target.client,
        site: client.and_then(|client| client.site_for_create()),
        ticket_type: Some(target.ticket_type),
        team: of.team,
        template: None,
        constants: of.constants.clone(),
        from_opportunity: None,
    }
}

fn is_harmless(read: &Read, id: &StatusId) -> bool {
    !read.found.mailing_statuses.contains(id)
        && read.catalogue.statuses.get(id).is_some_and(|status| !status.closed)
}

/// Another status that mails nobody and closes nothing: one of the map's, else any of the type's.
fn other_status(inputs: &Inputs, read: &Read, target: &Target, now: Option<StatusId>) -> Option<StatusId> {
    let fits = |id: &StatusId| Some(*id) != now && is_harmless(read, id);
    let rows =
        inputs.settings.status.get(&target.ticket_type).into_iter().flat_map(|map| map.to_halo.values());
    let mapped = rows.filter_map(|row| match row {
        StatusTarget::To { status, how: StatusHow::Set } => Some(*status),
        _ => None,
    });
    let of = read.catalogue.ticket_types.get(&target.ticket_type)?;
    mapped.chain(of.statuses.iter().copied()).find(fits)
}

async fn status(
    inputs: &Inputs,
    read: &Read,
    target: &Target,
    probe: &Probe,
    side: &HaloSide,
    ledger: &mut Ledger,
) {
    let (Some(before), Some(other)) = (probe.status, other_status(inputs, read, target, probe.status)) else {
        for code in [STATUS, KEPT] {
            ledger.cannot_tell(code, "the type has no second status that closes nothing and mails nobody");
        }
        return;
    };
    let name = |id: StatusId| {
        let name = read.catalogue.statuses.get(&id).map_or("unknown", |status| &*status.name);
        format!("{name} ({id})")
    };
    if let Err(problem) = side.set_probe_status(probe.id, other).await {
        ledger.put(refusal(STATUS, &format!("POST /Tickets, status {}", name(other)), &problem));
        ledger.cannot_tell(KEPT, "the status could not be written");
        return;
    }
    ledger.ok(STATUS, format!("POST /Tickets: status {} was accepted", name(other)));
    let after = side.read_probe(probe.id).await;
    let back = side.set_probe_status(probe.id, before).await;
    let read = match after {
        Ok(after) if after.status == Some(other) => {
            Finding::new(KEPT, State::Ok).saw(format!("GET /Tickets/{}: status {}", probe.id, name(other)))
        }
        Ok(after) => Finding::new(KEPT, State::Fails).saw(format!(
            "GET /Tickets/{}: status {}, right after {} was accepted",
            probe.id,
            after.status.map_or_else(|| "none".to_owned(), name),
            name(other)
        )),
        Err(problem) => {
            Finding::new(KEPT, State::CannotTell).saw(format!("GET /Tickets/{}: {}", probe.id, problem.words))
        }
    };
    ledger.put(match back {
        Ok(()) => read.saw(format!("the status is {} again", name(before))),
        Err(problem) => read.saw(format!("it could not be set back to {}: {}", name(before), problem.words)),
    });
}

async fn assign(inputs: &Inputs, target: &Target, probe: &Probe, side: &HaloSide, ledger: &mut Ledger) {
    let before = probe.agent.unwrap_or(AgentId(1));
    let Some(other) = inputs.settings.kind(target.kind).default_agent.filter(|agent| *agent != before) else {
        ledger.cannot_tell(ASSIGN, "no default_agent is chosen that the probe ticket does not have already");
        return;
    };
    match side.assign_probe(probe.id, other).await {
        Ok(()) => {
            let back = match side.assign_probe(probe.id, before).await {
                Ok(()) => format!("agent {before} again"),
                Err(problem) => format!("it could not be given back to agent {before}: {}", problem.words),
            };
            let finding =
                Finding::new(ASSIGN, State::Ok).saw(format!("POST /Tickets: agent {other} was accepted"));
            ledger.put(finding.saw(back));
        }
        Err(problem) => ledger.put(refusal(ASSIGN, &format!("POST /Tickets, agent {other}"), &problem)),
    }
}

/// Promotes the probe ticket as the sync does in the mode `convert`, or the other way round, and takes it back.
async fn convert(
    inputs: &Inputs,
    read: &Read,
    target: &Target,
    probe: &Probe,
    side: &HaloSide,
    ledger: &mut Ledger,
) {
    let other = target.kind.other();
    let of = |id: TicketTypeId| read.catalogue.ticket_types.get(&id);
    let Some((id, to)) = inputs.settings.kind(other).create_type.and_then(|id| Some((id, of(id)?))) else {
        ledger.cannot_tell(
            TYPE,
            format!("no type of new {other} tickets is chosen that the probe could become"),
        );
        return;
    };
    // One that both types have, else the first of the new type that closes nothing and mails nobody.
    let stays = probe.status.filter(|status| to.allows(*status));
    let status = stays.or_else(|| to.statuses.iter().copied().find(|status| is_harmless(read, status)));
    let name = format!("type {} ({id})", to.name);
    if let Err(problem) = side.convert_probe(probe.id, id, status).await {
        ledger.put(refusal(TYPE, &format!("POST /Tickets, {name}"), &problem));
        return;
    }
    let finding = Finding::new(TYPE, State::Ok).saw(format!("POST /Tickets: {name} was accepted"));
    ledger.put(match side.convert_probe(probe.id, target.ticket_type, probe.status).await {
        Ok(()) => finding.saw(format!("type {} again", target.ticket_type)),
        Err(problem) => finding
            .saw(format!("it could not be made one of type {} again: {}", target.ticket_type, problem.words)),
    });
}

fn refusal(code: &'static str, asked: &str, problem: &Problem) -> Finding {
    let state = if problem.refused { State::Fails } else { State::CannotTell };
    Finding::new(code, state).saw(format!("{asked}: {}", problem.words))
}
