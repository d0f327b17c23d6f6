//! Parts of the check, for whoever asks step by step: the setup verifies each answer when it is given.

use halo_client::Client as HaloClient;
use hit_client::Account;

use super::finding::Report;
use super::inputs::Inputs;
use super::ledger::Ledger;
use super::{agent, connect, hit, settings};

/// What Halo says of its own addresses, without credentials.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovered {
    /// Its authorisation server.
    pub authorisation_server: Option<String>,
    /// Its tenant.
    pub tenant: Option<String>,
}

/// The addresses alone: their shape, and whether Halo answers there. Sends at most one request, and no credentials.
pub async fn discovery(inputs: &Inputs) -> (Report, Discovered) {
    let mut ledger = Ledger::default();
    connect::shapes(&inputs.halo, &mut ledger);
    let mut found = Discovered::default();
    if !ledger.fails("resource_server_misplaced_api")
        && let Some(discovery) = connect::discover(&inputs.halo, &mut ledger).await
    {
        found = Discovered { authorisation_server: discovery.auth_url, tenant: discovery.tenant_id };
    }
    (ledger.so_far(), found)
}

/// The connection to Halo: addresses, token, scopes, and who the token stands for. The client is there if nothing
/// stands in the way of asking on.
pub async fn connection(inputs: &Inputs) -> (Report, Option<HaloClient>) {
    let mut ledger = Ledger::default();
    let mut client = connect::halo(&inputs.halo, &mut ledger).await;
    if let Some(found) = &client
        && matches!(agent::ask(found, &mut ledger).await, agent::Asked::Refused)
    {
        client = None;
    }
    (ledger.so_far(), client)
}

/// The connection to HumanizeIT, and whether its own sync is running. The account is there if the key was accepted.
pub async fn account(inputs: &Inputs) -> (Report, Option<Account>) {
    let mut ledger = Ledger::default();
    let account = hit::connect(&inputs.hit, &mut ledger).await;
    hit::built_in(&inputs.hit, &inputs.halo, account.is_some(), &mut ledger).await;
    (ledger.so_far(), account)
}

/// The currency that Halo itself counts in, where it may be read and where the list leaves no doubt.
pub async fn halo_currency(client: &HaloClient) -> Option<String> {
    settings::halo_currency(client).await
}
