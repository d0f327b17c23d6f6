//! What every store must do. One function runs all of it against any backend; each backend calls it.

mod links;
mod marks;
mod past;
mod people;
mod state;

use std::time::Duration;

use sync_core::base::{BaseCell, CreateSpec, Intent, Link, LinkState, LinkedBack};
use sync_core::decision::{Conflict, ConflictKind, Issue, IssueCode, PairingAnswer, Subject};
use sync_core::field::{FieldId, FieldRow};
use sync_core::hash::{Hash128, Hash256};
use sync_core::ids::{AgentId, HaloClientId, ItemId, Kind, PairId, Side, TicketId};
use sync_core::marker::Marker;
use sync_core::value::{Obs, Value};

use super::*;

const NO_WAIT: Duration = Duration::ZERO;

/// Runs the whole suite; `fresh` makes an empty store.
async fn behaves<S, F>(fresh: impl Fn() -> F)
where
    S: Store,
    F: Future<Output = S>,
{
    state::identity_is_given_once(&fresh().await).await;
    state::one_holder_at_a_time(&fresh().await).await;
    state::a_commit_is_all_or_nothing(&fresh().await).await;
    links::links_come_back_as_they_were(&fresh().await).await;
    marks::a_mark_made_meanwhile_stays(&fresh().await).await;
    marks::deliveries_wait_to_be_taken_up(&fresh().await).await;
    state::facts_are_replaced(&fresh().await).await;
    links::intents_outlive_what_they_stand_for(&fresh().await).await;
    people::conflicts_and_issues_keep_their_age(&fresh().await).await;
    people::answers_reach_the_planner(&fresh().await).await;
    people::an_answer_is_used_up_by_what_it_asked_for(&fresh().await).await;
    people::an_answer_is_kept_by_what_did_something_else(&fresh().await).await;
    people::one_record_is_found(&fresh().await).await;
    people::only_open_things_can_be_decided(&fresh().await).await;
    past::history_tells_what_happened(&fresh().await).await;
    past::a_line_is_settled_once(&fresh().await).await;
    past::the_gate_counts(&fresh().await).await;
    state::the_serial_tells_stale_plans(&fresh().await).await;
}

pub(in crate::storage) fn link(item: &str, project: i64) -> Link {
    let mut link = Link::new(ItemId::from(item), "c1".into(), HaloClientId(12));
    link.project = Some(TicketId(project));
    let cell = BaseCell { halo: Some(Value::text("a")), hit: None };
    link.base.of_mut(Kind::Project).insert(FieldId::Name, cell);
    link
}

fn conflict(item: &str) -> Conflict {
    let (halo, hit) = (Obs::Value(Value::text("h")), Obs::Value(Value::text("t")));
    Conflict {
        id: Conflict::name(
            &ItemId::from(item),
            Kind::Project,
            FieldId::Name,
            ConflictKind::BothChanged,
            &halo,
            &hit,
        ),
        item: ItemId::from(item),
        ticket: TicketId(7),
        kind: Kind::Project,
        field: FieldId::Name,
        reason: ConflictKind::BothChanged,
        base: None,
        halo,
        hit,
        ways_out: vec![Side::Halo, Side::Hit],
    }
}

pub(in crate::storage) fn delivery(name: Option<&str>, records: &[RecordKey]) -> Delivery {
    let name = name.map(|name| Hash128::of(name.as_bytes()));
    Delivery { side: Side::Hit, name, records: records.to_vec(), catalogue: false }
}

#[tokio::test]
async fn sqlite_in_memory_behaves() {
    behaves(|| async { SqliteStore::in_memory(0).await.unwrap() }).await;
}

#[tokio::test]
async fn sqlite_in_a_file_behaves() {
    let directory = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    behaves(|| {
        count.set(count.get() + 1);
        let path = directory.path().join(format!("{}.db", count.get()));
        async move { SqliteStore::open(&path, 0).await.unwrap() }
    })
    .await;
}
