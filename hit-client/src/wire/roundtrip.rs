//! What is written reads back as the same values, whatever they are.

use jiff::civil::Date;
use proptest::prelude::*;
use rest_core::error::ErrorDecoder as _;
use rest_core::record::Seen;

use super::{ItemPatchBody, ItemReply, date, errors, instant, record};
use crate::types::{
    Budget, BudgetLine, BudgetLineWrite, BudgetPatch, Change, Currency, Frequency, Item, ItemPatch,
};

fn dates() -> impl Strategy<Value = Date> {
    (1i16..=9999, 1i8..=12, 1i8..=31)
        .prop_filter_map("no such day", |(year, month, day)| Date::new(year, month, day).ok())
}

fn currencies() -> impl Strategy<Value = Currency> {
    "[A-Z]{3}".prop_filter_map("not a currency", |code| Currency::new(&code))
}

fn lines(frequencies: &'static [Frequency]) -> impl Strategy<Value = Vec<BudgetLine>> {
    let line = ("[a-z0-9_]{1,8}", any::<String>(), any::<i64>(), prop::sample::select(frequencies))
        .prop_map(|(id, label, amount, frequency)| BudgetLine::new(id, label, amount, frequency));
    prop::collection::vec(line, 0..5)
}

fn budgets() -> impl Strategy<Value = Budget> {
    let recurring = prop::option::of(lines(&[Frequency::Monthly, Frequency::Annual]));
    (currencies(), lines(&[Frequency::Once]), recurring).prop_map(|(currency, one_time, recurring)| {
        let mut budget = Budget::new(currency, one_time);
        budget.recurring = recurring;
        budget
    })
}

/// The patch as the server would show it in an item.
fn shown(patch: &ItemPatch) -> Item {
    let body = serde_json::to_string(&ItemPatchBody::from(patch)).unwrap();
    let rest = body.strip_prefix('{').unwrap();
    let comma = if rest == "}" { "" } else { "," };
    let item = format!(r#"{{"id":"i","client_id":"c","name":"n","status_id":"s"{comma}{rest}"#);
    record::<ItemReply>(item.as_bytes()).unwrap()
}

proptest! {
    #[test]
    fn dates_come_back(due in dates()) {
        let text = serde_json::to_string(&due).unwrap();
        prop_assert_eq!(text.len(), 12);
        prop_assert_eq!(date(&text), Some(due));
        let item = shown(&ItemPatch::new().due_date(Some(due)).start_date(None));
        prop_assert!(matches!(item.due_date, Seen::Value(seen) if seen == due));
        prop_assert!(matches!(item.start_date, Seen::Null));
        prop_assert!(matches!(item.effort_minutes, Seen::Absent));
    }

    #[test]
    fn budgets_come_back_to_the_last_minor_unit(budget in budgets()) {
        let mut patch = BudgetPatch::in_currency(budget.currency)
            .one_time(budget.one_time.iter().map(BudgetLineWrite::from));
        patch.recurring = budget.recurring.as_ref().map(|lines| lines.iter().map(Into::into).collect());
        let item = shown(&ItemPatch { budget: Change::Set(patch), ..ItemPatch::new() });
        prop_assert!(matches!(&item.budget, Seen::Value(seen) if *seen == budget), "{:?}", item.budget);
    }

    #[test]
    fn instants_lose_no_millisecond(milliseconds in -62_135_596_800_000i64..=253_402_300_799_999) {
        let stamp = jiff::Timestamp::from_millisecond(milliseconds).unwrap();
        let text = instant(stamp);
        prop_assert!(text.ends_with('Z') && text.as_bytes()[text.len() - 5] == b'.', "{}", text);
        prop_assert_eq!(text.parse::<jiff::Timestamp>().unwrap(), stamp);
    }

    #[test]
    fn foreign_bytes_never_panic(body in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
        let _ = record::<ItemReply>(&body);
        let _ = super::page::<ItemReply>(text.as_bytes());
        let _ = errors::Decoder.decode(http::StatusCode::BAD_REQUEST, &http::HeaderMap::new(), &body);
    }
}
