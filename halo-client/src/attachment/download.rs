//! Files on their way down.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, Method, Uri};
use rest_core::client::CallOptions;
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Endpoint, Query};
use rest_core::error::ErrorKind;
use rest_core::page;
use rest_core::record::Record;
use rest_core::transport::Body;
use url::Url;

use crate::arrival::{broken, too_large};
use crate::resource::{Attachments, Handle};
use crate::schema::Attachment;
use crate::{Error, Id};

/// Around a file inside JSON: the record's other fields.
const ENVELOPE: u64 = 1 << 20;

/// What is too large or breaks off.
const FILE: &str = "file";

/// A file whose content arrives piece by piece. It is a [`Stream`] of them too; an error ends it.
pub struct Download {
    content_type: Option<String>,
    length: Option<u64>,
    template: &'static str,
    /// `None` once everything was handed out, or an error.
    source: Option<Source>,
    /// So many bytes may still come.
    left: u64,
    cap: u64,
}

enum Source {
    Arriving(Body),
    Whole(Bytes),
}

impl Download {
    /// Its media type, as far as the server tells.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Its size in bytes, as far as the server tells.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// [`is_body_too_large`](Error::is_body_too_large) when more comes than the cap allows, and when the
    /// connection breaks. A file that broke off is not whole: nothing more comes.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the piece comes with the next call.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// All of what is left, in memory.
    ///
    /// # Errors
    /// Those of [`chunk`](Download::chunk).
    ///
    /// # Cancel safety
    /// Dropping the future loses what was read.
    pub async fn collect(mut self) -> Result<Bytes, Error> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let mut all = BytesMut::from(first);
        while let Some(piece) = self.chunk().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }

    fn new(headers: &HeaderMap, source: Source, template: &'static str, cap: u64) -> Result<Self, Error> {
        let length = match &source {
            Source::Arriving(_) => header(headers, CONTENT_LENGTH).and_then(|length| length.parse().ok()),
            Source::Whole(bytes) => Some(bytes.len() as u64),
        };
        if length.is_some_and(|length| length > cap) {
            return Err(too_large(Method::GET, template, FILE, cap));
        }
        let content_type = header(headers, CONTENT_TYPE).map(str::to_owned);
        Ok(Download { content_type, length, template, source: Some(source), left: cap, cap })
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let piece = match &mut this.source {
            None => return Poll::Ready(None),
            Some(Source::Whole(bytes)) => {
                let bytes = std::mem::take(bytes);
                this.source = None;
                return Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)));
            }
            Some(Source::Arriving(body)) => ready!(Pin::new(body).poll_next(cx)),
        };
        let fault = match piece {
            None => {
                this.source = None;
                return Poll::Ready(None);
            }
            Some(Ok(piece)) => match this.left.checked_sub(piece.len() as u64) {
                Some(left) => {
                    this.left = left;
                    return Poll::Ready(Some(Ok(piece)));
                }
                None => too_large(Method::GET, this.template, FILE, this.cap),
            },
            Some(Err(error)) => broken(Method::GET, this.template, FILE, error),
        };
        this.source = None;
        Poll::Ready(Some(Err(fault)))
    }
}

// Nothing in here is pinned structurally.
impl Unpin for Download {}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("content_type", &self.content_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

fn no_file(template: &'static str, message: &'static str) -> Error {
    Error::new(ErrorKind::Decode, message).with_endpoint(Method::GET, template)
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// What an answer to the question for a file is.
enum Answer {
    File,
    /// A record that may hold the file.
    Json,
    /// The page of a login or of an error.
    Page,
}

/// Tells by the media type, unless the server calls the answer a file: that may be JSON or a page itself.
fn answer(headers: &HeaderMap) -> Answer {
    let kind = header(headers, CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    if header(headers, CONTENT_DISPOSITION).is_some() {
        Answer::File
    } else if kind.contains("json") {
        Answer::Json
    } else if kind.contains("html") {
        Answer::Page
    } else {
        Answer::File
    }
}

/// The content inside a record, which is Base64 with or without the head of a `data:` URL, and its media type.
fn content(record: &Record<Attachment>) -> Result<Option<(Option<String>, Bytes)>, DecodeError> {
    let Some(data) = record.value().data_base64.as_deref() else { return Ok(None) };
    let (kind, encoded) = match data.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        Some((head, encoded)) => (head.split(';').next().filter(|kind| !kind.is_empty()), encoded),
        None => (None, data),
    };
    let bytes = STANDARD.decode(encoded.trim()).map_err(|_| DecodeError::new("the content is not Base64"))?;
    Ok(Some((kind.map(str::to_owned), bytes.into())))
}

/// A file whole, from either form of answer.
pub(super) struct Whole(pub(super) Id<Attachment>);

const ONE: &str = "/Attachment/{id}";

impl Endpoint for Whole {
    type Response = Bytes;

    fn template(&self) -> &'static str {
        ONE
    }

    fn path(&self) -> Cow<'_, str> {
        format!("/Attachment/{}", self.0).into()
    }

    fn query(&self, query: &mut Query) {
        query.push("includedetails", true);
    }

    fn decode(&self, response: http::Response<Bytes>) -> Result<Bytes, DecodeError> {
        match answer(response.headers()) {
            Answer::File => Ok(response.into_body()),
            Answer::Page => Err(DecodeError::new("the answer is a web page, not the file")),
            Answer::Json => match content(&page::read_one(response.body())?)? {
                Some((_, bytes)) => Ok(bytes),
                None => Err(DecodeError::new("the answer holds no content")),
            },
        }
    }
}

/// A file as it arrives: the answer is not read here.
struct Opening {
    id: Id<Attachment>,
    details: bool,
}

impl Endpoint for Opening {
    type Response = ();

    fn template(&self) -> &'static str {
        ONE
    }

    fn path(&self) -> Cow<'_, str> {
        format!("/Attachment/{}", self.id).into()
    }

    fn query(&self, query: &mut Query) {
        if self.details {
            query.push("includedetails", true);
        }
    }

    fn decode(&self, _: http::Response<Bytes>) -> Result<(), DecodeError> {
        Ok(())
    }
}

impl Handle<Attachments> {
    /// A file's content piece by piece, `cap` bytes of it at most, however large the client's body cap is.
    ///
    /// Where the server answers the record with the file inside, that is read whole, and decoded.
    ///
    /// # Errors
    /// Those of a request; [`is_body_too_large`](Error::is_body_too_large) when the server says at once that
    /// there is more than `cap`; [`is_decode`](Error::is_decode) when the answer is a web page or holds no
    /// content.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn open(&self, id: impl Into<Id<Attachment>>, cap: u64) -> Result<Download, Error> {
        let id = id.into();
        for details in [false, true] {
            let call = Opening { id, details };
            let response = self.client().http().download(&call, &CallOptions::new()).await?;
            if let Some(file) = read(response, ONE, cap).await? {
                return Ok(file);
            }
        }
        Err(no_file(ONE, "the answer holds no content"))
    }

    /// The content behind an address of a record, such as `download_url`, `s3url` or `link`, piece by piece.
    ///
    /// An address of the resource server is asked with the token and within the rate limit. Any other address
    /// is a signed one: it gets no token, nothing of this client's, and must be https unless it is this machine.
    ///
    /// # Errors
    /// As [`open`](Handle::open); a configuration error for an address that cannot be used.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn open_link(&self, address: &str, cap: u64) -> Result<Download, Error> {
        let http = self.client().http();
        let url = http
            .base()
            .join(address)
            .map_err(|error| Error::configuration("the file's address cannot be read").with_source(error))?;
        let own = url.origin() == http.base().origin();
        let mut request = http::Request::new(Bytes::new());
        let options = CallOptions::new();
        let (response, template) = if own {
            *request.uri_mut() = uri(&url)?;
            (http.download_raw(request, &options).await?, "{raw}")
        } else {
            *request.uri_mut() = foreign(url.as_str())?;
            (http.download_foreign(request, &options).await?, "{foreign}")
        };
        read(response, template, cap).await?.ok_or_else(|| no_file(template, "the answer holds no content"))
    }
}

/// The file in an answer; none in a record without one.
async fn read(
    response: http::Response<Body>,
    template: &'static str,
    cap: u64,
) -> Result<Option<Download>, Error> {
    let (parts, body) = response.into_parts();
    match answer(&parts.headers) {
        Answer::File => Download::new(&parts.headers, Source::Arriving(body), template, cap).map(Some),
        Answer::Page => Err(no_file(template, "the answer is a web page, not the file")),
        Answer::Json => {
            // Base64 is a third longer than what it stands for.
            let most = cap.saturating_add(cap / 3).saturating_add(ENVELOPE);
            let text = Download::new(&parts.headers, Source::Arriving(body), template, most)
                .map_err(|_| too_large(Method::GET, template, FILE, cap))?
                .collect()
                .await
                .map_err(|error| {
                    if error.is_body_too_large() {
                        too_large(Method::GET, template, FILE, cap)
                    } else {
                        error
                    }
                })?;
            let odd = |cause: DecodeError| {
                Error::new(ErrorKind::Decode, cause.to_string())
                    .with_endpoint(Method::GET, template)
                    .with_source(cause)
            };
            let record = page::read_one(&text).map_err(odd)?;
            let Some((kind, bytes)) = content(&record).map_err(odd)? else { return Ok(None) };
            let mut file = Download::new(&HeaderMap::new(), Source::Whole(bytes), template, cap)?;
            file.content_type = kind.or_else(|| record.value().content_type.clone());
            Ok(Some(file))
        }
    }
}

/// An address outside Halo, whose signature must not travel in the open.
pub(super) fn foreign(address: &str) -> Result<Uri, Error> {
    let url = Url::parse(address)
        .map_err(|error| Error::configuration("the file's address cannot be read").with_source(error))?;
    if url.scheme() != "https" && !(url.scheme() == "http" && crate::address::is_loopback(&url)) {
        return Err(Error::configuration("a signed address must be https"));
    }
    uri(&url)
}

fn uri(url: &Url) -> Result<Uri, Error> {
    url.as_str()
        .parse()
        .map_err(|error| Error::configuration("the file's address cannot be written").with_source(error))
}
