//! The report as Markdown, to attach to a ticket.

use super::finding::{Finding, Report, State};
use super::topics::{self, Group};

impl Report {
    /// The report as Markdown: a table of everything, and a section for each finding that somebody must look at.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("# halo-hit check\n\n{}\n", safe(&self.sentence()));
        for group in Group::ALL {
            let of: Vec<_> = self.findings.iter().filter(|finding| finding.group() == group).collect();
            if of.is_empty() {
                continue;
            }
            text.push_str(&format!(
                "\n## {}\n\n| State | What is the case | Code |\n|---|---|---|\n",
                group.heading()
            ));
            for finding in &of {
                let state = match finding.state {
                    State::Fails => "**fails**",
                    other => other.word(),
                };
                text.push_str(&format!("| {state} | {} | `{}` |\n", safe(&finding.title), finding.code));
            }
            // What could not be asked waits for what is told in full elsewhere.
            for finding in of.iter().filter(|finding| finding.state != State::Ok && !finding.was_not_asked())
            {
                text.push_str(&format!("\n### {}: {}\n\n", finding.code, finding.state.word()));
                finding.write_markdown(&mut text);
            }
        }
        text
    }
}

impl Finding {
    /// One finding as Markdown, with what it is about.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n\n**{}** (`{}`)\n\n", safe(&self.title), self.state.word(), self.code);
        self.write_markdown(&mut text);
        let Some(topic) = topics::topic(&self.code) else { return text };
        let mut part = |label: &str, part: &str| text.push_str(&format!("\n**{label}:** {}\n", safe(part)));
        if matches!(self.state, State::Ok | State::CannotTell) {
            part("If not", topic.consequence);
            part("Then", topic.fix);
        }
        part("Asked by", topic.asks);
        if !topic.needs.is_empty() {
            part("Needs", &topic.needs.join(", "));
        }
        text
    }

    /// What was seen, what follows, and what to do.
    fn write_markdown(&self, text: &mut String) {
        for line in &self.evidence {
            text.push_str(&format!("- {}\n", safe(line)));
        }
        if matches!(self.state, State::Warning | State::Fails) {
            for (label, part) in [("What follows", &self.consequence), ("What to do", &self.fix)] {
                text.push_str(&format!("\n**{label}:** {}\n", safe(part)));
            }
        }
    }
}

/// Names come from other systems; in Markdown they stay text.
pub(super) fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '!') {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::super::finding::{Finding, Report, State};

    #[test]
    fn a_name_stays_text() {
        let hostile = "a | b [x](javascript:y) <img> `c`";
        let report = Report::new(vec![Finding::new("excess_right", State::Fails).saw(hostile)]);
        let text = report.markdown();
        assert!(text.contains(r"- a \| b \[x\](javascript:y) \<img\> \`c\`"), "{text}");
        assert!(text.contains("| **fails** |"));
    }
}
