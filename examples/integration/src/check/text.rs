//! The report as lines for a terminal or a pipe.

use crate::render::{Paint, Style, wrap};

use super::finding::{Finding, Report, State};
use super::topics::{self, Group};

/// Where the titles begin.
const TITLE: usize = 15;
/// Where what was seen begins.
const DETAIL: usize = TITLE + 7;

impl Report {
    /// The report as lines of at most `width` columns. What holds takes one line; the rest says what was seen, what
    /// follows and what to do.
    #[must_use]
    pub fn lines(&self, width: usize, paint: Paint) -> Vec<String> {
        let mut lines = Vec::new();
        for group in Group::ALL {
            let mut of = self.findings.iter().filter(|finding| finding.group() == group).peekable();
            if of.peek().is_none() {
                continue;
            }
            if !lines.is_empty() {
                lines.push(String::new());
            }
            lines.push(paint.text(Style::Heading, group.heading()));
            for finding in of {
                // What could not be asked waits for what is told in full elsewhere.
                let full = finding.state != State::Ok && !finding.was_not_asked();
                lines.extend(finding.lines(width, paint, full));
            }
        }
        lines.push(String::new());
        lines.extend(wrap(&self.sentence(), width));
        lines
    }

    /// How it stands, in one sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let count = self.summary;
        let mut parts = Vec::new();
        for (number, one, several) in [
            (count.fails, "fails", "fail"),
            (count.warning, "warning", "warnings"),
            (count.cannot_tell, "cannot be told", "cannot be told"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {}", if number == 1 { one } else { several }));
            }
        }
        match (parts.is_empty(), count.fails) {
            (true, _) => format!("All {} preconditions hold.", count.ok),
            (false, 0) => format!("{} of {} hold, {}.", count.ok, self.findings.len(), parts.join(", ")),
            (false, _) => format!(
                "{} of {} hold, {}. Put the first failure right and run `halo-hit check` again.",
                count.ok,
                self.findings.len(),
                parts.join(", ")
            ),
        }
    }
}

fn style(state: State) -> Style {
    match state {
        State::Ok => Style::Good,
        State::Warning => Style::Warning,
        State::Fails => Style::Bad,
        State::CannotTell => Style::Faint,
    }
}

impl Finding {
    /// The finding as lines of at most `width` columns, in full or as one sentence.
    #[must_use]
    pub fn lines(&self, width: usize, paint: Paint, full: bool) -> Vec<String> {
        let mut lines = Vec::new();
        let word = format!("{:<1$}", self.state.word(), TITLE - 2);
        for (at, part) in wrap(&self.title, width.saturating_sub(TITLE).max(20)).iter().enumerate() {
            lines.push(match at {
                0 => format!("  {}{part}", paint.text(style(self.state), &word)),
                _ => format!("{:TITLE$}{part}", ""),
            });
        }
        if !full {
            return lines;
        }
        detail(&mut lines, width, paint, "code", &self.code);
        for (at, seen) in self.evidence.iter().enumerate() {
            detail(&mut lines, width, paint, if at == 0 { "saw" } else { "" }, seen);
        }
        // What could not be asked needs no remedy of its own.
        if matches!(self.state, State::Warning | State::Fails) {
            detail(&mut lines, width, paint, "means", &self.consequence);
            detail(&mut lines, width, paint, "fix", &self.fix);
        }
        lines
    }

    /// What this precondition is, how it is found out, and how it stands.
    #[must_use]
    pub fn explain(&self, width: usize, paint: Paint) -> Vec<String> {
        let mut lines = self.lines(width, paint, true);
        let Some(topic) = topics::topic(&self.code) else { return lines };
        detail(&mut lines, width, paint, "asks", topic.asks);
        if matches!(self.state, State::Ok | State::CannotTell) {
            detail(&mut lines, width, paint, "if not", topic.consequence);
            detail(&mut lines, width, paint, "fix", topic.fix);
        }
        if !topic.needs.is_empty() {
            detail(&mut lines, width, paint, "needs", &topic.needs.join(", "));
        }
        lines
    }
}

fn detail(lines: &mut Vec<String>, width: usize, paint: Paint, label: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    for (at, part) in wrap(text, width.saturating_sub(DETAIL).max(20)).iter().enumerate() {
        let label = format!("{:<1$}", if at == 0 { label } else { "" }, DETAIL - TITLE);
        lines.push(format!("{:TITLE$}{}{part}", "", paint.text(Style::Faint, &label)));
    }
}
