use std::time::Duration;

use halo_hit::check::{Report, State, TOPICS};
use sandbox::breakage::Code;
use sandbox::{Options, Sandbox};

use super::{check_with, codes, configuration, set_broken, start, trouble};

/// What only a write shows, on a sandbox that is whole.
pub(super) const BY_WRITING: [&str; 4] =
    ["edit_others_right_missing", "status_right_missing", "marker_not_found", "write_not_kept"];

/// Whether a code shows only with `--probe-writes`, or with webhooks.
fn shows_elsewhere(code: Code) -> bool {
    BY_WRITING.contains(&code.name()) || code.name().starts_with("webhook_")
}

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

/// One code alone: it is found, in the words of its topic, and whatever else changes hangs on it in the table. What is
/// not so, in words.
async fn found_alone(code: Code, healthy: &str, sandbox: &Sandbox) -> Vec<String> {
    set_broken(sandbox, &[code.name()]).await;
    let report = check_with(sandbox, healthy).await;
    let name = code.name();
    let mut wrong = codes(&report, State::Fails);
    wrong.extend(codes(&report, State::Warning));
    wrong.sort_unstable();
    let mut bad = Vec::new();
    if wrong != [name] {
        bad.push(format!("{name} shows {wrong:?}"));
    }
    let found = report.get(name).unwrap();
    if found.evidence.is_empty() || found.consequence.is_empty() || found.fix.is_empty() {
        bad.push(format!("{name} says too little: {found:?}"));
    }
    if found.state == State::Fails && wrong.len() == 1 && report.exit() != found.class() {
        bad.push(format!("{name} ends with {:?}", report.exit()));
    }
    for unknown in codes(&report, State::CannotTell) {
        if !BY_WRITING.contains(&unknown) && !hangs_on(unknown, name) {
            bad.push(format!("{name}: {unknown} is unknown and does not hang on it"));
        }
        assert!(!report.get(unknown).unwrap().evidence.is_empty());
    }
    if !bad.is_empty() {
        bad.push(trouble(&report));
    }
    bad
}

/// Whether a code needs another, however far back.
fn hangs_on(code: &str, other: &str) -> bool {
    halo_hit::check::topic(code)
        .is_some_and(|topic| topic.needs.iter().any(|need| *need == other || hangs_on(need, other)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_fault_is_found_and_nothing_else() {
    let all: Vec<Code> =
        Code::ALL.iter().copied().filter(|code| !code.only_at_start() && !shows_elsewhere(*code)).collect();
    let part = |part: usize| all.iter().copied().skip(part).step_by(3).collect::<Vec<_>>();
    let one = |codes: Vec<Code>| async move {
        let sandbox = start(Options::default()).await;
        let healthy = configuration(&sandbox);
        let mut bad = Vec::new();
        for code in codes {
            bad.extend(found_alone(code, &healthy, &sandbox).await);
        }
        assert!(bad.is_empty(), "{}", bad.join("\n"));
        set_broken(&sandbox, &[]).await;
        let report = check_with(&sandbox, &healthy).await;
        assert_eq!(codes_of(&report), BY_WRITING, "{}", trouble(&report));
    };
    tokio::join!(one(part(0)), one(part(1)), one(part(2)));
}

/// Everything that is not right.
fn codes_of(report: &Report) -> Vec<&str> {
    report
        .findings
        .iter()
        .filter(|finding| finding.state != State::Ok)
        .map(|finding| &*finding.code)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_as_the_line_gives_them() {
    for (code, class) in [
        (Code::ResourceServerMisplacedApi, 11),
        (Code::AuthorisationServerMissingAuth, 11),
        (Code::ResourceServerUnreachable, 11),
        (Code::AuthorisationServerUnreachable, 11),
        (Code::HitUnreachable, 11),
    ] {
        let sandbox = start(Options { breaks: vec![code], ..Options::default() }).await;
        let report = check_with(&sandbox, &configuration(&sandbox)).await;
        assert_eq!(codes(&report, State::Fails), [code.name()], "{}", trouble(&report));
        assert_eq!(report.exit().number(), class);
        let found = report.get(code.name()).unwrap();
        if code.name().ends_with("unreachable") {
            continue;
        }
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
