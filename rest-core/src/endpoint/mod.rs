//! Endpoints as data: structs that become plain [`http::Request`]s.
//!
//! An endpoint knows its method, path, query, body, whether it may be repeated, and how to read the answer.
//! It sends nothing. [`HttpClient::send`](crate::client::HttpClient::send) sends it.

mod payload;
mod query;

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use url::Url;

pub use self::payload::Payload;
pub use self::query::{Query, path_segment};
use crate::decode::DecodeError;
use crate::error::Error;

/// One operation of an API with its arguments filled in.
///
/// ```
/// use bytes::Bytes;
/// use rest_core::decode::{self, DecodeError};
/// use rest_core::endpoint::{Endpoint, Query};
/// use std::borrow::Cow;
///
/// #[derive(serde::Deserialize)]
/// struct Thing { name: String }
///
/// struct GetThing { id: u64 }
///
/// impl Endpoint for GetThing {
///     type Response = Thing;
///     fn template(&self) -> &'static str { "/things/{id}" }
///     fn path(&self) -> Cow<'_, str> { format!("/things/{}", self.id).into() }
///     fn query(&self, query: &mut Query) { query.push("details", true); }
///     fn decode(&self, response: http::Response<Bytes>) -> Result<Thing, DecodeError> {
///         decode::json(response.body())
///     }
/// }
///
/// let base = "https://api.example.com/v1".parse()?;
/// let request = GetThing { id: 7 }.request(&base)?;
/// assert_eq!(request.uri(), "https://api.example.com/v1/things/7?details=true");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Endpoint: Send + Sync {
    /// What a successful answer is read into.
    type Response: Send;

    /// The method; GET unless overridden.
    fn method(&self) -> Method {
        Method::GET
    }

    /// The path with its variables in braces, such as `/things/{id}`: the name of the operation in spans
    /// and errors. It must not hold values.
    fn template(&self) -> &'static str;

    /// The path with its values, percent-encoded, starting with a slash; see [`path_segment`]. The template
    /// itself unless overridden.
    fn path(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.template())
    }

    /// Adds the query parameters.
    fn query(&self, query: &mut Query) {
        let _ = query;
    }

    /// Adds headers. `accept` and `content-type` are set already and may be replaced.
    fn headers(&self, headers: &mut HeaderMap) {
        let _ = headers;
    }

    /// The body; none unless overridden.
    ///
    /// # Errors
    ///
    /// A configuration error when the arguments cannot be written.
    fn body(&self) -> Result<Option<Payload>, Error> {
        Ok(None)
    }

    /// Whether repeating the request is harmless. See [`Idempotency::of`] for the default.
    fn idempotency(&self) -> Idempotency {
        Idempotency::of(&self.method())
    }

    /// Whether this status is a success that [`decode`](Self::decode) can read; all of 2xx unless
    /// overridden. Everything else becomes an error.
    fn accepts(&self, status: StatusCode) -> bool {
        status.is_success()
    }

    /// Reads a successful answer.
    ///
    /// A repeated DELETE that met 404 arrives here as 204 with an empty body.
    ///
    /// # Errors
    ///
    /// When the body is not what the endpoint promises.
    fn decode(&self, response: http::Response<Bytes>) -> Result<Self::Response, DecodeError>;

    /// The plain request: `base` followed by path and query, without credentials.
    ///
    /// # Errors
    ///
    /// A configuration error when path or body cannot be written.
    fn request(&self, base: &Url) -> Result<http::Request<Bytes>, Error> {
        let mut query = Query::default();
        self.query(&mut query);
        let payload = self.body()?;
        let mut request = build(self.method(), base, &self.path(), query, payload)?;
        self.headers(request.headers_mut());
        Ok(request)
    }
}

// Everything but the argument reading is compiled once, not once per endpoint.
fn build(
    method: Method,
    base: &Url,
    path: &str,
    query: Query,
    payload: Option<Payload>,
) -> Result<http::Request<Bytes>, Error> {
    if !path.starts_with('/') {
        return Err(Error::configuration("an endpoint's path must start with a slash"));
    }
    // A segment of dots would climb out of the base path once a server or proxy normalises it.
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Error::configuration("an endpoint's path must not hold `.` or `..` segments"));
    }
    let prefix = &base[..url::Position::AfterPath];
    let mut address = String::with_capacity(prefix.len() + path.len() + 1 + query.as_str().len());
    address.push_str(prefix.trim_end_matches('/'));
    address.push_str(path);
    if !query.as_str().is_empty() {
        address.push(if path.contains('?') { '&' } else { '?' });
        address.push_str(query.as_str());
    }
    let mut request = http::Request::new(Bytes::new());
    *request.method_mut() = method;
    *request.uri_mut() = http::Uri::try_from(address).map_err(|error| {
        Error::configuration("the request's address cannot be written").with_source(error)
    })?;
    let headers = request.headers_mut();
    headers.reserve(8);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(payload) = payload {
        headers.insert(CONTENT_TYPE, payload.content_type);
        *request.body_mut() = payload.bytes;
    }
    Ok(request)
}

/// Whether sending a request twice does the same as sending it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Idempotency {
    /// It changes nothing. Repeated freely, and its outcome is never "unknown".
    Safe,
    /// It changes something, and repeating it changes nothing more, even late and after others' edits.
    Idempotent,
    /// It may be applied once only. After a failure in which it may have arrived, it is not repeated.
    Once,
}

impl Idempotency {
    /// The default by method: GET, HEAD and OPTIONS are safe, DELETE is idempotent, all else is once only.
    ///
    /// PUT and PATCH count as once only although HTTP calls PUT idempotent: an update that is repeated late
    /// would undo what a person changed in between.
    pub fn of(method: &Method) -> Self {
        match *method {
            Method::GET | Method::HEAD | Method::OPTIONS => Self::Safe,
            Method::DELETE => Self::Idempotent,
            _ => Self::Once,
        }
    }
}
