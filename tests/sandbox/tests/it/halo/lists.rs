//! Pages, filters, envelopes.

use serde_json::json;

use super::{Halo, ids};

#[tokio::test]
async fn a_list_pages_only_when_asked_in_its_own_spelling() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let plain = api.get("/api/Tickets?page_size=10&page_no=2").await;
    assert_eq!(ids(&plain, "tickets").len(), 50);
    assert_eq!(plain.json()["record_count"], 300);
    assert!(plain.json().get("page_no").is_none());

    let capped = api.get("/api/tickets?pageinate=True&page_size=1000&page_no=1").await;
    assert_eq!((ids(&capped, "tickets").len(), &capped.json()["page_size"]), (100, &json!(100)));

    let mut all = Vec::new();
    for page in 1..=4 {
        all.extend(ids(
            &api.get(&format!("/API/TICKETS?PageInate=1&Page_Size=100&page_no={page}")).await,
            "tickets",
        ));
    }
    assert_eq!(all.len(), 300);
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 300);
    let past = api.get("/api/tickets?pageinate=true&page_size=100&page_no=4").await.json();
    assert_eq!((past["record_count"].clone(), past["tickets"].clone()), (json!(0), json!([])));
}

#[tokio::test]
async fn filters_that_are_known_filter_and_others_are_passed_over() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let count = async |query: &str| {
        api.get(&format!("/api/Tickets?{query}")).await.json()["record_count"].as_i64().unwrap()
    };
    let all = count("").await;
    assert_eq!(count("tickettype_id=21").await, all);
    assert_eq!(count("open_olny=true").await, all);
    let opportunities = count("requesttype_id=21").await;
    assert!(opportunities > 0 && opportunities < all);
    assert_eq!(count("open_only=True").await + count("closed_only=1").await, all);
    assert_eq!(
        count("domain=opps").await,
        api.get("/api/Opportunities").await.json()["record_count"].as_i64().unwrap()
    );
    assert_eq!(count("team=3").await, count("team=Sales").await);
    assert_eq!(count("lastupdatefromdate=true").await, all);
    assert_eq!(count("lastupdatefromdate=2026-06-01T08:00:01").await, 0);
    let id = api.create(json!([{"summary": "Unusual words", "client_id": 12}])).await;
    assert_eq!(count("lastupdatefromdate=2026-06-01T08:00:01Z").await, 1);
    assert_eq!(count("search=unusual%20WORDS").await, 1);
    assert_eq!(count(&format!("search_id={id}")).await, 1);
    let advanced = "%5B%7B%22filter_name%22%3A%22summary%22%2C%22filter_type%22%3A4%2C%22filter_value%22%3A%22unusual%22%7D%5D";
    assert_eq!(count(&format!("advanced_search={advanced}")).await, 1);
    let unknown = api.get("/api/Tickets?advanced_search=%5B%7B%22filter_name%22%3A%22zz%22%7D%5D").await;
    assert_eq!((unknown.status, unknown.json()), (400, json!("Invalid advanced search parameter")));
}

#[tokio::test]
async fn some_lists_are_wrapped_and_some_are_bare() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    for (root, key) in [
        ("Client", "clients"),
        ("Site", "sites"),
        ("Users", "users"),
        ("Agent?pageinate=true", "results"),
        ("Milestone", "data"),
        ("KBArticle", "articles"),
    ] {
        let answer = api.get(&format!("/api/{root}")).await.json();
        assert!(answer[key].is_array() && answer["record_count"].is_i64(), "{root}: {answer}");
    }
    for root in [
        "Agent",
        "TicketType",
        "Status",
        "Team",
        "Team/Tree",
        "Priority",
        "SLA",
        "Outcome",
        "Workflow",
        "FieldInfo",
        "BudgetType",
        "Organisation",
        "Webhook",
        "Notification",
        "ExternalLink",
        "Lookup?lookupid=22",
    ] {
        let answer = api.get(&format!("/api/{root}")).await.json();
        assert!(answer.is_array(), "{root}: {answer}");
    }
    assert_eq!(api.get("/api/Department").await.status, 404);
}

#[tokio::test]
async fn rows_have_the_oddities_of_the_real_ones() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let site = api.get("/api/Site?client_id=12").await;
    assert!(site.text().contains("\"client_id\":12.0"), "{}", site.text());
    let user = api.get("/api/Users?client_id=12&count=1").await;
    assert!(user.text().contains("\"site_id_int\":13") && user.text().contains("\"site_id\":13.0"));
    let priority = api.get("/api/Priority?slaid=1").await.json();
    assert_eq!((priority.as_array().unwrap().len(), priority[0]["id"].is_string()), (4, true));
    assert_eq!(api.get("/api/Priority/1").await.status, 404);
    let row = api.get("/api/Tickets?requesttype_id=1&count=1").await.json();
    let row = &row["tickets"][0];
    assert_eq!(row["deadlinedate"], "1899-12-30T00:00:00");
    assert_eq!(row["startdate"], "1900-01-01T00:00:00");
    assert!(!row["dateoccurred"].as_str().unwrap().ends_with('Z'));
    assert!(
        row.get("details_html").is_none()
            && row.get("customfields").is_none()
            && row.get("status_name").is_none()
    );
    let named = api.get("/api/Tickets?count=1&includestatus=true&includeagent=1").await.json();
    assert!(named["tickets"][0]["status_name"].is_string() && named["tickets"][0]["agent_name"].is_string());
}

#[tokio::test]
async fn a_types_statuses_and_agents_depend_on_it() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let statuses = async |query: &str| -> Vec<i64> {
        api.get(&format!("/api/Status?{query}"))
            .await
            .json()
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["id"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(statuses("tickettype_id=31").await, [30, 31, 32, 33, 34, 35, 36]);
    assert_eq!(statuses("tickettype_id=31&excludeclosed=true").await, [30, 31, 32, 33, 34]);
    assert!(statuses("type=0").await.contains(&101));
    let agents = api.get("/api/Agent?tickettype_id=31&includeunassigned=false").await.json();
    let names: Vec<&str> = agents.as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap()).collect();
    assert!(
        names.contains(&"Hannah Moss") && !names.contains(&"Sam Okoro") && !names.contains(&"HumanizeITAPI")
    );
}

#[tokio::test]
async fn rows_of_lists_lack_what_the_document_does_not_list_for_them() {
    let halo = Halo::start().await;
    let api = halo.full().await;
    let rows = api.get("/api/Opportunities?pageinate=true&page_size=100&page_no=1").await.json();
    let rows = rows["tickets"].as_array().unwrap();
    let detail = api.get(&format!("/api/Tickets/{}?includedetails=true", rows[0]["id"])).await.json();
    for field in [
        "details_html",
        "quotation_count",
        "salesorder_count",
        "createdfrom_id",
        "related_tickets",
        "external_links",
        "client_reference",
        "datecreated",
        "deleted",
    ] {
        assert!(detail.get(field).is_some(), "{field}");
        assert!(rows.iter().all(|row| row.get(field).is_none()), "{field}");
    }
    for field in ["parent_id", "dateoccurred", "last_update"] {
        assert!(rows.iter().all(|row| row.get(field).is_some()), "{field}");
    }
}
