//! The authorisation server, and who a request comes from.

use std::collections::BTreeSet;

use axum::http::{Method, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::rights::Rights;
use super::wire::{Answer, Query, Reply, Req};
use crate::world::state::Token;
use crate::world::store::{flag, int, text};
use crate::world::{Actor, Row, World};

/// Areas that have a `read:` and an `edit:` scope.
const AREAS: &[&str] = &[
    "tickets",
    "calendar",
    "customers",
    "crm",
    "contracts",
    "suppliers",
    "items",
    "projects",
    "sales",
    "quotes",
    "sos",
    "pos",
    "invoices",
    "reporting",
    "software",
    "softwarelicensing",
    "kb",
    "assets",
    "timesheets",
    "agents",
    "teams",
];

/// Scopes of other forms.
const OTHERS: &[&str] = &[
    "all",
    "all:standard",
    "all:teams",
    "admin",
    "admin:webhooks",
    "editmine:timesheets",
    "access:chat",
    "access:adpasswordreset",
    "offline_access",
    "openid",
    "roles",
];

fn known_scope(scope: &str) -> bool {
    OTHERS.contains(&scope)
        || scope
            .split_once(':')
            .is_some_and(|(verb, area)| matches!(verb, "read" | "edit") && AREAS.contains(&area))
}

/// Whether an application with the scopes `held` may ask for `scope`.
fn covers(held: &BTreeSet<String>, scope: &str) -> bool {
    held.contains(scope)
        || held.contains("all")
        || (held.contains("all:standard") && !scope.starts_with("admin") && !scope.starts_with("all"))
        || scope.strip_prefix("read:").is_some_and(|area| held.contains(&format!("edit:{area}")))
        || (held.contains("admin") && scope.starts_with("admin:"))
        || matches!(scope, "offline_access" | "openid" | "roles")
}

/// Answers below `/auth`.
pub(super) fn answer(world: &mut World, req: &Req) -> Answer {
    match (req.segment(1).as_str(), req.segment(2).as_str(), req.path.len()) {
        ("token", "", 2) if req.method == Method::POST => token(world, req),
        ("token", "", 2) => Ok(Reply::empty(405)),
        (".well-known", "openid-configuration", 3) => {
            let base = format!("{}/auth", req.origin());
            Ok(Reply::ok(&json!({"issuer": base, "token_endpoint": format!("{base}/token"),
                "authorization_endpoint": format!("{base}/authorize"), "jwks_uri": format!("{base}/.well-known/jwks"),
                "grant_types_supported": ["client_credentials"], "scopes_supported": OTHERS,
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]})))
        }
        _ => Ok(Reply::page(404, "404 - File or directory not found.")),
    }
}

fn token(world: &mut World, req: &Req) -> Answer {
    let form = Query::parse(&String::from_utf8_lossy(&req.body));
    let tenant = req.query.get("tenant").or_else(|| form.get("tenant"));
    if tenant.is_some_and(|tenant| !tenant.eq_ignore_ascii_case(&world.halo.tenant)) {
        return Ok(Reply::page(500, "Internal Server Error"));
    }
    let basic = basic_credentials(req.header(header::AUTHORIZATION));
    let id = form
        .get("client_id")
        .map(str::to_owned)
        .or_else(|| basic.as_ref().map(|b| b.0.clone()))
        .unwrap_or_default();
    let secret =
        form.get("client_secret").map(str::to_owned).or_else(|| basic.map(|b| b.1)).unwrap_or_default();
    match form.get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => {
            return Ok(Reply::error(
                400,
                "unsupported_grant_type",
                "The specified 'grant_type' is not supported.",
            ));
        }
        None => {
            return Ok(Reply::error(
                400,
                "invalid_request",
                "The mandatory 'grant_type' parameter is missing.",
            ));
        }
    }
    let refused = || Reply::error(401, "invalid_client", "The specified client credentials are invalid.");
    let applications = world.halo.root("application").ok_or_else(refused)?;
    let application = applications
        .iter()
        .map(|(_, row)| row)
        .find(|row| text(row, "clientId").eq_ignore_ascii_case(&id))
        .filter(|row| !secret.is_empty() && text(row, "clientSecret") == secret)
        .ok_or_else(refused)?;
    if flag(application, "inactive") {
        return Ok(Reply::error(401, "invalid_client", "The application is not active."));
    }
    if !text(application, "grant_type").eq_ignore_ascii_case("client_credentials") {
        return Err(Reply::error(
            400,
            "unauthorized_client",
            "The specified 'client_id' is not allowed to use the client credentials grant.",
        ));
    }
    let agent = world.halo.row("agent", int(application, "loginas_agent_id"));
    if agent.is_none_or(|agent| flag(agent, "isdisabled")) {
        return Ok(Reply::error(400, "invalid_grant", "The agent to log in as is not active."));
    }
    let held = scopes_of(application);
    let asked: BTreeSet<String> =
        form.get("scope").unwrap_or("").split_whitespace().map(str::to_ascii_lowercase).collect();
    let granted = if asked.is_empty() { held.clone() } else { asked };
    if granted.iter().any(|scope| !known_scope(scope) || !covers(&held, scope)) {
        return Ok(Reply::error(400, "invalid_scope", "The specified 'scope' is invalid."));
    }
    let client_id = text(application, "clientId").to_owned();
    let value =
        format!("eyJhbGciOiJub25lIn0.{}.{}", world.guid().replace('-', ""), world.guid().replace('-', ""));
    let now = world.clock.elapsed();
    let seconds = world.halo.token_seconds;
    world.halo.tokens.retain(|_, token| token.expires > now);
    let scope = granted.iter().cloned().collect::<Vec<_>>().join(" ");
    world
        .halo
        .tokens
        .insert(value.clone(), Token { client_id, scopes: granted, expires: now + seconds * 1000 });
    Ok(Reply::ok(
        &json!({"access_token": value, "token_type": "Bearer", "expires_in": seconds, "scope": scope}),
    )
    .with("cache-control", "no-store".into()))
}

fn scopes_of(application: &Row) -> BTreeSet<String> {
    application
        .get("scopes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|scope| scope.get("name").and_then(Value::as_str))
        .map(str::to_ascii_lowercase)
        .collect()
}

fn basic_credentials(value: &str) -> Option<(String, String)> {
    let (scheme, rest) = value.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok())??;
    let text = String::from_utf8(decoded).ok()?;
    text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
}

/// Who a request comes from.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) actor: Actor,
    pub(super) agent_id: i64,
    pub(super) agent_name: String,
    pub(super) client_id: String,
    pub(super) scopes: BTreeSet<String>,
    pub(super) rights: Rights,
    /// Whether the application logs in as a user of a client, who is no agent.
    pub(super) is_user: bool,
}

impl Caller {
    /// The caller a bearer token stands for.
    pub(super) fn of(world: &World, req: &Req) -> Result<Self, Reply> {
        let value = req.header(header::AUTHORIZATION);
        let token = value
            .split_once(' ')
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| world.halo.tokens.get(token.trim()))
            .filter(|token| token.expires > world.clock.elapsed())
            .ok_or_else(Reply::unauthorised)?;
        let application = world
            .halo
            .root("application")
            .and_then(|store| {
                store.iter().map(|(_, row)| row).find(|row| text(row, "clientId") == token.client_id)
            })
            .filter(|row| !flag(row, "inactive"))
            .ok_or_else(Reply::unauthorised)?;
        let agent = world
            .halo
            .row("agent", int(application, "loginas_agent_id"))
            .filter(|agent| !flag(agent, "isdisabled"))
            .ok_or_else(Reply::unauthorised)?;
        let actor = if token.client_id == world.halo.integration_client_id {
            Actor::Integration
        } else {
            Actor::FullRights
        };
        Ok(Self {
            actor,
            agent_id: int(agent, "id"),
            agent_name: text(agent, "name").to_owned(),
            client_id: token.client_id.clone(),
            scopes: token.scopes.clone(),
            rights: Rights::of(world, agent),
            is_user: !flag(application, "allowagents") && flag(application, "allowusers"),
        })
    }

    /// A person at the keyboard, with every right.
    pub(super) fn person(name: &str) -> Self {
        Self {
            actor: Actor::Person(name.to_owned()),
            agent_id: 3,
            agent_name: name.to_owned(),
            client_id: String::new(),
            scopes: BTreeSet::from(["all".to_owned()]),
            rights: Rights::administrator(),
            is_user: false,
        }
    }

    /// Whether the token's scopes open an area.
    pub(super) fn scoped(&self, area: &str, write: bool) -> bool {
        let has = |scope: &str| self.scopes.contains(scope);
        match area {
            "" => true,
            "all:teams" => has("all") || has("all:teams"),
            "admin" => has("all") || has("admin"),
            "webhooks" => has("all") || has("admin") || has("admin:webhooks"),
            _ => {
                has("all")
                    || has("all:standard")
                    || has(&format!("edit:{area}"))
                    || (!write && has(&format!("read:{area}")))
                    || (matches!(area, "projects" | "sales")
                        && (has("edit:tickets") || (!write && has("read:tickets"))))
            }
        }
    }
}
