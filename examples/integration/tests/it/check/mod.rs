//! The check against a sandbox that is whole, and against one that is broken in each way that has a code.

mod breakage;
mod combined;
mod guide;
mod look;
mod mistakes;
mod probe;
mod program;
mod shown;
mod webhooks;

use std::path::Path;
use std::time::Duration;

use halo_hit::check::{self, Inputs, Report, State};
use halo_hit::config::Config;
use halo_hit::secrets::Sources;
use sandbox::world::SeedOptions;
use sandbox::{Options, Sandbox};

/// A small world without a rate limit.
async fn start(options: Options) -> Sandbox {
    let seed =
        SeedOptions { clients: 24, tickets: 160, items: 60, rate_limit: None, ..SeedOptions::default() };
    Sandbox::start(Options { seed, ..options }).await.unwrap()
}

/// The configuration of a validation sync with one client, right in every way.
fn configuration(sandbox: &Sandbox) -> String {
    let info = sandbox.info();
    format!(
        r#"format = 1

[halo]
resource_server = "{}"
authorisation_server = "{}"
tenant = "{}"
client_id = "{}"
time_zone = "America/Chicago"
currency = "USD"
rate_limit = "1000/1"

[hit]
base_url = "{}"
currency = "USD"
rate_limit = "1000/1"

[timing]
request_timeout = "2s"

[scope]
validation_clients = ["cl_1"]

[project_settings.opportunity]
create_type = 21
followed_types = [22]
default_agent = 7

[project_settings.project]
create_type = 31
followed_types = [32]
default_agent = 9

[sync.create]
st_recommended = "nothing"
st_qualified = "opportunity"
st_approved = "project"
st_work_in_progress = "project"
st_awaiting_board = "nothing"
st_parked = "nothing"

[status_map.21.to_halo]
st_qualified = 21
[status_map.21.to_hit]
20 = "st_recommended"
21 = "st_qualified"
[status_map.22.to_halo]
st_qualified = 20
[status_map.22.to_hit]
20 = "st_qualified"
[status_map.31.to_halo]
st_approved = 30
st_work_in_progress = 32
[status_map.31.to_hit]
30 = "st_approved"
32 = "st_work_in_progress"
[status_map.32.to_halo]
st_approved = 30
st_work_in_progress = 32
[status_map.32.to_hit]
30 = "st_approved"
32 = "st_work_in_progress"
"#,
        info.halo.resource_server,
        info.halo.authorisation_server,
        info.halo.tenant,
        info.halo_integration.client_id,
        info.hit.base_url,
    )
}

/// Runs the check as the command does.
async fn check(configuration: &str, halo: &str, hit: &str) -> Report {
    let config = Config::parse(Path::new("halo-hit.toml"), configuration).unwrap();
    let secrets =
        Sources::default().with("HALO_HIT_HALO_SECRET", halo).with("HALO_HIT_HIT_KEY", hit).read().unwrap();
    let settings = config.settings.clone();
    check::run(&Inputs::new(&config, &secrets, settings)).await
}

/// What a check works with, with the right secrets.
fn inputs(sandbox: &Sandbox, configuration: &str) -> Inputs {
    let info = sandbox.info();
    let config = Config::parse(Path::new("halo-hit.toml"), configuration).unwrap();
    let secrets = Sources::default()
        .with("HALO_HIT_HALO_SECRET", &info.halo_integration.client_secret)
        .with("HALO_HIT_HIT_KEY", &info.hit.api_key)
        .read()
        .unwrap();
    let settings = config.settings.clone();
    let mut inputs = Inputs::new(&config, &secrets, settings);
    inputs.patience = Duration::from_millis(20);
    inputs
}

/// Asks the control port.
async fn control(sandbox: &Sandbox, method: &str, path: &str, body: &str) -> serde_json::Value {
    let url = format!("{}{path}", sandbox.info().control.base_url);
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let answer = sandbox::net::request(method, &url, &headers, body, Duration::from_secs(5)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// Runs the check with the right secrets.
async fn check_with(sandbox: &Sandbox, configuration: &str) -> Report {
    let info = sandbox.info();
    let report = check(configuration, &info.halo_integration.client_secret, &info.hit.api_key).await;
    let text = serde_json::to_string(&report).unwrap() + &report.markdown();
    for secret in [&info.halo_integration.client_secret, &info.hit.api_key] {
        assert!(!text.contains(secret.as_str()), "a secret is in the report");
    }
    report
}

/// Makes exactly these codes wrong, through the control port.
async fn set_broken(sandbox: &Sandbox, codes: &[&str]) {
    let url = format!("{}/break", sandbox.info().control.base_url);
    let body = serde_json::json!({ "codes": codes }).to_string();
    let headers = [("content-type".to_owned(), "application/json".to_owned())];
    let answer = sandbox::net::request("PUT", &url, &headers, &body, Duration::from_secs(5)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// The probe tickets that were made since the start.
fn made(sandbox: &Sandbox) -> Vec<sandbox::world::Row> {
    let world = sandbox.world().lock();
    let made = |row: &sandbox::world::Row| {
        row.get("summary").and_then(serde_json::Value::as_str)
            == Some("halo-hit: probe ticket, leave it open")
    };
    world.halo.tickets.iter().map(|(_, row)| row.clone()).filter(made).collect()
}

/// Somebody deletes the probe ticket, whose link outlives it.
fn forget(sandbox: &Sandbox) {
    let ids: Vec<i64> = made(sandbox).iter().filter_map(|row| row["id"].as_i64()).collect();
    let mut world = sandbox.world().lock();
    for id in ids {
        world.halo.tickets.remove(&sandbox::world::Key::Int(id));
    }
}

/// The codes in a state.
fn codes(report: &Report, state: State) -> Vec<&str> {
    report.in_state(state).collect()
}

/// What is not right, for messages.
fn trouble(report: &Report) -> String {
    let of = report.findings.iter().filter(|finding| finding.state != State::Ok);
    of.map(|finding| format!("{} {:?} {:?}\n", finding.code, finding.state, finding.evidence)).collect()
}
