//! What the settings name.

use crate::exit::Exit;

use super::{Group, READ, TYPES, Topic};

pub(super) const TOPICS: &[Topic] = &[
    Topic {
        code: "time_zone_missing",
        group: Group::Settings,
        title: "Both sides' days are known",
        problem: "The days of one side are not known, for want of a time zone",
        asks: "halo.time_zone, and the time zone of HumanizeIT's account (GET /account).",
        consequence: "A date without a zone can be a day early or late on the other side.",
        fix: "set halo.time_zone to the IANA name of the tenant's zone, such as Europe/London; choose a time zone \
              in HumanizeIT's account settings",
        class: Exit::Configuration,
        needs: &["hit_credentials_refused"],
    },
    Topic {
        code: "time_zone_unequal",
        group: Group::Settings,
        title: "Both sides' days are those of the same zone",
        problem: "Both sides' days are those of different zones",
        asks: "halo.time_zone, and the time zone of HumanizeIT's account (GET /account).",
        consequence: "Dates themselves are carried over exactly, but \"today\" ends at different times: what is due or overdue near midnight differs.",
        fix: "set halo.time_zone to the zone in which this tenant's days are meant; choose the same in HumanizeIT's account settings",
        class: Exit::Configuration,
        needs: &["time_zone_missing"],
    },
    Topic {
        code: "currency_unequal",
        group: Group::Settings,
        title: "Both sides count in the same currency",
        problem: "The two sides do not count in the same currency for certain",
        asks: "halo.currency and hit.currency, the currency of HumanizeIT's account (GET /account), and Halo's own \
               (GET /Currency) where it may be read.",
        consequence: "Budgets are left out of the sync: a number in another currency is another amount.",
        fix: "set halo.currency and hit.currency to what each side really counts in; budgets are synced when they are \
              the same",
        class: Exit::Configuration,
        needs: &["hit_credentials_refused"],
    },
    Topic {
        code: "ticket_type_missing",
        group: Group::Settings,
        title: "The chosen ticket types exist and the agent may see them",
        problem: "A chosen ticket type does not exist, or is hidden from the agent",
        asks: "GET /TicketType.",
        consequence: "Nothing of that kind can be created or followed.",
        fix: "choose another type in [project_settings], or Halo: Configuration > Tickets > Ticket Types: let the \
              agent's role use the type",
        class: Exit::Configuration,
        needs: READ,
    },
    Topic {
        code: "ticket_type_wrong_use",
        group: Group::Settings,
        title: "The chosen ticket types are sales and project types",
        problem: "A chosen ticket type is not a sales or project type",
        asks: "GET /TicketType, its use and ITIL type.",
        consequence: "Its tickets are neither opportunities nor projects, and are not synced.",
        fix: "choose a sales or project type in [project_settings], or Halo: Configuration > Tickets > Ticket Types, \
              open the type: set Use to Projects or Opportunities",
        class: Exit::Configuration,
        needs: READ,
    },
    Topic {
        code: "status_map_missing",
        group: Group::Settings,
        title: "Every followed type has a status map",
        problem: "A followed type has no status map",
        asks: "[status_map], held against followed_types and create_type.",
        consequence: "The status of its tickets is not carried over in either direction.",
        fix: "write [status_map.ID.to_halo] and [status_map.ID.to_hit] for the type (HumanizeIT: Halo Status map)",
        class: Exit::Configuration,
        needs: TYPES,
    },
    Topic {
        code: "status_not_of_type",
        group: Group::Settings,
        title: "Every mapped status belongs to its ticket type",
        problem: "A mapped status does not belong to its ticket type",
        asks: "GET /Status?tickettype_id=ID for each followed type.",
        consequence: "Halo refuses that status on such tickets: these items' status is not carried over.",
        fix: "choose one of the type's statuses in [status_map], or Halo: Configuration > Tickets > Ticket Types, \
              open the type, Allowed Values: allow the status",
        class: Exit::Configuration,
        needs: TYPES,
    },
    Topic {
        code: "outcome_not_of_type",
        group: Group::Settings,
        title: "Every action that sets a status belongs to its ticket type and sets that status",
        problem: "An action that sets a status does not fit its row",
        asks: "GET /Outcome?tickettype_id=ID for each followed type.",
        consequence: "The action is refused or sets another status: these items' status is not carried over.",
        fix: "choose one of the type's outcomes in [status_map], or Halo: Configuration > Tickets > Ticket Types, open the type, Allowed Values: allow the action",
        class: Exit::Configuration,
        needs: TYPES,
    },
    Topic {
        code: "assignee_not_of_type",
        group: Group::Settings,
        title: "The default agents may be responsible for their ticket types",
        problem: "A default agent may not be responsible for the ticket type",
        asks: "GET /Agent?tickettype_id=ID for each followed type.",
        consequence: "Halo refuses the ticket, or leaves it without anybody responsible.",
        fix: "choose another default_agent in [project_settings], or Halo: Configuration > Tickets > Ticket Types, \
              open the type, Allowed Values: allow the agent's team",
        class: Exit::Configuration,
        needs: &[
            "scope_missing",
            "resource_server_unreachable",
            "halo_unreadable",
            "default_team_missing",
            "ticket_type_missing",
            "ticket_type_wrong_use",
        ],
    },
    Topic {
        code: "team_not_of_type",
        group: Group::Settings,
        title: "The chosen teams may have tickets of their types",
        problem: "A chosen team may not have tickets of the type",
        asks: "GET /Team, and the teams of the type.",
        consequence: "Halo puts the ticket into another team, where our agent may not see it.",
        fix: "choose another team in [project_settings], or Halo: Configuration > Tickets > Ticket Types, open the type, Allowed Values: allow the team",
        class: Exit::Configuration,
        needs: TYPES,
    },
    Topic {
        code: "mandatory_field_without_constant",
        group: Group::Settings,
        title: "Every field that the ticket type demands has a value",
        problem: "A field that the ticket type demands has no value",
        asks: "GET /TicketType/ID with its fields.",
        consequence: "Halo refuses every new ticket of that type.",
        fix: "give the field a value under required_values in [project_settings], or Halo: Configuration > Tickets > \
              Ticket Types, open the type, Field List: make the field optional for new tickets",
        class: Exit::Configuration,
        needs: TYPES,
    },
];
