//! The kinds of questions: a text, yes or no, one of several, any of several.

use std::collections::BTreeSet;

use super::choice::{self, Choice};
use super::talk::{Given, Talk};
use crate::exit::Failure;
use crate::render::Style;

/// More choices than this are not listed at once; they are searched.
const LISTED: usize = 30;

impl Talk<'_> {
    /// A text.
    pub(super) fn text(&mut self, id: &str, prompt: &str, default: Option<&str>) -> Result<String, Failure> {
        let suggested = self.suggestion(id).and_then(|(values, _)| values.first().cloned());
        let default = suggested.or_else(|| default.map(str::to_owned));
        loop {
            let answer = match self.ask(id, prompt, default.as_deref(), default.is_some())? {
                Given::Stored(values) => values.into_iter().next().unwrap_or_default(),
                Given::Typed(text) if text.is_empty() => default.clone().unwrap_or_default(),
                Given::Typed(text) => text,
            };
            let answer = answer.trim().to_owned();
            if !answer.is_empty() {
                self.remember(id, vec![answer.clone()]);
                return Ok(answer);
            }
            self.sorry(id, "An answer is needed here.")?;
        }
    }

    /// A text that may be left out.
    pub(super) fn text_or_none(
        &mut self,
        id: &str,
        prompt: &str,
        default: Option<&str>,
    ) -> Result<Option<String>, Failure> {
        let suggested = self.suggestion(id).and_then(|(values, _)| values.first().cloned());
        let default = suggested.or_else(|| default.map(str::to_owned));
        let shown = default.as_deref().unwrap_or("none");
        let answer = match self.ask(id, prompt, Some(shown), true)? {
            Given::Stored(values) => values.into_iter().next().unwrap_or_default(),
            Given::Typed(text) if text.is_empty() => default.clone().unwrap_or_default(),
            Given::Typed(text) => text,
        };
        self.remember(id, vec![answer.clone()]);
        Ok(Some(answer.trim().to_owned()).filter(|text| !text.is_empty() && text != "none"))
    }

    /// Yes or no.
    pub(super) fn yes(&mut self, id: &str, prompt: &str, default: bool) -> Result<bool, Failure> {
        let suggested = self.suggestion(id).and_then(|(values, _)| values.first().cloned());
        let default = suggested.map_or(default, |word| word == "yes");
        let shown = if default { "yes" } else { "no" };
        loop {
            let word = match self.ask(id, prompt, Some(shown), true)? {
                Given::Stored(values) => values.into_iter().next().unwrap_or_default(),
                Given::Typed(text) if text.is_empty() => shown.to_owned(),
                Given::Typed(text) => text,
            };
            let yes = match word.trim().to_lowercase().as_str() {
                "y" | "yes" | "true" => true,
                "n" | "no" | "false" => false,
                _ => {
                    self.sorry(id, "Type yes or no.")?;
                    continue;
                }
            };
            self.remember(id, vec![if yes { "yes" } else { "no" }.to_owned()]);
            return Ok(yes);
        }
    }

    /// A pause in which something is done elsewhere. What looks like the answer to a later question does not go on:
    /// it would be lost without a word.
    pub(super) fn go_on(&mut self, id: &str, prompt: &str) -> Result<(), Failure> {
        while let Given::Typed(text) = self.ask(id, prompt, None, true)? {
            if matches!(text.trim().to_lowercase().as_str(), "" | "y" | "yes" | "ok" | "done") {
                break;
            }
            self.styled(Style::Warning, "Only Enter is awaited here. What you typed was not used.");
        }
        self.remember(id, vec!["done".to_owned()]);
        Ok(())
    }

    /// One of several.
    pub(super) fn one(
        &mut self,
        id: &str,
        prompt: &str,
        choices: &[Choice],
        default: Option<usize>,
    ) -> Result<usize, Failure> {
        self.one_of(id, prompt, choices, LISTED, default)
    }

    /// One of several, of which the first few are listed; the others are there for whoever types their name.
    pub(super) fn one_of(
        &mut self,
        id: &str,
        prompt: &str,
        choices: &[Choice],
        shown: usize,
        default: Option<usize>,
    ) -> Result<usize, Failure> {
        let suggested = self
            .suggestion(id)
            .and_then(|(values, _)| values.first())
            .and_then(|key| choices.iter().position(|choice| choice.key == *key));
        let default = suggested.or(default).filter(|at| *at < choices.len());
        let mut listed = false;
        loop {
            let usual = default.map(|at| choices[at].name.clone());
            let listing = if listed { None } else { Some((choices, shown)) };
            listed = true;
            let answer = self.ask_listing(id, prompt, usual.as_deref(), default.is_some(), listing)?;
            let found = match (&answer, default) {
                (Given::Typed(text), Some(at)) if text.is_empty() => Ok(at),
                (Given::Typed(text), _) => choice::typed(text, choices),
                (Given::Stored(values), _) => {
                    choice::stored(values.first().map_or("", String::as_str), choices)
                }
            };
            match found {
                Ok(at) => {
                    self.remember(id, vec![choices[at].key.clone()]);
                    return Ok(at);
                }
                Err(why) => self.sorry(id, &why)?,
            }
        }
    }

    /// Any number of several.
    pub(super) fn many(
        &mut self,
        id: &str,
        prompt: &str,
        choices: &[Choice],
        default: &[usize],
    ) -> Result<Vec<usize>, Failure> {
        let suggested = self.suggestion(id).map(|(values, _)| {
            let at = |key: &String| choices.iter().position(|choice| choice.key == *key);
            values.iter().filter_map(at).collect::<Vec<_>>()
        });
        let default = suggested.unwrap_or_else(|| default.to_vec());
        let names: Vec<&str> = default.iter().map(|at| choices[*at].name.as_str()).collect();
        let shown = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let mut listed = false;
        loop {
            let listing = if listed { None } else { Some((choices, LISTED)) };
            listed = true;
            let answer = self.ask_listing(id, prompt, Some(&shown), true, listing)?;
            let found: Result<Vec<usize>, String> = match &answer {
                Given::Typed(text) if text.is_empty() => Ok(default.clone()),
                Given::Typed(text) if text == "none" => Ok(Vec::new()),
                Given::Typed(text) => text
                    .split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty())
                    .map(|part| choice::typed(part, choices))
                    .collect(),
                Given::Stored(values) => values
                    .iter()
                    .filter(|value| !value.is_empty() && *value != "none")
                    .map(|value| choice::stored(value, choices))
                    .collect(),
            };
            match found {
                Ok(mut chosen) => {
                    let mut seen = BTreeSet::new();
                    chosen.retain(|at| seen.insert(*at));
                    self.remember(id, chosen.iter().map(|at| choices[*at].key.clone()).collect());
                    return Ok(chosen);
                }
                Err(why) => self.sorry(id, &why)?,
            }
        }
    }
}
