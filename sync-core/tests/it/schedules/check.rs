//! What must hold in the end, whatever happened on the way. Decided from what people did and what the servers hold;
//! the engine's own word counts only for what it has told people: conflicts, issues, proposals.

use super::engine::Engine;
use super::people::{Done, Over};
use super::scenario::Going;
use super::world::{SYNCED, Ticket, World, bit};
use std::collections::BTreeMap;
use sync_core::base::{Link, LinkState};
use sync_core::decision::{ConflictKind, Issue, IssueCode};
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
    /// Something was done with records whose link a person has ended.
    NotLeftAlone(String),
    /// A person was asked although the stamps say who is newer.
    Undecided(String),
    /// A record does not lead to the other, and nobody was told.
    NoLinkBack(String),
}

/// What could not be prevented, and what was handed to a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Notes {
    /// Edits overwritten by a request that was under way already, on a server without conditional writes.
    pub(crate) unavoidable: usize,
    /// Edits that "newest wins" gave up although they were the later ones: another field, or a write of ours, had moved
    /// the other record's stamp.
    pub(crate) misjudged: usize,
    /// Runs that ended with a conflict.
    pub(crate) conflicts: usize,
    /// Runs that ended with a reported duplicate.
    pub(crate) duplicates: usize,
}

/// Whether a value on one side means the same as a value that a person entered on the other.
pub(crate) fn agrees(world: &World, side: Side, held: &Value, entered: &Value) -> bool {
    match (held, entered) {
        (Value::Text(held), Value::Text(entered)) => world.hit_spelling(held) == world.hit_spelling(entered),
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
    if engine.world.writes - writes_before > 4 * engine.scenario.items.len() {
        return Err(Violation::PingPong(format!("{} writes", engine.world.writes - writes_before)));
    }
    let mut notes = Notes { conflicts: usize::from(!plan.conflicts.is_empty()), ..Notes::default() };
    notes.duplicates = usize::from(duplicates(engine, &plan)?);
    templates(engine)?;
    actions(engine)?;
    links(engine, &plan)?;
    super::leads::link_backs(engine, &plan)?;
    newest(engine, &plan)?;
    edits(engine, &plan, &mut notes)?;
    Ok(notes)
}

/// What people have done so far has arrived, was replaced or stands in a conflict. To be asked when things are quiet.
pub(crate) fn settled(engine: &Engine<'_>) -> Result<(), Violation> {
    edits(engine, &full_plan(engine), &mut Notes::default())
}

/// Whether an issue tells that there is more than one ticket of a kind.
pub(crate) fn reports(world: &World, issue: &Issue, kind: Kind) -> bool {
    let Some(item) = &issue.subject.item else { return false };
    match issue.code {
        IssueCode::SecondProject => kind == Kind::Project,
        IssueCode::DuplicateMarker => {
            let markers = world.markers.get(item.as_str()).map(|all| &all[kind as usize]);
            markers.into_iter().flatten().any(|m| Some(m.as_str()) == issue.subject.value.as_deref())
        }
        _ => false,
    }
}

fn full_plan(engine: &Engine<'_>) -> Plan {
    let mut snapshot = Snapshot { halo: Coverage::Ids, hit: Coverage::Ids, ..Snapshot::default() };
    snapshot.items = engine.world.items.keys().filter_map(|id| engine.world.item(id)).collect();
    snapshot.tickets = engine.world.tickets.keys().filter_map(|id| engine.world.ticket(*id)).collect();
    snapshot.normalise();
    engine.plan(&snapshot, None)
}

pub(crate) fn duplicates(engine: &Engine<'_>, plan: &Plan) -> Result<bool, Violation> {
    let mut per_item: BTreeMap<(String, Kind), usize> = BTreeMap::new();
    let counts = |id: &i64, ticket: &Ticket| ticket.going.is_none() && !engine.seen.parted_from.contains(id);
    for (id, ticket) in engine.world.tickets.iter().filter(|(id, ticket)| counts(id, ticket)) {
        let parent = ticket.created_from.map(|opportunity| RecordKey::Ticket(TicketId(opportunity)));
        let key = parent.unwrap_or(RecordKey::Ticket(TicketId(*id)));
        if let Some(item) = engine.world.item_of(&key) {
            *per_item.entry((item, ticket.kind)).or_default() += 1;
        }
    }
    let mut any = false;
    for ((item, kind), count) in per_item.into_iter().filter(|(_, count)| *count > 1) {
        any = true;
        let of_item = |issue: &&Issue| issue.subject.item.as_ref().is_some_and(|i| i.as_str() == item);
        let in_plan = plan.issues.iter().filter(of_item).any(|issue| reports(&engine.world, issue, kind));
        if !in_plan && !engine.seen.reported.contains(&(item.clone(), kind)) {
            return Err(Violation::Duplicate(format!("{count} tickets of kind {kind} for {item}")));
        }
    }
    Ok(any)
}

/// What Halo's template says never reaches HIT.
pub(crate) fn templates(engine: &Engine<'_>) -> Result<(), Violation> {
    for (id, item) in &engine.world.items {
        for (field, value) in &engine.world.template {
            let held = item.fields.get(*field);
            if agrees(&engine.world, Side::Hit, &held, value) {
                return Err(Violation::WrongWay(format!("{id} {field} holds {held:?}, the template's")));
            }
        }
    }
    Ok(())
}

pub(crate) fn actions(engine: &Engine<'_>) -> Result<(), Violation> {
    let notes = &engine.world.notes;
    match notes.iter().enumerate().find(|(at, note)| notes[..*at].contains(note)) {
        Some((_, note)) => Err(Violation::DoubleAction(format!("{note:?}"))),
        None => Ok(()),
    }
}

fn conflicted(plan: &Plan, item: &str, field: FieldId) -> bool {
    plan.conflicts.iter().any(|conflict| conflict.item.as_str() == item && conflict.field == field)
}

/// Whether a person is asked for something about the item.
fn asked(plan: &Plan, item: &str, kind: fn(&ProposalKind) -> bool) -> bool {
    plan.proposals.iter().any(|proposal| proposal.item.as_str() == item && kind(&proposal.kind))
}

const fn pairs(kind: &ProposalKind) -> bool {
    matches!(kind, ProposalKind::Pair { .. })
}

const fn promotes(kind: &ProposalKind) -> bool {
    matches!(kind, ProposalKind::Promote { .. })
}

const fn unlinks(kind: &ProposalKind) -> bool {
    matches!(kind, ProposalKind::Unlink { .. })
}

fn has_issue(plan: &Plan, item: &str, code: IssueCode) -> bool {
    let of_item = |issue: &Issue| issue.subject.item.as_ref().is_some_and(|i| i.as_str() == item);
    plan.issues.iter().any(|issue| issue.code == code && of_item(issue))
}

pub(super) fn link_of<'a>(engine: &'a Engine<'_>, item: &str) -> Option<&'a Link> {
    engine.durable.memory.links.get(&ItemId::from(item))
}

/// Whether a person has ended the link: the records go their own ways, and each keeps what it holds.
pub(super) fn is_parted(engine: &Engine<'_>, item: &str) -> bool {
    let ended = link_of(engine, item).is_some_and(|link| link.state == LinkState::Ended);
    engine.seen.parted.contains(item) || ended && engine.seen.forgotten.contains(item)
}

/// Every item is linked as its status asks for, and both sides agree or something says why not.
pub(crate) fn links(engine: &Engine<'_>, plan: &Plan) -> Result<(), Violation> {
    for (id, item) in engine.world.items.iter().filter(|(id, _)| !is_parted(engine, id)) {
        let Some(link) = link_of(engine, id) else {
            // Of an item that left before anything was made for it nothing is known.
            if asked(plan, id, pairs) || item.going.is_some() {
                continue;
            }
            return Err(Violation::Missing(format!("no link for {id}")));
        };
        match item.going {
            Some(Going::Deleted) if asked(plan, id, unlinks) => continue,
            Some(Going::Deleted) => {
                return Err(Violation::Missing(format!("{id} is gone and nobody was told")));
            }
            // It left the roadmap and may come back.
            Some(_) => continue,
            None => {}
        }
        let wants_project = matches!(item.fields.status.as_str(), "approved" | "progress");
        let kind = if wants_project { Kind::Project } else { Kind::Opportunity };
        let Some(ticket) = link.project.or(link.ticket(kind)) else {
            if link.leading().is_none() && asked(plan, id, pairs) {
                continue;
            }
            let told = asked(plan, id, promotes) || has_issue(plan, id, IssueCode::PromotionWithoutProject);
            if wants_project && told {
                continue;
            }
            return Err(Violation::Missing(format!("no {kind} for {id}")));
        };
        let Some(ticket) = engine.world.tickets.get(&ticket.0) else {
            return Err(Violation::Missing(format!("{ticket} of {id}")));
        };
        if ticket.going.is_some() {
            if asked(plan, id, unlinks) {
                continue;
            }
            return Err(Violation::Missing(format!("the ticket of {id} is gone and nobody was told")));
        }
        for field in SYNCED {
            let (halo, hit) = (ticket.fields.get(field), item.fields.get(field));
            let rule = engine.settings().rule(ticket.kind, field);
            let skipped = plan.skips.iter().any(|skip| {
                skip.item.as_ref().is_some_and(|i| i.as_str() == id)
                    && skip.field == Some(field)
                    && match skip.reason {
                        SkipReason::Direction => source_of(rule).is_some(),
                        SkipReason::WentBack => field == FieldId::Status,
                        // Halo shows an amount that nobody entered as 0, and nothing overwrites with nothing.
                        SkipReason::Blank(Side::Halo) => ticket.fields.budget == 0,
                        _ => false,
                    }
            });
            if !agrees(&engine.world, Side::Halo, &halo, &hit) && !conflicted(plan, id, field) && !skipped {
                return Err(Violation::Differs(format!("{id} {field}: Halo {halo:?}, HIT {hit:?}")));
            }
        }
    }
    Ok(())
}

/// A person is asked only where the stamps do not say which record is newer.
pub(crate) fn newest(engine: &Engine<'_>, plan: &Plan) -> Result<(), Violation> {
    for conflict in plan.conflicts.iter().filter(|conflict| conflict.reason == ConflictKind::BothChanged) {
        let rule = engine.settings().rule(conflict.kind, conflict.field);
        let ticket = engine.world.tickets.get(&conflict.ticket.0);
        let item = engine.world.items.get(conflict.item.as_str());
        let (ConflictRule::Newest { tolerance_ms }, Some(ahead), Some(ticket), Some(item)) =
            (rule.conflict, engine.world.stamps, ticket, item)
        else {
            continue;
        };
        let lead = ticket.updated + ahead - item.updated;
        if lead.abs() > i64::from(tolerance_ms) {
            return Err(Violation::Undecided(format!("Halo is newer by {lead} ms: {conflict:?}")));
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
        let held = holds(engine, edit);
        let waits = edit.side == Side::Hit && edit.field == FieldId::Status && held;
        // An item that went back although its project exists is reported as such.
        let went_back = waits
            && plan.skips.iter().any(|skip| {
                skip.reason == SkipReason::WentBack
                    && skip.item.as_ref().is_some_and(|i| i.as_str() == edit.item)
            });
        // So is one whose promotion waits for a person.
        let waits = waits && asked(plan, &edit.item, promotes);
        // Where a person has ended the link, each record keeps what people have entered in it.
        let from = matches!(&edit.record, RecordKey::Ticket(id) if engine.seen.parted_from.contains(&id.0));
        let parted = (from || is_parted(engine, &edit.item)) && held;
        if parted
            || went_back
            || waits
            || in_conflict(plan, edit)
            || is_visible(engine, edit)
            || is_replaced(engine, index, notes)
        {
            continue;
        }
        return Err(Violation::LostEdit(format!("{edit:?}")));
    }
    Ok(())
}

/// Whether the edit is still there where it was made.
fn holds(engine: &Engine<'_>, edit: &Done) -> bool {
    engine.world.fields(&edit.record).is_some_and(|fields| fields.get(edit.field) == edit.value)
}

fn rule_of(engine: &Engine<'_>, edit: &Done) -> FieldRule {
    let leading = || link_of(engine, &edit.item).and_then(Link::leading);
    engine.settings().rule(edit.kind.or_else(leading).unwrap_or(Kind::Opportunity), edit.field)
}

/// Whether something took its place: an edit by someone who saw it, a decision, or an edit that neither knew of and
/// that the field's rule prefers.
fn is_replaced(engine: &Engine<'_>, index: usize, notes: &mut Notes) -> bool {
    let edits = &engine.world.edits;
    let edit = &edits[index];
    let rule = rule_of(engine, edit);
    let of_field = |other: &Done| other.item == edit.item && other.field == edit.field;
    if edits.iter().any(|other| of_field(other) && other.knew & bit(index) != 0) {
        return true;
    }
    // Everything else is a write of ours that came over it, and only what that write carried is a reason for it.
    let Some(over) = edit.overwritten else { return false };
    let carried = |(at, other): &(usize, &Done)| {
        of_field(other) && other.side != edit.side && over.knows & bit(*at) != 0
    };
    let mut misjudged = false;
    let by_edit = edits.iter().enumerate().filter(carried).any(|(at, other)| {
        // On the side where nothing comes from, an edit has no claim, whatever it knew: where the source has changed
        // since both were last known to agree, its value comes back.
        let owned = source_of(rule) == Some(other.side);
        let concurrent = edit.knew & bit(at) == 0;
        if matches!(rule.conflict, ConflictRule::Newest { .. }) && other.at < edit.at {
            misjudged = true;
        }
        owned || concurrent && is_preferred(rule, other, over)
    });
    if by_edit {
        notes.misjudged += usize::from(misjudged);
        return true;
    }
    let by_ruling = engine.seen.rulings.iter().any(|ruling| {
        ruling.item == edit.item
            && ruling.field == edit.field
            && ruling.loser == edit.side
            && ruling.value == edit.value
            && ruling.step >= edit.step
    });
    // Records that people have linked by a rule that prefers Halo: what HIT held until then gives way to what Halo held.
    let of_halo = |(at, other): (usize, &Done)| {
        !of_field(other) || other.side == Side::Halo || over.knows & bit(at) == 0
    };
    let by_linking = edit.first
        && edits.iter().enumerate().all(of_halo)
        && !engine.scenario.tickets.is_empty()
        && rule.first_link == FirstLink::Policy
        && rule.conflict == ConflictRule::HaloWins
        && edit.side == Side::Hit;
    by_ruling || by_linking
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
fn is_preferred(rule: FieldRule, other: &Done, over: Over) -> bool {
    match (source_of(rule), rule.conflict) {
        (Some(source), _) => other.side == source,
        (None, ConflictRule::HaloWins) => other.side == Side::Halo,
        (None, ConflictRule::HitWins) => other.side == Side::Hit,
        // By the stamps as they were read for the plan: the other record was newer by more than the tolerance.
        (None, ConflictRule::Newest { tolerance_ms }) => over.lead.is_some_and(|lead| {
            let ahead = if other.side == Side::Halo { lead } else { -lead };
            ahead > i64::from(tolerance_ms)
        }),
        (None, ConflictRule::Manual) => false,
    }
}

fn in_conflict(plan: &Plan, edit: &Done) -> bool {
    plan.conflicts.iter().any(|conflict| {
        let held = match edit.side {
            Side::Halo => &conflict.halo,
            Side::Hit => &conflict.hit,
        };
        let same = matches!(held, Obs::Value(held) if *held == edit.value);
        conflict.item.as_str() == edit.item && conflict.field == edit.field && same
    })
}

/// Whether the edit is still there where it was made, and its meaning is on the other side if it goes there.
fn is_visible(engine: &Engine<'_>, edit: &Done) -> bool {
    let link = link_of(engine, &edit.item);
    let Some(item) = engine.world.items.get(&edit.item) else { return false };
    let ticket = match (&edit.record, link) {
        (RecordKey::Ticket(id), _) => engine.world.tickets.get(&id.0),
        (_, Some(link)) => {
            link.leading().and_then(|kind| link.ticket(kind)).and_then(|id| engine.world.tickets.get(&id.0))
        }
        _ => None,
    };
    if !holds(engine, edit) {
        return false;
    }
    // Work in a second ticket of the item stays there; that there are two was reported.
    if let (RecordKey::Ticket(id), Some(link), Some(kind)) = (&edit.record, link, edit.kind)
        && link.ticket(kind).is_some_and(|linked| linked != *id)
        && engine.seen.reported.contains(&(edit.item.clone(), kind))
    {
        return true;
    }
    let rule = rule_of(engine, edit);
    let goes = match edit.side {
        Side::Halo => rule.direction.to_hit(),
        Side::Hit => rule.direction.to_halo(),
    };
    // Not linked yet, or one of the two is gone: there is no other side.
    let there = item.going.is_none() && link.is_some();
    let Some(ticket) = ticket.filter(|ticket| there && ticket.going.is_none()) else { return true };
    !goes || agrees(&engine.world, Side::Halo, &ticket.fields.get(edit.field), &item.fields.get(edit.field))
}
