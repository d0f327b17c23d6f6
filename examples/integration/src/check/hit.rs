//! HumanizeIT: address, key, and whether its own sync is running.

use hit_client::{Account, Connection, Engine};

use super::connect::plainly;
use super::finding::{Finding, State};
use super::inputs::{HaloTarget, HitTarget};
use super::ledger::Ledger;
use crate::engine::another_writer;

/// The account behind the key; none where something stands in the way.
pub(super) async fn connect(target: &HitTarget, ledger: &mut Ledger) -> Option<Account> {
    let asked = format!("GET {}/account", target.base_url.trim_end_matches('/'));
    let answer = match &target.api {
        Ok(api) => api.account().await,
        Err(error) => Err(error.clone()),
    };
    match answer {
        Ok(account) => {
            ledger.ok("hit_unreachable", &asked);
            ledger
                .ok("hit_credentials_refused", format!("{asked}: account {} ({})", account.name, account.id));
            Some(account)
        }
        Err(error) => {
            let refused = error.is_authentication() || error.is_permission();
            if refused {
                ledger.ok("hit_unreachable", &asked);
            }
            let code = if refused { "hit_credentials_refused" } else { "hit_unreachable" };
            ledger.put(Finding::new(code, State::Fails).saw(format!("{asked}: {}", plainly(&error))));
            None
        }
    }
}

/// Whether HumanizeIT writes to Halo by itself, and which Halo it means.
pub(super) async fn built_in(target: &HitTarget, halo: &HaloTarget, connected: bool, ledger: &mut Ledger) {
    const CODE: &str = "hit_built_in_sync_on";
    let (true, Ok(api)) = (connected, &target.api) else { return };
    let asked = "GET /integrations/halopsa";
    let found = api.integration().await;
    match &found {
        Ok(found) => connection(halo, &found.connection, ledger),
        Err(error) => ledger.cannot_tell("hit_connection_differs", format!("{asked}: {}", plainly(error))),
    }
    match found {
        Ok(found) if found.engine == Engine::BuiltIn => {
            let reach = if found.global_sync { "all clients" } else { "its validation clients" };
            ledger.put(
                Finding::new(CODE, State::Fails).saw(format!("{asked}: the engine is built_in, for {reach}")),
            );
        }
        Ok(found) => match another_writer(&found.engine) {
            None => ledger.ok(CODE, format!("{asked}: the engine is {}", found.engine)),
            Some(_) if target.built_in_sync_is_off => {
                let finding = Finding::new(CODE, State::Ok)
                    .saw(format!("{asked}: the engine is \"{}\", which is not known", found.engine))
                    .saw("hit.built_in_sync_is_off = true: somebody has said that it is off");
                ledger.put(finding);
            }
            Some(why) => ledger.put(Finding::new(CODE, State::Fails).saw(format!("{asked}: {why}"))),
        },
        Err(error) if target.built_in_sync_is_off => {
            let finding = Finding::new(CODE, State::Ok)
                .saw(format!("{asked}: {}", plainly(&error)))
                .saw("hit.built_in_sync_is_off = true: somebody has said that it is off");
            ledger.put(finding);
        }
        Err(error) => {
            ledger.put(Finding::new(CODE, State::CannotTell).saw(format!("{asked}: {}", plainly(&error))))
        }
    }
}

/// What HumanizeIT's own settings call the same things, held against ours.
fn connection(halo: &HaloTarget, theirs: &Connection, ledger: &mut Ledger) {
    const CODE: &str = "hit_connection_differs";
    let plain = |text: &str| text.trim().trim_end_matches('/').to_lowercase();
    // Their screen takes the address with or without its end; the host is what counts.
    let host = |text: &str| plain(text).trim_end_matches("/api").trim_end_matches("/auth").to_owned();
    let rows = [
        ("Tenant URL", theirs.resource_server.as_ref().map(ToString::to_string), Some(&halo.resource_server)),
        (
            "Authorization Server",
            theirs.authorisation_server.as_ref().map(ToString::to_string),
            Some(&halo.authorisation_server),
        ),
        ("Tenant", theirs.tenant.as_ref().map(ToString::to_string), halo.tenant.as_ref()),
    ];
    let mut same = Vec::new();
    let mut differs = Vec::new();
    for (label, theirs, ours) in rows {
        let Some((theirs, ours)) = theirs.as_deref().zip(ours) else { continue };
        if host(theirs) == host(ours) {
            same.push(format!("{label}: {theirs}"));
        } else {
            differs.push(format!("{label}: HumanizeIT has {theirs}, ours is {ours}"));
        }
    }
    ledger.put(match (differs.is_empty(), same.is_empty()) {
        (false, _) => Finding::new(CODE, State::Warning).saw_all(differs),
        (true, false) => Finding::new(CODE, State::Ok).saw_all(same),
        (true, true) => {
            Finding::new(CODE, State::Ok).saw("GET /integrations/halopsa: nobody entered a connection there")
        }
    });
}
