//! Putting a [`HitClient`] together.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rest_core::auth::Auth;
use rest_core::client::{HttpClient, HttpClientBuilder};
use rest_core::limit::RateLimit;
use secrecy::SecretString;
use url::Url;

use super::{HitClient, Inner};
use crate::error::Result;
use crate::types::{Capabilities, Capability};
use crate::wire::errors::Decoder;

/// Settings of a [`HitClient`].
///
/// ```
/// use std::time::Duration;
/// use hit_client::HitClient;
///
/// let client = HitClient::builder("https://hit.example/api/v1".parse()?, "the API key")
///     .http(|http| http.attempt_timeout(Duration::from_secs(10)))
///     .build()?;
/// # let _ = client;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct HitClientBuilder {
    http: HttpClientBuilder,
    api_key: SecretString,
    capabilities: Capabilities,
}

impl HitClientBuilder {
    pub(super) fn new(base_url: Url, api_key: SecretString) -> Self {
        let http = HttpClient::builder(base_url)
            // HumanizeIT announces no limit; one request a second is what a person's script would take.
            .rate_limit(RateLimit::new(60, Duration::from_secs(60)))
            .user_agent(concat!("hit-client/", env!("CARGO_PKG_VERSION")))
            .error_decoder(Decoder);
        Self { http, api_key, capabilities: Capabilities::none() }
    }

    /// Changes settings of the HTTP client below: transport, clock, rate (60 requests a minute unless changed),
    /// retries, timeouts, hooks. Credentials set there are replaced by the API key.
    pub fn http(mut self, change: impl FnOnce(HttpClientBuilder) -> HttpClientBuilder) -> Self {
        self.http = change(self.http);
        self
    }

    /// Says what the server offers before [`account`](crate::HitApi::account) was read. Nothing.
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Builds the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`is_configuration`](crate::Error::is_configuration) when the base URL is no http address, or holds a user,
    /// query or fragment; when it is plain http to another machine, where the key would be readable on its
    /// way; when the key cannot stand in a header; and when a feature is off whose default is needed.
    pub fn build(self) -> Result<HitClient> {
        let http = self.http.auth(Auth::bearer(self.api_key)?).build()?;
        let keeps_keys = AtomicBool::new(self.capabilities.has(&Capability::Idempotency));
        Ok(HitClient(Arc::new(Inner { http, keeps_keys })))
    }
}

impl fmt::Debug for HitClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HitClientBuilder").field("http", &self.http).finish_non_exhaustive()
    }
}
