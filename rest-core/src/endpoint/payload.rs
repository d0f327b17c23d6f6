//! A request's body with its media type.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use serde::Serialize;

use crate::error::Error;

/// A request's body and its `content-type`. `Debug` shows its size, not its content.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {
    pub(crate) content_type: HeaderValue,
    pub(crate) bytes: Bytes,
}

impl Payload {
    /// Any bytes of any media type.
    pub fn new(content_type: HeaderValue, bytes: impl Into<Bytes>) -> Self {
        Self { content_type, bytes: bytes.into() }
    }

    /// A value as JSON.
    ///
    /// # Errors
    ///
    /// A configuration error when the value cannot be written as JSON, such as a map with odd keys.
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            Error::configuration("the request's body cannot be written as JSON").with_source(error)
        })?;
        Ok(Self::json_text(bytes))
    }

    /// JSON that is already written.
    pub fn json_text(json: impl Into<Bytes>) -> Self {
        Self { content_type: HeaderValue::from_static("application/json"), bytes: json.into() }
    }

    /// Name and value pairs as an HTML form.
    pub fn form<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(pairs);
        Self {
            content_type: HeaderValue::from_static("application/x-www-form-urlencoded"),
            bytes: form.finish().into(),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({:?}, {} bytes)", self.content_type, self.bytes.len())
    }
}
