//! Tokens of a Halo instance, and what its refusals mean.

use async_trait::async_trait;
use http::{HeaderMap, StatusCode};
use rest_core::auth::{ClientCredentials, Exchange, Token, TokenSource};
use rest_core::error::{ErrorDecoder as _, ErrorDetails, Refusal};
use secrecy::SecretString;
use url::Url;

use crate::Error;
use crate::error_body::HaloErrors;

/// The client credentials grant with Halo's manners: the tenant stands in the query of the token address, as
/// most public clients send it.
pub(crate) struct HaloTokens {
    grant: ClientCredentials,
    tenant: Option<String>,
    scopes: String,
}

impl HaloTokens {
    pub(crate) fn new(
        authorisation_server: &Url,
        tenant: Option<String>,
        client_id: String,
        client_secret: SecretString,
        scopes: String,
    ) -> Self {
        let mut token_url = authorisation_server.clone();
        let path = format!("{}/token", token_url.path().trim_end_matches('/'));
        token_url.set_path(&path);
        if let Some(tenant) = &tenant {
            token_url.query_pairs_mut().append_pair("tenant", tenant);
        }
        let grant = ClientCredentials::new(token_url, client_id, client_secret)
            .scope(scopes.as_str())
            .template("/auth/token");
        Self { grant, tenant, scopes }
    }

    fn explain(&self, error: Error) -> Error {
        let details = ErrorDetails::new();
        let status = error.status().map(|status| status.as_u16());
        let code = error.code().map(str::to_owned);
        match (code.as_deref(), status) {
            (Some("invalid_client" | "unauthorized_client"), _) => error.with_details(
                details
                    .with_code("invalid_client")
                    .with_message(
                        "Halo does not accept this client id with this secret; copy both anew from the application, \
                         whose client id may have changed after its permissions were set, and check that its \
                         authentication method is \"Client ID and Secret (Services)\"",
                    )
                    .with_refusal(Refusal::Authentication),
            ),
            (Some("invalid_scope"), _) => error.with_details(
                details
                    .with_code("invalid_scope")
                    .with_message(format!(
                        "Halo refuses the scopes `{}`; tick them on the application, or ask for fewer",
                        self.scopes
                    ))
                    .with_refusal(Refusal::Permission),
            ),
            (None, Some(404)) => error.with_details(details.with_code("authorisation_server_not_found").with_message(
                "there is no token endpoint at the authorisation server; it must be the address that ends in /auth",
            )),
            (None, Some(500)) => self.failure(error),
            _ => error,
        }
    }

    /// A failure of the server itself. An unknown tenant is answered so, without a reason (observed by one public
    /// client); an outage mostly gives one.
    fn failure(&self, error: Error) -> Error {
        let body = error.body().unwrap_or_default().as_bytes();
        let details = HaloErrors.decode(StatusCode::INTERNAL_SERVER_ERROR, &HeaderMap::new(), body);
        match &self.tenant {
            Some(tenant) if matches!(details.code.as_deref(), Some("empty" | "html")) => error.with_details(
                ErrorDetails::new()
                    .with_code("tenant_unknown")
                    .with_message(format!(
                        "the authorisation server fails without a reason, which is how it answers an unknown \
                         tenant; check the tenant `{tenant}`"
                    ))
                    .with_refusal(Refusal::Authentication),
            ),
            _ => error.with_details(details),
        }
    }
}

#[async_trait]
impl TokenSource for HaloTokens {
    async fn fetch(&self, exchange: &Exchange<'_>) -> Result<Token, Error> {
        self.grant.fetch(exchange).await.map_err(|error| self.explain(error))
    }

    fn secrets(&self) -> Vec<SecretString> {
        self.grant.secrets()
    }
}
