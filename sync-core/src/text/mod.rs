//! Text that two systems hold in two spellings: canonical forms, HTML to text, HTML that is safe to write.
//!
//! Nothing here decides anything. The functions bring foreign text into one spelling, so that a server which
//! trims, re-encodes or re-wraps what it was given does not look like a person who edited it.
//!
//! ```
//! use sync_core::text;
//!
//! assert_eq!(text::canonical_line("  Replace\u{a0}the  firewall \r\n"), "Replace the firewall");
//! assert_eq!(text::html_to_text("<p>One</p><ul><li>two<li>three</ul>"), "One\n\n- two\n- three");
//! assert_eq!(text::sanitise_html("<p onclick=x>Hi<script>alert(1)</script></p>"), "<p>Hi</p>");
//! ```

mod canonical;
mod document;
mod html;

pub use canonical::{canonical_block, canonical_line, comparable};

use alloc::string::String;
use document::Document;

/// The text of an HTML fragment: tags gone, character references resolved, scripts and styles dropped.
///
/// Paragraphs are separated by a blank line, list items start with `- ` or their number, a link is followed by its
/// address in parentheses. The result is in [`canonical_block`] form. Never fails: what cannot be read as markup is
/// text, and an unterminated tag is dropped.
#[must_use]
pub fn html_to_text(html: &str) -> String {
    // What stood on both sides of a tag may compose.
    canonical_block(&html::parse(html).to_text())
}

/// The part of an HTML fragment that may be written to another system.
///
/// Out come only the elements `p`, `br`, `strong`, `em`, `u`, `ul`, `ol` and `li`, balanced and without a single
/// attribute; everything else becomes its text (headings become bold paragraphs, links keep their address as text)
/// or disappears (scripts, styles, embedded content, comments). Sanitising twice changes nothing, and the text of
/// the result is the text of the input.
#[must_use]
pub fn sanitise_html(html: &str) -> String {
    html::parse(html).to_html()
}

/// Plain text as HTML in the subset of [`sanitise_html`]: blank lines separate paragraphs, other line ends are `br`.
#[must_use]
pub fn text_to_html(text: &str) -> String {
    Document::from_text(text).to_html()
}

#[cfg(test)]
mod tests;
