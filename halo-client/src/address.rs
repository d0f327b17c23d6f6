//! The two addresses of an instance, checked for the mistakes people make with them.
//!
//! Halo shows two: the resource server `https://TENANT/api` and the authorisation server `https://TENANT/auth`.
//! A trailing slash is harmless and dropped; everything else that looks mistaken is refused with a stable code
//! and the way out, because a guess that is wrong would send credentials somewhere else.

use rest_core::error::{ErrorDetails, Refusal};
use url::{Host, Url};

use crate::Error;

/// Which of the two addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Server {
    Resource,
    Authorisation,
}

impl Server {
    fn name(self) -> &'static str {
        match self {
            Server::Resource => "resource server",
            Server::Authorisation => "authorisation server",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Server::Resource => "resource_server",
            Server::Authorisation => "authorisation_server",
        }
    }
}

fn refuse(server: Server, problem: &str, sentence: String) -> Error {
    let code = format!("{}_{problem}", server.key());
    Error::configuration(sentence)
        .with_details(ErrorDetails::new().with_code(code).with_refusal(Refusal::Invalid))
}

/// Whether a host is this machine, where plain http is harmless.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// What both addresses must be; the trailing slash is dropped.
fn plain(server: Server, text: &str) -> Result<(Url, Vec<String>), Error> {
    let text = text.trim();
    let name = server.name();
    if !text.contains("://") {
        let problem = format!("the {name} `{text}` has no scheme; write https://{text}");
        return Err(refuse(server, "not_a_url", problem));
    }
    let Ok(mut url) = Url::parse(text) else {
        return Err(refuse(
            server,
            "not_a_url",
            format!("the {name} is not a URL; write https://HOST{}", tail(server)),
        ));
    };
    if !url.username().is_empty() || url.password().is_some() {
        let problem = format!("the {name} holds credentials; give the client id and secret separately");
        return Err(refuse(server, "holds_credentials", problem));
    }
    if url.query().is_some() || url.fragment().is_some() {
        let problem = format!("the {name} ends in a query or fragment; give the tenant separately");
        return Err(refuse(server, "has_query", problem));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => {
            url.set_scheme("https").unwrap_or_default();
            let problem = format!(
                "the {name} is plain http, which would show the secret to everyone on the way; use {url}"
            );
            return Err(refuse(server, "plain_http", problem));
        }
        other => {
            let problem = format!("the {name} has the scheme `{other}`; use https");
            return Err(refuse(server, "not_a_url", problem));
        }
    }
    let segments: Vec<String> =
        url.path().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    url.set_path(&segments.join("/"));
    Ok((url, segments))
}

fn tail(server: Server) -> &'static str {
    match server {
        Server::Resource => "/api",
        Server::Authorisation => "/auth",
    }
}

/// The address with these leading path segments and the right end, for the remedy.
fn suggestion(url: &Url, segments: &[String], server: Server) -> String {
    let mut right = url.clone();
    // What comes after Halo's own words was copied along from the address of a page.
    let kept: Vec<&str> = segments.iter().map(String::as_str).take_while(|part| !known(part)).collect();
    right.set_path(&format!("{}{}", kept.join("/"), tail(server)));
    right.to_string()
}

fn is(part: &str, word: &str) -> bool {
    part.eq_ignore_ascii_case(word)
}

fn known(part: &str) -> bool {
    is(part, "api") || is(part, "auth") || is(part, "token") || is(part, "authinfo")
}

/// Checks the resource server.
pub(crate) fn resource_server(text: &str) -> Result<Url, Error> {
    let (url, segments) = plain(Server::Resource, text)?;
    let right = suggestion(&url, &segments, Server::Resource);
    let last = segments.last().map(String::as_str);
    match last {
        Some(part) if is(part, "api") && !segments[..segments.len() - 1].iter().any(|part| known(part)) => {
            Ok(url)
        }
        _ if segments.iter().any(|part| is(part, "auth")) => {
            let problem = format!(
                "the resource server is the address of tokens; use {right} and give that one as the authorisation server"
            );
            Err(refuse(Server::Resource, "is_authorisation_server", problem))
        }
        _ if segments.iter().any(|part| is(part, "api")) => {
            let problem = format!("the resource server must end in /api and hold it once; use {right}");
            Err(refuse(Server::Resource, "misplaced_api", problem))
        }
        _ => Err(refuse(
            Server::Resource,
            "missing_api",
            format!("the resource server must end in /api; use {right}"),
        )),
    }
}

/// Checks the authorisation server.
pub(crate) fn authorisation_server(text: &str) -> Result<Url, Error> {
    let (url, segments) = plain(Server::Authorisation, text)?;
    let right = suggestion(&url, &segments, Server::Authorisation);
    let last = segments.last().map(String::as_str);
    match last {
        Some(part) if is(part, "auth") && !segments[..segments.len() - 1].iter().any(|part| known(part)) => {
            Ok(url)
        }
        Some(part) if is(part, "token") => {
            let problem = format!("the authorisation server must end in /auth, without /token; use {right}");
            Err(refuse(Server::Authorisation, "ends_in_token", problem))
        }
        _ if segments.iter().any(|part| is(part, "api")) => {
            let problem =
                format!("the authorisation server must end in /auth and not hold /api; use {right}");
            Err(refuse(Server::Authorisation, "misplaced_api", problem))
        }
        _ => {
            let problem = format!("the authorisation server must end in /auth; use {right}");
            Err(refuse(Server::Authorisation, "missing_auth", problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(text: &str) -> String {
        match resource_server(text) {
            Ok(url) => url.to_string(),
            Err(error) => format!("{} | {}", error.code().unwrap_or_default(), error.message()),
        }
    }

    fn authorisation(text: &str) -> String {
        match authorisation_server(text) {
            Ok(url) => url.to_string(),
            Err(error) => format!("{} | {}", error.code().unwrap_or_default(), error.message()),
        }
    }

    #[test]
    fn right_addresses_pass_and_lose_their_slash() {
        for (given, kept) in [
            ("https://acme.halopsa.com/api", "https://acme.halopsa.com/api"),
            (" https://acme.halopsa.com/api/ ", "https://acme.halopsa.com/api"),
            ("https://desk.example.com/halo/api//", "https://desk.example.com/halo/api"),
            ("http://127.0.0.1:8080/api", "http://127.0.0.1:8080/api"),
            ("http://[::1]:8080/api", "http://[::1]:8080/api"),
        ] {
            assert_eq!(resource(given), kept);
        }
        assert_eq!(authorisation("https://acme.halopsa.com/auth/"), "https://acme.halopsa.com/auth");
    }

    #[test]
    fn each_mistake_has_a_code_and_a_way_out() {
        for (given, code, remedy) in [
            ("https://acme.halopsa.com", "resource_server_missing_api", "use https://acme.halopsa.com/api"),
            (
                "https://acme.halopsa.com/api/v2",
                "resource_server_misplaced_api",
                "use https://acme.halopsa.com/api",
            ),
            (
                "https://acme.halopsa.com/api/api",
                "resource_server_misplaced_api",
                "use https://acme.halopsa.com/api",
            ),
            (
                "https://acme.halopsa.com/auth",
                "resource_server_is_authorisation_server",
                "use https://acme.halopsa.com/api",
            ),
            ("acme.halopsa.com/api", "resource_server_not_a_url", "write https://acme.halopsa.com/api"),
            ("http://acme.halopsa.com/api", "resource_server_plain_http", "use https://acme.halopsa.com/api"),
            (
                "https://acme.halopsa.com/api?tenant=acme",
                "resource_server_has_query",
                "give the tenant separately",
            ),
            ("https://me:pw@acme.halopsa.com/api", "resource_server_holds_credentials", "separately"),
        ] {
            let found = resource(given);
            assert!(found.starts_with(&format!("{code} | ")) && found.contains(remedy), "{given}: {found}");
        }
        for (given, code, remedy) in [
            (
                "https://acme.halopsa.com",
                "authorisation_server_missing_auth",
                "use https://acme.halopsa.com/auth",
            ),
            (
                "https://acme.halopsa.com/api",
                "authorisation_server_misplaced_api",
                "use https://acme.halopsa.com/auth",
            ),
            (
                "https://acme.halopsa.com/api/auth",
                "authorisation_server_misplaced_api",
                "use https://acme.halopsa.com/auth",
            ),
            (
                "https://acme.halopsa.com/auth/token",
                "authorisation_server_ends_in_token",
                "use https://acme.halopsa.com/auth",
            ),
            (
                "http://acme.halopsa.com/auth",
                "authorisation_server_plain_http",
                "use https://acme.halopsa.com/auth",
            ),
        ] {
            let found = authorisation(given);
            assert!(found.starts_with(&format!("{code} | ")) && found.contains(remedy), "{given}: {found}");
        }
    }

    #[test]
    fn credentials_in_an_address_are_not_repeated() {
        assert!(!resource("https://me:hunter2@acme.halopsa.com/api").contains("hunter2"));
    }
}
