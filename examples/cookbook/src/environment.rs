//! Where Halo is and how to get in, from environment variables.

use std::time::Duration;

use halo_client::secrecy::SecretString;
use halo_client::{Client, Error};

use crate::Failure;

/// Where a Halo instance is, and how to get in. `Debug` shows no secret.
///
/// | Variable | |
/// |---|---|
/// | `HALO_RESOURCE_SERVER` | such as `https://acme.halopsa.com/api` |
/// | `HALO_AUTHORISATION_SERVER` | such as `https://acme.halopsa.com/auth` |
/// | `HALO_TENANT` | the tenant; set it to nothing where the instance has none |
/// | `HALO_CLIENT_ID`, `HALO_CLIENT_SECRET` | of an application with "Client ID and Secret (Services)" |
/// | `HALO_RATE_LIMIT` | `N/SECONDS`, or `none`; the client's cautious 60 a minute if it is not set |
#[derive(Debug)]
pub struct HaloAccess {
    resource_server: String,
    authorisation_server: String,
    tenant: String,
    client_id: String,
    client_secret: SecretString,
    rate: Rate,
}

/// The limit that we keep to ourselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rate {
    /// What the client does when nothing is said.
    Default,
    None,
    Window(u32, Duration),
}

impl HaloAccess {
    /// Reads the environment.
    ///
    /// # Errors
    /// One sentence about the first variable that is missing or malformed.
    pub fn from_environment() -> Result<Self, Failure> {
        Self::read(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Failure::Usage(format!("{name} is not valid UTF-8.")))
            }
        })
    }

    /// Reads variables from anywhere, so that tests need not change the environment of their process.
    fn read(variable: impl Fn(&str) -> Result<Option<String>, Failure>) -> Result<Self, Failure> {
        let given = |name: &str, example: &str| {
            let value =
                variable(name)?.map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
            value.ok_or_else(|| Failure::Usage(format!("{name} is not set; set it to {example}.")))
        };
        let application = "that of a Halo application with the method \"Client ID and Secret (Services)\"";
        Ok(Self {
            resource_server: given("HALO_RESOURCE_SERVER", "the resource server, such as https://HOST/api")?,
            authorisation_server: given(
                "HALO_AUTHORISATION_SERVER",
                "the authorisation server, such as https://HOST/auth",
            )?,
            tenant: variable("HALO_TENANT")?.ok_or_else(|| {
                Failure::Usage(
                    "HALO_TENANT is not set; set it to the tenant's name, or to nothing if the instance has none."
                        .into(),
                )
            })?,
            client_id: given("HALO_CLIENT_ID", application)?,
            client_secret: given("HALO_CLIENT_SECRET", application)?.into(),
            rate: variable("HALO_RATE_LIMIT")?.map_or(Ok(Rate::Default), |text| rate(&text))?,
        })
    }

    /// A client for it. Nothing is sent yet.
    ///
    /// # Errors
    /// What is mistaken about the addresses; `code()` names it.
    pub fn client(self) -> Result<Client, Error> {
        let builder = Client::builder()
            .resource_server(self.resource_server)
            .authorisation_server(self.authorisation_server)
            .tenant(self.tenant)
            .credentials(self.client_id, self.client_secret);
        match self.rate {
            Rate::Default => builder,
            Rate::None => builder.no_rate_limit(),
            Rate::Window(requests, per) => builder.rate_limit(requests, per),
        }
        .build()
    }
}

/// Reads `N/SECONDS` or `none`.
fn rate(text: &str) -> Result<Rate, Failure> {
    let wrong = || {
        Failure::Usage(format!(
            "HALO_RATE_LIMIT is {text:?}; set it to N/SECONDS, such as 500/180, or to none."
        ))
    };
    let text = text.trim();
    if text.eq_ignore_ascii_case("none") {
        return Ok(Rate::None);
    }
    let (requests, seconds) = text.split_once('/').ok_or_else(wrong)?;
    match (requests.trim().parse::<u32>(), seconds.trim().parse::<u32>()) {
        (Ok(requests @ 1..), Ok(seconds @ 1..)) => {
            Ok(Rate::Window(requests, Duration::from_secs(seconds.into())))
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&str, &str); 5] = [
        ("HALO_RESOURCE_SERVER", "https://acme.halopsa.com/api"),
        ("HALO_AUTHORISATION_SERVER", "https://acme.halopsa.com/auth"),
        ("HALO_TENANT", "acme"),
        ("HALO_CLIENT_ID", "an-id"),
        ("HALO_CLIENT_SECRET", "canary-secret"),
    ];

    fn with(change: Option<(&str, Option<&str>)>) -> Result<HaloAccess, Failure> {
        HaloAccess::read(|name| {
            Ok(match change {
                Some((changed, value)) if changed == name => value.map(str::to_owned),
                _ => ALL.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
            })
        })
    }

    fn sentence(outcome: Result<HaloAccess, Failure>) -> String {
        match outcome {
            Err(Failure::Usage(sentence)) => sentence,
            other => panic!("a usage error was expected, not {other:?}"),
        }
    }

    #[test]
    fn whatever_is_missing_is_named() {
        for (name, _) in ALL {
            let sentence = sentence(with(Some((name, None))));
            assert!(sentence.starts_with(&format!("{name} is not set;")), "{sentence}");
        }
        // An instance of one's own has no tenant, and says so.
        assert!(with(Some(("HALO_TENANT", Some("")))).is_ok());
        assert!(with(Some(("HALO_CLIENT_ID", Some(" ")))).is_err());
    }

    #[test]
    fn limits_are_read() {
        let read = |text| with(Some(("HALO_RATE_LIMIT", Some(text)))).map(|access| access.rate);
        assert_eq!(with(None).expect("complete").rate, Rate::Default);
        assert_eq!(read("none").expect("valid"), Rate::None);
        assert_eq!(read("500/180").expect("valid"), Rate::Window(500, Duration::from_secs(180)));
        for wrong in ["", "500", "0/180", "500/0", "a/b", "500/180/2", "-1/5", "1.5/2"] {
            assert!(sentence(with(Some(("HALO_RATE_LIMIT", Some(wrong))))).contains("N/SECONDS"), "{wrong}");
        }
    }

    #[test]
    fn mistaken_addresses_are_refused_before_anything_is_sent() {
        let access = with(Some(("HALO_RESOURCE_SERVER", Some("https://acme.halopsa.com/auth"))));
        let error = access.expect("complete").client().expect_err("mistaken");
        assert!(matches!(Failure::from(error), Failure::Usage(_)));
    }

    #[test]
    fn debug_shows_no_secret() {
        assert!(!format!("{:?}", with(None)).contains("canary"));
    }
}
