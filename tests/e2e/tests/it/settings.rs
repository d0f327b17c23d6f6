//! Settings changed with care: versions, numbers first, and what depends on a type.

use std::time::Duration;

use e2e::{Desk, Size};
use halo_hit::storage::{Change, SettingsNote, SqliteStore, Store};
use serde_json::{Value, json};
use sync_core::ids::TeamId;
use sync_core::settings::Settings;

use crate::PROGRAM;
use crate::story::answered;

async fn versions(desk: &Desk) -> Vec<Value> {
    let (code, value) = desk.json(&["settings", "versions"]).await;
    assert_eq!(code, 0);
    value["data"].as_array().unwrap().clone()
}

fn hows(versions: &[Value]) -> Vec<(&str, Option<&str>)> {
    versions.iter().map(|v| (v["how"].as_str().unwrap(), v["author"].as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_a_version_whoever_made_it() {
    let desk = Desk::start(PROGRAM, &Size::default()).await;
    desk.configure("creates = 500\n", "creates = 500 # out of the way\n");
    assert!([2, 3].contains(&desk.run(&["plan"]).await.code));
    let set = ["settings", "set", "limits.creates", "40", "--author", "Maya"];
    let (code, value) = desk.json(&set).await;
    assert_eq!((code, &value["data"]["version"]), (0, &json!(2)));
    assert_eq!(value["data"]["changes"], json!([{"key": "limits.creates", "before": "500", "after": "40"}]));
    assert!(desk.read_configuration().contains("creates = 40 # out of the way\n"));
    // By hand: noticed by the next command that plans.
    desk.configure("creates = 40 ", "creates = 50 ");
    assert!([2, 3].contains(&desk.run(&["plan"]).await.code));
    let found = versions(&desk).await;
    assert_eq!(hows(&found), [("file", None), ("set", Some("Maya")), ("first", None)]);
    let (_, compared) = desk.json(&["settings", "compare", "1"]).await;
    assert_eq!(
        compared["data"]["changes"],
        json!([{"key": "limits.creates", "before": "500", "after": "50"}])
    );

    let (code, _) = desk.json(&["settings", "roll-back", "1", "--author", "Sam"]).await;
    assert_eq!(code, 0);
    assert!(desk.read_configuration().contains("creates = 500 # out of the way\n"));
    let found = versions(&desk).await;
    assert_eq!(hows(&found)[0], ("roll_back", Some("Sam")));
    assert_eq!(found[0]["changes"], json!([{"key": "limits.creates", "before": "50", "after": "500"}]));

    // What is no setting of the sync is no version; what is so already is no change.
    let (code, value) = desk.json(&["settings", "set", "timing.poll", "7m"]).await;
    assert_eq!((code, &value["data"]["version"]), (0, &Value::Null));
    assert!(desk.read_configuration().contains("poll = \"7m\""));
    desk.json(&["settings", "set", "limits.creates", "500"]).await;
    assert_eq!(versions(&desk).await.len(), found.len());
    assert_eq!(desk.writes().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_writes_are_counted_before_anybody_says_yes() {
    let desk = answered(&Size { clients: 3, ..Size::default() }).await;
    desk.settle().await;
    let (before, file, links) = (desk.writes().await, desk.read_configuration(), versions(&desk).await.len());
    let all = ["settings", "set", "sync.create.st_recommended", "opportunity"];
    let also = ["--also", "sync.create.st_awaiting_board=project", "--also", "scope.global=true"];
    let (code, value) = desk.json(&[&all[..], &also[..]].concat()).await;
    assert_eq!((code, &value["error"]["code"]), (4, &json!("writes_unconfirmed")), "{value}");
    assert!(value["error"]["what"].as_str().unwrap().contains("more writes would follow"), "{value}");
    assert_eq!((desk.read_configuration(), versions(&desk).await.len()), (file, links));

    let (code, value) = desk.json(&[&all[..], &also[..], &["--yes"]].concat()).await;
    assert_eq!(code, 0, "{value}");
    let impact = &value["data"]["impact"];
    let more = impact["after"].as_u64().unwrap() - impact["before"].as_u64().unwrap();
    assert!(more > 10, "{impact}");
    assert_eq!(desk.writes().await, before, "looking wrote nothing");
    // The number was true: the next plan has as many writes.
    let (_, plan) = desk.json(&["plan"]).await;
    let ops = plan["data"]["plan"]["ops"].as_array().unwrap();
    let counts = &plan["data"]["counts"];
    assert_eq!(counts, &impact["counts"], "{}", ops.len());
    let names: Vec<_> = std::fs::read_dir(desk.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("trial")), "{names:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_type_leaves_existing_tickets_theirs_and_asks_for_what_depends_on_it() {
    let desk = answered(&Size::default()).await;
    desk.configure("create_type = 31\n", "create_type = 31\ndefault_agent = 9\n");
    desk.settle().await;
    let file = desk.read_configuration();
    let key = "project_settings.project.create_type";
    let (code, value) = desk.json(&["settings", "set", key, "33"]).await;
    assert_eq!((code, &value["error"]["code"]), (12, &json!("change_does_not_fit")));
    let what = value["error"]["what"].as_str().unwrap();
    assert!(what.contains("no status map") && what.contains("CFProjectTier"), "{what}");
    let (code, value) = desk.json(&["settings", "set", "project_settings.project.default_agent", "7"]).await;
    assert_eq!(code, 12);
    assert!(
        value["error"]["what"].as_str().unwrap().contains("there are 3 Robin Ellis, 9 Hannah Moss"),
        "{value}"
    );
    for (key, value, code) in
        [("scope.globl", "true", 12), ("limits", "1", 64), (key, "34", 12), (key, "x", 12)]
    {
        let (exit, _) = desk.json(&["settings", "set", key, value]).await;
        assert_eq!(exit, code, "{key}");
    }
    assert_eq!(desk.read_configuration(), file);

    let tier = "project_settings.project.required_values.CFProjectTier=2";
    let (code, value) = desk.json(&["settings", "set", key, "33", "--also", tier, "--suggest-map"]).await;
    assert_eq!(code, 0, "{value}");
    let text = desk.read_configuration();
    assert!(text.contains("create_type = 33 # Infrastructure Project\n"), "{text}");
    assert!(text.contains("followed_types = [31] # Project\n"), "{text}");
    // Linked projects keep their type and stay as they are; a new one gets the new type.
    let writes = desk.writes().await;
    assert!([0, 3].contains(&desk.run(&["sync"]).await.code));
    assert_eq!(desk.writes().await, writes);
    desk.edit(json!([{"side": "hit", "create": {"client_id": desk.clients()[0], "name": "A new server room", "status_id": "st_approved"}}])).await;
    desk.settle().await;
    let tickets = desk.halo("/Projects?pageinate=true&page_no=1&page_size=100&requesttype_id=33").await;
    let rows = tickets["tickets"].as_array().unwrap();
    let made: Vec<_> = rows.iter().filter(|row| row["summary"] == "A new server room").collect();
    assert_eq!(made.len(), 1, "{tickets}");
    desk.assert_unharmed("after the type was changed").await;

    let (code, _) = desk.json(&["settings", "validate"]).await;
    assert_eq!(code, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_vanished_from_a_tenant_stops_only_what_it_touches() {
    let desk = crate::story::in_step(&Size::default()).await;
    // A team that was deleted is one that the last run knew and that is not there.
    desk.configure("team = 3\n", "team = 99\n");
    assert_eq!(desk.run(&["sync"]).await.code, 12, "named for the first time, it is a slip");
    {
        let store = SqliteStore::open(&desk.path("halo-hit.db"), 0).await.unwrap();
        let lease = store.lease("test", Duration::from_secs(5)).await.unwrap();
        let last = store.settings_versions(1).await.unwrap().remove(0);
        let mut settings: Settings = serde_json::from_str(&last.text).unwrap();
        settings.project.opportunity.team = Some(TeamId(99));
        let note = SettingsNote {
            hash: settings.settings_hash(),
            text: serde_json::to_string(&settings).unwrap(),
            author: None,
            how: last.how,
            file: None,
        };
        store.commit(&lease, &[Change::NoteSettings(Box::new(note))], 1).await.unwrap();
    }
    let state = e2e::State::read(&desk).await;
    let windows = state.pairs.values().find(|pair| pair.item["name"] == "Windows 11 refresh").unwrap();
    let project = windows.project.as_ref().unwrap()["id"].clone();
    desk.edit(json!([{"side": "halo", "ticket_id": project, "set": {"targetdate": "2027-03-09T18:00:00"}}]))
        .await;
    for reach in [&["sync"][..], &["sync", "--full"]] {
        let ended = desk.run(reach).await;
        assert!([0, 2, 3].contains(&ended.code), "{ended:?}");
        let (_, open) = desk.json(&["issues"]).await;
        assert!(open.to_string().contains("team_missing"), "{open:#}");
    }
    let path = format!("/roadmap-items/{}", windows.item["id"].as_str().unwrap());
    assert_eq!(desk.hit(&path).await["due_date"], "2027-03-09");
    assert_eq!(desk.run(&["settings", "validate"]).await.code, 12, "whoever looks is told");
    // It is back: the issue is closed by the next look.
    desk.configure("team = 99\n", "team = 3\n");
    assert!([0, 2, 3].contains(&desk.run(&["sync"]).await.code));
    let (_, open) = desk.json(&["issues"]).await;
    assert!(!open.to_string().contains("team_missing"), "{open:#}");
    desk.assert_unharmed("after a team was gone").await;
}
