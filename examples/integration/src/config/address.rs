//! URLs: read, and compared with the shape that Halo's have. Wrong ones are refused before any request.

use std::net::IpAddr;

use url::{Host, Url};

use super::Config;
use super::reader::{Entry, Reader};
use crate::exit::{Exit, Failure};

/// Reads a URL that may carry credentials' traffic.
pub(super) fn read(section: &mut Reader<'_>, key: &str, way_out: &str) -> Result<Url, Failure> {
    let entry = section.need(key, "address_missing", way_out)?;
    parse(&entry)
}

/// The same for an address that may be left out.
pub(super) fn read_if_there(section: &mut Reader<'_>, key: &str) -> Result<Option<Url>, Failure> {
    section.get(key).map(|entry| parse(&entry)).transpose()
}

fn parse(entry: &Entry<'_>) -> Result<Url, Failure> {
    let text = entry.text()?.trim();
    let url = Url::parse(text).map_err(|error| {
        let example = "write it in full, with https:// in front";
        wrong(entry, "address_unreadable", format!("is {text:?}, which is no URL"), example)
            .with_source(error)
    })?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(wrong(entry, "address_not_http", "is no web address", "write it with https:// in front"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        let way_out = "remove them; secrets come from the environment";
        return Err(wrong(entry, "address_with_credentials", "holds credentials", way_out));
    }
    if url.query().is_some() || url.fragment().is_some() {
        let way_out = "write the address up to the ? or # alone; the tenant has a key of its own";
        return Err(wrong(entry, "address_with_query", "has something behind its path", way_out));
    }
    if url.scheme() == "http" && !is_this_machine(&url) {
        let host = url.host_str().unwrap_or_default();
        return Err(wrong(
            entry,
            "address_without_tls",
            format!("would send credentials to {host} unprotected"),
            "write https:// in place of http://",
        ));
    }
    Ok(url)
}

/// A wrong URL has the exit code of its own class, not that of the configuration.
fn wrong(entry: &Entry<'_>, code: &'static str, what: impl Into<String>, way_out: &str) -> Failure {
    Failure::new(Exit::Address, code, format!("{} {}", entry.place(), what.into()), way_out)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

fn segments(url: &Url) -> Vec<String> {
    let parts = url.path_segments().map(|parts| parts.map(str::to_ascii_lowercase).collect::<Vec<_>>());
    parts.unwrap_or_default().into_iter().filter(|part| !part.is_empty()).collect()
}

/// The same address with another path.
fn with_path(url: &Url, path: &str) -> String {
    let mut url = url.clone();
    url.set_path(path);
    url.to_string()
}

/// The folder below which Halo stands: what comes before its own words. What comes after them was copied along from
/// the address of a page.
fn below(parts: &[String]) -> Vec<&str> {
    parts.iter().map(String::as_str).take_while(|part| !matches!(*part, "api" | "auth" | "token")).collect()
}

impl Config {
    /// What is wrong with the shape of Halo's two addresses, each with the address that is probably meant. Public
    /// clients of Halo agree that the resource server ends in `/api` and the authorisation server in `/auth`.
    #[must_use]
    pub fn address_problems(&self) -> Vec<Failure> {
        let mut problems = Vec::new();
        let resource = &self.halo.resource_server;
        let parts = segments(resource);
        if parts.last().map(String::as_str) != Some("api")
            || parts.iter().filter(|part| *part == "api").count() > 1
        {
            let meant = with_path(resource, &[&below(&parts)[..], &["api"]].concat().join("/"));
            let what = if parts.iter().any(|part| part == "api") {
                format!("halo.resource_server {resource} has /api in the wrong place")
            } else {
                format!("halo.resource_server {resource} lacks /api at its end")
            };
            problems.push(Failure::new(
                Exit::Address,
                "resource_server_misplaced_api",
                what,
                format!("write {meant:?}, if that is what Halo shows as Resource Server"),
            ));
        }
        let authorisation = &self.halo.authorisation_server;
        let parts = segments(authorisation);
        if parts.last().map(String::as_str) != Some("auth") || parts.iter().any(|part| part == "api") {
            let meant = with_path(authorisation, &[&below(&parts)[..], &["auth"]].concat().join("/"));
            problems.push(Failure::new(
                Exit::Address,
                "authorisation_server_missing_auth",
                format!("halo.authorisation_server {authorisation} does not end in /auth"),
                format!("write {meant:?}, if that is what Halo shows as Authorisation Server"),
            ));
        }
        problems
    }

    /// Refuses addresses that cannot be right.
    ///
    /// # Errors
    /// The first of [`address_problems`](Self::address_problems).
    pub fn check_addresses(&self) -> Result<(), Failure> {
        self.address_problems().into_iter().next().map_or(Ok(()), Err)
    }
}
