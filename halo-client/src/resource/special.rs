//! Routes of single resources that fit no pattern.

use rest_core::page;
use rest_core::record::Record;

use super::{Agents, Handle, Organisations, Teams};
use crate::endpoint::{AgentMe, AuthInfoGet, InstanceInfoGet, TeamTree};
use crate::schema::{Agent, AuthInfo, Department, InstanceInfo, Me, Team};
use crate::{Client, Error};

impl Handle<Agents> {
    /// Who the token stands for.
    ///
    /// Most instances answer the agent, at least one only its claims; [`Me::is_agent`] tells which.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn me(&self) -> Result<Record<Agent, Me>, Error> {
        self.client.send(&AgentMe::new()).await
    }
}

impl Handle<Teams> {
    /// The departments with their teams, as Halo's tree of teams shows them.
    ///
    /// # Errors
    /// Those of a request, and of a row that cannot be read.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn tree(&self) -> Result<Vec<Record<Department>>, Error> {
        let page = self.client.send(&TeamTree::new()).await?.redacted_by(self.client.http());
        page.rows.into_iter().map(|row| row.map_err(page::BadRow::into_error)).collect()
    }

    /// The team with this name, by which tickets carry it.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn by_name(&self, name: &str) -> Result<Option<Record<Team>>, Error> {
        let teams = self.list().all().await?;
        Ok(teams.into_iter().find(|team| team.value().name.as_deref() == Some(name)))
    }
}

impl Handle<Organisations> {
    /// The departments of all organisations. Departments have no route of their own.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn departments(&self) -> Result<Vec<Record<Department>>, Error> {
        let organisations = self.list().all().await?;
        Ok(organisations
            .into_iter()
            .flat_map(|one| one.into_value().departments.unwrap_or_default())
            .collect())
    }
}

impl Client {
    /// The instance and its version: a cheap question whether everything is set up.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn instance_info(&self) -> Result<Record<InstanceInfo>, Error> {
        self.send(&InstanceInfoGet::new()).await
    }

    /// Where tokens come from, as the resource server says.
    ///
    /// # Errors
    /// Those of a request.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn auth_info(&self) -> Result<Record<AuthInfo>, Error> {
        self.send(&AuthInfoGet::new()).await
    }
}
