//! The small document that all text passes through: paragraphs and list items of styled runs.

use super::canonical::{canonical_block, composed};
use alloc::{
    string::{String, ToString as _},
    vec,
    vec::Vec,
};
use core::fmt::Write as _;
use unicode_normalization::char::is_combining_mark;

/// How deep lists may nest; deeper items are drawn up to this level.
const MAX_DEPTH: u8 = 8;

/// Bits of a run's style.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Style {
    pub(super) strong: bool,
    pub(super) emphasis: bool,
    pub(super) underline: bool,
}

/// A piece of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Inline {
    Run { style: Style, text: String },
    Break,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Paragraph,
    /// A list item; `depth` starts at 1.
    Item {
        depth: u8,
        ordered: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    shape: Shape,
    inlines: Vec<Inline>,
}

/// A finished document. Built only by [`Builder`], which keeps it normal: no empty block, no empty run, no two
/// neighbouring runs of one style, no space or break at the edge of a block, no item deeper than its predecessor
/// allows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Document {
    blocks: Vec<Block>,
}

/// Collects text and structure into a [`Document`].
#[derive(Debug, Default)]
pub(super) struct Builder {
    done: Vec<Block>,
    current: Option<Shape>,
    inlines: Vec<Inline>,
    /// A space that is written only if something follows in the same line.
    space: Option<Style>,
    /// A break that is written only if something follows in the same block.
    line_break: bool,
}

impl Builder {
    /// Starts a block; the one before ends.
    pub(super) fn block(&mut self, shape: Shape) {
        self.end_block();
        self.current = Some(shape);
    }

    /// Ends the block, if one is open and not empty.
    pub(super) fn end_block(&mut self) {
        self.space = None;
        self.line_break = false;
        let shape = self.current.take().unwrap_or(Shape::Paragraph);
        let mut inlines = core::mem::take(&mut self.inlines);
        for inline in &mut inlines {
            if let Inline::Run { text, .. } = inline {
                *text = composed(text);
            }
        }
        if inlines.is_empty() {
            return;
        }
        let shape = match shape {
            Shape::Paragraph => shape,
            Shape::Item { depth, ordered } => {
                let above = match self.done.last().map(|block| block.shape) {
                    Some(Shape::Item { depth, .. }) => depth,
                    _ => 0,
                };
                Shape::Item { depth: depth.clamp(1, MAX_DEPTH).min(above + 1), ordered }
            }
        };
        self.done.push(Block { shape, inlines });
    }

    /// A line end inside the block.
    pub(super) fn line_break(&mut self) {
        self.space = None;
        self.line_break = !self.inlines.is_empty();
    }

    /// Text; white space in it only separates words.
    pub(super) fn text(&mut self, style: Style, text: &str) {
        // Dropped characters must be gone before the question whether a run is empty.
        for c in composed(text).chars() {
            if c.is_whitespace() {
                self.space.get_or_insert(style);
                continue;
            }
            if core::mem::take(&mut self.line_break) {
                self.inlines.push(Inline::Break);
                self.space = None;
            }
            if let Some(space) = self.space.take()
                && !matches!(self.inlines.last(), None | Some(Inline::Break))
            {
                self.push(space, ' ');
            }
            self.push(style, c);
        }
    }

    fn push(&mut self, style: Style, c: char) {
        match self.inlines.last_mut() {
            Some(Inline::Run { style: last, text }) if *last == style => text.push(c),
            _ => self.inlines.push(Inline::Run { style, text: c.to_string() }),
        }
    }

    pub(super) fn finish(mut self) -> Document {
        self.end_block();
        Document { blocks: self.done }
    }
}

impl Document {
    /// Plain text: blank lines separate paragraphs.
    pub(super) fn from_text(text: &str) -> Self {
        let mut builder = Builder::default();
        for paragraph in canonical_block(text).split("\n\n") {
            builder.block(Shape::Paragraph);
            for line in paragraph.split('\n') {
                builder.line_break();
                builder.text(Style::default(), line);
            }
        }
        builder.finish()
    }

    pub(super) fn to_text(&self) -> String {
        let mut out = String::new();
        let mut counters = [0_u32; MAX_DEPTH as usize + 1];
        let mut previous: Option<Shape> = None;
        for block in &self.blocks {
            // Nesting is shown by the marks alone: indentation would not survive the canonical form.
            let lead = match block.shape {
                Shape::Paragraph => {
                    counters = Default::default();
                    String::new()
                }
                Shape::Item { depth, ordered } => {
                    let level = usize::from(depth);
                    counters[level + 1..].fill(0);
                    counters[level] += 1;
                    if ordered { alloc::format!("{}. ", counters[level]) } else { "- ".into() }
                }
            };
            if let Some(previous) = previous {
                let listed = matches!((previous, block.shape), (Shape::Item { .. }, Shape::Item { .. }));
                out.push_str(if listed { "\n" } else { "\n\n" });
            }
            out.push_str(&lead);
            for inline in &block.inlines {
                match inline {
                    Inline::Run { text, .. } => out.push_str(text),
                    Inline::Break => out.push('\n'),
                }
            }
            previous = Some(block.shape);
        }
        out
    }

    pub(super) fn to_html(&self) -> String {
        let mut out = String::new();
        // Whether each open list is ordered, outermost first. Each open list has one open item.
        let mut open: Vec<bool> = vec![];
        for block in &self.blocks {
            match block.shape {
                Shape::Paragraph => {
                    close_lists(&mut out, &mut open, 0);
                    out.push_str("<p>");
                    block.write_inlines(&mut out);
                    out.push_str("</p>");
                }
                Shape::Item { depth, ordered } => {
                    let depth = usize::from(depth);
                    close_lists(&mut out, &mut open, depth);
                    if open.len() == depth {
                        out.push_str("</li>");
                        if open.last() != Some(&ordered) {
                            out.push_str(if open.pop() == Some(true) { "</ol>" } else { "</ul>" });
                        }
                    }
                    if open.len() < depth {
                        out.push_str(if ordered { "<ol>" } else { "<ul>" });
                        open.push(ordered);
                    }
                    out.push_str("<li>");
                    block.write_inlines(&mut out);
                }
            }
        }
        close_lists(&mut out, &mut open, 0);
        out
    }
}

/// Closes open lists until `depth` are left.
fn close_lists(out: &mut String, open: &mut Vec<bool>, depth: usize) {
    while open.len() > depth {
        out.push_str("</li>");
        out.push_str(if open.pop() == Some(true) { "</ol>" } else { "</ul>" });
    }
}

impl Block {
    fn write_inlines(&self, out: &mut String) {
        for inline in &self.inlines {
            match inline {
                Inline::Break => out.push_str("<br>"),
                Inline::Run { style, text } => {
                    let tags = [(style.strong, "strong"), (style.emphasis, "em"), (style.underline, "u")];
                    for (_, tag) in tags.iter().filter(|(on, _)| *on) {
                        let _ = write!(out, "<{tag}>");
                    }
                    escape(out, text);
                    for (_, tag) in tags.iter().rev().filter(|(on, _)| *on) {
                        let _ = write!(out, "</{tag}>");
                    }
                }
            }
        }
    }
}

/// Appends text as HTML text.
fn escape(out: &mut String, text: &str) {
    for (index, c) in text.chars().enumerate() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // A mark right behind a tag would compose with its `>` in a system that normalises the whole string,
            // and the tag would be one no longer.
            c if index == 0 && is_combining_mark(c) => {
                let _ = write!(out, "&#{};", u32::from(c));
            }
            c => out.push(c),
        }
    }
}
