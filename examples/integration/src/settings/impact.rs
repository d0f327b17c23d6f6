//! What a change of the settings would make the next sync do, as a number before it is a fact.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use sync_core::plan::{Counts, Verdict};

use crate::app::{App, Systems, unix_ms};
use crate::config::Config;
use crate::engine::{Engine, Planned, Reach};
use crate::exit::Failure;
use crate::storage::{SqliteStore, Store};

/// What the next sync would write, without and with a change.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Impact {
    /// Writes as it is; nothing where the settings as they are cannot be planned.
    pub(super) before: Option<usize>,
    /// Writes with the change.
    pub(super) after: usize,
    /// What they are.
    pub(super) counts: Counts,
    /// Whether limits would stop them.
    pub(super) blocked: Vec<String>,
}

impl Impact {
    /// Writes that come with the change.
    pub(super) fn more(&self) -> usize {
        self.after.saturating_sub(self.before.unwrap_or(0))
    }

    /// In one sentence.
    pub(super) fn sentence(&self) -> String {
        let Impact { after, counts, .. } = self;
        let before =
            self.before.map_or("cannot be planned".to_owned(), |count| format!("would write {count} times"));
        format!(
            "As it is, the next sync {before}; with the change it would write {after} times ({} creates, {} updates, {} \
             promotions), {} conflicts and {} issues.",
            counts.creates(),
            counts.updates(),
            counts.promotions,
            counts.conflicts,
            counts.issues
        )
    }
}

fn writes(planned: &Planned) -> usize {
    planned.plan.ops.iter().filter(|op| op.kind.is_write()).count()
}

/// A copy of the database beside it, gone when dropped.
struct Trial {
    path: PathBuf,
}

impl Drop for Trial {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm", ".lock"] {
            let mut name = self.path.as_os_str().to_owned();
            name.push(end);
            // What was never made is gone already.
            let _ = std::fs::remove_file(PathBuf::from(name));
        }
    }
}

/// Plans without and with the change on a copy of the database: nothing is remembered of it, and nothing is written to
/// either system.
///
/// # Errors
/// Those of reading both systems.
pub(super) async fn measure(app: &App, systems: &Systems, new: &Config) -> Result<Impact, Failure> {
    let mut name = app.config.database.as_os_str().to_owned();
    name.push(format!(".trial{}", std::process::id()));
    let trial = Trial { path: PathBuf::from(name) };
    // A copy that an earlier process left behind is nobody's.
    drop(Trial { path: trial.path.clone() });
    app.store.copy_to(&trial.path).await?;
    let store = SqliteStore::open(&trial.path, unix_ms(rest_core::clock::Clock::wall(&app.time))).await?;
    let shared: Arc<dyn Store> = Arc::new(store.clone());
    let before = plan(&app.config, &shared, systems, Reach::Changes).await;
    // Rows are kept as they were read: another zone or currency reads them anew.
    let project = (&app.config.settings.project, &new.settings.project);
    let same = project.0.time_zone == project.1.time_zone
        && project.0.halo_currency == project.1.halo_currency
        && project.0.hit_currency == project.1.hit_currency;
    let reach = if same { Reach::Changes } else { Reach::Everything };
    let after = plan(new, &shared, systems, reach).await;
    store.close().await;
    let after = after?;
    let blocked = match &after.plan.head.verdict {
        Verdict::Blocked(hits) => hits.iter().map(|hit| hit.sentence().to_string()).collect(),
        Verdict::Ok => Vec::new(),
    };
    Ok(Impact {
        before: before.ok().as_ref().map(writes),
        after: writes(&after),
        counts: after.plan.head.counts,
        blocked,
    })
}

async fn plan(
    config: &Config,
    store: &Arc<dyn Store>,
    systems: &Systems,
    reach: Reach,
) -> Result<Planned, Failure> {
    let app = App::with_store(config.clone(), Arc::clone(store), Duration::ZERO);
    let lease = app.lease("settings").await?;
    let engine = Engine::new(&app, systems);
    let view = engine.read(&lease, reach).await?;
    Ok(engine.plan(&view))
}
