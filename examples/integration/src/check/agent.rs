//! Who the token stands for.

use halo_client::schema::Agent;
use halo_client::schema::Me;
use halo_client::{Client, Record};

use super::connect::plainly;
use super::finding::{Finding, State};
use super::ledger::Ledger;
use super::{ask, hours};

/// What only the agent's own record tells.
const UNTOLD: [&str; 3] = ["agent_not_api_only", "default_team_missing", "work_hours_not_full"];

/// Who we are, as far as Halo says.
pub(super) enum Asked {
    /// Halo said something.
    Me(Box<Me>),
    /// This question alone was not answered.
    Silent,
    /// Nothing will be answered: the token is worth nothing there.
    Refused,
}

/// Asks who we are, and judges what Halo says of it.
pub(super) async fn ask(client: &Client, ledger: &mut Ledger) -> Asked {
    const SERVER: &str = "resource_server_unreachable";
    let doubtful = ledger.get(SERVER).is_some_and(|finding| finding.state == State::CannotTell);
    let me: Record<Agent, Me> = match client.agents().me().await {
        Ok(me) => me,
        Err(error) => {
            let asked = format!("GET /Agent/me: {}", plainly(&error));
            if doubtful && (error.is_authentication() || error.is_not_found() || error.is_decode()) {
                let finding = Finding::new(SERVER, State::Fails)
                    .saw("a token was issued, and what answers here is not the Halo it is for")
                    .saw(&asked);
                ledger.put(finding);
                return Asked::Refused;
            }
            const LOGIN: &str = "login_type_not_agent";
            if error.is_permission() || error.is_authentication() || error.is_not_found() {
                match ask::raw(client, "/Users/me").await {
                    Ok(_) => {
                        let finding = Finding::new(LOGIN, State::Fails)
                            .saw(&asked)
                            .saw("GET /Users/me: answered, so the token is a user's");
                        ledger.put(finding);
                        return Asked::Refused;
                    }
                    Err(_) if error.is_authentication() => {}
                    Err(user) => ledger.put(
                        Finding::new(LOGIN, State::CannotTell)
                            .saw(&asked)
                            .saw(format!("GET /Users/me: {}", plainly(&user))),
                    ),
                }
            } else {
                ledger.cannot_tell(LOGIN, &asked);
            }
            if error.is_authentication() {
                // A token that was just issued and is refused at once stands for somebody who may not be there.
                ledger.put(Finding::new("agent_inactive", State::Fails).saw(&asked));
                return Asked::Refused;
            }
            for code in UNTOLD {
                ledger.cannot_tell(code, &asked);
            }
            return Asked::Silent;
        }
    };
    let workday = me.get(Agent::WORKDAY_ID).value();
    let me = me.into_value();
    if doubtful {
        ledger.ok(SERVER, "GET /Agent/me is answered");
    }
    ledger.ok(
        "login_type_not_agent",
        match me.name.as_deref() {
            Some(name) => format!("GET /Agent/me: the application logs in as the agent {name}"),
            None => "GET /Agent/me is answered".to_owned(),
        },
    );
    if !me.is_agent() {
        for code in UNTOLD {
            ledger.cannot_tell(code, "GET /Agent/me: this Halo answers the rights only, and names no agent");
        }
        return Asked::Me(Box::new(me));
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
    hours::judge(client, workday.map(halo_client::Id::get), ledger).await;
    Asked::Me(Box::new(me))
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
