//! Roles and applications: what the integration may do, and who may log in.

use serde_json::{Value, json};

use super::super::state::{HaloSide, guid};
use super::super::store::Key;
use super::catalogue::{ADMIN_AGENT, API_AGENT, KINDS, row};

/// What the integration's role may do, as claims. The claim types' names are the sandbox's own: Halo's are
/// not public.
const ROLE_CLAIMS: &[(&str, &str)] = &[
    ("tickets", "2"),
    ("projects", "2"),
    ("sales", "2"),
    ("customers", "1"),
    ("add_new_tickets", "1"),
    ("view_unassigned_tickets", "1"),
    ("view_others_tickets", "1"),
    ("edit_tickets_not_assigned", "1"),
    ("update_status_outside_actions", "1"),
];

/// Makes the roles and the applications.
pub(super) fn fill_access(halo: &mut HaloSide, random: &mut fastrand::Rng) {
    let id = guid(random);
    let claims: Vec<Value> = ROLE_CLAIMS.iter().map(|(t, v)| json!({"type": t, "value": v})).collect();
    let kinds: Vec<Value> = KINDS
        .iter()
        .filter(|k| k.2 != "ticket")
        .map(|k| {
            json!({"id": k.0, "tickettype_id": k.0, "tickettype_name": k.1, "role_id": id, "cancreate": k.0 != 34,
                "canview": true, "canedit": k.0 != 34})
        })
        .collect();
    let role = row(
        json!({"id": id, "id_int": 7, "name": "HumanizeIT API", "notes": "", "is_integration": true, "claims": claims,
        "teams": [], "departments": [], "clients": [], "tickettypes": kinds, "access_control": []}),
    );
    halo.root_mut("roles").put(Key::parse(&id), role);
    if let Some(agent) = halo.root_mut("agent").by_id_mut(API_AGENT) {
        agent.insert("roles".into(), json!([{"id": id, "name": "HumanizeIT API"}]));
    }
    let admin = guid(random);
    let role = row(
        json!({"id": admin, "id_int": 1, "name": "Administrator", "notes": "", "is_integration": false,
        "claims": [{"type": "administrator", "value": "1"}], "teams": [], "departments": [], "clients": [], "tickettypes": []}),
    );
    halo.root_mut("roles").put(Key::parse(&admin), role);
    for (name, agent, agent_name, scopes) in [
        ("Sandbox full rights", ADMIN_AGENT, "Robin Ellis", &["all", "admin", "admin:webhooks"][..]),
        ("HumanizeIT", API_AGENT, "HumanizeITAPI", &["all:standard", "admin:webhooks"][..]),
    ] {
        let id = guid(random);
        let client_id = guid(random);
        let secret = format!("{}-{}", guid(random), guid(random));
        let scopes: Vec<Value> = scopes
            .iter()
            .zip(1_i64..)
            .map(|(s, n)| json!({"id": n, "application_id": id, "name": s}))
            .collect();
        let row = row(json!({"id": id, "displayName": name, "clientId": client_id, "clientSecret": secret,
            "type": "confidential", "grant_type": "client_credentials", "loginas_agent_id": agent,
            "loginas_agent_name": agent_name, "loginentity": 0, "inactive": false, "scopes": scopes, "allowagents": true,
            "allowusers": false}));
        halo.root_mut("application").put(Key::parse(&id), row);
        if agent == API_AGENT {
            halo.integration_client_id = client_id;
        } else {
            halo.full_rights_client_id = client_id;
        }
    }
}
