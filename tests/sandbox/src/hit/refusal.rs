//! HIT's refusals.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

/// One reason for a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Stable word.
    pub code: &'static str,
    /// What was wrong this time.
    pub detail: Option<String>,
    /// Where.
    pub field: Option<String>,
}

impl Reason {
    /// A reason about a field.
    #[must_use]
    pub fn at(code: &'static str, field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { code, detail: Some(detail.into()), field: Some(field.into()) }
    }
}

/// A refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// Why; the first decides.
    pub reasons: Vec<Reason>,
    /// Seconds to wait, where that helps.
    pub retry_after: Option<u64>,
    /// The methods the route has, for a 405.
    pub allow: Option<&'static str>,
}

impl Refusal {
    /// A refusal without a field.
    #[must_use]
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self::because(status, vec![Reason { code, detail: Some(detail.into()), field: None }])
    }

    /// A refusal about a field.
    #[must_use]
    pub fn at(status: u16, code: &'static str, field: &str, detail: impl Into<String>) -> Self {
        Self::because(status, vec![Reason::at(code, field, detail)])
    }

    /// A refusal for several reasons.
    #[must_use]
    pub fn because(status: u16, reasons: Vec<Reason>) -> Self {
        Self { status, reasons, retry_after: None, allow: None }
    }

    /// 404 of a record or route.
    #[must_use]
    pub fn not_found(what: impl Into<String>) -> Self {
        Self::new(404, "not_found", what)
    }

    /// 400 of a parameter.
    #[must_use]
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        Self::at(400, "invalid_parameter", name, detail)
    }

    /// 429.
    #[must_use]
    pub fn throttled(seconds: u64) -> Self {
        let mut refusal = Self::new(429, "rate_limited", format!("Wait {seconds} s."));
        refusal.retry_after = Some(seconds);
        refusal
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> Value {
        let errors: Vec<Value> = self
            .reasons
            .iter()
            .map(|r| json!({"code": r.code, "title": title(r.code), "detail": r.detail, "field": r.field}))
            .collect();
        json!({ "errors": errors })
    }

    /// The reply.
    #[must_use]
    pub fn into_reply(self) -> Response {
        let mut reply = reply(self.status, &self.body());
        let headers = reply.headers_mut();
        if self.status == 401 {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            headers.insert(header::ALLOW, HeaderValue::from_static(allow));
        }
        reply
    }
}

/// A JSON reply.
#[must_use]
pub fn reply(status: u16, body: &Value) -> Response {
    let mut reply = Response::new(Body::from(body.to_string()));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    reply
}

fn title(code: &str) -> &'static str {
    match code {
        "invalid_json" => "The body is not JSON",
        "invalid_parameter" => "A parameter is wrong",
        "invalid_cursor" => "The cursor cannot be used",
        "capability_absent" => "This account does not offer that",
        "unauthenticated" => "No valid API key",
        "forbidden" => "The API key lacks the right",
        "not_found" => "Not found",
        "method_not_allowed" => "The method is not allowed here",
        "external_reference_taken" => "Another item carries this reference",
        "item_archived" => "The item is archived",
        "idempotency_key_in_progress" => "A request with this key is still running",
        "integration_incomplete" => "The integration is not set up",
        "precondition_failed" => "The record has changed",
        "unsupported_media_type" => "The content type is not supported",
        "required" => "A property is missing",
        "invalid_value" => "A value is wrong",
        "unknown_field" => "The property does not exist",
        "read_only" => "The property cannot be written",
        "unknown_client" => "The client does not exist",
        "unknown_status" => "The status does not exist",
        "unknown_team_member" => "The team member does not exist or is inactive",
        "unknown_budget_line" => "The budget line does not exist",
        "currency_mismatch" => "The currency is not the item's",
        "idempotency_key_reused" => "The key was used for another request",
        "rate_limited" => "Too many requests",
        "unavailable" => "Not available now",
        _ => "Something went wrong",
    }
}
