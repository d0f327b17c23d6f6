//! Failing schedules, made as short as they get, as text files that are played again by every test run.

use super::check::Violation;
use super::chooser::{Choice, Special};
use super::engine::Duty;
use super::explore::{Harm, replay};
use super::scenario::Scenario;
use super::stories;
use std::fmt;

/// A schedule as text:
///
/// ```text
/// story: one link
/// without: late_write
/// # LostEdit(..)
/// create #1: Late
/// ```
///
/// `without` names the guard that must be left out for it to break something; without that line it once broke the
/// engine as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) story: String,
    pub(crate) without: Option<String>,
    pub(crate) special: Vec<Special>,
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "story: {}", self.story)?;
        if let Some(guard) = &self.without {
            writeln!(f, "without: {guard}")?;
        }
        for special in &self.special {
            writeln!(f, "{} #{}: {}", special.step, special.nth, special.choice)?;
        }
        Ok(())
    }
}

impl std::str::FromStr for Schedule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut out = Self { story: String::new(), without: None, special: Vec::new() };
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (key, value) = line.split_once(": ").ok_or_else(|| format!("no \": \" in {line}"))?;
            match key {
                "story" => out.story = value.into(),
                "without" => out.without = Some(value.into()),
                _ => {
                    let (step, nth) = key.rsplit_once(" #").ok_or_else(|| format!("no \" #\" in {line}"))?;
                    value.parse::<Choice>()?;
                    out.special.push(Special {
                        step: step.into(),
                        nth: nth.parse().map_err(|_| format!("no number in {line}"))?,
                        choice: value.into(),
                    });
                }
            }
        }
        if stories::all().iter().any(|story| story.name == out.story) {
            Ok(out)
        } else {
            Err(format!("no story is called {:?}", out.story))
        }
    }
}

impl Schedule {
    /// Plays it.
    pub(crate) fn play(&self, without: Option<Duty>) -> Result<(), Violation> {
        let story = stories::all().into_iter().find(|story| story.name == self.story).expect("a story");
        replay(&story, &self.special, without).map(|_| ())
    }
}

/// Leaves out special steps as long as the harm is still done.
pub(crate) fn shrink(
    scenario: &Scenario,
    mut special: Vec<Special>,
    without: Option<Duty>,
    harm: Harm,
    mut violation: Violation,
) -> (Schedule, Violation) {
    // Positions and names may disagree where two processes run: then the schedule stays as it was found.
    if let Err(again) = replay(scenario, &special, without)
        && harm(&again)
    {
        violation = again;
        let mut size = special.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < special.len() {
                let mut fewer = special.clone();
                fewer.drain(at..special.len().min(at + size));
                match replay(scenario, &fewer, without) {
                    Err(still) if harm(&still) => (special, violation) = (fewer, still),
                    _ => at += size,
                }
            }
            size = if size == 1 { 0 } else { size.div_ceil(2) };
        }
    }
    (Schedule { story: scenario.name.into(), without: None, special }, violation)
}
