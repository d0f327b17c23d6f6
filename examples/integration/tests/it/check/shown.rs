//! Every finding is shown failing, alone: by a fault of a system, or by a mistake of the configuration; or it stands
//! here why it is not. `GUIDE.md` has the same as a table for people.

use std::collections::BTreeSet;
use std::path::Path;

use halo_hit::check::{self, Report, State, TOPICS};
use halo_hit::config::Config;
use sandbox::Options;
use sandbox::breakage::Code;

use super::breakage::{BY_WRITING, hangs_on};
use super::mistakes::with;
use super::{check_with, codes, configuration, control, forget, inputs, made, set_broken, start, trouble};

/// A change of a configuration.
type Change = fn(&str) -> String;

fn as_it_is(configuration: &str) -> String {
    configuration.to_owned()
}

/// Faults of a system that matter with other settings only; reading shows them.
const WITH: [(Code, Change); 3] = [
    (Code::OutcomeNotOfType, |c| {
        let action = "st_work_in_progress = { status = 32, action = 60 }";
        c.replacen("st_approved = 30\nst_work_in_progress = 32", &format!("st_approved = 30\n{action}"), 1)
    }),
    (Code::TeamNotOfType, |c| c.replace("default_agent = 9", "default_agent = 10\nteam = 4")),
    (Code::EditClosedRightMissing, |c| format!("{c}\n[sync.closed]\nwrite = true\n")),
];

/// Faults of a system that only a write shows, and the settings with which they matter.
const WRITING: [(Code, Change); 6] = [
    (Code::EditOthersRightMissing, as_it_is),
    (Code::StatusRightMissing, as_it_is),
    (Code::MarkerNotFound, as_it_is),
    (Code::WriteNotKept, as_it_is),
    (Code::ReassignRightMissing, |c| format!("{c}\n[sync.project]\nresponsible = \"both\"\n")),
    (Code::ChangeTypeRightMissing, |c| format!("{c}\n[sync.promotion]\nmode = \"convert\"\n")),
];

/// Faults of a system that matter with webhooks only.
pub(super) const HOOKS: [Code; 4] =
    [Code::WebhookScopeMissing, Code::WebhookMissing, Code::WebhookInactive, Code::WebhookNotDelivering];

/// Mistakes of the configuration: the code, the finding that shows it, and what is typed.
const OURS: &[(&str, &str, Change)] = &[
    ("resource_server_misplaced_api", "", |c| c.replacen("/api\"", "\"", 1)),
    ("authorisation_server_missing_auth", "", |c| c.replacen("/auth\"", "\"", 1)),
    ("resource_server_unreachable", "", |c| with(c, "resource_server", "\"http://127.0.0.1:9/api\"")),
    ("authorisation_server_unreachable", "", |c| {
        with(c, "authorisation_server", "\"http://127.0.0.1:9/auth\"")
    }),
    ("tenant_unknown", "", |c| with(c, "tenant", "\"somebody-else\"")),
    ("credentials_refused", "", |c| with(c, "client_id", "\"00000000-0000-0000-0000-000000000000\"")),
    ("scope_missing", "", |c| {
        c.replacen("time_zone", "scopes = [\"all:standard\", \"edit:chairs\"]\ntime_zone", 1)
    }),
    ("hit_unreachable", "", |c| with(c, "base_url", "\"http://127.0.0.1:9/v1\"")),
    ("time_zone_unequal", "", |c| with(c, "time_zone", "\"Europe/Berlin\"")),
    ("currency_unequal", "", |c| with(c, "currency", "\"EUR\"")),
    ("ticket_type_missing", "", |c| c.replace("create_type = 31", "create_type = 99")),
    ("ticket_type_wrong_use", "", |c| c.replace("followed_types = [32]", "followed_types = [34]")),
    ("ticket_type_of_two_kinds", "ticket_type_wrong_use", |c| {
        c.replace("followed_types = [22]", "followed_types = [22, 32]")
    }),
    ("create_type_missing", "", |c| {
        c.replace("create_type = 31\nfollowed_types = [32]", "followed_types = [31, 32]")
    }),
    ("status_map_missing", "", |c| c.split_once("[status_map.32.to_halo]").unwrap().0.to_owned()),
    ("status_map_unused", "", |c| format!("{c}\n[status_map.33.to_halo]\nst_approved = 30\n")),
    ("status_not_of_type", "", |c| c.replacen("20 = \"st_recommended\"", "30 = \"st_recommended\"", 1)),
    ("status_missing", "status_not_of_type", |c| {
        c.replacen("20 = \"st_recommended\"", "999 = \"st_recommended\"", 1)
    }),
    ("status_lossy", "", |c| {
        c.replacen("21 = \"st_qualified\"", "21 = \"st_qualified\"\n22 = \"st_qualified\"", 1)
    }),
    ("status_round_trip", "status_lossy", |c| {
        c.replacen("21 = \"st_qualified\"", "21 = \"st_recommended\"", 1)
    }),
    ("outcome_not_of_type", "", |c| {
        c.replacen("st_approved = 30", "st_approved = { status = 30, action = 9001 }", 1)
    }),
    ("outcome_sets_other_status", "outcome_not_of_type", |c| {
        c.replacen("st_approved = 30", "st_approved = { status = 30, action = 60 }", 1)
    }),
    ("assignee_not_of_type", "", |c| c.replace("default_agent = 9", "default_agent = 4")),
    ("assignee_missing", "assignee_not_of_type", |c| c.replace("default_agent = 9", "default_agent = 9001")),
    ("assignee_api_only", "assignee_not_of_type", |c| c.replace("default_agent = 9", "default_agent = 14")),
    ("team_not_of_type", "", |c| c.replace("default_agent = 9", "default_agent = 9\nteam = 2")),
    ("team_missing", "team_not_of_type", |c| {
        c.replace("default_agent = 9", "default_agent = 9\nteam = 9001")
    }),
    ("mandatory_field_without_constant", "", |c| {
        let map = "\n[status_map.33.to_halo]\nst_approved = 30\nst_work_in_progress = 32\n";
        c.replace("create_type = 31\nfollowed_types = [32]", "create_type = 33\nfollowed_types = [31, 32]")
            + map
    }),
    ("hit_status_without_rule", "", |c| c.replace("st_parked = \"nothing\"\n", "")),
    ("hit_status_unmapped", "hit_status_without_rule", |c| {
        c.replace("st_parked = \"nothing\"", "st_parked = \"project\"")
    }),
    ("hit_status_missing", "", |c| {
        c.replace("st_parked = \"nothing\"", "st_parked = \"nothing\"\nst_gone = \"nothing\"")
    }),
    ("client_unmatched", "", |c| c.replace("[\"cl_1\"]", "[\"cl_1\", \"cl_9001\"]")),
    ("client_missing", "", |c| c.replace("[\"cl_1\"]", "[\"cl_1\", \"cl_none\"]")),
    ("client_vanished", "", |c| format!("{c}\n[project_settings.clients]\ncl_1 = 99999\n")),
    ("client_unassigned", "", |c| format!("{c}\n[project_settings.clients]\ncl_9001 = 1\n")),
    ("client_linked_twice", "", |c| format!("{c}\n[project_settings.clients]\ncl_9001 = 12\ncl_2 = 12\n")),
    ("form_not_allowed", "", |c| {
        format!("{c}\n[sync.project]\nstatus = {{ direction = \"both\", hit_form = \"upper\" }}\n")
    }),
    ("newest_not_allowed", "", |c| {
        format!("{c}\n[sync.project]\nstatus = {{ direction = \"both\", conflict = \"newest:60\" }}\n")
    }),
    ("limit_zero", "", |c| format!("{c}\n[limits]\ncreates = 0\n")),
];

/// Mistakes for which the file itself is refused, so that the check never meets them: the code, that of the refusal,
/// and what is typed.
const REFUSED: &[(&str, &str, Change)] = &[
    ("field_not_of_kind", "field_not_of_kind", |c| {
        format!("{c}\n[sync.opportunity]\nhours = \"on_create\"\n")
    }),
    ("import_without_date", "import_without_date", |c| format!("{c}\n[sync.import]\nenabled = true\n")),
    ("version_unknown", "format_newer", |c| c.replacen("format = 1", "format = 2", 1)),
    ("currency_missing", "currency_missing", |c| c.replacen("currency = \"USD\"\n", "", 1)),
    ("time_zone_missing", "time_zone_missing", |c| c.replacen("time_zone = \"America/Chicago\"\n", "", 1)),
];

/// What no test shows failing, and why.
pub(super) const NEVER: &[(&str, &str)] = &[
    (
        "closure_mail",
        "Halo says nowhere whether closing a ticket mails the customer: it is unknown where a map closes",
    ),
    (
        "constant_not_json",
        "the values of a TOML file are written as JSON by this program, so there is no other",
    ),
];

/// Shown failing by `sandbox --hit-capabilities`, for HumanizeIT's lack of something is no mistake of anybody's.
const CAPABILITY: &str = "capability_missing";

/// The findings that a fault of a system shows, and those that a mistake of the configuration shows.
pub(super) fn by_whom() -> (BTreeSet<&'static str>, BTreeSet<&'static str>) {
    let systems = Code::ALL.iter().map(|code| code.finding()).collect();
    let typed = OURS.iter().map(|(code, under, _)| if under.is_empty() { *code } else { *under });
    (systems, typed.chain([CAPABILITY]).collect())
}

/// Whatever is not right.
pub(super) fn wrong(report: &Report) -> Vec<&str> {
    let mut wrong = codes(report, State::Fails);
    wrong.extend(codes(report, State::Warning));
    wrong.sort_unstable();
    wrong
}

/// What is not as it must be where `code` alone is wrong; `known` is unknown anyway.
pub(super) fn alone(report: &Report, name: &str, code: &str, known: &[&str]) -> Vec<String> {
    let mut bad = Vec::new();
    if wrong(report) != [code] {
        bad.push(format!("{name} shows {:?}", wrong(report)));
    }
    match report.get(code) {
        Some(found) if found.evidence.is_empty() || found.consequence.is_empty() || found.fix.is_empty() => {
            bad.push(format!("{name} says too little: {found:?}"));
        }
        Some(found) if found.state == State::Fails && report.exit() != found.class() => {
            bad.push(format!("{name} ends with {:?}", report.exit()));
        }
        _ => {}
    }
    for unknown in codes(report, State::CannotTell) {
        if !known.contains(&unknown) && !hangs_on(unknown, code) {
            bad.push(format!("{name}: {unknown} is unknown and does not hang on it"));
        }
    }
    if !bad.is_empty() {
        bad.push(trouble(report));
    }
    bad
}

/// The codes that the validation of the settings knows, from its own source.
fn of_settings() -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sync-core/src/settings/validate.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let calls = source.split("self.error(").skip(1).chain(source.split("self.warning(").skip(1));
    calls.map(|rest| rest.split('"').nth(1).unwrap().to_owned()).collect()
}

#[test]
fn every_finding_is_shown_failing_or_says_why_not() {
    let by_systems = Code::ALL.iter().map(|code| code.finding());
    let by_typing = OURS.iter().map(|(code, ..)| *code).chain(REFUSED.iter().map(|(code, ..)| *code));
    let shown: BTreeSet<&str> = by_systems.chain(by_typing).chain([CAPABILITY]).collect();
    let never: BTreeSet<&str> = NEVER.iter().map(|(code, _)| *code).collect();
    let settings = of_settings();
    assert!(settings.len() > 25 && settings.contains("status_not_of_type"), "{settings:?}");
    let all: BTreeSet<&str> =
        TOPICS.iter().map(|topic| topic.code).chain(settings.iter().map(String::as_str)).collect();
    for code in &all {
        assert!(
            shown.contains(code) != never.contains(code),
            "{code} must be shown failing, or say why it is not, and not both"
        );
    }
    for code in shown.union(&never) {
        assert!(all.contains(code), "there is no finding {code}");
    }
}

/// Faults of a system that reading shows with any settings.
fn by_reading() -> Vec<Code> {
    let elsewhere = |code: &Code| {
        code.only_at_start()
            || HOOKS.contains(code)
            || WITH.iter().any(|(other, _)| other == code)
            || WRITING.iter().any(|(other, _)| other == code)
    };
    Code::ALL.iter().copied().filter(|code| !elsewhere(code)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_fault_of_a_system_is_found_and_nothing_else() {
    let all = by_reading();
    let part = |part: usize| all.iter().copied().skip(part).step_by(3).collect::<Vec<_>>();
    let one = |faults: Vec<Code>| async move {
        let sandbox = start(Options::default()).await;
        let healthy = configuration(&sandbox);
        let mut bad = Vec::new();
        for code in faults {
            set_broken(&sandbox, &[code.name()]).await;
            let report = check_with(&sandbox, &healthy).await;
            bad.extend(alone(&report, code.name(), code.finding(), &BY_WRITING));
        }
        assert!(bad.is_empty(), "{}", bad.join("\n"));
        set_broken(&sandbox, &[]).await;
        let report = check_with(&sandbox, &healthy).await;
        assert_eq!(wrong(&report), [] as [&str; 0], "{}", trouble(&report));
        assert_eq!(codes(&report, State::CannotTell), BY_WRITING, "{}", trouble(&report));
    };
    tokio::join!(one(part(0)), one(part(1)), one(part(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_of_the_first_line_is_found_and_nothing_else() {
    for code in Code::ALL.iter().copied().filter(|code| code.only_at_start()) {
        let sandbox = start(Options { breaks: vec![code], ..Options::default() }).await;
        let report = check_with(&sandbox, &configuration(&sandbox)).await;
        let bad = alone(&report, code.name(), code.finding(), &BY_WRITING);
        assert!(bad.is_empty(), "{}", bad.join("\n"));
        assert_eq!(report.exit().number(), 11);
        let found = report.get(code.name()).unwrap();
        if code.name().ends_with("unreachable") {
            continue;
        }
        let end = if code == Code::ResourceServerMisplacedApi { "/api" } else { "/auth" };
        assert!(found.fix.starts_with("write http://127.0.0.1:") && found.fix.contains(end), "{}", found.fix);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_that_matters_with_other_settings_is_found_with_them_alone() {
    for (code, change) in WITH {
        let sandbox = start(Options::default()).await;
        let (plain, wanting) = (configuration(&sandbox), change(&configuration(&sandbox)));
        assert_ne!(plain, wanting, "{}", code.name());
        // The role that these settings need, and nothing more.
        let role = serde_json::to_string(&check::role(&inputs(&sandbox, &wanting)).await).unwrap();
        control(&sandbox, "PUT", "/role", &role).await;
        let report = check_with(&sandbox, &wanting).await;
        assert_eq!(wrong(&report), [] as [&str; 0], "{}: {}", code.name(), trouble(&report));
        assert_eq!(codes(&report, State::CannotTell), BY_WRITING, "{}: {}", code.name(), trouble(&report));
        set_broken(&sandbox, &[code.name()]).await;
        let bad = alone(&check_with(&sandbox, &wanting).await, code.name(), code.finding(), &BY_WRITING);
        assert!(bad.is_empty(), "{}", bad.join("\n"));
        // The one team that may have projects now is not that of the other settings' default agent either.
        let also: &[&str] = if code == Code::TeamNotOfType { &["assignee_not_of_type"] } else { &[] };
        let report = check_with(&sandbox, &plain).await;
        assert_eq!(wrong(&report), also, "{}: {}", code.name(), trouble(&report));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_that_only_a_write_shows_is_shown_by_it() {
    for (code, change) in WRITING.into_iter().chain([(Code::AddTicketsRightMissing, as_it_is as Change)]) {
        let name = code.name();
        let sandbox = start(Options::default()).await;
        let inputs = inputs(&sandbox, &change(&configuration(&sandbox)));
        let role = serde_json::to_string(&check::role(&inputs).await).unwrap();
        control(&sandbox, "PUT", "/role", &role).await;
        let (report, _) = check::run_with_writes(&inputs, true).await;
        let odd: Vec<_> = report.findings.iter().filter(|finding| finding.state != State::Ok).collect();
        assert!(odd.is_empty(), "{name}: {}", trouble(&report));
        forget(&sandbox);
        set_broken(&sandbox, &[name]).await;
        // Reading alone does not show it.
        if code != Code::AddTicketsRightMissing {
            let report = check::run(&inputs).await;
            assert_eq!(report.get(name).unwrap().state, State::CannotTell, "{name}: {}", trouble(&report));
            assert_eq!(wrong(&report), [] as [&str; 0], "{name}: {}", trouble(&report));
        }
        let (report, _) = check::run_with_writes(&inputs, true).await;
        // What comes after it on the probe ticket is not tried.
        let known: &[&str] = match code {
            Code::EditOthersRightMissing => &["status_right_missing", "write_not_kept"],
            Code::StatusRightMissing => &["write_not_kept"],
            Code::AddTicketsRightMissing => &BY_WRITING,
            _ => &[],
        };
        let bad = alone(&report, name, code.finding(), known);
        assert!(bad.is_empty(), "{}", bad.join("\n"));
        assert!(made(&sandbox).len() <= 1, "{name}");
        // Found by its name where the marker does not lead to it.
        if code == Code::MarkerNotFound {
            let (report, _) = check::run_with_writes(&inputs, true).await;
            assert_eq!(wrong(&report), [name], "{}", trouble(&report));
            assert_eq!(made(&sandbox).len(), 1);
        }
        assert_eq!(control(&sandbox, "GET", "/counts", "").await["customer_emails"], 0, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_mistake_of_the_configuration_is_found_and_nothing_else() {
    let part = |part: usize| OURS.iter().skip(part).step_by(3).collect::<Vec<_>>();
    let one = |rows: Vec<&'static (&'static str, &'static str, Change)>| async move {
        let sandbox = start(Options::default()).await;
        let healthy = configuration(&sandbox);
        let mut bad = Vec::new();
        for (code, under, change) in rows {
            let typed = change(&healthy);
            assert_ne!(typed, healthy, "{code}: nothing is changed");
            let shows = if under.is_empty() { code } else { under };
            bad.extend(alone(&check_with(&sandbox, &typed).await, code, shows, &BY_WRITING));
        }
        assert!(bad.is_empty(), "{}", bad.join("\n"));
    };
    tokio::join!(one(part(0)), one(part(1)), one(part(2)));
}

#[tokio::test]
async fn some_mistakes_are_refused_with_the_file() {
    let right = configuration(&start(Options::default()).await);
    Config::parse(Path::new("halo-hit.toml"), &right).unwrap();
    for (code, refusal, change) in REFUSED {
        let refused = Config::parse(Path::new("halo-hit.toml"), &change(&right)).unwrap_err();
        assert_eq!(refused.code(), *refusal, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_humanizeit_does_not_offer_is_named_where_it_is_asked_for() {
    let offered =
        ["start_date", "recurring_budget", "etag", "idempotency", "webhooks", "external_references"];
    let hit_capabilities = Some(offered.map(str::to_owned).to_vec());
    let sandbox = start(Options { hit_capabilities, ..Options::default() }).await;
    let plain = configuration(&sandbox);
    let report = check_with(&sandbox, &plain).await;
    assert_eq!(wrong(&report), [] as [&str; 0], "{}", trouble(&report));
    let asking = format!("{plain}\n[sync.project]\nhours = \"hit_to_halo\"\n");
    let report = check_with(&sandbox, &asking).await;
    assert_eq!(wrong(&report), [CAPABILITY], "{}", trouble(&report));
    assert_eq!(report.exit().number(), 0);
}
