//! Operations beyond list, read, write and deletion, and resources that nobody describes.

use halo_client::endpoint::*;
use halo_client::rest_core::endpoint::{Endpoint, Idempotency};
use halo_client::schema::{Asset, Invoice, InvoiceLine, Ticket};
use halo_client::test_util::MockHalo;
use halo_client::test_util::wiremock::matchers::{method, path};
use halo_client::test_util::wiremock::{Mock, ResponseTemplate};
use halo_client::{AnyJson, Error, Id, New, Patch};

/// The request as method, path with query, media type and body.
fn shown(endpoint: &impl Endpoint) -> String {
    let request =
        endpoint.request(&"https://acme.halopsa.com/api".parse().expect("a URL")).expect("a request");
    let address = request.uri().to_string();
    let kind = request.headers().get("content-type").map_or("", |kind| kind.to_str().expect("text"));
    let body = String::from_utf8_lossy(request.body()).replace("\r\n", "|");
    let address = address.trim_start_matches("https://acme.halopsa.com/api");
    format!("{} {address} {kind} {body}", request.method()).trim_end().to_owned()
}

#[test]
fn paths_queries_and_bodies_are_typed() {
    let invoice: Id<Invoice> = 4711.into();
    let child = Patch::<Ticket>::of(7).set(Ticket::SUMMARY, "x");
    let line = New::<InvoiceLine>::record().set(InvoiceLine::UNIT_PRICE, 5);
    for (text, expected) in [
        (shown(&InvoiceVoid::new(invoice)), "POST /Invoice/4711/void"),
        (shown(&InvoicePdf::new(invoice)), "POST /Invoice/PDF/4711"),
        (shown(&AgentMe::new()), "GET /Agent/me"),
        (
            shown(&TicketsProcessChildren::new(vec![child])),
            r#"POST /Tickets/processchildren application/json [{"id":7,"summary":"x"}]"#,
        ),
        (
            shown(&InvoiceUpdateLines::new([line])),
            r#"POST /Invoice/updatelines application/json [{"unit_price":5}]"#,
        ),
        (
            shown(&RecurringInvoiceProcess::new([-240_i64])),
            "POST /RecurringInvoice/process application/json [-240]",
        ),
        (shown(&AppointmentBook::new(New::record())), "POST /Appointment/Booking application/json {}"),
        (shown(&TicketApprovalDelete::new(7, 2)), "DELETE /TicketApproval/7&2"),
        (shown(&AutomationStart::new("6f9e/1")), "POST /Automation/6f9e%2F1"),
        (
            shown(&IntegrationDataGetEtilize::new().page_size(2).param("newer", true)),
            "GET /IntegrationData/Get/Etilize?page_size=2&newer=true",
        ),
        (
            shown(&NotifyServicenowticket::new(AnyJson([1]))),
            "POST /Notify/servicenowticket application/json [1]",
        ),
        (
            shown(
                &AttachmentImageUpload::new(&Form::new().file("file", "a\"b.png", "image/png", "P"))
                    .ticket_id(7),
            ),
            "POST /Attachment/image?ticket_id=7 multipart/form-data; boundary=halo-client-form \
             --halo-client-form|content-disposition: form-data; name=\"file\"; filename=\"a%22b.png\"|content-type: \
             image/png||P|--halo-client-form--|",
        ),
    ] {
        assert_eq!(text, expected);
    }
}

#[test]
fn the_boundary_of_a_form_stands_in_no_part() {
    let text = shown(&AttachmentImageUpload::new(&Form::new().text("a", "--halo-client-form")));
    assert!(text.contains("boundary=halo-client-form-1 --halo-client-form-1|"), "{text}");
}

#[test]
fn only_harmless_gets_are_repeated() {
    assert_eq!(AgentMe::new().idempotency(), Idempotency::Safe);
    assert_eq!(InvoiceVoid::new(1).idempotency(), Idempotency::Once);
    assert_eq!(LapSafeComplete::new().idempotency(), Idempotency::Once);
    assert_eq!(TicketApprovalDelete::new(1, 2).idempotency(), Idempotency::Idempotent);
}

#[tokio::test]
async fn undocumented_answers_are_read_as_what_they_are() -> Result<(), Error> {
    let halo = MockHalo::start().await;
    let answer = |kind: &str, body: &str| ResponseTemplate::new(200).set_body_raw(body.to_owned(), kind);
    for (way, at, kind, body) in [
        ("POST", "/api/Invoice/PDF/7", "application/pdf", "%PDF"),
        ("POST", "/api/Tickets/vote", "application/json", r#"[{"id":7,"summary":"x"}]"#),
        ("GET", "/api/Asset/NextTag", "application/json", "\"A-12\""),
        ("GET", "/api/Site/StockBins", "text/html", "<html>"),
    ] {
        Mock::given(method(way)).and(path(at)).respond_with(answer(kind, body)).mount(halo.server()).await;
    }
    let client = halo.client();
    let pdf = client.send(&InvoicePdf::new(7)).await?;
    assert_eq!((pdf.content_type(), &**pdf.bytes()), (Some("application/pdf"), b"%PDF".as_slice()));
    assert_eq!(format!("{pdf:?}"), r#"Content(Some("application/pdf"), 4 bytes)"#);
    assert!(pdf.record::<Ticket>().is_err());
    assert_eq!(pdf.into_file().expect("a file"), "%PDF");
    let votes = client.send(&TicketsVote::new([Patch::<Ticket>::of(7)])).await?;
    assert_eq!(votes.record::<Ticket>().expect("a ticket").value().id, Some(7.into()));
    assert_eq!(votes.rows::<Ticket>().expect("tickets").rows.len(), 1);
    assert_eq!(client.send(&AssetNextTag::new()).await?.json::<String>().expect("a text"), "A-12");
    assert!(client.send(&SiteStockBins::new()).await?.into_file().is_err(), "a web page is no file");
    Ok(())
}

#[tokio::test]
async fn records_of_any_resource_are_read() -> Result<(), Error> {
    let halo = MockHalo::start().await;
    let at = |text: &str| format!("/api{text}");
    let json = |body: &str| ResponseTemplate::new(200).set_body_raw(body.to_owned(), "application/json");
    for (route, body) in [
        ("/TaskTrace", r#"{"traces":[{"id":"a-1","text":"x"}]}"#),
        ("/TaskTrace/7", r#"{"id":7}"#),
        ("/Asset", r#"{"record_count":1,"assets":[{"id":3.0,"key_field":"x"}]}"#),
        ("/CRMNote", r#"{"record_count":1,"crmnotes":[{"id":1}],"columns":[{"id":2},{"id":3}]}"#),
    ] {
        Mock::given(method("GET")).and(path(at(route))).respond_with(json(body)).mount(halo.server()).await;
    }
    let client = halo.client();
    // Its records are described nowhere: fields are read by name.
    let traces = client.task_traces().list().all().await?;
    assert_eq!(traces[0].get_named::<String>("text").value().as_deref(), Some("x"));
    assert_eq!(client.task_traces().get(7).await?.get_named::<i64>("id").value(), Some(7));
    let assets = client.assets().list().client_id(12).all().await?;
    assert_eq!(assets[0].get(Asset::ID).value(), Some(3.into()));
    assert_eq!(assets[0].get(Asset::KEY_FIELD).value().as_deref(), Some("x"));
    assert_eq!(client.crm_notes().list().all().await?.len(), 1, "the second key of the envelope");
    Ok(())
}
