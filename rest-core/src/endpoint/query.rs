//! Query strings and path segments.

use std::fmt::{self, Display, Write};

/// A query string in the making. `Debug` shows the parameters' names only, because values may be secret.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query {
    text: String,
}

impl Query {
    /// No parameters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a parameter. A name may be added more than once.
    pub fn push(&mut self, name: &str, value: impl Display) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push('&');
        }
        encode(&mut self.text, name);
        self.text.push('=');
        // Writing into a `String` cannot fail.
        let _ = write!(Encoder(&mut self.text), "{value}");
        self
    }

    /// Adds a parameter if there is a value.
    pub fn push_some<V: Display>(&mut self, name: &str, value: Option<V>) -> &mut Self {
        if let Some(value) = value {
            self.push(name, value);
        }
        self
    }

    /// Adds one parameter whose value is the comma-separated list; nothing when the list is empty.
    pub fn push_list<V: Display>(&mut self, name: &str, values: impl IntoIterator<Item = V>) -> &mut Self {
        let mut values = values.into_iter();
        if let Some(first) = values.next() {
            self.push(name, first);
            for value in values {
                let _ = write!(Encoder(&mut self.text), ",{value}");
            }
        }
        self
    }

    /// The encoded query, without the question mark.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.text.split('&').filter_map(|pair| pair.split('=').next());
        f.debug_list().entries(names.filter(|name| !name.is_empty())).finish()
    }
}

/// One value as a path segment: everything but unreserved characters is percent-encoded.
///
/// ```
/// use rest_core::endpoint::path_segment;
///
/// assert_eq!(path_segment("a/b c"), "a%2Fb%20c");
/// assert_eq!(path_segment(12), "12");
/// ```
pub fn path_segment(value: impl Display) -> String {
    let mut text = String::new();
    let _ = write!(Encoder(&mut text), "{value}");
    text
}

struct Encoder<'a>(&'a mut String);

impl Write for Encoder<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        encode(self.0, text);
        Ok(())
    }
}

fn encode(into: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b',' | b':') {
            into.push(char::from(byte));
        } else {
            into.push('%');
            into.push(char::from(HEX[usize::from(byte >> 4)]));
            into.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_break_out_of_their_parameter() {
        let mut query = Query::new();
        query.push("search", "a&b=c #ü").push_some("none", None::<u8>).push_list("ids", [1, 2]);
        assert_eq!(query.as_str(), "search=a%26b%3Dc%20%23%C3%BC&ids=1,2");
        assert_eq!(format!("{query:?}"), r#"["search", "ids"]"#);
    }
}
