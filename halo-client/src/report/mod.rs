//! Reports: run, and read row by row.
//!
//! A saved report is run by its id, a query of your own with [`query`](crate::Handle::query), which needs the
//! right to edit reports. Halo answers at most about 50,000 rows, and its gateway gives up after about a minute
//! (observed by public clients): page larger results in the query itself. The query is wrapped, so it takes no
//! `ORDER BY` at its end.
//!
//! A report that fails is answered with success. Here it is an error with the code `report_load_error`, whose
//! message is Halo's.
//!
//! ```no_run
//! # async fn example(client: halo_client::Client) -> Result<(), halo_client::Error> {
//! #[derive(serde::Deserialize)]
//! struct Row {
//!     faultid: i64,
//!     symptom: Option<String>,
//! }
//!
//! let mut rows = client.reports().run(350).rows_as::<Row>().stream().await?;
//! while let Some(row) = rows.next().await {
//!     println!("{:?}", row?.value().symptom);
//! }
//!
//! let open = client.reports().query("select faultid, symptom from faults where status <> 9").all().await?;
//! println!("{} open", open.len());
//! # Ok(()) }
//! ```

mod scan;

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::{Method, StatusCode, header};
use rest_core::client::CallOptions;
use rest_core::decode::DecodeError;
use rest_core::endpoint::{Endpoint, Idempotency, Payload, Query, path_segment};
use rest_core::error::{ErrorDetails, ErrorKind, Refusal, Sent};
use rest_core::page::BadRow;
use rest_core::record::{Record, Untyped};
use rest_core::transport::Body;
use serde::de::DeserializeOwned;

use self::scan::{Found, Scanner};
use crate::arrival::{broken, too_large};
use crate::resource::{Handle, Params, Reports};
use crate::schema::{Client as Customer, Report};
use crate::{Client, Error, Id, New, Patch};

/// Longer than a gateway waits, so that its refusal arrives.
const TIMEOUT: Duration = Duration::from_secs(75);

/// Bytes of an answer at most, unless set: some kilobytes for each of 50,000 rows.
const CAP: u64 = 256 << 20;

impl Handle<Reports> {
    /// Runs a saved report.
    pub fn run(&self, id: impl Into<Id<Report>>) -> Run {
        Run::new(self.client(), Asked::Saved(id.into()))
    }

    /// Runs a query of your own, which is not saved. It must only read: what else it does, it may do twice.
    pub fn query(&self, sql: &str) -> Run {
        let new = New::<Report>::record().set(Report::SQL, sql).set_named("_loadreportonly", true);
        Run::new(self.client(), Asked::Once(new.to_json()))
    }

    /// Runs a saved report with other settings than it has, such as filters or its period; they are not saved.
    ///
    /// ```no_run
    /// # use halo_client::Patch;
    /// # use halo_client::schema::{AnalyzerFilter, Report};
    /// # async fn example(client: halo_client::Client) -> Result<(), halo_client::Error> {
    /// let period = Patch::<Report>::of(350)
    ///     .set(Report::REPORTINGPERIODDATEFIELD, "dateoccured")
    ///     .set(Report::REPORTINGPERIOD, 7);
    /// let rows = client.reports().run_with(&period).all().await?;
    /// # Ok(()) }
    /// ```
    pub fn run_with(&self, settings: &Patch<Report>) -> Run {
        let body = settings.clone().set_named("_loadreportonly", true).to_json();
        Run::new(self.client(), Asked::Once(body))
    }
}

#[derive(Clone)]
enum Asked {
    Saved(Id<Report>),
    /// By a POST with this body.
    Once(Result<String, Error>),
}

/// A report to be run.
#[must_use = "a report is not run until it is read"]
pub struct Run<T = Untyped> {
    client: Client,
    asked: Asked,
    params: Params,
    timeout: Duration,
    cap: u64,
    row: PhantomData<fn() -> T>,
}

impl Run {
    fn new(client: &Client, asked: Asked) -> Self {
        Run {
            client: client.clone(),
            asked,
            params: Params::default(),
            timeout: TIMEOUT,
            cap: CAP,
            row: PhantomData,
        }
    }
}

impl<T> Run<T> {
    /// Reads rows into a type of your own.
    pub fn rows_as<U: DeserializeOwned>(self) -> Run<U> {
        Run {
            client: self.client,
            asked: self.asked,
            params: self.params,
            timeout: self.timeout,
            cap: self.cap,
            row: PhantomData,
        }
    }

    /// For this customer, where the report asks for one.
    pub fn client_id(self, id: impl Into<Id<Customer>>) -> Self {
        let id = id.into();
        self.param("client_id", id)
    }

    /// Sets a query parameter by name, such as `reportingperiodstartdate`.
    pub fn param(mut self, name: &'static str, value: impl Display) -> Self {
        self.params.set(name, value);
        self
    }

    /// How long the answer may take to begin. 75 seconds unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The largest answer, in bytes. 256 MiB unless set, however large the client's body cap is; one row at a
    /// time is kept of it.
    pub fn cap(mut self, bytes: u64) -> Self {
        self.cap = bytes;
        self
    }
}

impl<T: DeserializeOwned> Run<T> {
    /// Runs the report and hands out its rows as they arrive.
    ///
    /// # Errors
    /// Those of a request. A report that took too long, here or for a gateway (504), is not run again: page the
    /// query.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing; Halo may go on with the query.
    pub async fn stream(self) -> Result<ReportRows<T>, Error> {
        let (method, template, body) = match &self.asked {
            Asked::Saved(_) => (Method::GET, "/Report/{id}", None),
            Asked::Once(body) => (Method::POST, "/Report", Some(body.clone()?)),
        };
        let options = CallOptions::new()
            .attempt_timeout(self.timeout)
            .idempotency(Idempotency::Safe)
            // Halo may still be at it; once more is the same load and the same wait.
            .without_retries_of_timeouts();
        let call = Call { asked: self.asked, params: self.params, template, body };
        let response = self.client.http().download(&call, &options).await?;
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let rows = ReportRows {
            client: self.client,
            method,
            template,
            scanner: Scanner::new(),
            left: self.cap,
            cap: self.cap,
            count: 0,
            body: None,
            row: PhantomData,
        };
        if kind.is_some_and(|kind| kind.contains("html")) {
            return Err(rows.odd("the answer is a web page, not a report"));
        }
        Ok(ReportRows { body: Some(response.into_body()), ..rows })
    }

    /// Runs the report and reads all its rows.
    ///
    /// # Errors
    /// As [`stream`](Run::stream) and its rows: the first of them.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing; Halo may go on with the query.
    pub async fn all(self) -> Result<Vec<Record<Untyped, T>>, Error> {
        let mut rows = self.stream().await?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().await {
            all.push(row?);
        }
        Ok(all)
    }
}

impl<T> fmt::Debug for Run<T> {
    /// Which report, not the query.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.asked {
            Asked::Saved(id) => write!(f, "Run({id}, {:?})", self.params),
            Asked::Once(_) => write!(f, "Run(with settings, {:?})", self.params),
        }
    }
}

struct Call {
    asked: Asked,
    params: Params,
    template: &'static str,
    body: Option<String>,
}

impl Endpoint for Call {
    type Response = ();

    fn method(&self) -> Method {
        if self.body.is_some() { Method::POST } else { Method::GET }
    }

    fn template(&self) -> &'static str {
        self.template
    }

    fn path(&self) -> Cow<'_, str> {
        match &self.asked {
            Asked::Saved(id) => format!("/Report/{}", path_segment(id)).into(),
            Asked::Once(_) => self.template.into(),
        }
    }

    fn query(&self, query: &mut Query) {
        if self.body.is_none() {
            query.push("loadreport", true);
        }
        self.params.write(query);
    }

    fn body(&self) -> Result<Option<Payload>, Error> {
        // A bare object is refused (observed by a public client).
        Ok(self.body.as_ref().map(|body| Payload::json_text(format!("[{body}]"))))
    }

    fn decode(&self, _: http::Response<Bytes>) -> Result<(), DecodeError> {
        Ok(())
    }
}

/// The rows of a report as they arrive. It is a [`Stream`] of them too.
///
/// A row that cannot be read is an `Err` with [`is_bad_record`](Error::is_bad_record), and more rows follow. Any
/// other error ends the rows; until the end came, the report is not whole.
pub struct ReportRows<T = Untyped> {
    client: Client,
    method: Method,
    template: &'static str,
    scanner: Scanner,
    left: u64,
    cap: u64,
    count: usize,
    /// `None` after the end, or an error.
    body: Option<Body>,
    row: PhantomData<fn() -> T>,
}

impl<T> ReportRows<T> {
    fn odd(&self, message: &'static str) -> Error {
        Error::new(ErrorKind::Decode, message)
            .with_endpoint(self.method.clone(), self.template)
            .with_status(StatusCode::OK)
            .with_sent(Sent::Answered)
    }

    /// A report that was not run, although the answer is one of success.
    fn failed(&self, code: &'static str, message: String) -> Error {
        Error::new(ErrorKind::Status, message)
            .with_endpoint(self.method.clone(), self.template)
            .with_status(StatusCode::OK)
            .with_details(ErrorDetails::new().with_code(code).with_refusal(Refusal::Invalid))
            .with_sent(Sent::Answered)
    }
}

impl<T: DeserializeOwned> ReportRows<T> {
    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// The code `report_load_error` when Halo could not run the report, `report_not_loaded` when it answered
    /// neither rows nor a reason; [`is_body_too_large`](Error::is_body_too_large), and those of a connection
    /// that breaks.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing: the row comes with the next call.
    pub async fn next(&mut self) -> Option<Result<Record<Untyped, T>, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn read(&mut self, text: &[u8]) -> Result<Record<Untyped, T>, Error> {
        let index = self.count;
        self.count += 1;
        let bad = |cause: DecodeError, raw: &str| {
            BadRow::new(index, cause, raw).redacted_by(self.client.http()).into_error()
        };
        let text =
            std::str::from_utf8(text).map_err(|_| bad(DecodeError::new("the row is not UTF-8"), ""))?;
        Record::parse(text).map_err(|cause| bad(cause, text))
    }

    /// A row that was found, or what ends the rows.
    fn found(&mut self) -> Option<Result<Record<Untyped, T>, Error>> {
        loop {
            match self.scanner.take()? {
                Found::Row(text) => return Some(self.read(&text)),
                Found::LoadError(text) => {
                    let reason: String = serde_json::from_slice::<Option<String>>(&text)
                        .ok()
                        .flatten()
                        .unwrap_or_else(|| String::from_utf8_lossy(&text).into_owned());
                    let reason = self.client.http().words(&reason);
                    if !reason.is_empty() && reason != "null" {
                        self.body = None;
                        return Some(Err(self.failed("report_load_error", reason)));
                    }
                }
            }
        }
    }
}

impl<T: DeserializeOwned> Stream for ReportRows<T> {
    type Item = Result<Record<Untyped, T>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.body.is_none() {
                return Poll::Ready(None);
            }
            if let Some(row) = this.found() {
                return Poll::Ready(Some(row));
            }
            let Some(body) = &mut this.body else { return Poll::Ready(None) };
            let fault = match ready!(Pin::new(body).poll_next(cx)) {
                Some(Ok(piece)) => match this.left.checked_sub(piece.len() as u64) {
                    Some(left) => {
                        this.left = left;
                        match this.scanner.feed(&piece) {
                            Ok(()) => continue,
                            Err(_) => this.odd("the answer is no report"),
                        }
                    }
                    None => too_large(this.method.clone(), this.template, "report", this.cap),
                },
                Some(Err(error)) => broken(this.method.clone(), this.template, "report", error),
                None if !this.scanner.is_whole() => this.odd("the report ends in the middle"),
                None if !this.scanner.has_rows() => {
                    this.failed("report_not_loaded", "Halo answered no rows and no reason".to_owned())
                }
                None => {
                    this.body = None;
                    return Poll::Ready(None);
                }
            };
            this.body = None;
            return Poll::Ready(Some(Err(fault)));
        }
    }
}

// Nothing in here is pinned structurally.
impl<T> Unpin for ReportRows<T> {}

impl<T> fmt::Debug for ReportRows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReportRows")
            .field("endpoint", &self.template)
            .field("rows", &self.count)
            .finish_non_exhaustive()
    }
}
