//! Reading one TOML file by hand, so that every complaint names the key, the line and the way out.

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::words;
use crate::exit::Failure;

/// The file being read.
#[derive(Debug)]
pub(super) struct Source<'a> {
    pub(super) name: String,
    pub(super) text: &'a str,
    /// Keys that were asked for and are not in the file: what the example must mention.
    pub(super) absent: RefCell<Vec<String>>,
}

impl Source<'_> {
    fn line(&self, at: usize) -> usize {
        self.text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
    }
}

/// One table of the file, or the place where it would be.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    source: Rc<Source<'a>>,
    path: String,
    table: Option<&'a DeTable<'a>>,
    known: Vec<String>,
}

/// One value of the file, with the place it stands.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    source: Rc<Source<'a>>,
    pub(super) key: String,
    pub(super) path: String,
    value: &'a Spanned<DeValue<'a>>,
}

type Read<T> = Result<T, Failure>;

impl<'a> Reader<'a> {
    pub(super) fn new(source: Rc<Source<'a>>, table: &'a DeTable<'a>) -> Self {
        Reader { source, path: String::new(), table: Some(table), known: Vec::new() }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// The value of a key, noting that the key is known.
    pub(super) fn get(&mut self, key: &str) -> Option<Entry<'a>> {
        self.known.push(key.to_owned());
        let found = self.table.and_then(|table| table.iter().find(|(name, _)| name.get_ref() == key));
        match found {
            Some((_, value)) => Some(Entry {
                source: Rc::clone(&self.source),
                key: key.to_owned(),
                path: self.path_of(key),
                value,
            }),
            None => {
                self.source.absent.borrow_mut().push(self.path_of(key));
                None
            }
        }
    }

    /// A table below this one; an absent one reads as empty.
    pub(super) fn section(&mut self, key: &str) -> Read<Reader<'a>> {
        let table = match self.get(key) {
            Some(entry) => Some(entry.table()?),
            None => None,
        };
        Ok(Reader { source: Rc::clone(&self.source), path: self.path_of(key), table, known: Vec::new() })
    }

    /// All entries, for tables whose keys are ids.
    pub(super) fn entries(&mut self) -> Vec<Entry<'a>> {
        let table = self.table.map(|table| table.iter().collect::<Vec<_>>()).unwrap_or_default();
        table
            .into_iter()
            .map(|(name, value)| {
                let key = name.get_ref().to_string();
                self.known.push(key.clone());
                Entry { source: Rc::clone(&self.source), path: self.path_of(&key), key, value }
            })
            .collect()
    }

    /// Refuses keys that nobody asked for.
    pub(super) fn finish(self) -> Read<()> {
        let Some(table) = self.table else { return Ok(()) };
        let unknown = table.iter().find(|(name, _)| !self.known.iter().any(|known| known == name.get_ref()));
        unknown.map_or(Ok(()), |(name, _)| Err(self.unknown(name)))
    }

    /// The complaint about a key that looks like `key` written wrongly.
    fn misspelt(&self, key: &str) -> Option<Failure> {
        let meant = [key.to_owned()];
        let (name, _) = self.table?.iter().find(|(name, _)| {
            words::nearest(name.get_ref(), &meant).is_some()
                && !self.known.iter().any(|known| known == name.get_ref())
        })?;
        Some(self.unknown(name))
    }

    fn unknown(&self, name: &Spanned<toml::de::DeString<'_>>) -> Failure {
        let key = name.get_ref();
        let line = self.source.line(name.span().start);
        let place = format!("{} in {} (line {line})", self.path_of(key), self.source.name);
        let way_out = match words::nearest(key, &self.known) {
            Some(near) => format!("did you mean {:?}", self.path_of(near)),
            None if self.known.is_empty() => "remove it".to_owned(),
            None => format!("remove it; known here are {}", self.known.join(", ")),
        };
        Failure::configuration("unknown_key", format!("{place} is no key of halo-hit"), way_out)
    }

    /// A text that must be there.
    pub(super) fn need(&mut self, key: &str, code: &'static str, way_out: &str) -> Read<Entry<'a>> {
        let place = format!("{} is missing in {}", self.path_of(key), self.source.name);
        let Some(entry) = self.get(key) else {
            // A slip of the pen is the likelier story, if there is one.
            return Err(self.misspelt(key).unwrap_or_else(|| Failure::configuration(code, place, way_out)));
        };
        if entry.text()?.trim().is_empty() {
            return Err(entry.wrong(code, "is empty", way_out));
        }
        Ok(entry)
    }

    pub(super) fn text(&mut self, key: &str) -> Read<Option<String>> {
        self.get(key).map(|entry| entry.text().map(str::to_owned)).transpose()
    }

    pub(super) fn flag(&mut self, key: &str, default: bool) -> Read<bool> {
        self.get(key).map_or(Ok(default), |entry| entry.flag())
    }

    pub(super) fn number(&mut self, key: &str, default: u32, least: u32, most: u32) -> Read<u32> {
        let Some(entry) = self.get(key) else { return Ok(default) };
        let range = format!("write a whole number from {least} to {most}");
        u32::try_from(entry.whole()?)
            .ok()
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| entry.wrong("number_out_of_range", "is out of range", &range))
    }

    pub(super) fn duration(&mut self, key: &str, default: Duration) -> Read<Duration> {
        let Some(entry) = self.get(key) else { return Ok(default) };
        words::duration(entry.text()?).ok_or_else(|| {
            entry.wrong(
                "duration_unreadable",
                "is no duration",
                "write a whole number with its unit: \"250ms\", \"30s\", \"15m\" or \"24h\"",
            )
        })
    }

    /// A Halo id.
    pub(super) fn id(&mut self, key: &str) -> Read<Option<i64>> {
        self.get(key).map(|entry| entry.id()).transpose()
    }

    pub(super) fn texts(&mut self, key: &str) -> Read<Option<Vec<String>>> {
        let Some(entry) = self.get(key) else { return Ok(None) };
        entry.list()?.iter().map(|entry| entry.text().map(str::to_owned)).collect::<Read<_>>().map(Some)
    }

    pub(super) fn ids(&mut self, key: &str) -> Read<Vec<i64>> {
        let Some(entry) = self.get(key) else { return Ok(Vec::new()) };
        entry.list()?.iter().map(Entry::id).collect()
    }
}

impl<'a> Entry<'a> {
    /// A complaint about this value.
    pub(super) fn wrong(&self, code: &'static str, what: impl Display, way_out: &str) -> Failure {
        Failure::configuration(code, format!("{} {what}", self.place()), way_out)
    }

    /// Where it stands.
    pub(super) fn place(&self) -> String {
        let line = self.source.line(self.value.span().start);
        format!("{} in {} (line {line})", self.path, self.source.name)
    }

    fn wrong_kind(&self, wanted: &str) -> Failure {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.wrong("value_of_wrong_kind", format_args!("is {found}"), &format!("write {wanted}"))
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.get_ref().is_table()
    }

    pub(super) fn is_text(&self) -> bool {
        self.value.get_ref().is_str()
    }

    fn table(&self) -> Read<&'a DeTable<'a>> {
        self.value.get_ref().as_table().ok_or_else(|| self.wrong_kind("a table"))
    }

    /// This value as a table to read.
    pub(super) fn reader(&self) -> Read<Reader<'a>> {
        let table = Some(self.table()?);
        Ok(Reader { source: Rc::clone(&self.source), path: self.path.clone(), table, known: Vec::new() })
    }

    pub(super) fn text(&self) -> Read<&'a str> {
        self.value.get_ref().as_str().ok_or_else(|| self.wrong_kind("a text in quotation marks"))
    }

    pub(super) fn flag(&self) -> Read<bool> {
        self.value.get_ref().as_bool().ok_or_else(|| self.wrong_kind("true or false"))
    }

    pub(super) fn whole(&self) -> Read<i64> {
        let number = self.value.get_ref().as_integer().ok_or_else(|| self.wrong_kind("a whole number"))?;
        i64::from_str_radix(number.as_str(), number.radix())
            .map_err(|_| self.wrong("number_out_of_range", "is out of range", "write a smaller number"))
    }

    /// A Halo id: a whole number. 0 and less are Halo's words for "none" and "all".
    pub(super) fn id(&self) -> Read<i64> {
        let id = self.whole()?;
        if id > 0 {
            Ok(id)
        } else {
            Err(self.wrong("id_out_of_range", "is no id", "write the number that Halo shows for it"))
        }
    }

    fn list(&self) -> Read<Vec<Entry<'a>>> {
        let list = self.value.get_ref().as_array().ok_or_else(|| self.wrong_kind("a list in brackets"))?;
        Ok(list
            .iter()
            .enumerate()
            .map(|(index, value)| Entry {
                source: Rc::clone(&self.source),
                key: index.to_string(),
                path: format!("{}[{index}]", self.path),
                value,
            })
            .collect())
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Read<T> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let known: Vec<String> = words.iter().map(|(word, _)| (*word).to_owned()).collect();
        let way_out = match words::nearest(text, &known) {
            Some(near) => format!("did you mean {near:?}"),
            None => format!("write one of {}", words::quoted(&known)),
        };
        Err(self.wrong("word_unknown", format_args!("is {text:?}, which means nothing here"), &way_out))
    }

    /// The value as JSON text, for fields whose meaning only Halo knows.
    pub(super) fn json(&self) -> Read<String> {
        json(self.value.get_ref()).ok_or_else(|| {
            self.wrong(
                "value_not_json",
                "has no counterpart in JSON",
                "write a text, a number, true or false, a list or a table",
            )
        })
    }
}

fn json(value: &DeValue<'_>) -> Option<String> {
    let text = |text: &str| serde_json::to_string(text).ok();
    match value {
        DeValue::String(value) => text(value),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(|number| number.to_string())
        }
        // Its own text: a float would change the digits.
        DeValue::Float(number) => {
            let digits = number.as_str();
            serde_json::from_str::<serde_json::Number>(digits).ok().map(|_| digits.to_owned())
        }
        DeValue::Boolean(value) => Some(value.to_string()),
        DeValue::Datetime(date) => text(&date.to_string()),
        DeValue::Array(list) => {
            let parts = list.iter().map(|value| json(value.get_ref())).collect::<Option<Vec<_>>>()?;
            Some(format!("[{}]", parts.join(",")))
        }
        DeValue::Table(table) => {
            let parts = table
                .iter()
                .map(|(name, value)| Some(format!("{}:{}", text(name.get_ref())?, json(value.get_ref())?)))
                .collect::<Option<Vec<_>>>()?;
            Some(format!("{{{}}}", parts.join(",")))
        }
    }
}
