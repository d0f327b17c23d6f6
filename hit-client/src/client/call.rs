//! One request of the contract, as data.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::IF_MATCH;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Endpoint, Idempotency, Payload, Query, path_segment};
use rest_core::error::Error;
use serde::Serialize;

use crate::api::IdempotencyKey;
use crate::error::Result;
use crate::types::Version;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A request with the way its reply is read.
pub(super) struct Call<T> {
    method: Method,
    template: &'static str,
    path: Option<String>,
    pub(super) query: Query,
    headers: HeaderMap,
    body: Option<Payload>,
    idempotency: Idempotency,
    read: fn(&[u8]) -> Result<T, DecodeError>,
}

/// A text as one segment of a path. An empty one would name the list instead of its record.
pub(super) fn segment(text: impl AsRef<str>) -> Result<String> {
    match text.as_ref() {
        "" => Err(Error::configuration("an empty id names no record")),
        text => Ok(path_segment(text)),
    }
}

impl<T> Call<T> {
    pub(super) fn new(
        method: Method,
        template: &'static str,
        read: fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Self {
        Self {
            idempotency: Idempotency::of(&method),
            method,
            template,
            path: None,
            query: Query::new(),
            headers: HeaderMap::new(),
            body: None,
            read,
        }
    }

    pub(super) fn path(mut self, path: String) -> Self {
        self.path = Some(path);
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self> {
        self.body = Some(Payload::json(body)?);
        Ok(self)
    }

    pub(super) fn merge_patch(mut self, body: &impl Serialize) -> Result<Self> {
        let json = Payload::json(body)?;
        let media_type = HeaderValue::from_static("application/merge-patch+json");
        self.body = Some(Payload::new(media_type, json.bytes().clone()));
        Ok(self)
    }

    pub(super) fn if_match(mut self, version: Option<Version>) -> Self {
        // Quotes and digits are always a header value.
        if let Some(value) = version.and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok())
        {
            self.headers.insert(IF_MATCH, value);
        }
        self
    }

    pub(super) fn idempotency_key(mut self, key: Option<&IdempotencyKey>) -> Result<Self> {
        if let Some(key) = key {
            let value = HeaderValue::from_str(key.as_str())
                .map_err(|_| Error::configuration("the idempotency key cannot stand in a header"))?;
            self.headers.insert(IDEMPOTENCY_KEY.clone(), value);
        }
        Ok(self)
    }

    pub(super) fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }
}

impl<T: Send> Endpoint for Call<T> {
    type Response = T;

    fn method(&self) -> Method {
        self.method.clone()
    }

    fn template(&self) -> &'static str {
        self.template
    }

    fn path(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.path.as_deref().unwrap_or(self.template))
    }

    fn query(&self, query: &mut Query) {
        query.clone_from(&self.query);
    }

    fn headers(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
    }

    fn body(&self) -> Result<Option<Payload>> {
        Ok(self.body.clone())
    }

    fn idempotency(&self) -> Idempotency {
        self.idempotency
    }

    fn decode(&self, response: http::Response<Bytes>) -> Result<T, DecodeError> {
        (self.read)(response.body())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_leave_its_segment() {
        assert!(segment("").unwrap_err().is_configuration());
        assert_eq!(segment("a/b?c#d").unwrap(), "a%2Fb%3Fc%23d");
    }

    #[test]
    fn a_patch_says_its_media_type_and_its_condition() {
        let call = Call::new(Method::PATCH, "/x", |_| Ok(()))
            .merge_patch(&serde_json::json!({"a": null}))
            .unwrap()
            .if_match(Some(Version(7)));
        let request = call.request(&"https://hit.example/api/v1".parse().unwrap()).unwrap();
        assert_eq!(request.uri(), "https://hit.example/api/v1/x");
        assert_eq!(request.headers()["content-type"], "application/merge-patch+json");
        assert_eq!(request.headers()["if-match"], "\"7\"");
        assert_eq!(&request.body()[..], br#"{"a":null}"#);
        assert_eq!(call.idempotency, Idempotency::Once);
    }
}
