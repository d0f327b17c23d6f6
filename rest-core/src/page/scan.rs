//! A shallow walk over JSON text that hands every value to serde_json in place, so that a row is read once
//! and its text is known.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::decode::DecodeError;
use crate::record::private::Key;

pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn fault(&self, what: &'static str) -> DecodeError {
        let rest = self.text.trim_start();
        if rest.is_empty() {
            DecodeError::new("the body is empty")
        } else if rest.starts_with('<') {
            DecodeError::new("the body is HTML, not JSON")
        } else {
            DecodeError::new(what).at(format!("byte {}", self.at))
        }
    }

    /// The next byte that is no whitespace.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    pub(super) fn open(&mut self, bracket: u8) -> Result<(), DecodeError> {
        if self.peek() == Some(bracket) {
            self.at += 1;
            Ok(())
        } else {
            Err(self.fault("the list does not begin where it should"))
        }
    }

    /// Steps over the comma to the next element; false at the closing bracket.
    pub(super) fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, DecodeError> {
        let first = std::mem::replace(first, false);
        match self.peek() {
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.at += 1;
                match self.peek() {
                    Some(byte) if byte != close => Ok(true),
                    _ => Err(self.fault("the list ends after a comma")),
                }
            }
            Some(_) if first => Ok(true),
            Some(_) => Err(self.fault("a comma is missing")),
            None => Err(self.fault("the body ends early")),
        }
    }

    /// A key and its colon.
    pub(super) fn key(&mut self) -> Result<Key<'a>, DecodeError> {
        if self.peek() != Some(b'"') {
            return Err(self.fault("a key is missing"));
        }
        let Some((key, _)) = self.value::<Key<'a>>() else { return Err(self.fault("a key is broken")) };
        if self.peek() != Some(b':') {
            return Err(self.fault("a colon is missing"));
        }
        self.at += 1;
        Ok(key)
    }

    /// The next value read as `T`, with its text; `None` leaves the position where it is.
    pub(super) fn value<T: Deserialize<'a>>(&mut self) -> Option<(T, &'a str)> {
        self.peek();
        let rest = &self.text[self.at..];
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<T>();
        let value = stream.next()?.ok()?;
        let end = stream.byte_offset();
        self.at += end;
        Some((value, &rest[..end]))
    }

    /// The next value as it stands.
    pub(super) fn raw(&mut self) -> Result<&'a RawValue, DecodeError> {
        match self.value::<&'a RawValue>() {
            Some((raw, _)) => Ok(raw),
            None => Err(self.fault("the body is no JSON or ends early")),
        }
    }

    /// Nothing but whitespace may follow.
    pub(super) fn end(&mut self) -> Result<(), DecodeError> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("something follows the list")),
        }
    }
}
