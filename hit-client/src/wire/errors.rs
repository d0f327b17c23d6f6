//! The error body.

use http::{HeaderMap, StatusCode};
use rest_core::error::{ErrorDecoder, ErrorDetails};
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use crate::error::meaning;

/// `Errors`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct ErrorsReply {
    errors: Vec<EntryReply>,
}

/// `ErrorEntry`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct EntryReply {
    code: String,
    #[serde(default)]
    title: String,
    detail: Option<String>,
    field: Option<String>,
}

/// Reads `Errors`: the first entry decides, the rest is counted.
#[derive(Debug, Default)]
pub(crate) struct Decoder;

impl ErrorDecoder for Decoder {
    fn decode(&self, _status: StatusCode, _headers: &HeaderMap, body: &[u8]) -> ErrorDetails {
        let Ok(ErrorsReply { errors }) = serde_json::from_slice(body) else {
            return ErrorDetails::new();
        };
        let more = errors.len().saturating_sub(1);
        let Some(first) = errors.into_iter().next() else {
            return ErrorDetails::new();
        };
        let mut message = first.detail.filter(|detail| !detail.is_empty()).unwrap_or(first.title);
        if let Some(field) = first.field.filter(|field| !field.is_empty()) {
            message = format!("{field}: {message}");
        }
        if more > 0 {
            message = format!("{message} (and {more} more)");
        }
        meaning(ErrorDetails::new().with_code(first.code).with_message(message))
    }
}

#[cfg(test)]
mod tests {
    use rest_core::error::Refusal;

    use super::*;

    fn decode(body: &str) -> ErrorDetails {
        Decoder.decode(StatusCode::UNPROCESSABLE_ENTITY, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn the_first_entry_decides_and_the_rest_is_counted() {
        let details = decode(
            r#"{"errors":[{"code":"unknown_status","title":"The status does not exist","detail":"No status st_9.","field":"status_id"},{"code":"required","title":"Required"}]}"#,
        );
        assert_eq!(details.code.as_deref(), Some("unknown_status"));
        assert_eq!(details.message.as_deref(), Some("status_id: No status st_9. (and 1 more)"));
    }

    #[test]
    fn a_missing_capability_overrules_its_status() {
        let details = decode(r#"{"errors":[{"code":"capability_absent","title":"No webhooks here"}]}"#);
        assert_eq!(details.refusal, Some(Refusal::Invalid));
        assert_eq!(details.message.as_deref(), Some("No webhooks here"));
    }

    #[test]
    fn other_bodies_say_nothing() {
        for body in ["", "<html>", "[]", "{\"errors\":[]}", "{\"errors\":\"no\"}"] {
            assert_eq!(decode(body), ErrorDetails::new(), "{body}");
        }
    }
}
