//! What must hold in the end, whatever happened on the way. Decided from what people did and what the servers hold;
//! the engine's own word counts only for what it has told people: conflicts, issues, proposals.

use super::engine::Engine;
use super::people::Done;
use super::world::{SYNCED, bit, hit_spelling};
use std::collections::BTreeMap;
use sync_core::base::LinkState;
use sync_core::exec::RecordKey;
use sync_core::field::FieldId;
use sync_core::ids::{ItemId, Kind, Side, TicketId};
use sync_core::plan::{Plan, ProposalKind, SkipReason};
use sync_core::record::{Coverage, Snapshot};
use sync_core::settings::{ConflictRule, FieldRule, FirstLink};
use sync_core::value::{Obs, Value};

/// What is wrong.
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
    /// An action was done twice.
    DoubleAction(String),
    /// A field was written on the side from which it comes.
    WrongWay(String),
    /// A person was asked to forget a record that is there.
    FalseEvidence(String),
    /// We made a project although Halo's workflow had made it, or before it had the time to.
    Impatient(String),
    /// A link was forgotten and nobody had agreed.
    Forgotten(String),
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
        if settled && !engine.scenario.full_reads {
            break;
        }
    }
    if let Some(breach) = engine.seen.breach.take() {
        return Err(breach);
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
    templates(engine)?;
    actions(engine)?;
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
    for (id, ticket) in engine.world.tickets.iter().filter(|(_, ticket)| ticket.going.is_none()) {
        let parent = ticket.created_from.map(|opportunity| RecordKey::Ticket(TicketId(opportunity)));
        let key = parent.unwrap_or(RecordKey::Ticket(TicketId(*id)));
        if let Some(item) = engine.world.item_of(&key) {
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

/// What Halo's template says never reaches HIT.
fn templates(engine: &Engine<'_>) -> Result<(), Violation> {
    for (id, item) in &engine.world.items {
        for (field, value) in &engine.world.template {
            let held = item.fields.get(*field);
            if agrees(Side::Hit, &held, value) {
                return Err(Violation::WrongWay(format!("{id} {field} holds {held:?}, the template's")));
            }
        }
    }
    Ok(())
}

fn actions(engine: &Engine<'_>) -> Result<(), Violation> {
    let notes = &engine.world.notes;
    match notes.iter().enumerate().find(|(at, note)| notes[..*at].contains(note)) {
        Some((_, note)) => Err(Violation::DoubleAction(format!("{note:?}"))),
        None => Ok(()),
    }
}

fn conflicted(plan: &Plan, item: &str, field: FieldId) -> bool {
    plan.conflicts.iter().any(|conflict| conflict.item.as_str() == item && conflict.field == field)
}

/// Whether a person has been told why the item has no ticket, or no project.
fn told(engine: &Engine<'_>, plan: &Plan, item: &str) -> bool {
    let asked = plan.proposals.iter().any(|proposal| proposal.item.as_str() == item);
    let said = plan.issues.iter().any(|issue| {
        issue.code == sync_core::decision::IssueCode::PromotionWithoutProject
            && issue.subject.item.as_ref().is_some_and(|i| i.as_str() == item)
    });
    asked || said || engine.seen.forgotten.contains(item)
}

/// Every item is linked as its status asks for, and both sides agree or something says why not.
fn links(engine: &Engine<'_>, plan: &Plan) -> Result<(), Violation> {
    for (id, item) in &engine.world.items {
        let link = engine.durable.memory.links.get(&ItemId::from(id.as_str()));
        let Some(link) = link else {
            if told(engine, plan, id) {
                continue;
            }
            return Err(Violation::Missing(format!("no link for {id}")));
        };
        if link.state == LinkState::Ended && engine.seen.forgotten.contains(id) {
            continue;
        }
        let wants_project = matches!(item.fields.status.as_str(), "approved" | "progress");
        let kind = if wants_project { Kind::Project } else { Kind::Opportunity };
        let Some(ticket) = link.project.or(link.ticket(kind)) else {
            if told(engine, plan, id) {
                continue;
            }
            return Err(Violation::Missing(format!("no {kind} for {id}")));
        };
        let Some(ticket) = engine.world.tickets.get(&ticket.0) else {
            return Err(Violation::Missing(format!("{ticket} of {id}")));
        };
        if ticket.going.is_some() {
            let unlink = |p: &&sync_core::plan::Proposal| matches!(p.kind, ProposalKind::Unlink { .. });
            if plan.proposals.iter().filter(unlink).any(|proposal| proposal.item.as_str() == id) {
                continue;
            }
            return Err(Violation::Missing(format!("the ticket of {id} is gone and nobody was told")));
        }
        for field in SYNCED {
            let (halo, hit) = (ticket.fields.get(field), item.fields.get(field));
            let blank = field == FieldId::BudgetOnce && ticket.fields.budget == 0;
            let skipped = plan.skips.iter().any(|skip| {
                skip.item.as_ref().is_some_and(|i| i.as_str() == id)
                    && skip.field == Some(field)
                    && matches!(skip.reason, SkipReason::Direction | SkipReason::WentBack)
            });
            if !agrees(Side::Halo, &halo, &hit) && !conflicted(plan, id, field) && !blank && !skipped {
                return Err(Violation::Differs(format!("{id} {field}: Halo {halo:?}, HIT {hit:?}")));
            }
        }
    }
    Ok(())
}

fn edits(engine: &Engine<'_>, plan: &Plan, notes: &mut Notes) -> Result<(), Violation> {
    for (index, edit) in engine.world.edits.iter().enumerate().filter(|(_, edit)| !edit.by_machine) {
        if edit.unavoidable {
            notes.unavoidable += 1;
            continue;
        }
        // An item that went back although its project exists is reported as such.
        let went_back = edit.field == FieldId::Status
            && plan.skips.iter().any(|skip| {
                skip.reason == SkipReason::WentBack
                    && skip.item.as_ref().is_some_and(|i| i.as_str() == edit.item)
            });
        // So is one whose promotion waits for a person.
        let asked = edit.field == FieldId::Status
            && engine
                .world
                .items
                .get(&edit.item)
                .is_some_and(|item| item.fields.get(edit.field) == edit.value)
            && plan.proposals.iter().any(|proposal| {
                matches!(proposal.kind, ProposalKind::Promote { .. }) && proposal.item.as_str() == edit.item
            });
        if asked
            || is_replaced(engine, index)
            || in_conflict(plan, edit)
            || is_visible(engine, edit)
            || went_back
        {
            continue;
        }
        return Err(Violation::LostEdit(format!("{edit:?}")));
    }
    Ok(())
}

fn rule_of(engine: &Engine<'_>, edit: &Done) -> FieldRule {
    engine.settings().rule(edit.kind.unwrap_or(Kind::Opportunity), edit.field)
}

/// Whether something took its place: an edit by someone who saw it, a decision, or an edit that neither knew of and
/// that the field's rule prefers.
fn is_replaced(engine: &Engine<'_>, index: usize) -> bool {
    let edits = &engine.world.edits;
    let edit = &edits[index];
    let rule = rule_of(engine, edit);
    let by_edit = edits.iter().enumerate().any(|(at, other)| {
        let same = other.item == edit.item && other.field == edit.field && at != index;
        let saw_it = other.knew & bit(index) != 0;
        let in_time = edit.overwritten.is_none_or(|step| other.step <= step);
        let concurrent = !saw_it && edit.knew & bit(at) == 0 && other.side != edit.side && in_time;
        // On the side where nothing comes from, an edit has no claim, whatever it knew: where the source has changed
        // since both were last known to agree, its value comes back.
        let owned = source_of(rule) == Some(other.side) && other.side != edit.side && in_time;
        same && (saw_it || owned || concurrent && is_preferred(rule, other))
    });
    let by_ruling = engine.seen.rulings.iter().any(|ruling| {
        ruling.item == edit.item
            && ruling.field == edit.field
            && ruling.loser == edit.side
            && ruling.value == edit.value
    });
    // Records that people have linked by a rule that prefers Halo: what HIT held until then gives way.
    let by_linking = !engine.scenario.tickets.is_empty()
        && rule.first_link == FirstLink::Policy
        && rule.conflict == ConflictRule::HaloWins
        && edit.side == Side::Hit;
    by_edit || by_ruling || by_linking || engine.seen.forgotten.contains(&edit.item)
}

/// The side from which a one-way field comes.
const fn source_of(rule: FieldRule) -> Option<Side> {
    match (rule.direction.to_halo(), rule.direction.to_hit()) {
        (true, false) => Some(Side::Hit),
        (false, true) => Some(Side::Halo),
        _ => None,
    }
}

/// Whether the rule prefers this edit to one on the other side that it did not know, and that did not know it.
fn is_preferred(rule: FieldRule, other: &Done) -> bool {
    match (source_of(rule), rule.conflict) {
        (Some(source), _) => other.side == source,
        (None, ConflictRule::HaloWins) => other.side == Side::Halo,
        (None, ConflictRule::HitWins) => other.side == Side::Hit,
        // A record's stamp also moves for other fields and for our own writes: either may look newer.
        (None, ConflictRule::Newest { .. }) => true,
        (None, ConflictRule::Manual) => false,
    }
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

/// Whether the edit is still there where it was made, and its meaning is on the other side if it goes there.
fn is_visible(engine: &Engine<'_>, edit: &Done) -> bool {
    let link = engine.durable.memory.links.get(&ItemId::from(edit.item.as_str()));
    let Some(item) = engine.world.items.get(&edit.item) else { return false };
    let ticket = match (&edit.record, link) {
        (RecordKey::Ticket(id), _) => engine.world.tickets.get(&id.0),
        (_, Some(link)) => {
            link.leading().and_then(|kind| link.ticket(kind)).and_then(|id| engine.world.tickets.get(&id.0))
        }
        _ => None,
    };
    let held = match edit.side {
        Side::Halo => ticket.map(|ticket| ticket.fields.get(edit.field)),
        Side::Hit => Some(item.fields.get(edit.field)),
    };
    if held.as_ref() != Some(&edit.value) {
        return false;
    }
    // Work in a second ticket of the item stays there; that there are two was reported.
    if let (RecordKey::Ticket(id), Some(link)) = (&edit.record, link)
        && !Kind::ALL.into_iter().any(|kind| link.ticket(kind) == Some(*id))
        && engine.seen.reported.contains(&edit.item)
    {
        return true;
    }
    let rule = rule_of(engine, edit);
    let goes = match edit.side {
        Side::Halo => rule.direction.to_hit(),
        Side::Hit => rule.direction.to_halo(),
    };
    // Not linked yet, or no longer: there is no other side.
    let Some(ticket) = ticket.filter(|ticket| ticket.going.is_none() && link.is_some()) else { return true };
    !goes || agrees(Side::Halo, &ticket.fields.get(edit.field), &item.fields.get(edit.field))
}
