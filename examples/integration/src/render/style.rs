//! Styles that stay readable on light and dark backgrounds: the terminal's own sixteen colours, without white,
//! black, yellow or bright ones, and never colour as the only carrier of a meaning.

/// What a piece of text is, and so how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// A heading.
    Heading,
    /// All is well.
    Good,
    /// Somebody should look.
    Warning,
    /// Something is wrong.
    Bad,
    /// Beside the point: ids, hashes, times.
    Faint,
    /// An old value on its way out, or a name.
    Name,
    /// Ordinary text.
    Plain,
}

/// Applies styles, or leaves text as it is.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// With or without colours.
    #[must_use]
    pub const fn new(on: bool) -> Self {
        Paint { on }
    }

    /// `text` in `style`.
    #[must_use]
    pub fn text(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Heading => "1",
            Style::Good => "32",
            Style::Warning => "35",
            Style::Bad => "1;31",
            Style::Faint => "2",
            Style::Name => "36",
            Style::Plain => "",
        };
        if self.on && !code.is_empty() && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
