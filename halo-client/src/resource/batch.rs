//! Many writes with few requests, and what became of each record.
//!
//! Halo takes an array of records in one POST. It answers the last of them only, unless it is asked with
//! `returnall=true` for all (observed by a public client for actions; other routes may not know the word, and
//! ignore what they do not know). Whether it applies the records before a refused one is not known. So the
//! answer to one request is not the answer for each record, and [`Batch`] sorts out what can be said.

use std::fmt;

use super::write::{self, Reply, Saved};
use super::{Handle, Resource, Writes};
use crate::{Client, Error, Id, New, Patch};

/// Records in one request unless set: enough to save requests, few enough that a refusal concerns few.
const SIZE: usize = 50;

/// Bytes of one request's body at most; a record that is larger goes alone.
const BYTES: usize = 1 << 20;

/// What became of one record of a batch.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum BatchOutcome<S> {
    /// Written, and this is the record as Halo answered it.
    Applied(Saved<S>),
    /// Written, as far as Halo's answer of success goes, which did not show the record.
    Accepted,
    /// Held the value already, and was not written. Only of
    /// [`set_custom_field`](Handle::set_custom_field).
    Unchanged,
    /// Not written. The error says why.
    Refused(Error),
    /// Nobody knows. Read the record before trying again: after a broken connection, or when another record
    /// of the same request was refused.
    Unknown(Error),
    /// Not sent at all: it cannot be written as JSON, or the batch ended before its turn.
    NotSent(Error),
}

impl<S> BatchOutcome<S> {
    /// Whether it is now as it was to be.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Applied(_) | Self::Accepted | Self::Unchanged)
    }

    /// The error, where it was not written or nobody knows.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::Applied(_) | Self::Accepted | Self::Unchanged => None,
            Self::Refused(error) | Self::Unknown(error) | Self::NotSent(error) => Some(error),
        }
    }

    /// The record as Halo answered it.
    pub fn saved(&self) -> Option<&Saved<S>> {
        match self {
            Self::Applied(saved) => Some(saved),
            _ => None,
        }
    }
}

/// What became of a batch: one outcome per record, in the order in which they were given.
#[derive(Debug, Clone)]
pub struct BatchReport<S> {
    outcomes: Vec<BatchOutcome<S>>,
    requests: u32,
}

impl<S> BatchReport<S> {
    /// One outcome per record, in the order in which they were given.
    pub fn outcomes(&self) -> &[BatchOutcome<S>] {
        &self.outcomes
    }

    /// The outcomes, taken out.
    pub fn into_outcomes(self) -> Vec<BatchOutcome<S>> {
        self.outcomes
    }

    /// How many are now as they were to be.
    pub fn done(&self) -> usize {
        self.outcomes.iter().filter(|outcome| outcome.is_done()).count()
    }

    /// The records that were not written or of which nobody knows: their places, and what became of them.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &BatchOutcome<S>)> {
        self.outcomes.iter().enumerate().filter(|(_, outcome)| !outcome.is_done())
    }

    /// How many requests it took.
    pub fn requests(&self) -> u32 {
        self.requests
    }
}

/// Many writes to one route, some records per request, one request after the other: parallel writes to what
/// hangs together (an invoice, a ticket) are refused by Halo.
///
/// It goes on after refusals. It ends after a failure that leaves unknown what was applied, and after one that
/// concerns every record: a refused token, a server that keeps throttling, a connection that does not come
/// about. The rest is then [`NotSent`](BatchOutcome::NotSent).
///
/// ```no_run
/// use halo_client::Patch;
/// use halo_client::resource::BatchOutcome;
/// use halo_client::schema::Ticket;
///
/// # async fn example(client: halo_client::Client, ids: Vec<i64>) {
/// let patches = ids.iter().map(|id| Patch::<Ticket>::of(*id).set(Ticket::STATUS_ID, 9));
/// let report = client.tickets().batch().update(patches).await;
/// for (place, outcome) in report.failures() {
///     match outcome {
///         BatchOutcome::Unknown(_) => println!("{}: read it before trying again", ids[place]),
///         other => println!("{}: {:?}", ids[place], other.error()),
///     }
/// }
/// # }
/// ```
#[must_use = "a batch does nothing until it is awaited"]
pub struct Batch<R: Resource> {
    client: Client,
    size: usize,
    apart: bool,
    route: std::marker::PhantomData<fn() -> R>,
}

impl<R: Writes> Handle<R> {
    /// Many writes with few requests, and an outcome for each record.
    pub fn batch(&self) -> Batch<R> {
        Batch { client: self.client.clone(), size: SIZE, apart: true, route: std::marker::PhantomData }
    }
}

impl<R: Resource> Batch<R> {
    /// Records per request, 1 to 100; 50 unless set. A body also stays below 1 MiB. With 1 every outcome is
    /// certain, for a request per record.
    pub fn size(mut self, records: usize) -> Self {
        self.size = records.clamp(1, 100);
        self
    }

    /// Leaves the records of a refused request at [`Unknown`](BatchOutcome::Unknown), instead of sending each of
    /// its changes once more and alone. For changes that must not be written a second time even at once: those
    /// that replace whole sets.
    pub fn keep_together(mut self) -> Self {
        self.apart = false;
        self
    }
}

impl<R: Writes> Batch<R> {
    /// Changes records.
    ///
    /// Where a request with several is refused, its changes are sent once more, each alone, so that every
    /// record has an outcome of its own; see [`keep_together`](Batch::keep_together).
    ///
    /// # Cancel safety
    /// Dropping the future may leave any of the changes made.
    pub async fn update(self, patches: impl IntoIterator<Item = Patch<R::Schema>>) -> BatchReport<R::Schema> {
        let entries = patches.into_iter().enumerate().map(|(place, patch)| Entry::of(place, &patch));
        let apart = self.apart;
        self.run(entries.collect(), apart).await
    }

    /// Makes records.
    ///
    /// Where a request with several is refused, all of its records are [`Unknown`](BatchOutcome::Unknown): some may
    /// have been made, and sending them once more might make them twice. Use a [`size`](Batch::size) of 1 where
    /// that matters more than the number of requests.
    ///
    /// # Cancel safety
    /// Dropping the future may leave any of the records made.
    pub async fn create(self, new: impl IntoIterator<Item = New<R::Schema>>) -> BatchReport<R::Schema> {
        let entries = new.into_iter().enumerate();
        let entries = entries.map(|(place, new)| Entry { place, json: new.to_send(), id: None });
        self.run(entries.collect(), false).await
    }

    async fn run(self, entries: Vec<Entry<R::Schema>>, apart: bool) -> BatchReport<R::Schema> {
        let mut sending = Sending::<R>::new(self.client, entries.len());
        for chunk in chunks(&entries, self.size) {
            sending.send(chunk, apart).await;
        }
        sending.report()
    }
}

impl<R: Resource> fmt::Debug for Batch<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({}, {} per request)", R::PATH, self.size)
    }
}

/// One record to be written.
pub(super) struct Entry<S: crate::Entity> {
    /// Its place among all.
    place: usize,
    json: Result<String, Error>,
    id: Option<Id<S>>,
}

impl<S: crate::Entity> Entry<S> {
    pub(super) fn of(place: usize, patch: &Patch<S>) -> Self {
        Entry { place, json: patch.to_send(), id: Some(patch.id().clone()) }
    }

    pub(super) fn place(&self) -> usize {
        self.place
    }
}

/// The records of each request.
fn chunks<S: crate::Entity>(entries: &[Entry<S>], size: usize) -> impl Iterator<Item = &[Entry<S>]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take(size).take_while(|entry| {
            bytes += entry.json.as_ref().map_or(0, String::len);
            bytes <= BYTES
        });
        // One that is too large alone goes alone.
        let taken = fits.count().max(1).min(rest.len());
        let (chunk, left) = rest.split_at(taken);
        rest = left;
        (!chunk.is_empty()).then_some(chunk)
    })
}

/// A batch under way.
pub(super) struct Sending<R: Resource> {
    client: Client,
    outcomes: Vec<Option<BatchOutcome<R::Schema>>>,
    requests: u32,
    /// Why nothing more is sent.
    ended: Option<Error>,
}

impl<R: Resource> Sending<R> {
    pub(super) fn new(client: Client, records: usize) -> Self {
        let mut outcomes = Vec::new();
        outcomes.resize_with(records, || None);
        Sending { client, outcomes, requests: 0, ended: None }
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    pub(super) fn outcome(&self, place: usize) -> Option<&BatchOutcome<R::Schema>> {
        self.outcomes[place].as_ref()
    }

    pub(super) fn settle_one(&mut self, place: usize, outcome: BatchOutcome<R::Schema>) {
        self.outcomes[place] = Some(outcome);
    }

    pub(super) fn count_request(&mut self) {
        self.requests += 1;
    }

    /// A record that could not be read, and so was not written, unless it was before.
    pub(super) fn not_read(&mut self, place: usize, error: Error) {
        if self.outcomes[place].is_none() {
            self.outcomes[place] = Some(BatchOutcome::NotSent(error.clone()));
        }
        if !is_refusal(&error) && !error.is_configuration() {
            self.ended = Some(error);
        }
    }

    pub(super) fn report(self) -> BatchReport<R::Schema> {
        let ended = self.ended;
        let outcomes = self.outcomes.into_iter().map(|outcome| match (outcome, &ended) {
            (Some(outcome), _) => outcome,
            (None, Some(error)) => BatchOutcome::NotSent(error.clone()),
            // Every record is in a request, and every request settles its records or ends the batch.
            (None, None) => BatchOutcome::NotSent(Error::configuration("the record was not sent")),
        });
        BatchReport { outcomes: outcomes.collect(), requests: self.requests }
    }

    /// Sends these entries with one request; see [`Batch::update`] for `apart`.
    pub(super) async fn send(&mut self, entries: &[Entry<R::Schema>], apart: bool) {
        let mut sent = Vec::with_capacity(entries.len());
        let mut bodies = Vec::with_capacity(entries.len());
        for entry in entries {
            match &entry.json {
                Ok(json) => {
                    sent.push(entry);
                    bodies.push(json.clone());
                }
                Err(error) => self.outcomes[entry.place] = Some(BatchOutcome::NotSent(error.clone())),
            }
        }
        if self.ended.is_some() || sent.is_empty() {
            return;
        }
        match self.request(bodies).await {
            Ok(replies) => self.settle(&sent, replies),
            Err(error) if sent.len() > 1 && apart && is_refusal(&error) => {
                for entry in sent {
                    if self.ended.is_some() {
                        // It was part of the refused request, so more than "unknown" cannot be said.
                        self.outcomes[entry.place] = Some(BatchOutcome::Unknown(error.clone()));
                        continue;
                    }
                    match self.request(entry.json.clone().into_iter().collect()).await {
                        Ok(replies) => self.settle(&[entry], replies),
                        Err(error) => self.fail(&[entry], error),
                    }
                }
            }
            Err(error) => self.fail(&sent, error),
        }
    }

    async fn request(&mut self, bodies: Vec<String>) -> Result<Vec<Reply<R::Schema>>, Error> {
        self.requests += 1;
        write::many::<R>(&self.client, bodies).await
    }

    fn fail(&mut self, sent: &[&Entry<R::Schema>], error: Error) {
        let alone = sent.len() == 1;
        for entry in sent {
            self.outcomes[entry.place] = Some(if error.is_not_sent() || error.is_throttled() {
                BatchOutcome::NotSent(error.clone())
            } else if error.is_outcome_unknown() || !alone && is_refusal(&error) {
                BatchOutcome::Unknown(error.clone())
            } else {
                BatchOutcome::Refused(error.clone())
            });
        }
        if !is_refusal(&error) {
            self.ended = Some(error);
        }
    }

    /// Finds each record's reply: by its id, else by its place where there are as many replies as records, else
    /// a single reply is that of the last new record.
    fn settle(&mut self, sent: &[&Entry<R::Schema>], replies: Vec<Reply<R::Schema>>) {
        for entry in sent {
            self.outcomes[entry.place] = Some(BatchOutcome::Accepted);
        }
        let all = replies.len() == sent.len();
        let last_new = replies.len() == 1 && sent.iter().all(|entry| entry.id.is_none());
        for (index, (id, reply)) in replies.into_iter().enumerate() {
            let named = id.and_then(|id| sent.iter().find(|entry| entry.id.as_ref() == Some(&id)));
            let found = match named {
                Some(entry) => Some(entry),
                None if all => sent.get(index),
                None if last_new => sent.last(),
                None => None,
            };
            if let Some(entry) = found {
                self.outcomes[entry.place] = Some(match reply {
                    Ok(saved) => BatchOutcome::Applied(saved),
                    Err(error) => BatchOutcome::Refused(error),
                });
            }
        }
    }
}

/// Whether the server looked at the records and refused them, so that other records may fare better.
fn is_refusal(error: &Error) -> bool {
    let refused = error.status().is_some_and(|status| status.is_client_error() || status.is_success());
    refused && !error.is_authentication() && !error.is_throttled() && !error.is_outcome_unknown()
}
