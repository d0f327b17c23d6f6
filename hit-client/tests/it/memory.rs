//! The HumanizeIT in memory shows the behaviour of the contract, with every set of capabilities.

use futures_util::StreamExt as _;
use hit_client::test_util::{MemoryHit, suite};
use hit_client::{
    Capabilities, Capability, EventType, HitApi, HitApiExt as _, ItemPatch, ItemQuery, NewItem, Seen,
};

#[tokio::test]
async fn with_every_capability() {
    let report = suite::run(&MemoryHit::example()).await.unwrap();
    assert_eq!(report.skipped, []);
}

#[tokio::test]
async fn without_any_one_capability_and_without_all() {
    for absent in Capability::KNOWN {
        let hit = MemoryHit::example();
        hit.set_capabilities(Capabilities::all().without(absent));
        suite::run(&hit).await.unwrap_or_else(|failure| panic!("without {absent}: {failure}"));
    }
    let hit = MemoryHit::example();
    hit.set_capabilities(Capabilities::none());
    let report = suite::run(&hit).await.unwrap();
    let skipped: Vec<_> = report.skipped.iter().map(|(name, _)| *name).collect();
    assert_eq!(skipped, ["capabilities::conditional_writes", "capabilities::repeated_creates"]);
}

#[tokio::test]
async fn an_item_that_leaves_its_roadmap_is_hidden_not_gone() {
    let hit = MemoryHit::example();
    let item = hit.person_creates(&NewItem::new("cl_1", "A")).unwrap();
    hit.person_archives(&item.id, true).unwrap();
    assert_eq!(hit.items(&ItemQuery::new()).count().await, 0);
    assert_eq!(hit.items(&ItemQuery::new().include_archived()).count().await, 1);
    assert!(hit.item(&item.id).await.unwrap().is_archived());
    let refused = hit.update_item(&item.id, &ItemPatch::new().name("B"), None).await.unwrap_err();
    assert_eq!(refused.code(), Some("item_archived"));
    hit.person_archives(&item.id, false).unwrap();
    let kinds: Vec<_> = hit.take_events().into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventType::ItemCreated, EventType::ItemArchived, EventType::ItemUpdated]);
}

#[tokio::test]
async fn an_item_that_changes_during_the_walk_is_not_skipped() {
    let hit = MemoryHit::example();
    let mut ids = Vec::new();
    for name in ["A", "B", "C"] {
        ids.push(hit.person_creates(&NewItem::new("cl_1", name)).unwrap().id);
    }
    let query = ItemQuery::new().page_size(1);
    let first = hit.items_page(&query, None).await.unwrap();
    hit.person_edits(&ids[1], &ItemPatch::new().name("B2")).unwrap();
    let mut names = Vec::new();
    let mut next = first.next;
    while let Some(cursor) = next {
        let page = hit.items_page(&query, Some(&cursor)).await.unwrap();
        names.extend(page.rows.into_iter().map(|row| row.unwrap().name));
        next = page.next;
    }
    assert_eq!(names, ["C", "B2"]);
}

#[tokio::test]
async fn whole_lists_work_through_a_trait_object() {
    let hit: Box<dyn HitApi> = Box::new(MemoryHit::example());
    let clients: Vec<_> = hit.clients().collect().await;
    assert_eq!(clients.len(), 3);
    assert!(
        matches!(&clients[0].as_ref().unwrap().external_references, Seen::Value(none) if none.is_empty())
    );
}
