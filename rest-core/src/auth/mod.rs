//! Credentials: where they come from, how long they live, and where they may go.

mod cache;
mod client_credentials;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Uri};
use secrecy::{ExposeSecret, SecretString};

pub use self::cache::{Credential, TokenCache};
pub use self::client_credentials::ClientCredentials;
use crate::client::wire::Wire;
use crate::error::Error;

/// An access token as a [`TokenSource`] brought it.
#[derive(Clone, Debug)]
pub struct Token {
    pub(crate) secret: SecretString,
    pub(crate) lifetime: Option<Duration>,
}

impl Token {
    /// A token that is good until the server says otherwise.
    pub fn new(secret: impl Into<SecretString>) -> Self {
        Self { secret: secret.into(), lifetime: None }
    }

    /// The same token, good for this long from the moment it was asked for.
    #[must_use]
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }
}

/// Fetches access tokens.
///
/// The client calls it one at a time, before the old token ends, and again after a 401. What it returns is
/// kept in memory only.
#[async_trait::async_trait]
pub trait TokenSource: Send + Sync {
    /// Fetches a fresh token. `exchange` sends requests through the client's transport, with its timeouts and
    /// retries, and takes no rate permits.
    ///
    /// # Errors
    ///
    /// Whatever prevents it; the calls that wait for the token fail with it.
    ///
    /// # Cancel safety
    ///
    /// The future may be dropped at any point; the next caller starts over.
    async fn fetch(&self, exchange: &Exchange<'_>) -> Result<Token, Error>;

    /// The secrets it holds, so that the client can take them out of what servers send back.
    fn secrets(&self) -> Vec<SecretString> {
        Vec::new()
    }
}

/// Sends a token source's requests.
pub struct Exchange<'a> {
    pub(crate) wire: &'a Wire,
}

impl Exchange<'_> {
    /// Sends a request that carries a secret, and repeats it as if it were a read: asking for a token twice
    /// is harmless. `template` names the route in errors and spans; it must hold no secret.
    ///
    /// Every status is an answer; the caller looks at it.
    ///
    /// # Errors
    ///
    /// When no answer came, or the address is plain http to another machine.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future may leave a token issued that nobody uses.
    pub async fn send(
        &self,
        request: http::Request<Bytes>,
        template: &'static str,
    ) -> Result<http::Response<Bytes>, Error> {
        guard_destination(request.uri())?;
        self.wire.exchange(request, template).await
    }

    /// An error about an answer that is not a token, with its sanitised excerpt.
    pub fn refuse(
        &self,
        template: &'static str,
        response: &http::Response<Bytes>,
        details: crate::error::ErrorDetails,
    ) -> Error {
        self.wire.refusal(http::Method::POST, template, response, details)
    }
}

impl fmt::Debug for Exchange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange")
    }
}

/// How a client proves who it is. `Debug` shows the kind, never the secret.
#[derive(Clone)]
pub struct Auth(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    None,
    Header(HeaderName, HeaderValue, SecretString),
    Tokens(Arc<dyn TokenSource>),
}

impl Auth {
    /// No credentials.
    pub const fn none() -> Self {
        Self(Kind::None)
    }

    /// The same bearer token on every request.
    ///
    /// # Errors
    ///
    /// A configuration error when the token cannot stand in a header.
    pub fn bearer(token: impl Into<SecretString>) -> Result<Self, Error> {
        let token = token.into();
        Ok(Self(Kind::Header(AUTHORIZATION, bearer(&token)?, token)))
    }

    /// The same secret in a header of its own on every request.
    ///
    /// # Errors
    ///
    /// A configuration error when the secret cannot stand in a header.
    pub fn header(name: HeaderName, secret: impl Into<SecretString>) -> Result<Self, Error> {
        let secret = secret.into();
        let value = sensitive(secret.expose_secret())?;
        Ok(Self(Kind::Header(name, value, secret)))
    }

    /// Bearer tokens that are fetched when needed and renewed before they end.
    pub fn tokens(source: impl TokenSource + 'static) -> Self {
        Self(Kind::Tokens(Arc::new(source)))
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::None => f.write_str("Auth(none)"),
            Kind::Header(name, ..) => write!(f, "Auth(fixed, in {name})"),
            Kind::Tokens(_) => f.write_str("Auth(tokens)"),
        }
    }
}

/// A header's value that no `Debug` shows.
pub(crate) fn sensitive(text: &str) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Error::configuration("the credential holds characters that no header may hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

pub(crate) fn bearer(token: &SecretString) -> Result<HeaderValue, Error> {
    sensitive(&format!("Bearer {}", token.expose_secret()))
}

/// Refuses to send a credential over plain http to anything but this machine.
pub(crate) fn guard_destination(uri: &Uri) -> Result<(), Error> {
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if uri.host().is_some_and(is_loopback) => Ok(()),
        Some("http") => Err(Error::configuration(format!(
            "credentials are not sent over plain http to {}; use https",
            uri.host().unwrap_or("another machine")
        ))),
        _ => Err(Error::configuration("the address must begin with https://")),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.is_loopback(),
        // Resolvers must send these names to the machine itself (RFC 6761).
        Err(_) => {
            let name = bare.trim_end_matches('.').to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests;
