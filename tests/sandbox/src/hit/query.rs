//! HIT's query parameters and cursors.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use super::values;
use crate::world::clock::{DAY, Millis};

/// Decodes percent signs (and in a query the plus sign); none when what comes out is not UTF-8.
#[must_use]
pub fn decode(text: &str, plus_is_space: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'%' => {
                let hex = [rest.next()?, rest.next()?];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).ok()?, 16).ok()?);
            }
            b'+' if plus_is_space => bytes.push(b' '),
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).ok()
}

/// A query's parameters in their order.
#[derive(Debug, Clone, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query and refuses parameters the route does not know.
    ///
    /// # Errors
    /// 400 `invalid_parameter`.
    pub fn read(text: &str, known: &[&str]) -> Result<Self, Refusal> {
        let mut all = Vec::new();
        for part in text.split('&').filter(|p| !p.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let name = decode(name, true).ok_or_else(|| Refusal::parameter(name, "It is not UTF-8."))?;
            if !known.contains(&name.as_str()) {
                return Err(Refusal::parameter(&name, "There is no such parameter."));
            }
            let value = decode(value, true).ok_or_else(|| Refusal::parameter(&name, "It is not UTF-8."))?;
            all.push((name, value));
        }
        Ok(Self(all))
    }

    fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut found = self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str());
        let first = found.next();
        if found.next().is_some() {
            return Err(Refusal::parameter(name, "It may be given once."));
        }
        Ok(first)
    }

    fn all(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect()
    }
}

/// The target an `external_reference` filter asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The system.
    pub system: String,
    /// The installation.
    pub instance: String,
    /// The kind.
    pub kind: String,
    /// The id; any when missing.
    pub id: Option<String>,
}

/// The parameters of a list.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// Only this client's.
    pub client: Option<String>,
    /// Only these statuses; all when empty.
    pub statuses: Vec<String>,
    /// Only what changed at or after this.
    pub since: Option<Millis>,
    /// Also archived records.
    pub archived: bool,
    /// Only what carries this reference.
    pub reference: Option<Target>,
    /// Where the page starts.
    pub after: Option<Vec<String>>,
    /// Rows in a page.
    pub size: usize,
    /// Fingerprint of the filters.
    fingerprint: String,
}

impl ListQuery {
    /// Reads the parameters of a list.
    ///
    /// # Errors
    /// 400 `invalid_parameter`, `invalid_cursor` or `capability_absent`.
    pub fn read(route: &str, query: &Query, references: bool, now: Millis) -> Result<Self, Refusal> {
        let mut list = Self { size: 50, ..Self::default() };
        list.client = query.one("client_id")?.map(str::to_owned);
        list.statuses = query.all("status");
        if let Some(text) = query.one("updated_since")? {
            list.since = Some(values::instant(text).ok_or_else(|| {
                Refusal::parameter(
                    "updated_since",
                    "It is RFC 3339 in UTC, with Z and up to 3 fraction digits.",
                )
            })?);
        }
        list.archived = match query.one("include_archived")? {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Refusal::parameter("include_archived", "It is true or false.")),
        };
        if let Some(text) = query.one("external_reference")? {
            if !references {
                return Err(Refusal::at(
                    400,
                    "capability_absent",
                    "external_reference",
                    "There are no external references here.",
                ));
            }
            list.reference = Some(target(text).ok_or_else(|| {
                Refusal::parameter(
                    "external_reference",
                    "It is SYSTEM/INSTANCE/KIND or SYSTEM/INSTANCE/KIND/ID.",
                )
            })?);
        }
        if let Some(text) = query.one("page_size")? {
            list.size = text
                .parse()
                .ok()
                .filter(|n| (1..=200).contains(n))
                .ok_or_else(|| Refusal::parameter("page_size", "It is a whole number from 1 to 200."))?;
        }
        let filters = format!(
            "{route}|{:?}|{:?}|{:?}|{}|{:?}",
            list.client, list.statuses, list.since, list.archived, list.reference
        );
        list.fingerprint = values::hex(&Sha256::digest(filters.as_bytes()))[..16].to_owned();
        if let Some(text) = query.one("cursor")? {
            list.after = Some(list.resume(text, now)?);
        }
        Ok(list)
    }

    /// The cursor that goes on after a position.
    #[must_use]
    pub fn cursor(&self, position: &[&str], now: Millis) -> String {
        URL_SAFE_NO_PAD.encode(json!({"p": position, "f": self.fingerprint, "t": now}).to_string())
    }

    fn resume(&self, cursor: &str, now: Millis) -> Result<Vec<String>, Refusal> {
        let bad = |why: &str| Refusal::at(400, "invalid_cursor", "cursor", why);
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad("It cannot be read."))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| bad("It cannot be read."))?;
        if value["f"].as_str() != Some(&self.fingerprint) {
            return Err(bad("It belongs to other filters."));
        }
        if !value["t"].as_i64().is_some_and(|at| (0..=DAY).contains(&(now - at))) {
            return Err(bad("It is older than 24 hours."));
        }
        let position = value["p"].as_array().ok_or_else(|| bad("It cannot be read."))?;
        Ok(position.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }

    /// Cuts a page out of rows that are in order, and says where it ends. `position` gives a row's place.
    #[must_use]
    pub fn page<'a, R>(
        &self,
        rows: Vec<R>,
        position: impl Fn(&R) -> Vec<String> + 'a,
        now: Millis,
    ) -> (Vec<R>, Option<String>) {
        let mut rest: Vec<R> = match &self.after {
            Some(after) => rows.into_iter().filter(|r| position(r) > *after).collect(),
            None => rows,
        };
        let more = rest.len() > self.size;
        rest.truncate(self.size);
        let next = match rest.last() {
            Some(last) if more => {
                let place = position(last);
                let place: Vec<&str> = place.iter().map(String::as_str).collect();
                Some(self.cursor(&place, now))
            }
            _ => None,
        };
        (rest, next)
    }
}

fn target(text: &str) -> Option<Target> {
    let mut parts = text.splitn(4, '/').map(str::to_owned);
    let (system, instance, kind) = (parts.next()?, parts.next()?, parts.next()?);
    let id = parts.next();
    let empty =
        system.is_empty() || !values::word(&instance) || !values::word(&kind) || id.as_deref() == Some("");
    (!empty).then_some(Target { system, instance, kind, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ListQuery, Refusal> {
        let known = ["client_id", "status", "updated_since", "external_reference", "cursor", "page_size"];
        ListQuery::read("items", &Query::read(text, &known)?, true, 1_000)
    }

    #[test]
    fn a_cursor_belongs_to_its_filters_and_dies_after_a_day() {
        let cursor = read("client_id=a").unwrap().cursor(&["x", "y"], 1_000);
        let again = read(&format!("client_id=a&page_size=7&cursor={cursor}")).unwrap();
        assert_eq!(again.after, Some(vec!["x".to_owned(), "y".to_owned()]));
        let other = read(&format!("client_id=b&cursor={cursor}")).unwrap_err();
        assert_eq!(other.reasons[0].code, "invalid_cursor");
        let old = read("").unwrap().cursor(&["x"], 1_000 - DAY - 1);
        assert!(read(&format!("cursor={old}")).is_err());
        assert!(read("cursor=").is_err());
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(read("sort=name").unwrap_err().reasons[0].field.as_deref(), Some("sort"));
        assert!(read("page_size=0").is_err());
        assert!(read("page_size=201").is_err());
        assert!(read("client_id=a&client_id=b").is_err());
        assert!(read("updated_since=2026-01-01").is_err());
    }

    #[test]
    fn the_id_of_a_reference_is_all_behind_the_third_slash() {
        let list = read("external_reference=halopsa/contoso/project/a/b").unwrap();
        assert_eq!(list.reference.unwrap().id.as_deref(), Some("a/b"));
        assert_eq!(read("external_reference=halopsa/contoso/project").unwrap().reference.unwrap().id, None);
        assert!(read("external_reference=halopsa/contoso").is_err());
    }

    #[test]
    fn decodes_utf8() {
        assert_eq!(decode("a%C3%A9+b", true).as_deref(), Some("aé b"));
        assert_eq!(decode("%FF", true), None);
        assert_eq!(decode("%4", true), None);
    }
}
