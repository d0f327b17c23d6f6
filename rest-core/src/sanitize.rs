//! What may be shown: texts from a server, stripped of secrets, control characters and length.

use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};

/// What stands where a secret stood.
const MASK: &str = "[redacted]";

/// The longest excerpt of a body that an error keeps, in bytes.
pub(crate) const EXCERPT: usize = 2048;

/// The longest message that an error shows, in bytes.
pub(crate) const MESSAGE: usize = 400;

/// The secrets that a client knows, so that it can take them out of what servers send back.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Arc<RwLock<Known>>);

#[derive(Default)]
struct Known {
    fixed: Vec<SecretString>,
    // Tokens come and go; an answer in flight may still quote the one before.
    recent: [Option<SecretString>; 2],
}

impl Secrets {
    pub(crate) fn add(&self, secret: SecretString) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if !known.fixed.iter().any(|one| one.expose_secret() == secret.expose_secret()) {
            known.fixed.push(secret);
        }
    }

    pub(crate) fn add_token(&self, token: SecretString) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.recent.swap(0, 1);
        known.recent[0] = Some(token);
    }

    /// One line of at most `limit` bytes without control characters and secrets.
    pub(crate) fn clean(&self, text: &str, limit: usize) -> String {
        // Only what can end up in the result is looked at, with room for a secret on the border.
        let mut text = printable(cut(text, limit.saturating_mul(2).saturating_add(4096)));
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        for secret in known.fixed.iter().chain(known.recent.iter().flatten()) {
            let secret = secret.expose_secret();
            // Very short values would blank out half of every text.
            if secret.len() >= 4 && text.contains(secret) {
                text = text.replace(secret, MASK);
            }
        }
        mask_named(&mut text);
        cut(&text, limit).to_owned()
    }
}

/// The text up to `limit` bytes, on a character's border.
fn cut(text: &str, limit: usize) -> &str {
    &text[..text.floor_char_boundary(limit)]
}

/// Control characters and line breaks become single spaces.
fn printable(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for word in text.split(|c: char| c.is_control() || c.is_whitespace()).filter(|word| !word.is_empty()) {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(word);
    }
    clean
}

/// Values of parameters and members whose names promise a secret are masked even when they are unknown.
fn mask_named(text: &mut String) {
    const NAMES: [&str; 9] = [
        "access_token",
        "refresh_token",
        "id_token",
        "client_secret",
        "password",
        "api_key",
        "apikey",
        "authorization",
        "bearer ",
    ];
    let lower = text.to_ascii_lowercase();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for name in NAMES {
        for (start, _) in lower.match_indices(name) {
            let after = start + name.len();
            let trimmed = text[after..].trim_start_matches(['"', '\'', ' ', ':', '=', '\\']);
            let value = text.len() - trimmed.len();
            // "bearer abc" needs no separator; the others are only masked when something assigns a value.
            if name != "bearer " && !text[after..value].contains([':', '=']) {
                continue;
            }
            let mut end = value
                + text[value..].find(['"', '\'', '&', ',', ';', '<', '}']).unwrap_or(text.len() - value);
            if lower[value..end].starts_with("bearer ") {
                end = end.max(value + "bearer ".len());
            }
            if end > value {
                spans.push((value, end));
            }
        }
    }
    spans.sort_unstable();
    let mut result = String::with_capacity(text.len());
    let mut done = 0;
    for (start, end) in spans {
        if start >= done {
            result.push_str(&text[done..start]);
            result.push_str(MASK);
        }
        done = done.max(end);
    }
    result.push_str(&text[done..]);
    *text = result;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_secrets_and_named_ones_disappear() {
        let secrets = Secrets::default();
        secrets.add("s3cr3t-value".into());
        secrets.add_token("tok-1".into());
        secrets.add_token("tok-2".into());
        let text = "bad s3cr3t-value, tok-1, tok-2\r\n{\"access_token\": \"xyz\", \"client_secret\":\"q\"} \
                    Authorization: Bearer abc.def; password=hunter2&x=1";
        assert_eq!(
            secrets.clean(text, 1000),
            "bad [redacted], [redacted], [redacted] {\"access_token\": \"[redacted]\", \
             \"client_secret\":\"[redacted]\"} Authorization: [redacted]; password=[redacted]&x=1"
        );
    }

    #[test]
    fn words_about_secrets_are_kept() {
        let secrets = Secrets::default();
        assert_eq!(secrets.clean("the password is wrong", 100), "the password is wrong");
        assert_eq!(secrets.clean("client_secret", 100), "client_secret");
        assert_eq!(secrets.clean("ünïcode", 2), "ü");
    }
}
