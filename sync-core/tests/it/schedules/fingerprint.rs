//! When two states of the model have the same future.

use super::engine::{Durable, Engine};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use sync_core::base::Evidence;
use sync_core::exec::RecordKey;

/// A digest of everything that decides the future, with times relative to now.
pub(super) fn fingerprint(engine: &Engine<'_>) -> u64 {
    let mut h = DefaultHasher::new();
    let world = &engine.world;
    let (now, ours) = (world.now, engine.now().unix_ms);
    for (id, ticket) in &world.tickets {
        (id, ticket.kind, &ticket.fields, &ticket.marker, ticket.created_from).hash(&mut h);
        (ticket.going, ticket.was_gone, ticket.hidden, ticket.knows, &ticket.link_back).hash(&mut h);
        (ticket.indexed_at - now).max(0).hash(&mut h);
        if world.stamps.is_some() {
            (ticket.updated - now).hash(&mut h);
        }
    }
    for (id, item) in &world.items {
        (id, &item.fields, &item.references, item.knows, item.going, item.was_gone).hash(&mut h);
        if world.stamps.is_some() {
            (item.updated - now).hash(&mut h);
        }
    }
    for late in &world.late {
        (late.at - now).hash(&mut h);
        format!("{:?}", late.request).hash(&mut h);
        (late.ghost.knows, late.ghost.lead, (late.ghost.looked + 16).saturating_sub(world.step)).hash(&mut h);
    }
    world.notes.hash(&mut h);
    world.deliveries.hash(&mut h);
    for edit in &world.edits {
        (&edit.record, edit.field, &edit.value, edit.knew, edit.unavoidable).hash(&mut h);
        (edit.overwritten, edit.first).hash(&mut h);
        // How long ago it was matters only for a moment, and for the time that Halo's workflow has.
        (edit.step + 16).saturating_sub(world.step).hash(&mut h);
        if edit.value == super::scenario::code("approved") {
            (edit.at + engine.settings().sync.promotion.wait_ms - now).max(0).hash(&mut h);
        }
    }
    engine.waiting.hash(&mut h);
    engine.seen.reported.hash(&mut h);
    engine.seen.forgotten.hash(&mut h);
    engine.seen.parted.hash(&mut h);
    engine.seen.parted_from.hash(&mut h);
    engine.seen.agreed.hash(&mut h);
    engine.seen.linked_back.hash(&mut h);
    for ruling in &engine.seen.rulings {
        (&ruling.item, ruling.field, ruling.loser, &ruling.value).hash(&mut h);
        // Which edits it can be about.
        engine.world.edits.iter().filter(|edit| edit.step <= ruling.step).count().hash(&mut h);
    }
    (engine.config, engine.client_gone, engine.idle, engine.phase_rounds).hash(&mut h);
    if let Some(plan) = engine.last_plan.as_deref().filter(|_| engine.people_look_at_plans()) {
        for conflict in &plan.conflicts {
            conflict.id.hash(&mut h);
        }
        for proposal in &plan.proposals {
            proposal.id.hash(&mut h);
        }
    }
    stored(&engine.durable, &world.changed, ours, &mut h);
    engine.copy.is_some().hash(&mut h);
    // A copy can be put in place of the database at any time, as long as that has not happened yet.
    if let Some(copy) = engine.copy.as_deref().filter(|_| engine.may_restore()) {
        stored(copy, &world.changed, ours, &mut h);
    }
    h.finish()
}

/// What a database holds.
fn stored(durable: &Durable, changed: &BTreeMap<RecordKey, u64>, ours: i64, h: &mut DefaultHasher) {
    durable.lineage.hash(h);
    for (key, change) in changed {
        (key, *change > durable.cursor).hash(h);
    }
    for mut link in durable.memory.links.values().cloned() {
        for pending in &mut link.pending {
            pending.settle_until.unix_ms = (pending.settle_until.unix_ms - ours).max(0);
            pending.sent_at.unix_ms = 0;
        }
        if let Some(since) = &mut link.promotion_since {
            since.unix_ms = (since.unix_ms - ours).max(-60_000);
        }
        for (_, evidence) in &mut link.gone {
            if let Evidence::Absent { first, latest, reads, .. } = evidence {
                first.unix_ms = (first.unix_ms - ours).max(-60_000);
                latest.unix_ms = 0;
                *reads = (*reads).min(2);
            }
        }
        serde_json::to_vec(&link).expect("plain data").hash(h);
    }
    for mut intent in durable.memory.intents.values().cloned() {
        if let Some(at) = &mut intent.settle_until {
            at.unix_ms = (at.unix_ms - ours).max(0);
        }
        if let Some(at) = &mut intent.sent_at {
            at.unix_ms = 0;
        }
        serde_json::to_vec(&intent).expect("plain data").hash(h);
    }
    for (item, answer) in &durable.decisions.pairings {
        (item, format!("{answer:?}")).hash(h);
    }
    for (id, side) in &durable.decisions.conflicts {
        (id, *side as u8).hash(h);
    }
    durable.decisions.approvals.hash(h);
    for key in durable.dirty.keys() {
        key.hash(h);
    }
}
