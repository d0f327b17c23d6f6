//! Account, clients, team members and statuses.

use rest_core::decode::DecodeError;
use rest_core::record::Seen;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use super::{Instant, Raw, Reply, raw, seen_with};
use crate::types::{
    Account, AccountId, Capability, Client, ClientId, Currency, ExternalReference, ReferenceKey,
    ReferenceTarget, Status, StatusClass, StatusId, TeamMember, TeamMemberId,
};

/// `Account`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct AccountReply {
    id: AccountId,
    name: String,
    time_zone: Option<String>,
    currency: Option<String>,
    capabilities: Vec<Capability>,
}

impl Reply for AccountReply {
    type Value = Account;

    fn into_value(self) -> Result<Account, DecodeError> {
        let mut account = Account::new(self.id, self.name);
        account.time_zone = self.time_zone;
        account.currency = self.currency.as_deref().and_then(Currency::new);
        account.capabilities = self.capabilities.into_iter().collect();
        Ok(account)
    }
}

/// `Client`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct ClientReply {
    id: ClientId,
    name: String,
    domain: Option<String>,
    archived_at: Option<Instant>,
    #[serde(default, deserialize_with = "raw")]
    external_references: Raw,
}

impl Reply for ClientReply {
    type Value = Client;

    fn into_value(self) -> Result<Client, DecodeError> {
        let mut client = Client::new(self.id, self.name);
        client.domain = self.domain;
        client.archived_at = self.archived_at.map(|instant| instant.0);
        client.external_references = references(self.external_references);
        Ok(client)
    }
}

/// `ExternalReference`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct ReferenceReply {
    system: String,
    instance: String,
    kind: String,
    id: String,
    url: Option<String>,
    marker: Option<String>,
}

impl From<ReferenceReply> for ExternalReference {
    fn from(reply: ReferenceReply) -> Self {
        let mut target = ReferenceTarget::new(reply.id);
        // The address is for people; one that cannot be read must not hide the reference.
        target.url = reply.url.and_then(|url| url.parse().ok());
        target.marker = reply.marker.map(Into::into);
        Self::new(ReferenceKey::new(reply.system, reply.instance, reply.kind), target)
    }
}

/// The references of a record.
pub(super) fn references(raw: Raw) -> Seen<Vec<ExternalReference>> {
    seen_with(raw, |text| {
        let rows: Vec<ReferenceReply> = serde_json::from_str(text).ok()?;
        Some(rows.into_iter().map(Into::into).collect())
    })
}

/// `TeamMember`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct TeamMemberReply {
    id: TeamMemberId,
    name: String,
    email: Option<String>,
    active: bool,
}

impl Reply for TeamMemberReply {
    type Value = TeamMember;

    fn into_value(self) -> Result<TeamMember, DecodeError> {
        let mut member = TeamMember::new(self.id, self.name);
        member.email = self.email;
        member.active = self.active;
        Ok(member)
    }
}

/// `Status`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct StatusReply {
    id: StatusId,
    name: String,
    class: StatusClass,
    initial: bool,
    sort_order: i64,
}

impl Reply for StatusReply {
    type Value = Status;

    fn into_value(self) -> Result<Status, DecodeError> {
        let mut status = Status::new(self.id, self.name, self.class);
        status.initial = self.initial;
        status.sort_order = self.sort_order;
        Ok(status)
    }
}
