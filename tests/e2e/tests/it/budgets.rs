//! What a run asks of the servers, counted by the servers.

use e2e::{Desk, Size, State};
use serde_json::{Value, json};

use crate::story;

/// What a run that has nothing to do asks: the two lists of Halo, and HIT's list and account.
pub(crate) const IDLE: (u64, u64) = (2, 2);

/// Requests of one `sync` beyond those of an idle one.
async fn cost(desk: &Desk) -> (u64, u64) {
    let before = desk.requests().await;
    let ended = desk.run(&["sync"]).await;
    assert_eq!(ended.code, 2, "{ended:?}");
    let after = desk.requests().await;
    (after.0 - before.0 - IDLE.0, after.1 - before.1 - IDLE.1)
}

fn find<'a>(state: &'a State, name: &str) -> &'a e2e::Pair {
    state.pairs.values().find(|pair| pair.item["name"] == name).unwrap()
}

#[tokio::test]
async fn each_change_costs_what_it_has_to() {
    let desk = story::in_step(&Size::default()).await;
    let state = State::read(&desk).await;
    let hit = |item: &Value, set: Value| json!([{"side": "hit", "item_id": item["id"], "set": set}]);

    // An update of a ticket: it is read again, and written. Nothing is asked of HIT.
    let factor = find(&state, "Roll out multi-factor authentication");
    desk.edit(hit(&factor.item, json!({"name": "Multi-factor"}))).await;
    assert_eq!(cost(&desk).await, (2, 0), "an update of Halo");

    // An update of an item: the same the other way.
    let windows = find(&state, "Windows 11 refresh").project.as_ref().unwrap();
    let due =
        json!([{"side": "halo", "ticket_id": windows["id"], "set": {"targetdate": "2027-03-01T18:00:00"}}]);
    desk.edit(due).await;
    assert_eq!(cost(&desk).await, (0, 2), "an update of HIT");

    // A create: the marker is looked for, the ticket made, and the item told to refer to it; the reply to that shows the
    // item, so that nothing has to be read again.
    let new = json!({"client_id": desk.clients()[0], "name": "Something new", "status_id": "st_qualified"});
    desk.edit(json!([{"side": "hit", "create": new}])).await;
    assert_eq!(cost(&desk).await, (2, 1), "a create");
    // What was just written is not news.
    assert_eq!(desk.run(&["sync"]).await.code, 0);
}
