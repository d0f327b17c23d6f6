//! A mock server.

use std::marker::PhantomData;
use std::time::Duration;

use rest_core::endpoint::Endpoint;
use wiremock::matchers::{method, path, path_regex, query_param};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::id::sealed::Read as _;
use crate::resource::{Deletable, Listable, Readable, Resource, Writes};
use crate::{Client, CompleteClientBuilder, Id};

/// A HaloPSA on a loopback port that answers what it is told to, and tokens to everyone.
///
/// Ends when dropped. What is mounted later is asked only if nothing mounted earlier matches.
pub struct MockHalo {
    server: MockServer,
}

impl std::fmt::Debug for MockHalo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MockHalo({})", self.server.uri())
    }
}

pub(super) fn json(status: u16, body: impl Into<String>) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body.into(), "application/json")
}

impl MockHalo {
    /// Starts a server that hands out tokens.
    pub async fn start() -> Self {
        let halo = Self::start_without_tokens().await;
        let token = r#"{"access_token":"token","token_type":"Bearer","expires_in":3600}"#;
        Mock::given(method("POST"))
            .and(path("/auth/token"))
            .respond_with(json(200, token))
            .mount(&halo.server)
            .await;
        halo
    }

    /// Starts a server that answers 404 to everything.
    pub async fn start_without_tokens() -> Self {
        Self { server: MockServer::start().await }
    }

    /// The server, to mount more.
    pub fn server(&self) -> &MockServer {
        &self.server
    }

    /// A client of it, without rate limit.
    pub fn client(&self) -> Client {
        match self.builder().build() {
            Ok(client) => client,
            Err(error) => unreachable!("the mock's own settings are complete: {error}"),
        }
    }

    /// A builder of such a client.
    pub fn builder(&self) -> CompleteClientBuilder {
        Client::builder()
            .resource_server(format!("{}/api", self.server.uri()))
            .authorisation_server(format!("{}/auth", self.server.uri()))
            .tenant("acme")
            .credentials("client", "secret")
            .no_rate_limit()
            .attempt_timeout(Duration::from_secs(5))
    }

    /// Lists these rows, in an envelope where the real one has one, in pages where pages are asked for, and at
    /// most 100 at a time.
    pub async fn list<R: Listable>(&self, rows: impl IntoIterator<Item = impl Into<String>>) {
        let rows: Vec<String> = rows.into_iter().map(Into::into).collect();
        Mock::given(method("GET"))
            .and(path(format!("/api{}", R::PATH)))
            .respond_with(Listing::<R> { rows, resource: PhantomData })
            .mount(&self.server)
            .await;
    }

    /// Answers this record.
    pub async fn record<R: Readable>(&self, id: impl Into<Id<R::Schema>>, body: impl Into<String>) {
        let one = format!("/api{}/{}", R::PATH, id.into().key().segment());
        Mock::given(method("GET")).and(path(one)).respond_with(json(200, body)).mount(&self.server).await;
    }

    /// Answers every write with this record.
    pub async fn saves<R: Writes>(&self, reply: impl Into<String>) {
        let all = format!("/api{}", R::PATH);
        Mock::given(method("POST")).and(path(all)).respond_with(json(201, reply)).mount(&self.server).await;
    }

    /// Deletes this record.
    pub async fn deletes<R: Deletable>(&self, id: impl Into<Id<R::Schema>>) {
        let one = format!("/api{}/{}", R::PATH, id.into().key().segment());
        Mock::given(method("DELETE")).and(path(one)).respond_with(json(200, "{}")).mount(&self.server).await;
    }

    /// Refuses every write with this status and body.
    pub async fn refuses<R: Writes>(&self, status: u16, body: impl Into<String>) {
        let all = format!("/api{}", R::PATH);
        Mock::given(method("POST")).and(path(all)).respond_with(json(status, body)).mount(&self.server).await;
    }

    /// Answers this call with this JSON: the same method and path, and at least its query parameters. For
    /// [endpoints](rest_core::endpoint::Endpoint) of any kind, also your own.
    ///
    /// # Panics
    /// When the endpoint cannot be written as a request.
    pub async fn answers<E: Endpoint>(&self, call: &E, body: impl Into<String>) {
        self.answers_with(call, 200, body).await;
    }

    /// Answers this call with this status and body; see [`answers`](MockHalo::answers).
    ///
    /// # Panics
    /// When the endpoint cannot be written as a request.
    pub async fn answers_with<E: Endpoint>(&self, call: &E, status: u16, body: impl Into<String>) {
        let base = format!("{}/api", self.server.uri());
        let request = match base.parse().map_err(|_| None).and_then(|base| call.request(&base).map_err(Some))
        {
            Ok(request) => request,
            Err(error) => panic!("the call cannot be written as a request: {error:?}"),
        };
        let mut mock = Mock::given(method(request.method().as_str())).and(path(request.uri().path()));
        for (name, value) in url::form_urlencoded::parse(request.uri().query().unwrap_or("").as_bytes()) {
            mock = mock.and(query_param(name.into_owned(), value.into_owned()));
        }
        mock.respond_with(json(status, body)).mount(&self.server).await;
    }

    /// Answers the next requests, whatever they are, with this status: 429, 500, 503. Tokens are still handed out.
    pub async fn fails_next(&self, requests: u64, status: u16) {
        Mock::given(path_regex("^/api/"))
            .respond_with(ResponseTemplate::new(status))
            .up_to_n_times(requests)
            .with_priority(1)
            .mount(&self.server)
            .await;
    }

    /// Refuses a resource's lists and records with this status and body, such as 403.
    pub async fn hides<R: Resource>(&self, status: u16, body: impl Into<String>) {
        Mock::given(method("GET"))
            .and(path_regex(format!("^/api{}(/|$)", R::PATH)))
            .respond_with(json(status, body))
            .mount(&self.server)
            .await;
    }

    /// What was asked so far, tokens left out, each as `METHOD path?query body`.
    pub async fn requests(&self) -> Vec<String> {
        let all = self.server.received_requests().await.unwrap_or_default();
        let asked = all.iter().filter(|request| request.url.path() != "/auth/token");
        asked.map(line).collect()
    }
}

fn line(request: &Request) -> String {
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let body = String::from_utf8_lossy(&request.body);
    format!("{} {}{query} {body}", request.method, request.url.path()).trim_end().to_owned()
}

/// Lists as the real ones do: pages only where `pageinate` says so, never more than 100 rows.
struct Listing<R> {
    rows: Vec<String>,
    resource: PhantomData<fn() -> R>,
}

impl<R: Resource> Respond for Listing<R> {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        json(200, listed::<R>(&self.rows, request))
    }
}

/// The answer to a list request over these rows.
pub(super) fn listed<R: Resource>(rows: &[String], request: &Request) -> String {
    let number = |name: &str| {
        let found = request.url.query_pairs().find(|(key, _)| key == name);
        found.and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let paged = request.url.query_pairs().any(|(key, value)| key == "pageinate" && value == "true");
    let (skip, take) = if paged {
        let size = number("page_size").unwrap_or(50).clamp(1, 100);
        (number("page_no").unwrap_or(1).max(1).saturating_sub(1).saturating_mul(size), size)
    } else {
        (0, rows.len())
    };
    let page: Vec<&str> = rows.iter().skip(skip).take(take).map(String::as_str).collect();
    // Lists without an envelope name no key.
    if R::ROWS.is_empty() {
        return format!("[{}]", page.join(","));
    }
    format!("{{\"record_count\":{},\"{}\":[{}]}}", rows.len(), R::ROWS, page.join(","))
}
