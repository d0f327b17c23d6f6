//! The preconditions: what each is, what follows when it does not hold, and where to click.
//!
//! Screens are named as the vendors' own pages name them: Halo's under Configuration, HumanizeIT's under
//! My Company > Integrations > HaloPSA.

use crate::exit::Exit;

/// A part of the setup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Addresses, credentials, scopes of HaloPSA.
    Halo,
    /// Address, key and settings of HumanizeIT.
    Hit,
    /// What the API agent is and may do.
    Agent,
    /// What the settings name.
    Settings,
    /// Which client is which.
    Clients,
}

impl Group {
    /// All of them, in order.
    pub const ALL: [Group; 5] = [Group::Halo, Group::Hit, Group::Agent, Group::Settings, Group::Clients];

    /// Its heading.
    #[must_use]
    pub const fn heading(self) -> &'static str {
        match self {
            Group::Halo => "Connection to HaloPSA",
            Group::Hit => "Connection to HumanizeIT",
            Group::Agent => "API agent and role",
            Group::Settings => "Settings",
            Group::Clients => "Clients",
        }
    }
}

/// A precondition.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// Its stable name.
    pub code: &'static str,
    /// The part of the setup.
    pub group: Group,
    /// The precondition as a sentence.
    pub title: &'static str,
    /// What is the case when it does not hold, as a sentence.
    pub problem: &'static str,
    /// How it is found out.
    pub asks: &'static str,
    /// What follows when it does not hold.
    pub consequence: &'static str,
    /// Where to click.
    pub fix: &'static str,
    /// The exit code of its class.
    pub class: Exit,
    /// What must hold before it can be asked; all of them stand before it in the table.
    pub needs: &'static [&'static str],
}

/// The topic of a code.
#[must_use]
pub fn topic(code: &str) -> Option<&'static Topic> {
    TOPICS.iter().find(|topic| topic.code == code)
}

/// A token was issued.
const TOKEN: &[&str] = &["scope_missing", "resource_server_unreachable"];
/// Halo's types and statuses could be read.
const READ: &[&str] = &["scope_missing", "resource_server_unreachable", "halo_unreadable"];
/// The followed types are there.
const TYPES: &[&str] = &[
    "scope_missing",
    "resource_server_unreachable",
    "halo_unreadable",
    "ticket_type_missing",
    "ticket_type_wrong_use",
];

/// All preconditions, in the order in which they are best put right.
pub const TOPICS: &[Topic] = &[
    Topic {
        code: "resource_server_misplaced_api",
        group: Group::Halo,
        title: "The resource server is an address that ends in /api",
        problem: "The resource server is not an address that ends in /api",
        asks: "Looks at halo.resource_server; nothing is sent.",
        consequence: "Nothing can be asked of Halo: every request would go to a place where its API is not.",
        fix: "Halo: Configuration > Integrations > HaloPSA API, API Details: copy Resource Server, which ends in \
              /api, into halo.resource_server (HumanizeIT calls it Tenant URL)",
        class: Exit::Address,
        needs: &[],
    },
    Topic {
        code: "authorisation_server_missing_auth",
        group: Group::Halo,
        title: "The authorisation server is an address that ends in /auth",
        problem: "The authorisation server is not an address that ends in /auth",
        asks: "Looks at halo.authorisation_server; nothing is sent.",
        consequence: "No token can be had: the credentials would go to a place that does not know them.",
        fix: "Halo: Configuration > Integrations > HaloPSA API, API Details: copy Authorisation Server, which ends in \
              /auth, into halo.authorisation_server (HumanizeIT calls it Authorization Server)",
        class: Exit::Address,
        needs: &[],
    },
    Topic {
        code: "resource_server_unreachable",
        group: Group::Halo,
        title: "Halo's API answers at the resource server",
        problem: "Halo's API does not answer at the resource server",
        asks: "GET /AuthInfo at the resource server, without credentials.",
        consequence: "Nothing can be read from Halo or written to it.",
        fix: "compare halo.resource_server with Resource Server under Halo: Configuration > Integrations > HaloPSA \
              API, and check that this machine may reach that host",
        class: Exit::Address,
        needs: &["resource_server_misplaced_api"],
    },
    Topic {
        code: "authorisation_server_unreachable",
        group: Group::Halo,
        title: "The authorisation server hands out tokens",
        problem: "The authorisation server hands out no tokens",
        asks: "POST /token at the authorisation server.",
        consequence: "No token can be had, so nothing can be asked of Halo.",
        fix: "compare halo.authorisation_server with Authorisation Server under Halo: Configuration > Integrations > \
              HaloPSA API, and check that this machine may reach that host",
        class: Exit::Address,
        needs: &["resource_server_misplaced_api", "authorisation_server_missing_auth"],
    },
    Topic {
        code: "tenant_unknown",
        group: Group::Halo,
        title: "The authorisation server knows the tenant",
        problem: "The authorisation server does not know the tenant",
        asks: "POST /token with the tenant; an unknown one is answered with a failure without a reason.",
        consequence: "No token can be had, so nothing can be asked of Halo.",
        fix: "Halo: Configuration > Integrations > HaloPSA API, API Details: copy Tenant into halo.tenant",
        class: Exit::Address,
        needs: &["authorisation_server_unreachable"],
    },
    Topic {
        code: "credentials_refused",
        group: Group::Halo,
        title: "Halo accepts the client id and secret",
        problem: "Halo refuses the client id and secret",
        asks: "POST /token with both.",
        consequence: "No token can be had, so nothing can be asked of Halo.",
        fix: "Halo: Configuration > Integrations > HaloPSA API > View Applications, open the application: copy Client \
              ID into halo.client_id (it may have changed after the permissions were set), check that Authentication \
              Method is \"Client ID and Secret (Services)\" and Active is ticked; if the secret is lost, generate a \
              new one and set HALO_HIT_HALO_SECRET",
        class: Exit::Credentials,
        needs: &["tenant_unknown"],
    },
    Topic {
        code: "application_inactive",
        group: Group::Halo,
        title: "The API application is active",
        problem: "The API application is not active",
        asks: "POST /token; an inactive application is refused.",
        consequence: "No token can be had, so nothing can be asked of Halo.",
        fix: "Halo: Configuration > Integrations > HaloPSA API > View Applications, open the application, Details \
              tab: tick Active, then Save",
        class: Exit::Credentials,
        needs: &["credentials_refused"],
    },
    Topic {
        code: "agent_inactive",
        group: Group::Halo,
        title: "The agent that the application logs in as is active",
        problem: "The agent that the application logs in as is not active",
        asks: "POST /token, and GET /Agent/me where a token is given.",
        consequence: "No token can be had, so nothing can be asked of Halo.",
        fix: "Halo: Configuration > Teams & Agents > Agents, open the API agent: make it active, then Save; or choose another in the application's \"Agent to log in as\"",
        class: Exit::Credentials,
        needs: &["application_inactive"],
    },
    Topic {
        code: "scope_missing",
        group: Group::Halo,
        title: "The application may ask for the scopes that the sync needs",
        problem: "The application may not ask for all scopes that the sync needs",
        asks: "POST /token with halo.scopes; if they are refused, with each scope alone.",
        consequence: "No token can be had for what the sync does, so nothing is synced.",
        fix: "Halo: Configuration > Integrations > HaloPSA API > View Applications, open the application, Permissions \
              tab: tick all:standard, Save, and copy the Client ID again (it may have changed)",
        class: Exit::Credentials,
        needs: &["agent_inactive"],
    },
    Topic {
        code: "discovery_disagrees",
        group: Group::Halo,
        title: "What Halo says of its own addresses is what is configured",
        problem: "Halo gives other addresses than those configured",
        asks: "GET /AuthInfo, compared with halo.authorisation_server and halo.tenant.",
        consequence: "The token comes from somewhere else than where Halo sends its users: it works today, and may \
                      stop when that address goes away.",
        fix: "copy Authorisation Server and Tenant again from Halo: Configuration > Integrations > HaloPSA API",
        class: Exit::Address,
        needs: &["resource_server_unreachable", "authorisation_server_unreachable", "tenant_unknown"],
    },
    Topic {
        code: "hit_unreachable",
        group: Group::Hit,
        title: "HumanizeIT's API answers",
        problem: "HumanizeIT's API does not answer as it should",
        asks: "GET /account at hit.base_url.",
        consequence: "Nothing can be read from HumanizeIT or written to it.",
        fix: "check hit.base_url, and that this machine may reach that host",
        class: Exit::Address,
        needs: &[],
    },
    Topic {
        code: "hit_credentials_refused",
        group: Group::Hit,
        title: "HumanizeIT accepts the API key",
        problem: "HumanizeIT refuses the API key",
        asks: "GET /account with the key.",
        consequence: "Nothing can be read from HumanizeIT or written to it.",
        fix: "HumanizeIT: My Company > Integrations: make a new API key and set HALO_HIT_HIT_KEY",
        class: Exit::Credentials,
        needs: &["hit_unreachable"],
    },
    Topic {
        code: "hit_built_in_sync_on",
        group: Group::Hit,
        title: "HumanizeIT's own Halo sync is off",
        problem: "HumanizeIT's own Halo sync is on",
        asks: "GET /integrations/halopsa.",
        consequence: "Two programs write the same fields and undo each other's work; `apply` refuses to write while \
                      it may be on.",
        fix: "HumanizeIT: My Company > Integrations > HaloPSA, Halo Sync settings: switch the sync off; if it is off \
              and cannot be read, set hit.built_in_sync_is_off = true",
        class: Exit::Partial,
        needs: &["hit_credentials_refused"],
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
        needs: TOKEN,
    },
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
        code: "agent_not_in_team",
        group: Group::Agent,
        title: "The agent is in the teams of the followed ticket types",
        problem: "The agent is not in all teams of the followed ticket types",
        asks: "GET /Agent/me, teams; GET /Team; and how many tickets of each followed type the agent is shown.",
        consequence: "Halo leaves out what the agent may not see without an error: the sync would take these tickets \
                      for absent.",
        fix: "Halo: Configuration > Teams & Agents > Roles, open the agent's role, Departments & Teams: add the team, \
              set Membership to \"Modify All\", then Save",
        class: Exit::Partial,
        needs: TOKEN,
    },
    Topic {
        code: "excess_right",
        group: Group::Agent,
        title: "The agent has no right that the sync does not need",
        problem: "The agent has rights that the sync does not need",
        asks: "GET /Agent/me; the scopes that are asked for; and one row of each area that the role should not \
               open, which Halo should refuse.",
        consequence: "Whoever gets hold of the secret can do more in Halo than this sync ever would.",
        fix: "Halo: Configuration > Teams & Agents > Roles, open the agent's role, Permissions: set what the sync does \
              not need to \"Not set\", and take the Administrator role away",
        class: Exit::Partial,
        needs: TOKEN,
    },
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
    Topic {
        code: "client_unmatched",
        group: Group::Clients,
        title: "Every client in scope is linked to a Halo client",
        problem: "A client in scope is not linked to a Halo client",
        asks: "GET /clients of HumanizeIT with its references, GET /Client of Halo, [project_settings.clients], and \
               the answers given to `pair`.",
        consequence: "Nothing is created or synced for that client; Halo clients are never made and names never link \
                      by themselves.",
        fix: "`halo-hit pair` shows what may belong together, `halo-hit pair ID link HALO_ID --client` links it",
        class: Exit::Partial,
        needs: &[
            "scope_missing",
            "resource_server_unreachable",
            "halo_unreadable",
            "hit_credentials_refused",
        ],
    },
    Topic {
        code: "client_stopped",
        group: Group::Clients,
        title: "Every linked client in scope is active in Halo",
        problem: "A linked client in scope is stopped or inactive in Halo",
        asks: "GET /Client with the inactive ones.",
        consequence: "Nothing is created for that client, and its linked records wait.",
        fix: "Halo: Customers, open the client, Settings tab: untick Stopped and Inactive; or take the client out of \
              scope.validation_clients",
        class: Exit::Partial,
        needs: &[
            "scope_missing",
            "resource_server_unreachable",
            "halo_unreadable",
            "hit_credentials_refused",
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_needs_only_what_stands_before_it() {
        for (place, topic) in TOPICS.iter().enumerate() {
            for need in topic.needs {
                assert!(
                    TOPICS[..place].iter().any(|earlier| earlier.code == *need),
                    "{}: {need}",
                    topic.code
                );
            }
        }
    }

    #[test]
    fn groups_stand_together_and_codes_once() {
        assert!(TOPICS.iter().map(|topic| topic.group).is_sorted());
        for topic in TOPICS {
            assert_eq!(TOPICS.iter().filter(|other| other.code == topic.code).count(), 1, "{}", topic.code);
            assert!(!topic.title.is_empty() && !topic.consequence.is_empty() && !topic.fix.is_empty());
        }
    }
}
