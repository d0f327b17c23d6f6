//! What the tenant has: types, statuses, people, clients.

use std::collections::{BTreeMap, BTreeSet};

use halo_client::schema::{self, TicketTypeField};
use halo_client::{Error, Id, Record, Seen};
use sync_core::catalogue::{Agent, Catalogue, HaloClient, HaloStatus, Outcome, Site, TicketType};
use sync_core::ids::{AgentId, HaloClientId, Kind, OutcomeId, SiteId, StatusId, TeamId, TicketTypeId};

use super::HaloSide;

/// ITIL numbers (observed by a public client).
const ITIL_PROJECT: i64 = 22;
const ITIL_TASK: i64 = 23;
/// The level of a field that an agent must fill in for a new ticket (assumed; see ASSUMPTIONS.md).
const MANDATORY: i64 = 2;

/// What a ticket type does of its own accord, as far as Halo says.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct OwnActs {
    /// Whether a new ticket is acknowledged to its requester unless the create says otherwise.
    pub acknowledges: bool,
    /// Names of fields by which the type changes a ticket's status or dates, with their values.
    pub changes: Vec<(String, i64)>,
}

/// What the tenant has besides the catalogue.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Found {
    /// What each sales or project type does of its own accord.
    pub own_acts: BTreeMap<TicketTypeId, OwnActs>,
    /// Statuses that mail the requester when they are set.
    pub mailing_statuses: BTreeSet<StatusId>,
    /// The department of each team: id and name.
    pub departments: BTreeMap<TeamId, (i64, String)>,
    /// Types whose tickets are tasks of projects.
    pub task_types: BTreeSet<TicketTypeId>,
    /// Names of all ticket types, the service types too.
    pub type_names: BTreeMap<TicketTypeId, String>,
}

impl HaloSide {
    /// Adds everything that Halo contributes to the catalogue. Statuses, agents and outcomes are asked for per sales
    /// and project type, because they depend on the type.
    ///
    /// # Errors
    /// Those of a list.
    pub async fn catalogue(&self, into: &mut Catalogue) -> Result<Found, Error> {
        let client = self.client();
        let mut found = Found::default();

        let open: BTreeSet<i64> = ids(&client.statuses().list().excludeclosed(true).all().await?, |s| s.id);
        for status in client.statuses().list().all().await? {
            let mails = matches!(status.get(schema::Status::NOTIFYSTATUSCHANGE), Seen::Value(1..));
            let status = status.into_value();
            // Type 0 are the statuses of tickets; the list's own filter does not work.
            if status.type_.is_some_and(|of| of != 0) {
                continue;
            }
            let Some(id) = status.id else { continue };
            let row = HaloStatus { name: text(status.name), closed: !open.contains(&id.get()) };
            into.statuses.insert(StatusId(id.get()), row);
            if mails {
                found.mailing_statuses.insert(StatusId(id.get()));
            }
        }

        for team in client.teams().list().all().await? {
            let team = team.into_value();
            if let (Some(id), Some(name)) = (team.id, team.name) {
                if let Some(department) = team.department_id {
                    let name = team.department_name.unwrap_or_default();
                    found.departments.insert(TeamId(id.get()), (department.get(), name));
                }
                into.teams.insert(TeamId(id.get()), name.into());
            }
        }
        for agent in client.agents().list().includeapiagents(true).all().await? {
            let agent = agent.into_value();
            if let Some(id) = agent.id.filter(|id| id.get() > 1) {
                into.agents.insert(AgentId(id.get()), person(agent));
            }
        }
        self.add_clients(into).await?;

        for ticket_type in client.ticket_types().list().all().await? {
            let row = ticket_type.into_value();
            let Some(id) = row.id.map(|id| TicketTypeId(id.get())) else { continue };
            found.type_names.insert(id, row.name.clone().unwrap_or_default());
            if row.itilrequesttype == Some(ITIL_TASK) {
                found.task_types.insert(id);
            } else if let Some(kind) = kind(&row) {
                let (full, acts) = self.ticket_type(id, &row, kind, into).await?;
                found.own_acts.insert(id, acts);
                into.ticket_types.insert(id, full);
            }
        }
        Ok(found)
    }

    async fn add_clients(&self, into: &mut Catalogue) -> Result<(), Error> {
        let client = self.client();
        for row in client.clients().list().includeinactive(true).all().await? {
            let row = row.into_value();
            let Some(id) = row.id else { continue };
            let domains = [row.domain, row.website].into_iter().flatten().filter(|domain| !domain.is_empty());
            let halo_client = HaloClient {
                name: text(row.name),
                inactive: row.inactive.unwrap_or(false),
                stopped: row.stopped.unwrap_or(false),
                main_site: row.main_site_id.map(|id| SiteId(id.get())),
                domains: domains.map(Into::into).collect(),
                ..HaloClient::default()
            };
            into.halo_clients.insert(HaloClientId(id.get()), halo_client);
        }
        for row in client.sites().list().includeinactive(true).all().await? {
            let row = row.into_value();
            let (Some(id), Some(of)) = (row.id, row.client_id) else { continue };
            if let Some(of) = into.halo_clients.get_mut(&HaloClientId(of.get())) {
                of.sites.insert(SiteId(id.get()), Site { active: !row.inactive.unwrap_or(false) });
            }
        }
        Ok(())
    }

    async fn ticket_type(
        &self,
        id: TicketTypeId,
        row: &schema::TicketType,
        kind: Kind,
        catalogue: &Catalogue,
    ) -> Result<(TicketType, OwnActs), Error> {
        let client = self.client();
        let detail = client.ticket_types().get(id.0).includedetails(true).await?;
        let statuses = client.statuses().list().tickettype_id(id.0).all().await?;
        let agents = client.agents().list().tickettype_id(id.0).all().await?;
        let outcomes = client.outcomes().list().tickettype_id(id.0).all().await?;
        let team = |name: &Option<String>| {
            let name = name.as_deref()?;
            catalogue.teams.iter().find(|(_, team)| &***team == name).map(|(id, _)| *id)
        };
        let ticket_type = TicketType {
            name: text(row.name.clone()),
            kind: Some(kind),
            usage: text(row.use_.clone()),
            statuses: statuses.iter().filter_map(|s| s.value().id).map(|id| StatusId(id.get())).collect(),
            agents: agents
                .iter()
                .filter_map(|agent| agent.value().id)
                .map(|id| AgentId(id.get()))
                .filter(|id| id.0 > 1)
                .collect(),
            teams: allowed_teams(&detail),
            default_agent: row.default_agent.map(|id| AgentId(id.get())),
            default_team: team(&row.default_team).or_else(|| team(&detail.value().default_team)),
            required: required(&detail),
            outcomes: outcomes.into_iter().filter_map(|outcome| outcome_row(outcome.into_value())).collect(),
            can_create: row.cancreate,
            can_edit: None,
        };
        Ok((ticket_type, own_acts(&detail)))
    }
}

/// The teams that may have the type's tickets; none where all may, or where Halo does not say.
fn allowed_teams(detail: &Record<schema::TicketType>) -> BTreeSet<TeamId> {
    use schema::TicketType as Of;
    match (detail.get(Of::ALLOWALL_TEAM), detail.get(Of::ALLOWED_TEAMS)) {
        (Seen::Value(true), _) => BTreeSet::new(),
        (_, Seen::Value(rows)) => rows
            .iter()
            .filter_map(|row| row.get(schema::SectionRequestType::SECTION_ID).value())
            .map(TeamId)
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// What a type does by itself: the fields of Halo's document whose names say so, where they hold something.
fn own_acts(detail: &Record<schema::TicketType>) -> OwnActs {
    use schema::TicketType as Of;
    let held = |name: &str, value: Seen<i64>| match value {
        Seen::Value(value @ 1..) => Some((name.to_owned(), value)),
        _ => None,
    };
    let changes = [
        held("statusafteruserupdate", detail.get(Of::STATUSAFTERUSERUPDATE)),
        held("statusaftertechupdate", detail.get(Of::STATUSAFTERTECHUPDATE)),
        held("statusaftersupplierupdate", detail.get(Of::STATUSAFTERSUPPLIERUPDATE)),
        held("statusafterapproverupdate", detail.get(Of::STATUSAFTERAPPROVERUPDATE)),
        held("statusafterresourcebook", detail.get(Of::STATUSAFTERRESOURCEBOOK)),
        held("ticket_status_after_appointment", detail.get(Of::TICKET_STATUS_AFTER_APPOINTMENT)),
        held("parentstatusafterallchildclosed", detail.get(Of::PARENTSTATUSAFTERALLCHILDCLOSED)),
        held("autoCloseHours", detail.get(Of::AUTO_CLOSE_HOURS)),
        held("default_targetdate", detail.get(Of::DEFAULT_TARGETDATE)),
    ];
    OwnActs {
        acknowledges: matches!(detail.get(Of::DEFAULT_SENDACK), Seen::Value(1..)),
        changes: changes.into_iter().flatten().collect(),
    }
}

/// The kind is decided by what the type is for, not by whether a ticket has a parent.
fn kind(row: &schema::TicketType) -> Option<Kind> {
    match row.use_.as_deref() {
        Some("opportunity") => Some(Kind::Opportunity),
        Some("project") => Some(Kind::Project),
        _ if row.itilrequesttype == Some(ITIL_PROJECT) => Some(Kind::Project),
        _ => None,
    }
}

fn outcome_row(row: schema::Outcome) -> Option<(OutcomeId, Outcome)> {
    let outcome = Outcome {
        name: text(row.outcome),
        sets: row.newstatus.map(|id| StatusId(id.get())),
        from: BTreeSet::new(),
    };
    Some((OutcomeId(row.id?.get()), outcome))
}

fn person(row: schema::Agent) -> Agent {
    let teams = row.teams.unwrap_or_default();
    Agent {
        name: text(row.name),
        email: row.email.filter(|email| !email.is_empty()).map(Into::into),
        active: !row.isdisabled.unwrap_or(false),
        api_only: row.isapiagent.unwrap_or(false),
        teams: teams
            .into_iter()
            .filter_map(|team| team.into_value().team_id)
            .map(|id| TeamId(id.get()))
            .collect(),
    }
}

/// Fields that Halo demands for a new ticket of the type: the name in the API, and the name for people.
fn required(detail: &Record<schema::TicketType>) -> BTreeMap<Box<str>, Box<str>> {
    let fields = detail.value().fields.iter().flatten();
    fields
        .filter(|field| matches!(field.get(TicketTypeField::TECHNEW), Seen::Value(MANDATORY)))
        .filter_map(|field| {
            let name = field.get(TicketTypeField::FIELDNAME).value()?;
            Some((name.as_str().into(), name.into()))
        })
        .collect()
}

fn ids<R: halo_client::Entity<Key = i64>, S>(
    rows: &[Record<S>],
    id: impl Fn(&S) -> Option<Id<R>>,
) -> BTreeSet<i64> {
    rows.iter().filter_map(|row| id(row.value())).map(|id| id.get()).collect()
}

fn text(text: Option<String>) -> Box<str> {
    text.unwrap_or_default().into()
}
