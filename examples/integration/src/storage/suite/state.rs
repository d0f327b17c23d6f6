//! What a store is: whose it is, who may change it, and what makes plans stale.

use super::*;
use sync_core::base::CleanMark;

pub(super) async fn identity_is_given_once(store: &impl Store) {
    assert_eq!(store.identity().await.unwrap(), None);
    let ours = |hit: Option<&str>| Identity { halo: "acme".into(), hit: hit.map(Into::into) };
    store.claim(&ours(None), 1).await.unwrap();
    store.claim(&ours(Some("h1")), 1).await.unwrap();
    store.claim(&ours(None), 1).await.unwrap();
    assert_eq!(store.identity().await.unwrap(), Some(ours(Some("h1"))));
    let other_account = store.claim(&ours(Some("h2")), 1).await.unwrap_err();
    let other_tenant = Identity { halo: "contoso".into(), hit: None };
    let other_tenant = store.claim(&other_tenant, 1).await.unwrap_err();
    for error in [other_account, other_tenant] {
        assert!(matches!(error, StoreError::OtherTenant { .. }), "{error}");
    }
    assert_eq!(store.identity().await.unwrap(), Some(ours(Some("h1"))));
}

pub(super) async fn one_holder_at_a_time(store: &impl Store) {
    let first = store.lease("first", NO_WAIT).await.unwrap();
    let refused = store.lease("second", NO_WAIT).await.unwrap_err();
    assert!(refused.to_string().contains("(first)"), "{refused}");
    drop(first);
    let second = store.lease("second", NO_WAIT).await.unwrap();
    assert!(second.fence > 1);
    // A holder that was taken for dead is fenced off even if its guard still lives.
    let stale = Lease::new(second.fence - 1, Box::new(()));
    let refused = store.commit(&stale, &[Change::PutLink(Box::new(link("i", 1)))], 1).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost)));
    assert_eq!(store.count_links().await.unwrap(), 0);
    let (waited, ()) = tokio::join!(store.lease("third", Duration::from_secs(5)), async move {
        tokio::time::sleep(Duration::from_millis(60)).await;
        drop(second);
    });
    waited.unwrap();
}

pub(super) async fn a_commit_is_all_or_nothing(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let before = store.head().await.unwrap();
    // The second link claims the first one's ticket.
    let changes = [
        Change::MoveCursor { side: Side::Halo, feed: "tickets".into(), value: "2026".into() },
        Change::PutLink(Box::new(link("i1", 7))),
        Change::PutLink(Box::new(link("i2", 7))),
    ];
    let refused = store.commit(&lease, &changes, 1).await.unwrap_err();
    assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
    assert_eq!(store.count_links().await.unwrap(), 0);
    assert_eq!(store.cursors().await.unwrap(), []);
    assert_eq!(store.head().await.unwrap(), before);
}

pub(super) async fn facts_are_replaced(store: &impl Store) {
    assert_eq!(store.fact("serve").await.unwrap(), None);
    store.note_fact("serve", "1", 10).await.unwrap();
    store.note_fact("serve", "2", 20).await.unwrap();
    assert_eq!(store.fact("serve").await.unwrap().as_deref(), Some("2"));
}

pub(super) async fn the_serial_tells_stale_plans(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let start = store.head().await.unwrap();
    assert_eq!(start.lineage.len(), 32);
    let settings = || {
        Change::NoteSettings(Box::new(SettingsNote {
            hash: Hash256::of(b"s"),
            text: "{}".into(),
            author: None,
            how: SettingsHow::First,
            file: None,
        }))
    };
    let noted = store.commit(&lease, &[settings()], 1).await.unwrap();
    assert_eq!(noted.serial, start.serial + 1);
    let mut one = link("i1", 1);
    let noted = store.commit(&lease, &[Change::PutLink(Box::new(one.clone()))], 1).await.unwrap();
    assert_eq!(noted.serial, start.serial + 2);
    // The same settings again, marks and pauses leave plans as good as they were.
    let marked = Change::Mark { key: RecordKey::Item("i1".into()), reason: "feed".into() };
    let (rules, item) = (Hash256::of(b"rules"), Hash128::of(b"row"));
    one.clean = Some(CleanMark { rules, item, opportunity: Some(item), project: None });
    let clean = |mark| Change::NoteClean { item: "i1".into(), mark };
    store.commit(&lease, &[settings(), marked, clean(one.clean)], 2).await.unwrap();
    assert_eq!(store.all_links().await.unwrap(), [one.clone()], "and nothing else of it has changed");
    store.commit(&lease, &[clean(None)], 2).await.unwrap();
    assert_eq!(store.all_links().await.unwrap(), [Link { clean: None, ..one }]);
    store.decide(&[Answer::Pause("trial".into())], 3).await.unwrap();
    assert_eq!(store.paused().await.unwrap(), Some(Paused { since: 3, why: "trial".into() }));
    store.decide(&[Answer::Resume], 4).await.unwrap();
    store.keep_rate_window("[1,2]").await.unwrap();
    assert_eq!(store.rate_window().await.unwrap().as_deref(), Some("[1,2]"));
    assert_eq!(store.head().await.unwrap(), noted);
    assert_eq!(store.settings_versions(9).await.unwrap().len(), 1);
    let answer = Answer::Pair("i1".into(), PairingAnswer::Create);
    assert_eq!(store.decide(&[answer], 5).await.unwrap().serial, noted.serial + 1);
}
