//! What the probes found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::table::PROBES;
use crate::exit::Exit;

/// How a belief stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It holds here.
    Holds,
    /// It does not hold here.
    DoesNotHold,
    /// The tenant, or the agent's rights, do not show it.
    CannotTell,
    /// Only a write, a delivery or a person could tell.
    NeedsWrites,
}

impl Outcome {
    /// For people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Holds => "holds",
            Outcome::DoesNotHold => "does not hold",
            Outcome::CannotTell => "cannot tell",
            Outcome::NeedsWrites => "not asked",
        }
    }
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The number of the belief in ASSUMPTIONS.md.
    pub id: &'static str,
    /// The belief, in a few words.
    pub belief: &'static str,
    /// How it stands.
    pub outcome: Outcome,
    /// What was seen: statuses, counts and names of fields.
    pub saw: String,
}

/// Everything that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of this program.
    pub halo_hit: &'static str,
    /// The beliefs, in the order of ASSUMPTIONS.md.
    pub answers: Vec<Answer>,
}

/// Findings as they come in.
#[derive(Debug, Default)]
pub(super) struct Book {
    found: BTreeMap<&'static str, (Outcome, String)>,
}

impl Book {
    pub(super) fn holds(&mut self, id: &'static str, saw: impl Into<String>) {
        self.found.insert(id, (Outcome::Holds, saw.into()));
    }

    pub(super) fn fails(&mut self, id: &'static str, saw: impl Into<String>) {
        self.found.insert(id, (Outcome::DoesNotHold, saw.into()));
    }

    pub(super) fn cannot_tell(&mut self, id: &'static str, saw: impl Into<String>) {
        self.found.insert(id, (Outcome::CannotTell, saw.into()));
    }

    /// Notes what a test says.
    pub(super) fn is(&mut self, id: &'static str, holds: bool, saw: impl Into<String>) {
        if holds { self.holds(id, saw) } else { self.fails(id, saw) }
    }

    pub(super) fn report(mut self) -> Report {
        let answers = PROBES.iter().map(|probe| {
            let (outcome, saw) = match self.found.remove(probe.id) {
                Some(found) => found,
                None if probe.reads => (Outcome::CannotTell, "nothing was answered to ask on".to_owned()),
                None => (Outcome::NeedsWrites, "only a write, a delivery or a person could tell".to_owned()),
            };
            Answer { id: probe.id, belief: probe.belief, outcome, saw }
        });
        Report { halo_hit: env!("CARGO_PKG_VERSION"), answers: answers.collect() }
    }
}

impl Report {
    /// How many beliefs stand so.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.answers.iter().filter(|answer| answer.outcome == outcome).count()
    }

    /// The answer to one belief.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Answer> {
        self.answers.iter().find(|answer| answer.id == id)
    }

    /// Whether every belief that could be told holds.
    #[must_use]
    pub fn exit(&self) -> Exit {
        if self.count(Outcome::DoesNotHold) == 0 { Exit::Done } else { Exit::Partial }
    }

    /// How it stands, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "{} hold, {} do not, {} could not be told here; {} more would need writes and were not asked.",
            self.count(Outcome::Holds),
            self.count(Outcome::DoesNotHold),
            self.count(Outcome::CannotTell),
            self.count(Outcome::NeedsWrites)
        )
    }

    /// The report as Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "# halo-hit probe\n\nhalo-hit {}. {}\n\nNumbers are those of ASSUMPTIONS.md. Nothing was written, and this page \
             holds no secrets and no customers' data.\n\n| # | Outcome | Belief | Seen |\n|---|---|---|---|\n",
            self.halo_hit,
            self.sentence()
        );
        for answer in &self.answers {
            let saw = answer.saw.replace('|', "\\|");
            text.push_str(&format!(
                "| {} | {} | {} | {saw} |\n",
                answer.id,
                answer.outcome.word(),
                answer.belief
            ));
        }
        text
    }

    /// The report as JSON.
    #[must_use]
    pub fn json(&self) -> String {
        // Texts and plain enums always become JSON.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}
