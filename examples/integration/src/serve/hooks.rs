//! Making and mending the webhooks of both systems.
//!
//! A webhook is registered only when a test delivery to the public address came through to this very process, with its
//! proof intact: a proxy that drops a header, or sends another host's traffic here, is found out before anybody relies
//! on it.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use halo_client::Client as HaloClient;
use halo_client::webhook::{Authentication, Event, WantedWebhook};
use hit_client::{Capability, EventType, HitApi, NewWebhook, WebhookPatch};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Method, Request, header};
use rest_core::clock::Sleep as _;
use rest_core::transport::{ReqwestTransport, Transport};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sync_core::ids::Side;
use url::Url;

use super::door::{Heard, TEST_EVENT, Verifiers};
use crate::app::{App, Systems};
use crate::check::plainly;
use crate::exit::Failure;
use crate::secrets::WebhookSecrets;
use crate::storage::UnixMs;

/// By this name the webhook is found again in Halo.
const NAME: &str = "halo-hit";
/// The header in which Halo proves itself, as a public client has it in production.
const PROOF: &str = "Token";
/// How long a test delivery may take.
const TEST_TIME: Duration = Duration::from_secs(20);

/// How far a webhook is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It is not wanted, or the system does not offer any.
    Off,
    /// The public address does not lead here.
    Unreachable,
    /// The system refuses to make or mend it.
    Refused,
    /// It is registered, and a test delivery came through.
    Ready,
    /// It is registered and told nothing of changes that polls have found.
    Silent,
}

/// What `status` shows of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookState {
    /// How far it is.
    pub phase: Phase,
    /// More, in words; empty where all is well.
    pub detail: String,
    /// Where deliveries go.
    pub url: Option<String>,
    /// When that was found out.
    pub checked_at: UnixMs,
    /// Deliveries since the process began: stored.
    pub accepted: u64,
    /// Repetitions of stored ones.
    pub repeated: u64,
    /// Without the right proof of their sender.
    pub forged: u64,
    /// Proven, and not readable.
    pub unreadable: u64,
    /// Asked to come again.
    pub turned_away: u64,
    /// When the last one was accepted.
    pub last_delivery: Option<UnixMs>,
}

impl HookState {
    pub(super) fn new(phase: Phase, detail: impl Into<String>) -> Self {
        Self {
            phase,
            detail: detail.into(),
            url: None,
            checked_at: 0,
            accepted: 0,
            repeated: 0,
            forged: 0,
            unreadable: 0,
            turned_away: 0,
            last_delivery: None,
        }
    }

    /// Whether deliveries are to be expected.
    #[must_use]
    pub const fn is_working(&self) -> bool {
        matches!(self.phase, Phase::Ready | Phase::Silent)
    }
}

/// The webhooks that are wanted.
pub(super) struct Hooks {
    public_url: Option<Url>,
    secrets: WebhookSecrets,
    transport: Option<ReqwestTransport>,
    /// A secret that was changed cannot be noticed: it is written once by each process.
    halo_secret_written: bool,
    tests: u64,
}

impl Hooks {
    pub(super) fn new(app: &App, secrets: WebhookSecrets) -> Result<Self, Failure> {
        let public_url = app.config.webhooks.public_url.clone();
        let transport = match public_url {
            Some(_) => Some(ReqwestTransport::new().map_err(|error| {
                Failure::other("no_transport", "the program cannot make connections", "see the cause")
                    .with_source(error)
            })?),
            None => None,
        };
        Ok(Self { public_url, secrets, transport, halo_secret_written: false, tests: 0 })
    }

    /// Whether a side is wanted.
    pub(super) const fn wants(&self, side: Side) -> bool {
        match side {
            Side::Halo => self.secrets.halo.is_some(),
            Side::Hit => self.secrets.hit.is_some(),
        }
    }

    /// What checks the deliveries of the sides that are wanted.
    pub(super) fn verifiers(&self) -> Result<Verifiers, Failure> {
        let halo = match &self.secrets.halo {
            Some(secret) => Authentication::hmac(PROOF, secret.clone()).verifier().map_err(|error| {
                Failure::other(
                    "webhook_unverifiable",
                    "Halo's deliveries cannot be verified",
                    "see the cause",
                )
                .with_source(error)
            })?,
            None => None,
        };
        Ok(Verifiers { halo, hit: self.secrets.hit.clone().map(hit_client::webhook::Verifier::new) })
    }

    /// Sends a test delivery to the public address, then makes or mends the webhook. Doing it again changes nothing.
    pub(super) async fn ensure(
        &mut self,
        side: Side,
        app: &App,
        systems: &Systems,
        heard: &Heard,
    ) -> HookState {
        let Some(url) = self.address(side).filter(|_| self.wants(side)) else {
            return HookState::new(Phase::Off, "");
        };
        let offers = systems.account.capabilities.has(&Capability::Webhooks);
        if side == Side::Hit && !offers {
            return HookState::new(Phase::Off, "HumanizeIT offers no webhooks to this account");
        }
        let mut state = match self.come_through(side, &url, app, heard).await {
            Err(why) => HookState::new(Phase::Unreachable, why),
            Ok(()) => match self.register(side, &url, systems, heard).await {
                Err(why) => HookState::new(Phase::Refused, why),
                Ok(()) => HookState::new(Phase::Ready, ""),
            },
        };
        state.url = Some(url.to_string());
        state
    }

    fn address(&self, side: Side) -> Option<Url> {
        let mut url = self.public_url.clone()?;
        url.path_segments_mut().ok()?.pop_if_empty().extend(["hooks", side.code()]);
        Some(url)
    }

    /// Whether a signed delivery to the public address arrives at this process.
    async fn come_through(&mut self, side: Side, url: &Url, app: &App, heard: &Heard) -> Result<(), String> {
        self.tests += 1;
        let id = format!("test-{}-{}-{}", std::process::id(), app.now(), self.tests);
        let request = self.test_delivery(side, url, &id, app).ok_or("the address cannot be used")?;
        let Some(transport) = &self.transport else { return Err("there is no transport".to_owned()) };
        let sent = tokio::select! {
            sent = transport.send(request) => sent.map_err(|error| format!("{url} cannot be reached: {error}"))?,
            () = app.time.sleep(TEST_TIME) => return Err(format!("{url} did not answer in time")),
        };
        if heard.came_through(&id) {
            return Ok(());
        }
        Err(match sent.status().as_u16() {
            401 => format!(
                "{url} answers 401: the proxy changes the body or drops the header that proves the sender"
            ),
            status if (300..400).contains(&status) => {
                format!("{url} redirects ({status}); give the final address")
            }
            status => format!("{url} answers {status}, but the test delivery did not arrive here"),
        })
    }

    fn test_delivery(&self, side: Side, url: &Url, id: &str, app: &App) -> Option<Request<Bytes>> {
        let now = jiff::Timestamp::from_millisecond(app.now()).ok()?;
        let (name, body, proof) = match side {
            Side::Halo => {
                let body = serde_json::json!({"id": id, "event": TEST_EVENT, "timestamp": now}).to_string();
                let proof = sign(self.secrets.halo.as_ref()?, body.as_bytes());
                (PROOF, body, proof)
            }
            Side::Hit => {
                let body =
                    serde_json::json!({"id": id, "type": EventType::Test.as_str(), "occurred_at": now})
                        .to_string();
                let proof = hit_client::webhook::sign(self.secrets.hit.as_ref()?, body.as_bytes(), now);
                (hit_client::webhook::SIGNATURE_HEADER, body, proof)
            }
        };
        Request::builder()
            .method(Method::POST)
            .uri(url.as_str())
            .header(header::CONTENT_TYPE, "application/json")
            .header(name, proof)
            .body(Bytes::from(body))
            .ok()
    }

    async fn register(
        &mut self,
        side: Side,
        url: &Url,
        systems: &Systems,
        heard: &Heard,
    ) -> Result<(), String> {
        match side {
            Side::Halo => {
                let Some(secret) = self.secrets.halo.clone() else { return Err("has no secret".to_owned()) };
                register_at_halo(&systems.halo, url, secret, !self.halo_secret_written)
                    .await
                    .map_err(|error| refusal(&error))?;
                self.halo_secret_written = true;
                Ok(())
            }
            Side::Hit => {
                let Some(secret) = self.secrets.hit.clone() else { return Err("has no secret".to_owned()) };
                register_at_hit(&*systems.hit, url, secret, heard).await
            }
        }
    }
}

/// Why a webhook could not be registered. It is tried with every pass, and told when the words change.
fn refusal(error: &rest_core::Error) -> String {
    let words = plainly(error);
    if error.is_permission() || error.is_authentication() {
        let scope = "add \"admin:webhooks\" to halo.scopes and tick it in Halo, or make the webhook by hand: POST, JSON, \
                     authentication by HMAC with the header Token and the same secret, told of new, changed, closed and \
                     deleted tickets";
        return format!("the application may not manage webhooks ({words}); {scope}");
    }
    words
}

async fn register_at_halo(
    client: &HaloClient,
    url: &Url,
    secret: SecretString,
    new_secret: bool,
) -> Result<(), halo_client::Error> {
    let mut wanted = WantedWebhook::new(NAME, url.as_str(), Authentication::hmac(PROOF, secret))
        .on(Event::NEW_TICKET)
        .on(Event::TICKET_UPDATED)
        .on(Event::TICKET_STATUS_CHANGED)
        .on(Event::TICKET_CLOSED)
        .on(Event::TICKET_DELETED);
    if new_secret {
        wanted = wanted.with_new_secret();
    }
    let done = client.webhooks().ensure(&wanted).await?;
    for adjustment in done.adjustments() {
        tracing::info!(%adjustment, "Halo's webhook");
    }
    Ok(())
}

const HIT_EVENTS: [EventType; 6] = [
    EventType::ItemCreated,
    EventType::ItemUpdated,
    EventType::ItemArchived,
    EventType::ClientUpdated,
    EventType::ClientArchived,
    EventType::IntegrationUpdated,
];

/// The webhook with this address is made or mended; if HumanizeIT's own test does not come through, its secret is set
/// anew, because no reply shows which one it has.
async fn register_at_hit(
    api: &dyn HitApi,
    url: &Url,
    secret: SecretString,
    heard: &Heard,
) -> Result<(), String> {
    let words = |error: hit_client::Error| plainly(&error);
    let mut found = None;
    let mut cursor = None;
    loop {
        let page = api.webhooks_page(cursor.as_ref()).await.map_err(words)?;
        found = found.or_else(|| page.rows.into_iter().flatten().find(|webhook| webhook.url == *url));
        match page.next {
            Some(next) if found.is_none() => cursor = Some(next),
            _ => break,
        }
    }
    let id = match found {
        Some(webhook) => {
            if !webhook.active || HIT_EVENTS.iter().any(|event| !webhook.events.contains(event)) {
                let mut patch = WebhookPatch::new();
                patch.active = Some(true);
                patch.events = Some(HIT_EVENTS.to_vec());
                api.update_webhook(&webhook.id, &patch).await.map_err(words)?;
            }
            webhook.id
        }
        None => {
            let new = NewWebhook::new(url.clone(), HIT_EVENTS).secret(secret.clone());
            api.create_webhook(&new, None).await.map_err(words)?.webhook.id
        }
    };
    let mut test = api.test_webhook(&id).await.map_err(words)?;
    if !heard.came_through(test.event_id.as_str()) {
        let mut patch = WebhookPatch::new();
        patch.secret = Some(secret);
        api.update_webhook(&id, &patch).await.map_err(words)?;
        test = api.test_webhook(&id).await.map_err(words)?;
        if !heard.came_through(test.event_id.as_str()) {
            let detail = test.detail.unwrap_or_default();
            let status = test.status_code.map_or_else(|| "nothing".to_owned(), |code| code.to_string());
            return Err(format!(
                "HumanizeIT's own test delivery did not arrive (answered by {status}) {detail}"
            ));
        }
    }
    Ok(())
}

/// The proof that Halo makes: Base64 of the HMAC-SHA256 of the body.
fn sign(secret: &SecretString, body: &[u8]) -> String {
    match Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            STANDARD.encode(mac.finalize().into_bytes())
        }
        // HMAC takes keys of any length; without a proof the test delivery would be refused.
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_refusal_is_told_once() {
        let refused = |request: &str| {
            let error = rest_core::Error::new(rest_core::ErrorKind::Status, "no right");
            refusal(&error.with_status(http::StatusCode::FORBIDDEN).with_request_id(request))
        };
        assert_eq!(refused("4f1a"), refused("77b0"));
        assert!(refused("4f1a").contains("status 403, no right"), "{}", refused("4f1a"));
    }

    #[test]
    fn a_test_delivery_is_proven_as_halo_proves_its_own() {
        let secret = SecretString::from("0123456789abcdef");
        let mut headers = http::HeaderMap::new();
        headers.insert(PROOF, sign(&secret, b"{}").parse().unwrap());
        let verifier = Authentication::hmac(PROOF, secret).verifier().unwrap().unwrap();
        assert_eq!(verifier.verify(&headers, b"{}"), Ok(()));
        assert!(verifier.verify(&headers, b"{ }").is_err());
    }
}
