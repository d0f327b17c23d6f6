//! What an unlinked item becomes, and the status maps: suggested, shown, changed row by row.

use sync_core::catalogue::{Catalogue, StatusClass};
use sync_core::ids::{HitStatusId, Kind, StatusId, TicketTypeId};
use sync_core::settings::{CreateRule, HitTarget, Settings, StatusHow, StatusTarget};

use super::Draft;
use super::choice::Choice;
use super::connect::World;
use super::suggest::{Reason, losses, suggest};
use super::talk::Talk;
use crate::exit::Failure;
use crate::render::Table;

/// A row that can be changed: its question, what it is about, and what is chosen now.
struct Row {
    id: String,
    left: String,
    choices: Vec<Choice>,
    at: usize,
    why: String,
}

impl Row {
    /// Takes over what somebody else suggests, or a file says.
    fn overrule(&mut self, talk: &mut Talk<'_>) -> Result<(), Failure> {
        let suggested = talk.suggestion(&self.id).cloned();
        if let Some((values, who)) = suggested
            && let Some(at) = values.first().and_then(|key| self.choices.iter().position(|c| c.key == *key))
            && at != self.at
        {
            self.at = at;
            self.why = who;
        }
        if talk.stored(&self.id).is_some() {
            self.at = talk.one(&self.id, &self.left, &self.choices, Some(self.at))?;
            self.why = Reason::Chosen.text().to_owned();
        }
        Ok(())
    }
}

/// Shows rows until somebody takes them; a number changes one.
fn settle(talk: &mut Talk<'_>, id: &str, heads: [&str; 4], rows: &mut [Row]) -> Result<(), Failure> {
    for row in &mut *rows {
        row.overrule(talk)?;
    }
    loop {
        let mut table = Table::new(heads).right(0);
        for (at, row) in rows.iter().enumerate() {
            table.row([
                (at + 1).to_string(),
                row.left.clone(),
                row.choices[row.at].name.clone(),
                row.why.clone(),
            ]);
        }
        talk.table(&table);
        let answer = talk.text(id, "Enter takes these; a number changes that row", Some("yes"))?;
        if matches!(answer.to_lowercase().as_str(), "y" | "yes") {
            return Ok(());
        }
        let Some(at) = answer.parse::<usize>().ok().filter(|number| (1..=rows.len()).contains(number)) else {
            let why = Failure::configuration(
                "answer_unknown",
                format!("{answer:?} is neither yes nor the number of a row"),
                "type one of them",
            );
            talk.styled(crate::render::Style::Warning, &why.to_string());
            talk.refuse(id, &why)?;
            continue;
        };
        // The answer to this question is always the last one, which was yes.
        talk.refuse(id, &Failure::configuration("row_changed", "a row was changed", "take the rows"))?;
        let row = &mut rows[at - 1];
        row.at = talk.one(&row.id, &row.left, &row.choices, Some(row.at))?;
        row.why = Reason::Chosen.text().to_owned();
    }
}

fn ordered(catalogue: &Catalogue) -> Vec<&HitStatusId> {
    let mut ids: Vec<_> = catalogue.hit_statuses.iter().collect();
    ids.sort_by_key(|(id, status)| (status.sort_order, (*id).clone()));
    ids.into_iter().map(|(id, _)| id).collect()
}

fn hit_name(catalogue: &Catalogue, id: &HitStatusId) -> String {
    catalogue.hit_statuses.get(id).map_or_else(|| id.to_string(), |status| status.name.to_string())
}

impl Draft {
    pub(super) fn create_rules(&mut self, talk: &mut Talk<'_>, world: &World) -> Result<(), Failure> {
        let has = &world.catalogue;
        talk.heading("10  What an item becomes that is in no ticket yet");
        talk.say(
            "By its status in HumanizeIT. Smart Scores fill Recommended in bursts, so nothing is made of it; a status that \
             means nothing to Halo creates nothing.",
        );
        let usual = Settings::defaults_for(has).sync.create;
        let mut words = vec![(CreateRule::Nothing, "nothing")];
        for (kind, rule, word) in [
            (Kind::Opportunity, CreateRule::Opportunity, "an opportunity"),
            (Kind::Project, CreateRule::Project, "a project"),
        ] {
            if self.settings.kind(kind).create_type.is_some() {
                words.push((rule, word));
            }
        }
        let mut rows: Vec<Row> = ordered(has)
            .into_iter()
            .map(|id| {
                let rule = usual.get(id).copied().unwrap_or(CreateRule::Nothing);
                let choices =
                    words.iter().map(|(rule, word)| Choice::new(super::write::rule_word(*rule), *word, ""));
                Row {
                    id: format!("create.{id}"),
                    left: hit_name(has, id),
                    choices: choices.collect(),
                    at: words.iter().position(|(other, _)| *other == rule).unwrap_or(0),
                    why: if usual.contains_key(id) { "usual" } else { "not a status we know" }.to_owned(),
                }
            })
            .collect();
        settle(talk, "create.ok", ["", "In HumanizeIT", "becomes", "Why"], &mut rows)?;
        self.settings.sync.create =
            ordered(has).into_iter().cloned().zip(rows.iter().map(|row| words[row.at].0)).collect();
        Ok(())
    }

    pub(super) fn status_maps(&mut self, talk: &mut Talk<'_>, world: &World) -> Result<(), Failure> {
        let has = &world.catalogue;
        talk.heading("11  Which status means which");
        talk.say(
            "One map per followed type and direction. A pair that one of the two maps allows is left alone, so several \
             statuses may share one.",
        );
        let mut followed: Vec<(TicketTypeId, Kind)> = Vec::new();
        for kind in Kind::ALL {
            let of = self.settings.kind(kind);
            followed.extend(of.create_type.iter().chain(&of.followed).map(|id| (*id, kind)));
        }
        let before = std::mem::take(&mut self.settings.status);
        for (id, kind) in followed {
            let Some(of) = has.ticket_types.get(&id) else { continue };
            let suggested = suggest(has, id, kind);
            let mut map = suggested.map;
            let old = before.get(&id);

            talk.say(&format!("{}: what a status in HumanizeIT is written as.", of.name));
            let statuses: Vec<StatusId> = map.to_hit.keys().copied().collect();
            let mut targets: Vec<Choice> = statuses.iter().map(|id| halo_choice(has, *id)).collect();
            targets.push(Choice::new("ignore", "let be", ""));
            let mut rows: Vec<Row> = ordered(has)
                .into_iter()
                .map(|hit| {
                    let target = map.to_halo.get(hit).and_then(|to| to.status());
                    let place = target.and_then(|status| statuses.iter().position(|id| *id == status));
                    Row {
                        id: format!("map.{id}.to_halo.{hit}"),
                        left: hit_name(has, hit),
                        choices: targets.clone(),
                        at: place.unwrap_or(statuses.len()),
                        why: reason(suggested.to_halo.get(hit).copied(), has, hit, kind),
                    }
                })
                .collect();
            settle(
                talk,
                &format!("map.{id}.to_halo.ok"),
                ["", "In HumanizeIT", "in Halo", "Why"],
                &mut rows,
            )?;
            for (hit, row) in ordered(has).into_iter().zip(&rows) {
                let target =
                    statuses.get(row.at).map_or(StatusTarget::Ignore, |status| StatusTarget::set(*status));
                // How a status is written is not asked about: a row by action that still leads there stays one.
                let kept = old.and_then(|map| map.to_halo.get(hit)).filter(|old| {
                    matches!(old, StatusTarget::To { how: StatusHow::Action(_), .. })
                        && old.status() == target.status()
                });
                map.to_halo.insert(hit.clone(), kept.copied().unwrap_or(target));
            }

            talk.say(&format!("{}: what a status in Halo means in HumanizeIT.", of.name));
            let hits: Vec<&HitStatusId> = ordered(has);
            let mut targets: Vec<Choice> =
                hits.iter().map(|id| Choice::new(id, hit_name(has, id), "")).collect();
            targets.push(Choice::new("ignore", "let be", ""));
            let mut rows: Vec<Row> = statuses
                .iter()
                .map(|status| {
                    let place = match map.to_hit.get(status) {
                        Some(HitTarget::To(id)) => hits.iter().position(|other| *other == id),
                        _ => None,
                    };
                    Row {
                        id: format!("map.{id}.to_hit.{status}"),
                        left: halo_choice(has, *status).name,
                        choices: targets.clone(),
                        at: place.unwrap_or(hits.len()),
                        why: suggested
                            .to_hit
                            .get(status)
                            .copied()
                            .unwrap_or(Reason::Nothing)
                            .text()
                            .to_owned(),
                    }
                })
                .collect();
            settle(talk, &format!("map.{id}.to_hit.ok"), ["", "In Halo", "in HumanizeIT", "Why"], &mut rows)?;
            for (status, row) in statuses.iter().zip(&rows) {
                let target = hits.get(row.at).map_or(HitTarget::Ignore, |id| HitTarget::To((*id).clone()));
                map.to_hit.insert(*status, target);
            }
            let lost = losses(&map, has);
            if !lost.is_empty() {
                talk.say("What this map cannot tell apart:");
                talk.items(lost);
            }
            self.settings.status.insert(id, map);
        }
        Ok(())
    }
}

fn halo_choice(catalogue: &Catalogue, id: StatusId) -> Choice {
    let status = catalogue.statuses.get(&id);
    let name = status.map_or_else(|| id.to_string(), |status| status.name.to_string());
    let closed = status.is_some_and(|status| status.closed);
    Choice::new(id, if closed { format!("{name} (closed)") } else { name }, "")
}

/// Why a row is suggested; the rows that mean nothing to this kind say so.
fn reason(reason: Option<Reason>, catalogue: &Catalogue, hit: &HitStatusId, kind: Kind) -> String {
    let class = catalogue.hit_statuses.get(hit).map(|status| status.class);
    match (reason, class, kind) {
        (_, Some(StatusClass::Project), Kind::Opportunity) => "of projects".to_owned(),
        (_, Some(StatusClass::Opportunity), Kind::Project) => "of opportunities".to_owned(),
        (reason, ..) => reason.unwrap_or(Reason::Nothing).text().to_owned(),
    }
}
