//! The database: copies, damage, no room, no right to write.

use e2e::{Desk, Size, State};
use serde_json::json;

use crate::story;

/// Goes back to a copy, as the README says.
fn restore(desk: &Desk, copy: &str) {
    for beside in ["halo-hit.db-wal", "halo-hit.db-shm"] {
        let _ = std::fs::remove_file(desk.path(beside));
    }
    std::fs::copy(desk.path(copy), desk.path("halo-hit.db")).unwrap();
}

#[tokio::test]
async fn going_back_to_an_old_copy_makes_nothing_twice_and_loses_no_edit() {
    let desk = story::in_step(&Size::default()).await;
    let copied = desk.run(&["backup", "old.db"]).await;
    assert_eq!(copied.code, 0, "{copied:?}");
    let again = desk.run(&["backup", "old.db"]).await;
    assert_eq!(again.code, 64, "nothing is overwritten: {again:?}");

    // A day, and a new item, after the copy was made.
    desk.edit(story::day(&State::read(&desk).await)).await;
    let new = json!({"client_id": desk.clients()[0], "name": "After the copy", "status_id": "st_qualified"});
    desk.edit(json!([{"side": "hit", "create": new}])).await;
    story::rest(&desk).await;
    story::resolve_all(&desk).await;
    story::rest(&desk).await;
    let end = State::read(&desk).await.text();

    restore(&desk, "old.db");
    story::rest(&desk).await;
    story::resolve_all(&desk).await;
    story::rest(&desk).await;
    desk.assert_unharmed("after going back").await;
    assert_eq!(State::read(&desk).await.text(), end);
    // And what people do next goes through as ever.
    let state = State::read(&desk).await;
    let factor = state.pairs.values().find(|pair| pair.item["name"] == "After the copy").unwrap();
    desk.edit(json!([{"side": "hit", "item_id": factor.item["id"], "set": {"name": "And after that"}}]))
        .await;
    story::rest(&desk).await;
    desk.assert_unharmed("the day after").await;
    assert_eq!(State::read(&desk).await.discord(&story::undecided(&desk).await), Vec::<String>::new());
}

#[tokio::test]
async fn a_copy_can_be_made_while_a_run_is_under_way() {
    let desk = story::answered(&Size::default()).await;
    let (ran, copied) = tokio::join!(desk.run(&["sync"]), desk.run(&["backup", "meanwhile.db"]));
    assert!([2, 3].contains(&ran.code), "{ran:?}");
    assert_eq!(copied.code, 0, "{copied:?}");
    restore(&desk, "meanwhile.db");
    story::rest(&desk).await;
    desk.assert_unharmed("from a copy of a moment in the middle").await;
}

#[tokio::test]
async fn a_damaged_database_is_refused_and_left_as_it_is() {
    let desk = story::in_step(&Size::default()).await;
    desk.run(&["backup", "whole.db"]).await;
    let mut bytes = std::fs::read(desk.path("whole.db")).unwrap();
    // The header stays; the pages behind it are overwritten.
    let page = 4_096.min(bytes.len() / 2);
    bytes[page..].fill(0x5A);
    restore(&desk, "whole.db");
    std::fs::write(desk.path("halo-hit.db"), &bytes).unwrap();
    let before = desk.writes().await;
    let ended = desk.run(&["sync"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("is damaged") && ended.err.contains("backup"), "{ended:?}");
    assert_eq!(desk.writes().await, before, "nothing is written to either system");
    assert_eq!(std::fs::read(desk.path("halo-hit.db")).unwrap(), bytes);
    // And back to the copy.
    restore(&desk, "whole.db");
    assert_eq!(desk.run(&["sync"]).await.code, 0);
}

/// A file system that root cannot write to either; none where mounting is not allowed.
#[cfg(target_os = "linux")]
async fn mount(options: &str, at: &std::path::Path) -> bool {
    let mut mount = tokio::process::Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(at);
    mount.stderr(std::process::Stdio::null()).status().await.is_ok_and(|status| status.success())
}

#[cfg(target_os = "linux")]
struct Mounted(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_stops_the_run_and_loses_nothing() {
    let desk = story::answered(&Size::default()).await;
    let small = desk.path("small");
    std::fs::create_dir(&small).unwrap();
    desk.run(&["backup", "begin.db"]).await;
    if !mount("size=2m", &small).await {
        println!(
            "skipped: this user may not mount a small file system; the store's own tests cover a full disk"
        );
        return;
    }
    let _mounted = Mounted(small.clone());
    std::fs::copy(desk.path("begin.db"), small.join("halo-hit.db")).unwrap();
    desk.configure("database = \"halo-hit.db\"", "database = \"small/halo-hit.db\"");
    // Fills the rest but for a little.
    let room = |keep: usize| {
        let used = std::fs::metadata(small.join("halo-hit.db")).unwrap().len() as usize;
        std::fs::write(small.join("ballast"), vec![0_u8; (2 << 20) - used - keep]).unwrap();
    };
    room(96 << 10);
    let ended = desk.run(&["sync"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("no room left") || ended.err.contains("answers with errors"), "{ended:?}");
    std::fs::remove_file(small.join("ballast")).unwrap();
    story::rest(&desk).await;
    desk.assert_unharmed("after the disk was full").await;
    assert_eq!(State::read(&desk).await.discord(&story::undecided(&desk).await), Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_database_that_cannot_be_written_is_told_before_anything_is_done() {
    let desk = story::in_step(&Size::default()).await;
    let fixed = desk.path("fixed");
    std::fs::create_dir(&fixed).unwrap();
    desk.run(&["backup", "begin.db"]).await;
    if !mount("size=4m", &fixed).await {
        println!("skipped: this user may not mount a file system");
        return;
    }
    let _mounted = Mounted(fixed.clone());
    std::fs::copy(desk.path("begin.db"), fixed.join("halo-hit.db")).unwrap();
    let remount = tokio::process::Command::new("mount").args(["-o", "remount,ro"]).arg(&fixed).status().await;
    assert!(remount.unwrap().success());
    desk.configure("database = \"halo-hit.db\"", "database = \"fixed/halo-hit.db\"");
    let before = desk.requests().await;
    let ended = desk.run(&["sync"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.err.contains("cannot be written") && ended.err.contains("writable"), "{ended:?}");
    assert_eq!(desk.requests().await, before, "neither system was asked for anything");
}

#[tokio::test]
async fn a_database_that_is_used_in_another_place_is_told_once() {
    if std::fs::read_to_string("/etc/machine-id").is_ok_and(|name| !name.trim().is_empty()) {
        let desk = story::in_step(&Size::default()).await;
        desk.run(&["backup", "moved.db"]).await;
        desk.configure("database = \"halo-hit.db\"", "database = \"moved.db\"");
        let ended = desk.run(&["sync"]).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(ended.err.contains("This database was last used as"), "{ended:?}");
        let (_, open) = desk.json(&["issues"]).await;
        assert_eq!(open["data"]["issues"][0]["code"], "database_moved", "{open:#}");
        let again = desk.run(&["sync"]).await;
        assert!(!again.err.contains("last used"), "{again:?}");
    } else {
        println!("skipped: this machine has no /etc/machine-id, by which it could be told from another");
    }
}
