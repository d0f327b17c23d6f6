//! HumanizeIT: address, key, and whether its own sync is running.

use hit_client::{Account, Engine};

use super::connect::plainly;
use super::finding::{Finding, State};
use super::inputs::HitTarget;
use super::ledger::Ledger;

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

/// Whether HumanizeIT writes to Halo by itself.
pub(super) async fn built_in(target: &HitTarget, connected: bool, ledger: &mut Ledger) {
    const CODE: &str = "hit_built_in_sync_on";
    let (true, Ok(api)) = (connected, &target.api) else { return };
    let asked = "GET /integrations/halopsa";
    match api.integration().await {
        Ok(found) if found.engine == Engine::BuiltIn => {
            let reach = if found.global_sync { "all clients" } else { "its validation clients" };
            ledger.put(
                Finding::new(CODE, State::Fails).saw(format!("{asked}: the engine is built_in, for {reach}")),
            );
        }
        Ok(found) => ledger.ok(CODE, format!("{asked}: the engine is {}", found.engine)),
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
