//! Every mistake of an installation: one sentence, its exit code, and nothing changed.

use std::time::Duration;

use halo_hit::storage::{Identity, Store, UnixMs};

use crate::program::{CONFIGURATION, Desk};

const NOW: UnixMs = 1_700_000_000_000;

fn with(line: &str, by: &str) -> String {
    assert!(CONFIGURATION.contains(line), "{line}");
    CONFIGURATION.replacen(line, by, 1)
}

#[test]
fn a_wrong_configuration_is_refused_before_anything_is_made() {
    for (configuration, code, part) in [
        (
            with("time_zone = \"Europe/London\"", ""),
            12,
            "halo.time_zone is missing in halo-hit.toml: write the IANA",
        ),
        (
            with("currency = \"GBP\"", ""),
            12,
            "halo.currency is missing in halo-hit.toml: write the three letters",
        ),
        (
            with("format = 1", "format = 7"),
            12,
            "is 7, and this program reads version 1: use the newer halo-hit",
        ),
        (with("format = 1", "format = ["), 12, "is not valid TOML"),
        (with("client_id", "clientid"), 12, "did you mean \"halo.client_id\"."),
        (
            with("https://acme.example/api", "http://acme.example/api"),
            11,
            "write https:// in place of http://.",
        ),
    ] {
        let desk = Desk::with(&configuration);
        let ended = desk.run(&["status"]);
        assert_eq!((ended.code, ended.out.as_str()), (code, ""), "{}", ended.err);
        assert!(ended.err.starts_with("error: ") && ended.err.contains(part), "{}", ended.err);
        assert_eq!(ended.err.lines().filter(|line| line.starts_with("error")).count(), 1);
        assert_eq!(desk.files(), ["halo-hit.toml"]);
    }
}

#[test]
fn a_missing_configuration_is_named() {
    let desk = Desk::new();
    let (code, value) = desk.json(&["status", "--config", "other.toml"]);
    assert_eq!(code, 12);
    let message = value["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("there is no configuration file other.toml: copy halo-hit.example.toml"),
        "{message}"
    );
    assert_eq!(desk.files(), ["halo-hit.toml"]);
}

#[tokio::test]
async fn the_database_of_another_tenant_is_refused() {
    let desk = Desk::new();
    let other = with("tenant = \"acme\"", "tenant = \"contoso\"");
    // Before the first contact it is nobody's: a misspelt tenant does not own it.
    std::fs::write(desk.path("halo-hit.toml"), &other).unwrap();
    assert_eq!(desk.run(&["status"]).code, 0);
    std::fs::write(desk.path("halo-hit.toml"), CONFIGURATION).unwrap();
    assert_eq!(desk.run(&["pause", "--reason", "holidays"]).code, 0);
    let identity = Identity { halo: "acme".into(), hit: Some("h1".into()) };
    desk.store().await.claim(&identity, NOW).await.unwrap();
    std::fs::write(desk.path("halo-hit.toml"), other).unwrap();
    for command in ["status", "resume"] {
        let ended = desk.run(&[command]);
        assert_eq!(ended.code, 13);
        let expected =
            "halo-hit.db belongs to the Halo tenant \"acme\", not to \"contoso\": let storage.database";
        assert!(ended.err.contains(expected), "{}", ended.err);
    }
    std::fs::write(desk.path("halo-hit.toml"), CONFIGURATION).unwrap();
    let (_, value) = desk.json(&["status"]);
    assert_eq!(value["data"]["paused"]["why"], "holidays");
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let desk = Desk::new();
    let notes = "notes of the last meeting, in no format at all\n".repeat(20);
    std::fs::write(desk.path("halo-hit.db"), &notes).unwrap();
    let (code, value) = desk.json(&["status"]);
    assert_eq!((code, &value["error"]["code"]), (13, &"database_not_ours".into()));
    assert_eq!(std::fs::read_to_string(desk.path("halo-hit.db")).unwrap(), notes);
}

#[tokio::test]
async fn a_second_process_is_kept_out_and_may_still_look() {
    let desk = Desk::new();
    let store = desk.store().await;
    let lease = store.lease("halo-hit sync, process 1", Duration::ZERO).await.unwrap();
    // Looking and deciding need no lease.
    assert_eq!(desk.run(&["status"]).code, 0);
    assert_eq!(desk.run(&["pause"]).code, 0);
    let second = desk.store().await;
    let refused = second.lease("second", Duration::ZERO).await.unwrap_err();
    let failure = halo_hit::exit::Failure::from(refused);
    assert_eq!(failure.exit().number(), 14);
    let sentence = failure.to_string();
    assert!(
        sentence.contains("(halo-hit sync, process 1): wait until it has ended, or use --wait"),
        "{sentence}"
    );
    drop(lease);
    let again = second.lease("second", Duration::ZERO).await.unwrap();
    let run = second.begin_run(&again, "sync", NOW).await.unwrap();
    assert_eq!(run, 1);
}
