//! Lists and single records in the shapes that servers give them.
//!
//! A list is a bare array or an envelope around one; a single record is an object or an array of one. Which
//! it is, the first byte decides. Rows are read in one pass, and each on its own: a bad row does not sink the
//! page.

mod scan;

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::DeserializeOwned;

use self::scan::Scan;
use crate::client::HttpClient;
use crate::decode::{self, DecodeError};
use crate::error::{Error, ErrorKind};
use crate::record::{Record, find, integer_from_text};
use crate::sanitize::{EXCERPT, MESSAGE, Secrets};

/// Where an envelope keeps its rows and its counters.
///
/// ```
/// use rest_core::page::Shape;
///
/// const THINGS: Shape = Shape::rows(&["things"]).with_total(&["record_count"]).with_next(&["next_cursor"]);
/// # let _ = THINGS;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    rows: &'static [&'static str],
    total: &'static [&'static str],
    next: &'static [&'static str],
}

impl Shape {
    /// Rows stand under one of these keys, or in a bare array. Where none of them is there and the list is not
    /// counted as empty, the only array of objects in the envelope is taken.
    pub const fn rows(keys: &'static [&'static str]) -> Self {
        Self { rows: keys, total: &[], next: &[] }
    }

    /// The number of rows of the whole list stands under one of these keys.
    #[must_use]
    pub const fn with_total(mut self, keys: &'static [&'static str]) -> Self {
        self.total = keys;
        self
    }

    /// The next page's token stands under one of these keys.
    #[must_use]
    pub const fn with_next(mut self, keys: &'static [&'static str]) -> Self {
        self.next = keys;
        self
    }
}

/// One page of a list.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page<R> {
    /// The rows in the server's order; those that cannot be read keep their place.
    pub rows: Vec<Result<R, BadRow>>,
    /// How many rows the whole list has, if the server says so.
    pub total: Option<u64>,
    /// The next page's token, if there is one.
    pub next: Option<String>,
    pub(crate) digest: u64,
}

impl<R> Page<R> {
    /// A page made by hand: by servers' stand-ins and other sources than this crate's reader.
    ///
    /// `digest` tells pages apart: equal for the same page, even where values in its rows move, and different for
    /// another. The pager uses it to notice a server that repeats a page.
    pub fn new(rows: Vec<Result<R, BadRow>>, total: Option<u64>, next: Option<String>, digest: u64) -> Self {
        Self { rows, total, next, digest }
    }

    /// The same page whose bad rows, as errors, lack the secrets that this client knows.
    #[must_use]
    pub fn redacted_by(mut self, client: &HttpClient) -> Self {
        for bad in self.rows.iter_mut().filter_map(|row| row.as_mut().err()) {
            bad.secrets = client.secrets().clone();
        }
        self
    }

    /// The same page with every readable row converted.
    pub fn map<U>(self, convert: impl FnMut(R) -> U) -> Page<U> {
        let mut convert = convert;
        Page {
            rows: self.rows.into_iter().map(|row| row.map(&mut convert)).collect(),
            total: self.total,
            next: self.next,
            digest: self.digest,
        }
    }
}

/// A row that could not be read.
///
/// `Display` names the place; the row itself is at [`raw`](Self::raw) and in no log.
#[derive(Clone, thiserror::Error)]
#[error("row {index}: {cause}")]
pub struct BadRow {
    index: usize,
    cause: DecodeError,
    raw: Box<str>,
    /// What an error must not show; empty where no client is known.
    secrets: Secrets,
}

impl BadRow {
    /// A row that could not be read, with its place in the page (from 0), the cause and its JSON.
    pub fn new(index: usize, cause: DecodeError, raw: impl Into<Box<str>>) -> Self {
        Self { index, cause, raw: raw.into(), secrets: Secrets::default() }
    }

    /// Its place in the page, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Why it could not be read.
    pub fn cause(&self) -> &DecodeError {
        &self.cause
    }

    /// Its JSON.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The same row that, as an error, lacks the secrets that this client knows.
    #[must_use]
    pub fn redacted_by(mut self, client: &HttpClient) -> Self {
        self.secrets = client.secrets().clone();
        self
    }

    /// As an error of a call. Its body is a cleaned excerpt of the row; see [`Error::body`].
    pub fn into_error(self) -> Error {
        let Self { index, cause, raw, secrets } = self;
        let cause = cause.cleaned(|text| secrets.clean(text, MESSAGE));
        // The excerpt is the caller's own data; it stays out of `Display` and `Debug`.
        Error::new(ErrorKind::BadRecord, format!("row {index}: {cause}"))
            .with_body(secrets.clean(&raw, EXCERPT))
            .with_source(cause)
    }
}

impl fmt::Debug for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BadRow")
            .field("index", &self.index)
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

/// Reads a page of records.
///
/// # Errors
///
/// When the body as a whole is not JSON of that shape; bad rows are in the page.
///
/// ```
/// use rest_core::page::{Shape, read};
/// use rest_core::record::Untyped;
///
/// let body = br#"{"record_count": 2, "things": [{"id": 1}, 5]}"#;
/// let page = read::<Untyped, Untyped>(body, &Shape::rows(&["things"]).with_total(&["record_count"]))?;
/// assert_eq!(page.total, Some(2));
/// assert!(page.rows[0].is_ok() && page.rows[1].is_err());
/// # Ok::<(), rest_core::decode::DecodeError>(())
/// ```
pub fn read<S, T: DeserializeOwned>(body: &[u8], shape: &Shape) -> Result<Page<Record<S, T>>, DecodeError> {
    let text = decode::text(body)?;
    let mut scan = Scan::new(text);
    let mut found = Found::default();
    match scan.peek() {
        Some(b'[') => found.rows = Some(rows(&mut scan)?),
        Some(b'{') => envelope(&mut scan, shape, &mut found)?,
        _ => return Err(scan.fault("a list must be an array or an object")),
    }
    scan.end()?;
    let rows = match found.rows {
        Some(rows) => rows,
        // Looked at before the other arrays: an empty list may still describe its columns.
        None if found.total == Some(0) || found.null_rows => Vec::new(),
        None => match found.candidate() {
            Some(span) => rows(&mut Scan::new(span))?,
            None => {
                return Err(DecodeError::new(format!(
                    "the envelope holds no list under {}",
                    shape.rows.join(", ")
                )));
            }
        },
    };
    let digest = digest(&rows);
    Ok(Page { rows, total: found.total, next: found.next, digest })
}

type ReadRow<S, T> = Result<Record<S, T>, BadRow>;

struct Found<'a, S, T> {
    rows: Option<Vec<ReadRow<S, T>>>,
    null_rows: bool,
    total: Option<u64>,
    next: Option<String>,
    arrays: Vec<&'a str>,
}

impl<S, T> Default for Found<'_, S, T> {
    fn default() -> Self {
        Self { rows: None, null_rows: false, total: None, next: None, arrays: Vec::new() }
    }
}

impl<'a, S, T> Found<'a, S, T> {
    /// The only array of objects, or the only array at all if it is empty.
    fn candidate(&self) -> Option<&'a str> {
        let first = |array: &str| array[1..].trim_start().bytes().next();
        let mut objects = self.arrays.iter().filter(|array| first(array) == Some(b'{'));
        match (objects.next(), objects.next()) {
            (Some(only), None) => Some(only),
            (None, _) => match self.arrays.as_slice() {
                [only] if first(only) == Some(b']') => Some(only),
                _ => None,
            },
            _ => None,
        }
    }
}

fn envelope<'a, S, T: DeserializeOwned>(
    scan: &mut Scan<'a>,
    shape: &Shape,
    found: &mut Found<'a, S, T>,
) -> Result<(), DecodeError> {
    scan.open(b'{')?;
    let mut first = true;
    while scan.more(b'}', &mut first)? {
        let key = scan.key()?;
        let key = &*key.0;
        let is_rows = shape.rows.contains(&key);
        if is_rows && scan.peek() == Some(b'[') {
            found.rows = Some(rows(scan)?);
            continue;
        }
        let raw = scan.raw()?.get();
        if is_rows && raw == "null" {
            found.null_rows = true;
        } else if shape.total.contains(&key) {
            found.total =
                integer_from_text(raw.trim_matches('"')).and_then(|total| u64::try_from(total).ok());
        } else if shape.next.contains(&key) {
            found.next = match raw.as_bytes().first() {
                Some(b'"') => serde_json::from_str::<String>(raw).ok().filter(|token| !token.is_empty()),
                Some(b'0'..=b'9') => Some(raw.to_owned()),
                _ => None,
            };
        } else if raw.starts_with('[') {
            found.arrays.push(raw);
        }
    }
    Ok(())
}

fn rows<S, T: DeserializeOwned>(scan: &mut Scan<'_>) -> Result<Vec<ReadRow<S, T>>, DecodeError> {
    scan.open(b'[')?;
    let mut rows = Vec::new();
    let mut first = true;
    while scan.more(b']', &mut first)? {
        let index = rows.len();
        if scan.peek() == Some(b'{') {
            if let Some((value, raw)) = scan.value::<T>() {
                rows.push(Ok(Record::from_parts(value, raw)));
                continue;
            }
            let raw = scan.raw()?.get();
            let cause = match serde_json::from_str::<T>(raw) {
                Err(error) => decode::explain::<T>(raw, &error),
                // A reader that succeeds on the row alone but not in its place does not exist; say so plainly.
                Ok(_) => DecodeError::new("the row could not be read in its place"),
            };
            rows.push(Err(BadRow::new(index, cause, raw)));
        } else {
            let raw = scan.raw()?.get();
            rows.push(Err(BadRow::new(index, DecodeError::new("a row must be an object"), raw)));
        }
    }
    Ok(rows)
}

/// Tells pages apart by their number of rows and their first and last row.
///
/// A row is known by its `id`: the rest of it may change from one answer to the next. Where the ids tell
/// nothing apart (none, 0, the same at both ends), its whole text counts.
fn digest<S, T>(rows: &[ReadRow<S, T>]) -> u64 {
    fn text<S, T>(row: &ReadRow<S, T>) -> &str {
        match row {
            Ok(record) => record.raw_text(),
            Err(bad) => bad.raw(),
        }
    }
    let last = if rows.len() > 1 { rows.last() } else { None };
    let ends: Vec<&str> = rows.first().into_iter().chain(last).map(text).collect();
    digest_of(rows.len(), &ends)
}

fn digest_of(rows: usize, ends: &[&str]) -> u64 {
    let ids: Option<Vec<String>> = ends.iter().copied().map(id).collect();
    // Not for tables: only equality counts, and the keys are fixed so that it holds between processes.
    let mut hasher = std::hash::DefaultHasher::new();
    match ids {
        Some(ids) if ids.first() != ids.get(1) => (rows, ids).hash(&mut hasher),
        _ => (rows, ends).hash(&mut hasher),
    }
    hasher.finish()
}

/// The `id` of a row, if it is a number other than 0 or a text.
fn id(row: &str) -> Option<String> {
    let raw = find(row, "id", &[])?.get();
    let bare = raw.trim_matches('"');
    match integer_from_text(bare) {
        Some(0) => None,
        Some(number) => Some(number.to_string()),
        None if raw.starts_with('"') && !bare.is_empty() => Some(bare.to_owned()),
        None => None,
    }
}

/// Reads a single record: an object, or an array that holds exactly one.
///
/// # Errors
///
/// When it is neither, or the record cannot be read.
pub fn read_one<S, T: DeserializeOwned>(body: &[u8]) -> Result<Record<S, T>, DecodeError> {
    let text = decode::text(body)?.trim();
    if text.starts_with('[') {
        let elements: Vec<&serde_json::value::RawValue> = decode::from_text(text)?;
        return match elements.as_slice() {
            [only] => Record::parse(only.get()).map_err(|error| error.at("[0]")),
            other => Err(DecodeError::new(format!("expected one record, found {}", other.len()))),
        };
    }
    if text.is_empty() {
        return Err(DecodeError::new("the body is empty"));
    }
    Record::parse(text)
}

#[cfg(test)]
mod tests;
