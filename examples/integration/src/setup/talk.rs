//! The conversation: what is shown, who answers, and what is kept of the answers.
//!
//! A question is answered by the file of `--answers`, by what an earlier setup kept, or by whoever sits at the other
//! end. An answer that was refused once is never taken from a file again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{BufRead, Write as _};
use std::path::PathBuf;

use secrecy::SecretString;

use super::answers::Answers;
use super::choice::Choice;
use crate::exit::Failure;
use crate::render::{Out, Style, Table};
use crate::secrets::{SecretName, Sources};

/// Who answers.
pub enum Input {
    /// A person at a terminal.
    Terminal,
    /// Lines, one per question.
    Lines(Box<dyn BufRead>),
    /// Nobody: what no file answers takes its default.
    Nobody,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Input::Terminal => "Terminal",
            Input::Lines(_) => "Lines(..)",
            Input::Nobody => "Nobody",
        })
    }
}

/// An answer, and where it comes from.
pub(super) enum Given {
    /// Of a file: keys or names.
    Stored(Vec<String>),
    /// Of a person: numbers of choices, names, or nothing for the default.
    Typed(String),
}

/// Where questions and explanations begin.
const INDENT: usize = 2;

/// How the names of questions begin that mean this moment alone.
pub(super) const PASSING: &str = "again.";

/// The conversation.
pub(super) struct Talk<'a> {
    pub(super) out: &'a mut Out,
    input: Input,
    sources: Sources,
    given: Answers,
    kept: Answers,
    /// What is suggested in place of the usual default, and by whom.
    suggested: BTreeMap<String, (Vec<String>, String)>,
    refused: BTreeSet<String>,
    /// Where answers are kept until the end.
    memory: PathBuf,
    /// Whether what was kept earlier is used.
    pub(super) resume: bool,
}

impl<'a> Talk<'a> {
    pub(super) fn new(
        out: &'a mut Out,
        input: Input,
        sources: Sources,
        given: Answers,
        memory: PathBuf,
    ) -> Self {
        Talk {
            out,
            input,
            sources,
            given,
            kept: Answers::default(),
            suggested: BTreeMap::new(),
            refused: BTreeSet::new(),
            memory,
            resume: false,
        }
    }

    /// Whether somebody can be asked.
    pub(super) fn somebody(&self) -> bool {
        !matches!(self.input, Input::Nobody)
    }

    pub(super) fn given(&self) -> &Answers {
        &self.given
    }

    /// What an earlier setup kept.
    pub(super) fn recall(&mut self, kept: Answers) {
        self.kept = kept;
        self.resume = true;
    }

    /// Suggests an answer from now on, on the word of `who`.
    pub(super) fn suggest(&mut self, id: &str, values: Vec<String>, who: &str) {
        self.suggested.insert(id.to_owned(), (values, who.to_owned()));
    }

    pub(super) fn suggestion(&self, id: &str) -> Option<&(Vec<String>, String)> {
        self.suggested.get(id)
    }

    pub(super) fn heading(&mut self, text: &str) {
        self.out.line("");
        let text = self.out.paint(Style::Heading, text);
        self.out.line(text);
    }

    pub(super) fn say(&mut self, text: &str) {
        self.out.paragraph(INDENT, text);
    }

    pub(super) fn styled(&mut self, style: Style, text: &str) {
        let width = self.out.look().width.saturating_sub(INDENT).max(20);
        for line in crate::render::wrap(&plain(text), width) {
            let line = self.out.paint(style, &line);
            self.out.line(format!("{:INDENT$}{line}", ""));
        }
    }

    /// A list of what to do or what was found, one line each.
    pub(super) fn items<S: AsRef<str>>(&mut self, lines: impl IntoIterator<Item = S>) {
        for line in lines {
            let width = self.out.look().width.saturating_sub(INDENT + 2).max(20);
            for (at, part) in crate::render::wrap(&plain(line.as_ref()), width).iter().enumerate() {
                self.out.line(format!("{:INDENT$}{}{part}", "", if at == 0 { "- " } else { "  " }));
            }
        }
    }

    pub(super) fn table(&mut self, table: &Table) {
        let look = self.out.look();
        let paint = crate::render::Paint::new(look.colour);
        let lines = table.lines(look.width.saturating_sub(INDENT), paint);
        for line in lines.into_iter().skip_while(|line| line.is_empty()) {
            self.out.line(format!("{:INDENT$}{line}", ""));
        }
    }

    /// Takes an answer back: it was refused for the reason shown last.
    ///
    /// # Errors
    /// When nobody is there to give another.
    pub(super) fn refuse(&mut self, id: &str, why: &Failure) -> Result<(), Failure> {
        self.refused.insert(id.to_owned());
        self.kept.remove(id);
        self.keep();
        if self.somebody() {
            return Ok(());
        }
        Err(Failure::new(
            why.exit(),
            why.code(),
            format!("the answer {id} was refused: {}", why.what()),
            why.way_out(),
        ))
    }

    /// The answer that a file has for a question, if it was not refused.
    pub(super) fn stored(&mut self, id: &str) -> Option<(Vec<String>, &'static str)> {
        if self.refused.contains(id) {
            return None;
        }
        if let Some(values) = self.given.take(id) {
            return Some((values, "from the answers"));
        }
        self.kept.take(id).map(|values| (values, "as before"))
    }

    /// Keeps an answer for a setup that goes on later.
    pub(super) fn remember(&mut self, id: &str, values: Vec<String>) {
        // How a mistake was mended is no answer for another time.
        if id.starts_with(PASSING) {
            return;
        }
        self.kept.put(id, values);
        self.keep();
    }

    fn keep(&mut self) {
        if self.kept.is_empty() {
            return;
        }
        if let Err(error) = self.kept.save(&self.memory) {
            self.out.note(&format!("the answers cannot be kept in {}: {error}", self.memory.display()));
        }
    }

    /// Forgets everything that was kept.
    pub(super) fn forget(&mut self) {
        self.kept = Answers::default();
        // A file that is not there is forgotten already.
        let _ = std::fs::remove_file(&self.memory);
    }

    /// A secret: from its usual places, else asked for without showing it. It is never kept.
    pub(super) fn secret(&mut self, name: SecretName) -> Result<SecretString, Failure> {
        let id = name.variable();
        if !self.refused.contains(id)
            && let Some(secret) = self.sources.look_up(name)?
        {
            self.say(&format!("{}: taken from {id} (not shown).", capital(name.meaning())));
            return Ok(secret);
        }
        let missing = || {
            Failure::new(
                crate::exit::Exit::Credentials,
                name.missing_code(),
                format!("{} is missing", name.meaning()),
                format!("set {id}, or {id}_FILE to a file that holds it"),
            )
        };
        loop {
            let prompt = format!("{} (not shown): ", capital(name.meaning()));
            let text = match &mut self.input {
                Input::Nobody => return Err(missing()),
                Input::Terminal => {
                    self.out.prompt(&format!("{:INDENT$}{prompt}", ""));
                    let read = console::Term::stdout()
                        .read_secure_line()
                        .map_err(|error| missing().with_source(error))?;
                    self.out.line("");
                    read
                }
                Input::Lines(lines) => {
                    let read = line(lines.as_mut())?;
                    self.out.line(format!("{:INDENT$}{prompt}***", ""));
                    read.ok_or_else(stopped)?
                }
            };
            if !text.trim().is_empty() {
                return Ok(SecretString::from(text.trim()));
            }
            self.sorry(id, "An answer is needed here.")?;
        }
    }

    /// Takes a secret back.
    ///
    /// # Errors
    /// When nobody is there to give another.
    pub(super) fn refuse_secret(&mut self, name: SecretName, why: &Failure) -> Result<(), Failure> {
        self.refuse(name.variable(), why)
    }

    /// Says what is wrong with an answer, and asks again if somebody is there.
    pub(super) fn sorry(&mut self, id: &str, why: &str) -> Result<(), Failure> {
        self.styled(Style::Warning, why);
        let failure = Failure::configuration("answer_unknown", why.trim_end_matches('.'), "correct it");
        self.refuse(id, &failure)
    }

    pub(super) fn ask(
        &mut self,
        id: &str,
        prompt: &str,
        shown: Option<&str>,
        has_default: bool,
    ) -> Result<Given, Failure> {
        self.ask_listing(id, prompt, shown, has_default, None)
    }

    pub(super) fn ask_listing(
        &mut self,
        id: &str,
        prompt: &str,
        shown: Option<&str>,
        has_default: bool,
        listing: Option<(&[Choice], usize)>,
    ) -> Result<Given, Failure> {
        if let Some((values, whence)) = self.stored(id) {
            let told = if values.is_empty() { "none".to_owned() } else { values.join(", ") };
            self.say(&format!("{}: {told} ({whence})", prompt.trim_end_matches('?')));
            return Ok(Given::Stored(values));
        }
        let whose = self.suggestion(id).map(|(_, who)| who.clone());
        if let Some((choices, shown)) = listing {
            self.list(prompt, choices, shown);
        }
        let label = if listing.is_some() { "Number or name" } else { prompt };
        let mut question = label.to_owned();
        if let Some(shown) = shown {
            let by = whose.map_or(String::new(), |who| format!(", {who}"));
            question.push_str(&format!(" [{}{by}]", plain(shown)));
        }
        question.push_str(if question.ends_with('?') { " " } else { ": " });
        let answer = match &mut self.input {
            Input::Nobody if has_default => {
                self.say(&format!("{question}(default)"));
                String::new()
            }
            Input::Nobody => {
                return Err(Failure::configuration(
                    "answer_missing",
                    format!("the answers do not say {id} ({})", prompt.trim_end_matches('?')),
                    format!("add {id} to the file"),
                ));
            }
            Input::Terminal => {
                self.out.prompt(&format!("{:INDENT$}{question}", ""));
                let read = line(&mut std::io::stdin().lock())?;
                if read.is_none() {
                    self.out.line("");
                }
                read.ok_or_else(stopped)?
            }
            Input::Lines(lines) => {
                let read = line(lines.as_mut())?.ok_or_else(stopped)?;
                // Nobody has echoed it, and a transcript without answers tells little.
                self.out.line(format!("{:INDENT$}{question}{}", "", plain(&read)));
                read
            }
        };
        Ok(Given::Typed(answer))
    }

    fn list(&mut self, prompt: &str, choices: &[Choice], shown: usize) {
        self.say(prompt);
        let mut table = Table::new(["", "", "", ""]).right(0);
        for (at, choice) in choices.iter().enumerate().take(shown) {
            let is_id = choice.key.chars().any(|c| c.is_ascii_digit());
            let id = if is_id { format!("id {}", choice.key) } else { String::new() };
            table.row([format!("{:>4}", at + 1), choice.name.clone(), id, choice.note.clone()]);
        }
        self.table(&table);
        if choices.len() > shown {
            self.say(&format!(
                "... and {} more: type a name, or a part of one that fits only once.",
                choices.len() - shown
            ));
        }
    }
}

/// One line without its end; nothing at the end of the input.
fn line(input: &mut dyn BufRead) -> Result<Option<String>, Failure> {
    // What was shown so far must stand before the wait.
    let _ = std::io::stdout().flush();
    let mut text = String::new();
    let read = input.read_line(&mut text).map_err(|error| stopped().with_source(error))?;
    Ok((read > 0).then(|| text.trim().to_owned()))
}

/// The end of the input before the end of the conversation.
pub(super) fn stopped() -> Failure {
    Failure::other(
        "setup_stopped",
        "the setup ended before its last question",
        "your answers are kept; `halo-hit setup` goes on from here",
    )
}

fn capital(text: &str) -> String {
    let text = text.strip_prefix("the ").unwrap_or(text);
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Names come from other systems: a control character in one must not reach the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}
