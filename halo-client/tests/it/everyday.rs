//! The everyday records in bodies as servers send them: sentinels, floats, texts for numbers, fields that are
//! missing on lists, and fields of another kind.

use halo_client::schema::*;
use halo_client::value::Decimal;
use halo_client::{IntoField, New, Patch, Record, Seen};
use rest_core::record::Schema;
use serde::de::DeserializeOwned;

fn read<S: Schema + DeserializeOwned>(body: &str) -> Record<S> {
    Record::parse(body).expect(body)
}

/// A body in which nothing is unexpected.
fn plain<S: Schema + DeserializeOwned>(body: &str) -> S {
    let record = read::<S>(body);
    assert!(record.oddities().is_empty(), "{:?} in {body}", record.oddities());
    record.into_value()
}

#[test]
fn an_asset_has_floats_for_ids_and_values_of_any_kind() {
    let asset: Asset = plain(
        r#"{"id":51.0,"inventory_number":"PC-51","client_id":12.0,"client_name":"Acme","site_id":18.0,"assettype_id":4,
            "sla_id":-1,"contract_id":0,"warranty_end":"1900-01-01T00:00:00","item_cost":899.90,"inactive":false,
            "fields":[{"id":51.0,"name":"RAM","value":16,"display":"16 GB"},{"id":52.0,"name":"Note","value":null}],
            "users":[{"id":-1,"name":"General User","site_id":18.0}],"children":[],"open_ticket_count":2}"#,
    );
    assert_eq!(
        (asset.id, asset.client_id, asset.site_id),
        (Some(51.into()), Some(12.into()), Some(18.into()))
    );
    assert_eq!((asset.sla_id, asset.contract_id, asset.warranty_end), (None, None, None));
    assert_eq!(asset.item_cost.and_then(|cost| cost.to_scaled(2)), Some(89_990));
    let fields = asset.fields.expect("fields");
    assert_eq!(fields[0].value().value.as_ref().map(|value| value.as_str()), Some("16"));
    assert_eq!((fields[1].value().value.as_ref(), fields[1].get(AssetField::VALUE).is_null()), (None, true));
    assert_eq!(asset.users.expect("users")[0].value().id, Some((-1).into()), "the general user");
}

#[test]
fn a_quotation_shows_its_totals_on_the_detail_alone() {
    let row: Quotation =
        plain(r#"{"id":7,"title":"Firewall","ticket_id":41,"status":1,"client_id":12,"agent_id":1}"#);
    assert_eq!((row.total, row.lines, row.agent_id), (None, None, None));
    let detail: Quotation = plain(
        r#"{"id":7,"title":"Firewall","ticket_id":41,"total":1234.5,"tax_total":205.75,"approvaldatetime":null,
            "lines":[{"id":1,"item_id":0,"name":"Box","current_quantity":2.0,"baseprice":500,"optional":false}]}"#,
    );
    assert_eq!(detail.ticket_id, Some(41.into()));
    let lines = detail.lines.expect("lines");
    assert_eq!(lines[0].value().item_id, None, "a line of text");
    assert_eq!(lines[0].value().baseprice, Decimal::from_text("500"));
}

#[test]
fn recurring_invoices_have_negative_ids() {
    let invoice: Invoice = plain(
        r#"{"id":-240,"client_id":12,"sitenumber":18,"is_recurring_invoice":true,"nextcreationdate":"2026-11-01T00:00:00",
            "total":"99.00","amountdue":99,"currency":"£","lines":[{"id":3,"ihid":-240,"_itemid":5,"qty_order":1,"unit_price":99.0}]}"#,
    );
    assert_eq!((invoice.id, invoice.sitenumber), (Some((-240).into()), Some(18.into())));
    assert_eq!(invoice.total.and_then(|total| total.to_scaled(2)), Some(9_900));
    assert_eq!(invoice.lines.expect("lines")[0].value().ihid, Some((-240).into()));
    let made: Invoice =
        plain(r#"{"id":15,"recurring_invoice_id":-240,"invoicenumber":"INV-15","posted":true}"#);
    assert_eq!(made.recurring_invoice_id, Some((-240).into()));
}

#[test]
fn contracts_orders_items_and_suppliers() {
    let contract: ClientContract = plain(
        r#"{"id":3,"ref":"MS-3","client_id":12,"start_date":"2026-01-01T00:00:00","end_date":"1899-12-30T00:00:00","active":true,
            "periodchargeamount":250.0,"sla_id":-1,"contract_prepaybalance":-3.5,"customfields":[]}"#,
    );
    assert_eq!(
        (contract.reference.as_deref(), contract.end_date, contract.sla_id),
        (Some("MS-3"), None, None)
    );
    assert_eq!(contract.contract_prepaybalance.and_then(|left| left.to_scaled(1)), Some(-35));

    let order: SalesOrder = plain(
        r#"{"id":9,"quotation_id":7,"ticket_id":41,"total":10,"lines":[{"id":1,"item_id":5,"quantity_shipped":0.0}]}"#,
    );
    assert_eq!((order.quotation_id, order.lines.map(|lines| lines.len())), (Some(7.into()), Some(1)));

    let item: Item = plain(
        r#"{"id":5,"name":"Box","costprice":400,"baseprice":500.00,"supplier_id":0,"taxable":true,"type":0}"#,
    );
    assert_eq!((item.supplier_id, item.type_), (None, Some(0)));

    let supplier: Supplier =
        plain(r#"{"id":2,"name":"Wholesale","is_supplier":true,"is_manufacturer":false}"#);
    assert_eq!((supplier.id, supplier.is_supplier), (Some(2.into()), Some(true)));

    let bought: PurchaseOrder =
        plain(r#"{"id":6,"supplier_id":2,"salesorder_id":9,"lines":[{"id":1,"item_id":5}]}"#);
    assert_eq!((bought.supplier_id, bought.lines.map(|lines| lines.len())), (Some(2.into()), Some(1)));
}

#[test]
fn the_calendar() {
    let appointment: Appointment = plain(
        r#"{"id":77,"subject":"Visit","start_date":"2026-10-06T09:00:00","end_date":"2026-10-06T10:30:00Z","allday":false,
            "agent_id":4,"client_id":1,"complete_date":"1900-01-01T00:00:00","agents":[{"id":4,"name":"Ada","use":"agent"}]}"#,
    );
    assert_eq!((appointment.client_id, appointment.complete_date), (None, None));
    assert_eq!(appointment.end_date.map(|end| end.to_string()).as_deref(), Some("2026-10-06T10:30:00"));

    let sheet: Timesheet = plain(
        r#"{"id":1,"agent_id":4,"date":"2026-10-06T00:00:00","actual_hours":7.5,
            "events":[{"id":0,"event_type":0,"ticket_id":41,"timetaken":0.25},{"id":0,"event_type":3,"ticket_id":0}]}"#,
    );
    let events = sheet.events.expect("events");
    assert_eq!((events[0].value().ticket_id, events[1].value().ticket_id), (Some(41.into()), None));

    let todo: TicketToDo =
        plain(r#"{"id":5,"ticket_id":41,"text":"Call","done":"0","done_by_id":1,"sequence":1}"#);
    assert_eq!((todo.done, todo.done_by_id), (Some(false), None));
}

#[test]
fn set_up_records() {
    let sla: Sla = plain(
        r#"{"id":1,"name":"Standard","priorities":[{"id":"6f9e","slaid":1,"priorityid":2,"name":"High"}]}"#,
    );
    let priority = sla.priorities.expect("priorities").remove(0).into_value();
    assert_eq!((priority.slaid, priority.priorityid), (Some(1.into()), Some(2)));
    let category: Category =
        plain(r#"{"id":3,"value":"Hardware>Printer","category_name":"Printer","type_id":1,"sla_id":0}"#);
    assert_eq!((category.value.as_deref(), category.sla_id), (Some("Hardware>Printer"), None));
    let article: KbArticle =
        plain(r#"{"id":8,"name":"Printer","type":0,"creator_id":1,"date_created":"2026-10-06T05:04:29"}"#);
    assert_eq!(article.creator_id, None);
    let kind: TicketType = plain(r#"{"id":21,"name":"Project","itilrequesttype":22,"default_sla_id":-1}"#);
    assert_eq!((kind.itil(), kind.default_sla), (Some(ItilType::Project), None));
    let asset_type: AssetType =
        plain(r#"{"id":4,"name":"Computer","keyfield_id":51,"show_to_users":true,"fields":[]}"#);
    assert_eq!(asset_type.keyfield_id, Some(51));
}

#[test]
fn a_field_of_another_kind_reads_none_and_is_named() {
    let item = read::<Item>(
        r#"{"id":5,"name":{"en":"Box"},"baseprice":"on request","taxable":"perhaps","lines":1}"#,
    );
    let row = item.value();
    assert_eq!((row.id, &row.name, &row.baseprice, row.taxable), (Some(5.into()), &None, &None, None));
    assert_eq!(
        item.oddities().iter().map(|odd| odd.field).collect::<Vec<_>>(),
        ["name", "baseprice", "taxable"]
    );
    assert!(matches!(item.get(Item::BASEPRICE), Seen::Odd(raw) if raw.get() == r#""on request""#));
}

#[test]
fn numbers_without_a_known_meaning_are_kept() {
    assert_eq!(ItilType::from(99), ItilType::Unknown(99));
    for number in [1, 22, 23, 99, -1] {
        assert_eq!(ItilType::from(number).number(), number);
    }
    assert_eq!(IntoField::<i64>::to_json(&ItilType::Project).expect("writable"), "22");
    let patch = Patch::<TicketType>::of(3).set(TicketType::ITILREQUESTTYPE, ItilType::ProjectTask);
    assert_eq!(patch.to_json().expect("writable"), r#"{"id":3,"itilrequesttype":23}"#);
    let action: Action = plain(r#"{"id":1,"ticket_id":41,"who_type":1}"#);
    assert_eq!(action.author_kind(), Some(AuthorKind::User));
}

#[test]
fn ids_of_the_new_records_are_typed() {
    let new = New::<Quotation>::record().set(Quotation::TICKET_ID, 41).set(Quotation::SITE_ID, 18);
    assert_eq!(new.to_json().expect("writable"), r#"{"ticket_id":41,"site_id":18}"#);
    let patch = Patch::<Asset>::of(51).set(Asset::SUPPLIER_ID, 2);
    assert_eq!(patch.to_json().expect("writable"), r#"{"id":51,"supplier_id":2}"#);
}
