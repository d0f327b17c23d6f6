//! A very small HTTP/1.1 client over plain TCP, for webhook deliveries and for HIT's test of its Halo
//! connection. It speaks to `http://HOST:PORT/..` only and reads at most 64 MiB.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it is text.
    pub body: String,
}

impl Outcome {
    /// The first header of a name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

const CAP: u64 = 64 << 20;

/// Posts a body.
///
/// # Errors
/// Why no answer came, in words.
pub async fn post(
    url: &str,
    content_type: &str,
    headers: &[(String, String)],
    body: &str,
    limit: Duration,
) -> Result<Outcome, String> {
    let mut all = vec![("Content-Type".to_owned(), content_type.to_owned())];
    all.extend_from_slice(headers);
    request("POST", url, &all, body, limit).await
}

/// Sends one request and reads the answer.
///
/// # Errors
/// Why no answer came, in words.
pub async fn request(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: &str,
    limit: Duration,
) -> Result<Outcome, String> {
    tokio::time::timeout(limit, exchange(method, url, headers, body))
        .await
        .unwrap_or_else(|_| Err("no answer in time".to_owned()))
}

async fn exchange(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: &str,
) -> Result<Outcome, String> {
    let rest = url.strip_prefix("http://").ok_or("only plain http is delivered by this sandbox")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let address = if authority.rsplit(']').next().is_some_and(|tail| tail.contains(':')) {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let mut stream =
        TcpStream::connect(&address).await.map_err(|e| format!("cannot connect: {}", e.kind()))?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(head.as_bytes()).await.map_err(|e| format!("cannot send: {}", e.kind()))?;
    let mut raw = Vec::new();
    stream.take(CAP).read_to_end(&mut raw).await.map_err(|e| format!("cannot read: {}", e.kind()))?;
    parse(&raw).ok_or_else(|| "the answer is not HTTP, or not whole".to_owned())
}

fn parse(raw: &[u8]) -> Option<Outcome> {
    let end = raw.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = std::str::from_utf8(raw.get(..end)?).ok()?;
    let status = head.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()?;
    let body = raw.get(end + 4..)?;
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let has = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let chunked = has("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked"));
    // A body shorter than announced has been cut off.
    if has("content-length").and_then(|v| v.parse().ok()).is_some_and(|n: usize| n > body.len()) {
        return None;
    }
    let body = if chunked { unchunk(body)? } else { body.to_vec() };
    Some(Outcome { status, headers, body: String::from_utf8_lossy(&body).into_owned() })
}

fn unchunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n")?;
        let size = std::str::from_utf8(rest.get(..line)?).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(line + 2..line + 2 + size)?);
        rest = rest.get(line + 2 + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plain_and_chunked_answers() {
        let plain = parse(b"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n").unwrap();
        assert_eq!((plain.status, plain.body.as_str()), (204, ""));
        let chunked =
            parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n");
        assert_eq!(chunked.unwrap().body, "abcd");
        assert!(parse(b"garbage").is_none());
    }
}
