//! What a conflict or an issue is about, in people's words.

use serde::{Deserialize, Serialize};

use super::UnixMs;

/// Names of what a conflict or issue is about, and who wrote there last, as far as the systems say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct About {
    /// The item's name.
    pub item: Option<String>,
    /// The ticket's summary.
    pub ticket: Option<String>,
    /// The client's name.
    pub client: Option<String>,
    /// The name of the status or person that is the point.
    pub value: Option<String>,
    /// The ticket's last change, looked up when the conflict was first seen.
    pub halo: Option<Edit>,
    /// The item's last change, looked up when the conflict was first seen.
    pub hit: Option<Edit>,
}

/// The last change of a record. Neither system says who changed a single field.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Edit {
    /// By whom, by name; nothing where the system does not say.
    pub by: Option<String>,
    /// What they did, where the system says: the outcome of Halo's last action.
    pub what: Option<String>,
    /// When, by that system's clock.
    pub at: Option<UnixMs>,
}
