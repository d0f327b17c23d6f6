//! The hand-written structs against Halo's document.

use std::collections::BTreeMap;

use halo_client::schema::*;
use halo_client::serde_json::value::RawValue;
use rest_core::record::Schema;

/// Properties of a schema in the derived model, with their documented types.
fn properties(schema: &str) -> BTreeMap<&'static str, &'static str> {
    let model = include_str!("../../codegen/model/schemas.txt");
    let head = format!("schema {schema}");
    let mut lines = model.lines().skip_while(|line| **line != head);
    assert!(lines.next().is_some(), "{schema} is not in the model");
    lines.map_while(|line| line.strip_prefix(' ')).filter_map(|line| line.split_once(' ')).collect()
}

/// A value of a documented type.
fn sample(kind: &str) -> &'static str {
    match kind.trim_end_matches('!') {
        "i32" | "i64" => "1",
        "f32" | "f64" => "1.0",
        "bool" => "true",
        "time" => r#""2026-10-06T05:04:29.23""#,
        "uuid" => r#""6f9e7c0a-0b0f-4f43-9c35-3f0c1f3f8a11""#,
        list if list.starts_with('[') => "[]",
        object if object.starts_with('@') || object == "map" => "{}",
        _ => r#""text""#,
    }
}

#[test]
fn structs_read_only_fields_that_the_document_knows_and_of_its_types() {
    let (mut unknown, mut mistyped) = (Vec::new(), Vec::new());
    macro_rules! check {
        ($($name:ident $halo:literal)+) => {$(
            let known = properties($halo);
            for field in $name::LEAN {
                let full = format!("{}.{}", stringify!($name), field.name());
                let Some(kind) = known.get(field.name()) else {
                    unknown.push(full);
                    continue;
                };
                if field.is_odd(&RawValue::from_string(sample(kind).to_owned()).expect("JSON")) {
                    mistyped.push(format!("{full} is {kind}"));
                }
            }
        )+};
    }
    check!(
        Ticket "Faults" TicketBudget "FaultBudget" Milestone "MileStone" Action "Actions" Client "Area" Site "Site"
        User "Users" Agent "Uname" AgentTeam "UnameSection" AgentDepartment "UnameDepartment"
        AgentTicketType "UnameRequestType" Team "SectionDetail" Department "Tree" Organisation "Organisation"
        TicketType "RequestType" TicketTypeStatus "RequestTypeStatus" Status "TStatus" Priority "Policy"
        Outcome "TOutcome" Workflow "FlowHeader" WorkflowStep "FlowDetail" WorkflowStepAction "FlowSubDetail"
        Role "NHD_Roles" Claim "NHD_Claim" AccessControl "AccessControl" Application "NHD_Identity_Application"
        ApplicationScope "NHD_Identity_ApplicationScope" Webhook "Webhook" Notification "UnameNotification"
        WebhookEvent "WebhookEvent" FieldInfo "FieldInfo" CustomField "CustomField" BudgetType "BudgetType"
        Lookup "Lookup" Attachment "Attachment" ExternalLink "ExternalLink_List" Asset "Device" AssetType "Xtype"
        AssetField "FieldHelper" ClientContract "ContractHeader" SupplierContract "Contract" Supplier "Company"
        Item "Item" Quotation "QuotationHeader" QuotationLine "QuotationDetail" SalesOrder "OrderHead"
        OrderLine "OrderLine" PurchaseOrder "SupplierOrderHeader" Invoice "InvoiceHeader" InvoiceLine "InvoiceDetail"
        InvoicePayment "InvoicePayment_List" Appointment "Appointment" Timesheet "Timesheet"
        TimesheetEvent "TimesheetEvent" TicketToDo "FaultToDo" KbArticle "KBEntry" Report "AnalyzerProfile"
        ReportContent "ReportContent" ReportColumn "AnalyzerProfileColumn" Category "CategoryDetail" Sla "SlaHead"
    );
    // Observed by a public client in production, though not in the document.
    assert_eq!(unknown, ["Action.who"]);
    assert_eq!(mistyped, Vec::<String>::new());
}
