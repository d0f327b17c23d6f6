//! The clients alone, over real sockets.

use std::collections::BTreeSet;
use std::time::Duration;

use e2e::{Desk, Size};
use hit_client::HitClient;
use hit_client::test_util::suite;

use crate::PROGRAM;

async fn suite_of(size: &Size) -> suite::Report {
    let desk = Desk::start(PROGRAM, size).await;
    let info = &desk.info().hit;
    let client = HitClient::builder(info.base_url.parse().unwrap(), info.api_key.clone())
        .http(|http| {
            http.rate_limit(hit_client::rest_core::limit::RateLimit::new(5_000, Duration::from_secs(1)))
        })
        .build()
        .unwrap();
    suite::run(&client).await.unwrap_or_else(|failure| panic!("{failure}"))
}

#[tokio::test]
async fn hit_client_shows_its_behaviours_with_every_capability() {
    let report = suite_of(&Size::default()).await;
    assert_eq!(report.skipped, []);
    assert!(report.passed.len() >= 19);
}

#[tokio::test]
async fn hit_client_shows_its_behaviours_with_no_capability() {
    let report = suite_of(&Size { capabilities: Some(Vec::new()), ..Size::default() }).await;
    assert!(report.passed.len() + report.skipped.len() >= 19, "{report:?}");
}

/// All rows of a list: how many, and which fields are of another kind than the lean struct says.
macro_rules! listed {
    ($client:expr, $odd:expr, $($handle:ident $([$($narrow:ident = $value:expr),+])?),+ $(,)?) => {{
        let mut counts = Vec::new();
        $(
            let rows = $client.$handle().list()$($(.$narrow($value))+)?.all().await;
            let rows = rows.unwrap_or_else(|error| panic!("{}: {error}", stringify!($handle)));
            for row in &rows {
                for oddity in row.oddities() {
                    $odd.insert(format!("{}.{}: {}", stringify!($handle), oddity.field, oddity.raw));
                }
            }
            counts.push((stringify!($handle), rows.len()));
        )+
        counts
    }};
}

/// A client with full rights, which no limit of its own holds up.
pub(crate) fn halo(desk: &Desk) -> halo_client::Client {
    let halo = &desk.info().halo;
    halo_client::Client::builder()
        .resource_server(&halo.resource_server)
        .authorisation_server(&halo.authorisation_server)
        .tenant(&halo.tenant)
        .credentials(halo.client_id.clone(), halo.client_secret.clone())
        .scopes("all")
        .no_rate_limit()
        .build()
        .unwrap()
}

#[tokio::test]
async fn halo_client_lists_every_resource_without_an_oddity() {
    let desk = Desk::start(PROGRAM, &Size::default()).await;
    let client = halo(&desk);
    let mut odd = BTreeSet::new();
    let tickets = client.tickets().list().all().await.unwrap();
    let first = tickets[0].value().id.as_ref().unwrap().get();
    let counts = listed!(
        client,
        odd,
        tickets,
        projects,
        opportunities,
        actions[ticket_id = first],
        clients,
        sites,
        users,
        agents,
        teams,
        organisations,
        ticket_types,
        statuses,
        priorities,
        outcomes,
        workflows,
        roles,
        applications,
        webhooks,
        notifications,
        webhook_events,
        custom_fields,
        budget_types,
        lookups,
        attachments[ticket_id = first],
        external_links,
    );
    assert_eq!(odd, BTreeSet::new(), "{counts:?}");
    for (name, count) in counts {
        let may_be_empty =
            ["actions", "webhooks", "notifications", "webhook_events", "attachments", "external_links"];
        assert!(count > 0 || may_be_empty.contains(&name), "{name} lists nothing");
    }
    // Details hold more than list rows do.
    for ticket in &tickets {
        let id = ticket.value().id.as_ref().unwrap().get();
        let detail = client.tickets().get(id).includedetails(true).await.unwrap();
        assert!(detail.oddities().is_empty(), "{:?}", detail.oddities());
    }
}
