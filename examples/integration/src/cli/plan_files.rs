//! How old plans in files are. A plan itself tells no time: the same state makes the same plan, byte for byte.

use std::collections::BTreeMap;
use std::time::Duration;

use sync_core::hash::Hash256;

use crate::exit::{Exit, Failure};
use crate::storage::{Store, UnixMs};

const FACT: &str = "plan_files";

/// When which plan was last written to a file.
type Written = BTreeMap<Hash256, UnixMs>;

/// Notes that a plan was written to a file, and forgets those that can no longer be applied.
///
/// # Errors
/// Those of the store.
pub(super) async fn note(
    store: &dyn Store,
    hash: Hash256,
    expiry: Duration,
    now: UnixMs,
) -> Result<(), Failure> {
    let mut written = read(store).await?;
    written.retain(|_, at| is_fresh(*at, expiry, now));
    written.insert(hash, now);
    // A map with text keys is always JSON.
    let body = serde_json::to_string(&written).unwrap_or_default();
    Ok(store.note_fact(FACT, &body, now).await?)
}

/// Refuses a plan that was written too long ago, or by another database.
///
/// # Errors
/// [`Exit::Stale`], and those of the store.
pub(super) async fn require_fresh(
    store: &dyn Store,
    hash: Hash256,
    expiry: Duration,
    now: UnixMs,
) -> Result<(), Failure> {
    if read(store).await?.get(&hash).is_some_and(|at| is_fresh(*at, expiry, now)) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Stale,
        "plan_expired",
        format!(
            "the plan was not written from this database within the last {} (timing.plan_expiry), and what it was \
             made from may be long past",
            words(expiry)
        ),
        "plan again with `halo-hit plan --out FILE`, look at it, and apply that",
    ))
}

/// What cannot be read was noted by another version: those plans are made anew.
async fn read(store: &dyn Store) -> Result<Written, Failure> {
    let text = store.fact(FACT).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

/// A clock that was set back makes no plan old.
fn is_fresh(at: UnixMs, expiry: Duration, now: UnixMs) -> bool {
    u128::try_from(now.saturating_sub(at)).unwrap_or(0) <= expiry.as_millis()
}

fn words(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        s if s >= 3_600 && s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s >= 60 && s % 60 == 0 => format!("{} min", s / 60),
        _ => format!("{} s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::SqliteStore;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn a_plan_can_be_applied_until_it_expires_and_is_then_refused_with_a_way_out() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("a.db"), 0).await.unwrap();
        let [plan, other] = [Hash256([1; 32]), Hash256([2; 32])];
        let refused = require_fresh(&store, plan, HOUR, 1_000).await.unwrap_err();
        assert_eq!((refused.code(), refused.exit()), ("plan_expired", Exit::Stale));
        assert!(refused.to_string().contains("plan again"), "{refused}");
        note(&store, plan, HOUR, 1_000).await.unwrap();
        note(&store, other, HOUR, 2_000).await.unwrap();
        for now in [0, 1_000, 3_601_000] {
            require_fresh(&store, plan, HOUR, now).await.unwrap();
        }
        assert!(require_fresh(&store, plan, HOUR, 3_601_001).await.is_err());
        require_fresh(&store, other, HOUR, 3_601_001).await.unwrap();
        // Planned again, it is as new; and what has expired is not kept.
        note(&store, plan, HOUR, 9_000_000).await.unwrap();
        require_fresh(&store, plan, HOUR, 9_000_000).await.unwrap();
        assert_eq!(read(&store).await.unwrap().len(), 1);
    }
}
