//! How a ticket looks from outside: as a list row, as a detail, and as the reply to a write.

use serde_json::{Value, json};

use super::super::auth::Caller;
use super::super::fields::UNSET;
use super::super::rights::Kind;
use super::super::wire::Query;
use crate::untrue::Untrue;
use crate::world::store::{flag, int, text};
use crate::world::{Row, World};

/// Fields only a detail with `includedetails` has.
const DETAILS: &[&str] = &[
    "customfields",
    "milestones",
    "budgets",
    "assets",
    "todo_list",
    "additional_agents",
    "attachments",
    "external_links",
    "related_tickets",
];

/// Fields of the detail that Halo's document does not list for a row of a list (`Faults_List`).
const NOT_IN_LISTS: &[&str] = &[
    "details_html",
    "quotation_count",
    "salesorder_count",
    "createdfrom_id",
    "external_links",
    "client_reference",
    "datecreated",
    "deleted",
];

fn name(world: &World, root: &str, id: i64) -> Value {
    json!(world.halo.row(root, id).map_or("", |row| text(row, "name")))
}

/// Whether a status closes a ticket.
pub(in super::super) fn closes(world: &World, status: i64) -> bool {
    world.halo.row("status", status).is_some_and(|row| flag(row, "_closed"))
}

fn put(row: &mut Row, field: &str, value: Value) {
    row.insert(field.to_owned(), value);
}

fn default(row: &mut Row, field: &str, value: Value) {
    if !row.contains_key(field) {
        put(row, field, value);
    }
}

/// What rows and details have in common.
fn common(world: &World, ticket: &Row) -> Row {
    let mut row: Row = ticket
        .iter()
        .filter(|(name, _)| {
            !name.starts_with('_') && !DETAILS.contains(&name.as_str()) && *name != "child_ticket_ids"
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    put(&mut row, "client_name", name(world, "client", int(ticket, "client_id")));
    put(&mut row, "site_name", name(world, "site", int(ticket, "site_id")));
    put(&mut row, "user_name", name(world, "users", int(ticket, "user_id")));
    let children = ticket.get("child_ticket_ids").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let open = children
        .iter()
        .filter_map(Value::as_i64)
        .filter_map(|id| world.halo.tickets.by_id(id))
        .filter(|child| !closes(world, int(child, "status_id")))
        .count();
    put(&mut row, "child_count", json!(children.len()));
    put(&mut row, "child_count_open", json!(open));
    for (field, value) in [
        ("agent_id", json!(1)),
        ("team", json!("")),
        ("parent_id", json!(0)),
        ("hasbeenclosed", json!(false)),
        ("onhold", json!(false)),
        ("inactive", json!(false)),
        ("flagged", json!(false)),
        ("excludefromsla", json!(false)),
        ("attachment_count", json!(0)),
        ("use", json!("ticket")),
        ("startdate", json!(UNSET)),
        ("targetdate", json!(UNSET)),
        ("deadlinedate", json!("1899-12-30T00:00:00")),
        ("category_1", json!("")),
        ("impact", json!(0)),
        ("urgency", json!(0)),
        ("estimate", json!(0.0)),
        ("timetaken", json!(0.0)),
        ("read", json!(true)),
        ("reportedby", json!("")),
    ] {
        default(&mut row, field, value);
    }
    let kind = world.halo.row("tickettype", int(ticket, "tickettype_id"));
    put(&mut row, "itil_requesttype_id", json!(kind.map_or(0, |k| int(k, "itilrequesttype"))));
    // Numbers are 0 where nothing was entered, in lists too.
    let numbers: &[&str] = match kind.map(Kind::of_type) {
        Some(Kind::Opportunity) => &[
            "oppvalue",
            "oppvalue_oneoff",
            "oppvalue_monthly",
            "oppvalue_annual",
            "oppprofit",
            "oppconversionprobability",
        ],
        Some(Kind::Project) => {
            &["projecttimebudget", "projectmoneybudget", "projecttimeactual", "projectmoneyactual"]
        }
        _ => &[],
    };
    for field in numbers {
        default(&mut row, field, json!(0.0));
    }
    row
}

/// A row of a list.
pub(super) fn list_row(world: &World, ticket: &Row, query: &Query) -> Value {
    if query.flag("ticketidonly") {
        return json!({"id": ticket.get("id"), "sla_id": ticket.get("sla_id"), "status_id": ticket.get("status_id"),
            "client_id": ticket.get("client_id"), "client_name": name(world, "client", int(ticket, "client_id")),
            "lastincomingemail": UNSET});
    }
    let mut row = common(world, ticket);
    row.retain(|field, _| !NOT_IN_LISTS.contains(&field.as_str()));
    if query.flag("includestatus") {
        put(&mut row, "status_name", name(world, "status", int(ticket, "status_id")));
    }
    if query.flag("includeagent") {
        let agent = name(world, "agent", int(&row, "agent_id"));
        put(&mut row, "agent_name", agent);
    }
    if query.flag("includetickettype") {
        put(&mut row, "tickettype_name", name(world, "tickettype", int(ticket, "tickettype_id")));
    }
    if query.flag("includechildids") {
        put(&mut row, "child_ticket_ids", ticket.get("child_ticket_ids").cloned().unwrap_or(json!([])));
    }
    if query.flag("includeparentsubject") {
        let parent = world.halo.tickets.by_id(int(ticket, "parent_id"));
        put(&mut row, "parent_summary", json!(parent.map_or("", |p| text(p, "summary"))));
    }
    let wanted = query.list("include_custom_fields");
    if !wanted.is_empty() {
        let fields = custom_fields(world, ticket);
        let kept: Vec<Value> = fields
            .into_iter()
            .filter(|f| {
                wanted.iter().any(|w| {
                    w.parse().is_ok_and(|id: i64| f["id"] == id)
                        || f["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(w))
                })
            })
            .collect();
        put(&mut row, "customfields", Value::Array(kept));
    }
    Value::Object(row)
}

/// A detail.
pub(in super::super) fn detail(
    world: &World,
    ticket: &Row,
    details: bool,
    caller: &Caller,
    origin: &str,
) -> Row {
    let mut row = common(world, ticket);
    let id = int(ticket, "id");
    let kind = Kind::of_ticket(world, ticket);
    put(&mut row, "status_name", name(world, "status", int(ticket, "status_id")));
    let agent = name(world, "agent", int(&row, "agent_id"));
    put(&mut row, "agent_name", agent);
    put(&mut row, "tickettype_name", name(world, "tickettype", int(ticket, "tickettype_id")));
    put(&mut row, "sla_name", name(world, "sla", int(ticket, "sla_id")));
    put(&mut row, "priority_name", priority_name(world, ticket));
    put(&mut row, "is_project", json!(kind == Kind::Project));
    put(&mut row, "is_opportunity", json!(kind == Kind::Opportunity));
    let user = world.halo.row("users", int(ticket, "user_id"));
    put(&mut row, "user_email", json!(user.map_or("", |u| text(u, "emailaddress"))));
    put(&mut row, "users_name", json!(user.map_or("", |u| text(u, "name"))));
    put(&mut row, "child_ticket_ids", ticket.get("child_ticket_ids").cloned().unwrap_or(json!([])));
    put(&mut row, "web_url", json!(format!("{origin}/tickets?id={id}")));
    put(&mut row, "api_url", json!(format!("{origin}/api/tickets/{id}")));
    if !world.untrue.contains(&Untrue::H60) {
        put(&mut row, "_canupdate", json!(super::write::may_edit(world, caller, ticket).is_ok()));
    }
    put(&mut row, "access_level", json!(if caller.rights.kind_level(kind) >= 2 { 2 } else { 1 }));
    for (field, value) in [
        ("details", json!("")),
        ("details_html", json!("")),
        ("dateclosed", json!(UNSET)),
        ("date_fully_closed", json!(UNSET)),
        ("respondbydate", json!(UNSET)),
        ("fixbydate", json!(UNSET)),
        ("responsedate", json!(UNSET)),
        ("followupdate", json!(UNSET)),
        ("oppconverteddate", json!(UNSET)),
        ("lastincomingemail", json!(UNSET)),
        ("category_2", json!("")),
        ("category_3", json!("")),
        ("category_4", json!("")),
        ("client_reference", json!("")),
        ("supplier_reference", json!("")),
        ("third_party_id_string", json!("")),
        ("opportunity_third_party_url", json!("")),
        ("thirdparty_url", json!("")),
        ("estimatedays", json!(0.0)),
        ("cost", json!(0.0)),
        ("createdfrom_id", json!(0)),
        ("quotation_count", json!(0)),
        ("salesorder_count", json!(0)),
        ("merged_into_id", json!(0)),
        ("template_id", json!(0)),
        ("contract_id", json!(0)),
        ("milestone_id", json!(0)),
        ("workflow_id", json!(0)),
        ("workflow_step", json!(0)),
        ("workflow_stage", json!("")),
        ("emailcclist", json!("")),
        ("showforusers", json!(true)),
        ("deleted", json!(false)),
        ("starttime", json!("00:00:00")),
        ("targettime", json!("00:00:00")),
    ] {
        default(&mut row, field, value);
    }
    if kind == Kind::Opportunity {
        let value = ticket.get("oppvalue").and_then(Value::as_f64).unwrap_or(0.0);
        let chance = ticket.get("oppconversionprobability").and_then(Value::as_f64).unwrap_or(0.0);
        put(&mut row, "oppvalueadjusted", json!(value * chance / 100.0));
    }
    if kind == Kind::Project {
        default(&mut row, "projectcompletionpercentage", json!(0.0));
        let end = row.get("targetdate").cloned().unwrap_or(Value::Null);
        put(&mut row, "projectlatestend", end);
    }
    if details {
        add_details(world, ticket, id, &mut row);
    }
    row
}

fn add_details(world: &World, ticket: &Row, id: i64, row: &mut Row) {
    put(row, "customfields", Value::Array(custom_fields(world, ticket)));
    for field in ["milestones", "budgets", "assets", "todo_list", "additional_agents"] {
        put(row, field, ticket.get(field).cloned().unwrap_or(json!([])));
    }
    let of_ticket = |root: &str, field: &str| -> Vec<Value> {
        world
            .halo
            .root(root)
            .into_iter()
            .flat_map(|s| s.iter())
            .filter(|(_, r)| int(r, field) == id)
            .map(|(_, r)| visible(r))
            .collect()
    };
    put(row, "attachments", Value::Array(of_ticket("attachment", "ticket_id")));
    if !world.untrue.contains(&Untrue::H130) {
        put(row, "external_links", Value::Array(of_ticket("externallink", "halo_id")));
    }
    let related: Vec<Value> = ticket
        .get("_related")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_i64)
        .filter_map(|id| world.halo.tickets.by_id(id))
        .map(|t| json!({"id": t.get("id"), "summary": t.get("summary"), "tickettype_id": t.get("tickettype_id"), "status_id": t.get("status_id")}))
        .collect();
    put(row, "related_tickets", Value::Array(related));
    let origin = world.halo.tickets.by_id(int(ticket, "createdfrom_id"));
    put(row, "createdfrom_summary", json!(origin.map_or("", |t| text(t, "summary"))));
}

/// A row without the fields the sandbox keeps to itself.
pub(in super::super) fn visible(row: &Row) -> Value {
    Value::Object(
        row.iter().filter(|(n, _)| !n.starts_with('_')).map(|(n, v)| (n.clone(), v.clone())).collect(),
    )
}

fn priority_name(world: &World, ticket: &Row) -> Value {
    let (sla, priority) = (int(ticket, "sla_id"), int(ticket, "priority_id"));
    let found = world.halo.root("priority").and_then(|store| {
        store
            .iter()
            .map(|(_, row)| row)
            .find(|row| int(row, "slaid") == sla && int(row, "priorityid") == priority)
    });
    json!(found.map_or("", |row| text(row, "name")))
}

/// The custom fields of a ticket's type, with the values it holds.
pub(in super::super) fn custom_fields(world: &World, ticket: &Row) -> Vec<Value> {
    let kind = int(ticket, "tickettype_id");
    let held = ticket.get("customfields").and_then(Value::as_array);
    let Some(rows) = world.halo.root("tickettypefield") else { return Vec::new() };
    rows.iter()
        .map(|(_, row)| row)
        .filter(|row| int(row, "rtid") == kind)
        .filter_map(|row| world.halo.row("fieldinfo", int(row, "fieldid")))
        .filter(|info| int(info, "custom") == 1)
        .map(|info| {
            let id = int(info, "id");
            let value = held
                .into_iter()
                .flatten()
                .find(|f| f.get("id").and_then(Value::as_i64) == Some(id))
                .and_then(|f| f.get("value"))
                .cloned()
                .unwrap_or(if int(info, "type") == 6 { json!(false) } else { Value::Null });
            let display = display(info, &value);
            json!({"id": id, "name": info.get("name"), "label": info.get("label"), "type": info.get("type"), "value": value,
                "display": display, "characterlimit": 0, "inputtype": 0, "usage": 1, "searchable": true})
        })
        .collect()
}

fn display(info: &Row, value: &Value) -> String {
    let choice = |id: &Value| {
        let id = crate::world::store::whole(id);
        super::super::rights::list(info, "values")
            .find(|v| v.get("id").and_then(Value::as_i64) == id)
            .map_or("", |v| text(v, "name"))
            .to_owned()
    };
    match (int(info, "type"), value) {
        (_, Value::Null) => String::new(),
        (2, value) => choice(value),
        (3, Value::Array(values)) => values.iter().map(choice).collect::<Vec<_>>().join(", "),
        (6, value) => if crate::world::store::truth(value) { "Yes" } else { "No" }.to_owned(),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

/// Names that differ in the reply to a write and in webhook bodies.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("last_update", "lastupdate"),
    ("category_1", "category1"),
    ("category_2", "category2"),
    ("category_3", "category3"),
    ("category_4", "category4"),
    ("user_email", "useremail"),
    ("lastincomingemail", "lastincomingemaildate"),
    ("excludefromsla", "excludefromslas"),
    ("estimatedays", "estimateddays"),
];

/// The reply to a write: a detail under its other names.
pub(in super::super) fn reply(world: &World, id: i64, caller: &Caller, origin: &str) -> Value {
    let Some(ticket) = world.halo.tickets.by_id(id) else { return Value::Null };
    let mut row = detail(world, ticket, true, caller, origin);
    for (usual, other) in OTHER_NAMES {
        if let Some(value) = row.remove(*usual) {
            row.insert((*other).to_owned(), value);
        }
    }
    Value::Object(row)
}
