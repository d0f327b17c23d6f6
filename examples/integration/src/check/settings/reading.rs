//! What both systems have, read in the sync's own way.

use halo_client::bytes::Bytes;
use halo_client::{Client, http};
use serde::Deserialize;
use sync_core::catalogue::Catalogue;
use sync_core::ids::{HaloClientId, HitClientId};

use crate::check::connect::plainly;
use crate::check::finding::{Finding, State};
use crate::check::inputs::Inputs;
use crate::check::ledger::Ledger;
use crate::config::MarkerPlace;
use crate::engine::halo::read::Reading;
use crate::engine::halo::{Found, HaloSide};
use crate::engine::hit::HitSide;

/// What was read.
#[derive(Debug, Default)]
pub(in crate::check) struct Read {
    /// What both systems have; what could not be read is empty.
    pub(in crate::check) catalogue: Catalogue,
    /// What Halo has besides.
    pub(in crate::check) found: Found,
    /// Clients that are linked by a reference in HumanizeIT.
    pub(in crate::check) stored: Vec<(HitClientId, HaloClientId)>,
    /// Whether all of Halo's part could be read.
    pub(in crate::check) halo: bool,
    /// Whether all of HumanizeIT's part could be read.
    pub(in crate::check) hit: bool,
}

/// Reads both systems as far as they are connected.
pub(in crate::check) async fn read(
    inputs: &Inputs,
    halo: Option<&Client>,
    hit: bool,
    ledger: &mut Ledger,
) -> Read {
    const CODE: &str = "halo_unreadable";
    let mut read = Read::default();
    if let Some(client) = halo {
        let nothing = Reading {
            zone: None,
            currency: None,
            kinds: Default::default(),
            tasks: Default::default(),
            closed: Default::default(),
        };
        let side = HaloSide::new(client.clone(), MarkerPlace::default(), nothing);
        match side.catalogue(&mut read.catalogue).await {
            Ok(found) => {
                let has = &read.catalogue;
                let line = format!(
                    "{} ticket types, {} statuses, {} agents, {} teams, {} clients",
                    found.type_names.len(),
                    has.statuses.len(),
                    has.agents.len(),
                    has.teams.len(),
                    has.halo_clients.len()
                );
                ledger.ok(CODE, line);
                read.found = found;
                read.halo = true;
            }
            Err(error) => {
                let route = error.endpoint().unwrap_or("a list").to_owned();
                ledger.put(Finding::new(CODE, State::Fails).saw(format!("GET {route}: {}", plainly(&error))));
            }
        }
    }
    if let (true, Ok(api)) = (hit, &inputs.hit.api) {
        let side = HitSide::new(api.clone(), inputs.halo.instance.clone());
        match side.catalogue(&mut read.catalogue).await {
            Ok(stored) => {
                read.stored = stored;
                read.hit = true;
            }
            Err(error) => {
                let route = error.endpoint().unwrap_or("a list").to_owned();
                let saw = format!("GET {route}: {}", plainly(&error));
                ledger.put(Finding::new("hit_unreachable", State::Fails).saw(saw));
            }
        }
    }
    read
}

#[derive(Deserialize)]
struct CurrencyRow {
    code: Option<String>,
    #[serde(default)]
    default: bool,
}

/// The currency that Halo itself counts in, where it may be read and where the list leaves no doubt.
pub(in crate::check) async fn halo_currency(client: &Client) -> Option<String> {
    let request = http::Request::get("/Currency").body(Bytes::new()).ok()?;
    let answer = client.raw(request).await.ok()?;
    let rows: Vec<CurrencyRow> = serde_json::from_slice(answer.body()).ok()?;
    match rows.as_slice() {
        [only] => only.code.clone(),
        several => several.iter().find(|row| row.default)?.code.clone(),
    }
}
