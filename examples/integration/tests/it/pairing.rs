//! What may not be paired, and what cannot be taken back.

use halo_hit::storage::{Change, RecordKey, SqliteStore, Store};
use sync_core::base::{End, Link};
use sync_core::ids::{HaloClientId, Kind, PairId, TicketId, TicketTypeId};
use sync_core::marker::Marker;
use sync_core::record::{HaloTicket, HitItem};

use crate::decisions::after_a_plan;
use crate::program::Desk;
use crate::ways_back::{after_a_read, commit, intent, link};

async fn read(store: &SqliteStore, ticket: &HaloTicket) {
    let body = serde_json::json!({ "ticket": ticket }).to_string();
    commit(store, &[Change::PutSeen { key: RecordKey::Ticket(ticket.id), body }]).await;
}

fn ticket(id: i64) -> HaloTicket {
    HaloTicket::new(TicketId(id), Some(Kind::Opportunity), TicketTypeId(21), HaloClientId(12))
}

#[tokio::test]
async fn an_ending_is_not_taken_back_where_another_item_has_the_ticket() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    commit(&store, &[Change::PutLink(Box::new(link()))]).await;
    assert_eq!(desk.run(&["pair", "i1", "unlink"]).code, 0);
    let parted = store.link(&"i1".into()).await.unwrap();
    // Said to be another one's, and then linked to it.
    assert_eq!(desk.run(&["pair", "i2", "link", "7"]).code, 0);
    let ended = desk.run(&["pair", "i1", "withdraw"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("`halo-hit pair i2 withdraw` first"), "{}", ended.err);
    let other = Link { item: "i2".into(), opportunity: None, ..link() };
    commit(&store, &[Change::PutLink(Box::new(other))]).await;
    let ended = desk.run(&["pair", "i1", "withdraw"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("the ticket 7 is linked to the item i2 by now"), "{}", ended.err);
    assert!(ended.err.contains("`halo-hit pair i2 unlink` first"), "{}", ended.err);
    assert_eq!(store.link(&"i1".into()).await.unwrap(), parted);
    // Nor while a create for the item is under way.
    assert_eq!(desk.run(&["pair", "i2", "unlink"]).code, 0);
    commit(&store, &[Change::PutIntent(Box::new(intent(true)))]).await;
    let ended = desk.run(&["pair", "i1", "withdraw"]);
    assert_eq!(ended.code, 4, "{}", ended.err);
    commit(&store, &[Change::RemoveIntent(intent(true).op)]).await;
    assert_eq!(desk.run(&["pair", "i1", "withdraw"]).code, 0);
}

#[tokio::test]
async fn an_older_ending_is_not_taken_back_by_typing_twice() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    commit(&store, &[Change::PutLink(Box::new(link()))]).await;
    for ended in 1..3 {
        assert_eq!(desk.run(&["pair", "i1", "unlink"]).code, 0);
        assert_eq!(desk.run(&["pair", "i1", "withdraw"]).code, 0);
        for _ in 0..2 {
            assert_eq!(desk.run(&["pair", "i1", "withdraw"]).code, 64);
        }
        let kept = store.link(&"i1".into()).await.unwrap().unwrap();
        assert_eq!((kept.ends.len(), kept.project), (ended, Some(TicketId(7))));
    }
    // Nor where the tickets of the link after it were gone.
    let mut gone = link();
    gone.end();
    gone.ends.push(End::default());
    commit(&store, &[Change::PutLink(Box::new(gone))]).await;
    let ended = desk.run(&["pair", "i1", "withdraw"]);
    assert!(ended.code == 64 && ended.err.contains("its ticket is gone"), "{}", ended.err);
}

#[tokio::test]
async fn a_ticket_that_cannot_be_linked_is_refused_with_the_reason() {
    let desk = Desk::new();
    let store = after_a_read(&desk).await;
    let item = HitItem::new("i1".into(), "c1".into());
    let body = serde_json::json!({ "item": item }).to_string();
    commit(&store, &[Change::PutSeen { key: RecordKey::Item("i1".into()), body }]).await;
    type Spoil = fn(&mut HaloTicket);
    let cases: [(Spoil, &str); 6] = [
        (
            |ticket| ticket.client = HaloClientId(30),
            "belongs to Halo's client 30, and the item's client is 12",
        ),
        (|ticket| ticket.deleted = true, "is deleted"),
        (|ticket| ticket.merged_into = Some(TicketId(5)), "was merged into the ticket 5"),
        (|ticket| ticket.is_task = true, "is a task"),
        (|ticket| ticket.is_probe = true, "is a probe"),
        (|ticket| ticket.kind = None, "is of a type that is not followed"),
    ];
    for (spoil, why) in cases {
        let mut spoilt = ticket(9);
        spoil(&mut spoilt);
        read(&store, &spoilt).await;
        for arguments in [&["pair", "i1", "link", "9"][..], &["pair", "--ticket", "9", "link", "i1"]] {
            let ended = desk.run(arguments);
            assert_eq!(ended.code, 64, "{why}: {}", ended.out);
            assert!(ended.err.contains(why), "{}", ended.err);
        }
    }
    read(&store, &ticket(9)).await;
    assert_eq!(desk.run(&["pair", "i1", "link", "9"]).code, 0);
    // One ticket is said to be one item.
    let ended = desk.run(&["pair", "i2", "link", "9"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("the item i1 was said to be the ticket 9"), "{}", ended.err);
    assert_eq!(desk.run(&["pair", "i1", "link", "9"]).code, 0, "the same once more");
}

#[tokio::test]
async fn what_a_run_has_overtaken_is_listed_with_the_way_out() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    assert_eq!(desk.run(&["pair", "i1", "link", "99"]).code, 64);
    read(&store, &ticket(99)).await;
    assert_eq!(desk.run(&["pair", "i1", "link", "99"]).code, 0);
    commit(&store, &[Change::PutLink(Box::new(link()))]).await;
    let (_, value) = desk.json(&["pair"]);
    let given = &value["data"]["given"][0];
    let sentence = given["sentence"].as_str().unwrap();
    let want = "not possible: it is linked to the opportunity 6 and project 7 already, which `halo-hit pair i1 unlink` ends";
    assert!(sentence.contains(want), "{sentence}");
    assert_eq!(given["back"], "halo-hit pair i1 withdraw");
    let ended = desk.run(&["pair", "i1", "withdraw"]);
    assert!(ended.out.contains("stays linked to the opportunity 6"), "{}{}", ended.out, ended.err);
    assert_eq!(desk.json(&["pair"]).1["data"]["given"], serde_json::json!([]));
}

#[tokio::test]
async fn a_ticket_with_a_marker_of_ours_is_not_made_an_item_of_its_own() {
    let desk = Desk::new();
    let store = after_a_plan(&desk).await;
    let mut marked = ticket(6);
    marked.marker = Some(Marker::for_item(&PairId::from("p"), &"i1".into(), Kind::Opportunity));
    read(&store, &marked).await;
    let ended = desk.run(&["pair", "--ticket", "6", "create"]);
    assert_eq!(ended.code, 64);
    assert!(ended.err.contains("carries a marker of ours"), "{}", ended.err);
    let mut parted = link();
    parted.end();
    commit(&store, &[Change::PutLink(Box::new(parted))]).await;
    assert_eq!(desk.run(&["pair", "--ticket", "6", "create"]).code, 0);
    let ended = desk.run(&["pair", "all", "withdraw"]);
    assert!(ended.code == 64 && ended.err.contains("go one by one"), "{}", ended.err);
}
