//! The contract over HTTP, served from a HumanizeIT in memory: what the client is run against.
//!
//! It is written from `openapi.yaml` with plain JSON values, so that it shares no wire type with the client.

mod read;
mod show;

use std::sync::Arc;

use futures_util::FutureExt as _;
use hit_client::test_util::MemoryHit;
use hit_client::{
    Cursor, Error, ExternalReference, HitApi, IdempotencyKey, ItemQuery, Page, ReferenceFilter, ReferenceKey,
    Version,
};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

pub(crate) const KEY: &str = "canary-api-key";

/// Serves this account until the server is dropped.
pub(crate) async fn serve(hit: Arc<MemoryHit>) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(matchers::any()).respond_with(Contract(hit)).mount(&server).await;
    server
}

struct Contract(Arc<MemoryHit>);

/// What a route answers: status and body, or a refusal.
type Answer = Result<(u16, Value), Error>;

/// Memory never waits.
macro_rules! now {
    ($future:expr) => {
        $future.now_or_never().expect("memory never waits")
    };
}

impl Respond for Contract {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let bearer = header(request, "authorization");
        if bearer.as_deref() != Some(&format!("Bearer {KEY}")) {
            return refusal(401, "unauthenticated", "no such key");
        }
        match self.route(request) {
            Ok((204, _)) => ResponseTemplate::new(204),
            Ok((status, body)) => ResponseTemplate::new(status).set_body_json(body),
            Err(error) => {
                let status = error.status().map_or(500, |status| status.as_u16());
                refusal(status, error.code().unwrap_or("internal"), error.message())
            }
        }
    }
}

fn refusal(status: u16, code: &str, detail: &str) -> ResponseTemplate {
    let entry = json!({"code": code, "title": "Refused", "detail": detail, "field": null});
    ResponseTemplate::new(status).set_body_json(json!({"errors": [entry]}))
}

fn header(request: &Request, name: &str) -> Option<String> {
    Some(request.headers.get(name)?.to_str().expect("text").to_owned())
}

/// The page with what a list row shows.
fn list<T>(page: Page<T>, show: impl Fn(&T) -> Value) -> Answer {
    let rows: Vec<_> =
        page.rows.iter().map(|row| show(row.as_ref().expect("memory has no bad rows"))).collect();
    Ok((200, json!({"data": rows, "next_cursor": page.next.as_ref().map(Cursor::as_str)})))
}

impl Contract {
    fn route(&self, request: &Request) -> Answer {
        let hit = &*self.0;
        let path = request.url.path().strip_prefix("/api/v1/").expect("below the base");
        let segments: Vec<String> = path
            .split('/')
            .map(|segment| {
                let decoded = url::form_urlencoded::parse(segment.as_bytes()).next();
                decoded.expect("no empty segments").0.into_owned()
            })
            .collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let query: Vec<(String, String)> =
            request.url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        let parameter = |name: &str| query.iter().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        let cursor = parameter("cursor").map(Cursor::new);
        let cursor = cursor.as_ref();
        let key = header(request, "idempotency-key").map(|key| IdempotencyKey::new(key).expect("a key"));
        let key = key.as_ref();
        let expected = header(request, "if-match").map(|tag| {
            Version(
                tag.strip_prefix('"')
                    .and_then(|tag| tag.strip_suffix('"'))
                    .expect("quotes")
                    .parse()
                    .expect("version"),
            )
        });
        let body = || -> Value {
            let media_type = header(request, "content-type").expect("a media type");
            let patch = request.method.as_str() == "PATCH";
            assert_eq!(media_type, if patch { "application/merge-patch+json" } else { "application/json" });
            serde_json::from_slice(&request.body).expect("JSON")
        };
        match (request.method.as_str(), &segments[..]) {
            ("GET", ["account"]) => Ok((200, show::account(&now!(hit.account())?))),
            ("GET", ["clients"]) => {
                assert_eq!(parameter("include_archived").as_deref(), Some("true"));
                list(now!(hit.clients_page(cursor))?, show::client)
            }
            ("GET", ["team-members"]) => list(now!(hit.team_members_page(cursor))?, show::member),
            ("GET", ["statuses"]) => list(now!(hit.statuses_page(cursor))?, show::status),
            ("GET", ["roadmap-items"]) => {
                list(now!(hit.items_page(&item_query(&query), cursor))?, show::item)
            }
            ("POST", ["roadmap-items"]) => {
                Ok((201, show::item(&now!(hit.create_item(&read::new_item(body()), key))?)))
            }
            ("GET", ["roadmap-items", id]) => Ok((200, show::item(&now!(hit.item(&(*id).into()))?))),
            ("PATCH", ["roadmap-items", id]) => {
                let item = now!(hit.update_item(&(*id).into(), &read::item_patch(body()), expected))?;
                Ok((200, show::item(&item)))
            }
            ("PUT", ["roadmap-items", id, "external-references", system, instance, kind]) => {
                let key = ReferenceKey::new(*system, *instance, *kind);
                let target = read::target(body());
                Ok((200, show::item(&now!(hit.put_external_reference(&(*id).into(), &key, &target))?)))
            }
            ("DELETE", ["roadmap-items", id, "external-references", system, instance, kind]) => {
                let key = ReferenceKey::new(*system, *instance, *kind);
                let before = now!(hit.item(&(*id).into()))?;
                now!(hit.delete_external_reference(&(*id).into(), &key))?;
                gone(show::references(&before).iter().any(|held: &ExternalReference| held.key == key))
            }
            ("GET", ["integrations", "halopsa"]) => Ok((200, show::integration(&now!(hit.integration())?))),
            ("PATCH", ["integrations", "halopsa"]) => {
                let patch = read::integration_patch(body());
                Ok((200, show::integration(&now!(hit.update_integration(&patch, expected))?)))
            }
            ("POST", ["integrations", "halopsa", "test"]) => {
                Ok((200, show::integration_test(&now!(hit.test_integration())?)))
            }
            ("GET", ["webhooks"]) => list(now!(hit.webhooks_page(cursor))?, show::webhook),
            ("POST", ["webhooks"]) => {
                Ok((201, show::created(&now!(hit.create_webhook(&read::new_webhook(body()), key))?)))
            }
            ("GET", ["webhooks", id]) => Ok((200, show::webhook(&now!(hit.webhook(&(*id).into()))?))),
            ("PATCH", ["webhooks", id]) => {
                let patch = read::webhook_patch(body());
                Ok((200, show::webhook(&now!(hit.update_webhook(&(*id).into(), &patch))?)))
            }
            ("DELETE", ["webhooks", id]) => {
                let was = now!(hit.webhook(&(*id).into())).is_ok();
                now!(hit.delete_webhook(&(*id).into()))?;
                gone(was)
            }
            ("POST", ["webhooks", id, "test"]) => {
                Ok((200, show::webhook_test(&now!(hit.test_webhook(&(*id).into()))?)))
            }
            (method, path) => panic!("no route {method} {path:?}"),
        }
    }
}

fn gone(was: bool) -> Answer {
    use hit_client::{error::refused, http::StatusCode};
    if was {
        Ok((204, Value::Null))
    } else {
        Err(refused(StatusCode::NOT_FOUND, "not_found", "no such record"))
    }
}

fn item_query(parameters: &[(String, String)]) -> ItemQuery {
    let mut query = ItemQuery::new();
    for (name, value) in parameters {
        query = match name.as_str() {
            "client_id" => query.client(value.as_str()),
            "status" => query.status(value.as_str()),
            "updated_since" => query.updated_since(value.parse().expect("an instant")),
            "include_archived" if value == "true" => query.include_archived(),
            "page_size" => query.page_size(value.parse().expect("a number")),
            "cursor" => query,
            "external_reference" => {
                let parts: Vec<_> = value.splitn(4, '/').collect();
                let key = ReferenceKey::new(parts[0], parts[1], parts[2]);
                query.external_reference(match parts.get(3) {
                    Some(id) => ReferenceFilter::exactly(key, *id),
                    None => ReferenceFilter::any(key),
                })
            }
            other => panic!("no parameter {other}={value}"),
        };
    }
    query
}
