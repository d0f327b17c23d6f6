//! Actions, workflows that act on their own, and e-mails to customers.

use sandbox::halo;
use sandbox::world::{Actor, WriteKind};
use serde_json::{Value, json};

use super::{Api, Halo};

async fn ticket_of_a_real_user(halo: &Halo, api: &Api<'_>, kind: i64) -> (i64, usize) {
    let users = api.get("/api/Users?client_id=12").await.json();
    let user =
        users["users"].as_array().unwrap().iter().find(|u| u["emailaddress"] != "").unwrap()["id"].clone();
    let id = api.create(json!([{"summary": "x", "client_id": 12, "tickettype_id": kind, "user_id": user, "sendack": false}])).await;
    let mails = halo.handle.lock().outbox.len();
    (id, mails)
}

#[tokio::test]
async fn an_action_needs_an_outcome_the_step_offers() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let id = api.create(json!([{"summary": "x", "client_id": 12, "tickettype_id": 21}])).await;
    let act = async |extra: Value| {
        let mut row = json!({"ticket_id": id, "note": "n"});
        for (name, value) in extra.as_object().unwrap() {
            row[name] = value.clone();
        }
        api.post("/api/Actions", json!([row])).await
    };
    assert_eq!(act(json!({})).await.json(), "An Outcome must be entered for this Action");
    let far = act(json!({"outcome_id": 52})).await;
    assert_eq!(
        (far.status, &far.json()["Message"]),
        (400, &json!("You do not have access to this Action (at the moment)"))
    );
    let near = act(json!({"outcome": "qualify", "sendemail": false, "hiddenfromuser": true})).await;
    assert_eq!(
        (near.status, near.json()["id"].clone(), near.json()["new_status"].clone()),
        (201, json!(2), json!(21))
    );
    let read = api.ticket(id).await;
    assert_eq!(
        (&read["status_id"], &read["workflow_step"], &read["pipeline_stage_name"]),
        (&json!(21), &json!(2), &json!("Qualified"))
    );
    let value = act(json!({"outcome_id": 7, "new_oppvalue": 1200.5, "timetaken": 0.5})).await;
    assert_eq!(value.status, 201);
    assert_eq!(
        (&api.ticket(id).await["oppvalue"], &api.ticket(id).await["timetaken"]),
        (&json!(1200.5), &json!(0.5))
    );
    let actions = api.get(&format!("/api/Actions?ticket_id={id}&excludesys=true")).await.json();
    assert_eq!(actions["record_count"], 3);
    assert_eq!(api.get("/api/Actions").await.json()["record_count"], 0);
    assert_eq!(api.get("/api/Actions/2").await.status, 400);
}

#[tokio::test]
async fn a_deal_won_at_the_keyboard_makes_the_project() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let id = api
        .create(
            json!([{"summary": "Firewall", "client_id": 12, "tickettype_id": 21, "oppvalue_oneoff": 2500}]),
        )
        .await;
    let set = json!({"status_id": 24}).as_object().cloned().unwrap();
    halo::update_as_person(&mut halo.handle.lock(), "Maya", id, set).unwrap();
    let won = api.ticket(id).await;
    assert_eq!(
        (&won["status_id"], &won["workflow_step"], &won["oppconversionprobability"]),
        (&json!(24), &json!(4), &json!(100.0))
    );
    let project = won["related_tickets"][0]["id"].as_i64().unwrap();
    let made = api.ticket(project).await;
    assert_eq!(
        (&made["createdfrom_id"], &made["tickettype_id"], &made["summary"], &made["projectmoneybudget"]),
        (&json!(id), &json!(31), &json!("Firewall"), &json!(2500.0))
    );
    let world = halo.handle.lock();
    let event = world.log.iter().find(|e| e.record == project.to_string()).unwrap();
    assert_eq!((&event.actor, event.kind), (&Actor::Product, WriteKind::Create));
    assert_eq!(world.halo_counts.creates, 1);
}

#[tokio::test]
async fn a_plain_write_of_the_status_leaves_the_step_behind() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let id = api.create(json!([{"summary": "x", "client_id": 12, "tickettype_id": 21}])).await;
    api.post("/api/Opportunities", json!([{"id": id, "status_id": 24}])).await;
    let read = api.ticket(id).await;
    assert_eq!(
        (&read["status_id"], &read["workflow_step"], &read["related_tickets"]),
        (&json!(24), &json!(1), &json!([]))
    );
}

#[tokio::test]
async fn customers_are_written_to_unless_the_write_says_no() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let (id, quiet) = ticket_of_a_real_user(&halo, &api, 1).await;
    assert_eq!(quiet, 0);
    let reasons = || -> Vec<String> { halo.handle.lock().outbox.iter().map(|m| m.reason.clone()).collect() };
    let user = api.ticket(id).await["user_id"].clone();
    api.create(json!([{"summary": "x", "client_id": 12, "user_id": user}])).await;
    assert_eq!(reasons(), ["acknowledgement"]);
    api.post("/api/Actions", json!([{"ticket_id": id, "outcome_id": 7, "note": "n"}])).await;
    api.post("/api/Actions", json!([{"ticket_id": id, "outcome_id": 4, "note": "n", "sendemail": false}]))
        .await;
    assert_eq!(reasons().len(), 1);
    api.post("/api/Actions", json!([{"ticket_id": id, "outcome_id": 3, "note": "n"}])).await;
    api.post("/api/Tickets", json!([{"id": id, "status_id": 4}])).await;
    api.post("/api/Tickets", json!([{"id": id, "status_id": 9}])).await;
    assert_eq!(reasons(), ["acknowledgement", "action", "status", "closure"]);
    // The General User has no address.
    api.create(json!([{"summary": "x", "client_id": 12, "userlookup": {"id": -1}}])).await;
    assert_eq!(reasons().len(), 4);
}
