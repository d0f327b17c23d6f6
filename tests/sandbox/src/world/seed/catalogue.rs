//! Halo's configuration: types, statuses, teams, agents, the role and the applications.

use serde_json::{Value, json};

use super::super::clock::zoneless;
use super::super::state::{HaloSide, guid};
use super::super::store::{Key, Row, Store};
use super::workflows::workflows;

/// The object of a JSON literal.
pub(super) fn row(value: Value) -> Row {
    match value {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}

fn fill(store: &mut Store, rows: impl IntoIterator<Item = Value>) {
    for value in rows {
        let row = row(value);
        if let Some(key) = row.get("id").and_then(Key::of) {
            store.put(key, row);
        }
    }
}

/// A ticket type's numbers: id, name, use, ITIL type, project type, statuses, first status, team, workflow.
pub(super) struct Kind(
    pub(super) i64,
    pub(super) &'static str,
    pub(super) &'static str,
    i64,
    i64,
    &'static [i64],
    i64,
    &'static str,
    i64,
);

pub(super) const KINDS: &[Kind] = &[
    Kind(1, "Incident", "ticket", 1, 0, &[1, 2, 3, 4, 5, 6, 7, 8, 9], 1, "Service Desk", 0),
    Kind(3, "Service Request", "ticket", 3, 0, &[1, 2, 4, 5, 7, 8, 9], 1, "Service Desk", 0),
    Kind(4, "Change Request", "ticket", 2, 0, &[1, 2, 5, 10, 11, 9], 1, "Escalations", 1),
    Kind(21, "Opportunity", "opportunity", 20, 0, &[20, 21, 22, 23, 24, 25, 5], 20, "Sales", 2),
    Kind(22, "Renewal", "opportunity", 20, 0, &[20, 22, 24, 25], 20, "Sales", 0),
    Kind(31, "Project", "project", 22, 1, &[30, 31, 32, 33, 34, 35, 36], 30, "Projects", 3),
    Kind(32, "Onboarding Project", "project", 22, 1, &[30, 32, 35, 36, 5], 30, "Projects", 0),
    Kind(33, "Infrastructure Project", "project", 22, 1, &[1, 30, 31, 32, 34, 35], 30, "Projects", 0),
    Kind(34, "Project Task", "project", 23, 2, &[1, 2, 5, 9], 1, "Projects", 0),
];

/// Ticket statuses: id, name, colour, closed, whether a change to it is mailed to the user.
const STATUSES: &[(i64, &str, &str, bool, bool)] = &[
    (1, "New", "#e74c3c", false, false),
    (2, "In Progress", "#3498db", false, false),
    (3, "Action Required", "#e67e22", false, false),
    (4, "Awaiting User", "#9b59b6", false, true),
    (5, "On Hold", "#7f8c8d", false, false),
    (6, "Awaiting Supplier", "#34495e", false, false),
    (7, "Scheduled", "#16a085", false, true),
    (8, "Resolved", "#2ecc71", false, true),
    (9, "Closed", "#27ae60", true, false),
    (10, "Change Approved", "#1abc9c", false, false),
    (11, "Change Rejected", "#c0392b", false, false),
    (20, "Lead", "#f1c40f", false, false),
    (21, "Qualified", "#f39c12", false, false),
    (22, "Quote Sent", "#d35400", false, false),
    (23, "Negotiation", "#8e44ad", false, false),
    (24, "Won", "#27ae60", true, false),
    (25, "Lost", "#95a5a6", true, false),
    (30, "Planning", "#2980b9", false, false),
    (31, "Ready to Start", "#2c3e50", false, false),
    (32, "Work in Progress", "#3498db", false, false),
    (33, "Customer Review", "#9b59b6", false, true),
    (34, "On Hold", "#7f8c8d", false, false),
    (35, "Completed", "#27ae60", true, false),
    (36, "Cancelled", "#bdc3c7", true, false),
];

/// Outcomes: id, name, new status (0 none), mails the user, hidden from the user.
pub(super) const OUTCOMES: &[(i64, &str, i64, bool, bool)] = &[
    (3, "Email User", 0, true, false),
    (4, "Resolve", 8, true, false),
    (5, "Public Note", 0, false, false),
    (7, "Private Note", 0, false, true),
    (9, "Close", 9, true, false),
    (10, "Start Work", 2, false, true),
    (50, "Qualify", 21, false, true),
    (51, "Send Quote", 22, true, false),
    (52, "Win", 24, false, true),
    (53, "Lose", 25, false, true),
    (54, "Negotiate", 23, false, true),
    (60, "Begin Delivery", 32, false, true),
    (61, "Request Review", 33, true, false),
    (62, "Complete", 35, true, false),
    (63, "Pause", 34, false, true),
    (64, "Ready", 31, false, true),
    (70, "Approve Change", 10, false, true),
    (71, "Reject Change", 11, true, false),
];

pub(super) const TEAMS: &[(i64, &str, i64)] =
    &[(1, "Service Desk", 1), (2, "Escalations", 1), (3, "Sales", 2), (4, "Projects", 3)];

const DEPARTMENTS: &[(i64, &str)] = &[(1, "Support"), (2, "Sales"), (3, "Projects")];

/// Agents: id, name, team ids, whether disabled.
pub(super) const AGENTS: &[(i64, &str, &[i64], bool)] = &[
    (3, "Robin Ellis", &[1, 2, 3, 4], false),
    (4, "Sam Okoro", &[1], false),
    (5, "Priya Nair", &[1, 2], false),
    (6, "Tom Becker", &[1], false),
    (7, "Maya Lindgren", &[3], false),
    (8, "Diego Fuentes", &[3], false),
    (9, "Hannah Moss", &[4], false),
    (10, "Ivan Petrenko", &[4, 2], false),
    (11, "Chloe Dubois", &[4], false),
    (12, "Leo Tanaka", &[1, 2], false),
    (13, "Greta Olsen", &[3], true),
];

/// The API-only agent.
pub(super) const API_AGENT: i64 = 14;
/// The agent with full rights.
pub(super) const ADMIN_AGENT: i64 = 3;

/// An agent's e-mail address.
pub(super) fn agent_email(name: &str) -> String {
    format!("{}@northwind-msp.example", name.to_lowercase().replace(' ', "."))
}

fn kind_name(id: i64) -> &'static str {
    KINDS.iter().find(|k| k.0 == id).map_or("", |k| k.1)
}

fn status_name(id: i64) -> &'static str {
    STATUSES.iter().find(|s| s.0 == id).map_or("", |s| s.1)
}

/// Fills the configuration.
pub(super) fn fill_configuration(halo: &mut HaloSide, random: &mut fastrand::Rng, created: i64) {
    fill(halo.root_mut("status"), STATUSES.iter().map(|s| status(s, random)));
    let extra = [(101, "In Stock", 4), (102, "Deployed", 4), (103, "Draft", 9)];
    fill(
        halo.root_mut("status"),
        extra.map(|(id, name, kind)| json!({"id": id, "name": name, "shortname": name, "type": kind, "sequence": id})),
    );
    fill(halo.root_mut("outcome"), OUTCOMES.iter().map(outcome));
    fill(halo.root_mut("tickettype"), KINDS.iter().map(|k| kind(k, random)));
    fill(halo.root_mut("workflow"), workflows(random));
    fill_organisation(halo, random, created);
    fill_fields(halo, random);
    fill_small(halo, random);
    super::access::fill_access(halo, random);
}

fn status(s: &(i64, &str, &str, bool, bool), random: &mut fastrand::Rng) -> Value {
    let &(id, name, colour, closed, mails) = s;
    json!({"id": id, "guid": guid(random), "name": name, "shortname": name, "type": 0, "sequence": id,
        "colour": colour, "slaaction": if id == 5 || id == 34 { "H" } else { "N" }, "showonquickchange": true,
        "statusemailid": if mails { 40 } else { 0 }, "statusemailname": if mails { "Status change" } else { "" },
        "notifystatuschange": i32::from(mails), "_closed": closed})
}

fn outcome(o: &(i64, &str, i64, bool, bool)) -> Value {
    let &(id, name, new_status, mails, hidden) = o;
    json!({"id": id, "outcome": name, "buttonname": name, "labellong": name, "sequence": id, "hidden": false,
        "sendemail": i32::from(mails), "hidefromuser": hidden, "newstatus": if new_status == 0 { -1 } else { new_status },
        "respondtype": 0, "systemid": if id == 7 { 7 } else { 0 }, "requesttype": 0, "mustaddnote": false,
        "workflow_id": 0, "workflow_step_id": 0})
}

fn kind(k: &Kind, random: &mut fastrand::Rng) -> Value {
    let &Kind(id, name, uses, itil, project_type, statuses, first, team, workflow) = k;
    let allowed: Vec<Value> = statuses
        .iter()
        .map(|s| json!({"ticketype_id": id, "tickettype_name": name, "status_id": s, "status_name": status_name(*s)}))
        .collect();
    let (actions, service): (&[i64], bool) = match uses {
        "ticket" => (&[3, 4, 5, 7, 9, 10], true),
        _ => (&[3, 5, 7], false),
    };
    let allowed_actions: Vec<Value> = actions.iter().map(|a| json!({"key1": id, "key2": a})).collect();
    let flow_name = match workflow {
        1 => "Change approval",
        2 => "Sales pipeline",
        3 => "Project delivery",
        _ => "",
    };
    let teams: Vec<Value> = TEAMS
        .iter()
        .filter(|t| if uses == "ticket" { t.0 <= 2 } else { t.1 == team })
        .map(|t| json!({"id": id * 10 + t.0, "tickettype_id": id, "section_id": t.0, "section_name": t.1}))
        .collect();
    json!({"id": id, "guid": guid(random), "name": name, "use": uses, "sequence": id, "itilrequesttype": itil,
        "project_type": project_type, "group_id": 0, "group_name": "", "default_sla": 1, "workflow_id": workflow,
        "workflow_name": flow_name,
        "initial_status": first, "allowall_status": false, "allowed_status": allowed,
        "allowall_actions": uses == "project" && workflow == 0, "allowed_actions": allowed_actions,
        "allowall_team": false, "allowed_teams": teams, "default_team": team, "default_agent": 1,
        "default_agent_name": "Unassigned", "default_priority": 3, "default_sendack": i32::from(service || id == 32),
        "default_showforusers": true, "agentscanselect": true, "cancreate": true, "enduserscanselect": service,
        "anonymouscanselect": false, "allowattachments": true, "is_sprint": false, "visible": true,
        "allowtickettypetobechild": id == 34 || service, "mustclosechildbeforeclosurebool": id == 31,
        "default_template_id": if id == 33 { 5 } else { 0 }, "_closuremail": service,
        "statusafteruserupdate": 0, "statusaftertechupdate": 0, "autoCloseHours": 0,
        "hasmandatoryuserfields": false, "hasmandatorytechfields": matches!(id, 3 | 32 | 33)})
}

fn team_rows(ids: &[i64], agent: (i64, &str)) -> Vec<Value> {
    TEAMS
        .iter()
        .filter(|t| ids.contains(&t.0))
        .map(|t| {
            json!({"id": agent.0 * 100 + t.0, "agent_id": agent.0, "agent_name": agent.1, "team_id": t.0, "team_name": t.1,
                "department_id": t.2, "is_manager": false, "unassigned_access": true, "otheragent_access": true,
                "fortickets": true, "foropps": true, "forprojects": true, "in_section": true})
        })
        .collect()
}

fn department_rows(agent: (i64, &str), ids: &[i64], level: i64) -> Vec<Value> {
    DEPARTMENTS
        .iter()
        .filter(|d| ids.contains(&d.0))
        .map(|d| {
            json!({"id": agent.0 * 100 + d.0, "agent_id": agent.0, "agent_name": agent.1, "department_id": d.0,
                "department_name": d.1, "membershiplevel": level, "includeteamsintree": true})
        })
        .collect()
}

fn fill_organisation(halo: &mut HaloSide, random: &mut fastrand::Rng, created: i64) {
    let teams = TEAMS.iter().map(|&(id, name, department)| {
        let dep = DEPARTMENTS.iter().find(|d| d.0 == department).map_or("", |d| d.1);
        json!({"id": id, "guid": guid(random), "name": name, "sequence": id, "forrequests": department == 1,
            "foropps": department == 2, "forprojects": department == 3, "department_id": department,
            "department_name": dep, "org_team_name": format!("Northwind MSP / {dep} / {name}"), "inactive": false,
            "organisation_id": 1, "last_modified": zoneless(created), "use": "team"})
    });
    let teams: Vec<Value> = teams.collect();
    fill(halo.root_mut("team"), teams);
    let departments: Vec<Value> = DEPARTMENTS
        .iter()
        .map(|d| {
            json!({"id": d.0, "name": d.1, "organisation_id": 1, "organisation_name": "Northwind MSP",
                "org_department_name": format!("Northwind MSP / {}", d.1), "long_name": d.1, "type": 2})
        })
        .collect();
    fill(
        halo.root_mut("organisation"),
        [
            json!({"id": 1, "name": "Northwind MSP", "email": "hello@northwind-msp.example", "phone": "555-0100",
            "website": "https://northwind-msp.example", "linked_client_id": 0, "departments": departments}),
        ],
    );
    let mut agents = vec![
        json!({"id": 1, "guid_string": guid(random), "name": "Unassigned", "initials": "UN", "email": "",
        "isdisabled": false, "is_agent": true, "isapiagent": false, "is_admin": false, "team": "", "teams": [],
        "departments": [], "clients": [], "tickettypes": [], "roles": [], "claims": []}),
    ];
    for &(id, name, ids, disabled) in AGENTS {
        let main = TEAMS.iter().find(|t| ids.first() == Some(&t.0)).map_or("", |t| t.1);
        let (first, last) = name.split_once(' ').unwrap_or((name, ""));
        agents.push(json!({"id": id, "guid_string": guid(random), "name": name, "firstname": first, "surname": last,
            "initials": format!("{}{}", &first[..1], &last[..1]), "email": agent_email(name), "isdisabled": disabled,
            "is_agent": true, "isapiagent": false, "is_admin": id == ADMIN_AGENT, "is_sales": ids.contains(&3),
            "onlinestatus": 0, "lastlogindate": zoneless(created), "team": main, "teams": team_rows(ids, (id, name)),
            "departments": department_rows((id, name), &[1, 2, 3], 2), "clients": [], "tickettypes": [],
            "roles": [], "claims": [], "jobtitle": "", "chargerate": 0, "use": "agent"}));
    }
    let name = "HumanizeITAPI";
    agents.push(json!({"id": API_AGENT, "guid_string": guid(random), "name": name, "firstname": "", "surname": "",
        "initials": "HI", "email": "", "isdisabled": false, "is_agent": true, "isapiagent": true, "is_admin": false,
        "is_sales": false, "team": "Service Desk", "teams": team_rows(&[1, 3, 4], (API_AGENT, name)),
        "departments": department_rows((API_AGENT, name), &[1, 2, 3], 2), "clients": [], "tickettypes": [],
        "roles": [], "role_list": "HumanizeIT API", "claims": [], "workday_id": 2, "use": "agent"}));
    fill(halo.root_mut("agent"), agents);
    halo.api_agent_id = API_AGENT;
}

/// Ticket fields: id, name, label, type, selection values.
const FIELDS: &[(i64, &str, &str, i64, &[&str])] = &[
    (101, "CFRoadmapPillar", "Roadmap pillar", 0, &[]),
    (102, "CFProjectTier", "Project tier", 2, &["Small", "Medium", "Large"]),
    (103, "CFGoLiveDate", "Go-live date", 4, &[]),
    (104, "CFBoardApproved", "Board approved", 6, &[]),
    (105, "CFScopeNotes", "Scope notes", 1, &[]),
    (106, "CFCostCentre", "Cost centre", 0, &[]),
    (107, "CFStakeholders", "Stakeholders", 3, &["Finance", "Operations", "IT", "Board"]),
];

/// Mandatory fields: ticket type, field id.
const MANDATORY: &[(i64, i64)] = &[(3, 1), (32, 1), (32, 106), (33, 102)];

fn fill_fields(halo: &mut HaloSide, random: &mut fastrand::Rng) {
    let built_in = [(1, "category_1", "Category"), (2, "impact", "Impact"), (3, "urgency", "Urgency")];
    let mut infos: Vec<Value> = built_in
        .iter()
        .map(|(id, name, label)| {
            json!({"id": id, "guid": guid(random), "name": name, "label": label, "labellong": label, "type": 2, "custom": 0,
                "usage": 1, "lookup": 0, "mandatory": false, "readonly": false})
        })
        .collect();
    for &(id, name, label, kind, values) in FIELDS {
        let choices: Vec<Value> = values
            .iter()
            .zip(1_i64..)
            .map(|(v, n)| json!({"id": n, "lookupid": 1000 + id, "name": v, "sequence": n}))
            .collect();
        infos.push(json!({"id": id, "guid": guid(random), "name": name, "label": label, "labellong": label, "type": kind,
            "custom": 1, "usage": 1, "lookup": if values.is_empty() { 0 } else { 1000 + id }, "inputtype": 0, "extratype": 0,
            "characterlimit": 0, "values": choices, "mandatory": false, "readonly": false, "searchable": true}));
    }
    fill(halo.root_mut("fieldinfo"), infos.clone());
    let mut next = 0;
    let mut rows = Vec::new();
    for kind in KINDS {
        for info in &infos {
            let id = info["id"].as_i64().unwrap_or(0);
            let must = MANDATORY.contains(&(kind.0, id));
            let shown =
                id <= 3 || (kind.2 == "project" && id >= 102) || (kind.2 == "opportunity" && id == 101);
            if !must && !shown {
                continue;
            }
            next += 1;
            rows.push(json!({"id": next, "rtid": kind.0, "rtname": kind_name(kind.0), "fieldid": id,
                "fieldname": info["name"], "seq": next, "groupid": 0, "endusernew": 0, "enduserdetail": 0,
                "technew": if must { 2 } else { 1 }, "techdetail": 1, "techaction": 0, "fieldinfo": info}));
        }
    }
    fill(halo.root_mut("tickettypefield"), rows);
}

fn fill_small(halo: &mut HaloSide, random: &mut fastrand::Rng) {
    let workday = |id: i64, name: &str, start: &str, end: &str, weekend: bool| {
        json!({"id": id, "name": name, "timezone": "Central Standard Time", "start": start, "end": end,
            "alldayssame": true, "incmonday": true, "inctuesday": true, "incwednesday": true, "incthursday": true,
            "incfriday": true, "incsaturday": weekend, "incsunday": weekend})
    };
    fill(
        halo.root_mut("workday"),
        [
            workday(1, "Office hours", "08:00:00", "18:00:00", false),
            workday(2, "24 Hours", "00:00:00", "23:59:59", true),
        ],
    );
    fill(
        halo.root_mut("sla"),
        [(1, "Standard"), (2, "Premium")].map(|(id, name)| json!({"id": id, "name": name, "workday_id": 1})),
    );
    for sla in 1..=2 {
        for (n, name, fix) in [(1, "Critical", 4.0), (2, "High", 8.0), (3, "Medium", 24.0), (4, "Low", 72.0)]
        {
            let id = guid(random);
            let row = row(
                json!({"id": id, "slaid": sla, "priorityid": n, "name": name, "fixtime": fix, "fixunits": "H",
                "responsetime": fix / 4.0, "responseunits": "H", "ishidden": false, "colour": "#f39c12"}),
            );
            halo.root_mut("priority").put(Key::parse(&id), row);
        }
    }
    let categories = [
        "Hardware>Printer",
        "Hardware>Laptop",
        "Hardware>Network",
        "Software>Office",
        "Software>Line of business",
        "Security",
        "Telephony",
        "Account",
        "Planned work",
    ];
    fill(
        halo.root_mut("category"),
        categories.iter().zip(1_i64..).map(|(v, id)| {
            json!({"id": id, "value": v, "category_name": v, "type_id": 1, "sla_id": -1, "priority_id": 0, "category_group_id": 0})
        }),
    );
    fill(
        halo.root_mut("budgettype"),
        [(1, "Labour", 150.0), (2, "Materials", 0.0), (3, "Travel", 75.0)]
            .map(|(id, name, rate)| json!({"id": id, "name": name, "defaultrate": rate, "chargerate": 0})),
    );
    let lookups: &[(i64, &[&str])] = &[
        (11, &["Lookup"]),
        (12, &["Company Wide", "Multiple Users", "Single User"]),
        (17, &["Remote", "On site", "No Charge"]),
        (22, &["Manual", "Email", "Phone", "Portal", "API", "Roadmap"]),
        (27, &["High", "Medium", "Low"]),
        (39, &["Draft", "Sent", "Accepted", "Rejected"]),
    ];
    let mut n = 0;
    for (list, names) in lookups {
        for (name, id) in names.iter().zip(1_i64..) {
            n += 1;
            let row = row(
                json!({"id": id, "lookupid": list, "name": name, "sequence": id, "inactive": false, "value2": ""}),
            );
            halo.root_mut("lookup").put(Key::Int(n), row);
        }
    }
    fill(
        halo.root_mut("currency"),
        [
            json!({"id": 1, "name": "US Dollar", "code": "USD", "symbol": "$", "conversion_rate": 1.0, "default": true}),
        ],
    );
    fill(
        halo.root_mut("template"),
        [json!({"id": 5, "name": "Infrastructure project", "tickettype_id": 33, "summary": "",
            "details_html": "<p>Standard infrastructure delivery. Replace this text with the scope.</p>", "estimate": 16.0,
            "category_1": "Planned work"})],
    );
    fill(
        halo.root_mut("toplevel"),
        [
            json!({"id": 1, "name": "Northwind MSP", "long_name": "Northwind MSP", "type": 0, "organisation_id": 0}),
        ],
    );
    fill(
        halo.root_mut("assettype"),
        [(1, "Workstation"), (2, "Server"), (3, "Firewall")]
            .map(|(id, name)| json!({"id": id, "name": name})),
    );
}
