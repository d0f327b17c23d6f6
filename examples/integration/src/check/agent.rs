//! Who the token stands for.

use halo_client::schema::Agent;
use halo_client::schema::Me;
use halo_client::{Client, Record};

use super::connect::plainly;
use super::finding::{Finding, State};
use super::ledger::Ledger;

/// Asks who we are, and judges what Halo says of it.
pub(super) async fn ask(client: &Client, ledger: &mut Ledger) -> Option<Me> {
    let me: Record<Agent, Me> = match client.agents().me().await {
        Ok(me) => me,
        Err(error) => {
            let asked = format!("GET /Agent/me: {}", plainly(&error));
            if error.is_authentication() {
                // A token that was just issued and is refused at once stands for somebody who may not be there.
                ledger.put(Finding::new("agent_inactive", State::Fails).saw(&asked));
            }
            for code in ["agent_not_api_only", "default_team_missing"] {
                ledger.cannot_tell(code, &asked);
            }
            return None;
        }
    };
    let me = me.into_value();
    if ledger.get("resource_server_unreachable").is_some_and(|finding| finding.state == State::CannotTell) {
        ledger.ok("resource_server_unreachable", "GET /Agent/me is answered");
    }
    if !me.is_agent() {
        for code in ["agent_not_api_only", "default_team_missing"] {
            ledger.cannot_tell(code, "GET /Agent/me: this Halo answers the rights only, and names no agent");
        }
        return Some(me);
    }
    let name = me.name.as_deref().unwrap_or("the agent");
    match me.isdisabled {
        Some(true) => ledger.put(
            Finding::new("agent_inactive", State::Fails).saw(format!("GET /Agent/me: {name} is disabled")),
        ),
        _ => ledger.ok("agent_inactive", format!("GET /Agent/me: the application logs in as {name}")),
    }
    match me.isapiagent {
        Some(true) => ledger.ok("agent_not_api_only", format!("GET /Agent/me: {name}, isapiagent is true")),
        Some(false) => ledger.put(
            Finding::new("agent_not_api_only", State::Fails)
                .saw(format!("GET /Agent/me: {name}, isapiagent is false")),
        ),
        None => {
            ledger.cannot_tell("agent_not_api_only", format!("GET /Agent/me: {name}, without isapiagent"))
        }
    }
    match me.team.as_deref().map(str::trim) {
        Some("") => ledger.put(default_team(client, name).await),
        Some(team) => {
            ledger.ok("default_team_missing", format!("GET /Agent/me: {name}, default team {team}"))
        }
        None => ledger.cannot_tell("default_team_missing", format!("GET /Agent/me: {name}, without team")),
    }
    Some(me)
}

/// The missing default team, proven by the list that is silently empty.
async fn default_team(client: &Client, name: &str) -> Finding {
    let finding = Finding::new("default_team_missing", State::Fails)
        .saw(format!("GET /Agent/me: {name}, no default team"));
    match client.agents().list().all().await {
        Ok(agents) => {
            let others =
                agents.iter().filter(|agent| agent.value().id.is_some_and(|id| id.get() > 1)).count();
            finding.saw(format!("GET /Agent: {others} agents listed, and no error"))
        }
        Err(error) => finding.saw(format!("GET /Agent: {}", plainly(&error))),
    }
}
