//! The report as Markdown, to attach to a ticket.

use super::finding::{Report, State};
use super::topics::Group;

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
            for finding in of.iter().filter(|finding| finding.state != State::Ok) {
                text.push_str(&format!("\n### {}: {}\n\n", finding.code, finding.state.word()));
                for line in &finding.evidence {
                    text.push_str(&format!("- {}\n", safe(line)));
                }
                if matches!(finding.state, State::Warning | State::Fails) {
                    for (label, part) in
                        [("What follows", &finding.consequence), ("What to do", &finding.fix)]
                    {
                        text.push_str(&format!("\n**{label}:** {}\n", safe(part)));
                    }
                }
            }
        }
        text
    }
}

/// Names come from other systems; in Markdown they stay text.
fn safe(text: &str) -> String {
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
