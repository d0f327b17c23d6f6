//! What must hold in the end, whatever happened on the way.

use super::engine::Engine;
use super::world::{Done, SYNCED, hit_spelling};
use std::collections::BTreeMap;
use sync_core::exec::RecordKey;
use sync_core::field::FieldId;
use sync_core::ids::{Kind, Side, TicketId};
use sync_core::plan::Plan;
use sync_core::record::{Coverage, Snapshot};
use sync_core::value::{Obs, Value};

/// What is wrong at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// There is always something left to do.
    NotSettled(String),
    /// A person's edit is neither visible nor replaced nor part of a conflict.
    LostEdit(String),
    /// More than one ticket of a kind for one item, and nobody was told.
    Duplicate(String),
    /// The two sides differ and nobody was told.
    Differs(String),
    /// An item has no ticket, or no project, although it should.
    Missing(String),
    /// Far more writes than there were changes.
    PingPong(String),
}

/// What could not be prevented, and what was handed to a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Edits overwritten by a request that was under way already, on a server without conditional writes.
    pub(crate) unavoidable: usize,
    /// Runs that ended with a conflict.
    pub(crate) conflicts: usize,
    /// Runs that ended with a reported duplicate.
    pub(crate) duplicates: usize,
}

/// Whether a value on one side means the same as a value that a person entered on the other.
pub(crate) fn agrees(side: Side, held: &Value, entered: &Value) -> bool {
    match (held, entered) {
        (Value::Text(held), Value::Text(entered)) => hit_spelling(held) == hit_spelling(entered),
        (Value::Code(held), Value::Code(entered)) => {
            let (halo, hit) = match side {
                Side::Halo => (held, entered),
                Side::Hit => (entered, held),
            };
            let meaning = match &**halo {
                "1" | "2" => "qualified",
                "3" | "4" => "hold",
                "5" | "6" => "lost",
                "11" | "12" => "approved",
                "13" => "progress",
                _ => "",
            };
            meaning == &**hit
        }
        _ => held == entered,
    }
}

/// Runs the engine without faults and checks that nothing is left, nothing is lost and nothing is doubled.
pub(crate) fn final_check(engine: &mut Engine<'_>) -> Result<Notes, Violation> {
    engine.faults = false;
    // Whatever is still under way arrives.
    engine.world.advance(engine.world.now + 60_000);
    let writes_before = engine.world.writes;
    let mut plan = None;
    for _ in 0..8 {
        let _ = engine.round();
        engine.world.advance(engine.world.now + 20_000);
        let now = full_plan(engine);
        let settled = now.ops.is_empty() && engine.is_quiet();
        plan = Some(now);
        if settled {
            break;
        }
    }
    let plan = plan.unwrap_or_default();
    if !plan.ops.is_empty() || !engine.is_quiet() {
        return Err(Violation::NotSettled(format!(
            "after 8 clean rounds: {:?}, dirty {:?}",
            plan.ops.iter().map(|op| op.kind.code()).collect::<Vec<_>>(),
            engine.durable.dirty
        )));
    }
    if engine.world.writes - writes_before > 12 * engine.scenario.items.len() {
        return Err(Violation::PingPong(format!("{} writes", engine.world.writes - writes_before)));
    }
    let mut notes = Notes { conflicts: usize::from(!plan.conflicts.is_empty()), ..Notes::default() };
    notes.duplicates = usize::from(duplicates(engine, &plan)?);
    links(engine, &plan)?;
    edits(engine, &plan, &mut notes)?;
    Ok(notes)
}

fn full_plan(engine: &Engine<'_>) -> Plan {
    let mut snapshot = Snapshot { halo: Coverage::Ids, hit: Coverage::Ids, ..Snapshot::default() };
    snapshot.items = engine.world.items.keys().filter_map(|id| engine.world.item(id)).collect();
    snapshot.tickets = engine.world.tickets.keys().filter_map(|id| engine.world.ticket(*id)).collect();
    snapshot.normalise();
    engine.plan(&snapshot, None)
}

fn duplicates(engine: &Engine<'_>, plan: &Plan) -> Result<bool, Violation> {
    use sync_core::decision::IssueCode::{DuplicateMarker, SecondProject};
    let mut per_item: BTreeMap<(String, Kind), usize> = BTreeMap::new();
    for (id, ticket) in &engine.world.tickets {
        let parent = ticket.created_from.map(|opportunity| RecordKey::Ticket(TicketId(opportunity)));
        let key = parent.unwrap_or(RecordKey::Ticket(TicketId(*id)));
        let item = engine.world.item_of(&key).or_else(|| {
            let RecordKey::Ticket(id) = &key else { return None };
            engine.durable.memory.link_of_ticket(*id).map(|link| link.item.as_str().to_string())
        });
        if let Some(item) = item {
            *per_item.entry((item, ticket.kind)).or_default() += 1;
        }
    }
    let mut any = false;
    for ((item, kind), count) in per_item.into_iter().filter(|(_, count)| *count > 1) {
        any = true;
        let in_plan = plan.issues.iter().any(|issue| {
            matches!(issue.code, DuplicateMarker | SecondProject)
                && issue.subject.item.as_ref().is_some_and(|i| i.as_str() == item)
        });
        if !in_plan && !engine.seen.reported.contains(&item) {
            return Err(Violation::Duplicate(format!("{count} tickets of kind {kind} for {item}")));
        }
    }
    Ok(any)
}

fn conflicted(plan: &Plan, item: &str, field: FieldId) -> bool {
    plan.conflicts.iter().any(|conflict| conflict.item.as_str() == item && conflict.field == field)
}

/// Every item is linked as its status asks for, and both sides agree or a conflict says why not.
fn links(engine: &Engine<'_>, plan: &Plan) -> Result<(), Violation> {
    for (id, item) in &engine.world.items {
        let link = engine.durable.memory.links.values().find(|link| link.item.as_str() == id);
        let Some(link) = link else { return Err(Violation::Missing(format!("no link for {id}"))) };
        let wants_project = matches!(item.fields.status.as_str(), "approved" | "progress");
        let kind = if wants_project { Kind::Project } else { Kind::Opportunity };
        let Some(ticket) = link.ticket(kind).or(link.project) else {
            return Err(Violation::Missing(format!("no {kind} for {id}")));
        };
        let Some(ticket) = engine.world.tickets.get(&ticket.0) else {
            return Err(Violation::Missing(format!("{ticket} of {id}")));
        };
        for field in SYNCED {
            let (halo, hit) = (ticket.fields.get(field), item.fields.get(field));
            let blank = field == FieldId::BudgetOnce && ticket.fields.budget == 0;
            if !agrees(Side::Halo, &halo, &hit) && !conflicted(plan, id, field) && !blank {
                return Err(Violation::Differs(format!("{id} {field}: Halo {halo:?}, HIT {hit:?}")));
            }
        }
    }
    Ok(())
}

fn edits(engine: &Engine<'_>, plan: &Plan, notes: &mut Notes) -> Result<(), Violation> {
    for (index, edit) in engine.world.edits.iter().enumerate() {
        if edit.unavoidable {
            notes.unavoidable += 1;
            continue;
        }
        if is_replaced(&engine.world.edits, index) || in_conflict(plan, edit) || is_visible(engine, edit) {
            continue;
        }
        return Err(Violation::LostEdit(format!("{edit:?}")));
    }
    Ok(())
}

/// Whether a later edit took its place: on the same side, or on the other side by someone who saw it.
fn is_replaced(edits: &[Done], index: usize) -> bool {
    let edit = &edits[index];
    edits.iter().enumerate().any(|(at, other)| {
        let same = other.item == edit.item && other.field == edit.field && at != index;
        let later = at > index;
        let same_side = later && other.side == edit.side;
        let saw_it =
            later && other.side != edit.side && (other.saw.contains(&index) || other.knew.contains(&index));
        // Of two changes of a status of which neither knew the other, either may stay: the two servers are read one
        // after the other, and no clock says which came first.
        let concurrent =
            edit.field == FieldId::Status && other.side != edit.side && (later || !edit.knew.contains(&at));
        same && (same_side || saw_it || concurrent)
    })
}

fn in_conflict(plan: &Plan, edit: &Done) -> bool {
    plan.conflicts.iter().any(|conflict| {
        let held = match edit.side {
            Side::Halo => &conflict.halo,
            Side::Hit => &conflict.hit,
        };
        let same = match held {
            Obs::Value(held) => agrees(edit.side.other(), &edit.value, held) || *held == edit.value,
            _ => false,
        };
        conflict.item.as_str() == edit.item && conflict.field == edit.field && same
    })
}

/// Whether the edit is still there where it was made, and its meaning is on the other side.
fn is_visible(engine: &Engine<'_>, edit: &Done) -> bool {
    let link = engine.durable.memory.links.values().find(|link| link.item.as_str() == edit.item);
    let Some(link) = link else { return false };
    let kind = edit.kind.or(link.leading()).unwrap_or(Kind::Opportunity);
    let Some(ticket) = link.ticket(kind).and_then(|id| engine.world.tickets.get(&id.0)) else { return false };
    let Some(item) = engine.world.items.get(&edit.item) else { return false };
    let (halo, hit) = (ticket.fields.get(edit.field), item.fields.get(edit.field));
    let there = match edit.side {
        Side::Halo => halo == edit.value,
        Side::Hit => hit == edit.value,
    };
    there && agrees(Side::Halo, &halo, &hit)
}
