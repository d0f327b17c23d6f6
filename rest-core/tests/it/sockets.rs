//! The reqwest transport against a real socket: how its failures are told apart.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;

use rest_core::client::CallOptions;
use rest_core::clock::SystemClock;
use rest_core::retry::RetryPolicy;
use rest_core::transport::ReqwestTransport;

use super::*;

/// A server that answers each connection's first request with these bytes and closes. It ends with the test.
fn serve(answers: Vec<&'static [u8]>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(answer);
            let _ = stream.shutdown(Shutdown::Write);
        }
    });
    address
}

fn client(base: &str) -> HttpClient {
    HttpClient::builder(base.parse().unwrap())
        .clock(SystemClock)
        .transport(ReqwestTransport::new().unwrap())
        .retry(RetryPolicy::none())
        .attempt_timeout(Duration::from_millis(300))
        .build()
        .unwrap()
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn answers_come_through() {
    let base = serve(vec![b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"id\":1}"]);
    assert_eq!(run(client(&base).send(&Thing::get())).unwrap(), Body { id: 1 });
}

#[test]
fn nobody_listening_means_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = run(client(&base).send(&Thing::post())).unwrap_err();
    assert!(error.is_connect() && error.is_not_sent(), "{error:?}");
}

#[test]
fn a_connection_that_breaks_leaves_the_outcome_unknown() {
    for answer in [&b""[..], b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"id\"", b"nonsense\r\n\r\n"] {
        let base = serve(vec![answer]);
        let error = run(client(&base).send(&Thing::post())).unwrap_err();
        assert!(error.is_outcome_unknown() && !error.is_timeout(), "{error:?}");
    }
}

#[test]
fn a_silent_server_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let error = run(client(&base).send(&Thing::post())).unwrap_err();
    assert!(error.is_timeout() && error.is_outcome_unknown(), "{error:?}");
}

/// A server that answers one request with these pieces, each after a wait of so many milliseconds, and then
/// keeps the connection open until the test ends.
fn serve_slowly(pieces: Vec<(u64, &'static [u8])>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request);
        for (wait, piece) in pieces {
            thread::sleep(Duration::from_millis(wait));
            let _ = stream.write_all(piece);
        }
        let _ = stream.read(&mut request);
    });
    address
}

fn client_with_idle_timeout(base: &str, idle: u64) -> HttpClient {
    let transport = ReqwestTransport::builder().idle_timeout(Duration::from_millis(idle)).build().unwrap();
    HttpClient::builder(base.parse().unwrap())
        .clock(SystemClock)
        .transport(transport)
        .retry(RetryPolicy::none())
        .attempt_timeout(secs(20))
        .build()
        .unwrap()
}

#[test]
fn a_head_may_take_as_long_as_the_attempt_whatever_the_idle_timeout() {
    let base = serve_slowly(vec![(600, b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"id\":1}")]);
    assert_eq!(run(client_with_idle_timeout(&base, 200).send(&Thing::get())).unwrap(), Body { id: 1 });
}

#[test]
fn silence_in_the_middle_of_a_body_is_a_timeout_and_slow_pieces_are_none() {
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"";
    // Longer in all than the timeout, and never silent for so long.
    let base = serve_slowly(vec![(0, HEAD), (300, b"id"), (300, b"\":"), (300, b"1}")]);
    assert_eq!(run(client_with_idle_timeout(&base, 800).send(&Thing::get())).unwrap(), Body { id: 1 });

    let base = serve_slowly(vec![(0, HEAD)]);
    let error = run(client_with_idle_timeout(&base, 200).send(&Thing::get())).unwrap_err();
    assert!(error.is_timeout() && error.status() == Some(StatusCode::OK), "{error:?}");
    // A download, which no attempt timeout covers.
    let base = serve_slowly(vec![(0, HEAD)]);
    let error = run(async {
        let client = client_with_idle_timeout(&base, 200);
        let mut body = client.download(&Thing::get(), &CallOptions::new()).await.unwrap().into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "{\"");
        body.chunk().await.unwrap_err()
    });
    assert_eq!(error.kind(), rest_core::transport::TransportErrorKind::Timeout);
}

#[test]
fn redirects_are_not_followed() {
    let base =
        serve(vec![b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\n\r\n"]);
    assert!(run(client(&base).send(&Thing::get())).unwrap_err().is_redirect());
}

#[test]
fn packed_bodies_are_unpacked_and_capped_by_their_real_size() {
    // `gzip` of 100,000 spaces followed by {"id":1}: 145 bytes on the wire.
    let packed = include_bytes!("spaces.json.gz");
    let head =
        format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    let answer: &'static [u8] = [head.as_bytes(), packed].concat().leak();
    let base = serve(vec![answer, answer]);
    assert_eq!(run(client(&base).send(&Thing::get())).unwrap(), Body { id: 1 });
    let options = CallOptions::new().body_cap(1000);
    assert!(run(client(&base).send_with(&Thing::get(), &options)).unwrap_err().is_body_too_large());
}

#[test]
fn a_proxy_gets_the_request_with_its_whole_address() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let seen = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n{\"id\":1}").unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    let transport = ReqwestTransport::builder().proxy(proxy).build().unwrap();
    let client = HttpClient::builder("http://api.example.com/v1".parse().unwrap())
        .clock(SystemClock)
        .transport(transport)
        .build()
        .unwrap();
    assert_eq!(run(client.send(&Thing::get())).unwrap(), Body { id: 1 });
    let seen = seen.join().unwrap();
    assert!(seen.starts_with("GET http://api.example.com/v1/things/1 HTTP/1.1"), "{seen}");
}

#[test]
fn a_transport_that_cannot_work_says_why() {
    let refused = |builder: rest_core::transport::ReqwestTransportBuilder| {
        let error = builder.build().unwrap_err();
        assert!(error.is_configuration());
        error.to_string()
    };
    let words = refused(ReqwestTransport::builder().proxy("http://[broken"));
    assert!(words.contains("proxy"), "{words}");
    let words = refused(ReqwestTransport::builder().root_certificate_pem("no certificate"));
    assert!(words.contains("root certificate"), "{words}");
}
