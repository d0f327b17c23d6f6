//! Tables that fit: columns as wide as their content, the widest ones wrapped until the line fits.

use super::style::{Paint, Style};

const GAP: usize = 2;
const NARROWEST_COLUMN: usize = 8;

/// On which side a column's text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// At the left, for text.
    Left,
    /// At the right, for numbers.
    Right,
}

#[derive(Debug, Clone)]
struct Cell {
    text: String,
    style: Style,
}

/// A table with a heading. Cells hold plain text: control characters are shown, not sent.
#[derive(Debug, Clone)]
pub struct Table {
    heads: Vec<String>,
    aligns: Vec<Align>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with these column heads, all left-aligned. Without any text they are left out.
    pub fn new<const N: usize>(heads: [&str; N]) -> Self {
        Table { heads: heads.map(str::to_owned).to_vec(), aligns: vec![Align::Left; N], rows: Vec::new() }
    }

    /// The same with column `index` aligned to the right.
    #[must_use]
    pub fn right(mut self, index: usize) -> Self {
        if let Some(align) = self.aligns.get_mut(index) {
            *align = Align::Right;
        }
        self
    }

    /// Adds a row; missing cells are empty, surplus ones are dropped.
    pub fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.styled_row(cells.into_iter().map(|cell| (Style::Plain, cell)));
    }

    /// Adds a row whose cells have a style each.
    pub fn styled_row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = (Style, S)>) {
        let mut row: Vec<Cell> = cells
            .into_iter()
            .map(|(style, text)| Cell { text: harmless(&text.into()), style })
            .take(self.heads.len())
            .collect();
        row.resize(self.heads.len(), Cell { text: String::new(), style: Style::Plain });
        self.rows.push(row);
    }

    /// Whether it has no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines of the table, none wider than `width` columns unless it has too many columns for that.
    #[must_use]
    pub fn lines(&self, width: usize, paint: Paint) -> Vec<String> {
        let widths = self.widths(width);
        let heads: Vec<Cell> =
            self.heads.iter().map(|head| Cell { text: head.clone(), style: Style::Heading }).collect();
        std::iter::once(&heads)
            .chain(&self.rows)
            .flat_map(|row| self.row_lines(row, &widths, paint))
            .collect()
    }

    fn widths(&self, width: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.heads.len())
            .map(|column| {
                let cells = self.rows.iter().map(|row| columns(&row[column].text));
                cells.chain([columns(&self.heads[column])]).max().unwrap_or(0)
            })
            .collect();
        let room = width.saturating_sub(GAP * widths.len().saturating_sub(1));
        while widths.iter().sum::<usize>() > room {
            let Some(widest) = widths.iter_mut().max() else { break };
            if *widest <= NARROWEST_COLUMN {
                break;
            }
            *widest -= 1;
        }
        widths
    }

    fn row_lines(&self, row: &[Cell], widths: &[usize], paint: Paint) -> Vec<String> {
        let cells: Vec<Vec<String>> =
            row.iter().zip(widths).map(|(cell, width)| wrap(&cell.text, (*width).max(1))).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(0);
        (0..height)
            .map(|line| {
                let mut text = String::new();
                for (column, parts) in cells.iter().enumerate() {
                    let part = parts.get(line).map_or("", String::as_str);
                    let padding = " ".repeat(widths[column].saturating_sub(columns(part)));
                    let painted = paint.text(row[column].style, part);
                    if column > 0 {
                        text.push_str(&" ".repeat(GAP));
                    }
                    match self.aligns[column] {
                        Align::Left => text.extend([painted.as_str(), &padding]),
                        Align::Right => text.extend([padding.as_str(), &painted]),
                    }
                }
                text.trim_end().to_owned()
            })
            .collect()
    }
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Names come from other systems: a control character in one must not reach the terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Breaks `text` at spaces into lines of at most `width` columns; a longer word is broken where it must.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ') {
        let mut word = word;
        let gap = usize::from(used > 0);
        if used + gap + columns(word) <= width {
            push(&mut lines, if gap > 0 { " " } else { "" });
            push(&mut lines, word);
            used += gap + columns(word);
            continue;
        }
        if used > 0 {
            lines.push(String::new());
        }
        while columns(word) > width {
            let cut = word.char_indices().nth(width).map_or(word.len(), |(at, _)| at);
            push(&mut lines, &word[..cut]);
            lines.push(String::new());
            word = &word[cut..];
        }
        push(&mut lines, word);
        used = columns(word);
    }
    lines
}

fn push(lines: &mut [String], text: &str) {
    if let Some(last) = lines.last_mut() {
        last.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(["ID", "Client", "What it says", "Number"]).right(3);
        table.row(["1", "Contoso Incorporated Holdings", &"a long sentence ".repeat(12), "7"]);
        table.row(["2", "Böhm & Söhne", "x\u{1b}[31my", "12345"]);
        table
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        for width in [60, 80, 120] {
            for line in sample().lines(width, Paint::new(false)) {
                assert!(columns(&line) <= width, "{width}: {line}");
            }
        }
    }

    #[test]
    fn colour_changes_no_column() {
        let plain = sample().lines(80, Paint::new(false));
        let painted = sample().lines(80, Paint::new(true));
        let stripped: Vec<String> = painted
            .iter()
            .map(|line| line.replace("\u{1b}[1m", "").replace("\u{1b}[0m", "").trim_end().to_owned())
            .collect();
        assert_eq!(plain, stripped);
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        assert!(!sample().lines(80, Paint::new(false)).concat().contains('\u{1b}'));
    }

    #[test]
    fn wrapping_keeps_every_word() {
        let text = "one two three four five sixsixsixsixsix seven";
        let lines = wrap(text, 9);
        assert!(lines.iter().all(|line| columns(line) <= 9));
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
    }
}
