//! `check --probe-writes` and `check --role`.

use halo_hit::check::{self, Report, State};
use sandbox::world::Key;
use sandbox::{Options, Sandbox};
use serde_json::{Value, json};

use super::{codes, configuration, control, forget, inputs, made, start, trouble};

async fn probed(sandbox: &Sandbox) -> Report {
    check::run_with_writes(&inputs(sandbox, &configuration(sandbox)), true).await.0
}

async fn counts(sandbox: &Sandbox) -> Value {
    control(sandbox, "GET", "/counts", "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_proves_what_reading_cannot_and_uses_its_ticket_again() {
    let sandbox = start(Options::default()).await;
    let report = probed(&sandbox).await;
    assert_eq!(codes(&report, State::Fails), [] as [&str; 0], "{}", trouble(&report));
    assert_eq!(codes(&report, State::CannotTell), [] as [&str; 0], "{}", trouble(&report));
    let first = made(&sandbox);
    assert_eq!(first.len(), 1);
    let ticket = &first[0];
    assert_eq!((&ticket["showforusers"], &ticket["status_id"]), (&json!(false), &json!(30)), "{ticket:?}");
    assert_eq!(ticket["client_reference"], "HS-PROBE");
    let after = counts(&sandbox).await;
    assert_eq!((&after["customer_emails"], &after["halo"]["deletes"]), (&json!(0), &json!(0)), "{after}");
    assert_eq!((&after["halo"]["creates"], &after["halo"]["duplicates"]), (&json!(1), &json!(0)), "{after}");
    assert_eq!(after["hit"]["writes"], 0);

    let report = probed(&sandbox).await;
    assert_eq!(codes(&report, State::CannotTell), [] as [&str; 0], "{}", trouble(&report));
    assert_eq!(made(&sandbox).len(), 1);
    let after = counts(&sandbox).await;
    assert_eq!((&after["customer_emails"], &after["halo"]["creates"]), (&json!(0), &json!(1)), "{after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_without_a_place_for_it() {
    let sandbox = start(Options::default()).await;
    let inputs = inputs(&sandbox, &configuration(&sandbox));
    let (_, would) = check::run_with_writes(&inputs, false).await;
    assert!(would.unwrap().contains("Project (31) ticket at the validation client"));
    let global = configuration(&sandbox).replace("validation_clients = [\"cl_1\"]", "global = true");
    let (report, would) = check::run_with_writes(&super::inputs(&sandbox, &global), true).await;
    assert!(would.is_err());
    assert_eq!(report.get("marker_not_found").unwrap().state, State::CannotTell);
    assert_eq!(counts(&sandbox).await["halo"]["writes"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_that_is_printed_is_enough_and_nothing_is_to_spare() {
    let sandbox = start(Options::default()).await;
    let inputs = inputs(&sandbox, &configuration(&sandbox));
    let role = serde_json::to_value(check::role(&inputs).await).unwrap();
    assert_eq!(role["teams"], json!(["Sales", "Projects"]));
    assert_eq!(role["scopes"], json!(["all:standard"]));
    control(&sandbox, "PUT", "/role", &role.to_string()).await;
    let report = probed(&sandbox).await;
    let wrong: Vec<_> = report.findings.iter().filter(|finding| finding.state != State::Ok).collect();
    assert!(wrong.is_empty(), "{}", trouble(&report));
    // Each right is needed: without it something fails. Here either of the rights to tickets and projects opens both.
    let rights = role["rights"].as_array().unwrap();
    let names: Vec<&str> = rights.iter().map(|right| right["right"].as_str().unwrap()).collect();
    let alone = names.iter().filter(|name| !["tickets", "projects"].contains(name)).map(|name| vec![*name]);
    for without in alone.chain([vec!["tickets", "projects"]]) {
        let mut less = role.clone();
        let kept = rights.iter().filter(|right| !without.contains(&right["right"].as_str().unwrap()));
        less["rights"] = kept.cloned().collect();
        control(&sandbox, "PUT", "/role", &less.to_string()).await;
        let report = probed(&sandbox).await;
        let right = rights.iter().find(|right| right["right"] == without[0]).unwrap();
        let code = right["finding"].as_str().unwrap();
        assert!(codes(&report, State::Fails).contains(&code), "{without:?}\n{}", trouble(&report));
        forget(&sandbox);
    }
}

/// Areas that no setting needs, and the list of Halo's that each opens.
const AREAS: [(&str, &str); 11] = [
    ("users", "users"),
    ("assets", "asset"),
    ("items", "item"),
    ("invoices", "invoice"),
    ("contracts", "clientcontract"),
    ("suppliers", "supplier"),
    ("quotes", "quotation"),
    ("timesheets", "timesheetevent"),
    ("calendar", "appointment"),
    ("reports", "report"),
    ("kb", "kbarticle"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_area_beyond_the_role_is_an_excess_of_its_own() {
    let sandbox = start(Options::default()).await;
    let inputs = inputs(&sandbox, &configuration(&sandbox));
    let role = serde_json::to_value(check::role(&inputs).await).unwrap();
    for (right, root) in AREAS {
        // An area without a row shows nothing.
        sandbox.world().lock().halo.root_mut(root).put(
            sandbox::world::Key::Int(990_001),
            json!({"id": 990_001, "client_id": 12, "name": "One row"}).as_object().unwrap().clone(),
        );
        let mut more = role.clone();
        more["rights"].as_array_mut().unwrap().push(json!({"right": right, "level": "read_only"}));
        control(&sandbox, "PUT", "/role", &more.to_string()).await;
        let report = check::run(&inputs).await;
        assert_eq!(codes(&report, State::Warning), ["excess_right"], "{right}: {}", trouble(&report));
        assert_eq!(codes(&report, State::Fails), [] as [&str; 0], "{right}: {}", trouble(&report));
        let label =
            &role["not_set"].as_array().unwrap().iter().find(|row| row["right"] == right).unwrap()["label"];
        let open = format!("so {} is open", label.as_str().unwrap());
        let evidence = &report.get("excess_right").unwrap().evidence;
        assert!(evidence.len() == 1 && evidence[0].contains(&open), "{right}: {evidence:?}");
    }
    let areas = role["not_set"].as_array().unwrap().iter().filter(|row| {
        let switches = ["delete", "edit", "assign", "administrator", "reassign", "change"];
        !switches.iter().any(|switch| row["right"].as_str().unwrap().starts_with(switch))
    });
    assert_eq!(areas.count(), AREAS.len(), "every area of the role is tried: {role}");
}

/// What the integration may do in Halo now: rights, types that it may create, teams, departments and scopes.
fn held(sandbox: &Sandbox) -> [Vec<String>; 5] {
    let world = sandbox.world().lock();
    let texts = |row: &sandbox::world::Row, list: &str, name: &dyn Fn(&Value) -> Option<String>| {
        let mut all: Vec<String> = row[list].as_array().unwrap().iter().filter_map(name).collect();
        all.sort();
        all
    };
    let field = |field: &'static str| move |value: &Value| value[field].as_str().map(str::to_owned);
    let agent = world.halo.row("agent", world.halo.api_agent_id).unwrap();
    let id = Key::of(&agent["roles"][0]["id"]).unwrap();
    let role = world.halo.root("roles").unwrap().get(&id).unwrap();
    let application = world.halo.root("application").unwrap().iter().map(|(_, row)| row);
    let application =
        application.into_iter().find(|row| row["clientId"] == world.halo.integration_client_id).unwrap();
    let claim = |value: &Value| {
        Some(format!("{} {}", value["type"].as_str().unwrap(), value["value"].as_str().unwrap()))
    };
    let kind = |value: &Value| (value["cancreate"] == true).then(|| value["tickettype_id"].to_string());
    [
        texts(role, "claims", &claim),
        texts(role, "tickettypes", &kind),
        texts(agent, "teams", &field("team_name")),
        texts(agent, "departments", &field("department_name")),
        texts(application, "scopes", &field("name")),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_role_is_the_guides_and_only_choices_make_it_less() {
    let sandbox = start(Options::default()).await;
    let first = held(&sandbox);
    let role = check::role(&inputs(&sandbox, &configuration(&sandbox))).await;
    control(&sandbox, "PUT", "/role", &serde_json::to_string(&role).unwrap()).await;
    let least = held(&sandbox);
    assert_eq!(first[0], least[0], "the rights are those that are printed");
    let more = |part: usize| {
        let more = first[part].iter().filter(|held| !least[part].contains(held));
        more.map(String::as_str).collect::<Vec<_>>()
    };
    // A type that is not followed; the guide's Support; a scope that only webhooks need.
    assert_eq!(
        [more(1), more(2), more(3), more(4)],
        [vec!["33"], vec!["Service Desk"], vec!["Support"], vec!["admin:webhooks"]]
    );
    for part in 1..5 {
        assert!(least[part].iter().all(|held| first[part].contains(held)), "{least:?}");
    }
}
