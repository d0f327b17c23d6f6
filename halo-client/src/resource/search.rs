//! What lists can do beyond plain filters: order by columns, read what changed, search by conditions.

use std::fmt;
use std::marker::PhantomData;

use rest_core::record::{Field, Schema};
use serde::Serialize;

use super::{List, Listable};
use crate::value::QueryTime;
use crate::{Error, IntoField};

/// A route whose list can be ordered: the API document has `order` for it.
#[diagnostic::on_unimplemented(
    message = "HaloPSA does not order the list of `{Self}`",
    label = "this list comes in an order of its own",
    note = "sort the rows once they are read"
)]
pub trait Orderable: Listable {}

/// A route whose list can be narrowed to what changed: the API document has `lastupdatefromdate` for it.
///
/// There are few: tickets, projects, opportunities, clients, sites, users, assets. Halo ignores parameters that
/// it does not know, so on any other route the filter would silently answer everything.
#[diagnostic::on_unimplemented(
    message = "HaloPSA cannot list what changed of `{Self}`",
    label = "this list has no `lastupdatefromdate`",
    note = "read the whole list and compare, or be told by a webhook"
)]
pub trait Incremental: Listable {}

/// A route whose list takes conditions: the API document has `advanced_search` for it.
#[diagnostic::on_unimplemented(
    message = "HaloPSA takes no conditions for the list of `{Self}`",
    label = "this list has no `advanced_search`",
    note = "use the list's own filters, or sift the rows once they are read"
)]
pub trait Searchable: Listable {}

/// The parameters of the columns that a list is ordered by.
const ORDERS: [(&str, &str); 5] = [
    ("order", "orderdesc"),
    ("order2", "orderdesc2"),
    ("order3", "orderdesc3"),
    ("order4", "orderdesc4"),
    ("order5", "orderdesc5"),
];

impl<R: Orderable, T> List<R, T> {
    /// Orders by a column, smallest first; where it was ordered already, rows that are equal so far.
    ///
    /// Order by the id where a long list must hold together: what is made meanwhile comes last then, and
    /// moves no other row onto a page that was read already.
    ///
    /// A field that the list's rows do not show (one that only the single record has) is taken for no column: Halo is
    /// believed to ignore such an order (H48 of ASSUMPTIONS.md) and answers in its own. The types do not forbid it,
    /// because the API document says which fields exist, not by which of them a list can be ordered.
    ///
    /// ```no_run
    /// # use halo_client::schema::Ticket;
    /// # async fn example(client: halo_client::Client) -> Result<(), halo_client::Error> {
    /// let oldest = client.tickets().list().order_by(Ticket::DATEOCCURRED).order_by(Ticket::ID).first_page().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// ```compile_fail,E0308
    /// # use halo_client::schema::Site;
    /// # fn example(client: halo_client::Client) {
    /// client.tickets().list().order_by(Site::TIMEZONE); // error: a column of another schema
    /// # }
    /// ```
    pub fn order_by<V, W, B>(self, field: Field<R::Schema, V, W, B>) -> Self {
        self.order_column(field.name(), false)
    }

    /// Orders by a column, largest first; see [`order_by`](List::order_by).
    pub fn order_by_descending<V, W, B>(self, field: Field<R::Schema, V, W, B>) -> Self {
        self.order_column(field.name(), true)
    }

    fn order_column(mut self, column: &'static str, descending: bool) -> Self {
        let Some((order, direction)) = ORDERS.iter().find(|(order, _)| self.params().get(order).is_none())
        else {
            return self.refuse(Error::configuration("HaloPSA orders a list by five columns at most"));
        };
        self.params_mut().set(order, column);
        self.params_mut().set(direction, descending);
        self
    }
}

impl<R: Incremental, T> List<R, T> {
    /// Only records that changed at that time or later.
    ///
    /// Halo's document calls the parameter a flag; public clients in production send it a time. Ask from a
    /// little before the last reading began, and take the same record twice in your stride: clocks differ, and
    /// a change is not visible at the moment that it carries.
    ///
    /// Deleted records do not appear, whatever the time.
    ///
    /// ```no_run
    /// # async fn example(client: halo_client::Client, yesterday: halo_client::jiff::Timestamp) -> Result<(), halo_client::Error> {
    /// let changed = client.projects().list().client_id(12).open_only(true).changed_since(yesterday).all().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// ```compile_fail,E0277
    /// # fn example(client: halo_client::Client, at: halo_client::jiff::Timestamp) {
    /// client.actions().list().changed_since(at); // error: HaloPSA cannot list what changed of `Actions`
    /// # }
    /// ```
    pub fn changed_since(mut self, at: impl Into<QueryTime>) -> Self {
        self.params_mut().set("lastupdatefromdate", at.into());
        self
    }

    /// Only records that changed at that time or before.
    pub fn changed_until(mut self, at: impl Into<QueryTime>) -> Self {
        self.params_mut().set("lastupdatetodate", at.into());
        self
    }
}

impl<R: Searchable, T> List<R, T> {
    /// Only records that meet all these conditions.
    ///
    /// Instances allow certain fields only. For the others they answer "Invalid advanced search parameter"
    /// (observed by a public client), which is an error here.
    ///
    /// ```no_run
    /// # use halo_client::{Conditions, schema::User};
    /// # async fn example(client: halo_client::Client) -> Result<(), halo_client::Error> {
    /// let search = Conditions::new().equals(User::AZUREOID, "6f9e7c0a-0b0f-4f43-9c35-3f0c1f3f8a11");
    /// let found = client.users().list().advanced_search(search).all().await?;
    /// # Ok(()) }
    /// ```
    pub fn advanced_search(mut self, search: Conditions<R::Schema>) -> Self {
        match search.to_json() {
            Ok(json) => {
                self.params_mut().set("advanced_search", json);
                self
            }
            Err(error) => self.refuse(error),
        }
    }
}

/// How a condition compares. The numbers are those of a public client that took them from Halo's own pages;
/// only [`Equal`](Comparison::Equal) is seen in production.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Comparison {
    /// One of several.
    In,
    /// None of several.
    NotIn,
    /// The same.
    Equal,
    /// Not the same.
    NotEqual,
    /// A text with `%` for anything.
    Like,
    /// Not such a text.
    NotLike,
    /// More.
    More,
    /// As much or more.
    AtLeast,
    /// Less.
    Less,
    /// As much or less.
    AtMost,
}

impl Comparison {
    const fn number(self) -> u8 {
        match self {
            Self::In => 0,
            Self::NotIn => 1,
            Self::Equal => 2,
            Self::NotEqual => 3,
            Self::Like => 4,
            Self::NotLike => 5,
            // 6 is "equal" once more.
            Self::More => 7,
            Self::AtLeast => 8,
            Self::Less => 9,
            Self::AtMost => 10,
        }
    }
}

#[derive(Clone, Serialize)]
struct Condition {
    filter_name: String,
    filter_type: u8,
    filter_value: String,
}

/// Conditions on a list, all of which must hold: Halo's `advanced_search`.
///
/// ```
/// use halo_client::{Conditions, schema::Client};
///
/// let search = Conditions::new().like(Client::NAME, "A%").one_of(Client::ID, [12, 13]);
/// assert_eq!(
///     search.to_json()?,
///     r#"[{"filter_name":"name","filter_type":4,"filter_value":"A%"},{"filter_name":"id","filter_type":0,"filter_value":"12,13"}]"#
/// );
/// # Ok::<(), halo_client::Error>(())
/// ```
#[must_use = "conditions do nothing until a list takes them"]
pub struct Conditions<S> {
    conditions: Vec<Condition>,
    failed: Option<Error>,
    schema: PhantomData<fn() -> S>,
}

impl<S: Schema> Conditions<S> {
    /// No condition yet.
    pub fn new() -> Self {
        Conditions { conditions: Vec::new(), failed: None, schema: PhantomData }
    }

    /// The field has this value.
    pub fn equals<V, W, B>(self, field: Field<S, V, W, B>, value: impl IntoField<V>) -> Self {
        self.add(field.name(), Comparison::Equal, text(&value))
    }

    /// The field has another value than this.
    pub fn differs<V, W, B>(self, field: Field<S, V, W, B>, value: impl IntoField<V>) -> Self {
        self.add(field.name(), Comparison::NotEqual, text(&value))
    }

    /// The field has one of these values. They are joined by commas, so a value that holds one is refused.
    pub fn one_of<V, W, B>(
        self,
        field: Field<S, V, W, B>,
        values: impl IntoIterator<Item = impl IntoField<V>>,
    ) -> Self {
        self.add(field.name(), Comparison::In, joined(values))
    }

    /// The field has none of these values; see [`one_of`](Conditions::one_of).
    pub fn none_of<V, W, B>(
        self,
        field: Field<S, V, W, B>,
        values: impl IntoIterator<Item = impl IntoField<V>>,
    ) -> Self {
        self.add(field.name(), Comparison::NotIn, joined(values))
    }

    /// The text is like this one, in which `%` stands for anything.
    pub fn like<W, B>(self, field: Field<S, String, W, B>, pattern: &str) -> Self {
        self.add(field.name(), Comparison::Like, Ok(pattern.to_owned()))
    }

    /// The text is not like this one, in which `%` stands for anything.
    pub fn not_like<W, B>(self, field: Field<S, String, W, B>, pattern: &str) -> Self {
        self.add(field.name(), Comparison::NotLike, Ok(pattern.to_owned()))
    }

    /// The field is more than this.
    pub fn more_than<V, W, B>(self, field: Field<S, V, W, B>, value: impl IntoField<V>) -> Self {
        self.add(field.name(), Comparison::More, text(&value))
    }

    /// The field is this or more.
    pub fn at_least<V, W, B>(self, field: Field<S, V, W, B>, value: impl IntoField<V>) -> Self {
        self.add(field.name(), Comparison::AtLeast, text(&value))
    }

    /// The field is less than this.
    pub fn less_than<V, W, B>(self, field: Field<S, V, W, B>, value: impl IntoField<V>) -> Self {
        self.add(field.name(), Comparison::Less, text(&value))
    }

    /// The field is this or less.
    pub fn at_most<V, W, B>(self, field: Field<S, V, W, B>, value: impl IntoField<V>) -> Self {
        self.add(field.name(), Comparison::AtMost, text(&value))
    }

    /// A condition on a field by its name on the wire, such as one that an instance allows and no schema has.
    pub fn named(self, name: &str, comparison: Comparison, value: impl fmt::Display) -> Self {
        self.add(name, comparison, Ok(value.to_string()))
    }

    fn add(mut self, name: &str, comparison: Comparison, value: Result<String, Error>) -> Self {
        match value {
            Ok(filter_value) => self.conditions.push(Condition {
                filter_name: name.to_owned(),
                filter_type: comparison.number(),
                filter_value,
            }),
            Err(error) => self.failed = self.failed.or(Some(error)),
        }
        self
    }

    /// The JSON array that is sent.
    ///
    /// # Errors
    /// A configuration error when there is no condition, or a value cannot be written in one.
    pub fn to_json(&self) -> Result<String, Error> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.conditions.is_empty() {
            return Err(Error::configuration(
                "a search needs a condition; without one it would find everything",
            ));
        }
        serde_json::to_string(&self.conditions)
            .map_err(|error| Error::configuration("the search cannot be written as JSON").with_source(error))
    }
}

impl<S: Schema> Default for Conditions<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Clone for Conditions<S> {
    fn clone(&self) -> Self {
        Conditions { conditions: self.conditions.clone(), failed: self.failed.clone(), schema: PhantomData }
    }
}

impl<S> fmt::Debug for Conditions<S> {
    /// The names of the fields, not the values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.conditions.iter().map(|condition| &condition.filter_name)).finish()
    }
}

/// A value as the text of a condition: public clients send texts for everything.
fn text<V>(value: &impl IntoField<V>) -> Result<String, Error> {
    let json = value.to_json()?;
    if json.starts_with('"') {
        return serde_json::from_str(&json)
            .map_err(|error| Error::configuration("the value of a condition is no text").with_source(error));
    }
    if json.starts_with(['[', '{']) {
        return Err(Error::configuration("a condition compares with a text, a number, a flag or a time"));
    }
    Ok(json)
}

fn joined<V>(values: impl IntoIterator<Item = impl IntoField<V>>) -> Result<String, Error> {
    let texts = values.into_iter().map(|value| text(&value)).collect::<Result<Vec<_>, _>>()?;
    if texts.is_empty() {
        return Err(Error::configuration("a condition with several values needs at least one"));
    }
    if texts.iter().any(|text| text.contains(',')) {
        return Err(Error::configuration("a value that holds a comma cannot stand among several"));
    }
    Ok(texts.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Ticket, User};

    #[test]
    fn values_are_texts_whatever_they_are() {
        let at: jiff::Timestamp = "2026-10-06T12:00:00Z".parse().expect("a time");
        let search = Conditions::new()
            .equals(Ticket::HASBEENCLOSED, false)
            .at_least(Ticket::LAST_UPDATE, at)
            .differs(Ticket::SUMMARY, "say \"no\"")
            .none_of(Ticket::STATUS_ID, [9, 10]);
        assert_eq!(
            search.to_json().expect("writable"),
            r#"[{"filter_name":"hasbeenclosed","filter_type":2,"filter_value":"false"},{"filter_name":"last_update","filter_type":8,"filter_value":"2026-10-06T12:00:00"},{"filter_name":"summary","filter_type":3,"filter_value":"say \"no\""},{"filter_name":"status_id","filter_type":1,"filter_value":"9,10"}]"#
        );
        assert_eq!(format!("{search:?}"), r#"["hasbeenclosed", "last_update", "summary", "status_id"]"#);
    }

    #[test]
    fn what_cannot_be_a_condition_is_refused() {
        for search in [
            Conditions::<User>::new(),
            Conditions::new().one_of(User::NAME, Vec::<&str>::new()),
            Conditions::new().one_of(User::NAME, ["Doe, Jo", "Ada"]),
        ] {
            assert!(search.to_json().expect_err("refused").is_configuration());
        }
    }
}
