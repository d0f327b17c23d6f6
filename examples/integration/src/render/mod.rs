//! What people and programs see: styled lines and tables on a terminal, plain ones elsewhere, one JSON envelope
//! with `--json`.
//!
//! Results go to standard output, progress and complaints to standard error, so that a pipe carries results alone.

mod envelope;
mod progress;
mod style;
mod table;

use std::io::{self, IsTerminal, Write};

use serde::Serialize;

pub use self::envelope::{Envelope, FORMAT};
pub use self::progress::Progress;
pub use self::style::{Paint, Style};
pub(crate) use self::table::wrap;
pub use self::table::{Align, Table};
use crate::exit::Failure;

/// The widest line printed, whatever the terminal's width: longer ones are hard to read.
const WIDEST: usize = 120;
/// The width assumed where there is no terminal.
const PLAIN_WIDTH: usize = 120;
/// A narrower terminal is treated as if it had this width.
const NARROWEST: usize = 60;

/// How output is shown, decided once at the start.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// One JSON envelope instead of text.
    pub json: bool,
    /// Colours and bold text.
    pub colour: bool,
    /// Columns to fill.
    pub width: usize,
    /// Progress bars that redraw themselves.
    pub bars: bool,
}

impl Look {
    /// What the streams of this process call for. Colour needs a terminal and no `NO_COLOR`.
    #[must_use]
    pub fn detect(json: bool) -> Self {
        let colour_wanted =
            std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && !dumb_terminal();
        let out_is_terminal = io::stdout().is_terminal();
        let width = if out_is_terminal {
            console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns))
        } else {
            PLAIN_WIDTH
        };
        Look {
            json,
            colour: colour_wanted && out_is_terminal && !json,
            width: width.clamp(NARROWEST, WIDEST),
            bars: io::stderr().is_terminal() && !json && !dumb_terminal(),
        }
    }

    /// Plain text of a given width: what a pipe gets, and what tests compare.
    #[must_use]
    pub fn plain(width: usize) -> Self {
        Look { json: false, colour: false, width, bars: false }
    }
}

fn dumb_terminal() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Where a command writes its result.
pub struct Out {
    look: Look,
    sink: Box<dyn Write + Send>,
    complaints: Box<dyn Write + Send>,
    broken: bool,
}

impl std::fmt::Debug for Out {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Out").field("look", &self.look).finish_non_exhaustive()
    }
}

impl Out {
    /// The process's own streams.
    #[must_use]
    pub fn stdio(look: Look) -> Self {
        Self::new(look, io::stdout(), io::stderr())
    }

    /// Any two streams: results, and complaints.
    #[must_use]
    pub fn new(
        look: Look,
        sink: impl Write + Send + 'static,
        complaints: impl Write + Send + 'static,
    ) -> Self {
        Out { look, sink: Box::new(sink), complaints: Box::new(complaints), broken: false }
    }

    /// How output is shown.
    #[must_use]
    pub fn look(&self) -> Look {
        self.look
    }

    /// Colours a text where colours are on.
    #[must_use]
    pub fn paint(&self, style: Style, text: &str) -> String {
        Paint::new(self.look.colour).text(style, text)
    }

    /// One line of text. Nothing with `--json`, whose only output is the envelope.
    pub fn line(&mut self, text: impl AsRef<str>) {
        if !self.look.json {
            self.put(text.as_ref());
        }
    }

    /// A text that waits for an answer behind it on the same line. Nothing with `--json`.
    pub fn prompt(&mut self, text: &str) {
        if !self.look.json && !self.broken {
            self.broken = write!(self.sink, "{text}").and_then(|()| self.sink.flush()).is_err();
        }
    }

    /// A paragraph, wrapped at the width, every line indented by `indent` columns.
    pub fn paragraph(&mut self, indent: usize, text: &str) {
        if !self.look.json {
            for line in table::wrap(text, self.look.width.saturating_sub(indent).max(20)) {
                self.put(&format!("{:indent$}{line}", ""));
            }
        }
    }

    /// A table. Nothing with `--json`.
    pub fn table(&mut self, table: &Table) {
        if !self.look.json {
            for line in table.lines(self.look.width, Paint::new(self.look.colour)) {
                self.put(&line);
            }
        }
    }

    /// The result for programs: one JSON object on one line. Nothing without `--json`.
    pub fn result<T: Serialize>(&mut self, command: &str, exit: crate::exit::Exit, data: &T) {
        if self.look.json {
            let text = Envelope::result(command, exit, data).to_line();
            self.put(&text);
        }
    }

    /// An object of a command's own shape, on one line. Nothing without `--json`.
    pub fn object<T: Serialize>(&mut self, object: &T) {
        if self.look.json
            && let Ok(text) = serde_json::to_string(object)
        {
            self.put(&text);
        }
    }

    /// A failure: a sentence on standard error, or an envelope on standard output with `--json`.
    pub fn failure(&mut self, command: &str, failure: &Failure) {
        if self.look.json {
            let text = Envelope::failure(command, failure).to_line();
            self.put(&text);
            return;
        }
        self.complain(0, &format!("error: {failure}"));
        for cause in failure.causes() {
            self.complain(2, &format!("because: {cause}"));
        }
    }

    /// A remark beside the result, on standard error.
    pub fn note(&mut self, text: &str) {
        self.complain(0, text);
    }

    /// A text on standard error. At a terminal it is broken at words; in a pipe or a file each line stays whole, for
    /// whoever searches it.
    fn complain(&mut self, indent: usize, text: &str) {
        for line in text.lines() {
            let own = line.len() - line.trim_start_matches(' ').len();
            let indent = indent + own;
            let width = self.look.width.saturating_sub(indent).max(20);
            let line = &line[own..];
            let parts = if self.look.bars { table::wrap(line, width) } else { vec![line.to_owned()] };
            for part in parts {
                // Standard error is the last resort: where it is closed, nobody can be told.
                let _ = writeln!(self.complaints, "{:indent$}{part}", "");
            }
        }
    }

    /// A progress display for `total` steps on standard error.
    #[must_use]
    pub fn progress(&self, what: &str, total: Option<u64>) -> Progress {
        Progress::new(self.look, what, total)
    }

    /// Flushes; whether every line reached the other end. A reader that left early (`| head`) is no error.
    pub fn finish(&mut self) -> bool {
        self.broken |= self.sink.flush().is_err();
        !self.broken
    }

    fn put(&mut self, line: &str) {
        if !self.broken && writeln!(self.sink, "{line}").is_err() {
            self.broken = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::exit::Exit;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Kept {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn json_prints_the_envelope_and_nothing_else() {
        let (out, err) = (Kept::default(), Kept::default());
        let mut printer = Out::new(Look { json: true, ..Look::plain(80) }, out.clone(), err.clone());
        printer.line("a line");
        printer.table(&Table::new(["a"]));
        printer.result("status", Exit::Done, &serde_json::json!({"links": 3}));
        assert_eq!(out.text(), "{\"format\":1,\"command\":\"status\",\"exit\":0,\"data\":{\"links\":3}}\n");
        assert_eq!(err.text(), "");
    }

    #[test]
    fn a_failure_goes_to_standard_error_and_with_json_to_standard_output() {
        let failure = Failure::configuration("k", "it is wrong", "put it right");
        let (out, err) = (Kept::default(), Kept::default());
        Out::new(Look::plain(80), out.clone(), err.clone()).failure("plan", &failure);
        assert_eq!((out.text().as_str(), err.text().as_str()), ("", "error: it is wrong: put it right.\n"));

        // At a terminal it is broken at words.
        let long = Failure::configuration("k", "it is wrong ".repeat(9).trim(), "put it right");
        let (out, err) = (Kept::default(), Kept::default());
        let mut printer = Out::new(Look { bars: true, ..Look::plain(60) }, out.clone(), err.clone());
        printer.failure("plan", &long);
        printer.note("  - a remark");
        let lines: Vec<String> = err.text().lines().map(str::to_owned).collect();
        assert!(lines.iter().all(|line| line.chars().count() <= 60), "{lines:?}");
        assert_eq!(lines[..lines.len() - 1].join(" "), format!("error: {long}"));
        assert_eq!(lines.last().map(String::as_str), Some("  - a remark"));

        let (out, err) = (Kept::default(), Kept::default());
        Out::new(Look { json: true, ..Look::plain(80) }, out.clone(), err.clone()).failure("plan", &failure);
        let value: serde_json::Value = serde_json::from_str(&out.text()).unwrap();
        assert_eq!(value["error"]["code"], "k");
        assert_eq!(value["exit"], 12);
        assert_eq!(err.text(), "");
    }
}
