//! Zone, currency, and what new tickets get: type, agent, team, demanded fields.

use jiff::tz::TimeZone;
use sync_core::catalogue::TicketType;
use sync_core::ids::{AgentId, Kind, TeamId, TicketTypeId};

use super::choice::Choice;
use super::connect::World;
use super::talk::Talk;
use super::{Draft, kind_mut};
use crate::check;
use crate::exit::Failure;
use crate::render::Style;

impl Draft {
    pub(super) async fn zone_and_currency(
        &mut self,
        talk: &mut Talk<'_>,
        world: &World,
    ) -> Result<(), Failure> {
        talk.heading("7  Days and money");
        talk.say(
            "Halo's dates have no time zone. A date is the same day on both sides only if the zone is known in which \
             Halo's days are meant: mostly that of the company.",
        );
        let theirs = world.account.time_zone.clone().filter(|zone| TimeZone::get(zone).is_ok());
        if let Some(zone) = &theirs {
            talk.say(&format!("HumanizeIT's account is in {zone}."));
        }
        let here = TimeZone::try_system().ok().and_then(|zone| zone.iana_name().map(str::to_owned));
        let suggestion = theirs.or(here);
        let id = "halo.time_zone";
        loop {
            let name =
                talk.text(id, "Time zone (IANA name, such as Europe/London)", suggestion.as_deref())?;
            match TimeZone::get(&name) {
                Ok(_) => {
                    self.time_zone = name;
                    break;
                }
                Err(_) => {
                    let why = Failure::configuration(
                        "time_zone_unknown",
                        format!("{name:?} is no time zone"),
                        "write an IANA name such as Europe/London",
                    );
                    talk.styled(Style::Warning, &why.to_string());
                    talk.refuse(id, &why)?;
                }
            }
        }
        talk.say("Amounts are compared only if both sides count in the same currency.");
        let halo = check::halo_currency(&world.halo).await;
        let hit = world.account.currency.as_ref().map(ToString::to_string);
        self.halo_currency =
            currency(talk, "halo.currency", "Currency of Halo's amounts", halo.or_else(|| hit.clone()))?;
        let suggestion = hit.unwrap_or_else(|| self.halo_currency.clone());
        self.hit_currency =
            currency(talk, "hit.currency", "Currency of HumanizeIT's amounts", Some(suggestion))?;
        if self.halo_currency != self.hit_currency {
            talk.styled(
                Style::Warning,
                "The two differ: budgets are left out of the sync until they are the same.",
            );
        }
        let parsed = |text: &str| text.parse().ok();
        let project = &mut self.settings.project;
        project.time_zone = Some(self.time_zone.as_str().into());
        project.halo_currency = parsed(&self.halo_currency);
        project.hit_currency = parsed(&self.hit_currency);
        Ok(())
    }

    /// The ticket types of a kind, and what depends on them.
    pub(super) fn choose_kind(
        &mut self,
        talk: &mut Talk<'_>,
        world: &World,
        kind: Kind,
    ) -> Result<(), Failure> {
        let (number, about) = match kind {
            Kind::Opportunity => {
                ("8", "An item that is proposed becomes an opportunity: a ticket of a sales type.")
            }
            Kind::Project => ("9", "An item that is approved becomes a project: a ticket of a project type."),
        };
        talk.heading(&format!("{number}  What a new {kind} gets in Halo"));
        talk.say(about);
        let has = &world.catalogue;
        let types: Vec<(TicketTypeId, &TicketType)> = has
            .ticket_types
            .iter()
            .filter(|(_, of)| of.kind == Some(kind))
            .map(|(id, of)| (*id, of))
            .collect();
        let mut choices: Vec<Choice> =
            types.iter().map(|(id, of)| Choice::new(id, &*of.name, note_of(of))).collect();
        choices.push(Choice::new("none", format!("none: no {kind} tickets are made or followed"), ""));
        let usual = types.iter().position(|(_, of)| of.name.eq_ignore_ascii_case(kind.name())).unwrap_or(0);
        let chosen = talk.one(
            &format!("{kind}.type"),
            &format!("Which ticket type do new {kind} tickets get?"),
            &choices,
            Some(usual),
        )?;
        let before = self.settings.kind(kind).create_type;
        let settings = kind_mut(&mut self.settings, kind);
        let Some((id, of)) = types.get(chosen).copied() else {
            *settings = Default::default();
            return Ok(());
        };
        if before != Some(id) {
            settings.template = None;
        }
        settings.create_type = Some(id);
        let others: Vec<Choice> = types
            .iter()
            .filter(|(other, _)| *other != id)
            .map(|(id, of)| Choice::new(id, &*of.name, note_of(of)))
            .collect();
        settings.followed.clear();
        if !others.is_empty() {
            let question = format!("{kind}.followed");
            let prompt =
                format!("Tickets of which other types are followed as well ({kind} tickets made by people)?");
            let usual: Vec<usize> = before
                .filter(|old| *old != id)
                .and_then(|old| others.iter().position(|choice| choice.key == old.to_string()))
                .into_iter()
                .collect();
            for at in talk.many(&question, &prompt, &others, &usual)? {
                settings.followed.extend(others[at].key.parse().ok().map(TicketTypeId));
            }
        }
        let mut people = vec![Choice::new("none", "whoever the type gives them to", "")];
        for (id, agent) in &has.agents {
            if agent.active && !agent.api_only && (of.agents.is_empty() || of.agents.contains(id)) {
                people.push(Choice::new(id, &*agent.name, ""));
            }
        }
        if people.len() == 1 {
            talk.styled(
                Style::Warning,
                "Halo lists no agent for this type: the API agent may lack a Default team (see `halo-hit check`).",
            );
        }
        let prompt = "Who is responsible when the item's person has no counterpart in Halo?";
        let chosen = talk.one(&format!("{kind}.agent"), prompt, &people, Some(0))?;
        settings.default_agent = people[chosen].key.parse().ok().map(AgentId);
        let usual = of.default_team.and_then(|team| has.teams.get(&team));
        let usual =
            usual.map_or("the type's own team".to_owned(), |team| format!("the type's own team, {team}"));
        let mut teams = vec![Choice::new("none", usual, "")];
        let fitting = has.teams.iter().filter(|(id, _)| of.teams.is_empty() || of.teams.contains(id));
        teams.extend(fitting.map(|(id, name)| Choice::new(id, &**name, "")));
        let chosen = talk.one(&format!("{kind}.team"), "Which team do they belong to?", &teams, Some(0))?;
        settings.team = teams[chosen].key.parse().ok().map(TeamId);
        settings.constants.retain(|name, _| of.required.contains_key(name));
        if !of.required.is_empty() {
            talk.say(&format!(
                "Halo demands {} more for a new ticket of type {}. Give each a value that every new ticket gets, as \
                 Halo's API takes it.",
                if of.required.len() == 1 { "a field" } else { "fields" },
                of.name
            ));
        }
        for (name, label) in &of.required {
            let prompt = if name == label {
                format!("Value for {name}")
            } else {
                format!("Value for {label} ({name})")
            };
            let text = talk.text(&format!("{kind}.required.{name}"), &prompt, None)?;
            settings.constants.insert(name.clone(), json_of(&text).into());
        }
        Ok(())
    }
}

fn note_of(of: &TicketType) -> String {
    if of.can_create == Some(false) { "the agent may not create these".to_owned() } else { String::new() }
}

fn currency(
    talk: &mut Talk<'_>,
    id: &str,
    prompt: &str,
    suggestion: Option<String>,
) -> Result<String, Failure> {
    loop {
        let text = talk.text(id, prompt, suggestion.as_deref())?.to_uppercase();
        if text.parse::<sync_core::value::Currency>().is_ok() {
            return Ok(text);
        }
        let why = Failure::configuration(
            "currency_unknown",
            format!("{text:?} is no currency"),
            "write three letters, such as EUR",
        );
        talk.styled(Style::Warning, &why.to_string());
        talk.refuse(id, &why)?;
    }
}

/// A typed value as JSON: a number, true or false as such, anything else as a text.
pub(super) fn json_of(text: &str) -> String {
    let plain = text.parse::<i64>().is_ok() || matches!(text, "true" | "false");
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}
