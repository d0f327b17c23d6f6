//! HIT without any capability: slower and with less, and just as correct.

use e2e::{Size, State};
use serde_json::json;

use crate::story;

#[tokio::test]
async fn a_hit_that_can_do_nothing_more_than_it_must_is_kept_in_step() {
    let size = Size { capabilities: Some(Vec::new()), ..Size::default() };
    let desk = story::answered(&size).await;
    story::rest(&desk).await;
    desk.assert_unharmed("after the first run").await;
    let state = State::read(&desk).await;
    assert_eq!(state.discord(&story::undecided(&desk).await), [""; 0]);
    assert_eq!(desk.counts().await["halo"]["creates"], 2);

    let find = |name: &str| state.pairs.values().find(|pair| pair.item["name"] == name).unwrap();
    let factor = find("Roll out multi-factor authentication");
    let windows = find("Windows 11 refresh").project.as_ref().expect("is linked");
    desk.edit(json!([
        {"side": "hit", "item_id": factor.item["id"], "set": {"name": "Multi-factor"}},
        {"side": "halo", "ticket_id": windows["id"], "set": {"targetdate": "2027-03-01T18:00:00"}},
    ]))
    .await;
    story::rest(&desk).await;
    desk.assert_unharmed("after edits").await;
    let state = State::read(&desk).await;
    assert_eq!(state.discord(&story::undecided(&desk).await), [""; 0]);
    let find = |name: &str| state.pairs.values().find(|pair| pair.item["name"] == name).unwrap();
    assert_eq!(find("Multi-factor").opportunity.as_ref().unwrap()["summary"], "Multi-factor");
    assert_eq!(find("Windows 11 refresh").item["due_date"], "2027-03-01");
    let before = desk.writes().await;
    desk.run(&["sync"]).await;
    assert_eq!(desk.writes().await, before);
}
