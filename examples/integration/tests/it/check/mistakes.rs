use halo_hit::check::{Report, State};
use sandbox::{Options, Sandbox};

use super::{check, check_with, codes, configuration, start, trouble};

/// The configuration with the value of a key replaced.
pub(super) fn with(configuration: &str, key: &str, value: &str) -> String {
    let line = configuration.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
    configuration.replacen(line, &format!("{key} = {value}"), 1)
}

async fn fails(sandbox: &Sandbox, configuration: &str, code: &str, exit: u8) -> Report {
    let report = check_with(sandbox, configuration).await;
    assert_eq!(codes(&report, State::Fails), [code], "{}", trouble(&report));
    assert_eq!(report.exit().number(), exit);
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses() {
    let sandbox = start(Options::default()).await;
    let right = configuration(&sandbox);
    let info = sandbox.info();
    let origin = info.halo.resource_server.trim_end_matches("/api");
    for wrong in ["", "/api/v2", "/api/api", "/auth"] {
        let typed = with(&right, "resource_server", &format!("\"{origin}{wrong}\""));
        let report = fails(&sandbox, &typed, "resource_server_misplaced_api", 11).await;
        // The other address is judged all the same.
        assert_eq!(report.get("authorisation_server_missing_auth").unwrap().state, State::Ok);
    }
    for wrong in ["", "/api", "/auth/token", "/api/auth"] {
        let typed = with(&right, "authorisation_server", &format!("\"{origin}{wrong}\""));
        fails(&sandbox, &typed, "authorisation_server_missing_auth", 11).await;
    }
    for slash in ["/api/", "/api//"] {
        let typed = with(&right, "resource_server", &format!("\"{origin}{slash}\""));
        let report = check_with(&sandbox, &typed).await;
        assert_eq!(codes(&report, State::Fails), [] as [&str; 0], "{}", trouble(&report));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers() {
    let sandbox = start(Options::default()).await;
    let right = configuration(&sandbox);
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let typed = with(&right, "resource_server", &format!("\"http://{free}/api\""));
    let report = fails(&sandbox, &typed, "resource_server_unreachable", 11).await;
    assert_eq!(report.get("status_not_of_type").unwrap().state, State::CannotTell);
    let typed = with(&right, "authorisation_server", &format!("\"http://{free}/auth\""));
    let report = fails(&sandbox, &typed, "authorisation_server_unreachable", 11).await;
    let evidence = report.get("authorisation_server_unreachable").unwrap().evidence.join("\n");
    assert!(evidence.contains(&sandbox.info().halo.authorisation_server), "{evidence}");
    let typed = with(&right, "base_url", &format!("\"http://{free}/v1\""));
    let report = fails(&sandbox, &typed, "hit_unreachable", 11).await;
    assert_eq!(report.get("agent_not_in_team").unwrap().state, State::Ok, "{}", trouble(&report));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_product_answers() {
    let sandbox = start(Options::default()).await;
    let right = configuration(&sandbox);
    let hit = &sandbox.info().hit.base_url;
    let origin = hit.split('/').take(3).collect::<Vec<_>>().join("/");
    let typed = with(&right, "resource_server", &format!("\"{origin}/api\""));
    fails(&sandbox, &typed, "resource_server_unreachable", 11).await;
    let typed = with(&right, "authorisation_server", &format!("\"{origin}/auth\""));
    fails(&sandbox, &typed, "authorisation_server_unreachable", 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_and_credentials() {
    let sandbox = start(Options::default()).await;
    let right = configuration(&sandbox);
    let info = sandbox.info();
    let report = fails(&sandbox, &with(&right, "tenant", "\"somebody-else\""), "tenant_unknown", 11).await;
    let found = report.get("tenant_unknown").unwrap();
    assert!(found.fix.starts_with(&format!("set halo.tenant = {:?}", info.halo.tenant)), "{}", found.fix);

    let id = "\"00000000-0000-0000-0000-000000000000\"";
    let report = fails(&sandbox, &with(&right, "client_id", id), "credentials_refused", 10).await;
    assert!(report.get("credentials_refused").unwrap().fix.contains("may have changed"));

    let report = check(&right, "a wrong secret", &info.hit.api_key).await;
    assert_eq!(codes(&report, State::Fails), ["credentials_refused"]);
    assert!(!serde_json::to_string(&report).unwrap().contains("a wrong secret"));
    let report = check(&right, &info.halo_integration.client_secret, "a wrong key").await;
    assert_eq!(codes(&report, State::Fails), ["hit_credentials_refused"]);
    assert_eq!(report.exit().number(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes() {
    let sandbox = start(Options::default()).await;
    let right = configuration(&sandbox);
    let narrow = right.replacen("[hit]", "scopes = [\"read:tickets\"]\n\n[hit]", 1);
    let narrow = narrow.replacen("\n\nscopes", "\nscopes", 1);
    let report = check_with(&sandbox, &narrow).await;
    let found = report.get("scope_missing").unwrap();
    assert_eq!(found.state, State::Fails, "{}", trouble(&report));
    assert!(
        found
            .evidence
            .iter()
            .any(|line| line.contains("edit:tickets edit:projects edit:sales read:customers"))
    );

    let wide = right.replacen("[hit]", "scopes = [\"all:standard\", \"edit:chairs\"]\n\n[hit]", 1);
    let report = fails(&sandbox, &wide, "scope_missing", 10).await;
    let evidence = report.get("scope_missing").unwrap().evidence.join("\n");
    assert!(evidence.contains("granted: all:standard"), "{evidence}");
    assert!(evidence.contains("refused: edit:chairs"), "{evidence}");
    assert_eq!(report.get("agent_inactive").unwrap().state, State::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_fit_nothing() {
    let sandbox = start(Options::default()).await;
    let right = configuration(&sandbox);
    let unknown = right.replace("create_type = 31", "create_type = 99");
    let report = fails(&sandbox, &unknown, "ticket_type_missing", 12).await;
    let evidence = report.get("ticket_type_missing").unwrap().evidence.join("\n");
    assert!(evidence.contains("project_settings.project.create_type: Ticket type 99"), "{evidence}");
    assert!(evidence.contains("31 Project, 32 Onboarding Project"), "{evidence}");

    let service = right.replace("followed_types = [32]", "followed_types = [34]");
    let report = check_with(&sandbox, &service).await;
    assert_eq!(codes(&report, State::Fails), ["ticket_type_wrong_use"], "{}", trouble(&report));

    let euro = with(&right, "currency", "\"EUR\"");
    fails(&sandbox, &euro, "currency_unequal", 12).await;
    let person = right.replace("default_agent = 9", "default_agent = 4");
    fails(&sandbox, &person, "assignee_not_of_type", 12).await;
    let demanding =
        right.replace("create_type = 31\nfollowed_types = [32]", "create_type = 32\nfollowed_types = [31]");
    fails(&sandbox, &demanding, "mandatory_field_without_constant", 12).await;
    let stranger = right.replace("[\"cl_1\"]", "[\"cl_1\", \"cl_9001\"]");
    fails(&sandbox, &stranger, "client_unmatched", 3).await;
    let nobody = right.replace("[\"cl_1\"]", "[]");
    let report = check_with(&sandbox, &nobody).await;
    assert_eq!(codes(&report, State::Warning), ["client_unmatched"]);
    assert_eq!(report.exit().number(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn maps_and_actions_that_fit_nothing() {
    let sandbox = start(Options::default()).await;
    let right = configuration(&sandbox);
    // No map for a type that is followed.
    let (without, _) = right.split_once("[status_map.32.to_halo]").unwrap();
    let report = check_with(&sandbox, without).await;
    assert_eq!(codes(&report, State::Warning), ["status_map_missing"], "{}", trouble(&report));
    let action = right.replacen("st_approved = 30", "st_approved = { status = 30, action = 9001 }", 1);
    let report = fails(&sandbox, &action, "outcome_not_of_type", 12).await;
    let evidence = report.get("outcome_not_of_type").unwrap().evidence.join("\n");
    assert!(evidence.contains("9001"), "{evidence}");
    // Several statuses that become one are normal: told, and no failure.
    let lossy = right.replacen("21 = \"st_qualified\"", "21 = \"st_qualified\"\n22 = \"st_qualified\"", 1);
    let report = check_with(&sandbox, &lossy).await;
    assert_eq!(codes(&report, State::Warning), ["status_lossy"], "{}", trouble(&report));
    assert_eq!(report.exit().number(), 0);
}

/// What only matters with settings that the default leaves off: unknown then, since reading does not show it.
#[tokio::test(flavor = "multi_thread")]
async fn what_other_settings_need_is_asked_for_only_with_them() {
    let sandbox = start(Options::default()).await;
    let right = configuration(&sandbox);
    for (code, settings) in [
        ("reassign_right_missing", "\n[sync.project]\nresponsible = \"both\"\n"),
        ("change_type_right_missing", "\n[sync.promotion]\nmode = \"convert\"\n"),
    ] {
        let report = check_with(&sandbox, &right).await;
        assert_eq!(report.get(code).unwrap().state, State::Ok, "{code}");
        let report = check_with(&sandbox, &(right.clone() + settings)).await;
        assert_eq!(report.get(code).unwrap().state, State::CannotTell, "{code}: {}", trouble(&report));
        assert_eq!(codes(&report, State::Fails), [] as [&str; 0], "{}", trouble(&report));
    }
    // A status that closes the ticket: whether Halo mails then stands on a screen only.
    let closing =
        right.replacen("st_work_in_progress = 32", "st_work_in_progress = 32\nst_parked = CLOSED", 1);
    let report = check_with(&sandbox, &closing.replace("CLOSED", "35")).await;
    assert_eq!(report.get("closure_mail").unwrap().state, State::CannotTell, "{}", trouble(&report));
}
