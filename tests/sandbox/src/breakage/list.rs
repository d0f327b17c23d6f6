//! The codes: their names, which are those of `halo-hit check`, and what each does.

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident = $name:literal, $does:literal;)*) => {
        /// Something that is set up wrongly.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $code,)*
        }

        impl Code {
            /// All codes, in the order in which they are undone last to first.
            pub const ALL: &'static [Self] = &[$(Self::$code),*];

            /// The code as text.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// What it does, in one line.
            #[must_use]
            pub fn explain(self) -> &'static str {
                match self { $(Self::$code => $does,)* }
            }
        }
    };
}

codes! {
    /// The resource server is told without `/api`.
    ResourceServerMisplacedApi = "resource_server_misplaced_api",
        "the JSON line gives Halo's resource server without /api (at the start only)";
    /// The authorisation server is told without `/auth`.
    AuthorisationServerMissingAuth = "authorisation_server_missing_auth",
        "the JSON line gives the authorisation server without /auth (at the start only)";
    /// Nobody listens where the resource server is told to be.
    ResourceServerUnreachable = "resource_server_unreachable",
        "the JSON line gives a resource server where nobody listens (at the start only)";
    /// Nobody listens where the authorisation server is told to be.
    AuthorisationServerUnreachable = "authorisation_server_unreachable",
        "the JSON line gives an authorisation server where nobody listens (at the start only)";
    /// The tenant has another name.
    TenantUnknown = "tenant_unknown",
        "Halo's tenant has been renamed";
    /// The application's secret is another.
    CredentialsRefused = "credentials_refused",
        "the integration's client secret has been replaced";
    /// The application is not active.
    ApplicationInactive = "application_inactive",
        "the integration's application is not active";
    /// The application is for another way of logging in.
    ApplicationMethodWrong = "application_method_wrong",
        "the integration's application has another authentication method than Client ID and Secret (Services)";
    /// The agent is not active.
    AgentInactive = "agent_inactive",
        "the API agent's account is disabled";
    /// The application lacks scopes.
    ScopeMissing = "scope_missing",
        "the integration's application has only read:customers";
    /// The application logs in as a user.
    LoginTypeNotAgent = "login_type_not_agent",
        "the integration's application logs in as a user, not as an agent";
    /// The product is a sister of HaloPSA.
    WrongProduct = "wrong_product",
        "the instance is a HaloITSM, not a HaloPSA";
    /// Discovery names other addresses.
    DiscoveryDisagrees = "discovery_disagrees",
        "/AuthInfo names an authorisation server of another host";
    /// The application may not have webhooks.
    WebhookScopeMissing = "webhook_scope_missing",
        "the integration's application has no admin:webhooks (matters only with webhooks)";
    /// Nobody listens where HIT is told to be.
    HitUnreachable = "hit_unreachable",
        "the JSON line gives a HIT base URL where nobody listens (at the start only)";
    /// HIT's key is another.
    HitCredentialsRefused = "hit_credentials_refused",
        "HIT's API key has been revoked";
    /// HIT synchronises by itself.
    HitBuiltInSyncOn = "hit_built_in_sync_on",
        "HIT's own Halo synchronisation is running for all clients";
    /// HIT is connected to another Halo.
    HitConnectionDiffers = "hit_connection_differs",
        "HIT's own HaloPSA settings name another tenant";
    /// Statuses are not shown.
    HaloUnreadable = "halo_unreadable",
        "Halo refuses the list of statuses to the integration";
    /// Teams need a scope of their own.
    TeamsScopeMissing = "teams_scope_missing",
        "Halo refuses the list of teams to tokens without all:teams";
    /// The role has no right to customers.
    CustomersRightMissing = "customers_right_missing",
        "the role's Customers access is not set";
    /// The role only reads projects.
    TicketsRightMissing = "tickets_right_missing",
        "the role's Tickets and Projects access is Read Only";
    /// The role has no right to sales.
    SalesRightMissing = "sales_right_missing",
        "the role's Sales access is not set: opportunities are refused";
    /// The agent is an ordinary one.
    AgentNotApiOnly = "agent_not_api_only",
        "the API agent is an ordinary agent";
    /// The agent has no default team.
    DefaultTeamMissing = "default_team_missing",
        "the API agent has no default team: it cannot read other agents";
    /// The agent works office hours.
    WorkHoursNotFull = "work_hours_not_full",
        "the API agent's work hours are those of the office";
    /// The agent is not in the Projects team.
    AgentNotInTeam = "agent_not_in_team",
        "the API agent is not in the Projects team: projects are hidden without a word";
    /// The agent is not in the Projects department.
    AgentNotInDepartment = "agent_not_in_department",
        "the API agent is not in the department Projects: projects are hidden without a word";
    /// The membership of a department is less than Modify All.
    MembershipNotModifyAll = "membership_not_modify_all",
        "the API agent's membership of the department Projects is below Modify All";
    /// The role may not edit a followed type.
    TicketTypeRightMissing = "ticket_type_right_missing",
        "the role may view, but not create or edit, tickets of the type Project (31)";
    /// The role may not log tickets.
    AddTicketsRightMissing = "add_tickets_right_missing",
        "the role's switch for adding new tickets is off";
    /// Unassigned tickets are hidden.
    ViewUnassignedRightMissing = "view_unassigned_right_missing",
        "the role's switch for viewing unassigned tickets is off";
    /// Others' tickets are hidden.
    ViewOthersRightMissing = "view_others_right_missing",
        "the role's switch for viewing other agents' tickets is off";
    /// The role is restricted to clients.
    ListsFiltered = "lists_filtered",
        "the role is restricted to some clients: the last three are hidden without a word";
    /// Tickets of others cannot be edited.
    EditOthersRightMissing = "edit_others_right_missing",
        "the role's switch for editing tickets not assigned to it is off (seen by writing only)";
    /// The status cannot be set directly.
    StatusRightMissing = "status_right_missing",
        "the role's switch for updating the status outside actions is off (seen by writing only)";
    /// Tickets cannot be given to others.
    ReassignRightMissing = "reassign_right_missing",
        "the role's switch for re-assigning tickets is off, as in the first role (matters only where responsible is \
         written after the create; seen by writing only)";
    /// The ticket type cannot be changed.
    ChangeTypeRightMissing = "change_type_right_missing",
        "the role's switch for changing the ticket type is off, as in the first role (matters only with promotion mode \
         convert; seen by writing only)";
    /// Closed tickets cannot be edited.
    EditClosedRightMissing = "edit_closed_right_missing",
        "the role's switch for editing closed tickets is off, as in the first role (matters only with closed.write)";
    /// The role is an administrator's.
    ExcessRight = "excess_right",
        "the integration's role is an administrator's";
    /// The role opens an area that nothing needs.
    ExcessArea = "excess_area",
        "the role's access to Contracts is Read Only, which nothing needs: shows as excess_right";
    /// HIT's account has no time zone.
    TimeZoneMissing = "time_zone_missing",
        "HIT's account has no time zone";
    /// HIT's account is in another zone.
    TimeZoneUnequal = "time_zone_unequal",
        "HIT's account is in the zone Europe/Berlin";
    /// HIT reckons in another currency.
    CurrencyUnequal = "currency_unequal",
        "HIT's account reckons in EUR, Halo in USD";
    /// A ticket type is gone.
    TicketTypeMissing = "ticket_type_missing",
        "the ticket type Project (31) has been deleted";
    /// A ticket type is for something else.
    TicketTypeWrongUse = "ticket_type_wrong_use",
        "the ticket type Project (31) is for service tickets";
    /// A status does not belong to the type.
    StatusNotOfType = "status_not_of_type",
        "the status Work in Progress (32) is no longer allowed for Project (31)";
    /// An action is gone.
    OutcomeNotOfType = "outcome_not_of_type",
        "the action Begin Delivery (60) has been deleted (matters only where a map uses it)";
    /// The team that does projects does not belong to the type.
    TeamNotOfType = "team_not_of_type",
        "only the team Escalations may have tickets of the type Project (31): no other team, and no default agent of another";
    /// The agents who do projects do not belong to the type.
    AssigneeNotOfType = "assignee_not_of_type",
        "only the Service Desk may be assigned tickets of the type Project (31)";
    /// The type demands a field.
    MandatoryFieldWithoutConstant = "mandatory_field_without_constant",
        "Cost centre (106) has become mandatory for Project (31)";
    /// HIT has a status nobody has met.
    HitStatusWithoutRule = "hit_status_without_rule",
        "HIT has a new status, In Procurement";
    /// A status of HIT is gone.
    HitStatusMissing = "hit_status_missing",
        "HIT's status Work in Progress has been deleted";
    /// A type changes the status by itself.
    TypeActsByItself = "type_acts_by_itself",
        "the type Project (31) sets a status whenever a user or an agent updates a ticket";
    /// A type mails acknowledgements.
    AcknowledgementMail = "acknowledgement_mail",
        "the type Project (31) mails an acknowledgement for each new ticket";
    /// A status mails the customer.
    StatusMail = "status_mail",
        "the status Work in Progress (32) mails the customer when it is set";
    /// A client has no counterpart.
    ClientUnmatched = "client_unmatched",
        "the first HIT client that is linked to a Halo client has lost the link, and Halo's name and domain have changed";
    /// A client has two counterparts.
    ClientAmbiguous = "client_ambiguous",
        "the first HIT client that is linked to a Halo client has lost the link, and two Halo clients have its name";
    /// A client of HIT is archived.
    ClientMissing = "client_missing",
        "the first HIT client that is linked to a Halo client has been archived in HIT";
    /// A linked client is gone from Halo.
    ClientVanished = "client_vanished",
        "the Halo client of the first linked HIT client has been deleted";
    /// A client is stopped.
    ClientStopped = "client_stopped",
        "the Halo client of the first linked HIT client is stopped";
    /// Webhooks are gone.
    WebhookMissing = "webhook_missing",
        "the webhooks that Halo has now have been deleted (matters only with webhooks)";
    /// Webhooks are off.
    WebhookInactive = "webhook_inactive",
        "the webhooks that Halo has now are switched off (matters only with webhooks)";
    /// Deliveries do not arrive.
    WebhookNotDelivering = "webhook_not_delivering",
        "each of Halo's deliveries ends at a proxy that answers 502 (matters only with webhooks)";
    /// New tickets lose their external links.
    MarkerNotFound = "marker_not_found", "Halo drops the external links that are written with tickets (seen by writing only)";
    /// A status that is set goes back.
    WriteNotKept = "write_not_kept", "a rule of Halo's undoes every status that an application sets (seen by writing only)";
    /// The server admits fewer requests than are sent.
    RateLimitRefused = "rate_limit_refused",
        "Halo admits 25 requests a second";
    /// The servers' clocks are wrong.
    ClockSkewed = "clock_skewed",
        "both servers' clocks are ten minutes fast";
}

impl Code {
    /// The code of a text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.name() == text)
    }

    /// The code under which `halo-hit check` reports it: its own, but for variants of one precondition.
    #[must_use]
    pub fn finding(self) -> &'static str {
        match self {
            Self::ExcessArea => Self::ExcessRight.name(),
            other => other.name(),
        }
    }

    /// Whether it is only about what the JSON line says, and so has to be there at the start.
    #[must_use]
    pub fn only_at_start(self) -> bool {
        matches!(
            self,
            Self::ResourceServerMisplacedApi
                | Self::AuthorisationServerMissingAuth
                | Self::ResourceServerUnreachable
                | Self::AuthorisationServerUnreachable
                | Self::HitUnreachable
        )
    }
}
