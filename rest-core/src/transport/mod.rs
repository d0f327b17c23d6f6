//! The one thing that touches the network, behind a one-method trait.

mod body;
#[cfg(feature = "reqwest")]
mod reqwest;

use bytes::Bytes;

pub use self::body::Body;
pub(crate) use self::body::Collect;
#[cfg(feature = "reqwest")]
pub use self::reqwest::{ReqwestTransport, ReqwestTransportBuilder};

/// Sends one request and returns the answer's head with its body as a stream.
///
/// An implementation sends the request once: it follows no redirects and repeats nothing, because every
/// send must take its own rate permit. It may decompress. It returns an error only when there is no answer;
/// every status is an answer.
///
/// # Cancel safety
///
/// Dropping the future may leave the request sent; the pipeline treats it as "may have been applied".
#[async_trait::async_trait]
pub trait Transport: Send + Sync {
    /// Sends `request`, whose URI is absolute.
    ///
    /// # Errors
    ///
    /// [`TransportError`] says whether the request may have been sent.
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError>;
}

#[async_trait::async_trait]
impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        (**self).send(request).await
    }
}

/// Why there is no answer, or no complete one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection was made, so the request was never sent. Always repeated.
    #[error("no connection could be made")]
    Connect,
    /// The request could not be put together, so it was never sent. Never repeated.
    #[error("the request could not be built")]
    Request,
    /// Time ran out after the request may have been sent. Repeated only if idempotent.
    #[error("the server took too long")]
    Timeout,
    /// The connection broke after the request may have been sent. Repeated only if idempotent.
    #[error("the connection broke")]
    Interrupted,
    /// The answer's encoding is broken. Repeated only if idempotent.
    #[error("the answer's encoding is broken")]
    Decode,
}

/// The failure of a [`Transport`]; its text holds no URL and no header.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{kind}")]
pub struct TransportError {
    kind: TransportErrorKind,
    source: Option<crate::error::SharedError>,
}

impl TransportError {
    /// A failure without a cause from below.
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// A failure with its cause. The cause's text must hold no secret: no URL with a query, no header.
    pub fn with_source(
        kind: TransportErrorKind,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self { kind, source: Some(std::sync::Arc::new(source)) }
    }

    /// The class.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request may have reached the server.
    pub fn may_have_been_sent(&self) -> bool {
        !matches!(self.kind, TransportErrorKind::Connect | TransportErrorKind::Request)
    }
}
