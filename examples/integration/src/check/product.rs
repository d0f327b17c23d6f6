//! Whether the instance is a HaloPSA, and not a sister of it.

use halo_client::Client;
use serde::Deserialize;

use super::ask;
use super::finding::{Finding, State};
use super::inputs::HaloTarget;
use super::ledger::Ledger;

const CODE: &str = "wrong_product";
/// Hosts of the sister products (their vendor's public pages).
const SISTERS: [(&str, &str); 3] =
    [("haloitsm.com", "HaloITSM"), ("haloservicedesk.com", "HaloITSM"), ("halocrm.com", "HaloCRM")];

#[derive(Deserialize)]
struct Instance {
    #[serde(default)]
    app_name: Option<String>,
}

/// The sister product whose host an address has.
pub(super) fn sister(address: &str) -> Option<&'static str> {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest).to_lowercase();
    let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
    let named = SISTERS.iter().find(|(domain, _)| host == *domain || host.ends_with(&format!(".{domain}")));
    named.map(|(_, product)| *product)
}

/// Judges the host and what the instance calls itself.
pub(super) async fn judge(target: &HaloTarget, client: &Client, ledger: &mut Ledger) {
    if ledger.fails(CODE) {
        return;
    }
    match ask::get::<Instance>(client, "/InstanceInfo").await.map(|found| found.app_name) {
        Ok(Some(name)) if name.to_lowercase().contains("psa") => {
            ledger.ok(CODE, format!("GET /InstanceInfo: {name}"));
        }
        Ok(Some(name)) if !name.trim().is_empty() => {
            ledger.put(Finding::new(CODE, State::Fails).saw(format!("GET /InstanceInfo: {name}")));
        }
        _ if target.resource_server.to_lowercase().contains(".halopsa.com") => {
            ledger.ok(CODE, format!("{}: a host of HaloPSA", target.resource_server));
        }
        Ok(_) => ledger.cannot_tell(CODE, "GET /InstanceInfo: no product is named"),
        Err(why) => ledger.cannot_tell(CODE, format!("GET /InstanceInfo: {why}")),
    }
}

#[cfg(test)]
mod tests {
    use super::sister;

    #[test]
    fn a_sister_is_told_by_its_host_alone() {
        assert_eq!(sister("https://acme.haloitsm.com/api"), Some("HaloITSM"));
        assert_eq!(sister("https://HALOCRM.com:443/api"), Some("HaloCRM"));
        assert_eq!(sister("https://acme.halopsa.com/api?x=haloitsm.com"), None);
        assert_eq!(sister("https://nothaloitsm.com/api"), None);
    }
}
