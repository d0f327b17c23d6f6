//! What goes over the wire: requests taken apart, replies, and the five shapes of an error body.

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::world::Row;
use crate::world::store::{truth, whole};

/// A request.
pub(super) struct Req {
    pub(super) method: Method,
    /// Path segments, percent-decoded, as written.
    pub(super) path: Vec<String>,
    pub(super) query: Query,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Req {
    pub(super) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Self {
        let path = uri.path().split('/').filter(|s| !s.is_empty()).map(|s| decode(s, false)).collect();
        Self { method, path, query: Query::parse(uri.query().unwrap_or("")), headers, body }
    }

    /// A path segment in lower case, empty when there is none.
    pub(super) fn segment(&self, at: usize) -> String {
        self.path.get(at).map(|s| s.to_ascii_lowercase()).unwrap_or_default()
    }

    pub(super) fn header(&self, name: header::HeaderName) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// `http://HOST`, as the client sees this server.
    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.header(header::HOST))
    }

    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Reply> {
        let kind = self.header(header::CONTENT_TYPE).to_ascii_lowercase();
        if !kind.contains("json") {
            return Err(Reply::empty(415));
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            Reply::model(
                "",
                &format!(
                    "Unexpected character encountered while parsing value. Path '', line {}, position {}.",
                    error.line(),
                    error.column()
                ),
            )
        })
    }

    /// The objects of an array body, or of a bare object.
    pub(super) fn rows(&self) -> Result<Vec<Row>, Reply> {
        match self.json()? {
            Value::Object(row) => Ok(vec![row]),
            Value::Array(values) => values
                .into_iter()
                .enumerate()
                .map(|(n, value)| match value {
                    Value::Object(row) => Ok(row),
                    _ => Err(Reply::model(
                        &format!("[{n}]"),
                        &format!("Error converting value to an object. Path '[{n}]', line 1, position 1."),
                    )),
                })
                .collect(),
            _ => Err(Reply::model(
                "",
                "Cannot deserialize the current JSON into the requested type. Path '', line 1, position 1.",
            )),
        }
    }
}

/// The query; names in lower case.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name, true).to_ascii_lowercase(), decode(value, true))
                })
                .collect(),
        )
    }

    /// The last value of a name, unless it is blank.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(n, v)| n == name && !v.trim().is_empty()).map(|(_, v)| v.trim())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| truth(&Value::from(v)))
    }

    /// Whether the name is there and says false.
    pub(super) fn denied(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| v.eq_ignore_ascii_case("false") || v == "0")
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(|v| whole(&Value::from(v)))
    }

    /// The parts of a list: comma-joined, repeated, or a JSON array.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(n, _)| n == name || n.strip_suffix("[]") == Some(name))
            .flat_map(|(_, v)| v.trim_matches(['[', ']']).split(','))
            .map(|part| part.trim().trim_matches('"').to_owned())
            .filter(|part| !part.is_empty())
            .collect()
    }

    pub(super) fn ints(&self, name: &str) -> Vec<i64> {
        self.list(name).iter().filter_map(|v| v.parse().ok()).collect()
    }

    /// A text that is equal for queries that ask for the same rows, whatever the page.
    pub(super) fn signature(&self) -> String {
        let mut pairs: Vec<String> = self
            .0
            .iter()
            .filter(|(n, _)| !matches!(n.as_str(), "page_no" | "page_size" | "pageinate" | "count"))
            .map(|(n, v)| format!("{n}={v}"))
            .collect();
        pairs.sort();
        pairs.join("&")
    }
}

/// Percent-decoding; in forms a plus sign is a space.
pub(super) fn decode(text: &str, form: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte == b'%'
            && let Some(code) = text.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            out.push(code);
            at += 2;
        } else {
            out.push(if form && byte == b'+' { b' ' } else { byte });
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A reply.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    kind: &'static str,
    body: Vec<u8>,
    headers: Vec<(&'static str, String)>,
}

impl Reply {
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self::raw(status, "application/json; charset=utf-8", serde_json::to_vec(value).unwrap_or_default())
    }

    pub(super) fn ok(value: &Value) -> Self {
        Self::json(200, value)
    }

    pub(super) fn raw(status: u16, kind: &'static str, body: Vec<u8>) -> Self {
        Self { status, kind, body, headers: Vec::new() }
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Shape a: a .NET exception.
    pub(super) fn exception(status: u16, message: &str) -> Self {
        Self::json(
            status,
            &json!({"ClassName": "System.Exception", "Message": message, "Data": null, "InnerException": null,
                "HelpURL": null, "StackTraceString": null, "RemoteStackTraceString": null, "RemoteStackIndex": 0,
                "ExceptionMethod": null, "HResult": -2_146_233_088, "Source": null, "WatsonBuckets": null}),
        )
    }

    /// Shape b: a bare JSON string.
    pub(super) fn text(status: u16, message: &str) -> Self {
        Self::json(status, &Value::from(message))
    }

    /// Shape c: model state.
    pub(super) fn model(field: &str, message: &str) -> Self {
        let mut row = Row::new();
        row.insert(field.to_owned(), json!([message]));
        Self::json(400, &Value::Object(row))
    }

    /// Shape d: `error` and its description.
    pub(super) fn error(status: u16, code: &str, description: &str) -> Self {
        Self::json(status, &json!({"error": code, "error_description": description}))
    }

    /// Shape e: nothing.
    pub(super) fn empty(status: u16) -> Self {
        Self::raw(status, "", Vec::new())
    }

    /// Shape e: a page.
    pub(super) fn page(status: u16, title: &str) -> Self {
        let body = format!(
            "<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
        );
        Self::raw(status, "text/html; charset=utf-8", body.into_bytes())
    }

    /// What the body says, in short.
    pub(super) fn reason(&self) -> String {
        match serde_json::from_slice(&self.body) {
            Ok(Value::String(text)) => text,
            Ok(Value::Object(row)) => match row.get("Message").and_then(Value::as_str) {
                Some(message) => message.to_owned(),
                None => Value::Object(row).to_string(),
            },
            _ => format!("status {}", self.status),
        }
    }

    pub(super) fn unauthorised() -> Self {
        Self::empty(401).with("www-authenticate", "Bearer error=\"invalid_token\"".into())
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, self.body).into_response();
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_TYPE);
        if !self.kind.is_empty() {
            headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(self.kind));
        }
        for (name, value) in self.headers {
            if let Ok(value) = header::HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A handler's answer; an error is a reply too.
pub(super) type Answer = Result<Reply, Reply>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read_as_asp_net_reads_them() {
        let query = Query::parse(
            "Pageinate=True&page_size=50&status=1,%202&Team=%5B%223%22%5D&search=a+b%21&open_only=1&x=",
        );
        assert!(query.flag("pageinate") && query.flag("open_only") && !query.flag("x"));
        assert_eq!(query.ints("status"), [1, 2]);
        assert_eq!(query.list("team"), ["3"]);
        assert_eq!(query.get("search"), Some("a b!"));
    }
}
