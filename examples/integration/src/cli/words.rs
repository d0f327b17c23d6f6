//! What happened, in words.

use sync_core::catalogue::Catalogue;
use sync_core::ids::{HitStatusId, MemberId, Side};
use sync_core::value::{Obs, Value};

use crate::storage::{HistoryEntry, Outcome, RecordKey};

/// A value of a side, with the names of statuses and people where they are known.
pub(super) fn value(catalogue: Option<&Catalogue>, side: Side, value: Option<&Value>) -> String {
    let Some(value) = value else { return "blank".to_owned() };
    let name = catalogue.and_then(|known| match (value, side) {
        (Value::Code(id), Side::Halo) => Some(&known.statuses.get(&id.parse().ok()?)?.name),
        (Value::Code(id), Side::Hit) => Some(&known.hit_statuses.get(&HitStatusId::from(&**id))?.name),
        (Value::Ref(id), Side::Halo) => Some(&known.agents.get(&id.parse().ok()?)?.name),
        (Value::Ref(id), Side::Hit) => Some(&known.members.get(&MemberId::from(&**id))?.name),
        _ => None,
    });
    name.map_or_else(|| value.to_string(), |name| name.to_string())
}

/// The same for what was observed.
pub(super) fn observed(catalogue: Option<&Catalogue>, side: Side, obs: &Obs<Value>) -> String {
    match obs {
        Obs::NotFetched => "not read".to_owned(),
        Obs::Forbidden => "hidden".to_owned(),
        Obs::Null => value(catalogue, side, None),
        Obs::Value(held) => value(catalogue, side, Some(held)),
    }
}

/// A line of history as short as it can be said.
pub(super) fn what(entry: &HistoryEntry, catalogue: Option<&Catalogue>) -> String {
    let name = entry.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    let by_field = matches!(entry.action.as_str(), "update" | "status_write");
    match (entry.field, &entry.record) {
        (Some(field), Some(record)) if by_field => {
            let side = record.side();
            let shown = |held: &Option<Value>| value(catalogue, side, held.as_ref());
            let (label, side) = (field.label(), side.name());
            format!("{name}{label} in {side} {} -> {}", shown(&entry.before), shown(&entry.after))
        }
        _ => {
            let sentence = past(&entry.sentence, entry.outcome);
            let end = sentence.find(", because ").unwrap_or(sentence.len());
            let short = sentence.get(..end).unwrap_or(&sentence).trim_end_matches('.').to_owned();
            if short.contains(name.trim_end_matches(": ")) { short } else { format!("{name}{short}") }
        }
    }
}

/// The record of a line, with its side.
pub(super) fn record(record: &RecordKey) -> String {
    match record {
        RecordKey::Ticket(id) => format!("ticket {id}"),
        RecordKey::Item(id) => format!("item {id}"),
    }
}

/// A plan says what will be done; the history says what was.
pub(super) fn past(sentence: &str, outcome: Outcome) -> String {
    let words = match outcome {
        Outcome::Applied => [("will change", "was changed"), ("will be ", "was "), ("will become", "became")],
        _ => [
            ("will change", "was to be changed"),
            ("will be ", "was to be "),
            ("will become", "was to become"),
        ],
    };
    // Only what the sentence itself says, not what it quotes.
    let quoted = sentence.split('"').enumerate().map(|(number, part)| {
        let spoken = number % 2 == 0;
        words.iter().fold(
            part.to_owned(),
            |text, (now, then)| {
                if spoken { text.replace(now, then) } else { text }
            },
        )
    });
    quoted.collect::<Vec<_>>().join("\"")
}

/// What the outcome adds to the sentence.
pub(super) fn ending(entry: &HistoryEntry) -> String {
    let detail = entry.detail.as_deref().unwrap_or_default();
    let said = |words: &str| match detail {
        "" => format!("{words}."),
        detail => format!("{words}: {}.", detail.trim_end_matches('.')),
    };
    match entry.outcome {
        Outcome::Applied if detail.is_empty() => String::new(),
        Outcome::Applied => said("It was done"),
        Outcome::Rejected => said("It was refused"),
        Outcome::Unknown => said("Whether it was done is not known"),
        Outcome::NotApplied => said("It was not done"),
        Outcome::NotKept => said("The server did not keep it"),
        Outcome::Skipped => said("It was left out"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_becomes_a_tale_and_quotes_stay() {
        let sentence = r#"Name in Halo will change from "It will be fine" to "x", because HIT changed it."#;
        assert_eq!(
            past(sentence, Outcome::Applied),
            r#"Name in Halo was changed from "It will be fine" to "x", because HIT changed it."#
        );
        assert_eq!(
            past("A project \"P\" will be created in Halo.", Outcome::Unknown),
            "A project \"P\" was to be created in Halo."
        );
    }
}
