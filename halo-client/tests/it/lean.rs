//! The hand-written structs against Halo's document.

use std::collections::BTreeSet;

use halo_client::schema::*;
use rest_core::record::Schema;

/// Properties of a schema in the derived model.
fn properties(schema: &str) -> BTreeSet<&'static str> {
    let model = include_str!("../../codegen/model/schemas.txt");
    let head = format!("schema {schema}");
    let mut lines = model.lines().skip_while(|line| **line != head);
    assert!(lines.next().is_some(), "{schema} is not in the model");
    lines.map_while(|line| line.strip_prefix(' ')).filter_map(|line| line.split(' ').next()).collect()
}

#[test]
fn structs_read_only_fields_that_the_document_knows() {
    let mut unknown = Vec::new();
    macro_rules! check {
        ($($name:ident $halo:literal)+) => {$(
            let known = properties($halo);
            for field in $name::LEAN {
                if !known.contains(field.name()) {
                    unknown.push(format!("{}.{}", stringify!($name), field.name()));
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
        Lookup "Lookup" Attachment "Attachment" ExternalLink "ExternalLink_List"
    );
    // Observed by a public client in production, though not in the document.
    assert_eq!(unknown, ["Action.who"]);
}
