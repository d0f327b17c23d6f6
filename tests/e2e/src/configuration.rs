//! A configuration for the sandbox's world, with times as short as its faults allow.

use sandbox::options::Info;

/// The configuration of `info`, with these HumanizeIT clients as validation clients.
///
/// A request may take 300 ms; a write whose reply was lost is settled after as long again. Limits are out of the way: those have
/// tests of their own.
#[must_use]
pub fn configuration(info: &Info, clients: &[String]) -> String {
    let quoted: Vec<String> = clients.iter().map(|client| format!("{client:?}")).collect();
    format!(
        r#"format = 1
[storage]
database = "halo-hit.db"
[halo]
resource_server = "{resource}"
authorisation_server = "{authorisation}"
tenant = "{tenant}"
client_id = "{client_id}"
time_zone = "America/Chicago"
currency = "USD"
rate_limit = "5000/1"
concurrency = 2
[hit]
base_url = "{hit}"
currency = "USD"
rate_limit = "5000/1"
concurrency = 2
built_in_sync_is_off = true
[timing]
request_timeout = "300ms"
deadline = "4s"
settle = "300ms"
promotion_wait = "300ms"
overlap = "500ms"
[scope]
validation_clients = [{clients}]
{SETTINGS}"#,
        resource = info.halo.resource_server,
        authorisation = info.halo.authorisation_server,
        tenant = info.halo.tenant,
        client_id = info.halo_integration.client_id,
        hit = info.hit.base_url,
        clients = quoted.join(", "),
    )
}

/// What does not depend on where the sandbox is: types and statuses are the same in every world.
const SETTINGS: &str = r#"[project_settings.opportunity]
create_type = 21
team = 3
[project_settings.project]
create_type = 31
team = 4
[sync.create]
"st_recommended" = "nothing"
"st_qualified" = "opportunity"
"st_approved" = "project"
"st_work_in_progress" = "project"
"st_awaiting_board" = "nothing"
[status_map.21.to_halo]
"st_recommended" = 20
"st_qualified" = 21
"st_approved" = "ignore"
"st_work_in_progress" = "ignore"
"st_awaiting_board" = "ignore"
[status_map.21.to_hit]
20 = "st_recommended"
21 = "st_qualified"
22 = "st_qualified"
23 = "st_qualified"
24 = "st_approved"
25 = "ignore"
[status_map.31.to_halo]
"st_recommended" = "ignore"
"st_qualified" = "ignore"
"st_approved" = 30
"st_work_in_progress" = 32
"st_awaiting_board" = "ignore"
[status_map.31.to_hit]
30 = "st_approved"
31 = "st_approved"
32 = "st_work_in_progress"
33 = "st_work_in_progress"
34 = "ignore"
35 = "ignore"
36 = "ignore"
[limits]
creates = 500
creates_per_client = 500
creates_validating = 500
updates = 500
promotions = 500
closes = 500
"#;
