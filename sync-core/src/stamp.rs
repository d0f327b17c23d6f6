//! Instants that say whose clock made them.

use core::cmp::Ordering;

/// Whose clock a [`Stamp`] was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockId {
    /// Halo's server clock.
    Halo,
    /// HIT's server clock.
    Hit,
    /// The clock of the machine that runs the engine.
    Ours,
}

/// An instant in milliseconds since 1970-01-01T00:00:00Z, by a named clock.
///
/// Stamps of different clocks cannot be ordered: `partial_cmp` is `None` and every comparison is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    /// The clock.
    pub clock: ClockId,
    /// Milliseconds since the epoch.
    pub unix_ms: i64,
}

impl Stamp {
    /// A stamp of the engine's own machine.
    #[must_use]
    pub const fn ours(unix_ms: i64) -> Self {
        Self { clock: ClockId::Ours, unix_ms }
    }

    /// A stamp of Halo's server.
    #[must_use]
    pub const fn halo(unix_ms: i64) -> Self {
        Self { clock: ClockId::Halo, unix_ms }
    }

    /// A stamp of HIT's server.
    #[must_use]
    pub const fn hit(unix_ms: i64) -> Self {
        Self { clock: ClockId::Hit, unix_ms }
    }

    /// The same clock, later by the given milliseconds (earlier if negative). Saturates.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self { clock: self.clock, unix_ms: self.unix_ms.saturating_add(ms) }
    }

    /// Milliseconds from `earlier` to `self`, or nothing if the clocks differ.
    #[must_use]
    pub fn since(self, earlier: Self) -> Option<i64> {
        (self.clock == earlier.clock).then(|| self.unix_ms.saturating_sub(earlier.unix_ms))
    }
}

impl PartialOrd for Stamp {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self.clock == other.clock).then(|| self.unix_ms.cmp(&other.unix_ms))
    }
}
