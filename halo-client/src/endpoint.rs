//! Endpoints: the operations that are neither list, read, write nor deletion of a [resource](crate::resource).
//!
//! Each is a struct, named by its path ([`InvoiceVoid`] is `POST /Invoice/{id}/void`) and sent by
//! [`Client::send`](crate::Client::send). Its constructor takes what the path and the body need, its methods
//! are the query parameters of the API document. GETs are repeated after failures, POSTs are not.
//!
//! ```no_run
//! # async fn example(client: halo_client::Client) -> Result<(), halo_client::Error> {
//! use halo_client::endpoint::{AgentMe, InvoiceVoid};
//!
//! let me = client.send(&AgentMe::new()).await?;
//! println!("{:?}", me.value().name);
//! client.send(&InvoiceVoid::new(4711)).await?;
//! # Ok(()) }
//! ```
//!
//! Halo's document says of no operation what it answers. Where nobody else does, the answer is a [`Content`],
//! which can be read as a record, as rows, as JSON or as bytes.

use std::fmt::Display;

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Payload, Query, path_segment};
use rest_core::page::{self, Page, Shape};
use rest_core::record::{Record, Schema};
use serde::de::DeserializeOwned;

use crate::Error;
pub use crate::generated::endpoints::*;
use crate::resource::Params;

/// An answer whose form is not documented.
#[derive(Clone)]
pub struct Content {
    content_type: Option<String>,
    bytes: Bytes,
}

impl Content {
    /// Its media type, such as `application/pdf`, as the server states it.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Whether the server calls it JSON.
    pub fn is_json(&self) -> bool {
        self.content_type().is_some_and(|kind| kind.contains("json"))
    }

    /// Its bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// When the answer is JSON or a web page, which is how servers report failures with success.
    pub fn into_file(self) -> Result<Bytes, DecodeError> {
        let is_page = self.content_type().is_some_and(|kind| kind.contains("html"));
        if self.is_json() || is_page {
            return Err(DecodeError::new("the answer is no file"));
        }
        Ok(self.bytes)
    }

    /// Its text.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn text(&self) -> Result<&str, DecodeError> {
        rest_core::decode::text(&self.bytes)
    }

    /// One record of a schema.
    ///
    /// # Errors
    /// When the answer is neither an object nor an array of one.
    pub fn record<S: Schema + DeserializeOwned>(&self) -> Result<Record<S>, DecodeError> {
        page::read_one(&self.bytes)
    }

    /// Records of a schema, in an envelope or a bare array.
    ///
    /// # Errors
    /// When the answer holds no array of objects. A row that cannot be read keeps its place.
    pub fn rows<S: Schema + DeserializeOwned>(&self) -> Result<Page<Record<S>>, DecodeError> {
        page::read(&self.bytes, &ROWS)
    }

    /// Any type of your own.
    ///
    /// # Errors
    /// When the answer is not such JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, DecodeError> {
        rest_core::decode::json(&self.bytes)
    }
}

impl std::fmt::Debug for Content {
    /// The media type and the size, not the content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({:?}, {} bytes)", self.content_type, self.bytes.len())
    }
}

const ROWS: Shape = Shape::rows(&[]).with_total(&["record_count"]);

/// What an endpoint's answer is read into.
pub(crate) trait Answer: Sized + Send {
    fn read(response: http::Response<Bytes>) -> Result<Self, DecodeError>;
}

impl Answer for Content {
    fn read(response: http::Response<Bytes>) -> Result<Self, DecodeError> {
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Ok(Content { content_type: content_type.map(str::to_owned), bytes: response.into_body() })
    }
}

impl Answer for () {
    fn read(_: http::Response<Bytes>) -> Result<Self, DecodeError> {
        Ok(())
    }
}

impl<S: Schema, T: DeserializeOwned + Send> Answer for Record<S, T> {
    fn read(response: http::Response<Bytes>) -> Result<Self, DecodeError> {
        page::read_one(response.body())
    }
}

impl<S: Schema, T: DeserializeOwned + Send> Answer for Page<Record<S, T>> {
    fn read(response: http::Response<Bytes>) -> Result<Self, DecodeError> {
        page::read(response.body(), &ROWS)
    }
}

/// The fields of a multipart form.
///
/// ```
/// use halo_client::endpoint::Form;
///
/// let form = Form::new().text("token", "a").file("file", "logo.png", "image/png", b"..".as_slice());
/// # let _ = form;
/// ```
#[derive(Clone, Default)]
pub struct Form {
    parts: Vec<(String, Bytes)>,
}

impl Form {
    /// No fields yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text.
    #[must_use]
    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        let head = format!("content-disposition: form-data; name=\"{}\"\r\n\r\n", quoted(name));
        self.parts.push((head, Bytes::from(value.into())));
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, name: &str, filename: &str, content_type: &str, content: impl Into<Bytes>) -> Self {
        let kind: String = content_type.chars().filter(|c| !c.is_control()).collect();
        let head = format!(
            "content-disposition: form-data; name=\"{}\"; filename=\"{}\"\r\ncontent-type: {kind}\r\n\r\n",
            quoted(name),
            quoted(filename)
        );
        self.parts.push((head, content.into()));
        self
    }

    /// The body, with a boundary that none of the parts holds.
    pub(crate) fn payload(&self) -> Result<Payload, Error> {
        let holds = |boundary: &str| {
            let needle = boundary.as_bytes();
            self.parts.iter().any(|(_, body)| body.windows(needle.len()).any(|window| window == needle))
        };
        let mut number = 0_u64;
        let mut boundary = String::from("halo-client-form");
        while holds(&boundary) {
            number += 1;
            boundary = format!("halo-client-form-{number}");
        }
        let mut out = Vec::new();
        for (head, body) in &self.parts {
            out.extend_from_slice(format!("--{boundary}\r\n{head}").as_bytes());
            out.extend_from_slice(body);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let kind =
            HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}")).map_err(|error| {
                Error::configuration("the form's media type cannot be written").with_source(error)
            })?;
        Ok(Payload::new(kind, out))
    }
}

impl std::fmt::Debug for Form {
    /// The number of fields, not their content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Form({} fields)", self.parts.len())
    }
}

/// A name within the quotes of a header, escaped as browsers do.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// Everything that an endpoint is filled with.
#[derive(Clone, Default)]
pub(crate) struct Args {
    segments: Vec<String>,
    params: Params,
    body: Option<Result<Payload, Error>>,
}

impl Args {
    pub(crate) fn segment(mut self, value: impl Display) -> Self {
        self.segments.push(path_segment(value));
        self
    }

    pub(crate) fn json(mut self, json: Result<String, Error>) -> Self {
        self.body = Some(json.map(Payload::json_text));
        self
    }

    pub(crate) fn form(self, form: &Form) -> Self {
        Self { body: Some(form.payload()), ..self }
    }

    pub(crate) fn payload(&mut self, payload: Payload) {
        self.body = Some(Ok(payload));
    }

    pub(crate) fn param(&mut self, name: &'static str, value: impl Display) {
        self.params.set(name, value);
    }

    /// The template with its variables replaced in their order.
    pub(crate) fn path(&self, template: &str) -> String {
        let mut out = String::with_capacity(template.len() + 16);
        let mut rest = template;
        let mut values = self.segments.iter();
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            out.push_str(values.next().map_or("", String::as_str));
            rest = after.split_once('}').map_or("", |(_, after)| after);
        }
        out.push_str(rest);
        out
    }

    pub(crate) fn query(&self, query: &mut Query) {
        self.params.write(query);
    }

    pub(crate) fn body(&self) -> Result<Option<Payload>, Error> {
        self.body.clone().transpose()
    }
}

impl std::fmt::Debug for Args {
    /// The names of the parameters, not their values.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.params.fmt(f)
    }
}
