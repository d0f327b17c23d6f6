//! The engine: reading both systems, planning, carrying out.
//!
//! `sync_core` decides everything; this talks to servers, keeps what must be kept, and converts between the systems'
//! wire values and the planner's.

mod about;
mod absence;
mod blocked;
mod chronicle;
mod details;
mod feed;
pub mod halo;
pub mod hit;
mod kept;
mod manner;
mod outage;
mod people;
mod perform;
mod proof;
mod questions;
mod read;
mod rows;
mod run;
mod stop;
mod trouble;
mod undo;
mod unlinked;
mod zone;

use std::sync::Arc;
use std::time::Duration;

use rest_core::clock::Time;
use rest_core::limit::{RateLimit, RateLimiter};
use sync_core::ids::PairId;
use sync_core::settings::Settings;

use self::halo::HaloSide;
use self::halo::read::Reading;
use self::hit::HitSide;
use crate::app::{App, Systems};
use crate::config::Config;
use crate::exit::{Exit, Failure};
use crate::remote;
use crate::storage::Store;

pub use self::about::client_named;
pub(crate) use self::blocked::SERVE;
pub use self::kept::{kept_catalogue, kept_client_references};
pub(crate) use self::outage::not_answering;
pub use self::people::Matches;
pub use self::perform::{Early, Performed, Performer, Silent, Watch, now_ms};
pub use self::questions::asks_about_imports;
pub use self::read::{Reach, View};
pub use self::rows::{kept_item, kept_ticket};
pub use self::run::{Done, Planned, stale};
pub use self::stop::Stop;
pub use self::undo::{Left, Undone};
pub use self::zone::Zone;

/// One pair of tenants, connected.
pub struct Engine {
    app: App,
    config: Arc<Config>,
    store: Arc<dyn Store>,
    /// HaloPSA.
    pub halo: HaloSide,
    /// HumanizeIT.
    pub hit: HitSide,
    /// The settings of the configuration, without what people have answered.
    settings: Settings,
    /// The pair, as it enters every marker.
    pub pair: PairId,
    time: Arc<dyn Time>,
    overlap: Duration,
    stop: Stop,
    /// The share of Halo's rate that complete reads may take.
    full_reads: RateLimiter,
}

impl Engine {
    /// An engine over clients that have made their first contact.
    #[must_use]
    pub fn new(app: &App, systems: &Systems) -> Self {
        let config = Arc::clone(&app.config);
        let reading = Reading {
            zone: Some(Zone::new(config.halo.time_zone.clone())),
            currency: config.settings.project.halo_currency,
            kinds: Default::default(),
            tasks: Default::default(),
            closed: Default::default(),
        };
        Self {
            app: app.clone(),
            store: Arc::clone(&app.store),
            halo: HaloSide::new(systems.halo.clone(), config.halo.marker, reading),
            hit: HitSide::new(Arc::clone(&systems.hit), config.halo.tenant_name()),
            settings: config.settings.clone(),
            pair: systems.pair.clone(),
            time: Arc::new(app.time),
            overlap: config.timing.overlap,
            stop: Stop::new(),
            full_reads: RateLimiter::new(Some(full_read_limit(&config)), app.time),
            config,
        }
    }

    /// The same engine, which ends early when asked to.
    #[must_use]
    pub fn with_stop(mut self, stop: Stop) -> Self {
        self.stop = stop;
        self
    }

    /// The settings in force: the configuration, and what people have answered.
    async fn settings(&self) -> Result<Settings, Failure> {
        self.app.settings().await
    }

    fn halo_failure(&self, error: &halo_client::Error) -> Failure {
        remote::halo_failure(error, &self.config)
    }

    fn hit_failure(&self, error: &hit_client::Error) -> Failure {
        remote::hit_failure(error, &self.config)
    }

    /// Refuses to write while HumanizeIT's own Halo sync may be writing too: two writers undo each other's work.
    ///
    /// # Errors
    /// [`Exit::Blocked`], unless it is off or the configuration says that it is.
    pub async fn require_only_writer(&self) -> Result<(), Failure> {
        if self.config.hit.built_in_sync_is_off {
            return Ok(());
        }
        match self.hit.api().integration().await {
            Ok(integration) => match another_writer(&integration.engine) {
                None => Ok(()),
                Some(what) => Err(not_alone(what)),
            },
            Err(error) if hit_client::error::is_unsupported(&error) => {
                Err(not_alone("HumanizeIT does not say whether its own HaloPSA sync is on".to_owned()))
            }
            Err(error) => Err(self.hit_failure(&error)),
        }
    }
}

/// Why HumanizeIT may be writing to Halo as well; nothing where its sync is off, or is this one.
pub(crate) fn another_writer(engine: &hit_client::Engine) -> Option<String> {
    match engine {
        hit_client::Engine::Off | hit_client::Engine::External => None,
        hit_client::Engine::BuiltIn => Some(
            "HumanizeIT's own HaloPSA sync is on, and two writers would undo each other's work".to_owned(),
        ),
        other => Some(format!(
            "HumanizeIT says of its HaloPSA sync \"{other}\", which this program does not know; it may be writing too"
        )),
    }
}

fn not_alone(what: String) -> Failure {
    let way_out = "switch it off in HumanizeIT under Integrations > HaloPSA, or set \
                   hit.built_in_sync_is_off = true if you know that it is";
    Failure::new(Exit::Blocked, "hit_built_in_sync_on", what, way_out)
}

/// At most this share of the rate, but never nothing.
fn full_read_limit(config: &Config) -> RateLimit {
    let rate = config.halo.rate_limit;
    let share = u64::from(rate.requests) * u64::from(config.halo.full_read_share) / 100;
    RateLimit::new(u32::try_from(share).unwrap_or(u32::MAX).max(1), rate.window)
}

/// A failure that only a fault of this program explains.
fn internal(error: &dyn std::fmt::Display) -> Failure {
    Failure::other("internal", error.to_string(), "nothing was lost; please report this")
}

#[cfg(test)]
mod tests {
    use hit_client::Engine;

    use super::*;

    #[test]
    fn only_a_sync_that_is_off_or_ours_is_no_other_writer() {
        assert_eq!(another_writer(&Engine::Off), None);
        assert_eq!(another_writer(&Engine::External), None);
        for other in [Engine::BuiltIn, "hybrid".into(), "".into()] {
            assert!(another_writer(&other).is_some(), "{other:?}");
        }
    }
}
