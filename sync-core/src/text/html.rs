//! A forgiving reader of HTML fragments. It never fails and never keeps an attribute.

use super::document::{Builder, Document, Shape, Style};
use alloc::{string::String, vec::Vec};

/// Elements whose content is never text for people. Their content is skipped up to their end tag.
const SKIPPED: &[&str] = &[
    "applet", "audio", "canvas", "embed", "frameset", "head", "iframe", "math", "noembed", "noframes",
    "noscript", "object", "script", "select", "style", "svg", "template", "textarea", "title", "video",
    "xmp",
];

/// Reads a fragment.
pub(super) fn parse(html: &str) -> Document {
    let mut reader = Reader::default();
    let mut rest = html;
    while !rest.is_empty() {
        let Some(start) = rest.find('<') else {
            reader.text(rest);
            break;
        };
        reader.text(&rest[..start]);
        rest = reader.markup(&rest[start..]);
    }
    reader.close_link();
    reader.out.finish()
}

#[derive(Default)]
struct Reader {
    out: Builder,
    strong: u32,
    emphasis: u32,
    underline: u32,
    heading: u32,
    /// Whether each open list is ordered.
    lists: Vec<bool>,
    /// How many list items are open; text of paragraphs inside one stays in it.
    in_item: bool,
    link: Option<Link>,
}

struct Link {
    address: String,
    text: String,
}

impl Reader {
    fn style(&self) -> Style {
        Style {
            strong: self.strong > 0 || self.heading > 0,
            emphasis: self.emphasis > 0,
            underline: self.underline > 0,
        }
    }

    fn text(&mut self, raw: &str) {
        if raw.is_empty() {
            return;
        }
        let text = decode(raw);
        if let Some(link) = &mut self.link {
            link.text.push_str(&text);
        }
        self.out.text(self.style(), &text);
    }

    /// Reads one piece of markup at the start of `rest` and returns what follows it.
    fn markup<'a>(&mut self, rest: &'a str) -> &'a str {
        let body = &rest[1..];
        if let Some(comment) = body.strip_prefix("!--") {
            return comment.find("-->").map_or("", |end| &comment[end + 3..]);
        }
        let (closing, name_start) = match body.strip_prefix('/') {
            Some(name) => (true, name),
            None => (false, body),
        };
        let name_len = name_start
            .bytes()
            .take_while(|byte| !matches!(byte, b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r' | b'\x0c'))
            .count();
        let name = &name_start[..name_len];
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            if closing || body.starts_with(['!', '?']) {
                return body.find('>').map_or("", |end| &body[end + 1..]);
            }
            // A lone `<` is text.
            self.text("&lt;");
            return body;
        }
        let name = name.to_ascii_lowercase();
        let after_name = &name_start[name_len..];
        let Some(end) = tag_end(after_name) else { return "" };
        let attributes = &after_name[..end];
        let rest = &after_name[end + 1..];
        if closing {
            self.end(&name);
            return rest;
        }
        if name == "plaintext" {
            return "";
        }
        if SKIPPED.contains(&name.as_str()) && !attributes.ends_with('/') {
            return skip_to_end(rest, &name);
        }
        self.start(&name, attributes);
        rest
    }

    fn start(&mut self, name: &str, attributes: &str) {
        match name {
            "b" | "strong" => self.strong += 1,
            "i" | "em" => self.emphasis += 1,
            "u" => self.underline += 1,
            "br" => self.out.line_break(),
            "ul" | "ol" => {
                self.lists.push(name == "ol");
                self.in_item = false;
                self.out.end_block();
            }
            "li" => {
                let ordered = self.lists.last().copied().unwrap_or(false);
                let depth = u8::try_from(self.lists.len()).unwrap_or(u8::MAX).max(1);
                self.in_item = true;
                self.out.block(Shape::Item { depth, ordered });
            }
            "td" | "th" => self.out.text(self.style(), " "),
            "a" => {
                self.close_link();
                self.link = attribute(attributes, "href")
                    .map(|address| decode(address.trim()))
                    .filter(|address| is_web_address(address))
                    .map(|address| Link { address, text: String::new() });
            }
            _ if is_heading(name) => {
                self.separate();
                self.heading += 1;
            }
            _ if is_block(name) => self.separate(),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "b" | "strong" => self.strong = self.strong.saturating_sub(1),
            "i" | "em" => self.emphasis = self.emphasis.saturating_sub(1),
            "u" => self.underline = self.underline.saturating_sub(1),
            "ul" | "ol" => {
                self.lists.pop();
                self.in_item = false;
                self.out.end_block();
            }
            "li" => {
                self.in_item = false;
                self.out.end_block();
            }
            "a" => self.close_link(),
            "br" => self.out.line_break(),
            _ if is_heading(name) => {
                self.heading = self.heading.saturating_sub(1);
                self.separate();
            }
            _ if is_block(name) => self.separate(),
            _ => {}
        }
    }

    /// The edge of a block element: a new paragraph, or a new line inside a list item.
    fn separate(&mut self) {
        if self.in_item { self.out.line_break() } else { self.out.end_block() }
    }

    /// Writes a link's address behind its text, unless the text says it already.
    fn close_link(&mut self) {
        if let Some(link) = self.link.take()
            && !link.text.contains(link.address.trim_start_matches("mailto:"))
        {
            let style = self.style();
            self.out.text(style, &alloc::format!(" ({})", link.address));
        }
    }
}

fn is_heading(name: &str) -> bool {
    matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6")
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "main"
            | "aside"
            | "nav"
            | "address"
            | "blockquote"
            | "pre"
            | "table"
            | "tbody"
            | "thead"
            | "tfoot"
            | "tr"
            | "caption"
            | "dl"
            | "dt"
            | "dd"
            | "figure"
            | "figcaption"
            | "hr"
            | "form"
            | "fieldset"
            | "legend"
            | "body"
            | "html"
            | "center"
            | "details"
            | "summary"
    )
}

fn is_web_address(address: &str) -> bool {
    let scheme =
        |prefix: &str| address.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let clean = !address.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"'));
    clean && (scheme("https://") || scheme("http://") || scheme("mailto:"))
}

/// Where the tag ends, minding quotes.
fn tag_end(attributes: &str) -> Option<usize> {
    let mut quote = None;
    let mut after_equals = false;
    for (index, byte) in attributes.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return Some(index),
            (None, b'"' | b'\'') if after_equals => quote = Some(byte),
            _ => {}
        }
        after_equals = byte == b'=' || (after_equals && byte.is_ascii_whitespace());
    }
    None
}

/// The value of an attribute, as written.
fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<&'a str> {
    let mut rest = attributes.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
    while !rest.is_empty() {
        let name_len =
            rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/')).unwrap_or(rest.len());
        // A stray `=` at the start is a name of its own, so that the loop advances.
        let name_len = name_len.max(rest.chars().next().map_or(0, char::len_utf8));
        let name = &rest[..name_len];
        rest = rest[name_len..].trim_start();
        let mut value = None;
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let (text, next) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => {
                    let inner = &after[1..];
                    match inner.find(quote) {
                        Some(end) => (&inner[..end], &inner[end + 1..]),
                        None => (inner, ""),
                    }
                }
                _ => {
                    let end = after.find(|c: char| c.is_ascii_whitespace()).unwrap_or(after.len());
                    (&after[..end], &after[end..])
                }
            };
            value = Some(text);
            rest = next;
        }
        if name.eq_ignore_ascii_case(wanted) {
            return value;
        }
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
    }
    None
}

/// What follows the end tag of `name`, or nothing.
fn skip_to_end<'a>(html: &'a str, name: &str) -> &'a str {
    let mut rest = html;
    while let Some(start) = rest.find("</") {
        let tag = &rest[start + 2..];
        let matches = tag.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
            && !tag[name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric());
        if matches {
            return tag.find('>').map_or("", |end| &tag[end + 1..]);
        }
        rest = tag;
    }
    ""
}

/// Resolves character references; an unknown one stays as written.
fn decode(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        let body = &rest[start + 1..];
        let len =
            body.bytes().take(12).take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
        let resolved = if body.as_bytes().get(len) == Some(&b';') { reference(&body[..len]) } else { None };
        match resolved {
            Some(c) => {
                out.push(c);
                rest = &body[len + 1..];
            }
            None => {
                out.push('&');
                rest = body;
            }
        }
    }
    out.push_str(rest);
    out
}

fn reference(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return Some(char::from_u32(code).filter(|c| *c != '\0').unwrap_or('\u{fffd}'));
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, c)| *c)
}

/// The named references that editors write into the descriptions of tickets.
const NAMED: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
    ("ndash", '–'),
    ("mdash", '—'),
    ("hellip", '…'),
    ("bull", '•'),
    ("middot", '·'),
    ("shy", '\u{ad}'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("sbquo", '‚'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("bdquo", '„'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("euro", '€'),
    ("pound", '£'),
    ("yen", '¥'),
    ("cent", '¢'),
    ("sect", '§'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("deg", '°'),
    ("plusmn", '±'),
    ("times", '×'),
    ("divide", '÷'),
    ("frac12", '½'),
    ("frac14", '¼'),
    ("sup2", '²'),
    ("sup3", '³'),
    ("micro", 'µ'),
    ("para", '¶'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("zwnj", '\u{200c}'),
    ("zwj", '\u{200d}'),
    ("rarr", '→'),
    ("larr", '←'),
    ("iexcl", '¡'),
    ("iquest", '¿'),
    ("szlig", 'ß'),
    ("auml", 'ä'),
    ("ouml", 'ö'),
    ("uuml", 'ü'),
    ("Auml", 'Ä'),
    ("Ouml", 'Ö'),
    ("Uuml", 'Ü'),
    ("agrave", 'à'),
    ("aacute", 'á'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("aring", 'å'),
    ("aelig", 'æ'),
    ("ccedil", 'ç'),
    ("egrave", 'è'),
    ("eacute", 'é'),
    ("ecirc", 'ê'),
    ("euml", 'ë'),
    ("igrave", 'ì'),
    ("iacute", 'í'),
    ("icirc", 'î'),
    ("iuml", 'ï'),
    ("ntilde", 'ñ'),
    ("ograve", 'ò'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("otilde", 'õ'),
    ("oslash", 'ø'),
    ("ugrave", 'ù'),
    ("uacute", 'ú'),
    ("ucirc", 'û'),
    ("Agrave", 'À'),
    ("Aacute", 'Á'),
    ("Aring", 'Å'),
    ("AElig", 'Æ'),
    ("Ccedil", 'Ç'),
    ("Egrave", 'È'),
    ("Eacute", 'É'),
    ("Oslash", 'Ø'),
    ("Ntilde", 'Ñ'),
];
