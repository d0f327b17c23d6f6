//! What an administrator sets up: ticket types, statuses, priorities, outcomes, workflows.

use rest_core::lean;
use rest_core::record::Record;

use super::{Agent, BudgetType};
use crate::Id;
use crate::id::{assigned, positive};

lean! {
    /// A type of ticket. Halo's `RequestType`.
    pub struct TicketType as "ticket type" {
        /// Its id.
        id: Id<TicketType> = "id",
        /// Its name.
        name: String = "name",
        /// What its tickets are: service tickets, opportunities, projects.
        use_: String = "use",
        /// ITIL type: 1 incident, 2 change, 3 service request, 4 problem, 20 quote, 21 advice, 22 project,
        /// 23 project task (observed by a public client).
        itilrequesttype: i64 = "itilrequesttype",
        /// Kind of project.
        project_type: i64 = "project_type",
        /// Its group.
        group_id: i64 = "group_id",
        /// The group's name.
        group_name: String = "group_name",
        /// Its place.
        sequence: i64 = "sequence",
        /// Whether it is shown.
        visible: bool = "visible",
        /// Whether the asking agent may create such tickets.
        cancreate: bool = "cancreate",
        /// Its default SLA.
        default_sla: i64 = "default_sla" | "default_sla_id",
        /// The agent new tickets get.
        default_agent: Id<Agent> = "default_agent" via assigned,
        /// The team new tickets get, by name.
        default_team: String = "default_team",
        /// The status new tickets get; on the detail.
        initial_status: Id<Status> = "initial_status" via positive,
        /// Its workflow; on the detail.
        workflow_id: Id<Workflow> = "workflow_id" via positive,
        /// The budget type of its projects; on the detail.
        default_budgettype_id: Id<BudgetType> = "default_budgettype_id" via positive,
        /// Whether all statuses are allowed; on the detail.
        allowall_status: bool = "allowall_status",
        /// The statuses allowed otherwise; on the detail.
        allowed_status: Vec<Record<TicketTypeStatus>> = "allowed_status",
        /// Whether all teams are allowed; on the detail.
        allowall_team: bool = "allowall_team",
        /// The fields its tickets show, and which of them are mandatory; on the detail.
        fields: Vec<Record<super::TicketTypeField>> = "fields",
    }

    /// A status that a ticket type allows. Halo's `RequestTypeStatus`.
    pub struct TicketTypeStatus as "ticket type's status" {
        /// The status.
        status_id: Id<Status> = "status_id",
        /// The status' name.
        status_name: String = "status_name",
    }

    /// A status of tickets, and of other things. Halo's `TStatus`.
    pub struct Status as "status" {
        /// Its id.
        id: Id<Status> = "id",
        /// Its name.
        name: String = "name",
        /// Its short name.
        shortname: String = "shortname",
        /// What it is a status of: 0 tickets (observed by a public client). The list's filter of the same
        /// name does not work; filter on this.
        type_: i64 = "type",
        /// Its place.
        sequence: i64 = "sequence",
        /// Its colour.
        colour: String = "colour",
        /// What it does to the SLA's clock.
        slaaction: String = "slaaction",
    }

    /// A priority within an SLA. Halo's `Policy`.
    pub struct Priority as "priority" {
        /// The row's id, a GUID. Tickets carry [`priorityid`](Priority::priorityid) instead.
        id: Id<Priority> = "id",
        /// The SLA.
        slaid: i64 = "slaid",
        /// The number that tickets carry, unique within the SLA.
        priorityid: i64 = "priorityid",
        /// Its name.
        name: String = "name",
        /// Whether it is hidden.
        ishidden: bool = "ishidden",
        /// Its colour.
        colour: String = "colour",
    }

    /// What an action can be: the buttons on a ticket. Halo's `TOutcome`.
    pub struct Outcome as "outcome" {
        /// Its id.
        id: Id<Outcome> = "id",
        /// Its name.
        outcome: String = "outcome",
        /// The button's text.
        buttonname: String = "buttonname",
        /// Whether it is hidden.
        hidden: bool = "hidden",
        /// Whether it mails.
        sendemail: i64 = "sendemail",
        /// Whether customers do not see it.
        hidefromuser: bool = "hidefromuser",
        /// The status it sets.
        newstatus: Id<Status> = "newstatus" via positive,
        /// Number of a built-in one.
        systemid: i64 = "systemid",
        /// Whether a note is mandatory.
        mustaddnote: bool = "mustaddnote",
    }

    /// A workflow. Halo's `FlowHeader`.
    pub struct Workflow as "workflow" {
        /// Its id.
        id: Id<Workflow> = "id",
        /// Its name.
        name: String = "name",
        /// Whether it is active.
        active: bool = "active",
        /// Whether it is not used.
        notinuse: bool = "notinuse",
        /// Its steps; on the detail.
        steps: Vec<Record<WorkflowStep>> = "steps",
        /// Actions that every step allows; on the detail.
        always_allow_actions: Vec<Record<Outcome>> = "always_allow_actions",
    }

    /// A step of a workflow. Halo's `FlowDetail`.
    pub struct WorkflowStep as "workflow step" {
        /// The row's id.
        fdid: i64 = "fdid",
        /// Its number in the workflow.
        step_id: i64 = "step_id",
        /// The workflow.
        flow_id: Id<Workflow> = "flow_id",
        /// Its name.
        name: String = "name",
        /// Whether it is the first.
        isstart: bool = "isstart",
        /// Whether it is a last one.
        isend: bool = "isend",
        /// What may be done in it.
        actions: Vec<Record<WorkflowStepAction>> = "actions",
        /// Whether it sets an opportunity's probability.
        overrideprobabiliywhenatthisstep: bool = "overrideprobabiliywhenatthisstep",
    }

    /// What may be done in a step. Halo's `FlowSubDetail`.
    pub struct WorkflowStepAction as "workflow step's action" {
        /// The row's id.
        id: i64 = "id",
        /// The outcome.
        action_id: Id<Outcome> = "action_id",
        /// The outcome's name.
        action_name: String = "action_name",
        /// The step it starts from.
        start_step: i64 = "start_step",
        /// The step it leads to.
        end_step: i64 = "end_step",
    }
}
