//! Lost updates, found in the log of all writes.
//!
//! The integration lost an update when it overwrote a value that a person had set on that field of that
//! record, although nobody but itself had set the corresponding field of the linked record since it last
//! wrote either of the two, and no decision covers it.

use std::collections::HashMap;

use super::fields::{is_guarded, meaning};
use crate::world::{Actor, Side, WriteEvent, WriteKind};

/// Which item belongs to which tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links(Vec<(String, String)>);

impl Links {
    /// Links of (item, ticket).
    #[must_use]
    pub fn new(mut pairs: Vec<(String, String)>) -> Self {
        pairs.sort();
        pairs.dedup();
        Self(pairs)
    }

    /// All pairs.
    #[must_use]
    pub fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    fn partners(&self, side: Side, record: &str) -> Vec<&str> {
        let pairs = self.0.iter();
        match side {
            Side::Hit => pairs.filter(|p| p.0 == record).map(|p| p.1.as_str()).collect(),
            Side::Halo => pairs.filter(|p| p.1 == record).map(|p| p.0.as_str()).collect(),
        }
    }
}

/// Somebody decided that a value may be overwritten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Length of the log at that time.
    pub at: usize,
    /// Where.
    pub side: Side,
    /// The record whose value may go.
    pub record: String,
    /// The field, or what it means.
    pub field: String,
}

/// A lost update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Place of the overwriting write in the log.
    pub event: usize,
    /// Place of the person's write.
    pub person: usize,
    /// Where.
    pub side: Side,
    /// Which record.
    pub record: String,
    /// Which field.
    pub field: String,
}

/// Who set a field last, by what it means where it means something.
type Slot = (Side, String, String);

#[derive(Debug, Default, Clone, Copy)]
struct Last {
    integration: Option<usize>,
    other: Option<usize>,
}

fn resource(side: Side) -> &'static str {
    match side {
        Side::Halo => "tickets",
        Side::Hit => "roadmap-items",
    }
}

fn other(side: Side) -> Side {
    match side {
        Side::Halo => Side::Hit,
        Side::Hit => Side::Halo,
    }
}

/// The fields of a write that count, with what they mean.
fn told(event: &WriteEvent) -> Vec<(&str, String)> {
    let parts = ["oppvalue_oneoff", "oppvalue_monthly", "oppvalue_annual"];
    let summed = event.changes.iter().any(|c| parts.contains(&c.field.as_str()));
    let budgeted = event.changes.iter().any(|c| c.field == "budgets");
    event
        .changes
        .iter()
        .filter(|c| c.old != c.new)
        // Sums follow from their parts.
        .filter(|c| !(summed && c.field == "oppvalue"))
        .filter(|c| !(budgeted && matches!(c.field.as_str(), "projectmoneybudget" | "projecttimebudget")))
        .filter_map(|c| {
            let field = c.field.as_str();
            match meaning(event.side, field) {
                Some(word) => Some((field, word.to_owned())),
                None => is_guarded(event.side, field).then(|| (field, format!("={field}"))),
            }
        })
        .collect()
}

/// All lost updates of a log.
#[must_use]
pub fn lost_updates(log: &[WriteEvent], links: &Links, decisions: &[Decision]) -> Vec<Lost> {
    let mut lost = Vec::new();
    // By exact field: who set the value that stands there. By meaning: when each side last wrote.
    let mut holders: HashMap<Slot, (usize, bool)> = HashMap::new();
    let mut writes: HashMap<Slot, Last> = HashMap::new();
    for (index, event) in log.iter().enumerate() {
        if event.resource != resource(event.side) || event.kind == WriteKind::Delete {
            continue;
        }
        let ours = event.actor == Actor::Integration;
        let fields = told(event);
        if ours && event.kind != WriteKind::Create {
            for (field, word) in &fields {
                let slot = (event.side, event.record.clone(), (*field).to_owned());
                let Some((person, true)) = holders.get(&slot).copied() else { continue };
                if !justified(event, word, links, &writes)
                    && !decided(event, field, word, person, index, decisions)
                {
                    lost.push(Lost {
                        event: index,
                        person,
                        side: event.side,
                        record: event.record.clone(),
                        field: (*field).to_owned(),
                    });
                }
            }
        }
        for (field, word) in fields {
            let exact = (event.side, event.record.clone(), field.to_owned());
            holders.insert(exact, (index, event.actor.is_person()));
            let last = writes.entry((event.side, event.record.clone(), word)).or_default();
            if ours {
                last.integration = Some(index);
            } else {
                last.other = Some(index);
            }
        }
    }
    lost
}

/// Whether somebody else set the linked record's field since the integration last wrote the pair.
fn justified(event: &WriteEvent, word: &str, links: &Links, writes: &HashMap<Slot, Last>) -> bool {
    let of = |side: Side, record: &str| {
        writes.get(&(side, record.to_owned(), word.to_owned())).copied().unwrap_or_default()
    };
    let own = of(event.side, &event.record).integration;
    links.partners(event.side, &event.record).into_iter().any(|partner| {
        let there = of(other(event.side), partner);
        there.other.is_some() && there.other > own.max(there.integration)
    })
}

fn decided(
    event: &WriteEvent,
    field: &str,
    word: &str,
    person: usize,
    index: usize,
    decisions: &[Decision],
) -> bool {
    decisions.iter().any(|d| {
        d.side == event.side
            && d.record == event.record
            && (d.field == field || d.field == word || meaning(d.side, &d.field) == Some(word))
            && d.at > person
            && d.at <= index
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::world::FieldChange;

    fn person() -> Actor {
        Actor::Person("Maya".into())
    }

    fn write(side: Side, actor: Actor, record: &str, field: &str, old: i64, new: i64) -> WriteEvent {
        WriteEvent {
            at: 0,
            side,
            actor,
            kind: WriteKind::Update,
            resource: resource(side).into(),
            record: record.into(),
            changes: vec![FieldChange { field: field.into(), old: json!(old), new: json!(new) }],
        }
    }

    fn hit(actor: Actor, old: i64, new: i64) -> WriteEvent {
        write(Side::Hit, actor, "it_1", "status_id", old, new)
    }

    fn halo(actor: Actor, old: i64, new: i64) -> WriteEvent {
        write(Side::Halo, actor, "7", "status_id", old, new)
    }

    fn count(log: &[WriteEvent], decisions: &[Decision]) -> usize {
        let links = Links::new(vec![("it_1".into(), "7".into())]);
        lost_updates(log, &links, decisions).len()
    }

    #[test]
    fn carrying_an_edit_over_loses_nothing() {
        assert_eq!(count(&[hit(person(), 1, 2), halo(Actor::Integration, 1, 2)], &[]), 0);
    }

    #[test]
    fn overwriting_an_edit_without_cause_loses_it() {
        assert_eq!(count(&[hit(person(), 1, 2), hit(Actor::Integration, 2, 1)], &[]), 1);
    }

    #[test]
    fn an_edit_on_the_other_side_is_a_cause() {
        let log = [hit(person(), 1, 2), halo(person(), 1, 3), hit(Actor::Integration, 2, 3)];
        assert_eq!(count(&log, &[]), 0);
    }

    #[test]
    fn a_cause_is_used_up_once_it_was_carried_over() {
        // The integration has carried Halo's 3 over; a new edit in HIT then stands against nothing.
        let log = [
            halo(person(), 1, 3),
            hit(Actor::Integration, 1, 3),
            hit(person(), 3, 4),
            hit(Actor::Integration, 4, 3),
        ];
        assert_eq!(count(&log, &[]), 1);
    }

    #[test]
    fn a_workflow_on_the_other_side_is_a_cause() {
        let log = [hit(person(), 1, 2), halo(Actor::Product, 1, 3), hit(Actor::Integration, 2, 3)];
        assert_eq!(count(&log, &[]), 0);
    }

    #[test]
    fn a_record_that_is_not_linked_is_no_cause() {
        let elsewhere = write(Side::Halo, person(), "8", "status_id", 1, 3);
        assert_eq!(count(&[hit(person(), 1, 2), elsewhere, hit(Actor::Integration, 2, 3)], &[]), 1);
    }

    #[test]
    fn another_field_of_the_linked_record_is_no_cause() {
        let other = write(Side::Halo, person(), "7", "targetdate", 1, 3);
        assert_eq!(count(&[hit(person(), 1, 2), other, hit(Actor::Integration, 2, 3)], &[]), 1);
    }

    #[test]
    fn a_decision_covers_what_was_there_when_it_was_made() {
        let log = [hit(person(), 1, 2), hit(Actor::Integration, 2, 3)];
        let decide =
            |at, field: &str| [Decision { at, side: Side::Hit, record: "it_1".into(), field: field.into() }];
        assert_eq!(count(&log, &decide(1, "status_id")), 0);
        assert_eq!(count(&log, &decide(1, "status")), 0);
        assert_eq!(count(&log, &decide(1, "name")), 1);
        assert_eq!(count(&log, &decide(0, "status_id")), 1, "decided before the edit");
        assert_eq!(count(&log, &decide(2, "status_id")), 1, "decided after the loss");
    }

    #[test]
    fn a_person_who_writes_over_a_person_loses_nothing_to_us() {
        assert_eq!(count(&[hit(person(), 1, 2), hit(person(), 2, 3)], &[]), 0);
    }

    #[test]
    fn our_own_value_may_be_overwritten() {
        assert_eq!(
            count(&[hit(person(), 1, 2), hit(Actor::Product, 2, 5), hit(Actor::Integration, 5, 3)], &[]),
            0
        );
        assert_eq!(count(&[hit(Actor::Integration, 2, 3), hit(Actor::Integration, 3, 4)], &[]), 0);
    }

    #[test]
    fn a_write_of_the_same_value_overwrites_nothing() {
        assert_eq!(count(&[hit(person(), 1, 2), hit(Actor::Integration, 2, 2)], &[]), 0);
    }

    #[test]
    fn values_a_create_brought_are_somebodys() {
        let mut made = halo(person(), 0, 3);
        made.kind = WriteKind::Create;
        assert_eq!(count(&[made.clone(), halo(Actor::Integration, 3, 4)], &[]), 1);
        assert_eq!(count(&[made, hit(person(), 1, 2), halo(Actor::Integration, 3, 4)], &[]), 0);
    }

    #[test]
    fn sums_follow_from_their_parts() {
        let change = |field: &str| FieldChange { field: field.into(), old: json!(1), new: json!(2) };
        let mut edit = halo(person(), 1, 2);
        edit.changes = vec![change("oppvalue_oneoff"), change("oppvalue")];
        let mut ours = edit.clone();
        ours.actor = Actor::Integration;
        ours.changes = vec![change("oppvalue_monthly"), change("oppvalue")];
        assert_eq!(count(&[edit.clone(), ours], &[]), 0);
        let mut ours = edit.clone();
        ours.actor = Actor::Integration;
        assert_eq!(count(&[edit, ours], &[]), 1);
    }

    #[test]
    fn fields_without_a_counterpart_are_guarded() {
        let edit = write(Side::Halo, person(), "7", "customfields", 1, 2);
        let ours = write(Side::Halo, Actor::Integration, "7", "customfields", 2, 1);
        assert_eq!(count(&[edit, ours], &[]), 1);
        let edit = write(Side::Halo, person(), "7", "workflow_step", 1, 2);
        let ours = write(Side::Halo, Actor::Integration, "7", "workflow_step", 2, 1);
        assert_eq!(count(&[edit, ours], &[]), 0);
    }
}
