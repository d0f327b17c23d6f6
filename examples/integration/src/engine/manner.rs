//! The manner in which records are read: what is asked for, and how values are understood.
//!
//! What is kept between runs was read in one manner. When the manner changes (another zone, currency, scope; a ticket
//! type that now makes projects), reading only what changed since would mix two manners, so everything is read once
//! more. Records that are missing from such a read are not taken for deleted.

use sync_core::catalogue::Catalogue;
use sync_core::hash::Hash128;
use sync_core::ids::Side;
use sync_core::settings::Settings;

use super::halo::Found;
use crate::config::Config;
use crate::exit::Failure;
use crate::storage::{Change, Cursor};

/// Under which name it stands among the cursors: it belongs to them.
const FEED: &str = "manner";

/// Digests of the manner.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Manner {
    /// Of what decides how a value is understood. If it differs, nothing that is kept can be relied on.
    pub(super) values: Hash128,
    /// Of what decides which records are asked for, and of which kind they are.
    pub(super) records: Hash128,
}

impl Manner {
    pub(super) fn of(config: &Config, settings: &Settings, catalogue: &Catalogue, found: &Found) -> Self {
        let halo = &config.halo;
        let zone = halo.time_zone.iana_name().unwrap_or_default();
        let project = &settings.project;
        let values = format!(
            "{zone}|{:?}|{:?}|{:?}|{}",
            project.halo_currency,
            project.hit_currency,
            halo.marker,
            halo.tenant_name()
        );
        let kinds: Vec<_> =
            catalogue.ticket_types.iter().map(|(id, ticket_type)| (id, ticket_type.kind)).collect();
        let closed: Vec<_> =
            catalogue.statuses.iter().filter(|(_, status)| status.closed).map(|(id, _)| id).collect();
        let records = format!("{}|{kinds:?}|{closed:?}|{:?}", settings.scope_hash(), found.task_types);
        Self { values: Hash128::of(values.as_bytes()), records: Hash128::of(records.as_bytes()) }
    }

    /// The manner of the last complete read; nothing if it is not known.
    pub(super) fn noted(cursors: &[Cursor]) -> Option<Self> {
        let cursor = cursors.iter().find(|cursor| cursor.side == Side::Halo && cursor.feed == FEED)?;
        serde_json::from_str(&cursor.value).ok()
    }

    /// The change that notes it.
    pub(super) fn change(&self) -> Result<Change, Failure> {
        let value = serde_json::to_string(self).map_err(|error| super::internal(&error))?;
        Ok(Change::MoveCursor { side: Side::Halo, feed: FEED.to_owned(), value })
    }
}
