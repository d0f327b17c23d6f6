//! What servers say, and what we make of it.

use halo_client::resource::{Agents, Sites, Tickets};
use halo_client::schema::{Agent, Client, Site, Ticket};
use halo_client::test_util::MockHalo;
use halo_client::test_util::wiremock::matchers::{method, path};
use halo_client::test_util::wiremock::{Mock, ResponseTemplate};
use halo_client::value::Decimal;
use halo_client::{Id, Record, Seen};

#[tokio::test]
async fn what_means_nothing_reads_as_none_and_get_still_shows_it() {
    let halo = MockHalo::start().await;
    let body = r#"{"id":7,"client_id":1,"agent_id":1,"dateclosed":"1900-01-01T00:00:00","startdate":"2026-10-06T05:04:29.23",
        "oppvalue":1234.50,"last_update":"0001-01-01T00:00:00","hasbeenclosed":"maybe","parent_id":0}"#;
    halo.record::<Tickets>(7, body).await;
    let ticket = halo.client().tickets().get(7).await.expect("a ticket");
    let row = ticket.value();
    assert_eq!((row.client_id, row.agent_id, row.dateclosed, row.parent_id), (None, None, None, None));
    assert_eq!(row.last_update, None);
    assert_eq!(row.startdate.map(|at| at.to_string()).as_deref(), Some("2026-10-06T05:04:29.23"));
    assert_eq!(row.oppvalue.as_ref().and_then(|value| value.to_scaled(2)), Some(123_450));
    assert_eq!(ticket.get(Ticket::AGENT_ID), Seen::Value(Id::<Agent>::from(1)));
    assert!(ticket.get(Ticket::DATECLOSED).value().is_some_and(|at| at.is_unset()));
    assert_eq!(ticket.get(Ticket::TARGETDATE), Seen::Absent);
    assert_eq!(
        ticket.get(Ticket::OPPVALUE).value().map(|value| value.to_string()).as_deref(),
        Some("1234.50")
    );
    assert_eq!(ticket.oddities().iter().map(|odd| odd.field).collect::<Vec<_>>(), ["hasbeenclosed"]);
}

#[tokio::test]
async fn ids_are_read_from_floats_and_texts() {
    let halo = MockHalo::start().await;
    halo.record::<Sites>(3, r#"{"id":"3","client_id":12.0,"name":"Main"}"#).await;
    let site = halo.client().sites().get(3).await.expect("a site");
    assert_eq!(site.value().id, Some(3.into()));
    assert_eq!(site.get(Site::CLIENT_ID), Seen::Value(Id::<Client>::from(12)));
    assert!(site.oddities().is_empty());
}

#[test]
fn replies_name_fields_otherwise() {
    let reply: Record<Ticket> = Record::parse(
        r#"{"id":7,"lastupdate":"2026-10-06T05:04:29","category1":"Network","useremail":"a@b.example"}"#,
    )
    .expect("a ticket");
    assert_eq!(reply.value().category_1.as_deref(), Some("Network"));
    assert_eq!(reply.get(Ticket::USER_EMAIL).value().as_deref(), Some("a@b.example"));
    assert!(reply.get(Ticket::LAST_UPDATE).value().is_some() && reply.value().last_update.is_some());
    // Both names at once are no error; the first wins.
    let both: Record<Ticket> = Record::parse(r#"{"category1":"old","category_1":"new"}"#).expect("a ticket");
    assert_eq!(both.value().category_1.as_deref(), Some("new"));
}

#[tokio::test]
async fn agent_me_in_both_shapes() {
    for (body, is_agent) in [
        (r#"{"id":5,"name":"API","isapiagent":true,"teams":[{"team_id":2,"team_name":"Projects"}]}"#, true),
        (r#"{"claims":[{"type":"agent_id","value":"5"},{"type":"x","value":"1"}]}"#, false),
    ] {
        let halo = MockHalo::start().await;
        Mock::given(method("GET"))
            .and(path("/api/Agent/me"))
            .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/json"))
            .mount(halo.server())
            .await;
        let me = halo.client().agents().me().await.expect("me");
        assert_eq!(me.value().is_agent(), is_agent);
        if is_agent {
            let teams = me.value().teams.as_deref().unwrap_or_default();
            assert_eq!(teams[0].value().team_id, Some(2.into()));
        } else {
            assert_eq!(me.value().claims.as_ref().map(Vec::len), Some(2));
        }
    }
}

#[tokio::test]
async fn departments_come_out_of_organisations() {
    let halo = MockHalo::start().await;
    let body = r#"[{"id":1,"departments":[{"id":4,"name":"Sales"},{"id":5,"name":"Support"}]},{"id":2}]"#;
    Mock::given(method("GET"))
        .and(path("/api/Organisation"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(body, "application/json"))
        .mount(halo.server())
        .await;
    let departments = halo.client().organisations().departments().await.expect("departments");
    let names: Vec<_> = departments.iter().filter_map(|one| one.value().name.as_deref()).collect();
    assert_eq!(names, ["Sales", "Support"]);
}

#[tokio::test]
async fn attachments_are_downloaded_from_both_forms() {
    let halo = MockHalo::start().await;
    for (id, body, kind) in [
        (1, r#"{"id":1,"data_base64":"data:text/plain;base64,aGVsbG8="}"#, "application/json"),
        (2, "hello", "application/octet-stream"),
    ] {
        Mock::given(method("GET"))
            .and(path(format!("/api/Attachment/{id}")))
            .respond_with(ResponseTemplate::new(200).set_body_raw(body, kind))
            .mount(halo.server())
            .await;
        assert_eq!(halo.client().attachments().download(id).await.expect("a file").as_ref(), b"hello");
    }
}

#[tokio::test]
async fn nested_lists_keep_their_records() {
    let halo = MockHalo::start().await;
    let body = r#"{"id":5,"departments":[{"department_id":1,"membershiplevel":"2"}],"teams":[{"team_id":2,"in_section":1}]}"#;
    halo.record::<Agents>(5, body).await;
    let agent = halo.client().agents().get(5).includedetails(true).await.expect("an agent");
    let teams = agent.get(Agent::TEAMS).value().expect("teams");
    assert_eq!(teams[0].value().in_section, Some(true));
    let budget: Record<Ticket> =
        Record::parse(r#"{"budgets":[{"budgettype_id":1,"hours":7.5,"money":100}]}"#).expect("a ticket");
    let lines = budget.get(Ticket::BUDGETS).value().expect("budgets");
    assert_eq!(lines[0].value().hours, Decimal::from_text("7.5"));
}
