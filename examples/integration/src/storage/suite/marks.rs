//! What changed: marks, cursors and deliveries.

use super::*;

pub(super) async fn a_mark_made_meanwhile_stays(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let key = RecordKey::Item(ItemId::from("i1"));
    let other = RecordKey::Ticket(TicketId(9));
    let mark = |key: &RecordKey| Change::Mark { key: key.clone(), reason: "feed".into() };
    let cursor = Change::MoveCursor { side: Side::Hit, feed: "items".into(), value: "c1".into() };
    store.commit(&lease, &[mark(&key), mark(&other), cursor], 10).await.unwrap();
    let read = store.dirty().await.unwrap();
    assert_eq!(read.iter().map(|dirty| &dirty.key).collect::<Vec<_>>(), [&other, &key]);
    // A webhook arrives between the read and the commit.
    store.receive(&[delivery(None, std::slice::from_ref(&key))], 20).await.unwrap();
    store.take_up(&lease, 20).await.unwrap();
    let clean: Vec<Change> =
        read.iter().map(|dirty| Change::Clean { key: dirty.key.clone(), mark: dirty.mark }).collect();
    store.commit(&lease, &clean, 30).await.unwrap();
    let left = store.dirty().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!((&left[0].key, left[0].reason.as_str(), left[0].since), (&key, "webhook", 10));
    assert_eq!(store.cursors().await.unwrap()[0].value, "c1");
}

pub(super) async fn deliveries_wait_to_be_taken_up(store: &impl Store) {
    let [one, two] = ["i1", "i2"].map(|id| RecordKey::Item(ItemId::from(id)));
    let both = [delivery(Some("a"), std::slice::from_ref(&one)), delivery(None, &[one.clone(), two.clone()])];
    assert_eq!(store.receive(&both, 10).await.unwrap(), [Reception::Stored; 2]);
    // The same name again is a repetition, within one batch as well; without a name nothing is.
    let again = [both[0].clone(), both[1].clone(), delivery(Some("b"), &[]), delivery(Some("b"), &[])];
    let (stored, repeated) = (Reception::Stored, Reception::Repeated);
    assert_eq!(store.receive(&again, 20).await.unwrap(), [repeated, stored, stored, repeated]);
    // Two records and one hint without a record; nothing is dirty yet, and plans stay as they are.
    assert_eq!(store.waiting().await.unwrap(), Waiting { count: 3, since: Some(10) });
    assert_eq!(store.dirty().await.unwrap(), []);
    let head = store.head().await.unwrap();

    let lease = store.lease("t", NO_WAIT).await.unwrap();
    // A mark that asks for more than a webhook does keeps its reason.
    let retry = Change::Mark { key: two.clone(), reason: "retry".into() };
    store.commit(&lease, &[retry], 25).await.unwrap();
    let told = store.take_up(&lease, 30).await.unwrap();
    assert_eq!((told.records.len(), told.sides.len()), (2, 1));
    let dirty = store.dirty().await.unwrap();
    let reasons: Vec<&str> = dirty.iter().map(|dirty| dirty.reason.as_str()).collect();
    assert_eq!(reasons, [WEBHOOK, "retry"]);
    assert_eq!((dirty[0].since, dirty[1].since), (30, 25));
    assert_eq!(store.waiting().await.unwrap(), Waiting::default());
    assert_eq!(store.take_up(&lease, 40).await.unwrap(), Told::default());
    assert_eq!(store.head().await.unwrap(), head);
    // The names are known for a while after, not for ever.
    assert_eq!(store.receive(&both[..1], 50).await.unwrap(), [Reception::Repeated]);
    let week = 7 * 24 * 3_600_000;
    store.take_up(&lease, week).await.unwrap();
    assert_eq!(store.receive(&both[..1], week).await.unwrap(), [Reception::Stored]);

    // What both tenants have is asked for again after a delivery that says so.
    store.commit(&lease, &[Change::KeepCatalogue("{}".into())], week).await.unwrap();
    let clients = Delivery { catalogue: true, ..delivery(None, &[]) };
    store.receive(&[clients], week).await.unwrap();
    assert_eq!(store.catalogue().await.unwrap().as_deref(), Some("{}"));
    store.take_up(&lease, week).await.unwrap();
    assert_eq!(store.catalogue().await.unwrap(), None);

    store.lease("other", NO_WAIT).await.unwrap_err();
    drop(lease);
    let newer = store.lease("newer", NO_WAIT).await.unwrap();
    let old = Lease::new(newer.fence - 1, Box::new(()));
    assert!(matches!(store.take_up(&old, week).await, Err(StoreError::LeaseLost)));
}
