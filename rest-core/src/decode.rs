//! Reading JSON bodies: fast when they are right, with the path of the fault when they are not.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Why a body, or one row of it, could not be read.
///
/// The text names the place and what was expected there; values that stood there are left out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}{path}", if path.is_empty() { "" } else { " at " })]
pub struct DecodeError {
    message: Cow<'static, str>,
    path: String,
}

impl DecodeError {
    /// An error with a sentence. It must hold no values from the body.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into(), path: String::new() }
    }

    /// Names the place, such as `rows[3].due_date`.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// The sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The place; empty when unknown.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same with both texts cleaned: a place is made of the body's own keys, which may repeat a secret.
    pub(crate) fn cleaned(self, clean: impl Fn(&str) -> String) -> Self {
        Self { message: clean(&self.message).into(), path: clean(&self.path) }
    }

    /// What serde_json says, without the values it quotes.
    pub(crate) fn from_json(error: &serde_json::Error) -> Self {
        Self::new(unquoted(&error.to_string()))
    }
}

/// Replaces what stands in double quotes: serde quotes the values it does not like.
fn unquoted(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('"') {
        clean.push_str(&rest[..open]);
        clean.push('…');
        // An escaped quote inside the value only makes the cut longer, never shorter.
        match rest.rfind('"') {
            Some(close) if close > open => rest = &rest[close + 1..],
            _ => rest = "",
        }
    }
    clean.push_str(rest);
    clean
}

/// A body as text.
///
/// # Errors
///
/// When it is not UTF-8. A byte order mark is skipped.
pub fn text(body: &[u8]) -> Result<&str, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| DecodeError::new("the body is not UTF-8"))?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// A body as a JSON value of type `T`.
///
/// # Errors
///
/// When the body is not JSON of that shape. Only then it is read a second time, to find the path.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, DecodeError> {
    from_text(text(body)?)
}

/// A JSON text as a value that may borrow from it.
///
/// # Errors
///
/// See [`json`].
pub fn from_text<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, DecodeError> {
    serde_json::from_str(text).map_err(|error| explain::<T>(text, &error))
}

/// Finds the path of a fault by reading again with path tracking.
pub(crate) fn explain<'de, T: Deserialize<'de>>(text: &'de str, error: &serde_json::Error) -> DecodeError {
    if text.trim_start().starts_with('<') {
        return DecodeError::new("the body is HTML, not JSON");
    }
    if text.trim_start().is_empty() {
        return DecodeError::new("the body is empty");
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Err(found) => {
            let path = found.path().to_string();
            let error = DecodeError::from_json(found.inner());
            if path == "." { error } else { error.at(path) }
        }
        Ok(_) => DecodeError::from_json(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Outer {
        #[allow(dead_code)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    struct Inner {
        #[allow(dead_code)]
        number: u8,
    }

    #[test]
    fn names_the_path_and_hides_the_value() {
        let error =
            json::<Outer>(br#"{"inner":[{"number":1},{"number":"my \"secret\" value"}]}"#).unwrap_err();
        assert_eq!(error.path(), "inner[1].number");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(error.to_string().contains("expected u8"), "{error}");
    }

    #[test]
    fn names_what_is_no_json_at_all() {
        assert_eq!(json::<Outer>(b"<html>").unwrap_err().message(), "the body is HTML, not JSON");
        assert_eq!(json::<Outer>(b" ").unwrap_err().message(), "the body is empty");
        assert_eq!(json::<Outer>(b"\xff").unwrap_err().message(), "the body is not UTF-8");
        assert!(json::<Outer>(b"\xef\xbb\xbf{\"inner\":[]}").is_ok());
    }
}
