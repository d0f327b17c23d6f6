//! What was found.

use std::borrow::Cow;

use serde::Serialize;

use crate::exit::Exit;

use super::topics::{self, Group};

/// How a precondition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds.
    Ok,
    /// The sync works, and somebody should know.
    Warning,
    /// It does not hold.
    Fails,
    /// It could not be asked, or the answer does not tell.
    CannotTell,
}

impl State {
    /// All of them.
    pub const ALL: [State; 4] = [State::Ok, State::Warning, State::Fails, State::CannotTell];

    /// The word in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Fails => "fails",
            State::CannotTell => "cannot_tell",
        }
    }

    /// The word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            State::CannotTell => "cannot tell",
            other => other.code(),
        }
    }
}

/// How the evidence begins of what was not asked.
pub(super) const NOT_ASKED: &str = "not asked, because ";

/// One precondition and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its stable name, such as `agent_not_in_team`: named after what is wrong when it fails.
    pub code: Cow<'static, str>,
    /// What is the case: the precondition where it holds or nobody can tell, else the problem.
    pub title: Cow<'static, str>,
    /// How it stands.
    pub state: State,
    /// What was asked and what was answered, without secrets, one line each.
    pub evidence: Vec<String>,
    /// What follows from it. Empty when it holds.
    pub consequence: Cow<'static, str>,
    /// What to do: the screen and the click. Empty when it holds.
    pub fix: Cow<'static, str>,
}

impl Finding {
    /// A finding with the words of its topic.
    #[must_use]
    pub fn new(code: impl Into<Cow<'static, str>>, state: State) -> Self {
        let code = code.into();
        let topic = topics::topic(&code);
        let told = |text: fn(&topics::Topic) -> &'static str| {
            if state == State::Ok { "" } else { topic.map_or("", text) }.into()
        };
        Finding {
            title: topic.map_or_else(
                || capital(&code.replace('_', " ")).into(),
                |topic| {
                    if matches!(state, State::Ok | State::CannotTell) { topic.title } else { topic.problem }
                        .into()
                },
            ),
            consequence: told(|topic| topic.consequence),
            fix: told(|topic| topic.fix),
            evidence: Vec::new(),
            code,
            state,
        }
    }

    /// The same with one more line of evidence. Names of other systems may hold anything; control characters are
    /// replaced.
    #[must_use]
    pub fn saw(mut self, line: impl AsRef<str>) -> Self {
        self.evidence.push(harmless(line.as_ref()));
        self
    }

    /// The same with these lines of evidence.
    #[must_use]
    pub fn saw_all<S: AsRef<str>>(self, lines: impl IntoIterator<Item = S>) -> Self {
        lines.into_iter().fold(self, |finding, line| finding.saw(line))
    }

    /// The same with a remedy more exact than the topic's.
    #[must_use]
    pub fn fixed_by(mut self, fix: impl AsRef<str>) -> Self {
        self.fix = harmless(fix.as_ref()).into();
        self
    }

    /// The same with a consequence more exact than the topic's.
    #[must_use]
    pub fn means(mut self, consequence: impl AsRef<str>) -> Self {
        self.consequence = harmless(consequence.as_ref()).into();
        self
    }

    /// Whether it waits for another finding, and nothing was asked.
    #[must_use]
    pub fn was_not_asked(&self) -> bool {
        self.state == State::CannotTell && self.evidence.iter().all(|line| line.starts_with(NOT_ASKED))
    }

    /// The part of the setup it belongs to.
    #[must_use]
    pub fn group(&self) -> Group {
        topics::topic(&self.code).map_or(Group::Settings, |topic| topic.group)
    }

    /// The class of its failure.
    #[must_use]
    pub fn class(&self) -> Exit {
        topics::topic(&self.code).map_or(Exit::Configuration, |topic| topic.class)
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A line of other systems' making, without anything that steers a terminal.
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// How many findings are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Preconditions that hold.
    pub ok: usize,
    /// Those to know of.
    pub warning: usize,
    /// Those that do not hold.
    pub fails: usize,
    /// Those that nobody can tell.
    pub cannot_tell: usize,
}

/// Everything that was found, in the order in which it is best put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How many are in each state.
    pub summary: Summary,
    /// The findings.
    pub findings: Vec<Finding>,
}

impl Report {
    /// A report of these findings, in their order.
    #[must_use]
    pub fn new(findings: Vec<Finding>) -> Self {
        let count = |state| findings.iter().filter(|finding| finding.state == state).count();
        let summary = Summary {
            ok: count(State::Ok),
            warning: count(State::Warning),
            fails: count(State::Fails),
            cannot_tell: count(State::CannotTell),
        };
        Report { summary, findings }
    }

    /// The finding of this code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.code == code)
    }

    /// The codes in this state, in the report's order.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = &str> {
        self.findings.iter().filter(move |finding| finding.state == state).map(|finding| &*finding.code)
    }

    /// The report reduced to the finding of one code; the exit code is then that finding's.
    #[must_use]
    pub fn only(&self, code: &str) -> Self {
        Self::new(self.findings.iter().filter(|finding| finding.code == code).cloned().collect())
    }

    /// How a command that shows this report ends: [`Exit::Done`] when nothing fails. Otherwise the class of what must
    /// be put right first: [`Exit::Address`] before [`Exit::Credentials`] before [`Exit::Configuration`] before
    /// [`Exit::Partial`].
    #[must_use]
    pub fn exit(&self) -> Exit {
        let failing: Vec<Exit> = self
            .findings
            .iter()
            .filter(|finding| finding.state == State::Fails)
            .map(Finding::class)
            .collect();
        [Exit::Address, Exit::Credentials, Exit::Configuration, Exit::Partial]
            .into_iter()
            .find(|class| failing.contains(class))
            .unwrap_or(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_be_put_right_first_decides_the_exit_code() {
        let report = |codes: &[&'static str]| {
            Report::new(codes.iter().map(|code| Finding::new(*code, State::Fails)).collect())
        };
        assert_eq!(report(&[]).exit(), Exit::Done);
        assert_eq!(report(&["agent_not_in_team"]).exit(), Exit::Partial);
        assert_eq!(report(&["agent_not_in_team", "status_not_of_type"]).exit(), Exit::Configuration);
        assert_eq!(report(&["status_not_of_type", "credentials_refused"]).exit(), Exit::Credentials);
        assert_eq!(report(&["credentials_refused", "tenant_unknown"]).exit(), Exit::Address);
        let unknown = Report::new(vec![
            Finding::new("tenant_unknown", State::CannotTell),
            Finding::new("excess_right", State::Warning),
        ]);
        assert_eq!(unknown.exit(), Exit::Done);
    }

    #[test]
    fn a_foreign_name_cannot_steer_the_terminal() {
        let finding = Finding::new("excess_right", State::Fails).saw("a\u{1b}[2Jb").fixed_by("x\u{7}");
        assert_eq!((finding.evidence[0].as_str(), &*finding.fix), ("a\u{fffd}[2Jb", "x\u{fffd}"));
    }

    #[test]
    fn what_holds_has_no_remedy() {
        let finding = Finding::new("excess_right", State::Ok);
        assert!(finding.fix.is_empty() && finding.consequence.is_empty());
    }
}
