//! What the two systems answer when something is wrong with the connection, as failures with a way out.
//!
//! These are the failures of a first contact. What goes wrong with single records later is the engine's to handle.

use rest_core::Error;

use crate::config::Config;
use crate::exit::{Exit, Failure};

/// A failed call to Halo.
#[must_use]
pub fn halo_failure(error: &Error, config: &Config) -> Failure {
    let halo = &config.halo;
    let host = halo.authorisation_server.host_str().unwrap_or_default().to_owned();
    let code = error.code().unwrap_or_default();
    let (exit, code, what, way_out): (Exit, &'static str, String, String) = match code {
        "tenant_unknown" => (
            Exit::Address,
            "tenant_unknown",
            format!("{host} knows no tenant {:?}", halo.tenant.as_deref().unwrap_or_default()),
            "copy Tenant from Configuration > Integrations > HaloPSA API into halo.tenant".into(),
        ),
        "authorisation_server_not_found" => (
            Exit::Address,
            "authorisation_server_not_found",
            format!("there is no authorisation server at {}", halo.authorisation_server),
            "copy Authorisation Server from Configuration > Integrations > HaloPSA API into \
             halo.authorisation_server"
                .into(),
        ),
        "invalid_scope" => (
            Exit::Credentials,
            "scope_missing",
            format!("Halo refuses the scopes {}", halo.scopes.join(" ")),
            "tick them on the Permissions tab of the API application, or remove them from halo.scopes".into(),
        ),
        mistaken if error.is_configuration() && mistaken.contains("_server_") => {
            (Exit::Address, "address_mistaken", error.message().to_owned(), "correct it in the configuration".into())
        }
        _ if error.is_authentication() || code == "invalid_client" => (
            Exit::Credentials,
            "credentials_refused",
            format!("Halo refuses the client id {} with its secret", halo.client_id),
            "copy both from the API application again; the client id may have changed after its permissions were set"
                .into(),
        ),
        _ => return common(error, "Halo", "halo.resource_server", halo.resource_server.as_str()),
    };
    Failure::new(exit, code, what, way_out).with_source(error.clone())
}

/// A failed call to HumanizeIT.
#[must_use]
pub fn hit_failure(error: &Error, config: &Config) -> Failure {
    if error.is_authentication() {
        return Failure::new(
            Exit::Credentials,
            "hit_credentials_refused",
            "HumanizeIT refuses the API key",
            "make a new key in HumanizeIT and set HALO_HIT_HIT_KEY",
        )
        .with_source(error.clone());
    }
    common(error, "HumanizeIT", "hit.base_url", config.hit.base_url.as_str())
}

fn common(error: &Error, system: &str, key: &str, address: &str) -> Failure {
    let check = format!("check {key}, which is {address}");
    let (exit, code, what, way_out) = if error.is_connect() {
        (
            Exit::Address,
            "unreachable",
            format!("{system} cannot be reached"),
            format!("{check}, and the network"),
        )
    } else if error.is_redirect() {
        (Exit::Address, "redirected", format!("{system}'s address leads elsewhere"), check)
    } else if error.is_not_found() || error.code() == Some("html") && !error.is_server() {
        // A page where data was expected; that of a proxy whose server is down says nothing about the address.
        (
            Exit::Address,
            "nothing_there",
            format!("{system} answers that there is nothing at this address"),
            check,
        )
    } else if error.is_permission() {
        let way_out = "`halo-hit check` tells which right or scope is missing".to_owned();
        (Exit::Credentials, "not_allowed", format!("{system} does not allow a request"), way_out)
    } else if error.is_throttled() {
        let way_out = "wait a minute and run the command again, or lower the rate_limit".to_owned();
        (Exit::Other, "throttled", format!("{system} refuses for too many requests"), way_out)
    } else if error.is_configuration() {
        let way_out = "correct it in the configuration".to_owned();
        (Exit::Configuration, "client_misconfigured", error.message().to_owned(), way_out)
    } else if error.is_timeout() || error.is_server() {
        let way_out = "run the command again later; it goes on where it stopped".to_owned();
        (Exit::Other, "not_answering", format!("{system} does not answer as it should"), way_out)
    } else {
        let way_out = "see the cause; it goes on where it stopped when run again".to_owned();
        (Exit::Other, "request_failed", format!("a request to {system} failed"), way_out)
    };
    Failure::new(exit, code, what, way_out).with_source(error.clone())
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use rest_core::error::{ErrorDetails, ErrorKind};

    use super::*;

    #[test]
    fn a_page_of_a_proxy_whose_server_is_down_is_an_outage_and_no_wrong_address() {
        let page = |status| {
            Error::new(ErrorKind::Status, "a page")
                .with_status(StatusCode::from_u16(status).unwrap())
                .with_details(ErrorDetails::new().with_code("html"))
        };
        for status in [404, 200] {
            let failure = common(&page(status), "Halo", "halo.resource_server", "https://halo.example/api");
            assert_eq!((failure.exit(), failure.code()), (Exit::Address, "nothing_there"), "{status}");
        }
        for status in [502, 503, 504, 520, 521, 522, 523, 524] {
            let failure = common(&page(status), "Halo", "halo.resource_server", "https://halo.example/api");
            assert_eq!((failure.exit(), failure.code()), (Exit::Other, "not_answering"), "{status}");
        }
    }
}
