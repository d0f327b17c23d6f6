//! What people say about who belongs together, carried out against both systems, and taken back.

use e2e::{Desk, Size};
use serde_json::{Value, json};

use crate::{PROGRAM, story};

async fn good(desk: &Desk, arguments: &[&str]) -> String {
    let ended = desk.run(arguments).await;
    assert_eq!(ended.code, 0, "{arguments:?}: {ended:?}");
    ended.out
}

async fn item(desk: &Desk, id: &str) -> Value {
    let all = desk.items().await;
    all.into_iter().find(|item| item["id"] == id).unwrap_or_else(|| panic!("no item {id}"))
}

/// The ticket of a kind to which HIT's item refers.
async fn referred(desk: &Desk, id: &str, kind: &str) -> Option<i64> {
    let item = item(desk, id).await;
    let all = item["external_references"].as_array().unwrap();
    let found = all.iter().find(|reference| reference["kind"] == kind)?;
    found["id"].as_str().unwrap().parse().ok()
}

/// The id of the item with this name.
async fn named(desk: &Desk, name: &str) -> String {
    let all = desk.items().await;
    let client = desk.clients()[0].as_str();
    let item = all.iter().find(|item| item["name"] == name && item["client_id"] == client);
    item.unwrap_or_else(|| panic!("no item {name}"))["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_wrong_link_is_ended_taken_up_again_and_replaced() {
    let desk = story::in_step(&Size::default()).await;
    // Somebody has made this one in Halo by hand; a person has said that the two are one.
    let id = named(&desk, "Replace the edge firewall").await;
    let ticket = referred(&desk, &id, "opportunity").await.unwrap();
    let file = desk.path("before.json");
    let file = file.to_str().unwrap();
    desk.edit(json!([{"side": "hit", "item_id": id, "set": {"name": "Another name"}}])).await;
    assert_eq!(desk.run(&["plan", "--out", file]).await.code, 2);

    let (writes, requests) = (desk.writes().await, desk.requests().await);
    let told = good(&desk, &["pair", &id, "unlink"]).await;
    assert!(told.contains("Nothing was written to either system"), "{told}");
    assert_eq!((desk.writes().await, desk.requests().await), (writes, requests), "both are not even asked");
    assert_eq!(desk.run(&["apply", file]).await.code, 5, "a plan made before is stale");
    // Left alone, although it still carries our marker and HIT still refers to it, and by a complete read as well.
    for arguments in [&["sync"][..], &["sync", "--full"], &["sync"]] {
        let ended = desk.run(arguments).await;
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    assert_eq!(desk.writes().await, writes);
    assert_eq!(desk.halo(&format!("/Tickets/{ticket}")).await["summary"], "Replace the edge firewall");
    // Nothing can be taken back through a link that is no more.
    let (_, runs) = desk.json(&["history"]).await;
    let line = runs["data"]["lines"].as_array().unwrap().iter().find(|line| line["run"].is_i64());
    let run = line.unwrap()["run"].to_string();
    let undo = desk.run(&["undo", &run]).await;
    assert!(undo.out.contains("not linked any more") && !undo.out.contains(&id), "{undo:?}");

    // Taken back: the two are linked again, and a person is asked who is right.
    let told = good(&desk, &["pair", &id, "withdraw"]).await;
    assert!(told.contains("are linked again"), "{told}");
    assert_eq!(desk.run(&["pair", &id, "withdraw"]).await.code, 64, "typed twice, it undoes nothing else");
    story::rest(&desk).await;
    assert_eq!(referred(&desk, &id, "opportunity").await, Some(ticket));
    assert!(story::undecided(&desk).await.contains(&id), "the two names differ");
    story::resolve_all(&desk).await;
    assert_eq!(story::rest(&desk).await, 0);
    assert_eq!(desk.halo(&format!("/Tickets/{ticket}")).await["summary"], "Another name");

    // Ended once more, the item gets a ticket of its own, and the reference in HIT is replaced.
    good(&desk, &["pair", &id, "unlink"]).await;
    good(&desk, &["pair", &id, "create"]).await;
    assert_eq!(story::rest(&desk).await, 0);
    let own = referred(&desk, &id, "opportunity").await.unwrap();
    assert_ne!(own, ticket);
    assert_eq!(desk.halo(&format!("/Tickets/{own}")).await["summary"], "Another name");
    let refused = desk.run(&["pair", &id, "withdraw"]).await;
    assert_eq!(refused.code, 64);
    assert!(refused.err.contains(&format!("opportunity {own}")), "{refused:?}");
    // A complete read finds neither a second ticket nor anything to do.
    assert_eq!(desk.run(&["sync", "--full"]).await.code, 0);
    desk.assert_unharmed("after all that").await;
}

/// A ticket that was given to another item meanwhile stays there, and the first item can still get one of its own.
#[tokio::test]
async fn a_ticket_that_another_item_has_by_now_is_not_taken_back() {
    let desk = story::in_step(&Size { clients: 2, ..Size::default() }).await;
    let id = named(&desk, "Replace the edge firewall").await;
    let ticket = referred(&desk, &id, "opportunity").await.unwrap();
    let wanted = ticket.to_string();
    let make = json!({"client_id": desk.clients()[0], "name": "Edge firewall, second site",
        "status_id": "st_recommended"});
    let other = desk.edit(json!([{"side": "hit", "create": make}])).await.remove(0);
    let other = other.as_str().unwrap();
    story::rest(&desk).await;
    good(&desk, &["pair", &id, "unlink"]).await;
    good(&desk, &["pair", other, "link", &wanted]).await;
    let refused = desk.run(&["pair", &id, "withdraw"]).await;
    assert_eq!(refused.code, 64);
    assert!(refused.err.contains(&format!("`halo-hit pair {other} withdraw` first")), "{refused:?}");
    desk.run(&["sync"]).await;
    let refused = desk.run(&["pair", &id, "withdraw"]).await;
    assert_eq!(refused.code, 64);
    assert!(refused.err.contains(&format!("is linked to the item {other} by now")), "{refused:?}");
    // One of its own has a marker that no ticket of before carries.
    good(&desk, &["pair", &id, "create"]).await;
    story::rest(&desk).await;
    story::resolve_all(&desk).await;
    story::rest(&desk).await;
    let own = referred(&desk, &id, "opportunity").await.unwrap();
    assert_ne!(own, ticket);
    // To and fro once more: what is made next is told from both tickets of before.
    good(&desk, &["pair", &id, "unlink"]).await;
    good(&desk, &["pair", &id, "withdraw"]).await;
    good(&desk, &["pair", &id, "unlink"]).await;
    good(&desk, &["pair", &id, "create"]).await;
    story::rest(&desk).await;
    let third = referred(&desk, &id, "opportunity").await.unwrap();
    assert!(third != own && third != ticket, "{third}");
    assert_eq!(referred(&desk, other, "opportunity").await, Some(ticket));
    assert!(!story::undecided(&desk).await.contains(&id));
    // Another client's ticket is refused before it is planned with.
    let all = desk.items().await;
    let client = &item(&desk, &id).await["client_id"];
    let refers = |item: &&Value| {
        let all = item["external_references"].as_array().unwrap();
        item["client_id"] != *client && all.iter().any(|reference| reference["kind"] == "opportunity")
    };
    let far = all.iter().find(refers).unwrap()["id"].as_str().unwrap().to_owned();
    let theirs = referred(&desk, &far, "opportunity").await.unwrap().to_string();
    good(&desk, &["pair", &far, "unlink"]).await;
    good(&desk, &["pair", &id, "unlink"]).await;
    let refused = desk.run(&["pair", &id, "link", &theirs]).await;
    assert!(refused.code == 64 && refused.err.contains("belongs to Halo's client"), "{refused:?}");
    desk.assert_unharmed("after all that").await;
}

#[tokio::test]
async fn a_ticket_that_would_be_imported_is_asked_about() {
    let desk = Desk::start(PROGRAM, &Size::default()).await;
    let text = desk.read_configuration();
    desk.write_configuration(&format!(
        "{text}[sync.import]\nenabled = true\ncreated_after = \"2020-01-01\"\n"
    ));
    story::answer(&desk).await;
    story::rest(&desk).await;
    story::resolve_all(&desk).await;
    story::rest(&desk).await;
    // Sales makes by hand what stands on the roadmap as a mere recommendation, which creates nothing by itself.
    let id = named(&desk, "Security awareness training").await;
    let firewall = named(&desk, "Replace the edge firewall").await;
    let other = referred(&desk, &firewall, "opportunity").await.unwrap();
    let client = desk.halo(&format!("/Tickets/{other}")).await["client_id"].clone();
    let make = json!({"tickettype_id": 21, "client_id": client, "summary": "security awareness Training"});
    let made = desk.edit(json!([{"side": "halo", "create": make}])).await[0].as_f64().unwrap() as i64;
    let before = desk.items().await.len();
    let ended = desk.run(&["sync"]).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("halo-hit pair"), "{ended:?}");
    let (_, asked) = desk.json(&["pair"]).await;
    let question = &asked["data"]["open"]["imports"][0];
    assert_eq!(
        (&question["ticket"]["id"], &question["suggestion"]),
        (&json!(made.to_string()), &json!(id)),
        "{asked:#}"
    );
    let ticket = made.to_string();
    // Left alone; then it is that item; each is taken back; in the end it becomes an item of its own.
    good(&desk, &["pair", "--ticket", &ticket, "ignore"]).await;
    assert_eq!(desk.run(&["sync"]).await.code, 0);
    good(&desk, &["pair", "--ticket", &ticket, "withdraw"]).await;
    assert_eq!(desk.run(&["sync"]).await.code, 3);
    good(&desk, &["pair", "--ticket", &ticket, "link"]).await;
    story::rest(&desk).await;
    assert_eq!(referred(&desk, &id, "opportunity").await, Some(made));
    assert_eq!(desk.items().await.len(), before);
    good(&desk, &["pair", &id, "unlink"]).await;
    story::rest(&desk).await;
    assert_eq!(desk.items().await.len(), before, "what was parted is not imported");
    // HIT lets one item refer to a ticket, and nobody has removed that reference.
    let refused = desk.run(&["pair", "--ticket", &ticket, "create"]).await;
    assert_eq!(refused.code, 64);
    assert!(refused.err.contains(&format!("{id} still refers to the ticket {ticket}")), "{refused:?}");
    // Another one becomes an item of its own, beside the one that looks like it.
    let alike = named(&desk, "Cyber insurance readiness").await;
    desk.edit(json!([{"side": "hit", "item_id": alike, "set": {"status_id": "st_recommended"}}])).await;
    let make = json!({"tickettype_id": 21, "client_id": client, "summary": "Cyber insurance readiness"});
    let made = desk.edit(json!([{"side": "halo", "create": make}])).await[0].as_f64().unwrap() as i64;
    assert_eq!(desk.run(&["sync"]).await.code, 3);
    good(&desk, &["pair", "--ticket", &made.to_string(), "create"]).await;
    story::rest(&desk).await;
    let items = desk.items().await;
    assert_eq!(items.len(), before + 1);
    let mut own = None;
    for item in items.iter().filter(|item| item["name"] == "Cyber insurance readiness") {
        let id = item["id"].as_str().unwrap();
        own = own.or(referred(&desk, id, "opportunity").await);
    }
    assert_eq!(own, Some(made));
    let counts = desk.counts().await;
    assert_eq!((&counts["lost_updates"], &counts["halo"]["deletes"]), (&json!(0), &json!(0)), "{counts}");
}

#[tokio::test]
async fn a_person_is_matched_by_hand_and_the_next_create_has_the_agent() {
    let desk = story::in_step(&Size::default()).await;
    // An adviser who is no agent of Halo.
    let responsible = |name: &str| {
        json!([{"side": "hit", "create": {"client_id": desk.clients()[0], "name": name, "status_id": "st_qualified",
            "responsible_id": "tm_10"}}])
    };
    let first = desk.edit(responsible("Made before")).await.remove(0);
    story::rest(&desk).await;
    let (_, asked) = desk.json(&["pair"]).await;
    let people = asked["data"]["open"]["people"].as_array().unwrap();
    let nadia = people.iter().find(|one| one["member"]["id"] == "tm_10").unwrap();
    assert_eq!(nadia["reason"], "no agent has this e-mail address");
    let before = referred(&desk, first.as_str().unwrap(), "opportunity").await.unwrap();
    assert_ne!(desk.halo(&format!("/Tickets/{before}")).await["agent_id"].as_f64(), Some(8.0));
    // Neither an agent who left nor one for the API alone.
    for agent in ["13", "14"] {
        let refused = desk.run(&["pair", "--person", "tm_10", "link", agent]).await;
        assert_eq!(refused.code, 64, "{refused:?}");
        let why = if agent == "13" { "there is no agent 13" } else { "cannot be responsible" };
        assert!(refused.err.contains(why), "{refused:?}");
    }
    good(&desk, &["pair", "--person", "tm_10", "link", "8"]).await;
    let second = desk.edit(responsible("Made after")).await.remove(0);
    story::rest(&desk).await;
    let after = referred(&desk, second.as_str().unwrap(), "opportunity").await.unwrap();
    assert_eq!(desk.halo(&format!("/Tickets/{after}")).await["agent_id"].as_f64(), Some(8.0));
    let listed = good(&desk, &["pair", "--all"]).await;
    assert!(listed.contains("halo-hit pair --person tm_10 unlink"), "{listed}");
    // Taken back, and asked again.
    good(&desk, &["pair", "--person", "tm_10", "unlink"]).await;
    story::rest(&desk).await;
    let (_, asked) = desk.json(&["pair"]).await;
    let people = asked["data"]["open"]["people"].as_array().unwrap();
    assert!(people.iter().any(|one| one["member"]["id"] == "tm_10"), "{asked:#}");
    desk.assert_unharmed("after all that").await;
}

#[tokio::test]
async fn a_client_that_was_unlinked_suspends_its_links() {
    let desk = story::in_step(&Size { clients: 2, ..Size::default() }).await;
    let (_, listed) = desk.json(&["pair", "--all"]).await;
    let hand = listed["data"]["by_hand"].as_array().unwrap();
    let client = hand.iter().find(|one| one["about"] == "client").map(|one| one["id"].as_str().unwrap());
    let Some(client) = client else { panic!("{listed:#}") };
    let halo = hand.iter().find(|one| one["id"] == client).unwrap()["with"][0].as_str().unwrap().to_owned();
    good(&desk, &["pair", "--client", client, "unlink"]).await;
    let all = desk.items().await;
    let item =
        all.iter().find(|item| item["client_id"] == client && item["status_id"] == "st_qualified").unwrap();
    desk.edit(json!([{"side": "hit", "item_id": item["id"], "set": {"name": "Renamed meanwhile"}}])).await;
    let writes = desk.writes().await;
    let ended = desk.run(&["sync"]).await;
    assert_eq!((ended.code, desk.writes().await), (3, writes), "{ended:?}");
    let plan = desk.run(&["plan"]).await.out;
    assert!(plan.contains("This HIT client is not linked to a Halo client"), "{plan}");
    let (_, asked) = desk.json(&["pair"]).await;
    assert_eq!(asked["data"]["open"]["clients"][0]["client"]["id"], client);
    good(&desk, &["pair", "--client", client, "link", &halo]).await;
    assert_eq!(story::rest(&desk).await, 0);
    assert!(desk.writes().await > writes, "it goes on where it stopped");
    desk.assert_unharmed("after all that").await;
}

/// A link also ends when its ticket is gone and a person has agreed; that is not the end of the item.
#[tokio::test]
async fn an_item_whose_ticket_was_deleted_gets_another_one_when_a_person_says_so() {
    for forever in [false, true] {
        let desk = story::in_step(&Size::default()).await;
        let id = named(&desk, "Roll out multi-factor authentication").await;
        let gone = referred(&desk, &id, "opportunity").await.unwrap();
        let end = if forever { "purge" } else { "delete" };
        desk.edit(json!([{"side": "halo", "ticket_id": gone, end: true}])).await;
        for arguments in [&["sync", "--full"][..], &["sync"], &["sync", "--full"]] {
            let ended = desk.run(arguments).await;
            assert!([0, 3].contains(&ended.code), "{ended:?}");
        }
        assert_eq!(story::approve_all(&desk).await, 1, "{end}");
        story::rest(&desk).await;
        let refused = desk.run(&["pair", &id, "withdraw"]).await;
        assert!(refused.err.contains("has ended because its ticket is gone"), "{refused:?}");
        good(&desk, &["pair", &id, "create"]).await;
        assert_eq!(story::rest(&desk).await, 0, "{end}: {:?}", desk.run(&["plan"]).await);
        let made = referred(&desk, &id, "opportunity").await.unwrap();
        assert_ne!(made, gone, "{end}");
        let name = desk.halo(&format!("/Tickets/{made}")).await["summary"].clone();
        assert_eq!(name, "Roll out multi-factor authentication", "{end}");
    }
}
