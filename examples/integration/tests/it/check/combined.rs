use halo_hit::check::State;
use sandbox::Options;

use super::{check_with, codes, configuration, set_broken, start, trouble};

#[tokio::test(flavor = "multi_thread")]
async fn ten_faults_at_once_are_all_reported_in_order() {
    let sandbox = start(Options::default()).await;
    let configuration = configuration(&sandbox);
    set_broken(
        &sandbox,
        &[
            "client_stopped",
            "currency_unequal",
            "mandatory_field_without_constant",
            "time_zone_missing",
            "agent_not_in_team",
            "assignee_not_of_type",
            "hit_built_in_sync_on",
            "status_not_of_type",
            "agent_not_api_only",
        ],
    )
    .await;
    // The tenth is the configuration's own.
    let configuration = configuration.replace("create_type = 21", "create_type = 34");
    let report = check_with(&sandbox, &configuration).await;
    assert_eq!(
        codes(&report, State::Fails),
        [
            "hit_built_in_sync_on",
            "agent_not_api_only",
            "agent_not_in_team",
            "time_zone_missing",
            "currency_unequal",
            "ticket_type_wrong_use",
            "status_not_of_type",
            "assignee_not_of_type",
            "mandatory_field_without_constant",
            "client_stopped",
        ],
        "{}",
        trouble(&report)
    );
    assert_eq!(report.exit().number(), 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_faults_of_ten_kinds_are_all_reported_in_order() {
    let sandbox = start(Options::default()).await;
    set_broken(
        &sandbox,
        &[
            "clock_skewed",
            "client_missing",
            "status_mail",
            "acknowledgement_mail",
            "hit_status_without_rule",
            "time_zone_unequal",
            "ticket_type_right_missing",
            "membership_not_modify_all",
            "work_hours_not_full",
            "hit_connection_differs",
        ],
    )
    .await;
    let report = check_with(&sandbox, &configuration(&sandbox)).await;
    let wrong: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| matches!(finding.state, State::Fails | State::Warning))
        .map(|finding| &*finding.code)
        .collect();
    assert_eq!(
        wrong,
        [
            "hit_connection_differs",
            "work_hours_not_full",
            "membership_not_modify_all",
            "ticket_type_right_missing",
            "time_zone_unequal",
            "hit_status_without_rule",
            "acknowledgement_mail",
            "status_mail",
            "client_missing",
            "clock_skewed",
        ],
        "{}",
        trouble(&report)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_systems_are_asked_even_if_one_refuses() {
    let sandbox = start(Options::default()).await;
    set_broken(&sandbox, &["credentials_refused", "hit_credentials_refused"]).await;
    let report = check_with(&sandbox, &configuration(&sandbox)).await;
    assert_eq!(codes(&report, State::Fails), ["credentials_refused", "hit_credentials_refused"]);
    assert_eq!(report.exit().number(), 10);
    let unknown = report.get("status_not_of_type").unwrap();
    assert_eq!(unknown.evidence, ["not asked, because credentials_refused stands before it"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_clients_in_scope_make_no_noise_of_prospects() {
    let sandbox = start(Options::default()).await;
    let configuration = configuration(&sandbox).replace("validation_clients = [\"cl_1\"]", "global = true");
    let report = check_with(&sandbox, &configuration).await;
    assert_eq!(codes(&report, State::Fails), [] as [&str; 0], "{}", trouble(&report));
    let clients = report.get("client_unmatched").unwrap();
    assert_eq!(clients.state, State::Warning, "{}", trouble(&report));
    assert!(clients.evidence.iter().any(|line| line.contains("Prospect without a Halo client")));
}
