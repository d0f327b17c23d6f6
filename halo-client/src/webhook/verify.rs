//! Who sent a delivery.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Base64 with the standard alphabet, as observed by a public client in production.
    #[default]
    Base64,
    /// Hexadecimal digits of either case.
    Hex,
}

/// The hash under a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Hash {
    /// SHA-256, as observed by a public client in production.
    #[default]
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Checks that a delivery was sent by someone who knows the secret. All comparisons take constant time.
///
/// `Debug` shows no secret.
pub struct Verifier(Kind);

enum Kind {
    Hmac { header: HeaderName, secret: SecretString, prefix: String, encoding: Encoding, hash: Hash },
    Basic { expected: SecretString },
    Shared { header: HeaderName, secret: SecretString },
    Either(Box<(Verifier, Verifier)>),
}

/// A verifier cannot be made of this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifierError {
    /// The header's name holds characters that no header may hold.
    HeaderName,
    /// The secret is empty, so that anyone could sign.
    EmptySecret,
}

impl fmt::Display for VerifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeaderName => "this is no name of a header",
            Self::EmptySecret => "the secret is empty",
        })
    }
}

impl std::error::Error for VerifierError {}

/// Why a delivery was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unverified {
    /// The header that should carry the proof is missing, or there more than once.
    Missing,
    /// The header is there but cannot be read.
    Malformed,
    /// The proof is wrong.
    Wrong,
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "the delivery carries no proof of its sender",
            Self::Malformed => "the delivery's proof cannot be read",
            Self::Wrong => "the delivery's proof is wrong",
        })
    }
}

impl std::error::Error for Unverified {}

fn header_name(name: &str) -> Result<HeaderName, VerifierError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| VerifierError::HeaderName)
}

fn secret(text: impl Into<SecretString>) -> Result<SecretString, VerifierError> {
    let secret = text.into();
    if secret.expose_secret().is_empty() { Err(VerifierError::EmptySecret) } else { Ok(secret) }
}

impl Verifier {
    /// For webhooks with authentication type 3: the header that the webhook names in `authentication_header`
    /// holds the Base64 of the HMAC-SHA256 of the body; the key is the webhook's `basic_password`.
    /// (Observed by a public client in production; Halo's document does not say.)
    ///
    /// # Errors
    /// A bad header name or an empty secret.
    pub fn hmac(header: &str, key: impl Into<SecretString>) -> Result<Self, VerifierError> {
        let (header, secret) = (header_name(header)?, secret(key)?);
        Ok(Self(Kind::Hmac {
            header,
            secret,
            prefix: String::new(),
            encoding: Encoding::default(),
            hash: Hash::default(),
        }))
    }

    /// The text in front of the signature, if the webhook sets `signature_prefix`. Only for HMAC.
    #[must_use]
    pub fn with_prefix(mut self, text: impl Into<String>) -> Self {
        if let Kind::Hmac { prefix, .. } = &mut self.0 {
            *prefix = text.into();
        }
        self
    }

    /// How the signature is written. Only for HMAC.
    #[must_use]
    pub fn with_encoding(mut self, how: Encoding) -> Self {
        if let Kind::Hmac { encoding, .. } = &mut self.0 {
            *encoding = how;
        }
        self
    }

    /// The hash under the signature. Only for HMAC.
    #[must_use]
    pub fn with_hash(mut self, which: Hash) -> Self {
        if let Kind::Hmac { hash, .. } = &mut self.0 {
            *hash = which;
        }
        self
    }

    /// Also takes what the other verifier takes, for the time in which a secret is changed.
    #[must_use]
    pub fn or(self, other: Verifier) -> Self {
        Self(Kind::Either(Box::new((self, other))))
    }

    /// For webhooks with authentication type 1: a user name and a password.
    ///
    /// # Errors
    /// An empty password.
    pub fn basic(username: &str, password: impl Into<SecretString>) -> Result<Self, VerifierError> {
        let password = secret(password)?;
        let pair = format!("{username}:{}", password.expose_secret());
        Ok(Self(Kind::Basic { expected: STANDARD.encode(pair).into() }))
    }

    /// For webhooks with authentication type 2: `Authorization: Bearer` with this token.
    ///
    /// # Errors
    /// An empty token.
    pub fn bearer(token: impl Into<SecretString>) -> Result<Self, VerifierError> {
        let expected = format!("Bearer {}", secret(token)?.expose_secret()).into();
        Ok(Self(Kind::Shared { header: AUTHORIZATION, secret: expected }))
    }

    /// For a secret that stands in a header as it is.
    ///
    /// # Errors
    /// A bad header name or an empty secret.
    pub fn shared_header(header: &str, value: impl Into<SecretString>) -> Result<Self, VerifierError> {
        let (header, secret) = (header_name(header)?, secret(value)?);
        Ok(Self(Kind::Shared { header, secret }))
    }

    /// Checks a delivery. `body` must be the bytes as they came, before any parsing.
    ///
    /// # Errors
    /// Why it is refused. Answer 401 and do nothing else.
    pub fn verify(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Unverified> {
        match &self.0 {
            Kind::Hmac { header, secret, prefix, encoding, hash } => {
                let given = one(headers, header)?;
                let given = given.strip_prefix(prefix.as_str()).ok_or(Unverified::Malformed)?.trim();
                let signature = match encoding {
                    Encoding::Base64 => STANDARD.decode(given).map_err(|_| Unverified::Malformed)?,
                    Encoding::Hex => hex(given).ok_or(Unverified::Malformed)?,
                };
                let key = secret.expose_secret().as_bytes();
                match hash {
                    Hash::Sha256 => signed::<Hmac<Sha256>>(key, body, &signature),
                    Hash::Sha384 => signed::<Hmac<Sha384>>(key, body, &signature),
                    Hash::Sha512 => signed::<Hmac<Sha512>>(key, body, &signature),
                }
            }
            Kind::Basic { expected } => {
                let given = one(headers, &AUTHORIZATION)?;
                let (scheme, given) = given.split_once(' ').ok_or(Unverified::Malformed)?;
                if !scheme.eq_ignore_ascii_case("basic") {
                    return Err(Unverified::Malformed);
                }
                same(given.trim(), expected)
            }
            Kind::Shared { header, secret } => same(one(headers, header)?, secret),
            Kind::Either(both) => both.0.verify(headers, body).or_else(|_| both.1.verify(headers, body)),
        }
    }
}

fn signed<M: KeyInit + Mac>(key: &[u8], body: &[u8], signature: &[u8]) -> Result<(), Unverified> {
    // An HMAC takes keys of any length, so the error cannot occur.
    let mut mac = <M as KeyInit>::new_from_slice(key).map_err(|_| Unverified::Wrong)?;
    mac.update(body);
    mac.verify_slice(signature).map_err(|_| Unverified::Wrong)
}

fn one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str, Unverified> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().map_err(|_| Unverified::Malformed),
        _ => Err(Unverified::Missing),
    }
}

fn same(given: &str, expected: &SecretString) -> Result<(), Unverified> {
    let equal = given.as_bytes().ct_eq(expected.expose_secret().as_bytes());
    if bool::from(equal) { Ok(()) } else { Err(Unverified::Wrong) }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None })
        .collect()
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Hmac { header, encoding, hash, .. } => {
                write!(f, "Verifier(HMAC {hash:?} in {header}, {encoding:?})")
            }
            Kind::Basic { .. } => f.write_str("Verifier(basic)"),
            Kind::Shared { header, .. } => write!(f, "Verifier(secret in {header})"),
            Kind::Either(both) => write!(f, "{:?} or {:?}", both.0, both.1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header value"));
        headers
    }

    // RFC 4231, test case 2.
    const KEY: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const HEX: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const BASE64: &str = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM=";

    #[test]
    fn hmac_is_checked_against_a_published_vector() {
        let verifier = Verifier::hmac("Token", KEY).expect("a verifier");
        assert_eq!(verifier.verify(&headers("token", BASE64), BODY), Ok(()));
        assert_eq!(verifier.verify(&headers("token", BASE64), b"other"), Err(Unverified::Wrong));
        assert_eq!(verifier.verify(&headers("token", "W9zB"), BODY), Err(Unverified::Wrong));
        assert_eq!(verifier.verify(&headers("token", "???"), BODY), Err(Unverified::Malformed));
        assert_eq!(verifier.verify(&headers("other", BASE64), BODY), Err(Unverified::Missing));
        let mut twice = headers("token", BASE64);
        twice.append("token", "x".parse().expect("a header value"));
        assert_eq!(verifier.verify(&twice, BODY), Err(Unverified::Missing));
    }

    #[test]
    fn hmac_with_prefix_and_hex() {
        let verifier = Verifier::hmac("x-signature", KEY).expect("a verifier");
        let verifier = verifier.with_prefix("sha256=").with_encoding(Encoding::Hex);
        assert_eq!(verifier.verify(&headers("x-signature", &format!("sha256={HEX}")), BODY), Ok(()));
        assert_eq!(verifier.verify(&headers("x-signature", HEX), BODY), Err(Unverified::Malformed));
        assert_eq!(verifier.verify(&headers("x-signature", "sha256=5b5"), BODY), Err(Unverified::Malformed));
    }

    #[test]
    fn hmac_with_other_hashes() {
        // RFC 4231, test case 2.
        let vectors = [
            (
                Hash::Sha384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
            ),
            (
                Hash::Sha512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ];
        for (hash, hex) in vectors {
            let verifier = Verifier::hmac("t", KEY).expect("a verifier");
            let verifier = verifier.with_encoding(Encoding::Hex).with_hash(hash);
            assert_eq!(verifier.verify(&headers("t", hex), BODY), Ok(()), "{hash:?}");
            assert_eq!(verifier.verify(&headers("t", HEX), BODY), Err(Unverified::Wrong), "{hash:?}");
        }
    }

    #[test]
    fn two_secrets_are_taken_while_one_replaces_the_other() {
        let both =
            Verifier::bearer("old").expect("a verifier").or(Verifier::bearer("new").expect("a verifier"));
        for (token, expected) in [("old", Ok(())), ("new", Ok(())), ("other", Err(Unverified::Wrong))] {
            assert_eq!(both.verify(&headers("authorization", &format!("Bearer {token}")), b""), expected);
        }
    }

    #[test]
    fn basic_and_shared_header() {
        let basic = Verifier::basic("halo", "pass").expect("a verifier");
        assert_eq!(basic.verify(&headers("authorization", "Basic aGFsbzpwYXNz"), b""), Ok(()));
        assert_eq!(
            basic.verify(&headers("authorization", "Basic aGFsbzpwYXN0"), b""),
            Err(Unverified::Wrong)
        );
        assert_eq!(basic.verify(&headers("authorization", "Bearer x"), b""), Err(Unverified::Malformed));
        let shared = Verifier::shared_header("x-key", "k").expect("a verifier");
        assert_eq!(shared.verify(&headers("x-key", "k"), b""), Ok(()));
        assert_eq!(shared.verify(&headers("x-key", "kk"), b""), Err(Unverified::Wrong));
        assert_eq!(Verifier::shared_header("x-key", "").err(), Some(VerifierError::EmptySecret));
    }

    #[test]
    fn debug_shows_no_secret() {
        for verifier in [Verifier::hmac("h", "hunter2"), Verifier::basic("u", "hunter2")] {
            assert!(!format!("{:?}", verifier.expect("a verifier")).contains("hunter2"));
        }
    }
}
