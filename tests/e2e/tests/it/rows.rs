//! What Halo's list rows do not say, and what follows from it: the sandbox's rows carry what Halo's document lists.

use e2e::{Size, State};
use serde_json::json;

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
