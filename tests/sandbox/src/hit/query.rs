//! HIT's query parameters, cursors and pages.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use super::values;
use crate::world::Row;
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

/// Where a row stands in its list: by what the list is ordered by, then by its id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place<'a> {
    order: Cow<'a, str>,
    id: Cow<'a, str>,
}

impl<'a> Place<'a> {
    /// A place.
    pub fn new(order: impl Into<Cow<'a, str>>, id: impl Into<Cow<'a, str>>) -> Self {
        Self { order: order.into(), id: id.into() }
    }
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
    pub after: Option<Place<'static>>,
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
    pub fn cursor(&self, place: &Place<'_>, now: Millis) -> String {
        let place = [&place.order, &place.id];
        URL_SAFE_NO_PAD.encode(json!({"p": place, "f": self.fingerprint, "t": now}).to_string())
    }

    fn resume(&self, cursor: &str, now: Millis) -> Result<Place<'static>, Refusal> {
        let bad = |why: &str| Refusal::at(400, "invalid_cursor", "cursor", why);
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad("It cannot be read."))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|_| bad("It cannot be read."))?;
        if value["f"].as_str() != Some(&self.fingerprint) {
            return Err(bad("It belongs to other filters."));
        }
        if !value["t"].as_i64().is_some_and(|at| (0..=DAY).contains(&(now - at))) {
            return Err(bad("It is older than 24 hours."));
        }
        let part = |at: usize| value["p"][at].as_str().map(str::to_owned);
        let place = part(0).zip(part(1)).ok_or_else(|| bad("It cannot be read."))?;
        Ok(Place::new(place.0, place.1))
    }

    /// The rows of a page in their order, and where the next one begins. `place` gives a row's place. A page costs one
    /// look at each row: only its own rows are sorted.
    #[must_use]
    pub fn page<'a>(
        &self,
        rows: impl Iterator<Item = &'a Row>,
        place: impl Fn(&'a Row) -> Place<'a>,
        now: Millis,
    ) -> (Vec<&'a Row>, Option<String>) {
        let behind = |place: &Place<'_>| self.after.as_ref().is_none_or(|after| place > after);
        let mut rest: Vec<_> = rows.map(|row| (place(row), row)).filter(|(place, _)| behind(place)).collect();
        let more = rest.len() > self.size;
        if more {
            rest.select_nth_unstable_by(self.size, |a, b| a.0.cmp(&b.0));
            rest.truncate(self.size);
        }
        rest.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let next = rest.last().filter(|_| more).map(|(last, _)| self.cursor(last, now));
        (rest.into_iter().map(|(_, row)| row).collect(), next)
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
        let cursor = read("client_id=a").unwrap().cursor(&Place::new("x", "y"), 1_000);
        let again = read(&format!("client_id=a&page_size=7&cursor={cursor}")).unwrap();
        assert_eq!(again.after, Some(Place::new("x", "y")));
        let other = read(&format!("client_id=b&cursor={cursor}")).unwrap_err();
        assert_eq!(other.reasons[0].code, "invalid_cursor");
        let old = read("").unwrap().cursor(&Place::new("", "x"), 1_000 - DAY - 1);
        assert!(read(&format!("cursor={old}")).is_err());
        assert!(read("cursor=").is_err());
    }

    /// Pages one after the other give every row once, in order, whatever the order they are kept in.
    #[test]
    fn pages_give_every_row_once_and_in_order() {
        let row = |order: usize, id: usize| {
            let row = json!({"id": format!("{id:02}"), "at": order.to_string()});
            row.as_object().unwrap().clone()
        };
        let rows: Vec<Row> = (0..23).map(|n| row(n * 7 % 5, n * 11 % 23)).collect();
        let text = |row: &Row, field: &str| row[field].as_str().unwrap().to_owned();
        let place = |row| Place::new(text(row, "at"), text(row, "id"));
        let mut sorted: Vec<&Row> = rows.iter().collect();
        sorted.sort_by_key(|row| (text(row, "at"), text(row, "id")));
        for size in [1, 5, 22, 23, 24] {
            let (mut got, mut cursor) = (Vec::new(), String::new());
            loop {
                let list = read(&format!("page_size={size}{cursor}")).unwrap();
                let (page, next) = list.page(rows.iter(), place, 1_000);
                assert!(page.len() <= size);
                got.extend(page);
                let Some(next) = next else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(got, sorted, "pages of {size}");
        }
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
