//! What Halo's list rows do not say, and what follows from it: the sandbox's rows carry what Halo's document lists.

use e2e::{Size, State};
use halo_hit::config::MarkerPlace;
use halo_hit::engine::halo::read::Reading;
use halo_hit::engine::halo::{HaloSide, Known};
use sandbox::untrue::Untrue;
use serde_json::json;
use sync_core::exec::RejectClass;
use sync_core::ids::{HaloClientId, Kind, TicketId, TicketTypeId};
use sync_core::marker::Marker;
use sync_core::record::HaloTicket;
use sync_core::stamp::Stamp;

use crate::budgets::IDLE;
use crate::story;

#[tokio::test]
async fn a_quoted_opportunity_keeps_its_money_and_the_runs_stay_clean() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let named = |pair: &&e2e::Pair| pair.item["name"] == "Roll out multi-factor authentication";
    let pair = state.pairs.values().find(named).unwrap();
    let opportunity = pair.opportunity.as_ref().unwrap();
    desk.halo_post("/Quotation", json!([{"ticket_id": opportunity["id"], "title": "Keys for all"}])).await;
    let budget = json!({"currency": "USD", "recurring": [],
        "one_time": [{"label": "All", "amount_minor": 1_234_500, "frequency": "once"}]});
    desk.edit(json!([
        {"side": "halo", "ticket_id": opportunity["id"], "set": {"oppconversionprobability": 60}},
        {"side": "hit", "item_id": pair.item["id"], "set": {"budget": budget}},
    ]))
    .await;

    // Its row says nothing of quotations: it is read in detail, once, and its money is left to Halo.
    let before = desk.requests().await;
    let ended = desk.run(&["sync"]).await;
    let after = desk.requests().await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!((after.0 - before.0, after.1 - before.1), (IDLE.0 + 1, IDLE.1));
    let shown = desk.run(&["plan"]).await;
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(shown.out.contains("left to Halo, since it was priced there"), "{shown:?}");
    let before = desk.requests().await;
    assert_eq!(desk.run(&["sync"]).await.code, 0);
    let after = desk.requests().await;
    assert_eq!((after.0 - before.0, after.1 - before.1), IDLE);
    let id = opportunity["id"].as_i64().unwrap();
    let now = desk.halo(&format!("/Tickets/{id}?includedetails=true")).await;
    assert_eq!(now["oppvalue_oneoff"], opportunity["oppvalue_oneoff"]);
}

/// A run that has written an amount and a name into an opportunity, whose row has changed since and does not say whether
/// it was priced: the run, and the opportunity as it was before.
pub(crate) async fn wrote_money(desk: &e2e::Desk, quoted: bool) -> (String, serde_json::Value) {
    let state = State::read(desk).await;
    let (item, opportunity) = untouched(&state);
    let budget = json!({"currency": "USD", "recurring": [],
        "one_time": [{"label": "All", "amount_minor": 1_234_500, "frequency": "once"}]});
    desk.edit(json!([{"side": "hit", "item_id": item["id"], "set": {"budget": budget, "name": "Keys"}}]))
        .await;
    let (code, done) = desk.json(&["sync"]).await;
    assert_eq!(code, 2, "{done}");
    if quoted {
        desk.halo_post("/Quotation", json!([{"ticket_id": opportunity["id"], "title": "Keys for all"}]))
            .await;
    }
    desk.edit(
        json!([{"side": "halo", "ticket_id": opportunity["id"], "set": {"oppconversionprobability": 60}}]),
    )
    .await;
    (done["data"]["run"].to_string(), opportunity.clone())
}

#[tokio::test]
async fn money_of_a_ticket_that_was_quoted_since_is_not_taken_back() {
    let desk = story::in_step(&Size::default()).await;
    let (run, opportunity) = wrote_money(&desk, true).await;
    let (code, looked) = desk.json(&["undo", &run, "--out", "undo.plan"]).await;
    assert_eq!(code, 2, "{looked}");
    let ops = looked["data"]["plan"]["ops"].as_array().unwrap();
    let set: Vec<&String> = ops.iter().flat_map(|op| op["set"].as_object().unwrap().keys()).collect();
    assert_eq!(set, ["name"], "the name comes back, the money stays\n{looked:#}");
    let left = looked["data"]["left"].as_array().unwrap();
    assert_eq!(left.len(), 1, "{looked:#}");
    assert_eq!(
        (&left[0]["field"], &left[0]["reason"]),
        (&json!("budget_once"), &json!("was priced in Halo since"))
    );
    // What was read in detail for it does not make it old.
    let applied = desk.run(&["apply", "undo.plan"]).await;
    assert_eq!(applied.code, 2, "{applied:?}");
    let id = opportunity["id"].as_i64().unwrap();
    let now = desk.halo(&format!("/Tickets/{id}?includedetails=true")).await;
    assert_eq!((&now["summary"], now["oppvalue_oneoff"].as_f64()), (&opportunity["summary"], Some(12_345.0)));
}

#[tokio::test]
async fn a_ticket_that_an_undo_does_not_find_is_looked_at_by_the_next_run() {
    let desk = story::in_step(&Size::default()).await;
    let (run, opportunity) = wrote_money(&desk, false).await;
    assert_eq!(desk.run(&["sync"]).await.code, 0);
    desk.edit(json!([{"side": "halo", "ticket_id": opportunity["id"], "purge": true}])).await;
    let (code, looked) = desk.json(&["undo", &run]).await;
    assert_eq!(code, 2, "the name was seen in a list\n{looked}");
    let left = looked["data"]["left"].as_array().unwrap();
    assert_eq!((left.len(), &left[0]["field"]), (1, &json!("budget_once")), "{looked:#}");
    // The next run gathers the evidence: it asks for the ticket itself, and for a neighbour.
    assert_eq!(desk.run(&["sync"]).await.code, 3);
    let (_, waiting) = desk.json(&["approve"]).await;
    let open = waiting["data"]["open"].as_array().unwrap();
    assert!(open.iter().any(|one| one["sort"] == "unlink"), "{waiting:#}");
}

#[tokio::test]
async fn a_detail_without_links_is_read_once() {
    let desk = story::answered(&Size { untrue: vec![Untrue::H130], ..Size::default() }).await;
    desk.configure("[halo]\n", "[halo]\nmarker = \"client_reference\"\n");
    let new = json!({"client_id": desk.clients()[0], "name": "Made twice", "status_id": "st_qualified"});
    desk.edit(json!([{"side": "hit", "create": new}])).await;
    story::rest(&desk).await;
    let made = desk.halo("/Opportunities?pageinate=true&page_size=1&page_no=1&search_summary=Made").await;
    let made = &made["tickets"][0];
    let namesake = json!({"summary": made["summary"], "tickettype_id": made["tickettype_id"],
        "client_id": made["client_id"], "site_id": made["site_id"]});
    desk.edit(json!([{"side": "halo", "create": namesake}])).await;
    story::rest(&desk).await;
    let before = desk.requests().await;
    desk.run(&["sync"]).await;
    let after = desk.requests().await;
    assert_eq!((after.0 - before.0, after.1 - before.1), IDLE);
}

/// An item and its opportunity that nobody has touched yet.
fn untouched(state: &State) -> (&serde_json::Value, &serde_json::Value) {
    let named = |pair: &&e2e::Pair| pair.item["name"] == "Roll out multi-factor authentication";
    let pair = state.pairs.values().find(named).unwrap();
    (&pair.item, pair.opportunity.as_ref().unwrap())
}

/// A project that somebody makes in Halo from an opportunity, which only its detail says.
fn made_from(opportunity: &serde_json::Value) -> serde_json::Value {
    json!([{"side": "halo", "create": {"summary": "Made from it", "tickettype_id": 31,
        "client_id": opportunity["client_id"], "site_id": opportunity["site_id"],
        "createdfrom_id": opportunity["id"]}}])
}

#[tokio::test]
async fn a_project_that_was_made_from_an_opportunity_is_adopted() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let (item, opportunity) = untouched(&state);
    let creates = desk.counts().await["halo"]["creates"].clone();
    let project = desk.edit(made_from(opportunity)).await.remove(0);
    desk.edit(json!([{"side": "hit", "item_id": item["id"], "set": {"status_id": "st_approved"}}])).await;
    story::rest(&desk).await;
    let state = State::read(&desk).await;
    let pair = &state.pairs[item["id"].as_str().unwrap()];
    assert_eq!(pair.project.as_ref().unwrap()["id"].as_i64(), project.as_i64());
    assert_eq!(desk.counts().await["halo"]["creates"], creates, "and none besides it");
}

#[tokio::test]
async fn a_second_project_is_reported() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let (item, opportunity) = untouched(&state);
    desk.edit(json!([{"side": "hit", "item_id": item["id"], "set": {"status_id": "st_approved"}}])).await;
    story::rest(&desk).await;
    let ours = State::read(&desk).await.pairs[item["id"].as_str().unwrap()].project.clone().unwrap();
    let second = desk.edit(made_from(opportunity)).await.remove(0);
    assert_ne!(ours["id"].as_i64(), second.as_i64());
    let second = second.to_string();
    assert_eq!(desk.run(&["sync"]).await.code, 3);
    let (_, open) = desk.json(&["issues"]).await;
    let issues = open["data"]["issues"].as_array().unwrap();
    let reported = |issue: &&serde_json::Value| {
        issue["code"] == "second_project" && issue["subject"]["ticket"] == second
    };
    assert!(issues.iter().any(|issue| reported(&issue)), "{issues:#?}");
    // Its detail was read once; nothing more is asked for it.
    let before = desk.requests().await;
    assert_eq!(desk.run(&["sync"]).await.code, 3);
    let after = desk.requests().await;
    assert_eq!((after.0 - before.0, after.1 - before.1), IDLE);
}

/// HaloPSA as the engine sees it, with markers in this place.
fn halo_side(desk: &e2e::Desk, place: MarkerPlace) -> HaloSide {
    let mut reading = Reading::nothing();
    reading.kinds = [(TicketTypeId(21), Kind::Opportunity), (TicketTypeId(31), Kind::Project)].into();
    HaloSide::new(crate::clients::halo(desk), place, reading)
}

fn id(value: &serde_json::Value) -> i64 {
    value.as_f64().unwrap() as i64
}

#[tokio::test]
async fn the_last_look_reads_projects_of_the_client_in_detail_and_no_others() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let (_, opportunity) = untouched(&state);
    let halo = halo_side(&desk, MarkerPlace::ExternalLink);
    let (deal, client) = (TicketId(id(&opportunity["id"])), HaloClientId(id(&opportunity["client_id"])));
    let made = TicketId(id(&desk.edit(made_from(opportunity)).await[0]));
    let all = halo.list(Kind::Project, None, None).await.unwrap().rows;
    let of_client = all.iter().filter(|row| row.client == client).count() as u64;
    assert!(of_client > 0 && of_client < all.len() as u64);

    let before = desk.requests().await.0;
    let found = halo.find_projects(deal, client, None, |_| Known::No).await.unwrap();
    let origins: Vec<_> = found.iter().map(|ticket| (ticket.id, ticket.created_from)).collect();
    assert_eq!(origins, [(made, Some(deal))]);
    // The opportunity, one page, and the client's projects.
    assert_eq!(desk.requests().await.0 - before, 2 + of_client);

    // Of those that are linked, nothing is asked; and what did not change since is not listed.
    let before = desk.requests().await.0;
    let linked = |row: &HaloTicket| if row.id == made { Known::No } else { Known::Linked };
    assert_eq!(halo.find_projects(deal, client, None, linked).await.unwrap().len(), 1);
    assert_eq!(desk.requests().await.0 - before, 3);
    let to_come = Stamp::halo(found[0].last_update.unwrap().unix_ms + 3_600_000);
    assert_eq!(halo.find_projects(deal, client, Some(to_come), linked).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_create_that_arrived_late_is_reported_by_the_next_complete_read() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let (_, opportunity) = untouched(&state);
    let marker = opportunity["external_links"][0]["third_party_id"].clone();
    let twin = json!({"summary": "Named otherwise", "tickettype_id": 21, "client_id": opportunity["client_id"],
        "site_id": opportunity["site_id"]});
    let twin = desk.edit(json!([{"side": "halo", "create": twin}])).await.remove(0);
    let link = json!([{"halo_id": twin, "third_party_id": marker, "third_party_type": "humanizeit"}]);
    desk.halo_post("/ExternalLink", link).await;
    // Lists of changes do not show it; a complete read lists our links.
    assert_eq!(desk.run(&["sync"]).await.code, 0);
    assert_eq!(desk.run(&["sync", "--full"]).await.code, 3);
    let (_, open) = desk.json(&["issues"]).await;
    let issues = open["data"]["issues"].as_array().unwrap();
    assert!(issues.iter().any(|issue| issue["code"] == "duplicate_marker"), "{issues:#?}");
}

#[tokio::test]
async fn our_own_ticket_is_not_imported_whatever_became_of_its_name() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure(
        "[status_map.21.to_halo]",
        "[sync.import]\nenabled = true\ncreated_after = \"2000-01-01\"\n[status_map.21.to_halo]",
    );
    // What people have made is imported first, although lists do not say when it was created.
    let before = desk.items().await.len();
    story::rest(&desk).await;
    let items = desk.items().await.len();
    assert!(items > before, "{:?}", desk.run(&["plan"]).await);
    let new = json!({"client_id": desk.clients()[0], "name": "Lost on the way", "status_id": "st_qualified"});
    desk.edit(json!([{"side": "hit", "create": new}])).await;
    let lost = json!([{"side": "halo", "method": "POST", "path": "/Opportunities", "fault": "lost_reply"}]);
    desk.faults(json!({ "next": lost })).await;
    desk.run(&["sync"]).await;
    let made = desk.halo("/Opportunities?pageinate=true&page_size=1&page_no=1&search_summary=Lost").await;
    let made = &made["tickets"][0];
    assert_eq!(made["summary"], "Lost on the way");
    desk.edit(json!([{"side": "halo", "ticket_id": made["id"], "set": {"summary": "Found again"}}])).await;
    story::rest(&desk).await;
    assert_eq!(desk.items().await.len(), items + 1, "no item for a ticket of ours");
    desk.assert_unharmed("after an import").await;
}

#[tokio::test]
async fn a_create_whose_reply_was_lost_is_found_by_the_customer_s_reference() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure("[halo]\n", "[halo]\nmarker = \"client_reference\"\n");
    let creates = desk.counts().await["halo"]["creates"].as_u64().unwrap();
    let new = json!({"client_id": desk.clients()[0], "name": "Lost on the way", "status_id": "st_qualified"});
    let item = desk.edit(json!([{"side": "hit", "create": new}])).await.remove(0);
    let lost = json!([{"side": "halo", "method": "POST", "path": "/Opportunities", "fault": "lost_reply"}]);
    desk.faults(json!({ "next": lost })).await;
    desk.run(&["sync"]).await;
    story::rest(&desk).await;
    assert_eq!(desk.counts().await["halo"]["creates"], creates + 1);
    desk.assert_unharmed("after a lost reply").await;
    let state = State::read(&desk).await;
    let found = state.pairs[item.as_str().unwrap()].opportunity.as_ref().unwrap();
    assert!(found["client_reference"].as_str().unwrap().starts_with("HS1-"), "{found}");
}

#[tokio::test]
async fn a_twin_that_only_the_customer_s_reference_tells_is_found_by_the_next_run() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure("[halo]\n", "[halo]\nmarker = \"client_reference\"\n");
    let new = json!({"client_id": desk.clients()[0], "name": "Made twice", "status_id": "st_qualified"});
    let item = desk.edit(json!([{"side": "hit", "create": new}])).await.remove(0);
    story::rest(&desk).await;
    let state = State::read(&desk).await;
    let made = state.pairs[item.as_str().unwrap()].opportunity.as_ref().unwrap();
    // The same create arrives once more, without a link: its list row says nothing of the marker.
    let twin = json!({"summary": made["summary"], "tickettype_id": made["tickettype_id"],
        "client_id": made["client_id"], "site_id": made["site_id"], "client_reference": made["client_reference"]});
    desk.edit(json!([{"side": "halo", "create": twin}])).await;
    let (before, ended) = (desk.requests().await, desk.run(&["sync"]).await);
    let after = desk.requests().await;
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!((after.0 - before.0, after.1 - before.1), (IDLE.0 + 1, IDLE.1), "it alone is read in detail");
    let (_, open) = desk.json(&["issues"]).await;
    let issues = open["data"]["issues"].as_array().unwrap();
    assert_eq!(issues.len(), 1, "{open}");
    assert_eq!((&issues[0]["code"], &issues[0]["subject"]["item"]), (&json!("duplicate_marker"), &item));
    // It is known from then on.
    let (before, ended) = (desk.requests().await, desk.run(&["sync"]).await);
    let after = desk.requests().await;
    assert_eq!((ended.code, after.0 - before.0, after.1 - before.1), (3, IDLE.0, IDLE.1), "{ended:?}");
}

#[tokio::test]
async fn a_search_by_reference_that_finds_everything_refuses_the_create() {
    let desk = story::answered(&Size::default()).await;
    let halo = halo_side(&desk, MarkerPlace::ClientReference);
    let pair = sync_core::ids::PairId::from("a|b");
    let marker = Marker::for_item(&pair, &"it_1".into(), Kind::Opportunity);
    let client = desk.halo("/Opportunities?pageinate=true&page_size=1&page_no=1").await["tickets"][0].clone();
    let ticket = json!({"side": "halo", "create": {"summary": "One of many", "tickettype_id": 21,
        "client_id": client["client_id"], "site_id": client["site_id"], "client_reference": marker.as_str()}});
    desk.edit(json!([ticket])).await;
    assert_eq!(halo.find_marker(Kind::Opportunity, &marker).await.unwrap().len(), 1);
    assert_eq!(halo.find_marker(Kind::Project, &marker).await.unwrap(), []);
    desk.edit(serde_json::Value::Array(vec![ticket; 10])).await;
    let refused = halo.find_marker(Kind::Opportunity, &marker).await.unwrap_err();
    assert_eq!(refused.class, RejectClass::Invalid);
    assert!(refused.detail.contains("external_link"), "{refused:?}");
}

/// A linked project whose type somebody changes to one that is no project, and an edit of its item.
async fn leave_the_kind(desk: &e2e::Desk, state: &State, name: &str) -> i64 {
    let pair = state.pairs.values().find(|pair| pair.item["name"] == name).unwrap();
    let project = pair.project.as_ref().unwrap();
    let status = if pair.item["status_id"] == "st_approved" { "st_work_in_progress" } else { "st_approved" };
    desk.edit(json!([
        {"side": "halo", "ticket_id": project["id"], "set": {"tickettype_id": 1}},
        {"side": "hit", "item_id": pair.item["id"], "set": {"status_id": status}},
    ]))
    .await;
    id(&project["id"])
}

/// Whether an issue of this code is about this ticket.
async fn told(desk: &e2e::Desk, code: &str, ticket: i64) -> bool {
    let (_, open) = desk.json(&["issues"]).await;
    let issues = open["data"]["issues"].as_array().unwrap();
    let ticket = ticket.to_string();
    issues.iter().any(|issue| issue["code"] == code && issue["subject"]["ticket"] == ticket)
}

#[tokio::test]
async fn a_ticket_that_left_its_kind_is_told_by_the_run_after_the_first_refusal() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    // No list of a kind has the ticket any more: what is kept of it is old, and the look before the write says so. The
    // next run reads the ticket itself, which the agent of this application may see.
    let info = desk.info();
    let own = format!("client_id = \"{}\"", info.halo_integration.client_id);
    desk.configure(&own, &format!("client_id = \"{}\"", info.halo.client_id));
    let ticket = leave_the_kind(&desk, &state, "Email security gateway").await;
    for _ in 0..2 {
        let mut sync = desk.command(&["sync"]);
        let output = sync.env("HALO_HIT_HALO_SECRET", &info.halo.client_secret).output().await.unwrap();
        assert_eq!(output.status.code(), Some(3), "{output:?}");
    }
    assert!(told(&desk, "ticket_type_not_followed", ticket).await);
}
