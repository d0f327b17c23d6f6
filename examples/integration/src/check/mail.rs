//! What Halo does of its own accord when the sync writes: e-mails, and changes of status and dates.

use std::collections::BTreeMap;

use sync_core::field::FieldId;
use sync_core::ids::{Kind, StatusId};
use sync_core::settings::Settings;

use super::finding::{Finding, State};
use super::inputs::Inputs;
use super::ledger::Ledger;
use super::role;
use super::settings::Read;

/// Judges what the chosen types and statuses do by themselves.
pub(super) fn judge(inputs: &Inputs, read: &Read, ledger: &mut Ledger) {
    if !read.halo || ledger.before("status_mail").is_some() {
        return;
    }
    let settings = &inputs.settings;
    by_itself(settings, read, ledger);
    acknowledgement(settings, read, ledger);
    let written = written(settings);
    let name = |id: &StatusId| {
        let name = read.catalogue.statuses.get(id).map_or("unknown", |status| &*status.name);
        format!("{name} ({id})")
    };
    let (mut mailing, mut closing) = (Vec::new(), Vec::new());
    for (status, places) in &written {
        let line = format!("{}: set by {}", name(status), places.join(", "));
        if read.found.mailing_statuses.contains(status) {
            mailing.push(format!("{line}; GET /Status: notifystatuschange is on"));
        }
        if read.catalogue.statuses.get(status).is_some_and(|status| status.closed) {
            closing.push(line);
        }
    }
    let asked = format!("{} statuses are set by the sync", written.len());
    ledger.put(if mailing.is_empty() {
        Finding::new("status_mail", State::Ok).saw(format!("{asked}, and none notifies"))
    } else {
        Finding::new("status_mail", State::Warning).saw_all(mailing)
    });
    ledger.put(if closing.is_empty() {
        Finding::new("closure_mail", State::Ok).saw(format!("{asked}, and none closes"))
    } else {
        Finding::new("closure_mail", State::CannotTell)
            .saw_all(closing)
            .saw("Halo's API does not show whether closing such a ticket mails; look at the screen")
    });
}

fn by_itself(settings: &Settings, read: &Read, ledger: &mut Ledger) {
    const CODE: &str = "type_acts_by_itself";
    let types = role::types(settings);
    let mut lines = Vec::new();
    for id in &types {
        let Some(acts) = read.found.own_acts.get(id) else { continue };
        let name = read.catalogue.ticket_types.get(id).map_or("", |found| &found.name);
        lines.extend(acts.changes.iter().map(|(field, value)| {
            let status = read.catalogue.statuses.get(&StatusId(*value)).filter(|_| field.contains("status"));
            let value =
                status.map_or_else(|| value.to_string(), |status| format!("{} ({value})", status.name));
            format!("{name} ({id}): {field} is {value}")
        }));
    }
    ledger.put(if lines.is_empty() {
        Finding::new(CODE, State::Ok)
            .saw(format!("GET /TicketType/ID of {} types: nothing of the kind", types.len()))
    } else {
        Finding::new(CODE, State::Warning).saw_all(lines)
    });
}

fn acknowledgement(settings: &Settings, read: &Read, ledger: &mut Ledger) {
    const CODE: &str = "acknowledgement_mail";
    let (mut lines, mut quiet) = (Vec::new(), Vec::new());
    for kind in Kind::ALL {
        let creates = settings.sync.create.values().any(|rule| rule.kind() == Some(kind));
        let Some(id) = settings.kind(kind).create_type.filter(|_| creates) else { continue };
        let Some(acts) = read.found.own_acts.get(&id) else { continue };
        let name = read.catalogue.ticket_types.get(&id).map_or("", |found| &found.name);
        if acts.acknowledges {
            lines.push(format!("GET /TicketType/{id} ({name}): default_sendack is on"));
        } else {
            quiet.push(format!("GET /TicketType/{id} ({name}): default_sendack is off"));
        }
    }
    if lines.is_empty() && quiet.is_empty() {
        quiet.push("nothing is created".to_owned());
    }
    ledger.put(if lines.is_empty() {
        Finding::new(CODE, State::Ok).saw_all(quiet)
    } else {
        Finding::new(CODE, State::Warning).saw_all(lines)
    });
}

/// Every status that the sync may set, with the places in the settings that say so.
fn written(settings: &Settings) -> BTreeMap<StatusId, Vec<String>> {
    let mut written: BTreeMap<StatusId, Vec<String>> = BTreeMap::new();
    for kind in Kind::ALL {
        let rule = settings.rule(kind, FieldId::Status).direction;
        if !rule.to_halo() && !rule.on_create() {
            continue;
        }
        let of = settings.kind(kind);
        for id in of.create_type.iter().chain(&of.followed) {
            for (hit, target) in settings.status.get(id).into_iter().flat_map(|map| &map.to_halo) {
                if let Some(status) = target.status() {
                    written.entry(status).or_default().push(format!("status_map.{id}.to_halo.{hit}"));
                }
            }
        }
    }
    if let Some(won) = &settings.sync.promotion.won {
        written.entry(won.status).or_default().push("sync.promotion.won_status".to_owned());
    }
    written
}
