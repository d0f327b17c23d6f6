//! The beliefs of ASSUMPTIONS.md, asked of a sandbox that imitates them and of one that does not.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use halo_hit::config::Config;
use halo_hit::probe::{Outcome, PROBES, Report, run};
use halo_hit::secrets::Sources;
use sandbox::breakage::Code;
use sandbox::untrue::Untrue;
use sandbox::world::SeedOptions;
use sandbox::{Options, Sandbox};

use crate::program::Desk;

const ASSUMPTIONS: &str = include_str!("../../../../ASSUMPTIONS.md");

/// Numbers of the rows and what their column "Probe" says.
fn rows() -> Vec<(String, String)> {
    let cells = |line: &str| {
        line.split(" | ").map(|cell| cell.trim_matches([' ', '|']).to_owned()).collect::<Vec<_>>()
    };
    let is_row = |line: &&str| {
        let mut letters = line.trim_start_matches("| ").chars();
        matches!(letters.next(), Some('H' | 'T')) && letters.next().is_some_and(|c| c.is_ascii_digit())
    };
    ASSUMPTIONS
        .lines()
        .filter(is_row)
        .map(cells)
        .map(|cells| {
            assert_eq!(cells.len(), 6, "{cells:?}");
            (cells[0].clone(), cells[4].clone())
        })
        .collect()
}

#[test]
fn every_belief_is_probed_or_says_why_not() {
    let rows = rows();
    assert!(rows.len() > 50, "{}", rows.len());
    for (id, column) in &rows {
        let probe =
            PROBES.iter().find(|probe| probe.id == *id).unwrap_or_else(|| panic!("{id} has no probe"));
        let said = column.starts_with("writes") || column.starts_with("none");
        assert_eq!(probe.reads, !said, "{id}: {column}");
    }
    let known: BTreeSet<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
    for probe in PROBES {
        assert!(known.contains(probe.id), "{} is no belief", probe.id);
    }
}

async fn start(options: Options) -> Sandbox {
    let seed =
        SeedOptions { clients: 24, tickets: 700, items: 60, rate_limit: None, ..SeedOptions::default() };
    Sandbox::start(Options { seed, ..options }).await.unwrap()
}

fn configuration(sandbox: &Sandbox) -> String {
    let info = sandbox.info();
    format!(
        "format = 1\n[halo]\nresource_server = {:?}\nauthorisation_server = {:?}\ntenant = {:?}\nclient_id = {:?}\n\
         time_zone = \"UTC\"\ncurrency = \"USD\"\nrate_limit = \"1000/1\"\n[hit]\nbase_url = {:?}\ncurrency = \"USD\"\n",
        info.halo.resource_server,
        info.halo.authorisation_server,
        info.halo.tenant,
        info.halo_integration.client_id,
        info.hit.base_url
    )
}

async fn probe(sandbox: &Sandbox) -> Report {
    let info = sandbox.info();
    let config = Config::parse(Path::new("halo-hit.toml"), &configuration(sandbox)).unwrap();
    let secrets = Sources::default()
        .with("HALO_HIT_HALO_SECRET", &info.halo_integration.client_secret)
        .with("HALO_HIT_HIT_KEY", &info.hit.api_key)
        .read()
        .unwrap();
    run(&config, &secrets).await.unwrap()
}

async fn control(sandbox: &Sandbox, path: &str) -> serde_json::Value {
    let url = format!("{}{path}", sandbox.info().control.base_url);
    let answer = sandbox::net::request("GET", &url, &[], "", Duration::from_secs(5)).await.unwrap();
    serde_json::from_str(&answer.body).unwrap()
}

fn shown(report: &Report) -> String {
    report
        .answers
        .iter()
        .map(|answer| format!("{} {:?} {}\n", answer.id, answer.outcome, answer.saw))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_tenant_that_is_as_we_believe_nothing_is_denied_and_nothing_written() {
    let sandbox = start(Options::default()).await;
    let report = probe(&sandbox).await;
    insta::assert_snapshot!(
        "outcomes",
        report.answers.iter().map(|a| format!("{} {}\n", a.id, a.outcome.word())).collect::<String>()
    );
    assert_eq!(report.count(Outcome::DoesNotHold), 0, "{}", shown(&report));
    assert_eq!(report.exit().number(), 0);
    // Each question that can be asked was asked.
    assert!(!shown(&report).contains("nothing was answered to ask on"), "{}", shown(&report));
    let counts = control(&sandbox, "/counts").await;
    // Within two minutes of the cautious default rate.
    assert!(counts["halo"]["requests"].as_u64().unwrap() <= 120, "{counts}");
    for side in ["halo", "hit"] {
        for what in ["writes", "creates", "deletes", "link_backs"] {
            assert_eq!(counts[side][what], 0, "{side} {what}");
        }
    }
    let log = control(&sandbox, "/log?since=0").await;
    assert_eq!(log["next"], 0, "nobody wrote anything");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_belief_that_can_be_made_false_is_seen_to_be() {
    for belief in Untrue::ALL.iter().copied() {
        // Whose token it is shows only with one of a user's.
        let breaks = if belief == Untrue::H50 { vec![Code::LoginTypeNotAgent] } else { Vec::new() };
        let sandbox = start(Options { untrue: vec![belief], breaks, ..Options::default() }).await;
        let report = probe(&sandbox).await;
        assert_eq!(
            report.get(belief.name()).unwrap().outcome,
            Outcome::DoesNotHold,
            "{belief:?}\n{}",
            shown(&report)
        );
        assert_eq!(report.exit().number(), 3);
    }
    let sandbox = start(Options { breaks: vec![Code::DefaultTeamMissing], ..Options::default() }).await;
    let report = probe(&sandbox).await;
    assert_eq!(report.get("H9").unwrap().outcome, Outcome::Holds, "{}", shown(&report));
    let sandbox = start(Options { breaks: vec![Code::LoginTypeNotAgent], ..Options::default() }).await;
    let report = probe(&sandbox).await;
    assert_eq!(report.get("H50").unwrap().outcome, Outcome::Holds, "{}", shown(&report));
    // A second action on each ticket.
    let sandbox = start(Options::default()).await;
    for actions in sandbox.world().lock().halo.actions.values_mut() {
        let again = actions[0].clone();
        actions.push(again);
    }
    let report = probe(&sandbox).await;
    assert_eq!(report.get("H93").unwrap().outcome, Outcome::Holds, "{}", shown(&report));
    let sandbox = start(Options { breaks: vec![Code::HitCredentialsRefused], ..Options::default() }).await;
    let report = probe(&sandbox).await;
    assert_eq!(report.get("T1").unwrap().outcome, Outcome::CannotTell);
    assert_eq!(report.get("T2").unwrap().outcome, Outcome::CannotTell);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_holds_nothing_of_the_tenant() {
    let sandbox = start(Options::default()).await;
    let info = sandbox.info();
    let desk = Desk::with(&configuration(&sandbox));
    let run = |file: &str, flags: &[&str]| {
        let mut arguments = vec!["probe", "--out", file];
        arguments.extend(flags);
        let mut command = desk.command(&arguments);
        command.env("HALO_HIT_HALO_SECRET", &info.halo_integration.client_secret);
        command.env("HALO_HIT_HIT_KEY", &info.hit.api_key);
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        std::fs::read_to_string(desk.path(file)).unwrap()
    };
    let markdown = run("report.md", &[]);
    // Without a configuration, the flags are enough.
    let flags = [
        "--config",
        "none.toml",
        "--resource-server",
        &info.halo.resource_server,
        "--tenant",
        &info.halo.tenant,
        "--client-id",
        &info.halo_integration.client_id,
        "--hit-base-url",
        &info.hit.base_url,
    ];
    let json = run("report.json", &flags);
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read["answers"].as_array().unwrap().len(), PROBES.len());

    let mut secrets = vec![
        info.halo_integration.client_secret.clone(),
        info.halo_integration.client_id.clone(),
        info.hit.api_key.clone(),
        info.halo.tenant.clone(),
        "127.0.0.1".to_owned(),
    ];
    // Names of clients, people and items.
    for path in ["/clients", "/team-members", "/roadmap-items"] {
        let url = format!("{}{path}?page_size=200", info.hit.base_url);
        let headers = [("authorization".to_owned(), format!("Bearer {}", info.hit.api_key))];
        let answer = sandbox::net::request("GET", &url, &headers, "", Duration::from_secs(5)).await.unwrap();
        let page: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        let rows = page["data"].as_array().unwrap();
        secrets.extend(rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()));
    }
    assert!(secrets.len() > 50);
    for text in [&markdown, &json] {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "{secret} is in the report");
        }
    }
}
