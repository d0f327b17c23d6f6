//! How long a server asks to wait.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// The wait that a `Retry-After` header asks for, given as seconds or as a date; none when there is none that
/// can be read.
///
/// A date is compared with the answer's own `Date` where there is one, so that the two machines' clocks need
/// not agree, and otherwise with `wall`. A date in the past is a wait of zero.
pub fn retry_after(headers: &HeaderMap, wall: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        // Servers have been seen to send fractions; a negative or endless wait is none.
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let now = headers
        .get(http::header::DATE)
        .and_then(|date| date.to_str().ok())
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .unwrap_or(wall);
    Some(date.duration_since(now).unwrap_or_default())
}
