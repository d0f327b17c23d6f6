//! HumanizeIT's settings of its HaloPSA integration.

use rest_core::decode::DecodeError;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::{Instant, Patched, Reply, patched};
use crate::types::{
    ClientId, Connection, ConnectionPatch, Engine, Integration, IntegrationCheck, IntegrationPatch,
    IntegrationTest, StatusId, StatusMapRow, TicketKind, TypeChoice, Version,
};

/// `Integration`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct IntegrationReply {
    connection: ConnectionReply,
    types: TypesReply,
    global_sync: bool,
    validation_client_ids: Vec<ClientId>,
    status_map: Vec<MapRow>,
    engine: Engine,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Version>,
}

/// `Connection`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct ConnectionReply {
    resource_server: Option<String>,
    authorisation_server: Option<String>,
    tenant: Option<String>,
    client_id: Option<String>,
    secret_set: bool,
}

/// `TypeChoices`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct TypesReply {
    opportunity: Option<TypeRow>,
    project: Option<TypeRow>,
}

/// `TypeChoice`, in replies and whole in patches.
#[derive(Deserialize, Serialize)]
struct TypeRow {
    ticket_type_id: i64,
    assignee_agent_id: Option<i64>,
    status_id: Option<i64>,
}

impl From<TypeRow> for TypeChoice {
    fn from(row: TypeRow) -> Self {
        let mut choice = Self::new(row.ticket_type_id);
        choice.assignee_agent_id = row.assignee_agent_id;
        choice.status_id = row.status_id;
        choice
    }
}

impl From<&TypeChoice> for TypeRow {
    fn from(choice: &TypeChoice) -> Self {
        Self {
            ticket_type_id: choice.ticket_type_id,
            assignee_agent_id: choice.assignee_agent_id,
            status_id: choice.status_id,
        }
    }
}

/// `StatusMapRow`, in both directions.
#[derive(Deserialize, Serialize)]
struct MapRow {
    status_id: StatusId,
    kind: TicketKind,
    halo_status_id: i64,
}

impl Reply for IntegrationReply {
    type Value = Integration;

    fn into_value(self) -> Result<Integration, DecodeError> {
        Ok(Integration {
            connection: Connection {
                resource_server: self.connection.resource_server,
                authorisation_server: self.connection.authorisation_server,
                tenant: self.connection.tenant,
                client_id: self.connection.client_id,
                secret_set: self.connection.secret_set,
            },
            opportunity: self.types.opportunity.map(Into::into),
            project: self.types.project.map(Into::into),
            global_sync: self.global_sync,
            validation_client_ids: self.validation_client_ids,
            status_map: self
                .status_map
                .into_iter()
                .map(|row| StatusMapRow::new(row.status_id, row.kind, row.halo_status_id))
                .collect(),
            engine: self.engine,
            version: self.version,
        })
    }
}

/// `IntegrationPatch`.
#[derive(Serialize)]
pub(crate) struct IntegrationBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<ConnectionBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    types: Option<TypesBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_sync: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    validation_client_ids: Option<&'a [ClientId]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_map: Option<Vec<MapRow>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    engine: Option<&'a str>,
}

/// `ConnectionPatch`: the only place where HumanizeIT's copy of the secret is written out.
#[derive(Serialize)]
struct ConnectionBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_server: Patched<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorisation_server: Patched<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Patched<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Patched<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Patched<&'a str>,
}

/// `TypeChoicesPatch`.
#[derive(Serialize)]
struct TypesBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    opportunity: Patched<TypeRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Patched<TypeRow>,
}

impl<'a> From<&'a ConnectionPatch> for ConnectionBody<'a> {
    fn from(patch: &'a ConnectionPatch) -> Self {
        Self {
            resource_server: patched(&patch.resource_server, |text| text.as_str()),
            authorisation_server: patched(&patch.authorisation_server, |text| text.as_str()),
            tenant: patched(&patch.tenant, |text| text.as_str()),
            client_id: patched(&patch.client_id, |text| text.as_str()),
            client_secret: patched(&patch.client_secret, |secret| secret.expose_secret()),
        }
    }
}

impl<'a> From<&'a IntegrationPatch> for IntegrationBody<'a> {
    fn from(patch: &'a IntegrationPatch) -> Self {
        let connection = ConnectionBody::from(&patch.connection);
        let touched = connection.resource_server.is_some()
            || connection.authorisation_server.is_some()
            || connection.tenant.is_some()
            || connection.client_id.is_some()
            || connection.client_secret.is_some();
        let types = TypesBody {
            opportunity: patched(&patch.opportunity, Into::into),
            project: patched(&patch.project, Into::into),
        };
        Self {
            connection: touched.then_some(connection),
            types: (types.opportunity.is_some() || types.project.is_some()).then_some(types),
            global_sync: patch.global_sync,
            validation_client_ids: patch.validation_client_ids.as_deref(),
            status_map: patch.status_map.as_ref().map(|rows| {
                rows.iter()
                    .map(|row| MapRow {
                        status_id: row.status_id.clone(),
                        kind: row.kind.clone(),
                        halo_status_id: row.halo_status_id,
                    })
                    .collect()
            }),
            engine: patch.engine.as_ref().map(Engine::as_str),
        }
    }
}

/// `IntegrationTest`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct TestReply {
    ok: bool,
    checked_at: Instant,
    checks: Vec<CheckReply>,
}

/// `IntegrationCheck`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct CheckReply {
    code: String,
    ok: bool,
    detail: Option<String>,
}

impl Reply for TestReply {
    type Value = IntegrationTest;

    fn into_value(self) -> Result<IntegrationTest, DecodeError> {
        let checks = self
            .checks
            .into_iter()
            .map(|check| IntegrationCheck::new(check.code, check.ok, check.detail))
            .collect();
        let mut test = IntegrationTest::new(self.checked_at.0, checks);
        test.ok = self.ok;
        Ok(test)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::Change;

    fn written(patch: &IntegrationPatch) -> String {
        serde_json::to_string(&IntegrationBody::from(patch)).unwrap()
    }

    #[test]
    fn only_what_is_mentioned_is_written() {
        let mut patch = IntegrationPatch::new();
        assert_eq!(written(&patch), "{}");
        patch.project = Change::Blank;
        patch.connection.client_secret = Change::Set("not-a-real-secret".into());
        assert_eq!(
            written(&patch),
            r#"{"connection":{"client_secret":"not-a-real-secret"},"types":{"project":null}}"#
        );
        assert!(!format!("{patch:?}").contains("not-a-real-secret"));
    }
}
