//! A TCP listener whose connections can be cut from within a handler, so that a reply can be lost.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// How much of the next reply still gets out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flow {
    /// Everything.
    Open,
    /// The head of the reply, and this many bytes of its body.
    HeadAnd(usize),
    /// This many bytes.
    Bytes(usize),
}

/// The plug of one connection: pulling it ends the connection without a further byte.
#[derive(Debug, Clone)]
pub struct Plug(Arc<Mutex<Flow>>);

impl Plug {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Flow::Open)))
    }

    fn set(&self, flow: Flow) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = flow;
    }

    /// Nothing more gets out; the connection ends at the next attempt to write.
    pub fn pull(&self) {
        self.set(Flow::Bytes(0));
    }

    /// Only the head of the next reply and `bytes` of its body get out; then the connection ends.
    pub fn pull_after_body_bytes(&self, bytes: usize) {
        self.set(Flow::HeadAnd(bytes));
    }

    /// How many of these bytes may be written now; an error once the plug is out.
    fn allowance(&self, wanted: &[u8]) -> io::Result<usize> {
        let mut flow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Flow::HeadAnd(body) = *flow
            && let Some(end) = wanted.windows(4).position(|w| w == b"\r\n\r\n")
        {
            *flow = Flow::Bytes(end + 4 + body);
        }
        match *flow {
            Flow::Open | Flow::HeadAnd(_) => Ok(wanted.len()),
            Flow::Bytes(0) => Err(ErrorKind::ConnectionReset.into()),
            Flow::Bytes(left) => Ok(left.min(wanted.len())),
        }
    }

    fn wrote(&self, count: usize) {
        let mut flow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Flow::Bytes(left) = &mut *flow {
            *left = left.saturating_sub(count);
        }
    }
}

/// A listener that gives every connection a [`Plug`].
#[derive(Debug)]
pub struct Tapped(TcpListener);

impl Tapped {
    /// Listens on an address; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is taken or not ours.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        TcpListener::bind(address).await.map(Self)
    }

    /// The address it listens on.
    ///
    /// # Errors
    /// The system does not know it.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Listener for Tapped {
    type Io = TappedStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TappedStream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok((stream, peer)) => {
                    // Small replies must not wait for an acknowledgement; without it they are only slower.
                    let _ = stream.set_nodelay(true);
                    return (TappedStream { stream, plug: Plug::new() }, peer);
                }
                // A connection that died in the queue, or too many open files: both pass.
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Tapped>> for Plug {
    fn connect_info(stream: IncomingStream<'_, Tapped>) -> Self {
        stream.io().plug.clone()
    }
}

/// A connection with a [`Plug`].
#[derive(Debug)]
pub struct TappedStream {
    stream: TcpStream,
    plug: Plug,
}

impl AsyncRead for TappedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for TappedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let allowed = self.plug.allowance(bytes)?;
        let part = bytes.get(..allowed).unwrap_or(bytes);
        let done = Pin::new(&mut self.stream).poll_write(cx, part);
        if let Poll::Ready(Ok(count)) = done {
            self.plug.wrote(count);
        }
        done
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_plug_lets_everything_through() {
        assert_eq!(Plug::new().allowance(b"abc").unwrap(), 3);
    }

    #[test]
    fn a_pulled_plug_lets_nothing_through() {
        let plug = Plug::new();
        plug.pull();
        assert!(plug.allowance(b"abc").is_err());
    }

    #[test]
    fn a_cut_body_ends_behind_the_head() {
        let plug = Plug::new();
        plug.pull_after_body_bytes(2);
        let reply = b"HTTP/1.1 200 OK\r\n\r\nbody";
        assert_eq!(plug.allowance(reply).unwrap(), reply.len() - 2);
        plug.wrote(reply.len() - 2);
        assert!(plug.allowance(b"dy").is_err());
    }
}
