//! Halo's error bodies. Five shapes are known from public clients, and all are read here.

use std::borrow::Cow;

use http::{HeaderMap, StatusCode};
use rest_core::error::{ErrorDecoder, ErrorDetails, Refusal};
use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads Halo's error bodies.
pub(crate) struct HaloErrors;

impl ErrorDecoder for HaloErrors {
    fn decode(&self, status: StatusCode, _: &HeaderMap, body: &[u8]) -> ErrorDetails {
        let mut details = read(status, body);
        if let Some(refusal) = details.message.as_deref().and_then(|text| meaning(status, text)) {
            details = details.with_refusal(refusal);
        }
        details
    }
}

#[derive(Deserialize)]
struct Known<'a> {
    // A .NET exception.
    #[serde(borrow, rename = "ClassName")]
    class_name: Option<&'a RawValue>,
    #[serde(borrow, rename = "Message", alias = "errorMessage", alias = "message")]
    message: Option<&'a RawValue>,
    // OAuth, and some routes.
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    error_description: Option<&'a RawValue>,
    // ASP.NET problem details.
    #[serde(borrow)]
    title: Option<&'a RawValue>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
}

fn text(raw: Option<&RawValue>) -> Option<String> {
    let text: String = serde_json::from_str(raw?.get()).ok()?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

fn read(status: StatusCode, body: &[u8]) -> ErrorDetails {
    let details = ErrorDetails::new();
    let body = std::str::from_utf8(body).unwrap_or_default().trim_start_matches('\u{feff}').trim();
    match body.bytes().next() {
        None => details.with_code("empty").with_message("the server gave no reason"),
        Some(b'<') => details.with_code("html").with_message(if status.is_server_error() {
            "a web page came instead of an answer, as from a proxy whose server does not answer"
        } else {
            "the server answered a web page; is this the address of the API, and may this machine reach it?"
        }),
        Some(b'"') => match text(serde_json::from_str(body).ok()) {
            Some(message) => details.with_code("message").with_message(message),
            None => details,
        },
        Some(b'{') => object(body),
        // Anything else may be a stack trace or a proxy's words; the excerpt in `Error::body` shows it.
        Some(_) => details,
    }
}

fn object(body: &str) -> ErrorDetails {
    let details = ErrorDetails::new();
    if let Ok(known) = serde_json::from_str::<Known<'_>>(body) {
        if let Some(message) = text(known.message) {
            let code = text(known.class_name).unwrap_or_else(|| "message".to_owned());
            return details.with_code(code).with_message(message);
        }
        if let Some(error) = text(known.error) {
            let message = text(known.error_description).unwrap_or_else(|| error.clone());
            // A code is one word; a sentence under `error` is only a message.
            let code = if error.contains(' ') { "message".to_owned() } else { error };
            return details.with_code(code).with_message(message);
        }
        if let Some(errors) = known.errors {
            let found = model_state(errors.get());
            if found.message.is_some() {
                return found;
            }
        }
        if let Some(title) = text(known.title) {
            return details.with_code("problem").with_message(title);
        }
    }
    model_state(body)
}

/// `{"[0].outcome_id": ["Could not convert ..."]}`, or a single key with a text.
fn model_state(body: &str) -> ErrorDetails {
    let details = ErrorDetails::new();
    let Ok(first) = serde_json::from_str::<First<'_>>(body) else { return details };
    let Some((key, raw)) = first.0 else { return details };
    let sentence = text(Some(raw)).or_else(|| {
        let all: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
        text(all.first().copied())
    });
    match sentence {
        Some(sentence) if key.is_empty() => details.with_code("model_state").with_message(sentence),
        Some(sentence) => details.with_code("model_state").with_message(format!("{key}: {sentence}")),
        None => details,
    }
}

/// The first entry of an object.
struct First<'a>(Option<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for First<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FirstVisitor;
        impl<'de> serde::de::Visitor<'de> for FirstVisitor {
            type Value = First<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<First<'de>, A::Error> {
                let first = map.next_entry::<Cow<'de, str>, &'de RawValue>()?;
                while map.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_map(FirstVisitor)
    }
}

/// What Halo means where its status does not say it.
fn meaning(status: StatusCode, message: &str) -> Option<Refusal> {
    let has = |part: &str| message.contains(part);
    if status == StatusCode::BAD_REQUEST && has("Record not found") {
        Some(Refusal::NotFound)
    } else if has("actually affected 0 row") || has("but actually affected 0") {
        // Two writers at once: the database refused the second.
        Some(Refusal::Conflict)
    } else if status == StatusCode::BAD_REQUEST
        && (has("do not have access") || has("do not have permission"))
    {
        Some(Refusal::Permission)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(status: u16, body: &str) -> (Option<String>, Option<String>, Option<Refusal>) {
        let status = StatusCode::from_u16(status).expect("a status");
        let details = HaloErrors.decode(status, &HeaderMap::new(), body.as_bytes());
        (details.code, details.message, details.refusal)
    }

    #[test]
    fn a_net_exception() {
        let body = r#"{"ClassName":"System.Exception","Message":"You do not have access to this Action (at the moment)","Data":null,"HResult":-2146233088}"#;
        let (code, message, refusal) = decoded(400, body);
        assert_eq!(code.as_deref(), Some("System.Exception"));
        assert_eq!(message.as_deref(), Some("You do not have access to this Action (at the moment)"));
        assert_eq!(refusal, Some(Refusal::Permission));
    }

    #[test]
    fn a_bare_text() {
        let (code, message, _) = decoded(400, "\"A description must\\r\\n not be blank\"");
        assert_eq!(code.as_deref(), Some("message"));
        assert_eq!(message.as_deref(), Some("A description must not be blank"));
    }

    #[test]
    fn model_state_with_list_and_with_text() {
        let (code, message, _) =
            decoded(400, r#"{"[0].outcome_id":["Could not convert string to integer"]}"#);
        assert_eq!(code.as_deref(), Some("model_state"));
        assert_eq!(message.as_deref(), Some("[0].outcome_id: Could not convert string to integer"));
        assert_eq!(decoded(400, r#"{"id":"is wrong"}"#).1.as_deref(), Some("id: is wrong"));
        let problem = r#"{"type":"about:blank","title":"Bad","errors":{"id":["not an id"]}}"#;
        assert_eq!(decoded(400, problem).1.as_deref(), Some("id: not an id"));
    }

    #[test]
    fn oauth_and_error_texts() {
        let (code, message, _) = decoded(401, r#"{"error":"invalid_client","error_description":"unknown"}"#);
        assert_eq!((code.as_deref(), message.as_deref()), (Some("invalid_client"), Some("unknown")));
        assert_eq!(decoded(400, r#"{"error":"no such thing"}"#).0.as_deref(), Some("message"));
    }

    #[test]
    fn nothing_and_web_pages() {
        assert_eq!(decoded(403, "").0.as_deref(), Some("empty"));
        for (status, blames_the_address) in
            [(404, true), (200, true), (403, true), (502, false), (522, false)]
        {
            let (code, message, _) = decoded(status, "<!DOCTYPE html><html>");
            assert_eq!(code.as_deref(), Some("html"), "{status}");
            assert_eq!(message.unwrap().contains("address"), blames_the_address, "{status}");
        }
        assert_eq!(decoded(500, "Oops"), (None, None, None));
        assert_eq!(decoded(500, "{}"), (None, None, None));
    }

    #[test]
    fn meanings_that_the_status_hides() {
        assert_eq!(decoded(400, "\"Record not found\"").2, Some(Refusal::NotFound));
        let race = r#"{"Message":"expected to affect 1 row(s), but actually affected 0 row(s)"}"#;
        assert_eq!(decoded(500, race).2, Some(Refusal::Conflict));
    }
}
