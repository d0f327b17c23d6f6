//! Writing tickets: creates, partial updates, whole sets, the five error bodies.

use sandbox::world::WriteKind;
use serde_json::{Value, json};

use super::Halo;

#[tokio::test]
async fn the_reply_to_a_write_has_other_names_than_the_record() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let answer =
        api.post("/api/Tickets", json!([{"summary": "x", "client_id": 12, "category_1": "Security"}])).await;
    assert_eq!(answer.status, 201);
    let reply = answer.json();
    assert_eq!(reply["category1"], "Security");
    assert!(
        reply.get("category_1").is_none()
            && reply.get("last_update").is_none()
            && reply["lastupdate"].is_string()
    );
    let read = api.ticket(reply["id"].as_i64().unwrap()).await;
    assert_eq!(
        (read["category_1"].as_str(), read["last_update"].as_str()),
        (Some("Security"), reply["lastupdate"].as_str())
    );
    assert_eq!((read["agent_id"].as_i64(), read["team"].as_str()), (Some(1), Some("Service Desk")));
}

#[tokio::test]
async fn an_array_is_answered_with_its_last_object_and_a_bare_object_is_taken() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let two = json!([{"summary": "a", "client_id": 12}, {"summary": "b", "client_id": 12}]);
    assert_eq!(api.post("/api/Tickets", two.clone()).await.json()["summary"], "b");
    assert_eq!(api.post("/api/Tickets?returnall=True", two).await.json().as_array().unwrap().len(), 2);
    assert_eq!(api.post("/api/tickets", json!({"summary": "c"})).await.json()["client_id"], 1);
    assert_eq!(api.post("/api/Report", json!({"name": "x"})).await.status, 400);
}

#[tokio::test]
async fn an_update_touches_what_it_names() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let id = api.create(json!([{"summary": "x", "client_id": 12, "tickettype_id": 31, "startdate": "2026-08-01T12:00:00Z", "customfields": [{"name": "CFCostCentre", "value": "A"}, {"id": 102, "value": 2}]}])).await;
    api.post("/api/Projects", json!([{"id": id, "targetdate": "2026-09-01T12:00:00", "team": "projects", "customfields": [{"id": 106, "value": "B"}]}])).await;
    let read = api.ticket(id).await;
    assert_eq!(
        (&read["summary"], &read["startdate"], &read["targetdate"]),
        (&json!("x"), &json!("2026-08-01T12:00:00"), &json!("2026-09-01T12:00:00"))
    );
    let field =
        |id: i64| read["customfields"].as_array().unwrap().iter().find(|f| f["id"] == id).unwrap().clone();
    assert_eq!(
        (&field(106)["value"], &field(102)["value"], &field(102)["display"]),
        (&json!("B"), &json!(2), &json!("Medium"))
    );
    let world = halo.handle.lock();
    let last = world.log.last().unwrap();
    assert_eq!((last.kind, last.record.as_str()), (WriteKind::Update, id.to_string().as_str()));
    let fields: Vec<&str> = last.changes.iter().map(|c| c.field.as_str()).collect();
    assert_eq!(fields, ["customfields", "targetdate"]);
    assert_eq!((world.halo_counts.creates, world.halo_counts.updates), (1, 1));
}

#[tokio::test]
async fn errors_come_in_their_shapes() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let bare = api.post("/api/Tickets", json!([{"client_id": 12}])).await;
    assert_eq!((bare.status, bare.json()), (400, json!("Summary must be entered")));
    let exception = api.post("/api/Tickets", json!([{"id": 987_654, "summary": "x"}])).await;
    assert_eq!(
        (exception.status, &exception.json()["Message"], &exception.json()["ClassName"]),
        (400, &json!("Record not found"), &json!("System.Exception"))
    );
    let model = api.post("/api/Tickets", json!([{"summary": "x", "status_id": "soon"}])).await;
    assert!(model.status == 400 && model.json()["[0].status_id"].is_array());
    let fraction = api.post("/api/Tickets", json!([{"summary": "x", "client_id": 12.0}])).await;
    assert_eq!(fraction.status, 400);
    assert_eq!(api.get("/api/Tickets/abc").await.status, 400);
    let missing = api.get("/api/Tickets/987654").await;
    assert_eq!((missing.status, missing.body.len()), (404, 0));
}

#[tokio::test]
async fn mandatory_fields_are_demanded_by_type() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let sent = json!({"summary": "x", "client_id": 12, "tickettype_id": 32});
    let with = |extra: Value| {
        let mut row = sent.clone();
        for (name, value) in extra.as_object().unwrap() {
            row[name] = value.clone();
        }
        json!([row])
    };
    assert_eq!(api.post("/api/Tickets", with(json!({}))).await.json(), "Category must be entered");
    assert_eq!(
        api.post("/api/Tickets", with(json!({"category_1": "Security"}))).await.json(),
        "Cost centre must be entered"
    );
    let full =
        with(json!({"category_1": "Security", "customfields": [{"name": "CFCostCentre", "value": "A"}]}));
    assert_eq!(api.post("/api/Tickets", full).await.status, 201);
    assert_eq!(api.post("/api/Tickets", with(json!({"_novalidate": true}))).await.status, 201);
    let elsewhere =
        api.post("/api/Tickets", json!([{"summary": "x", "tickettype_id": 31, "status_id": 4}])).await;
    assert_eq!(elsewhere.status, 400);
}

#[tokio::test]
async fn a_template_overwrites_unless_told_not_to() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let body = |flag: bool| json!([{"summary": "x", "client_id": 12, "tickettype_id": 33, "details_html": "<p>mine</p>", "customfields": [{"id": 102, "value": 1}], "donotapplytemplateintheapi": flag}]);
    let kept = api.create(body(true)).await;
    let lost = api.create(body(false)).await;
    assert_eq!(api.ticket(kept).await["details"], "mine");
    assert_ne!(api.ticket(lost).await["details"], "mine");
}

#[tokio::test]
async fn sets_are_replaced_as_a_whole() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let id = api.create(json!([{"summary": "x", "client_id": 12, "tickettype_id": 31}])).await;
    let task =
        api.create(json!([{"summary": "t", "client_id": 12, "tickettype_id": 34, "parent_id": id}])).await;
    api.post("/api/Projects", json!([{"id": id, "milestones": [{"name": "One", "tickets_list": [{"id": task}]}, {"name": "Two"}], "budgets": [{"budgettype_id": 1, "hours": 2.0, "rate": 100.0}]}])).await;
    let read = api.ticket(id).await;
    assert_eq!(
        (
            read["milestones"].as_array().unwrap().len(),
            &read["projectmoneybudget"],
            &read["projecttimebudget"]
        ),
        (2, &json!(200.0), &json!(2.0))
    );
    assert_eq!((read["child_count"].clone(), read["child_ticket_ids"].clone()), (json!(1), json!([task])));
    let first = read["milestones"][0]["id"].clone();
    assert_eq!(api.ticket(task).await["milestone_id"], first);
    api.post("/api/Projects", json!([{"id": id, "milestones": [{"name": "Two"}]}])).await;
    assert_eq!(api.ticket(id).await["milestones"].as_array().unwrap().len(), 1);
    assert_eq!(api.get("/api/Milestone").await.json()["record_count"], 1);
    assert_eq!(api.ticket(task).await["milestone_id"], 0);
    assert_eq!(api.post("/api/Tickets", json!([{"id": id, "assets": [5]}])).await.status, 400);
}

#[tokio::test]
async fn the_marker_of_a_create_is_found_again() {
    let halo = Halo::start().await;
    let api = halo.integration().await;
    let link = json!({"third_party_id": "HS1-TEST", "third_party_type": "humanizeit", "third_party_url": "https://hit.example/it_1"});
    let id = api
        .create(json!([{"summary": "x", "client_id": 12, "tickettype_id": 21, "new_external_link": link}]))
        .await;
    let found = api.get("/api/ExternalLink?third_party_id=HS1-TEST").await.json();
    assert_eq!(
        (found.as_array().unwrap().len(), &found[0]["halo_id"], &found[0]["third_party_type"]),
        (1, &json!(id), &json!("humanizeit"))
    );
    assert_eq!(api.get("/api/ExternalLink?third_party_id=HS1-OTHER").await.json(), json!([]));
    api.post("/api/Tickets", json!([{"id": id, "new_external_link": link}])).await;
    assert_eq!(
        api.get("/api/ExternalLink?third_party_id=HS1-TEST").await.json().as_array().unwrap().len(),
        1
    );
    let counts = halo.handle.lock().halo_counts.clone();
    assert_eq!((counts.creates, counts.updates, counts.link_backs), (1, 0, 1));
}

#[tokio::test]
async fn attachments_come_back_as_they_went() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let id = api.create(json!([{"summary": "x", "client_id": 12}])).await;
    for data in ["data:text/plain;base64,aGVsbG8=", "aGVsbG8="] {
        let answer = api
            .post("/api/Attachment", json!([{"ticket_id": id, "filename": "a.txt", "data_base64": data}]))
            .await;
        let file = answer.json()["id"].as_i64().unwrap();
        let back = api.get(&format!("/api/Attachment/{file}")).await;
        assert_eq!(
            (back.body.as_slice(), back.headers["content-type"].as_str()),
            (&b"hello"[..], "application/octet-stream")
        );
    }
    assert_eq!(api.get(&format!("/api/Attachment?ticket_id={id}")).await.json()["record_count"], 2);
    assert_eq!(api.ticket(id).await["attachment_count"], 2);
}

#[tokio::test]
async fn other_roots_keep_what_they_are_given() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    for root in ["Supplier", "Asset", "CannedText", "Tags", "xerodetails"] {
        let made =
            api.post(&format!("/api/{root}"), json!([{"name": "One", "inventory_number": "A1"}])).await;
        assert_eq!(made.status, 201, "{root}");
        let id = made.json()["id"].as_i64().unwrap();
        api.post(&format!("/api/{root}"), json!([{"id": id, "name": "Two"}])).await;
        let read = api.get(&format!("/api/{root}/{id}")).await.json();
        assert_eq!((&read["name"], &read["inventory_number"]), (&json!("Two"), &json!("A1")));
        assert_eq!(api.send("DELETE", &format!("/api/{root}/{id}"), b"").await.status, 200);
        assert_eq!(api.get(&format!("/api/{root}/{id}")).await.status, 404);
    }
    let user = api.post("/api/Users", json!([{"emailaddress": "a@b.example"}])).await;
    assert_eq!(user.json(), "Username must be entered");
    let user = api.post("/api/Users", json!([{"name": "A B"}])).await;
    assert_eq!(user.json(), "A Site must be selected");
}
