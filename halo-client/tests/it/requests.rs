//! What goes over the wire, as snapshots.

use halo_client::resource::*;
use halo_client::schema::{Action, ExternalLink, Ticket};
use halo_client::test_util::{ManualClock, Recorded, ReplayTransport, Reply, replayed, token};
use halo_client::value::{Decimal, Time};
use halo_client::{ActionKey, Client, CustomFields, Id, New, Patch};

fn render(requests: &[Recorded]) -> String {
    let line = |request: &Recorded| {
        let body = request.body_text();
        format!("{} {}\n  {body}", request.method, request.path_and_query()).trim_end().to_owned()
    };
    requests.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Runs calls against a server that answers everything with an empty list or record, and shows the requests.
fn sent<F: Future<Output = ()>>(calls: impl FnOnce(Client) -> F) -> String {
    let clock = ManualClock::new();
    let server = ReplayTransport::with(clock.clone(), |request| {
        if request.path_and_query().contains("/token") {
            return token();
        }
        let one = request.method != "GET" || request.path_and_query().contains('/') && has_id(request);
        Reply::json(if one { r#"{"id":7}"# } else { "[]" })
    });
    let client = replayed(&server, &clock).build().expect("a client");
    clock.block_on(calls(client));
    render(&server.requests())
}

fn has_id(request: &Recorded) -> bool {
    let path = request.path_and_query().split('?').next().unwrap_or_default();
    path.split('/').count() > 3
}

#[test]
fn the_token_is_asked_for_as_halo_wants_it() {
    let text = sent(|client| async move { client.authenticate().await.expect("a token") });
    insta::assert_snapshot!(text, @r"
    POST /auth/token?tenant=acme
      grant_type=client_credentials&client_id=client&client_secret=secret&scope=all%3Astandard
    ");
}

#[test]
fn lists_send_their_filters_with_the_right_types() {
    let text = sent(|client| async move {
        let since: halo_client::jiff::Timestamp = "2026-10-06T05:04:29Z".parse().expect("a time");
        let tickets = client.tickets().list().requesttype_id(21).client_id(12).open_only(true);
        let tickets = tickets.lastupdatefromdate(since).client_ids([1, 2]).order("id").page_size(50);
        tickets.all().await.expect("a list");
        client
            .projects()
            .list()
            .status([1, 2])
            .param("include_custom_fields", "90,91")
            .all()
            .await
            .expect("a list");
        client.statuses().list().tickettype_id(21).all().await.expect("a list");
        client.actions().list().ticket_id(7).excludesys(true).all().await.expect("a list");
        client.external_links().list().third_party_id("HS1-A").all().await.expect("a list");
        client.agents().list().includeapiagents(true).all().await.expect("a list");
    });
    let text = text.split_once("\n  grant_type").map_or(text.as_str(), |(_, rest)| rest);
    let text = text.split_once('\n').map_or(text, |(_, rest)| rest);
    insta::assert_snapshot!(text, @r"
    GET /api/Tickets?pageinate=true&page_size=50&page_no=1&requesttype_id=21&client_id=12&open_only=true&lastupdatefromdate=2026-10-06T05:04:29Z&client_ids=1,2&order=id
    GET /api/Projects?pageinate=true&page_size=100&page_no=1&status=1,2&include_custom_fields=90,91
    GET /api/Status?tickettype_id=21
    GET /api/Actions?ticket_id=7&excludesys=true
    GET /api/ExternalLink?pageinate=true&page_size=100&page_no=1&third_party_id=HS1-A
    GET /api/Agent?includeapiagents=true
    ");
}

#[test]
fn reads_and_deletes_name_their_record() {
    let text = sent(|client| async move {
        client.tickets().get(7).includedetails(true).await.expect("a ticket");
        client.webhooks().get("6f9e/1").await.expect("a webhook");
        let action: Id<Action> = Id::new(ActionKey { ticket: 7, number: 3 });
        client.actions().get(action).await.expect("an action");
        client.actions().delete(action).await.expect("deleted");
        client.tickets().delete(7).reason("a duplicate").await.expect("deleted");
        client.agents().me().await.expect("me");
    });
    let text: Vec<&str> = text.lines().skip(2).collect();
    insta::assert_snapshot!(text.join("\n"), @r"
    GET /api/Tickets/7?includedetails=true
    GET /api/Webhook/6f9e%2F1
    GET /api/Actions/3?ticket_id=7
    DELETE /api/Actions/3?ticket_id=7
    DELETE /api/Tickets/7?reason=a%20duplicate
    GET /api/Agent/me
    ");
}

#[test]
fn writes_are_arrays_and_only_patches_have_ids() {
    let text = sent(|client| async move {
        let link = New::<ExternalLink>::record()
            .set(ExternalLink::THIRD_PARTY_ID, "HS1-ABC")
            .set(ExternalLink::THIRD_PARTY_TYPE, "humanizeit");
        let new = New::<Ticket>::record()
            .set(Ticket::SUMMARY, "New firewall")
            .set(Ticket::CLIENT_ID, 12)
            .set(Ticket::TICKETTYPE_ID, 21)
            .set(Ticket::OPPVALUE_ONEOFF, Decimal::from_scaled(199_900, 2))
            .set(Ticket::NEW_EXTERNAL_LINK, link)
            .replace(Ticket::CUSTOMFIELDS, CustomFields::none().set("CFCode", "A"));
        client.opportunities().create(&new).await.expect("made");
        let noon: halo_client::jiff::Timestamp = "2026-10-06T10:00:00Z".parse().expect("a time");
        let patch = Patch::<Ticket>::of(7).set(Ticket::TARGETDATE, Time::from(noon)).clear(Ticket::AGENT_ID);
        client.projects().update(&patch).await.expect("changed");
        let patches =
            [Patch::<Ticket>::of(7).set(Ticket::SUMMARY, "a"), Patch::of(8).set(Ticket::SUMMARY, "b")];
        client.tickets().batch().update(patches).await;
    });
    let text: Vec<&str> = text.lines().skip(2).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    POST /api/Opportunities
      [{"summary":"New firewall","client_id":12,"tickettype_id":21,"oppvalue_oneoff":1999.00,"new_external_link":{"third_party_id":"HS1-ABC","third_party_type":"humanizeit"},"customfields":[{"name":"CFCode","value":"A"}]}]
    POST /api/Projects
      [{"id":7,"targetdate":"2026-10-06T10:00:00","agent_id":1}]
    POST /api/Tickets?returnall=true
      [{"id":7,"summary":"a"},{"id":8,"summary":"b"}]
    "#);
}

/// The routes and traits are shared by hand and generator: a typo in a path would only show on the wire.
#[test]
fn every_resource_has_a_path_of_halos_document() {
    let model = include_str!("../../codegen/model/operations.txt");
    let known = |method: &str, path: &str| {
        model.lines().any(|line| {
            let mut words = line.split(' ');
            words.next() == Some(method) && words.next() == Some(path)
        })
    };
    macro_rules! check {
        ($($name:ident)+) => {$(
            assert!(known("GET", $name::PATH) && known("POST", $name::PATH), "{}", $name::PATH);
            assert!(known("GET", $name::ONE), "{}", $name::ONE);
        )+};
    }
    check!(Tickets Projects Opportunities Actions Clients Sites Users Agents Teams Organisations TicketTypes
        Statuses Priorities Outcomes Workflows Roles Applications Webhooks Notifications WebhookEvents
        FieldInfos BudgetTypes Lookups Attachments ExternalLinks);
    for path in ["/Agent/me", "/Team/Tree", "/InstanceInfo", "/AuthInfo"] {
        assert!(known("GET", path), "{path}");
    }
}
