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
