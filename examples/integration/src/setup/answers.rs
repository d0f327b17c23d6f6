//! Answers by question: from a file of somebody who cannot be asked, or from a setup that stopped before its end.
//!
//! Both are TOML; `halo.tenant = "example"` and `[halo]` with `tenant = "example"` are the same answer.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use toml_edit::{DocumentMut, Item, Value};

use crate::exit::Failure;

/// Answers by question. Choices of several are lists; yes and no are words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Answers {
    by_id: BTreeMap<String, Vec<String>>,
    used: BTreeSet<String>,
}

impl Answers {
    /// Reads a file of answers.
    ///
    /// # Errors
    /// [`Exit::Configuration`](crate::exit::Exit::Configuration) for a file that cannot be read, is no TOML, or holds
    /// what looks like a secret.
    pub(super) fn load(path: &Path) -> Result<Self, Failure> {
        let wrong = |code, what: &str, way_out: &str| {
            Failure::configuration(code, format!("the answers {} {what}", path.display()), way_out)
        };
        let text = std::fs::read_to_string(path).map_err(|error| {
            wrong("answers_unreadable", "cannot be read", "name a text file in TOML").with_source(error)
        })?;
        let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
            // Only the parser's own words: its Display repeats the line, which may hold anything.
            let reason = format!("are not valid TOML ({})", error.message().trim());
            wrong("answers_not_toml", &reason, "correct the line")
        })?;
        let mut answers = Answers::default();
        for (key, item) in document.iter() {
            answers.flatten(key, item);
        }
        let secret = answers.by_id.keys().find(|id| is_secret(id));
        if secret.is_some() {
            return Err(wrong(
                "answers_hold_secret",
                "hold a secret",
                "take it out, change it where it was made, and set HALO_HIT_HALO_SECRET and HALO_HIT_HIT_KEY",
            ));
        }
        Ok(answers)
    }

    fn flatten(&mut self, id: &str, item: &Item) {
        if let Some(table) = item.as_table_like() {
            for (key, item) in table.iter() {
                self.flatten(&format!("{id}.{key}"), item);
            }
        } else if let Some(list) = item.as_array() {
            self.put(id, list.iter().map(word).collect());
        } else if let Some(value) = item.as_value() {
            self.put(id, vec![word(value)]);
        }
    }

    /// Writes the answers to a file that only this user may read, replacing it as a whole.
    ///
    /// # Errors
    /// Those of the file system.
    pub(super) fn save(&self, path: &Path) -> std::io::Result<()> {
        let mut document = DocumentMut::new();
        document
            .decor_mut()
            .set_prefix("# Answers of a `halo-hit setup` that is not finished. No secrets.\n");
        for (id, values) in &self.by_id {
            let value = match values.as_slice() {
                [one] => Value::from(one.as_str()),
                several => Value::Array(several.iter().map(String::as_str).collect()),
            };
            document.insert(id, Item::Value(value));
        }
        super::write::replace(path, &document.to_string())
    }

    pub(super) fn put(&mut self, id: &str, values: Vec<String>) {
        self.by_id.insert(id.to_owned(), values);
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.by_id.remove(id);
    }

    /// The answer to a question, noting that it was asked.
    pub(super) fn take(&mut self, id: &str) -> Option<Vec<String>> {
        let found = self.by_id.get(id).cloned();
        if found.is_some() {
            self.used.insert(id.to_owned());
        }
        found
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Answers to questions that nobody asked.
    pub(super) fn unused(&self) -> Vec<&str> {
        self.by_id.keys().map(String::as_str).filter(|id| !self.used.contains(*id)).collect()
    }
}

/// A key that would hold a secret.
fn is_secret(id: &str) -> bool {
    let last = id.rsplit('.').next().unwrap_or(id).to_lowercase();
    ["secret", "client_secret", "api_key", "key", "password", "token"].contains(&last.as_str())
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.value().clone(),
        Value::Boolean(flag) => if *flag.value() { "yes" } else { "no" }.to_owned(),
        other => other.to_string().trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Answers, Failure> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("answers.toml");
        std::fs::write(&path, text).unwrap();
        Answers::load(&path)
    }

    #[test]
    fn tables_and_dotted_keys_are_the_same_answer() {
        let mut nested =
            load("[halo]\ntenant = 'a'\n[opportunity]\nfollowed = [21, 'Renewal']\nuse = true").unwrap();
        assert_eq!(nested.take("halo.tenant"), Some(vec!["a".to_owned()]));
        assert_eq!(nested.take("opportunity.followed"), Some(vec!["21".to_owned(), "Renewal".to_owned()]));
        assert_eq!(nested.take("opportunity.use"), Some(vec!["yes".to_owned()]));
        assert!(nested.unused().is_empty());
        let mut dotted = load("halo.tenant = 'a'").unwrap();
        assert_eq!(dotted.unused(), ["halo.tenant"]);
        assert_eq!(dotted.take("halo.tenant"), nested.take("halo.tenant"));
    }

    #[test]
    fn what_was_kept_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept");
        let mut answers = Answers::default();
        answers.put("halo.tenant", vec!["a \"b\"".into()]);
        answers.put("validation.clients", vec!["cl_1".into(), "cl_2".into()]);
        answers.put("opportunity.followed", Vec::new());
        answers.save(&path).unwrap();
        let mut read = Answers::load(&path).unwrap();
        for id in ["halo.tenant", "validation.clients", "opportunity.followed"] {
            assert_eq!(read.take(id), answers.take(id), "{id}");
        }
    }

    #[test]
    fn secrets_are_refused_and_not_repeated() {
        for text in ["halo.secret = 'canary-1f'", "[hit]\napi_key = 'canary-1f'", "halo.tenant = 'canary-1f"]
        {
            let failure = load(text).unwrap_err();
            assert!(!format!("{failure} {failure:?}").contains("canary-1f"), "{failure}");
        }
    }
}
