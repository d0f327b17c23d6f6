//! Both systems end up saying the same, whatever people do on either side, and then there is peace.

use e2e::{Size, State};
use serde_json::{Value, json};

use crate::story;

#[tokio::test]
async fn edits_on_both_sides_arrive_and_then_there_is_nothing_to_do() {
    let desk = story::answered(&Size::default()).await;
    assert_eq!(desk.writes().await, 0, "looking and answering writes nothing");
    story::rest(&desk).await;
    desk.assert_unharmed("after the first run").await;
    story::resolve_all(&desk).await;
    assert_eq!(story::rest(&desk).await, 0);
    let state = State::read(&desk).await;
    assert_eq!(state.discord(&story::undecided(&desk).await), [""; 0]);
    let names = |kind: &str| -> Vec<&str> {
        let of = state.pairs.values().filter(|pair| match kind {
            "opportunity" => pair.opportunity.is_some(),
            _ => pair.project.is_some(),
        });
        of.map(|pair| pair.item["name"].as_str().unwrap()).collect()
    };
    assert_eq!(
        names("opportunity"),
        ["Replace the edge firewall", "Roll out multi-factor authentication", "Network segmentation"]
    );
    assert_eq!(
        names("project"),
        ["Backup and disaster recovery upgrade", "Windows 11 refresh", "Email security gateway"]
    );
    // Two were made; four were there already, and one of those twice.
    assert_eq!(desk.counts().await["halo"]["creates"], 2);
    assert_eq!(state.loose.iter().filter(|one| one["summary"] == "Network segmentation").count(), 1);

    desk.edit(story::day(&state)).await;
    story::rest(&desk).await;
    desk.assert_unharmed("after a day").await;
    let state = State::read(&desk).await;
    assert_eq!(state.discord(&story::undecided(&desk).await), [""; 0]);
    let find = |name: &str| {
        state.pairs.values().find(|pair| pair.item["name"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    let factor = find("Multi-factor authentication for all").opportunity.as_ref().unwrap();
    assert_eq!(factor["summary"], "Multi-factor authentication for all");
    assert_eq!(factor["oppvalue_oneoff"].as_f64(), Some(12_345.0));
    let windows = &find("Windows 11 refresh").item;
    assert_eq!(
        [&windows["due_date"], &windows["start_date"], &windows["status_id"]],
        ["2027-03-01", "2027-01-11", "st_work_in_progress"]
    );
    let backup = find("Backup and disaster recovery upgrade").project.as_ref().unwrap();
    assert_eq!(backup["status_id"].as_i64(), Some(32));
    assert_eq!(find("Email security gateway").item["due_date"], "2027-05-03");
    let network = find("Network segmentation");
    assert_eq!(network.item["status_id"], "st_recommended");
    let won = find("Replace the edge firewall");
    assert_eq!(won.item["status_id"], "st_approved");
    let (deal, project) = (won.opportunity.as_ref().unwrap(), won.project.as_ref().unwrap());
    assert_eq!(project["createdfrom_id"], deal["id"], "the workflow's project, adopted");
    assert_eq!(desk.counts().await["halo"]["creates"], 2, "and none besides it");

    // Peace: one list for each kind of record on each side, and HIT's account, which names the pair.
    let before = (desk.requests().await, desk.writes().await);
    let ended = desk.run(&["sync"]).await;
    let after = (desk.requests().await, desk.writes().await);
    assert_eq!(after.1, before.1);
    assert_eq!((after.0.0 - before.0.0, after.0.1 - before.0.1), (2, 2), "{ended:?}");
    let (_, status) = desk.json(&["status"]).await;
    assert_eq!(status["data"]["records_to_look_at"], 0);
    assert_eq!(status["data"]["unfinished_creates"], 0);
}

#[tokio::test]
async fn two_edits_within_one_second_with_a_run_in_between_are_both_seen() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let pair = state.pairs.values().find(|pair| pair.item["name"] == "Windows 11 refresh").unwrap();
    let due = |day: &str| -> Value {
        json!([{"side": "halo", "ticket_id": pair.project.as_ref().unwrap()["id"],
            "set": {"targetdate": format!("{day}T18:00:00")}}])
    };
    desk.edit(due("2027-03-01")).await;
    assert_eq!(desk.run(&["sync"]).await.code, 2);
    desk.edit(due("2027-03-02")).await;
    desk.run(&["sync"]).await;
    let items = desk.items().await;
    let item = items.iter().find(|item| item["id"] == pair.item["id"]).unwrap();
    assert_eq!(item["due_date"], "2027-03-02");
}

#[tokio::test]
async fn a_budget_that_comes_after_the_create_arrives() {
    let desk = story::in_step(&Size::default()).await;
    let new = json!({"client_id": desk.clients()[0], "name": "Something new", "status_id": "st_qualified"});
    let item = desk.edit(json!([{"side": "hit", "create": new}])).await.remove(0);
    story::rest(&desk).await;
    let budget = json!({"currency": "USD", "recurring": [],
        "one_time": [{"label": "All", "amount_minor": 70_000, "frequency": "once"}]});
    desk.edit(json!([{"side": "hit", "item_id": item, "set": {"budget": budget}}])).await;
    story::rest(&desk).await;
    let state = State::read(&desk).await;
    let opportunity = state.pairs[item.as_str().unwrap()].opportunity.as_ref().unwrap();
    assert_eq!(opportunity["oppvalue_oneoff"].as_f64(), Some(700.0));
}

#[tokio::test]
async fn what_a_template_replaced_is_put_back_once_and_never_reaches_hit() {
    let desk = story::in_step(&Size::default()).await;
    desk.configure("create_type = 21\n", "create_type = 21\ntemplate = 5\n");
    let description = json!({"format": "text", "body": "The scope, in our own words."});
    let new = json!({"client_id": desk.clients()[0], "name": "From a template", "status_id": "st_qualified",
        "description": description});
    let item = desk.edit(json!([{"side": "hit", "create": new}])).await.remove(0);
    let details = async || {
        let state = State::read(&desk).await;
        let pair = &state.pairs[item.as_str().unwrap()];
        let ticket = pair.opportunity.as_ref().unwrap();
        (ticket["id"].as_f64().unwrap(), ticket["details_html"].as_str().unwrap().to_owned())
    };
    assert_eq!(desk.run(&["sync"]).await.code, 2);
    let (ticket, held) = details().await;
    assert!(held.contains("Standard infrastructure delivery"), "the template has struck: {held}");
    story::rest(&desk).await;
    let (_, held) = details().await;
    assert!(held.contains("The scope, in our own words.") && !held.contains("Standard"), "{held}");
    // Once: what a person makes of it afterwards stays.
    let edit = json!({"side": "halo", "ticket_id": ticket, "set": {"details_html": "<p>By a person.</p>"}});
    desk.edit(json!([edit])).await;
    story::rest(&desk).await;
    assert!(details().await.1.contains("By a person."));
    let items = desk.items().await;
    let held = items.iter().find(|held| held["id"] == item).unwrap();
    assert_eq!(held["description"], description);
    desk.assert_unharmed("after a template").await;
}
