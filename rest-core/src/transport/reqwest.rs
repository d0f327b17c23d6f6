//! The transport over reqwest.

use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;

use super::{Body, Transport, TransportError, TransportErrorKind};
use crate::error::Error;

/// Sends requests with reqwest: pooled connections, HTTP/1.1 and 2, gzip.
///
/// Redirects are not followed and nothing is repeated below the pipeline.
#[derive(Clone, Debug)]
pub struct ReqwestTransport {
    client: ::reqwest::Client,
    idle_timeout: Duration,
}

impl ReqwestTransport {
    /// The transport with its defaults: 10 s to connect, 60 s of silence within a body, the system's proxies off.
    ///
    /// # Errors
    ///
    /// A configuration error when the TLS library cannot be set up.
    pub fn new() -> Result<Self, Error> {
        Self::builder().build()
    }

    /// A transport with other settings.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder::default()
    }
}

/// Settings of a [`ReqwestTransport`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    proxy: Option<String>,
    roots: Vec<Bytes>,
}

impl Default for ReqwestTransportBuilder {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            proxy: None,
            roots: Vec::new(),
        }
    }
}

impl ReqwestTransportBuilder {
    /// How long making a connection may take; 10 s unless set.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long the server may stay silent in the middle of an answer's body; 60 s unless set. It does not
    /// limit sending, nor the wait for the answer's head: those are the attempt timeout's.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sends everything through this proxy.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Some(url.into());
        self
    }

    /// Trusts these PEM certificates, one or several, besides the platform's.
    pub fn root_certificate_pem(mut self, pem: impl Into<Bytes>) -> Self {
        self.roots.push(pem.into());
        self
    }

    /// Builds the transport.
    ///
    /// # Errors
    ///
    /// A configuration error when the proxy or a certificate cannot be read, or TLS cannot be set up.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        let bad = |what: &'static str| {
            move |error: ::reqwest::Error| Error::configuration(what).with_source(error.without_url())
        };
        let mut builder = ::reqwest::Client::builder()
            .redirect(::reqwest::redirect::Policy::none())
            .retry(::reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true);
        if let Some(proxy) = self.proxy {
            builder = builder
                .proxy(::reqwest::Proxy::all(proxy).map_err(bad("the proxy's address cannot be read"))?);
        }
        #[cfg(any(feature = "rustls", feature = "rustls-no-provider", feature = "native-tls"))]
        for pem in &self.roots {
            let certificates = ::reqwest::Certificate::from_pem_bundle(pem)
                .map_err(bad("a root certificate is not a PEM certificate"))?;
            // A text without any would be taken as nothing to trust, and be missed at the first handshake.
            if certificates.is_empty() {
                return Err(Error::configuration("a root certificate is not a PEM certificate"));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        #[cfg(not(any(feature = "rustls", feature = "rustls-no-provider", feature = "native-tls")))]
        if !self.roots.is_empty() {
            return Err(Error::configuration("root certificates need one of the TLS features"));
        }
        let client = builder.build().map_err(bad("the HTTP client cannot be set up"))?;
        Ok(ReqwestTransport { client, idle_timeout: self.idle_timeout })
    }
}

#[async_trait::async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>, TransportError> {
        let request = ::reqwest::Request::try_from(request).map_err(classify)?;
        let response = self.client.execute(request).await.map_err(classify)?;
        let mut answer = http::Response::new(Body::empty());
        *answer.status_mut() = response.status();
        *answer.version_mut() = response.version();
        *answer.headers_mut() = response.headers().clone();
        let idle = self.idle_timeout;
        *answer.body_mut() = Body::stream(stream::unfold(Some(response), move |state| async move {
            let mut response = state?;
            // Not reqwest's own `read_timeout`, which also runs while the request is sent and its head awaited.
            match tokio::time::timeout(idle, response.chunk()).await {
                Ok(Ok(Some(chunk))) => Some((Ok(chunk), Some(response))),
                Ok(Ok(None)) => None,
                Ok(Err(error)) => Some((Err(classify(error)), None)),
                Err(_) => Some((Err(TransportError::new(TransportErrorKind::Timeout)), None)),
            }
        }));
        Ok(answer)
    }
}

/// The class of reqwest's error, decided once, here.
fn classify(error: ::reqwest::Error) -> TransportError {
    let kind = if error.is_builder() {
        TransportErrorKind::Request
    } else if error.is_connect() {
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else if error.is_decode() {
        // A body that ends early while it is being unzipped is a broken connection, not a broken encoding;
        // both are repeated alike.
        TransportErrorKind::Decode
    } else {
        TransportErrorKind::Interrupted
    };
    // The URL is taken out because its query may hold what nobody should log.
    TransportError::with_source(kind, error.without_url())
}
