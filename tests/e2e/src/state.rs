//! What both systems hold in the end, by raw GET, without the ids that depend on the order of creates.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::Desk;

/// What is compared of an item.
const OF_ITEM: [&str; 9] = [
    "name",
    "status_id",
    "due_date",
    "start_date",
    "responsible_id",
    "hours_minutes",
    "description",
    "archived_at",
    "client_id",
];

/// What is compared of a ticket.
const OF_TICKET: [&str; 14] = [
    "summary",
    "status_id",
    "tickettype_id",
    "client_id",
    "agent_id",
    "team",
    "details_html",
    "oppvalue_oneoff",
    "oppvalue_monthly",
    "oppvalue_annual",
    "projectmoneybudget",
    "projecttimebudget",
    "targetdate",
    "startdate",
];

/// An item and the tickets that it refers to.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The item.
    pub item: Value,
    /// The opportunity, in detail.
    pub opportunity: Option<Value>,
    /// The project, in detail.
    pub project: Option<Value>,
}

/// Everything of the clients that take part.
#[derive(Debug, Clone)]
pub struct State {
    /// Items by their ids, with their tickets.
    pub pairs: BTreeMap<String, Pair>,
    /// Opportunities and projects that no item refers to.
    pub loose: Vec<Value>,
}

impl State {
    /// Reads both systems. Faults have to be off.
    ///
    /// # Panics
    /// If a system does not answer, or an item refers to a ticket that is not there.
    pub async fn read(desk: &Desk) -> Self {
        let mut tickets = BTreeMap::new();
        for kind in [21, 31] {
            let rows =
                desk.halo(&format!("/Tickets?tickettype_id={kind}&count=1000&includeclosed=true")).await;
            for row in rows["tickets"].as_array().unwrap() {
                let id = row["id"].as_i64().unwrap();
                tickets.insert(id, desk.halo(&format!("/Tickets/{id}?includedetails=true")).await);
            }
        }
        let links = desk.control("GET", "/audit", None).await["links"].take();
        let mut referred = BTreeSet::new();
        let mut halo_clients = BTreeSet::new();
        let mut pairs = BTreeMap::new();
        for item in desk.items().await {
            if !desk.clients().iter().any(|client| item["client_id"] == client.as_str()) {
                continue;
            }
            let mut of = |kind: &str| {
                let id = match item["external_references"].as_array() {
                    Some(references) => by_reference(references, kind)?,
                    // A HIT without references: Halo's side of the link is all there is.
                    None => by_link(&links, &item, |id| {
                        let of_kind = if kind == "project" { 31 } else { 21 };
                        tickets
                            .get(&id)
                            .is_some_and(|ticket| ticket["tickettype_id"].as_i64() == Some(of_kind))
                    })?,
                };
                referred.insert(id);
                let ticket = tickets.get(&id).unwrap_or_else(|| panic!("{item} leads to no ticket {id}"));
                halo_clients.insert(ticket["client_id"].to_string());
                Some(ticket.clone())
            };
            let (opportunity, project) = (of("opportunity"), of("project"));
            pairs.insert(item["id"].as_str().unwrap().to_owned(), Pair { item, opportunity, project });
        }
        tickets.retain(|id, _| !referred.contains(id));
        let mut loose: Vec<Value> = tickets.into_values().collect();
        loose.retain(|ticket| halo_clients.contains(&ticket["client_id"].to_string()));
        Self { pairs, loose }
    }

    /// A text that is equal for equal end states.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (id, pair) in &self.pairs {
            text.push_str(&format!("{id} {}\n", pick(&pair.item, &OF_ITEM)));
            text.push_str(&format!("  budget {}\n", amounts(&pair.item)));
            for (kind, ticket) in [("opportunity", &pair.opportunity), ("project", &pair.project)] {
                if let Some(ticket) = ticket {
                    text.push_str(&format!("  {kind} {}\n", pick(ticket, &OF_TICKET)));
                }
            }
        }
        let mut loose: Vec<String> = self.loose.iter().map(|ticket| pick(ticket, &OF_TICKET)).collect();
        loose.sort();
        for ticket in loose {
            text.push_str(&format!("loose {ticket}\n"));
        }
        text
    }

    /// What does not fit together in the pairs, except in these items. Empty is what everybody wants.
    #[must_use]
    pub fn discord(&self, except: &BTreeSet<String>) -> Vec<String> {
        let mut discord = Vec::new();
        for (id, pair) in self.pairs.iter().filter(|(id, _)| !except.contains(*id)) {
            let mut say = |what: &str, hit: &Value, halo: &Value| {
                discord.push(format!("{id} ({}): {what}: HIT {hit}, Halo {halo}", pair.item["name"]));
            };
            let (item, empty) = (&pair.item, Value::Null);
            if let Some(project) = &pair.project {
                let (hit, halo) = (&item["status_id"], &project["status_id"]);
                if !goes_with(hit, halo, PROJECT) {
                    say("status", hit, halo);
                }
                for (hit, halo) in [("due_date", "targetdate"), ("start_date", "startdate")] {
                    // What HIT does not offer is not carried.
                    let offered = item.get(hit).is_some();
                    if offered
                        && !day(&project[halo]).is_empty()
                        && item[hit].as_str() != Some(&day(&project[halo]))
                    {
                        say(hit, &item[hit], &project[halo]);
                    }
                }
            } else if let Some(opportunity) = &pair.opportunity {
                let (hit, halo) = (&item["status_id"], &opportunity["status_id"]);
                if !goes_with(hit, halo, OPPORTUNITY) {
                    say("status", hit, halo);
                }
                if item["name"] != opportunity["summary"] {
                    say("name", &item["name"], &opportunity["summary"]);
                }
                let priced = ["quotation_count", "salesorder_count"]
                    .iter()
                    .any(|count| opportunity[*count].as_f64().is_some_and(|count| count > 0.0));
                let once = sum(&item["budget"]["one_time"]);
                let there = opportunity["oppvalue_oneoff"].as_f64().unwrap_or(0.0) * 100.0;
                if !priced && item["budget"] != empty && once != 0 && (there - once as f64).abs() > 0.5 {
                    say("money", &json!(once), &opportunity["oppvalue_oneoff"]);
                }
            }
        }
        discord
    }
}

/// Which statuses go together, in either direction of the configuration's map.
type Map = &'static [(&'static str, &'static [i64])];

const OPPORTUNITY: Map =
    &[("st_recommended", &[20]), ("st_qualified", &[21, 22, 23]), ("st_approved", &[20, 21, 22, 23, 24])];
const PROJECT: Map = &[("st_approved", &[30, 31]), ("st_work_in_progress", &[32, 33])];

/// Statuses that the map ignores go with everything, and so do the customer's own.
fn goes_with(hit: &Value, halo: &Value, map: Map) -> bool {
    let (hit, halo) = (hit.as_str().unwrap_or_default(), halo.as_f64().unwrap_or(0.0) as i64);
    if [25, 34, 35, 36].contains(&halo) {
        return true;
    }
    map.iter().find(|(status, _)| *status == hit).is_none_or(|(_, statuses)| statuses.contains(&halo))
}

fn by_reference(references: &[Value], kind: &str) -> Option<i64> {
    let found = references.iter().find(|one| one["system"] == "halopsa" && one["kind"] == kind)?;
    Some(found["id"].as_str().unwrap().parse().unwrap())
}

fn by_link(links: &Value, item: &Value, fits: impl Fn(i64) -> bool) -> Option<i64> {
    let pairs = links.as_array().unwrap().iter().filter(|pair| pair[0] == item["id"]);
    pairs.map(|pair| pair[1].as_str().unwrap().parse().unwrap()).find(|id| fits(*id))
}

fn pick(record: &Value, fields: &[&str]) -> String {
    let values: Vec<String> = fields.iter().map(|field| format!("{field}={}", record[*field])).collect();
    values.join(" ")
}

fn amounts(item: &Value) -> String {
    let lines = |list: &str| {
        let lines = item["budget"][list].as_array().into_iter().flatten();
        lines
            .map(|line| format!("{}:{}", line["frequency"], line["amount_minor"]))
            .collect::<Vec<_>>()
            .join(",")
    };
    format!("{} / {}", lines("one_time"), lines("recurring"))
}

fn sum(lines: &Value) -> i64 {
    lines.as_array().into_iter().flatten().filter_map(|line| line["amount_minor"].as_i64()).sum()
}

/// The day of one of Halo's zone-less instants that people meant as a day: all of this world's are at local noon, which
/// is the same day in UTC.
fn day(instant: &Value) -> String {
    let text = instant.as_str().unwrap_or_default();
    let day = text.split('T').next().unwrap_or_default();
    if day < "1981" { String::new() } else { day.to_owned() }
}
