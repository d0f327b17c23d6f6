//! What an administrator sets up: ticket types, statuses, priorities, outcomes, workflows.

use rest_core::lean;
use rest_core::record::Record;

use super::{Agent, BudgetType, ItilType};
use crate::Id;
use crate::id::{assigned, not_negative, positive};

lean! {
    /// A type of ticket. Halo's `RequestType`.
    pub struct TicketType as "ticket type" {
        /// Its id.
        id: Id<TicketType> = "id",
        /// Its name.
        name: String = "name",
        /// What its tickets are: service tickets, opportunities, projects.
        use_: String = "use",
        /// ITIL type as a number; see [`ItilType`].
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
        default_sla: Id<Sla> = "default_sla" | "default_sla_id" via not_negative,
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
        slaid: Id<Sla> = "slaid",
        /// The number that tickets carry, unique within the SLA.
        priorityid: i64 = "priorityid",
        /// Its name.
        name: String = "name",
        /// Whether it is hidden.
        ishidden: bool = "ishidden",
        /// Its colour.
        colour: String = "colour",
    }

    /// A service level agreement. Halo's `SlaHead`.
    pub struct Sla as "SLA" {
        /// Its id.
        id: Id<Sla> = "id",
        /// Its name.
        name: String = "name",
        /// Its working days.
        workday_id: i64 = "workday_id",
        /// The name of those.
        workday_name: String = "workday_name",
        /// Whether hours are those of the agent's place.
        hoursaretechslocaltime: bool = "hoursaretechslocaltime",
        /// Whether the time to the first response is counted.
        trackslaresponsetime: bool = "trackslaresponsetime",
        /// Whether the time to the end is counted.
        trackslafixbytime: bool = "trackslafixbytime",
        /// Its priorities; on the detail.
        priorities: Vec<Record<Priority>> = "priorities",
    }

    /// A category. Halo's `CategoryDetail`.
    pub struct Category as "category" {
        /// Its id.
        id: Id<Category> = "id",
        /// The text that tickets carry; levels are joined by `>`.
        value: String = "value",
        /// Its own name.
        category_name: String = "category_name",
        /// Which of a ticket's four categories it is for.
        type_id: i64 = "type_id",
        /// Its group.
        category_group_id: i64 = "category_group_id",
        /// The SLA it sets.
        sla_id: Id<Sla> = "sla_id" via positive,
        /// The number of the priority it sets, unique within its SLA.
        priority_id: i64 = "priority_id",
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

impl TicketType {
    /// What it is in the terms of ITIL: projects and their tasks can be told by it.
    pub fn itil(&self) -> Option<ItilType> {
        self.itilrequesttype.map(Into::into)
    }
}
