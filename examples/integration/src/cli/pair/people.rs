//! Answers about people: which agent a team member is.

use sync_core::ids::{AgentId, MemberId};

use super::known::{Known, spoken};
use super::{PairWord, Said, no_suggestion, not_for, number, unknown};
use crate::exit::Failure;
use crate::storage::Answer;

pub(super) async fn answer(
    known: &Known,
    member: &MemberId,
    word: PairWord,
    with: Option<&str>,
) -> Result<Said, Failure> {
    let asked = known.questions.people.iter().find(|question| question.member.id == *member);
    let matched = known.app.store.people().await?.iter().any(|(known, _)| known == member);
    let read = known.catalogue.as_ref().and_then(|known| known.members.get(member));
    if asked.is_none() && read.is_none() && !matched {
        let way = "type the team member's id, as `halo-hit pair` and HumanizeIT show it";
        return Err(unknown("team member", member.as_str(), way));
    }
    let configured = known.app.config.settings.project.people.get(member);
    let name = read.map(|member| member.name.to_string()).unwrap_or_default();
    match word {
        PairWord::Link => {
            if let Some(agent) = configured {
                return Err(in_configuration(member, *agent));
            }
            let agent = match (with, asked.map(|question| &question.candidates[..])) {
                (Some(text), _) => AgentId(number(text, "agent")?),
                (None, Some([one])) => one.id,
                (None, _) => {
                    return Err(no_suggestion(
                        "team member",
                        member.as_str(),
                        "pair --person MEMBER link AGENT",
                    ));
                }
            };
            let agent_name = require_agent(known, agent)?;
            known.decide(&[Answer::MatchPerson(member.clone(), agent)]).await?;
            Ok(Said::one(format!(
                "Noted: {} is the agent {}. The next plan knows; tickets that exist keep their agent.",
                spoken(&name, member),
                spoken(&agent_name, &agent)
            )))
        }
        PairWord::Unlink | PairWord::Withdraw if matched => {
            known.decide(&[Answer::UnmatchPerson(member.clone())]).await?;
            Ok(Said::one(format!(
                "Taken back: {} is matched by the e-mail address again, or not at all; then the type's default agent is \
                 used.",
                spoken(&name, member)
            )))
        }
        PairWord::Unlink | PairWord::Withdraw => Err(match configured {
            Some(agent) => in_configuration(member, *agent),
            None => {
                let what = format!("nobody has said which agent the team member {member} is");
                let way_out = format!(
                    "equal e-mail addresses match people; `halo-hit pair --person {member} link AGENT` goes before them"
                );
                Failure::usage("not_linked", what, way_out)
            }
        }),
        PairWord::Create | PairWord::Ignore => Err(not_for(
            "create or ignore",
            "person",
            "write link with the agent's number; without an answer the type's default agent is used",
        )),
    }
}

/// The name of an agent who can be responsible.
fn require_agent(known: &Known, id: AgentId) -> Result<String, Failure> {
    let way = "type the number of an agent of Halo";
    let agents = known.catalogue.as_ref().map(|known| &known.agents);
    let agent =
        agents.and_then(|agents| agents.get(&id)).ok_or_else(|| unknown("agent", &id.to_string(), way))?;
    if id == AgentId::UNASSIGNED || agent.api_only || !agent.active {
        let what = format!("the agent {} cannot be responsible for a ticket", spoken(&agent.name, &id));
        return Err(Failure::usage(
            "agent_unusable",
            what,
            "name an active agent who is not for the API alone",
        ));
    }
    Ok(agent.name.to_string())
}

fn in_configuration(member: &MemberId, agent: AgentId) -> Failure {
    let what = format!(
        "the configuration says that the team member {member} is the agent {agent}, which goes before"
    );
    Failure::usage(
        "linked_by_configuration",
        what,
        "change or remove that line under [project_settings.people]",
    )
}
