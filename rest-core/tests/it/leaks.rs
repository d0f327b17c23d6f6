//! No secret reaches anything that people read: errors, `Debug`, spans and events.

use std::fmt::Debug;
use std::io;
use std::sync::{Arc, Mutex};

use rest_core::auth::{Auth, ClientCredentials, Token, TokenCache};
use rest_core::client::CallOptions;
use rest_core::decode;
use rest_core::endpoint::Query;
use rest_core::page;
use rest_core::record::{Record, Untyped};
use rest_core::test_util::Reply;
use rest_core::transport::{ReqwestTransport, TransportErrorKind as Kind};

use super::*;

const SECRET: &str = "CANARY-client-secret";
const TOKEN: &str = "CANARY-access-token";
const QUERY: &str = "CANARY-query-value";
const BODY: &str = "CANARY-request-body";
const ECHO: &str = "CANARY-server-data";
const CANARIES: [&str; 5] = [SECRET, TOKEN, QUERY, BODY, ECHO];

/// Everything that tracing wrote.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(work: impl FnOnce()) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, work);
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

fn clean(what: &str, text: &str) {
    for canary in CANARIES {
        assert!(!text.contains(canary), "{what} shows {canary}: {text}");
    }
}

fn clean_debug(what: &str, value: &impl Debug) {
    clean(what, &format!("{value:?}"));
    clean(what, &format!("{value:#?}"));
}

fn clean_error(error: &Error) {
    clean_debug("an error", error);
    clean("an error", &error.to_string());
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        clean("a cause", &cause.to_string());
        clean_debug("a cause", &cause);
        source = cause.source();
    }
    // The excerpt may hold the server's data, but never a credential.
    let body = error.body().unwrap_or_default();
    for canary in [SECRET, TOKEN] {
        assert!(!body.contains(canary), "an excerpt shows {canary}: {body}");
    }
}

fn credentials() -> ClientCredentials {
    let url = format!("https://id.example.com/token?code={QUERY}").parse().unwrap();
    ClientCredentials::new(url, "app", SECRET)
}

fn stage() -> Stage {
    Stage::with(|builder| builder.auth(Auth::tokens(credentials())))
}

fn token() -> Reply {
    Reply::json(format!(r#"{{"access_token":"{TOKEN}","expires_in":3600}}"#))
}

fn request() -> http::Request<Bytes> {
    http::Request::post(format!("/things?key={QUERY}")).body(Bytes::from(BODY)).unwrap()
}

#[test]
fn no_secret_reaches_errors_spans_or_events() {
    // A server that sends back everything it knows, in every way a call can fail.
    let echo = format!(
        r#"{{"error":"invalid_client","error_description":"{SECRET} {TOKEN}","you_sent":"{TOKEN} {SECRET}","data":"{ECHO}"}}"#
    );
    let header = format!("https://elsewhere.example.com/{ECHO}?t={TOKEN}");
    let scripts: Vec<Vec<Reply>> = vec![
        vec![token(), Reply::json(OK)],
        vec![token(), Reply::status(400).body(echo.clone())],
        vec![token(), Reply::status(401).body(echo.clone()), token(), Reply::status(401).body(echo.clone())],
        vec![token(), Reply::status(500).body(echo.clone()).header("x-request-id", TOKEN)],
        vec![token(), Reply::status(429).body(echo.clone()), Reply::json(OK)],
        vec![token(), Reply::status(302).header("location", &header)],
        vec![token(), Reply::fails(Kind::Interrupted)],
        vec![token(), Reply::fails(Kind::Connect), Reply::never()],
        vec![token(), Reply::json(format!(r#"{{"id":"{ECHO}"}}"#))],
        vec![token(), Reply::json(format!("<html>{ECHO} {TOKEN}")).breaks_after(10)],
        vec![Reply::status(401).body(echo.replace(TOKEN, "none"))],
        vec![Reply::json(format!(r#"{{"access_token":["{TOKEN}"]}}"#))],
        vec![Reply::json(format!(r#"{{"access_token":"{TOKEN}\n"}}"#))],
        vec![Reply::json(TOKEN)],
    ];
    let mut events = 0;
    for script in scripts {
        for raw in [true, false] {
            let stage = stage();
            for reply in &script {
                stage.server.push(reply.clone());
            }
            let log = logged(|| {
                let options = CallOptions::new();
                let failed = match raw {
                    true => stage.clock.block_on(stage.client.raw(request(), &options)).err(),
                    false => stage.send(&Thing::post()).err(),
                };
                if let Some(error) = &failed {
                    clean_error(error);
                }
                clean_debug("the client", &stage.client);
            });
            assert!(log.contains("http.call") && log.contains("url.template"), "spans were recorded: {log}");
            events += log.lines().count();
            clean("a span or event", &log);
        }
    }
    assert!(events > 100, "only {events} lines were captured");
}

#[test]
fn spans_carry_the_names_of_open_telemetry() {
    let stage = stage();
    for reply in [token(), Reply::status(500), Reply::json(OK)] {
        stage.server.push(reply);
    }
    let log = logged(|| {
        stage.send(&Thing::get()).unwrap();
    });
    for name in [
        "http.request.method=GET",
        "url.template=\"/things/{id}\"",
        "server.address=\"api.example.com\"",
        "otel.kind=\"client\"",
        "otel.name=GET /things/{id}",
        "http.response.status_code=500",
        "http.response.status_code=200",
        "http.request.resend_count=1",
        "error.type=\"status\"",
    ] {
        assert!(log.contains(name), "{name} is missing: {log}");
    }
}

#[test]
fn no_debug_shows_a_secret() {
    let clock = ManualClock::new();
    clean_debug("Auth", &Auth::tokens(credentials()));
    clean_debug("Auth", &Auth::bearer(TOKEN).unwrap());
    clean_debug("Auth", &Auth::header(http::HeaderName::from_static("x-key"), SECRET).unwrap());
    clean_debug("ClientCredentials", &credentials());
    clean_debug("Token", &Token::new(TOKEN));
    let builder = HttpClient::builder(format!("https://example.com/{ECHO}?q={QUERY}").parse().unwrap())
        .auth(Auth::bearer(TOKEN).unwrap())
        .redact(SECRET);
    clean_debug("HttpClientBuilder", &builder);

    let cache = TokenCache::new(clock.clone());
    let credential = clock.block_on(cache.get(|| async { Ok(Token::new(TOKEN)) })).unwrap();
    clean_debug("TokenCache", &cache);
    clean_debug("Credential", &credential);

    let mut secret = http::HeaderValue::from_static(SECRET);
    secret.set_sensitive(true);
    clean_debug("CallOptions", &CallOptions::new().header(http::HeaderName::from_static("x-key"), secret));
    let mut query = Query::new();
    query.push("key", QUERY);
    clean_debug("Query", &query);
    clean_debug("Payload", &Payload::json_text(BODY));

    let reply = rest_core::transport::Body::full(ECHO);
    clean_debug("Body", &reply);
    clean_debug("ReqwestTransport", &ReqwestTransport::new().unwrap());

    let stage = Stage::with(|builder| builder.auth(Auth::bearer(TOKEN).unwrap()));
    stage.server.push(Reply::json(OK));
    stage.clock.block_on(stage.client.raw(request(), &CallOptions::new())).unwrap();
    clean_debug("ReplayTransport", &stage.server);
    clean_debug("Recorded", &stage.server.requests());
}

#[test]
fn records_and_decode_errors_show_no_raw_data() {
    let text = format!(r#"{{"secret":"{ECHO}"}}"#);
    let record: Record<Untyped> = Record::parse(&text).unwrap();
    clean_debug("Record", &record);
    let error = decode::json::<Body>(format!(r#"{{"id":"{ECHO} \" {TOKEN}"}}"#).as_bytes()).unwrap_err();
    clean_debug("DecodeError", &error);
    clean("DecodeError", &error.to_string());
    let shape = page::Shape::rows(&["rows"]);
    let page = page::read::<Untyped, Body>(format!(r#"[{{"id":"{ECHO}"}}]"#).as_bytes(), &shape).unwrap();
    clean_debug("Page", &page);
    for row in page.rows {
        clean_error(&row.unwrap_err().into_error());
    }
}
