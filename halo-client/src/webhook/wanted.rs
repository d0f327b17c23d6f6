//! A webhook as it should be.

use std::fmt;

use rest_core::record::{Field, FieldValue, Record, Seen};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use url::Url;

use super::{Event, Verifier, VerifierError};
use crate::schema::{Notification, Webhook};
use crate::{Error, New, Patch};

/// How deliveries prove that they come from Halo. `Debug` shows no secret.
///
/// The numbers behind it (`authentication_type` 0, 1, 2, 3) are those that public clients use; 3 is HMAC in a
/// client that runs in production.
#[derive(Clone)]
pub struct Authentication(Kind);

#[derive(Clone)]
enum Kind {
    None,
    Basic { username: String, password: SecretString },
    Bearer { token: SecretString },
    Hmac { header: String, key: SecretString, prefix: String },
}

impl Authentication {
    /// No proof: whoever knows the address can send. Put something unguessable into the address's path.
    pub fn none() -> Self {
        Self(Kind::None)
    }

    /// A user name and a password.
    pub fn basic(username: impl Into<String>, password: impl Into<SecretString>) -> Self {
        Self(Kind::Basic { username: username.into(), password: password.into() })
    }

    /// `Authorization: Bearer` with this token.
    pub fn bearer(token: impl Into<SecretString>) -> Self {
        Self(Kind::Bearer { token: token.into() })
    }

    /// The Base64 of the HMAC-SHA256 of the body in a header of this name.
    pub fn hmac(header: impl Into<String>, key: impl Into<SecretString>) -> Self {
        Self(Kind::Hmac { header: header.into(), key: key.into(), prefix: String::new() })
    }

    /// The text that Halo puts in front of the signature. Only for HMAC.
    #[must_use]
    pub fn with_prefix(mut self, text: impl Into<String>) -> Self {
        if let Kind::Hmac { prefix, .. } = &mut self.0 {
            *prefix = text.into();
        }
        self
    }

    /// What checks the deliveries of a webhook with this authentication; `None` if there is nothing to check.
    ///
    /// # Errors
    /// A header name that no header can have, or an empty secret.
    pub fn verifier(&self) -> Result<Option<Verifier>, VerifierError> {
        match &self.0 {
            Kind::None => Ok(None),
            Kind::Basic { username, password } => Verifier::basic(username, password.clone()).map(Some),
            Kind::Bearer { token } => Verifier::bearer(token.clone()).map(Some),
            Kind::Hmac { header, key, prefix } => {
                Ok(Some(Verifier::hmac(header, key.clone())?.with_prefix(prefix.clone())))
            }
        }
    }

    /// The header with which Halo would prove that it sends this body.
    #[cfg(feature = "test-util")]
    pub(crate) fn prove(&self, body: &[u8]) -> Option<(String, String)> {
        use base64::Engine as _;
        use base64::engine::general_purpose::STANDARD;
        use hmac::{Hmac, KeyInit as _, Mac as _};

        let authorization = |value: String| Some((http::header::AUTHORIZATION.as_str().to_owned(), value));
        match &self.0 {
            Kind::None => None,
            Kind::Basic { username, password } => {
                let pair = format!("{username}:{}", password.expose_secret());
                authorization(format!("Basic {}", STANDARD.encode(pair)))
            }
            Kind::Bearer { token } => authorization(format!("Bearer {}", token.expose_secret())),
            Kind::Hmac { header, key, prefix } => {
                let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key.expose_secret().as_bytes()).ok()?;
                mac.update(body);
                Some((header.clone(), format!("{prefix}{}", STANDARD.encode(mac.finalize().into_bytes()))))
            }
        }
    }

    fn number(&self) -> i64 {
        match &self.0 {
            Kind::None => 0,
            Kind::Basic { .. } => 1,
            Kind::Bearer { .. } => 2,
            Kind::Hmac { .. } => 3,
        }
    }

    fn username(&self) -> &str {
        if let Kind::Basic { username, .. } = &self.0 { username } else { "" }
    }

    fn header(&self) -> &str {
        if let Kind::Hmac { header, .. } = &self.0 { header } else { "" }
    }

    fn prefix(&self) -> &str {
        if let Kind::Hmac { prefix, .. } = &self.0 { prefix } else { "" }
    }

    pub(super) fn secret(&self) -> Option<&SecretString> {
        match &self.0 {
            Kind::None => None,
            Kind::Basic { password: secret, .. }
            | Kind::Bearer { token: secret }
            | Kind::Hmac { key: secret, .. } => Some(secret),
        }
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::None => f.write_str("Authentication(none)"),
            Kind::Basic { .. } => f.write_str("Authentication(basic)"),
            Kind::Bearer { .. } => f.write_str("Authentication(bearer)"),
            Kind::Hmac { header, .. } => write!(f, "Authentication(HMAC in {header})"),
        }
    }
}

/// A webhook as it should be: its name, where it sends, how it proves itself, and the events it is told of. Given
/// to [`ensure`](crate::Handle::ensure). `Debug` shows no secret.
#[derive(Clone)]
#[must_use = "a wish does nothing until it is given to `ensure`"]
pub struct WantedWebhook {
    name: String,
    url: String,
    authentication: Authentication,
    events: Vec<Event>,
    write_secret: bool,
    webhook_fields: Vec<Named>,
    notification_fields: Vec<Named>,
}

type Named = (&'static str, Result<Box<serde_json::value::RawValue>, Error>);

impl WantedWebhook {
    /// A webhook with this name that sends to this address.
    ///
    /// The name is how it is found again: one installation, one name. Two installations that share a name would
    /// take the webhook from each other.
    pub fn new(name: impl Into<String>, url: impl Into<String>, authentication: Authentication) -> Self {
        WantedWebhook {
            name: name.into(),
            url: url.into(),
            authentication,
            events: Vec::new(),
            write_secret: false,
            webhook_fields: Vec::new(),
            notification_fields: Vec::new(),
        }
    }

    /// Adds an event to be told of. At least one is needed.
    pub fn on(mut self, event: Event) -> Self {
        if !self.events.contains(&event) {
            self.events.push(event);
        }
        self
    }

    /// Writes the secret even if nothing else differs.
    ///
    /// Servers do not show a webhook's secret, so a changed one cannot be noticed: say so after changing it. Every
    /// other repair writes the secret too.
    pub fn with_new_secret(mut self) -> Self {
        self.write_secret = true;
        self
    }

    /// Also writes this field of [`Webhook`] when it is made or repaired, for what this type does not know, such as
    /// `payload_type`. It is not compared.
    pub fn webhook_field(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.webhook_fields.push((name, raw(&value)));
        self
    }

    /// Also writes this field of each [`Notification`] when it is made, such as `conditions`. It is not compared.
    pub fn notification_field(mut self, name: &'static str, value: impl Serialize) -> Self {
        self.notification_fields.push((name, raw(&value)));
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name.trim()
    }

    /// The events it is told of, in the order in which they were added.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What checks its deliveries; see [`Authentication::verifier`].
    ///
    /// # Errors
    /// Those of [`Authentication::verifier`].
    pub fn verifier(&self) -> Result<Option<Verifier>, VerifierError> {
        self.authentication.verifier()
    }

    pub(super) fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// What no server could do anything with.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.name().is_empty() {
            return Err(Error::configuration("the webhook needs a name, by which it is found again"));
        }
        if !address(&self.url).is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
            return Err(Error::configuration("the webhook's address must be an http or https address"));
        }
        if self.events.is_empty() {
            return Err(Error::configuration("a webhook without an event is never sent; add one with `on`"));
        }
        self.verifier().map(drop).map_err(|error| {
            Error::configuration("the webhook's authentication cannot be used").with_source(error)
        })
    }

    pub(super) fn same_address(&self, record: &Record<Webhook>) -> bool {
        let shown = record.value().url.as_deref().and_then(address);
        shown.is_some() && shown == address(&self.url)
    }

    /// The fields in which a webhook differs. What the server does not show is not compared.
    pub(super) fn differences(&self, record: &Record<Webhook>) -> Vec<&'static str> {
        let mut out = Vec::new();
        if !record.get(Webhook::URL).is_absent() && !self.same_address(record) {
            out.push(Webhook::URL.name());
        }
        differs(&mut out, record, Webhook::ACTIVE, true);
        differs(&mut out, record, Webhook::DISABLED, false);
        differs(&mut out, record, Webhook::METHOD, 0);
        differs(&mut out, record, Webhook::TYPE, 0);
        differs(&mut out, record, Webhook::AUTHENTICATION_TYPE, self.authentication.number());
        match &self.authentication.0 {
            Kind::Basic { username, .. } => {
                differs(&mut out, record, Webhook::BASIC_USERNAME, username.clone());
            }
            Kind::Hmac { header, prefix, .. } => {
                let shown = record.get(Webhook::AUTHENTICATION_HEADER);
                // Names of headers have no case.
                if !shown.is_absent()
                    && !shown.as_value().is_some_and(|shown| shown.eq_ignore_ascii_case(header))
                {
                    out.push(Webhook::AUTHENTICATION_HEADER.name());
                }
                differs(&mut out, record, Webhook::SIGNATURE_PREFIX, prefix.clone());
                differs(&mut out, record, Webhook::ALGORITHM, 0);
            }
            Kind::None | Kind::Bearer { .. } => {}
        }
        if self.write_secret || self.shown_secret_differs(record) {
            out.push(Webhook::BASIC_PASSWORD.name());
        }
        out
    }

    /// Whether the server shows a secret, and not this one. A row of one character stands for a hidden one.
    fn shown_secret_differs(&self, record: &Record<Webhook>) -> bool {
        let Some(secret) = self.authentication.secret() else { return false };
        let Seen::Value(shown) = record.get(Webhook::BASIC_PASSWORD) else { return false };
        let mut characters = shown.chars();
        let first = characters.next();
        let hidden = characters.all(|character| Some(character) == first);
        !hidden && shown != secret.expose_secret()
    }

    pub(super) fn to_new(&self) -> Result<New<Webhook>, Error> {
        let mut new = New::<Webhook>::record()
            .set(Webhook::NAME, self.name())
            .set(Webhook::URL, self.url.as_str())
            .set(Webhook::ACTIVE, true)
            .set(Webhook::CONTENT_TYPE, "application/json")
            .set(Webhook::METHOD, 0)
            .set(Webhook::TYPE, 0)
            .set(Webhook::AUTHENTICATION_TYPE, self.authentication.number())
            .set(Webhook::AUTHENTICATION_HEADER, self.authentication.header())
            .set(Webhook::BASIC_USERNAME, self.authentication.username())
            .set(Webhook::SIGNATURE_PREFIX, self.authentication.prefix())
            .set(Webhook::ALGORITHM, 0)
            // What a public client sends in production besides.
            .set(Webhook::CERTIFICATE_ID, 0)
            .set(Webhook::INBOUND_AUTHENTICATION_TYPE, 0)
            .set(Webhook::RUNBOOK_START_TYPE, 0)
            .set(Webhook::SYSTEMUSE, "")
            .set(Webhook::MAJOR_VERSION_NUMBER, 0)
            .set(Webhook::MINOR_VERSION_NUMBER, 0)
            .set(Webhook::PATCH_VERSION_NUMBER, 1)
            .set(Webhook::VERSION_NUMBER, "0.0.1");
        if let Some(secret) = self.authentication.secret() {
            new = new.set(Webhook::BASIC_PASSWORD, secret.expose_secret());
        }
        for (name, value) in &self.webhook_fields {
            new = new.set_named(*name, value.as_deref().map_err(Clone::clone)?);
        }
        Ok(new)
    }

    /// What makes a webhook as it should be. The secret goes with it: whether a server keeps one that a write
    /// leaves out is not known.
    pub(super) fn to_patch(&self, id: &crate::Id<Webhook>) -> Result<Patch<Webhook>, Error> {
        let mut patch = Patch::<Webhook>::of(id)
            .set(Webhook::NAME, self.name())
            .set(Webhook::URL, self.url.as_str())
            .set(Webhook::ACTIVE, true)
            .set(Webhook::DISABLED, false)
            .set(Webhook::METHOD, 0)
            .set(Webhook::TYPE, 0)
            .set(Webhook::AUTHENTICATION_TYPE, self.authentication.number())
            .set(Webhook::AUTHENTICATION_HEADER, self.authentication.header())
            .set(Webhook::BASIC_USERNAME, self.authentication.username())
            .set(Webhook::SIGNATURE_PREFIX, self.authentication.prefix())
            .set(Webhook::ALGORITHM, 0);
        if let Some(secret) = self.authentication.secret() {
            patch = patch.set(Webhook::BASIC_PASSWORD, secret.expose_secret());
        }
        for (name, value) in &self.webhook_fields {
            patch = patch.set_named(*name, value.as_deref().map_err(Clone::clone)?);
        }
        Ok(patch)
    }

    /// The subscription to one event.
    pub(super) fn to_notification(
        &self,
        webhook: &crate::Id<Webhook>,
        event: Event,
    ) -> Result<New<Notification>, Error> {
        let mut new = New::<Notification>::record()
            .set(Notification::WEBHOOK_ID, webhook)
            .set(Notification::TYPE, TO_A_WEBHOOK.0)
            .set(Notification::DELIVERY_METHOD, TO_A_WEBHOOK.1)
            .set(Notification::EVENTNO, event.get())
            // What a public client sends in production besides.
            .set(Notification::AGENT_ID, 0)
            .set(Notification::FILTER_TYPE, 2)
            .set(Notification::RESTRICTION_TYPE, 0)
            .set(Notification::USEWORKINGHOURS, 0)
            .set(Notification::INTERVAL, 0)
            .set(Notification::SLACK_ID, 0)
            .set(Notification::TEAMS_ID, 0);
        for (name, value) in &self.notification_fields {
            new = new.set_named(*name, value.as_deref().map_err(Clone::clone)?);
        }
        Ok(new)
    }
}

/// `type` and `delivery_method` of notifications that go to webhooks, as public clients set them.
const TO_A_WEBHOOK: (i64, i64) = (-2, 6);

/// The fields in which a subscription differs from one that goes to a webhook.
pub(super) fn differences_of_subscription(record: &Record<Notification>) -> Vec<&'static str> {
    let mut out = Vec::new();
    differs(&mut out, record, Notification::TYPE, TO_A_WEBHOOK.0);
    differs(&mut out, record, Notification::DELIVERY_METHOD, TO_A_WEBHOOK.1);
    out
}

pub(super) fn subscription_patch(id: crate::Id<Notification>) -> Patch<Notification> {
    Patch::<Notification>::of(id)
        .set(Notification::TYPE, TO_A_WEBHOOK.0)
        .set(Notification::DELIVERY_METHOD, TO_A_WEBHOOK.1)
}

/// Null is the type's zero; what is not shown is not compared.
fn differs<S, V: FieldValue + PartialEq + Default, W, B>(
    out: &mut Vec<&'static str>,
    record: &Record<S>,
    field: Field<S, V, W, B>,
    wanted: V,
) {
    let name = field.name();
    let same = match record.get(field) {
        Seen::Absent => true,
        Seen::Null => wanted == V::default(),
        Seen::Value(shown) => shown == wanted,
        Seen::Odd(_) => false,
    };
    if !same {
        out.push(name);
    }
}

fn address(text: &str) -> Option<Url> {
    Url::parse(text.trim()).ok()
}

fn raw(value: &impl Serialize) -> Result<Box<serde_json::value::RawValue>, Error> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| Error::configuration("a field's value cannot be written as JSON").with_source(error))
}

impl fmt::Debug for WantedWebhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |fields: &[Named]| fields.iter().map(|(name, _)| *name).collect::<Vec<_>>();
        f.debug_struct("WantedWebhook")
            .field("name", &self.name)
            // The path may hold a secret.
            .field("origin", &address(&self.url).map(|url| url.origin().ascii_serialization()))
            .field("authentication", &self.authentication)
            .field("events", &self.events)
            .field("webhook_fields", &names(&self.webhook_fields))
            .field("notification_fields", &names(&self.notification_fields))
            .finish_non_exhaustive()
    }
}
