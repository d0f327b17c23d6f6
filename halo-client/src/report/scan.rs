//! Finds the rows of a report in JSON that is still arriving.
//!
//! The answer is `{.., "report": {"rows": [{..}, ..], "load_error": ".."}, ..}`, or an array of one such object.
//! Only the rows and two words are kept; everything else passes by.

use std::collections::VecDeque;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// The text of a row.
    Row(Vec<u8>),
    /// The text of `load_error`.
    LoadError(Vec<u8>),
}

/// The text is no JSON of that form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// What a value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Root,
    Report,
    Rows,
    Row,
    LoadError,
    Other,
}

/// What stands around the place that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    /// The array around the root object.
    Around,
    Root,
    Report,
    Rows,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value(Role),
    /// A value, or the end of an array that may be empty.
    ValueOrEnd(Role),
    Key,
    KeyOrEnd,
    Colon,
    CommaOrEnd,
    Nothing,
}

/// A value, or a key, that is passed by or kept.
#[derive(Debug)]
struct Passing {
    role: Role,
    is_key: bool,
    keep: bool,
    text: Vec<u8>,
    depth: usize,
    string: bool,
    escaped: bool,
}

/// Takes bytes as they come.
#[derive(Debug)]
pub(super) struct Scanner {
    frames: Vec<Frame>,
    expect: Expect,
    passing: Option<Passing>,
    /// The key before the value that comes next.
    key: Vec<u8>,
    found: VecDeque<Found>,
    has_rows: bool,
}

impl Scanner {
    pub(super) fn new() -> Self {
        Scanner {
            frames: Vec::new(),
            expect: Expect::Value(Role::Root),
            passing: None,
            key: Vec::new(),
            found: VecDeque::new(),
            has_rows: false,
        }
    }

    /// What was found and not yet taken.
    pub(super) fn take(&mut self) -> Option<Found> {
        self.found.pop_front()
    }

    /// Whether the answer is whole.
    pub(super) fn is_whole(&self) -> bool {
        self.expect == Expect::Nothing
    }

    /// Whether there was a list of rows, an empty one too.
    pub(super) fn has_rows(&self) -> bool {
        self.has_rows
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let used = match self.passing.take() {
                Some(passing) => self.pass(passing, rest),
                None => self.step(rest[0])?,
            };
            rest = &rest[used..];
        }
        Ok(())
    }

    /// Goes on with a value until it ends; how many bytes that took.
    fn pass(&mut self, mut passing: Passing, bytes: &[u8]) -> usize {
        let bare = passing.depth == 0 && !passing.string;
        for (at, &byte) in bytes.iter().enumerate() {
            let mut ends = None;
            if passing.string {
                if passing.escaped {
                    passing.escaped = false;
                } else if byte == b'\\' {
                    passing.escaped = true;
                } else if byte == b'"' {
                    passing.string = false;
                    if passing.depth == 0 {
                        ends = Some(at + 1);
                    }
                }
            } else if bare {
                // A number or a word ends before what follows it.
                if matches!(byte, b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t') {
                    ends = Some(at);
                }
            } else {
                match byte {
                    b'"' => passing.string = true,
                    b'{' | b'[' => passing.depth += 1,
                    b'}' | b']' => {
                        passing.depth -= 1;
                        if passing.depth == 0 {
                            ends = Some(at + 1);
                        }
                    }
                    _ => {}
                }
            }
            if let Some(end) = ends {
                if passing.keep {
                    passing.text.extend_from_slice(&bytes[..end]);
                }
                self.end(passing);
                return end;
            }
        }
        if passing.keep {
            passing.text.extend_from_slice(bytes);
        }
        self.passing = Some(passing);
        bytes.len()
    }

    fn end(&mut self, passing: Passing) {
        if passing.is_key {
            self.key = passing.text;
            self.expect = Expect::Colon;
            return;
        }
        match passing.role {
            Role::Row => self.found.push_back(Found::Row(passing.text)),
            Role::LoadError => self.found.push_back(Found::LoadError(passing.text)),
            _ => {}
        }
        self.expect = if self.frames.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    /// One byte between values.
    fn step(&mut self, byte: u8) -> Result<usize, Malformed> {
        if byte.is_ascii_whitespace() {
            return Ok(1);
        }
        match (self.expect, byte) {
            (Expect::ValueOrEnd(_), b']') => self.close(Frame::is_array)?,
            (Expect::Value(role) | Expect::ValueOrEnd(role), _) => return self.value(role, byte),
            (Expect::KeyOrEnd, b'}') => self.close(Frame::is_object)?,
            (Expect::Key | Expect::KeyOrEnd, b'"') => {
                self.passing = Some(Passing {
                    role: Role::Other,
                    is_key: true,
                    keep: true,
                    text: vec![byte],
                    depth: 0,
                    string: true,
                    escaped: false,
                });
            }
            (Expect::Colon, b':') => self.expect = Expect::Value(self.role()),
            (Expect::CommaOrEnd, b',') => {
                self.expect = match self.frames.last() {
                    Some(Frame::Rows) => Expect::Value(Role::Row),
                    Some(Frame::Around) => Expect::Value(Role::Other),
                    _ => Expect::Key,
                };
            }
            (Expect::CommaOrEnd, b'}') => self.close(Frame::is_object)?,
            (Expect::CommaOrEnd, b']') => self.close(Frame::is_array)?,
            _ => return Err(Malformed),
        }
        Ok(1)
    }

    /// What the value after this key is for.
    fn role(&self) -> Role {
        match (self.frames.last(), self.key.as_slice()) {
            (Some(Frame::Root), b"\"report\"") => Role::Report,
            (Some(Frame::Report), b"\"rows\"") => Role::Rows,
            (Some(Frame::Report), b"\"load_error\"") => Role::LoadError,
            _ => Role::Other,
        }
    }

    fn value(&mut self, role: Role, byte: u8) -> Result<usize, Malformed> {
        let opened = match (role, byte) {
            (Role::Root, b'[') if self.frames.is_empty() => {
                Some((Frame::Around, Expect::ValueOrEnd(Role::Root)))
            }
            (Role::Root, b'{') => Some((Frame::Root, Expect::KeyOrEnd)),
            (Role::Root, _) => return Err(Malformed),
            (Role::Report, b'{') => Some((Frame::Report, Expect::KeyOrEnd)),
            (Role::Rows, b'[') => {
                self.has_rows = true;
                Some((Frame::Rows, Expect::ValueOrEnd(Role::Row)))
            }
            _ => None,
        };
        if let Some((frame, expect)) = opened {
            self.frames.push(frame);
            self.expect = expect;
            return Ok(1);
        }
        if matches!(byte, b',' | b':' | b'}' | b']') {
            return Err(Malformed);
        }
        let nested = matches!(byte, b'{' | b'[');
        let keep = matches!(role, Role::Row | Role::LoadError);
        self.passing = Some(Passing {
            role,
            is_key: false,
            keep,
            text: if keep { vec![byte] } else { Vec::new() },
            depth: usize::from(nested),
            string: byte == b'"',
            escaped: false,
        });
        Ok(1)
    }

    fn close(&mut self, fits: fn(Frame) -> bool) -> Result<(), Malformed> {
        if !self.frames.pop().is_some_and(fits) {
            return Err(Malformed);
        }
        self.expect = if self.frames.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
        Ok(())
    }
}

impl Frame {
    fn is_array(self) -> bool {
        matches!(self, Self::Around | Self::Rows)
    }

    fn is_object(self) -> bool {
        !self.is_array()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything found in a text that comes in pieces of these lengths, over and over.
    fn scan(text: &str, pieces: &[usize]) -> Result<(Vec<String>, bool, bool), Malformed> {
        let (mut scanner, mut rest, mut found) = (Scanner::new(), text.as_bytes(), Vec::new());
        for &length in pieces.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, left) = rest.split_at(length.min(rest.len()));
            scanner.feed(piece)?;
            rest = left;
            while let Some(one) = scanner.take() {
                found.push(match one {
                    Found::Row(text) => String::from_utf8(text).expect("UTF-8"),
                    Found::LoadError(text) => format!("error {}", String::from_utf8(text).expect("UTF-8")),
                });
            }
        }
        Ok((found, scanner.has_rows(), scanner.is_whole()))
    }

    const REPORT: &str = r#" { "id" : 7, "rows":[{"not":"these"}], "sql":"select '}]\"' ", "columns":[{"rows":[1]}],
        "report":{"chart":{"rows":[{"nor":"these"}]},"loaded":true,
            "rows":[ {"a":"}\\","b":[1,{"c":"]"}]} ,{"a":"ü\""}, 5 ,"x", null,{}],"load_error":null},
        "last":{"report":{"rows":[{"nor":1}]}} } "#;

    #[test]
    fn rows_are_found_however_the_text_is_cut() {
        let rows =
            [r#"{"a":"}\\","b":[1,{"c":"]"}]}"#, r#"{"a":"ü\""}"#, "5", "\"x\"", "null", "{}", "error null"]
                .map(str::to_owned);
        for text in
            [REPORT.to_owned(), format!("[{REPORT}]"), format!("[{REPORT},{{\"report\":{{\"rows\":[1]}}}}]")]
        {
            for pieces in [&[1][..], &[2], &[3, 1, 7], &[64], &[4096]] {
                assert_eq!(scan(&text, pieces), Ok((rows.to_vec(), true, true)), "{pieces:?}");
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(scan(r#"{"report":null}"#, &[5]), Ok((vec![], false, true)));
        assert_eq!(
            scan(r#"{"report":{"rows":null,"load_error":"no"}}"#, &[5]),
            Ok((vec!["error \"no\"".into()], false, true))
        );
        assert_eq!(scan(r#"{"report":{"rows":[]}}"#, &[5]), Ok((vec![], true, true)));
        assert_eq!(scan("[]", &[1]), Ok((vec![], false, true)));
        assert_eq!(
            scan(r#"{"report":{"rows":[{"a":1},{"b""#, &[5]),
            Ok((vec![r#"{"a":1}"#.into()], true, false))
        );
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for text in [
            "<html>",
            "5",
            "\"No.\"",
            "{]",
            "{\"a\" 1}",
            "{\"a\":}",
            "{1:2}",
            "[,]",
            "{}{}",
            "{\"report\":{\"rows\":[,]}}",
        ] {
            assert_eq!(scan(text, &[2]), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn every_prefix_and_every_changed_byte_is_taken_without_a_panic() {
        for end in (0..REPORT.len()).filter(|end| REPORT.is_char_boundary(*end)) {
            assert!(
                !scan(&REPORT[..end], &[7]).is_ok_and(|(_, _, whole)| whole && end < REPORT.trim_end().len())
            );
        }
        for at in 0..REPORT.len() {
            for byte in *b"{}[]\",:\\ x" {
                let mut text = REPORT.as_bytes().to_vec();
                text[at] = byte;
                let mut scanner = Scanner::new();
                let _ = scanner.feed(&text);
            }
        }
    }
}
