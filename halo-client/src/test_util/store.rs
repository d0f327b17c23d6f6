//! A resource with a memory.

use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value, json};
use wiremock::{Match, Mock, Request, Respond, ResponseTemplate};

use super::MockHalo;
use super::mock::{json as answer, listed};
use crate::id::sealed::Read as _;
use crate::resource::Resource;
use crate::{Id, Record};

/// The records of one resource of a [`MockHalo`], which remembers what clients write; see
/// [`keep`](MockHalo::keep). Clones are the same store.
pub struct Store<R> {
    rows: Arc<Mutex<Vec<Map<String, Value>>>>,
    resource: PhantomData<fn() -> R>,
}

impl<R> Clone for Store<R> {
    fn clone(&self) -> Self {
        Store { rows: Arc::clone(&self.rows), resource: PhantomData }
    }
}

impl<R: Resource> std::fmt::Debug for Store<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({}, {} records)", R::PATH, self.len())
    }
}

impl MockHalo {
    /// Keeps the records of a resource: lists and shows them, and makes, changes and deletes them as clients ask.
    ///
    /// Like the real one it changes only the fields that a write names, answers a write of several with the last
    /// unless asked for all, and ignores parameters that it does not know. It knows paging, and those that are the
    /// name of a field and end in `_id`, which narrow a list to rows with that value.
    ///
    /// ```
    /// use halo_client::Patch;
    /// use halo_client::resource::Tickets;
    /// use halo_client::schema::Ticket;
    /// use halo_client::test_util::MockHalo;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), halo_client::Error> {
    /// let halo = MockHalo::start().await;
    /// let tickets = halo.keep::<Tickets>([r#"{"id": 7, "summary": "Old firewall", "client_id": 12}"#]).await;
    ///
    /// let patch = Patch::<Ticket>::of(7).set(Ticket::SUMMARY, "New firewall");
    /// halo.client().tickets().update(&patch).await?;
    /// assert_eq!(tickets.rows()[0].value().summary.as_deref(), Some("New firewall"));
    /// assert_eq!(tickets.rows()[0].value().client_id, Some(12.into()));
    /// # Ok(()) }
    /// ```
    ///
    /// # Panics
    /// When a row is no JSON object.
    pub async fn keep<R: Resource>(&self, rows: impl IntoIterator<Item = impl Into<String>>) -> Store<R> {
        let store = Store { rows: Arc::default(), resource: PhantomData };
        for row in rows {
            store.put(&row.into());
        }
        let route = Route { store: store.clone() };
        Mock::given(Under(format!("/api{}", R::PATH).to_ascii_lowercase()))
            .respond_with(route)
            .mount(self.server())
            .await;
        store
    }
}

impl<R: Resource> Store<R> {
    fn with<T>(&self, work: impl FnOnce(&mut Vec<Map<String, Value>>) -> T) -> T {
        work(&mut self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The records as they are now, in the order in which they were made.
    ///
    /// # Panics
    /// When a record cannot be read as one of the resource's.
    pub fn rows(&self) -> Vec<Record<R::Schema>> {
        let read = |text: String| match Record::parse(&text) {
            Ok(record) => record,
            Err(error) => panic!("a record of the mock cannot be read: {error}: {text}"),
        };
        self.raw_rows().into_iter().map(read).collect()
    }

    /// The records as JSON, in the order in which they were made.
    pub fn raw_rows(&self) -> Vec<String> {
        self.with(|rows| rows.iter().map(|row| Value::Object(row.clone()).to_string()).collect())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.with(|rows| rows.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Makes a record, or replaces the one with the same id, as if a person had done it in Halo.
    ///
    /// # Panics
    /// When it is no JSON object.
    pub fn put(&self, row: &str) {
        let row = match serde_json::from_str(row) {
            Ok(Value::Object(row)) => row,
            _ => panic!("a record of the mock must be a JSON object: {row}"),
        };
        self.with(|rows| match row.get("id").and_then(|id| place(rows, &text(id))) {
            Some(index) => rows[index] = row,
            None => rows.push(row),
        });
    }

    /// Takes a record away, as if a person had done it in Halo. Whether there was one.
    pub fn take(&self, id: impl Into<Id<R::Schema>>) -> bool {
        let segment = id.into().key().segment();
        self.with(|rows| place(rows, &segment).map(|index| rows.remove(index)).is_some())
    }
}

struct Under(String);

impl Match for Under {
    fn matches(&self, request: &Request) -> bool {
        let path = request.url.path().to_ascii_lowercase();
        let below = path.strip_prefix(&self.0);
        below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') && !rest[1..].contains('/'))
    }
}

struct Route<R> {
    store: Store<R>,
}

impl<R: Resource> Respond for Route<R> {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let one = request.url.path().get("/api".len() + R::PATH.len() + 1..).filter(|id| !id.is_empty());
        match (request.method.as_str(), one) {
            ("GET", None) => self.list(request),
            ("POST", None) => self.write(request),
            ("GET", Some(id)) => self.store.with(|rows| match place(rows, id) {
                Some(index) => answer(200, Value::Object(rows[index].clone()).to_string()),
                None => ResponseTemplate::new(404),
            }),
            ("DELETE", Some(id)) => self.store.with(|rows| match place(rows, id) {
                Some(index) => answer(200, Value::Object(rows.remove(index)).to_string()),
                None => ResponseTemplate::new(404),
            }),
            _ => ResponseTemplate::new(405),
        }
    }
}

impl<R: Resource> Route<R> {
    fn list(&self, request: &Request) -> ResponseTemplate {
        let asked: Vec<_> = request.url.query_pairs().filter(|(name, _)| name.ends_with("_id")).collect();
        let fits = |row: &&Map<String, Value>| {
            asked.iter().all(|(name, value)| {
                row.get(name.as_ref()).is_none_or(|held| text(held).eq_ignore_ascii_case(value))
            })
        };
        let rows: Vec<String> = self.store.with(|rows| {
            rows.iter().filter(fits).map(|row| Value::Object(row.clone()).to_string()).collect()
        });
        answer(200, listed::<R>(&rows, request))
    }

    fn write(&self, request: &Request) -> ResponseTemplate {
        let Ok(Value::Array(bodies)) = serde_json::from_slice(&request.body) else {
            return answer(400, r#""a write is an array of objects""#);
        };
        let mut saved = Vec::new();
        for body in bodies {
            let Value::Object(body) = body else { return answer(400, r#""a record is an object""#) };
            match self.store.with(|rows| upsert::<R>(rows, body)) {
                Some(row) => saved.push(row),
                None => return ResponseTemplate::new(404),
            }
        }
        let all = request.url.query_pairs().any(|(name, value)| name == "returnall" && value == "true");
        let reply = if all { Value::Array(saved) } else { saved.pop().unwrap_or(Value::Null) };
        answer(201, reply.to_string())
    }
}

/// Changes the record that the body names, or makes one if it names none.
fn upsert<R: Resource>(rows: &mut Vec<Map<String, Value>>, mut body: Map<String, Value>) -> Option<Value> {
    let index = match body.get("id").map(text) {
        Some(id) => place(rows, &id)?,
        None => {
            let mut row = Map::new();
            row.insert("id".into(), fresh::<R>(rows));
            rows.push(row);
            rows.len() - 1
        }
    };
    body.remove("id");
    rows[index].extend(body);
    Some(Value::Object(rows[index].clone()))
}

/// The next number, or a GUID that counts, as the resource's ids are.
fn fresh<R: Resource>(rows: &[Map<String, Value>]) -> Value {
    let number = |row: &Map<String, Value>| row.get("id").and_then(Value::as_i64);
    let next = rows.iter().filter_map(number).max().unwrap_or(0) + 1;
    // Whatever reads a GUID from a number but keeps it a text has text ids.
    let is_text = <<R::Schema as crate::Entity>::Key as crate::id::sealed::Read>::from_text("a").is_some();
    if is_text { json!(format!("00000000-0000-4000-8000-{:012}", rows.len() + 1)) } else { json!(next) }
}

fn place(rows: &[Map<String, Value>], id: &str) -> Option<usize> {
    rows.iter().position(|row| row.get("id").is_some_and(|held| text(held).eq_ignore_ascii_case(id)))
}

/// A value as it stands in a path or query.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
