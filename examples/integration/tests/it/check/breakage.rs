use std::time::Duration;

use halo_hit::check::{State, TOPICS};
use sandbox::Options;
use sandbox::breakage::Code;

use super::{check_with, codes, configuration, start, trouble};

/// What only a write shows, on a sandbox that is whole.
pub(super) const BY_WRITING: [&str; 4] =
    ["edit_others_right_missing", "status_right_missing", "marker_not_found", "write_not_kept"];

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_setup_raises_no_alarm() {
    let sandbox = start(Options::default()).await;
    let report = check_with(&sandbox, &configuration(&sandbox)).await;
    assert_eq!(codes(&report, State::CannotTell), BY_WRITING, "{}", trouble(&report));
    assert_eq!(codes(&report, State::Ok).len(), TOPICS.len() - BY_WRITING.len(), "{}", trouble(&report));
    assert_eq!(report.findings.len(), TOPICS.len(), "{}", trouble(&report));
    assert_eq!(report.exit().number(), 0);
    let url = format!("{}/counts", sandbox.info().control.base_url);
    let counts = sandbox::net::request("GET", &url, &[], "", Duration::from_secs(5)).await.unwrap();
    let counts: serde_json::Value = serde_json::from_str(&counts.body).unwrap();
    assert_eq!((&counts["halo"]["writes"], &counts["hit"]["writes"]), (&0.into(), &0.into()));
    // Not much more than a minute's worth of the cautious default rate.
    assert!(counts["halo"]["requests"].as_u64().unwrap() <= 80, "{counts}");
    assert!(
        report.findings.iter().all(|finding| !finding.evidence.is_empty()),
        "every finding says what it saw"
    );
}

/// Whether a code needs another, however far back.
pub(super) fn hangs_on(code: &str, other: &str) -> bool {
    halo_hit::check::topic(code)
        .is_some_and(|topic| topic.needs.iter().any(|need| *need == other || hangs_on(need, other)))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_missing_team_is_proven_by_an_empty_list() {
    let sandbox = start(Options { breaks: vec![Code::AgentNotInTeam], ..Options::default() }).await;
    let report = check_with(&sandbox, &configuration(&sandbox)).await;
    let evidence = &report.get("agent_not_in_team").unwrap().evidence;
    assert_eq!(evidence[0], "GET /Agent/me: HumanizeITAPI, teams: Service Desk, Sales");
    assert!(evidence.contains(&"Project tickets belong to the team Projects".to_owned()), "{evidence:?}");
    let empty = "GET /Projects?requesttype_id=31 (Project): 0 tickets, and no error".to_owned();
    assert!(evidence.contains(&empty), "{evidence:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_of_the_settings_names_the_key_and_the_choices() {
    let sandbox = start(Options { breaks: vec![Code::StatusNotOfType], ..Options::default() }).await;
    let report = check_with(&sandbox, &configuration(&sandbox)).await;
    let evidence = report.get("status_not_of_type").unwrap().evidence.join("\n");
    assert!(
        evidence.contains("status_map.31.to_halo.st_work_in_progress: Status Work in Progress"),
        "{evidence}"
    );
    assert!(evidence.contains("statuses of Project: 30 Planning, 31 Ready to Start, 33"), "{evidence}");
}
