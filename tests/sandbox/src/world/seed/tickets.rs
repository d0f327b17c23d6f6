//! Halo's tickets of all kinds, with actions and attachments.

use serde_json::{Value, json};

use super::super::clock::{DAY, Millis, SEED_END, date_text, zoneless};
use super::super::state::HaloSide;
use super::super::store::{Key, Row, int};
use super::catalogue::row;
use super::names::{INCIDENTS, REQUESTS, ROADMAP};
use super::people::{Client, past};

/// The first ticket's number.
const FIRST_TICKET: i64 = 1_000;

/// What the kind of a ticket settles.
struct Kind<'a> {
    id: i64,
    status: i64,
    team: &'a str,
    agents: &'a [i64],
}

/// Draws tickets one after another.
pub(super) struct Tickets<'a> {
    pub(super) halo: &'a mut HaloSide,
    pub(super) random: &'a mut fastrand::Rng,
    next: i64,
    next_attachment: i64,
    opportunities: usize,
    projects: usize,
}

impl<'a> Tickets<'a> {
    pub(super) fn new(halo: &'a mut HaloSide, random: &'a mut fastrand::Rng) -> Self {
        Self { halo, random, next: FIRST_TICKET, next_attachment: 0, opportunities: 0, projects: 0 }
    }

    /// Makes tickets until there are `count`: of a hundred about seven opportunities, five projects, three tasks,
    /// the rest service.
    pub(super) fn fill(&mut self, clients: &[Client], count: usize) {
        let left = count.saturating_sub(self.halo.tickets.len());
        let opportunities = (count * 11 / 150).saturating_sub(self.opportunities).min(left);
        let projects = (count * 7 / 150).saturating_sub(self.projects).min(left - opportunities);
        let tasks = (count * 4 / 150).min(left - opportunities - projects);
        let service = left - opportunities - projects - tasks;
        let mut parents = Vec::new();
        for n in 0..left {
            let client = &clients[1 + self.random.usize(..clients.len() - 1)];
            if n < service {
                self.service(client);
            } else if n < service + opportunities {
                self.opportunity(client, None, None);
            } else if n < service + opportunities + projects {
                parents.push(self.project(client, None, None));
            } else if !parents.is_empty() {
                let parent = parents[self.random.usize(..parents.len())];
                self.task(parent);
            } else {
                self.service(client);
            }
        }
    }

    fn pick<'b>(&mut self, from: &'b [&'b str]) -> &'b str {
        from[self.random.usize(..from.len())]
    }

    fn base(&mut self, client: &Client, summary: &str, at: Millis, kind: &Kind<'_>) -> Row {
        let &Kind { id: kind, status, team, agents } = kind;
        self.next += 1 + self.random.i64(0..2);
        let agent = if self.random.u8(..5) == 0 { 1 } else { agents[self.random.usize(..agents.len())] };
        let general = client.users.is_empty() || self.random.u8(..6) == 0;
        let user = if general {
            client.users.first().map_or(0, |first| first - 1)
        } else {
            client.users[self.random.usize(..client.users.len())]
        };
        let closed = matches!(status, 9 | 24 | 25 | 35 | 36);
        let touched = (at + self.random.i64(0..20 * DAY)).min(SEED_END);
        let mut made = row(
            json!({"id": self.next, "summary": summary, "details": summary, "tickettype_id": kind, "status_id": status,
            "client_id": client.id, "site_id": client.site, "user_id": user, "agent_id": agent, "team": team, "sla_id": 1,
            "priority_id": 2 + self.random.i64(0..3), "source": self.random.i64(0..5), "dateoccurred": zoneless(at),
            "datecreated": zoneless(at), "last_update": zoneless(touched), "lastactiondate": zoneless(touched),
            "hasbeenclosed": closed}),
        );
        if closed {
            made.insert("dateclosed".into(), json!(zoneless(touched)));
        }
        made
    }

    fn put(&mut self, mut ticket: Row) -> i64 {
        let id = int(&ticket, "id");
        let at = ticket.get("dateoccurred").cloned().unwrap_or(Value::Null);
        let mut first = row(
            json!({"id": 1, "ticket_id": id, "outcome": "Logged", "outcome_id": 0, "who": "Robin Ellis", "who_type": 0,
            "who_agentid": 3, "datetime": at, "note": ticket.get("summary"), "hiddenfromuser": false, "new_status": ticket.get("status_id")}),
        );
        first.insert("actiondatecreated".into(), at.clone());
        let mut actions = vec![first];
        for n in 0..self.random.i64(0..3) {
            actions.push(row(json!({"id": n + 2, "ticket_id": id, "outcome": "Private Note", "outcome_id": 7, "who": "Sam Okoro",
                "who_type": 0, "who_agentid": 4, "datetime": ticket.get("last_update"), "note": "Looked into it.",
                "hiddenfromuser": true, "timetaken": 0.25})));
        }
        self.halo.actions.insert(id, actions);
        if self.random.u8(..12) == 0 {
            self.next_attachment += 1;
            ticket.insert("attachment_count".into(), json!(1));
            let attachment = row(
                json!({"id": self.next_attachment, "filename": "notes.txt", "ticket_id": id, "unique_id": id, "type": 0,
                "datecreated": at, "filesize": 17, "content_type": "text/plain", "isimage": false, "showforusers": true,
                "desc": "", "_data": "Tm90ZXMgb24gdGhlIGpvYi4="}),
            );
            self.halo.root_mut("attachment").put(Key::Int(self.next_attachment), attachment);
        }
        self.halo.tickets.put(Key::Int(id), ticket);
        id
    }

    fn service(&mut self, client: &Client) -> i64 {
        let (kind, names) = match self.random.u8(..10) {
            0..=6 => (1, INCIDENTS),
            7 | 8 => (3, REQUESTS),
            _ => (4, &["Firewall rule change", "Firmware update", "Move a virtual machine"][..]),
        };
        let summary = self.pick(names).to_owned();
        let at = past(self.random, 700);
        let old = at < SEED_END - 30 * DAY;
        let status = match self.random.u8(..10) {
            0..=7 if old => 9,
            0 | 1 => 1,
            2 => 4,
            3 => 5,
            _ => 2,
        };
        let team = if kind == 4 { "Escalations" } else { "Service Desk" };
        let status = if kind == 4 && status == 4 { 10 } else { status };
        let mut ticket =
            self.base(client, &summary, at, &Kind { id: kind, status, team, agents: &[4, 5, 6, 10, 12] });
        ticket.insert(
            "category_1".into(),
            json!(self.pick(&["Hardware>Printer", "Software>Office", "Security", "Account"])),
        );
        ticket.insert("categoryid_1".into(), json!(0));
        ticket.insert("impact".into(), json!(3));
        ticket.insert("urgency".into(), json!(2));
        self.put(ticket)
    }

    /// An opportunity, named and in the status given or drawn.
    pub(super) fn opportunity(&mut self, client: &Client, name: Option<&str>, status: Option<i64>) -> i64 {
        self.opportunities += 1;
        let kind = if name.is_none() && self.random.u8(..4) == 0 { 22 } else { 21 };
        let summary = name.map_or_else(|| self.pick(ROADMAP).to_owned(), str::to_owned);
        let at = past(self.random, 300);
        let status = status.unwrap_or_else(|| {
            let all: &[i64] = if kind == 22 { &[20, 22, 24, 25] } else { &[20, 21, 21, 22, 23, 24, 25] };
            all[self.random.usize(..all.len())]
        });
        let mut ticket =
            self.base(client, &summary, at, &Kind { id: kind, status, team: "Sales", agents: &[7, 8] });
        let one_off = money(self.random.i64(10..400));
        let monthly = money(if self.random.bool() { self.random.i64(0..20) } else { 0 });
        ticket.insert(
            "targetdate".into(),
            json!(format!("{}T17:00:00", date_text(SEED_END + self.random.i64(-60..240) * DAY))),
        );
        ticket.insert("oppvalue_oneoff".into(), json!(one_off));
        ticket.insert("oppvalue_monthly".into(), json!(monthly));
        ticket.insert("oppvalue_annual".into(), json!(0.0));
        ticket.insert("oppvalue".into(), json!(one_off + monthly));
        ticket.insert("oppconversionprobability".into(), json!(if status == 24 { 100.0 } else { 50.0 }));
        ticket.insert(
            "customfields".into(),
            json!([{"id": 101, "value": self.pick(&["Security", "Productivity", "Resilience"])}]),
        );
        if status == 24 {
            let closed = ticket.get("dateclosed").cloned().unwrap_or(Value::Null);
            ticket.insert("oppconverteddate".into(), closed);
            ticket.insert("oppclosurecategory".into(), json!(1));
        }
        if status == 22 {
            ticket.insert("quotation_count".into(), json!(1));
        }
        if kind == 21 {
            let step = match status {
                20 => (1, "Lead"),
                21 => (2, "Qualified"),
                24 => (4, "Won"),
                25 => (5, "Lost"),
                _ => (3, "Proposal"),
            };
            ticket.insert("workflow_id".into(), json!(2));
            ticket.insert("workflow_step".into(), json!(step.0));
            ticket.insert("workflow_stage".into(), json!(step.1));
            ticket.insert("pipeline_stage_id".into(), json!(step.0));
            ticket.insert("pipeline_stage_name".into(), json!(step.1));
        }
        self.put(ticket)
    }

    /// A project, named and in the status given or drawn.
    pub(super) fn project(&mut self, client: &Client, name: Option<&str>, status: Option<i64>) -> i64 {
        self.projects += 1;
        let kind = if name.is_some() { 31 } else { [31, 31, 31, 32, 33][self.random.usize(..5)] };
        let summary = name.map_or_else(|| self.pick(ROADMAP).to_owned(), str::to_owned);
        let at = past(self.random, 400);
        let status = status.unwrap_or_else(|| {
            let all: &[i64] = match kind {
                31 => &[30, 31, 32, 32, 33, 34, 35, 36],
                32 => &[30, 32, 35, 5],
                _ => &[1, 30, 32, 34, 35],
            };
            all[self.random.usize(..all.len())]
        });
        let mut ticket = self.base(
            client,
            &summary,
            at,
            &Kind { id: kind, status, team: "Projects", agents: &[9, 10, 11] },
        );
        let start = SEED_END + self.random.i64(-120..60) * DAY;
        let end = start + self.random.i64(14..150) * DAY;
        let hours = self.random.i64(2..60);
        let budget = money(self.random.i64(10..400));
        ticket.insert("startdate".into(), json!(format!("{}T17:00:00", date_text(start))));
        ticket.insert("targetdate".into(), json!(format!("{}T17:00:00", date_text(end))));
        ticket.insert("projecttimebudget".into(), json!(whole(hours)));
        ticket.insert("projectmoneybudget".into(), json!(budget));
        ticket.insert("estimate".into(), json!(whole(hours)));
        ticket.insert(
            "customfields".into(),
            json!([{"id": 102, "value": 1 + self.random.i64(0..3)}, {"id": 104, "value": self.random.bool()}, {"id": 106, "value": format!("CC-{}", self.random.u16(100..999))}]),
        );
        if self.random.u8(..3) == 0 {
            let id = self.next;
            ticket.insert(
                "budgets".into(),
                json!([{"id": id, "ticket_id": id, "budgettype_id": 1, "budgettype_name": "Labour", "hours": whole(hours), "rate": 150.0, "money": whole(hours) * 150.0}]),
            );
            ticket.insert("projectmoneybudget".into(), json!(whole(hours) * 150.0));
        }
        if kind == 31 {
            let step = match status {
                30 | 31 => (1, "Plan"),
                33 => (3, "Review"),
                35 | 36 => (4, "Done"),
                _ => (2, "Deliver"),
            };
            ticket.insert("workflow_id".into(), json!(3));
            ticket.insert("workflow_step".into(), json!(step.0));
            ticket.insert("workflow_stage".into(), json!(step.1));
        }
        self.put(ticket)
    }

    fn task(&mut self, parent: i64) -> i64 {
        let Some(project) = self.halo.tickets.by_id(parent).cloned() else { return 0 };
        let client = Client {
            id: int(&project, "client_id"),
            name: String::new(),
            plain: String::new(),
            domain: String::new(),
            site: int(&project, "site_id"),
            users: vec![int(&project, "user_id")],
            open: true,
        };
        let summary = self
            .pick(&[
                "Survey the site",
                "Order equipment",
                "Configure",
                "Test with users",
                "Cut over",
                "Document",
            ])
            .to_owned();
        let at = past(self.random, 100);
        let status = [1, 2, 9][self.random.usize(..3)];
        let mut ticket = self.base(
            &client,
            &summary,
            at,
            &Kind { id: 34, status, team: "Projects", agents: &[9, 10, 11] },
        );
        ticket.insert("parent_id".into(), json!(parent));
        ticket.insert("user_id".into(), project.get("user_id").cloned().unwrap_or(json!(0)));
        let id = self.put(ticket);
        if let Some(project) = self.halo.tickets.by_id_mut(parent) {
            match project.get_mut("child_ticket_ids") {
                Some(Value::Array(ids)) => ids.push(json!(id)),
                _ => {
                    project.insert("child_ticket_ids".into(), json!([id]));
                }
            }
        }
        id
    }
}

/// Hundreds as money.
fn money(hundreds: i64) -> f64 {
    whole(hundreds * 100)
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn whole(n: i64) -> f64 {
    n as f64
}
