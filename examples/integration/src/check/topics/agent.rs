//! What the API agent is, and the rights without which nothing can be read.

use crate::exit::Exit;

use super::{Group, READ, TOKEN, Topic};

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        code: "agent_not_api_only",
        group: Group::Agent,
        title: "The agent is for the API only",
        problem: "The agent is not for the API only",
        asks: "GET /Agent/me, isapiagent.",
        consequence: "The agent takes a licence, can log in as a person would, and may be given tickets that nobody \
                      looks at.",
        fix: "Halo: Configuration > Teams & Agents > Agents, open the API agent: tick \"Is an API-only Agent\", then \
              Save",
        class: Exit::Partial,
        needs: TOKEN,
    },
    Topic {
        code: "default_team_missing",
        group: Group::Agent,
        title: "The agent has a default team",
        problem: "The agent has no default team",
        asks: "GET /Agent/me, team; and whether GET /Agent lists anybody.",
        consequence: "Without a default team an agent cannot read the other agents: nobody can be made responsible \
                      for a ticket, and lists may be empty without an error.",
        fix: "Halo: Configuration > Teams & Agents > Agents, open the API agent: choose a Default team, then Save",
        class: Exit::Partial,
        needs: TOKEN,
    },
    Topic {
        code: "work_hours_not_full",
        group: Group::Agent,
        title: "The agent's work hours are 24 hours",
        problem: "The agent's work hours are not 24 hours",
        asks: "GET /Agent/me, workday_id; GET /Workday/ID.",
        consequence: "Halo counts response times and schedules by the agent's hours: what the sync does at night may be dated to the morning.",
        fix: "Halo: Configuration > Teams & Agents > Agents, open the API agent: set Work Hours to 24 Hours, then Save",
        class: Exit::Partial,
        needs: TOKEN,
    },
    Topic {
        code: "teams_scope_missing",
        group: Group::Agent,
        title: "Halo shows the teams to this token",
        problem: "Halo refuses the list of teams to this token",
        asks: "GET /Team.",
        consequence: "Teams cannot be read: new tickets cannot be given to one, and nobody can tell which tickets are hidden.",
        fix: "Halo: Configuration > Integrations > HaloPSA API > View Applications, open the application, Permissions tab: tick all:teams, Save, copy the Client ID again, and write scopes = [\"all:standard\", \"all:teams\"] under [halo]",
        class: Exit::Credentials,
        needs: TOKEN,
    },
    Topic {
        code: "customers_right_missing",
        group: Group::Agent,
        title: "The role may read customers",
        problem: "The role may not read customers",
        asks: "GET /Client and GET /Site, one row each.",
        consequence: "Clients cannot be matched, and without its client no ticket can be made.",
        fix: "Halo: Configuration > Teams & Agents > Roles, open the agent's role, Permission tab, Edit: set Customers to Read Only, then Save",
        class: Exit::Partial,
        needs: TOKEN,
    },
    Topic {
        code: "halo_unreadable",
        group: Group::Agent,
        title: "The agent may read types, statuses, agents, teams and clients",
        problem: "The agent may not read all that the sync must know",
        asks: "The lists that the sync itself reads, in the sync's own way.",
        consequence: "The sync cannot read what it must know, and stops before it writes anything.",
        fix: "Halo: Configuration > Teams & Agents > Roles, open the agent's role, Permissions: set Customers to Read \
              Only and Tickets to Read and Modify; where teams are refused, tick all:teams on the application's \
              Permissions tab",
        class: Exit::Partial,
        needs: &[
            "scope_missing",
            "resource_server_unreachable",
            "login_type_not_agent",
            "teams_scope_missing",
            "customers_right_missing",
        ],
    },
    Topic {
        code: "tickets_right_missing",
        group: Group::Agent,
        title: "The role may read and modify tickets",
        problem: "The role may not read and modify tickets",
        asks: "GET /Projects, one row; GET /TicketType?can_edit_only=true names project types.",
        consequence: "Projects are refused, or can be read and not written: creates and updates fail.",
        fix: "Halo: Configuration > Teams & Agents > Roles, open the agent's role, Permission tab, Edit: set Tickets, and Projects where it is shown, to Read and Modify, then Save",
        class: Exit::Partial,
        needs: READ,
    },
    Topic {
        code: "sales_right_missing",
        group: Group::Agent,
        title: "The role may read and modify sales",
        problem: "The role may not read and modify sales",
        asks: "GET /Opportunities, one row; GET /TicketType?can_edit_only=true names sales types.",
        consequence: "Opportunities are refused, or can be read and not written: qualified items get no opportunity.",
        fix: "Halo: Configuration > Teams & Agents > Roles, open the agent's role, Permission tab, Edit: set Sales (Opportunities) to Read and Modify, then Save",
        class: Exit::Partial,
        needs: READ,
    },
];
