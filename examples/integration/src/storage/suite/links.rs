//! Links, and creates on their way to one.

use super::*;

pub(super) async fn links_come_back_as_they_were(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let links: Vec<Link> = (0..5).map(|n| link(&format!("i{n}"), 100 + n)).collect();
    // Written in reverse, read in the order of the items.
    let changes: Vec<Change> =
        links.iter().rev().map(|link| Change::PutLink(Box::new(link.clone()))).collect();
    store.commit(&lease, &changes, 1).await.unwrap();
    assert_eq!(store.all_links().await.unwrap(), links);
    assert_eq!(store.links(Some(&links[1].item), 2).await.unwrap(), links[2..4]);
    assert_eq!(store.link_of_ticket(TicketId(103)).await.unwrap().as_ref(), Some(&links[3]));
    // A ticket that a link gave up can be another's at once.
    let mut given_up = links[3].clone();
    given_up.project = None;
    let mut taken = links[4].clone();
    taken.opportunity = Some(TicketId(103));
    let changes = [Change::PutLink(Box::new(given_up)), Change::PutLink(Box::new(taken.clone()))];
    store.commit(&lease, &changes, 2).await.unwrap();
    assert_eq!(store.link_of_ticket(TicketId(103)).await.unwrap(), Some(taken));
    // One that has ended is kept, counts no more, and its ticket is free.
    assert_eq!(store.count_links().await.unwrap(), 4);
    let mut ended = links[0].clone();
    ended.end();
    store.commit(&lease, &[Change::PutLink(Box::new(ended.clone()))], 3).await.unwrap();
    assert_eq!(store.link(&links[0].item).await.unwrap().as_ref(), Some(&ended));
    assert_eq!(store.links_with_ends().await.unwrap(), [ended.clone()]);
    assert_eq!(store.link_of_ticket(TicketId(100)).await.unwrap(), None);
    assert_eq!((store.count_links().await.unwrap(), store.gate().await.unwrap().links), (3, 3));
    // Also where it was made anew.
    ended.opportunity = Some(TicketId(200));
    ended.state = LinkState::Active;
    store.commit(&lease, &[Change::PutLink(Box::new(ended.clone()))], 4).await.unwrap();
    assert_eq!(store.links_with_ends().await.unwrap(), [ended]);
}

/// A create for an item that was decided and not sent.
pub(super) fn intent(item: &str) -> Intent {
    let item = ItemId::from(item);
    Intent {
        op: Hash128::of(b"op"),
        spec: CreateSpec {
            marker: Marker::for_item(&PairId::from("p"), &item, Kind::Project),
            target: Side::Halo,
            kind: Kind::Project,
            item: Some(item.clone()),
            ticket: None,
            client: "c1".into(),
            halo_client: HaloClientId(12),
            site: None,
            ticket_type: None,
            team: None,
            template: None,
            constants: [("CFx".into(), "\"y\"".into())].into(),
            from_opportunity: None,
        },
        source: FieldRow::new().with(FieldId::Name, Value::text("n")),
        payload: FieldRow::new().with(FieldId::Name, Value::text("n")),
        sent_at: None,
        settle_until: None,
    }
}

pub(super) async fn intents_outlive_what_they_stand_for(store: &impl Store) {
    let lease = store.lease("t", NO_WAIT).await.unwrap();
    let intent = intent("i1");
    store.commit(&lease, &[Change::PutIntent(Box::new(intent.clone()))], 1).await.unwrap();
    // The same create decided anew, under another operation, replaces the older intent.
    let intent = Intent { op: Hash128::of(b"again"), ..intent };
    store.commit(&lease, &[Change::PutIntent(Box::new(intent.clone()))], 1).await.unwrap();
    assert_eq!(store.intents().await.unwrap(), std::slice::from_ref(&intent));
    let done = [Change::PutLink(Box::new(link("i1", 5))), Change::RemoveIntent(intent.op)];
    store.commit(&lease, &done, 2).await.unwrap();
    assert_eq!(store.intents().await.unwrap(), []);
}
