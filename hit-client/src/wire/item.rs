//! Roadmap items as replies show them.

use rest_core::decode::DecodeError;
use serde::Deserialize;
#[cfg(test)]
use serde::Serialize;

use super::records::references;
use super::{Instant, Raw, Reply, date, raw, seen, seen_reply, seen_with};
use crate::types::{
    Actor, ActorKind, Budget, BudgetLine, BudgetLineId, ClientId, Currency, Description, DescriptionFormat,
    Frequency, Item, ItemId, StatusId,
};

/// `RoadmapItem`. Only what a synchronisation cannot do without must be readable.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct ItemReply {
    id: ItemId,
    client_id: ClientId,
    name: String,
    status_id: StatusId,
    #[serde(default, deserialize_with = "raw")]
    due_date: Raw,
    #[serde(default, deserialize_with = "raw")]
    responsible_id: Raw,
    #[serde(default, deserialize_with = "raw")]
    pillar: Raw,
    #[serde(default, deserialize_with = "raw")]
    origin: Raw,
    #[serde(default, deserialize_with = "raw")]
    template_id: Raw,
    #[serde(default, deserialize_with = "raw")]
    description: Raw,
    #[serde(default, deserialize_with = "raw")]
    start_date: Raw,
    #[serde(default, deserialize_with = "raw")]
    hours_minutes: Raw,
    #[serde(default, deserialize_with = "raw")]
    budget: Raw,
    #[serde(default, deserialize_with = "raw")]
    external_references: Raw,
    #[serde(default, deserialize_with = "raw")]
    url: Raw,
    #[serde(default, deserialize_with = "raw")]
    created_at: Raw,
    #[serde(default, deserialize_with = "raw")]
    updated_at: Raw,
    #[serde(default, deserialize_with = "raw")]
    updated_by: Raw,
    #[serde(default, deserialize_with = "raw")]
    version: Raw,
    #[serde(default, deserialize_with = "raw")]
    archived_at: Raw,
}

impl Reply for ItemReply {
    type Value = Item;

    fn into_value(self) -> Result<Item, DecodeError> {
        let mut item = Item::new(self.id, self.client_id, self.name, self.status_id);
        let instant = |text: &str| serde_json::from_str(text).ok().map(|instant: Instant| instant.0);
        item.due_date = seen_with(self.due_date, date);
        item.responsible_id = seen(self.responsible_id);
        item.pillar = seen(self.pillar);
        item.origin = seen(self.origin);
        item.template_id = seen(self.template_id);
        item.description = seen_reply::<DescriptionReply>(self.description);
        item.start_date = seen_with(self.start_date, date);
        item.effort_minutes = seen(self.hours_minutes);
        item.budget = seen_reply::<BudgetReply>(self.budget);
        item.external_references = references(self.external_references);
        item.url = seen_with(self.url, |text| serde_json::from_str::<String>(text).ok()?.parse().ok());
        item.created_at = seen_with(self.created_at, instant);
        item.updated_at = seen_with(self.updated_at, instant);
        item.updated_by = seen_reply::<ActorReply>(self.updated_by);
        item.version = seen(self.version);
        item.archived_at = seen_with(self.archived_at, instant);
        Ok(item)
    }
}

/// `Description`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct DescriptionReply {
    format: DescriptionFormat,
    body: String,
}

impl Reply for DescriptionReply {
    type Value = Description;

    fn into_value(self) -> Result<Description, DecodeError> {
        Ok(Description::new(self.format, self.body))
    }
}

/// `Actor`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct ActorReply {
    #[serde(rename = "type")]
    kind: ActorKind,
    id: Option<String>,
}

impl Reply for ActorReply {
    type Value = Actor;

    fn into_value(self) -> Result<Actor, DecodeError> {
        Ok(Actor::new(self.kind, self.id))
    }
}

/// `Budget`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct BudgetReply {
    currency: Currency,
    one_time: Vec<LineReply>,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    recurring: Option<Vec<LineReply>>,
}

/// A list that may be absent but not null: null would read as "not carried", which it is not.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<LineReply>>, D::Error> {
    Vec::deserialize(deserializer).map(Some)
}

/// `BudgetLine`. An amount that is no integer makes the whole budget odd: a part of a budget is a wrong sum.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
pub(super) struct LineReply {
    id: BudgetLineId,
    label: String,
    amount_minor: i64,
    frequency: Frequency,
}

impl From<LineReply> for BudgetLine {
    fn from(line: LineReply) -> Self {
        Self::new(line.id, line.label, line.amount_minor, line.frequency)
    }
}

impl Reply for BudgetReply {
    type Value = Budget;

    fn into_value(self) -> Result<Budget, DecodeError> {
        let lines = |lines: Vec<LineReply>| lines.into_iter().map(BudgetLine::from).collect();
        let mut budget = Budget::new(self.currency, lines(self.one_time));
        budget.recurring = self.recurring.map(lines);
        Ok(budget)
    }
}

#[cfg(test)]
mod tests {
    use rest_core::record::Seen;

    use super::*;
    use crate::wire::record;

    const LEAST: &str = r#""id":"it_1","client_id":"cl_1","name":"A","status_id":"st_1""#;

    fn item(rest: &str) -> Item {
        record::<ItemReply>(format!("{{{LEAST}{rest}}}").as_bytes()).unwrap()
    }

    #[test]
    fn absent_null_and_odd_are_three_things() {
        let item =
            item(r#","due_date":null,"start_date":"soon","hours_minutes":90.5,"unheard_of":{"a":[1]}"#);
        assert!(matches!(item.due_date, Seen::Null));
        assert!(matches!(&item.start_date, Seen::Odd(raw) if raw.get() == "\"soon\""));
        assert!(matches!(item.effort_minutes, Seen::Odd(_)));
        assert!(matches!(item.budget, Seen::Absent));
    }

    #[test]
    fn a_fraction_of_a_minor_unit_makes_the_budget_odd() {
        let line = |amount: &str| {
            item(&format!(
                r#","budget":{{"currency":"USD","one_time":[{{"id":"b","label":"","amount_minor":{amount},"frequency":"once"}}]}}"#
            ))
        };
        assert!(matches!(line("12").budget, Seen::Value(_)));
        for odd in ["12.5", "12.0", "1e3", "\"12\"", "9223372036854775808"] {
            assert!(matches!(line(odd).budget, Seen::Odd(_)), "{odd}");
        }
    }

    #[test]
    fn recurring_lines_that_are_not_carried_are_not_an_empty_list() {
        let budget = |recurring: &str| {
            item(&format!(r#","budget":{{"currency":"USD","one_time":[]{recurring}}}"#)).budget
        };
        assert!(matches!(budget(""), Seen::Value(Budget { recurring: None, .. })));
        assert!(matches!(budget(r#","recurring":[]"#), Seen::Value(Budget { recurring: Some(_), .. })));
        assert!(matches!(budget(r#","recurring":null"#), Seen::Odd(_)));
    }

    #[test]
    fn an_item_without_its_client_is_a_bad_record() {
        assert!(record::<ItemReply>(br#"{"id":"it_1","name":"A","status_id":"st_1"}"#).is_err());
    }
}
