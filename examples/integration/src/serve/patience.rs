//! Connections that keep nobody waiting: bounded in number, and closed when a request takes too long to arrive.
//!
//! A sender that opens connections and says nothing, or a byte at a time, would else hold them for ever, and with them
//! the file descriptors that the sync itself needs.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};

/// How long a connection may be open without an answer of ours: from its start, or from the last answer, to the next.
/// A whole request has to arrive and be answered within it, so a proxy that keeps connections open for longer than that
/// has to open a new one.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many connections may be open at once. Others wait until the system takes them in, unseen by us.
const CONNECTIONS: usize = 512;

/// A listener whose connections have an end.
pub(super) struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Bounded {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(CONNECTIONS)) }
    }
}

impl Listener for Bounded {
    type Io = Patient<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        // The semaphore is never closed; if it were, nothing would have to be bounded any more.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        (Patient::new(stream, PATIENCE, place), address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection that reads until its time is over, and gets new time with everything that it writes.
pub(super) struct Patient<S> {
    stream: S,
    patience: Duration,
    end: Pin<Box<Sleep>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<S> Patient<S> {
    fn new(stream: S, patience: Duration, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { stream, patience, end: Box::pin(tokio::time::sleep(patience)), _place: place }
    }

    fn written(&mut self, result: &Poll<io::Result<usize>>) {
        if matches!(result, Poll::Ready(Ok(_))) {
            // No overflow: the patience is a constant of half a minute.
            self.end.as_mut().reset(Instant::now() + self.patience);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    const SHORT: Duration = Duration::from_millis(120);

    /// A listener with little patience and few places.
    struct Short(Bounded);

    impl Listener for Short {
        type Io = Patient<TcpStream>;
        type Addr = SocketAddr;

        async fn accept(&mut self) -> (Self::Io, Self::Addr) {
            let (connection, address) = self.0.accept().await;
            (Patient::new(connection.stream, SHORT, connection._place), address)
        }

        fn local_addr(&self) -> io::Result<Self::Addr> {
            self.0.local_addr()
        }
    }

    async fn listening(places: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let bounded = Bounded { listener, places: Arc::new(Semaphore::new(places)) };
        let routes = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(async move { axum::serve(Short(bounded), routes).await });
        address
    }

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";

    async fn answer(stream: &mut TcpStream) -> String {
        let mut read = vec![0; 1_024];
        let length = stream.read(&mut read).await.unwrap_or(0);
        String::from_utf8_lossy(&read[..length]).into_owned()
    }

    #[tokio::test]
    async fn a_request_that_trickles_in_is_cut_off() {
        let mut stream = TcpStream::connect(listening(8).await).await.unwrap();
        let mut sent = 0;
        // Far more bytes than fit into the time, one by one: what ends first is the connection.
        let slow = async {
            for byte in ASK.iter().cycle().take(10_000) {
                if stream.write_all(&[*byte | 0x20]).await.is_err() {
                    break;
                }
                sent += 1;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), slow).await.expect("is cut off");
        assert!(sent < 2_000, "{sent}");
    }

    #[tokio::test]
    async fn answers_keep_a_connection_open_and_silence_does_not() {
        let mut stream = TcpStream::connect(listening(8).await).await.unwrap();
        for _ in 0..5 {
            stream.write_all(ASK).await.unwrap();
            assert!(answer(&mut stream).await.ends_with("here"));
            tokio::time::sleep(SHORT / 3).await;
        }
        // Nothing more is asked: it is closed.
        let closed = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut [0; 8])).await;
        assert!(matches!(closed.expect("is closed"), Ok(0) | Err(_)));
    }

    #[tokio::test]
    async fn connections_that_say_nothing_make_room_for_those_that_ask() {
        let address = listening(2).await;
        let silent = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(ASK).await.unwrap();
        let text = tokio::time::timeout(Duration::from_secs(20), answer(&mut stream)).await;
        assert!(text.expect("has its turn").ends_with("here"));
        drop(silent);
    }
}
