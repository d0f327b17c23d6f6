//! The programs of the cookbook that need a Halo, as they are run, against the sandbox.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Once;
use std::time::{Duration, SystemTime};

use sandbox::net;
use sandbox::world::store::{flag, int};
use sandbox::{Options, Sandbox};
use serde_json::Value;

use crate::built;

/// When a file was last changed, or the latest file of a folder.
fn changed(path: &Path) -> Option<SystemTime> {
    if path.is_dir() {
        let entries = std::fs::read_dir(path).ok()?;
        return entries.filter_map(|entry| changed(&entry.ok()?.path())).max();
    }
    path.metadata().ok()?.modified().ok()
}

/// A program of the cookbook.
fn program(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let path = built::program(name);
    BUILT.call_once(|| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/cookbook/src");
        if changed(&path).is_some_and(|built| changed(&sources).is_some_and(|written| written <= built)) {
            return;
        }
        built::build(&["-p", "cookbook", "--bins"]);
    });
    path
}

async fn sandbox(rate_limit: Option<(u32, u32)>, tickets: usize) -> Sandbox {
    let mut options = Options::default();
    options.seed.rate_limit = rate_limit;
    options.seed.tickets = tickets;
    options.seed.items = 40;
    Sandbox::start(options).await.unwrap()
}

/// The program with the sandbox's address and the credentials with full rights.
fn command(sandbox: &Sandbox, name: &str, rate_limit: &str) -> Command {
    let halo = &sandbox.info().halo;
    let mut command = Command::new(program(name));
    command
        .env("HALO_RESOURCE_SERVER", &halo.resource_server)
        .env("HALO_AUTHORISATION_SERVER", &halo.authorisation_server)
        .env("HALO_TENANT", &halo.tenant)
        .env("HALO_CLIENT_ID", &halo.client_id)
        .env("HALO_CLIENT_SECRET", &halo.client_secret)
        .env("HALO_RATE_LIMIT", rate_limit);
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn succeeded(output: &Output) -> &str {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

async fn halo_counts(sandbox: &Sandbox) -> Value {
    let url = format!("{}/counts", sandbox.info().control.base_url);
    let answer = net::request("GET", &url, &[], "", Duration::from_secs(20)).await.unwrap();
    serde_json::from_str::<Value>(&answer.body).unwrap()["halo"].take()
}

/// The ids on all lines, which must be objects, each ticket once.
fn exported(output: &Output) -> BTreeSet<i64> {
    let mut ids = BTreeSet::new();
    for line in succeeded(output).lines() {
        let ticket: Value = serde_json::from_str(line).unwrap();
        assert!(ids.insert(ticket["id"].as_f64().unwrap() as i64), "{line}");
    }
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn the_export_holds_every_ticket_once_and_keeps_to_the_limit() {
    let sandbox = sandbox(Some((4, 1)), 450).await;
    let output = command(&sandbox, "export_tickets", "4/1").output().unwrap();
    let world = sandbox.world();
    let all: BTreeSet<i64> = {
        let world = world.lock();
        let live = world.halo.tickets.iter().map(|(_, row)| row).filter(|row| !flag(row, "deleted"));
        live.map(|row| int(row, "id")).collect()
    };
    assert!(all.len() >= 450);
    assert_eq!(exported(&output), all);
    assert_eq!(text(&output.stderr), "");
    let counts = halo_counts(&sandbox).await;
    assert_eq!(counts["rate_limited"], 0);
    // Five pages of tickets; one each of projects and opportunities, which hold nothing new.
    assert_eq!(counts["requests"], 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_away_ends_the_export_quietly() {
    let sandbox = sandbox(None, 1_500).await;
    let mut child = command(&sandbox, "export_tickets", "none")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    // Dropping the reader closes the pipe.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with('{'));
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_one_sentence_without_it() {
    let sandbox = sandbox(None, 20).await;
    for name in ["export_tickets", "connect_and_test"] {
        let output = command(&sandbox, name, "none").env("HALO_CLIENT_SECRET", "canary").output().unwrap();
        let sentence = text(&output.stderr);
        assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""), "{sentence}");
        assert_eq!(sentence.lines().count(), 1, "{sentence}");
        assert!(!sentence.contains("canary"), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_programs_do_what_they_say() {
    let sandbox = sandbox(None, 300).await;

    let output = command(&sandbox, "connect_and_test", "none").output().unwrap();
    let said = succeeded(&output);
    assert!(
        said.starts_with("Connected to ") && said.contains("Logged in as ") && said.contains(" open tickets"),
        "{said}"
    );

    let customer = {
        let world = sandbox.world().lock();
        let live = world.halo.tickets.iter().map(|(_, row)| row);
        live.map(|row| int(row, "client_id")).find(|client| *client > 1).unwrap()
    };
    let output = command(&sandbox, "create_and_patch_project", "none")
        .args([&customer.to_string(), "New firewall", "CFCostCentre", "A-12"])
        .output()
        .unwrap();
    let said = succeeded(&output);
    assert!(said.contains("reference: cookbook"), "{said}");
    assert!(said.contains(r#"CFCostCentre: "A-12 (checked)""#), "{said}");

    let output = command(&sandbox, "open_projects", "none").output().unwrap();
    let said = succeeded(&output);
    let count: usize = said.lines().last().unwrap().split(' ').next().unwrap().parse().unwrap();
    assert_eq!(said.lines().count(), count + 1, "{said}");
    assert!(count > 1 && said.contains("New firewall"), "{said}");
}
