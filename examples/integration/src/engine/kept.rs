//! What both tenants have, as it is kept between runs.

use sync_core::catalogue::Catalogue;
use sync_core::hash::Hash256;
use sync_core::ids::{HaloClientId, HitClientId};

use super::halo::Found;
use crate::exit::Failure;
use crate::storage::Store;

/// What is kept of both tenants between runs.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Kept {
    pub(super) catalogue: Catalogue,
    pub(super) found: Found,
    pub(super) stored_clients: Vec<(HitClientId, HaloClientId)>,
    /// For which settings it was asked for.
    #[serde(default)]
    pub(super) settings: Option<Hash256>,
}

/// What both tenants had when they were last asked, for names; nothing before the first contact.
///
/// # Errors
/// Those of the store.
pub async fn kept_catalogue(store: &dyn Store) -> Result<Option<Catalogue>, Failure> {
    let kept = store.catalogue().await?;
    Ok(kept.and_then(|text| serde_json::from_str::<Kept>(&text).ok()).map(|kept| kept.catalogue))
}

/// Which Halo clients HIT's own references name for its clients, as it was last kept.
///
/// # Errors
/// Those of the store.
pub async fn kept_client_references(store: &dyn Store) -> Result<Vec<(HitClientId, HaloClientId)>, Failure> {
    let kept = store.catalogue().await?.and_then(|text| serde_json::from_str::<Kept>(&text).ok());
    Ok(kept.map(|kept| kept.stored_clients).unwrap_or_default())
}
