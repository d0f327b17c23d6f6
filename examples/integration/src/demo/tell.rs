//! How the story is told: headed steps, at most 80 columns, the same in a terminal and in a pipe but for colour.

use crate::render::{Look, Out, Style, wrap};

/// The widest line.
const WIDTH: usize = 80;
/// Everything below a step's heading stands here.
const INDENT: usize = 4;

/// Prints the story; nothing at all where only the result is wanted.
pub(super) struct Tell {
    out: Out,
    step: u32,
}

impl Tell {
    pub(super) fn new(look: Look) -> Self {
        Self { out: Out::stdio(Look { width: look.width.min(WIDTH), ..look }), step: 0 }
    }

    /// A line at the left edge.
    pub(super) fn title(&mut self, text: &str) {
        let text = self.out.paint(Style::Heading, text);
        self.put(&text);
    }

    /// The next step.
    pub(super) fn step(&mut self, title: &str) {
        self.step += 1;
        self.put("");
        let text = self.out.paint(Style::Heading, &format!("{:>2}  {title}", self.step));
        self.put(&text);
    }

    /// A sentence.
    pub(super) fn say(&mut self, text: impl AsRef<str>) {
        self.paragraph("", text.as_ref(), Style::Plain);
    }

    /// A sentence about something that went well.
    pub(super) fn good(&mut self, text: impl AsRef<str>) {
        self.paragraph("", text.as_ref(), Style::Good);
    }

    /// A sentence about something that is wrong.
    pub(super) fn bad(&mut self, text: impl AsRef<str>) {
        self.paragraph("", text.as_ref(), Style::Bad);
    }

    /// One of several.
    pub(super) fn item(&mut self, text: impl AsRef<str>) {
        self.paragraph("- ", text.as_ref(), Style::Plain);
    }

    /// A command, as somebody would type it.
    pub(super) fn command(&mut self, text: &str) {
        self.paragraph("$ ", text, Style::Faint);
    }

    fn paragraph(&mut self, mark: &str, text: &str, style: Style) {
        let hang = INDENT + mark.len();
        for (place, line) in wrap(text, self.out.look().width.saturating_sub(hang)).iter().enumerate() {
            let mark = if place == 0 { mark } else { "" };
            let line = self.out.paint(style, line);
            self.put(&format!("{mark:>hang$}{line}"));
        }
    }

    fn put(&mut self, line: &str) {
        self.out.line(line);
    }

    pub(super) fn finish(&mut self) {
        self.out.finish();
    }
}

/// A number with its noun.
pub(super) fn count(number: impl TryInto<u64>, one: &str, many: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", if number == 1 { one } else { many })
}
