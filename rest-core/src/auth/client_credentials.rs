//! The OAuth 2.0 client credentials grant (RFC 6749, section 4.4).

use std::fmt;
use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Exchange, Token, TokenSource};
use crate::endpoint::Payload;
use crate::error::{Error, ErrorDetails, ErrorKind, Refusal};
use crate::record::{Field, Record, Untyped};

/// Fetches tokens with a client id and secret, sent as a form.
///
/// ```
/// use rest_core::auth::{Auth, ClientCredentials};
///
/// let source = ClientCredentials::new("https://id.example.com/token".parse()?, "my-app", "its-secret")
///     .scope("all")
///     .parameter("tenant", "acme");
/// let auth = Auth::tokens(source);
/// assert!(!format!("{auth:?}").contains("its-secret"));
/// # Ok::<(), url::ParseError>(())
/// ```
pub struct ClientCredentials {
    token_url: Url,
    client_id: String,
    client_secret: SecretString,
    scope: Option<String>,
    parameters: Vec<(String, String)>,
    template: &'static str,
}

impl ClientCredentials {
    /// Fetches from `token_url`, whose query, if any, is kept.
    pub fn new(token_url: Url, client_id: impl Into<String>, client_secret: impl Into<SecretString>) -> Self {
        Self {
            token_url,
            client_id: client_id.into(),
            client_secret: client_secret.into(),
            scope: None,
            parameters: Vec::new(),
            template: "/token",
        }
    }

    /// Asks for these scopes, separated by spaces.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Adds a parameter to the form.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// Names the route in errors and spans; `/token` unless set.
    #[must_use]
    pub fn template(mut self, template: &'static str) -> Self {
        self.template = template;
        self
    }

    fn request(&self) -> Result<http::Request<bytes::Bytes>, Error> {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose_secret()),
        ];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        form.extend(self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let payload = Payload::form(form);
        http::Request::builder()
            .method(Method::POST)
            .uri(self.token_url.as_str())
            .header(CONTENT_TYPE, payload.content_type.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .body(payload.bytes)
            .map_err(|_| Error::configuration("the token endpoint's address cannot be written"))
    }

    fn read(&self, response: &http::Response<bytes::Bytes>) -> Result<Token, &'static str> {
        const TOKEN: Field<Untyped, String> = Field::new("access_token");
        const TYPE: Field<Untyped, String> = Field::new("token_type");
        const LIFETIME: Field<Untyped, f64> = Field::new("expires_in");
        let text =
            crate::decode::text(response.body()).map_err(|_| "the token endpoint's answer is not UTF-8")?;
        // Faults are named without what stood there: it may be the token.
        let answer: Record<Untyped> = Record::parse(text)
            .map_err(|_| "the token endpoint's answer is no JSON object; is the address right?")?;
        let token = answer
            .get(TOKEN)
            .value()
            .filter(|token| !token.is_empty())
            .ok_or("the token endpoint's answer holds no access_token; is the address right?")?;
        if answer.get(TYPE).value().is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err("the token endpoint's answer is no bearer token");
        }
        let lifetime =
            answer.get(LIFETIME).value().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let token = Token::new(token);
        Ok(match lifetime {
            Some(lifetime) => token.expires_in(lifetime),
            None => token,
        })
    }
}

#[async_trait::async_trait]
impl TokenSource for ClientCredentials {
    async fn fetch(&self, exchange: &Exchange<'_>) -> Result<Token, Error> {
        let response = exchange.send(self.request()?, self.template).await?;
        if !response.status().is_success() {
            return Err(exchange.refuse(
                self.template,
                &response,
                refusal(response.status(), response.body()),
            ));
        }
        self.read(&response).map_err(|what| {
            Error::new(ErrorKind::Decode, what)
                .with_endpoint(Method::POST, self.template)
                .with_status(response.status())
        })
    }

    fn secrets(&self) -> Vec<SecretString> {
        vec![self.client_secret.clone()]
    }
}

/// What a token endpoint's refusal says (RFC 6749, section 5.2).
fn refusal(status: StatusCode, body: &[u8]) -> ErrorDetails {
    const CODE: Field<Untyped, String> = Field::new("error");
    const MESSAGE: Field<Untyped, String> = Field::new("error_description");
    let answer = crate::decode::text(body).ok().and_then(|text| Record::<Untyped>::parse(text).ok());
    let code = answer.as_ref().and_then(|answer| answer.get(CODE).value());
    let message = answer.as_ref().and_then(|answer| answer.get(MESSAGE).value());
    let mut details = ErrorDetails::new();
    details.refusal = match code.as_deref() {
        Some("invalid_client" | "invalid_grant" | "unauthorized_client") => Some(Refusal::Authentication),
        Some("invalid_scope" | "access_denied") => Some(Refusal::Permission),
        _ if status == StatusCode::UNAUTHORIZED => Some(Refusal::Authentication),
        _ => None,
    };
    details.message = Some(match message {
        Some(message) => format!("the token endpoint refused: {message}"),
        None => "the token endpoint refused".to_owned(),
    });
    details.code = code;
    details
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("token_endpoint", &self.token_url.origin().ascii_serialization())
            .field("client_id", &self.client_id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
