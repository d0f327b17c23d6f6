//! Deliveries of webhooks: stored before their sender is answered, and taken up by the next read.
//!
//! They do not go straight into the dirty set. A read cleans the marks that were there when it began; a delivery that
//! arrives while it is under way waits here for the next one, whatever the order in which the two are committed.

use std::collections::BTreeSet;

use serde::Serialize;
use sync_core::hash::Hash128;
use sync_core::ids::Side;

use super::{RecordKey, UnixMs};

/// A delivery whose sender has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Who sent it.
    pub side: Side,
    /// The name by which a repetition of it is recognised. Without one it is never taken for a repetition.
    pub name: Option<Hash128>,
    /// The records that may have changed. None means that something has changed and that a look is due.
    pub records: Vec<RecordKey>,
    /// Whether what both tenants have (clients, settings) may have changed.
    pub catalogue: bool,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reception {
    /// It is stored.
    Stored,
    /// It was stored before, under the same name.
    Repeated,
}

/// What deliveries have told since the last read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The records that may have changed.
    pub records: BTreeSet<RecordKey>,
    /// The sides that said anything at all.
    pub sides: BTreeSet<Side>,
}

/// What waits to be taken up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// How many records, and hints without a record.
    pub count: u64,
    /// Since when the oldest of them waits.
    pub since: Option<UnixMs>,
}
