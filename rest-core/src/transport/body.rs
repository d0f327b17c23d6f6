//! An answer's body.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::TransportError;

/// An answer's body: bytes at hand, or a stream of them.
///
/// It is itself a [`Stream`] of chunks. Downloads hand it to the caller; every other call collects it under
/// the body cap.
pub struct Body(Inner);

enum Inner {
    Full(Bytes),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>),
}

impl Body {
    /// No bytes.
    pub const fn empty() -> Self {
        Self(Inner::Full(Bytes::new()))
    }

    /// Bytes at hand.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Inner::Full(bytes.into()))
    }

    /// Bytes that are still arriving.
    pub fn stream(stream: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static) -> Self {
        Self(Inner::Stream(Box::pin(stream)))
    }

    /// The next chunk; `None` at the end.
    ///
    /// # Errors
    ///
    /// The transport's, when the connection breaks before the end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await.transpose()
    }

    /// Everything, unless it is more than `cap` bytes.
    pub(crate) async fn collect(mut self, cap: u64, expected: Option<u64>) -> Result<Bytes, Collect> {
        if expected.is_some_and(|length| length > cap) {
            return Err(Collect::TooLarge);
        }
        let Some(first) = self.chunk().await.map_err(Collect::Transport)? else {
            return Ok(Bytes::new());
        };
        let fits = |length: usize| u64::try_from(length).is_ok_and(|length| length <= cap);
        if !fits(first.len()) {
            return Err(Collect::TooLarge);
        }
        let Some(second) = self.chunk().await.map_err(Collect::Transport)? else {
            return Ok(first);
        };
        // The announced length spares growing, but it is the server's word: believe it only within reason.
        let announced = expected.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        let mut whole = BytesMut::with_capacity(announced.min(4 << 20).max(first.len() + second.len()));
        whole.extend_from_slice(&first);
        let mut next = Some(second);
        while let Some(chunk) = next {
            if !fits(whole.len().saturating_add(chunk.len())) {
                return Err(Collect::TooLarge);
            }
            whole.extend_from_slice(&chunk);
            next = self.chunk().await.map_err(Collect::Transport)?;
        }
        Ok(whole.freeze())
    }

    /// The bytes, when they are at hand.
    pub(crate) fn into_full(self) -> Option<Bytes> {
        match self.0 {
            Inner::Full(bytes) => Some(bytes),
            Inner::Stream(_) => None,
        }
    }
}

/// Why a body was not collected.
#[derive(Debug)]
pub(crate) enum Collect {
    TooLarge,
    Transport(TransportError),
}

impl Stream for Body {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match &mut self.0 {
            Inner::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Inner::Full(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Inner::Stream(stream) => stream.as_mut().poll_next(cx),
        }
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Full(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Inner::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{FutureExt, stream};

    fn chunks(sizes: &'static [usize]) -> Body {
        Body::stream(stream::iter(sizes.iter().map(|size| Ok(Bytes::from(vec![b'x'; *size])))))
    }

    fn collect(body: Body, cap: u64, expected: Option<u64>) -> Result<Bytes, Collect> {
        body.collect(cap, expected).now_or_never().expect("the body is at hand")
    }

    #[test]
    fn the_cap_counts_bytes_not_chunks_nor_promises() {
        assert_eq!(collect(chunks(&[3, 4, 3]), 10, None).unwrap().len(), 10);
        assert!(matches!(collect(chunks(&[3, 4, 4]), 10, None), Err(Collect::TooLarge)));
        assert!(matches!(collect(chunks(&[1]), 10, Some(11)), Err(Collect::TooLarge)));
        assert!(matches!(collect(chunks(&[5, 6]), 10, Some(2)), Err(Collect::TooLarge)));
        assert_eq!(collect(Body::empty(), 0, None).unwrap().len(), 0);
        assert!(matches!(collect(Body::full("abc"), 2, None), Err(Collect::TooLarge)));
    }
}
