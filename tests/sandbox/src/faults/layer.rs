//! The layer around each server's router that makes the faults happen.

use std::time::{Duration, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use serde_json::json;

use super::{Fault, Faults, Strike};
use crate::hit::refusal::Refusal;
use crate::net::Plug;
use crate::world::{Handle, Side};

/// The largest body that is kept for a late request.
const CAP: usize = 64 << 20;

/// What the layer needs.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Which side it is around.
    pub side: Side,
    /// Who is struck.
    pub faults: Faults,
    /// The world.
    pub handle: Handle,
}

/// Lets one request through, or not; and lets the answer be dated by a wrong clock where that is wished.
pub async fn pass(state: State<Layer>, plug: ConnectInfo<Plug>, request: Request, next: Next) -> Response {
    let handle = state.handle.clone();
    let mut response = strike(state, plug, request, next).await;
    let wrong = {
        let world = handle.lock();
        let skew = world.oddities.get("clock_ms").and_then(serde_json::Value::as_i64);
        skew.and_then(|skew| u64::try_from(world.clock.now() + skew).ok())
    };
    if let Some(millis) = wrong {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_millis(millis));
        if let Ok(date) = HeaderValue::from_str(&date) {
            response.headers_mut().insert(header::DATE, date);
        }
    }
    response
}

async fn strike(
    State(layer): State<Layer>,
    ConnectInfo(plug): ConnectInfo<Plug>,
    request: Request,
    next: Next,
) -> Response {
    let uri = request.uri();
    let strike = layer.faults.strike(layer.side, request.method(), uri.path(), uri.query().unwrap_or(""));
    let Some(strike) = strike else { return next.run(request).await };
    match strike.fault {
        Fault::LostRequest => {
            plug.pull();
            nothing()
        }
        Fault::LostReply => {
            // Read before it is cut: what was sent has arrived.
            let request = read(request).await;
            let _ = next.run(request).await;
            plug.pull();
            nothing()
        }
        Fault::LateApply => {
            let request = read(request).await;
            tokio::spawn(async move {
                tokio::time::sleep(strike.timing.late).await;
                next.run(request).await
            });
            plug.pull();
            nothing()
        }
        Fault::Status429 | Fault::Status500 | Fault::Status503 => {
            let _ = read(request).await;
            refused(&layer, strike)
        }
        Fault::Timeout => {
            let request = read(request).await;
            let _ = next.run(request).await;
            hold(strike.timing.hold).await;
            plug.pull();
            nothing()
        }
        Fault::Slow => {
            tokio::time::sleep(strike.timing.slow).await;
            next.run(request).await
        }
        Fault::TokenExpiry => {
            layer.handle.lock().halo.expire_tokens();
            next.run(request).await
        }
        Fault::PageCap | Fault::PageRepeat => next.run(turned(request, layer.side, strike.fault)).await,
        Fault::TruncatedBody => truncated(next.run(request).await, &plug).await,
    }
}

/// Never gets out: the plug is out.
fn nothing() -> Response {
    Response::new(Body::empty())
}

async fn hold(time: Duration) {
    tokio::time::sleep(time).await;
}

/// The request with its body in memory, so that it no longer needs the connection.
async fn read(request: Request) -> Request {
    let (parts, body) = request.into_parts();
    // A body that broke off is as good as none; the handler refuses it.
    let body: Bytes = axum::body::to_bytes(body, CAP).await.unwrap_or_default();
    Request::from_parts(parts, Body::from(body))
}

fn refused(layer: &Layer, strike: Strike) -> Response {
    let status = match strike.fault {
        Fault::Status429 => 429,
        Fault::Status503 => 503,
        _ => 500,
    };
    {
        let mut world = layer.handle.lock();
        let counts = world.counts_mut(layer.side);
        counts.requests += 1;
        if status == 429 {
            counts.rate_limited += 1;
        }
    }
    let mut response = match (layer.side, status) {
        (Side::Hit, 429) => Refusal::new(429, "rate_limited", "Too many requests.").into_reply(),
        (Side::Hit, 503) => Refusal::new(503, "unavailable", "Come back later.").into_reply(),
        (Side::Hit, _) => Refusal::new(500, "internal", "Something broke.").into_reply(),
        (Side::Halo, 500) => exception(),
        (Side::Halo, 429) => crate::hit::refusal::reply(
            429,
            &json!({"error": "too_many_requests", "error_description": "Rate limit exceeded."}),
        ),
        (Side::Halo, _) => {
            let page = "<!DOCTYPE html><html><head><title>503</title></head><body>The service is unavailable.</body></html>";
            let mut response = Response::new(Body::from(page));
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
            response
        }
    };
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(seconds) = strike.retry_after.filter(|_| status != 500) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// An exception as .NET writes it.
fn exception() -> Response {
    let body = json!({"ClassName": "System.Exception", "Message": "An unexpected error occurred.", "Data": null,
        "InnerException": null, "HelpURL": null, "StackTraceString": null, "RemoteStackTraceString": null,
        "RemoteStackIndex": 0, "ExceptionMethod": null, "HResult": -2_146_233_088_i64, "Source": null, "WatsonBuckets": null});
    let mut response = Response::new(Body::from(body.to_string()));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// The request with another page asked for.
fn turned(mut request: Request, side: Side, fault: Fault) -> Request {
    let query = turned_query(request.uri().query().unwrap_or(""), side, fault);
    let path = request.uri().path();
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    if let Ok(uri) = target.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    request
}

fn turned_query(query: &str, side: Side, fault: Fault) -> String {
    let parts = query.split('&').filter_map(|part| {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let number = value.parse::<u32>().ok();
        match (fault, name.to_ascii_lowercase().as_str(), number) {
            (Fault::PageCap, "page_size", Some(size)) => Some(format!("{name}={}", (size / 2).max(1))),
            (Fault::PageRepeat, "page_no", Some(page)) if page > 1 => Some(format!("{name}={}", page - 1)),
            (Fault::PageRepeat, "cursor", _) if side == Side::Hit => None,
            _ => Some(part.to_owned()),
        }
    });
    parts.collect::<Vec<_>>().join("&")
}

/// The reply, of which only half a body gets out.
async fn truncated(response: Response, plug: &Plug) -> Response {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, CAP).await.unwrap_or_default();
    plug.pull_after_body_bytes(body.len() / 2);
    Response::from_parts(parts, Body::from(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_turned_back_or_halved() {
        let query = "a=b&page_no=3&page_size=100";
        assert_eq!(turned_query(query, Side::Halo, Fault::PageRepeat), "a=b&page_no=2&page_size=100");
        assert_eq!(turned_query(query, Side::Halo, Fault::PageCap), "a=b&page_no=3&page_size=50");
        assert_eq!(turned_query("cursor=x&page_size=9", Side::Hit, Fault::PageRepeat), "page_size=9");
    }
}
