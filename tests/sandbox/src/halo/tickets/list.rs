//! Lists of tickets: what is asked, what the agent may see, and the memory of the last answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::super::auth::Caller;
use super::super::list::{Condition, Window, conditions, holds, orders, sort};
use super::super::rights::Kind;
use super::super::wire::{Answer, Query, Reply, Req};
use super::view;
use crate::untrue::Untrue;
use crate::world::clock::{Millis, parse};
use crate::world::store::{Key, flag, int, text};
use crate::world::{Row, World};

/// Ids that answered a query, valid while nothing was written.
#[derive(Debug, Default)]
pub(in super::super) struct Memory {
    answers: HashMap<String, (u64, Vec<i64>)>,
}

/// Fields an advanced search may name.
const SEARCHABLE: &[&str] = &[
    "id",
    "summary",
    "details",
    "status_id",
    "tickettype_id",
    "client_id",
    "site_id",
    "user_id",
    "agent_id",
    "team",
    "priority_id",
    "parent_id",
    "client_reference",
    "third_party_id_string",
    "dateoccurred",
    "last_update",
    "category_1",
    "oppvalue",
    "startdate",
    "targetdate",
];

/// Answers a list of tickets; `only` is the kind of the root, none for all.
pub(in super::super) fn answer(
    world: &World,
    memory: &mut Memory,
    caller: &Caller,
    req: &Req,
    only: Option<Kind>,
) -> Answer {
    let query = &req.query;
    let permitted = [Kind::Service, Kind::Opportunity, Kind::Project]
        .into_iter()
        .any(|kind| only.is_none_or(|only| only == kind) && caller.rights.kind_level(kind) >= 1);
    if !permitted {
        return Err(Reply::empty(403));
    }
    let stamp = world.halo.tickets.version().wrapping_add(world.halo.epoch.wrapping_mul(1 << 20));
    let key = format!("{}|{only:?}|{}|{}", caller.client_id, caller.agent_id, query.signature());
    if memory.answers.get(&key).is_none_or(|(at, _)| *at != stamp) {
        let ids = select(world, caller, query, only)?;
        if memory.answers.len() >= 32 {
            memory.answers.clear();
        }
        memory.answers.insert(key.clone(), (stamp, ids));
    }
    let ids = memory.answers.get(&key).map_or(&[][..], |(_, ids)| ids.as_slice());
    let window = if query.flag("ticketidonly") {
        Window { skip: 0, take: usize::MAX, page: None }
    } else {
        Window::of(query, true)
    };
    let rows: Vec<Value> = ids
        .iter()
        .skip(window.skip)
        .take(window.take)
        .filter_map(|id| world.halo.tickets.by_id(*id))
        .map(|ticket| view::list_row(world, ticket, query))
        .collect();
    Ok(window.wrap(Some("tickets"), ids.len(), rows))
}

fn select(world: &World, caller: &Caller, query: &Query, only: Option<Kind>) -> Result<Vec<i64>, Reply> {
    let filter = Filter::of(world, caller, query, only)?;
    let tickets = &world.halo.tickets;
    let mut rows: Vec<&Row> = if filter.ids.is_empty() {
        tickets.iter().rev().map(|(_, row)| row).filter(|row| filter.admits(world, caller, row)).collect()
    } else {
        let found = filter.ids.iter().rev().filter_map(|id| tickets.get(&Key::Int(*id)));
        found.filter(|row| filter.admits(world, caller, row)).collect()
    };
    sort(&mut rows, &orders(query));
    Ok(rows.into_iter().map(|row| int(row, "id")).collect())
}

/// What a query asks for.
struct Filter {
    only: Option<Kind>,
    kinds: BTreeMap<i64, Kind>,
    ids: BTreeSet<i64>,
    excluded: BTreeSet<i64>,
    numbers: Vec<(&'static str, Vec<i64>)>,
    texts: Vec<(&'static str, Vec<String>)>,
    closed: Option<bool>,
    closed_statuses: BTreeSet<i64>,
    deleted: bool,
    itil: Vec<(i64, Vec<i64>)>,
    since: Option<Millis>,
    until: Option<Millis>,
    dates: Option<(String, Option<Millis>, Option<Millis>)>,
    search: Option<String>,
    summary: Option<String>,
    details: Option<String>,
    in_actions: bool,
    user_name: Option<String>,
    related: Option<i64>,
    unlinked: bool,
    conditions: Vec<Condition>,
}

impl Filter {
    fn of(world: &World, caller: &Caller, query: &Query, only: Option<Kind>) -> Result<Self, Reply> {
        let mut numbers = Vec::new();
        for (name, field) in [
            ("client_id", "client_id"),
            ("client_ids", "client_id"),
            ("site_id", "site_id"),
            ("user_id", "user_id"),
            ("requesttype_id", "tickettype_id"),
            ("requesttype", "tickettype_id"),
            ("status", "status_id"),
            ("status_id", "status_id"),
            ("agent", "agent_id"),
            ("agent_id", "agent_id"),
            ("priority", "priority_id"),
            ("sla", "sla_id"),
            ("parent_id", "parent_id"),
            ("project_ids", "parent_id"),
            ("milestone_id", "milestone_id"),
            ("supplier_id", "supplier_id"),
            ("service_id", "service_id"),
            ("contract_id", "contract_id"),
            ("ticketcontract_id", "contract_id"),
            ("release_id", "release_id"),
        ] {
            // Ids of no meaning (0, -1) are how clients leave a filter out.
            let wanted: Vec<i64> = query
                .ints(name)
                .into_iter()
                .filter(|n| *n > 0 || (field == "agent_id" && *n != -1 && *n != 0))
                .collect();
            let ignored = field == "agent_id" && world.untrue.contains(&Untrue::H55);
            if !wanted.is_empty() && !ignored {
                numbers.push((field, wanted));
            }
        }
        if query.flag("mine") || query.flag("checkmyticketsonly") {
            numbers.push(("agent_id", vec![caller.agent_id]));
        }
        let mut texts = Vec::new();
        let teams: Vec<String> = query
            .list("team")
            .into_iter()
            .chain(query.list("team_name"))
            .map(|team| {
                let named = team.parse::<i64>().ok().and_then(|id| world.halo.row("team", id));
                named.map_or_else(|| team.to_lowercase(), |row| text(row, "name").to_lowercase())
            })
            .collect();
        if !teams.is_empty() {
            texts.push(("team", teams));
        }
        for field in ["category_1", "category_2", "category_3", "category_4"] {
            let wanted: Vec<String> = query
                .list(field)
                .into_iter()
                .map(|c| {
                    let named = c.parse::<i64>().ok().and_then(|id| world.halo.row("category", id));
                    named.map_or_else(|| c.to_lowercase(), |row| text(row, "value").to_lowercase())
                })
                .collect();
            if !wanted.is_empty() {
                texts.push((field, wanted));
            }
        }
        if let Some(reference) = query.get("client_ref") {
            texts.push(("client_reference", vec![reference.to_lowercase()]));
        }
        let include_closed = query.ints("includeclosed");
        let closed = if query.flag("open_only") {
            Some(false)
        } else if query.flag("closed_only") {
            Some(true)
        } else if include_closed.len() == 1 {
            Some(include_closed[0] == 1)
        } else {
            None
        };
        let statuses = world.halo.root("status").into_iter().flat_map(|s| s.iter());
        let closed_statuses =
            statuses.filter(|(_, row)| flag(row, "_closed")).map(|(_, row)| int(row, "id")).collect();
        let domain = match query.get("domain").map(str::to_ascii_lowercase).as_deref() {
            Some("opps") => Some(Kind::Opportunity),
            Some("prjs") => Some(Kind::Project),
            Some("reqs") => Some(Kind::Service),
            _ => None,
        };
        let mut itil = Vec::new();
        for name in ["itil_requesttype_id", "itil_requesttype"] {
            let wanted = query.ints(name);
            if !wanted.is_empty() {
                let types = world.halo.root("tickettype").into_iter().flat_map(|s| s.iter());
                let fitting = types
                    .filter(|(_, row)| wanted.contains(&int(row, "itilrequesttype")))
                    .map(|(_, row)| int(row, "id"));
                itil.push((0, fitting.collect()));
            }
        }
        let dates = query.get("datesearch").map(|field| {
            let field = match field.to_ascii_lowercase().as_str() {
                "dateoccured" => "dateoccurred".to_owned(),
                "datecleared" => "dateclosed".to_owned(),
                other => other.to_owned(),
            };
            (field, query.get("startdate").and_then(parse), query.get("enddate").and_then(parse))
        });
        let mut ids: BTreeSet<i64> = query.ints("ticketids").into_iter().collect();
        ids.extend(query.ints("search_id"));
        ids.extend(query.int("searchthisticketid").filter(|id| *id > 0));
        let owned = |name: &str| query.get(name).map(str::to_owned);
        Ok(Self {
            only: only.or(domain),
            kinds: Kind::all(world),
            ids,
            excluded: query.ints("excludethese").into_iter().collect(),
            numbers,
            texts,
            closed,
            closed_statuses,
            deleted: query.flag("deleted"),
            itil,
            since: query
                .get("lastupdatefromdate")
                .filter(|_| !world.untrue.contains(&Untrue::H37))
                .and_then(parse),
            until: query.get("lastupdatetodate").and_then(parse),
            dates,
            search: owned("search"),
            summary: owned("search_summary"),
            details: owned("search_details"),
            in_actions: query.flag("searchactions"),
            user_name: owned("search_user_name").or_else(|| owned("username")),
            related: query.int("related_id").filter(|id| *id > 0),
            unlinked: query.flag("unlinked_only"),
            conditions: if world.untrue.contains(&Untrue::H92) {
                Vec::new()
            } else {
                conditions(query, SEARCHABLE)?
            },
        })
    }

    fn admits(&self, world: &World, caller: &Caller, ticket: &Row) -> bool {
        if flag(ticket, "deleted") != self.deleted {
            return false;
        }
        let kind = self.kinds.get(&int(ticket, "tickettype_id")).copied().unwrap_or(Kind::Service);
        if self.only.is_some_and(|only| only != kind) || !caller.rights.sees(kind, ticket) {
            return false;
        }
        let at = |field: &str| parse(text(ticket, field));
        self.numbers.iter().all(|(field, wanted)| {
            let held = if *field == "agent_id" { int(ticket, field).max(1) } else { int(ticket, field) };
            wanted.contains(&held)
        }) && self.texts.iter().all(|(field, wanted)| {
            let held = text(ticket, field).to_lowercase();
            wanted
                .iter()
                .any(|w| *w == held || (field.starts_with("category") && held.starts_with(&format!("{w}>"))))
        }) && self.itil.iter().all(|(_, types)| types.contains(&int(ticket, "tickettype_id")))
            && self
                .closed
                .is_none_or(|closed| closed == self.closed_statuses.contains(&int(ticket, "status_id")))
            && !self.excluded.contains(&int(ticket, "id"))
            && self.since.is_none_or(|since| at("last_update").is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| at("last_update").is_some_and(|at| at <= until))
            && self.dates.as_ref().is_none_or(|(field, from, to)| {
                at(field).is_some_and(|at| from.is_none_or(|f| at >= f) && to.is_none_or(|t| at <= t))
            })
            && self.summary.as_ref().is_none_or(|s| holds(ticket, &["summary"], s))
            && self.details.as_ref().is_none_or(|s| holds(ticket, &["details"], s))
            && self.related.is_none_or(|id| {
                ticket
                    .get("_related")
                    .and_then(Value::as_array)
                    .is_some_and(|ids| ids.iter().any(|v| v.as_i64() == Some(id)))
            })
            && (!self.unlinked || int(ticket, "parent_id") == 0)
            && self.user_name.as_ref().is_none_or(|name| named(world, "users", int(ticket, "user_id"), name))
            && self.search.as_ref().is_none_or(|s| self.found(world, ticket, s))
            && self.conditions.iter().all(|c| c.admits(ticket))
    }

    fn found(&self, world: &World, ticket: &Row, needle: &str) -> bool {
        holds(ticket, &["id", "summary", "details", "client_reference"], needle)
            || named(world, "client", int(ticket, "client_id"), needle)
            || named(world, "users", int(ticket, "user_id"), needle)
            || (self.in_actions
                && world
                    .halo
                    .actions
                    .get(&int(ticket, "id"))
                    .is_some_and(|actions| actions.iter().any(|a| holds(a, &["note"], needle))))
    }
}

fn named(world: &World, root: &str, id: i64, needle: &str) -> bool {
    world.halo.row(root, id).is_some_and(|row| holds(row, &["name"], needle))
}
