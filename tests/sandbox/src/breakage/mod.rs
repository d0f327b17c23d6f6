//! Set-ups that are wrong, under the codes that `halo-hit check` gives them.
//!
//! Each code is a small list of cells of the world and what they are changed to. Undoing puts back what was
//! there, so codes combine and come off again.

mod codes;

use serde_json::Value;

use crate::world::{Key, World};

/// Something that is set up wrongly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// The resource server is told without `/api`.
    ResourceServerMisplacedApi,
    /// The authorisation server is told without `/auth`.
    AuthorisationServerMissingAuth,
    /// The tenant has another name.
    TenantUnknown,
    /// The application's secret is another.
    CredentialsRefused,
    /// The application lacks scopes.
    ScopeMissing,
    /// The application is not active.
    ApplicationInactive,
    /// The agent is not active.
    AgentInactive,
    /// The agent is an ordinary one.
    AgentNotApiOnly,
    /// The agent is not in the Projects team.
    AgentNotInTeam,
    /// The agent has no default team.
    DefaultTeamMissing,
    /// A ticket type is gone.
    TicketTypeMissing,
    /// A ticket type is for something else.
    TicketTypeWrongUse,
    /// A status does not belong to the type.
    StatusNotOfType,
    /// The agents who do projects do not belong to the type.
    AssigneeNotOfType,
    /// The type demands a field.
    MandatoryFieldWithoutConstant,
    /// A client has no counterpart.
    ClientUnmatched,
    /// A client is stopped.
    ClientStopped,
    /// The role is an administrator's.
    ExcessRight,
    /// HIT's key is another.
    HitCredentialsRefused,
    /// HIT synchronises by itself.
    HitBuiltInSyncOn,
    /// HIT reckons in another currency.
    CurrencyUnequal,
    /// HIT's account has no time zone.
    TimeZoneMissing,
}

impl Code {
    /// All codes.
    pub const ALL: [Self; 22] = [
        Self::ResourceServerMisplacedApi,
        Self::AuthorisationServerMissingAuth,
        Self::TenantUnknown,
        Self::CredentialsRefused,
        Self::ScopeMissing,
        Self::ApplicationInactive,
        Self::AgentInactive,
        Self::AgentNotApiOnly,
        Self::AgentNotInTeam,
        Self::DefaultTeamMissing,
        Self::TicketTypeMissing,
        Self::TicketTypeWrongUse,
        Self::StatusNotOfType,
        Self::AssigneeNotOfType,
        Self::MandatoryFieldWithoutConstant,
        Self::ClientUnmatched,
        Self::ClientStopped,
        Self::ExcessRight,
        Self::HitCredentialsRefused,
        Self::HitBuiltInSyncOn,
        Self::CurrencyUnequal,
        Self::TimeZoneMissing,
    ];

    /// The code as text.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ResourceServerMisplacedApi => "resource_server_misplaced_api",
            Self::AuthorisationServerMissingAuth => "authorisation_server_missing_auth",
            Self::TenantUnknown => "tenant_unknown",
            Self::CredentialsRefused => "credentials_refused",
            Self::ScopeMissing => "scope_missing",
            Self::ApplicationInactive => "application_inactive",
            Self::AgentInactive => "agent_inactive",
            Self::AgentNotApiOnly => "agent_not_api_only",
            Self::AgentNotInTeam => "agent_not_in_team",
            Self::DefaultTeamMissing => "default_team_missing",
            Self::TicketTypeMissing => "ticket_type_missing",
            Self::TicketTypeWrongUse => "ticket_type_wrong_use",
            Self::StatusNotOfType => "status_not_of_type",
            Self::AssigneeNotOfType => "assignee_not_of_type",
            Self::MandatoryFieldWithoutConstant => "mandatory_field_without_constant",
            Self::ClientUnmatched => "client_unmatched",
            Self::ClientStopped => "client_stopped",
            Self::ExcessRight => "excess_right",
            Self::HitCredentialsRefused => "hit_credentials_refused",
            Self::HitBuiltInSyncOn => "hit_built_in_sync_on",
            Self::CurrencyUnequal => "currency_unequal",
            Self::TimeZoneMissing => "time_zone_missing",
        }
    }

    /// The code of a text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == text)
    }

    /// What it does, in one line.
    #[must_use]
    pub fn explain(self) -> &'static str {
        match self {
            Self::ResourceServerMisplacedApi => {
                "the JSON line gives Halo's resource server without /api (at the start only)"
            }
            Self::AuthorisationServerMissingAuth => {
                "the JSON line gives the authorisation server without /auth (at the start only)"
            }
            Self::TenantUnknown => "Halo's tenant has been renamed",
            Self::CredentialsRefused => "the integration's client secret has been replaced",
            Self::ScopeMissing => "the integration's application has only read:customers",
            Self::ApplicationInactive => "the integration's application is not active",
            Self::AgentInactive => "the API agent's account is disabled",
            Self::AgentNotApiOnly => "the API agent is an ordinary agent",
            Self::AgentNotInTeam => {
                "the API agent is not in the Projects team: projects are hidden without a word"
            }
            Self::DefaultTeamMissing => "the API agent has no default team: it cannot read other agents",
            Self::TicketTypeMissing => "the ticket type Project (31) has been deleted",
            Self::TicketTypeWrongUse => "the ticket type Project (31) is for service tickets",
            Self::StatusNotOfType => "the status Work in Progress (32) is no longer allowed for Project (31)",
            Self::AssigneeNotOfType => {
                "only the Service Desk may be assigned tickets of the type Project (31)"
            }
            Self::MandatoryFieldWithoutConstant => "Cost centre (106) has become mandatory for Project (31)",
            Self::ClientUnmatched => {
                "the first HIT client that is linked to a Halo client has lost the link, and Halo's name and domain have changed"
            }
            Self::ClientStopped => "the Halo client of the first linked HIT client is stopped",
            Self::ExcessRight => "the integration's role is an administrator's",
            Self::HitCredentialsRefused => "HIT's API key has been revoked",
            Self::HitBuiltInSyncOn => "HIT's own Halo synchronisation is running for all clients",
            Self::CurrencyUnequal => "HIT's account reckons in EUR, Halo in USD",
            Self::TimeZoneMissing => "HIT's account has no time zone",
        }
    }

    /// Whether it is only about what the JSON line says, and so has to be there at the start.
    #[must_use]
    pub fn only_at_start(self) -> bool {
        matches!(self, Self::ResourceServerMisplacedApi | Self::AuthorisationServerMissingAuth)
    }
}

/// One value of the world that a code may change.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Tenant,
    ApiKey,
    /// A whole row of a Halo root.
    HaloRow(&'static str, Key),
    /// A field of a row of a Halo root.
    HaloField(&'static str, Key, &'static str),
    HitAccount(&'static str),
    HitIntegration(&'static str),
    HitClient(String, &'static str),
}

impl Cell {
    fn read(&self, world: &World) -> Option<Value> {
        match self {
            Self::Tenant => Some(world.halo.tenant.as_str().into()),
            Self::ApiKey => Some(world.hit.api_key.as_str().into()),
            Self::HaloRow(root, key) => world.halo.root(root)?.get(key).cloned().map(Value::Object),
            Self::HaloField(root, key, field) => world.halo.root(root)?.get(key)?.get(*field).cloned(),
            Self::HitAccount(field) => world.hit.account.get(*field).cloned(),
            Self::HitIntegration(field) => world.hit.integration.get(*field).cloned(),
            Self::HitClient(id, field) => world.hit.clients.get(id)?.get(*field).cloned(),
        }
    }

    fn write(&self, world: &mut World, value: Option<Value>) {
        let row = match self {
            Self::Tenant => {
                world.halo.tenant = value.as_ref().and_then(Value::as_str).unwrap_or("").to_owned();
                return;
            }
            Self::ApiKey => {
                world.hit.api_key = value.as_ref().and_then(Value::as_str).unwrap_or("").to_owned();
                return;
            }
            Self::HaloRow(root, key) => {
                let store = world.halo.root_mut(root);
                match value {
                    Some(Value::Object(row)) => store.put(key.clone(), row),
                    _ => drop(store.remove(key)),
                }
                return;
            }
            Self::HaloField(root, key, _) => world.halo.root_mut(root).get_mut(key),
            Self::HitAccount(_) => Some(&mut world.hit.account),
            Self::HitIntegration(_) => Some(&mut world.hit.integration),
            Self::HitClient(id, _) => world.hit.clients.get_mut(id),
        };
        let (Some(row), Some(field)) = (row, self.field()) else { return };
        match value {
            Some(value) => row.insert(field.into(), value),
            None => row.remove(field),
        };
    }

    fn field(&self) -> Option<&'static str> {
        match self {
            Self::HaloField(_, _, field)
            | Self::HitAccount(field)
            | Self::HitIntegration(field)
            | Self::HitClient(_, field) => Some(field),
            Self::Tenant | Self::ApiKey | Self::HaloRow(..) => None,
        }
    }
}

/// What is wrong now, and how it was.
#[derive(Debug, Default)]
pub struct Breakage {
    codes: Vec<Code>,
    before: Vec<(Cell, Option<Value>)>,
}

impl Breakage {
    /// What is wrong now.
    #[must_use]
    pub fn codes(&self) -> &[Code] {
        &self.codes
    }

    /// Makes exactly these codes wrong; whatever else was wrong is put right. Tokens given out die, so that
    /// the next request meets the new state.
    pub fn set(&mut self, world: &mut World, codes: &[Code]) {
        for (cell, value) in self.before.drain(..).rev() {
            cell.write(world, value);
        }
        let mut codes = codes.to_vec();
        codes.sort_unstable();
        codes.dedup();
        for code in &codes {
            // One after another: a later code builds on what an earlier one did.
            for (cell, value) in codes::cells(*code, world) {
                self.before.push((cell.clone(), cell.read(world)));
                cell.write(world, value);
            }
        }
        self.codes = codes;
        world.halo.expire_tokens();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{SeedOptions, seed};

    fn small() -> World {
        seed(&SeedOptions { clients: 12, tickets: 40, items: 20, ..SeedOptions::default() })
    }

    fn picture(world: &World) -> String {
        format!("{:?} {} {:?} {:?}", world.hit, world.halo.tenant, world.halo.tickets.len(), {
            let rows = world.halo.roots.iter().map(|(name, store)| (name, store.iter().collect::<Vec<_>>()));
            rows.collect::<Vec<_>>()
        })
    }

    #[test]
    fn every_code_changes_something_and_comes_off_again() {
        let mut world = small();
        let whole = picture(&world);
        let mut breakage = Breakage::default();
        for code in Code::ALL.into_iter().filter(|c| !c.only_at_start()) {
            breakage.set(&mut world, &[code]);
            assert_ne!(picture(&world), whole, "{}", code.name());
            breakage.set(&mut world, &[]);
            assert_eq!(picture(&world), whole, "{}", code.name());
        }
    }

    #[test]
    fn all_codes_together_come_off_again() {
        let mut world = small();
        let whole = picture(&world);
        let mut breakage = Breakage::default();
        breakage.set(&mut world, &Code::ALL);
        breakage.set(&mut world, &[Code::AgentInactive, Code::ScopeMissing]);
        assert_eq!(breakage.codes(), [Code::ScopeMissing, Code::AgentInactive]);
        breakage.set(&mut world, &[]);
        assert_eq!(picture(&world), whole);
    }

    #[test]
    fn names_are_read_back() {
        for code in Code::ALL {
            assert_eq!(Code::parse(code.name()), Some(code));
        }
    }
}
