//! Teams: Halo shows an agent only what its teams may see, and says nothing about the rest.

use std::collections::{BTreeMap, BTreeSet};

use halo_client::Client;
use halo_client::schema::{AgentTeam, Me};
use serde::de::IgnoredAny;
use sync_core::ids::{Kind, TeamId, TicketTypeId};

use super::connect::plainly;
use super::finding::{Finding, State};
use super::inputs::Inputs;
use super::ledger::Ledger;
use super::settings::Read;

const CODE: &str = "agent_not_in_team";
const DEPARTMENT: &str = "agent_not_in_department";
const MEMBERSHIP: &str = "membership_not_modify_all";
/// The level of a membership that is taken for "Modify All"; Halo documents none (see ASSUMPTIONS.md).
const MODIFY_ALL: i64 = 2;

/// A followed type, its team, and how many of its tickets the agent is shown.
pub(super) struct Followed {
    pub(super) id: TicketTypeId,
    pub(super) kind: Kind,
    pub(super) name: String,
    teams: BTreeSet<TeamId>,
    pub(super) shown: Result<u64, String>,
}

impl Followed {
    fn evidence(&self) -> String {
        let route = match self.kind {
            Kind::Opportunity => "/Opportunities",
            Kind::Project => "/Projects",
        };
        let answer = match &self.shown {
            Ok(0) => "0 tickets, and no error".to_owned(),
            Ok(rows) => format!("{rows} tickets"),
            Err(why) => why.clone(),
        };
        format!("GET {route}?requesttype_id={} ({}): {answer}", self.id, self.name)
    }
}

/// Judges the agent's teams by the followed types.
pub(super) fn judge(me: Option<&Me>, read: &Read, followed: &[Followed], ledger: &mut Ledger) {
    if !read.halo {
        return;
    }
    let Some(me) = me else {
        for code in [CODE, DEPARTMENT, MEMBERSHIP] {
            ledger.cannot_tell(code, "GET /Agent/me is not answered");
        }
        return;
    };
    departments(me, read, followed, ledger);
    if followed.is_empty() {
        ledger.cannot_tell(CODE, "no followed ticket type is there to ask for");
        return;
    }
    let Some(mine) = me.teams.as_ref().filter(|_| me.is_agent()) else {
        ledger.put(by_counts(followed));
        return;
    };
    let mine: BTreeMap<TeamId, AgentTeam> = mine
        .iter()
        .map(|row| row.value().clone())
        .filter(|row| row.in_section != Some(false))
        .filter_map(|row| Some((TeamId(row.team_id?.get()), row)))
        .collect();
    let name =
        |team: &TeamId| read.catalogue.teams.get(team).map_or_else(|| team.to_string(), ToString::to_string);
    let names: Vec<&str> = mine.values().filter_map(|row| row.team_name.as_deref()).collect();
    let listed = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let member = format!("GET /Agent/me: {}, teams: {listed}", me.name.as_deref().unwrap_or("the agent"));

    let mut missing = BTreeSet::new();
    let mut lines = Vec::new();
    let mut partial = Vec::new();
    for of in followed {
        for team in &of.teams {
            let Some(row) = mine.get(team) else {
                missing.insert(*team);
                lines.push(format!("{} tickets belong to the team {}", of.name, name(team)));
                lines.push(of.evidence());
                continue;
            };
            let covers = match of.kind {
                Kind::Opportunity => row.foropps,
                Kind::Project => row.forprojects,
            };
            if covers == Some(false) {
                partial.push(format!("in {}, but not for {} tickets", name(team), of.kind));
                partial.push(of.evidence());
            }
            if row.unassigned_access == Some(false) || row.otheragent_access == Some(false) {
                partial.push(format!(
                    "in {}, but without access to unassigned or other agents' tickets",
                    name(team)
                ));
            }
        }
    }
    if missing.is_empty() && partial.is_empty() {
        let finding =
            Finding::new(CODE, State::Ok).saw(member).saw_all(followed.iter().map(Followed::evidence));
        ledger.put(finding);
        return;
    }
    let finding = Finding::new(CODE, State::Fails).saw(member).saw_all(lines).saw_all(partial);
    let finding = match missing.iter().map(name).collect::<Vec<_>>() {
        none if none.is_empty() => finding,
        teams => {
            let fix = format!(
                "Halo: Configuration > Teams & Agents > Roles, open the agent's role, Departments & Teams: add the {} \
                 {}, set Membership to \"Modify All\", then Save; or add {} on the agent itself",
                if teams.len() == 1 { "team" } else { "teams" },
                teams.join(", "),
                if teams.len() == 1 { "it" } else { "them" },
            );
            finding.fixed_by(fix)
        }
    };
    ledger.put(finding);
}

/// Judges the agent's departments by those of the followed types' teams.
fn departments(me: &Me, read: &Read, followed: &[Followed], ledger: &mut Ledger) {
    let needed: BTreeMap<i64, &str> = followed
        .iter()
        .flat_map(|of| &of.teams)
        .filter_map(|team| read.found.departments.get(team))
        .map(|(id, name)| (*id, name.as_str()))
        .collect();
    let told = me.departments.as_ref().filter(|_| me.is_agent());
    let (Some(rows), false) = (told, needed.is_empty()) else {
        let why = if told.is_none() {
            "GET /Agent/me: this Halo does not name the agent's departments"
        } else {
            "GET /Team: no department is named for the teams of the followed types"
        };
        for code in [DEPARTMENT, MEMBERSHIP] {
            ledger.cannot_tell(code, why);
        }
        return;
    };
    let mine: BTreeMap<i64, Option<i64>> = rows
        .iter()
        .filter_map(|row| Some((row.value().department_id?.get(), row.value().membershiplevel)))
        .collect();
    let names: Vec<&str> = rows.iter().filter_map(|row| row.value().department_name.as_deref()).collect();
    let listed = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let asked = format!("GET /Agent/me, departments: {listed}");
    let missing: Vec<&str> =
        needed.iter().filter(|(id, _)| !mine.contains_key(id)).map(|(_, name)| *name).collect();
    if !missing.is_empty() {
        let belong = format!("teams of the followed types belong to {}", missing.join(", "));
        let finding = Finding::new(DEPARTMENT, State::Fails).saw(asked).saw(belong);
        ledger.put(finding.saw_all(followed.iter().map(Followed::evidence)));
        return;
    }
    ledger.ok(DEPARTMENT, asked);
    let (mut low, mut silent, mut full) = (Vec::new(), Vec::new(), Vec::new());
    for (id, name) in &needed {
        match mine.get(id).copied().flatten() {
            Some(level) if level >= MODIFY_ALL => full.push(format!("{name}: level {level}")),
            Some(level) => low.push(format!("{name}: level {level}")),
            None => silent.push(format!("{name}: no level is told")),
        }
    }
    ledger.put(match (low.is_empty(), silent.is_empty()) {
        (false, _) => Finding::new(MEMBERSHIP, State::Warning).saw_all(low),
        (true, false) => Finding::new(MEMBERSHIP, State::CannotTell).saw_all(silent),
        (true, true) => Finding::new(MEMBERSHIP, State::Ok).saw_all(full),
    });
}

/// Where Halo does not name the agent's teams, only the numbers speak, and they never prove that nothing is missing.
fn by_counts(followed: &[Followed]) -> Finding {
    let seen = followed.iter().all(|of| matches!(of.shown, Ok(1..)));
    let state = if seen { State::Ok } else { State::CannotTell };
    Finding::new(CODE, state)
        .saw("GET /Agent/me: this Halo does not name the agent's teams")
        .saw_all(followed.iter().map(Followed::evidence))
}

/// The followed types, and how many tickets of each the agent is shown.
pub(super) async fn followed(client: &Client, inputs: &Inputs, read: &Read) -> Vec<Followed> {
    let mut all = Vec::new();
    for kind in Kind::ALL {
        let settings = inputs.settings.kind(kind);
        let types: BTreeSet<TicketTypeId> =
            settings.create_type.iter().chain(&settings.followed).copied().collect();
        for id in types {
            let Some(found) = read.catalogue.ticket_types.get(&id).filter(|found| found.kind == Some(kind))
            else {
                continue;
            };
            let mut teams: BTreeSet<TeamId> = found.default_team.into_iter().collect();
            // A chosen team that may not have such tickets has a finding of its own.
            let fits = |team: &TeamId| {
                read.catalogue.teams.contains_key(team)
                    && (found.teams.is_empty() || found.teams.contains(team))
            };
            if settings.create_type == Some(id) {
                teams.extend(settings.team.filter(fits));
            }
            let shown = count(client, kind, id).await;
            all.push(Followed { id, kind, name: found.name.to_string(), teams, shown });
        }
    }
    all
}

/// How many tickets of a type the agent is shown, closed ones too.
async fn count(client: &Client, kind: Kind, id: TicketTypeId) -> Result<u64, String> {
    macro_rules! first {
        ($route:expr) => {{
            let list = $route.list().param("requesttype_id", id.0).rows_as::<IgnoredAny>().page_size(1);
            list.first_page().await.map(|page| page.total.unwrap_or(page.rows.len() as u64))
        }};
    }
    let answer = match kind {
        Kind::Opportunity => first!(client.opportunities()),
        Kind::Project => first!(client.projects()),
    };
    answer.map_err(|error| plainly(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(shown: Result<u64, String>) -> Followed {
        let name = "Project".to_owned();
        Followed { id: TicketTypeId(31), kind: Kind::Project, name, teams: BTreeSet::new(), shown }
    }

    #[test]
    fn where_halo_names_no_teams_an_empty_list_proves_nothing() {
        assert_eq!(by_counts(&[followed(Ok(3))]).state, State::Ok);
        let empty = by_counts(&[followed(Ok(3)), followed(Ok(0))]);
        assert_eq!(empty.state, State::CannotTell);
        assert!(empty.evidence[2].ends_with("(Project): 0 tickets, and no error"), "{:?}", empty.evidence);
        assert_eq!(by_counts(&[followed(Err("status 500".into()))]).state, State::CannotTell);
    }
}
