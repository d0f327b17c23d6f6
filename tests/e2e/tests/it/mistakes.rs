//! Every mistake of an installation: one sentence with the way out, the exit code of its class, nothing changed.

use std::time::Duration;

use e2e::{Desk, Ended, Size, State};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::{PROGRAM, story};

/// Stands for a secret that is wrong, and must not be printed either.
const CANARY: &str = "canary-secret-0451";

/// What a mistake must not change: the servers' records, and the database's state.
async fn held(desk: &Desk) -> (u64, Value, Value) {
    let (_, status) = desk.json(&["status"]).await;
    (desk.writes().await, status["data"]["serial"].clone(), status["data"]["last_run"].clone())
}

/// Runs a command that must fail, and looks at how it says so.
async fn refused(desk: &Desk, command: Command, code: i32, part: &str) {
    let mut command = command;
    let output = command.output().await.unwrap();
    let ended = Ended {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    };
    assert_eq!(ended.code, code, "{part}: {ended:?}");
    assert_eq!(ended.out, "", "{part}");
    assert!(ended.err.contains(part), "{part}: {}", ended.err);
    let sentences: Vec<&str> = ended.err.lines().filter(|line| line.starts_with("error: ")).collect();
    let [sentence] = sentences[..] else { panic!("{}", ended.err) };
    // Of a command line that makes no sense, clap says what would.
    assert!(code == 64 || sentence.ends_with('.') && sentence.contains(": "), "no way out: {sentence}");
    let info = desk.info();
    for secret in [CANARY, &info.halo_integration.client_secret, &info.hit.api_key] {
        assert!(!ended.err.contains(secret), "a secret is printed: {}", ended.err);
    }
}

/// A change of the configuration, the exit code, and a part of the sentence.
type Wrong<'a> = (&'a str, &'a str, i32, &'a str);

#[tokio::test]
async fn what_is_wrong_in_the_configuration_is_said_and_changes_nothing() {
    let desk = story::in_step(&Size::default()).await;
    // Something to write, so that a run that goes too far is seen.
    let state = State::read(&desk).await;
    desk.edit(story::day(&state)).await;
    let good = desk.read_configuration();
    let before = held(&desk).await;
    let info = desk.info().clone();
    let resource = format!("resource_server = \"{}\"", info.halo.resource_server);
    let authorisation = format!("authorisation_server = \"{}\"", info.halo.authorisation_server);
    let origin = info.halo.resource_server.trim_end_matches("/api").to_owned();
    let (bare_resource, bare_authorisation) =
        (format!("resource_server = \"{origin}\""), format!("authorisation_server = \"{origin}\""));
    let swapped = format!("resource_server = \"{origin}/auth\"");
    let table: [Wrong<'_>; 16] = [
        (&resource, "resource_server = \"http://halo.example.com/api\"", 11, "https"),
        (&authorisation, "authorisation_server = \"http://halo.example.com/auth\"", 11, "https"),
        (&resource, &bare_resource, 11, "/api"),
        (&resource, &swapped, 11, "/api"),
        (&authorisation, &bare_authorisation, 11, "/auth"),
        ("20 = \"st_recommended\"", "20 = \"st_reccomended\"", 12, "st_reccomended"),
        ("\"st_qualified\" = 21", "\"st_qualified\" = 999", 12, "999"),
        ("\"st_qualified\" = 21", "\"st_qualified\" = 30", 12, "Planning"),
        ("create_type = 21", "create_type = 1", 12, "1"),
        ("time_zone = \"America/Chicago\"\n", "", 12, "time_zone"),
        ("time_zone = \"America/Chicago\"\n", "time_zone = \"America/Chikago\"\n", 12, "America/Chikago"),
        ("currency = \"USD\"\nrate_limit = \"5000/1\"\nconcurrency = 2\n[hit]", "[hit]", 12, "halo.currency"),
        ("format = 1", "format = 2", 12, "newer"),
        ("format = 1", "format = [", 12, "TOML"),
        ("format = 1\n", "", 12, "format"),
        ("tenant = \"northwind\"", "tenant = \"southwind\"", 13, "northwind"),
    ];
    for (this, that, code, part) in table {
        desk.configure(this, that);
        refused(&desk, desk.command(&["sync"]), code, part).await;
        desk.write_configuration(&good);
        assert_eq!(held(&desk).await, before, "{this} -> {that}");
    }
    // With its own database, the wrong tenant is found by Halo.
    desk.configure("tenant = \"northwind\"", "tenant = \"southwind\"");
    desk.configure("halo-hit.db", "other.db");
    refused(&desk, desk.command(&["sync"]), 11, "southwind").await;
    desk.write_configuration(&good);

    let mut wrong = desk.command(&["sync"]);
    wrong.env("HALO_HIT_HALO_SECRET", CANARY);
    refused(&desk, wrong, 10, "Halo").await;
    let mut wrong = desk.command(&["sync"]);
    wrong.env("HALO_HIT_HIT_KEY", CANARY);
    refused(&desk, wrong, 10, "HumanizeIT").await;
    for arguments in [&["sink"][..], &["sync", "--fast"], &["apply"], &["pair", "x"]] {
        refused(&desk, desk.command(arguments), 64, "halo-hit").await;
    }
    assert_eq!(held(&desk).await, before);
    // And with everything right it goes on.
    assert_eq!(desk.run(&["sync"]).await.code, 2);
}

#[tokio::test]
async fn a_stale_and_an_edited_plan_are_refused() {
    let desk = story::answered(&Size::default()).await;
    desk.run(&["plan", "--out", "plan.json"]).await;
    let plan = std::fs::read_to_string(desk.path("plan.json")).unwrap();
    let edited = plan.replacen("Windows 11 refresh", "Windows 12 refresh", 1);
    assert_ne!(plan, edited);
    std::fs::write(desk.path("edited.json"), edited).unwrap();
    let before = held(&desk).await;
    refused(&desk, desk.command(&["apply", "edited.json"]), 5, "edited.json").await;
    assert_eq!(held(&desk).await, before);
    std::fs::write(desk.path("cut.json"), &plan[..plan.len() / 2]).unwrap();
    refused(&desk, desk.command(&["apply", "cut.json"]), 5, "cut.json").await;
    assert_eq!(held(&desk).await, before);

    // The plan itself is good once. Afterwards it is older than the state.
    let ended = desk.run(&["apply", "plan.json"]).await;
    assert!([2, 3].contains(&ended.code), "{ended:?}");
    assert_eq!(desk.counts().await["halo"]["creates"], 2);
    let writes = desk.writes().await;
    refused(&desk, desk.command(&["apply", "plan.json"]), 5, "plan again").await;
    assert_eq!(desk.writes().await, writes);
    // A hash that is not that of the plan as it would be now.
    let hash = "0".repeat(64);
    refused(&desk, desk.command(&["apply", "--expect", &hash]), 5, "plan").await;
    assert_eq!(desk.writes().await, writes);
    desk.assert_unharmed("after all").await;
}

#[tokio::test]
async fn a_second_process_is_kept_out() {
    let desk = Desk::start(PROGRAM, &Size::default()).await;
    desk.configure("request_timeout = \"300ms\"", "request_timeout = \"8s\"");
    desk.configure("deadline = \"4s\"", "deadline = \"8s\"");
    desk.configure("settle = \"300ms\"", "settle = \"8s\"");
    let hang = json!([{"side": "hit", "method": "GET", "path": "/roadmap-items", "fault": "timeout"}]);
    desk.faults(json!({ "next": hang })).await;
    let mut first = desk.command(&["sync"]).spawn().unwrap();
    while desk.control("GET", "/faults", None).await["next"] != json!([]) {
        assert_eq!(first.try_wait().unwrap(), None);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    refused(&desk, desk.command(&["sync"]), 14, "--wait").await;
    // Looking is free.
    assert_eq!(desk.run(&["status"]).await.code, 0);
    assert_eq!(desk.writes().await, 0);
    // The lease ends with its holder, however it ends.
    first.kill().await.unwrap();
    assert_ne!(desk.run(&["sync"]).await.code, 14);
}
