//! The calendar: appointments, tasks, timesheets, to-do lists.

use rest_core::lean;
use rest_core::record::{Decimal, Record};

use super::{Agent, Client, Site, Team, Ticket, TicketType, User};
use crate::Id;
use crate::id::{assigned, positive};
use crate::value::{Time, set_time};

lean! {
    /// An appointment, or a task of the calendar. Its id may change when it is updated: take the reply's
    /// (observed by a public client in production).
    pub struct Appointment as "appointment" {
        /// Its id.
        id: Id<Appointment> = "id",
        /// Its title.
        subject: String = "subject",
        /// When it begins.
        start_date: Time = "start_date" via set_time,
        /// When it ends.
        end_date: Time = "end_date" via set_time,
        /// Whether it takes the whole day.
        allday: bool = "allday",
        /// Whether it is a task.
        is_task: bool = "is_task",
        /// Whether others do not see what it is.
        is_private: bool = "is_private",
        /// Whose it is.
        agent_id: Id<Agent> = "agent_id" via assigned,
        /// Their name.
        agent_name: String = "agent_name",
        /// The ticket it belongs to.
        ticket_id: Id<Ticket> = "ticket_id" via positive,
        /// The client; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        client_name: String = "client_name",
        /// The site.
        site_id: Id<Site> = "site_id" via positive,
        /// Whom it is with.
        user_id: Id<User> = "user_id" via positive,
        /// Their name.
        user_name: String = "user_name",
        /// The team.
        team_id: Id<Team> = "team_id" via positive,
        /// Its type; on the detail.
        appointment_type_id: i64 = "appointment_type_id",
        /// The type's name.
        appointment_type_name: String = "appointment_type_name",
        /// Whether it was done, as a number; to complete it, 0 is written.
        complete_status: i64 = "complete_status",
        /// When it was done; on the detail.
        complete_date: Time = "complete_date" via set_time,
        /// Hours it took; on the detail.
        complete_timetaken: Decimal = "complete_timetaken",
        /// Where it takes place.
        appointment_location_name: String = "appointment_location_name",
        /// Where to join it.
        online_meeting_url: String = "online_meeting_url",
        /// What it says about it; on the detail.
        note: String = "note",
        /// Who takes part; on the detail.
        agents: Vec<Record<Agent>> = "agents",
        /// When it was last changed.
        last_modified: Time = "last_modified" via set_time,
        /// What the server did not like although it answered with success.
        warning: String = "_warning",
    }

    /// An agent's day.
    pub struct Timesheet as "timesheet" {
        /// Its id.
        id: Id<Timesheet> = "id",
        /// The agent.
        agent_id: Id<Agent> = "agent_id" via assigned,
        /// The agent's name.
        agent_name: String = "agent_name",
        /// The day.
        date: Time = "date" via set_time,
        /// When work began.
        start_time: Time = "start_time" via set_time,
        /// When it ended.
        end_time: Time = "end_time" via set_time,
        /// Hours to be worked.
        target_hours: Decimal = "target_hours",
        /// Hours worked.
        actual_hours: Decimal = "actual_hours",
        /// Hours that can be charged.
        chargeable_hours: Decimal = "chargeable_hours",
        /// Hours of breaks.
        break_hours: Decimal = "break_hours",
        /// Hours without an entry.
        unlogged_hours: Decimal = "unlogged_hours",
        /// Its entries; on the detail.
        events: Vec<Record<TimesheetEvent>> = "events",
    }

    /// An entry of a timesheet. Lists give all of them the id 0, so agent and beginning name one (observed by a
    /// public client).
    pub struct TimesheetEvent as "timesheet event" {
        /// Its id; none on lists, where Halo writes 0.
        id: Id<TimesheetEvent> = "id" via positive,
        /// Its kind as a number; 0 is time on a ticket.
        event_type: i64 = "event_type",
        /// Its title.
        subject: String = "subject",
        /// The agent.
        agent_id: Id<Agent> = "agent_id" via assigned,
        /// When it begins.
        start_date: Time = "start_date" via set_time,
        /// When it ends.
        end_date: Time = "end_date" via set_time,
        /// Hours it took.
        timetaken: Decimal = "timetaken",
        /// The ticket.
        ticket_id: Id<Ticket> = "ticket_id" via positive,
        /// The action on that ticket.
        action_number: i64 = "action_number",
        /// The ticket's type.
        tickettype_id: Id<TicketType> = "tickettype_id" via positive,
        /// The client; none for the "unknown" client with id 1.
        client_id: Id<Client> = "client_id" via assigned,
        /// The client's name.
        customer: String = "customer",
        /// What it says about it.
        note: String = "note",
        /// How it is charged, as a number.
        charge_rate: i64 = "charge_rate",
    }

    /// A line of a ticket's to-do list. Halo's `FaultToDo`.
    pub struct TicketToDo as "to-do" {
        /// Its id.
        id: Id<TicketToDo> = "id",
        /// The ticket.
        ticket_id: Id<Ticket> = "ticket_id" via positive,
        /// What is to be done.
        text: String = "text",
        /// Whether it was done.
        done: bool = "done",
        /// Who did it.
        done_by_id: Id<Agent> = "done_by_id" via assigned,
        /// Their name.
        done_by_name: String = "done_by_name",
        /// When to begin.
        start_date: Time = "start_date" via set_time,
        /// When to be done.
        end_date: Time = "end_date" via set_time,
        /// Its place.
        sequence: i64 = "sequence",
        /// The group it stands in.
        group_name: String = "group_name",
    }
}
