//! The budget of an item: how a patch changes its lines.

use serde_json::{Value, json};

use super::values::{Check, is_currency, join, length};
use crate::world::store::Row;

const LISTS: [&str; 2] = ["one_time", "recurring"];

/// What a budget patch needs to know of its surroundings.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The account's currency.
    pub currency: Option<&'a str>,
    /// Whether recurring lines are offered.
    pub recurring: bool,
}

/// The budget after a patch. Faults go to `check`; the result counts only without faults. `number` gives new
/// line ids.
pub fn patched(
    present: &Value,
    patch: &Value,
    setting: Setting<'_>,
    check: &mut Check,
    number: &mut u64,
) -> Value {
    let Some(patch) = patch.as_object() else {
        if !patch.is_null() {
            check.fault("invalid_value", "budget", "It is an object or null.");
        }
        return Value::Null;
    };
    check.known(patch, "budget", &["currency", "one_time", "recurring"], &[]);
    let held = present["currency"].as_str().or(setting.currency);
    let given = check
        .text(patch, "budget", "currency", is_currency, "It is three capital letters.")
        .map(str::to_owned);
    let currency = match (held, given) {
        (Some(held), Some(given)) if held != given => {
            check.fault("currency_mismatch", "budget.currency", format!("The item is in {held}."));
            given
        }
        (Some(held), _) => held.to_owned(),
        (None, Some(given)) => given,
        (None, None) => {
            if !patch.contains_key("currency") {
                check.fault("currency_mismatch", "budget.currency", "The account has no currency.");
            }
            return Value::Null;
        }
    };
    let mut lists = LISTS.map(|list| present[list].as_array().cloned().unwrap_or_default());
    for (name, lines) in LISTS.iter().zip(&mut lists) {
        let Some(sent) = patch.get(*name) else { continue };
        let field = join("budget", name);
        if *name == "recurring" && !setting.recurring {
            check.fault("capability_absent", &field, "There are no recurring budgets here.");
            continue;
        }
        let Some(sent) = sent.as_array().filter(|s| s.len() <= 200) else {
            check.fault("invalid_value", &field, "It is a list of at most 200 lines.");
            continue;
        };
        *lines = replaced(lines, sent, name, &field, check, number);
    }
    let [one_time, recurring] = lists;
    if one_time.is_empty() && recurring.is_empty() {
        return Value::Null;
    }
    json!({"currency": currency, "one_time": one_time, "recurring": recurring})
}

fn replaced(
    present: &[Value],
    sent: &[Value],
    list: &str,
    field: &str,
    check: &mut Check,
    number: &mut u64,
) -> Vec<Value> {
    let mut lines: Vec<Value> = Vec::new();
    for (index, line) in sent.iter().enumerate() {
        let at = format!("{field}[{index}]");
        let Some(line) = line.as_object() else {
            check.fault("invalid_value", &at, "A line is an object.");
            continue;
        };
        if let Some(line) = line_of(present, &lines, line, list, &at, check, number) {
            lines.push(line);
        }
    }
    lines
}

fn line_of(
    present: &[Value],
    done: &[Value],
    line: &Row,
    list: &str,
    at: &str,
    check: &mut Check,
    number: &mut u64,
) -> Option<Value> {
    check.known(line, at, &["id", "label", "amount_minor", "frequency"], &[]);
    let mut old = None;
    if line.contains_key("id") {
        let id = check.text(line, at, "id", |_| true, "It is a text.")?;
        old = present.iter().find(|l| l["id"].as_str() == Some(id));
        if old.is_none() {
            check.fault("unknown_budget_line", &join(at, "id"), format!("The list has no line {id}."));
            return None;
        }
        if done.iter().any(|l| l["id"].as_str() == Some(id)) {
            check.fault("invalid_value", &join(at, "id"), "The line is there twice.");
            return None;
        }
    }
    let label = check.required(line, at, "label").then(|| {
        check.text(line, at, "label", |t| length(t) <= 255, "It is a text of at most 255 characters.")
    })?;
    let amount = if check.required(line, at, "amount_minor") {
        let amount = line.get("amount_minor").and_then(Value::as_i64);
        if amount.is_none() {
            check.fault("invalid_value", &join(at, "amount_minor"), "It is a whole number of minor units.");
        }
        amount
    } else {
        None
    };
    let allowed: &[&str] = if list == "one_time" { &["once"] } else { &["monthly", "annual"] };
    let frequency = if line.contains_key("frequency") {
        check
            .text(
                line,
                at,
                "frequency",
                |t| allowed.contains(&t),
                &format!("It is {}.", allowed.join(" or ")),
            )
            .map(str::to_owned)
    } else if list == "one_time" {
        Some("once".to_owned())
    } else {
        let kept = old.and_then(|l| l["frequency"].as_str()).map(str::to_owned);
        if kept.is_none() {
            check.fault("required", &join(at, "frequency"), "A new recurring line needs it.");
        }
        kept
    };
    let (label, amount, frequency) = (label?, amount?, frequency?);
    let id = match old {
        Some(old) => old["id"].clone(),
        None => {
            *number += 1;
            json!(format!("bl_n{number}"))
        }
    };
    Some(json!({"id": id, "label": label, "amount_minor": amount, "frequency": frequency}))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTING: Setting<'_> = Setting { currency: Some("USD"), recurring: true };

    fn run(present: &Value, patch: Value) -> (Value, Vec<&'static str>) {
        let mut check = Check::default();
        let result = patched(present, &patch, SETTING, &mut check, &mut 0);
        let codes =
            check.done().err().map(|r| r.reasons.iter().map(|r| r.code).collect()).unwrap_or_default();
        (result, codes)
    }

    fn present() -> Value {
        json!({"currency": "USD", "one_time": [{"id": "bl_1", "label": "a", "amount_minor": 5, "frequency": "once"}],
            "recurring": [{"id": "bl_2", "label": "b", "amount_minor": 7, "frequency": "annual"}]})
    }

    #[test]
    fn a_list_that_is_not_sent_stays() {
        let (after, codes) = run(&present(), json!({"one_time": [{"label": "new", "amount_minor": 9}]}));
        assert!(codes.is_empty());
        assert_eq!(after["recurring"], present()["recurring"]);
        assert_eq!(after["one_time"][0]["label"], "new");
        assert_ne!(after["one_time"][0]["id"], "bl_1");
    }

    #[test]
    fn a_line_with_an_id_keeps_it_and_its_frequency() {
        let (after, codes) =
            run(&present(), json!({"recurring": [{"id": "bl_2", "label": "b", "amount_minor": 8}]}));
        assert!(codes.is_empty());
        assert_eq!(
            after["recurring"][0],
            json!({"id": "bl_2", "label": "b", "amount_minor": 8, "frequency": "annual"})
        );
    }

    #[test]
    fn no_line_at_all_is_no_budget() {
        assert_eq!(run(&present(), json!({"one_time": [], "recurring": []})).0, Value::Null);
        assert_eq!(run(&present(), Value::Null), (Value::Null, vec![]));
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let cases = [
            (json!({"one_time": [{"id": "bl_2", "label": "x", "amount_minor": 1}]}), "unknown_budget_line"),
            (json!({"currency": "EUR"}), "currency_mismatch"),
            (json!({"one_time": [{"label": "x", "amount_minor": 1.5}]}), "invalid_value"),
            (json!({"one_time": [{"label": "x"}]}), "required"),
            (json!({"recurring": [{"label": "x", "amount_minor": 1}]}), "required"),
            (
                json!({"one_time": [{"label": "x", "amount_minor": 1, "frequency": "monthly"}]}),
                "invalid_value",
            ),
            (json!({"total": 3}), "unknown_field"),
        ];
        for (patch, code) in cases {
            assert_eq!(run(&present(), patch.clone()).1, [code], "{patch}");
        }
    }
}
