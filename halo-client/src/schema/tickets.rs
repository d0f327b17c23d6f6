//! Tickets, which projects and opportunities are too, and what hangs on them.

use rest_core::lean;
use rest_core::record::{Decimal, Record};

use super::{
    Agent, AuthorKind, BudgetType, Client, CustomField, Department, ExternalLink, Outcome, Site, Sla, Status,
    TicketType, User,
};
use crate::Id;
use crate::id::{assigned, not_negative, positive};
use crate::value::{Time, set_time};

lean! {
    /// A ticket: a service ticket, a project, a project task or an opportunity. Halo's `Faults`.
    pub struct Ticket as "ticket" {
        /// Its id.
        id: Id<Ticket> = "id",
        /// Its title.
        summary: String = "summary",
        /// Its description as text.
        details: String = "details",
        /// Its description as HTML; on the detail only.
        details_html: String = "details_html",
        /// Its type, which decides whether it is a project or an opportunity.
        tickettype_id: Id<TicketType> = "tickettype_id",
        /// Its status.
        status_id: Id<Status> = "status_id",
        /// The status' name, where the server joins it.
        status_name: String = "status_name",
        /// The client; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        client_name: String = "client_name",
        /// The site.
        site_id: Id<Site> = "site_id" via positive,
        /// The requester.
        user_id: Id<User> = "user_id",
        /// The requester's name.
        user_name: String = "user_name",
        /// The requester's address.
        user_email: String = "user_email" | "useremail",
        /// Who works on it; none for the "unassigned" agent with id 1.
        agent_id: Id<Agent> = "agent_id" via assigned,
        /// The team, by its name: tickets carry no team id.
        team: String = "team",
        /// The department.
        department_id: Id<Department> = "department_id" via positive,
        /// The number of its priority, unique within its SLA.
        priority_id: i64 = "priority_id",
        /// Its SLA; none where Halo writes -1.
        sla_id: Id<Sla> = "sla_id" via not_negative,
        /// First category.
        category_1: String = "category_1" | "category1",
        /// When it was opened.
        dateoccurred: Time = "dateoccurred" via set_time,
        /// When it was last changed.
        last_update: Time = "last_update" | "lastupdate" via set_time,
        /// When it was closed.
        dateclosed: Time = "dateclosed" via set_time,
        /// Whether it has been closed.
        hasbeenclosed: bool = "hasbeenclosed",
        /// Whether it was deleted.
        deleted: bool = "deleted",
        /// Start, for projects.
        startdate: Time = "startdate" via set_time,
        /// Target.
        targetdate: Time = "targetdate" via set_time,
        /// Deadline.
        deadlinedate: Time = "deadlinedate" via set_time,
        /// The ticket above it.
        parent_id: Id<Ticket> = "parent_id" via positive,
        /// The ticket it was made from, such as the opportunity of a project.
        createdfrom_id: Id<Ticket> = "createdfrom_id" via positive,
        /// The ticket it was merged into.
        merged_into_id: Id<Ticket> = "merged_into_id" via positive,
        /// The customer's reference.
        client_reference: String = "client_reference",
        /// Whether it is a project; on the detail.
        is_project: bool = "is_project",
        /// Whether it is an opportunity; on the detail.
        is_opportunity: bool = "is_opportunity",
        /// Estimated hours.
        estimate: Decimal = "estimate",
        /// Value of an opportunity.
        oppvalue: Decimal = "oppvalue",
        /// Its one-time part.
        oppvalue_oneoff: Decimal = "oppvalue_oneoff",
        /// Its monthly part.
        oppvalue_monthly: Decimal = "oppvalue_monthly",
        /// Its annual part.
        oppvalue_annual: Decimal = "oppvalue_annual",
        /// Its probability in percent.
        oppconversionprobability: Decimal = "oppconversionprobability",
        /// Money budget of a project.
        projectmoneybudget: Decimal = "projectmoneybudget",
        /// Time budget of a project in hours.
        projecttimebudget: Decimal = "projecttimebudget",
        /// How many quotations refer to it.
        quotation_count: i64 = "quotation_count",
        /// How many sales orders refer to it.
        salesorder_count: i64 = "salesorder_count",
        /// Where an agent opens it.
        web_url: String = "web_url",
        /// Custom fields; on the detail, and on lists that ask for them.
        customfields: Vec<Record<CustomField>> = "customfields",
        /// Budget lines of a project; on the detail.
        budgets: Vec<Record<TicketBudget>> = "budgets",
        /// Milestones of a project; on the detail.
        milestones: Vec<Record<Milestone>> = "milestones",
        /// Records of other systems it is linked to; on the detail.
        external_links: Vec<Record<ExternalLink>> = "external_links",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// One budget line of a project. Halo's `FaultBudget`.
    pub struct TicketBudget as "ticket budget" {
        /// Its id.
        id: i64 = "id",
        /// The project.
        ticket_id: Id<Ticket> = "ticket_id",
        /// What the budget is for.
        budgettype_id: Id<BudgetType> = "budgettype_id",
        /// The name of that.
        budgettype_name: String = "budgettype_name",
        /// Budgeted hours.
        hours: Decimal = "hours",
        /// Budgeted money.
        money: Decimal = "money",
        /// Price of an hour.
        rate: Decimal = "rate",
        /// Hours spent.
        actual_hours: Decimal = "actual_hours",
        /// Money spent.
        actual_money: Decimal = "actual_money",
    }

    /// A milestone of a project. Halo's `MileStone`.
    pub struct Milestone as "milestone" {
        /// Its id.
        id: i64 = "id",
        /// The project; negative for project templates.
        ticket_id: Id<Ticket> = "ticket_id",
        /// Its name.
        name: String = "name",
        /// Its place.
        sequence: i64 = "sequence",
        /// Start.
        start_date: Time = "start_date" via set_time,
        /// Target.
        target_date: Time = "target_date" via set_time,
    }

    /// A note, e-mail or time entry on a ticket. Halo's `Actions`.
    pub struct Action as "action" {
        /// Its number on its ticket; numbers start anew on every ticket.
        id: i64 = "id",
        /// The ticket.
        ticket_id: Id<Ticket> = "ticket_id",
        /// What was done, by name.
        outcome: String = "outcome",
        /// What was done.
        outcome_id: Id<Outcome> = "outcome_id",
        /// Who did it, by name (not in Halo's document; observed by a public client).
        who: String = "who",
        /// 0 an agent, 1 a user.
        who_type: i64 = "who_type",
        /// Who did it, if an agent.
        who_agentid: Id<Agent> = "who_agentid" via assigned,
        /// When.
        datetime: Time = "datetime" via set_time,
        /// The text.
        note: String = "note",
        /// The text as HTML, where asked for.
        note_html: String = "note_html",
        /// Whether customers do not see it.
        hiddenfromuser: bool = "hiddenfromuser",
        /// Whether it was mailed.
        sendemail: bool = "sendemail",
        /// The status before.
        old_status: Id<Status> = "old_status",
        /// The status after.
        new_status: Id<Status> = "new_status",
        /// Hours spent.
        timetaken: Decimal = "timetaken",
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }
}

impl Action {
    /// Whether an agent or a user wrote it.
    pub fn author_kind(&self) -> Option<AuthorKind> {
        self.who_type.map(Into::into)
    }
}
