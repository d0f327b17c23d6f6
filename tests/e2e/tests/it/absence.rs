//! Records and clients that are gone, and those that only look so.

use std::collections::BTreeSet;

use e2e::{Desk, Pair, Size, State};
use serde_json::{Value, json};

use crate::story;

const FACTOR: &str = "Roll out multi-factor authentication";

/// Everything is linked, and two complete reads may follow each other at once.
async fn desk(clients: usize) -> Desk {
    let desk = story::in_step(&Size { clients, ..Size::default() }).await;
    desk.configure("overlap = \"500ms\"", "overlap = \"500ms\"\nabsence = \"1ms\"");
    desk
}

fn find<'a>(state: &'a State, name: &str) -> &'a Pair {
    state.pairs.values().find(|pair| pair.item["name"] == name).unwrap_or_else(|| panic!("no item {name}"))
}

/// What waits for an approval: of which sort, and about which item.
async fn proposals(desk: &Desk) -> Vec<(String, Value)> {
    let (_, waiting) = desk.json(&["approve"]).await;
    let open = waiting["data"]["open"].as_array().unwrap().clone();
    open.into_iter().map(|one| (one["sort"].as_str().unwrap().to_owned(), one["item"].clone())).collect()
}

/// Runs `sync` in each of these ways; none of them may write anything.
async fn idle(desk: &Desk, ways: &[&[&str]]) {
    let before = desk.writes().await;
    for arguments in ways {
        let ended = desk.run(arguments).await;
        assert!([0, 3].contains(&ended.code), "{ended:?}");
    }
    assert_eq!(desk.writes().await, before);
}

const FULL: &[&str] = &["sync", "--full"];
const CHANGES: &[&str] = &["sync"];

/// The number of the integration's agent in every world.
const API_AGENT: i64 = 14;

/// The integration may see these clients alone; with none, all of them.
async fn restrict(desk: &Desk, shown: &[i64]) {
    let clients: Vec<Value> = shown.iter().map(|id| json!({"client_id": id})).collect();
    desk.edit(json!([{"side": "halo", "agent_id": API_AGENT, "set": {"clients": clients}}])).await;
}

fn number(ticket: Option<&Value>, field: &str) -> i64 {
    ticket.and_then(|ticket| ticket[field].as_f64()).unwrap() as i64
}

fn leading(pair: &Pair) -> Option<&Value> {
    pair.project.as_ref().or(pair.opportunity.as_ref())
}

fn halo_clients(state: &State, hit_client: &str) -> BTreeSet<i64> {
    let of_client = state.pairs.values().filter(|pair| pair.item["client_id"] == hit_client);
    of_client.filter_map(leading).map(|ticket| number(Some(ticket), "client_id")).collect()
}

#[tokio::test]
async fn a_client_that_the_role_has_lost_is_not_taken_for_deleted() {
    let desk = desk(2).await;
    let state = State::read(&desk).await;
    let [kept, lost] = [0, 1].map(|at| halo_clients(&state, &desk.clients()[at]));
    assert!(!kept.is_empty() && !lost.is_empty() && kept.is_disjoint(&lost));
    let hidden = |pair: &&Pair| lost.contains(&number(leading(pair), "client_id"));
    let hidden_item = state
        .pairs
        .values()
        .filter(|pair| pair.opportunity.is_some() && pair.project.is_none())
        .find(hidden)
        .expect("a hidden opportunity")
        .item
        .clone();
    restrict(&desk, &kept.iter().copied().collect::<Vec<_>>()).await;

    // An edit meets a ticket that is not shown any more: it is refused, and the rest of the plan goes on.
    let mut visible =
        state.pairs.values().filter(|pair| pair.opportunity.is_some() && pair.project.is_none());
    let visible = visible.find(|pair| !hidden(pair)).expect("an opportunity that is shown");
    let rename =
        |item: &Value, name: &str| json!({"side": "hit", "item_id": item["id"], "set": {"name": name}});
    desk.edit(json!([rename(&hidden_item, "Renamed unseen"), rename(&visible.item, "Renamed")])).await;
    let ended = desk.run(CHANGES).await;
    assert_eq!(ended.code, 3, "{ended:?}");
    let ticket = number(visible.opportunity.as_ref(), "id");
    assert_eq!(desk.halo(&format!("/Tickets/{ticket}")).await["summary"], "Renamed", "{ended:?}");

    // However often everything is read, nothing is to be forgotten.
    idle(&desk, &[FULL, CHANGES, FULL, FULL, CHANGES]).await;
    assert_eq!(proposals(&desk).await, []);

    // The right is back: what was edited meanwhile arrives, and everything is in step.
    restrict(&desk, &[]).await;
    assert!([2, 3].contains(&desk.run(FULL).await.code));
    story::rest(&desk).await;
    assert_eq!(proposals(&desk).await, []);
    desk.assert_unharmed("after a right was lost").await;
    let state = State::read(&desk).await;
    assert_eq!(state.discord(&story::undecided(&desk).await), Vec::<String>::new());
    let hidden = &state.pairs[hidden_item["id"].as_str().unwrap()];
    assert_eq!(hidden.opportunity.as_ref().unwrap()["summary"], "Renamed unseen");
}

#[tokio::test]
async fn a_deleted_ticket_is_proposed_withdrawn_and_forgotten_when_a_person_agrees() {
    let desk = desk(1).await;
    let state = State::read(&desk).await;
    let factor = find(&state, FACTOR);
    let ticket = number(factor.opportunity.as_ref(), "id");
    let unlink = [("unlink".to_owned(), factor.item["id"].clone())];
    desk.edit(json!([{"side": "halo", "ticket_id": ticket, "delete": true}])).await;
    // Reading what changed does not show it, and reading everything does: it costs one request more.
    idle(&desk, &[CHANGES]).await;
    assert_eq!(proposals(&desk).await, []);
    idle(&desk, &[FULL]).await;
    assert_eq!(proposals(&desk).await, unlink);
    // It stays, without asking for the ticket again and again.
    let before = desk.requests().await;
    idle(&desk, &[CHANGES]).await;
    let after = desk.requests().await;
    assert_eq!((after.0 - before.0, after.1 - before.1), crate::budgets::IDLE);
    idle(&desk, &[FULL, CHANGES]).await;
    assert_eq!(proposals(&desk).await, unlink);
    // It comes back, and so the proposal is withdrawn.
    desk.edit(json!([{"side": "halo", "ticket_id": ticket, "set": {"_recover": true}}])).await;
    idle(&desk, &[CHANGES]).await;
    assert_eq!(proposals(&desk).await, []);

    // And now for good.
    desk.edit(json!([{"side": "halo", "ticket_id": ticket, "purge": true}])).await;
    idle(&desk, &[FULL, CHANGES, FULL]).await;
    assert_eq!(proposals(&desk).await, unlink);
    assert_eq!(story::approve_all(&desk).await, 1);
    story::rest(&desk).await;
    let counts = desk.counts().await;
    assert_eq!((&counts["halo"]["duplicates"], &counts["lost_updates"]), (&json!(0), &json!(0)));
    // What was forgotten on purpose is not made again.
    let item = factor.item["id"].as_str().unwrap();
    let (_, held) = desk.json(&["history", "--item", item]).await;
    assert!(held["data"]["lines"].to_string().contains("unlink"), "{held}");
    idle(&desk, &[FULL, CHANGES]).await;
}

#[tokio::test]
async fn a_merged_ticket_asks_to_be_linked_to_the_other() {
    let desk = desk(1).await;
    let state = State::read(&desk).await;
    let factor = find(&state, FACTOR);
    let ticket = number(factor.opportunity.as_ref(), "id");
    let client = number(factor.opportunity.as_ref(), "client_id");
    let create = json!({"tickettype_id": 21, "client_id": client, "summary": "The one that stays"});
    let into = desk.edit(json!([{"side": "halo", "create": create}])).await[0].clone();
    desk.edit(json!([{"side": "halo", "ticket_id": ticket, "set": {"merged_into_id": into}}])).await;
    idle(&desk, &[CHANGES, FULL, CHANGES]).await;
    assert_eq!(proposals(&desk).await, [("relink".to_owned(), factor.item["id"].clone())]);
    desk.assert_unharmed("after a merge").await;
}

#[tokio::test]
async fn a_client_that_vanished_and_is_back_goes_on() {
    let desk = desk(3).await;
    let state = State::read(&desk).await;
    desk.control("PUT", "/break", Some(json!({"codes": ["client_vanished"]}))).await;
    let listed = desk.halo("/Client?includeinactive=true&count=1000").await["clients"].take();
    let listed: BTreeSet<i64> =
        listed.as_array().unwrap().iter().map(|client| number(Some(client), "id")).collect();
    let mut gone = state.pairs.values().filter(|pair| pair.opportunity.is_some() && pair.project.is_none());
    let gone = gone.find(|pair| !listed.contains(&number(leading(pair), "client_id"))).expect("one of ours");
    let ticket = number(gone.opportunity.as_ref(), "id");
    let name = async || desk.halo(&format!("/Tickets/{ticket}")).await["summary"].clone();
    idle(&desk, &[FULL]).await;
    let new = json!({"side": "hit", "item_id": gone.item["id"], "set": {"name": "Renamed meanwhile"}});
    desk.edit(json!([new])).await;
    idle(&desk, &[CHANGES, FULL]).await;
    assert_eq!((name().await, proposals(&desk).await), (gone.item["name"].clone(), vec![]));
    let (_, told) = desk.json(&["issues"]).await;
    let codes = told["data"]["issues"].to_string();
    assert!(codes.contains("client_vanished") || codes.contains("client_not_linked"), "{told:#}");
    desk.control("PUT", "/break", Some(json!({"codes": []}))).await;
    assert_eq!(desk.run(FULL).await.code, 2);
    story::rest(&desk).await;
    assert_eq!(name().await, "Renamed meanwhile");
    desk.assert_unharmed("after a client was back").await;
}
