//! One custom field of many records, and nothing else of them.

use std::fmt;

use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::batch::{BatchOutcome, BatchReport, Entry, Sending};
use super::{Handle, Readable, Resource, Writes};
use crate::{Client, CustomFieldKey, CustomFields, Error, HasCustomFields, Id, Patch};
use rest_core::error::{ErrorDetails, ErrorKind, Refusal, Sent};

/// Records that are read before they are written together, unless set. What a person does to another custom
/// field of a record between the two is undone, so the time between them is kept short.
const SIZE: usize = 10;

/// Sets one custom field on many records.
///
/// Each record is read, its one field is changed, and all its custom fields are written back, because Halo may
/// delete those that a write leaves out. Fields that are no custom fields are not sent and stay as they are.
/// Records that hold the value already are not written.
///
/// ```no_run
/// # async fn example(client: halo_client::Client, ids: Vec<i64>) {
/// let report = client.tickets().set_custom_field("CFReviewed", "yes").on(ids).await;
/// println!("{} done, {} to look at", report.done(), report.failures().count());
/// # }
/// ```
#[must_use = "nothing is set until it is awaited"]
pub struct SetCustomField<R: Resource> {
    client: Client,
    key: CustomFieldKey,
    value: Result<Value, Error>,
    size: usize,
    route: std::marker::PhantomData<fn() -> R>,
}

impl<R: Readable + Writes> Handle<R>
where
    R::Schema: HasCustomFields,
{
    /// Sets one custom field, named by its name or its definition's id, on many records.
    ///
    /// The value is a text, a number, a flag, or for several choices a list, as the field's kind wants it.
    ///
    /// ```compile_fail,E0277
    /// # fn example(client: halo_client::Client) {
    /// client.statuses().set_custom_field("CFx", 1); // error: records of `Status` have no custom fields
    /// # }
    /// ```
    pub fn set_custom_field<V: Serialize>(
        &self,
        key: impl Into<CustomFieldKey>,
        value: V,
    ) -> SetCustomField<R> {
        let value = serde_json::to_value(value).map_err(|error| {
            Error::configuration("a custom field's value cannot be written as JSON").with_source(error)
        });
        SetCustomField {
            client: self.client.clone(),
            key: key.into(),
            value,
            size: SIZE,
            route: std::marker::PhantomData,
        }
    }
}

impl<R: Resource> SetCustomField<R> {
    /// Records that are read before they are written together, 1 to 100; 10 unless set. More saves requests;
    /// fewer leaves less time in which a person's edit of another custom field is undone.
    pub fn size(mut self, records: usize) -> Self {
        self.size = records.clamp(1, 100);
        self
    }
}

impl<R: Readable + Writes> SetCustomField<R>
where
    R::Schema: HasCustomFields,
{
    /// Sets it on these records. Each has its outcome, in their order; see [`Batch`](super::Batch) for when the
    /// rest is not sent.
    ///
    /// A record that cannot be read, or that shows no custom fields, is [`NotSent`](BatchOutcome::NotSent). One
    /// that shows the field without a value afterwards is [`Refused`](BatchOutcome::Refused) with the code
    /// `custom_field_not_taken`: Halo ignores names that it does not know. Where a reply shows only the last of several
    /// records, the first is read once more, and the others too until one holds the field. Where a request with several records
    /// is refused, each is read anew and sent alone.
    ///
    /// # Cancel safety
    /// Dropping the future may leave the field set on some of the records.
    pub async fn on<I>(self, ids: I) -> BatchReport<R::Schema>
    where
        I: IntoIterator,
        I::Item: Into<Id<R::Schema>>,
    {
        let ids: Vec<Id<R::Schema>> = ids.into_iter().map(Into::into).collect();
        let mut sending = Sending::<R>::new(self.client.clone(), ids.len());
        let mut first = 0;
        // Whether a reply or a record has shown that Halo takes this field; asked anew after each that did not.
        let mut taken = false;
        for chunk in ids.chunks(self.size) {
            let entries = self.read(&mut sending, first, chunk).await;
            sending.send(&entries, false).await;
            let together = entries.len() > 1 && !sending.has_ended();
            for place in entries.iter().map(Entry::place) {
                if together && matches!(sending.outcome(place), Some(BatchOutcome::Unknown(_))) {
                    let entries = self.read(&mut sending, place, &ids[place..=place]).await;
                    sending.send(&entries, false).await;
                }
            }
            // First those whose reply tells, then, unless they all hold it, those that were only accepted.
            for told in [true, false] {
                for place in entries.iter().map(Entry::place) {
                    match sending.outcome(place) {
                        Some(BatchOutcome::Applied(_)) if told => {}
                        Some(BatchOutcome::Accepted) if !told && !taken => {}
                        _ => continue,
                    }
                    taken = self.verify(&mut sending, place, &ids[place]).await.unwrap_or(taken);
                }
            }
            first += chunk.len();
        }
        sending.report()
    }

    /// Reads these records, of which the first has this place, and settles those that need no write or cannot
    /// have one.
    async fn read(
        &self,
        sending: &mut Sending<R>,
        first: usize,
        ids: &[Id<R::Schema>],
    ) -> Vec<Entry<R::Schema>> {
        let mut entries = Vec::with_capacity(ids.len());
        for (place, id) in (first..).zip(ids) {
            if sending.has_ended() {
                break;
            }
            match self.patch(sending, id).await {
                Ok(Some(patch)) => entries.push(Entry::of(place, &patch)),
                Ok(None) => sending.settle_one(place, BatchOutcome::Unchanged),
                Err(error) => sending.not_read(place, error),
            }
        }
        entries
    }

    /// The change of one record; none where the record holds the value already.
    async fn patch(
        &self,
        sending: &mut Sending<R>,
        id: &Id<R::Schema>,
    ) -> Result<Option<Patch<R::Schema>>, Error> {
        let value = self.value.as_ref().map_err(Clone::clone)?;
        let field = <R::Schema as HasCustomFields>::CUSTOM_FIELDS;
        let fields = self.fields(sending, id).await?;
        if fields.holds(&self.key, value) {
            return Ok(None);
        }
        let fields = fields.set(self.key.clone(), value);
        Ok(Some(Patch::of(id.clone()).replace(field, fields)))
    }

    /// The custom fields of a record as it is now.
    async fn fields(&self, sending: &mut Sending<R>, id: &Id<R::Schema>) -> Result<CustomFields, Error> {
        sending.count_request();
        let get = Handle::<R>::new(&self.client).get(id.clone()).param("includedetails", true);
        let record = get.row_as::<rest_core::record::Untyped>().send().await?;
        CustomFields::of(&record, <R::Schema as HasCustomFields>::CUSTOM_FIELDS)
    }

    /// Looks whether the record shows the field without a value, although one was set: in the reply, or, where there is
    /// none or it lists no fields at all, by one more read. Whether Halo took the field, if that could be told.
    async fn verify(&self, sending: &mut Sending<R>, place: usize, id: &Id<R::Schema>) -> Option<bool> {
        if self.value.as_ref().is_ok_and(Value::is_null) {
            return None;
        }
        let mut fields = match sending.outcome(place) {
            Some(BatchOutcome::Applied(saved)) => {
                CustomFields::of(saved.record(), <R::Schema as HasCustomFields>::CUSTOM_FIELDS).ok()?
            }
            _ => CustomFields::none(),
        };
        if fields.is_empty() {
            fields = self.fields(sending, id).await.ok()?;
        }
        if !fields.holds_nothing(&self.key) {
            return Some(true);
        }
        let message = format!("Halo answered with success and did not take the {}", self.key);
        let error = Error::new(ErrorKind::Status, message)
            .with_endpoint(http::Method::POST, R::PATH)
            .with_status(StatusCode::OK)
            .with_details(
                ErrorDetails::new().with_code("custom_field_not_taken").with_refusal(Refusal::Invalid),
            )
            .with_sent(Sent::Answered);
        sending.settle_one(place, BatchOutcome::Refused(error));
        Some(false)
    }
}

impl<R: Resource> fmt::Debug for SetCustomField<R> {
    /// What is set, not to what.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SetCustomField({}, {})", R::PATH, self.key)
    }
}
