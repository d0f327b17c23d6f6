use std::time::Duration;

use halo_hit::check::{State, TOPICS};
use sandbox::Options;
use sandbox::breakage::Code;

use super::{check_with, codes, configuration, set_broken, start, trouble};

/// What cannot be told any more once a code is broken, and nothing beyond that may change.
fn hidden_by(code: Code) -> &'static [&'static str] {
    const AFTER_TOKEN: [&str; 12] = [
        "discovery_disagrees",
        "halo_unreadable",
        "agent_not_api_only",
        "default_team_missing",
        "agent_not_in_team",
        "excess_right",
        "ticket_type_missing",
        "ticket_type_wrong_use",
        "status_not_of_type",
        "assignee_not_of_type",
        "mandatory_field_without_constant",
        "client_unmatched",
    ];
    match code {
        Code::TenantUnknown
        | Code::CredentialsRefused
        | Code::ApplicationInactive
        | Code::AgentInactive
        | Code::ScopeMissing => &AFTER_TOKEN,
        Code::TicketTypeMissing | Code::TicketTypeWrongUse => {
            &["status_not_of_type", "assignee_not_of_type", "mandatory_field_without_constant"]
        }
        Code::DefaultTeamMissing => &["assignee_not_of_type"],
        Code::HitCredentialsRefused => &[
            "hit_built_in_sync_on",
            "time_zone_missing",
            "currency_unequal",
            "client_unmatched",
            "client_stopped",
        ],
        _ => &[],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_setup_raises_no_alarm() {
    let sandbox = start(Options::default()).await;
    let report = check_with(&sandbox, &configuration(&sandbox)).await;
    assert_eq!(codes(&report, State::Ok).len(), TOPICS.len(), "{}", trouble(&report));
    assert_eq!(report.findings.len(), TOPICS.len(), "{}", trouble(&report));
    assert_eq!(report.exit().number(), 0);
    let url = format!("{}/counts", sandbox.info().control.base_url);
    let counts = sandbox::net::request("GET", &url, &[], "", Duration::from_secs(5)).await.unwrap();
    let counts: serde_json::Value = serde_json::from_str(&counts.body).unwrap();
    assert_eq!((&counts["halo"]["writes"], &counts["hit"]["writes"]), (&0.into(), &0.into()));
    // A minute's worth of the cautious default rate at the most.
    assert!(counts["halo"]["requests"].as_u64().unwrap() <= 60, "{counts}");
    assert!(
        report.findings.iter().all(|finding| !finding.evidence.is_empty()),
        "every finding says what it saw"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_found_and_nothing_else() {
    let sandbox = start(Options::default()).await;
    let configuration = configuration(&sandbox);
    for code in Code::ALL.into_iter().filter(|code| !code.only_at_start()) {
        set_broken(&sandbox, &[code.name()]).await;
        let report = check_with(&sandbox, &configuration).await;
        assert_eq!(codes(&report, State::Fails), [code.name()], "{}\n{}", code.name(), trouble(&report));
        assert_eq!(codes(&report, State::Warning), [] as [&str; 0], "{}\n{}", code.name(), trouble(&report));
        let found = report.get(code.name()).unwrap();
        assert!(!found.evidence.is_empty() && !found.consequence.is_empty() && !found.fix.is_empty());
        assert_eq!(report.exit(), found.class());
        let unknown = codes(&report, State::CannotTell);
        for hidden in hidden_by(code) {
            assert!(unknown.contains(hidden), "{}: {hidden}\n{}", code.name(), trouble(&report));
        }
        if hidden_by(code).is_empty() {
            assert_eq!(unknown, [] as [&str; 0], "{}\n{}", code.name(), trouble(&report));
        }
    }
    set_broken(&sandbox, &[]).await;
    let report = check_with(&sandbox, &configuration).await;
    assert_eq!(codes(&report, State::Ok).len(), TOPICS.len(), "{}", trouble(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_as_the_line_gives_them() {
    for (code, class) in [(Code::ResourceServerMisplacedApi, 11), (Code::AuthorisationServerMissingAuth, 11)]
    {
        let sandbox = start(Options { breaks: vec![code], ..Options::default() }).await;
        let report = check_with(&sandbox, &configuration(&sandbox)).await;
        assert_eq!(codes(&report, State::Fails), [code.name()], "{}", trouble(&report));
        assert_eq!(report.exit().number(), class);
        let found = report.get(code.name()).unwrap();
        let end = if code == Code::ResourceServerMisplacedApi { "/api" } else { "/auth" };
        assert!(found.fix.starts_with("write http://127.0.0.1:") && found.fix.contains(end), "{}", found.fix);
    }
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
