//! The clients to try it on, and which Halo client each is. No client is ever linked by its name alone.

use std::collections::BTreeMap;

use sync_core::catalogue::Catalogue;
use sync_core::ids::{HaloClientId, HitClientId, MemberId};
use sync_core::settings::Scope;

use super::Draft;
use super::choice::Choice;
use super::connect::World;
use super::talk::Talk;
use crate::engine::Matches;
use crate::exit::Failure;
use crate::render::Style;
use crate::storage::ClientQuestion;

impl Draft {
    pub(super) fn clients(&mut self, talk: &mut Talk<'_>, world: &World) -> Result<(), Failure> {
        let has = &world.catalogue;
        talk.heading("12  The clients to try it on");
        talk.say(
            "Only validation clients take part until the gate is open: choose one or two whose roadmap you know. \
             A Halo client is never made, and never linked by its name alone.",
        );
        let matches = Matches::find(has, &self.settings, &world.stored);
        let linked: BTreeMap<HitClientId, HaloClientId> = matches.directory(&self.settings).clients;
        let open: BTreeMap<HitClientId, ClientQuestion> = matches
            .questions(has, |_| true)
            .into_iter()
            .map(|question| (question.client.id.clone(), question))
            .collect();
        let mut ids: Vec<&HitClientId> =
            has.hit_clients.iter().filter(|(_, client)| !client.archived).map(|(id, _)| id).collect();
        // Those that need no further question come first.
        ids.sort_by_key(|id| (!linked.contains_key(*id), has.hit_clients[*id].name.to_lowercase()));
        let choices: Vec<Choice> = ids
            .iter()
            .map(|id| Choice::new(id, &*has.hit_clients[*id].name, note(id, has, &linked, &open)))
            .collect();
        let chosen =
            talk.many("validation.clients", "Which clients take part first? (several: 1, 2)", &choices, &[])?;
        let chosen: Vec<HitClientId> = chosen.into_iter().map(|at| ids[at].clone()).collect();
        if chosen.is_empty() {
            talk.styled(Style::Warning, "Nothing is synced until scope.validation_clients names a client.");
        }
        for id in chosen.iter().filter(|id| !linked.contains_key(*id)) {
            self.link(id, talk, has, open.get(id))?;
        }
        self.settings.sync.scope = Scope::Validation(chosen.into_iter().collect());
        people(talk, has, &matches);
        Ok(())
    }

    fn link(
        &mut self,
        id: &HitClientId,
        talk: &mut Talk<'_>,
        has: &Catalogue,
        question: Option<&ClientQuestion>,
    ) -> Result<(), Failure> {
        let name = &has.hit_clients[id].name;
        let suggested: Vec<HaloClientId> =
            question.map(|q| q.candidates.iter().map(|halo| halo.id).collect()).unwrap_or_default();
        let usable = |id: &HaloClientId| {
            *id != HaloClientId::UNASSIGNED
                && has.halo_clients.get(id).is_some_and(|client| !client.inactive && !client.stopped)
        };
        let mut ids: Vec<HaloClientId> = suggested.iter().copied().filter(usable).collect();
        let first = ids.len();
        let mut rest: Vec<HaloClientId> =
            has.halo_clients.keys().copied().filter(|id| usable(id) && !ids.contains(id)).collect();
        rest.sort_by_key(|id| has.halo_clients[id].name.to_lowercase());
        ids.extend(rest);
        let mut choices = Vec::new();
        for (at, halo) in ids.iter().enumerate() {
            let client = &has.halo_clients[halo];
            let why = if at < first { question.map_or("", |q| q.reason.as_str()) } else { "" };
            let domains = client.domains.first().map_or(String::new(), ToString::to_string);
            let notes = [domains, why.to_owned()];
            let note = notes.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
            choices.push(Choice::new(halo, &*client.name, note));
        }
        choices.insert(first, Choice::new("later", "none of these, or later", "`halo-hit pair` asks again"));
        // The usual answer is to let it be: whoever presses Enter has confirmed nothing.
        let later = first;
        let domain =
            has.hit_clients[id].domain.as_deref().map_or(String::new(), |domain| format!(" ({domain})"));
        let prompt = format!("Which Halo client is {name}{domain}?");
        let chosen = talk.one_of(&format!("clients.{id}"), &prompt, &choices, first + 1, Some(later))?;
        if let Ok(halo) = choices[chosen].key.parse() {
            self.settings.project.clients.insert(id.clone(), HaloClientId(halo));
        }
        Ok(())
    }
}

fn note(
    id: &HitClientId,
    has: &Catalogue,
    linked: &BTreeMap<HitClientId, HaloClientId>,
    open: &BTreeMap<HitClientId, ClientQuestion>,
) -> String {
    let halo = |id: &HaloClientId| {
        let client = has.halo_clients.get(id);
        let name = client.map_or_else(|| "unknown".to_owned(), |client| client.name.to_string());
        let stopped =
            if client.is_some_and(|client| client.stopped || client.inactive) { ", stopped" } else { "" };
        format!("{name} ({id}{stopped})")
    };
    if let Some(found) = linked.get(id) {
        return format!("linked to {}", halo(found));
    }
    match open.get(id).map(|question| (question.suggestion, question.candidates.len())) {
        Some((Some(found), _)) => format!("perhaps {}", halo(&found)),
        Some((None, 1)) => "one Halo client could be it".to_owned(),
        Some((None, several)) if several > 0 => format!("{several} Halo clients could be it"),
        _ => "no Halo client looks like it".to_owned(),
    }
}

/// Who is who: by e-mail address, which needs no question.
fn people(talk: &mut Talk<'_>, has: &Catalogue, matches: &Matches) {
    let known = |id: &MemberId| matches.people.matched.iter().any(|pair| pair.hit == *id);
    let active = || has.members.iter().filter(|(_, member)| member.active);
    let matched = active().filter(|(id, _)| known(id)).count();
    let others: Vec<&str> = active().filter(|(id, _)| !known(id)).map(|(_, member)| &*member.name).collect();
    talk.say(&format!(
        "People: {matched} of {} active ones are the same on both sides by their e-mail address{}",
        active().count(),
        if others.is_empty() {
            ".".to_owned()
        } else {
            format!(
                "; {} are not, and their items go to whoever is responsible otherwise \
                 ([project_settings.people] matches them by hand).",
                others.join(", ")
            )
        }
    ));
}
