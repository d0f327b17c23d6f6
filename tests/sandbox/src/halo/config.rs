//! Resources with manners of their own besides tickets: agents, teams, types, statuses, clients and the like.

use axum::http::Method;
use serde_json::{Value, json};

use super::auth::Caller;
use super::rights::{Kind, Switch, list};
use super::tickets::view::visible;
use super::wire::{Answer, Query, Reply, Req};
use crate::untrue::Untrue;
use crate::world::store::{flag, int, text, whole};
use crate::world::{Key, Row, World};

/// Answers paths that are not a list, a record or a write.
pub(super) fn answer(world: &World, caller: &Caller, req: &Req, name: &str) -> Option<Answer> {
    if req.method != Method::GET {
        return None;
    }
    let reply = match (name, req.segment(2).as_str()) {
        ("agent", "me") => {
            let mut me = world.halo.row("agent", caller.agent_id)?.clone();
            me.insert("claims".into(), caller.rights.claim_rows());
            Reply::ok(&visible(&me))
        }
        ("client" | "users", "me") => Reply::empty(404),
        ("team", "tree") => Reply::ok(&tree(world)),
        ("instanceinfo", "") => {
            Reply::ok(&json!({"dbid": 1, "app_version": "2.208.1", "database_version": "2.208.1",
            "agent_count": world.halo.root("agent").map_or(0, crate::world::Store::len), "licensed_agent_count": 15,
            "app_name": world.oddities.get("app_name").cloned().unwrap_or_else(|| {
                if world.untrue.contains(&Untrue::H51) { Value::Null } else { json!("HaloPSA") }
            }),
            "agent_url": req.origin(), "portal_url": format!("{}/portal", req.origin()), "auth_url": format!("{}/auth", req.origin())}))
        }
        ("versioninfo", "") => Reply::ok(&json!([{"id": 1, "version": "2.208.1"}])),
        ("control", "") => {
            Reply::ok(&json!({"id": 1, "companyname": "Northwind MSP", "timezone": "Central Standard Time",
            "default_currency_code": 1, "currency_code": "USD", "currency_symbol": "$", "use_milestones": true}))
        }
        ("clientcache", "") => {
            let all = |root: &str| -> Value {
                world
                    .halo
                    .root(root)
                    .into_iter()
                    .flat_map(|s| s.iter())
                    .map(|(_, row)| shaped(world, root, row, false))
                    .collect()
            };
            Reply::ok(
                &json!({"agent": world.halo.row("agent", caller.agent_id).map(visible), "statuses": all("status"),
                "tickettypes": all("tickettype"), "fieldinfos": all("fieldinfo"), "agents": all("agent"), "lookups": all("lookup")}),
            )
        }
        ("features", "") => Reply::ok(
            &json!([{"id": 1, "module_name": "Projects", "enabled": true}, {"id": 2, "module_name": "CRM & Sales", "enabled": true}]),
        ),
        ("onlinestatus", "") => Reply::ok(&json!([])),
        ("search", "") => Reply::ok(&json!({"record_count": 0, "results": []})),
        _ => return None,
    };
    Some(Ok(reply))
}

/// Departments with their teams.
fn tree(world: &World) -> Value {
    let organisations =
        world.halo.root("organisation").into_iter().flat_map(|s| s.iter()).map(|(_, row)| row);
    organisations
        .flat_map(|organisation| list(organisation, "departments"))
        .map(|department| {
            let mut row = department.clone();
            let teams: Value = world
                .halo
                .root("team")
                .into_iter()
                .flat_map(|s| s.iter())
                .filter(|(_, team)| int(team, "department_id") == int(department, "id"))
                .map(|(_, team)| visible(team))
                .collect();
            row.insert("teams".into(), teams);
            Value::Object(row)
        })
        .collect()
}

/// Whether a row of a root is in a list with these filters.
pub(super) fn admits(world: &World, caller: &Caller, name: &str, row: &Row, query: &Query) -> bool {
    let id = int(row, "id");
    match name {
        "status" => {
            let kind = query.int("tickettype_id").filter(|k| *k > 0).or_else(|| {
                let ticket = query.int("ticket_id").and_then(|t| world.halo.tickets.by_id(t));
                ticket.map(|t| int(t, "tickettype_id"))
            });
            let mut kinds = query.ints("tickettype_ids");
            kinds.extend(kind);
            let of_kind = |kind: &i64| {
                world.halo.row("tickettype", *kind).is_some_and(|k| {
                    int(row, "type") == 0
                        && (flag(k, "allowall_status")
                            || list(k, "allowed_status").any(|s| int(s, "status_id") == id))
                })
            };
            (kinds.is_empty() || kinds.iter().any(of_kind))
                && !(query.flag("excludeclosed") && flag(row, "_closed"))
        }
        "agent" => agent_admitted(world, row, query, caller),
        "team" => {
            let memberof = |row: &Row| {
                let me = world.halo.row("agent", caller.agent_id);
                me.is_some_and(|me| list(me, "teams").any(|t| int(t, "team_id") == int(row, "id")))
            };
            (!flag(row, "inactive") || query.flag("includedisabled") || query.flag("showall"))
                && (!(query.flag("memberonly") || query.flag("myteamsonly")) || memberof(row))
                && query.int("department_id").is_none_or(|d| d <= 0 || int(row, "department_id") == d)
                && (query.list("ids").is_empty() || query.ints("ids").contains(&id))
        }
        "tickettype" => {
            let rights = &caller.rights;
            let asked = query.flag("can_create_only") || query.flag("can_edit_only");
            let odd = asked && world.untrue.contains(&Untrue::H54);
            odd || (rights.may_view_type(id) || query.flag("showall"))
                && (!query.flag("can_create_only")
                    || rights.may_create_type(id)
                        && rights.may(Switch::ADD)
                        && rights.kind_level(Kind::of_type(row)) >= 2)
                && (!query.flag("can_edit_only")
                    || rights.may_edit_type(id) && rights.kind_level(Kind::of_type(row)) >= 2)
                && (flag(row, "visible") || query.flag("showinactive"))
                && query.int("itil_type").is_none_or(|t| t <= 0 || int(row, "itilrequesttype") == t)
                && query.int("group_id").is_none_or(|g| g <= 0 || int(row, "group_id") == g)
                && match query.get("domain").map(str::to_ascii_lowercase).as_deref() {
                    Some("opps") => text(row, "use") == "opportunity",
                    Some("prjs") => text(row, "use") == "project",
                    Some("reqs") => text(row, "use") == "ticket",
                    _ => true,
                }
        }
        "outcome" => {
            let kind =
                query.int("tickettype_id").filter(|k| *k > 0).and_then(|k| world.halo.row("tickettype", k));
            let flow = query
                .int("workflow_id")
                .filter(|w| *w > 0)
                .or_else(|| kind.map(|k| int(k, "workflow_id")).filter(|w| *w > 0));
            let step = query.int("workflow_step").filter(|s| *s > 0);
            match (flow.and_then(|f| world.halo.row("workflow", f)), kind) {
                (Some(flow), _) => {
                    list(flow, "always_allow_actions").any(|a| int(a, "id") == id)
                        || list(flow, "steps")
                            .filter(|s| step.is_none_or(|n| int(s, "step_id") == n))
                            .any(|s| list(s, "actions").any(|a| int(a, "action_id") == id))
                }
                (None, Some(kind)) => {
                    flag(kind, "allowall_actions")
                        || list(kind, "allowed_actions").any(|a| int(a, "key2") == id)
                }
                _ => true,
            }
        }
        "category" => query.int("type_id").is_none_or(|t| t <= 0 || int(row, "type_id") == t),
        "externallink" => {
            ["third_party_id", "third_party_type", "third_party_desc", "third_party_secondary_id"]
                .iter()
                .filter(|f| **f != "third_party_id" || !world.untrue.contains(&Untrue::H21))
                .all(|f| query.get(f).is_none_or(|wanted| text(row, f) == wanted))
                && ["table_id", "module_id", "details_id"]
                    .iter()
                    .all(|f| query.int(f).is_none_or(|wanted| int(row, f) == wanted))
        }
        "notification" => {
            query.get("webhook_id").is_none_or(|id| text(row, "webhook_id").eq_ignore_ascii_case(id))
                && query.int("agent_id").is_none_or(|a| a <= 0 || int(row, "agent_id") == a)
        }
        "webhookevent" => {
            query.get("webhook_id").is_none_or(|id| text(row, "webhook_id").eq_ignore_ascii_case(id))
        }
        "webhook" => query.int("type").is_none_or(|t| int(row, "type") == t),
        _ => true,
    }
}

fn agent_admitted(world: &World, row: &Row, query: &Query, caller: &Caller) -> bool {
    let id = int(row, "id");
    let team = query.get("team").map(str::to_lowercase);
    let mut teams = query.ints("teams");
    teams.extend(query.int("team_id").filter(|t| *t > 0));
    let department = query.int("department_id").filter(|d| *d > 0);
    let kind = query.int("tickettype_id").filter(|k| *k > 0);
    // Of a type are those its teams have, unless the agent is kept from it.
    let of_type = |kind: i64| {
        let row_of_type = world.halo.row("tickettype", kind);
        let in_team = row_of_type.is_none_or(|kind| {
            let mut teams = list(kind, "allowed_teams").map(|t| int(t, "section_id"));
            flag(kind, "allowall_team")
                || teams.any(|team| list(row, "teams").any(|t| int(t, "team_id") == team))
        });
        let own = || list(row, "tickettypes");
        in_team
            && (own().next().is_none()
                || own().any(|t| int(t, "tickettype_id") == kind && flag(t, "canedit")))
    };
    let (with, without) = match query.list("activeinactive").as_slice() {
        [active, inactive] => (active.eq_ignore_ascii_case("true"), inactive.eq_ignore_ascii_case("true")),
        _ => (!query.denied("includeenabled"), query.flag("includedisabled")),
    };
    // Without a default team an agent cannot read the others.
    (caller.rights.has_default_team || caller.rights.admin)
        && (if flag(row, "isdisabled") { without } else { with })
        && (id != 1 || !query.denied("includeunassigned"))
        && (!flag(row, "isapiagent") || query.flag("includeapiagents") || query.flag("showall"))
        && (!query.flag("thisagentonly") || id == caller.agent_id)
        && query.int("excludeagent") != Some(id)
        && (!query.flag("withemail") || !text(row, "email").is_empty())
        && team.is_none_or(|name| list(row, "teams").any(|t| text(t, "team_name").to_lowercase() == name))
        && (teams.is_empty() || list(row, "teams").any(|t| teams.contains(&int(t, "team_id"))))
        && department.is_none_or(|d| list(row, "departments").any(|x| int(x, "department_id") == d))
        && kind.is_none_or(|kind| id == 1 || of_type(kind))
}

fn put(row: &mut Row, field: &str, value: Value) {
    row.insert(field.to_owned(), value);
}

fn named(world: &World, root: &str, id: i64) -> Value {
    json!(world.halo.row(root, id).map_or("", |row| text(row, "name")))
}

/// A whole number written with a fraction, as two resources do.
fn float(id: i64) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "ids are small")]
    let value = id as f64;
    json!(value)
}

/// A row as it is shown, in a list or alone.
pub(super) fn shaped(world: &World, name: &str, row: &Row, alone: bool) -> Value {
    let mut row: Row =
        row.iter().filter(|(n, _)| !n.starts_with('_')).map(|(n, v)| (n.clone(), v.clone())).collect();
    match name {
        "client" => {
            let top = named(world, "toplevel", int(&row, "toplevel_id"));
            put(&mut row, "toplevel_name", top);
            let site = int(&row, "main_site_id");
            put(&mut row, "main_site_name", named(world, "site", site));
            let contact = world.halo.row("users", int(&row, "main_contact_id"));
            put(&mut row, "main_contact_name", json!(contact.map_or("", |u| text(u, "name"))));
            put(&mut row, "use", json!("client"));
            if alone {
                let id = int(&row, "id");
                let open = world
                    .halo
                    .tickets
                    .iter()
                    .filter(|(_, t)| int(t, "client_id") == id && !flag(t, "hasbeenclosed"))
                    .count();
                put(&mut row, "open_ticket_count", json!(open));
                row.entry("customfields").or_insert(json!([]));
            }
        }
        "site" => {
            let client = int(&row, "client_id");
            put(&mut row, "client_id", float(client));
            let client_name = named(world, "client", client);
            let both = format!("{}/{}", client_name.as_str().unwrap_or(""), text(&row, "name"));
            put(&mut row, "client_name", client_name);
            put(&mut row, "clientsite_name", json!(both));
            let main = world.halo.row("client", client).map_or(0, |c| int(c, "main_site_id"));
            let is_main = main == int(&row, "id");
            put(&mut row, "ismainsite", json!(is_main));
            put(&mut row, "use", json!("site"));
            for line in 1..=5 {
                row.entry(format!("delivery_address_line{line}")).or_insert(json!(""));
            }
        }
        "users" => {
            let (site, client) = (int(&row, "site_id"), int(&row, "client_id"));
            put(&mut row, "site_id", float(site));
            put(&mut row, "site_id_int", json!(site));
            put(&mut row, "site_name", named(world, "site", site));
            put(&mut row, "client_name", named(world, "client", client));
            put(&mut row, "use", json!("user"));
        }
        "application" => {
            row.remove("clientSecret");
        }
        "webhook" if row.contains_key("basic_password") => put(&mut row, "basic_password", json!("")),
        "tickettype" if !alone => {
            for field in [
                "allowed_status",
                "allowed_actions",
                "allowed_teams",
                "workflow_id",
                "initial_status",
                "allowall_status",
                "allowall_actions",
                "allowall_team",
                "default_sendack",
                "default_showforusers",
                "mustclosechildbeforeclosurebool",
                "allowtickettypetobechild",
                "default_template_id",
            ] {
                row.remove(field);
            }
        }
        "tickettype" => {
            let id = int(&row, "id");
            let fields: Value = world
                .halo
                .root("tickettypefield")
                .into_iter()
                .flat_map(|s| s.iter())
                .filter(|(_, f)| int(f, "rtid") == id)
                .map(|(_, f)| visible(f))
                .collect();
            put(&mut row, "fields", fields);
        }
        "workflow" if !alone => {
            for field in ["steps", "stages", "always_allow_actions"] {
                row.remove(field);
            }
        }
        "quotation" if !alone => {
            for field in ["lines", "total", "revenue", "tax_total"] {
                row.remove(field);
            }
        }
        // Counted only with `showcounts`, which is not imitated; the field is there all the same.
        "status" | "team" => {
            row.entry("ticket_count").or_insert(json!(0));
        }
        "outcome" => {
            row.entry("icon").or_insert(json!(""));
        }
        _ => {}
    }
    Value::Object(row)
}

/// What a new row must have.
pub(super) fn demands(world: &World, name: &str, row: &Row) -> Result<(), Reply> {
    let missing = |field: &str| text(row, field).trim().is_empty();
    let problem = match name {
        "users" if missing("name") && missing("firstname") && missing("surname") => {
            "Username must be entered"
        }
        "users" if world.halo.row("site", row.get("site_id").and_then(whole).unwrap_or(0)).is_none() => {
            "A Site must be selected"
        }
        "client" if missing("name") => "Customer Name must be entered",
        "site" if missing("name") => "Site Name must be entered",
        "site" if world.halo.row("client", row.get("client_id").and_then(whole).unwrap_or(0)).is_none() => {
            "A Customer must be selected"
        }
        "kbarticle" if missing("name") || missing("description") => "A Title and Description must be entered",
        "webhook" if missing("name") || missing("url") => "Name and URL must be entered",
        "tickettype" if missing("name") => "Name must be entered",
        "tickettype" => {
            return Err(Reply::exception(
                400,
                "A database error occurred (515) - Cannot insert the value NULL into column 'RTAppointmentDefaultBody'",
            ));
        }
        "priority" if missing("name") => "Priority Description must not be blank",
        _ => return Ok(()),
    };
    Err(Reply::text(400, problem))
}

/// What the server fills in of its own.
pub(super) fn defaults(world: &mut World, name: &str, row: &mut Row) {
    match name {
        "users" => {
            if text(row, "name").is_empty() {
                let full = format!("{} {}", text(row, "firstname"), text(row, "surname"));
                put(row, "name", json!(full.trim()));
            }
            let site = int(row, "site_id");
            let client = world.halo.row("site", site).map_or(1, |s| int(s, "client_id"));
            put(row, "site_id", json!(site));
            put(row, "client_id", json!(client));
            row.entry("inactive").or_insert(json!(false));
        }
        "site" => {
            let client = int(row, "client_id");
            put(row, "client_id", json!(client));
            row.entry("inactive").or_insert(json!(false));
        }
        "client" => {
            for (field, value) in [
                ("inactive", json!(false)),
                ("toplevel_id", json!(1)),
                ("stopped", json!(0)),
                ("main_site_id", json!(0)),
            ] {
                row.entry(field).or_insert(value);
            }
        }
        "webhook" => {
            row.entry("active").or_insert(json!(true));
        }
        _ => {}
    }
}

/// What follows from a new row.
pub(super) fn made(world: &mut World, name: &str, row: &Row) {
    match name {
        "client" => {
            let id = int(row, "id");
            let site = world.halo.root_mut("site").fresh_id();
            let label = if text(row, "newclient_sitename").is_empty() {
                "Main"
            } else {
                text(row, "newclient_sitename")
            };
            let fresh = json!({"id": site, "name": label, "client_id": id, "inactive": false, "sla_id": 1});
            if let Value::Object(fresh) = fresh {
                world.halo.root_mut("site").put(Key::Int(site), fresh);
            }
            let user = world.halo.root_mut("users").fresh_id();
            let fresh = json!({"id": user, "name": "General User", "firstname": "General", "surname": "User", "emailaddress": "",
                "site_id": site, "client_id": id, "inactive": false, "isgeneraluser": true});
            if let Value::Object(fresh) = fresh {
                world.halo.root_mut("users").put(Key::Int(user), fresh);
            }
            if let Some(client) = world.halo.root_mut("client").by_id_mut(id) {
                client.insert("main_site_id".into(), json!(site));
            }
        }
        "quotation" | "salesorder" => {
            let field = if name == "quotation" { "quotation_count" } else { "salesorder_count" };
            if let Some(ticket) = world.halo.tickets.by_id_mut(int(row, "ticket_id")) {
                let count = int(ticket, field) + 1;
                ticket.insert(field.into(), json!(count));
            }
        }
        _ => {}
    }
}
