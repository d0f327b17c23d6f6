//! One spelling for text: composed characters, one kind of line end, one kind of space.

use alloc::string::String;
use unicode_normalization::UnicodeNormalization as _;

/// Whether a character takes no part in any comparison: it has no width and no meaning in a title or a description.
fn is_dropped(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' => false,
        '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => true,
        _ => c.is_control(),
    }
}

/// Whether a character ends a line.
fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Drops invisible characters and composes the rest.
///
/// Dropping comes first: what stood on both sides of a dropped character may compose.
pub(super) fn composed(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t')) {
        return String::from(text);
    }
    text.chars().filter(|c| !is_dropped(*c)).nfc().collect()
}

/// Brings a text of one line into one spelling.
///
/// Characters are composed (NFC), invisible ones dropped, and every run of white space, line ends and non-breaking
/// spaces included, becomes a single space; none is left at either end. Idempotent.
#[must_use]
pub fn canonical_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_words(&mut out, &composed(text));
    out
}

/// Brings a text of several lines into one spelling.
///
/// As [`canonical_line`] within each line; lines end with a line feed, at most one blank line stands between two
/// others, and none at either end. Idempotent.
#[must_use]
pub fn canonical_block(text: &str) -> String {
    lines(text, true)
}

/// The form in which two texts are compared: [`canonical_block`] without blank lines.
///
/// Systems differ in how many blank lines they keep between paragraphs, and people do not mean anything by them.
#[must_use]
pub fn comparable(text: &str) -> String {
    lines(text, false)
}

fn lines(text: &str, keep_blank: bool) -> String {
    let composed = composed(text).replace("\r\n", "\n");
    let mut out = String::with_capacity(composed.len());
    let mut gap = false;
    for line in composed.split(is_line_end) {
        if line.chars().all(char::is_whitespace) {
            gap = true;
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
            if gap && keep_blank {
                out.push('\n');
            }
        }
        gap = false;
        push_words(&mut out, line);
    }
    out
}

/// Appends the words of `line`, one space between two.
fn push_words(out: &mut String, line: &str) {
    for (index, word) in line.split_whitespace().enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}
